//! Files that somebody may have meant.

use super::{Tree, list};
use crate::diagnostic::nearest;

/// The path that exists and looks most like one that does not: one part of it may be misspelt.
pub fn near(tree: &dyn Tree, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut folder = if path.starts_with('/') { "/".to_owned() } else { String::new() };
    for (i, part) in parts.iter().enumerate() {
        if part.is_empty() {
            continue;
        }
        let here = format!("{folder}{part}");
        if tree.kind(&here).is_ok() {
            folder = format!("{here}/");
            continue;
        }
        let names = list(tree, if folder.is_empty() { "." } else { &folder });
        let last = i + 1 == parts.len();
        let names = names.iter().filter(|(_, is_folder)| *is_folder != last).map(|(name, _)| name.as_str());
        let near = format!("{folder}{}", nearest(part, names)?);
        let rest = parts.get(i + 1..).unwrap_or_default().join("/");
        let whole = if rest.is_empty() { near.clone() } else { format!("{near}/{rest}") };
        return Some(if tree.kind(&whole).is_ok() { whole } else { near });
    }
    None
}
