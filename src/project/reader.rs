//! Typed reading with places: every mistake is noted where it stands, and reading goes on.

use crate::diagnostic::{Diagnostic, Label, Location, Source, Span, nearest};
use crate::manifest::overrides::Pattern;
use crate::yaml::{Data, Node};
use std::sync::Arc;

/// A text and where it stands.
#[derive(Debug, Clone)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Where it stands in the project's file.
    pub span: Span,
}

/// An entry of a map: its key, the key's place, its value.
pub(super) struct Entry<'n> {
    pub(super) key: String,
    pub(super) at: Span,
    pub(super) value: &'n Node,
}

/// Notes mistakes.
pub(super) struct Reader {
    pub(super) source: Arc<Source>,
    pub(super) mistakes: Vec<Diagnostic>,
    /// The keys of all releases, of those with mistakes, too.
    pub(super) releases: Vec<String>,
    /// Patterns of releases that something is about, and where they stand.
    pub(super) about: Vec<(Pattern, Span)>,
}

/// `namespace`, or `an environment`.
fn article(kind: &str) -> String {
    format!("a {kind}")
}

/// What a node is, with its article.
pub(super) fn kind(node: &Node) -> String {
    match &node.data {
        Data::Null => "empty".to_owned(),
        Data::Bool(_) => article("boolean"),
        Data::Int(_) | Data::Uint(_) | Data::Float(_) => article("number"),
        Data::Str(_) => article("string"),
        Data::List(_) => article("list"),
        Data::Map(_) => article("map"),
    }
}

