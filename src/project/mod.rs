//! `rhelm.yaml`: environments, releases, and the convention without it.
//!
//! A project is read once, strictly: [`Project::read`] reports every mistake at its place. What a release is in an
//! environment (chart, layers, namespace, overrides) is an [`Installation`], which asks the tree which files exist.

mod check;
mod convention;
mod declaration;
mod init;
mod installation;
mod reach;
mod reader;
mod schema;
mod swaps;

pub use init::init;
pub use installation::{Installation, Layer, Origin};
pub use reach::{Changed, with_local_dependencies};
pub use reader::Text;
pub use schema::SCHEMA;

use crate::diagnostic::{Diagnostic, Error, Location, Source, Span, nearest};
use crate::manifest::overrides::Override;
use crate::tree::{Tree, clean, near};
use crate::value::Str;
use crate::yaml::Node;
use std::sync::Arc;

/// The project's file.
pub const FILE: &str = "rhelm.yaml";

/// The folder of snapshots where no other is named.
pub const SNAPSHOTS: &str = ".rhelm";

/// Names that say with what to compare, so no environment can have them.
pub const RESERVED: [&str; 7] = ["saved", "live", "cluster", "git", "file", "chart", "env"];

/// A project: what its file declares.
#[derive(Debug, Clone)]
pub struct Project {
    /// The file's text.
    pub source: Arc<Source>,
    /// The folder that its paths start from, as the shell knows it: `.`, `../..`, `deploy`.
    pub folder: String,
    /// The environments, in the order of the file.
    pub environments: Vec<Environment>,
    /// The environment that is meant when none is named.
    pub default_environment: Option<Text>,
    /// The releases, in the order of the file.
    pub releases: Vec<Release>,
    /// `vars` of the whole project, for templated layers.
    pub vars: Option<Node>,
    /// The process variables that templated layers may read.
    pub env: Vec<Text>,
    /// Where snapshots are written, relative to the folder.
    pub snapshots: String,
    /// What snapshots hold of Secrets.
    pub secrets: Secrets,
    /// What a comparison leaves out, in the order of the file.
    pub ignore: Vec<Ignore>,
    /// Templates for reports: the format (`html`, `markdown`) and the file.
    pub reports: Vec<(String, Text)>,
}

/// What snapshots hold of the values of Secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Their digests.
    #[default]
    Digest,
    /// Nothing.
    Omit,
}

/// A rule of `diff.ignore`: all keys must hold.
#[derive(Debug, Clone)]
pub struct Ignore {
    /// Keys and their texts in the order of the file; the keys are those of [`Ignore::KEYS`].
    pub keys: Vec<(&'static str, Text)>,
    /// Where it is written.
    pub span: Span,
}

impl Ignore {
    /// The keys that a rule can have. Without `path` and `regex` it leaves out the whole object; `preset` stands alone.
    pub const KEYS: [&'static str; 9] =
        ["group", "version", "kind", "name", "namespace", "release", "path", "regex", "preset"];
    /// The presets.
    pub const PRESETS: [&'static str; 2] = ["chart-labels", "checksums"];
}

/// A rung of the ladder.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name and where that stands.
    pub name: Text,
    /// The rung below.
    pub from: Option<Text>,
    /// A rung only: never rendered by itself.
    pub is_abstract: bool,
    /// The namespace of its releases.
    pub namespace: Option<Text>,
    /// The only kubeconfig context through which it may be talked to.
    pub kube_context: Option<Text>,
    /// The cluster's version.
    pub kube_version: Option<Text>,
    /// API versions beyond those that Helm knows; what a rung says replaces what the rungs below say.
    pub api_versions: Option<Vec<Text>>,
    /// Single values over all files.
    pub set: Vec<Setting>,
    /// For templated layers.
    pub vars: Option<Node>,
    /// Swaps in rendered objects.
    pub overrides: Vec<Override>,
    /// The environments of its ladder as places in [`Project::environments`]: the foot first, itself last.
    pub ladder: Vec<usize>,
}

impl Environment {
    /// One that says nothing but its name.
    fn named(name: Text) -> Self {
        Environment {
            name,
            from: None,
            is_abstract: false,
            namespace: None,
            kube_context: None,
            kube_version: None,
            api_versions: None,
            set: Vec::new(),
            vars: None,
            overrides: Vec::new(),
            ladder: Vec::new(),
        }
    }
}

/// A single value: an entry of `set`.
#[derive(Debug, Clone)]
pub struct Setting {
    /// As `--set-json` takes it: `KEY=JSON`.
    pub argument: Str,
    /// The key's place.
    pub span: Span,
}

/// A release that a project declares.
#[derive(Debug, Clone)]
pub struct Release {
    /// The key by which the project knows it.
    pub key: Text,
    /// Its name for Helm, if that differs.
    pub name: Option<Text>,
    /// The chart's path, which may hold `{env}`.
    pub chart: Text,
    /// Paths of values files, which may hold `{env}` and `{release}`.
    pub values: Vec<Text>,
    /// Its namespace, over the environment's.
    pub namespace: Option<Text>,
    /// Where it exists; none: everywhere.
    pub environments: Option<Vec<Text>>,
    /// Single values over all files and the environments' own.
    pub set: Vec<Setting>,
}

impl Release {
    /// Its name for Helm.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or(&self.key.text, |name| &name.text)
    }

