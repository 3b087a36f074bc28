//! Numbers: arithmetic, rounding, ranges, and what counts as a number.

use super::Call;
use super::decimal::Decimal;
use crate::diagnostic::Failure;
use crate::go::fmt;
use crate::go::strconv;
use crate::value::{Elem, IntKind, Str, Value};

functions! {
    "add" (; numbers: Any) |c| Ok(Value::int64(c.args.iter().map(to_int).fold(0, i64::wrapping_add)));
    "add1" (number: Any) |c| Ok(Value::int64(to_int(c.arg(0)).wrapping_add(1)));
    "sub" (first: Any, second: Any) |c| Ok(Value::int64(to_int(c.arg(0)).wrapping_sub(to_int(c.arg(1)))));
    "mul" (first: Any; others: Any) |c| Ok(Value::int64(c.args.iter().map(to_int).fold(1, i64::wrapping_mul)));
    "div" (first: Any, second: Any) |c| divide(c, i64::wrapping_div);
    "mod" (first: Any, second: Any) |c| divide(c, i64::wrapping_rem);
    "max" (first: Any; others: Any) |c| Ok(Value::int64(c.args.iter().map(to_int).max().unwrap_or(0)));
    "biggest" (first: Any; others: Any) |c| Ok(Value::int64(c.args.iter().map(to_int).max().unwrap_or(0)));
    "min" (first: Any; others: Any) |c| Ok(Value::int64(c.args.iter().map(to_int).min().unwrap_or(0)));
    "maxf" (first: Any; others: Any) |c| Ok(Value::Float(fold_floats(c, larger)));
    "minf" (first: Any; others: Any) |c| Ok(Value::Float(fold_floats(c, smaller)));
    "addf" (; numbers: Any) |c| decimals(Some(0.0), c.args, |a, b| Ok(a.add(b)));
    "add1f" (number: Any) |c| decimals(None, &[c.arg(0).clone(), Value::int(1)], |a, b| Ok(a.add(b)));
    "subf" (first: Any; others: Any) |c| decimals(None, c.args, |a, b| Ok(a.sub(b)));
    "mulf" (first: Any; others: Any) |c| decimals(None, c.args, |a, b| Ok(a.mul(b)));
    "divf" (first: Any; others: Any) |c| decimals(None, c.args, |a, b| a.div(b));
    "floor" (number: Any) |c| Ok(Value::Float(to_float(c.arg(0)).floor()));
    "ceil" (number: Any) |c| Ok(Value::Float(to_float(c.arg(0)).ceil()));
    "round" (number: Any, places: Int; threshold: Float) |c| Ok(Value::Float(round(c)));
    "int" (value: Any) |c| Ok(Value::int(to_int(c.arg(0))));
    "int64" (value: Any) |c| Ok(Value::int64(to_int(c.arg(0))));
    "float64" (value: Any) |c| Ok(Value::Float(to_float(c.arg(0))));
    "atoi" (text: Str) |c| Ok(Value::int(atoi(&c.str(0))));
    "toDecimal" (octal: Any) |c| {
        Ok(Value::int64(strconv::parse_int(&fmt::sprint(c.args)?, 8, 64).unwrap_or(0)))
    };
    "until" (end: Int) |c| {
        let end = c.int(0);
        Ok(ints(steps(0, end, if end < 0 { -1 } else { 1 })?))
    };
    "untilStep" (start: Int, end: Int, step: Int) |c| Ok(ints(steps(c.int(0), c.int(1), c.int(2))?));
    "seq" (; bounds: Int) seq;
}

/// spf13/cast, ToInt64, with 0 for what is no number.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(IntKind::Duration, _) => 0,
        Value::Int(_, n) => *n,
        Value::Bool(b) => i64::from(*b),
        Value::Float(f) => float_to_int(*f),
        Value::Str(s) => strconv::parse_int(without_zero_fraction(s), 0, 64).unwrap_or(0),
        _ => 0,
    }
}

/// As amd64 converts: what does not fit is the least integer.
fn float_to_int(f: f64) -> i64 {
    const TOO_BIG: f64 = 9_223_372_036_854_775_808.0;
    if (-TOO_BIG..TOO_BIG).contains(&f) { f as i64 } else { i64::MIN }
}

/// `12.00` → `12`
fn without_zero_fraction(text: &[u8]) -> &[u8] {
    let digits = text.iter().rposition(|b| *b != b'0');
    match digits {
        Some(dot) if text.get(dot) == Some(&b'.') && dot + 1 < text.len() => text.get(..dot).unwrap_or(text),
        _ => text,
    }
}

/// spf13/cast, ToFloat64, with 0 for what is no number.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(IntKind::Duration, _) => 0.0,
        Value::Int(kind, n) if kind.unsigned() => *n as u64 as f64,
        Value::Int(_, n) => *n as f64,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Float(f) => *f,
        Value::Str(s) => strconv::parse_float(s).unwrap_or(0.0),
        _ => 0.0,
    }
}

fn divide(call: &Call<'_>, operation: fn(i64, i64) -> i64) -> Result<Value, Failure> {
    match to_int(call.arg(1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::int64(operation(to_int(call.arg(0)), divisor))),
    }
}

fn fold_floats(call: &Call<'_>, pick: impl Fn(f64, f64) -> f64) -> f64 {
    call.rest(1).iter().map(to_float).fold(to_float(call.arg(0)), pick)
}

