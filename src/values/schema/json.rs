//! A JSON document, with numbers as they are written and the place of every value.

use super::decimal::Decimal;
use crate::diagnostic::Span;
use crate::go::json::{Into as Target, read, read_prefix};
use crate::go::strconv::{append_float, append_int, append_uint};
use crate::stack::deeper;
use crate::text::recent::Recent;
use crate::text::runs;
use crate::value::{Elem, MapType, Str, Value};
use std::rc::Rc;

/// How deep Go's reader follows lists and objects.
const MAX_NESTING: usize = 10_000;

/// A JSON value.
pub(super) struct Node {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands in its text; empty for values that have none.
    pub(super) span: Span,
}

/// What a JSON value is.
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As it is written, or as Go prints it.
    Number(Box<str>),
    Str(Str),
    Array(Vec<Rc<Node>>),
    /// In key order, each key once.
    Object(Vec<(Str, Rc<Node>)>),
    /// Something that no JSON has: the name of its Go type.
    Other(String),
}

/// Among so few keys lengths tell most apart, which takes less than to search by halves.
const FEW: usize = 16;

/// How many short strings are at hand, and what is short.
const RECENT: usize = 64;
const SHORT: usize = 24;

/// The types of JSON, as bits.
pub(super) const NULL: u8 = 1;
pub(super) const BOOLEAN: u8 = 2;
pub(super) const NUMBER: u8 = 4;
pub(super) const INTEGER: u8 = 8;
pub(super) const STRING: u8 = 16;
pub(super) const ARRAY: u8 = 32;
pub(super) const OBJECT: u8 = 64;

/// The types with their names, in the order in which they are listed.
pub(super) const TYPES: [(u8, &str); 7] = [
    (NULL, "null"),
    (BOOLEAN, "boolean"),
    (NUMBER, "number"),
    (INTEGER, "integer"),
    (STRING, "string"),
    (ARRAY, "array"),
    (OBJECT, "object"),
];

impl Node {
    /// A value that stands in no text.
    pub(super) fn new(kind: Kind) -> Rc<Node> {
        Rc::new(Node { kind, span: Span::default() })
    }

    /// Its type as a bit; none for what is no JSON.
    pub(super) fn type_bit(&self) -> u8 {
        match &self.kind {
            Kind::Null => NULL,
            Kind::Bool(_) => BOOLEAN,
            Kind::Number(_) => NUMBER,
            Kind::Str(_) => STRING,
            Kind::Array(_) => ARRAY,
            Kind::Object(_) => OBJECT,
            Kind::Other(_) => 0,
        }
    }

    /// The value of a key, if it is an object that has it.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Rc<Node>> {
        let Kind::Object(entries) = &self.kind else { return None };
        entry(entries, key)
    }

    /// The text of a key, if it is an object that has one there.
    pub(super) fn text(&self, key: &str) -> Option<&Str> {
        match &self.get(key.as_bytes())?.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether both are the same to JSON Schema: 1 is 1.0. What is no JSON equals nothing.
    pub(super) fn equals(&self, other: &Node) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Str(a), Kind::Str(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => Decimal::parse(a).is_some_and(|a| Some(a) == Decimal::parse(b)),
            (Kind::Array(a), Kind::Array(b)) => {
                a.len() == b.len() && deeper(|| a.iter().zip(b).all(|(a, b)| a.equals(b)))
            }
            (Kind::Object(a), Kind::Object(b)) => {
                a.len() == b.len() && deeper(|| a.iter().zip(b).all(|((k, a), (l, b))| k == l && a.equals(b)))
            }
            _ => false,
        }
    }

    /// Appends what is the same for equal values and differs for others.
    pub(super) fn fingerprint(&self, out: &mut Vec<u8>) {
        match &self.kind {
            Kind::Null => out.push(b'n'),
            Kind::Bool(b) => out.push(if *b { b't' } else { b'f' }),
            Kind::Number(text) => {
                out.push(b'#');
                if let Some(number) = Decimal::parse(text) {
                    number.fingerprint(out);
                }
            }
            Kind::Str(text) => sized(out, text),
            Kind::Array(items) => {
                out.push(b'[');
                deeper(|| items.iter().for_each(|item| item.fingerprint(out)));
                out.push(b']');
            }
            Kind::Object(entries) => {
                out.push(b'{');
                deeper(|| {
                    for (key, value) in entries {
                        sized(out, key);
                        value.fingerprint(out);
                    }
                });
                out.push(b'}');
            }
            Kind::Other(name) => sized(out, name.as_bytes()),
        }
    }
}

