//! Swaps in rendered objects: what one environment has and another lacks, for charts that one cannot change.
//!
//! An object that no override touches keeps its bytes; one that was touched is written as `toYaml` would write it.

mod merge;
mod target;
mod value;

pub use target::{Pattern, Target};
pub use value::json;
pub(crate) use value::value;

use super::object::{Named, Object, is_list, names};
use super::{Document, Manifests};
use crate::diagnostic::{Diagnostic, Error, Location, nearest, secret};
use crate::value::Str;
use crate::values::REDACTED;
use crate::yaml::{self, Data, Node};
use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::{Value as Json, json};

/// One swap: what it is about, and what happens to it.
#[derive(Debug, Clone)]
pub struct Override {
    /// The objects that it is about.
    pub target: Target,
    /// What happens to them.
    pub action: Action,
    /// Whether it may match nothing.
    pub optional: bool,
    /// Its target, where it is written.
    pub at: Location,
    /// Its action, where it is written.
    pub action_at: Location,
}

/// What happens to an object.
#[derive(Debug, Clone)]
pub enum Action {
    /// Merged into it: null removes, lists of objects merge by the key that Kubernetes has for them.
    Patch(Json),
    /// RFC 6902, and where each operation is written.
    JsonPatch(Vec<PatchOperation>, Vec<Location>),
    /// A Service becomes another name of this host.
    ExternalName(String),
    /// It vanishes.
    Drop,
}

/// What overrides know of the release whose objects they see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The release, as the project names it.
    pub release: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
}

/// Which overrides matched something, and what there was.
#[derive(Debug, Default)]
pub struct Matches {
    matched: Vec<bool>,
    /// All objects before the overrides.
    seen: Vec<Named>,
    /// The templates of what was dropped, by their Helm names.
    dropped: Vec<String>,
}

impl Matches {
    /// The templates of what was dropped, by their Helm names.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// Takes in what another release had.
    pub fn add(&mut self, other: &Matches) {
        self.matched.resize(self.matched.len().max(other.matched.len()), false);
        for (all, one) in self.matched.iter_mut().zip(&other.matched) {
            *all |= one;
        }
        self.seen.extend(other.seen.iter().cloned());
        self.dropped.extend(other.dropped.iter().cloned());
    }
}

