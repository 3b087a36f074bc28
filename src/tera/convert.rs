//! Values there and back.
//!
//! Whole numbers become integers, so that they print as such; maps keep their sorted keys. Strings that are no UTF-8
//! get U+FFFD. Go's objects (times, versions, certificates) become maps of their fields, and nil maps empty ones. They find
//! their way back by being the very same map: what a template makes of one is a map like others.

use crate::go::fmt::print_value;
use crate::value::{IntKind, Map, Param, ParamKind, Str, Value};
use ::tera::Value as Tera;
use ::tera::value::{Key, ValueKind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What stands behind maps that Tera sees, by the maps' addresses.
#[derive(Default)]
pub(super) struct Objects {
    /// The map is kept, so that no other gets its address.
    behind: HashMap<usize, (Tera, Value)>,
}

/// Where a map lies: clones of a value share it.
fn address(map: &::tera::Map) -> usize {
    std::ptr::from_ref(map).addr()
}

/// How deep values may be nested.
const MAX_LEVEL: usize = 300;

/// How many values may hang together.
const MAX_NODES: usize = 4_000_000;

/// Fields and methods without parameters of Go's objects that templates read.
const FIELDS: [&str; 17] = [
    "APIVersions",
    "Cert",
    "GitCommit",
    "GitTreeState",
    "GitVersion",
    "GoVersion",
    "HelmVersion",
    "Key",
    "KubeClientVersion",
    "KubeVersion",
    "Major",
    "Metadata",
    "Minor",
    "Original",
    "Patch",
    "Prerelease",
    "Version",
];

/// Converts, counting.
pub(super) struct Converter<'o> {
    objects: &'o Rc<RefCell<Objects>>,
    nodes: usize,
}

impl<'o> Converter<'o> {
    pub(super) fn new(objects: &'o Rc<RefCell<Objects>>) -> Self {
        Converter { objects, nodes: 0 }
    }

    /// A value for Tera.
    pub(super) fn outward(&mut self, value: &Value) -> Result<Tera, String> {
        self.to(value, 0)
    }

    fn to(&mut self, value: &Value, level: usize) -> Result<Tera, String> {
        self.nodes += 1;
        if level > MAX_LEVEL || self.nodes > MAX_NODES {
            return Err(too_large());
        }
        Ok(match value {
            Value::Nil => Tera::none(),
            Value::Bool(b) => Tera::from(*b),
            Value::Int(IntKind::Uint64, n) => Tera::from(n.cast_unsigned()),
            Value::Int(IntKind::Duration | IntKind::Month | IntKind::Weekday, _) => printed(value),
            Value::Int(_, n) => Tera::from(*n),
            Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Tera::from(*f as i64),
            Value::Float(f) => Tera::from(*f),
            Value::Str(text) => Tera::from(text.lossy().into_owned()),
            Value::Bytes(bytes) => Tera::from(bytes.clone().unwrap_or_default().lossy().into_owned()),
            Value::List(_, items) => {
                let items: Result<Vec<Tera>, String> = items.iter().map(|item| self.to(item, level + 1)).collect();
                Tera::from(items?)
            }
            Value::Map(_, map) if map.is_nil() => self.handle(value.clone()),
            Value::Map(_, map) => {
                let mut out = ::tera::Map::new();
                for (key, value) in map.entries() {
                    out.insert(Key::from(key.lossy().into_owned()), self.to(&value, level + 1)?);
                }
                Tera::from(out)
            }
            Value::Object(object) => {
                let mut out = ::tera::Map::new();
                for name in FIELDS {
                    let method = || object.method(name).filter(|method| method.params.is_empty());
                    let found = object.field(name).or_else(|| (method()?.call)(value, &[]).ok());
                    if let Some(found) = found {
                        out.insert(Key::from(name), self.to(&found, level + 1)?);
                    }
                }
                let mut text = Vec::new();
                object.print_action(&mut text);
                out.insert(Key::from("text"), Tera::from(String::from_utf8_lossy(&text).into_owned()));
                self.keep(out, value.clone())
            }
        })
    }

    /// An empty map that stands for a value.
    pub(super) fn handle(&mut self, value: Value) -> Tera {
        self.keep(::tera::Map::new(), value)
    }

    fn keep(&self, map: ::tera::Map, value: Value) -> Tera {
        let shown = Tera::from(map);
        if let Some(map) = shown.as_map() {
            self.objects.borrow_mut().behind.insert(address(map), (shown.clone(), value));
        }
        shown
    }

    /// A value of Tera. What is not defined is nil.
    pub(super) fn inward(&mut self, value: &Tera) -> Result<Value, String> {
        self.from(value, 0)
    }

