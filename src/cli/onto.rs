//! The clusters that are rendered for: their versions, `lookup`, and whether they would take what was rendered.

use super::connection::connection;
use super::stored::{connect, database, storage_over};
use super::terminal::Terminal;
use crate::cluster::{AT_ONCE, Api, Connection, Discovery, Kind, Lookup, Refusal, SavedObjects, Served};
use crate::cluster::{Target, aggregate, check_metadata, check_ownership, part, read, text, unsent};
use crate::database::Database;
use crate::diagnostic::{Diagnostic, Error};
use crate::engine::{KubeVersion, Release};
use crate::go::slog::{Level, line};
use crate::manifest::{Manifests, overrides, split};
use crate::release::{Record, Start, Storage, is_not_found, latest, start, start_from};
use crate::spread::spread;
use crate::subject::{Ground, Seen, Standing};
use crate::tree::{Disk, Tree};
use crate::value::Value;
use crate::yaml;
use clap::ArgMatches;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A cluster that answers.
#[derive(Clone)]
pub(super) struct Cluster {
    api: Arc<dyn Api>,
    discovery: Arc<Discovery>,
}

impl Cluster {
    /// The cluster, once it has answered.
    ///
    /// # Errors
    /// It cannot be reached.
    pub(super) fn reached(connection: &Connection, terminal: &mut Terminal) -> Result<Cluster, Error> {
        let found = Cluster::new(connection).and_then(|cluster| cluster.kube_version().map(|_| cluster));
        found.map_err(|error| {
            let words = format!("cluster reachability check failed: {}", error.helm_words());
            if terminal.speaks_helm() {
                terminal.say(&line(Level::Error, &words, &[]));
            }
            error.wrap_helm(|_| words.clone())
        })
    }

    fn new(connection: &Connection) -> Result<Cluster, Error> {
        Ok(Cluster { api: connect(connection)?, discovery: Arc::default() })
    }

    fn failed(&self, refusal: &Refusal) -> Error {
        refusal.diagnostic(self.api.server(), "").into()
    }

    /// Its version.
    ///
    /// # Errors
    /// It cannot be asked, or says what is none.
    pub(super) fn kube_version(&self) -> Result<KubeVersion, Error> {
        let map = self.discovery.version(self.api.as_ref()).map_err(|refusal| self.failed(&refusal))?;
        let mut version = KubeVersion::parse(&text(&map, "gitVersion"))?;
        (version.major, version.minor) = (text(&map, "major"), text(&map, "minor"));
        version.version = text(&map, "gitVersion");
        Ok(version)
    }

    /// Its API versions and their kinds.
    ///
    /// # Errors
    /// It cannot be asked.
    pub(super) fn api_versions(&self) -> Result<Arc<Vec<String>>, Error> {
        let found = self.discovery.api_versions(self.api.as_ref());
        found.map(Arc::new).map_err(|refusal| self.failed(&refusal))
    }

    /// Who answers `lookup`.
    pub(super) fn lookup(&self) -> Arc<dyn Lookup> {
        Arc::new(Served::new(self.api.clone(), self.discovery.clone()))
    }

    /// Whether it knows all kinds of the objects, and none of them belongs to somebody else (Helm: Install.RunWithContext).
    ///
    /// # Errors
    /// What it would refuse, or that it cannot be asked.
    pub(super) fn accepts(&self, manifests: &Manifests, release: &Release, take: bool) -> Result<(), Error> {
        let mut targets = self.targets(manifests, release)?;
        if release.is_upgrade {
            return Ok(());
        }
        // What is told is the first by its place, whichever the cluster answers first. Objects behind one without a name are
        // not asked for.
        let nameless = targets.iter().position(|(_, target)| target.name.as_deref() == Some(""));
        let nameless = nameless.map(|at| targets.split_off(at)).and_then(|rest| rest.into_iter().next());
        let found = spread(Some(AT_ONCE), &targets, |(_, target)| read(self.api.as_ref(), target));
        for ((kind, target), found) in targets.iter().zip(found) {
            let name = target.name.as_deref().unwrap_or_default();
            let namespace = target.namespace.as_deref().unwrap_or_default();
            let shown = format!("{kind} \"{name}\" in namespace \"{namespace}\"");
            match found {
                Err(Refusal { kind: Kind::NotFound, .. }) => {}
                Err(refusal) => {
                    let helm = format!(
                        "unable to continue with install: could not get information about the resource {shown}: "
                    );
                    return Err(refusal.diagnostic(self.api.server(), &helm).into());
                }
                Ok(_) if take => {}
                Ok(object) => {
                    if let Value::Map(_, object) = overrides::value(&object)
                        && let Err(why) = check_ownership(&object, &release.name, &release.namespace)
                    {
                        let helm = format!(
                            "unable to continue with install: {shown} exists and cannot be imported into the current \
                             release: {why}"
                        );
                        let message = format!("{shown} is in the cluster already, and not of this release");
                        return Err(Diagnostic::new(message, helm).fact(why).into());
                    }
                }
            }
        }
        let Some((kind, target)) = nameless else { return Ok(()) };
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let helm = format!(
            "unable to continue with install: could not get information about the resource {kind} \"\" in namespace \
             \"{namespace}\": resource name may not be empty"
        );
        Err(Diagnostic::new(format!("a {kind} has no name: whether it is there cannot be asked"), helm).into())
    }

