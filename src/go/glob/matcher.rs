//! The matchers that a pattern becomes.

use crate::go::unicode::{decode, rune_count, runes};
use crate::stack::deeper;
use bstr::ByteSlice;
use std::cell::Cell;

/// Two questions are asked of a matcher: does it match a whole text, and where in a text does it match first,
/// with which lengths.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Nothing,
    Text(Vec<u8>),
    /// No separator.
    Any,
    Super,
    Single,
    List {
        chars: Vec<char>,
        not: bool,
    },
    Range {
        low: char,
        high: char,
        not: bool,
    },
    /// At least so many characters.
    Min(usize),
    /// At most so many characters.
    Max(usize),
    Contains {
        needle: Vec<u8>,
        not: bool,
    },
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    /// The text, then no separator.
    PrefixAny(Vec<u8>),
    /// No separator, then the text.
    SuffixAny(Vec<u8>),
    /// Both, which may overlap.
    PrefixSuffix(Vec<u8>, Vec<u8>),
    /// Matchers of fixed lengths, one after the other; the sum of the lengths.
    Row(Vec<Matcher>, usize),
    AnyOf(Vec<Matcher>),
    EveryOf(Vec<Matcher>),
    Tree(Box<Tree>),
}

/// Something of which the place is sought first, what stands left of it and what stands right of it.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) value: Matcher,
    pub(super) left: Option<Matcher>,
    pub(super) right: Option<Matcher>,
}

const SEPARATOR: char = '/';

