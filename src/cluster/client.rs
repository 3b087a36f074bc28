//! The API of a real cluster. All that waits for the network is in here; whoever calls waits.

use super::{AT_ONCE, Api, Connection, Kind, Patch, Refusal, Target, escaped};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Config, Error as KubeError};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// The most that one answer may hold, in bytes.
const MAX_ANSWER: usize = 512 << 20;

/// How long a program that gives credentials may take.
const LOGIN: Duration = Duration::from_secs(60);

/// The first wait before a request is repeated; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How often a request is repeated that the server was too busy for.
const REPEATS: u32 = 4;

/// A client of one cluster. It sends GET, and PATCH with `dryRun=All`; it has no words for anything else.
pub struct Client {
    runtime: Runtime,
    client: kube::Client,
    /// One permit a request, however many threads ask.
    permits: Semaphore,
    server: String,
    timeout: Duration,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.server)
    }
}

fn unreachable(message: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Unreachable, message)
}

/// The last cause of an error, which is the one that people can do something about.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

impl Client {
    /// Reads the kubeconfig and logs in where that takes a program. The server is not asked yet.
    ///
    /// # Errors
    /// The kubeconfig cannot be read, lacks what it names, or the program for the credentials fails.
    pub fn connect(connection: &Connection) -> Result<Client, Refusal> {
        // The first to choose has the say: there is but one provider in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(format!("no connection can be made: {error}")))?;
        let config = runtime.block_on(config(connection))?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        // The program for the credentials runs while the client is built, however long it takes.
        let (send, receive) = mpsc::channel();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || {
            let _guard = handle.enter();
            let _ = send.send(kube::Client::try_from(config));
        });
        let client = match receive.recv_timeout(LOGIN.max(connection.timeout)) {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(unreachable(format!("no connection can be made: {}", cause(&error)))),
            Err(_) => return Err(unreachable("the program that gives the credentials takes too long")),
        };
        Ok(Client { runtime, client, permits: Semaphore::new(AT_ONCE), server, timeout: connection.timeout })
    }

    async fn send(&self, question: &Question<'_>) -> Result<(u16, Option<Duration>, Vec<u8>), Refusal> {
        let request = match question {
            Question::Get(path) => http::Request::get(*path),
            // The one way to a PATCH: that it is a dry run stands here, and nobody who calls can leave it out.
            Question::Rehearse(target, patch) => {
                let manager = escaped(&patch.manager);
                let force = if patch.force { "&force=true" } else { "" };
                let path = format!("{}?dryRun=All&fieldManager={manager}{force}", target.path());
                http::Request::patch(path).header("content-type", patch.kind.content_type())
            }
        };
        let body = match question {
            Question::Get(_) => Body::empty(),
            Question::Rehearse(_, patch) => Body::from(patch.body.clone()),
        };
        let request = request
            .header("accept", "application/json")
            .header("user-agent", concat!("rhelm/", env!("CARGO_PKG_VERSION")))
            .body(body)
            .map_err(|error| unreachable(error.to_string()))?;
        let response = self.client.send(request).await.map_err(|error| match &error {
            KubeError::Auth(_) => Refusal::new(Kind::Unauthorized, cause(&error)),
            _ => Refusal { sent: true, ..unreachable(connecting(&self.server, &error)) },
        })?;
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| unreachable(format!("the answer broke off: {}", cause(&error))))?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > MAX_ANSWER {
                    let message = format!("the server's answer is larger than {} MiB", MAX_ANSWER >> 20);
                    return Err(Refusal::new(Kind::Garbled, message));
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok((status, wait.map(Duration::from_secs), bytes))
    }

    async fn patiently(&self, question: &Question<'_>) -> Result<Vec<u8>, Refusal> {
        // Closed it never is.
        let _permit = self.permits.acquire().await;
        let end = Instant::now() + self.timeout;
        let mut wait = FIRST_WAIT;
        let mut repeats = 0;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let answer = tokio::time::timeout(left, self.send(question)).await;
            let Ok(answer) = answer else {
                return Err(unreachable(format!("no answer within {} s", self.timeout.as_secs_f32())));
            };
            let (status, asked, bytes) = answer?;
            if status < 300 {
                return Ok(bytes);
            }
            // What a server says of a patch that it cannot make sense of is 500, too, and stays so.
            let broken = status == 500 && matches!(question, Question::Get(_));
            let busy = broken || matches!(status, 429 | 502 | 503 | 504);
            let pause = asked.unwrap_or(wait);
            if !busy || repeats == REPEATS || pause >= end.saturating_duration_since(Instant::now()) {
                return Err(refused(status, &bytes));
            }
            tokio::time::sleep(pause).await;
            repeats += 1;
            wait *= 2;
        }
    }
}

/// What a server says that does not do what it was asked.
fn refused(status: u16, body: &[u8]) -> Refusal {
    let kind = match status {
        401 => Kind::Unauthorized,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        code => Kind::Status(code),
    };
    let said = super::object(body).ok().map(|status| super::text(&status, "message")).filter(|text| !text.is_empty());
    let plain = || {
        let text: String = String::from_utf8_lossy(body).trim().chars().take(200).collect();
        if text.is_empty() { format!("HTTP {status}") } else { text }
    };
    Refusal::new(kind, said.unwrap_or_else(plain))
}

/// What a server is asked.
enum Question<'a> {
    /// What stands at a path.
    Get(&'a str),
    /// What an object would be after a patch.
    Rehearse(&'a Target, &'a Patch),
}

