//! Results that are kept on disk, by a digest of all that they follow from.
//!
//! A folder of files, one a result, named by its key. A file is written beside its place and moved there, and carries a digest
//! of what it holds: several processes can share the folder, and one that is cut, damaged or foreign counts as absent.
//! Together they take no more than a limit; those that were not asked for the longest go first.

use crate::diagnostic::{Diagnostic, Error};
use crate::shelf::{Digest, Parts, digest};
use crate::tree::Tree;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What the files of a folder may take, in bytes, if nobody says.
pub const LIMIT: u64 = 1 << 30;

/// The beginning of every file; another layout has another one.
const MAGIC: &[u8; 8] = b"rhelm-c1";

/// The end of the names of files that are being written.
const UNFINISHED: &str = ".tmp";

/// When a result was asked for is noted no more often than this.
const NOTED: Duration = Duration::from_secs(600);

/// A file that somebody began this long ago is not finished any more.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// The beginning of a key: a kind of results, of this version of rhelm. What a result follows from is added part by part.
pub fn key(kind: &str) -> Parts {
    let mut key = Parts::default();
    key.add(kind.as_bytes());
    key.add(env!("CARGO_PKG_VERSION").as_bytes());
    // What it can do, too.
    key.add(&[cfg!(feature = "schema"), cfg!(feature = "crypto"), cfg!(feature = "tera")].map(u8::from));
    key
}

/// A folder of results.
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    /// How many bytes were written since the folder was looked at.
    written: AtomicU64,
    /// Digests of charts, by tree and path.
    charts: Mutex<HashMap<(u64, String), Option<Digest>>>,
    /// What went wrong first: results are not kept, and nothing else is lost.
    trouble: Mutex<Option<String>>,
}

