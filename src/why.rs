//! Which value moved a field. Nothing is guessed: a value counts when rendering with another one in its place changes the field.
//!
//! Where both sides are rendered, the values that differ are put back, half of them at a time, until each field has its own. Where
//! only one side's values are known, each value that a layer gives is replaced by what it would be without that layer, and, where
//! that does not bring back the other side, values that could have made the field are changed one by one.
//!
//! Evidence has grades, and only the best is told: the other side's field is back; the value's text is on one side only; the
//! field moves. Values that do it only together are found by taking away from all of them what is not needed.

use crate::diagnostic::Location;
use crate::diff::{self, Change, ChangeKind, Field, Options, Side};
use crate::go::json;
use crate::manifest::chance::CHANCE;
use crate::manifest::{Manifests, Object};
use crate::render::Memo;
use crate::subject::{Flags, Rendered, Rendering, Trial};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::explain::{Effect, Explained, Explanation, Origin, Voice, path_text};
use crate::values::{GLOBAL, deep_copy};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most renders for one release. A count and no time, so that the same inputs give the same text.
const MAX_RENDERS: usize = 400;

/// The most values that are told for one field.
const MAX_TOLD: usize = 4;

/// Maps deeper than this are values of their own.
const DEEPEST: usize = 100;

/// In charts with at most so many values each of them is tried, however little it looks like the reason.
const FEW_VALUES: usize = 64;

/// The most items of one list that are taken away one by one.
const MAX_ITEMS: usize = 8;

/// The most values that one may have been on the other side.
const MAX_INFERRED: usize = 2;

/// Ranks up to this one look like the reason.
const LIKELY: u8 = 2;

/// What is told of a field that no value moves.
const UNEXPLAINED: &str = "no value explains it";

/// What is told of a field that differs even when all its values are put back.
const AND_MORE: &str = "and something that is no value";

/// What is known of both sides.
pub struct Known<'a> {
    /// The left side, if it is rendered.
    pub from: Option<&'a Rendering<'a>>,
    /// The right side, if it is rendered.
    pub to: Option<&'a Rendering<'a>>,
    /// What flags say of renders.
    pub flags: &'a Flags<'a>,
    /// What is compared.
    pub options: &'a Options,
    /// What came from encrypted layers, where it is veiled on both sides, and whether with digests.
    pub veiled: Option<(&'a [Str], bool)>,
}

/// What is put in a value's place.
enum Instead {
    /// Another one.
    Value(Value),
    /// Nothing, whatever charts say.
    Deleted,
    /// Nothing by the user.
    Silent,
}

/// A value that may be the reason.
struct Candidate {
    path: Vec<String>,
    instead: Instead,
    /// Where it is set, on one side or both.
    told: String,
    /// The texts of it, where only one side's values are known.
    texts: Vec<String>,
    /// Whether a flag gives it.
    flag: bool,
    /// How unlikely it is; only of values that are changed to anything else.
    rank: u8,
}

impl Candidate {
    /// Whether a field has its text on one side only.
    fn is_news(&self, spot: &Spot) -> bool {
        self.texts.iter().any(|text| spot.is_news(text))
    }

    /// Whether both sides show it: it moves the field, but did not move it now.
    fn is_old(&self, spot: &Spot) -> bool {
        let [text] = self.texts.as_slice() else { return false };
        let whole = |side| shows(side, text) == Shows::Whole;
        whole(&spot.known) && whole(&spot.other)
    }
}

/// How a field's text shows another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// It does not.
    Not,
    /// In a longer word: `1.2` in `1.25`.
    Inside,
    /// As a word.
    Whole,
}

fn shows(side: &Option<String>, text: &str) -> Shows {
    let Some(side) = side.as_ref().filter(|_| !text.is_empty()) else { return Shows::Not };
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let mut found = Shows::Not;
    for (at, _) in side.match_indices(text) {
        let before = side.get(..at).and_then(|before| before.chars().next_back());
        let after = side.get(at + text.len()..).and_then(|after| after.chars().next());
        if !goes_on(before) && !goes_on(after) {
            return Shows::Whole;
        }
        found = Shows::Inside;
    }
    found
}

