//! Which values the templates of a chart could read: for what is given and never read, and what is read and never given.

use super::gotemplate::CompiledChart;
use crate::chart::Import;
use crate::diagnostic::{Error, Location, Source, Span, nearest};
use crate::functions::lookup_function;
use crate::template::{self, ANY, Place, Read, Reads, Touched};
use crate::tera::{Named, named};
use crate::value::{MapRef, MapType, Str, Value};
use crate::values::explain::{Explanation, Origin, look_up, path_text};
use crate::values::{GLOBAL, Live};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// More texts are not looked at as templates.
const MAX_TEXTS: usize = 20_000;
/// The deepest value that is looked at.
const DEEPEST: usize = 200;

/// The paths of values that could be read, from the top chart's `.Values`.
#[derive(Debug)]
pub struct ValueReads {
    paths: BTreeMap<Vec<String>, Read>,
    /// What templates put there themselves, and all below it.
    made: HashSet<Vec<String>>,
    /// Whether all that is read is known; else everything counts as read.
    pub complete: bool,
    /// The charts whose templates compute names, where no render tells which.
    undecided: Vec<Undecided>,
    /// Why that render failed.
    failure: Option<Error>,
}

/// Values that somebody gives above the defaults, and that nothing reads.
#[derive(Debug)]
pub struct Unused {
    /// The path: nothing below it is read.
    pub path: Vec<String>,
    /// Who gives it, lowest priority first.
    pub given: Vec<(Origin, Location)>,
    /// What was perhaps meant: a path that is read or has a default.
    pub near: Option<String>,
    /// The name of the subchart that it would be for, if that is there and disabled.
    pub disabled: Option<String>,
}

/// A chart of whose values everything counts as read.
#[derive(Debug)]
pub struct Undecided {
    /// The keys that lead to its values.
    pub path: Vec<String>,
    /// Where templates compute the names of what they read.
    pub places: Vec<Location>,
}

/// A path that templates read and nobody set.
#[derive(Debug)]
pub struct Undefined {
    /// The path.
    pub path: Vec<String>,
    /// Where it is read.
    pub places: Vec<Location>,
    /// Whether all of these are ready for there being nothing: conditions, `default` and the like.
    pub optional: bool,
    /// What was perhaps meant: a path that is set.
    pub near: Option<String>,
}

/// The keys that lead from the top to a chart's values.
fn prefix(top: &Live<'_>, wanted: &Live<'_>, keys: &mut Vec<String>) -> bool {
    if std::ptr::eq(top, wanted) {
        return true;
    }
    for sub in top.subcharts() {
        keys.push(sub.name().to_owned());
        if prefix(sub, wanted, keys) {
            return true;
        }
        keys.pop();
    }
    false
}

/// What is global has one place for all charts.
fn canonical(top: &Live<'_>, path: &[String]) -> Vec<String> {
    let mut live = top;
    for (i, key) in path.iter().enumerate() {
        if key == GLOBAL {
            return path.get(i..).unwrap_or_default().to_vec();
        }
        match live.subcharts().iter().find(|sub| sub.name() == key) {
            Some(sub) => live = sub,
            None => break,
        }
    }
    path.to_vec()
}

/// The items of a list, or the values of a map.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Map(_, map) => map.entries().into_iter().map(|(_, value)| value).collect(),
        Value::List(_, items) => items.to_vec(),
        _ => Vec::new(),
    }
}

/// Whether a path through items leads to something, or nothing can be said against it: there are no items, or some are no
/// maps.
fn is_set_in_items(value: &Value, path: &[String]) -> bool {
    let Some((key, rest)) = path.split_first() else { return true };
    match value {
        _ if key == ANY => {
            let items = items(value);
            items.is_empty() || items.iter().any(|item| !matches!(item, Value::Map(..)) || is_set_in_items(item, rest))
        }
        Value::Map(_, map) => match map.get(key) {
            Some(below) => is_set_in_items(&below, rest),
            // Of nothing there are no items.
            None => rest.iter().any(|key| key == ANY),
        },
        _ => true,
    }
}

