//! Certificates in DER: written as Go's `x509.CreateCertificate` writes them, read as far as signing needs.

use super::der::{self, Reader};
use super::keys::{Key, Public};
use crate::diagnostic::Failure;
use crate::go::quote::quoted;
use crate::go::time::{Time, Zone};
use crate::value::Str;
use std::net::IpAddr;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTHENTICATION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// What sprig fills in of a certificate.
pub(super) struct Template {
    /// A big-endian number.
    pub(super) serial: [u8; 16],
    pub(super) common_name: Str,
    pub(super) ips: Vec<IpAddr>,
    pub(super) dns_names: Vec<Vec<u8>>,
    pub(super) not_before: Time,
    pub(super) not_after: Time,
    pub(super) is_ca: bool,
}

/// What signing needs of the issuer's certificate.
pub(super) struct Issuer {
    /// Its subject, in DER.
    pub(super) subject: Vec<u8>,
    pub(super) key_id: Vec<u8>,
    /// Its public key, in DER: algorithm and the contents of the bit string.
    pub(super) public: Public,
}

fn time(t: &Time) -> Result<Vec<u8>, Failure> {
    let utc = t.in_zone(Zone::Utc);
    let year: i64 = std::str::from_utf8(&utc.format(b"2006")).ok().and_then(|y| y.parse().ok()).unwrap_or(0);
    match year {
        1950..2050 => Ok(der::value(der::UTC_TIME, &utc.format(b"060102150405Z"))),
        0..=9999 => Ok(der::value(der::GENERALIZED_TIME, &utc.format(b"20060102150405Z"))),
        _ => Err(Failure::new("asn1: structure error: cannot represent time as GeneralizedTime")),
    }
}

/// A name of one part; empty without it.
fn name(common_name: &[u8]) -> Result<Vec<u8>, Failure> {
    if common_name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    // Go takes `*` and `&` for unprintable here.
    let printable = |b: &u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(b);
    let tag = if common_name.iter().all(printable) {
        der::PRINTABLE_STRING
    } else if std::str::from_utf8(common_name).is_ok() {
        der::UTF8_STRING
    } else {
        return Err(Failure::new("asn1: string not valid UTF-8"));
    };
    let attribute = der::sequence(&[&der::oid(COMMON_NAME), &der::value(tag, common_name)]);
    Ok(der::sequence(&[&der::value(der::SET, &attribute)]))
}

