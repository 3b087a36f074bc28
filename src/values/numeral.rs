//! Numbers as Go's printer for people writes them (golang.org/x/text/message).

use crate::go::strconv::format_float;

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A whole number as `message.Printer` prints it with `%v`.
pub(super) fn integer(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(&n.unsigned_abs().to_string()))
}

/// A float as `message.Printer` prints it with `%v`.
pub(super) fn number(f: f64) -> String {
    if f.is_infinite() {
        return if f > 0.0 { "∞".into() } else { "-∞".into() };
    }
    let sign = if f < 0.0 { "-" } else { "" };
    let size = f.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        let text = format_float(size, b'e', -1);
        let text = String::from_utf8_lossy(&text);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        let raised = exponent.chars().filter_map(|c| match c {
            '-' => Some('⁻'),
            c => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize),
        });
        return format!("{sign}{mantissa}×10{}", raised.collect::<String>());
    }
    let text = format_float(size, b'f', -1);
    let text = String::from_utf8_lossy(&text);
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{sign}{}.{fraction}", grouped(whole)),
        None => format!("{sign}{}", grouped(&text)),
    }
}
