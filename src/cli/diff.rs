//! `rhelm diff`: what would change.

use super::args::{on, text, texts};
use super::failures;
use super::pager;
use super::selection::{self, Selection};
use super::snapshots;
use super::spread::spread;
use super::template::Asked;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::diff::{self, Compared, Format, Kept, Layout, Options, Rule, Side};
use crate::manifest::chance::CHANCE;
use crate::manifest::{self, Claims, Manifests};
use crate::project::{Environment, Project, Release};
use crate::release::saved::{self, Sealed};
use crate::subject::{Flags, Rendered, Rendering, Subject};
use crate::text::Str;
use crate::tree::{Disk, Git, Revision, Tree};
use crate::why::{self, Known};
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

/// The name that Helm gives a release that nobody named.
const NAMELESS: &str = "release-name";

/// How many lines stand around a change, if nobody says.
const CONTEXT: usize = 3;

/// The exit code for differences, where it is asked for.
const DIFFERENT: u8 = 2;

/// The longest text that is read from the standard input, in bytes.
const MAX_STDIN: u64 = 256 * 1024 * 1024;

/// Both sides, as they were named.
struct Named {
    from: Subject,
    to: Subject,
    /// Whether only the left side was named: the other is the environment itself.
    against: bool,
}

/// One side of one release, and how to come by it.
enum Ask<'a> {
    /// Rendered.
    Rendered(Rendering<'a>),
    /// A snapshot.
    Saved { path: String, environment: &'a str, release: &'a str },
    /// Manifests that were read already.
    Read(&'a Held),
    /// It does not exist on this side.
    Nothing,
}

/// Manifests that somebody printed.
struct Held {
    manifests: Manifests,
    /// The release's namespace, where it is told.
    namespace: Option<String>,
    kept: Kept,
}

/// A release on both sides.
struct Pair<'a> {
    environment: String,
    release: String,
    /// How the right side is called.
    to_label: String,
    from: Ask<'a>,
    to: Ask<'a>,
}

/// What a side gave.
#[derive(Default)]
struct Given {
    manifests: Manifests,
    namespace: Option<String>,
    kept: Option<Kept>,
    /// Whether it is a snapshot without the files of `crds/`, without test hooks.
    lacks: [bool; 2],
    /// Whether what follows from chance is marked.
    marked: bool,
    /// Whether there is such a release on this side.
    is_there: bool,
    warnings: Vec<String>,
    secrets: Vec<Str>,
}

/// What comparing a release gave.
struct Done {
    /// What the right side makes, and where, if it is rendered.
    made: Option<(String, Manifests)>,
    warnings: Vec<String>,
    secrets: Vec<Str>,
    /// None: there is nothing to compare with, which was told.
    result: Result<Option<Compared>, Error>,
}

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    let flags = asked.flags()?;
    let comparison = Comparison::new(matches)?;
    let tree = Disk;
    let stated = stated(matches)?;
    let chart = text(matches, "chart");
    match (&chart, &stated) {
        (Some(_), _) if text(matches, "environment").is_some() => {
            return Err(Diagnostic::own(
                "`-e` selects a release of a project, and `--chart` a chart; give one of them",
            )
            .into());
        }
        (Some(chart), (Some(from), to)) => {
            let from = Subject::parse(from, &[])?;
            let to = to.as_ref().map(|to| Subject::parse(to, &[])).transpose()?;
            let to = to.unwrap_or_else(|| Subject::Chart(chart.clone()));
            let named = Named { from, to, against: false };
            return alone(matches, &tree, &named, Some(chart), &flags, comparison, terminal);
        }
        (Some(_), _) => {
            return Err(Diagnostic::own("`--chart` is one side, and nothing is named to compare it with")
                .hint("name it: `--against file:OLD.yaml`, `--against chart:PATH`, `--against git:HEAD`")
                .into());
        }
        // Two texts or charts need no project.
        (None, (Some(from), Some(to)))
            if !needs_project(from) && !needs_project(to) && text(matches, "environment").is_none() =>
        {
            let (from, to) = (Subject::parse(from, &[])?, Subject::parse(to, &[])?);
            let named = Named { from, to, against: false };
            return alone(matches, &tree, &named, None, &flags, comparison, terminal);
        }
        _ => {}
    }
    // What is compared with says nothing of the other side.
    let both = [&stated.1, &stated.0].into_iter().flatten().filter(|_| stated.1.is_some());
    let implied = both.into_iter().find_map(|text| environment_of(text));
    let Some(selection) = selection::own_command(matches, &tree, implied.as_deref())? else {
        return Err(Diagnostic::own("no environment is named, and there is no chart to compare")
            .hint("name an environment: `rhelm diff ENV`; or a chart: `rhelm diff --chart CHART --against file:OLD`")
            .into());
    };
    if stated.1.is_some() && on(matches, "all") && implied.is_some() {
        return Err(Diagnostic::own("--from and --to name environments, and --all means all; leave out --all").into());
    }
    let named = name(&stated, &selection.project)?;
    releases(&tree, &selection, &named, &flags, comparison, terminal)
}

