//! `--watch`: the same once more whenever a file changes that it is made of.

use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::project::{Changed, with_local_dependencies};
use crate::shelf::Shelf;
use crate::tree::{Disk, Kind, Tree};
use notify::{EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Whoever saves a file often does so in several steps: this long nothing must happen…
const QUIET: Duration = Duration::from_millis(8);

/// … but nobody waits longer than this.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is watched: absolute paths of folders, and whether what lies deeper in them counts.
#[derive(Default)]
pub(super) struct Places {
    folders: BTreeSet<(String, bool)>,
    /// What the command writes itself.
    own: Vec<String>,
}

impl Places {
    /// A chart, and what it names with `file://`.
    pub(super) fn chart(&mut self, path: &str) {
        for chart in with_local_dependencies(&Disk, path) {
            match Disk.kind(&chart) {
                Ok(Kind::Folder) => {
                    self.folders.insert((chart, true));
                }
                _ => self.file(&chart),
            }
        }
    }

    /// A file: the folder that it is in, since files are often replaced.
    pub(super) fn file(&mut self, path: &str) {
        let path = Disk.absolute(path);
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        self.folders.insert((folder.to_owned(), false));
    }

    /// A folder that the command writes to: what changes there is its own doing.
    pub(super) fn output(&mut self, path: &str) {
        self.own.push(Disk.absolute(path));
    }
}

/// Does something, and does it again with what changed, until the process is ended or nobody reads what it prints. `places`
/// tells what is to be watched.
///
/// # Errors
/// The system cannot watch files. What fails otherwise is told, and the next change awaited.
pub(super) fn run(
    terminal: &mut Terminal,
    shelf: &Shelf,
    mut places: impl FnMut() -> Result<Places, Error>,
    mut once: impl FnMut(&mut Terminal, Option<&Changed>) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |error: notify::Error| Error::from(Diagnostic::own(format!("files cannot be watched: {error}")));
    let (send, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(send).map_err(failed)?;
    let mut watched: BTreeSet<(String, bool)> = BTreeSet::new();
    let mut changed: Option<Changed> = None;
    loop {
        let mut own = Vec::new();
        // What is broken is told below, and mended in one of the places that were known before.
        if let Ok(now) = places() {
            own = now.own;
            for (folder, deep) in &now.folders {
                let place = (folder.clone(), *deep);
                if !watched.contains(&place) {
                    let mode = if *deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
                    // A folder that is not there is told by who needs it.
                    if watcher.watch(Path::new(folder), mode).is_ok() {
                        watched.insert(place);
                    }
                }
            }
        }
        if watched.is_empty() {
            return once(terminal, None);
        }
        if let Err(error) = once(terminal, changed.as_ref()) {
            terminal.error(&error);
        }
        if terminal.is_unread {
            return Ok(());
        }
        if changed.is_none() {
            terminal.say("watching for changes; Ctrl-C ends");
        }
        let Some(paths) = next(&changes, &own) else { return Ok(()) };
        let now = Changed::new(&Disk, paths.iter().map(String::as_str));
        shelf.forget(|chart| now.has(&Disk.absolute(chart)));
        changed = Some(now);
    }
}

/// Waits for changes, and until no more come; none when there will be no more.
fn next(changes: &Receiver<notify::Result<notify::Event>>, own: &[String]) -> Option<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    let mut began: Option<Instant> = None;
    loop {
        let event = match began {
            None => changes.recv().ok()?,
            Some(began) if began.elapsed() > PATIENCE => return Some(paths),
            Some(_) => match changes.recv_timeout(QUIET) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => return Some(paths),
                Err(RecvTimeoutError::Disconnected) => return None,
            },
        };
        let Ok(event) = event else { continue };
        if matches!(event.kind, EventKind::Access(_)) {
            continue;
        }
        let new = event.paths.iter().map(|path| path.to_string_lossy().into_owned());
        let is_own = |path: &String| own.iter().any(|folder| Path::new(path).starts_with(folder));
        let before = paths.len();
        paths.extend(new.filter(|path| !is_own(path) && !is_passing(path)));
        if paths.len() > before {
            began.get_or_insert_with(Instant::now);
        }
    }
}

/// What editors and git write beside the files that are meant.
fn is_passing(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".swx") || name == "4913" || path.contains("/.git/")
}