/// A field that differs.
struct Spot {
    /// What names its object, on either side if that differs.
    names: Vec<String>,
    path: String,
    /// Its text on the side that is rendered anew.
    known: Option<String>,
    /// Its text on the other side.
    other: Option<String>,
    /// Whether it comes or goes.
    comes: bool,
    /// Of an item that comes or goes in a list without keys: the list's path. Its number says little.
    list: Option<String>,
    secret: bool,
}

impl Spot {
    fn new(change: &Change, field: &Field, homes: [&str; 2], turned: bool) -> Spot {
        let objects = [Some(&change.object), change.from_object.as_ref()];
        let mut sides = if field.path.is_empty() {
            // An object that comes or goes is its text.
            let text = |side: &Option<Str>| side.as_ref().map(ToString::to_string);
            (text(&change.before), text(&change.after))
        } else {
            (field.from.as_ref().map(shown), field.to.as_ref().map(shown))
        };
        if turned {
            sides = (sides.1, sides.0);
        }
        let (known, other) = sides;
        let comes = known.is_none() != other.is_none();
        Spot {
            names: objects.into_iter().flatten().map(|object| name(object, homes)).collect(),
            path: field.path.clone(),
            list: list_of(&field.path).filter(|_| comes).map(str::to_owned),
            secret: change.object.kind == "Secret",
            known,
            other,
            comes,
        }
    }

    fn is_news(&self, text: &str) -> bool {
        shows(&self.known, text) != shows(&self.other, text)
    }

    fn is_about(&self, change: &Change, homes: [&str; 2]) -> bool {
        let objects = [Some(&change.object), change.from_object.as_ref()];
        objects.into_iter().flatten().any(|object| self.names.contains(&name(object, homes)))
    }

    /// Whether a change may be one of this field.
    fn is_touched(&self, change: &Change) -> bool {
        // Where the object comes or goes, all of it moves.
        !matches!(change.kind, ChangeKind::Changed)
            || change.fields.iter().any(|field| self.is_sibling(field) || touches(&field.path, &self.path))
            || (change.fields.is_empty() && self.path.is_empty())
    }

    /// Whether a field is of the same list without keys.
    fn is_sibling(&self, field: &Field) -> bool {
        self.list.is_some() && list_of(&field.path) == self.list.as_deref()
    }

    /// Whether a change is what could have made this one: a field that came is explained by what makes it go.
    fn is_moved(&self, change: &Change) -> bool {
        if !self.comes {
            // That the field vanishes does not say what made it another one.
            let stays =
                |field: &Field| field.from.is_some() || inside(&self.path, &field.path) && field.path != self.path;
            let moves = |field: &Field| touches(&field.path, &self.path) && stays(field);
            return change.kind == ChangeKind::Renamed
                || change.kind == ChangeKind::Changed && change.fields.iter().any(moves);
        }
        match change.kind {
            ChangeKind::Changed if self.list.is_some() => change.fields.iter().any(|field| {
                // Its number follows from the items before it; what it is does not.
                let (from, to) = (field.from.as_ref().map(shown), field.to.as_ref().map(shown));
                let same = self.is_sibling(field) && to == self.known && from == self.other;
                same || touches(&field.path, &self.path)
            }),
            ChangeKind::Added => self.known.is_none() && self.path.is_empty() || self.known.is_some(),
            ChangeKind::Removed => self.known.is_none() && self.path.is_empty(),
            ChangeKind::Renamed => true,
            ChangeKind::Changed => change.fields.iter().any(|field| {
                let switched = field.from.is_none() != field.to.is_none();
                inside(&field.path, &self.path) && (switched || field.path.len() < self.path.len())
            }),
        }
    }