/// `--from` and `--to`, or `--against`, as they were typed.
fn stated(matches: &ArgMatches) -> Result<(Option<String>, Option<String>), Error> {
    let (from, to, against) = (text(matches, "from"), text(matches, "to"), text(matches, "against"));
    if against.is_some() && (from.is_some() || to.is_some()) {
        return Err(Diagnostic::own(
            "--against is the left side and --from too; give --against alone, or --from and --to",
        )
        .into());
    }
    match (from, to, against) {
        (None, None, against) => Ok((against, None)),
        (Some(from), Some(to), _) => Ok((Some(from), Some(to))),
        (Some(_), None, _) => Err(Diagnostic::own("--from names one side, and --to must name the other").into()),
        (None, Some(_), _) => Err(Diagnostic::own("--to names one side, and --from must name the other").into()),
    }
}

/// Whether a side can only be had of a project.
fn needs_project(text: &str) -> bool {
    !(text == "-" || text.starts_with("file:") || text.starts_with("chart:"))
}

/// The environment that a side names, if it can be nothing else.
fn environment_of(text: &str) -> Option<String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Some(name.to_owned()),
        None if text != "-" && !crate::project::RESERVED.contains(&text) => Some(text.to_owned()),
        _ => None,
    }
}

fn name(stated: &(Option<String>, Option<String>), project: &Project) -> Result<Named, Error> {
    let mut names: Vec<String> = project.concrete().map(|e| e.name.text.clone()).collect();
    if project.is_convention() {
        names.extend(project.releases.iter().flat_map(|r| Project::conventional(&Disk, &r.chart.text)));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let parse = |text: &str| Subject::parse(text, &names);
    let own = || {
        let environment = project.concrete().next().map(|e| e.name.text.clone()).unwrap_or_default();
        Subject::Environment(environment)
    };
    Ok(match stated {
        (Some(from), Some(to)) => Named { from: parse(from)?, to: parse(to)?, against: false },
        (Some(from), None) => Named { from: parse(from)?, to: own(), against: true },
        _ => Named { from: Subject::Saved, to: own(), against: true },
    })
}

/// What of two sides is compared, and how it is shown.
pub(super) struct Comparison {
    options: Options,
    format: Format,
    layout: Layout,
    detailed: bool,
    /// Whether all environments are compared.
    all: bool,
    missing_ok: bool,
    /// Whether what is wrong with the left side is told and no failure: it is history.
    settled: bool,
    force: bool,
    report: Option<String>,
    why: bool,
    pager: pager::Wish,
}

impl Comparison {
    fn new(matches: &ArgMatches) -> Result<Self, Error> {
        let format = text(matches, "output").unwrap_or_else(|| "diff".to_owned());
        let format: Format = format.parse().map_err(Diagnostic::own)?;
        let mut ignore = Vec::new();
        for rule in texts(matches, "ignore") {
            let words = |words: String| Diagnostic::own(format!("--ignore {rule}: {words}"));
            ignore.push(Rule::parse(&rule).map_err(words)?);
        }
        let context = match matches.get_one::<i64>("context").copied() {
            None => Some(CONTEXT),
            Some(-1) => None,
            Some(lines) => Some(usize::try_from(lines).map_err(|_| {
                Diagnostic::own(format!("-C {lines}: there are no {lines} lines; -1 means whole objects"))
            })?),
        };
        let options = Options {
            normalize: on(matches, "normalize"),
            ignore,
            include_tests: on(matches, "include-tests"),
            include_crds: on(matches, "include-crds"),
            show_secrets: on(matches, "show-secrets"),
            ..Options::default()
        };
        let layout = Layout {
            context,
            colour: pager::colour(text(matches, "color").as_deref())?,
            width: pager::width(),
            ..Layout::default()
        };
        Ok(Comparison {
            options,
            format,
            layout,
            detailed: on(matches, "detailed-exitcode"),
            all: on(matches, "all"),
            missing_ok: on(matches, "missing-ok"),
            settled: false,
            force: on(matches, "force"),
            report: text(matches, "report-template"),
            why: on(matches, "why"),
            pager: pager::Wish { never: on(matches, "no-pager") },
        })
    }

    /// What a hook shows: the commit's changes, with nothing on the left side where there was nothing.
    pub(super) fn for_hook(matches: &ArgMatches) -> Result<Self, Error> {
        let options = Options { include_crds: on(matches, "include-crds"), ..Options::default() };
        let layout = Layout {
            context: Some(CONTEXT),
            headings: true,
            colour: pager::colour(None)?,
            width: pager::width(),
            ..Layout::default()
        };
        Ok(Comparison {
            options,
            format: Format::Diff,
            layout,
            detailed: false,
            all: true,
            missing_ok: true,
            settled: true,
            force: false,
            report: None,
            why: false,
            pager: pager::Wish { never: true },
        })
    }

    /// Adds what the project says of comparisons.
    fn with_project(mut self, project: &Project, tree: &dyn Tree) -> Result<Self, Error> {
        for ignore in &project.ignore {
            let keys: Vec<(&str, &str)> = ignore.keys.iter().map(|(key, text)| (*key, text.text.as_str())).collect();
            let at = crate::diagnostic::Location { source: project.source.clone(), span: ignore.span };
            self.options.ignore.push(Rule::new(&keys).map_err(|words| Diagnostic::own(words).at(at))?);
        }
        let format = match self.format {
            Format::Html => "html",
            Format::Markdown => "markdown",
            _ => {
                self.check_report()?;
                return Ok(self);
            }
        };
        let declared = project.reports.iter().find(|(name, _)| name == format);
        let path = self.report.clone().or_else(|| declared.map(|(_, path)| project.path(&path.text)));
        self.load(path.as_deref(), tree)?;
        Ok(self)
    }

    /// A template is for reports alone.
    fn check_report(&self) -> Result<(), Error> {
        match &self.report {
            Some(_) => Err(Diagnostic::own("--report-template is for `-o markdown` and `-o html`").into()),
            None => Ok(()),
        }
    }

    /// Reads the template of a report.
    fn load(&mut self, path: Option<&str>, tree: &dyn Tree) -> Result<(), Error> {
        let Some(path) = path else { return Ok(()) };
        let text = tree.read(path).map_err(|error| Diagnostic::own(format!("the report's template: {error}")))?;
        let source = Source { name: path.to_owned(), path: path.to_owned(), text, origin: None };
        self.layout.template = Some(Arc::new(source));
        Ok(())
    }
}

/// Trees of revisions, each opened once, and the project there.
struct Past {
    tree: Git,
    project: Option<Project>,
}

impl Past {
    /// A revision. Without a project there nothing is there.
    fn open(revision: &Revision, now: &Project, comparison: &Comparison) -> Result<Past, Error> {
        let tree = Git::open(revision).map_err(|error| Error::from(Diagnostic::own(error.words)))?;
        let project = if now.is_convention() {
            let chart = now.releases.first().map(|r| r.chart.text.clone()).unwrap_or_default();
            let name = now.concrete().next().map(|e| e.name.text.clone()).unwrap_or_default();
            Project::by_convention(&tree, &chart, &name)
        } else {
            Project::read(&tree, &now.source.path)
        };
        let exists = now.is_convention() || tree.kind(&now.source.path).is_ok();
        match project {
            Ok(project) => Ok(Past { tree, project: Some(project) }),
            Err(_) if comparison.settled || (comparison.missing_ok && (!exists || now.is_convention())) => {
                Ok(Past { tree, project: None })
            }
            Err(error) => Err(at_revision(error, revision, !exists)),
        }
    }
}

/// An error of a revision says so.
fn at_revision(mut error: Error, revision: &Revision, missing: bool) -> Error {
    for diagnostic in error.diagnostics_mut() {
        diagnostic.facts.push(format!("as of git:{}", revision.name()));
    }
    if missing && let Some(last) = error.diagnostics_mut().last_mut() {
        *last = last.clone().hint("`--missing-ok` compares with nothing");
    }
    error
}

/// Where sides come from: opened once, asked for each release.
struct Places<'a> {
    disk: &'a Disk,
    project: &'a Project,
    /// Revisions by their names.
    pasts: BTreeMap<String, Past>,
    /// Texts by their names.
    held: BTreeMap<String, Held>,
    /// Without a project's file each environment is a project of its own.
    others: BTreeMap<String, Project>,
    missing_ok: bool,
}

