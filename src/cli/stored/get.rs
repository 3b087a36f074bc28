//! `rhelm get`: what one revision of a release holds.

use super::print::{Cell, Data, Fields, Form, Paint, ansi_c, colours};
use super::{check_name, release_name, storage};
use crate::cli::args::{on, text};
use crate::cli::template::namespace;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Error;
use crate::go::time::RFC3339;
use crate::release::{Record, latest, templated};
use crate::value::{Map, MapRef, MapType, Value};
use crate::values::computed;
use clap::ArgMatches;

/// Runs `rhelm get PART`.
pub(in crate::cli) fn run(part: &str, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let form = if matches.try_contains_id("output").is_ok() { Form::of(matches)? } else { Form::Table };
    let name = release_name(matches, &format!("get {part}"))?;
    let storage = storage(matches, Some(&namespace(matches, None, None)))?;
    check_name(&name, "releaseContent: Release name is invalid")?;
    let record = match matches.get_one::<i64>("revision").copied() {
        Some(revision) if revision > 0 => storage.get(&name, revision)?,
        _ => {
            let mut unreadable = Vec::new();
            let record = latest(storage.as_ref(), &name, &mut unreadable);
            unreadable.iter().for_each(|diagnostic| terminal.warn(diagnostic));
            record?
        }
    };
    let out = match part {
        "manifest" => [record.manifest.as_bytes(), b"\n"].concat(),
        "hooks" => hooks(&record),
        "notes" if record.notes.as_bytes().is_empty() => Vec::new(),
        "notes" => [b"NOTES:\n", record.notes.as_bytes(), b"\n"].concat(),
        "values" => values(&record, on(matches, "all"), form, terminal)?,
        "metadata" => metadata(&record, form)?,
        _ => match text(matches, "template").filter(|template| !template.is_empty()) {
            Some(template) => templated(&record, &template)?,
            None => all(&record, colours(matches), terminal)?,
        },
    };
    terminal.print(&out)
}

fn hooks(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    for hook in &record.hooks {
        out.extend_from_slice(format!("---\n# Source: {}\n", hook.path).as_bytes());
        out.extend_from_slice(hook.manifest.as_bytes());
        out.push(b'\n');
    }
    out
}

/// The user's values; nil if there are none.
fn config(record: &Record) -> Value {
    Value::Map(MapType::Any, record.config.clone().unwrap_or_else(MapRef::nil))
}

/// The user's values over the chart's.
fn everything(record: &Record, terminal: &mut Terminal) -> Value {
    let empty = || MapRef::new(Map::new());
    let defaults = record.defaults.clone().unwrap_or_else(empty);
    let user = record.config.clone().unwrap_or_else(empty);
    let mut log = Vec::new();
    let values = computed(&record.of_chart("name"), &defaults, &user, &mut log);
    log.iter().for_each(|line| terminal.say(line));
    Value::Map(MapType::Any, values)
}

fn values(record: &Record, all: bool, form: Form, terminal: &mut Terminal) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    if form == Form::Table {
        out.extend_from_slice(if all { b"COMPUTED VALUES:\n" } else { b"USER-SUPPLIED VALUES:\n" });
    }
    let values = if all { everything(record, terminal) } else { config(record) };
    out.extend_from_slice(&Data::Value(values).print(form)?);
    Ok(out)
}

/// A map of texts.
fn texts(map: &[(String, String)]) -> Value {
    let mut texts = Map::new();
    for (key, value) in map {
        texts.insert(key.as_str(), value.as_str());
    }
    Value::map(texts)
}

/// `a=1,b=2`, by name.
fn pairs(map: &[(String, String)]) -> String {
    let mut pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.sort();
    pairs.join(",")
}

