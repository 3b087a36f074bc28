//! Which storage is asked: `HELM_DRIVER` and its friends.

use crate::cli::terminal::variable;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::slog::{Level, line};
use crate::release::{Memory, Storage};
use crate::tree::Disk;
use clap::ArgMatches;

/// The storage that Helm would ask, in one namespace or in all of them.
///
/// # Errors
/// There is no such driver, or it cannot be reached.
pub(in crate::cli) fn storage(_matches: &ArgMatches, namespace: Option<&str>) -> Result<Box<dyn Storage>, Error> {
    let driver = variable("HELM_DRIVER").unwrap_or_default();
    match driver.as_str() {
        "memory" => {
            let data = variable("HELM_MEMORY_DRIVER_DATA").unwrap_or_default();
            let paths: Vec<&str> = data.split(':').collect();
            Ok(Box::new(Memory::read(&Disk, &paths, namespace.map(str::to_owned))?))
        }
        other => {
            let message = format!("HELM_DRIVER names no driver that there is: `{other}`");
            let helm = format!("unknown driver {}", crate::go::quote::quoted(other.as_bytes()));
            let helm = line(Level::Info, &helm, &[]);
            Err(Diagnostic::new(message, helm).hint("there are secret (the default), configmap, sql and memory").into())
        }
    }
}
