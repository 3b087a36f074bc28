//! What templates can call on times, durations, months and weekdays.

use super::calendar::{month_name, weekday_name};
use super::duration::{format_duration, round_duration};
use super::instant::Time;
use super::zone::Zone;
use crate::diagnostic::Failure;
use crate::value::{IntKind, Json, Kind, Layout, Method, Object, Param, ParamKind, Value};
use std::any::Any;

type Call = fn(&Value, &[Value]) -> Result<Value, Failure>;

const fn method(name: &'static str, params: &'static [Param], call: Call) -> Method {
    Method { name, params, rest: None, call }
}

const DURATION: &[Param] = &[Param { name: "duration", kind: ParamKind::Type("time.Duration") }];
const OTHER: &[Param] = &[Param { name: "other", kind: ParamKind::Type("time.Time") }];
const LAYOUT: &[Param] = &[Param { name: "layout", kind: ParamKind::Str }];
const LOCATION: &[Param] = &[Param { name: "location", kind: ParamKind::Type("*time.Location") }];
const DATE: &[Param] = &[
    Param { name: "years", kind: ParamKind::Int },
    Param { name: "months", kind: ParamKind::Int },
    Param { name: "days", kind: ParamKind::Int },
];

/// The methods of `time.Time` that give one value.
static TIME: &[Method] = &[
    method("Add", DURATION, |t, args| Ok(time(this(t)?.add(int(args, 0))))),
    method("AddDate", DATE, |t, args| Ok(time(this(t)?.add_date(int(args, 0), int(args, 1), int(args, 2))))),
    method("After", OTHER, |t, args| Ok(Value::Bool(this(t)?.compare(other(args)?).is_gt()))),
    method("Before", OTHER, |t, args| Ok(Value::Bool(this(t)?.compare(other(args)?).is_lt()))),
    method("Compare", OTHER, |t, args| Ok(Value::int(this(t)?.compare(other(args)?) as i64))),
    method("Day", &[], |t, _| Ok(Value::int(this(t)?.civil().day))),
    method("Equal", OTHER, |t, args| Ok(Value::Bool(this(t)?.compare(other(args)?).is_eq()))),
    method("Format", LAYOUT, |t, args| match args.first() {
        Some(Value::Str(layout)) => Ok(Value::str(this(t)?.format(layout))),
        _ => Ok(Value::str("")),
    }),
    method("GoString", &[], |t, _| Ok(Value::str(go_string(this(t)?)))),
    method("Hour", &[], |t, _| Ok(Value::int(this(t)?.civil().hour))),
    method("In", LOCATION, |t, args| match args.first().and_then(Value::downcast::<Location>) {
        Some(location) => Ok(time(this(t)?.in_zone(location.0.clone()))),
        None => Err(Failure::new("time: missing Location in call to Time.In")),
    }),
    method("IsDST", &[], |t, _| Ok(Value::Bool(this(t)?.offset().daylight))),
    method("IsZero", &[], |t, _| Ok(Value::Bool(this(t)?.is_zero()))),
    method("Local", &[], |t, _| Ok(time(this(t)?.in_zone(Zone::Local)))),
    method("Location", &[], |t, _| Ok(Value::object(Location(this(t)?.zone.clone())))),
    method("MarshalJSON", &[], |t, _| {
        let text = this(t)?.rfc3339().map_err(|e| Failure::new(format!("Time.MarshalJSON: {e}")))?;
        Ok(Value::Bytes(Some(format!("\"{text}\"").into())))
    }),
    method("MarshalText", &[], |t, _| {
        let text = this(t)?.rfc3339().map_err(|e| Failure::new(format!("Time.MarshalText: {e}")))?;
        Ok(Value::Bytes(Some(text.into())))
    }),
    method("Minute", &[], |t, _| Ok(Value::int(this(t)?.civil().minute))),
    method("Month", &[], |t, _| Ok(Value::Int(IntKind::Month, this(t)?.civil().month))),
    method("Nanosecond", &[], |t, _| Ok(Value::int(this(t)?.nanos))),
    method("Round", DURATION, |t, args| Ok(time(this(t)?.round(int(args, 0))))),
    method("Second", &[], |t, _| Ok(Value::int(this(t)?.civil().second))),
    method("String", &[], |t, _| {
        let mut out = Vec::new();
        this(t)?.append_string(&mut out);
        Ok(Value::str(out))
    }),
    method("Sub", OTHER, |t, args| Ok(Value::Int(IntKind::Duration, this(t)?.sub(other(args)?)))),
    method("Truncate", DURATION, |t, args| Ok(time(this(t)?.truncate(int(args, 0))))),
    method("UTC", &[], |t, _| Ok(time(this(t)?.in_zone(Zone::Utc)))),
    method("Unix", &[], |t, _| Ok(Value::int64(this(t)?.unix))),
    method("UnixMicro", &[], |t, _| Ok(Value::int64(this(t)?.nanoseconds().div_euclid(1_000) as i64))),
    method("UnixMilli", &[], |t, _| Ok(Value::int64(this(t)?.nanoseconds().div_euclid(1_000_000) as i64))),
    method("UnixNano", &[], |t, _| Ok(Value::int64(this(t)?.nanoseconds() as i64))),
    method("Weekday", &[], |t, _| Ok(Value::Int(IntKind::Weekday, this(t)?.civil().weekday))),
    method("Year", &[], |t, _| Ok(Value::int(this(t)?.civil().year))),
    method("YearDay", &[], |t, _| Ok(Value::int(this(t)?.civil().year_day))),
];