impl<'a> Places<'a> {
    fn open(disk: &'a Disk, project: &'a Project, named: &Named, comparison: &Comparison) -> Result<Self, Error> {
        let (missing_ok, chart) = (comparison.missing_ok, project.releases.first().map(|r| r.chart.text.clone()));
        let chart = chart.unwrap_or_default();
        let mut places = Places {
            disk,
            project,
            pasts: BTreeMap::new(),
            held: BTreeMap::new(),
            others: BTreeMap::new(),
            missing_ok,
        };
        for subject in [&named.from, &named.to] {
            match subject {
                Subject::Git(revision) if !places.pasts.contains_key(revision.name()) => {
                    let past = Past::open(revision, project, comparison)?;
                    places.pasts.insert(revision.name().to_owned(), past);
                }
                Subject::File(_) | Subject::Stdin => {
                    places.held.insert(subject.name(), hold(disk, subject, comparison)?);
                }
                Subject::Environment(name) if project.is_convention() => {
                    places.others.insert(name.clone(), Project::by_convention(disk, &chart, name)?);
                }
                // A name that is none is told before anything is rendered.
                Subject::Environment(name) => project.environment(name).map(|_| ())?,
                _ => {}
            }
        }
        Ok(places)
    }

    /// One side of the chosen releases of an environment, or of all that are there.
    fn side<'s>(
        &'s self,
        subject: &'s Subject,
        environment: &'s Environment,
        chosen: &[&'s Release],
        whole: bool,
    ) -> Result<Vec<(String, Ask<'s>)>, Error> {
        let key = |release: &Release| release.key.text.clone();
        let only = || match chosen {
            [release] => Ok(*release),
            several => {
                let keys: Vec<&str> = several.iter().map(|release| release.key.text.as_str()).collect();
                let message = format!("`{}` is about one release, and several are chosen", subject.name());
                let diagnostic = Diagnostic::own(message).fact(format!("they are: {}", keys.join(", ")));
                let first = keys.first().copied().unwrap_or("RELEASE");
                let hint = format!("name one: `rhelm diff {} {first} …`", environment.name.text);
                Err(Error::from(diagnostic.hint(hint)))
            }
        };
        let installed = |tree: &'s (dyn Tree + Sync), project: &'s Project, environment: &'s Environment| {
            let is_chosen = |release: &&Release| whole || chosen.iter().any(|other| other.key.text == release.key.text);
            let there = project.releases.iter().filter(move |release| release.is_in(environment)).filter(is_chosen);
            let ask = |release| Ask::Rendered(Rendering::Installed { tree, project, environment, release });
            there.map(|release| (key(release), ask(release))).collect()
        };
        Ok(match subject {
            Subject::Environment(name) => {
                let project = self.others.get(name).unwrap_or(self.project);
                installed(self.disk, project, project.environment(name)?)
            }
            Subject::Git(revision) => match self.pasts.get(revision.name()) {
                Some(Past { tree, project: Some(project) }) => match project.environment(&environment.name.text) {
                    Ok(environment) => installed(tree, project, environment),
                    Err(_) if self.missing_ok => Vec::new(),
                    Err(error) => return Err(at_revision(error, revision, true)),
                },
                _ => Vec::new(),
            },
            Subject::Saved => {
                let saved = |release: &&'s Release| {
                    let path = snapshots::path(self.project, environment, release);
                    let environment = &environment.name.text;
                    (key(release), Ask::Saved { path, environment, release: &release.key.text })
                };
                let mut found: Vec<(String, Ask<'s>)> = chosen.iter().map(saved).collect();
                // Snapshots of releases that exist no more: what would be left behind.
                if whole {
                    for path in snapshots::orphans(self.disk, self.project, &[environment]) {
                        let (folder, file) = path.rsplit_once('/').unwrap_or_default();
                        let name = file.strip_suffix(".yaml").unwrap_or(file).to_owned();
                        if folder.rsplit('/').next() == Some(environment.name.text.as_str()) {
                            let ask =
                                Ask::Saved { path: path.clone(), environment: &environment.name.text, release: "" };
                            found.push((name, ask));
                        }
                    }
                }
                found
            }
            Subject::File(_) | Subject::Stdin => {
                let held = self.held.get(&subject.name());
                vec![(key(only()?), held.map_or(Ask::Nothing, Ask::Read))]
            }
            Subject::Chart(path) => {
                let release = only()?;
                let name = release.name().to_owned();
                vec![(key(release), Ask::Rendered(Rendering::Chart { tree: self.disk, path: path.clone(), name }))]
            }
        })
    }
}

