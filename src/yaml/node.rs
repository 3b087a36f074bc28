//! A document as go-yaml decodes it, with places: what typed reading (Chart.yaml) and finding a path need.

use super::compose::{Document, Item, Shape};
use super::number;
use super::resolve::{Scalar, resolve};
use super::scan::Style;
use crate::diagnostic::Span;
use crate::stack::deeper;
use crate::value::Str;
use std::collections::HashMap;

/// A node with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it holds.
    pub data: Data,
    /// Its bytes in the text, where it is written: for an alias the place of the anchored node.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// How a scalar is written.
    pub style: Style,
    /// A scalar's text before its type was found; empty for collections.
    pub text: Str,
}

/// What a node holds: the types that go-yaml v2 gives to an `interface{}`.
#[derive(Clone, Debug)]
pub enum Data {
    /// `nil`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint64`: beyond the `int`s
    Uint(u64),
    /// `float64`
    Float(f64),
    /// `string`; times too
    Str(Str),
    /// `[]interface {}`
    List(Vec<Node>),
    /// `map[interface {}]interface {}`: merges done, of equal keys the last value, in order of appearance
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text that a Go `string` field gets: sigs.k8s.io/yaml turns numbers (floats with 32 bits) and booleans
    /// into strings there. `None` for null and collections.
    pub fn as_string(&self) -> Option<Str> {
        Some(match &self.data {
            Data::Null | Data::List(_) | Data::Map(_) => return None,
            Data::Bool(b) => Str::from(if *b { "true" } else { "false" }),
            Data::Int(n) => Str::from(n.to_string()),
            Data::Uint(n) => Str::from(n.to_string()),
            Data::Float(f) => {
                let mut out = Vec::new();
                number::float32(*f, &mut out);
                Str::from(out)
            }
            Data::Str(s) => valid(s),
        })
    }

    /// The text of a map's key in JSON; `None` where Go fails with `unsupported map key of type`.
    pub fn as_key(&self) -> Option<Str> {
        match &self.data {
            Data::Uint(_) => None,
            Data::Float(f) if !f.is_finite() => Some(Str::from(if f.is_nan() {
                ".nan"
            } else if *f > 0.0 {
                ".inf"
            } else {
                "-.inf"
            })),
            _ => self.as_string(),
        }
    }

    /// The value of a key of a map, by its text in JSON.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.data {
            Data::Map(entries) => {
                entries.iter().rev().find(|(k, _)| k.as_key().is_some_and(|k| k == *key)).map(|e| &e.1)
            }
            _ => None,
        }
    }

    /// JSON's word for the type, as in `cannot unmarshal array into …`; `None` for null.
    pub fn json_kind(&self) -> Option<&'static str> {
        Some(match &self.data {
            Data::Null => return None,
            Data::Bool(_) => "bool",
            Data::Int(_) | Data::Uint(_) | Data::Float(_) => "number",
            Data::Str(_) => "string",
            Data::List(_) => "array",
            Data::Map(_) => "object",
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Without recursion: a document can be nested ten thousand levels deep.
        let mut doomed = Vec::new();
        let take = |node: &mut Node, doomed: &mut Vec<Node>| match std::mem::replace(&mut node.data, Data::Null) {
            Data::List(items) => doomed.extend(items),
            Data::Map(entries) => entries.into_iter().for_each(|(k, v)| doomed.extend([k, v])),
            _ => {}
        };
        if matches!(&self.data, Data::List(_) | Data::Map(_)) {
            take(self, &mut doomed);
            while let Some(mut node) = doomed.pop() {
                take(&mut node, &mut doomed);
            }
        }
    }
}

