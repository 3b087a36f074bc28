//! Base 64 and 32, JSON and TOML.

use super::{Call, toml};
use crate::diagnostic::Failure;
use crate::go::base64;
use crate::go::json::{self, Into, Style};
use crate::value::{Map, MapRef, MapType, Value};

functions! {
    "b64enc" (text: Str) |c| Ok(encoded(c, base64::encode));
    "b64dec" (text: Str) |c| Ok(decoded(base64::decode(&c.str(0))));
    "b32enc" (text: Str) |c| Ok(encoded(c, base64::encode32));
    "b32dec" (text: Str) |c| Ok(decoded(base64::decode32(&c.str(0))));
    "toJson" (value: Any) |c| Ok(or_empty(to_json(c, json::COMPACT)));
    "mustToJson" (value: Any) |c| to_json(c, json::COMPACT);
    "toPrettyJson" (value: Any) |c| Ok(or_empty(to_json(c, PRETTY)));
    "mustToPrettyJson" (value: Any) |c| to_json(c, PRETTY);
    "toRawJson" (value: Any) |c| to_json(c, RAW);
    "mustToRawJson" (value: Any) |c| to_json(c, RAW);
    "fromJson" (text: Str) |c| Ok(match json::read(&c.str(0), Into::Map) {
        Ok(map) => map,
        Err((map, error)) => error_key(map, error),
    });
    "fromJsonArray" (text: Str) |c| {
        Ok(json::read(&c.str(0), Into::List).unwrap_or_else(|(_, error)| Value::list(vec![error.into()])))
    };
    "mustFromJson" (text: Str) |c| json::read(&c.str(0), Into::Any).map_err(|(_, error)| error.into());
    "toToml" (value: Any) |c| match toml::write(c.arg(0)) {
        Ok(text) => Ok(Value::str(text)),
        Err(toml::Problem::Panic(failure)) => Err(failure),
        Err(toml::Problem::Error(words)) => Ok(words.into()),
    };
    "mustToToml" (value: Any) |c| match toml::write(c.arg(0)) {
        Ok(text) => Ok(Value::str(text)),
        Err(toml::Problem::Panic(failure)) => Err(failure),
        Err(toml::Problem::Error(words)) => Err(words.into()),
    };
    "fromToml" (text: Str) |c| {
        let now = c.host.world().now();
        match super::toml_read::read(&c.str(0), now) {
            Ok(map) => Ok(map),
            Err(toml::Problem::Panic(failure)) => Err(failure),
            Err(toml::Problem::Error(words)) => Ok(error_key(Value::Nil, words)),
        }
    };
}

const PRETTY: Style = Style { escape_html: true, indent: Some(2) };
const RAW: Style = Style { escape_html: false, indent: None };

fn encoded(call: &Call<'_>, encode: fn(&mut Vec<u8>, &[u8])) -> Value {
    let mut out = Vec::new();
    encode(&mut out, &call.str(0));
    Value::str(out)
}

/// sprig gives the error as the result.
fn decoded(bytes: Result<Vec<u8>, String>) -> Value {
    bytes.map_or_else(Value::from, Value::str)
}

fn to_json(call: &Call<'_>, style: Style) -> Result<Value, Failure> {
    let mut out = Vec::new();
    json::write(&mut out, call.arg(0), style)?;
    Ok(Value::str(out))
}

/// Helm swallows the error.
fn or_empty(text: Result<Value, Failure>) -> Value {
    text.unwrap_or_else(|_| Value::str(""))
}

/// Helm's way to tell an error: a key beside what was read.
pub(super) fn error_key(map: Value, error: String) -> Value {
    let map = match map {
        Value::Map(_, map) if !map.is_nil() => map,
        _ => MapRef::new(Map::new()),
    };
    map.insert("Error", error);
    Value::Map(MapType::Any, map)
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{i, run};
    use crate::value::Value;

    #[test]
    fn encodes() {
        let list = Value::list(vec!["<a>".into(), i(1)]);
        let cases: [(&str, &[Value], &str); 8] = [
            ("toJson", std::slice::from_ref(&list), "[\"\\u003ca\\u003e\",1]"),
            ("toRawJson", std::slice::from_ref(&list), "[\"<a>\",1]"),
            ("toPrettyJson", std::slice::from_ref(&list), "[\n  \"\\u003ca\\u003e\",\n  1\n]"),
            ("toJson", &[Value::Float(f64::NAN)], ""),
            ("fromJson", &["[".into()], "map[Error:unexpected end of JSON input]"),
            ("fromJson", &["null".into()], "map[]"),
            ("b64dec", &["!".into()], "illegal base64 data at input byte 0"),
            ("b32enc", &["abc".into()], "MFRGG==="),
        ];
        for (name, args, want) in cases {
            assert_eq!(run(name, args), want, "{name}");
        }
    }
}
