//! Go's own functions: comparison, `index`, `len`, printing and escaping.
//!
//! `and` and `or` stand here for those who call functions from elsewhere than a template; the executor
//! evaluates their arguments one by one itself.

use super::Call;
use crate::diagnostic::Failure;
use crate::go::fmt;
use crate::go::unicode::{is_print, push_char, runes};
use crate::text::kept;
use crate::value::{IntKind, Kind, MapType, Str, Value};
use std::cmp::Ordering;
use std::io::Write as _;

functions! {
    "and" (first: Reflect; others: Reflect) |c| Ok(decide(c, false));
    "or" (first: Reflect; others: Reflect) |c| Ok(decide(c, true));
    "not" (value: Reflect) |c| Ok(Value::Bool(!c.arg(0).truth()));
    "eq" (first: Reflect; others: Reflect) |c| eq(c.arg(0), c.rest(1)).map(Value::Bool);
    "ne" (first: Reflect, second: Reflect) |c| Ok(Value::Bool(!eq(c.arg(0), c.rest(1))?));
    "lt" (first: Reflect, second: Reflect) |c| less(c.arg(0), c.arg(1)).map(Value::Bool);
    "le" (first: Reflect, second: Reflect) |c| less_or_equal(c).map(Value::Bool);
    "gt" (first: Reflect, second: Reflect) |c| Ok(Value::Bool(!less_or_equal(c)?));
    "ge" (first: Reflect, second: Reflect) |c| Ok(Value::Bool(!less(c.arg(0), c.arg(1))?));
    "len" (item: Reflect) |c| match c.invalid {
        0 => len(c.arg(0)),
        _ => Err(Failure::new("reflect: call of reflect.Value.Type on zero Value")),
    };
    "index" (item: Reflect; keys: Reflect) |c| index(c.arg(0), c.rest(1));
    "call" (function: Reflect; arguments: Reflect) call;
    "print" (; values: Any) |c| fmt::sprint(c.args).map(Value::Str);
    "println" (; values: Any) |c| fmt::sprintln(c.args).map(Value::Str);
    "printf" (format: Str; values: Any) |c| fmt::sprintf(&c.str(0), c.rest(1)).map(Value::Str);
    "html" (; values: Any) |c| Ok(Value::Str(html(joined(c.args)?)));
    "js" (; values: Any) |c| Ok(Value::Str(js(joined(c.args)?)));
    "urlquery" (; values: Any) |c| Ok(Value::str(query_escape(&joined(c.args)?)));
}

/// The first argument whose truth is `wanted`, else the last.
fn decide(call: &Call<'_>, wanted: bool) -> Value {
    let found = call.args.iter().find(|v| v.truth() == wanted);
    found.or(call.args.last()).cloned().unwrap_or_default()
}

