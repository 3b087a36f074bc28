//! `rhelm.yaml` → [`Project`].

use super::reader::{Entry, Reader, Text, kind, point};
use super::{Environment, Ignore, Project, Release, Secrets, Setting, check, swaps};
use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::go::json;
use crate::manifest::{overrides, split};
use crate::value::{Map, MapRef, Str};
use crate::values::{Mode, parse_set};
use crate::yaml::{self, Data, Node};
use std::sync::Arc;

/// The keys of the file.
pub(super) const PROJECT: [&str; 8] =
    ["environments", "defaultEnvironment", "releases", "vars", "env", "snapshots", "secrets", "diff"];
/// The keys of an environment.
pub(super) const ENVIRONMENT: [&str; 9] =
    ["abstract", "from", "namespace", "kubeContext", "kubeVersion", "apiVersions", "set", "vars", "overrides"];
/// The keys of a release.
pub(super) const RELEASE: [&str; 6] = ["name", "chart", "values", "namespace", "environments", "set"];
/// The keys of `diff`.
pub(super) const DIFF: [&str; 2] = ["ignore", "report"];
/// The formats that a report can have.
pub(super) const REPORT: [&str; 2] = ["html", "markdown"];

/// A pattern without quotes (`[values/{env}.yaml]`) on the line that cannot be read: within brackets YAML takes its braces for
/// a map's.
fn bare_pattern(text: &[u8], at: Option<usize>) -> Option<String> {
    let (before, after) = text.split_at_checked(at?)?;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', after).map_or(text.len(), |end| before.len() + end);
    let line = String::from_utf8_lossy(text.get(start..end)?);
    let words = line.split(|c: char| c.is_whitespace() || ",[]".contains(c));
    let bare = |word: &&str| ["{env}", "{release}"].iter().any(|p| word.contains(p)) && !word.starts_with(['"', '\'']);
    words
        .filter(bare)
        .map(|word| word.trim_end_matches('}').to_owned())
        .find(|word| !word.is_empty())
        .map(|word| if word.matches('{').count() > word.matches('}').count() { format!("{word}}}") } else { word })
}

/// A key with brackets and without quotes (`{list[0]: x}`) where a map in braces cannot be read: YAML ends the key at the
/// bracket.
fn bare_key(text: &[u8], at: Option<usize>) -> Option<Span> {
    let at = at?;
    let bracket = at + memchr::memchr(b'[', text.get(at..at + 2)?)?;
    let ends = |b: &u8| b.is_ascii_whitespace() || b",{}:\"'".contains(b);
    let (before, after) = text.split_at_checked(bracket)?;
    let start = before.iter().rposition(ends).map_or(0, |end| end + 1);
    let end = after.iter().position(ends).map_or(text.len(), |length| bracket + length);
    (start < bracket).then(|| Span::new(start, end))
}

