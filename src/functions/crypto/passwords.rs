//! `bcrypt`, `htpasswd`, `derivePassword`.

use super::super::Call;
use crate::diagnostic::Failure;
use crate::value::Value;
use crate::world::World;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// bcrypt's cost in Go: `bcrypt.DefaultCost`.
const COST: u32 = 10;

/// The hash, or sprig's words for why there is none.
fn hash(world: &mut World, password: &[u8]) -> String {
    if password.len() > 72 {
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned();
    }
    let mut salt = [0; 16];
    world.random(&mut salt);
    match ::bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => parts.format_for_version(::bcrypt::Version::TwoA),
        Err(e) => format!("failed to encrypt string with bcrypt: {e}"),
    }
}

pub(super) fn bcrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let password = call.str(0);
    Ok(Value::str(hash(call.host.world(), &password)))
}

/// A line of an Apache password file; a user with a colon gives words instead of a failure.
pub(super) fn htpasswd(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (user, password) = (call.str(0), call.str(1));
    if user.contains(&b':') {
        return Ok(Value::str([b"invalid username: ", &*user].concat()));
    }
    let hash = hash(call.host.world(), &password);
    Ok(Value::str([&*user, b":", hash.as_bytes()].concat()))
}

/// What separates this algorithm's keys from others'.
const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// The Master Password algorithm, version 3: the shapes that a type of password can have, a letter a class.
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn sized(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text].concat()
}

fn pick<T: Copy>(of: &[T], n: u8) -> Option<T> {
    of.get(usize::from(n).checked_rem(of.len())?).copied()
}

pub(super) fn derive(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (kind, password, user, site) = (call.str(1), call.str(2), call.str(3), call.str(4));
    let counter = call.int(0) as u32;
    let Some(templates) = templates(&kind) else {
        return Ok(Value::str([b"cannot find password template ", &*kind].concat()));
    };
    let failed = |e: &dyn std::fmt::Display| Failure::new(format!("failed to derive password: {e}"));
    let params = scrypt::Params::new(15, 8, 2).map_err(|e| failed(&e))?;
    let mut key = [0; 64];
    let salt = [SCOPE, &sized(&user)].concat();
    scrypt::scrypt(&password, &salt, &params, &mut key).map_err(|e| failed(&e))?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).map_err(|e| failed(&e))?;
    mac.update(SCOPE);
    mac.update(&sized(&site));
    mac.update(&counter.to_be_bytes());
    let seed = mac.finalize().into_bytes();
    let Some((first, rest)) = seed.split_first() else { return Ok(Value::str("")) };
    let template = pick(templates, *first).unwrap_or_default();
    let out: Vec<u8> = template.bytes().zip(rest).filter_map(|(class, n)| pick(characters(class), *n)).collect();
    Ok(Value::str(out))
}
