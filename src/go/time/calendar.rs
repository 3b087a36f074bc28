//! Days ⇄ dates in the proleptic Gregorian calendar, and names.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `time.Month.String`
pub fn month_name(month: i64) -> String {
    name(&MONTHS, month.wrapping_sub(1)).map_or_else(|| format!("%!Month({})", month as u64), str::to_owned)
}

/// `time.Weekday.String`; Sunday is 0.
pub fn weekday_name(day: i64) -> String {
    name(&WEEKDAYS, day).map_or_else(|| format!("%!Weekday({})", day as u64), str::to_owned)
}

fn name(names: &[&'static str], i: i64) -> Option<&'static str> {
    usize::try_from(i).ok().and_then(|i| names.get(i)).copied()
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a year before a month; 13 is the next year's January.
pub(super) fn days_before(month: i64, leap: bool) -> i64 {
    const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let days = usize::try_from(month - 1).ok().and_then(|i| BEFORE.get(i)).copied().unwrap_or(0);
    days + i64::from(leap && month > 2)
}

/// Days of a month.
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    let leap = is_leap(year);
    days_before(month + 1, leap) - days_before(month, leap)
}

/// Days since 1970-01-01 of the first of a year's March, by 400-year eras.
fn march_first(year: i64) -> i64 {
    let era = year.div_euclid(400);
    let in_era = year.rem_euclid(400);
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    era.wrapping_mul(146_097).wrapping_add(in_era * 365 + in_era / 4 - in_era / 100).wrapping_sub(719_468)
}

/// Days since 1970-01-01 of a date; the month is 1 to 12, the day may lie outside its month.
pub(super) fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day last.
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year.wrapping_sub(1), month + 9) };
    march_first(year).wrapping_add((153 * from_march + 2) / 5).wrapping_add(day.wrapping_sub(1))
}

/// Year, month (1 to 12), day (1 to 31) of days since 1970-01-01.
pub(super) fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.wrapping_add(719_468);
    let era = days.div_euclid(146_097);
    let in_era = days.rem_euclid(146_097);
    let year_in_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_in_era + i64::from(month <= 2), month, day)
}
