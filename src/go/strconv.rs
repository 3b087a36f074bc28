//! Go's `strconv`: numbers as text and back.

use std::fmt;
use std::io::Write as _;

/// Why a text is no number. Its text is Go's: `strconv.ParseInt: parsing "x": invalid syntax`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumError {
    /// Go's function.
    pub function: &'static str,
    /// The text.
    pub text: Vec<u8>,
    /// Whether it is a number that is too big, not something else.
    pub range: bool,
}

impl fmt::Display for NumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut quoted = Vec::new();
        super::quote::quote(&mut quoted, &self.text, super::quote::Show::Printable);
        let why = if self.range { "value out of range" } else { "invalid syntax" };
        write!(f, "strconv.{}: parsing {}: {why}", self.function, String::from_utf8_lossy(&quoted))
    }
}

/// The digits of a number: `0.d₁d₂d₃… × 10^point`, without zeros at the end; none for zero.
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

/// Reads back what Rust's exponent form says.
fn decimal(text: &str) -> Decimal {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let point = if digits.is_empty() { 0 } else { exponent.parse::<i32>().unwrap_or(0) + 1 };
    Decimal { digits, point }
}

/// The fewest digits that read back as the same number of `bits` bits.
fn shortest(v: f64, bits: u32) -> Decimal {
    let number = decimal(&if bits == 32 { format!("{:e}", v as f32) } else { format!("{v:e}") });
    // Halfway between two candidates Go takes the even one, Rust the greater. It needs a number with just
    // one digit more than is shown, so only long ones can be in the middle.
    let count = number.digits.len();
    if count >= if bits == 32 { 7 } else { 15 } {
        let even = format!("{v:.*e}", count - 1);
        let same = if bits == 32 { even.parse() == Ok(v as f32) } else { even.parse() == Ok(v) };
        if same {
            return decimal(&even);
        }
    }
    number
}

/// More digits than any `f64` has; what is asked for beyond is zeros.
const ALL_DIGITS: usize = 1100;

/// `strconv.AppendFloat`: form is one of `e E f g G b x X`; `prec` is -1 for the shortest.
pub fn append_float(out: &mut Vec<u8>, v: f64, form: u8, prec: i64, bits: u32) {
    if v.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if v.is_infinite() {
        out.extend_from_slice(if v < 0.0 { b"-Inf" } else { b"+Inf" });
        return;
    }
    match form {
        b'b' => return binary(out, v, bits),
        b'x' | b'X' => return hexadecimal(out, v, form, prec, bits),
        _ => {}
    }
    if v.is_sign_negative() {
        out.push(b'-');
    }
    let v = v.abs();
    if prec < 0 {
        if matches!(form, b'g' | b'f') && v < 1e6 && v.fract() == 0.0 {
            append_int(out, v as i64);
            return;
        }
        let digits = shortest(v, bits);
        let count = digits.digits.len() as i64;
        match form {
            b'e' | b'E' => exponential(out, &digits, (count - 1).max(0), form),
            b'f' => positional(out, &digits, (count - i64::from(digits.point)).max(0)),
            _ => {
                let exp = digits.point - 1;
                if !digits.digits.is_empty() && !(-4..6).contains(&exp) {
                    exponential(out, &digits, count - 1, form - 2);
                } else {
                    positional(out, &digits, (count - i64::from(digits.point)).max(0));
                }
            }
        }
        return;
    }
    let capped = usize::try_from(prec).unwrap_or(0).min(ALL_DIGITS);
    match form {
        b'e' | b'E' => exponential(out, &decimal(&format!("{v:.capped$e}")), prec, form),
        b'f' => {
            let _ = write!(out, "{v:.capped$}");
            out.resize(out.len() + (prec as usize - capped), b'0');
        }
        _ => {
            let prec = prec.max(1);
            let digits = decimal(&format!("{v:.*e}", capped.saturating_sub(1)));
            let (count, point) = (digits.digits.len() as i64, i64::from(digits.point));
            let limit = if prec > count && count >= point { count } else { prec };
            let exp = point - 1;
            if exp < -4 || exp >= limit {
                exponential(out, &digits, prec.min(count) - 1, form - 2);
            } else {
                let prec = if prec > point { count } else { prec };
                positional(out, &digits, (prec - point).max(0));
            }
        }
    }
}