/// Compares releases of a project.
fn releases(
    disk: &Disk,
    selection: &Selection,
    named: &Named,
    flags: &Flags<'_>,
    comparison: Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let comparison = comparison.with_project(&selection.project, disk)?;
    let places = Places::open(disk, &selection.project, named, &comparison)?;
    let mut pairs = Vec::new();
    // `--against X` of all environments: each is its own right side.
    let own: Vec<Subject> =
        selection.iter().map(|(environment, ..)| Subject::Environment(environment.name.text.clone())).collect();
    for ((environment, chosen, whole), own) in selection.iter().zip(&own) {
        let to = if named.against { own } else { &named.to };
        let from = places.side(&named.from, environment, &chosen, whole)?;
        let to_side = places.side(to, environment, &chosen, whole)?;
        pairs.extend(paired(&environment.name.text, to.name(), from, to_side));
    }
    // Environments that the revision had, where all are compared.
    if let (Subject::Git(revision), true) = (&named.from, comparison.settled || comparison.all)
        && let Some(Past { tree, project: Some(past) }) = places.pasts.get(revision.name())
        && !past.is_convention()
    {
        let now = &selection.project;
        for environment in past.concrete().filter(|e| !now.environments.iter().any(|n| n.name.text == e.name.text)) {
            pairs.extend(vanished(tree, past, environment));
        }
    }
    finish(&pairs, &named.from.name(), flags, &comparison, terminal)
}

