//! Private keys: made, read, written, used to sign.

use super::super::Call;
use super::{Chance, der, pem};
use crate::diagnostic::Failure;
use crate::value::Value;
use crate::world::World;
use ecdsa::signature::Signer;
use ed25519_dalek::SigningKey as Ed25519;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::signature::SignatureEncoding;
use sha2::Sha256;

pub(super) mod oid {
    //! Object identifiers, encoded.
    pub(in super::super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pub(in super::super) const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    pub(in super::super) const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub(in super::super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    pub(in super::super) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    pub(in super::super) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    pub(in super::super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub(in super::super) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    pub(in super::super) const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
    pub(in super::super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(in super::super) const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
}

/// A private key.
pub(super) enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(Box<Ed25519>),
    /// P, Q, G, Y, X as they were read: a DSA key can be passed on, but signs nothing here.
    Dsa(Vec<u8>),
    /// As it was read: the same.
    X25519(Vec<u8>),
}

/// What is certified: an algorithm and a key of it, in DER.
pub(super) struct Public {
    pub(super) algorithm: Vec<u8>,
    /// The contents of the bit string.
    pub(super) key: Vec<u8>,
}

/// `genPrivateKey`: PEM. What the type is not gives words instead of a failure.
pub(super) fn generate(call: &mut Call<'_>) -> Result<Value, Failure> {
    let kind = call.str(0);
    let world = call.host.world();
    let key = match &*kind {
        b"" | b"rsa" => rsa(world, 4096)?,
        b"dsa" => dsa(world)?,
        b"ecdsa" => {
            let secret = loop {
                let mut bytes = [0; 32];
                world.random(&mut bytes);
                // All but a vanishing share of numbers are below the order of the curve.
                if let Ok(secret) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                    break secret;
                }
            };
            Key::P256(secret)
        }
        b"ed25519" => {
            let mut seed = [0; 32];
            world.random(&mut seed);
            Key::Ed25519(Box::new(Ed25519::from_bytes(&seed)))
        }
        other => return Ok(Value::str([b"Unknown type ", other].concat())),
    };
    Ok(Value::str(key.pem()?))
}

/// A new RSA key with the exponent 65537.
pub(super) fn rsa(world: &mut World, bits: usize) -> Result<Key, Failure> {
    let key = RsaPrivateKey::new(&mut Chance(world), bits);
    let key = key.map_err(|e| Failure::new(format!("error generating rsa key: {e}")))?;
    Ok(Key::Rsa(Box::new(key)))
}

fn dsa(world: &mut World) -> Result<Key, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(format!("failed to generate dsa params: {e}"));
    let mut chance = Chance(world);
    let components = dsa::Components::try_generate_from_rng_with_key_size(&mut chance, dsa::KeySize::DSA_2048_256)
        .map_err(|e| failed(&e))?;
    let key =
        dsa::SigningKey::try_generate_from_rng_with_components(&mut chance, components).map_err(|e| failed(&e))?;
    let public = key.verifying_key();
    let parameters = public.components();
    let numbers = [
        parameters.p().to_be_bytes(),
        parameters.q().to_be_bytes(),
        parameters.g().to_be_bytes(),
        public.y().to_be_bytes(),
        key.x().to_be_bytes(),
    ];
    Ok(Key::Dsa(numbers.iter().flat_map(|n| der::integer(n)).collect()))
}

impl Key {
    /// The first private key of a PEM text. The error has sprig's words.
    pub(super) fn from_pem(text: &[u8]) -> Result<Key, String> {
        let Some((kind, bytes)) = pem::decode(text) else {
            return Err("no PEM data in input".into());
        };
        if kind == "PRIVATE KEY" {
            return from_pkcs8(&bytes).map_err(|e| format!("decoding PEM as PKCS#8: {e}"));
        }
        match kind.strip_suffix(" PRIVATE KEY") {
            None => Err(format!("no private key data in PEM block of type {kind}")),
            Some("RSA") => from_pkcs1(&bytes).map_err(|e| format!("parsing RSA private key from PEM: {e}")),
            Some("EC") => from_sec1(&bytes, None).map_err(|e| format!("parsing EC private key from PEM: {e}")),
            Some("DSA") => from_dsa(&bytes).map_err(|e| format!("parsing DSA private key from PEM: {e}")),
            Some(_) => Err(format!("invalid private key type {kind}")),
        }
    }

