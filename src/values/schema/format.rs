//! The formats that strings can be asked to have, with the words of Go's validator (jsonschema v6, format.go).

use crate::go::netip::{Addr, parse_addr};
use crate::go::quote::{Show, quote_char};
use crate::go::regexp;
use crate::go::strconv::atoi;
use crate::go::time::{Time, Zone};
use crate::go::unicode::runes;
use crate::go::url::{Url, path_unescape};
use crate::value::Str;

/// What a format says of a text: nothing, or why it has another form.
pub(super) type Verdict = Result<(), String>;

/// A format.
#[derive(Clone, Copy)]
pub(super) struct Format {
    /// Its name in schemas.
    pub(super) name: &'static str,
    /// Judges a text.
    pub(super) check: fn(&Str) -> Verdict,
}

const FORMATS: [Format; 19] = [
    Format { name: "regex", check: regex },
    Format { name: "json-pointer", check: |s| json_pointer(s) },
    Format { name: "relative-json-pointer", check: relative_json_pointer },
    Format { name: "uuid", check: uuid },
    Format { name: "duration", check: |s| duration(s) },
    Format { name: "period", check: period },
    Format { name: "ipv4", check: |s| ipv4(s) },
    Format { name: "ipv6", check: |s| ipv6(s) },
    Format { name: "hostname", check: |s| hostname(s) },
    Format { name: "email", check: email },
    Format { name: "date", check: |s| date(s) },
    Format { name: "time", check: |s| time(s) },
    Format { name: "date-time", check: |s| date_time(s) },
    Format { name: "uri", check: uri },
    Format { name: "iri", check: uri },
    Format { name: "uri-reference", check: uri_reference },
    Format { name: "iri-reference", check: uri_reference },
    Format { name: "uri-template", check: uri_template },
    Format { name: "semver", check: semver },
];

/// The format of that name, if there is one.
pub(super) fn find(name: &[u8]) -> Option<Format> {
    FORMATS.iter().find(|format| format.name.as_bytes() == name).copied()
}

fn wrong<T>(words: &str) -> Result<T, String> {
    Err(words.to_owned())
}

/// A character as Go's `%q` shows it.
fn shown(c: char) -> String {
    let mut out = Vec::new();
    quote_char(&mut out, c, Show::Printable);
    String::from_utf8_lossy(&out).into_owned()
}

/// The first character that is not as it should be.
fn odd(text: &[u8], fits: impl Fn(char) -> bool) -> Option<char> {
    runes(text).map(|(_, c, _)| c).find(|c| !fits(*c))
}

