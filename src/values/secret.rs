//! Values files that are encrypted with sops: how they are told, and what of them must not be seen.

use super::numeral::{integer, number};
use crate::diagnostic::{Source, Span};
use crate::go::fmt::sprint;
use crate::go::strconv::{format_float, parse_float};
use crate::go::{base64, json, quote, url};
use crate::value::{MapRef, MapType, Str, Value};
use crate::yaml::{self, Data, Node, Offsets};
use bstr::ByteSlice as _;
use std::fmt;

/// What stands in the place of a value that came from an encrypted layer.
pub const REDACTED: &str = "REDACTED";

/// Values that nobody prints by mistake.
#[derive(Clone)]
pub struct Hidden(pub(crate) MapRef);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Shorter texts are no secrets that could be told from other texts.
pub(super) const SHORTEST: usize = 4;

/// The key under which sops keeps what it needs.
pub(super) const SOPS: &str = "sops";

/// The deepest value that is looked at.
const DEEPEST: usize = 200;

/// Whether sops encrypted a text, YAML or JSON: its key `sops` holds a `mac` or a `version`.
pub(super) fn is_encrypted(text: &[u8]) -> bool {
    if memchr::memmem::find(text, SOPS.as_bytes()).is_none() {
        return false;
    }
    yaml::nodes(text)
        .iter()
        .any(|(node, _)| node.get(SOPS).is_some_and(|sops| sops.get("mac").is_some() || sops.get("version").is_some()))
}

/// `json` or `yaml`, as sops calls them.
pub(super) fn format_of(text: &[u8]) -> &'static str {
    if text.trim_ascii_start().starts_with(b"{") { "json" } else { "yaml" }
}

/// Visits the scalars that are encrypted: what they mean, and their place in the file.
fn scalars(source: &Source, values: &MapRef, visit: &mut dyn FnMut(&Value, Span)) {
    fn walk(node: &Node, offsets: &Offsets, value: &Value, depth: usize, visit: &mut dyn FnMut(&Value, Span)) {
        match (&node.data, value) {
            _ if depth > DEEPEST => {}
            (Data::Map(entries), Value::Map(_, map)) => {
                for (key, below) in entries {
                    if let Some(value) = key.as_key().and_then(|key| map.get(&key)) {
                        walk(below, offsets, &value, depth + 1, visit);
                    }
                }
            }
            (Data::List(nodes), Value::List(_, items)) => {
                for (node, item) in nodes.iter().zip(items.iter()) {
                    walk(node, offsets, item, depth + 1, visit);
                }
            }
            (Data::Str(text), value) if text.starts_with(b"ENC[") => visit(value, offsets.real(node.span)),
            _ => {}
        }
    }
    let values = Value::Map(MapType::Any, values.clone());
    for (node, offsets) in yaml::nodes(&source.text) {
        walk(&node, &offsets, &values, 0, visit);
    }
}

/// The texts that an encrypted file hides: strings and numbers.
pub(super) fn texts(source: &Source, values: &MapRef) -> Vec<Str> {
    let mut found = Vec::new();
    scalars(source, values, &mut |value, _| match value {
        Value::Str(text) => found.push(text.clone()),
        Value::Int(..) | Value::Float(_) => found.extend(sprint(std::slice::from_ref(value)).ok()),
        _ => {}
    });
    found
}

