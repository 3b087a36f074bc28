//! The keywords of one schema (jsonschema v6: objcompiler.go). The metaschema has had its say before, so what
//! has another type than it should is left out.

use super::decimal::Decimal;
use super::draft::Dialect;
use super::format::{self, Format};
use super::json::{Kind, Node, TYPES};
use super::library::{Flaw, Id, Library, Shelf};
use super::pointer::{self, Reference};
use crate::go::quote::quoted;
use crate::go::regexp::{self, Regexp};
use crate::value::Str;
use std::rc::Rc;

/// What a schema asks for.
#[derive(Default)]
pub(super) struct Schema {
    /// The document.
    pub(super) url: Rc<str>,
    /// The place in it.
    pub(super) pointer: Rc<str>,
    pub(super) resource: Id,
    pub(super) draft: u16,
    pub(super) dynamic_anchors: Vec<(String, Id)>,
    pub(super) dynamic_anchor: String,
    pub(super) recursive_anchor: bool,
    pub(super) all_properties_evaluated: bool,
    pub(super) all_items_evaluated: bool,
    pub(super) items_evaluated: usize,

    pub(super) boolean: Option<bool>,
    pub(super) reference: Option<Id>,
    pub(super) recursive_ref: Option<Id>,
    /// With the anchor that it names.
    pub(super) dynamic_ref: Option<(Id, String)>,
    pub(super) types: u8,
    pub(super) enumeration: Option<Vec<Rc<Node>>>,
    pub(super) constant: Option<Rc<Node>>,
    pub(super) format: Option<Format>,
    pub(super) not: Option<Id>,
    pub(super) all_of: Vec<Id>,
    pub(super) any_of: Vec<Id>,
    pub(super) one_of: Vec<Id>,
    pub(super) condition: Option<Id>,
    pub(super) then: Option<Id>,
    pub(super) otherwise: Option<Id>,

    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) required: Vec<Str>,
    /// In key order.
    pub(super) properties: Vec<(Str, Id)>,
    pub(super) pattern_properties: Vec<(Rc<Regexp>, Id)>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) property_names: Option<Id>,
    pub(super) dependencies: Vec<(Str, Dependency)>,
    pub(super) dependent_required: Vec<(Str, Vec<Str>)>,
    pub(super) dependent_schemas: Vec<(Str, Id)>,
    pub(super) unevaluated_properties: Option<Id>,

    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) items: Option<Id>,
    pub(super) prefix: Vec<Id>,
    pub(super) additional_items: Option<Additional>,
    pub(super) contains: Option<Id>,
    pub(super) min_contains: Option<i64>,
    pub(super) max_contains: Option<i64>,
    pub(super) unevaluated_items: Option<Id>,

    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<(Str, Rc<Regexp>)>,

    pub(super) minimum: Option<Decimal>,
    pub(super) maximum: Option<Decimal>,
    pub(super) exclusive_minimum: Option<Decimal>,
    pub(super) exclusive_maximum: Option<Decimal>,
    pub(super) multiple_of: Option<Decimal>,
}

/// What becomes of what no other keyword names.
#[derive(Clone, Copy)]
pub(super) enum Additional {
    Allowed(bool),
    Schema(Id),
}

/// What a property entails.
pub(super) enum Dependency {
    Required(Vec<Str>),
    Schema(Id),
}

impl Schema {
    pub(super) fn new(url: Rc<str>, pointer: Rc<str>, draft: u16) -> Schema {
        Schema { url, pointer, draft, ..Schema::default() }
    }

    /// Its place as a URL.
    pub(super) fn location(&self) -> String {
        pointer::location(&self.url, &self.pointer)
    }

    /// Works out what follows from the keywords.
    pub(super) fn finish(&mut self) {
        self.all_properties_evaluated = self.additional_properties.is_some();
        self.all_items_evaluated = self.items.is_some() || self.additional_items.is_some();
        self.items_evaluated = self.prefix.len();
    }
}

/// Reads the keywords of one object.
pub(super) struct Reader<'a> {
    /// The keys that it may have, as bits: of fifty keywords a schema has a handful.
    pub(super) keys: u64,
    pub(super) library: &'a mut Library,
    pub(super) shelf: Shelf,
    pub(super) node: &'a Rc<Node>,
    pub(super) dialect: &'a Dialect,
    /// The pointer of the resource that it is in.
    pub(super) base: &'a str,
}

/// The bit of a key, which it shares with others.
fn bit(key: &[u8]) -> u64 {
    let (first, third) = (key.first().copied().unwrap_or_default(), key.get(2).copied().unwrap_or_default());
    1 << ((usize::from(first) + usize::from(third) * 3 + key.len() * 7) % 64)
}

