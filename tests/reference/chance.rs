//! What follows from chance cannot be equal: its structure is compared instead. Lengths and alphabets, the types of PEM
//! blocks, the fields of certificates (read by a library that neither program uses).

use crate::chart::ChartCase;
use crate::helm;
use crate::judge::{Difference, Tally};
use std::collections::BTreeSet;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

/// Tells of a result what must be the same each time.
type Describe = fn(&str) -> String;

/// An expression and how its result is described.
const CASES: &[(&str, Describe)] = &[
    ("randAlpha 400", alphabet),
    ("randAlphaNum 900", alphabet),
    ("randNumeric 200", alphabet),
    ("randAscii 3000", alphabet),
    ("randAlpha 0", alphabet),
    ("randBytes 16 | b64dec | len", text),
    ("randBytes 16", shape),
    ("randInt 5 6", text),
    ("randInt -3 9000 | int | lt 8999", text),
    ("uuidv4", uuid),
    ("shuffle \"abcdefß\"", sorted),
    ("now | date \"2006-01-02T15:04:05Z07:00\"", shape),
    ("now | unixEpoch | len", text),
    ("now | kindOf", text),
    ("htmlDate now", shape),
    ("now | dateModify \"24h\" | date \"2006\" | len", text),
    ("ago now", text),
    ("bcrypt \"secret\"", hash),
    ("htpasswd \"user\" \"secret\"", hash),
    ("htpasswd \"us:er\" \"secret\"", text),
    ("encryptAES \"key\" \"plain text\" | decryptAES \"key\"", text),
    ("encryptAES \"key\" \"0123456789abcdef\" | len", text),
    ("genPrivateKey \"rsa\"", pem),
    ("genPrivateKey \"ecdsa\"", pem),
    ("genPrivateKey \"ed25519\"", pem),
    ("genPrivateKey \"x\"", text),
    ("(genCA \"my-ca\" 365).Cert", certificate),
    ("(genCA \"my-ca\" 365).Key", pem),
    ("(genCA \"ünï\" 0).Cert", certificate),
    ("(genCA \"\" -1).Cert", certificate),
    ("(genCAWithKey \"k\" 10 (genPrivateKey \"ecdsa\")).Cert", certificate),
    ("(genCAWithKey \"k\" 10 (genPrivateKey \"ed25519\")).Cert", certificate),
    ("(genSelfSignedCert \"a.example\" (list \"10.0.0.1\" \"::1\") (list \"a.example\" \"*.b\") 30).Cert", certificate),
    ("(genSelfSignedCert \"a.example\" nil nil 30).Cert", certificate),
    ("(genSelfSignedCert \"a.example\" (list \"10.0.0.1\") nil 30).Key", pem),
    ("(genSelfSignedCertWithKey \"a\" nil (list \"d\") 30 (genPrivateKey \"ecdsa\")).Cert", certificate),
    ("(genSignedCert \"leaf\" (list \"10.0.0.1\") (list \"x\") 7 (genCA \"root\" 365)).Cert", certificate),
    ("(genSignedCertWithKey \"leaf\" nil nil 7 (genCA \"root\" 365) (genPrivateKey \"ed25519\")).Cert", certificate),
    ("(genSignedCert \"leaf\" nil nil 7 (genCAWithKey \"root\" 365 (genPrivateKey \"ecdsa\"))).Cert", certificate),
    ("genSelfSignedCert \"a\" (list \"300.1.1.1\") nil 1", text),
    ("genSelfSignedCert \"a\" (list 1) nil 1", text),
    ("genSelfSignedCert \"a\" nil (list 1) 1", text),
    ("genCAWithKey \"a\" 1 \"no pem\"", text),
    ("buildCustomCert \"x\" \"y\"", text),
    ("genPrivateKey \"dsa\"", pem),
];

