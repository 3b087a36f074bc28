//! Go's package `time`: instants, durations, zones, layouts.

mod calendar;
mod duration;
mod instant;
mod layout;
mod methods;
mod parse;
mod zone;

pub use calendar::{month_name, weekday_name};
pub use duration::{format_duration, parse_duration, round_duration};
pub use instant::Time;

/// The layout of most times in JSON: Go's `time.RFC3339`.
pub const RFC3339: &[u8] = b"2006-01-02T15:04:05Z07:00";

pub use methods::int_method;
pub use zone::{Zone, local_zone};

/// `quote` of package time, which errors show texts with: what is not printable ASCII as `\x..` bytes.
fn quote(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend(['\\', b as char]),
            // DEL is shown as it is.
            b' '..=0x7f => out.push(b as char),
            _ => {
                out.push_str("\\x");
                for half in [b >> 4, b & 15] {
                    out.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
                }
            }
        }
    }
    out.push('"');
    out
}
