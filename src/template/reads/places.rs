//! What is read: places in objects, by fields, by keys, as a whole.

use super::known::{ANY, Atom, Known, all, holds_object, is_values};
use super::{Place, Read, Walk};
use crate::diagnostic::Location;
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More that conditions ask for is not kept.
const MAX_ASKED: usize = 1_000;
/// More places of one key are not kept.
const MAX_PLACES: usize = 100;
/// Of values that could be more than this, most is taken as read.
const MAX_ATOMS: usize = 64;
/// Places with more keys are taken as read.
const MAX_KEYS: usize = 16;
/// Dictionaries in dictionaries: deeper ones are taken as read.
pub(super) const MAX_NESTED: usize = 8;

/// Whether a value could have a key from elsewhere than from an object.
fn supplies(value: &Known, name: &Str) -> bool {
    value.0.iter().any(|atom| match atom {
        Atom::Dict(map) => map.contains_key(name.as_ref()) || map.contains_key(ANY.as_bytes()),
        Atom::Other => true,
        _ => false,
    })
}

/// Keeps a place, once.
fn note(places: &mut Vec<Location>, at: Option<Location>) {
    if let Some(at) = at
        && places.len() < MAX_PLACES
        && !places.iter().any(|place| Arc::ptr_eq(&place.source, &at.source) && place.span == at.span)
    {
        places.push(at);
    }
}