fn from(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

fn upto(text: &[u8], at: usize) -> &[u8] {
    text.get(..at).unwrap_or(text)
}

/// The offsets of characters and the end.
fn bounds(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    runes(text).map(|(at, _, _)| at).chain([text.len()])
}

/// A single character, or none: an empty text counts as U+FFFD, as Go decodes it.
fn only(text: &[u8]) -> Option<char> {
    match decode(text) {
        None => Some(char::REPLACEMENT_CHARACTER),
        Some((c, width)) => (width == text.len()).then_some(c),
    }
}

fn first(text: &[u8], is: impl Fn(char) -> bool) -> Option<(usize, Vec<usize>)> {
    runes(text).find(|(_, c, _)| is(*c)).map(|(at, c, _)| (at, vec![c.len_utf8()]))
}

impl Matcher {
    /// The length in characters of all that it matches; `None` where it varies.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Matcher::Nothing => Some(0),
            Matcher::Text(text) => Some(rune_count(text)),
            Matcher::Single | Matcher::List { .. } | Matcher::Range { .. } => Some(1),
            Matcher::Row(_, len) => Some(*len),
            // A matcher of varying length counts only behind one of fixed length.
            Matcher::AnyOf(matchers) => {
                let mut len = None;
                for m in matchers {
                    match (len, m.len()) {
                        (None, l) => len = l,
                        (Some(_), None) => return None,
                        (Some(a), Some(b)) if a != b => return None,
                        _ => {}
                    }
                }
                len
            }
            Matcher::EveryOf(matchers) if matchers.is_empty() => Some(0),
            Matcher::Tree(tree) => {
                let side = |m: &Option<Matcher>| m.as_ref().map_or(Some(0), Matcher::len);
                Some(side(&tree.left)? + tree.value.len()? + side(&tree.right)?)
            }
            _ => None,
        }
    }

    /// Whether it matches the whole text.
    pub(super) fn matches(&self, text: &[u8], steps: &Cell<u32>) -> bool {
        steps.set(steps.get().saturating_sub(1 + text.len() as u32 / 16));
        if steps.get() == 0 {
            return false;
        }
        match self {
            Matcher::Nothing => text.is_empty(),
            Matcher::Text(expected) => text == expected.as_slice(),
            Matcher::Any => !text.contains(&(SEPARATOR as u8)),
            Matcher::Super => true,
            Matcher::Single => only(text).is_some_and(|c| c != SEPARATOR),
            Matcher::List { chars, not } => only(text).is_some_and(|c| chars.contains(&c) != *not),
            Matcher::Range { low, high, not } => only(text).is_some_and(|c| (*low..=*high).contains(&c) != *not),
            Matcher::Min(n) => runes(text).take(*n).count() >= (*n).max(1),
            Matcher::Max(n) => runes(text).take(n + 1).count() <= *n,
            Matcher::Contains { needle, not } => text.contains_str(needle) != *not,
            Matcher::Prefix(prefix) => text.starts_with(prefix),
            Matcher::Suffix(suffix) => text.ends_with(suffix),
            Matcher::PrefixAny(prefix) => {
                text.strip_prefix(prefix.as_slice()).is_some_and(|rest| !rest.contains(&(SEPARATOR as u8)))
            }
            Matcher::SuffixAny(suffix) => {
                text.strip_suffix(suffix.as_slice()).is_some_and(|rest| !rest.contains(&(SEPARATOR as u8)))
            }
            Matcher::PrefixSuffix(prefix, suffix) => text.starts_with(prefix) && text.ends_with(suffix),
            Matcher::Row(matchers, len) => {
                runes(text).take(len + 1).count() == *len && row_matches(matchers, text, steps)
            }
            Matcher::AnyOf(matchers) => matchers.iter().any(|m| m.matches(text, steps)),
            Matcher::EveryOf(matchers) => matchers.iter().all(|m| m.matches(text, steps)),
            Matcher::Tree(tree) => deeper(|| tree.matches(text, steps)),
        }
    }

    /// Where it matches first, and the lengths in bytes of what it matches there.
    fn index(&self, text: &[u8], steps: &Cell<u32>) -> Option<(usize, Vec<usize>)> {
        steps.set(steps.get().saturating_sub(1 + text.len() as u32 / 16));
        if steps.get() == 0 {
            return None;
        }
        match self {
            Matcher::Nothing => Some((0, vec![0])),
            Matcher::Text(needle) => text.find(needle).map(|at| (at, vec![needle.len()])),
            Matcher::Any => {
                let end = text.find_byte(SEPARATOR as u8).unwrap_or(text.len());
                Some((0, bounds(upto(text, end)).collect()))
            }
            Matcher::Super => Some((0, bounds(text).collect())),
            Matcher::Single => first(text, |c| c != SEPARATOR),
            Matcher::List { chars, not } => first(text, |c| chars.contains(&c) != *not),
            Matcher::Range { low, high, not } => first(text, |c| (*low..=*high).contains(&c) != *not),
            Matcher::Min(n) => {
                if text.len() < *n {
                    return None;
                }
                let lengths: Vec<usize> =
                    runes(text).skip(n.saturating_sub(1)).map(|(at, c, _)| at + c.len_utf8()).collect();
                (!lengths.is_empty()).then_some((0, lengths))
            }
            Matcher::Max(n) => {
                let ends = runes(text).take(*n).map(|(at, c, _)| at + c.len_utf8());
                Some((0, [0].into_iter().chain(ends).collect()))
            }
            Matcher::Contains { needle, not } => {
                let found = text.find(needle);
                let (offset, rest) = match (found, *not) {
                    (None, false) => return None,
                    (Some(at), false) => {
                        let offset = at + needle.len();
                        if text.len() <= offset {
                            return Some((0, vec![offset]));
                        }
                        (offset, from(text, offset))
                    }
                    (Some(at), true) => (0, upto(text, at)),
                    (None, true) => (0, text),
                };
                Some((0, bounds(rest).map(|at| offset + at).collect()))
            }
            Matcher::Prefix(prefix) => {
                let at = text.find(prefix)?;
                Some((at, lengths_after(prefix.len(), from(text, at + prefix.len()))))
            }
            Matcher::PrefixAny(prefix) => {
                let at = text.find(prefix)?;
                let rest = from(text, at + prefix.len());
                let end = rest.find_byte(SEPARATOR as u8).unwrap_or(rest.len());
                Some((at, lengths_after(prefix.len(), upto(rest, end))))
            }
            Matcher::Suffix(suffix) => text.find(suffix).map(|at| (0, vec![at + suffix.len()])),
            Matcher::SuffixAny(suffix) => {
                let at = text.find(suffix)?;
                let start = upto(text, at).rfind_byte(SEPARATOR as u8).map_or(0, |i| i + 1);
                Some((start, vec![at + suffix.len() - start]))
            }
            Matcher::PrefixSuffix(prefix, suffix) => {
                let at = text.find(prefix)?;
                if suffix.is_empty() {
                    return Some((at, vec![text.len() - at]));
                }
                let mut rest = from(text, at);
                let mut lengths = Vec::new();
                while let Some(end) = rest.rfind(suffix) {
                    lengths.push(end + suffix.len());
                    rest = upto(rest, end);
                }
                lengths.reverse();
                (!lengths.is_empty()).then_some((at, lengths))
            }
            Matcher::Row(matchers, len) => runes(text)
                .map(|(at, _, _)| at)
                .take_while(|at| text.len() - at >= *len)
                .find(|at| row_matches(matchers, from(text, *at), steps))
                .map(|at| (at, vec![*len])),
            Matcher::AnyOf(matchers) => {
                let mut best: Option<(usize, Vec<usize>)> = None;
                for (at, lengths) in matchers.iter().filter_map(|m| m.index(text, steps)) {
                    match &mut best {
                        Some((known, _)) if at > *known => {}
                        Some((known, all)) if at == *known => {
                            all.extend(lengths);
                            all.sort_unstable();
                            all.dedup();
                        }
                        _ => best = Some((at, lengths)),
                    }
                }
                best
            }
            Matcher::EveryOf(matchers) => every_index(matchers, text, steps),
            // The original never looks for a tree inside a tree.
            Matcher::Tree(_) => None,
        }
    }
}

