//! Expressions as they are written: arguments of a command, keys of a chain. Works on text that has been parsed
//! before, so what is odd is left alone.

use crate::diagnostic::Span;

/// `.Values.image.tag`, `$.Values.a`, `(.Values.ingress).host`.
pub(super) struct Chain {
    /// The keys in order, parentheses left out.
    pub(super) keys: Vec<Key>,
}

/// A key, and where it stands in the chain's text, its dot included.
pub(super) struct Key {
    pub(super) name: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// Takes a chain apart; `None` if the text is anything else.
pub(super) fn chain(text: &[u8]) -> Option<Chain> {
    let mut keys = Vec::new();
    let mut at = 0;
    let run = |from: usize| from + text.get(from..).unwrap_or_default().iter().take_while(|b| is_word(**b)).count();
    while let Some(&b) = text.get(at) {
        match b {
            b'(' | b')' => at += 1,
            b'$' if keys.is_empty() => at = run(at + 1),
            b'.' => {
                let end = run(at + 1);
                let name = text.get(at + 1..end)?;
                if name.is_empty() {
                    return None;
                }
                keys.push(Key { name: String::from_utf8_lossy(name).into_owned(), start: at, end });
                at = end;
            }
            _ => return None,
        }
    }
    (!keys.is_empty()).then_some(Chain { keys })
}

/// The end of a quoted text that begins at `at`.
fn quoted_end(text: &[u8], at: usize) -> usize {
    let Some(&quote) = text.get(at) else { return at };
    let mut end = at + 1;
    while let Some(&b) = text.get(end) {
        if b == quote {
            return end + 1;
        }
        end += if b == b'\\' && quote != b'`' { 2 } else { 1 };
    }
    text.len()
}

/// The words of a command: the function and its arguments.
pub(super) fn arguments(text: &[u8], span: Span) -> Vec<Span> {
    let end = (span.end as usize).min(text.len());
    let mut found = Vec::new();
    let mut at = span.start as usize;
    let mut word: Option<usize> = None;
    let mut depth = 0_usize;
    while at < end {
        let Some(&b) = text.get(at) else { break };
        match b {
            b' ' | b'\t' | b'\n' | b'\r' | b'|' if depth == 0 => {
                found.extend(word.take().map(|start| Span::new(start, at)));
                if b == b'|' {
                    return found;
                }
                at += 1;
                continue;
            }
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        word.get_or_insert(at);
        at = if matches!(b, b'"' | b'`' | b'\'') { quoted_end(text, at) } else { at + 1 };
    }
    found.extend(word.map(|start| Span::new(start, end)));
    found
}

/// Words that begin an action and are no part of its pipeline.
const KEYWORDS: &[&[u8]] = &[b"if", b"else", b"with", b"range", b"template", b"block", b"define"];

/// What is piped into the command that begins at `start`, if something is.
pub(super) fn piped(text: &[u8], start: u32) -> Option<Span> {
    #[derive(Default)]
    struct Level {
        begin: Option<usize>,
        previous: Option<(usize, usize)>,
    }
    let start = start as usize;
    let mut at = memchr::memmem::rfind(text.get(..start)?, b"{{")? + 2;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    let mut levels = vec![Level::default()];
    // The end of what was read last that is no space.
    let mut solid = at;
    while at < start {
        let b = *text.get(at)?;
        let level = levels.last_mut()?;
        match b {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'|' => {
                level.previous = level.begin.take().map(|begin| (begin, solid));
                at += 1;
            }
            b'(' => {
                level.begin.get_or_insert(at);
                levels.push(Level::default());
                at += 1;
            }
            b')' => {
                levels.pop();
                if levels.is_empty() {
                    levels.push(Level::default());
                }
                at += 1;
            }
            b':' | b'=' => {
                *level = Level::default();
                at += 1;
            }
            b'"' | b'`' | b'\'' => {
                level.begin.get_or_insert(at);
                at = quoted_end(text, at);
            }
            _ => {
                let rest = text.get(at..start)?;
                let stop = |b: &u8| b" \t\r\n()|\"`'=:".contains(b);
                let end = at + rest.iter().position(stop).unwrap_or(rest.len());
                let keyword = levels.len() == 1 && KEYWORDS.contains(&text.get(at..end)?);
                let level = levels.last_mut()?;
                if !(keyword && level.begin.is_none() && level.previous.is_none()) {
                    level.begin.get_or_insert(at);
                }
                at = end.max(at + 1);
            }
        }
        solid = at;
    }
    let level = levels.last()?;
    match (level.begin, level.previous) {
        (None, Some((begin, end))) => Some(Span::new(begin, end)),
        _ => None,
    }
}

/// A stretch of an action without its delimiters: `{{- if .a }}` → `if .a`.
pub(super) fn without_delimiters(text: &[u8], span: Span) -> Span {
    let (mut start, mut end) = (span.start as usize, (span.end as usize).min(text.len()));
    let inner = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
    let space = |b: &u8| b.is_ascii_whitespace();
    if inner(start, end).starts_with(b"{{") {
        start += 2;
        if inner(start, end).starts_with(b"-") {
            start += 1;
        }
        start += inner(start, end).iter().take_while(|b| space(b)).count();
    }
    if inner(start, end).ends_with(b"}}") {
        end -= 2;
        if inner(start, end).ends_with(b" -") {
            end -= 1;
        }
    }
    end -= inner(start, end).iter().rev().take_while(|b| space(b)).count();
    Span::new(start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let spans = arguments(text.as_bytes(), Span::new(0, text.len()));
        spans.iter().map(|span| &text[span.start as usize..span.end as usize]).collect()
    }

    #[test]
    fn commands() {
        assert_eq!(words("required \"a b\" (.Values.x | f).y"), ["required", "\"a b\"", "(.Values.x | f).y"]);
        assert_eq!(words("f `\"` '\\'' .x"), ["f", "`\"`", "'\\''", ".x"]);
        assert_eq!(words("f"), ["f"]);
    }

    #[test]
    fn pipes() {
        for (text, expected) in [
            ("{{- .Values.x | required \"m\" }}", Some(".Values.x")),
            ("{{ if (.a | f \"|\") | required }}", Some("(.a | f \"|\")")),
            ("{{ $x := .a | b | required }}", Some("b")),
            ("{{ f (.c | required) }}", Some(".c")),
            ("{{ required }}", None),
        ] {
            let at = text.find("required").unwrap();
            let found = piped(text.as_bytes(), at as u32).map(|s| &text[s.start as usize..s.end as usize]);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn chains() {
        let keys = |text: &str| chain(text.as_bytes()).map(|c| c.keys.into_iter().map(|k| k.name).collect::<Vec<_>>());
        assert_eq!(keys("(.Values.ingress).host").unwrap(), ["Values", "ingress", "host"]);
        assert_eq!(keys("$.Values.a").unwrap(), ["Values", "a"]);
        assert_eq!(keys("$x.a").unwrap(), ["a"]);
        assert!(keys(".").is_none() && keys("(f .a).b").is_none() && keys("\"x\"").is_none());
    }

    #[test]
    fn delimiters() {
        for (text, expected) in [("{{- if .a -}}", "if .a"), ("{{if .a", "if .a"), ("range .x", "range .x")] {
            let span = without_delimiters(text.as_bytes(), Span::new(0, text.len()));
            assert_eq!(&text[span.start as usize..span.end as usize], expected);
        }
    }
}
