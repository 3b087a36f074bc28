//! Bytes → the characters that the scanner sees, with go-yaml's checks (its readerc.go).
//!
//! go-yaml decodes 512 raw bytes at a time and only on demand, so a bad byte is reported when the scanner
//! comes near its chunk, not earlier and not if the document ends before. A text without bad bytes and
//! without a byte order mark inside, the usual case, is borrowed and needs no further attention.

use super::scan::Mark;
use std::borrow::Cow;

/// How many raw bytes go-yaml reads at a time.
const CHUNK: usize = 512;

/// A text ready to be scanned.
pub(super) struct Input<'a> {
    /// The characters as UTF-8, without a leading byte order mark, up to the first bad one.
    pub(super) text: Cow<'a, [u8]>,
    /// What to add to an offset in `text` to get one in the raw bytes; `None` for UTF-16.
    pub(super) shift: Option<usize>,
    /// Chunks, where they matter.
    pub(super) chunks: Option<Box<Chunks>>,
}

/// Where go-yaml's chunks end, and what is wrong in the one after the last.
pub(super) struct Chunks {
    /// Offsets in the text, ascending.
    ends: Vec<usize>,
    /// How many chunks are loaded.
    loaded: usize,
    /// Offset of the first byte in go-yaml's buffer.
    start: usize,
    /// How many NULs go-yaml put behind the last character.
    nuls: usize,
    /// The failure met when the chunk after the last is wanted.
    problem: Option<&'static str>,
    /// Where that is.
    pub(super) bad: Option<Mark>,
}

impl<'a> Input<'a> {
    /// Checks a text. An empty one reads as an empty line.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        let raw: &'a [u8] = if raw.is_empty() { b"\n" } else { raw };
        match raw {
            [0xff, 0xfe, rest @ ..] => Self::utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => Self::utf16(rest, u16::from_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => Self::utf8(rest, 3),
            _ => Self::utf8(raw, 0),
        }
    }

    fn utf8(text: &'a [u8], bom: usize) -> Self {
        let (mut at, mut mark_inside) = (0, false);
        let mut problem = None;
        while let Some(rest) = text.get(at..) {
            at += plain_ascii(rest);
            match character(text, at) {
                Ok(None) => break,
                Ok(Some((width, c))) => {
                    mark_inside |= c == 0xfeff;
                    at += width;
                }
                Err(words) => {
                    problem = Some(words);
                    break;
                }
            }
        }
        let chunks = (mark_inside || problem.is_some()).then(|| {
            let mut ends = Vec::new();
            let (mut end, good) = (0, at);
            // The mark in front counts for the first chunk only.
            let mut limit = CHUNK - bom;
            while end < good {
                let mut next = limit.min(good);
                if next < good {
                    // A character that is cut moves to the next chunk.
                    while next > end && text.get(next).is_some_and(|b| b & 0xc0 == 0x80) {
                        next -= 1;
                    }
                }
                if next == good && problem.is_some() && good < limit {
                    // The bad byte lies in this chunk, unless the character is cut by its end.
                    let width = text.get(good).map_or(1, |&b| width(b).max(1));
                    if good + width <= limit.min(text.len()) {
                        break;
                    }
                }
                ends.push(next);
                end = next;
                limit = next + CHUNK;
            }
            let text_end = ends.last().copied().unwrap_or(0);
            let bad = problem.map(|_| mark_of(text, good));
            (Chunks { ends, loaded: 0, start: 0, nuls: 0, problem, bad }, text_end)
        });
        match chunks {
            None => Input { text: Cow::Borrowed(text), shift: Some(bom), chunks: None },
            Some((chunks, end)) => {
                let end = if problem.is_some() { end } else { text.len() };
                Input {
                    text: Cow::Borrowed(text.get(..end).unwrap_or(text)),
                    shift: Some(bom),
                    chunks: Some(Box::new(chunks)),
                }
            }
        }
    }

    fn utf16(raw: &[u8], unit: fn([u8; 2]) -> u16) -> Self {
        let unit_at = |at: usize| match (raw.get(at), raw.get(at + 1)) {
            (Some(&a), Some(&b)) => Some(u32::from(unit([a, b]))),
            _ => None,
        };
        let (mut text, mut ends, mut problem) = (Vec::with_capacity(raw.len()), Vec::new(), None);
        let (mut at, mut chunk) = (0, 0);
        let mut limit = CHUNK - 2;
        while at < raw.len() {
            let mut used = 2;
            let c = match unit_at(at) {
                None => Err("incomplete UTF-16 character"),
                Some(c) if c & 0xfc00 == 0xdc00 => Err("unexpected low surrogate area"),
                Some(c) if c & 0xfc00 == 0xd800 => {
                    used = 4;
                    match unit_at(at + 2) {
                        None => Err("incomplete UTF-16 surrogate pair"),
                        Some(low) if low & 0xfc00 != 0xdc00 => Err("expected low surrogate area"),
                        Some(low) => Ok(0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff)),
                    }
                }
                Some(c) => Ok(c),
            };
            let c = c.and_then(|c| if allowed(c) { Ok(c) } else { Err(CONTROL) });
            if at + used > limit {
                ends.push(text.len());
                chunk = text.len();
                limit = at + CHUNK;
            }
            match c {
                Ok(c) => {
                    let mut buffer = [0; 4];
                    let c = char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
                    text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                    at += used;
                }
                Err(words) => {
                    if words.starts_with("incomplete") && ends.last() != Some(&text.len()) {
                        ends.push(text.len());
                        chunk = text.len();
                    }
                    problem = Some(words);
                    break;
                }
            }
        }
        if problem.is_some() {
            text.truncate(chunk);
        } else {
            ends.push(text.len());
        }
        let chunks = Chunks { ends, loaded: 0, start: 0, nuls: 0, problem, bad: None };
        Input { text: Cow::Owned(text), shift: None, chunks: Some(Box::new(chunks)) }
    }
}