/// Go's JSON writes U+FFFD for each byte that is not UTF-8.
pub(super) fn valid(text: &Str) -> Str {
    if text.utf8().is_some() {
        return text.clone();
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    replace_invalid(text, &mut out);
    Str::from(out)
}

/// Writes a text with U+FFFD for each byte that is not UTF-8.
pub(super) fn replace_invalid(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Decodes a document; `Ok(None)` where there is none. The words of a failure lack `yaml: `.
pub(super) fn decode(document: &Document<'_>, shift: usize) -> Result<Option<Node>, (String, usize)> {
    let Some(_) = document.items.first() else { return Ok(None) };
    // The document counts as a step too.
    let mut decoder =
        Decoder { items: &document.items, shift, steps: 1, alias_steps: 0, alias_depth: 0, active: Vec::new(), at: 0 };
    decoder.node(0).map(Some).map_err(|words| (words, decoder.at))
}

struct Decoder<'d, 'a> {
    items: &'d [Item<'a>],
    shift: usize,
    steps: u64,
    alias_steps: u64,
    alias_depth: usize,
    /// The aliases that are being decoded.
    active: Vec<u32>,
    /// The node being decoded, for the place of a failure.
    at: usize,
}

impl Decoder<'_, '_> {
    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.alias_depth > 0 {
            self.alias_steps += 1;
        }
        let (steps, aliased) = (self.steps as f64, self.alias_steps as f64);
        if self.alias_steps > 100 && self.steps > 1000 {
            let allowed = if self.steps <= 400_000 {
                0.99
            } else if self.steps >= 4_000_000 {
                0.10
            } else {
                0.99 - 0.89 * ((steps - 400_000.0) / 3_600_000.0)
            };
            if aliased / steps > allowed {
                return Err("document contains excessive aliasing".to_owned());
            }
        }
        Ok(())
    }

    fn node(&mut self, i: usize) -> Result<Node, String> {
        deeper(|| self.node_here(i))
    }

    fn node_here(&mut self, i: usize) -> Result<Node, String> {
        self.step()?;
        let items = self.items;
        let Some(item) = items.get(i) else { return Err(String::new()) };
        self.at = item.start.offset as usize;
        let data = match item.shape {
            Shape::Alias => return self.through_alias(i, item, |decoder, target| decoder.node(target)),
            Shape::Scalar => scalar(item)?,
            Shape::Sequence => {
                let mut list = Vec::new();
                let mut child = i + 1;
                while child < item.link as usize {
                    list.push(self.node(child)?);
                    child = self.after(child);
                }
                Data::List(list)
            }
            Shape::Mapping => {
                let mut entries = Entries::default();
                self.mapping(i, &mut entries)?;
                Data::Map(entries.list)
            }
        };
        Ok(Node {
            data,
            span: Span::new(item.start.offset as usize + self.shift, item.end as usize + self.shift),
            line: item.start.line as usize + 1,
            column: item.start.column as usize + 1,
            style: item.style,
            text: Str::from(&*item.text),
        })
    }

    /// The node after this one.
    fn after(&self, i: usize) -> usize {
        match self.items.get(i) {
            Some(item) if item.shape != Shape::Alias => (item.link as usize).max(i + 1),
            _ => i + 1,
        }
    }

    fn through_alias<T>(
        &mut self,
        i: usize,
        item: &Item<'_>,
        decode: impl FnOnce(&mut Self, usize) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.active.contains(&(i as u32)) {
            return Err(format!("anchor '{}' value contains itself", String::from_utf8_lossy(&item.text)));
        }
        self.active.push(i as u32);
        self.alias_depth += 1;
        let result = decode(self, item.link as usize);
        self.alias_depth -= 1;
        self.active.pop();
        result
    }

    fn mapping(&mut self, i: usize, entries: &mut Entries) -> Result<(), String> {
        let items = self.items;
        let Some(end) = items.get(i).map(|item| item.link as usize) else { return Ok(()) };
        let mut key = i + 1;
        while key < end {
            let value = self.after(key);
            if items.get(key).is_some_and(Item::is_merge) {
                self.merge(value, entries)?;
            } else {
                let key = self.node(key)?;
                if matches!(key.data, Data::List(_) | Data::Map(_)) {
                    let mut words = "invalid map key: ".to_owned();
                    super::gosyntax::write(&key, &mut words);
                    return Err(words);
                }
                let value = self.node(value)?;
                entries.set(key, value);
            }
            key = self.after(value);
        }
        Ok(())
    }

    fn merge(&mut self, i: usize, entries: &mut Entries) -> Result<(), String> {
        let items = self.items;
        let Some(item) = items.get(i) else { return Ok(()) };
        self.at = item.start.offset as usize;
        match item.shape {
            Shape::Scalar => Err(WANT_MAP.to_owned()),
            Shape::Mapping | Shape::Alias => self.merge_one(i, entries),
            Shape::Sequence => {
                let mut parts = Vec::new();
                let mut child = i + 1;
                while child < item.link as usize {
                    parts.push(child);
                    child = self.after(child);
                }
                // Backwards: the first of the list wins.
                parts.into_iter().rev().try_for_each(|part| self.merge_one(part, entries))
            }
        }
    }

    fn merge_one(&mut self, i: usize, entries: &mut Entries) -> Result<(), String> {
        let items = self.items;
        let Some(item) = items.get(i) else { return Ok(()) };
        let target = if item.shape == Shape::Alias { items.get(item.link as usize) } else { Some(item) };
        if target.is_none_or(|target| target.shape != Shape::Mapping) {
            return Err(WANT_MAP.to_owned());
        }
        deeper(|| {
            self.step()?;
            if item.shape == Shape::Alias {
                self.through_alias(i, item, |decoder, target| {
                    decoder.step()?;
                    decoder.mapping(target, entries)
                })
            } else {
                self.mapping(i, entries)
            }
        })
    }
}

const WANT_MAP: &str = "map merge requires map or sequence of maps as the value";

/// The value of a scalar.
fn scalar(item: &Item<'_>) -> Result<Data, String> {
    let tag = item.tag.as_deref().unwrap_or_default();
    if tag.is_empty() && !item.implicit {
        return Ok(Data::Str(Str::from(&*item.text)));
    }
    Ok(match resolve(tag, &item.text)? {
        Scalar::Null => Data::Null,
        Scalar::Bool(b) => Data::Bool(b),
        Scalar::Int(n) => Data::Int(n),
        Scalar::Uint(n) => Data::Uint(n),
        Scalar::Float(f) => Data::Float(f),
        Scalar::Str(s) => Data::Str(Str::from(&*s)),
    })
}

/// A Go map under construction: a key that comes again replaces the value.
#[derive(Default)]
struct Entries {
    list: Vec<(Node, Node)>,
    places: HashMap<Key, usize>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(u64),
    Str(Str),
}

impl Entries {
    fn set(&mut self, key: Node, value: Node) {
        let id = match &key.data {
            Data::Null | Data::List(_) | Data::Map(_) => Key::Null,
            Data::Bool(b) => Key::Bool(*b),
            Data::Int(n) => Key::Int(*n),
            Data::Uint(n) => Key::Uint(*n),
            Data::Float(f) => Key::Float(if *f == 0.0 { 0 } else { f.to_bits() }),
            Data::Str(s) => Key::Str(s.clone()),
        };
        match self.places.get(&id).and_then(|&i| self.list.get_mut(i)) {
            Some(entry) => *entry = (key, value),
            None => {
                self.places.insert(id, self.list.len());
                self.list.push((key, value));
            }
        }
    }
}
