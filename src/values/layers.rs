//! What the user says of values, in Helm's order, and where each value comes from
//! (Helm: pkg/cli/values, Options.MergeValues).

use super::coalesce::{deep_copy, merge_maps};
use super::derived::Hiding;
use super::secret::{self, Hidden};
use super::set::{self, Mode, Refused};
use super::templated::{SUFFIX, Templated, Templating};
use crate::chart::{self, Chart, Loaded, place, read_values};
use crate::diagnostic::{Diagnostic, Error, Label, Location, Source, Span, secret_line};
use crate::go::json::{Into as Target, read, read_prefix};
use crate::go::url::Url;
use crate::tree::{Tree, clean, near};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::world::Decrypt;
use std::io::Read as _;
use std::sync::Arc;

/// What was given with Helm's flags for values, each in its order. Which kind comes first does not matter.
#[derive(Debug, Clone, Default)]
pub struct ValueOptions {
    /// What lies below all flags: the layers of a project, lowest priority first.
    pub below: Vec<Below>,
    /// What templated layers see; without it there are none, and `-f` takes every file as YAML.
    pub templating: Option<Templating>,
    /// `-f`: files; `-` is the standard input.
    pub files: Vec<String>,
    /// `--set-json`
    pub set_json: Vec<String>,
    /// `--set`
    pub set: Vec<String>,
    /// `--set-string`
    pub set_string: Vec<String>,
    /// `--set-file`
    pub set_file: Vec<String>,
    /// `--set-literal`
    pub set_literal: Vec<String>,
    /// Where files may have been meant to lie, if not where they are looked for: a project's folder.
    pub folder: Option<String>,
    /// Decrypts files that sops encrypted; without it they are read as they are, as Helm does.
    pub decrypt: Option<Decrypt>,
}

/// A layer that no flag names.
#[derive(Debug, Clone)]
pub enum Below {
    /// A values file, by its path.
    File(String),
    /// A values file that Tera renders first.
    Template {
        /// Its path.
        path: String,
        /// The rung that it is of; where it is of none, the selected environment.
        rung: String,
    },
    /// A single value, keyed and typed as `--set-json` does it.
    Setting {
        /// `KEY=JSON`
        argument: Str,
        /// Where it is written.
        at: Location,
    },
}

/// Where values come from, lowest priority first.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    layers: Vec<Layer>,
}

/// One source of values.
#[derive(Debug, Clone)]
pub enum Layer {
    /// The values.yaml of a chart.
    Chart {
        /// Its text.
        source: Arc<Source>,
        /// The names from the top chart down to it; none for the top chart.
        path: Vec<String>,
    },
    /// A values file.
    File {
        /// Its text.
        source: Arc<Source>,
    },
    /// A values file that Tera rendered.
    Template(Box<Templated>),
    /// A values file that sops encrypted.
    Encrypted {
        /// Its text as it lies there: keys can be read, values cannot.
        source: Arc<Source>,
        /// What it says.
        values: Hidden,
    },
    /// An argument of `--set` or a sister.
    Set {
        /// Which flag.
        flag: Flag,
        /// The argument, with the flag's name as path.
        source: Arc<Source>,
    },
    /// A single value of a project.
    Setting {
        /// `KEY=JSON`
        argument: Str,
        /// Where it is written.
        at: Location,
    },
}

/// The flags that set single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// `--set-json`
    Json,
    /// `--set`
    Typed,
    /// `--set-string`
    Text,
    /// `--set-file`
    File,
    /// `--set-literal`
    Literal,
}

impl Flag {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Flag::Json => "--set-json",
            Flag::Typed => "--set",
            Flag::Text => "--set-string",
            Flag::File => "--set-file",
            Flag::Literal => "--set-literal",
        }
    }
}

impl Layer {
    /// How to speak of it: the path of a file, or a flag.
    pub fn name(&self) -> &str {
        match self {
            Layer::Chart { source, .. }
            | Layer::File { source }
            | Layer::Encrypted { source, .. }
            | Layer::Set { source, .. } => &source.path,
            Layer::Template(file) => &file.source.path,
            Layer::Setting { at, .. } => &at.source.path,
        }
    }

