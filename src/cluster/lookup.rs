//! What templates ask of a cluster: `lookup` (Helm: pkg/engine/lookup_func.go).

use super::{Api, Discovery, Kind, Refusal, Target, get, list, object, part, text};
use crate::go::json::{self, Into as JsonInto, read_with_integers};
use crate::value::{Map, MapRef, Value};
use crate::yaml;
use std::fmt;
use std::sync::Arc;

/// Who answers `lookup`.
pub trait Lookup: Send + Sync + fmt::Debug {
    /// The object, or without a name the list of all in the namespace, or in all of them; an empty map if there is none.
    /// `log` takes what Helm logs, a message and its pairs each.
    ///
    /// # Errors
    /// Helm's words: there is no such `apiVersion`, or the cluster refuses.
    fn lookup(&self, asked: &Asked<'_>, log: &mut Log) -> Result<Value, String>;
}

/// What Helm logs as errors.
pub type Log = Vec<(String, Vec<(&'static str, String)>)>;

/// The arguments of `lookup`.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `apps/v1`
    pub api_version: &'a str,
    /// `Deployment`
    pub kind: &'a str,
    /// The namespace; empty for all, or for objects of the cluster.
    pub namespace: &'a str,
    /// The name; empty for all.
    pub name: &'a str,
}

fn nothing() -> Value {
    Value::map(Map::new())
}

/// A cluster that answers.
pub struct Served {
    api: Arc<dyn Api>,
    discovery: Arc<Discovery>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Served({})", self.api.server())
    }
}

impl Served {
    /// Nothing is asked yet.
    pub fn new(api: Arc<dyn Api>, discovery: Arc<Discovery>) -> Served {
        Served { api, discovery }
    }
}

/// The group and the version of an `apiVersion`; empty if it is none.
fn group_version(api_version: &str) -> (&str, &str) {
    match api_version.split_once('/') {
        None => ("", api_version),
        Some((_, version)) if version.contains('/') => ("", ""),
        Some((group, version)) => (group, version),
    }
}

impl Lookup for Served {
    fn lookup(&self, asked: &Asked<'_>, log: &mut Log) -> Result<Value, String> {
        let (group, version) = group_version(asked.api_version);
        let gvk = format!("{group}/{version}, Kind={}", asked.kind);
        let resource = if version.is_empty() && group.is_empty() {
            Err("groupVersion shouldn't be empty".to_owned())
        } else {
            self.discovery.resource(self.api.as_ref(), asked.api_version, asked.kind).map_err(|refusal| {
                match refusal.kind {
                    Kind::NotFound => "the server could not find the requested resource".to_owned(),
                    _ => refusal.message,
                }
            })
        };
        let resource = match resource {
            Ok(Some(resource)) => resource,
            // Helm asks for the path without a kind, and shows what stands there.
            Ok(None) if asked.name.is_empty() => {
                let versions = self.api.raw("/api").and_then(|bytes| object(&bytes));
                return versions.map_err(|refusal| refusal.message).map(|versions| {
                    versions.insert("items", Value::list(Vec::new()));
                    Value::map_ref(versions)
                });
            }
            Ok(None) => return Ok(nothing()),
            Err(why) => {
                let shown = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
                log.push((
                    "unable to retrieve resource list".to_owned(),
                    vec![("GroupVersion", shown), ("error", why.clone())],
                ));
                log.push((
                    "unable to get apiresource".to_owned(),
                    vec![("groupVersionKind", gvk.clone()), ("error", why.clone())],
                ));
                return Err(format!("unable to get apiresource from unstructured: {gvk}: {why}"));
            }
        };
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let target = resource.target(asked.api_version, given(asked.namespace), given(asked.name));
        let answered = match &target.name {
            Some(_) => get(self.api.as_ref(), &target).map(Value::map_ref),
            None => self.all(&target, asked),
        };
        match answered {
            Ok(value) => Ok(value),
            Err(Refusal { kind: Kind::NotFound, .. }) => Ok(nothing()),
            Err(refusal) => Err(refusal.message),
        }
    }
}

impl Served {
    fn all(&self, target: &Target, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let mut items = Vec::new();
        let head = list(self.api.as_ref(), target, "", &mut |item| {
            // The server leaves out what the list says of all.
            item.insert("apiVersion", asked.api_version);
            item.insert("kind", asked.kind);
            items.push(Value::map_ref(item));
        })?;
        Ok(listed(&head.api_version, &head.kind, head.metadata, items))
    }
}

/// A list as the server's.
fn listed(api_version: &str, kind: &str, metadata: Value, items: Vec<Value>) -> Value {
    let mut list = Map::new();
    list.insert("apiVersion", api_version);
    list.insert("items", Value::list(items));
    list.insert("kind", kind);
    list.insert("metadata", metadata);
    Value::map(list)
}

/// Objects that were saved, as `kubectl get -o yaml` prints them, answer in the place of a cluster.
#[derive(Debug, Default)]
pub struct SavedObjects(Vec<SavedObject>);

#[derive(Debug)]
struct SavedObject {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    /// Values belong to one thread; texts to all.
    json: Vec<u8>,
}

impl SavedObjects {
    /// Takes in a file: one object or several documents of YAML or JSON, lists among them.
    ///
    /// # Errors
    /// What is wrong with it, and the line if that is known.
    pub fn add(&mut self, file: &[u8]) -> Result<(), (String, Option<usize>)> {
        for document in yaml::stream(file).map_err(|error| (error.message, error.line))? {
            self.take(&document).map_err(|why| (why, None))?;
        }
        self.0.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(())
    }

