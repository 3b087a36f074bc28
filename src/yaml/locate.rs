//! A path's place in a file.

use super::Error;
use super::compose::with_document;
use super::convert::{decode, not_json};
use super::documents::Documents;
use super::node::{Data, Node};
use crate::diagnostic::Span;

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A key of a map, by its text in JSON.
    Key(&'a str),
    /// An element of a list, from 0.
    Index(usize),
}

/// Where a path's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The key; the element's own place in a list; the document's for the empty path.
    pub key: Span,
    /// The value; behind an alias the anchored node.
    pub value: Span,
}

/// Reads the first document with places; `None` if the text has none (it is null then).
///
/// Errors: as `parse` gives for texts that are not YAML.
pub fn read(text: &[u8]) -> Result<Option<Node>, Error> {
    with_document(text, |document, shift| {
        let document = document.map_err(|fault| not_json(&fault, shift))?;
        if document.items.is_empty() { Ok(None) } else { decode(document, shift.unwrap_or(0)).map(Some) }
    })
}

/// The place of a path in a values file: in the last of its documents that has it. Offsets are the file's.
pub fn locate(text: &[u8], path: &[Step<'_>]) -> Option<Place> {
    let mut found = None;
    for document in Documents::new(text) {
        let Ok(part) = document else { break };
        let Ok(Some(root)) = read(&part.text) else { continue };
        if let Some(place) = find(&root, path) {
            let real = |span: Span| Span::new(part.real(text, span.start as usize), part.real(text, span.end as usize));
            found = Some(Place { key: real(place.key), value: real(place.value) });
        }
    }
    found
}

/// Where the bytes of a document stand in its file.
#[derive(Clone, Debug)]
pub struct Offsets {
    /// Where the document begins.
    base: u32,
    /// Offsets in the document behind which the file has a byte more: `\r\n` is one there.
    longer: Vec<u32>,
}

impl Offsets {
    /// A stretch of the document as one of the file.
    pub fn real(&self, span: Span) -> Span {
        let real = |at: u32| {
            let extra = self.longer.partition_point(|&longer| longer < at);
            self.base.saturating_add(at).saturating_add(u32::try_from(extra).unwrap_or(u32::MAX))
        };
        Span { start: real(span.start), end: real(span.end) }
    }
}

/// The documents of a values file with places, in order; what cannot be read is left out.
pub fn nodes(text: &[u8]) -> Vec<(Node, Offsets)> {
    let mut found = Vec::new();
    for document in Documents::new(text) {
        let Ok(part) = document else { break };
        let Ok(Some(node)) = read(&part.text) else { continue };
        let mut longer = Vec::new();
        if let std::borrow::Cow::Owned(_) = part.text {
            let (mut at, mut inside) = (part.offset, 0u32);
            while (inside as usize) < part.text.len() {
                let crlf = text.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n"));
                if crlf {
                    longer.push(inside);
                }
                at += if crlf { 2 } else { 1 };
                inside += 1;
            }
        }
        found.push((node, Offsets { base: u32::try_from(part.offset).unwrap_or(u32::MAX), longer }));
    }
    found
}

/// The place of a path below a node.
pub fn find(root: &Node, path: &[Step<'_>]) -> Option<Place> {
    let mut place = Place { key: root.span, value: root.span };
    let mut node = root;
    for step in path {
        let key = match (step, &node.data) {
            (Step::Key(name), Data::Map(entries)) => {
                let entry = entries.iter().rev().find(|(key, _)| key.as_key().is_some_and(|key| key == *name))?;
                node = &entry.1;
                entry.0.span
            }
            (Step::Index(i), Data::List(items)) => {
                node = items.get(*i)?;
                node.span
            }
            _ => return None,
        };
        place = Place { key, value: node.span };
    }
    Some(place)
}
