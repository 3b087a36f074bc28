//! What failed, where, through what, and what to do about it.

mod excerpt;
mod mask;
mod page;
mod report;
mod similar;
mod source;

pub use mask::{secret, secret_line};
pub use report::{Format, report};
#[cfg(feature = "schema")]
pub(crate) use similar::distance;
pub use similar::nearest;
pub use source::{Location, Source, Span};

use std::any::Any;
use std::fmt;

/// One or more diagnostics; one word wide.
#[derive(Clone)]
#[allow(clippy::box_collection)] // Results that hold one stay small.
pub struct Error(Box<Vec<Diagnostic>>);

/// A failure as data: drawn in one place, `diagnostic::report`.
#[derive(Clone, Default)]
pub struct Diagnostic {
    /// One sentence in lower case: what the person can act on.
    pub message: String,
    /// The culprit.
    pub at: Option<Location>,
    /// What stands under the culprit in the excerpt.
    pub note: String,
    /// What explains it, in the excerpt.
    pub labels: Vec<Label>,
    /// `=` facts: the stack, where values were sought. A fact may have several lines.
    pub facts: Vec<String>,
    /// `help:` lines.
    pub hints: Vec<Hint>,
    /// Helm's own words without `Error: `; for schema errors all lines.
    pub helm: Option<String>,
}

/// A place that explains a failure.
#[derive(Clone)]
pub struct Label {
    /// Where.
    pub at: Location,
    /// What it says; kinds, not contents.
    pub text: String,
}

/// One thing to do, and a place that shows it.
#[derive(Clone)]
pub struct Hint {
    /// What to do.
    pub text: String,
    /// The place that shows why.
    pub at: Option<Location>,
}

impl Diagnostic {
    /// A failure whose words are Helm's.
    pub fn helm(words: impl Into<String>) -> Self {
        let words = words.into();
        Diagnostic { message: words.clone(), helm: Some(words), ..Diagnostic::default() }
    }

    /// A failure that Helm does not know.
    pub fn own(message: impl Into<String>) -> Self {
        Diagnostic { message: message.into(), ..Diagnostic::default() }
    }

    /// A failure in our words that Helm tells in others.
    pub fn new(message: impl Into<String>, helm: impl Into<String>) -> Self {
        Diagnostic { message: message.into(), helm: Some(helm.into()), ..Diagnostic::default() }
    }

    /// The same failure with its place.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }

    /// The same failure with one thing to do.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(Hint { text: text.into(), at: None });
        self
    }

    /// The same failure with a fact.
    #[must_use]
    pub fn fact(mut self, text: impl Into<String>) -> Self {
        self.facts.push(text.into());
        self
    }
}

impl Error {
    /// What it takes, roughly, in bytes.
    #[cfg(feature = "cli")]
    pub(crate) fn size(&self) -> usize {
        let place = |at: &Location| at.source.text.len();
        let one = |diagnostic: &Diagnostic| {
            let Diagnostic { message, at, note, labels, facts, hints, helm } = diagnostic;
            let texts = [message, note].into_iter().chain(facts).chain(helm);
            let texts = texts.chain(labels.iter().map(|label| &label.text)).chain(hints.iter().map(|hint| &hint.text));
            let places = at.iter().chain(labels.iter().map(|label| &label.at));
            texts.map(String::len).chain(places.map(place)).sum::<usize>()
        };
        self.0.iter().map(one).sum()
    }

    /// Several failures that do not depend on each other.
    pub fn all(diagnostics: Vec<Diagnostic>) -> Self {
        Error(Box::new(diagnostics))
    }

    /// A failure whose words are Helm's.
    pub fn helm(words: impl Into<String>) -> Self {
        Diagnostic::helm(words).into()
    }

    /// The failures.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }

    /// The failures, to be added to.
    pub fn diagnostics_mut(&mut self) -> &mut Vec<Diagnostic> {
        &mut self.0
    }

    /// What Helm says of it, without `Error: `.
    pub fn helm_words(&self) -> String {
        let words = self.0.iter().find_map(|d| d.helm.clone());
        words.unwrap_or_else(|| self.0.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("\n"))
    }

    /// The same failure, Helm's words changed: Helm wraps errors on their way up.
    #[must_use]
    pub fn wrap_helm(mut self, wrap: impl Fn(&str) -> String) -> Self {
        for diagnostic in self.0.iter_mut() {
            if let Some(words) = &mut diagnostic.helm {
                *words = wrap(words);
            }
        }
        self
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Error(Box::new(vec![diagnostic]))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&diagnostic.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// What a function can know about its own failure: what went wrong, never where.
///
/// `template::execute` adds the place, unwinding adds the frames.
#[derive(Debug)]
pub struct Failure {
    /// Go's words for the failure, without `error calling F: `.
    pub message: String,
    /// Ways out that hold for sure.
    pub hints: Vec<String>,
    /// What exactly happened, where the words alone do not say it.
    pub kind: FailureKind,
}

/// The failures that the executor treats apart.
#[derive(Debug, Default)]
pub enum FailureKind {
    /// A function returned an error, or panicked (Go turns both into `error calling F: …`).
    #[default]
    Returned,
    /// `fail` or `required`: Helm prints these in a form of their own.
    Raised,
    /// A template that was called failed with an error that has a place already: a `template::ExecError`.
    Nested(Box<dyn Any>),
    /// A `tpl` text could not be parsed: a `template::ParseError`.
    Unparsable(Box<dyn Any>),
}

impl Failure {
    /// A failure with Go's words for it.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), hints: Vec::new(), kind: FailureKind::Returned }
    }

    /// The same failure with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::new(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::new(message)
    }
}
