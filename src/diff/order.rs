//! Lists whose order means nothing, and those in which some of it does.

use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// Lists whose order means nothing, beside those that patches take for sets: a patch replaces these whole.
pub(super) fn is_unordered(kind: &str, above: &[&str], list: &str) -> bool {
    let parent = above.last().copied().unwrap_or_default();
    match (kind, parent, list) {
        (_, "spec", "tolerations") | (_, "capabilities", "add" | "drop") => true,
        (_, "securityContext", "supplementalGroups" | "sysctls") => true,
        (_, "hostAliases", "hostnames") | (_, _, "nodeSelectorTerms") => true,
        (_, "nodeAffinity" | "podAffinity" | "podAntiAffinity", _) => true,
        (_, _, "matchLabelKeys" | "mismatchLabelKeys") => true,
        (_, "podAffinityTerm" | "requiredDuringSchedulingIgnoredDuringExecution", "namespaces") => true,
        (
            _,
            "nodeSelectorTerms" | "preference" | "labelSelector" | "selector" | "namespaceSelector" | "podSelector"
            | "objectSelector",
            list,
        ) => {
            matches!(list, "matchExpressions" | "matchFields")
        }
        (_, "matchExpressions" | "matchFields", "values") => true,
        ("Service", "spec", "externalIPs" | "loadBalancerSourceRanges") => true,
        ("Ingress", "tls", "hosts") => true,
        ("Role" | "ClusterRole", "", "rules") => true,
        ("HorizontalPodAutoscaler", "spec", "metrics") => true,
        ("NetworkPolicy", "spec", "ingress" | "egress") => true,
        ("NetworkPolicy", "ingress" | "egress", "from" | "to" | "ports") => true,
        ("NetworkPolicy", "ipBlock", "except") => true,
        (
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            "rules",
            "operations" | "apiGroups" | "apiVersions" | "resources",
        ) => true,
        ("ResourceQuota", "spec", "scopes") => true,
        _ => false,
    }
}

/// Puts the items of a list with a key in the order of their keys, as far as their own order means nothing.
pub(super) fn arrange(list: &str, key: &str, items: &mut Vec<Json>) {
    // A name that comes twice is told apart by all that the item has.
    let by_key = |item: &Json| (item.get(key).map(ToString::to_string), item.to_string());
    let bonds = bonds(list, items);
    if bonds.is_empty() {
        items.sort_by_cached_key(by_key);
        return;
    }
    let keys: Vec<_> = items.iter().map(by_key).collect();
    let mut waits = vec![0_usize; items.len()];
    let mut followers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (first, then) in bonds {
        followers.entry(first).or_default().push(then);
        if let Some(waits) = waits.get_mut(then) {
            *waits += 1;
        }
    }
    // Of those that wait for nobody, the one with the least key.
    let mut free: BTreeSet<_> = keys.iter().zip(0..).filter(|(_, i)| waits.get(*i) == Some(&0)).collect();
    let mut order = Vec::with_capacity(items.len());
    while let Some((_, i)) = free.pop_first() {
        order.extend(items.get(i).cloned());
        for then in followers.remove(&i).unwrap_or_default() {
            let Some(waits) = waits.get_mut(then) else { continue };
            *waits -= 1;
            if *waits == 0 {
                free.extend(keys.get(then).map(|key| (key, then)));
            }
        }
    }
    *items = order;
}

/// Whether the items that two lists share come in another order that means something. `names` are what tells them apart.
pub(super) fn is_other(list: &str, items: [&[Json]; 2], names: [&[String]; 2]) -> bool {
    let places = names.map(|names| {
        let places: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        places
    });
    let [left, right] = &places;
    match list {
        "initContainers" => {
            let shared: Vec<usize> = names[0].iter().filter_map(|name| right.get(name.as_str()).copied()).collect();
            !shared.is_sorted()
        }
        "env" => {
            let uses = items.map(uses);
            let turned = |(user, used): &(&str, &str)| {
                let before = |places: &HashMap<&str, usize>| Some(places.get(used)? < places.get(user)?);
                uses[1].contains(&(*user, *used)) && before(left) != before(right)
            };
            uses[0].iter().any(turned)
        }
        _ => false,
    }
}

/// Which items of a list must stay in the order in which they are: init containers run one after the other, a variable is put into
/// those behind it, and of two of one name the last counts.
fn bonds(list: &str, items: &[Json]) -> Vec<(usize, usize)> {
    match list {
        "initContainers" => (1..items.len()).map(|i| (i - 1, i)).collect(),
        "env" => {
            let mut bonds = Vec::new();
            let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
            for (i, item) in items.iter().enumerate() {
                let before = places.entry(name(item)).or_default();
                bonds.extend(before.last().map(|before| (*before, i)));
                before.push(i);
            }
            for (i, item) in items.iter().enumerate() {
                for used in references(item) {
                    let places = places.get(used).into_iter().flatten().copied().filter(|other| *other != i);
                    bonds.extend(places.map(|other| (i.min(other), i.max(other))));
                }
            }
            bonds
        }
        _ => Vec::new(),
    }
}

fn name(item: &Json) -> &str {
    item.get("name").and_then(Json::as_str).unwrap_or_default()
}

/// Which variables use which.
fn uses(items: &[Json]) -> BTreeSet<(&str, &str)> {
    items.iter().flat_map(|item| references(item).into_iter().map(move |used| (name(item), used))).collect()
}

/// The variables that the value of one names: `$(NAME)`, but for `$$(NAME)`.
fn references(item: &Json) -> Vec<&str> {
    let mut rest = item.get("value").and_then(Json::as_str).unwrap_or_default();
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once('$') {
        rest = match (after.strip_prefix('('), after.strip_prefix('$')) {
            (Some(inside), _) => match inside.split_once(')') {
                Some((name, after)) => {
                    found.push(name);
                    after
                }
                None => break,
            },
            (None, Some(after)) => after,
            (None, None) => after,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables() {
        let names = |items: &[Json]| items.iter().map(|item| name(item).to_owned()).collect::<Vec<_>>();
        let arranged = |items: Json| {
            let mut items = items.as_array().unwrap().clone();
            arrange("env", "name", &mut items);
            names(&items)
        };
        let env = |list: &[(&str, &str)]| {
            Json::from(list.iter().map(|(n, v)| json!({"name": n, "value": v})).collect::<Vec<_>>())
        };
        // What no value names has no place of its own.
        for list in [
            &[("Z", "1"), ("Y", "2"), ("A", "x$(Z)"), ("B", "$$(C)"), ("C", "")][..],
            &[("C", ""), ("Z", "1"), ("B", "$$(C)"), ("A", "x$(Z)"), ("Y", "2")],
        ] {
            assert_eq!(arranged(env(list)), ["B", "C", "Y", "Z", "A"]);
        }
        assert_eq!(arranged(env(&[("A", "$(Z)"), ("Z", "1")])), ["A", "Z"]);
        let other = |one: &[(&str, &str)], two: &[(&str, &str)]| {
            let lists = [env(one), env(two)].map(|list| list.as_array().unwrap().clone());
            let names = lists.each_ref().map(|items| names(items));
            is_other("env", [&lists[0], &lists[1]], [&names[0], &names[1]])
        };
        assert!(other(&[("A", "1"), ("B", "$(A)")], &[("B", "$(A)"), ("A", "1")]));
        assert!(!other(&[("C", ""), ("A", "1"), ("B", "$(A)")], &[("A", "1"), ("B", "$(A)"), ("C", "")]));
        assert!(!other(&[("A", "1"), ("B", "$(A)")], &[("B", "x"), ("A", "1")]));
    }
}
