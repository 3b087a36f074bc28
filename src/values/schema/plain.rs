//! Schemas whose validity shows at a glance.
//!
//! Every schema is held against its draft's metaschema, which has to be read and compiled first: for most charts that takes
//! longer than all else that is done with their schema. What is found here to be valid the metaschemas find valid, too; what
//! is not found so is left to them, be it valid or not.

use super::draft::Draft;
use super::json::{Kind, Node, TYPES};
use crate::go::regexp;
use crate::value::Str;
use std::collections::HashSet;
use std::rc::Rc;

/// Deeper schemas are left to the metaschemas.
const MAX_DEPTH: usize = 64;

/// Keywords that some draft's metaschema asks more of than is looked at here.
const OTHERS: [&[u8]; 18] = [
    b"additionalItems",
    b"contentEncoding",
    b"contentMediaType",
    b"contentSchema",
    b"dependentRequired",
    b"dependentSchemas",
    b"exclusiveMaximum",
    b"exclusiveMinimum",
    b"id",
    b"maxContains",
    b"minContains",
    b"multipleOf",
    b"prefixItems",
    b"unevaluatedItems",
    b"unevaluatedProperties",
    b"propertyNames",
    b"contains",
    b"readOnly",
];

/// Whether a schema is certainly valid in a draft.
pub(super) fn is_valid(node: &Node, draft: Draft) -> bool {
    is_valid_with(node, draft, &|_, _, _| true)
}

/// The same, if besides all of `$ref`, `$id` and `$schema` in it are as they should be: given are the keyword, its text, and how deep it
/// stands, from 1.
pub(super) fn is_valid_with(node: &Node, draft: Draft, is_fine: &dyn Fn(&[u8], &Str, usize) -> bool) -> bool {
    Look { draft, is_fine }.schema(node, 0)
}

struct Look<'l> {
    draft: Draft,
    is_fine: &'l dyn Fn(&[u8], &Str, usize) -> bool,
}

impl Look<'_> {
    fn schema(&self, node: &Node, depth: usize) -> bool {
        match &node.kind {
            Kind::Bool(_) => self.draft != Draft::D4,
            Kind::Object(entries) => {
                depth < MAX_DEPTH && entries.iter().all(|(key, value)| self.keyword(key, value, depth + 1))
            }
            _ => false,
        }
    }

    fn keyword(&self, key: &Str, value: &Node, depth: usize) -> bool {
        let draft = self.draft;
        let is_fine = |text: &Str| (self.is_fine)(key, text, depth);
        match key.as_bytes() {
            b"$schema" => text(value).is_some_and(|url| {
                let is_standard =
                    url.starts_with(b"http://json-schema.org/") || url.starts_with(b"https://json-schema.org/");
                is_standard && is_fine(url)
            }),
            b"$ref" => text(value).is_some_and(|reference| {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_-.$".contains(byte);
                reference.strip_prefix(b"#").is_some_and(|pointer| pointer.iter().all(plain)) && is_fine(reference)
            }),
            // One that stands deeper makes a document of its own, and such are not looked at here.
            b"$id" => text(value).is_some_and(|id| {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(byte);
                let path = id.strip_prefix(b"https://").or_else(|| id.strip_prefix(b"http://"));
                path.is_some_and(|path| path.first().is_some_and(u8::is_ascii_alphanumeric) && path.iter().all(plain))
                    && is_fine(id)
            }),
            b"title" | b"description" | b"$comment" | b"format" => text(value).is_some(),
            b"default" | b"const" => true,
            b"examples" => matches!(value.kind, Kind::Array(_)),
            b"uniqueItems" | b"deprecated" | b"writeOnly" => matches!(value.kind, Kind::Bool(_)),
            b"type" => match &value.kind {
                Kind::Array(names) => {
                    !names.is_empty() && are_distinct(names) && names.iter().all(|name| is_type(name))
                }
                _ => is_type(value),
            },
            b"enum" => matches!(&value.kind, Kind::Array(items) if !items.is_empty() && are_distinct(items)),
            b"required" => are_names(value, draft),
            b"minimum" | b"maximum" => matches!(value.kind, Kind::Number(_)),
            b"minLength" | b"maxLength" | b"minItems" | b"maxItems" | b"minProperties" | b"maxProperties" => {
                matches!(&value.kind, Kind::Number(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()))
            }
            b"pattern" => text(value).is_some_and(|pattern| regexp::compile(pattern).is_ok()),
            b"patternProperties" => self.each(value, depth, |pattern| regexp::compile(pattern).is_ok()),
            b"properties" | b"definitions" | b"$defs" => self.each(value, depth, |_| true),
            b"dependencies" => {
                matches!(&value.kind, Kind::Object(entries) if entries.iter().all(|(_, value)| match &value.kind {
                    Kind::Array(_) => are_names(value, draft),
                    _ => self.schema(value, depth),
                }))
            }
            b"additionalProperties" => matches!(value.kind, Kind::Bool(_)) || self.schema(value, depth),
            b"not" | b"if" | b"then" | b"else" => self.schema(value, depth),
            b"items" => match &value.kind {
                Kind::Array(_) => false,
                _ => self.schema(value, depth),
            },
            b"allOf" | b"anyOf" | b"oneOf" => matches!(&value.kind, Kind::Array(items)
                if !items.is_empty() && items.iter().all(|item| self.schema(item, depth))),
            // No metaschema says anything of what it does not know.
            other => !other.starts_with(b"$") && !OTHERS.contains(&other),
        }
    }

    fn each(&self, node: &Node, depth: usize, mut is_key: impl FnMut(&Str) -> bool) -> bool {
        let Kind::Object(entries) = &node.kind else { return false };
        entries.iter().all(|(key, value)| is_key(key) && self.schema(value, depth))
    }
}

