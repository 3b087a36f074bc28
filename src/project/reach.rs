//! Which files a release is made of, so that a change of a file leads to the releases that it touches.

use super::installation::fill;
use super::{Environment, Project, Release};
use crate::tree::{Kind, Tree, clean};
use crate::values::SUFFIX;
use crate::yaml;
use std::collections::BTreeSet;

/// The most charts that are followed from one.
const MAX_CHARTS: usize = 1_000;

/// Files that changed, or are gone, by their absolute paths.
#[derive(Debug, Default)]
pub struct Changed {
    paths: BTreeSet<String>,
}

impl Changed {
    /// Takes paths as the shell knows them.
    pub fn new<'a>(tree: &dyn Tree, paths: impl IntoIterator<Item = &'a str>) -> Self {
        Changed { paths: paths.into_iter().map(|path| tree.absolute(path)).collect() }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Whether a file, or anything in a folder, changed.
    pub fn has(&self, path: &str) -> bool {
        if self.paths.contains(path) {
            return true;
        }
        let inside = format!("{path}/");
        self.paths.range(inside.clone()..).next().is_some_and(|first| first.starts_with(&inside))
    }
}

impl Project {
    /// Whether what changed can change what a release is in an environment: the project's file, its chart and the charts that
    /// this names with `file://`, its layers, its snapshot.
    pub fn is_touched(&self, tree: &dyn Tree, environment: &Environment, release: &Release, changed: &Changed) -> bool {
        let name = &environment.name.text;
        if !self.is_convention() && changed.has(&tree.absolute(&self.source.path)) {
            return true;
        }
        let chart = self.chart(environment, release);
        if with_local_dependencies(tree, &chart).iter().any(|folder| changed.has(folder)) {
            return true;
        }
        let snapshot = self.path(&format!("{}/{name}/{}.yaml", self.snapshots, release.key.text));
        self.layer_paths(environment, release).into_iter().chain([snapshot]).any(|path| {
            let path = tree.absolute(&path);
            changed.has(&path) || changed.has(&format!("{path}{SUFFIX}"))
        })
    }

    /// Where the values files of a release lie, or would lie, in an environment; each may be a template instead.
    pub fn layer_paths(&self, environment: &Environment, release: &Release) -> Vec<String> {
        let key = &release.key.text;
        let rungs: Vec<&str> = self.ladder(environment).map(|rung| rung.name.text.as_str()).collect();
        let paths = release.values.iter().flat_map(|path| {
            let names = if path.text.contains("{env}") { rungs.as_slice() } else { &[""] };
            names.iter().map(move |rung| self.path(&fill(&path.text, rung, key)))
        });
        paths.collect()
    }
}

/// A chart and the charts on disk that it depends on, at any depth, by their absolute paths.
pub fn with_local_dependencies(tree: &dyn Tree, chart: &str) -> Vec<String> {
    let mut found = vec![tree.absolute(chart)];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        if found.len() > MAX_CHARTS || tree.kind(&folder) != Ok(Kind::Folder) {
            continue;
        }
        for name in ["Chart.yaml", "requirements.yaml"] {
            let Ok(text) = tree.read(&format!("{folder}/{name}")) else { continue };
            let Ok(Some(root)) = yaml::read(&text) else { continue };
            let Some(yaml::Data::List(dependencies)) = root.get("dependencies").map(|node| &node.data) else {
                continue;
            };
            for dependency in dependencies {
                let repository = dependency.get("repository").and_then(yaml::Node::as_string);
                let repository = repository.map(|text| text.to_string()).unwrap_or_default();
                let Some(path) = repository.strip_prefix("file://") else { continue };
                let path = if path.starts_with('/') { clean(path) } else { clean(&format!("{folder}/{path}")) };
                if !found.contains(&path) {
                    found.push(path);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Memory;

    fn tree() -> Memory {
        let mut tree = Memory::default();
        for (path, text) in [
            (
                "rhelm.yaml",
                "environments: {base: {abstract: true}, up: {from: base}}\nreleases:\n  a: {chart: charts/a, values: ['v/{env}.yaml', 'x/{release}.yaml']}\n",
            ),
            (
                "charts/a/Chart.yaml",
                "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, version: 1.0.0, repository: 'file://../b'}]\n",
            ),
            (
                "charts/b/Chart.yaml",
                "apiVersion: v2\nname: b\nversion: 1.0.0\ndependencies: [{name: a, version: 1.0.0, repository: 'file://../a'}]\n",
            ),
            ("v/base.yaml", ""),
            ("x/a.yaml", ""),
        ] {
            tree.insert(path, text);
        }
        tree
    }

    #[test]
    fn what_touches_a_release() {
        let tree = tree();
        let project = Project::read(&tree, "rhelm.yaml").unwrap();
        let environment = project.environment("up").unwrap();
        let release = project.release("a").unwrap();
        for (path, touched) in [
            ("rhelm.yaml", true),
            ("charts/a/templates/gone.yaml", true),
            ("charts/b/values.yaml", true),
            ("charts/bb/values.yaml", false),
            ("v/base.yaml", true),
            ("v/up.yaml.tera", true),
            ("v/other.yaml", false),
            ("x/a.yaml", true),
            (".rhelm/up/a.yaml", true),
            ("README.md", false),
        ] {
            let changed = Changed::new(&tree, [path]);
            assert_eq!(project.is_touched(&tree, environment, release, &changed), touched, "{path}");
        }
    }
}
