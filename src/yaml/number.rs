//! Numbers as Go writes them: `%g` with the fewest digits, and JSON's layout.

/// The sign, the fewest digits that read back, and the exponent of `0.d1d2…`.
fn shortest(text: &str) -> (bool, Vec<u8>, i32) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits: Vec<u8> = digits.bytes().filter(|&b| b != b'.').collect();
    (negative, digits, exponent.parse::<i32>().unwrap_or(0) + 1)
}

/// Rust's fewest digits. Where two texts are equally near Go takes the even one, Rust the larger: only numbers with
/// as many digits as the type holds can be that.
macro_rules! fewest {
    ($f:expr, $enough:expr) => {{
        let f = $f;
        let text = format!("{f:e}");
        let digits = text.bytes().take_while(|&b| b != b'e').filter(u8::is_ascii_digit).count();
        if digits < $enough {
            text
        } else {
            let nearest = format!("{f:.*e}", digits - 1);
            if nearest.parse() == Ok(f) { nearest } else { text }
        }
    }};
}

fn fixed(digits: &[u8], point: i32, out: &mut Vec<u8>) {
    let count = digits.len() as i32;
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(digits);
    } else if point >= count {
        out.extend_from_slice(digits);
        out.extend(std::iter::repeat_n(b'0', (point - count) as usize));
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

fn scientific(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    let (first, more) = digits.split_at(1.min(digits.len()));
    out.extend_from_slice(first);
    if !more.is_empty() {
        out.push(b'.');
        out.extend_from_slice(more);
    }
    out.push(b'e');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let exponent = exponent.unsigned_abs();
    if exponent < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(exponent.to_string().as_bytes());
}

fn general(text: &str, out: &mut Vec<u8>) {
    let (negative, digits, point) = shortest(text);
    if negative {
        out.push(b'-');
    }
    let exponent = point - 1;
    // With the fewest digits Go takes 6 for the precision that decides.
    if !(-4..6).contains(&exponent) {
        scientific(&digits, exponent, out);
    } else {
        fixed(&digits, point, out);
    }
}

/// `strconv.FormatFloat(f, 'g', -1, 64)`.
pub(super) fn float64(f: f64, out: &mut Vec<u8>) {
    if special(f, out) {
        return;
    }
    general(&fewest!(f, 15), out);
}

/// `strconv.FormatFloat(f, 'g', -1, 32)`.
pub(super) fn float32(f: f64, out: &mut Vec<u8>) {
    let narrow = f as f32;
    if special(f64::from(narrow), out) {
        return;
    }
    general(&fewest!(narrow, 6), out);
}

/// What a float becomes on its way through JSON and back through YAML: an integer where its JSON text is one
/// that fits 64 bits, else `%g`.
pub(super) fn through_json(f: f64, out: &mut Vec<u8>) {
    if f == f.trunc() && f.abs() < 1e21 {
        if f == 0.0 {
            out.push(b'0');
            return;
        }
        let start = out.len();
        let (negative, digits, point) = shortest(&fewest!(f, 15));
        if negative {
            out.push(b'-');
        }
        fixed(&digits, point, out);
        let text = out.get(start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
            return;
        }
        out.truncate(start);
    }
    float64(f, out);
}

/// Go's JSON for a float that is a number.
pub(super) fn json(f: f64, out: &mut Vec<u8>) {
    let (negative, digits, point) = shortest(&fewest!(f, 15));
    if negative {
        out.push(b'-');
    }
    let size = f.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let start = out.len();
        scientific(&digits, point - 1, out);
        // `e-09` becomes `e-9`.
        if let Some(at) = out.get(start..).and_then(|text| text.iter().position(|&b| b == b'e')).map(|at| start + at)
            && out.get(at + 1) == Some(&b'-')
            && out.get(at + 2) == Some(&b'0')
        {
            out.remove(at + 2);
        }
    } else {
        fixed(&digits, if size == 0.0 { 1 } else { point }, out);
    }
}

fn special(f: f64, out: &mut Vec<u8>) -> bool {
    let words = if f.is_nan() {
        "NaN"
    } else if f == f64::INFINITY {
        "+Inf"
    } else if f == f64::NEG_INFINITY {
        "-Inf"
    } else {
        return false;
    };
    out.extend_from_slice(words.as_bytes());
    true
}
