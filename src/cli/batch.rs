//! `rhelm batch`: what to render comes in as JSON, a line each, and what it gave goes out as a line each, for tools.

use super::args::texts;
use super::output;
use super::template::Asked;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error, Format, nearest, report};
use crate::engine::KubeVersion;
use crate::project::Project;
use crate::shelf::Shelf;
use crate::spread::{Items, in_order};
use crate::subject::{self, Flags, Rendered, installed};
use crate::tree::Disk;
use clap::ArgMatches;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// How much of the input is read at once, in bytes: of the lines that are there those of one chart are rendered together.
const BUFFER: usize = 64 << 10;

/// What a line may hold.
const KEYS: [&str; 24] = [
    "apiVersions",
    "chart",
    "environment",
    "id",
    "includeCrds",
    "isUpgrade",
    "kubeVersion",
    "name",
    "namespace",
    "noHooks",
    "noOverrides",
    "noTera",
    "project",
    "release",
    "seed",
    "set",
    "setFile",
    "setJson",
    "setLiteral",
    "setString",
    "showOnly",
    "skipSchemaValidation",
    "skipTests",
    "values",
];

/// Values that stand in the line itself.
const INLINE: &str = "inlineValues";

/// Projects that lines name, each read once.
type Projects = Mutex<HashMap<Option<String>, Arc<Project>>>;

/// What came of a line.
struct Answer {
    /// Its number, from 1.
    line: usize,
    /// As it is written.
    id: String,
    rendered: Rendered,
    result: Result<Vec<u8>, Error>,
}

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    let flags = asked.flags()?;
    let (at_once, shelf) = (flags.at_once, flags.shelf.clone());
    let path = texts(matches, "args").pop().filter(|path| path != "-");
    let input: Box<dyn Read + Send> = match &path {
        Some(path) => Box::new(
            std::fs::File::open(path)
                .map_err(|error| Diagnostic::own(crate::tree::Error::system("open", path, &error).words))?,
        ),
        None => Box::new(std::io::stdin()),
    };
    let projects = Projects::default();
    // Whoever reads no answers gets no more of them.
    let is_unread = AtomicBool::new(false);
    let answer = |Line { number, id, wish }: Line| {
        let mut answer = Answer { line: number, id, rendered: Rendered::default(), result: Ok(Vec::new()) };
        if !is_unread.load(Ordering::Relaxed) {
            answer.result = wish.and_then(|wish| one(&asked, &wish, &shelf, &projects, &mut answer.rendered));
            // Only the text is told.
            (answer.rendered.manifests, answer.rendered.inputs) = Default::default();
        }
        answer
    };
    let mut unwritten = None;
    let lines =
        Lines { input: BufReader::with_capacity(BUFFER, input), number: 0, is_over: false, is_unread: &is_unread };
    let size = |answer: &Answer| answer.rendered.size() + answer.result.as_ref().map_or_else(Error::size, Vec::len);
    in_order(at_once, lines, answer, size, |answer| {
        if is_unread.load(Ordering::Relaxed) {
            return;
        }
        terminal.hide(&answer.rendered.secrets);
        terminal.failed |= answer.result.is_err();
        let line = told(answer, terminal);
        unwritten = terminal.print(&line).err();
        if unwritten.is_some() || terminal.is_unread {
            is_unread.store(true, Ordering::Relaxed);
        }
    });
    terminal.end(&flags);
    unwritten.map_or(Ok(()), Err)
}

/// A line that is not blank.
struct Line {
    /// From 1.
    number: usize,
    /// As it is written.
    id: String,
    wish: Result<Wish, Error>,
}

/// The lines that are not blank.
struct Lines<'o> {
    input: BufReader<Box<dyn Read + Send>>,
    /// How many were read.
    number: usize,
    /// Whether there are no more.
    is_over: bool,
    /// Whether nobody wants them.
    is_unread: &'o AtomicBool,
}

impl Lines<'_> {
    /// The next one, unless it is blank.
    fn read(&mut self) -> Option<Line> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(MAX_LINE + 1).read_until(b'\n', &mut line);
        self.number += 1;
        let mut id = "null".to_owned();
        let wish = match read {
            Ok(0) => {
                self.is_over = true;
                return None;
            }
            Ok(_) if line.len() as u64 > MAX_LINE => {
                self.is_over = true;
                Err(format!("the line is longer than {MAX_LINE} bytes: nothing is read beyond it"))
            }
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => return None,
            Ok(_) => Ok(Wish::read(&line, &mut id)),
            Err(error) => {
                self.is_over = true;
                Err(format!("the lines cannot be read: {error}"))
            }
        };
        let wish = wish.unwrap_or_else(|words| Err(Diagnostic::own(words).into()));
        Some(Line { number: self.number, id, wish })
    }

    fn goes_on(&self) -> bool {
        !self.is_over && !self.is_unread.load(Ordering::Relaxed)
    }
}

