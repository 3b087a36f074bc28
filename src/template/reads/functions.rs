//! What functions read of their arguments, and what comes of them.

use super::known::{ANY, Atom, Known, all, holds_object, pieces};
use super::places::MAX_NESTED;
use super::{Place, Walk};
use crate::diagnostic::Location;
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

impl Walk<'_> {
    /// What a call comes to.
    pub(super) fn function(&mut self, name: &str, args: Vec<Known>, at: &Location, sure: bool) -> Known {
        let nothing = Known::default();
        let arg = |i: usize| args.get(i).unwrap_or(&nothing);
        match name {
            "include" => {
                self.include(arg(0), arg(1), sure);
                self.consume(arg(0));
                Known::other()
            }
            "tpl" => {
                self.consume(arg(0));
                self.tpl(arg(0), arg(1), at, sure);
                Known::other()
            }
            "dict" => {
                let mut map: BTreeMap<Str, Known> = BTreeMap::new();
                for pair in args.chunks(2) {
                    let (Some(key), value) = (pair.first(), pair.get(1).unwrap_or(&nothing)) else { continue };
                    let keys = key.texts().unwrap_or_else(|| vec![Str::from(ANY)]);
                    for key in keys {
                        map.entry(key).or_default().0.extend(value.0.iter().cloned());
                    }
                }
                Known::of(Atom::Dict(Rc::new(map)))
            }
            "list" | "tuple" => Known::of(Atom::List(Rc::new(args))),
            "get" => self.key(arg(0).clone(), arg(1), at, sure),
            "hasKey" => {
                self.key(arg(0).clone(), arg(1), at, sure);
                Known::other()
            }
            "index" => self.index(&args, at, sure),
            "dig" => {
                let keys = args.len().saturating_sub(2);
                let map = args.last().cloned().unwrap_or_default();
                let steps = args.iter().take(keys);
                let mut value = map;
                for key in steps {
                    value = self.key(value, key, at, sure);
                }
                value.with(arg(keys).clone())
            }
            "pluck" => {
                let maps = args.get(1..).unwrap_or_default();
                let found: Vec<Known> = maps.iter().map(|map| self.key(map.clone(), arg(0), at, sure)).collect();
                Known::of(Atom::List(Rc::new(found)))
            }
            "set" => {
                self.make(arg(0), arg(1));
                // What is stored is looked for everywhere, so only what must be is.
                let (kept, gone): (BTreeSet<Atom>, BTreeSet<Atom>) = arg(2).0.iter().cloned().partition(holds_object);
                self.consume(&Known(gone));
                self.consume(arg(1));
                if !kept.is_empty() {
                    for key in arg(1).texts().unwrap_or_else(|| vec![Str::from(ANY)]) {
                        let known = self.stored.get(&key).cloned().unwrap_or_default();
                        let grown = self.bounded(known.clone().with(Known(kept.clone())));
                        self.growth += usize::from(grown != known);
                        self.stored.insert(key, grown);
                    }
                }
                arg(0).clone()
            }
            "pick" => {
                let names: Option<Vec<Vec<Str>>> = args.iter().skip(1).map(Known::texts).collect();
                let object = |atom: &Atom| matches!(atom, Atom::Place(_, path) if path.len() < 2);
                match names {
                    Some(names) => {
                        let mut map: BTreeMap<Str, Known> = BTreeMap::new();
                        for name in names.into_iter().flatten() {
                            // Whoever picks a key need not have it, and may ask whether it came.
                            let (value, _) = self.field(arg(0), &name);
                            for atom in &value.0 {
                                if let Atom::Place(object, path) = atom {
                                    self.read(*object, path, false, None);
                                }
                            }
                            map.insert(name, value);
                        }
                        Known::of(Atom::Dict(Rc::new(map)))
                    }
                    None if arg(0).0.iter().any(object) => {
                        self.consume_all(args.get(1..).unwrap_or_default());
                        self.compute(arg(0), Some(at));
                        Known::other()
                    }
                    _ => {
                        self.consume_all(args.get(1..).unwrap_or_default());
                        arg(0).clone()
                    }
                }
            }
            "keys" => {
                args.iter().for_each(|map| self.compute(map, Some(at)));
                Known::other()
            }
            "unset" | "omit" => {
                self.consume_all(args.get(1..).unwrap_or_default());
                arg(0).clone()
            }
            "required" => arg(1).clone(),
            "default" | "coalesce" | "ternary" | "deepCopy" | "mustDeepCopy" | "and" | "or" => all(&args),
            "not" | "empty" | "kindIs" | "kindOf" | "typeIs" | "typeOf" | "typeIsLike" => Known::other(),
            "first" | "mustFirst" => self.item(arg(0), &|items| items.first()),
            "last" | "mustLast" => self.item(arg(0), &|items| items.last()),
            "rest" | "mustRest" if let Some(items) = exact(arg(0)) => {
                Known::of(Atom::List(Rc::new(items.get(1..).unwrap_or_default().to_vec())))
            }
            "append" | "mustAppend" | "push" | "mustPush" | "prepend" | "mustPrepend" => {
                let items = self.elements(arg(0)).with(arg(1).clone());
                Known::items(items)
            }
            "concat" | "rest" | "mustRest" | "initial" | "mustInitial" | "uniq" | "mustUniq" | "reverse"
            | "mustReverse" | "compact" | "mustCompact" | "values" => {
                Known::items(args.iter().map(|list| self.elements(list)).fold(Known::default(), Known::with))
            }
            "without" | "mustWithout" | "slice" | "mustSlice" => {
                self.consume_all(args.get(1..).unwrap_or_default());
                Known::items(self.elements(arg(0)))
            }
            "print" | "printf" => self.printed(name, &args),
            "toString" => {
                self.consume_all(&args);
                match arg(0).texts() {
                    Some(_) => arg(0).clone(),
                    None => pieces(&args).with(Known::other()),
                }
            }
            _ => {
                self.consume_all(&args);
                pieces(&args).with(Known::other())
            }
        }
    }

    pub(super) fn index(&mut self, args: &[Known], at: &Location, sure: bool) -> Known {
        let Some((value, keys)) = args.split_first() else { return Known::other() };
        // Only the last key is named, as for `.a.b`.
        let names: Option<Vec<Str>> =
            keys.iter().map(|key| key.texts().filter(|texts| texts.len() == 1)?.into_iter().next()).collect();
        if let Some(names) = names {
            return self.fields(value.clone(), &names, Some(at.clone()), sure);
        }
        let mut value = value.clone();
        for key in keys {
            self.consume(key);
            value = match key.number() {
                Some(n) => self.item(&value, &|items| items.get(n)),
                None => self.key(value, key, at, sure),
            };
        }
        value
    }

    /// A map takes in what others have; what comes of it. The first map is changed itself, which nobody sees if it is fresh.
    pub(super) fn merge(&mut self, into: &Known, from: &[Known], fresh: bool) -> Known {
        let place = |atom: &Atom| matches!(atom, Atom::Place(_, path) if path.len() > 1);
        // What flows into any other map is read through it, nobody knows by what name.
        if !fresh && !into.0.iter().all(place) {
            for known in from {
                let gone = known.0.iter().filter(|atom| !holds_object(atom)).cloned().collect();
                self.consume(&Known(gone));
            }
        }
        for known in from {
            self.flow(into, known);
            self.pour(into, known, fresh, 0);
        }
        from.iter().cloned().fold(into.clone(), Known::with)
    }

    /// What is read of a place may come from what is merged into it. Into a fresh map's maps, too: only it is new itself.
    fn pour(&mut self, into: &Known, from: &Known, fresh: bool, depth: usize) {
        if depth > MAX_NESTED {
            return self.consume(from);
        }
        for atom in &into.0 {
            match atom {
                Atom::Place(object, path) if path.len() > 1 && !fresh => {
                    self.pour_into(&(*object, path.clone()), from, depth);
                }
                Atom::Dict(map) => {
                    for (key, value) in map.iter() {
                        if *key == ANY {
                            self.consume(from);
                        } else if !value.0.iter().all(|atom| matches!(atom, Atom::Text(_) | Atom::Number(_))) {
                            let (inner, _) = self.field(from, key);
                            self.pour(value, &inner, false, depth + 1);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn pour_into(&mut self, place: &Place, from: &Known, depth: usize) {
        for atom in &from.0 {
            match atom {
                Atom::Place(object, path) => {
                    self.merged.insert((place.clone(), (*object, path.clone())));
                }
                Atom::Dict(map) if depth < MAX_NESTED => {
                    for (key, value) in map.iter() {
                        if *key == ANY {
                            self.consume(value);
                        } else {
                            let (object, mut path) = place.clone();
                            path.push(key.clone());
                            self.pour_into(&(object, path), value, depth + 1);
                        }
                    }
                }
                atom if holds_object(atom) => {}
                atom => self.consume(&Known::of(atom.clone())),
            }
        }
    }

    /// Templates put something under a key of a place.
    fn make(&mut self, map: &Known, key: &Known) {
        for atom in &map.0 {
            let Atom::Place(object, path) = atom else { continue };
            match key.texts() {
                Some(names) => {
                    for name in names {
                        let path = path.iter().cloned().chain([name]).collect();
                        self.made.insert((*object, path));
                    }
                }
                None => drop(self.made.insert((*object, path.clone()))),
            }
        }
    }

    /// A map takes in what another one has.
    fn flow(&mut self, into: &Known, from: &Known) {
        for atom in &from.0 {
            match atom {
                Atom::Dict(map) => map.keys().for_each(|key| self.make(into, &known_key(key))),
                Atom::Other => self.make(into, &Known::other()),
                _ => {}
            }
        }
    }

    pub(super) fn printed(&mut self, name: &str, args: &[Known]) -> Known {
        self.consume_all(args);
        let whole: Option<Vec<Str>> =
            args.iter().map(|arg| arg.texts().filter(|texts| texts.len() == 1)?.into_iter().next()).collect();
        let end = match (name, whole.as_deref()) {
            ("print", Some(texts)) => return Known::text(&Str::from(texts.concat())),
            ("printf", Some([text])) if !text.contains(&b'%') => return Known::text(text),
            ("print", _) => args.last().and_then(Known::texts).and_then(|texts| texts.into_iter().next()),
            _ => {
                let format = args.first().and_then(Known::texts).and_then(|texts| texts.into_iter().next());
                format.and_then(|format| {
                    // `%s/name.yaml`: what stands behind the last verb.
                    let at = memchr::memrchr(b'%', &format)?;
                    let rest = format.get(at + 1..)?;
                    let verb = rest.iter().position(u8::is_ascii_alphabetic)?;
                    Some(Str::from(rest.get(verb + 1..)?))
                })
            }
        };
        let end = end.map_or(Known::other(), |end| Known::of(Atom::Ends(end)));
        pieces(args).with(end)
    }
}

/// The items of what is surely one list whose items are known.
fn exact(value: &Known) -> Option<&[Known]> {
    let mut atoms = value.0.iter();
    match (atoms.next(), atoms.next()) {
        (Some(Atom::List(items)), None) => Some(items),
        _ => None,
    }
}

/// A key of a dictionary, as an argument.
fn known_key(key: &Str) -> Known {
    if *key == ANY { Known::other() } else { Known::text(key) }
}
