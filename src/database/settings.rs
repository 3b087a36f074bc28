//! How a database is reached: a connection string, variables, a service file and a password file, as the library that Helm
//! connects with reads them (Go: github.com/lib/pq 1.12, connector.go). No message has a password, nor a part of one.

use crate::go::quote::quoted;
use crate::go::url::{Url, path_unescape};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// The variables that hold a parameter of a connection string.
const VARIABLES: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslsni", "PGSSLSNI"),
    // Its authors write these two so.
    ("ssl_min_protocol_version", "SSLPGMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "SSLPGMAXPROTOCOLVERSION"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("datestyle", "PGDATESTYLE"),
    ("tz", "PGTZ"),
    ("geqo", "PGGEQO"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("min_protocol_version", "PGMINPROTOCOLVERSION"),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    ("service", "PGSERVICE"),
];

/// Parameters of connections that no variable holds; what is not known here is a setting of the session.
const NO_VARIABLE: &[&str] = &[
    "fallback_application_name",
    "sslinline",
    "krbsrvname",
    "krbspn",
    "binary_parameters",
    "disable_prepared_binary_result",
];

/// Variables that mean something to other programs, which here would be passed over: an error instead.
const UNSUPPORTED: &[&str] = &[
    "PGREQUIRESSL",
    "PGSSLCOMPRESSION",
    "PGREALM",
    "PGGSSENCMODE",
    "PGGSSDELEGATION",
    "PGGSSLIB",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGSSLCERTMODE",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGREQUIREPEER",
];

const PORT: u16 = 5432;

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No TLS.
    Disable,
    /// TLS where the server lets nobody in without.
    Allow,
    /// TLS where the server has it.
    Prefer,
    /// TLS; the certificate is checked if there is an authority to check it by.
    Require,
    /// TLS, with a certificate of a trusted authority.
    VerifyCa,
    /// TLS, with a certificate of a trusted authority that is made out to the host.
    VerifyFull,
}

const MODES: &[(&str, Mode)] = &[
    ("disable", Mode::Disable),
    ("allow", Mode::Allow),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-full", Mode::VerifyFull),
    ("verify-ca", Mode::VerifyCa),
];

/// What a session must be like for a server to count, where several are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Anything.
    Any,
    /// It could write.
    ReadWrite,
    /// It can only read.
    ReadOnly,
    /// The server is no standby.
    Primary,
    /// The server is a standby.
    Standby,
    /// A standby if there is one, else anything.
    PreferStandby,
}

const SESSIONS: &[(&str, Session)] = &[
    ("any", Session::Any),
    ("read-write", Session::ReadWrite),
    ("read-only", Session::ReadOnly),
    ("primary", Session::Primary),
    ("standby", Session::Standby),
    ("prefer-standby", Session::PreferStandby),
];

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A name, an address, or the folder of a socket (`/…`, or `@…` for one that is in no file system).
    pub name: String,
    /// Where it is, if that was said.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
}

impl Host {
    /// Whether it is reached by a socket on this machine.
    pub fn is_socket(&self) -> bool {
        self.address.is_none() && (self.name.starts_with('/') || self.name.starts_with('@'))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.address {
            Some(address) => address.to_string(),
            None => self.name.clone(),
        };
        match name {
            name if self.is_socket() => write!(f, "{name}/.s.PGSQL.{}", self.port),
            name if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            name => write!(f, "{name}:{}", self.port),
        }
    }
}

/// What TLS is done with.
#[derive(Clone)]
pub struct Tls {
    /// Whether, and how strictly.
    pub mode: Mode,
    /// Whether TLS begins at once, without being asked for (PostgreSQL 17).
    pub direct: bool,
    /// The client's certificate: a path, or PEM. Empty if none was named.
    pub certificate: String,
    /// The client's key: a path, or PEM.
    pub key: String,
    /// The authorities: a path, PEM, or `system`.
    pub root: String,
    /// Whether those three are PEM.
    pub inline: bool,
    /// Whether the server is told which host is meant.
    pub sni: bool,
    /// The lowest version, such as `TLSv1.2`; empty for any.
    pub lowest: String,
    /// The highest version.
    pub highest: String,
}