/// The place to point at: a collection's beginning is enough.
pub(super) fn point(source: &Source, node: &Node) -> Span {
    let text = source.text.get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    Span { start: node.span.start, end: node.span.start + u32::try_from(line.trim_ascii_end().len()).unwrap_or(0) }
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Reader { source, mistakes: Vec::new(), releases: Vec::new(), about: Vec::new() }
    }

    pub(super) fn at(&self, span: Span) -> Location {
        Location { source: self.source.clone(), span }
    }

    /// Notes a mistake, to which more may be said.
    pub(super) fn mistake(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let at = Some(self.at(span));
        self.mistakes.push(Diagnostic { message: message.into(), at, ..Diagnostic::default() });
        let last = self.mistakes.len() - 1;
        // It was pushed just now.
        &mut self.mistakes[last]
    }

    /// Notes that a node is of the wrong type.
    pub(super) fn wrong(&mut self, node: &Node, what: &str, wanted: &str) {
        let span = point(&self.source, node);
        let is = kind(node);
        let written = String::from_utf8_lossy(self.source.slice(span)).into_owned();
        let scalar = matches!(node.data, Data::Bool(_) | Data::Int(_) | Data::Uint(_) | Data::Float(_));
        let diagnostic = self.mistake(span, format!("`{what}` must be {wanted}; this is {is}"));
        if scalar && wanted.starts_with("a string") {
            diagnostic.note = format!("write \"{written}\"");
        }
    }

    /// Whether an item of a list is a map, or nothing yet; notes if it isn't.
    pub(super) fn is_map(&mut self, node: &Node, item: &str) -> bool {
        let is_map = matches!(node.data, Data::Map(_) | Data::Null);
        if !is_map {
            let span = point(&self.source, node);
            self.mistake(span, format!("{item} must be a map; this is {}", kind(node)));
        }
        is_map
    }

    /// Notes an unknown name, with the nearest that is known.
    pub(super) fn unknown<'a>(
        &mut self,
        span: Span,
        message: String,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> &mut Diagnostic {
        let known: Vec<&str> = known.into_iter().collect();
        let near = nearest(name, known.iter().copied()).map(str::to_owned);
        let diagnostic = self.mistake(span, message);
        match near {
            Some(near) => diagnostic.note = format!("did you mean `{near}`?"),
            None if !known.is_empty() && known.len() <= 12 => {
                diagnostic.facts.push(format!("known here: {}", known.join(", ")));
            }
            None => {}
        }
        diagnostic
    }

    /// The entries of a map; nothing is an empty map. `what` names it in messages.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<Entry<'n>> {
        let entries = match &node.data {
            Data::Null => return Vec::new(),
            Data::Map(entries) => entries,
            _ => {
                self.wrong(node, what, "a map");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (key, value) in entries {
            match &key.data {
                Data::Str(text) if text.utf8().is_some_and(|text| !text.is_empty()) => {
                    found.push(Entry { key: text.to_string(), at: key.span, value });
                }
                Data::Str(text) if text.is_empty() => {
                    self.mistake(key.span, format!("a key of `{what}` is empty"));
                }
                _ => {
                    let written = String::from_utf8_lossy(self.source.slice(key.span)).into_owned();
                    let is = kind(key);
                    let diagnostic =
                        self.mistake(key.span, format!("a key of `{what}` must be a string; this is {is}"));
                    diagnostic.note = format!("write \"{written}\"");
                }
            }
        }
        found
    }

    /// The entries of a map with a fixed set of keys; others are noted and left out.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Vec<Entry<'n>> {
        let mut entries = self.entries(node, what);
        entries.retain(|entry| {
            let good = known.contains(&entry.key.as_str());
            if !good {
                let message = format!("there is no key `{}` in {}", entry.key, place_name(what));
                self.unknown(entry.at, message, &entry.key, known.iter().copied());
            }
            good
        });
        entries
    }

    /// A string.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        match &node.data {
            Data::Str(text) => Some(Text { text: text.to_string(), span: node.span }),
            _ => {
                self.wrong(node, what, "a string");
                None
            }
        }
    }

    /// A string that is not empty.
    pub(super) fn word(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = self.text(node, what)?;
        if text.text.trim().is_empty() {
            self.mistake(node.span, format!("`{what}` is empty"));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.data {
            Data::Bool(b) => Some(*b),
            _ => {
                self.wrong(node, what, "true or false");
                None
            }
        }
    }

    /// Notes keys that YAML 1.1 takes for truth values (`y`, `off`), however deep: they would be called `true` and `false`.
    pub(super) fn truths(&mut self, node: &Node, what: &str) {
        match &node.data {
            Data::List(items) => items.iter().for_each(|item| self.truths(item, what)),
            Data::Map(entries) => {
                for (key, value) in entries {
                    let written = String::from_utf8_lossy(self.source.slice(key.span)).into_owned();
                    if matches!(key.data, Data::Bool(_)) && written != "true" && written != "false" {
                        let message = format!("a key of `{what}` must be a string; this is a boolean");
                        self.mistake(key.span, message).note = format!("write \"{written}\"");
                    }
                    self.truths(value, what);
                }
            }
            _ => {}
        }
    }

    /// A list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.data {
            Data::Null => &[],
            Data::List(items) => items,
            _ => {
                self.wrong(node, what, "a list");
                &[]
            }
        }
    }

    /// A list of strings.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Vec<Text> {
        self.list(node, what).iter().filter_map(|item| self.word(item, what)).collect()
    }

    /// One string or a list of them.
    pub(super) fn word_or_words(&mut self, node: &Node, what: &str) -> Vec<Text> {
        match &node.data {
            Data::Str(_) => self.word(node, what).into_iter().collect(),
            Data::Null | Data::List(_) => self.words(node, what),
            _ => {
                self.wrong(node, what, "a string or a list of strings");
                Vec::new()
            }
        }
    }

    /// Adds to a mistake the place that explains it.
    pub(super) fn label(&self, span: Span, text: impl Into<String>) -> Label {
        Label { at: self.at(span), text: text.into() }
    }
}

/// `rhelm.yaml` itself, or the map of a key.
fn place_name(what: &str) -> String {
    if what.ends_with(".yaml") || what.contains(' ') { what.to_owned() } else { format!("`{what}`") }
}
