//! `--diff`: the values of two environments, with the origin of each side.

use super::super::json::Json;
use super::super::table::table;
use super::{Loaded, Subject, View, deleter, head, inline, json_of_place, layer_place, short};
use crate::diagnostic::{Error, Location};
use crate::go::json;
use crate::tree::Tree;
use crate::value::{MapRef, MapType, Value};
use crate::values::explain::{Effect, Explanation, Origin, Voice, path_text};
use std::collections::BTreeSet;

/// Deeper maps are compared as a whole.
const DEEPEST: usize = 200;

/// One side of a difference, as it may be seen.
struct Side {
    /// None: it is not set.
    value: Option<Value>,
    /// Who says so, or who deleted it; several where single items of a list are set, lowest priority first.
    said: Vec<(Origin, Location)>,
}

/// The paths that differ, down to what is no map on both sides. A value that one side alone has is told by its leaves.
fn differences(left: Option<&Value>, right: Option<&Value>, path: &mut Vec<String>, out: &mut BTreeSet<Vec<String>>) {
    let map = |side: Option<&Value>| match side {
        Some(Value::Map(_, map)) if path.len() < DEEPEST => Some(map.clone()),
        _ => None,
    };
    let (a, b) = (map(left), map(right));
    let filled = a.iter().chain(&b).any(|map| !map.is_empty());
    let both_maps = (a.is_some() || left.is_none()) && (b.is_some() || right.is_none());
    if both_maps && filled {
        let keys = a.iter().chain(&b).flat_map(|map| map.entries()).map(|(key, _)| key);
        for key in keys.collect::<BTreeSet<_>>() {
            let (left, right) = (a.as_ref().and_then(|map| map.get(&key)), b.as_ref().and_then(|map| map.get(&key)));
            path.push(key.to_string());
            differences(left.as_ref(), right.as_ref(), path, out);
            path.pop();
        }
    } else if !same(left, right) {
        out.insert(path.clone());
    }
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let text = |value: &Value| {
        let mut out = Vec::new();
        json::write(&mut out, value, json::COMPACT).ok().map(|()| out)
    };
    match (a, b) {
        (Some(a), Some(b)) => text(a).is_some_and(|a| text(b).is_some_and(|b| a == b)),
        (None, None) => true,
        _ => false,
    }
}

fn side(explanation: &Explanation<'_, '_>, view: &View, all: &MapRef, path: &[String]) -> Side {
    let Some(explained) = explanation.path(path) else { return Side { value: None, said: Vec::new() } };
    let value = view.value(&explained, all);
    let counts = |effect: Effect| matches!(effect, Effect::Wins | Effect::Merges);
    let said: Vec<&Voice> = match value {
        Some(_) => explained.voices.iter().filter(|voice| counts(voice.effect)).collect(),
        None => deleter(&explained).into_iter().collect(),
    };
    Side { said: said.into_iter().map(|voice| (voice.origin.clone(), voice.at.clone())).collect(), value }
}

/// A line for each who says so; the last, who has the last word, tells the value.
fn rows(mark: &str, side: &Side) -> Vec<Vec<String>> {
    let mut places: Vec<String> = side.said.iter().map(|(origin, at)| layer_place(origin, at)).collect();
    let (last, value) = match (&side.value, places.pop()) {
        (Some(value), last) => (last.unwrap_or_default(), short(value)),
        (None, Some(last)) => (last, "deleted".to_owned()),
        (None, None) => ("not set".to_owned(), String::new()),
    };
    let row = |(place, value): (String, String)| vec![format!("{mark} {place}"), value];
    places.into_iter().map(|place| (place, "merged".to_owned())).chain([(last, value)]).map(row).collect()
}

fn json_side(side: &Side) -> Json {
    let origin = |(origin, at): &(Origin, Location)| Json::Object(json_of_place(origin, at));
    Json::Object(vec![
        ("set", Json::Bool(side.value.is_some())),
        ("value", side.value.as_ref().map_or(Json::Null, |value| Json::Raw(inline(value)))),
        ("origin", side.said.last().map_or(Json::Null, origin)),
        ("origins", Json::List(side.said.iter().map(origin).collect())),
    ])
}

/// A path and its sides.
type Change = (Vec<String>, Side, Side);

/// Compares: the other environment is the left side.
pub(super) fn run(
    right: &Loaded,
    left: &Loaded,
    tree: &dyn Tree,
    log: &mut Vec<String>,
    view: &View,
) -> Result<Vec<u8>, Error> {
    let mut left_log = Vec::new();
    let changes: Result<Vec<Change>, Error> = left.explained(tree, &mut left_log, |from, _, left| {
        right.explained(tree, log, |to, _, right| {
            let mut paths = BTreeSet::new();
            let whole = |map: &MapRef| Value::Map(MapType::Any, map.clone());
            differences(Some(&whole(left)), Some(&whole(right)), &mut Vec::new(), &mut paths);
            let (left, right) = (view.all(from, left), view.all(to, right));
            let told = paths.into_iter().filter(|path| !to.is_echo(path) && !from.is_echo(path));
            let change = |path: Vec<String>| {
                let (left, right) = (side(from, view, &left, &path), side(to, view, &right, &path));
                (from.masked(&to.masked(&path)), left, right)
            };
            Ok(told.map(change).collect())
        })
    });
    log.extend(left_log);
    log.dedup();
    Ok(print(&right.subject, &left.subject, &changes?, &view.format))
}

fn print(right: &Subject, left: &Subject, changes: &[Change], format: &str) -> Vec<u8> {
    if format == "json" {
        let items = changes.iter().map(|(path, from, to)| {
            let change = match (&from.value, &to.value) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            Json::Object(vec![
                ("path", Json::text(path_text(path))),
                ("change", Json::text(change)),
                ("from", json_side(from)),
                ("to", json_side(to)),
            ])
        });
        let mut fields = head(right);
        fields.push(("against", Json::optional(left.environment.as_deref())));
        fields.push(("changes", Json::List(items.collect())));
        return Json::Object(fields).print();
    }
    let mut out = String::new();
    if !changes.is_empty() {
        let name = |subject: &Subject| subject.environment.clone().unwrap_or_default();
        out.push_str(&format!("--- {}\n+++ {}\n", name(left), name(right)));
    }
    for (path, from, to) in changes {
        out.push_str(&format!("{}\n{}", path_text(path), table(&[rows("-", from), rows("+", to)].concat())));
    }
    out.into_bytes()
}