impl Api for Client {
    fn raw(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.patiently(&Question::Get(path)))
    }

    fn rehearse(&self, target: &Target, patch: &Patch) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.patiently(&Question::Rehearse(target, patch)))
    }

    fn server(&self) -> &str {
        &self.server
    }
}

/// What the kubeconfig says, and the flags over it.
async fn config(connection: &Connection) -> Result<Config, Refusal> {
    let mut kubeconfig: Option<Kubeconfig> = None;
    for path in &connection.kubeconfigs {
        if !connection.named && !Path::new(path).exists() {
            continue;
        }
        let wrong = |error: &dyn std::error::Error| unreachable(format!("the kubeconfig `{path}`: {}", cause(error)));
        if connection.named && !Path::new(path).exists() {
            return Err(unreachable(format!("stat {path}: no such file or directory")));
        }
        let next = Kubeconfig::read_from(path).map_err(|error| wrong(&error))?;
        kubeconfig = Some(match kubeconfig {
            None => next,
            Some(first) => first.merge(next).map_err(|error| wrong(&error))?,
        });
    }
    let context = Some(connection.context.clone()).filter(|context| !context.is_empty());
    let empty = |kubeconfig: &Kubeconfig| kubeconfig.contexts.is_empty() && kubeconfig.clusters.is_empty();
    let proxied = kubeconfig.as_ref().is_some_and(|kubeconfig| names_proxy(kubeconfig, context.as_deref()));
    let mut config = match kubeconfig.filter(|kubeconfig| !empty(kubeconfig) || context.is_some()) {
        Some(kubeconfig) => {
            if let Some(name) = context.as_ref().filter(|name| !kubeconfig.contexts.iter().any(|c| c.name == **name)) {
                return Err(unreachable(format!("context \"{name}\" does not exist")));
            }
            let options = KubeConfigOptions { context, cluster: None, user: None };
            let found = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            found.map_err(|error| unreachable(format!("the kubeconfig does not lead to a cluster: {error}")))?
        }
        None if context.is_some() => {
            return Err(unreachable(format!("context \"{}\" does not exist", connection.context)));
        }
        // In a pod the cluster is the pod's, unless a server is named.
        None => match Config::incluster() {
            Ok(config) if connection.server.is_empty() => config,
            _ => Config::new(http::Uri::from_static("http://localhost:8080")),
        },
    };
    if !connection.server.is_empty() {
        // Without a scheme kubectl takes it for plain HTTP.
        let url = match connection.server.contains("://") {
            true => connection.server.clone(),
            false => format!("http://{}", connection.server),
        };
        config.cluster_url =
            url.parse().map_err(|error| unreachable(format!("`{}` is no URL: {error}", connection.server)))?;
    }
    // As in Go, a variable names no proxy for servers on this machine: `HTTPS_PROXY` stands beside a cluster of kind's.
    if !proxied && config.cluster_url.host().is_some_and(is_here) {
        config.proxy_url = None;
    }
    if !connection.token.is_empty() {
        config.auth_info.token = Some(connection.token.clone().into());
        config.auth_info.token_file = None;
    }
    if !connection.as_user.is_empty() {
        config.auth_info.impersonate = Some(connection.as_user.clone());
    }
    if !connection.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(connection.as_groups.clone());
    }
    if !connection.ca_file.is_empty() {
        let path = &connection.ca_file;
        let pem = std::fs::read(path).map_err(|error| {
            unreachable(format!("invalid configuration: unable to read certificate-authority {path}: {error}"))
        })?;
        let certificates = rustls_pki_types::pem::PemObject::pem_slice_iter(&pem)
            .map(|found: Result<rustls_pki_types::CertificateDer<'_>, _>| found.map(|der| der.to_vec()))
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_default();
        if certificates.is_empty() {
            let words = "unable to load root certificates: no valid certificate authority data seen";
            return Err(unreachable(format!("{words} in `{path}`")));
        }
        config.root_cert = Some(certificates);
        config.root_cert_file = None;
    }
    if !connection.tls_server_name.is_empty() {
        config.tls_server_name = Some(connection.tls_server_name.clone());
    }
    if connection.insecure {
        config.accept_invalid_certs = true;
    }
    // Whoever waits gives up first, and says how long that was.
    let later = connection.timeout.saturating_add(Duration::from_secs(1));
    config.connect_timeout = Some(later);
    config.read_timeout = Some(later);
    config.write_timeout = Some(later);
    config.default_retry = false;
    Ok(config)
}

/// Whether the cluster of a context, or of the current one, has a proxy of its own.
fn names_proxy(kubeconfig: &Kubeconfig, context: Option<&str>) -> bool {
    let current = context.or(kubeconfig.current_context.as_deref());
    let named = kubeconfig.contexts.iter().find(|named| Some(named.name.as_str()) == current);
    let cluster = named.and_then(|named| named.context.as_ref()).map(|context| context.cluster.as_str());
    let found = kubeconfig.clusters.iter().find(|named| Some(named.name.as_str()) == cluster);
    let proxy = found.and_then(|named| named.cluster.as_ref()).and_then(|cluster| cluster.proxy_url.as_deref());
    proxy.is_some_and(|proxy| !proxy.is_empty())
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What Go would say of a connection that does not come about.
fn connecting(server: &str, error: &dyn std::error::Error) -> String {
    let words = cause(error);
    let address = server.split_once("://").map_or(server, |(_, rest)| rest);
    let refused = words.starts_with("Connection refused");
    // Go names the address behind a name, which nobody here knows.
    let address = address.replace("localhost:", "127.0.0.1:");
    match address.parse::<std::net::SocketAddr>() {
        Ok(address) if refused => format!("dial tcp {address}: connect: connection refused"),
        _ => words,
    }
}