/// How a database is reached. It has no `Debug`: it holds a password.
#[derive(Clone)]
pub struct Settings {
    /// The servers, to be tried in this order.
    pub hosts: Vec<Host>,
    /// Whether the order is left to chance.
    pub shuffle: bool,
    /// What a session must be like.
    pub session: Session,
    /// Who logs in; none for the user of this process.
    pub user: Option<String>,
    /// Its password, if one was given.
    pub password: Option<String>,
    /// The database; none for the one that is called as the user.
    pub database: Option<String>,
    /// What the session is called among the server's.
    pub application_name: Option<String>,
    /// Options that the server gets as they are.
    pub options: String,
    /// Settings of the session: `search_path`, ….
    pub runtime: Vec<(String, String)>,
    /// TLS.
    pub tls: Tls,
    /// How long to wait for a connection, if that was said.
    pub connect_timeout: Option<Duration>,
    /// A file with passwords, if there is one.
    pub password_file: Option<String>,
    /// `~/.postgresql`, where certificates lie if they are nowhere else.
    pub folder: Option<String>,
}

/// Why nothing can be made of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// In our words.
    pub message: String,
    /// In those of Helm's library.
    pub helm: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>, helm: impl Into<String>) -> Wrong {
        Wrong { message: message.into(), helm: helm.into(), hint: None }
    }
}

/// What Go's `strconv` says of what is no number.
fn no_number(function: &str, text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let large = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && function != "ParseBool";
    let why = if large { "value out of range" } else { "invalid syntax" };
    format!("strconv.{function}: parsing {}: {why}", quoted(text.as_bytes()))
}

/// A parameter's value, and what it was called where it was given.
struct Given {
    value: String,
    /// `$PGPORT` or `"port"`.
    called: String,
}

/// What was given, by the names that connection strings have.
struct Parameters(BTreeMap<&'static str, Given>);

impl Parameters {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|given| given.value.as_str())
    }

    fn wrong(&self, name: &str, why: &str) -> Wrong {
        let called = self.0.get(name).map(|given| given.called.as_str()).unwrap_or_default();
        let shown = called.trim_matches('"');
        Wrong::new(
            format!("`{shown}` has a wrong value for the connection to the database: {why}"),
            format!("pq: wrong value for {called}: {why}"),
        )
    }

    fn number<T: std::str::FromStr>(&self, name: &str, text: &str, function: &str) -> Result<T, Wrong> {
        text.parse().map_err(|_| self.wrong(name, &no_number(function, text)))
    }

    fn switch(&self, name: &str, default: bool) -> Result<bool, Wrong> {
        match self.text(name) {
            None => Ok(default),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True" | "yes" | "on") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False" | "no" | "off") => Ok(false),
            Some(text) => Err(self.wrong(name, &no_number("ParseBool", text))),
        }
    }

    /// One of several words.
    fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Wrong> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                let (last, first) = words.split_last().unwrap_or((&"", &[]));
                let supported = format!("{}, or {last}", first.join(", "));
                let text = quoted(text.as_bytes());
                Err(self.wrong(name, &format!("{text} is not supported; supported values are {supported}")))
            }
        }
    }
}

