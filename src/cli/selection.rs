//! Which environments and releases of a project are meant.

use super::args::{on, text, texts};
use super::watch::Places;
use crate::diagnostic::{Diagnostic, Error};
use crate::project::{Environment, Installation, Project, Release};
use crate::tree::{Disk, Tree, clean};
use clap::ArgMatches;

/// The flags that set values: who gives one means Helm's command, unless an environment is named.
const VALUES: [&str; 6] = ["values", "set", "set-string", "set-file", "set-json", "set-literal"];

/// Releases of environments of a project.
#[derive(Clone)]
pub(super) struct Selection {
    pub(super) project: Project,
    /// The environments by their places in the project, each with its releases' places.
    pub(super) environments: Vec<Chosen>,
}

/// An environment and what of it is meant.
#[derive(Clone)]
pub(super) struct Chosen {
    environment: usize,
    releases: Vec<usize>,
    /// Whether these are all of its releases.
    pub(super) whole: bool,
}

impl Selection {
    /// What is meant, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Environment, Vec<&Release>, bool)> {
        self.environments.iter().filter_map(|chosen| {
            let environment = self.project.environments.get(chosen.environment)?;
            let releases = chosen.releases.iter().filter_map(|i| self.project.releases.get(*i)).collect();
            Some((environment, releases, chosen.whole))
        })
    }
}

impl Selection {
    /// All releases of all environments.
    ///
    /// # Errors
    /// There is none that is rendered by itself.
    pub(super) fn all(project: Project) -> Result<Self, Error> {
        let environments: Vec<&Environment> = project.concrete().collect();
        let environments = choose(&project, &environments, &[])?;
        Ok(Selection { project, environments })
    }

    /// Those releases for which something holds.
    pub(super) fn with(&self, holds: impl Fn(&Environment, &Release) -> bool) -> Self {
        let mut environments = Vec::new();
        for chosen in &self.environments {
            let Some(environment) = self.project.environments.get(chosen.environment) else { continue };
            let is_wanted = |i: &usize| self.project.releases.get(*i).is_some_and(|r| holds(environment, r));
            let releases: Vec<usize> = chosen.releases.iter().copied().filter(is_wanted).collect();
            if !releases.is_empty() {
                let whole = chosen.whole && releases.len() == chosen.releases.len();
                environments.push(Chosen { environment: chosen.environment, releases, whole });
            }
        }
        Selection { project: self.project.clone(), environments }
    }

    /// The environments of which all releases are meant; none if only some are.
    pub(super) fn whole(&self) -> Option<Vec<&Environment>> {
        self.iter().map(|(environment, _, whole)| whole.then_some(environment)).collect()
    }

    /// What it is made of, so that it can be watched.
    pub(super) fn places(&self, places: &mut Places) {
        let project = &self.project;
        if !project.is_convention() {
            places.file(&project.source.path);
        }
        for (environment, releases, _) in self.iter() {
            for release in releases {
                places.chart(&project.chart(environment, release));
                project.layer_paths(environment, release).iter().for_each(|path| places.file(path));
            }
        }
    }

    /// Whether nothing is meant.
    pub(super) fn is_empty(&self) -> bool {
        self.environments.is_empty()
    }
}

/// What is to be checked: what is named, or everything; none where there is no project and no environment is named.
pub(super) fn everything(matches: &ArgMatches, tree: &dyn Tree) -> Result<Option<Selection>, Error> {
    if !texts(matches, "args").is_empty() || environment(matches)?.is_some() {
        return named(matches, tree, None, false);
    }
    project(matches, tree)?.map(Selection::all).transpose()
}

/// What `template` is to render of a project; none if Helm's own command is meant.
pub(super) fn template(matches: &ArgMatches, tree: &dyn Tree) -> Result<Option<Selection>, Error> {
    let words = texts(matches, "args");
    let environment = environment(matches)?;
    let all = on(matches, "all");
    if environment.is_some() && all {
        return Err(own("`-e` names one environment and `--all` means all; give one of them"));
    }
    let named = text(matches, "project");
    if environment.is_none() && !all && named.is_none() {
        let alone = ["generate-name", "name-template"];
        let helm = !words.is_empty()
            || VALUES.iter().chain(&alone).any(|flag| matches.contains_id(flag))
            || tree.kind("Chart.yaml").is_ok();
        if helm {
            return Ok(None);
        }
    }
    let project = match (project(matches, tree)?, &environment) {
        (Some(project), _) => project,
        (None, Some(name)) => Project::by_convention(tree, &convention_chart(tree)?, name)?,
        (None, None) if all => return Err(no_project()),
        (None, None) => return Ok(None),
    };
    for flag in ["generate-name", "name-template"] {
        if matches.contains_id(flag) {
            return Err(own(format!("--{flag} is not for environments: the project names its releases")));
        }
    }
    let environment = match (environment, &project.default_environment) {
        (Some(name), _) => Some(name),
        (None, _) if all => None,
        (None, Some(default)) => Some(default.text.clone()),
        (None, None) if named.is_none() => return Ok(None),
        (None, None) => {
            let names: Vec<&str> = project.concrete().map(|e| e.name.text.as_str()).collect();
            return Err(unnamed(&names));
        }
    };
    let environments = match &environment {
        Some(name) => vec![project.environment(name)?],
        None => project.concrete().collect(),
    };
    let environments = choose(&project, &environments, &words)?;
    Ok(Some(Selection { project, environments }))
}