    /// Where it sets a path of keys, if it does.
    fn find(&self, path: &[&str]) -> Option<Location> {
        match self {
            Layer::Chart { source, path: chart } => {
                let below = path.get(chart.len()..)?;
                // A subchart's global values stand under `global` for the top chart too.
                if !chart.iter().zip(path).all(|(a, b)| a == b) {
                    return None;
                }
                Some(Location { source: source.clone(), span: place(&source.text, below)? })
            }
            Layer::File { source } | Layer::Encrypted { source, .. } => {
                Some(Location { source: source.clone(), span: place(&source.text, path)? })
            }
            Layer::Template(file) => Some(file.place(place(&file.rendered.text, path)?)),
            Layer::Set { flag, source } => sets(*flag, &source.text, path)
                .then(|| Location { source: source.clone(), span: Span::new(0, source.text.len()) }),
            Layer::Setting { argument, at } => sets(Flag::Json, argument, path).then(|| at.clone()),
        }
    }
}

/// What an argument sets, by itself.
pub(super) fn tree_of(flag: Flag, argument: &[u8], tree: &dyn Tree) -> Value {
    let map = MapRef::new(Map::new());
    let mut open = |path: &str| if path.trim() == "-" { Ok(Str::default()) } else { read_file(tree, path) };
    match apply(flag, argument, &map, &mut open) {
        Ok(Some(whole)) => Value::Map(MapType::Any, whole),
        _ => Value::Map(MapType::Any, map),
    }
}

/// Whether an argument sets a path of keys.
fn sets(flag: Flag, argument: &[u8], path: &[&str]) -> bool {
    let map = MapRef::new(Map::new());
    // What is wrong with it was told when it was read.
    let map = match apply(flag, argument, &map, &mut |_| Ok(Str::default())) {
        Ok(Some(whole)) => whole,
        _ => map,
    };
    let mut value = Value::Map(MapType::Any, map);
    for key in path {
        let below = match &value {
            Value::Map(_, map) => map.get(key),
            Value::List(_, items) => key.parse().ok().and_then(|i: usize| items.get(i).cloned()),
            _ => None,
        };
        match below {
            Some(below) => value = below,
            None => return false,
        }
    }
    true
}

impl Layers {
    /// The layers, lowest priority first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Puts the defaults of a chart and its subcharts below all layers; parents stand above their children.
    pub fn add_chart(&mut self, chart: &Chart) {
        fn add(chart: &Chart, path: &mut Vec<String>, into: &mut Vec<Layer>) {
            for sub in &chart.dependencies {
                path.push(sub.name().to_owned());
                add(sub, path, into);
                path.pop();
            }
            if let Some(source) = &chart.values_yaml {
                into.push(Layer::Chart { source: source.clone(), path: path.clone() });
            }
        }
        let mut layers = Vec::new();
        add(chart, &mut Vec::new(), &mut layers);
        layers.append(&mut self.layers);
        self.layers = layers;
    }

    /// The texts that encrypted layers hide, and those that templated layers made of them.
    pub fn secrets(&self) -> Vec<Str> {
        let hidden = self.layers.iter().filter_map(|layer| match layer {
            Layer::Encrypted { source, values } => Some(secret::texts(source, &values.0)),
            Layer::Template(file) => Some(file.derived.clone()),
            _ => None,
        });
        hidden.flatten().collect()
    }

    /// Where an encrypted layer holds a text, highest priority first.
    pub fn locate_secret(&self, text: &Str) -> Option<Location> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Encrypted { source, values } => {
                Some(Location { source: source.clone(), span: secret::find(source, &values.0, text)? })
            }
            _ => None,
        })
    }

    /// Where a path of keys is set, lowest priority first: the name of each layer that does, and the place.
    /// Reads the layers again, so only for failures and explanations.
    pub fn locate(&self, path: &[&str]) -> Vec<(String, Location)> {
        self.layers.iter().filter_map(|layer| Some((layer.name().to_owned(), layer.find(path)?))).collect()
    }
}

impl ValueOptions {
    /// Merges all that the user says.
    ///
    /// # Errors
    /// Helm's, the first in its order: files, then the flags by kind.
    pub fn read(&self, tree: &dyn Tree) -> Result<(MapRef, Layers), Error> {
        self.read_telling(tree, &mut Vec::new())
    }

    /// What is wrong with the files of `-f` that are not there, all of them.
    pub fn missing(&self, tree: &dyn Tree) -> Vec<Diagnostic> {
        let is_missing = |path: &&String| {
            let is_url = Url::parse(path.as_bytes()).map_or(true, |url| !url.scheme.is_empty());
            path.trim() != "-" && !is_url && tree.kind(path).is_err_and(|error| error.missing)
        };
        let words = |path: &String| tree.read(path).err().map_or_else(String::new, |error| error.words);
        let missing = self.files.iter().filter(is_missing);
        missing.map(|path| file_error(tree, path, words(path), self.folder.as_deref())).collect()
    }

