//! Lists. Every function takes any slice; nil is none.

use super::Call;
use super::numbers::to_int;
use crate::diagnostic::Failure;
use crate::go::reflect::{NIL_POINTER, deep_equal, elements};
use crate::value::{Elem, Value};
use std::borrow::Cow;
use std::collections::HashSet;

functions! {
    "list" (; values: Any) |c| Ok(Value::list(c.args.to_vec()));
    "tuple" (; values: Any) |c| Ok(Value::list(c.args.to_vec()));
    "append" (list: Any, value: Any) append;
    "push" (list: Any, value: Any) append;
    "mustAppend" (list: Any, value: Any) append;
    "mustPush" (list: Any, value: Any) append;
    "prepend" (list: Any, value: Any) prepend;
    "mustPrepend" (list: Any, value: Any) prepend;
    "concat" (; lists: Any) concat;
    "first" (list: Any) first;
    "mustFirst" (list: Any) first;
    "last" (list: Any) last;
    "mustLast" (list: Any) last;
    "rest" (list: Any) rest;
    "mustRest" (list: Any) rest;
    "initial" (list: Any) initial;
    "mustInitial" (list: Any) initial;
    "reverse" (list: Any) reverse;
    "mustReverse" (list: Any) reverse;
    "compact" (list: Any) compact;
    "mustCompact" (list: Any) compact;
    "uniq" (list: Any) uniq;
    "mustUniq" (list: Any) uniq;
    "without" (list: Any; values: Any) without;
    "mustWithout" (list: Any; values: Any) without;
    "has" (value: Any, list: Any) has;
    "mustHas" (value: Any, list: Any) has;
    "slice" (list: Any; bounds: Any) slice;
    "mustSlice" (list: Any; bounds: Any) slice;
    "chunk" (size: Int, list: Any) chunk;
    "mustChunk" (size: Int, list: Any) chunk;
}

/// The elements of an argument; `verb` says in the failure what the function cannot do.
fn list<'a>(value: &'a Value, verb: &str) -> Result<Cow<'a, [Value]>, Failure> {
    match elements(value) {
        Some(items) => Ok(items),
        None if value.is_nil() => Err(NIL_POINTER.into()),
        None => Err(format!("Cannot {verb} type {}", value.kind().name()).into()),
    }
}

fn append(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "push on")?;
    let mut all = Vec::with_capacity(items.len() + 1);
    all.extend_from_slice(&items);
    all.push(call.arg(1).clone());
    Ok(Value::list(all))
}

fn prepend(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "prepend on")?;
    let mut all = Vec::with_capacity(items.len() + 1);
    all.push(call.arg(1).clone());
    all.extend_from_slice(&items);
    Ok(Value::list(all))
}

/// Without any element the result is a nil list.
fn concat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut all = Vec::new();
    for value in call.args {
        match elements(value) {
            Some(items) => all.extend_from_slice(&items),
            None if value.is_nil() => return Err(NIL_POINTER.into()),
            None => return Err(format!("Cannot concat type {} as list", value.kind().name()).into()),
        }
    }
    Ok(if all.is_empty() { Value::nil_list() } else { Value::list(all) })
}

fn first(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(list(call.arg(0), "find first on")?.first().cloned().unwrap_or_default())
}

fn last(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(list(call.arg(0), "find last on")?.last().cloned().unwrap_or_default())
}

fn rest(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "find rest on")?;
    Ok(items.split_first().map_or_else(Value::nil_list, |(_, rest)| Value::list(rest.to_vec())))
}

fn initial(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "find initial on")?;
    Ok(items.split_last().map_or_else(Value::nil_list, |(_, rest)| Value::list(rest.to_vec())))
}

fn reverse(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut items = list(call.arg(0), "find reverse on")?.into_owned();
    items.reverse();
    Ok(Value::list(items))
}

fn compact(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "compact on")?;
    Ok(Value::list(items.iter().filter(|item| item.truth()).cloned().collect()))
}