    fn take(&mut self, document: &Value) -> Result<(), String> {
        let map = match document {
            Value::Nil => return Ok(()),
            Value::Map(_, map) => map,
            _ => return Err("it holds what is no object".to_owned()),
        };
        let kind = text(map, "kind");
        if let Some(Value::List(_, items)) = map.get("items").filter(|_| kind.ends_with("List")) {
            for item in items.iter() {
                if let Value::Map(_, item) = item
                    && item.get("kind").is_none()
                {
                    item.insert("kind", kind.trim_end_matches("List"));
                    item.insert("apiVersion", text(map, "apiVersion"));
                }
                self.take(item)?;
            }
            return Ok(());
        }
        let Some(metadata) = part(map, "metadata") else {
            return Err("it holds an object without metadata".to_owned());
        };
        let mut out = Vec::new();
        json::write(&mut out, document, json::COMPACT).map_err(|failure| failure.message)?;
        self.0.push(SavedObject {
            api_version: text(map, "apiVersion"),
            kind,
            namespace: text(&metadata, "namespace"),
            name: text(&metadata, "name"),
            json: out,
        });
        Ok(())
    }
}

impl Lookup for SavedObjects {
    fn lookup(&self, asked: &Asked<'_>, _: &mut Log) -> Result<Value, String> {
        let value = |object: &SavedObject| read_with_integers(&object.json, JsonInto::Any).unwrap_or_default();
        let mut here = self.0.iter().filter(|object| {
            object.api_version == asked.api_version
                && object.kind == asked.kind
                && (object.namespace.is_empty()
                    || object.namespace == asked.namespace
                    || asked.name.is_empty() && asked.namespace.is_empty())
        });
        if !asked.name.is_empty() {
            return Ok(here.find(|object| object.name == asked.name).map_or_else(nothing, value));
        }
        let items = here.map(value).collect();
        let mut metadata = Map::new();
        metadata.insert("resourceVersion", "");
        Ok(listed(asked.api_version, &format!("{}List", asked.kind), Value::map(metadata), items))
    }
}

/// Whether an object of the cluster belongs to a release, in Helm's words if it does not (Helm: pkg/action/validate.go).
///
/// # Errors
/// What it lacks.
pub fn check_ownership(object: &MapRef, release: &str, namespace: &str) -> Result<(), String> {
    let metadata = part(object, "metadata");
    let wanted = [
        ("label", "labels", "app.kubernetes.io/managed-by", "Helm"),
        ("annotation", "annotations", "meta.helm.sh/release-name", release),
        ("annotation", "annotations", "meta.helm.sh/release-namespace", namespace),
    ];
    let mut missing = Vec::new();
    for (what, kind, key, value) in wanted {
        let actual = metadata.as_ref().and_then(|metadata| part(metadata, kind)?.get(key));
        let why = match actual {
            Some(Value::Str(text)) if text == *value => continue,
            Some(Value::Str(text)) => format!("key \"{key}\" must equal \"{value}\": current value is \"{text}\""),
            _ => format!("missing key \"{key}\": must be set to \"{value}\""),
        };
        missing.push(format!("{what} validation error: {why}"));
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("invalid ownership metadata; {}", missing.join("; "))) }
}
