//! `--name-template`: a template with sprig's functions, `env` and `expandenv` included, and none of Helm's.

use super::explain;
use super::methods::HelmMethods;
use crate::diagnostic::{Diagnostic, Error, Failure, Source};
use crate::functions::{Call, Function, lookup_function};
use crate::template::{Executor, Set, parse};
use crate::value::{Param, ParamKind, Value};
use crate::world::World;
use std::rc::Rc;
use std::sync::Arc;

/// Functions that Helm adds to sprig's; a name's template cannot call them.
const HELMS_OWN: &[&str] = &[
    "fromJsonArray",
    "fromToml",
    "fromYaml",
    "fromYamlArray",
    "include",
    "lookup",
    "mustToToml",
    "mustToYaml",
    "required",
    "toToml",
    "toYaml",
    "toYamlPretty",
    "tpl",
];

const TEXT: &[Param] = &[Param { name: "text", kind: ParamKind::Str }];

static ENV: Function = Function { name: "env", params: TEXT, rest: None, call: env };
static EXPANDENV: Function = Function { name: "expandenv", params: TEXT, rest: None, call: expandenv };

fn env(call: &mut Call<'_>) -> Result<Value, Failure> {
    let name = call.str(0).to_string();
    Ok(Value::from(call.host.world().variable(&name).unwrap_or_default()))
}

/// Go's os.ExpandEnv.
fn expandenv(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = call.str(0).to_string();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        let special = |c: char| "*#$@!?-".contains(c) || c.is_ascii_digit();
        let (name, end) = match after.strip_prefix('{') {
            Some(body) => match body.find('}') {
                Some(0) => ("", 2),
                Some(end) => (body.get(..end).unwrap_or_default(), end + 2),
                // What is not closed is swallowed.
                None => ("", 1),
            },
            None => {
                let word = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                let end = if after.starts_with(special) { 1 } else { word };
                (after.get(..end).unwrap_or_default(), end)
            }
        };
        if name.is_empty() && end == 0 {
            out.push('$');
        } else {
            out += &call.host.world().variable(name).unwrap_or_default();
        }
        rest = after.get(end..).unwrap_or_default();
    }
    out += rest;
    Ok(Value::from(out))
}

fn library(name: &str) -> Option<&'static Function> {
    match name {
        "env" => Some(&ENV),
        "expandenv" => Some(&EXPANDENV),
        name if HELMS_OWN.contains(&name) => None,
        name => lookup_function(name),
    }
}

/// The name that a template makes (Helm: action.TemplateName).
///
/// # Errors
/// Go's, as Helm prints them.
pub fn name_from_template(source: &Arc<Source>, world: &mut World) -> Result<String, Error> {
    let parsed = parse(source, &library)
        .map_err(|error| Diagnostic { helm: Some(error.go_text()), ..explain::parse_error(&error) })?;
    let mut set = Set::new();
    set.add(&parsed);
    let mut executor = Executor::new(Rc::new(set), &library, &HelmMethods, world);
    match executor.execute(source.name.as_bytes(), &Value::Nil) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) => {
            let mut diagnostic = Diagnostic::new(error.message.clone(), error.go_text());
            diagnostic.at = error.innermost();
            Err(diagnostic.into())
        }
    }
}
