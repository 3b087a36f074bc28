//! `rhelm check`: does everything still render, and are the snapshots that there are up to date?

use super::failures;
use super::job::{Done, Job};
use super::save::{self, How};
use super::selection::{self, Selection};
use super::snapshots;
use super::template::{Asked, nearby_chart};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::manifest::Claims;
use crate::manifest::overrides::{Matches, unmatched};
use crate::project::{Environment, Project, SNAPSHOTS};
use crate::subject::{self, Flags, Rendered};
use crate::tree::{Disk, Tree, clean};
use clap::ArgMatches;

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    let flags = asked.flags()?;
    let tree = Disk;
    // Without a project's file a chart has an environment for each of its values files.
    let mut by_itself = None;
    let selections = match selection::everything(matches, &tree)? {
        Some(selection) => vec![selection],
        None => conventional(&tree, by_itself.insert(nearby_chart(&tree)?))?,
    };
    let mut failures = Vec::new();
    let mut count = 0;
    for selection in &selections {
        count += render(&tree, selection, &flags, terminal, &mut failures);
    }
    if let Some(chart) = by_itself.as_ref().filter(|_| selections.is_empty()) {
        count += 1;
        failures.extend(alone(&tree, chart, &flags, terminal).err());
    }
    if !failures.is_empty() {
        if count > 1 {
            failures.push(Diagnostic::own(format!("{} of {count} renders failed", failures.len())).into());
        }
        return Err(failures::all(&failures));
    }
    for selection in &selections {
        let saved: Vec<_> = selection.project.concrete().collect();
        let sealed = save::sealed(matches, &selection.project);
        let existing = selection.with(|environment: &Environment, release| {
            saved.iter().any(|e| e.name.text == environment.name.text)
                && tree.kind(&snapshots::path(&selection.project, environment, release)).is_ok()
        });
        let how = How { sealed, check: true, follows: true };
        let mut outcome = save::save(&tree, &tree, &existing, asked.flags()?, how, terminal);
        if let Some(chosen) = selection.whole() {
            let orphans = snapshots::orphans(&tree, &selection.project, &chosen);
            outcome.stale |= !orphans.is_empty();
            outcome.said.extend(orphans.into_iter().map(|path| ("orphan", path)));
        }
        outcome.finish(true, terminal)?;
    }
    if let Some(chart) = by_itself {
        let projects: Vec<&Project> = selections.iter().map(|selection| &selection.project).collect();
        let strays = snapshots::strays(&tree, &clean(&format!("{chart}/{SNAPSHOTS}")), &projects);
        let mut outcome = save::Saved::default();
        outcome.stale = !strays.is_empty();
        outcome.said.extend(strays.into_iter().map(|path| ("orphan", path)));
        outcome.finish(true, terminal)?;
    }
    terminal.say(&if count == 1 { "1 release renders".to_owned() } else { format!("{count} releases render") });
    Ok(())
}

/// Each environment that a chart's folder has without a project's file.
pub(super) fn conventional(tree: &dyn Tree, chart: &str) -> Result<Vec<Selection>, Error> {
    let names = Project::conventional(tree, chart);
    names.iter().map(|name| Selection::all(Project::by_convention(tree, chart, name)?)).collect()
}

/// Renders what is selected; the number of releases. What fails is told with its release.
pub(super) fn render(
    tree: &(dyn Tree + Sync),
    selection: &Selection,
    flags: &Flags<'_>,
    terminal: &mut Terminal,
    failures: &mut Vec<Error>,
) -> usize {
    let project = &selection.project;
    let jobs = Job::all(selection);
    let mut groups = selection.iter().map(|(environment, releases, whole)| (environment, releases.len(), whole));
    let mut next = jobs.iter();
    let mut here = groups.next();
    let (mut claims, mut matches, mut failed) = (Claims::default(), Matches::default(), false);
    terminal.begin(jobs.len());
    Job::render_all(&jobs, tree, flags, |Done { rendered, error }| {
        terminal.advance();
        let (Some(job), Some((environment, left, whole))) = (next.next(), &mut here) else { return };
        terminal.hide(&rendered.secrets);
        rendered.warnings.iter().for_each(|warning| terminal.say(warning));
        matches.add(&rendered.matches);
        let key = &job.release.key.text;
        let error = error.or_else(|| {
            let clash = claims.claim(key, &rendered.namespace, &rendered.manifests)?;
            Some(super::fleet::clashing(Some(project), key, &clash))
        });
        if let Some(mut error) = error {
            failures::of_release(&mut error, key, &environment.name.text);
            failures.push(error);
            failed = true;
        }
        *left -= 1;
        if *left > 0 {
            return;
        }
        if *whole && !failed && flags.overrides {
            let idle = unmatched(&project.overrides(environment), &matches);
            if !idle.is_empty() {
                failures.push(Error::all(idle));
            }
        }
        (claims, matches, failed) = (Claims::default(), Matches::default(), false);
        here = groups.next();
    });
    terminal.end(flags);
    jobs.len()
}

/// Renders a chart with its own values.
///
/// # Errors
/// Whatever is wrong with it.
pub(super) fn alone(tree: &dyn Tree, chart: &str, flags: &Flags<'_>, terminal: &mut Terminal) -> Result<(), Error> {
    let mut rendered = Rendered::default();
    let result = subject::chart(tree, chart, "release-name", flags, None, &mut rendered);
    rendered.warnings.iter().for_each(|warning| terminal.say(warning));
    result
}
