//! Why a database did not answer, and what to do.

use super::Wrong;
use crate::diagnostic::Diagnostic;
use crate::go::slog::{Level, line};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The connection string or a variable says what cannot be.
    Settings,
    /// The server could not be reached, or not in time.
    Unreachable,
    /// The server has no TLS, and the connection must have it.
    NoTls,
    /// The server's certificate is not to be trusted, or ours is not to be had.
    Certificate,
    /// The server does not know who logs in.
    Credentials,
    /// Who logged in may not read this.
    Forbidden,
    /// Anything else that the server says in place of an answer.
    Failed,
}

/// A request that came to nothing.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What went wrong.
    pub kind: Kind,
    /// The server's words, or the system's.
    pub message: String,
    /// What Helm's library says.
    pub helm: String,
    /// Whether there is a connection already.
    pub connected: bool,
    /// What else is to be known.
    pub facts: Vec<String>,
    /// What to do, where the kind alone does not say it.
    pub hint: Option<String>,
}

impl Refusal {
    /// A connection that does not come about.
    pub fn new(kind: Kind, message: impl Into<String>, helm: impl Into<String>) -> Refusal {
        let (message, helm) = (message.into(), helm.into());
        Refusal { kind, message, helm, connected: false, facts: Vec::new(), hint: None }
    }

    /// What is told of it. `name` is the database's.
    pub fn diagnostic(&self, name: &str) -> Diagnostic {
        let why = &self.message;
        let message = match self.kind {
            Kind::Settings => why.clone(),
            Kind::Unreachable => format!("{name} cannot be reached: {why}"),
            Kind::NoTls => format!("{name} has no TLS, and the connection must have it ({why})"),
            Kind::Certificate => format!("there can be no TLS with {name}: {why}"),
            Kind::Credentials => format!("{name} does not accept these credentials"),
            Kind::Forbidden => format!("{name} does not allow to read the releases"),
            Kind::Failed if self.connected => format!("{name} could not answer: {why}"),
            Kind::Failed => format!("{name} refuses the connection: {why}"),
        };
        let helm = match self.connected {
            true => self.helm.clone(),
            // Helm ends on the spot, with a line of its log.
            false => line(Level::Info, &format!("unable to instantiate SQL driver: {}", self.helm), &[]),
        };
        let mut diagnostic = Diagnostic::new(message, helm);
        if matches!(self.kind, Kind::Credentials | Kind::Forbidden) {
            diagnostic = diagnostic.fact(why.clone());
        }
        for fact in &self.facts {
            diagnostic = diagnostic.fact(fact.clone());
        }
        let hint = match self.kind {
            _ if self.hint.is_some() => self.hint.clone(),
            Kind::NoTls => Some("`sslmode=disable` in the connection string does without TLS".to_owned()),
            Kind::Credentials => Some(
                "user and password come from HELM_DRIVER_SQL_CONNECTION_STRING, then PGUSER and PGPASSWORD, then ~/.pgpass"
                    .to_owned(),
            ),
            Kind::Forbidden => {
                Some("the role needs: GRANT SELECT ON releases_v1, custom_labels_v1 TO …".to_owned())
            }
            _ => None,
        };
        match hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Refusal {
        Refusal { hint: wrong.hint, ..Refusal::new(Kind::Settings, wrong.message, wrong.helm) }
    }
}
