//! Go's `path`, and `path/filepath` on Unix, which is the same.

/// `path.Clean`: the shortest name of the same file.
pub fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::new() };
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

/// `path.Base`: the last element.
pub fn base(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let trimmed = path.iter().rposition(|b| *b != b'/').map_or(&[][..], |end| path.get(..=end).unwrap_or_default());
    match trimmed.rsplit(|b| *b == b'/').next() {
        Some(last) if !last.is_empty() => last.to_vec(),
        _ => b"/".to_vec(),
    }
}

/// `path.Dir`: all but the last element, cleaned.
pub fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    clean(path.get(..end).unwrap_or_default())
}

/// `path.Ext`: from the last dot of the last element on.
pub fn ext(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|b| matches!(b, b'.' | b'/')) {
        Some(at) if path.get(at) == Some(&b'.') => path.get(at..).unwrap_or_default(),
        _ => &[],
    }
}

/// `path.IsAbs`.
pub fn is_abs(path: &[u8]) -> bool {
    path.first() == Some(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go() {
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        for (path, cleaned, based, dired, exted) in [
            ("", ".", ".", ".", ""),
            ("a/../b//c", "b/c", "c", "b", ""),
            ("/../a", "/a", "a", "/", ""),
            ("../../a/..", "../..", "..", "../../a", "."),
            ("//", "/", "/", "/", ""),
            ("a.tar.gz", "a.tar.gz", "a.tar.gz", ".", ".gz"),
            ("a.b/c", "a.b/c", "c", "a.b", ""),
            ("a/b/", "a/b", "b", "a/b", ""),
        ] {
            let p = path.as_bytes();
            assert_eq!(text(clean(p)), cleaned, "{path}");
            assert_eq!(text(base(p)), based, "{path}");
            assert_eq!(text(dir(p)), dired, "{path}");
            assert_eq!(text(ext(p).to_vec()), exted, "{path}");
        }
    }
}