    /// Whether the field is as on the other side, by what still differs from it. `alike` counts the items that came or went in
    /// the same list.
    fn is_back(&self, left: &[Change], alike: usize, homes: [&str; 2]) -> bool {
        let mut siblings = 0;
        for change in left.iter().filter(|change| self.is_about(change, homes)) {
            if matches!(change.kind, ChangeKind::Added | ChangeKind::Removed) {
                return false;
            }
            // An object that is there again is back, whatever differs in it.
            if self.path.is_empty() {
                continue;
            }
            for field in &change.fields {
                let is_sibling = self.is_sibling(field)
                    && field.from.is_some() == self.known.is_some()
                    && field.to.is_some() == self.other.is_some();
                if is_sibling {
                    siblings += 1;
                    if field.from.as_ref().map(shown) == self.known && field.to.as_ref().map(shown) == self.other {
                        return false;
                    }
                } else if touches(&field.path, &self.path) {
                    return false;
                }
            }
        }
        siblings == 0 || siblings < alike
    }
}

/// A field's value, to look for texts in it.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The list that an item without a key is in: `args` of `args[1]`.
fn list_of(path: &str) -> Option<&str> {
    let (list, number) = path.strip_suffix(']')?.rsplit_once('[')?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(list)
}

/// Says of each changed field which values move it. Returns what else is to be said.
pub fn explain(changes: &mut [Change], from: &Side<'_>, to: &Side<'_>, known: &Known<'_>) -> Vec<String> {
    if changes.is_empty() {
        return Vec::new();
    }
    let (rendering, side, other) = match (known.from, known.to) {
        (_, Some(rendering)) => (rendering, to, from),
        (Some(rendering), None) => (rendering, from, to),
        (None, None) => return vec!["--why: neither side is rendered, so no values are known".to_owned()],
    };
    let homes = [from.namespace, to.namespace];
    let turned = known.to.is_some();
    let each = changes.iter().flat_map(|change| change.fields.iter().map(move |field| (change, field)));
    let spots: Vec<Spot> = each.map(|(change, field)| Spot::new(change, field, homes, turned)).collect();
    let (candidates, given) = match (known.from, known.to) {
        (Some(from), Some(to)) => {
            let candidates = differing(from, to, known.flags);
            let given = candidates.len();
            (candidates, given)
        }
        _ => one_sided(rendering, &spots, known.flags),
    };
    let mut search = Search {
        rendering,
        side,
        other,
        known,
        homes,
        spots: &spots,
        candidates: &candidates,
        memo: Memo::default(),
        by_chance: spots.iter().any(has_chance),
        tried: BTreeMap::new(),
        renders: 0,
        exhausted: false,
        found: spots.iter().map(|_| Found::default()).collect(),
    };
    if known.from.is_some() && known.to.is_some() {
        search.both();
    } else {
        search.one(given);
    }
    let (found, exhausted) = (search.found, search.exhausted);
    let fields = changes.iter_mut().flat_map(|change| &mut change.fields);
    for (field, found) in fields.zip(&found) {
        field.why = told(found, &candidates);
    }
    if exhausted {
        return vec![format!("--why: {} values may be the reason, and not all could be tried", candidates.len())];
    }
    Vec::new()
}

/// Whether chance has a part in what differs.
fn has_chance(spot: &Spot) -> bool {
    [&spot.known, &spot.other].into_iter().flatten().any(|text| text.contains(CHANCE))
}

/// Sentences for what was found.
fn told(found: &Found, candidates: &[Candidate]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for candidate in found.told.iter().filter_map(|i| candidates.get(*i)) {
        // Several changes may have been tried of one value.
        if !lines.contains(&candidate.told) {
            lines.push(candidate.told.clone());
        }
    }
    if lines.is_empty() {
        return vec![UNEXPLAINED.to_owned()];
    }
    if lines.len() > MAX_TOLD {
        let more = lines.len() - MAX_TOLD;
        lines.truncate(MAX_TOLD);
        lines.push(format!("… {more} more values"));
    }
    if found.and_more {
        lines.push(AND_MORE.to_owned());
    }
    lines
}