impl Walk<'_> {
    pub(super) fn read(&mut self, object: usize, path: &[Str], whole: bool, at: Option<Location>) {
        // A template that nobody surely calls was made for something else than a whole object.
        if path.is_empty() && !self.sure {
            return;
        }
        let read = self.keys.entry((object, path.to_vec())).or_default();
        read.whole |= whole;
        let asked = |(other, above): &(usize, Vec<Str>)| *other == object && path.starts_with(above);
        let guarded = self.guards > 0 || self.asked.iter().any(asked);
        note(if guarded { &mut read.guarded } else { &mut read.places }, at);
        if self.guards > 0 && self.asked.len() < MAX_ASKED && !whole && path.len() > 1 {
            self.asked.push((object, path.to_vec()));
        }
    }

    /// A condition asks for a value that was read before.
    fn ask(&mut self, value: &Known) {
        for atom in &value.0 {
            if let Atom::Place(object, path) = atom
                && path.len() > 1
                && self.asked.len() < MAX_ASKED
            {
                self.asked.push((*object, path.clone()));
            }
        }
    }

    /// All of a value is read.
    pub(super) fn consume(&mut self, value: &Known) {
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) => self.read(*object, path, true, None),
                Atom::Dict(map) => map.values().for_each(|value| self.consume(value)),
                Atom::List(items) => self.consume_all(items),
                Atom::Items(items) => self.consume(items),
                Atom::Other | Atom::Text(_) | Atom::Ends(_) | Atom::Piece(_) | Atom::Number(_) => {}
            }
        }
    }

    /// Keys of a value are read that only a render knows. Of what stands right below an object that is told; deeper all
    /// counts as read.
    pub(super) fn compute(&mut self, value: &Known, at: Option<&Location>) {
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) if path.len() < 2 => {
                    if self.sure || !path.is_empty() {
                        let read = self.keys.entry((*object, path.clone())).or_default();
                        read.computed = true;
                        note(&mut read.computing, at.cloned());
                    }
                }
                atom => self.consume(&Known::of(atom.clone())),
            }
        }
    }

    pub(super) fn consume_all(&mut self, values: &[Known]) {
        values.iter().for_each(|value| self.consume(value));
    }

    /// What was read of places counts for those that were merged into them.
    pub(super) fn pass_on(&mut self) {
        loop {
            let mut more: BTreeMap<Place, bool> = BTreeMap::new();
            for ((object, into), (other, from)) in &self.merged {
                let whole = |read: &Read| read.whole;
                let above = (0..=into.len()).filter_map(|i| Some((*object, into.get(..i)?.to_vec())));
                if above.into_iter().any(|place| self.keys.get(&place).is_some_and(whole)) {
                    more.insert((*other, from.clone()), true);
                }
                let start = (*object, into.clone());
                for ((_, path), read) in
                    self.keys.range(start..).take_while(|((o, path), _)| o == object && path.starts_with(into))
                {
                    let rest = path.get(into.len()..).unwrap_or_default();
                    let mut path: Vec<Str> = from.iter().chain(rest).cloned().collect();
                    let long = path.len() > MAX_KEYS;
                    path.truncate(MAX_KEYS);
                    *more.entry((*other, path)).or_default() |= long || read.whole;
                }
            }
            let mut grown = false;
            for (place, whole) in more {
                grown |= self.keys.get(&place).is_none_or(|read| whole && !read.whole);
                self.keys.entry(place).or_default().whole |= whole;
            }
            if !grown {
                return;
            }
        }
    }

    /// A value that does not grow without end: what is too much to follow is taken as read.
    pub(super) fn bounded(&mut self, value: Known) -> Known {
        if value.nested() > MAX_NESTED {
            self.consume(&value);
            return Known::other();
        }
        let long = |atom: &Atom| matches!(atom, Atom::Place(_, path) if path.len() > MAX_KEYS);
        let many = value.0.len() > MAX_ATOMS;
        if !many && !value.0.iter().any(long) {
            return value;
        }
        let (kept, gone): (BTreeSet<Atom>, BTreeSet<Atom>) =
            value.0.into_iter().partition(|atom| holds_object(atom) || !(many || long(atom)));
        self.consume(&Known(gone));
        if kept.len() > 2 * MAX_ATOMS {
            self.complete = false;
        }
        Known(kept).with(Known::other())
    }

    /// One key of a value, and whether that is a key of an object.
    pub(super) fn field(&mut self, value: &Known, name: &Str) -> (Known, bool) {
        let mut found = Known::default();
        let mut named = false;
        for atom in &value.0 {
            match atom {
                // Methods of values: the same as a map.
                Atom::Place(_, path) if is_values(path) && name == "AsMap" => {
                    found.0.insert(atom.clone());
                }
                Atom::Place(object, path) if is_values(path) && name == "YAML" => {
                    self.read(*object, path, true, None);
                    found.0.insert(Atom::Other);
                }
                Atom::Place(object, path) => {
                    let mut path = path.clone();
                    path.push(name.clone());
                    found.0.insert(Atom::Place(*object, path));
                    named = true;
                }
                Atom::Dict(map) => {
                    for key in [name.as_ref(), ANY.as_bytes()] {
                        found.0.extend(map.get(key).into_iter().flat_map(|value| value.0.iter().cloned()));
                    }
                }
                _ => {
                    found.0.insert(Atom::Other);
                }
            }
        }
        for key in [name.as_ref(), ANY.as_bytes()] {
            found.0.extend(self.stored.get(key).into_iter().flat_map(|value| value.0.iter().cloned()));
        }
        (found, named)
    }

    /// Keys of keys; the last are named at a place.
    pub(super) fn fields(&mut self, value: Known, names: &[Str], at: Option<Location>, sure: bool) -> Known {
        let mut value = value;
        let mut named = false;
        // Of several places each may have what another lacks.
        let open = |value: &Known, name: &Str| match value.0.iter().filter(|a| matches!(a, Atom::Place(..))).count() {
            0 => false,
            1 => supplies(value, name),
            _ => true,
        };
        let (mut elsewhere, mut fallback) = (false, false);
        if names.is_empty() && self.guards > 0 {
            self.ask(&value);
        }
        for name in names {
            elsewhere |= open(&value, name);
            // A map that is made here, beside a place.
            let has = |of: fn(&Atom) -> bool| value.0.iter().any(of);
            fallback |= has(|atom| matches!(atom, Atom::Dict(_))) && has(|atom| matches!(atom, Atom::Place(..)));
            (value, named) = self.field(&value, name);
        }
        // What is not at the place could come from what it is merged with.
        let at = at.filter(|_| !elsewhere);
        let fallback = usize::from(fallback);
        self.guards += fallback;
        if named {
            for atom in &value.0 {
                if let Atom::Place(object, path) = atom
                    && path.last() == names.last()
                {
                    self.read(*object, path, false, at.clone().filter(|_| sure));
                }
            }
        }
        self.guards -= fallback;
        self.bounded(value)
    }

    /// A key that an argument names.
    pub(super) fn key(&mut self, value: Known, key: &Known, at: &Location, sure: bool) -> Known {
        let Some(names) = key.texts() else {
            let (objects, others): (BTreeSet<Atom>, BTreeSet<Atom>) =
                value.0.into_iter().partition(|atom| matches!(atom, Atom::Place(_, path) if path.len() < 2));
            self.compute(&Known(objects), Some(at));
            return self.elements(&Known(others)).with(Known::other());
        };
        let one = |name| self.fields(value.clone(), &[name], Some(at.clone()), sure);
        all(&names.into_iter().map(one).collect::<Vec<_>>())
    }

    /// The item of a list, by its number.
    pub(super) fn item(&mut self, value: &Known, pick: &dyn Fn(&[Known]) -> Option<&Known>) -> Known {
        let mut found = Known::default();
        for atom in &value.0 {
            match atom {
                Atom::List(items) => found = found.with(pick(items).cloned().unwrap_or_else(Known::other)),
                atom => found = found.with(self.elements(&Known::of(atom.clone()))),
            }
        }
        found
    }

    /// What a `range` finds: all below a place is read. What of its items is read is kept, too, under [`ANY`].
    pub(super) fn elements(&mut self, value: &Known) -> Known {
        let mut found = Known::default();
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) => {
                    self.read(*object, path, true, None);
                    // Items of items are few that are asked for by name.
                    if path.len() > 1 && !path.iter().any(|key| *key == ANY) {
                        let mut path = path.clone();
                        path.push(Str::from(ANY));
                        found.0.insert(Atom::Place(*object, path));
                    } else {
                        found.0.insert(Atom::Other);
                    }
                }
                Atom::Dict(map) => found.0.extend(map.values().flat_map(|value| value.0.iter().cloned())),
                Atom::List(items) => found.0.extend(items.iter().flat_map(|item| item.0.iter().cloned())),
                Atom::Items(items) => found.0.extend(items.0.iter().cloned()),
                _ => {
                    found.0.insert(Atom::Other);
                }
            }
        }
        for value in self.stored.values() {
            found.0.extend(value.0.iter().cloned());
        }
        found
    }
}
