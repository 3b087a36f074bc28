use super::*;
use crate::value::Map;

fn list(items: &[Value]) -> Value {
    Value::list(items.to_vec())
}

#[test]
fn formats() {
    let a = || Value::str("a");
    let one = || Value::int(1);
    let mut map = Map::new();
    map.insert("k", one());
    map.insert("b", Value::Nil);
    for (format, args, want) in [
        ("%d", vec![Value::Float(1.5)], "%!d(float64=1.5)"),
        ("%s", vec![one()], "%!s(int=1)"),
        ("%s%%", vec![], "%!s(MISSING)%"),
        ("x", vec![one(), Value::Nil, a()], "x%!(EXTRA int=1, <nil>, string=a)"),
        ("%", vec![], "%!(NOVERB)"),
        ("%z", vec![one()], "%!z(int=1)"),
        ("%s|%d|%v", vec![Value::Nil, Value::Nil, Value::Nil], "%!s(<nil>)|%!d(<nil>)|<nil>"),
        ("%q", vec![Value::int(67)], "'C'"),
        ("%q", vec![list(&[a(), Value::str("b")])], "[\"a\" \"b\"]"),
        ("%s", vec![list(&[one(), a()])], "[%!s(int=1) a]"),
        ("%#v", vec![list(&[one(), a(), Value::Nil])], "[]interface {}{1, \"a\", interface {}(nil)}"),
        ("%#v", vec![Value::map(map.clone())], "map[string]interface {}{\"b\":interface {}(nil), \"k\":1}"),
        ("%v", vec![Value::map(map)], "map[b:<nil> k:1]"),
        (
            "%5d|%-5d|%05d|%+d|% d|%x|%#X|%#o|%O|%b",
            vec![Value::int(42); 10],
            "   42|42   |00042|+42| 42|2a|0X2A|052|0o52|101010",
        ),
        ("%[2]d %[1]d", vec![one(), Value::int(2)], "2 1"),
        ("%[3]d", vec![one()], "%!d(BADINDEX)"),
        ("%*d", vec![Value::int(5), Value::int(7)], "    7"),
        ("%-*d|", vec![Value::int(4), Value::int(7)], "7   |"),
        ("%.*f", vec![Value::int(2), Value::Float(2.34567)], "2.35"),
        ("%.0f", vec![Value::Float(2.5)], "2"),
        ("%08.3f|%+.2e|%#g|%g", vec![Value::Float(-2.34567); 4], "-002.346|-2.35e+00|-2.34567|-2.34567"),
        ("%x|% X|%#x", vec![Value::str("hi!"); 3], "686921|68 69 21|0x686921"),
        ("%c|%U|%#U", vec![Value::int(0x1f600); 3], "\u{1f600}|U+1F600|U+1F600 '\u{1f600}'"),
        ("%10s|%-10s|%.2s", vec![Value::str("héllo"); 3], "     héllo|héllo     |hé"),
        ("%t", vec![a()], "%!t(string=a)"),
        ("%T %T", vec![Value::Float(1.0), Value::Nil], "float64 <nil>"),
        ("%v", vec![Value::Int(IntKind::Duration, 3_723_500_000_000)], "1h2m3.5s"),
    ] {
        assert_eq!(sprintf(format.as_bytes(), &args).unwrap().lossy(), want, "{format}");
    }
}

/// Each level asks for its stack.
#[test]
fn deep_values_on_a_small_stack() {
    let print = || {
        let deep = (0..900).fold(Value::Nil, |inner, _| list(&[inner]));
        sprintf(b"%#v", std::slice::from_ref(&deep)).map(|text| text.len()).unwrap_or_default()
    };
    let printed = std::thread::Builder::new().stack_size(160 << 10).spawn(print).unwrap().join().unwrap();
    assert_eq!(printed, 900 * "[]interface {}{}".len() + "interface {}(nil)".len());
}

#[test]
fn a_map_in_itself_fails() {
    let map = Value::map(Map::new());
    if let Value::Map(_, m) = &map {
        m.insert("m", map.clone());
    }
    assert!(sprint(std::slice::from_ref(&map)).is_err());
    assert!(sprintf(b"%d", std::slice::from_ref(&map)).is_err());
    if let Value::Map(_, m) = &map {
        m.insert("m", Value::Nil);
    }
}