/// What names an object. The release's own namespaces are one.
fn name(object: &Object, homes: [&str; 2]) -> String {
    let namespace = if homes.contains(&object.namespace.as_str()) { "" } else { &object.namespace };
    [&object.group, &object.kind, namespace, &object.name].join("\0")
}

/// Whether a path is another one or lies in it.
fn inside(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether a change of one path is one of another: the same, or one lies in the other.
fn touches(moved: &str, path: &str) -> bool {
    inside(moved, path) || inside(path, moved)
}

/// What was found of a field.
#[derive(Default)]
struct Found {
    /// The values that move it by themselves, and whether it is then as on the other side.
    alone: BTreeMap<usize, bool>,
    /// What is told.
    told: BTreeSet<usize>,
    /// Whether something else plays a part.
    and_more: bool,
}

impl Found {
    /// The values that bring back the other side by themselves.
    fn back(&self) -> BTreeSet<usize> {
        self.alone.iter().filter(|(_, back)| **back).map(|(i, _)| *i).collect()
    }
}

/// What came of a render; fields by their numbers.
#[derive(Default)]
struct Outcome {
    /// Fields that may have moved.
    touched: BTreeSet<usize>,
    /// Fields that moved as they did between the sides.
    moved: BTreeSet<usize>,
    /// Fields that are as on the other side.
    back: BTreeSet<usize>,
}

struct Search<'a> {
    rendering: &'a Rendering<'a>,
    /// The side that is rendered, as it is.
    side: &'a Side<'a>,
    other: &'a Side<'a>,
    known: &'a Known<'a>,
    /// The release's own namespace on either side.
    homes: [&'a str; 2],
    spots: &'a [Spot],
    candidates: &'a [Candidate],
    memo: Memo,
    /// Whether chance has a part in what differs. Else it is not looked for, which takes a second render.
    by_chance: bool,
    /// What was rendered before; none: it failed.
    tried: BTreeMap<Vec<usize>, Option<Rc<Outcome>>>,
    renders: usize,
    /// Whether something could not be tried.
    exhausted: bool,
    found: Vec<Found>,
}

impl Search<'_> {
    /// Renders with some values changed; none if that fails or enough was tried.
    fn attempt(&mut self, chosen: &[usize]) -> Option<Rc<Outcome>> {
        if let Some(outcome) = self.tried.get(chosen) {
            return outcome.clone();
        }
        if self.renders >= MAX_RENDERS {
            self.exhausted = true;
            return None;
        }
        self.renders += 1;
        let outcome = self.render(chosen).map(|manifests| Rc::new(self.outcome(&manifests)));
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
        let trial = Trial { change: &change, memo: &self.memo, is_marked: self.by_chance };
        self.rendering.render(self.known.flags, Some(&trial), &mut rendered).ok()?;
        if let Some((secrets, digests)) = self.known.veiled {
            rendered.manifests.veil(secrets, digests);
        }
        Some(rendered.manifests)
    }

    fn outcome(&self, manifests: &Manifests) -> Outcome {
        let side = Side { manifests, ..*self.side };
        let marked = self.known.options.marked && self.by_chance;
        let whole = Options { marked, ..self.known.options.clone() };
        let options = Options { no_renames: true, ..whole.clone() };
        let moved = diff::compare(&side, self.side, &options);
        let mut outcome = Outcome::default();
        let about = |spot: &Spot| moved.iter().any(|change| spot.is_about(change, self.homes));
        if !self.spots.iter().any(about) {
            return outcome;
        }
        let left = diff::compare(&side, self.other, &whole);
        for (i, spot) in self.spots.iter().enumerate() {
            let mut about = moved.iter().filter(|change| spot.is_about(change, self.homes));
            if !about.clone().any(|change| spot.is_touched(change)) {
                continue;
            }
            outcome.touched.insert(i);
            if about.any(|change| spot.is_moved(change)) {
                outcome.moved.insert(i);
            }
            let is_alike = |other: &&Spot| {
                spot.list.is_some()
                    && other.list == spot.list
                    && other.names == spot.names
                    && other.known.is_some() == spot.known.is_some()
            };
            if spot.is_back(&left, self.spots.iter().filter(is_alike).count(), self.homes) {
                outcome.back.insert(i);
            }
        }
        outcome
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
            let set = self.needed(start.as_deref().unwrap_or(chosen), &is_it);
            if let Some(set) = &set {
                known.push(set.iter().copied().collect());
            }
            sets.insert(i, set);
        }
        sets
    }

    /// Both sides' values are known: all that differ are candidates.
    fn both(&mut self) {
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
    fn one(&mut self, given: usize) {
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

/// Puts something in the place of a value, below all that the user says; what is in the way becomes a map.
fn put(user: &MapRef, path: &[String], instead: &Instead) {
    let Some((last, above)) = path.split_last() else { return };
    if let Instead::Silent = instead {
        silence(user, path);
        return;
    }
    let mut map = user.clone();
    for key in above {
        let below = match map.get(key) {
            Some(Value::Map(_, below)) => below,
            _ => {
                let below = MapRef::new(Map::new());
                map.insert(key.as_str(), Value::Map(MapType::Any, below.clone()));
                below
            }
        };
        map = below;
    }
    let value = match instead {
        Instead::Value(Value::Map(kind, map)) => Value::Map(*kind, deep_copy(map)),
        Instead::Value(value) => value.clone(),
        Instead::Deleted | Instead::Silent => Value::Nil,
    };
    map.insert(last.as_str(), value);
}

/// Takes a value away, and the maps that held nothing else.
fn silence(map: &MapRef, path: &[String]) {
    let Some((key, rest)) = path.split_first() else { return };
    if !rest.is_empty() {
        let Some(Value::Map(_, below)) = map.get(key) else { return };
        silence(&below, rest);
        if !below.is_empty() {
            return;
        }
    }
    map.borrow_mut().remove(key);
}

/// A value's text, to compare.
fn text(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // What is no JSON is equal to nothing but itself, which is told by its type.
    if json::write(&mut out, value, json::Style { escape_html: false, indent: None }).is_err() {
        out.clear();
    }
    out
}

/// All values that are no maps, by their paths. What subcharts see of `global` is told at the top.
fn leaves(values: &MapRef) -> BTreeMap<Vec<String>, Value> {
    fn walk(map: &MapRef, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Value>) {
        for (key, value) in map.entries() {
            if &*key == GLOBAL.as_bytes() && !path.is_empty() {
                continue;
            }
            path.push(key.to_string());
            match &value {
                Value::Map(_, below) if !below.is_empty() && path.len() < DEEPEST => walk(below, path, found),
                _ => {
                    found.insert(path.clone(), value);
                }
            }
            path.pop();
        }
    }
    let mut found = BTreeMap::new();
    walk(values, &mut Vec::new(), &mut found);
    found
}

/// Where a path is set: `values/base.yaml:4`, `--set`, `not set`.
fn place(explanation: &Explanation<'_, '_>, path: &[String]) -> String {
    explanation.path(path).map_or_else(|| "not set".to_owned(), |explained| place_of(&explained))
}

fn place_of(explained: &Explained) -> String {
    let voice = decisive(explained).and_then(|i| explained.voices.get(i));
    match voice {
        Some(voice) if voice.effect == Effect::Deletes => format!("deleted by {}", at(&voice.origin, &voice.at)),
        Some(voice) => at(&voice.origin, &voice.at),
        None => "not set".to_owned(),
    }
}

/// Whose word counts: who wins, or else who deletes.
fn decisive(explained: &Explained) -> Option<usize> {
    let counts = |voice: &Voice| matches!(voice.effect, Effect::Wins | Effect::Merges);
    let deletes = |voice: &Voice| voice.effect == Effect::Deletes;
    explained.voices.iter().rposition(counts).or_else(|| explained.voices.iter().rposition(deletes))
}

fn at(origin: &Origin, at: &Location) -> String {
    match origin {
        // What it says may be a secret.
        Origin::Flag(flag) => flag.name().to_owned(),
        _ => {
            let path = at.source.path.strip_prefix("./").unwrap_or(&at.source.path);
            format!("{path}:{}", at.source.line_and_column(at.span.start).0)
        }
    }
}

/// The values that differ between two sides, to be put back on the right one.
fn differing(from: &Rendering<'_>, to: &Rendering<'_>, flags: &Flags<'_>) -> Vec<Candidate> {
    let left = from.explained(flags, |explanation, values| {
        let places = leaves(values);
        let places = places.into_iter().map(|(path, value)| (place(explanation, &path), path, value));
        places.map(|(place, path, value)| (path, (place, value))).collect::<BTreeMap<_, _>>()
    });
    let Ok(left) = left else { return Vec::new() };
    let right = to.explained(flags, |explanation, values| {
        let right = leaves(values);
        let paths: BTreeSet<&Vec<String>> = left.keys().chain(right.keys()).collect();
        let mut found = Vec::new();
        for path in paths {
            let (before, after) = (left.get(path), right.get(path));
            if before.map(|(_, value)| text(value)) == after.map(text) {
                continue;
            }
            // A map on one side is told by what is in it.
            let deeper = |other: &Vec<String>| other.len() > path.len() && other.starts_with(path);
            if after.is_none() && before.is_some_and(|(_, v)| matches!(v, Value::Map(..))) && right.keys().any(deeper) {
                continue;
            }
            let from = before.map_or("not set", |(place, _)| place.as_str()).to_owned();
            let to = place(explanation, path);
            let places = if from == to { from } else { format!("{from} → {to}") };
            let told = format!("{}: {places}", path_text(path));
            found.push(Candidate {
                path: path.clone(),
                instead: before.map_or(Instead::Deleted, |(_, value)| Instead::Value(value.clone())),
                told,
                texts: Vec::new(),
                flag: false,
                rank: 0,
            });
        }
        found
    });
    right.unwrap_or_default()
}

/// Values that could have made what changed: first what layers say over others, with what it would be without them, how many
/// these are, then all that looks like the reason, each with another value to try, the likeliest first.
fn one_sided(rendering: &Rendering<'_>, spots: &[Spot], flags: &Flags<'_>) -> (Vec<Candidate>, usize) {
    let found = rendering.explained(flags, |explanation, values| {
        let mut values: BTreeMap<Vec<String>, Option<Value>> =
            leaves(values).into_iter().map(|(path, value)| (path, Some(value))).collect();
        // What the user deleted is no leaf.
        for path in explanation.given() {
            values.entry(path).or_default();
        }
        let few = values.len() <= FEW_VALUES;
        let (mut layered, mut others) = (Vec::new(), Vec::new());
        for (path, value) in values {
            let Some(mut explained) = explanation.path(&path) else { continue };
            if value.is_none() && explained.value.is_some() {
                continue;
            }
            // Who is next is sure only where nobody above the winner was passed over.
            if decisive(&explained).is_some_and(|i| i + 1 < explained.voices.len())
                && let Some(ordered) = explanation.explain(&path)
            {
                explained = ordered;
            }
            let told = format!("{}: {}", path_text(&path), place_of(&explained));
            let texts = value.as_ref().map(texts).unwrap_or_default();
            if let Some((instead, voice)) = runner_up(&explained) {
                let flag = matches!(voice.origin, Origin::Flag(_));
                let layer = if voice.is_users() { voice.layer() + 1 } else { 0 };
                let (path, told, texts) = (path.clone(), told.clone(), texts.clone());
                layered.push((layer, Candidate { path, instead, told, texts, flag, rank: 0 }));
            }
            let Some(value) = value else { continue };
            let Some(rank) = rank(&value, &texts, spots, few) else { continue };
            let inferred = inferred(&value, &texts, spots).into_iter().map(|other| (0, other));
            for (rank, other) in inferred.chain(others_of(&value, spots).into_iter().map(|other| (rank, other))) {
                let (path, told, texts) = (path.clone(), told.clone(), texts.clone());
                others.push(Candidate { path, instead: Instead::Value(other), told, texts, flag: false, rank });
            }
        }
        // The last layers first.
        layered.sort_by_key(|(layer, _)| std::cmp::Reverse(*layer));
        others.sort_by_key(|candidate| candidate.rank);
        let given = layered.len();
        (layered.into_iter().map(|(_, candidate)| candidate).chain(others).collect(), given)
    });
    found.unwrap_or_default()
}

/// What a value would be without the layer that decides; that layer.
fn runner_up(explained: &Explained) -> Option<(Instead, &Voice)> {
    let at = decisive(explained)?;
    let voice = explained.voices.get(at)?;
    let value = explained.value.as_ref();
    // What is merged has no layer of its own.
    if matches!(value, Some(Value::Map(..))) {
        return None;
    }
    let mut is_said = false;
    for below in explained.voices.get(..at)?.iter().rev().filter(|voice| voice.is_exact()) {
        match (&below.value, value) {
            (Value::Nil, Some(_)) => return Some((Instead::Deleted, voice)),
            (Value::Nil, None) => {}
            // Items of a list by their numbers.
            (Value::Map(..), Some(Value::List(..))) => is_said = true,
            (said, value) if value.is_some_and(|value| text(value) == text(said)) => is_said = true,
            (said, _) => return Some((Instead::Value(said.clone()), voice)),
        }
    }
    (!is_said && value.is_some() && voice.is_users()).then_some((Instead::Silent, voice))
}

/// The texts that a value may show as: its own, or its items'.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Str(text) => text.to_string(),
        other => String::from_utf8_lossy(&text(other)).into_owned(),
    };
    let is_one = |value: &&Value| !matches!(value, Value::Map(..) | Value::List(..));
    match value {
        Value::List(_, items) => {
            let mut found = Vec::new();
            for item in items.iter() {
                match item {
                    Value::Map(_, map) => {
                        let below = map.entries();
                        found.extend(below.iter().map(|(_, value)| value).filter(is_one).map(one));
                    }
                    item => found.extend(Some(item).filter(is_one).map(one)),
                }
            }
            found
        }
        other => vec![one(other)],
    }
}

