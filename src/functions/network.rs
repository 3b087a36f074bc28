//! `urlParse`, `urlJoin`.

use super::{Call, Function};
use crate::diagnostic::Failure;
use crate::go::url::Url;
use crate::value::{Map, Param, ParamKind, Str, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "urlParse", params: &[Param { name: "url", kind: ParamKind::Str }], rest: None, call: parse },
    Function { name: "urlJoin", params: &[Param { name: "parts", kind: ParamKind::Map }], rest: None, call: join },
];

fn parse(call: &mut Call<'_>) -> Result<Value, Failure> {
    let url = Url::parse(&call.str(0)).map_err(|e| Failure::new(format!("unable to parse url: {e}")))?;
    let mut map = Map::new();
    map.insert("fragment", Value::str(url.fragment.as_slice()));
    map.insert("host", Value::str(url.host.as_slice()));
    map.insert("hostname", Value::str(url.hostname()));
    map.insert("opaque", Value::str(url.opaque.as_slice()));
    map.insert("path", Value::str(url.path.as_slice()));
    map.insert("query", Value::str(url.query.as_slice()));
    map.insert("userinfo", Value::str(url.userinfo()));
    map.insert("scheme", Value::str(url.scheme));
    Ok(Value::map(map))
}

fn join(call: &mut Call<'_>) -> Result<Value, Failure> {
    let map = call.map(0);
    let get = |key: &str| match map.get(key) {
        None => Ok(Str::default()),
        Some(Value::Str(text)) => Ok(text),
        // Go asks nothing for its kind.
        Some(Value::Nil) => Err(Failure::new("runtime error: invalid memory address or nil pointer dereference")),
        Some(other) => Err(Failure::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind().name()
        ))),
    };
    let mut url = Url::default();
    url.scheme = get("scheme")?.lossy().into_owned();
    url.host = get("host")?.to_vec();
    url.path = get("path")?.to_vec();
    url.query = get("query")?.to_vec();
    url.opaque = get("opaque")?.to_vec();
    url.fragment = get("fragment")?.to_vec();
    let userinfo = get("userinfo")?;
    if !userinfo.is_empty() {
        let around = [b"proto://", &*userinfo, b"@host"].concat();
        let parsed = Url::parse(&around);
        url.user = parsed.map_err(|e| Failure::new(format!("unable to parse userinfo in dict: {e}")))?.user;
    }
    Ok(Value::str(url.to_bytes()))
}
