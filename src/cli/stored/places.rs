//! Which storage is asked: `HELM_DRIVER` and its friends.

use crate::cli::connection::connection;
use crate::cli::terminal::variable;
use crate::cluster::{Api, Connection};
use crate::diagnostic::{Diagnostic, Error};
use crate::go::slog::{Level, line};
use crate::release::{Holder, Live, Memory, Storage};
use crate::tree::Disk;
use clap::ArgMatches;
use std::sync::Arc;

/// The storage that Helm would ask, in one namespace or in all of them.
///
/// # Errors
/// There is no such driver, or it cannot be reached.
pub(in crate::cli) fn storage(matches: &ArgMatches, namespace: Option<&str>) -> Result<Box<dyn Storage>, Error> {
    storage_over(|| connect(&connection(matches, None)), namespace)
}

/// The same, over the API of a cluster, which is called for if the driver needs one.
///
/// # Errors
/// As [`storage`].
pub(in crate::cli) fn storage_over(
    api: impl FnOnce() -> Result<Arc<dyn Api>, Error>,
    namespace: Option<&str>,
) -> Result<Box<dyn Storage>, Error> {
    let driver = variable("HELM_DRIVER").unwrap_or_default();
    let namespace = namespace.map(str::to_owned);
    let holder = match driver.as_str() {
        "" | "secret" | "secrets" => Holder::Secret,
        "configmap" | "configmaps" => Holder::ConfigMap,
        "memory" => {
            let data = variable("HELM_MEMORY_DRIVER_DATA").unwrap_or_default();
            let paths: Vec<&str> = data.split(':').collect();
            return Ok(Box::new(Memory::read(&Disk, &paths, namespace)?));
        }
        "sql" => {
            let message = "releases in a PostgreSQL database (HELM_DRIVER=sql) cannot be read yet";
            return Err(Diagnostic::new(message, "unable to instantiate SQL driver").into());
        }
        other => {
            let message = format!("HELM_DRIVER names no driver that there is: `{other}`");
            let helm = format!("unknown driver {}", crate::go::quote::quoted(other.as_bytes()));
            let helm = line(Level::Info, &helm, &[]);
            let hint = "there are secret (the default), configmap, sql and memory";
            return Err(Diagnostic::new(message, helm).hint(hint).into());
        }
    };
    Ok(Box::new(Live::new(api()?, holder, namespace)))
}

/// The cluster's API.
///
/// # Errors
/// There is no way to it.
#[cfg(feature = "cluster")]
pub(in crate::cli) fn connect(connection: &Connection) -> Result<Arc<dyn Api>, Error> {
    match crate::cluster::Client::connect(connection) {
        Ok(client) => Ok(Arc::new(client)),
        Err(refusal) => {
            let helm = format!("kubernetes cluster unreachable: {}", refusal.message);
            Err(Diagnostic::new(refusal.message, helm).into())
        }
    }
}

/// The cluster's API, of which this program knows nothing.
///
/// # Errors
/// Always.
#[cfg(not(feature = "cluster"))]
pub(in crate::cli) fn connect(_: &Connection) -> Result<Arc<dyn Api>, Error> {
    Err(Error::helm("this rhelm is built without the feature `cluster`"))
}
