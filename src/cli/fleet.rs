//! `rhelm template -e ENV`: releases of a project, rendered on all cores and printed in their order.

use super::args::on;
use super::failures;
use super::onto::Clusters;
use super::save::Job;
use super::selection::Selection;
use super::template::{Asked, Home, print_manifests};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error, Label};
use crate::manifest::Claims;
use crate::manifest::overrides::{Matches, unmatched};
use crate::project::Project;
use crate::spread::spread;
use crate::subject::{Rendered, installed};
use crate::tree::Disk;

/// What became of it.
struct Done {
    rendered: Rendered,
    error: Option<Error>,
}

/// Renders what is selected, on the ground of its clusters if they are to be asked.
pub(super) fn run(
    asked: &Asked<'_>,
    selection: &Selection,
    server: bool,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let mut jobs = Vec::new();
    for (environment, releases, _) in selection.iter() {
        jobs.extend(releases.into_iter().map(|release| Job { project: &selection.project, environment, release }));
    }
    // A single release fails as it does for Helm.
    let single = jobs.len() == 1;
    let clusters = Clusters::new(asked.matches);
    let mut flags = asked.flags()?;
    (flags.include_tests, flags.is_compared) = (true, false);
    if server {
        flags.onto = Some(Box::new(|_, _, context| clusters.install(context)));
        flags.warn_of_crds = !on(asked.matches, "skip-crds");
    }
    if single {
        flags.world = Box::new(|| asked.world());
    }
    let mut done = spread(None, &jobs, |job| {
        let mut rendered = Rendered::default();
        let result = installed(&Disk, job.project, job.environment, job.release, &flags, &mut rendered);
        Done { rendered, error: result.err() }
    });
    if !on(asked.matches, "show-secrets") {
        done.iter().for_each(|outcome| terminal.hide(&outcome.rendered.secrets));
    }
    let mut idle = idle(asked, selection, &done, terminal).into_iter();
    let mut done = done.drain(..);
    let mut failures: Vec<Error> = Vec::new();
    let mut failed: Vec<String> = Vec::new();
    let several = selection.environments.len() > 1;
    for (environment, releases, _) in selection.iter() {
        let mut claims = Claims::default();
        // Nothing is printed of an environment whose overrides do not mean what is there.
        let idle = idle.next().flatten();
        let is_printed = idle.is_none();
        failures.extend(idle);
        for release in &releases {
            let Some(outcome) = done.next() else { break };
            let key = &release.key.text;
            let shown = if several { format!("{}/{key}", environment.name.text) } else { key.clone() };
            outcome.rendered.warnings.iter().for_each(|warning| terminal.say(warning));
            terminal.advise_debug = single && outcome.rendered.release_exists && !asked.debug;
            let result = match outcome.error {
                Some(error) => Err(error),
                None => match claims.claim(key, &outcome.rendered.namespace, &outcome.rendered.manifests) {
                    Some(clash) => Err(clashing(Some(&selection.project), key, &clash)),
                    None if !is_printed => Ok(()),
                    None => {
                        let home = Home {
                            environment: &environment.name.text,
                            release: key,
                            dropped: outcome.rendered.matches.dropped(),
                        };
                        print_manifests(asked, &outcome.rendered.manifests, Some(home), release.name(), terminal)
                    }
                },
            };
            if let Err(mut error) = result {
                if !single {
                    failures::of_release(&mut error, key, &environment.name.text);
                }
                failures.push(error);
                failed.push(shown);
            }
        }
    }
    if failed.len() > 1 || (!single && !failed.is_empty()) {
        let message = format!("{} of {} releases were not rendered: {}", failed.len(), jobs.len(), failed.join(", "));
        failures.push(Diagnostic::own(message).into());
    }
    if terminal.speaks_helm() {
        // Helm knows no several failures: each is told by itself.
        let last = failures.pop();
        failures.iter().for_each(|failure| terminal.error(failure));
        return last.map_or(Ok(()), Err);
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures::all(&failures))
}

/// For each environment what is wrong with overrides that match nothing. Where not all of its releases are rendered these
/// are warnings.
fn idle(asked: &Asked<'_>, selection: &Selection, done: &[Done], terminal: &mut Terminal) -> Vec<Option<Error>> {
    let mut done = done.iter();
    let mut all = Vec::new();
    for (environment, releases, whole) in selection.iter() {
        let here: Vec<&Done> = done.by_ref().take(releases.len()).collect();
        // What failed could have been what they are about.
        if !asked.overrides || here.iter().any(|outcome| outcome.error.is_some()) {
            all.push(None);
            continue;
        }
        let mut matches = Matches::default();
        here.iter().for_each(|outcome| matches.add(&outcome.rendered.matches));
        let idle = unmatched(&selection.project.overrides(environment), &matches);
        if !whole {
            idle.iter().for_each(|diagnostic| terminal.warn(diagnostic));
        }
        all.push((whole && !idle.is_empty()).then(|| Error::all(idle)));
    }
    all
}

/// Two releases make the same object.
pub(super) fn clashing(project: Option<&Project>, key: &str, clash: &crate::manifest::Clash) -> Error {
    let mut message = format!("releases `{}` and `{key}` both render {}", clash.first, clash.object);
    if clash.object.has_namespace() {
        message.push_str(&format!(" into namespace `{}`", clash.object.namespace));
    }
    let mut diagnostic = Diagnostic::own(message).fact(format!("`{key}` renders it from {}", clash.path));
    let places = project.map(|project| [project.place_of(key), project.place_of(&clash.first)]);
    if let Some([Some(at), first]) = places {
        diagnostic = diagnostic.at(at);
        diagnostic.labels.extend(first.map(|at| Label { at, text: "the first".to_owned() }));
    }
    diagnostic.into()
}
