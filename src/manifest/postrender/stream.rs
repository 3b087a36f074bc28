//! Objects ⇄ text, as kyaml's `kio` reads and writes them for Helm.

use super::resource::{INDEX, LISTS, Resource, is_null};
use crate::yaml::styled::{Kind, Stream, Tree};
use bstr::ByteSlice;

/// The key of a mapping that stands for the list in it.
const BARE_LIST: &str = "bareSeqNodeWrappingKey";

/// Reads the objects of a text; those of a `List` that is alone in it one by one. Documents without content are left out.
///
/// # Errors
/// kyaml's words.
pub(super) fn read(text: &[u8]) -> Result<Vec<Resource>, String> {
    let text = text.replace("\r\n", "\n");
    let documents = cut(&text)?;
    let mut resources = Vec::new();
    let mut number = 0;
    for document in &documents {
        let tree = match Tree::read(document) {
            Ok(Some(tree)) if !is_null(&tree) => tree,
            Ok(_) => continue,
            Err(words) => return Err(format!("MalformedYAMLError: {words}")),
        };
        let mut resource = Resource { tree };
        resource.number(number)?;
        let is_list =
            documents.len() == 1 && resource.meta().is_some_and(|meta| matches!(meta.kind, b"List" | b"ResourceList"));
        let (tree, root) = (&resource.tree, resource.tree.root());
        let items = tree.get(root, "items");
        if is_list && (items.is_some() || tree.get(root, "functionConfig").is_some()) {
            if let Some(items) = items {
                resources.extend(tree.node(items).content.iter().map(|&item| Resource { tree: tree.cut(item) }));
            }
            continue;
        }
        resources.push(resource);
        number += 1;
    }
    Ok(resources)
}

/// The documents of a text: any line that begins with `---` is between two, but not the first and not the last one
/// without an end. All but the last end with the line break before it.
fn cut(text: &[u8]) -> Result<Vec<&[u8]>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut documents = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(b"\n---")) {
        let at = from + found;
        let line = text.get(at + 1..).unwrap_or_default();
        let Some(length) = line.find_byte(b'\n') else { break };
        let line = line.get(..length).unwrap_or_default();
        let behind = line.get(3..).unwrap_or_default().trim();
        if !behind.is_empty() && !behind.starts_with(b"#") {
            return Err(format!("invalid document separator: {}", line.trim().to_str_lossy()));
        }
        documents.push(text.get(start..=at).unwrap_or_default());
        start = at + 1 + length + 1;
        from = start;
    }
    documents.push(text.get(start..).unwrap_or_default());
    Ok(documents)
}

/// Writes the objects as one text, without what the reader noted.
///
/// # Errors
/// kyaml's words, for an object that is no mapping.
pub(super) fn write(mut resources: Vec<Resource>) -> Result<Vec<u8>, String> {
    let wide: Vec<bool> = resources.iter().map(|resource| resource.lists_are_wide()).collect();
    for resource in &mut resources {
        for name in [INDEX[1], INDEX[0], LISTS] {
            resource.clear_annotation(name)?;
        }
        resource.clear_empty()?;
    }
    let mut stream = Stream::new();
    for (resource, wide) in resources.iter().zip(wide) {
        stream.set_compact(!wide);
        let tree = &resource.tree;
        let list = tree.get(tree.root(), BARE_LIST).filter(|&list| !tree.node(list).is_empty());
        match list {
            Some(list) => stream.write(&tree.with_root(list)),
            None => stream.write(tree),
        }
    }
    Ok(stream.finish())
}

impl Resource {
    /// Whether an annotation asks for lists that are indented below their keys.
    fn lists_are_wide(&self) -> bool {
        let tree = &self.tree;
        let found = |at: usize, name: &str| {
            tree.pairs(at).find(|(key, _)| tree.node(*key).value == name.as_bytes()).map(|(_, value)| value)
        };
        // Here kyaml does not ask whether these are mappings; a list has no keys in any case.
        found(tree.root(), "metadata")
            .and_then(|metadata| found(metadata, "annotations"))
            .and_then(|annotations| found(annotations, LISTS))
            .is_some_and(|value| tree.node(value).kind == Kind::Scalar && tree.node(value).value == b"wide")
    }
}