fn split(text: &[u8], at: u8) -> impl Iterator<Item = &[u8]> {
    text.split(move |b| *b == at)
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn regex(text: &Str) -> Verdict {
    regexp::compile(text).map(|_| ()).map_err(|e| e.to_string())
}

fn json_pointer(text: &[u8]) -> Verdict {
    if text.is_empty() {
        return Ok(());
    }
    let Some(rest) = text.strip_prefix(b"/") else { return wrong("not starting with /") };
    for token in split(rest, b'/') {
        let mut bytes = token.iter();
        while let Some(b) = bytes.next() {
            if *b == b'~' && !matches!(bytes.next(), Some(b'0' | b'1')) {
                return wrong("~ must be followed by 0 or 1");
            }
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &Str) -> Verdict {
    let count = digits(text);
    if count == 0 {
        return wrong("must start with non-negative integer");
    }
    if count > 1 && text.starts_with(b"0") {
        return wrong("starts with zero");
    }
    match text.get(count..).unwrap_or_default() {
        b"#" => Ok(()),
        rest => json_pointer(rest),
    }
}

fn uuid(text: &Str) -> Verdict {
    let lengths = [8, 4, 4, 4, 12];
    if split(text, b'-').count() != lengths.len() {
        return wrong("must have 5 elements");
    }
    for (i, (group, length)) in split(text, b'-').zip(lengths).enumerate() {
        if group.len() != length {
            return Err(format!("element {} must be {length} characters long", i + 1));
        }
        if let Some(c) = odd(group, |c| c.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", shown(c)));
        }
    }
    Ok(())
}

fn duration(text: &[u8]) -> Verdict {
    let Some(text) = text.strip_prefix(b"P") else { return wrong("must start with P") };
    if text.is_empty() {
        return wrong("nothing after P");
    }
    if let Some(weeks) = text.strip_suffix(b"W") {
        return match weeks {
            [] => wrong("no number in week"),
            weeks if digits(weeks) < weeks.len() => wrong("invalid week"),
            _ => Ok(()),
        };
    }
    for (i, mut part) in split(text, b'T').enumerate() {
        if i != 0 && part.is_empty() {
            return wrong("no time elements");
        }
        let all: &[u8] = match i {
            0 => b"YMD",
            1 => b"HMS",
            _ => return wrong("more than one T"),
        };
        let mut left = all;
        while !part.is_empty() {
            let count = digits(part);
            if count == 0 {
                return wrong("missing number");
            }
            let [unit, rest @ ..] = part.get(count..).unwrap_or_default() else { return wrong("missing unit") };
            match left.iter().position(|u| u == unit) {
                Some(at) => left = left.get(at + 1..).unwrap_or_default(),
                None if all.contains(unit) => {
                    return Err(format!("unit {} out of order", shown(char::from(*unit))));
                }
                None => return Err(format!("invalid unit {}", shown(char::from(*unit)))),
            }
            part = rest;
        }
    }
    Ok(())
}

fn ipv4(text: &[u8]) -> Verdict {
    if split(text, b'.').count() != 4 {
        return wrong("expected four decimals");
    }
    for group in split(text, b'.') {
        if group.len() > 1 && group.starts_with(b"0") {
            return wrong("leading zeros");
        }
        if !(0..=255).contains(&atoi(group).map_err(|e| e.to_string())?) {
            return wrong("decimal must be between 0 and 255");
        }
    }
    Ok(())
}

fn ipv6(text: &[u8]) -> Verdict {
    if !text.contains(&b':') {
        return wrong("missing colon");
    }
    match parse_addr(text)? {
        Addr::V6 { zone: true } => wrong("zone id is not a part of ipv6 address"),
        _ => Ok(()),
    }
}

fn hostname(text: &[u8]) -> Verdict {
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.len() > 253 {
        return wrong("more than 253 characters long");
    }
    for label in split(text, b'.') {
        if !(1..=63).contains(&label.len()) {
            return wrong("label must be 1 to 63 characters long");
        }
        if label.starts_with(b"-") {
            return wrong("label starts with hyphen");
        }
        if label.ends_with(b"-") {
            return wrong("label ends with hyphen");
        }
        if let Some(c) = odd(label, |c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("invalid character {}", shown(c)));
        }
    }
    Ok(())
}

fn email(text: &Str) -> Verdict {
    if text.len() > 254 {
        return wrong("more than 255 characters long");
    }
    let Some(at) = text.iter().rposition(|b| *b == b'@') else { return wrong("missing @") };
    let (local, domain) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    if local.len() > 64 {
        return wrong("local part more than 64 characters long");
    }
    if local.len() > 1 && local.starts_with(b"\"") {
        let inner = local.get(1..local.len() - 1).unwrap_or_default();
        if inner.iter().any(|b| matches!(b, b'\\' | b'"')) {
            return wrong("backslash and quote are not allowed within quoted local part");
        }
    } else {
        if local.starts_with(b".") {
            return wrong("starts with dot");
        }
        if local.ends_with(b".") {
            return wrong("ends with dot");
        }
        if local.windows(2).any(|w| w == b"..") {
            return wrong("consecutive dots");
        }
        if let Some(c) = odd(local, |c| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c)) {
            return Err(format!("invalid character {}", shown(c)));
        }
    }
    if let Some(address) = domain.strip_prefix(b"[").and_then(|d| d.strip_suffix(b"]")) {
        return match address.strip_prefix(b"IPv6:") {
            Some(address) => ipv6(address).map_err(|e| format!("invalid ipv6 address: {e}")),
            None => ipv4(address).map_err(|e| format!("invalid ipv4 address: {e}")),
        };
    }
    hostname(domain).map_err(|e| format!("invalid domain: {e}"))
}

fn date(text: &[u8]) -> Verdict {
    Time::parse(b"2006-01-02", text, &Zone::Utc).map(|_| ())
}

/// Two numbers or three, between colons.
fn clock(text: &[u8], parts: usize, what: &str) -> Result<Vec<i64>, String> {
    let mut numbers = Vec::new();
    for part in text.splitn(parts, |b| *b == b':') {
        let number = atoi(part).map_err(|_| format!("invalid {what}"))?;
        if number < 0 {
            return Err(format!("non-positive {what}"));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

fn time(text: &[u8]) -> Verdict {
    if text.len() < 9 {
        return wrong("less than 9 characters long");
    }
    if text.get(2) != Some(&b':') || text.get(5) != Some(&b':') {
        return wrong("missing colon in correct place");
    }
    let (head, mut rest) = text.split_at_checked(8).unwrap_or((text, &[]));
    let numbers = clock(head, 3, "hour/min/sec")?;
    let [mut h, mut m, s] = *numbers.as_slice() else { return wrong("missing hour/min/sec") };
    if h > 23 || m > 59 || s > 60 {
        return wrong("hour/min/sec out of range");
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return wrong("no digits in second fraction");
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if !matches!(rest, b"z" | b"Z") {
        if rest.len() != 6 {
            return wrong("offset must be 6 characters long");
        }
        let sign = match rest.first() {
            Some(b'+') => -1,
            Some(b'-') => 1,
            _ => return wrong("offset must begin with plus/minus"),
        };
        if rest.get(3) != Some(&b':') {
            return wrong("missing colon in offset in correct place");
        }
        let numbers = clock(rest.get(1..).unwrap_or_default(), 2, "hour/min in offset")?;
        let [zone_h, zone_m] = *numbers.as_slice() else { return wrong("invalid hour/min in offset") };
        if zone_h > 23 || zone_m > 59 {
            return wrong("hour/min in offset out of range");
        }
        let mut minutes = h * 60 + m + sign * (zone_h * 60 + zone_m);
        if minutes < 0 {
            minutes += 24 * 60;
        }
        (h, m) = (minutes / 60, minutes % 60);
    }
    if s >= 60 && (h != 23 || m != 59) { wrong("invalid leap second") } else { Ok(()) }
}

fn date_time(text: &[u8]) -> Verdict {
    if text.len() < 20 {
        return wrong("less than 20 characters long");
    }
    if !matches!(text.get(10), Some(b't' | b'T')) {
        return wrong("11th character must be t or T");
    }
    date(text.get(..10).unwrap_or_default()).map_err(|e| format!("invalid date element: {e}"))?;
    time(text.get(11..).unwrap_or_default()).map_err(|e| format!("invalid time element: {e}"))
}

fn url(text: &[u8]) -> Result<Url, String> {
    let url = Url::parse(text)?;
    let name = url.hostname();
    if name.contains(&b':') {
        if !url.host.contains(&b'[') || !url.host.contains(&b']') {
            return wrong("ipv6 address not enclosed in brackets");
        }
        ipv6(name).map_err(|e| format!("invalid ipv6 address: {e}"))?;
    }
    Ok(url)
}

fn uri(text: &Str) -> Verdict {
    if url(text)?.scheme.is_empty() { wrong("relative url") } else { Ok(()) }
}

fn uri_reference(text: &Str) -> Verdict {
    if text.contains(&b'\\') {
        return wrong("contains \\");
    }
    url(text).map(|_| ())
}

fn uri_template(text: &Str) -> Verdict {
    for part in split(url(text)?.raw_path(), b'/') {
        let part = path_unescape(part).map_err(|e| format!("percent decode failed: {e}"))?;
        let mut open = false;
        for b in part {
            match b {
                b'{' | b'}' if open == (b == b'{') => return wrong("nested curly braces"),
                b'{' | b'}' => open = !open,
                _ => {}
            }
        }
        if open {
            return wrong("no matching closing brace");
        }
    }
    Ok(())
}

fn period(text: &Str) -> Verdict {
    let Some(slash) = text.iter().position(|b| *b == b'/') else { return wrong("missing slash") };
    let (start, end) = (text.get(..slash).unwrap_or_default(), text.get(slash + 1..).unwrap_or_default());
    if start.starts_with(b"P") {
        duration(start).map_err(|e| format!("invalid start duration: {e}"))?;
    } else {
        date_time(start).map_err(|e| format!("invalid start date-time: {e}"))?;
        if end.starts_with(b"P") {
            return duration(end).map_err(|e| format!("invalid end duration: {e}"));
        }
    }
    date_time(end).map_err(|e| format!("invalid end date-time: {e}"))
}

fn semver(text: &Str) -> Verdict {
    let identifier = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut text: &[u8] = text;
    if let Some(plus) = text.iter().position(|b| *b == b'+') {
        let build = text.get(plus + 1..).unwrap_or_default();
        if build.is_empty() {
            return wrong("build is empty");
        }
        for part in split(build, b'.') {
            if part.is_empty() {
                return wrong("build identifier is empty");
            }
            if let Some(c) = odd(part, identifier) {
                return Err(format!("invalid character {} in build identifier", shown(c)));
            }
        }
        text = text.get(..plus).unwrap_or_default();
    }
    if let Some(hyphen) = text.iter().position(|b| *b == b'-') {
        for part in split(text.get(hyphen + 1..).unwrap_or_default(), b'.') {
            if part.is_empty() {
                return wrong("pre-release identifier is empty");
            }
            if let Some(c) = odd(part, identifier) {
                return Err(format!("invalid character {} in pre-release identifier", shown(c)));
            }
            if part.len() > 1 && part.starts_with(b"0") && digits(part) == part.len() {
                return wrong("pre-release numeric identifier starts with zero");
            }
        }
        text = text.get(..hyphen).unwrap_or_default();
    }
    if split(text, b'.').count() != 3 {
        return wrong("versionCore must have 3 numbers separated by dot");
    }
    for (part, name) in split(text, b'.').zip(["major", "minor", "patch"]) {
        if part.is_empty() {
            return Err(format!("{name} is empty"));
        }
        if part.len() > 1 && part.starts_with(b"0") {
            return Err(format!("{name} starts with zero"));
        }
        if digits(part) < part.len() {
            return Err(format!("{name} contains non-digit"));
        }
    }
    Ok(())
}
