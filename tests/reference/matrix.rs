//! Every function on every kind of value.

use crate::atoms::{ATOMS, Atom, DATE, Kind};
use rhelm::functions::{Function, lookup_function, names};
use rhelm::value::{Param, ParamKind};

/// Functions whose results follow from chance or the clock, or cost a key: only the type of a result is compared
/// here (`chance` looks inside).
pub const CHANCE: &str = "now uuidv4 shuffle randAlpha randAlphaNum randAscii randBytes randInt randNumeric bcrypt htpasswd \
     encryptAES genPrivateKey genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey";

pub fn is_chance(name: &str) -> bool {
    CHANCE.split_whitespace().any(|word| word == name)
}

/// Functions whose result comes in a random order.
pub fn is_unordered(name: &str) -> bool {
    matches!(name, "keys" | "values")
}

/// The parameter for an argument.
pub fn parameter(function: &Function, i: usize) -> Option<Param> {
    function.params.get(i).copied().or(function.rest)
}

/// Whether an argument is a count, of which a huge one takes all memory.
pub fn is_count(function: &Function, i: usize) -> bool {
    let name = parameter(function, i).map_or("", |param| param.name);
    match function.name {
        "repeat" | "indent" | "nindent" | "randAlpha" | "randAlphaNum" | "randAscii" | "randBytes" | "randNumeric" => {
            i == 0
        }
        "until" | "untilStep" | "seq" => true,
        "wrap" | "wrapWith" => i == 0,
        _ => name == "days",
    }
}

/// An argument that a function makes something of.
pub fn fitting(function: &Function, i: usize) -> &'static str {
    let Some(param) = parameter(function, i) else { return "1" };
    match (function.name, param.name) {
        ("dict", _) if i.is_multiple_of(2) => "\"k\"",
        ("dig", _) => ["\"nested\"", "\"x\"", "\"none\"", ".Values.m"][i.min(3)],
        ("call", _) => ".Values.s",
        ("index", "item") | ("slice", "item") => "(list 1 2 3)",
        ("index" | "slice" | "mustSlice", _) if i > 0 => "1",
        ("concat", _) => "(list 1 \"a\")",
        ("semver", _) => "\"1.2.3-rc.1+b\"",
        ("semverCompare", "constraint") => "\">=1.2.0-0\"",
        ("semverCompare", "version") => "\"1.4.0\"",
        ("tpl", "text") => "\"{{ .Values.s }}!\"",
        ("tpl" | "include", "data") => "$",
        ("include", "name") => "\"none\"",
        ("fromJson" | "mustFromJson", _) => "\"{\\\"a\\\":[1,2.0,\\\"\\\\u00e9\\\"]}\"",
        ("fromJsonArray", _) => "\"[1, \\\"x\\\"]\"",
        ("fromYaml", _) => "\"a: 1\\nb: [x, {y: 2.50}]\\n\"",
        ("fromYamlArray", _) => "\"- 1\\n- a: ~\\n\"",
        ("fromToml", _) => "\"a = 1\\n[t]\\nb = 'c'\\n\"",
        ("b64dec", _) => "\"YWJj\"",
        ("b32dec", _) => "\"MFRGG===\"",
        ("urlParse", _) => "\"https://u:p@h.example:8080/p/q?x=1&y=2#f\"",
        ("urlJoin", _) => "(dict \"scheme\" \"http\" \"host\" \"h:80\" \"path\" \"/p\")",
        ("dateModify" | "date_modify" | "mustDateModify" | "must_date_modify", "duration") => "\"-1h30m\"",
        ("toDate" | "mustToDate", "text") => "\"2024-02-29\"",
        ("duration" | "durationRound", _) => "\"95\"",
        ("toDecimal", _) => "\"0777\"",
        ("atoi", _) => "\"12\"",
        ("int" | "int64" | "float64" | "toString", _) => "\"12\"",
        ("derivePassword", "counter") => "1",
        ("derivePassword", "type") => "\"long\"",
        ("genPrivateKey", _) => "\"ed25519\"",
        ("printf", "format") => "\"%v|%5.2f|%q\"",
        ("round", "threshold") => "0.5",
        ("randInt", "min") => "1",
        ("randInt", "max") => "9",
        ("decryptAES", "text") => "\"30tEfhuJSVRhpG97XCuWgz2okj7L8vQ1s6V9zVUPeDQ=\"",
        ("typeIs" | "typeIsLike" | "kindIs", "name") => "\"string\"",
        (_, "layout") => "\"2006-01-02\"",
        (_, "zone") => "\"Europe/Berlin\"",
        (_, "date") => DATE,
        (_, "pattern") => "\"b(.)\"",
        (_, "replacement") => "\"<$1>\"",
        (_, "separator") => "\",\"",
        (_, "part" | "prefix" | "old") => "\"a\"",
        (_, "suffix") => "\"c\"",
        (_, "key" | "keys") => "\"a\"",
        (_, "list" | "lists" | "ips" | "dns_names") => "(list \"b\" \"a\" \"c\")",
        (_, "map" | "maps" | "target" | "sources") => "(dict \"a\" 1 \"b\" (dict \"c\" 2))",
        (_, "number" | "numbers" | "first" | "second" | "others" | "bounds") => "3",
        (_, "path") => "\"/a/../b/c.tar.gz\"",
        _ => match param.kind {
            ParamKind::Any | ParamKind::Reflect | ParamKind::Str => "\"abc\"",
            ParamKind::Bool => "true",
            ParamKind::Int | ParamKind::Int64 | ParamKind::Uint32 => "5",
            ParamKind::Float => "2.5",
            ParamKind::Map => "(dict \"a\" 1)",
            ParamKind::List => "(list \"a\")",
            ParamKind::Type("time.Time") => DATE,
            ParamKind::Type(_) => "nil",
        },
    }
}

