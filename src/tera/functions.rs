//! Helm's functions as Tera's filters and functions, with named parameters.
//!
//! `{{ x | trunc(length=5) }}` is `trunc 5 x`: the piped value is the last parameter. `{{ trunc(length=5, text=x) }}`
//! is the same. What a variadic function takes more goes in a list under the name of its rest. Where Tera has a filter
//! or function of the name, Helm's is called `helm_NAME`.

use super::Variables;
use super::convert::Converter;
use super::desk;
use crate::diagnostic::nearest;
use crate::functions::{Function, lookup_function, names};
use crate::value::{Param, Value};
use ::tera::value::Key;
use ::tera::{Error, Kwargs, State, Tera, TeraResult, Value as TeraValue};

/// Tera's own filters.
pub(super) const FILTERS: [&str; 37] = [
    "abs",
    "capitalize",
    "default",
    "escape",
    "escape_html",
    "escape_xml",
    "first",
    "float",
    "get",
    "group_by",
    "indent",
    "int",
    "join",
    "keys",
    "last",
    "length",
    "lower",
    "newlines_to_br",
    "nth",
    "pairs",
    "pluralize",
    "replace",
    "reverse",
    "round",
    "safe",
    "sort",
    "split",
    "str",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate",
    "unique",
    "upper",
    "values",
    "wordcount",
];

/// Names that Tera's expressions cannot call, or that make no sense there.
const LEFT_OUT: [&str; 4] = ["and", "or", "not", "call"];

/// Go's comparisons, which take a whole number and a float for different types.
const COMPARISONS: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];

/// How many bytes a variable may hold.
const MAX_VARIABLE: usize = 16 << 20;

/// How many values a variable may hold, and how deep.
const MAX_NODES: usize = 200_000;
const MAX_LEVEL: usize = 200;

/// The function that counts steps.
pub(super) const STEP: &str = "__rhelm_step";

/// Registers everything.
pub(super) fn register(tera: &mut Tera, variables: Option<Variables>) {
    for function in names().filter_map(lookup_function).filter(|function| !LEFT_OUT.contains(&function.name)) {
        let plain = !FILTERS.contains(&function.name);
        let helm = format!("helm_{}", function.name);
        let filter = move |value: TeraValue, given: Kwargs, _: &State<'_>| apply(function, Some(&value), &given);
        let call = move |given: Kwargs, _: &State<'_>| apply(function, None, &given);
        if !function.params.is_empty() || function.rest.is_some() {
            if plain {
                tera.register_filter(function.name, filter);
            } else {
                tera.register_filter(helm.clone(), filter);
            }
        }
        if plain {
            tera.register_function(function.name, call);
        } else {
            tera.register_function(helm, call);
        }
    }
    tera.register_function("root", |_: Kwargs, _: &State<'_>| desk::root().map_err(Error::message));
    tera.register_function(STEP, step);
    match variables {
        Some(variables) => tera.register_function("get_env", move |given: Kwargs, _: &State<'_>| {
            variable(&variables, &given).map_err(Error::message)
        }),
        None => files(tera),
    }
}

/// Whether there is a Helm's function for a filter of Tera's.
pub(super) fn is_helms(name: &str) -> bool {
    FILTERS.contains(&name) && !LEFT_OUT.contains(&name) && lookup_function(name).is_some()
}

/// The methods of `.Files` and `.Capabilities.APIVersions`.
fn files(tera: &mut Tera) {
    let mut method = |name: &'static str, object: &'static str, glob: bool, method: &'static str| {
        let parameter = if method == "Has" {
            "version"
        } else if glob {
            "pattern"
        } else {
            "path"
        };
        tera.register_function(name, move |given: Kwargs, _: &State<'_>| {
            let text: String = match given.get::<&str>(parameter)? {
                Some(text) => text.to_owned(),
                None => return Err(Error::message(format!("`{name}` wants `{parameter}`"))),
            };
            check_names(name, &given, &[parameter]).map_err(Error::message)?;
            desk::method(object, glob, method, text.as_str().into()).map_err(Error::message)
        });
    };
    method("files_get", "Files", false, "Get");
    method("files_lines", "Files", false, "Lines");
    method("files_glob", "Files", true, "");
    method("files_as_config", "Files", true, "AsConfig");
    method("files_as_secrets", "Files", true, "AsSecrets");
    method("api_versions_has", "APIVersions", false, "Has");
}

fn check_names(function: &str, given: &Kwargs, known: &[&str]) -> Result<(), String> {
    for (name, _) in given.iter() {
        let name = name.as_str().unwrap_or_default();
        if !known.contains(&name) {
            let mut words = format!("`{function}` has no parameter `{name}`");
            match nearest(name, known.iter().copied()) {
                Some(near) => words.push_str(&format!("; did you mean `{near}`?")),
                None if known.is_empty() => words.push_str("; it has none"),
                None => words.push_str(&format!("; it has {}", known.join(", "))),
            }
            return Err(words);
        }
    }
    Ok(())
}

/// Calls a function with named arguments and what was piped into it.
fn apply(function: &'static Function, piped: Option<&TeraValue>, given: &Kwargs) -> TeraResult<TeraValue> {
    let result = desk::call(function, |converter, root| arguments(function, piped, given, converter, root));
    result.map_err(Error::message)
}

