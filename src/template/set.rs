//! The templates that can call each other.

use super::ast::Tree;
use super::parse::Parsed;
use crate::value::Str;
use foldhash::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Named templates; one laid over another sees the lower one's where it has none of its own (Go clones the set for each `tpl`).
#[derive(Default)]
pub struct Set {
    below: Option<Rc<Set>>,
    trees: HashMap<Str, Arc<Tree>>,
}

impl Set {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty set over another.
    pub fn over(below: Rc<Set>) -> Self {
        Set { below: Some(below), trees: HashMap::default() }
    }

    /// Adds all templates of a text. A later one replaces an earlier one of its name, unless it is empty.
    pub fn add(&mut self, parsed: &Parsed) {
        for tree in parsed.defined.iter().chain([&parsed.main]) {
            if tree.is_empty() && self.get(&tree.name).is_some() {
                continue;
            }
            self.trees.insert(tree.name.clone(), tree.clone());
        }
    }

    /// The template of a name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Tree>> {
        let mut set = self;
        loop {
            if let Some(tree) = set.trees.get(name) {
                return Some(tree);
            }
            set = set.below.as_deref()?;
        }
    }

    /// All names, for suggestions.
    pub fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.below.as_ref().map(|below| below.names()).unwrap_or_default();
        names.extend(self.trees.keys().cloned());
        names.sort();
        names.dedup();
        names
    }
}
