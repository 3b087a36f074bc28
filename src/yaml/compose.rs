//! Events → the first document, as a flat list of its nodes in the order of the text.

use super::input::Input;
use super::parse::{Kind, Parser};
use super::resolve::{Looks, looks};
use super::scan::{Fault, Mark, Scan, Scanner, Style};
use crate::value::MAX_DEPTH;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    Scalar,
    Alias,
    Sequence,
    Mapping,
}

/// A node; those inside it follow.
pub(super) struct Item<'a> {
    pub(super) shape: Shape,
    pub(super) style: Style,
    /// Whether a scalar's type is found by its looks.
    pub(super) implicit: bool,
    /// For an alias the node it means; else the node after this one and all inside it.
    pub(super) link: u32,
    pub(super) start: Mark,
    pub(super) end: u32,
    /// A scalar's text; an alias' name.
    pub(super) text: Cow<'a, [u8]>,
    /// The full tag.
    pub(super) tag: Option<Box<[u8]>>,
}

/// A document: its first node is the root. Empty where there is no document.
#[derive(Default)]
pub(super) struct Document<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Whether nothing in it needs care: no alias, tag or merge key, and nothing that JSON cannot have.
    pub(super) simple: bool,
}

/// A collection that is being read.
struct Open {
    item: u32,
    mapping: bool,
    key_next: bool,
}

impl Open {
    /// Whether the node that comes is a key.
    fn next(&mut self) -> bool {
        let key = self.key_next;
        self.key_next = self.mapping && !key;
        key
    }
}

/// Whether a plain text becomes JSON without ado: finite where it is a number, and no null or large number as a key.
#[inline]
fn harmless(text: &[u8], is_key: bool) -> bool {
    match text.first() {
        None => !is_key,
        Some(b'<') => text != b"<<",
        Some(b'.' | b'+' | b'-') => match looks(text, false) {
            Looks::Float(f) => f.is_finite(),
            _ => true,
        },
        Some(b'~' | b'n' | b'N' | b'0'..=b'9') if is_key => !matches!(looks(text, true), Looks::Null | Looks::Uint(_)),
        Some(_) => true,
    }
}

impl<'a> Item<'a> {
    /// go-yaml's `isMerge`.
    pub(super) fn is_merge(&self) -> bool {
        self.shape == Shape::Scalar
            && *self.text == *b"<<"
            && (self.implicit || self.tag.as_deref() == Some(b"tag:yaml.org,2002:merge"))
    }
}

/// Reads the first document of an input. As in go-yaml nothing after it is looked at but the next token.
pub(super) fn compose<'a>(text: &'a [u8], chunks: Option<Box<super::input::Chunks>>) -> Scan<Document<'a>> {
    let mut parser = Parser::new(Scanner::new(text, chunks));
    let mut document = Document { items: Vec::with_capacity(text.len() / 16 + 4), simple: true };
    if parser.next()?.kind == Kind::StreamEnd {
        return Ok(document);
    }
    let mut anchors: HashMap<&'a [u8], u32> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    loop {
        let event = parser.next()?;
        let number = document.items.len() as u32;
        if let Some(name) = event.anchor
            && event.kind != Kind::Alias
        {
            anchors.insert(name, number);
        }
        let mut link = number + 1;
        let ends = matches!(event.kind, Kind::SequenceEnd | Kind::MappingEnd);
        let is_key = !ends && open.last_mut().is_some_and(Open::next);
        let shape = match event.kind {
            Kind::Scalar => {
                document.simple &= !event.implicit || harmless(&event.text, is_key);
                Shape::Scalar
            }
            Kind::Alias => {
                document.simple = false;
                let name = event.anchor.unwrap_or_default();
                match anchors.get(name) {
                    Some(&target) => link = target,
                    None => {
                        let problem = format!("unknown anchor '{}' referenced", String::from_utf8_lossy(name));
                        let problem = Cow::Owned(problem);
                        return Err(Box::new(Fault {
                            problem,
                            line: 0,
                            at: Some(event.start),
                            context: None,
                            opened: None,
                            lexical: false,
                        }));
                    }
                }
                Shape::Alias
            }
            Kind::SequenceStart | Kind::MappingStart => {
                let mapping = event.kind == Kind::MappingStart;
                open.push(Open { item: number, mapping, key_next: mapping });
                document.simple &= !is_key && open.len() <= MAX_DEPTH;
                if event.kind == Kind::SequenceStart { Shape::Sequence } else { Shape::Mapping }
            }
            Kind::SequenceEnd | Kind::MappingEnd => {
                if let Some(item) = open.pop().and_then(|o| document.items.get_mut(o.item as usize)) {
                    item.link = number;
                    item.end = event.end.offset;
                }
                if open.is_empty() {
                    break;
                }
                continue;
            }
            Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd => break,
        };
        document.simple &= event.tag.is_empty();
        document.items.push(Item {
            shape,
            style: event.style,
            implicit: event.implicit,
            link,
            start: event.start,
            end: event.end.offset,
            text: match event.anchor {
                Some(name) if shape == Shape::Alias => Cow::Borrowed(name),
                _ => event.text,
            },
            tag: (!event.tag.is_empty()).then(|| event.tag.into_boxed_slice()),
        });
        if open.is_empty() {
            break;
        }
    }
    // The end of the document is an event too: what stands there must be a token.
    parser.next()?;
    Ok(document)
}

/// Reads the first document of a text and hands it on.
pub(super) fn with_document<T>(raw: &[u8], then: impl FnOnce(Scan<&Document<'_>>, Option<usize>) -> T) -> T {
    let Input { text, shift, chunks } = Input::new(raw);
    if u32::try_from(text.len()).is_err() {
        let problem = Cow::Borrowed("document is too large");
        let fault = Fault { problem, line: 0, at: None, context: None, opened: None, lexical: false };
        return then(Err(Box::new(fault)), shift);
    }
    match compose(&text, chunks) {
        Ok(document) => then(Ok(&document), shift),
        Err(fault) => then(Err(fault), shift),
    }
}
