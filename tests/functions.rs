//! The functions that rhelm knows are those that Helm accepts: `testdata/functions.txt` has one rendering of each.

use std::collections::BTreeSet;

#[test]
fn names() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/functions.txt")).unwrap();
    let known: BTreeSet<&str> = rhelm::functions::names().collect();
    let (mut called, mut unknown) = (BTreeSet::new(), Vec::new());
    let mut lines = text.lines().skip_while(|line| !line.starts_with("=== lines")).skip(1).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with([' ', '=', '#']) || line.is_empty() {
            continue;
        }
        let refused = lines.peek().is_some_and(|next| next.contains("not defined"));
        let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let first = words.first().copied().unwrap_or_default();
        if refused {
            assert!(!known.contains(first), "Helm does not know {first}");
        } else {
            if !first.is_empty() && !known.contains(first) {
                unknown.push(first);
            }
            called.extend(words);
        }
    }
    let silent: Vec<_> = known.iter().filter(|name| !called.contains(**name)).collect();
    assert!(unknown.is_empty() && silent.is_empty(), "missing: {unknown:?}, without a rendering: {silent:?}");
    assert!(known.len() > 230, "{} functions are too few", known.len());
}
