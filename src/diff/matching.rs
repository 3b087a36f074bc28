//! Which object of one side is which of the other.

use super::objects::Item;
use crate::manifest::chance::CHANCE;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Objects that belong together, and those that stand alone.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
}

/// Where an object lives. The release's own namespace is the same place on both sides, whatever it is called.
fn home(item: &Item) -> Option<&str> {
    (!item.own).then_some(item.object.namespace.as_str())
}

/// Matches by text, by group, kind, namespace and name, and what chance named by kind; equals in their order.
pub(super) fn matching(from: &[Item], to: &[Item]) -> Matched {
    let mut state = State { pairs: Vec::new(), left: vec![false; from.len()], right: vec![false; to.len()] };
    let object = |item: &Item| (item.object.group.clone(), item.object.kind.clone(), item.object.name.clone());
    state.round(from, to, |item| Some((home(item), item.text.clone())));
    state.round(from, to, |item| Some((home(item).map(str::to_owned), object(item))));
    state.round(from, to, |item| Some((item.object.namespace.clone(), object(item))));
    // A name that chance gave on one side matches any on the other.
    let kind = |item: &Item| (home(item).map(str::to_owned), item.object.group.clone(), item.object.kind.clone());
    let is_chance = |item: &Item| item.object.name == CHANCE;
    state.round_of(from, to, kind, |one, two| is_chance(one) || is_chance(two));
    let alone = |taken: &[bool]| taken.iter().enumerate().filter(|(_, taken)| !**taken).map(|(i, _)| i).collect();
    Matched { removed: alone(&state.left), added: alone(&state.right), pairs: state.pairs }
}

struct State {
    pairs: Vec<(usize, usize)>,
    left: Vec<bool>,
    right: Vec<bool>,
}

impl State {
    /// Matches what has the same key, is not matched yet, and pleases; the first of each side first.
    fn round_of<'i, K: Hash + Eq>(
        &mut self,
        from: &'i [Item],
        to: &'i [Item],
        key: impl Fn(&'i Item) -> K,
        fits: impl Fn(&Item, &Item) -> bool,
    ) {
        if !from.iter().any(|item| fits(item, item)) && !to.iter().any(|item| fits(item, item)) {
            return;
        }
        let mut places: HashMap<K, Vec<usize>> = HashMap::new();
        for (i, (item, _)) in to.iter().zip(&self.right).enumerate().filter(|(_, (_, taken))| !**taken) {
            places.entry(key(item)).or_default().push(i);
        }
        for (i, (item, taken)) in from.iter().zip(&mut self.left).enumerate().filter(|(_, (_, taken))| !**taken) {
            let Some(places) = places.get_mut(&key(item)) else { continue };
            let Some(at) = places.iter().position(|j| to.get(*j).is_some_and(|other| fits(item, other))) else {
                continue;
            };
            let other = places.remove(at);
            *taken = true;
            if let Some(taken) = self.right.get_mut(other) {
                *taken = true;
            }
            self.pairs.push((i, other));
        }
    }

    /// Matches what has the same key and is not matched yet.
    fn round<'i, K: Hash + Eq>(&mut self, from: &'i [Item], to: &'i [Item], key: impl Fn(&'i Item) -> Option<K>) {
        let mut places: HashMap<K, VecDeque<usize>> = HashMap::new();
        for (i, (item, taken)) in to.iter().zip(&self.right).enumerate() {
            if let (false, Some(key)) = (taken, key(item)) {
                places.entry(key).or_default().push_back(i);
            }
        }
        for (i, (item, taken)) in from.iter().zip(&mut self.left).enumerate() {
            if *taken {
                continue;
            }
            let Some(key) = key(item) else { continue };
            if let Some(other) = places.get_mut(&key).and_then(VecDeque::pop_front) {
                *taken = true;
                if let Some(taken) = self.right.get_mut(other) {
                    *taken = true;
                }
                self.pairs.push((i, other));
            }
        }
    }
}
