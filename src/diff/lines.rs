//! Which lines two texts share.
//!
//! Lines that only one text has can match nothing and are left out first. Those that both have exactly once are anchors, as in
//! a patience diff; between them, where little is left, Myers' algorithm finds the shortest way. Where much is left without an
//! anchor (hundreds of thousands of the same few lines), both sides are cut in the middle: so time is bounded by the
//! input alone, never by a clock, and the same texts always give the same lines.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::HashMap;
use std::hash::Hash;

/// Up to so many lines on both sides together go through Myers' algorithm, whose time is the square.
const SMALL: usize = 2_000;

/// How often anchors are looked for between anchors.
const ROUNDS: usize = 24;

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Removed,
    Added,
}

/// A line of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'t> {
    pub(super) mark: Mark,
    pub(super) text: &'t [u8],
    /// How many lines of the left text stand before it.
    pub(super) from: usize,
    /// How many lines of the right text stand before it.
    pub(super) to: usize,
}

/// The lines of a text without their ends. A line end at the end begins no line.
pub(super) fn lines(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').collect()
}

/// The text of lines: each has its end.
pub(super) fn joined(lines: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// Both texts' lines in one sequence: what is removed comes before what is added in its place.
pub(super) fn rows<'t>(before: &'t [u8], after: &'t [u8]) -> Vec<Row<'t>> {
    rows_of(&lines(before), &lines(after))
}

/// The same for lines.
pub(super) fn rows_of<'t>(before: &[&'t [u8]], after: &[&'t [u8]]) -> Vec<Row<'t>> {
    let mut out = Vec::with_capacity(before.len().max(after.len()));
    let (mut from, mut to) = (0, 0);
    let mut gap = |out: &mut Vec<Row<'t>>, up_to: (usize, usize)| {
        for text in before.get(from..up_to.0).unwrap_or_default() {
            out.push(Row { mark: Mark::Removed, text, from, to });
            from += 1;
        }
        for text in after.get(to..up_to.1).unwrap_or_default() {
            out.push(Row { mark: Mark::Added, text, from, to });
            to += 1;
        }
        let place = (from, to);
        from += 1;
        to += 1;
        place
    };
    for (i, j) in matches(before, after) {
        let (from, to) = gap(&mut out, (i, j));
        if let Some(text) = after.get(j) {
            out.push(Row { mark: Mark::Same, text, from, to });
        }
    }
    gap(&mut out, (before.len(), after.len()));
    slide(&mut out);
    out
}

/// How far a block slides.
const FARTHEST: usize = 200;

/// Where a block that is only removed, or only added, could as well begin a few lines higher or lower, it begins with its
/// least indented line: an item of a list is then shown as a whole.
fn slide(rows: &mut [Row<'_>]) {
    let indent = |text: &[u8]| {
        let blank = text.iter().take_while(|b| **b == b' ').count();
        if blank == text.len() { usize::MAX } else { blank }
    };
    let mut at = 0;
    let mut moved = false;
    while let Some(row) = rows.get(at) {
        let mark = row.mark;
        let length = rows.iter().skip(at).take_while(|row| row.mark == mark).count();
        let (start, end) = (at, at + length);
        at = end;
        let same = |i: Option<usize>| i.and_then(|i| rows.get(i)).is_none_or(|row| row.mark == Mark::Same);
        if mark == Mark::Same || !same(start.checked_sub(1)) || !same(Some(end)) {
            continue;
        }
        // The text behind a block that slid is what stood before it: a block of `length` lines repeats itself.
        let equal = |a: usize, b: usize| match (rows.get(a), rows.get(b)) {
            (Some(a), Some(b)) => a.text == b.text,
            _ => false,
        };
        let free = |i: usize| rows.get(i).is_some_and(|row| row.mark == Mark::Same);
        let mut up = 0;
        while up < FARTHEST && start > up && free(start - up - 1) && equal(start - up - 1, end - up - 1) {
            up += 1;
        }
        let mut down = 0;
        while down < FARTHEST && free(end + down) && equal(start + down, end + down) {
            down += 1;
        }
        // Next to another block it would be one with it: what is removed would stand behind what is added.
        let alone = |i: &usize| {
            let above = *i > start - up || same(i.checked_sub(1));
            let below = *i < start + down || same(Some(i + length));
            above && below
        };
        let places = (start - up..=start + down).rev().filter(alone);
        let best = places.min_by_key(|i| rows.get(*i).map(|row| indent(row.text)));
        let Some(best) = best.filter(|best| *best != start) else { continue };
        for (i, row) in rows.iter_mut().enumerate().take((end + down).max(end)).skip(start - up) {
            row.mark = if (best..best + length).contains(&i) { mark } else { Mark::Same };
        }
        at = best + length;
        moved = true;
    }
    if moved {
        let (mut from, mut to) = (0, 0);
        for row in rows {
            (row.from, row.to) = (from, to);
            from += usize::from(row.mark != Mark::Added);
            to += usize::from(row.mark != Mark::Removed);
        }
    }
}

/// The places of equal items, ascending in both lists. Swapping the lists swaps the places.
pub(super) fn matches<T: Hash + Ord>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    if a > b {
        return matches(b, a).into_iter().map(|(i, j)| (j, i)).collect();
    }
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (a.get(head..).unwrap_or_default(), b.get(head..).unwrap_or_default());
    let tail = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let rest_a = rest_a.get(..rest_a.len() - tail).unwrap_or_default();
    let rest_b = rest_b.get(..rest_b.len() - tail).unwrap_or_default();
    let mut found: Vec<(usize, usize)> = (0..head).map(|i| (i, i)).collect();
    found.extend(middle(rest_a, rest_b).into_iter().map(|(i, j)| (head + i, head + j)));
    found.extend((0..tail).rev().map(|i| (a.len() - 1 - i, b.len() - 1 - i)));
    found
}

