//! What an environment means in a chart's folder that has no project's file.

use super::check::is_file_name;
use super::reader::Text;
use super::{Environment, Project, RESERVED, Release, Secrets};
use crate::diagnostic::{Diagnostic, Error, Source, Span};
use crate::tree::{Kind, Tree, clean, list, near};
use crate::value::Str;
use crate::values::SUFFIX;
use crate::yaml;
use std::sync::Arc;

/// Files beside values.yaml that are no environment's.
pub(super) const NO_ENVIRONMENTS: [&str; 6] = ["values", "Chart", "rhelm", "requirements", "README", "schema"];

/// The paths that an environment's values can have.
pub(super) fn candidates(environment: &str) -> [String; 4] {
    [
        format!("{environment}.yaml"),
        format!("values-{environment}.yaml"),
        format!("values.{environment}.yaml"),
        format!("values/{environment}.yaml"),
    ]
}

/// The environment that a path below the chart's folder is the values of.
pub(super) fn environment_of(path: &str) -> Option<&str> {
    let name = path.strip_suffix(SUFFIX).unwrap_or(path).strip_suffix(".yaml")?;
    let name = ["values-", "values.", "values/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    (!name.is_empty() && !name.contains('/') && !NO_ENVIRONMENTS.contains(&name)).then_some(name)
}

/// Why a file that could be an environment's by its name is taken for none until somebody says so.
pub(super) fn unlikely(environment: &str) -> Option<&'static str> {
    if !is_file_name(environment) || RESERVED.contains(&environment) {
        Some("no environment can be called so")
    } else if environment.contains('.') {
        // `values-secrets.enc.yaml`: the second word is rather the kind of file.
        Some("a name with a dot is rarely an environment's; if it is, add it by hand")
    } else {
        None
    }
}

/// The environments that a chart's folder has, each with its file, in the order of their names.
pub(super) fn environments(tree: &dyn Tree, folder: &str) -> Vec<(String, String)> {
    let top = list(tree, folder).into_iter().filter(|(_, is_folder)| !is_folder).map(|(name, _)| name);
    let below = list(tree, &clean(&format!("{folder}/values"))).into_iter().map(|(name, _)| format!("values/{name}"));
    let mut found: Vec<(String, String)> =
        top.chain(below).filter_map(|path| Some((environment_of(&path)?.to_owned(), path))).collect();
    found.sort();
    found
}

/// The name that a chart gives itself, as far as Chart.yaml can be read.
pub(super) fn chart_name(tree: &dyn Tree, chart: &str) -> Option<String> {
    let text = tree.read(&clean(&format!("{chart}/Chart.yaml"))).ok()?;
    let node = yaml::read(&text).ok()??;
    node.get("name")?.as_string().map(|name| name.to_string())
}

/// One environment over a chart.
pub(super) fn project(tree: &dyn Tree, chart: &str, environment: &str) -> Result<Project, Error> {
    let fail = |message: String| Diagnostic::own(message);
    if RESERVED.contains(&environment) || !is_file_name(environment) || NO_ENVIRONMENTS.contains(&environment) {
        return Err(fail(format!("no environment can be called `{environment}`")).into());
    }
    let paths = candidates(environment).map(|path| clean(&format!("{chart}/{path}")));
    let is_file = |path: &str| tree.kind(path) == Ok(Kind::File);
    let found: Vec<&String> =
        paths.iter().filter(|path| is_file(path) || is_file(&format!("{path}{SUFFIX}"))).collect();
    let file = match found.as_slice() {
        [file] => (*file).clone(),
        [] => {
            let mut diagnostic = fail(format!("there are no values for environment `{environment}`"))
                .fact(format!("looked for: {}", paths.join(", ")));
            let near: Vec<String> =
                paths.iter().filter_map(|path| near(tree, path)).filter(|p| p.ends_with(".yaml")).collect();
            let short = |path: &String| path.strip_suffix(".yaml").map(|stem| format!("{stem}.yml"));
            let short = paths.iter().filter_map(short).find(|path| is_file(path));
            let names = environments(tree, chart);
            let names: Vec<&str> =
                names.iter().map(|(name, _)| name.as_str()).filter(|name| unlikely(name).is_none()).collect();
            if let Some(short) = short {
                diagnostic = diagnostic.hint(format!("there is `{short}`: call it `.yaml`"));
            } else if let Some(near) = crate::diagnostic::nearest(environment, names.iter().copied()) {
                diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
            } else if let Some(near) = near.first() {
                diagnostic = diagnostic.hint(format!("there is `{near}`"));
            } else if !names.is_empty() {
                diagnostic = diagnostic.fact(format!("there are: {}", names.join(", ")));
            }
            return Err(diagnostic.into());
        }
        several => {
            let shown = |path: &&String| if is_file(path) { format!("`{path}`") } else { format!("`{path}{SUFFIX}`") };
            let several: Vec<String> = several.iter().map(shown).collect();
            return Err(fail(format!("{} could both be environment `{environment}`", several.join(" and ")))
                .hint("keep one, or write a rhelm.yaml (`rhelm init`)")
                .into());
        }
    };
    let text = |text: &str| Text { text: text.to_owned(), span: Span::default() };
    let source = Source { name: super::FILE.to_owned(), path: chart.to_owned(), text: Str::default(), origin: None };
    // Paths of a project are told from its folder.
    let folder = clean(chart);
    let inside = format!("{folder}/");
    let file = file.strip_prefix(&inside).unwrap_or(&file).to_owned();
    let name = chart_name(tree, chart).unwrap_or_else(|| "release-name".to_owned());
    Ok(Project {
        source: Arc::new(source),
        folder,
        environments: vec![Environment { ladder: vec![0], ..Environment::named(text(environment)) }],
        default_environment: None,
        releases: vec![Release {
            key: text(&name),
            name: None,
            chart: text("."),
            values: vec![text(&file)],
            namespace: None,
            environments: None,
            set: Vec::new(),
        }],
        vars: None,
        env: Vec::new(),
        snapshots: super::SNAPSHOTS.to_owned(),
        secrets: Secrets::default(),
        ignore: Vec::new(),
        reports: Vec::new(),
    })
}