    /// The objects that would be asked for and their kinds, lists taken apart.
    ///
    /// # Errors
    /// What cannot be sent to the cluster, or is of a kind that it does not know: all of it.
    fn targets(&self, manifests: &Manifests, release: &Release) -> Result<Vec<(String, Target)>, Error> {
        let mut refused = Vec::new();
        let mut unknown = false;
        let mut targets = Vec::new();
        let crds = manifests.crds.iter().flat_map(|(_, text)| split(text));
        for document in crds.chain(manifests.resources.iter().map(|resource| &*resource.text)) {
            let Ok(Value::Map(_, object)) = yaml::parse(document) else { continue };
            let kind = text(&object, "kind");
            let unsent = unsent(&object);
            if !unsent.is_empty() {
                // What cannot be sent ends the reading.
                refused.push(format!("error validating \"\": error validating data: {}", aggregate(&unsent)));
                break;
            }
            if let Err(why) = check_metadata(&object) {
                refused.push(format!("unable to decode \"\": {why}"));
                continue;
            }
            // A list stands for what is in it.
            let items = match object.get("items") {
                Some(Value::List(_, items)) if kind.ends_with("List") => Some(items),
                _ => None,
            };
            let is_list = items.is_some();
            let items = items.map_or_else(
                || vec![object.clone()],
                |items| {
                    let maps = items.iter().filter_map(|item| match item {
                        Value::Map(_, item) => Some(item.clone()),
                        _ => None,
                    });
                    maps.collect()
                },
            );
            for object in items {
                // Helm takes the core group's version where there is none.
                let api_version = Some(text(&object, "apiVersion")).filter(|text| !text.is_empty());
                let (api_version, kind) = (api_version.unwrap_or_else(|| "v1".to_owned()), text(&object, "kind"));
                let metadata = part(&object, "metadata");
                let field = |key| metadata.as_ref().map(|metadata| text(metadata, key)).unwrap_or_default();
                let (name, namespace) = (field("name"), field("namespace"));
                let found = match self.discovery.resource(self.api.as_ref(), &api_version, &kind) {
                    Ok(found) => found,
                    Err(Refusal { kind: Kind::NotFound, .. }) => None,
                    Err(refusal) => return Err(self.failed(&refusal)),
                };
                let Some(found) = found else {
                    unknown = true;
                    let none = format!("no matches for kind \"{kind}\" in version \"{api_version}\"");
                    refused.push(match is_list {
                        true => format!("unable to recognize {none}"),
                        false => format!(
                            "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"\": {none}\n\
                             ensure CRDs are installed first"
                        ),
                    });
                    continue;
                };
                if name.is_empty() && !field("generateName").is_empty() {
                    continue;
                }
                let place = if namespace.is_empty() { release.namespace.clone() } else { namespace };
                targets.push((kind, found.target(&api_version, Some(place), Some(name))));
            }
        }
        if !refused.is_empty() {
            let helm = format!("unable to build kubernetes objects from release manifest: {}", aggregate(&refused));
            let server = self.api.server();
            let message = match unknown {
                true => format!("the cluster at {server} does not know all kinds of these objects"),
                false => "these are no objects that a cluster could take".to_owned(),
            };
            let mut diagnostic = Diagnostic::new(message, helm);
            diagnostic.facts.extend(refused.iter().filter_map(|why| why.lines().next().map(str::to_owned)));
            if unknown {
                diagnostic = diagnostic.hint("install the custom resource definitions first");
            }
            return Err(diagnostic.into());
        }
        Ok(targets)
    }
}

/// Whether a server surely knows what `dryRun` means: from Kubernetes 1.18 on.
fn knows_dry_runs(version: &KubeVersion) -> bool {
    let number = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().unwrap_or_default();
    (number(&version.major), number(&version.minor)) >= (1, 18)
}

