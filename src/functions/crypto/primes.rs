//! Large primes for RSA keys.
//!
//! The crates that take care of being watched take twice as long as Go for a key. What takes long is to raise to powers, and here
//! nearly always 2, to find that a number is no prime: that needs nothing but squares and doubles (Montgomery, Modular
//! multiplication without trial division, 1985). Candidates lie one after the other behind a random number, as OpenSSL tries them,
//! so that one division by each small prime sieves them all.

use num_bigint::BigUint;
use num_traits::One as _;
use std::cell::Cell;
use std::sync::OnceLock;

/// Primes below this number sieve.
const SMALL: usize = 1 << 16;

/// How many odd numbers are sieved at once: some ten times as many as lie between two primes of 2048 bits on average.
const WINDOW: usize = 1 << 13;

/// Rounds of Miller and Rabin's test with random bases, after one with 2. For random numbers of 1024 bits five leave less than 2^-100
/// (FIPS 186-5, appendix B.3), for larger ones fewer would do.
const ROUNDS: usize = 5;

/// The odd primes below [`SMALL`].
fn small() -> &'static [u32] {
    static PRIMES: OnceLock<Vec<u32>> = OnceLock::new();
    PRIMES.get_or_init(|| {
        let mut composite = vec![false; SMALL];
        let mut primes = Vec::new();
        for n in (3..SMALL).step_by(2) {
            if composite.get(n).is_some_and(|composite| !composite) {
                primes.push(n as u32);
                composite.iter_mut().skip(n * n).step_by(n).for_each(|composite| *composite = true);
            }
        }
        primes
    })
}

/// A prime of so many bits, at least 64 and a multiple of 8, whose two highest bits are set, so that the product of two has twice as
/// many, and that is not 1 modulo `exponent`, a prime. `random` fills with chance.
pub(super) fn prime(bits: usize, exponent: u32, random: &mut dyn FnMut(&mut [u8])) -> BigUint {
    let mut bytes = vec![0; bits / 8];
    loop {
        random(&mut bytes);
        if let Some(first) = bytes.first_mut() {
            *first |= 0b1100_0000;
        }
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        let start = BigUint::from_bytes_be(&bytes);
        let mut composite = vec![false; WINDOW];
        for &p in small() {
            let rest = remainder(&start, p);
            // start + 2k is a multiple of p for this k: half of what is missing to the next multiple, or of that and p.
            let missing = if rest == 0 { 0 } else { p - rest };
            let k = if missing % 2 == 0 { missing / 2 } else { (missing + p) / 2 };
            composite.iter_mut().skip(k as usize).step_by(p as usize).for_each(|composite| *composite = true);
        }
        let candidates = composite.iter().enumerate().filter(|(_, composite)| !**composite);
        let found = candidates
            .map(|(k, _)| &start + 2 * k)
            .take_while(|candidate| candidate.bits() == bits as u64)
            .find(|candidate| remainder(candidate, exponent) != 1 && is_prime(candidate, random));
        if let Some(found) = found {
            return found;
        }
    }
}

fn remainder(n: &BigUint, p: u32) -> u32 {
    (n % p).iter_u32_digits().next().unwrap_or_default()
}

/// Miller and Rabin's test of an odd number above 3.
fn is_prime(n: &BigUint, random: &mut dyn FnMut(&mut [u8])) -> bool {
    let below = n - 1u32;
    let twos = below.trailing_zeros().unwrap_or_default();
    let odd = &below >> twos;
    let passes = |mut power: BigUint| {
        if power.is_one() || power == below {
            return true;
        }
        for _ in 1..twos {
            power = &power * &power % n;
            if power == below {
                return true;
            }
        }
        false
    };
    if !passes(power_of_two(&odd, n)) {
        return false;
    }
    let mut bytes = vec![0; (n.bits() as usize).div_ceil(8)];
    (0..ROUNDS).all(|_| {
        random(&mut bytes);
        // From 2 to n - 2.
        let base = BigUint::from_bytes_be(&bytes) % (n - 3u32) + 2u32;
        passes(base.modpow(&odd, n))
    })
}

/// 2 to a power, modulo an odd number.
fn power_of_two(exponent: &BigUint, n: &BigUint) -> BigUint {
    match n.bits() {
        // Halves of the keys that are made.
        1024 => Montgomery::<16>::new(n).power_of_two(exponent),
        2048 => Montgomery::<32>::new(n).power_of_two(exponent),
        _ => BigUint::from(2u32).modpow(exponent, n),
    }
}

/// Arithmetic modulo an odd number of `N` whole digits of 64 bits. A number `x` is held as `x · 2^(64 N)`, least digit first.
struct Montgomery<const N: usize> {
    n: [u64; N],
    /// Times the least digit of `n`, and 1, it is 0.
    inverse: u64,
    one: [u64; N],
}

/// The low and the high digit of a · b + c + d, which no sum exceeds.
fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let sum = u128::from(a) * u128::from(b) + u128::from(c) + u128::from(d);
    (sum as u64, (sum >> 64) as u64)
}

