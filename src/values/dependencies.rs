//! Which subcharts live, under which names, and what they hand to their parents
//! (Helm: pkg/chart/v2/util, dependencies.go).

use super::coalesce::{Coalescer, coalesced, deep_copy};
use crate::chart::{Chart, Defaults, Dependency, Import, Metadata};
use crate::diagnostic::Error;
use crate::go::quote::quoted;
use crate::go::semver::{Constraint, Version};
use crate::go::slog::{Level, line};
use crate::value::{Map, MapRef, MapType, Str, Value};

/// A chart that takes part in one render: aliases are applied, disabled subcharts are gone.
#[derive(Clone)]
pub struct Live<'c> {
    chart: &'c Chart,
    metadata: Metadata,
    defaults: MapRef,
    subcharts: Vec<Live<'c>>,
    path: String,
    root: bool,
    /// A copy that Helm makes of a chart below an alias: its subcharts still know the original as their parent…
    copied: bool,
    /// … unless its dependencies were processed.
    processed: bool,
}

impl<'c> Live<'c> {
    /// The chart and all of its subcharts, as loaded.
    pub(super) fn new(chart: &'c Chart, defaults: &Defaults) -> Live<'c> {
        let mut below = defaults.subcharts().iter();
        let subcharts = chart
            .dependencies
            .iter()
            .map(|sub| match below.next() {
                Some(defaults) => Live::new(sub, defaults),
                None => Live::new(sub, &Defaults::default()),
            })
            .collect();
        Live {
            chart,
            metadata: chart.metadata.clone(),
            defaults: defaults.values().clone(),
            subcharts,
            path: String::new(),
            root: false,
            copied: false,
            processed: false,
        }
    }

    /// The chart as loaded.
    pub fn chart(&self) -> &'c Chart {
        self.chart
    }

    /// Its name in this render: the alias, if it has one.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The first part of its templates' names: `c`, `c/charts/s`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is the chart that was asked for.
    pub fn is_root(&self) -> bool {
        self.root
    }

    /// Whether only its `define`s count.
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// Its Chart.yaml as this render sees it: with its alias as name, without disabled dependencies.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The subcharts that live, in Helm's order.
    pub fn subcharts(&self) -> &[Live<'c>] {
        &self.subcharts
    }

    /// Its default values, with what it imported from its subcharts.
    pub fn defaults(&self) -> &MapRef {
        &self.defaults
    }

    /// `.Chart`: Go's field names (Helm: pkg/chart, structToMap).
    pub fn chart_object(&self) -> Value {
        let map = self.metadata.object();
        map.insert("IsRoot", Value::Bool(self.root));
        Value::Map(MapType::Any, map)
    }

    /// The same charts with other defaults, and what they import of these. `of` gives a chart's, by the keys that lead to
    /// its values.
    ///
    /// # Errors
    /// Helm's, where defaults of a subchart's values are no map.
    pub(super) fn with_defaults(&self, of: &mut dyn FnMut(&Live<'_>, &[String]) -> MapRef) -> Result<Live<'c>, Error> {
        fn lay(live: &mut Live<'_>, keys: &mut Vec<String>, of: &mut dyn FnMut(&Live<'_>, &[String]) -> MapRef) {
            live.defaults = of(live, keys);
            for sub in &mut live.subcharts {
                keys.push(sub.metadata.name.clone());
                lay(sub, keys, of);
                keys.pop();
            }
        }
        let mut copy = self.clone();
        lay(&mut copy, &mut Vec::new(), of);
        import(&mut copy, &mut Vec::new())?;
        Ok(copy)
    }

    /// Decides the paths once all names are known.
    fn place(&mut self, path: String, root: bool) {
        self.root = root;
        let stale = self.copied && !self.processed;
        for sub in &mut self.subcharts {
            let path = if stale { sub.chart.full_path.clone() } else { format!("{path}/charts/{}", sub.metadata.name) };
            sub.place(path, false);
        }
        self.path = path;
    }
}

/// Applies aliases, tags, conditions and import-values.
///
/// # Errors
/// Helm's, under `chart dependencies processing failed: `.
pub(super) fn process(top: &mut Live<'_>, values: &MapRef, log: &mut Vec<String>) -> Result<(), Error> {
    let outcome = enable(top, values, "", log).and_then(|()| import(top, log));
    if let Err(error) = outcome {
        let words = error.helm_words();
        log.push(line(Level::Error, "chart dependencies processing failed", &[("error", words.as_str())]));
        return Err(error.wrap_helm(|words| format!("chart dependencies processing failed: {words}")));
    }
    let path = top.metadata.name.clone();
    top.place(path, true);
    Ok(())
}

/// Whether a version lies in a range; what cannot be read does not.
fn compatible(range: &str, version: &str) -> bool {
    match (Version::parse(version), Constraint::parse(range)) {
        (Ok(version), Ok(range)) => range.check(&version),
        _ => false,
    }
}

fn fits(dependency: &Dependency, live: &Live<'_>) -> bool {
    live.metadata.name == dependency.name && compatible(&dependency.version, &live.metadata.version)
}

/// The copy of a subchart that a dependency asks for.
fn alias<'c>(live: &Live<'c>, dependency: &Dependency) -> Live<'c> {
    let mut copy = live.clone();
    copy.copied = true;
    copy.processed = true;
    for sub in &mut copy.subcharts {
        sub.copied = true;
    }
    if !dependency.alias.is_empty() {
        copy.metadata.name.clone_from(&dependency.alias);
    }
    copy
}

