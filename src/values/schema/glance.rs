//! Values that fit at a glance.
//!
//! Nearly all values fit their schema, and to see that takes no compiled schema, which takes longer to make than all else that
//! is done with it. Of schemas whose validity shows at a glance, and whose references stay in them, the keywords are looked at
//! where they stand. What is told here for certain is what `check` tells; what is uncertain, and whatever does not fit, is
//! left to it, which also has the words.

use super::draft::Draft;
use super::format;
use super::json::{ARRAY, BOOLEAN, INTEGER, Kind, NULL, NUMBER, Node, OBJECT, STRING, TYPES, entry};
use super::plain;
use crate::go::regexp;
use crate::go::unicode::rune_count;
use crate::value::{Elem, IntKind, Map, MapType, Str, Value};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

/// How deep schemas may lead into each other and into values.
const MAX_DEPTH: usize = 100;

/// How many schemas may stand where references lead to and no keyword does.
const MAX_APART: usize = 64;

/// How many keywords are looked at.
const MAX_STEPS: usize = 300_000;

/// The draft of a schema that can be looked at in this way.
pub(super) fn draft(document: &Node) -> Option<Draft> {
    let draft = match document.text("$schema") {
        Some(url) => Draft::from_url(url.utf8()?)?,
        None => Draft::D2020,
    };
    let references = References { document, draft, seen: RefCell::default() };
    let is_fine = |keyword: &[u8], text: &Str, depth: usize| match keyword {
        b"$ref" => references.is_fine(text),
        _ => depth == 1,
    };
    plain::is_valid_with(document, draft, &is_fine).then_some(draft)
}

/// References of a document.
struct References<'d> {
    document: &'d Node,
    draft: Draft,
    /// What they led to that lies in no schema.
    seen: RefCell<Vec<*const Node>>,
}

impl References<'_> {
    /// Whether a reference leads to a schema that can be looked at.
    fn is_fine(&self, reference: &[u8]) -> bool {
        let Some((node, is_part)) = target(self.document, reference) else { return false };
        if is_part || self.seen.borrow().iter().any(|seen| std::ptr::eq(*seen, node)) {
            return true;
        }
        if self.seen.borrow().len() == MAX_APART {
            return false;
        }
        self.seen.borrow_mut().push(node);
        let is_fine = |keyword: &[u8], text: &Str, _: usize| keyword == b"$ref" && self.is_fine(text);
        plain::is_valid_with(node, self.draft, &is_fine)
    }
}

/// The schema that a reference means, and whether it is part of those that keywords lead to from the document.
fn target<'d>(document: &'d Node, reference: &[u8]) -> Option<(&'d Node, bool)> {
    let pointer = reference.strip_prefix(b"#")?;
    if pointer.is_empty() {
        return Some((document, true));
    }
    let (mut node, mut is_part) = (document, true);
    let mut tokens = pointer.strip_prefix(b"/")?.split(|b| *b == b'/');
    while let Some(token) = tokens.next() {
        node = node.get(token)?;
        match token {
            b"definitions" | b"$defs" | b"properties" => node = node.get(tokens.next()?)?,
            b"items" | b"additionalProperties" | b"not" => {}
            _ => is_part = false,
        }
    }
    matches!(node.kind, Kind::Object(_) | Kind::Bool(_)).then_some((node, is_part))
}

/// Whether a value fits a schema whose draft [`draft`] found. None where that is uncertain.
pub(super) fn fits(document: &Node, draft: Draft, value: &Value) -> Option<bool> {
    Look { document, draft, left: MAX_STEPS }.schema(document, value, 0)
}

struct Look<'d> {
    document: &'d Node,
    draft: Draft,
    /// Steps that are left.
    left: usize,
}

/// All of them: uncertain where one is, unless one before it is false.
fn all<T>(items: impl IntoIterator<Item = T>, mut holds: impl FnMut(T) -> Option<bool>) -> Option<bool> {
    for item in items {
        if !holds(item)? {
            return Some(false);
        }
    }
    Some(true)
}

