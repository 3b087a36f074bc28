//! A release of a project, or a chart by itself, rendered; what follows from chance is found by rendering twice.

use super::kept::Kept;
use crate::cache::{self, Cache};
use crate::cluster::Lookup;
use crate::diagnostic::Error;
use crate::engine::{KubeVersion, Release as HelmRelease};
use crate::go::time::local_zone;
use crate::manifest::overrides::{Matches, Scope, apply};
use crate::manifest::{Event, Manifests, chance};
use crate::project::{Environment, Installation, Project, Release};
use crate::render::{Outcome, Request, render_shelved};
use crate::shelf::{Digest, Shelf};
use crate::text::Str;
use crate::tree::Tree;
use crate::value::MapRef;
use crate::values::explain::Explanation;
use crate::values::{self, Layer, Layers, ValueOptions};
use crate::world::{Decrypt, World};
use std::sync::Arc;

/// The namespace of a release: from what the project says of it and the context that guards its environment.
pub type Namespace<'a> = dyn Fn(Option<&str>, Option<&str>) -> String + Sync + 'a;

/// The time when a seed is given, in nanoseconds since the epoch: the beginning of 2026.
const FIXED: i128 = 1_767_225_600_000_000_000;

/// How much later the second render is: year, month, day, weekday, hour, minute and second are all others then.
const LATER: i128 = (398 * 86_400 + 3_661) * 1_000_000_000 + 123_456_789;

/// A cluster that is rendered for, and what of a release is there already.
pub struct Ground {
    /// The cluster's version.
    pub kube_version: KubeVersion,
    /// Its API versions, and the kinds in them.
    pub api_versions: Arc<Vec<String>>,
    /// Who answers `lookup`.
    pub lookup: Arc<dyn Lookup>,
    /// The revision that would be made.
    pub revision: i64,
    /// Whether the release would be upgraded, not installed.
    pub is_upgrade: bool,
    /// The revision that would be upgraded, and the keys of the values that it was given.
    pub last_values: (i64, Vec<String>),
}

/// Finds the cluster for a release: its name, its namespace, and the context that guards its environment.
pub type Onto<'a> = dyn Fn(&str, &str, Option<&str>) -> Result<Ground, Error> + Sync + 'a;

/// What flags say of a render, over what a project says.
pub struct Flags<'a> {
    /// Values, over all layers of a project.
    pub values: ValueOptions,
    /// The cluster's version.
    pub kube_version: Option<KubeVersion>,
    /// API versions beyond those that Helm knows.
    pub api_versions: Vec<String>,
    /// Whether the release is upgraded, not installed.
    pub is_upgrade: bool,
    /// Whether `crds/` are wanted.
    pub include_crds: bool,
    /// Whether it is told that a chart has `crds/`.
    pub warn_of_crds: bool,
    /// Whether hooks that are tests are wanted.
    pub include_tests: bool,
    /// Whether values.schema.json is left alone.
    pub skip_schema_validation: bool,
    /// Whether templates in charts' `tera/` are rendered.
    pub tera: bool,
    /// Whether a project's overrides apply.
    pub overrides: bool,
    /// Whether it is rendered to be compared or stored: texts are brought into one form, and what follows from chance or time
    /// is found and marked. Else all is as Helm prints it.
    pub is_compared: bool,
    /// Fixes chance and time.
    pub seed: Option<u64>,
    /// Finds the namespace.
    pub namespace: Box<Namespace<'a>>,
    /// Makes the outside of a render.
    pub world: Box<dyn Fn() -> World + Sync + 'a>,
    /// Decrypts layers.
    pub decrypt: Option<Decrypt>,
    /// Charts that renders share.
    pub shelf: Arc<Shelf>,
    /// Where results are kept, if anywhere.
    pub cache: Option<Arc<Cache>>,
    /// How many renders run at once; without it as many as there are cores.
    pub at_once: Option<usize>,
    /// The cluster that is rendered for; without one Helm's assumptions hold.
    pub onto: Option<Box<Onto<'a>>>,
}

