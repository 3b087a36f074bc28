//! Tera's errors → diagnostics at their places in the original files.

use super::templates::Prepared;
use crate::diagnostic::{Diagnostic, Error, Hint, Label, Location, Span, nearest};
use crate::go::quote::quoted;
use crate::template::{Cause, ExecError};
use ::tera::ErrorKind;

/// All that is wrong with the templates.
pub(super) fn parsing(error: &::tera::Error, files: &[Prepared]) -> Vec<Diagnostic> {
    match error.kind() {
        ErrorKind::SyntaxError(_) | ErrorKind::RenderingError(_) => vec![located(error, files)],
        ErrorKind::CircularExtend { tpl, inheritance_chain: chain } => {
            vec![at_start(format!("{tpl} extends itself: {}", chain.join(" → ")), tpl, files)]
        }
        ErrorKind::CircularInclude { tpl, include_chain: chain } => {
            vec![at_start(format!("{tpl} includes itself: {}", chain.join(" → ")), tpl, files)]
        }
        ErrorKind::MissingParent { current, parent } => {
            let mut diagnostic = at_start(format!("there is no template `{parent}` to extend"), current, files);
            if let Some(near) =
                nearest(parent, files.iter().map(|file| file.name.as_str()).filter(|name| name != current))
            {
                diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
            }
            vec![diagnostic]
        }
        // Of names that mean nothing Tera gives a report, a block each.
        _ => error.to_string().split("\n\n").filter_map(|block| reported(block, files)).collect(),
    }
}

/// A failed render of a file. `nested` is what failed in a Go template.
pub(super) fn rendering(
    error: &::tera::Error,
    nested: Option<Box<ExecError>>,
    name: &str,
    files: &[Prepared],
) -> Error {
    let mut diagnostic = match error.kind() {
        ErrorKind::RenderingError(_) => located(error, files),
        ErrorKind::Io(_) => {
            at_start(format!("the text is larger than {} MiB", super::templates::MAX_TEXT >> 20), name, files)
        }
        _ => at_start(sentence(&error.to_string()).message, name, files),
    };
    if let Some(nested) = nested {
        if let Some(at) = nested.innermost() {
            let text = match nested.cause {
                Cause::Raised(function) => format!("`{function}` here"),
                _ => "here".to_owned(),
            };
            diagnostic.labels.push(Label { at, text });
        }
        diagnostic.hints.extend(nested.hints.iter().map(|text| Hint { text: text.clone(), at: None }));
    }
    diagnostic.into()
}

fn at_start(message: String, name: &str, files: &[Prepared]) -> Diagnostic {
    let diagnostic = Diagnostic::own(message);
    match files.iter().find(|file| file.name == name) {
        Some(file) => diagnostic.at(Location { source: file.source.clone(), span: Span::new(0, 0) }),
        None => diagnostic,
    }
}

/// An error that knows its place.
fn located(error: &::tera::Error, files: &[Prepared]) -> Diagnostic {
    let (ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report)) = error.kind() else {
        return Diagnostic::own(error.to_string());
    };
    let mut diagnostic = sentence(report.message());
    if let Some(file) = files.iter().find(|file| file.name == report.filename()) {
        let range = &report.span().range;
        let start = file.guarded.original(range.start);
        let span = Span::new(start, file.guarded.original(range.end).max(start));
        diagnostic.at = Some(Location { source: file.source.clone(), span });
    }
    // The way there is in the drawing only.
    for line in error.to_string().lines() {
        if let Some(place) = line.strip_prefix("note: called from ")
            && let Some((file, offset)) = place_of(place, files)
        {
            let (line, column) = file.source.line_and_column(u32::try_from(offset).unwrap_or(u32::MAX));
            diagnostic.facts.push(format!("called from {}:{line}:{column}", file.source.path));
        }
    }
    diagnostic
}

/// `NAME:LINE:COLUMN`
fn place_of<'f>(place: &str, files: &'f [Prepared]) -> Option<(&'f Prepared, usize)> {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let file = files.iter().find(|file| file.name == name)?;
    Some((file, file.guarded.original_of(line, column)))
}

/// A block of a report: `error: MESSAGE`, then `--> NAME:LINE:COLUMN`.
fn reported(block: &str, files: &[Prepared]) -> Option<Diagnostic> {
    let mut lines = block.lines();
    let first = lines.next()?;
    let mut diagnostic = sentence(first.strip_prefix("error: ").unwrap_or(first));
    let place = lines.next().and_then(|line| line.trim_start().strip_prefix("--> "));
    if let Some((file, start)) = place.and_then(|place| place_of(place, files)) {
        let caret = block.lines().last().map_or(1, |line| line.matches('^').count().max(1));
        let text = file.source.text.utf8().and_then(|text| text.get(start..)).unwrap_or_default();
        let length = text.char_indices().nth(caret).map_or(text.len(), |(i, _)| i);
        let line = text.find('\n').unwrap_or(text.len());
        diagnostic.at =
            Some(Location { source: file.source.clone(), span: Span::new(start, start + length.min(line)) });
    }
    for what in ["filter", "function"] {
        if let Some(name) = diagnostic.message.strip_prefix(&format!("unknown {what} `")) {
            let name = name.trim_end_matches('`').to_owned();
            diagnostic.hints.extend(unknown(&name, what));
        }
    }
    if let Some(name) = diagnostic.message.strip_prefix("unknown template `") {
        let name = name.trim_end_matches('`');
        if let Some(near) = nearest(name, files.iter().map(|file| file.name.as_str())) {
            diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
        }
    }
    Some(diagnostic)
}

/// What may be meant by an unknown name.
fn unknown(name: &str, what: &str) -> Option<Hint> {
    let own: &[&str] = if what == "filter" {
        &super::functions::FILTERS
    } else {
        &["range", "throw", "root", "get_env", "files_get", "files_glob", "files_lines", "api_versions_has"]
    };
    let names: Vec<&str> = own.iter().copied().chain(crate::functions::names()).collect();
    let text = match names.iter().find(|known| **known == name) {
        Some(_) if what == "function" && super::functions::is_helms(name) => {
            format!("Tera has it as a filter, and Helm's is `helm_{name}`")
        }
        Some(_) if what == "function" => return None,
        _ => format!("did you mean `{}`?", nearest(name, names.iter().copied())?),
    };
    Some(Hint { text, at: None })
}

/// Tera's words as ours: in lower case, and what there is only as far as it helps.
fn sentence(words: &str) -> Diagnostic {
    let mut hint = None;
    let mut words = words.trim();
    for list in [" Available variables: ", " Available fields: "] {
        if let Some((before, known)) = words.split_once(list) {
            let name = before.split('`').nth(1).unwrap_or_default();
            hint = nearest(name, known.split(", ").filter(|name| !name.starts_with("__")))
                .map(|near| format!("did you mean `{near}`?"));
            words = before;
        }
    }
    let words = words.trim_end_matches('.');
    let mut chars = words.chars();
    let message = match (chars.next(), words.chars().nth(1)) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => words.to_owned(),
    };
    let message = message.replace("expected `&str`", "expected a string").replace('\n', " ");
    let diagnostic = Diagnostic::own(message);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// A file that is no text.
pub(super) fn no_text(name: &str) -> String {
    format!("{} is no UTF-8, and templates must be", quoted(name.as_bytes()))
}
