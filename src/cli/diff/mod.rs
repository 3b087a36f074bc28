//! `rhelm diff`: what would change.

mod compared;
mod comparison;
mod sides;

pub(super) use comparison::Comparison;

use super::args::{on, text, texts};
use super::onto::Clusters;
use super::selection::{self, Selection};
use super::snapshots;
use super::template::Asked;
use super::terminal::Terminal;
use super::watch;
use crate::diagnostic::{Diagnostic, Error};
use crate::diff::Format;
use crate::project::{Changed, Environment, Project};
use crate::shelf::Shelf;
use crate::subject::{Flags, Rendering, Subject};
use crate::tree::{Disk, Git, Revision, Tree};
use clap::ArgMatches;
use clap::parser::ValueSource;
use compared::finish;
use sides::{Ask, Held, Pair, Past, Places, Whose, hold, paired, vanished};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name that Helm gives a release that nobody named.
const NAMELESS: &str = "release-name";
/// Both sides, as they were named.
pub(super) struct Named {
    pub(super) from: Subject,
    pub(super) to: Subject,
    /// Whether only the left side was named: the other is the environment itself.
    pub(super) against: bool,
}
/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    if !on(matches, "watch") {
        return compare(&asked, asked.shelf(), None, terminal);
    }
    let shelf = asked.shelf();
    let places = || {
        let mut places = asked.places();
        let stated = stated(matches)?;
        for path in [&stated.0, &stated.1].into_iter().flatten() {
            match path.split_once(':') {
                Some(("file", path)) => places.file(path),
                Some(("chart", path)) => places.chart(path),
                _ => {}
            }
        }
        if let Some(chart) = text(matches, "chart") {
            places.chart(&chart);
        } else if let Some(selection) = selection::own_command(matches, &Disk, implied(&stated).as_deref())? {
            selection.places(&mut places);
            for (environment, releases, _) in selection.iter() {
                let paths = releases.iter().map(|release| snapshots::path(&selection.project, environment, release));
                paths.for_each(|path| places.file(&path));
                for other in [&stated.0, &stated.1].into_iter().flatten().filter_map(|text| environment_of(text)) {
                    let Ok(other) = selection.project.environment(&other) else { continue };
                    let layers = releases.iter().flat_map(|release| selection.project.layer_paths(other, release));
                    layers.for_each(|path| places.file(&path));
                }
            }
        }
        Ok(places)
    };
    watch::run(terminal, &shelf, places, |terminal, changed| {
        asked.forget_charts();
        compare(&asked, shelf.clone(), changed, terminal)
    })
}

/// The environment that the sides name, if they do.
fn implied(stated: &(Option<String>, Option<String>)) -> Option<String> {
    // What is compared with says nothing of the other side.
    let both = [&stated.1, &stated.0].into_iter().flatten().filter(|_| stated.1.is_some());
    both.into_iter().find_map(|text| environment_of(text))
}

