//! Shell completion: the script that a shell loads, and the answers that it then asks for with each press of the key.

mod bash;
mod typed;

use super::args;
use super::terminal::{FORMATS, Terminal, variable};
use crate::diagnostic::{Diagnostic, Error};
use crate::diff;
use crate::project::Ignore;
use clap::Command;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete,
};
use clap_complete::env::Shells;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use typed::Typed;

/// Set by the scripts: the shell that asks.
const VARIABLE: &str = "RHELM_COMPLETE";

/// Set by some of the scripts: which of the words the cursor is in; otherwise it is the last one.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The shells that there are scripts for.
const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// What can be compared with, beside environments.
const SUBJECTS: [&str; 8] = ["saved", "live", "cluster", "env:", "git:", "file:", "chart:", "-"];

/// What a hook can do.
const HOOKS: [&str; 3] = ["template", "save", "diff"];

/// Runs `rhelm completion`.
pub(super) fn run(matches: &clap::ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let shell = args::text(matches, "shell").unwrap_or_default();
    let shells = Shells::builtins();
    let mut script = Vec::new();
    match shells.completer(&shell).filter(|_| SHELLS.contains(&shell.as_str())) {
        Some(_) if shell == "bash" => script.extend(bash::SCRIPT.replace("VARIABLE", VARIABLE).bytes()),
        Some(completer) => completer
            .write_registration(VARIABLE, "rhelm", "rhelm", "rhelm", &mut script)
            .map_err(|error| Diagnostic::own(error.to_string()))?,
        None => {
            let (message, near) = match shell.as_str() {
                "" => ("no shell is named".to_owned(), None),
                other => (format!("there is no completion for `{other}`"), crate::diagnostic::nearest(other, SHELLS)),
            };
            let diagnostic = Diagnostic::own(message).fact(format!("there is one for {}", SHELLS.join(", ")));
            return Err(match near {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None if shell.is_empty() => diagnostic.hint("name yours: `rhelm completion bash`"),
                None => diagnostic,
            }
            .into());
        }
    }
    terminal.print(&script)
}

/// Answers a shell that asks; false if none does. A shell that gets no answer completes nothing; there is nobody to
/// read an error.
pub(super) fn answer(arguments: &[OsString]) -> bool {
    let Some(shell) = variable(VARIABLE) else { return false };
    let mut words: Vec<OsString> = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    let index = variable(INDEX).and_then(|index| index.parse().ok());
    // What stands after the cursor says nothing of what stands there.
    words.truncate(index.unwrap_or(usize::MAX).saturating_add(1));
    let mut known = String::new();
    if shell == "bash" {
        (words, known) = bash::glued(words);
    }
    let Some((last, before)) = words.split_last() else { return true };
    let mut command = command(&Arc::new(Typed::new(before)));
    if !last.to_string_lossy().starts_with('-') {
        command = without_flags(command);
    }
    let index = before.len();
    let here = std::env::current_dir().ok();
    let mut answer = Vec::new();
    if shell == "bash" {
        let found = complete(&mut command, words, index, here.as_deref()).unwrap_or_default();
        let found = found.iter().filter_map(|candidate| {
            candidate.get_value().to_string_lossy().strip_prefix(known.as_str()).map(str::to_owned)
        });
        let separator = variable("_CLAP_IFS").unwrap_or_else(|| "\n".to_owned());
        answer.extend(found.collect::<Vec<_>>().join(&separator).into_bytes());
    } else if let Some(completer) = Shells::builtins().completer(&shell) {
        // It knows its own variable for the place of the cursor, which is the last word, too.
        let _ = completer.write_complete(&mut command, words, here.as_deref(), &mut answer);
    }
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), &answer);
    true
}

