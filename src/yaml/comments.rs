//! Comments, and what they belong to: the part of go-yaml v3's scanner and parser that version 2 lacks.
//!
//! A comment stands before something (head), behind it on its line (line) or below it (foot). Which one it is can be
//! told only with a view of what is around, so the scanner puts comments into a queue, each with the place of the token
//! that it belongs to, and the parser takes them from there when it comes to that token.

use super::scan::{Mark, Scan, Scanner, Token};
use std::collections::{HashMap, VecDeque};

/// How far go-yaml looks over blanks and empty lines for the next comment.
const LOOKAHEAD: usize = 512;

/// Comments between two tokens that have one role.
struct Comment {
    role: Role,
    text: Vec<u8>,
    /// Where the search for comments began.
    scan: Mark,
    /// The place of the token that it belongs to.
    token: Mark,
    /// Where it begins. Its column counts from 1 unless it is a line's.
    start: Mark,
    end: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Head,
    Line,
    Foot,
}

/// The comments of one event.
#[derive(Default)]
pub(super) struct Notes {
    /// Before it.
    pub(super) head: Vec<u8>,
    /// Behind it.
    pub(super) line: Vec<u8>,
    /// Below it.
    pub(super) foot: Vec<u8>,
}

/// The comments that are known and not yet given to an event.
#[derive(Default)]
pub(super) struct Comments {
    queue: VecDeque<Comment>,
    /// Those of the tokens up to the current one.
    seen: Notes,
    /// What stood before the `-` behind which a collection begins.
    stem: Vec<u8>,
    /// Those of the last event.
    event: Notes,
}

impl Comments {
    /// What the event gets, once; before the next event is asked for.
    pub(super) fn notes(&mut self) -> Notes {
        std::mem::take(&mut self.event)
    }

    /// Gives all that was seen to the event.
    pub(super) fn take(&mut self) {
        self.event = std::mem::take(&mut self.seen);
        self.stem.clear();
    }

    /// The end of a document has no head: what looks like one is its foot.
    pub(super) fn end_document(&mut self) {
        self.take();
        if self.event.foot.is_empty() {
            self.event.foot = std::mem::take(&mut self.event.head);
        }
    }

    /// A document that begins without `---` gets the comments before the last empty line.
    pub(super) fn start_document(&mut self) {
        let head = &self.seen.head;
        let found = (1..head.len()).rev().find_map(|i| match (head.get(i - 1), head.get(i)) {
            (_, Some(b'\n')) if i + 1 == head.len() => Some((i, i + 1)),
            (Some(b'\n'), Some(b'\n')) => Some((i - 1, i + 1)),
            _ => None,
        });
        if let Some((end, rest)) = found {
            let rest = self.seen.head.split_off(rest);
            self.seen.head.truncate(end);
            self.event.head = std::mem::replace(&mut self.seen.head, rest);
        }
    }

    /// How long the head is that was seen.
    pub(super) fn head_length(&self) -> usize {
        self.seen.head.len()
    }

    /// Puts the first bytes of the head aside for the collection that begins.
    pub(super) fn split_stem(&mut self, length: usize) {
        // A line break stands between the two parts.
        let rest = self.seen.head.get(length + 1..).unwrap_or_default().to_vec();
        self.seen.head.truncate(length);
        self.stem = std::mem::replace(&mut self.seen.head, rest);
    }

    /// Gives the collection what was put aside for it.
    pub(super) fn take_stem(&mut self) {
        if !self.stem.is_empty() {
            self.event.head = std::mem::take(&mut self.stem);
        }
    }

    /// Takes from the queue what belongs to the token or to what stands before it.
    fn gather(&mut self, token: Mark, is_end: bool) {
        while let Some(comment) = self.queue.front() {
            if token.offset < comment.token.offset || comment.role == Role::Head && is_end {
                return;
            }
            let Some(comment) = self.queue.pop_front() else { return };
            let seen = match comment.role {
                Role::Head => &mut self.seen.head,
                Role::Line => &mut self.seen.line,
                Role::Foot => &mut self.seen.foot,
            };
            if !seen.is_empty() {
                seen.push(b'\n');
            }
            seen.extend_from_slice(&comment.text);
        }
    }

