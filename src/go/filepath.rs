//! Go's `path/filepath` on a system with `/`.

/// Go's `filepath.Match`; `None` when it comes upon a mistake in the pattern. A piece between two stars is
/// looked at to its end, the pieces after one that does not match are not.
pub fn matches(pattern: &[u8], name: &[u8]) -> Option<bool> {
    let mut rest = pattern;
    let mut name = name;
    while !rest.is_empty() {
        let stars = rest.iter().take_while(|b| **b == b'*').count();
        let star = stars > 0;
        rest = rest.get(stars..).unwrap_or_default();
        let (chunk, after) = rest.split_at(chunk_length(rest));
        rest = after;
        if star && chunk.is_empty() {
            // A star at the end takes what is left of this part of the path.
            return Some(!name.contains(&b'/'));
        }
        match chunk_matches(chunk, name)? {
            Some(left) if left.is_empty() || !rest.is_empty() => {
                name = left;
                continue;
            }
            _ => {}
        }
        let mut found = None;
        if star {
            for skip in 1..=name.len() {
                if name.get(skip - 1) == Some(&b'/') {
                    break;
                }
                let tail = name.get(skip..).unwrap_or_default();
                if let Some(left) = chunk_matches(chunk, tail)? {
                    // The last chunk has to reach the end.
                    if rest.is_empty() && !left.is_empty() {
                        continue;
                    }
                    found = Some(left);
                    break;
                }
            }
        }
        match found {
            Some(left) => name = left,
            None => return Some(false),
        }
    }
    Some(name.is_empty())
}

/// How far a pattern goes until its next star outside brackets.
fn chunk_length(pattern: &[u8]) -> usize {
    let mut brackets = false;
    let mut escaped = false;
    for (i, byte) in pattern.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => brackets = true,
            b']' => brackets = false,
            b'*' if !brackets => return i,
            _ => {}
        }
    }
    pattern.len()
}

/// Matches a chunk without stars at the start of a name: what is left of the name, or nothing. The outer
/// `None` is a mistake in the pattern.
#[allow(clippy::option_option)]
fn chunk_matches<'n>(chunk: &[u8], name: &'n [u8]) -> Option<Option<&'n [u8]>> {
    let mut chunk = chunk;
    let mut name = name;
    let mut failed = false;
    while let Some((&byte, after)) = chunk.split_first() {
        if name.is_empty() {
            failed = true;
        }
        match byte {
            b'[' => {
                let mut rune = '\0';
                if !failed {
                    let (c, size) = decode(name);
                    rune = c;
                    name = name.get(size..).unwrap_or_default();
                }
                chunk = after;
                let negated = chunk.first() == Some(&b'^');
                if negated {
                    chunk = chunk.get(1..).unwrap_or_default();
                }
                let mut hit = false;
                let mut ranges = 0;
                loop {
                    if chunk.first() == Some(&b']') && ranges > 0 {
                        chunk = chunk.get(1..).unwrap_or_default();
                        break;
                    }
                    let (low, left) = class_rune(chunk)?;
                    let mut high = low;
                    chunk = left;
                    if chunk.first() == Some(&b'-') {
                        (high, chunk) = class_rune(chunk.get(1..).unwrap_or_default())?;
                    }
                    hit |= low <= rune && rune <= high;
                    ranges += 1;
                }
                if hit == negated {
                    failed = true;
                }
            }
            b'?' => {
                if !failed {
                    failed = name.first() == Some(&b'/');
                    let (_, size) = decode(name);
                    name = name.get(size..).unwrap_or_default();
                }
                chunk = after;
            }
            _ => {
                let (byte, after) = match (byte, after.split_first()) {
                    (b'\\', None) => return None,
                    (b'\\', Some((&byte, after))) => (byte, after),
                    _ => (byte, after),
                };
                if !failed {
                    failed = name.first() != Some(&byte);
                    name = name.get(1..).unwrap_or_default();
                }
                chunk = after;
            }
        }
    }
    Some(if failed { None } else { Some(name) })
}

/// A rune of a character class, perhaps escaped.
fn class_rune(chunk: &[u8]) -> Option<(char, &[u8])> {
    let chunk = match chunk.first() {
        None | Some(b'-' | b']') => return None,
        Some(b'\\') => chunk.get(1..)?,
        Some(_) => chunk,
    };
    if chunk.is_empty() {
        return None;
    }
    let (rune, size) = decode(chunk);
    if rune == char::REPLACEMENT_CHARACTER && size == 1 {
        return None;
    }
    let after = chunk.get(size..)?;
    // A class must be closed.
    if after.is_empty() { None } else { Some((rune, after)) }
}

fn decode(bytes: &[u8]) -> (char, usize) {
    match bstr::decode_utf8(bytes) {
        (Some(rune), size) => (rune, size),
        (None, _) => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// Go's `filepath.Clean`.
pub fn clean(path: &str) -> String {
    String::from_utf8_lossy(&super::path::clean(path.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[^c]", "abc", Some(false)),
            ("a\\*b", "a*b", Some(true)),
            ("a?b", "a\u{263a}b", Some(true)),
            ("a?b", "a/b", Some(false)),
            ("[\\-x]", "-", Some(true)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[", "a", None),
            ("[a", "a", None),
            ("a[", "ab", None),
            ("a[", "x", None),
            ("*x", "xxx", Some(true)),
            ("*.bak", "a.bak", Some(true)),
            ("\\", "a", None),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
