//! A Kubernetes API, as far as rhelm asks one: what is there, and what would come of it. Nothing here can change a cluster.

#[cfg(feature = "cluster")]
mod client;
mod discovery;
mod lookup;
mod metadata;
mod refusal;

#[cfg(feature = "cluster")]
pub use client::Client;
pub use discovery::{Discovery, Resource};
pub use lookup::{Asked, Log, Lookup, SavedObjects, Served, check_ownership};
pub use metadata::{aggregate, check_metadata, unsent};
pub use refusal::{Kind, Refusal, rule};

use crate::go::json::{Into as JsonInto, read_with_integers};
use crate::value::{MapRef, Value};
use serde_json::Value as Json;
use std::time::Duration;

/// How to reach a cluster: what kubectl takes from flags and variables; empty is as good as absent.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The kubeconfig files, the first has the say; those that are not there do not count.
    pub kubeconfigs: Vec<String>,
    /// Whether the one kubeconfig was named by a flag, and must be there.
    pub named: bool,
    /// The context; else the kubeconfig's current one.
    pub context: String,
    /// The server's URL instead of the context's.
    pub server: String,
    /// A bearer token instead of the context's user.
    pub token: String,
    /// The user to act as.
    pub as_user: String,
    /// The groups to act as.
    pub as_groups: Vec<String>,
    /// A file with the authority that signs the server's certificate.
    pub ca_file: String,
    /// The name that the server's certificate must have.
    pub tls_server_name: String,
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// How long one request may take, with all its repetitions.
    pub timeout: Duration,
}

/// A kind of objects in the API, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The API group; empty for the core.
    pub group: String,
    /// The version in the group.
    pub version: String,
    /// The plural in URLs: `deployments`.
    pub resource: String,
    /// The namespace; none for objects of the cluster, or for all namespaces.
    pub namespace: Option<String>,
    /// The object's name; none for all.
    pub name: Option<String>,
}

impl Target {
    /// The path in the API, without a query.
    pub fn path(&self) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", escaped(&self.version))
        } else {
            format!("/apis/{}/{}", escaped(&self.group), escaped(&self.version))
        };
        if let Some(namespace) = &self.namespace {
            path += &format!("/namespaces/{}", escaped(namespace));
        }
        path += &format!("/{}", escaped(&self.resource));
        if let Some(name) = &self.name {
            path += &format!("/{}", escaped(name));
        }
        path
    }

    /// What RBAC calls reading it.
    pub fn verb(&self) -> &'static str {
        if self.name.is_some() { "get" } else { "list" }
    }
}

/// A part of a URL's path, or of its query.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// How many requests are on their way to one cluster at once.
pub const AT_ONCE: usize = 8;

/// How a patch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// Server-side apply: the fields that its manager wants, and what it wanted before goes.
    Apply,
    /// Kubernetes' own kinds: lists are merged by their keys.
    Strategic,
    /// Any kind: lists are replaced.
    Merge,
}

impl PatchKind {
    /// The type of the request's body.
    pub fn content_type(self) -> &'static str {
        match self {
            PatchKind::Apply => "application/apply-patch+yaml",
            PatchKind::Strategic => "application/strategic-merge-patch+json",
            PatchKind::Merge => "application/merge-patch+json",
        }
    }
}

/// A change of an object that is rehearsed.
#[derive(Debug, Clone)]
pub struct Patch {
    /// How it is meant.
    pub kind: PatchKind,
    /// In whose name.
    pub manager: String,
    /// Whether fields are taken from other managers. For [`PatchKind::Apply`] alone.
    pub force: bool,
    /// The patch as JSON.
    pub body: Vec<u8>,
}

/// A Kubernetes API that can be asked. Neither of its questions changes anything.
pub trait Api: Send + Sync {
    /// What stands at a path with its query: the body of a GET.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    fn raw(&self, path: &str) -> Result<Vec<u8>, Refusal>;

    /// What an object would be after a patch: a PATCH with `dryRun=All`, of which the server keeps nothing. Whoever
    /// implements it puts that in.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    fn rehearse(&self, target: &Target, patch: &Patch) -> Result<Vec<u8>, Refusal>;

    /// The server's URL, for messages.
    fn server(&self) -> &str;
}

/// The API's answer as an object.
fn object(bytes: &[u8]) -> Result<MapRef, Refusal> {
    match read_with_integers(bytes, JsonInto::Any) {
        Ok(Value::Map(_, map)) => Ok(map),
        Ok(_) => Err(Refusal::new(Kind::Garbled, "the server's answer is no object")),
        Err((_, why)) => Err(Refusal::new(Kind::Garbled, format!("the server's answer is no JSON: {why}"))),
    }
}

