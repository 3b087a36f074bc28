//! Helm's driver `memory`: releases from files, for tests and tools (Helm: pkg/storage/driver/memory.go).

use super::record::Record;
use super::storage::{Found, Storage, not_found};
use crate::diagnostic::{Diagnostic, Error};
use crate::go::slog::{Level, line};
use crate::tree::Tree;
use crate::value::Value;
use crate::yaml;

/// Where records without one belong.
const NAMESPACE: &str = "default";

/// Releases from `HELM_MEMORY_DRIVER_DATA`.
pub struct Memory {
    records: Vec<Record>,
    /// Of which namespace; none for all.
    namespace: Option<String>,
}

impl Memory {
    /// Reads files, each a YAML list of releases.
    ///
    /// # Errors
    /// A file cannot be read, or is no list of releases.
    pub fn read(tree: &dyn Tree, paths: &[&str], namespace: Option<String>) -> Result<Memory, Error> {
        let mut records: Vec<Record> = Vec::new();
        for path in paths {
            let text = tree.read(path).map_err(|error| {
                let helm = format!("Unable to read memory driver data{}", error.words);
                let message = format!("the releases of HELM_MEMORY_DRIVER_DATA cannot be read: {}", error.words);
                Error::from(Diagnostic::new(message, line(Level::Info, &helm, &[])))
            })?;
            let wrong = |why: &str| {
                let helm = format!("Unable to unmarshal memory driver data: {why}");
                let message = format!("`{path}` is no list of releases: {why}");
                Error::from(Diagnostic::new(message, line(Level::Info, &helm, &[])))
            };
            let value = yaml::parse(&text).map_err(|error| wrong(&error.to_string()))?;
            let items: Vec<Value> = match value {
                Value::Nil => Vec::new(),
                Value::List(_, items) => items.iter().cloned().collect(),
                _ => return Err(wrong("it is no list")),
            };
            for item in &items {
                let record = Record::read(item).map_err(|why| wrong(&why))?;
                // Of two records of one revision the first counts.
                let same = |other: &Record| {
                    other.name == record.name && other.revision == record.revision && place(other) == place(&record)
                };
                if !records.iter().any(same) {
                    records.push(record);
                }
            }
        }
        Ok(Memory { records, namespace })
    }

    fn here(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| self.namespace.as_deref().is_none_or(|name| name == place(record)))
    }
}

fn place(record: &Record) -> &str {
    if record.namespace.is_empty() { NAMESPACE } else { &record.namespace }
}

impl Storage for Memory {
    fn get(&self, name: &str, revision: i64) -> Result<Record, Error> {
        let found = self.here().find(|record| record.name == name && record.revision == revision);
        found.cloned().ok_or_else(|| not_found(name, Some(revision)))
    }

    fn history(&self, name: &str) -> Result<Found, Error> {
        let records: Vec<Record> = self.here().filter(|record| record.name == name).cloned().collect();
        if records.is_empty() {
            return Err(not_found(name, None));
        }
        Ok(Found { records, unreadable: Vec::new() })
    }

    fn list(&self) -> Result<Found, Error> {
        Ok(Found { records: self.here().cloned().collect(), unreadable: Vec::new() })
    }
}
