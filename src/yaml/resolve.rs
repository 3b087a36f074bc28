//! What a plain text means: go-yaml v2's resolve.go, YAML 1.1 with its own ideas of numbers.

use std::borrow::Cow;

/// A scalar's value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A string; a time is one too.
    Str(Cow<'a, [u8]>),
}

const PREFIX: &[u8] = b"tag:yaml.org,2002:";

/// The type of a plain text by its looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Looks {
    Str,
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Time,
}

impl Looks {
    fn tag(self) -> &'static str {
        match self {
            Looks::Str => "str",
            Looks::Null => "null",
            Looks::Bool(_) => "bool",
            Looks::Int(_) | Looks::Uint(_) => "int",
            Looks::Float(_) => "float",
            Looks::Time => "timestamp",
        }
    }
}

/// The value of a scalar with its tag (the full one, or empty). The words of a failure lack `yaml: `.
pub(super) fn resolve<'a>(tag: &[u8], text: &Cow<'a, [u8]>) -> Result<Scalar<'a>, String> {
    let own = || Ok(Scalar::Str(text.clone()));
    let short = match tag {
        b"" => "",
        _ => match tag.strip_prefix(PREFIX) {
            Some(b"binary") => {
                return match base64(text) {
                    Some(data) => Ok(Scalar::Str(Cow::Owned(data))),
                    None => Err("!!binary value contains invalid base64 data".to_owned()),
                };
            }
            Some(b"str") => return own(),
            Some(b"bool") => "bool",
            Some(b"int") => "int",
            Some(b"float") => "float",
            Some(b"null") => "null",
            Some(b"timestamp") => "timestamp",
            _ => return own(),
        },
    };
    let looks = looks(text, short.is_empty() || short == "timestamp");
    let looks = match looks {
        _ if short.is_empty() || short == looks.tag() => looks,
        Looks::Int(n) if short == "float" => Looks::Float(n as f64),
        _ => {
            let text = String::from_utf8_lossy(text);
            return Err(format!("cannot decode !!{} `{text}` as a !!{short}", looks.tag()));
        }
    };
    Ok(match looks {
        Looks::Null => Scalar::Null,
        Looks::Bool(b) => Scalar::Bool(b),
        Looks::Int(n) => Scalar::Int(n),
        Looks::Uint(n) => Scalar::Uint(n),
        Looks::Float(f) => Scalar::Float(f),
        Looks::Str | Looks::Time => return own(),
    })
}

/// Bytes that can begin something other than a string.
const HINT: [bool; 256] = {
    let mut hint = [false; 256];
    let bytes = b"+-0123456789yYnNtTfFoO~.";
    let mut i = 0;
    while i < bytes.len() {
        hint[bytes[i] as usize] = true;
        i += 1;
    }
    hint
};

/// What a plain text looks like; `times` tells whether it may be a time.
#[inline]
pub(super) fn looks(text: &[u8], times: bool) -> Looks {
    match text.first() {
        None => Looks::Null,
        Some(&b) if !HINT[b as usize] => Looks::Str,
        Some(&b) => special(b, text, times),
    }
}

fn special(first: u8, text: &[u8], times: bool) -> Looks {
    if text.len() <= 5 {
        match text {
            b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"true" | b"True" | b"TRUE" | b"on" | b"On" | b"ON" => {
                return Looks::Bool(true);
            }
            b"n" | b"N" | b"no" | b"No" | b"NO" | b"false" | b"False" | b"FALSE" | b"off" | b"Off" | b"OFF" => {
                return Looks::Bool(false);
            }
            b"~" | b"null" | b"Null" | b"NULL" => return Looks::Null,
            b".nan" | b".NaN" | b".NAN" => return Looks::Float(f64::NAN),
            b".inf" | b".Inf" | b".INF" | b"+.inf" | b"+.Inf" | b"+.INF" => return Looks::Float(f64::INFINITY),
            b"-.inf" | b"-.Inf" | b"-.INF" => return Looks::Float(f64::NEG_INFINITY),
            _ => {}
        }
    }
    match first {
        b'.' => dot_float(text).map_or(Looks::Str, Looks::Float),
        b'+' | b'-' | b'0'..=b'9' => number(text, times),
        _ => Looks::Str,
    }
}

