//! Text → tokens, as Go's text/template cuts it. Borrows from the source, allocates only for errors.

use crate::go::quote::quoted;
use crate::text::runs;
use bstr::ByteSlice;
use memchr::memmem;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    // Keywords print as `<word>` in messages.
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn keyword(self) -> bool {
        self as u8 >= Kind::Block as u8
    }
}

/// A token: bytes `start..end` of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Cuts one text.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    start: usize,
    parens: Vec<u32>,
    inside: bool,
    stopped: bool,
    /// Go's words for the error token, and the parenthesis that was never closed.
    pub(super) error: String,
    pub(super) open_paren: Option<u32>,
}

pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn left_trim_marker(text: &[u8]) -> bool {
    matches!(text, [b'-', b, ..] if is_space(*b))
}

fn right_trim_marker(text: &[u8]) -> bool {
    matches!(text, [b, b'-', ..] if is_space(*b))
}

/// Go's identifier characters: letters, digits and underscores of all scripts.
fn is_alphanumeric(c: char) -> bool {
    c == '_'
        || if c.is_ascii() {
            c.is_ascii_alphanumeric()
        } else {
            crate::go::unicode::is_letter(c) || crate::go::unicode::is_digit(c)
        }
}

/// What a word is that names no function.
pub(super) fn word_of_its_own(word: &[u8]) -> Option<Kind> {
    Some(match word {
        b"block" => Kind::Block,
        b"break" => Kind::Break,
        b"continue" => Kind::Continue,
        b"define" => Kind::Define,
        b"else" => Kind::Else,
        b"end" => Kind::End,
        b"if" => Kind::If,
        b"nil" => Kind::Nil,
        b"range" => Kind::Range,
        b"template" => Kind::Template,
        b"with" => Kind::With,
        b"true" | b"false" => Kind::Bool,
        _ => return None,
    })
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Lexer {
            text,
            pos: 0,
            start: 0,
            parens: Vec::new(),
            inside: false,
            stopped: false,
            error: String::new(),
            open_paren: None,
        }
    }

    /// What an item looks like in `unexpected …`.
    pub(super) fn describe(&self, token: Token) -> String {
        let text = self.text.get(token.start as usize..token.end as usize).unwrap_or_default();
        match token.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.error.clone(),
            kind if kind.keyword() => format!("<{}>", text.to_str_lossy()),
            _ if text.len() > 10 => {
                let head: usize = text.char_indices().nth(10).map_or(text.len(), |(start, _, _)| start);
                let head = text.get(..head).unwrap_or(text);
                format!("{}...", quoted(head))
            }
            _ => quoted(text),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// The next character and its width; `None` at the end. Invalid bytes read as U+FFFD, one at a time.
    fn peek(&self) -> Option<(char, usize)> {
        let rest = self.rest();
        match rest.first() {
            None => None,
            Some(&b) if b < 0x80 => Some((b as char, 1)),
            Some(_) => match bstr::decode_utf8(rest) {
                (Some(c), n) => Some((c, n)),
                (None, _) => Some(('\u{fffd}', 1)),
            },
        }
    }

    fn emit(&mut self, kind: Kind) -> Token {
        let token = Token { kind, start: self.start as u32, end: self.pos as u32 };
        self.start = self.pos;
        token
    }

    fn fail(&mut self, words: impl Into<String>) -> Token {
        self.error = words.into();
        self.stopped = true;
        let token = Token { kind: Kind::Error, start: self.start as u32, end: self.pos.max(self.start) as u32 };
        self.pos = self.text.len();
        self.start = self.pos;
        token
    }

    /// The next token. After an error there are only ends.
    pub(super) fn next(&mut self) -> Token {
        if self.stopped {
            return Token { kind: Kind::Eof, start: self.start as u32, end: self.start as u32 };
        }
        if self.inside { self.inside_action() } else { self.text_or_delim() }
    }

    /// Where the next token of an action begins; none outside of actions.
    pub(super) fn place(&self) -> Option<usize> {
        (self.inside && !self.stopped).then_some(self.pos)
    }

    /// Passes the part of an action up to here.
    pub(super) fn pass(&mut self, end: u32) {
        self.pos = end as usize;
        self.start = self.pos;
    }

    /// Passes the rest of an action with its right delimiter, which stands there, and what that trims. The rest is whole: no
    /// parenthesis is open.
    pub(super) fn leave(&mut self, delim: usize, trim: bool) -> Token {
        (self.pos, self.start) = (delim + 2, delim);
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.skip_spaces();
            self.start = self.pos;
        }
        self.inside = false;
        self.parens.clear();
        token
    }

    fn text_or_delim(&mut self) -> Token {
        loop {
            let Some(offset) = runs::delimiter(self.rest()) else {
                self.pos = self.text.len();
                return if self.pos > self.start { self.emit(Kind::Text) } else { self.emit(Kind::Eof) };
            };
            if offset > 0 {
                self.pos += offset;
                let delim = self.pos;
                if left_trim_marker(self.text.get(delim + 2..).unwrap_or_default()) {
                    let text = self.text.get(self.start..delim).unwrap_or_default();
                    self.pos = self.start + text.iter().rposition(|b| !is_space(*b)).map_or(0, |last| last + 1);
                }
                let token = Token { kind: Kind::Text, start: self.start as u32, end: self.pos as u32 };
                self.pos = delim;
                self.start = delim;
                if token.end > token.start {
                    return token;
                }
            }
            // At a left delimiter.
            let after = self.text.get(self.pos + 2..).unwrap_or_default();
            let marker = if left_trim_marker(after) { 2 } else { 0 };
            if after.get(marker..).unwrap_or_default().starts_with(b"/*") {
                self.pos += 2 + marker;
                self.start = self.pos;
                if let Some(error) = self.comment() {
                    return error;
                }
                continue;
            }
            self.pos += 2;
            let token = self.emit(Kind::LeftDelim);
            self.inside = true;
            self.pos += marker;
            self.start = self.pos;
            self.parens.clear();
            return token;
        }
    }

    /// Skips a comment with its right delimiter and what that trims.
    fn comment(&mut self) -> Option<Token> {
        let body = self.text.get(self.pos + 2..).unwrap_or_default();
        let Some(end) = memmem::find(body, b"*/") else {
            return Some(self.fail("unclosed comment"));
        };
        self.pos += 2 + end + 2;
        let (delim, trim) = self.at_right_delim();
        if !delim {
            return Some(self.fail("comment ends before closing delimiter"));
        }
        self.pos += if trim { 4 } else { 2 };
        if trim {
            self.skip_spaces();
        }
        self.start = self.pos;
        None
    }

    fn skip_spaces(&mut self) {
        self.pos += self.rest().iter().take_while(|b| is_space(**b)).count();
    }

    fn at_right_delim(&self) -> (bool, bool) {
        let rest = self.rest();
        if right_trim_marker(rest) && rest.get(2..).unwrap_or_default().starts_with(b"}}") {
            return (true, true);
        }
        (rest.starts_with(b"}}"), false)
    }

    fn right_delim(&mut self) -> Token {
        let (_, trim) = self.at_right_delim();
        if trim {
            self.pos += 2;
            self.start = self.pos;
        }
        self.pos += 2;
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.skip_spaces();
            self.start = self.pos;
        }
        self.inside = false;
        token
    }

    fn inside_action(&mut self) -> Token {
        let rest = self.rest();
        if matches!(rest.first(), Some(b'}' | b' ' | b'\n' | b'\t' | b'\r')) && self.at_right_delim().0 {
            if self.parens.is_empty() {
                return self.right_delim();
            }
            self.open_paren = self.parens.last().copied();
            return self.fail("unclosed left paren");
        }
        let Some((c, width)) = self.peek() else {
            return self.fail("unclosed action");
        };
        if c.is_ascii() && is_space(c as u8) {
            return self.space();
        }
        let at = self.pos;
        self.pos += width;
        match c {
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.rest().first() == Some(&b'=') {
                    self.pos += 1;
                    return self.emit(Kind::Declare);
                }
                self.fail("expected :=")
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            '`' => match memchr::memchr(b'`', self.rest()) {
                Some(n) => {
                    self.pos += n + 1;
                    self.emit(Kind::RawString)
                }
                None => self.fail("unterminated raw quoted string"),
            },
            '$' => self.field_or_variable(Kind::Variable),
            '\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            '.' if !self.rest().first().is_none_or(u8::is_ascii_digit) => self.field_or_variable(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => {
                self.pos = at;
                self.number()
            }
            '(' => {
                self.parens.push(at as u32);
                self.emit(Kind::LeftParen)
            }
            ')' => {
                if self.parens.pop().is_none() {
                    return self.fail("unexpected right paren");
                }
                self.emit(Kind::RightParen)
            }
            c if is_alphanumeric(c) => self.identifier(),
            ' '..='~' => self.emit(Kind::Char),
            c => {
                let words = format!("unrecognized character in action: {}", super::unicode_point(c));
                self.fail(words)
            }
        }
    }

    fn space(&mut self) -> Token {
        let run = self.rest().iter().take_while(|b| is_space(**b)).count();
        self.pos += run;
        let last = self.text.get(self.pos - 1..).unwrap_or_default();
        if right_trim_marker(last) && last.get(2..).unwrap_or_default().starts_with(b"}}") {
            self.pos -= 1;
            if run == 1 {
                return self.right_delim();
            }
        }
        self.emit(Kind::Space)
    }

    fn take_alphanumerics(&mut self) {
        self.pos += self.rest().iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if self.rest().first().is_none_or(u8::is_ascii) {
            return;
        }
        while let Some((c, width)) = self.peek() {
            if !is_alphanumeric(c) {
                break;
            }
            self.pos += width;
        }
    }

    fn bad_character(&mut self) -> Token {
        let c = self.peek().map_or(-1, |(c, _)| i64::from(u32::from(c)));
        let shown = char::from_u32(u32::try_from(c).unwrap_or(0xfffd)).map(super::unicode_point).unwrap_or_default();
        // Go's lexer has consumed nothing of it, and reports the place of the word.
        self.fail(format!("bad character {shown}"))
    }

    fn identifier(&mut self) -> Token {
        self.take_alphanumerics();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let word = self.text.get(self.start..self.pos).unwrap_or_default();
        let kind = word_of_its_own(word).unwrap_or(Kind::Identifier);
        self.emit(kind)
    }

    fn field_or_variable(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        self.take_alphanumerics();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind)
    }

    fn at_terminator(&self) -> bool {
        match self.rest() {
            [] => true,
            [b, ..] if is_space(*b) => true,
            [b'.' | b',' | b'|' | b':' | b')' | b'(', ..] => true,
            rest => rest.starts_with(b"}}"),
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Token {
        loop {
            match self.rest() {
                [] | [b'\n', ..] | [b'\\'] | [b'\\', b'\n', ..] => return self.fail(unterminated),
                [b'\\', _, ..] => self.pos += 2,
                [b, ..] => {
                    self.pos += 1;
                    if *b == quote {
                        return self.emit(kind);
                    }
                }
            }
        }
    }

    fn number(&mut self) -> Token {
        let bad = |lexer: &mut Self| {
            let text = lexer.text.get(lexer.start..lexer.pos).unwrap_or_default();
            let words = format!("bad number syntax: {}", quoted(text));
            lexer.fail(words)
        };
        if !self.scan_number() {
            return bad(self);
        }
        if matches!(self.rest().first(), Some(b'+' | b'-')) {
            if !self.scan_number() || self.text.get(self.pos - 1) != Some(&b'i') {
                return bad(self);
            }
            return self.emit(Kind::Complex);
        }
        self.emit(Kind::Number)
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|b| valid.contains(b));
        self.pos += usize::from(found);
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if digits.len() == 11 && self.accept(b"eE") || digits.len() == 23 && self.accept(b"pP") {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        match self.peek() {
            Some((c, width)) if is_alphanumeric(c) => {
                self.pos += width;
                false
            }
            _ => true,
        }
    }
}
