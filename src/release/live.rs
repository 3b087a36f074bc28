//! Releases in a cluster: Helm's drivers `secret` and `configmap` (Helm: pkg/storage/driver).

use super::record::Record;
use super::storage::{Found, SYSTEM_LABELS, Storage, key, not_found, unreadable};
use crate::cluster::{Api, Kind, Refusal, Target, get, list, part, text};
use crate::diagnostic::{Diagnostic, Error};
use crate::value::{MapRef, Str, Value};
use std::sync::Arc;

/// What holds a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A Secret, whose data Kubernetes encodes once more.
    Secret,
    /// A ConfigMap.
    ConfigMap,
}

/// Releases in a cluster.
pub struct Live {
    api: Arc<dyn Api>,
    holder: Holder,
    /// Of which namespace; none for all.
    namespace: Option<String>,
}

impl Live {
    /// Nothing is asked yet.
    pub fn new(api: Arc<dyn Api>, holder: Holder, namespace: Option<String>) -> Live {
        Live { api, holder, namespace }
    }

    fn target(&self, name: Option<String>) -> Target {
        Target {
            group: String::new(),
            version: "v1".to_owned(),
            resource: match self.holder {
                Holder::Secret => "secrets",
                Holder::ConfigMap => "configmaps",
            }
            .to_owned(),
            namespace: self.namespace.clone(),
            name,
        }
    }

    /// The record's text in its holder.
    fn held(&self, object: &MapRef) -> Result<Vec<u8>, String> {
        match (part(object, "data").and_then(|data| data.get("release")), self.holder) {
            (Some(Value::Str(text)), Holder::Secret) => crate::go::base64::decode(text.as_bytes()),
            (Some(Value::Str(text)), Holder::ConfigMap) => Ok(text.as_bytes().to_vec()),
            _ => Err("it has no key `release`".to_owned()),
        }
    }

    fn query(&self, selector: &str, helm: &str) -> Result<(Found, usize), Error> {
        let mut found = Found::default();
        let mut count = 0;
        let taken = list(self.api.as_ref(), &self.target(None), selector, &mut |object| {
            count += 1;
            let (name, labels) = about(&object);
            let held = self.held(&object);
            found.take(&name, held.as_deref().map_err(Clone::clone), labels);
        });
        match taken {
            Ok(_) => Ok((found, count)),
            Err(refusal) => Err(self.failed(&refusal, helm)),
        }
    }

    fn failed(&self, refusal: &Refusal, helm: &str) -> Error {
        refusal.diagnostic(self.api.server(), helm).into()
    }
}

/// The name and the labels of a holder.
fn about(object: &MapRef) -> (String, Vec<(String, String)>) {
    let Some(metadata) = part(object, "metadata") else { return Default::default() };
    let labels = part(&metadata, "labels").map(|map| map.entries()).unwrap_or_default();
    let pair = |(key, value)| match value {
        Value::Str(value) => Some((Str::to_string(&key), value.to_string())),
        _ => None,
    };
    (text(&metadata, "name"), labels.into_iter().filter_map(pair).collect())
}

impl Storage for Live {
    fn get(&self, name: &str, revision: i64) -> Result<Record, Error> {
        let key = key(name, revision);
        let target = self.target(Some(key.clone()));
        let object = match get(self.api.as_ref(), &target) {
            Ok(object) => object,
            Err(refusal) if refusal.kind == Kind::NotFound => return Err(not_found(name, Some(revision))),
            Err(refusal) => return Err(self.failed(&refusal, &format!("get: failed to get \"{key}\": "))),
        };
        let record = self.held(&object).and_then(|text| Record::decode(&text)).map_err(|why| {
            let helm = format!("get: failed to decode data \"{key}\": {why}");
            Error::from(Diagnostic::new(unreadable(&key, &why), helm))
        })?;
        let (_, mut labels) = about(&object);
        labels.retain(|(name, _)| !SYSTEM_LABELS.contains(&name.as_str()));
        Ok(Record { labels, ..record })
    }

    fn history(&self, name: &str) -> Result<Found, Error> {
        let selector = format!("name={name},owner=helm");
        let (found, count) = self.query(&selector, "query: failed to query with labels: ")?;
        if count == 0 { Err(not_found(name, None)) } else { Ok(found) }
    }

    fn list(&self) -> Result<Found, Error> {
        Ok(self.query("owner=helm", "list: failed to list: ")?.0)
    }
}