impl Settings {
    /// Reads a connection string; what it is silent about comes from variables, as they are set.
    ///
    /// # Errors
    /// The string or a variable cannot be read, or what they say does not go together.
    pub fn read(string: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Wrong> {
        for name in UNSUPPORTED {
            if variable(name).is_some() {
                let helm = format!("pq: environment variable ${name} is not supported");
                return Err(Wrong::new(format!("the variable `{name}` is set, which is not supported here"), helm));
            }
        }
        if variable("PGKRBSRVNAME").is_some() {
            let helm = "pq: environment variable $PGKRBSRVNAME is not supported as Kerberos is not enabled";
            return Err(Wrong::new("the variable `PGKRBSRVNAME` is set, and Kerberos is not supported here", helm));
        }
        let mut given = Parameters(BTreeMap::new());
        for (name, from) in VARIABLES {
            if let Some(value) = variable(from) {
                given.0.insert(name, Given { value, called: format!("${from}") });
            }
        }
        let url = string.starts_with("postgres://") || string.starts_with("postgresql://");
        let mut runtime = Vec::new();
        for (name, value) in if url { of_url(string)? } else { of_words(string)? } {
            let called = quoted(name.as_bytes());
            match known(&name) {
                Some(name) => drop(given.0.insert(name, Given { value, called })),
                None => runtime.push((name, value)),
            }
        }
        let home = variable("HOME").filter(|home| !home.is_empty());
        service(&mut given, home.as_deref(), variable)?;
        let mut settings = Settings::make(&given, runtime)?;
        settings.user = settings.user.or_else(|| variable("USER").filter(|user| !user.is_empty()));
        if settings.password.as_deref().unwrap_or_default().is_empty() {
            let file = given.text("passfile").filter(|path| !path.is_empty()).map(str::to_owned);
            settings.password_file = file.or_else(|| home.as_ref().map(|home| format!("{home}/.pgpass")));
        }
        settings.folder = home.map(|home| format!("{home}/.postgresql"));
        Ok(settings)
    }

    /// The database at some of its servers, for messages: `the database ops at db:5432`.
    pub fn name(&self, hosts: &[Host]) -> String {
        let hosts: Vec<String> = hosts.iter().map(Host::to_string).collect();
        let database = self.database.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        format!("the database{database} at {}", hosts.join(", "))
    }

    fn make(given: &Parameters, runtime: Vec<(String, String)>) -> Result<Settings, Wrong> {
        let text = |name: &str| given.text(name).map(str::to_owned);
        for (name, wanted) in [("client_encoding", "UTF8"), ("datestyle", "ISO, MDY")] {
            let Some(value) = given.text(name) else { continue };
            let fits = match name {
                "client_encoding" => {
                    matches!(value.to_ascii_lowercase().replace(['-', ' '], "").as_str(), "utf8" | "unicode")
                }
                _ => value == wanted,
            };
            if !fits {
                let quoted = quoted(value.as_bytes());
                return Err(Wrong::new(
                    format!("`{name}` of the connection to the database can only be `{wanted}` here"),
                    format!("pq: unsupported {name} {quoted}: must be absent or \"{wanted}\""),
                ));
            }
        }
        for name in ["min_protocol_version", "max_protocol_version"] {
            given.choice(name, &[("3.0", ()), ("3.2", ()), ("latest", ())])?;
        }
        let versions = [("TLSv1.0", ()), ("TLSv1.1", ()), ("TLSv1.2", ()), ("TLSv1.3", ())];
        for name in ["ssl_min_protocol_version", "ssl_max_protocol_version"] {
            given.choice(name, &versions)?;
        }
        let hosts = hosts(given)?;
        let mut mode = given.choice("sslmode", MODES)?;
        let direct = given.choice("sslnegotiation", &[("postgres", false), ("direct", true)])?.unwrap_or(false);
        let root = text("sslrootcert").unwrap_or_default();
        if hosts.first().is_some_and(Host::is_socket) {
            mode = Some(Mode::Disable);
        }
        if root == "system" && mode.is_none() {
            mode = Some(Mode::VerifyFull);
        }
        let mode = mode.unwrap_or(Mode::Require);
        let word = MODES.iter().find(|(_, other)| *other == mode).map(|(word, _)| *word).unwrap_or_default();
        if direct && matches!(mode, Mode::Disable | Mode::Allow | Mode::Prefer) {
            return Err(Wrong::new(
                format!("`sslnegotiation=direct` does not go with `sslmode={word}`"),
                format!(
                    "pq: weak sslmode \"{word}\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"
                ),
            ));
        }
        if root == "system" && mode != Mode::VerifyFull {
            return Err(Wrong::new(
                format!("`sslrootcert=system` does not go with `sslmode={word}`"),
                format!("pq: weak sslmode \"{word}\" may not be used with sslrootcert=system (use \"verify-full\")"),
            ));
        }
        let seconds = match given.text("connect_timeout") {
            Some(text) => given.number::<i64>("connect_timeout", text, "ParseInt")?,
            None => 0,
        };
        for name in ["binary_parameters", "disable_prepared_binary_result"] {
            given.switch(name, false)?;
        }
        Ok(Settings {
            hosts,
            shuffle: given.choice("load_balance_hosts", &[("disable", false), ("random", true)])?.unwrap_or(false),
            session: given.choice("target_session_attrs", SESSIONS)?.unwrap_or(Session::Any),
            user: text("user"),
            password: text("password"),
            database: text("dbname").filter(|name| !name.is_empty()),
            application_name: text("application_name")
                .or_else(|| text("fallback_application_name"))
                .filter(|name| !name.is_empty()),
            options: text("options").unwrap_or_default(),
            runtime,
            tls: Tls {
                mode,
                direct,
                certificate: text("sslcert").unwrap_or_default(),
                key: text("sslkey").unwrap_or_default(),
                root,
                inline: given.switch("sslinline", false)?,
                sni: given.switch("sslsni", true)?,
                lowest: text("ssl_min_protocol_version").unwrap_or_default(),
                highest: text("ssl_max_protocol_version").unwrap_or_default(),
            },
            connect_timeout: u64::try_from(seconds).ok().filter(|n| *n > 0).map(Duration::from_secs),
            password_file: None,
            folder: None,
        })
    }
}

/// The name of a parameter of connections, if it is one.
fn known(name: &str) -> Option<&'static str> {
    let name = if name == "database" { "dbname" } else { name };
    VARIABLES.iter().map(|(known, _)| *known).chain(NO_VARIABLE.iter().copied()).find(|known| *known == name)
}

