//! What was typed before the word that is completed, and the names that fit after it.

use crate::chart::{self, Chart};
use crate::cli::{args, template, variables};
use crate::project::{Environment, Project};
use crate::tree::{Disk, Tree};
use clap_complete::engine::CompletionCandidate;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// The part of a command line before the cursor.
#[derive(Default)]
pub(super) struct Typed {
    environment: Option<String>,
    project: Option<String>,
    all: bool,
    /// What stands without a flag.
    pub(super) words: Vec<String>,
}

impl Typed {
    /// `words` begin with the program. What makes no sense is left out: it is not finished.
    pub(super) fn new(words: &[OsString]) -> Self {
        let Ok(matches) = args::command().ignore_errors(true).try_get_matches_from(words) else {
            return Typed::default();
        };
        let mut matches = &matches;
        while let Some((_, below)) = matches.subcommand() {
            matches = below;
        }
        let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
        let words = matches.try_get_many::<String>("args").ok().flatten();
        Typed {
            environment: text("environment"),
            project: text("project"),
            all: matches.try_get_one::<bool>("all").ok().flatten().copied().unwrap_or_default(),
            words: words.map(|words| words.cloned().collect()).unwrap_or_default(),
        }
    }

    /// Whether it is certain that environments are meant, and no chart as Helm means it.
    pub(super) fn of_project(&self) -> bool {
        self.environment.is_some() || self.all
    }

    /// The project that is meant; `Err` if it has mistakes.
    fn project(&self) -> Result<Option<Project>, ()> {
        match self.project.clone().or_else(|| Project::find(&Disk)) {
            Some(path) => Project::read(&Disk, &path).map(Some).map_err(drop),
            None => Ok(None),
        }
    }

    /// All environments that can be rendered.
    pub(super) fn environments(&self) -> Vec<CompletionCandidate> {
        match self.project() {
            Ok(Some(project)) => project.concrete().map(|environment| described(&project, environment)).collect(),
            Ok(None) => self.conventional().iter().map(CompletionCandidate::new).collect(),
            Err(()) => Vec::new(),
        }
    }

    /// Names of environments where there is no project.
    fn conventional(&self) -> Vec<String> {
        let chart = template::nearby_chart(&Disk).unwrap_or_else(|_| ".".to_owned());
        Project::conventional(&Disk, &chart)
    }

    /// All but the one that is compared.
    pub(super) fn other_environments(&self) -> Vec<CompletionCandidate> {
        let this = self.environment.as_ref().or(self.words.first());
        let is_other = |name: &CompletionCandidate| this.is_none_or(|this| name.get_value() != this.as_str());
        self.environments().into_iter().filter(is_other).collect()
    }

    /// The environment first, unless `-e` names it, then its releases, each once.
    pub(super) fn environment_or_releases(&self) -> Vec<CompletionCandidate> {
        let open = self.words.is_empty() && !self.of_project();
        let mut found = if open { self.environments() } else { Vec::new() };
        let releases = self.releases();
        // A word that is both has to be told apart by `-e`.
        let is_new = |release: &CompletionCandidate| !found.iter().any(|name| name.get_value() == release.get_value());
        let releases: Vec<CompletionCandidate> = releases.into_iter().filter(is_new).collect();
        found.extend(releases);
        found
    }

    /// The same for a command that is about one release.
    pub(super) fn environment_or_release(&self) -> Vec<CompletionCandidate> {
        let Ok(project) = self.project() else { return Vec::new() };
        let is_environment = |word: &String| match &project {
            Some(project) => project.environments.iter().any(|e| e.name.text == *word),
            None => true,
        };
        let named = usize::from(self.environment.is_none() && self.words.first().is_some_and(is_environment));
        if self.words.len() > named { Vec::new() } else { self.environment_or_releases() }
    }

    /// The releases of the environment that is named, or that would be meant, without those that are named already.
    pub(super) fn releases(&self) -> Vec<CompletionCandidate> {
        let Ok(Some(project)) = self.project() else { return Vec::new() };
        let default = project.default_environment.as_ref().map(|name| &name.text);
        let first = self.words.first().filter(|word| project.environments.iter().any(|e| e.name.text == **word));
        let name = self.environment.as_ref().or(first).or(default).filter(|_| !self.all);
        let environment = name.and_then(|name| project.concrete().find(|e| e.name.text == *name));
        // Without an environment that there is, a release may belong to the one that is still to come.
        let there = |release: &&crate::project::Release| {
            !self.words.contains(&release.key.text) && environment.is_none_or(|environment| release.is_in(environment))
        };
        let releases = project.releases.iter().filter(there);
        releases.map(|release| helped(&release.key.text, &release.chart.text)).collect()
    }

    /// The templates of the chart here, or of the project's charts, as `--show-only` names them.
    pub(super) fn templates(&self) -> Vec<CompletionCandidate> {
        let mut names = BTreeSet::new();
        for path in self.charts() {
            if let Ok(loaded) = chart::load(&Disk, &path, &mut Vec::new()) {
                add_templates(&loaded.chart, &loaded.chart.full_path, &mut names);
            }
        }
        names.iter().map(CompletionCandidate::new).collect()
    }

    fn charts(&self) -> BTreeSet<String> {
        // In Helm's own way the last word is a chart's path.
        let named = self.words.last().filter(|_| !self.of_project() && self.project.is_none());
        if let Some(path) = named {
            return BTreeSet::from([path.clone()]);
        }
        let near = || template::nearby_chart(&Disk).into_iter().collect();
        match self.project() {
            Err(()) => BTreeSet::new(),
            Ok(None) => near(),
            Ok(Some(_)) if !self.of_project() && self.project.is_none() && Disk.kind("Chart.yaml").is_ok() => near(),
            Ok(Some(project)) => {
                let is_meant = |environment: &&Environment| {
                    self.environment.as_ref().is_none_or(|name| environment.name.text == *name)
                };
                let mut charts = BTreeSet::new();
                for environment in project.concrete().filter(is_meant) {
                    let releases = project.releases.iter().filter(|release| release.is_in(environment));
                    let releases = releases.filter(|r| self.words.is_empty() || self.words.contains(&r.key.text));
                    charts.extend(releases.map(|release| project.chart(environment, release)));
                }
                charts
            }
        }
    }

    /// The variables that `rhelm env` knows.
    pub(super) fn variables(&self) -> Vec<CompletionCandidate> {
        if self.words.is_empty() {
            variables::names().iter().map(CompletionCandidate::new).collect()
        } else {
            Vec::new()
        }
    }
}

/// An environment, and what it builds on.
fn described(project: &Project, environment: &Environment) -> CompletionCandidate {
    let rungs: Vec<&str> = project.ladder(environment).map(|rung| rung.name.text.as_str()).collect();
    helped(&environment.name.text, &rungs.join(" → "))
}

/// A name, and what shells that have room for it say beside it.
fn helped(name: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(help.to_owned().into()))
}

fn add_templates(chart: &Chart, root: &str, names: &mut BTreeSet<String>) {
    let tera = chart.files.iter().filter(|file| file.name.starts_with("tera/"));
    for file in chart.templates.iter().chain(tera) {
        let base = file.name.rsplit('/').next().unwrap_or_default();
        if !base.starts_with('_') && base != "NOTES.txt" {
            let name = format!("{}/{}", chart.full_path, file.name);
            names.extend(name.strip_prefix(&format!("{root}/")).map(str::to_owned));
        }
    }
    for sub in &chart.dependencies {
        add_templates(sub, root, names);
    }
}
