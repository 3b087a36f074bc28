//! What came from encrypted layers, wherever a chart put it: digests stand in its place. The values of Secrets are left alone:
//! they are sealed or redacted as a whole.

use super::secret::{self, Found};
use crate::go::base64;
use crate::text::Str;
use bstr::ByteSlice;
use sha2::{Digest as _, Sha256};

/// Shorter texts are no secrets that could be told from other texts.
const SHORTEST: usize = 4;

/// Replaces secret texts, longest first, also in Base64, and the lines of those that have several; none where nothing is to be replaced.
/// `<secret sha256:…>` tells two secrets apart; without `digests` it is `<secret>`.
pub fn veil(text: &[u8], secrets: &[Str], digests: bool) -> Option<Str> {
    let coded: Vec<Vec<u8>> =
        secrets.iter().filter(|secret| secret.len() >= SHORTEST).map(|secret| coded(secret)).collect();
    let mut lines: Vec<&[u8]> = coded.iter().map(Vec::as_slice).collect();
    for secret in secrets {
        lines.push(secret);
        if secret.contains(&b'\n') {
            lines.extend(secret.split(|b| *b == b'\n').map(<[u8]>::trim_ascii));
        }
    }
    lines.retain(|line| line.len() >= SHORTEST && memchr::memmem::find(text, line).is_some());
    if lines.is_empty() {
        return None;
    }
    lines.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    lines.dedup();
    let places = match secret::find(text, "", "") {
        Some(Found::Values(values)) => values.places(),
        Some(Found::Unreadable) | None => Vec::new(),
    };
    let mut out = Vec::with_capacity(text.len());
    let veil = |part: &[u8], out: &mut Vec<u8>| {
        let mut part = part.to_vec();
        for line in &lines {
            if memchr::memmem::find(&part, line).is_some() {
                part = part.replace(line, mark(line, digests));
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

fn coded(secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    base64::encode(&mut out, secret);
    out
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
        let secrets = ["hunter2", "a long one\nof two lines", "abc", "hunter22"].map(Str::from);
        let veiled = veil(b"p: hunter22\nq: hunter2\nr: abc\ns: |\n  a long one\n", &secrets, false).unwrap();
        assert_eq!(veiled.to_string(), "p: <secret>\nq: <secret>\nr: abc\ns: |\n  <secret>\n");
        assert_eq!(veil(b"aHVudGVyMg==", &secrets, false).unwrap().to_string(), "<secret>");
        let told = veil(b"hunter2", &secrets, true).unwrap();
        assert!(told.starts_with(b"<secret sha256:") && told != veil(b"hunter22", &secrets, true).unwrap());
        assert!(veil(b"nothing", &secrets, true).is_none());
        let secret = "kind: Secret\nmetadata: {name: hunter2}\nstringData: {a: hunter2, b: hunter2}\ntype: hunter2\n";
        let veiled = veil(secret.as_bytes(), &secrets, false).unwrap().to_string();
        assert_eq!(
            veiled,
            secret.replace("name: hunter2", "name: <secret>").replace("type: hunter2", "type: <secret>")
        );
    }
}
