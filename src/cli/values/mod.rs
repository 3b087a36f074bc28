//! `rhelm values`: what a chart sees, and where it comes from.

mod difference;
mod reading;

use super::args::{on, text};
use super::environments::{format_unknown, place, shown};
use super::json::Json;
use super::selection::{self, Selection};
use super::sops;
use super::table::table;
use super::template::{Asked, nearby_chart};
use super::terminal::Terminal;
use crate::chart;
use crate::diagnostic::{Diagnostic, Error, Location};
use crate::go::json;
use crate::project::{Environment, Project, Release};
use crate::tree::{Disk, Tree};
use crate::value::{MapRef, Value};
use crate::values::explain::{Effect, Explained, Explanation, Origin, Voice, look_up, path_of, path_text};
use crate::values::{self, Layers, Live, REDACTED, ValueOptions};
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
    /// What is hardly meant of its layers.
    warnings: Vec<String>,
}

/// A chart and what the user says of its values.
struct Loaded {
    subject: Subject,
    chart: chart::Loaded,
    user: MapRef,
    layers: Layers,
    /// Whether what came from encrypted layers is shown.
    show: bool,
}

impl Loaded {
    fn new(subject: Subject, tree: &dyn Tree, show: bool, terminal: &mut Terminal) -> Result<Self, Error> {
        subject.warnings.iter().for_each(|warning| terminal.say(warning));
        let mut secrets = Vec::new();
        let read = subject.options.read_telling(tree, &mut secrets);
        if !show {
            terminal.hide(&secrets);
        }
        let (user, layers) = read?;
        let mut log = Vec::new();
        let chart = chart::load(tree, &subject.chart, &mut log);
        log.iter().for_each(|line| terminal.say(line));
        Ok(Loaded { subject, chart: chart?, user, layers, show })
    }

    /// What the chart sees, and why.
    fn explained<T>(
        &self,
        tree: &dyn Tree,
        log: &mut Vec<String>,
        then: impl FnOnce(&Explanation<'_, '_>, &Live<'_>, &MapRef) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let resolved = values::resolve(&self.chart.chart, &self.chart.defaults, &self.user, log)?;
        let explanation = Explanation::new(&resolved.root, &resolved.values, &self.layers, &self.user, tree);
        let explanation = explanation.showing(self.show);
        then(&explanation, &resolved.root, &resolved.values)
    }
}

/// Values as they may be seen.
struct View {
    /// Whether what came from encrypted layers is shown.
    show: bool,
    /// `yaml` or `json`.
    format: String,
}

impl View {
    /// All values of a chart.
    fn all(&self, explanation: &Explanation<'_, '_>, values: &MapRef) -> MapRef {
        if self.show { values.clone() } else { explanation.redacted() }
    }

    /// The value of a path; `all` is what may be seen of all.
    fn value(&self, explained: &Explained, all: &MapRef) -> Option<Value> {
        match &explained.value {
            Some(Value::Map(kind, map)) if !map.is_empty() => match look_up(all, &explained.path) {
                Some(Value::Map(_, map)) => Some(Value::Map(*kind, map)),
                _ => Some(Value::str(REDACTED)),
            },
            Some(_) if !self.show && explained.is_secret() => Some(Value::str(REDACTED)),
            value => value.clone(),
        }
    }