/// Applies overrides in their order to resources and hooks; `crds/` is left alone.
///
/// # Errors
/// A patch that does not fit: its place, and the object.
pub fn apply(
    manifests: &mut Manifests,
    overrides: &[&Override],
    scope: Scope<'_>,
    matches: &mut Matches,
) -> Result<(), Error> {
    matches.matched.resize(overrides.len(), false);
    if overrides.is_empty() {
        return Ok(());
    }
    matches.seen.extend(names(manifests));
    for documents in [&mut manifests.resources, &mut manifests.hooks] {
        let mut failure = None;
        documents.retain_mut(|document| match swap(document, overrides, scope, matches) {
            Ok(stays) => {
                if !stays {
                    matches.dropped.push(document.path.clone());
                }
                stays
            }
            Err(error) => {
                failure.get_or_insert(error);
                true
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(())
}

/// Applies overrides to one document; tells whether it stays.
fn swap(
    document: &mut Document,
    overrides: &[&Override],
    scope: Scope<'_>,
    matches: &mut Matches,
) -> Result<bool, Error> {
    // What is in a list is not known without reading it.
    let list = is_list(&document.kind);
    let may = |o: &&Override| o.target.may_match(&document.kind, &document.name, scope.release);
    if !list && !overrides.iter().any(may) {
        return Ok(true);
    }
    let Ok(Some(root)) = yaml::read(&document.text) else { return Ok(true) };
    let Ok(before) = json(&root) else { return Ok(true) };
    let mut run = Run { overrides, scope, matches, path: &document.path };
    let Some(mut after) = run.object(&root, &before)? else { return Ok(false) };
    if list
        && let (Some(Data::List(nodes)), Some(Json::Array(items))) =
            (root.get("items").map(|items| &items.data), before.get("items"))
        && after.get("items") == before.get("items")
    {
        let mut left = Vec::new();
        for (node, item) in nodes.iter().zip(items) {
            left.extend(if item.is_object() { run.object(node, item)? } else { Some(item.clone()) });
        }
        // A list of which nothing is left is nothing.
        if left.is_empty() && !items.is_empty() {
            return Ok(false);
        }
        if let Some(map) = after.as_object_mut() {
            map.insert("items".into(), left.into());
        }
    }
    if after != before {
        let text = yaml::emit(&value(&after)).map_err(|f| Error::helm(f.message))?;
        document.text = Str::from(text.strip_suffix(b"\n").unwrap_or(&text));
        let word = |path: &str| after.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
        document.kind = word("/kind");
        document.name = word("/metadata/name");
    }
    Ok(true)
}

/// The overrides on the objects of one document.
struct Run<'a> {
    overrides: &'a [&'a Override],
    scope: Scope<'a>,
    matches: &'a mut Matches,
    /// The template that made the document.
    path: &'a str,
}

impl Run<'_> {
    /// What becomes of an object; none if it is dropped.
    fn object(&mut self, root: &Node, before: &Json) -> Result<Option<Json>, Error> {
        let mut after = Some(before.clone());
        // Targets are about the object as it was rendered, so that the order of overrides decides no match.
        let object = Object::of(root, self.scope.namespace);
        for (i, o) in self.overrides.iter().enumerate() {
            if !o.target.matches(&object, before, self.scope.release) {
                continue;
            }
            if let Some(matched) = self.matches.matched.get_mut(i) {
                *matched = true;
            }
            // What was dropped is matched by what follows, which changes nothing.
            let Some(json) = after.as_mut() else { continue };
            match &o.action {
                Action::Drop => after = None,
                Action::Patch(patch) => {
                    merge::merge(json, patch, &object)
                        .map_err(|words| misfit(&o.action_at, &object, self.path, &words))?;
                    if let Some(words) = lost(before, json) {
                        return Err(misfit(&o.action_at, &object, self.path, &words).into());
                    }
                }
                Action::ExternalName(host) => external_name(json, host),
                Action::JsonPatch(operations, places) => {
                    let start = json.clone();
                    json_patch::patch(json, &Patch(operations.clone())).map_err(|error| {
                        let at = places.get(error.operation).unwrap_or(&o.action_at);
                        let words = format!("`{}`: {}", error.path, error.kind);
                        let mut diagnostic = misfit(at, &object, self.path, &words);
                        if let PatchErrorKind::TestFailed = error.kind {
                            let facts = tested(start.clone(), operations, error.operation, &object);
                            diagnostic.facts.splice(0..0, facts);
                        }
                        diagnostic
                    })?;
                    if let Some(words) = lost(before, json) {
                        let at = places.get(losing(before, start, operations)).unwrap_or(&o.action_at);
                        return Err(misfit(at, &object, self.path, &words).into());
                    }
                }
            }
        }
        Ok(after)
    }
}

/// What an object has no more without which it is none: it would only be found where it is applied.
fn lost(before: &Json, after: &Json) -> Option<String> {
    let word = |json: &Json, pointer: &str| json.pointer(pointer).is_some_and(Json::is_string);
    let has = |json: &Json, key: &str| match key {
        "metadata.name" => word(json, "/metadata/name") || word(json, "/metadata/generateName"),
        key => word(json, &format!("/{key}")),
    };
    let mut keys = ["apiVersion", "kind", "metadata.name"].into_iter();
    let key = keys.find(|key| has(before, key) && !has(after, key))?;
    Some(format!("what is left has no `{key}`; `drop: true` drops an object"))
}

/// The last operation after which an object is one no more.
fn losing(before: &Json, mut json: Json, operations: &[PatchOperation]) -> usize {
    let mut losing = 0;
    let mut was_whole = true;
    for (i, operation) in operations.iter().enumerate() {
        // It has been applied once.
        let _ = json_patch::patch(&mut json, &Patch(vec![operation.clone()]));
        let is_whole = lost(before, &json).is_none();
        if was_whole && !is_whole {
            losing = i;
        }
        was_whole = is_whole;
    }
    losing
}

/// What a failed test wants and what there is, if that is nobody's secret.
fn tested(mut json: Json, operations: &[PatchOperation], failed: usize, object: &Object) -> Vec<String> {
    let Some(PatchOperation::Test(test)) = operations.get(failed) else { return Vec::new() };
    // They have been applied once.
    let _ = json_patch::patch(&mut json, &Patch(operations.get(..failed).unwrap_or_default().to_vec()));
    let found = json.pointer(test.path.as_str()).unwrap_or(&Json::Null);
    let shown = |value: &Json| {
        if object.kind == "Secret" { REDACTED.to_owned() } else { secret(&value.to_string()) }
    };
    vec![format!("wanted: {}", shown(&test.value)), format!("found:  {}", shown(found))]
}

fn misfit(at: &Location, object: &Object, path: &str, words: &str) -> Diagnostic {
    let message = format!("this does not fit {object}: {words}");
    Diagnostic { message, at: Some(at.clone()), ..Diagnostic::default() }.fact(format!("rendered by {path}"))
}

/// What is left of a Service that is a name only: its ports, which clients may look up.
fn external_name(service: &mut Json, host: &str) {
    let mut spec = json!({"type": "ExternalName", "externalName": host});
    if let Some(Json::Array(ports)) = service.pointer("/spec/ports") {
        let mut ports = ports.clone();
        for port in ports.iter_mut().filter_map(Json::as_object_mut) {
            port.remove("nodePort");
        }
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("ports".into(), ports.into());
        }
    }
    if let Some(service) = service.as_object_mut() {
        service.insert("spec".into(), spec);
    }
}

