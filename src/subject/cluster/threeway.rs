//! What an object would be after an upgrade, where the server is not asked: three texts of it are laid over each other. Also the
//! patch that Helm would send, where it patches objects by itself.
//!
//! Only fields that the chart or the release's last revision speaks of count; all others stay as the cluster has them.

use crate::diff::{is_quantity, same_quantity};
use crate::manifest::keys;
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, HashSet};

/// Longer lists without keys are replaced, not searched for what belongs together.
const SEARCHED: usize = 10_000;

/// The live object with what the chart wants, and without what only the revision `before` wanted. `kind` is empty for custom
/// resources.
pub(super) fn merged(live: &Json, wanted: &Json, before: Option<&Json>, kind: &str) -> Json {
    let mut after = live.clone();
    Walk { kind, path: Vec::new() }.merge(&mut after, wanted, before);
    after
}

/// The patch that makes of the live object what the chart wants, and takes out what only `before` wanted; none if nothing is to
/// be changed. Lists are merged by the keys of the kind (a strategic merge patch); without a kind they are replaced.
pub(super) fn patch(live: &Json, wanted: &Json, before: Option<&Json>, kind: &str) -> Option<Json> {
    Walk { kind, path: Vec::new() }.patch(wanted, before, Some(live))
}

/// Puts what the cluster has in the place of values that `varies` says are made by chance; where it has nothing they are left
/// out.
pub(super) fn settle(wanted: &mut Json, live: Option<&Json>, kind: &str, varies: &dyn Fn(&str) -> bool) {
    Walk { kind, path: Vec::new() }.settle(wanted, live, varies);
}

/// Where a walk is: the keys that lead there, without the items of lists.
struct Walk<'w> {
    kind: &'w str,
    path: Vec<String>,
}

/// The items of a list by their names; of several of one name the first.
fn named<'i>(items: &'i [Json], key: &str) -> HashMap<String, &'i Json> {
    let mut found = HashMap::with_capacity(items.len());
    for item in items {
        if let Some(name) = name(item, key) {
            found.entry(name).or_insert(item);
        }
    }
    found
}

/// What tells an item of a list apart.
fn name(item: &Json, key: &str) -> Option<String> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let own = item.get(key).map(text)?;
    Some(match keys::second_key(key) {
        Some((other, otherwise)) => format!("{own}/{}", item.get(other).map_or_else(|| otherwise.to_owned(), text)),
        None => own,
    })
}

fn list(json: Option<&Json>) -> &[Json] {
    json.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What Go leaves out of an object when it writes it.
fn is_zero(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(b) => !b,
        Json::Number(n) => n.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.values().all(is_zero),
    }
}

