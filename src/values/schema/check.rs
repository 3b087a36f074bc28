//! Holds a value against a schema (jsonschema v6: validator.go). Go walks over maps in random order; here it
//! is the order of keys.

use super::decimal::Decimal;
use super::json::{INTEGER, Kind as Json, NUMBER, Node, entry};
use super::keyword::{Additional, Dependency, Schema};
use super::library::{Id, Schemas};
use super::pointer;
use super::words::Failure;
use crate::go::unicode::rune_count;
use crate::stack::deeper;
use crate::value::Str;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// How deep schemas may lead into each other and into values.
const MAX_DEPTH: usize = 2_500;

/// What does not fit.
pub(super) struct Problem {
    /// The schema that says so.
    pub(super) schema: Id,
    /// The way to the value.
    pub(super) at: Vec<Token>,
    pub(super) kind: Kind,
    pub(super) causes: Vec<Problem>,
}

/// A step on the way to a value.
#[derive(Clone)]
pub(super) enum Token {
    Key(Str),
    Index {
        /// As Go shows it: it counts anew after the items that have schemas of their own.
        shown: usize,
        real: usize,
    },
}

/// How a value does not fit. What is wanted stands in the schema.
pub(super) enum Kind {
    /// Only whether it fits was asked.
    Unsaid,
    /// Not a value of JSON but of this Go type.
    Alien(String),
    /// All that is wrong with one property name.
    PropertyName(Str),
    Group,
    Not,
    AllOf,
    AnyOf,
    /// Either none matched, or these two.
    OneOf(Option<(usize, usize)>),
    False,
    Cycle {
        first: String,
        second: String,
    },
    /// The name of the type that it has.
    Type(&'static str),
    Enum,
    Const,
    /// The text, the format, why.
    Format(Str, &'static str, String),
    Reference,
    MinProperties(usize),
    MaxProperties(usize),
    Required(Vec<Str>),
    /// What is missing because of a property, and whether the keyword is the newer one.
    Dependency(Str, Vec<Str>),
    Additional(Vec<Str>),
    MinItems(usize),
    MaxItems(usize),
    AdditionalItems(usize),
    Unique(usize, usize),
    Contains,
    MinContains(Vec<usize>),
    MaxContains(Vec<usize>),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Str),
    Minimum(f64),
    Maximum(f64),
    ExclusiveMinimum(f64),
    ExclusiveMaximum(f64),
    MultipleOf(f64),
}

/// A validation to be done.
pub(super) struct Task<'a> {
    /// Every schema there is.
    pub(super) schemas: &'a Schemas,
    /// Steps that are left.
    pub(super) steps: &'a Cell<u64>,
    /// When the value is a schema: the metaschemas of the places in it that have their own dialect.
    pub(super) dialects: &'a HashMap<String, Id>,
}

/// Why checking goes no further: a problem, or the check itself cannot be done.
enum Stop {
    Problem(Box<Problem>),
    Words(String),
}

type Checked = Result<Unevaluated, Stop>;

/// The schemas on the way to this one, innermost first.
struct Scope<'p> {
    schema: Id,
    /// The keyword of a reference; empty where the schema stands inside its parent.
    keyword: &'static str,
    /// The same for schemas that see the same value.
    value: usize,
    depth: usize,
    parent: Option<&'p Scope<'p>>,
}

/// What no keyword has looked at.
#[derive(Default)]
struct Unevaluated {
    properties: BTreeSet<Str>,
    items: BTreeSet<usize>,
}

impl Unevaluated {
    fn of(node: &Node, schema: &Schema, wanted: bool) -> Unevaluated {
        let mut left = Unevaluated::default();
        match &node.kind {
            Json::Object(entries)
                if !schema.all_properties_evaluated && (wanted || schema.unevaluated_properties.is_some()) =>
            {
                left.properties = entries.iter().map(|(key, _)| key.clone()).collect();
            }
            Json::Array(items) if !schema.all_items_evaluated && (wanted || schema.unevaluated_items.is_some()) => {
                left.items = (schema.items_evaluated..items.len()).collect();
            }
            _ => {}
        }
        left
    }

    fn keep(&mut self, other: &Unevaluated) {
        if !self.properties.is_empty() {
            self.properties.retain(|name| other.properties.contains(name));
        }
        if !self.items.is_empty() {
            self.items.retain(|i| other.items.contains(i));
        }
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty()
    }
}

