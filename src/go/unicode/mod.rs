//! Go's `unicode`: categories and simple case mapping of Unicode 15.0.
//!
//! Rust's own tables are newer and its case mapping is the full one (`ß` → `SS`), so both would show.

mod tables;

fn within(table: &[u32], c: char) -> bool {
    table.partition_point(|flip| *flip <= c as u32) % 2 == 1
}

/// `strconv.IsPrint`.
pub fn is_print(c: char) -> bool {
    if c < '\u{7f}' { c >= ' ' } else { within(tables::PRINT, c) }
}

/// `unicode.IsLetter`.
pub fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { within(tables::LETTER, c) }
}

/// `unicode.IsUpper`.
pub fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { within(tables::UPPER, c) }
}

/// `unicode.IsLower`.
pub fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { within(tables::LOWER, c) }
}

/// `unicode.IsNumber`.
pub fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { within(tables::NUMBER, c) }
}

/// `unicode.IsDigit`.
pub fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { within(tables::DIGIT, c) }
}

/// `unicode.IsPunct`.
pub fn is_punct(c: char) -> bool {
    within(tables::PUNCT, c)
}

/// `unicode.IsSpace`.
pub fn is_space(c: char) -> bool {
    within(tables::SPACE, c)
}

/// `unicode.IsTitle`: the letters that are both, such as `ǅ`.
pub fn is_title(c: char) -> bool {
    matches!(
        c,
        '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}' | '\u{1f88}'..='\u{1f8f}' | '\u{1f98}'..='\u{1f9f}'
            | '\u{1fa8}'..='\u{1faf}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}'
    )
}

/// The mapping if it is to one character and both exist in Unicode 15.0, else the character.
fn simple(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(to), None) if to == c || (is_print(c) && is_print(to)) => to,
        _ => c,
    }
}

/// `unicode.ToUpper`.
pub fn to_upper(c: char) -> char {
    match c {
        _ if c.is_ascii() => c.to_ascii_uppercase(),
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(c as u32 + 8).unwrap_or(c)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        _ => simple(c, c.to_uppercase()),
    }
}

/// `unicode.ToLower`.
pub fn to_lower(c: char) -> char {
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        '\u{130}' => 'i',
        _ => simple(c, c.to_lowercase()),
    }
}

/// `unicode.ToTitle`.
pub fn to_title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => to_upper(c),
    }
}

/// The first character of bytes and its width; U+FFFD and 1 where they are not UTF-8 (Go's `utf8.DecodeRune`).
pub fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((first as char, 1));
    }
    let width = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((char::REPLACEMENT_CHARACTER, 1)),
    };
    match bytes.get(..width).and_then(|b| std::str::from_utf8(b).ok()).and_then(|s| s.chars().next()) {
        Some(c) => Some((c, width)),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// The last character of bytes and its width, as [`decode`] gives the first.
pub fn decode_last(bytes: &[u8]) -> Option<(char, usize)> {
    let last = *bytes.last()?;
    if last < 0x80 {
        return Some((last as char, 1));
    }
    for width in 2..=bytes.len().min(4) {
        if let Some(tail) = bytes.get(bytes.len() - width..)
            && let Some((c, n)) = decode(tail)
            && n == width
        {
            return Some((c, width));
        }
    }
    Some((char::REPLACEMENT_CHARACTER, 1))
}

/// A byte string's characters as Go ranges over them: offset, character, width.
pub fn runes(bytes: &[u8]) -> impl Iterator<Item = (usize, char, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, width) = decode(bytes.get(at..)?)?;
        let start = at;
        at += width;
        Some((start, c, width))
    })
}

/// How many characters, as `utf8.RuneCount` counts them.
pub fn rune_count(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { bytes.len() } else { runes(bytes).count() }
}

/// Appends a character as UTF-8.
pub fn push_char(out: &mut Vec<u8>, c: char) {
    if c.is_ascii() {
        out.push(c as u8);
    } else {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_case_simply() {
        assert_eq!("ßŉİıǆᾳa".chars().map(to_upper).collect::<String>(), "ßŉİIǄᾼA");
        assert_eq!("İẞA".chars().map(to_lower).collect::<String>(), "ißa");
        assert_eq!("ǆაa".chars().map(to_title).collect::<String>(), "ǅაA");
    }

    #[test]
    fn decodes_as_go() {
        let got: Vec<_> = runes(b"a\xc3\xa9\xff\xe2\x82z\xed\xa0\x80").map(|(at, c, _)| (at, c)).collect();
        let bad = char::REPLACEMENT_CHARACTER;
        assert_eq!(got, [(0, 'a'), (1, 'é'), (3, bad), (4, bad), (5, bad), (6, 'z'), (7, bad), (8, bad), (9, bad)]);
        assert_eq!(decode_last(b"a\xc3\xa9"), Some(('é', 2)));
        assert_eq!(decode_last(b"a\xa9"), Some((bad, 1)));
    }
}