/// The releases of an environment that is no more.
fn vanished<'a>(tree: &'a Git, project: &'a Project, environment: &'a Environment) -> Vec<Pair<'a>> {
    let there = project.releases.iter().filter(|release| release.is_in(environment));
    let pair = |release: &'a Release| Pair {
        environment: environment.name.text.clone(),
        release: release.key.text.clone(),
        to_label: "nothing".to_owned(),
        from: Ask::Rendered(Rendering::Installed { tree, project, environment, release }),
        to: Ask::Nothing,
    };
    there.map(pair).collect()
}

/// Shows that a project is no more.
///
/// # Errors
/// It cannot be written.
pub(super) fn gone(
    selection: &Selection,
    tree: &Git,
    revision: &str,
    flags: &Flags<'_>,
    comparison: Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let environments = selection.iter().flat_map(|(environment, ..)| vanished(tree, &selection.project, environment));
    finish(&environments.collect::<Vec<_>>(), &format!("git:{revision}"), flags, &comparison, terminal)
}

/// Compares a chart that belongs to no project with what is staged.
///
/// # Errors
/// What is staged does not render.
pub(super) fn chart_since(
    chart: &str,
    revision: &str,
    flags: &Flags<'_>,
    comparison: Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let open = |revision: &Revision| Git::open(revision).map_err(|error| Error::from(Diagnostic::own(error.words)));
    let (before, after) = (open(&Revision::parse(revision))?, open(&Revision::Index)?);
    let side = |tree| match crate::tree::Tree::kind(tree, &format!("{chart}/Chart.yaml")) {
        Ok(_) => Ask::Rendered(Rendering::Chart { tree, path: chart.to_owned(), name: NAMELESS.to_owned() }),
        Err(_) => Ask::Nothing,
    };
    let pair = Pair {
        environment: String::new(),
        release: chart.to_owned(),
        to_label: "git:index".to_owned(),
        from: side(&before),
        to: side(&after),
    };
    finish(&[pair], &format!("git:{revision}"), flags, &comparison, terminal)
}

/// Compares a revision with what is staged.
///
/// # Errors
/// What is staged does not render. What the revision holds is nobody's fault any more: it is told, and nothing compared.
pub(super) fn since(
    selection: &Selection,
    revision: &str,
    flags: &Flags<'_>,
    comparison: Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let from = Subject::Git(Revision::parse(revision));
    let named = Named { from, to: Subject::Git(Revision::Index), against: false };
    releases(&Disk, selection, &named, flags, comparison, terminal)
}