    fn from(&mut self, value: &Tera, level: usize) -> Result<Value, String> {
        self.nodes += 1;
        if level > MAX_LEVEL || self.nodes > MAX_NODES {
            return Err(too_large());
        }
        Ok(match value.kind() {
            ValueKind::Undefined | ValueKind::None => Value::Nil,
            ValueKind::Bool => Value::Bool(value.as_bool().unwrap_or_default()),
            ValueKind::String => Value::str(value.as_str().unwrap_or_default()),
            ValueKind::Bytes => Value::str(value.as_bytes().unwrap_or_default()),
            ValueKind::Array => {
                let items = value.as_array().unwrap_or_default();
                let items: Result<Vec<Value>, String> = items.iter().map(|item| self.from(item, level + 1)).collect();
                Value::list(items?)
            }
            ValueKind::Map => {
                let Some(map) = value.as_map() else { return Ok(Value::Nil) };
                if let Some((_, object)) = self.objects.borrow().behind.get(&address(map)) {
                    return Ok(object.clone());
                }
                let mut out = Map::new();
                for (key, value) in map {
                    let key = match key.as_str() {
                        Some(key) => Str::from(key),
                        None => Str::from(key.as_value().to_string()),
                    };
                    out.insert(key, self.from(value, level + 1)?);
                }
                Value::map(out)
            }
            _ => match (value.as_i64(), value.as_u64(), value.as_f64()) {
                _ if value.is_f64() => Value::Float(value.as_f64().unwrap_or_default()),
                (Some(n), ..) => Value::int64(n),
                (None, Some(n), _) => Value::Int(IntKind::Uint64, n.cast_signed()),
                (None, None, float) => Value::Float(float.unwrap_or_default()),
            },
        })
    }

    /// A value for a parameter: numbers take its type, everything else must have it.
    pub(super) fn argument(&mut self, value: &Tera, param: &Param) -> Result<Value, String> {
        let value = self.inward(value)?;
        let whole = |value: &Value| match value {
            Value::Int(_, n) => Some(*n),
            Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i64),
            _ => None,
        };
        let fitting = match (param.kind, &value) {
            (ParamKind::Any | ParamKind::Reflect, _)
            | (ParamKind::Str, Value::Str(_))
            | (ParamKind::Bool, Value::Bool(_))
            | (ParamKind::Float, Value::Float(_))
            | (ParamKind::Map, Value::Map(..))
            | (ParamKind::List, Value::List(..)) => Some(value.clone()),
            (ParamKind::Int, number) => whole(number).map(Value::int),
            (ParamKind::Int64, number) => whole(number).map(Value::int64),
            (ParamKind::Uint32, number) => {
                whole(number).and_then(|n| u32::try_from(n).ok()).map(|n| Value::Int(IntKind::Uint32, i64::from(n)))
            }
            (ParamKind::Float, Value::Int(_, n)) => Some(Value::Float(*n as f64)),
            (ParamKind::Type(name), other) if other.go_type() == name => Some(value.clone()),
            _ => None,
        };
        fitting
            .ok_or_else(|| format!("`{}` must be {}, and this is {}", param.name, wanted(param.kind), value.in_words()))
    }
}

fn printed(value: &Value) -> Tera {
    let mut out = Vec::new();
    // Neither deep nor long: it cannot fail.
    let _ = print_value(&mut out, value);
    Tera::from(String::from_utf8_lossy(&out).into_owned())
}

fn too_large() -> String {
    format!("a value is nested more than {MAX_LEVEL} levels deep, or too large")
}

/// What a parameter takes, in words.
pub(super) fn wanted(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Any | ParamKind::Reflect => "anything",
        ParamKind::Str => "a string",
        ParamKind::Bool => "a boolean",
        ParamKind::Int | ParamKind::Int64 | ParamKind::Uint32 => "a whole number",
        ParamKind::Float => "a number",
        ParamKind::Map => "a map",
        ParamKind::List => "a list",
        ParamKind::Type(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn there_and_back() {
        let objects = Rc::default();
        let value = yaml::parse(b"b: 1000000\na: [1.5, x, null, true]\nc: {z: 1, x: 1e30}\n").unwrap();
        let tera = Converter::new(&objects).outward(&value).unwrap();
        assert_eq!(tera.to_string(), r#"{"a": [1.5, "x", , true], "b": 1000000, "c": {"x": 1e30, "z": 1}}"#);
        let back = Converter::new(&objects).inward(&tera).unwrap();
        assert_eq!(yaml::emit(&back).unwrap(), yaml::emit(&value).unwrap());
    }

    #[test]
    fn what_holds_itself() {
        let objects = Rc::default();
        let map = crate::value::MapRef::new(Map::new());
        map.insert("self", Value::Map(crate::value::MapType::Any, map.clone()));
        assert!(Converter::new(&objects).outward(&Value::Map(crate::value::MapType::Any, map.clone())).is_err());
        map.insert("self", Value::Nil);
    }
}
