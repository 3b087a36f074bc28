//! Which kinds of objects a cluster has.

use super::{Api, Kind, Refusal, object, text};
use crate::value::{MapRef, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A kind of objects that a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The plural in URLs.
    pub plural: String,
    /// Whether its objects belong to namespaces.
    pub namespaced: bool,
}

/// What a cluster says of its kinds, asked for when it is needed and kept.
pub struct Discovery<'a> {
    api: &'a dyn Api,
    known: RefCell<HashMap<String, Rc<HashMap<String, Resource>>>>,
}

impl<'a> Discovery<'a> {
    /// Nothing is asked yet.
    pub fn new(api: &'a dyn Api) -> Discovery<'a> {
        Discovery { api, known: RefCell::new(HashMap::new()) }
    }

    /// The kind of an `apiVersion`; none if there is no such kind there.
    ///
    /// # Errors
    /// The cluster cannot be asked; [`Kind::NotFound`] if it has no such `apiVersion`.
    pub fn resource(&self, api_version: &str, kind: &str) -> Result<Option<Resource>, Refusal> {
        if let Some(kinds) = self.known.borrow().get(api_version) {
            return Ok(kinds.get(kind).cloned());
        }
        let path = match api_version.split_once('/') {
            Some((group, version)) => format!("/apis/{}/{}", super::escaped(group), super::escaped(version)),
            None => format!("/api/{}", super::escaped(api_version)),
        };
        let list = object(&self.api.raw(&path)?)?;
        let mut kinds = HashMap::new();
        if let Some(Value::List(_, resources)) = list.get("resources") {
            for resource in resources.iter() {
                let Value::Map(_, resource) = resource else { continue };
                let plural = text(resource, "name");
                // `deployments/scale` and its like are no objects of their own.
                if !plural.contains('/') {
                    let namespaced = matches!(resource.get("namespaced"), Some(Value::Bool(true)));
                    kinds.entry(text(resource, "kind")).or_insert(Resource { plural, namespaced });
                }
            }
        }
        let found = kinds.get(kind).cloned();
        self.known.borrow_mut().insert(api_version.to_owned(), Rc::new(kinds));
        Ok(found)
    }

    /// The cluster's version: `major`, `minor`, `gitVersion`, ….
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub fn version(&self) -> Result<MapRef, Refusal> {
        object(&self.api.raw("/version")?)
    }

    /// All API versions, and all kinds in them, as `.Capabilities.APIVersions` has them: `apps/v1`,
    /// `apps/v1/Deployment`; sorted. A group whose server does not answer is left out, as Helm leaves it out.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub fn api_versions(&self) -> Result<Vec<String>, Refusal> {
        let mut versions = Vec::new();
        let core = object(&self.api.raw("/api")?)?;
        if let Some(Value::List(_, names)) = core.get("versions") {
            versions.extend(names.iter().filter_map(|name| match name {
                Value::Str(name) => Some(name.to_string()),
                _ => None,
            }));
        }
        let groups = object(&self.api.raw("/apis")?)?;
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
            match self.resource(version, "") {
                Ok(_) => {}
                // An aggregated API whose server is gone does not take the others with it.
                Err(refusal) if matches!(refusal.kind, Kind::Status(_) | Kind::NotFound) => continue,
                Err(refusal) => return Err(refusal),
            }
            if let Some(kinds) = self.known.borrow().get(version) {
                all.extend(kinds.keys().map(|kind| format!("{version}/{kind}")));
            }
        }
        all.sort();
        all.dedup();
        Ok(all)
    }
}
