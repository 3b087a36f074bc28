//! `rhelm environments`, `rhelm init`, `rhelm schema`: a project at a glance, its beginning, its grammar.

use super::args::text;
use super::json::Json;
use super::selection;
use super::table::table;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error, Location};
use crate::project::{FILE, Installation, Layer, Origin, Project, SCHEMA, init};
use crate::tree::{Disk, Kind, Once, Tree};
use crate::values::Below;
use clap::ArgMatches;
use std::collections::HashMap;
use std::io::Write;

/// Runs `rhelm environments`.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let tree = Once::new(&Disk);
    let Some(project) = selection::project(matches, &tree)? else { return Err(selection::no_project()) };
    // Where the defaults of packed charts are.
    let mut packed: HashMap<String, Option<String>> = HashMap::new();
    let mut failures = Vec::new();
    let mut rows =
        vec![["ENVIRONMENT", "LADDER", "RELEASE", "NAMESPACE", "CHART", "LAYERS"].map(str::to_owned).to_vec()];
    let mut list = Vec::new();
    let default = project.default_environment.as_ref().map(|text| text.text.as_str());
    for environment in &project.environments {
        let name = environment.name.text.as_str();
        let ladder: Vec<String> = project.ladder(environment).map(|rung| rung.name.text.clone()).collect();
        let mark = if default == Some(name) { "*" } else { "" };
        let mut releases = Vec::new();
        let head = |row: &mut Vec<String>| row.extend([format!("{name}{mark}"), ladder.join(" → ")]);
        if environment.is_abstract {
            let mut row = Vec::new();
            head(&mut row);
            row.push("(abstract)".to_owned());
            rows.push(row);
        } else {
            for release in project.releases.iter().filter(|release| release.is_in(environment)) {
                let installation = match project.installation(&tree, environment, release) {
                    Ok(installation) => installation,
                    Err(error) => {
                        // The same file is missing in many environments.
                        let new = |d: &&Diagnostic| !failures.iter().any(|f: &Diagnostic| f.message == d.message);
                        let fresh: Vec<Diagnostic> = error.diagnostics().iter().filter(new).cloned().collect();
                        failures.extend(fresh);
                        continue;
                    }
                };
                let mut row = Vec::new();
                head(&mut row);
                let layers = layers(&tree, &installation, &mut packed);
                let mut shown: Vec<String> = layers.iter().map(|(shown, _)| shown.clone()).collect();
                // Single values that are set in one place are one cell.
                shown.dedup();
                let namespace = installation.namespace.clone().unwrap_or_else(|| "-".to_owned());
                let mut called = release.key.text.clone();
                if release.name() != called {
                    called = format!("{called} ({})", release.name());
                }
                row.extend([called, namespace, installation.chart.clone(), shown.join(", ")]);
                rows.push(row);
                releases.push(Json::Object(vec![
                    ("release", Json::text(release.key.text.as_str())),
                    ("name", Json::text(release.name())),
                    ("namespace", Json::optional(installation.namespace)),
                    ("chart", Json::text(installation.chart)),
                    ("layers", Json::List(layers.into_iter().map(|(_, json)| json).collect())),
                ]));
            }
        }
        let nearest = |get: fn(&crate::project::Environment) -> Option<&crate::project::Text>| {
            Json::optional(project.ladder(environment).rev().find_map(get).map(|text| text.text.clone()))
        };
        let api_versions = project.ladder(environment).rev().find_map(|rung| rung.api_versions.clone());
        list.push(Json::Object(vec![
            ("name", Json::text(name)),
            ("abstract", Json::Bool(environment.is_abstract)),
            ("ladder", Json::texts(ladder)),
            ("namespace", nearest(|rung| rung.namespace.as_ref())),
            ("kubeContext", nearest(|rung| rung.kube_context.as_ref())),
            ("kubeVersion", nearest(|rung| rung.kube_version.as_ref())),
            ("apiVersions", Json::texts(api_versions.into_iter().flatten().map(|text| text.text))),
            ("overrides", Json::Number(i64::try_from(project.overrides(environment).len()).unwrap_or(i64::MAX))),
            ("releases", Json::List(releases)),
        ]));
    }
    if !failures.is_empty() {
        return Err(Error::all(failures));
    }
    match text(matches, "output").as_deref() {
        None | Some("table") => terminal.print(table(&rows).as_bytes()),
        Some("json") => {
            let json = Json::Object(vec![
                ("version", Json::Number(1)),
                ("project", Json::text(project.source.path.as_str())),
                ("defaultEnvironment", Json::optional(default)),
                ("environments", Json::List(list)),
            ]);
            terminal.print(&json.print())
        }
        Some(other) => Err(format_unknown(other, "table or json")),
    }
}

