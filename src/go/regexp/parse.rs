//! Go's regular expression syntax: pattern → the `regex` crates' intermediate form, or Go's error.
//!
//! Source of the rules: Go's package `regexp/syntax`, flags `Perl`.

use super::class;
use crate::go::unicode::decode;
use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, Look, Repetition};

/// The highest count in `x{n}`, also of nested ones multiplied.
const MAX_REPEAT: u32 = 1000;
/// How many levels an expression may have.
const MAX_HEIGHT: u32 = 1000;
/// How many instructions Go would compile an expression to at most.
const MAX_SIZE: u64 = (128 << 20) / 40;
/// How many bounds of ranges the classes of an expression may have together.
const MAX_RUNES: usize = (128 << 20) / 4;

/// A parsed pattern.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// The names of the groups; the first is the whole match.
    pub(super) names: Vec<Option<Box<[u8]>>>,
}

/// Go's error: what is wrong and the part of the pattern that is.
pub(super) struct Error {
    what: &'static str,
    part: Vec<u8>,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.what, crate::text::kept(&self.part))
    }
}

fn error(what: &'static str, part: &[u8]) -> Error {
    Error { what, part: part.to_vec() }
}

const BAD_CLASS: &str = "invalid character class range";
const BAD_ESCAPE: &str = "invalid escape sequence";
const BAD_NAME: &str = "invalid named capture";
const BAD_PERL: &str = "invalid or unsupported Perl syntax";
const BAD_REPEAT: &str = "invalid nested repetition operator";
const BAD_COUNT: &str = "invalid repeat count";
const BAD_UTF8: &str = "invalid UTF-8";
const NO_BRACKET: &str = "missing closing ]";
const NO_PAREN: &str = "missing closing )";
const NO_ARGUMENT: &str = "missing argument to repetition operator";
const BACKSLASH: &str = "trailing backslash at end of expression";
const EXTRA_PAREN: &str = "unexpected )";
const TOO_DEEP: &str = "expression nests too deeply";
/// Also what rhelm says where the compiled form would take too much memory.
pub(super) const TOO_LARGE: &str = "expression too large";

#[derive(Clone, Copy)]
struct Flags {
    /// `i`
    fold: bool,
    /// `m`
    multi_line: bool,
    /// `s`
    dot_all: bool,
    /// `U`
    lazy: bool,
}

/// An expression and what Go's limits look at.
struct Node {
    hir: Hir,
    height: u32,
    size: u64,
    /// The greatest product of counts on a way down.
    repeats: u32,
    literal: bool,
}

/// An open parenthesis, or the whole pattern.
struct Frame {
    /// The group's number and name.
    capture: Option<(u32, Option<Box<[u8]>>)>,
    /// The flags before the parenthesis.
    outer: Flags,
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
}

impl Frame {
    fn new(capture: Option<(u32, Option<Box<[u8]>>)>, outer: Flags) -> Self {
        Frame { capture, outer, alternatives: Vec::new(), sequence: Vec::new() }
    }
}

struct Parser<'a> {
    whole: &'a [u8],
    flags: Flags,
    open: Vec<Frame>,
    frame: Frame,
    names: Vec<Option<Box<[u8]>>>,
    runes: usize,
}

fn tail(text: &[u8], from: usize) -> &[u8] {
    text.get(from..).unwrap_or_default()
}

/// What of `text` comes before its suffix `rest`.
fn before<'a>(text: &'a [u8], rest: &[u8]) -> &'a [u8] {
    text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// The next character and the rest; U+FFFD at the end, as in Go.
fn next(text: &[u8]) -> Result<(char, &[u8]), Error> {
    match decode(text) {
        None => Ok((char::REPLACEMENT_CHARACTER, text)),
        Some((char::REPLACEMENT_CHARACTER, 1)) => Err(error(BAD_UTF8, text)),
        Some((c, width)) => Ok((c, tail(text, width))),
    }
}

fn check_utf8(text: &[u8]) -> Result<(), Error> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(e) => Err(error(BAD_UTF8, tail(text, e.valid_up_to()))),
    }
}

fn find(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|&b| b == byte)
}