    /// The layers without what they make together: nothing is parsed. None where their texts do not tell all that they say, or
    /// cannot be read: templates, encrypted files, the standard input, URLs, `--set-file`.
    pub fn unread(&self, tree: &dyn Tree) -> Option<Layers> {
        if !self.set_file.is_empty() {
            return None;
        }
        let file = |path: &String| {
            let is_template = self.templating.is_some() && path.ends_with(SUFFIX);
            if is_template || path.trim() == "-" || path.contains("://") {
                return None;
            }
            let text = read_file(tree, path).ok()?;
            let is_encrypted = self.decrypt.is_some() && secret::is_encrypted(&text);
            let source = Source { name: Source::VALUES.to_owned(), path: path.clone(), text, origin: None };
            (!is_encrypted).then(|| Layer::File { source: Arc::new(source) })
        };
        let below = self.below.iter().map(|below| match below {
            Below::File(path) => file(path),
            Below::Template { .. } => None,
            Below::Setting { argument, at } => Some(Layer::Setting { argument: argument.clone(), at: at.clone() }),
        });
        let flags = [
            (Flag::Json, &self.set_json),
            (Flag::Typed, &self.set),
            (Flag::Text, &self.set_string),
            (Flag::Literal, &self.set_literal),
        ];
        let flags = flags.into_iter().flat_map(|(flag, arguments)| arguments.iter().map(move |text| (flag, text)));
        let flags = flags.map(|(flag, argument)| Some(Layer::Set { flag, source: source_of(flag, argument) }));
        let layers = below.chain(self.files.iter().map(file)).chain(flags).collect::<Option<_>>()?;
        Some(Layers { layers })
    }

    /// The same, and the texts that encrypted layers hide, as far as any were decrypted: a failure of a layer above them
    /// may quote them.
    ///
    /// # Errors
    /// As [`ValueOptions::read`].
    pub fn read_telling(&self, tree: &dyn Tree, secrets: &mut Vec<Str>) -> Result<(MapRef, Layers), Error> {
        let mut values = MapRef::new(Map::new());
        let mut layers = Vec::new();
        let mut chart = None;
        // What is wrong with one file has nothing to do with the next. A template is another matter: it sees what lies
        // below it.
        let mut failures: Vec<Error> = Vec::new();
        let mut hiding = Hiding::default();
        for below in &self.below {
            let result = match below {
                Below::File(path) => add_file(tree, path, self, &mut values, &mut layers, secrets),
                Below::Template { .. } if !failures.is_empty() => Ok(()),
                Below::Template { path, rung } => {
                    let templating = self.templating.clone().unwrap_or_default();
                    add_template(tree, path, (&templating, rung), self, &mut chart, &mut values, &mut layers)
                }
                Below::Setting { argument, at } => {
                    let set = set::parse(argument, Mode::Json, &values);
                    let set = set.map_err(|refused| setting_error(&refused, at, &layers).into());
                    layers.push(Layer::Setting { argument: argument.clone(), at: at.clone() });
                    set
                }
            };
            match result {
                Ok(()) => derive(&mut hiding, &mut layers, chart.as_ref(), secrets),
                Err(error) => failures.push(error),
            }
        }
        for path in &self.files {
            let result = match &self.templating {
                Some(_) if path.ends_with(SUFFIX) && !failures.is_empty() && tree.kind(path).is_ok() => Ok(()),
                Some(templating) if path.ends_with(SUFFIX) => {
                    let how = (templating, templating.environment.as_str());
                    add_template(tree, path, how, self, &mut chart, &mut values, &mut layers)
                }
                _ => add_file(tree, path, self, &mut values, &mut layers, secrets),
            };
            match result {
                Ok(()) => derive(&mut hiding, &mut layers, chart.as_ref(), secrets),
                Err(error) => failures.push(error),
            }
        }
        match failures.as_slice() {
            [] => {}
            [one] => return Err(one.clone()),
            several => {
                let mut all: Vec<Diagnostic> = several.iter().flat_map(|one| one.diagnostics().to_vec()).collect();
                all.push(Diagnostic::own(format!("{} layers of values cannot be used", several.len())));
                return Err(Error::all(all));
            }
        }
        let flags = [
            (Flag::Json, &self.set_json),
            (Flag::Typed, &self.set),
            (Flag::Text, &self.set_string),
            (Flag::File, &self.set_file),
            (Flag::Literal, &self.set_literal),
        ];
        for (flag, arguments) in flags {
            for argument in arguments {
                let source = source_of(flag, argument);
                let mut open = |path: &str| read_file(tree, path);
                match apply(flag, argument.as_bytes(), &values, &mut open) {
                    Ok(None) => {}
                    Ok(Some(map)) => values = merge_maps(&values, &map),
                    Err(refused) => return Err(set_error(flag, argument, &refused, &source, &layers)),
                }
                layers.push(Layer::Set { flag, source });
            }
        }
        Ok((values, Layers { layers }))
    }
}

