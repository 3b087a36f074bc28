//! Renders with other values, and what that moves.

use super::candidates::{Candidate, LIKELY, put};
use super::spot::{Spot, name};
use super::{Known, MAX_TOLD};
use crate::diff::{self, Change, Options, Side};
use crate::manifest::Manifests;
use crate::subject::{Rendered, Rendering, Trial};
use crate::value::MapRef;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The most renders for one release. A count and no time, so that the same inputs give the same text.
const MAX_RENDERS: usize = 400;
/// The most that is compared for one release, in about as many nanoseconds: a minute.
const MAX_WORK: usize = 60_000_000_000;
/// What a byte that is rendered and compared costs, and a pair of fields.
const BYTE: usize = 50;
const PAIR: usize = 20;

/// What was found of a field.
#[derive(Default)]
pub(super) struct Found {
    /// The values that move it by themselves, and whether it is then as on the other side.
    pub(super) alone: BTreeMap<usize, bool>,
    /// What is told.
    pub(super) told: BTreeSet<usize>,
    /// Whether something else plays a part.
    pub(super) and_more: bool,
}

impl Found {
    /// The values that bring back the other side by themselves.
    pub(super) fn back(&self) -> BTreeSet<usize> {
        self.alone.iter().filter(|(_, back)| **back).map(|(i, _)| *i).collect()
    }
}

/// Changes by the names of their objects.
struct ByName<'c> {
    changes: &'c [Change],
    names: HashMap<String, Vec<usize>>,
}

impl<'c> ByName<'c> {
    fn new(changes: &'c [Change], homes: [&str; 2]) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, change) in changes.iter().enumerate() {
            for object in [Some(&change.object), change.from_object.as_ref()].into_iter().flatten() {
                let places = names.entry(name(object, homes)).or_default();
                if places.last() != Some(&i) {
                    places.push(i);
                }
            }
        }
        ByName { changes, names }
    }

    /// The changes of a field's object, in their order.
    fn about(&self, spot: &Spot) -> impl Iterator<Item = &'c Change> + Clone + use<'c> {
        let found = spot.names.iter().filter_map(|name| self.names.get(name)).flatten().copied();
        let mut places: Vec<usize> = found.collect();
        places.sort_unstable();
        places.dedup();
        let changes = self.changes;
        places.into_iter().filter_map(|i| changes.get(i))
    }
}

/// Of each field how many came or went as it did in the same list without keys.
pub(super) fn alike(spots: &[Spot]) -> Vec<usize> {
    let key = |spot: &Spot| Some((spot.list.clone()?, spot.names.clone(), spot.known.is_some()));
    let mut counts: HashMap<_, usize> = HashMap::new();
    for key in spots.iter().filter_map(key) {
        *counts.entry(key).or_default() += 1;
    }
    spots.iter().map(|spot| key(spot).and_then(|key| counts.get(&key).copied()).unwrap_or_default()).collect()
}

/// What came of a render; fields by their numbers.
#[derive(Default)]
pub(super) struct Outcome {
    /// Fields that may have moved.
    pub(super) touched: BTreeSet<usize>,
    /// Fields that moved as they did between the sides.
    pub(super) moved: BTreeSet<usize>,
    /// Fields that are as on the other side.
    pub(super) back: BTreeSet<usize>,
}