/// Compares what needs no project: a chart, texts.
fn alone(
    matches: &ArgMatches,
    disk: &Disk,
    Named { from, to, .. }: &Named,
    chart: Option<&str>,
    flags: &Flags<'_>,
    mut comparison: Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let words = texts(matches, "args");
    let name = match words.as_slice() {
        [] => NAMELESS,
        [name] => name,
        [_, other, ..] => {
            return Err(Diagnostic::own(format!("one word names the release of a chart; `{other}` is another")).into());
        }
    };
    if matches!(comparison.format, Format::Html | Format::Markdown) {
        let path = comparison.report.clone();
        comparison.load(path.as_deref(), disk)?;
    } else {
        comparison.check_report()?;
    }
    let mut held: BTreeMap<String, Held> = BTreeMap::new();
    let mut trees: BTreeMap<String, Git> = BTreeMap::new();
    for subject in [from, to] {
        match subject {
            Subject::File(_) | Subject::Stdin => {
                held.insert(subject.name(), hold(disk, subject, &comparison)?);
            }
            Subject::Git(revision) => {
                let tree = Git::open(revision).map_err(|error| Diagnostic::own(error.words))?;
                trees.insert(subject.name(), tree);
            }
            _ => {}
        }
    }
    let side = |subject: &'_ Subject| -> Result<Ask<'_>, Error> {
        let name = name.to_owned();
        Ok(match (subject, chart) {
            (Subject::File(_) | Subject::Stdin, _) => held.get(&subject.name()).map_or(Ask::Nothing, Ask::Read),
            (Subject::Chart(path), _) => Ask::Rendered(Rendering::Chart { tree: disk, path: path.clone(), name }),
            (Subject::Git(_), Some(chart)) => match trees.get(&subject.name()) {
                Some(tree) => Ask::Rendered(Rendering::Chart { tree, path: chart.to_owned(), name }),
                None => Ask::Nothing,
            },
            _ => {
                let message = format!("`{}` belongs to an environment, and `--chart` names none", subject.name());
                return Err(Diagnostic::own(message)
                    .hint("compare with `file:PATH`, `chart:PATH`, `git:REVISION` or `-`")
                    .into());
            }
        })
    };
    let pair = Pair {
        environment: String::new(),
        release: name.to_owned(),
        to_label: to.name(),
        from: side(from)?,
        to: side(to)?,
    };
    finish(&[pair], &from.name(), flags, &comparison, terminal)
}

/// Reads a text that somebody printed.
fn hold(tree: &dyn Tree, subject: &Subject, comparison: &Comparison) -> Result<Held, Error> {
    let (path, text) = match subject {
        Subject::File(path) => (path.as_str(), tree.read(path).map_err(|error| Diagnostic::own(error.words))?),
        _ => {
            let mut data = Vec::new();
            let read = std::io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut data);
            read.map_err(|error| Diagnostic::own(format!("the standard input cannot be read: {error}")))?;
            if data.len() as u64 > MAX_STDIN {
                return Err(Diagnostic::own(format!("the standard input is larger than {MAX_STDIN} bytes")).into());
            }
            ("<stdin>", Str::from(data))
        }
    };
    if text.starts_with(saved::MARK) {
        let snapshot = whole(saved::read(&text, path)?, path, comparison.force)?;
        let kept = kept(snapshot.header.secrets);
        return Ok(Held { manifests: snapshot.manifests, namespace: Some(snapshot.header.namespace), kept });
    }
    Ok(Held { manifests: manifest::read(&text, path)?, namespace: None, kept: Kept::Plain })
}

/// A snapshot that is what was once written, or is forced to pass.
fn whole(snapshot: saved::Snapshot, path: &str, force: bool) -> Result<saved::Snapshot, Error> {
    match &snapshot.damage {
        Some(damage) if !force => Err(Diagnostic::own(format!("the snapshot `{path}` is damaged: {damage}"))
            .hint("`rhelm save` writes it anew; `--force` reads it as it is")
            .into()),
        _ => Ok(snapshot),
    }
}

fn kept(sealed: Sealed) -> Kept {
    match sealed {
        Sealed::Digest => Kept::Digest,
        Sealed::Omit => Kept::Omitted,
        Sealed::Plain => Kept::Plain,
    }
}

/// Puts the releases of both sides together: those of the right side in their order, then those that are gone.
fn paired<'a>(
    environment: &str,
    to_label: String,
    mut from: Vec<(String, Ask<'a>)>,
    to: Vec<(String, Ask<'a>)>,
) -> Vec<Pair<'a>> {
    let pair =
        |release, from, to| Pair { environment: environment.to_owned(), release, to_label: to_label.clone(), from, to };
    let mut pairs = Vec::new();
    for (release, to) in to {
        let before = from.iter().position(|(other, _)| *other == release).map(|at| from.remove(at).1);
        pairs.push(pair(release, before.unwrap_or(Ask::Nothing), to));
    }
    pairs.extend(from.into_iter().map(|(release, from)| pair(release, from, Ask::Nothing)));
    pairs
}

