//! The characters, strings and words of a TOML text, with the errors that BurntSushi/toml 1.6 has for them.

use crate::go::quote::{Show, quote_char, quoted};
use crate::go::unicode::decode;
use crate::value::Str;
use memchr::memchr;

/// Why a text is no TOML.
pub(super) struct Fault {
    /// Counted from 1, and 0 where an odd error looks back from the first; `None` for what is no error but a panic.
    pub(super) line: Option<i64>,
    /// Without the place.
    pub(super) words: String,
}

/// What the library takes the end of the text for. A real NUL never gets that far.
pub(super) const END: char = '\0';

/// Reads a text from its start, character by character.
pub(super) struct Scanner<'t> {
    text: &'t [u8],
    pos: usize,
    /// Of the next character, counted from 1.
    pub(super) line: i64,
    /// Whether the end was taken for a character, on which the line of an error depends.
    at_end: bool,
}

/// A character as `%q` shows it.
pub(super) fn char_quoted(c: char) -> String {
    let mut out = Vec::new();
    quote_char(&mut out, c, Show::Printable);
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a key needs no quotes around the character.
fn bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Scanner { text, pos: 0, line: 1, at_end: false }
    }

    /// Where the next character is, in bytes.
    pub(super) fn place(&self) -> usize {
        self.pos
    }

    /// What was read since a place.
    pub(super) fn since(&self, start: usize) -> &'t [u8] {
        self.text.get(start..self.pos).unwrap_or_default()
    }

    /// [`Scanner::since`] for messages.
    pub(super) fn words_since(&self, start: usize) -> String {
        String::from_utf8_lossy(self.since(start)).into_owned()
    }

    /// An error here. At the end of the text it is in the last line that has something.
    pub(super) fn fail<T>(&self, words: impl Into<String>) -> Result<T, Fault> {
        let back = self.at_end && self.text.last() == Some(&b'\n');
        self.fail_above(i64::from(back), words)
    }

    /// An error so many lines above.
    pub(super) fn fail_above<T>(&self, lines: i64, words: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { line: Some(self.line - lines), words: words.into() })
    }

    fn decode(&self) -> Result<(char, usize), Fault> {
        let Some(&byte) = self.text.get(self.pos) else {
            return Ok((END, 0));
        };
        let lone = || self.text.get(self.pos + 1) != Some(&b'\n');
        match byte {
            b'\r' if lone() => {}
            b' '..=b'~' | b'\t' | b'\n' | b'\r' => return Ok((byte as char, 1)),
            0x80.. => {
                return match decode(self.text.get(self.pos..).unwrap_or_default()) {
                    Some((char::REPLACEMENT_CHARACTER, 1)) | None => {
                        self.fail_above(0, format!("invalid UTF-8 byte: 0x{byte:02x}"))
                    }
                    Some(found) => Ok(found),
                };
            }
            _ => {}
        }
        self.fail_above(0, format!("TOML files cannot contain control characters: '0x{byte:02x}'"))
    }

    /// The next character, which stays; [`END`] at the end.
    pub(super) fn peek(&self) -> Result<char, Fault> {
        self.decode().map(|(c, _)| c)
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Result<char, Fault> {
        let (c, width) = self.decode()?;
        self.at_end = width == 0;
        self.pos += width;
        self.line += i64::from(c == '\n');
        Ok(c)
    }

    /// Takes the next character if it is this one.
    pub(super) fn accept(&mut self, wanted: char) -> Result<bool, Fault> {
        let found = self.peek()? == wanted;
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// Takes the characters that are wanted.
    pub(super) fn skip(&mut self, wanted: impl Fn(char) -> bool) -> Result<(), Fault> {
        while wanted(self.peek()?) {
            self.next()?;
        }
        Ok(())
    }

    /// Takes blanks, but no line breaks.
    pub(super) fn blanks(&mut self) -> Result<(), Fault> {
        self.skip(|c| matches!(c, ' ' | '\t'))
    }

    /// Takes the rest of the line behind `#`.
    pub(super) fn comment(&mut self) -> Result<(), Fault> {
        self.skip(|c| !matches!(c, '\n' | '\r' | END))
    }

    /// Takes blanks, line breaks and comments.
    pub(super) fn space(&mut self) -> Result<(), Fault> {
        loop {
            self.skip(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))?;
            if !self.accept('#')? {
                return Ok(());
            }
            self.comment()?;
        }
    }

    /// Takes back what was read after a place in this line.
    pub(super) fn back_to(&mut self, place: usize) {
        self.pos = place;
    }

    /// One part of a key. Without quotes it can be empty: what follows then is an error.
    pub(super) fn key_part(&mut self) -> Result<Part<'t>, Fault> {
        Ok(match self.peek()? {
            '"' => {
                self.next()?;
                self.string()?
            }
            '\'' => {
                self.next()?;
                Part::plain(self.raw_string()?)
            }
            _ => {
                let start = self.pos;
                self.skip(bare)?;
                Part::plain(self.since(start))
            }
        })
    }

    /// A string after its `"`.
    pub(super) fn string(&mut self) -> Result<Part<'t>, Fault> {
        let (start, mut escapes) = (self.pos, false);
        loop {
            match self.next()? {
                END => return self.fail("unexpected EOF; expected '\"'"),
                '\n' | '\r' => return self.fail_above(1, "strings cannot contain newlines"),
                '\\' => {
                    escapes = true;
                    self.escape(start)?;
                }
                '"' => return Ok(Part { text: self.ended(start, 1), escapes }),
                _ => {}
            }
        }
    }

    /// A string after its `'`.
    pub(super) fn raw_string(&mut self) -> Result<&'t [u8], Fault> {
        let start = self.pos;
        loop {
            match self.next()? {
                END => return self.fail("unexpected EOF; expected \"'\""),
                '\n' | '\r' => return self.fail_above(1, "strings cannot contain newlines"),
                '\'' => return Ok(self.ended(start, 1)),
                _ => {}
            }
        }
    }

    /// A string after its `"""` or `'''`; a line break right behind them is no part of it.
    pub(super) fn long_string(&mut self, mark: char) -> Result<Part<'t>, Fault> {
        let start = self.pos;
        loop {
            let c = self.next()?;
            match c {
                END if mark == '"' => return self.fail("unexpected EOF; expected '\"\"\"'"),
                END => return self.fail("unexpected EOF; expected \"'''\""),
                '\\' if mark == '"' => {
                    if matches!(self.peek()?, '\n' | '\r') {
                        self.next()?;
                    } else {
                        self.escape(start)?;
                    }
                }
                _ if c == mark => {
                    let first = self.pos;
                    if !(self.accept(mark)? && self.accept(mark)?) {
                        self.back_to(first);
                        continue;
                    }
                    if self.peek()? != mark {
                        break;
                    }
                    // Up to two marks may stand before the last three.
                    let so_far = self.since(start);
                    if mark == '"' && so_far.ends_with(b"\"\"\"\"\"") && !so_far.ends_with(b"\\\"\"\"\"\"") {
                        return self.fail("unexpected '\"\"\"\"\"\"'");
                    }
                    if mark == '\'' && so_far.ends_with(b"'''''") {
                        return self.fail("unexpected \"''''''\"");
                    }
                    self.back_to(first);
                }
                _ => {}
            }
        }
        let text = self.ended(start, 3);
        let text = text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n")).unwrap_or(text);
        Ok(Part { text, escapes: mark == '"' })
    }

    /// What stands between a place and the marks just read.
    fn ended(&self, start: usize, marks: usize) -> &'t [u8] {
        self.text.get(start..self.pos.saturating_sub(marks)).unwrap_or_default()
    }

    /// Checks the form of what follows a `\`.
    fn escape(&mut self, start: usize) -> Result<(), Fault> {
        let c = self.next()?;
        let (count, name) = match c {
            'b' | 't' | 'n' | 'f' | 'r' | 'e' | '"' | '\\' | ' ' | '\t' => return Ok(()),
            'x' => (2, "two"),
            'u' => (4, "four"),
            'U' => (8, "eight"),
            _ => return self.fail_above(i64::from(self.at_end), format!("invalid escape in string '\\{c}'")),
        };
        for _ in 0..count {
            if !self.next()?.is_ascii_hexdigit() {
                let found = quoted(self.since(start));
                return self.fail(format!("expected {name} hexadecimal digits after '\\{c}', but got {found} instead"));
            }
        }
        Ok(())
    }

    /// The string that a part of the text stands for. Its errors are in the line where the part ends.
    pub(super) fn unescape(&self, part: &Part<'t>) -> Result<Str, Fault> {
        if !part.escapes {
            return Ok(part.text.into());
        }
        let mut out = Vec::with_capacity(part.text.len());
        let mut rest = part.text;
        while let Some(at) = memchr(b'\\', rest) {
            let (head, tail) = rest.split_at(at);
            out.extend_from_slice(head);
            let after = tail.get(1..).unwrap_or_default();
            let Some(&kind) = after.first() else { break };
            let mut used = 1;
            let plain = match kind {
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'f' => 12,
                b'r' => b'\r',
                b'e' => 27,
                b'x' | b'u' | b'U' => {
                    used += match kind {
                        b'x' => 2,
                        b'u' => 4,
                        _ => 8,
                    };
                    let digits = String::from_utf8_lossy(after.get(1..used).unwrap_or_default());
                    let Some(c) = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) else {
                        return self.fail_above(0, format!("Escaped character '\\u{digits}' is not valid UTF-8."));
                    };
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = after.get(used..).unwrap_or_default();
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    // A line that ends in a backslash goes on at the next character that is no space.
                    let end = after.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
                    let (space, tail) = after.split_at(end.unwrap_or(after.len()));
                    if !space.contains(&b'\n') {
                        return self.fail_above(0, format!("invalid escape: '\\{}'", kind as char));
                    }
                    rest = tail;
                    continue;
                }
                other => other,
            };
            out.push(plain);
            rest = after.get(used..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        Ok(out.into())
    }
}

/// The text of a string or of a part of a key.
pub(super) struct Part<'t> {
    text: &'t [u8],
    escapes: bool,
}

impl<'t> Part<'t> {
    /// Text without escapes.
    pub(super) fn plain(text: &'t [u8]) -> Self {
        Part { text, escapes: false }
    }
}
