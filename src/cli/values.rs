//! `rhelm values`: what a chart sees, and where it comes from.

use super::args::text;
use super::environments::{format_unknown, place, shown};
use super::json::Json;
use super::selection::{self, Selection};
use super::table::table;
use super::template::{Asked, nearby_chart};
use super::terminal::Terminal;
use crate::chart;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::json;
use crate::tree::{Disk, Tree};
use crate::value::Value;
use crate::values::explain::{Effect, Explained, Explanation, Origin, Voice, path_of, path_text};
use crate::values::{self, Resolved, ValueOptions};
use crate::yaml;
use clap::ArgMatches;

/// The longest value that a line shows, in characters.
const WIDTH: usize = 60;

/// Which values are meant.
struct Subject {
    environment: Option<String>,
    release: Option<String>,
    chart: String,
    options: ValueOptions,
}

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    let tree = Disk;
    let format = text(matches, "output").unwrap_or_else(|| "yaml".to_owned());
    if !matches!(format.as_str(), "yaml" | "json") {
        return Err(format_unknown(&format, "yaml and json"));
    }
    let subject = match selection::positional(matches, &tree)? {
        Some(selection) => project_subject(&selection, &tree, &asked)?,
        None => {
            let chart = chart::locate(&tree, &nearby_chart(&tree)?)?;
            Subject { environment: None, release: None, chart, options: asked.values() }
        }
    };
    let mut log = Vec::new();
    let loaded = chart::load(&tree, &subject.chart, &mut log)?;
    let (user, layers) = subject.options.read(&tree)?;
    let resolved = values::resolve(&loaded.chart, &loaded.defaults, &user, &mut log);
    log.iter().for_each(|line| terminal.say(line));
    let resolved = resolved?;
    let out = match text(matches, "explain") {
        Some(path) => {
            let explanation = Explanation::new(&resolved.root, &resolved.values, &layers, &user, &tree);
            explain(&subject, &explanation, &path, &format)?
        }
        None => whole(&subject, &resolved, &format)?,
    };
    terminal.print(&out)
}

/// The one release that is meant.
fn project_subject(selection: &Selection, tree: &dyn Tree, asked: &Asked<'_>) -> Result<Subject, Error> {
    let Some((environment, releases, _)) = selection.iter().next() else {
        return Err(Diagnostic::own("no environment is selected").into());
    };
    let [release] = releases.as_slice() else {
        let keys: Vec<&str> = releases.iter().map(|release| release.key.text.as_str()).collect();
        let first = keys.first().copied().unwrap_or("RELEASE");
        return Err(Diagnostic::own(format!(
            "`values` prints one release, and environment `{}` has several",
            environment.name.text
        ))
        .fact(format!("it has: {}", keys.join(", ")))
        .hint(format!("name one: `rhelm values {} {first}`", environment.name.text))
        .into());
    };
    let installation = selection.project.installation(tree, environment, release)?;
    let mut options = asked.values();
    let namespace = super::template::namespace(
        asked.matches,
        installation.namespace.as_deref(),
        installation.kube_context.as_deref(),
    );
    options.templating = Some(selection.project.templating(&installation, &namespace, asked.world().variables));
    options.below = installation.layers.into_iter().map(|layer| layer.input).collect();
    Ok(Subject {
        environment: Some(environment.name.text.clone()),
        release: Some(release.key.text.clone()),
        chart: installation.chart,
        options,
    })
}

fn head(subject: &Subject) -> Vec<(&'static str, Json)> {
    vec![
        ("version", Json::Number(1)),
        ("environment", Json::optional(subject.environment.as_deref())),
        ("release", Json::optional(subject.release.as_deref())),
    ]
}

/// All values.
fn whole(subject: &Subject, resolved: &Resolved<'_>, format: &str) -> Result<Vec<u8>, Error> {
    let values = Value::Map(crate::value::MapType::Any, resolved.values.clone());
    if format == "json" {
        let mut out = Vec::new();
        json::write(&mut out, &values, json::Style { escape_html: false, indent: None })
            .map_err(|failure| Diagnostic::own(failure.message))?;
        let mut fields = head(subject);
        fields.push(("values", Json::Raw(out)));
        return Ok(Json::Object(fields).print());
    }
    yaml::emit(&values).map_err(|failure| Diagnostic::own(failure.message).into())
}