fn number(text: &[u8], times: bool) -> Looks {
    // Short decimals are by far the most numbers.
    if text.len() <= 18 && text.first() != Some(&b'0') && text.iter().all(u8::is_ascii_digit) {
        return Looks::Int(text.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')));
    }
    // Nothing with such a byte is a number or a time.
    if !text.iter().all(|b| {
        b.is_ascii_hexdigit()
            || matches!(
                b,
                b'+' | b'-' | b'.' | b'_' | b':' | b' ' | b',' | b'T' | b't' | b'Z' | b'x' | b'X' | b'o' | b'O'
            )
    }) {
        return Looks::Str;
    }
    if times && is_time(text) {
        return Looks::Time;
    }
    let plain: Cow<'_, [u8]> = if text.contains(&b'_') {
        Cow::Owned(text.iter().copied().filter(|&b| b != b'_').collect())
    } else {
        Cow::Borrowed(text)
    };
    if let Some(n) = signed(&plain, None) {
        return Looks::Int(n);
    }
    if let Some(n) = unsigned(&plain, None) {
        return Looks::Uint(n);
    }
    if is_float(&plain)
        && let Some(f) = parse_float(&plain)
    {
        return Looks::Float(f);
    }
    if let Some(digits) = plain.strip_prefix(b"0b") {
        if let Some(n) = signed(digits, Some(2)) {
            return Looks::Int(n);
        }
        if let Some(n) = unsigned(digits, Some(2)) {
            return Looks::Uint(n);
        }
    }
    Looks::Str
}

/// go-yaml v3 also reads `0o` with a sign behind it; otherwise Go's own prefixes cover what it adds.
pub(super) fn looks_v3_octal(text: &[u8]) -> bool {
    let plain: Vec<u8> = text.iter().copied().filter(|&b| b != b'_').collect();
    plain
        .strip_prefix(b"0o")
        .is_some_and(|digits| signed(digits, Some(8)).is_some() || unsigned(digits, Some(8)).is_some())
}

/// Go's `strconv.ParseInt` with base 0 (`None`: prefixes) or a base.
fn signed(text: &[u8], base: Option<u32>) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let n = unsigned(digits, base)?;
    if negative { if n <= 1 << 63 { Some((n as i64).wrapping_neg()) } else { None } } else { i64::try_from(n).ok() }
}

