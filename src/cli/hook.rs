//! `rhelm hook`: what judges a commit before it is made. It is the index that is judged, never the work tree.

use super::args::{on, texts};
use super::check;
use super::diff::{self, Comparison};
use super::failures;
use super::save::{self, How, Saved};
use super::selection::Selection;
use super::snapshots;
use super::template::Asked;
use super::terminal::{Terminal, variable};
use crate::diagnostic::{Diagnostic, Error};
use crate::project::{Changed, Environment, FILE, Project, SNAPSHOTS, with_local_dependencies};
use crate::release::saved::digest;
use crate::subject::Flags;
use crate::tree::{Disk, Git, Revision, Tree, clean, git, top};
use crate::yaml;
use clap::ArgMatches;
use std::collections::BTreeSet;

/// Tells our hooks from others'.
const MARK: &str = "Written by `rhelm hook install`";

/// What git calls a tree without files.
const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    // What Helm only informs of is no reason to speak up.
    terminal.quiet = true;
    match matches.subcommand() {
        Some(("install", matches)) => install(matches, terminal),
        Some(("run", matches)) => judge(matches, terminal),
        _ => Err(Diagnostic::own("`rhelm hook` is `install` or `run`").into()),
    }
}

fn own(error: crate::tree::Error) -> Error {
    Diagnostic::own(error.words).into()
}

/// Writes git's hook.
fn install(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    let folder = git(&["rev-parse", "--git-path", "hooks"]).map_err(own)?;
    let path = format!("{}/pre-commit", String::from_utf8_lossy(&folder).trim_end());
    if let Ok(there) = std::fs::read(&path)
        && memchr::memmem::find(&there, MARK.as_bytes()).is_none()
    {
        return Err(Diagnostic::own(format!("there is another hook at `{path}`"))
            .hint("add the line `rhelm hook run template,save` to it, or move it away")
            .into());
    }
    let this = std::env::current_exe().map(|path| path.to_string_lossy().replace('\'', "'\\''")).unwrap_or_default();
    let kinds = if on(matches, "diff") { "template,save,diff" } else { "template,save" };
    let script = format!(
        "#!/bin/sh\n# {MARK}: judges what is staged before it is committed.\nrhelm='{this}'\n\
         [ -x \"$rhelm\" ] || rhelm=rhelm\nexec \"$rhelm\" hook run --existing {kinds}\n"
    );
    snapshots::write(&path, script.as_bytes())?;
    executable(&path).map_err(|error| Diagnostic::own(format!("`{path}` cannot be made a program: {error}")))?;
    terminal.print(format!("{path}: written\n").as_bytes())
}

#[cfg(unix)]
fn executable(path: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &str) -> std::io::Result<()> {
    Ok(())
}

/// What a hook is about: projects and charts that the commit touches.
struct Touched {
    tree: Git,
    /// Releases of projects, and of charts that have environments by convention.
    selections: Vec<Selection>,
    /// Charts that have none.
    charts: Vec<String>,
    failures: Vec<Error>,
}

/// Judges what is staged.
fn judge(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    let mut words = texts(matches, "args");
    if words.is_empty() {
        return Err(Diagnostic::own("`rhelm hook run` wants to know what to do: template, save, diff").into());
    }
    let kinds = words.remove(0);
    for kind in kinds.split(',') {
        if !matches!(kind, "template" | "save" | "diff") {
            let message = format!("there is no hook `{kind}`; there are template, save and diff");
            return Err(Diagnostic::own(message).into());
        }
    }
    let here = Disk;
    let files: Vec<String> = words.iter().map(|path| here.absolute(path)).collect();
    let top = top(".").map_err(own)?;
    std::env::set_current_dir(&top)
        .map_err(|error| Diagnostic::own(format!("the repository's folder cannot be entered: {error}")))?;
    let asked = Asked::new(matches)?;
    let flags = asked.flags()?;
    let touched = touched(files)?;
    let mut failures = Vec::new();
    for kind in kinds.split(',') {
        match kind {
            "template" => failures.extend(template(&touched, &flags, terminal).err()),
            "save" => failures.extend(saved(matches, &touched, &asked, terminal).err()),
            _ => failures.extend(differences(matches, &touched, &flags, terminal).err()),
        }
        // What does not render can neither be saved nor compared.
        if !failures.is_empty() {
            break;
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures::all(&failures)) }
}

/// The staged paths, also of files that are gone.
fn staged() -> Result<Vec<String>, Error> {
    let has_head = git(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_ok();
    let base = if has_head { "HEAD" } else { EMPTY };
    let listed = git(&["diff", "--cached", "--name-only", "--no-renames", "-z", base]).map_err(own)?;
    Ok(listed.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| String::from_utf8_lossy(p).into_owned()).collect())
}