/// An argument, with its flag's name as path.
fn source_of(flag: Flag, argument: &str) -> Arc<Source> {
    let name = flag.name().to_owned();
    Arc::new(Source { name: name.clone(), path: name, text: Str::from(argument), origin: None })
}

/// Takes in what the last layer hides, or tells of what is hidden.
fn derive(hiding: &mut Hiding, layers: &mut [Layer], chart: Option<&Loaded>, secrets: &mut Vec<Str>) {
    match (layers.last_mut(), chart) {
        (Some(Layer::Encrypted { source, .. }), _) => hiding.encrypted(source),
        (Some(Layer::Template(file)), Some(chart)) => {
            file.derived = hiding.templated(file, &chart.chart);
            secrets.extend(file.derived.iter().cloned());
        }
        _ => {}
    }
}

/// Lays a values file over what there is.
fn add_file(
    tree: &dyn Tree,
    path: &str,
    options: &ValueOptions,
    values: &mut MapRef,
    layers: &mut Vec<Layer>,
    secrets: &mut Vec<Str>,
) -> Result<(), Error> {
    let text = read_file(tree, path).map_err(|words| file_error(tree, path, words, options.folder.as_deref()))?;
    let shown = if path.trim() == "-" { "standard input".to_owned() } else { path.to_owned() };
    let source = Arc::new(Source { name: Source::VALUES.to_owned(), path: shown, text, origin: None });
    if let Some(decrypt) = options.decrypt
        && secret::is_encrypted(&source.text)
    {
        let map = decrypted(path, &source, decrypt)?;
        secrets.append(&mut secret::texts(&source, &map));
        // Later layers write into what is merged, and this one is asked what it said.
        *values = merge_maps(values, &deep_copy(&map));
        layers.push(Layer::Encrypted { source, values: Hidden(map) });
        return Ok(());
    }
    let map = read_values(&source.text).map_err(|error| {
        let sentence = error.sentence(&source.path, &source.text);
        let diagnostic = Diagnostic::new(sentence, format!("failed to parse {path}: {error}"));
        error.locate(diagnostic, source.text.len(), |span| Location { source: source.clone(), span })
    })?;
    *values = if values.is_empty() { map } else { merge_maps(values, &map) };
    layers.push(Layer::File { source });
    Ok(())
}

/// Lays a templated values file over what there is. The chart is read for the first of them.
fn add_template(
    tree: &dyn Tree,
    path: &str,
    (templating, rung): (&Templating, &str),
    options: &ValueOptions,
    chart: &mut Option<Loaded>,
    values: &mut MapRef,
    layers: &mut Vec<Layer>,
) -> Result<(), Error> {
    let text = read_file(tree, path).map_err(|words| file_error(tree, path, words, options.folder.as_deref()))?;
    let source = Arc::new(Source { name: Source::VALUES.to_owned(), path: path.to_owned(), text, origin: None });
    let chart = match chart {
        Some(chart) => chart,
        None => chart.insert(chart::load(tree, &templating.chart, &mut Vec::new())?),
    };
    let file = templating.render(chart, source, rung, values)?;
    let text = &file.rendered.text;
    let map = read_values(text).map_err(|error| {
        let at = error.opened.or(error.offset).unwrap_or_default();
        // The line that it names is one of the text that nobody sees.
        let meaning = match error.shape() {
            Some((kind, _)) => format!("{path} renders to {kind}, and values are a map"),
            None => format!("{path} renders to invalid YAML: {}", error.meaning(text)),
        };
        let mut diagnostic = error.locate(Diagnostic::own(meaning), text.len(), |span| file.place(span));
        let start = text.get(..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |i| i + 1);
        let number = memchr::memchr_iter(b'\n', text.get(..start).unwrap_or_default()).count() + 1;
        if error.offset.is_some_and(|at| at < text.len()) {
            diagnostic = diagnostic.fact(format!("rendered, line {number}:\n  {}", secret_line(text, start)));
        }
        diagnostic
    })?;
    *values = if values.is_empty() { map } else { merge_maps(values, &map) };
    layers.push(Layer::Template(Box::new(file)));
    Ok(())
}

