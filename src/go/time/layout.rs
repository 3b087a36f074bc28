//! Layouts: a text in which Go's reference time, `Mon Jan 2 15:04:05 MST 2006`, stands for what to write or read.

use super::calendar::{MONTHS, WEEKDAYS};
use super::instant::Time;

/// An element of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Pm,
    LowerPm,
    /// `MST`
    ZoneName,
    /// `-0700` and its forms, `Z0700` and its forms.
    Offset(Shape),
    /// `.000`: as many digits.
    Fraction {
        digits: usize,
        comma: bool,
    },
    /// `.999`: at most as many digits.
    OpenFraction {
        digits: usize,
        comma: bool,
    },
}

/// How an offset is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    /// `Z` stands for UTC.
    pub(super) iso: bool,
    pub(super) colon: bool,
    /// 1: hours; 2: minutes too; 3: seconds too.
    pub(super) parts: u8,
}

/// The first element of a layout: where it starts, where it ends, what it is.
pub(super) fn next(layout: &[u8]) -> Option<(usize, usize, Element)> {
    (0..layout.len()).find_map(|at| {
        let rest = layout.get(at..)?;
        let (skip, len, element) = element_at(rest)?;
        Some((at + skip, at + len, element))
    })
}

/// An element at the start: how much before it is literal after all, its end, itself.
fn element_at(rest: &[u8]) -> Option<(usize, usize, Element)> {
    let lower = |at: usize| rest.get(at).is_some_and(u8::is_ascii_lowercase);
    let (len, element) = match rest {
        [b'J', b'a', b'n', ..] if rest.starts_with(b"January") => (7, Element::LongMonth),
        [b'J', b'a', b'n', ..] if !lower(3) => (3, Element::Month),
        [b'M', b'o', b'n', ..] if rest.starts_with(b"Monday") => (6, Element::LongWeekday),
        [b'M', b'o', b'n', ..] if !lower(3) => (3, Element::Weekday),
        [b'M', b'S', b'T', ..] => (3, Element::ZoneName),
        [b'0', b'1', ..] => (2, Element::ZeroMonth),
        [b'0', b'2', ..] => (2, Element::ZeroDay),
        [b'0', b'3', ..] => (2, Element::ZeroHour12),
        [b'0', b'4', ..] => (2, Element::ZeroMinute),
        [b'0', b'5', ..] => (2, Element::ZeroSecond),
        [b'0', b'6', ..] => (2, Element::Year),
        [b'0', b'0', b'2', ..] => (3, Element::ZeroYearDay),
        [b'1', b'5', ..] => (2, Element::Hour),
        [b'1', ..] => (1, Element::NumMonth),
        [b'2', b'0', b'0', b'6', ..] => (4, Element::LongYear),
        [b'2', ..] => (1, Element::Day),
        // The underscore is literal.
        [b'_', b'2', b'0', b'0', b'6', ..] => return Some((1, 5, Element::LongYear)),
        [b'_', b'2', ..] => (2, Element::UnderDay),
        [b'_', b'_', b'2', ..] => (3, Element::UnderYearDay),
        [b'3', ..] => (1, Element::Hour12),
        [b'4', ..] => (1, Element::Minute),
        [b'5', ..] => (1, Element::Second),
        [b'P', b'M', ..] => (2, Element::Pm),
        [b'p', b'm', ..] => (2, Element::LowerPm),
        [sign @ (b'-' | b'Z'), digits @ ..] => {
            let iso = *sign == b'Z';
            let (len, colon, parts) = if digits.starts_with(b"070000") {
                (7, false, 3)
            } else if digits.starts_with(b"07:00:00") {
                (9, true, 3)
            } else if digits.starts_with(b"0700") {
                (5, false, 2)
            } else if digits.starts_with(b"07:00") {
                (6, true, 2)
            } else if digits.starts_with(b"07") {
                (3, false, 1)
            } else {
                return None;
            };
            (len, Element::Offset(Shape { iso, colon, parts }))
        }
        [mark @ (b'.' | b','), first @ (b'0' | b'9'), ..] => {
            let comma = *mark == b',';
            let digits = rest.iter().skip(1).take_while(|b| *b == first).count();
            // Only digits of one kind make a fraction.
            if rest.get(1 + digits).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let element = match first {
                b'0' => Element::Fraction { digits, comma },
                _ => Element::OpenFraction { digits, comma },
            };
            (1 + digits, element)
        }
        _ => return None,
    };
    Some((0, len, element))
}

fn pad(out: &mut Vec<u8>, n: i64, width: usize) {
    if n < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(format!("{:0width$}", n.unsigned_abs()).as_bytes());
}

impl Time {
    /// `Time.Format`
    pub fn format(&self, layout: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(layout.len() + 10);
        self.append_format(&mut out, layout);
        out
    }

