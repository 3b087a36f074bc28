//! Go's `encoding/base64` and `base32`, in their standard alphabets with padding.

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Appends bytes in base 64.
pub fn encode(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |n: u32| BASE64.get((n & 63) as usize).copied().unwrap_or(b'=');
    out.reserve(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let n = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend_from_slice(&[
            digit(n >> 18),
            digit(n >> 12),
            if chunk.len() > 1 { digit(n >> 6) } else { b'=' },
            if chunk.len() > 2 { digit(n) } else { b'=' },
        ]);
    }
}

fn digits(alphabet: &[u8]) -> [Option<u8>; 256] {
    let mut table = [None; 256];
    for (value, digit) in (0..).zip(alphabet) {
        if let Some(slot) = table.get_mut(usize::from(*digit)) {
            *slot = Some(value);
        }
    }
    table
}

/// Reads base 64. Line ends are skipped. The error is Go's: `illegal base64 data at input byte 3`.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let bad = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let table = digits(BASE64);
    let skip_lines = |mut at: usize| {
        while matches!(text.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        at
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut n, mut count, mut at) = (0u32, 0, 0);
    while let Some(&b) = text.get(at) {
        at += 1;
        if let Some(digit) = table.get(usize::from(b)).copied().flatten() {
            n = n << 6 | u32::from(digit);
            count += 1;
            if count == 4 {
                out.extend_from_slice(n.to_be_bytes().get(1..).unwrap_or_default());
                (n, count) = (0, 0);
            }
            continue;
        }
        match b {
            b'\r' | b'\n' => continue,
            b'=' if count >= 2 => {}
            _ => return bad(at - 1),
        }
        if count == 2 {
            at = skip_lines(at);
            match text.get(at) {
                Some(b'=') => at += 1,
                Some(_) => return bad(at - 1),
                None => return bad(text.len()),
            }
        }
        at = skip_lines(at);
        if at < text.len() {
            return bad(at);
        }
        n <<= 6 * (4 - count);
        out.extend_from_slice(n.to_be_bytes().get(1..count).unwrap_or_default());
        return Ok(out);
    }
    if count > 0 { bad(at - count) } else { Ok(out) }
}

/// Appends bytes in base 32.
pub fn encode32(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(5) {
        let n = (0..5).fold(0u64, |n, i| n << 8 | u64::from(chunk.get(i).copied().unwrap_or(0)));
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = BASE32.get((n >> (35 - 5 * i) & 31) as usize).copied();
            out.push(digit.filter(|_| i < digits).unwrap_or(b'='));
        }
    }
}

/// Reads base 32, as [`decode`] reads base 64.
pub fn decode32(text: &[u8]) -> Result<Vec<u8>, String> {
    let text: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let bad = |at: usize| Err(format!("illegal base32 data at input byte {at}"));
    let table = digits(BASE32);
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let (mut n, mut count) = (0u64, 0);
    for (at, &b) in text.iter().enumerate() {
        let rest = text.get(at + 1..).unwrap_or_default();
        if b == b'=' && count >= 2 && rest.len() < 8 {
            if rest.len() + count < 7 {
                return bad(text.len());
            }
            if let Some(wrong) = rest.iter().take(7 - count).position(|b| *b != b'=') {
                return bad(at + wrong);
            }
            if matches!(count, 3 | 6) {
                return bad(at);
            }
            n <<= 5 * (8 - count);
            out.extend_from_slice(n.to_be_bytes().get(3..3 + count * 5 / 8).unwrap_or_default());
            return Ok(out);
        }
        let Some(digit) = table.get(usize::from(b)).copied().flatten() else {
            return bad(at);
        };
        n = n << 5 | u64::from(digit);
        count += 1;
        if count == 8 {
            out.extend_from_slice(n.to_be_bytes().get(3..).unwrap_or_default());
            (n, count) = (0, 0);
        }
    }
    if count > 0 { bad(text.len() - count) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for text in ["", "a", "ab", "abc", "abcd", "abcde", "abcdef"] {
            let (mut b64, mut b32) = (Vec::new(), Vec::new());
            encode(&mut b64, text.as_bytes());
            encode32(&mut b32, text.as_bytes());
            assert_eq!(decode(&b64).as_deref(), Ok(text.as_bytes()));
            assert_eq!(decode32(&b32).as_deref(), Ok(text.as_bytes()));
        }
        for (text, want) in [("a", 0), ("!", 0), ("YQ=", 3), ("YQ==x", 4), ("=", 0)] {
            assert_eq!(decode(text.as_bytes()), Err(format!("illegal base64 data at input byte {want}")), "{text}");
        }
    }
}
