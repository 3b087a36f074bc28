//! Two documents → the fields that differ.

use super::lines::matches;
use super::order;
use crate::diagnostic::Span;
use crate::manifest::chance::{CHANCE, equal, replace};
use crate::manifest::edits::{self, DEEPEST, Edits};
use crate::manifest::path::{self, Step};
use crate::manifest::{Object, keys, overrides};
use crate::yaml::{Data, Node};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A node where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'n> {
    /// The key before it; none for an item of a list.
    pub(super) key: Option<Span>,
    pub(super) node: &'n Node,
    /// Whether it stands between brackets.
    pub(super) flow: bool,
}

/// A field that differs; a side that lacks it has no spot.
#[derive(Debug, Clone)]
pub(super) struct Difference<'n> {
    pub(super) path: Vec<Step>,
    pub(super) from: Option<Spot<'n>>,
    pub(super) to: Option<Spot<'n>>,
    /// Of an entry that one side alone has, between brackets on both.
    pub(super) gap: Option<Gap<'n>>,
    /// Of a list whose order means something and that has its items in another one: what names them.
    pub(super) order: Option<[Vec<String>; 2]>,
}

/// Where an entry is that one side alone has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap<'n> {
    /// Both sides' collections.
    pub(super) from: &'n Node,
    pub(super) to: &'n Node,
    /// Its place in the one that has it.
    pub(super) at: usize,
    /// The place of what it would stand behind on the right, if the left has it.
    pub(super) behind: Option<usize>,
}

/// The kind of an object as far as Kubernetes' merge keys are concerned.
pub(super) fn known_kind(object: &Object) -> &str {
    if keys::is_known(&object.group) { &object.kind } else { "" }
}

