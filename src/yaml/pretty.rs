//! Value → text: go-yaml v3 with an indentation of 2, as Helm's `toYamlPretty` uses it, without a detour through JSON.

use super::jsontext::base64;
use super::number;
use super::order::{Version, sort};
use super::scalar_out::Writer;
use crate::diagnostic::Failure;
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::stack::deeper;
use crate::value::{IntKind, Json, MAX_DEPTH, Map, Str, Value};

/// Writes a value as go-yaml v3 does, with the newline at the end.
///
/// Errors: a map that contains itself (Go's stack overflows there), more than 10,000 levels, and what an object
/// fails with.
pub fn emit_pretty(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut emitter = Emitter { writer: Writer::new(Version::V3), path: Vec::new() };
    emitter.value(value, 0)?;
    emitter.writer.indent = 0;
    emitter.writer.write_indent();
    Ok(emitter.writer.out)
}

struct Emitter {
    writer: Writer,
    /// The maps that are being written, far down: one that comes again contains itself.
    path: Vec<usize>,
}

/// The depth at which it is worth a look whether a map contains itself.
const DEEP: usize = 100;

impl Emitter {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        match value {
            Value::Nil => self.writer.bare(b"null"),
            Value::Bool(b) => self.writer.bare(if *b { b"true" } else { b"false" }),
            Value::Int(IntKind::Duration, n) => {
                let text = duration(*n);
                self.string(text.as_bytes(), false);
            }
            Value::Int(kind, n) => {
                let text = if kind.unsigned() { (*n as u64).to_string() } else { n.to_string() };
                self.writer.bare(text.as_bytes());
            }
            Value::Float(f) => {
                let mut text = Vec::new();
                match *f {
                    f if f.is_nan() => text.extend_from_slice(b".nan"),
                    f64::INFINITY => text.extend_from_slice(b".inf"),
                    f64::NEG_INFINITY => text.extend_from_slice(b"-.inf"),
                    f => number::float64(f, &mut text),
                }
                self.writer.bare(&text);
            }
            Value::Str(s) => self.string(s, false),
            Value::Bytes(data) => {
                let data = data.as_ref().map(Str::as_bytes).unwrap_or_default();
                self.list(data.iter().map(|&b| Value::Int(IntKind::Uint8, i64::from(b))), depth)?;
            }
            Value::List(_, items) => return self.deeper(depth, |e| e.list(items.iter().cloned(), depth)),
            Value::Map(_, map) => {
                return self.deeper(depth, |e| {
                    if depth >= DEEP {
                        if e.path.contains(&map.address()) {
                            return Err(Failure::new("yaml: a map contains itself"));
                        }
                        e.path.push(map.address());
                    }
                    e.map(&map.borrow(), depth)?;
                    if depth >= DEEP {
                        e.path.pop();
                    }
                    Ok(())
                });
            }
            Value::Object(object) => match object.yaml()? {
                // A time keeps its looks, though they are those of no string.
                Json::Value(Value::Str(text)) if object.go_type().trim_start_matches('*') == "time.Time" => {
                    self.writer.bare(&text);
                }
                Json::Value(value) => return self.deeper(depth, |e| e.value(&value, depth + 1)),
                Json::Fields(fields) => {
                    return self.deeper(depth, |e| {
                        let fields = fields.into_iter().map(|(name, value)| (Str::from(name), value));
                        e.entries(fields.collect(), depth)
                    });
                }
            },
        }
        Ok(())
    }

    fn deeper(&mut self, depth: usize, run: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        if depth >= MAX_DEPTH {
            return Err(Failure::new("yaml: exceeded max depth of 10000"));
        }
        if self.writer.out.len() > MAX_TEXT {
            return Err(too_long());
        }
        deeper(|| run(self))
    }

    fn list(&mut self, items: impl ExactSizeIterator<Item = Value>, depth: usize) -> Result<(), Failure> {
        if items.len() == 0 {
            self.writer.empty(b"[]");
            return Ok(());
        }
        let indent = self.writer.indent;
        self.writer.indent = if indent < 0 { 0 } else { indent + 2 };
        for item in items {
            self.writer.write_indent();
            self.writer.indicator(b"-", true, true);
            self.value(&item, depth + 1)?;
        }
        self.writer.indent = indent;
        Ok(())
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Failure> {
        let mut entries: Vec<(&Str, &Value)> = map.iter().collect();
        sort(&mut entries, Version::V3);
        self.entries(entries.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect(), depth)
    }

    fn entries(&mut self, entries: Vec<(Str, Value)>, depth: usize) -> Result<(), Failure> {
        if entries.is_empty() {
            self.writer.empty(b"{}");
            return Ok(());
        }
        let indent = self.writer.indent;
        self.writer.indent = if indent < 0 { 0 } else { indent + 2 };
        for (key, value) in entries {
            self.key(&key);
            self.value(&value, depth + 1)?;
        }
        self.writer.indent = indent;
        Ok(())
    }

    fn key(&mut self, key: &[u8]) {
        if key.utf8_chunks().all(|chunk| chunk.invalid().is_empty()) {
            self.writer.key(key);
            return;
        }
        let text = lines(key);
        self.writer.write_indent();
        // The tag counts towards the 128 bytes of a simple key.
        if text.len() + TAG.len() <= 128 && !text.contains(&b'\n') {
            self.string(key, true);
            self.writer.indicator(b":", false, false);
        } else {
            self.writer.indicator(b"?", true, true);
            self.string(key, false);
            self.writer.write_indent();
            self.writer.indicator(b":", true, true);
        }
    }

    fn string(&mut self, text: &[u8], key: bool) {
        if std::str::from_utf8(text).is_ok() {
            self.writer.string(text, key);
            return;
        }
        // What is not UTF-8 is written as base64, in lines if it is long.
        self.writer.bare(TAG);
        let text = lines(text);
        if text.contains(&b'\n') {
            self.writer.inside(|w| w.literal(&text));
        } else {
            self.writer.bare(&text);
        }
    }
}

const TAG: &[u8] = b"!!binary";

/// Base64, in lines of 70 where there is more than one.
pub(super) fn lines(data: &[u8]) -> Vec<u8> {
    let text = base64(data);
    if text.len() < 70 {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 70 + 1);
    for line in text.chunks(70) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// Go's `time.Duration.String`.
fn duration(n: i64) -> String {
    let size = n.unsigned_abs();
    let sign = if n < 0 { "-" } else { "" };
    let decimal = |n: u64, unit: u64, name: &str| {
        let fraction = format!("{:0width$}", n % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() || unit == 1 { "" } else { "." };
        let fraction = if unit == 1 { "" } else { fraction };
        format!("{sign}{}{dot}{fraction}{name}", n / unit)
    };
    match size {
        0 => "0s".to_owned(),
        1..1_000 => decimal(size, 1, "ns"),
        1_000..1_000_000 => decimal(size, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(size, 1_000_000, "ms"),
        _ => {
            const SECOND: u64 = 1_000_000_000;
            let seconds = decimal(size % (60 * SECOND), SECOND, "s");
            let seconds = seconds.trim_start_matches('-');
            match size / (60 * SECOND) {
                0 => format!("{sign}{seconds}"),
                minutes @ 1..60 => format!("{sign}{minutes}m{seconds}"),
                minutes => format!("{sign}{}h{}m{seconds}", minutes / 60, minutes % 60),
            }
        }
    }
}
