//! A revision of a git repository, or what is staged, read by the real git without touching the work tree.
//!
//! Paths are those of the work tree, so that a project is found at a revision where it is found on disk. What lies
//! outside of the repository is read from disk: it has no revisions. So are charts that git ignores, as they lie in `charts/` once
//! they were fetched, and submodules: whoever renders a revision renders it with those that are there.

use super::walk::Walk;
use super::{BufferedFile, Disk, Error, Ignore, Kind, Tree, clean};
use crate::value::Str;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most files that a revision may have.
const MAX_ENTRIES: usize = 2_000_000;

/// The largest file that is read by its name.
const MAX_READ: u64 = 256 * 1024 * 1024;

/// The most links that are followed on the way to a file.
const MAX_LINKS: usize = 40;

/// Which state of a repository is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// A commit, by any name that git knows.
    Commit(String),
    /// What would be committed.
    Index,
}

impl Revision {
    /// `index` is what is staged; everything else is a name for git.
    pub fn parse(text: &str) -> Self {
        if text == "index" { Revision::Index } else { Revision::Commit(text.to_owned()) }
    }

    /// As it is typed.
    pub fn name(&self) -> &str {
        match self {
            Revision::Commit(name) => name,
            Revision::Index => "index",
        }
    }
}

#[derive(Debug, Clone)]
enum Entry {
    File(String),
    Link(String),
    /// A file or folder on disk: another repository, or what git ignores.
    Outside,
    Folder,
}

/// A state of a repository as a tree.
#[derive(Debug)]
pub struct Git {
    /// The repository's folder, absolute, with links followed.
    top: String,
    /// How paths that go through links begin, and what stands for it below the top.
    link: Option<(String, String)>,
    /// Path below the top → what it is.
    entries: BTreeMap<String, Entry>,
    objects: Mutex<Objects>,
    id: u64,
}

/// How many revisions were opened. The disk comes before them.
static OPENED: AtomicU64 = AtomicU64::new(1);

/// A running `git cat-file --batch`.
#[derive(Debug)]
struct Objects {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends when its input does.
        self.ask = None;
        let _ = self.child.wait();
    }
}