/// The keys that the maps at the end of a path through items have.
fn keys_in_items(value: &Value, path: &[String], out: &mut BTreeSet<String>) {
    match (path.split_first(), value) {
        (None, Value::Map(_, map)) => out.extend(map.entries().into_iter().map(|(key, _)| key.to_string())),
        (Some((key, rest)), value) if key == ANY => {
            items(value).iter().for_each(|item| keys_in_items(item, rest, out));
        }
        (Some((key, rest)), Value::Map(_, map)) => {
            if let Some(below) = map.get(key) {
                keys_in_items(&below, rest, out);
            }
        }
        _ => {}
    }
}

/// The path that looks most like one of which nothing is set in items.
fn near_in_items(value: &Value, path: &[String]) -> Option<String> {
    let missing = (1..=path.len()).find(|i| path.get(..*i).is_some_and(|path| !is_set_in_items(value, path)))?;
    let (last, above) = path.get(..missing)?.split_last()?;
    let mut keys = BTreeSet::new();
    keys_in_items(value, above, &mut keys);
    let near = nearest(last, keys.iter().map(String::as_str))?;
    Some(path_text(&[above, &[near.to_owned()]].concat()))
}

/// Adds the texts in a value that could be templates.
fn texts(value: &Value, depth: usize, out: &mut Vec<Str>) {
    if depth > DEEPEST || out.len() > MAX_TEXTS {
        return;
    }
    match value {
        Value::Str(text) if memchr::memmem::find(text, b"{{").is_some() => out.push(text.clone()),
        // A part of one that is put together elsewhere.
        Value::Str(text) if memchr::memmem::find(text, b"Values").is_some() => out.push(text.clone()),
        Value::Map(_, map) => map.entries().iter().for_each(|(_, value)| texts(value, depth + 1, out)),
        Value::List(_, items) => items.iter().for_each(|item| texts(item, depth + 1, out)),
        _ => {}
    }
}

/// Finds what templates, conditions, tags and `import-values` of a chart and its live subcharts read of `values`.
pub fn value_reads(compiled: &CompiledChart<'_, '_>, top: &Live<'_>, values: &MapRef) -> ValueReads {
    let mut found = Vec::new();
    texts(&Value::Map(MapType::Any, values.clone()), 0, &mut found);
    let mut lives = vec![top];
    let mut i = 0;
    while let Some(live) = lives.get(i).copied() {
        lives.extend(live.subcharts());
        i += 1;
        let files = live.chart().files.iter().map(|file| file.data());
        found.extend(files.filter(|text| memchr::memmem::find(text, b"Values").is_some()).cloned());
    }
    found.sort();
    found.dedup();
    let sources: Vec<Arc<Source>> = found
        .into_iter()
        .map(|text| Arc::new(Source { name: "gotpl".to_owned(), path: "tpl".to_owned(), text, origin: None }))
        .collect();
    let (entries, scopes) = compiled.entries();
    let value = |object: usize, keys: &[Str]| -> Option<Str> {
        let mut path = Vec::new();
        prefix(top, scopes.get(object)?, &mut path);
        let (_, keys) = keys.split_first().filter(|(first, _)| *first == "Values")?;
        path.extend(keys.iter().map(ToString::to_string));
        match look_up(values, &path) {
            Some(Value::Str(text)) => Some(text),
            _ => None,
        }
    };
    let walk = |entries: &[(Str, usize)], strays: usize| {
        template::reads(compiled.set(), &lookup_function, entries, strays, &sources, &value)
    };
    let reads = walk(&entries, scopes.len());
    let mut out = ValueReads {
        paths: BTreeMap::new(),
        made: HashSet::new(),
        complete: reads.complete,
        undecided: Vec::new(),
        failure: None,
    };
    for live in &lives {
        let mut at = Vec::new();
        prefix(top, live, &mut at);
        for file in live.chart().files.iter().filter(|file| file.name.starts_with("tera/")) {
            out.add_mentions(top, &at, file.data(), "Values");
            out.add_named(top, &at, &file.source);
            // What leads to other charts' values leads to all of them.
            if mentions(file.data(), "Subcharts").next().is_some() {
                out.add(top, at.clone(), Read { whole: true, ..Read::default() });
            }
        }
    }
    for ((object, keys), read) in reads.keys {
        match place_of(top, scopes.get(object), &keys) {
            Some((path, true)) => out.add(top, path, read),
            Some((path, false)) if read.whole || (read.computed && keys.is_empty()) => out.add(top, path, read),
            _ => {}
        }
    }
    for (object, keys) in reads.made {
        if let Some((path, _)) = place_of(top, scopes.get(object), &keys) {
            out.made.insert(canonical(top, &path));
        }
    }
    if out.paths.values().any(|read| read.computed) {
        let reach = |entry: (Str, usize)| walk(&[entry], 0);
        let place = |(object, keys): &Place| Some(place_of(top, scopes.get(*object), keys)?.0);
        out.trace(compiled, (top, values), &reach, &place);
    }
    for live in lives {
        let mut at = Vec::new();
        prefix(top, live, &mut at);
        out.add_dependencies(top, live, &at);
    }
    out
}

