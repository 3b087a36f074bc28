//! Texts that do not parse.

use super::expression::without_delimiters;
use crate::diagnostic::{Diagnostic, Error, Label, Location, Span, nearest};
use crate::functions::names;
use crate::template::{ParseError, ParseErrorKind};

/// All files that do not parse. Helm reports the first.
pub(in crate::engine) fn parse_errors(chart: &str, errors: &[Box<ParseError>]) -> Error {
    let mut diagnostics: Vec<Diagnostic> = errors.iter().map(|error| parse_error(error)).collect();
    if let (n @ 2.., Some(first)) = (errors.len(), errors.first()) {
        for diagnostic in &mut diagnostics {
            diagnostic.helm = None;
        }
        let message = format!("{n} templates of chart `{chart}` do not parse; nothing was rendered");
        diagnostics.push(Diagnostic::new(message, helm_words(first)));
    }
    Error::all(diagnostics)
}

fn helm_words(error: &ParseError) -> String {
    // Helm keeps the last piece of Go's text between colons.
    let last = error.message.rsplit(": ").next().unwrap_or_default();
    format!("parse error at ({}:{}): {last}", error.at.source.name, error.line)
}

/// One text that does not parse.
pub(in crate::engine) fn parse_error(error: &ParseError) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(error.message.clone(), helm_words(error)).at(error.at.clone());
    match &error.kind {
        ParseErrorKind::Other => open_text(&mut diagnostic, error),
        ParseErrorKind::OpenParen(open) => {
            diagnostic.message = "`(` is never closed".into();
            diagnostic.at = Some(open.clone());
            diagnostic.note = "opened here".into();
            if let Some(end) = action_end(&error.at) {
                diagnostic.labels.push(Label { at: end, text: "the action ends here".into() });
            }
        }
        ParseErrorKind::OpenBlock(word, at) => open_block(&mut diagnostic, word, at),
        ParseErrorKind::UnknownFunction(name) => {
            diagnostic.message = format!("there is no function `{name}`");
            if let Some(near) = nearest(name, names()) {
                diagnostic.note = format!("did you mean `{near}`?");
            }
        }
    }
    begun_above(&mut diagnostic);
    diagnostic
}

/// An action that began on an earlier line: its end may be what is missing.
fn begun_above(diagnostic: &mut Diagnostic) {
    let Some(at) = diagnostic.at.as_ref().filter(|_| diagnostic.labels.is_empty()) else { return };
    let text = &at.source.text;
    let Some(before) = text.get(..at.span.start as usize) else { return };
    let Some(start) = memchr::memmem::rfind(before, b"{{") else { return };
    let inside = before.get(start..).unwrap_or_default();
    let Some(end) = memchr::memchr(b'\n', inside) else { return };
    if memchr::memmem::find(inside, b"}}").is_some() {
        return;
    }
    let line = inside.get(..end).unwrap_or_default().trim_ascii_end();
    let span = Span::new(start, start + line.len());
    let place = Location { source: at.source.clone(), span };
    diagnostic.labels.push(Label { at: place, text: "the action begins here".into() });
}

/// An action, a comment or a quoted text that nothing ends: it is shown from where it begins.
fn open_text(diagnostic: &mut Diagnostic, error: &ParseError) {
    let (what, begin): (&str, &[u8]) = if error.message.starts_with("unclosed action") {
        ("this action is never closed", b"{{")
    } else if error.message.starts_with("unclosed comment") {
        ("this comment is never closed", b"{{")
    } else if error.message.starts_with("unterminated ") {
        diagnostic.message = "this quote is never closed".into();
        return;
    } else {
        return;
    };
    let text = &error.at.source.text;
    let at = error.at.span.start as usize;
    let Some(start) = text.get(..at).and_then(|before| memchr::memmem::rfind(before, begin)) else { return };
    let line = text.get(start..).unwrap_or_default().split(|&b| b == b'\n').next().unwrap_or_default();
    let span = Span::new(start, start + line.trim_ascii_end().len());
    diagnostic.message = what.into();
    diagnostic.at = Some(Location { source: error.at.source.clone(), span });
}

/// The `}}` at or behind a place, with nothing but space and a trim marker before it.
fn action_end(at: &Location) -> Option<Location> {
    let text = &at.source.text;
    let from = at.span.start as usize;
    let skipped = text.get(from..)?.iter().take_while(|b| b.is_ascii_whitespace() || **b == b'-').count();
    let start = from + skipped;
    text.get(start..)?.starts_with(b"}}").then(|| {
        let span = Span::new(start, start + 2);
        Location { source: at.source.clone(), span }
    })
}

fn open_block(diagnostic: &mut Diagnostic, word: &str, at: &Location) {
    let text = &at.source.text;
    let span = without_delimiters(text, at.span);
    diagnostic.message = format!("this `{word}` has no `end`");
    diagnostic.at = Some(Location { source: at.source.clone(), span });
    let (number, byte) = at.source.line_and_byte(at.span.start);
    let line_start = (at.span.start as usize).saturating_sub(byte);
    let indentation = |line: &[u8]| line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut lines = text.get(line_start..).unwrap_or_default().split(|&b| b == b'\n');
    let first = lines.next().unwrap_or_default();
    let indent = indentation(first);
    let definition = word == "define" || word == "block";
    let mut start = line_start + first.len() + 1;
    for (n, line) in lines.enumerate() {
        let trimmed = line.trim_ascii();
        let less = indentation(line) < indent;
        let next_define = definition && is_define(trimmed);
        if !trimmed.is_empty() && (less || next_define) {
            let from = start + indentation(line);
            let span = Span::new(from, from + trimmed.len());
            let words = if next_define {
                format!("the next `define` begins before this `{word}` ends")
            } else {
                format!("the first line indented less than the `{word}`")
            };
            diagnostic.labels.push(Label { at: Location { source: at.source.clone(), span }, text: words });
            let hint = format!("`{{{{- end }}}}` probably belongs before line {}", number + 1 + n);
            *diagnostic = std::mem::take(diagnostic).hint(hint);
            return;
        }
        start += line.len() + 1;
    }
}

/// Whether a line begins with a definition.
fn is_define(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"{{") else { return false };
    rest.strip_prefix(b"-").unwrap_or(rest).trim_ascii_start().starts_with(b"define ")
}
