//! Two `Manifests` → changes → text.
//!
//! [`compare`] takes both sides apart into objects (`objects`), finds which belong together (`matching`, `renames`), hides
//! what is secret (`secrets`), takes out what shall not count (`ignore`), and tells what is left by fields (`fields`) and what
//! of it hurts (`risk`). [`write()`] shows it: a file a format, all of them on top of the lines that differ (`lines`). [`drift()`] tells what
//! somebody did to a cluster from what the chart changes.
//! Nothing secret leaves `compare` unless `show_secrets` asks for it.
//!
//! Whatever is chosen among equals is chosen the same way in both directions, so that the comparison of B with A is the mirror
//! image of that of A with B.

mod brackets;
mod compare;
mod drift;
mod fields;
mod helm;
mod html;
mod ignore;
mod json;
mod lines;
mod listing;
mod markdown;
mod matching;
mod normal;
mod objects;
mod order;
mod quantity;
mod renames;
mod risk;
mod secrets;
mod side;
mod style;
mod summary;
mod template;
mod unified;
mod words;

#[cfg(test)]
mod tests;

pub use compare::{Outcome, compare, compare_whole};
pub use drift::{blame, drift};
pub use ignore::{PRESETS, Rule};
pub(crate) use normal::{gather, is_quantity, same_quantity};
pub use summary::{Plan, plan};

use crate::diagnostic::{Error, Source};
use crate::manifest::{Manifests, Object};
use crate::value::Str;
use serde_json::Value as Json;
use std::str::FromStr;
use std::sync::Arc;

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What is, or would be, applied.
    pub manifests: &'a Manifests,
    /// The release's own namespace.
    pub namespace: &'a str,
    /// What the values of its Secrets are.
    pub secrets: Kept,
}

/// What the values of Secrets are on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// Themselves.
    #[default]
    Plain,
    /// Digests.
    Digest,
    /// Left out: they differ from nothing.
    Omitted,
}

/// What is compared, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Compares what the texts mean.
    pub normalize: bool,
    /// What does not count.
    pub ignore: Vec<Rule>,
    /// Hooks that are tests too.
    pub include_tests: bool,
    /// Files of `crds/` too.
    pub include_crds: bool,
    /// Values of Secrets are shown.
    pub show_secrets: bool,
    /// Objects that look alike under two names are not told as renamed.
    pub no_renames: bool,
    /// Both sides mark what follows from chance, so a mark on one side alone is a difference. Else it matches whatever the
    /// other side has.
    pub marked: bool,
    /// The release, for rules.
    pub release: String,
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there on the right only.
    Added,
    /// It is there on the left only.
    Removed,
    /// It is there on both sides.
    Changed,
    /// It has another name, and most of its content. For a cluster one object goes and another comes.
    Renamed,
}

impl ChangeKind {
    /// `added`, `removed`, `changed`, `renamed`
    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
            ChangeKind::Renamed => "renamed",
        }
    }
}

/// An object that differs.
#[derive(Debug, Clone)]
pub struct Change {
    /// The object: the right side's where there is one.
    pub object: Object,
    /// The left side's, if it was renamed.
    pub from_object: Option<Object>,
    /// What happens to it.
    pub kind: ChangeKind,
    /// The left text as it was compared: Secrets are redacted, what does not count is gone. Without `# Source:`.
    pub before: Option<Str>,
    /// The right text likewise.
    pub after: Option<Str>,
    /// What differs, by fields. Empty where only the text differs, and not what it means. An added or removed object is one
    /// field with the empty path and no values: the object itself.
    pub fields: Vec<Field>,
    /// What hurts about the object as a whole; what hurts about a field is told there.
    pub risks: Vec<String>,
    /// The template that made the left text, as `# Source:` names it; empty if unknown.
    pub from_source: String,
    /// The template that made the right text.
    pub source: String,
    /// Its place among the left objects and among the right ones, for order.
    pub(crate) sort: (String, String),
}

