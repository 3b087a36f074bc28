//! Chart.yaml, requirements.yaml and the locks.

use super::decode::{Data, Decoder, Entry};
use crate::diagnostic::{Diagnostic, Location, Source, Span};
use crate::go::quote::quoted;
use crate::go::semver::Version;
use crate::go::unicode::{is_print, is_space};
use crate::value::{Map, MapRef, MapType, Str, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Chart.yaml (Helm: pkg/chart/v2, Metadata). Texts are clean: no control characters.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// `apiVersion`: `v1` when there is none.
    pub api_version: String,
    /// `name`
    pub name: String,
    /// `version`
    pub version: String,
    /// `kubeVersion`: a constraint.
    pub kube_version: String,
    /// `description`
    pub description: String,
    /// `type`: empty, `application` or `library`.
    pub kind: String,
    /// `keywords`
    pub keywords: Vec<String>,
    /// `home`
    pub home: String,
    /// `sources`
    pub sources: Vec<String>,
    /// `dependencies`. Helm treats none and an empty list apart.
    pub dependencies: Option<Vec<Dependency>>,
    /// `maintainers`
    pub maintainers: Vec<Maintainer>,
    /// `icon`
    pub icon: String,
    /// `appVersion`
    pub app_version: String,
    /// `deprecated`
    pub deprecated: bool,
    /// `annotations`
    pub annotations: Option<BTreeMap<String, String>>,
    /// `condition`
    pub condition: String,
    /// `tags`
    pub tags: String,
}

/// An entry of `maintainers`.
#[derive(Debug, Clone, Default)]
pub struct Maintainer {
    /// `name`
    pub name: String,
    /// `email`
    pub email: String,
    /// `url`
    pub url: String,
}

/// An entry of `dependencies`.
#[derive(Debug, Clone, Default)]
pub struct Dependency {
    /// `name`; once dependencies are processed, the alias if there is one.
    pub name: String,
    /// `version`: a range.
    pub version: String,
    /// `repository`
    pub repository: String,
    /// `condition`: paths of values, with commas between.
    pub condition: String,
    /// `tags`
    pub tags: Vec<String>,
    /// `enabled`; decided anew for every render.
    pub enabled: bool,
    /// `import-values`
    pub imports: Option<Vec<Import>>,
    /// `alias`
    pub alias: String,
    /// The text that it stands in.
    pub source: Option<Arc<Source>>,
    /// Where the name stands.
    pub name_at: Option<Span>,
    /// Where the version stands.
    pub version_at: Option<Span>,
}

/// An entry of `import-values`.
#[derive(Debug, Clone, Default)]
pub enum Import {
    /// What is neither a text nor a map: passed over.
    #[default]
    Other,
    /// `- data`: what the child has under `exports.data`.
    Named(String),
    /// `- {child: a.b, parent: x.y}`
    Table {
        /// A path in the child's values.
        child: String,
        /// A path in the parent's values; `.` is their root.
        parent: String,
    },
}

/// What has been read so far: requirements.yaml is read into the same metadata, element by element.
#[derive(Default)]
pub(super) struct Draft {
    metadata: Metadata,
    keywords: Option<Vec<String>>,
    sources: Option<Vec<String>>,
    maintainers: Option<Vec<Option<Maintainer>>>,
    dependencies: Option<Vec<Option<DependencyDraft>>>,
    /// Where the fields stand.
    places: BTreeMap<&'static str, Location>,
}

#[derive(Default)]
struct DependencyDraft {
    dependency: Dependency,
    tags: Option<Vec<String>>,
}

const METADATA: &[&str] = &[
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
];

const MAINTAINER: &[&str] = &["name", "email", "url"];

const DEPENDENCY: &[&str] =
    &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