/// One object.
///
/// # Errors
/// As [`Api::raw`].
pub fn get(api: &dyn Api, target: &Target) -> Result<MapRef, Refusal> {
    named(target)?;
    api.raw(&target.path()).and_then(|bytes| object(&bytes)).map_err(|refusal| refusal.on(target))
}

/// One object as JSON, which all threads can share.
///
/// # Errors
/// As [`Api::raw`].
pub fn read(api: &dyn Api, target: &Target) -> Result<Json, Refusal> {
    named(target)?;
    api.raw(&target.path()).and_then(|bytes| json(&bytes)).map_err(|refusal| refusal.on(target))
}

/// What an object would be after a patch.
///
/// # Errors
/// As [`Api::rehearse`].
pub fn rehearse(api: &dyn Api, target: &Target, patch: &Patch) -> Result<Json, Refusal> {
    named(target)?;
    let answer = api.rehearse(target, patch).and_then(|bytes| json(&bytes));
    answer.map_err(|refusal| Refusal { verb: "patch", ..refusal.on(target) })
}

fn json(bytes: &[u8]) -> Result<Json, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(object @ Json::Object(_)) => Ok(object),
        Ok(_) => Err(Refusal::new(Kind::Garbled, "the server's answer is no object")),
        Err(error) => Err(Refusal::new(Kind::Garbled, format!("the server's answer is no JSON: {error}"))),
    }
}

/// Whether a target's name and namespace can stand in a path.
fn named(target: &Target) -> Result<(), Refusal> {
    match target.name.as_deref().and_then(misnamed).or_else(|| target.namespace.as_deref().and_then(misnamed)) {
        Some(why) => Err(Refusal::new(Kind::Garbled, why)),
        None => Ok(()),
    }
}

/// Why a name cannot stand in a path, in Kubernetes' words (k8s.io/apimachinery: IsValidPathSegmentName).
fn misnamed(name: &str) -> Option<String> {
    let why = match name {
        "." | ".." => format!("may not be '{name}'"),
        _ => {
            let found: Vec<String> = ['/', '%']
                .into_iter()
                .filter(|c| name.contains(*c))
                .map(|c| format!("may not contain '{c}'"))
                .collect();
            found.join(" ")
        }
    };
    (!why.is_empty()).then(|| format!("invalid resource name {}: [{why}]", crate::go::quote::quoted(name.as_bytes())))
}

/// How many objects a page has.
const PAGE: usize = 250;

/// What a list says of itself.
#[derive(Default)]
pub struct Head {
    /// `v1`
    pub api_version: String,
    /// `SecretList`
    pub kind: String,
    /// Its metadata: the state of the cluster that it shows.
    pub metadata: Value,
}

/// All objects of a kind, page by page, each handed to `each`.
///
/// # Errors
/// As [`Api::raw`].
pub fn list(api: &dyn Api, target: &Target, selector: &str, each: &mut dyn FnMut(MapRef)) -> Result<Head, Refusal> {
    let mut next = String::new();
    loop {
        let mut path = format!("{}?limit={PAGE}", target.path());
        if !selector.is_empty() {
            path += &format!("&labelSelector={}", escaped(selector));
        }
        if !next.is_empty() {
            path += &format!("&continue={}", escaped(&next));
        }
        let page = api.raw(&path).and_then(|bytes| object(&bytes)).map_err(|refusal| refusal.on(target))?;
        if let Some(Value::List(_, items)) = page.get("items") {
            for item in items.iter() {
                if let Value::Map(_, item) = item {
                    each(item.clone());
                }
            }
        }
        next = part(&page, "metadata").map(|metadata| text(&metadata, "continue")).unwrap_or_default();
        if next.is_empty() {
            return Ok(Head {
                api_version: text(&page, "apiVersion"),
                kind: text(&page, "kind"),
                metadata: page.get("metadata").unwrap_or_default(),
            });
        }
    }
}

/// A text of an object; empty if it has none.
pub fn text(map: &MapRef, key: &str) -> String {
    match map.get(key) {
        Some(Value::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

/// A map in an object, if there is one.
pub fn part(map: &MapRef, key: &str) -> Option<MapRef> {
    match map.get(key) {
        Some(Value::Map(_, part)) => Some(part),
        _ => None,
    }
}
