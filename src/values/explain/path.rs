//! Paths of keys as text, and what stands at one.

use crate::value::{MapRef, MapType, Value};

/// Reads `a.b[0].c`; `\.` is a dot in a key.
pub fn path_of(text: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if let (Some(last), Some(c)) = (path.last_mut(), chars.next()) {
                    last.push(c);
                }
            }
            '.' | '[' => {
                // `a[0].b` and `a[0][1]` have nothing between their marks.
                if path.last().is_some_and(|last| !last.is_empty()) {
                    path.push(String::new());
                }
            }
            ']' => {}
            c => {
                if let Some(last) = path.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    path.retain(|key| !key.is_empty());
    path
}

/// A path of keys as it is typed.
pub fn path_text(path: &[String]) -> String {
    path.iter().map(|key| escaped(key)).collect::<Vec<_>>().join(".")
}

pub(super) fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for c in key.chars() {
        if matches!(c, '\\' | '.' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The value at a path.
pub fn look_up(values: &MapRef, path: &[String]) -> Option<Value> {
    let mut value = Value::Map(MapType::Any, values.clone());
    for key in path {
        value = match &value {
            Value::Map(_, map) => map.get(key)?,
            Value::List(_, items) => items.get(key.parse::<usize>().ok()?)?.clone(),
            _ => return None,
        };
    }
    Some(value)
}
