//! Characters → tokens, as go-yaml's scannerc.go finds them.

use super::comments::Comments;
use super::input::{Chunks, width};
use std::borrow::Cow;
use std::collections::VecDeque;

/// A place: offset, line and column (in characters), all from 0.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Mark {
    pub(super) offset: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

pub(super) enum Token<'a> {
    StreamStart,
    StreamEnd,
    Version(u8, u8),
    TagDirective(Cow<'a, [u8]>, Cow<'a, [u8]>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a [u8]),
    Anchor(&'a [u8]),
    /// Handle and suffix.
    Tag(&'a [u8], Cow<'a, [u8]>),
    Scalar(Cow<'a, [u8]>, Style),
}

pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

/// What is wrong with a text, and where go-yaml says it is.
#[derive(Debug)]
pub(super) struct Fault {
    /// go-yaml's words, without `yaml: ` and the line.
    pub(super) problem: Cow<'static, str>,
    /// The line that go-yaml names: for the scanner's faults the real one, for the parser's the one before; 0 for none.
    pub(super) line: u32,
    /// Where it really is.
    pub(super) at: Option<Mark>,
    /// Where what is being read begins: the line that go-yaml v3 names. The scanner fills it in with the comments only.
    pub(super) context: Option<Mark>,
    /// Where what is never closed begins: a bracket or a quote.
    pub(super) opened: Option<Mark>,
    /// Whether the scanner found it, and not the parser.
    pub(super) lexical: bool,
}

pub(super) type Scan<T> = Result<T, Box<Fault>>;

/// How deep blocks and flow collections go.
const MAX_DEPTH: usize = 10_000;

struct SimpleKey {
    possible: bool,
    required: bool,
    /// Whether go-yaml's index of keys by token still knows it.
    indexed: bool,
    token_number: usize,
    index: usize,
    mark: Mark,
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) chunks: Option<Box<Chunks>>,
    pub(super) pos: usize,
    pub(super) line: usize,
    /// `pos - line_start` is the column in characters: it moves along with the bytes that continue one.
    pub(super) line_start: usize,
    /// The bytes so far that continue a character.
    pub(super) wide: usize,
    pub(super) flow_level: usize,
    pub(super) indent: isize,
    pub(super) indents: Vec<isize>,
    pub(super) simple_key_allowed: bool,
    keys: Vec<SimpleKey>,
    pub(super) tokens: VecDeque<Placed<'a>>,
    tokens_parsed: usize,
    token_available: bool,
    started: bool,
    /// The comments, where they are wanted: as go-yaml v3 reads.
    pub(super) comments: Option<Box<Comments>>,
    /// Keys that became impossible while their tokens were read ahead: go-yaml v3 finds under their numbers what has
    /// taken their places since.
    stale_keys: Vec<(usize, usize)>,
    /// How many tokens are read ahead at least: comments find their tokens by it.
    ahead: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], chunks: Option<Box<Chunks>>) -> Self {
        Scanner {
            text,
            chunks,
            pos: 0,
            line: 0,
            line_start: 0,
            wide: 0,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: false,
            keys: Vec::new(),
            tokens: VecDeque::new(),
            tokens_parsed: 0,
            token_available: false,
            started: false,
            comments: None,
            stale_keys: Vec::new(),
            ahead: 0,
        }
    }

    /// A scanner that keeps the comments, as go-yaml v3's does.
    pub(super) fn with_comments(text: &'a [u8], chunks: Option<Box<Chunks>>) -> Self {
        Scanner { comments: Some(Box::default()), ahead: 2, ..Scanner::new(text, chunks) }
    }

    /// The next token, left in the queue.
    #[inline]
    pub(super) fn peek(&mut self) -> Scan<&mut Placed<'a>> {
        if !self.token_available {
            self.fetch_more()?;
        }
        match self.tokens.front_mut() {
            Some(token) => Ok(token),
            None => Err(Box::new(Fault {
                problem: Cow::Borrowed("unknown problem parsing YAML content"),
                line: 0,
                at: None,
                context: None,
                opened: None,
                lexical: false,
            })),
        }
    }

    /// Removes the token that `peek` showed.
    #[inline]
    pub(super) fn skip_token(&mut self) -> Option<Placed<'a>> {
        self.token_available = false;
        self.tokens_parsed += 1;
        self.tokens.pop_front()
    }

    // Characters

    #[inline(always)]
    pub(super) fn at(&self, pos: usize) -> u8 {
        match self.text.get(pos) {
            Some(&b) => b,
            None => 0,
        }
    }

    #[inline(always)]
    pub(super) fn here(&self) -> u8 {
        self.at(self.pos)
    }

    /// Asks for `count` characters from here on: a bad byte among them is a failure now.
    #[inline(always)]
    pub(super) fn need(&mut self, count: usize) -> Scan<()> {
        if self.chunks.is_some() { self.load(count) } else { Ok(()) }
    }

    #[cold]
    fn load(&mut self, count: usize) -> Scan<()> {
        let (text, pos) = (self.text, self.pos);
        match self.chunks.as_mut().map(|chunks| chunks.load(text, pos, count)) {
            Some(Err(problem)) => {
                // go-yaml names no line for these.
                Err(Box::new(Fault {
                    problem: Cow::Borrowed(problem),
                    line: 0,
                    at: self.chunks.as_ref().and_then(|chunks| chunks.bad).or_else(|| Some(self.mark())),
                    context: None,
                    opened: None,
                    lexical: false,
                }))
            }
            _ => Ok(()),
        }
    }

    #[inline]
    pub(super) fn column(&self) -> usize {
        self.pos.wrapping_sub(self.line_start)
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark { offset: self.pos as u32, line: self.line as u32, column: self.column() as u32 }
    }

    /// Passes one character.
    #[inline(always)]
    pub(super) fn skip(&mut self) {
        let b = self.here();
        if b < 0x80 {
            self.pos += 1;
        } else {
            let more = width(b).max(1) - 1;
            self.pos += 1 + more;
            self.line_start += more;
            self.wide += more;
        }
    }

    #[inline(always)]
    pub(super) fn is_blank(&self, pos: usize) -> bool {
        matches!(self.at(pos), b' ' | b'\t')
    }

    #[inline(always)]
    pub(super) fn is_break(&self, pos: usize) -> bool {
        match self.at(pos) {
            b'\n' | b'\r' => true,
            0xc2 | 0xe2 => self.wide_break(pos) > 0,
            _ => false,
        }
    }

    /// The length of NEL, LS or PS here.
    pub(super) fn wide_break(&self, pos: usize) -> usize {
        match (self.at(pos), self.at(pos + 1), self.at(pos + 2)) {
            (0xc2, 0x85, _) => 2,
            (0xe2, 0x80, 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    #[inline(always)]
    fn is_end(&self, pos: usize) -> bool {
        self.at(pos) == 0
    }

    #[inline(always)]
    pub(super) fn is_breakz(&self, pos: usize) -> bool {
        self.is_break(pos) || self.is_end(pos)
    }

    #[inline(always)]
    pub(super) fn is_blankz(&self, pos: usize) -> bool {
        self.is_blank(pos) || self.is_breakz(pos)
    }

    /// Passes a line break.
    #[inline]
    pub(super) fn skip_line(&mut self) {
        let length = match self.here() {
            b'\r' if self.at(self.pos + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            _ => {
                let length = self.wide_break(self.pos);
                if length == 0 {
                    return;
                }
                self.wide += length - 1;
                length
            }
        };
        self.pos += length;
        self.line += 1;
        self.line_start = self.pos;
    }

    /// Passes a line break and writes it down as go-yaml does: a newline, LS and PS as they are.
    pub(super) fn read_line(&mut self, out: &mut Vec<u8>) {
        match self.here() {
            0xe2 => out.extend_from_slice(self.text.get(self.pos..self.pos + 3).unwrap_or_default()),
            0 => return,
            _ => out.push(b'\n'),
        }
        self.skip_line();
    }

    /// Whether `---` or `...` and a blank stand at the start of this line.
    #[inline]
    pub(super) fn at_document_indicator(&self) -> bool {
        if self.pos != self.line_start {
            return false;
        }
        let b = self.here();
        (b == b'-' || b == b'.')
            && self.at(self.pos + 1) == b
            && self.at(self.pos + 2) == b
            && self.is_blankz(self.pos + 3)
    }

    /// A fault of the scanner at this place.
    #[cold]
    pub(super) fn fault<T>(&self, problem: impl Into<Cow<'static, str>>) -> Scan<T> {
        let line = if self.line == 0 { 0 } else { self.line as u32 + 1 };
        Err(Box::new(Fault {
            problem: problem.into(),
            line,
            at: Some(self.mark()),
            context: None,
            opened: None,
            lexical: true,
        }))
    }

    /// A fault of the scanner in a quoted text that began elsewhere.
    #[cold]
    pub(super) fn unclosed<T>(&self, problem: &'static str, opened: Mark) -> Scan<T> {
        self.fault(problem).map_err(|mut fault| {
            fault.opened = Some(opened);
            fault
        })
    }

    /// A fault of the scanner in something that began elsewhere.
    #[cold]
    fn fault_in<T>(&self, problem: &'static str, context: Mark) -> Scan<T> {
        self.fault(problem).map_err(|mut fault| {
            fault.context = Some(context);
            fault
        })
    }

    // Tokens

    pub(super) fn push(&mut self, token: Token<'a>, start: Mark, end: Mark) {
        self.tokens.push_back(Placed { token, start, end });
    }

    /// Puts a token before the one with the given number; at the end when that one is gone.
    fn insert(&mut self, number: usize, token: Token<'a>, mark: Mark) {
        let placed = Placed { token, start: mark, end: mark };
        match number.checked_sub(self.tokens_parsed) {
            Some(at) if at <= self.tokens.len() => self.tokens.insert(at, placed),
            _ => self.tokens.push_back(placed),
        }
    }

    fn next_number(&self) -> usize {
        self.tokens_parsed + self.tokens.len()
    }

    fn fetch_more(&mut self) -> Scan<()> {
        loop {
            if self.tokens.len() > self.ahead {
                // While the first token may turn out to begin a key, more is needed.
                let number = self.tokens_parsed;
                let first =
                    if self.keys.len() <= 1 { 0 } else { self.keys.partition_point(|key| key.token_number < number) };
                let found = (first..self.keys.len().min(first + 2)).find(|&i| {
                    self.keys.get(i).is_some_and(|key| key.token_number == number && key.indexed && key.possible)
                });
                let found = if self.stale_keys.is_empty() { found } else { found.or_else(|| self.stale_key(number)) };
                match found {
                    None => break,
                    Some(i) if !self.key_is_valid(i)? => break,
                    Some(_) => {}
                }
            }
            self.fetch_next()?;
        }
        self.token_available = true;
        if self.comments.is_some() {
            self.gather_comments();
        }
        Ok(())
    }

    fn fetch_next(&mut self) -> Scan<()> {
        self.need(1)?;
        if !self.started {
            self.started = true;
            self.indent = -1;
            let mark = self.mark();
            self.keys.push(SimpleKey {
                possible: false,
                required: false,
                indexed: false,
                token_number: 0,
                index: 0,
                mark,
            });
            self.simple_key_allowed = true;
            self.push(Token::StreamStart, mark, mark);
            return Ok(());
        }
        if self.comments.is_some() {
            return self.fetch_commented();
        }
        self.skip_to_token()?;
        self.unroll(self.column() as isize);
        self.fetch_here()
    }

    /// Reads the token that begins here.
    #[inline]
    pub(super) fn fetch_here(&mut self) -> Scan<()> {
        self.need(4)?;
        let (b, next) = (self.here(), self.pos + 1);
        if self.pos == self.line_start {
            match b {
                b'%' => return self.fetch_directive(),
                b'-' | b'.' if self.at_document_indicator() => {
                    let token = if b == b'-' { Token::DocumentStart } else { Token::DocumentEnd };
                    self.end_blocks()?;
                    self.push_indicator(token, 3);
                    return Ok(());
                }
                _ => {}
            }
        }
        match b {
            0 => self.fetch_stream_end(),
            b'[' => self.fetch_flow_start(Token::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Token::FlowMappingStart),
            b']' => self.fetch_flow_end(Token::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Token::FlowMappingEnd),
            b',' => {
                self.remove_key()?;
                self.simple_key_allowed = true;
                self.push_indicator(Token::FlowEntry, 1);
                Ok(())
            }
            b'-' if self.is_blankz(next) => self.fetch_block_entry(),
            b'?' if self.flow_level > 0 || self.is_blankz(next) => self.fetch_key(),
            b':' if self.flow_level > 0 || self.is_blankz(next) => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(b == b'*'),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if self.flow_level == 0 => {
                self.remove_key()?;
                self.simple_key_allowed = true;
                let placed = self.scan_block_scalar(b == b'|')?;
                self.tokens.push_back(placed);
                Ok(())
            }
            b'\'' | b'"' => {
                self.save_key()?;
                self.simple_key_allowed = false;
                let placed = self.scan_quoted(b == b'\'')?;
                self.tokens.push_back(placed);
                Ok(())
            }
            // go-yaml takes a `-` at the end of a line for a plain scalar where it is no entry: never, in fact.
            b'-' | b'?' | b':' => self.fetch_plain(),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => {
                self.fault("found character that cannot start any token")
            }
            _ => self.fetch_plain(),
        }
    }

    fn fetch_plain(&mut self) -> Scan<()> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let placed = self.scan_plain()?;
        self.tokens.push_back(placed);
        Ok(())
    }

    /// Pushes a token of ASCII characters that begins here.
    fn push_indicator(&mut self, token: Token<'a>, length: usize) {
        let start = self.mark();
        self.pos += length;
        let end = self.mark();
        self.push(token, start, end);
    }

    fn key_is_valid(&mut self, i: usize) -> Scan<bool> {
        let (line, index) = (self.line, self.pos - self.wide);
        let Some(key) = self.keys.get_mut(i) else { return Ok(false) };
        if !key.possible {
            return Ok(false);
        }
        if (key.mark.line as usize) < line || key.index + 1024 < index {
            if key.required {
                let mark = key.mark;
                return self.fault_in("could not find expected ':'", mark);
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn save_key(&mut self) -> Scan<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let required = self.flow_level == 0 && self.indent == self.column() as isize;
        let key = SimpleKey {
            possible: true,
            required,
            indexed: true,
            token_number: self.next_number(),
            index: self.pos - self.wide,
            mark: self.mark(),
        };
        self.remove_key()?;
        let place = self.keys.len().wrapping_sub(1);
        if let Some(last) = self.keys.last_mut() {
            if self.ahead > 0 && last.indexed {
                let parsed = self.tokens_parsed;
                self.stale_keys.retain(|(number, _)| *number >= parsed);
                self.stale_keys.push((last.token_number, place));
            }
            *last = key;
        }
        Ok(())
    }

    /// The place of the key that once began with this token.
    #[cold]
    fn stale_key(&self, number: usize) -> Option<usize> {
        self.stale_keys.iter().find(|(known, _)| *known == number).map(|(_, place)| *place)
    }

    pub(super) fn remove_key(&mut self) -> Scan<()> {
        let Some(last) = self.keys.last_mut() else { return Ok(()) };
        if last.possible {
            if last.required {
                let mark = last.mark;
                return self.fault_in("could not find expected ':'", mark);
            }
            last.possible = false;
            last.indexed = false;
        }
        Ok(())
    }

    pub(super) fn unroll(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        if self.comments.is_some() {
            return self.unroll_commented(column, self.mark());
        }
        while self.indent > column {
            let mark = self.mark();
            self.push(Token::BlockEnd, mark, mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Closes all blocks: a directive, a document's start or end follows.
    pub(super) fn end_blocks(&mut self) -> Scan<()> {
        self.unroll(-1);
        self.remove_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    fn roll(&mut self, column: isize, number: Option<usize>, token: Token<'a>, mark: Mark) -> Scan<()> {
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            let context = self.keys.last().map(|key| key.mark).unwrap_or_default();
            return self.fault_in("exceeded max depth of 10000", context);
        }
        self.insert(number.unwrap_or_else(|| self.next_number()), token, mark);
        Ok(())
    }

    fn fetch_stream_end(&mut self) -> Scan<()> {
        if self.pos != self.line_start {
            self.line_start = self.pos;
            self.line += 1;
        }
        self.end_blocks()?;
        let mark = self.mark();
        self.push(Token::StreamEnd, mark, mark);
        Ok(())
    }

    fn fetch_flow_start(&mut self, token: Token<'a>) -> Scan<()> {
        self.save_key()?;
        let (token_number, mark) = (self.next_number(), self.mark());
        self.keys.push(SimpleKey { possible: false, required: false, indexed: false, token_number, index: 0, mark });
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return self.fault("exceeded max depth of 10000");
        }
        self.simple_key_allowed = true;
        self.push_indicator(token, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, token: Token<'a>) -> Scan<()> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            let closed = self.keys.pop();
            // go-yaml forgets the key that the bracket began when nothing inside could be one: `[]: x` is an empty list.
            if let (Some(closed), Some(outer)) = (closed, self.keys.last_mut())
                && closed.token_number == outer.token_number
            {
                outer.indexed = false;
            }
        }
        self.simple_key_allowed = false;
        self.push_indicator(token, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fault("block sequence entries are not allowed in this context");
            }
            self.roll(self.column() as isize, None, Token::BlockSequenceStart, self.mark())?;
        }
        self.remove_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(Token::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fault("mapping keys are not allowed in this context");
            }
            self.roll(self.column() as isize, None, Token::BlockMappingStart, self.mark())?;
        }
        self.remove_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(Token::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scan<()> {
        let last = self.keys.len().wrapping_sub(1);
        if self.key_is_valid(last)? {
            let Some(key) = self.keys.last_mut() else { return Ok(()) };
            key.possible = false;
            key.indexed = false;
            let (number, mark) = (key.token_number, key.mark);
            self.insert(number, Token::Key, mark);
            self.roll(mark.column as isize, Some(number), Token::BlockMappingStart, mark)?;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return self.fault("mapping values are not allowed in this context");
                }
                self.roll(self.column() as isize, None, Token::BlockMappingStart, self.mark())?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(Token::Value, 1);
        Ok(())
    }

    fn fetch_anchor(&mut self, alias: bool) -> Scan<()> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        self.skip();
        let name = self.word()?;
        let end = self.mark();
        let ends =
            self.is_blankz(self.pos) || matches!(self.here(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return self.fault("did not find expected alphabetic or numeric character");
        }
        self.push(if alias { Token::Alias(name) } else { Token::Anchor(name) }, start, end);
        Ok(())
    }

    /// Letters, digits, `_` and `-`.
    pub(super) fn word(&mut self) -> Scan<&'a [u8]> {
        let start = self.pos;
        self.need(1)?;
        while matches!(self.here(), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-') {
            self.pos += 1;
            self.need(1)?;
        }
        Ok(self.text.get(start..self.pos).unwrap_or_default())
    }

    fn skip_to_token(&mut self) -> Scan<()> {
        loop {
            self.need(1)?;
            if self.pos == self.line_start
                && self.chunks.as_ref().is_some_and(|chunks| chunks.begins_with_mark(self.text))
            {
                self.skip();
            }
            self.need(1)?;
            if self.chunks.is_none() {
                self.skip_plain_lines();
            }
            while self.here() == b' ' || self.here() == b'\t' && (self.flow_level > 0 || !self.simple_key_allowed) {
                self.pos += 1;
                self.need(1)?;
            }
            if self.here() == b'#' {
                self.skip_comment()?;
            }
            if !self.is_break(self.pos) {
                return Ok(());
            }
            self.need(2)?;
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Passes spaces, and with them empty lines and comments in ASCII.
    fn skip_plain_lines(&mut self) {
        let mut rest = self.text.get(self.pos..).unwrap_or_default();
        loop {
            let spaces = rest.iter().position(|b| *b != b' ').unwrap_or(rest.len());
            self.pos += spaces;
            let line = rest.get(spaces..).unwrap_or_default();
            let length = match line.first() {
                Some(b'\n') => 0,
                Some(b'#') => match memchr::memchr2(b'\n', b'\r', line) {
                    Some(end) if line.get(end) == Some(&b'\n') => end,
                    _ => return,
                },
                _ => return,
            };
            // Beyond ASCII there are line ends of other kinds.
            let Some((line, after)) = line.split_at_checked(length + 1).filter(|(line, _)| line.is_ascii()) else {
                return;
            };
            rest = after;
            self.pos += line.len();
            self.line += 1;
            self.line_start = self.pos;
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Passes everything up to the line's end.
    pub(super) fn skip_comment(&mut self) -> Scan<()> {
        if self.chunks.is_none() {
            let rest = self.text.get(self.pos..).unwrap_or_default();
            let line = rest.get(..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())).unwrap_or_default();
            // Beyond ASCII there are line ends of other kinds.
            self.pos += if line.is_ascii() { line.len() } else { line.iter().take_while(|b| b.is_ascii()).count() };
        }
        while !self.is_breakz(self.pos) {
            self.skip();
            self.need(1)?;
        }
        Ok(())
    }
}