/// What a command is about whose first word names an environment, unless `-e` does; none if no environment is meant:
/// the chart here, by Helm's rules.
pub(super) fn positional(matches: &ArgMatches, tree: &dyn Tree) -> Result<Option<Selection>, Error> {
    named(matches, tree, None, true)
}

/// The same for a command that Helm does not have: where there is a project, its default environment is meant. `implied`
/// is the environment that a side of a comparison names.
pub(super) fn own_command(
    matches: &ArgMatches,
    tree: &dyn Tree,
    implied: Option<&str>,
) -> Result<Option<Selection>, Error> {
    if !on(matches, "all") {
        return named(matches, tree, implied, false);
    }
    if environment(matches)?.is_some() {
        return Err(own("`-e` names one environment and `--all` means all; give one of them"));
    }
    let Some(project) = project(matches, tree)? else { return Err(no_project()) };
    let environments: Vec<&Environment> = project.concrete().collect();
    let environments = choose(&project, &environments, &texts(matches, "args"))?;
    Ok(Some(Selection { project, environments }))
}

/// `as_helm`: whether a chart here, or values by flags, mean Helm's own command.
fn named(
    matches: &ArgMatches,
    tree: &dyn Tree,
    implied: Option<&str>,
    as_helm: bool,
) -> Result<Option<Selection>, Error> {
    let mut words = texts(matches, "args");
    let mut environment = environment_of(matches, words.first())?;
    let is_plain = words.is_empty() && environment.is_none() && implied.is_none() && !matches.contains_id("project");
    if as_helm && is_plain {
        if VALUES.iter().any(|flag| matches.contains_id(flag)) {
            return Ok(None);
        }
        if tree.kind("Chart.yaml").is_ok() {
            words = match project(matches, tree)? {
                Some(project) => of_this_folder(&project, tree)?,
                None => Vec::new(),
            };
            if words.is_empty() {
                return Ok(None);
            }
        }
    }
    let Some(project) = project(matches, tree)? else {
        let first = if words.is_empty() { None } else { Some(words.remove(0)) };
        let (name, first) = match (environment, first, implied) {
            (Some(name), first, _) => (name, first),
            (None, Some(first), _) => (first, None),
            (None, None, Some(name)) => (name.to_owned(), None),
            (None, None, None) => return Ok(None),
        };
        words.splice(0..0, first);
        let project = Project::by_convention(tree, &convention_chart(tree)?, &name)?;
        let environments = choose(&project, &[project.environment(&name)?], &words)?;
        return Ok(Some(Selection { project, environments }));
    };
    let default = project.default_environment.as_ref().map(|default| default.text.clone());
    let default = implied.map(str::to_owned).or(default);
    if let (None, Some(first)) = (&environment, words.first().cloned()) {
        let is_environment = project.environments.iter().any(|e| e.name.text == first);
        let is_release = project.releases.iter().any(|r| r.key.text == first);
        match (is_environment, is_release) {
            (true, true) => {
                return Err(Diagnostic::own(format!("`{first}` is an environment and a release"))
                    .hint(format!("name the environment with `-e`: `-e {first}` or `-e ENV {first}`"))
                    .into());
            }
            (false, true) if default.is_some() => {}
            // Without a default environment the first word must be one.
            (false, false) if default.is_none() => return Err(project.unknown_environment(&first)),
            (false, false) => {
                let names: Vec<&str> = project.concrete().map(|e| e.name.text.as_str()).collect();
                let keys: Vec<&str> = project.releases.iter().map(|r| r.key.text.as_str()).collect();
                let message = format!("there is no environment and no release `{first}` in {}", project.source.path);
                let diagnostic = Diagnostic::own(message);
                return Err(match crate::diagnostic::nearest(&first, names.iter().chain(&keys).copied()) {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic
                        .fact(format!("environments: {}", names.join(", ")))
                        .fact(format!("releases: {}", keys.join(", "))),
                }
                .into());
            }
            (false, true) => {}
            (true, false) => {
                environment = Some(first);
                words.remove(0);
            }
        }
    }
    let Some(name) = environment.or(default) else {
        let names: Vec<&str> = project.concrete().map(|e| e.name.text.as_str()).collect();
        return Err(unnamed(&names));
    };
    let environments = choose(&project, &[project.environment(&name)?], &words)?;
    Ok(Some(Selection { project, environments }))
}

