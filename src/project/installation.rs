//! A release in an environment: its chart, its layers in order, and where it goes.

use super::reader::Text;
use super::{Environment, Project, Release, Setting};
use crate::diagnostic::{Diagnostic, Error, Location, Span};
use crate::engine::KubeVersion;
use crate::manifest::overrides::Override;
use crate::tera::Variables;
use crate::tree::{Kind, Tree, clean, near, near_folder};
use crate::values::{Below, SUFFIX, Templating, ValueOptions};
use std::collections::HashMap;

/// How a chart is spoken of; it is a folder, or an archive.
const CHART: &str = "chart";

/// What is wrong with a pattern that matches nothing.
const NOWHERE: &str = "for no rung of any environment";

/// A release in an environment.
#[derive(Debug)]
pub struct Installation<'p> {
    /// The environment.
    pub environment: &'p Environment,
    /// The release.
    pub release: &'p Release,
    /// The chart's path as the shell knows it.
    pub chart: String,
    /// Its namespace, if the project says one.
    pub namespace: Option<String>,
    /// The kubeconfig context that guards the environment.
    pub kube_context: Option<String>,
    /// The cluster's version, if the project says one.
    pub kube_version: Option<KubeVersion>,
    /// API versions beyond those that Helm knows.
    pub api_versions: Vec<String>,
    /// What lies over the chart's defaults and below the flags, lowest priority first.
    pub layers: Vec<Layer>,
    /// Swaps in the rendered objects, in order.
    pub overrides: Vec<&'p Override>,
    /// What is allowed and hardly meant, a line each.
    pub warnings: Vec<String>,
}

/// A layer and why it is there.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The layer.
    pub input: Below,
    /// Why it is there.
    pub origin: Origin,
}

/// Why a layer is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A path of `values` without `{env}`.
    Literal,
    /// A path of `values` with `{env}`: the rung for which the file exists.
    Rung(String),
    /// `set` of this rung.
    Environment(String),
    /// `set` of the release.
    Release,
}

/// Fills in placeholders.
pub(super) fn fill(path: &str, environment: &str, release: &str) -> String {
    path.replace("{env}", environment).replace("{release}", release)
}

fn is_file(tree: &dyn Tree, path: &str) -> bool {
    tree.kind(path) == Ok(Kind::File)
}

/// The path at which a values file is: its own, or the one that makes it a template.
fn existing(tree: &dyn Tree, path: String) -> Option<String> {
    if is_file(tree, &path) {
        return Some(path);
    }
    Some(format!("{path}{SUFFIX}")).filter(|path| is_file(tree, path))
}

/// Why what stands at a path is no values file: it is a folder, a link that leads nowhere, …; none where there is a file, or
/// nothing.
fn unreadable(tree: &dyn Tree, path: &str) -> Option<String> {
    match tree.kind(path) {
        Ok(Kind::File) => None,
        // Beside a folder there may be the template.
        Ok(Kind::Folder) if is_file(tree, &format!("{path}{SUFFIX}")) => None,
        Ok(Kind::Folder) => Some("it is a folder".to_owned()),
        Err(error) if error.missing && !tree.is_link(path) => None,
        Err(error) if error.missing => Some("it is a link that leads nowhere".to_owned()),
        // A part of the way there is no folder: there is nothing.
        Err(error) if error.words.ends_with("not a directory") => None,
        Err(error) => Some(error.words),
    }
}

/// Whether a file could be a packed chart, by its name or its beginning.
fn is_packed(tree: &dyn Tree, path: &str) -> bool {
    [".tgz", ".tar.gz", ".gz"].iter().any(|end| path.ends_with(end))
        || tree.read(path).is_ok_and(|text| text.starts_with(&[0x1f, 0x8b]))
}

/// A layer by its path.
fn input(path: String, rung: &str) -> Below {
    if path.ends_with(SUFFIX) { Below::Template { path, rung: rung.to_owned() } } else { Below::File(path) }
}

impl Project {
    /// Whether a values file is there plain and as a template, which is a mistake.
    fn both(&self, tree: &dyn Tree, path: &Text, file: &str, missing: &mut Vec<Diagnostic>) -> bool {
        let both = is_file(tree, file) && is_file(tree, &format!("{file}{SUFFIX}"));
        if both {
            let message = format!("`{file}` and `{file}{SUFFIX}` could both be the layer");
            missing.push(Diagnostic::own(message).at(self.at(path)).hint("keep one of them"));
        }
        both
    }

    /// What templated layers of an installation see.
    pub fn templating(
        &self,
        installation: &Installation<'_>,
        namespace: &str,
        read: Option<fn(&str) -> Option<String>>,
    ) -> Templating {
        let rungs = self.ladder(installation.environment).filter_map(|rung| rung.vars.as_ref());
        Templating {
            chart: installation.chart.clone(),
            environment: installation.environment.name.text.clone(),
            release: installation.release.name().to_owned(),
            namespace: namespace.to_owned(),
            vars: self.vars.iter().chain(rungs).cloned().collect(),
            variables: Variables { names: self.env.iter().map(|name| name.text.clone()).collect(), read },
        }
    }

