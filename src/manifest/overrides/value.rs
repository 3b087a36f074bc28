//! YAML with places → JSON → values.

use crate::value::{IntKind, MAX_DEPTH, Map, Str, Value};
use crate::yaml::{Data, Node};
use serde_json::{Number, Value as Json};

/// Deeper objects are left as they are: no Kubernetes object is.
const DEEPEST: usize = if MAX_DEPTH < 500 { MAX_DEPTH } else { 500 };

/// A node as JSON: whole numbers stay whole.
///
/// # Errors
/// What JSON cannot have: keys that are no text, infinite numbers; nesting beyond 500 levels.
pub fn json(node: &Node) -> Result<Json, String> {
    convert(node, 0)
}

fn convert(node: &Node, depth: usize) -> Result<Json, String> {
    if depth > DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} levels deep"));
    }
    Ok(match &node.data {
        Data::Null => Json::Null,
        Data::Bool(b) => Json::Bool(*b),
        Data::Int(n) => Json::from(*n),
        Data::Uint(n) => Json::from(*n),
        Data::Float(f) => Json::Number(Number::from_f64(*f).ok_or_else(|| "a number that is not finite".to_owned())?),
        Data::Str(s) => Json::String(s.to_string()),
        Data::List(items) => Json::Array(items.iter().map(|item| convert(item, depth + 1)).collect::<Result<_, _>>()?),
        Data::Map(entries) => {
            let mut map = serde_json::Map::new();
            for (key, value) in entries {
                let key = key.as_key().ok_or_else(|| "a key that is no text".to_owned())?;
                map.insert(key.to_string(), convert(value, depth + 1)?);
            }
            Json::Object(map)
        }
    })
}

/// JSON as `toYaml` takes it.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Value::int64(n),
            // The bits are kept; the kind tells how to read them.
            (None, Some(n)) => Value::Int(IntKind::Uint64, n.cast_signed()),
            _ => Value::Float(n.as_f64().unwrap_or_default()),
        },
        Json::String(s) => Value::str(s.as_str()),
        Json::Array(items) => Value::list(items.iter().map(value).collect()),
        Json::Object(map) => Value::map(map.iter().map(|(k, v)| (Str::from(k.as_str()), value(v))).collect::<Map>()),
    }
}
