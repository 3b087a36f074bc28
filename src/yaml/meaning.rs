//! What go-yaml's words mean to whoever wrote the text.

use super::Error;
use crate::diagnostic::{Diagnostic, Label, Location, Span};
use bstr::ByteSlice;

/// go-yaml's words for a `:` where none may be.
const COLON: &str = "mapping values are not allowed in this context";

/// What go-yaml says, and what it means.
const MEANINGS: &[(&str, &str)] = &[
    (COLON, "`:` inside a plain value"),
    ("did not find expected key", "a line that is neither a key nor part of a value"),
    ("did not find expected '-' indicator", "a line between the items of a list that is none"),
    ("could not find expected ':'", "a line without `:` where a key should stand"),
    ("did not find expected node content", "nothing where a value should stand"),
    ("did not find expected ',' or ']'", "`[` is never closed"),
    ("did not find expected ',' or '}'", "`{` is never closed"),
    ("found unexpected end of stream", "a quote is never closed"),
    ("found unexpected document indicator", "a quote is never closed"),
    ("block sequence entries are not allowed in this context", "a list begins where none can"),
    ("found a tab character that violates indentation", "a tab in the indentation"),
    ("found undefined tag handle", "`!` begins a tag that nobody defined"),
    ("control characters are not allowed", "a control character"),
    ("did not find expected alphabetic or numeric character", "`*` or `&` without a name"),
];

impl Error {
    /// The place of the culprit: what is never closed, and then a label for where that shows; else what was read last.
    /// `place` makes a location of a part of the text, which is `length` bytes long.
    #[must_use]
    pub fn locate(&self, diagnostic: Diagnostic, length: usize, place: impl Fn(Span) -> Location) -> Diagnostic {
        let found = self.offset.unwrap_or_default();
        let Some(opened) = self.opened.filter(|opened| *opened < length) else {
            return diagnostic.at(place(Span::new(found, found)));
        };
        let mut diagnostic = diagnostic.at(place(Span::new(opened, opened + 1)));
        if (opened + 1..length).contains(&found) {
            let at = place(Span::new(found, found + 1));
            diagnostic.labels.push(Label { at, text: "still open here".to_owned() });
        }
        diagnostic
    }

    /// Whether it is about a `:` inside a plain value.
    pub fn is_colon(&self) -> bool {
        self.message.ends_with(COLON)
    }

    /// What is wrong, in words that follow `invalid YAML: `. `text` is what was read.
    pub fn meaning(&self, text: &[u8]) -> String {
        let words = self.message.as_str();
        if words.ends_with("found character that cannot start any token") {
            let rest = self.offset.and_then(|at| text.get(at..)).unwrap_or_default();
            return match rest.chars().next() {
                Some('\t') => "a tab where only spaces may stand".into(),
                Some(c) if !c.is_control() => format!("no plain value can begin with `{c}`"),
                _ => "a character that no value can begin with".into(),
            };
        }
        if let Some((_, meaning)) = MEANINGS.iter().find(|(known, _)| words.contains(known)) {
            return (*meaning).into();
        }
        // `… yaml: line 7: WORDS`
        let words = words.rsplit_once("yaml: ").map_or(words, |(_, words)| words);
        match words.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
            Some((_, words)) => words.into(),
            None => words.into(),
        }
    }

    /// For YAML that has the wrong shape: what it is, and Go's name of the type that it should be.
    pub fn shape(&self) -> Option<(&'static str, &str)> {
        let (_, rest) = self.message.split_once("json: cannot unmarshal ")?;
        let (kind, into) = rest.split_once(" into Go ")?;
        let kind = match kind {
            "array" => "a list",
            "object" => "a map",
            "number" => "a number",
            "bool" => "a boolean",
            _ => "a string",
        };
        Some((kind, into))
    }

    /// A sentence about a file: `PATH is no valid YAML: …`.
    pub fn sentence(&self, path: &str, text: &[u8]) -> String {
        match self.shape() {
            Some((kind, into)) if into.starts_with("value of type ") => {
                format!("{path} holds {kind} where a map of keys and values should stand")
            }
            _ if self.message.contains("yaml: ") => format!("{path} is no valid YAML: {}", self.meaning(text)),
            _ => format!("{path} cannot be read: {}", self.message),
        }
    }
}