/// The bits of the keys of an object.
pub(super) fn bits(entries: &[(Str, Rc<Node>)]) -> u64 {
    entries.iter().fold(0, |all, (key, _)| all | bit(key))
}

impl<'a> Reader<'a> {
    fn get(&self, name: &str) -> Option<&'a Rc<Node>> {
        let node = self.node;
        if self.keys & bit(name.as_bytes()) == 0 { None } else { node.get(name.as_bytes()) }
    }

    fn text(&self, name: &str) -> Option<&'a Str> {
        match &self.get(name)?.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn read(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        s.reference = self.reference(s, "$ref")?;
        // Beside a `$ref` the older drafts ignore everything; Go's validator still reads what draft 6 added, and
        // so checks `const`.
        if s.draft >= 2019 || s.reference.is_none() {
            self.since_4(s)?;
        }
        if s.draft >= 6 {
            self.since_6(s)?;
        }
        if s.draft >= 2019 {
            self.since_2019(s)?;
        }
        if s.draft >= 2020 {
            if let Some(target) = self.reference(s, "$dynamicRef")? {
                let text = self.text("$dynamicRef").map(|t| t.lossy().into_owned()).unwrap_or_default();
                let fragment = Reference::split(&text)?.fragment;
                let anchor = if fragment.starts_with('/') { String::new() } else { fragment };
                s.dynamic_ref = Some((target, anchor));
            }
            s.dynamic_anchor = self.text("$dynamicAnchor").map(|t| t.lossy().into_owned()).unwrap_or_default();
            if self.dialect.has("applicator") {
                s.prefix = self.list(s, "prefixItems")?;
                s.items = self.one(s, "items")?;
            }
        }
        Ok(())
    }

    fn since_4(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        if self.dialect.has("applicator") {
            self.applicators(s)?;
        }
        if self.dialect.has("validation") {
            self.validations(s)?;
        }
        let formats = match s.draft {
            _ if self.shelf == Shelf::Metas => true,
            2020 => self.dialect.has("format-assertion"),
            2019 => self.dialect.has("format"),
            _ => true,
        };
        if formats {
            s.format = self.text("format").and_then(|name| format::find(name));
        }
        Ok(())
    }

    fn applicators(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        s.all_of = self.list(s, "allOf")?;
        s.any_of = self.list(s, "anyOf")?;
        s.one_of = self.list(s, "oneOf")?;
        s.not = self.one(s, "not")?;
        if s.draft < 2020 {
            if let Some(Kind::Array(_)) = self.kind("items") {
                s.prefix = self.list(s, "items")?;
                s.additional_items = self.additional(s, "additionalItems")?;
            } else {
                s.items = self.one(s, "items")?;
            }
        }
        s.properties = self.map(s, "properties")?;
        for (pattern, id) in self.map(s, "patternProperties")? {
            s.pattern_properties.push((self.regexp(s, "patternProperties", &pattern)?, id));
        }
        s.additional_properties = self.additional(s, "additionalProperties")?;
        if let Some(Kind::Object(entries)) = self.kind("dependencies") {
            for (name, value) in entries {
                let dependency = match &value.kind {
                    Kind::Array(items) => Dependency::Required(texts(items)),
                    _ => Dependency::Schema(self.below(s, &[b"dependencies", name], value)?),
                };
                s.dependencies.push((name.clone(), dependency));
            }
        }
        Ok(())
    }

    fn validations(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        let bit = |node: &Node| match &node.kind {
            Kind::Str(name) => TYPES.iter().find(|(_, n)| *name == *n).map_or(0, |(bit, _)| *bit),
            _ => 0,
        };
        s.types = match self.get("type") {
            Some(node) => match &node.kind {
                Kind::Array(items) => items.iter().fold(0, |types, item| types | bit(item)),
                _ => bit(node),
            },
            None => 0,
        };
        if let Some(Kind::Array(items)) = self.kind("enum") {
            s.enumeration = Some(items.clone());
        }
        s.multiple_of = self.number("multipleOf");
        s.maximum = self.number("maximum");
        s.exclusive_maximum =
            if self.flag("exclusiveMaximum") { s.maximum.take() } else { self.number("exclusiveMaximum") };
        s.minimum = self.number("minimum");
        s.exclusive_minimum =
            if self.flag("exclusiveMinimum") { s.minimum.take() } else { self.number("exclusiveMinimum") };
        s.min_length = self.integer("minLength");
        s.max_length = self.integer("maxLength");
        if let Some(pattern) = self.text("pattern") {
            s.pattern = Some((pattern.clone(), self.regexp(s, "pattern", pattern)?));
        }
        s.min_items = self.integer("minItems");
        s.max_items = self.integer("maxItems");
        s.unique_items = self.flag("uniqueItems");
        s.max_properties = self.integer("maxProperties");
        s.min_properties = self.integer("minProperties");
        if let Some(Kind::Array(items)) = self.kind("required") {
            s.required = texts(items);
        }
        Ok(())
    }

    fn since_6(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        if self.dialect.has("applicator") {
            s.contains = self.one(s, "contains")?;
            s.property_names = self.one(s, "propertyNames")?;
        }
        if self.dialect.has("validation") {
            s.constant = self.get("const").cloned();
        }
        if s.draft >= 7 && self.dialect.has("applicator") {
            s.condition = self.one(s, "if")?;
            if s.condition.is_some() {
                let known = self.boolean("if");
                if known != Some(false) {
                    s.then = self.one(s, "then")?;
                }
                if known != Some(true) {
                    s.otherwise = self.one(s, "else")?;
                }
            }
        }
        Ok(())
    }

    fn since_2019(&mut self, s: &mut Schema) -> Result<(), Flaw> {
        s.recursive_ref = self.reference(s, "$recursiveRef")?;
        s.recursive_anchor = self.flag("$recursiveAnchor");
        if self.dialect.has("validation") {
            if s.contains.is_some() {
                s.min_contains = self.integer("minContains");
                s.max_contains = self.integer("maxContains");
            }
            if let Some(Kind::Object(entries)) = self.kind("dependentRequired") {
                for (name, value) in entries {
                    if let Kind::Array(items) = &value.kind {
                        s.dependent_required.push((name.clone(), texts(items)));
                    }
                }
            }
        }
        if self.dialect.has("applicator") {
            s.dependent_schemas = self.map(s, "dependentSchemas")?;
        }
        if self.dialect.has(if s.draft == 2019 { "applicator" } else { "unevaluated" }) {
            s.unevaluated_items = self.one(s, "unevaluatedItems")?;
            s.unevaluated_properties = self.one(s, "unevaluatedProperties")?;
        }
        Ok(())
    }

    fn kind(&self, name: &str) -> Option<&'a Kind> {
        self.get(name).map(|node| &node.kind)
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        match self.kind(name) {
            Some(Kind::Bool(b)) => Some(*b),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.boolean(name) == Some(true)
    }

    fn number(&self, name: &str) -> Option<Decimal> {
        match self.kind(name) {
            Some(Kind::Number(text)) => Decimal::parse(text),
            _ => None,
        }
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.number(name)?.to_i64()
    }

    fn regexp(&self, s: &Schema, keyword: &str, pattern: &Str) -> Result<Rc<Regexp>, Flaw> {
        regexp::compile(pattern).map_err(|e| {
            let place = format!("{}/{keyword}", s.location());
            Flaw::Words(format!("invalid regex {} at {}: {e}", quoted(pattern), quoted(place.as_bytes())))
        })
    }

    fn reference(&mut self, s: &Schema, keyword: &str) -> Result<Option<Id>, Flaw> {
        let Some(text) = self.text(keyword) else { return Ok(None) };
        self.library.refer(self.shelf, &s.url, self.base, &text.lossy()).map(Some)
    }

    /// The schema at tokens below this one.
    fn below(&mut self, s: &Schema, tokens: &[&[u8]], node: &Rc<Node>) -> Result<Id, Flaw> {
        let mut at = String::from(&*s.pointer);
        for token in tokens {
            pointer::push(&mut at, token);
        }
        self.library.enqueue(self.shelf, &s.url, &at, Some(node))
    }

    fn one(&mut self, s: &Schema, name: &str) -> Result<Option<Id>, Flaw> {
        self.get(name).map(|below| self.below(s, &[name.as_bytes()], below)).transpose()
    }

    fn list(&mut self, s: &Schema, name: &str) -> Result<Vec<Id>, Flaw> {
        let Some(Kind::Array(items)) = self.kind(name) else { return Ok(Vec::new()) };
        let one = |(i, item): (usize, &Rc<Node>)| self.below(s, &[name.as_bytes(), i.to_string().as_bytes()], item);
        items.iter().enumerate().map(one).collect()
    }

    fn map(&mut self, s: &Schema, name: &str) -> Result<Vec<(Str, Id)>, Flaw> {
        let Some(Kind::Object(entries)) = self.kind(name) else { return Ok(Vec::new()) };
        entries.iter().map(|(key, value)| Ok((key.clone(), self.below(s, &[name.as_bytes(), key], value)?))).collect()
    }

    fn additional(&mut self, s: &Schema, name: &str) -> Result<Option<Additional>, Flaw> {
        match self.boolean(name) {
            Some(b) => Ok(Some(Additional::Allowed(b))),
            None => Ok(self.one(s, name)?.map(Additional::Schema)),
        }
    }
}

fn texts(items: &[Rc<Node>]) -> Vec<Str> {
    let text = |item: &Rc<Node>| match &item.kind {
        Kind::Str(text) => Some(text.clone()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}
