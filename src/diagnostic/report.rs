//! Draws failures: the only place that knows what an error looks like.

use super::excerpt::{Excerpt, Mark, Role, cut};
use super::mask::reveal;
use super::page::{Page, Style, tame};
use super::{Diagnostic, Error, Hint, Location, Source};
use std::fmt::Write as _;
use std::sync::Arc;

/// How errors look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The excerpt, what explains it, what to do.
    Pretty,
    /// `path:line:col: error: sentence`
    Short,
    /// One object a line.
    Json,
    /// What Helm prints.
    Helm,
}

/// More failures than this are counted and not drawn.
const MAX_DRAWN: usize = 100;

/// The text of a failure, without a final newline.
///
/// `mask` hides what comes from values files in excerpts, labels and facts; `colour` adds ANSI colours.
pub fn report(error: &Error, format: Format, mask: bool, colour: bool) -> String {
    let diagnostics = error.diagnostics();
    match format {
        Format::Helm => match error.helm_words() {
            // What fails before Helm has a command that could fail is a line of its log.
            line if line.starts_with("level=") => line,
            words => format!("Error: {words}"),
        },
        Format::Short => diagnostics.iter().map(short).collect::<Vec<_>>().join("\n"),
        Format::Json => diagnostics.iter().map(|d| json(d, mask)).collect::<Vec<_>>().join("\n"),
        Format::Pretty => {
            let mut page = Page::new(colour);
            // The last tells how many there are, and what Helm says.
            let left_out = diagnostics.len().saturating_sub(MAX_DRAWN);
            for (i, diagnostic) in diagnostics.iter().enumerate() {
                if left_out > 0 && i + 1 >= MAX_DRAWN && i + 1 < diagnostics.len() {
                    continue;
                }
                if i > 0 {
                    page.end_line();
                }
                if left_out > 0 && i + 1 == diagnostics.len() {
                    page.put(Style::Note, &format!("… {left_out} more"));
                    page.end_line();
                    page.end_line();
                }
                pretty(&mut page, diagnostic, mask);
            }
            page.finish()
        }
    }
}

fn short(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.at.as_ref().map(|at| format!("{}: ", place(at))).unwrap_or_default();
    let sentence = diagnostic.message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    format!("{place}error: {}", tame(&sentence))
}

fn place(at: &Location) -> String {
    let (line, column) = at.source.line_and_column(at.span.start);
    format!("{}:{line}:{column}", tame(&at.source.path))
}

/// What tools look for: Helm's last line. For a missing dependency what names it, for a schema
/// the line that says which it is about.
fn helm_line(words: &str) -> &str {
    let words = words.trim();
    if words.contains("missing in charts/ directory")
        && let Some(at) = words.find("found in Chart.yaml")
    {
        return words.get(at..).unwrap_or(words);
    }
    if words.starts_with("values don't meet the specifications of the schema") {
        return words.lines().next().unwrap_or(words);
    }
    words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

/// One source's part of the drawing.
struct Block<'d> {
    at: &'d Location,
    excerpt: Excerpt<'d>,
}

fn one_line(text: &str, mask: bool) -> String {
    cut(&reveal(text, mask).lines().collect::<Vec<_>>().join(" "))
}

/// The culprit and the labels, a block a source; the culprit's comes first.
fn blocks(diagnostic: &Diagnostic, mask: bool) -> Vec<Block<'_>> {
    let mut marks: Vec<(&Location, Mark)> = Vec::new();
    if let Some(at) = &diagnostic.at {
        let text = one_line(&diagnostic.note, mask);
        marks.push((at, Mark { span: at.span, role: Role::Culprit, text }));
    }
    for label in &diagnostic.labels {
        let role = if label.text.is_empty() { Role::Context } else { Role::Note };
        marks.push((&label.at, Mark { span: label.at.span, role, text: one_line(&label.text, mask) }));
    }
    let mut groups: Vec<(&Location, Vec<Mark>)> = Vec::new();
    for (at, mark) in marks {
        match groups.iter_mut().find(|(first, _)| same(&first.source, &at.source)) {
            Some((_, marks)) => marks.push(mark),
            None => groups.push((at, vec![mark])),
        }
    }
    groups.into_iter().map(|(at, marks)| Block { at, excerpt: Excerpt::new(&at.source, marks) }).collect()
}

fn same(a: &Arc<Source>, b: &Arc<Source>) -> bool {
    Arc::ptr_eq(a, b) || a.path == b.path && a.text == b.text
}