/// Several hosts, addresses and ports stand in lists, of one length or with one item for all.
fn hosts(given: &Parameters) -> Result<Vec<Host>, Wrong> {
    let list = |name: &str| given.text(name).map(|text| text.split(',').collect::<Vec<_>>()).unwrap_or_default();
    let named: Vec<&str> = list("host");
    let mut addresses = Vec::new();
    for text in list("hostaddr") {
        addresses.push(match text {
            "" if !addresses.is_empty() => None,
            text => {
                let wrong = |why: String| given.wrong("hostaddr", &why);
                crate::go::netip::parse_addr(text.as_bytes()).map_err(wrong)?;
                Some(text.parse::<IpAddr>().map_err(|error| wrong(error.to_string()))?)
            }
        });
    }
    let mut ports = Vec::new();
    for text in list("port") {
        ports.push(match text {
            "" if !ports.is_empty() => PORT,
            text => given.number("port", text, "ParseUint")?,
        });
    }
    let says_names = named.first().is_some_and(|name| !name.is_empty());
    if says_names && !addresses.is_empty() && named.len() != addresses.len() {
        let (names, addresses) = (named.len(), addresses.len());
        return Err(Wrong::new(
            format!("the connection to the database has {names} in `host` and {addresses} in `hostaddr`"),
            format!("pq: could not match {names} host names to {addresses} hostaddr values"),
        ));
    }
    let count = named.len().max(addresses.len()).max(1);
    if count > 1 && ports.len() > 1 && ports.len() != count || count == 1 && ports.len() > 1 {
        let ports = ports.len();
        return Err(Wrong::new(
            format!("the connection to the database has {ports} in `port` and {count} in `host`"),
            format!("pq: could not match {ports} port numbers to {count} hosts"),
        ));
    }
    let host = |i: usize| {
        let name = named.get(i).copied().filter(|name| !name.is_empty()).unwrap_or("localhost");
        // The brackets of `postgres://[::1]/`.
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let port = ports.get(i).or(ports.first()).copied().unwrap_or(PORT);
        Host { name: name.to_owned(), address: addresses.get(i).copied().flatten(), port }
    };
    Ok((0..count).map(host).collect())
}

