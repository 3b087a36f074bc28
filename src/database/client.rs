//! A connection to a real database. All that waits for the network is in here; whoever calls waits.

use super::{Database, Host, Kept, Kind, Mode, Refusal, Row, Session, Settings, kept, tls};
use crate::tree::cause;
use futures_util::TryStreamExt as _;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls};

/// The most that one message of the server may hold, in bytes: a row is one.
const MAX_MESSAGE: u32 = 256 << 20;

/// What a client sends to ask for TLS: its length, and a number that is no version.
const TLS_PLEASE: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What everything is asked in. A transaction, and not a setting of the session: a pooler between here and the server
/// would hand a session with that setting to others, and refuses most settings in the connection.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// A connection to one database, which can read alone.
pub struct Client {
    runtime: Runtime,
    client: tokio_postgres::Client,
    name: String,
    timeout: Duration,
    /// One asks after the other. Whether an answer never came: what is asked behind it would wait as well.
    late: Mutex<bool>,
}

impl Client {
    /// Connects to the first of the servers that fits. `timeout` is for the connection, unless the settings have their own,
    /// and for each query.
    ///
    /// # Errors
    /// None can be reached, or lets us in.
    pub fn connect(settings: &Settings, timeout: Duration) -> Result<Client, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(format!("no connection can be made: {error}"), error.to_string()))?;
        let limit = settings.connect_timeout.unwrap_or(timeout);
        match runtime.block_on(first(settings, limit)) {
            Ok((client, host)) => {
                Ok(Client { runtime, client, name: settings.name(&[host]), timeout, late: Mutex::default() })
            }
            Err(refusal) => {
                // A resolver that hangs is not waited for.
                runtime.shutdown_background();
                Err(refusal)
            }
        }
    }

    /// A question is a transaction of its own: none stays open while charts render.
    async fn ask(&self, query: &str, parameters: &[&str], each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Failure> {
        let mut left = self.timeout;
        within(&mut left, self.client.batch_execute(BEGIN)).await?;
        let answer = self.answer(query, parameters, each, &mut left).await;
        if !matches!(answer, Err(Failure::Late)) {
            within(&mut left, self.client.batch_execute("ROLLBACK")).await?;
        }
        answer
    }

    async fn answer(
        &self,
        query: &str,
        parameters: &[&str],
        each: &mut dyn FnMut(&Row<'_>),
        left: &mut Duration,
    ) -> Result<(), Failure> {
        let parameters = parameters.iter().map(|text| (text as &(dyn ToSql + Sync), Type::TEXT));
        let rows = within(left, self.client.query_typed_raw(query, parameters)).await?;
        let mut rows = pin!(rows);
        while let Some(row) = within(left, rows.try_next()).await? {
            let texts: Result<Vec<Option<&str>>, _> = (0..row.len()).map(|i| row.try_get(i)).collect();
            each(&texts.map_err(Failure::Said)?);
        }
        Ok(())
    }
}

/// Why a query came to nothing.
enum Failure {
    Late,
    Said(tokio_postgres::Error),
}

/// Waits, for no longer than is left. What is done between waits does not count.
async fn within<T>(
    left: &mut Duration,
    wait: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    let found = tokio::time::timeout(*left, wait).await;
    *left = left.saturating_sub(begun.elapsed());
    found.map_err(|_| Failure::Late)?.map_err(Failure::Said)
}

impl Database for Client {
    fn rows(&self, query: &str, parameters: &[&str], each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Refusal> {
        let mut is_late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_late {
            return Err(Refusal { connected: true, ..late(self.timeout, "i/o timeout") });
        }
        self.runtime.block_on(async {
            let refusal = match self.ask(query, parameters, each).await {
                Ok(()) => return Ok(()),
                Err(Failure::Late) => {
                    *is_late = true;
                    late(self.timeout, "i/o timeout")
                }
                Err(Failure::Said(error)) => refused(&error),
            };
            Err(Refusal { connected: true, ..refusal })
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

fn unreachable(message: impl Into<String>, helm: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Unreachable, message, helm)
}

fn late(after: Duration, helm: impl Into<String>) -> Refusal {
    unreachable(format!("no answer within {} s", after.as_secs_f32()), helm)
}

/// What is told of an error of the server, or on the way to it.
fn refused(error: &tokio_postgres::Error) -> Refusal {
    if let Some(said) = error.as_db_error() {
        let code = said.code();
        let kind = match code {
            code if code.code().starts_with("28") => Kind::Credentials,
            &SqlState::INSUFFICIENT_PRIVILEGE => Kind::Forbidden,
            _ => Kind::Failed,
        };
        let helm = format!("pq: {} ({})", said.message(), code.code());
        let mut refusal = Refusal::new(kind, said.message(), helm);
        refusal.facts.extend(said.detail().map(str::to_owned));
        return refusal;
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    let words = match last.downcast_ref::<io::Error>() {
        Some(error) => cause(error),
        None if error.is_closed() => return unreachable("the server closed the connection", "EOF"),
        None => last.to_string(),
    };
    unreachable(words.clone(), format!("pq: {words}"))
}

/// How far a connection came.
enum Stage {
    Reached,
    Secured,
}

/// The first server that fits.
async fn first(settings: &Settings, limit: Duration) -> Result<(tokio_postgres::Client, Host), Refusal> {
    let mut hosts = settings.hosts.clone();
    if settings.shuffle {
        // Fisher and Yates; which server is asked is nothing that anybody should repeat.
        for last in (1..hosts.len()).rev() {
            let chance = getrandom::u32().unwrap_or_default() as usize;
            hosts.swap(last, chance % (last + 1));
        }
    }
    let mut refusals: Vec<(Host, Refusal)> = Vec::new();
    // Where no server is a standby, any other is good enough for who would like one.
    let sessions: &[Session] = match &settings.session {
        Session::PreferStandby => &[Session::Standby, Session::Any],
        session => std::slice::from_ref(session),
    };
    for session in sessions {
        refusals.clear();
        for host in &hosts {
            let made = tokio::time::timeout(limit, one(settings, host, *session)).await;
            match made {
                Ok(Ok(client)) => return Ok((client, host.clone())),
                Ok(Err(refusal)) => refusals.push((host.clone(), refusal)),
                Err(_) => refusals.push((host.clone(), late(limit, format!("dial tcp {host}: i/o timeout")))),
            }
        }
    }
    if refusals.len() > 1 {
        let each = |(host, refusal): &(Host, Refusal)| format!("{host}: {}", refusal.message);
        let helm = |(host, refusal): &(Host, Refusal)| format!("connecting to {host}: {}", refusal.helm);
        let message = refusals.iter().map(each).collect::<Vec<_>>().join("; ");
        let helm = refusals.iter().map(helm).collect::<Vec<_>>().join("\n");
        return Err(unreachable(message, format!("pq: could not connect to any of the hosts:\n{helm}")));
    }
    Err(refusals.pop().map_or_else(|| unreachable("there is no server", "pq: no hosts"), |(_, refusal)| refusal))
}

/// A connection to one server. `allow` and `prefer` try twice.
async fn one(settings: &Settings, host: &Host, session: Session) -> Result<tokio_postgres::Client, Refusal> {
    let client = match (settings.tls.mode, host.is_socket()) {
        (Mode::Prefer, false) => match open(settings, host, Mode::Prefer).await {
            Err((Stage::Reached, refusal)) if refusal.kind != Kind::Unreachable => {
                open(settings, host, Mode::Disable).await
            }
            other => other,
        },
        (Mode::Allow, false) => match open(settings, host, Mode::Disable).await {
            Err((Stage::Secured, _)) => open(settings, host, Mode::Require).await,
            other => other,
        },
        (_, true) => open(settings, host, Mode::Disable).await,
        (mode, false) => open(settings, host, mode).await,
    };
    let client = client.map_err(|(_, refusal)| refusal)?;
    fits(&client, session).await?;
    Ok(client)
}

/// Whether a session is as it must be.
async fn fits(client: &tokio_postgres::Client, session: Session) -> Result<(), Refusal> {
    if matches!(session, Session::Any | Session::PreferStandby) {
        return Ok(());
    }
    let query = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'";
    let row = client.query_typed_one(query, &[]).await.map_err(|error| refused(&error))?;
    let get = |i| row.try_get::<_, bool>(i).map_err(|error| refused(&error));
    let (standby, reads) = (get(0)?, get(1)?);
    let why = match session {
        Session::ReadOnly if !reads => "session is not read-only",
        Session::ReadWrite if reads => "session is read-only",
        Session::ReadWrite | Session::Primary if standby => "server is in hot standby mode",
        Session::Standby if !standby => "server is not in hot standby mode",
        _ => return Ok(()),
    };
    Err(Refusal::new(Kind::Failed, format!("{why}, and `target_session_attrs` asks for another"), why))
}

/// What bytes go over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn open(settings: &Settings, host: &Host, mode: Mode) -> Result<tokio_postgres::Client, (Stage, Refusal)> {
    let stream = dial(host).await.map_err(|refusal| (Stage::Reached, refusal))?;
    let stream = match mode {
        Mode::Disable => stream,
        _ => secure(settings, host, mode, stream).await.map_err(|refusal| (Stage::Reached, refusal))?,
    };
    let mut config = Config::new();
    config.ssl_mode(SslMode::Disable);
    let mut open_file = None;
    if let Some(user) = &settings.user {
        config.user(user);
    }
    let mut password = settings.password.clone().unwrap_or_default();
    if let (Some(path), Some(user)) = (&settings.password_file, &settings.user) {
        match kept(path, host, settings.database.as_deref().unwrap_or_default(), user) {
            Kept::Password(found) => password = found,
            Kept::Open => open_file = Some(path),
            Kept::Nothing => {}
        }
    }
    config.password(password);
    if let Some(database) = &settings.database {
        config.dbname(database);
    }
    if let Some(name) = &settings.application_name {
        config.application_name(name);
    }
    let options = options(settings);
    if !options.is_empty() {
        config.options(options);
    }
    let stream = Bounded { stream, head: Vec::new(), left: 0 };
    match config.connect_raw(stream, NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Ok(client)
        }
        Err(error) => {
            let mut refusal = refused(&error);
            if let Some(path) = open_file {
                let fact = format!("the passwords in `{path}` do not count: others than its owner can read it");
                refusal.facts.push(fact);
            }
            Err((Stage::Secured, refusal))
        }
    }
}

/// Options of the session as a server takes them in one text.
fn options(settings: &Settings) -> String {
    let mut options = settings.options.clone();
    for (name, value) in &settings.runtime {
        let value: String = value.chars().fold(String::new(), |mut value, c| {
            if c.is_whitespace() || c == '\\' {
                value.push('\\');
            }
            value.push(c);
            value
        });
        options += &format!(" -c {name}={value}");
    }
    options
}

async fn dial(host: &Host) -> Result<Box<dyn Stream>, Refusal> {
    if host.is_socket() {
        return socket(host).await;
    }
    let failed = |address: &dyn std::fmt::Display, error: &io::Error| {
        let words = cause(error);
        unreachable(words.clone(), format!("dial tcp {address}: connect: {words}"))
    };
    let addresses: Vec<std::net::SocketAddr> = match host.address {
        Some(address) => vec![(address, host.port).into()],
        None => {
            let found = tokio::net::lookup_host((host.name.as_str(), host.port)).await;
            let unknown = |_| {
                let message = format!("there is no host `{}`", host.name);
                unreachable(message, format!("dial tcp: lookup {}: no such host", host.name))
            };
            found.map_err(unknown)?.collect()
        }
    };
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(Box::new(stream));
            }
            Err(error) => last = Some(failed(&address, &error)),
        }
    }
    Err(last.unwrap_or_else(|| unreachable("it has no address", "dial tcp: no such host")))
}

#[cfg(unix)]
async fn socket(host: &Host) -> Result<Box<dyn Stream>, Refusal> {
    let path = host.to_string();
    // What begins with `@` has a name, but in no file system.
    let real = path.strip_prefix('@').map_or_else(|| path.clone(), |name| format!("\0{name}"));
    match tokio::net::UnixStream::connect(real).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            let words = cause(&error);
            Err(unreachable(words.clone(), format!("dial unix {path}: connect: {words}")))
        }
    }
}