/// What came of a render.
#[derive(Debug, Default)]
pub struct Rendered {
    /// What is applied; what follows from chance or time is marked.
    pub manifests: Manifests,
    /// The release's name for Helm.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Name and version of the chart.
    pub chart: String,
    /// The layers over the chart's defaults, lowest first.
    pub inputs: Vec<Input>,
    /// Which overrides matched.
    pub matches: Matches,
    /// What Helm would log.
    pub warnings: Vec<String>,
    /// What must not be told.
    pub secrets: Vec<Str>,
    /// Whether time or chance was drawn upon.
    pub drawn: bool,
    /// Whether the failure is of the chart's templates or later.
    pub release_exists: bool,
}

impl Rendered {
    /// What its texts take, in bytes.
    #[cfg(feature = "cli")]
    pub(crate) fn size(&self) -> usize {
        let inputs = self.inputs.iter().map(|input| input.text.len());
        self.manifests.size() + inputs.chain(self.warnings.iter().map(String::len)).sum::<usize>()
    }
}

/// A layer of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// A file's path as the shell knows it, a flag's name, `set` and a key.
    pub name: String,
    /// What it says.
    pub text: Str,
}

/// What a layer of values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A file.
    File,
    /// An entry of `set` in rhelm.yaml.
    Setting,
    /// A flag.
    Flag,
}

/// A render that is made to learn what a change of values does.
pub struct Trial<'a> {
    /// The change, after all layers.
    pub change: &'a dyn Fn(&MapRef),
    /// Whether what follows from chance or time is found and marked.
    pub is_marked: bool,
}

/// What can be rendered, and be asked where its values come from.
#[derive(Clone)]
pub enum Rendering<'a> {
    /// A release of a project in an environment.
    Installed {
        /// Where its files are.
        tree: &'a (dyn Tree + Sync),
        /// The project.
        project: &'a Project,
        /// The environment.
        environment: &'a Environment,
        /// The release.
        release: &'a Release,
        /// A chart in the place of the release's own.
        chart: Option<String>,
    },
    /// A chart by itself.
    Chart {
        /// Where its files are.
        tree: &'a (dyn Tree + Sync),
        /// Its path.
        path: String,
        /// The release's name.
        name: String,
    },
}

impl Rendering<'_> {
    /// Renders it, maybe with a change of the user's values.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn render(&self, flags: &Flags<'_>, trial: Option<&Trial<'_>>, rendered: &mut Rendered) -> Result<(), Error> {
        match self {
            Rendering::Installed { tree, project, environment, release, chart } => {
                let installation = with_chart(*tree, project, environment, release, flags, chart.as_deref())?;
                put_up(*tree, project, &installation, flags, trial, rendered)
            }
            Rendering::Chart { tree, path, name } => chart(*tree, path, name, flags, trial, rendered),
        }
    }

    /// Its merged values, and where each comes from.
    ///
    /// # Errors
    /// The chart or the values cannot be read.
    pub fn explained<T>(
        &self,
        flags: &Flags<'_>,
        then: impl FnOnce(&Explanation<'_, '_>, &MapRef) -> T,
    ) -> Result<T, Error> {
        let (tree, path, options) = match self {
            Rendering::Installed { tree, project, environment, release, chart } => {
                let installation = with_chart(*tree, project, environment, release, flags, chart.as_deref())?;
                let (options, _) = layered(project, &installation, flags);
                (*tree, installation.chart, options)
            }
            Rendering::Chart { tree, path, .. } => (*tree, crate::chart::locate(*tree, path)?, flags.values.clone()),
        };
        let (user, layers) = options.read(tree)?;
        let loaded = crate::chart::load(tree, &path, &mut Vec::new())?;
        let resolved = values::resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new())?;
        let explanation = Explanation::new(&resolved.root, &resolved.values, &layers, &user, tree);
        Ok(then(&explanation, &resolved.values))
    }
}

