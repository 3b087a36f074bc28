//! Numeric constants: Go's ideal constants, kept under every type that can hold them.

use super::ast::Number;
use crate::go::quote::{quoted, unquote_char};
use crate::go::strconv;

/// Reads a constant; `Err` holds Go's words.
pub(super) fn parse(text: &[u8], rune: bool, complex: bool) -> Result<Number, String> {
    if rune {
        return parse_rune(text);
    }
    if complex {
        // `1+2i`: the sign that splits it is the last one not behind an exponent's letter.
        let body = text.strip_suffix(b"i").unwrap_or(text);
        let hex = body.len() > 2 && body.iter().any(|b| matches!(b, b'x' | b'X'));
        let split = (1..body.len()).rev().find(|&i| {
            matches!(body.get(i), Some(b'+' | b'-'))
                && !matches!((body.get(i - 1), hex), (Some(b'e' | b'E'), false) | (Some(b'p' | b'P'), _))
        });
        let parsed = split.and_then(|i| {
            let (real, imaginary) = body.split_at(i);
            Some((strconv::parse_float(real).ok()?, strconv::parse_float(imaginary).ok()?))
        });
        let Some((real, imaginary)) = parsed else {
            return Err(format!("illegal number syntax: {}", quoted(text)));
        };
        return Ok(from_complex(real, imaginary));
    }
    if let Some(body) = text.strip_suffix(b"i")
        && let Ok(imaginary) = strconv::parse_float(body)
    {
        return Ok(from_complex(0.0, imaginary));
    }
    let mut number = Number { uint: strconv::parse_uint(text, 0).ok(), ..Number::default() };
    if let Ok(int) = strconv::parse_int(text, 0, 64) {
        number.int = Some(int);
        if int == 0 {
            number.uint = Some(0);
        }
    }
    let dotted = text.iter().any(|b| b".eEpP".contains(b));
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Ok(float) = strconv::parse_float(text) {
        if !dotted {
            return Err(format!("integer overflow: {}", quoted(text)));
        }
        number.float = Some(float);
        if (float as i64) as f64 == float && float < 9_223_372_036_854_775_807.0 {
            number.int = Some(float as i64);
        }
        if (float as u64) as f64 == float && float < 18_446_744_073_709_551_615.0 {
            number.uint = Some(float as u64);
        }
    }
    if number.float.is_none() {
        return Err(format!("illegal number syntax: {}", quoted(text)));
    }
    let hex_int = matches!(text, [b'0', b'x' | b'X', _, ..]) && !text.iter().any(|b| b"pP".contains(b));
    number.ideal_float = dotted && !hex_int;
    Ok(number)
}

fn from_complex(real: f64, imaginary: f64) -> Number {
    let mut number = Number { complex: Some((real, imaginary)), ..Number::default() };
    if imaginary == 0.0 {
        number.float = Some(real);
        number.int = ((real as i64) as f64 == real).then_some(real as i64);
        number.uint = ((real as u64) as f64 == real).then_some(real as u64);
    }
    number
}

fn parse_rune(literal: &[u8]) -> Result<Number, String> {
    let Some(rune) = unquote_char(literal) else {
        // Go looks at the first character alone: if it is one, there are several.
        let body = literal.get(1..).unwrap_or_default();
        let is_one = match body {
            [] | [b'\'', ..] => false,
            [b'\\', ..] => (2..=10).any(|length| {
                let escape = body.get(..length).unwrap_or_default();
                unquote_char(&[b"'", escape, b"'"].concat()).is_some()
            }),
            _ => true,
        };
        return Err(match is_one {
            true => format!("malformed character constant: {}", String::from_utf8_lossy(literal)),
            false => "invalid syntax".to_owned(),
        });
    };
    let code = i64::from(rune);
    Ok(Number { int: Some(code), uint: Some(code as u64), float: Some(code as f64), ..Number::default() })
}