/// What an encrypted file says. Nothing of what was decrypted is told.
fn decrypted(path: &str, source: &Source, decrypt: Decrypt) -> Result<MapRef, Error> {
    if path.trim() == "-" {
        return Err(Diagnostic::own("the values on standard input are encrypted with sops")
            .hint("decrypt them first, or name a file")
            .into());
    }
    let clear = decrypt(path, secret::format_of(&source.text)).map_err(|diagnostic| *diagnostic)?;
    read_values(&clear).map_err(|_| {
        Diagnostic::own(format!("`{path}` is encrypted with sops, and what it decrypts to is no values file")).into()
    })
}

/// Applies an argument to the values, or gives the map that it is.
fn apply(
    flag: Flag,
    argument: &[u8],
    values: &MapRef,
    open: &mut set::ReadFile<'_>,
) -> Result<Option<MapRef>, Refused> {
    let mode = match flag {
        Flag::Json => {
            let text = bstr::ByteSlice::trim(argument);
            if text.first() == Some(&b'{') {
                return match read(text, Target::Map) {
                    Ok(Value::Map(_, map)) => Ok(Some(map)),
                    Ok(_) => Ok(Some(MapRef::new(Map::new()))),
                    Err((_, words)) => Err(words.into()),
                };
            }
            Mode::Json
        }
        Flag::Typed => Mode::Typed,
        Flag::Text => Mode::Text,
        Flag::File => Mode::File(open),
        Flag::Literal => Mode::Literal,
    };
    set::parse(argument, mode, values).map(|()| None)
}

/// The first JSON value of a text, and how many bytes it takes.
pub(super) fn first_json(text: &[u8]) -> Result<(Value, usize), String> {
    read_prefix(text).map(|prefix| (prefix.value, prefix.consumed))
}

/// Adds the place of what stands in the way of a single value; gives the words for it, which name the layer that has it.
fn in_the_way(refused: &Refused, layers: &[Layer], diagnostic: &mut Diagnostic) -> Option<String> {
    let met = refused.met.as_ref()?;
    let path: Vec<&str> = met.path.iter().map(String::as_str).collect();
    let found = layers.iter().rev().find_map(|layer| Some((layer, layer.find(&path)?)));
    let Some((layer, at)) = found else {
        // What the same argument said before.
        return Some(format!("`{}` is {} already, not {}", met.shown, met.found, met.wanted));
    };
    diagnostic.labels.push(Label { at, text: met.found.to_owned() });
    Some(format!("{} has {} for `{}`, not {}", layer.name(), met.found, met.shown, met.wanted))
}

/// A single value of a project that cannot be set.
fn setting_error(refused: &Refused, at: &Location, layers: &[Layer]) -> Diagnostic {
    let key = String::from_utf8_lossy(at.source.slice(at.span)).into_owned();
    let key = key.trim_matches(['"', '\'']);
    let mut diagnostic = Diagnostic::default().at(at.clone());
    let words = in_the_way(refused, layers, &mut diagnostic).unwrap_or_else(|| refused.words.clone());
    Diagnostic { message: format!("`{key}` cannot be set: {words}"), ..diagnostic }
}

fn set_error(flag: Flag, argument: &str, refused: &Refused, source: &Arc<Source>, layers: &[Layer]) -> Error {
    let words = &refused.words;
    let helm = match flag {
        // Helm shows the argument and keeps the cause to itself.
        Flag::Json if argument.trim().starts_with('{') => format!("failed parsing --set-json data JSON: {argument}"),
        Flag::Json => format!("failed parsing --set-json data {argument}"),
        _ => format!("failed parsing {} data: {words}", flag.name()),
    };
    let at = Location { source: source.clone(), span: Span::new(0, source.text.len()) };
    let mut diagnostic = Diagnostic::new("", helm).at(at);
    diagnostic.message = match in_the_way(refused, layers, &mut diagnostic) {
        Some(words) => format!("{} cannot be set: {words}", flag.name()),
        None => format!("{} cannot be read: {words}", flag.name()),
    };
    diagnostic.into()
}

