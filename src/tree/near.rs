//! Files that somebody may have meant.

use super::{Tree, list};
use crate::diagnostic::nearest;

/// The path of a file that exists and looks most like one that does not: one part of it may be misspelt, or an ending be
/// missing or too many.
pub fn near(tree: &dyn Tree, path: &str) -> Option<String> {
    nearest_path(tree, path, |is_folder| !is_folder)
}

/// The same for what may be a folder, or an archive of one.
pub fn near_folder(tree: &dyn Tree, path: &str) -> Option<String> {
    nearest_path(tree, path, |_| true)
}

fn nearest_path(tree: &dyn Tree, path: &str, is_wanted: impl Fn(bool) -> bool) -> Option<String> {
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
        let is_last = i + 1 == parts.len();
        let names = names.iter().filter(|(_, is_folder)| if is_last { is_wanted(*is_folder) } else { *is_folder });
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        let near = format!("{folder}{}", ending(part, &names).or_else(|| nearest(part, names.iter().copied()))?);
        let rest = parts.get(i + 1..).unwrap_or_default().join("/");
        let whole = if rest.is_empty() { near.clone() } else { format!("{near}/{rest}") };
        return Some(if tree.kind(&whole).is_ok() { whole } else { near });
    }
    None
}

/// The name with another ending behind it, or without its last one: `prod.yaml` for `prod.yaml.tera` and the other way around.
fn ending<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let begins = |long: &str, short: &str| {
        !short.is_empty() && long.strip_prefix(short).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
    };
    names.iter().find(|other| begins(other, name) || (begins(name, other) && other.contains('.'))).copied()
}