impl<const N: usize> Montgomery<N> {
    fn new(n: &BigUint) -> Self {
        let one = (BigUint::one() << (64 * N)) % n;
        let n = Self::digits(n);
        let least = n.first().copied().unwrap_or_default();
        // Newton's iteration: each step doubles the bits that are right, of which an odd number has three.
        let inverse = (0..5).fold(least, |found, _| found.wrapping_mul(2u64.wrapping_sub(least.wrapping_mul(found))));
        Montgomery { n, inverse: inverse.wrapping_neg(), one: Self::digits(&one) }
    }

    fn digits(n: &BigUint) -> [u64; N] {
        let mut digits = n.iter_u64_digits();
        std::array::from_fn(|_| digits.next().unwrap_or_default())
    }

    /// a · b, where both are below `n`.
    fn multiply(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut sum = [0; N];
        let mut above = 0u64;
        let (first, rest) = (b.first().copied().unwrap_or_default(), b.get(1..).unwrap_or_default());
        let (least, others) = (self.n.first().copied().unwrap_or_default(), self.n.get(1..).unwrap_or_default());
        for &digit in a {
            // Adds digit · b, and n so many times that the least digit becomes 0, and leaves that out.
            let (low, mut carry) = multiply_add(digit, first, sum.first().copied().unwrap_or_default(), 0);
            let times = low.wrapping_mul(self.inverse);
            let (_, mut carry_too) = multiply_add(times, least, low, 0);
            let cells = Cell::from_mut(sum.as_mut_slice()).as_slice_of_cells();
            for (pair, (&b, &n)) in cells.windows(2).zip(rest.iter().zip(others)) {
                let [to, from] = pair else { continue };
                let added;
                (added, carry) = multiply_add(digit, b, from.get(), carry);
                let reduced;
                (reduced, carry_too) = multiply_add(times, n, added, carry_too);
                to.set(reduced);
            }
            let (high, over) = above.overflowing_add(carry);
            let (high, over_too) = high.overflowing_add(carry_too);
            if let Some(last) = sum.last_mut() {
                *last = high;
            }
            above = u64::from(over) + u64::from(over_too);
        }
        self.below(sum, above)
    }

    /// Twice a number below `n`.
    fn double(&self, a: &[u64; N]) -> [u64; N] {
        let mut carry = 0;
        let doubled = a.map(|digit| {
            let low = digit << 1 | carry;
            carry = digit >> 63;
            low
        });
        self.below(doubled, carry)
    }

    /// A number below 2n, with what is above its digits, less n if that is not above it.
    fn below(&self, a: [u64; N], above: u64) -> [u64; N] {
        let mut borrow = false;
        let mut less = a;
        for (digit, n) in less.iter_mut().zip(self.n) {
            let (first, under) = digit.overflowing_sub(n);
            let (second, under_too) = first.overflowing_sub(u64::from(borrow));
            (*digit, borrow) = (second, under || under_too);
        }
        if above >= u64::from(borrow) { less } else { a }
    }

    fn power_of_two(&self, exponent: &BigUint) -> BigUint {
        let mut power = self.one;
        for bit in (0..exponent.bits()).rev() {
            power = self.multiply(&power, &power);
            if exponent.bit(bit) {
                power = self.double(&power);
            }
        }
        let one = std::array::from_fn(|i| u64::from(i == 0));
        let digits = self.multiply(&power, &one);
        BigUint::from_bytes_le(&digits.map(u64::to_le_bytes).concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chance that is always the same.
    fn chance() -> impl FnMut(&mut [u8]) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move |bytes: &mut [u8]| {
            for byte in bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = (state >> 32) as u8;
            }
        }
    }

    #[test]
    fn tells_primes() {
        let mut random = chance();
        let by_division = |n: u32| (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
        for n in (5..20_000).step_by(2) {
            assert_eq!(is_prime(&BigUint::from(n), &mut random), by_division(n), "{n}");
        }
        // Carmichael's numbers, a strong pseudoprime to the first nine primes, and Mersenne's.
        for (n, want) in
            [("561", false), ("3825123056546413051", false), ("170141183460469231731687303715884105727", true)]
        {
            assert_eq!(is_prime(&n.parse().unwrap(), &mut random), want, "{n}");
        }
        assert_eq!(small().len(), 6541);
    }

    #[test]
    fn powers_of_two() {
        let mut random = chance();
        let mut bytes = vec![0; 256];
        for round in 0..60 {
            random(&mut bytes);
            let len = if round % 2 == 0 { 128 } else { 256 };
            let mut n = BigUint::from_bytes_be(&bytes[..len]);
            n.set_bit(0, true);
            n.set_bit(len as u64 * 8 - 1, true);
            // Digits that are all ones carry furthest.
            if round % 5 == 0 {
                n = (BigUint::one() << (len * 8)) - 1u32 - 2u32 * round;
            }
            random(&mut bytes);
            let exponent = BigUint::from_bytes_be(&bytes[..(round as usize * 3).min(len)]);
            assert_eq!(power_of_two(&exponent, &n), BigUint::from(2u32).modpow(&exponent, &n), "{n} {exponent}");
        }
    }

    #[test]
    fn are_as_asked() {
        let mut random = chance();
        for bits in [64, 128, 256, 512] {
            let prime = prime(bits, 65537, &mut random);
            assert_eq!(prime.bits(), bits as u64);
            assert!(prime.bit(bits as u64 - 2));
            assert_ne!(remainder(&prime, 65537), 1);
            assert!(small().iter().all(|p| remainder(&prime, *p) != 0));
        }
    }
}