impl Task<'_> {
    /// Holds a value against a schema. `meta` is the schema itself when the value is a schema and this its
    /// metaschema.
    pub(super) fn run(&self, schema: Id, node: &Rc<Node>, meta: Option<Id>) -> Result<(), Failure> {
        match self.start(schema, node, meta, 0) {
            Ok(_) => Ok(()),
            Err(Stop::Problem(problem)) => Err(Failure::Problem(problem)),
            Err(Stop::Words(words)) => Err(Failure::Words(words)),
        }
    }

    fn start(&self, schema: Id, node: &Rc<Node>, meta: Option<Id>, depth: usize) -> Checked {
        let scope = Scope { schema, keyword: "", value: 0, depth, parent: None };
        self.visit(node, &mut Vec::new(), &scope, meta, false, false)
    }

    fn schema(&self, id: Id) -> Result<&Schema, Stop> {
        self.schemas.get(id).ok_or_else(|| Stop::Words("the schema is not known".into()))
    }

    fn spend(&self, steps: usize) -> Result<(), Stop> {
        match self.steps.get().checked_sub(steps as u64) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(Stop::Words("checking the values against the schema takes too many steps".into())),
        }
    }

    fn visit(
        &self,
        node: &Rc<Node>,
        at: &mut Vec<Token>,
        scope: &Scope<'_>,
        meta: Option<Id>,
        quiet: bool,
        wanted: bool,
    ) -> Checked {
        self.spend(1)?;
        if scope.depth > MAX_DEPTH {
            return Err(Stop::Words("the schema leads too deep".into()));
        }
        let schema = self.schema(scope.schema)?;
        let left = Unevaluated::of(node, schema, wanted);
        let check = Check { task: self, node, at, schema, scope, meta, quiet, left, problems: Vec::new() };
        deeper(|| check.run())
    }
}

