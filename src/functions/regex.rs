//! `regexMatch` and its kin.
//!
//! A plain function panics on a pattern that is not one, its `must` form returns the error; only `regexMatch`
//! is silently false.

use super::{Call, Function, function};
use crate::diagnostic::Failure;
use crate::go::regexp::{self, Regexp};
use crate::value::{Elem, ListType, Param, ParamKind, Str, Value};
use std::rc::Rc;

const PATTERN: Param = Param { name: "pattern", kind: ParamKind::Str };
const TEXT: Param = Param { name: "text", kind: ParamKind::Str };
const COUNT: Param = Param { name: "count", kind: ParamKind::Int };
const REPLACEMENT: Param = Param { name: "replacement", kind: ParamKind::Str };

pub(super) const FUNCTIONS: &[Function] = &[
    function("regexMatch", &[PATTERN, TEXT], |call| {
        Ok(Value::Bool(regexp::compile(&call.str(0)).is_ok_and(|re| re.is_match(&call.str(1)))))
    }),
    function("mustRegexMatch", &[PATTERN, TEXT], |call| Ok(Value::Bool(must(call)?.is_match(&call.str(1))))),
    function("regexFind", &[PATTERN, TEXT], |call| Ok(find(&*plain(call)?, call))),
    function("mustRegexFind", &[PATTERN, TEXT], |call| Ok(find(&*must(call)?, call))),
    function("regexFindAll", &[PATTERN, TEXT, COUNT], |call| Ok(find_all(&*plain(call)?, call))),
    function("mustRegexFindAll", &[PATTERN, TEXT, COUNT], |call| Ok(find_all(&*must(call)?, call))),
    function("regexReplaceAll", &[PATTERN, TEXT, REPLACEMENT], |call| Ok(replace(&*plain(call)?, call))),
    function("mustRegexReplaceAll", &[PATTERN, TEXT, REPLACEMENT], |call| Ok(replace(&*must(call)?, call))),
    function("regexReplaceAllLiteral", &[PATTERN, TEXT, REPLACEMENT], |call| Ok(replace_literal(&*plain(call)?, call))),
    function("mustRegexReplaceAllLiteral", &[PATTERN, TEXT, REPLACEMENT], |call| {
        Ok(replace_literal(&*must(call)?, call))
    }),
    function("regexSplit", &[PATTERN, TEXT, COUNT], |call| Ok(split(&*plain(call)?, call))),
    function("mustRegexSplit", &[PATTERN, TEXT, COUNT], |call| Ok(split(&*must(call)?, call))),
    function("regexQuoteMeta", &[TEXT], |call| Ok(Value::str(regexp::quote_meta(&call.str(0))))),
];

fn must(call: &Call<'_>) -> Result<Rc<Regexp>, Failure> {
    regexp::compile(&call.str(0)).map_err(|e| Failure::new(&*e))
}

fn plain(call: &Call<'_>) -> Result<Rc<Regexp>, Failure> {
    let pattern = call.str(0);
    regexp::compile(&pattern).map_err(|e| Failure::new(regexp::must_compile_words(&pattern, &e)))
}

fn find(re: &Regexp, call: &Call<'_>) -> Value {
    let text = call.str(1);
    let found = re.find(&text).and_then(|span| text.get(span));
    Value::str(found.unwrap_or_default())
}

fn find_all(re: &Regexp, call: &Call<'_>) -> Value {
    let text = call.str(1);
    let found = re.find_all(&text, call.int(2));
    let found: Vec<Str> = found.into_iter().map(|span| Str::from(text.get(span).unwrap_or_default())).collect();
    if found.is_empty() { nil_strings() } else { Value::strings(found) }
}

fn replace(re: &Regexp, call: &Call<'_>) -> Value {
    Value::str(re.replace_all(&call.str(1), &call.str(2)))
}

fn replace_literal(re: &Regexp, call: &Call<'_>) -> Value {
    Value::str(re.replace_all_literal(&call.str(1), &call.str(2)))
}

fn split(re: &Regexp, call: &Call<'_>) -> Value {
    let text = call.str(1);
    match re.split(&text, call.int(2), call.str(0).is_empty()) {
        Some(parts) => Value::strings(parts.into_iter().map(Str::from).collect()),
        None => nil_strings(),
    }
}

fn nil_strings() -> Value {
    Value::List(ListType { elem: Elem::Str, nil: true }, Vec::new().into())
}