/// Runs git and gives what it prints.
///
/// # Errors
/// It cannot be run, or fails: what it says, on one line.
pub fn git(arguments: &[&str]) -> Result<Vec<u8>, Error> {
    let output = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::rule(format!("git cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it says nothing");
    Err(Error::rule(format!("git: {}", said.trim_start_matches("fatal: "))))
}

/// The top folder of the repository that a path is in, absolute.
///
/// # Errors
/// There is no repository, or no git.
pub fn top(path: &str) -> Result<String, Error> {
    let printed = git(&["-C", &folder(path), "rev-parse", "--show-toplevel"]);
    let mut printed = printed.map_err(|error| match path {
        "." => error,
        _ => Error::rule(format!("{} (asked at {path})", error.words)),
    })?;
    while printed.last() == Some(&b'\n') {
        printed.pop();
    }
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// The folder that a path is, or lies in, whatever of it is gone.
fn folder(path: &str) -> String {
    let path = Disk.absolute(path);
    let above = Path::new(&path).ancestors().find(|above| above.is_dir());
    above.map_or_else(|| ".".to_owned(), |above| above.to_string_lossy().into_owned())
}

/// How a folder's path begins where it goes through links, and the same without them; none where it does not.
fn link(folder: &str) -> Option<(String, String)> {
    let real = std::fs::canonicalize(folder).ok()?.to_string_lossy().into_owned();
    let (mut told, mut real) = (folder, real.as_str());
    // What both end with is no part of the link.
    while let (Some((above, name)), Some((real_above, real_name))) = (told.rsplit_once('/'), real.rsplit_once('/'))
        && name == real_name
        && !name.is_empty()
    {
        (told, real) = (above, real_above);
    }
    (told != real).then(|| (told.to_owned(), real.to_owned()))
}

/// Adds the folders that a path lies in.
fn add_folders(entries: &mut BTreeMap<String, Entry>, path: &str) {
    for (at, _) in path.match_indices('/') {
        let folder = path.get(..at).unwrap_or_default();
        if !entries.contains_key(folder) {
            entries.insert(folder.to_owned(), Entry::Folder);
        }
    }
}

/// What git ignores of the folders `charts/` of charts that it has.
fn fetched(top: &str, entries: &BTreeMap<String, Entry>) -> Result<Vec<String>, Error> {
    if !entries.keys().any(|path| path == "Chart.yaml" || path.ends_with("/Chart.yaml")) {
        return Ok(Vec::new());
    }
    let listed = ["-C", top, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    let mut found = Vec::new();
    for path in git(&listed)?.split(|b| *b == 0) {
        let path = String::from_utf8_lossy(path);
        let path = path.trim_end_matches('/');
        let in_chart = |chart: &str| {
            let chart = if chart.is_empty() { "Chart.yaml".to_owned() } else { format!("{chart}/Chart.yaml") };
            entries.contains_key(&chart)
        };
        // `charts`, or anything in it.
        let folders = std::iter::once(path.len()).chain(path.match_indices('/').map(|(at, _)| at));
        let mut charts = folders.filter_map(|at| match path.get(..at)? {
            "charts" => Some(""),
            folder => folder.strip_suffix("/charts"),
        });
        if charts.any(in_chart) && !entries.contains_key(path) {
            found.push(path.to_owned());
        }
    }
    Ok(found)
}

impl Git {
    /// Lists a revision of the repository that a path is in: a project's folder, a chart, `.`.
    ///
    /// # Errors
    /// There is no such repository or revision, files are unmerged, or git cannot be run.
    pub fn open(revision: &Revision, path: &str) -> Result<Git, Error> {
        let top = top(path)?;
        let mut entries = BTreeMap::new();
        let listing = match revision {
            Revision::Commit(name) => {
                let wanted = format!("{name}^{{tree}}");
                let missing = |_| Error { words: format!("git knows no revision `{name}`"), missing: true };
                let asked = ["-C", &top, "rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
                let tree = git(&asked).map_err(missing)?;
                let tree = String::from_utf8_lossy(&tree).trim().to_owned();
                git(&["-C", &top, "ls-tree", "-r", "-z", "--full-tree", &tree])?
            }
            Revision::Index => git(&["-C", &top, "ls-files", "--stage", "-z", "--full-name"])?,
        };
        for record in listing.split(|b| *b == 0).filter(|record| !record.is_empty()) {
            let record = String::from_utf8_lossy(record);
            let Some((head, path)) = record.split_once('\t') else { continue };
            let words: Vec<&str> = head.split(' ').collect();
            // `mode type object` of a tree, `mode object stage` of the index.
            let (mode, object, stage) = match (revision, words.as_slice()) {
                (Revision::Commit(_), [mode, _, object]) => (*mode, *object, "0"),
                (Revision::Index, [mode, object, stage]) => (*mode, *object, *stage),
                _ => continue,
            };
            if stage != "0" {
                return Err(Error::rule(format!("`{path}` is unmerged: what is staged is not one state")));
            }
            if entries.len() >= MAX_ENTRIES {
                return Err(Error::rule(format!("the revision holds more than {MAX_ENTRIES} files")));
            }
            add_folders(&mut entries, path);
            let entry = match mode {
                "120000" => Entry::Link(object.to_owned()),
                "160000" => Entry::Outside,
                _ => Entry::File(object.to_owned()),
            };
            entries.insert(path.to_owned(), entry);
        }
        for path in fetched(&top, &entries)? {
            add_folders(&mut entries, &path);
            entries.insert(path, Entry::Outside);
        }
        let mut child = Command::new("git")
            .args(["-C", &top, "cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Error::rule(format!("git cannot be run: {error}")))?;
        let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::rule("git cannot be talked to"));
        };
        let objects = Objects { child, ask: Some(ask), answer: BufReader::new(answer) };
        Ok(Git {
            link: link(&folder(path)),
            top,
            entries,
            objects: Mutex::new(objects),
            id: OPENED.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The paths of all files, below the top.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let is_file = |entry: &Entry| matches!(entry, Entry::File(_) | Entry::Link(_));
        self.entries.iter().filter(move |(_, entry)| is_file(entry)).map(|(path, _)| path.as_str())
    }

    /// The repository's folder, absolute.
    pub fn folder(&self) -> &str {
        &self.top
    }

    /// The path below the top, if it is there.
    fn below(&self, path: &str) -> Option<String> {
        let full = self.absolute(path);
        if full == self.top {
            return Some(String::new());
        }
        full.strip_prefix(&self.top)?.strip_prefix('/').map(str::to_owned)
    }

    /// What stands at a path below the top once all links are followed, and its own path.
    fn find(&self, path: &str) -> Result<Option<(String, Entry)>, Error> {
        let mut done = String::new();
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    if done.is_empty() {
                        // A link that leads out of the repository.
                        return Ok(None);
                    }
                    done.truncate(done.rfind('/').unwrap_or_default());
                    continue;
                }
                _ => {}
            }
            let here = if done.is_empty() { part } else { format!("{done}/{part}") };
            match self.entries.get(&here) {
                None => return Ok(None),
                Some(Entry::Link(object)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Error::rule(format!("open {path}: too many levels of symbolic links")));
                    }
                    let target = self.object(object, path)?;
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let target = match target.strip_prefix(&format!("{}/", self.top)) {
                        Some(inside) => {
                            done.clear();
                            inside.to_owned()
                        }
                        None if target.starts_with('/') => return Ok(None),
                        None => target,
                    };
                    rest.extend(target.split('/').rev().map(str::to_owned));
                }
                Some(Entry::Outside) => {
                    rest.retain(|part| !part.is_empty());
                    let below = rest.iter().rev().map(String::as_str);
                    let path = std::iter::once(here.as_str()).chain(below).collect::<Vec<_>>().join("/");
                    return Ok(Some((path, Entry::Outside)));
                }
                Some(_) => done = here,
            }
        }
        let entry =
            if done.is_empty() { Entry::Folder } else { self.entries.get(&done).cloned().unwrap_or(Entry::Folder) };
        Ok(Some((done, entry)))
    }

    /// The bytes of an object.
    fn object(&self, object: &str, path: &str) -> Result<Vec<u8>, Error> {
        let failed = |why: &str| Error::rule(format!("read {path}: git: {why}"));
        let mut objects = self.objects.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Objects { ask, answer, .. } = &mut *objects;
        let ask = ask.as_mut().ok_or_else(|| failed("it has ended"))?;
        ask.write_all(format!("{object}\n").as_bytes())
            .and_then(|()| ask.flush())
            .map_err(|e| failed(&e.to_string()))?;
        let mut head = String::new();
        answer.by_ref().take(4096).read_line(&mut head).map_err(|e| failed(&e.to_string()))?;
        // `OBJECT blob SIZE`
        let size = head.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse::<u64>().ok());
        let Some(size) = size else { return Err(failed(head.trim())) };
        let mut data = Vec::new();
        answer.by_ref().take(size.min(MAX_READ + 1)).read_to_end(&mut data).map_err(|e| failed(&e.to_string()))?;
        if size > MAX_READ {
            // What is left stays unread: nothing more can be asked.
            objects.ask = None;
            return Err(Error::rule(format!("{path} is larger than {MAX_READ} bytes")));
        }
        if data.len() as u64 != size {
            return Err(failed("it ended early"));
        }
        let mut newline = [0];
        answer.read_exact(&mut newline).map_err(|e| failed(&e.to_string()))?;
        Ok(data)
    }

    /// The names in a folder below the top, in byte order.
    fn names(&self, folder: &str) -> Vec<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = self.entries.range(prefix.clone()..).map(|(path, _)| path);
        let inside = inside.take_while(|path| path.starts_with(&prefix)).filter_map(|path| path.get(prefix.len()..));
        inside.filter(|name| !name.is_empty() && !name.contains('/')).map(str::to_owned).collect()
    }

    fn missing(call: &str, path: &str) -> Error {
        Error { words: format!("{call} {path}: no such file or directory"), missing: true }
    }

    /// Collects the files below a folder.
    fn collect(&self, folder: &str, below: &str, walk: &mut Walk<'_>, depth: usize) -> Result<(), Error> {
        if depth > 256 {
            return Err(Error::rule(format!("{folder}: folders are nested too deeply")));
        }
        for name in self.names(folder) {
            let full = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let below = if below.is_empty() { name } else { format!("{below}/{name}") };
            let shown = format!("{}/{full}", self.top);
            let is_link = matches!(self.entries.get(&full), Some(Entry::Link(_)));
            let Some((place, entry)) = self.find(&full)? else {
                let words = format!("error evaluating symlink {shown}: lstat {shown}: no such file or directory");
                return Err(Error::rule(words));
            };
            if is_link {
                let resolved = format!("{}/{place}", self.top);
                walk.follow(&shown, &resolved);
            }
            walk.visit(&shown)?;
            let outside = format!("{}/{place}", self.top);
            let is_folder = match entry {
                Entry::Folder => true,
                Entry::Outside => Disk.kind(&outside)? == Kind::Folder,
                Entry::File(_) | Entry::Link(_) => false,
            };
            if (walk.ignore)(&below, is_folder) {
                continue;
            }
            match entry {
                Entry::Outside if is_folder => {
                    let ignore = walk.ignore;
                    let inside = |name: &str, is_folder: bool| ignore(&format!("{below}/{name}"), is_folder);
                    for file in Disk.walk(&outside, &inside, walk.log)? {
                        walk.files.push(BufferedFile { name: format!("{below}/{}", file.name), data: file.data });
                    }
                }
                Entry::Outside => walk.keep(&shown, &below, Disk.read(&outside)?)?,
                Entry::Folder => self.collect(&place, &below, walk, depth + 1)?,
                Entry::File(object) => walk.keep(&shown, &below, self.object(&object, &shown)?)?,
                Entry::Link(_) => {}
            }
        }
        Ok(())
    }
}