fn middle<T: Hash + Ord>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    // Numbers for the items of the first list; what else the second has matches nothing.
    let mut numbers: HashMap<&T, (u32, bool)> = HashMap::new();
    for item in a {
        let next = numbers.len() as u32;
        numbers.entry(item).or_insert((next, false));
    }
    let mut right = Vec::new();
    for (j, item) in b.iter().enumerate() {
        if let Some((number, shared)) = numbers.get_mut(item) {
            *shared = true;
            right.push((j, *number));
        }
    }
    let shared = |(i, item)| match numbers.get(item) {
        Some((number, true)) => Some((i, *number)),
        _ => None,
    };
    let left: Vec<(usize, u32)> = a.iter().enumerate().filter_map(shared).collect();
    let ids = |list: &[(usize, u32)]| list.iter().map(|(_, id)| *id).collect::<Vec<u32>>();
    let found = align(&ids(&left), &ids(&right));
    found.into_iter().filter_map(|(i, j)| Some((left.get(i)?.0, right.get(j)?.0))).collect()
}

/// A stretch of both lists that is still to be aligned.
struct Gap {
    a: (usize, usize),
    b: (usize, usize),
    rounds: usize,
}

fn align(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open = vec![Gap { a: (0, a.len()), b: (0, b.len()), rounds: 0 }];
    while let Some(Gap { a: (mut a0, mut a1), b: (mut b0, mut b1), rounds }) = open.pop() {
        while a0 < a1 && b0 < b1 && a.get(a0) == b.get(b0) {
            found.push((a0, b0));
            (a0, b0) = (a0 + 1, b0 + 1);
        }
        while a0 < a1 && b0 < b1 && a.get(a1 - 1) == b.get(b1 - 1) {
            (a1, b1) = (a1 - 1, b1 - 1);
            found.push((a1, b1));
        }
        if a0 == a1 || b0 == b1 {
            continue;
        }
        let (left, right) = (a.get(a0..a1).unwrap_or_default(), b.get(b0..b1).unwrap_or_default());
        if left.len() + right.len() <= SMALL {
            for op in capture_diff_slices(Algorithm::Myers, left, right) {
                if let DiffOp::Equal { old_index, new_index, len } = op {
                    found.extend((0..len).map(|k| (a0 + old_index + k, b0 + new_index + k)));
                }
            }
            continue;
        }
        let anchors = if rounds < ROUNDS { anchors(left, right) } else { Vec::new() };
        if anchors.is_empty() {
            let (am, bm) = (a0 + left.len() / 2, b0 + right.len() / 2);
            open.push(Gap { a: (a0, am), b: (b0, bm), rounds: rounds + 1 });
            open.push(Gap { a: (am, a1), b: (bm, b1), rounds: rounds + 1 });
            continue;
        }
        let (mut a_from, mut b_from) = (a0, b0);
        for (i, j) in anchors {
            found.push((a0 + i, b0 + j));
            open.push(Gap { a: (a_from, a0 + i), b: (b_from, b0 + j), rounds: rounds + 1 });
            (a_from, b_from) = (a0 + i + 1, b0 + j + 1);
        }
        open.push(Gap { a: (a_from, a1), b: (b_from, b1), rounds: rounds + 1 });
    }
    found.sort_unstable();
    found
}