/// Where a path's value comes from, or each value.
fn explain(subject: &Subject, explanation: &Explanation<'_, '_>, path: &str, format: &str) -> Result<Vec<u8>, Error> {
    let wanted = path_of(path);
    let explained = if wanted.is_empty() {
        explanation.all()
    } else {
        let Some(explained) = explanation.path(&wanted) else {
            let diagnostic = Diagnostic::own(format!("no layer says anything of `{path}`"));
            return Err(match explanation.nearest(&wanted) {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None => diagnostic,
            }
            .into());
        };
        vec![explained]
    };
    if format == "json" {
        let mut fields = head(subject);
        fields.push(("paths", Json::List(explained.iter().map(json_of).collect())));
        return Ok(Json::Object(fields).print());
    }
    let mut out = String::new();
    for one in &explained {
        out.push_str(&text_of(one));
    }
    Ok(out.into_bytes())
}

/// A value on one line.
fn inline(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    if json::write(&mut out, value, json::Style { escape_html: false, indent: None }).is_err() {
        out = b"?".to_vec();
    }
    out
}

fn short(value: &Value) -> String {
    let text = String::from_utf8_lossy(&inline(value)).into_owned();
    if text.chars().count() <= WIDTH { text } else { text.chars().take(WIDTH - 1).chain(['…']).collect() }
}

/// Who ended it, where it was deleted.
fn deleter(explained: &Explained) -> Option<&Voice> {
    explained.voices.iter().rev().find(|voice| voice.effect == Effect::Deletes)
}

/// `--set image.tag=x`, or the place in a file.
fn shown_place(voice: &Voice) -> String {
    match voice.origin {
        Origin::Flag(flag) => format!("{} {}", flag.name(), voice.at.source.text),
        _ => place(&voice.at),
    }
}

/// What a line adds to the place.
fn note(explained: &Explained, voice: &Voice) -> String {
    let mut notes: Vec<String> = Vec::new();
    match &voice.origin {
        Origin::Import(sub) => notes.push(format!("imported from {sub} as {}", path_text(&voice.path))),
        _ if voice.path != explained.path => notes.push(format!("says {}", path_text(&voice.path))),
        _ => {}
    }
    match voice.effect {
        Effect::Wins | Effect::Overridden | Effect::Deletes => {}
        Effect::Merges => notes.push("merged".to_owned()),
        Effect::Replaced => notes.push("replaced whole".to_owned()),
        Effect::Deleted => notes.push("deleted".to_owned()),
    }
    if notes.is_empty() { String::new() } else { format!("({})", notes.join("; ")) }
}

fn text_of(explained: &Explained) -> String {
    let deleter = deleter(explained);
    let value = match (&explained.value, deleter) {
        (Some(value), _) => short(value),
        (None, Some(voice)) => format!("deleted by {}", shown_place(voice)),
        (None, None) => "deleted".to_owned(),
    };
    let rows: Vec<Vec<String>> = explained
        .voices
        .iter()
        .map(|voice| {
            let ends = explained.value.is_none() && deleter.is_some_and(|d| std::ptr::eq(d, voice));
            let mark = if matches!(voice.effect, Effect::Wins) || ends { "*" } else { " " };
            vec![format!("{mark} {}", shown_place(voice)), short(&voice.value), note(explained, voice)]
        })
        .collect();
    format!("{}: {value}\n{}", path_text(&explained.path), table(&rows))
}

fn json_of(explained: &Explained) -> Json {
    let voices = explained.voices.iter().map(|voice| {
        let (kind, detail) = match &voice.origin {
            Origin::Chart => ("chart", None),
            Origin::Subchart(path) => ("subchart", Some(path.clone())),
            Origin::Import(sub) => ("import", Some(sub.clone())),
            Origin::File => ("file", None),
            Origin::Setting => ("set", None),
            Origin::Flag(flag) => ("flag", Some(format!("{} {}", flag.name(), voice.at.source.text))),
        };
        let (line, column) = voice.at.source.line_and_column(voice.at.span.start);
        let number = |n: usize| Json::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let in_file = !matches!(voice.origin, Origin::Flag(_));
        Json::Object(vec![
            ("kind", Json::text(kind)),
            ("detail", Json::optional(detail)),
            ("file", Json::optional(in_file.then(|| shown(&voice.at.source.path)))),
            ("line", if in_file { number(line) } else { Json::Null }),
            ("column", if in_file { number(column) } else { Json::Null }),
            ("path", Json::text(path_text(&voice.path))),
            ("value", Json::Raw(inline(&voice.value))),
            ("effect", Json::text(voice.effect.name())),
        ])
    });
    Json::Object(vec![
        ("path", Json::text(path_text(&explained.path))),
        ("deleted", Json::Bool(explained.value.is_none())),
        ("value", explained.value.as_ref().map_or(Json::Null, |value| Json::Raw(inline(value)))),
        ("layers", Json::List(voices.collect())),
    ])
}
