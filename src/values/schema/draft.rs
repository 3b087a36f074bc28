//! The drafts of JSON Schema: where they keep subschemas, how they name themselves, what they ask for.

use super::json::{Kind, Node};
use super::pointer;
use crate::go::quote::quoted;
use std::rc::Rc;

/// A draft that Helm knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

/// What is done with a subschema and its pointer.
pub(super) type Visit<'v, E> = dyn FnMut(&Rc<Node>, &mut String) -> Result<(), E> + 'v;

/// A draft, and which of its vocabularies count.
#[derive(Clone)]
pub(super) struct Dialect {
    pub(super) draft: Draft,
    /// The names; none for the draft's usual ones.
    pub(super) vocabularies: Option<Rc<Vec<String>>>,
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect { draft: Draft::D2020, vocabularies: None }
    }
}

/// Where a schema can have subschemas: keyword, what lies there, and since which draft.
const PLACES: [(&str, Shape, u16); 22] = [
    ("definitions", Shape::Map, 4),
    ("not", Shape::One, 4),
    ("allOf", Shape::List, 4),
    ("anyOf", Shape::List, 4),
    ("oneOf", Shape::List, 4),
    ("properties", Shape::Map, 4),
    ("additionalProperties", Shape::One, 4),
    ("patternProperties", Shape::Map, 4),
    ("items", Shape::Either, 4),
    ("additionalItems", Shape::One, 4),
    ("dependencies", Shape::Map, 4),
    ("propertyNames", Shape::One, 6),
    ("contains", Shape::One, 6),
    ("if", Shape::One, 7),
    ("then", Shape::One, 7),
    ("else", Shape::One, 7),
    ("$defs", Shape::Map, 2019),
    ("dependentSchemas", Shape::Map, 2019),
    ("unevaluatedProperties", Shape::One, 2019),
    ("unevaluatedItems", Shape::One, 2019),
    ("contentSchema", Shape::One, 2019),
    ("prefixItems", Shape::List, 2020),
];

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One,
    List,
    Map,
    /// A schema, or a list of them.
    Either,
}

impl Draft {
    /// 4, 6, 7, 2019 or 2020
    pub(super) fn version(self) -> u16 {
        match self {
            Draft::D4 => 4,
            Draft::D6 => 6,
            Draft::D7 => 7,
            Draft::D2019 => 2019,
            Draft::D2020 => 2020,
        }
    }

    /// Its metaschema's URL.
    pub(super) fn url(self) -> &'static str {
        match self {
            Draft::D4 => "http://json-schema.org/draft-04/schema",
            Draft::D6 => "http://json-schema.org/draft-06/schema",
            Draft::D7 => "http://json-schema.org/draft-07/schema",
            Draft::D2019 => "https://json-schema.org/draft/2019-09/schema",
            Draft::D2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The draft that a `$schema` names.
    pub(super) fn from_url(url: &str) -> Option<Draft> {
        let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
        if !fragment.is_empty() {
            return None;
        }
        let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
        match url.strip_prefix("json-schema.org/")? {
            "schema" | "draft/2020-12/schema" => Some(Draft::D2020),
            "draft/2019-09/schema" => Some(Draft::D2019),
            "draft-07/schema" => Some(Draft::D7),
            "draft-06/schema" => Some(Draft::D6),
            "draft-04/schema" => Some(Draft::D4),
            _ => None,
        }
    }

    /// The keyword that gives a schema its URL.
    pub(super) fn id_keyword(self) -> &'static str {
        if self == Draft::D4 { "id" } else { "$id" }
    }

    /// The URL that a schema gives itself, without fragment.
    pub(super) fn id(self, node: &Node) -> Option<String> {
        if self.version() < 2019 && node.get(b"$ref").is_some() {
            return None;
        }
        let id = node.text(self.id_keyword())?.lossy();
        let id = id.split('#').next().unwrap_or_default();
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// Calls with every subschema and its pointer.
    pub(super) fn subschemas<E>(self, node: &Node, pointer: &mut String, visit: &mut Visit<'_, E>) -> Result<(), E> {
        let Kind::Object(entries) = &node.kind else { return Ok(()) };
        let start = pointer.len();
        for (key, value) in entries {
            let Some((_, shape, _)) = PLACES.iter().find(|(name, _, since)| *key == *name && *since <= self.version())
            else {
                continue;
            };
            pointer::push(pointer, key);
            match (&value.kind, shape) {
                (Kind::Object(below), Shape::Map) => {
                    let end = pointer.len();
                    for (name, schema) in below {
                        pointer::push(pointer, name);
                        visit(schema, pointer)?;
                        pointer.truncate(end);
                    }
                }
                (Kind::Array(items), Shape::List | Shape::Either) => {
                    let end = pointer.len();
                    for (i, schema) in items.iter().enumerate() {
                        pointer::push(pointer, i.to_string().as_bytes());
                        visit(schema, pointer)?;
                        pointer.truncate(end);
                    }
                }
                (_, Shape::One | Shape::Either) => visit(value, pointer)?,
                _ => {}
            }
            pointer.truncate(start);
        }
        Ok(())
    }

    fn known(self) -> &'static [&'static str] {
        match self {
            Draft::D2019 => &["core", "applicator", "validation", "meta-data", "format", "content"],
            Draft::D2020 => &[
                "core",
                "applicator",
                "unevaluated",
                "validation",
                "meta-data",
                "format-annotation",
                "format-assertion",
                "content",
            ],
            _ => &[],
        }
    }