/// Where a chart takes texts: what else stands there becomes one.
pub(super) const STRINGS: &[&[&str]] = &[
    &["name"],
    &["home"],
    &["sources", "[]"],
    &["version"],
    &["description"],
    &["keywords", "[]"],
    &["maintainers", "[]", "name"],
    &["maintainers", "[]", "email"],
    &["maintainers", "[]", "url"],
    &["icon"],
    &["apiVersion"],
    &["condition"],
    &["tags"],
    &["appVersion"],
    &["annotations", "*"],
    &["kubeVersion"],
    &["type"],
    &["dependencies", "[]", "name"],
    &["dependencies", "[]", "version"],
    &["dependencies", "[]", "repository"],
    &["dependencies", "[]", "condition"],
    &["dependencies", "[]", "tags", "[]"],
    &["dependencies", "[]", "alias"],
];

/// The same for Chart.lock.
pub(super) const LOCK_STRINGS: &[&[&str]] = &[
    &["digest"],
    &["dependencies", "[]", "name"],
    &["dependencies", "[]", "version"],
    &["dependencies", "[]", "repository"],
    &["dependencies", "[]", "condition"],
    &["dependencies", "[]", "tags", "[]"],
    &["dependencies", "[]", "alias"],
];

/// The `apiVersion` alone, as Helm reads it first to choose a loader.
pub(super) fn api_version(entry: &Entry, decoder: &mut Decoder) -> String {
    let mut version = String::new();
    decoder.object(entry, ("loader", "chartBase"), &["apiVersion"], |d, _, entry| d.text(entry, &mut version));
    version
}

/// Reads a lock, only to find what Helm would stumble over.
pub(super) fn check_lock(entry: &Entry, decoder: &mut Decoder) {
    let (mut digest, mut dependencies) = (String::new(), None);
    decoder.object(entry, ("v2", "Lock"), &["generated", "digest", "dependencies"], |d, name, entry| match name {
        "generated" => match &entry.data {
            Data::Null => {}
            Data::Text(text) => {
                if let Err(words) = time(text) {
                    d.fail(entry, words);
                }
            }
            _ => d.fail(entry, "Time.UnmarshalJSON: input is not a JSON string".into()),
        },
        "digest" => d.text(entry, &mut digest),
        _ => read_dependencies(d, entry, &mut dependencies),
    });
}

/// Go's `time.Time.UnmarshalJSON`: RFC 3339.
fn time(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to)?;
        if digits.iter().all(u8::is_ascii_digit) { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
    };
    let parsing = || format!("parsing time {}", quoted(text));
    let layout = "2006-01-02T15:04:05Z07:00";
    let cannot = |at: usize, wanted: &str| {
        let rest = text.get(at.min(text.len())..).unwrap_or_default();
        Err(format!("{} as \"{layout}\": cannot parse {} as \"{wanted}\"", parsing(), quoted(rest)))
    };
    let Some(year) = number(0, 4) else { return cannot(0, "2006") };
    let mut fields = [0; 5];
    let pieces = [("-", 4, "01"), ("-", 7, "02"), ("T", 10, "15"), (":", 13, "04"), (":", 16, "05")];
    for (field, (separator, at, wanted)) in fields.iter_mut().zip(pieces) {
        if bytes.get(at).copied() != separator.bytes().next() {
            return cannot(at, separator);
        }
        match number(at + 1, at + 3) {
            Some(n) => *field = n,
            None => return cannot(at + 1, wanted),
        }
    }
    let [month, day, hour, minute, second] = fields;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    for (bad, what) in [
        (month == 0 || month > 12, "month"),
        (hour > 23, "hour"),
        (minute > 59, "minute"),
        (second > 59, "second"),
        (day == 0 || day > days, "day"),
    ] {
        if bad {
            return Err(format!("{}: {what} out of range", parsing()));
        }
    }
    let mut at = 19;
    if matches!(bytes.get(at), Some(b'.' | b',')) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
    }
    let end = match bytes.get(at) {
        Some(b'Z') => at + 1,
        Some(b'+' | b'-') if bytes.get(at + 3) == Some(&b':') => {
            match (number(at + 1, at + 3), number(at + 4, at + 6)) {
                (Some(hour), Some(minute)) if hour <= 24 && minute < 60 => at + 6,
                (Some(_), Some(_)) => return Err(format!("{}: time zone offset out of range", parsing())),
                _ => return cannot(at, "Z07:00"),
            }
        }
        _ => return cannot(at, "Z07:00"),
    };
    match text.get(end..) {
        None | Some("") => Ok(()),
        Some(rest) => Err(format!("{}: extra text: {}", parsing(), quoted(rest))),
    }
}

