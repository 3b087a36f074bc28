//! Go's `encoding/json`: values as text.

pub use super::json_read::{Into, Prefix, read, read_prefix, read_with_integers};

use super::fmt::{MAX_TEXT, too_long};
use super::strconv::append_float;
use super::unicode::decode;
use crate::diagnostic::Failure;
use crate::stack::deeper;
use crate::text::runs;
use crate::value::{Json, MAX_DEPTH, Value};
use std::collections::HashSet;
use std::io::Write as _;

/// How the text looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// `<`, `>` and `&` as `\u003c`, `\u003e` and `\u0026`.
    pub escape_html: bool,
    /// Spaces per level, each element on a line of its own; none for one line without spaces.
    pub indent: Option<usize>,
}

/// `json.Marshal`
pub const COMPACT: Style = Style { escape_html: true, indent: None };

/// Appends a value as JSON: `json.Marshal` and its kin. Errors are Go's: `json: unsupported value: NaN`.
pub fn write(out: &mut Vec<u8>, value: &Value, style: Style) -> Result<(), Failure> {
    Writer { out, style, seen: HashSet::new() }.value(value, 0)
}

/// Go looks for cycles from this depth on.
const CYCLES_FROM: usize = 1000;

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    style: Style,
    /// The lists and maps that are being written, below [`CYCLES_FROM`].
    seen: HashSet<usize>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        match value {
            Value::Nil | Value::Bytes(None) => self.out.extend_from_slice(b"null"),
            Value::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Int(kind, n) if kind.unsigned() => super::strconv::append_uint(self.out, *n as u64),
            Value::Int(_, n) => super::strconv::append_int(self.out, *n),
            Value::Float(f) => write_float(self.out, *f)?,
            Value::Str(s) => write_string(self.out, s, self.style.escape_html),
            Value::Bytes(Some(bytes)) => {
                self.out.push(b'"');
                super::base64::encode(self.out, bytes);
                self.out.push(b'"');
            }
            Value::List(t, _) if t.nil => self.out.extend_from_slice(b"null"),
            Value::List(_, items) if items.is_empty() => self.out.extend_from_slice(b"[]"),
            Value::List(_, items) => {
                self.out.push(b'[');
                self.nested(value, items.as_ptr() as usize, depth, |writer| {
                    for (i, item) in items.iter().enumerate() {
                        writer.separate(i, depth + 1);
                        writer.value(item, depth + 1)?;
                    }
                    Ok(())
                })?;
                self.end(depth, b']');
            }
            Value::Map(_, map) if map.is_nil() => self.out.extend_from_slice(b"null"),
            Value::Map(_, map) if map.is_empty() => self.out.extend_from_slice(b"{}"),
            Value::Map(_, map) => {
                self.out.push(b'{');
                self.nested(value, map.address(), depth, |writer| {
                    for (i, (key, item)) in map.borrow().iter().enumerate() {
                        writer.key(i, key, depth);
                        writer.value(item, depth + 1)?;
                    }
                    Ok(())
                })?;
                self.end(depth, b'}');
            }
            Value::Object(object) => match object.json()? {
                Json::Value(value) => self.value(&value, depth)?,
                Json::Fields(fields) if fields.is_empty() => self.out.extend_from_slice(b"{}"),
                Json::Fields(fields) => {
                    self.out.push(b'{');
                    for (i, (key, item)) in fields.iter().enumerate() {
                        self.key(i, key.as_bytes(), depth);
                        self.value(item, depth + 1)?;
                    }
                    self.end(depth, b'}');
                }
            },
        }
        Ok(())
    }

    fn nested(
        &mut self,
        value: &Value,
        address: usize,
        depth: usize,
        walk: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.out.len() > MAX_TEXT {
            return Err(too_long());
        }
        let watched = depth >= CYCLES_FROM;
        if depth > MAX_DEPTH || watched && !self.seen.insert(address) {
            let t = value.go_type();
            return Err(format!("json: unsupported value: encountered a cycle via {t}").into());
        }
        deeper(|| walk(self))?;
        if watched {
            self.seen.remove(&address);
        }
        Ok(())
    }

    fn key(&mut self, i: usize, key: &[u8], depth: usize) {
        self.separate(i, depth + 1);
        write_string(self.out, key, self.style.escape_html);
        self.out.extend_from_slice(if self.style.indent.is_some() { b": " } else { b":" });
    }

    fn separate(&mut self, i: usize, depth: usize) {
        if i > 0 {
            self.out.push(b',');
        }
        self.line(depth);
    }

    fn end(&mut self, depth: usize, close: u8) {
        self.line(depth);
        self.out.push(close);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.style.indent {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + indent * depth, b' ');
        }
    }
}

/// A number in JSON: plain from 1e-6 up to 1e21, else with an exponent of as few digits as it needs.
pub fn write_float(out: &mut Vec<u8>, f: f64) -> Result<(), Failure> {
    if !f.is_finite() {
        let text = super::strconv::format_float(f, b'g', -1);
        return Err(format!("json: unsupported value: {}", String::from_utf8_lossy(&text)).into());
    }
    let size = f.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        append_float(out, f, b'f', -1, 64);
        return Ok(());
    }
    append_float(out, f, b'e', -1, 64);
    // e-09 → e-9
    if let [.., b'e', b'-', b'0', _] = out.as_slice()
        && let Some(last) = out.pop()
    {
        out.pop();
        out.push(last);
    }
    Ok(())
}

/// Appends a JSON string. What is not UTF-8 becomes `\ufffd`.
pub fn write_string(out: &mut Vec<u8>, text: &[u8], escape_html: bool) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (head, tail) = rest.split_at(runs::json(rest, escape_html));
        out.extend_from_slice(head);
        let Some((c, width)) = decode(tail) else { break };
        let (this, after) = tail.split_at(width.min(tail.len()));
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ if c.is_ascii() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            char::REPLACEMENT_CHARACTER if width == 1 => out.extend_from_slice(b"\\ufffd"),
            _ => out.extend_from_slice(this),
        }
        rest = after;
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Map, Str};

    #[test]
    fn writes() {
        for (value, want) in [
            (Value::Float(1e20), "100000000000000000000"),
            (Value::Float(1e21), "1e+21"),
            (Value::Float(1e-7), "1e-7"),
            (Value::Float(-0.0), "-0"),
            (Value::str(&b"<\x01\xff\n\"\xe2\x80\xa8\xc3\xa9"[..]), "\"\\u003c\\u0001\\ufffd\\n\\\"\\u2028é\""),
            (Value::Bytes(Some(Str::from("hi!!"))), "\"aGkhIQ==\""),
            (Value::list(vec![Value::Nil, Value::nil_list(), Value::list(vec![])]), "[null,null,[]]"),
        ] {
            let mut out = Vec::new();
            write(&mut out, &value, COMPACT).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), want);
        }
        let map = Value::map(Map::from_iter([("a".into(), Value::list(vec![Value::int(1)]))]));
        let mut out = Vec::new();
        write(&mut out, &map, Style { escape_html: true, indent: Some(2) }).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), "{\n  \"a\": [\n    1\n  ]\n}");
        let Value::Map(_, inner) = &map else { return };
        inner.insert("a", map.clone());
        let failure = write(&mut Vec::new(), &map, COMPACT).unwrap_err();
        assert_eq!(failure.message, "json: unsupported value: encountered a cycle via map[string]interface {}");
        inner.insert("a", Value::Nil);
    }
}
