//! Go's encoding/json after sigs.k8s.io/yaml, for the few structs of a chart.
//!
//! Keys match in any case, unknown ones are passed over, null changes nothing in a string, numbers and
//! booleans become text where a string is wanted. The first mismatch is the error; keys are gone through in
//! byte order, since the text has been through JSON.

use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::go::fmt::sprint;
use crate::go::strconv::append_float;
use crate::stack::deeper;
use crate::value::{Map, Str, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A YAML text as JSON would hold it, with its places.
pub(super) struct Entry {
    pub(super) data: Data,
    pub(super) span: Span,
}

/// What an entry holds.
pub(super) enum Data {
    Null,
    Bool(bool),
    /// An integer as Go prints it.
    Int(String),
    Float(f64),
    Text(String),
    List(Vec<Entry>),
    /// Sorted by key, each once.
    Map(BTreeMap<String, Entry>),
}

impl Entry {
    /// The JSON name of its kind.
    fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "bool",
            Data::Int(_) | Data::Float(_) => "number",
            Data::Text(_) => "string",
            Data::List(_) => "array",
            Data::Map(_) => "object",
        }
    }

    /// As a template would see it.
    pub(super) fn value(&self) -> Value {
        deeper(|| match &self.data {
            Data::Null => Value::Nil,
            Data::Bool(b) => Value::Bool(*b),
            Data::Int(n) => Value::Float(n.parse().unwrap_or_default()),
            Data::Float(f) => Value::Float(*f),
            Data::Text(text) => Value::str(text.as_str()),
            Data::List(items) => Value::list(items.iter().map(Entry::value).collect()),
            Data::Map(entries) => {
                Value::map(entries.iter().map(|(k, v)| (Str::from(k.as_str()), v.value())).collect::<Map>())
            }
        })
    }

    /// Go's `%v`.
    pub(super) fn printed(&self) -> String {
        if matches!(self.data, Data::Null) {
            return "<nil>".into();
        }
        sprint(&[self.value()]).map(|s| s.lossy().into_owned()).unwrap_or_default()
    }

    /// The entry of a key, exactly so written.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.data {
            Data::Map(entries) => entries.get(key),
            _ => None,
        }
    }
}

/// Decodes entries and remembers the first mismatch.
pub(super) struct Decoder {
    source: Arc<Source>,
    mismatch: Option<(String, Span)>,
    /// The Go struct whose field is being decoded.
    owner: &'static str,
    /// The JSON names from the outermost field to this one.
    fields: Vec<&'static str>,
}

