//! Merges a patch into an object: null removes, and lists of objects merge by the key that Kubernetes has for them
//! (its API's `patchMergeKey`).

use super::super::keys;
use super::super::object::Object;
use serde_json::{Map, Value as Json};

/// Says what happens instead of merging: `delete` or `replace`.
const DIRECTIVE: &str = "$patch";
/// Names the keys of a map that stay.
const RETAIN: &str = "$retainKeys";
/// `$deleteFromPrimitiveList/finalizers`: items that vanish from the list of that name.
const DELETE: &str = "$deleteFromPrimitiveList/";
/// `$setElementOrder/containers`: the order of the list of that name.
const ORDER: &str = "$setElementOrder/";

/// Merges a patch into an object.
///
/// # Errors
/// An item of a list lacks the key by which the list merges; a directive that is unknown or does not fit.
pub(super) fn merge(into: &mut Json, patch: &Json, object: &Object) -> Result<(), String> {
    if let Json::Object(map) = patch
        && let Some(Directive::Delete) = directive(map)?
    {
        return Err(format!("`{DIRECTIVE}: delete` would delete all of it; `drop: true` drops an object"));
    }
    // Lists of custom resources have no keys that could be known, except where they hold pods.
    Merger { kind: if keys::is_known(&object.group) { &object.kind } else { "" } }.value(into, patch, &mut Vec::new())
}

/// A list's name, the order that it is to have, and the items that were there.
type Order<'p> = (&'p str, &'p [Json], Vec<Json>);

struct Merger<'a> {
    /// Empty for custom resources.
    kind: &'a str,
}

impl Merger<'_> {
    /// The key by which a list merges. `path` leads to it; the items of lists are no steps.
    fn key(&self, path: &[String]) -> Option<&'static str> {
        let (last, above) = path.split_last()?;
        keys::merge_key(self.kind, above, last)
    }

    fn value(&self, into: &mut Json, patch: &Json, path: &mut Vec<String>) -> Result<(), String> {
        match (into, patch) {
            (Json::Object(into), Json::Object(patch)) => self.object(into, patch, path),
            (Json::Array(into), Json::Array(patch)) if self.key(path).is_some() => self.list(into, patch, path),
            (Json::Array(into), Json::Array(patch)) if is_set(path) => {
                let new: Vec<Json> = patch.iter().filter(|item| !into.contains(item)).cloned().collect();
                into.extend(new);
                Ok(())
            }
            // No field of Kubernetes' own objects is a list here and a map there: it is a slip, and Kubernetes would refuse the result.
            (Json::Array(_), Json::Object(_)) if !self.kind.is_empty() => {
                Err(format!("`{}` is a list, and the patch has a map for it", path.join(".")))
            }
            (Json::Object(_), Json::Array(_)) if !self.kind.is_empty() => {
                Err(format!("`{}` is a map, and the patch has a list for it", path.join(".")))
            }
            (into, patch) => {
                *into = Json::Null;
                match patch {
                    Json::Object(patch) => {
                        let mut map = Map::new();
                        self.object(&mut map, patch, path)?;
                        *into = Json::Object(map);
                    }
                    Json::Array(items) if self.key(path).is_some() => {
                        let mut list = Vec::new();
                        self.list(&mut list, items, path)?;
                        *into = Json::Array(list);
                    }
                    other => *into = other.clone(),
                }
                Ok(())
            }
        }
    }

    fn object(
        &self,
        into: &mut Map<String, Json>,
        patch: &Map<String, Json>,
        path: &mut Vec<String>,
    ) -> Result<(), String> {
        match directive(patch)? {
            Some(Directive::Replace) => into.clear(),
            Some(Directive::Delete) => {
                into.clear();
                return Ok(());
            }
            None => {}
        }
        if let Some(keys) = patch.get(RETAIN) {
            retain(into, patch, keys)?;
        }
        let orders = self.special(into, patch, path)?;
        let plain =
            |key: &str| !matches!(key, DIRECTIVE | RETAIN) && !key.starts_with(DELETE) && !key.starts_with(ORDER);
        for (key, value) in patch.iter().filter(|(key, _)| plain(key)) {
            if value.is_null() {
                into.remove(key);
                continue;
            }
            if let Json::Object(inner) = value
                && let Some(Directive::Delete) = directive(inner)?
            {
                into.remove(key);
                continue;
            }
            path.push(key.clone());
            let outcome = self.value(into.entry(key.clone()).or_insert(Json::Null), value, path);
            path.pop();
            outcome?;
        }
        for (key, order, before) in orders {
            if let Some(Json::Array(items)) = into.get_mut(key) {
                path.push(key.to_owned());
                let by = self.key(path);
                path.pop();
                arrange(items, order, &before, by);
            }
        }
        Ok(())
    }

    /// What directives for lists in a map say: deletes items, and gives the orders that hold after merging, each with the
    /// list's name and the items that were there.
    fn special<'p>(
        &self,
        into: &mut Map<String, Json>,
        patch: &'p Map<String, Json>,
        path: &mut Vec<String>,
    ) -> Result<Vec<Order<'p>>, String> {
        let mut orders = Vec::new();
        for (directive, value) in patch {
            let Some(key) = directive.strip_prefix(DELETE).or_else(|| directive.strip_prefix(ORDER)) else { continue };
            let Json::Array(listed) = value else { return Err(format!("`{directive}` must be a list")) };
            if directive.starts_with(DELETE) {
                if listed.iter().any(|item| item.is_object() || item.is_array()) {
                    return Err(format!("the items of `{directive}` must be neither maps nor lists"));
                }
                if let Some(Json::Array(items)) = into.get_mut(key) {
                    items.retain(|item| !listed.contains(item));
                }
                continue;
            }
            path.push(key.to_owned());
            let by = self.key(path);
            let known = by.is_some() || is_set(path);
            path.pop();
            if !known {
                return Err(format!("`{directive}` is for lists that merge, and `{key}` is replaced"));
            }
            if let Some(by) = by
                && listed.iter().any(|item| item.get(by).is_none())
            {
                return Err(format!("an item of `{directive}` lacks `{by}`, by which that list is merged"));
            }
            let named = |item: &Json| listed.iter().any(|listed| same(listed, item, by));
            let strange = |item: &&Json| !named(item) && item.get(DIRECTIVE).is_none();
            if patch.get(key).and_then(Json::as_array).is_some_and(|items| items.iter().any(|item| strange(&item))) {
                return Err(format!("`{directive}` must name all items that the patch has in `{key}`"));
            }
            let before = into.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
            orders.push((key, listed.as_slice(), before));
        }
        Ok(orders)
    }

    /// Items that are there already are merged, the others come after them.
    fn list(&self, into: &mut Vec<Json>, patch: &[Json], path: &mut Vec<String>) -> Result<(), String> {
        let Some(key) = self.key(path) else { return Ok(()) };
        let replaces = |item: &Json| {
            let map = item.as_object().filter(|map| map.len() == 1);
            map.is_some_and(|map| matches!(directive(map), Ok(Some(Directive::Replace))))
        };
        // Wherever it stands among the others, as in Kubernetes.
        if patch.iter().any(replaces) {
            into.clear();
        }
        for item in patch.iter().filter(|item| !replaces(item)) {
            let place = path.join(".");
            let Json::Object(map) = item else {
                return Err(format!("the items of `{place}` must be maps"));
            };
            let directive = directive(map)?;
            let Some(name) = map.get(key) else {
                return Err(format!("an item of `{place}` lacks `{key}`, by which that list is merged"));
            };
            let at = into.iter().position(|old| old.get(key) == Some(name));
            match (at, directive) {
                (Some(at), Some(Directive::Delete)) => {
                    into.remove(at);
                }
                (None, Some(Directive::Delete)) => {}
                (Some(at), _) => {
                    if let Some(old) = into.get_mut(at) {
                        self.value(old, item, path)?;
                    }
                }
                (None, _) => {
                    let mut new = Json::Null;
                    self.value(&mut new, item, path)?;
                    into.push(new);
                }
            }
        }
        Ok(())
    }
}