/// The fields that differ, in the order of their paths.
pub(super) fn differences<'n>(texts: [&[u8]; 2], one: &'n Node, two: &'n Node, kind: &str) -> Vec<Difference<'n>> {
    let mut walk = Walk { texts, kind, path: Vec::new(), found: Vec::new() };
    let spot = |node| Spot { key: None, node, flow: false };
    walk.nodes(spot(one), spot(two), 0);
    let mut found = walk.found;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A value as JSON; what JSON cannot have is told as it is written.
pub(super) fn json(text: &[u8], node: &Node) -> Json {
    overrides::json(node).unwrap_or_else(|_| {
        let (start, end) = edits::place(text, node.span);
        Json::String(String::from_utf8_lossy(text.get(start..end).unwrap_or_default()).into_owned())
    })
}

struct Walk<'t, 'n> {
    texts: [&'t [u8]; 2],
    kind: &'t str,
    path: Vec<Step>,
    found: Vec<Difference<'n>>,
}

impl<'n> Walk<'_, 'n> {
    fn put(&mut self, from: Option<Spot<'n>>, to: Option<Spot<'n>>) {
        self.found.push(Difference { path: self.path.clone(), from, to, gap: None, order: None });
    }

    /// Notes an entry that one side alone has.
    fn alone(&mut self, step: Step, from: Option<Spot<'n>>, to: Option<Spot<'n>>, gap: Gap<'n>) {
        let mut path = self.path.clone();
        path.push(step);
        let inside = |node: &Node, text: &[u8]| edits::is_flow(text, node);
        let gap = (inside(gap.from, self.texts[0]) && inside(gap.to, self.texts[1])).then_some(gap);
        self.found.push(Difference { path, from, to, gap, order: None });
    }

    fn nodes(&mut self, from: Spot<'n>, to: Spot<'n>, depth: usize) {
        let flow =
            [from.flow || edits::is_flow(self.texts[0], from.node), to.flow || edits::is_flow(self.texts[1], to.node)];
        match (&from.node.data, &to.node.data) {
            (Data::Map(_), Data::Map(_)) if depth < DEEPEST => self.maps(from.node, to.node, flow, depth),
            (Data::List(a), Data::List(b)) if depth < DEEPEST => self.lists([from, to], [a, b], flow, depth),
            _ if equal(from.node, to.node, depth) => {}
            _ => self.put(Some(from), Some(to)),
        }
    }

    fn maps(&mut self, from: &'n Node, to: &'n Node, flow: [bool; 2], depth: usize) {
        let (left, right) = (path::entries(from), path::entries(to));
        let others: HashMap<&str, usize> = right.iter().enumerate().map(|(i, (text, ..))| (text.as_str(), i)).collect();
        let mut seen = vec![false; right.len()];
        let mut behind = None;
        let spot = |key: &Node, node: &'n Node, flow| Spot { key: Some(key.span), node, flow };
        for (at, (text, key, value)) in left.iter().enumerate() {
            let one = spot(key, value, flow[0]);
            match others.get(text.as_str()).and_then(|i| Some((*i, right.get(*i)?))) {
                Some((i, (_, key, value))) => {
                    if let Some(seen) = seen.get_mut(i) {
                        *seen = true;
                    }
                    behind = Some(i);
                    self.path.push(Step::Key(text.clone()));
                    self.nodes(one, spot(key, value, flow[1]), depth + 1);
                    self.path.pop();
                }
                None => {
                    self.alone(Step::Key(text.clone()), Some(one), None, Gap { from, to, at, behind });
                }
            }
        }
        for (at, ((text, key, value), seen)) in right.iter().zip(seen).enumerate() {
            if !seen {
                let two = spot(key, value, flow[1]);
                self.alone(Step::Key(text.clone()), None, Some(two), Gap { from, to, at, behind: None });
            }
        }
    }

    fn lists(&mut self, spots: [Spot<'n>; 2], [a, b]: [&'n [Node]; 2], flow: [bool; 2], depth: usize) {
        let left = |node| Spot { key: None, node, flow: flow[0] };
        let right = |node| Spot { key: None, node, flow: flow[1] };
        let [from, to] = spots.map(|spot| spot.node);
        if let Some([names, others]) = path::names(self.kind, &self.path, [a, b]) {
            let places: HashMap<&str, usize> = others.iter().enumerate().map(|(j, name)| (name.as_str(), j)).collect();
            let (mut behind, mut ascending) = (None, true);
            for (at, (name, node)) in names.iter().zip(a).enumerate() {
                let step = Step::Item(name.clone());
                match places.get(name.as_str()).and_then(|j| Some((*j, b.get(*j)?))) {
                    Some((j, other)) => {
                        ascending &= behind.is_none_or(|behind| behind < j);
                        behind = Some(j);
                        self.path.push(step);
                        self.nodes(left(node), right(other), depth + 1);
                        self.path.pop();
                    }
                    None => self.alone(step, Some(left(node)), None, Gap { from, to, at, behind }),
                }
            }
            let known: std::collections::HashSet<&str> = names.iter().map(String::as_str).collect();
            for (at, (name, node)) in others.iter().zip(b).enumerate() {
                if !known.contains(name.as_str()) {
                    let gap = Gap { from, to, at, behind: None };
                    self.alone(Step::Item(name.clone()), None, Some(right(node)), gap);
                }
            }
            let list = self.path.iter().rev().find_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Item(_) | Step::Index(_) => None,
            });
            if !ascending && list.is_some_and(|list| is_other(list, [a, b], [&names, &others])) {
                let [from, to] = spots;
                let (path, order) = (self.path.clone(), Some([names, others]));
                self.found.push(Difference { path, from: Some(from), to: Some(to), gap: None, order });
            }
            return;
        }
        let prints = |list: &[Node]| list.iter().map(|node| fingerprint(node, depth)).collect::<Vec<u64>>();
        let mut pairs = matches(&prints(a), &prints(b));
        pairs.push((a.len(), b.len()));
        let (mut i, mut j) = (0, 0);
        for (next_i, next_j) in pairs {
            // Between equal items those at the same place belong together.
            while i < next_i || j < next_j {
                let (one, two) = (a.get(i).filter(|_| i < next_i), b.get(j).filter(|_| j < next_j));
                match (one, two) {
                    (Some(one), Some(two)) => {
                        self.path.push(Step::Index(i.min(j)));
                        self.nodes(left(one), right(two), depth + 1);
                        self.path.pop();
                    }
                    (one, two) => {
                        let at = if one.is_some() { i } else { j };
                        let gap = Gap { from, to, at, behind: j.checked_sub(1) };
                        self.alone(Step::Index(at), one.map(left), two.map(right), gap);
                    }
                }
                i += usize::from(one.is_some());
                j += usize::from(two.is_some());
            }
            (i, j) = (next_i + 1, next_j + 1);
        }
    }
}