/// The longest ascending sequence of what both lists have exactly once.
fn anchors(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let places = |list: &[u32]| {
        let mut places: HashMap<u32, Option<usize>> = HashMap::new();
        for (i, id) in list.iter().enumerate() {
            places.entry(*id).and_modify(|place| *place = None).or_insert(Some(i));
        }
        places
    };
    let (left, right) = (places(a), places(b));
    let unique: Vec<(usize, usize)> = a
        .iter()
        .enumerate()
        .filter_map(|(i, id)| {
            left.get(id)?.as_ref()?;
            Some((i, (*right.get(id)?)?))
        })
        .collect();
    // Patience: piles of ascending tops, each card knows the one below it.
    let mut piles: Vec<usize> = Vec::new();
    let mut below: Vec<Option<usize>> = Vec::with_capacity(unique.len());
    for (card, (_, j)) in unique.iter().enumerate() {
        let pile = piles.partition_point(|top| unique.get(*top).is_some_and(|(_, top)| top < j));
        below.push(pile.checked_sub(1).and_then(|pile| piles.get(pile).copied()));
        match piles.get_mut(pile) {
            Some(top) => *top = card,
            None => piles.push(card),
        }
    }
    let mut found = Vec::with_capacity(piles.len());
    let mut card = piles.last().copied();
    while let Some(at) = card {
        found.extend(unique.get(at));
        card = below.get(at).copied().flatten();
    }
    found.reverse();
    found
}

/// Which rows are within so many lines of a difference; none: all of them.
pub(super) fn near(rows: &[Row<'_>], context: Option<usize>) -> Vec<bool> {
    let Some(context) = context else { return vec![true; rows.len()] };
    let mut shown = vec![false; rows.len()];
    let mut last: Option<usize> = None;
    for (i, row) in rows.iter().enumerate() {
        if row.mark != Mark::Same {
            last = Some(i);
        }
        if let Some(shown) = shown.get_mut(i) {
            *shown = last.is_some_and(|last| i - last <= context);
        }
    }
    last = None;
    for (i, row) in rows.iter().enumerate().rev() {
        if row.mark != Mark::Same {
            last = Some(i);
        }
        if let Some(shown) = shown.get_mut(i) {
            *shown |= last.is_some_and(|last| last - i <= context);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn text(rows: &[Row<'_>]) -> String {
        let mut out = String::new();
        for row in rows {
            out.push(match row.mark {
                Mark::Same => ' ',
                Mark::Removed => '-',
                Mark::Added => '+',
            });
            out.push_str(&String::from_utf8_lossy(row.text));
        }
        out
    }

    #[test]
    fn small() {
        for (a, b, want) in [
            ("", "", ""),
            ("a", "a\n", " a"),
            ("a\nb\nc\n", "a\nc\n", " a-b c"),
            ("a\nb", "a\nx\nb", " a+x b"),
            ("a\nb\n", "c\nd\n", "-a-b+c+d"),
            ("e:\n- a\n  v\n- c\n  v\n", "e:\n- a\n  v\n- b\n  v\n- c\n  v\n", " e: - a   v+- b+  v - c   v"),
            ("e:\n- a\n  v\n- b\n  v\n- c\n  v\n", "e:\n- a\n  v\n- c\n  v\n", " e: - a   v-- b-  v - c   v"),
        ] {
            assert_eq!(text(&rows(a.as_bytes(), b.as_bytes())), want);
        }
    }

    #[test]
    fn huge() {
        let numbers = |from: usize, step: usize| -> Vec<u8> {
            (0..200_000).flat_map(|i| format!("line {}\n", from + i * step).into_bytes()).collect()
        };
        let few = |salt: usize| -> Vec<u8> {
            let mut state = salt;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 40
            };
            (0..200_000).flat_map(|_| format!("{}\n", next() % 7).into_bytes()).collect()
        };
        let start = Instant::now();
        for (a, b) in [
            (numbers(0, 1), numbers(1_000_000, 1)),
            (numbers(0, 2), numbers(1, 3)),
            (few(1), few(2)),
            (numbers(0, 1), few(3)),
        ] {
            let rows = rows(&a, &b);
            assert!(rows.iter().filter(|row| row.mark != Mark::Added).count() == 200_000);
        }
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
}
