//! `genCA`, `genSelfSignedCert`, `genSignedCert`, their forms with a key, `buildCustomCert`.

use super::super::Call;
use super::keys::{self, Key};
use super::pem;
use super::x509::{self, Issuer, Template};
use crate::diagnostic::Failure;
use crate::go::base64;
use crate::go::fmt;
use crate::go::time::Time;
use crate::value::{Json, Layout, Object, Str, Value};
use std::any::Any;
use std::net::IpAddr;

/// `sprig.certificate`: both in PEM.
struct Certificate {
    cert: Str,
    key: Str,
}

impl Object for Certificate {
    fn go_type(&self) -> &'static str {
        "sprig.certificate"
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        out.extend_from_slice(&self.cert);
        out.push(b' ');
        out.extend_from_slice(&self.key);
        out.push(b'}');
    }

    fn layout(&self) -> Option<Layout> {
        let field = |text: &Str| Layout::Value(text.clone().into());
        Some(Layout::Struct("sprig.certificate", vec![("Cert", field(&self.cert)), ("Key", field(&self.key))]))
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.cert.clone().into()),
            "Key" => Some(self.key.clone().into()),
            _ => None,
        }
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(vec![("Cert", self.cert.clone().into()), ("Key", self.key.clone().into())]))
    }

    fn yaml(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(vec![("cert", self.cert.clone().into()), ("key", self.key.clone().into())]))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        let other = other.as_any().downcast_ref::<Certificate>();
        other.is_some_and(|o| o.cert == self.cert && o.key == self.key)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The bits of the RSA keys that are made.
const BITS: usize = 2048;

fn given_key(call: &Call<'_>, i: usize) -> Result<Key, Failure> {
    Key::from_pem(&call.str(i)).map_err(|e| Failure::new(format!("parsing private key: {e}")))
}

pub(super) fn ca(call: &mut Call<'_>) -> Result<Value, Failure> {
    let key = keys::rsa(call.host.world(), BITS)?;
    authority(call, &key)
}

pub(super) fn ca_with_key(call: &mut Call<'_>) -> Result<Value, Failure> {
    let key = given_key(call, 2)?;
    authority(call, &key)
}

fn authority(call: &mut Call<'_>, key: &Key) -> Result<Value, Failure> {
    let mut template = template(call, &Value::Nil, &Value::Nil, 1)?;
    template.is_ca = true;
    issue(&template, key, None, key)
}

pub(super) fn self_signed(call: &mut Call<'_>) -> Result<Value, Failure> {
    let template = leaf(call)?;
    let key = keys::rsa(call.host.world(), BITS)?;
    issue(&template, &key, None, &key)
}

pub(super) fn self_signed_with_key(call: &mut Call<'_>) -> Result<Value, Failure> {
    let key = given_key(call, 4)?;
    let template = leaf(call)?;
    issue(&template, &key, None, &key)
}

pub(super) fn signed(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (issuer, signer) = signer(call)?;
    let template = leaf(call)?;
    let key = keys::rsa(call.host.world(), BITS)?;
    issue(&template, &key, Some(&issuer), &signer)
}

pub(super) fn signed_with_key(call: &mut Call<'_>) -> Result<Value, Failure> {
    let key = given_key(call, 5)?;
    let (issuer, signer) = signer(call)?;
    let template = leaf(call)?;
    issue(&template, &key, Some(&issuer), &signer)
}

/// From the arguments name, IPs, DNS names, days.
fn leaf(call: &mut Call<'_>) -> Result<Template, Failure> {
    let (ips, dns) = (call.arg(1).clone(), call.arg(2).clone());
    template(call, &ips, &dns, 3)
}

fn template(call: &mut Call<'_>, ips: &Value, dns: &Value, days: usize) -> Result<Template, Failure> {
    let (ips, dns_names) = (addresses(ips)?, names(dns)?);
    let (common_name, days) = (call.str(0), call.int(days));
    let world = call.host.world();
    let mut serial = [0; 16];
    world.random(&mut serial);
    let not_before = Time::from_nanoseconds(world.now());
    // Go's product of nanoseconds wraps.
    const DAY: i64 = 86_400_000_000_000;
    let not_after = not_before.add(days.wrapping_mul(DAY));
    Ok(Template { serial, common_name, ips, dns_names, not_before, not_after, is_ca: false })
}

fn items(list: &Value) -> &[Value] {
    match list {
        Value::List(_, items) => items,
        _ => &[],
    }
}

fn shown(value: &Value) -> String {
    let mut out = Vec::new();
    // What cannot be printed is left out of the words.
    let _ = fmt::print_value(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

fn addresses(list: &Value) -> Result<Vec<IpAddr>, Failure> {
    let parse = |item: &Value| match item {
        Value::Str(text) => {
            let ip = text.utf8().and_then(|t| t.parse().ok());
            ip.ok_or_else(|| Failure::new(format!("error parsing ip: {}", text.lossy())))
        }
        other => Err(Failure::new(format!("error parsing ip: {} is not a string", shown(other)))),
    };
    items(list).iter().map(parse).collect()
}

fn names(list: &Value) -> Result<Vec<Vec<u8>>, Failure> {
    let name = |item: &Value| match item {
        Value::Str(text) => Ok(text.to_vec()),
        other => Err(Failure::new(format!("error processing alternate dns name: {} is not a string", shown(other)))),
    };
    items(list).iter().map(name).collect()
}

/// The CA that is the fifth argument: its certificate and key.
fn signer(call: &Call<'_>) -> Result<(Issuer, Key), Failure> {
    let nothing = Certificate { cert: Str::default(), key: Str::default() };
    let ca = call.arg(4).downcast::<Certificate>().unwrap_or(&nothing);
    let Some((_, bytes)) = pem::decode(&ca.cert) else {
        return Err(Failure::new("unable to decode certificate"));
    };
    let issuer = x509::read(&bytes);
    let issuer =
        issuer.map_err(|e| Failure::new(format!("error parsing certificate: decodedSignerCert.Bytes: {e}")))?;
    let key = Key::from_pem(&ca.key).map_err(|e| Failure::new(format!("error parsing private key: {e}")))?;
    Ok((issuer, key))
}

fn issue(template: &Template, key: &Key, issuer: Option<&Issuer>, signer: &Key) -> Result<Value, Failure> {
    let create = || {
        // Go asks the signer first what it can sign.
        signer.signature_algorithm()?;
        x509::create(template, &key.public()?, issuer, signer)
    };
    let bytes = create().map_err(|e| Failure::new(format!("error creating certificate: {e}")))?;
    Ok(Value::object(Certificate { cert: pem::encode("CERTIFICATE", &bytes).into(), key: key.pem()?.into() }))
}

/// `buildCustomCert`: a certificate and key from base 64 of PEM.
pub(super) fn build(call: &mut Call<'_>) -> Result<Value, Failure> {
    let cert = base64::decode(&call.str(0)).map_err(|_| "unable to decode base64 certificate")?;
    let key = base64::decode(&call.str(1)).map_err(|_| "unable to decode base64 private key")?;
    let Some((_, bytes)) = pem::decode(&cert) else {
        return Err(Failure::new("unable to decode certificate"));
    };
    x509::read(&bytes).map_err(|e| Failure::new(format!("error parsing certificate: decodedCert.Bytes: {e}")))?;
    Key::from_pem(&key).map_err(|e| Failure::new(format!("error parsing private key: {e}")))?;
    Ok(Value::object(Certificate { cert: cert.into(), key: key.into() }))
}
