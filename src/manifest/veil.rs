//! What came from encrypted layers, wherever a chart put it: digests stand in its place.

use crate::text::Str;
use bstr::ByteSlice;
use sha2::{Digest as _, Sha256};

/// Shorter texts are no secrets that could be told from other texts.
const SHORTEST: usize = 4;

/// Replaces secret texts, longest first, and the lines of those that have several; none where nothing is to be replaced.
/// `<secret sha256:…>` tells two secrets apart; without `digests` it is `<secret>`.
pub fn veil(text: &[u8], secrets: &[Str], digests: bool) -> Option<Str> {
    let mut lines: Vec<&[u8]> = Vec::new();
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
    let mut out = text.to_vec();
    for line in lines {
        out = out.replace(line, mark(line, digests));
    }
    Some(Str::from(out))
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
        let told = veil(b"hunter2", &secrets, true).unwrap();
        assert!(told.starts_with(b"<secret sha256:") && told != veil(b"hunter22", &secrets, true).unwrap());
        assert!(veil(b"nothing", &secrets, true).is_none());
    }
}
