//! Checksums. Charts put them into annotations, so they are there without the feature `crypto` too.

use super::{Call, Function};
use crate::diagnostic::Failure;
use crate::value::{Param, ParamKind, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

const TEXT: &[Param] = &[Param { name: "text", kind: ParamKind::Str }];

const fn function(name: &'static str, call: fn(&mut Call<'_>) -> Result<Value, Failure>) -> Function {
    Function { name, params: TEXT, rest: None, call }
}

pub(super) const FUNCTIONS: &[Function] = &[
    function("sha1sum", |call| Ok(hex(&Sha1::digest(call.str(0))))),
    function("sha256sum", |call| Ok(hex(&Sha256::digest(call.str(0))))),
    function("sha512sum", |call| Ok(hex(&Sha512::digest(call.str(0))))),
    function("adler32sum", |call| Ok(Value::str(adler32(&call.str(0)).to_string()))),
];

fn hex(bytes: &[u8]) -> Value {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| DIGITS.get(usize::from(n)).copied().unwrap_or(b'0');
    Value::str(bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect::<Vec<u8>>())
}

/// RFC 1950. The sums are reduced before they can leave 32 bits.
fn adler32(text: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    for chunk in text.chunks(5552) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"hello"), 103_547_413);
        assert_eq!(adler32(&[0xff; 20_000]), 2_672_940_644);
        let Value::Str(text) = hex(&Sha1::digest(b"hello")) else { panic!() };
        assert_eq!(text, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
    }
}
