//! Changes that hurt: what the API refuses, what takes data along, what gives more rights, what stops a service.

use super::quantity::Quantity;
use super::{Change, ChangeKind, Field};
use crate::manifest::path::{Step, keys_of};
use crate::manifest::{Object, edits, overrides};
use crate::value::Str;
use serde_json::Value as Json;
use std::collections::BTreeSet;

const RBAC: &str = "rbac.authorization.k8s.io";

/// How many new rights are told.
const TOLD: usize = 3;

/// Objects that take data, or other objects, along when they go.
const PRECIOUS: [(&str, &str); 5] = [
    ("PersistentVolumeClaim", "the claim vanishes, and its volume's data may go with it"),
    ("PersistentVolume", "the volume vanishes, and its data may go with it"),
    ("StatefulSet", "the StatefulSet vanishes, and its pods with it; volumes of its claims may stay behind"),
    ("Namespace", "the namespace vanishes, and all that is in it"),
    ("CustomResourceDefinition", "the definition vanishes, and all objects of its kind with it"),
];

/// Sets what hurts about a change and its fields. `paths` belong to the fields, in their order.
pub(super) fn assess(change: &mut Change, paths: &[Vec<Step>]) {
    let object = change.object.clone();
    let null = Json::Null;
    let has = |text: &Option<Str>, word: &str| {
        text.as_ref().is_some_and(|text| memchr::memmem::find(text, word.as_bytes()).is_some())
    };
    // Few changes need the whole object, and reading it takes most of the time.
    let about_rights = object.group == RBAC;
    let freezes = matches!(object.kind.as_str(), "ConfigMap" | "Secret") && has(&change.before, "immutable");
    let goes = matches!(change.kind, ChangeKind::Removed | ChangeKind::Renamed) && precious(&object).is_some();
    let comes = change.kind == ChangeKind::Added && has(&change.after, "image") && runs_images(&object);
    let read = |text: &Option<Str>, wanted: bool| {
        let text = text.as_ref().filter(|_| wanted)?;
        overrides::json(&edits::read(text)?).ok()
    };
    let before = read(&change.before, about_rights || freezes || goes);
    let after = read(&change.after, about_rights || comes);
    let (before, after) = (before.as_ref().unwrap_or(&null), after.as_ref().unwrap_or(&null));
    match change.kind {
        ChangeKind::Removed => vanishes(&object, before, "", &mut change.risks),
        ChangeKind::Renamed => {
            let from = change.from_object.clone().unwrap_or_else(|| object.clone());
            vanishes(&from, before, "renamed: ", &mut change.risks);
        }
        ChangeKind::Added | ChangeKind::Changed => {}
    }
    let rights = rights(&object, before, after);
    if change.kind == ChangeKind::Added {
        if runs_images(&object) {
            images(after, before, &mut change.risks);
        }
        change.risks.extend(rights);
        if let Some(field) = change.fields.first_mut() {
            field.risk = joined(&change.risks);
        }
        return;
    }
    if change.kind == ChangeKind::Removed {
        if let Some(field) = change.fields.first_mut() {
            field.risk = joined(&change.risks);
        }
        return;
    }
    let widened = joined(&rights);
    // A hook is deleted before it is created again.
    let is_hook = has(&change.after, "helm.sh/hook");
    let mut widens = false;
    for (field, path) in change.fields.iter_mut().zip(paths) {
        let mut risks: Vec<String> = Vec::new();
        if change.kind == ChangeKind::Changed && !is_hook {
            risks.extend(immutable(&object, field, path, before));
        }
        risks.extend(stops(field, path));
        if runs_images(&object) {
            images_of(field, path, &mut risks);
        }
        let about_rights = matches!(path.first(), Some(Step::Key(key)) if RIGHTS.contains(&key.as_str()));
        if about_rights && let Some(widened) = &widened {
            risks.push(widened.clone());
            widens = true;
        }
        // A name that changes says what goes with it.
        if change.kind == ChangeKind::Renamed && keys_of(path) == ["metadata", "name"] {
            risks.extend(change.risks.iter().cloned());
        }
        field.risk = joined(&risks);
    }
    if !widens {
        change.risks.extend(rights);
    }
}

/// Where an object of RBAC says what is allowed, and to whom.
const RIGHTS: [&str; 4] = ["rules", "subjects", "roleRef", "aggregationRule"];

fn joined(risks: &[String]) -> Option<String> {
    (!risks.is_empty()).then(|| risks.join("; "))
}

