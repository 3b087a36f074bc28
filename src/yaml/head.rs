//! What Helm reads of a rendered document: `yaml.Unmarshal` into its `SimpleHead` (pkg/release/v1/util).

use super::Error;
use super::compose::{Document, Item, Shape, with_document};
use super::convert::{check_keys, decode, not_json, simple_key, too_deep, unsupported_number};
use super::node::{Data, Node};
use super::outline;
use crate::stack::deeper;
use crate::value::{MAX_DEPTH, Str};

/// The head of a manifest; what is missing is empty.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`
    pub api_version: Str,
    /// `kind`
    pub kind: Str,
    /// `metadata.name`
    pub name: Str,
    /// `metadata.namespace`, which Helm does not read here: no mistake, whatever it is.
    pub namespace: Str,
    /// `metadata.annotations`, in key order, numbers and booleans as strings.
    pub annotations: Vec<(Str, Str)>,
}

impl Head {
    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&Str> {
        self.annotations.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }
}

/// Reads the head of the first document of a text.
///
/// Errors: Go's words, for everything in the document that `yaml.Unmarshal` fails for, also outside the head.
pub fn head(text: &[u8]) -> Result<Head, Error> {
    match outline::head(text) {
        Some(head) => Ok(head),
        None => scanned(text),
    }
}

/// The same by the scanner.
pub(super) fn scanned(text: &[u8]) -> Result<Head, Error> {
    with_document(text, |document, shift| {
        let document = document.map_err(|fault| not_json(&fault, shift))?;
        if document.items.is_empty() {
            return Ok(Head::default());
        }
        if document.simple
            && let Some(head) = simple(document)
        {
            return Ok(head);
        }
        typed(&decode(document, shift.unwrap_or(0))?)
    })
}

/// Whether a key is a field's, as Go's JSON compares them: without regard to case.
fn is_field(key: &[u8], field: &[u8]) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(field);
    }
    let Ok(key) = std::str::from_utf8(key) else { return false };
    // Two characters beyond ASCII fold to letters: the Kelvin sign and the long s.
    let folded = key.chars().map(|c| match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(field.iter().map(|&b| char::from(b.to_ascii_lowercase())))
}

/// The usual case: the fields spelled as they are and of the right type.
fn simple(document: &Document<'_>) -> Option<Head> {
    let items = &document.items;
    let mut head = Head::default();
    let (mut metadata, mut annotations) = (None, None);
    fields(items, 0, |key, i, item| {
        match key {
            b"apiVersion" => head.api_version = string(item)?,
            b"kind" => head.kind = string(item)?,
            b"metadata" => metadata = Some(i),
            _ if is_field(key, b"apiVersion") || is_field(key, b"kind") || is_field(key, b"metadata") => return None,
            _ => {}
        }
        Some(())
    })?;
    let Some(metadata) = metadata.filter(|&i| !is_null(items, i)) else { return Some(head) };
    fields(items, metadata, |key, i, item| {
        match key {
            b"name" => head.name = string(item)?,
            b"namespace" => head.namespace = string(item).unwrap_or_default(),
            b"annotations" => annotations = Some(i),
            _ if is_field(key, b"name") || is_field(key, b"annotations") => return None,
            _ => {}
        }
        Some(())
    })?;
    let Some(annotations) = annotations.filter(|&i| !is_null(items, i)) else { return Some(head) };
    let root = items.get(annotations)?;
    if root.shape != Shape::Mapping {
        return None;
    }
    let mut at = annotations + 1;
    while at < root.link as usize {
        let (key, item) = (simple_key(items.get(at)?)?, items.get(at + 1)?);
        match head.annotations.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(found) => head.annotations.get_mut(found)?.1 = string(item)?,
            Err(place) => head.annotations.insert(place, (key, string(item)?)),
        }
        at = item.link as usize;
    }
    Some(head)
}

/// Calls back for each entry of a mapping with a plain or quoted key; `None` if it is none.
fn fields<'d>(
    items: &'d [Item<'d>],
    root: usize,
    mut visit: impl FnMut(&[u8], usize, &'d Item<'d>) -> Option<()>,
) -> Option<()> {
    let mapping = items.get(root).filter(|item| item.shape == Shape::Mapping)?;
    let mut at = root + 1;
    while at < mapping.link as usize {
        let (key, value) = (items.get(at)?, items.get(at + 1)?);
        // None of the fields' names reads as something other than a string, in whatever case.
        visit(&key.text, at + 1, value)?;
        at = value.link as usize;
    }
    Some(())
}