fn read_dependencies(decoder: &mut Decoder, entry: &Entry, into: &mut Option<Vec<Option<DependencyDraft>>>) {
    decoder.list(entry, "[]*v2.Dependency", into, |d, entry, slot| {
        if matches!(entry.data, Data::Null) {
            *slot = None;
            return;
        }
        let draft = slot.get_or_insert_with(DependencyDraft::default);
        let dependency = &mut draft.dependency;
        dependency.source = Some(d.source().clone());
        d.object(entry, ("v2", "Dependency"), DEPENDENCY, |d, name, entry| match name {
            "name" => {
                dependency.name_at = Some(entry.span);
                d.text(entry, &mut dependency.name);
            }
            "version" => {
                dependency.version_at = Some(entry.span);
                d.text(entry, &mut dependency.version);
            }
            "repository" => d.text(entry, &mut dependency.repository),
            "condition" => d.text(entry, &mut dependency.condition),
            "tags" => d.texts(entry, &mut draft.tags),
            "enabled" => d.flag(entry, &mut dependency.enabled),
            "import-values" => d.list(entry, "[]interface {}", &mut dependency.imports, |_, entry, import| {
                *import = match &entry.data {
                    Data::Text(name) => Import::Named(name.clone()),
                    Data::Map(_) => {
                        let text = |key: &str| entry.get(key).map_or_else(|| "<nil>".to_owned(), Entry::printed);
                        Import::Table { child: text("child"), parent: text("parent") }
                    }
                    _ => Import::Other,
                };
            }),
            _ => d.text(entry, &mut dependency.alias),
        });
    });
}

impl Draft {
    /// Reads Chart.yaml or requirements.yaml into the draft.
    pub(super) fn read(&mut self, entry: &Entry, decoder: &mut Decoder) {
        let Draft { metadata: m, keywords, sources, maintainers, dependencies, places } = self;
        decoder.object(entry, ("v2", "Metadata"), METADATA, |d, name, entry| {
            places.insert(name, Location { source: d.source().clone(), span: entry.span });
            match name {
                "name" => d.text(entry, &mut m.name),
                "home" => d.text(entry, &mut m.home),
                "sources" => d.texts(entry, sources),
                "version" => d.text(entry, &mut m.version),
                "description" => d.text(entry, &mut m.description),
                "keywords" => d.texts(entry, keywords),
                "maintainers" => d.list(entry, "[]*v2.Maintainer", maintainers, |d, entry, slot| {
                    if matches!(entry.data, Data::Null) {
                        *slot = None;
                        return;
                    }
                    let maintainer: &mut Maintainer = slot.get_or_insert_with(Maintainer::default);
                    d.object(entry, ("v2", "Maintainer"), MAINTAINER, |d, name, entry| match name {
                        "name" => d.text(entry, &mut maintainer.name),
                        "email" => d.text(entry, &mut maintainer.email),
                        _ => d.text(entry, &mut maintainer.url),
                    });
                }),
                "icon" => d.text(entry, &mut m.icon),
                "apiVersion" => d.text(entry, &mut m.api_version),
                "condition" => d.text(entry, &mut m.condition),
                "tags" => d.text(entry, &mut m.tags),
                "appVersion" => d.text(entry, &mut m.app_version),
                "deprecated" => d.flag(entry, &mut m.deprecated),
                "annotations" => d.text_map(entry, &mut m.annotations),
                "kubeVersion" => d.text(entry, &mut m.kube_version),
                "dependencies" => read_dependencies(d, entry, dependencies),
                _ => d.text(entry, &mut m.kind),
            }
        });
    }

