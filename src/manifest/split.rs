//! A stream of YAML → documents, as Helm 4.2.3 splits it: by text, not by YAML.

use bstr::ByteSlice;
use memchr::memmem;

/// White space of Go's regular expressions.
fn is_space(b: &u8) -> bool {
    matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// The documents of a text, without those that are white space.
///
/// A separator is `---` at the beginning or after a newline. It takes the white space before that newline and all white
/// space behind itself, the next line's indentation included (Helm: releaseutil.SplitManifests).
pub fn split(text: &[u8]) -> Vec<&[u8]> {
    let finder = memmem::Finder::new(b"\n---");
    let mut rest = text.trim_start();
    if let Some(body) = rest.strip_prefix(b"---") {
        rest = skip_space(body);
    }
    let mut documents = Vec::new();
    loop {
        let (document, next) = match finder.find(rest) {
            Some(at) => {
                let (before, after) = rest.split_at(at);
                let end = before.iter().rposition(|b| !is_space(b)).map_or(0, |i| i + 1);
                (before.get(..end).unwrap_or_default(), Some(skip_space(after.get(4..).unwrap_or_default())))
            }
            None => (rest, None),
        };
        let document = document.trim_start();
        if !document.trim().is_empty() {
            documents.push(document);
        }
        match next {
            Some(next) => rest = next,
            None => return documents,
        }
    }
}

fn skip_space(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| !is_space(b)).unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn separators() {
        for (text, want) in [
            ("a: 1\n---\n---\nb: 1\n", vec!["a: 1", "---\nb: 1\n"]),
            ("a: 1\n---\n---\nb: 1\n---\n---\n---\nc: 1", vec!["a: 1", "---\nb: 1", "---", "c: 1"]),
            ("---\n---\na: 1\n---\n", vec!["---\na: 1"]),
            ("# c\n---\n# d\n---\na: 1", vec!["# c", "# d", "a: 1"]),
            ("a: |\n  x\n---y: 1", vec!["a: |\n  x", "y: 1"]),
            ("a: 1\n--- b: 2", vec!["a: 1", "b: 2"]),
            ("a: 1\n ---\nb: 1", vec!["a: 1\n ---\nb: 1"]),
            ("a: 1\r\n---\r\nb: 2\r\n", vec!["a: 1", "b: 2\r\n"]),
            ("\n  \n  a: 1\n", vec!["a: 1\n"]),
        ] {
            let got: Vec<_> = split(text.as_bytes()).into_iter().map(String::from_utf8_lossy).collect();
            assert_eq!(got, want, "{text:?}");
        }
    }
}