impl Cache {
    /// Uses a folder, and makes it if it is not there: for its owner alone, since results may hold secrets.
    ///
    /// # Errors
    /// It cannot be made, or is none.
    pub fn open(folder: &str, limit: u64) -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Diagnostic::own(format!("`{folder}` cannot be a cache: {}", crate::tree::cause(&error)))
        };
        if !Path::new(folder).is_dir() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(failed)?;
        }
        let folder = PathBuf::from(folder);
        let cache =
            Cache { folder, limit, written: AtomicU64::new(0), charts: Mutex::default(), trouble: Mutex::default() };
        Ok(cache)
    }

    /// The digest of a chart's files, taken once for a tree that can be told from others; none if they cannot be read.
    pub fn chart(&self, tree: &dyn Tree, path: &str) -> Option<Digest> {
        let place = (tree.id()?, path.to_owned());
        if let Some(known) = self.charts.lock().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return *known;
        }
        let digest = digest(tree, path);
        self.charts.lock().unwrap_or_else(PoisonError::into_inner).insert(place, digest);
        digest
    }

    /// Forgets the digests of charts: their files may have changed.
    pub fn forget_charts(&self) {
        self.charts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A result that was kept.
    pub fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let mut file = fs::File::open(&path).ok()?;
        let mut data = Vec::new();
        // No larger than all results may be, and a little more for its head.
        (&mut file).take(self.limit + 64).read_to_end(&mut data).ok()?;
        let rest = data.strip_prefix(MAGIC)?;
        let (sum, body) = rest.split_at_checked(32)?;
        if sum != <[u8; 32]>::from(Sha256::digest(body)).as_slice() {
            return None;
        }
        let asked = file.metadata().and_then(|metadata| metadata.modified()).ok();
        if asked.is_some_and(|at| at.elapsed().is_ok_and(|passed| passed > NOTED)) {
            // Where it cannot be noted it goes earlier.
            let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        }
        data.drain(..MAGIC.len() + 32);
        Some(data)
    }

    /// Keeps a result.
    pub fn put(&self, digest: &Digest, body: &[u8]) {
        let size = body.len() as u64 + 40;
        if size > self.limit {
            return;
        }
        match self.write(digest, body) {
            Ok(()) => {
                // A process that writes little looks now and then as well: the first time always.
                let before = self.written.fetch_add(size, Ordering::Relaxed);
                let step = (self.limit / 16).max(1);
                if before == 0 || before / step != (before + size) / step {
                    self.shrink();
                }
            }
            Err(error) => {
                let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                trouble.get_or_insert_with(|| format!("{}: {error}", self.folder.display()));
            }
        }
    }

    /// What went wrong first, if anything did.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn write(&self, digest: &Digest, body: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        // Processes in two containers can have the same number.
        let mut chance = [0; 8];
        getrandom::fill(&mut chance).map_err(|error| std::io::Error::other(error.to_string()))?;
        let temporary = path.with_extension(format!("{:016x}{UNFINISHED}", u64::from_le_bytes(chance)));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let sum: [u8; 32] = Sha256::digest(body).into();
        let mut file = options.open(&temporary)?;
        let written = file.write_all(MAGIC).and_then(|()| file.write_all(&sum)).and_then(|()| file.write_all(body));
        drop(file);
        let done = written.and_then(|()| fs::rename(&temporary, &path));
        if done.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        done
    }

    /// Removes what was not asked for the longest, until a tenth of the room is free again. Only files are removed that look
    /// like ours: whoever names a folder with other things in it loses none of them.
    fn shrink(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(metadata) = entry.metadata() else { continue };
            let at = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_hex = |name: &str| name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
            if is_hex(&name) {
                files.push((at, metadata.len(), entry.path()));
            } else if name.ends_with(UNFINISHED)
                && name.get(..64).is_some_and(is_hex)
                && at.elapsed().is_ok_and(|passed| passed > ABANDONED)
            {
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        if total <= self.limit {
            return;
        }
        files.sort();
        for (_, size, path) in files {
            if total <= self.limit / 10 * 9 {
                break;
            }
            // Another process may have removed it.
            let _ = fs::remove_file(path);
            total = total.saturating_sub(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> String {
        let path = std::env::temp_dir().join(format!("rhelm-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path.to_string_lossy().into_owned()
    }

    fn digest(of: &str) -> Digest {
        let mut key = key("test");
        key.add(of.as_bytes());
        key.digest()
    }

    #[test]
    fn parts_have_ends() {
        let of = |parts: &[&str]| {
            let mut key = key("test");
            parts.iter().for_each(|part| key.add(part.as_bytes()));
            key.digest()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }

    #[test]
    fn what_is_damaged_is_absent() {
        let folder = folder("damage");
        let cache = Cache::open(&folder, LIMIT).unwrap();
        let key = digest("a");
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"body");
        assert_eq!(cache.get(&key).as_deref(), Some(&b"body"[..]));
        let whole = fs::read(cache.path(&key)).unwrap();
        for cut in 0..whole.len() {
            fs::write(cache.path(&key), &whole[..cut]).unwrap();
            assert_eq!(cache.get(&key), None, "{cut}");
        }
        let mut other = whole.clone();
        *other.last_mut().unwrap() ^= 1;
        fs::write(cache.path(&key), other).unwrap();
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"body");
        assert_eq!(cache.get(&key).as_deref(), Some(&b"body"[..]));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_oldest_go_first_and_nothing_else() {
        let folder = folder("bound");
        let cache = Cache::open(&folder, 10_000).unwrap();
        fs::write(format!("{folder}/notes.txt"), vec![0; 20_000]).unwrap();
        for i in 0..100 {
            cache.put(&digest(&i.to_string()), &[0; 500]);
            let file = fs::File::options().append(true).open(cache.path(&digest(&i.to_string()))).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(i)).unwrap();
        }
        let ours = fs::read_dir(&folder).unwrap().filter_map(Result::ok).filter(|e| e.file_name() != "notes.txt");
        let total: u64 = ours.map(|entry| entry.metadata().unwrap().len()).sum();
        assert!(total <= 10_700, "{total}");
        assert!(cache.get(&digest("99")).is_some() && cache.get(&digest("0")).is_none());
        assert!(Path::new(&format!("{folder}/notes.txt")).exists());
        assert_eq!(cache.trouble(), None);
        fs::remove_dir_all(&folder).unwrap();
        cache.put(&digest("x"), b"x");
        assert!(cache.trouble().is_some());
    }
}