/// Gets one side.
fn give(ask: &Ask<'_>, flags: &Flags<'_>, comparison: &Comparison, given: &mut Given) -> Result<(), Error> {
    let mut rendered = Rendered::default();
    let result = match ask {
        Ask::Rendered(rendering) => rendering.render(flags, None, &mut rendered),
        Ask::Saved { path, environment, release } => {
            let text = match Disk.read(path) {
                Ok(text) => text,
                Err(error) if error.missing && comparison.missing_ok => return Ok(()),
                Err(error) if error.missing => {
                    let message = format!("there is no snapshot of `{release}` in environment `{environment}`");
                    return Err(Diagnostic::own(message)
                        .fact(format!("looked for: {path}"))
                        .hint(format!(
                            "`rhelm save {environment} {release}` makes one; `--missing-ok` compares with nothing"
                        ))
                        .into());
                }
                Err(error) => return Err(Diagnostic::own(error.words).into()),
            };
            let snapshot = whole(saved::read(&text, path)?, path, comparison.force)?;
            *given = Given {
                manifests: snapshot.manifests,
                namespace: Some(snapshot.header.namespace),
                kept: Some(kept(snapshot.header.secrets)),
                lacks: [!snapshot.header.crds, !snapshot.header.tests],
                // One that was saved with a seed holds what that made.
                is_there: true,
                marked: memchr::memmem::find(&text, CHANCE.as_bytes()).is_some(),
                ..Given::default()
            };
            return Ok(());
        }
        Ask::Read(held) => {
            given.manifests = held.manifests.clone();
            given.namespace.clone_from(&held.namespace);
            given.kept = Some(held.kept);
            given.is_there = true;
            return Ok(());
        }
        Ask::Nothing => return Ok(()),
    };
    given.is_there = true;
    given.marked = flags.seed.is_none();
    given.warnings = rendered.warnings;
    given.secrets = rendered.secrets;
    given.manifests = rendered.manifests;
    given.namespace = Some(rendered.namespace);
    result
}

/// Compares one release.
fn one(pair: &Pair<'_>, from_label: &str, flags: &Flags<'_>, comparison: &Comparison) -> Done {
    let (mut from, mut to) = (Given::default(), Given::default());
    // Two renders of one chart fail alike; the revision tells them apart.
    let on = |mut error: Error, label: &str| {
        if label.starts_with("git:") {
            error.diagnostics_mut().iter_mut().for_each(|d| d.facts.push(format!("as of {label}")));
        }
        error
    };
    let before = give(&pair.from, flags, comparison, &mut from).map_err(|error| on(error, from_label));
    let result = match before {
        Err(error) if comparison.settled => {
            let why = error.diagnostics().first().map(|diagnostic| diagnostic.message.clone()).unwrap_or_default();
            let release = &pair.release;
            from.warnings
                .push(format!("warning: {release}: {from_label} does not render, so nothing is compared: {why}"));
            Ok(None)
        }
        Err(error) => Err(error),
        Ok(()) => give(&pair.to, flags, comparison, &mut to)
            .map_err(|error| on(error, &pair.to_label))
            .map(|()| Some(compare(pair, from_label, flags, comparison, &mut from, &mut to))),
    };
    let mut warnings = from.warnings;
    // The same chart says the same on both sides.
    warnings.extend(to.warnings.into_iter().filter(|line| !warnings.contains(line)).collect::<Vec<_>>());
    let mut secrets = from.secrets;
    secrets.extend(to.secrets);
    let made = matches!(pair.to, Ask::Rendered(Rendering::Installed { .. })).then_some(to.manifests);
    Done { made: made.map(|made| (to.namespace.unwrap_or_default(), made)), warnings, secrets, result }
}

