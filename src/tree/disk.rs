//! Folders and files of this machine.

use super::walk::Walk;
use super::{BufferedFile, Error, Ignore, Kind, MAX_FILE, Tree, clean, too_big};
use crate::stack::deeper;
use crate::value::Str;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// The largest file that is read by its name: values, archives.
const MAX_READ: u64 = 256 * 1024 * 1024;

/// The file system; relative paths start at the working directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Tree for Disk {
    fn id(&self) -> Option<u64> {
        // There is one disk.
        Some(0)
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return clean(path);
        }
        let here = std::env::current_dir().unwrap_or_default();
        clean(&format!("{}/{path}", here.to_string_lossy()))
    }

    fn kind(&self, path: &str) -> Result<Kind, Error> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(if metadata.is_dir() { Kind::Folder } else { Kind::File }),
            Err(error) => Err(Error::system("stat", path, &error)),
        }
    }

    fn is_link(&self, path: &str) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink())
    }

    fn is_regular(&self, path: &str) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
    }

    fn read(&self, path: &str) -> Result<Str, Error> {
        let file = File::open(path).map_err(|e| Error::system("open", path, &e))?;
        // Room for what the file says of its size, if that is likely, and for the byte that shows its end.
        let size = file.metadata().map_or(0, |metadata| metadata.len()).min(MAX_FILE);
        let mut data = Vec::with_capacity(usize::try_from(size).map_or(0, |size| size + 1));
        file.take(MAX_READ + 1).read_to_end(&mut data).map_err(|e| Error::system("read", path, &e))?;
        if data.len() as u64 > MAX_READ {
            return Err(Error::rule(format!("{path} is larger than {MAX_READ} bytes")));
        }
        Ok(data.into())
    }

    fn walk(&self, root: &str, ignore: &Ignore<'_>, log: &mut Vec<String>) -> Result<Vec<BufferedFile>, Error> {
        let root = self.absolute(root);
        let mut walk = Walk::new(ignore, log);
        // Helm finds no files where the root cannot be listed, and goes on.
        if let Ok(names) = list(&root) {
            walk.entries(&root, "", &names)?;
        }
        Ok(walk.files)
    }
}

/// The names in a folder, in byte order, and whether each is a plain folder, a plain file or something else.
fn list(folder: &str) -> std::io::Result<Vec<(String, Option<Kind>)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type().ok().and_then(|t| {
            if t.is_dir() {
                Some(Kind::Folder)
            } else if t.is_file() {
                Some(Kind::File)
            } else {
                None
            }
        });
        names.push((entry.file_name().to_string_lossy().into_owned(), kind));
    }
    names.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    Ok(names)
}

/// Reads a file of a known size; one that cannot tell its size (or is empty) to its end, but no more than
/// [`MAX_FILE`] and a byte.
fn read_whole(mut file: File, size: u64) -> std::io::Result<Str> {
    if size == 0 {
        let mut data = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut data)?;
        return Ok(data.into());
    }
    Str::written(usize::try_from(size).unwrap_or_default(), |bytes| {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    })
}

impl Walk<'_> {
    /// The entries of a folder: `path` on disk, `below` the root.
    fn entries(&mut self, path: &str, below: &str, names: &[(String, Option<Kind>)]) -> Result<(), Error> {
        for (name, kind) in names {
            self.visit(path)?;
            let full = [path, "/", name].concat();
            let below = if below.is_empty() { name.clone() } else { [below, "/", name].concat() };
            match kind {
                Some(kind) => self.entry(&full, &below, *kind)?,
                None => self.special(&full, &below)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, full: &str, below: &str, kind: Kind) -> Result<(), Error> {
        if (self.ignore)(below, kind == Kind::Folder) {
            return Ok(());
        }
        match kind {
            Kind::File => self.file(full, below),
            Kind::Folder => {
                let names = list(full).map_err(|e| Error::system("open", full, &e))?;
                // As deep as paths can be long.
                deeper(|| self.entries(full, below, &names))
            }
        }
    }

    fn file(&mut self, full: &str, below: &str) -> Result<(), Error> {
        // Helm asks for the size before it opens, and then says `error reading`.
        let failed = |call: &str, error: &std::io::Error| {
            let Error { words, missing } = Error::system(call, full, error);
            Error { words: format!("error reading {below}: {words}"), missing }
        };
        let file = File::open(full).map_err(|e| failed("open", &e))?;
        let size = file.metadata().map_or(0, |m| m.len());
        if size > MAX_FILE {
            return Err(too_big(full));
        }
        let data = read_whole(file, size).map_err(|e| failed("read", &e))?;
        self.keep(full, below, data)
    }

    /// Links, devices, sockets.
    fn special(&mut self, full: &str, below: &str) -> Result<(), Error> {
        let metadata = fs::symlink_metadata(full).map_err(|e| Error::system("lstat", full, &e))?;
        if !metadata.file_type().is_symlink() {
            if metadata.is_dir() {
                return self.entry(full, below, Kind::Folder);
            }
            if metadata.is_file() {
                return self.entry(full, below, Kind::File);
            }
            return self.irregular(full, below);
        }
        let resolved =
            resolve(full).map_err(|words| Error::rule(format!("error evaluating symlink {full}: {words}")))?;
        self.follow(full, &resolved);
        let metadata = fs::symlink_metadata(&resolved).map_err(|e| Error::system("lstat", &resolved, &e))?;
        if metadata.is_dir() {
            self.entry(full, below, Kind::Folder)
        } else if metadata.is_file() {
            self.entry(full, below, Kind::File)
        } else {
            self.irregular(full, below)
        }
    }

    fn irregular(&self, full: &str, below: &str) -> Result<(), Error> {
        if (self.ignore)(below, false) {
            return Ok(());
        }
        Err(Error::rule(format!("cannot load irregular file {full} as it has file mode type bits set")))
    }
}

/// Go's `filepath.EvalSymlinks` of an absolute path.
fn resolve(path: &str) -> Result<String, String> {
    let mut done = String::new();
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.truncate(done.rfind('/').unwrap_or_default());
                continue;
            }
            _ => {}
        }
        let here = format!("{done}/{part}");
        let metadata = fs::symlink_metadata(&here).map_err(|e| Error::system("lstat", &here, &e).words)?;
        if !metadata.file_type().is_symlink() {
            if !metadata.is_dir() && rest.iter().any(|part| !part.is_empty()) {
                return Err(format!("lstat {here}: not a directory"));
            }
            done = here;
            continue;
        }
        links += 1;
        if links > 255 {
            return Err("EvalSymlinks: too many links".into());
        }
        let target = fs::read_link(Path::new(&here)).map_err(|e| Error::system("readlink", &here, &e).words)?;
        let target = target.to_string_lossy();
        if target.starts_with('/') {
            done.clear();
        }
        rest.extend(target.split('/').rev().map(str::to_owned));
    }
    Ok(if done.is_empty() { "/".into() } else { done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let error = Disk.read("/nope/values.yaml").unwrap_err();
        assert_eq!(error.words, "open /nope/values.yaml: no such file or directory");
        assert!(error.missing);
        assert_eq!(Disk.read("/").unwrap_err().words, "read /: is a directory");
        assert_eq!(Disk.kind("/"), Ok(Kind::Folder));
        assert_eq!(resolve("/"), Ok("/".into()));
    }
}