/// Reads the text of a project's file.
///
/// # Errors
/// It is no YAML, or has mistakes: all of them.
pub(super) fn project(text: Str, path: String, folder: String) -> Result<Project, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").map_or(text.clone(), Into::into);
    let source = Arc::new(Source { name: super::FILE.to_owned(), path, text, origin: None });
    let root = yaml::read(&source.text).map_err(|error| {
        if let Some(span) = bare_key(&source.text, error.offset).filter(|_| error.opened.is_some()) {
            let key = String::from_utf8_lossy(source.slice(span)).into_owned();
            let message = format!("{} is no valid YAML: within braces a key with brackets needs quotes", source.path);
            let mut diagnostic = Diagnostic::own(message).at(Location { source: source.clone(), span });
            diagnostic.note = format!("write \"{key}\"");
            return diagnostic;
        }
        let mut diagnostic = Diagnostic::own(error.sentence(&source.path, &source.text));
        if let Some(path) = bare_pattern(&source.text, error.opened.or(error.offset)) {
            diagnostic = diagnostic.hint(format!("between brackets a path with braces stands in quotes: \"{path}\""));
        }
        error.locate(diagnostic, source.text.len(), |span| Location { source: source.clone(), span })
    })?;
    let mut reader = Reader::new(source.clone());
    for (first, again) in yaml::duplicates(&source.text) {
        let key = String::from_utf8_lossy(source.slice(again)).into_owned();
        let label = reader.label(first, "it stands here first");
        let message = format!("`{key}` stands twice in this map");
        reader.mistake(again, message).labels.push(label);
    }
    for part in split(&source.text).into_iter().skip(1) {
        if let Ok(Some(_)) = yaml::read(part) {
            let start = part.as_ptr().addr().saturating_sub(source.text.as_ptr().addr());
            let first = part.split(|b| *b == b'\n').next().unwrap_or_default();
            reader.mistake(Span::new(start, start + first.len()), "a project is one document; this is another");
        }
    }
    let mut project = Project {
        source: source.clone(),
        folder,
        environments: Vec::new(),
        default_environment: None,
        releases: Vec::new(),
        vars: None,
        env: Vec::new(),
        snapshots: super::SNAPSHOTS.to_owned(),
        secrets: Secrets::default(),
        ignore: Vec::new(),
        reports: Vec::new(),
    };
    match &root {
        Some(root) => fill(&mut reader, root, &mut project),
        None => {
            reader.mistake(Span::default(), format!("{} is empty", source.path));
        }
    }
    check::project(&mut reader, &mut project);
    let Reader { mut mistakes, .. } = reader;
    if mistakes.is_empty() {
        return Ok(project);
    }
    mistakes.sort_by_key(|mistake| mistake.at.as_ref().map_or(0, |at| at.span.start));
    if mistakes.len() > 1 {
        let message = format!("{} has {} mistakes", source.path, mistakes.len());
        mistakes.push(Diagnostic::own(message));
    }
    Err(Error::all(mistakes))
}

fn fill(reader: &mut Reader, root: &Node, project: &mut Project) {
    let name = reader.source.path.clone();
    let mut seen = [false; 2];
    let before = reader.mistakes.len();
    let fields = reader.fields(root, &name, &PROJECT);
    // A misspelt key says enough.
    let misspelt = reader.mistakes.len() > before;
    for Entry { key, at, value } in fields {
        match key.as_str() {
            "environments" => {
                seen[0] = true;
                let entries = reader.entries(value, "environments");
                if entries.is_empty() && is_empty(value) {
                    reader.mistake(at, "`environments` declares none");
                }
                for entry in entries {
                    project.environments.push(environment(reader, entry));
                }
            }
            "releases" => {
                seen[1] = true;
                let entries = reader.entries(value, "releases");
                if entries.is_empty() && is_empty(value) {
                    reader.mistake(at, "`releases` declares none");
                }
                for entry in entries {
                    reader.releases.push(entry.key.clone());
                    project.releases.extend(release(reader, &entry));
                }
            }
            "defaultEnvironment" => project.default_environment = reader.word(value, &key),
            "vars" => project.vars = map(reader, value, "vars"),
            "env" => project.env = variables(reader, value),
            "snapshots" => {
                if let Some(text) = reader.word(value, &key) {
                    project.snapshots = text.text;
                }
            }
            "secrets" => {
                if let Some(word) = reader.word(value, &key) {
                    match word.text.as_str() {
                        "digest" => project.secrets = Secrets::Digest,
                        "omit" => project.secrets = Secrets::Omit,
                        other => {
                            let message = "`secrets` must be digest or omit".to_owned();
                            reader.unknown(word.span, message, other, ["digest", "omit"]);
                        }
                    }
                }
            }
            "diff" => diff(reader, value, project),
            _ => {}
        }
    }
    if matches!(root.data, Data::Map(_)) {
        for (key, seen) in ["environments", "releases"].iter().zip(seen) {
            if !seen && !misspelt {
                let span = Span { start: root.span.start, end: root.span.start };
                reader.mistake(span, format!("{name} has no `{key}`"));
            }
        }
    }
}

