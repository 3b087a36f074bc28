//! Loads a chart from a folder or an archive (Helm: pkg/chart/loader, pkg/chart/v2/loader).

use super::decode::{Decoder, Entry, not_json};
use super::metadata::{Draft, LOCK_STRINGS, STRINGS, api_version, check_lock};
use super::read::{entry, read_values};
use super::{Chart, File, Rules};
use crate::diagnostic::{Diagnostic, Error, Location, Source};
use crate::go::quote::quoted;
use crate::go::slog::{Level, line};
use crate::tree::{self, Budget, BufferedFile, Kind, Tree, check_archive, unpack};
use crate::value::{Map, MapRef, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep charts may lie in charts. Helm has no such limit.
const MAX_NESTING: usize = 100;

/// A loaded chart and what its values.yaml files hold.
pub struct Loaded {
    /// The chart; threads can share it.
    pub chart: Chart,
    /// The defaults of this thread.
    pub defaults: Defaults,
}

/// What the values.yaml files of a chart and its subcharts hold, in the same order as the charts.
#[derive(Clone)]
pub struct Defaults {
    values: MapRef,
    subcharts: Vec<Defaults>,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults { values: MapRef::new(Map::new()), subcharts: Vec::new() }
    }
}

impl Defaults {
    /// Reads the defaults of a loaded chart once more, for another thread.
    ///
    /// # Errors
    /// None that loading would not have met.
    pub fn of(chart: &Chart) -> Result<Defaults, Error> {
        let mut defaults = Defaults::default();
        if let Some(source) = &chart.values_yaml {
            defaults.values = values(source)?;
        }
        for sub in &chart.dependencies {
            defaults.subcharts.push(Defaults::of(sub)?);
        }
        Ok(defaults)
    }

    /// The chart's own. Not to be changed.
    pub fn values(&self) -> &MapRef {
        &self.values
    }

    /// Those of its subcharts.
    pub fn subcharts(&self) -> &[Defaults] {
        &self.subcharts
    }
}

/// Whether a chart is where the user says. Helm asks this before it reads values, and loads the chart after.
///
/// # Errors
/// There is nothing at the path. What Helm would fetch from a repository is not fetched.
pub fn locate(tree: &dyn Tree, path: &str) -> Result<String, Error> {
    let path = path.trim();
    if !path.starts_with("oci://") && tree.kind(path).is_ok() {
        return Ok(path.to_owned());
    }
    let local = path.starts_with(['/', '.']);
    let remote = path.contains("://");
    if remote {
        let words = format!("{path} would have to be fetched, and charts are rendered from disk only");
        return Err(Diagnostic::helm(words).hint(format!("fetch it with `helm pull {path}`")).into());
    }
    let words = if local {
        format!("path {} not found", quoted(path))
    } else if let Some((repository, _)) = path.split_once('/') {
        format!("repo {repository} not found")
    } else {
        format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {path}")
    };
    Err(Diagnostic::new(format!("there is no chart at `{path}`"), words).into())
}

/// Loads a chart with its subcharts. Lines that Helm logs go to `log`.
///
/// # Errors
/// Helm's, in its order.
pub fn load(tree: &dyn Tree, path: &str, log: &mut Vec<String>) -> Result<Loaded, Error> {
    let shell = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    match tree.kind(path) {
        Ok(Kind::Folder) => load_folder(tree, shell, log),
        Ok(Kind::File) => load_archive(tree, shell, log),
        Err(error) => Err(Error::helm(error.words)),
    }
}

fn load_folder(tree: &dyn Tree, shell: &str, log: &mut Vec<String>) -> Result<Loaded, Error> {
    let absolute = tree.absolute(shell);
    let name = format!("{absolute}/Chart.yaml");
    let data = tree.read(&name).map_err(|error| {
        let words = format!("unable to detect chart at {name}: {}", error.words);
        if error.missing {
            Diagnostic::new(format!("{shell} is no chart: it has no Chart.yaml"), words)
        } else {
            Diagnostic::helm(words)
        }
    })?;
    let data = data.strip_prefix(b"\xef\xbb\xbf").map_or(data.clone(), Into::into);
    let chart_yaml = source("Chart.yaml", format!("{shell}/Chart.yaml"), data);
    let (version, entry) = detect(&chart_yaml)?;
    let rules = rules_of(tree, &absolute)
        .map_err(|words| Diagnostic::new(format!("{shell}/.helmignore cannot be read: {words}"), words))?;
    let files = tree.walk(&absolute, &|name, folder| rules.ignores(name, folder), log).map_err(disk)?;
    let mut loader = Loader { log, budget: Budget::default(), known: Some((chart_yaml.text.clone(), entry)) };
    let loaded = loader.files(files, &format!("{shell}/"), "", 0)?;
    accept(&version)?;
    Ok(loaded)
}

