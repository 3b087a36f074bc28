//! Charts that several renders share: read once, their templates parsed once, for all threads.

use crate::chart::{self, Chart, Defaults};
use crate::diagnostic::Error;
use crate::engine::ParsedTexts;
use crate::tree::Tree;
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

/// What the texts of all charts may take that are kept, in bytes. Parsed they take some five times as much.
const MAX_BYTES: usize = 64 << 20;

/// Of how many charts a thread keeps the values.
const MAX_DEFAULTS: usize = 16;

/// A sha256 digest.
pub type Digest = [u8; 32];

/// Charts of trees that can be told apart ([`Tree::id`]).
#[derive(Default)]
pub struct Shelf {
    /// Whether it is known of which files the charts were read.
    takes_digests: bool,
    /// The one that was asked for last comes last.
    places: Mutex<Vec<Place>>,
}

/// Where a chart is kept: the tree, and the path in it as it was asked for, which messages tell.
#[derive(Clone)]
struct Place {
    tree: u64,
    path: String,
    /// Locked while it is read, so that nobody else reads it meanwhile.
    chart: Arc<Mutex<Option<Arc<Shelved>>>>,
    parsed: Arc<ParsedTexts>,
}

/// A chart that is kept.
pub struct Shelved {
    /// The chart.
    pub chart: Chart,
    /// Its templates, as far as they were parsed.
    pub parsed: Arc<ParsedTexts>,
    /// The digest of its files, if they were the same before and after it was read, and somebody wants to know.
    pub digest: Option<Digest>,
    /// What Helm logs while it reads the chart.
    log: Vec<String>,
    /// The size of its texts.
    size: usize,
}

thread_local! {
    /// Values belong to a thread. The chart that was asked for last comes last.
    static DEFAULTS: RefCell<Vec<(Arc<Shelved>, Defaults)>> = const { RefCell::new(Vec::new()) };
}

impl Shelf {
    /// An empty one. With `takes_digests` it says of which files its charts were read.
    pub fn new(takes_digests: bool) -> Self {
        Shelf { takes_digests, ..Shelf::default() }
    }

    /// A chart and its values.yaml files for this thread; none if nothing is kept of that tree.
    ///
    /// # Errors
    /// The chart cannot be read. That is not kept: it is read again when it is asked for again.
    pub fn chart(
        &self,
        tree: &dyn Tree,
        path: &str,
        log: &mut Vec<String>,
    ) -> Result<Option<(Arc<Shelved>, Defaults)>, Error> {
        let Some(id) = tree.id() else { return Ok(None) };
        let place = self.place(id, path);
        let mut held = place.chart.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelved) = held.as_ref().cloned() {
            drop(held);
            log.extend(shelved.log.iter().cloned());
            let defaults = defaults_of(&shelved)?;
            return Ok(Some((shelved, defaults)));
        }
        let before = log.len();
        let files = if self.takes_digests { digest(tree, path) } else { None };
        let loaded = chart::load(tree, path, log)?;
        let files = files.filter(|files| digest(tree, path).as_ref() == Some(files));
        let told = log.get(before..).unwrap_or_default().to_vec();
        let size = size(&loaded.chart);
        let (chart, parsed) = (loaded.chart, place.parsed.clone());
        let shelved = Arc::new(Shelved { chart, parsed, digest: files, log: told, size });
        *held = Some(shelved.clone());
        drop(held);
        self.make_room();
        keep(&shelved, &loaded.defaults);
        Ok(Some((shelved, loaded.defaults)))
    }

    /// Forgets charts for which something holds, by their paths as they were asked for. Templates whose texts are as before
    /// are not parsed again.
    pub fn forget(&self, is_stale: impl Fn(&str) -> bool) {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places.iter().filter(|place| is_stale(&place.path)) {
            *place.chart.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn place(&self, tree: u64, path: &str) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let found = places.iter().position(|place| place.tree == tree && place.path == path);
        let place = match found {
            Some(i) => places.remove(i),
            None => Place { tree, path: path.to_owned(), chart: Arc::default(), parsed: Arc::default() },
        };
        places.push(place.clone());
        place
    }

    /// Lets go of the charts that were not asked for the longest, until the others fit. The last one stays, however large.
    fn make_room(&self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = MAX_BYTES;
        let mut keep = 0;
        for place in places.iter().rev() {
            // One that is being read is needed.
            let size = place.chart.try_lock().map_or(0, |held| held.as_ref().map_or(0, |shelved| shelved.size));
            if keep > 0 && size > room {
                break;
            }
            room = room.saturating_sub(size);
            keep += 1;
        }
        let gone = places.len() - keep;
        places.drain(..gone);
    }
}

