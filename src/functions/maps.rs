//! Maps: reading, changing in place, merging, copying.

use super::strings::text_of;
use super::{Call, assign};
use crate::diagnostic::Failure;
use crate::go::reflect::elements;
use crate::stack::deeper;
use crate::value::{Elem, Kind, ListType, MAX_DEPTH, Map, MapRef, MapType, Str, Value};

functions! {
    "dict" (; pairs: Any) dict;
    "get" (map: Map, key: Str) |c| Ok(c.map(0).get(c.str(1)).unwrap_or_else(|| Value::str("")));
    "set" (map: Map, key: Str, value: Any) |c| {
        let map = c.map(0);
        assign(&map, c.str(1), c.arg(2).clone())?;
        Ok(Value::Map(MapType::Any, map))
    };
    "unset" (map: Map, key: Str) |c| {
        let map = c.map(0);
        let _old = map.borrow_mut().remove(c.str(1));
        Ok(Value::Map(MapType::Any, map))
    };
    "hasKey" (map: Map, key: Str) |c| Ok(Value::Bool(c.map(0).borrow().contains(c.str(1))));
    "keys" (; maps: Map) |c| {
        let maps = (0..c.args.len()).map(|i| c.map(i));
        Ok(Value::strings(maps.flat_map(|map| map.borrow().keys().cloned().collect::<Vec<_>>()).collect()))
    };
    "values" (map: Map) |c| Ok(Value::list(c.map(0).borrow().iter().map(|(_, v)| v.clone()).collect()));
    "pluck" (key: Str; maps: Map) |c| {
        let key = c.str(0);
        Ok(Value::list((1..c.args.len()).filter_map(|i| c.map(i).get(&key)).collect()))
    };
    "pick" (map: Map; keys: Str) |c| {
        let map = c.map(0);
        let keys = (1..c.args.len()).map(|i| c.str(i));
        Ok(Value::map(keys.filter_map(|key| map.get(&key).map(|v| (key, v))).collect()))
    };
    "omit" (map: Map; keys: Str) |c| {
        let map = c.map(0);
        let map = map.borrow();
        let mut kept = map.clone();
        (1..c.args.len()).for_each(|i| drop(kept.remove(c.str(i))));
        Ok(Value::map(kept))
    };
    "dig" (; path: Any) dig;
    "merge" (target: Map; sources: Map) |c| merge(c, false);
    "mustMerge" (target: Map; sources: Map) |c| merge(c, false);
    "mergeOverwrite" (target: Map; sources: Map) |c| merge(c, true);
    "mustMergeOverwrite" (target: Map; sources: Map) |c| merge(c, true);
    "deepCopy" (value: Any) |c| deep_copy(c, "deepCopy error: ");
    "mustDeepCopy" (value: Any) |c| deep_copy(c, "");
}

fn dict(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut map = Map::new();
    for pair in call.args.chunks(2) {
        if let Some(key) = pair.first() {
            map.insert(text_of(key)?, pair.get(1).cloned().unwrap_or_else(|| Value::str("")));
        }
    }
    Ok(Value::map(map))
}

fn conversion(value: &Value, wanted: &str) -> Failure {
    let found = if value.is_nil() { "nil".into() } else { value.go_type() };
    Failure::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}

/// Takes no `common.Values`: sprig asserts the very type.
fn dig(call: &mut Call<'_>) -> Result<Value, Failure> {
    let plain = |value: &Value| match value {
        Value::Map(MapType::Any, map) => Ok(map.clone()),
        other => Err(conversion(other, "map[string]interface {}")),
    };
    let [path @ .., default, map] = call.args else {
        return Err("dig needs at least three arguments".into());
    };
    if path.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut map = plain(map)?;
    for key in path {
        if !matches!(key, Value::Str(_)) {
            return Err(conversion(key, "string"));
        }
    }
    let mut found = Value::Nil;
    for (i, key) in path.iter().enumerate() {
        let Value::Str(key) = key else { continue };
        if i > 0 {
            map = plain(&found)?;
        }
        match map.get(key) {
            Some(value) => found = value,
            None => return Ok(default.clone()),
        }
    }
    Ok(found)
}

fn merge(call: &mut Call<'_>, overwrite: bool) -> Result<Value, Failure> {
    let mut target = call.map(0);
    for i in 1..call.args.len() {
        let source = call.map(i);
        if target.is_nil() && !source.is_nil() {
            target = MapRef::new(Map::new());
        }
        merge_maps(&target, MapType::Any, &source, MapType::Any, overwrite, 0)?;
    }
    Ok(Value::Map(MapType::Any, target))
}

/// dario.cat/mergo, deepMerge of two maps: the target is changed in place.
fn merge_maps(
    target: &MapRef,
    target_type: MapType,
    source: &MapRef,
    source_type: MapType,
    overwrite: bool,
    depth: usize,
) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err("the maps to merge are nested too deeply".into());
    }
    if target.same(source) {
        return Ok(());
    }
    if target.is_nil() {
        return Ok(());
    }
    for (key, value) in source.entries() {
        if value.is_nil() {
            if overwrite {
                put(target, target_type, key, value, source_type)?;
            }
            continue;
        }
        let old = target.get(&key);
        let kept = old.as_ref().is_some_and(|old| !is_empty(old));
        match &value {
            Value::Map(from_type, from) => {
                if let Some(Value::Map(t, into)) = &old {
                    let (into, t) = (into.clone(), *t);
                    let merge = || merge_maps(&into, t, from, *from_type, overwrite, depth + 1);
                    deeper(merge)?;
                    // Looked at only now: what was empty may have been filled.
                    if !into.is_empty() {
                        continue;
                    }
                }
            }
            _ if value.kind() == Kind::Slice && kept => {
                // A list replaces any value when it overwrites; else any value stays.
                if overwrite {
                    put(target, target_type, key, value, source_type)?;
                }
                continue;
            }
            _ => {}
        }
        if overwrite || !kept {
            put(target, target_type, key, value, source_type)?;
        }
    }
    Ok(())
}

