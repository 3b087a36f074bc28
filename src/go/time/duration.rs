//! `time.Duration`: nanoseconds as an `i64`.

use super::quote;

const UNITS: [(&[u8], u64); 8] = [
    (b"ns", 1),
    (b"us", 1_000),
    ("µs".as_bytes(), 1_000),
    ("μs".as_bytes(), 1_000),
    (b"ms", 1_000_000),
    (b"s", 1_000_000_000),
    (b"m", 60_000_000_000),
    (b"h", 3_600_000_000_000),
];

/// One more than the greatest duration.
const LIMIT: u64 = 1 << 63;

/// `Duration.String`: `1h30m0s`, `1.5s`, `250ms`, `0s`.
pub fn format_duration(nanoseconds: i64) -> String {
    let n = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if n < 1_000_000_000 {
        return match n {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{n}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", decimal(n, 3)),
            _ => format!("{sign}{}ms", decimal(n, 6)),
        };
    }
    let seconds = decimal(n % 60_000_000_000, 9);
    let minutes = n / 60_000_000_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, m) => format!("{sign}{m}m{seconds}s"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
    }
}

/// `n / 10^digits` without zeros at the end.
fn decimal(n: u64, digits: usize) -> String {
    let unit = 10u64.pow(digits as u32);
    let text = format!("{}.{:0digits$}", n / unit, n % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `time.ParseDuration`. The error has Go's words: `time: invalid duration "bad"`.
pub fn parse_duration(text: &[u8]) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, whole_len) = leading_int(rest).ok_or_else(invalid)?;
        rest = rest.get(whole_len..).unwrap_or_default();
        let (mut fraction, mut scale, mut fraction_len) = (0, 1.0, 0);
        if let Some(after) = rest.strip_prefix(b".") {
            (fraction, scale, fraction_len) = leading_fraction(after);
            rest = after.get(fraction_len..).unwrap_or_default();
        }
        if whole_len == 0 && fraction_len == 0 {
            return Err(invalid());
        }
        let end = rest.iter().position(|&b| b == b'.' || b.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, after) = rest.split_at_checked(end).unwrap_or_default();
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        rest = after;
        let Some(&(_, unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("time: unknown unit {} in duration {}", quote(unit), quote(text)));
        };
        if whole > LIMIT / unit {
            return Err(invalid());
        }
        let mut value = whole * unit;
        if fraction > 0 {
            // In floating point, as in Go: below an hour that is exact to the nanosecond.
            value += (fraction as f64 * (unit as f64 / scale)) as u64;
        }
        total = total.wrapping_add(value);
        if value > LIMIT || total > LIMIT {
            return Err(invalid());
        }
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// Digits at the start as a number of at most 2^63, and how many they are.
pub(super) fn leading_int(text: &[u8]) -> Option<(u64, usize)> {
    let mut n: u64 = 0;
    let mut len = 0;
    for b in text.iter().take_while(|b| b.is_ascii_digit()) {
        if n > LIMIT / 10 {
            return None;
        }
        n = n * 10 + u64::from(b - b'0');
        if n > LIMIT {
            return None;
        }
        len += 1;
    }
    Some((n, len))
}

/// Digits behind the point: their number, what to divide it by, how many they are. Digits past the precision
/// of a duration are skipped.
fn leading_fraction(text: &[u8]) -> (u64, f64, usize) {
    let (mut n, mut scale, mut len, mut full) = (0u64, 1.0, 0, false);
    for b in text.iter().take_while(|b| b.is_ascii_digit()) {
        len += 1;
        if full || n > (LIMIT - 1) / 10 {
            full = true;
            continue;
        }
        let next = n * 10 + u64::from(b - b'0');
        if next > LIMIT {
            full = true;
            continue;
        }
        n = next;
        scale *= 10.0;
    }
    (n, scale, len)
}

/// `Duration.Round`: to the nearest multiple of `m`, halves away from zero.
pub fn round_duration(d: i64, m: i64) -> i64 {
    if m <= 0 {
        return d;
    }
    let (wide, m) = (i128::from(d), i128::from(m));
    let r = wide.abs() % m;
    let down = wide.abs() - r;
    let rounded = if r + r < m { down } else { down + m };
    let signed = if d < 0 { -rounded } else { rounded };
    signed.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, want) in [
            ("1h30m", "1h30m0s"),
            ("-1.5s", "-1.5s"),
            ("250ms", "250ms"),
            ("1.1us", "1.1µs"),
            ("0", "0s"),
            ("bad", "time: invalid duration \"bad\""),
            ("1", "time: missing unit in duration \"1\""),
            ("1x", "time: unknown unit \"x\" in duration \"1x\""),
            ("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""),
            ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(parse_duration(text.as_bytes()).map_or_else(|e| e, format_duration), want);
        }
        assert_eq!(round_duration(1_500_000_000, 1_000_000_000), 2_000_000_000);
        assert_eq!(round_duration(-1_499_999_999, 1_000_000_000), -1_000_000_000);
    }
}