fn uniq(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "find uniq on")?;
    let mut found = Needles::default();
    let mut kept = Vec::new();
    for item in items.iter() {
        if !found.contains(item) {
            found.insert(item);
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn without(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = list(call.arg(0), "find without on")?;
    let mut omitted = Needles::default();
    call.rest(1).iter().for_each(|value| omitted.insert(value));
    Ok(Value::list(items.iter().filter(|item| !omitted.contains(item)).cloned().collect()))
}

/// Values to be found again by deep equality: at once where they are strings or integers.
#[derive(Default)]
struct Needles {
    scalars: HashSet<Vec<u8>>,
    others: Vec<Value>,
}

fn scalar_key(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Str(s) => Some([b"s", s.as_bytes()].concat()),
        Value::Int(kind, n) => Some([&[b'i', *kind as u8][..], &n.to_le_bytes()].concat()),
        _ => None,
    }
}

impl Needles {
    fn insert(&mut self, value: &Value) {
        match scalar_key(value) {
            Some(key) => {
                self.scalars.insert(key);
            }
            None => self.others.push(value.clone()),
        }
    }

    fn contains(&self, value: &Value) -> bool {
        match scalar_key(value) {
            Some(key) => self.scalars.contains(&key),
            None => self.others.iter().any(|other| deep_equal(other, value)),
        }
    }
}

fn has(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (value, haystack) = (call.arg(0), call.arg(1));
    if haystack.is_nil() {
        return Ok(Value::Bool(false));
    }
    Ok(Value::Bool(list(haystack, "find has on")?.iter().any(|item| deep_equal(value, item))))
}

fn slice(call: &mut Call<'_>) -> Result<Value, Failure> {
    let value = call.arg(0);
    let items = match elements(value) {
        Some(items) => items,
        None if value.is_nil() => return Err(NIL_POINTER.into()),
        None => {
            return Err(format!("list should be type of slice or array but {}", value.kind().name()).into());
        }
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |i: usize, default: usize| match call.args.get(i) {
        Some(value) => usize::try_from(to_int(value)).ok(),
        None => Some(default),
    };
    let range = bound(1, 0).zip(bound(2, items.len()));
    let Some(part) = range.and_then(|(start, end)| items.get(start..end)) else {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    };
    Ok(match value {
        Value::List(t, _) => Value::list_of(t.elem, part.to_vec()),
        Value::Bytes(Some(bytes)) => {
            let (start, end) = range.unwrap_or_default();
            Value::Bytes(Some(bytes.get(start..end).unwrap_or_default().into()))
        }
        _ => Value::list(part.to_vec()),
    })
}

/// sprig computes the number of chunks in floats, which decides what odd sizes do.
fn chunk(call: &mut Call<'_>) -> Result<Value, Failure> {
    const BAD: &str = "runtime error: makeslice: len out of range";
    let size = call.int(0);
    let items = match elements(call.arg(1)) {
        Some(items) => items,
        None if call.arg(1).is_nil() => return Err(NIL_POINTER.into()),
        None => return Err(format!("Cannot chunk type {}", call.arg(1).kind().name()).into()),
    };
    let len = items.len() as f64;
    let count = ((len - 1.0) / size as f64).floor() + 1.0;
    if count == 0.0 {
        return Ok(Value::list_of(Elem::List, Vec::new()));
    }
    if count.is_nan() || !(0.0..1e9).contains(&count) {
        return Err(BAD.into());
    }
    match usize::try_from(size) {
        Ok(size) => {
            Ok(Value::list_of(Elem::List, items.chunks(size.max(1)).map(|c| Value::list(c.to_vec())).collect()))
        }
        // Of negative sizes only those remain that make one chunk of one element.
        Err(_) if size < -1 && items.len() == 1 => {
            Ok(Value::list_of(Elem::List, vec![Value::list(items.into_owned())]))
        }
        Err(_) => Err(BAD.into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{fails, i, run};
    use crate::value::Value;

    #[test]
    fn lists() {
        let list = |items: &[Value]| Value::list(items.to_vec());
        let abc = || list(&["a".into(), "b".into(), "c".into()]);
        for (name, args, want) in [
            ("append", &[abc(), i(1)][..], "[a b c 1]"),
            ("rest", &[abc()], "[b c]"),
            ("initial", &[abc()], "[a b]"),
            ("chunk", &[i(2), abc()], "[[a b] [c]]"),
            ("slice", &[abc(), i(1), i(2)], "[b]"),
            ("uniq", &[list(&[i(1), i(1), "1".into(), Value::Float(1.0)])], "[1 1 1]"),
            ("without", &[abc(), "b".into()], "[a c]"),
            ("has", &["b".into(), abc()], "true"),
            ("first", &[list(&[])], "<nil>"),
        ] {
            assert_eq!(run(name, args), want, "{name}");
        }
        assert_eq!(fails("first", &["a".into()]), "Cannot find first on type string");
        assert_eq!(fails("slice", &[abc(), i(2), i(1)]), "reflect.Value.Slice: slice index out of bounds");
        assert_eq!(fails("chunk", &[i(0), abc()]), "runtime error: makeslice: len out of range");
    }
}