/// The command line with what completes its values, given what was typed before.
fn command(typed: &Arc<Typed>) -> Command {
    // Names that depend on what was typed.
    let names = |names: fn(&Typed) -> Vec<CompletionCandidate>| {
        let typed = typed.clone();
        ArgValueCandidates::new(move || names(&typed))
    };
    let project = |command: Command| {
        command
            .mut_arg("environment", |arg| arg.add(names(Typed::environments)))
            .mut_arg("project", |arg| arg.add(path(PathCompleter::any())))
    };
    let files = |command: Command| {
        project(command)
            .mut_arg("values", |arg| arg.add(ArgValueCompleter::new(values_files)))
            .mut_arg("set-file", |arg| arg.add(ArgValueCompleter::new(after_equals)))
    };
    let compared = |command: Command| {
        files(command).mut_arg("args", |arg| arg.hide(false).add(names(Typed::environment_or_releases)))
    };
    args::command()
        .mut_arg("error-format", |arg| arg.add(one_of(FORMATS)))
        .mut_arg("mask", |arg| arg.add(one_of(["auto", "always", "never"])))
        .mut_arg("kubeconfig", |arg| arg.add(path(PathCompleter::file())))
        .mut_subcommand("template", |command| {
            let words = {
                let typed = typed.clone();
                ArgValueCompleter::new(move |current: &OsStr| releases_or_paths(&typed, current))
            };
            files(command)
                .mut_arg("args", |arg| arg.hide(false).add(words))
                .mut_arg("show-only", |arg| arg.add(names(Typed::templates)))
                .mut_arg("output-dir", |arg| arg.add(path(PathCompleter::dir())))
                .mut_arg("post-renderer", |arg| arg.add(path(PathCompleter::any())))
        })
        .mut_subcommand("environments", |command| {
            project(command).mut_arg("output", |arg| arg.add(one_of(["table", "json"])))
        })
        .mut_subcommand("values", |command| {
            compared(command)
                .mut_arg("args", |arg| arg.add(names(Typed::environment_or_release)))
                .mut_arg("output", |arg| arg.add(one_of(["yaml", "json"])))
                .mut_arg("diff", |arg| arg.add(names(Typed::other_environments)))
        })
        .mut_subcommand("save", compared)
        .mut_subcommand("check", compared)
        .mut_subcommand("diff", |command| {
            let command = compared(command)
                .mut_arg("chart", |arg| arg.add(path(PathCompleter::any())))
                .mut_arg("output", |arg| arg.add(one_of(diff::Format::NAMES)))
                .mut_arg("color", |arg| arg.add(one_of(["auto", "always", "never"])))
                .mut_arg("report-template", |arg| arg.add(path(PathCompleter::file())))
                .mut_arg("ignore", |arg| arg.add(ArgValueCompleter::new(ignored)));
            ["against", "from", "to"].into_iter().fold(command, |command, name| {
                let typed = typed.clone();
                let subjects = ArgValueCompleter::new(move |current: &OsStr| subjects(&typed, current));
                command.mut_arg(name, |arg| arg.add(subjects))
            })
        })
        .mut_subcommand("hook", |command| {
            command.mut_subcommand("run", |command| {
                let typed = typed.clone();
                let words = ArgValueCompleter::new(move |current: &OsStr| match typed.words.as_slice() {
                    [] => starting(HOOKS, current),
                    _ => PathCompleter::any().complete(current),
                });
                files(command).mut_arg("args", |arg| arg.hide(false).add(words))
            })
        })
        .mut_subcommand("init", |command| command.mut_arg("chart", |arg| arg.add(path(PathCompleter::dir()))))
        .mut_subcommand("completion", |command| command.mut_arg("shell", |arg| arg.hide(false).add(one_of(SHELLS))))
        .mut_subcommand("env", |command| command.mut_arg("args", |arg| arg.hide(false).add(names(Typed::variables))))
}

/// Flags are offered to who types a `-`, or where nothing else fits.
fn without_flags(command: Command) -> Command {
    let command = command.mut_args(|arg| if arg.is_positional() { arg } else { arg.hide(true) });
    command.disable_help_flag(true).mut_subcommands(without_flags)
}

fn path(completer: PathCompleter) -> ArgValueCompleter {
    ArgValueCompleter::new(completer)
}

fn one_of(words: impl IntoIterator<Item = &'static str>) -> ArgValueCandidates {
    let words: Vec<&str> = words.into_iter().collect();
    ArgValueCandidates::new(move || words.iter().map(CompletionCandidate::new).collect())
}

fn starting<'w>(words: impl IntoIterator<Item = &'w str>, current: &OsStr) -> Vec<CompletionCandidate> {
    let start = current.to_string_lossy();
    words.into_iter().filter(|word| word.starts_with(&*start)).map(CompletionCandidate::new).collect()
}

/// Completes what stands after `before`, and puts that in front again.
fn below(before: &str, completer: &PathCompleter, current: &str) -> Vec<CompletionCandidate> {
    completer.complete(OsStr::new(current)).into_iter().map(|found| found.add_prefix(before)).collect()
}

/// The last of a comma list.
fn values_files(current: &OsStr) -> Vec<CompletionCandidate> {
    let files = PathCompleter::file().stdio();
    match current.to_string_lossy().rsplit_once(',') {
        Some((before, last)) => below(&format!("{before},"), &files, last),
        None => files.complete(current),
    }
}

/// `KEY=FILE`
fn after_equals(current: &OsStr) -> Vec<CompletionCandidate> {
    match current.to_string_lossy().rsplit_once('=') {
        Some((key, file)) => below(&format!("{key}="), &PathCompleter::file(), file),
        None => Vec::new(),
    }
}

/// With `-e` or `--all` words name releases, without they name charts, or an `-e` is still to come.
fn releases_or_paths(typed: &Typed, current: &OsStr) -> Vec<CompletionCandidate> {
    let start = current.to_string_lossy();
    let releases = typed.releases();
    let mut found: Vec<CompletionCandidate> =
        releases.into_iter().filter(|release| release.get_value().to_string_lossy().starts_with(&*start)).collect();
    if !typed.of_project() {
        found.extend(PathCompleter::any().complete(current));
    }
    found
}

/// What can be compared with.
fn subjects(typed: &Typed, current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let environments = typed.other_environments();
    match text.split_once(':') {
        Some(("env", _)) => environments
            .into_iter()
            .map(|name| name.add_prefix("env:"))
            .filter(|name| name.get_value().to_string_lossy().starts_with(&*text))
            .collect(),
        Some(("git", _)) => starting(["git:HEAD", "git:index"], current),
        Some((kind @ ("file" | "chart"), rest)) => below(&format!("{kind}:"), &PathCompleter::any(), rest),
        Some(_) => Vec::new(),
        None => {
            let names = environments.into_iter().filter(|name| name.get_value().to_string_lossy().starts_with(&*text));
            names.chain(starting(SUBJECTS, current)).collect()
        }
    }
}

/// The last part of a rule of `--ignore`.
fn ignored(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let before = text.rsplit_once(',').map_or(String::new(), |(before, _)| format!("{before},"));
    let keys = Ignore::KEYS.into_iter().filter(|key| *key != "preset").map(|key| format!("{before}{key}="));
    let presets = Ignore::PRESETS.into_iter().map(|preset| format!("preset={preset}"));
    let words: Vec<String> = keys.chain(presets).collect();
    starting(words.iter().map(String::as_str), current)
}