/// `postgres://user:password@host:port/database?key=value`
fn of_url(string: &str) -> Result<Vec<(String, String)>, Wrong> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let url = Url::parse(string.as_bytes()).map_err(|words| {
        // The words repeat the URL, and a password with a `/` in it is taken for a port.
        let why = words.strip_prefix("parse ").and_then(|_| words.rsplit_once("\": ").or(words.split_once(": ")));
        let why = without_quotes(why.map_or(words.as_str(), |(_, why)| why));
        let message = format!("the connection string of the database is no URL: {why}");
        let hint = "in a user's name or a password, `/`, `@`, `:`, `#`, `?`, `%` and blanks are written `%2F`, `%40`, `%3A`, …";
        Wrong { hint: Some(hint.to_owned()), ..Wrong::new(message, format!("parse \"…\": {why}")) }
    })?;
    let mut found: Vec<(String, String)> = Vec::new();
    if let Some((user, password)) = &url.user {
        found.push(("user".to_owned(), text(user)));
        found.push(("password".to_owned(), text(password.as_deref().unwrap_or_default())));
    }
    let host = text(&url.host);
    match host.rsplit_once(':') {
        // Without brackets a name with colons is a name.
        Some((name, port)) if !name.contains(':') || name.starts_with('[') && name.ends_with(']') => {
            let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
            found.push(("host".to_owned(), name.to_owned()));
            found.push(("port".to_owned(), port.to_owned()));
        }
        _ => found.push(("host".to_owned(), host)),
    }
    found.push(("dbname".to_owned(), text(url.path.get(1..).unwrap_or_default())));
    let mut asked = BTreeMap::new();
    for pair in url.query.split(|b| *b == b'&').filter(|pair| !pair.is_empty() && !pair.contains(&b';')) {
        let (key, value) = match pair.iter().position(|b| *b == b'=') {
            Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
            None => (pair, &[][..]),
        };
        let decode = |bytes: &[u8]| {
            let blanks: Vec<u8> = bytes.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
            path_unescape(&blanks).ok().map(|bytes| text(&bytes))
        };
        // What cannot be decoded is passed over, and of several values the first counts.
        if let (Some(key), Some(value)) = (decode(key), decode(value)) {
            asked.entry(key).or_insert(value);
        }
    }
    found.extend(asked);
    found.retain(|(_, value)| !value.is_empty());
    // Of what stands in both places, the one that is greater as a text has the say.
    found.sort();
    Ok(found)
}

/// A text without what stands in quotes in it, from the first to the last: what is quoted may hold quotes.
fn without_quotes(text: &str) -> String {
    let (Some((before, _)), Some((_, after))) = (text.split_once('"'), text.rsplit_once('"')) else {
        return text.to_owned();
    };
    [before.trim(), after.trim()].join(" ").trim().to_owned()
}

/// `key=value key='value with blanks'`
fn of_words(string: &str) -> Result<Vec<(String, String)>, Wrong> {
    let mut found = Vec::new();
    let mut rest = string.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(found);
        }
        let mut key = String::new();
        while let Some(c) = rest.next_if(|c| !c.is_whitespace() && *c != '=') {
            key.push(c);
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next() != Some('=') {
            // What is no known name may be the rest of a password with a blank in it.
            let shown = if known(&key).is_some() { key.as_str() } else { "…" };
            let after =
                match found.last().map(|(last, _): &(String, String)| known(last).map_or("…", |_| last.as_str())) {
                    _ if shown == key => format!("`{key}`"),
                    Some(last) => format!("what follows the value of `{last}`"),
                    None => "its first word".to_owned(),
                };
            let message = format!("the connection string of the database lacks a `=` after {after}");
            let helm = format!("missing \"=\" after {} in connection info string", quoted(shown.as_bytes()));
            let hint = "values with blanks stand in quotes: password='with blanks'";
            return Err(Wrong { hint: Some(hint.to_owned()), ..Wrong::new(message, helm) });
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let shown = known(&key).map_or("…", |_| key.as_str());
        let value = match rest.next_if_eq(&'\'') {
            Some(_) => in_quotes(&mut rest, shown)?,
            None => bare(&mut rest, shown)?,
        };
        found.push((key, value));
    }
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn in_quotes(rest: &mut Letters<'_>, key: &str) -> Result<String, Wrong> {
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\'') => return Ok(value),
            Some('\\') => value.extend(rest.next()),
            Some(c) => value.push(c),
            None => {
                let message = format!("the connection string of the database lacks a `'` behind the value of `{key}`");
                return Err(Wrong::new(message, "unterminated quoted string literal in connection string"));
            }
        }
    }
}