fn text(node: &Node) -> Option<&Str> {
    match &node.kind {
        Kind::Str(text) => Some(text),
        _ => None,
    }
}

fn is_type(node: &Node) -> bool {
    text(node).is_some_and(|name| TYPES.iter().any(|(_, known)| name.as_bytes() == known.as_bytes()))
}

/// Whether it is what `required` can have.
fn are_names(node: &Node, draft: Draft) -> bool {
    matches!(&node.kind, Kind::Array(names)
        if (draft != Draft::D4 || !names.is_empty()) && names.iter().all(|name| text(name).is_some()) && are_distinct(names))
}

/// Whether all are texts, whole numbers, truth values or null, and no two the same.
fn are_distinct(items: &[Rc<Node>]) -> bool {
    let mut seen: HashSet<(u8, &[u8])> = HashSet::with_capacity(items.len());
    items.iter().all(|item| match &item.kind {
        Kind::Str(text) => seen.insert((0, text.as_bytes())),
        Kind::Bool(false) => seen.insert((1, b"")),
        Kind::Bool(true) => seen.insert((2, b"")),
        Kind::Null => seen.insert((3, b"")),
        // Written with digits alone, and no zero in front, it is written in one way.
        Kind::Number(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()) && seen.insert((4, digits.as_bytes())),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::super::library::Library;
    use super::*;

    const DRAFTS: [(Draft, &str); 5] = [
        (Draft::D4, "http://json-schema.org/draft-04/schema#"),
        (Draft::D6, "http://json-schema.org/draft-06/schema#"),
        (Draft::D7, "http://json-schema.org/draft-07/schema#"),
        (Draft::D2019, "https://json-schema.org/draft/2019-09/schema"),
        (Draft::D2020, "https://json-schema.org/draft/2020-12/schema"),
    ];

    /// What the metaschema says.
    fn judged(text: &str) -> Option<bool> {
        let document = json::parse(text.as_bytes()).ok()?;
        Some(Library::thorough().chart("file:///values.schema.json", document, 1_000_000).is_ok())
    }

    /// A value to put somewhere.
    const VALUES: [&str; 33] = [
        "true",
        "false",
        "null",
        "0",
        "1",
        "-1",
        "1.0",
        "1e2",
        "0.5",
        "\"\"",
        "\"string\"",
        "\"https://example.com/a.json\"",
        "\"http://\"",
        "\"http://a/../b\"",
        "\"#/a\"",
        "\"(\"",
        "[]",
        "{}",
        "[\"a\"]",
        "[\"a\",\"a\"]",
        "[\"string\",\"null\"]",
        "[true]",
        "[{}]",
        "{\"a\":{}}",
        "{\"a\":1}",
        "[0,1,\"1\"]",
        "[1,1]",
        "[1,1.0]",
        "[0,-0]",
        "{\"a\":[]}",
        "{\"a\":[\"b\"],\"c\":{\"type\":\"string\"}}",
        "{\"a\":[\"b\",\"b\"]}",
        "{\"a\":{\"type\":\"b\"}}",
    ];

    const KEYS: [&str; 52] = [
        "$schema",
        "$ref",
        "$id",
        "$comment",
        "$defs",
        "$anchor",
        "title",
        "description",
        "format",
        "default",
        "const",
        "examples",
        "uniqueItems",
        "readOnly",
        "writeOnly",
        "deprecated",
        "type",
        "enum",
        "required",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "pattern",
        "patternProperties",
        "properties",
        "definitions",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "items",
        "allOf",
        "anyOf",
        "oneOf",
        "additionalItems",
        "dependencies",
        "exclusiveMinimum",
        "multipleOf",
        "id",
        "prefixItems",
        "propertyNames",
        "contains",
        "contentSchema",
        "unevaluatedItems",
        "x-own",
        "minContains",
    ];

    /// What is found valid here the metaschemas find valid.
    #[test]
    fn never_more_than_the_metaschemas() {
        let (mut plain, mut all) = (0, 0);
        let mut check = |draft, body: &str, url: &str| {
            let text = format!("{{\"$schema\": \"{url}\"{body}}}");
            let Ok(document) = json::parse(text.as_bytes()) else { return };
            all += 1;
            if is_valid(&document, draft) {
                plain += 1;
                // Whatever a reference means is another matter.
                if !body.contains("$ref") {
                    assert_eq!(judged(&text), Some(true), "{text}");
                }
            }
        };
        for (draft, url) in DRAFTS {
            for key in KEYS.iter().filter(|key| **key != "$schema") {
                for value in VALUES {
                    check(draft, &format!(", \"{key}\": {value}"), url);
                    check(draft, &format!(", \"properties\": {{\"p\": {{\"{key}\": {value}}}}}"), url);
                }
            }
            // Two keywords may ask for each other.
            for (i, one) in KEYS.iter().enumerate().skip(2) {
                let other = KEYS[(i * 7 + 3) % KEYS.len()];
                let [a, b] = [VALUES[i % VALUES.len()], VALUES[(i * 5) % VALUES.len()]];
                check(draft, &format!(", \"{one}\": {a}, \"{other}\": {b}"), url);
            }
        }
        assert!(plain > 1_000 && plain < all, "{plain} of {all}");
    }
}
