//! Text → value, as `sigs.k8s.io/yaml.Unmarshal` does it: YAML to JSON to Go.

use super::Error;
use super::compose::{Document, Item, Shape, with_document};
use super::gosyntax;
use super::node::{self, Data, Node, valid};
use super::plain;
use super::resolve::{Looks, looks};
use super::scan::{Fault, Mark};
use crate::stack::deeper;
use crate::value::{MAX_DEPTH, Map, Str, Value};

/// What the text is to become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    Map,
    List,
}

/// Reads the first document as `yaml.Unmarshal` into an `interface{}`: every number a `float64`, keys as strings.
///
/// Errors: Go's words, `error converting YAML to JSON: yaml: line 2: …`.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    parse_into(text, Target::Any)
}

/// Reads the first document as `yaml.Unmarshal` into a `map[string]interface {}`; null is an empty map (`fromYaml`).
pub fn parse_map(text: &[u8]) -> Result<Value, Error> {
    parse_into(text, Target::Map)
}

/// Reads the first document as `yaml.Unmarshal` into an `[]interface {}`; null is an empty list (`fromYamlArray`).
pub fn parse_list(text: &[u8]) -> Result<Value, Error> {
    parse_into(text, Target::List)
}

/// The first document, by way of its nodes.
pub(super) fn composed(text: &[u8]) -> Result<Value, Error> {
    with_document(text, |document, shift| {
        let document = document.map_err(|fault| not_json(&fault, shift))?;
        if document.items.is_empty() {
            return Ok(Value::Nil);
        }
        if document.simple {
            return Ok(simple(&document.items, &mut 0));
        }
        value(document, shift.unwrap_or(0))
    })
}

fn parse_into(text: &[u8], target: Target) -> Result<Value, Error> {
    let value = match plain::read(text) {
        Some(value) => value,
        None => composed(text)?,
    };
    let (wanted, kind) = match (&value, target) {
        (Value::Nil, Target::Map) => return Ok(Value::map(Map::new())),
        (Value::Nil, Target::List) => return Ok(Value::list(Vec::new())),
        (_, Target::Any) | (Value::Map(..), Target::Map) | (Value::List(..), Target::List) => return Ok(value),
        (value, Target::Map) => ("map[string]interface {}", json_kind(value)),
        (value, Target::List) => ("[]interface {}", json_kind(value)),
    };
    let message = format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type {wanted}"
    );
    Err(Error { message, line: None, offset: None, opened: None })
}

/// What a value is in JSON, in Go's words.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Float(_) | Value::Int(..) => "number",
        Value::List(..) => "array",
        Value::Map(..) => "object",
        _ => "string",
    }
}

/// A fault of the text in the words of sigs.k8s.io/yaml.
pub(super) fn not_json(fault: &Fault, shift: Option<usize>) -> Error {
    let offset = |mark: Option<Mark>| mark.zip(shift).map(|(at, shift)| at.offset as usize + shift);
    let place = if fault.line == 0 { String::new() } else { format!("line {}: ", fault.line) };
    Error {
        message: format!("error converting YAML to JSON: yaml: {place}{}", fault.problem),
        line: fault.at.map(|at| at.line as usize + 1),
        offset: offset(fault.at),
        opened: offset(fault.opened),
    }
}

/// Decodes a document that may have aliases, tags and what JSON cannot have.
pub(super) fn decode(document: &Document<'_>, shift: usize) -> Result<Node, Error> {
    match node::decode(document, shift) {
        Ok(Some(node)) => Ok(node),
        Ok(None) => Err(failed("yaml: no document", None)),
        Err((words, at)) => Err(failed(&format!("yaml: {words}"), Some(at + shift))),
    }
}

fn failed(words: &str, offset: Option<usize>) -> Error {
    Error { message: format!("error converting YAML to JSON: {words}"), line: None, offset, opened: None }
}

fn value(document: &Document<'_>, shift: usize) -> Result<Value, Error> {
    let node = decode(document, shift)?;
    check_keys(&node)?;
    let mut build = Build { unfit: false, too_deep: None };
    let value = build.value(&node, 0);
    if build.unfit {
        check_numbers(&value)?;
    }
    if let Some(bracket) = build.too_deep {
        return Err(too_deep(bracket));
    }
    Ok(value)
}

/// The error of Go's JSON reader for more than 10,000 levels.
pub(super) fn too_deep(bracket: char) -> Error {
    let message =
        format!("error unmarshaling JSON: while decoding JSON: invalid character '{bracket}' exceeded max depth");
    Error { message, line: None, offset: None, opened: None }
}

