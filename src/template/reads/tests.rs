use super::*;
use crate::functions::lookup_function;

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.into(), path: name.into(), text: text.into(), origin: None })
}

fn run(text: &str) -> String {
    let mut set = Set::new();
    let source = source("t", text);
    set.add(&parse(&source, &lookup_function).unwrap());
    let texts = [self::source("gotpl", "{{ .V.text }}"), self::source("gotpl", "{{ .Values.torn")];
    let reads = reads(&set, &lookup_function, &[(Str::from("t"), 0)], 1, &texts, &|_, _| None);
    assert!(reads.complete, "{text}");
    let shown = reads.keys.iter().map(|((_, path), read)| {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let places: Vec<String> = read.places.iter().chain(&read.guarded).map(|at| at.span.start.to_string()).collect();
        format!("{}{}@{}", path.join("."), if read.whole { ".*" } else { "" }, places.join(","))
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn keys() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("{{ if .V.a }}{{ end }}", "V.a@6"),
        ("{{ .V.a.b }}", "V.a.b.*@3"),
        ("{{ with .V.a }}{{ .b }}{{ $.V.c }}{{ end }}", "V.a@8 V.a.b.*@18 V.c.*@26"),
        ("{{ $v := .V.a }}{{ if $v.b.c }}{{ end }}", "V.a@9 V.a.b.c@22"),
        ("{{ range $k, $e := .V.l }}{{ $e.x }}{{ end }}", "V.l.*@19 V.l.*.x.*@29"),
        ("{{ if index .V \"a-b\" \"c\" }}{{ end }}", "V@12 V.a-b.c@6"),
        ("{{ if get .V \"k\" }}{{ end }}", "V@10 V.k@6"),
        ("{{ if dig \"a\" \"b\" 1 .V }}{{ end }}", "V@20 V.a@6 V.a.b@6"),
        ("{{ index .V .V.which }}", "V@9 V.which.*@12"),
        ("{{ define \"p\" }}{{ .V.x }}{{ end }}{{ include \"p\" . }}", "V.x.*@19"),
        (
            "{{ define \"p\" }}{{ .c.V.x }}{{ .v }}{{ end }}{{ include \"p\" (dict \"c\" $ \"v\" .V.y) }}",
            "V.x.*@19 V.y.*@76",
        ),
        ("{{ define \"n\" }}{{ if .V.n }}{{ end }}{{ end }}", "V.n@"),
        ("{{ define \"x/n\" }}{{ if .V.n }}{{ end }}{{ end }}{{ include (print .B \"/n\") . }}", "B.*@67 V.n@24"),
        ("{{ tpl .V.t . }}", "V.t.*@7 V.text.*@ Values.torn.*@"),
        ("{{ tpl \"{{ .V.lit }}\" . }}", "V.lit.*@3"),
        ("{{ tpl (printf \"{{ .Values.%s }}\" .V.n) $ }}", "V.n.*@34 V.text.*@ Values@ Values.torn.*@"),
        ("{{ toYaml .V }}", "V.*@10"),
        ("{{ $d := dict }}{{ $_ := set $d \"r\" $ }}{{ if $d.r.V.q }}{{ end }}", "V.q@46"),
        (
            "{{ $x := 1 }}{{ range .V.l }}{{ if $x }}{{ $x.y }}{{ end }}{{ $x = $.V.m }}{{ end }}",
            "V.l.*@22 V.m@67 V.m.y.*@43",
        ),
        ("{{ range list \"a\" \"b\" }}{{ if index $.V . }}{{ end }}{{ end }}", "V@36 V.a@30 V.b@30"),
        ("{{ define \"r\" }}{{ include \"r\" (dict \"in\" .) }}{{ end }}{{ include \"r\" .V }}", "V.*@"),
    ] {
        let got = run(text);
        let got = if expected == "V.*@" { got.get(..4).unwrap_or_default() } else { got.as_str() };
        if got != expected {
            wrong.push(format!("{text}\n   {got}\n   not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
