//! Keys that stand twice in one map: go-yaml takes the last, and a person meant one of them.

use super::compose::{Shape, with_document};
use crate::diagnostic::Span;
use std::borrow::Cow;
use std::collections::HashMap;

/// Keys of the first document that stand more than once in their map: the first place, then the later one.
///
/// Keys are compared as they are written, so `1` and `"1"` are one. A text that is no YAML has none.
pub fn duplicates(text: &[u8]) -> Vec<(Span, Span)> {
    with_document(text, |document, shift| {
        let (Ok(document), shift) = (document, shift.unwrap_or(0)) else { return Vec::new() };
        let items = &document.items;
        let mut found = Vec::new();
        for (number, item) in items.iter().enumerate() {
            if item.shape != Shape::Mapping {
                continue;
            }
            let mut seen: HashMap<&[u8], Span> = HashMap::new();
            let mut key = number + 1;
            while key < item.link as usize {
                let Some(name) = items.get(key) else { break };
                if name.shape == Shape::Scalar && !name.is_merge() {
                    let span = Span::new(name.start.offset as usize + shift, name.end as usize + shift);
                    match seen.get(Cow::as_ref(&name.text)) {
                        Some(first) => found.push((*first, span)),
                        None => {
                            seen.insert(&name.text, span);
                        }
                    }
                }
                key = after(items, after(items, key));
            }
        }
        found.sort_by_key(|(_, second)| second.start);
        found
    })
}

/// The node after this one and all inside it.
fn after(items: &[super::compose::Item<'_>], at: usize) -> usize {
    match items.get(at) {
        Some(item) if item.shape != Shape::Alias => (item.link as usize).max(at + 1),
        _ => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::duplicates;

    #[test]
    fn keys() {
        for (text, want) in [
            ("a: 1\nb: {c: 1, d: [a, a], c: 2}\na: 3\n", vec!["c", "a"]),
            ("x: &x {k: 1}\ny: {<<: *x, k: 2, *x : 1}\n", vec![]),
            ("1: a\n'1': b\n", vec!["'1'"]),
            ("a: {", vec![]),
        ] {
            let found: Vec<&str> =
                duplicates(text.as_bytes()).iter().map(|(_, b)| &text[b.start as usize..b.end as usize]).collect();
            assert_eq!(found, want, "{text}");
        }
    }
}
