//! Numbers, dates and words of a TOML text, as BurntSushi/toml 1.6 reads them.

use super::toml_scan::{END, Fault, Scanner, char_quoted};
use crate::go::quote::quoted;
use crate::go::strconv::{parse_float, parse_int};
use crate::go::time::{Time, Zone};
use crate::go::unicode::is_letter;
use crate::value::Value;

/// Reads a number or date at its first digit.
pub(super) fn number(scan: &mut Scanner<'_>, now: i128) -> Result<Value, Fault> {
    let start = scan.place();
    let mut dates = true;
    if scan.next()? == '0' {
        let radix = match scan.peek()? {
            'b' => Some((2, "a binary")),
            'o' => Some((8, "an octal")),
            'x' => Some((16, "a hexadecimal")),
            // A date starts with two digits at least.
            c => {
                dates = c.is_ascii_digit();
                None
            }
        };
        if let Some((radix, name)) = radix {
            scan.next()?;
            let first = scan.peek()?;
            if !first.is_digit(radix) {
                return scan.fail(format!("not {name} number: '{}{first}'", scan.words_since(start)));
            }
            scan.skip(|c| c == '_' || c.is_digit(radix))?;
            return integer(scan, start);
        }
    }
    decimal(scan, start, dates, now)
}

/// Reads a number at its sign.
pub(super) fn signed(scan: &mut Scanner<'_>) -> Result<Value, Fault> {
    let start = scan.place();
    scan.next()?;
    let c = scan.next()?;
    let rest = match c {
        'i' => ['n', 'f'],
        'n' => ['a', 'n'],
        '.' => return no_digit(scan),
        '0'..='9' => {
            let next = scan.peek()?;
            if c == '0' && matches!(next, 'b' | 'o' | 'x') {
                let found = scan.words_since(start);
                return scan.fail(format!("cannot use sign with non-decimal numbers: '{found}{next}'"));
            }
            return decimal(scan, start, false, 0);
        }
        _ => return scan.fail(format!("expected a digit but got {}", char_quoted(c))),
    };
    for letter in rest {
        if !scan.accept(letter)? {
            return scan.fail(format!("invalid float: '{}'", scan.words_since(start)));
        }
    }
    float(scan, start)
}

/// A float that starts with its point.
pub(super) fn no_digit<T>(scan: &Scanner<'_>) -> Result<T, Fault> {
    scan.fail("floats must start with a digit, not '.'")
}

/// Reads a boolean, `inf`, `nan`, or what is no value at all.
pub(super) fn word(scan: &mut Scanner<'_>) -> Result<Value, Fault> {
    let start = scan.place();
    let first = scan.peek()?;
    let mut back = start;
    if matches!(first, 'i' | 'n') {
        scan.next()?;
        // The library takes these letters one by one, so that it also sees `nnf` as a float, though a bad one, and
        // an error shows the word from the last letter taken.
        let mut taken = 0usize;
        for (one, two) in [('n', 'f'), ('a', 'n')] {
            if scan.accept(one)? {
                taken += 1;
                if scan.accept(two)? {
                    return float(scan, start);
                }
            }
        }
        back += taken;
    }
    if !is_letter(first) {
        let words = match first {
            END => {
                scan.next()?;
                return scan.fail("unexpected EOF; expected value");
            }
            _ => format!("expected value but found {} instead", char_quoted(first)),
        };
        return scan.fail(words);
    }
    scan.back_to(back);
    scan.skip(is_letter)?;
    match scan.since(back) {
        b"true" => Ok(Value::Bool(true)),
        b"false" => Ok(Value::Bool(false)),
        other => scan.fail(format!("expected value but found {} instead", quoted(other))),
    }
}