/// How unlikely it is that a value is the reason; none: it is not tried.
fn rank(value: &Value, texts: &[String], spots: &[Spot], few: bool) -> Option<u8> {
    let is_whole = |text: &String| {
        let sides = spots.iter().flat_map(|spot| [&spot.known, &spot.other]);
        sides.flatten().any(|side| side == text)
    };
    let is_news = |text: &String| spots.iter().any(|spot| spot.is_news(text));
    // Where something comes or goes, a switch may be the reason; Secrets show nothing.
    let switches = spots.iter().any(|spot| spot.comes);
    let secret = spots.iter().any(|spot| spot.secret);
    Some(match value {
        _ if texts.iter().any(|text| is_whole(text) && is_news(text)) => 1,
        _ if texts.iter().any(is_news) => LIKELY,
        Value::Bool(_) if switches => 3,
        Value::List(..) | Value::Map(..) if switches => 4,
        Value::Bool(_) => 5,
        _ if few || secret => 6,
        _ => return None,
    })
}

/// What a value must have been on the other side if a field is made of it: `2` where the tag `3` makes `web:3` out of `web:2`.
fn inferred(value: &Value, texts: &[String], spots: &[Spot]) -> Vec<Value> {
    let ([text], Value::Str(_) | Value::Int(..) | Value::Float(_)) = (texts, value) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    let sides = spots.iter().filter_map(|spot| Some((spot.known.as_ref()?, spot.other.as_ref()?)));
    for (known, other) in sides.filter(|_| !text.is_empty()) {
        for (at, _) in known.match_indices(text.as_str()) {
            let (before, after) = (known.get(..at), known.get(at + text.len()..));
            let rest = before.and_then(|before| other.strip_prefix(before));
            let inner = rest.zip(after).and_then(|(rest, after)| rest.strip_suffix(after));
            if let Some(inner) = inner.filter(|inner| inner != text && !found.iter().any(|known| known == inner)) {
                found.push(inner.to_owned());
            }
        }
    }
    let made = found.into_iter().filter_map(|inner| match value {
        Value::Int(kind, _) => inner.parse().ok().map(|n| Value::Int(*kind, n)),
        Value::Float(_) => inner.parse().ok().map(Value::Float),
        _ => Some(Value::str(Str::from(inner))),
    });
    made.take(MAX_INFERRED).collect()
}

