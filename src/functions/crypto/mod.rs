//! Keys, certificates and passwords.

mod aes;
mod certificates;
mod der;
mod keys;
mod passwords;
mod pem;
mod x509;

use super::{Call, Function};
use crate::diagnostic::Failure;
use crate::value::{Param, ParamKind, Value};
use crate::world::World;
use rand_core::{Infallible, TryCryptoRng, TryRng};

const fn text(name: &'static str) -> Param {
    Param { name, kind: ParamKind::Str }
}

const fn function(
    name: &'static str,
    params: &'static [Param],
    call: fn(&mut Call<'_>) -> Result<Value, Failure>,
) -> Function {
    Function { name, params, rest: None, call }
}

const NAME: Param = text("common_name");
const DAYS: Param = Param { name: "days", kind: ParamKind::Int };
const IPS: Param = Param { name: "ips", kind: ParamKind::List };
const DNS: Param = Param { name: "dns_names", kind: ParamKind::List };
const KEY: Param = text("key");
const CA: Param = Param { name: "ca", kind: ParamKind::Type("sprig.certificate") };

pub(super) const FUNCTIONS: &[Function] = &[
    function("bcrypt", &[text("password")], passwords::bcrypt),
    function("htpasswd", &[text("user"), text("password")], passwords::htpasswd),
    function(
        "derivePassword",
        &[
            Param { name: "counter", kind: ParamKind::Uint32 },
            text("type"),
            text("password"),
            text("user"),
            text("site"),
        ],
        passwords::derive,
    ),
    function("encryptAES", &[text("password"), text("text")], aes::encrypt),
    function("decryptAES", &[text("password"), text("text")], aes::decrypt),
    function("genPrivateKey", &[text("type")], keys::generate),
    function("genCA", &[NAME, DAYS], certificates::ca),
    function("genCAWithKey", &[NAME, DAYS, KEY], certificates::ca_with_key),
    function("genSelfSignedCert", &[NAME, IPS, DNS, DAYS], certificates::self_signed),
    function("genSelfSignedCertWithKey", &[NAME, IPS, DNS, DAYS, KEY], certificates::self_signed_with_key),
    function("genSignedCert", &[NAME, IPS, DNS, DAYS, CA], certificates::signed),
    function("genSignedCertWithKey", &[NAME, IPS, DNS, DAYS, CA, KEY], certificates::signed_with_key),
    function("buildCustomCert", &[text("certificate"), KEY], certificates::build),
];

/// The world's chance, as the cryptographic crates want it.
struct Chance<'a>(&'a mut World);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.random(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.random(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.random(out);
        Ok(())
    }
}

impl TryCryptoRng for Chance<'_> {}
