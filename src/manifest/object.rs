//! Which object a document is, and which release made it.

use super::{Document, Manifests};
use crate::value::Str;
use crate::yaml::{self, Node};
use std::collections::HashMap;
use std::fmt;

/// What names an object in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The part of `apiVersion` before the slash; empty for the core's.
    pub group: String,
    /// The part of `apiVersion` after the slash.
    pub version: String,
    /// `kind`
    pub kind: String,
    /// `metadata.namespace`, or else the release's.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
}

impl Object {
    /// Reads it from a document's root. `namespace` is the release's.
    pub fn of(root: &Node, namespace: &str) -> Object {
        let text = |node: Option<&Node>| node.and_then(Node::as_string).map(|s| s.to_string()).unwrap_or_default();
        let api = text(root.get("apiVersion"));
        let (group, version) = api.split_once('/').unwrap_or(("", api.as_str()));
        let metadata = root.get("metadata");
        let own = text(metadata.and_then(|m| m.get("namespace")));
        Object {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(root.get("kind")),
            namespace: if own.is_empty() { namespace.to_owned() } else { own },
            name: text(metadata.and_then(|m| m.get("name"))),
        }
    }

    fn same(&self, other: &Object) -> bool {
        self.group == other.group
            && self.kind == other.kind
            && self.namespace == other.namespace
            && self.name == other.name
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The objects of releases that go into one cluster.
#[derive(Debug, Default)]
pub struct Claims {
    /// By kind and name, which a document knows without being read again.
    taken: HashMap<(String, String), Vec<(usize, Str)>>,
    /// Release and namespace of those that claimed.
    releases: Vec<(String, String)>,
}

/// An object that two releases make.
#[derive(Debug)]
pub struct Clash {
    /// The object.
    pub object: Object,
    /// The release that made it first.
    pub first: String,
    /// The template that makes it again.
    pub path: String,
}

impl Claims {
    /// Notes what a release makes. The first object that another release has made into the same namespace is a clash.
    pub fn claim(&mut self, release: &str, namespace: &str, manifests: &Manifests) -> Option<Clash> {
        let number = self.releases.len();
        self.releases.push((release.to_owned(), namespace.to_owned()));
        let mut clash = None;
        for document in manifests.resources.iter().chain(&manifests.hooks) {
            if document.name.is_empty() {
                continue;
            }
            let claims = self.taken.entry((document.kind.clone(), document.name.clone())).or_default();
            if clash.is_none() {
                let others = claims.iter().filter(|(other, _)| *other != number);
                clash = others.into_iter().find_map(|(other, text)| {
                    let (first, home) = self.releases.get(*other)?;
                    let (ours, theirs) = (read(&document.text, namespace)?, read(text, home)?);
                    let path = document.path.clone();
                    ours.same(&theirs).then(|| Clash { object: ours, first: first.clone(), path })
                });
            }
            claims.push((number, document.text.clone()));
        }
        clash
    }
}

fn read(text: &[u8], namespace: &str) -> Option<Object> {
    Some(Object::of(&yaml::read(text).ok()??, namespace))
}

/// Kind and name of every document, for those who look for one.
pub(super) fn names(manifests: &Manifests) -> impl Iterator<Item = (&str, &str)> {
    let documents = manifests.resources.iter().chain(&manifests.hooks);
    documents.map(|Document { kind, name, .. }| (kind.as_str(), name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests(texts: &[&str]) -> Manifests {
        let document = |text: &&str| {
            let head = yaml::head(text.as_bytes()).unwrap();
            Document {
                path: "c/templates/x.yaml".into(),
                text: Str::from(*text),
                kind: head.kind.to_string(),
                name: head.name.to_string(),
                events: Vec::new(),
            }
        };
        Manifests { resources: texts.iter().map(document).collect(), ..Manifests::default() }
    }

    #[test]
    fn clashes() {
        let a = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
        let elsewhere = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: ns}\n";
        let other = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n";
        for (first, then, clash) in [
            (("x", a), ("x", a), true),
            (("x", a), ("ns", a), false),
            (("x", elsewhere), ("ns", a), true),
            (("x", a), ("x", other), false),
        ] {
            let mut claims = Claims::default();
            assert!(claims.claim("one", first.0, &manifests(&[first.1, first.1])).is_none());
            let found = claims.claim("two", then.0, &manifests(&[then.1]));
            assert_eq!(found.map(|c| c.first), clash.then(|| "one".to_owned()), "{first:?} {then:?}");
        }
    }
}