/// Values of the same kind that are other ones.
fn others_of(value: &Value, spots: &[Spot]) -> Vec<Value> {
    match value {
        Value::Str(text) if text.is_empty() => vec![Value::str("x")],
        Value::Str(text) => vec![Value::str(Str::from(format!("{text}x")))],
        Value::Bool(b) => vec![Value::Bool(!b)],
        Value::Int(kind, n) => vec![Value::Int(*kind, n.wrapping_add(1))],
        Value::Float(n) => vec![Value::Float(n + 1.0)],
        Value::List(_, items) if items.is_empty() => vec![Value::list(vec![Value::str("x")])],
        Value::List(kind, items) => {
            let items: Vec<Value> = items.iter().cloned().collect();
            let is_news = |text: &String| spots.iter().any(|spot| spot.is_news(text));
            let of = |item: &Value| texts(&Value::list(vec![item.clone()]));
            let news = items.iter().enumerate().filter(|(_, item)| of(item).iter().any(is_news));
            let without = news.take(MAX_ITEMS).map(|(at, _)| {
                let mut left = items.clone();
                left.remove(at);
                Value::List(*kind, left.into())
            });
            without.chain([Value::list(Vec::new())]).collect()
        }
        Value::Map(_, map) if map.is_empty() => {
            let more = MapRef::new(Map::new());
            more.insert("x", Value::str("x"));
            vec![Value::Map(MapType::Any, more)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shows, list_of, shows, touches};

    #[test]
    fn paths() {
        for (moved, path, expected) in [
            ("spec.replicas", "spec.replicas", true),
            ("spec", "spec.replicas", true),
            ("spec.a[0].b", "spec.a", true),
            ("spec.rep", "spec.replicas", false),
            ("", "spec", true),
            ("a.b", "a.c", false),
        ] {
            assert_eq!(touches(moved, path), expected, "{moved} {path}");
        }
    }

    #[test]
    fn words() {
        for (side, text, expected) in [
            ("nginx:1.25", "1.2", Shows::Inside),
            ("nginx:1.2", "1.2", Shows::Whole),
            ("nginx:1", "2", Shows::Not),
            ("é1 1", "1", Shows::Whole),
            ("a", "", Shows::Not),
        ] {
            assert_eq!(shows(&Some(side.to_owned()), text), expected, "{side} {text}");
        }
    }

    #[test]
    fn lists() {
        for (path, expected) in [("a.args[1]", Some("a.args")), ("a[web]", None), ("a", None), ("a[0].b", None)] {
            assert_eq!(list_of(path), expected, "{path}");
        }
    }
}
