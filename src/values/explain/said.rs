//! What one layer says, as a tree with places.

use crate::diagnostic::{Location, Source, Span};
use crate::go::fmt::sprint;
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::secret::SOPS;
use crate::yaml::{self, Data, Node, Offsets};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Deeper than this nothing is explained by itself.
pub(super) const DEEPEST: usize = 200;

/// A value that a layer says, and what is below it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) at: Location,
    pub(super) value: Value,
    pub(super) below: Below,
    /// Whether it replaces what other layers beside it say, be it a map: the value of a `KEY=JSON`.
    pub(super) whole: bool,
    /// Whether its keys are numbers of items that it sets in a list.
    pub(super) by_item: bool,
    /// Whether it, or something below it, holds what an encrypted layer hides.
    pub(super) secret: bool,
    /// Whether its key does.
    pub(super) secret_key: bool,
}

/// What stands below a value.
#[derive(Debug)]
pub(super) enum Below {
    Nothing,
    Keys(BTreeMap<String, Said>),
    Items(Vec<Said>),
}

/// An answer to the question what a layer says of a path.
pub(super) struct Answer<'s> {
    pub(super) said: &'s Said,
    /// How many keys of the path it is about: fewer than asked where something above is no map.
    pub(super) depth: usize,
    /// Whether the way went through what merges with nothing: the items of a list, the value of a `KEY=JSON`.
    pub(super) whole: bool,
}

impl Said {
    /// The documents of a values file, each a tree.
    pub(super) fn file(source: &Arc<Source>) -> Vec<Said> {
        Said::written(source, &|_| false)
    }

    /// The same; what stands where `secret` says so is secret, values and keys.
    pub(super) fn written(source: &Arc<Source>, secret: &dyn Fn(Span) -> bool) -> Vec<Said> {
        let read = |(node, offsets): &(Node, Offsets)| Build { source, offsets, secret }.node(node, None, 0);
        yaml::nodes(&source.text).iter().map(read).collect()
    }

    /// The documents of an encrypted file: its places, and what is decrypted.
    pub(super) fn encrypted(source: &Arc<Source>, values: &MapRef) -> Vec<Said> {
        let mut documents = Said::file(source);
        for said in &mut documents {
            if let Below::Keys(keys) = &mut said.below {
                keys.remove(SOPS);
            }
            said.lay_under(&Value::Map(MapType::Any, values.clone()), 0);
        }
        documents
    }

    /// Replaces what it says, and keeps the places, as far as what is decrypted has the shape of what is written.
    fn lay_under(&mut self, value: &Value, depth: usize) {
        match (&mut self.below, value) {
            (Below::Keys(keys), Value::Map(_, map)) => {
                keys.retain(|key, _| map.get(key).is_some());
                for (key, value) in map.entries() {
                    match keys.get_mut(&*key.lossy()) {
                        Some(said) => said.lay_under(&value, depth + 1),
                        None => drop(keys.insert(key.to_string(), Said::value(&value, &self.at, false, depth + 1))),
                    }
                }
            }
            (Below::Items(said), Value::List(_, items)) => {
                said.truncate(items.len());
                said.iter_mut().zip(items.iter()).for_each(|(said, item)| said.lay_under(item, depth + 1));
                let more = items.iter().skip(said.len());
                said.extend(more.map(|item| Said::value(item, &self.at, false, depth + 1)));
            }
            (below, value) => *below = Said::value(value, &self.at, false, depth).below,
        }
        self.value = value.clone();
    }

    /// A value that stands at one place. Of a list that is set item by item (`a[1]=x`) the other items stay: it is taken
    /// as a map of its items.
    pub(super) fn value(value: &Value, at: &Location, by_item: bool, depth: usize) -> Said {
        let inner = |value: &Value| Said::value(value, at, by_item, depth + 1);
        let mut value = value.clone();
        let mut items_only = false;
        let below = match &value {
            _ if depth >= DEEPEST => Below::Nothing,
            Value::Map(_, map) => Below::Keys(map.entries().iter().map(|(k, v)| (k.to_string(), inner(v))).collect()),
            // Nulls fill the list up.
            Value::List(_, items) if by_item => {
                let set = items.iter().enumerate().filter(|(_, item)| !item.is_nil());
                let keys: BTreeMap<String, Said> = set.map(|(i, item)| (i.to_string(), inner(item))).collect();
                let map = keys.iter().map(|(k, said)| (Str::from(k.as_str()), said.value.clone())).collect::<Map>();
                value = Value::map(map);
                items_only = true;
                Below::Keys(keys)
            }
            Value::List(_, items) => Below::Items(items.iter().map(inner).collect()),
            _ => Below::Nothing,
        };
        Said { at: at.clone(), value, below, whole: false, by_item: items_only, secret: false, secret_key: false }
    }

