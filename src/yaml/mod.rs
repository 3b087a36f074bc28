//! Text ⇄ value as sigs.k8s.io/yaml does it on top of go-yaml; places in a file.
//!
//! Reading: `input` checks the bytes, `scan` (with `directive` and `scalar`) makes tokens of them, `parse` events,
//! `compose` a flat list of nodes. From there `convert` goes to values the short way where a document has nothing
//! unusual, `node` decodes everything else as go-yaml does. Documents that are written plainly are read by their lines: their
//! values by `plain`, their heads by `outline`. Writing is `emit` (go-yaml v2 after a detour through
//! JSON) and `pretty` (go-yaml v3). `styled` keeps what a text shows beyond its values; only then does the scanner look
//! at `comments`.

mod comments;
mod compose;
mod convert;
mod directive;
mod documents;
mod duplicates;
mod emit;
mod gosyntax;
mod head;
mod input;
mod jsontext;
mod locate;
mod meaning;
mod node;
mod number;
mod order;
mod outline;
mod parse;
mod plain;
mod pretty;
mod resolve;
mod scalar;
mod scalar_out;
mod scan;
pub mod styled;

pub use convert::{json_kind, parse, parse_list, parse_map};
pub use documents::{documents, stream};
pub use duplicates::duplicates;
pub use emit::emit;
pub use head::{Head, head};
pub use locate::{Offsets, Place, Step, find, locate, nodes, read};
pub use node::{Data, Node};
pub use pretty::emit_pretty;
pub use scan::Style;

use std::fmt;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Go's full text.
    pub message: String,
    /// The real line, from 1, where known: Go's own count is off by one in places.
    pub line: Option<usize>,
    /// The byte offset in the text, where known.
    pub offset: Option<usize>,
    /// Where the bracket or the quote stands that is never closed, if that is what is wrong.
    pub opened: Option<usize>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