fn environment(reader: &mut Reader, entry: Entry<'_>) -> Environment {
    let what = format!("environments.{}", entry.key);
    let mut environment = Environment::named(Text { text: entry.key, span: entry.at });
    for Entry { key, value, .. } in reader.fields(entry.value, &what, &ENVIRONMENT) {
        match key.as_str() {
            "abstract" => environment.is_abstract = reader.switch(value, &key).unwrap_or(false),
            "from" => environment.from = reader.word(value, &key),
            "namespace" => environment.namespace = reader.word(value, &key),
            "kubeContext" => environment.kube_context = reader.word(value, &key),
            "kubeVersion" => environment.kube_version = reader.word(value, &key),
            "apiVersions" => environment.api_versions = Some(reader.words(value, &key)),
            "set" => environment.set = settings(reader, value),
            "vars" => environment.vars = map(reader, value, "vars"),
            "overrides" => environment.overrides = swaps::overrides(reader, value),
            _ => {}
        }
    }
    environment
}

fn release(reader: &mut Reader, entry: &Entry<'_>) -> Option<Release> {
    let what = format!("releases.{}", entry.key);
    let mut chart = None;
    let mut chart_seen = false;
    let mut release = Release {
        key: Text { text: entry.key.clone(), span: entry.at },
        name: None,
        chart: Text { text: String::new(), span: Span::default() },
        values: Vec::new(),
        namespace: None,
        environments: None,
        set: Vec::new(),
    };
    for Entry { key, value, .. } in reader.fields(entry.value, &what, &RELEASE) {
        match key.as_str() {
            "name" => release.name = reader.word(value, &key),
            "chart" => {
                chart_seen = true;
                if let Data::Map(_) = value.data {
                    let span = point(&reader.source, value);
                    let mistake = reader.mistake(span, "`chart` must be a path; a map has no meaning here yet");
                    mistake.facts.push("a chart is a folder or an archive, relative to the project's file".to_owned());
                } else {
                    chart = reader.word(value, &key);
                }
            }
            "values" => release.values = reader.word_or_words(value, &key),
            "namespace" => release.namespace = reader.word(value, &key),
            // What is no list is told as that, and not as an empty one too.
            "environments" => {
                let words = reader.words(value, &key);
                release.environments = matches!(value.data, Data::Null | Data::List(_)).then_some(words);
            }
            "set" => release.set = settings(reader, value),
            _ => {}
        }
    }
    if !chart_seen && matches!(entry.value.data, Data::Null | Data::Map(_)) {
        reader.mistake(entry.at, format!("release `{}` has no `chart`", entry.key));
    }
    release.chart = chart?;
    Some(release)
}

/// Whether a node is nothing, or a map without keys.
pub(super) fn is_empty(node: &Node) -> bool {
    match &node.data {
        Data::Map(entries) => entries.is_empty(),
        data => matches!(data, Data::Null),
    }
}

/// A map of names that is kept as it is.
fn map(reader: &mut Reader, node: &Node, what: &str) -> Option<Node> {
    match &node.data {
        Data::Null => None,
        Data::Map(_) => {
            let before = reader.mistakes.len();
            // Templates ask for them by name.
            for Entry { value, .. } in reader.entries(node, what) {
                reader.truths(value, what);
            }
            match overrides::json(node) {
                _ if reader.mistakes.len() > before => None,
                Ok(_) => Some(node.clone()),
                Err(words) => {
                    let span = point(&reader.source, node);
                    reader.mistake(span, format!("`{what}` cannot be read: {words}"));
                    None
                }
            }
        }
        _ => {
            reader.wrong(node, what, "a map");
            None
        }
    }
}