/// One of them: true where one is, uncertain where else one is uncertain.
fn any<T>(items: impl IntoIterator<Item = T>, mut holds: impl FnMut(T) -> Option<bool>) -> Option<bool> {
    let mut found = Some(false);
    for item in items {
        match holds(item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

impl Look<'_> {
    fn schema(&mut self, node: &Node, value: &Value, depth: usize) -> Option<bool> {
        let entries = match &node.kind {
            Kind::Bool(fits) => return Some(*fits),
            Kind::Object(entries) => entries,
            _ => return None,
        };
        if entries.is_empty() {
            return Some(true);
        }
        self.left = self.left.checked_sub(entries.len())?;
        (depth < MAX_DEPTH).then_some(())?;
        let types = types_of(value)?;
        if let Some(reference) = node.text("$ref")
            && self.draft.version() < 2019
        {
            // Nothing else counts there but `const`.
            (entries.len() == 1 || node.get(b"const").is_none()).then_some(())?;
            return self.schema(target(self.document, reference)?.0, value, depth + 1);
        }
        all(entries, |(key, rule)| self.keyword(node, key, rule, value, types, depth + 1))
    }

    /// Whether a value fits one keyword of a schema, `node`.
    fn keyword(
        &mut self,
        node: &Node,
        key: &[u8],
        rule: &Node,
        value: &Value,
        types: u8,
        depth: usize,
    ) -> Option<bool> {
        match (key, value) {
            (b"type", _) => Some(match &rule.kind {
                Kind::Array(names) => names.iter().any(|name| type_bit(name) & types != 0),
                _ => type_bit(rule) & types != 0,
            }),
            (b"enum", _) => {
                let items = list(rule)?;
                self.left = self.left.checked_sub(items.len())?;
                any(items, |item| equal(item, value))
            }
            (b"const", _) if self.draft == Draft::D4 => None,
            (b"const", _) => equal(rule, value),
            (b"$ref", _) => match &rule.kind {
                Kind::Str(reference) => self.schema(target(self.document, reference)?.0, value, depth),
                _ => None,
            },
            (b"allOf", _) => all(list(rule)?, |below| self.schema(below, value, depth)),
            (b"anyOf", _) => any(list(rule)?, |below| self.schema(below, value, depth)),
            (b"oneOf", _) => {
                let mut fit = 0;
                for below in list(rule)? {
                    fit += usize::from(self.schema(below, value, depth)?);
                }
                Some(fit == 1)
            }
            (b"not", _) => self.schema(rule, value, depth).map(|fits| !fits),
            (b"if", _) => {
                (self.draft.version() >= 7).then_some(())?;
                let branch: &[u8] = if self.schema(rule, value, depth)? { b"then" } else { b"else" };
                node.get(branch).map_or(Some(true), |below| self.schema(below, value, depth))
            }
            (
                b"properties"
                | b"patternProperties"
                | b"additionalProperties"
                | b"required"
                | b"dependencies"
                | b"minProperties"
                | b"maxProperties",
                Value::Map(_, map),
            ) => self.object(node, key, rule, &map.borrow(), value, depth),
            (b"items" | b"minItems" | b"maxItems" | b"uniqueItems", Value::List(_, items)) => match key {
                b"items" => all(items.iter(), |item| self.schema(rule, item, depth)),
                b"uniqueItems" => {
                    (matches!(rule.kind, Kind::Bool(false)) || items.len() < 2 || are_distinct_texts(items))
                        .then_some(true)
                }
                b"minItems" => Some(items.len() >= count(rule)?),
                _ => Some(items.len() <= count(rule)?),
            },
            (b"minLength" | b"maxLength" | b"pattern" | b"format", Value::Str(text)) => match (key, &rule.kind) {
                (b"minLength", _) => Some(rune_count(text) >= count(rule)?),
                (b"maxLength", _) => Some(rune_count(text) <= count(rule)?),
                (b"pattern", Kind::Str(pattern)) => Some(regexp::compile(pattern).ok()?.is_match(text)),
                (b"format", Kind::Str(name)) => match format::find(name) {
                    None => Some(true),
                    Some(format) if (format.check)(text).is_ok() => Some(true),
                    // In the newer drafts formats say nothing.
                    Some(_) => (self.draft.version() < 2019).then_some(false),
                },
                _ => None,
            },
            (b"minimum", Value::Int(..) | Value::Float(_)) => compared(value, rule).map(|order| order.is_ge()),
            (b"maximum", Value::Int(..) | Value::Float(_)) => compared(value, rule).map(|order| order.is_le()),
            // They say nothing, or nothing of such a value.
            _ => Some(true),
        }
    }

    fn object(&mut self, node: &Node, key: &[u8], rule: &Node, map: &Map, value: &Value, depth: usize) -> Option<bool> {
        match key {
            b"properties" => {
                let Kind::Object(known) = &rule.kind else { return None };
                // Both are in key order.
                let mut known = known.iter().peekable();
                for (name, below) in map {
                    while known.next_if(|(known, _)| known < name).is_some() {}
                    if let Some((_, rule)) = known.next_if(|(known, _)| known == name)
                        && !self.schema(rule, below, depth)?
                    {
                        return Some(false);
                    }
                }
                Some(true)
            }
            b"patternProperties" => {
                let Kind::Object(patterns) = &rule.kind else { return None };
                all(patterns, |(pattern, rule)| {
                    let pattern = regexp::compile(pattern).ok()?;
                    self.left = self.left.checked_sub(map.len())?;
                    all(map.iter().filter(|(name, _)| pattern.is_match(name)), |(_, below)| {
                        self.schema(rule, below, depth)
                    })
                })
            }
            b"additionalProperties" => {
                if matches!(rule.kind, Kind::Bool(true)) {
                    return Some(true);
                }
                let entries = |key: &[u8]| match node.get(key).map(|node| &node.kind) {
                    None => Some([].as_slice()),
                    Some(Kind::Object(entries)) => Some(entries.as_slice()),
                    Some(_) => None,
                };
                let known = entries(b"properties")?;
                let patterns = entries(b"patternProperties")?;
                let patterns: Vec<_> =
                    patterns.iter().map(|(pattern, _)| regexp::compile(pattern)).collect::<Result<_, _>>().ok()?;
                self.left = self.left.checked_sub(map.len() * (1 + patterns.len()))?;
                let is_other =
                    |name: &Str| entry(known, name).is_none() && !patterns.iter().any(|pattern| pattern.is_match(name));
                all(map.iter().filter(|(name, _)| is_other(name)), |(_, below)| self.schema(rule, below, depth))
            }
            b"required" => has_all(rule, map),
            b"dependencies" => {
                let Kind::Object(entries) = &rule.kind else { return None };
                all(entries.iter().filter(|(name, _)| map.contains(name)), |(_, rule)| match rule.kind {
                    Kind::Array(_) => has_all(rule, map),
                    _ => self.schema(rule, value, depth),
                })
            }
            b"minProperties" => Some(map.len() >= count(rule)?),
            _ => Some(map.len() <= count(rule)?),
        }
    }
}

/// The types that a value has, as bits; none where it is no JSON, or hard to tell.
fn types_of(value: &Value) -> Option<u8> {
    Some(match value {
        Value::Nil => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Str(_) => STRING,
        Value::Int(kind, n) if *n >= 0 || !kind.unsigned() => NUMBER | INTEGER,
        Value::Float(float) if float.is_finite() => NUMBER | if float.fract() == 0.0 { INTEGER } else { 0 },
        Value::List(of, _) if of.elem == Elem::Any => ARRAY,
        Value::Map(MapType::Any, _) => OBJECT,
        _ => return None,
    })
}

fn type_bit(name: &Node) -> u8 {
    match &name.kind {
        Kind::Str(name) => TYPES.iter().find(|(_, known)| *name == *known).map_or(0, |(bit, _)| *bit),
        _ => 0,
    }
}

fn list(node: &Node) -> Option<&[Rc<Node>]> {
    match &node.kind {
        Kind::Array(items) => Some(items),
        _ => None,
    }
}

fn count(node: &Node) -> Option<usize> {
    // Of more bits Go takes the lower ones.
    match &node.kind {
        Kind::Number(digits) => digits.parse::<i64>().ok().and_then(|count| count.try_into().ok()),
        _ => None,
    }
}

fn has_all(names: &Node, map: &Map) -> Option<bool> {
    all(list(names)?, |name| match &name.kind {
        Kind::Str(name) => Some(map.contains(name)),
        _ => None,
    })
}

/// Whether a value equals one in a schema.
fn equal(node: &Node, value: &Value) -> Option<bool> {
    match (&node.kind, value) {
        (Kind::Array(_), Value::List(..)) | (Kind::Object(_), Value::Map(..)) => None,
        (Kind::Number(text), Value::Float(float)) => Some(whole(text)? == *float),
        (Kind::Null, Value::Nil) => Some(true),
        (Kind::Bool(a), Value::Bool(b)) => Some(a == b),
        (Kind::Str(a), Value::Str(b)) => Some(a == b),
        (Kind::Number(text), Value::Int(_, n)) => Some(text.parse::<i64>().ok()? == *n),
        _ => Some(false),
    }
}

/// A whole number that a float holds as it is.
fn whole(text: &str) -> Option<f64> {
    let number = text.parse::<i64>().ok()?;
    (number.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(number as f64)
}

/// Whether a number is below or above one in a schema.
fn compared(value: &Value, bound: &Node) -> Option<std::cmp::Ordering> {
    let Kind::Number(text) = &bound.kind else { return None };
    match (value, text.parse::<i64>()) {
        (Value::Int(IntKind::Int | IntKind::Int64, n), Ok(bound)) => return Some(n.cmp(&bound)),
        (Value::Float(_), _) => {}
        _ => return None,
    }
    let Value::Float(float) = value else { return None };
    if let Some(bound) = whole(text) {
        return float.partial_cmp(&bound);
    }
    let bound = text.parse::<f64>().ok()?;
    // Of numbers that are the same as floats the decimals may differ.
    float.partial_cmp(&bound).filter(|order| bound.is_finite() && order.is_ne())
}

/// Whether all are texts, and no two the same.
fn are_distinct_texts(items: &[Value]) -> bool {
    let mut seen: HashSet<&[u8]> = HashSet::with_capacity(items.len());
    items.iter().all(|item| matches!(item, Value::Str(text) if seen.insert(text)))
}

#[cfg(test)]
mod tests {
    use super::super::check::Task;
    use super::super::json;
    use super::super::library::Library;
    use super::super::words::Failure;
    use super::*;
    use crate::value::MapRef;
    use std::collections::HashMap;

    /// What `check` tells.
    fn checked(schema: &str, value: &Value) -> Option<bool> {
        let document = json::parse(schema.as_bytes()).ok()?;
        let mut library = Library::new();
        let id = library.chart("file:///values.schema.json", document, 1_000_000).ok()?;
        let task = Task { schemas: &library.schemas, steps: &library.steps, dialects: &HashMap::new() };
        match task.run(id, &json::from_value(value), None) {
            Ok(()) => Some(true),
            Err(Failure::Problem(_)) => Some(false),
            Err(Failure::Words(_)) => None,
        }
    }

    struct Chance(u64);

    impl Chance {
        fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % n as u64) as usize
        }

        fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
            choices[self.below(choices.len())]
        }

        fn list(&mut self, mut item: impl FnMut(&mut Self) -> String) -> String {
            let items: Vec<String> = (0..1 + self.below(3)).map(|_| item(self)).collect();
            items.join(", ")
        }

        fn map(&mut self, names: &[&str], mut item: impl FnMut(&mut Self) -> String) -> String {
            let start = self.below(names.len());
            let named = names.iter().cycle().skip(start).take(1 + self.below(3));
            let items: Vec<String> = named.map(|name| format!("\"{name}\": {}", item(self))).collect();
            format!("{{{}}}", items.join(", "))
        }

        fn scalar(&mut self) -> String {
            self.of(&[
                "null",
                "true",
                "false",
                "0",
                "1",
                "-3",
                "7",
                "1.5",
                "1.0",
                "2e1",
                "\"\"",
                "\"a\"",
                "\"ab\"",
                "\"10.0.0.1\"",
                "\"é\"",
            ])
            .to_owned()
        }

        fn value(&mut self, depth: usize) -> String {
            match self.below(if depth == 0 { 2 } else { 5 }) {
                0 | 1 => self.scalar(),
                2 => format!("[{}]", self.list(|chance| chance.value(depth - 1))),
                3 if depth > 1 => self.of(&["[]", "{}"]).to_owned(),
                _ => self.map(&["a", "b", "ab", "c1"], |chance| chance.value(depth - 1)),
            }
        }

        fn names(&mut self) -> String {
            self.of(&["[\"a\"]", "[\"b\", \"a\"]", "[\"zz\"]"]).to_owned()
        }

        fn schema(&mut self, depth: usize) -> String {
            if depth == 0 || self.below(12) == 0 {
                return self
                    .of(&["true", "false", "{}", "{\"type\": \"string\"}", "{\"$ref\": \"#/definitions/d\"}"])
                    .to_owned();
            }
            let below = |chance: &mut Self| chance.schema(depth - 1);
            let some: Vec<String> = (0..1 + self.below(4))
                .map(|_| {
                    let key = self.of(&[
                        "type",
                        "type",
                        "type",
                        "enum",
                        "const",
                        "properties",
                        "properties",
                        "additionalProperties",
                        "patternProperties",
                        "required",
                        "dependencies",
                        "minProperties",
                        "maxProperties",
                        "items",
                        "minItems",
                        "maxItems",
                        "uniqueItems",
                        "minLength",
                        "maxLength",
                        "pattern",
                        "format",
                        "minimum",
                        "maximum",
                        "allOf",
                        "anyOf",
                        "oneOf",
                        "not",
                        "if",
                        "then",
                        "else",
                        "$ref",
                        "title",
                        "default",
                        "definitions",
                        "x-own",
                        "exclusiveMinimum",
                        "$id",
                        "$schema",
                        "contains",
                    ]);
                    let rule =
                        match key {
                            "type" => self
                                .of(&[
                                    "\"string\"",
                                    "\"object\"",
                                    "\"object\"",
                                    "\"array\"",
                                    "\"integer\"",
                                    "\"number\"",
                                    "\"boolean\"",
                                    "[\"null\", \"string\"]",
                                    "[\"integer\", \"object\"]",
                                    "[\"array\", \"object\"]",
                                ])
                                .to_owned(),
                            "enum" => format!("[{}]", self.list(Self::scalar)),
                            "const" | "default" => self.value(1),
                            "properties" | "definitions" => self.map(&["a", "b", "ab", "d"], below),
                            "patternProperties" => self.map(&["^a", "b$", "[0-9]", "("], below),
                            "required" => self.names(),
                            "dependencies" => self.map(&["a", "c1"], |chance| {
                                if chance.below(2) == 0 { chance.names() } else { below(chance) }
                            }),
                            "allOf" | "anyOf" | "oneOf" => format!("[{}]", self.list(below)),
                            "uniqueItems" => self.of(&["true", "false"]).to_owned(),
                            "pattern" => self.of(&["\"^a\"", "\"b$\"", "\"^$\""]).to_owned(),
                            "format" => self.of(&["\"ipv4\"", "\"email\"", "\"own\""]).to_owned(),
                            "minimum" | "maximum" | "exclusiveMinimum" => {
                                self.of(&["0", "1", "-3", "1.5", "1e1"]).to_owned()
                            }
                            "$ref" => self
                                .of(&[
                                    "\"#/definitions/d\"",
                                    "\"#/definitions/d\"",
                                    "\"#/definitions/d/properties/a\"",
                                    "\"#\"",
                                    "\"#/definitions/none\"",
                                    "\"#/properties/a\"",
                                    "\"#/definitions/d/anyOf/0\"",
                                    "\"#/definitions/g/x\"",
                                    "\"#/definitions/g/x/properties/a\"",
                                    "\"#/definitions/g/x/own/items\"",
                                    "\"#/definitions/g/y\"",
                                    "\"#d\"",
                                ])
                                .to_owned(),
                            "$id" => "\"https://example.com/a\"".to_owned(),
                            "$schema" => "\"http://json-schema.org/draft-07/schema#\"".to_owned(),
                            "title" | "x-own" => "\"a\"".to_owned(),
                            key if key.starts_with("min") || key.starts_with("max") => {
                                self.of(&["0", "1", "2", "9223372036854775808", "18446744073709551615"]).to_owned()
                            }
                            _ => below(self),
                        };
                    format!("\"{key}\": {rule}")
                })
                .collect();
            format!("{{{}}}", some.join(", "))
        }
    }

    const DRAFTS: [&str; 6] = [
        "",
        "\"$schema\": \"http://json-schema.org/draft-04/schema#\", ",
        "\"$schema\": \"http://json-schema.org/draft-06/schema#\", ",
        "\"$schema\": \"http://json-schema.org/draft-07/schema#\", ",
        "\"$schema\": \"https://json-schema.org/draft/2019-09/schema\", ",
        "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", ",
    ];

    #[test]
    fn what_is_certain_is_what_check_tells() {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let (mut fit, mut unfit, mut uncertain) = (0, 0, 0);
        // More of them, after a change here.
        let rounds = std::env::var("RHELM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10_000);
        for round in 0..rounds {
            let (inner, definition, apart) = (chance.schema(3), chance.schema(2), chance.schema(2));
            let body = inner.strip_prefix('{').map_or_else(
                || format!("\"not\": {inner}}}"),
                |body| match body {
                    "}" => "\"title\": \"a\"}".to_owned(),
                    body => body.to_owned(),
                },
            );
            let definitions = format!(
                "{{\"d\": {definition}, \"g\": {{\"x\": {apart}, \"y\": {{\"$ref\": \"#/definitions/g/x\"}}}}}}"
            );
            let schema = format!("{{{}\"definitions\": {definitions}, {body}", DRAFTS[round % DRAFTS.len()]);
            let document = json::parse(schema.as_bytes()).unwrap_or_else(|words| panic!("{words}: {schema}"));
            let Some(draft) = draft(&document) else { continue };
            for _ in 0..6 {
                let text = format!("v: {}", chance.value(3));
                let value = crate::yaml::parse(text.as_bytes()).unwrap();
                let Value::Map(_, map) = &value else { panic!("{text}") };
                let value = map.get("v").unwrap();
                let told = fits(&document, draft, &value);
                match told {
                    Some(true) => fit += 1,
                    Some(false) => unfit += 1,
                    None => uncertain += 1,
                }
                if told.is_some() {
                    assert_eq!(checked(&schema, &value), told, "{schema}\n{text}");
                }
            }
        }
        assert!(fit > rounds / 4 && unfit > rounds / 4 && uncertain < fit + unfit, "{fit} {unfit} {uncertain}");
    }

    #[test]
    fn no_end() {
        let mut value = Value::map(Map::new());
        for _ in 0..200 {
            let map = MapRef::new(Map::new());
            map.insert("a", value);
            value = Value::Map(MapType::Any, map);
        }
        for schema in [
            r##"{"$ref": "#"}"##,
            r##"{"properties": {"a": {"$ref": "#"}}}"##,
            r##"{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}"##,
        ] {
            let document = json::parse(schema.as_bytes()).unwrap();
            assert_eq!(fits(&document, draft(&document).unwrap(), &value), None, "{schema}");
        }
    }
}
