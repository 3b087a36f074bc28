//! Which value moved a field. Nothing is guessed: a value counts when rendering with it put back changes the field.
//!
//! Where both sides are rendered, the values that differ are put back, half of them at a time, until each field has its own. Where
//! only one side's values are known, values that could have made the field are changed one by one.

use crate::diagnostic::Location;
use crate::diff::{self, Change, ChangeKind, Field, Options, Side};
use crate::go::json;
use crate::manifest::{Manifests, Object};
use crate::subject::{Flags, Rendered, Rendering};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::explain::{Effect, Explanation, Origin, path_text};
use crate::values::{GLOBAL, deep_copy};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The most renders for one release. A count and no time, so that the same inputs give the same text.
const MAX_RENDERS: usize = 400;

/// The most values that are told for one field.
const MAX_TOLD: usize = 4;

/// Maps deeper than this are values of their own.
const DEEPEST: usize = 100;

/// What is told of a field that no value moves.
const UNEXPLAINED: &str = "no value explains it";

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

/// A value that may be the reason.
struct Candidate {
    path: Vec<String>,
    /// What it is changed to; none: it is deleted.
    value: Option<Value>,
    /// Where it is set, on one side or both.
    told: String,
    /// Its text, where only one side's values are known.
    text: Option<String>,
}

impl Candidate {
    /// Whether a field has its text on one side only. A value that both sides show moves the field, but did not move it now.
    fn is_news(&self, field: &Field) -> bool {
        let Some(wanted) = &self.text else { return true };
        let has = |side: &Option<serde_json::Value>| match side {
            Some(serde_json::Value::String(text)) => text.contains(wanted.as_str()),
            Some(other) => other.to_string().contains(wanted.as_str()),
            None => false,
        };
        has(&field.from) != has(&field.to)
    }
}

/// A field of an object, by what names both.
type Id = (String, String);

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
    let mut search = Search { rendering, side, known, homes, renders: 0, causes: BTreeMap::new() };
    let wanted: BTreeSet<Id> = changes.iter().flat_map(|change| ids(change, homes)).collect();
    let both = known.from.is_some() && known.to.is_some();
    let candidates = match (known.from, known.to) {
        (Some(from), Some(to)) => differing(from, to, known.flags),
        _ => similar(rendering, changes, known.flags),
    };
    let all: Vec<usize> = (0..candidates.len()).collect();
    if both {
        search.halve(&candidates, &all, &wanted);
    } else {
        for one in &all {
            search.halve(&candidates, std::slice::from_ref(one), &wanted);
        }
    }
    let proofs = if both { search.prove(&candidates, other) } else { BTreeMap::new() };
    for change in changes.iter_mut() {
        let object = name(&change.object, homes);
        let other = change.from_object.as_ref().map(|object| name(object, homes));
        for field in &mut change.fields {
            let causes = [Some(&object), other.as_ref()].into_iter().flatten();
            let causes = causes.filter_map(|object| search.causes.get(&(object.clone(), field.path.clone()))).next();
            field.why = match causes {
                Some(set) => told(set, &candidates, proofs.get(set), &object, field),
                None => vec![UNEXPLAINED.to_owned()],
            };
        }
    }
    if search.renders >= MAX_RENDERS {
        return vec![format!("--why: {} values may be the reason, and not all could be tried", candidates.len())];
    }
    Vec::new()
}

/// Sentences for a field's causes. `proof` holds the fields that still differ once all of them are put back.
fn told(
    causes: &BTreeSet<usize>,
    candidates: &[Candidate],
    proof: Option<&HashSet<Id>>,
    object: &str,
    field: &Field,
) -> Vec<String> {
    let mut causes: Vec<&Candidate> = causes.iter().filter_map(|i| candidates.get(*i)).collect();
    if causes.iter().any(|candidate| candidate.is_news(field)) {
        causes.retain(|candidate| candidate.is_news(field));
    }
    let mut lines: Vec<String> = causes.iter().map(|candidate| candidate.told.clone()).collect();
    if lines.len() > MAX_TOLD {
        let more = lines.len() - MAX_TOLD;
        lines.truncate(MAX_TOLD);
        lines.push(format!("… {more} more values"));
    }
    if proof.is_some_and(|left| left.contains(&(object.to_owned(), field.path.clone()))) {
        lines.push("and something that is no value".to_owned());
    }
    lines
}

