//! `time.Parse` and `time.ParseInLocation`.

use super::calendar::{MONTHS, WEEKDAYS, days_before, days_in, is_leap};
use super::duration::leading_int;
use super::instant::Time;
use super::layout::{Element, Shape, next};
use super::quote;
use super::zone::Zone;

/// Why an element could not be read.
enum Bad {
    /// It does not look like one.
    Form,
    /// Its value is impossible: what `… out of range` names.
    Range(&'static str),
}

type Read<'v, T> = Result<(T, &'v [u8]), Bad>;

/// What has been read so far; `None` is what no element gave.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    morning: bool,
    afternoon: bool,
    utc: bool,
    offset: Option<i64>,
    zone_name: Vec<u8>,
}

impl Time {
    /// `time.ParseInLocation`: a text without zone is in `zone`. The error has Go's words.
    pub fn parse(layout: &[u8], value: &[u8], zone: &Zone) -> Result<Time, String> {
        let outside = |message: String| format!("parsing time {}{message}", quote(value));
        let mismatch = |element: &[u8], rest: &[u8]| {
            outside(format!(" as {}: cannot parse {} as {}", quote(layout), quote(rest), quote(element)))
        };
        let mut fields = Fields::default();
        let (mut pattern, mut rest) = (layout, value);
        loop {
            let found = next(pattern);
            let (start, end) = found.map_or((pattern.len(), pattern.len()), |(start, end, _)| (start, end));
            let literal = pattern.get(..start).unwrap_or_default();
            rest = skip(rest, literal).map_err(|rest| mismatch(literal, rest))?;
            let Some((_, _, element)) = found else { break };
            let name = pattern.get(start..end).unwrap_or_default();
            pattern = pattern.get(end..).unwrap_or_default();
            rest = fields.read(element, rest, pattern).map_err(|bad| match bad {
                Bad::Form => mismatch(name, rest),
                Bad::Range(what) => outside(format!(": {what} out of range")),
            })?;
        }
        if !rest.is_empty() {
            return Err(outside(format!(": extra text: {}", quote(rest))));
        }
        fields.finish(zone).map_err(|what| outside(format!(": {what}")))
    }
}

/// Skips what a layout has as it is; a run of blanks stands for any number. Fails with what was left.
fn skip<'v>(mut value: &'v [u8], mut literal: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    while let Some(&expected) = literal.first() {
        if expected == b' ' {
            if value.first().is_some_and(|b| *b != b' ') {
                return Err(value);
            }
            literal = trim_blanks(literal);
            value = trim_blanks(value);
            continue;
        }
        match value.split_first() {
            Some((found, rest)) if *found == expected => value = rest,
            _ => return Err(value),
        }
        literal = literal.get(1..).unwrap_or_default();
    }
    Ok(value)
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|b| **b == b' ').count();
    text.get(blanks..).unwrap_or_default()
}

fn digit(text: &[u8], at: usize) -> Option<i64> {
    text.get(at).filter(|b| b.is_ascii_digit()).map(|b| i64::from(b - b'0'))
}

fn split(text: &[u8], at: usize) -> Result<(&[u8], &[u8]), Bad> {
    text.split_at_checked(at).ok_or(Bad::Form)
}

/// One or two digits; two when `fixed`.
fn two_digits(text: &[u8], fixed: bool) -> Read<'_, i64> {
    let tens = digit(text, 0).ok_or(Bad::Form)?;
    match digit(text, 1) {
        Some(ones) => Ok((tens * 10 + ones, text.get(2..).unwrap_or_default())),
        None if fixed => Err(Bad::Form),
        None => Ok((tens, text.get(1..).unwrap_or_default())),
    }
}

/// One to three digits; three when `fixed`.
fn three_digits(text: &[u8], fixed: bool) -> Read<'_, i64> {
    let len = (0..3).take_while(|&i| digit(text, i).is_some()).count();
    if len == 0 || fixed && len != 3 {
        return Err(Bad::Form);
    }
    let n = (0..len).filter_map(|i| digit(text, i)).fold(0, |n, d| n * 10 + d);
    Ok((n, text.get(len..).unwrap_or_default()))
}