/// `-d.ddde±dd`
fn exponential(out: &mut Vec<u8>, number: &Decimal, prec: i64, form: u8) {
    let digit = |i: usize| number.digits.get(i).copied().unwrap_or(b'0');
    out.push(digit(0));
    if prec > 0 {
        let prec = prec as usize;
        out.push(b'.');
        let tail = number.digits.get(1..).unwrap_or_default();
        let shown = tail.get(..prec.min(tail.len())).unwrap_or_default();
        out.extend_from_slice(shown);
        out.resize(out.len() + prec - shown.len(), b'0');
    }
    out.push(form);
    let exp = if number.digits.is_empty() { 0 } else { number.point - 1 };
    out.push(if exp < 0 { b'-' } else { b'+' });
    let _ = write!(out, "{:02}", exp.unsigned_abs());
}

/// `-ddd.ddd`
fn positional(out: &mut Vec<u8>, number: &Decimal, prec: i64) {
    let digit = |i: i64| usize::try_from(i).ok().and_then(|i| number.digits.get(i)).copied().unwrap_or(b'0');
    let point = i64::from(number.point);
    if point > 0 {
        (0..point).for_each(|i| out.push(digit(i)));
    } else {
        out.push(b'0');
    }
    if prec > 0 {
        out.push(b'.');
        (0..prec).for_each(|i| out.push(digit(point + i)));
    }
}

/// Mantissa and exponent such that the value is `mantissa × 2^exponent`, and the mantissa's width.
fn parts(v: f64, bits: u32) -> (u64, i32, u32) {
    if bits == 32 {
        let raw = (v as f32).to_bits();
        let (mantissa, exp) = (u64::from(raw & 0x7f_ffff), (raw >> 23 & 0xff) as i32);
        if exp == 0 { (mantissa, -149, 23) } else { (mantissa | 1 << 23, exp - 150, 23) }
    } else {
        let raw = v.to_bits();
        let (mantissa, exp) = (raw & ((1 << 52) - 1), (raw >> 52 & 0x7ff) as i32);
        if exp == 0 { (mantissa, -1074, 52) } else { (mantissa | 1 << 52, exp - 1075, 52) }
    }
}

fn binary(out: &mut Vec<u8>, v: f64, bits: u32) {
    let (mantissa, exp, _) = parts(v, bits);
    let sign = if v.is_sign_negative() { "-" } else { "" };
    let _ = write!(out, "{sign}{mantissa}p{exp:+}");
}

fn hexadecimal(out: &mut Vec<u8>, v: f64, form: u8, prec: i64, bits: u32) {
    let (mut mantissa, exp, width) = parts(v, bits);
    let mut exp = if mantissa == 0 { 0 } else { exp + width as i32 };
    // The leading 1 goes to bit 60, so that every hexadecimal digit after it is aligned.
    mantissa <<= 60 - width;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exp -= 1;
    }
    if (0..15).contains(&prec) {
        let shift = prec as u32 * 4;
        let rest = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if rest | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exp += 1;
        }
    }
    if v.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(&[b'0', form, b'0' + (mantissa >> 60 & 1) as u8]);
    let digits: &[u8; 16] = if form == b'X' { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |m: u64| digits.get((m >> 60 & 15) as usize).copied().unwrap_or(b'0');
    mantissa <<= 4;
    if prec < 0 && mantissa != 0 {
        out.push(b'.');
        while mantissa != 0 {
            out.push(digit(mantissa));
            mantissa <<= 4;
        }
    } else if prec > 0 {
        out.push(b'.');
        for _ in 0..prec {
            out.push(digit(mantissa));
            mantissa <<= 4;
        }
    }
    out.push(if form == b'X' { b'P' } else { b'p' });
    let _ = write!(out, "{}{:02}", if exp < 0 { '-' } else { '+' }, exp.unsigned_abs());
}

/// `strconv.FormatFloat` of 64 bits; see [`append_float`].
pub fn format_float(v: f64, form: u8, prec: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    append_float(&mut out, v, form, prec, 64);
    out
}

/// Appends a number in base 10.
pub fn append_int(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    append_uint(out, n.unsigned_abs());
}