    /// The comments that were found last, without anything between them, back to `stop`: the earliest place by column.
    fn last_by_column(&self, stop: Mark) -> HashMap<u32, Mark> {
        let mut found = HashMap::new();
        let mut stop = i64::from(stop.offset) - 1;
        for comment in self.queue.iter().rev() {
            if i64::from(comment.end.offset) < stop {
                break;
            }
            found.insert(comment.start.column, comment.start);
            stop = i64::from(comment.scan.offset);
        }
        found
    }
}

impl Scanner<'_> {
    /// Brings the comments up to the token in front to the parser.
    pub(super) fn gather_comments(&mut self) {
        let Some(token) = self.tokens.front() else { return };
        let (start, is_end) = (token.start, matches!(token.token, Token::BlockEnd));
        if let Some(comments) = &mut self.comments {
            comments.gather(start, is_end);
        }
    }

    /// Reads the next token and the comments before and behind it.
    pub(super) fn fetch_commented(&mut self) -> Scan<()> {
        let scan = self.mark();
        self.skip_to_token_commented(scan)?;
        self.unroll_commented(self.column() as isize, scan);
        self.need(4)?;
        let begin = self.mark();
        let b = self.here();
        let is_border = b == 0 || self.pos == self.line_start && (b == b'%' || self.at_document_indicator());
        let mut owner = begin;
        if (b == b':' && self.flow_level == 0 || b == b',' && self.flow_level > 0)
            && let Some(last) = self.tokens.back()
        {
            owner = last.start;
        }
        self.fetch_here().map_err(|mut fault| {
            if fault.lexical {
                fault.context.get_or_insert(begin);
            }
            fault
        })?;
        // What stands behind a `-` is the head of what follows.
        if is_border || self.tokens.back().is_some_and(|last| matches!(last.token, Token::BlockEntry)) {
            return Ok(());
        }
        self.scan_line_comment(owner)
    }

    /// Closes blocks. The end of each stands before the comments that follow at the indentation of its parent.
    pub(super) fn unroll_commented(&mut self, column: isize, scan: Mark) {
        if self.flow_level > 0 || self.indent <= column {
            return;
        }
        let feet = self.comments.as_ref().map(|comments| comments.last_by_column(scan)).unwrap_or_default();
        let mut end = Mark { offset: scan.offset.saturating_sub(1), ..scan };
        while self.indent > column {
            if let Some(foot) = u32::try_from(self.indent + 1).ok().and_then(|column| feet.get(&column)) {
                end = *foot;
            }
            self.push(Token::BlockEnd, end, end);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// How many line breaks were passed since the last thing that is no blank.
    fn line_breaks(&self) -> usize {
        let mut rest = self.text.get(..self.pos).unwrap_or_default();
        let mut count = 0;
        loop {
            rest = match rest {
                [rest @ .., b' ' | b'\t'] => rest,
                [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n' | b'\r'] => {
                    count += 1;
                    rest
                }
                [rest @ .., 0xc2, 0x85] | [rest @ .., 0xe2, 0x80, 0xa8 | 0xa9] => {
                    count += 1;
                    rest
                }
                _ => return count,
            };
        }
    }

    fn skip_to_token_commented(&mut self, scan: Mark) -> Scan<()> {
        loop {
            self.need(1)?;
            if self.pos == self.line_start
                && self.chunks.as_ref().is_some_and(|chunks| chunks.begins_with_mark(self.text))
            {
                self.skip();
            }
            self.need(1)?;
            while self.here() == b' ' || self.here() == b'\t' && (self.flow_level > 0 || !self.simple_key_allowed) {
                self.pos += 1;
                self.need(1)?;
            }
            self.turn_to_head();
            if self.here() == b'#' {
                self.scan_comments(scan)?;
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

    /// A comment behind the first `-` of a list looks more like the head of what follows.
    fn turn_to_head(&mut self) {
        if self.is_break(self.pos) {
            return;
        }
        let here = self.mark();
        let mut last = self.tokens.iter().rev().map(|placed| &placed.token);
        if let (Some(Token::BlockEntry), Some(Token::BlockSequenceStart)) = (last.next(), last.next())
            && let Some(comment) = self.comments.as_mut().and_then(|comments| comments.queue.back_mut())
            && comment.role == Role::Line
        {
            comment.role = Role::Head;
            if comment.start.line + 1 == here.line {
                comment.token = here;
            }
        }
    }

    /// Reads the comment behind a token, if there is one on its line.
    pub(super) fn scan_line_comment(&mut self, token: Mark) -> Scan<()> {
        if self.line_breaks() > 0 {
            return Ok(());
        }
        let mut ahead = 0;
        self.need(1)?;
        while self.is_blank(self.pos + ahead) {
            ahead += 1;
            if ahead == LOOKAHEAD {
                return Ok(());
            }
            self.need(ahead + 1)?;
        }
        if self.at(self.pos + ahead) != b'#' {
            return Ok(());
        }
        self.pos += ahead;
        let start = self.mark();
        let text = self.rest_of_line()?;
        let none = Mark::default();
        self.keep(Comment { role: Role::Line, text, scan: none, token, start, end: none });
        Ok(())
    }

    fn rest_of_line(&mut self) -> Scan<Vec<u8>> {
        let start = self.pos;
        self.skip_comment()?;
        Ok(self.text.get(start..self.pos).unwrap_or_default().to_vec())
    }

    fn keep(&mut self, comment: Comment) {
        if let Some(comments) = &mut self.comments {
            comments.queue.push_back(comment);
        }
    }

    /// Reads the comments from here up to the next token, over empty lines, and finds out what they belong to.
    fn scan_comments(&mut self, mut scan: Mark) -> Scan<()> {
        let mut before = self.tokens.iter().rev();
        let mut last = before.next();
        if last.is_some_and(|last| matches!(last.token, Token::FlowEntry)) {
            last = before.next().or(last);
        }
        // Whose foot it may be.
        let mut owner = last.map(|last| last.start).unwrap_or_default();
        let after_value = last.is_some_and(|last| matches!(last.token, Token::Value));

        let indent = self.indent.max(0);
        let breaks = self.line_breaks();
        let mut is_first_empty = breaks <= 1;
        let mut is_recent_empty = false;
        // A foot begins on the line below what it belongs to.
        let mut foot_line = -1;
        if scan.line > 0 {
            foot_line = self.line as isize - breaks as isize + 1;
            if breaks == 0 && self.column() > 1 {
                foot_line += 1;
            }
        }
        let (mut line, mut column) = (self.line, self.column());
        let mut start = Mark::default();
        let mut text: Vec<u8> = Vec::new();
        let mut ahead = 0;
        while ahead < LOOKAHEAD {
            self.need(ahead + 1)?;
            let at = self.pos + ahead;
            column += 1;
            if self.is_blank(at) {
                ahead += 1;
                continue;
            }
            let here = Mark { offset: at as u32, line: line as u32, column: column as u32 };
            let b = self.at(at);
            let closes = self.flow_level > 0 && (b == b']' || b == b'}');
            let is_dedented = (start.column as isize) - 1 < indent;
            if closes || self.is_breakz(at) {
                if closes || !is_recent_empty {
                    let is_foot =
                        closes || is_first_empty && (start.line as isize == foot_line && !after_value || is_dedented);
                    if is_foot && !text.is_empty() {
                        if is_dedented {
                            owner = start;
                        }
                        let text = std::mem::take(&mut text);
                        self.keep(Comment { role: Role::Foot, text, scan, token: owner, start, end: here });
                        (scan, owner) = (here, here);
                    } else if !is_foot && !text.is_empty() && b != 0 {
                        text.push(b'\n');
                    }
                }
                if !self.is_break(at) {
                    break;
                }
                is_first_empty = false;
                is_recent_empty = true;
                column = 0;
                line += 1;
                ahead += 1;
                continue;
            }
            if !text.is_empty() && (column as isize) - 1 < indent && column != start.column as usize {
                // Where the indentation changes, what stood so far is no head of what comes.
                let text = std::mem::take(&mut text);
                self.keep(Comment { role: Role::Foot, text, scan, token: owner, start, end: here });
                (scan, owner) = (here, here);
            }
            if b != b'#' {
                break;
            }
            if text.is_empty() {
                start = here;
            } else {
                text.push(b'\n');
            }
            is_recent_empty = false;
            while self.pos < at {
                if self.is_break(self.pos) {
                    self.skip_line();
                } else {
                    self.skip();
                }
            }
            text.extend_from_slice(&self.rest_of_line()?);
            (line, column) = (self.line, 0);
            // Beyond the line break.
            ahead = 1;
        }
        if !text.is_empty() {
            let offset = (self.pos + ahead).saturating_sub(1) as u32;
            let end = Mark { offset, line: line as u32, column: column as u32 };
            self.keep(Comment { role: Role::Head, text, scan, token: start, start, end });
        }
        Ok(())
    }
}
