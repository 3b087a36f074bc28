//! Takes the marks out of a text that a marked template made.

use super::guard::{CLOSE, OPEN};
use crate::diagnostic::{Location, Source, Span};
use crate::template::Mark;
use std::sync::Arc;

/// What a marked template made, without its marks, and what wrote which part. The name of the file that a mark is of
/// stands in it by its number in `sources`.
pub(super) fn taken(text: &str, sources: &[Arc<Source>]) -> (String, Vec<Mark>) {
    let mut plain = String::with_capacity(text.len());
    let mut marks = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        plain.push_str(before);
        let Some((mark, after)) = after.split_once(CLOSE) else {
            rest = after;
            break;
        };
        rest = after;
        marks.extend(read(mark, sources).map(|at| Mark { offset: plain.len(), at }));
    }
    plain.push_str(rest);
    (plain, marks)
}

/// `3c12`: text of the third source from its byte 12.
fn read(mark: &str, sources: &[Arc<Source>]) -> Option<Location> {
    let at = mark.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, rest) = mark.split_at_checked(at)?;
    let source = sources.get(number.parse::<usize>().ok()?)?;
    let start: usize = rest.get(1..)?.parse().ok()?;
    let text = source.text.get(start..)?;
    let length = if rest.starts_with(['e', 'E']) {
        memchr::memmem::find(text, b"}}").map_or(text.len(), |end| end + 2)
    } else {
        ["{{", "{%", "{#"]
            .iter()
            .filter_map(|open| memchr::memmem::find(text, open.as_bytes()))
            .min()
            .unwrap_or(text.len())
    };
    Some(Location { source: source.clone(), span: Span::new(start, start + length) })
}
