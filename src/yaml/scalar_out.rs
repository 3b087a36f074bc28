//! How go-yaml writes a scalar: the choice of the style, quotes, escapes, folding (its emitterc.go).

use super::input::width;
use super::order::Version;
use super::resolve::{Looks, is_base60, looks, looks_v3_octal};
use super::scan::Style;
use crate::text::runs;

/// Where output goes, and what go-yaml's emitter remembers.
pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    pub(super) version: Version,
    /// In characters.
    pub(super) column: usize,
    /// −1 at the root.
    pub(super) indent: isize,
    /// Whether the last character was a blank.
    pub(super) whitespace: bool,
    /// Whether only indentation stands on the line so far.
    pub(super) indention: bool,
    /// The indentation of the comment that was written below something: an empty line follows; −1 for none.
    pub(super) foot: isize,
}

/// The width at which go-yaml v2 folds.
const WIDTH: usize = 80;

/// What a text allows.
pub(super) struct Analysis {
    pub(super) multiline: bool,
    pub(super) plain: bool,
    pub(super) single: bool,
    pub(super) block: bool,
}

/// Bytes that need no look at their neighbours, anywhere in a plain scalar but at its start.
const INNER: [bool; 256] = {
    let mut fine = [false; 256];
    let mut i = b'!' as usize;
    while i < 0x7f {
        fine[i] = !matches!(i as u8, b':' | b'#');
        i += 1;
    }
    fine
};

/// Bytes that may start a plain scalar which is a string for sure.
const FIRST: [bool; 256] = {
    let mut fine = [false; 256];
    let mut i = 0;
    while i < 256 {
        fine[i] = matches!(i as u8, b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'$' | b'(' | b'^' | b'_' | b'\\' | b';')
            && !matches!(i as u8, b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O');
        i += 1;
    }
    fine
};

/// Words of YAML that begin with a letter are no longer than this.
const LONGEST_WORD: usize = 5;

/// Whether a text is plain without further looks: printable ASCII, no `: `, no ` #`, no blank at an end, not
/// anything but a string.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let Some(&first) = text.first() else { return false };
    if !(FIRST[first as usize] || first.is_ascii_alphabetic() && text.len() > LONGEST_WORD) {
        return false;
    }
    let mut i = 1;
    while let Some(&b) = text.get(i) {
        i += 1;
        if INNER[b as usize] {
            continue;
        }
        match b {
            b' ' if !matches!(text.get(i), None | Some(b'#')) => {}
            b':' if !matches!(text.get(i), None | Some(b' ' | b'\t')) => {}
            // After a blank it was seen above.
            b'#' => {}
            _ => return false,
        }
    }
    true
}

pub(super) fn is_break(text: &[u8], i: usize) -> bool {
    match text.get(i) {
        Some(b'\n' | b'\r') => true,
        Some(0xc2) => text.get(i + 1) == Some(&0x85),
        Some(0xe2) => text.get(i + 1) == Some(&0x80) && matches!(text.get(i + 2), Some(0xa8 | 0xa9)),
        _ => false,
    }
}

/// go-yaml's idea of it: nothing beyond U+FFFF.
fn is_printable(text: &[u8], i: usize) -> bool {
    let next = |n: usize| text.get(i + n).copied().unwrap_or(0);
    match next(0) {
        b'\n' | b' '..=b'~' => true,
        0xc2 => next(1) >= 0xa0,
        0xc3..0xed => true,
        0xed => next(1) < 0xa0,
        0xee => true,
        0xef => !matches!((next(1), next(2)), (0xbb, 0xbf) | (0xbf, 0xbe | 0xbf)),
        _ => false,
    }
}