/// Reads a pattern. The error displays as Go's text.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, Error> {
    let flags = Flags { fold: false, multi_line: false, dot_all: false, lazy: false };
    let mut parser =
        Parser { whole: pattern, flags, open: Vec::new(), frame: Frame::new(None, flags), names: vec![None], runes: 0 };
    parser.run()?;
    if !parser.open.is_empty() {
        return Err(error(NO_PAREN, pattern));
    }
    let node = parser.close()?;
    Ok(Parsed { hir: node.hir, names: parser.names })
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), Error> {
        let mut rest = self.whole;
        let mut last_repeat: Option<&[u8]> = None;
        while let Some(&byte) = rest.first() {
            let mut repeat = None;
            rest = match byte {
                b'(' if rest.get(1) == Some(&b'?') => self.perl_group(rest)?,
                b'(' => {
                    self.open_group(None)?;
                    tail(rest, 1)
                }
                b'|' => {
                    let node = self.concat()?;
                    self.frame.alternatives.push(node);
                    tail(rest, 1)
                }
                b')' => {
                    self.close_group()?;
                    tail(rest, 1)
                }
                b'^' => self.look(if self.flags.multi_line { Look::StartLF } else { Look::Start }, rest, 1)?,
                b'$' => self.look(if self.flags.multi_line { Look::EndLF } else { Look::End }, rest, 1)?,
                b'.' => {
                    let mut any = class::range(0, 0x10_ffff);
                    if !self.flags.dot_all {
                        any = class::range(u32::from(b'\n'), u32::from(b'\n'));
                        any.negate();
                    }
                    self.push_class(any)?;
                    tail(rest, 1)
                }
                b'[' => self.bracket(rest)?,
                b'*' | b'+' | b'?' => {
                    let (min, max) = match byte {
                        b'*' => (0, None),
                        b'+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    repeat = Some(rest);
                    self.repeat(min, max, false, rest, tail(rest, 1), last_repeat)?
                }
                b'{' => match counts(rest) {
                    None => {
                        self.literal('{')?;
                        tail(rest, 1)
                    }
                    Some((min, max, after)) => {
                        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || min > max) {
                            return Err(error(BAD_COUNT, before(rest, after)));
                        }
                        repeat = Some(rest);
                        self.repeat(min, max, true, rest, after, last_repeat)?
                    }
                },
                b'\\' => self.backslash(rest)?,
                _ => {
                    let (c, after) = next(rest)?;
                    self.literal(c)?;
                    after
                }
            };
            last_repeat = repeat;
        }
        Ok(())
    }

    fn look(&mut self, look: Look, rest: &'a [u8], width: usize) -> Result<&'a [u8], Error> {
        self.push(Node { hir: Hir::look(look), height: 1, size: 1, repeats: 1, literal: false })?;
        Ok(tail(rest, width))
    }

    fn push(&mut self, node: Node) -> Result<(), Error> {
        let node = self.check(node)?;
        self.frame.sequence.push(node);
        Ok(())
    }

    fn check(&self, node: Node) -> Result<Node, Error> {
        if node.size > MAX_SIZE || self.runes > MAX_RUNES {
            return Err(error(TOO_LARGE, self.whole));
        }
        if node.height > MAX_HEIGHT {
            return Err(error(TOO_DEEP, self.whole));
        }
        Ok(node)
    }

    fn literal(&mut self, c: char) -> Result<(), Error> {
        self.runes += 1;
        let hir = if self.flags.fold {
            // A character without other cases gives a class of one, which is the same as a literal.
            let mut set = class::range(c as u32, c as u32);
            fold(&mut set);
            Hir::class(Class::Unicode(set))
        } else {
            Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes())
        };
        self.push(Node { hir, height: 1, size: 1, repeats: 1, literal: true })
    }

    fn push_class(&mut self, set: ClassUnicode) -> Result<(), Error> {
        self.runes += set.ranges().len() * 2;
        self.push(Node { hir: Hir::class(Class::Unicode(set)), height: 1, size: 1, repeats: 1, literal: false })
    }

    /// The sequence that has been read, as one expression.
    fn concat(&mut self) -> Result<Node, Error> {
        let nodes = std::mem::take(&mut self.frame.sequence);
        let size = nodes.iter().map(|n| n.size).sum::<u64>().max(1);
        let literal = !nodes.is_empty() && nodes.iter().all(|n| n.literal);
        let node = join(nodes, size, literal, Hir::concat);
        self.check(node)
    }

    /// Ends the current group or the pattern.
    fn close(&mut self) -> Result<Node, Error> {
        let last = self.concat()?;
        let mut nodes = std::mem::take(&mut self.frame.alternatives);
        if nodes.is_empty() {
            return Ok(last);
        }
        nodes.push(last);
        let size = nodes.iter().map(|n| n.size).sum::<u64>() + nodes.len() as u64 - 1;
        let node = join(nodes, size, false, Hir::alternation);
        self.check(node)
    }

    fn open_group(&mut self, name: Option<Box<[u8]>>) -> Result<(), Error> {
        let index = u32::try_from(self.names.len()).map_err(|_| error(TOO_LARGE, self.whole))?;
        self.names.push(name.clone());
        let frame = Frame::new(Some((index, name)), self.flags);
        self.open.push(std::mem::replace(&mut self.frame, frame));
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Error> {
        let node = self.close()?;
        let Some(outer) = self.open.pop() else {
            return Err(error(EXTRA_PAREN, self.whole));
        };
        let closed = std::mem::replace(&mut self.frame, outer);
        self.flags = closed.outer;
        match closed.capture {
            None => self.push(node),
            Some((index, _)) => self.push(Node {
                hir: Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) }),
                height: node.height + 1,
                size: node.size + 2,
                repeats: node.repeats,
                literal: false,
            }),
        }
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)`, `(?flags:`.
    fn perl_group(&mut self, text: &'a [u8]) -> Result<&'a [u8], Error> {
        let name_at = if text.len() > 4 && text.starts_with(b"(?P<") {
            Some(4)
        } else if text.len() > 3 && text.starts_with(b"(?<") {
            Some(3)
        } else {
            None
        };
        if let Some(at) = name_at {
            let Some(end) = find(text, b'>') else {
                check_utf8(text)?;
                return Err(error(BAD_NAME, text));
            };
            let name = text.get(at..end).unwrap_or_default();
            check_utf8(name)?;
            if name.is_empty() || !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                return Err(error(BAD_NAME, text.get(..=end).unwrap_or_default()));
            }
            self.open_group(Some(name.into()))?;
            return Ok(tail(text, end + 1));
        }
        let mut rest = tail(text, 2);
        let mut flags = self.flags;
        let (mut on, mut any) = (true, false);
        while !rest.is_empty() {
            let (c, after) = next(rest)?;
            rest = after;
            match c {
                'i' => flags.fold = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'U' => flags.lazy = on,
                '-' if on => {
                    (on, any) = (false, false);
                    continue;
                }
                ':' | ')' if on || any => {
                    if c == ':' {
                        let frame = Frame::new(None, self.flags);
                        self.open.push(std::mem::replace(&mut self.frame, frame));
                    }
                    self.flags = flags;
                    return Ok(rest);
                }
                _ => break,
            }
            any = true;
        }
        Err(error(BAD_PERL, before(text, rest)))
    }

    /// Repeats the last expression; gives what follows the operator and its `?`.
    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        counted: bool,
        text: &'a [u8],
        mut after: &'a [u8],
        last: Option<&'a [u8]>,
    ) -> Result<&'a [u8], Error> {
        let mut lazy = self.flags.lazy;
        if after.first() == Some(&b'?') {
            after = tail(after, 1);
            lazy = !lazy;
        }
        if let Some(last) = last {
            return Err(error(BAD_REPEAT, before(last, after)));
        }
        let Some(node) = self.frame.sequence.pop() else {
            return Err(error(NO_ARGUMENT, before(text, after)));
        };
        let (n, m) = (u64::from(min), max.map(u64::from));
        let size = match (m, counted, min) {
            (None, false, 0) | (None, true, 0) => node.size + 2,
            (None, false, _) | (Some(_), false, _) => node.size + 1,
            (None, true, _) => node.size.saturating_mul(n) + 1,
            (Some(m), true, _) => node.size.saturating_mul(m) + (m - n),
        };
        let count = if counted { max.unwrap_or(min) } else { 1 };
        let repeats = if max == Some(0) { 1 } else { count.max(1).saturating_mul(node.repeats) };
        let hir = Hir::repetition(Repetition { min, max, greedy: !lazy, sub: Box::new(node.hir) });
        self.push(Node { hir, height: node.height + 1, size: size.max(1), repeats, literal: false })?;
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && repeats > MAX_REPEAT {
            return Err(error(BAD_COUNT, before(text, after)));
        }
        Ok(after)
    }

    fn backslash(&mut self, text: &'a [u8]) -> Result<&'a [u8], Error> {
        match text.get(1) {
            Some(b'A') => return self.look(Look::Start, text, 2),
            Some(b'b') => return self.look(Look::WordAscii, text, 2),
            Some(b'B') => return self.look(Look::WordAsciiNegate, text, 2),
            Some(b'z') => return self.look(Look::End, text, 2),
            Some(b'C') => return Err(error(BAD_ESCAPE, text.get(..2).unwrap_or_default())),
            Some(b'Q') => {
                let quoted = tail(text, 2);
                let end = quoted.windows(2).position(|w| w == b"\\E");
                let (mut literal, rest) = match end {
                    Some(end) => (quoted.get(..end).unwrap_or_default(), tail(quoted, end + 2)),
                    None => (quoted, &[][..]),
                };
                while !literal.is_empty() {
                    let (c, after) = next(literal)?;
                    self.literal(c)?;
                    literal = after;
                }
                return Ok(rest);
            }
            _ => {}
        }
        if let Some((set, rest)) = self.unicode_class(text)? {
            self.push_class(set)?;
            return Ok(rest);
        }
        if let Some((set, rest)) = self.perl_class(text) {
            self.push_class(set)?;
            return Ok(rest);
        }
        let (c, rest) = escape(text)?;
        match char::from_u32(c) {
            Some(c) => self.literal(c)?,
            // A surrogate matches nothing.
            None => self.push_class(ClassUnicode::empty())?,
        }
        Ok(rest)
    }

    /// `\pN`, `\p{Greek}`, `\P{^Greek}` at the start.
    fn unicode_class(&self, text: &'a [u8]) -> Result<Option<(ClassUnicode, &'a [u8])>, Error> {
        let mut negated = match text {
            [b'\\', b'p', ..] => false,
            [b'\\', b'P', ..] => true,
            _ => return Ok(None),
        };
        let (c, after) = next(tail(text, 2))?;
        let (sequence, mut name, rest) = if c == '{' {
            let Some(end) = find(text, b'}') else {
                check_utf8(text)?;
                return Err(error(BAD_CLASS, text));
            };
            let name = text.get(3..end).unwrap_or_default();
            check_utf8(name)?;
            (text.get(..=end).unwrap_or_default(), name, tail(text, end + 1))
        } else {
            let sequence = before(text, after);
            (sequence, tail(sequence, 2), after)
        };
        if let Some(positive) = name.strip_prefix(b"^") {
            name = positive;
            negated = !negated;
        }
        let Some(mut set) = class::unicode(name) else {
            return Err(error(BAD_CLASS, sequence));
        };
        // Go has no other cases of what is assigned.
        if self.flags.fold {
            fold(&mut set);
        }
        if negated {
            set.negate();
        }
        Ok(Some((set, rest)))
    }

    /// `\d`, `\W`, … at the start.
    fn perl_class(&self, text: &'a [u8]) -> Option<(ClassUnicode, &'a [u8])> {
        let [b'\\', letter, rest @ ..] = text else { return None };
        let set = class::perl(letter.to_ascii_lowercase())?;
        Some((self.group(set, letter.is_ascii_uppercase()), rest))
    }

    fn group(&self, mut set: ClassUnicode, negated: bool) -> ClassUnicode {
        if self.flags.fold {
            fold(&mut set);
        }
        if negated {
            set.negate();
        }
        set
    }

    /// `[…]` at the start.
    fn bracket(&mut self, text: &'a [u8]) -> Result<&'a [u8], Error> {
        let mut rest = tail(text, 1);
        let negated = rest.first() == Some(&b'^');
        if negated {
            rest = tail(rest, 1);
        }
        let mut set = ClassUnicode::empty();
        let mut ranges = Vec::new();
        let mut first = true;
        while rest.first() != Some(&b']') || first {
            first = false;
            if rest.len() > 2
                && rest.starts_with(b"[:")
                && let Some(end) = tail(rest, 2).windows(2).position(|w| w == b":]")
            {
                let name = rest.get(2..2 + end).unwrap_or_default();
                let (name, not) = match name.strip_prefix(b"^") {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                let Some(named) = class::posix(name) else {
                    return Err(error(BAD_CLASS, rest.get(..end + 4).unwrap_or_default()));
                };
                set.union(&self.group(named, not));
                rest = tail(rest, end + 4);
                continue;
            }
            if let Some((named, after)) = self.unicode_class(rest)? {
                set.union(&named);
                rest = after;
                continue;
            }
            if let Some((named, after)) = self.perl_class(rest) {
                set.union(&named);
                rest = after;
                continue;
            }
            let from = rest;
            let (low, after) = class_char(rest, text)?;
            rest = after;
            let mut high = low;
            if let [b'-', next, ..] = rest
                && *next != b']'
            {
                (high, rest) = class_char(tail(rest, 1), text)?;
                if high < low {
                    return Err(error(BAD_CLASS, before(from, rest)));
                }
            }
            ranges.extend(class::range(low, high).iter().copied());
        }
        // One sort for all ranges, not one each.
        let mut plain = ClassUnicode::new(ranges);
        if self.flags.fold {
            fold(&mut plain);
        }
        set.union(&plain);
        if negated {
            set.negate();
        }
        self.push_class(set)?;
        Ok(tail(rest, 1))
    }
}

fn fold(set: &mut ClassUnicode) {
    // Fails only where the crate was built without its tables.
    let _ = set.try_case_fold_simple();
}

fn join(mut nodes: Vec<Node>, size: u64, literal: bool, combine: fn(Vec<Hir>) -> Hir) -> Node {
    if nodes.len() == 1
        && let Some(only) = nodes.pop()
    {
        return only;
    }
    let below = nodes.iter().map(|n| n.height).max().unwrap_or(0);
    let height = if literal { 1 } else { below + 1 };
    let repeats = nodes.iter().map(|n| n.repeats).max().unwrap_or(1);
    Node { hir: combine(nodes.into_iter().map(|n| n.hir).collect()), height, size, repeats, literal }
}

/// `{2}`, `{2,}`, `{2,5}` at the start. Numbers that are too big come as `u32::MAX`.
fn counts(text: &[u8]) -> Option<(u32, Option<u32>, &[u8])> {
    let (min, rest) = count(tail(text, 1))?;
    let (max, rest) = match rest {
        [b',', b'}', ..] => (None, tail(rest, 1)),
        [b',', ..] => {
            let (max, rest) = count(tail(rest, 1))?;
            (Some(max), rest)
        }
        _ => (Some(min), rest),
    };
    Some((min, max, rest.strip_prefix(b"}")?))
}

/// A decimal number without leading zeros.
fn count(text: &[u8]) -> Option<(u32, &[u8])> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len)?;
    if digits.is_empty() || digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    let n = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u32::MAX);
    Some((n, rest))
}

fn class_char<'a>(text: &'a [u8], whole: &[u8]) -> Result<(u32, &'a [u8]), Error> {
    match text.first() {
        None => Err(error(NO_BRACKET, whole)),
        Some(b'\\') => escape(text),
        Some(_) => next(text).map(|(c, rest)| (c as u32, rest)),
    }
}

/// An escaped character at the start: `\n`, `\x41`, `\x{1F600}`, `\101`, `\.`.
fn escape(text: &[u8]) -> Result<(u32, &[u8]), Error> {
    let rest = tail(text, 1);
    if rest.is_empty() {
        return Err(error(BACKSLASH, b""));
    }
    let (c, mut rest) = next(rest)?;
    let octal = |rest: &[u8]| rest.first().filter(|b| (b'0'..=b'7').contains(b)).map(|b| u32::from(b - b'0'));
    match c {
        // One digit would be a back-reference.
        '1'..='7' if octal(rest).is_none() => {}
        '0'..='7' => {
            let mut value = c as u32 - u32::from(b'0');
            for _ in 0..2 {
                let Some(digit) = octal(rest) else { break };
                value = value * 8 + digit;
                rest = tail(rest, 1);
            }
            return Ok((value, rest));
        }
        'x' if rest.is_empty() => {}
        'x' => {
            let (high, after) = next(rest)?;
            rest = after;
            if high == '{' {
                let (mut value, mut digits) = (0u32, 0);
                while !rest.is_empty() {
                    let (c, after) = next(rest)?;
                    rest = after;
                    if c == '}' && digits > 0 {
                        return Ok((value, rest));
                    }
                    let Some(digit) = c.to_digit(16) else { break };
                    value = value * 16 + digit;
                    if value > 0x10_ffff {
                        break;
                    }
                    digits += 1;
                }
            } else {
                let (low, after) = next(rest)?;
                rest = after;
                if let (Some(high), Some(low)) = (high.to_digit(16), low.to_digit(16)) {
                    return Ok((high * 16 + low, rest));
                }
            }
        }
        'a' => return Ok((7, rest)),
        'f' => return Ok((0x0c, rest)),
        'n' => return Ok((0x0a, rest)),
        'r' => return Ok((0x0d, rest)),
        't' => return Ok((0x09, rest)),
        'v' => return Ok((0x0b, rest)),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => return Ok((c as u32, rest)),
        _ => {}
    }
    Err(error(BAD_ESCAPE, before(text, rest)))
}
