//! What Go's validator says (jsonschema v6: output.go, kind/kind.go), with numbers as golang.org/x/text prints
//! them in English: `70,000`, `1×10⁰⁶`.

use super::super::numeral::{integer, number};
use super::check::{Kind, Problem, Token};
use super::decimal::Decimal;
use super::json::{Kind as Json, Node, TYPES};
use super::keyword::Schema;
use super::library::{Flaw, Schemas};
use super::pointer;
use crate::go::quote::quoted;
use crate::stack::deeper;
use crate::value::Str;
use std::rc::Rc;

/// Why a value was not found to fit.
pub(super) enum Failure {
    /// It does not.
    Problem(Box<Problem>),
    /// That could not be found out.
    Words(String),
}

/// The text of `Error()` for a schema that cannot be used.
pub(super) fn flaw(schemas: &Schemas, flaw: &Flaw) -> String {
    match flaw {
        Flaw::Words(words) => words.clone(),
        Flaw::Invalid { location, problem, meta } => {
            let meta = schemas.get(*meta).map(Schema::location).unwrap_or_default();
            let mut out = format!(
                "{} is not valid against metaschema: jsonschema validation failed with {}",
                quoted(location.as_bytes()),
                quote(meta.as_bytes())
            );
            for problem in top(problem) {
                out.push('\n');
                tree(&mut out, schemas, problem, 1);
            }
            out
        }
    }
}

/// All lines about values that do not fit, without a final line end.
pub(super) fn problem(schemas: &Schemas, problem: &Problem) -> String {
    let mut out = String::new();
    for problem in top(problem) {
        if !out.is_empty() {
            out.push('\n');
        }
        tree(&mut out, schemas, problem, 1);
    }
    out
}

/// The problems that stand at the left margin.
pub(super) fn top(problem: &Problem) -> &[Problem] {
    match problem.kind {
        Kind::Group => &problem.causes,
        _ => std::slice::from_ref(problem),
    }
}

/// Whether a problem has no line of its own.
pub(super) fn transparent(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Reference) && problem.causes.len() == 1
}

fn tree(out: &mut String, schemas: &Schemas, problem: &Problem, indent: usize) {
    let mut below = indent;
    if !transparent(problem) {
        if !(out.is_empty() || out.ends_with('\n')) {
            out.push('\n');
        }
        (1..indent).for_each(|_| out.push_str("  "));
        out.push_str("- at ");
        out.push_str(&quote(place(&problem.at).as_bytes()));
        out.push_str(": ");
        out.push_str(&sentence(schemas, problem));
        below += 1;
    }
    deeper(|| problem.causes.iter().for_each(|cause| tree(out, schemas, cause, below)));
}

/// The way to a value as a JSON pointer.
pub(super) fn place(at: &[Token]) -> String {
    let mut out = String::new();
    for token in at {
        match token {
            Token::Key(key) => pointer::push(&mut out, key),
            Token::Index { shown, .. } => pointer::push(&mut out, shown.to_string().as_bytes()),
        }
    }
    out
}

/// One problem, without its place.
fn sentence(schemas: &Schemas, problem: &Problem) -> String {
    let nothing = Schema::default();
    let schema = schemas.get(problem.schema).unwrap_or(&nothing);
    let bound = |name: &str, got: f64, want: &Option<Decimal>| {
        let want = want.as_ref().map_or(0.0, Decimal::to_f64);
        format!("{name}: got {}, want {}", number(got), number(want))
    };
    let size = |name: &str, got: usize, want: Option<i64>| {
        format!("{name}: got {}, want {}", integer(got as i64), integer(want.unwrap_or(0)))
    };
    match &problem.kind {
        Kind::Unsaid | Kind::Group | Kind::Reference => "validation failed".into(),
        Kind::Alien(name) => format!("invalid jsonType {name}"),
        Kind::PropertyName(name) => format!("invalid propertyName {}", quote(name)),
        Kind::Not => "'not' failed".into(),
        Kind::AllOf => "'allOf' failed".into(),
        Kind::AnyOf => "'anyOf' failed".into(),
        Kind::OneOf(None) => "'oneOf' failed, none matched".into(),
        Kind::OneOf(Some((i, j))) => {
            format!("'oneOf' failed, subschemas {}, {} matched", integer(*i as i64), integer(*j as i64))
        }
        Kind::False => "false schema".into(),
        Kind::Cycle { first, second } => {
            let url = quoted(schema.location().as_bytes());
            format!("both {first} and {second} resolve to {url} causing reference cycle")
        }
        Kind::Type(got) => format!("got {got}, want {}", types(schema.types).join(" or ")),
        Kind::Enum => enumeration(schema.enumeration.as_deref().unwrap_or_default()),
        Kind::Const => match schema.constant.as_deref() {
            Some(want) if primitive(want) => format!("value must be {}", display(want)),
            _ => "'const' failed".into(),
        },
        Kind::Format(text, name, why) => format!("{} is not valid {name}: {why}", quote(text)),
        Kind::MinProperties(got) => size("minProperties", *got, schema.min_properties),
        Kind::MaxProperties(got) => size("maxProperties", *got, schema.max_properties),
        Kind::MinItems(got) => size("minItems", *got, schema.min_items),
        Kind::MaxItems(got) => size("maxItems", *got, schema.max_items),
        Kind::MinLength(got) => size("minLength", *got, schema.min_length),
        Kind::MaxLength(got) => size("maxLength", *got, schema.max_length),
        Kind::Required(names) => match names.as_slice() {
            [name] => format!("missing property {}", quote(name)),
            names => format!("missing properties {}", quote_all(names)),
        },
        Kind::Dependency(name, missing) => {
            format!("properties {} required, if {} exists", quote_all(missing), quote(name))
        }
        Kind::Additional(names) => format!("additional properties {} not allowed", quote_all(names)),
        Kind::AdditionalItems(count) => format!("last {} additionalItem(s) not allowed", integer(*count as i64)),
        Kind::Unique(i, j) => format!("items at {} and {} are equal", integer(*i as i64), integer(*j as i64)),
        Kind::Contains => "no items match contains schema".into(),
        Kind::MinContains(got) => {
            let want = integer(schema.min_contains.unwrap_or(0));
            let found = match got.as_slice() {
                [] => "none matched".into(),
                got => matched(got),
            };
            format!("min {want} items required to match contains schema, but {found}")
        }
        Kind::MaxContains(got) => {
            let want = integer(schema.max_contains.unwrap_or(0));
            format!("max {want} items required to match contains schema, but {}", matched(got))
        }
        Kind::Pattern(text) => {
            let want = schema.pattern.as_ref().map(|(pattern, _)| quote(pattern)).unwrap_or_default();
            format!("{} does not match pattern {want}", quote(text))
        }
        Kind::Minimum(got) => bound("minimum", *got, &schema.minimum),
        Kind::Maximum(got) => bound("maximum", *got, &schema.maximum),
        Kind::ExclusiveMinimum(got) => bound("exclusiveMinimum", *got, &schema.exclusive_minimum),
        Kind::ExclusiveMaximum(got) => bound("exclusiveMaximum", *got, &schema.exclusive_maximum),
        Kind::MultipleOf(got) => bound("multipleOf", *got, &schema.multiple_of),
    }
}

