//! Puts values over values (Helm: pkg/chart/common/util, coalesce.go).
//!
//! Maps are references here as in Go, and who shares what with whom can be seen by templates that change
//! values: so what Helm copies is copied, and what it shares is shared.

use super::dependencies::Live;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::fmt::sprintf;
use crate::go::quote::quoted;
use crate::go::slog::{Level, line};
use crate::stack::deeper;
use crate::value::{Map, MapRef, MapType, Str, Value};

/// The key of the values that every subchart sees.
pub const GLOBAL: &str = "global";

/// What happens to nulls, and where the messages go.
pub(super) struct Coalescer<'l> {
    /// Keep nulls: a later pass still needs them (Helm calls this merging, not coalescing).
    pub(super) keep_nulls: bool,
    /// Helm's messages.
    pub(super) log: &'l mut Vec<String>,
}

/// A copy that shares no map with the original.
pub fn deep_copy(map: &MapRef) -> MapRef {
    deeper(|| MapRef::new(map.borrow().with_values(copy_value)))
}

fn copy_value(value: &Value) -> Value {
    match value {
        Value::Map(kind, map) => Value::Map(*kind, deep_copy(map)),
        // A list without maps cannot change, so it can be shared.
        Value::List(kind, items) if items.iter().any(|v| matches!(v, Value::Map(..) | Value::List(..))) => {
            deeper(|| Value::List(*kind, items.iter().map(copy_value).collect::<Vec<_>>().into()))
        }
        other => other.clone(),
    }
}

/// A copy of the map itself; what it holds is shared.
fn shallow_copy(map: &MapRef) -> MapRef {
    MapRef::new(map.borrow().clone())
}

/// Lays `over` over `under` into a new map: maps deeply, the rest is replaced; nulls are values.
/// (Helm: pkg/chart/v2/loader, MergeMaps)
pub fn merge_maps(under: &MapRef, over: &MapRef) -> MapRef {
    deeper(|| {
        let merged = shallow_copy(under);
        for (key, value) in over.entries() {
            let value = match (merged.get(&key), &value) {
                (Some(Value::Map(_, below)), Value::Map(_, above)) => {
                    Value::Map(MapType::Any, merge_maps(&below, above))
                }
                _ => value.clone(),
            };
            merged.insert(key, value);
        }
        merged
    })
}

/// Removes nulls from a map and the maps in it.
fn remove_nulls(map: &MapRef) {
    deeper(|| {
        let (mut nulls, mut inner) = (Vec::new(), Vec::new());
        for (key, value) in map.borrow().iter() {
            match value {
                Value::Nil => nulls.push(key.clone()),
                Value::Map(_, map) => inner.push(map.clone()),
                _ => {}
            }
        }
        for key in nulls {
            map.borrow_mut().remove(key);
        }
        inner.iter().for_each(remove_nulls);
    });
}

/// Whether [`remove_nulls`] would find any.
fn has_nulls(map: &MapRef) -> bool {
    deeper(|| {
        map.borrow().iter().any(|(_, value)| match value {
            Value::Nil => true,
            Value::Map(_, map) => has_nulls(map),
            _ => false,
        })
    })
}