#[cfg(not(unix))]
async fn socket(host: &Host) -> Result<Box<dyn Stream>, Refusal> {
    Err(unreachable("there are no such sockets here", format!("dial unix {host}: not supported")))
}

/// Asks for TLS, and does it.
async fn secure(
    settings: &Settings,
    host: &Host,
    mode: Mode,
    mut stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Refusal> {
    let mut config = tls::config(settings, mode)?;
    let name = tls::server_name(&host.name, &mut config, mode)?;
    if settings.tls.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    } else {
        let broken = |error: io::Error| {
            let closed = error.kind() == io::ErrorKind::UnexpectedEof;
            let words = if closed { "the server closed the connection".to_owned() } else { cause(&error) };
            unreachable(words, if closed { "EOF".to_owned() } else { error.to_string() })
        };
        let mut answer = [0];
        stream.write_all(&TLS_PLEASE).await.map_err(broken)?;
        stream.read_exact(&mut answer).await.map_err(broken)?;
        if answer != *b"S" {
            let helm = "pq: SSL is not enabled on the server";
            let message = match settings.tls.mode {
                Mode::VerifyCa => "`sslmode=verify-ca`",
                Mode::VerifyFull => "`sslmode=verify-full`",
                _ => "`sslmode=require`, which is the default",
            };
            return Err(Refusal::new(Kind::NoTls, message, helm));
        }
    }
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(tls::failed(&error, &host.name)),
    }
}

/// A stream of messages, none of which is larger than it may be: who reads them keeps each whole in memory.
struct Bounded {
    stream: Box<dyn Stream>,
    /// The beginning of a message: its kind, and how long the rest is.
    head: Vec<u8>,
    /// What is still to come of a message.
    left: usize,
}

impl Bounded {
    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let wanted = if bytes.is_empty() { 0 } else { 5 - self.head.len() };
            let (taken, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
            self.head.extend_from_slice(taken);
            bytes = rest;
            if let [_, a, b, c, d] = self.head.as_slice() {
                let length = u32::from_be_bytes([*a, *b, *c, *d]);
                if length > MAX_MESSAGE {
                    let why = format!("the server's answer has a message of more than {} MiB", MAX_MESSAGE >> 20);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                // The length counts itself.
                self.left = (length as usize).saturating_sub(4);
                self.head.clear();
            }
        }
        Ok(())
    }
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.follow(read))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
