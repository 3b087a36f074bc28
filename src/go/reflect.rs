//! What Go's `reflect` decides about values.

use crate::stack::deeper;
use crate::value::{Json, Kind, MAX_DEPTH, Value};
use std::borrow::Cow;

/// Go's message for what nil makes of a call that looks into it.
pub const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

/// `reflect.DeepEqual`: sensitive to types, so 1 and 1.0 differ, as do a nil and an empty list.
///
/// Past [`MAX_DEPTH`] levels two values count as different; Go tracks the pairs it has visited instead.
pub fn deep_equal(a: &Value, b: &Value) -> bool {
    equal(a, b, 0)
}

fn equal(a: &Value, b: &Value, depth: usize) -> bool {
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(s, a), Value::Int(t, b)) => s == t && a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(s, a), Value::List(t, b)) => {
            s == t
                && a.len() == b.len()
                && (a.as_ptr() == b.as_ptr()
                    || within(depth, || a.iter().zip(b.iter()).all(|(a, b)| equal(a, b, depth + 1))))
        }
        (Value::Map(s, a), Value::Map(t, b)) => {
            s == t
                && (a.same(b)
                    || a.is_nil() == b.is_nil()
                        && a.len() == b.len()
                        && within(depth, || {
                            let (a, b) = (a.borrow(), b.borrow());
                            a.iter().zip(b.iter()).all(|((k, a), (l, b))| k == l && equal(a, b, depth + 1))
                        }))
        }
        (Value::Object(a), Value::Object(b)) => a.equals(b.as_ref()),
        _ => false,
    }
}

fn within(depth: usize, compare: impl FnOnce() -> bool) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    deeper(compare)
}

/// The elements of a slice of any type; none for what is no slice.
pub fn elements(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(_, items) => Some(Cow::Borrowed(items)),
        Value::Bytes(bytes) => {
            let byte = |b: &u8| Value::Int(crate::value::IntKind::Uint8, i64::from(*b));
            Some(bytes.as_deref().unwrap_or_default().iter().map(byte).collect())
        }
        Value::Object(object) if object.kind() == Kind::Slice => match object.json() {
            Ok(Json::Value(Value::List(_, items))) => Some(Cow::Owned(items.to_vec())),
            _ => None,
        },
        _ => None,
    }
}