/// `math.Max`: infinity beats NaN, NaN the rest, +0 beats -0.
/// Go's `math.Min`.
fn smaller(a: f64, b: f64) -> f64 {
    let least = -larger(-a, -b);
    // Go's NaN has no sign.
    if least.is_nan() { f64::NAN } else { least }
}

fn larger(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { b } else { a }
    } else if a > b {
        a
    } else {
        b
    }
}

fn decimals(
    start: Option<f64>,
    args: &[Value],
    operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, Failure>,
) -> Result<Value, Failure> {
    let mut numbers = start.into_iter().chain(args.iter().map(to_float)).map(Decimal::from_float);
    let mut result = numbers.next().unwrap_or_else(|| Decimal::from_float(0.0))?;
    for number in numbers {
        result = operation(&result, &number?)?;
    }
    Ok(Value::Float(result.to_float()))
}

/// sprig's `round`: what reaches the threshold goes up; a negative number's fraction never does.
fn round(call: &Call<'_>) -> f64 {
    let threshold = if call.args.len() > 2 { call.float(2) } else { 0.5 };
    let power = power_of_ten(call.int(1));
    let digits = power * to_float(call.arg(0));
    let fraction = digits - digits.trunc();
    (if fraction >= threshold { digits.ceil() } else { digits.floor() }) / power
}

/// `math.Pow(10, n)` with Go's rounding: by squaring, negative powers as inverses.
fn power_of_ten(n: i64) -> f64 {
    // 10 = 0.625 × 2⁴: mantissa and exponent are kept apart as Go does, so that neither overflows.
    let (mut result, mut exponent) = (1.0f64, 0i64);
    let (mut factor, mut factor_exponent) = (0.625f64, 4i64);
    let mut left = n.unsigned_abs();
    while left != 0 {
        if factor_exponent > 1 << 12 {
            exponent = exponent.saturating_add(factor_exponent);
            break;
        }
        if left & 1 == 1 {
            result *= factor;
            exponent += factor_exponent;
        }
        factor *= factor;
        factor_exponent <<= 1;
        if factor < 0.5 {
            factor += factor;
            factor_exponent -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        result = 1.0 / result;
        exponent = -exponent;
    }
    // In two steps, as one factor could leave the range although the product does not.
    let exponent = exponent.clamp(-2200, 2200) as i32;
    let half = exponent / 2;
    result * 2f64.powi(half) * 2f64.powi(exponent - half)
}

fn atoi(text: &Str) -> i64 {
    match strconv::atoi(text) {
        Ok(n) => n,
        // sprig drops the error, and Go's value beside it is the nearest number.
        Err(e) if e.range => {
            if text.starts_with(b"-") {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        Err(_) => 0,
    }
}

/// How many numbers a range may have.
const MAX_STEPS: usize = 10_000_000;

fn steps(start: i64, end: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let mut list = Vec::new();
    let up = end >= start;
    if if up { step <= 0 } else { step >= 0 } {
        return Ok(list);
    }
    let mut n = start;
    while if up { n < end } else { n > end } {
        if list.len() == MAX_STEPS {
            return Err("the list would have more than 10 million elements".into());
        }
        list.push(n);
        n = n.wrapping_add(step);
    }
    Ok(list)
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::list_of(Elem::Int, numbers.into_iter().map(Value::int).collect())
}

fn seq(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (start, step, end) = match call.args.len() {
        1 => (1, None, call.int(0)),
        2 => (call.int(0), None, call.int(1)),
        3 => (call.int(0), Some(call.int(1)), call.int(2)),
        _ => return Ok(Value::str("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|s| s > 0) {
        return Ok(Value::str(""));
    }
    let mut out = Vec::new();
    for n in steps(start, end.wrapping_add(direction), step.unwrap_or(direction))? {
        if !out.is_empty() {
            out.push(b' ');
        }
        strconv::append_int(&mut out, n);
    }
    Ok(Value::str(out))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{fails, i, run};
    use crate::value::Value;

    #[test]
    fn counts() {
        let f = Value::Float;
        for (name, args, want) in [
            ("int", &["010".into()][..], "8"),
            ("int", &["12.0".into()], "12"),
            ("int", &["1.".into()], "0"),
            ("int64", &[f(1e20)], "-9223372036854775808"),
            ("add", &[f(1.9), f(1.9)], "2"),
            ("div", &[i(-7), i(2)], "-3"),
            ("addf", &[f(0.1), f(0.2)], "0.3"),
            ("divf", &[i(2), i(3)], "0.6666666666666667"),
            ("divf", &[i(10), i(3)], "3.3333333333333335"),
            ("subf", &[i(10), i(1), i(2)], "7"),
            ("mulf", &[f(1.1), f(1.1)], "1.21"),
            ("round", &[f(-1.25), i(1)], "-1.3"),
            ("round", &[f(1.005), i(2)], "1"),
            ("round", &[f(3.75), i(1), f(0.9)], "3.7"),
            ("round", &[i(1234), i(-2)], "1200"),
            ("until", &[i(-3)], "[0 -1 -2]"),
            ("seq", &[i(0)], "1 0"),
            ("seq", &[i(5), i(-2), i(1)], "5 3 1"),
            ("seq", &[i(1), i(0), i(5)], ""),
            ("toDecimal", &["0777".into()], "511"),
        ] {
            assert_eq!(run(name, args), want, "{name}");
        }
        assert_eq!(fails("mod", &[i(1), i(0)]), "runtime error: integer divide by zero");
        assert_eq!(fails("divf", &[i(1), i(0)]), "decimal division by 0");
    }
}