/// Where keys of an object lead in the values, and whether they lead into them: else to what holds them.
fn place_of(top: &Live<'_>, live: Option<&&Live<'_>>, keys: &[Str]) -> Option<(Vec<String>, bool)> {
    let mut path = Vec::new();
    prefix(top, live?, &mut path);
    let mut keys = keys;
    while let [subcharts, sub, rest @ ..] = keys
        && subcharts == "Subcharts"
    {
        path.push(sub.to_string());
        keys = rest;
    }
    match keys {
        [values, rest @ ..] if values == "Values" => {
            path.extend(rest.iter().map(ToString::to_string));
            Some((path, true))
        }
        [] => Some((path, false)),
        [subcharts] if subcharts == "Subcharts" => Some((path, false)),
        _ => None,
    }
}

/// Where a word stands in a text by itself: what follows it.
fn mentions<'t>(text: &'t [u8], word: &'t str) -> impl Iterator<Item = &'t [u8]> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    memchr::memmem::find_iter(text, word.as_bytes()).filter_map(move |at| {
        let (before, rest) = text.split_at_checked(at)?;
        let after = rest.get(word.len()..)?;
        let alone = !before.last().is_some_and(is_name) && !after.first().is_some_and(is_name);
        alone.then_some(after)
    })
}

impl ValueReads {
    /// Takes as read what a Tera template names: `Values.a.b`, and all below it. Where it takes hold of the values in another
    /// way everything counts. `at` leads to the values, `name` is what they are called there.
    pub fn add_mentions(&mut self, top: &Live<'_>, at: &[String], text: &[u8], name: &str) {
        for after in mentions(text, name) {
            let mut path = at.to_vec();
            let mut rest = after;
            while let Some(key) = rest.strip_prefix(b".") {
                let length = key.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                let (key, after) = key.split_at_checked(length).unwrap_or_default();
                if key.is_empty() {
                    break;
                }
                path.push(String::from_utf8_lossy(key).into_owned());
                rest = after;
            }
            self.add(top, path, Read { whole: true, ..Read::default() });
        }
    }

    /// Adds where a Tera template names values.
    fn add_named(&mut self, top: &Live<'_>, at: &[String], source: &Arc<Source>) {
        let Some(text) = source.text.utf8() else { return };
        for Named { keys, span, guarded } in named(text, "Values") {
            let place = vec![Location { source: source.clone(), span: Span::new(span.start, span.end) }];
            let (places, guarded) = if guarded { (Vec::new(), place) } else { (place, Vec::new()) };
            self.add(top, [at, &keys].concat(), Read { places, guarded, ..Read::default() });
        }
    }

    fn add(&mut self, top: &Live<'_>, path: Vec<String>, read: Read) {
        // Who reads all values of a chart reads what is global.
        let chart = path.is_empty() || {
            let mut live = Some(top);
            for key in &path {
                live = live.and_then(|live| live.subcharts().iter().find(|sub| sub.name() == key));
            }
            live.is_some()
        };
        if chart && read.whole {
            self.paths.entry(vec![GLOBAL.to_owned()]).or_default().whole = true;
        }
        let known = self.paths.entry(canonical(top, &path)).or_default();
        known.whole |= read.whole;
        known.computed |= read.computed;
        known.computing.extend(read.computing);
        known.places.extend(read.places);
        known.guarded.extend(read.guarded);
    }