fn bare(rest: &mut Letters<'_>, key: &str) -> Result<String, Wrong> {
    let mut value = String::new();
    while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
        match (c, rest.peek()) {
            ('\\', None) => {
                let message = format!("the connection string of the database ends with a backslash, in `{key}`");
                return Err(Wrong::new(message, "missing character after backslash"));
            }
            ('\\', Some(_)) => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    Ok(value)
}

/// A section of a service file, if one is named; it has the last word.
fn service(given: &mut Parameters, home: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), Wrong> {
    let Some(name) = given.text("service").filter(|name| !name.is_empty()).map(str::to_owned) else { return Ok(()) };
    let path = variable("PGSERVICEFILE").or_else(|| home.map(|home| format!("{home}/.pg_service.conf")));
    let path = path.unwrap_or_default();
    let wrong = |message: String, helm: String| Wrong::new(message, format!("pq: {helm}"));
    let text = std::fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong(
            format!("there is no file `{path}` for the service `{name}` of the database"),
            format!("service file {} not found", quoted(path.as_bytes())),
        ),
        _ => wrong(format!("the service file `{path}` cannot be read: {error}"), format!("open {path}: {error}")),
    })?;
    let (mut inside, mut found) = (false, false);
    for (i, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if inside {
                break;
            }
            inside = section.trim() == name;
            found |= inside;
            continue;
        }
        if !inside {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            // A line may hold a password.
            return Err(wrong(
                format!("`{path}`:{}: there is no `=`", i + 1),
                format!("line {}: missing '=' in \"…\"", i + 1),
            ));
        };
        let (key, value) = (key.trim(), value.trim().to_owned());
        let Some(known) = known(key) else {
            return Err(wrong(
                format!("`{path}`:{}: there is no setting `{key}`", i + 1),
                format!(
                    "unknown setting {} in service file for service {}",
                    quoted(key.as_bytes()),
                    quoted(name.as_bytes())
                ),
            ));
        };
        given.0.insert(known, Given { value, called: quoted(key.as_bytes()) });
    }
    if found {
        return Ok(());
    }
    Err(wrong(
        format!("`{path}` has no service `{name}`"),
        format!("definition of service {} not found", quoted(name.as_bytes())),
    ))
}

/// What a password file said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A password.
    Password(String),
    /// Nothing for this login.
    Nothing,
    /// Others than its owner can read it, and so it does not count.
    Open,
}

/// Asks a password file: lines `host:port:database:user:password`, `*` for any.
pub fn kept(path: &str, host: &Host, database: &str, user: &str) -> Kept {
    if is_open(Path::new(path)) {
        return Kept::Open;
    }
    let Ok(text) = std::fs::read(path) else { return Kept::Nothing };
    let port = host.port.to_string();
    for line in String::from_utf8_lossy(&text).lines().filter(|line| !line.starts_with('#')) {
        let mut fields = vec![String::new()];
        let mut letters = line.chars();
        while let Some(c) = letters.next() {
            match (c, fields.last_mut()) {
                (':', _) => fields.push(String::new()),
                ('\\', Some(field)) => field.extend(letters.next()),
                (c, Some(field)) => field.push(c),
                (_, None) => {}
            }
        }
        let [on, at, of, who, password] = fields.as_slice() else { continue };
        let fits = |field: &str, value: &str| field == "*" || field == value;
        if (fits(on, &host.name) || on == "localhost" && host.is_socket())
            && fits(at, &port)
            && fits(of, database)
            && fits(who, user)
        {
            return Kept::Password(password.clone());
        }
    }
    Kept::Nothing
}

/// Whether others than a file's owner can do anything with it.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