    /// Marks what holds one of the texts, and what that stands in; tells whether anything does.
    pub(super) fn taint(&mut self, secrets: &[Vec<u8>]) -> bool {
        let holds = |text: &[u8]| secrets.iter().any(|secret| memchr::memmem::find(text, secret).is_some());
        self.secret = match &mut self.below {
            // All of them are to be marked, so that none is left out after the first.
            Below::Keys(keys) => keys.iter_mut().fold(self.secret, |any, (key, said)| {
                said.secret_key |= holds(key.as_bytes());
                said.taint(secrets) | any | said.secret_key
            }),
            Below::Items(items) => items.iter_mut().fold(self.secret, |any, said| said.taint(secrets) | any),
            Below::Nothing => {
                self.secret
                    || match &self.value {
                        Value::Str(text) => holds(text),
                        Value::Nil => false,
                        other => sprint(std::slice::from_ref(other)).is_ok_and(|text| holds(&text)),
                    }
            }
        };
        self.secret
    }

    /// Adds the paths of what is secret: of leaves, and those that end in a secret key.
    pub(super) fn secrets(
        &self,
        path: &mut Vec<String>,
        leaves: &mut Vec<Vec<String>>,
        keys: &mut HashSet<Vec<String>>,
    ) {
        if self.secret_key {
            keys.insert(path.clone());
        }
        match &self.below {
            Below::Keys(below) if !below.is_empty() => {
                for (key, said) in below {
                    path.push(key.clone());
                    said.secrets(path, leaves, keys);
                    path.pop();
                }
            }
            _ if self.secret => leaves.push(path.clone()),
            _ => {}
        }
    }

    /// Gives what stands at the only path of a tree, and what is below that, the places of what is written there.
    pub(super) fn place_below(&mut self, path: &[String], written: &Said) {
        let mut said = self;
        for key in path {
            let Below::Keys(keys) = &mut said.below else { return };
            let Some(below) = keys.get_mut(key) else { return };
            said = below;
        }
        said.at = written.at.clone();
        said.below.place(&written.below);
    }

    /// Moves all places: those of a rendered text into its template.
    pub(super) fn moved(&mut self, place: &dyn Fn(Span) -> Location) {
        self.at = place(self.at.span);
        match &mut self.below {
            Below::Keys(keys) => keys.values_mut().for_each(|said| said.moved(place)),
            Below::Items(items) => items.iter_mut().for_each(|said| said.moved(place)),
            Below::Nothing => {}
        }
    }

    /// Marks what stands at the only path of a tree as whole.
    pub(super) fn mark_whole(&mut self, path: &[String]) {
        let mut said = self;
        for key in path {
            let Below::Keys(keys) = &mut said.below else { return };
            let Some(below) = keys.get_mut(key) else { return };
            said = below;
        }
        said.whole = true;
    }

    /// Adds a null that is said of an item: in a tree of values it looks like one that only fills a list up.
    pub(super) fn say_null(&mut self, path: &[String]) {
        let mut said = self;
        for (i, key) in path.iter().enumerate() {
            let by_item = said.by_item;
            let Below::Keys(keys) = &mut said.below else { return };
            if by_item && i + 1 == path.len() && !keys.contains_key(key) {
                let null = Said::value(&Value::Nil, &said.at, true, i);
                keys.insert(key.clone(), null);
            }
            let Some(below) = keys.get_mut(key) else { return };
            said = below;
        }
    }

    /// What it says, with lists of which it sets single items as lists: nulls in the place of the others.
    pub(super) fn plain(&self) -> Value {
        match &self.below {
            Below::Keys(keys) if self.by_item => {
                let mut items = Vec::new();
                for (key, said) in keys {
                    let Ok(i) = key.parse::<usize>() else { continue };
                    if i >= items.len() {
                        items.resize(i + 1, Value::Nil);
                    }
                    if let Some(item) = items.get_mut(i) {
                        *item = said.plain();
                    }
                }
                Value::list(items)
            }
            Below::Keys(keys) => {
                Value::map(keys.iter().map(|(key, said)| (Str::from(key.as_str()), said.plain())).collect::<Map>())
            }
            _ => self.value.clone(),
        }
    }

    /// What it says of a path, or of what is above it.
    pub(super) fn ask(&self, path: &[String]) -> Option<Answer<'_>> {
        let mut answer = Answer { said: self, depth: 0, whole: false };
        for key in path {
            let next = match &answer.said.below {
                Below::Keys(keys) => match keys.get(key) {
                    Some(next) => next,
                    // A map that does not name the key says nothing of it, unless its list was replaced.
                    None if answer.whole => return Some(answer),
                    None => return None,
                },
                Below::Items(items) => match key.parse::<usize>().ok().and_then(|i| items.get(i)) {
                    Some(next) => {
                        answer.whole = true;
                        next
                    }
                    None => return Some(answer),
                },
                Below::Nothing => return Some(answer),
            };
            answer.whole |= next.whole;
            answer.said = next;
            answer.depth += 1;
        }
        Some(answer)
    }

    /// Adds the paths of all that is no map, or a map without keys.
    pub(super) fn leaves(&self, path: &mut Vec<String>, add: &mut dyn FnMut(&[String])) {
        match &self.below {
            Below::Keys(keys) if !keys.is_empty() => {
                for (key, said) in keys {
                    path.push(key.clone());
                    said.leaves(path, add);
                    path.pop();
                }
            }
            _ => add(path),
        }
    }
}

