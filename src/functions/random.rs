//! What draws on chance: `randAlphaNum`, `shuffle`, `uuidv4`, ….

use super::{Call, Function, function};
use crate::diagnostic::Failure;
use crate::go::base64;
use crate::value::{Param, ParamKind, Value};
use crate::world::World;

/// The longest text that is made, in bytes.
const MAX_LEN: i64 = 256 << 20;

const COUNT: &[Param] = &[Param { name: "count", kind: ParamKind::Int }];

pub(super) const FUNCTIONS: &[Function] = &[
    function("randAlpha", COUNT, |call| text(call, |b| b.is_ascii_alphabetic())),
    function("randAlphaNum", COUNT, |call| text(call, |b| b.is_ascii_alphanumeric())),
    function("randNumeric", COUNT, |call| text(call, |b| b.is_ascii_digit())),
    function("randAscii", COUNT, |call| text(call, |b| (32..127).contains(&b))),
    function("randBytes", COUNT, bytes),
    function(
        "randInt",
        &[Param { name: "min", kind: ParamKind::Int }, Param { name: "max", kind: ParamKind::Int }],
        int,
    ),
    function("shuffle", &[Param { name: "text", kind: ParamKind::Str }], shuffle),
    function("uuidv4", &[], uuid),
];

fn bounded(count: i64) -> Result<usize, Failure> {
    if count > MAX_LEN {
        return Err(Failure::new(format!("a random text of {count} bytes is too long: at most {MAX_LEN}")));
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Characters of a set, each as likely; none where the count is negative.
fn text(call: &mut Call<'_>, wanted: fn(u8) -> bool) -> Result<Value, Failure> {
    let count = bounded(call.int(0))?;
    let set: Vec<u8> = (0..128).filter(|b| wanted(*b)).collect();
    // Bytes from here on would make the first characters of the set likelier.
    let fair = 256 - 256 % set.len().max(1);
    let mut out = Vec::with_capacity(count);
    let mut draws = [0; 256];
    while out.len() < count {
        call.host.world().random(&mut draws);
        let chosen = draws.iter().map(|b| usize::from(*b)).filter(|b| *b < fair).filter_map(|b| set.get(b % set.len()));
        out.extend(chosen.take(count - out.len()));
    }
    Ok(Value::str(out))
}

fn bytes(call: &mut Call<'_>) -> Result<Value, Failure> {
    let count = call.int(0);
    if count < 0 {
        return Err(Failure::new("runtime error: makeslice: len out of range"));
    }
    // Base64 makes four bytes of three.
    let mut out = vec![0; bounded(count.saturating_mul(4) / 3).and(bounded(count))?];
    call.host.world().random(&mut out);
    let mut text = Vec::new();
    base64::encode(&mut text, &out);
    Ok(Value::str(text))
}

fn int(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (min, max) = (call.int(0), call.int(1));
    let span = max.wrapping_sub(min);
    if span <= 0 {
        return Err(Failure::new("invalid argument to Intn"));
    }
    let draw = call.host.world().below(span.unsigned_abs()) as i64;
    Ok(Value::int(draw.wrapping_add(min)))
}

fn shuffle(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = call.str(0);
    let mut chars: Vec<char> = crate::go::unicode::runes(&text).map(|(_, c, _)| c).collect();
    let world = call.host.world();
    for i in (1..chars.len()).rev() {
        let other = world.below(i as u64 + 1) as usize;
        chars.swap(i, other);
    }
    Ok(Value::str(chars.into_iter().collect::<String>()))
}

fn uuid(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(Value::str(uuid_v4(call.host.world())))
}

/// RFC 9562, version 4.
fn uuid_v4(world: &mut World) -> String {
    let mut bytes = [0; 16];
    world.random(&mut bytes);
    let mut n = u128::from_be_bytes(bytes);
    n = n & !(0xf << 76) | 4 << 76;
    n = n & !(0x3 << 62) | 2 << 62;
    let hex = format!("{n:032x}");
    let mut out = String::with_capacity(36);
    for (i, digit) in hex.chars().enumerate() {
        if matches!(i, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}