/// Go fails for keys that are null or larger than an `int`.
pub(super) fn check_keys(node: &Node) -> Result<(), Error> {
    deeper(|| match &node.data {
        Data::List(items) => items.iter().try_for_each(check_keys),
        Data::Map(entries) => entries.iter().try_for_each(|(key, value)| {
            if key.as_key().is_none() {
                return Err(failed(&gosyntax::unsupported_key(key, value), Some(key.span.start as usize)));
            }
            check_keys(value)
        }),
        _ => Ok(()),
    })
}

/// Go's JSON fails for numbers that are none, in the order in which it writes.
fn check_numbers(value: &Value) -> Result<(), Error> {
    deeper(|| match value {
        Value::Float(f) if !f.is_finite() => Err(unsupported_number(*f)),
        Value::List(_, items) => items.iter().try_for_each(check_numbers),
        Value::Map(_, map) => map.borrow().iter().try_for_each(|(_, value)| check_numbers(value)),
        _ => Ok(()),
    })
}

/// Go's JSON error for a float that is no number.
pub(super) fn unsupported_number(f: f64) -> Error {
    let mut text = Vec::new();
    super::number::float64(f, &mut text);
    failed(&format!("json: unsupported value: {}", String::from_utf8_lossy(&text)), None)
}

struct Build {
    unfit: bool,
    /// The bracket that is one too many.
    too_deep: Option<char>,
}

impl Build {
    fn deeper(&mut self, depth: usize, bracket: char) {
        if depth >= MAX_DEPTH {
            self.too_deep.get_or_insert(bracket);
        }
    }

    fn value(&mut self, node: &Node, depth: usize) -> Value {
        deeper(|| match &node.data {
            Data::Null => Value::Nil,
            Data::Bool(b) => Value::Bool(*b),
            Data::Int(n) => Value::Float(*n as f64),
            Data::Uint(n) => Value::Float(*n as f64),
            Data::Float(f) => {
                self.unfit |= !f.is_finite();
                Value::Float(*f)
            }
            Data::Str(s) => Value::Str(valid(s)),
            Data::List(items) => {
                self.deeper(depth, '[');
                Value::list(items.iter().map(|item| self.value(item, depth + 1)).collect())
            }
            Data::Map(entries) => {
                self.deeper(depth, '{');
                let entries = entries.iter();
                Value::map(entries.map(|(k, v)| (k.as_key().unwrap_or_default(), self.value(v, depth + 1))).collect())
            }
        })
    }
}

/// The value of the node at `at` in a simple document; `at` moves behind it.
fn simple(items: &[Item<'_>], at: &mut usize) -> Value {
    let Some(item) = items.get(*at) else { return Value::Nil };
    *at += 1;
    match item.shape {
        Shape::Scalar | Shape::Alias => simple_scalar(item),
        Shape::Sequence => deeper(|| {
            let mut list = Vec::new();
            while *at < item.link as usize {
                list.push(simple(items, at));
            }
            Value::list(list)
        }),
        Shape::Mapping => deeper(|| {
            let mut map = Map::new();
            while *at < item.link as usize {
                let key = items.get(*at).and_then(simple_key).unwrap_or_default();
                *at += 1;
                let value = simple(items, at);
                map.insert(key, value);
            }
            Value::map(map)
        }),
    }
}

fn simple_scalar(item: &Item<'_>) -> Value {
    if item.implicit { scalar(&item.text) } else { Value::Str(Str::from(&*item.text)) }
}

/// What a plain scalar is.
pub(super) fn scalar(text: &[u8]) -> Value {
    match looks(text, true) {
        Looks::Null => Value::Nil,
        Looks::Bool(b) => Value::Bool(b),
        Looks::Int(n) => Value::Float(n as f64),
        Looks::Uint(n) => Value::Float(n as f64),
        Looks::Float(f) => Value::Float(f),
        Looks::Str | Looks::Time => Value::Str(Str::from(text)),
    }
}

/// The text of a key, or of a scalar in a place for strings; `None` for null.
pub(super) fn simple_key(item: &Item<'_>) -> Option<Str> {
    if item.implicit {
        match looks(&item.text, true) {
            Looks::Null => return None,
            Looks::Bool(b) => return Some(Str::from(if b { "true" } else { "false" })),
            Looks::Int(n) => return Some(Str::from(n.to_string())),
            Looks::Uint(n) => return Some(Str::from(n.to_string())),
            Looks::Float(f) => {
                let mut out = Vec::new();
                super::number::float32(f, &mut out);
                return Some(Str::from(match out.as_slice() {
                    b"+Inf" => b".inf".to_vec(),
                    b"-Inf" => b"-.inf".to_vec(),
                    _ => out,
                }));
            }
            Looks::Str | Looks::Time => {}
        }
    }
    Some(Str::from(&*item.text))
}
