//! Go's JSON, as a step on the way to YAML.

use super::number;
use crate::diagnostic::Failure;
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::stack::deeper;
use crate::value::{Json, Map, Value};

/// The depth at which Go begins to look for maps that contain themselves.
const CYCLE_AFTER: usize = 1000;

/// `json.Marshal`. Errors: Go's words as sigs.k8s.io/yaml passes them on.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer { out: Vec::new(), seen: Vec::new() };
    writer.value(value, 0)?;
    Ok(writer.out)
}

/// What sigs.k8s.io/yaml makes of an error of Go's JSON.
pub(super) fn marshaling(failure: Failure) -> Failure {
    Failure { message: format!("error marshaling into JSON: {}", failure.message), ..failure }
}

fn unsupported(what: &str) -> Failure {
    marshaling(Failure::new(format!("json: unsupported value: {what}")))
}

struct Writer {
    out: Vec<u8>,
    seen: Vec<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        match value {
            Value::Nil | Value::Bytes(None) => self.out.extend_from_slice(b"null"),
            Value::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Int(kind, n) => {
                let text = if kind.unsigned() { (*n as u64).to_string() } else { n.to_string() };
                self.out.extend_from_slice(text.as_bytes());
            }
            Value::Float(f) if f.is_finite() => number::json(*f, &mut self.out),
            Value::Float(f) => {
                let mut text = Vec::new();
                number::float64(*f, &mut text);
                return Err(unsupported(&String::from_utf8_lossy(&text)));
            }
            Value::Str(s) => self.string(s),
            Value::Bytes(Some(data)) => self.string(&base64(data)),
            Value::List(kind, _) if kind.nil => self.out.extend_from_slice(b"null"),
            Value::List(_, items) => {
                self.out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    self.deeper(|w| w.value(item, depth + 1))?;
                }
                self.out.push(b']');
            }
            Value::Map(_, map) if map.is_nil() => self.out.extend_from_slice(b"null"),
            Value::Map(kind, map) => {
                if depth >= CYCLE_AFTER {
                    if self.seen.contains(&map.address()) {
                        return Err(unsupported(&format!("encountered a cycle via {}", kind.go_type())));
                    }
                    self.seen.push(map.address());
                }
                self.map(&map.borrow(), depth)?;
                if depth >= CYCLE_AFTER {
                    self.seen.pop();
                }
            }
            Value::Object(object) => match object.json().map_err(marshaling)? {
                Json::Value(value) => self.deeper(|w| w.value(&value, depth + 1))?,
                Json::Fields(fields) => {
                    self.out.push(b'{');
                    for (i, (name, value)) in fields.iter().enumerate() {
                        self.field(i, name.as_bytes(), value, depth)?;
                    }
                    self.out.push(b'}');
                }
            },
        }
        Ok(())
    }

    fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        if self.out.len() > MAX_TEXT {
            return Err(too_long());
        }
        deeper(|| run(self))
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Failure> {
        self.out.push(b'{');
        for (i, (key, value)) in map.iter().enumerate() {
            self.field(i, key, value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn field(&mut self, i: usize, key: &[u8], value: &Value, depth: usize) -> Result<(), Failure> {
        if i > 0 {
            self.out.push(b',');
        }
        self.string(key);
        self.out.push(b':');
        self.deeper(|w| w.value(value, depth + 1))
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' | '\\' => self.out.extend_from_slice(&[b'\\', c as u8]),
                    '\u{8}' => self.out.extend_from_slice(b"\\b"),
                    '\u{c}' => self.out.extend_from_slice(b"\\f"),
                    '\n' => self.out.extend_from_slice(b"\\n"),
                    '\r' => self.out.extend_from_slice(b"\\r"),
                    '\t' => self.out.extend_from_slice(b"\\t"),
                    '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                        self.out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
                    }
                    c => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            for _ in chunk.invalid() {
                self.out.extend_from_slice(b"\\ufffd");
            }
        }
        self.out.push(b'"');
    }
}

/// Go's `base64.StdEncoding`.
pub(super) fn base64(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::go::base64::encode(&mut out, data);
    out
}
