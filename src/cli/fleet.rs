//! `rhelm template -e ENV`: releases of a project, rendered on all cores and printed in their order.

use super::args::on;
use super::failures;
use super::job::{Done, Job};
use super::onto::Clusters;
use super::selection::Selection;
use super::template::{Asked, Home, print_manifests};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error, Label};
use crate::manifest::Claims;
use crate::manifest::overrides::{Matches, unmatched};
use crate::project::{Environment, Project, Release};
use crate::shelf::Shelf;
use crate::tree::Disk;
use std::sync::Arc;

/// Renders what is selected, on the ground of its clusters if they are to be asked. `shelf` is there if it is rendered again
/// later.
pub(super) fn run(
    asked: &Asked<'_>,
    selection: &Selection,
    server: bool,
    shelf: Option<&Arc<Shelf>>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let jobs = Job::all(selection);
    // A single release fails as it does for Helm.
    let single = jobs.len() == 1;
    let clusters = Clusters::new(asked.matches);
    let mut flags = asked.flags_on(shelf.cloned().unwrap_or_else(|| asked.shelf()))?;
    (flags.include_tests, flags.is_compared) = (true, false);
    if server {
        flags.onto = Some(Box::new(|_, _, context| clusters.install(context)));
        flags.warn_of_crds = !on(asked.matches, "skip-crds");
    }
    if single && shelf.is_none() {
        flags.world = Box::new(|| asked.world());
    }
    let mut printer = Printer {
        asked,
        selection,
        single,
        groups: selection.iter().map(Group::new).collect(),
        failures: Vec::new(),
        failed: Vec::new(),
        terminal,
    };
    printer.groups.reverse();
    printer.terminal.begin(jobs.len());
    Job::render_all(&jobs, &Disk, &flags, |done| {
        printer.terminal.advance();
        printer.take(done);
    });
    let Printer { mut failures, failed, terminal, .. } = printer;
    terminal.end(&flags);
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

/// An environment, and what became of its releases so far.
struct Group<'s> {
    environment: &'s Environment,
    releases: Vec<&'s Release>,
    /// Whether these are all of its releases.
    whole: bool,
    /// How many were printed.
    printed: usize,
    /// What waits until all are there.
    waiting: Vec<Done>,
    claims: Claims,
}

impl<'s> Group<'s> {
    fn new((environment, releases, whole): (&'s Environment, Vec<&'s Release>, bool)) -> Self {
        Group { environment, releases, whole, printed: 0, waiting: Vec::new(), claims: Claims::default() }
    }
}

/// Prints releases in their order, as soon as that can be done.
struct Printer<'a, 's> {
    asked: &'a Asked<'a>,
    selection: &'s Selection,
    single: bool,
    /// The environments that are not done, the last one first.
    groups: Vec<Group<'s>>,
    failures: Vec<Error>,
    failed: Vec<String>,
    terminal: &'a mut Terminal,
}

impl Printer<'_, '_> {
    /// Takes what became of the next release.
    fn take(&mut self, done: Done) {
        if !on(self.asked.matches, "show-secrets") {
            self.terminal.hide(&done.rendered.secrets);
        }
        let Some(mut group) = self.groups.pop() else { return };
        // Nothing is printed of an environment whose overrides do not mean what is there, and that shows at its end.
        let overrides = self.selection.project.overrides(group.environment);
        if self.asked.overrides && overrides.iter().any(|o| !o.optional) {
            group.waiting.push(done);
            if group.waiting.len() < group.releases.len() {
                self.groups.push(group);
                return;
            }
            let waiting = std::mem::take(&mut group.waiting);
            let idle = self.idle(&group, &waiting);
            let is_printed = idle.is_none();
            self.failures.extend(idle);
            waiting.into_iter().for_each(|done| self.print(&mut group, done, is_printed));
        } else {
            self.print(&mut group, done, true);
        }
        if group.printed < group.releases.len() {
            self.groups.push(group);
        }
    }

    fn print(&mut self, group: &mut Group<'_>, done: Done, is_printed: bool) {
        let Some(release) = group.releases.get(group.printed) else { return };
        group.printed += 1;
        let (asked, environment, terminal) = (self.asked, &group.environment.name.text, &mut *self.terminal);
        let Done { rendered, error } = done;
        let key = &release.key.text;
        rendered.warnings.iter().for_each(|warning| terminal.say(warning));
        terminal.advise_debug = self.single && rendered.release_exists && !asked.debug;
        let result = match error {
            Some(error) => Err(error),
            None => match group.claims.claim(key, &rendered.namespace, &rendered.manifests) {
                Some(clash) => Err(clashing(Some(&self.selection.project), key, &clash)),
                None if !is_printed => Ok(()),
                None => {
                    let home = Home { environment, release: key, dropped: rendered.matches.dropped() };
                    print_manifests(asked, &rendered.manifests, Some(home), release.name(), terminal)
                }
            },
        };
        if let Err(mut error) = result {
            if !self.single {
                failures::of_release(&mut error, key, environment);
            }
            self.failures.push(error);
            let several = self.selection.environments.len() > 1;
            self.failed.push(if several { format!("{environment}/{key}") } else { key.clone() });
        }
    }

    /// What is wrong with overrides that match nothing. Where not all releases of an environment are rendered these are
    /// warnings.
    fn idle(&mut self, group: &Group<'_>, done: &[Done]) -> Option<Error> {
        // What failed could have been what they are about.
        if done.iter().any(|done| done.error.is_some()) {
            return None;
        }
        let mut matches = Matches::default();
        done.iter().for_each(|done| matches.add(&done.rendered.matches));
        let idle = unmatched(&self.selection.project.overrides(group.environment), &matches);
        if !group.whole {
            idle.iter().for_each(|diagnostic| self.terminal.warn(diagnostic));
        }
        (group.whole && !idle.is_empty()).then(|| Error::all(idle))
    }
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
