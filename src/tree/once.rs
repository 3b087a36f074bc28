//! A tree that is asked once for each path.

use super::{BufferedFile, Error, Ignore, Kind, Tree};
use crate::value::Str;
use std::cell::RefCell;
use std::collections::HashMap;

/// Keeps what another tree says of what stands where: many environments ask for the same files. Nothing may change meanwhile.
pub struct Once<'t> {
    tree: &'t dyn Tree,
    kinds: RefCell<HashMap<String, Result<Kind, Error>>>,
}

impl<'t> Once<'t> {
    /// Asks `tree`.
    pub fn new(tree: &'t dyn Tree) -> Self {
        Once { tree, kinds: RefCell::default() }
    }
}

impl Tree for Once<'_> {
    fn id(&self) -> Option<u64> {
        self.tree.id()
    }

    fn absolute(&self, path: &str) -> String {
        self.tree.absolute(path)
    }

    fn kind(&self, path: &str) -> Result<Kind, Error> {
        if let Some(known) = self.kinds.borrow().get(path) {
            return known.clone();
        }
        let kind = self.tree.kind(path);
        self.kinds.borrow_mut().insert(path.to_owned(), kind.clone());
        kind
    }

    fn is_link(&self, path: &str) -> bool {
        self.tree.is_link(path)
    }

    fn is_regular(&self, path: &str) -> bool {
        self.tree.is_regular(path)
    }

    fn read(&self, path: &str) -> Result<Str, Error> {
        self.tree.read(path)
    }

    fn walk(&self, root: &str, ignore: &Ignore<'_>, log: &mut Vec<String>) -> Result<Vec<BufferedFile>, Error> {
        self.tree.walk(root, ignore, log)
    }
}