fn hint_block(hint: &Hint) -> Option<Block<'_>> {
    let at = hint.at.as_ref()?;
    let mark = Mark { span: at.span, role: Role::Note, text: String::new() };
    Some(Block { at, excerpt: Excerpt::new(&at.source, vec![mark]) })
}

fn pretty(page: &mut Page, diagnostic: &Diagnostic, mask: bool) {
    let blocks = blocks(diagnostic, mask);
    let hints: Vec<_> = diagnostic.hints.iter().map(|hint| (hint, hint_block(hint))).collect();
    let shown = blocks.iter().chain(hints.iter().filter_map(|(_, block)| block.as_ref()));
    let width = shown.map(|block| block.excerpt.last_line().to_string().len()).max().unwrap_or(1);

    page.put(Style::Error, "error");
    page.put(Style::Title, ": ");
    for (i, line) in diagnostic.message.lines().enumerate() {
        if i > 0 {
            page.put(Style::Plain, "       ");
        }
        page.put(Style::Title, &tame(line));
        page.end_line();
    }
    if diagnostic.message.is_empty() {
        page.end_line();
    }
    for (i, block) in blocks.iter().enumerate() {
        draw(page, width, block, if i == 0 { "-->" } else { ":::" }, mask);
    }
    let facts: Vec<_> = diagnostic.facts.iter().map(|fact| reveal(fact, mask)).collect();
    if !blocks.is_empty() && facts.iter().any(|fact| fact.contains('\n')) {
        page.bar(width);
        page.end_line();
    }
    for fact in facts {
        for (i, line) in fact.lines().enumerate() {
            if i == 0 {
                page.put(Style::Frame, &format!("{:width$} =", ""));
            } else {
                page.bar(width);
            }
            page.put(Style::Plain, " ");
            page.put(Style::Plain, &cut(line));
            page.end_line();
        }
    }
    for (hint, block) in &hints {
        page.put(Style::Help, "help");
        page.put(Style::Title, ": ");
        page.put(Style::Plain, &one_line(&hint.text, mask));
        page.end_line();
        if let Some(block) = block {
            draw(page, width, block, "-->", mask);
        }
    }
    if let Some(words) = &diagnostic.helm {
        let line = helm_line(words);
        if !line.is_empty() {
            page.put(Style::Frame, &format!("{:width$} =", ""));
            page.put(Style::Quiet, &format!(" helm: {}", tame(line)));
            page.end_line();
        }
    }
}

fn draw(page: &mut Page, width: usize, block: &Block<'_>, arrow: &str, mask: bool) {
    page.put(Style::Frame, &format!("{:width$}{arrow} ", ""));
    page.put(Style::Plain, &place(block.at));
    page.end_line();
    block.excerpt.draw(page, width, mask);
}

fn json(diagnostic: &Diagnostic, mask: bool) -> String {
    let mut out = String::from("{\"version\":1,\"severity\":\"error\",\"message\":");
    string(&mut out, &diagnostic.message);
    out.push(',');
    at(&mut out, diagnostic.at.as_ref());
    if !diagnostic.note.is_empty() {
        out.push_str(",\"note\":");
        string(&mut out, &reveal(&diagnostic.note, mask));
    }
    out.push_str(",\"labels\":[");
    let labels = diagnostic.labels.iter().filter(|label| !label.text.is_empty());
    for (i, label) in labels.enumerate() {
        out.push_str(if i > 0 { ",{" } else { "{" });
        at(&mut out, Some(&label.at));
        out.push_str(",\"text\":");
        string(&mut out, &reveal(&label.text, mask));
        out.push('}');
    }
    out.push_str("],\"facts\":[");
    for (i, fact) in diagnostic.facts.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        string(&mut out, &reveal(fact, mask));
    }
    out.push_str("],\"hints\":[");
    for (i, hint) in diagnostic.hints.iter().enumerate() {
        out.push_str(if i > 0 { ",{" } else { "{" });
        out.push_str("\"text\":");
        string(&mut out, &reveal(&hint.text, mask));
        out.push(',');
        at(&mut out, hint.at.as_ref());
        out.push('}');
    }
    out.push_str("],\"helm\":");
    match &diagnostic.helm {
        Some(words) => string(&mut out, words),
        None => out.push_str("null"),
    }
    out.push('}');
    out
}