/// Go lets only strings into a `map[string]string`, and of those only the ones that are no `interface {}`.
fn put(target: &MapRef, target_type: MapType, key: Str, value: Value, source_type: MapType) -> Result<(), Failure> {
    if target_type == MapType::Str && source_type != MapType::Str {
        let t = if value.kind() == Kind::Slice { value.go_type() } else { "interface {}".into() };
        let words = format!("reflect.Value.SetMapIndex: value of type {t} is not assignable to type string");
        return Err(words.into());
    }
    target.insert(key, value);
    Ok(())
}

/// mergo's notion of empty.
fn is_empty(value: &Value) -> bool {
    match elements(value) {
        Some(items) => items.is_empty(),
        None => !value.truth(),
    }
}

fn deep_copy(call: &mut Call<'_>, prefix: &str) -> Result<Value, Failure> {
    if call.arg(0).is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    copy(call.arg(0), 0).map_err(|e| Failure::new(format!("{prefix}{}", e.message)))
}

/// How many values one copy may make: shared values that hold shared values multiply.
const MAX_COPIES: usize = 10_000_000;

/// The same value with maps of its own.
pub(super) fn copy(value: &Value, depth: usize) -> Result<Value, Failure> {
    let mut left = MAX_COPIES;
    copy_within(value, depth, &mut left)
}

fn copy_within(value: &Value, depth: usize, left: &mut usize) -> Result<Value, Failure> {
    if depth > MAX_DEPTH {
        return Err("the value is nested too deeply to be copied".into());
    }
    *left = left.checked_sub(1).ok_or_else(|| Failure::new("the copy would hold more than 10 million values"))?;
    let work = || match value {
        Value::Object(object) => Ok(object.deep_copied().unwrap_or_else(|| value.clone())),
        Value::List(t @ ListType { elem: Elem::Any | Elem::List | Elem::Map, .. }, items) => {
            let items = items.iter().map(|item| copy_within(item, depth + 1, left)).collect::<Result<Vec<_>, _>>()?;
            Ok(Value::List(*t, items.into()))
        }
        Value::Map(t, map) if map.is_nil() => Ok(Value::Map(*t, MapRef::nil())),
        Value::Map(t, map) => {
            let map = map.borrow();
            let entries = map.iter().map(|(k, v)| Ok((k.clone(), copy_within(v, depth + 1, left)?)));
            Ok(Value::Map(*t, MapRef::new(entries.collect::<Result<Map, Failure>>()?)))
        }
        other => Ok(other.clone()),
    };
    deeper(work)
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{call, fails, i, run};
    use crate::value::Value;

    fn dict(pairs: &[Value]) -> Value {
        call("dict", pairs).unwrap()
    }

    #[test]
    fn merges() {
        let a = || dict(&["x".into(), false.into(), "m".into(), dict(&["p".into(), i(1)])]);
        let b = || {
            dict(&["x".into(), i(2), "m".into(), dict(&["p".into(), i(3), "q".into(), i(4)]), "n".into(), Value::Nil])
        };
        assert_eq!(run("merge", &[a(), b()]), "map[m:map[p:1 q:4] x:2]");
        assert_eq!(run("mergeOverwrite", &[a(), b()]), "map[m:map[p:3 q:4] n:<nil> x:2]");
        assert_eq!(run("mergeOverwrite", &[b(), a()]), "map[m:map[p:1 q:4] n:<nil> x:false]");
        assert_eq!(fails("set", &[Value::Nil, "a".into(), i(1)]), "assignment to entry in nil map");
    }

    #[test]
    fn a_map_in_itself_ends() {
        let d = dict(&["a".into(), i(1)]);
        let Value::Map(_, map) = &d else { return };
        map.insert("self", d.clone());
        let list = Value::list(vec![d.clone()]);
        for name in ["toJson", "toRawJson", "toToml", "quote", "squote", "cat", "html", "toString", "deepCopy"] {
            let _ = call(name, std::slice::from_ref(&d));
        }
        for name in ["uniq", "sortAlpha", "toStrings", "print", "compact"] {
            let _ = call(name, std::slice::from_ref(&list));
        }
        let _ = call("deepEqual", &[d.clone(), dict(&["a".into(), i(1), "self".into(), d.clone()])]);
        let _ = call("merge", &[dict(&["self".into(), d.clone()]), d.clone()]);
        map.insert("self", Value::Nil);
    }

    #[test]
    fn digs() {
        let d = || dict(&["a".into(), dict(&["b".into(), "c".into()])]);
        assert_eq!(run("dig", &["a".into(), "b".into(), "x".into(), d()]), "c");
        assert_eq!(run("dig", &["a".into(), "z".into(), "x".into(), d()]), "x");
        assert_eq!(
            fails("dig", &["a".into(), "b".into(), "c".into(), "x".into(), d()]),
            "interface conversion: interface {} is string, not map[string]interface {}"
        );
    }
}