/// What is lost with an object.
fn precious(object: &Object) -> Option<&'static str> {
    let own = matches!(object.group.as_str(), "" | "apps" | "apiextensions.k8s.io");
    PRECIOUS.iter().find(|(kind, _)| own && *kind == object.kind).map(|(_, words)| *words)
}

/// Whether an `image` in an object can be a container's.
fn runs_images(object: &Object) -> bool {
    !matches!(object.kind.as_str(), "ConfigMap" | "Secret" | "CustomResourceDefinition")
}

fn vanishes(object: &Object, before: &Json, how: &str, risks: &mut Vec<String>) {
    let policy = before.pointer("/metadata/annotations").and_then(|a| a.get("helm.sh/resource-policy"));
    // Helm leaves these in the cluster.
    if policy.and_then(Json::as_str).is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep")) {
        return;
    }
    if let Some(words) = precious(object) {
        risks.push(format!("{how}{words}"));
    }
}

/// Fields that the API does not let anybody change, as prefixes of paths. `!` excepts a part.
fn fixed(object: &Object) -> &'static [&'static str] {
    match (object.group.as_str(), object.kind.as_str()) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet") => &["spec.selector"],
        ("apps", "StatefulSet") => &[
            "spec",
            "!spec.replicas",
            "!spec.ordinals",
            "!spec.template",
            "!spec.updateStrategy",
            "!spec.revisionHistoryLimit",
            "!spec.persistentVolumeClaimRetentionPolicy",
            "!spec.minReadySeconds",
        ],
        ("apps", "ControllerRevision") => &["data"],
        ("batch", "Job") => &[
            "spec.selector",
            "spec.template",
            "spec.completions",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
            "spec.successPolicy",
            "spec.podReplacementPolicy",
        ],
        ("", "Service") => &["spec.clusterIP", "spec.clusterIPs", "spec.loadBalancerClass"],
        ("", "PersistentVolumeClaim") => &["spec", "!spec.resources", "!spec.volumeAttributesClassName"],
        ("", "PersistentVolume") => &[
            "spec",
            "!spec.capacity",
            "!spec.accessModes",
            "!spec.persistentVolumeReclaimPolicy",
            "!spec.storageClassName",
            "!spec.mountOptions",
            "!spec.claimRef",
            "!spec.volumeAttributesClassName",
        ],
        ("", "Pod") => &[
            "spec",
            "!spec.containers.image",
            "!spec.initContainers.image",
            "!spec.activeDeadlineSeconds",
            "!spec.tolerations",
            "!spec.terminationGracePeriodSeconds",
        ],
        ("", "Secret") => &["type"],
        ("", "ReplicationController") => &[],
        ("storage.k8s.io", "StorageClass") => &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
        ("storage.k8s.io", "CSIDriver") => &["spec.attachRequired", "spec.volumeLifecycleModes"],
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &["roleRef"],
        ("scheduling.k8s.io", "PriorityClass") => &["value", "preemptionPolicy"],
        ("node.k8s.io", "RuntimeClass") => &["handler"],
        ("networking.k8s.io", "IngressClass") => &["spec.controller"],
        ("discovery.k8s.io", "EndpointSlice") => &["addressType"],
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            &["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"]
        }
        _ => &[],
    }
}

fn immutable(object: &Object, field: &Field, path: &[Step], before: &Json) -> Option<String> {
    let keys = keys_of(path);
    let parts = |rule: &str| rule.split('.').map(str::to_owned).collect::<Vec<_>>();
    let within = |rule: &str| {
        let rule = parts(rule);
        rule.len() <= keys.len() && rule.iter().zip(&keys).all(|(a, b)| a == b)
    };
    let above = |rule: &str| {
        let rule = parts(rule);
        rule.len() > keys.len() && rule.iter().zip(&keys).all(|(a, b)| a == b)
    };
    let frozen = matches!((object.group.as_str(), object.kind.as_str()), ("", "ConfigMap" | "Secret"))
        && before.get("immutable") == Some(&Json::Bool(true))
        && matches!(keys.first(), Some(&("data" | "binaryData" | "stringData" | "immutable")));
    if frozen {
        return Some(format!("immutable: the {} says so itself; it has to be deleted and created again", object.kind));
    }
    let rules = fixed(object);
    let excepted = rules.iter().filter_map(|rule| rule.strip_prefix('!')).any(within);
    let plain = || rules.iter().filter(|rule| !rule.starts_with('!'));
    // A part that is given or taken as a whole counts if something fixed is in it.
    let inside = |rule: &str| {
        let tail = parts(rule).get(keys.len()..).map(|tail| format!("/{}", tail.join("/"))).unwrap_or_default();
        let has = |json: &Option<Json>| json.as_ref().is_some_and(|json| json.pointer(&tail).is_some());
        above(rule) && (has(&field.from) || has(&field.to))
    };
    if !excepted && plain().any(|rule| within(rule) || inside(rule)) {
        return Some("immutable: the API refuses this change; the object has to be deleted and created again".into());
    }
    if object.kind == "PersistentVolumeClaim" && keys.starts_with(&["spec", "resources", "requests"]) {
        let size = |json: &Option<Json>| Quantity::of(json.as_ref()?);
        if let (Some(from), Some(to)) = (size(&field.from), size(&field.to))
            && to < from
        {
            return Some("a claim cannot shrink: the API refuses this change".into());
        }
    }
    None
}