    /// Renders once and adds what that touches, where names are computed. Of the charts where a template that fails may
    /// compute names all counts as read. `reach` tells what such a template may reach, `place` where that is in the values.
    fn trace(
        &mut self,
        compiled: &CompiledChart<'_, '_>,
        (top, values): (&Live<'_>, &MapRef),
        reach: &dyn Fn((Str, usize)) -> Reads,
        place: &dyn Fn(&Place) -> Option<Vec<String>>,
    ) {
        let mut maps = Touched::default();
        // A map can stand at several places.
        let mut places: HashMap<usize, Vec<Vec<String>>> = HashMap::new();
        let mut next = vec![(values.clone(), Vec::new())];
        let mut keys = HashSet::new();
        while let Some((map, path)) = next.pop() {
            maps.watch(&map);
            for (key, value) in map.entries() {
                if let Value::Map(_, below) = value
                    && path.len() < DEEPEST
                {
                    let mut path = path.clone();
                    path.push(key.to_string());
                    keys.insert(path.clone());
                    next.push((below, path));
                }
            }
            places.entry(map.address()).or_default().push(path);
        }
        let (touched, failed) = compiled.touched(&mut World::default(), maps);
        let mut undecided: BTreeMap<Vec<String>, Vec<Location>> = BTreeMap::new();
        for (name, scope, error) in failed {
            let reads = reach((name, scope));
            let known = undecided.len();
            // What it would have put into values others could have used.
            if !reads.complete || !reads.made.is_empty() {
                let computed = self.paths.iter().filter(|(_, read)| read.computed);
                undecided.extend(computed.map(|(path, read)| (path.clone(), read.computing.clone())));
            } else {
                for (key, read) in reads.keys.into_iter().filter(|(_, read)| read.computed) {
                    let path = place(&key).map(|path| canonical(top, &path));
                    undecided.entry(path.unwrap_or_default()).or_default().extend(read.computing);
                }
            }
            if undecided.len() > known {
                self.failure.get_or_insert(error);
            }
        }
        for (path, places) in undecided {
            self.add(top, path.clone(), Read { whole: true, ..Read::default() });
            self.undecided.push(Undecided { path, places });
        }
        for (address, key) in touched.keys() {
            for path in places.get(&address).into_iter().flatten() {
                let mut path = path.clone();
                path.push(key.to_string());
                // What is no map is read as a whole.
                let whole = !keys.contains(&path);
                self.add(top, path, Read { whole, ..Read::default() });
            }
        }
        for address in touched.whole() {
            for path in places.get(&address).into_iter().flatten() {
                self.add(top, path.clone(), Read { whole: true, ..Read::default() });
            }
        }
    }

    fn add_dependencies(&mut self, top: &Live<'_>, live: &Live<'_>, at: &[String]) {
        let below = |keys: &[&str]| -> Vec<String> {
            at.iter().cloned().chain(keys.iter().map(|key| (*key).to_owned())).collect()
        };
        let whole = || Read { whole: true, ..Read::default() };
        for dependency in live.chart().metadata.dependencies.iter().flatten() {
            for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
                self.add(top, below(&condition.split('.').collect::<Vec<_>>()), whole());
            }
            for tag in &dependency.tags {
                self.add(top, vec!["tags".to_owned(), tag.clone()], whole());
                self.add(top, below(&["tags", tag]), whole());
            }
            let name = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            for import in dependency.imports.iter().flatten() {
                let child = match import {
                    Import::Table { child, .. } => child.clone(),
                    Import::Named(export) => format!("exports.{export}"),
                    Import::Other => continue,
                };
                let keys: Vec<&str> = [name.as_str()].into_iter().chain(child.split('.')).collect();
                self.add(top, below(&keys), whole());
            }
        }
    }

    /// Whether a value, or anything below it, could be read.
    fn touches(&self, path: &[String]) -> bool {
        let above = (0..=path.len()).filter_map(|i| self.paths.get(path.get(..i)?));
        above.into_iter().any(|read| read.whole)
            || self.paths.range(path.to_vec()..).next().is_some_and(|(read, _)| read.starts_with(path))
    }

    /// Whether everything counts as read since it cannot be told: templates are too many, or reach into `.Values` by
    /// names that only a render knows, and fail.
    pub fn is_undecided(&self) -> bool {
        !self.complete || self.undecided.iter().any(|one| one.path.is_empty())
    }

    /// The subcharts of whose values everything counts as read, since their templates compute names and fail.
    pub fn undecided(&self) -> &[Undecided] {
        &self.undecided
    }