fn extension(id: &[u8], critical: bool, contents: &[u8]) -> Vec<u8> {
    let critical = if critical { der::value(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    der::sequence(&[&der::oid(id), &critical, &der::value(der::OCTET_STRING, contents)])
}

fn alternative_names(template: &Template) -> Result<Vec<u8>, Failure> {
    let mut names = Vec::new();
    for dns in &template.dns_names {
        if !dns.is_ascii() {
            return Err(Failure::new(format!("x509: {} cannot be encoded as an IA5String", quoted(dns))));
        }
        names.extend(der::value(0x82, dns));
    }
    for ip in &template.ips {
        names.extend(match ip.to_canonical() {
            IpAddr::V4(ip) => der::value(0x87, &ip.octets()),
            IpAddr::V6(ip) => der::value(0x87, &ip.octets()),
        });
    }
    Ok(der::value(der::SEQUENCE, &names))
}

fn extensions(template: &Template, empty: bool, own_id: &[u8], issuer_id: &[u8]) -> Result<Vec<u8>, Failure> {
    // Digital signature and key encipherment, of a CA also certificate signing.
    let usage: &[u8] = if template.is_ca { &[0x02, 0xa4] } else { &[0x05, 0xa0] };
    let mut all = extension(KEY_USAGE, true, &der::value(der::BIT_STRING, usage));
    let purposes = der::sequence(&[&der::oid(SERVER_AUTHENTICATION), &der::oid(CLIENT_AUTHENTICATION)]);
    all.extend(extension(EXTENDED_KEY_USAGE, false, &purposes));
    let ca = if template.is_ca { der::value(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    all.extend(extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&ca])));
    if !own_id.is_empty() {
        all.extend(extension(SUBJECT_KEY_ID, false, &der::value(der::OCTET_STRING, own_id)));
    }
    if !issuer_id.is_empty() {
        all.extend(extension(AUTHORITY_KEY_ID, false, &der::sequence(&[&der::value(0x80, issuer_id)])));
    }
    if !template.dns_names.is_empty() || !template.ips.is_empty() {
        // RFC 5280, 4.2.1.6: critical where there is no subject.
        all.extend(extension(SUBJECT_ALT_NAME, empty, &alternative_names(template)?));
    }
    Ok(der::value(0xa3, &der::value(der::SEQUENCE, &all)))
}

/// A signed certificate in DER; without an issuer, signed by itself. The error has the words of `CreateCertificate`.
pub(super) fn create(
    template: &Template,
    public: &Public,
    issuer: Option<&Issuer>,
    signer: &Key,
) -> Result<Vec<u8>, Failure> {
    let algorithm = signer.signature_algorithm()?;
    let subject = name(&template.common_name)?;
    let issuer_name = issuer.map_or(&subject, |i| &i.subject);
    let own_id = if template.is_ca { key_id(&public.key) } else { Vec::new() };
    let issuer_id = issuer.filter(|i| i.subject != subject).map_or(&[][..], |i| &i.key_id);
    if let Some(issuer) = issuer {
        let signing = signer.public()?;
        if (signing.algorithm, signing.key) != (issuer.public.algorithm.clone(), issuer.public.key.clone()) {
            return Err(Failure::new("x509: provided PrivateKey doesn't match parent's PublicKey"));
        }
    }
    let extensions = extensions(template, template.common_name.is_empty(), &own_id, issuer_id)?;
    let body = der::sequence(&[
        &der::value(0xa0, &der::integer(&[2])),
        &der::integer(&template.serial),
        &algorithm,
        issuer_name,
        &der::sequence(&[&time(&template.not_before)?, &time(&template.not_after)?]),
        &subject,
        &der::sequence(&[&public.algorithm, &der::bits(&public.key)]),
        &extensions,
    ]);
    let signature = signer.sign(&body)?;
    Ok(der::sequence(&[&body, &algorithm, &der::bits(&signature)]))
}

/// RFC 7093, 2: the first 160 bits of the key's SHA-256.
fn key_id(public: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(public).iter().take(20).copied().collect()
}

/// Reads a certificate. The error has Go's words as far as they are known.
pub(super) fn read(bytes: &[u8]) -> Result<Issuer, String> {
    let mut outer = Reader(bytes);
    let Some(mut certificate) = outer.sequence() else { return Err("x509: malformed certificate".into()) };
    if !outer.0.is_empty() {
        return Err("x509: trailing data".into());
    }
    let Some(mut body) = certificate.sequence() else { return Err("x509: malformed tbs certificate".into()) };
    let version = body.take(0xa0).map_or(Some(0), |v| Reader(v).unsigned().map(|v| v.first().copied().unwrap_or(0)));
    if version.is_none() {
        return Err("x509: malformed version".into());
    }
    let part = |read: Option<&[u8]>, what: &str| match read {
        Some(_) => Ok(()),
        None => Err(format!("x509: malformed {what}")),
    };
    part(body.take(der::INTEGER), "serial number")?;
    part(body.take(der::SEQUENCE), "signature algorithm identifier")?;
    part(body.take(der::SEQUENCE), "issuer")?;
    part(body.take(der::SEQUENCE), "validity")?;
    let Some((der::SEQUENCE, _, subject)) = body.any() else { return Err("x509: malformed issuer".into()) };
    let Some(mut key) = body.sequence() else { return Err("x509: malformed spki".into()) };
    let Some((der::SEQUENCE, _, algorithm)) = key.any() else {
        return Err("x509: malformed public key algorithm identifier".into());
    };
    let Some(public) = key.bits() else { return Err("x509: malformed subjectPublicKey".into()) };
    part(certificate.take(der::SEQUENCE), "algorithm identifier")?;
    part(certificate.take(der::BIT_STRING), "signature")?;
    Ok(Issuer {
        subject: subject.to_vec(),
        key_id: subject_key_id(body).unwrap_or_default().to_vec(),
        public: Public { algorithm: algorithm.to_vec(), key: public.to_vec() },
    })
}

fn subject_key_id(mut body: Reader<'_>) -> Option<&[u8]> {
    // Unique identifiers may stand before the extensions.
    while let Some((tag, contents, _)) = body.any() {
        if tag != 0xa3 {
            continue;
        }
        let mut extensions = Reader(contents).sequence()?;
        while let Some(mut extension) = extensions.sequence() {
            let id = extension.take(der::OID)?;
            let _critical = extension.take(der::BOOLEAN);
            let value = extension.take(der::OCTET_STRING)?;
            if id == SUBJECT_KEY_ID {
                return Reader(value).take(der::OCTET_STRING);
            }
        }
    }
    None
}
