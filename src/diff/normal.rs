//! What a text means, without how it is written: keys in order, quotes and comments gone, lists that Kubernetes merges by a key
//! in the order of their keys, quantities in one form, and without what Kubernetes drops: nulls, empty lists and maps.

use super::order::{arrange, is_unordered};
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
    let api = json.get("apiVersion").and_then(Json::as_str).unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    if keys::is_built_in(group) && !matches!(kind, "" | "CustomResourceDefinition") {
        drop_empty(&mut json, kind, &mut Vec::new());
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

/// Takes out of an object of Kubernetes' own what its API keeps nothing of, whatever it says: nulls, lists without items, maps
/// without entries. What is a map without entries to the API may be a wish (`emptyDir: {}`) and stays.
fn drop_empty(json: &mut Json, kind: &str, path: &mut Vec<String>) {
    match json {
        Json::Object(map) => map.retain(|key, value| {
            path.push(key.clone());
            drop_empty(value, kind, path);
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            let stays = match value {
                // Who applies a null deletes a key, who creates it sets it to an empty text.
                Json::Null => keys.split_last().is_some_and(|(_, above)| is_map(kind, above)),
                Json::Array(items) => !items.is_empty(),
                Json::Object(map) => !map.is_empty() || !(is_map(kind, &keys) || is_part(&keys)),
                _ => true,
            };
            path.pop();
            stays
        }),
        Json::Array(items) => items.iter_mut().for_each(|item| drop_empty(item, kind, path)),
        _ => {}
    }
}

/// Whether the API takes a map of any keys there.
fn is_map(kind: &str, keys: &[&str]) -> bool {
    match keys {
        ["data" | "stringData" | "binaryData" | "parameters"] => true,
        ["spec", "selector"] => matches!(kind, "Service" | "ReplicationController"),
        [.., "metadata", "labels" | "annotations"] | [.., "matchLabels" | "nodeSelector"] => true,
        [.., "resources", "limits" | "requests"] | [.., "spec", "overhead" | "hard" | "capacity"] => true,
        _ => false,
    }
}

/// Whether the API has such a part in any case, whether it is written or not.
fn is_part(keys: &[&str]) -> bool {
    match keys {
        ["status"] | ["spec", "strategy" | "updateStrategy"] => true,
        [.., "template" | "jobTemplate", "metadata"] | [.., "resources"] => true,
        // Of a pod, that is; a container's is one only where it is written.
        [.., "spec", "securityContext"] => true,
        _ => false,
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
            if items.iter().all(|item| item.get(key).is_some()) {
                arrange(last, key, items);
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
        | (_, [.., "spec", "overhead", _])
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
            (
                "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: b}]}, {matchFields: [{key: a}]}]}}}",
                "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: a}]}, {matchFields: [{key: b}]}]}}}",
            ),
            ("hostAliases: [{ip: 1.2.3.4, hostnames: [b, a]}]", "hostAliases: [{ip: 1.2.3.4, hostnames: [a, b]}]"),
            ("overhead: {cpu: 1000m}", "overhead: {cpu: 1}"),
            ("nodeName: null, tolerations: [], nodeSelector: {}, securityContext: {}", "{}"),
            ("containers: [{name: c, args: [], resources: {limits: {}}}]", "containers: [{name: c}]"),
        ] {
            let one = if one.starts_with('{') { one.to_owned() } else { format!("{{{one}}}") };
            let two = if two.starts_with('{') { two.to_owned() } else { format!("{{{two}}}") };
            assert_eq!(normal(&format!("spec: {one}")), normal(&format!("spec: {two}")));
        }
        assert_eq!(
            of("spec: {externalIPs: [b, a], selector: {}}", "Service"),
            of("spec: {externalIPs: [a, b]}", "Service")
        );
        // These are wishes.
        for (one, two) in [
            ("selector: {}", "x: 1"),
            ("volumes: [{name: v, emptyDir: {}}]", "volumes: [{name: v}]"),
            ("containers: [{name: c, securityContext: {}}]", "containers: [{name: c}]"),
        ] {
            let (one, two) = (format!("spec: {{y: 1, {one}}}"), format!("spec: {{y: 1, {two}}}"));
            assert_ne!(of(&one, "PodDisruptionBudget"), of(&two, "PodDisruptionBudget"), "{one}");
        }
        assert_ne!(of("data: {a: null}", "ConfigMap"), of("data: {}", "ConfigMap"));
        assert_ne!(of("spec: {a: null}", ""), of("spec: {}", ""));
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