    /// Charts of Helm 2 need not say their version.
    pub(super) fn assume_v1(&mut self) {
        if self.metadata.api_version.is_empty() {
            self.metadata.api_version = "v1".into();
        }
    }

    /// Whether the chart says `apiVersion: v1`.
    pub(super) fn is_v1(&self) -> bool {
        self.metadata.api_version == "v1"
    }

    /// Cleans and checks everything (Helm: Metadata.Validate); the order of the checks is Helm's.
    #[allow(clippy::result_large_err)] // Once a chart.
    pub(super) fn finish(self) -> Result<Metadata, Diagnostic> {
        let Draft { metadata: mut m, keywords, sources, maintainers, dependencies, places } = self;
        let bad = |field: &str, words: String| {
            let mut diagnostic = Diagnostic::helm(format!("validation: {words}"));
            diagnostic.at = places.get(field).cloned();
            diagnostic
        };
        for text in [
            &mut m.name,
            &mut m.description,
            &mut m.home,
            &mut m.icon,
            &mut m.condition,
            &mut m.tags,
            &mut m.app_version,
            &mut m.kube_version,
        ] {
            clean(text);
        }
        m.sources = cleaned(sources);
        m.keywords = cleaned(keywords);
        if m.api_version.is_empty() {
            return Err(bad("apiVersion", "chart.metadata.apiVersion is required".into()));
        }
        match m.name.as_str() {
            "" => return Err(bad("name", "chart.metadata.name is required".into())),
            "." | ".." => {
                return Err(bad("name", format!("chart.metadata.name {} is not allowed", quoted(&m.name))));
            }
            "/" => {}
            name if name.contains('/') => {
                return Err(bad("name", format!("chart.metadata.name {} is invalid", quoted(name))));
            }
            _ => {}
        }
        if m.version.is_empty() {
            return Err(bad("version", "chart.metadata.version is required".into()));
        }
        if Version::parse(&m.version).is_err() {
            return Err(bad("version", format!("chart.metadata.version {} is invalid", quoted(&m.version))));
        }
        if !matches!(m.kind.as_str(), "" | "application" | "library") {
            return Err(bad("type", "chart.metadata.type must be application or library".into()));
        }
        for maintainer in maintainers.into_iter().flatten() {
            let Some(mut maintainer) = maintainer else {
                return Err(bad("maintainers", "maintainers must not contain empty or null nodes".into()));
            };
            clean(&mut maintainer.name);
            clean(&mut maintainer.email);
            clean(&mut maintainer.url);
            m.maintainers.push(maintainer);
        }
        let Some(drafts) = dependencies else { return Ok(m) };
        let mut checked: Vec<Dependency> = Vec::with_capacity(drafts.len());
        let mut names = std::collections::HashSet::new();
        for draft in drafts {
            let Some(DependencyDraft { dependency: mut d, tags }) = draft else {
                return Err(bad("dependencies", "dependencies must not contain empty or null nodes".into()));
            };
            for text in [&mut d.name, &mut d.version, &mut d.repository, &mut d.condition] {
                clean(text);
            }
            d.tags = cleaned(tags);
            let at = |words: String| {
                let mut diagnostic = bad("dependencies", words);
                if let (Some(source), Some(span)) = (&d.source, d.name_at) {
                    diagnostic.at = Some(Location { source: source.clone(), span });
                }
                diagnostic
            };
            if !d.alias.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
                return Err(at(format!("dependency {} has disallowed characters in the alias", quoted(&d.name))));
            }
            let key = if d.alias.is_empty() { &d.name } else { &d.alias };
            if !names.insert(key.clone()) {
                return Err(at(format!("more than one dependency with name or alias {}", quoted(key))));
            }
            checked.push(d);
        }
        m.dependencies = Some(checked);
        Ok(m)
    }
}

fn cleaned(texts: Option<Vec<String>>) -> Vec<String> {
    let mut texts = texts.unwrap_or_default();
    texts.iter_mut().for_each(clean);
    texts
}

