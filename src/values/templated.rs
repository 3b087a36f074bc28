//! Layers that Tera renders before they are read.

use super::merge_maps;
use crate::chart::Loaded;
use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::template::Mark;
use crate::tera::{Context, File, Templates, Variables};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::world::World;
use crate::yaml::{Data, Node};
use std::sync::Arc;

/// What the name of a templated layer ends with.
pub const SUFFIX: &str = ".tera";

/// Deeper than this variables are not looked at.
const MAX_LEVEL: usize = 200;

/// What all templated layers of a release see.
#[derive(Debug, Clone, Default)]
pub struct Templating {
    /// The chart whose defaults lie below all layers.
    pub chart: String,
    /// The selected environment.
    pub environment: String,
    /// The release's name.
    pub release: String,
    /// The namespace that it goes to.
    pub namespace: String,
    /// `vars` of the project and of the rungs, lowest first.
    pub vars: Vec<Node>,
    /// What may be read of the process.
    pub variables: Variables,
}

/// A layer that Tera rendered.
#[derive(Debug, Clone)]
pub struct Templated {
    /// The template.
    pub source: Arc<Source>,
    /// What came of it.
    pub rendered: Arc<Source>,
    /// What wrote which part; empty if that could not be learned.
    marks: Arc<[Mark]>,
    /// The texts that follow from what encrypted layers below it hide.
    pub(super) derived: Vec<Str>,
}

impl Templated {
    /// A place of the rendered text as one of the template: the text that stands there, or the expression that
    /// printed it.
    pub fn place(&self, span: Span) -> Location {
        let start = span.start as usize;
        let Some(mark) = self.marks.iter().rfind(|mark| mark.offset <= start) else {
            return Location { source: self.source.clone(), span: Span::new(0, 0) };
        };
        if self.source.slice(mark.at.span).starts_with(b"{{") {
            return mark.at.clone();
        }
        let by = start - mark.offset;
        let last = mark.at.span.end as usize;
        let at = (mark.at.span.start as usize + by).min(last);
        let length = (span.end as usize).saturating_sub(start);
        Location { source: self.source.clone(), span: Span::new(at, (at + length).min(last)) }
    }
}

impl Templated {
    /// Whether an expression wrote a part of the rendered text that may hold what a template took from values; so is all
    /// of it where nobody knows what wrote what.
    pub(super) fn is_written(&self, span: Span) -> bool {
        if self.marks.is_empty() {
            return true;
        }
        let (start, end) = (span.start as usize, span.end as usize);
        let text = &self.source.text;
        // Where nothing else has these names, they are what they are in all templates.
        let renames =
            ["set", "for", "component"].iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
        self.marks.iter().enumerate().any(|(i, mark)| {
            let next = self.marks.get(i + 1).map_or(usize::MAX, |next| next.offset);
            let code = self.source.slice(mark.at.span);
            mark.offset < end && next > start && code.starts_with(b"{{") && (renames || !is_public(code))
        })
    }
}

impl Templated {
    /// The parts of the rendered text that an expression wrote which may read one of the paths that are secret; all of it
    /// where nobody knows what wrote what.
    pub(super) fn secret_parts(&self, secret: &[Vec<String>], precise: bool) -> Vec<Span> {
        let length = self.rendered.text.len();
        if self.marks.is_empty() {
            return vec![Span::new(0, length)];
        }
        // What a name means that the template gives itself is not followed.
        let renames = ["set", "for", "component"]
            .iter()
            .any(|word| memchr::memmem::find(&self.source.text, word.as_bytes()).is_some());
        let may_read = |code: &[u8]| {
            code.starts_with(b"{{")
                && (reads_secret(code, secret, precise) || renames && !is_public(code) && !names_objects_only(code))
        };
        let mut parts = Vec::new();
        for (i, mark) in self.marks.iter().enumerate() {
            let end = self.marks.get(i + 1).map_or(length, |next| next.offset);
            if mark.offset < end && may_read(self.source.slice(mark.at.span)) {
                parts.push(Span::new(mark.offset, end));
            }
        }
        parts
    }
}

