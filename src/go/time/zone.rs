//! `time.Location`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::rc::Rc;
use std::sync::LazyLock;

/// A time zone.
#[derive(Clone, Debug)]
pub enum Zone {
    /// `time.UTC`
    Utc,
    /// `time.Local`: what the system says.
    Local,
    /// A zone of the tz database.
    Named(Rc<str>, TimeZone),
    /// `time.FixedZone`: the name, which may be empty, and the seconds east of Greenwich.
    Fixed(Rc<str>, i64),
}

thread_local! {
    static LOCAL: TimeZone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
}

/// What Go calls the local zone: `TZ` if it says something, `Local` for the system's, else `UTC`.
static LOCAL_NAME: LazyLock<String> = LazyLock::new(|| match std::env::var("TZ") {
    Ok(name) => match name.trim_start_matches(':') {
        "" => "UTC".to_owned(),
        "/etc/localtime" => "Local".to_owned(),
        name => name.to_owned(),
    },
    Err(_) if std::path::Path::new("/etc/localtime").exists() => "Local".to_owned(),
    Err(_) => "UTC".to_owned(),
});

/// Tells the local zone from others: its names, and what it is at some instants.
pub fn local_zone() -> String {
    LOCAL.with(|zone| {
        let at = |second| Timestamp::from_second(second).map(|at| zone.to_offset(at).seconds()).unwrap_or_default();
        let offsets: Vec<i32> = (-20..60).map(|half| at(half * 15_778_463)).collect();
        format!("{} {zone:?} {offsets:?}", *LOCAL_NAME)
    })
}

/// What holds at an instant.
pub(super) struct Offset {
    /// `CET`
    pub(super) name: String,
    /// Seconds east of Greenwich.
    pub(super) seconds: i64,
    pub(super) daylight: bool,
}

/// The calendar with its rules repeats after 400 years.
const CYCLE: i64 = 146_097 * 86_400;

/// jiff's instants end with the year 9999; what lies beyond is as it was a number of cycles earlier.
fn timestamp(unix: i64) -> Timestamp {
    let last = Timestamp::MAX.as_second();
    let beyond = unix.saturating_sub(last).max(0);
    let within = unix.saturating_sub((beyond.saturating_add(CYCLE - 1) / CYCLE).saturating_mul(CYCLE));
    Timestamp::from_second(within).unwrap_or(Timestamp::MIN)
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        match (self, other) {
            (Zone::Utc, Zone::Utc) | (Zone::Local, Zone::Local) => true,
            (Zone::Named(a, _), Zone::Named(b, _)) => a == b,
            (Zone::Fixed(a, x), Zone::Fixed(b, y)) => a == b && x == y,
            _ => false,
        }
    }
}

impl Zone {
    /// `time.LoadLocation`; `None` where the tz database has no such name.
    pub fn load(name: &str) -> Option<Zone> {
        match name {
            "" | "UTC" => Some(Zone::Utc),
            "Local" => Some(Zone::Local),
            _ => {
                let found = jiff::tz::db().get(name).ok()?;
                // jiff finds names in any case, Go only as they are written.
                (found.iana_name() == Some(name)).then(|| Zone::Named(name.into(), found))
            }
        }
    }

    /// `Location.String`
    pub fn name(&self) -> &str {
        match self {
            Zone::Utc => "UTC",
            Zone::Local => &LOCAL_NAME,
            Zone::Named(name, _) | Zone::Fixed(name, _) => name,
        }
    }

    fn with<T>(&self, of: impl FnOnce(&TimeZone) -> T) -> T {
        match self {
            Zone::Named(_, zone) => of(zone),
            Zone::Local => LOCAL.with(of),
            Zone::Utc | Zone::Fixed(..) => of(&TimeZone::UTC),
        }
    }

    /// What holds at an instant, in seconds since the epoch.
    pub(super) fn at(&self, unix: i64) -> Offset {
        match self {
            Zone::Utc => Offset { name: "UTC".into(), seconds: 0, daylight: false },
            Zone::Fixed(name, seconds) => Offset { name: name.to_string(), seconds: *seconds, daylight: false },
            _ => self.with(|zone| {
                let info = zone.to_offset_info(timestamp(unix));
                Offset {
                    name: info.abbreviation().to_owned(),
                    seconds: i64::from(info.offset().seconds()),
                    daylight: info.dst().is_dst(),
                }
            }),
        }
    }

    /// Only the seconds east of Greenwich.
    pub(super) fn seconds_at(&self, unix: i64) -> i64 {
        match self {
            Zone::Utc => 0,
            Zone::Fixed(_, seconds) => *seconds,
            _ => self.with(|zone| i64::from(zone.to_offset(timestamp(unix)).seconds())),
        }
    }

    /// The instant at which clocks of the zone show what clocks in Greenwich show at `unix`.
    ///
    /// Of a time that comes twice Go takes the offset found by treating it as UTC first.
    pub(super) fn to_unix(&self, unix: i64) -> i64 {
        let first = self.seconds_at(unix);
        let guess = unix.wrapping_sub(first);
        unix.wrapping_sub(if first == 0 { 0 } else { self.seconds_at(guess) })
    }

    /// The offset that an abbreviation means in this zone, for a time that clocks show as `unix`.
    pub(super) fn abbreviation(&self, name: &str, unix: i64) -> Option<i64> {
        if matches!(self, Zone::Utc) {
            return None;
        }
        // Offsets in use around that time, then all that ever were.
        const HALF_A_YEAR: i64 = 182 * 86_400;
        for instant in [unix, unix.saturating_sub(HALF_A_YEAR), unix.saturating_add(HALF_A_YEAR)] {
            let around = self.at(instant);
            if around.name == name {
                let then = self.at(unix.wrapping_sub(around.seconds));
                if then.name == name {
                    return Some(then.seconds);
                }
            }
        }
        self.with(|zone| {
            zone.following(Timestamp::MIN)
                .take(1000)
                .find(|t| t.abbreviation() == name)
                .map(|t| i64::from(t.offset().seconds()))
        })
    }
}