/// The clusters of a project, each reached when it is needed first, and asked once.
pub(super) struct Clusters<'m> {
    matches: &'m ArgMatches,
    reached: Mutex<HashMap<String, Arc<Reached>>>,
    /// Where releases are stored, if not there.
    database: Mutex<Option<Result<Arc<dyn Database>, Error>>>,
}

struct Reached {
    cluster: Cluster,
    known: Mutex<Known>,
}

/// What a cluster said.
#[derive(Default)]
struct Known {
    versions: Option<(KubeVersion, Arc<Vec<String>>)>,
    /// What there is of releases, by name and namespace; none of those that are not there.
    last: HashMap<(String, String), Option<Last>>,
}

/// What of a release an upgrade would begin with.
#[derive(Clone)]
struct Last {
    /// The last revision; 0 if no record can be read.
    revision: i64,
    /// The one that would be upgraded, and the keys of the values that it was given.
    values: (i64, Vec<String>),
}

impl Last {
    /// Reads it off a history. None if the release is uninstalled, and would be installed anew.
    fn of(name: &str, records: Vec<Record>) -> Result<Option<Last>, Error> {
        let Some(revision) = records.iter().map(|record| record.revision).max() else {
            return Ok(Some(Last { revision: 0, values: (0, Vec::new()) }));
        };
        let Some(from) = start_from(records, name)?.from else { return Ok(None) };
        let keys = from.config.iter().flat_map(|config| config.entries()).map(|(key, _)| key.to_string()).collect();
        Ok(Some(Last { revision, values: (from.revision, keys) }))
    }
}