/// Whether all that an expression names are the objects of layers: no name that a template gave.
fn names_objects_only(code: &[u8]) -> bool {
    const KNOWN: [&[u8]; 14] = [
        b"values",
        b"env",
        b"rung",
        b"release",
        b"namespace",
        b"vars",
        b"and",
        b"or",
        b"not",
        b"in",
        b"is",
        b"if",
        b"else",
        b"true",
    ];
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut rest = code;
    let mut before = 0;
    while let Some(&first) = rest.first() {
        if matches!(first, b'"' | b'\'' | b'`') {
            // What stands in quotes names nothing.
            let inner = rest.get(1..).unwrap_or_default();
            let Some(end) = memchr::memchr(first, inner) else { return false };
            rest = inner.get(end + 1..).unwrap_or_default();
            before = first;
            continue;
        }
        let length = rest.iter().take_while(|b| name(**b)).count();
        if length == 0 {
            before = if first.is_ascii_whitespace() { before } else { first };
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (word, after) = rest.split_at(length);
        let next = after.trim_ascii_start().first().copied().unwrap_or_default();
        // A key, a filter, a test, a function, a parameter, a number.
        let is_other =
            matches!(before, b'.' | b'|') || matches!(next, b'(' | b'=') || word.iter().all(u8::is_ascii_digit);
        if !is_other && !KNOWN.contains(&word) {
            return false;
        }
        before = b'a';
        rest = after;
    }
    true
}

/// Whether an expression is nothing but a name of what is no value: `{{ vars.domain }}`.
fn is_public(code: &[u8]) -> bool {
    let inner = code.get(2..code.len().saturating_sub(2)).unwrap_or_default();
    let inner = inner.strip_prefix(b"-").unwrap_or(inner);
    let inner = inner.strip_suffix(b"-").unwrap_or(inner).trim_ascii();
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let root = inner.split(|b| *b == b'.').next().unwrap_or_default();
    let roots: [&[u8]; 5] = [b"env", b"rung", b"release", b"namespace", b"vars"];
    roots.contains(&root) && inner.iter().all(|b| name(b) || *b == b'.')
}

/// Whether a template may read one of the paths that are secret: it names one, or what one lies in, or says `values` in a
/// way that could be anything. `precise`: paths are what they look like, since nothing is imported to elsewhere.
pub(super) fn reads_secret(template: &[u8], secret: &[Vec<String>], precise: bool) -> bool {
    if secret.is_empty() {
        return false;
    }
    // Subcharts see the globals of their parents, and `__tera_context` is everything.
    let everywhere = !precise || secret.iter().flatten().any(|key| key == super::coalesce::GLOBAL);
    if memchr::memmem::find(template, b"__tera_context").is_some() {
        return true;
    }
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    memchr::memmem::find_iter(template, b"values").any(|at| {
        let before = template.get(..at).and_then(<[u8]>::last);
        let mut rest = template.get(at + b"values".len()..).unwrap_or_default();
        if before.is_some_and(|b| name(b) || *b == b'.') || rest.first().is_some_and(name) {
            return false;
        }
        let mut path = Vec::new();
        while let Some(below) = rest.strip_prefix(b".") {
            let length = below.iter().take_while(|b| name(b)).count();
            if length == 0 {
                break;
            }
            path.push(String::from_utf8_lossy(below.get(..length).unwrap_or_default()).into_owned());
            rest = below.get(length..).unwrap_or_default();
        }
        everywhere || path.is_empty() || secret.iter().any(|secret| secret.iter().zip(&path).all(|(a, b)| a == b))
    })
}

impl Templating {
    /// Renders a layer. `rung` is its own, `values` are what the layers below it say.
    ///
    /// # Errors
    /// Tera's, at their places; the chart cannot be read.
    pub(super) fn render(
        &self,
        chart: &Loaded,
        source: Arc<Source>,
        rung: &str,
        values: &MapRef,
    ) -> Result<Templated, Error> {
        let context = self.context(chart, rung, values).map_err(|error| match error {
            Wrong::Chart(error) => error,
            Wrong::Words(words) => {
                let at = Location { source: source.clone(), span: Span::new(0, 0) };
                Diagnostic::own(words).at(at).into()
            }
        })?;
        let name = source.path.clone();
        let file = [File { name: name.clone(), source: source.clone() }];
        let run = |marked: bool| {
            let templates = Templates::parse(&file, Some(self.variables.clone()), marked)?;
            templates.render(&name, &context, None, &mut World::default())
        };
        let plain = run(false)?;
        // Where its parts come from; a template can do things with its text after which nobody knows.
        let marked = run(true).ok().filter(|marked| marked.text == plain.text);
        let marks = marked.map(|marked| marked.marks).unwrap_or_default().into();
        let rendered = Source { text: plain.text, name: source.name.clone(), path: source.path.clone(), origin: None };
        Ok(Templated { source, rendered: Arc::new(rendered), marks, derived: Vec::new() })
    }

    fn context(&self, chart: &Loaded, rung: &str, values: &MapRef) -> Result<Context, Wrong> {
        let resolved = super::resolve(&chart.chart, &chart.defaults, values, &mut Vec::new()).map_err(Wrong::Chart)?;
        let mut vars = MapRef::new(Map::new());
        for node in &self.vars {
            if let Value::Map(_, map) = value_of(node, 0) {
                vars = merge_maps(&vars, &map);
            }
        }
        let mut context = Context::default();
        for (name, text) in [
            ("env", self.environment.as_str()),
            ("rung", rung),
            ("release", self.release.as_str()),
            ("namespace", self.namespace.as_str()),
        ] {
            context.insert(name, &Value::from(text)).map_err(Wrong::Words)?;
        }
        for (name, map) in [("vars", vars), ("values", resolved.values)] {
            context.insert(name, &Value::Map(MapType::Any, map)).map_err(Wrong::Words)?;
        }
        Ok(context)
    }
}

enum Wrong {
    Chart(Error),
    Words(String),
}

/// A node as a value.
fn value_of(node: &Node, level: usize) -> Value {
    match &node.data {
        _ if level > MAX_LEVEL => Value::Nil,
        Data::Null => Value::Nil,
        Data::Bool(b) => Value::Bool(*b),
        Data::Int(n) => Value::int64(*n),
        Data::Uint(n) => Value::Float(*n as f64),
        Data::Float(f) => Value::Float(*f),
        Data::Str(text) => Value::Str(text.clone()),
        Data::List(items) => Value::list(items.iter().map(|item| value_of(item, level + 1)).collect()),
        Data::Map(entries) => {
            let named = entries.iter().filter_map(|(key, value)| Some((key.as_key()?, value_of(value, level + 1))));
            Value::map(named.collect::<Vec<(Str, Value)>>().into_iter().collect())
        }
    }
}