fn compare(
    pair: &Pair<'_>,
    from_label: &str,
    flags: &Flags<'_>,
    comparison: &Comparison,
    from: &mut Given,
    to: &mut Given,
) -> Compared {
    let mut options = comparison.options.clone();
    options.release.clone_from(&pair.release);
    options.marked = from.marked && to.marked;
    let Options { include_crds, include_tests, .. } = &mut options;
    let parts = [(include_crds, "crds/", "--include-crds"), (include_tests, "test hooks", "--include-tests")];
    for ((wanted, what, flag), lacks) in parts.into_iter().zip(from.lacks.iter().zip(to.lacks).map(|(a, b)| *a || b)) {
        if *wanted && lacks {
            *wanted = false;
            let words =
                format!("the snapshot holds no {what}, so they are not compared; `rhelm save {flag}` stores them");
            to.warnings.push(format!("warning: {}: {words}", pair.release));
        }
    }
    let sides = [from.kept, to.kept];
    let omitted = sides.contains(&Some(Kept::Omitted));
    let secrets: Vec<Str> = from.secrets.iter().chain(&to.secrets).cloned().collect();
    let veils = !options.show_secrets || omitted || sides.contains(&Some(Kept::Digest));
    if veils {
        from.manifests.veil(&secrets, !omitted);
        to.manifests.veil(&secrets, !omitted);
    }
    let home = from.namespace.clone().or_else(|| to.namespace.clone()).unwrap_or_else(|| "default".to_owned());
    let other = to.namespace.clone().unwrap_or_else(|| home.clone());
    let left = Side { manifests: &from.manifests, namespace: &home, secrets: from.kept.unwrap_or(Kept::Plain) };
    let right = Side { manifests: &to.manifests, namespace: &other, secrets: to.kept.unwrap_or(Kept::Plain) };
    let (mut changes, texts) = match comparison.format {
        Format::Unified => {
            let outcome = diff::compare_whole(&left, &right, &options);
            (outcome.changes, Some(outcome.texts))
        }
        _ => (diff::compare(&left, &right, &options), None),
    };
    let mut notes = Vec::new();
    // Of a release that one side lacks no value is the reason.
    let is_there = |ask: &Ask<'_>, given: &Given| !matches!(ask, Ask::Nothing) && given.is_there;
    if comparison.why && is_there(&pair.from, from) && is_there(&pair.to, to) {
        fn known<'a>(ask: &'a Ask<'a>) -> Option<&'a Rendering<'a>> {
            match ask {
                Ask::Rendered(rendering) => Some(rendering),
                _ => None,
            }
        }
        let known = Known {
            from: known(&pair.from),
            to: known(&pair.to),
            flags,
            options: &options,
            veiled: veils.then_some((secrets.as_slice(), !omitted)),
        };
        notes = why::explain(&mut changes, &left, &right, &known);
    }
    Compared {
        environment: pair.environment.clone(),
        release: pair.release.clone(),
        from: from_label.to_owned(),
        to: pair.to_label.clone(),
        changes,
        notes,
        texts,
    }
}

/// Compares all, prints it, and says what failed.
fn finish(
    pairs: &[Pair<'_>],
    from_label: &str,
    flags: &Flags<'_>,
    comparison: &Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let done = spread(pairs, |pair| one(pair, from_label, flags, comparison));
    let mut reports = Vec::new();
    let mut failures: Vec<Error> = Vec::new();
    let mut failed = Vec::new();
    let several = pairs.iter().any(|pair| pairs.first().is_some_and(|first| first.environment != pair.environment));
    let (mut claims, mut here) = (Claims::default(), "");
    for (pair, done) in pairs.iter().zip(done) {
        terminal.hide(&done.secrets);
        done.warnings.iter().for_each(|warning| terminal.say(warning));
        if here != pair.environment {
            (claims, here) = (Claims::default(), &pair.environment);
        }
        let clash = done.made.and_then(|(namespace, made)| claims.claim(&pair.release, &namespace, &made));
        let result = match clash {
            Some(clash) => done.result.and(Err(super::fleet::clashing(&pair.release, &clash))),
            None => done.result,
        };
        match result {
            Ok(compared) => reports.extend(compared),
            Err(mut error) => {
                if pairs.len() > 1 {
                    failures::of_release(&mut error, &pair.release, &pair.environment);
                }
                failures.push(error);
                failed.push(if several {
                    format!("{}/{}", pair.environment, pair.release)
                } else {
                    pair.release.clone()
                });
            }
        }
    }
    // With nothing but failures there is nothing to show.
    if !reports.is_empty() || failures.is_empty() {
        let out = diff::write(&reports, comparison.format, &comparison.layout)?;
        pager::print(&out, &comparison.pager, terminal)?;
    }
    if comparison.detailed && reports.iter().any(|report| !report.changes.is_empty()) {
        terminal.code = DIFFERENT;
    }
    if pairs.len() > 1 && !failed.is_empty() {
        let message = format!("{} of {} releases were not compared: {}", failed.len(), pairs.len(), failed.join(", "));
        failures.push(Diagnostic::own(message).into());
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures::all(&failures))
}
