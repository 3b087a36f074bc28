//! Go's `log/slog` text handler, as Helm sets it up: no time.

use super::quote::quoted;
use super::unicode::{is_print, is_space};

/// The levels that Helm logs at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// `DEBUG`
    Debug,
    /// `INFO`; what goes through Go's older `log` package comes out here too.
    Info,
    /// `WARN`
    Warn,
    /// `ERROR`
    Error,
}

/// One line without its end: `level=WARN msg="returned non-bool value" path=s.on chart=s`.
pub fn line(level: Level, message: &str, attributes: &[(&str, &str)]) -> String {
    let mut out = String::from(match level {
        Level::Debug => "level=DEBUG",
        Level::Info => "level=INFO",
        Level::Warn => "level=WARN",
        Level::Error => "level=ERROR",
    });
    for (key, value) in std::iter::once(&("msg", message)).chain(attributes) {
        out.push(' ');
        append(&mut out, key);
        out.push('=');
        append(&mut out, value);
    }
    out
}

/// A text, quoted when it is empty or holds what would make it ambiguous.
fn append(out: &mut String, text: &str) {
    let plain = |c: char| match c {
        ' ' | '=' | '"' => false,
        '\\' => true,
        '\u{fffd}' => false,
        c => is_print(c) && !is_space(c),
    };
    if !text.is_empty() && text.chars().all(plain) {
        out.push_str(text);
    } else {
        out.push_str(&quoted(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (value, expected) in [("a", "a"), ("", r#""""#), ("a b", r#""a b""#), (r"a\b", r"a\b"), ("ö", "ö")] {
            assert_eq!(line(Level::Info, "m n", &[("k", value)]), format!("level=INFO msg=\"m n\" k={expected}"));
        }
    }
}