fn is_null(items: &[Item<'_>], i: usize) -> bool {
    items.get(i).is_some_and(|item| item.shape == Shape::Scalar && simple_key(item).is_none())
}

fn string(item: &Item<'_>) -> Option<Str> {
    (item.shape == Shape::Scalar).then(|| simple_key(item).unwrap_or_default())
}

const METADATA: &str =
    "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }";

/// Every case: as Go decodes the JSON, keys in order, going on after the first error.
fn typed(root: &Node) -> Result<Head, Error> {
    check_keys(root)?;
    check_numbers(root, Place::Root)?;
    if let Some(bracket) = too_deep_at(root) {
        return Err(too_deep(bracket));
    }
    let mut head = Head::default();
    let mut error: Option<String> = None;
    let mut fail = |node: &Node, into: String| {
        let kind = node.json_kind().unwrap_or("null");
        error.get_or_insert_with(|| format!("json: cannot unmarshal {kind} into Go {into}"));
    };
    match &root.data {
        Data::Null => {}
        Data::Map(_) => {
            for (key, value) in sorted(root) {
                let mut string = |target: &mut Str, field: &str| match value.as_string() {
                    Some(text) => *target = text,
                    None if matches!(value.data, Data::Null) => {}
                    None => fail(value, format!("struct field SimpleHead.{field} of type string")),
                };
                if is_field(&key, b"apiVersion") {
                    string(&mut head.api_version, "apiVersion");
                } else if is_field(&key, b"kind") {
                    string(&mut head.kind, "kind");
                } else if is_field(&key, b"metadata") {
                    metadata(value, &mut head, &mut fail);
                }
            }
        }
        _ => fail(root, "value of type util.SimpleHead".to_owned()),
    }
    match error {
        None => Ok(head),
        Some(words) => {
            let message = format!("error unmarshaling JSON: while decoding JSON: {words}");
            Err(Error { message, line: None, offset: None, opened: None })
        }
    }
}

fn metadata(node: &Node, head: &mut Head, fail: &mut impl FnMut(&Node, String)) {
    match &node.data {
        Data::Null => {
            // A nil pointer: what an earlier spelling of the key held is gone.
            head.name = Str::default();
            head.annotations.clear();
        }
        Data::Map(_) => {
            for (key, value) in sorted(node) {
                if is_field(&key, b"name") {
                    match value.as_string() {
                        Some(text) => head.name = text,
                        None if matches!(value.data, Data::Null) => {}
                        None => fail(value, "struct field .metadata.name of type string".to_owned()),
                    }
                } else if &*key == b"namespace" {
                    head.namespace = value.as_string().unwrap_or_default();
                } else if is_field(&key, b"annotations") {
                    match &value.data {
                        Data::Null => head.annotations.clear(),
                        Data::Map(_) => annotations(value, head, fail),
                        _ => fail(value, "struct field .metadata.annotations of type map[string]string".to_owned()),
                    }
                }
            }
        }
        _ => fail(node, format!("struct field SimpleHead.metadata of type {METADATA}")),
    }
}

fn annotations(node: &Node, head: &mut Head, fail: &mut impl FnMut(&Node, String)) {
    for (key, value) in sorted(node) {
        let text = match value.as_string() {
            None if !matches!(value.data, Data::Null) => {
                fail(value, "struct field .metadata.annotations of type string".to_owned());
                continue;
            }
            text => text.unwrap_or_default(),
        };
        match head.annotations.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(found) => {
                if let Some(entry) = head.annotations.get_mut(found) {
                    entry.1 = text;
                }
            }
            Err(place) => head.annotations.insert(place, (key, text)),
        }
    }
}

/// A map's entries by key, as JSON has them; of equal keys the last.
fn sorted(node: &Node) -> Vec<(Str, &Node)> {
    let Data::Map(entries) = &node.data else { return Vec::new() };
    let mut sorted: Vec<(Str, &Node)> = Vec::with_capacity(entries.len());
    let mut all: Vec<_> = entries.iter().map(|(k, v)| (k.as_key().unwrap_or_default(), v)).collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (key, value) in all {
        match sorted.last_mut() {
            Some(last) if last.0 == key => last.1 = value,
            _ => sorted.push((key, value)),
        }
    }
    sorted
}

/// Where a node stands, as far as sigs.k8s.io/yaml turns numbers into strings there.
#[derive(Clone, Copy)]
enum Place {
    Root,
    Metadata,
    Annotations,
    String,
    Other,
}

fn check_numbers(node: &Node, place: Place) -> Result<(), Error> {
    deeper(|| match &node.data {
        Data::Float(f) if !f.is_finite() && !matches!(place, Place::String) => Err(unsupported_number(*f)),
        Data::List(items) => items.iter().try_for_each(|item| check_numbers(item, Place::Other)),
        Data::Map(_) => sorted(node).into_iter().try_for_each(|(key, value)| {
            let inner = match place {
                Place::Root if is_field(&key, b"apiVersion") || is_field(&key, b"kind") => Place::String,
                Place::Root if is_field(&key, b"metadata") => Place::Metadata,
                Place::Metadata if is_field(&key, b"name") => Place::String,
                Place::Metadata if is_field(&key, b"annotations") => Place::Annotations,
                Place::Annotations => Place::String,
                _ => Place::Other,
            };
            check_numbers(value, inner)
        }),
        _ => Ok(()),
    })
}

/// The bracket that is one too many for Go's JSON reader.
fn too_deep_at(root: &Node) -> Option<char> {
    let mut open = vec![(root, 0)];
    while let Some((node, depth)) = open.pop() {
        match &node.data {
            Data::List(_) if depth >= MAX_DEPTH => return Some('['),
            Data::Map(_) if depth >= MAX_DEPTH => return Some('{'),
            Data::List(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Data::Map(entries) => open.extend(entries.iter().map(|(_, value)| (value, depth + 1))),
            _ => {}
        }
    }
    None
}