/// What the comparison functions tell apart.
#[derive(Clone, Copy, PartialEq)]
enum Basic {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// A number or a boolean; strings are borrowed and handled before.
fn basic(value: &Value) -> Option<Basic> {
    match value {
        Value::Bool(b) => Some(Basic::Bool(*b)),
        Value::Int(kind, n) if kind.unsigned() => Some(Basic::Uint(*n as u64)),
        Value::Int(_, n) => Some(Basic::Int(*n)),
        Value::Float(f) => Some(Basic::Float(*f)),
        _ => None,
    }
}

fn is_complex(value: &Value) -> bool {
    value.kind() == Kind::Complex128
}

fn incompatible(a: &Value, b: &Value) -> Failure {
    Failure::new(format!("incompatible types for comparison: {} and {}", a.go_type(), b.go_type()))
}

/// Whether the first equals one of the others (Go: text/template, eq).
pub(super) fn eq(first: &Value, others: &[Value]) -> Result<bool, Failure> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(a: &Value, b: &Value) -> Result<bool, Failure> {
    if let (Value::Str(a), Value::Str(b)) = (a, b) {
        return Ok(a == b);
    }
    let is_basic = |v: &Value| matches!(v, Value::Str(_)) || basic(v).is_some();
    match (basic(a), basic(b)) {
        (Some(x), Some(y)) => match (x, y) {
            (Basic::Int(x), Basic::Uint(y)) | (Basic::Uint(y), Basic::Int(x)) => Ok(u64::try_from(x) == Ok(y)),
            _ if std::mem::discriminant(&x) == std::mem::discriminant(&y) => Ok(x == y),
            _ => Err(incompatible(a, b)),
        },
        _ if is_basic(a) || is_basic(b) || a.kind() != b.kind() && (is_complex(a) || is_complex(b)) => {
            if a.is_nil() || b.is_nil() { Ok(false) } else { Err(incompatible(a, b)) }
        }
        _ => equal_references(a, b),
    }
}

/// Neither is a number, boolean or string.
fn equal_references(a: &Value, b: &Value) -> Result<bool, Failure> {
    let (ka, kb) = (a.kind(), b.kind());
    if ka != kb && ka != Kind::Invalid && kb != Kind::Invalid {
        let (x, y) = (fmt::sprintf(b"%s", std::slice::from_ref(a))?, fmt::sprint(std::slice::from_ref(b))?);
        return Err(format!("non-comparable types {}: {}, {}: {}", kept(&x), a.go_type(), b.go_type(), kept(&y)).into());
    }
    let nil = |v: &Value| match v {
        Value::Nil | Value::Bytes(None) => true,
        Value::List(t, _) => t.nil,
        Value::Map(_, map) => map.is_nil(),
        _ => false,
    };
    if nil(a) || nil(b) {
        return Ok(nil(a) && nil(b));
    }
    match (a, b) {
        // Pointers are equal when they point to the same.
        (Value::Object(x), Value::Object(y)) if kb == Kind::Ptr => Ok(std::rc::Rc::ptr_eq(x, y)),
        (Value::Object(x), Value::Object(y)) if kb == Kind::Struct => Ok(x.equals(y.as_ref())),
        _ => {
            let text = fmt::sprintf(b"%s", std::slice::from_ref(b))?;
            Err(format!("non-comparable type {}: {}", kept(&text), b.go_type()).into())
        }
    }
}

/// Go: text/template, lt.
fn less(a: &Value, b: &Value) -> Result<bool, Failure> {
    const BAD: &str = "invalid type for comparison";
    if let (Value::Str(a), Value::Str(b)) = (a, b) {
        return Ok(a < b);
    }
    if is_complex(a) && is_complex(b) {
        return Err(BAD.into());
    }
    let known = |v: &Value| matches!(v, Value::Str(_)) || basic(v).is_some() || is_complex(v);
    if !known(a) || !known(b) {
        return Err(BAD.into());
    }
    match (basic(a), basic(b)) {
        (Some(Basic::Int(x)), Some(Basic::Int(y))) => Ok(x < y),
        (Some(Basic::Uint(x)), Some(Basic::Uint(y))) => Ok(x < y),
        (Some(Basic::Float(x)), Some(Basic::Float(y))) => Ok(x.partial_cmp(&y) == Some(Ordering::Less)),
        (Some(Basic::Int(x)), Some(Basic::Uint(y))) => Ok(u64::try_from(x).map_or(true, |x| x < y)),
        (Some(Basic::Uint(x)), Some(Basic::Int(y))) => Ok(u64::try_from(y).is_ok_and(|y| x < y)),
        (Some(Basic::Bool(_)), Some(Basic::Bool(_))) => Err(BAD.into()),
        _ => Err(incompatible(a, b)),
    }
}

fn less_or_equal(call: &Call<'_>) -> Result<bool, Failure> {
    let (a, b) = (call.arg(0), call.arg(1));
    Ok(less(a, b)? || equal(a, b)?)
}

fn len(item: &Value) -> Result<Value, Failure> {
    let n = match item {
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Str(s) => s.len(),
        Value::Bytes(b) => b.as_ref().map_or(0, |b| b.len()),
        Value::List(_, items) => items.len(),
        Value::Map(_, map) => map.len(),
        _ => return Err(format!("len of type {}", item.go_type().trim_start_matches('*')).into()),
    };
    Ok(Value::int(n as i64))
}

/// The element of a nested list, map or string (Go: text/template, index). Without keys the item itself.
pub(super) fn index(item: &Value, keys: &[Value]) -> Result<Value, Failure> {
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for key in keys {
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Str(s) => byte(s, position(key, s.len())?, "string")?,
            Value::Bytes(b) => {
                let bytes = b.as_deref().unwrap_or_default();
                byte(bytes, position(key, bytes.len())?, "slice")?
            }
            Value::List(_, items) => match items.get(position(key, items.len())?) {
                Some(item) => item.clone(),
                None => return Err("reflect: slice index out of range".into()),
            },
            Value::Map(t, map) => match key {
                Value::Str(key) => map.get(key).unwrap_or_else(|| zero_element(*t)),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                _ => return Err(format!("value has type {}; should be string", key.go_type()).into()),
            },
            _ => {
                return Err(format!("can't index item of type {}", item.go_type().trim_start_matches('*')).into());
            }
        };
    }
    Ok(item)
}

/// What a map gives for a key that it lacks.
fn zero_element(t: MapType) -> Value {
    match t {
        MapType::Any | MapType::Values => Value::Nil,
        MapType::Str => Value::str(""),
        MapType::Files => Value::Bytes(None),
    }
}

