//! Go's package `net/netip`: whether a text is an IP address.

use super::quote::quoted;

/// What kind of address a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addr {
    /// `192.168.0.1`
    V4,
    /// `fe80::1%eth0`
    V6 {
        /// Whether it has a zone.
        zone: bool,
    },
}

/// What is wrong, and where.
type Problem<'a> = (&'static str, &'a [u8]);

/// `netip.ParseAddr`. The error has Go's words: `ParseAddr("::g"): unexpected character, want colon (at "g")`.
pub fn parse_addr(text: &[u8]) -> Result<Addr, String> {
    let found = match text.iter().find(|b| matches!(b, b'.' | b':' | b'%')) {
        None => Err(("unable to parse IP", &[][..])),
        Some(b'%') => Err(("missing IPv6 address", &[][..])),
        Some(b'.') => check_v4(text).map(|()| Addr::V4),
        Some(_) => check_zoned(text).map(|zone| Addr::V6 { zone }),
    };
    found.map_err(|(why, at)| {
        let at = if at.is_empty() { String::new() } else { format!(" (at {})", quoted(at)) };
        format!("ParseAddr({}): {why}{at}", quoted(text))
    })
}

fn check_v4(text: &[u8]) -> Result<(), Problem<'_>> {
    let (mut value, mut digits, mut fields) = (0u32, 0, 0);
    for (i, b) in text.iter().enumerate() {
        let rest = text.get(i..).unwrap_or_default();
        match b {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", &[]));
                }
                value = value * 10 + u32::from(b - b'0');
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255", &[]));
                }
            }
            b'.' => {
                if digits == 0 || rest.len() == 1 {
                    return Err(("IPv4 field must have at least one digit", rest));
                }
                if fields == 3 {
                    return Err(("IPv4 address too long", &[]));
                }
                (value, digits, fields) = (0, 0, fields + 1);
            }
            _ => return Err(("unexpected character", rest)),
        }
    }
    if fields < 3 { Err(("IPv4 address too short", &[])) } else { Ok(()) }
}

fn check_zoned(text: &[u8]) -> Result<bool, Problem<'_>> {
    let Some(percent) = text.iter().position(|b| *b == b'%') else {
        return check_v6(text).map(|()| false);
    };
    if percent + 1 == text.len() {
        return Err(("zone must be a non-empty string", &[]));
    }
    check_v6(text.get(..percent).unwrap_or_default()).map(|()| true)
}

fn check_v6(address: &[u8]) -> Result<(), Problem<'_>> {
    let mut rest = address;
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix(b"::") {
        if after.is_empty() {
            return Ok(());
        }
        ellipsis = true;
        rest = after;
    }
    let mut bytes = 0;
    while bytes < 16 {
        let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(("each colon-separated field must have at least one digit", rest));
        }
        if rest.get(digits) == Some(&b'.') {
            if !ellipsis && bytes != 12 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if bytes + 4 > 16 {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            check_v4(rest)?;
            rest = &[];
            bytes += 4;
            break;
        }
        bytes += 2;
        rest = rest.get(digits..).unwrap_or_default();
        match rest {
            [] => break,
            [b':'] => return Err(("colon must be followed by more characters", rest)),
            [b':', after @ ..] => rest = after,
            _ => return Err(("unexpected character, want colon", rest)),
        }
        if let [b':', after @ ..] = rest {
            if ellipsis {
                return Err(("multiple :: in address", rest));
            }
            ellipsis = true;
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    match (rest.is_empty(), bytes < 16, ellipsis) {
        (false, ..) => Err(("trailing garbage after address", rest)),
        (_, true, false) => Err(("address string too short", &[])),
        (_, false, true) => Err(("the :: must expand to at least one field of zeros", &[])),
        _ => Ok(()),
    }
}
