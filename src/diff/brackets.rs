//! Entries of collections with brackets (`{a: 1, b: 2}`) that do not count and that one side alone has. No line is theirs, so the
//! right text is changed to have of them what the left one has.

use super::fields::{Difference, Gap};
use super::ignore::{Rules, extent_of};
use crate::manifest::edits::{self, Edits};
use crate::manifest::path::Step;
use crate::yaml::{Data, Node};
use std::collections::{BTreeMap, BTreeSet};

/// What differs of a collection and does not count.
struct Collection<'d, 'n> {
    path: &'d [Step],
    from: &'n Node,
    to: &'n Node,
    /// Entries that the left side alone has, and the one on the right behind which each would stand.
    come: Vec<(usize, Option<usize>)>,
    /// Entries that the right side alone has.
    gone: BTreeSet<usize>,
}

/// What makes of the right text one that has of such entries what the left one has; none if there are no such entries.
pub(super) fn settle(texts: [&[u8]; 2], found: &[Difference<'_>], rules: &Rules<'_>) -> Option<Edits> {
    if rules.is_empty() || found.iter().all(|difference| difference.gap.is_none()) {
        return None;
    }
    let mut collections: BTreeMap<u32, Collection<'_, '_>> = BTreeMap::new();
    // In the order of their paths, as they were found.
    let mut counting: Vec<&[Step]> = Vec::new();
    for difference in found {
        if !rules.judge(texts, difference).ignored {
            counting.push(&difference.path);
            continue;
        }
        let (Some(gap), Some((_, path))) = (&difference.gap, difference.path.split_last()) else { continue };
        let Gap { from, to, at, behind } = *gap;
        let collection = collections.entry(to.span.start);
        let collection = collection.or_insert(Collection { path, from, to, come: Vec::new(), gone: BTreeSet::new() });
        if difference.from.is_some() {
            collection.come.push((at, behind));
        } else {
            collection.gone.insert(at);
        }
    }
    if collections.is_empty() {
        return None;
    }
    let mut changes = Edits::default();
    for collection in collections.values_mut() {
        let path = collection.path;
        let at = counting.partition_point(|other| *other < path);
        if counting.get(at).is_some_and(|other| other.starts_with(path)) {
            collection.change(texts, &mut changes);
        } else {
            // Nothing in it counts.
            let (a, b) = edits::place(texts[0], collection.from.span);
            let (c, d) = edits::place(texts[1], collection.to.span);
            changes.put(c, d, texts[0].get(a..b).unwrap_or_default());
        }
    }
    Some(changes)
}

/// Where the entries of a collection stand.
fn places(text: &[u8], node: &Node) -> Vec<(usize, usize)> {
    match &node.data {
        Data::Map(entries) => entries.iter().map(|(key, value)| extent_of(text, Some(key.span), value)).collect(),
        Data::List(items) => items.iter().map(|item| extent_of(text, None, item)).collect(),
        _ => Vec::new(),
    }
}

impl Collection<'_, '_> {
    /// Takes entries out and puts others in, each with the comma before it, or behind it at the beginning.
    fn change(&mut self, texts: [&[u8]; 2], changes: &mut Edits) {
        let (left, right) = (places(texts[0], self.from), places(texts[1], self.to));
        let stays = |i: usize| i < right.len() && !self.gone.contains(&i);
        let first = (0..right.len()).find(|i| stays(*i));
        let mut stretches: BTreeMap<usize, (usize, Vec<u8>)> = BTreeMap::new();
        for i in &self.gone {
            let (Some((start, end)), next) = (right.get(*i), right.get(i + 1)) else { continue };
            let before = i.checked_sub(1).and_then(|before| right.get(before));
            match (before, next) {
                (Some((_, before)), _) if first.is_some_and(|first| first < *i) => {
                    stretches.insert(*before, (*end, Vec::new()));
                }
                (_, next) => {
                    stretches.insert(*start, (next.map_or(*end, |(next, _)| *next), Vec::new()));
                }
            }
        }
        self.come.sort_unstable();
        let mut alone = 0;
        for (at, behind) in &self.come {
            let Some((start, end)) = left.get(*at).copied() else { continue };
            let own = texts[0].get(start..end).unwrap_or_default();
            let before = at.checked_sub(1).and_then(|before| left.get(before));
            let (place, piece) = match (behind.and_then(|behind| right.get(behind)), before, first) {
                (Some((_, place)), Some((_, before)), _) => {
                    (*place, texts[0].get(*before..end).unwrap_or_default().to_vec())
                }
                (_, _, Some(first)) => {
                    let place = right.get(first).map_or(0, |(start, _)| *start);
                    (place, [own, b", "].concat())
                }
                // In empty brackets.
                _ => {
                    alone += 1;
                    let comma: &[u8] = if alone > 1 { b", " } else { b"" };
                    (self.to.span.start as usize + 1, [comma, own].concat())
                }
            };
            let stretch = stretches.entry(place).or_insert((place, Vec::new()));
            stretch.1.extend_from_slice(&piece);
        }
        for (start, (end, piece)) in stretches {
            changes.put(start, end, piece);
        }
    }
}
