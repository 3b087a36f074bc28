//! Releases in a database: Helm's driver `sql` (Helm: pkg/storage/driver/sql.go). Helm makes its tables where they are not;
//! here they are only read.

use super::record::Record;
use super::storage::{Found, SYSTEM_LABELS, Storage, key, not_found, unreadable};
use crate::database::{Database, Refusal};
use crate::diagnostic::{Diagnostic, Error};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The most that a record may take in the database, in bytes. Helm writes less than its charts take.
const MAX_BODY: usize = 128 << 20;

/// Which tables there are, as this session sees them.
const TABLES: &str = "SELECT to_regclass('releases_v1')::text, to_regclass('custom_labels_v1')::text";

/// Whether rows are hidden from this role; how many policies show some; the role.
const HIDDEN: &str = "SELECT row_security_active('releases_v1')::text,
    (SELECT count(*) FROM pg_catalog.pg_policy WHERE polrelid = 'releases_v1'::regclass)::text, current_user::text";

/// Labels of the releases in a namespace whose key begins so.
const LABELS: &str = "SELECT releasekey::text, key::text, value::text FROM custom_labels_v1
    WHERE releasenamespace = $1 AND left(releasekey, length($2)) = $2";

/// Releases in a database.
pub struct Sql {
    database: Arc<dyn Database>,
    /// Of which namespace; none for all.
    namespace: Option<String>,
}

/// The text of a record, or why there is none.
type Text<'a> = Result<&'a [u8], String>;

/// Custom labels, by the key of their record.
type Labels = HashMap<String, BTreeMap<String, String>>;

impl Sql {
    /// Nothing is asked yet.
    pub fn new(database: Arc<dyn Database>, namespace: Option<String>) -> Sql {
        Sql { database, namespace }
    }

    fn failed(&self, refusal: &Refusal) -> Error {
        refusal.diagnostic(self.database.name()).into()
    }

    /// Whether there are Helm's two tables.
    fn tables(&self) -> Result<(bool, bool), Error> {
        let mut there = (false, false);
        let asked = self.database.rows(TABLES, &[], &mut |row| {
            if let [releases, labels] = row {
                there = (releases.is_some(), labels.is_some());
            }
        });
        asked.map(|()| there).map_err(|refusal| self.failed(&refusal))
    }

    /// Hands the records for which a condition holds to `each`, in the namespace if there is one: keys and texts.
    fn held(&self, condition: &str, value: &str, each: &mut dyn FnMut(&str, Text<'_>)) -> Result<(), Error> {
        let mut query = format!(
            "SELECT key::text, CASE WHEN octet_length(body) <= {MAX_BODY} THEN body::text END
             FROM releases_v1 WHERE {condition} = $1"
        );
        let mut parameters = vec![value];
        if let Some(namespace) = &self.namespace {
            query += " AND namespace = $2";
            parameters.push(namespace);
        }
        let asked = self.database.rows(&query, &parameters, &mut |row| {
            let [key, body] = row else { return };
            let text = body.map(str::as_bytes).ok_or_else(|| format!("it is larger than {} MiB", MAX_BODY >> 20));
            each(key.unwrap_or_default(), text);
        });
        asked.map_err(|refusal| self.failed(&refusal))
    }

    /// All records for which a condition holds, with their labels, and how many there were.
    fn found(&self, condition: &str, value: &str, mut labels: Labels) -> Result<(Found, usize), Error> {
        let (mut found, mut count) = (Found::default(), 0);
        self.held(condition, value, &mut |key, text| {
            count += 1;
            found.take(key, text, labels.remove(key).unwrap_or_default().into_iter().collect());
        })?;
        Ok((found, count))
    }

    /// The labels that users gave. Those of all namespaces are asked for by no namespace, as Helm does: there are none.
    fn labels(&self, start: &str) -> Result<Labels, Error> {
        let mut found = Labels::new();
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let asked = self.database.rows(LABELS, &[namespace, start], &mut |row| {
            if let [Some(of), Some(key), Some(value)] = row
                && !SYSTEM_LABELS.contains(key)
            {
                found.entry((*of).to_owned()).or_default().insert((*key).to_owned(), (*value).to_owned());
            }
        });
        asked.map(|()| found).map_err(|refusal| self.failed(&refusal))
    }

    /// Why nothing is seen, if something else than its absence can be the reason: nobody but the owner of Helm's tables
    /// sees a row in them, unless policies say so.
    fn hidden(&self) -> Option<Hidden> {
        let mut found = None;
        // A database that does not know of this hides nothing in that way.
        let asked = self.database.rows(HIDDEN, &[], &mut |row| {
            if let [Some("true"), Some(policies), Some(role)] = row {
                found = Some(Hidden { all: *policies == "0", role: (*role).to_owned() });
            }
        });
        asked.ok().and(found)
    }

    /// There is no such release, or it is hidden.
    fn missing(&self, name: &str, revision: Option<i64>) -> Error {
        let Some(hidden) = self.hidden() else { return not_found(name, revision) };
        if hidden.all {
            return hidden.diagnostic(self.database.name()).into();
        }
        let mut error = not_found(name, revision);
        for diagnostic in error.diagnostics_mut() {
            *diagnostic = diagnostic.clone().fact(hidden.policies());
        }
        error
    }

    /// There is no table, and so no release.
    fn no_table(&self, name: &str, revision: Option<i64>) -> Error {
        let mut error = not_found(name, revision);
        for diagnostic in error.diagnostics_mut() {
            *diagnostic = diagnostic.clone().fact(self.no_tables());
        }
        error
    }

    fn no_tables(&self) -> String {
        format!(
            "{} has no table `releases_v1` in the schemas of this connection: Helm makes it with its first command",
            self.database.name()
        )
    }
}

/// Rows are hidden from whoever asks.
struct Hidden {
    /// All of them: there is no policy that shows any.
    all: bool,
    role: String,
}

impl Hidden {
    fn diagnostic(&self, database: &str) -> Diagnostic {
        let role = &self.role;
        Diagnostic::own(format!("{database} hides all releases from the role `{role}`"))
            .fact("row-level security is on for the table `releases_v1`, and no policy shows any row of it".to_owned())
            .hint(format!(
                "connect as the owner of the table, or let it say: CREATE POLICY {role}_reads ON releases_v1 FOR SELECT TO {role} USING (true); and the same for custom_labels_v1"
            ))
    }