/// `prefix.key`, or the key alone.
fn dotted(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

fn print(format: &str, value: &Value) -> String {
    // A value that is too deep to print is not printed.
    sprintf(format.as_bytes(), std::slice::from_ref(value)).map(|s| s.lossy().into_owned()).unwrap_or_default()
}

/// Copies the values and lays them over the defaults of a chart and its subcharts.
///
/// # Errors
/// `type mismatch on s: …` when the values of a subchart are no map.
pub(super) fn coalesced(
    live: &Live<'_>,
    values: &MapRef,
    keep_nulls: bool,
    log: &mut Vec<String>,
) -> Result<MapRef, Error> {
    let values = deep_copy(values);
    Coalescer { keep_nulls, log }.chart(live, &values, "")?;
    Ok(values)
}

/// What a user set, over the defaults of a chart that has its subcharts' values in its own: a chart as releases store it.
pub fn computed(chart: &str, defaults: &MapRef, user: &MapRef, log: &mut Vec<String>) -> MapRef {
    let values = deep_copy(user);
    Coalescer { keep_nulls: false, log }.defaults(defaults, &|_| false, &values, chart);
    values
}

impl Coalescer<'_> {
    fn say(&mut self, message: &str) {
        self.log.push(line(Level::Info, message, &[]));
    }

    /// Completes `dest` with the defaults of a chart and, below their names, of its subcharts.
    fn chart(&mut self, live: &Live<'_>, dest: &MapRef, prefix: &str) -> Result<(), Error> {
        let path = dotted(prefix, live.name());
        let own = |key: &Str| live.subcharts().iter().any(|sub| key.as_bytes() == sub.name().as_bytes());
        self.defaults(live.defaults(), &own, dest, &path);
        for sub in live.subcharts() {
            let name = sub.name();
            let values = match dest.get(name) {
                Some(Value::Map(_, map)) => map,
                None => {
                    let map = MapRef::new(Map::new());
                    dest.insert(name, Value::Map(MapType::Any, map.clone()));
                    map
                }
                Some(other) => return Err(mismatch(sub, &path, &other)),
            };
            self.globals(&values, dest, &path);
            self.chart(sub, &values, &path)?;
        }
        Ok(())
    }

    /// Completes the values of a chart with its defaults. `subchart` tells which keys belong to subcharts, `path` is the
    /// chart's, dotted.
    fn defaults(&mut self, defaults: &MapRef, subchart: &dyn Fn(&Str) -> bool, values: &MapRef, path: &str) {
        let mut added = Vec::new();
        for (key, default) in defaults.entries() {
            match values.get(&key) {
                Some(Value::Nil) if !self.keep_nulls => {
                    values.borrow_mut().remove(&key);
                }
                Some(Value::Map(_, dest)) => match default {
                    Value::Map(_, src) => {
                        // What belongs to a subchart is coalesced with the subchart.
                        let keep_nulls = self.keep_nulls || subchart(&key);
                        let full = dotted(path, &key.lossy());
                        if keep_nulls || !has_nulls(&src) {
                            self.lay(&dest, &src, &full, keep_nulls, true);
                        } else {
                            let src = deep_copy(&src);
                            remove_nulls(&src);
                            self.tables(&dest, &src, &full, false);
                        }
                    }
                    Value::Nil => {}
                    _ => {
                        let full = format!("{path}.{key}");
                        self.say(&format!("warning: skipped value for {full}: Not a table."));
                    }
                },
                Some(_) => {}
                None => {
                    let copy = copy_value(&default);
                    if !self.keep_nulls {
                        match &copy {
                            Value::Nil => continue,
                            Value::Map(_, map) => remove_nulls(map),
                            _ => {}
                        }
                    }
                    added.push((key, copy));
                }
            }
        }
        values.borrow_mut().extend_with(added);
    }

    /// Hands the parent's globals (in `src`) to a subchart (`dest`).
    fn globals(&mut self, dest: &MapRef, src: &MapRef, path: &str) {
        let into = match dest.get(GLOBAL) {
            None => MapRef::new(Map::new()),
            Some(Value::Map(_, map)) => map,
            Some(_) => {
                self.say("warning: skipping globals because destination global is not a table.");
                return;
            }
        };
        let from = match src.get(GLOBAL) {
            None => Vec::new(),
            Some(Value::Map(_, map)) => map.entries(),
            Some(_) => {
                self.say("warning: skipping globals because source global is not a table.");
                return;
            }
        };
        for (key, value) in from {
            let own = into.get(&key);
            match (&value, own) {
                (Value::Map(_, table), None) => into.insert(key, Value::Map(MapType::Any, shallow_copy(table))),
                (Value::Map(_, table), Some(Value::Map(_, own))) => {
                    let table = shallow_copy(table);
                    let full = dotted(path, &key.lossy());
                    self.tables(&table, &own, &full, true);
                    into.insert(key, Value::Map(MapType::Any, table));
                }
                (Value::Map(..), Some(_)) => {
                    let key = quoted(key.lossy().as_bytes());
                    self.say(&format!("Conflict: cannot merge map onto non-map for {key}. Skipping."));
                }
                (_, Some(Value::Map(..))) => self.say(&format!("key {key} is table. Skipping")),
                _ => into.insert(key, value.clone()),
            }
        }
        dest.insert(GLOBAL, Value::Map(MapType::Any, into));
    }

    /// Completes `dest`, which has the say, with `src`. Nulls of `dest` are put into `src`, as in Helm.
    pub(super) fn tables(&mut self, dest: &MapRef, src: &MapRef, path: &str, keep_nulls: bool) {
        self.lay(dest, src, path, keep_nulls, false);
    }

    /// The same. What is `lent` belongs to another, who must not see what becomes of it: it is copied where it is put or changed.
    fn lay(&mut self, dest: &MapRef, src: &MapRef, path: &str, keep_nulls: bool, is_lent: bool) {
        let has_nulls = dest.borrow().iter().any(|(_, v)| v.is_nil());
        deeper(|| match is_lent && has_nulls {
            true => self.lay_here(dest, &deep_copy(src), path, keep_nulls, false),
            false => self.lay_here(dest, src, path, keep_nulls, is_lent),
        });
    }

    fn lay_here(&mut self, dest: &MapRef, src: &MapRef, path: &str, keep_nulls: bool, is_lent: bool) {
        let nulls: Vec<Str> = dest.borrow().iter().filter(|(_, v)| v.is_nil()).map(|(k, _)| k.clone()).collect();
        let mut nullified = Vec::new();
        for key in nulls {
            // Only a null over a default that is there removes it.
            if src.get(&key).is_some_and(|v| !v.is_nil()) {
                nullified.push(key.clone());
            }
            src.insert(key, Value::Nil);
        }
        if !keep_nulls {
            for key in &nullified {
                dest.borrow_mut().remove(key);
            }
        }
        let mut added = Vec::new();
        for (key, value) in src.entries() {
            if !keep_nulls && value.is_nil() && nullified.binary_search(&key).is_ok() {
                continue;
            }
            match (dest.get(&key), &value) {
                (None, _) => added.push((key, if is_lent { copy_value(&value) } else { value })),
                (Some(Value::Map(_, dest)), Value::Map(_, src)) => {
                    let full = dotted(path, &key.lossy());
                    self.lay(&dest, src, &full, keep_nulls, is_lent);
                }
                (Some(_), Value::Map(..)) => {
                    let full = dotted(path, &key.lossy());
                    let src = print("%v", &value);
                    self.say(&format!("warning: cannot overwrite table with non table for {full} ({src})"));
                }
                (Some(Value::Map(..)), other) if !other.is_nil() => {
                    let full = dotted(path, &key.lossy());
                    let src = print("%v", other);
                    self.say(&format!("warning: destination for {full} is a table. Ignoring non-table value ({src})"));
                }
                _ => {}
            }
        }
        dest.borrow_mut().extend_with(added);
    }
}

