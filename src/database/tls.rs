//! TLS as Helm's library for databases has it: what is checked of a server's certificate depends on `sslmode`
//! (Go: github.com/lib/pq 1.12, ssl.go).

use super::{Kind, Mode, Refusal, Settings};
use crate::go::time::{Time, Zone};
use crate::tree::cause;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;

fn refused(message: impl Into<String>, helm: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Certificate, message, helm)
}

/// What TLS to a server is done with. `mode` is the one that counts now, of `allow` and `prefer` too.
///
/// # Errors
/// A file cannot be read, or holds something else.
pub(super) fn config(settings: &Settings, mode: Mode) -> Result<ClientConfig, Refusal> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = &settings.tls;
    let number = |version: &str| ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].iter().position(|v| *v == version);
    let (lowest, highest) = (number(&tls.lowest).unwrap_or(0), number(&tls.highest).unwrap_or(3));
    let versions: Vec<&rustls::SupportedProtocolVersion> = [(2, &rustls::version::TLS12), (3, &rustls::version::TLS13)]
        .into_iter()
        .filter(|(number, _)| (lowest..=highest).contains(number))
        .map(|(_, version)| version)
        .collect();
    if versions.is_empty() {
        let message = "there are TLSv1.2 and TLSv1.3 here, and the connection string allows neither";
        return Err(refused(message, "tls: no supported versions satisfy MinVersion and MaxVersion"));
    }
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .map_err(|error| refused(error.to_string(), error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(check(settings, mode, provider)?));
    let mut config = match identity(settings)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            refused(format!("the client's certificate and key are of no use: {error}"), format!("tls: {error}"))
        })?,
    };
    config.enable_sni = tls.sni;
    Ok(config)
}

/// A file of the home folder, if it is there.
fn at_home(settings: &Settings, name: &str) -> Option<String> {
    let path = format!("{}/{name}", settings.folder.as_ref()?);
    Path::new(&path).exists().then_some(path)
}

fn read(path: &str, what: &str) -> Result<Vec<u8>, Refusal> {
    std::fs::read(path).map_err(|error| {
        let words = cause(&error);
        refused(format!("{what} `{path}` cannot be read: {words}"), format!("open {path}: {words}"))
    })
}

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate with its key, if it has one.
fn identity(settings: &Settings) -> Result<Option<Identity>, Refusal> {
    let tls = &settings.tls;
    let (certificate, key) = if tls.inline {
        (tls.certificate.clone().into_bytes(), tls.key.clone().into_bytes())
    } else {
        let named = Some(tls.certificate.clone()).filter(|path| !path.is_empty() && Path::new(path).exists());
        let path = match tls.certificate.is_empty() {
            true => at_home(settings, "postgresql.crt"),
            false => named,
        };
        let Some(path) = path else { return Ok(None) };
        let key = match (tls.key.as_str(), &settings.folder) {
            ("", Some(folder)) => format!("{folder}/postgresql.key"),
            (key, _) => key.to_owned(),
        };
        let certificate = read(&path, "the client's certificate")?;
        let pem = read(&key, "the key of the client's certificate")?;
        if is_open(&key) {
            let helm = "pq: private key has world access; permissions should be u=rw,g=r (0640) if owned by root, or u=rw (0600), or less";
            let hint = format!("chmod 600 {key}");
            return Err(Refusal {
                hint: Some(hint),
                ..refused(format!("others than its owner can read the client's key `{key}`"), helm)
            });
        }
        (certificate, pem)
    };
    let chain = certificates(&certificate);
    let key = PrivateKeyDer::from_pem_slice(&key);
    match key {
        Ok(key) if !chain.is_empty() => Ok(Some((chain, key))),
        Ok(_) => {
            Err(refused("the client's certificate is no PEM", "tls: failed to find any PEM data in certificate input"))
        }
        Err(_) => Err(refused("the client's key is no PEM", "tls: failed to find any PEM data in key input")),
    }
}

/// Whether more people can read a key than may: root's may be read by a group.
#[cfg(unix)]
fn is_open(path: &str) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).is_ok_and(|data| {
        let most = if data.uid() == 0 { 0o640 } else { 0o600 };
        data.mode() & 0o777 & !most != 0
    })
}

/// Whether more people can read a key than may: not asked here.
#[cfg(not(unix))]
fn is_open(_: &str) -> bool {
    false
}

