//! Where releases are stored, seen as three questions (Helm: pkg/storage).

use super::record::Record;
use crate::diagnostic::{Diagnostic, Error};

/// A place where Helm keeps releases, in one namespace or in all of them.
pub trait Storage {
    /// One revision of a release.
    ///
    /// # Errors
    /// There is none (see [`not_found`]), it cannot be had, or it cannot be read.
    fn get(&self, name: &str, revision: i64) -> Result<Record, Error>;

    /// All revisions of a release, in any order.
    ///
    /// # Errors
    /// There is none (see [`not_found`]), or they cannot be had.
    fn history(&self, name: &str) -> Result<Found, Error>;

    /// All revisions of all releases, in any order.
    ///
    /// # Errors
    /// They cannot be had.
    fn list(&self) -> Result<Found, Error>;
}

/// What a storage gave.
#[derive(Default)]
pub struct Found {
    /// The records that can be read.
    pub records: Vec<Record>,
    /// What could not be read, and why. Helm passes over it in silence.
    pub unreadable: Vec<Diagnostic>,
}

impl Found {
    /// Takes in what holds a record: by its own name, the record's text, and its labels.
    pub fn take(&mut self, holder: &str, text: Result<&[u8], String>, labels: Vec<(String, String)>) {
        match text.and_then(Record::decode) {
            Ok(record) => self.records.push(Record { labels, ..record }),
            Err(why) => self.unreadable.push(Diagnostic::own(unreadable(holder, &why))),
        }
    }
}

/// What is told of a record that cannot be read.
pub(super) fn unreadable(holder: &str, why: &str) -> String {
    format!("the release record `{holder}` cannot be read: {why}")
}

/// The labels that Helm needs for itself, which it does not show where one revision was asked for.
pub(super) const SYSTEM_LABELS: &[&str] = &["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// What the object that holds a revision is called: `sh.helm.release.v1.shop.v3`.
pub fn key(name: &str, revision: i64) -> String {
    format!("sh.helm.release.v1.{name}.v{revision}")
}

/// Helm's words for what is not there.
const NOT_FOUND: &str = "release: not found";

/// Whether an error says that there is no such release.
pub fn is_not_found(error: &Error) -> bool {
    error.helm_words() == NOT_FOUND
}

/// There is no such release, or no such revision.
pub fn not_found(name: &str, revision: Option<i64>) -> Error {
    let message = match revision {
        Some(revision) => format!("there is no revision {revision} of the release `{name}`"),
        None => format!("there is no release `{name}`"),
    };
    Diagnostic::new(message, NOT_FOUND).into()
}

/// The revision that was made last.
///
/// # Errors
/// As [`Storage::history`]; or none of its records can be read.
pub fn latest(storage: &dyn Storage, name: &str, unreadable: &mut Vec<Diagnostic>) -> Result<Record, Error> {
    let records = readable(storage, name, unreadable)?;
    last(records, name)
}

/// What an upgrade of a release would start from (Helm: pkg/action/upgrade.go, prepareUpgrade).
pub struct Start {
    /// The revision whose objects are compared with the chart's: the last that was deployed, or else one that failed. None of a
    /// release that is uninstalled, of which only the history is left.
    pub from: Option<Record>,
    /// A later revision that failed, or is not done: some of it may be in the cluster.
    pub attempted: Option<Record>,
    /// Whether the server would apply the objects.
    pub server_side: bool,
    /// Why Helm would refuse the upgrade, in its words, and what the last revision is.
    pub refused: Option<(String, String)>,
}

/// What an upgrade would start from.
///
/// # Errors
/// As [`latest`].
pub fn start(storage: &dyn Storage, name: &str, unreadable: &mut Vec<Diagnostic>) -> Result<Start, Error> {
    start_from(readable(storage, name, unreadable)?, name)
}

/// What an upgrade would start from, of a release with these records.
///
/// # Errors
/// There are none.
pub fn start_from(records: Vec<Record>, name: &str) -> Result<Start, Error> {
    let deployed = records.iter().filter(|record| record.status == "deployed").max_by_key(|record| record.revision);
    let deployed = deployed.cloned();
    let last = last(records, name)?;
    let is_pending = last.status.starts_with("pending-");
    let is_gone = deployed.is_none() && !is_pending && !matches!(last.status.as_str(), "failed" | "superseded");
    let words = if is_pending {
        Some("another operation (install/upgrade/rollback) is in progress".to_owned())
    } else {
        is_gone.then(|| format!("{} has no deployed releases", crate::go::quote::quoted(name.as_bytes())))
    };
    let refused = words.map(|words| (words, format!("its last revision {} is {}", last.revision, last.status)));
    // Who is uninstalled is installed anew, which the server does for Helm 4.
    let server_side = last.apply_method == "ssa" || is_gone;
    let (from, attempted) = match deployed {
        Some(deployed) if deployed.revision == last.revision => (Some(deployed), None),
        Some(deployed) => (Some(deployed), Some(last)),
        None if is_gone => (None, None),
        None => (Some(last), None),
    };
    Ok(Start { from, attempted, server_side, refused })
}

fn readable(storage: &dyn Storage, name: &str, unreadable: &mut Vec<Diagnostic>) -> Result<Vec<Record>, Error> {
    let mut found = storage.history(name)?;
    unreadable.append(&mut found.unreadable);
    Ok(found.records)
}

fn last(records: Vec<Record>, name: &str) -> Result<Record, Error> {
    records.into_iter().max_by_key(|record| record.revision).ok_or_else(|| {
        let message = format!("none of the records of the release `{name}` can be read");
        Diagnostic::new(message, format!("no revision for release {}", crate::go::quote::quoted(name.as_bytes())))
            .into()
    })
}
