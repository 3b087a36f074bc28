//! Hides what values files hold: logs of CI keep what they see.
//!
//! Whoever writes a sentence marks what must not be seen with [`secret`]; drawing hides or shows it. Excerpts are
//! masked line by line from the looks of the lines: what cannot be told apart from a scalar is hidden.

use super::Source;
use std::borrow::Cow;
use std::ops::Range;

/// What stands in place of a scalar, whatever its length.
pub(super) const MASK: &str = "***";

// From a private range of Unicode: no chart's text means anything by them.
const OPEN: char = '\u{f5e0}';
const CLOSE: char = '\u{f5e1}';

/// A stretch of a note, label, fact or hint that is hidden where values are masked.
pub fn secret(text: &str) -> String {
    let inner: String = text.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect();
    format!("{OPEN}{inner}{CLOSE}")
}

/// A line of a YAML text with its scalars marked as [`secret`]; `start` is the offset of the line's first byte.
pub fn secret_line(text: &[u8], start: usize) -> String {
    let line = line_at(text, start);
    let mut out = String::new();
    let mut from = 0;
    if let Some(range) = yaml_scalar(line, in_block(text, start)) {
        out.push_str(&String::from_utf8_lossy(line.get(from..range.start).unwrap_or_default()));
        out.push_str(&secret(&String::from_utf8_lossy(line.get(range.clone()).unwrap_or_default())));
        from = range.end;
    }
    out.push_str(&String::from_utf8_lossy(line.get(from..).unwrap_or_default()));
    out
}

