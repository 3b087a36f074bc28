//! stdout, stderr and the process's environment.

use crate::diagnostic::{Diagnostic, Error, Format, report};
use crate::subject::Flags;
use crate::text::{Str, restored};
use crate::values::{REDACTED, forms};
use bstr::ByteSlice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Where output goes, and how errors look.
pub(super) struct Terminal {
    format: Result<Format, String>,
    mask: bool,
    colour: bool,
    /// Whether Helm would tell of `--debug` after the error that is to come.
    pub(super) advise_debug: bool,
    /// Whether what was found makes the exit code 1.
    pub(super) failed: bool,
    /// Whether the reader of stdout has gone.
    pub(super) is_unread: bool,
    /// Whether what Helm logs for information is left out.
    pub(super) quiet: bool,
    /// The exit code when nothing failed.
    pub(super) code: u8,
    /// What must not be seen, longest first.
    secrets: Vec<Vec<u8>>,
    /// How far the work is, where somebody watches.
    bar: Option<ProgressBar>,
    /// When it was begun, until it is shown.
    began: Option<Instant>,
}

/// The fewest releases of which it is told how far they are.
const SEVERAL: usize = 4;

/// Work that takes no longer passes without a word, in milliseconds.
const PATIENCE: u64 = 300;

/// The names of the ways to show errors.
pub(super) const FORMATS: [&str; 4] = ["pretty", "short", "json", "helm"];

/// Shorter lines are no secrets that could be told from other texts.
const SHORTEST: usize = 4;

/// Looks for a flag's value before the command line is parsed: its own mistakes must be reported in the right form too.
fn early(arguments: &[OsString], name: &str) -> Option<String> {
    let mut found = None;
    let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if let Some(rest) = word.strip_prefix(name) {
            if let Some(value) = rest.strip_prefix('=') {
                found = Some(value.to_owned());
            } else if rest.is_empty() {
                found = words.next().map(std::borrow::Cow::into_owned);
            }
        }
    }
    found
}

impl Terminal {
    pub(super) fn new(arguments: &[OsString]) -> Self {
        let format = early(arguments, "--error-format").or_else(|| variable("RHELM_ERROR_FORMAT"));
        let format = match format.as_deref() {
            None | Some("" | "pretty") => Ok(Format::Pretty),
            Some("short") => Ok(Format::Short),
            Some("json") => Ok(Format::Json),
            Some("helm") => Ok(Format::Helm),
            Some(other) => Err(other.to_owned()),
        };
        let terminal = std::io::stderr().is_terminal();
        let mask = match early(arguments, "--mask").as_deref() {
            Some("always") => true,
            Some("never") => false,
            _ => !terminal,
        };
        let colour = terminal && variable("NO_COLOR").is_none() && variable("TERM").as_deref() != Some("dumb");
        Terminal {
            format,
            mask,
            colour,
            advise_debug: false,
            failed: false,
            is_unread: false,
            quiet: false,
            code: 0,
            secrets: Vec::new(),
            bar: None,
            began: None,
        }
    }