fn lengths_after(prefix: usize, rest: &[u8]) -> Vec<usize> {
    [prefix].into_iter().chain(runes(rest).map(|(at, c, _)| prefix + at + c.len_utf8())).collect()
}

/// The original cuts a character of several bytes short, after its first byte.
fn row_matches(matchers: &[Matcher], text: &[u8], steps: &Cell<u32>) -> bool {
    let mut rest = text;
    for m in matchers {
        let len = m.len().unwrap_or(0);
        let last = if len == 0 { runes(rest).last() } else { runes(rest).nth(len - 1) };
        let Some((at, _, _)) = last else { return false };
        if !m.matches(upto(rest, at + 1), steps) {
            return false;
        }
        rest = from(rest, at + 1);
    }
    true
}

/// Lengths that all matchers agree on.
fn every_index(matchers: &[Matcher], text: &[u8], steps: &Cell<u32>) -> Option<(usize, Vec<usize>)> {
    let (mut index, mut offset) = (0, 0);
    let mut current: Vec<usize> = Vec::new();
    let mut sub = text;
    for (i, m) in matchers.iter().enumerate() {
        let (at, lengths) = m.index(sub, steps)?;
        if i == 0 {
            current = lengths;
        } else {
            let delta = index as isize - (at + offset) as isize;
            steps.set(steps.get().saturating_sub((current.len() + lengths.len()) as u32));
            let wanted: std::collections::HashSet<isize> = lengths.iter().map(|n| *n as isize).collect();
            current.retain(|n| wanted.contains(&(*n as isize + delta)));
            for n in &mut current {
                *n = n.saturating_add_signed(delta);
            }
            if current.is_empty() {
                return None;
            }
        }
        index = at + offset;
        sub = from(text, index);
        offset += at;
    }
    Some((index, current))
}

impl Tree {
    fn matches(&self, text: &[u8], steps: &Cell<u32>) -> bool {
        let side = |m: &Option<Matcher>| m.as_ref().map_or(Some(0), Matcher::len);
        let (left, right) = (side(&self.left), side(&self.right));
        if let (Some(l), Some(v), Some(r)) = (left, self.value.len(), right)
            && l + v + r > text.len()
        {
            return false;
        }
        let mut offset = left.unwrap_or(0);
        let Some(limit) = text.len().checked_sub(right.unwrap_or(0)) else { return false };
        while offset < limit {
            let Some((at, lengths)) = self.value.index(text.get(offset..limit).unwrap_or_default(), steps) else {
                return false;
            };
            let start = offset + at;
            let before = upto(text, start);
            let fits = self.left.as_ref().map_or(before.is_empty(), |m| m.matches(before, steps));
            if fits {
                for length in lengths.iter().rev() {
                    let after = from(text, start + length);
                    if self.right.as_ref().map_or(after.is_empty(), |m| m.matches(after, steps)) {
                        return true;
                    }
                    if steps.get() == 0 {
                        return false;
                    }
                }
            }
            offset = start + decode(from(text, start)).map_or(1, |(_, width)| width);
        }
        false
    }
}