/// The values of an installation under the flags, and its namespace.
fn layered(project: &Project, installation: &Installation<'_>, flags: &Flags<'_>) -> (ValueOptions, String) {
    let namespace = (flags.namespace)(installation.namespace.as_deref(), installation.kube_context.as_deref());
    let mut options = flags.values.clone();
    options.folder = Some(project.folder.clone());
    options.below = installation.layers.iter().map(|layer| layer.input.clone()).collect();
    options.templating = Some(project.templating(installation, &namespace, (flags.world)().variables));
    options.decrypt = flags.decrypt;
    (options, namespace)
}

/// A release of a project in an environment.
///
/// # Errors
/// It does not exist there; whatever is wrong with its chart, its values or what came of them. Warnings are in `rendered` in
/// any case.
pub fn installed(
    tree: &dyn Tree,
    project: &Project,
    environment: &Environment,
    release: &Release,
    flags: &Flags<'_>,
    rendered: &mut Rendered,
) -> Result<(), Error> {
    let installation = with_chart(tree, project, environment, release, flags, None)?;
    rendered.warnings.extend(installation.warnings.iter().cloned());
    put_up(tree, project, &installation, flags, None, rendered)
}

/// An installation, maybe of another chart.
fn with_chart<'p>(
    tree: &dyn Tree,
    project: &'p Project,
    environment: &'p Environment,
    release: &'p Release,
    flags: &Flags<'_>,
    chart: Option<&str>,
) -> Result<Installation<'p>, Error> {
    let mut installation = project.installation_under(tree, environment, release, &flags.values)?;
    if let Some(chart) = chart {
        installation.chart = crate::chart::locate(tree, chart)?;
    }
    Ok(installation)
}

fn put_up(
    tree: &dyn Tree,
    project: &Project,
    installation: &Installation<'_>,
    flags: &Flags<'_>,
    trial: Option<&Trial<'_>>,
    rendered: &mut Rendered,
) -> Result<(), Error> {
    let (options, namespace) = layered(project, installation, flags);
    let mut api_versions = installation.api_versions.clone();
    api_versions.extend(flags.api_versions.iter().cloned());
    let mut request = Request {
        chart: installation.chart.clone(),
        release: HelmRelease {
            name: installation.release.name().to_owned(),
            namespace,
            is_upgrade: flags.is_upgrade,
            kube_version: flags.kube_version.clone().or_else(|| installation.kube_version.clone()).unwrap_or_default(),
            api_versions,
            served: None,
            revision: 1,
        },
        include_crds: flags.include_crds,
        warn_of_crds: flags.warn_of_crds,
        skip_schema_validation: flags.skip_schema_validation,
        tera: flags.tera,
    };
    let ground = grounded(&mut request.release, flags, installation.kube_context.as_deref())?;
    let scope = Scope { release: &installation.release.key.text, namespace: &request.release.namespace };
    let mut matches = Matches::default();
    let swap = |manifests: &mut Manifests, matches: &mut Matches| match flags.overrides {
        true => apply(manifests, &installation.overrides, scope, matches),
        false => Ok(()),
    };
    let result = drawn(
        tree,
        &Asked { request: &request, ground, options: &options, trial },
        flags,
        &mut |m| swap(m, &mut matches),
        rendered,
    );
    rendered.matches = matches;
    result
}