fn touched(mut files: Vec<String>) -> Result<Touched, Error> {
    let tree = Git::open(&Revision::Index, ".").map_err(own)?;
    files.extend(staged()?);
    let changed = Changed::new(&tree, files.iter().map(String::as_str));
    let mut found = Touched { tree, selections: Vec::new(), charts: Vec::new(), failures: Vec::new() };
    if changed.is_empty() {
        return Ok(found);
    }
    let named = |name: &str| {
        let is_it = |path: &&str| path.rsplit('/').next() == Some(name);
        found.tree.paths().filter(is_it).map(str::to_owned).collect::<Vec<_>>()
    };
    let (projects, charts) = (named(FILE), named("Chart.yaml"));
    let mut covered: BTreeSet<String> = BTreeSet::new();
    for path in projects {
        let project = match Project::read(&found.tree, &path) {
            Ok(project) => project,
            Err(error) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                if changed.has(&found.tree.absolute(folder)) {
                    found.failures.push(error);
                }
                continue;
            }
        };
        for (environment, release) in project.concrete().flat_map(|e| project.releases.iter().map(move |r| (e, r))) {
            covered.insert(found.tree.absolute(&project.chart(environment, release)));
        }
        let selection = Selection::all(project)?;
        let tree = &found.tree;
        let selection = selection.with(|e, r| selection.project.is_touched(tree, e, r, &changed));
        if !selection.is_empty() {
            found.selections.push(selection);
        }
    }
    let folder_of = |path: &String| path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
    let folders: BTreeSet<String> = charts.iter().map(folder_of).collect();
    for folder in &folders {
        let absolute = found.tree.absolute(folder);
        let inside = |other: &&String| {
            let other = found.tree.absolute(other);
            absolute.starts_with(&format!("{other}/charts/"))
        };
        if covered.contains(&absolute) || folders.iter().any(|other| inside(&other)) || is_library(&found.tree, folder)
        {
            continue;
        }
        if !with_local_dependencies(&found.tree, folder).iter().any(|chart| changed.has(chart)) {
            continue;
        }
        match check::conventional(&found.tree, folder) {
            Ok(selections) if selections.is_empty() => found.charts.push(folder.clone()),
            Ok(selections) => found.selections.extend(selections),
            Err(error) => found.failures.push(error),
        }
    }
    Ok(found)
}

/// Whether a chart is only there for others.
fn is_library(tree: &dyn Tree, chart: &str) -> bool {
    let text = tree.read(&clean(&format!("{chart}/Chart.yaml"))).unwrap_or_default();
    let root = yaml::read(&text).ok().flatten();
    root.and_then(|root| root.get("type")?.as_string()).is_some_and(|kind| *kind == *b"library")
}

/// Everything still renders.
fn template(touched: &Touched, flags: &Flags<'_>, terminal: &mut Terminal) -> Result<(), Error> {
    let mut failures = touched.failures.clone();
    for selection in &touched.selections {
        check::render(&touched.tree, selection, flags, terminal, &mut failures);
    }
    for chart in &touched.charts {
        failures.extend(check::alone(&touched.tree, chart, flags, terminal).err());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures::all(&failures)) }
}

/// Brings snapshots up to date; fails if there was anything to do, so that it is looked at and staged.
fn saved(matches: &ArgMatches, touched: &Touched, asked: &Asked<'_>, terminal: &mut Terminal) -> Result<(), Error> {
    let tree = &touched.tree;
    let existing_only = on(matches, "existing");
    for selection in &touched.selections {
        let project = &selection.project;
        // Who has snapshots of an environment wants them of all its releases.
        let kept = |environment: &Environment| {
            project.releases.iter().any(|r| tree.kind(&snapshots::path(project, environment, r)).is_ok())
        };
        let wanted = selection.with(|environment, _| kept(environment) || !(existing_only || project.is_convention()));
        let sealed = save::sealed(matches, project);
        let how = How { sealed, check: false, follows: true };
        let mut outcome = save::save(tree, &Disk, &wanted, asked.flags()?, how, terminal);
        for (word, path) in &mut outcome.said {
            if *word != "unchanged" {
                continue;
            }
            // The work tree is up to date; what would be committed may not be.
            let differs = match (tree.read(path), Disk.read(path)) {
                (Ok(staged), Ok(here)) => digest([&*staged]) != digest([&*here]),
                _ => true,
            };
            if differs {
                *word = "not staged";
                outcome.stale = true;
            }
        }
        let environments: Vec<&Environment> = project.concrete().collect();
        let orphans = [&Disk as &dyn Tree, tree].map(|tree| snapshots::orphans(tree, project, &environments));
        clear(orphans, &mut outcome)?;
        outcome.said.retain(|(word, _)| *word != "unchanged");
        outcome.stale |= outcome.wrote;
        outcome.finish(false, terminal)?;
    }
    let mut outcome = Saved::default();
    clear(abandoned(touched)?, &mut outcome)?;
    outcome.finish(false, terminal)?;
    if terminal.failed {
        terminal.say("the snapshots were brought up to date; stage them (`git add`) and commit again");
    }
    Ok(())
}

