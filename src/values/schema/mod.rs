//! values.schema.json of a chart and its subcharts, held against their final values
//! (Helm: pkg/chart/common/util/jsonschema.go).
//!
//! Helm's validator is Go's `jsonschema` v6. What it says, in which order, with which regular expressions and
//! how it reads references is part of what users see, so this is a validator of the same design: `library` reads
//! and compiles, `check` validates, `words` prints. It differs in what a hostile schema could do: steps, depth
//! and sizes have limits, and nothing is fetched from the network. `plain` sees which schemas, and `glance` which values, need none
//! of it.

mod check;
mod decimal;
mod draft;
mod explain;
mod format;
mod glance;
mod json;
mod keyword;
mod library;
mod plain;
mod pointer;
mod words;

use super::{Layers, Live};
use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::value::{MapRef, MapType, Value};
use crate::world::World;
use check::Task;
use draft::Draft;
use json::Node;
use library::{Id, Library};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use words::Failure;

/// The URL that Helm gives to the schema of every chart.
const URL: &str = "file:///values.schema.json";

/// Steps that the validation of one chart may take; large charts with large schemas take some ten thousand.
const MAX_STEPS: u64 = 10_000_000;

/// Checks the values of all charts that live and have a schema. All that is wrong is told at once, each where
/// the value was set: `layers` hold the defaults of the charts, too. The world is told what Helm logs, and whether a schema
/// refers to files outside of the charts.
///
/// # Errors
/// Helm's: `values don't meet the specifications of the schema(s) in the following chart(s):` and lines for
/// every chart.
pub fn validate(top: &Live<'_>, values: &MapRef, layers: &Layers, world: &mut World) -> Result<(), Error> {
    if !any_schema(top) {
        return Ok(());
    }
    let mut sources = Vec::new();
    schemas(top, values, &mut sources);
    let known = Compiled::take(&sources);
    let mut run = Run {
        compiled: known.unwrap_or_else(|| Compiled {
            sources,
            library: Library::new(),
            parts: Vec::new(),
            is_whole: true,
        }),
        next: 0,
        layers,
        path: Vec::new(),
        words: String::new(),
        diagnostics: Vec::new(),
        charts: Vec::new(),
    };
    run.chart(top, values);
    world.warnings.extend(run.compiled.library.log.iter().cloned());
    let (words, failures) = (std::mem::take(&mut run.words), std::mem::take(&mut run.diagnostics));
    let charts = std::mem::take(&mut run.charts);
    world.read_outside |= run.compiled.library.read_outside;
    match world.ends {
        true => std::mem::forget(run.compiled),
        false => run.compiled.keep(),
    }
    if words.is_empty() {
        return Ok(());
    }
    let words = format!("values don't meet the specifications of the schema(s) in the following chart(s):\n{words}");
    let mut diagnostics = failures;
    let count = diagnostics.len();
    let values = if count == 1 { "1 value does not fit" } else { &format!("{count} values do not fit") };
    let told = match charts.as_slice() {
        [only] => format!("the schema of chart `{only}`"),
        charts => {
            format!("the schemas of charts {}", charts.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let summary = match charts.is_empty() {
        true => "the schema of a chart cannot be used; nothing was rendered".to_owned(),
        false => format!("{values} {told}; nothing was rendered"),
    };
    diagnostics.push(Diagnostic::new(summary, words));
    Err(Error::all(diagnostics))
}

/// Subcharts do not count that have no values: Helm passes over them.
fn any_schema(live: &Live<'_>) -> bool {
    live.chart().schema.is_some() || live.subcharts().iter().any(any_schema)
}

/// The schemas that a render meets, in its order. One that has no values is not met.
fn schemas(live: &Live<'_>, values: &MapRef, into: &mut Vec<Arc<Source>>) {
    into.extend(live.chart().schema.iter().cloned());
    for sub in live.subcharts() {
        if let Some(Value::Map(MapType::Any, below)) = values.get(sub.name()) {
            schemas(sub, &below, into);
        }
    }
}

/// Compiled schemas of a render, to be used again by another of the same charts: a fleet renders one many times, and large
/// schemas take longer than all the rest.
struct Compiled {
    /// The very texts.
    sources: Vec<Arc<Source>>,
    library: Library,
    /// None for one that is no JSON.
    parts: Vec<Option<Part>>,
    /// Whether all of them can be used.
    is_whole: bool,
}

/// One of them.
struct Part {
    document: Rc<Node>,
    /// The draft, where values can be seen to fit at a glance.
    plain: Option<Draft>,
    /// The schema, once it is compiled, and the steps that were left then.
    schema: Option<(Id, u64)>,
}

/// Of how many renders a thread keeps schemas.
const MAX_COMPILED: usize = 8;

thread_local! {
    /// The one that was used last comes last.
    static COMPILED: RefCell<Vec<Compiled>> = const { RefCell::new(Vec::new()) };
}

impl Compiled {
    fn take(sources: &[Arc<Source>]) -> Option<Compiled> {
        COMPILED.with_borrow_mut(|all| {
            let is_it = |one: &Compiled| {
                one.sources.len() == sources.len() && one.sources.iter().zip(sources).all(|(a, b)| Arc::ptr_eq(a, b))
            };
            let place = all.iter().position(is_it)?;
            Some(all.remove(place))
        })
    }

    /// Keeps what is whole: none of them was unusable. Files outside of charts may change.
    fn keep(self) {
        if !self.is_whole || self.library.read_outside {
            return;
        }
        COMPILED.with_borrow_mut(|all| {
            // Nobody comes again for those of charts that are gone.
            all.retain(|one| one.sources.iter().all(|source| Arc::strong_count(source) > 1));
            if all.len() >= MAX_COMPILED {
                all.remove(0);
            }
            all.push(self);
        });
    }
}

struct Run<'r> {
    compiled: Compiled,
    /// How many schemas were met.
    next: usize,
    layers: &'r Layers,
    path: Vec<String>,
    words: String,
    diagnostics: Vec<Diagnostic>,
    /// The charts whose values do not fit.
    charts: Vec<String>,
}

impl Run<'_> {
    fn chart(&mut self, live: &Live<'_>, values: &MapRef) {
        if live.chart().schema.is_some() {
            self.single(live, values);
        }
        for sub in live.subcharts() {
            let below = match values.get(sub.name()) {
                None | Some(Value::Nil) => continue,
                Some(Value::Map(MapType::Any, below)) => below,
                Some(other) => {
                    let found = other.go_type();
                    self.words.push_str(&format!(
                        "{}:\ninvalid type for values: expected object (map), got {found}\n",
                        sub.name()
                    ));
                    let message = format!("`{}` must be a map: the values of chart `{0}`", sub.name());
                    self.diagnostics.push(Diagnostic { message, ..Diagnostic::default() });
                    self.charts.push(sub.name().to_owned());
                    continue;
                }
            };
            self.path.push(sub.name().to_owned());
            self.chart(sub, &below);
            self.path.pop();
        }
    }

    fn single(&mut self, live: &Live<'_>, values: &MapRef) {
        let Some(source) = &live.chart().schema else { return };
        let place = self.next;
        self.next += 1;
        if self.compiled.parts.len() == place {
            let part = match json::parse(&source.text) {
                Ok(document) => Some(Part { plain: glance::draft(&document), document, schema: None }),
                Err(words) => {
                    self.unusable(live, &words);
                    None
                }
            };
            self.compiled.parts.push(part);
        }
        let Some(Some(part)) = self.compiled.parts.get_mut(place) else { return };
        let document = part.document.clone();
        let values = Value::Map(MapType::Any, values.clone());
        if part.plain.is_some_and(|draft| glance::fits(&document, draft, &values) == Some(true)) {
            return;
        }
        let library = &mut self.compiled.library;
        let id = match part.schema {
            Some((id, steps)) => {
                library.steps.set(steps);
                id
            }
            None => match library.chart(URL, document.clone(), MAX_STEPS) {
                Ok(id) => {
                    part.schema = Some((id, library.steps.get()));
                    id
                }
                Err(flaw) => {
                    let words = words::flaw(&library.schemas, &flaw);
                    return self.unusable(live, &words);
                }
            },
        };
        let library = &self.compiled.library;
        let values = json::from_value(&values);
        let dialects = HashMap::new();
        let task = Task { schemas: &library.schemas, steps: &library.steps, dialects: &dialects };
        let problem = match task.run(id, &values, None) {
            Ok(()) => return,
            Err(Failure::Problem(problem)) => problem,
            Err(Failure::Words(words)) => return self.unusable(live, &words),
        };
        self.words.push_str(&format!("{}:\n{}\n", live.name(), words::problem(&library.schemas, &problem)));
        let case = explain::Case {
            chart: live.name(),
            path: &self.path,
            schemas: &self.compiled.library.schemas,
            source,
            document: &document,
            values: &values,
            layers: self.layers,
        };
        self.diagnostics.append(&mut case.tell(&problem));
        self.charts.push(live.name().to_owned());
    }

    /// The schema itself is at fault.
    fn unusable(&mut self, live: &Live<'_>, words: &str) {
        self.compiled.is_whole = false;
        self.words.push_str(&format!("{}:\n{words}", live.name()));
        let first = words.lines().next().unwrap_or_default();
        let mut diagnostic = Diagnostic {
            message: format!("the schema of chart `{}` cannot be used: {first}", live.name()),
            ..Diagnostic::default()
        };
        if let Some(source) = &live.chart().schema {
            diagnostic.at = Some(Location { source: source.clone(), span: Span::default() });
        }
        self.diagnostics.push(diagnostic);
    }
}

/// Whether a schema is JSON at all: Helm logs those that are.
pub fn is_json(text: &[u8]) -> bool {
    json::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::load;
    use crate::diagnostic::Error;
    use crate::tree::Memory;
    use crate::values::{ValueOptions, resolve};

    fn run(schema: &str, values: &str, set: &str) -> Result<Vec<String>, Error> {
        let mut tree = Memory::default();
        for (name, text) in [
            ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            ("c/values.yaml", values),
            ("c/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
            ("c/charts/s/values.schema.json", schema),
        ] {
            tree.insert(name, text);
        }
        let mut log = Vec::new();
        let loaded = load(&tree, "c", &mut log)?;
        let options = ValueOptions { set: vec![set.to_owned()], ..ValueOptions::default() };
        let (user, mut layers) = options.read(&tree)?;
        layers.add_chart(&loaded.chart);
        let resolved = resolve(&loaded.chart, &loaded.defaults, &user, &mut log)?;
        let mut world = World::default();
        validate(&resolved.root, &resolved.values, &layers, &mut world)?;
        Ok(world.warnings)
    }

    #[test]
    fn words() {
        for (schema, values, want) in [
            (r#"{"properties":{"a":{"type":"string"}}}"#, "s: {a: 1}", "- at '/a': got number, want string\n"),
            (
                r##"{"required":["q"],"properties":{"a":{"allOf":[{"$ref":"#/$defs/d"},{"maximum":70000.5}]}},"$defs":{"d":{"minimum":1e6}}}"##,
                "s: {a: 123456}",
                "- at '': missing property 'q'\n- at '/a': 'allOf' failed\n  - at '/a': minimum: got 123,456, want 1×10⁰⁶\n  \
                 - at '/a': maximum: got 123,456, want 70,000.5\n",
            ),
            (
                r##"{"$ref":"#"}"##,
                "",
                "- at '': both /$ref and  resolve to \"file:///values.schema.json#\" causing reference cycle\n",
            ),
            (r#"{"$ref":"x"}"#, "", "failing loading \"file:///x\": open /x: no such file or directory"),
            ("{\"a\":1", "", "unexpected EOF"),
            (
                r#"{"type":"objec"}"#,
                "",
                "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with \
                 'https://json-schema.org/draft/2020-12/schema#'\n- at '': 'allOf' failed\n  - at '/type': 'anyOf' failed\n    \
                 - at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n    \
                 - at '/type': got string, want array",
            ),
            (
                r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"email"}}}"#,
                "s: {a: x}",
                "- at '/a': 'x' is not valid email: missing @\n",
            ),
        ] {
            let words = run(schema, values, "x=1").map(|_| ()).unwrap_err().helm_words();
            let head = "values don't meet the specifications of the schema(s) in the following chart(s):\ns:\n";
            assert_eq!(words.strip_prefix(head), Some(want), "{schema}");
        }
        let log = run(r#"{"properties":{"a":{"$ref":"urn:x:y"}}}"#, "s: {a: 1}", "x=1").unwrap();
        let line = "level=WARN msg=\"unresolved URN reference ignored; using permissive schema\" urn=urn:x:y";
        assert_eq!(log, [line]);
    }

    #[test]
    fn explanations() {
        let schema =
            "{\"properties\": {\"k\": {\"type\": \"integer\"},\n\"t\": {\"enum\": [\"ClusterIP\", \"LoadBalancer\"]}}}";
        let error = run(schema, "s:\n  k: \"3\"\n  t: ClusterIP\n", "s.t=LoadBalance").map(|_| ()).unwrap_err();
        let told: Vec<String> = error
            .diagnostics()
            .iter()
            .map(|d| {
                let at = d.at.as_ref().map(|at| {
                    let (line, column) = at.source.line_and_column(at.span.start);
                    format!("{}:{line}:{column}", at.source.path)
                });
                format!("{} | {} | {} | {}", d.message, at.unwrap_or_default(), d.note, d.facts.join(" "))
            })
            .collect();
        assert_eq!(
            told,
            [
                "`s.k` is a string; chart `s` wants an integer | c/values.yaml:2:6 | without the quotes? | wanted by \
                 c/charts/s/values.schema.json:1:23",
                "`s.t` must be ClusterIP or LoadBalancer | --set:1:1 | did you mean `LoadBalancer`? | wanted by \
                 c/charts/s/values.schema.json:2:7",
                "2 values do not fit the schema of chart `s`; nothing was rendered |  |  | ",
            ]
        );
    }

    #[test]
    fn hostile() {
        let deep = |open: &str, close: &str, n: usize| format!("{}{{}}{}", open.repeat(n), close.repeat(n));
        let doubling: Vec<String> = (1..40)
            .map(|i| {
                let below = i - 1;
                format!("\"d{i}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/d{below}\"}},{{\"$ref\":\"#/$defs/d{below}\"}}]}}")
            })
            .collect();
        let doubling =
            format!("{{\"$ref\":\"#/$defs/d39\",\"$defs\":{{\"d0\":{{\"type\":\"null\"}},{}}}}}", doubling.join(","));
        for schema in [deep("{\"not\":", "}", 9_000), deep("{\"not\":", "}", 90_000), doubling] {
            assert!(run(&schema, "", "x=1").is_err());
        }
    }
}