/// What stops running.
fn stops(field: &Field, path: &[Step]) -> Option<String> {
    let is_zero = |json: &Option<Json>| json.as_ref().is_some_and(|json| json.as_f64() == Some(0.0));
    let to_zero = is_zero(&field.to) && !is_zero(&field.from);
    match keys_of(path).as_slice() {
        ["spec", "replicas"] if to_zero => Some("replicas to 0: nothing runs any more".into()),
        ["spec", "minReplicas" | "maxReplicas" | "minReplicaCount" | "maxReplicaCount"] if to_zero => {
            Some("replicas to 0: nothing may run any more".into())
        }
        // The whole spec comes or goes.
        ["spec"] => {
            let replicas = field.to.as_ref()?.get("replicas")?;
            (replicas.as_f64() == Some(0.0)).then(|| "replicas to 0: nothing runs any more".into())
        }
        _ => None,
    }
}

/// The images of a field that a pod runs: the field itself, or what a part that comes as a whole has.
fn images_of(field: &Field, path: &[Step], risks: &mut Vec<String>) {
    let null = Json::Null;
    let (from, to) = (field.from.as_ref().unwrap_or(&null), field.to.as_ref().unwrap_or(&null));
    if matches!(path.last(), Some(Step::Key(key)) if key == "image") {
        image(to, from, risks);
    } else {
        images(to, from, risks);
    }
}

fn images(to: &Json, from: &Json, risks: &mut Vec<String>) {
    fn walk(to: &Json, from: &Json, depth: usize, risks: &mut Vec<String>) {
        if depth > edits::DEEPEST {
            return;
        }
        match to {
            Json::Object(map) => {
                for (key, value) in map {
                    let other = from.get(key).unwrap_or(&Json::Null);
                    if key == "image" && value.is_string() {
                        image(value, other, risks);
                    } else {
                        walk(value, other, depth + 1, risks);
                    }
                }
            }
            Json::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    walk(item, from.get(i).unwrap_or(&Json::Null), depth + 1, risks);
                }
            }
            _ => {}
        }
    }
    walk(to, from, 0, risks);
}

fn image(to: &Json, from: &Json, risks: &mut Vec<String>) {
    let Json::String(to) = to else { return };
    let new = Image::of(to);
    if let Json::String(from) = from
        && Image::of(from).registry != new.registry
    {
        risks.push(format!("image from another registry: {} instead of {}", new.registry, Image::of(from).registry));
    }
    if new.name.is_empty() || new.is_pinned {
        return;
    }
    match new.tag {
        Some("latest") => risks.push(format!("image with the tag latest: {to}")),
        None => risks.push(format!("image without a tag, which means latest: {to}")),
        Some(_) => {}
    }
}

/// An image's name, taken apart.
struct Image<'i> {
    registry: &'i str,
    name: &'i str,
    tag: Option<&'i str>,
    /// Whether it has a digest.
    is_pinned: bool,
}

