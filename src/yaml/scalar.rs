//! Scalars: plain, quoted and block ones, as go-yaml's scanner reads them.
//!
//! A scalar that lies in the text as it reads is borrowed from it.

use super::directive::hex;
use super::scan::{Mark, Placed, Scan, Scanner, Style, Token};
use std::borrow::Cow;

/// What ends the fast loop over a plain scalar: blanks, breaks, the end, `:`, flow indicators, bytes beyond ASCII.
const PLAIN_STOP: [bool; 256] = {
    let mut stop = [false; 256];
    let mut i = 0;
    while i < 256 {
        stop[i] = matches!(
            i as u8,
            0 | b' ' | b'\t' | b'\n' | b'\r' | b':' | b',' | b'?' | b'[' | b']' | b'{' | b'}' | 0x80..
        );
        i += 1;
    }
    stop
};

/// What ends the fast loop over a quoted scalar: blanks, breaks, the end, quotes, backslashes, bytes beyond ASCII.
const QUOTED_STOP: [bool; 256] = {
    let mut stop = [false; 256];
    let mut i = 0;
    while i < 256 {
        stop[i] = matches!(i as u8, 0 | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'\\' | 0x80..);
        i += 1;
    }
    stop
};

/// The text of a scalar while it is read: a stretch of the source as long as that will do.
struct Content<'a> {
    source: &'a [u8],
    start: usize,
    end: usize,
    own: Option<Vec<u8>>,
}

impl<'a> Content<'a> {
    fn new(source: &'a [u8], start: usize) -> Self {
        Content { source, start, end: start, own: None }
    }

    fn own(&mut self) -> &mut Vec<u8> {
        let seen = self.source.get(self.start..self.end).unwrap_or_default();
        self.own.get_or_insert_with(|| seen.to_vec())
    }

    /// Adds a stretch of the source.
    fn add(&mut self, start: usize, end: usize) {
        match &mut self.own {
            None if self.end == start => self.end = end,
            None if self.end == self.start => (self.start, self.end) = (start, end),
            _ => {
                let stretch = self.source.get(start..end).unwrap_or_default();
                self.own().extend_from_slice(stretch);
            }
        }
    }

    fn finish(self) -> Cow<'a, [u8]> {
        match self.own {
            Some(own) => Cow::Owned(own),
            None => Cow::Borrowed(self.source.get(self.start..self.end).unwrap_or_default()),
        }
    }
}

/// The line breaks between two lines of a plain or quoted scalar.
#[derive(Default)]
struct Breaks {
    first: Vec<u8>,
    more: Vec<u8>,
}

impl Breaks {
    /// One break is a space, more are one less; LS and PS stay.
    fn fold_into(&mut self, out: &mut Vec<u8>) {
        if self.first.first() == Some(&b'\n') {
            if self.more.is_empty() {
                out.push(b' ');
            } else {
                out.extend_from_slice(&self.more);
            }
        } else {
            out.extend_from_slice(&self.first);
            out.extend_from_slice(&self.more);
        }
        self.first.clear();
        self.more.clear();
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_plain(&mut self) -> Scan<Placed<'a>> {
        let start = self.mark();
        let mut end = start;
        let indent = self.indent + 1;
        let mut content = Content::new(self.text, self.pos);
        let mut breaks = Breaks::default();
        let mut leading_blanks = false;
        // The blanks before the current word; they count if another word follows on the line.
        let mut blanks = (self.pos, self.pos);
        loop {
            self.need(4)?;
            if self.at_document_indicator() || self.here() == b'#' {
                break;
            }
            let word = self.pos;
            self.pass_plain_word()?;
            if self.pos > word {
                if leading_blanks {
                    breaks.fold_into(content.own());
                    leading_blanks = false;
                } else if blanks.0 < blanks.1 {
                    content.add(blanks.0, blanks.1);
                }
                content.add(word, self.pos);
                blanks = (self.pos, self.pos);
                end = self.mark();
            }
            if !(self.is_blank(self.pos) || self.is_break(self.pos)) {
                break;
            }
            self.need(1)?;
            loop {
                if self.is_blank(self.pos) {
                    if leading_blanks && (self.column() as isize) < indent && self.here() == b'\t' {
                        return self.fault("found a tab character that violates indentation");
                    }
                    self.pos += 1;
                    if !leading_blanks {
                        blanks.1 = self.pos;
                    }
                } else if self.is_break(self.pos) {
                    self.need(2)?;
                    if leading_blanks {
                        self.read_line(&mut breaks.more);
                    } else {
                        blanks.1 = blanks.0;
                        self.read_line(&mut breaks.first);
                        leading_blanks = true;
                    }
                } else {
                    break;
                }
                self.need(1)?;
            }
            if self.flow_level == 0 && (self.column() as isize) < indent {
                break;
            }
        }
        if leading_blanks {
            self.simple_key_allowed = true;
        }
        Ok(Placed { token: Token::Scalar(content.finish(), Style::Plain), start, end })
    }

