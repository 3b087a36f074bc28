//! `overrides` of an environment.

use super::declaration::is_empty;
use super::reader::{Entry, Reader, point};
use crate::manifest::overrides::{Action, Override, Pattern, Target, json};
use crate::yaml::{Data, Node};
use serde_json::Value as Json;

/// The keys of an override.
pub(super) const OVERRIDE: [&str; 6] = ["target", "patch", "jsonPatch", "externalName", "drop", "optional"];
/// The keys of a target.
pub(super) const TARGET: [&str; 7] = ["group", "version", "kind", "name", "namespace", "labels", "release"];
/// The keys of an operation of a JSON patch.
pub(super) const OPERATION: [&str; 4] = ["op", "path", "value", "from"];
/// The operations of a JSON patch.
pub(super) const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Reads a list of overrides.
pub(super) fn overrides(reader: &mut Reader, node: &Node) -> Vec<Override> {
    reader.list(node, "overrides").iter().filter_map(|item| one(reader, item)).collect()
}

fn one(reader: &mut Reader, node: &Node) -> Option<Override> {
    let before = reader.mistakes.len();
    let span = point(&reader.source, node);
    let mut target = None;
    let mut actions = Vec::new();
    let mut optional = false;
    if !reader.is_map(node, "an override") {
        return None;
    }
    let entries = reader.fields(node, "overrides", &OVERRIDE);
    if entries.is_empty() {
        if is_empty(node) {
            reader.mistake(span, "an override needs a `target`");
        }
        return None;
    }
    for Entry { key, at, value } in entries {
        let action = match key.as_str() {
            "target" => {
                target = Some((at, self::target(reader, value)));
                continue;
            }
            "optional" => {
                optional = reader.switch(value, &key).unwrap_or(false);
                continue;
            }
            "patch" => patch(reader, value),
            "jsonPatch" => json_patch(reader, value),
            "externalName" => host(reader, value, &key).map(Action::ExternalName),
            _ => match reader.switch(value, &key) {
                Some(true) => Some(Action::Drop),
                Some(false) => {
                    reader.mistake(value.span, "`drop: false` does nothing; leave the override out");
                    None
                }
                None => None,
            },
        };
        actions.push((at, action));
    }
    let Some((target_at, mut target)) = target else {
        reader.mistake(span, "an override needs a `target`");
        return None;
    };
    let mut actions = actions.into_iter();
    let Some((at, action)) = actions.next() else {
        reader.mistake(span, "an override needs one of `patch`, `jsonPatch`, `externalName`, `drop`");
        return None;
    };
    if let Some((second, _)) = actions.next() {
        let label = reader.label(at, "the first");
        reader.mistake(second, "an override does one thing; write another for this").labels.push(label);
    }
    if let Some(Action::ExternalName(_)) = action {
        let literal = target.kind.as_ref().map(|kind| kind.matches("Service"));
        if literal == Some(false) {
            reader.mistake(at, "only a Service can become an `externalName`");
        }
        target.kind = Pattern::parse("Service").ok();
        target.group = Pattern::parse("").ok();
    }
    if reader.mistakes.len() > before {
        return None;
    }
    let (at, action_at) = (reader.at(target_at), reader.at(at));
    Some(Override { target, action: action?, optional, at, action_at })
}

/// A name of DNS, or what stands for one, without blanks.
fn host(reader: &mut Reader, node: &Node, key: &str) -> Option<String> {
    let host = reader.word(node, key)?;
    if host.text.contains(|c: char| c.is_whitespace() || c == '/' || c == ':') {
        reader.mistake(host.span, format!("`{key}` must be the name of a host; `{}` is none", host.text));
        return None;
    }
    Some(host.text)
}

fn target(reader: &mut Reader, node: &Node) -> Target {
    let mut target = Target::default();
    let entries = reader.fields(node, "target", &TARGET);
    if entries.is_empty() && is_empty(node) {
        let span = point(&reader.source, node);
        reader
            .mistake(span, "a target needs at least one of its keys")
            .facts
            .push(format!("known here: {}", TARGET.join(", ")));
    }
    for Entry { key, value, .. } in entries {
        if key == "labels" {
            for Entry { key, value, .. } in reader.entries(value, "labels") {
                target.labels.extend(pattern(reader, value, &key).map(|pattern| (key, pattern)));
            }
            continue;
        }
        let pattern = pattern(reader, value, &key);
        match key.as_str() {
            "group" => target.group = pattern,
            "version" => target.version = pattern,
            "kind" => target.kind = pattern,
            "name" => target.name = pattern,
            "namespace" => target.namespace = pattern,
            _ => {
                reader.about.extend(pattern.clone().map(|pattern| (pattern, value.span)));
                target.release = pattern;
            }
        }
    }
    target
}