impl Tree for Git {
    fn id(&self) -> Option<u64> {
        Some(self.id)
    }

    fn absolute(&self, path: &str) -> String {
        // The top is told with links followed; so must be the working directory, and whatever leads to it.
        let full = if path.starts_with('/') {
            clean(path)
        } else {
            let here = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
            clean(&format!("{}/{path}", here.to_string_lossy()))
        };
        let through = self.link.as_ref().and_then(|(told, real)| Some((full.strip_prefix(told)?, real)));
        match through {
            Some((rest, real)) if rest.is_empty() || rest.starts_with('/') => format!("{real}{rest}"),
            _ => full,
        }
    }

    fn kind(&self, path: &str) -> Result<Kind, Error> {
        let Some(below) = self.below(path) else { return Disk.kind(path) };
        match self.find(&below)? {
            Some((_, Entry::File(_) | Entry::Link(_))) => Ok(Kind::File),
            Some((_, Entry::Folder)) => Ok(Kind::Folder),
            Some((place, Entry::Outside)) => {
                Disk.kind(&format!("{}/{place}", self.top)).map_err(|_| Git::missing("stat", path))
            }
            None => Err(Git::missing("stat", path)),
        }
    }

    fn read(&self, path: &str) -> Result<Str, Error> {
        let Some(below) = self.below(path) else { return Disk.read(path) };
        match self.find(&below)? {
            Some((_, Entry::File(object))) => Ok(self.object(&object, path)?.into()),
            Some((_, Entry::Folder)) => Err(Error::rule(format!("read {path}: is a directory"))),
            Some((place, Entry::Outside)) => {
                Disk.read(&format!("{}/{place}", self.top)).map_err(|error| match error.missing {
                    true => Git::missing("open", path),
                    false => error,
                })
            }
            Some((_, Entry::Link(_))) | None => Err(Git::missing("open", path)),
        }
    }

    fn walk(&self, root: &str, ignore: &Ignore<'_>, log: &mut Vec<String>) -> Result<Vec<BufferedFile>, Error> {
        let Some(below) = self.below(root) else { return Disk.walk(root, ignore, log) };
        let mut walk = Walk::new(ignore, log);
        match self.find(&below)? {
            Some((place, Entry::Folder)) => self.collect(&place, "", &mut walk, 0)?,
            Some((place, Entry::Outside)) => return Disk.walk(&format!("{}/{place}", self.top), ignore, walk.log),
            _ => {}
        }
        Ok(walk.files)
    }
}