/// What a chart's folder says is no part of it.
fn rules_of(tree: &dyn Tree, absolute: &str) -> Result<Rules, String> {
    let ignore = format!("{absolute}/.helmignore");
    match tree.kind(&ignore) {
        Ok(_) => tree.read(&ignore).map_err(|e| e.words).and_then(|text| Rules::parse(&text)),
        Err(_) => Rules::parse(b""),
    }
}

/// The files that a chart is read from, packed or not, as they lie there; none where they cannot be read.
pub fn files(tree: &dyn Tree, path: &str) -> Option<Vec<BufferedFile>> {
    let shell = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    let absolute = tree.absolute(shell);
    if tree.kind(path).ok()? == Kind::File {
        return Some(vec![BufferedFile { name: String::new(), data: tree.read(&absolute).ok()? }]);
    }
    let rules = rules_of(tree, &absolute).ok()?;
    // A chart whose own file is ignored is none, and its apiVersion is read before the rest.
    let chart_yaml = BufferedFile { name: String::new(), data: tree.read(&format!("{absolute}/Chart.yaml")).ok()? };
    let mut log = Vec::new();
    let walked = tree.walk(&absolute, &|name, folder| rules.ignores(name, folder), &mut log).ok()?;
    let log = BufferedFile { name: String::new(), data: log.join("\n").into() };
    Some([chart_yaml, log].into_iter().chain(walked).collect())
}

fn load_archive(tree: &dyn Tree, shell: &str, log: &mut Vec<String>) -> Result<Loaded, Error> {
    let absolute = tree.absolute(shell);
    let data = tree.read(&absolute).map_err(disk)?;
    if let Some(words) = check_archive(&absolute, &data) {
        return Err(Diagnostic::new(format!("{shell} is neither a chart folder nor a packed chart"), words).into());
    }
    let mut budget = Budget::default();
    let files = unpack(&data, &mut budget).map_err(|error| {
        // Helm keeps the reason to itself.
        let words = if error.words == "gzip: invalid header" {
            format!("file '{absolute}' does not appear to be a valid chart file (details: {})", error.words)
        } else {
            "unable to load chart archive".into()
        };
        Diagnostic::new(format!("the archive {shell} cannot be read: {}", error.words), words)
    })?;
    let Some(first) = files.iter().find(|file| file.name == "Chart.yaml") else {
        return Err(Diagnostic::new(
            format!("the archive {shell} holds no chart: there is no Chart.yaml in its first folder"),
            "unable to detect chart version, no Chart.yaml found",
        )
        .into());
    };
    let (version, entry) = detect(&source("Chart.yaml", format!("{shell}!Chart.yaml"), first.data.clone()))?;
    let known = Some((first.data.clone(), entry));
    let loaded = Loader { log, budget, known }.files(files, &format!("{shell}!"), "", 0)?;
    accept(&version)?;
    Ok(loaded)
}

fn disk(error: tree::Error) -> Error {
    Error::helm(error.words)
}

fn source(name: impl Into<String>, path: String, text: Str) -> Arc<Source> {
    Arc::new(Source { name: name.into(), path, text, origin: None })
}

/// The `apiVersion`, by which Helm chooses how to load.
fn detect(chart_yaml: &Arc<Source>) -> Result<(String, Entry), Error> {
    let entry = parse(chart_yaml, "Chart.yaml", &[&["apiVersion"]])?;
    let mut decoder = Decoder::new(chart_yaml);
    let version = api_version(&entry, &mut decoder);
    decoder.finish("Chart.yaml")?;
    if matches!(version.as_str(), "" | "v1" | "v2" | "v3") {
        return Ok((version, entry));
    }
    let mut diagnostic = Diagnostic::new(
        format!("apiVersion `{version}` is not supported; it must be v1 or v2"),
        "unsupported chart version",
    );
    if let Some(value) = entry.get("apiVersion") {
        diagnostic = diagnostic.at(Location { source: chart_yaml.clone(), span: value.span });
    }
    Err(diagnostic.into())
}

/// Helm loads charts of version 3 and then does not render them.
fn accept(version: &str) -> Result<(), Error> {
    if version == "v3" { Err(Error::helm("invalid chart apiVersion")) } else { Ok(()) }
}

