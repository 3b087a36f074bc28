//! Values in Go's syntax (`%#v`), as go-yaml prints them in two of its messages.

use super::node::{Data, Node};
use super::number;
use crate::stack::deeper;
use std::fmt::Write;

/// Writes a node as `%#v`. Go's maps print in key order.
pub(super) fn write(node: &Node, out: &mut String) {
    deeper(|| match &node.data {
        Data::Null => out.push_str("interface {}(nil)"),
        Data::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Data::Int(n) => {
            let _ = write!(out, "{n}");
        }
        Data::Uint(n) => {
            let _ = write!(out, "0x{n:x}");
        }
        Data::Float(f) => {
            let mut text = Vec::new();
            number::float64(*f, &mut text);
            out.push_str(&String::from_utf8_lossy(&text));
        }
        Data::Str(s) => quote(s, out),
        Data::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            out.push('}');
        }
        Data::Map(entries) => {
            out.push_str("map[interface {}]interface {}{");
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| match (&a.data, &b.data) {
                (Data::Str(a), Data::Str(b)) => a.cmp(b),
                (Data::Int(a), Data::Int(b)) => a.cmp(b),
                (Data::Uint(a), Data::Uint(b)) => a.cmp(b),
                (Data::Float(a), Data::Float(b)) => a.total_cmp(b),
                (Data::Bool(a), Data::Bool(b)) => a.cmp(b),
                (a, b) => rank(a).cmp(&rank(b)),
            });
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    });
}

/// Keys of several types print by the addresses of their types: this is their order in programs like Helm.
fn rank(data: &Data) -> u8 {
    match data {
        Data::Null => 0,
        Data::Str(_) => 1,
        Data::Int(_) => 2,
        Data::Uint(_) => 3,
        Data::Float(_) => 4,
        Data::Bool(_) => 5,
        Data::List(_) | Data::Map(_) => 6,
    }
}

/// The message for a key that JSON cannot have.
pub(super) fn unsupported_key(key: &Node, value: &Node) -> String {
    let mut words = "unsupported map key of type: ".to_owned();
    match &key.data {
        Data::Uint(_) => words.push_str("uint64"),
        _ => words.push_str("%!s(<nil>)"),
    }
    words.push_str(", key: ");
    top(key, &mut words);
    words.push_str(", value: ");
    top(value, &mut words);
    words
}

/// A nil argument itself prints otherwise than one inside.
fn top(node: &Node, out: &mut String) {
    match &node.data {
        Data::Null => out.push_str("<nil>"),
        _ => write(node, out),
    }
}

/// Go's `strconv.Quote`.
fn quote(text: &[u8], out: &mut String) {
    out.push('"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\u{7}' => out.push_str("\\a"),
                '\u{8}' => out.push_str("\\b"),
                '\u{b}' => out.push_str("\\v"),
                '\u{c}' => out.push_str("\\f"),
                '\0'..' ' | '\u{7f}' => {
                    let _ = write!(out, "\\x{:02x}", c as u32);
                }
                // As far as a chart's keys go: what Go does not print are controls, separators and the like.
                _ if c.is_control()
                    || c.is_whitespace() && c != ' '
                    || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}') =>
                {
                    let _ = match c as u32 {
                        code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                        code => write!(out, "\\U{code:08x}"),
                    };
                }
                _ => out.push(c),
            }
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out.push('"');
}