fn sized(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&text.len().to_le_bytes());
    out.extend_from_slice(text);
}

/// The value of a key among entries in key order.
pub(super) fn entry<'e>(entries: &'e [(Str, Rc<Node>)], key: &[u8]) -> Option<&'e Rc<Node>> {
    if entries.len() <= FEW {
        return entries.iter().find(|(k, _)| runs::same(k, key)).map(|(_, value)| value);
    }
    let at = entries.binary_search_by(|(k, _)| k.as_bytes().cmp(key)).ok()?;
    entries.get(at).map(|(_, value)| value)
}

impl Drop for Node {
    /// Without recursion: a document can be nested ten thousand levels deep.
    fn drop(&mut self) {
        let mut doomed = Vec::new();
        take_children(&mut self.kind, &mut doomed);
        while let Some(node) = doomed.pop() {
            if let Ok(mut node) = Rc::try_unwrap(node) {
                take_children(&mut node.kind, &mut doomed);
            }
        }
    }
}

fn take_children(kind: &mut Kind, into: &mut Vec<Rc<Node>>) {
    match kind {
        Kind::Array(items) => into.append(items),
        Kind::Object(entries) => into.extend(std::mem::take(entries).into_iter().map(|(_, value)| value)),
        _ => {}
    }
}

/// A JSON text. The error has Go's words: `unexpected EOF`.
pub(super) fn parse(text: &[u8]) -> Result<Rc<Node>, String> {
    let mut parser = Parser { text, at: 0, items: Vec::new(), entries: Vec::new(), recent: Recent::new() };
    if let Some(node) = parser.value(0) {
        parser.space();
        return if parser.at < text.len() { Err("invalid character after top-level value".into()) } else { Ok(node) };
    }
    Err(read_prefix(text).err().unwrap_or_else(|| "unexpected EOF".into()))
}