    fn policies(&self) -> String {
        format!("row-level security is on for the table `releases_v1`: the role `{}` may not see all rows", self.role)
    }
}

impl Storage for Sql {
    fn get(&self, name: &str, revision: i64) -> Result<Record, Error> {
        let (releases, labelled) = self.tables()?;
        if !releases {
            return Err(self.no_table(name, Some(revision)));
        }
        let key = key(name, revision);
        let mut record = None;
        self.held("key", &key, &mut |_, text| record = Some(text.and_then(Record::decode)))?;
        let Some(record) = record else { return Err(self.missing(name, Some(revision))) };
        let record = record.map_err(|why| Error::from(Diagnostic::new(unreadable(&key, &why), why)))?;
        let mut labels = if labelled { self.labels(&key)? } else { Labels::new() };
        Ok(Record { labels: labels.remove(&key).unwrap_or_default().into_iter().collect(), ..record })
    }

    fn history(&self, name: &str) -> Result<Found, Error> {
        let (releases, labelled) = self.tables()?;
        if !releases {
            return Err(self.no_table(name, None));
        }
        let labels = if labelled { self.labels(&format!("sh.helm.release.v1.{name}.v"))? } else { Labels::new() };
        let (found, count) = self.found("owner = 'helm' AND name", name, labels)?;
        if count == 0 { Err(self.missing(name, None)) } else { Ok(found) }
    }

    fn list(&self) -> Result<Found, Error> {
        let (releases, labelled) = self.tables()?;
        if !releases {
            return Ok(Found { records: Vec::new(), unreadable: vec![Diagnostic::own(self.no_tables())] });
        }
        let labels = if labelled { self.labels("")? } else { Labels::new() };
        let (mut found, count) = self.found("owner", "helm", labels)?;
        if let Some(hidden) = if count == 0 { self.hidden() } else { None } {
            if hidden.all {
                return Err(hidden.diagnostic(self.database.name()).into());
            }
            found.unreadable.push(Diagnostic::own(hidden.policies()));
        }
        // Selectors see Helm's own labels too, as the record has them.
        for record in &mut found.records {
            let own = [
                ("name", record.name.clone()),
                ("owner", "helm".to_owned()),
                ("status", record.status.clone()),
                ("version", record.revision.to_string()),
            ];
            record.labels.extend(own.map(|(key, value)| (key.to_owned(), value)));
        }
        Ok(found)
    }
}