/// Reads a YAML text as JSON; `strings` are the fields that take numbers JSON cannot hold.
fn parse(source: &Arc<Source>, file: &str, strings: &[&[&str]]) -> Result<Entry, Error> {
    let entry = entry(&source.text).map_err(|error| {
        let sentence = error.sentence(&source.path, &source.text);
        let diagnostic = Diagnostic::new(sentence, format!("cannot load {file}: {}", error.message));
        error.locate(diagnostic, source.text.len(), |span| Location { source: source.clone(), span })
    })?;
    json(source, file, strings, entry)
}

/// What was read, if it is JSON.
fn json(source: &Arc<Source>, file: &str, strings: &[&[&str]], entry: Entry) -> Result<Entry, Error> {
    let Some((words, span)) = not_json(&entry, strings) else { return Ok(entry) };
    let told = format!("cannot load {file}: error converting YAML to JSON: {words}");
    let sentence = format!("{} holds what JSON cannot: {words}", source.path);
    Err(Diagnostic::new(sentence, told).at(Location { source: source.clone(), span }).into())
}

/// Reads values.yaml.
fn values(source: &Arc<Source>) -> Result<MapRef, Error> {
    read_values(&source.text).map_err(|error| {
        let sentence = error.sentence(&source.path, &source.text);
        let diagnostic = Diagnostic::new(sentence, format!("cannot load values.yaml: {error}"));
        error.locate(diagnostic, source.text.len(), |span| Location { source: source.clone(), span }).into()
    })
}

struct Loader<'l> {
    log: &'l mut Vec<String>,
    budget: Budget,
    /// The Chart.yaml that was read to find out how to load the chart, lest it is read again.
    known: Option<(Str, Entry)>,
}

