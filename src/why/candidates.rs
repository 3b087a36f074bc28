//! Values that may be the reason, and what is put in their place.

use super::spot::{Shows, Spot, shows};
use crate::diagnostic::Location;
use crate::go::json;
use crate::subject::{Flags, Rendering};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::explain::{Effect, Explained, Explanation, Origin, Voice, path_text};
use crate::values::{GLOBAL, deep_copy};
use std::collections::{BTreeMap, BTreeSet};

/// Maps deeper than this are values of their own.
const DEEPEST: usize = 100;

/// In charts with at most so many values each of them is tried, however little it looks like the reason.
const FEW_VALUES: usize = 64;

/// The most items of one list that are taken away one by one.
const MAX_ITEMS: usize = 8;

/// The most values that one may have been on the other side.
const MAX_INFERRED: usize = 2;
/// Ranks up to this one look like the reason.
pub(super) const LIKELY: u8 = 2;

/// What is put in a value's place.
pub(super) enum Instead {
    /// Another one.
    Value(Value),
    /// Nothing, whatever charts say.
    Deleted,
    /// Nothing by the user.
    Silent,
}

/// A value that may be the reason.
pub(super) struct Candidate {
    pub(super) path: Vec<String>,
    pub(super) instead: Instead,
    /// Where it is set, on one side or both.
    pub(super) told: String,
    /// The texts of it, where only one side's values are known.
    pub(super) texts: Vec<String>,
    /// Whether a flag gives it.
    pub(super) flag: bool,
    /// How unlikely it is; only of values that are changed to anything else.
    pub(super) rank: u8,
}

impl Candidate {
    /// Whether a field has its text on one side only.
    pub(super) fn is_news(&self, spot: &Spot) -> bool {
        self.texts.iter().any(|text| spot.is_news(text))
    }

    /// Whether both sides show it: it moves the field, but did not move it now.
    pub(super) fn is_old(&self, spot: &Spot) -> bool {
        let [text] = self.texts.as_slice() else { return false };
        let whole = |side| shows(side, text) == Shows::Whole;
        whole(&spot.known) && whole(&spot.other)
    }
}
/// The values that differ between two sides, to be put back on the right one.
pub(super) fn differing(from: &Rendering<'_>, to: &Rendering<'_>, flags: &Flags<'_>) -> Vec<Candidate> {
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
            // What only the user says is not there without the user; what a chart says is deleted.
            let is_charts = || explanation.path(path).is_some_and(|e| e.voices.iter().any(|voice| !voice.is_users()));
            found.push(Candidate {
                path: path.clone(),
                instead: match before {
                    Some((_, value)) => Instead::Value(value.clone()),
                    None if is_charts() => Instead::Deleted,
                    None => Instead::Silent,
                },
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
pub(super) fn one_sided(rendering: &Rendering<'_>, spots: &[Spot], flags: &Flags<'_>) -> (Vec<Candidate>, usize) {
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
/// Puts something in the place of a value, below all that the user says; what is in the way becomes a map.
pub(super) fn put(user: &MapRef, path: &[String], instead: &Instead) {
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
