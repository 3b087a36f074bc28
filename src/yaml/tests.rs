//! Expected values are those of the Go libraries.

use super::*;
use crate::value::{Map, Value};

fn words(text: &str) -> String {
    let message = parse(text.as_bytes()).err().map(|e| e.message).unwrap_or_default();
    message.trim_start_matches("error converting YAML to JSON: ").to_owned()
}

#[test]
fn errors_are_go_yamls() {
    for (text, expected) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\nb: c: d", "yaml: line 2: mapping values are not allowed in this context"),
        ("a:\n  b: 1\n c: 2", "yaml: line 2: did not find expected key"),
        ("- a\nb: 1", "yaml: line 1: did not find expected '-' indicator"),
        ("a: 1\nb\nc: 1", "yaml: line 3: could not find expected ':'"),
        ("a: [1,\n2\nb: 1", "yaml: line 2: did not find expected ',' or ']'"),
        ("a: 1\nb: 'x\n", "yaml: line 3: found unexpected end of stream"),
        ("a: 1\nb: *y", "yaml: unknown anchor 'y' referenced"),
        ("a: 1\n\tb: 2", "yaml: line 2: found a tab character that violates indentation"),
        ("a: >\n x\n  y\nz\n", "yaml: line 5: could not find expected ':'"),
        ("a: &a [*a]", "yaml: anchor 'a' value contains itself"),
        ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: \u{7f}", "yaml: control characters are not allowed"),
        ("? [x]\n: y", "yaml: invalid map key: []interface {}{\"x\"}"),
        ("~: x", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"x\""),
        ("a: [.inf, .nan]", "json: unsupported value: +Inf"),
    ] {
        assert_eq!(words(text), expected, "{text:?}");
    }
}

#[test]
fn values_come_back() {
    for (text, expected) in [
        ("k: >2\n  a", "k: a\n"),
        ("y: 1\noff: 0o17\n1.5: 0x1F\n1e3: ~", "\"1.5\": 31\n\"1000\": null\n\"false\": 15\n\"true\": 1\n"),
        ("a: 2001-12-14\nb: 1_000\nc: 08\nd: 1e400", "a: \"2001-12-14\"\nb: 1000\nc: 8\nd: 1e400\n"),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}", "a:\n  x: 1\nb:\n  \"true\": 2\n  x: 1\n"),
        ("- [1, [2]]\n- {}", "- - 1\n  - - 2\n- {}\n"),
        ("a: |\n  x\n\n", "a: |\n  x\n"),
        ("a: 1e20\nb: 100000000000000000\nc: 1e-7", "a: 1e+20\nb: 100000000000000000\nc: 1e-07\n"),
        ("", "null\n"),
    ] {
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(emit(&value).unwrap()).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn strings_are_quoted_as_go_yaml_does() {
    for (text, expected) in [
        ("", "\"\""),
        ("yes", "\"yes\""),
        ("yEs", "yEs"),
        ("1:30", "\"1:30\""),
        ("1:99", "1:99"),
        ("- a", "'- a'"),
        ("a: b", "'a: b'"),
        ("'a", "'''a'"),
        ("a\tb", "\"a\\tb\""),
        ("😀", "\"\\U0001F600\""),
        ("\u{feff}a", "\"\\uFEFF\\x61\""),
        ("a\nb", "|-\n  a\n  b"),
        ("a \nb", "\"a \\nb\""),
        ("a\u{85} b", "a b"),
    ] {
        let out = emit(&Value::from(text)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}\n"), "{text:?}");
    }
    assert_eq!(emit(&Value::from("\u{7f}")).unwrap_err().message, "yaml: control characters are not allowed");
    assert_eq!(emit(&Value::from("\n")).unwrap(), b"|2+\n\n");
    let long = format!("{} c d e", "a".repeat(77));
    let map = Value::map(Map::from_iter([("kk".into(), Value::from(long.as_str()))]));
    let expected = format!("kk: {}\n  c d e\n", "a".repeat(77));
    assert_eq!(String::from_utf8(emit(&map).unwrap()).unwrap(), expected);
}

#[test]
fn a_map_in_itself_fails() {
    let map = Value::map(Map::new());
    if let Value::Map(_, inner) = &map {
        inner.insert("s", map.clone());
    }
    let expected =
        "error marshaling into JSON: json: unsupported value: encountered a cycle via map[string]interface {}";
    assert_eq!(emit(&map).unwrap_err().message, expected);
    assert!(emit_pretty(&map).is_err());
    if let Value::Map(_, inner) = &map {
        inner.insert("s", Value::Nil);
    }
}

#[test]
fn pretty_indents_lists() {
    let value = parse(b"b: [x, {c: 1000000}]\na: no").unwrap();
    assert_eq!(emit_pretty(&value).unwrap(), b"a: false\nb:\n  - x\n  - c: 1e+06\n");
    assert_eq!(emit_pretty(&Value::str(vec![0xff])).unwrap(), b"!!binary /w==\n");
}

#[test]
fn heads_and_their_errors() {
    let text = b"kind: A\napiVersion: 1\nMETADATA: {name: 1e3, annotations: {b: true, a: ~}}";
    let head = super::head(text).unwrap();
    assert!(head.kind == "A" && head.api_version == "1" && head.name == "1000");
    assert!(head.annotation("b").is_some_and(|v| v == "true"));
    for (text, expected) in [
        ("x", "cannot unmarshal string into Go value of type util.SimpleHead"),
        ("kind: []", "cannot unmarshal array into Go struct field SimpleHead.kind of type string"),
        ("metadata: {name: {}}", "cannot unmarshal object into Go struct field .metadata.name of type string"),
    ] {
        let expected = format!("error unmarshaling JSON: while decoding JSON: json: {expected}");
        assert_eq!(super::head(text.as_bytes()).unwrap_err().message, expected);
    }
}

#[test]
fn documents_merge() {
    let value = documents(b"a: {b: 1, c: [1]}\n--- # x\na: {b: ~, c: [2]}\n---\n").unwrap();
    assert_eq!(emit(&value).unwrap(), b"a:\n  b: null\n  c:\n  - 2\n");
    let message = documents(b"a: 1\n--- b: 2").unwrap_err().message;
    assert_eq!(message, "error reading yaml document: invalid Yaml document separator: b: 2");
    // Go forgets a last line without an end that fills its buffer.
    let text = format!("a: 1\nb: {}", "x".repeat(4093));
    assert_eq!(emit(&documents(text.as_bytes()).unwrap()).unwrap(), b"a: 1\n");
}

#[test]
fn places() {
    let text = b"a: 1\n---\nb:\n  - c: xyz\n";
    let place = locate(text, &[Step::Key("b"), Step::Index(0), Step::Key("c")]).unwrap();
    assert_eq!(&text[place.key.start as usize..place.key.end as usize], b"c");
    assert_eq!(&text[place.value.start as usize..place.value.end as usize], b"xyz");
    assert!(locate(text, &[Step::Key("x")]).is_none());
}
