//! `time.Time`.

use super::calendar::{DAY, date_from_days, days_from_date};
use super::duration::round_duration;
use super::zone::{Offset, Zone};
use std::cmp::Ordering;

/// Seconds since the epoch of Go's zero time, the first of January of the year 1.
const ZERO: i64 = -62_135_596_800;

/// Seconds from the first of March of the year -292277022400 to the epoch.
const ABSOLUTE: i64 = 9_223_372_028_741_760_000;

const SECOND: i64 = 1_000_000_000;

/// An instant and the zone it is shown in.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// Seconds since the epoch.
    pub(super) unix: i64,
    /// Nanoseconds beyond, below a billion.
    pub(super) nanos: i64,
    pub(super) zone: Zone,
    /// What `now` read from the monotonic clock: nanoseconds since the start of the process.
    pub(super) monotonic: Option<i64>,
}

/// What clocks in the time's zone show.
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    /// From 1.
    pub(super) year_day: i64,
    /// From 0, Sunday.
    pub(super) weekday: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

impl Time {
    /// `time.Time{}`
    pub fn zero() -> Time {
        Time { unix: ZERO, nanos: 0, zone: Zone::Utc, monotonic: None }
    }

    /// `time.Unix(seconds, 0)`, in the local zone.
    pub fn from_unix(seconds: i64) -> Time {
        Time { unix: seconds, nanos: 0, zone: Zone::Local, monotonic: None }
    }

    /// Nanoseconds since the epoch, in the local zone.
    pub fn from_nanoseconds(nanoseconds: i128) -> Time {
        let second = i128::from(SECOND);
        let unix = nanoseconds.div_euclid(second);
        Time {
            unix: unix.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64,
            nanos: nanoseconds.rem_euclid(second) as i64,
            zone: Zone::Local,
            monotonic: None,
        }
    }

    /// `time.Now()`, given the clock and nanoseconds since the start of the process.
    pub fn now(nanoseconds: i128, since_start: i64) -> Time {
        Time { monotonic: Some(since_start), ..Time::from_nanoseconds(nanoseconds) }
    }

    /// `time.Date`: fields may lie outside their ranges.
    pub(super) fn date(date: (i64, i64, i64), clock: (i64, i64, i64), nanos: i64, zone: Zone) -> Time {
        let (year, month, day) = date;
        let month = month.wrapping_sub(1);
        let year = year.wrapping_add(month.div_euclid(12));
        let days = days_from_date(year, month.rem_euclid(12) + 1, day);
        let (hour, minute, second) = clock;
        let seconds = hour.wrapping_mul(3600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second);
        let shown = days.wrapping_mul(DAY).wrapping_add(seconds).wrapping_add(nanos.div_euclid(SECOND));
        Time { unix: zone.to_unix(shown), nanos: nanos.rem_euclid(SECOND), zone, monotonic: None }
    }

    /// `Time.In`
    #[must_use]
    pub fn in_zone(&self, zone: Zone) -> Time {
        Time { unix: self.unix, nanos: self.nanos, zone, monotonic: None }
    }

    /// Seconds since the epoch.
    pub fn unix(&self) -> i64 {
        self.unix
    }

    /// Nanoseconds since the epoch.
    pub fn nanoseconds(&self) -> i128 {
        i128::from(self.unix) * i128::from(SECOND) + i128::from(self.nanos)
    }

    /// `Time.IsZero`
    pub fn is_zero(&self) -> bool {
        self.unix == ZERO && self.nanos == 0
    }

    /// `Time.Add`, with a duration in nanoseconds.
    #[must_use]
    pub fn add(&self, duration: i64) -> Time {
        let nanos = self.nanos + duration % SECOND;
        let unix = self.unix.wrapping_add(duration / SECOND).wrapping_add(nanos.div_euclid(SECOND));
        Time {
            unix,
            nanos: nanos.rem_euclid(SECOND),
            zone: self.zone.clone(),
            monotonic: self.monotonic.and_then(|m| m.checked_add(duration)),
        }
    }

    /// `Time.AddDate`
    #[must_use]
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> Time {
        let c = self.civil();
        let date = (c.year.wrapping_add(years), c.month.wrapping_add(months), c.day.wrapping_add(days));
        Time::date(date, (c.hour, c.minute, c.second), self.nanos, self.zone.clone())
    }

    /// `Time.Sub`: a duration in nanoseconds, at most what fits.
    pub fn sub(&self, other: &Time) -> i64 {
        let exact = match (self.monotonic, other.monotonic) {
            (Some(a), Some(b)) => i128::from(a) - i128::from(b),
            _ => self.since_zero() - other.since_zero(),
        };
        exact.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Which instant is earlier.
    pub fn compare(&self, other: &Time) -> Ordering {
        match (self.monotonic, other.monotonic) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => (self.internal(), self.nanos).cmp(&(other.internal(), other.nanos)),
        }
    }

    /// Seconds since the zero time, as Go keeps them: they wrap around.
    pub(super) fn internal(&self) -> i64 {
        self.unix.wrapping_sub(ZERO)
    }

    /// Nanoseconds since the zero time, of which roundings are multiples.
    fn since_zero(&self) -> i128 {
        i128::from(self.internal()) * i128::from(SECOND) + i128::from(self.nanos)
    }

    /// `Time.Truncate`
    #[must_use]
    pub(super) fn truncate(&self, duration: i64) -> Time {
        let plain = Time { monotonic: None, ..self.clone() };
        if duration <= 0 {
            return plain;
        }
        let over = self.since_zero().rem_euclid(i128::from(duration)) as i64;
        plain.add(over.wrapping_neg())
    }

    /// `Time.Round`: halves up.
    #[must_use]
    pub(super) fn round(&self, duration: i64) -> Time {
        let plain = Time { monotonic: None, ..self.clone() };
        if duration <= 0 {
            return plain;
        }
        let over = self.since_zero().rem_euclid(i128::from(duration)) as i64;
        // Of a remainder below the unit, rounding gives nothing or the unit.
        let up = round_duration(over, duration) != 0;
        plain.add(if up { duration - over } else { -over })
    }

    /// The zone's offset and name at this instant.
    pub(super) fn offset(&self) -> Offset {
        self.zone.at(self.unix)
    }

    /// What clocks in its zone show.
    pub(super) fn civil(&self) -> Civil {
        self.civil_at(self.zone.seconds_at(self.unix))
    }

    pub(super) fn civil_at(&self, offset: i64) -> Civil {
        // Go counts from a year so far back that no second lies before it, and wraps around.
        let since = self.unix.wrapping_add(offset).wrapping_add(ABSOLUTE) as u64;
        let (days, clock) = (since / DAY as u64, (since % DAY as u64) as i64);
        let days = days as i64 - ABSOLUTE / DAY;
        let (year, month, day) = date_from_days(days);
        Civil {
            year,
            month,
            day,
            year_day: days.wrapping_sub(days_from_date(year, 1, 1)).wrapping_add(1),
            weekday: days.wrapping_add(4).rem_euclid(7),
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
        }
    }
}
