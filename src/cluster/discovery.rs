//! Which kinds of objects a cluster has.

use super::{Api, Kind, Refusal, Target, object, text};
use crate::value::{MapRef, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A kind of objects that a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The plural in URLs.
    pub plural: String,
    /// Whether its objects belong to namespaces.
    pub namespaced: bool,
}

impl Resource {
    /// It, or one of it, in an `apiVersion` that has it. A kind of the cluster's has no namespace, whatever is given.
    pub fn target(self, api_version: &str, namespace: Option<String>, name: Option<String>) -> Target {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Target {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: self.plural,
            namespace: namespace.filter(|_| self.namespaced),
            name,
        }
    }
}

/// What a cluster says of its kinds, asked for when it is needed and kept.
#[derive(Debug, Default)]
pub struct Discovery {
    known: Mutex<HashMap<String, Kinds>>,
}

/// The kinds of one `apiVersion`.
#[derive(Debug, Default)]
struct Kinds {
    /// Those that are objects of their own.
    resources: HashMap<String, Resource>,
    /// All, also those of `deployments/scale` and its like.
    names: BTreeSet<String>,
}

impl Discovery {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Kinds>> {
        // What a thread that panicked had begun is whole: one insertion.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kind of an `apiVersion`; none if there is no such kind there.
    ///
    /// # Errors
    /// The cluster cannot be asked; [`Kind::NotFound`] if it has no such `apiVersion`.
    pub fn resource(&self, api: &dyn Api, api_version: &str, kind: &str) -> Result<Option<Resource>, Refusal> {
        if let Some(kinds) = self.known().get(api_version) {
            return Ok(kinds.resources.get(kind).cloned());
        }
        let path = match api_version.split_once('/') {
            Some((group, version)) => format!("/apis/{}/{}", super::escaped(group), super::escaped(version)),
            None => format!("/api/{}", super::escaped(api_version)),
        };
        let list = object(&api.raw(&path)?)?;
        let mut kinds = Kinds::default();
        if let Some(Value::List(_, resources)) = list.get("resources") {
            for resource in resources.iter() {
                let Value::Map(_, resource) = resource else { continue };
                let (plural, kind) = (text(resource, "name"), text(resource, "kind"));
                if !plural.contains('/') {
                    let namespaced = matches!(resource.get("namespaced"), Some(Value::Bool(true)));
                    kinds.resources.entry(kind.clone()).or_insert(Resource { plural, namespaced });
                }
                kinds.names.insert(kind);
            }
        }
        let found = kinds.resources.get(kind).cloned();
        self.known().insert(api_version.to_owned(), kinds);
        Ok(found)
    }

    /// The cluster's version: `major`, `minor`, `gitVersion`, ….
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub fn version(&self, api: &dyn Api) -> Result<MapRef, Refusal> {
        object(&api.raw("/version")?)
    }

    /// All API versions, and all kinds in them, as `.Capabilities.APIVersions` has them: `apps/v1`,
    /// `apps/v1/Deployment`; sorted. A group whose server does not answer is left out, as Helm leaves it out.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub fn api_versions(&self, api: &dyn Api) -> Result<Vec<String>, Refusal> {
        let mut versions = Vec::new();
        let core = object(&api.raw("/api")?)?;
        if let Some(Value::List(_, names)) = core.get("versions") {
            versions.extend(names.iter().filter_map(|name| match name {
                Value::Str(name) => Some(name.to_string()),
                _ => None,
            }));
        }
        let groups = object(&api.raw("/apis")?)?;
        if let Some(Value::List(_, groups)) = groups.get("groups") {
            for group in groups.iter() {
                let Value::Map(_, group) = group else { continue };
                let Some(Value::List(_, list)) = group.get("versions") else { continue };
                versions.extend(list.iter().filter_map(|version| match version {
                    Value::Map(_, version) => Some(text(version, "groupVersion")),
                    _ => None,
                }));
            }
        }
        let mut all = versions.clone();
        for version in &versions {
            match self.resource(api, version, "") {
                Ok(_) => {}
                // An aggregated API whose server is gone does not take the others with it.
                Err(refusal) if matches!(refusal.kind, Kind::Status(_) | Kind::NotFound) => continue,
                Err(refusal) => return Err(refusal),
            }
            if let Some(kinds) = self.known().get(version) {
                all.extend(kinds.names.iter().map(|kind| format!("{version}/{kind}")));
            }
        }
        all.sort();
        all.dedup();
        Ok(all)
    }
}
