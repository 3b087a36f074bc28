//! Maps with string keys: ordered, shared, mutable.

use super::{Str, Value, list};
use crate::text::runs;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::{BTreeMap, btree_map};
use std::rc::Rc;

/// Past this size a sorted array gives way to a tree, so that filling a map stays `n log n`.
const SMALL: usize = 48;

/// Key → value, iterated in key order (bytewise), as Go ranges over and prints maps.
#[derive(Clone)]
pub struct Map(Entries);

#[derive(Clone)]
enum Entries {
    Few(Vec<(Str, Value)>),
    Many(BTreeMap<Str, Value>),
}

impl Default for Map {
    fn default() -> Self {
        Map(Entries::Few(Vec::new()))
    }
}

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Entries::Few(entries) => entries.len(),
            Entries::Many(tree) => tree.len(),
        }
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key. Among few, lengths tell most keys apart, which takes less than to search by halves.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        let key = key.as_ref();
        match &self.0 {
            Entries::Few(entries) => entries.iter().find(|(k, _)| runs::same(k, key)).map(|(_, v)| v),
            Entries::Many(tree) => tree.get(key),
        }
    }

    /// The value of a key, to change in place.
    pub fn get_mut(&mut self, key: impl AsRef<[u8]>) -> Option<&mut Value> {
        let key = key.as_ref();
        match &mut self.0 {
            Entries::Few(entries) => entries.iter_mut().find(|(k, _)| runs::same(k, key)).map(|(_, v)| v),
            Entries::Many(tree) => tree.get_mut(key),
        }
    }

    /// Whether the key is there, be it with nil.
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; returns what it held.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match &mut self.0 {
            Entries::Few(entries) => {
                if entries.last().is_none_or(|(last, _)| *last < key) {
                    entries.push((key, value));
                } else {
                    match entries.binary_search_by(|(k, _)| k.cmp(&key)) {
                        Ok(i) => return entries.get_mut(i).map(|(_, v)| std::mem::replace(v, value)),
                        Err(i) => entries.insert(i, (key, value)),
                    }
                }
                if entries.len() > SMALL {
                    self.0 = Entries::Many(std::mem::take(entries).into_iter().collect());
                }
                None
            }
            Entries::Many(tree) => tree.insert(key, value),
        }
    }

    /// Removes a key; returns what it held.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> Option<Value> {
        let key = key.as_ref();
        match &mut self.0 {
            Entries::Few(entries) => entries.iter().position(|(k, _)| k.as_bytes() == key).map(|i| entries.remove(i).1),
            Entries::Many(tree) => tree.remove(key),
        }
    }

    /// Keys and values in key order.
    pub fn iter(&self) -> Iter<'_> {
        match &self.0 {
            Entries::Few(entries) => Iter::Few(entries.iter()),
            Entries::Many(tree) => Iter::Many(tree.iter()),
        }
    }

    /// A map of these; of equal keys the last wins.
    pub fn from_entries(mut entries: Vec<(Str, Value)>) -> Map {
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            // The later one is put where the earlier one was, which goes.
            entries.dedup_by(|later, earlier| {
                let is_again = later.0 == earlier.0;
                if is_again {
                    std::mem::swap(later, earlier);
                }
                is_again
            });
        }
        Map(if entries.len() > SMALL { Entries::Many(entries.into_iter().collect()) } else { Entries::Few(entries) })
    }

    /// Adds entries whose keys are in order and not in the map. Many at once take less than one after another.
    pub fn extend_with(&mut self, added: Vec<(Str, Value)>) {
        debug_assert!(added.is_sorted_by(|(a, _), (b, _)| a < b) && added.iter().all(|(k, _)| !self.contains(k)));
        if self.is_empty() {
            *self = Map::from_entries(added);
        } else if self.len() + added.len() > SMALL && added.len() > self.len() / 16 {
            let mut entries = self.take_entries();
            entries.extend(added);
            *self = Map::from_entries(entries);
        } else {
            for (key, value) in added {
                self.insert(key, value);
            }
        }
    }

    fn take_entries(&mut self) -> Vec<(Str, Value)> {
        match std::mem::take(self).0 {
            Entries::Few(entries) => entries,
            Entries::Many(tree) => tree.into_iter().collect(),
        }
    }

    /// A map of the same keys.
    pub fn with_values(&self, mut value: impl FnMut(&Value) -> Value) -> Map {
        match &self.0 {
            Entries::Few(entries) => Map(Entries::Few(entries.iter().map(|(k, v)| (k.clone(), value(v))).collect())),
            Entries::Many(tree) => Map(Entries::Many(tree.iter().map(|(k, v)| (k.clone(), value(v))).collect())),
        }
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Str> {
        self.iter().map(|(k, _)| k)
    }
}

/// Iterates over a [`Map`] in key order.
pub enum Iter<'a> {
    #[doc(hidden)]
    Few(std::slice::Iter<'a, (Str, Value)>),
    #[doc(hidden)]
    Many(btree_map::Iter<'a, Str, Value>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Iter::Few(entries) => entries.next().map(|(k, v)| (k, v)),
            Iter::Many(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Iter::Few(entries) => entries.size_hint(),
            Iter::Many(entries) => entries.size_hint(),
        }
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<(Str, Value)> for Map {
    /// Of equal keys the last wins.
    fn from_iter<T: IntoIterator<Item = (Str, Value)>>(entries: T) -> Self {
        Map::from_entries(entries.into_iter().collect())
    }
}

/// A reference to a map: clones see each other's changes. A nil map is a flag on the cell.
#[derive(Clone)]
pub struct MapRef(Rc<MapCell>);

struct MapCell {
    map: RefCell<Map>,
    nil: Cell<bool>,
}

impl MapRef {
    /// A reference to a new map.
    pub fn new(map: Map) -> Self {
        MapRef(Rc::new(MapCell { map: RefCell::new(map), nil: Cell::new(false) }))
    }

    /// Go's nil map: reads as empty, is `null` in JSON, and cannot be written.
    pub fn nil() -> Self {
        MapRef(Rc::new(MapCell { map: RefCell::default(), nil: Cell::new(true) }))
    }

    /// Whether it is the nil map.
    pub fn is_nil(&self) -> bool {
        self.0.nil.get()
    }

    /// Reads. Do not hold it across a call into a template or function.
    pub fn borrow(&self) -> Ref<'_, Map> {
        self.0.map.borrow()
    }

    /// Writes. Do not hold it across a call into a template or function.
    pub fn borrow_mut(&self) -> RefMut<'_, Map> {
        self.0.map.borrow_mut()
    }

    /// A clone of a key's value.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.borrow().get(key).cloned()
    }

    /// Sets a key.
    pub fn insert(&self, key: impl Into<Str>, value: impl Into<Value>) {
        // What it held is dropped after the borrow ends: its drop may be deep.
        let _old = self.borrow_mut().insert(key, value);
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.borrow().len()
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.borrow().is_empty()
    }

    /// Keys and values at this moment, in key order: what a loop that may change the map walks over.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Whether both are the same map.
    pub fn same(&self, other: &MapRef) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that tells maps apart while both live.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        match std::mem::take(self.map.get_mut()).0 {
            Entries::Few(entries) => entries.into_iter().for_each(|(_, v)| list::defer(v)),
            Entries::Many(tree) => tree.into_values().for_each(list::defer),
        }
    }
}
