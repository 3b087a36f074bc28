//! A side taken apart into objects: without separators and `# Source:` lines, Lists into their items.

use super::{Options, Side};
use crate::manifest::chance::there_by_chance;
use crate::manifest::{Document, Event, Object, clean, edits, is_blank, overrides, split};
use crate::value::Str;
use crate::yaml::{self, Data, Node};
use bstr::ByteSlice;
use std::collections::HashMap;

/// How deep Lists may hold Lists.
const DEEPEST: usize = 20;

/// An object of a side.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// What names it.
    pub(super) object: Object,
    /// Whether it lives in the release's own namespace, or names none.
    pub(super) own: bool,
    /// Whether its text names a namespace.
    pub(super) named: bool,
    /// Its text.
    pub(super) text: Str,
    /// The template that made it.
    pub(super) source: String,
    /// The document that it is in, among all that are compared.
    pub(super) document: usize,
    /// Whether chance decides if it is there, and the other side does not know.
    pub(super) by_chance: bool,
}

/// A document of a side, for the whole text.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) source: String,
    /// What precedes the objects: comments without an object.
    pub(super) text: Str,
}

/// How many documents of each text both sides have. Where they mean the same on both sides, nobody needs to look at them.
pub(super) fn shared<'m>(from: &Side<'m>, to: &Side<'m>) -> HashMap<&'m Str, usize> {
    if from.namespace != to.namespace || from.secrets != to.secrets {
        return HashMap::new();
    }
    let count = |side: &Side<'m>| {
        let mut counts: HashMap<&'m Str, usize> = HashMap::new();
        for document in side.manifests.resources.iter().chain(&side.manifests.hooks) {
            *counts.entry(&document.text).or_default() += 1;
        }
        counts
    };
    let others = count(to);
    let mut counts = count(from);
    counts.retain(|text, count| {
        *count = others.get(text).copied().unwrap_or_default().min(*count);
        *count > 0
    });
    counts
}

/// All objects of a side that are compared, in its order, and the documents that they are in. Those that are `shared` are
/// passed over.
pub(super) fn objects(side: &Side<'_>, options: &Options, mut shared: HashMap<&Str, usize>) -> (Vec<Item>, Vec<Part>) {
    let (mut items, mut parts) = (Vec::new(), Vec::new());
    let mut add = |path: &str, text: &Str| {
        let (source, text) = clean(text);
        if is_blank(&text) {
            return;
        }
        let source = source.unwrap_or_else(|| path.to_owned());
        let number = parts.len();
        // Where both sides tell it, it is a part of what is compared.
        let by_chance = there_by_chance(&text).filter(|_| !options.marked).map(Str::from);
        let (text, by_chance) = (by_chance.clone().unwrap_or(text), by_chance.is_some());
        parts.push(Part { source: source.clone(), text: text.clone() });
        let first = items.len();
        take_apart(text, &source, side.namespace, number, &mut items);
        items.iter_mut().skip(first).for_each(|item| item.by_chance = by_chance);
    };
    if options.include_crds {
        for (path, text) in &side.manifests.crds {
            for text in split(text) {
                add(path, &Str::from(text));
            }
        }
    }
    let mut is_shared = |text: &Str| match shared.get_mut(text) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    for Document { path, text, .. } in &side.manifests.resources {
        if !is_shared(text) {
            add(path, text);
        }
    }
    for Document { path, text, events, .. } in &side.manifests.hooks {
        if !is_shared(text) && (options.include_tests || !events.contains(&Event::Test)) {
            add(path, text);
        }
    }
    (items, parts)
}

fn take_apart(text: Str, source: &str, namespace: &str, document: usize, items: &mut Vec<Item>) {
    let head = yaml::head(&text).unwrap_or_default();
    if head.kind.ends_with(b"List")
        && let Some(root) = edits::read(&text)
        && let Some(parts) = list_items(&text, &root, 0)
    {
        for (text, node, kind) in parts {
            let mut object = Object::of(&node, namespace);
            if object.kind.is_empty() {
                object.kind = kind;
            }
            let own = object.namespace == namespace;
            let named = node.get("metadata").is_some_and(|metadata| metadata.get("namespace").is_some());
            items.push(Item { object, own, named, text, source: source.to_owned(), document, by_chance: false });
        }
        return;
    }
    if head == yaml::Head::default() && text.lines().all(|line| is_blank(line) || line.trim_ascii().starts_with(b"#")) {
        return;
    }
    let api = head.api_version.lossy();
    let (group, version) = api.split_once('/').unwrap_or(("", &api));
    let place = if head.namespace.is_empty() { namespace.to_owned() } else { head.namespace.to_string() };
    let (own, named) = (place == namespace, !head.namespace.is_empty());
    let object = Object {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: head.kind.to_string(),
        namespace: place,
        name: head.name.to_string(),
    };
    items.push(Item { object, own, named, text, source: source.to_owned(), document, by_chance: false });
}

/// The items of a List as texts of their own, and what they are if they do not say it.
fn list_items(text: &[u8], root: &Node, depth: usize) -> Option<Vec<(Str, Node, String)>> {
    let kind = root.get("kind")?.as_string()?.lossy().into_owned();
    let Data::List(nodes) = &root.get("items")?.data else { return None };
    if !kind.ends_with("List") || depth > DEEPEST {
        return None;
    }
    let implied = kind.trim_end_matches("List").to_owned();
    let mut found = Vec::new();
    for node in nodes {
        let own = item_text(text, node)?;
        let read = edits::read(&own)?;
        match list_items(&own, &read, depth + 1) {
            Some(inner) => found.extend(inner),
            None => found.push((own, read, implied.clone())),
        }
    }
    Some(found)
}

/// An item's text, moved to the left; written anew where that means something else.
fn item_text(text: &[u8], node: &Node) -> Option<Str> {
    let (start, end) = edits::place(text, node.span);
    let column = node.column.saturating_sub(1);
    let mut out = Vec::with_capacity(end.saturating_sub(start));
    for (i, line) in text.get(start..end).unwrap_or_default().split_inclusive(|b| *b == b'\n').enumerate() {
        let indent = if i == 0 { 0 } else { line.iter().take(column).take_while(|b| **b == b' ').count() };
        out.extend_from_slice(line.get(indent..).unwrap_or_default());
    }
    if edits::read(&out).is_some_and(|read| crate::manifest::chance::equal(&read, node, 0)) {
        return Some(clean(&Str::from(out)).1);
    }
    let json = overrides::json(node).ok()?;
    let out = yaml::emit(&overrides::value(&json)).ok()?;
    Some(clean(&Str::from(out)).1)
}