    /// PEM in the form that sprig gives each kind of key.
    pub(super) fn pem(&self) -> Result<String, Failure> {
        let ec = |curve: &[u8], secret: &[u8], public: &[u8]| {
            let curve = der::value(0xa0, &der::oid(curve));
            let public = der::value(0xa1, &der::bits(public));
            let secret = der::value(der::OCTET_STRING, secret);
            pem::encode("EC PRIVATE KEY", &der::sequence(&[&der::integer(&[1]), &secret, &curve, &public]))
        };
        let wrapped = |algorithm: &[u8], seed: &[u8]| {
            let algorithm = der::sequence(&[&der::oid(algorithm)]);
            let seed = der::value(der::OCTET_STRING, &der::value(der::OCTET_STRING, seed));
            pem::encode("PRIVATE KEY", &der::sequence(&[&der::integer(&[0]), &algorithm, &seed]))
        };
        Ok(match self {
            Key::Rsa(key) => {
                let document = key.to_pkcs1_der().map_err(|e| Failure::new(e.to_string()))?;
                pem::encode("RSA PRIVATE KEY", document.as_bytes())
            }
            Key::P256(key) => ec(oid::P256, &key.to_bytes(), &self.public()?.key),
            Key::P384(key) => ec(oid::P384, &key.to_bytes(), &self.public()?.key),
            Key::P521(key) => ec(oid::P521, &key.to_bytes(), &self.public()?.key),
            Key::Ed25519(key) => wrapped(oid::ED25519, key.as_bytes()),
            Key::X25519(seed) => wrapped(oid::X25519, seed),
            Key::Dsa(numbers) => {
                pem::encode("DSA PRIVATE KEY", &der::sequence(&[&der::integer(&[0]), numbers.as_slice()]))
            }
        })
    }

    /// The key's public side.
    pub(super) fn public(&self) -> Result<Public, Failure> {
        let ec = |curve: &[u8], point: &[u8]| Public {
            algorithm: der::sequence(&[&der::oid(oid::ECDSA), &der::oid(curve)]),
            key: point.to_vec(),
        };
        Ok(match self {
            Key::Rsa(key) => Public {
                algorithm: der::sequence(&[&der::oid(oid::RSA), der::NULL]),
                key: key.to_public_key().to_pkcs1_der().map_err(|e| Failure::new(e.to_string()))?.as_bytes().to_vec(),
            },
            Key::P256(key) => ec(oid::P256, key.verifying_key().to_sec1_point(false).as_bytes()),
            Key::P384(key) => ec(oid::P384, key.verifying_key().to_sec1_point(false).as_bytes()),
            Key::P521(key) => ec(oid::P521, key.verifying_key().to_sec1_point(false).as_bytes()),
            Key::Ed25519(key) => Public {
                algorithm: der::sequence(&[&der::oid(oid::ED25519)]),
                key: key.verifying_key().as_bytes().to_vec(),
            },
            Key::Dsa(_) => return Err(Failure::new("x509: unsupported public key type: *dsa.PublicKey")),
            Key::X25519(_) => return Err(Failure::new("x509: unsupported public key type: *ecdh.PublicKey")),
        })
    }

    /// The algorithm that it signs certificates with, in DER.
    pub(super) fn signature_algorithm(&self) -> Result<Vec<u8>, Failure> {
        Ok(match self {
            Key::Rsa(_) => der::sequence(&[&der::oid(oid::SHA256_RSA), der::NULL]),
            Key::P256(_) => der::sequence(&[&der::oid(oid::ECDSA_SHA256)]),
            Key::P384(_) => der::sequence(&[&der::oid(oid::ECDSA_SHA384)]),
            Key::P521(_) => der::sequence(&[&der::oid(oid::ECDSA_SHA512)]),
            Key::Ed25519(_) => der::sequence(&[&der::oid(oid::ED25519)]),
            Key::Dsa(_) | Key::X25519(_) => {
                return Err(Failure::new("x509: certificate private key does not implement crypto.Signer"));
            }
        })
    }

    /// Signs with that algorithm.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let failed = |e: ecdsa::signature::Error| Failure::new(e.to_string());
        Ok(match self {
            Key::Rsa(key) => {
                let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
                signer.try_sign(message).map_err(failed)?.to_vec()
            }
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            Key::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            Key::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            Key::Ed25519(key) => key.try_sign(message).map_err(failed)?.to_bytes().to_vec(),
            Key::Dsa(_) | Key::X25519(_) => return self.signature_algorithm(),
        })
    }
}

/// The forms that a key can be wrapped in; Go names the right one where the PEM type names another.
#[derive(PartialEq)]
enum Form {
    Pkcs1,
    Pkcs8,
    Sec1,
    Unknown,
}

fn form(bytes: &[u8]) -> Form {
    let Some(mut inner) = der::Reader(bytes).sequence() else { return Form::Unknown };
    if inner.take(der::INTEGER).is_none() {
        return Form::Unknown;
    }
    match inner.any() {
        Some((der::INTEGER, _, _)) => Form::Pkcs1,
        Some((der::SEQUENCE, _, _)) => Form::Pkcs8,
        Some((der::OCTET_STRING, _, _)) => Form::Sec1,
        _ => Form::Unknown,
    }
}

fn misread(form: Form) -> String {
    let other = match form {
        Form::Pkcs1 => "ParsePKCS1PrivateKey",
        Form::Pkcs8 => "ParsePKCS8PrivateKey",
        Form::Sec1 => "ParseECPrivateKey",
        Form::Unknown => return "asn1: structure error: tags don't match".to_owned(),
    };
    format!("x509: failed to parse private key (use {other} instead for this key format)")
}

