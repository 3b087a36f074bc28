//! Value → text: `sigs.k8s.io/yaml.Marshal`, that is Go's JSON, read as YAML, written by go-yaml v2.
//!
//! The detour is not taken unless it shows: characters that YAML's reader refuses or folds, and keys that are too
//! long for a simple key, are the only traces it leaves beside numbers.

use super::compose::with_document;
use super::jsontext;
use super::node::{self, Data, Node};
use super::number;
use super::order::{Version, sort};
use super::scalar_out::Writer;
use crate::diagnostic::Failure;
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::stack::deeper;
use crate::value::{IntKind, Items, Json, Map, Str, Value};

/// Writes a value as `yaml.Marshal` does, with the newline at the end.
///
/// Errors: Go's words, for numbers that are none, maps that contain themselves, control characters in strings:
/// `toYaml` is empty then, `mustToYaml` fails.
pub fn emit(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut emitter = Emitter { writer: Writer::new(Version::V2), read: false };
    match emitter.value(value, Around::Root, 0) {
        Ok(()) => Ok(emitter.finish()),
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Detour) => detour(value),
    }
}

/// The whole way: JSON, read as YAML, written.
fn detour(value: &Value) -> Result<Vec<u8>, Failure> {
    let json = jsontext::write(value)?;
    let read = with_document(&json, |document, _| {
        let document = document.map_err(|fault| {
            let place = if fault.line == 0 { String::new() } else { format!("line {}: ", fault.line) };
            format!("yaml: {place}{}", fault.problem)
        })?;
        match node::decode(document, 0) {
            Ok(Some(node)) => Ok(plain_value(&node)),
            Ok(None) => Ok(Value::Nil),
            Err((words, _)) => Err(format!("yaml: {words}")),
        }
    })
    .map_err(Failure::new)?;
    let mut emitter = Emitter { writer: Writer::new(Version::V2), read: true };
    match emitter.value(&read, Around::Root, 0) {
        Ok(()) => Ok(emitter.finish()),
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Detour) => Err(Failure::new("yaml: exceeded max depth of 10000")),
    }
}

/// What was read, with its numbers as they are.
fn plain_value(node: &Node) -> Value {
    deeper(|| match &node.data {
        Data::Null => Value::Nil,
        Data::Bool(b) => Value::Bool(*b),
        Data::Int(n) => Value::Int(IntKind::Int, *n),
        Data::Uint(n) => Value::Int(IntKind::Uint64, *n as i64),
        Data::Float(f) => Value::Float(*f),
        Data::Str(s) => Value::Str(s.clone()),
        Data::List(items) => Value::list(items.iter().map(plain_value).collect()),
        Data::Map(entries) => {
            Value::map(entries.iter().map(|(k, v)| (k.as_string().unwrap_or_default(), plain_value(v))).collect())
        }
    })
}

/// What a value stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Root,
    List,
    Map,
}

enum Stop {
    Failed(Failure),
    /// The detour through JSON shows.
    Detour,
}

struct Emitter {
    writer: Writer,
    /// Whether the value comes from the detour already.
    read: bool,
}

/// Whether YAML's reader takes the text in JSON as it is.
#[inline]
fn is_direct(text: &[u8]) -> bool {
    if text.iter().all(|&b| b < 0x7f) {
        return true;
    }
    !text.contains(&0x7f)
        && std::str::from_utf8(text)
            .is_ok_and(|text| text.chars().all(|c| !matches!(c, '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')))
}

/// Longer keys may be beyond the 1024 characters of a simple key, quotes and escapes included.
const LONG_KEY: usize = 160;

/// Deeper values may hold themselves: the JSON tells.
const DEEP: usize = 500;

impl Emitter {
    fn finish(mut self) -> Vec<u8> {
        self.writer.indent = 0;
        self.writer.write_indent();
        self.writer.out
    }

    fn value(&mut self, value: &Value, around: Around, depth: usize) -> Result<(), Stop> {
        match value {
            Value::Nil | Value::Bytes(None) => self.writer.bare(b"null"),
            Value::Bool(b) => self.writer.bare(if *b { b"true" } else { b"false" }),
            Value::Int(kind, n) => {
                let text = if kind.unsigned() { (*n as u64).to_string() } else { n.to_string() };
                self.writer.bare(text.as_bytes());
            }
            Value::Float(f) => {
                if !f.is_finite() {
                    return Err(Stop::Detour);
                }
                let mut text = Vec::with_capacity(24);
                number::through_json(*f, &mut text);
                self.writer.bare(&text);
            }
            Value::Str(s) => {
                if !self.read && !is_direct(s) {
                    return Err(Stop::Detour);
                }
                self.writer.string(s, false);
            }
            Value::Bytes(Some(data)) => self.writer.string(&jsontext::base64(data), false),
            Value::List(kind, _) if kind.nil => self.writer.bare(b"null"),
            Value::List(_, items) => return self.deeper(depth, |e| e.list(items, around, depth + 1)),
            Value::Map(_, map) if map.is_nil() => self.writer.bare(b"null"),
            Value::Map(_, map) => return self.deeper(depth, |e| e.map(&map.borrow(), depth + 1)),
            Value::Object(object) => match object.json().map_err(jsontext::marshaling).map_err(Stop::Failed)? {
                Json::Value(value) => return self.deeper(depth, |e| e.value(&value, around, depth + 1)),
                Json::Fields(fields) => {
                    let map: Map = fields.into_iter().map(|(name, value)| (Str::from(name), value)).collect();
                    return self.deeper(depth, |e| e.map(&map, depth + 1));
                }
            },
        }
        Ok(())
    }

    fn deeper(&mut self, depth: usize, run: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        if depth >= DEEP && !self.read {
            return Err(Stop::Detour);
        }
        if self.writer.out.len() > MAX_TEXT {
            return Err(Stop::Failed(too_long()));
        }
        deeper(|| run(self))
    }

    fn list(&mut self, items: &Items, around: Around, depth: usize) -> Result<(), Stop> {
        if items.is_empty() {
            self.writer.empty(b"[]");
            return Ok(());
        }
        let indent = self.writer.indent;
        if indent < 0 {
            self.writer.indent = 0;
        } else if around != Around::Map || self.writer.indention {
            self.writer.indent = indent + 2;
        }
        for item in items.iter() {
            self.writer.write_indent();
            self.writer.indicator(b"-", true, true);
            self.value(item, Around::List, depth)?;
        }
        self.writer.indent = indent;
        Ok(())
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Stop> {
        if map.is_empty() {
            self.writer.empty(b"{}");
            return Ok(());
        }
        let mut entries: Vec<(&Str, &Value)> = map.iter().collect();
        sort(&mut entries, Version::V2);
        let indent = self.writer.indent;
        self.writer.indent = if indent < 0 { 0 } else { indent + 2 };
        for (key, value) in entries {
            if !self.read && (key.len() > LONG_KEY || !is_direct(key)) {
                return Err(Stop::Detour);
            }
            self.writer.key(key);
            self.value(value, Around::Map, depth)?;
        }
        self.writer.indent = indent;
        Ok(())
    }
}
