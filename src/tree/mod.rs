//! Named bytes, read and listed: a folder on disk, an archive, a git revision, memory.

mod archive;
mod disk;
mod git;
mod near;
mod once;
mod walk;

pub use crate::go::filepath::clean;
pub use archive::{Budget, check_archive, unpack};
pub use disk::Disk;
pub use git::{Git, Revision, git, top};
pub use near::{near, near_folder};
pub use once::Once;

use crate::value::Str;
use std::collections::BTreeMap;
use std::fmt;

/// The largest file that a chart may hold, in bytes (Helm: archive.MaxDecompressedFileSize).
pub const MAX_FILE: u64 = 5 * 1024 * 1024;

/// The most that one archive may hold, in bytes (Helm: archive.MaxDecompressedChartSize).
pub const MAX_ARCHIVE: u64 = 100 * 1024 * 1024;

/// What could not be read, in Go's words: `open values.yaml: no such file or directory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The whole sentence.
    pub words: String,
    /// Whether there is nothing of that name.
    pub missing: bool,
}

impl Error {
    /// A rule that was broken.
    pub fn rule(words: impl Into<String>) -> Self {
        Error { words: words.into(), missing: false }
    }

    /// What the system says, as Go says it. `call` is what was asked of the system: `open`, `read`, `lstat`.
    pub fn system(call: &str, path: &str, error: &std::io::Error) -> Self {
        Error {
            words: format!("{call} {path}: {}", cause(error)),
            missing: error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Error {}

/// Go's words for the system's errors that reading can meet.
pub(crate) fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => return "no such file or directory".into(),
        ErrorKind::PermissionDenied => return "permission denied".into(),
        ErrorKind::NotADirectory => return "not a directory".into(),
        ErrorKind::IsADirectory => return "is a directory".into(),
        ErrorKind::InvalidFilename => return "file name too long".into(),
        _ => {}
    }
    if let Some(40) = error.raw_os_error() {
        return "too many levels of symbolic links".into();
    }
    // The system's own words, without the number that Rust adds and the capital letter.
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// A file of a chart and where it was found.
#[derive(Debug, Clone)]
pub struct BufferedFile {
    /// Its path below the root, with `/`.
    pub name: String,
    /// Its bytes, without a byte order mark.
    pub data: Str,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, or whatever else is no folder.
    File,
    /// A folder, perhaps through links.
    Folder,
}

/// Decides by path (below the root, with `/`) and whether it is a folder what a walk leaves out.
pub type Ignore<'a> = dyn Fn(&str, bool) -> bool + 'a;

/// Where bytes come from.
pub trait Tree {
    /// What tells this tree from all others, if what was read of it may be kept: nobody changes it, or whoever does tells. None
    /// for trees of which nothing is kept.
    fn id(&self) -> Option<u64> {
        None
    }

    /// The path from the root of all paths, cleaned: Go's `filepath.Abs`.
    fn absolute(&self, path: &str) -> String;

    /// What stands at a path.
    ///
    /// # Errors
    /// There is nothing, or it cannot be told: `stat x: no such file or directory`.
    fn kind(&self, path: &str) -> Result<Kind, Error>;

    /// Whether a link stands at a path, wherever it leads.
    fn is_link(&self, _path: &str) -> bool {
        false
    }

    /// Whether a plain file stands at a path: reading anything else may wait for ever.
    fn is_regular(&self, path: &str) -> bool {
        self.kind(path) == Ok(Kind::File)
    }

    /// The bytes of a file, as they are.
    ///
    /// # Errors
    /// `open x: no such file or directory`, `read x: is a directory`, ….
    fn read(&self, path: &str) -> Result<Str, Error>;

    /// All files below a folder, each folder's entries in byte order and folders gone into where they stand.
    /// What is followed is told in `log`.
    ///
    /// # Errors
    /// What cannot be read, files that are too big or no files.
    fn walk(&self, root: &str, ignore: &Ignore<'_>, log: &mut Vec<String>) -> Result<Vec<BufferedFile>, Error>;
}

/// The names in a folder and whether each is a folder, in byte order; none where it cannot be listed.
pub fn list(tree: &dyn Tree, folder: &str) -> Vec<(String, bool)> {
    let names = std::cell::RefCell::new(Vec::new());
    // A walk that leaves out everything reads nothing. What it fails at (a dead link) is left out as well.
    let _ = tree.walk(
        folder,
        &|path, is_folder| {
            if !path.contains('/') {
                names.borrow_mut().push((path.to_owned(), is_folder));
            }
            true
        },
        &mut Vec::new(),
    );
    let mut names = names.into_inner();
    names.sort();
    names.dedup();
    names
}

/// Removes the byte order mark, which Helm does with every file of a chart.
fn without_mark(data: impl Into<Str>) -> Str {
    let data = data.into();
    match data.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => Str::from(rest),
        None => data,
    }
}

/// A tree in memory: path → bytes. Folders are what paths lie in.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, Str>,
}

impl Memory {
    /// Adds or replaces a file.
    pub fn insert(&mut self, path: &str, data: impl Into<Str>) {
        self.files.insert(self.absolute(path), data.into());
    }

    fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Str)> + 'a {
        let prefix = if folder == "/" { folder.to_owned() } else { format!("{folder}/") };
        let first = prefix.clone();
        self.files
            .range(first..)
            .map(|(path, data)| (path.as_str(), data))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }
}

impl Tree for Memory {
    fn absolute(&self, path: &str) -> String {
        clean(&format!("/{path}"))
    }

    fn kind(&self, path: &str) -> Result<Kind, Error> {
        let full = self.absolute(path);
        if self.files.contains_key(&full) {
            Ok(Kind::File)
        } else if self.below(&full).next().is_some() {
            Ok(Kind::Folder)
        } else {
            Err(Error { words: format!("stat {path}: no such file or directory"), missing: true })
        }
    }

    fn read(&self, path: &str) -> Result<Str, Error> {
        match (self.files.get(&self.absolute(path)), self.kind(path)) {
            (Some(data), _) => Ok(data.clone()),
            (None, Ok(_)) => Err(Error::rule(format!("read {path}: is a directory"))),
            (None, Err(_)) => Err(Error { words: format!("open {path}: no such file or directory"), missing: true }),
        }
    }

    fn walk(&self, root: &str, ignore: &Ignore<'_>, _log: &mut Vec<String>) -> Result<Vec<BufferedFile>, Error> {
        let root = self.absolute(root);
        let mut files = Vec::new();
        for (path, data) in self.below(&root) {
            let name = path.get(root.len()..).unwrap_or_default().trim_start_matches('/');
            let folders = name.char_indices().filter(|(_, c)| *c == '/').filter_map(|(i, _)| name.get(..i));
            if folders.into_iter().any(|folder| ignore(folder, true)) || ignore(name, false) {
                continue;
            }
            if data.len() as u64 > MAX_FILE {
                return Err(too_big(name));
            }
            files.push(BufferedFile { name: name.to_owned(), data: without_mark(data.clone()) });
        }
        // By parts, as a walk over folders meets them: `a/x` before `a.x`.
        files.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
        Ok(files)
    }
}

fn too_big(name: &str) -> Error {
    let base = name.rsplit('/').next().unwrap_or(name);
    Error::rule(format!(
        "chart file {} is larger than the maximum file size {MAX_FILE}",
        crate::go::quote::quoted(base)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning() {
        for (path, expected) in
            [("", "."), ("a//b/./c/..", "a/b"), ("/..", "/"), ("../a", "../a"), ("a/../..", ".."), ("/a/", "/a")]
        {
            assert_eq!(clean(path), expected);
        }
    }

    #[test]
    fn memory() {
        let mut tree = Memory::default();
        tree.insert("c/a.x", "\u{feff}1");
        tree.insert("c/a/x", "2");
        tree.insert("c/d/y", "3");
        let mut log = Vec::new();
        let files = tree.walk("c", &|path, folder| folder && path == "d", &mut log).unwrap();
        let names: Vec<_> = files.iter().map(|f| (f.name.as_str(), f.data.len())).collect();
        assert_eq!(names, [("a/x", 1), ("a.x", 1)]);
        let names = |folder| list(&tree, folder).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!((names("c"), names("nope")), (vec!["a".into(), "a.x".into(), "d".into()], vec![]));
        assert_eq!(tree.kind("c"), Ok(Kind::Folder));
        assert_eq!(tree.read("c").unwrap_err().words, "read c: is a directory");
        assert!(tree.read("nope").unwrap_err().missing);
    }
}