    /// What a layer says.
    fn said(&self, voice: &Voice) -> Value {
        if !self.show && voice.secret { Value::str(REDACTED) } else { voice.value.clone() }
    }
}

/// What is asked of the values.
enum Question {
    Whole,
    Explain(String),
    Difference(String),
    Unused,
    Undefined,
}

fn question(matches: &ArgMatches) -> Result<Question, Error> {
    let mut asked = Vec::new();
    asked.extend(text(matches, "explain").map(|path| ("--explain", Question::Explain(path))));
    asked.extend(text(matches, "diff").map(|other| ("--diff", Question::Difference(other))));
    asked.extend(on(matches, "unused").then_some(("--unused", Question::Unused)));
    asked.extend(on(matches, "undefined").then_some(("--undefined", Question::Undefined)));
    if let [(first, _), (second, _), ..] = asked.as_slice() {
        return Err(Diagnostic::own(format!("{first} and {second} are two questions; ask one")).into());
    }
    let question = asked.pop().map_or(Question::Whole, |(_, question)| question);
    if on(matches, "fail") && !matches!(question, Question::Unused | Question::Undefined) {
        return Err(Diagnostic::own("--fail goes with --unused or --undefined").into());
    }
    Ok(question)
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
    let question = question(matches)?;
    let selection = selection::positional(matches, &tree)?;
    let subject = match &selection {
        Some(selection) => project_subject(selection, &tree, &asked)?,
        None => {
            let chart = chart::locate(&tree, &nearby_chart(&tree)?)?;
            Subject { environment: None, release: None, chart, options: asked.values(), warnings: Vec::new() }
        }
    };
    let view = View { show: on(matches, "show-secrets"), format };
    let loaded = Loaded::new(subject, &tree, view.show, terminal)?;
    let mut log = Vec::new();
    let answer = answer(&question, &loaded, selection.as_ref(), &view, &asked, terminal, &mut log);
    log.iter().for_each(|line| terminal.say(line));
    let (out, found) = answer?;
    terminal.print(&out)?;
    terminal.failed = found && on(matches, "fail");
    Ok(())
}

/// What is printed, and whether something was found that should not be there.
fn answer(
    question: &Question,
    loaded: &Loaded,
    selection: Option<&Selection>,
    view: &View,
    asked: &Asked<'_>,
    terminal: &mut Terminal,
    log: &mut Vec<String>,
) -> Result<(Vec<u8>, bool), Error> {
    let tree = Disk;
    let format = view.format.as_str();
    match question {
        Question::Whole => loaded.explained(&tree, log, |explanation, _, values| {
            Ok((whole(&loaded.subject, &view.all(explanation, values), format)?, false))
        }),
        Question::Explain(path) => loaded.explained(&tree, log, |explanation, _, values| {
            Ok((explain(&loaded.subject, explanation, values, view, path, format)?, false))
        }),
        Question::Difference(other) => {
            let Some(selection) = selection else {
                let message = "--diff compares environments, and none is named";
                return Err(Diagnostic::own(message)
                    .hint(format!("name one: `rhelm values ENV --diff {other}`"))
                    .into());
            };
            let other = other_subject(selection, &tree, other, asked)?;
            let other = Loaded::new(other, &tree, view.show, terminal)?;
            Ok((difference::run(loaded, &other, &tree, log, view)?, false))
        }
        Question::Unused => {
            let mut told = Vec::new();
            let answer = loaded.explained(&tree, log, |explanation, top, values| {
                reading::unused(loaded, explanation, top, values, format, &mut told)
            });
            log.append(&mut told);
            answer
        }
        Question::Undefined => loaded.explained(&tree, log, |explanation, top, values| {
            reading::undefined(loaded, explanation, top, values, format)
        }),
    }
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
    subject(&selection.project, environment, release, tree, asked)
}

/// The same release in another environment.
fn other_subject(selection: &Selection, tree: &dyn Tree, other: &str, asked: &Asked<'_>) -> Result<Subject, Error> {
    let Some((_, releases, _)) = selection.iter().next() else {
        return Err(Diagnostic::own("no environment is selected").into());
    };
    let Some(release) = releases.first() else { return Err(Diagnostic::own("no release is selected").into()) };
    if selection.project.is_convention() {
        let project = Project::by_convention(tree, &nearby_chart(tree)?, other)?;
        let release = project.release(&release.key.text)?;
        return subject(&project, project.environment(other)?, release, tree, asked);
    }
    let environment = selection.project.environment(other)?;
    subject(&selection.project, environment, release, tree, asked)
}

fn subject(
    project: &Project,
    environment: &Environment,
    release: &Release,
    tree: &dyn Tree,
    asked: &Asked<'_>,
) -> Result<Subject, Error> {
    let mut options = asked.values();
    options.folder = Some(project.folder.clone());
    let installation = project.installation_under(tree, environment, release, &options)?;
    let namespace = super::template::namespace(
        asked.matches,
        installation.namespace.as_deref(),
        installation.kube_context.as_deref(),
    );
    options.templating = Some(project.templating(&installation, &namespace, asked.world().variables));
    options.below = installation.layers.into_iter().map(|layer| layer.input).collect();
    options.decrypt = Some(sops::decrypt);
    Ok(Subject {
        environment: Some(environment.name.text.clone()),
        release: Some(release.key.text.clone()),
        chart: installation.chart,
        options,
        warnings: installation.warnings,
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
fn whole(subject: &Subject, values: &MapRef, format: &str) -> Result<Vec<u8>, Error> {
    let values = Value::Map(crate::value::MapType::Any, values.clone());
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
fn explain(
    subject: &Subject,
    explanation: &Explanation<'_, '_>,
    values: &MapRef,
    view: &View,
    path: &str,
    format: &str,
) -> Result<Vec<u8>, Error> {
    let wanted = path_of(path);
    let nameless = path.contains("..") || path.starts_with('.') || path.ends_with('.');
    if nameless && path != "." && !path.contains('\\') {
        let message = format!("`{path}` has a key without a name");
        return Err(Diagnostic::own(message).hint(format!("did you mean `{}`?", path_text(&wanted))).into());
    }
    let explained = if wanted.is_empty() {
        explanation.all()
    } else {
        let Some(explained) = explanation.explain(&wanted) else {
            let diagnostic = Diagnostic::own(format!("no layer says anything of `{path}`"));
            return Err(match explanation.nearest(&wanted) {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None => diagnostic,
            }
            .into());
        };
        vec![explained]
    };
    let all = view.all(explanation, values);
    let mut explained = explained;
    for one in &mut explained {
        let value = view.value(one, &all);
        one.voices.iter_mut().for_each(|voice| voice.value = view.said(voice));
        one.value = value;
    }
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
    layer_place(&voice.origin, &voice.at)
}

fn layer_place(origin: &Origin, at: &Location) -> String {
    match origin {
        Origin::Flag(flag) => format!("{} {}", flag.name(), at.source.text),
        _ => place(at),
    }
}

/// What a line adds to the place.
fn note(explained: &Explained, voice: &Voice) -> String {
    let mut notes: Vec<String> = Vec::new();
    match &voice.origin {
        Origin::Import(sub) => notes.push(format!("imported from {sub} as {}", voice.shown)),
        _ if voice.path != explained.path => notes.push(format!("says {}", voice.shown)),
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
    format!("{}: {value}\n{}", explained.shown, table(&rows))
}

/// Which layer, and where in it.
fn json_of_place(origin: &Origin, at: &Location) -> Vec<(&'static str, Json)> {
    let (kind, detail) = match origin {
        Origin::Chart => ("chart", None),
        Origin::Subchart(path) => ("subchart", Some(path.clone())),
        Origin::Import(sub) => ("import", Some(sub.clone())),
        Origin::File => ("file", None),
        Origin::Encrypted => ("encrypted", None),
        Origin::Setting => ("set", None),
        Origin::Flag(flag) => ("flag", Some(format!("{} {}", flag.name(), at.source.text))),
    };
    let mut fields = vec![("kind", Json::text(kind)), ("detail", Json::optional(detail))];
    fields.extend(json_of_file(Some(at).filter(|_| !matches!(origin, Origin::Flag(_)))));
    fields
}

/// A place in a file, or none.
fn json_of_file(at: Option<&Location>) -> [(&'static str, Json); 3] {
    let number = |n: usize| Json::Number(i64::try_from(n).unwrap_or(i64::MAX));
    let place = at.map(|at| (&at.source.path, at.source.line_and_column(at.span.start)));
    [
        ("file", Json::optional(place.map(|(path, _)| shown(path)))),
        ("line", place.map_or(Json::Null, |(_, (line, _))| number(line))),
        ("column", place.map_or(Json::Null, |(_, (_, column))| number(column))),
    ]
}

fn json_of(explained: &Explained) -> Json {
    let voices = explained.voices.iter().map(|voice| {
        let mut fields = json_of_place(&voice.origin, &voice.at);
        fields.extend([
            ("path", Json::text(voice.shown.as_str())),
            ("value", Json::Raw(inline(&voice.value))),
            ("effect", Json::text(voice.effect.name())),
        ]);
        Json::Object(fields)
    });
    Json::Object(vec![
        ("path", Json::text(explained.shown.as_str())),
        ("deleted", Json::Bool(explained.value.is_none())),
        ("value", explained.value.as_ref().map_or(Json::Null, |value| Json::Raw(inline(value)))),
        ("layers", Json::List(voices.collect())),
    ])
}
