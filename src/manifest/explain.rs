//! A rendered text that is no YAML → a diagnostic: which line, and what in the template wrote it.

use super::NoManifest;
use crate::diagnostic::{Diagnostic, Error, Label, Location, Span, secret, secret_line};
use crate::engine::Rendered;
use crate::template::Mark;
use crate::yaml;
use bstr::ByteSlice;
use memchr::memmem;

/// A line of the output.
#[derive(Clone, Copy)]
struct Line {
    /// From 1.
    number: usize,
    start: usize,
    /// The first byte that is no space.
    solid: usize,
    end: usize,
}

impl Line {
    fn columns(&self) -> usize {
        self.solid - self.start
    }
}

/// What wrote a line.
struct Written {
    at: Location,
    /// Whether an action did, not the template's text.
    action: bool,
}

/// Explains a document that is no manifest. `plain` is the file's text; `traced` the same with marks, if it could
/// be rendered again.
pub fn explain(broken: &NoManifest, plain: &Rendered, traced: Option<&Rendered>) -> Error {
    let words = broken.error.message.as_str();
    let text: &[u8] = &plain.text;
    let begin = memmem::find(text, &broken.document).unwrap_or(0);
    let offset = broken.error.offset.map(|offset| begin + offset).or_else(|| {
        let number = broken.error.line?;
        let lines = broken.document.split_inclusive(|&b| b == b'\n');
        Some(begin + lines.take(number.saturating_sub(1)).map(<[u8]>::len).sum::<usize>())
    });
    let message = match shape(&broken.error) {
        Some(shape) => format!("{} renders to no Kubernetes object: {shape}", plain.name),
        None => format!("{} renders to invalid YAML: {}", plain.name, broken.error.meaning(&broken.document)),
    };
    let mut diagnostic = Diagnostic::new(message, format!("YAML parse error on {}: {words}", plain.name));
    let lines = Lines { text, begin };
    let Some(culprit) = lines.at(offset.unwrap_or(begin)) else { return diagnostic.into() };
    let before = lines.before(culprit).filter(|_| offset.is_some());
    let colon = broken.error.is_colon().then(|| Colon::new(text, culprit, before));

    let marks = traced.filter(|traced| traced.text == plain.text).map_or(&[][..], |traced| &traced.marks);
    let here = written(marks, text, culprit);
    let above = before.and_then(|line| written(marks, text, line));
    if let Some(here) = &here {
        diagnostic.at = Some(here.at.clone());
        let mut note = format!("wrote line {}{}", culprit.number, columns(culprit));
        if let (Some(above), Some(line)) = (&above, before) {
            if same_place(&above.at, &here.at) {
                note = format!("wrote lines {}-{} of the output", line.number, culprit.number);
            } else {
                let mut text = format!("wrote line {}{}", line.number, columns(line));
                // Whichever is read first tells what the lines are of.
                let first = if above.at.span.start <= here.at.span.start { &mut text } else { &mut note };
                name_output(first);
                context(&mut diagnostic, &above.at, &here.at);
                diagnostic.labels.push(Label { at: above.at.clone(), text });
            }
        } else {
            name_output(&mut note);
        }
        diagnostic.note = note;
    }
    if plain.tera {
        diagnostic.helm = None;
    }
    diagnostic.facts.push(shown(text, culprit, before, offset, colon.as_ref()));
    if let (Some(colon), Some(before)) = (&colon, before)
        && colon.over_lines
    {
        diagnostic = diagnostic.hint(indentation(culprit, before, here.as_ref(), above.as_ref()));
    }
    diagnostic.into()
}

/// `wrote line 6, 2 columns in` → `wrote line 6 of the output, 2 columns in`
fn name_output(note: &mut String) {
    let at = note.find(',').unwrap_or(note.len());
    note.insert_str(at, " of the output");
}

fn columns(line: Line) -> String {
    match line.columns() {
        0 => ", not indented".into(),
        1 => ", 1 column in".into(),
        n => format!(", {n} columns in"),
    }
}

