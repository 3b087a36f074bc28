//! A release as Go's templates see it: the fields of Helm's structs (Helm: pkg/release/v1, pkg/chart/v2).

use super::{Hook, Record};
use crate::diagnostic::{Diagnostic, Error, Failure, Source};
use crate::functions::lookup_builtin;
use crate::go::fmt::sprint;
use crate::go::time::Time;
use crate::template::{Executor, Methods, Set, parse};
use crate::value::{Json, Map, MapRef, MapType, Method, Object, Str, Value};
use crate::world::World;
use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

/// What a template makes of a release, with Go's own functions alone (Helm: `helm get all --template`).
///
/// # Errors
/// Go's words: it cannot be parsed, or fails.
pub fn templated(record: &Record, text: &str) -> Result<Vec<u8>, Error> {
    let source = Source { name: "_".to_owned(), path: "--template".to_owned(), text: text.into(), origin: None };
    let parsed = parse(&Arc::new(source), &lookup_builtin)
        .map_err(|error| Diagnostic::helm(error.go_text()).at(error.at.clone()))?;
    let mut set = Set::new();
    set.add(&parsed);
    let mut world = World::default();
    let mut executor = Executor::new(Rc::new(set), &lookup_builtin, &NoMethods, &mut world);
    let mut root = Map::new();
    root.insert("Release", object(record));
    executor.execute(b"_", &Value::map(root)).map_err(|error| {
        let diagnostic = Diagnostic::helm(error.go_text());
        Error::from(Diagnostic { at: error.innermost(), ..diagnostic })
    })
}

struct NoMethods;

impl Methods for NoMethods {
    fn method(&self, _: &Value, _: &str) -> Option<&'static Method> {
        None
    }
}

/// A Go struct by its exported fields.
struct Struct {
    go_type: &'static str,
    fields: Vec<(&'static str, Value)>,
}

impl Struct {
    fn value<const N: usize>(go_type: &'static str, fields: [(&'static str, Value); N]) -> Value {
        Value::object(Struct { go_type, fields: fields.into() })
    }
}

