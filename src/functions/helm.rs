//! Helm's own functions: including, failing, YAML, the cluster.

use super::Call;
use super::encoding::error_key;
use crate::cluster::{Asked, Log};
use crate::diagnostic::{Failure, FailureKind};
use crate::go::netip::parse_addr;
use crate::go::slog::{Level, line};
use crate::text::kept;
use crate::value::{Map, Str, Value};
use crate::yaml;
use std::net::ToSocketAddrs as _;

functions! {
    "include" (name: Str, data: Any) |c| {
        let (name, data) = (c.str(0), c.arg(1).clone());
        c.host.include(&name, &data).map(Value::Str)
    };
    "tpl" (text: Str, data: Any) |c| {
        let (text, data) = (c.str(0), c.arg(1).clone());
        c.host.tpl(&text, &data).map(Value::Str)
    };
    "required" (message: Str, value: Any) |c| match c.arg(1) {
        Value::Nil => Err(raised(&c.str(0))),
        Value::Str(s) if s.is_empty() => Err(raised(&c.str(0))),
        value => Ok(value.clone()),
    };
    "fail" (message: Str) |c| Err(raised(&c.str(0)));
    "lookup" (api_version: Str, kind: Str, namespace: Str, name: Str) cluster;
    "getHostByName" (name: Str) host_by_name;
    "toYaml" (value: Any) |c| Ok(yaml::emit(c.arg(0)).map_or_else(|_| Value::str(""), trimmed));
    "mustToYaml" (value: Any) |c| yaml::emit(c.arg(0)).map(trimmed);
    "toYamlPretty" (value: Any) |c| match yaml::emit_pretty(c.arg(0)) {
        Ok(text) => Ok(trimmed(text)),
        // go-yaml panics over types that it does not know: no error that the function could hide.
        Err(error) if error.message.starts_with("cannot marshal type") => Err(error),
        Err(_) => Ok(Value::str("")),
    };
    "fromYaml" (text: Str) |c| Ok(match yaml::parse_map(&c.str(0)) {
        Ok(map) => map,
        Err(error) => error_key(Value::Nil, error.message),
    });
    "fromYamlArray" (text: Str) |c| Ok(match yaml::parse_list(&c.str(0)) {
        Ok(items) => items,
        Err(error) => Value::list(vec![error.message.into()]),
    });
}

/// `fail` and `required`: the chart's author speaks to its user.
fn raised(message: &Str) -> Failure {
    Failure { kind: FailureKind::Raised, ..Failure::new(kept(message)) }
}

fn trimmed(mut text: Vec<u8>) -> Value {
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Value::str(text)
}

/// Without a cluster always empty.
fn cluster(call: &mut Call<'_>) -> Result<Value, Failure> {
    let Some(lookup) = call.host.world().lookup.clone() else { return Ok(Value::map(Map::new())) };
    let words = [0, 1, 2, 3].map(|i| call.str(i).lossy().into_owned());
    let [api_version, kind, namespace, name] = words.each_ref().map(String::as_str);
    let mut log = Log::new();
    let found = lookup.lookup(&Asked { api_version, kind, namespace, name }, &mut log);
    for (message, pairs) in &log {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (*key, value.as_str())).collect();
        call.host.world().warnings.push(line(Level::Error, message, &pairs));
    }
    found.map_err(Failure::new)
}

/// Without `--enable-dns` always empty.
fn host_by_name(call: &mut Call<'_>) -> Result<Value, Failure> {
    if !call.host.world().dns {
        return Ok(Value::str(""));
    }
    call.host.world().drawn = true;
    let name = call.str(0);
    if parse_addr(&name).is_ok() {
        return Ok(Value::Str(name));
    }
    let addresses: Vec<_> = match is_number(&name) {
        true => Vec::new(),
        false => (&*name.lossy(), 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default(),
    };
    let picked = call.host.world().below(addresses.len() as u64) as usize;
    match addresses.get(picked) {
        Some(address) => Ok(address.ip().to_string().into()),
        None => Err("invalid argument to Intn".into()),
    }
}

/// Whether the system would take a name for an address in numbers, `127.1` or `0x1F`. Go asks for it, and nobody has it.
fn is_number(name: &[u8]) -> bool {
    name.split(|b| *b == b'.').all(|part| match part {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
    })
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{fails, i, run};
    use crate::value::Value;

    #[test]
    fn requires() {
        assert_eq!(run("required", &["m".into(), i(0)]), "0");
        assert_eq!(fails("required", &["m".into(), "".into()]), "m");
        assert_eq!(fails("fail", &["x".into()]), "x");
        assert_eq!(run("getHostByName", &["localhost".into()]), "");
        assert_eq!(run("lookup", &["v1".into(), "Pod".into(), "".into(), Value::str("")]), "map[]");
    }
}