/// A chart by itself.
///
/// # Errors
/// Whatever is wrong with it, the values or what came of them.
pub fn chart(
    tree: &dyn Tree,
    chart: &str,
    name: &str,
    flags: &Flags<'_>,
    trial: Option<&Trial<'_>>,
    rendered: &mut Rendered,
) -> Result<(), Error> {
    let mut request = Request {
        chart: crate::chart::locate(tree, chart)?,
        release: HelmRelease {
            name: name.to_owned(),
            namespace: (flags.namespace)(None, None),
            is_upgrade: flags.is_upgrade,
            kube_version: flags.kube_version.clone().unwrap_or_default(),
            api_versions: flags.api_versions.clone(),
            served: None,
            revision: 1,
        },
        include_crds: flags.include_crds,
        warn_of_crds: flags.warn_of_crds,
        skip_schema_validation: flags.skip_schema_validation,
        tera: flags.tera,
    };
    let ground = grounded(&mut request.release, flags, None)?;
    let asked = Asked { request: &request, ground, options: &flags.values, trial };
    drawn(tree, &asked, flags, &mut |_| Ok(()), rendered)
}

/// Puts a release on the ground of a cluster, if it is rendered for one.
fn grounded(release: &mut HelmRelease, flags: &Flags<'_>, context: Option<&str>) -> Result<Option<Ground>, Error> {
    let Some(onto) = &flags.onto else { return Ok(None) };
    let ground = onto(&release.name, &release.namespace, context)?;
    release.kube_version.clone_from(&ground.kube_version);
    release.served = Some(ground.api_versions.clone());
    release.revision = ground.revision;
    release.is_upgrade = ground.is_upgrade;
    Ok(Some(ground))
}

/// An upgrade that is given no values keeps the last ones (Helm: pkg/action/upgrade.go, reuseValues). What a release is declared
/// to be is compared without them: else nobody would see that somebody set them.
fn kept_by_helm(ground: &Ground, name: &str, user: &MapRef) -> Option<String> {
    let (revision, keys) = &ground.last_values;
    (user.is_empty() && !keys.is_empty()).then(|| {
        format!(
            "warning: `{name}` is given no values, and compared so; Helm would keep those of revision {revision} ({}), unless \
             upgraded with --reset-values",
            keys.join(", ")
        )
    })
}

/// A render.
struct Asked<'a> {
    request: &'a Request,
    ground: Option<Ground>,
    options: &'a ValueOptions,
    trial: Option<&'a Trial<'a>>,
}

/// Renders, and once more with other chance and another time where the chart draws upon them.
fn drawn(
    tree: &dyn Tree,
    Asked { request, ground, options, trial }: &Asked<'_>,
    flags: &Flags<'_>,
    swap: &mut dyn FnMut(&mut Manifests) -> Result<(), Error>,
    rendered: &mut Rendered,
) -> Result<(), Error> {
    let mut finish = |mut manifests: Manifests| {
        swap(&mut manifests)?;
        if !flags.include_tests {
            manifests.hooks.retain(|hook| !hook.events.contains(&Event::Test));
        }
        if flags.is_compared {
            manifests.settle();
        }
        Ok(manifests)
    };
    let mut once = |world: &mut World, rendered: &mut Rendered| -> Result<Manifests, Error> {
        let key = match (&flags.cache, trial) {
            (Some(cache), None) => key(cache, tree, request, options, world),
            _ => None,
        };
        if let (Some(cache), Some((digest, layers))) = (&flags.cache, &key)
            && let Some(kept) = cache.get(&digest.result).and_then(|data| Kept::decode(&data))
        {
            rendered.inputs.clone_from(layers);
            rendered.warnings.extend(kept.warnings);
            (rendered.chart, rendered.release_exists) = (kept.chart, true);
            return finish(kept.manifests);
        }
        let mut secrets = Vec::new();
        let read = options.read_telling(tree, &mut secrets);
        rendered.secrets = secrets;
        let (user, layers) = read?;
        if let Some(ground) = ground {
            rendered.warnings.extend(kept_by_helm(ground, &request.release.name, &user));
        }
        if let Some(trial) = trial {
            (trial.change)(&user);
        }
        rendered.inputs = inputs(&layers);
        let mut outcome = Outcome::default();
        let result = render_shelved(&flags.shelf, tree, request, &user, layers, world, &mut outcome);
        let Outcome { manifests, chart, chart_digest, release_exists, .. } = outcome;
        let kept = Kept { manifests, chart, warnings: std::mem::take(&mut world.warnings) };
        if let (Some(cache), Some((digest, layers)), true) = (&flags.cache, &key, result.is_ok() && !world.drawn)
            && !world.read_outside
            && *layers == rendered.inputs
            && chart_digest == Some(digest.chart)
        {
            cache.put(&digest.result, &kept.encode());
        }
        rendered.warnings.extend(kept.warnings);
        (rendered.chart, rendered.release_exists) = (kept.chart, release_exists);
        result?;
        finish(kept.manifests)
    };
    rendered.name.clone_from(&request.release.name);
    rendered.namespace.clone_from(&request.release.namespace);
    let outside = || {
        let mut world = (flags.world)();
        if let Some(ground) = ground {
            world.lookup = Some(ground.lookup.clone());
        }
        world
    };
    let mut world = outside();
    if let Some(seed) = flags.seed {
        (world.seed, world.now) = (Some(seed), Some(FIXED));
    } else if flags.is_compared {
        // What is not marked below must be the same in each run. Nothing secret hangs on it: what chance makes is marked.
        world.seed = Some(0);
    }
    rendered.manifests = once(&mut world, rendered)?;
    rendered.drawn = world.drawn;
    let is_marked = flags.is_compared && trial.is_none_or(|trial| trial.is_marked);
    if !world.drawn || flags.seed.is_some() || !is_marked {
        return Ok(());
    }
    let mut other = outside();
    (other.seed, other.inverted) = (Some(0), true);
    other.now = Some(world.first_told().unwrap_or(FIXED) + LATER);
    let warnings = std::mem::take(&mut rendered.warnings);
    let second = once(&mut other, rendered);
    rendered.warnings = warnings;
    chance::mark(&mut rendered.manifests, &second?);
    Ok(())
}