/// What is checked of the server's certificate.
fn check(settings: &Settings, mode: Mode, provider: Arc<CryptoProvider>) -> Result<Check, Refusal> {
    let tls = &settings.tls;
    let mut root = tls.root.clone();
    if root.is_empty() && !tls.inline {
        root = at_home(settings, "root.crt").unwrap_or_default();
    }
    // An authority that is there is asked, even where that was not demanded.
    let strict = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
    if !strict && !tls.inline && root != "system" && !Path::new(&root).exists() {
        root.clear();
    }
    if !strict && root.is_empty() {
        return Ok(Check { chain: None, trusted: Vec::new(), named: false, provider });
    }
    let mut store = RootCertStore::empty();
    let trusted = if root.is_empty() || root == "system" {
        rustls_native_certs::load_native_certs().certs
    } else {
        let pem = if tls.inline { root.clone().into_bytes() } else { read(&root, "the file of authorities")? };
        let found = certificates(&pem);
        if found.is_empty() {
            let message = match tls.inline {
                true => "`sslrootcert` holds no certificate".to_owned(),
                false => format!("`{root}` holds no certificate"),
            };
            return Err(refused(message, "pq: couldn't parse pem from sslrootcert"));
        }
        found
    };
    store.add_parsable_certificates(trusted.iter().cloned());
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
    let chain = chain.build().map_err(|_| {
        let message = "no authority is known that could have signed the server's certificate";
        let helm = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
        Refusal { hint: Some("`sslrootcert=FILE` names authorities".to_owned()), ..refused(message, helm) }
    })?;
    Ok(Check { chain: Some(chain), trusted, named: mode == Mode::VerifyFull, provider })
}

#[derive(Debug)]
struct Check {
    /// Who checks signatures; none where nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted as they are.
    trusted: Vec<CertificateDer<'static>>,
    /// Whether the certificate must be made out to the host.
    named: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Check {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // A certificate that is its own authority is what most databases have; the library wants two.
        if self.trusted.contains(certificate) {
            in_time(certificate, now)?;
            if self.named {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.named => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    // Where nothing is known of the certificate, a signature by it says nothing.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &self.chain {
            Some(chain) => chain.verify_tls12_signature(message, certificate, signed),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &self.chain {
            Some(chain) => chain.verify_tls13_signature(message, certificate, signed),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a certificate is valid at a time.
fn in_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let Some((from, to)) = validity(certificate) else { return Err(CertificateError::BadEncoding.into()) };
    match i64::try_from(now.as_secs()).unwrap_or(i64::MAX) {
        now if now < from => Err(CertificateError::NotValidYet.into()),
        now if now > to => Err(CertificateError::Expired.into()),
        _ => Ok(()),
    }
}

/// From when to when a certificate is valid, in seconds since 1970 (RFC 5280, 4.1).
fn validity(certificate: &[u8]) -> Option<(i64, i64)> {
    const SEQUENCE: u8 = 0x30;
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    // A version stands first, but in the oldest.
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        rest = after;
    }
    // The serial number, the algorithm, the issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (tag, times, _) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let (from_tag, from, times) = element(times)?;
    let (to_tag, to, _) = element(times)?;
    Some((moment(from_tag, from)?, moment(to_tag, to)?))
}

/// The first element of DER: its tag, what it holds, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (held, after) = rest.split_at_checked(length)?;
    Some((*tag, held, after))
}

/// UTCTime, whose years have two digits, or GeneralizedTime.
fn moment(tag: u8, text: &[u8]) -> Option<i64> {
    const UTC_TIME: u8 = 0x17;
    let century: &[u8] = match text.first() {
        _ if tag != UTC_TIME => b"",
        Some(b'0'..=b'4') => b"20",
        _ => b"19",
    };
    let text = [century, text].concat();
    Time::parse(b"20060102150405Z", &text, &Zone::Utc).ok().map(|time| time.unix())
}

/// A host as certificates name it; a name that none can have where names do not count.
pub(super) fn server_name(host: &str, config: &mut ClientConfig, mode: Mode) -> Result<ServerName<'static>, Refusal> {
    match ServerName::try_from(host.to_owned()) {
        Ok(name) => Ok(name),
        Err(_) if mode == Mode::VerifyFull => {
            let message = format!("no certificate can be made out to `{host}`");
            Err(refused(message, format!("x509: \"{host}\" is no valid name")))
        }
        Err(_) => {
            config.enable_sni = false;
            ServerName::try_from("localhost").map_err(|error| refused(error.to_string(), error.to_string()))
        }
    }
}

/// What is told of a handshake that failed.
pub(super) fn failed(error: &std::io::Error, host: &str) -> Refusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (why, go) = match inner {
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer => (
                "its certificate is signed by an authority that is not trusted".to_owned(),
                "x509: certificate signed by unknown authority".to_owned(),
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "its certificate has expired".to_owned(),
                "x509: certificate has expired or is not yet valid".to_owned(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "its certificate is not valid yet".to_owned(),
                "x509: certificate has expired or is not yet valid".to_owned(),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                format!("its certificate is not made out to `{host}`"),
                format!("x509: certificate is not valid for {host}"),
            ),
            // Go takes one that a trusted authority signed; the library here takes none.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
                "its certificate is an authority's own (CA:TRUE), and none that is trusted".to_owned(),
                "x509: certificate signed by unknown authority".to_owned(),
            ),
            other => (format!("its certificate is not accepted: {other}"), format!("x509: {other}")),
        },
        _ => {
            let why = cause(error);
            return refused(format!("the handshake failed: {why}"), why);
        }
    };
    Refusal {
        hint: Some("`sslrootcert=FILE` names authorities, `sslmode` how much is checked".to_owned()),
        ..refused(why, format!("tls: failed to verify certificate: {go}"))
    }
}
