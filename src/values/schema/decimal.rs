//! Numbers of any size, exactly: what Go's `big.Rat` is to the validator.

use num_bigint::BigUint;
use num_traits::Zero;
use std::cmp::Ordering;

/// Go reads no larger exponents.
const MAX_EXPONENT: i64 = 1_000_000;

/// `±digits × 10^exponent`. Neither end of the digits is a zero, and zero has no digits: equal numbers are
/// equal in all parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Decimal {
    negative: bool,
    /// The values of the digits, not their characters.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads a JSON number; none when its exponent is beyond what Go reads.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|b| b.wrapping_sub(b'0')).skip_while(|d| *d == 0).collect();
        if digits.iter().any(|d| *d > 9) {
            return None;
        }
        let exponent: i64 = exponent.parse().ok()?;
        if digits.is_empty() {
            return Some(Decimal { negative: false, digits, exponent: 0 });
        }
        let mut exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if exponent.checked_abs()? > MAX_EXPONENT {
            return None;
        }
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        Some(Decimal { negative, digits, exponent })
    }

    /// Whether it has no fraction.
    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// The low 64 bits of an integer, as Go takes them; none for other numbers.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        let low = self.digits.iter().fold(0u64, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(*d)));
        let low = low.wrapping_mul(10u64.wrapping_pow(u32::try_from(self.exponent).unwrap_or(64))) as i64;
        Some(if self.negative { low.wrapping_neg() } else { low })
    }

    /// The nearest float; infinite when it is too big.
    pub(super) fn to_f64(&self) -> f64 {
        let mut text = String::with_capacity(self.digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        text.extend(self.digits.iter().map(|d| char::from(b'0' + d)));
        if self.digits.is_empty() {
            text.push('0');
        }
        text.push_str(&format!("e{}", self.exponent));
        text.parse().unwrap_or(0.0)
    }

    /// Whether it is a whole multiple of another number, which is not zero.
    pub(super) fn is_multiple_of(&self, of: &Decimal) -> bool {
        if self.digits.is_empty() {
            return true;
        }
        let (Some(own), Some(theirs)) =
            (BigUint::from_radix_be(&self.digits, 10), BigUint::from_radix_be(&of.digits, 10))
        else {
            return false;
        };
        if theirs.is_zero() {
            return false;
        }
        let shift = self.exponent - of.exponent;
        let ten = BigUint::from(10u8);
        if shift >= 0 {
            let power = ten.modpow(&BigUint::from(shift.unsigned_abs()), &theirs);
            return (own % &theirs * power % theirs).is_zero();
        }
        // The digits end in no zero, so they hold at most one of the factors 2 and 5 of ten more than once:
        // less than four to a digit.
        let factors = shift.unsigned_abs();
        if factors > self.digits.len() as u64 * 4 {
            return false;
        }
        (own % (theirs * ten.pow(u32::try_from(factors).unwrap_or(u32::MAX)))).is_zero()
    }

    /// Appends what is the same for equal numbers only.
    pub(super) fn fingerprint(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.negative));
        out.extend_from_slice(&self.exponent.to_le_bytes());
        out.extend_from_slice(&self.digits.len().to_le_bytes());
        out.extend_from_slice(&self.digits);
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |n: &Decimal| {
            if n.digits.is_empty() {
                0
            } else if n.negative {
                -1
            } else {
                1
            }
        };
        let point = |n: &Decimal| n.exponent + n.digits.len() as i64;
        sign(self).cmp(&sign(other)).then_with(|| {
            // 1 is the digits 1, 0, 0, …; so a longer row of digits is the greater one.
            let size = point(self).cmp(&point(other)).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { size.reverse() } else { size }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares() {
        let n = |text: &str| Decimal::parse(text).unwrap();
        for (a, b, want) in [
            ("1", "1.0", Ordering::Equal),
            ("0", "-0e5", Ordering::Equal),
            ("-1", "0", Ordering::Less),
            ("-2", "-10", Ordering::Greater),
            ("1e3", "999.9", Ordering::Greater),
            ("0.1", "0.09", Ordering::Greater),
            ("12", "123", Ordering::Less),
        ] {
            assert_eq!(n(a).cmp(&n(b)), want, "{a} {b}");
        }
        for (a, b, want) in
            [("9", "3", true), ("0.3", "0.1", true), ("1", "0.3", false), ("1e300", "7", false), ("4.5", "1.5", true)]
        {
            assert_eq!(n(a).is_multiple_of(&n(b)), want, "{a} {b}");
        }
        assert_eq!(Decimal::parse("1e9999999"), None);
        assert_eq!(n("1e3").to_i64(), Some(1000));
        assert_eq!(n("1e400").to_f64(), f64::INFINITY);
    }
}