/// The digest of a chart's files; none if they cannot be read.
pub fn digest(tree: &dyn Tree, path: &str) -> Option<Digest> {
    let mut parts = Parts::default();
    for file in chart::files(tree, path)? {
        parts.add(file.name.as_bytes());
        parts.add(&file.data);
    }
    Some(parts.digest())
}

/// Takes the digest of several parts; where each ends is part of it.
#[derive(Default)]
pub struct Parts(Sha256);

impl Parts {
    /// Adds a part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The digest of all of them.
    pub fn digest(self) -> Digest {
        self.0.finalize().into()
    }
}

/// The values.yaml files of a chart for this thread.
fn defaults_of(shelved: &Arc<Shelved>) -> Result<Defaults, Error> {
    let known = DEFAULTS.with_borrow_mut(|all| {
        let place = all.iter().position(|(chart, _)| Arc::ptr_eq(chart, shelved))?;
        let found = all.remove(place);
        let defaults = found.1.clone();
        all.push(found);
        Some(defaults)
    });
    match known {
        Some(defaults) => Ok(defaults),
        None => {
            let defaults = Defaults::of(&shelved.chart)?;
            keep(shelved, &defaults);
            Ok(defaults)
        }
    }
}

fn keep(shelved: &Arc<Shelved>, defaults: &Defaults) {
    DEFAULTS.with_borrow_mut(|all| {
        if all.len() >= MAX_DEFAULTS {
            all.remove(0);
        }
        all.push((shelved.clone(), defaults.clone()));
    });
}

/// The size of a chart's texts and those of its subcharts, in bytes.
fn size(chart: &Chart) -> usize {
    let files = chart.templates.iter().chain(&chart.files).map(|file| file.data().len());
    let sources = chart.values_yaml.iter().chain(&chart.schema).map(|source| source.text.len());
    files.chain(sources).chain(chart.dependencies.iter().map(size)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Memory;

    /// A tree that can be told from others, and how often a chart was read.
    struct Kept(Memory, u64, Mutex<usize>);

    impl Tree for Kept {
        fn id(&self) -> Option<u64> {
            Some(self.1)
        }
        fn absolute(&self, path: &str) -> String {
            self.0.absolute(path)
        }
        fn kind(&self, path: &str) -> Result<crate::tree::Kind, crate::tree::Error> {
            self.0.kind(path)
        }
        fn read(&self, path: &str) -> Result<crate::text::Str, crate::tree::Error> {
            self.0.read(path)
        }
        fn walk(
            &self,
            root: &str,
            ignore: &crate::tree::Ignore<'_>,
            log: &mut Vec<String>,
        ) -> Result<Vec<crate::tree::BufferedFile>, crate::tree::Error> {
            *self.2.lock().unwrap() += 1;
            log.push("walked".into());
            self.0.walk(root, ignore, log)
        }
    }

    fn kept(id: u64, values: &str) -> Kept {
        let mut tree = Memory::default();
        tree.insert("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
        tree.insert("c/values.yaml", values);
        Kept(tree, id, Mutex::new(0))
    }

    #[test]
    fn once_for_all_threads() {
        let (shelf, tree) = (Shelf::default(), kept(7, "a: 1"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        let mut log = Vec::new();
                        let (_, defaults) = shelf.chart(&tree, "c", &mut log).unwrap().unwrap();
                        assert_eq!((log.len(), defaults.values().len()), (1, 1));
                    }
                });
            }
        });
        assert_eq!(*tree.2.lock().unwrap(), 1);
        shelf.forget(|path| path == "d");
        shelf.chart(&tree, "c", &mut Vec::new()).unwrap();
        assert_eq!(*tree.2.lock().unwrap(), 1);
        shelf.forget(|path| path == "c");
        shelf.chart(&tree, "c", &mut Vec::new()).unwrap();
        assert_eq!(*tree.2.lock().unwrap(), 2);
    }

    #[test]
    fn trees_are_told_apart() {
        let (shelf, one, other) = (Shelf::default(), kept(7, "a: 1"), kept(8, "a: 1\nb: 2"));
        let count = |tree: &Kept| shelf.chart(tree, "c", &mut Vec::new()).unwrap().unwrap().1.values().len();
        assert_eq!([count(&one), count(&other), count(&one)], [1, 2, 1]);
        assert!(shelf.chart(&one.0, "c", &mut Vec::new()).unwrap().is_none());
        assert!(shelf.chart(&one, "d", &mut Vec::new()).is_err());
    }
}