fn arguments(
    function: &'static Function,
    piped: Option<&TeraValue>,
    given: &Kwargs,
    converter: &mut Converter<'_>,
    root: &Value,
) -> Result<Vec<Value>, String> {
    let get = |param: &Param| given.get::<&TeraValue>(param.name).ok().flatten();
    let fixed = function.params;
    // The piped value is the last of all; without a rest that is the last parameter.
    let rest_given = function.rest.as_ref().and_then(get);
    let last_is_piped = piped.is_some()
        && match (&function.rest, fixed.last()) {
            (None, _) => true,
            (Some(_), Some(last)) => rest_given.is_none() && get(last).is_none(),
            (Some(_), None) => false,
        };
    let named = fixed.get(..fixed.len() - usize::from(last_is_piped)).unwrap_or_default();
    let known: Vec<&str> = named.iter().chain(&function.rest).map(|param| param.name).collect();
    check_names(function.name, given, &known)?;
    let mut args = Vec::with_capacity(fixed.len() + 1);
    for param in named {
        match get(param) {
            Some(value) => args.push(converter.argument(value, param)?),
            // The dot is what one almost always means.
            None if matches!(function.name, "include" | "tpl") && param.name == "data" => args.push(root.clone()),
            None => return Err(format!("`{}` wants `{}`", function.name, param.name)),
        }
    }
    if let (Some(rest), Some(values)) = (&function.rest, rest_given) {
        let Some(values) = values.as_array() else {
            return Err(format!("`{}` must be a list: `{}` takes any number of them", rest.name, function.name));
        };
        for value in values {
            args.push(converter.argument(value, rest)?);
        }
    }
    if let Some(piped) = piped {
        let param = if last_is_piped { fixed.last() } else { function.rest.as_ref() };
        if let Some(param) = param {
            args.push(converter.argument(piped, param)?);
        }
    }
    if COMPARISONS.contains(&function.name) && args.iter().any(|arg| matches!(arg, Value::Float(_))) {
        // Tera has whole numbers where values have Go's floats, which compare with each other only.
        #[allow(clippy::cast_precision_loss)]
        for arg in &mut args {
            if let Value::Int(_, n) = arg {
                *arg = Value::Float(*n as f64);
            }
        }
    }
    Ok(args)
}

/// A process variable, if the project allows it.
fn variable(variables: &Variables, given: &Kwargs) -> Result<TeraValue, String> {
    check_names("get_env", given, &["name", "default"])?;
    let name = given.get::<&str>("name").map_err(|error| error.to_string())?.ok_or("`get_env` wants `name`")?;
    if !variables.names.iter().any(|known| known == name) {
        let mut words = format!("`{name}` is not among the variables that layers may read (`env:` in rhelm.yaml)");
        if let Some(near) = nearest(name, variables.names.iter().map(String::as_str)) {
            words.push_str(&format!("; did you mean `{near}`?"));
        }
        return Err(words);
    }
    match variables.read.and_then(|read| read(name)) {
        Some(value) => Ok(TeraValue::from(value)),
        None => match given.get::<&TeraValue>("default").ok().flatten() {
            Some(default) => Ok(default.clone()),
            None => Err(format!("the process variable `{name}` is not set, and `get_env` has no `default`")),
        },
    }
}

/// Counts a round of a loop (`n`: the bytes of its text) or what a variable holds (`v`).
fn step(given: Kwargs, _: &State<'_>) -> TeraResult<TeraValue> {
    let mut cost = 1;
    for (name, value) in given.iter() {
        match name {
            Key::String(name) if &**name == "v" => {
                let nodes = weigh(value).map_err(Error::message)?;
                cost += u64::try_from(nodes / 256).unwrap_or(u64::MAX);
            }
            _ => cost += value.as_u64().unwrap_or_default() / 1024,
        }
    }
    desk::step(cost).map_err(Error::message)?;
    Ok(TeraValue::from(""))
}

/// How many values hang together; too many, too deep or too much text is an error.
fn weigh(value: &TeraValue) -> Result<usize, String> {
    let mut open = vec![(value, 0_usize)];
    let (mut nodes, mut bytes) = (0_usize, 0_usize);
    while let Some((value, level)) = open.pop() {
        nodes += 1;
        bytes += value.as_str().map_or(0, str::len);
        if nodes > MAX_NODES || level > MAX_LEVEL || bytes > MAX_VARIABLE {
            return Err("the variable holds too much".to_owned());
        }
        if let Some(items) = value.as_array() {
            open.extend(items.iter().map(|item| (item, level + 1)));
        } else if let Some(map) = value.as_map() {
            open.extend(map.values().map(|item| (item, level + 1)));
        }
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README lists every function with its parameters.
    #[test]
    fn documented() {
        let readme = include_str!("../../README.md").split_whitespace().collect::<Vec<_>>().join(" ");
        let signature = |function: &Function| {
            let mut names: Vec<String> = function.params.iter().map(|param| param.name.to_owned()).collect();
            names.extend(function.rest.iter().map(|rest| format!("{}…", rest.name)));
            let helm = if FILTERS.contains(&function.name) { "helm_" } else { "" };
            format!("{helm}{}({})", function.name, names.join(", "))
        };
        let all = names().filter_map(lookup_function).filter(|function| !LEFT_OUT.contains(&function.name));
        let missing: Vec<String> = all.map(signature).filter(|line| !readme.contains(line)).collect();
        assert!(missing.is_empty(), "the README lacks: {}", missing.join(" · "));
    }

    #[test]
    fn what_tera_has() {
        let knows = |name: &str| Tera::default().add_raw_template("t", &format!("{{{{ x | {name} }}}}")).is_ok();
        let functions = |name: &str| Tera::default().add_raw_template("t", &format!("{{{{ {name}() }}}}")).is_ok();
        for name in FILTERS {
            assert!(knows(name), "{name}");
        }
        for name in names().filter(|name| !LEFT_OUT.contains(name)) {
            assert_eq!(knows(name), FILTERS.contains(&name), "{name}");
            assert!(!functions(name), "{name}");
        }
    }
}
