//! Tokens → events, as go-yaml's parserc.go makes them.

use super::comments::Comments;
use super::scan::{Fault, Mark, Placed, Scan, Scanner, Style, Token};
use std::borrow::Cow;

/// What an event is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias,
    Scalar,
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

/// A step of a document.
pub(super) struct Event<'a> {
    pub(super) kind: Kind,
    pub(super) start: Mark,
    pub(super) end: Mark,
    /// The anchor; for an alias its name.
    pub(super) anchor: Option<&'a [u8]>,
    /// The full tag; empty for none.
    pub(super) tag: Vec<u8>,
    pub(super) text: Cow<'a, [u8]>,
    pub(super) style: Style,
    /// Whether go-yaml may find the type of a scalar by its looks.
    pub(super) implicit: bool,
}

#[derive(Clone, Copy)]
enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequenceEntry,
    IndentlessEntry,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Where the open collections begin: go-yaml falls back on it for the line of an error.
    marks: Vec<Mark>,
    /// Handle and prefix.
    tags: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(scanner: Scanner<'a>) -> Self {
        Parser { scanner, state: State::StreamStart, states: Vec::new(), marks: Vec::new(), tags: Vec::new() }
    }

    /// The comments, where the scanner keeps them.
    pub(super) fn comments(&mut self) -> Option<&mut Comments> {
        self.scanner.comments.as_deref_mut()
    }

    /// Whether the collection whose start was the last event stands in brackets.
    pub(super) fn is_flow(&self) -> bool {
        matches!(self.state, State::FlowSequenceFirst | State::FlowMappingFirst | State::FlowPairKey)
    }

    /// Gives the comments so far to the event that is being made.
    #[inline]
    fn take_comments(&mut self) {
        if let Some(comments) = self.comments() {
            comments.take();
        }
    }

    /// The next event.
    pub(super) fn next(&mut self) -> Scan<Event<'a>> {
        match self.state {
            State::StreamStart => {
                self.scanner.peek()?;
                self.scanner.skip_token();
                self.state = State::ImplicitDocumentStart;
                self.document_start(true)
            }
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => {
                let start = self.scanner.peek()?.start;
                match self.scanner.peek()?.token {
                    Token::Version(..)
                    | Token::TagDirective(..)
                    | Token::DocumentStart
                    | Token::DocumentEnd
                    | Token::StreamEnd => {
                        self.pop_state();
                        Ok(empty(start))
                    }
                    _ => self.node(true, false),
                }
            }
            State::DocumentEnd => {
                let token = self.scanner.peek()?;
                let (start, mut end) = (token.start, token.start);
                if matches!(token.token, Token::DocumentEnd) {
                    end = token.end;
                    self.scanner.skip_token();
                }
                self.tags.clear();
                self.state = State::DocumentStart;
                if let Some(comments) = self.comments() {
                    comments.end_document();
                }
                Ok(bare(Kind::DocumentEnd, start, end))
            }
            State::BlockNode => self.node(true, false),
            State::BlockSequenceFirst => {
                self.open()?;
                self.block_sequence_entry()
            }
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockMappingFirst => {
                self.open()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => {
                self.open()?;
                self.flow_sequence_entry(true)
            }
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_value(State::FlowPairEnd, true),
            State::FlowPairEnd => {
                let start = self.scanner.peek()?.start;
                self.state = State::FlowSequenceEntry;
                Ok(bare(Kind::MappingEnd, start, start))
            }
            State::FlowMappingFirst => {
                self.open()?;
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_value(State::FlowMappingKey, false),
            State::FlowMappingEmptyValue => {
                let start = self.scanner.peek()?.start;
                self.state = State::FlowMappingKey;
                Ok(empty(start))
            }
            State::End => Ok(bare(Kind::StreamEnd, Mark::default(), Mark::default())),
        }
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Takes the token that opens a collection.
    fn open(&mut self) -> Scan<()> {
        let mark = self.scanner.peek()?.start;
        self.marks.push(mark);
        self.scanner.skip_token();
        Ok(())
    }

    /// A fault of the parser: go-yaml names the line before, and that of the context if it is the first.
    #[cold]
    fn fault<T>(problem: &'static str, at: Mark, context: Mark) -> Scan<T> {
        let line = if at.line != 0 { at.line } else { context.line };
        Err(Box::new(Fault {
            problem: Cow::Borrowed(problem),
            line,
            at: Some(at),
            context: Some(context),
            // Only brackets say this.
            opened: problem.contains("',' or '").then_some(context),
            lexical: false,
        }))
    }

    #[cold]
    fn unexpected<T>(&mut self, problem: &'static str) -> Scan<T> {
        let context = self.marks.pop().unwrap_or_default();
        let at = self.scanner.peek()?.start;
        Self::fault(problem, at, context)
    }

    fn document_start(&mut self, implicit: bool) -> Scan<Event<'a>> {
        if !implicit {
            while matches!(self.scanner.peek()?.token, Token::DocumentEnd) {
                self.scanner.skip_token();
            }
        }
        let first = self.scanner.peek()?;
        let (start, end) = (first.start, first.end);
        match first.token {
            Token::StreamEnd => {
                self.state = State::End;
                self.scanner.skip_token();
                return Ok(bare(Kind::StreamEnd, start, end));
            }
            Token::Version(..) | Token::TagDirective(..) | Token::DocumentStart => {}
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                if let Some(comments) = self.comments() {
                    comments.start_document();
                }
                return Ok(bare(Kind::DocumentStart, start, end));
            }
            _ => {}
        }
        self.directives()?;
        let token = self.scanner.peek()?;
        let end = token.end;
        if !matches!(token.token, Token::DocumentStart) {
            return Self::fault("did not find expected <document start>", token.start, Mark::default());
        }
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        self.scanner.skip_token();
        Ok(bare(Kind::DocumentStart, start, end))
    }

    fn directives(&mut self) -> Scan<()> {
        let mut version = false;
        loop {
            let token = self.scanner.peek()?;
            let mark = token.start;
            match &token.token {
                Token::Version(major, minor) => {
                    if version {
                        return Self::fault("found duplicate %YAML directive", mark, Mark::default());
                    }
                    if (*major, *minor) != (1, 1) {
                        return Self::fault("found incompatible YAML document", mark, Mark::default());
                    }
                    version = true;
                }
                Token::TagDirective(handle, prefix) => {
                    if self.tags.iter().any(|(known, _)| known.as_slice() == handle.as_ref()) {
                        return Self::fault("found duplicate %TAG directive", mark, Mark::default());
                    }
                    self.tags.push((handle.to_vec(), prefix.to_vec()));
                }
                _ => return Ok(()),
            }
            self.scanner.skip_token();
        }
    }

    /// The full tag; `None` for an unknown handle.
    fn tag(&self, handle: &[u8], suffix: &[u8]) -> Option<Vec<u8>> {
        if handle.is_empty() {
            return Some(suffix.to_vec());
        }
        let known = self.tags.iter().find(|(known, _)| known == handle).map(|(_, prefix)| prefix.as_slice());
        let prefix = known.or(match handle {
            b"!" => Some(b"!".as_slice()),
            b"!!" => Some(b"tag:yaml.org,2002:".as_slice()),
            _ => None,
        })?;
        Some([prefix, suffix].concat()).filter(|tag| !tag.is_empty())
    }

    fn node(&mut self, block: bool, indentless: bool) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let (mut start, mut end) = (token.start, token.start);
        let (mut anchor, mut tag) = (None, Vec::new());
        match token.token {
            Token::Alias(name) => {
                let mut event = bare(Kind::Alias, token.start, token.end);
                event.anchor = Some(name);
                self.take_comments();
                self.pop_state();
                self.scanner.skip_token();
                return Ok(event);
            }
            Token::Anchor(_) | Token::Tag(..) => (start, end) = self.properties(&mut anchor, &mut tag)?,
            _ => {}
        }
        let token = self.scanner.peek()?;
        let implicit = tag.is_empty();
        let collection = |kind, end| Event {
            kind,
            start,
            end,
            anchor,
            tag: Vec::new(),
            text: Cow::Borrowed(b"".as_slice()),
            style: Style::Plain,
            implicit,
        };
        let (token_start, token_end) = (token.start, token.end);
        let mut event = match &mut token.token {
            Token::BlockEntry if indentless => {
                self.state = State::IndentlessEntry;
                collection(Kind::SequenceStart, token_end)
            }
            Token::Scalar(text, style) => {
                let (text, style) = (std::mem::take(text), *style);
                let implicit = tag.is_empty() && style == Style::Plain || tag == b"!";
                self.take_comments();
                self.pop_state();
                self.scanner.skip_token();
                return Ok(Event { kind: Kind::Scalar, start, end: token_end, anchor, tag, text, style, implicit });
            }
            Token::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                collection(Kind::SequenceStart, token_end)
            }
            Token::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                collection(Kind::MappingStart, token_end)
            }
            Token::BlockSequenceStart if block => {
                self.state = State::BlockSequenceFirst;
                collection(Kind::SequenceStart, token_end)
            }
            Token::BlockMappingStart if block => {
                self.state = State::BlockMappingFirst;
                collection(Kind::MappingStart, token_end)
            }
            _ if anchor.is_some() || !tag.is_empty() => {
                self.pop_state();
                Event { tag: Vec::new(), ..collection(Kind::Scalar, end) }
            }
            _ => return Self::fault("did not find expected node content", token_start, start),
        };
        event.tag = tag;
        if event.kind != Kind::Scalar && self.scanner.comments.is_some() {
            self.comment_collection();
        }
        Ok(event)
    }

    /// The comments of a collection that begins: in brackets those so far, in a list what stood before its `-`.
    fn comment_collection(&mut self) {
        match self.state {
            State::FlowSequenceFirst | State::FlowMappingFirst => self.take_comments(),
            State::BlockSequenceFirst | State::BlockMappingFirst => {
                if let Some(comments) = self.comments() {
                    comments.take_stem();
                }
            }
            _ => {}
        }
    }

    /// Passes a `-`. What stands before it belongs to the collection that begins behind it, if one does.
    #[inline]
    fn skip_entry(&mut self) -> Scan<()> {
        let Some(head) = self.comments().map(|comments| comments.head_length()) else {
            self.scanner.skip_token();
            return Ok(());
        };
        self.scanner.skip_token();
        if head == 0 {
            return Ok(());
        }
        match self.scanner.peek() {
            Ok(next) if matches!(next.token, Token::BlockSequenceStart | Token::BlockMappingStart) => {
                if let Some(comments) = self.comments() {
                    comments.split_stem(head);
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            // go-yaml goes on, and what it tells then is the next fault that it meets.
            Err(fault) => self.scanner.peek().and(Err(fault)),
        }
    }

    /// An anchor and a tag, in either order; their place.
    fn properties(&mut self, anchor: &mut Option<&'a [u8]>, tag: &mut Vec<u8>) -> Scan<(Mark, Mark)> {
        let start = self.scanner.peek()?.start;
        let mut end = start;
        let mut found = None;
        for _ in 0..2 {
            let token = self.scanner.peek()?;
            match token.token {
                Token::Anchor(_) if anchor.is_none() => {}
                Token::Tag(..) if found.is_none() => {}
                _ => break,
            }
            end = token.end;
            match self.scanner.skip_token() {
                Some(Placed { token: Token::Anchor(name), .. }) => *anchor = Some(name),
                Some(Placed { token: Token::Tag(handle, suffix), start, .. }) => found = Some((start, handle, suffix)),
                _ => {}
            }
        }
        // go-yaml looks at the next token before it looks up the handle.
        self.scanner.peek()?;
        if let Some((mark, handle, suffix)) = found {
            match self.tag(handle, &suffix) {
                Some(full) => *tag = full,
                None => return Self::fault("found undefined tag handle", mark, start),
            }
        }
        Ok((start, end))
    }

    fn block_sequence_entry(&mut self) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, mark) = (token.start, token.end);
        match token.token {
            Token::BlockEntry => {
                self.skip_entry()?;
                if matches!(self.scanner.peek()?.token, Token::BlockEntry | Token::BlockEnd) {
                    self.state = State::BlockSequenceEntry;
                    return Ok(empty(mark));
                }
                self.states.push(State::BlockSequenceEntry);
                self.node(true, false)
            }
            Token::BlockEnd => self.close(Kind::SequenceEnd, start, mark),
            _ => self.unexpected("did not find expected '-' indicator"),
        }
    }

    /// Takes the token that closes a collection.
    fn close(&mut self, kind: Kind, start: Mark, end: Mark) -> Scan<Event<'a>> {
        self.pop_state();
        self.marks.pop();
        self.scanner.skip_token();
        Ok(bare(kind, start, end))
    }

    fn indentless_entry(&mut self) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, mark) = (token.start, token.end);
        if !matches!(token.token, Token::BlockEntry) {
            self.pop_state();
            return Ok(bare(Kind::SequenceEnd, start, start));
        }
        self.skip_entry()?;
        if matches!(self.scanner.peek()?.token, Token::BlockEntry | Token::Key | Token::Value | Token::BlockEnd) {
            self.state = State::IndentlessEntry;
            return Ok(empty(mark));
        }
        self.states.push(State::IndentlessEntry);
        self.node(true, false)
    }

    fn block_mapping_key(&mut self) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, mark) = (token.start, token.end);
        match token.token {
            Token::Key => {
                self.scanner.skip_token();
                if matches!(self.scanner.peek()?.token, Token::Key | Token::Value | Token::BlockEnd) {
                    self.state = State::BlockMappingValue;
                    return Ok(empty(mark));
                }
                self.states.push(State::BlockMappingValue);
                self.node(true, true)
            }
            Token::BlockEnd => {
                self.take_comments();
                self.close(Kind::MappingEnd, start, mark)
            }
            _ => self.unexpected("did not find expected key"),
        }
    }

    fn block_mapping_value(&mut self) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, mark) = (token.start, token.end);
        if !matches!(token.token, Token::Value) {
            self.state = State::BlockMappingKey;
            return Ok(empty(start));
        }
        self.scanner.skip_token();
        if matches!(self.scanner.peek()?.token, Token::Key | Token::Value | Token::BlockEnd) {
            self.state = State::BlockMappingKey;
            return Ok(empty(mark));
        }
        self.states.push(State::BlockMappingKey);
        self.node(true, true)
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Scan<Event<'a>> {
        if !matches!(self.scanner.peek()?.token, Token::FlowSequenceEnd) {
            if !first {
                if !matches!(self.scanner.peek()?.token, Token::FlowEntry) {
                    return self.unexpected("did not find expected ',' or ']'");
                }
                self.scanner.skip_token();
            }
            let token = self.scanner.peek()?;
            match token.token {
                Token::Key => {
                    let event = bare(Kind::MappingStart, token.start, token.end);
                    self.state = State::FlowPairKey;
                    self.scanner.skip_token();
                    return Ok(event);
                }
                Token::FlowSequenceEnd => {}
                _ => {
                    self.states.push(State::FlowSequenceEntry);
                    return self.node(false, false);
                }
            }
        }
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        self.take_comments();
        self.close(Kind::SequenceEnd, start, end)
    }

    fn flow_pair_key(&mut self) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let mark = token.end;
        if matches!(token.token, Token::Value | Token::FlowEntry | Token::FlowSequenceEnd) {
            // go-yaml drops that token.
            self.scanner.skip_token();
            self.state = State::FlowPairValue;
            return Ok(empty(mark));
        }
        self.states.push(State::FlowPairValue);
        self.node(false, false)
    }

    /// The value after a `:` in brackets, or none.
    fn flow_value(&mut self, then: State, sequence: bool) -> Scan<Event<'a>> {
        let token = self.scanner.peek()?;
        let mut start = token.start;
        if matches!(token.token, Token::Value) {
            self.scanner.skip_token();
            let token = self.scanner.peek()?;
            let ends = match token.token {
                Token::FlowEntry => true,
                Token::FlowSequenceEnd => sequence,
                Token::FlowMappingEnd => !sequence,
                _ => false,
            };
            if !ends {
                self.states.push(then);
                return self.node(false, false);
            }
            if !sequence {
                start = token.start;
            }
        }
        self.state = then;
        Ok(empty(start))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Scan<Event<'a>> {
        if !matches!(self.scanner.peek()?.token, Token::FlowMappingEnd) {
            if !first {
                if !matches!(self.scanner.peek()?.token, Token::FlowEntry) {
                    return self.unexpected("did not find expected ',' or '}'");
                }
                self.scanner.skip_token();
            }
            match self.scanner.peek()?.token {
                Token::Key => {
                    self.scanner.skip_token();
                    let token = self.scanner.peek()?;
                    if matches!(token.token, Token::Value | Token::FlowEntry | Token::FlowMappingEnd) {
                        let start = token.start;
                        self.state = State::FlowMappingValue;
                        return Ok(empty(start));
                    }
                    self.states.push(State::FlowMappingValue);
                    return self.node(false, false);
                }
                Token::FlowMappingEnd => {}
                _ => {
                    self.states.push(State::FlowMappingEmptyValue);
                    return self.node(false, false);
                }
            }
        }
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        self.take_comments();
        self.close(Kind::MappingEnd, start, end)
    }
}

fn bare<'a>(kind: Kind, start: Mark, end: Mark) -> Event<'a> {
    Event {
        kind,
        start,
        end,
        anchor: None,
        tag: Vec::new(),
        text: Cow::Borrowed(b""),
        style: Style::Plain,
        implicit: true,
    }
}

/// The scalar that is not there.
fn empty<'a>(mark: Mark) -> Event<'a> {
    bare(Kind::Scalar, mark, mark)
}
