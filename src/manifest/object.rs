//! Which object a document is, and which release made it.

use super::{Document, Manifests};
use crate::value::Str;
use crate::yaml::{self, Data, Node};
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
            && self.name == other.name
            && (self.namespace == other.namespace || !self.has_namespace())
    }

    /// Whether it lies in a namespace. Of custom resources that cannot be told, and most do.
    pub fn has_namespace(&self) -> bool {
        !WITHOUT_NAMESPACE.contains(&(self.group.as_str(), self.kind.as_str()))
    }
}

/// The kinds of Kubernetes, with their groups, whose objects lie in no namespace (`kubectl api-resources
/// --namespaced=false`), and those of the add-ons that its releases carry.
const WITHOUT_NAMESPACE: [(&str, &str); 40] = [
    ("", "ComponentStatus"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("authentication.k8s.io", "SelfSubjectReview"),
    ("authentication.k8s.io", "TokenReview"),
    ("authorization.k8s.io", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectRulesReview"),
    ("authorization.k8s.io", "SubjectAccessReview"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("internal.apiserver.k8s.io", "StorageVersion"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("policy", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "DeviceTaintRule"),
    ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotContent"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
];

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The objects of releases that go into one cluster.
#[derive(Debug, Default)]
pub struct Claims {
    /// By kind and name, which a document knows without being read again; a list's items by its number.
    taken: HashMap<(String, String), Vec<Claim>>,
    /// Release and namespace of those that claimed.
    releases: Vec<(String, String)>,
}

/// An object of a release.
#[derive(Debug, Clone)]
struct Claim {
    /// The release, by its number.
    release: usize,
    /// The document.
    text: Str,
    /// Which of the document's items it is, if that is a list.
    item: Option<usize>,
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
            let here = |item| Claim { release: number, text: document.text.clone(), item };
            let ours: Vec<(String, String, Claim)> = if is_list(&document.kind) {
                let items = items_of(&document.text, namespace).into_iter().enumerate();
                items.map(|(i, object)| (object.kind, object.name, here(Some(i)))).collect()
            } else {
                vec![(document.kind.clone(), document.name.clone(), here(None))]
            };
            for (kind, name, claim) in ours {
                if name.is_empty() {
                    continue;
                }
                let claims = self.taken.entry((kind, name)).or_default();
                if clash.is_none() {
                    let mut others = claims.iter().filter(|other| other.release != number);
                    clash = others.find_map(|other| {
                        let (first, home) = self.releases.get(other.release)?;
                        let (ours, theirs) = (claim.object(namespace)?, other.object(home)?);
                        let path = document.path.clone();
                        ours.same(&theirs).then(|| Clash { object: ours, first: first.clone(), path })
                    });
                }
                claims.push(claim);
            }
        }
        clash
    }
}

impl Claim {
    fn object(&self, namespace: &str) -> Option<Object> {
        match self.item {
            None => read(&self.text, namespace),
            Some(i) => items_of(&self.text, namespace).into_iter().nth(i),
        }
    }
}

/// Whether a kind is a list of objects: `List`, `ConfigMapList`.
pub(super) fn is_list(kind: &str) -> bool {
    kind.ends_with("List")
}

/// The items of a list, as far as they are objects.
fn items_of(text: &[u8], namespace: &str) -> Vec<Object> {
    let Ok(Some(root)) = yaml::read(text) else { return Vec::new() };
    match root.get("items").map(|items| &items.data) {
        Some(Data::List(items)) => items.iter().map(|item| Object::of(item, namespace)).collect(),
        _ => Vec::new(),
    }
}

fn read(text: &[u8], namespace: &str) -> Option<Object> {
    Some(Object::of(&yaml::read(text).ok()??, namespace))
}

/// Kind and name of every object, for those who look for one.
pub(super) fn names(manifests: &Manifests) -> impl Iterator<Item = Named> {
    let documents = manifests.resources.iter().chain(&manifests.hooks);
    documents.flat_map(|Document { kind, name, text, .. }| {
        let mut names = vec![Named { api: api(text), kind: kind.clone(), name: name.clone() }];
        if is_list(kind) {
            names.extend(items_of(text, "").into_iter().map(|object| {
                let Object { group, version, kind, name, .. } = object;
                let api = if group.is_empty() { version } else { format!("{group}/{version}") };
                Named { api, kind, name }
            }));
        }
        names
    })
}

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// `apiVersion`, as far as it stands at the beginning of a line.
    pub(super) api: String,
    pub(super) kind: String,
    pub(super) name: String,
}

impl Named {
    /// The API group; empty is the core's.
    pub(super) fn group(&self) -> &str {
        self.api.split_once('/').map_or("", |(group, _)| group)
    }
}

/// `apiVersion` by a look at the lines: it is wanted for many objects, and told of few.
fn api(text: &[u8]) -> String {
    let lines = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"apiVersion:"));
    let value = lines.and_then(|rest| rest.trim_ascii().split(u8::is_ascii_whitespace).next()).unwrap_or_default();
    String::from_utf8_lossy(value).trim_matches(['"', '\'']).to_owned()
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
        let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n";
        let list = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n";
        let other = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n";
        for (first, then, clash) in [
            (("x", a), ("x", a), true),
            (("x", a), ("ns", a), false),
            (("x", elsewhere), ("ns", a), true),
            (("x", a), ("x", other), false),
            (("x", role), ("ns", role), true),
            (("x", list), ("x", a), true),
            (("x", a), ("x", list), true),
            (("x", list), ("ns", list), false),
        ] {
            let mut claims = Claims::default();
            assert!(claims.claim("one", first.0, &manifests(&[first.1, first.1])).is_none());
            let found = claims.claim("two", then.0, &manifests(&[then.1]));
            assert_eq!(found.map(|c| c.first), clash.then(|| "one".to_owned()), "{first:?} {then:?}");
        }
    }
}