/// Compares what was asked for; once more with what changed only that which is touched.
fn compare(
    asked: &Asked<'_>,
    shelf: Arc<Shelf>,
    changed: Option<&Changed>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let matches = asked.matches;
    let clusters = Clusters::new(matches);
    let mut flags = asked.flags_on(shelf)?;
    let comparison = Comparison::new(matches)?;
    let tree = Disk;
    let stated = stated(matches)?;
    let chart = text(matches, "chart");
    if let (Some("cluster"), Some("cluster")) = (stated.0.as_deref(), stated.1.as_deref()) {
        return Err(Diagnostic::own("the cluster is both sides, and there is but one of it").into());
    }
    let is_live = |text: &Option<String>| text.as_deref().is_some_and(is_of_cluster);
    if is_live(&stated.0) || is_live(&stated.1) {
        let typed = |flag: &&str| matches.value_source(flag) == Some(ValueSource::CommandLine);
        if let Some(flag) = ["kube-version", "api-versions", "is-upgrade"].into_iter().find(typed) {
            let message =
                format!("--{flag} means nothing beside a cluster, which says for itself what it is and holds");
            return Err(Diagnostic::own(message).hint("leave it out").into());
        }
        // What would be upgraded is rendered as the upgrade would render it.
        flags.onto = Some(Box::new(|name, namespace, context| clusters.upgrade(name, namespace, context)));
    }
    let is_by_itself = text(matches, "project").is_none()
        && tree.kind("Chart.yaml").is_err()
        && selection::project(matches, &tree)?.is_none();
    match (&chart, &stated) {
        (Some(_), _) if text(matches, "environment").is_some() => {
            return Err(Diagnostic::own(
                "`-e` selects a release of a project, and `--chart` a chart; give one of them",
            )
            .into());
        }
        (Some(_), (Some(from), Some(to))) if !(from.starts_with("git:") || to.starts_with("git:")) => {
            return Err(Diagnostic::own("`--chart` is neither of the sides that are named")
                .hint("`--chart CHART --against …` has it on the right; --from and --to take `chart:PATH`")
                .into());
        }
        (Some(chart), (Some(from), to)) => {
            let from = Subject::parse(from, &[])?;
            let to = to.as_ref().map(|to| Subject::parse(to, &[])).transpose()?;
            let to = to.unwrap_or_else(|| Subject::Chart(chart.clone()));
            let named = Named { from, to, against: false };
            return alone(matches, &named, Some(chart), &flags, comparison, &clusters, terminal);
        }
        (Some(_), _) => {
            return Err(Diagnostic::own("`--chart` is one side, and nothing is named to compare it with")
                .hint("name it: `--against file:OLD.yaml`, `--against chart:PATH`, `--against git:HEAD`")
                .into());
        }
        // Two texts or charts need no project, and what Helm stored needs none either.
        (None, (Some(from), Some(to)))
            if text(matches, "environment").is_none()
                && !needs_project(from, is_by_itself)
                && !needs_project(to, is_by_itself) =>
        {
            let (from, to) = (Subject::parse(from, &[])?, Subject::parse(to, &[])?);
            let named = Named { from, to, against: false };
            return alone(matches, &named, None, &flags, comparison, &clusters, terminal);
        }
        _ => {}
    }
    let implied = implied(&stated);
    let Some(selection) = selection::own_command(matches, &tree, implied.as_deref())? else {
        let (name, left) = match &stated.0 {
            Some(left) if is_of_cluster(left) => ("NAME ", left.as_str()),
            Some(left) if !needs_project(left, false) || left.starts_with("git:") => ("", left.as_str()),
            _ => ("", "file:OLD"),
        };
        return Err(Diagnostic::own("no environment is named, and there is no chart to compare")
            .hint(format!(
                "name an environment: `rhelm diff ENV`; or a chart: `rhelm diff {name}--chart CHART --against {left}`"
            ))
            .into());
    };
    if stated.1.is_some() && on(matches, "all") && implied.is_some() {
        return Err(Diagnostic::own("--from and --to name environments, and --all means all; leave out --all").into());
    }
    let named = name(&stated, &selection.project)?;
    let selection = match changed {
        Some(changed) => touched(&selection, &named, asked, changed),
        None => selection,
    };
    if selection.is_empty() {
        return Ok(());
    }
    if on(matches, "watch") {
        terminal.new_page()?;
    }
    releases(&tree, &selection, &named, &flags, comparison, &clusters, terminal)
}