impl<'i> Image<'i> {
    fn of(text: &'i str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        let last = rest.rfind('/').map_or(0, |at| at + 1);
        let colon = rest.get(last..).and_then(|name| name.find(':')).map(|at| last + at);
        let name = colon.and_then(|at| rest.get(..at)).unwrap_or(rest);
        let tag = colon.and_then(|at| rest.get(at + 1..)).filter(|tag| !tag.is_empty());
        let registry = match name.split_once('/') {
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
            _ => "docker.io",
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        Image { registry, name, tag, is_pinned: digest.is_some() }
    }
}

/// What RBAC allows beyond what it allowed.
fn rights(object: &Object, before: &Json, after: &Json) -> Vec<String> {
    if object.group != RBAC || after.is_null() {
        return Vec::new();
    }
    let mut found = Vec::new();
    match object.kind.as_str() {
        "Role" | "ClusterRole" => {
            let (old, new) = (rules(before), rules(after));
            let fresh: Vec<&Right> = new.iter().filter(|right| !old.iter().any(|old| old.covers(right))).collect();
            // A role that is new gives nothing to anybody yet; one that allows everything is told nevertheless.
            let told: Vec<String> = fresh
                .iter()
                .filter(|right| !before.is_null() || right.is_wide())
                .map(|right| right.words())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            if !told.is_empty() {
                found.push(format!("more rights: {}", enumerated(&told)));
            }
            let aggregated = |json: &Json| json.get("aggregationRule").cloned().unwrap_or(Json::Null);
            if !aggregated(after).is_null() && aggregated(after) != aggregated(before) {
                found.push("more rights: what the roles allow that it takes in".into());
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = |json: &Json| {
                let word = |key: &str| {
                    json.get("roleRef").and_then(|r| r.get(key)).and_then(Json::as_str).unwrap_or_default().to_owned()
                };
                (word("kind"), word("name"))
            };
            let (kind, name) = role(after);
            let subjects = |json: &Json| -> BTreeSet<String> {
                let list = json.get("subjects").and_then(Json::as_array).cloned().unwrap_or_default();
                list.iter().map(subject).collect()
            };
            let (old, new) = (subjects(before), subjects(after));
            let changed = role(before) != role(after);
            let fresh: Vec<String> = new.into_iter().filter(|subject| changed || !old.contains(subject)).collect();
            if !fresh.is_empty() {
                let words = enumerated(&fresh);
                found.push(format!("more rights: {words} may do what {kind} {name} allows"));
            }
        }
        _ => {}
    }
    found
}

/// The first of several, and how many more there are.
fn enumerated(words: &[String]) -> String {
    let mut text = words.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    let more = words.len().saturating_sub(TOLD);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn subject(json: &Json) -> String {
    let word = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
    match word("namespace") {
        "" => format!("{} {}", word("kind"), word("name")),
        namespace => format!("{} {namespace}/{}", word("kind"), word("name")),
    }
}

/// One verb on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    verb: String,
    group: String,
    /// A resource, or a path beginning with `/`.
    resource: String,
    /// Empty for all.
    names: BTreeSet<String>,
}

impl Right {
    fn covers(&self, other: &Right) -> bool {
        let fits = |own: &str, other: &str| own == "*" || own == other;
        let path = self
            .resource
            .strip_suffix('*')
            .is_some_and(|start| start.starts_with('/') && other.resource.starts_with(start));
        fits(&self.verb, &other.verb)
            && fits(&self.group, &other.group)
            && (fits(&self.resource, &other.resource) || path)
            && (self.names.is_empty() || !other.names.is_empty() && other.names.is_subset(&self.names))
    }

    fn is_wide(&self) -> bool {
        self.verb == "*" || self.resource == "*" || matches!(self.verb.as_str(), "escalate" | "bind" | "impersonate")
    }

    fn words(&self) -> String {
        let resource = match (self.resource.as_str(), self.group.as_str()) {
            (resource, "") => resource.to_owned(),
            (resource, group) => format!("{resource}.{group}"),
        };
        format!("{} {resource}", self.verb)
    }
}

/// More combinations than that are no role that a person wrote.
const MAX_RIGHTS: usize = 2_000;

fn rules(json: &Json) -> Vec<Right> {
    let mut found = Vec::new();
    let list = |rule: &Json, key: &str| -> Vec<String> {
        let items = rule.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    for rule in json.get("rules").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default() {
        let names: BTreeSet<String> = list(rule, "resourceNames").into_iter().collect();
        for verb in list(rule, "verbs") {
            for group in list(rule, "apiGroups") {
                for resource in list(rule, "resources") {
                    if found.len() >= MAX_RIGHTS {
                        return found;
                    }
                    let (verb, group, names) = (verb.clone(), group.clone(), names.clone());
                    found.push(Right { verb, group, resource, names });
                }
            }
            for resource in list(rule, "nonResourceURLs") {
                found.push(Right { verb: verb.clone(), group: String::new(), resource, names: BTreeSet::new() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_taken_apart() {
        for (text, registry, tag, pinned) in [
            ("nginx", "docker.io", None, false),
            ("nginx:1", "docker.io", Some("1"), false),
            ("a.b:5000/x/y", "a.b:5000", None, false),
            ("a.b:5000/x/y:latest", "a.b:5000", Some("latest"), false),
            ("localhost/x@sha256:ab", "localhost", None, true),
            ("x/y:1@sha256:ab", "docker.io", Some("1"), true),
        ] {
            let image = Image::of(text);
            assert_eq!((image.registry, image.tag, image.is_pinned), (registry, tag, pinned), "{text}");
        }
    }
}