impl Walk<'_> {
    fn below<R>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(key.to_owned());
        let done = work(self);
        self.path.pop();
        done
    }

    /// The key of the items of the list here, if all of them have it.
    fn key(&self, lists: &[&[Json]]) -> Option<&'static str> {
        let (last, above) = self.path.split_last()?;
        let key = keys::merge_key(self.kind, above, last)?;
        lists.iter().all(|list| list.iter().all(|item| item.get(key).is_some())).then_some(key)
    }

    /// Whether what is wanted here keeps nothing beside it: the `retainKeys` of a strategic merge patch, as kubernetes' types
    /// have it for a Deployment's strategy and for volumes.
    fn is_exclusive(&self) -> bool {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["spec", "strategy"] => self.kind == "Deployment",
            [.., "spec", "volumes"] => self.key(&[]).is_some(),
            _ => false,
        }
    }

    /// Whether the order of the list here means nothing.
    fn is_set(&self) -> bool {
        let Some((last, above)) = self.path.split_last() else { return false };
        !self.kind.is_empty() && keys::is_set(self.kind, above, last)
    }

    fn same(&self, one: &Json, two: &Json) -> bool {
        let numbers = || one.is_number() && two.is_number() && one.as_f64() == two.as_f64();
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        one == two || numbers() || is_quantity(self.kind, &path) && same_quantity(one, two)
    }

    fn merge(&mut self, live: &mut Json, wanted: &Json, before: Option<&Json>) {
        match (live, wanted) {
            (Json::Object(own), Json::Object(wants)) => {
                // Another type of strategy, another source of a volume: what the last one had beside it goes.
                let is_other = |(key, value): (&String, &Json)| {
                    !value.is_null() && own.get(key).is_none_or(|own| key == "type" && own != value)
                };
                let is_exclusive = self.is_exclusive();
                if is_exclusive && wants.iter().any(is_other) {
                    own.retain(|key, _| wants.contains_key(key));
                }
                let wanted_before = before.and_then(Json::as_object);
                for (key, value) in wanted_before.into_iter().flatten() {
                    if wants.get(key).is_none_or(Json::is_null) && !value.is_null() {
                        self.below(key, |walk| walk.remove(own, key, value));
                    }
                }
                for (key, value) in wants {
                    let before = before.and_then(|before| before.get(key));
                    match own.get_mut(key) {
                        Some(_) if value.is_null() => {}
                        Some(own) => self.below(key, |walk| walk.merge(own, value, before)),
                        None if is_zero(value) && !is_exclusive => {}
                        None => {
                            own.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
            (Json::Array(own), Json::Array(wants)) => self.lists(own, wants, list(before)),
            (own, _) if self.same(own, wanted) || own.is_null() && is_zero(wanted) => {}
            (own, _) => *own = wanted.clone(),
        }
    }

    /// Takes out what only the revision before wanted. Others may have put more into maps of texts: labels, data.
    fn remove(&mut self, own: &mut Map<String, Json>, key: &str, spoken: &Json) {
        match (own.get_mut(key), spoken) {
            (Some(Json::Object(map)), Json::Object(spoken)) if map.values().all(Json::is_string) => {
                map.retain(|key, _| !spoken.contains_key(key));
                if !map.is_empty() {
                    return;
                }
            }
            (Some(Json::Array(items)), Json::Array(spoken)) => {
                if let Some(item_key) = self.key(&[items, spoken]) {
                    let spoken = named(spoken, item_key);
                    items.retain(|item| name(item, item_key).is_none_or(|name| !spoken.contains_key(&name)));
                    if !items.is_empty() {
                        return;
                    }
                }
            }
            _ => {}
        }
        own.remove(key);
    }

    fn lists(&mut self, own: &mut Vec<Json>, wants: &[Json], before: &[Json]) {
        if let Some(key) = self.key(&[own.as_slice(), wants, before]) {
            let (before, wanted) = (named(before, key), named(wants, key));
            own.retain(|item| {
                name(item, key).is_none_or(|name| !before.contains_key(&name) || wanted.contains_key(&name))
            });
            let mut places: HashMap<String, usize> = HashMap::with_capacity(own.len());
            for (at, item) in own.iter().enumerate() {
                if let Some(name) = name(item, key) {
                    places.entry(name).or_insert(at);
                }
            }
            for item in wants {
                let Some(called) = name(item, key) else { continue };
                match places.get(&called).and_then(|at| own.get_mut(*at)) {
                    Some(other) => self.merge(other, item, before.get(&called).copied()),
                    None => {
                        places.insert(called, own.len());
                        own.push(item.clone());
                    }
                }
            }
        } else if self.is_set() {
            own.retain(|item| !before.contains(item) || wants.contains(item));
            for item in wants {
                if !own.contains(item) {
                    own.push(item.clone());
                }
            }
        } else if own.len() == wants.len() {
            let aligned = before.len() == wants.len();
            for (i, (own, item)) in own.iter_mut().zip(wants).enumerate() {
                self.merge(own, item, before.get(i).filter(|_| aligned));
            }
        } else if own.len().saturating_mul(wants.len()) > SEARCHED {
            *own = wants.to_vec();
        } else {
            let mut left: Vec<Json> = std::mem::take(own);
            let mut fitting = |item: &Json| {
                let fits = |other: &Json| {
                    let mut after = other.clone();
                    self.merge(&mut after, item, None);
                    after == *other
                };
                left.iter().position(fits).map(|at| left.remove(at))
            };
            let found: Vec<Option<Json>> = wants.iter().map(&mut fitting).collect();
            // What changed takes the place of what is left, one by one: a server has filled in the same there.
            let mut left = left.into_iter();
            for (item, found) in wants.iter().zip(found) {
                own.push(found.unwrap_or_else(|| match left.next() {
                    Some(mut other) => {
                        self.merge(&mut other, item, None);
                        other
                    }
                    None => item.clone(),
                }));
            }
        }
    }

    /// None: nothing is to be changed.
    fn patch(&mut self, wanted: &Json, before: Option<&Json>, live: Option<&Json>) -> Option<Json> {
        match (wanted, live) {
            (Json::Object(wants), Some(Json::Object(own))) => {
                let mut out = Map::new();
                for (key, value) in wants {
                    let before = before.and_then(|before| before.get(key));
                    let patch = self.below(key, |walk| walk.patch(value, before, own.get(key)));
                    out.extend(patch.map(|patch| (key.clone(), patch)));
                }
                for key in before.and_then(Json::as_object).into_iter().flat_map(Map::keys) {
                    if own.contains_key(key) && !wants.contains_key(key) {
                        out.insert(key.clone(), Json::Null);
                    }
                }
                if self.is_exclusive() && !(out.is_empty() && own.keys().all(|key| wants.contains_key(key))) {
                    let retained = wants.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.clone());
                    out.insert("$retainKeys".to_owned(), retained.collect());
                }
                (!out.is_empty()).then_some(Json::Object(out))
            }
            (Json::Array(wants), Some(Json::Array(own))) => {
                let before = list(before);
                let Some(key) = self.key(&[wants, before, own]) else {
                    return (wants != own).then(|| wanted.clone());
                };
                let mut out = Vec::new();
                let (befores, owns) = (named(before, key), named(own, key));
                for item in wants {
                    let Some(called) = name(item, key) else { continue };
                    let patch = self.patch(item, befores.get(&called).copied(), owns.get(&called).copied());
                    out.extend(patch.map(|mut patch| {
                        // By these the server finds the item.
                        for key in [Some(key), keys::second_key(key).map(|(key, _)| key)].into_iter().flatten() {
                            if let (Some(patch), Some(value)) = (patch.as_object_mut(), item.get(key)) {
                                patch.insert(key.to_owned(), value.clone());
                            }
                        }
                        patch
                    }));
                }
                let kept: HashSet<String> = wants.iter().filter_map(|item| Some(item.get(key)?.to_string())).collect();
                for item in before {
                    let Some(called) = name(item, key) else { continue };
                    let own = item.get(key).cloned().unwrap_or_default();
                    // Strategic patches know one key alone: what has the same goes with it, unless it is wanted.
                    if !kept.contains(&own.to_string()) && owns.contains_key(&called) {
                        out.push(serde_json::json!({"$patch": "delete", key: own}));
                    }
                }
                (!out.is_empty()).then_some(Json::Array(out))
            }
            (Json::Null, None) => None,
            (wanted, Some(live)) if wanted == live => None,
            (wanted, _) => Some(wanted.clone()),
        }
    }

    fn settle(&mut self, wanted: &mut Json, live: Option<&Json>, varies: &dyn Fn(&str) -> bool) {
        let is_chance = |value: &Json| value.as_str().is_some_and(varies);
        match wanted {
            Json::Object(map) => {
                map.retain(|key, value| {
                    let live = live.and_then(|live| live.get(key));
                    if is_chance(value) {
                        return live.map(|live| *value = live.clone()).is_some();
                    }
                    self.below(key, |walk| walk.settle(value, live, varies));
                    true
                });
            }
            Json::Array(items) => {
                let live = list(live);
                let key = self.key(&[items, live]);
                let lives = key.map(|key| named(live, key)).unwrap_or_default();
                let mut at = 0;
                items.retain_mut(|item| {
                    let own = match key {
                        Some(key) => name(item, key).and_then(|name| lives.get(&name).copied()),
                        None => live.get(at),
                    };
                    at += 1;
                    if is_chance(item) {
                        return own.map(|own| *item = own.clone()).is_some();
                    }
                    self.settle(item, own, varies);
                    true
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(live: Json, wanted: Json, before: Json, after: Json) {
        assert_eq!(merged(&live, &wanted, Some(&before), "Deployment"), after);
    }

    #[test]
    fn what_nobody_speaks_of_stays() {
        let live = json!({"a": 1, "hpa": 3, "labels": {"own": "x", "old": "y", "other": "z"}});
        check(
            live.clone(),
            json!({"a": 2, "labels": {"own": "x"}}),
            json!({"a": 1, "labels": {"own": "x", "old": "y"}}),
            json!({"a": 2, "hpa": 3, "labels": {"own": "x", "other": "z"}}),
        );
        // A map that is not spoken of any more keeps what others put into it.
        check(
            live,
            json!({"a": 1}),
            json!({"a": 1, "labels": {"old": "y", "own": "x"}}),
            json!({"a": 1, "hpa": 3, "labels": {"other": "z"}}),
        );
    }

    #[test]
    fn what_a_server_leaves_out_is_no_difference() {
        let live = json!({"spec": {"x": 1}});
        check(
            live.clone(),
            json!({"spec": {"x": 1, "hostNetwork": false, "a": {}, "b": [], "c": null}}),
            json!({}),
            live,
        );
        check(json!({"rules": null}), json!({"rules": []}), json!({}), json!({"rules": null}));
    }

    #[test]
    fn lists_by_their_keys() {
        let containers = |list: Json| json!({"spec": {"containers": list}});
        let live = containers(json!([
            {"name": "injected", "image": "i"},
            {"name": "old", "image": "o"},
            {"name": "web", "image": "a", "pullPolicy": "Always", "resources": {"limits": {"cpu": "1"}}}
        ]));
        let wanted = containers(json!([{"name": "web", "image": "b", "resources": {"limits": {"cpu": "1000m"}}}]));
        let before = containers(json!([{"name": "web", "image": "a"}, {"name": "old", "image": "o"}]));
        let after = containers(json!([
            {"name": "injected", "image": "i"},
            {"name": "web", "image": "b", "pullPolicy": "Always", "resources": {"limits": {"cpu": "1"}}}
        ]));
        check(live.clone(), wanted.clone(), before.clone(), after);
        let patch = patch(&live, &wanted, Some(&before), "Deployment");
        let limits = json!({"limits": {"cpu": "1000m"}});
        let want = json!([{"name": "web", "image": "b", "resources": limits}, {"$patch": "delete", "name": "old"}]);
        assert_eq!(patch, Some(containers(want)));
    }

    #[test]
    fn lists_without_keys() {
        let live = json!({"rules": [{"a": 1, "default": 0.5}, {"a": 2, "default": 0.5}]});
        let rules = |list: Json| json!({"rules": list});
        check(live.clone(), rules(json!([{"a": 1}, {"a": 2}])), json!({}), live.clone());
        check(live, rules(json!([{"a": 2}])), json!({}), rules(json!([{"a": 2, "default": 0.5}])));
    }

    #[test]
    fn what_goes_is_null_in_a_patch() {
        let (live, wanted) =
            (json!({"data": {"a": "0", "b": "2", "c": "3"}, "x": 1}), json!({"data": {"a": "1"}, "x": 1}));
        let before = json!({"data": {"a": "0", "b": "2", "gone": "y"}});
        assert_eq!(patch(&live, &wanted, Some(&before), ""), Some(json!({"data": {"a": "1", "b": null}})));
        assert_eq!(patch(&live, &json!({"x": 1}), None, ""), None);
        // A port that is open for TCP and UDP confuses a server, so what stays the same is left out.
        let ports = |list: Json| json!({"spec": {"ports": list}});
        let live = ports(json!([{"port": 53, "protocol": "UDP", "nodePort": 3}, {"port": 53, "protocol": "TCP"}]));
        let wanted = ports(json!([{"port": 53, "protocol": "UDP"}, {"port": 53}]));
        assert_eq!(patch(&live, &wanted, Some(&wanted), "Service"), None);
    }

    #[test]
    fn what_keeps_nothing_beside_it() {
        let strategy = |json: Json| json!({"spec": {"strategy": json}});
        let live = strategy(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}));
        let (rolling, recreate) = (strategy(json!({"type": "RollingUpdate"})), strategy(json!({"type": "Recreate"})));
        let retained = strategy(json!({"type": "Recreate", "$retainKeys": ["type"]}));
        assert_eq!(patch(&live, &recreate, Some(&rolling), "Deployment"), Some(retained));
        assert_eq!(patch(&live, &recreate, Some(&rolling), "StatefulSet"), Some(recreate.clone()));
        check(live.clone(), recreate.clone(), rolling.clone(), recreate);
        check(live.clone(), rolling.clone(), rolling, live);
        let volumes = |json: Json| json!({"spec": {"template": {"spec": {"volumes": [json]}}}});
        let live = volumes(json!({"name": "a", "configMap": {"name": "c", "defaultMode": 420}}));
        let (before, wanted) =
            (volumes(json!({"name": "a", "configMap": {"name": "c"}})), volumes(json!({"name": "a", "emptyDir": {}})));
        assert_eq!(
            patch(&live, &wanted, Some(&before), "Deployment"),
            Some(volumes(json!({"name": "a", "emptyDir": {}, "configMap": null, "$retainKeys": ["emptyDir", "name"]})))
        );
        assert_eq!(patch(&live, &before, Some(&before), "Deployment"), None);
        assert_eq!(
            merged(&live, &wanted, Some(&before), "Deployment").pointer("/spec/template/spec/volumes/0"),
            Some(&json!({"name": "a", "emptyDir": {}}))
        );
    }

    #[test]
    fn chance_is_what_is_there() {
        let mut wanted = json!({"data": {"a": "<chance>", "b": "<chance>", "c": "x"}});
        settle(&mut wanted, Some(&json!({"data": {"a": "live"}})), "Secret", &|text| text == "<chance>");
        assert_eq!(wanted, json!({"data": {"a": "live", "c": "x"}}));
    }
}
