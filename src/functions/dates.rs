//! `now`, `date` and their kin.

use super::{Call, Function, function};
use crate::diagnostic::Failure;
use crate::go::time::{Time, Zone, format_duration, parse_duration, round_duration};
use crate::value::{IntKind, Param, ParamKind, Value};
use std::sync::OnceLock;
use std::time::Instant;

const LAYOUT: Param = Param { name: "layout", kind: ParamKind::Str };
const DATE: Param = Param { name: "date", kind: ParamKind::Any };
const TIME: Param = Param { name: "time", kind: ParamKind::Type("time.Time") };
const ZONE: Param = Param { name: "zone", kind: ParamKind::Str };
const DURATION: Param = Param { name: "duration", kind: ParamKind::Str };
const ANY_DURATION: Param = Param { name: "duration", kind: ParamKind::Any };
const TEXT: Param = Param { name: "text", kind: ParamKind::Str };

const SECOND: i64 = 1_000_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    function("now", &[], |call| Ok(Value::object(now(call)))),
    function("date", &[LAYOUT, DATE], |call| {
        let layout = call.str(0);
        Ok(format(call, &layout, 1, Zone::Local))
    }),
    function("dateInZone", &[LAYOUT, DATE, ZONE], date_in_zone),
    function("date_in_zone", &[LAYOUT, DATE, ZONE], date_in_zone),
    function("htmlDate", &[DATE], |call| Ok(format(call, HTML, 0, Zone::Local))),
    function("htmlDateInZone", &[DATE, ZONE], |call| {
        let zone = zone(call, 1);
        Ok(format(call, HTML, 0, zone))
    }),
    function("dateModify", &[DURATION, TIME], modify),
    function("date_modify", &[DURATION, TIME], modify),
    function("mustDateModify", &[DURATION, TIME], must_modify),
    function("must_date_modify", &[DURATION, TIME], must_modify),
    function("toDate", &[LAYOUT, TEXT], |call| Ok(Value::object(to_date(call).unwrap_or_else(|_| Time::zero())))),
    function("mustToDate", &[LAYOUT, TEXT], |call| Ok(Value::object(to_date(call)?))),
    function("unixEpoch", &[TIME], |call| Ok(Value::str(time(call, 0).unix().to_string()))),
    function("ago", &[DATE], ago),
    function("duration", &[Param { name: "seconds", kind: ParamKind::Any }], duration),
    function("durationRound", &[ANY_DURATION], duration_round),
];

/// The layout of `<input type="date">`.
const HTML: &[u8] = b"2006-01-02";

fn now(call: &mut Call<'_>) -> Time {
    static START: OnceLock<Instant> = OnceLock::new();
    let world = call.host.world();
    // A clock that stands still has no monotonic part that moves.
    let since_start = match world.now {
        Some(_) => 0,
        None => i64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(i64::MAX),
    };
    Time::now(world.now(), since_start)
}

fn time(call: &Call<'_>, i: usize) -> Time {
    call.arg(i).downcast::<Time>().cloned().unwrap_or_else(Time::zero)
}

fn zone(call: &Call<'_>, i: usize) -> Zone {
    call.str(i).utf8().and_then(Zone::load).unwrap_or(Zone::Utc)
}

fn format(call: &mut Call<'_>, layout: &[u8], i: usize, zone: Zone) -> Value {
    let time = match call.arg(i) {
        Value::Int(IntKind::Int | IntKind::Int64 | IntKind::Int32, n) => Time::from_unix(*n),
        other => match other.downcast::<Time>() {
            Some(time) => time.clone(),
            None => now(call),
        },
    };
    Value::str(time.in_zone(zone).format(layout))
}

fn date_in_zone(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (layout, zone) = (call.str(0), zone(call, 2));
    Ok(format(call, &layout, 1, zone))
}

fn modify(call: &mut Call<'_>) -> Result<Value, Failure> {
    let time = time(call, 1);
    Ok(Value::object(match parse_duration(&call.str(0)) {
        Ok(duration) => time.add(duration),
        Err(_) => time,
    }))
}

fn must_modify(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(Value::object(time(call, 1).add(parse_duration(&call.str(0))?)))
}

fn to_date(call: &Call<'_>) -> Result<Time, String> {
    Time::parse(&call.str(0), &call.str(1), &Zone::Local)
}

fn ago(call: &mut Call<'_>) -> Result<Value, Failure> {
    let then = match call.arg(0) {
        Value::Int(IntKind::Int | IntKind::Int64, n) => Some(Time::from_unix(*n)),
        other => other.downcast::<Time>().cloned(),
    };
    let since = then.map_or(0, |then| now(call).sub(&then));
    Ok(Value::str(format_duration(round_duration(since, SECOND))))
}

/// Only strings and `int64` count, as seconds.
fn duration(call: &mut Call<'_>) -> Result<Value, Failure> {
    let seconds = match call.arg(0) {
        Value::Int(IntKind::Int64, n) => *n,
        Value::Str(text) => leading_integer(text),
        _ => 0,
    };
    Ok(Value::str(format_duration(seconds.wrapping_mul(SECOND))))
}

/// `strconv.ParseInt` without its error: a number out of range is the nearest one, what is none is 0.
fn leading_integer(text: &[u8]) -> i64 {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let negative = text.first() == Some(&b'-');
    std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(if negative { i64::MIN } else { i64::MAX })
}

fn duration_round(call: &mut Call<'_>) -> Result<Value, Failure> {
    let nanoseconds = match call.arg(0) {
        Value::Str(text) => parse_duration(text).unwrap_or(0),
        Value::Int(IntKind::Int64, n) => *n,
        other => match other.downcast::<Time>().cloned() {
            Some(then) => now(call).sub(&then),
            None => 0,
        },
    };
    let n = nanoseconds.unsigned_abs();
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    // A unit must be exceeded: 24h stays 24h.
    let shown = units.iter().find(|(unit, _)| n > *unit).map(|(unit, name)| format!("{}{name}", n / unit));
    Ok(Value::str(shown.unwrap_or_else(|| "0s".to_owned())))
}