/// The releases of which a change touches either side.
fn touched(selection: &Selection, named: &Named, asked: &Asked<'_>, changed: &Changed) -> Selection {
    let project = &selection.project;
    let others = [&named.from, &named.to].into_iter().filter_map(|side| match side {
        Subject::Environment(name) => project.environment(name).ok(),
        _ => None,
    });
    let others: Vec<&Environment> = others.collect();
    let files = [&named.from, &named.to].into_iter().filter_map(|side| match side {
        Subject::File(path) | Subject::Chart(path) => Some(path),
        _ => None,
    });
    if asked.is_touched(changed) || files.into_iter().any(|path| changed.has(&Disk.absolute(path))) {
        return selection.clone();
    }
    selection.with(|environment, release| {
        let sides = std::iter::once(environment).chain(others.iter().copied());
        sides.into_iter().any(|side| release.is_in(side) && project.is_touched(&Disk, side, release, changed))
    })
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
    let layers = texts(matches, "values");
    let given = [&from, &to, &against].into_iter().flatten().chain(&layers);
    if given.filter(|text| text.trim() == "-").count() > 1 {
        return Err(Diagnostic::own("`-` stands for stdin, which can be read once").into());
    }
    match (from, to, against) {
        (None, None, against) => Ok((against, None)),
        (Some(from), Some(to), _) => Ok((Some(from), Some(to))),
        (Some(_), None, _) => Err(Diagnostic::own("--from names one side, and --to must name the other").into()),
        (None, Some(_), _) => Err(Diagnostic::own("--to names one side, and --from must name the other").into()),
    }
}

/// Whether a side can only be had of a project. A stored release is one of the project if there is one.
fn needs_project(text: &str, is_by_itself: bool) -> bool {
    !(is_of_cluster(text) && is_by_itself || text == "-" || text.starts_with("file:") || text.starts_with("chart:"))
}

/// Whether a side is asked of a cluster.
fn is_of_cluster(text: &str) -> bool {
    matches!(text.split(':').next(), Some("live" | "cluster"))
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
        names.extend(project.releases.iter().flat_map(|r| Project::conventional(&Disk, &project.path(&r.chart.text))));
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

/// Compares releases of a project.
fn releases(
    disk: &Disk,
    selection: &Selection,
    named: &Named,
    flags: &Flags<'_>,
    comparison: Comparison,
    clusters: &Clusters<'_>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let comparison = comparison.with_project(&selection.project, disk)?;
    let places = Places::open(disk, &selection.project, named, &comparison, clusters)?;
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
    let open =
        |revision: &Revision| Git::open(revision, ".").map_err(|error| Error::from(Diagnostic::own(error.words)));
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
    clusters: &Clusters<'_>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let from = Subject::Git(Revision::parse(revision));
    let named = Named { from, to: Subject::Git(Revision::Index), against: false };
    releases(&Disk, selection, &named, flags, comparison, clusters, terminal)
}

/// Compares what needs no project: a chart, texts.
fn alone(
    matches: &ArgMatches,
    Named { from, to, .. }: &Named,
    chart: Option<&str>,
    flags: &Flags<'_>,
    mut comparison: Comparison,
    clusters: &Clusters<'_>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let disk = &Disk;
    let words = texts(matches, "args");
    let is_asked = |subject: &Subject| matches!(subject, Subject::Live(_) | Subject::Cluster);
    let name = match words.as_slice() {
        [] if is_asked(from) || is_asked(to) => {
            let sides = match chart {
                Some(chart) => format!("--chart {chart} --against {}", from.name()),
                None => format!("--from {} --to {}", from.name(), to.name()),
            };
            return Err(Diagnostic::own("a cluster is asked for a release, and none is named")
                .hint(format!("name it: `rhelm diff NAME {sides}`"))
                .into());
        }
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
                let tree = Git::open(revision, chart.unwrap_or(".")).map_err(|error| Diagnostic::own(error.words))?;
                trees.insert(subject.name(), tree);
            }
            _ => {}
        }
    }
    let side = |subject: &'_ Subject| -> Result<Ask<'_>, Error> {
        let name = name.to_owned();
        Ok(match (subject, chart) {
            (Subject::File(_) | Subject::Stdin, _) => held.get(&subject.name()).map_or(Ask::Nothing, Ask::Read),
            (Subject::Live(revision), _) => Ask::Live { clusters, whose: Whose::Named(name), revision: *revision },
            (Subject::Cluster, _) => Ask::Cluster { clusters, whose: Whose::Named(name) },
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
