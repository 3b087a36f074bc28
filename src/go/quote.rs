//! Go's `strconv.Quote` and `Unquote`.

use super::unicode::{decode, is_print, push_char, runes};
use std::io::Write as _;

/// Which characters a quoted string shows as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// All printable ones.
    Printable,
    /// Only ASCII (`%+q`).
    Ascii,
}

/// The text as a Go string literal, for messages.
pub fn quoted(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    let mut out = Vec::with_capacity(text.len() + 2);
    quote(&mut out, text, Show::Printable);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends the text as a Go string literal: `strconv.AppendQuote`.
pub fn quote(out: &mut Vec<u8>, text: &[u8], show: Show) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        // Most of a text needs no care.
        let plain = rest.iter().take_while(|b| matches!(b, 0x20..=0x7e) && **b != b'"' && **b != b'\\').count();
        let (head, tail) = rest.split_at(plain);
        out.extend_from_slice(head);
        rest = tail;
        let Some((c, width)) = decode(rest) else { break };
        match rest.first() {
            Some(byte) if width == 1 && *byte >= 0x80 => {
                let _ = write!(out, "\\x{byte:02x}");
            }
            _ => escape(out, c, b'"', show),
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    out.push(b'"');
}

/// Appends a character as a Go rune literal: `strconv.AppendQuoteRune`.
pub fn quote_char(out: &mut Vec<u8>, c: char, show: Show) {
    out.push(b'\'');
    escape(out, c, b'\'', show);
    out.push(b'\'');
}

fn escape(out: &mut Vec<u8>, c: char, quote: u8, show: Show) {
    if c == quote as char || c == '\\' {
        out.extend_from_slice(&[b'\\', c as u8]);
        return;
    }
    if if show == Show::Ascii { (' '..='~').contains(&c) } else { is_print(c) } {
        push_char(out, c);
        return;
    }
    let short = match c {
        '\u{7}' => b'a',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{b}' => b'v',
        _ => {
            let code = c as u32;
            let _ = if code < 0x20 || code == 0x7f {
                write!(out, "\\x{code:02x}")
            } else if code < 0x10000 {
                write!(out, "\\u{code:04x}")
            } else {
                write!(out, "\\U{code:08x}")
            };
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Whether the text can stand between backquotes on one line: `strconv.CanBackquote`.
pub fn can_backquote(text: &[u8]) -> bool {
    runes(text).all(|(_, c, width)| {
        if width > 1 {
            c != '\u{feff}'
        } else {
            c != char::REPLACEMENT_CHARACTER && (c >= ' ' || c == '\t') && c != '`' && c != '\u{7f}'
        }
    })
}

/// The text of a Go string literal in double quotes, backquotes or (one character) single quotes; none if it
/// isn't one: `strconv.Unquote`.
pub fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (&quote, rest) = literal.split_first()?;
    let (&last, body) = rest.split_last()?;
    if quote != last {
        return None;
    }
    match quote {
        b'`' if body.contains(&b'`') => None,
        b'`' => Some(body.iter().copied().filter(|b| *b != b'\r').collect()),
        b'"' | b'\'' => {
            if body.contains(&b'\n') {
                return None;
            }
            let mut out = Vec::with_capacity(body.len());
            let mut rest = body;
            let mut count = 0;
            while !rest.is_empty() {
                let (unit, tail) = unescape(rest, quote)?;
                match unit {
                    Unit::Byte(b) => out.push(b),
                    Unit::Char(c) => push_char(&mut out, c),
                }
                rest = tail;
                count += 1;
            }
            (quote == b'"' || count == 1).then_some(out)
        }
        _ => None,
    }
}

/// The code point of a Go rune literal with its single quotes; none if it isn't one.
pub fn unquote_char(literal: &[u8]) -> Option<u32> {
    let body = literal.strip_prefix(b"'")?.strip_suffix(b"'")?;
    if body.first() == Some(&b'\n') {
        return None;
    }
    match unescape(body, b'\'')? {
        (Unit::Byte(b), []) => Some(b.into()),
        (Unit::Char(c), []) => Some(c as u32),
        _ => None,
    }
}

enum Unit {
    /// `\x` and octal escapes give bytes.
    Byte(u8),
    Char(char),
}

fn unescape(text: &[u8], quote: u8) -> Option<(Unit, &[u8])> {
    let (&first, rest) = text.split_first()?;
    if first == quote {
        return None;
    }
    if first != b'\\' {
        let (c, width) = decode(text)?;
        return Some((Unit::Char(c), text.get(width..)?));
    }
    let (&kind, rest) = rest.split_first()?;
    let hex = |n: usize| {
        let digits = std::str::from_utf8(rest.get(..n)?).ok()?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Some((u32::from_str_radix(digits, 16).ok()?, rest.get(n..)?))
    };
    let unit = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if kind == quote => kind,
        b'x' => {
            let (byte, tail) = hex(2)?;
            return Some((Unit::Byte(byte as u8), tail));
        }
        b'u' | b'U' => {
            let (code, tail) = hex(if kind == b'u' { 4 } else { 8 })?;
            return Some((Unit::Char(char::from_u32(code)?), tail));
        }
        b'0'..=b'7' => {
            let mut code = u32::from(kind - b'0');
            for digit in rest.get(..2)? {
                if !(b'0'..=b'7').contains(digit) {
                    return None;
                }
                code = code * 8 + u32::from(digit - b'0');
            }
            return Some((Unit::Byte(u8::try_from(code).ok()?), rest.get(2..)?));
        }
        _ => return None,
    };
    Some((Unit::Char(unit as char), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        for (text, want) in [
            (&b"a\"b\\\n\x00\x7f"[..], r#""a\"b\\\n\x00\x7f""#),
            ("é\u{a0}\u{2028}\u{1f600}\u{e000}".as_bytes(), "\"é\\u00a0\\u2028\u{1f600}\\ue000\""),
            (b"\xff\xe2\x82", r#""\xff\xe2\x82""#),
        ] {
            let mut out = Vec::new();
            quote(&mut out, text, Show::Printable);
            assert_eq!(String::from_utf8_lossy(&out), want);
            assert_eq!(unquote(&out).as_deref(), Some(text));
        }
    }

    #[test]
    fn unquotes() {
        assert_eq!(unquote(b"`a\r\nb\\n`").as_deref(), Some(&b"a\nb\\n"[..]));
        for bad in [&b"\"\\'\""[..], b"\"\\400\"", b"\"a\nb\"", b"\"\\ud800\"", b"\"a", b"\"", b"'ab'", b"\"\"\""] {
            assert_eq!(unquote(bad), None, "{bad:?}");
        }
        assert_eq!(unquote_char("'é'".as_bytes()), Some(0xe9));
        assert_eq!(unquote_char(b"'\\''"), Some(39));
        assert_eq!(unquote_char(b"'\\xff'"), Some(255));
    }
}
