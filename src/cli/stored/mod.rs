//! `rhelm get`, `rhelm history`, `rhelm list`: releases that Helm stored, as Helm prints them.

pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
mod places;
mod print;

pub(super) use places::{connect, database, storage, storage_over};

use crate::diagnostic::{Diagnostic, Error};
use crate::engine::Release;
use clap::ArgMatches;

/// The one word that a command takes.
fn release_name(matches: &ArgMatches, command: &str) -> Result<String, Error> {
    match super::args::texts(matches, "args").as_slice() {
        [name] => Ok(name.clone()),
        _ => {
            let helm = format!("\"helm {command}\" requires 1 argument\n\nUsage:  helm {command} RELEASE_NAME [flags]");
            Err(Diagnostic::new(format!("`{command}` takes the name of one release"), helm).into())
        }
    }
}

/// Checks the name of a release, of which Helm says what it says differently in each command.
fn check_name(name: &str, helm: &str) -> Result<(), Error> {
    if Release::is_name(name) {
        return Ok(());
    }
    let message = format!("`{name}` cannot be the name of a release");
    Err(Diagnostic::new(message, format!("{helm}: {name}"))
        .hint("use lower-case letters, digits, `-` and `.`, at most 53 characters")
        .into())
}