fn byte(bytes: &[u8], at: usize, what: &str) -> Result<Value, Failure> {
    match bytes.get(at) {
        Some(b) => Ok(Value::Int(IntKind::Uint8, i64::from(*b))),
        None => Err(format!("reflect: {what} index out of range").into()),
    }
}

/// An index up to and including the length: Go's check lets that through, and the access then panics.
fn position(key: &Value, len: usize) -> Result<usize, Failure> {
    match key {
        Value::Int(_, n) => match usize::try_from(*n) {
            Ok(i) if i <= len => Ok(i),
            _ => Err(format!("index out of range: {n}").into()),
        },
        Value::Nil => Err("cannot index slice/array with nil".into()),
        _ => Err(format!("cannot index slice/array with type {}", key.go_type()).into()),
    }
}

/// No value of a chart is a function.
fn call(call: &mut Call<'_>) -> Result<Value, Failure> {
    match call.arg(0) {
        Value::Nil => Err("call of nil".into()),
        other => Err(format!("non-function of type {}", other.go_type()).into()),
    }
}

/// The arguments as the escaping functions join them: nil is `<no value>`.
fn joined(args: &[Value]) -> Result<Str, Failure> {
    if let [Value::Str(s)] = args {
        return Ok(s.clone());
    }
    let shown = args.iter().map(|arg| match arg {
        Value::Nil => Value::str("<no value>"),
        other => other.clone(),
    });
    fmt::sprint(&shown.collect::<Vec<_>>())
}

fn html(text: Str) -> Str {
    let escaped = |b: u8| -> Option<&'static str> {
        Some(match b {
            0 => "\u{fffd}",
            b'"' => "&#34;",
            b'\'' => "&#39;",
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => return None,
        })
    };
    if !text.iter().any(|b| escaped(*b).is_some()) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for b in text.iter() {
        match escaped(*b) {
            Some(entity) => out.extend_from_slice(entity.as_bytes()),
            None => out.push(*b),
        }
    }
    out.into()
}

fn js(text: Str) -> Str {
    let special = |b: &u8| matches!(b, b'\\' | b'\'' | b'"' | b'<' | b'>' | b'&' | b'=' | 0..0x20 | 0x80..);
    if !text.iter().any(special) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for (at, c, width) in runes(&text) {
        match c {
            '\\' | '\'' | '"' => out.extend_from_slice(&[b'\\', c as u8]),
            '<' | '>' | '&' | '=' | '\0'..' ' => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            _ if c.is_ascii() => out.push(c as u8),
            // What is not UTF-8 passes as it is: U+FFFD is printable.
            _ if width == 1 => out.extend_from_slice(text.get(at..at + 1).unwrap_or_default()),
            _ if is_print(c) => push_char(&mut out, c),
            _ => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
        }
    }
    out.into()
}

/// Go: net/url, QueryEscape.
pub(super) fn query_escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*b),
            b' ' => out.push(b'+'),
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares() {
        let (one, text) = (Value::int(1), Value::str("a"));
        assert!(eq(&one, &[Value::int64(1)]).unwrap());
        assert!(eq(&Value::Int(IntKind::Uint8, 97), &[Value::Int(IntKind::Int32, 97)]).unwrap());
        assert!(!eq(&Value::Nil, std::slice::from_ref(&one)).unwrap());
        assert!(eq(&Value::Nil, &[Value::nil_list()]).unwrap());
        for (a, b, want) in [
            (&one, &Value::Float(1.0), "incompatible types for comparison: int and float64"),
            (&Value::Bool(true), &text, "incompatible types for comparison: bool and string"),
            (
                &Value::list(vec![Value::int(1)]),
                &Value::list(vec![Value::int(1)]),
                "non-comparable type [%!s(int=1)]: []interface {}",
            ),
        ] {
            assert_eq!(eq(a, std::slice::from_ref(b)).unwrap_err().message, want);
        }
        assert_eq!(less(&Value::Nil, &one).unwrap_err().message, "invalid type for comparison");
    }

    #[test]
    fn indexes() {
        let list = Value::list(vec![Value::int(1)]);
        for (item, key, want) in [
            (&list, Value::int(1), "reflect: slice index out of range"),
            (&list, Value::int(5), "index out of range: 5"),
            (&list, Value::Float(0.0), "cannot index slice/array with type float64"),
            (&Value::int(1), Value::int(0), "can't index item of type int"),
            (&Value::map(Default::default()), Value::int(0), "value has type int; should be string"),
            (&Value::Nil, Value::int(0), "index of untyped nil"),
        ] {
            assert_eq!(index(item, &[key]).unwrap_err().message, want);
        }
    }
}