fn pattern(reader: &mut Reader, node: &Node, what: &str) -> Option<Pattern> {
    let text = reader.text(node, what)?;
    match Pattern::parse(&text.text) {
        Ok(pattern) => Some(pattern),
        Err(words) => {
            reader.mistake(text.span, format!("this is no pattern: {words}"));
            None
        }
    }
}

fn patch(reader: &mut Reader, node: &Node) -> Option<Action> {
    if !matches!(node.data, Data::Map(_)) {
        reader.wrong(node, "patch", "a map");
        return None;
    }
    let before = reader.mistakes.len();
    reader.truths(node, "patch");
    match json(node) {
        _ if reader.mistakes.len() > before => None,
        Ok(patch) if patch.as_object().is_some_and(serde_json::Map::is_empty) => {
            reader.mistake(node.span, "an empty `patch` does nothing; leave the override out");
            None
        }
        Ok(patch) => Some(Action::Patch(patch)),
        Err(words) => {
            let span = point(&reader.source, node);
            reader.mistake(span, format!("this cannot be a patch: {words}"));
            None
        }
    }
}

fn json_patch(reader: &mut Reader, node: &Node) -> Option<Action> {
    let before = reader.mistakes.len();
    let items = reader.list(node, "jsonPatch");
    if items.is_empty() && reader.mistakes.len() == before {
        let span = point(&reader.source, node);
        reader.mistake(span, "`jsonPatch` has no operation");
    }
    let mut operations = Vec::new();
    let mut places = Vec::new();
    for item in items {
        let span = point(&reader.source, item);
        let mut found: [Option<&Node>; 4] = [None; 4];
        if !reader.is_map(item, "an operation") {
            continue;
        }
        for Entry { key, value, .. } in reader.fields(item, "jsonPatch", &OPERATION) {
            if let Some(slot) = OPERATION.iter().position(|known| *known == key).and_then(|i| found.get_mut(i)) {
                *slot = Some(value);
            }
        }
        let [op, path, value, from] = found;
        let Some(op) = op else {
            reader.mistake(span, "an operation needs `op`");
            continue;
        };
        let Some(op) = reader.word(op, "op") else { continue };
        if !OPERATIONS.contains(&op.text.as_str()) {
            reader.unknown(op.span, format!("there is no operation `{}`", op.text), &op.text, OPERATIONS);
            continue;
        }
        for (key, pointer, wanted) in
            [("path", path, true), ("from", from, matches!(op.text.as_str(), "move" | "copy"))]
        {
            match pointer {
                None if wanted => {
                    reader.mistake(span, format!("`{}` needs `{key}`", op.text));
                }
                None => {}
                Some(pointer) => {
                    if let Some(text) = reader.text(pointer, key)
                        && !text.text.is_empty()
                        && !text.text.starts_with('/')
                    {
                        let slashes = format!("/{}", text.text.replace('.', "/"));
                        reader.mistake(text.span, format!("`{key}` must begin with `/`")).note =
                            format!("did you mean `{slashes}`?");
                    }
                }
            }
        }
        if let Some(value) = value {
            reader.truths(value, "value");
        }
        if value.is_none() && matches!(op.text.as_str(), "add" | "replace" | "test") {
            reader.mistake(span, format!("`{}` needs `value`", op.text));
        }
        if reader.mistakes.len() > before {
            continue;
        }
        let read = json(item).and_then(|json: Json| serde_json::from_value(json).map_err(|error| error.to_string()));
        match read {
            Ok(operation) => {
                operations.push(operation);
                places.push(reader.at(span));
            }
            Err(words) => {
                reader.mistake(span, format!("this is no operation: {words}"));
            }
        }
    }
    (reader.mistakes.len() == before).then_some(Action::JsonPatch(operations, places))
}