/// Reads what is right; the words for what is not come from Go's reader.
struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    /// Items of the lists, and entries of the objects, that are not at their ends.
    items: Vec<Rc<Node>>,
    entries: Vec<(Str, Rc<Node>)>,
    /// Short strings: schemas say `type` and `string` thousands of times.
    recent: Recent<Str, RECENT>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
            // Behind the end of a line there is its indentation.
            self.at += runs::spaces(self.text.get(self.at..).unwrap_or_default());
        }
    }

    fn value(&mut self, depth: usize) -> Option<Rc<Node>> {
        self.space();
        let start = self.at;
        let kind = match self.peek()? {
            b'{' | b'[' if depth >= MAX_NESTING => return None,
            b'{' => deeper(|| self.object(depth))?,
            b'[' => deeper(|| self.array(depth))?,
            b'"' => Kind::Str(self.string()?),
            b't' => self.word(b"true", Kind::Bool(true))?,
            b'f' => self.word(b"false", Kind::Bool(false))?,
            b'n' => self.word(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        Some(Rc::new(Node { kind, span: Span::new(start, self.at) }))
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Option<Kind> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            kind
        })
    }

    fn array(&mut self, depth: usize) -> Option<Kind> {
        self.eat(b'[')?;
        let known = self.items.len();
        self.space();
        if self.eat(b']').is_some() {
            return Some(Kind::Array(Vec::new()));
        }
        loop {
            let item = self.value(depth + 1)?;
            self.items.push(item);
            self.space();
            if self.eat(b',').is_none() {
                self.eat(b']')?;
                return Some(Kind::Array(self.items.drain(known..).collect()));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Kind> {
        self.eat(b'{')?;
        let known = self.entries.len();
        self.space();
        if self.eat(b'}').is_some() {
            return Some(Kind::Object(Vec::new()));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.eat(b':')?;
            let value = self.value(depth + 1)?;
            self.entries.push((key, value));
            self.space();
            if self.eat(b',').is_none() {
                self.eat(b'}')?;
                let mut entries: Vec<_> = self.entries.drain(known..).collect();
                if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
                    // Of equal keys the last one wins.
                    entries.reverse();
                    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                    entries.dedup_by(|(a, _), (b, _)| a == b);
                }
                return Some(Kind::Object(entries));
            }
        }
    }

    fn string(&mut self) -> Option<Str> {
        let start = self.at;
        self.eat(b'"')?;
        let (mut plain, mut ascii) = (true, true);
        loop {
            self.at += runs::json(self.text.get(self.at..)?, false);
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    plain = false;
                    self.at += 2;
                }
                0..0x20 => return None,
                _ => {
                    ascii = false;
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let whole = self.text.get(start..self.at)?;
        let inner = whole.get(1..whole.len().checked_sub(1)?)?;
        if plain && (ascii || std::str::from_utf8(inner).is_ok()) {
            return Some(self.shared(inner));
        }
        match read(whole, Target::Any) {
            Ok(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// A text, shared with others that say the same.
    fn shared(&mut self, text: &[u8]) -> Str {
        if text.len() > SHORT {
            return Str::from(text);
        }
        self.recent.find(text, || Some(Str::from(text))).cloned().unwrap_or_default()
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<Kind> {
        let start = self.at;
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        Some(Kind::Number(text.into()))
    }
}

/// Values as the validator sees them.
pub(super) fn from_value(value: &Value) -> Rc<Node> {
    let number = |text: Vec<u8>| Kind::Number(String::from_utf8_lossy(&text).into());
    let mut text = Vec::new();
    Node::new(match value {
        Value::Nil => Kind::Null,
        Value::Bool(b) => Kind::Bool(*b),
        Value::Str(text) => Kind::Str(text.clone()),
        Value::Int(kind, n) => {
            if kind.unsigned() {
                append_uint(&mut text, *n as u64);
            } else {
                append_int(&mut text, *n);
            }
            number(text)
        }
        Value::Float(f) => {
            // What Go's fmt prints, but for the exponents, which do not change the value.
            append_float(&mut text, *f, b'e', -1, 64);
            number(text)
        }
        Value::List(t, items) if t.elem == Elem::Any => Kind::Array(deeper(|| items.iter().map(from_value).collect())),
        Value::Map(MapType::Any, map) => {
            Kind::Object(deeper(|| map.borrow().iter().map(|(key, value)| (key.clone(), from_value(value))).collect()))
        }
        other => Kind::Other(other.go_type().to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        for (text, want) in [
            ("", "EOF"),
            ("{\"a\":1", "unexpected EOF"),
            ("{} x", "invalid character after top-level value"),
            ("{b", "invalid character 'b' looking for beginning of object key string"),
            ("01", "invalid character after top-level value"),
        ] {
            assert_eq!(parse(text.as_bytes()).err().as_deref(), Some(want), "{text}");
        }
        let node = parse(br#" {"a": 1e999, "b": ["\u00e9"], "a": 2.0}"#).ok().unwrap();
        let a = node.get(b"a").unwrap();
        assert!(matches!(&a.kind, Kind::Number(text) if &**text == "2.0"));
        assert_eq!(a.span, Span::new(36, 39));
        assert!(a.equals(&parse(b"2").ok().unwrap()));
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let deep = parse(deep.as_bytes()).ok().unwrap();
        assert!(deep.equals(&deep));
    }
}
