//! What does not fit, told to the person who wrote the values.

use super::check::{Kind, Problem, Token};
use super::json::{INTEGER, Kind as Json, NUMBER, Node, STRING, TYPES};
use super::keyword::Schema;
use super::library::Schemas;
use super::{pointer, words};
use crate::diagnostic::{Diagnostic, Location, Source, distance};
use crate::value::Str;
use crate::values::Layers;
use std::rc::Rc;
use std::sync::Arc;

/// A chart whose values do not fit its schema.
pub(super) struct Case<'a> {
    /// Its name.
    pub(super) chart: &'a str,
    /// The names from the top chart down to it.
    pub(super) path: &'a [String],
    pub(super) schemas: &'a Schemas,
    /// The schema's text, and the same read.
    pub(super) source: &'a Arc<Source>,
    pub(super) document: &'a Rc<Node>,
    pub(super) values: &'a Rc<Node>,
    pub(super) layers: &'a Layers,
}

/// Violations beyond this many get no place: finding one reads the layers again.
const MAX_PLACES: usize = 50;

impl Case<'_> {
    /// A failure for each violation.
    pub(super) fn tell(&self, problem: &Problem) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        let mut next: Vec<&Problem> = words::top(problem).iter().rev().collect();
        while let Some(problem) = next.pop() {
            match problem.kind {
                Kind::Group | Kind::Reference | Kind::AllOf => next.extend(problem.causes.iter().rev()),
                _ => self.one(problem, &mut out),
            }
        }
        out
    }

    fn one(&self, problem: &Problem, out: &mut Vec<Diagnostic>) {
        let nothing = Schema::default();
        let schema = self.schemas.get(problem.schema).unwrap_or(&nothing);
        let chart = self.chart;
        let name = self.name(&problem.at, None);
        let most = |n: Option<i64>| n.unwrap_or(0);
        let mut note = String::new();
        let message = match &problem.kind {
            Kind::Type(got) => {
                note = self.quotes(problem, schema.types);
                format!("{name} is {}; chart `{chart}` wants {}", a(got), wanted(schema.types))
            }
            Kind::AnyOf | Kind::OneOf(None) => match self.types_of(problem) {
                Some((got, types)) => {
                    note = self.quotes(problem, types);
                    format!("{name} is {}; chart `{chart}` wants {}", a(got), wanted(types))
                }
                None => format!("{name} has none of the forms that chart `{chart}` allows"),
            },
            Kind::Enum => {
                let want = schema.enumeration.as_deref().unwrap_or_default();
                note = self.meant(problem, want);
                match list(want) {
                    Some(list) => format!("{name} must be {list}"),
                    None => format!("{name} is none of the values that chart `{chart}` allows"),
                }
            }
            Kind::Const => match schema.constant.as_ref().and_then(|want| list(std::slice::from_ref(want))) {
                Some(want) => format!("{name} must be {want}"),
                None => format!("{name} is not the value that chart `{chart}` allows"),
            },
            Kind::Required(names) => {
                for missing in names {
                    let name = self.name(&problem.at, Some(missing));
                    let message = format!("{name} must be set; chart `{chart}` requires it");
                    out.push(self.diagnostic(problem, schema, message, None, String::new(), out.len()));
                }
                return;
            }
            Kind::Additional(names) => {
                let known: Vec<&Str> = schema.properties.iter().map(|(key, _)| key).collect();
                for extra in names {
                    let message = format!("chart `{chart}` knows no {}", self.name(&problem.at, Some(extra)));
                    let note = closest(extra, &known).map(|k| format!("did you mean `{k}`?")).unwrap_or_default();
                    out.push(self.diagnostic(problem, schema, message, Some(extra), note, out.len()));
                }
                return;
            }
            Kind::Dependency(cause, names) => {
                let list: Vec<String> = names.iter().map(|n| self.name(&problem.at, Some(n))).collect();
                let cause = self.name(&problem.at, Some(cause));
                format!("{} must be set since {cause} is", join(&list, "and"))
            }
            Kind::Minimum(_) => format!("{name} must be at least {}", shown(schema, self.document, "minimum")),
            Kind::Maximum(_) => format!("{name} must be at most {}", shown(schema, self.document, "maximum")),
            Kind::MinLength(_) => format!("{name} must have at least {}", plural(most(schema.min_length), "character")),
            Kind::MaxLength(_) => format!("{name} must have at most {}", plural(most(schema.max_length), "character")),
            Kind::MinItems(_) => format!("{name} must have at least {}", plural(most(schema.min_items), "item")),
            Kind::MaxItems(_) => format!("{name} must have at most {}", plural(most(schema.max_items), "item")),
            Kind::MinProperties(_) => {
                format!("{name} must have at least {}", plural(most(schema.min_properties), "key"))
            }
            Kind::MaxProperties(_) => {
                format!("{name} must have at most {}", plural(most(schema.max_properties), "key"))
            }
            Kind::Unique(i, j) => format!("{name} must not repeat an item, but items {i} and {j} are equal"),
            Kind::Pattern(_) => {
                let pattern = schema.pattern.as_ref().map(|(p, _)| p.lossy().into_owned()).unwrap_or_default();
                format!("{name} does not match `{pattern}`")
            }
            Kind::Format(_, format, why) => format!("{name} is no valid {format}: {why}"),
            Kind::PropertyName(key) => {
                format!("chart `{chart}` does not allow the key `{}` there", key.lossy())
            }
            Kind::Not => format!("{name} has a form that chart `{chart}` rules out"),
            Kind::OneOf(Some((i, j))) => {
                format!("{name} has two forms of which chart `{chart}` allows one: numbers {i} and {j} of `oneOf`")
            }
            Kind::False => format!("chart `{chart}` does not allow {name}"),
            Kind::Cycle { .. } => format!("the schema of chart `{chart}` refers to itself for {name}"),
            Kind::Contains | Kind::MinContains(_) => {
                format!("{name} holds too few of the items that chart `{chart}` wants")
            }
            Kind::ExclusiveMinimum(_) => {
                format!("{name} must be more than {}", shown(schema, self.document, "exclusiveMinimum"))
            }
            Kind::ExclusiveMaximum(_) => {
                format!("{name} must be less than {}", shown(schema, self.document, "exclusiveMaximum"))
            }
            Kind::MultipleOf(_) => {
                format!("{name} must be a multiple of {}", shown(schema, self.document, "multipleOf"))
            }
            Kind::MaxContains(_) => format!("{name} holds too many of the items that chart `{chart}` allows"),
            Kind::AdditionalItems(count) => format!("{name} has {} too many", plural(*count as i64, "item")),
            _ => format!("{name} does not fit the schema of chart `{chart}`"),
        };
        out.push(self.diagnostic(problem, schema, message, None, note, out.len()));
    }

    fn diagnostic(
        &self,
        problem: &Problem,
        schema: &Schema,
        message: String,
        key: Option<&Str>,
        note: String,
        count: usize,
    ) -> Diagnostic {
        let at = if count < MAX_PLACES { self.place(&problem.at, key) } else { None };
        let note = if at.is_some() { note } else { String::new() };
        let mut diagnostic = Diagnostic { message, at, note, ..Diagnostic::default() };
        if let Some(place) = self.wanted_by(schema, words::keyword(problem)) {
            diagnostic.facts.push(format!("wanted by {place}"));
        }
        diagnostic
    }

    /// The value where it was set last.
    fn place(&self, at: &[Token], key: Option<&Str>) -> Option<Location> {
        let mut path: Vec<String> = self.path.to_vec();
        path.extend(at.iter().map(|token| match token {
            Token::Key(key) => key.lossy().into_owned(),
            Token::Index { real: i, .. } => i.to_string(),
        }));
        path.extend(key.map(|key| key.lossy().into_owned()));
        if path.is_empty() {
            return None;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.layers.locate(&path).pop().map(|(_, location)| location)
    }

    /// The keyword's value in the text of the schema.
    fn wanted_by(&self, schema: &Schema, keyword: Option<&str>) -> Option<String> {
        if &*schema.url != super::URL {
            return None;
        }
        let node = pointer::lookup(self.document, &schema.url, &schema.pointer).ok()?;
        let found = keyword.and_then(|keyword| Some((keyword, node.get(keyword.as_bytes())?)));
        let start = match found {
            Some((keyword, value)) => self.keyword_start(keyword, value.span.start),
            None => node.span.start,
        };
        let (line, column) = self.source.line_and_column(start);
        Some(format!("{}:{line}:{column}", self.source.path))
    }

    /// Where a keyword stands whose value begins at `value`; the value's own place where it is written with escapes.
    fn keyword_start(&self, keyword: &str, value: u32) -> u32 {
        let before = self.source.text.get(..value as usize).unwrap_or_default();
        let key = before.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        let start = key.and_then(|key| key.strip_suffix(format!("\"{keyword}\"").as_bytes()));
        start.map_or(value, |start| start.len() as u32)
    }

    /// How a person writes the way to a value, in backquotes.
    fn name(&self, at: &[Token], key: Option<&Str>) -> String {
        let mut out = String::new();
        let mut add = |key: &str| {
            if key.is_empty() || key.contains(['.', '[', '`', ' ']) {
                out.push_str(&format!("[{key:?}]"));
            } else {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
        };
        self.path.iter().for_each(|name| add(name));
        for token in at {
            match token {
                Token::Key(key) => add(&key.lossy()),
                Token::Index { real: i, .. } => add(&i.to_string()),
            }
        }
        if let Some(key) = key {
            add(&key.lossy());
        }
        if out.is_empty() { "the whole of the values".into() } else { format!("`{out}`") }
    }

    fn value(&self, at: &[Token]) -> Option<&Rc<Node>> {
        at.iter().try_fold(self.values, |node, token| match (token, &node.kind) {
            (Token::Key(key), _) => node.get(key),
            (Token::Index { real: i, .. }, Json::Array(items)) => items.get(*i),
            _ => None,
        })
    }

    /// What quotes have to do with a wrong type.
    fn quotes(&self, problem: &Problem, types: u8) -> String {
        match self.value(&problem.at).map(|node| &node.kind) {
            Some(Json::Str(text)) => {
                let text = text.lossy();
                let number = types & (NUMBER | INTEGER) != 0
                    && text.parse::<f64>().is_ok_and(|n| types & NUMBER != 0 || n.fract() == 0.0);
                let boolean = types & super::json::BOOLEAN != 0 && matches!(&*text, "true" | "false");
                if number || boolean { "without the quotes?".into() } else { String::new() }
            }
            Some(Json::Number(_) | Json::Bool(_)) if types & STRING != 0 => "in quotes?".into(),
            _ => String::new(),
        }
    }

    /// The value that was meant, when it is near.
    fn meant(&self, problem: &Problem, want: &[Rc<Node>]) -> String {
        let Some(Json::Str(text)) = self.value(&problem.at).map(|node| &node.kind) else { return String::new() };
        let known: Vec<&Str> = want
            .iter()
            .filter_map(|node| match &node.kind {
                Json::Str(text) => Some(text),
                _ => None,
            })
            .collect();
        closest(text, &known).map(|k| format!("did you mean `{k}`?")).unwrap_or_default()
    }

    /// The type that a value has and all that it might have, when only its type is at fault.
    fn types_of(&self, problem: &Problem) -> Option<(&'static str, u8)> {
        let mut found = None;
        let mut all = 0;
        for cause in &problem.causes {
            let Kind::Type(got) = cause.kind else { return None };
            if cause.at.len() != problem.at.len() {
                return None;
            }
            found = Some(got);
            all |= self.schemas.get(cause.schema)?.types;
        }
        found.map(|got| (got, all))
    }
}

fn plural(count: i64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn a(kind: &str) -> String {
    match kind {
        "null" => "null".into(),
        "array" => "a list".into(),
        "object" => "a map".into(),
        "integer" => "an integer".into(),
        kind => format!("a {kind}"),
    }
}

fn wanted(types: u8) -> String {
    let names: Vec<String> = TYPES.iter().filter(|(bit, _)| types & bit != 0).map(|(_, name)| a(name)).collect();
    join(&names, "or")
}

fn join(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// A choice of plain values; none when there are too many or some are not plain.
fn list(want: &[Rc<Node>]) -> Option<String> {
    let texts: Option<Vec<String>> = want
        .iter()
        .map(|node| match &node.kind {
            Json::Str(text) if text.is_empty() => Some("\"\"".to_owned()),
            Json::Str(text) => Some(text.lossy().into_owned()),
            Json::Number(text) => Some(text.to_string()),
            Json::Bool(b) => Some(b.to_string()),
            Json::Null => Some("null".to_owned()),
            _ => None,
        })
        .collect();
    texts.filter(|texts| texts.len() <= 20).map(|texts| join(&texts, "or"))
}

/// A number as the schema has it.
fn shown(schema: &Schema, document: &Rc<Node>, keyword: &str) -> String {
    let node = pointer::lookup(document, &schema.url, &schema.pointer).ok();
    match node.as_ref().and_then(|node| node.get(keyword.as_bytes())).map(|node| &node.kind) {
        Some(Json::Number(text)) => text.to_string(),
        _ => format!("what `{keyword}` says"),
    }
}

/// The nearest of the names, when it is near enough to be meant.
fn closest(text: &Str, known: &[&Str]) -> Option<String> {
    let text: Vec<char> = text.lossy().to_lowercase().chars().collect();
    if text.len() > 64 {
        return None;
    }
    let near = |name: &&Str| {
        let name = name.lossy();
        let letters: Vec<char> = name.to_lowercase().chars().collect();
        let far = distance(&text, &letters);
        (far <= 1 + name.chars().count() / 4).then(|| (far, name.into_owned()))
    };
    known.iter().filter(|name| name.len() <= 64).filter_map(near).min().map(|(_, name)| name)
}
