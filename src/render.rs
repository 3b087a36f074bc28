//! The straight path: a chart, what the user said of its values, a release → manifests.

use crate::chart::{self, Chart, Defaults};
use crate::diagnostic::{Diagnostic, Error};
use crate::engine::{CompiledChart, ParsedTexts, Release, Rendered};
use crate::go::semver;
use crate::go::slog::{Level, line};
use crate::manifest::{self, Manifests, arrange, postrender};
use crate::shelf::{Digest, Shelf};
use crate::tree::Tree;
use crate::value::{MapRef, Str, Value};
use crate::values::{self, Layers, Live};
use crate::world::World;

/// What to render.
#[derive(Debug, Clone)]
pub struct Request {
    /// The chart: a folder or an archive in the tree.
    pub chart: String,
    /// The release that it becomes.
    pub release: Release,
    /// Whether `crds/` are wanted.
    pub include_crds: bool,
    /// Whether it is told that a chart has `crds/`: a cluster is asked that may not have them yet.
    pub warn_of_crds: bool,
    /// Whether values.schema.json is left alone.
    pub skip_schema_validation: bool,
    /// Whether templates in charts' `tera/` are rendered, which Helm leaves alone.
    pub tera: bool,
}

/// What came of it, failed or not.
#[derive(Default)]
pub struct Outcome {
    /// The manifests, when all went well.
    pub manifests: Manifests,
    /// The chart's name and version, once it is loaded: `shop 0.1.0`.
    pub chart: String,
    /// The digest of the chart's files, if a shelf knows it.
    pub chart_digest: Option<Digest>,
    /// What the templates made, when it could not be arranged: what `--debug` shows.
    pub rendered: Vec<Rendered>,
    /// Whether the failure is of the chart's templates or later: Helm then tells of `--debug`.
    pub release_exists: bool,
}

/// Renders a chart.
///
/// # Errors
/// Whatever is wrong with the chart, the values or what came of them. `outcome` tells how far it went.
pub fn render(
    tree: &dyn Tree,
    request: &Request,
    user: &MapRef,
    layers: Layers,
    world: &mut World,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let loaded = chart::load(tree, &request.chart, &mut world.warnings)?;
    render_loaded(&loaded.chart, &loaded.defaults, None, request, user, layers, world, outcome)?;
    if world.ends {
        std::mem::forget(loaded);
    }
    Ok(())
}

/// Renders a chart that may have been rendered before: what was read and parsed of it is taken from the shelf, or put there.
///
/// # Errors
/// The same.
pub fn render_shelved(
    shelf: &Shelf,
    tree: &dyn Tree,
    request: &Request,
    user: &MapRef,
    layers: Layers,
    world: &mut World,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let Some((shelved, defaults)) = shelf.chart(tree, &request.chart, &mut world.warnings)? else {
        return render(tree, request, user, layers, world, outcome);
    };
    outcome.chart_digest = shelved.digest;
    render_loaded(&shelved.chart, &defaults, Some(&shelved.parsed), request, user, layers, world, outcome)
}

#[allow(clippy::too_many_arguments)]
fn render_loaded(
    chart: &Chart,
    defaults: &Defaults,
    parsed: Option<&ParsedTexts>,
    request: &Request,
    user: &MapRef,
    mut layers: Layers,
    world: &mut World,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    layers.add_chart(chart);
    outcome.chart = format!("{} {}", chart.metadata.name, chart.metadata.version);
    chart::check_installable(chart, &mut world.warnings)?;
    check_release_name(&request.release.name, &mut world.warnings)?;
    let resolved = values::resolve_telling(chart, defaults, user, &mut world.warnings, |root| {
        let words = "This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies.";
        (request.warn_of_crds && has_crds(root)).then(|| line(Level::Warn, words, &[]))
    })?;
    if world.debug && !request.skip_schema_validation {
        log_charts(&resolved.root, &resolved.values, &mut world.warnings);
    }
    #[cfg(feature = "schema")]
    if !request.skip_schema_validation {
        values::validate(&resolved.root, &resolved.values, &layers, world)?;
    }
    outcome.release_exists = true;
    check_kube_version(&resolved.root, &request.release)?;
    let (values, release) = (&resolved.values, &request.release);
    let compiled = CompiledChart::compile_again(&resolved.root, values, release, request.tera, parsed)?;
    let mut rendered = compiled.render(world, &layers, false)?;
    if world.ends {
        std::mem::forget(compiled);
    }
    let arranged = match world.post_renderer.take() {
        None => arrange(&rendered, &mut world.warnings),
        Some(program) => {
            let output = (program.0)(postrender::merge(&rendered)?, &mut world.warnings)?;
            rendered = postrender::separate(&output)?;
            world.post_renderer = Some(program);
            postrender::arrange(&rendered, &mut world.warnings)
        }
    };
    match arranged {
        Ok(manifests) => outcome.manifests = manifests,
        Err(broken) => {
            // What a post-renderer wrote cannot be traced to a template.
            let traced = match world.post_renderer {
                None => traced(chart, defaults, request, user, &layers, world).unwrap_or_default(),
                Some(_) => Vec::new(),
            };
            let error = match rendered.get(broken.file) {
                Some(plain) => manifest::explain(&broken, plain, traced.iter().find(|file| file.name == plain.name)),
                None => Error::helm(broken.error.message),
            };
            outcome.rendered = rendered;
            outcome.manifests.hooks = broken.hooks;
            return Err(error);
        }
    }
    if request.include_crds {
        add_crds(&resolved.root, &mut outcome.manifests.crds);
    }
    if world.ends {
        std::mem::forget((resolved, rendered));
    }
    Ok(())
}

