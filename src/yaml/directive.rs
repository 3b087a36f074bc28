//! Directives and tags: what go-yaml's scanner reads after `%` and `!`.

use super::input::width;
use super::scan::{Scan, Scanner, Token};
use std::borrow::Cow;

impl<'a> Scanner<'a> {
    pub(super) fn fetch_directive(&mut self) -> Scan<()> {
        self.end_blocks()?;
        let start = self.mark();
        self.skip();
        let name = self.word()?;
        if name.is_empty() {
            return self.fault("could not find expected directive name");
        }
        if !self.is_blankz(self.pos) {
            return self.fault("found unexpected non-alphabetical character");
        }
        let token = match name {
            b"YAML" => {
                self.skip_blanks()?;
                let major = self.version_number()?;
                if self.here() != b'.' {
                    return self.fault("did not find expected digit or '.' character");
                }
                self.skip();
                let minor = self.version_number()?;
                Token::Version(major, minor)
            }
            b"TAG" => {
                self.skip_blanks()?;
                let handle = self.tag_handle(true)?;
                self.need(1)?;
                if !self.is_blank(self.pos) {
                    return self.fault("did not find expected whitespace");
                }
                self.skip_blanks()?;
                let prefix = self.tag_uri(b"")?;
                self.need(1)?;
                if !self.is_blankz(self.pos) {
                    return self.fault("did not find expected whitespace or line break");
                }
                Token::TagDirective(Cow::Borrowed(handle), prefix)
            }
            _ => return self.fault("found unknown directive name"),
        };
        let end = self.mark();
        self.skip_blanks()?;
        if self.here() == b'#' {
            self.skip_comment()?;
        }
        if !self.is_breakz(self.pos) {
            return self.fault("did not find expected comment or line break");
        }
        if self.is_break(self.pos) {
            self.need(2)?;
            self.skip_line();
        }
        self.push(token, start, end);
        Ok(())
    }

    fn skip_blanks(&mut self) -> Scan<()> {
        self.need(1)?;
        while self.is_blank(self.pos) {
            self.skip();
            self.need(1)?;
        }
        Ok(())
    }

    fn version_number(&mut self) -> Scan<u8> {
        self.need(1)?;
        let (mut value, mut length) = (0u8, 0);
        while self.here().is_ascii_digit() {
            length += 1;
            if length > 2 {
                return self.fault("found extremely long version number");
            }
            value = value.wrapping_mul(10).wrapping_add(self.here() - b'0');
            self.skip();
            self.need(1)?;
        }
        if length == 0 {
            return self.fault("did not find expected version number");
        }
        Ok(value)
    }

    pub(super) fn fetch_tag(&mut self) -> Scan<()> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        self.need(2)?;
        let (handle, suffix): (&'a [u8], Cow<'a, [u8]>) = if self.at(self.pos + 1) == b'<' {
            self.skip();
            self.skip();
            let suffix = self.tag_uri(b"")?;
            if self.here() != b'>' {
                return self.fault("did not find the expected '>'");
            }
            self.skip();
            (b"", suffix)
        } else {
            let handle = self.tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with(b"!") {
                (handle, self.tag_uri(b"")?)
            } else {
                let suffix = self.tag_uri(handle)?;
                // A lone `!` is a tag of its own.
                if suffix.is_empty() { (b"", Cow::Borrowed(b"!".as_slice())) } else { (b"!", suffix) }
            }
        };
        self.need(1)?;
        if !self.is_blankz(self.pos) {
            return self.fault("did not find expected whitespace or line break");
        }
        let end = self.mark();
        self.push(Token::Tag(handle, suffix), start, end);
        Ok(())
    }

    fn tag_handle(&mut self, directive: bool) -> Scan<&'a [u8]> {
        self.need(1)?;
        if self.here() != b'!' {
            return self.fault("did not find expected '!'");
        }
        let start = self.pos;
        self.skip();
        let word = self.word()?;
        if self.here() == b'!' {
            self.skip();
        } else if directive && !word.is_empty() {
            return self.fault("did not find expected '!'");
        }
        Ok(self.text.get(start..self.pos).unwrap_or_default())
    }

    /// A URI, after what was taken for a handle: that one counts without its `!`.
    fn tag_uri(&mut self, head: &[u8]) -> Scan<Cow<'a, [u8]>> {
        let mut uri = head.get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        self.need(1)?;
        loop {
            match self.here() {
                b'%' => self.uri_escape(&mut uri)?,
                b @ (b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' | b';' | b'/' | b'?' | b':' | b'@')
                | b @ (b'&' | b'=' | b'+' | b'$' | b',' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
                | b @ (b'[' | b']') => {
                    uri.push(b);
                    self.skip();
                }
                _ => break,
            }
            self.need(1)?;
            found = true;
        }
        if !found {
            return self.fault("did not find expected tag URI");
        }
        Ok(Cow::Owned(uri))
    }

    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Scan<()> {
        let mut left = None;
        loop {
            self.need(3)?;
            let digits = (hex(self.at(self.pos + 1)), hex(self.at(self.pos + 2)));
            let (b'%', (Some(high), Some(low))) = (self.here(), digits) else {
                return self.fault("did not find URI escaped octet");
            };
            let octet = (high << 4 | low) as u8;
            let more = match left {
                None => match width(octet) {
                    0 => return self.fault("found an incorrect leading UTF-8 octet"),
                    width => width - 1,
                },
                Some(left) => {
                    if octet & 0xc0 != 0x80 {
                        return self.fault("found an incorrect trailing UTF-8 octet");
                    }
                    left - 1
                }
            };
            uri.push(octet);
            self.pos += 3;
            if more == 0 {
                return Ok(());
            }
            left = Some(more);
        }
    }
}

/// The value of a hexadecimal digit.
pub(super) fn hex(b: u8) -> Option<u32> {
    char::from(b).to_digit(16)
}