/// Whether others than a file's owner can do anything with it: not asked here.
#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::{Host, Kept, Mode, Session, Settings, Wrong, kept};

    fn with(string: &str, variables: &[(&str, &str)]) -> Result<Settings, Wrong> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(string, &|name| variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()))
    }

    /// `user:password@hosts/database`, with `-` for what was not said.
    #[track_caller]
    fn shown(string: &str, variables: &[(&str, &str)]) -> String {
        let settings = with(string, variables).unwrap_or_else(|wrong| panic!("{string}: {wrong:?}"));
        let hosts: Vec<String> = settings.hosts.iter().map(Host::to_string).collect();
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let (user, password, database) = (&settings.user, &settings.password, &settings.database);
        format!("{}:{}@{}/{}", or(user), or(password), hosts.join(","), or(database))
    }

    #[test]
    fn strings_are_read() {
        for (string, want) in [
            ("", "-:-@localhost:5432/-"),
            ("host=db port=1 dbname=d user=u password=p", "u:p@db:1/d"),
            ("host = db\n\tport= 1 dbname =d", "-:-@db:1/d"),
            (r"user='a b' password='it\'s \\' dbname=''", r"a b:it's \@localhost:5432/-"),
            (r"user=a\ b password=\'x", "a b:'x@localhost:5432/-"),
            ("user='a'password=b", "a:b@localhost:5432/-"),
            ("password=a=b user=", ":a=b@localhost:5432/-"),
            ("database=d user=a user=b", "b:-@localhost:5432/d"),
            ("host=/run/pg port=1", "-:-@/run/pg/.s.PGSQL.1/-"),
            ("host=a,,c port=1", "-:-@a:1,localhost:1,c:1/-"),
            ("host=a,b port=1,2", "-:-@a:1,b:2/-"),
            ("host=a,b hostaddr=::1,10.0.0.1", "-:-@[::1]:5432,10.0.0.1:5432/-"),
            ("postgres://", "-:-@localhost:5432/-"),
            ("postgresql://u:p@db:1/d", "u:p@db:1/d"),
            ("postgres://u%40x:p%2F%3A%20+@db/d", "u@x:p/: +@db:5432/d"),
            ("postgres://u@[::1]:1/d", "u:-@[::1]:1/d"),
            ("postgres://[::1]/d", "-:-@[::1]:5432/d"),
            ("postgres://a,b/d?port=1,2", "-:-@a:1,b:2/d"),
            ("postgres:///d?host=/run/pg&user=a+b&password=%26&user=c", "a b:&@/run/pg/.s.PGSQL.5432/d"),
            ("postgres://u:it's@db/d", "u:it's@db:5432/d"),
        ] {
            assert_eq!(shown(string, &[]), want, "{string}");
        }
    }

    #[test]
    fn variables_are_asked_where_the_string_is_silent() {
        let variables = [("PGHOST", "db"), ("PGPORT", "1"), ("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGDATABASE", "d")];
        assert_eq!(shown("", &variables), "u:p@db:1/d");
        assert_eq!(shown("postgres://x/y", &variables), "u:p@x:1/y");
        assert_eq!(shown("user='' port=2", &variables), ":p@db:2/d");
        assert_eq!(shown("", &[("USER", "me")]), "me:-@localhost:5432/-");
        assert_eq!(with("", &[("PGSSLMODE", "disable")]).map(|s| s.tls.mode), Ok(Mode::Disable));
    }

    #[test]
    fn tls_is_required_unless_something_else_is_said() {
        for (string, want) in [
            ("", Mode::Require),
            ("sslmode=disable", Mode::Disable),
            ("sslmode=verify-ca", Mode::VerifyCa),
            ("postgres://h/d?sslmode=verify-full", Mode::VerifyFull),
            ("sslrootcert=system", Mode::VerifyFull),
            ("host=/run/pg sslmode=verify-full", Mode::Disable),
        ] {
            assert_eq!(with(string, &[]).map(|s| s.tls.mode), Ok(want), "{string}");
        }
    }

    #[test]
    fn the_rest_is_read_too() {
        let string = "connect_timeout=7 search_path=a fallback_application_name=x target_session_attrs=standby \
                      load_balance_hosts=random sslsni=off options='-c a=b'";
        let settings = with(string, &[]).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert_eq!(settings.connect_timeout, Some(std::time::Duration::from_secs(7)));
        assert_eq!(settings.runtime, [("search_path".to_owned(), "a".to_owned())]);
        assert_eq!(settings.application_name.as_deref(), Some("x"));
        assert_eq!((settings.session, settings.shuffle, settings.tls.sni), (Session::Standby, true, false));
        assert_eq!(settings.options, "-c a=b");
        assert_eq!(with("connect_timeout=-1", &[]).map(|s| s.connect_timeout), Ok(None));
    }

    /// Helm's words; what is secret is in none of them.
    #[test]
    fn what_is_wrong_is_told_without_passwords() {
        for (string, helm) in [
            ("host", "missing \"=\" after \"host\" in connection info string"),
            ("password=SECRET SECRET2", "missing \"=\" after \"…\" in connection info string"),
            ("password='SECRET", "unterminated quoted string literal in connection string"),
            ("password=SECRET\\", "missing character after backslash"),
            ("port=x", "pq: wrong value for \"port\": strconv.ParseUint: parsing \"x\": invalid syntax"),
            ("port=70000", "pq: wrong value for \"port\": strconv.ParseUint: parsing \"70000\": value out of range"),
            (
                "connect_timeout=1s",
                "pq: wrong value for \"connect_timeout\": strconv.ParseInt: parsing \"1s\": invalid syntax",
            ),
            ("host=a,b port=1,2,3", "pq: could not match 3 port numbers to 2 hosts"),
            ("host=a,b hostaddr=::1", "pq: could not match 2 host names to 1 hostaddr values"),
            ("hostaddr=a", "pq: wrong value for \"hostaddr\": ParseAddr(\"a\"): unable to parse IP"),
            (
                "sslmode=no",
                "pq: wrong value for \"sslmode\": \"no\" is not supported; supported values are disable, allow, prefer, require, verify-full, or verify-ca",
            ),
            ("client_encoding=latin1", "pq: unsupported client_encoding \"latin1\": must be absent or \"UTF8\""),
            (
                "sslmode=require sslrootcert=system",
                "pq: weak sslmode \"require\" may not be used with sslrootcert=system (use \"verify-full\")",
            ),
            ("postgres://u:SECRET@h:x/d", "parse \"…\": invalid port after host"),
            ("postgres://u:SECRET/SECRET@h/d", "parse \"…\": invalid port after host"),
            ("postgres://u:SECRET%zz@h/d", "parse \"…\": invalid URL escape"),
            ("postgres://u:SECRET SECRET@h/d", "parse \"…\": net/url: invalid userinfo"),
        ] {
            let Err(wrong) = with(string, &[]) else { panic!("{string} can be read") };
            assert_eq!(wrong.helm, helm, "{string}");
            assert!(!format!("{wrong:?}").contains("SECRET"), "{string}: {wrong:?}");
        }
        for (name, helm) in [
            ("PGREQUIREPEER", "pq: environment variable $PGREQUIREPEER is not supported"),
            ("PGKRBSRVNAME", "pq: environment variable $PGKRBSRVNAME is not supported as Kerberos is not enabled"),
            ("PGPORT", "pq: wrong value for $PGPORT: strconv.ParseUint: parsing \"\": invalid syntax"),
        ] {
            assert_eq!(with("", &[(name, "")]).err().map(|wrong| wrong.helm).as_deref(), Some(helm));
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_of_passwords_are_asked() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("rhelm-pgpass-{}", std::process::id()));
        std::fs::write(&path, "# a:1:d:u:no\na:1:d\\::u:one\n*:*:*:u:p\\:\\\\w\n").unwrap_or_default();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap_or_default();
        let host = |name: &str| Host { name: name.to_owned(), address: None, port: 1 };
        let ask = |name, database, user| kept(&path.to_string_lossy(), &host(name), database, user);
        mode(0o600);
        assert_eq!(ask("a", "d:", "u"), Kept::Password("one".to_owned()));
        assert_eq!(ask("b", "d:", "u"), Kept::Password("p:\\w".to_owned()));
        assert_eq!(ask("a", "d:", "v"), Kept::Nothing);
        mode(0o640);
        assert_eq!(ask("a", "d:", "u"), Kept::Open);
        std::fs::remove_file(&path).unwrap_or_default();
        assert_eq!(ask("a", "d:", "u"), Kept::Nothing);
    }
}