impl Loader<'_> {
    /// Sorts files into a chart. `shell` is what precedes a file's name in its path on disk, `parent` the
    /// path of the parent's templates with a `/` behind, `depth` how many charts are around.
    fn files(&mut self, files: Vec<BufferedFile>, shell: &str, parent: &str, depth: usize) -> Result<Loaded, Error> {
        if depth > MAX_NESTING {
            return Err(Error::helm(format!("charts lie in charts more than {MAX_NESTING} levels deep")));
        }
        let mut draft: Option<Draft> = None;
        let mut chart_yaml = None;
        for file in files.iter().filter(|file| file.name == "Chart.yaml") {
            let text = source("Chart.yaml", format!("{shell}Chart.yaml"), file.data.clone());
            let entry = match self.known.take() {
                Some((known, entry)) if known == text.text => json(&text, "Chart.yaml", STRINGS, entry)?,
                _ => parse(&text, "Chart.yaml", STRINGS)?,
            };
            let mut decoder = Decoder::new(&text);
            let draft = draft.get_or_insert_with(Draft::default);
            draft.read(&entry, &mut decoder);
            decoder.finish("Chart.yaml")?;
            draft.assume_v1();
            chart_yaml = Some(text);
        }
        let mut defaults = Defaults::default();
        let mut values_yaml = None;
        let mut schema = None;
        let (mut templates, mut others) = (Vec::new(), Vec::new());
        let mut subcharts: BTreeMap<String, Vec<BufferedFile>> = BTreeMap::new();
        for file in files {
            let text = |name: &str| source(name, [shell, name].concat(), file.data.clone());
            match file.name.as_str() {
                "Chart.yaml" => {}
                "Chart.lock" => lock(&text("Chart.lock"), "Chart.lock")?,
                "values.yaml" => {
                    let text = text("values.yaml");
                    defaults.values = values(&text)?;
                    values_yaml = Some(text);
                }
                "values.schema.json" => schema = Some(text("values.schema.json")),
                "requirements.yaml" => {
                    let draft = draft.get_or_insert_with(Draft::default);
                    if !draft.is_v1() {
                        self.log.push(line(
                            Level::Info,
                            "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend \
                             migrating dependencies to Chart.yaml.",
                            &[],
                        ));
                    }
                    let text = text("requirements.yaml");
                    let entry = parse(&text, "requirements.yaml", STRINGS)?;
                    let mut decoder = Decoder::new(&text);
                    draft.read(&entry, &mut decoder);
                    decoder.finish("requirements.yaml")?;
                    if draft.is_v1() {
                        others.push(file);
                    }
                }
                "requirements.lock" => {
                    lock(&text("requirements.lock"), "requirements.lock")?;
                    if draft.get_or_insert_with(Draft::default).is_v1() {
                        others.push(file);
                    } else {
                        self.log.push(line(
                            Level::Info,
                            "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We \
                             recommend migrating to Chart.lock.",
                            &[],
                        ));
                    }
                }
                name if name.starts_with("templates/") => templates.push(file),
                name => match name.strip_prefix("charts/") {
                    Some(inner) if !has_extension(name, "prov") => {
                        let first = inner.split('/').next().unwrap_or_default().to_owned();
                        let inner = BufferedFile { name: inner.to_owned(), data: file.data };
                        subcharts.entry(first).or_default().push(inner);
                    }
                    _ => others.push(file),
                },
            }
        }
        let path = shell.strip_suffix(['/', '!']).unwrap_or(shell).to_owned();
        let Some(draft) = draft else {
            return Err(Diagnostic::new(
                format!("{path} is no chart: it has no Chart.yaml"),
                "Chart.yaml file is missing",
            )
            .into());
        };
        let metadata = draft.finish()?;
        let full_path = format!("{parent}{}", metadata.name);
        let named = |file: BufferedFile| {
            let (name, path) = ([full_path.as_str(), "/", &file.name].concat(), [shell, &file.name].concat());
            let text = source(name, path, file.data);
            File { name: file.name, source: text }
        };
        let mut chart = Chart {
            chart_yaml: chart_yaml.unwrap_or_else(|| source("Chart.yaml", format!("{shell}Chart.yaml"), "".into())),
            values_yaml,
            schema,
            templates: templates.into_iter().map(named).collect(),
            files: others.into_iter().map(named).collect(),
            dependencies: Vec::new(),
            path,
            full_path: full_path.clone(),
            metadata,
        };
        let below = format!("{full_path}/charts/");
        for (name, files) in subcharts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let loaded = self.subchart(&name, files, shell, &chart.metadata.name, &below, depth + 1)?;
            chart.dependencies.push(loaded.chart);
            defaults.subcharts.push(loaded.defaults);
        }
        Ok(Loaded { chart, defaults })
    }

    /// Loads what lies under one name in `charts/`.
    fn subchart(
        &mut self,
        name: &str,
        files: Vec<BufferedFile>,
        shell: &str,
        owner: &str,
        below: &str,
        depth: usize,
    ) -> Result<Loaded, Error> {
        let path = format!("{shell}charts/{name}");
        let wrap = |words: &str| format!("error unpacking subchart {name} in {owner}: {words}");
        if has_extension(name, "tgz") {
            let Some(file) = files.into_iter().next() else { return Err(Error::helm(wrap("EOF"))) };
            if file.name != name {
                let words = format!("error unpacking subchart tar in {owner}: expected {name}, got {}", file.name);
                return Err(
                    Diagnostic::new(format!("{path} is a folder, but its name says it is an archive"), words).into()
                );
            }
            let files = unpack(&file.data, &mut self.budget).map_err(|error| {
                Diagnostic::new(format!("the archive {path} cannot be read: {}", error.words), wrap(&error.words))
            })?;
            return self.files(files, &format!("{path}!"), below, depth).map_err(|e| e.wrap_helm(wrap));
        }
        // A file directly in `charts/` has no name left.
        let files: Vec<BufferedFile> = files
            .into_iter()
            .filter_map(|file| {
                let (_, inner) = file.name.split_once('/')?;
                Some(BufferedFile { name: inner.to_owned(), data: file.data })
            })
            .collect();
        self.files(files, &format!("{path}/"), below, depth).map_err(|e| e.wrap_helm(wrap))
    }
}

/// Whether Go's `filepath.Ext` is this extension.
fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit('/').next().and_then(|base| base.rsplit_once('.')).is_some_and(|(_, found)| found == extension)
}

fn lock(text: &Arc<Source>, file: &str) -> Result<(), Error> {
    let entry = parse(text, file, LOCK_STRINGS)?;
    let mut decoder = Decoder::new(text);
    check_lock(&entry, &mut decoder);
    decoder.finish(file)
}

#[cfg(test)]
mod tests {
    use super::super::check_installable;
    use super::*;
    use crate::tree::Memory;

    fn tree(files: &[(&str, &str)]) -> Memory {
        let mut tree = Memory::default();
        for (name, text) in files {
            tree.insert(&format!("c/{name}"), *text);
        }
        tree
    }