/// What a thread that panicked had begun is whole: one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'m> Clusters<'m> {
    /// None is asked yet.
    pub(super) fn new(matches: &'m ArgMatches) -> Clusters<'m> {
        Clusters { matches, reached: Mutex::default(), database: Mutex::default() }
    }

    /// How the cluster of an environment is reached, which names its context or not.
    ///
    /// # Errors
    /// A flag or a variable names another one: an environment is never compared through a stranger's.
    fn connection(&self, context: Option<&str>) -> Result<Connection, Error> {
        let connection = connection(self.matches, context);
        match context {
            Some(own) if connection.context != own => {
                let message = format!(
                    "the environment belongs to the context `{own}`, and `{}` is asked for",
                    connection.context
                );
                Err(Diagnostic::own(message)
                    .hint("leave out --kube-context, or change `kubeContext` in rhelm.yaml")
                    .into())
            }
            // Another server under the context's name would be a stranger's, and be given its token.
            Some(own) if !connection.server.is_empty() => {
                let server = &connection.server;
                let message =
                    format!("the environment belongs to the context `{own}`, and the server {server} is asked for");
                let hint = "leave out --kube-apiserver and HELM_KUBEAPISERVER, or `kubeContext` in rhelm.yaml";
                Err(Diagnostic::own(message).hint(hint).into())
            }
            _ => Ok(connection),
        }
    }

    fn reached(&self, context: Option<&str>) -> Result<Arc<Reached>, Error> {
        let key = context.unwrap_or_default().to_owned();
        // One logs in for all: the others wait.
        let mut reached = locked(&self.reached);
        if let Some(found) = reached.get(&key) {
            return Ok(found.clone());
        }
        let cluster = Cluster::new(&self.connection(context)?)?;
        let found = Arc::new(Reached { cluster, known: Mutex::default() });
        reached.insert(key, found.clone());
        Ok(found)
    }

    fn storage(&self, namespace: &str, context: Option<&str>) -> Result<Box<dyn Storage>, Error> {
        let timeout = self.connection(context)?.timeout;
        let connected = || {
            let mut connected = locked(&self.database);
            // One that cannot be reached is not waited for again.
            connected.get_or_insert_with(|| database(timeout)).clone()
        };
        storage_over(|| Ok(self.reached(context)?.cluster.api.clone()), connected, Some(namespace))
    }

    /// The ground for a release that would be installed.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub(super) fn install(&self, context: Option<&str>) -> Result<Ground, Error> {
        let reached = self.reached(context)?;
        let cluster = &reached.cluster;
        let mut known = locked(&reached.known);
        let (kube_version, api_versions) = match &known.versions {
            Some(versions) => versions.clone(),
            None => known.versions.insert((cluster.kube_version()?, cluster.api_versions()?)).clone(),
        };
        Ok(Ground {
            kube_version,
            api_versions,
            lookup: cluster.lookup(),
            revision: 1,
            is_upgrade: false,
            last_values: (0, Vec::new()),
        })
    }

    /// What the cluster of an environment holds of a release, and would hold of what a chart makes. `recorded` is what the
    /// revision holds that an upgrade would start from, and whether the server would apply it.
    ///
    /// # Errors
    /// The cluster cannot be asked, or an object must not be read.
    pub(super) fn see(
        &self,
        (name, namespace, context): &(String, String, Option<String>),
        (recorded, server_side): (&Manifests, bool),
        chart: &Manifests,
    ) -> Result<Seen, Error> {
        let reached = self.reached(context.as_deref())?;
        let Cluster { api, discovery } = &reached.cluster;
        // A server that does not know of dry runs would store what it is asked about.
        let version = reached.cluster.kube_version()?;
        if !knows_dry_runs(&version) {
            let message =
                format!("the cluster at {} is too old to be compared with: {}", api.server(), version.version);
            return Err(Diagnostic::own(message).fact("dry runs are sure from Kubernetes 1.18 on".to_owned()).into());
        }
        Standing { api: api.as_ref(), discovery, name, namespace, recorded, server_side }.see(chart)
    }

    /// What an upgrade would start from.
    ///
    /// # Errors
    /// There is no such release, or it cannot be had.
    pub(super) fn start(
        &self,
        (name, namespace, context): &(String, String, Option<String>),
        warnings: &mut Vec<String>,
    ) -> Result<Start, Error> {
        let storage = self.storage(namespace, context.as_deref())?;
        let mut unreadable = Vec::new();
        let found = start(storage.as_ref(), name, &mut unreadable);
        warnings.extend(unreadable.iter().map(|diagnostic| format!("warning: {}", diagnostic.message)));
        found
    }

    /// What Helm stored of a release: a revision, or the last.
    ///
    /// # Errors
    /// There is none, or it cannot be had.
    pub(super) fn record(
        &self,
        name: &str,
        namespace: &str,
        context: Option<&str>,
        revision: Option<i64>,
        warnings: &mut Vec<String>,
    ) -> Result<Record, Error> {
        let storage = self.storage(namespace, context)?;
        match revision {
            Some(revision) => storage.get(name, revision),
            None => {
                let mut unreadable = Vec::new();
                let found = latest(storage.as_ref(), name, &mut unreadable);
                warnings.extend(unreadable.iter().map(|diagnostic| format!("warning: {}", diagnostic.message)));
                found
            }
        }
    }

    /// The ground for a release that would be upgraded if it is there: what `helm upgrade --dry-run=server` stands on.
    ///
    /// # Errors
    /// The cluster or the storage cannot be asked.
    pub(super) fn upgrade(&self, name: &str, namespace: &str, context: Option<&str>) -> Result<Ground, Error> {
        let mut ground = self.install(context)?;
        let reached = self.reached(context)?;
        let mut known = locked(&reached.known);
        let key = (name.to_owned(), namespace.to_owned());
        let last = match known.last.get(&key) {
            Some(last) => last.clone(),
            None => {
                let last = match self.storage(namespace, context)?.history(name) {
                    Ok(found) => Last::of(name, found.records)?,
                    Err(error) if is_not_found(&error) => None,
                    Err(error) => return Err(error),
                };
                known.last.insert(key, last.clone());
                last
            }
        };
        if let Some(Last { revision, values }) = last {
            (ground.revision, ground.is_upgrade, ground.last_values) = (revision + 1, true, values);
        }
        Ok(ground)
    }
}

/// Saved objects from files and folders, if any are named.
///
/// # Errors
/// One cannot be read, or holds what is no object.
pub(super) fn saved(paths: &[String]) -> Result<Option<Arc<dyn Lookup>>, Error> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut objects = SavedObjects::default();
    for path in paths {
        let wrong = |path: &str, why: &str| Error::from(Diagnostic::own(format!("objects from `{path}`: {why}")));
        let files = match Disk.kind(path).map_err(|error| wrong(path, &error.words))? {
            crate::tree::Kind::Folder => {
                let mut names: Vec<String> = std::fs::read_dir(path)
                    .map_err(|error| wrong(path, &error.to_string()))?
                    .filter_map(|entry| Some(entry.ok()?.path().to_string_lossy().into_owned()))
                    .filter(|name| [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)))
                    .collect();
                names.sort();
                names
            }
            _ => vec![path.clone()],
        };
        for file in files {
            let bytes = Disk.read(&file).map_err(|error| wrong(&file, &error.words))?;
            objects.add(&bytes).map_err(|(why, line)| match line {
                Some(line) => wrong(&format!("{file}:{line}"), &why),
                None => wrong(&file, &why),
            })?;
        }
    }
    Ok(Some(Arc::new(objects)))
}
