//! PEM, as Go's package `encoding/pem` writes and reads it.

use crate::go::base64;
use bstr::ByteSlice;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// A block with its line ends.
pub(super) fn encode(kind: &str, bytes: &[u8]) -> String {
    let mut digits = Vec::new();
    base64::encode(&mut digits, bytes);
    let mut out = format!("-----BEGIN {kind}-----\n");
    for line in digits.chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {kind}-----\n"));
    out
}

/// The first line without blanks at its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.find_byte(b'\n') {
        Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default()),
        None => (text, &[][..]),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (line.trim_end_with(|c| c == ' ' || c == '\t'), rest)
}

/// The first block: its type and bytes. Text around it is skipped, and so are blocks that are not well formed.
pub(super) fn decode(text: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut from = 0;
    loop {
        let end = text.get(from..)?.find(END)? + from;
        let after_end = end + END.len();
        if let Some(block) = block(text.get(from..end)?, text.get(from..)?, end - from)? {
            return Some(block);
        }
        from = after_end;
    }
}

type Block = (String, Vec<u8>);

/// The block that begins last in `before`; `Some(None)` where there is none that is well formed.
fn block(before: &[u8], text: &[u8], end: usize) -> Option<Option<Block>> {
    let Some(begin) = before.rfind(BEGIN) else { return Some(None) };
    if begin > 0 && before.get(begin - 1) != Some(&b'\n') {
        return Some(None);
    }
    let (first, mut rest) = line(text.get(begin + BEGIN.len()..)?);
    let Some(kind) = first.strip_suffix(DASHES) else { return Some(None) };
    let mut headers = false;
    loop {
        if rest.is_empty() {
            return None;
        }
        let (header, next) = line(rest);
        if !header.contains(&b':') {
            break;
        }
        headers = true;
        rest = next;
    }
    // An empty block's end takes its first line end from the line before.
    let body_from = text.len() - rest.len();
    if headers && end < body_from {
        return Some(None);
    }
    let trailer = text.get(end + END.len()..)?;
    let Some(after) = trailer.strip_prefix(kind).and_then(|t| t.strip_prefix(DASHES)) else { return Some(None) };
    if !line(after).0.is_empty() {
        return Some(None);
    }
    let body: Vec<u8> =
        text.get(body_from..end).unwrap_or_default().iter().copied().filter(|b| !b" \t".contains(b)).collect();
    match base64::decode(&body) {
        Ok(bytes) => Some(Some((String::from_utf8_lossy(kind).into_owned(), bytes))),
        Err(_) => Some(None),
    }
}