/// The entries of `set`.
fn settings(reader: &mut Reader, node: &Node) -> Vec<Setting> {
    let mut found = Vec::new();
    for Entry { key, at, value } in reader.entries(node, "set") {
        reader.truths(value, "set");
        let value = match overrides::json(value) {
            Ok(value) => value,
            Err(words) => {
                reader.mistake(at, format!("`{key}` cannot be set: {words}"));
                continue;
            }
        };
        let mut argument = key.clone().into_bytes();
        argument.push(b'=');
        write_json(&mut argument, &value);
        // The key is tried now, so that its mistakes are told with all others.
        let into = MapRef::new(Map::new());
        match parse_set(&argument, Mode::Json, &into) {
            Ok(()) if into.is_empty() => {
                reader.mistake(at, format!("`{key}` sets nothing: a part of it has no name"));
            }
            Ok(()) => found.push(Setting { argument: Str::from(argument), span: at }),
            Err(refused) => {
                reader.mistake(at, format!("`{key}` cannot be set: {}", refused.words));
            }
        }
    }
    found
}

fn write_json(out: &mut Vec<u8>, value: &serde_json::Value) {
    match value {
        // Numbers as Go's JSON reads them back; texts as they are.
        serde_json::Value::String(text) => json::write_string(out, text.as_bytes(), false),
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

/// Names of process variables.
fn variables(reader: &mut Reader, node: &Node) -> Vec<Text> {
    let mut names = reader.words(node, "env");
    names.retain(|name| {
        let good = name.text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.text.starts_with(|c: char| c.is_ascii_digit());
        if !good {
            let shown = &name.text;
            let mistake = reader.mistake(name.span, format!("`{shown}` cannot be the name of a process variable"));
            if shown.contains(['*', '?']) {
                mistake.facts.push("each variable is named by itself; there are no patterns".to_owned());
            }
        }
        good
    });
    names
}

fn diff(reader: &mut Reader, node: &Node, project: &mut Project) {
    for Entry { key, value, .. } in reader.fields(node, "diff", &DIFF) {
        if key == "report" {
            for Entry { key, value, .. } in reader.fields(value, "diff.report", &REPORT) {
                project.reports.extend(reader.word(value, &key).map(|path| (key, path)));
            }
            continue;
        }
        for item in reader.list(value, "diff.ignore") {
            let span = point(&reader.source, item);
            let entries = reader.fields(item, "diff.ignore", &Ignore::KEYS);
            if entries.is_empty() {
                if is_empty(item) {
                    let is = kind(item);
                    reader.mistake(span, format!("a rule of `diff.ignore` needs at least one key; this is {is}"));
                }
                continue;
            }
            let mut keys = Vec::new();
            for Entry { key, value, .. } in entries {
                let Some(text) = reader.text(value, &key) else { continue };
                rule(reader, &key, &text);
                keys.extend(Ignore::KEYS.into_iter().find(|known| *known == key).map(|known| (known, text)));
            }
            if keys.len() > 1 && keys.iter().any(|(key, _)| *key == "preset") {
                reader.mistake(span, "`preset` stands alone in a rule");
            }
            project.ignore.push(Ignore { keys, span });
        }
    }
}

fn rule(reader: &mut Reader, key: &str, text: &Text) {
    match key {
        "preset" if !Ignore::PRESETS.contains(&text.text.as_str()) => {
            let message = format!("there is no preset `{}`", text.text);
            reader.unknown(text.span, message, &text.text, Ignore::PRESETS);
        }
        "regex" => {
            if let Err(error) = crate::go::regexp::compile(&Str::from(text.text.as_str())) {
                reader.mistake(text.span, format!("this is no regular expression: {error}"));
            }
        }
        "path" | "preset" => {
            if text.text.is_empty() {
                reader.mistake(text.span, format!("`{key}` is empty"));
            }
        }
        _ => match overrides::Pattern::parse(&text.text) {
            Ok(pattern) if key == "release" => reader.about.push((pattern, text.span)),
            Ok(_) => {}
            Err(words) => {
                reader.mistake(text.span, format!("this is no pattern: {words}"));
            }
        },
    }
}