/// The values for a subchart are no map.
fn mismatch(sub: &Live<'_>, parent: &str, found: &Value) -> Error {
    let name = sub.name();
    let is = if found.is_nil() { "null".into() } else { found.go_type() };
    let mut at = parent.split('.').skip(1).collect::<Vec<_>>();
    at.push(name);
    let at = at.join(".");
    Diagnostic::new(
        format!("`{at}` must be a map, since it holds the values of the subchart `{name}`; it is {is}"),
        format!("type mismatch on {name}: {}", print("%t", found)),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> MapRef {
        MapRef::new(entries.iter().map(|(k, v)| (Str::from(*k), v.clone())).collect())
    }

    fn table(entries: &[(&str, Value)]) -> Value {
        Value::Map(MapType::Any, map(entries))
    }

    fn show(map: MapRef) -> String {
        print("%v", &Value::Map(MapType::Any, map))
    }

    #[test]
    fn layers() {
        let under = map(&[("a", table(&[("x", Value::from("1")), ("y", Value::from("2"))])), ("b", Value::from("3"))]);
        let over = map(&[("a", table(&[("x", Value::Nil)])), ("b", table(&[]))]);
        assert_eq!(show(merge_maps(&under, &over)), "map[a:map[x:<nil> y:2] b:map[]]");
        assert_eq!(show(under), "map[a:map[x:1 y:2] b:3]");
    }

    #[test]
    fn nulls() {
        for (keep, expected) in [(false, "map[m:map[k:1 new:<nil>]]"), (true, "map[m:map[gone:<nil> k:1 new:<nil>]]")] {
            let dest = map(&[("m", table(&[("gone", Value::Nil), ("new", Value::Nil)]))]);
            let src = map(&[("m", table(&[("gone", Value::from("x")), ("k", Value::from("1"))]))]);
            let mut log = Vec::new();
            Coalescer { keep_nulls: keep, log: &mut log }.tables(&dest, &src, "", keep);
            assert_eq!(show(dest), expected);
            assert!(log.is_empty());
        }
    }

    #[test]
    fn defaults_stay_as_they_are() {
        let inner = |value| table(&[("gone", Value::from("x")), ("deep", table(&[("k", value)]))]);
        for keep_nulls in [false, true] {
            let defaults = map(&[("m", inner(Value::from("1"))), ("n", inner(Value::Nil)), ("new", inner(Value::Nil))]);
            let before = show(defaults.clone());
            let own = table(&[("gone", Value::Nil), ("deep", table(&[]))]);
            let values = map(&[("m", own.clone()), ("n", table(&[("deep", own)]))]);
            Coalescer { keep_nulls, log: &mut Vec::new() }.defaults(&defaults, &|_| false, &values, "c");
            for name in ["m", "n", "new"] {
                let Some(Value::Map(_, below)) = values.get(name) else { panic!("{name}") };
                let Some(Value::Map(_, deep)) = below.get("deep") else { panic!("{name}") };
                deep.insert("mine", "2");
                below.insert("mine", "2");
            }
            assert_eq!(show(defaults), before);
        }
    }

    #[test]
    fn words() {
        let dest = map(&[("a", Value::from("x")), ("b", table(&[]))]);
        let src = map(&[("a", table(&[("k", Value::Nil)])), ("b", Value::from("y"))]);
        let mut log = Vec::new();
        Coalescer { keep_nulls: false, log: &mut log }.tables(&dest, &src, "c.s", false);
        assert_eq!(
            log,
            [
                "level=INFO msg=\"warning: cannot overwrite table with non table for c.s.a (map[k:<nil>])\"",
                "level=INFO msg=\"warning: destination for c.s.b is a table. Ignoring non-table value (y)\"",
            ]
        );
    }
}
