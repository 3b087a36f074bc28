//! Go's `encoding/json`: text to values, with Go's words for what is wrong.

use super::quote::{Show, quote};
use super::strconv::parse_float;
use super::unicode::{decode, push_char};
use crate::stack::deeper;
use crate::text::runs;
use crate::value::{IntKind, Map, MapRef, MapType, Str, Value};

/// How deep Go's reader follows lists and objects.
const MAX_NESTING: usize = 10_000;

/// What the text must be.
#[derive(Clone, Copy, PartialEq)]
pub enum Into {
    /// `interface {}`
    Any,
    /// `map[string]interface {}`; `null` gives a nil map.
    Map,
    /// `[]interface {}`; `null` gives a nil list.
    List,
}

/// `json.Unmarshal`; all numbers are floats. The error comes with what was read nevertheless: Go fills the
/// target and then reports a number too big for a float.
pub fn read(text: &[u8], into: Into) -> Result<Value, (Value, String)> {
    read_as(text, into, false)
}

/// The same as Kubernetes reads its objects (sigs.k8s.io/json): numbers without fraction and exponent are `int64`.
pub fn read_with_integers(text: &[u8], into: Into) -> Result<Value, (Value, String)> {
    read_as(text, into, true)
}

fn read_as(text: &[u8], into: Into, integers: bool) -> Result<Value, (Value, String)> {
    let empty = || match into {
        Into::Any => Value::Nil,
        Into::Map => Value::map(Map::new()),
        Into::List => Value::list(Vec::new()),
    };
    let mut reader = Reader { text, at: 0, integers, problem: None };
    let value = reader.whole().map_err(|e| (empty(), e.words(text)))?;
    let (found, wanted) = match (&value, into) {
        (_, Into::Any) | (Value::Map(..), Into::Map) | (Value::List(..), Into::List) => {
            return match reader.problem {
                Some(problem) => Err((value, problem)),
                None => Ok(value),
            };
        }
        // A top-level number that is too big is nil, too.
        (Value::Nil, Into::Map) if reader.problem.is_none() => return Ok(Value::Map(MapType::Any, MapRef::nil())),
        (Value::Nil, Into::List) if reader.problem.is_none() => return Ok(Value::nil_list()),
        (value, into) => {
            let found = match value {
                Value::Bool(_) => "bool",
                Value::Float(_) | Value::Int(..) | Value::Nil => "number",
                Value::Str(_) => "string",
                Value::List(..) => "array",
                _ => "object",
            };
            (found, if into == Into::Map { "map[string]interface {}" } else { "[]interface {}" })
        }
    };
    Err((empty(), format!("json: cannot unmarshal {found} into Go value of type {wanted}")))
}

/// What a [`read_prefix`] found.
pub struct Prefix {
    /// The first value of the text.
    pub value: Value,
    /// The bytes up to its end.
    pub consumed: usize,
}

/// The first value of a text, as `json.Decoder` reads it. Errors are Go's: `EOF` for an empty text.
pub fn read_prefix(text: &[u8]) -> Result<Prefix, String> {
    let mut reader = Reader { text, at: 0, integers: false, problem: None };
    reader.space();
    if reader.peek().is_none() {
        return Err("EOF".into());
    }
    let value = reader.value(0).map_err(|e| match e {
        Syntax::At(at, _) if at >= text.len() => "unexpected EOF".to_owned(),
        Syntax::End => "unexpected EOF".to_owned(),
        e => e.words(text),
    })?;
    match reader.problem {
        Some(problem) => Err(problem),
        None => Ok(Prefix { value, consumed: reader.at }),
    }
}

