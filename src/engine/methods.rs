//! Methods of values that are no objects: `.Files`, `.Values`, `.Capabilities.APIVersions`, durations.

use super::capabilities::VERSIONS_METHODS;
use crate::diagnostic::Failure;
use crate::go;
use crate::template::Methods;
use crate::value::{Elem, ListType, Map, MapRef, MapType, Method, Param, ParamKind, Str, Value};
use crate::yaml;
use base64::Engine as _;
use bstr::ByteSlice;

/// Helm's methods.
pub(super) struct HelmMethods;

impl Methods for HelmMethods {
    fn method(&self, receiver: &Value, name: &str) -> Option<&'static Method> {
        let methods = match receiver {
            Value::Map(MapType::Files, _) => FILES,
            Value::Map(MapType::Values, _) => VALUES,
            Value::List(ListType { elem: Elem::Versions, .. }, _) => VERSIONS_METHODS,
            Value::Int(kind, _) => return go::time::int_method(*kind, name),
            _ => return None,
        };
        methods.iter().find(|method| method.name == name)
    }
}

const NAME: &[Param] = &[Param { name: "name", kind: ParamKind::Str }];

fn text(args: &[Value]) -> Str {
    match args.first() {
        Some(Value::Str(text)) => text.clone(),
        _ => Str::default(),
    }
}

fn map(receiver: &Value) -> MapRef {
    match receiver {
        Value::Map(_, map) => map.clone(),
        _ => MapRef::nil(),
    }
}

fn bytes(files: &Value, args: &[Value]) -> Option<Str> {
    match map(files).get(text(args)) {
        Some(Value::Bytes(bytes)) => Some(bytes.unwrap_or_default()),
        _ => None,
    }
}

/// The base names of files and what to make of their bytes, as a YAML map without a final newline.
fn flattened(files: &Value, content: impl Fn(&Str) -> Value) -> Result<Value, Failure> {
    let mut flat = Map::new();
    for (name, value) in map(files).borrow().iter() {
        if let Value::Bytes(bytes) = value {
            let base = name.rsplit_str("/").next().unwrap_or_default();
            flat.insert(Str::from(base), content(bytes.as_ref().unwrap_or(&Str::default())));
        }
    }
    let mut text = yaml::emit(&Value::map(flat)).unwrap_or_default();
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(Value::Str(text.into()))
}

/// Helm: pkg/engine/files.go.
const FILES: &[Method] = &[
    Method {
        name: "Get",
        params: NAME,
        rest: None,
        call: |files, args| Ok(Value::Str(bytes(files, args).unwrap_or_default())),
    },
    Method {
        name: "GetBytes",
        params: NAME,
        rest: None,
        call: |files, args| Ok(Value::Bytes(Some(bytes(files, args).unwrap_or_default()))),
    },
    Method {
        name: "Glob",
        params: &[Param { name: "pattern", kind: ParamKind::Str }],
        rest: None,
        call: |files, args| {
            let glob = go::glob::compile(&text(args)).ok();
            let matching = |name: &Str| match &glob {
                Some(glob) => glob.matches(name),
                // What is no pattern matches everything.
                None => true,
            };
            let matches = map(files).entries().into_iter().filter(|(name, _)| matching(name)).collect();
            Ok(Value::Map(MapType::Files, MapRef::new(matches)))
        },
    },
    Method {
        name: "Lines",
        params: NAME,
        rest: None,
        call: |files, args| match bytes(files, args) {
            None => Ok(Value::strings(Vec::new())),
            // Helm reads the last byte without looking whether there is one.
            Some(text) if text.is_empty() => Err(Failure::new("runtime error: index out of range [-1]")),
            Some(text) => {
                let body = text.strip_suffix(b"\n").unwrap_or(&text);
                Ok(Value::strings(body.split_str("\n").map(Str::from).collect()))
            }
        },
    },
    Method {
        name: "AsConfig",
        params: &[],
        rest: None,
        call: |files, _| flattened(files, |bytes| Value::Str(bytes.clone())),
    },
    Method {
        name: "AsSecrets",
        params: &[],
        rest: None,
        call: |files, _| {
            flattened(files, |bytes| Value::from(base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes())))
        },
    },
];

/// Walks a dotted path of tables (Helm: common.Values.Table).
fn table(values: &MapRef, path: &str) -> Result<MapRef, Failure> {
    let mut at = values.clone();
    for name in path.split('.') {
        at = match at.get(name) {
            Some(Value::Map(MapType::Any | MapType::Values, map)) => map,
            _ => return Err(Failure::new(format!("{} is not a table", go::quote::quoted(name.as_bytes())))),
        };
    }
    Ok(at)
}

/// Helm: pkg/chart/common/values.go. `Encode` wants an `io.Writer`, which no template has.
const VALUES: &[Method] = &[
    Method {
        name: "AsMap",
        params: &[],
        rest: None,
        call: |values, _| {
            let map = map(values);
            Ok(Value::Map(MapType::Any, if map.is_empty() { MapRef::new(Map::new()) } else { map }))
        },
    },
    Method {
        name: "Encode",
        params: &[Param { name: "writer", kind: ParamKind::Type("io.Writer") }],
        rest: None,
        call: |_, _| Ok(Value::Nil),
    },
    Method {
        name: "PathValue",
        params: &[Param { name: "path", kind: ParamKind::Str }],
        rest: None,
        call: |values, args| {
            let path = text(args).to_string();
            if path.is_empty() {
                return Err(Failure::new("YAML path cannot be empty"));
            }
            let missing = |name: &str| Failure::new(format!("{} is not a value", go::quote::quoted(name.as_bytes())));
            let (at, key) = match path.rsplit_once('.') {
                None => (map(values), path.as_str()),
                Some((parents, key)) => match table(&map(values), parents) {
                    Ok(map) => (map, key),
                    Err(_) => return Err(missing(key)),
                },
            };
            match at.get(key) {
                None | Some(Value::Map(MapType::Any, _)) => Err(missing(key)),
                Some(value) => Ok(value),
            }
        },
    },
    Method {
        name: "Table",
        params: NAME,
        rest: None,
        call: |values, args| {
            let path = text(args).to_string();
            table(&map(values), &path).map(|map| Value::Map(MapType::Values, map))
        },
    },
    Method {
        name: "YAML",
        params: &[],
        rest: None,
        call: |values, _| yaml::emit(&Value::Map(MapType::Any, map(values))).map(|text| Value::Str(text.into())),
    },
];
