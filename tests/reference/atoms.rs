//! Values of every kind that a template can get hold of.

/// What an expression yields, roughly: enough to choose arguments that fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Nil,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    List,
    Map,
    Time,
    Object,
}

/// An expression and its kind. `huge` ones are no counts: a text of that length has no place in memory.
#[derive(Clone, Copy, Debug)]
pub struct Atom {
    pub text: &'static str,
    pub kind: Kind,
    pub huge: bool,
    /// Whether it stands for its kind where there are too many pairs for all.
    pub typical: bool,
}

const fn atom(kind: Kind, text: &'static str) -> Atom {
    Atom { text, kind, huge: false, typical: false }
}

const fn typical(kind: Kind, text: &'static str) -> Atom {
    Atom { text, kind, huge: false, typical: true }
}

const fn huge(kind: Kind, text: &'static str) -> Atom {
    Atom { text, kind, huge: true, typical: false }
}

/// The instant and the span that stand for times.
pub const DATE: &str = "(toDate \"2006-01-02 15:04:05\" \"2024-02-29 13:14:15\")";
const SPAN: &str =
    "((toDate \"2006-01-02\" \"2024-03-01\").Sub (toDate \"2006-01-02 15:04:05\" \"2024-02-28 20:10:05\"))";

/// Every kind.
pub const ATOMS: &[Atom] = &[
    typical(Kind::Nil, "nil"),
    typical(Kind::Nil, ".Values.missing"),
    atom(Kind::Nil, ".Values.nul"),
    atom(Kind::Nil, "(index .Values.l 3)"),
    typical(Kind::Bool, "true"),
    atom(Kind::Bool, "false"),
    typical(Kind::Int, "0"),
    typical(Kind::Int, "1"),
    typical(Kind::Int, "-3"),
    typical(Kind::Int, "7"),
    atom(Kind::Int, "'a'"),
    atom(Kind::Int, "0x1F"),
    atom(Kind::Int, "0o17"),
    atom(Kind::Int, "1_000"),
    huge(Kind::Int, "9223372036854775807"),
    huge(Kind::Int, "-9223372036854775808"),
    atom(Kind::Int, "(int64 7)"),
    atom(Kind::Int, "(len \"abcd\")"),
    typical(Kind::Int, "(index \"abc\" 1)"),
    atom(Kind::Int, "(atoi \"12\")"),
    typical(Kind::Float, "2.5"),
    atom(Kind::Float, "-0.0"),
    huge(Kind::Float, "1e6"),
    huge(Kind::Float, "1e21"),
    huge(Kind::Float, "123456789.125"),
    atom(Kind::Float, "1e-7"),
    atom(Kind::Float, ".Values.n"),
    atom(Kind::Float, ".Values.f"),
    atom(Kind::Float, ".Values.neg"),
    huge(Kind::Float, ".Values.big"),
    typical(Kind::Float, "(float64 \"NaN\")"),
    huge(Kind::Float, "(float64 \"+Inf\")"),
    huge(Kind::Float, "(float64 \"-Inf\")"),
    atom(Kind::Object, "2i"),
    typical(Kind::Str, "\"\""),
    typical(Kind::Str, "\"abc\""),
    typical(Kind::Str, "\"Ünï cödé 😀ß\""),
    typical(Kind::Str, "\"12\""),
    atom(Kind::Str, "\"-3.5\""),
    atom(Kind::Str, "\"010\""),
    atom(Kind::Str, "\"0x1F\""),
    huge(Kind::Str, "\"1e3\""),
    atom(Kind::Str, "\" 7 \""),
    typical(Kind::Str, "\"  padded\\t \""),
    typical(Kind::Str, "\"a b\\nc: d\\n\""),
    atom(Kind::Str, "\"true\""),
    atom(Kind::Str, "\"null\""),
    atom(Kind::Str, "\"two_words and-more.Than3\""),
    typical(Kind::Str, "\"<a href='x'>&\\\"</a>\""),
    atom(Kind::Str, "\"\\xff\\xfe!\""),
    atom(Kind::Str, "\"\\x00\\x1b\\u2028\""),
    atom(Kind::Str, "\"%v %d\""),
    typical(Kind::Str, "\"a: 1\\nb: [x, {y: 2.50}]\\n\""),
    atom(Kind::Str, "\"- 1\\n- a: ~\\n\""),
    atom(Kind::Str, "\"{\\\"a\\\":[1,2.0,1e3,null,\\\"\\\\u00e9\\\"]}\""),
    atom(Kind::Str, "\"[1, \\\"x\\\"]\""),
    atom(Kind::Str, "\"a = 1\\n[t]\\nb = 'c'\\n\""),
    atom(Kind::Str, "\"YWJj\""),
    atom(Kind::Str, "\"MFRGG===\""),
    atom(Kind::Str, "\"v1.2.3-rc.1+build\""),
    atom(Kind::Str, "\">= 1.2, < 2\""),
    atom(Kind::Str, "\"a(b*)c\""),
    atom(Kind::Str, "\"(\""),
    atom(Kind::Str, "\"2024-02-29\""),
    atom(Kind::Str, "\"1h30m\""),
    atom(Kind::Str, "\"UTC\""),
    atom(Kind::Str, "\"2006-01-02\""),
    atom(Kind::Str, "\"/a/../b/c.tar.gz\""),
    atom(Kind::Str, "\"https://u:p@h.example:8080/p/q?x=1&y=2#f\""),
    atom(Kind::Str, ".Values.lines"),
    atom(Kind::Str, ".Values.tpl"),
    atom(Kind::Str, ".Values.date"),
    typical(Kind::Bytes, "(.Files.GetBytes \"x.bin\")"),
    atom(Kind::Bytes, "(.Files.GetBytes \"none\")"),
    typical(Kind::List, "(list)"),
    typical(Kind::List, "(list 3 1 2)"),
    typical(Kind::List, "(list \"b\" \"a\" \"c\" \"a\")"),
    typical(Kind::List, "(list nil 1 \"a\" (list 2) (dict \"k\" 1) \"\" 0)"),
    atom(Kind::List, "(list 1 2.0 \"1\" true)"),
    atom(Kind::List, "(list (list 1 2) (list 3))"),
    atom(Kind::List, "(list (dict \"a\" 1) (dict \"a\" 2))"),
    typical(Kind::List, "(until 3)"),
    typical(Kind::List, "(splitList \",\" \"x,y,z\")"),
    atom(Kind::List, ".Values.l"),
    atom(Kind::List, ".Values.names"),
    atom(Kind::List, "(fromYamlArray \"[1, a]\")"),
    typical(Kind::Map, "(dict)"),
    typical(Kind::Map, "(dict \"a\" 1 \"b\" \"x\")"),
    typical(Kind::Map, "(dict \"a\" (dict \"b\" nil \"c\" (list 1)) \"d\" 2.5 \"e\" \"\")"),
    atom(Kind::Map, "(dict \"a\" nil)"),
    atom(
        Kind::Map,
        "(dict \"scheme\" \"http\" \"host\" \"h:80\" \"path\" \"/p\" \"query\" \"q=1\" \"fragment\" \"f\")",
    ),
    atom(Kind::Map, "(split \",\" \"x,y\")"),
    typical(Kind::Map, ".Values"),
    atom(Kind::Map, ".Values.m"),
    atom(Kind::Map, ".Values.me"),
    atom(Kind::Map, "(fromYaml \"a: 1\\n2: b\\n\")"),
    atom(Kind::Map, "(fromYaml \"a: [\")"),
    atom(Kind::Map, "(fromToml \"a = 1979-05-27T07:32:00Z\\nb = 1.5\\nc = [1, 2]\")"),
    typical(Kind::Time, DATE),
    atom(Kind::Object, SPAN),
    typical(Kind::Object, "(semver \"1.2.3-rc.1+b\")"),
    typical(Kind::Object, ".Capabilities.KubeVersion"),
    atom(Kind::Object, ".Capabilities.HelmVersion"),
    atom(Kind::Object, "(.Capabilities.APIVersions.Has \"v1\")"),
    typical(Kind::Object, ".Chart"),
    atom(Kind::Object, ".Files"),
    atom(Kind::Map, ".Release"),
    atom(Kind::Map, ".Template"),
    atom(Kind::Map, "$"),
];