    /// What a release is in an environment.
    ///
    /// # Errors
    /// It does not exist there, or files that it names do not: all of them.
    pub fn installation<'p>(
        &'p self,
        tree: &dyn Tree,
        environment: &'p Environment,
        release: &'p Release,
    ) -> Result<Installation<'p>, Error> {
        let name = &environment.name.text;
        if !release.is_in(environment) {
            let message = format!("release `{}` does not exist in environment `{name}`", release.key.text);
            let places: Vec<&str> = release.environments.iter().flatten().map(|e| e.text.as_str()).collect();
            let at = Some(self.at(&release.key));
            let diagnostic = Diagnostic { message, at, ..Diagnostic::default() };
            return Err(diagnostic.fact(format!("it exists in: {}", places.join(", "))).into());
        }
        let mut missing = Vec::new();
        let chart = self.chart(environment, release);
        match tree.kind(&chart) {
            Err(error) => {
                missing.push(self.missing(tree, &release.chart, CHART, std::slice::from_ref(&chart), &error.words));
            }
            Ok(Kind::Folder) if tree.kind(&clean(&format!("{chart}/Chart.yaml"))).is_err_and(|error| error.missing) => {
                let message = format!("`{chart}` is no chart: it has no Chart.yaml");
                missing.push(Diagnostic::own(message).at(self.at(&release.chart)));
            }
            Ok(Kind::File) if !is_packed(tree, &chart) => {
                let message = format!("`{chart}` is neither a chart's folder nor a packed chart");
                missing.push(Diagnostic::own(message).at(self.at(&release.chart)));
            }
            Ok(_) => {}
        }
        let layers = self.layers(tree, environment, release, &mut missing);
        if !missing.is_empty() {
            return Err(Error::all(missing));
        }
        let nearest = |get: fn(&Environment) -> Option<&Text>| {
            self.ladder(environment).rev().find_map(get).map(|text| text.text.clone())
        };
        let own = release.namespace.as_ref().map(|text| text.text.clone());
        let version = nearest(|rung| rung.kube_version.as_ref());
        let api_versions = self.ladder(environment).rev().find_map(|rung| rung.api_versions.as_ref());
        Ok(Installation {
            environment,
            release,
            chart,
            namespace: own.or_else(|| nearest(|rung| rung.namespace.as_ref())),
            kube_context: nearest(|rung| rung.kube_context.as_ref()),
            kube_version: version.map(|version| KubeVersion::parse(&version)).transpose()?,
            api_versions: api_versions.into_iter().flatten().map(|text| text.text.clone()).collect(),
            warnings: self.repeated(&layers),
            layers: layers.into_iter().map(|(layer, _)| layer).collect(),
            overrides: self.overrides(environment),
        })
    }

    /// The same, to be used under flags: of what is not there their files are told, too, and how many there are in all.
    ///
    /// # Errors
    /// As [`Project::installation`].
    pub fn installation_under<'p>(
        &'p self,
        tree: &dyn Tree,
        environment: &'p Environment,
        release: &'p Release,
        flags: &ValueOptions,
    ) -> Result<Installation<'p>, Error> {
        self.installation(tree, environment, release).map_err(|mut error| {
            let flags = ValueOptions { folder: Some(self.folder.clone()), ..flags.clone() };
            let missing = error.diagnostics_mut();
            missing.extend(flags.missing(tree));
            if missing.len() > 1 {
                let message = format!("{} files for release `{}` cannot be used", missing.len(), release.key.text);
                missing.push(Diagnostic::own(message));
            }
            error
        })
    }

    fn at(&self, text: &Text) -> Location {
        Location { source: self.source.clone(), span: text.span }
    }

    /// The layers in order: literal paths before the first pattern; the patterns' files rung by rung; the other literal
    /// paths; `set` of the rungs; `set` of the release. Each with the place that asks for it.
    fn layers(
        &self,
        tree: &dyn Tree,
        environment: &Environment,
        release: &Release,
        missing: &mut Vec<Diagnostic>,
    ) -> Vec<(Layer, Span)> {
        let key = &release.key.text;
        let is_pattern = |path: &&Text| path.text.contains("{env}");
        let first = release.values.iter().position(|path| is_pattern(&path)).unwrap_or(release.values.len());
        let (before, rest) = release.values.split_at(first);
        let mut layers = Vec::new();
        let literal = |path: &Text, layers: &mut Vec<(Layer, Span)>, missing: &mut Vec<Diagnostic>| {
            let file = self.path(&fill(&path.text, "", key));
            match tree.kind(&file) {
                _ if self.both(tree, path, &file, missing) => {}
                Ok(Kind::File) => {
                    let input = input(file, &environment.name.text);
                    layers.push((Layer { input, origin: Origin::Literal }, path.span));
                }
                _ if is_file(tree, &format!("{file}{SUFFIX}")) => {
                    let input = input(format!("{file}{SUFFIX}"), &environment.name.text);
                    layers.push((Layer { input, origin: Origin::Literal }, path.span));
                }
                Ok(Kind::Folder) => missing.push(self.missing(tree, path, "values file", &[file], "it is a folder")),
                Err(error) => missing.push(self.missing(tree, path, "values file", &[file], &error.words)),
            }
        };
        for path in before {
            literal(path, &mut layers, missing);
        }
        let mut found = vec![false; rest.len()];
        for rung in self.ladder(environment) {
            let patterns = rest.iter().zip(&mut found).filter(|(path, _)| is_pattern(path));
            for (pattern, found) in patterns {
                let file = self.path(&fill(&pattern.text, &rung.name.text, key));
                if let Some(wrong) = unreadable(tree, &file) {
                    *found = true;
                    missing.push(self.missing(tree, pattern, "values file", &[file], &wrong));
                } else if self.both(tree, pattern, &file, missing) {
                    *found = true;
                } else if let Some(file) = existing(tree, file) {
                    *found = true;
                    let origin = Origin::Rung(rung.name.text.clone());
                    layers.push((Layer { input: input(file, &rung.name.text), origin }, pattern.span));
                }
            }
        }
        // What exists for none of these rungs must exist for another environment's.
        for (pattern, _) in rest.iter().zip(&found).filter(|(path, found)| is_pattern(path) && !**found) {
            let names = self.environments.iter().map(|e| e.name.text.as_str());
            let files: Vec<String> = names.map(|name| self.path(&fill(&pattern.text, name, key))).collect();
            if !files.iter().any(|file| existing(tree, file.clone()).is_some()) {
                missing.push(self.missing(tree, pattern, "values file", &files, NOWHERE));
            }
        }
        for path in rest.iter().filter(|path| !is_pattern(path)) {
            literal(path, &mut layers, missing);
        }
        let mut settings = |settings: &[Setting], origin: &Origin| {
            for Setting { argument, span } in settings {
                let at = Location { source: self.source.clone(), span: *span };
                let input = Below::Setting { argument: argument.clone(), at };
                layers.push((Layer { input, origin: origin.clone() }, *span));
            }
        };
        for rung in self.ladder(environment) {
            settings(&rung.set, &Origin::Environment(rung.name.text.clone()));
        }
        settings(&release.set, &Origin::Release);
        layers
    }

    /// What to say of files that are two layers: the upper one takes back what lies between them.
    fn repeated(&self, layers: &[(Layer, Span)]) -> Vec<String> {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut warnings = Vec::new();
        for (layer, span) in layers {
            let (Below::File(path) | Below::Template { path, .. }) = &layer.input else { continue };
            let Some(first) = seen.insert(path, *span) else { continue };
            let (line, column) = self.source.line_and_column(span.start);
            let first = String::from_utf8_lossy(self.source.slice(first)).into_owned();
            let (file, first) = (&self.source.path, first.trim_matches(['"', '\'']));
            warnings.push(format!("{file}:{line}:{column}: warning: `{path}` is a layer already, by `{first}`"));
        }
        warnings
    }

    /// A file that the project names and that is not there.
    fn missing(&self, tree: &dyn Tree, path: &Text, what: &str, files: &[String], words: &str) -> Diagnostic {
        // A pattern has files, be it in the only environment that there is.
        let pattern = words == NOWHERE;
        let several = files.len() > 1 || pattern;
        let message = match files.first() {
            Some(file) if !several && !words.ends_with("no such file or directory") => {
                format!("`{file}` cannot be read as a {what}: {words}")
            }
            Some(file) if !several => format!("there is no {what} `{file}`"),
            _ => format!("there is no {what} `{}` for any environment", self.path(&path.text)),
        };
        let mut diagnostic = Diagnostic { message, at: Some(self.at(path)), ..Diagnostic::default() };
        let files_only = words.ends_with("no such file or directory") || pattern;
        if files_only && what != CHART {
            diagnostic = diagnostic.fact(format!("looked for: {}, also with {SUFFIX}", files.join(", ")));
        }
        let near = |file: &String| if what == CHART { near_folder(tree, file) } else { near(tree, file) };
        let mut near: Vec<String> = files.iter().filter_map(near).collect();
        near.sort();
        near.dedup();
        // A folder says less than the file in it.
        let whole = near.clone();
        near.retain(|path| !whole.iter().any(|other| other.starts_with(&format!("{path}/"))));
        near.truncate(3);
        match near.as_slice() {
            [] => diagnostic,
            near => diagnostic
                .hint(format!("there is {}", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
        }
    }
}
