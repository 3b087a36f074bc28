//! What came from encrypted layers, wherever a chart put it: digests stand in its place. The values of Secrets are left alone:
//! they are sealed or redacted as a whole.

use super::secret::{self, Found};
use crate::text::Str;
use crate::values::forms;
use sha2::{Digest as _, Sha256};

/// Shorter texts are no secrets that could be told from other texts.
const SHORTEST: usize = 4;

/// Texts of this length and more are folded by YAML where they have blanks.
const FOLDED: usize = 40;

/// All forms in which templates write secret texts (see [`forms`]), longest first.
pub(super) fn disguises(secrets: &[Str]) -> Vec<Vec<u8>> {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    let mut found: Vec<Vec<u8>> =
        long.flat_map(|secret| forms(secret, SHORTEST).into_iter().chain([secret.to_vec()])).collect();
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found.dedup();
    found
}

/// Replaces disguised secrets; none where nothing is to be replaced. `<secret sha256:…>` tells two apart, each form by itself:
/// whether a secret is written in another way is a difference, too. Without `digests` it is `<secret>`.
pub(super) fn veil(text: &[u8], disguises: &[Vec<u8>], digests: bool) -> Option<Str> {
    let here = disguises.iter().filter(|form| find(text, form, 0).is_some());
    let lines: Vec<(&Vec<u8>, String)> = here.map(|form| (form, mark(form, digests))).collect();
    if lines.is_empty() {
        return None;
    }
    let places = match secret::find(text, "", "") {
        Some(Found::Values(values)) => values.places(),
        Some(Found::Unreadable) | None => Vec::new(),
    };
    let mut out = Vec::with_capacity(text.len());
    let veil = |part: &[u8], out: &mut Vec<u8>| {
        let mut part = part.to_vec();
        for (line, mark) in &lines {
            let (mut made, mut at) = (Vec::new(), 0);
            while let Some((start, end)) = find(&part, line, at) {
                made.extend_from_slice(part.get(at..start).unwrap_or_default());
                made.extend_from_slice(mark.as_bytes());
                at = end;
            }
            if at > 0 {
                made.extend_from_slice(part.get(at..).unwrap_or_default());
                part = made;
            }
        }
        out.extend_from_slice(&part);
    };
    let mut at = 0;
    for (start, end) in places {
        veil(text.get(at..start).unwrap_or_default(), &mut out);
        out.extend_from_slice(text.get(start..end).unwrap_or_default());
        at = end;
    }
    veil(text.get(at..).unwrap_or_default(), &mut out);
    Some(Str::from(out))
}

/// Where a text stands in another, from an offset on: also where YAML broke its lines at blanks.
fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    if let Some(at) = memchr::memmem::find(rest, wanted) {
        return Some((from + at, from + at + wanted.len()));
    }
    if wanted.len() < FOLDED || !wanted.contains(&b' ') {
        return None;
    }
    let words: Vec<&[u8]> = wanted.split(|b| *b == b' ').filter(|word| !word.is_empty()).collect();
    let first = words.first()?;
    memchr::memmem::find_iter(rest, first).find_map(|start| {
        let mut at = start + first.len();
        for word in words.iter().skip(1) {
            let gap = rest.get(at..)?.iter().take_while(|b| matches!(b, b' ' | b'\n' | b'\\')).count();
            at += gap;
            if gap == 0 || !rest.get(at..)?.starts_with(word) {
                return None;
            }
            at += word.len();
        }
        Some((from + start, from + at))
    })
}

fn mark(secret: &[u8], digests: bool) -> String {
    if !digests {
        return "<secret>".to_owned();
    }
    let digest = Sha256::digest(secret);
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("<secret sha256:{short}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn veils() {
        let veil = |text: &[u8], secrets: &[Str], digests| veil(text, &disguises(secrets), digests);
        let secrets = ["hunter2", "a long one\nof two lines", "abc", "hunter22"].map(Str::from);
        let veiled = veil(b"p: hunter22\nq: hunter2\nr: abc\ns: |\n  a long one\n", &secrets, false).unwrap();
        assert_eq!(veiled.to_string(), "p: <secret>\nq: <secret>\nr: abc\ns: |\n  <secret>\n");
        assert_eq!(veil(b"aHVudGVyMg==", &secrets, false).unwrap().to_string(), "<secret>");
        let told = veil(b"hunter2", &secrets, true).unwrap();
        assert!(told.starts_with(b"<secret sha256:") && told != veil(b"hunter22", &secrets, true).unwrap());
        assert!(veil(b"nothing", &secrets, true).is_none());
        for (secret, text) in [
            (r#"pa"ss\word"#, r#"p: "pa\"ss\\word" "#),
            ("it's so: yes", "p: 'it''s so: yes'"),
            ("tab\there", r#"{"p":"tab\there"}"#),
            (
                "a long text that has many words and is broken by YAML where it gets too long for a line",
                "p: a long text that has many words\n  and is broken by YAML where it gets too long\n  for a line",
            ),
            ("a<b>&c", r"p: a\u003cb\u003e\u0026c"),
        ] {
            let told = veil(text.as_bytes(), &[Str::from(secret)], false).unwrap().to_string();
            assert!(told.contains("<secret>") && !told.contains(&secret[..4]), "{told}");
        }
        let secret = "kind: Secret\nmetadata: {name: hunter2}\nstringData: {a: hunter2, b: hunter2}\ntype: hunter2\n";
        let veiled = veil(secret.as_bytes(), &secrets, false).unwrap().to_string();
        assert_eq!(
            veiled,
            secret.replace("name: hunter2", "name: <secret>").replace("type: hunter2", "type: <secret>")
        );
    }
}