/// What names an object. The release's own namespaces are one.
fn name(object: &Object, homes: [&str; 2]) -> String {
    let namespace = if homes.contains(&object.namespace.as_str()) { "" } else { &object.namespace };
    [&object.group, &object.kind, namespace, &object.name].join("\0")
}

fn ids(change: &Change, homes: [&str; 2]) -> Vec<Id> {
    let objects = [Some(&change.object), change.from_object.as_ref()];
    let objects: Vec<String> = objects.into_iter().flatten().map(|object| name(object, homes)).collect();
    let fields = change.fields.iter();
    fields.flat_map(|field| objects.iter().map(move |object| (object.clone(), field.path.clone()))).collect()
}

/// Whether a change of one path is one of another: the same, or one lies in the other.
fn touches(moved: &str, path: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
    };
    inside(moved, path) || inside(path, moved)
}

struct Search<'a> {
    rendering: &'a Rendering<'a>,
    /// The side that is rendered, as it is.
    side: &'a Side<'a>,
    known: &'a Known<'a>,
    /// The release's own namespace on either side.
    homes: [&'a str; 2],
    renders: usize,
    /// What moves a field.
    causes: BTreeMap<Id, BTreeSet<usize>>,
}

impl Search<'_> {
    /// Renders with some values changed; none if that fails or enough was tried.
    fn render(&mut self, candidates: &[Candidate], chosen: &[usize]) -> Option<Manifests> {
        if self.renders >= MAX_RENDERS {
            return None;
        }
        self.renders += 1;
        let change = |user: &MapRef| {
            for candidate in chosen.iter().filter_map(|i| candidates.get(*i)) {
                put(user, &candidate.path, candidate.value.as_ref());
            }
        };
        let mut rendered = Rendered::default();
        self.rendering.render(self.known.flags, Some(&change), &mut rendered).ok()?;
        if let Some((secrets, digests)) = self.known.veiled {
            rendered.manifests.veil(secrets, digests);
        }
        Some(rendered.manifests)
    }

    /// The fields that differ between a text of the known side and another side.
    fn differing(&self, manifests: &Manifests, other: &Side<'_>) -> Vec<Change> {
        let side = Side { manifests, ..*self.side };
        let options = Options { no_renames: true, ..self.known.options.clone() };
        diff::compare(&side, other, &options)
    }

    /// Finds which of the chosen values move which of the wanted fields.
    fn halve(&mut self, candidates: &[Candidate], chosen: &[usize], wanted: &BTreeSet<Id>) {
        if chosen.is_empty() || wanted.is_empty() || self.renders >= MAX_RENDERS {
            return;
        }
        let rendered = self.render(candidates, chosen);
        let moved: BTreeSet<Id> = match &rendered {
            Some(manifests) => {
                let changes = self.differing(manifests, self.side);
                wanted.iter().filter(|id| changes.iter().any(|change| moves(change, id, self.homes))).cloned().collect()
            }
            // Together they cannot be rendered; each by itself may.
            None => wanted.clone(),
        };
        match chosen {
            // What cannot be rendered proves nothing.
            [one] if rendered.is_some() => {
                for id in moved {
                    self.causes.entry(id).or_default().insert(*one);
                }
            }
            [_] => {}
            several => {
                let (left, right) = several.split_at(several.len() / 2);
                self.halve(candidates, left, &moved);
                self.halve(candidates, right, &moved);
            }
        }
    }

    /// For each set of causes what still differs once all of them are put back.
    fn prove(&mut self, candidates: &[Candidate], other: &Side<'_>) -> BTreeMap<BTreeSet<usize>, HashSet<Id>> {
        let sets: BTreeSet<BTreeSet<usize>> = self.causes.values().cloned().collect();
        let mut proofs = BTreeMap::new();
        for set in sets {
            let chosen: Vec<usize> = set.iter().copied().collect();
            if let Some(manifests) = self.render(candidates, &chosen) {
                let left = self.differing(&manifests, other);
                proofs.insert(set, left.iter().flat_map(|change| ids(change, self.homes)).collect());
            }
        }
        proofs
    }
}

