//! Lays steps into a template's loops, and marks into its text.
//!
//! Tera limits how deep things nest, not how long they run: two loops over 100,000 items inside each other run for
//! minutes. So each body of a loop, each component and each list made by a `for` counts a step, and each variable is
//! weighed when it is set. The additions stay on their line and are taken out of every place that Tera tells.
//!
//! Marks tell afterwards what wrote which part of the text: Tera does not. They are laid only into a copy that is
//! rendered to learn that.

use super::functions::STEP;
use super::names::{opening, raw_end};
use std::ops::Range;

/// Begins a mark: `\x012c12\x02` is text from byte 12 of file 2, `\x012e12\x02` what the expression there prints.
pub(super) const OPEN: char = '\u{1}';
/// Ends a mark.
pub(super) const CLOSE: char = '\u{2}';

/// A template with additions.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    pub(super) text: String,
    /// Where in the original something was added, and how many bytes; in order.
    added: Vec<(usize, usize)>,
}

impl Guarded {
    /// A place of the text as a place of the original.
    pub(super) fn original(&self, offset: usize) -> usize {
        let mut before = 0;
        for (at, length) in &self.added {
            let starts = at + before;
            if offset < starts {
                break;
            }
            if offset < starts + length {
                return *at;
            }
            before += length;
        }
        offset - before
    }

    /// The byte offset of a line (from 1) and column (from 1, in characters), as one of the original.
    pub(super) fn original_of(&self, line: usize, column: usize) -> usize {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i);
        self.original(start + within)
    }
}

/// The original with additions; with marks that bear its number, if it has one.
pub(super) fn guarded(source: &str, marked: Option<usize>) -> Guarded {
    let marked = marked.filter(|_| !source.contains([OPEN, CLOSE]));
    let child = source.match_indices("{%").any(|(at, _)| {
        let tag = source.get(at + 2..).unwrap_or_default();
        tag.strip_prefix('-').unwrap_or(tag).trim_start().starts_with("extends")
    });
    let mut scan = Scan { source, marked, child, ..Scan::default() };
    scan.run();
    let mut additions = scan.additions;
    // Those at one place keep their order.
    additions.sort_by_key(|(at, _)| *at);
    let mut guarded = Guarded::default();
    let mut done = 0;
    for (at, text) in additions {
        guarded.text.push_str(source.get(done..at).unwrap_or_default());
        guarded.text.push_str(&text);
        guarded.added.push((at, text.len()));
        done = at;
    }
    guarded.text.push_str(source.get(done..).unwrap_or_default());
    guarded
}

#[derive(Default)]
struct Scan<'s> {
    source: &'s str,
    marked: Option<usize>,
    additions: Vec<(usize, String)>,
    /// Whether it extends another, which has a say over all that is in no block…
    child: bool,
    /// … and how many blocks and components are open.
    inside: usize,
    /// Open loops: which addition counts their rounds, where their body begins, how it ends.
    loops: Vec<(usize, usize, &'static str)>,
    /// Variables whose value is the text up to `endset`.
    sets: Vec<String>,
}

/// A piece of a tag.
enum Token<'s> {
    Word(&'s str),
    Sign(u8),
}

impl<'s> Scan<'s> {
    fn run(&mut self) {
        let mut at = 0;
        // Whether the tag before takes the white space behind it.
        let mut trims = false;
        while at < self.source.len() {
            let rest = self.source.get(at..).unwrap_or_default();
            let starts = opening(rest);
            let start = starts.map_or(self.source.len(), |start| at + start);
            self.content(at..start, trims, starts.is_some());
            let Some(tag) = self.source.get(start..).filter(|tag| !tag.is_empty()) else { return };
            let end = match tag.as_bytes().get(1) {
                Some(b'#') => tag.find("#}").map(|end| start + end + 2),
                Some(b'{') => self.tag(start + 2, "}}").map(|(end, _)| end),
                _ => match raw_end(tag) {
                    Some(length) => Some(start + length),
                    None => self.tag(start + 2, "%}").map(|(end, tokens)| {
                        self.statement(start, end, &tokens);
                        end
                    }),
                },
            };
            // A tag without an end: Tera has words for it.
            let Some(end) = end else { return };
            trims = self.source.get(..end.saturating_sub(2)).is_some_and(|before| before.ends_with('-'));
            at = end;
        }
    }

    /// Text between tags. What follows it is a tag if `tagged`.
    fn content(&mut self, range: Range<usize>, trims: bool, tagged: bool) {
        let Some(file) = self.marked.filter(|_| !self.child || self.inside > 0) else { return };
        let text = self.source.get(range.clone()).unwrap_or_default();
        let kept = if trims { text.trim_start() } else { text };
        let start = range.end - kept.len();
        if !kept.is_empty() {
            self.additions.push((start, format!("{OPEN}{file}c{start}{CLOSE}")));
        }
        let next = self.source.get(range.end..).unwrap_or_default();
        if tagged && (next.starts_with("{{") || raw_end(next).is_some()) {
            let end = if next.as_bytes().get(2) == Some(&b'-') { start + kept.trim_end().len() } else { range.end };
            self.additions.push((end, format!("{OPEN}{file}e{}{CLOSE}", range.end)));
        }
    }

