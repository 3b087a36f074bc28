//! `rhelm template -e ENV`: releases of a project, rendered on all cores and printed in their order.

use super::args::{comma_list, on, text, texts};
use super::selection::Selection;
use super::sops;
use super::template::{Asked, Home, print_manifests};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::engine::{KubeVersion, Release as HelmRelease};
use crate::manifest::overrides::{Matches, Scope, apply, unmatched};
use crate::manifest::{Claims, Manifests};
use crate::project::{Environment, Installation, Project, Release};
use crate::render::{Outcome, Request, render};
use crate::text::Str;
use crate::tree::Disk;
use crate::world::World;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The stack of a thread that renders.
const STACK: usize = 8 * 1024 * 1024;

/// A release to render.
struct Job<'p> {
    project: &'p Project,
    environment: &'p Environment,
    release: &'p Release,
}

/// What became of it.
struct Done {
    namespace: String,
    manifests: Manifests,
    matches: Matches,
    warnings: Vec<String>,
    /// What must not be told.
    secrets: Vec<Str>,
    /// Whether Helm would tell of `--debug`.
    release_exists: bool,
    error: Option<Error>,
}

/// Renders what is selected.
pub(super) fn run(asked: &Asked<'_>, selection: &Selection, terminal: &mut Terminal) -> Result<(), Error> {
    let mut jobs = Vec::new();
    for (environment, releases, _) in selection.iter() {
        jobs.extend(releases.into_iter().map(|release| Job { project: &selection.project, environment, release }));
    }
    // A single release fails as it does for Helm.
    let single = jobs.len() == 1;
    let mut done = all(asked, &jobs, single);
    done.iter().for_each(|outcome| terminal.hide(&outcome.secrets));
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
            outcome.warnings.iter().for_each(|warning| terminal.say(warning));
            terminal.advise_debug = single && outcome.release_exists && !asked.debug;
            let result = match outcome.error {
                Some(error) => Err(error),
                None => match claims.claim(key, &outcome.namespace, &outcome.manifests) {
                    Some(clash) => Err(clashing(key, &clash)),
                    None if !is_printed => Ok(()),
                    None => {
                        let home = Home { environment: &environment.name.text, release: key };
                        print_manifests(asked, &outcome.manifests, Some(home), release.name(), terminal)
                    }
                },
            };
            if let Err(mut error) = result {
                if !single {
                    for diagnostic in error.diagnostics_mut() {
                        diagnostic.facts.push(format!("in release `{key}` of environment `{}`", environment.name.text));
                    }
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
    Err(Error::all(failures.iter().flat_map(|failure| failure.diagnostics().iter().cloned()).collect()))
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
        here.iter().for_each(|outcome| matches.add(&outcome.matches));
        let idle = unmatched(&selection.project.overrides(environment), &matches);
        if !whole {
            idle.iter().for_each(|diagnostic| terminal.warn(diagnostic));
        }
        all.push((whole && !idle.is_empty()).then(|| Error::all(idle)));
    }
    all
}

pub(super) fn clashing(key: &str, clash: &crate::manifest::Clash) -> Error {
    let mut message = format!("releases `{}` and `{key}` both render {}", clash.first, clash.object);
    if clash.object.has_namespace() {
        message.push_str(&format!(" into namespace `{}`", clash.object.namespace));
    }
    Diagnostic::own(message).fact(format!("`{key}` renders it from {}", clash.path)).into()
}

/// Renders all jobs, several at a time; what came of them in their order.
fn all(asked: &Asked<'_>, jobs: &[Job<'_>], single: bool) -> Vec<Done> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    if cores <= 1 {
        return jobs.iter().map(|job| one(asked, job, single)).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Done)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let work = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(i) else { return };
            let done = one(asked, job, false);
            match results.lock() {
                Ok(mut results) => results.push((i, done)),
                Err(poisoned) => poisoned.into_inner().push((i, done)),
            }
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..cores {
            started += usize::from(std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_ok());
        }
        if started == 0 {
            work();
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, done)| done).collect()
}

fn one(asked: &Asked<'_>, job: &Job<'_>, ends: bool) -> Done {
    let mut world = asked.world();
    world.ends = ends;
    let mut outcome = Outcome::default();
    let mut done = Done {
        namespace: String::new(),
        manifests: Manifests::default(),
        matches: Matches::default(),
        warnings: Vec::new(),
        secrets: Vec::new(),
        release_exists: false,
        error: None,
    };
    let result = attempt(asked, job, &mut world, &mut outcome, &mut done);
    done.warnings = std::mem::take(&mut world.warnings);
    done.release_exists = outcome.release_exists;
    done.error = result.err();
    done
}

fn attempt(
    asked: &Asked<'_>,
    job: &Job<'_>,
    world: &mut World,
    outcome: &mut Outcome,
    done: &mut Done,
) -> Result<(), Error> {
    let tree = Disk;
    let installation = job.project.installation(&tree, job.environment, job.release)?;
    let request = request(asked, &installation)?;
    done.namespace.clone_from(&request.release.namespace);
    let mut options = asked.values();
    options.below = installation.layers.iter().map(|layer| layer.input.clone()).collect();
    options.templating = Some(job.project.templating(&installation, &done.namespace, world.variables));
    options.decrypt = Some(sops::decrypt);
    let (user, layers) = options.read(&tree)?;
    if !on(asked.matches, "show-secrets") {
        done.secrets = layers.secrets();
    }
    render(&tree, &request, &user, layers, world, outcome)?;
    done.manifests = std::mem::take(&mut outcome.manifests);
    if asked.overrides {
        let scope = Scope { release: &job.release.key.text, namespace: &done.namespace };
        apply(&mut done.manifests, &installation.overrides, scope, &mut done.matches)?;
    }
    Ok(())
}

/// What to render for an installation: flags stand over what the project says.
pub(super) fn request(asked: &Asked<'_>, installation: &Installation<'_>) -> Result<Request, Error> {
    let matches = asked.matches;
    let kube_version = match text(matches, "kube-version").filter(|text| !text.is_empty()) {
        Some(version) => KubeVersion::parse(&version)?,
        None => installation.kube_version.clone().unwrap_or_default(),
    };
    let mut api_versions = installation.api_versions.clone();
    api_versions.extend(texts(matches, "api-versions").iter().flat_map(|list| comma_list(list)));
    Ok(Request {
        chart: installation.chart.clone(),
        release: HelmRelease {
            name: installation.release.name().to_owned(),
            namespace: super::template::namespace(
                matches,
                installation.namespace.as_deref(),
                installation.kube_context.as_deref(),
            ),
            is_upgrade: on(matches, "is-upgrade"),
            kube_version,
            api_versions,
        },
        include_crds: on(matches, "include-crds"),
        skip_schema_validation: on(matches, "skip-schema-validation"),
        tera: !on(matches, "no-tera"),
    })
}