/// What is wrong with YAML that is no object.
fn shape(error: &yaml::Error) -> Option<String> {
    let (kind, into) = error.shape()?;
    // Of a field in a struct without a name Go says `.metadata.name`.
    let field = into.strip_prefix("struct field ").and_then(|rest| rest.split_once('.')).map(|(_, field)| field);
    Some(match field.and_then(|field| field.split_once(" of type ")) {
        Some((field, "string")) => format!("`{field}` is {kind} and must be a string"),
        Some((field, _)) => format!("`{field}` is {kind} and must be a map"),
        None => format!("it is {kind}"),
    })
}

/// The lines of a document in a text.
struct Lines<'t> {
    text: &'t [u8],
    begin: usize,
}

impl Lines<'_> {
    /// The line of an offset; of an empty one the last before it that is not.
    fn at(&self, offset: usize) -> Option<Line> {
        let line = self.raw(offset.min(self.text.len()))?;
        if line.solid < line.end { Some(line) } else { self.before(line) }
    }

    fn raw(&self, offset: usize) -> Option<Line> {
        let before = self.text.get(..offset)?;
        let start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
        let rest = self.text.get(start..)?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length)?.trim_ascii_end();
        let solid = start + line.iter().take_while(|b| **b == b' ').count();
        let number = memchr::memchr_iter(b'\n', before).count() + 1;
        Some(Line { number, start, solid, end: start + line.len() })
    }

    /// The line before, empty ones left out, in the same document.
    fn before(&self, line: Line) -> Option<Line> {
        let mut line = line;
        while line.start > self.begin {
            line = self.raw(line.start - 1)?;
            if line.solid < line.end {
                return Some(line);
            }
        }
        None
    }
}

/// A `:` that go-yaml did not want.
struct Colon {
    /// Whether the value began on the line before.
    over_lines: bool,
    /// The part of that value on the line before.
    value: String,
}

impl Colon {
    fn new(text: &[u8], culprit: Line, before: Option<Line>) -> Self {
        let nothing = Colon { over_lines: false, value: String::new() };
        let Some(before) = before else { return nothing };
        let line = text.get(before.solid..before.end).unwrap_or_default();
        let value = match memmem::find(line, b": ") {
            Some(at) => line.get(at + 2..).unwrap_or_default().trim_ascii(),
            None => match line.strip_prefix(b"- ") {
                Some(item) => item.trim_ascii(),
                None => return nothing,
            },
        };
        let plain = !matches!(value.first(), None | Some(b'"' | b'\'' | b'|' | b'>' | b'[' | b'{' | b'#'));
        let over_lines = plain && culprit.columns() > before.columns();
        Colon { over_lines, value: String::from_utf8_lossy(value).into_owned() }
    }
}

/// The lines as they were rendered, and what is wrong with them.
fn shown(text: &[u8], culprit: Line, before: Option<Line>, offset: Option<usize>, colon: Option<&Colon>) -> String {
    let mut fact = match before {
        Some(before) if before.number + 1 == culprit.number => {
            format!("rendered, lines {}-{}:", before.number, culprit.number)
        }
        Some(before) => format!("rendered, lines {} and {}:", before.number, culprit.number),
        None => format!("rendered, line {}:", culprit.number),
    };
    for line in before.into_iter().chain([culprit]) {
        fact += "\n  ";
        fact += secret_line(text, line.start).trim_end();
    }
    let offset = offset.filter(|at| (culprit.start..=culprit.end).contains(at));
    let words = match colon {
        Some(Colon { over_lines: true, value }) => {
            format!("`{}` goes on over both lines as one plain value, which cannot hold a `:`", secret(value))
        }
        Some(_) => "quotes around the value would keep this `:` in it".into(),
        None => "here".into(),
    };
    if let Some(at) = offset {
        // A tab is shown as four spaces.
        let before = text.get(culprit.start..at).unwrap_or_default();
        let column: usize = before.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum();
        fact += &format!("\n  {:column$}^ {words}", "");
    }
    fact
}