    /// Whether it exists in an environment.
    pub fn is_in(&self, environment: &Environment) -> bool {
        self.environments.as_ref().is_none_or(|names| names.iter().any(|name| name.text == environment.name.text))
    }
}

impl Project {
    /// Looks for the project's file from the working directory upwards; its path.
    pub fn find(tree: &dyn Tree) -> Option<String> {
        let mut folder = String::new();
        loop {
            let path = format!("{folder}{FILE}");
            if tree.kind(&path).is_ok() {
                return Some(path);
            }
            // As many steps up as there are folders above.
            if tree.absolute(if folder.is_empty() { "." } else { &folder }) == "/" {
                return None;
            }
            folder.push_str("../");
        }
    }

    /// Reads a project's file, or the one in a folder.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or has mistakes: all of them.
    pub fn read(tree: &dyn Tree, path: &str) -> Result<Project, Error> {
        let path = relative(tree, path);
        let path = match tree.kind(&path) {
            Ok(crate::tree::Kind::Folder) => clean(&format!("{path}/{FILE}")),
            _ => path,
        };
        if tree.kind(&path) == Ok(crate::tree::Kind::File) && !tree.is_regular(&path) {
            let message = format!("`{path}` cannot be a project file: it is a pipe or a device");
            return Err(Diagnostic::own(message).into());
        }
        let text = tree.read(&path).map_err(|error| {
            let message = if error.missing { format!("there is no project file `{path}`") } else { error.words };
            let diagnostic = Diagnostic::own(message);
            match near(tree, &path) {
                Some(near) => diagnostic.hint(format!("there is `{near}`")),
                None => diagnostic,
            }
        })?;
        let folder =
            clean(path.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder }));
        declaration::project(text, path, folder)
    }

    /// What a chart's folder is without a project's file: one environment, which is a values file by its name.
    ///
    /// # Errors
    /// No file is called so, or two are.
    pub fn by_convention(tree: &dyn Tree, chart: &str, environment: &str) -> Result<Project, Error> {
        convention::project(tree, chart, environment)
    }

    /// The names of the environments that the convention finds in a chart's folder.
    pub fn conventional(tree: &dyn Tree, chart: &str) -> Vec<String> {
        let names = convention::environments(tree, chart).into_iter().map(|(name, _)| name);
        names.filter(|name| convention::unlikely(name).is_none()).collect()
    }

    /// Whether there is no file: the environment is a values file beside a chart's own.
    pub fn is_convention(&self) -> bool {
        self.source.text.is_empty()
    }

    /// An environment by its name.
    ///
    /// # Errors
    /// There is none, or it is a rung only.
    pub fn environment(&self, name: &str) -> Result<&Environment, Error> {
        let Some(found) = self.environments.iter().find(|e| e.name.text == name) else {
            return Err(self.unknown_environment(name));
        };
        if found.is_abstract {
            let message = format!("`{name}` is a rung for other environments and is never rendered by itself");
            let at = crate::diagnostic::Location { source: self.source.clone(), span: found.name.span };
            let above: Vec<&str> = (self.environments.iter())
                .filter(|e| !e.is_abstract && e.from.as_ref().is_some_and(|from| from.text == name))
                .map(|e| e.name.text.as_str())
                .collect();
            let mut diagnostic = Diagnostic { message, at: Some(at), ..Diagnostic::default() };
            if !above.is_empty() {
                diagnostic = diagnostic.fact(format!("above it: {}", above.join(", ")));
            }
            return Err(diagnostic.into());
        }
        Ok(found)
    }

    /// What is told of a name that no environment has.
    pub fn unknown_environment(&self, name: &str) -> Error {
        let names: Vec<&str> = self.concrete().map(|e| e.name.text.as_str()).collect();
        let diagnostic = Diagnostic::own(format!("there is no environment `{name}` in {}", self.source.path));
        match nearest(name, names.iter().copied()) {
            Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
            None => diagnostic.fact(format!("it has: {}", names.join(", "))),
        }
        .into()
    }

    /// A release by its key.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn release(&self, key: &str) -> Result<&Release, Error> {
        if let Some(found) = self.releases.iter().find(|release| release.key.text == key) {
            return Ok(found);
        }
        let keys: Vec<&str> = self.releases.iter().map(|r| r.key.text.as_str()).collect();
        let message = if self.source.text.is_empty() {
            format!("there is no release `{key}`: without {FILE} there is only the chart's own")
        } else {
            format!("there is no release `{key}` in {}", self.source.path)
        };
        let diagnostic = Diagnostic::own(message);
        let named = self.releases.iter().find(|release| release.name() == key);
        let path = key.contains('/') || key == "." || key == "..";
        let environment = self.environments.iter().any(|environment| environment.name.text == key);
        Err(match (named, nearest(key, keys.iter().copied())) {
            (Some(named), _) => {
                diagnostic.hint(format!("the release of that name is called `{}` there", named.key.text))
            }
            _ if path => diagnostic
                .fact(format!("it has: {}", keys.join(", ")))
                .hint("under `-e` and `--all` words name releases; for a chart by its path leave them out"),
            _ if environment => diagnostic
                .fact(format!("it has: {}", keys.join(", ")))
                .fact(format!("`{key}` is an environment, and releases are named here")),
            (None, Some(near)) => diagnostic.hint(format!("did you mean `{near}`?")),
            (None, None) => diagnostic.fact(format!("it has: {}", keys.join(", "))),
        }
        .into())
    }

    /// The environments that can be rendered, in the order of the file.
    pub fn concrete(&self) -> impl Iterator<Item = &Environment> {
        self.environments.iter().filter(|environment| !environment.is_abstract)
    }

    /// The rungs of an environment, the foot first.
    pub fn ladder<'p>(&'p self, environment: &'p Environment) -> impl DoubleEndedIterator<Item = &'p Environment> {
        environment.ladder.iter().filter_map(|at| self.environments.get(*at))
    }

    /// The swaps of an environment, the lowest rung's first.
    pub fn overrides<'p>(&'p self, environment: &'p Environment) -> Vec<&'p Override> {
        self.ladder(environment).flat_map(|rung| &rung.overrides).collect()
    }

    /// The path of a release's chart as the shell knows it.
    pub fn chart(&self, environment: &Environment, release: &Release) -> String {
        self.path(&installation::fill(&release.chart.text, &environment.name.text, ""))
    }

    /// A path of the file as the shell knows it.
    pub fn path(&self, path: &str) -> String {
        if path.starts_with('/') || self.folder == "." {
            clean(path)
        } else {
            clean(&format!("{}/{path}", self.folder))
        }
    }
}

impl Project {
    /// Where a release is declared, by its key; none in a project without a file.
    pub fn place_of(&self, key: &str) -> Option<Location> {
        let release = self.releases.iter().find(|release| release.key.text == key)?;
        let span = release.key.span;
        (span.end > span.start).then(|| Location { source: self.source.clone(), span })
    }
}

/// A path from the working directory, as far as it can be reached without leaving it more often than it is deep.
fn relative(tree: &dyn Tree, path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let (here, there) = (tree.absolute("."), clean(path));
    let parts = |path: &str| -> Vec<String> { path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect() };
    let (here, there) = (parts(&here), parts(&there));
    let same = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    // Nothing in common but the root: the whole path says more.
    if same == 0 {
        return clean(path);
    }
    let up = here.iter().skip(same).map(|_| "..".to_owned());
    let relative: Vec<String> = up.chain(there.into_iter().skip(same)).collect();
    if relative.is_empty() { ".".to_owned() } else { relative.join("/") }
}

#[cfg(test)]
mod tests;