fn metadata(record: &Record, form: Form) -> Result<Vec<u8>, Error> {
    let mut annotations = Vec::new();
    if let Some(Value::Map(_, map)) = record.metadata.as_ref().and_then(|metadata| metadata.get("annotations")) {
        let text = |value: Value| if let Value::Str(text) = value { text.to_string() } else { String::new() };
        annotations.extend(map.entries().into_iter().map(|(key, value)| (key.to_string(), text(value))));
    }
    let mut dependencies = Vec::new();
    if let Some(Value::List(_, list)) = record.metadata.as_ref().and_then(|metadata| metadata.get("dependencies")) {
        dependencies.extend(list.iter().filter_map(|item| match item {
            Value::Map(_, map) => Some(map.clone()),
            _ => None,
        }));
    }
    let deployed = match &record.last_deployed {
        Some(time) => String::from_utf8_lossy(&time.format(RFC3339)).into_owned(),
        None => "0001-01-01T00:00:00Z".to_owned(),
    };
    let (chart, version, app) = (record.of_chart("name"), record.of_chart("version"), record.of_chart("appVersion"));
    if form == Form::Table {
        let mut names: Vec<String> = dependencies
            .iter()
            .map(|map| if let Some(Value::Str(name)) = map.get("name") { name.to_string() } else { String::new() })
            .collect();
        names.sort();
        let method = match record.apply_method.as_str() {
            "" => "client-side apply (defaulted)".to_owned(),
            "csa" => "client-side apply".to_owned(),
            "ssa" => "server-side apply".to_owned(),
            other => format!("unknown ({})", crate::go::quote::quoted(other.as_bytes())),
        };
        let lines = [
            ("NAME", record.name.clone()),
            ("CHART", chart),
            ("VERSION", version),
            ("APP_VERSION", app),
            ("ANNOTATIONS", pairs(&annotations)),
            ("LABELS", pairs(&record.labels)),
            ("DEPENDENCIES", names.join(",")),
            ("NAMESPACE", record.namespace.clone()),
            ("REVISION", record.revision.to_string()),
            ("STATUS", record.status.clone()),
            ("DEPLOYED_AT", deployed),
            ("APPLY_METHOD", method),
        ];
        return Ok(lines.map(|(name, value)| format!("{name}: {value}\n")).concat().into_bytes());
    }
    let mut fields = vec![
        ("name", Data::text(&record.name)),
        ("chart", Data::text(chart)),
        ("version", Data::text(version)),
        ("appVersion", Data::text(app)),
    ];
    if !annotations.is_empty() {
        fields.push(("annotations", Data::Value(texts(&annotations))));
    }
    if !record.labels.is_empty() {
        fields.push(("labels", Data::Value(texts(&record.labels))));
    }
    if !dependencies.is_empty() {
        fields.push(("dependencies", Data::List(dependencies.iter().map(dependency).collect())));
    }
    fields.extend([
        ("namespace", Data::text(&record.namespace)),
        ("revision", Data::Value(Value::int(record.revision))),
        ("status", Data::text(&record.status)),
        ("deployedAt", Data::text(deployed)),
    ]);
    if !record.apply_method.is_empty() {
        fields.push(("applyMethod", Data::text(&record.apply_method)));
    }
    Data::Fields(Fields(fields)).print(form)
}

/// A dependency as Go marshals it: `repository` always, the rest if it says something.
fn dependency(map: &MapRef) -> Data {
    let keys = ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
    let mut fields = Vec::new();
    for key in keys {
        let value = map.get(key).unwrap_or_default();
        if value.truth() || matches!(key, "name" | "repository") {
            let value = match value {
                Value::Nil => Value::from(""),
                // YAML may have read a version as a number.
                Value::Int(_, n) => Value::from(n.to_string()),
                Value::Float(f) => Value::from(f.to_string()),
                value => value,
            };
            fields.push((key, Data::Value(value)));
        }
    }
    Data::Fields(Fields(fields))
}

/// All of it, for people.
fn all(record: &Record, colours: bool, terminal: &mut Terminal) -> Result<Vec<u8>, Error> {
    let mut out = format!("NAME: {}\n", record.name);
    if let Some(time) = &record.last_deployed {
        out += &format!("LAST DEPLOYED: {}\n", ansi_c(Some(time)));
    }
    out += &format!("NAMESPACE: {}\n", Cell::painted(&record.namespace, Some(Paint::Cyan)).shown(colours));
    out += &format!("STATUS: {}\n", Cell::status(&record.status).shown(colours));
    out += &format!("REVISION: {}\n", record.revision);
    for (name, key) in [("CHART", "name"), ("VERSION", "version"), ("APP_VERSION", "appVersion")] {
        out += &format!("{name}: {}\n", record.of_chart(key));
    }
    out += &format!("DESCRIPTION: {}\n", record.description);
    let mut tests = record.hooks.iter().filter(|hook| hook.events.iter().any(|event| event == "test")).peekable();
    if tests.peek().is_none() {
        out += "TEST SUITE: None\n";
    }
    for hook in tests.filter(|hook| hook.started.is_some()) {
        out += &format!(
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
            hook.name,
            ansi_c(hook.started.as_ref()),
            ansi_c(hook.completed.as_ref()),
            hook.phase
        );
    }
    let mut out = out.into_bytes();
    out.extend_from_slice(b"USER-SUPPLIED VALUES:\n");
    out.extend_from_slice(&Data::Value(config(record)).print(Form::Yaml)?);
    out.extend_from_slice(b"\nCOMPUTED VALUES:\n");
    out.extend_from_slice(&Data::Value(everything(record, terminal)).print(Form::Yaml)?);
    out.extend_from_slice(b"\nHOOKS:\n");
    out.extend_from_slice(&hooks(record));
    out.extend_from_slice(b"MANIFEST:\n");
    out.extend_from_slice(record.manifest.as_bytes());
    out.push(b'\n');
    let notes = bstr::ByteSlice::trim(record.notes.as_bytes());
    if !notes.is_empty() {
        out.extend_from_slice(b"NOTES:\n");
        out.extend_from_slice(notes);
        out.push(b'\n');
    }
    Ok(out)
}
