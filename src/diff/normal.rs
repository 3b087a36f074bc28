//! What a text means, without how it is written: keys in order, quotes and comments gone, lists that Kubernetes merges by a key
//! in the order of their keys, quantities in one form.

use super::quantity::Quantity;
use super::secrets::is_hidden;
use crate::go::base64;
use crate::manifest::chance::CHANCE;
use crate::manifest::path::{Step, keys_of};
use crate::manifest::{edits, keys, overrides};
use crate::yaml;
use serde_json::Value as Json;

/// A text as all texts of its meaning are; `None` for what cannot be read.
pub(super) fn normal(text: &[u8], kind: &str) -> Option<Vec<u8>> {
    let root = edits::read(text)?;
    let mut json = overrides::json(&root).ok()?;
    if kind == "Secret" {
        gather(&mut json);
    }
    sort(&mut json, kind, &mut Vec::new());
    yaml::emit(&overrides::value(&json)).ok()
}

/// In a Secret, `stringData` is what the API makes of it: more `data`.
pub(crate) fn gather(json: &mut Json) {
    let Some(map) = json.as_object_mut() else { return };
    let Some(Json::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| Json::Object(serde_json::Map::new()));
    let Some(data) = data.as_object_mut() else { return };
    for (key, value) in texts {
        let value = match value {
            // What is hidden, or varies, cannot be encoded.
            Json::String(text) if !(text == CHANCE || is_hidden(text.as_bytes())) => {
                let mut coded = Vec::new();
                base64::encode(&mut coded, text.as_bytes());
                Json::String(String::from_utf8_lossy(&coded).into_owned())
            }
            value => value,
        };
        data.insert(key, value);
    }
}

fn sort(json: &mut Json, kind: &str, path: &mut Vec<Step>) {
    match json {
        Json::Object(map) => {
            for (key, value) in map.iter_mut() {
                path.push(Step::Key(key.clone()));
                sort(value, kind, path);
                if is_quantity(kind, &keys_of(path))
                    && let Some(text) = Quantity::of(value)
                {
                    *value = Json::String(text.form());
                }
                path.pop();
            }
        }
        Json::Array(items) => {
            for item in items.iter_mut() {
                path.push(Step::Index(0));
                sort(item, kind, path);
                path.pop();
            }
            let steps = keys_of(path);
            let Some((last, above)) = steps.split_last() else { return };
            if kind.is_empty() {
                return;
            }
            if keys::is_set(kind, above, last) || is_unordered(kind, above, last) {
                items.sort_by_key(ToString::to_string);
            }
            let Some(key) = keys::merge_key(kind, above, last) else { return };
            if has_order(last, items) {
                return;
            }
            if items.iter().all(|item| item.get(key).is_some()) {
                // A name that comes twice is told apart by all that the item has.
                items.sort_by_cached_key(|item| (item.get(key).map(ToString::to_string), item.to_string()));
            }
        }
        _ => {}
    }
}

/// Whether the API takes a quantity there: keys that lead to it, without the items of lists.
pub(crate) fn is_quantity(kind: &str, keys: &[&str]) -> bool {
    match (kind, keys) {
        ("", _) => false,
        (_, [.., "resources", "limits" | "requests", _])
        | (_, [.., "emptyDir", "sizeLimit"])
        | (_, [.., "resourceFieldRef", "divisor"])
        | ("ResourceQuota", ["spec", "hard", _])
        | (
            "LimitRange",
            ["spec", "limits", "min" | "max" | "default" | "defaultRequest" | "maxLimitRequestRatio", _],
        )
        | ("PersistentVolume", ["spec", "capacity", _])
        | ("RuntimeClass", ["overhead", "podFixed", _])
        | ("HorizontalPodAutoscaler", ["spec", "metrics", .., "value" | "averageValue" | "targetValue"])
        | ("HorizontalPodAutoscaler", ["spec", "metrics", _, "targetAverageValue"]) => true,
        _ => false,
    }
}

