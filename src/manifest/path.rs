//! A field's path in an object: `spec.template.spec.containers[web].image`.

use super::keys;
use crate::yaml::{Data, Node};
use std::collections::HashSet;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a map.
    Key(String),
    /// An item of a list that Kubernetes merges by a key: what the item has there.
    Item(String),
    /// An item of another list, from 0.
    Index(usize),
}

/// A path as people read and write it. Keys that are more than letters, digits, `-` and `_` are quoted as JSON quotes them, so
/// that no two paths look alike.
pub fn write(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Key(key) if is_word(key, "-_") => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Key(key) => out.push_str(&format!("[{}]", quoted(key))),
            Step::Item(item) if is_word(item, "-_./:") => out.push_str(&format!("[{item}]")),
            Step::Item(item) => out.push_str(&format!("[{}]", quoted(item))),
            Step::Index(i) => out.push_str(&format!("[{i}]")),
        }
    }
    out
}

fn is_word(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// The keys of a path: items of lists are no steps for Kubernetes' merge keys.
pub(crate) fn keys_of(steps: &[Step]) -> Vec<&str> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) | Step::Index(_) => None,
        })
        .collect()
}

/// How the items of both lists at a path are told apart, if Kubernetes merges the list by a key, all items have it, and no two
/// of a list have the same. `kind` is empty for custom resources.
pub(crate) fn names(kind: &str, path: &[Step], lists: [&[Node]; 2]) -> Option<[Vec<String>; 2]> {
    let steps = keys_of(path);
    let (last, above) = steps.split_last()?;
    let key = keys::merge_key(kind, above, last)?;
    let name = |item: &Node, second: bool| {
        let name = item.get(key)?.as_string()?.lossy().into_owned();
        match keys::second_key(key).filter(|_| second) {
            None => Some(name),
            Some((other, otherwise)) => {
                let other = item.get(other).and_then(Node::as_string);
                Some(format!("{name}/{}", other.map_or(otherwise.into(), |text| text.lossy().into_owned())))
            }
        }
    };
    [false, true].into_iter().find_map(|second| {
        let all = lists.map(|list| list.iter().map(|item| name(item, second)).collect::<Option<Vec<_>>>());
        let [Some(one), Some(two)] = all else { return None };
        let unique = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == names.len();
        (unique(&one) && unique(&two)).then_some([one, two])
    })
}

/// The entries of a map by the texts of their keys.
pub(crate) fn entries(node: &Node) -> Vec<(String, &Node, &Node)> {
    let Data::Map(entries) = &node.data else { return Vec::new() };
    let text = |key: &Node| key.as_key().map_or_else(|| key.text.lossy().into_owned(), |key| key.lossy().into_owned());
    entries.iter().map(|(key, value)| (text(key), key, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written() {
        let key = |key: &str| Step::Key(key.into());
        for (path, want) in [
            (
                vec![key("spec"), key("containers"), Step::Item("web".into()), key("image")],
                "spec.containers[web].image",
            ),
            (vec![key("metadata"), key("annotations"), key("a.b/c")], "metadata.annotations[\"a.b/c\"]"),
            (vec![key("args"), Step::Index(0)], "args[0]"),
            (vec![key("a b"), Step::Item("x]".into())], "[\"a b\"][\"x]\"]"),
        ] {
            assert_eq!(write(&path), want);
        }
    }
}
