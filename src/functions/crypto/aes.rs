//! `encryptAES`, `decryptAES`: AES-256-CBC, the key is the password cut or filled with zeros to 32 bytes.

use super::super::Call;
use crate::diagnostic::Failure;
use crate::go::base64;
use crate::value::Value;
use ::aes::Aes256;
use ::aes::cipher::block_padding::{NoPadding, Pkcs7};
use ::aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

const BLOCK: usize = 16;

fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    key.iter_mut().zip(password).for_each(|(k, p)| *k = *p);
    key
}

/// Base 64 of a random block, then the text encrypted with it, padded as PKCS#7 says. Nothing of nothing.
pub(super) fn encrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (password, text) = (call.str(0), call.str(1));
    if text.is_empty() {
        return Ok(Value::str(""));
    }
    let mut iv = [0; BLOCK];
    call.host.world().random(&mut iv);
    let encrypted =
        cbc::Encryptor::<Aes256>::new(&key(&password).into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(&text);
    let mut out = Vec::new();
    base64::encode(&mut out, &[&iv, encrypted.as_slice()].concat());
    Ok(Value::str(out))
}

pub(super) fn decrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (password, text) = (call.str(0), call.str(1));
    if text.is_empty() {
        return Ok(Value::str(""));
    }
    let bytes = base64::decode(&text)?;
    let Some((iv, blocks)) = bytes.split_first_chunk::<BLOCK>() else {
        // What Go's decoder makes room for, it can be cut to.
        let room = text.len() / 4 * 3;
        return Err(Failure::new(if room < BLOCK {
            format!("runtime error: slice bounds out of range [:{BLOCK}] with capacity {room}")
        } else {
            format!("runtime error: slice bounds out of range [{BLOCK}:{}]", bytes.len())
        }));
    };
    if blocks.len() % BLOCK != 0 {
        return Err(Failure::new("crypto/cipher: input not full blocks"));
    }
    let decryptor = cbc::Decryptor::<Aes256>::new(&key(&password).into(), &(*iv).into());
    let mut plain = decryptor.decrypt_padded_vec::<NoPadding>(blocks).unwrap_or_default();
    // Only the length of the padding is looked at.
    let Some(&padding) = plain.last() else {
        return Err(Failure::new("runtime error: index out of range [-1]"));
    };
    match plain.len().checked_sub(usize::from(padding)) {
        Some(len) => plain.truncate(len),
        None => {
            let by = usize::from(padding) - plain.len();
            return Err(Failure::new(format!("runtime error: slice bounds out of range [:-{by}]")));
        }
    }
    Ok(Value::str(plain))
}
