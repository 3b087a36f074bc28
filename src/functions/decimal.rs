//! Decimal numbers as shopspring/decimal computes with them.

use crate::diagnostic::Failure;
use crate::go::strconv::format_float;
use num_bigint::BigInt;
use num_traits::{Signed as _, Zero as _};

/// `digits × 10^exponent`
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

/// The decimal places of a quotient.
const DIVISION_PRECISION: i64 = 16;

impl Decimal {
    /// The shortest decimal number that reads back as the same float.
    pub(super) fn from_float(f: f64) -> Result<Decimal, Failure> {
        if !f.is_finite() {
            let text = format_float(f, b'g', -1);
            return Err(format!("Cannot create a Decimal from {}", String::from_utf8_lossy(&text)).into());
        }
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let places = mantissa.split_once('.').map_or(0, |(_, places)| places.len());
        let digits = mantissa.replace('.', "").parse().unwrap_or_default();
        Ok(Decimal { digits, exponent: exponent.parse::<i64>().unwrap_or(0) - places as i64 })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }

    /// Both with the lower of the exponents.
    fn aligned(&self, other: &Decimal) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let digits = |d: &Decimal| scaled(&d.digits, d.exponent - exponent);
        (digits(self), digits(other), exponent)
    }

    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let (a, b, exponent) = self.aligned(other);
        Decimal { digits: a + b, exponent }
    }

    pub(super) fn sub(&self, other: &Decimal) -> Decimal {
        let (a, b, exponent) = self.aligned(other);
        Decimal { digits: a - b, exponent }
    }

    pub(super) fn mul(&self, other: &Decimal) -> Decimal {
        Decimal { digits: &self.digits * &other.digits, exponent: self.exponent + other.exponent }
    }

    /// To 16 places, half away from zero.
    pub(super) fn div(&self, other: &Decimal) -> Result<Decimal, Failure> {
        if other.digits.is_zero() {
            return Err("decimal division by 0".into());
        }
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let (a, b) = (scaled(&self.digits, shift), scaled(&other.digits, -shift));
        let (mut quotient, rest) = (&a / &b, &a % &b);
        if rest.abs() * 2 >= b.abs() {
            quotient += if a.is_negative() == b.is_negative() { 1 } else { -1 };
        }
        Ok(Decimal { digits: quotient, exponent: -DIVISION_PRECISION })
    }
}

/// Times a power of ten; negative powers leave it as it is.
fn scaled(digits: &BigInt, power: i64) -> BigInt {
    if digits.is_zero() {
        return BigInt::ZERO;
    }
    digits * BigInt::from(10).pow(u32::try_from(power).unwrap_or(0))
}
