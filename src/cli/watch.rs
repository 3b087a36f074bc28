//! `--watch`: the same once more whenever a file changes that it is made of.

use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::project::{Changed, with_local_dependencies};
use crate::shelf::Shelf;
use crate::tree::{Disk, Kind, Tree};
use crate::values::SUFFIX;
use notify::event::ModifyKind;
use notify::{EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Whoever saves a file often does so in several steps: this long nothing must happen…
const QUIET: Duration = Duration::from_millis(8);

/// … but nobody waits longer than this.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is watched, by absolute paths.
#[derive(Default)]
pub(super) struct Places {
    /// Folders, and whether what lies deeper in them counts.
    folders: BTreeSet<(String, bool)>,
    /// Files that may lie in the others.
    files: BTreeSet<String>,
    /// Files that links lead to, and the links.
    links: Vec<(String, String)>,
    /// What the command writes itself.
    own: Vec<String>,
}

/// The folder that a path lies in.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder })
}

impl Places {
    /// A chart, and what it names with `file://`.
    pub(super) fn chart(&mut self, path: &str) {
        for chart in with_local_dependencies(&Disk, path) {
            if Disk.kind(&chart) == Ok(Kind::Folder) {
                self.folders.insert((chart.clone(), true));
                // It may be removed, and come back.
                self.around(&chart);
            } else {
                self.file(&chart);
            }
        }
    }

    /// A file, plain or a template. It need not be there.
    pub(super) fn file(&mut self, path: &str) {
        let path = Disk.absolute(path);
        if let Ok(real) = std::fs::canonicalize(&path).map(|real| real.to_string_lossy().into_owned())
            && real != path
        {
            self.folders.insert((parent(&real).to_owned(), false));
            self.files.insert(real.clone());
            self.links.push((real, path.clone()));
        }
        self.around(&path);
        self.around(parent(&path));
        self.files.insert(format!("{path}{SUFFIX}"));
        self.files.insert(path);
    }

    /// The nearest folder that there is around a path.
    fn around(&mut self, path: &str) {
        let mut folder = parent(path);
        while Disk.kind(folder) != Ok(Kind::Folder) && folder != "/" {
            folder = parent(folder);
        }
        self.folders.insert((folder.to_owned(), false));
    }

    /// A folder that the command writes to: what changes there is its own doing.
    pub(super) fn output(&mut self, path: &str) {
        self.own.push(Disk.absolute(path));
    }

    /// Whether a change of a path matters, and whether it is about a folder around what is watched: then all may have changed.
    fn matters(&self, path: &str) -> (bool, bool) {
        let is_in = |path: &str, folder: &str| Path::new(path).starts_with(folder);
        if self.own.iter().any(|folder| is_in(path, folder)) || is_passing(path) {
            return (false, false);
        }
        let mut inner = self.folders.iter().map(|(folder, _)| folder).chain(&self.files);
        let is_around =
            self.folders.contains(&(path.to_owned(), true)) || inner.any(|inner| inner != path && is_in(inner, path));
        let is_inside = self.folders.iter().any(|(folder, deep)| *deep && is_in(path, folder));
        (is_around || is_inside || self.files.contains(path), is_around)
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
    let mut known = Places::default();
    let mut changed: Option<Changed> = None;
    let mut is_first = true;
    loop {
        // What is broken is told below, and mended in one of the places that were known before.
        if let Ok(now) = places() {
            known = now;
        }
        for (folder, deep) in &known.folders {
            let mode = if *deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            // Again each time: a folder that went and came back is another one. One that is not there is told by who needs it.
            let _ = watcher.watch(Path::new(folder), mode);
        }
        if known.folders.is_empty() {
            return once(terminal, None);
        }
        if let Err(error) = once(terminal, changed.as_ref()) {
            terminal.error(&error);
        }
        if terminal.is_unread {
            return Ok(());
        }
        if std::mem::take(&mut is_first) {
            terminal.say("watching for changes; Ctrl-C ends");
        }
        let Some((paths, is_wide)) = next(&changes, &known) else { return Ok(()) };
        let now = Changed::new(&Disk, paths.iter().map(String::as_str));
        shelf.forget(|chart| is_wide || now.has(&Disk.absolute(chart)));
        changed = (!is_wide).then_some(now);
    }
}

/// Waits for changes, and until no more come: the paths, and whether one is of a folder around what is watched. None when there
/// will be no more.
fn next(changes: &Receiver<notify::Result<notify::Event>>, places: &Places) -> Option<(BTreeSet<String>, bool)> {
    let mut paths = BTreeSet::new();
    let mut is_wide = false;
    let mut began: Option<Instant> = None;
    loop {
        let event = match began {
            None => changes.recv().ok()?,
            Some(began) if began.elapsed() > PATIENCE => return Some((paths, is_wide)),
            Some(_) => match changes.recv_timeout(QUIET) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => return Some((paths, is_wide)),
                Err(RecvTimeoutError::Disconnected) => return None,
            },
        };
        let Ok(event) = event else { continue };
        if matches!(event.kind, EventKind::Access(_)) {
            continue;
        }
        for path in event.paths.iter().map(|path| path.to_string_lossy().into_owned()) {
            let (matters, around) = places.matters(&path);
            if !matters {
                continue;
            }
            // That a folder's own times change says nothing.
            is_wide |= around && !matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
            paths.extend(places.links.iter().filter(|(real, _)| *real == path).map(|(_, link)| link.clone()));
            paths.insert(path);
            began.get_or_insert_with(Instant::now);
        }
    }
}

/// What editors and git write beside the files that are meant.
fn is_passing(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".swx") || name == "4913" || path.contains("/.git/")
}