/// The environment that `-e` names.
fn environment(matches: &ArgMatches) -> Result<Option<String>, Error> {
    environment_of(matches, None)
}

/// The same where a word may name it.
fn environment_of(matches: &ArgMatches, word: Option<&String>) -> Result<Option<String>, Error> {
    let named = text(matches, "environment");
    if named.as_ref().or(word).is_some_and(|name| name.trim().is_empty()) {
        let how = if named.is_some() { "`-e`" } else { "the first word" };
        return Err(Diagnostic::own(format!("{how} names no environment: it is empty"))
            .hint("is a variable empty that should hold its name?")
            .into());
    }
    Ok(named)
}

/// The releases of the default environment that are of the chart in the working directory.
fn of_this_folder(project: &Project, tree: &dyn Tree) -> Result<Vec<String>, Error> {
    let Some(default) = &project.default_environment else { return Ok(Vec::new()) };
    let environment = project.environment(&default.text)?;
    let here = clean(&tree.absolute("."));
    let is_here = |release: &&Release| {
        release.is_in(environment) && clean(&tree.absolute(&project.chart(environment, release))) == here
    };
    Ok(project.releases.iter().filter(is_here).map(|release| release.key.text.clone()).collect())
}

/// A failure that Helm does not know.
fn own(message: impl Into<String>) -> Error {
    Diagnostic::own(message).into()
}

/// No environment is named where one must be.
pub(super) fn unnamed(names: &[&str]) -> Error {
    Diagnostic {
        message: "no environment is named, and there is no `defaultEnvironment`".into(),
        ..Diagnostic::default()
    }
    .fact(format!("there are: {}", names.join(", ")))
    .hint("name one with `-e`")
    .into()
}

/// There is no project's file.
pub(super) fn no_project() -> Error {
    let message = format!("there is no {} here or in a folder above", crate::project::FILE);
    let short = format!("{}.yml", crate::project::FILE.trim_end_matches(".yaml"));
    if Disk.kind(&short).is_ok() {
        return Diagnostic::own(message).hint(format!("there is `{short}`: call it `{}`", crate::project::FILE)).into();
    }
    Diagnostic::own(message).hint("`rhelm init` writes one for a chart").into()
}

/// The chart whose values files make environments where there is no project.
fn convention_chart(tree: &dyn Tree) -> Result<String, Error> {
    super::template::nearby_chart(tree).map_err(|mut error| {
        let file = crate::project::FILE;
        for diagnostic in error.diagnostics_mut() {
            diagnostic.facts.push(format!("there is no {file} here or in a folder above"));
            diagnostic.facts.push(format!(
                "without {file} a chart's values-ENV.yaml and the like are its environments: go to its folder"
            ));
        }
        error
    })
}

/// The project that is named, or the one found upwards.
pub(super) fn project(matches: &ArgMatches, tree: &dyn Tree) -> Result<Option<Project>, Error> {
    match text(matches, "project").or_else(|| Project::find(tree)) {
        Some(path) => Project::read(tree, &path).map(Some),
        None => Ok(None),
    }
}

/// The releases that words name, or all, in the order of the file.
fn choose(project: &Project, environments: &[&Environment], words: &[String]) -> Result<Vec<Chosen>, Error> {
    if environments.is_empty() && !project.environments.is_empty() {
        let message = format!("{} has no environment that is rendered by itself", project.source.path);
        let names: Vec<&str> = project.environments.iter().map(|e| e.name.text.as_str()).collect();
        return Err(Diagnostic::own(message).fact(format!("all are abstract: {}", names.join(", "))).into());
    }
    for word in words {
        let release = project.release(word)?;
        if let [environment] = environments
            && !release.is_in(environment)
        {
            // The error says where it exists.
            return Err(elsewhere(project, environment, release));
        }
    }
    let mut found = Vec::new();
    for environment in environments {
        let Some(place) = project.environments.iter().position(|e| e.name.text == environment.name.text) else {
            continue;
        };
        let there = project.releases.iter().enumerate().filter(|(_, release)| release.is_in(environment));
        let all: Vec<usize> = there.map(|(i, _)| i).collect();
        let named = |i: &usize| {
            let release = project.releases.get(*i);
            words.is_empty() || release.is_some_and(|release| words.contains(&release.key.text))
        };
        let releases: Vec<usize> = all.iter().copied().filter(named).collect();
        if releases.is_empty() && environments.len() == 1 {
            let message = format!("no release exists in environment `{}`", environment.name.text);
            return Err(Diagnostic::own(message).into());
        }
        found.push(Chosen { environment: place, whole: releases.len() == all.len(), releases });
    }
    Ok(found)
}

fn elsewhere(project: &Project, environment: &Environment, release: &Release) -> Error {
    // A tree is not asked: the release does not exist here.
    match project.installation(&crate::tree::Memory::default(), environment, release) {
        Err(error) => error,
        Ok(Installation { .. }) => own("there is no such release"),
    }
}