    /// Passes the characters of a plain scalar up to a blank, a break or an indicator that ends it.
    #[inline]
    fn pass_plain_word(&mut self) -> Scan<()> {
        let flow = self.flow_level > 0;
        loop {
            if self.chunks.is_none() {
                let mut pos = self.pos;
                while let Some(&b) = self.text.get(pos) {
                    if PLAIN_STOP[b as usize] {
                        // A single space between words is as good as a letter.
                        let goes_on = |next: &u8| !PLAIN_STOP[*next as usize] && *next != b'#';
                        if b != b' ' || pos == self.pos || !self.text.get(pos + 1).is_some_and(goes_on) {
                            break;
                        }
                    }
                    pos += 1;
                }
                self.pos = pos;
            }
            match self.here() {
                0 | b' ' | b'\t' | b'\n' | b'\r' => return Ok(()),
                b':' if self.is_blankz(self.pos + 1) => return Ok(()),
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => return Ok(()),
                0xc2 | 0xe2 if self.wide_break(self.pos) > 0 => return Ok(()),
                _ => self.skip(),
            }
            self.need(2)?;
        }
    }

    pub(super) fn scan_quoted(&mut self, single: bool) -> Scan<Placed<'a>> {
        let start = self.mark();
        let quote = if single { b'\'' } else { b'"' };
        self.pos += 1;
        let mut content = Content::new(self.text, self.pos);
        let mut breaks = Breaks::default();
        loop {
            self.need(4)?;
            if self.at_document_indicator() {
                return self.unclosed("found unexpected document indicator", start);
            }
            if self.here() == 0 {
                return self.unclosed("found unexpected end of stream", start);
            }
            let mut leading_blanks = self.pass_quoted_word(single, &mut content)?;
            self.need(1)?;
            if self.here() == quote {
                break;
            }
            let mut blanks = (self.pos, self.pos);
            loop {
                if self.is_blank(self.pos) {
                    self.pos += 1;
                    if !leading_blanks {
                        blanks.1 = self.pos;
                    }
                } else if self.is_break(self.pos) {
                    self.need(2)?;
                    if leading_blanks {
                        self.read_line(&mut breaks.more);
                    } else {
                        blanks.1 = blanks.0;
                        self.read_line(&mut breaks.first);
                        leading_blanks = true;
                    }
                } else {
                    break;
                }
                self.need(1)?;
            }
            if leading_blanks {
                breaks.fold_into(content.own());
            } else {
                content.add(blanks.0, blanks.1);
            }
        }
        self.pos += 1;
        let style = if single { Style::SingleQuoted } else { Style::DoubleQuoted };
        Ok(Placed { token: Token::Scalar(content.finish(), style), start, end: self.mark() })
    }

    /// Reads up to a blank, a break or the quote. Whether an escaped line break ended it.
    fn pass_quoted_word(&mut self, single: bool, content: &mut Content<'a>) -> Scan<bool> {
        let mut from = self.pos;
        loop {
            if self.chunks.is_none() {
                let mut pos = self.pos;
                while let Some(&b) = self.text.get(pos) {
                    if QUOTED_STOP[b as usize] {
                        // As in a plain scalar.
                        let goes_on = |next: &u8| !QUOTED_STOP[*next as usize];
                        if b != b' ' || pos == self.pos || !self.text.get(pos + 1).is_some_and(goes_on) {
                            break;
                        }
                    }
                    pos += 1;
                }
                self.pos = pos;
            }
            let b = self.here();
            match b {
                0 | b' ' | b'\t' | b'\n' | b'\r' => break,
                0xc2 | 0xe2 if self.wide_break(self.pos) > 0 => break,
                b'\'' if single => {
                    if self.at(self.pos + 1) != b'\'' {
                        break;
                    }
                    content.add(from, self.pos + 1);
                    self.pos += 2;
                    // What follows does not continue the stretch.
                    content.own();
                    from = self.pos;
                }
                b'"' if !single => break,
                b'\\' if !single => {
                    content.add(from, self.pos);
                    if self.is_break(self.pos + 1) {
                        self.need(3)?;
                        content.own();
                        self.pos += 1;
                        self.skip_line();
                        return Ok(true);
                    }
                    self.escape(content.own())?;
                    from = self.pos;
                }
                _ => self.skip(),
            }
            self.need(2)?;
        }
        content.add(from, self.pos);
        Ok(false)
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Scan<()> {
        let mut digits = 0;
        match self.at(self.pos + 1) {
            b'0' => out.push(0),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b't' | b'\t' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'v' => out.push(0x0b),
            b'f' => out.push(0x0c),
            b'r' => out.push(b'\r'),
            b'e' => out.push(0x1b),
            b @ (b' ' | b'"' | b'\'' | b'\\') => out.push(b),
            b'N' => out.extend_from_slice("\u{85}".as_bytes()),
            b'_' => out.extend_from_slice("\u{a0}".as_bytes()),
            b'L' => out.extend_from_slice("\u{2028}".as_bytes()),
            b'P' => out.extend_from_slice("\u{2029}".as_bytes()),
            b'x' => digits = 2,
            b'u' => digits = 4,
            b'U' => digits = 8,
            _ => return self.fault("found unknown escape character"),
        }
        self.pos += 2;
        if digits == 0 {
            return Ok(());
        }
        self.need(digits)?;
        let mut value = 0u64;
        for i in 0..digits {
            let Some(digit) = hex(self.at(self.pos + i)) else {
                return self.fault("did not find expected hexdecimal number");
            };
            value = value << 4 | u64::from(digit);
        }
        let Some(c) = u32::try_from(value).ok().and_then(char::from_u32) else {
            return self.fault("found invalid Unicode character escape code");
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.pos += digits;
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Scan<Placed<'a>> {
        let start = self.mark();
        self.pos += 1;
        let (keep, increment) = self.block_header()?;
        self.need(1)?;
        while self.is_blank(self.pos) {
            self.pos += 1;
            self.need(1)?;
        }
        if self.here() == b'#' {
            if self.comments.is_some() {
                self.scan_line_comment(start)?;
            }
            self.skip_comment()?;
        }
        if !self.is_breakz(self.pos) {
            return self.fault("did not find expected comment or line break");
        }
        if self.is_break(self.pos) {
            self.need(2)?;
            self.skip_line();
        }
        let mut end = self.mark();
        let mut indent = if increment > 0 { self.indent.max(0) as usize + increment } else { 0 };
        let (mut first, mut more) = (Vec::new(), Vec::new());
        self.block_breaks(&mut indent, &mut more, &mut end)?;
        self.need(1)?;
        let mut content = Vec::new();
        let mut leading_blank = false;
        while self.column() == indent && self.here() != 0 {
            let blank = self.is_blank(self.pos);
            if !literal && !leading_blank && !blank && first.first() == Some(&b'\n') {
                if more.is_empty() {
                    content.push(b' ');
                }
            } else {
                content.extend_from_slice(&first);
            }
            first.clear();
            content.append(&mut more);
            leading_blank = blank;
            let line = self.pos;
            self.skip_comment()?;
            content.extend_from_slice(self.text.get(line..self.pos).unwrap_or_default());
            self.need(2)?;
            self.read_line(&mut first);
            self.block_breaks(&mut indent, &mut more, &mut end)?;
        }
        if keep != Some(false) {
            content.extend_from_slice(&first);
        }
        if keep == Some(true) {
            content.extend_from_slice(&more);
        }
        let style = if literal { Style::Literal } else { Style::Folded };
        Ok(Placed { token: Token::Scalar(Cow::Owned(content), style), start, end })
    }

    /// Chomping (`+` keeps, `-` strips) and indentation, in either order.
    fn block_header(&mut self) -> Scan<(Option<bool>, usize)> {
        let (mut keep, mut increment) = (None, 0);
        for _ in 0..2 {
            self.need(1)?;
            match self.here() {
                b @ (b'+' | b'-') if keep.is_none() => keep = Some(b == b'+'),
                b'0' if increment == 0 => return self.fault("found an indentation indicator equal to 0"),
                b @ b'1'..=b'9' if increment == 0 => increment = usize::from(b - b'0'),
                _ => break,
            }
            self.pos += 1;
        }
        Ok((keep, increment))
    }

    /// Passes indentation and empty lines; finds the indentation if it is not known.
    fn block_breaks(&mut self, indent: &mut usize, breaks: &mut Vec<u8>, end: &mut Mark) -> Scan<()> {
        *end = self.mark();
        let mut deepest = 0;
        loop {
            self.need(1)?;
            while (*indent == 0 || self.column() < *indent) && self.here() == b' ' {
                self.pos += 1;
                self.need(1)?;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.here() == b'\t' {
                return self.fault("found a tab character where an indentation space is expected");
            }
            if !self.is_break(self.pos) {
                break;
            }
            self.need(2)?;
            self.read_line(breaks);
            *end = self.mark();
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1).max(0) as usize).max(1);
        }
        Ok(())
    }
}