fn ranged<'a>(read: Read<'a, i64>, below: i64, what: &'static str) -> Read<'a, i64> {
    let (n, rest) = read?;
    if n < below { Ok((n, rest)) } else { Err(Bad::Range(what)) }
}

/// Go's `atoi` of package time: a sign may stand before the digits, of which there may be none.
fn signed(text: &[u8]) -> Result<i64, Bad> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (n, len) = leading_int(digits).ok_or(Bad::Form)?;
    if len != digits.len() {
        return Err(Bad::Form);
    }
    Ok(if negative { (n as i64).wrapping_neg() } else { n as i64 })
}

/// A name of a list, or its first `len` letters, in any case: its index.
fn named<'v>(names: &[&str], len: Option<usize>, value: &'v [u8]) -> Read<'v, i64> {
    for (i, name) in names.iter().enumerate() {
        let name = name.as_bytes();
        let name = len.and_then(|len| name.get(..len)).unwrap_or(name);
        if let Some((head, rest)) = value.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Ok((i as i64, rest));
        }
    }
    Err(Bad::Form)
}

/// A fraction of a second of `len` bytes, point or comma included.
fn fraction(value: &[u8], len: usize) -> Read<'_, i64> {
    let (all, rest) = split(value, len)?;
    let [b'.' | b',', digits @ ..] = all else { return Err(Bad::Form) };
    let digits = digits.get(..9).unwrap_or(digits);
    let n = signed(digits)?;
    if n < 0 {
        return Err(Bad::Range("fractional second"));
    }
    Ok((n * 10i64.pow(9 - digits.len() as u32), rest))
}

/// How long the digits are that follow a point or comma; `None` where there are none.
fn fraction_len(value: &[u8]) -> Option<usize> {
    let [b'.' | b',', digits @ ..] = value else { return None };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    (len > 0).then_some(len + 1)
}

fn offset(shape: Shape, value: &[u8]) -> Read<'_, i64> {
    let len = match (shape.parts, shape.colon) {
        (1, _) => 3,
        (2, false) => 5,
        (2, true) => 6,
        (_, false) => 7,
        (_, true) => 9,
    };
    let (all, rest) = split(value, len)?;
    let colon_at = |at: usize| !shape.colon || len <= at || all.get(at) == Some(&b':');
    if !colon_at(3) || !colon_at(6) {
        return Err(Bad::Form);
    }
    let part = |n: usize| {
        let at = 1 + n * if shape.colon { 3 } else { 2 };
        if n < usize::from(shape.parts) {
            two_digits(all.get(at..at + 2).unwrap_or_default(), true)
        } else {
            Ok((0, rest))
        }
    };
    let (mut amounts, mut form) = ([0; 3], true);
    for (i, amount) in amounts.iter_mut().enumerate() {
        match part(i) {
            Ok((n, _)) => *amount = n,
            Err(_) => {
                form = false;
                break;
            }
        }
    }
    // Go allows 24 hours and 60 minutes, and checks this before the form.
    let [hours, minutes, seconds] = amounts;
    if seconds > 60 {
        return Err(Bad::Range("time zone offset second"));
    }
    if minutes > 60 {
        return Err(Bad::Range("time zone offset minute"));
    }
    if hours > 24 {
        return Err(Bad::Range("time zone offset hour"));
    }
    let total = (hours * 60 + minutes) * 60 + seconds;
    match all.first() {
        Some(b'+') if form => Ok((total, rest)),
        Some(b'-') if form => Ok((-total, rest)),
        _ => Err(Bad::Form),
    }
}

