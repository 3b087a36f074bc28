//! What kubectl's library refuses of an object before a server sees it: no kind, or metadata of the wrong types. Seen of
//! Helm 4.2.3 with objects of all these shapes; fields beside the metadata are the server's to check.

use super::{part, text};
use crate::go::json::{self, COMPACT};
use crate::go::time::{RFC3339, Time, Zone};
use crate::value::{MapRef, MapType, Value};
use crate::yaml::json_kind;

/// Why an object is not sent: `apiVersion not set`; of a `List` what its items lack.
pub fn unsent(object: &MapRef) -> Vec<String> {
    if !matches!(object.get("kind"), Some(Value::Str(kind)) if kind == "List") {
        return kind_of(object);
    }
    let Some(Value::List(_, items)) = object.get("items") else { return vec!["invalid object to validate".to_owned()] };
    let of_item = |item: &Value| match item {
        Value::Map(_, item) => kind_of(item),
        _ => vec!["invalid object to validate".to_owned()],
    };
    items.iter().flat_map(of_item).collect()
}

fn kind_of(object: &MapRef) -> Vec<String> {
    let mut errors = Vec::new();
    for key in ["apiVersion", "kind"] {
        match object.get(key) {
            None | Some(Value::Nil) => errors.push(format!("{key} not set")),
            Some(Value::Str(version)) => {
                if key == "apiVersion" && version.iter().filter(|b| **b == b'/').count() > 1 {
                    errors.push(format!("unexpected GroupVersion string: {version}"));
                }
            }
            Some(_) => errors.push(format!("{key} isn't string type")),
        }
    }
    errors
}

/// Reads the metadata as Go's types have it.
///
/// # Errors
/// Go's words for the first field of another type, in the order of the keys; for a time that is none before all others.
pub fn check_metadata(object: &MapRef) -> Result<(), String> {
    if text(object, "kind").is_empty() {
        let mut shown = Vec::new();
        let _ = json::write(&mut shown, &Value::Map(MapType::Any, object.clone()), COMPACT);
        return Err(format!("Object 'Kind' is missing in '{}'", String::from_utf8_lossy(&shown)));
    }
    let Some(metadata) = part(object, "metadata") else { return Ok(()) };
    let mut first: Option<String> = None;
    for (key, value) in &metadata.entries() {
        let key = key.to_string();
        let wrong = match key.as_str() {
            "name" | "generateName" | "namespace" | "selfLink" | "resourceVersion" => {
                not_of(value, is_text, &ours(&key), "string")
            }
            "uid" => not_of(value, is_text, &ours(&key), "types.UID"),
            "generation" | "deletionGracePeriodSeconds" => not_whole(value, &ours(&key)),
            "creationTimestamp" | "deletionTimestamp" => not_time(value, &ours(&key))?,
            "labels" | "annotations" => not_texts(value, &ours(&key)),
            "finalizers" => {
                not_list(value, &ours(&key), "string", &|item| not_of(item, is_text, &ours(&key), "string"))
            }
            "ownerReferences" => {
                not_list(value, &ours(&key), "v1.OwnerReference", &|item| not_owner(item, &ours(&key)))
            }
            "managedFields" => not_list(value, &ours(&key), "v1.ManagedFieldsEntry", &|item| {
                not_of(item, |item| matches!(item, Value::Map(..)), &ours(&key), "v1.ManagedFieldsEntry")
            }),
            _ => None,
        };
        first = first.or(wrong);
    }
    first.map_or(Ok(()), Err)
}

fn ours(key: &str) -> String {
    format!("ObjectMeta.metadata.{key}")
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Str(_))
}

/// Go's words for a value that a field of that type cannot hold.
fn unfit(what: &str, field: &str, wanted: &str) -> String {
    format!("json: cannot unmarshal {what} into Go struct field {field} of type {wanted}")
}

fn not_of(value: &Value, fits: fn(&Value) -> bool, field: &str, wanted: &str) -> Option<String> {
    (!value.is_nil() && !fits(value)).then(|| unfit(json_kind(value), field, wanted))
}

fn not_whole(value: &Value, field: &str) -> Option<String> {
    let number = match value {
        Value::Nil | Value::Int(..) => return None,
        Value::Float(number) => *number,
        other => return Some(unfit(json_kind(other), field, "int64")),
    };
    let mut shown = Vec::new();
    let _ = json::write_float(&mut shown, number);
    let shown = String::from_utf8_lossy(&shown).into_owned();
    shown.parse::<i64>().is_err().then(|| unfit(&format!("number {shown}"), field, "int64"))
}

fn not_texts(value: &Value, field: &str) -> Option<String> {
    let Value::Map(_, map) = value else { return not_of(value, |_| false, field, "map[string]string") };
    map.entries().iter().find_map(|(_, value)| not_of(value, is_text, field, "string"))
}

fn not_list(value: &Value, field: &str, of: &str, item: &dyn Fn(&Value) -> Option<String>) -> Option<String> {
    match value {
        Value::List(_, items) => items.iter().find_map(item),
        other => not_of(other, |_| false, field, &format!("[]{of}")),
    }
}

fn not_owner(value: &Value, field: &str) -> Option<String> {
    let Value::Map(_, map) = value else { return not_of(value, |_| false, field, "v1.OwnerReference") };
    map.entries().iter().find_map(|(key, value)| {
        let key = key.to_string();
        let field = format!("OwnerReference.metadata.ownerReferences.{key}");
        match key.as_str() {
            "apiVersion" | "kind" | "name" => not_of(value, is_text, &field, "string"),
            "uid" => not_of(value, is_text, &field, "types.UID"),
            "controller" | "blockOwnerDeletion" => not_of(value, |v| matches!(v, Value::Bool(_)), &field, "bool"),
            _ => None,
        }
    })
}

/// A time that is no text is a wrong type as others are; a text that is none ends the reading.
fn not_time(value: &Value, field: &str) -> Result<Option<String>, String> {
    match value {
        Value::Nil => Ok(None),
        Value::Str(text) => Time::parse(RFC3339, text, &Zone::Utc).map(|_| None),
        other => Ok(Some(unfit(json_kind(other), field, "string"))),
    }
}

/// Errors as Kubernetes' libraries tell several: each once.
pub fn aggregate(errors: &[String]) -> String {
    let mut told: Vec<&str> = Vec::new();
    for error in errors {
        if !told.contains(&error.as_str()) {
            told.push(error);
        }
    }
    if let [one] = told.as_slice() { (*one).to_owned() } else { format!("[{}]", told.join(", ")) }
}
