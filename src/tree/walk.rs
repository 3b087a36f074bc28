//! What walks have in common, wherever the files are: what is found, what is told of links, and how much is too much.

use super::{BufferedFile, Error, Ignore, MAX_FILE, too_big, without_mark};
use crate::go::slog::{Level, line};
use crate::value::Str;

/// The most entries that one walk visits. Helm has no such limit, and links that lead back up keep it
/// walking for ever.
const MAX_ENTRIES: usize = 200_000;

/// The most bytes that one walk reads.
const MAX_TOTAL: u64 = 1024 * 1024 * 1024;

pub(super) struct Walk<'a> {
    pub(super) ignore: &'a Ignore<'a>,
    pub(super) log: &'a mut Vec<String>,
    pub(super) files: Vec<BufferedFile>,
    entries: usize,
    total: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(ignore: &'a Ignore<'a>, log: &'a mut Vec<String>) -> Self {
        Walk { ignore, log, files: Vec::new(), entries: 0, total: 0 }
    }

    /// Counts an entry of a folder.
    pub(super) fn visit(&mut self, folder: &str) -> Result<(), Error> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return Err(Error::rule(format!("{folder} holds more than {MAX_ENTRIES} files and folders")));
        }
        Ok(())
    }

    /// Keeps a file: `full` is its path, `below` the one below the root.
    pub(super) fn keep(&mut self, full: &str, below: &str, data: impl Into<Str>) -> Result<(), Error> {
        let data = data.into();
        if data.len() as u64 > MAX_FILE {
            return Err(too_big(full));
        }
        self.total += data.len() as u64;
        if self.total > MAX_TOTAL {
            return Err(Error::rule(format!("the chart's files are larger than {MAX_TOTAL} bytes together")));
        }
        self.files.push(BufferedFile { name: below.to_owned(), data: without_mark(data) });
        Ok(())
    }

    /// Tells of a link that is followed.
    pub(super) fn follow(&mut self, full: &str, resolved: &str) {
        self.log.push(line(
            Level::Info,
            "found symbolic link in path. Contents of linked file included and used",
            &[("path", full), ("resolved", resolved)],
        ));
    }
}
