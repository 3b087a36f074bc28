//! Who is heard, from the values themselves: they are made once more with a mark in the place of each scalar, and where a
//! mark ends up tells whose word stands there. Helm's rules have exceptions (a subchart's `global` can reach up, nulls meet
//! defaults of defaults), and all of them hold here, since Helm's own merge does the work.

use super::look_up;
use super::said::{Below, DEEPEST, Said};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::coalesce::{GLOBAL, coalesced};
use crate::values::dependencies::Live;
use std::collections::{BTreeSet, HashSet};

/// What layers say, by the number of the layer and the whole path there.
pub(super) type Words = HashSet<(usize, Vec<String>)>;

/// The values with marks.
pub(super) struct Truth {
    marks: Vec<Mark>,
    seen: MapRef,
}

/// Whose word a scalar is.
struct Mark {
    layer: usize,
    /// The path there, from the top of all values.
    path: Vec<String>,
    /// The keys of it that lead to what can be taken away by itself: a list goes as a whole.
    whole: usize,
}

/// Whose word stands somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Speaker {
    pub(super) layer: usize,
    /// Where the layer says it.
    pub(super) path: Vec<String>,
    /// Where what can be taken away begins.
    pub(super) word: Vec<String>,
}

impl Truth {
    /// Makes the values of a chart with marks. `user` are the user's layers with their numbers, lowest priority first;
    /// `charts` gives those of a chart's defaults; `silent` are words that nobody says.
    pub(super) fn new<'s>(
        root: &Live<'_>,
        user: impl Iterator<Item = (usize, &'s Said)>,
        charts: &dyn Fn(&Live<'_>) -> Vec<(usize, &'s Said)>,
        silent: &Words,
    ) -> Option<Truth> {
        let mut build = Build { marks: Vec::new(), silent, list: None };
        let user = build.all(user, &mut Vec::new());
        let mut of = |live: &Live<'_>, keys: &[String]| build.all(charts(live).into_iter(), &mut keys.to_vec());
        let marked = root.with_defaults(&mut of).ok()?;
        let seen = coalesced(&marked, &user, false, &mut Vec::new()).ok()?;
        Some(Truth { marks: build.marks, seen })
    }

    /// Whose word stands at a path, or in what is below it.
    pub(super) fn heard(&self, path: &[String]) -> BTreeSet<Speaker> {
        let mut heard = BTreeSet::new();
        if let Some(value) = look_up(&self.seen, path) {
            self.collect(&value, 0, path, &mut heard);
        }
        heard
    }

    /// Whether the chart sees a null at a path.
    pub(super) fn is_null(&self, path: &[String]) -> bool {
        look_up(&self.seen, path).is_some_and(|value| value.is_nil())
    }

    fn collect(&self, value: &Value, depth: usize, asked: &[String], heard: &mut BTreeSet<Speaker>) {
        match value {
            _ if depth > DEEPEST => {}
            Value::Map(_, map) => {
                map.entries().iter().for_each(|(_, below)| self.collect(below, depth + 1, asked, heard))
            }
            Value::List(_, items) => items.iter().for_each(|item| self.collect(item, depth + 1, asked, heard)),
            Value::Str(text) => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<usize>().ok());
                if let Some(mark) = number.and_then(|i| self.marks.get(i)) {
                    let mut above = mark.path.len().saturating_sub(depth);
                    // A subchart sees its parents' `global`, and nothing of what that lies in.
                    let global = mark.path.iter().position(|key| key == GLOBAL).map_or(0, |i| i + 1);
                    if above < global && mark.path.get(..above) != Some(asked) {
                        above = global;
                    }
                    heard.insert(Speaker {
                        layer: mark.layer,
                        path: mark.path.get(..above).unwrap_or_default().to_vec(),
                        word: mark.path.get(..mark.whole).unwrap_or_default().to_vec(),
                    });
                }
            }
            _ => {}
        }
    }
}

struct Build<'s> {
    marks: Vec<Mark>,
    silent: &'s Words,
    /// The number of keys that lead to the list that is being laid.
    list: Option<usize>,
}

impl Build<'_> {
    fn all<'s>(&mut self, layers: impl Iterator<Item = (usize, &'s Said)>, path: &mut Vec<String>) -> MapRef {
        let all = MapRef::new(Map::new());
        for (layer, said) in layers {
            // What is no map as a whole says nothing.
            if matches!(said.below, Below::Keys(_)) {
                self.lay(Some(Value::Map(MapType::Any, all.clone())), said, layer, path);
            }
        }
        all
    }

    /// Lays what a layer says over what lies below it, which belongs to nobody else; none: nothing is there.
    fn lay(&mut self, under: Option<Value>, said: &Said, layer: usize, path: &mut Vec<String>) -> Option<Value> {
        match &said.below {
            Below::Keys(keys) if said.by_item => {
                let mut items = match under {
                    Some(Value::List(_, items)) => items.to_vec(),
                    _ => Vec::new(),
                };
                for (key, below) in keys {
                    let Ok(i) = key.parse::<usize>() else { continue };
                    if i >= items.len() {
                        items.resize(i + 1, Value::Nil);
                    }
                    path.push(key.clone());
                    let new = self.lay(items.get(i).cloned(), below, layer, path);
                    path.pop();
                    if let (Some(item), Some(new)) = (items.get_mut(i), new) {
                        *item = new;
                    }
                }
                Some(Value::list(items))
            }
            Below::Keys(keys) => {
                let into = match under {
                    Some(Value::Map(_, map)) if !said.whole => map,
                    _ => MapRef::new(Map::new()),
                };
                for (key, below) in keys {
                    path.push(key.clone());
                    let new = self.lay(into.get(key), below, layer, path);
                    path.pop();
                    if let Some(new) = new {
                        into.insert(Str::from(key.as_str()), new);
                    }
                }
                Some(Value::Map(MapType::Any, into))
            }
            _ if self.list.is_none() && self.silent.contains(&(layer, path.clone())) => under,
            Below::Items(items) if items.iter().any(has_scalar) => {
                let outer = self.list;
                self.list = outer.or(Some(path.len()));
                let mut list = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    path.push(i.to_string());
                    list.push(self.lay(None, item, layer, path).unwrap_or(Value::Nil));
                    path.pop();
                }
                self.list = outer;
                Some(Value::list(list))
            }
            _ if said.value.is_nil() => Some(Value::Nil),
            _ => {
                let mark = self.marks.len().to_string();
                self.marks.push(Mark { layer, path: path.clone(), whole: self.list.unwrap_or(path.len()) });
                Some(Value::str(mark.as_str()))
            }
        }
    }
}

/// Whether there is anything that can bear a mark.
fn has_scalar(said: &Said) -> bool {
    match &said.below {
        Below::Keys(keys) => keys.values().any(has_scalar),
        Below::Items(items) => items.iter().any(has_scalar),
        Below::Nothing => !said.value.is_nil(),
    }
}