/// Appends a number in base 10.
pub fn append_uint(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (n % 10) as u8;
        n /= 10;
        start -= 1;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// `strconv.ParseFloat` of 64 bits. A number too big is an error with `range` set.
pub fn parse_float(text: &[u8]) -> Result<f64, NumError> {
    let fail = |range| NumError { function: "ParseFloat", text: text.to_vec(), range };
    let (negative, body) = match text.split_first() {
        Some((b'+', rest)) => (false, rest),
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let signed = |v: f64| if negative { -v } else { v };
    if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        return Ok(signed(f64::INFINITY));
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Ok(f64::NAN);
    }
    let hex = body.len() > 2 && body.first() == Some(&b'0') && matches!(body.get(1), Some(b'x' | b'X'));
    let mut plain = String::with_capacity(body.len());
    let mut rest = if hex { body.get(2..).unwrap_or_default() } else { body };
    let (mut dot, mut digit, mut underscores) = (false, false, false);
    while let Some((&c, tail)) = rest.split_first() {
        match c {
            b'_' => underscores = true,
            b'.' if !dot => {
                dot = true;
                plain.push('.');
            }
            b'0'..=b'9' => {
                digit = true;
                plain.push(c as char);
            }
            b'a'..=b'f' | b'A'..=b'F' if hex => {
                digit = true;
                plain.push(c as char);
            }
            _ => break,
        }
        rest = tail;
    }
    let mut exponent = 0i64;
    if digit && rest.first().is_some_and(|c| c.eq_ignore_ascii_case(if hex { &b'p' } else { &b'e' })) {
        let mut tail = rest.get(1..).unwrap_or_default();
        let down = tail.first() == Some(&b'-');
        if matches!(tail.first(), Some(b'+' | b'-')) {
            tail = tail.get(1..).unwrap_or_default();
        }
        if !tail.first().is_some_and(u8::is_ascii_digit) {
            return Err(fail(false));
        }
        while let Some((&c, after)) = tail.split_first() {
            match c {
                b'0'..=b'9' if exponent < 10_000 => exponent = exponent * 10 + i64::from(c - b'0'),
                b'0'..=b'9' => {}
                b'_' => underscores = true,
                _ => break,
            }
            tail = after;
        }
        if down {
            exponent = -exponent;
        }
        rest = tail;
    } else if hex {
        return Err(fail(false));
    }
    if !digit || !rest.is_empty() || underscores && !underscores_separate(text) {
        return Err(fail(false));
    }
    let v = if hex {
        hex_float(&plain, exponent)
    } else {
        plain.push_str(&format!("e{exponent}"));
        plain.parse::<f64>().map_err(|_| fail(false))?
    };
    if v.is_infinite() { Err(fail(true)) } else { Ok(signed(v)) }
}

/// Digits in base 16 with a point, times a power of two; rounded half to even.
fn hex_float(digits: &str, exponent: i64) -> f64 {
    let (mut mantissa, mut exp, mut sticky, mut fraction) = (0u64, exponent, false, false);
    for c in digits.chars() {
        let Some(d) = c.to_digit(16) else {
            fraction = true;
            continue;
        };
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(d);
            exp -= if fraction { 4 } else { 0 };
        } else {
            sticky |= d != 0;
            exp += if fraction { 0 } else { 4 };
        }
    }
    if mantissa == 0 {
        return 0.0;
    }
    let zeros = mantissa.leading_zeros();
    mantissa <<= zeros;
    exp -= i64::from(zeros);
    // The value is mantissa × 2^exp with bit 63 set: 53 bits remain, fewer below the normal range.
    let top = exp + 63;
    if top > 1023 {
        return f64::INFINITY;
    }
    let drop = 11 + (-1022 - top).max(0);
    if drop > 64 {
        return 0.0;
    }
    let (kept, lost) = if drop == 64 { (0, mantissa) } else { (mantissa >> drop, mantissa << (64 - drop)) };
    let half = 1u64 << 63;
    let up = lost > half || lost == half && (sticky || kept & 1 == 1);
    let kept = kept + u64::from(up);
    // Kept has at most 53 bits, so both factors are exact.
    let scale = exp + drop;
    if scale < -1022 {
        kept as f64 * 2f64.powi(-1022) * 2f64.powi((scale + 1022) as i32)
    } else {
        kept as f64 * 2f64.powi(scale.min(1023) as i32)
    }
}

/// Whether every underscore stands between digits, or between a base prefix and a digit.
fn underscores_separate(text: &[u8]) -> bool {
    let text = match text.split_first() {
        Some((b'+' | b'-', rest)) => rest,
        _ => text,
    };
    let prefix = text.first() == Some(&b'0') && matches!(text.get(1), Some(b'b' | b'B' | b'o' | b'O' | b'x' | b'X'));
    let hex = prefix && matches!(text.get(1), Some(b'x' | b'X'));
    let mut before = if prefix { b'0' } else { b'^' };
    for &c in text.get(if prefix { 2 } else { 0 }..).unwrap_or_default() {
        let class = match c {
            b'0'..=b'9' => b'0',
            b'a'..=b'f' | b'A'..=b'F' if hex => b'0',
            b'_' => b'_',
            _ => b'!',
        };
        if class == b'_' && before != b'0' || class == b'!' && before == b'_' {
            return false;
        }
        before = class;
    }
    before != b'_'
}

/// `strconv.ParseUint` of 64 bits. Base 0 takes the base from the prefix and allows underscores.
pub fn parse_uint(text: &[u8], base: u32) -> Result<u64, NumError> {
    magnitude(text, base).map_err(|range| NumError { function: "ParseUint", text: text.to_vec(), range })
}