fn file_error(tree: &dyn Tree, path: &str, words: String, folder: Option<&str>) -> Diagnostic {
    if words.ends_with(": is a directory") {
        let message = format!("`{path}` cannot be read as a values file: it is a folder");
        return Diagnostic::new(message, words);
    }
    if !words.ends_with(": no such file or directory") {
        return Diagnostic::new(words.clone(), words);
    }
    let diagnostic = Diagnostic::new(format!("there is no values file `{path}`"), words);
    let from = if path.starts_with('/') { "" } else { ", from the working directory" };
    let diagnostic = diagnostic.fact(format!("looked for: {path}{from}"));
    if path.starts_with('/') {
        return match near(tree, path) {
            Some(near) => diagnostic.hint(format!("there is `{near}`")),
            None => diagnostic,
        };
    }
    // Paths of flags are the shell's, and whoever works on a project thinks in the project's.
    let there = folder.filter(|folder| *folder != ".").map(|folder| clean(&format!("{folder}/{path}")));
    let found = match &there {
        Some(there) if tree.kind(there).is_ok() => Some(there.clone()),
        Some(there) => near(tree, path).or_else(|| near(tree, there)),
        None => near(tree, path),
    };
    match found {
        Some(near) => diagnostic.hint(format!("there is `{near}`")),
        None => diagnostic,
    }
}

/// A file that the user names, or the standard input. Helm takes URLs too.
fn read_file(tree: &dyn Tree, path: &str) -> Result<Str, String> {
    if path.trim() == "-" {
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).map_err(|e| format!("read /dev/stdin: {e}"))?;
        return Ok(text.into());
    }
    let url = Url::parse(path.as_bytes())?;
    if matches!(url.scheme.as_str(), "http" | "https" | "oci") {
        return Err(format!("{path} would have to be fetched, and values are read from disk only"));
    }
    tree.read(path).map_err(|error| error.words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::fmt::sprint;
    use crate::tree::Memory;

    fn options(files: &[&str], set: &[&str], json: &[&str]) -> ValueOptions {
        let owned = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
        ValueOptions { files: owned(files), set: owned(set), set_json: owned(json), ..ValueOptions::default() }
    }

    fn run(options: &ValueOptions) -> String {
        let mut tree = Memory::default();
        tree.insert("a.yaml", "a: {x: 1, w: null}\nl: [1]\n");
        tree.insert("b.yaml", "a: {x: 2}\n---\na: {z: 3}\n");
        tree.insert("bad.yaml", "- a");
        tree.insert("d/x", "");
        match options.read(&tree) {
            Ok((map, _)) => sprint(&[Value::Map(MapType::Any, map)]).unwrap().lossy().into_owned(),
            Err(error) => error.helm_words(),
        }
    }

    #[test]
    fn precedence() {
        for (options, expected) in [
            (options(&["a.yaml", "b.yaml"], &["a.x=9"], &["a.x=5"]), "map[a:map[w:<nil> x:9 z:3] l:[1]]"),
            (options(&[], &["j.a=7"], &[r#"{"j":{"a":1,"b":2}}"#]), "map[j:map[a:7 b:2]]"),
            (options(&[], &[], &["a=1 b=2, c="]), "map[ c:<nil> a:1 b:2]"),
            (options(&["nofile.yaml"], &[], &[]), "open nofile.yaml: no such file or directory"),
            (options(&["d"], &[], &[]), "read d: is a directory"),
            (options(&[], &[], &["x={bad"]), "failed parsing --set-json data x={bad"),
            (options(&[], &[], &["{bad"]), "failed parsing --set-json data JSON: {bad"),
            (options(&[], &["e"], &[]), "failed parsing --set data: key \"e\" has no value"),
            (
                options(&["bad.yaml"], &[], &[]),
                "failed to parse bad.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while decoding \
                 JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
        ] {
            assert_eq!(run(&options), expected);
        }
    }

    #[test]
    fn places() {
        let mut tree = Memory::default();
        tree.insert("a.yaml", "a:\n  x: 1\n");
        let (_, layers) = options(&["a.yaml"], &["a.y=1,a.x=2"], &[]).read(&tree).unwrap();
        let found: Vec<_> = layers.locate(&["a", "x"]).into_iter().map(|(name, at)| (name, at.span.start)).collect();
        assert_eq!(found, [("a.yaml".to_owned(), 8), ("--set".to_owned(), 0)]);
        assert!(layers.locate(&["b"]).is_empty());
    }
}