/// Removes disabled subcharts and gives the others their aliases. `path` is the values path of the chart,
/// with a dot at its end.
fn enable(live: &mut Live<'_>, values: &MapRef, path: &str, log: &mut Vec<String>) -> Result<(), Error> {
    let Some(mut dependencies) = live.metadata.dependencies.take() else { return Ok(()) };
    // Subcharts that no dependency asks for come first and keep their names.
    let mut subcharts: Vec<Live<'_>> =
        live.subcharts.iter().filter(|sub| !dependencies.iter().any(|d| fits(d, sub))).cloned().collect();
    for dependency in &mut dependencies {
        if let Some(found) = live.subcharts.iter().find(|sub| fits(dependency, sub)) {
            subcharts.push(alias(found, dependency));
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
        dependency.enabled = true;
    }
    live.subcharts = subcharts;
    let values = coalesced(live, values, false, log)?;
    by_tags(&mut dependencies, &values, log);
    by_conditions(&mut dependencies, &values, path, log);
    let disabled: Vec<String> = dependencies.iter().filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
    live.subcharts.retain(|sub| !disabled.contains(&sub.metadata.name));
    dependencies.retain(|d| !disabled.contains(&d.name));
    for sub in &mut live.subcharts {
        let path = format!("{path}{}.", sub.metadata.name);
        enable(sub, &values, &path, log)?;
    }
    live.metadata.dependencies = if dependencies.is_empty() { None } else { Some(dependencies) };
    live.processed = true;
    Ok(())
}

fn by_tags(dependencies: &mut [Dependency], values: &MapRef, log: &mut Vec<String>) {
    let Some(Value::Map(_, tags)) = values.get("tags") else { return };
    for dependency in dependencies {
        let (mut on, mut off) = (false, false);
        for tag in &dependency.tags {
            match tags.get(tag) {
                Some(Value::Bool(true)) => on = true,
                Some(Value::Bool(false)) => off = true,
                Some(_) => log.push(line(
                    Level::Warn,
                    "returned non-bool value",
                    &[("tag", tag.as_str()), ("chart", dependency.name.as_str())],
                )),
                None => {}
            }
        }
        dependency.enabled = on || !off;
    }
}

fn by_conditions(dependencies: &mut [Dependency], values: &MapRef, path: &str, log: &mut Vec<String>) {
    for dependency in dependencies {
        for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
            let full = format!("{path}{condition}");
            let (table, key) = match full.rsplit_once('.') {
                None => (Some(values.clone()), full.as_str()),
                Some((table, key)) => (lookup(values, table).ok(), key),
            };
            match table.and_then(|t| t.get(key)) {
                Some(Value::Bool(on)) => {
                    dependency.enabled = on;
                    break;
                }
                None | Some(Value::Map(..)) => {}
                Some(_) => log.push(line(
                    Level::Warn,
                    "returned non-bool value",
                    &[("path", condition), ("chart", dependency.name.as_str())],
                )),
            }
        }
    }
}

/// The table at a dotted path; the error is the key that is none.
pub(super) fn lookup(values: &MapRef, path: &str) -> Result<MapRef, String> {
    let mut table = values.clone();
    for key in path.split('.') {
        table = match table.get(key) {
            Some(Value::Map(_, map)) => map,
            _ => return Err(key.to_owned()),
        };
    }
    Ok(table)
}

/// Merges what dependencies export into the defaults of their parents, from the leaves up.
fn import(live: &mut Live<'_>, log: &mut Vec<String>) -> Result<(), Error> {
    for sub in &mut live.subcharts {
        import(sub, log)?;
    }
    let Some(mut dependencies) = live.metadata.dependencies.take() else { return Ok(()) };
    let values = coalesced(live, &MapRef::new(Map::new()), true, log)?;
    let imported = MapRef::new(Map::new());
    for dependency in &mut dependencies {
        let mut done = Vec::new();
        for wish in dependency.imports.iter().flatten() {
            let (child, parent, missing) = match wish {
                Import::Other => continue,
                Import::Named(name) => (format!("exports.{name}"), ".".to_owned(), "ImportValues missing table"),
                Import::Table { child, parent } => {
                    (child.clone(), parent.clone(), "ImportValues missing table from chart")
                }
            };
            match lookup(&values, &format!("{}.{child}", dependency.name)) {
                Ok(table) => {
                    // Helm hands on the very table, but a new one for an empty one.
                    let table = if table.is_empty() { MapRef::new(Map::new()) } else { table };
                    let table = if parent == "." { table } else { nest(&parent, table) };
                    Coalescer { keep_nulls: true, log: &mut *log }.tables(&imported, &table, "", true);
                }
                Err(key) => {
                    let error = format!("{} is not a table", quoted(&key));
                    let from = ("chart", dependency.name.as_str());
                    let error = ("error", error.as_str());
                    let attributes: &[(&str, &str)] =
                        if matches!(wish, Import::Named(_)) { &[error] } else { &[from, error] };
                    log.push(line(Level::Warn, missing, attributes));
                }
            }
            done.push(Import::Table { child, parent });
        }
        dependency.imports = if done.is_empty() { None } else { Some(done) };
    }
    // What is imported is a part of these. Without imports nobody outside has them; globals that are in them more than once are told
    // apart by whoever lays them under values, as all do that copy defaults first.
    live.defaults = if imported.is_empty() { values } else { deep_copy(&values) };
    Coalescer { keep_nulls: true, log }.tables(&live.defaults, &imported, "", true);
    live.metadata.dependencies = Some(dependencies);
    Ok(())
}

/// The table below the keys of a dotted path.
fn nest(path: &str, table: MapRef) -> MapRef {
    path.rsplit('.').fold(table, |table, key| {
        let mut map = Map::new();
        map.insert(Str::from(key), Value::Map(MapType::Any, table));
        MapRef::new(map)
    })
}
