//! Runs of characters, found eight bytes at a time. Names and texts in templates and JSON are mostly shorter than what a search made
//! for long texts takes to begin, and where they end is hard to foresee for a loop that looks at each byte.

use memchr::memmem::Finder;
use std::sync::LazyLock;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// What lies further is searched for in another way.
const NEAR: usize = 64;

/// Finds left delimiters.
static DELIM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"{{"));

/// Eight bytes from a place on, the first one lowest. Behind the end there are zeros.
fn word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    u64::from_le_bytes(rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(rest).for_each(|(byte, of)| *byte = *of);
        bytes
    }))
}

/// How many bytes lie before the first whose highest bit is set.
fn before(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The highest bits of the bytes that are this one. Right for the first of them, which is all that is asked for.
fn equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ (ONES * u64::from(byte));
    differing.wrapping_sub(ONES) & !differing & HIGH
}

/// The highest bits of the bytes that are no letter, digit or underscore of ASCII.
fn no_name(word: u64) -> u64 {
    let low = word & !HIGH;
    let is_from = |bytes: u64, first: u8| bytes + ONES * u64::from(0x80 - first);
    let lower = low | (ONES * 0x20);
    let letters = is_from(lower, b'a') & !is_from(lower, b'z' + 1);
    let digits = is_from(low, b'0') & !is_from(low, b'9' + 1);
    let underscores = !is_from(low ^ (ONES * u64::from(b'_')), 1);
    (!(letters | digits | underscores) | word) & HIGH
}

/// Whether both are the same. Short ones are compared in two pieces, which may overlap.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        4..=7 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        1..=3 => a.first() == b.first() && a.last() == b.last() && a.get(a.len() / 2) == b.get(b.len() / 2),
        _ => a == b,
    }
}

/// Where the first byte stands whose highest bit `marks` gives; none of those up to `most` may be one.
fn first(text: &[u8], most: usize, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let most = most.min(text.len());
    let mut at = 0;
    while at < most {
        let marks = marks(word(text, at));
        if marks != 0 {
            return Some(at + before(marks));
        }
        at += 8;
    }
    None
}

/// How many bytes a text begins with that JSON has as they are: ASCII, but for quotes, backslashes and what is below the space; with
/// `escapes_html` but for `<`, `>` and `&`, too.
pub(crate) fn json(text: &[u8], escapes_html: bool) -> usize {
    let others = |word: u64| {
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        let others = equal(word, b'"') | equal(word, b'\\') | (below_space | word) & HIGH;
        if escapes_html { others | equal(word, b'<') | equal(word, b'>') | equal(word, b'&') } else { others }
    };
    first(text, usize::MAX, others).unwrap_or(text.len())
}

/// How many visible characters of ASCII a text begins with that are neither colons nor number signs.
pub(crate) fn visible(text: &[u8]) -> usize {
    let others = |word: u64| {
        let up_to_space = word.wrapping_sub(ONES * 0x21) & !word;
        equal(word, b':') | equal(word, b'#') | equal(word, 0x7f) | (up_to_space | word) & HIGH
    };
    first(text, usize::MAX, others).unwrap_or(text.len())
}

/// How many bytes a text begins with that begin none of YAML's line breaks.
pub(crate) fn unbroken(text: &[u8]) -> usize {
    let others = |word: u64| equal(word, b'\n') | equal(word, b'\r') | equal(word, 0xc2) | equal(word, 0xe2);
    first(text, usize::MAX, others).unwrap_or(text.len())
}

/// How many spaces a text begins with.
#[cfg(any(feature = "schema", test))]
pub(crate) fn spaces(text: &[u8]) -> usize {
    first(text, usize::MAX, |word| word ^ (ONES * u64::from(b' '))).unwrap_or(text.len())
}

/// How many letters, digits and underscores of ASCII a text begins with.
pub(crate) fn name(text: &[u8]) -> usize {
    first(text, usize::MAX, no_name).unwrap_or(text.len())
}

/// Where the first left delimiter stands.
pub(crate) fn delimiter(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = first(text.get(at..)?, NEAR, |word| equal(word, b'{')) {
        at += found;
        if text.get(at + 1) == Some(&b'{') {
            return Some(at);
        }
        at += 1;
    }
    DELIM.find(text.get(at..)?).map(|found| at + found)
}

/// Where a byte, which is not zero, stands first. That is mostly near: the end of a line.
pub(crate) fn byte(text: &[u8], byte: u8) -> Option<usize> {
    let near = first(text, NEAR, |word| equal(word, byte));
    near.or_else(|| memchr::memchr(byte, text.get(NEAR..)?).map(|found| NEAR + found))
}

/// Where a text in double quotes ends, or has an escape or the end of its line.
pub(crate) fn quoted(text: &[u8]) -> Option<usize> {
    let near = first(text, NEAR, |word| equal(word, b'"') | equal(word, b'\\') | equal(word, b'\n'));
    near.or_else(|| memchr::memchr3(b'"', b'\\', b'\n', text.get(NEAR..)?).map(|found| NEAR + found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_byte_by_byte() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..200_000 {
            let mut below = |n: usize| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % n as u64) as usize
            };
            let len = below(if round % 10 == 0 { 150 } else { 20 });
            let text: Vec<u8> = (0..len)
                .map(|_| match below(12) {
                    0 => below(256) as u8,
                    1 if round % 3 == 0 => b'{',
                    2 if round % 3 == 0 => b"{\"\\\n"[below(4)],
                    2..9 if round % 5 == 0 => b' ',
                    _ => b"azAZ09_mM5"[below(10)],
                })
                .collect();
            for escapes_html in [false, true] {
                let is_plain =
                    |b: &u8| (0x20..0x80).contains(b) && !b"\"\\".contains(b) && !(escapes_html && b"<>&".contains(b));
                let plain = text.iter().position(|b| !is_plain(b)).unwrap_or(len);
                assert_eq!(json(&text, escapes_html), plain, "{text:?}");
            }
            let is_visible = |b: &u8| (0x21..0x7f).contains(b) && !b":#".contains(b);
            assert_eq!(visible(&text), text.iter().position(|b| !is_visible(b)).unwrap_or(len), "{text:?}");
            let breaks = text.iter().position(|b| b"\n\r\xc2\xe2".contains(b)).unwrap_or(len);
            assert_eq!(unbroken(&text), breaks, "{text:?}");
            assert_eq!(spaces(&text), text.iter().position(|b| *b != b' ').unwrap_or(len), "{text:?}");
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            assert_eq!(name(&text), text.iter().position(|b| !is_name(b)).unwrap_or(len), "{text:?}");
            assert_eq!(delimiter(&text), text.windows(2).position(|two| two == b"{{"), "{text:?}");
            assert_eq!(byte(&text, b'\n'), text.iter().position(|b| *b == b'\n'), "{text:?}");
            assert_eq!(quoted(&text), text.iter().position(|b| b"\"\\\n".contains(b)), "{text:?}");
        }
        for len in 0..20 {
            let text: Vec<u8> = (0..len).collect();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[text.as_slice(), b"a"].concat()));
            for i in 0..text.len() {
                let mut other = text.clone();
                other[i] = b'a';
                assert!(!same(&text, &other), "{len} {i}");
            }
        }
        for b in 0..=255_u8 {
            let text = [b'a', b, b'a', b, b'a', b, b'a', b'a'];
            assert_eq!(name(&text), if b.is_ascii_alphanumeric() || b == b'_' { 8 } else { 1 }, "{b}");
        }
    }
}
