//! Values as TOML, laid out as BurntSushi/toml 1.6 does.

use crate::diagnostic::Failure;
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::go::reflect::elements;
use crate::go::strconv::append_float;
use crate::go::time::Time;
use crate::stack::deeper;
use crate::value::{IntKind, Json, Layout, Str, Value};

/// Why a value has no TOML.
pub(super) enum Problem {
    /// An error that the encoder returns.
    Error(String),
    /// A panic that the encoder lets through.
    Panic(Failure),
}

impl From<&str> for Problem {
    fn from(words: &str) -> Self {
        Problem::Error(words.into())
    }
}

pub(super) fn write(value: &Value) -> Result<Vec<u8>, Problem> {
    if value.is_nil() {
        return Err(Problem::Panic("reflect: call of reflect.Value.Type on zero Value".into()));
    }
    let mut writer = Writer { out: Vec::new(), tables: Vec::new() };
    writer.item(&[], value)?;
    Ok(writer.out)
}

/// A part of a key, in quotes where it needs them.
pub(super) fn append_key(out: &mut Vec<u8>, key: &[u8]) {
    if !key.is_empty() && key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        out.extend_from_slice(key);
    } else {
        append_quoted(out, key);
    }
}

fn append_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for b in text {
        let short = match b {
            b'"' | b'\\' => *b,
            8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            12 => b'f',
            b'\r' => b'r',
            0..0x20 | 0x7f => {
                out.extend_from_slice(format!("\\u{b:04x}").as_bytes());
                continue;
            }
            _ => {
                out.push(*b);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.push(b'"');
}

/// How deep tables nest. Each header repeats the whole path, so far deeper ones would fill the memory.
const MAX_TABLES: usize = 1_000;

/// What decides where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Not written at all.
    Nil,
    Plain,
    Table,
    TableArray,
}

struct Writer {
    out: Vec<u8>,
    /// Lists whose shape is known, so that nested lists are not walked again at every level.
    tables: Vec<(usize, Shape)>,
}

impl Writer {
    fn shape(&mut self, value: &Value, depth: usize) -> Result<Shape, Problem> {
        if depth > MAX_TABLES {
            return Err("toml: the value is nested too deeply".into());
        }
        match value {
            Value::Nil | Value::Bytes(None) => return Ok(Shape::Nil),
            Value::Map(_, map) if map.is_nil() => return Ok(Shape::Nil),
            Value::List(t, _) if t.nil => return Ok(Shape::Nil),
            Value::Map(..) => return Ok(Shape::Table),
            Value::Object(object) if elements(value).is_none() => {
                return Ok(match object.toml() {
                    Ok(Json::Fields(_)) => Shape::Table,
                    _ => Shape::Plain,
                });
            }
            _ => {}
        }
        let Some(items) = elements(value).filter(|items| !items.is_empty()) else {
            return Ok(Shape::Plain);
        };
        let address = match value {
            Value::List(_, items) => items.as_ptr() as usize,
            _ => 0,
        };
        if let Some((_, shape)) = self.tables.iter().rev().take(64).find(|(a, _)| *a == address && address != 0) {
            return Ok(*shape);
        }
        let mut all_tables = true;
        for item in items.iter() {
            let shape = deeper(|| self.shape(item, depth + 1))?;
            if shape == Shape::Nil {
                return Err("toml: cannot encode array with nil element".into());
            }
            all_tables &= shape == Shape::Table;
        }
        let shape = if all_tables { Shape::TableArray } else { Shape::Plain };
        if address != 0 {
            self.tables.push((address, shape));
        }
        Ok(shape)
    }

    fn item(&mut self, path: &[Str], value: &Value) -> Result<(), Problem> {
        if self.out.len() > MAX_TEXT {
            return Err(Problem::Panic(too_long()));
        }
        match self.shape(value, path.len())? {
            Shape::Nil => match value {
                // A nil slice at the top is an empty one.
                Value::List(..) | Value::Bytes(_) => self.key_value(path, value, false),
                _ => Ok(()),
            },
            Shape::Plain => self.key_value(path, value, false),
            Shape::Table => {
                if path.len() == 1 {
                    self.newline();
                }
                if !path.is_empty() {
                    self.header(path, "[", "]");
                }
                self.entries(path, value, false)
            }
            Shape::TableArray => {
                if path.is_empty() {
                    return Err("toml: top-level values must be Go maps or structs".into());
                }
                for item in elements(value).unwrap_or_default().iter() {
                    self.newline();
                    self.header(path, "[[", "]]");
                    self.entries(path, item, false)?;
                }
                Ok(())
            }
        }
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self, path: &[Str]) {
        self.out.resize(self.out.len() + 2 * path.len().saturating_sub(1), b' ');
    }

    fn header(&mut self, path: &[Str], open: &str, close: &str) {
        self.indent(path);
        self.out.extend_from_slice(open.as_bytes());
        for (i, key) in path.iter().enumerate() {
            if i > 0 {
                self.out.push(b'.');
            }
            append_key(&mut self.out, key);
        }
        self.out.extend_from_slice(close.as_bytes());
        self.newline();
    }

    /// The entries of a table: first what is no table, then the tables, each by key.
    fn entries(&mut self, path: &[Str], table: &Value, inline: bool) -> Result<(), Problem> {
        if path.len() > MAX_TABLES {
            return Err("toml: the value is nested too deeply".into());
        }
        let entries: Vec<(Str, Value)> = match table {
            Value::Map(_, map) => map.entries(),
            Value::Object(object) => match object.toml() {
                Ok(Json::Fields(fields)) => fields.into_iter().map(|(k, v)| (Str::from(k), v)).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        // Where the encoder sets commas in a struct, it counts the fields that it writes, and then looks at the place among all
        // of the struct's fields, hidden ones too.
        let places: Option<Vec<&str>> = match table {
            Value::Object(object) => match object.layout() {
                Some(Layout::Struct(_, fields)) => Some(fields.into_iter().map(|(name, _)| name).collect()),
                _ => None,
            },
            _ => None,
        };
        let written = entries.len();
        let is_last = |key: &Str| {
            let at = places.as_ref()?.iter().position(|name| key.as_bytes() == name.as_bytes())?;
            Some(at + 1 == written)
        };
        let (mut direct, mut tables) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            let shape = self.shape(&value, path.len())?;
            let tabular = matches!(shape, Shape::Table | Shape::TableArray);
            if tabular { &mut tables } else { &mut direct }.push((key, value, shape));
        }
        if inline {
            self.out.push(b'{');
        }
        let comma_after_direct = !tables.is_empty();
        for (group, comma) in [(direct, comma_after_direct), (tables, false)] {
            let count = group.len();
            for (i, (key, value, shape)) in group.into_iter().enumerate() {
                if shape == Shape::Nil {
                    continue;
                }
                if inline {
                    let last = is_last(&key).unwrap_or(!comma && i + 1 == count);
                    self.key_value(&[key], &value, true)?;
                    if !last {
                        self.out.extend_from_slice(b", ");
                    }
                    continue;
                }
                let mut path = path.to_vec();
                path.push(key);
                deeper(|| self.item(&path, &value))?;
            }
        }
        if inline {
            self.out.push(b'}');
        }
        Ok(())
    }

    fn key_value(&mut self, path: &[Str], value: &Value, inline: bool) -> Result<(), Problem> {
        let Some(key) = path.last() else {
            return self.element(value, 0);
        };
        self.indent(path);
        append_key(&mut self.out, key);
        self.out.extend_from_slice(b" = ");
        self.element(value, path.len())?;
        if !inline {
            self.newline();
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), Problem> {
        if depth > MAX_TABLES {
            return Err("toml: the value is nested too deeply".into());
        }
        if self.out.len() > MAX_TEXT {
            return Err(Problem::Panic(too_long()));
        }
        match value {
            Value::Str(s) => append_quoted(&mut self.out, s),
            Value::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Int(IntKind::Duration, _) => {
                let mut text = Vec::new();
                crate::go::fmt::print_value(&mut text, value).map_err(Problem::Panic)?;
                append_quoted(&mut self.out, &text);
            }
            Value::Int(kind, n) if kind.unsigned() => crate::go::strconv::append_uint(&mut self.out, *n as u64),
            Value::Int(_, n) => crate::go::strconv::append_int(&mut self.out, *n),
            Value::Float(f) => self.float(*f),
            Value::Map(..) => {
                let entries = |writer: &mut Self| writer.entries(&[], value, true);
                return deeper(|| entries(self));
            }
            Value::Object(_) if value.downcast::<Time>().is_some() => {
                if let Some(time) = value.downcast::<Time>() {
                    let layout: &[u8] = match time.format(b"MST").as_slice() {
                        b"datetime-local" => b"2006-01-02T15:04:05.999999999",
                        b"date-local" => b"2006-01-02",
                        b"time-local" => b"15:04:05.999999999",
                        _ => b"2006-01-02T15:04:05.999999999Z07:00",
                    };
                    self.out.extend_from_slice(&time.format(layout));
                }
            }
            Value::Object(object) if elements(value).is_none() => match object.toml() {
                Ok(Json::Value(inner)) => return self.element(&inner, depth + 1),
                Ok(Json::Fields(_)) => return self.entries(&[], value, true),
                Err(failure) => return Err(Problem::Error(failure.message)),
            },
            _ => {
                self.out.push(b'[');
                for (i, item) in elements(value).unwrap_or_default().iter().enumerate() {
                    if i > 0 {
                        self.out.extend_from_slice(b", ");
                    }
                    deeper(|| self.element(item, depth + 1))?;
                }
                self.out.push(b']');
            }
        }
        Ok(())
    }

    fn float(&mut self, f: f64) {
        if !f.is_finite() {
            if f.is_sign_negative() {
                self.out.push(b'-');
            }
            self.out.extend_from_slice(if f.is_nan() { b"nan" } else { b"inf" });
            return;
        }
        let start = self.out.len();
        append_float(&mut self.out, f, b'g', -1, 64);
        if !self.out.iter().skip(start).any(|b| matches!(b, b'e' | b'.')) {
            self.out.extend_from_slice(b".0");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{i, run};
    use crate::value::{Map, Value};

    #[test]
    fn lays_out() {
        let map =
            |pairs: &[(&str, Value)]| Value::map(pairs.iter().map(|(k, v)| ((*k).into(), v.clone())).collect::<Map>());
        let value = map(&[
            ("t", map(&[("b", map(&[("c d", i(1))]))])),
            ("z", Value::Float(1.0)),
            ("g", Value::list(vec![map(&[("n", "x".into())]), map(&[("n", "y".into())])])),
            ("m", Value::list(vec![i(1), map(&[("q", i(2))])])),
            ("nil", Value::Nil),
        ]);
        let want =
            "m = [1, {q = 2}]\nz = 1.0\n\n[[g]]\n  n = \"x\"\n\n[[g]]\n  n = \"y\"\n\n[t]\n  [t.b]\n    \"c d\" = 1\n";
        assert_eq!(run("toToml", &[value]), want);
        assert_eq!(run("toToml", &["a".into()]), "\"a\"");
        assert_eq!(run("toToml", &[Value::list(vec![Value::Nil])]), "toml: cannot encode array with nil element");
    }
}