    /// Whether the flags about errors make sense themselves.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.format {
            Ok(_) => Ok(()),
            Err(other) => {
                let near = crate::diagnostic::nearest(other, FORMATS);
                let diagnostic = Diagnostic::own(format!("there is no error format `{other}`"));
                Err(match near {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic.fact(format!("there are: {}", FORMATS.join(", "))),
                }
                .into())
            }
        }
    }

    /// Whether values are hidden in excerpts.
    pub(super) fn masks(&self) -> bool {
        self.mask
    }

    /// Whether errors are told in Helm's words alone.
    pub(super) fn speaks_helm(&self) -> bool {
        self.format == Ok(Format::Helm)
    }

    /// Writes to stdout. A reader that has gone is no error: whoever pipes into `head` has all that they want.
    pub(super) fn print(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.is_unread = true;
                Ok(())
            }
            Err(error) => Err(Error::helm(format!("cannot write to stdout: {error}"))),
        }
    }

    /// Begins a new page where the result goes to a terminal.
    pub(super) fn new_page(&mut self) -> Result<(), Error> {
        let is_page = std::io::stdout().is_terminal() && variable("TERM").as_deref() != Some("dumb");
        if is_page { self.print(b"\x1b[2J\x1b[H") } else { Ok(()) }
    }

    /// Writes a line to stderr.
    pub(super) fn say(&mut self, line: &str) {
        if self.quiet && line.starts_with("level=INFO") {
            return;
        }
        self.say_bytes(line.as_bytes());
    }

    /// Hides texts in all that is told: each of their lines, in all usual forms.
    pub(super) fn hide(&mut self, secrets: &[Str]) {
        self.secrets.extend(secrets.iter().flat_map(|secret| forms(secret, SHORTEST)));
        self.secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.secrets.dedup();
    }

    fn say_bytes(&mut self, line: &[u8]) {
        let shown = self.veiled(line);
        let line = &*shown;
        let write = || {
            let mut err = std::io::stderr().lock();
            // There is nobody left to tell.
            let _ = err.write_all(line);
            if !line.ends_with(b"\n") {
                let _ = err.write_all(b"\n");
            }
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Begins to show how far the work on so many releases is: on a terminal, unless the result goes there, too.
    pub(super) fn begin(&mut self, releases: usize) {
        let is_watched = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        if releases < SEVERAL || !is_watched || variable("TERM").as_deref() == Some("dumb") {
            return;
        }
        let style = match self.colour {
            true => "{bar:30.green} {pos} of {len} releases",
            false => "{bar:30} {pos} of {len} releases",
        };
        let bar = ProgressBar::with_draw_target(Some(releases as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        self.bar = Some(bar);
        self.began = Some(Instant::now());
    }

    /// One of them is done.
    pub(super) fn advance(&mut self) {
        let Some(bar) = &self.bar else { return };
        if self.began.is_some_and(|began| began.elapsed() > Duration::from_millis(PATIENCE)) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            self.began = None;
        }
        bar.inc(1);
    }

    /// All are done; says so if results could not be kept.
    pub(super) fn end(&mut self, flags: &Flags<'_>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let Some(words) = flags.cache.as_ref().and_then(|cache| cache.trouble()) {
            self.say(&format!("warning: results could not be kept in the cache: {words}"));
        }
    }

    /// A text without what must not be seen.
    pub(super) fn veiled<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.secrets {
            if memchr::memmem::find(&shown, secret).is_some() {
                shown = Cow::Owned(shown.replace(secret, REDACTED));
            }
        }
        shown
    }

    /// Says what may be wrong, on one line.
    pub(super) fn warn(&mut self, diagnostic: &crate::diagnostic::Diagnostic) {
        let (format, error, warning) = match self.format {
            Ok(Format::Json) => (Format::Json, "\"severity\":\"error\"", "\"severity\":\"warning\""),
            _ => (Format::Short, "error: ", "warning: "),
        };
        let text = report(&diagnostic.clone().into(), format, self.mask, false);
        self.say(&text.replacen(error, warning, 1));
    }

    /// Reports a failure.
    pub(super) fn error(&mut self, error: &Error) {
        let format = *self.format.as_ref().unwrap_or(&Format::Pretty);
        let mut text = report(error, format, self.mask, self.colour);
        if format == Format::Helm && self.advise_debug {
            text.push_str("\n\nUse --debug flag to render out invalid YAML");
        }
        // Helm's words for schemas end with a newline of their own.
        text.push('\n');
        let bytes = restored(&text);
        // Helm's words are printed as they are, ours are text.
        if format == Format::Helm { self.say_bytes(&bytes) } else { self.say(&String::from_utf8_lossy(&bytes)) }
    }
}

/// A variable of the process, if it is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    variable_as_set(name).filter(|value| !value.is_empty())
}

/// A variable of the process, if it is set, to nothing too.
pub(super) fn variable_as_set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
