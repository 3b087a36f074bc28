//! Pattern → tree.

use crate::go::unicode::decode;

/// How deep braces may nest.
const MAX_DEPTH: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `{a,b}`: each a [`Node::Pattern`].
    AnyOf(Vec<Node>),
    Pattern(Vec<Node>),
    Text(Vec<u8>),
    /// `*`
    Any,
    /// `**`
    Super,
    /// `?`
    Single,
    /// `[abc]`
    List {
        chars: Vec<char>,
        not: bool,
    },
    /// `[a-z]`
    Range {
        low: char,
        high: char,
        not: bool,
    },
    Nothing,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// The next character; NUL at the end, as in the original, where a NUL in a pattern ends it.
    fn peek(&self) -> Result<(char, usize), String> {
        match decode(self.rest) {
            None => Ok(('\0', 0)),
            Some((char::REPLACEMENT_CHARACTER, _)) => Err("could not read rune".into()),
            Some(found) => Ok(found),
        }
    }

    fn read(&mut self) -> Result<char, String> {
        let (c, width) = self.peek()?;
        self.skip(width);
        Ok(c)
    }

    fn skip(&mut self, width: usize) {
        self.rest = self.rest.get(width..).unwrap_or_default();
    }

    /// Text up to one of `breakers`; a backslash takes what follows as it is.
    fn text(&mut self, breakers: &[char]) -> Result<String, String> {
        let mut text = String::new();
        let mut escaped = false;
        loop {
            let (c, width) = self.peek()?;
            if c == '\0' {
                self.skip(width);
                return Ok(text);
            }
            if !escaped {
                if c == '\\' {
                    escaped = true;
                    self.skip(width);
                    continue;
                }
                if breakers.contains(&c) {
                    return Ok(text);
                }
            }
            escaped = false;
            self.skip(width);
            text.push(c);
        }
    }

    /// What follows `[`.
    fn range(&mut self) -> Result<Node, String> {
        let mut not = false;
        loop {
            let (c, width) = self.peek()?;
            if c == '\0' {
                return Err("unexpected end of input".into());
            }
            if c == '!' && !not {
                self.skip(width);
                not = true;
                continue;
            }
            let start = self.rest;
            self.skip(width);
            if self.peek()?.0 == '-' {
                self.skip(1);
                let high = self.read()?;
                if high == '\0' {
                    return Err("unexpected end of input".into());
                }
                self.close()?;
                if high < c {
                    return Err(format!("hi character '{high}' should be greater than lo '{c}'"));
                }
                return Ok(Node::Range { low: c, high, not });
            }
            self.rest = start;
            let chars: Vec<char> = self.text(&[']'])?.chars().collect();
            self.close()?;
            if chars.is_empty() {
                return Err("could not parse range".into());
            }
            return Ok(Node::List { chars, not });
        }
    }

    fn close(&mut self) -> Result<(), String> {
        match self.read()? {
            '\0' => Err("unexpected end of input".into()),
            ']' => Ok(()),
            _ => Err("expected close range character".into()),
        }
    }
}

/// The root is always a [`Node::Pattern`].
pub(super) fn parse(pattern: &[u8]) -> Result<Node, String> {
    let mut reader = Reader { rest: pattern };
    // Of each open brace: what stands before it, and its alternatives so far.
    let mut open: Vec<(Vec<Node>, Vec<Node>)> = Vec::new();
    let mut current = Vec::new();
    loop {
        let (c, width) = reader.peek()?;
        if c == '\0' {
            break;
        }
        let inside = !open.is_empty();
        let start = reader.rest;
        reader.skip(width);
        match c {
            '{' => {
                if open.len() >= MAX_DEPTH {
                    return Err("braces nest too deeply".into());
                }
                open.push((std::mem::take(&mut current), Vec::new()));
            }
            ',' if inside => {
                if let Some((_, alternatives)) = open.last_mut() {
                    alternatives.push(Node::Pattern(std::mem::take(&mut current)));
                }
            }
            '}' if inside => close(&mut open, &mut current),
            '[' => current.push(reader.range()?),
            '?' => current.push(Node::Single),
            '*' => {
                if reader.peek()?.0 == '*' {
                    reader.skip(1);
                    current.push(Node::Super);
                } else {
                    current.push(Node::Any);
                }
            }
            _ => {
                reader.rest = start;
                let breakers: &[char] = if inside { &['?', '*', '[', '{', '}', ','] } else { &['?', '*', '[', '{'] };
                let text = reader.text(breakers)?;
                if !text.is_empty() {
                    current.push(Node::Text(text.into_bytes()));
                }
            }
        }
    }
    // Braces that are left open end with the pattern.
    while !open.is_empty() {
        close(&mut open, &mut current);
    }
    Ok(Node::Pattern(current))
}

fn close(open: &mut Vec<(Vec<Node>, Vec<Node>)>, current: &mut Vec<Node>) {
    if let Some((before, mut alternatives)) = open.pop() {
        alternatives.push(Node::Pattern(std::mem::replace(current, before)));
        current.push(Node::AnyOf(alternatives));
    }
}
