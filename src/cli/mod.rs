//! The terminal: the only code that prints, reads the process's environment, or chooses an exit code.

mod affected;
mod args;
mod batch;
mod check;
mod completion;
mod connection;
mod diff;
mod environments;
mod failures;
mod fleet;
mod hook;
mod job;
mod json;
mod kubeconfig;
mod onto;
mod output;
mod pager;
mod postrender;
mod save;
mod selection;
mod snapshots;
mod sops;
mod stored;
mod table;
mod template;
mod terminal;
mod values;
mod variables;
mod watch;

use crate::diagnostic::{Diagnostic, Error};
use crate::go::slog::{Level, line};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;
use std::process::ExitCode;
use terminal::Terminal;

/// Runs the command line and returns the exit code: 0 done, 1 error, 2 differences where that is asked for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if completion::answer(&arguments) {
        return ExitCode::SUCCESS;
    }
    let mut terminal = Terminal::new(&arguments);
    let matches = match args::read(&arguments) {
        Ok(matches) => matches,
        Err(error) => return usage(&mut terminal, &error, &arguments),
    };
    if let Some(("template" | "list" | "history" | "get", matches)) = matches.subcommand()
        && let matches = innermost(matches)
        && let Some(mode) = ["color", "colour"].into_iter().find_map(|name| args::wrong_colour(matches, name))
    {
        // Helm finds it before it has a command that could fail: the line is one of its log.
        let words = format!("invalid color mode {mode}: must be one of: never, auto, always");
        if terminal.speaks_helm() {
            terminal.say(&line(Level::Warn, "command failed", &[("error", &words)]));
        } else {
            terminal.error(&Error::helm(words));
        }
        return ExitCode::FAILURE;
    }
    let result = match matches.subcommand() {
        Some(("template", matches)) => template::run(matches, &mut terminal),
        Some(("environments", matches)) => environments::run(matches, &mut terminal),
        Some(("values", matches)) => values::run(matches, &mut terminal),
        Some(("save", matches)) => save::run(matches, &mut terminal),
        Some(("diff", matches)) => diff::run(matches, &mut terminal),
        Some(("check", matches)) => check::run(matches, &mut terminal),
        Some(("affected", matches)) => affected::run(matches, &mut terminal),
        Some(("batch", matches)) => batch::run(matches, &mut terminal),
        Some(("get", matches)) => match matches.subcommand() {
            Some((part, matches)) => stored::get::run(part, matches, &mut terminal),
            None => Err(Error::helm("there is no such command")),
        },
        Some(("history", matches)) => stored::history::run(matches, &mut terminal),
        Some(("list", matches)) => stored::list::run(matches, &mut terminal),
        Some(("hook", matches)) => hook::run(matches, &mut terminal),
        Some(("init", matches)) => environments::start(matches, &mut terminal),
        Some(("completion", matches)) => completion::run(matches, &mut terminal),
        Some(("env", matches)) => {
            let bin = arguments.first().map(|bin| bin.to_string_lossy()).unwrap_or_default();
            variables::run(matches, &bin, &mut terminal)
        }
        Some(("schema", _)) => environments::schema(&mut terminal),
        Some(("version", _)) => {
            terminal.print(format!("rhelm {} (renders as Helm v4.2.3)\n", env!("CARGO_PKG_VERSION")).as_bytes())
        }
        _ => Err(Error::helm("there is no such command")),
    };
    match result {
        Ok(()) if terminal.failed => ExitCode::FAILURE,
        Ok(()) => ExitCode::from(terminal.code),
        Err(error) => {
            terminal.error(&error);
            ExitCode::FAILURE
        }
    }
}

/// What was typed for the last of the commands.
fn innermost(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| innermost(matches))
}

/// The commands that Helm does not have.
const OWN_COMMANDS: [&str; 10] =
    ["affected", "batch", "check", "diff", "environments", "hook", "init", "save", "schema", "values"];

/// What the command line's parser says, in Helm's words where Helm has some.
fn usage(terminal: &mut Terminal, error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let text = error.render().to_string();
        let asked = error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if asked {
            return match terminal.print(text.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        terminal.say(&text);
        return ExitCode::FAILURE;
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    // `--set <K=V>`, `-f, --values <FILE>` → `--set`, `-f, --values`
    let flag = |text: &str| text.split([' ', '=', '[']).next().unwrap_or_default().to_owned();
    let argument = context(ContextKind::InvalidArg);
    let typed = |start: &str| {
        let words = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned());
        words.rev().find(|word| word.starts_with(start)).unwrap_or_else(|| start.to_owned())
    };
    // Helm names a flag by both of its forms.
    let both = |name: &str| match name.strip_prefix("--").and_then(|long| args::short_of(long, arguments)) {
        Some(short) => format!("-{short}, {name}"),
        None => name.to_owned(),
    };
    let words = match error.kind() {
        ErrorKind::UnknownArgument => {
            let name = flag(&argument);
            match name.strip_prefix('-') {
                Some(short) if !short.starts_with('-') => {
                    let short = short.chars().next().unwrap_or('=');
                    format!("unknown shorthand flag: '{short}' in {}", typed(&name))
                }
                Some(long) if long.len() < 2 || long.starts_with("--") => format!("bad flag syntax: {}", typed(&name)),
                Some(_) => format!("unknown flag: {name}"),
                None => format!("unexpected argument {}", crate::go::quote::quoted(argument.as_bytes())),
            }
        }
        ErrorKind::InvalidSubcommand => {
            format!("unknown command \"{}\" for \"rhelm\"", context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => {
            let name = flag(argument.rsplit(", ").next().unwrap_or_default());
            match arguments.last().map(|word| word.to_string_lossy()) {
                Some(word) if word.starts_with('-') && !word.starts_with("--") && word.len() > 1 => {
                    let short = word.chars().next_back().unwrap_or('-');
                    format!("flag needs an argument: '{short}' in {word}")
                }
                _ => format!("flag needs an argument: {name}"),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!(
                "invalid argument {} for \"{}\" flag: {why}",
                crate::go::quote::quoted(context(ContextKind::InvalidValue).as_bytes()),
                both(&flag(argument.rsplit(", ").next().unwrap_or_default()))
            )
        }
        _ => {
            let text = error.render().to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    // Of commands that Helm does not have it has nothing to say.
    let command = arguments.iter().skip(1).map(|word| word.to_string_lossy()).find(|word| !word.starts_with('-'));
    let is_own = command.is_some_and(|command| OWN_COMMANDS.contains(&&*command));
    let mut diagnostic = if is_own { Diagnostic::own(words) } else { Diagnostic::helm(words) };
    let near = match (context(ContextKind::SuggestedArg), context(ContextKind::SuggestedSubcommand)) {
        (near, other) if near.is_empty() => other,
        (near, _) => near,
    };
    if !near.is_empty() {
        diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
    }
    terminal.error(&diagnostic.into());
    ExitCode::FAILURE
}
