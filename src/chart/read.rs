//! The one door from charts to `yaml`.

use super::decode::{Data, Entry};
use crate::diagnostic::Span;
use crate::value::{Map, MapRef, Value};
use crate::yaml::{self, Error, Node, Step, locate};
use std::collections::BTreeMap;

/// Below this level nothing in Chart.yaml means anything, so lists and maps are taken as empty there.
const MAX_LEVEL: usize = 200;

/// Reads a YAML text as JSON with places. No document at all is null.
///
/// Errors: Go's words, `error converting YAML to JSON: …`.
pub(super) fn entry(text: &[u8]) -> Result<Entry, Error> {
    let Some(node) = yaml::read(text)? else { return Ok(Entry { data: Data::Null, span: Span::default() }) };
    match convert(&node, 0) {
        Some(entry) => Ok(entry),
        // A key that JSON cannot have. The plain way has the words for it.
        None => Err(yaml::parse(text).err().unwrap_or_else(|| Error {
            message: "error converting YAML to JSON: unsupported map key".into(),
            line: None,
            offset: None,
            opened: None,
        })),
    }
}

fn convert(node: &Node, level: usize) -> Option<Entry> {
    let data = match &node.data {
        yaml::Data::Null => Data::Null,
        yaml::Data::Bool(b) => Data::Bool(*b),
        yaml::Data::Int(n) => Data::Int(n.to_string()),
        yaml::Data::Uint(n) => Data::Int(n.to_string()),
        yaml::Data::Float(f) => Data::Float(*f),
        yaml::Data::Str(text) => Data::Text(text.lossy().into_owned()),
        yaml::Data::List(items) => {
            let items = if level < MAX_LEVEL { items.as_slice() } else { &[] };
            Data::List(items.iter().map(|item| convert(item, level + 1)).collect::<Option<Vec<_>>>()?)
        }
        yaml::Data::Map(entries) => {
            let entries = if level < MAX_LEVEL { entries.as_slice() } else { &[] };
            let mut map = BTreeMap::new();
            for (key, value) in entries {
                map.insert(key.as_key()?.lossy().into_owned(), convert(value, level + 1)?);
            }
            Data::Map(map)
        }
    };
    Some(Entry { data, span: node.span })
}

/// Reads a values file: all of its documents, merged (Helm: loader.LoadValues).
///
/// # Errors
/// Helm's words: `cannot unmarshal yaml document: …`, `error reading yaml document: …`; line and offset are the
/// file's.
pub fn read_values(text: &[u8]) -> Result<MapRef, Error> {
    match yaml::documents(text)? {
        Value::Map(_, map) => Ok(map),
        _ => Ok(MapRef::new(Map::new())),
    }
}

/// Where a values file sets a path of keys, if it does: the value if it stands on one line, else its key.
pub fn place(text: &[u8], path: &[&str]) -> Option<Span> {
    let keys: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
    let place = locate(text, &keys).or_else(|| {
        // Numbers may be places in lists.
        let steps: Vec<Step<'_>> = path.iter().map(|key| key.parse().map_or(Step::Key(key), Step::Index)).collect();
        if steps == keys { None } else { locate(text, &steps) }
    })?;
    let value = text.get(place.value.start as usize..place.value.end as usize).unwrap_or_default();
    Some(if value.contains(&b'\n') { place.key } else { place.value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text = b"a:\n  x: 1\nl: [5, {k: v}]\n";
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["a"], Some("a")),
            (&["a", "x"], Some("1")),
            (&["l", "1", "k"], Some("v")),
            (&["b"], None),
            (&["l", "7"], None),
        ];
        for (path, expected) in cases {
            let found = place(text, path).map(|s| text[s.start as usize..s.end as usize].to_vec());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{path:?}");
        }
    }

    #[test]
    fn keys() {
        assert!(entry(b"? [a]\n: 1\n").is_err());
        let found = entry(b"1: a\n1.5: b\ny: c\n").unwrap();
        let Data::Map(map) = found.data else { panic!("no map") };
        assert_eq!(map.keys().collect::<Vec<_>>(), ["1", "1.5", "true"]);
    }
}