impl Change {
    /// All that hurts about it: the object's risks, and its fields' with their paths.
    pub fn warnings(&self) -> Vec<String> {
        // What hurts about the object is told at one of its fields, too, for formats that have nothing but fields.
        let own = self.risks.join("; ");
        let mut found = self.risks.clone();
        for field in &self.fields {
            let Some(risk) = field.risk.as_ref().filter(|risk| **risk != own) else { continue };
            found.push(if field.path.is_empty() { risk.clone() } else { format!("{}: {risk}", field.path) });
        }
        found
    }

    /// Both sides' template, where it is the same.
    pub(crate) fn common_source(&self) -> Option<&str> {
        let (from, to) = (self.from_source.as_str(), self.source.as_str());
        let source = match self.kind {
            ChangeKind::Added => to,
            ChangeKind::Removed => from,
            ChangeKind::Changed | ChangeKind::Renamed if from == to => to,
            ChangeKind::Changed | ChangeKind::Renamed => return None,
        };
        (!source.is_empty()).then_some(source)
    }
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// `spec.template.spec.containers[web].image`; in a list without keys the smaller of both sides' indexes.
    pub path: String,
    /// Left; none if it is not there.
    pub from: Option<Json>,
    /// Right.
    pub to: Option<Json>,
    /// Why it differs, a line each.
    pub why: Vec<String>,
    /// What hurts about it.
    pub risk: Option<String>,
    /// Whether the cluster was changed there and not the chart; none where no cluster is compared.
    pub drift: Option<bool>,
}

/// How a comparison is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// helm-diff's layout.
    #[default]
    Diff,
    /// What `patch` takes.
    Unified,
    /// Two columns.
    SideBySide,
    /// A field a line.
    Paths,
    /// An object a line, and the plan.
    Summary,
    /// For programs.
    Json,
    /// For a review's comment.
    Markdown,
    /// A page.
    Html,
}

impl Format {
    /// The names of all formats.
    pub const NAMES: [&'static str; 8] =
        ["diff", "unified", "side-by-side", "paths", "summary", "json", "markdown", "html"];
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        Ok(match text {
            "diff" => Format::Diff,
            "unified" => Format::Unified,
            "side-by-side" => Format::SideBySide,
            "paths" => Format::Paths,
            "summary" => Format::Summary,
            "json" => Format::Json,
            "markdown" => Format::Markdown,
            "html" => Format::Html,
            _ => return Err(format!("there is no format `{text}`; there are {}", Format::NAMES.join(", "))),
        })
    }
}

/// A release that was compared.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The environment.
    pub environment: String,
    /// The release.
    pub release: String,
    /// What the left side is called.
    pub from: String,
    /// What the right side is called.
    pub to: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// What else is to be said.
    pub notes: Vec<String>,
    /// Both sides' whole texts, as [`compare_whole`] gives them: `unified` needs them, nothing else does.
    pub texts: Option<(Str, Str)>,
}

/// How a comparison is laid out.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// How many equal lines are shown around those that differ; none: all of them.
    pub context: Option<usize>,
    /// Whether each release has a heading, be it the only one.
    pub headings: bool,
    /// Whether colours are used.
    pub colour: bool,
    /// The terminal's width in columns; 0 is unknown.
    pub width: usize,
    /// How many bytes `markdown` may have; 0 is [`MAX_MARKDOWN`].
    pub max_size: usize,
    /// The template that takes the place of the format's own.
    pub template: Option<Arc<Source>>,
}

/// The size of a Markdown report where nothing else is said: what a comment on a forge may have.
pub const MAX_MARKDOWN: usize = 65_000;

/// Writes a comparison. Where nothing differs, it is empty for all formats that show lines or fields.
///
/// # Errors
/// What is wrong with a template.
pub fn write(report: &[Compared], format: Format, layout: &Layout) -> Result<Vec<u8>, Error> {
    Ok(match format {
        Format::Diff => helm::write(report, layout),
        Format::Unified => unified::write(report, layout),
        Format::SideBySide => side::write(report, layout),
        Format::Paths => listing::write(report, layout),
        Format::Summary => summary::write(report, layout),
        Format::Json => json::write(report),
        Format::Markdown => markdown::write(report, layout)?,
        Format::Html => html::write(report, layout)?,
    })
}