impl Object for Struct {
    fn go_type(&self) -> &'static str {
        self.go_type
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (i, (_, value)) in self.fields.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            if let Ok(text) = sprint(std::slice::from_ref(value)) {
                out.extend_from_slice(&text);
            }
        }
        out.push(b'}');
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(self.fields.clone()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Struct>().is_some_and(|other| std::ptr::eq(self, other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn time(time: Option<&Time>) -> Value {
    Value::object(time.cloned().unwrap_or_else(Time::zero))
}

fn texts(texts: &[String]) -> Value {
    Value::list(texts.iter().map(|text| Value::str(text.as_str())).collect())
}

fn map(map: Option<&MapRef>) -> Value {
    Value::Map(MapType::Any, map.cloned().unwrap_or_else(MapRef::nil))
}

/// `*release.Release`.
fn object(record: &Record) -> Value {
    let info = Struct::value(
        "*v1.Info",
        [
            ("FirstDeployed", time(record.first_deployed.as_ref())),
            ("LastDeployed", time(record.last_deployed.as_ref())),
            ("Deleted", time(record.deleted.as_ref())),
            ("Description", Value::str(record.description.as_str())),
            ("Status", Value::str(record.status.as_str())),
            ("Notes", Value::Str(record.notes.clone())),
        ],
    );
    let labels = record.labels.iter().map(|(key, value)| (Str::from(key.as_str()), Value::str(value.as_str())));
    Struct::value(
        "*v1.Release",
        [
            ("Name", Value::str(record.name.as_str())),
            ("Info", info),
            ("Chart", record.metadata.as_ref().map_or(Value::Nil, |metadata| chart(record, metadata))),
            ("Config", map(record.config.as_ref())),
            ("Manifest", Value::Str(record.manifest.clone())),
            ("Hooks", Value::list(record.hooks.iter().map(hook).collect())),
            ("Version", Value::int(record.revision)),
            ("Namespace", Value::str(record.namespace.as_str())),
            ("Labels", Value::string_map(labels.collect())),
            ("ApplyMethod", Value::str(record.apply_method.as_str())),
        ],
    )
}

fn hook(hook: &Hook) -> Value {
    let run = Struct::value(
        "v1.HookExecution",
        [
            ("StartedAt", time(hook.started.as_ref())),
            ("CompletedAt", time(hook.completed.as_ref())),
            ("Phase", Value::str(hook.phase.as_str())),
        ],
    );
    Struct::value(
        "*v1.Hook",
        [
            ("Name", Value::str(hook.name.as_str())),
            ("Kind", Value::str(hook.kind.as_str())),
            ("Path", Value::str(hook.path.as_str())),
            ("Manifest", Value::Str(hook.manifest.clone())),
            ("Events", texts(&hook.events)),
            ("LastRun", run),
            ("Weight", Value::int(hook.weight)),
            ("DeletePolicies", texts(&hook.delete_policies)),
        ],
    )
}

/// `*chart.Chart`: what it says of itself, and its values.
fn chart(record: &Record, metadata: &MapRef) -> Value {
    let text = |map: &MapRef, key: &str| match map.get(key) {
        Some(value @ Value::Str(_)) => value,
        _ => Value::str(""),
    };
    let list = |map: &MapRef, key: &str| match map.get(key) {
        Some(value @ Value::List(..)) => value,
        _ => Value::list(Vec::new()),
    };
    let switch = |map: &MapRef, key: &str| Value::Bool(matches!(map.get(key), Some(Value::Bool(true))));
    let structs = |key: &str, make: &dyn Fn(&MapRef) -> Value| match metadata.get(key) {
        Some(Value::List(_, items)) => Value::list(
            items
                .iter()
                .filter_map(|item| if let Value::Map(_, map) = item { Some(make(map)) } else { None })
                .collect(),
        ),
        _ => Value::list(Vec::new()),
    };
    let dependency = |map: &MapRef| {
        let texts = ["name", "version", "repository", "condition", "alias"].map(|key| text(map, key));
        let [name, version, repository, condition, alias] = texts;
        Struct::value(
            "*v2.Dependency",
            [
                ("Name", name),
                ("Version", version),
                ("Repository", repository),
                ("Condition", condition),
                ("Tags", list(map, "tags")),
                ("Enabled", switch(map, "enabled")),
                ("ImportValues", list(map, "import-values")),
                ("Alias", alias),
            ],
        )
    };
    let maintainer = |map: &MapRef| {
        let fields = [("Name", text(map, "name")), ("Email", text(map, "email")), ("URL", text(map, "url"))];
        Struct::value("*v2.Maintainer", fields)
    };
    let annotations = match metadata.get("annotations") {
        Some(Value::Map(_, map)) => Value::Map(MapType::Str, map),
        _ => Value::Map(MapType::Str, MapRef::nil()),
    };
    let own = |key: &str| text(metadata, key);
    let all = Struct::value(
        "*v2.Metadata",
        [
            ("Name", own("name")),
            ("Home", own("home")),
            ("Sources", list(metadata, "sources")),
            ("Version", own("version")),
            ("Description", own("description")),
            ("Keywords", list(metadata, "keywords")),
            ("Maintainers", structs("maintainers", &maintainer)),
            ("Icon", own("icon")),
            ("APIVersion", own("apiVersion")),
            ("Condition", own("condition")),
            ("Tags", own("tags")),
            ("AppVersion", own("appVersion")),
            ("Deprecated", switch(metadata, "deprecated")),
            ("Annotations", annotations),
            ("KubeVersion", own("kubeVersion")),
            ("Dependencies", structs("dependencies", &dependency)),
            ("Type", own("type")),
        ],
    );
    let values = map(record.defaults.as_ref());
    // The last two are methods in Go.
    let fields = [("Metadata", all), ("Values", values), ("Name", own("name")), ("AppVersion", own("appVersion"))];
    Struct::value("*v2.Chart", fields)
}
