//! Files that somebody may have meant.

use super::{Kind, Tree, list};
use crate::diagnostic::nearest;

/// The path of a file that exists and looks most like one that does not: one part of it may be misspelt, or an ending be
/// missing or too many.
pub fn near(tree: &dyn Tree, path: &str) -> Option<String> {
    nearest_path(tree, path, |is_folder| !is_folder)
}

/// The same for what may be a folder, or an archive of one.
pub fn near_folder(tree: &dyn Tree, path: &str) -> Option<String> {
    unpacked(tree, path).or_else(|| nearest_path(tree, path, |_| true))
}

/// The folder beside an archive's place: `charts/web` for `charts/web.tgz` or `charts/web-1.2.3.tgz`.
fn unpacked(tree: &dyn Tree, path: &str) -> Option<String> {
    let stem = [".tgz", ".tar.gz"].iter().find_map(|end| path.strip_suffix(end))?;
    let version = stem.match_indices('-').map(|(at, _)| at).find(|at| {
        stem.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains('/'))
    });
    let names = [Some(stem), version.and_then(|at| stem.get(..at))];
    names.into_iter().flatten().find(|name| tree.kind(name) == Ok(Kind::Folder)).map(str::to_owned)
}

/// More folders are not searched for a file that lies elsewhere.
const MAX_FOLDERS: usize = 100;

fn nearest_path(tree: &dyn Tree, path: &str, is_wanted: fn(bool) -> bool) -> Option<String> {
    by_parts(tree, path, is_wanted).or_else(|| elsewhere(tree, path, is_wanted))
}

/// The same name, or one that looks like it, in the folder where the path begins or in those right below.
fn elsewhere(tree: &dyn Tree, path: &str, is_wanted: fn(bool) -> bool) -> Option<String> {
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    if path.starts_with('/') || name.is_empty() {
        return None;
    }
    let up: String = path.split_inclusive('/').take_while(|part| *part == "../").collect();
    let shown = |folder: &str| if folder.is_empty() { ".".to_owned() } else { folder.to_owned() };
    let here = list(tree, &shown(&up));
    let below = here.iter().filter(|(name, is_folder)| *is_folder && !name.starts_with('.')).take(MAX_FOLDERS);
    let folders: Vec<String> = [up.clone()].into_iter().chain(below.map(|(name, _)| format!("{up}{name}/"))).collect();
    let mut near = None;
    for folder in &folders {
        let names = list(tree, &shown(folder));
        let names: Vec<&str> = names.iter().filter(|(_, f)| is_wanted(*f)).map(|(name, _)| name.as_str()).collect();
        if names.contains(&name) {
            return Some(format!("{folder}{name}"));
        }
        near = near.or_else(|| {
            ending(name, &names)
                .or_else(|| nearest(name, names.iter().copied()).filter(|near| is_one_slip(near, name)))
                .map(|near| format!("{folder}{near}"))
        });
    }
    near
}

/// Whether two names differ in one letter: elsewhere less is known of what was meant.
fn is_one_slip(a: &str, b: &str) -> bool {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.as_bytes().get(same..).unwrap_or_default(), b.as_bytes().get(same..).unwrap_or_default());
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    a.len() - same <= 1 && b.len() - same <= 1
}

fn by_parts(tree: &dyn Tree, path: &str, is_wanted: fn(bool) -> bool) -> Option<String> {
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
        // A layer's template is as near as the layer would be.
        let bare = |name: &&str| name.strip_suffix(".tera").unwrap_or(name).len();
        let stems = || names.iter().map(|name| name.get(..bare(name)).unwrap_or(name));
        let by_stem = || {
            let stem = nearest(part, stems()).filter(|stem| is_one_slip(stem, part))?;
            names.iter().find(|name| name.get(..bare(name)) == Some(stem)).copied()
        };
        let found = ending(part, &names).or_else(|| nearest(part, names.iter().copied())).or_else(by_stem);
        let near = format!("{folder}{}", found?);
        let rest = parts.get(i + 1..).unwrap_or_default().join("/");
        let whole = if rest.is_empty() { near.clone() } else { format!("{near}/{rest}") };
        return Some(if tree.kind(&whole).is_ok() { whole } else { by_parts(tree, &whole, is_wanted).unwrap_or(near) });
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