    /// Why the render failed that would have told which.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// What is given above the defaults, and that nothing reads; in the order of the paths.
    pub fn unused(&self, top: &Live<'_>, explanation: &Explanation<'_, '_>) -> Vec<Unused> {
        if !self.complete {
            return Vec::new();
        }
        let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
        for path in explanation.given() {
            // The shortest path below which nothing is read.
            let first = (1..=path.len()).find(|i| {
                let above = path.get(..*i).unwrap_or_default();
                !self.touches(&canonical(top, above))
            });
            found.extend(first.and_then(|i| path.get(..i)).map(<[String]>::to_vec));
        }
        let unused = found.into_iter().map(|path| {
            let disabled = disabled(top, &path);
            let near = if disabled.is_some() { None } else { self.near(top, &path) };
            Unused { given: explanation.givers(&path), near, disabled, path }
        });
        unused.filter(|unused| !unused.given.is_empty()).collect()
    }

    /// What templates surely read and nobody set: first what they need, then what they can do without; each in the order of
    /// the paths.
    pub fn undefined(&self, explanation: &Explanation<'_, '_>, values: &MapRef) -> Vec<Undefined> {
        let whole = Value::Map(MapType::Any, values.clone());
        let unset = self.paths.iter().filter(|(path, read)| {
            let named = !read.places.is_empty() || !read.guarded.is_empty();
            let made = || (0..=path.len()).filter_map(|i| path.get(..i)).any(|above| self.made.contains(above));
            let is_set = || match path.iter().any(|key| key == ANY) {
                true => is_set_in_items(&whole, path),
                false => explanation.path(path).is_some(),
            };
            named && !path.is_empty() && !made() && !is_set()
        });
        let mut undefined: Vec<Undefined> = unset
            .map(|(path, read)| {
                let near = match path.iter().any(|key| key == ANY) {
                    true => near_in_items(&whole, path),
                    false => explanation.nearest(path),
                };
                let optional = read.places.is_empty();
                let mut places = if optional { read.guarded.clone() } else { read.places.clone() };
                places.sort_by(|a, b| (&a.source.path, a.span.start).cmp(&(&b.source.path, b.span.start)));
                places.dedup_by(|a, b| a.source.path == b.source.path && a.span == b.span);
                Undefined { path: path.clone(), places, optional, near }
            })
            .collect();
        undefined.sort_by_key(|undefined| undefined.optional);
        undefined
    }

    /// A path that is read or has a default, and looks like one that is not: a name beside it, or the same name elsewhere.
    fn near(&self, top: &Live<'_>, path: &[String]) -> Option<String> {
        let (last, parent) = path.split_last()?;
        let mut beside: BTreeSet<String> = BTreeSet::new();
        let place = canonical(top, parent);
        for (read, _) in self.paths.range(place.clone()..).take_while(|(read, _)| read.starts_with(&place)) {
            beside.extend(read.get(place.len()).filter(|key| *key != ANY).cloned());
        }
        let mut live = Some(top);
        for i in 0..=parent.len() {
            let Some(chart) = live else { break };
            let mut map = Some(chart.defaults().clone());
            for key in parent.get(i..).unwrap_or_default() {
                map = map.and_then(|map| match map.get(key) {
                    Some(Value::Map(_, map)) => Some(map),
                    _ => None,
                });
            }
            beside.extend(map.iter().flat_map(|map| map.entries()).map(|(key, _)| key.to_string()));
            live = parent.get(i).and_then(|key| chart.subcharts().iter().find(|sub| sub.name() == key));
        }
        beside.remove(last);
        let mut near = parent.to_vec();
        if let Some(name) = nearest(last, beside.iter().map(String::as_str)) {
            near.push(name.to_owned());
            return Some(path_text(&near));
        }
        let plain = |read: &Vec<String>| !read.iter().any(|key| key == ANY);
        let mut same =
            self.paths.keys().filter(|read| read.last() == Some(last) && read.as_slice() != path && plain(read));
        match (same.next(), same.next()) {
            (Some(only), None) => Some(path_text(only)),
            _ => None,
        }
    }
}

/// The disabled subchart that a path would be for.
fn disabled(top: &Live<'_>, path: &[String]) -> Option<String> {
    let mut live = top;
    for key in path {
        match live.subcharts().iter().find(|sub| sub.name() == key) {
            Some(sub) => live = sub,
            None => {
                let named = |name: &str, alias: &str| key == if alias.is_empty() { name } else { alias };
                let mut wanted = live.chart().metadata.dependencies.iter().flatten();
                return wanted.any(|d| named(&d.name, &d.alias)).then(|| key.clone());
            }
        }
    }
    None
}