    /// The vocabularies that a metaschema requires.
    pub(super) fn vocabularies(self, url: &str, document: &Node) -> Result<Option<Vec<String>>, String> {
        let prefix = format!("{}vocab/", self.url().trim_end_matches("schema"));
        let Some(Kind::Object(wanted)) = document.get(b"$vocabulary").map(|v| &v.kind) else { return Ok(None) };
        if self.version() < 2019 {
            return Ok(None);
        }
        let mut names: Vec<String> = Vec::new();
        for (vocabulary, required) in wanted {
            if !matches!(required.kind, Kind::Bool(true)) {
                continue;
            }
            let text = vocabulary.lossy();
            match text.strip_prefix(&prefix) {
                Some(name) if self.known().contains(&name) => names.push(name.to_owned()),
                _ => {
                    return Err(format!("unsupported vocabulary {} in {}", quoted(vocabulary), quoted(url.as_bytes())));
                }
            }
        }
        if !names.iter().any(|name| name == "core") {
            names.push("core".into());
        }
        Ok(Some(names))
    }
}

impl Dialect {
    /// Whether a vocabulary counts.
    pub(super) fn has(&self, name: &str) -> bool {
        if name == "core" || self.draft.version() < 2019 {
            return true;
        }
        match &self.vocabularies {
            Some(names) => names.iter().any(|n| n == name),
            None => matches!(name, "applicator" | "validation") || self.draft == Draft::D2020 && name == "unevaluated",
        }
    }
}

/// The standard's own documents. They come from json-schema.org.
pub(super) fn standard(url: &str) -> Option<&'static str> {
    let path = url.strip_prefix("http://json-schema.org/").or_else(|| url.strip_prefix("https://json-schema.org/"))?;
    Some(match path {
        "draft-04/schema" => include_str!("metaschemas/draft-04.json"),
        "draft-06/schema" => include_str!("metaschemas/draft-06.json"),
        "draft-07/schema" => include_str!("metaschemas/draft-07.json"),
        "draft/2019-09/schema" => include_str!("metaschemas/2019-09/schema.json"),
        "draft/2019-09/meta/core" => include_str!("metaschemas/2019-09/core.json"),
        "draft/2019-09/meta/applicator" => include_str!("metaschemas/2019-09/applicator.json"),
        "draft/2019-09/meta/validation" => include_str!("metaschemas/2019-09/validation.json"),
        "draft/2019-09/meta/meta-data" => include_str!("metaschemas/2019-09/meta-data.json"),
        "draft/2019-09/meta/format" => include_str!("metaschemas/2019-09/format.json"),
        "draft/2019-09/meta/content" => include_str!("metaschemas/2019-09/content.json"),
        "schema" | "draft/2020-12/schema" => include_str!("metaschemas/2020-12/schema.json"),
        "draft/2020-12/meta/core" => include_str!("metaschemas/2020-12/core.json"),
        "draft/2020-12/meta/applicator" => include_str!("metaschemas/2020-12/applicator.json"),
        "draft/2020-12/meta/unevaluated" => include_str!("metaschemas/2020-12/unevaluated.json"),
        "draft/2020-12/meta/validation" => include_str!("metaschemas/2020-12/validation.json"),
        "draft/2020-12/meta/meta-data" => include_str!("metaschemas/2020-12/meta-data.json"),
        "draft/2020-12/meta/format-annotation" => include_str!("metaschemas/2020-12/format-annotation.json"),
        "draft/2020-12/meta/format-assertion" => include_str!("metaschemas/2020-12/format-assertion.json"),
        "draft/2020-12/meta/content" => include_str!("metaschemas/2020-12/content.json"),
        _ => return None,
    })
}