impl Decoder {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Decoder { source: source.clone(), mismatch: None, owner: "", fields: Vec::new() }
    }

    /// The text that is decoded.
    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The first mismatch as an error; `file` is what could not be loaded.
    pub(super) fn finish(self, file: &str) -> Result<(), Error> {
        let Some((words, span)) = self.mismatch else { return Ok(()) };
        let sentence = mismatch(&words).map_or_else(|| words.clone(), |what| format!("{what} in {file}"));
        let words = format!("cannot load {file}: error unmarshaling JSON: while decoding JSON: {words}");
        Err(Diagnostic::new(sentence, words).at(Location { source: self.source, span }).into())
    }

    /// Remembers an error in Go's words.
    pub(super) fn fail(&mut self, entry: &Entry, words: String) {
        self.mismatch.get_or_insert((words, entry.span));
    }

    /// Remembers that an entry is not of a Go type.
    pub(super) fn reject(&mut self, entry: &Entry, wanted: &str) {
        let found = entry.kind();
        let words = if self.owner.is_empty() {
            format!("json: cannot unmarshal {found} into Go value of type {wanted}")
        } else {
            let field = self.fields.join(".");
            format!("json: cannot unmarshal {found} into Go struct field {}.{field} of type {wanted}", self.owner)
        };
        self.fail(entry, words);
    }

    /// Goes through the fields of a struct. `names` are the JSON names, `name` Go's, `package` its package;
    /// `field` gets each entry with the name that it matched.
    pub(super) fn object(
        &mut self,
        entry: &Entry,
        (package, name): (&str, &'static str),
        names: &[&'static str],
        mut field: impl FnMut(&mut Decoder, &'static str, &Entry),
    ) {
        let entries = match &entry.data {
            Data::Map(entries) => entries,
            Data::Null => return,
            _ => return self.reject(entry, &format!("{package}.{name}")),
        };
        for (key, entry) in entries {
            let Some(json) = names.iter().copied().find(|n| same(n, key)) else { continue };
            let outer = std::mem::replace(&mut self.owner, name);
            self.fields.push(json);
            field(self, json, entry);
            self.fields.pop();
            self.owner = outer;
        }
    }

    /// A `string`.
    pub(super) fn text(&mut self, entry: &Entry, into: &mut String) {
        match &entry.data {
            Data::Null => {}
            Data::Bool(b) => *into = b.to_string(),
            Data::Int(n) => n.clone_into(into),
            Data::Float(f) => *into = float_text(*f),
            Data::Text(text) => text.clone_into(into),
            Data::List(_) | Data::Map(_) => self.reject(entry, "string"),
        }
    }

    /// A `bool`.
    pub(super) fn flag(&mut self, entry: &Entry, into: &mut bool) {
        match entry.data {
            Data::Null => {}
            Data::Bool(b) => *into = b,
            _ => self.reject(entry, "bool"),
        }
    }

    /// A slice: elements that are there already are decoded into, as Go does.
    pub(super) fn list<T: Default>(
        &mut self,
        entry: &Entry,
        wanted: &str,
        into: &mut Option<Vec<T>>,
        mut element: impl FnMut(&mut Decoder, &Entry, &mut T),
    ) {
        let entries = match &entry.data {
            Data::List(entries) => entries,
            Data::Null => {
                *into = None;
                return;
            }
            _ => return self.reject(entry, wanted),
        };
        let list = into.get_or_insert_with(Vec::new);
        list.resize_with(entries.len(), T::default);
        for (entry, slot) in entries.iter().zip(list) {
            element(self, entry, slot);
        }
    }

    /// A `[]string`.
    pub(super) fn texts(&mut self, entry: &Entry, into: &mut Option<Vec<String>>) {
        self.list(entry, "[]string", into, Decoder::text);
    }

    /// A `map[string]string`.
    pub(super) fn text_map(&mut self, entry: &Entry, into: &mut Option<BTreeMap<String, String>>) {
        match &entry.data {
            Data::Null => *into = None,
            Data::Map(entries) => {
                let map = into.get_or_insert_with(BTreeMap::new);
                for (key, entry) in entries {
                    let mut text = String::new();
                    self.text(entry, &mut text);
                    map.insert(key.clone(), text);
                }
            }
            _ => self.reject(entry, "map[string]string"),
        }
    }
}

/// How sigs.k8s.io/yaml writes a float for a string field: with 32 bits.
fn float_text(f: f64) -> String {
    let mut out = Vec::new();
    append_float(&mut out, f, b'g', -1, 32);
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a key names a field: in any case, and the long s and the kelvin sign are letters too.
fn same(name: &str, key: &str) -> bool {
    let fold = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(key.chars().map(fold))
}

/// The first number, in the order of JSON, that JSON cannot hold, unless a string field takes it.
/// `strings` says which paths of keys (list elements are `[]`, unknown keys of a map of strings `*`) do.
pub(super) fn not_json(entry: &Entry, strings: &[&[&str]]) -> Option<(String, Span)> {
    fn walk<'e>(entry: &'e Entry, path: &mut Vec<&'e str>, strings: &[&[&str]]) -> Option<(String, Span)> {
        deeper(|| match &entry.data {
            Data::Float(f) if !f.is_finite() => {
                let fits = |field: &&[&str]| {
                    field.len() == path.len() && field.iter().zip(path.iter()).all(|(f, p)| *f == "*" || same(f, p))
                };
                if strings.iter().any(fits) {
                    return None;
                }
                Some((format!("json: unsupported value: {}", float_text(*f)), entry.span))
            }
            Data::List(entries) => entries.iter().find_map(|entry| {
                path.push("[]");
                let found = walk(entry, path, strings);
                path.pop();
                found
            }),
            Data::Map(entries) => entries.iter().find_map(|(key, entry)| {
                path.push(key);
                let found = walk(entry, path, strings);
                path.pop();
                found
            }),
            _ => None,
        })
    }
    walk(entry, &mut Vec::new(), strings)
}

/// Go's words for a wrong type in ours: `` `keywords` is a string and must be a list ``.
fn mismatch(words: &str) -> Option<String> {
    let (kind, into) = words.strip_prefix("json: cannot unmarshal ")?.split_once(" into Go struct field ")?;
    let (field, wanted) = into.split_once(" of type ")?;
    let (_, field) = field.split_once('.')?;
    let wanted = match wanted {
        "string" => "a string",
        "bool" => "a boolean",
        _ if wanted.starts_with("[]") => "a list",
        _ => "a map",
    };
    let kind = match kind {
        "array" => "a list",
        "object" => "a map",
        "number" => "a number",
        "bool" => "a boolean",
        _ => "a string",
    };
    Some(format!("`{field}` is {kind} and must be {wanted}"))
}