impl Items for Lines<'_> {
    type Item = Line;
    /// The chart, or by which release it is known.
    type Kind = [String; 3];

    fn next(&mut self) -> Option<Line> {
        while self.goes_on() {
            if let Some(line) = self.read() {
                return Some(line);
            }
        }
        None
    }

    fn ready(&mut self) -> Option<Line> {
        while self.goes_on() && self.input.buffer().contains(&b'\n') {
            if let Some(line) = self.read() {
                return Some(line);
            }
        }
        None
    }

    fn kind(&self, line: &Line) -> Self::Kind {
        ["chart", "project", "release"].map(|key| match &line.wish {
            Ok(wish) => wish.text(key).ok().flatten().unwrap_or_default(),
            Err(_) => String::new(),
        })
    }
}

/// What a line says.
struct Wish {
    keys: BTreeMap<String, Value>,
}

impl Wish {
    fn read(line: &[u8], id: &mut String) -> Result<Self, Error> {
        // A mark in front is how some programs begin what they write.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_end();
        if line.trim_ascii_start().first().is_some_and(|first| *first != b'{')
            && serde_json::from_slice::<&RawValue>(line).is_ok()
        {
            return Err(Diagnostic::own("the line is no JSON object").into());
        }
        let failed = |error: serde_json::Error| Diagnostic::own(format!("the line is no JSON: {error}"));
        let mut given: BTreeMap<String, &RawValue> = serde_json::from_slice(line).map_err(failed)?;
        if let Some(given) = given.remove("id") {
            given.get().clone_into(id);
        }
        let mut keys = BTreeMap::new();
        for (key, value) in given {
            keys.insert(key, serde_json::from_str(value.get()).map_err(failed)?);
        }
        let known = || KEYS.iter().copied().chain([INLINE]);
        if let Some(key) = keys.keys().find(|key| !known().any(|known| known == key.as_str())) {
            let diagnostic = Diagnostic::own(format!("there is no key `{key}`"));
            return Err(match nearest(key, known()) {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None => diagnostic.fact(format!("there are: {}", known().collect::<Vec<_>>().join(", "))),
            }
            .into());
        }
        Ok(Wish { keys })
    }

    fn is_given(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(|value| !value.is_null())
    }

    fn wrong(key: &str, what: &str) -> Error {
        Diagnostic::own(format!("`{key}` must be {what}")).into()
    }

    fn text(&self, key: &str) -> Result<Option<String>, Error> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Self::wrong(key, "a string")),
        }
    }

    /// One string, or a list of them.
    fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        const WHAT: &str = "a string or a list of strings";
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().ok_or_else(|| Self::wrong(key, WHAT))
            }
            Some(_) => Err(Self::wrong(key, WHAT)),
        }
    }

    fn on(&self, key: &str) -> Result<bool, Error> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(_) => Err(Self::wrong(key, "true or false")),
        }
    }
}

/// Renders what a line asks for.
fn one(
    asked: &Asked<'_>,
    wish: &Wish,
    shelf: &Arc<Shelf>,
    projects: &Projects,
    rendered: &mut Rendered,
) -> Result<Vec<u8>, Error> {
    let mut flags = asked.flags_on(shelf.clone())?;
    (flags.include_tests, flags.is_compared) = (true, false);
    fill(wish, &mut flags)?;
    if let Some(namespace) = wish.text("namespace")? {
        flags.namespace = Box::new(move |_, _| namespace.clone());
    }
    let (chart, environment) = (wish.text("chart")?, wish.text("environment")?);
    match (chart, environment) {
        (Some(chart), None) => {
            if let Some(key) = ["project", "release"].into_iter().find(|key| wish.is_given(key)) {
                return Err(Diagnostic::own(format!(
                    "`{key}` is for environments, and `chart` means a chart by itself"
                ))
                .into());
            }
            let name = wish.text("name")?.unwrap_or_else(|| "release-name".to_owned());
            subject::chart(&Disk, &chart, &name, &flags, None, rendered)?;
        }
        (None, Some(environment)) => {
            if wish.is_given("name") {
                return Err(Diagnostic::own("`name` is for a chart by itself: the project names its releases").into());
            }
            let project = project(asked.matches, wish.text("project")?, projects)?;
            let environment = project.environment(&environment)?;
            let release = match wish.text("release")? {
                Some(release) => project.release(&release)?,
                None => match project.releases.as_slice() {
                    [only] => only,
                    several => {
                        let names: Vec<&str> = several.iter().map(|release| release.key.text.as_str()).collect();
                        let message = "`release` is missing, and the project has several";
                        return Err(Diagnostic::own(message).fact(format!("there are: {}", names.join(", "))).into());
                    }
                },
            };
            installed(&Disk, &project, environment, release, &flags, rendered)?;
        }
        (Some(_), Some(_)) => {
            return Err(Diagnostic::own(
                "`chart` means a chart by itself and `environment` a project's: give one of them",
            )
            .into());
        }
        (None, None) => return Err(Diagnostic::own("`chart` is missing, or `environment` and `release`").into()),
    }
    let wanted = output::Wanted {
        skip_tests: wish.on("skipTests")?,
        no_hooks: wish.on("noHooks")?,
        show_only: wish.texts("showOnly")?,
    };
    let manifests = &rendered.manifests;
    let stream = output::stream(output::manifest(manifests), &output::hooks(manifests, &wanted));
    if wanted.show_only.is_empty() {
        return Ok(stream);
    }
    output::show_only(&stream, &wanted.show_only, rendered.matches.dropped())
}