impl Chunks {
    /// Loads chunks until `wanted` characters from `at` on are there, as go-yaml does.
    pub(super) fn load(&mut self, text: &[u8], at: usize, wanted: usize) -> Result<(), &'static str> {
        let end = |chunks: &Self| chunks.loaded.checked_sub(1).and_then(|i| chunks.ends.get(i)).copied().unwrap_or(0);
        let count = |chunks: &Self| {
            let ready = text.get(at..end(chunks)).unwrap_or_default();
            ready.iter().filter(|&&b| b & 0xc0 != 0x80).take(wanted).count() + chunks.nuls
        };
        if count(self) >= wanted {
            return Ok(());
        }
        self.start = at;
        while count(self) < wanted {
            if self.loaded < self.ends.len() {
                self.loaded += 1;
            } else if let Some(problem) = self.problem {
                return Err(problem);
            } else {
                self.nuls += 1;
                break;
            }
        }
        Ok(())
    }

    /// Whether go-yaml's buffer, not the place where it reads, begins with a byte order mark: that is what it looks at.
    pub(super) fn begins_with_mark(&self, text: &[u8]) -> bool {
        text.get(self.start..).is_some_and(|t| t.starts_with(&[0xef, 0xbb, 0xbf]))
    }
}

const CONTROL: &str = "control characters are not allowed";

/// How many bytes in front are printable ASCII, tabs or line breaks.
fn plain_ascii(text: &[u8]) -> usize {
    let odd = |b: u8| is_odd(b) & (b != b'\t') & (b != b'\r');
    // Whole blocks first.
    let mut at = 0;
    for block in text.as_chunks::<32>().0 {
        if block.iter().fold(false, |any, b| any | odd(*b)) {
            break;
        }
        at += 32;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| odd(*b)).unwrap_or(rest.len())
}

/// Whether a byte is neither printable ASCII nor a line feed. Without branches: the compiler turns a loop over a block into
/// vector code.
#[inline]
pub(super) fn is_odd(b: u8) -> bool {
    (b.wrapping_sub(b' ') > b'~' - b' ') & (b != b'\n')
}

/// The length that a leading byte of UTF-8 announces; 0 if it cannot lead.
pub(super) fn width(lead: u8) -> usize {
    match lead {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 0,
    }
}

/// The place of a byte.
fn mark_of(text: &[u8], at: usize) -> Mark {
    let before = text.get(..at).unwrap_or_default();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = memchr::memchr_iter(b'\n', before).count();
    Mark { offset: at as u32, line: line as u32, column: (at - line_start) as u32 }
}

fn character(text: &[u8], at: usize) -> Result<Option<(usize, u32)>, &'static str> {
    let Some(&lead) = text.get(at) else { return Ok(None) };
    let width = width(lead);
    if width == 0 {
        return Err("invalid leading UTF-8 octet");
    }
    if at + width > text.len() {
        return Err("incomplete UTF-8 octet sequence");
    }
    let mut c = match width {
        1 => u32::from(lead),
        2 => u32::from(lead & 0x1f),
        3 => u32::from(lead & 0x0f),
        _ => u32::from(lead & 0x07),
    };
    for &b in text.get(at + 1..at + width).unwrap_or_default() {
        if b & 0xc0 != 0x80 {
            return Err("invalid trailing UTF-8 octet");
        }
        c = (c << 6) | u32::from(b & 0x3f);
    }
    if matches!((width, c), (2, 0..0x80) | (3, 0..0x800) | (4, 0..0x10000)) {
        return Err("invalid length of a UTF-8 sequence");
    }
    if (0xd800..=0xdfff).contains(&c) || c > 0x10ffff {
        return Err("invalid Unicode character");
    }
    if allowed(c) { Ok(Some((width, c))) } else { Err(CONTROL) }
}

fn allowed(c: u32) -> bool {
    matches!(c, 0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0x85 | 0xa0..=0xd7ff | 0xe000..=0xfffd | 0x10000..=0x10ffff)
}