/// One schema on one value.
struct Check<'c> {
    task: &'c Task<'c>,
    node: &'c Rc<Node>,
    at: &'c mut Vec<Token>,
    schema: &'c Schema,
    scope: &'c Scope<'c>,
    meta: Option<Id>,
    /// Only whether it fits is asked.
    quiet: bool,
    left: Unevaluated,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&self, kind: Kind) -> Result<Problem, Stop> {
        if self.quiet {
            return Ok(Problem { schema: self.scope.schema, at: Vec::new(), kind: Kind::Unsaid, causes: Vec::new() });
        }
        self.task.spend(8 + self.at.len())?;
        Ok(Problem { schema: self.scope.schema, at: self.at.clone(), kind, causes: Vec::new() })
    }

    fn fail(&self, kind: Kind) -> Checked {
        Err(Stop::Problem(Box::new(self.problem(kind)?)))
    }

    fn add(&mut self, kind: Kind) -> Result<(), Stop> {
        let problem = self.problem(kind)?;
        self.problems.push(problem);
        Ok(())
    }

    fn add_with(&mut self, kind: Kind, causes: Vec<Problem>) -> Result<(), Stop> {
        let problem = Problem { causes, ..self.problem(kind)? };
        self.problems.push(problem);
        Ok(())
    }

    /// Whether there is no use in going on.
    fn decided(&self) -> bool {
        self.quiet && !self.problems.is_empty()
    }

    fn run(mut self) -> Checked {
        let schema = self.schema;
        match schema.boolean {
            Some(true) => return Ok(self.left),
            Some(false) => return self.fail(Kind::False),
            None => {}
        }
        if let Some(kind) = self.cycle()? {
            return self.fail(kind);
        }
        let node = self.node;
        if let Json::Other(name) = &node.kind {
            return self.fail(Kind::Alien(name.clone()));
        }
        let own = node.type_bit();
        if schema.types != 0 && schema.types & own == 0 && !(schema.types & INTEGER != 0 && is_integer(node)) {
            let name = super::json::TYPES.iter().find(|(bit, _)| *bit == own).map_or("", |(_, name)| *name);
            return self.fail(Kind::Type(name));
        }
        if schema.constant.as_ref().is_some_and(|constant| !node.equals(constant)) {
            return self.fail(Kind::Const);
        }
        if let Some(items) = &schema.enumeration {
            self.task.spend(items.len())?;
            if !items.iter().any(|item| node.equals(item)) {
                return self.fail(Kind::Enum);
            }
        }
        if let (Some(format), Json::Str(text)) = (&schema.format, &node.kind)
            && let Err(why) = (format.check)(text)
        {
            return self.fail(Kind::Format(text.clone(), format.name, why));
        }
        if let Some(target) = schema.reference {
            let found = self.follow(target, "$ref")?;
            if schema.draft < 2019 {
                return match found {
                    Some(problem) => Err(Stop::Problem(Box::new(problem))),
                    None => Ok(self.left),
                };
            }
            self.problems.extend(found);
        }
        match &node.kind {
            Json::Object(entries) => self.object(entries)?,
            Json::Array(items) => self.array(items)?,
            Json::Str(text) => self.string(text)?,
            Json::Number(text) => self.number(text)?,
            _ => {}
        }
        if !self.decided() {
            if schema.draft >= 2019 {
                self.dynamic()?;
            }
            self.combined()?;
            if schema.draft >= 2019 {
                self.unevaluated()?;
            }
        }
        match (self.problems.len(), self.problems.pop()) {
            (_, None) => Ok(self.left),
            (1, Some(only)) => Err(Stop::Problem(Box::new(only))),
            (_, Some(last)) => {
                self.problems.push(last);
                let causes = std::mem::take(&mut self.problems);
                Err(Stop::Problem(Box::new(Problem { causes, ..self.problem(Kind::Group)? })))
            }
        }
    }

    /// Whether this schema is being held against this value already.
    fn cycle(&self) -> Result<Option<Kind>, Stop> {
        let mut next = self.scope.parent;
        while let Some(scope) = next {
            if scope.value != self.scope.value {
                break;
            }
            if scope.schema == self.scope.schema {
                let kind = Kind::Cycle { first: self.keywords(self.scope)?, second: self.keywords(scope)? };
                return Ok(Some(kind));
            }
            next = scope.parent;
        }
        Ok(None)
    }

    /// The keywords that led to a schema.
    fn keywords(&self, scope: &Scope<'_>) -> Result<String, Stop> {
        let mut parts = Vec::new();
        let mut scope = scope;
        while let Some(parent) = scope.parent {
            if scope.keyword.is_empty() {
                let (own, outer) =
                    (self.task.schema(scope.schema)?.location(), self.task.schema(parent.schema)?.location());
                parts.push(own.get(outer.len()..).unwrap_or_default().to_owned());
            } else {
                parts.push(format!("/{}", scope.keyword));
            }
            scope = parent;
        }
        parts.reverse();
        Ok(parts.concat())
    }

    /// Holds the same value against another schema.
    fn same(&mut self, id: Id, keyword: &'static str, quiet: bool) -> Result<Option<Problem>, Stop> {
        let wanted = !self.left.is_empty();
        let (schema, meta) = self.dialect(id);
        let scope =
            Scope { schema, keyword, value: self.scope.value, depth: self.scope.depth + 1, parent: Some(self.scope) };
        match self.task.visit(self.node, self.at, &scope, meta, self.quiet || quiet, wanted) {
            Ok(left) => {
                self.left.keep(&left);
                Ok(None)
            }
            Err(Stop::Problem(problem)) => Ok(Some(*problem)),
            Err(stop) => Err(stop),
        }
    }

    /// Holds a value inside this one against a schema.
    fn inner(&mut self, id: Id, node: &Rc<Node>, token: Token) -> Result<Option<Problem>, Stop> {
        self.at.push(token);
        let (schema, meta) = self.dialect(id);
        let scope = Scope {
            schema,
            keyword: "",
            value: self.scope.value + 1,
            depth: self.scope.depth + 1,
            parent: Some(self.scope),
        };
        let found = self.task.visit(node, self.at, &scope, meta, self.quiet, false);
        self.at.pop();
        match found {
            Ok(_) => Ok(None),
            Err(Stop::Problem(problem)) => Ok(Some(*problem)),
            Err(stop) => Err(stop),
        }
    }

    fn add_inner(&mut self, id: Id, node: &Rc<Node>, token: Token) -> Result<(), Stop> {
        let found = self.inner(id, node, token)?;
        self.problems.extend(found);
        Ok(())
    }

    fn add_same(&mut self, id: Id) -> Result<(), Stop> {
        let found = self.same(id, "", false)?;
        self.problems.extend(found);
        Ok(())
    }

    /// The metaschema gives way to another where the schema that is the value has a dialect of its own.
    fn dialect(&self, id: Id) -> (Id, Option<Id>) {
        if self.meta != Some(id) || self.task.dialects.is_empty() {
            return (id, self.meta);
        }
        let mut pointer = String::new();
        for token in self.at.iter() {
            match token {
                Token::Key(key) => pointer::push(&mut pointer, key),
                Token::Index { shown, .. } => pointer::push(&mut pointer, shown.to_string().as_bytes()),
            }
        }
        match self.task.dialects.get(&pointer) {
            Some(meta) => (*meta, Some(*meta)),
            None => (id, self.meta),
        }
    }

    fn object(&mut self, entries: &[(Str, Rc<Node>)]) -> Result<(), Stop> {
        let schema = self.schema;
        let count = entries.len();
        if schema.min_properties.is_some_and(|min| (count as i64) < min) {
            self.add(Kind::MinProperties(count))?;
        }
        if schema.max_properties.is_some_and(|max| count as i64 > max) {
            self.add(Kind::MaxProperties(count))?;
        }
        if let Some(missing) = self.missing(entries, &schema.required)? {
            self.add(Kind::Required(missing))?;
        }
        if self.decided() {
            return Ok(());
        }
        for (name, dependency) in &schema.dependencies {
            if entry(entries, name).is_none() {
                continue;
            }
            match dependency {
                Dependency::Required(names) => {
                    if let Some(missing) = self.missing(entries, names)? {
                        self.add(Kind::Dependency(name.clone(), missing))?;
                    }
                }
                Dependency::Schema(id) => self.add_same(*id)?,
            }
        }
        let mut additional = Vec::new();
        for (name, value) in entries {
            if self.decided() {
                return Ok(());
            }
            self.task.spend(1 + schema.pattern_properties.len())?;
            let mut evaluated = false;
            if let Ok(i) = schema.properties.binary_search_by(|(key, _)| key.cmp(name))
                && let Some((_, id)) = schema.properties.get(i)
            {
                evaluated = true;
                self.add_inner(*id, value, Token::Key(name.clone()))?;
            }
            for (regexp, id) in &schema.pattern_properties {
                if regexp.is_match(name) {
                    evaluated = true;
                    self.add_inner(*id, value, Token::Key(name.clone()))?;
                }
            }
            if !evaluated && let Some(rule) = schema.additional_properties {
                evaluated = true;
                match rule {
                    Additional::Allowed(true) => {}
                    Additional::Allowed(false) => additional.push(name.clone()),
                    Additional::Schema(id) => self.add_inner(id, value, Token::Key(name.clone()))?,
                }
            }
            if evaluated {
                self.left.properties.remove(name);
            }
        }
        if !additional.is_empty() {
            self.add(Kind::Additional(additional))?;
        }
        if let Some(id) = schema.property_names {
            let (names, meta) = self.dialect(id);
            for (name, _) in entries {
                let node = Node::new(Json::Str(name.clone()));
                match self.task.start(names, &node, meta, self.scope.depth + 1) {
                    Ok(_) => {}
                    Err(Stop::Problem(problem)) => {
                        let causes = match *problem {
                            Problem { kind: Kind::Group, causes, .. } => causes,
                            problem => vec![problem],
                        };
                        let kind = Kind::PropertyName(name.clone());
                        self.problems.push(Problem { schema: id, at: Vec::new(), kind, causes });
                    }
                    Err(stop) => return Err(stop),
                }
            }
        }
        for (name, id) in &schema.dependent_schemas {
            if entry(entries, name).is_some() {
                self.add_same(*id)?;
            }
        }
        for (name, names) in &schema.dependent_required {
            if entry(entries, name).is_some()
                && let Some(missing) = self.missing(entries, names)?
            {
                self.add(Kind::Dependency(name.clone(), missing))?;
            }
        }
        Ok(())
    }

    fn missing(&self, entries: &[(Str, Rc<Node>)], names: &[Str]) -> Result<Option<Vec<Str>>, Stop> {
        self.task.spend(names.len())?;
        let missing: Vec<Str> = names.iter().filter(|name| entry(entries, name).is_none()).cloned().collect();
        Ok((!missing.is_empty()).then_some(missing))
    }

    fn array(&mut self, items: &[Rc<Node>]) -> Result<(), Stop> {
        let schema = self.schema;
        let count = items.len();
        if schema.min_items.is_some_and(|min| (count as i64) < min) {
            self.add(Kind::MinItems(count))?;
        }
        if schema.max_items.is_some_and(|max| count as i64 > max) {
            self.add(Kind::MaxItems(count))?;
        }
        if schema.unique_items
            && let Some((i, j)) = duplicates(items)
        {
            self.add(Kind::Unique(i, j))?;
        }
        for (i, item) in items.iter().enumerate() {
            match (schema.prefix.get(i).copied().or(schema.items), schema.additional_items) {
                (Some(id), _) | (None, Some(Additional::Schema(id))) => {
                    let shown = i.checked_sub(schema.prefix.len()).unwrap_or(i);
                    self.add_inner(id, item, Token::Index { shown, real: i })?;
                }
                (None, Some(Additional::Allowed(false))) => {
                    self.add(Kind::AdditionalItems(count - i))?;
                    break;
                }
                (None, _) => break,
            }
        }
        if let Some(id) = schema.contains {
            self.contains(items, id)?;
        }
        Ok(())
    }

    fn contains(&mut self, items: &[Rc<Node>], id: Id) -> Result<(), Stop> {
        let schema = self.schema;
        let (mut problems, mut matched) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            match self.inner(id, item, Token::Index { shown: i, real: i })? {
                Some(problem) => problems.push(problem),
                None => {
                    matched.push(i);
                    if schema.draft >= 2020 {
                        self.left.items.remove(&i);
                    }
                }
            }
        }
        match schema.min_contains {
            Some(min) if (matched.len() as i64) < min => {
                self.add_with(Kind::MinContains(matched.clone()), problems)?;
            }
            None if matched.is_empty() => self.add_with(Kind::Contains, problems)?,
            _ => {}
        }
        if schema.max_contains.is_some_and(|max| matched.len() as i64 > max) {
            self.add(Kind::MaxContains(matched))?;
        }
        Ok(())
    }

    fn string(&mut self, text: &Str) -> Result<(), Stop> {
        let schema = self.schema;
        if schema.min_length.is_some() || schema.max_length.is_some() {
            let length = rune_count(text);
            if schema.min_length.is_some_and(|min| (length as i64) < min) {
                self.add(Kind::MinLength(length))?;
            }
            if schema.max_length.is_some_and(|max| length as i64 > max) {
                self.add(Kind::MaxLength(length))?;
            }
        }
        if let Some((_, regexp)) = &schema.pattern
            && !regexp.is_match(text)
        {
            self.add(Kind::Pattern(text.clone()))?;
        }
        Ok(())
    }

    fn number(&mut self, text: &str) -> Result<(), Stop> {
        let schema = self.schema;
        let bounds = [
            &schema.minimum,
            &schema.maximum,
            &schema.exclusive_minimum,
            &schema.exclusive_maximum,
            &schema.multiple_of,
        ];
        if bounds.iter().all(|bound| bound.is_none()) {
            return Ok(());
        }
        let Some(n) = Decimal::parse(text) else {
            // Go's number is nil then, and comparing it panics.
            let words = "unable to validate schema: runtime error: invalid memory address or nil pointer dereference";
            return Err(Stop::Words(words.into()));
        };
        if schema.minimum.as_ref().is_some_and(|bound| n < *bound) {
            self.add(Kind::Minimum(n.to_f64()))?;
        }
        if schema.maximum.as_ref().is_some_and(|bound| n > *bound) {
            self.add(Kind::Maximum(n.to_f64()))?;
        }
        if schema.exclusive_minimum.as_ref().is_some_and(|bound| n <= *bound) {
            self.add(Kind::ExclusiveMinimum(n.to_f64()))?;
        }
        if schema.exclusive_maximum.as_ref().is_some_and(|bound| n >= *bound) {
            self.add(Kind::ExclusiveMaximum(n.to_f64()))?;
        }
        if schema.multiple_of.as_ref().is_some_and(|of| !n.is_multiple_of(of)) {
            self.add(Kind::MultipleOf(n.to_f64()))?;
        }
        Ok(())
    }

    /// Follows a reference; what is wrong there is wrapped.
    fn follow(&mut self, target: Id, keyword: &'static str) -> Result<Option<Problem>, Stop> {
        let Some(found) = self.same(target, keyword, false)? else { return Ok(None) };
        let causes = match found {
            Problem { kind: Kind::Group, causes, .. } => causes,
            found => vec![found],
        };
        Ok(Some(Problem { causes, ..self.problem(Kind::Reference)? }))
    }

    fn dynamic(&mut self) -> Result<(), Stop> {
        if let Some(mut target) = self.schema.recursive_ref {
            if self.task.schema(target)?.recursive_anchor {
                target = self.outermost(target, |resource, scope| resource.recursive_anchor.then_some(scope))?;
            }
            let found = self.follow(target, "$recursiveRef")?;
            self.problems.extend(found);
        }
        if let Some((target, anchor)) = &self.schema.dynamic_ref {
            let mut target = *target;
            if !anchor.is_empty() && self.task.schema(target)?.dynamic_anchor == *anchor {
                target = self.outermost(target, |resource, _| {
                    resource.dynamic_anchors.iter().find(|(name, _)| name == anchor).map(|(_, id)| *id)
                })?;
            }
            let found = self.follow(target, "$dynamicRef")?;
            self.problems.extend(found);
        }
        Ok(())
    }

    /// The outermost schema on the way whose resource has one to offer.
    fn outermost(&self, fallback: Id, offer: impl Fn(&Schema, Id) -> Option<Id>) -> Result<Id, Stop> {
        let mut found = fallback;
        let mut next = Some(self.scope);
        let mut steps = 0;
        while let Some(scope) = next {
            let schema = self.task.schema(scope.schema)?;
            if let Some(id) = offer(self.task.schema(schema.resource)?, scope.schema) {
                found = id;
            }
            next = scope.parent;
            steps += 1;
        }
        self.task.spend(steps / 8)?;
        Ok(found)
    }

    fn combined(&mut self) -> Result<(), Stop> {
        let schema = self.schema;
        if let Some(id) = schema.not
            && self.same(id, "", true)?.is_none()
        {
            self.add(Kind::Not)?;
        }
        let mut problems = Vec::new();
        for id in &schema.all_of {
            if let Some(problem) = self.same(*id, "", false)? {
                problems.push(problem);
                if self.quiet {
                    break;
                }
            }
        }
        if !problems.is_empty() {
            self.add_with(Kind::AllOf, problems)?;
        }
        if !schema.any_of.is_empty() {
            let mut problems = Vec::new();
            let mut matched = false;
            for id in &schema.any_of {
                match self.same(*id, "", false)? {
                    Some(problem) => problems.push(problem),
                    None => {
                        matched = true;
                        // Others may still look at properties that nothing has looked at.
                        if self.left.is_empty() {
                            break;
                        }
                    }
                }
            }
            if !matched {
                self.add_with(Kind::AnyOf, problems)?;
            }
        }
        if !schema.one_of.is_empty() {
            let mut problems = Vec::new();
            let mut matched = None;
            for (i, id) in schema.one_of.iter().enumerate() {
                match (self.same(*id, "", matched.is_some())?, matched) {
                    (Some(problem), None) => problems.push(problem),
                    (Some(_), Some(_)) => {}
                    (None, None) => matched = Some(i),
                    (None, Some(first)) => {
                        self.add(Kind::OneOf(Some((first, i))))?;
                        break;
                    }
                }
            }
            if matched.is_none() {
                self.add_with(Kind::OneOf(None), problems)?;
            }
        }
        if let Some(id) = schema.condition {
            let branch = if self.same(id, "", true)?.is_none() { schema.then } else { schema.otherwise };
            if let Some(id) = branch {
                self.add_same(id)?;
            }
        }
        Ok(())
    }

    fn unevaluated(&mut self) -> Result<(), Stop> {
        match &self.node.kind {
            Json::Object(entries) => {
                if let Some(id) = self.schema.unevaluated_properties {
                    for name in std::mem::take(&mut self.left.properties) {
                        if let Some(value) = entry(entries, &name) {
                            self.add_inner(id, value, Token::Key(name))?;
                        }
                    }
                }
            }
            Json::Array(items) => {
                if let Some(id) = self.schema.unevaluated_items {
                    for i in std::mem::take(&mut self.left.items) {
                        if let Some(item) = items.get(i) {
                            self.add_inner(id, item, Token::Index { shown: i, real: i })?;
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_integer(node: &Node) -> bool {
    match &node.kind {
        Json::Number(text) => {
            node.type_bit() == NUMBER && Decimal::parse(text).is_some_and(|number| number.is_integer())
        }
        _ => false,
    }
}

/// The first item that is there already, after the one it equals.
fn duplicates(items: &[Rc<Node>]) -> Option<(usize, usize)> {
    if items.len() < 2 {
        return None;
    }
    let mut seen = HashMap::new();
    for (i, item) in items.iter().enumerate() {
        let mut print = Vec::new();
        item.fingerprint(&mut print);
        if let Some(first) = seen.insert(print, i) {
            return Some((first, i));
        }
    }
    None
}