/// There is no such format for a command's output.
pub(super) fn format_unknown(format: &str, known: &str) -> Error {
    Error::from(Diagnostic::own(format!("there is no output format `{format}` here; there are {known}")))
}

/// `rhelm.yaml:12:7`
pub(super) fn place(at: &Location) -> String {
    let (line, column) = at.source.line_and_column(at.span.start);
    format!("{}:{line}:{column}", shown(&at.source.path))
}

/// A path without the `./` of the chart in this folder.
pub(super) fn shown(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// The layers of an installation, the chart's defaults first: for people and for programs.
fn layers(
    tree: &dyn Tree,
    installation: &Installation<'_>,
    packed: &mut HashMap<String, Option<String>>,
) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    let chart = &installation.chart;
    let defaults = match tree.kind(chart) {
        Ok(Kind::File) => {
            let read = || {
                let loaded = crate::chart::load(tree, chart, &mut Vec::new()).ok()?;
                Some(loaded.chart.values_yaml?.path.clone())
            };
            packed.entry(chart.clone()).or_insert_with(read).clone()
        }
        _ => {
            let defaults = crate::tree::clean(&format!("{chart}/values.yaml"));
            (tree.kind(&defaults) == Ok(Kind::File)).then_some(defaults)
        }
    };
    if let Some(defaults) = defaults {
        let json = vec![("kind", Json::text("chart")), ("path", Json::text(defaults.as_str()))];
        found.push((defaults, Json::Object(json)));
    }
    for Layer { input, origin } in &installation.layers {
        let rung = match origin {
            Origin::Rung(rung) | Origin::Environment(rung) => Json::text(rung.as_str()),
            Origin::Literal | Origin::Release => Json::Null,
        };
        found.push(match input {
            Below::File(path) | Below::Template { path, .. } => {
                let json = vec![("kind", Json::text("file")), ("path", Json::text(path.as_str())), ("rung", rung)];
                (path.clone(), Json::Object(json))
            }
            Below::Setting { argument, at } => {
                let key = argument.split(|b| *b == b'=').next().unwrap_or_default();
                let key = String::from_utf8_lossy(key).into_owned();
                let place = place(at);
                let json = vec![
                    ("kind", Json::text("set")),
                    ("key", Json::text(key.as_str())),
                    ("at", Json::text(place.as_str())),
                    ("rung", rung),
                ];
                let (line, _) = at.source.line_and_column(at.span.start);
                (format!("set ({}:{line})", at.source.path), Json::Object(json))
            }
        });
    }
    found
}

/// Runs `rhelm schema`.
pub(super) fn schema(terminal: &mut Terminal) -> Result<(), Error> {
    terminal.print(SCHEMA.as_bytes())
}

/// Runs `rhelm init`.
pub(super) fn start(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let tree = Disk;
    let exists = |path: &str| {
        let message = format!("there is a project already: {path}");
        Error::from(Diagnostic::own(message).hint("it stays as it is; edit it, or move it away"))
    };
    if tree.kind(FILE).is_ok() {
        return Err(exists(FILE));
    }
    let chart = match text(matches, "chart") {
        Some(chart) => chart,
        None => super::template::nearby_chart(&tree).map_err(|mut error| {
            for diagnostic in error.diagnostics_mut() {
                diagnostic.helm = None;
                diagnostic.hints.clear();
            }
            let name = Diagnostic::own("").hint("name one: `rhelm init CHART`").hints;
            error.diagnostics_mut().iter_mut().for_each(|diagnostic| diagnostic.hints.clone_from(&name));
            error
        })?,
    };
    let mut left = Vec::new();
    let text = init(&tree, &chart, &mut left)?;
    // What was written must be readable; if it were not, nothing is left behind.
    let mut memory = crate::tree::Memory::default();
    memory.insert(FILE, text.as_str());
    let project = Project::read(&memory, FILE)?;
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(FILE);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(FILE),
        _ => Error::helm(crate::tree::Error::system("open", FILE, &error).words),
    })?;
    for (path, reason) in &left {
        terminal.say(&format!("warning: {path} is left out: {reason}"));
    }
    let names: Vec<&str> = project.environments.iter().map(|e| e.name.text.as_str()).collect();
    terminal.print(format!("wrote {FILE}: environments {}\n", names.join(", ")).as_bytes())
}
