//! Values files that are encrypted with sops: how they are told, and what of them must not be seen.

use crate::diagnostic::{Source, Span};
use crate::go::fmt::sprint;
use crate::value::{MapRef, MapType, Str, Value};
use crate::yaml::{self, Data, Node, Offsets};
use std::fmt;

/// What stands in the place of a value that came from an encrypted layer.
pub const REDACTED: &str = "REDACTED";

/// Values that nobody prints by mistake.
#[derive(Clone)]
pub struct Hidden(pub(crate) MapRef);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The key under which sops keeps what it needs.
pub(super) const SOPS: &str = "sops";

/// The deepest value that is looked at.
const DEEPEST: usize = 200;

/// Whether sops encrypted a text, YAML or JSON: its key `sops` holds a `mac` or a `version`.
pub(super) fn is_encrypted(text: &[u8]) -> bool {
    if memchr::memmem::find(text, SOPS.as_bytes()).is_none() {
        return false;
    }
    yaml::nodes(text)
        .iter()
        .any(|(node, _)| node.get(SOPS).is_some_and(|sops| sops.get("mac").is_some() || sops.get("version").is_some()))
}

/// `json` or `yaml`, as sops calls them.
pub(super) fn format_of(text: &[u8]) -> &'static str {
    if text.trim_ascii_start().starts_with(b"{") { "json" } else { "yaml" }
}

/// Visits the scalars that are encrypted: what they mean, and their place in the file.
fn scalars(source: &Source, values: &MapRef, visit: &mut dyn FnMut(&Value, Span)) {
    fn walk(node: &Node, offsets: &Offsets, value: &Value, depth: usize, visit: &mut dyn FnMut(&Value, Span)) {
        match (&node.data, value) {
            _ if depth > DEEPEST => {}
            (Data::Map(entries), Value::Map(_, map)) => {
                for (key, below) in entries {
                    if let Some(value) = key.as_key().and_then(|key| map.get(&key)) {
                        walk(below, offsets, &value, depth + 1, visit);
                    }
                }
            }
            (Data::List(nodes), Value::List(_, items)) => {
                for (node, item) in nodes.iter().zip(items.iter()) {
                    walk(node, offsets, item, depth + 1, visit);
                }
            }
            (Data::Str(text), value) if text.starts_with(b"ENC[") => visit(value, offsets.real(node.span)),
            _ => {}
        }
    }
    let values = Value::Map(MapType::Any, values.clone());
    for (node, offsets) in yaml::nodes(&source.text) {
        walk(&node, &offsets, &values, 0, visit);
    }
}

/// The texts that an encrypted file hides: strings and numbers.
pub(super) fn texts(source: &Source, values: &MapRef) -> Vec<Str> {
    let mut found = Vec::new();
    scalars(source, values, &mut |value, _| match value {
        Value::Str(text) => found.push(text.clone()),
        Value::Int(..) | Value::Float(_) => found.extend(sprint(std::slice::from_ref(value)).ok()),
        _ => {}
    });
    found
}

/// Where an encrypted file holds a text.
pub(super) fn find(source: &Source, values: &MapRef, wanted: &Str) -> Option<Span> {
    let mut found = None;
    scalars(source, values, &mut |value, span| {
        if found.is_none() && matches!(value, Value::Str(text) if text == wanted) {
            found = Some(span);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told() {
        for (text, expected) in [
            ("a: ENC[x]\nsops:\n  mac: ENC[y]\n", true),
            ("a: 1\nsops: {version: 3.9.0}\n", true),
            (r#"{"a": "ENC[x]", "sops": {"mac": "y"}}"#, true),
            ("a: 1\nsops:\n  image: mozilla/sops\n", false),
            ("sops: true\n", false),
            ("a: {sops: {mac: x}}\n", false),
            ("sops: [\n", false),
        ] {
            assert_eq!(is_encrypted(text.as_bytes()), expected, "{text}");
        }
    }
}
