//! Which objects an override is about.

use super::super::object::Object;
use crate::go::glob::{Glob, compile};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// A glob: `*`, `?`, `[a-z]`, `{a,b}`.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// None for a text without anything special.
    glob: Option<Arc<Glob>>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let special = text.contains(['*', '?', '[', '{', '\\']);
        let glob = if special { Some(Arc::new(compile(text.as_bytes())?)) } else { None };
        Ok(Pattern { text: text.to_owned(), glob })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.matches(text.as_bytes()),
            None => self.text == text,
        }
    }
}

/// What an object must have; what is absent is not asked for.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The API group; empty is the core's.
    pub group: Option<Pattern>,
    /// The version within the group.
    pub version: Option<Pattern>,
    /// `kind`
    pub kind: Option<Pattern>,
    /// `metadata.name`
    pub name: Option<Pattern>,
    /// `metadata.namespace`, or the release's.
    pub namespace: Option<Pattern>,
    /// `metadata.labels`: all of them.
    pub labels: Vec<(String, Pattern)>,
    /// The release, as the project names it.
    pub release: Option<Pattern>,
}

fn fits(pattern: Option<&Pattern>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.matches(text))
}

impl Target {
    /// Whether it can match, as far as can be told without reading the object.
    pub(super) fn may_match(&self, kind: &str, name: &str, release: &str) -> bool {
        fits(self.kind.as_ref(), kind) && fits(self.name.as_ref(), name) && fits(self.release.as_ref(), release)
    }

    pub(super) fn matches(&self, object: &Object, json: &Json, release: &str) -> bool {
        self.may_match(&object.kind, &object.name, release)
            && fits(self.group.as_ref(), &object.group)
            && fits(self.version.as_ref(), &object.version)
            && fits(self.namespace.as_ref(), &object.namespace)
            && self.labels.iter().all(|(key, pattern)| {
                let label = json.pointer("/metadata/labels").and_then(|labels| labels.get(key));
                label.and_then(Json::as_str).is_some_and(|label| pattern.matches(label))
            })
    }
}

impl fmt::Display for Target {
    /// `kind Service, name shop-*`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = [
            ("group", &self.group),
            ("version", &self.version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("release", &self.release),
        ]
        .iter()
        .filter_map(|(key, pattern)| Some(format!("{key} `{}`", pattern.as_ref()?.text())))
        .collect();
        parts.extend(self.labels.iter().map(|(key, pattern)| format!("label `{key}={}`", pattern.text())));
        f.write_str(&parts.join(", "))
    }
}