fn decimal(scan: &mut Scanner<'_>, start: usize, mut dates: bool, now: i128) -> Result<Value, Fault> {
    loop {
        scan.skip(|c| c.is_ascii_digit())?;
        match scan.peek()? {
            '-' | ':' if dates => {
                scan.skip(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+'))?;
                return date(scan, start, now);
            }
            '_' => {
                dates = false;
                scan.next()?;
            }
            '.' | 'e' | 'E' => {
                scan.skip(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
                return float(scan, start);
            }
            _ => return integer(scan, start),
        }
    }
}

fn integer(scan: &Scanner<'_>, start: usize) -> Result<Value, Fault> {
    let text = scan.since(start);
    let bad = |why: &str| scan.fail(format!("Invalid integer {}: {why}", quoted(text)));
    if !underscores_fit(text) {
        return bad("underscores must be surrounded by digits");
    }
    if leading_zero(text) {
        return bad("cannot have leading zeroes");
    }
    match parse_int(text, 0, 64) {
        Ok(n) => Ok(Value::int64(n)),
        Err(e) if e.range => scan.fail(format!("{} is out of range for int64", scan.words_since(start))),
        Err(_) => Err(Fault {
            line: None,
            words: format!("BUG: Expected integer value, but got '{}'.\n\n", scan.words_since(start)),
        }),
    }
}

fn float(scan: &Scanner<'_>, start: usize) -> Result<Value, Fault> {
    let text = scan.since(start);
    let bad = |why: &str| scan.fail(format!("Invalid float {}: {why}", quoted(text)));
    let mut parts = text.split(|b| matches!(b, b'.' | b'e' | b'E')).filter(|part| !part.is_empty()).peekable();
    let zero = parts.peek().is_some_and(|part| leading_zero(part));
    if !parts.all(underscores_fit) {
        return bad("underscores must be surrounded by digits");
    }
    if zero {
        return bad("cannot have leading zeroes");
    }
    let mut after_point = text.split(|b| *b == b'.').skip(1);
    if !after_point.all(|part| part.first().is_some_and(u8::is_ascii_digit)) {
        return bad("'.' must be followed by one or more digits");
    }
    let plain: Vec<u8> = text.iter().copied().filter(|b| *b != b'_').collect();
    match plain.as_slice() {
        b"+nan" => return Ok(Value::Float(f64::NAN)),
        b"-nan" => return Ok(Value::Float(f64::NAN.copysign(-1.0))),
        _ => {}
    }
    match parse_float(&plain) {
        Ok(f) => Ok(Value::Float(f)),
        Err(e) if e.range => scan.fail(format!("{} is out of range for float64", scan.words_since(start))),
        Err(_) => scan.fail(format!("Invalid float value: {}", quoted(text))),
    }
}

/// Whether a number starts with a zero too many.
fn leading_zero(text: &[u8]) -> bool {
    match text {
        [b'0', b'b' | b'o' | b'x', ..] => false,
        [b'0', _, ..] | [b'-' | b'+', b'0', _, ..] => true,
        _ => false,
    }
}

/// Whether underscores stand between digits. The last character has to be a digit even without any.
fn underscores_fit(text: &[u8]) -> bool {
    if matches!(text, b"nan" | b"+nan" | b"-nan" | b"inf" | b"+inf" | b"-inf") {
        return true;
    }
    let mut digit = false;
    for b in text {
        if *b == b'_' && !digit {
            return false;
        }
        digit = b.is_ascii_hexdigit();
    }
    digit
}

/// The forms of dates and times, and the names of their zones: BurntSushi/toml tells them apart by these.
const LAYOUTS: [(&str, Option<&str>); 7] = [
    ("2006-01-02T15:04:05.999999999Z07:00", None),
    ("2006-01-02T15:04:05.999999999", Some("datetime-local")),
    ("2006-01-02", Some("date-local")),
    ("15:04:05.999999999", Some("time-local")),
    ("2006-01-02T15:04Z07:00", None),
    ("2006-01-02T15:04", Some("datetime-local")),
    ("15:04", Some("time-local")),
];

fn date(scan: &Scanner<'_>, start: usize, now: i128) -> Result<Value, Fault> {
    let mut text = scan.since(start).trim_ascii().to_vec();
    for b in &mut text {
        *b = match *b {
            b'z' => b'Z',
            b't' | b' ' => b'T',
            other => other,
        };
    }
    for (layout, zone) in LAYOUTS {
        let zone = zone.map_or(Zone::Local, |name| Zone::Fixed(name.into(), local_offset(now)));
        let Ok(time) = Time::parse(layout.as_bytes(), &text, &zone) else { continue };
        // Go reads a lone digit as an hour; then what stands between the numbers is not where it should be.
        let fixed = layout.bytes().take_while(|b| !matches!(b, b'.' | b'Z')).enumerate();
        let mut marks = fixed.filter(|(_, b)| !b.is_ascii_digit());
        if marks.all(|(i, b)| text.get(i) == Some(&b)) {
            return Ok(Value::object(time));
        }
        break;
    }
    scan.fail(format!("invalid datetime: {}", quoted(&text)))
}

/// Seconds that the local zone is east of Greenwich now: dates without an offset have it, whatever their season.
fn local_offset(now: i128) -> i64 {
    let text = Time::from_nanoseconds(now).in_zone(Zone::Local).format(b"-070000");
    let digits = |from: usize| {
        let pair = text.get(from..from + 2).unwrap_or_default();
        pair.iter().fold(0, |n, b| n * 10 + i64::from(b.wrapping_sub(b'0')))
    };
    let seconds = digits(1) * 3600 + digits(3) * 60 + digits(5);
    if text.first() == Some(&b'-') { -seconds } else { seconds }
}