/// Whether a change moves a field.
fn moves(change: &Change, (object, path): &Id, homes: [&str; 2]) -> bool {
    if name(&change.object, homes) != *object {
        return false;
    }
    // Where the object comes or goes, all of it moves.
    !matches!(change.kind, ChangeKind::Changed)
        || change.fields.iter().any(|field| touches(&field.path, path))
        || (change.fields.is_empty() && path.is_empty())
}

/// Sets a value below all that the user says; what is in the way becomes a map.
fn put(user: &MapRef, path: &[String], value: Option<&Value>) {
    let Some((last, above)) = path.split_last() else { return };
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
    let value = match value {
        Some(Value::Map(kind, map)) => Value::Map(*kind, deep_copy(map)),
        Some(value) => value.clone(),
        None => Value::Nil,
    };
    map.insert(last.as_str(), value);
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
    let Some(explained) = explanation.path(path) else { return "not set".to_owned() };
    let counts = |effect| matches!(effect, Effect::Wins | Effect::Merges);
    let winner = explained.voices.iter().rev().find(|voice| counts(voice.effect));
    let deleter = || explained.voices.iter().rev().find(|voice| voice.effect == Effect::Deletes);
    match (winner, deleter()) {
        (Some(voice), _) => at(&voice.origin, &voice.at),
        (None, Some(voice)) => format!("deleted by {}", at(&voice.origin, &voice.at)),
        (None, None) => "not set".to_owned(),
    }
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
                value: before.map(|(_, value)| value.clone()),
                told,
                text: None,
            });
        }
        found
    });
    right.unwrap_or_default()
}

/// Values that could have made what changed, each with another value to try, the likeliest first.
fn similar(rendering: &Rendering<'_>, changes: &[Change], flags: &Flags<'_>) -> Vec<Candidate> {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    // Where something comes or goes, a switch may be the reason.
    let mut switches = false;
    for field in changes.iter().flat_map(|change| &change.fields) {
        switches |= field.from.is_none() || field.to.is_none();
        for value in [&field.from, &field.to].into_iter().flatten() {
            texts.insert(match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
        }
    }
    let found = rendering.explained(flags, |explanation, values| {
        let mut found = Vec::new();
        for (path, value) in leaves(values) {
            let shown = match &value {
                Value::Str(text) => text.to_string(),
                other => String::from_utf8_lossy(&text(other)).into_owned(),
            };
            let rank = match &value {
                _ if texts.contains(&shown) => 0,
                Value::Str(_) if shown.len() > 1 && texts.iter().any(|text| text.contains(&shown)) => 1,
                Value::Bool(_) if switches => 2,
                Value::List(..) | Value::Map(..) if switches => 3,
                Value::Int(..) | Value::Float(_) if texts.iter().any(|text| text.contains(&shown)) => 3,
                _ => continue,
            };
            let Some(other) = another(&value) else { continue };
            let told = format!("{}: {}", path_text(&path), place(explanation, &path));
            found.push((rank, Candidate { path, value: Some(other), told, text: Some(shown) }));
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, candidate)| candidate).collect()
    });
    found.unwrap_or_default()
}

/// A value of the same kind that is another one.
fn another(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Str(text) if text.is_empty() => Value::str("x"),
        Value::Str(text) => Value::str(Str::from(format!("{text}x"))),
        Value::Bool(b) => Value::Bool(!b),
        Value::Int(kind, n) => Value::Int(*kind, n.wrapping_add(1)),
        Value::Float(n) => Value::Float(n + 1.0),
        Value::List(..) | Value::Map(..) => return None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::touches;

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
}