fn from_pkcs1(bytes: &[u8]) -> Result<Key, String> {
    match form(bytes) {
        Form::Pkcs1 => {}
        other => return Err(misread(other)),
    }
    let key = RsaPrivateKey::from_pkcs1_der(bytes).map_err(|e| format!("crypto/rsa: invalid private key: {e}"))?;
    Ok(Key::Rsa(Box::new(key)))
}

fn from_sec1(bytes: &[u8], curve: Option<&[u8]>) -> Result<Key, String> {
    match form(bytes) {
        Form::Sec1 => {}
        Form::Unknown => return Err(format!("x509: failed to parse EC private key: {}", misread(Form::Unknown))),
        other => return Err(misread(other)),
    }
    let read = || {
        let mut inner = der::Reader(bytes).sequence()?;
        let version = inner.unsigned()?;
        let secret = inner.take(der::OCTET_STRING)?;
        let named = inner.take(0xa0).and_then(|c| der::Reader(c).take(der::OID));
        Some((version, secret, named))
    };
    let Some((version, secret, named)) = read() else {
        return Err("x509: failed to parse EC private key: asn1: syntax error: data truncated".into());
    };
    if version != [1] {
        let version = version.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        return Err(format!("x509: unknown EC private key version {version}"));
    }
    let secret = der::trim(secret);
    let padded = |len: usize| {
        let missing = len.checked_sub(secret.len()).ok_or("x509: invalid private key length")?;
        Ok::<_, String>([vec![0; missing].as_slice(), secret].concat())
    };
    let invalid = |_| "crypto/ecdsa: invalid private key".to_owned();
    match curve.or(named) {
        Some(oid::P256) => p256::ecdsa::SigningKey::from_slice(&padded(32)?).map(Key::P256).map_err(invalid),
        Some(oid::P384) => p384::ecdsa::SigningKey::from_slice(&padded(48)?).map(Key::P384).map_err(invalid),
        Some(oid::P521) => p521::ecdsa::SigningKey::from_slice(&padded(66)?).map(Key::P521).map_err(invalid),
        _ => Err("x509: unknown elliptic curve".into()),
    }
}

fn from_pkcs8(bytes: &[u8]) -> Result<Key, String> {
    match form(bytes) {
        Form::Pkcs8 => {}
        other => return Err(misread(other)),
    }
    let read = || {
        let mut inner = der::Reader(bytes).sequence()?;
        inner.take(der::INTEGER)?;
        let mut algorithm = inner.sequence()?;
        let name = algorithm.take(der::OID)?;
        Some((name, algorithm, inner.take(der::OCTET_STRING)?))
    };
    let Some((name, mut parameters, key)) = read() else {
        return Err("asn1: syntax error: data truncated".into());
    };
    let seed = |what: &str| {
        if !parameters.0.is_empty() {
            return Err(format!("x509: invalid {what} private key parameters"));
        }
        let seed = der::Reader(key).take(der::OCTET_STRING);
        let seed =
            seed.ok_or_else(|| format!("x509: invalid {what} private key: asn1: syntax error: data truncated"))?;
        <[u8; 32]>::try_from(seed).map_err(|_| format!("x509: invalid {what} private key length: {}", seed.len()))
    };
    match name {
        oid::RSA => {
            from_pkcs1(key).map_err(|e| format!("x509: failed to parse RSA private key embedded in PKCS#8: {e}"))
        }
        oid::ECDSA => from_sec1(key, parameters.take(der::OID))
            .map_err(|e| format!("x509: failed to parse EC private key embedded in PKCS#8: {e}")),
        oid::ED25519 => Ok(Key::Ed25519(Box::new(Ed25519::from_bytes(&seed("Ed25519")?)))),
        oid::X25519 => Ok(Key::X25519(seed("X25519")?.to_vec())),
        other => Err(format!("x509: PKCS#8 wrapping contained private key with unknown algorithm: {}", dotted(other))),
    }
}

fn from_dsa(bytes: &[u8]) -> Result<Key, String> {
    let read = || {
        let mut inner = der::Reader(bytes).sequence()?;
        inner.take(der::INTEGER)?;
        let numbers: Option<Vec<Vec<u8>>> =
            (0..5).map(|_| Some(der::value(der::INTEGER, inner.take(der::INTEGER)?))).collect();
        Some(numbers?.concat())
    };
    read().map(Key::Dsa).ok_or_else(|| "asn1: structure error: tags don't match".to_owned())
}

/// `1.2.840.113549.1.1.1`
fn dotted(encoded: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut n: u64 = 0;
    for b in encoded {
        n = n.wrapping_shl(7) | u64::from(b & 0x7f);
        if b & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (n / 40).min(2);
                numbers.extend([first, n - first * 40]);
            } else {
                numbers.push(n);
            }
            n = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}