/// The methods of `time.Duration`.
static DURATIONS: &[Method] = &[
    method("Abs", &[], |d, _| Ok(duration(number(d).checked_abs().unwrap_or(i64::MAX)))),
    method("Hours", &[], |d, _| Ok(Value::Float(units(d, 3_600_000_000_000)))),
    method("Microseconds", &[], |d, _| Ok(Value::int64(number(d) / 1_000))),
    method("Milliseconds", &[], |d, _| Ok(Value::int64(number(d) / 1_000_000))),
    method("Minutes", &[], |d, _| Ok(Value::Float(units(d, 60_000_000_000)))),
    method("Nanoseconds", &[], |d, _| Ok(Value::int64(number(d)))),
    method("Round", DURATION, |d, args| Ok(duration(round_duration(number(d), int(args, 0))))),
    method("Seconds", &[], |d, _| Ok(Value::Float(units(d, 1_000_000_000)))),
    method("String", &[], |d, _| Ok(Value::str(format_duration(number(d))))),
    method("Truncate", DURATION, |d, args| {
        let (d, m) = (number(d), int(args, 0));
        Ok(duration(if m <= 0 { d } else { d - d % m }))
    }),
];

static MONTH: &[Method] = &[method("String", &[], |m, _| Ok(Value::str(month_name(number(m)))))];
static WEEKDAY: &[Method] = &[method("String", &[], |d, _| Ok(Value::str(weekday_name(number(d)))))];
static LOCATIONS: &[Method] =
    &[method("String", &[], |l, _| Ok(Value::str(l.downcast::<Location>().map_or("", |l| l.0.name()))))];

/// A method of an integer type: `time.Duration`, `time.Month`, `time.Weekday` have some.
pub fn int_method(kind: IntKind, name: &str) -> Option<&'static Method> {
    let methods = match kind {
        IntKind::Duration => DURATIONS,
        IntKind::Month => MONTH,
        IntKind::Weekday => WEEKDAY,
        _ => return None,
    };
    methods.iter().find(|m| m.name == name)
}

fn time(t: Time) -> Value {
    Value::object(t)
}

fn duration(nanoseconds: i64) -> Value {
    Value::Int(IntKind::Duration, nanoseconds)
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(_, n) => *n,
        _ => 0,
    }
}

fn int(args: &[Value], i: usize) -> i64 {
    args.get(i).map_or(0, number)
}

/// A duration in units: Go adds the whole units and the rest, each as floating point.
fn units(value: &Value, unit: i64) -> f64 {
    let n = number(value);
    (n / unit) as f64 + (n % unit) as f64 / unit as f64
}

const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

fn this(value: &Value) -> Result<&Time, Failure> {
    value.downcast().ok_or_else(|| Failure::new(NIL_POINTER))
}