pub(super) struct Search<'a> {
    pub(super) rendering: &'a Rendering<'a>,
    /// The side that is rendered, as it is.
    pub(super) side: &'a Side<'a>,
    pub(super) other: &'a Side<'a>,
    pub(super) known: &'a Known<'a>,
    /// The release's own namespace on either side.
    pub(super) homes: [&'a str; 2],
    pub(super) spots: &'a [Spot],
    pub(super) candidates: &'a [Candidate],
    /// Whether chance has a part in what differs. Else it is not looked for, which takes a second render.
    pub(super) by_chance: bool,
    /// What was rendered before; none: it failed.
    pub(super) tried: BTreeMap<Vec<usize>, Option<Rc<Outcome>>>,
    pub(super) renders: usize,
    /// What that cost so far.
    pub(super) work: usize,
    /// Of each field how many came or went in the same list.
    pub(super) alike: Vec<usize>,
    /// Whether something could not be tried.
    pub(super) exhausted: bool,
    pub(super) found: Vec<Found>,
}
impl Search<'_> {
    /// Renders with some values changed; none if that fails or enough was tried.
    fn attempt(&mut self, chosen: &[usize]) -> Option<Rc<Outcome>> {
        if let Some(outcome) = self.tried.get(chosen) {
            return outcome.clone();
        }
        if self.renders >= MAX_RENDERS || self.work >= MAX_WORK {
            self.exhausted = true;
            return None;
        }
        self.renders += 1;
        let outcome = self.render(chosen).map(|manifests| {
            let (outcome, work) = self.outcome(&manifests);
            self.work = self.work.saturating_add(work);
            Rc::new(outcome)
        });
        self.tried.insert(chosen.to_vec(), outcome.clone());
        outcome
    }

    fn render(&self, chosen: &[usize]) -> Option<Manifests> {
        let change = |user: &MapRef| {
            for candidate in chosen.iter().filter_map(|i| self.candidates.get(*i)) {
                put(user, &candidate.path, &candidate.instead);
            }
        };
        let mut rendered = Rendered::default();
        let trial = Trial { change: &change, is_marked: self.by_chance };
        self.rendering.render(self.known.flags, Some(&trial), &mut rendered).ok()?;
        if let Some((secrets, digests)) = self.known.veiled {
            rendered.manifests.veil(secrets, digests);
        }
        Some(rendered.manifests)
    }

    /// What a render moves, and what it cost to see that.
    fn outcome(&self, manifests: &Manifests) -> (Outcome, usize) {
        let texts = manifests.resources.iter().chain(&manifests.hooks);
        let mut work = BYTE * texts.map(|document| document.text.len()).sum::<usize>();
        let side = Side { manifests, ..*self.side };
        let marked = self.known.options.marked && self.by_chance;
        let whole = Options { marked, ..self.known.options.clone() };
        let options = Options { no_renames: true, ..whole.clone() };
        let moved = diff::compare(&side, self.side, &options);
        let mut outcome = Outcome::default();
        let moved = ByName::new(&moved, self.homes);
        if !self.spots.iter().any(|spot| moved.about(spot).next().is_some()) {
            return (outcome, work);
        }
        let left = diff::compare(&side, self.other, &whole);
        let left = ByName::new(&left, self.homes);
        for (i, spot) in self.spots.iter().enumerate() {
            let mut about = moved.about(spot);
            work += PAIR * about.clone().map(|change| change.fields.len()).sum::<usize>();
            if !about.clone().any(|change| spot.is_touched(change)) {
                continue;
            }
            outcome.touched.insert(i);
            if about.any(|change| spot.is_moved(change)) {
                outcome.moved.insert(i);
            }
            work += PAIR * left.about(spot).map(|change| change.fields.len()).sum::<usize>();
            if spot.is_back(left.about(spot), self.alike.get(i).copied().unwrap_or_default()) {
                outcome.back.insert(i);
            }
        }
        (outcome, work)
    }

    /// Finds which of the chosen values move which of the wanted fields by themselves.
    fn halve(&mut self, chosen: &[usize], wanted: &BTreeSet<usize>) {
        if chosen.is_empty() || wanted.is_empty() {
            return;
        }
        let outcome = self.attempt(chosen);
        match (chosen, outcome) {
            ([one], Some(outcome)) => {
                for i in wanted.iter().filter(|i| outcome.moved.contains(i) || outcome.back.contains(i)) {
                    if let Some(found) = self.found.get_mut(*i) {
                        found.alone.insert(*one, outcome.back.contains(i));
                    }
                }
            }
            // What cannot be rendered proves nothing.
            ([_], None) => {}
            (several, outcome) => {
                // What cannot be rendered together may be by itself.
                let touched = match outcome {
                    Some(outcome) => wanted.intersection(&outcome.touched).copied().collect(),
                    None => wanted.clone(),
                };
                let (left, right) = several.split_at(several.len() / 2);
                self.halve(left, &touched);
                self.halve(right, &touched);
            }
        }
    }

    /// Takes away from some values, the last ones first, all that is not needed for something to hold of their render. None if
    /// not all could be tried and too many are left to be told.
    fn needed(&mut self, chosen: &[usize], holds: &dyn Fn(&Outcome) -> bool) -> Option<BTreeSet<usize>> {
        let mut left = chosen.to_vec();
        let mut size = left.len().div_ceil(2);
        while size > 0 && left.len() > 1 {
            let mut end = left.len();
            while end > 0 && left.len() > 1 {
                let start = end.saturating_sub(size);
                let mut rest = left.clone();
                rest.drain(start..end);
                if !rest.is_empty() && self.attempt(&rest).is_some_and(|outcome| holds(&outcome)) {
                    left = rest;
                }
                end = start;
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        (!self.exhausted || left.len() <= MAX_TOLD).then(|| left.into_iter().collect())
    }

    /// Of fields for which something holds when all chosen values are changed: the smallest sets of values that are needed.
    fn together(
        &mut self,
        chosen: &[usize],
        wanted: &BTreeSet<usize>,
        holds: fn(&Outcome) -> &BTreeSet<usize>,
    ) -> BTreeMap<usize, Option<BTreeSet<usize>>> {
        let mut sets = BTreeMap::new();
        if chosen.is_empty() || wanted.is_empty() {
            return sets;
        }
        let Some(outcome) = self.attempt(chosen) else { return sets };
        let mut known: Vec<Vec<usize>> = Vec::new();
        for i in wanted.intersection(holds(&outcome)).copied() {
            let is_it = |outcome: &Outcome| holds(outcome).contains(&i);
            // What another field needs is often enough.
            let start = known.iter().find(|set| matches!(self.tried.get(*set), Some(Some(o)) if is_it(o))).cloned();
            // Where nothing can be tried any more, many values stay many.
            let hopeless = start.is_none() && self.exhausted && chosen.len() > MAX_TOLD;
            let set = if hopeless { None } else { self.needed(start.as_deref().unwrap_or(chosen), &is_it) };
            if let Some(set) = &set {
                let set = set.iter().copied().collect();
                if !known.contains(&set) {
                    known.push(set);
                }
            }
            sets.insert(i, set);
        }
        sets
    }

    /// Both sides' values are known: all that differ are candidates.
    pub(super) fn both(&mut self) {
        let all: Vec<usize> = (0..self.candidates.len()).collect();
        let every: BTreeSet<usize> = (0..self.spots.len()).collect();
        self.halve(&all, &every);
        let mut pending = BTreeSet::new();
        for i in every {
            let Some(found) = self.found.get(i) else { continue };
            let (movers, back): (BTreeSet<usize>, _) = (found.alone.keys().copied().collect(), found.back());
            let chosen: Vec<usize> = movers.iter().copied().collect();
            let proof = if movers.is_empty() || !back.is_empty() { None } else { self.attempt(&chosen) };
            let failed = movers.is_empty() || proof.is_some_and(|outcome| !outcome.back.contains(&i));
            if failed && back.is_empty() {
                pending.insert(i);
            }
            if let Some(found) = self.found.get_mut(i) {
                found.told = if back.is_empty() { movers } else { back };
            }
        }
        let back = self.together(&all, &pending, |outcome| &outcome.back);
        for (i, set) in &back {
            if let (Some(found), Some(set)) = (self.found.get_mut(*i), set) {
                found.told.clone_from(set);
            }
        }
        pending.retain(|i| !back.contains_key(i));
        // Something else plays a part; what the values do is told all the same.
        let silent = pending.iter().filter(|i| self.found.get(**i).is_some_and(|found| found.told.is_empty()));
        let silent: BTreeSet<usize> = silent.copied().collect();
        for (i, set) in self.together(&all, &silent, |outcome| &outcome.moved) {
            if let (Some(found), Some(set)) = (self.found.get_mut(i), set) {
                found.told = set;
            }
        }
        let failed = matches!(self.tried.get(&all), Some(Some(_)));
        for i in pending {
            if let Some(found) = self.found.get_mut(i) {
                found.and_more = failed;
            }
        }
    }

    /// One side's values are known: the first `given` candidates are what layers say over others.
    pub(super) fn one(&mut self, given: usize) {
        let layered: Vec<usize> = (0..given).collect();
        let every: BTreeSet<usize> = (0..self.spots.len()).collect();
        self.halve(&layered, &every);
        // Flags alone come first: whoever compares with them has not yet saved with them.
        let is_flag = |i: &usize| self.candidates.get(*i).is_some_and(|candidate| candidate.flag);
        let flags: Vec<usize> = layered.iter().copied().filter(is_flag).collect();
        for group in [flags, layered] {
            let pending = self.pending(|found| found.told.is_empty() && found.back().is_empty());
            for (i, set) in self.together(&group, &pending, |outcome| &outcome.back) {
                if let (Some(found), Some(set)) = (self.found.get_mut(i), set) {
                    found.told = set;
                }
            }
        }
        for i in &every {
            if let Some(found) = self.found.get_mut(*i).filter(|found| found.told.is_empty()) {
                found.told = found.back();
            }
        }
        for (rank, group) in self.groups(given) {
            let pending: BTreeSet<usize> = self.pending(|found| {
                // What is less likely than what brings back the other side is not asked.
                let best = found.back().iter().filter_map(|i| self.candidates.get(*i)).map(|c| c.rank).min();
                found.told.is_empty() && best.is_none_or(|best| rank <= best)
            });
            let has_news = |spot: &usize| {
                let Some((spot, found)) = self.spots.get(*spot).zip(self.found.get(*spot)) else { return false };
                let mut causes = found.alone.keys().filter_map(|i| self.candidates.get(*i));
                causes.any(|candidate| candidate.is_news(spot))
            };
            // What is unlikely is tried where nothing else was found.
            let wanted: BTreeSet<usize> =
                pending.into_iter().filter(|spot| rank <= LIKELY || !has_news(spot)).collect();
            self.halve(&group, &wanted);
            // Several values that bring back the other side together.
            let silent = self.pending(|found| found.alone.is_empty() && found.told.is_empty());
            let silent = silent.intersection(&wanted).copied().collect();
            for (i, set) in self.together(&group, &silent, |outcome| &outcome.back) {
                if let (Some(found), Some(set)) = (self.found.get_mut(i), set) {
                    found.told = set;
                }
            }
        }
        for (spot, found) in self.spots.iter().zip(&mut self.found) {
            if !found.told.is_empty() {
                continue;
            }
            let back = found.back();
            let causes = || found.alone.keys().filter_map(|i| Some((*i, self.candidates.get(*i)?)));
            let news: BTreeSet<usize> = causes().filter(|(_, c)| c.is_news(spot)).map(|(i, _)| i).collect();
            let rest = || causes().filter(|(_, c)| !c.is_old(spot)).map(|(i, _)| i).collect();
            found.told = if !back.is_empty() {
                back
            } else if !news.is_empty() {
                news
            } else {
                rest()
            };
        }
    }

    /// The candidates behind the first `given`, by rank; those that change one value stand in several groups.
    fn groups(&self, given: usize) -> Vec<(u8, Vec<usize>)> {
        let mut groups: BTreeMap<(u8, usize), Vec<usize>> = BTreeMap::new();
        let mut rounds: BTreeMap<(u8, &[String]), usize> = BTreeMap::new();
        for (i, candidate) in self.candidates.iter().enumerate().skip(given) {
            let round = rounds.entry((candidate.rank, &candidate.path)).or_default();
            groups.entry((candidate.rank, *round)).or_default().push(i);
            *round += 1;
        }
        groups.into_iter().map(|((rank, _), group)| (rank, group)).collect()
    }

    fn pending(&self, is: impl Fn(&Found) -> bool) -> BTreeSet<usize> {
        self.found.iter().enumerate().filter(|(_, found)| is(found)).map(|(i, _)| i).collect()
    }
}