/// The template that shows what a call gives: its type, its text and its data.
pub fn shown(function: &Function, call: &str) -> String {
    if is_chance(function.name) {
        format!("{{{{ {call} | typeOf }}}}")
    } else if is_unordered(function.name) {
        format!("{{{{ $r := {call} }}}}{{{{ typeOf $r }}}}|{{{{ $r | sortAlpha | toJson }}}}")
    } else {
        format!("{{{{ $r := {call} }}}}{{{{ typeOf $r }}}}|{{{{ $r }}}}|{{{{ toJson $r }}}}")
    }
}

/// A call with its last argument piped.
pub fn piped(name: &str, arguments: &[&str]) -> String {
    match arguments.split_last() {
        Some((last, rest)) => format!("{last} | {name}{}", rest.iter().map(|a| format!(" {a}")).collect::<String>()),
        None => name.to_owned(),
    }
}

/// A call with all arguments behind the name.
pub fn called(name: &str, arguments: &[&str]) -> String {
    format!("{name}{}", arguments.iter().map(|a| format!(" {a}")).collect::<String>())
}

fn functions() -> Vec<&'static Function> {
    names().filter_map(lookup_function).collect()
}

/// The numbers of arguments that make sense: all parameters, and a few more where it is variadic.
fn arities(function: &Function) -> std::ops::RangeInclusive<usize> {
    let fixed = function.params.len();
    if function.rest.is_some() { fixed..=fixed + 3 } else { fixed..=fixed }
}

fn allowed(function: &Function, i: usize, atom: &Atom) -> bool {
    // A key takes Go a tenth of a second, and a date of today differs at midnight.
    let slow = function.name.starts_with("gen") && !atom.typical;
    !(slow || atom.huge && is_count(function, i))
}

/// Each argument of each function through every kind, the others fitting; called and piped; wrong numbers of arguments.
pub fn singly() -> Vec<String> {
    let mut all = Vec::new();
    for function in functions() {
        let arities = arities(function);
        for count in 0..=arities.end() + 2 {
            let arguments: Vec<&str> = (0..count).map(|i| fitting(function, i)).collect();
            all.push(shown(function, &called(function.name, &arguments)));
            if count > 0 {
                all.push(shown(function, &piped(function.name, &arguments)));
            }
            if !arities.contains(&count) {
                continue;
            }
            for i in 0..count {
                for atom in ATOMS.iter().filter(|atom| allowed(function, i, atom)) {
                    let mut arguments = arguments.clone();
                    arguments[i] = atom.text;
                    all.push(shown(function, &called(function.name, &arguments)));
                    if i + 1 == count {
                        all.push(shown(function, &piped(function.name, &arguments)));
                    }
                }
            }
        }
    }
    all
}

/// Functions of two arguments on pairs of kinds.
pub fn pairs() -> Vec<String> {
    let mut all = Vec::new();
    for function in functions() {
        if !arities(function).contains(&2) || is_chance(function.name) {
            continue;
        }
        for a in ATOMS.iter().filter(|a| a.typical && allowed(function, 0, a)) {
            for b in ATOMS.iter().filter(|b| b.typical && allowed(function, 1, b)) {
                all.push(shown(function, &called(function.name, &[a.text, b.text])));
            }
        }
    }
    all
}

/// Whether an atom's kind is what a parameter wants at first sight.
pub fn suits(param: Param, kind: Kind) -> bool {
    match param.kind {
        ParamKind::Any | ParamKind::Reflect => match param.name {
            "list" | "lists" => matches!(kind, Kind::List),
            "map" | "maps" => matches!(kind, Kind::Map),
            "number" | "numbers" | "first" | "second" => matches!(kind, Kind::Int | Kind::Float),
            _ => true,
        },
        ParamKind::Str => kind == Kind::Str,
        ParamKind::Bool => kind == Kind::Bool,
        ParamKind::Int | ParamKind::Int64 | ParamKind::Uint32 => kind == Kind::Int,
        ParamKind::Float => kind == Kind::Float,
        ParamKind::Map => kind == Kind::Map,
        ParamKind::List => kind == Kind::List,
        ParamKind::Type(_) => kind == Kind::Time,
    }
}