/// A sentence as it may be seen.
pub(super) fn reveal(text: &str, mask: bool) -> Cow<'_, str> {
    if !text.contains([OPEN, CLOSE]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut hidden = false;
    for c in text.chars() {
        match c {
            OPEN => {
                hidden = mask;
                if mask {
                    out.push_str(MASK);
                }
            }
            CLOSE => hidden = false,
            _ if hidden => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The bytes of a line that are hidden, in order. `start` is the offset of the line in its source.
pub(super) fn hidden(source: &Source, start: usize) -> Vec<Range<usize>> {
    let line = line_at(&source.text, start);
    if source.holds_values() {
        let scalar = yaml_scalar(line, in_block(&source.text, start));
        if source.path.ends_with(".tera") {
            return scalar.into_iter().flat_map(|range| outside_tags(line, range)).collect();
        }
        return scalar.into_iter().collect();
    }
    if source.name.starts_with("--set") {
        // `a.b=c`: what stands before the first sign is a key.
        let from = line.iter().position(|&b| b == b'=').map_or(0, |at| at + 1);
        return if from < line.len() { vec![Range { start: from, end: line.len() }] } else { Vec::new() };
    }
    if source.is_tpl() { outside_actions(line) } else { Vec::new() }
}

/// What surrounds the actions of a template that stands in a value.
fn outside_actions(line: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    loop {
        let rest = line.get(from..).unwrap_or_default();
        let open = memchr::memmem::find(rest, b"{{").map_or(line.len(), |at| from + at);
        let text = line.get(from..open).unwrap_or_default();
        if !text.trim_ascii().is_empty() {
            ranges.push(from..open);
        }
        let Some(close) = memchr::memmem::find(line.get(open..).unwrap_or_default(), b"}}") else { return ranges };
        from = open + close + 2;
    }
}

/// What surrounds the tags of a templated layer, in a part of a line: they are code, and seen.
fn outside_tags(line: &[u8], part: Range<usize>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = part.start;
    while from < part.end {
        let rest = line.get(from..part.end).unwrap_or_default();
        let open = rest.windows(2).position(|pair| matches!(pair, b"{{" | b"{%" | b"{#"));
        let end = open.map_or(part.end, |at| from + at);
        if !line.get(from..end).unwrap_or_default().trim_ascii().is_empty() {
            ranges.push(from..end);
        }
        let Some(tag) = line.get(end..part.end).filter(|tag| !tag.is_empty()) else { break };
        let close = tag.windows(2).position(|pair| matches!(pair, b"}}" | b"%}" | b"#}"));
        from = close.map_or(part.end, |at| end + at + 2);
    }
    ranges
}

/// The line that starts at an offset, without its end.
pub(super) fn line_at(text: &[u8], start: usize) -> &[u8] {
    let rest = text.get(start..).unwrap_or_default();
    let line = memchr::memchr(b'\n', rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn indentation(line: &[u8]) -> usize {
    line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// A line without its key.
struct Parts {
    /// The column of the key, or of the last `-` if there is none.
    parent: usize,
    /// Where the value begins.
    value: usize,
}

/// Takes indicators and a key off a line; `None` where there is nothing else, or a comment.
fn parts(line: &[u8]) -> Option<Parts> {
    let mut at = indentation(line);
    let mut parent = at;
    loop {
        match line.get(at..)? {
            [] | [b'#', ..] => return None,
            [b'-' | b'?'] => return None,
            [b'-' | b'?', b' ', ..] => {
                parent = at;
                at += 2;
                at += indentation(line.get(at..)?);
            }
            _ => break,
        }
    }
    let rest = line.get(at..)?;
    let colon = match rest.first()? {
        b'{' | b'[' => None,
        quote @ (b'"' | b'\'') => {
            let mut end = 1;
            while let Some(&b) = rest.get(end) {
                if b == *quote {
                    break;
                }
                end += if b == b'\\' && *quote == b'"' { 2 } else { 1 };
            }
            let after = end + 1;
            let gap = indentation(rest.get(after..).unwrap_or_default());
            (rest.get(after + gap) == Some(&b':')).then_some(after + gap)
        }
        _ => (0..rest.len())
            .find(|&i| rest.get(i) == Some(&b':') && rest.get(i + 1).is_none_or(|b| matches!(b, b' ' | b'\t'))),
    };
    let Some(colon) = colon else { return Some(Parts { parent, value: at }) };
    let value = at + colon + 1;
    let value = value + indentation(line.get(value..).unwrap_or_default());
    Some(Parts { parent: at, value })
}

/// `|`, `>-`, `|2` and their like.
fn is_block_header(value: &[u8]) -> bool {
    match value.split_first() {
        Some((b'|' | b'>', rest)) => {
            let word = rest.split(|b| matches!(b, b' ' | b'\t')).next().unwrap_or_default();
            let more = rest.get(word.len()..).unwrap_or_default().trim_ascii();
            word.iter().all(|b| matches!(b, b'+' | b'-' | b'0'..=b'9')) && (more.is_empty() || more.starts_with(b"#"))
        }
        _ => false,
    }
}

/// The scalar of a line, if it holds one. Collections in brackets count as one.
fn yaml_scalar(line: &[u8], in_block: bool) -> Option<Range<usize>> {
    let end = line.trim_ascii_end().len();
    let start = if in_block { indentation(line) } else { parts(line)?.value };
    let value = line.get(start..end)?;
    let harmless = value.is_empty()
        || !in_block
            && (value.starts_with(b"#")
                || is_block_header(value)
                || value.starts_with(b"---")
                || value.iter().all(|b| b"{}[], \t".contains(b)));
    (!harmless).then_some(start..end)
}

/// Whether a line belongs to a `|` or `>` that began above it.
fn in_block(text: &[u8], start: usize) -> bool {
    let before = text.get(..start).unwrap_or(text);
    let mut block: Option<usize> = None;
    let lines = before.split(|&b| b == b'\n').chain([line_at(text, start)]);
    let mut inside = false;
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        inside = false;
        let indent = indentation(line);
        if indent == line.len() {
            inside = block.is_some();
            continue;
        }
        if let Some(parent) = block {
            if indent > parent {
                inside = true;
                continue;
            }
            block = None;
        }
        if memchr::memchr2(b'|', b'>', line).is_some()
            && let Some(Parts { parent, value }) = parts(line)
            && is_block_header(line.get(value..).unwrap_or_default())
        {
            block = Some(parent);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars() {
        for (text, expected) in [
            ("a: 1", "a: ***"),
            ("  - name: \"x\" # y", "  - name: ***"),
            ("- x", "- ***"),
            ("\"a b\": c", "\"a b\": ***"),
            ("a:", "a:"),
            ("# a: 1", "# a: 1"),
            ("a: |", "a: |"),
            ("a: >-  # x", "a: >-  # x"),
            ("a: {b: c}", "a: ***"),
            ("a: {}", "a: {}"),
            ("going on", "***"),
            ("k: |\n  # secret: x", "  ***"),
            ("- k: |\n    x\n  l: y", "  l: ***"),
            ("url: http://x", "url: ***"),
        ] {
            let start = text.rfind('\n').map_or(0, |at| at + 1);
            assert_eq!(reveal(&secret_line(text.as_bytes(), start), true), expected, "{text}");
            assert_eq!(reveal(&secret_line(text.as_bytes(), start), false), &text[start..], "{text}");
        }
    }

    #[test]
    fn actions() {
        let hidden = outside_actions(b"https://{{ .a }}/x{{ .b }}");
        assert_eq!(hidden, [0..8, 16..18]);
        assert!(outside_actions(b"{{ .a").is_empty());
    }
}
