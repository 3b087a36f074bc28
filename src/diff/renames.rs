//! Objects that have another name and most of their content.
//!
//! Lines are the measure, with the object's own name taken out of them: those that the object has when each of its entries has one of
//! its own, so that brackets and quotes tell nothing. Objects are looked at together only if they share lines that few others have, so that
//! thousands of objects take no more time than their lines.
//!
//! Of Secrets whose values are not known on both sides the keys are the measure, and what their digests tell of two values.

use super::objects::Item;
use super::secrets::{Relation, relation};
use super::{Kept, Side};
use crate::manifest::chance::CHANCE;
use crate::manifest::edits::{self, DEEPEST};
use crate::manifest::path;
use crate::manifest::secret::{self, Found, Value};
use crate::yaml::{Data, Node};
use bstr::ByteSlice;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

/// Which share of their lines two objects must have in common, in percent.
const ALIKE: usize = 60;

/// How many lines of an object are looked up: those with the smallest numbers.
const SKETCH: usize = 64;

/// A line that more objects have tells nothing.
const COMMON: usize = 8;

/// What all objects of a kind have in common, whatever they are.
const SCAFFOLD: [&[u8]; 9] = [
    b"metadata:",
    b"spec:",
    b"data:",
    b"labels:",
    b"annotations:",
    b"---",
    b"stringData:",
    b"name: \0",
    b"type: Opaque",
];

/// An object that the other side lacks, and its place.
type Alone<'i> = (usize, &'i Item);

/// What is known of an object's lines.
struct Lines {
    /// Of all lines in their order.
    whole: u64,
    /// Ascending.
    set: Vec<u64>,
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn lines(item: &Item) -> Lines {
    lines_of(&item.text, &item.object.name)
}

fn lines_of(text: &[u8], name: &str) -> Lines {
    let mut ruler = Ruler { name: name.as_bytes(), all: DefaultHasher::new(), set: Vec::new() };
    match edits::read(text) {
        Some(root) => ruler.node(&root, 0),
        None => text.split(|b| *b == b'\n').for_each(|line| ruler.line(line, 0)),
    }
    let Ruler { all, mut set, .. } = ruler;
    set.sort_unstable();
    set.dedup();
    Lines { whole: all.finish(), set }
}

/// Takes an object's lines.
struct Ruler<'n> {
    name: &'n [u8],
    all: DefaultHasher,
    set: Vec<u64>,
}

impl Ruler<'_> {
    fn line(&mut self, line: &[u8], depth: usize) {
        let words = line.trim_ascii();
        if words.is_empty() {
            return;
        }
        let words = if self.name.is_empty() { words.to_vec() } else { words.replace(self.name, b"\0") };
        (depth, &words).hash(&mut self.all);
        let is_scaffold = SCAFFOLD.contains(&words.as_slice());
        if !is_scaffold && !words.starts_with(b"apiVersion:") && !words.starts_with(b"kind:") {
            self.set.push(hash(&words));
        }
    }

    fn node(&mut self, node: &Node, depth: usize) {
        match &node.data {
            _ if depth > DEEPEST => {}
            Data::Map(_) => {
                for (key, _, value) in path::entries(node) {
                    self.entry(&[key.as_bytes(), b":"].concat(), value, depth);
                }
            }
            Data::List(items) => {
                for item in items {
                    match &item.data {
                        Data::Map(_) => self.node(item, depth + 1),
                        _ => self.entry(b"-", item, depth),
                    }
                }
            }
            _ => self.line(&node.text, depth),
        }
    }

    /// A key, or the dash of an item, with what stands behind it.
    fn entry(&mut self, head: &[u8], value: &Node, depth: usize) {
        match &value.data {
            Data::Map(_) | Data::List(_) => {
                self.line(head, depth);
                self.node(value, depth + 1);
            }
            _ => {
                let text = value.as_string().unwrap_or_default();
                if text.contains(&b'\n') {
                    self.line(head, depth);
                    text.split(|b| *b == b'\n').for_each(|line| self.line(line, depth + 1));
                } else {
                    self.line(&[head, b" ", text.as_bytes()].concat(), depth);
                }
            }
        }
    }
}

