//! Which storage is asked: `HELM_DRIVER` and its friends.

use crate::cli::connection::connection;
use crate::cli::terminal::variable;
#[cfg(feature = "cluster")]
use crate::cli::terminal::variable_as_set;
use crate::cluster::{Api, Connection};
use crate::database::Database;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::slog::{Level, line};
use crate::release::{Holder, Live, Memory, Sql, Storage};
use crate::tree::Disk;
use clap::ArgMatches;
use std::sync::Arc;
use std::time::Duration;

/// The storage that Helm would ask, in one namespace or in all of them.
///
/// # Errors
/// There is no such driver, or it cannot be reached.
pub(in crate::cli) fn storage(matches: &ArgMatches, namespace: Option<&str>) -> Result<Box<dyn Storage>, Error> {
    let connection = connection(matches, None);
    storage_over(|| connect(&connection), || database(connection.timeout), namespace)
}

/// The same, over the API of a cluster or over a database, of which the one is called for that the driver needs.
///
/// # Errors
/// As [`storage`].
pub(in crate::cli) fn storage_over(
    api: impl FnOnce() -> Result<Arc<dyn Api>, Error>,
    database: impl FnOnce() -> Result<Arc<dyn Database>, Error>,
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
        "sql" => return Ok(Box::new(Sql::new(database()?, namespace))),
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

/// The database of `HELM_DRIVER_SQL_CONNECTION_STRING`.
///
/// # Errors
/// The string cannot be read, or does not lead to a database.
#[cfg(feature = "cluster")]
pub(in crate::cli) fn database(timeout: Duration) -> Result<Arc<dyn Database>, Error> {
    use crate::database::{Client, Kind, Refusal, Settings};
    const STRING: &str = "HELM_DRIVER_SQL_CONNECTION_STRING";
    let string = variable_as_set(STRING).unwrap_or_default();
    let settings = Settings::read(&string, &variable_as_set)
        .map_err(|wrong| Error::from(Refusal::from(wrong).diagnostic("the database")))?;
    match Client::connect(&settings, timeout) {
        Ok(client) => Ok(Arc::new(client)),
        Err(refusal) => {
            let diagnostic = refusal.diagnostic(&settings.name(&settings.hosts));
            let lost = string.is_empty() && refusal.kind == Kind::Unreachable;
            Err(if lost { diagnostic.hint(format!("{STRING} is not set")) } else { diagnostic }.into())
        }
    }
}

/// The database, of which this program knows nothing.
///
/// # Errors
/// Always.
#[cfg(not(feature = "cluster"))]
pub(in crate::cli) fn database(_: Duration) -> Result<Arc<dyn Database>, Error> {
    Err(Error::helm("this rhelm is built without the feature `cluster`"))
}
