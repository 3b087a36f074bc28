//! `rhelm save`: what would be applied, in files that are meant to be committed.

use super::args::on;
use super::failures;
use super::job::{Done, Job};
use super::selection::{self, Selection};
use super::snapshots::{self, check_outside, orphans};
use super::template::Asked;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::manifest::{Claims, Event, Manifests, secret};
use crate::project::{Project, Secrets};
use crate::release::saved::{self, Header, Sealed};
use crate::subject::{Flags, Input, InputKind, Rendered};
use crate::text::Str;
use crate::tree::{Disk, Tree, clean};
use clap::ArgMatches;

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    let tree = Disk;
    let Some(selection) = selection::own_command(matches, &tree, None)? else {
        return Err(Diagnostic::own("a snapshot belongs to an environment, and none is named")
            .hint("name one: `rhelm save ENV`")
            .into());
    };
    let (check, prune) = (on(matches, "check"), on(matches, "prune"));
    if check && prune {
        return Err(Diagnostic::own("--check changes nothing, and --prune removes files; give one of them").into());
    }
    let flags = asked.flags()?;
    let sealed = sealed(matches, &selection.project);
    let how = How { sealed, check, follows: false };
    let mut outcome = save(&tree, &tree, &selection, flags, how, terminal);
    // Releases that exist no more are nobody's who names some.
    if let Some(chosen) = selection.whole() {
        for path in orphans(&tree, &selection.project, &chosen) {
            if prune {
                super::snapshots::remove(&path)?;
                outcome.said.push(("removed", path));
            } else {
                outcome.said.push(("orphan", path));
                outcome.stale |= check;
            }
        }
    }
    outcome.finish(check, terminal)
}

/// What snapshots hold of Secrets.
pub(super) fn sealed(matches: &ArgMatches, project: &Project) -> Sealed {
    let plain = matches.try_contains_id("with-secrets").unwrap_or(false) && on(matches, "with-secrets");
    match project.secrets {
        _ if plain => Sealed::Plain,
        Secrets::Digest => Sealed::Digest,
        Secrets::Omit => Sealed::Omit,
    }
}

/// How snapshots are made.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// What they hold of Secrets.
    pub(super) sealed: Sealed,
    /// Whether nothing is written.
    pub(super) check: bool,
    /// Whether a snapshot that is there says by itself what it holds of Secrets, `crds/` and tests.
    pub(super) follows: bool,
}