/// One diagnostic for each override that matched nothing though it had to.
pub fn unmatched(overrides: &[&Override], matches: &Matches) -> Vec<Diagnostic> {
    let idle = overrides.iter().enumerate().filter(|(i, o)| {
        let matched = matches.matched.get(*i).copied().unwrap_or(false);
        !matched && !o.optional
    });
    idle.map(|(_, o)| {
        let mut diagnostic = Diagnostic {
            message: format!("no rendered object is {}", o.target),
            at: Some(o.at.clone()),
            ..Diagnostic::default()
        };
        let near = near(&o.target, &matches.seen);
        if !near.is_empty() {
            diagnostic = diagnostic.fact(format!("near it: {}", near.join(", ")));
        }
        diagnostic.hint("correct the target, or add `optional: true` if it may match nothing")
    })
    .collect()
}

/// Up to three objects that may have been meant.
fn near(target: &Target, seen: &[Named]) -> Vec<String> {
    let text = |pattern: &Option<Pattern>| pattern.as_ref().map_or_else(String::new, |p| p.text().to_owned());
    let (kind, name, group) = (text(&target.kind), text(&target.name), text(&target.group));
    let same_kind = || seen.iter().filter(|named| named.kind == kind);
    let mut found: Vec<&Named> = seen.iter().filter(|named| !name.is_empty() && named.name == name).collect();
    if let Some(near) = nearest(&name, same_kind().map(|named| named.name.as_str())) {
        found.extend(same_kind().filter(|named| named.name == near));
    }
    if found.is_empty() {
        found.extend(same_kind());
    }
    if found.is_empty()
        && let Some(near) = nearest(&kind, seen.iter().map(|named| named.kind.as_str()))
    {
        found.extend(seen.iter().filter(|named| named.kind == near));
    }
    if found.is_empty()
        && let Some(near) = nearest(&group, seen.iter().map(Named::group))
    {
        found.extend(seen.iter().filter(|named| named.group() == near));
    }
    // Whoever asks for a group or a version sees which there are.
    let asks_api = target.group.is_some() || target.version.is_some();
    if found.is_empty() && target.version.is_some() {
        let fits = |named: &&Named| target.group.as_ref().is_none_or(|group| group.matches(named.group()));
        found.extend(seen.iter().filter(fits));
    }
    let mut near: Vec<String> = Vec::new();
    for Named { api, kind, name } in found {
        let object = if asks_api { format!("{api} {kind} `{name}`") } else { format!("{kind} `{name}`") };
        if near.len() < 3 && !near.contains(&object) {
            near.push(object);
        }
    }
    near
}

#[cfg(test)]
mod tests;