    /// `Time.String`: `2024-02-29 13:04:05 +0000 UTC`, and what the monotonic clock said.
    pub fn append_string(&self, out: &mut Vec<u8>) {
        self.append_format(out, b"2006-01-02 15:04:05.999999999 -0700 MST");
        if let Some(m) = self.monotonic {
            let (sign, n) = (if m < 0 { '-' } else { '+' }, m.unsigned_abs());
            let text = format!(" m={sign}{}.{:09}", n / 1_000_000_000, n % 1_000_000_000);
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn append_format(&self, out: &mut Vec<u8>, layout: &[u8]) {
        let zone = self.offset();
        let civil = self.civil_at(zone.seconds);
        let name = |names: &[&'static str], i: i64| {
            usize::try_from(i).ok().and_then(|i| names.get(i)).copied().unwrap_or_default().as_bytes()
        };
        let month = name(&MONTHS, civil.month - 1);
        let weekday = name(&WEEKDAYS, civil.weekday);
        let short = |name: &'static [u8]| name.get(..3).unwrap_or_default();
        let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
        let mut layout = layout;
        while let Some((start, end, element)) = next(layout) {
            out.extend_from_slice(layout.get(..start).unwrap_or_default());
            layout = layout.get(end..).unwrap_or_default();
            match element {
                Element::LongMonth => out.extend_from_slice(month),
                Element::Month => out.extend_from_slice(short(month)),
                Element::NumMonth => pad(out, civil.month, 0),
                Element::ZeroMonth => pad(out, civil.month, 2),
                Element::LongWeekday => out.extend_from_slice(weekday),
                Element::Weekday => out.extend_from_slice(short(weekday)),
                Element::Day => pad(out, civil.day, 0),
                Element::UnderDay => out.extend_from_slice(format!("{:2}", civil.day).as_bytes()),
                Element::ZeroDay => pad(out, civil.day, 2),
                Element::UnderYearDay => out.extend_from_slice(format!("{:3}", civil.year_day).as_bytes()),
                Element::ZeroYearDay => pad(out, civil.year_day, 3),
                Element::Hour => pad(out, civil.hour, 2),
                Element::Hour12 => pad(out, hour12, 0),
                Element::ZeroHour12 => pad(out, hour12, 2),
                Element::Minute => pad(out, civil.minute, 0),
                Element::ZeroMinute => pad(out, civil.minute, 2),
                Element::Second => pad(out, civil.second, 0),
                Element::ZeroSecond => pad(out, civil.second, 2),
                Element::LongYear => pad(out, civil.year, 4),
                Element::Year => pad(out, (civil.year % 100).abs(), 2),
                Element::Pm => out.extend_from_slice(if civil.hour >= 12 { b"PM" } else { b"AM" }),
                Element::LowerPm => out.extend_from_slice(if civil.hour >= 12 { b"pm" } else { b"am" }),
                Element::ZoneName if !zone.name.is_empty() => out.extend_from_slice(zone.name.as_bytes()),
                Element::ZoneName => append_offset(out, zone.seconds, Shape { iso: false, colon: false, parts: 2 }),
                Element::Offset(shape) => append_offset(out, zone.seconds, shape),
                Element::Fraction { digits, comma } => append_fraction(out, self.nanos, digits, comma, false),
                Element::OpenFraction { digits, comma } => append_fraction(out, self.nanos, digits, comma, true),
            }
        }
        out.extend_from_slice(layout);
    }

    /// RFC 3339 with nanoseconds where there are some. The error has the words of Go's `MarshalJSON`.
    pub(super) fn rfc3339(&self) -> Result<String, &'static str> {
        let zone = self.offset().seconds;
        if !(0..=9999).contains(&self.civil_at(zone).year) {
            return Err("year outside of range [0,9999]");
        }
        if zone.abs() >= 24 * 3600 {
            return Err("timezone hour outside of range [0,23]");
        }
        let text = self.format(b"2006-01-02T15:04:05.999999999Z07:00");
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn append_offset(out: &mut Vec<u8>, seconds: i64, shape: Shape) {
    if shape.iso && seconds == 0 {
        out.push(b'Z');
        return;
    }
    // An offset of less than a minute has no sign.
    let minutes = seconds / 60;
    out.push(if minutes < 0 { b'-' } else { b'+' });
    pad(out, minutes.abs() / 60, 2);
    let mut part = |n: i64| {
        if shape.colon {
            out.push(b':');
        }
        pad(out, n, 2);
    };
    if shape.parts > 1 {
        part(minutes.abs() % 60);
    }
    if shape.parts > 2 {
        part(if minutes < 0 { -seconds % 60 } else { seconds % 60 });
    }
}

fn append_fraction(out: &mut Vec<u8>, nanos: i64, digits: usize, comma: bool, trim: bool) {
    if trim && nanos == 0 {
        return;
    }
    let all = format!("{nanos:09}");
    let mut shown = all.get(..digits).unwrap_or(&all);
    if trim {
        shown = shown.trim_end_matches('0');
    }
    if !shown.is_empty() || !trim {
        out.push(if comma { b',' } else { b'.' });
        out.extend_from_slice(shown.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Zone;
    use super::*;

    #[test]
    fn formats() {
        let leap = Time::from_nanoseconds(1_709_211_845_120_000_000).in_zone(Zone::Utc);
        let year_before = Time::zero().add(-1);
        for (time, layout, want) in [
            (&leap, "2006-01-02T15:04:05Z07:00", "2024-02-29T13:04:05Z"),
            (
                &leap,
                "Monday Jan _2 3:04PM .000 .999,9 002 MST -0700",
                "Thursday Feb 29 1:04PM .120 .12,1 060 UTC +0000",
            ),
            (&leap, "Janu Mond _2006 x06", "Janu Mond _2024 x24"),
            (&year_before, "2006 .999999999", "0000 .999999999"),
        ] {
            assert_eq!(String::from_utf8_lossy(&time.format(layout.as_bytes())), want, "{layout}");
        }
        let mut out = Vec::new();
        Time { monotonic: Some(1_500_000_000), ..leap }.append_string(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), "2024-02-29 13:04:05.12 +0000 UTC m=+1.500000000");
    }

    #[test]
    fn zones() {
        let Some(berlin) = Zone::load("Europe/Berlin") else { panic!() };
        assert!(Zone::load("europe/berlin").is_none());
        let summer = Time::from_unix(1_720_000_000).in_zone(berlin);
        assert_eq!(summer.format(b"15:04 MST -07:00"), b"11:46 CEST +02:00");
    }
}