/// `"path":…,"line":…,"column":…`, nulls without a place.
fn at(out: &mut String, at: Option<&Location>) {
    let Some(at) = at else {
        out.push_str("\"path\":null,\"line\":null,\"column\":null");
        return;
    };
    out.push_str("\"path\":");
    string(out, &at.source.path);
    let (line, column) = at.source.line_and_column(at.span.start);
    let _ = write!(out, ",\"line\":{line},\"column\":{column}");
}

/// A JSON string on one line.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Label, Span};

    fn source(name: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { name: name.into(), path: "d/f.yaml".into(), text: text.into(), origin: None })
    }

    fn at(source: &Arc<Source>, start: usize, end: usize) -> Location {
        Location { source: source.clone(), span: Span::new(start, end) }
    }

    #[test]
    fn marks() {
        let text = source("c/t", "one two three\n\n\tä漢字 x\r\nlast\n\n\nfar");
        let mut diagnostic = Diagnostic::new("it fails", "block\n  Helm's words").at(at(&text, 4, 7));
        diagnostic.note = "here".into();
        diagnostic.labels.push(Label { at: at(&text, 0, 3), text: "first".into() });
        diagnostic.labels.push(Label { at: at(&text, 8, 13), text: "third".into() });
        diagnostic.labels.push(Label { at: at(&text, 18, 24), text: "wide".into() });
        diagnostic.labels.push(Label { at: at(&text, 35, 38), text: String::new() });
        let expected = "\
error: it fails
 --> d/f.yaml:1:5
  |
1 | one two three
  | --- ^^^ ----- third
  | |   |
  | |   here
  | first
2 |
3 |     ä漢字 x
  |      ---- wide
  ⋮
7 | far
  = helm: Helm's words";
        assert_eq!(report(&diagnostic.clone().into(), Format::Pretty, false, false), expected);
        assert_eq!(report(&diagnostic.into(), Format::Short, false, false), "d/f.yaml:1:5: error: it fails");
    }

    #[test]
    fn masks() {
        let text = source(Source::VALUES, "a: secret # x\nb: |\n  c: d\n");
        let mut diagnostic = Diagnostic::helm("no").at(at(&text, 3, 9));
        diagnostic.labels.push(Label { at: at(&text, 21, 25), text: "this".into() });
        let expected = "\
error: no
 --> d/f.yaml:1:4
  |
1 | a: ***
  |    ^^^
2 | b: |
3 |   ***
  |   --- this
  = helm: no";
        assert_eq!(report(&diagnostic.into(), Format::Pretty, true, false), expected);
    }

    #[test]
    fn several() {
        let values = source(Source::VALUES, "replicaCount: \"3\"\n");
        let mut first = Diagnostic { message: "`replicaCount` is a string".into(), ..Diagnostic::default() }
            .at(at(&values, 14, 17))
            .fact("wanted by f:5:23");
        first.note = "without the quotes?".into();
        let words =
            "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '/a': b\n";
        let error = Error::all(vec![first, Diagnostic::new("1 value does not fit", words)]);
        let expected = "\
error: `replicaCount` is a string
 --> d/f.yaml:1:15
  |
1 | replicaCount: \"3\"
  |               ^^^ without the quotes?
  = wanted by f:5:23

error: 1 value does not fit
  = helm: values don't meet the specifications of the schema(s) in the following chart(s):";
        assert_eq!(report(&error, Format::Pretty, false, false), expected);
        assert!(report(&error, Format::Pretty, false, true).starts_with("\x1b[1;31merror\x1b[0m"));
    }

    #[test]
    fn long_lines() {
        let line = format!("{}X{}", "a".repeat(5_000), "ü".repeat(5_000));
        let text = source("c/t", &line);
        let drawn = report(&Diagnostic::helm("no").at(at(&text, 5_000, 5_001)).into(), Format::Pretty, false, false);
        assert!(drawn.lines().all(|line| line.chars().count() < 260), "{drawn}");
        assert!(drawn.contains(&format!("\n1 | …{}Xü", "a".repeat(60))), "{drawn}");
        assert!(drawn.contains(&format!("\n  |  {}^\n", " ".repeat(60))), "{drawn}");
    }

    #[test]
    fn objects() {
        let error = Error::from(Diagnostic::new("a \"b\"\n\u{1b}", "h").fact("f"));
        let expected = "{\"version\":1,\"severity\":\"error\",\"message\":\"a \\\"b\\\"\\n\\u001b\",\"path\":null,\
                        \"line\":null,\"column\":null,\"labels\":[],\"facts\":[\"f\"],\"hints\":[],\"helm\":\"h\"}";
        assert_eq!(report(&error, Format::Json, false, false), expected);
    }
}