impl Below {
    fn place(&mut self, written: &Below) {
        match (self, written) {
            (Below::Keys(keys), Below::Keys(written)) => {
                for (key, said) in keys {
                    if let Some(written) = written.get(key) {
                        said.at = written.at.clone();
                        said.below.place(&written.below);
                    }
                }
            }
            (Below::Items(items), Below::Items(written)) => {
                for (said, written) in items.iter_mut().zip(written) {
                    said.at = written.at.clone();
                    said.below.place(&written.below);
                }
            }
            _ => {}
        }
    }
}

/// What the values in a project's `set` say, by the places of their keys.
pub(super) fn settings(source: &Arc<Source>) -> HashMap<u32, Said> {
    let mut found = HashMap::new();
    for (root, offsets) in &yaml::nodes(&source.text) {
        let build = Build { source, offsets, secret: &|_| false };
        for declarations in ["environments", "releases"].iter().filter_map(|key| root.get(key)) {
            let Data::Map(declarations) = &declarations.data else { continue };
            let settings = declarations.iter().filter_map(|(_, declaration)| declaration.get("set"));
            for setting in settings {
                let Data::Map(entries) = &setting.data else { continue };
                for (key, value) in entries {
                    found.insert(offsets.real(key.span).start, build.node(value, Some(key.span), 0));
                }
            }
        }
    }
    found
}

struct Build<'a> {
    source: &'a Arc<Source>,
    offsets: &'a Offsets,
    /// Whether what stands somewhere is secret.
    secret: &'a dyn Fn(Span) -> bool,
}

impl Build<'_> {
    fn node(&self, node: &Node, key: Option<Span>, depth: usize) -> Said {
        // The value if it stands on one line, else its key; of a text in several lines where it begins.
        let value_at = self.offsets.real(node.span);
        let first = self.source.slice(value_at).iter().position(|b| *b == b'\n');
        let span = match (first, &node.data) {
            (None, _) => value_at,
            (Some(end), Data::Str(_)) => Span::new(value_at.start as usize, value_at.start as usize + end),
            (Some(_), _) => self.offsets.real(key.unwrap_or(node.span)),
        };
        let below = match &node.data {
            Data::Map(entries) if depth < DEEPEST => {
                let named = entries.iter().filter_map(|(key, value)| Some((key.as_key()?, key, value)));
                Below::Keys(
                    named
                        .map(|(name, key, value)| (name.to_string(), self.node(value, Some(key.span), depth + 1)))
                        .collect(),
                )
            }
            Data::List(items) if depth < DEEPEST => {
                Below::Items(items.iter().map(|item| self.node(item, None, depth + 1)).collect())
            }
            _ => Below::Nothing,
        };
        let value = match &below {
            Below::Keys(keys) => {
                Value::map(keys.iter().map(|(k, said)| (Str::from(k.as_str()), said.value.clone())).collect::<Map>())
            }
            Below::Items(items) => Value::list(items.iter().map(|said| said.value.clone()).collect()),
            Below::Nothing => scalar(node),
        };
        Said {
            secret: match &below {
                Below::Keys(keys) => keys.values().any(|said| said.secret || said.secret_key),
                Below::Items(items) => items.iter().any(|said| said.secret),
                Below::Nothing => (self.secret)(value_at),
            },
            secret_key: key.is_some_and(|key| (self.secret)(self.offsets.real(key))),
            at: Location { source: self.source.clone(), span },
            value,
            below,
            whole: false,
            by_item: false,
        }
    }
}

/// A scalar as Helm has it: every number a float.
fn scalar(node: &Node) -> Value {
    match &node.data {
        Data::Bool(b) => Value::Bool(*b),
        Data::Int(n) => Value::Float(*n as f64),
        Data::Uint(n) => Value::Float(*n as f64),
        Data::Float(f) => Value::Float(*f),
        Data::Str(s) => Value::Str(s.clone()),
        Data::Null => Value::Nil,
        Data::List(_) | Data::Map(_) => Value::str("…"),
    }
}

/// The paths of all in a tree of values that is no map, or a map without keys.
pub(super) fn leaves(map: &MapRef, path: &mut Vec<String>, add: &mut dyn FnMut(&[String])) {
    for (key, value) in map.entries() {
        path.push(key.to_string());
        match value {
            Value::Map(_, below) if !below.is_empty() && path.len() < DEEPEST => leaves(&below, path, add),
            _ => add(path),
        }
        path.pop();
    }
}
