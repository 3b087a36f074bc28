//! Colours, widths and a pager for what is read, where git would use one.

use super::terminal::{Terminal, variable};
use crate::diagnostic::{Diagnostic, Error};
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// The width of what is no terminal, in columns.
const WIDTH: usize = 160;

/// What is wished of a pager.
pub(super) struct Wish {
    /// Whether none is wanted.
    pub(super) never: bool,
}

/// Whether stdout is coloured. `when` is `auto` (on a terminal, unless NO_COLOR is set), `always` or `never`.
///
/// # Errors
/// It is none of these words.
pub(super) fn colour(when: Option<&str>) -> Result<bool, Error> {
    match when {
        Some("always") => Ok(true),
        Some("never") => Ok(false),
        None | Some("auto") => Ok(std::io::stdout().is_terminal()
            && variable("NO_COLOR").is_none()
            && variable("TERM").as_deref() != Some("dumb")),
        Some(other) => {
            Err(Diagnostic::own(format!("there is no colour mode `{other}`; there are auto, always and never")).into())
        }
    }
}

/// How many columns there are: COLUMNS, the terminal's, or a width that is good for reading.
pub(super) fn width() -> usize {
    let told = variable("COLUMNS").and_then(|text| text.parse().ok());
    told.or_else(of_terminal).filter(|width| *width >= 40).unwrap_or(WIDTH)
}

/// Asks the terminal, by the program that every system with terminals has.
fn of_terminal() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let output = Command::new("stty").arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1)?.parse().ok()
}

/// Prints to stdout, through a pager where that is a terminal: RHELM_PAGER, GIT_PAGER, PAGER, or `less`.
///
/// # Errors
/// stdout cannot be written to.
pub(super) fn print(bytes: &[u8], wish: &Wish, terminal: &mut Terminal) -> Result<(), Error> {
    if wish.never || bytes.is_empty() || !std::io::stdout().is_terminal() {
        return terminal.print(bytes);
    }
    let names = ["RHELM_PAGER", "GIT_PAGER", "PAGER"];
    let program = names.iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "less".to_owned());
    if program.is_empty() || program == "cat" {
        return terminal.print(bytes);
    }
    let mut command = Command::new("sh");
    command.args(["-c", &program]).stdin(Stdio::piped());
    // As git does: leave at once if all fits, keep colours, keep the screen.
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if variable(name).is_none() {
            command.env(name, value);
        }
    }
    let Ok(mut child) = command.spawn() else { return terminal.print(bytes) };
    if let Some(mut input) = child.stdin.take() {
        // Who leaves the pager has seen enough.
        let _ = input.write_all(bytes);
    }
    match child.wait() {
        // The shell found no such program.
        Ok(status) if status.code() == Some(127) => terminal.print(bytes),
        _ => Ok(()),
    }
}
