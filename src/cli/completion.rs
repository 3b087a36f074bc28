//! Shell completion: the script that a shell loads, and the answers that it then asks for with each press of the key.

use super::args;
use super::terminal::{Terminal, variable};
use crate::chart::{self, Chart};
use crate::diagnostic::{Diagnostic, Error};
use crate::project::Project;
use crate::tree::{Disk, Tree};
use clap::{ArgMatches, Command};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{CompleteEnv, Shells};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

/// Set by the scripts: the shell that asks.
const VARIABLE: &str = "RHELM_COMPLETE";

/// The shells that there are scripts for.
const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// What can be compared with, beside environments.
const SUBJECTS: [&str; 6] = ["saved", "env:", "git:", "file:", "chart:", "-"];

/// Runs `rhelm completion`.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    let shell = args::text(matches, "shell").unwrap_or_default();
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(&shell).filter(|_| SHELLS.contains(&shell.as_str())) else {
        let message = match shell.as_str() {
            "" => "no shell is named".to_owned(),
            other => format!("there is no completion for `{other}`"),
        };
        return Err(Diagnostic::own(message).fact(format!("there is one for {}", SHELLS.join(", "))).into());
    };
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "rhelm", "rhelm", "rhelm", &mut script)
        .map_err(|error| Diagnostic::own(error.to_string()))?;
    terminal.print(&script)
}

/// Answers a shell that asks; false if none does.
pub(super) fn answer(arguments: &[OsString]) -> bool {
    if variable(VARIABLE).is_none() {
        return false;
    }
    let here = std::env::current_dir().ok();
    let environment = CompleteEnv::with_factory(command).var(VARIABLE);
    // A shell that gets no answer completes nothing; there is nobody to read an error.
    environment.try_complete(arguments, here.as_deref()).unwrap_or(true)
}

/// The command line with what completes its values.
fn command() -> Command {
    let environments = || ArgValueCandidates::new(|| candidates(environments()));
    let project = |command: Command| {
        command
            .mut_arg("environment", |arg| arg.add(environments()))
            .mut_arg("project", |arg| arg.add(ArgValueCompleter::new(PathCompleter::any())))
    };
    let files = |command: Command| {
        command.mut_arg("values", |arg| arg.add(ArgValueCompleter::new(PathCompleter::file().stdio())))
    };
    let compared = |command: Command| {
        let words = || candidates(environments_and_releases());
        files(project(command)).mut_arg("args", |arg| arg.hide(false).add(ArgValueCandidates::new(words)))
    };
    args::command()
        .mut_subcommand("template", |command| {
            files(project(command))
                .mut_arg("args", |arg| arg.hide(false).add(ArgValueCompleter::new(releases_and_folders)))
                .mut_arg("show-only", |arg| arg.add(ArgValueCandidates::new(|| candidates(templates()))))
                .mut_arg("output-dir", |arg| arg.add(ArgValueCompleter::new(PathCompleter::dir())))
        })
        .mut_subcommand("values", |command| compared(command).mut_arg("diff", |arg| arg.add(environments())))
        .mut_subcommand("completion", |command| {
            let shells = || candidates(SHELLS.map(str::to_owned));
            command.mut_arg("shell", |arg| arg.hide(false).add(ArgValueCandidates::new(shells)))
        })
        .mut_subcommand("save", compared)
        .mut_subcommand("diff", |command| {
            let subjects = || candidates(subjects());
            ["against", "from", "to"].into_iter().fold(compared(command), |command, name| {
                command.mut_arg(name, |arg| arg.add(ArgValueCandidates::new(subjects)))
            })
        })
        .mut_subcommand("check", compared)
        .mut_subcommand("init", |command| {
            command.mut_arg("chart", |arg| arg.add(ArgValueCompleter::new(PathCompleter::dir())))
        })
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn project() -> Option<Project> {
    Project::read(&Disk, &Project::find(&Disk)?).ok()
}

fn environments() -> Vec<String> {
    match project() {
        Some(project) => project.concrete().map(|environment| environment.name.text.clone()).collect(),
        None => Project::conventional(&Disk, "."),
    }
}

fn releases() -> Vec<String> {
    let project = project();
    project.iter().flat_map(|project| &project.releases).map(|release| release.key.text.clone()).collect()
}

fn environments_and_releases() -> Vec<String> {
    let mut names = environments();
    names.extend(releases());
    names
}

/// What can be compared with.
fn subjects() -> Vec<String> {
    environments().into_iter().chain(SUBJECTS.map(str::to_owned)).collect()
}

/// Without `-e` words name charts, with it releases: a shell does not tell which it is.
fn releases_and_folders(current: &OsStr) -> Vec<CompletionCandidate> {
    let start = current.to_string_lossy();
    let mut found = candidates(releases().into_iter().filter(|name| name.starts_with(&*start)));
    found.extend(PathCompleter::any().complete(current));
    found
}

/// The templates of the chart here, or of the project's charts, as `--show-only` names them.
fn templates() -> BTreeSet<String> {
    let mut charts: BTreeSet<String> = BTreeSet::new();
    if let Some(project) = project() {
        // A chart's path can hold the environment's name.
        let names: Vec<&str> = project.concrete().map(|environment| environment.name.text.as_str()).collect();
        for release in &project.releases {
            charts.extend(names.iter().map(|name| project.path(&release.chart.text.replace("{env}", name))));
        }
    } else if Disk.kind("Chart.yaml").is_ok() {
        charts.insert(".".to_owned());
    }
    let mut names = BTreeSet::new();
    for path in charts {
        if let Ok(loaded) = chart::load(&Disk, &path, &mut Vec::new()) {
            add_templates(&loaded.chart, &loaded.chart.full_path, &mut names);
        }
    }
    names
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