/// Removes snapshots that are nobody's any more: those here. Those that are staged still are told.
fn clear([here, staged]: [Vec<String>; 2], outcome: &mut Saved) -> Result<(), Error> {
    outcome.stale |= !here.is_empty() || !staged.is_empty();
    for path in &here {
        snapshots::remove(path)?;
    }
    let staged = staged.into_iter().filter(|path| !here.contains(path)).map(|path| ("not staged", path));
    outcome.said.extend(staged.collect::<Vec<_>>());
    outcome.said.extend(here.into_iter().map(|path| ("removed", path)));
    Ok(())
}

/// Snapshots that nobody has for his own any more, here and among what is staged: of projects whose file the commit deletes, of
/// charts' environments that are gone.
fn abandoned(touched: &Touched) -> Result<[Vec<String>; 2], Error> {
    let tree = &touched.tree;
    let gone = Past::open()?.map(|past| past.gone(tree)).unwrap_or_default();
    let by_convention = touched.selections.iter().map(|selection| &selection.project).filter(|p| p.is_convention());
    let of_projects = gone.iter().chain(by_convention).map(|p| (p.path(&p.snapshots), p.folder.clone()));
    let of_charts = touched.charts.iter().map(|chart| (clean(&format!("{chart}/{SNAPSHOTS}")), chart.clone()));
    let folders: BTreeSet<(String, String)> = of_projects.chain(of_charts).collect();
    if folders.is_empty() {
        return Ok(Default::default());
    }
    let is_it = |path: &&str| path.rsplit('/').next() == Some(FILE);
    let projects: Result<Vec<Project>, Error> = tree.paths().filter(is_it).map(|p| Project::read(tree, p)).collect();
    // Whose they are cannot be told while a project cannot be read.
    let Ok(mut projects) = projects else { return Ok(Default::default()) };
    let [mut here, mut staged] = [Vec::new(), Vec::new()];
    for (folder, home) in folders {
        // Whose file is merely not staged has them still.
        if Disk.kind(&format!("{home}/{FILE}")).is_ok() {
            continue;
        }
        if tree.kind(&format!("{home}/Chart.yaml")).is_ok() {
            projects.extend(check::conventional(tree, &home)?.into_iter().map(|selection| selection.project));
        }
        let projects: Vec<&Project> = projects.iter().collect();
        here.extend(snapshots::strays(&Disk, &folder, &projects));
        staged.extend(snapshots::strays(tree, &folder, &projects));
    }
    Ok([here, staged])
}

/// What the commit is compared with; none before the first commit.
struct Past {
    revision: String,
    tree: Git,
}

impl Past {
    fn open() -> Result<Option<Past>, Error> {
        let revision = variable("PRE_COMMIT_FROM_REF").unwrap_or_else(|| "HEAD".to_owned());
        if git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &revision]).is_err() {
            return Ok(None);
        }
        let tree = Git::open(&Revision::Commit(revision.clone()), ".").map_err(own)?;
        Ok(Some(Past { revision, tree }))
    }

    /// Projects whose file the commit deletes. What was wrong with them is history.
    fn gone(&self, staged: &Git) -> Vec<Project> {
        let is_gone = |path: &&str| path.rsplit('/').next() == Some(FILE) && staged.kind(path).is_err();
        self.tree.paths().filter(is_gone).filter_map(|path| Project::read(&self.tree, path).ok()).collect()
    }
}

/// Shows what the commit changes in what is applied.
fn differences(
    matches: &ArgMatches,
    touched: &Touched,
    flags: &Flags<'_>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let Some(past) = Past::open()? else { return Ok(()) };
    let base = &past.revision;
    for selection in &touched.selections {
        let clusters = super::onto::Clusters::new(matches);
        diff::since(selection, base, flags, Comparison::for_hook(matches)?, &clusters, terminal)?;
    }
    for chart in &touched.charts {
        diff::chart_since(chart, base, flags, Comparison::for_hook(matches)?, terminal)?;
    }
    for project in past.gone(&touched.tree) {
        diff::gone(&Selection::all(project)?, &past.tree, base, flags, Comparison::for_hook(matches)?, terminal)?;
    }
    Ok(())
}
