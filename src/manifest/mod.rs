//! Rendered files → resources and hooks, in the order in which Helm prints them.

pub mod chance;
pub(crate) mod edits;
mod explain;
pub mod keys;
mod object;
mod order;
pub mod overrides;
pub mod path;
pub mod postrender;
mod read;
pub mod secret;
mod split;
mod veil;

pub use explain::explain;
pub use object::{Claims, Clash, Object};
pub(crate) use read::{clean, is_empty, without_noise, written};
pub use read::{decoded, read, read_objects, stream};
pub use split::split;
use veil::{disguises, veil};

use crate::engine::Rendered;
use crate::go::slog::{Level, line};
use crate::value::Str;
use crate::yaml;
use bstr::ByteSlice;

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Helm's name of the template that made it: `web/templates/service.yaml`.
    pub path: String,
    /// Its text as Helm prints it.
    pub text: Str,
    /// `kind`; empty if it has none.
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// When it runs, if it is a hook.
    pub events: Vec<Event>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Event {
    PreInstall,
    PostInstall,
    PreDelete,
    PostDelete,
    PreUpgrade,
    PostUpgrade,
    PreRollback,
    PostRollback,
    Test,
}

impl Event {
    /// Reads one word of the annotation `helm.sh/hook`.
    fn parse(word: &str) -> Option<Event> {
        Some(match word {
            "pre-install" => Event::PreInstall,
            "post-install" => Event::PostInstall,
            "pre-delete" => Event::PreDelete,
            "post-delete" => Event::PostDelete,
            "pre-upgrade" => Event::PreUpgrade,
            "post-upgrade" => Event::PostUpgrade,
            "pre-rollback" => Event::PreRollback,
            "post-rollback" => Event::PostRollback,
            "test" | "test-success" => Event::Test,
            _ => return None,
        })
    }
}

/// What a chart applies: everything in Helm's order.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// Files of `crds/`: their Helm names and texts, neither split nor sorted.
    pub crds: Vec<(String, Str)>,
    /// What is installed.
    pub resources: Vec<Document>,
    /// What runs around it.
    pub hooks: Vec<Document>,
}

impl Manifests {
    /// Brings the texts into the form in which they are compared and stored. Behind each of them Helm writes a line end.
    pub fn settle(&mut self) {
        for text in self.texts_mut() {
            let ended = [text.as_bytes(), b"\n"].concat();
            *text = clean(&Str::from(ended)).1;
        }
    }

    /// Puts digests, or a mere word, in the place of what came from encrypted layers, however it is written.
    pub fn veil(&mut self, secrets: &[Str], digests: bool) {
        if secrets.is_empty() {
            return;
        }
        let disguises = disguises(secrets);
        for text in self.texts_mut() {
            if let Some(veiled) = veil(text, &disguises, digests) {
                *text = veiled;
            }
        }
    }

    /// The size of the texts of all documents, in bytes.
    pub fn size(&self) -> usize {
        let crds = self.crds.iter().map(|(_, text)| text.len());
        crds.chain(self.resources.iter().chain(&self.hooks).map(|document| document.text.len())).sum()
    }

    /// The texts of all documents, to be changed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Str> {
        let crds = self.crds.iter_mut().map(|(_, text)| text);
        crds.chain(self.resources.iter_mut().chain(&mut self.hooks).map(|document| &mut document.text))
    }
}

/// A rendered text that is no manifest.
#[derive(Debug)]
pub struct NoManifest {
    /// Which of the rendered files.
    pub file: usize,
    /// The document's text.
    pub document: Str,
    /// What is wrong with it.
    pub error: yaml::Error,
    /// The hooks before it, in the order of the files: Helm shows them under `--debug`.
    pub hooks: Vec<Document>,
}

/// Whether the file is notes: executed, but not printed.
pub fn is_notes(name: &str) -> bool {
    name.ends_with("NOTES.txt")
}

/// Whether the file is a partial: only there for others.
fn is_partial(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
}

/// Splits the files, which come in the order of their names, into documents; tells hooks from resources; sorts both by kind.
/// Hooks of unknown kinds are dropped with a line in the log.
///
/// # Errors
/// The first document that is not YAML, or no mapping.
pub fn arrange(files: &[Rendered], log: &mut Vec<String>) -> Result<Manifests, NoManifest> {
    arrange_but(files, is_notes, log)
}

/// The same without the files that are left out by their names.
fn arrange_but(
    files: &[Rendered],
    is_left_out: impl Fn(&str) -> bool,
    log: &mut Vec<String>,
) -> Result<Manifests, NoManifest> {
    let mut manifests = Manifests::default();
    for (i, file) in files.iter().enumerate() {
        if is_left_out(&file.name) {
            continue;
        }
        for text in split(&file.text) {
            let head = match yaml::head(text) {
                Ok(head) => head,
                Err(error) => {
                    let (document, hooks) = (Str::from(text), manifests.hooks);
                    return Err(NoManifest { file: i, document, error, hooks });
                }
            };
            let mut document = Document {
                path: file.name.clone(),
                text: Str::from(text),
                kind: head.kind.to_string(),
                name: head.name.to_string(),
                events: Vec::new(),
            };
            let Some(hook) = head.annotation("helm.sh/hook").map(ToString::to_string) else {
                manifests.resources.push(document);
                continue;
            };
            let events: Option<Vec<Event>> =
                hook.split(',').map(|word| Event::parse(&word.trim().to_lowercase())).collect();
            match events {
                Some(events) => {
                    document.events = events;
                    manifests.hooks.push(document);
                }
                None => log.push(line(Level::Info, "skipping unknown hooks", &[("hookTypes", &hook)])),
            }
        }
    }
    order::by_kind(&mut manifests.resources);
    order::by_kind(&mut manifests.hooks);
    Ok(manifests)
}

/// Whether a text is nothing but white space, as Go sees it.
pub fn is_blank(text: &[u8]) -> bool {
    text.trim().is_empty()
}