/// Whether two lists with a key have their items in another order that means something.
fn is_other(list: &str, items: [&[Node]; 2], names: [&[String]; 2]) -> bool {
    let json = |items: &[Node]| items.iter().map(|item| overrides::json(item).unwrap_or_default()).collect::<Vec<_>>();
    let [left, right] = items.map(json);
    order::is_other(list, [&left, &right], names)
}

/// A number that nodes of the same meaning share.
fn fingerprint(node: &Node, depth: usize) -> u64 {
    let mut hash = DefaultHasher::new();
    print(node, depth, &mut hash);
    hash.finish()
}

fn print(node: &Node, depth: usize, hash: &mut DefaultHasher) {
    match &node.data {
        Data::Null => 0u8.hash(hash),
        Data::Bool(b) => (1u8, b).hash(hash),
        Data::Int(n) => (2u8, (*n as f64).to_bits()).hash(hash),
        Data::Uint(n) => (2u8, (*n as f64).to_bits()).hash(hash),
        Data::Float(f) => (2u8, f.to_bits()).hash(hash),
        Data::Str(s) => (3u8, s).hash(hash),
        Data::List(_) | Data::Map(_) if depth > DEEPEST => 4u8.hash(hash),
        Data::List(items) => {
            (5u8, items.len()).hash(hash);
            items.iter().for_each(|item| print(item, depth + 1, hash));
        }
        Data::Map(_) => {
            let mut entries = path::entries(node);
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            (6u8, entries.len()).hash(hash);
            for (key, _, value) in entries {
                key.hash(hash);
                print(value, depth + 1, hash);
            }
        }
    }
}

/// What has to change in both texts so that what chance made on one side is told as such on both.
pub(super) fn by_chance(texts: [&[u8]; 2], one: &Node, two: &Node, kind: &str) -> [Edits; 2] {
    let mut chance = Chance { texts, kind, path: Vec::new(), edits: [Edits::default(), Edits::default()] };
    chance.nodes(one, two, [None, None], [false, false], 0);
    chance.edits
}

struct Chance<'t> {
    texts: [&'t [u8]; 2],
    kind: &'t str,
    path: Vec<Step>,
    edits: [Edits; 2],
}

impl Chance<'_> {
    fn nodes(&mut self, one: &Node, two: &Node, keys: [Option<Span>; 2], flow: [bool; 2], depth: usize) {
        let is_chance = |node: &Node| matches!(&node.data, Data::Str(text) if *text == *CHANCE);
        let inside = [flow[0] || edits::is_flow(self.texts[0], one), flow[1] || edits::is_flow(self.texts[1], two)];
        match (&one.data, &two.data) {
            // What is quoted on one side only is still the same.
            _ if is_chance(one) || is_chance(two) => {
                replace(&mut self.edits[0], self.texts[0], one, keys[0], flow[0], CHANCE);
                replace(&mut self.edits[1], self.texts[1], two, keys[1], flow[1], CHANCE);
            }
            (Data::Map(_), Data::Map(_)) if depth < DEEPEST => {
                let right = path::entries(two);
                let others: HashMap<&str, (&Node, &Node)> =
                    right.iter().map(|(text, key, value)| (text.as_str(), (*key, *value))).collect();
                for (text, key, value) in path::entries(one) {
                    if let Some((other_key, other)) = others.get(text.as_str()) {
                        self.path.push(Step::Key(text));
                        self.nodes(value, other, [Some(key.span), Some(other_key.span)], inside, depth + 1);
                        self.path.pop();
                    }
                }
            }
            (Data::List(a), Data::List(b)) if depth < DEEPEST => {
                if let Some([names, others]) = path::names(self.kind, &self.path, [a, b]) {
                    let places: HashMap<&str, &Node> = others.iter().map(String::as_str).zip(b).collect();
                    for (name, one) in names.iter().zip(a) {
                        if let Some(two) = places.get(name.as_str()) {
                            self.path.push(Step::Item(name.clone()));
                            self.nodes(one, two, [None, None], inside, depth + 1);
                            self.path.pop();
                        }
                    }
                } else if a.len() == b.len() {
                    for (i, (one, two)) in a.iter().zip(b).enumerate() {
                        self.path.push(Step::Index(i));
                        self.nodes(one, two, [None, None], inside, depth + 1);
                        self.path.pop();
                    }
                }
            }
            _ => {}
        }
    }
}