/// Go's `strconv.ParseUint`.
fn unsigned(text: &[u8], base: Option<u32>) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let (base, digits) = match (base, text) {
        (Some(base), digits) => (base, digits),
        (None, [b'0', b'b' | b'B', digits @ ..]) if !digits.is_empty() => (2, digits),
        (None, [b'0', b'o' | b'O', digits @ ..]) if !digits.is_empty() => (8, digits),
        (None, [b'0', b'x' | b'X', digits @ ..]) if !digits.is_empty() => (16, digits),
        (None, [b'0', digits @ ..]) => (8, digits),
        (None, digits) => (10, digits),
    };
    let mut n = 0u64;
    for &b in digits {
        let digit = char::from(b).to_digit(base)?;
        n = n.checked_mul(u64::from(base))?.checked_add(u64::from(digit))?;
    }
    Some(n)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(text);
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if whole == 0 && count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    } else if whole == 0 {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

/// Go's `strconv.ParseFloat` of a text that has been checked; `None` when it is out of range.
fn parse_float(text: &[u8]) -> Option<f64> {
    let f: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    f.is_finite().then_some(f)
}

/// A float that starts with a dot: here go-yaml leaves underscores to Go, which takes them between digits.
fn dot_float(text: &[u8]) -> Option<f64> {
    let mut last = b'^';
    for &b in text {
        match b {
            b'0'..=b'9' => last = b'0',
            b'_' if last == b'0' => last = b'_',
            b'_' => return None,
            _ if last == b'_' => return None,
            _ => last = b'!',
        }
    }
    if last == b'_' {
        return None;
    }
    let plain: Vec<u8> = text.iter().copied().filter(|&b| b != b'_').collect();
    if is_float(&plain) { parse_float(&plain) } else { None }
}

/// Whether go-yaml's parser of times takes it: Go's `time.Parse` with four layouts.
fn is_time(text: &[u8]) -> bool {
    if text.iter().take_while(|b| b.is_ascii_digit()).count() != 4 || text.get(4) != Some(&b'-') {
        return false;
    }
    let decimal = |text: &[u8]| text.iter().fold(0u32, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0')));
    let year = decimal(text.get(..4).unwrap_or_default());
    // One or two digits, and what follows.
    let number = |text: &'_ [u8]| -> Option<(u32, usize)> {
        let count = text.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
        (count > 0).then(|| (decimal(text.get(..count).unwrap_or_default()), count))
    };
    let mut rest = text.get(5..).unwrap_or_default();
    let mut next = |after: &[u8]| -> Option<u32> {
        let (n, used) = number(rest)?;
        rest = rest.get(used..)?.strip_prefix(after)?;
        Some(n)
    };
    let (Some(month @ 1..=12), Some(day)) = (next(b"-"), next(b"")) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 31,
    };
    if day < 1 || day > days {
        return false;
    }
    let zone = match rest.first() {
        None => return true,
        Some(b'T' | b't') => {
            rest = rest.get(1..).unwrap_or_default();
            true
        }
        Some(b' ') => {
            let spaces = rest.iter().take_while(|&&b| b == b' ').count();
            rest = rest.get(spaces..).unwrap_or_default();
            false
        }
        _ => return false,
    };
    let mut next = |after: &[u8]| -> Option<u32> {
        let (n, used) = number(rest)?;
        rest = rest.get(used..)?.strip_prefix(after)?;
        Some(n)
    };
    if !matches!((next(b":"), next(b":"), next(b"")), (Some(0..=23), Some(0..=59), Some(0..=59))) {
        return false;
    }
    if let [b'.' | b',', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            rest = fraction.get(digits..).unwrap_or_default();
        }
    }
    if !zone {
        return rest.is_empty();
    }
    match rest {
        b"Z" => true,
        [b'+' | b'-', a, b, b':', c, d] => {
            [a, b, c, d].iter().all(|b| b.is_ascii_digit()) && decimal(&[*a, *b]) <= 24 && decimal(&[*c, *d]) <= 60
        }
        _ => false,
    }
}

/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`: go-yaml quotes such texts, though it reads them as strings.
pub(super) fn is_base60(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let mut parts = text.split(|&b| b == b':');
    if !parts.next().is_some_and(|part| part.iter().all(|b| b.is_ascii_digit() || *b == b'_')) {
        return false;
    }
    let sixty = |part: &[u8]| matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let mut parts = parts.peekable();
    let mut some = false;
    while let Some(part) = parts.next() {
        some = true;
        let fine = if parts.peek().is_none() {
            let dot = part.iter().position(|&b| b == b'.').unwrap_or(part.len());
            let (number, fraction) = part.split_at(dot);
            sixty(number) && fraction.iter().skip(1).all(|b| b.is_ascii_digit() || *b == b'_')
        } else {
            sixty(part)
        };
        if !fine {
            return false;
        }
    }
    some
}

/// Go's `base64.StdEncoding`: line breaks are skipped.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|&b| b != b'\n' && b != b'\r').collect();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let last = text.len().saturating_sub(4);
    for (i, four) in text.chunks_exact(4).enumerate() {
        let padding = if i * 4 == last { four.iter().rev().take_while(|&&b| b == b'=').count() } else { 0 };
        if padding > 2 {
            return None;
        }
        let mut bits = 0u32;
        for (j, &b) in four.iter().enumerate() {
            let value = match b {
                b'A'..=b'Z' => b - b'A',
                b'a'..=b'z' => b - b'a' + 26,
                b'0'..=b'9' => b - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if j >= 4 - padding => 0,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend_from_slice([a, b, c].get(..3 - padding).unwrap_or_default());
    }
    Some(out)
}
