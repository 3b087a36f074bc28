//! Which keys of known maps a render touches. Only where somebody asks: whoever renders pays one comparison for it.

use crate::value::{MapRef, Str, Value};
use std::collections::{HashMap, HashSet};

/// Deeper values are not looked at.
const DEEPEST: usize = 200;

/// The functions that hand on what they get, or ask only whether it is there or what it is.
const HAND_ON: [&str; 36] = [
    "and",
    "append",
    "coalesce",
    "concat",
    "default",
    "dict",
    "empty",
    "first",
    "include",
    "initial",
    "kindIs",
    "kindOf",
    "last",
    "list",
    "mustAppend",
    "mustFirst",
    "mustInitial",
    "mustLast",
    "mustPrepend",
    "mustPush",
    "mustRest",
    "mustReverse",
    "mustSlice",
    "not",
    "or",
    "prepend",
    "push",
    "required",
    "rest",
    "set",
    "tpl",
    "tuple",
    "typeIs",
    "typeIsLike",
    "typeOf",
    "unset",
];

/// Maps, by their addresses, and what of them was touched.
#[derive(Default)]
pub struct Touched {
    /// Holds them, so that no other map gets the address of one.
    known: HashMap<usize, MapRef>,
    /// Of a copy the map that it is a copy of.
    copies: HashMap<usize, usize>,
    keys: HashSet<(usize, Str)>,
    whole: HashSet<usize>,
}

impl Touched {
    /// Watches a map, not what is below it.
    pub fn watch(&mut self, map: &MapRef) {
        self.known.insert(map.address(), map.clone());
    }

    /// The addresses of maps and the keys of them that were touched.
    pub fn keys(&self) -> impl Iterator<Item = (usize, &Str)> {
        self.keys.iter().map(|(address, key)| (*address, key))
    }

    /// The addresses of maps of which all was touched.
    pub fn whole(&self) -> impl Iterator<Item = usize> {
        self.whole.iter().copied()
    }

    fn address(&self, map: &MapRef) -> Option<usize> {
        let address = map.address();
        self.known.contains_key(&address).then(|| self.copies.get(&address).copied().unwrap_or(address))
    }

    /// One key.
    pub(super) fn key(&mut self, map: &MapRef, key: impl AsRef<[u8]>) {
        if let Some(address) = self.address(map) {
            self.keys.insert((address, Str::from(key.as_ref().to_vec())));
        }
    }

    /// All keys, not what is below them.
    pub(super) fn names(&mut self, value: &Value) {
        if let Value::Map(_, map) = value
            && let Some(address) = self.address(map)
        {
            self.keys.extend(map.entries().into_iter().map(|(key, _)| (address, key)));
        }
    }

    /// A value and all below it.
    pub(super) fn all(&mut self, value: &Value) {
        self.below(value, 0, &mut HashSet::new());
    }

    fn below(&mut self, value: &Value, depth: usize, seen: &mut HashSet<usize>) {
        match value {
            _ if depth > DEEPEST => {}
            Value::Map(_, map) if seen.insert(map.address()) => {
                self.whole.extend(self.address(map));
                map.entries().iter().for_each(|(_, value)| self.below(value, depth + 1, seen));
            }
            Value::List(_, items) => items.iter().for_each(|item| self.below(item, depth + 1, seen)),
            _ => {}
        }
    }

    /// The keys that lead from a value.
    fn path(&mut self, value: &Value, keys: &[Value]) {
        let mut value = value.clone();
        for key in keys {
            value = match (&value, key) {
                (Value::Map(_, map), Value::Str(key)) => {
                    self.key(map, key);
                    map.get(key).unwrap_or(Value::Nil)
                }
                (Value::List(_, items), Value::Int(_, i)) => {
                    usize::try_from(*i).ok().and_then(|i| items.get(i).cloned()).unwrap_or(Value::Nil)
                }
                _ => return,
            };
        }
    }

    /// What a merge takes from a map: what the target has no map for is shared with it, and known by its address.
    fn merged(&mut self, target: &Value, source: &Value, depth: usize) {
        let (Value::Map(_, source), true) = (source, depth < DEEPEST) else { return };
        for (key, value) in source.entries() {
            self.key(source, &key);
            if let (Value::Map(_, target), Value::Map(..)) = (target, &value)
                && let Some(old @ Value::Map(..)) = target.get(&key)
            {
                self.merged(&old, &value, depth + 1);
            }
        }
    }

    /// A call that is to come.
    pub(super) fn call(&mut self, name: &str, args: &[Value]) {
        match (name, args) {
            ("get" | "hasKey", [map, keys @ ..]) | ("index", [map, keys @ ..]) => self.path(map, keys),
            ("dig", [keys @ .., _, map]) => self.path(map, keys),
            ("pluck", [key, maps @ ..]) => maps.iter().for_each(|map| self.path(map, std::slice::from_ref(key))),
            ("pick", [map, keys @ ..]) => keys.iter().for_each(|key| self.path(map, std::slice::from_ref(key))),
            ("omit" | "len", [map, ..]) => self.names(map),
            ("keys" | "values", maps) => maps.iter().for_each(|map| self.names(map)),
            ("merge" | "mustMerge" | "mergeOverwrite" | "mustMergeOverwrite", [target, sources @ ..]) => {
                sources.iter().for_each(|source| self.merged(target, source, 0));
            }
            ("deepCopy" | "mustDeepCopy", _) => {}
            ("ternary", [_, _, test]) => self.all(test),
            (name, _) if HAND_ON.contains(&name) => {}
            (_, args) => args.iter().for_each(|arg| self.all(arg)),
        }
    }

    /// What came of a call: copies are as known as what they are copies of.
    pub(super) fn came(&mut self, name: &str, args: &[Value], result: &Value) {
        if let ("deepCopy" | "mustDeepCopy", [original]) = (name, args) {
            self.copied(original, result, 0);
        }
    }

    fn copied(&mut self, original: &Value, copy: &Value, depth: usize) {
        match (original, copy) {
            _ if depth > DEEPEST => {}
            (Value::Map(_, original), Value::Map(_, copy)) => {
                let of = self.address(original);
                // A copy that is known already holds itself.
                if original.same(copy) || self.known.contains_key(&copy.address()) {
                    return;
                }
                if let Some(of) = of {
                    self.watch(copy);
                    self.copies.insert(copy.address(), of);
                }
                for (key, value) in original.entries() {
                    if let Some(copy) = copy.get(&key) {
                        self.copied(&value, &copy, depth + 1);
                    }
                }
            }
            (Value::List(_, originals), Value::List(_, copies)) => {
                originals.iter().zip(copies.iter()).for_each(|(value, copy)| self.copied(value, copy, depth + 1));
            }
            _ => {}
        }
    }

    /// A method of `.Values` that is to be called.
    pub(super) fn method(&mut self, name: &str, receiver: &Value, args: &[Value]) {
        match (name, args) {
            ("Table" | "PathValue", [Value::Str(path)]) => {
                let keys: Vec<Value> = path.split(|b| *b == b'.').map(|key| Value::Str(key.to_vec().into())).collect();
                self.path(receiver, &keys);
            }
            ("AsMap", _) => {}
            _ => self.all(receiver),
        }
    }
}