    fn outcome(files: &[(&str, &str)]) -> String {
        let mut log = Vec::new();
        let loaded = load(&tree(files), "c", &mut log)
            .and_then(|loaded| check_installable(&loaded.chart, &mut log).map(|()| loaded));
        match loaded {
            Ok(loaded) => {
                let chart = &loaded.chart;
                let files = chart.files.iter().map(|f| f.source.path.as_str()).collect::<Vec<_>>().join(" ");
                let templates = chart.templates.iter().map(|f| f.source.name.as_str()).collect::<Vec<_>>().join(" ");
                let below = chart.dependencies.iter().map(|c| c.full_path.as_str()).collect::<Vec<_>>().join(" ");
                format!("[{templates}] [{files}] [{below}]")
            }
            Err(error) => error.helm_words(),
        }
    }

    const OK: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

    #[test]
    fn sorting() {
        let sub = OK.replace("name: c", "name: s");
        assert_eq!(
            outcome(&[
                ("Chart.yaml", OK),
                ("values.yaml", "a: 1"),
                ("templates/a.yaml", ""),
                ("templates/.hidden", ""),
                ("README.md", ""),
                ("crds/x.yaml", ""),
                ("charts/x/Chart.yaml", sub.as_str()),
                ("charts/_no/Chart.yaml", "["),
                ("charts/x.prov", ""),
            ]),
            "[c/templates/a.yaml] [c/README.md c/charts/x.prov c/crds/x.yaml] [c/charts/s]"
        );
    }

    #[test]
    fn words() {
        let with = |more: &str| format!("{OK}{more}\n");
        let decoding = "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
        for (text, expected) in [
            (String::new(), "validation: chart.metadata.name is required".to_owned()),
            ("apiVersion: v4".into(), "unsupported chart version".into()),
            (with("maintainers: [{name: {a: 1}}]"), format!("{decoding} object into Go struct field Maintainer.maintainers.name of type string")),
            (with("maintainers: {name: x}"), format!("{decoding} object into Go struct field Metadata.maintainers of type []*v2.Maintainer")),
            (with("annotations: {a: [1]}"), format!("{decoding} array into Go struct field Metadata.annotations of type string")),
            (with("annotations: 5"), format!("{decoding} number into Go struct field Metadata.annotations of type map[string]string")),
            (with("dependencies: [x]"), format!("{decoding} string into Go struct field Metadata.dependencies of type v2.Dependency")),
            ("foo".into(), format!("{decoding} string into Go value of type loader.chartBase")),
            ("apiVersion: [v2]".into(), format!("{decoding} array into Go struct field chartBase.apiVersion of type string")),
            (with("dependencies: [{name: s, tags: [[1]]}]"), format!("{decoding} array into Go struct field Dependency.dependencies.tags of type string")),
            (with("dependencies: [null]"), "validation: dependencies must not contain empty or null nodes".into()),
            (with("type: Library"), "validation: chart.metadata.type must be application or library".into()),
            (with("type: library"), "library charts are not installable".into()),
            (with("foo: .inf"), "cannot load Chart.yaml: error converting YAML to JSON: json: unsupported value: +Inf".into()),
            (
                with("dependencies: [{name: s}, {name: t, alias: s}]"),
                "validation: more than one dependency with name or alias \"s\"".into(),
            ),
            (
                with("dependencies: [{name: nope}, {name: n2}]"),
                "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: nope, n2".into(),
            ),
        ] {
            assert_eq!(outcome(&[("Chart.yaml", text.as_str())]), expected, "{text}");
        }
        assert_eq!(outcome(&[]), "stat c: no such file or directory");
        assert_eq!(
            outcome(&[("Chart.yaml", OK), ("charts/README.md", "")]),
            "error unpacking subchart README.md in c: Chart.yaml file is missing"
        );
    }

    #[test]
    fn decoding_into_what_is_there() {
        let text = with_fields();
        let loaded = load(&tree(&[("Chart.yaml", text.as_str())]), "c", &mut Vec::new()).unwrap();
        let metadata = &loaded.chart.metadata;
        assert_eq!(metadata.keywords, ["a", "z"]);
        assert_eq!((metadata.maintainers[0].name.as_str(), metadata.maintainers[0].email.as_str()), ("b", "x"));
        assert_eq!(metadata.app_version, "1.1");
        assert_eq!(metadata.description, "true");
    }

    fn with_fields() -> String {
        format!(
            "{OK}Maintainers: [{{name: a, email: x}},{{name: q}}]\nmaintainers: [{{name: b}}]\nKEYWORDS: [a,b,c]\n\
             keywords: [null, z]\nappVersion: 1.10\ndescription: true\n"
        )
    }
}
