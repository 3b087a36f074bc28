//! Changes of a YAML text that leave all other bytes as they are.

use crate::diagnostic::Span;
use crate::yaml::{self, Node};

/// Deeper nodes are not looked at.
pub(crate) const DEEPEST: usize = 400;

/// Stretches of a text, and what comes in their place.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<(usize, usize, Vec<u8>)>);

impl Edits {
    /// Puts bytes in the place of a stretch.
    pub(crate) fn put(&mut self, start: usize, end: usize, bytes: impl Into<Vec<u8>>) {
        self.0.push((start, end.max(start), bytes.into()));
    }

    /// The text with all changes; of those that overlap the outermost.
    pub(crate) fn apply(mut self, text: &[u8]) -> Vec<u8> {
        self.0.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut out = Vec::with_capacity(text.len());
        let mut done = 0;
        for (start, end, bytes) in self.0 {
            if start < done || end > text.len() {
                continue;
            }
            out.extend_from_slice(text.get(done..start).unwrap_or_default());
            out.extend_from_slice(&bytes);
            done = end;
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
        out
    }
}

/// Reads a document in which places can be trusted: UTF-16 has others.
pub(crate) fn read(text: &[u8]) -> Option<Node> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return None;
    }
    yaml::read(text).ok().flatten()
}

/// Where a node is written, without the white space behind it: a block scalar's and a block's place ends with the next token.
pub(crate) fn place(text: &[u8], span: Span) -> (usize, usize) {
    let (start, end) = (span.start as usize, (span.end as usize).min(text.len()));
    let length = text.get(start..end).unwrap_or_default().trim_ascii_end().len();
    (start, start + length)
}

/// Whether a collection is written with brackets, so that no comment may stand inside.
pub(crate) fn is_flow(text: &[u8], node: &Node) -> bool {
    matches!(text.get(node.span.start as usize), Some(b'{' | b'['))
}

/// A text as a scalar, on one line: quoted where it must be, in collections with brackets, and where somebody asks.
pub(crate) fn scalar(words: &str, quoted: bool) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "<>_+/=.:-".contains(c);
    let is_plain = words.starts_with(|c: char| c.is_ascii_alphabetic() || c == '<') && words.chars().all(plain);
    if quoted || !is_plain || words.ends_with(':') {
        serde_json::Value::from(words).to_string()
    } else {
        words.to_owned()
    }
}