/// What was done, or would have to be.
#[derive(Default)]
pub(super) struct Saved {
    /// A word and a path each.
    pub(super) said: Vec<(&'static str, String)>,
    /// Whether a snapshot is not what it would be.
    pub(super) stale: bool,
    /// Whether anything was written.
    pub(super) wrote: bool,
    pub(super) failures: Vec<Error>,
    failed: Vec<String>,
    jobs: usize,
}

impl Saved {
    /// Tells it: paths on stdout, failures as an error.
    pub(super) fn finish(mut self, check: bool, terminal: &mut Terminal) -> Result<(), Error> {
        let mut out = String::new();
        for (word, path) in &self.said {
            // Nothing is said of what is as it should be, where only that is asked.
            if !check || *word != "unchanged" {
                out.push_str(&format!("{path}: {word}\n"));
            }
        }
        terminal.print(out.as_bytes())?;
        terminal.failed |= self.stale;
        if self.jobs > 1 && !self.failed.is_empty() {
            let verb = if check { "checked" } else { "saved" };
            let message =
                format!("{} of {} releases were not {verb}: {}", self.failed.len(), self.jobs, self.failed.join(", "));
            self.failures.push(Diagnostic::own(message).into());
        }
        if self.failures.is_empty() {
            return Ok(());
        }
        Err(failures::all(&self.failures))
    }
}

/// Renders what `from` holds and writes the snapshots to disk, or only looks whether they are up to date.
pub(super) fn save(
    from: &(dyn Tree + Sync),
    disk: &dyn Tree,
    selection: &Selection,
    mut flags: Flags<'_>,
    how: How,
    terminal: &mut Terminal,
) -> Saved {
    let asked = [flags.include_crds, flags.include_tests];
    if how.follows {
        (flags.include_crds, flags.include_tests) = (true, true);
    }
    let flags = &flags;
    let jobs = Job::all(selection);
    let several = selection.environments.len() > 1;
    let mut outcome = Saved { jobs: jobs.len(), ..Saved::default() };
    let mut claims = Claims::default();
    let mut before = "";
    let mut next = jobs.iter();
    terminal.begin(jobs.len());
    Job::render_all(&jobs, from, flags, |done| {
        terminal.advance();
        let Some(job) = next.next() else { return };
        if before != job.environment.name.text {
            (claims, before) = (Claims::default(), &job.environment.name.text);
        }
        let Done { mut rendered, error } = done;
        terminal.hide(&rendered.secrets);
        rendered.warnings.iter().for_each(|warning| terminal.say(warning));
        let result = match error {
            Some(error) => Err(error),
            None => one(from, disk, job, &mut rendered, &mut claims, flags.seed.is_some(), asked, how),
        };
        match result {
            Ok((word, path)) => {
                outcome.stale |= how.check && word != "unchanged";
                outcome.wrote |= word == "written";
                outcome.said.push((word, path));
            }
            Err(mut error) => {
                if jobs.len() > 1 {
                    failures::of_release(&mut error, &job.release.key.text, &job.environment.name.text);
                }
                outcome.failures.push(error);
                outcome.failed.push(job.shown(several));
            }
        }
    });
    terminal.end(flags);
    outcome
}

/// One snapshot: what was done to it, and its path.
#[allow(clippy::too_many_arguments)]
fn one(
    from: &dyn Tree,
    disk: &dyn Tree,
    job: &Job<'_>,
    rendered: &mut Rendered,
    claims: &mut Claims,
    is_seeded: bool,
    [mut crds, mut tests]: [bool; 2],
    How { mut sealed, check, follows }: How,
) -> Result<(&'static str, String), Error> {
    let path = snapshots::path(job.project, job.environment, job.release);
    let old = disk.read(&path);
    if follows {
        if let Some(snapshot) = old.as_ref().ok().and_then(|old| saved::read(old, &path).ok()) {
            (crds, tests) = (snapshot.header.crds, snapshot.header.tests);
            if snapshot.header.secrets == Sealed::Plain {
                sealed = Sealed::Plain;
            }
        }
        if !crds {
            rendered.manifests.crds.clear();
        }
        if !tests {
            rendered.manifests.hooks.retain(|hook| !hook.events.contains(&Event::Test));
        }
    }
    let key = &job.release.key.text;
    if let Some(clash) = claims.claim(key, &rendered.namespace, &rendered.manifests) {
        return Err(super::fleet::clashing(Some(job.project), key, &clash));
    }
    if sealed == Sealed::Plain && rendered.drawn && !is_seeded {
        let message = format!("what release `{key}` holds follows from chance, and another apply would draw another");
        return Err(Diagnostic::own(message)
            .hint("give `--seed N` beside `--with-secrets`, or leave `--with-secrets` out")
            .into());
    }
    let installation = job.project.installation(from, job.environment, job.release)?;
    check_outside(from, job.project, &installation.chart, &path)?;
    let text = snapshot(from, job, rendered, [crds, tests], sealed);
    if old.as_ref().is_ok_and(|old| **old == *text) {
        return Ok(("unchanged", path));
    }
    if check {
        let word = match old {
            Err(error) if error.missing => "missing",
            Err(_) => "damaged",
            Ok(old) => match saved::read(&old, &path) {
                Ok(snapshot) if snapshot.damage.is_none() => {
                    // Another system's line ends are no change.
                    if saved::digest([&*old]) == saved::digest([&*text]) { "unchanged" } else { "out of date" }
                }
                _ => "damaged",
            },
        };
        return Ok((word, path));
    }
    snapshots::write(&path, &text)?;
    Ok(("written", path))
}

/// The text of a release's snapshot.
fn snapshot(
    tree: &dyn Tree,
    job: &Job<'_>,
    rendered: &mut Rendered,
    [crds, tests]: [bool; 2],
    sealed: Sealed,
) -> Vec<u8> {
    if sealed != Sealed::Plain {
        seal(&mut rendered.manifests, &rendered.namespace, &rendered.secrets, sealed);
    }
    let name = |input: &Input| match input.kind {
        InputKind::File => from_project(tree, job.project, &input.name),
        InputKind::Setting | InputKind::Flag => input.name.clone(),
    };
    // Whoever has a digest of all that goes in can try what a weak password would make of it.
    let inputs = match sealed {
        Sealed::Omit => secret::OMITTED.to_owned(),
        _ => saved::digest(rendered.inputs.iter().map(|input| &*input.text)),
    };
    let header = Header {
        chart: rendered.chart.clone(),
        environment: job.environment.name.text.clone(),
        release: rendered.name.clone(),
        namespace: rendered.namespace.clone(),
        layers: rendered.inputs.iter().map(name).collect(),
        secrets: sealed,
        crds,
        tests,
        inputs,
    };
    saved::write(&header, &rendered.manifests)
}

/// Puts digests, or nothing, in the place of the values of Secrets; and in the place of what came from encrypted layers
/// wherever it stands.
pub(super) fn seal(manifests: &mut Manifests, namespace: &str, secrets: &[Str], sealed: Sealed) {
    let how = match sealed {
        Sealed::Plain => return,
        Sealed::Digest => secret::Sealing::Digest,
        Sealed::Omit => secret::Sealing::Omit,
    };
    for text in manifests.texts_mut() {
        if let Some(new) = secret::seal(text, namespace, how) {
            *text = new;
        }
    }
    manifests.veil(secrets, sealed == Sealed::Digest);
}

/// A path as the project's folder knows it.
fn from_project(tree: &dyn Tree, project: &Project, path: &str) -> String {
    let (home, file) = (tree.absolute(&project.folder), tree.absolute(path));
    let (home, file): (Vec<&str>, Vec<&str>) = (home.split('/').collect(), file.split('/').collect());
    let shared = home.iter().zip(&file).take_while(|(a, b)| a == b).count();
    let up = home.len() - shared;
    // What shares no folder but the root is the machine's own.
    if shared <= 1 {
        return path.rsplit('/').next().unwrap_or(path).to_owned();
    }
    let parts = std::iter::repeat_n("..", up).chain(file.into_iter().skip(shared));
    clean(&parts.collect::<Vec<_>>().join("/"))
}
