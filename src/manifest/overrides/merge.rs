//! Merges a patch into an object: null removes, and lists of objects merge by the key that Kubernetes has for them
//! (its API's `patchMergeKey`).

use super::super::keys;
use super::super::object::Object;
use serde_json::{Map, Value as Json};

/// Says what happens instead of merging: `delete` or `replace`.
const DIRECTIVE: &str = "$patch";

/// Merges a patch into an object.
///
/// # Errors
/// An item of a list lacks the key by which the list merges; an unknown directive.
pub(super) fn merge(into: &mut Json, patch: &Json, object: &Object) -> Result<(), String> {
    // Lists of custom resources have no keys that could be known, except where they hold pods.
    Merger { kind: if keys::is_known(&object.group) { &object.kind } else { "" } }.value(into, patch, &mut Vec::new())
}

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
            (Json::Array(into), Json::Array(patch)) if path == &["metadata", "finalizers"] => {
                let new: Vec<Json> = patch.iter().filter(|item| !into.contains(item)).cloned().collect();
                into.extend(new);
                Ok(())
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
        for (key, value) in patch.iter().filter(|(key, _)| *key != DIRECTIVE) {
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
        Ok(())
    }

    /// Items that are there already are merged, the others come after them.
    fn list(&self, into: &mut Vec<Json>, patch: &[Json], path: &mut Vec<String>) -> Result<(), String> {
        let Some(key) = self.key(path) else { return Ok(()) };
        for item in patch {
            let place = path.join(".");
            let Json::Object(map) = item else {
                return Err(format!("the items of `{place}` must be maps"));
            };
            let directive = directive(map)?;
            let Some(name) = map.get(key) else {
                if map.len() == 1 && matches!(directive, Some(Directive::Replace)) {
                    into.clear();
                    continue;
                }
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
