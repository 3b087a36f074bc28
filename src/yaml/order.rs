//! The order of keys: go-yaml's sorter, in its two versions.
//!
//! Version 2's relation is not transitive (`a1b` < `a01` < `a10` < `a1b`), so the sort here must not rely on it.

use crate::go::unicode;
use crate::value::{Str, Value};
use bstr::ByteSlice as _;
use std::cmp::Ordering;

/// Which go-yaml.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V3,
}

/// Sorts entries by key, in place.
pub(super) fn sort<'a>(entries: &mut Vec<(&'a Str, &'a Value)>, version: Version) {
    // Keys come in byte order, which is nearly this one: inserting finds most in place.
    let budget = entries.len() * 16;
    let mut moves = 0;
    for i in 1..entries.len() {
        let mut j = i;
        while j > 0 {
            match (entries.get(j), entries.get(j - 1)) {
                (Some((a, _)), Some((b, _))) if less(a, b, version) => entries.swap(j, j - 1),
                _ => break,
            }
            j -= 1;
            moves += 1;
        }
        if moves > budget {
            merge_sort(entries, version);
            return;
        }
    }
}

fn merge_sort<'a>(entries: &mut Vec<(&'a Str, &'a Value)>, version: Version) {
    let mut width = 1;
    while width < entries.len() {
        let mut sorted = Vec::with_capacity(entries.len());
        for pair in entries.chunks(width * 2) {
            let (a, b) = pair.split_at(width.min(pair.len()));
            let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
            loop {
                let next = match (a.peek(), b.peek()) {
                    (Some(x), Some(y)) if less(y.0, x.0, version) => b.next(),
                    (Some(_), _) => a.next(),
                    (None, _) => b.next(),
                };
                match next {
                    Some(entry) => sorted.push(*entry),
                    None => break,
                }
            }
        }
        *entries = sorted;
        width *= 2;
    }
}

/// Whether key `a` stands before key `b`.
pub(super) fn less(a: &[u8], b: &[u8], version: Version) -> bool {
    let Some(mut i) = a.iter().zip(b).position(|(x, y)| x != y) else { return a.len() < b.len() };
    // Back to the start of a character.
    while i > 0 && (a.get(i).is_some_and(|b| b & 0xc0 == 0x80) || b.get(i).is_some_and(|b| b & 0xc0 == 0x80)) {
        i -= 1;
    }
    let (Some(x), Some(y)) = (rune(a, i), rune(b, i)) else { return a.len() < b.len() };
    let (x_letter, y_letter) = (is_letter(x), is_letter(y));
    if x_letter && y_letter {
        return x < y;
    }
    if x_letter || y_letter {
        let after_digit = before(a, i).next().is_some_and(is_digit);
        return if version == Version::V3 && after_digit { x_letter } else { y_letter };
    }
    let (mut x_number, mut y_number) = (0i64, 0i64);
    if (x == '0' || y == '0') && before(a, i).take_while(|c| is_digit(*c)).any(|c| c != '0') {
        (x_number, y_number) = (1, 1);
    }
    let number = |text: &[u8], start: i64| {
        // Digits of all scripts count, with their distance from '0' as their value.
        let digits = text.get(i..).unwrap_or_default().chars().take_while(|c| is_digit(*c));
        let value = |c: char| i64::from(u32::from(c)) - i64::from(b'0');
        digits.fold((start, 0), |(n, count), c| (n.wrapping_mul(10).wrapping_add(value(c)), count + 1))
    };
    let (x_count, y_count): (usize, usize);
    (x_number, x_count) = number(a, x_number);
    (y_number, y_count) = number(b, y_number);
    x_number.cmp(&y_number).then(x_count.cmp(&y_count)).then(x.cmp(&y)) == Ordering::Less
}

fn rune(text: &[u8], at: usize) -> Option<char> {
    let rest = text.get(at..)?;
    match rest.first()? {
        &b @ 0..0x80 => Some(char::from(b)),
        _ => rest.chars().next(),
    }
}

/// The characters before a place, the nearest first.
fn before(text: &[u8], at: usize) -> impl Iterator<Item = char> {
    text.get(..at).unwrap_or_default().chars().rev()
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii() && unicode::is_letter(c)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || !c.is_ascii() && unicode::is_digit(c)
}