fn magnitude(text: &[u8], base: u32) -> Result<u64, bool> {
    let mut digits = text;
    let mut radix = base;
    if base == 0 {
        radix = 10;
        if let Some((b'0', rest)) = text.split_first() {
            (radix, digits) = match rest.first() {
                Some(b'b' | b'B') if rest.len() > 1 => (2, rest.get(1..).unwrap_or_default()),
                Some(b'o' | b'O') if rest.len() > 1 => (8, rest.get(1..).unwrap_or_default()),
                Some(b'x' | b'X') if rest.len() > 1 => (16, rest.get(1..).unwrap_or_default()),
                _ => (8, rest),
            };
            if rest.is_empty() {
                return Ok(0);
            }
        }
    }
    if digits.is_empty() {
        return Err(false);
    }
    let (mut n, mut underscores) = (0u64, false);
    for &c in digits {
        if c == b'_' && base == 0 {
            underscores = true;
            continue;
        }
        let digit = (c as char).to_digit(36).filter(|d| *d < radix).ok_or(false)?;
        n = n.checked_mul(radix.into()).and_then(|n| n.checked_add(digit.into())).ok_or(true)?;
    }
    if underscores && !underscores_separate(text) {
        return Err(false);
    }
    Ok(n)
}

/// `strconv.ParseInt` of `bits` bits. Base 0 takes the base from the prefix and allows underscores.
pub fn parse_int(text: &[u8], base: u32, bits: u32) -> Result<i64, NumError> {
    let fail = |range| NumError { function: "ParseInt", text: text.to_vec(), range };
    let (negative, body) = match text.split_first() {
        Some((b'+', rest)) => (false, rest),
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let n = magnitude(body, base).map_err(fail)?;
    let limit = 1u64 << (bits.clamp(1, 64) - 1);
    if n > limit || n == limit && !negative {
        return Err(fail(true));
    }
    Ok(if negative { (n as i64).wrapping_neg() } else { n as i64 })
}

/// `strconv.Atoi`.
pub fn atoi(text: &[u8]) -> Result<i64, NumError> {
    parse_int(text, 10, 64).map_err(|e| NumError { function: "Atoi", ..e })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_floats() {
        for (v, form, prec, want) in [
            (1e6, b'g', -1, "1e+06"),
            (999999.5, b'g', -1, "999999.5"),
            (1e-5, b'g', -1, "1e-05"),
            (-0.0, b'g', -1, "-0"),
            (0.0001, b'g', -1, "0.0001"),
            (2.5, b'f', 0, "2"),
            (1.0, b'f', -1, "1"),
            (1e21, b'f', -1, "1000000000000000000000"),
            (0.0, b'e', -1, "0e+00"),
            (123.456, b'e', 2, "1.23e+02"),
            (123456789.0, b'g', 4, "1.235e+08"),
            (100.0, b'g', 3, "100"),
            (1.0, b'b', -1, "4503599627370496p-52"),
            (0.1, b'x', -1, "0x1.999999999999ap-04"),
            (1.5, b'X', 0, "0X1P+01"),
        ] {
            assert_eq!(String::from_utf8_lossy(&format_float(v, form, prec)), want);
        }
    }

    #[test]
    fn reads_numbers() {
        assert_eq!(parse_float(b"0x1p-2"), Ok(0.25));
        assert_eq!(parse_float(b"1_0"), Ok(10.0));
        assert_eq!(parse_float(b".5e1"), Ok(5.0));
        assert!(parse_float(b"1e400").is_err_and(|e| e.range));
        for bad in ["", ".", "1__0", "_1", "0x10", "1e", " 1", "infin", "+nan", "1.2.3"] {
            assert!(parse_float(bad.as_bytes()).is_err(), "{bad}");
        }
        for (text, want) in [("0x1f", 31), ("0b11", 3), ("0o17", 15), ("010", 8), ("1_000", 1000), ("-5", -5), ("0", 0)]
        {
            assert_eq!(parse_int(text.as_bytes(), 0, 64), Ok(want), "{text}");
        }
        for bad in ["", "08", "1_", "0x", "-", "a"] {
            assert!(parse_int(bad.as_bytes(), 0, 64).is_err(), "{bad}");
        }
        assert_eq!(parse_int(b"-9223372036854775808", 10, 64), Ok(i64::MIN));
        assert_eq!(
            atoi(b"9223372036854775808").map_err(|e| e.to_string()),
            Err("strconv.Atoi: parsing \"9223372036854775808\": value out of range".into())
        );
    }
}