/// White space becomes spaces, and what does not print goes.
fn clean(text: &mut String) {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return;
    }
    *text =
        text.chars().filter_map(|c| if is_space(c) { Some(' ') } else { Some(c).filter(|c| is_print(*c)) }).collect();
}

impl Metadata {
    /// A new map with Go's field names, as `.Chart` shows them; without `IsRoot`.
    pub fn object(&self) -> MapRef {
        let list = |items: &[String]| Value::list(items.iter().map(|s| Value::str(s.as_str())).collect());
        let dependencies = self.dependencies.iter().flatten().map(Dependency::object).collect();
        let maintainers = self.maintainers.iter().map(|m| {
            object([
                ("Email", Value::str(m.email.as_str())),
                ("Name", Value::str(m.name.as_str())),
                ("URL", Value::str(m.url.as_str())),
            ])
        });
        let annotations = match &self.annotations {
            None => Value::Map(MapType::Str, MapRef::nil()),
            Some(map) => Value::string_map(
                map.iter().map(|(k, v)| (Str::from(k.as_str()), Value::str(v.as_str()))).collect::<Map>(),
            ),
        };
        MapRef::new(entries([
            ("APIVersion", Value::str(self.api_version.as_str())),
            ("Annotations", annotations),
            ("AppVersion", Value::str(self.app_version.as_str())),
            ("Condition", Value::str(self.condition.as_str())),
            ("Dependencies", Value::list(dependencies)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Description", Value::str(self.description.as_str())),
            ("Home", Value::str(self.home.as_str())),
            ("Icon", Value::str(self.icon.as_str())),
            ("Keywords", list(&self.keywords)),
            ("KubeVersion", Value::str(self.kube_version.as_str())),
            ("Maintainers", Value::list(maintainers.collect())),
            ("Name", Value::str(self.name.as_str())),
            ("Sources", list(&self.sources)),
            ("Tags", Value::str(self.tags.as_str())),
            ("Type", Value::str(self.kind.as_str())),
            ("Version", Value::str(self.version.as_str())),
        ]))
    }
}

impl Dependency {
    fn object(&self) -> Value {
        let imports = self.imports.iter().flatten().map(|import| match import {
            Import::Other => Value::Nil,
            Import::Named(name) => Value::str(name.as_str()),
            Import::Table { child, parent } => Value::string_map(entries([
                ("child", Value::str(child.as_str())),
                ("parent", Value::str(parent.as_str())),
            ])),
        });
        object([
            ("Alias", Value::str(self.alias.as_str())),
            ("Condition", Value::str(self.condition.as_str())),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::list(imports.collect())),
            ("Name", Value::str(self.name.as_str())),
            ("Repository", Value::str(self.repository.as_str())),
            ("Tags", Value::list(self.tags.iter().map(|s| Value::str(s.as_str())).collect())),
            ("Version", Value::str(self.version.as_str())),
        ])
    }
}

fn entries<const N: usize>(entries: [(&str, Value); N]) -> Map {
    entries.into_iter().map(|(k, v)| (Str::from(k), v)).collect()
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(entries(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("2020-01-01T00:00:00Z", ""),
            ("2020-01-01T00:00:00.5+01:00", ""),
            ("x", r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#),
            ("2020-01-01", r#"parsing time "2020-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#),
            ("2020-13-01T00:00:00Z", r#"parsing time "2020-13-01T00:00:00Z": month out of range"#),
            ("2020-02-30T00:00:00Z", r#"parsing time "2020-02-30T00:00:00Z": day out of range"#),
            ("2020-01-01T00:00:00Zx", r#"parsing time "2020-01-01T00:00:00Zx": extra text: "x""#),
        ] {
            assert_eq!(time(text).err().unwrap_or_default(), expected);
        }
    }

    #[test]
    fn cleaning() {
        let mut text = "a\u{a0}\u{7}b\tö\u{200b}".to_owned();
        clean(&mut text);
        assert_eq!(text, "a b ö");
    }
}