/// Whether a list of plain items is a set: Kubernetes has few.
fn is_set(path: &[String]) -> bool {
    path == ["metadata", "finalizers"]
}

/// Whether two items are the same for the list that they are in.
fn same(a: &Json, b: &Json, key: Option<&str>) -> bool {
    match key {
        Some(key) => a.get(key) == b.get(key),
        None => a == b,
    }
}

/// Takes away what is not to stay.
fn retain(into: &mut Map<String, Json>, patch: &Map<String, Json>, keys: &Json) -> Result<(), String> {
    let Json::Array(keys) = keys else { return Err(format!("`{RETAIN}` must be a list of keys")) };
    let stays = |key: &String| keys.iter().any(|listed| listed.as_str() == Some(key));
    let gives = |(key, value): &(&String, &Json)| !key.starts_with('$') && !value.is_null() && !stays(key);
    if let Some((key, _)) = patch.iter().find(gives) {
        return Err(format!("`{RETAIN}` must name `{key}` too, which the patch has"));
    }
    into.retain(|key, _| stays(key));
    Ok(())
}

/// Puts a merged list into an order. What the order does not name keeps its place among what was there
/// (Kubernetes: strategicpatch, normalizeElementOrder).
fn arrange(items: &mut Vec<Json>, order: &[Json], before: &[Json], key: Option<&str>) {
    let index = |list: &[Json], item: &Json| list.iter().position(|other| same(other, item, key));
    let (mut named, others): (Vec<Json>, Vec<Json>) =
        std::mem::take(items).into_iter().partition(|item| index(order, item).is_some());
    named.sort_by_key(|item| index(order, item));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let first = match (others.peek(), named.peek()) {
            (Some(other), Some(name)) => match (index(before, other), index(before, name)) {
                (Some(other), Some(name)) => other < name,
                _ => false,
            },
            (other, _) => other.is_some(),
        };
        match if first { others.next() } else { named.next() } {
            Some(item) => items.push(item),
            None => return,
        }
    }
}

enum Directive {
    Replace,
    Delete,
}

fn directive(map: &Map<String, Json>) -> Result<Option<Directive>, String> {
    match map.get(DIRECTIVE) {
        None => Ok(None),
        Some(Json::String(word)) if word == "replace" => Ok(Some(Directive::Replace)),
        Some(Json::String(word)) if word == "delete" => Ok(Some(Directive::Delete)),
        Some(Json::String(word)) if word == "merge" => Ok(None),
        Some(_) => Err(format!("`{DIRECTIVE}` must be replace, delete or merge")),
    }
}