/// The forms in which a hidden text may turn up in another: its lines, quoted, in Base64, in URLs; a number in all the
/// ways that Helm, YAML, Tera and schemas write it. Shorter ones than `shortest` are left out: they stand everywhere.
pub fn forms(text: &[u8], shortest: usize) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    coded(text, &mut forms);
    for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
        let inner = |text: &[u8]| text.get(1..text.len().saturating_sub(1)).map(<[u8]>::to_vec);
        let mut escaped: Vec<Vec<u8>> = inner(quote::quoted(line).as_bytes()).into_iter().collect();
        for escape_html in [false, true] {
            escaped.extend(json_text(line, escape_html).as_deref().and_then(inner));
        }
        // Schemas quote with single quotes, YAML doubles them, HTML names them.
        escaped.extend(escaped.first().map(|text| text.replace("\\\"", "\"").replace("'", "\\'")));
        escaped.push(line.replace("'", "''"));
        escaped.push(html(line));
        // Messages that quote such a text are printed as JSON, too.
        let again: Vec<Vec<u8>> =
            escaped.iter().filter_map(|text| json_text(text, false).as_deref().and_then(inner)).collect();
        forms.extend(escaped.into_iter().chain(again));
        forms.push(line.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
        let mut title = line.to_vec();
        title.iter_mut().take(1).for_each(u8::make_ascii_uppercase);
        forms.push(title);
        // What templates make of a text before they print it or complain of it.
        forms.extend([line.to_ascii_uppercase(), line.to_ascii_lowercase()]);
        coded(line, &mut forms);
        if let Ok(n) = parse_float(line)
            && n.is_finite()
        {
            let printed = |form| format_float(n, form, -1);
            forms.extend([printed(b'f'), printed(b'e'), printed(b'g'), number(n).into_bytes(), n.to_string().into()]);
            forms.extend(sprint(&[Value::Float(n)]).ok().map(|text| text.to_vec()));
            // Rust's: `4.8151623e7`.
            forms.push(format!("{n:e}").into());
            if n.fract() == 0.0 && n.abs() < 1e18 {
                #[allow(clippy::cast_possible_truncation)]
                forms.push(integer(n as i64).into_bytes());
            }
        }
        forms.push(line.to_vec());
    }
    forms.retain(|form| form.len() >= shortest);
    forms
}

/// A text as JSON, in its quotes.
fn json_text(text: &[u8], escape_html: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let style = json::Style { escape_html, indent: None };
    json::write(&mut out, &Value::Str(Str::from(text.to_vec())), style).ok().map(|()| out)
}

/// A text as Go's `html.EscapeString` has it.
fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'"' => out.extend_from_slice(b"&#34;"),
            byte => out.push(*byte),
        }
    }
    out
}

/// A text in Base64, as for URLs too and without the end, and escaped for URLs.
fn coded(text: &[u8], forms: &mut Vec<Vec<u8>>) {
    let mut coded = Vec::new();
    base64::encode(&mut coded, text);
    forms.push(coded.clone());
    let end = coded.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    coded.truncate(end);
    let safe = coded.iter().map(|b| match b {
        b'+' => b'-',
        b'/' => b'_',
        b => *b,
    });
    forms.push(safe.collect());
    forms.push(coded);
    let mut path = Vec::new();
    url::path_escape(&mut path, text);
    let query = |space: &str| {
        let mut out = Vec::new();
        for b in text {
            match b {
                b' ' => out.extend_from_slice(space.as_bytes()),
                b'-' | b'_' | b'.' | b'~' => out.push(*b),
                b if b.is_ascii_alphanumeric() => out.push(*b),
                b => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            }
        }
        out
    };
    forms.extend([path, query("+"), query("%20")]);
}

/// Where an encrypted file holds a text.
pub(super) fn find(source: &Source, values: &MapRef, wanted: &Str) -> Option<Span> {
    let mut found = None;
    scalars(source, values, &mut |value, span| {
        if found.is_none() && matches!(value, Value::Str(text) if text == wanted) {
            found = Some(span);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguised() {
        let number = forms(b"4.8151623e+07", 4);
        for form in ["48151623", "4.8151623e+07", "4.8151623e7", "4.8151623\u{d7}10\u{2070}\u{2077}", "48,151,623"] {
            assert!(number.iter().any(|known| known == form.as_bytes()), "{form}");
        }
        let text = forms("p w/\u{e4}'?".as_bytes(), 4);
        for form in ["p+w%2F%C3%A4%27%3F", "p%20w%2F%C3%A4%27%3F", "p w/\u{e4}''?", "cCB3L8OkJz8", "cCB3L8OkJz8"] {
            assert!(text.iter().any(|known| known == form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn told() {
        for (text, expected) in [
            ("a: ENC[x]\nsops:\n  mac: ENC[y]\n", true),
            ("a: 1\nsops: {version: 3.9.0}\n", true),
            (r#"{"a": "ENC[x]", "sops": {"mac": "y"}}"#, true),
            ("a: 1\nsops:\n  image: mozilla/sops\n", false),
            ("sops: true\n", false),
            ("a: {sops: {mac: x}}\n", false),
            ("sops: [\n", false),
        ] {
            assert_eq!(is_encrypted(text.as_bytes()), expected, "{text}");
        }
    }
}