enum Syntax {
    /// The text ended too soon.
    End,
    /// The character at the offset is wrong there.
    At(usize, &'static str),
}

impl Syntax {
    fn words(self, text: &[u8]) -> String {
        match self {
            Syntax::End => "unexpected end of JSON input".into(),
            Syntax::At(at, context) => {
                // Go ends every text with a space.
                let byte = text.get(at).copied().unwrap_or(b' ');
                let shown = match byte {
                    b'\'' => "'\\''".to_owned(),
                    b'"' => "'\"'".to_owned(),
                    _ => {
                        // Go takes the byte for a character.
                        let mut quoted = Vec::new();
                        quote(&mut quoted, (byte as char).encode_utf8(&mut [0; 4]).as_bytes(), Show::Printable);
                        let text = String::from_utf8_lossy(&quoted).into_owned();
                        format!("'{}'", text.trim_matches('"'))
                    }
                };
                format!("invalid character {shown} {context}")
            }
        }
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether whole numbers are `int64`.
    integers: bool,
    /// The first number that is too big.
    problem: Option<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The error at this place, between tokens.
    fn wrong(&self, context: &'static str) -> Syntax {
        if self.at < self.text.len() { Syntax::At(self.at, context) } else { Syntax::End }
    }

    /// The error at this place, inside a token.
    fn broken(&self, context: &'static str) -> Syntax {
        Syntax::At(self.at, context)
    }

    fn whole(&mut self) -> Result<Value, Syntax> {
        let value = self.value(0)?;
        self.space();
        if self.at < self.text.len() { Err(self.wrong("after top-level value")) } else { Ok(value) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Syntax> {
        self.space();
        let Some(first) = self.peek() else { return Err(Syntax::End) };
        match first {
            b'{' | b'[' => {
                if depth >= MAX_NESTING {
                    return Err(self.wrong("exceeded max depth"));
                }
                self.at += 1;
                let work = || if first == b'{' { self.object(depth) } else { self.list(depth) };
                deeper(work)
            }
            b'"' => Ok(Value::Str(self.string()?)),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(
                &[
                    (b'r', "in literal true (expecting 'r')"),
                    (b'u', "in literal true (expecting 'u')"),
                    (b'e', "in literal true (expecting 'e')"),
                ],
                Value::Bool(true),
            ),
            b'f' => self.word(
                &[
                    (b'a', "in literal false (expecting 'a')"),
                    (b'l', "in literal false (expecting 'l')"),
                    (b's', "in literal false (expecting 's')"),
                    (b'e', "in literal false (expecting 'e')"),
                ],
                Value::Bool(false),
            ),
            b'n' => self.word(
                &[
                    (b'u', "in literal null (expecting 'u')"),
                    (b'l', "in literal null (expecting 'l')"),
                    (b'l', "in literal null (expecting 'l')"),
                ],
                Value::Nil,
            ),
            _ => Err(self.wrong("looking for beginning of value")),
        }
    }

    fn word(&mut self, rest: &[(u8, &'static str)], value: Value) -> Result<Value, Syntax> {
        self.at += 1;
        for (expected, context) in rest {
            if self.peek() != Some(*expected) {
                return Err(self.broken(context));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Syntax> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.wrong("after array element")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Syntax> {
        let mut map = Map::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::map(map));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("after object key"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::map(map));
                }
                _ => return Err(self.wrong("after object key:value pair")),
            }
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn digit(&mut self, context: &'static str) -> Result<(), Syntax> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.broken(context));
        }
        self.digits();
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Syntax> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digit("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if self.integers
            && let Some(n) = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())
        {
            return Ok(Value::Int(IntKind::Int64, n));
        }
        match parse_float(text) {
            Ok(f) => Ok(Value::Float(f)),
            Err(_) => {
                let text = String::from_utf8_lossy(text);
                self.problem.get_or_insert_with(|| {
                    format!("json: cannot unmarshal number {text} into Go value of type float64")
                });
                Ok(Value::Nil)
            }
        }
    }

    fn string(&mut self) -> Result<Str, Syntax> {
        self.at += 1;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let plain = runs::json(rest, false);
        self.at += plain;
        let head = rest.get(..plain).unwrap_or_default();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(head.into());
        }
        let mut out = head.to_vec();
        loop {
            match self.peek() {
                None => return Err(Syntax::End),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(0..0x20) => return Err(self.wrong("in string literal")),
                Some(_) => {
                    let Some((c, width)) = decode(self.text.get(self.at..).unwrap_or_default()) else {
                        return Err(Syntax::End);
                    };
                    push_char(&mut out, c);
                    self.at += width;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Syntax> {
        self.at += 1;
        let byte = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => b,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                // A surrogate counts only with its pair.
                let mut c = char::from_u32(first);
                if (0xd800..0xdc00).contains(&first) && self.text.get(self.at..self.at + 2) == Some(b"\\u") {
                    let before = self.at;
                    self.at += 2;
                    let second = self.hex()?;
                    if (0xdc00..0xe000).contains(&second) {
                        c = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                    } else {
                        self.at = before;
                    }
                }
                push_char(out, c.unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            _ => return Err(self.broken("in string escape code")),
        };
        self.at += 1;
        out.push(byte);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Syntax> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| (b as char).to_digit(16)) else {
                return Err(self.broken("in \\u hexadecimal character escape"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let shown = |text: &str| match read(text.as_bytes(), Into::Any) {
            Ok(value) => crate::go::fmt::sprint(&[value]).unwrap().to_string(),
            Err((_, e)) => e,
        };
        for (text, want) in [
            ("{\"a\":[1,\"x\\u00e9\\ud83d\\ude00\\ud800\",null,true]}", "map[a:[1 xé\u{1f600}\u{fffd} <nil> true]]"),
            ("", "unexpected end of JSON input"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("1 x", "invalid character 'x' after top-level value"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1", "invalid character '1' after object key"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("nul", "invalid character ' ' in literal null (expecting 'l')"),
            ("nulx", "invalid character 'x' in literal null (expecting 'l')"),
            ("01", "invalid character '1' after top-level value"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("'", "invalid character '\\'' looking for beginning of value"),
            ("1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
        assert_eq!(
            read(b"[1]", Into::Map).err().map(|(_, e)| e).unwrap(),
            "json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
        assert_eq!(read_prefix(b" 12,b").map(|p| p.consumed), Ok(3));
        let deep = "[".repeat(20_000);
        assert_eq!(shown(&deep), "invalid character '[' exceeded max depth");
    }
}