fn other(args: &[Value]) -> Result<&Time, Failure> {
    args.first().and_then(Value::downcast).ok_or_else(|| Failure::new(NIL_POINTER))
}

fn go_string(t: &Time) -> String {
    let c = t.civil();
    let zone = match &t.zone {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local => "time.Local".to_owned(),
        zone => format!("time.Location({})", super::quote(zone.name().as_bytes())),
    };
    let (month, clock) = (month_name(c.month), (c.hour, c.minute, c.second));
    let (hour, minute, second) = clock;
    format!("time.Date({}, time.{month}, {}, {hour}, {minute}, {second}, {}, {zone})", c.year, c.day, t.nanos)
}

/// A zone without its tables, which are empty where the zone is UTC.
fn zone_layout(zone: &Zone) -> Layout {
    let number = || Layout::Value(Value::int64(0));
    let fields = vec![
        ("name", Layout::text(zone.name())),
        ("zone", Layout::NilSlice("[]time.zone")),
        ("tx", Layout::NilSlice("[]time.zoneTrans")),
        ("extend", Layout::text("")),
        ("cacheStart", number()),
        ("cacheEnd", number()),
        ("cacheZone", Layout::Pointer("*time.zone", None)),
    ];
    Layout::Struct("time.Location", fields)
}

impl Object for Time {
    fn go_type(&self) -> &'static str {
        "time.Time"
    }

    fn print(&self, out: &mut Vec<u8>) {
        self.append_string(out);
    }

    fn stringer(&self) -> bool {
        true
    }

    fn go_string(&self) -> Option<String> {
        Some(go_string(self))
    }

    /// Seconds since the year 1, or, with a monotonic clock, seconds since 1885 packed with nanoseconds.
    fn layout(&self) -> Option<Layout> {
        let since_1885 = self.unix.wrapping_add(2_682_288_000);
        let (wall, ext) = match self.monotonic {
            Some(clock) => (i64::MIN | since_1885 << 30 | self.nanos, clock),
            None => (self.nanos, self.internal()),
        };
        let zone = match &self.zone {
            Zone::Utc => None,
            zone => Some(Box::new(zone_layout(zone))),
        };
        let fields = vec![
            ("wall", Layout::Value(Value::Int(IntKind::Uint64, wall))),
            ("ext", Layout::Value(Value::int64(ext))),
            ("loc", Layout::Pointer("*time.Location", zone)),
        ];
        Some(Layout::Struct("time.Time", fields))
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        TIME.iter().find(|m| m.name == name)
    }

    fn refused(&self, method: &str) -> Option<&'static str> {
        Some(match method {
            "ISOWeek" => "invalid function signature for ISOWeek: second return value should be error; is int",
            "Zone" => "invalid function signature for Zone: second return value should be error; is int",
            "ZoneBounds" => {
                "invalid function signature for ZoneBounds: second return value should be error; is time.Time"
            }
            "Clock" => "function Clock has 3 return values; should be 1 or 2",
            "Date" => "function Date has 3 return values; should be 1 or 2",
            _ => return None,
        })
    }

    /// A string in RFC 3339. YAML writes the same text as a timestamp, without quotes.
    fn json(&self) -> Result<Json, Failure> {
        match self.rfc3339() {
            Ok(text) => Ok(Json::Value(Value::str(text))),
            Err(e) => {
                let words = format!("json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: {e}");
                Err(Failure::new(words))
            }
        }
    }

    /// go-yaml formats times itself, without bounds on the year.
    fn yaml(&self) -> Result<Json, Failure> {
        Ok(Json::Value(Value::str(self.format(b"2006-01-02T15:04:05.999999999Z07:00"))))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Time>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `*time.Location`, which `Time.Location` gives and `Time.In` takes.
struct Location(Zone);

impl Object for Location {
    fn go_type(&self) -> &'static str {
        "*time.Location"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.name().as_bytes());
    }

    fn stringer(&self) -> bool {
        true
    }

    fn layout(&self) -> Option<Layout> {
        Some(Layout::Pointer("*time.Location", Some(Box::new(zone_layout(&self.0)))))
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        LOCATIONS.iter().find(|m| m.name == name)
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(Vec::new()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Location>().is_some_and(|o| o.0 == self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