/// What wrote the first solid byte of a line, as far as it goes on that line.
fn written(marks: &[Mark], text: &[u8], line: Line) -> Option<Written> {
    let (index, mark) = mark_at(marks, line.solid)?;
    if !is_text(marks, text, index) {
        return Some(Written { at: mark.at.clone(), action: true });
    }
    let source = &mark.at.source;
    let start = mark.at.span.start as usize + (line.solid - mark.offset);
    let source_line = memchr::memchr(b'\n', source.text.get(start..)?).map_or(source.text.len(), |i| start + i);
    let (last_index, last) = mark_at(marks, line.end.saturating_sub(1).max(line.solid))?;
    let end = if !std::sync::Arc::ptr_eq(&last.at.source, source) {
        source_line
    } else if is_text(marks, text, last_index) {
        last.at.span.start as usize + (line.end - last.offset)
    } else {
        // An action ends with its braces.
        let end = last.at.span.end as usize;
        let rest = source.text.get(end..).unwrap_or_default();
        memmem::find(rest, b"}}").map_or(end, |at| end + at + 2)
    };
    let end = if (start + 1..=source_line).contains(&end) { end } else { source_line };
    Some(Written { at: Location { source: source.clone(), span: Span::new(start, end) }, action: false })
}

/// The mark that wrote a byte.
fn mark_at(marks: &[Mark], offset: usize) -> Option<(usize, &Mark)> {
    let index = marks.partition_point(|mark| mark.offset <= offset).checked_sub(1)?;
    Some((index, marks.get(index)?))
}

/// Whether a mark is of the template's own text: what it wrote stands in the template.
fn is_text(marks: &[Mark], text: &[u8], index: usize) -> bool {
    let Some(mark) = marks.get(index) else { return false };
    let end = marks.get(index + 1).map_or(text.len(), |next| next.offset);
    let span = mark.at.span;
    text.get(mark.offset..end) == mark.at.source.text.get(span.start as usize..span.end as usize)
}

fn same_place(a: &Location, b: &Location) -> bool {
    std::sync::Arc::ptr_eq(&a.source, &b.source) && a.span == b.span
}

/// Shows the line above both places: what the lines belong to.
fn context(diagnostic: &mut Diagnostic, a: &Location, b: &Location) {
    if !std::sync::Arc::ptr_eq(&a.source, &b.source) {
        return;
    }
    let first = a.span.start.min(b.span.start);
    let (_, byte) = a.source.line_and_byte(first);
    let Some(end) = (first as usize).checked_sub(byte + 1) else { return };
    let start = a.source.text.get(..end).and_then(|text| memchr::memrchr(b'\n', text)).map_or(0, |i| i + 1);
    if a.source.text.get(start..end).is_some_and(|line| !line.trim_ascii().is_empty()) {
        let at = Location { source: a.source.clone(), span: Span::new(start, end) };
        diagnostic.labels.push(Label { at, text: String::new() });
    }
}

/// How lines that belong together come to stand below each other.
fn indentation(culprit: Line, before: Line, here: Option<&Written>, above: Option<&Written>) -> String {
    for (written, line, other) in [(above, before, culprit), (here, culprit, before)] {
        let Some(Written { at, action: true }) = written else { continue };
        let code = at.source.text.get(at.span.start as usize..at.span.end as usize).unwrap_or_default();
        let Some((word, n)) = indent_call(code) else { continue };
        // A line deeper than the call says got its indentation elsewhere.
        if n == line.columns() {
            let number = at.source.line_and_byte(at.span.start).0;
            return format!("siblings share one indentation: `{word} {}` on line {number}", other.columns());
        }
    }
    format!(
        "siblings share one indentation: line {} is {} columns in, line {} is {}",
        before.number,
        before.columns(),
        culprit.number,
        culprit.columns()
    )
}

/// The last `indent N` or `nindent N` of an action.
fn indent_call(code: &[u8]) -> Option<(&'static str, usize)> {
    let at = memmem::rfind(code, b"indent ")?;
    let word = if at > 0 && code.get(at - 1) == Some(&b'n') { "nindent" } else { "indent" };
    let rest = code.get(at + 7..)?.trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let n = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    Some((word, n))
}