/// How long the abbreviation of a zone at the start is (Go: `parseTimeZone`).
fn abbreviation_len(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + offset_len(rest));
    }
    if let Some(b'+' | b'-') = value.first() {
        return Some(offset_len(value)).filter(|len| *len > 0);
    }
    match value.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count() {
        5 if value.get(4) == Some(&b'T') => Some(5),
        4 if value.get(3) == Some(&b'T') || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of `+03` at the start; 0 where there is none.
fn offset_len(value: &[u8]) -> usize {
    let [b'+' | b'-', digits @ ..] = value else { return 0 };
    match leading_int(digits) {
        Some((hours, len)) if len > 0 && hours <= 23 => 1 + len,
        _ => 0,
    }
}

impl Fields {
    /// Reads an element; gives what follows. `pattern` is the layout after the element.
    fn read<'v>(&mut self, element: Element, value: &'v [u8], pattern: &[u8]) -> Result<&'v [u8], Bad> {
        let unblank = |value: &'v [u8], wanted: bool| match value {
            [b' ', rest @ ..] if wanted => rest,
            _ => value,
        };
        let rest;
        match element {
            Element::Year => {
                let (text, after) = split(value, 2)?;
                let year = signed(text)?;
                (self.year, rest) = (if year >= 69 { year + 1900 } else { year + 2000 }, after);
            }
            Element::LongYear => {
                let (text, after) = split(value, 4)?;
                digit(text, 0).ok_or(Bad::Form)?;
                (self.year, rest) = (signed(text)?, after);
            }
            Element::Month | Element::LongMonth => {
                let len = (element == Element::Month).then_some(3);
                let (month, after) = named(&MONTHS, len, value)?;
                (self.month, rest) = (Some(month + 1), after);
            }
            Element::NumMonth | Element::ZeroMonth => {
                let (month, after) = two_digits(value, element == Element::ZeroMonth)?;
                if !(1..=12).contains(&month) {
                    return Err(Bad::Range("month"));
                }
                (self.month, rest) = (Some(month), after);
            }
            Element::Weekday => (_, rest) = named(&WEEKDAYS, Some(3), value)?,
            Element::LongWeekday => (_, rest) = named(&WEEKDAYS, None, value)?,
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                let value = unblank(value, element == Element::UnderDay);
                let (day, after) = two_digits(value, element == Element::ZeroDay)?;
                (self.day, rest) = (Some(day), after);
            }
            Element::UnderYearDay | Element::ZeroYearDay => {
                let under = element == Element::UnderYearDay;
                let (day, after) = three_digits(unblank(unblank(value, under), under), !under)?;
                (self.year_day, rest) = (Some(day), after);
            }
            Element::Hour => (self.hour, rest) = ranged(two_digits(value, false), 24, "hour")?,
            Element::Hour12 | Element::ZeroHour12 => {
                (self.hour, rest) = ranged(two_digits(value, element == Element::ZeroHour12), 13, "hour")?;
            }
            Element::Minute | Element::ZeroMinute => {
                (self.minute, rest) = ranged(two_digits(value, element == Element::ZeroMinute), 60, "minute")?;
            }
            Element::Second | Element::ZeroSecond => {
                let read = ranged(two_digits(value, element == Element::ZeroSecond), 60, "second")?;
                let (second, mut after) = read;
                self.second = second;
                // A fraction may follow though the layout has none.
                let expected =
                    matches!(next(pattern), Some((_, _, Element::Fraction { .. } | Element::OpenFraction { .. })));
                if let Some(len) = fraction_len(after)
                    && !expected
                {
                    (self.nanos, after) = fraction(after, len)?;
                }
                rest = after;
            }
            Element::Pm | Element::LowerPm => {
                let (text, after) = split(value, 2)?;
                match (text, element == Element::Pm) {
                    (b"PM", true) | (b"pm", false) => self.afternoon = true,
                    (b"AM", true) | (b"am", false) => self.morning = true,
                    _ => return Err(Bad::Form),
                }
                rest = after;
            }
            Element::Offset(shape) => match value {
                [b'Z', after @ ..] if shape.iso => {
                    self.utc = true;
                    rest = after;
                }
                _ => {
                    let (seconds, after) = offset(shape, value)?;
                    (self.offset, rest) = (Some(seconds), after);
                }
            },
            Element::ZoneName => match value {
                [b'U', b'T', b'C', after @ ..] => {
                    self.utc = true;
                    rest = after;
                }
                _ => {
                    let (name, after) = split(value, abbreviation_len(value).ok_or(Bad::Form)?)?;
                    self.zone_name = name.to_vec();
                    rest = after;
                }
            },
            Element::Fraction { digits, .. } => (self.nanos, rest) = fraction(value, digits + 1)?,
            Element::OpenFraction { .. } => match fraction_len(value) {
                None => rest = value,
                Some(len) => (self.nanos, rest) = fraction(value, len)?,
            },
        }
        Ok(rest)
    }

    fn finish(mut self, zone: &Zone) -> Result<Time, &'static str> {
        if self.afternoon && self.hour < 12 {
            self.hour += 12;
        } else if self.morning && self.hour == 12 {
            self.hour = 0;
        }
        let (month, day) = match self.year_day {
            Some(n) => self.month_and_day(n)?,
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range");
        }
        let date = (self.year, month, day);
        let clock = (self.hour, self.minute, self.second);
        let shown = |zone: &Zone| Time::date(date, clock, self.nanos, zone.clone());
        if self.utc {
            return Ok(shown(&Zone::Utc));
        }
        let name = || String::from_utf8_lossy(&self.zone_name);
        // Go marks "no offset" by -1, so that an offset of one second west counts as none.
        if let Some(seconds) = self.offset.filter(|seconds| *seconds != -1) {
            let mut time = shown(&Zone::Utc);
            time.unix = time.unix.wrapping_sub(seconds);
            let there = zone.at(time.unix);
            let same = there.seconds == seconds && (self.zone_name.is_empty() || there.name == name());
            time.zone = if same { zone.clone() } else { Zone::Fixed(name().into(), seconds) };
            return Ok(time);
        }
        if !self.zone_name.is_empty() {
            let mut time = shown(&Zone::Utc);
            if let Some(seconds) = zone.abbreviation(&name(), time.unix) {
                time.unix = time.unix.wrapping_sub(seconds);
                time.zone = zone.clone();
                return Ok(time);
            }
            let hours = match self.zone_name.strip_prefix(b"GMT") {
                Some(hours) if !hours.is_empty() => signed(hours).unwrap_or(0),
                _ => 0,
            };
            // The zone is made up: the time shown stays what was read, as if in UTC, the offset is only named.
            time.zone = Zone::Fixed(name().into(), hours * 3600);
            return Ok(time);
        }
        Ok(shown(zone))
    }

    /// Month and day of a day of the year, which must agree with those that were read.
    fn month_and_day(&self, n: i64) -> Result<(i64, i64), &'static str> {
        let leap = is_leap(self.year);
        // Go looks at years of 365 days: past February 29 a leap year is one day ahead.
        let (month, day) = if leap && n == 60 {
            (2, 29)
        } else {
            let n = if leap && n > 60 { n - 1 } else { n };
            if !(1..=365).contains(&n) {
                return Err("day-of-year out of range");
            }
            let month = (1..=12).rev().find(|m| days_before(*m, false) < n).unwrap_or(1);
            (month, n - days_before(month, false))
        };
        if self.month.is_some_and(|m| m != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|d| d != day) {
            return Err("day-of-year does not match day");
        }
        Ok((month, day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (layout, value, want) in [
            ("2006", "bad", r#"parsing time "bad" as "2006": cannot parse "bad" as "2006""#),
            ("2006-01-02", "2024-02-30", r#"parsing time "2024-02-30": day out of range"#),
            ("2006-01-02", "2024-13-01", r#"parsing time "2024-13-01": month out of range"#),
            ("2006-01-02", "2024-01-01x", r#"parsing time "2024-01-01x": extra text: "x""#),
            ("15:04:05", "01:02:03.5", "0000-01-01 01:02:03.5 +0000 UTC"),
            ("2006-002", "2024-060", "2024-02-29 00:00:00 +0000 UTC"),
            ("3:04PM", "12:10AM", "0000-01-01 00:10:00 +0000 UTC"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "Thu, 29 Feb 2024 13:04:05 PST", "2024-02-29 13:04:05 +0000 PST"),
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T13:04:05+02:30", "2024-02-29 13:04:05 +0230 +0230"),
        ] {
            let got = Time::parse(layout.as_bytes(), value.as_bytes(), &Zone::Utc).map_or_else(
                |e| e,
                |t| {
                    let mut out = Vec::new();
                    t.append_string(&mut out);
                    String::from_utf8_lossy(&out).into_owned()
                },
            );
            assert_eq!(got, want, "{layout}");
        }
    }
}
