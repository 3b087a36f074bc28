//! A failed execution: Go's words for it, and what a person needs to find the place.

use crate::diagnostic::{Location, Source, Span};
use crate::go::quote::quoted;
use crate::value::Str;
use std::fmt::Write as _;
use std::sync::Arc;

use super::parse::ParseError;

/// A failed execution. `frames` go from the innermost outwards.
#[derive(Debug, Clone)]
pub struct ExecError {
    /// What went wrong, in Go's words, without any place.
    pub message: String,
    /// What kind of failure it was.
    pub cause: Cause,
    /// Through what it went, innermost first.
    pub frames: Vec<Frame>,
    /// Ways out.
    pub hints: Vec<String>,
}

/// Where the words of a failure come from; Helm treats them differently.
#[derive(Debug, Clone)]
pub enum Cause {
    /// The executor itself: nil pointers, wrong types, unknown templates.
    Executor(Reason),
    /// A function returned an error or panicked.
    Function(&'static str),
    /// `fail` or `required`.
    Raised(&'static str),
    /// A `tpl` text that does not parse.
    Unparsable(Box<ParseError>),
}

/// What the executor found, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Go's words are all there is.
    Other,
    /// A field was asked of nil: the field.
    NilField(String),
    /// There is no template of this name.
    NoTemplate(String),
}

/// One step of the way from the failure to the file.
#[derive(Debug, Clone)]
pub enum Frame {
    /// A template was executing; Go reports these.
    Call {
        /// The text.
        source: Arc<Source>,
        /// Go's position of the node: a byte offset.
        pos: u32,
        /// The node's whole extent.
        span: Span,
        /// The executing template's name.
        template: Str,
        /// The node as Go prints it.
        node: String,
        /// Go's words between this frame and the next: `error calling include: `.
        link: String,
        /// The function that was called, if one was.
        function: Option<&'static str>,
    },
    /// A loop was running; Go does not tell.
    Loop {
        /// Its `range` action.
        at: Location,
        /// The variable that holds the key or index, and what it held.
        key: Option<(String, String)>,
    },
}

impl ExecError {
    /// Go's text: every frame on one line.
    pub fn go_text(&self) -> String {
        self.suffixes().0
    }

    /// Go's text, and where in it each frame's own text begins, outermost first.
    fn suffixes(&self) -> (String, Vec<usize>) {
        let mut text = String::new();
        let mut starts = Vec::new();
        for frame in self.frames.iter().rev() {
            if let Frame::Call { source, pos, template, node, link, .. } = frame {
                starts.push(text.len());
                let (line, byte) = source.line_and_byte(*pos);
                let _ = write!(
                    text,
                    "template: {}:{line}:{byte}: executing {} at <{node}>: {link}",
                    source.name,
                    quoted(template)
                );
            }
        }
        text.push_str(&self.message);
        (text, starts)
    }

    /// Helm's text for it, without `Error: ` and the advice on `--debug`.
    ///
    /// Helm takes Go's text apart again: `fail` and `required` show the outermost place, failures of the executor
    /// a block a frame, and everything else Go's text as it is.
    pub fn helm_text(&self) -> String {
        if let Cause::Raised(_) = self.cause {
            let outermost = self.frames.iter().rev().find_map(|frame| match frame {
                Frame::Call { source, pos, .. } => Some((source, *pos)),
                Frame::Loop { .. } => None,
            });
            let Some((source, pos)) = outermost else {
                return self.message.clone();
            };
            let (line, byte) = source.line_and_byte(pos);
            return format!("execution error at ({}:{line}:{byte}): {}", source.name, self.message);
        }
        let (text, mut starts) = self.suffixes();
        let through_tpl = self
            .frames
            .iter()
            .any(|frame| matches!(frame, Frame::Call { link, function: Some("tpl"), .. } if !link.is_empty()));
        let words = matches!(self.cause, Cause::Function(_) | Cause::Unparsable(_));
        if through_tpl || words && !self.message.starts_with("template: ") {
            return text;
        }
        if words {
            starts.push(text.len() - self.message.len());
        }
        let mut blocks: Vec<String> = Vec::new();
        for start in starts {
            let Some(block) = text.get(start..).and_then(helm_block) else {
                return text;
            };
            if blocks.last() != Some(&block) {
                blocks.push(block);
            }
        }
        blocks.concat().trim().to_owned()
    }

    /// Where the failure itself is: the innermost call.
    pub fn innermost(&self) -> Option<Location> {
        self.frames.iter().find_map(|frame| match frame {
            Frame::Call { source, span, .. } => Some(Location { source: source.clone(), span: *span }),
            Frame::Loop { .. } => None,
        })
    }
}

/// One of Helm's blocks from the beginning of an error text of Go.
fn helm_block(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let executing = rest.split_once(": executing ").and_then(|(location, after)| {
        let (name, after) = after.strip_prefix('"')?.split_once('"')?;
        let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        Some((location, format!("executing \"{name}\" at <{node}>:"), message))
    });
    let (location, action, message) = match executing {
        Some(found) => found,
        None => {
            let (location, message) = rest.rsplit_once(": ")?;
            (location, String::new(), message)
        }
    };
    let message = message.find(" template:").and_then(|cut| message.get(..cut)).unwrap_or(message);
    let mut block = String::new();
    if !location.is_empty() {
        block += &format!("{location}\n  ");
    }
    if !action.is_empty() {
        block += &format!("{action}\n    ");
    }
    if !message.is_empty() {
        block += &format!("{message}\n");
    }
    Some(block)
}