#[cfg(feature = "schema")]
fn log_schema(schema: &crate::diagnostic::Source, log: &mut Vec<String>) {
    // Bytes are quoted, whatever they hold.
    if values::is_json(&schema.text) {
        let words = line(Level::Debug, "unmarshalled JSON schema", &[]);
        log.push(format!("{words} schema={}", crate::go::quote::quoted(&schema.text)));
    }
}

#[cfg(not(feature = "schema"))]
fn log_schema(_: &crate::diagnostic::Source, _: &mut Vec<String>) {}

/// What Helm logs of the charts while it validates their values.
fn log_charts(chart: &Live<'_>, values: &MapRef, log: &mut Vec<String>) {
    if let Some(schema) = &chart.chart().schema {
        log.push(line(Level::Debug, "chart name", &[("chart-name", chart.name())]));
        log_schema(schema, log);
    }
    let count = chart.subcharts().len().to_string();
    let what = [("chart", chart.name()), ("dependencies", count.as_str())];
    log.push(line(Level::Debug, "number of dependencies in the chart", &what));
    for sub in chart.subcharts() {
        if let Some(Value::Map(_, values)) = values.get(sub.name()) {
            log_charts(sub, &values, log);
        }
    }
}

/// The same once more, knowing which action wrote what: time and chance are replayed, values made anew, since
/// templates change them.
fn traced(
    chart: &Chart,
    defaults: &Defaults,
    request: &Request,
    user: &MapRef,
    layers: &Layers,
    world: &mut World,
) -> Option<Vec<Rendered>> {
    let resolved = values::resolve(chart, defaults, user, &mut Vec::new()).ok()?;
    let compiled = CompiledChart::compile(&resolved.root, &resolved.values, &request.release, request.tera).ok()?;
    let warnings = std::mem::take(&mut world.warnings);
    world.replay();
    let rendered = compiled.render(world, layers, true).ok();
    world.warnings = warnings;
    rendered
}

/// Helm's rule for names of releases (Helm: chartutil.ValidateReleaseName).
fn check_release_name(name: &str, log: &mut Vec<String>) -> Result<(), Error> {
    let words = if name.is_empty() {
        "no name provided"
    } else if !Release::is_name(name) {
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the \
         length must not be longer than 53"
    } else {
        return Ok(());
    };
    let words = format!("release name {}: {words}", crate::go::quote::quoted(name.as_bytes()));
    log.push(line(Level::Error, "release name check failed", &[("error", &words)]));
    Err(Diagnostic::new(
        format!("`{name}` cannot be the name of a release"),
        format!("release name check failed: {words}"),
    )
    .hint("use lower-case letters, digits, `-` and `.`, at most 53 characters")
    .into())
}

fn check_kube_version(chart: &Live<'_>, release: &Release) -> Result<(), Error> {
    let wanted = &chart.metadata().kube_version;
    if wanted.is_empty() {
        return Ok(());
    }
    let given = &release.kube_version;
    let fits = semver::Constraint::parse(wanted.as_bytes())
        .ok()
        .zip(semver::Version::parse(given.normalized.as_bytes()).ok())
        .is_some_and(|(constraint, version)| constraint.check(&version));
    if fits {
        return Ok(());
    }
    Err(Diagnostic::new(
        format!("chart `{}` wants Kubernetes {wanted}, and this is {}", chart.name(), given.version),
        format!("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {}", given.version),
    )
    .hint("pass `--kube-version` with the version of your cluster")
    .into())
}

fn has_crds(chart: &Live<'_>) -> bool {
    chart.chart().crds().next().is_some() || chart.subcharts().iter().any(has_crds)
}

fn add_crds(chart: &Live<'_>, crds: &mut Vec<(String, Str)>) {
    for file in chart.chart().crds() {
        crds.push((format!("{}/{}", chart.path(), file.name), file.data().clone()));
    }
    for sub in chart.subcharts() {
        add_crds(sub, crds);
    }
}