/// What a line says of the render, over what the command's flags say.
fn fill(wish: &Wish, flags: &mut Flags<'_>) -> Result<(), Error> {
    let files = wish.texts("values")?;
    if files.iter().any(|path| path.trim() == "-") {
        return Err(
            Diagnostic::own("`values` cannot be read from the standard input: the lines come from there").into()
        );
    }
    flags.values.files.extend(files);
    match wish.keys.get(INLINE) {
        None | Some(Value::Null) => {}
        Some(values @ Value::Object(_)) => flags.values.set_json.push(values.to_string()),
        Some(_) => return Err(Wish::wrong(INLINE, "an object")),
    }
    flags.values.set_json.extend(wish.texts("setJson")?);
    flags.values.set.extend(wish.texts("set")?);
    flags.values.set_string.extend(wish.texts("setString")?);
    flags.values.set_file.extend(wish.texts("setFile")?);
    flags.values.set_literal.extend(wish.texts("setLiteral")?);
    if let Some(version) = wish.text("kubeVersion")? {
        flags.kube_version = Some(KubeVersion::parse(&version)?);
    }
    flags.api_versions.extend(wish.texts("apiVersions")?);
    flags.is_upgrade |= wish.on("isUpgrade")?;
    flags.include_crds |= wish.on("includeCrds")?;
    flags.skip_schema_validation |= wish.on("skipSchemaValidation")?;
    flags.tera &= !wish.on("noTera")?;
    flags.overrides &= !wish.on("noOverrides")?;
    match wish.keys.get("seed") {
        None | Some(Value::Null) => {}
        Some(seed) => flags.seed = Some(seed.as_u64().ok_or_else(|| Wish::wrong("seed", "a whole number"))?),
    }
    Ok(())
}

/// The project that a line names, or the command, or the one found upwards.
fn project(matches: &ArgMatches, named: Option<String>, projects: &Projects) -> Result<Arc<Project>, Error> {
    let mut known = projects.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(project) = known.get(&named) {
        return Ok(project.clone());
    }
    let project = match &named {
        Some(path) => Project::read(&Disk, path)?,
        None => super::selection::project(matches, &Disk)?.ok_or_else(super::selection::no_project)?,
    };
    let project = Arc::new(project);
    known.insert(named, project.clone());
    Ok(project)
}

/// An answer as a line.
fn told(answer: Answer, terminal: &Terminal) -> Vec<u8> {
    let Answer { line, id, rendered, result } = answer;
    let veiled = |text: &str| String::from_utf8_lossy(&terminal.veiled(text.as_bytes())).into_owned();
    let mut out = format!("{{\"version\":1,\"line\":{line},\"id\":{id}");
    let mut set = |key: &str, value: Value| out.push_str(&format!(",\"{key}\":{value}"));
    if !rendered.name.is_empty() {
        set("release", rendered.name.into());
        set("namespace", rendered.namespace.into());
    }
    if !rendered.chart.is_empty() {
        set("chart", rendered.chart.into());
    }
    let warnings: Vec<String> = rendered.warnings.iter().map(|line| veiled(line.trim_end())).collect();
    set("warnings", warnings.into());
    match result {
        // JSON holds characters only.
        Ok(manifest) => set("manifest", String::from_utf8_lossy(&manifest).into_owned().into()),
        Err(error) => {
            let parts = veiled(&report(&error, Format::Json, terminal.masks(), false));
            let parts: Vec<Value> = parts.lines().filter_map(|part| serde_json::from_str(part).ok()).collect();
            set("errors", parts.into());
        }
    }
    out.push('}');
    let mut out = out.into_bytes();
    out.push(b'\n');
    out
}