/// Pairs of what is left over on both sides: the place on the left, and on the right.
pub(super) fn renames(
    from: &[Item],
    removed: &[usize],
    to: &[Item],
    added: &[usize],
    sides: &[Side<'_>; 2],
) -> Vec<(usize, usize)> {
    let mut kinds: BTreeMap<(&str, &str), [Vec<Alone<'_>>; 2]> = BTreeMap::new();
    for (side, items, alone) in [(0, from, removed), (1, to, added)] {
        for i in alone {
            let Some(item) = items.get(*i).filter(|item| !item.object.kind.is_empty()) else { continue };
            let both = kinds.entry((&item.object.group, &item.object.kind)).or_default();
            if let Some(list) = both.get_mut(side) {
                list.push((*i, item));
            }
        }
    }
    let sealed = sides.iter().any(|side| side.secrets != Kept::Plain);
    let both = kinds.iter().filter(|(_, [a, b])| !a.is_empty() && !b.is_empty());
    let pairs = both.flat_map(|(kind, [a, b])| match kind {
        ("", "Secret") if sealed => best(sealed_secrets(a, b, sides), a, b),
        _ => of_a_kind(a, b),
    });
    pairs.collect()
}

fn of_a_kind(a: &[Alone<'_>], b: &[Alone<'_>]) -> Vec<(usize, usize)> {
    let left: Vec<Lines> = a.iter().map(|(_, item)| lines(item)).collect();
    let right: Vec<Lines> = b.iter().map(|(_, item)| lines(item)).collect();
    let mut candidates = Vec::new();
    let mut exact: HashMap<u64, [Vec<usize>; 2]> = HashMap::new();
    for (side, list) in [(0, &left), (1, &right)] {
        for (i, lines) in list.iter().enumerate().filter(|(_, lines)| !lines.set.is_empty()) {
            if let Some(places) = exact.entry(lines.whole).or_default().get_mut(side) {
                places.push(i);
            }
        }
    }
    for [ours, theirs] in exact.values() {
        // Several of the same content: in the order of their names.
        candidates.extend(sorted(ours, a).into_iter().zip(sorted(theirs, b)).map(|(i, j)| (100, i, j)));
    }
    candidates.extend(alike(&left, &right));
    best(candidates, a, b)
}

/// Of pairs with their shares, those that are taken.
fn best(mut candidates: Vec<(usize, usize, usize)>, a: &[Alone<'_>], b: &[Alone<'_>]) -> Vec<(usize, usize)> {
    let name = |list: &[Alone<'_>], i: usize| {
        list.get(i).map(|(_, item)| (item.object.name.clone(), item.object.namespace.clone())).unwrap_or_default()
    };
    // The best first; of equals what both directions choose.
    candidates.sort_by_cached_key(|(score, i, j)| {
        let (one, two) = (name(a, *i), name(b, *j));
        (std::cmp::Reverse(*score), one.clone().min(two.clone()), one.max(two))
    });
    let (mut used_left, mut used_right) = (HashSet::new(), HashSet::new());
    let mut found = Vec::new();
    for (_, i, j) in candidates {
        if used_left.contains(&i) || used_right.contains(&j) {
            continue;
        }
        if let (Some((one, _)), Some((two, _))) = (a.get(i), b.get(j)) {
            used_left.insert(i);
            used_right.insert(j);
            found.push((*one, *two));
        }
    }
    found
}

fn sorted(places: &[usize], list: &[Alone<'_>]) -> Vec<usize> {
    let mut places = places.to_vec();
    places.sort_by_key(|i| list.get(*i).map(|(_, item)| (&item.object.namespace, &item.object.name)));
    places
}

/// Pairs that share enough, with their share.
fn alike(left: &[Lines], right: &[Lines]) -> Vec<(usize, usize, usize)> {
    let index = |list: &[Lines]| {
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (i, lines) in list.iter().enumerate() {
            for line in lines.set.iter().take(SKETCH) {
                let places = places.entry(*line).or_default();
                if places.len() <= COMMON {
                    places.push(i);
                }
            }
        }
        places
    };
    let (ours, theirs) = (index(left), index(right));
    let mut together: HashSet<(usize, usize)> = HashSet::new();
    for (line, left) in &ours {
        let Some(right) = theirs.get(line) else { continue };
        if left.len() <= COMMON && right.len() <= COMMON {
            together.extend(left.iter().flat_map(|i| right.iter().map(|j| (*i, *j))));
        }
    }
    let share = |(i, j): (usize, usize)| {
        let (a, b) = (left.get(i)?, right.get(j)?);
        let share = share(a, b, shared(a, b));
        (share >= ALIKE).then_some((share, i, j))
    };
    together.into_iter().filter_map(share).collect()
}

/// How many lines two objects share.
fn shared(a: &Lines, b: &Lines) -> usize {
    let (mut at, mut both) = (0, 0);
    for line in &a.set {
        while b.set.get(at).is_some_and(|other| other < line) {
            at += 1;
        }
        both += usize::from(b.set.get(at) == Some(line));
    }
    both
}

/// Which share of all lines of two objects both have, in percent.
fn share(a: &Lines, b: &Lines, both: usize) -> usize {
    both * 100 / (a.set.len() + b.set.len() - both).max(1)
}

/// A Secret whose values are looked at by their keys.
struct Sealed {
    /// Of its text without values.
    lines: Lines,
    values: Vec<Value>,
}

impl Sealed {
    fn new(item: &Item, side: &Side<'_>) -> Sealed {
        let name = &item.object.name;
        match secret::find(&item.text, side.namespace, "Secret") {
            Some(Found::Values(values)) => {
                let text = values.replace(&item.text, true, |_| Some("value".to_owned()));
                Sealed { lines: lines_of(&text, name), values: values.list }
            }
            Some(Found::Unreadable) | None => Sealed { lines: lines_of(&item.text, name), values: Vec::new() },
        }
    }

    fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.values.iter().map(|value| value.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Pairs of Secrets, with the share of what they have in common: the lines that are no values, and the keys whose values are
/// not known to be others. Where nothing is known of any value, both have all keys of each other.
fn sealed_secrets(a: &[Alone<'_>], b: &[Alone<'_>], sides: &[Side<'_>; 2]) -> Vec<(usize, usize, usize)> {
    let [from, to] = sides;
    let left: Vec<Sealed> = a.iter().map(|(_, item)| Sealed::new(item, from)).collect();
    let right: Vec<Sealed> = b.iter().map(|(_, item)| Sealed::new(item, to)).collect();
    let mut places: BTreeMap<u64, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, list) in [(0, &left), (1, &right)] {
        for (i, secret) in list.iter().enumerate() {
            for line in secret.lines.set.iter().take(SKETCH).copied().chain([secret.lines.whole]) {
                if let Some(places) = places.entry(line).or_default().get_mut(side) {
                    places.push(i);
                }
            }
        }
    }
    let mut together: HashSet<(usize, usize)> = HashSet::new();
    for [ours, theirs] in places.values() {
        if ours.len() <= COMMON && theirs.len() <= COMMON {
            together.extend(ours.iter().flat_map(|i| theirs.iter().map(|j| (*i, *j))));
        } else {
            // Many of one form: in the order of their names.
            together.extend(sorted(ours, a).into_iter().zip(sorted(theirs, b)));
        }
    }
    let judge = |(i, j): (usize, usize)| {
        let (one, two) = (left.get(i)?, right.get(j)?);
        let others: HashMap<&str, &Value> = two.values.iter().map(|value| (value.key.as_str(), value)).collect();
        let (mut same, mut other) = (0, 0);
        for value in &one.values {
            let Some(partner) = others.get(value.key.as_str()) else { continue };
            if value.written == *CHANCE || partner.written == *CHANCE {
                continue;
            }
            match relation(value, from.secrets, partner, to.secrets) {
                Relation::Same => same += 1,
                Relation::Other => other += 1,
                Relation::Unknown => {}
            }
        }
        let both = shared(&one.lines, &two.lines).saturating_sub(other);
        let share = share(&one.lines, &two.lines, both);
        // What is known counts more than what looks alike.
        let share = if same == 0 { share.min(99) } else { share };
        let fits = same > 0 || one.keys() == two.keys();
        (fits && share >= ALIKE).then_some((share, i, j))
    };
    together.into_iter().filter_map(judge).collect()
}