    /// Reads a tag from behind its opening; its end and its tokens. Lists made by a `for` get their steps here.
    fn tag(&mut self, start: usize, close: &str) -> Option<(usize, Vec<Token<'s>>)> {
        let source = self.source;
        let bytes = source.as_bytes();
        let mut tokens = Vec::new();
        let mut open: Vec<(u8, usize)> = Vec::new();
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            if bytes.get(at..)?.starts_with(close.as_bytes()) {
                return Some((at + close.len(), tokens));
            }
            match byte {
                b'"' | b'\'' | b'`' => {
                    let mut end = at + 1;
                    while *bytes.get(end)? != byte {
                        end += if bytes.get(end) == Some(&b'\\') { 2 } else { 1 };
                    }
                    tokens.push(Token::Sign(byte));
                    at = end + 1;
                    continue;
                }
                b'(' | b'[' | b'{' => open.push((byte, at)),
                b')' | b']' | b'}' => {
                    open.pop();
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let more = bytes.get(at..)?;
                    let length = more.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                    let word = source.get(at..at + length)?;
                    let field = matches!(tokens.last(), Some(Token::Sign(b'.')));
                    if let (true, false, Some((b'[', bracket))) = (word == "for", field, open.last()) {
                        self.additions.push((bracket + 1, format!("({STEP}() == '' and (")));
                        self.additions.push((at, ")) ".to_owned()));
                    }
                    tokens.push(Token::Word(word));
                    at += length;
                    continue;
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                tokens.push(Token::Sign(byte));
            }
            at += 1;
        }
        None
    }

    /// Adds steps behind a tag.
    fn statement(&mut self, start: usize, end: usize, tokens: &[Token<'s>]) {
        let mut words = tokens.iter().skip_while(|token| matches!(token, Token::Sign(b'-' | b'+')));
        let Some(Token::Word(keyword)) = words.next() else { return };
        let trims = self.source.get(..end - 2).is_some_and(|before| before.ends_with('-'));
        let close = if trims { "-}}" } else { "}}" };
        match *keyword {
            "block" | "component" => self.inside += 1,
            "endblock" => self.inside = self.inside.saturating_sub(1),
            _ if self.child && self.inside == 0 => return,
            "endcomponent" => self.inside = self.inside.saturating_sub(1),
            _ => {}
        }
        match *keyword {
            "for" | "component" => {
                let ends = if *keyword == "for" { "endfor" } else { "endcomponent" };
                self.loops.push((self.additions.len(), end, ends));
                self.additions.push((end, format!("{{{{ {STEP}() {close}")));
            }
            "endfor" | "endcomponent" => {
                if let Some((addition, body, _)) = self.loops.pop_if(|(_, _, ends)| ends == keyword)
                    && let Some((_, text)) = self.additions.get_mut(addition)
                {
                    *text = text.replace("()", &format!("(n={})", start.saturating_sub(body)));
                }
            }
            "set" | "set_global" => {
                let Some(Token::Word(name)) = words.next() else { return };
                match words.next() {
                    Some(Token::Sign(b'=')) => self.additions.push((end, format!("{{{{ {STEP}(v={name}) {close}"))),
                    _ => self.sets.push((*name).to_owned()),
                }
            }
            "endset" => {
                if let Some(name) = self.sets.pop() {
                    self.additions.push((end, format!("{{{{ {STEP}(v={name}) {close}")));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn additions() {
        for (source, expected) in [
            ("a {% for x in y %}b{% endfor %}", "a {% for x in y %}{{ S(n=1) }}b{% endfor %}"),
            ("{% for x in '%}' -%} b{%- endfor %}", "{% for x in '%}' -%}{{ S(n=2) -}} b{%- endfor %}"),
            ("{% set a = b ~ b %}", "{% set a = b ~ b %}{{ S(v=a) }}"),
            ("{% set a %}{% endset %}", "{% set a %}{% endset %}{{ S(v=a) }}"),
            ("{{ [x.for for x in y] }}", "{{ [(S() == '' and (x.for )) for x in y] }}"),
            ("{% raw %}{% for x in y %}{% endraw %}{{ '", "{% raw %}{% for x in y %}{% endraw %}{{ '"),
            ("{# {% for x in y %} #}", "{# {% for x in y %} #}"),
        ] {
            assert_eq!(guarded(source, None).text.replace("__rhelm_step", "S"), expected);
        }
    }

    #[test]
    fn places() {
        let guarded = guarded("{% for x in y %}b{{ z }}", None);
        let at = guarded.text.find("{{ z").unwrap();
        assert_eq!(guarded.original(at), 17);
        assert_eq!(guarded.original_of(1, at + 1), 17);
    }
}