pub fn run(helm: &helm::Helm) -> Tally {
    let mut tally = Tally::default();
    for (expression, describe) in CASES {
        let mut case = ChartCase { args: vec!["r".into(), "c".into()], ..ChartCase::default() };
        case.insert("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
        case.insert("c/templates/a.yaml", format!("v: {{{{ {expression} | toJson }}}}\n"));
        let (theirs, ours) = case.both(helm);
        let told = |ran: &helm::Ran| {
            let out = String::from_utf8_lossy(&ran.stdout);
            let json = out.lines().find_map(|line| line.strip_prefix("v: ")).unwrap_or_default();
            match serde_json::from_str::<serde_json::Value>(json) {
                Ok(serde_json::Value::String(text)) => format!("{} {}", ran.exit, describe(&text)),
                Ok(other) => format!("{} {}", ran.exit, describe(&other.to_string())),
                Err(_) => format!("{} {}", ran.exit, String::from_utf8_lossy(&ran.stderr)),
            }
        };
        let (theirs, ours) = (told(&theirs), told(&ours));
        if theirs != ours {
            tally.differences.push(Difference {
                case: "--only chance".into(),
                text: (*expression).to_owned(),
                helm: theirs,
                ours,
            });
        } else if ours.starts_with('0') {
            tally.output += 1;
        } else {
            tally.error += 1;
        }
    }
    tally
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Its length and every character that it draws upon.
fn alphabet(text: &str) -> String {
    let alphabet: BTreeSet<char> = text.chars().collect();
    format!("{} of {}", text.len(), alphabet.into_iter().collect::<String>())
}

/// Letters as `a`, digits as `0`.
fn shape(text: &str) -> String {
    if text.ends_with("==") {
        return format!("base64 of {}", text.len());
    }
    text.chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '0'
            } else if c.is_alphabetic() {
                'a'
            } else {
                c
            }
        })
        .collect()
}

fn uuid(text: &str) -> String {
    let mut shape: Vec<char> = text.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    // The version stands, of the variant two bits.
    shape[14] = text.chars().nth(14).unwrap_or('?');
    let variant = text.chars().nth(19).and_then(|c| c.to_digit(16)).map_or(0, |digit| digit >> 2);
    format!("{} variant {variant}", shape.into_iter().collect::<String>())
}

fn sorted(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    chars.sort_unstable();
    chars.into_iter().collect()
}

/// `user:$2a$10$` and how much follows.
fn hash(text: &str) -> String {
    let at = text.rfind('$').map_or(0, |at| at + 1);
    format!("{} and {} more", &text[..at], text.len() - at)
}

fn blocks(text: &str) -> Vec<Pem> {
    Pem::iter_from_buffer(text.as_bytes()).filter_map(Result::ok).collect()
}

/// Types and sizes of PEM blocks; a key's encoding may be a byte or two shorter when a number begins with zeros.
fn pem(text: &str) -> String {
    let lines = text.lines().map(str::len).max().unwrap_or(0);
    let told: Vec<String> =
        blocks(text).iter().map(|block| format!("{} {}", block.label, (block.contents.len() + 32) / 64 * 64)).collect();
    format!("{} in lines of {lines}, newline at the end: {}", told.join(", "), text.ends_with('\n'))
}

fn certificate(text: &str) -> String {
    let Some(block) = blocks(text).into_iter().next() else { return format!("no PEM: {text}") };
    let Ok((_, certificate)) = X509Certificate::from_der(&block.contents) else { return "no certificate".to_owned() };
    let key = certificate.public_key();
    let validity = certificate.validity();
    let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) as f64 / 86_400.0;
    // Identifiers that are digests of a key are told by their length.
    let extensions: Vec<String> = certificate
        .extensions()
        .iter()
        .map(|extension| {
            let parsed = extension.parsed_extension();
            let name = extension.oid.to_id_string();
            let value = match name.as_str() {
                "2.5.29.14" | "2.5.29.35" => format!("{} bytes", extension.value.len()),
                _ => format!("{parsed:?}"),
            };
            format!("\n  {name} critical {} {value}", extension.critical)
        })
        .collect();
    format!(
        "{} version {:?} subject {:?} issuer {} days {days:.2} signature {} key {} of {} bits serial of {} bytes or less{}",
        block.label,
        certificate.version(),
        certificate.subject().to_string(),
        certificate.issuer(),
        certificate.signature_algorithm.algorithm,
        key.algorithm.algorithm,
        key.parsed().map_or(0, |key| key.key_size()),
        certificate.raw_serial().len().max(17),
        extensions.concat()
    )
}