/// The names of types.
pub(super) fn types(bits: u8) -> Vec<&'static str> {
    TYPES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}

fn enumeration(want: &[Rc<Node>]) -> String {
    match want {
        want if !want.iter().all(|item| primitive(item)) => "'enum' failed".into(),
        [only] => format!("value must be {}", display(only)),
        want => {
            let want: Vec<String> = want.iter().map(|item| display(item)).collect();
            format!("value must be one of {}", want.join(", "))
        }
    }
}

/// Whether it is neither a list nor an object.
pub(super) fn primitive(node: &Node) -> bool {
    !matches!(node.kind, Json::Array(_) | Json::Object(_))
}

/// A primitive value as Go prints it.
fn display(node: &Node) -> String {
    match &node.kind {
        Json::Null => "<nil>".into(),
        Json::Bool(b) => b.to_string(),
        Json::Number(text) => text.to_string(),
        Json::Str(text) => quote(text),
        Json::Array(_) | Json::Object(_) | Json::Other(_) => "value".into(),
    }
}

fn matched(got: &[usize]) -> String {
    let places: Vec<String> = got.iter().map(usize::to_string).collect();
    format!("matched {} items at {}", integer(got.len() as i64), places.join(" "))
}

/// A text in single quotes.
pub(super) fn quote(text: &[u8]) -> String {
    let text = quoted(text).replace("\\\"", "\"").replace('\'', "\\'");
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(&text);
    format!("'{inner}'")
}

fn quote_all(names: &[Str]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// The keyword that a problem is about; none when it is the schema as a whole.
pub(super) fn keyword(problem: &Problem) -> Option<&'static str> {
    Some(match &problem.kind {
        Kind::Unsaid | Kind::Alien(_) | Kind::Group | Kind::False | Kind::Cycle { .. } | Kind::PropertyName(_) => {
            return None;
        }
        Kind::Not => "not",
        Kind::AllOf => "allOf",
        Kind::AnyOf => "anyOf",
        Kind::OneOf(_) => "oneOf",
        Kind::Type(_) => "type",
        Kind::Enum => "enum",
        Kind::Const => "const",
        Kind::Format(..) => "format",
        Kind::Reference => "$ref",
        Kind::MinProperties(_) => "minProperties",
        Kind::MaxProperties(_) => "maxProperties",
        Kind::Required(_) => "required",
        Kind::Dependency(..) => "dependentRequired",
        Kind::Additional(_) => "additionalProperties",
        Kind::MinItems(_) => "minItems",
        Kind::MaxItems(_) => "maxItems",
        Kind::AdditionalItems(_) => "additionalItems",
        Kind::Unique(..) => "uniqueItems",
        Kind::Contains => "contains",
        Kind::MinContains(_) => "minContains",
        Kind::MaxContains(_) => "maxContains",
        Kind::MinLength(_) => "minLength",
        Kind::MaxLength(_) => "maxLength",
        Kind::Pattern(_) => "pattern",
        Kind::Minimum(_) => "minimum",
        Kind::Maximum(_) => "maximum",
        Kind::ExclusiveMinimum(_) => "exclusiveMinimum",
        Kind::ExclusiveMaximum(_) => "exclusiveMaximum",
        Kind::MultipleOf(_) => "multipleOf",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (f, want) in [
            (0.0, "0"),
            (70000.0, "70,000"),
            (1_234_567.0, "1.234567×10⁰⁶"),
            (999_999.0, "999,999"),
            (1e-5, "1×10⁻⁰⁵"),
            (1234.5678, "1,234.5678"),
            (-1e100, "-1×10¹⁰⁰"),
            (0.00012345, "0.00012345"),
        ] {
            assert_eq!(number(f), want);
        }
        assert_eq!(integer(-1_234_567), "-1,234,567");
        assert_eq!(quote(b"a'\"\n"), "'a\\'\"\\n'");
    }
}