pub(super) fn analyze(text: &[u8], version: Version) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single: true, block: false };
    }
    let mut indicators = text.starts_with(b"---") || text.starts_with(b"...");
    let (mut breaks, mut special, mut tabs) = (false, false, false);
    let (mut leading, mut trailing_space, mut trailing_break) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut after_space, mut after_break, mut after_white) = (false, false, true);
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        // Behind the first character most of them say nothing.
        let run = if i > 0 { runs::visible(text.get(i..).unwrap_or_default()) } else { 0 };
        if run > 0 {
            i += run;
            (after_space, after_break, after_white) = (false, false, false);
            continue;
        }
        let next = i + width(b).max(1);
        let white_follows = matches!(text.get(next), None | Some(b' ' | b'\t'));
        match b {
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`'
                if i == 0 =>
            {
                indicators = true;
            }
            b'?' | b'-' if i == 0 && white_follows => indicators = true,
            b':' if white_follows => indicators = true,
            b'#' if after_white => indicators = true,
            _ => {}
        }
        if b == b'\t' && version == Version::V3 {
            tabs = true;
        } else if !is_printable(text, i) {
            special = true;
        }
        let broken = is_break(text, i);
        if b == b' ' {
            leading |= i == 0;
            trailing_space |= next >= text.len();
            break_space |= after_break;
        } else if broken {
            breaks = true;
            leading |= i == 0;
            trailing_break |= next >= text.len();
            space_break |= after_space;
        }
        (after_space, after_break) = (b == b' ', broken);
        after_white = matches!(b, b' ' | b'\t' | 0) || broken;
        i = next;
    }
    let unfit = space_break || special;
    Analysis {
        multiline: breaks,
        plain: !(leading || trailing_space || trailing_break || break_space || unfit || tabs || breaks || indicators),
        single: !(break_space || unfit || tabs),
        block: !(trailing_space || unfit),
    }
}

/// Whether a reader would take a text for something other than a string.
fn is_other(text: &[u8], version: Version) -> bool {
    match looks(text, true) {
        Looks::Str => {
            text.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'))
                && (is_base60(text) || version == Version::V3 && looks_v3_octal(text))
        }
        _ => true,
    }
}

impl Writer {
    pub(super) fn new(version: Version) -> Self {
        Writer { out: Vec::new(), version, column: 0, indent: -1, whitespace: true, indention: true, foot: -1 }
    }

    pub(super) fn put(&mut self, b: u8) {
        self.out.push(b);
        self.column += 1;
    }

    pub(super) fn put_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        if self.version == Version::V3 {
            self.indention = true;
        }
    }

    /// Writes the character at `i`; returns the place of the next.
    pub(super) fn put_char(&mut self, text: &[u8], i: usize) -> usize {
        let next = i + text.get(i).map_or(1, |&b| width(b).max(1));
        self.out.extend_from_slice(text.get(i..next).unwrap_or_default());
        self.column += 1;
        next
    }

    /// Writes the line break at `i`; returns the place of the next character.
    pub(super) fn write_break(&mut self, text: &[u8], i: usize) -> usize {
        if text.get(i) == Some(&b'\n') {
            self.put_break();
            return i + 1;
        }
        let next = self.put_char(text, i);
        self.column = 0;
        self.indention = true;
        next
    }

    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.max(0) as usize;
        if !self.indention || self.column > indent || self.column == indent && !self.whitespace {
            self.put_break();
        }
        if self.foot >= 0 {
            if self.foot == indent as isize {
                self.put_break();
            }
            self.foot = -1;
        }
        if self.column < indent {
            let missing = indent - self.column;
            self.out.resize(self.out.len() + missing, b' ');
            self.column = indent;
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// An ASCII indicator; `indents` tells whether what follows may stand on the same line as if indented.
    pub(super) fn indicator(&mut self, text: &[u8], need_whitespace: bool, indents: bool) {
        if need_whitespace && !self.whitespace {
            self.put(b' ');
        }
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention &= indents;
    }

    /// Text that is known to be plain: a number, a word.
    pub(super) fn bare(&mut self, text: &[u8]) {
        if !self.whitespace {
            self.put(b' ');
        }
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention = false;
    }

    /// An empty collection.
    pub(super) fn empty(&mut self, brackets: &[u8]) {
        self.indicator(brackets, true, false);
    }

    /// A key and its colon, on a line of its own.
    pub(super) fn key(&mut self, key: &[u8]) {
        self.write_indent();
        if Self::is_simple_key(key) {
            self.string(key, true);
            self.indicator(b":", false, false);
        } else {
            self.indicator(b"?", true, true);
            self.string(key, false);
            self.write_indent();
            self.indicator(b":", true, true);
        }
    }

    /// Whether a key can stand before its colon on one line.
    fn is_simple_key(text: &[u8]) -> bool {
        if text.len() > 128 {
            return false;
        }
        text.iter().enumerate().all(|(i, b)| !matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2) || !is_break(text, i))
    }

    /// A string, in the style that go-yaml chooses; as a simple key on one line.
    pub(super) fn string(&mut self, text: &[u8], key: bool) {
        let folds = self.version == Version::V2 && !key;
        if is_plain(text) {
            if !folds || self.column + 1 + text.len() <= WIDTH || !text.contains(&b' ') {
                self.bare(text);
            } else {
                self.inside(|w| w.plain(text, true));
            }
            return;
        }
        let analysis = analyze(text, self.version);
        let mut style = if text.contains(&b'\n') {
            Style::Literal
        } else if is_other(text, self.version) {
            Style::DoubleQuoted
        } else {
            Style::Plain
        };
        if key && analysis.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && (!analysis.plain || text.is_empty() && key) {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !analysis.single || style == Style::Literal && (!analysis.block || key) {
            style = Style::DoubleQuoted;
        }
        self.inside(|w| match style {
            Style::Plain => w.plain(text, folds),
            Style::SingleQuoted => w.single_quoted(text, folds),
            Style::DoubleQuoted => w.double_quoted(text, folds),
            Style::Literal | Style::Folded => w.literal(text),
        });
    }

    /// Runs with the indentation of a scalar's continuation.
    pub(super) fn inside(&mut self, write: impl FnOnce(&mut Self)) {
        let indent = self.indent;
        self.indent = if indent < 0 { 2 } else { indent + 2 };
        write(self);
        self.indent = indent;
    }

    pub(super) fn plain(&mut self, text: &[u8], folds: bool) {
        if !self.whitespace {
            self.put(b' ');
        }
        let (mut i, mut spaces) = (0, false);
        while let Some(&b) = text.get(i) {
            if b == b' ' {
                if folds && !spaces && self.column > WIDTH && text.get(i + 1) != Some(&b' ') {
                    self.write_indent();
                    i += 1;
                } else {
                    i = self.put_char(text, i);
                }
                spaces = true;
            } else {
                i = self.put_char(text, i);
                self.indention = false;
                spaces = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn single_quoted(&mut self, text: &[u8], folds: bool) {
        self.indicator(b"'", true, false);
        let (mut i, mut spaces, mut breaks) = (0, false, false);
        while let Some(&b) = text.get(i) {
            if b == b' ' {
                let inside = i > 0 && i + 1 < text.len();
                if folds && !spaces && self.column > WIDTH && inside && text.get(i + 1) != Some(&b' ') {
                    self.write_indent();
                    i += 1;
                } else {
                    i = self.put_char(text, i);
                }
                spaces = true;
            } else if is_break(text, i) {
                if !breaks && b == b'\n' {
                    self.put_break();
                }
                i = self.write_break(text, i);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if b == b'\'' {
                    self.put(b'\'');
                }
                i = self.put_char(text, i);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
        self.indicator(b"'", false, false);
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn double_quoted(&mut self, text: &[u8], folds: bool) {
        self.indicator(b"\"", true, false);
        // go-yaml looks for a byte order mark at the start whatever character it is at.
        let marked = text.starts_with(b"\xef\xbb\xbf");
        let (mut i, mut spaces) = (0, false);
        while let Some(&b) = text.get(i) {
            if marked || b == b'"' || b == b'\\' || !is_printable(text, i) || is_break(text, i) {
                i = self.escape(text, i);
                spaces = false;
            } else if b == b' ' {
                if folds && !spaces && self.column > WIDTH && i > 0 && i + 1 < text.len() {
                    self.write_indent();
                    if text.get(i + 1) == Some(&b' ') {
                        self.put(b'\\');
                    }
                    i += 1;
                } else {
                    i = self.put_char(text, i);
                }
                spaces = true;
            } else {
                i = self.put_char(text, i);
                spaces = false;
            }
        }
        self.indicator(b"\"", false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, text: &[u8], i: usize) -> usize {
        let c = bstr::ByteSlice::chars(text.get(i..).unwrap_or_default()).next().unwrap_or('\0');
        let short = match c {
            '\0' => b'0',
            '\u{7}' => b'a',
            '\u{8}' => b'b',
            '\t' => b't',
            '\n' => b'n',
            '\u{b}' => b'v',
            '\u{c}' => b'f',
            '\r' => b'r',
            '\u{1b}' => b'e',
            '"' => b'"',
            '\\' => b'\\',
            '\u{85}' => b'N',
            '\u{a0}' => b'_',
            '\u{2028}' => b'L',
            '\u{2029}' => b'P',
            _ => 0,
        };
        let code = c as u32;
        let escaped = match code {
            _ if short != 0 => String::from_utf8_lossy(&[b'\\', short]).into_owned(),
            0..=0xff => format!("\\x{code:02X}"),
            0x100..=0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        self.out.extend_from_slice(escaped.as_bytes());
        self.column += escaped.len();
        i + text.get(i).map_or(1, |&b| width(b).max(1))
    }

    pub(super) fn literal(&mut self, text: &[u8]) {
        self.block_header(b"|", text);
        self.put_break();
        self.literal_body(text);
    }

    /// `|` or `>`, and what tells how the text begins and ends.
    pub(super) fn block_header(&mut self, indicator: &[u8], text: &[u8]) {
        self.indicator(indicator, true, false);
        if text.first() == Some(&b' ') || is_break(text, 0) {
            self.indicator(b"2", false, false);
        }
        // How it ends: no break strips, more than one keep.
        let mut ends = bstr::ByteSlice::char_indices(text).rev().map(|(start, _, _)| is_break(text, start));
        match (ends.next(), ends.next()) {
            (None | Some(false), _) => self.indicator(b"-", false, false),
            (Some(true), None | Some(true)) => self.indicator(b"+", false, false),
            (Some(true), Some(false)) => {}
        }
    }

    /// The lines of a literal text.
    pub(super) fn literal_body(&mut self, text: &[u8]) {
        self.indention = true;
        self.whitespace = true;
        let (mut i, mut breaks) = (0, true);
        while text.get(i).is_some() {
            if is_break(text, i) {
                i = self.write_break(text, i);
                self.indention = true;
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
            }
            // The rest of the line at once.
            let line = i;
            i += runs::unbroken(text.get(i..).unwrap_or_default());
            while i < text.len() && !is_break(text, i) {
                i += 1 + runs::unbroken(text.get(i + 1..).unwrap_or_default());
            }
            let line = text.get(line..i).unwrap_or_default();
            self.out.extend_from_slice(line);
            self.column += line.iter().filter(|&&b| b & 0xc0 != 0x80).count();
            self.indention = false;
            breaks = false;
        }
    }
}