/// What a render follows from, and the layers; none if that is not all: where a cluster, the network, another program or a
/// secret has a part in it.
fn key(
    cache: &Cache,
    tree: &dyn Tree,
    request: &Request,
    options: &ValueOptions,
    world: &World,
) -> Option<(Digests, Vec<Input>)> {
    if world.dns || world.debug || world.lookup.is_some() || world.post_renderer.is_some() {
        return None;
    }
    let inputs = inputs(&options.unread(tree)?);
    let chart = cache.chart(tree, &request.chart)?;
    let mut key = cache::key("render");
    key.add(&chart);
    key.add(format!("{request:?}").as_bytes());
    key.add(local_zone().as_bytes());
    for input in &inputs {
        key.add(format!("{:?}", input.kind).as_bytes());
        key.add(input.name.as_bytes());
        key.add(&input.text);
    }
    Some((Digests { chart, result: key.digest() }, inputs))
}

/// By what a result is kept.
struct Digests {
    /// The chart's.
    chart: Digest,
    /// That of all that it follows from.
    result: Digest,
}

/// What the layers over the chart's defaults are. A flag or a setting is named without what it says.
fn inputs(layers: &Layers) -> Vec<Input> {
    let of = |layer: &Layer| {
        let (kind, name, text) = match layer {
            Layer::Chart { .. } => return None,
            Layer::File { source } | Layer::Encrypted { source, .. } => (InputKind::File, &source.path, &source.text),
            Layer::Template(file) => (InputKind::File, &file.source.path, &file.rendered.text),
            Layer::Set { source, .. } => (InputKind::Flag, &source.path, &source.text),
            Layer::Setting { argument, .. } => {
                let key = argument.split(|b| *b == b'=').next().unwrap_or_default();
                let name = format!("set {}", String::from_utf8_lossy(key));
                return Some(Input { kind: InputKind::Setting, name, text: argument.clone() });
            }
        };
        Some(Input { kind, name: name.clone(), text: text.clone() })
    };
    layers.layers().iter().filter_map(of).collect()
}