/// Whether the order of a list with a key means something: init containers run one after the other, a variable is put into
/// those behind it, and of two of one name the last counts.
fn has_order(list: &str, items: &[Json]) -> bool {
    let text = |item: &Json, key: &str| item.get(key).and_then(Json::as_str).map(str::to_owned);
    match list {
        "initContainers" => true,
        "env" => {
            let mut names: Vec<String> = items.iter().filter_map(|item| text(item, "name")).collect();
            names.sort();
            let twice = names.windows(2).any(|pair| pair.first() == pair.last());
            twice || items.iter().any(|item| text(item, "value").is_some_and(|value| value.contains("$(")))
        }
        _ => false,
    }
}

/// Lists whose order means nothing, beside those that patches take for sets: a patch replaces these whole.
fn is_unordered(kind: &str, above: &[&str], list: &str) -> bool {
    let parent = above.last().copied().unwrap_or_default();
    match (kind, parent, list) {
        (_, "spec", "tolerations") | (_, "capabilities", "add" | "drop") => true,
        (_, "securityContext", "supplementalGroups" | "sysctls") => true,
        (_, "nodeSelectorTerms" | "preference" | "labelSelector" | "selector" | "namespaceSelector", list) => {
            matches!(list, "matchExpressions" | "matchFields")
        }
        (_, "matchExpressions" | "matchFields", "values") => true,
        ("Role" | "ClusterRole", "", "rules") => true,
        ("HorizontalPodAutoscaler", "spec", "metrics") => true,
        ("NetworkPolicy", "spec", "ingress" | "egress") => true,
        ("NetworkPolicy", "ingress" | "egress", "from" | "to" | "ports") => true,
        ("ResourceQuota", "spec", "scopes") => true,
        _ => false,
    }
}

/// Whether two values are the same quantity.
pub(crate) fn same_quantity(one: &Json, two: &Json) -> bool {
    Quantity::of(one).is_some_and(|one| Quantity::of(two) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let of = |text: &str, kind: &str| String::from_utf8(normal(text.as_bytes(), kind).unwrap()).unwrap();
        let normal = |text: &str| of(text, "Deployment");
        assert_eq!(
            of("rules: [{apiGroups: [b, a], verbs: [get]}, {apiGroups: [], verbs: [list]}]", "Role"),
            of("rules: [{verbs: [list], apiGroups: []}, {apiGroups: [a, b], verbs: [get]}]", "Role")
        );
        let quota = |hard: &str| of(&format!("spec: {{hard: {{cpu: {hard}}}}}"), "ResourceQuota");
        assert_eq!(quota("1"), quota("\"1\""));
        assert_eq!(quota("1000m"), quota("1"));
        let target = |value: &str| {
            let text = format!("spec: {{metrics: [{{resource: {{target: {{averageValue: {value}}}}}}}]}}");
            of(&text, "HorizontalPodAutoscaler")
        };
        assert_eq!(target("1024Mi"), target("1Gi"));
        let a = "spec:\n  containers:\n  - {name: b, image: x}\n  - name: \"a\" # c\n    env: [{name: Z}, {name: Y}]\n";
        let b =
            "spec:\n  containers:\n  - name: a\n    env:\n    - name: Y\n    - name: Z\n  - image: x\n    name: b\n";
        assert_eq!(normal(a), normal(b));
        assert_eq!(normal("metadata: {finalizers: [b, a]}"), normal("metadata: {finalizers: [a, b]}"));
        assert_eq!(
            normal("spec: {tolerations: [{key: b}, {key: a}], volumes: [{name: v, emptyDir: {sizeLimit: 1024Mi}}]}"),
            normal("spec: {tolerations: [{key: a}, {key: b}], volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}]}")
        );
        for (one, two) in [
            ("initContainers: [{name: a}, {name: b}]", "initContainers: [{name: b}, {name: a}]"),
            (
                "containers: [{name: c, env: [{name: H, value: x}, {name: U, value: $(H)}]}]",
                "containers: [{name: c, env: [{name: U, value: $(H)}, {name: H, value: x}]}]",
            ),
            (
                "containers: [{name: c, env: [{name: A, value: x}, {name: A, value: y}]}]",
                "containers: [{name: c, env: [{name: A, value: y}, {name: A, value: x}]}]",
            ),
        ] {
            assert_ne!(normal(&format!("spec: {{{one}}}")), normal(&format!("spec: {{{two}}}")));
        }
        assert_ne!(normal("args: [a, b]"), normal("args: [b, a]"));
    }
}
