//! What strangers' charts can do to a renderer: each ends within seconds, with the exit code that is stated here,
//! without a panic and without eating the machine's memory. What is small enough lies in `testdata/bad/`.

use crate::archive::{self, Kind};
use crate::sandbox::{Outcome, Sandbox};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Enough for a build without optimisation on a busy machine; far from the time that a quadratic step would take.
const LIMIT: Duration = Duration::from_secs(30);
/// A nesting that no honest chart has.
const DEEP: usize = 100_000;

/// What must come of it.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    /// Exit code 0.
    Renders,
    /// Exit code 1, something on stderr, and nothing on stdout.
    Fails,
}
use Want::{Fails, Renders};

fn judge(name: &str, want: Want, outcome: &Outcome, failures: &mut Vec<String>) {
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    let short: String = stderr.chars().take(600).collect();
    let mut say = |what: &str| failures.push(format!("{name}: {what}\n   stderr: {short}"));
    match outcome.exit {
        -2 => return say(&format!("it took more than {LIMIT:?}")),
        -1 => return say("it was ended by a signal"),
        _ => {}
    }
    if ["panicked", "overflowed its stack", "RUST_BACKTRACE", "memory allocation of"].iter().any(|w| stderr.contains(w))
    {
        say("it panicked");
    }
    match want {
        Renders if outcome.exit != 0 => say(&format!("it should render; exit code {}", outcome.exit)),
        Fails if outcome.exit != 1 => say(&format!("it should fail with exit code 1; exit code {}", outcome.exit)),
        Fails if !outcome.stdout.is_empty() => say("it failed, but wrote to stdout"),
        Fails if stderr.trim().is_empty() => say("it failed without a word"),
        _ => {}
    }
}

fn tell(failures: Vec<String>) {
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn template(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let words: Vec<String> = ["template", "r"].iter().chain(args).map(|s| (*s).to_owned()).collect();
    sandbox.run(&words, true, b"", LIMIT)
}

/// Renders `text` as the only file of a chart.
fn one(name: &str, want: Want, text: impl AsRef<[u8]>, failures: &mut Vec<String>) {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", text);
    judge(name, want, &template(&sandbox, &["c"]), failures);
}

#[test]
fn deep_nesting_in_templates() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let (open, close) = ("(".repeat(DEEP), ")".repeat(DEEP));
    one("parentheses", Fails, format!("a: {{{{ {open}1{close} }}}}"), f);
    one("parentheses, unclosed", Fails, format!("a: {{{{ {open}1 }}}}"), f);
    one(
        "parentheses, as many as Helm takes",
        Renders,
        format!("a: {{{{ {}1{} }}}}", "(".repeat(1000), ")".repeat(1000)),
        f,
    );
    one("if", Renders, "{{ if 1 }}".repeat(DEEP) + &"{{ end }}".repeat(DEEP), f);
    one("if without end", Fails, "{{ if 1 }}".repeat(DEEP), f);
    one("else if", Renders, "{{ if 0 }}".to_owned() + &"{{ else if 0 }}".repeat(DEEP / 10) + "{{ end }}", f);
    one(
        "with and range",
        Renders,
        "{{ with 1 }}{{ range 1 }}".repeat(DEEP / 10) + &"{{ end }}{{ end }}".repeat(DEEP / 10),
        f,
    );
    one("a long pipeline", Renders, format!("a: {{{{ \"x\"{} }}}}", " | upper".repeat(DEEP)), f);
    one("many arguments", Renders, format!("a: {{{{ print{} | len }}}}", " 1".repeat(DEEP)), f);
    one("a long field chain", Fails, format!("a: {{{{ .Values{} }}}}", ".a".repeat(DEEP)), f);
    one("many variables", Renders, (0..DEEP / 10).map(|i| format!("{{{{ $v{i} := {i} }}}}")).collect::<String>(), f);
    one("many actions", Renders, "{{/* c */}}{{ \"\" }}".repeat(DEEP), f);
    one(
        "many definitions",
        Renders,
        (0..DEEP / 10).map(|i| format!("{{{{ define \"d{i}\" }}}}{{{{ end }}}}")).collect::<String>(),
        f,
    );
    tell(failures);
}

#[test]
fn deep_nesting_in_yaml() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let flow = |n: usize| format!("a: {}{}\n", "[".repeat(n), "]".repeat(n));
    let maps = format!("a: {}1{}\n", "{a: ".repeat(DEEP), "}".repeat(DEEP));
    let block = "- ".repeat(DEEP) + "1\n";
    one("rendered lists", Fails, flow(DEEP), f);
    one("rendered lists, as many as Helm takes", Renders, flow(9_990), f);
    one("rendered maps", Fails, &maps, f);
    one("rendered block lists", Fails, format!("a:\n  {block}"), f);
    one("rendered brackets without end", Fails, format!("a: {}", "[".repeat(DEEP)), f);
    one("fromYaml", Fails, "a: {{ fromYaml (printf \"a: %s\" (repeat 100000 \"[\")) }}", f);
    one("fromJson", Renders, "a: {{ fromJson (repeat 100000 \"[\") }}", f);
    one(
        "fromYaml and toYaml again",
        Renders,
        "a: {{ fromYaml (printf \"a: %s%s\" (repeat 9000 \"[\") (repeat 9000 \"]\")) | toJson }}",
        f,
    );
    one(
        "a structure that a template builds",
        Renders,
        "{{ $d := dict }}{{ range until 100000 }}{{ $d = dict \"a\" $d }}{{ end }}a: 1",
        f,
    );
    for (name, text) in [("lists", flow(DEEP)), ("maps", maps), ("block lists", format!("a:\n  {block}"))] {
        for file in ["c/values.yaml", "v.yaml", "c/Chart.yaml", "c/requirements.yaml", "c/Chart.lock"] {
            let sandbox = Sandbox::capped();
            sandbox.chart("c");
            sandbox.write(file, &text);
            let args: &[&str] = if file == "v.yaml" { &["c", "-f", "v.yaml"] } else { &["c"] };
            judge(&format!("{name} in {file}"), Fails, &template(&sandbox, args), f);
        }
    }
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/values.schema.json", format!("{}{}", "{\"not\": ".repeat(DEEP), "}".repeat(DEEP)));
    judge("a deep schema", Fails, &template(&sandbox, &["c"]), f);
    let sandbox = Sandbox::new();
    sandbox.chart("c");
    // One argument of a command line cannot be longer than 128 KiB.
    let json = format!("a={}{}", "[".repeat(DEEP / 2), "]".repeat(DEEP / 2));
    judge("--set-json", Fails, &template(&sandbox, &["c", "--set-json", &json]), f);
    let key = format!("{}=1", "a.".repeat(20_000));
    judge("--set", Fails, &template(&sandbox, &["c", "--set", &key]), f);
    let list = format!("a{}=1", "[0]".repeat(20_000));
    let outcome = template(&sandbox, &["c", "--set", &list]);
    judge("--set with many indices", Renders, &outcome, f);
    tell(failures);
}

#[test]
fn recursion_without_end() {
    let mut failures = Vec::new();
    let f = &mut failures;
    one("include", Fails, "{{ define \"t\" }}{{ include \"t\" . }}{{ end }}a: {{ include \"t\" . }}", f);
    one(
        "include, in turns",
        Fails,
        "{{ define \"a\" }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        f,
    );
    one("include of itself as a file", Fails, "{{ include \"c/templates/a.yaml\" . }}", f);
    one("template", Fails, "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}a: {{ template \"t\" . }}", f);
    one("tpl", Fails, "{{ $t := \"{{ tpl .t . }}\" }}a: {{ tpl $t (dict \"t\" $t) }}", f);
    one("tpl that grows", Fails, "{{ $t := \"{{ tpl (print .t .t) . }}\" }}a: {{ tpl $t (dict \"t\" $t) }}", f);
    one(
        "tpl and include",
        Fails,
        "{{ define \"t\" }}{{ tpl \"{{ include \\\"t\\\" . }}\" . }}{{ end }}{{ include \"t\" . }}",
        f,
    );
    one(
        "an honest depth",
        Renders,
        "{{ define \"t\" }}{{ if . }}{{ include \"t\" (sub . 1 | int) }}{{ end }}{{ end }}a: {{ include \"t\" 900 }}",
        f,
    );
    tell(failures);
}

#[test]
fn a_map_that_contains_itself() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let own = "{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"s\" $d }}";
    let list = "{{ $d := dict }}{{ $_ := set $d \"s\" (list $d $d) }}";
    one("made and left alone", Renders, format!("{own}a: 1"), f);
    one("printed", Fails, format!("{own}a: {{{{ $d }}}}"), f);
    one("printed, twice in a list", Fails, format!("{list}a: {{{{ $d }}}}"), f);
    for call in
        ["printf \"%v\" $d", "quote $d", "toString $d", "cat $d", "deepCopy $d", "print $d", "printf \"%#v\" $d"]
    {
        one(call, Fails, format!("{own}a: {{{{ {call} | len }}}}"), f);
    }
    for call in ["toYaml", "toJson", "toPrettyJson"] {
        one(call, Renders, format!("{own}a: {{{{ {call} $d }}}}"), f);
        one(call, Renders, format!("{list}a: {{{{ {call} $d }}}}"), f);
    }
    let ends = |name: &str, text: String, f: &mut Vec<String>| {
        let sandbox = Sandbox::capped();
        sandbox.chart("c");
        sandbox.write("c/templates/a.yaml", text);
        let outcome = template(&sandbox, &["c"]);
        judge(name, if outcome.exit == 0 { Renders } else { Fails }, &outcome, f);
    };
    for call in [
        "mustToJson",
        "toYamlPretty",
        "toToml",
        "mustToYaml",
        "mustDeepCopy",
        "merge (dict)",
        "mergeOverwrite $d",
        "has $d",
        "list $d | uniq",
        "deepEqual (deepCopy $d)",
        "html",
        "js",
        "urlquery",
        "sortAlpha",
        "join \",\"",
    ] {
        ends(call, format!("{own}a: {{{{ {call} $d | len }}}}"), f);
        ends(call, format!("{list}a: {{{{ {call} $d | len }}}}"), f);
    }
    ends(
        "two of them compared",
        format!("{own}{{{{ $e := dict \"a\" 1 }}}}{{{{ $_ := set $e \"s\" $e }}}}a: {{{{ deepEqual $d $e }}}}"),
        f,
    );
    ends("the values in themselves", "{{ $_ := set .Values \"v\" .Values }}a: {{ toJson .Values }}".to_owned(), f);
    tell(failures);
}

#[test]
fn functions_that_are_asked_for_too_much() {
    let mut failures = Vec::new();
    let f = &mut failures;
    for call in [
        "repeat 100000000000 \"a\"",
        "repeat 9223372036854775807 \"aa\"",
        "indent 9223372036854775807 \"a\"",
        "nindent 100000000000 \"a\"",
        "until 9223372036854775807",
        "untilStep 0 9223372036854775807 1",
        "chunk 0 (list 1)",
        "seq 1 1000000000000",
        "randAlphaNum 100000000000",
    ] {
        one(call, Fails, format!("a: {{{{ {call} | len }}}}"), f);
    }
    for call in [
        "printf \"%999999999d\" 1",
        "printf \"%1000000d\" 1",
        "printf \"%.1000001f\" 1.0",
        "regexMatch \"((a{100}){100}){100}\" \"a\"",
        "regexMatch \"(a+)+$\" (repeat 100000 \"a\")",
        "regexReplaceAll \"(a*)*\" (repeat 20000 \"ab\") \"\" | len",
        "mulf 1e300 1e300 1e300",
        "addf \"1e1000000\" 1",
        "splitList \"\" (repeat 1000000 \"a\") | len",
        "wrap 1 (repeat 100000 \"a \") | len",
        "substr -9223372036854775808 9223372036854775807 \"a\"",
        "trunc -9223372036854775808 \"a\"",
        "round 1.5 400",
        "semverCompare (repeat 1000 \">1 || \" | printf \"%s>1\") \"1.0.0\"",
        "sortAlpha (splitList \"\" (repeat 100000 \"ba\")) | len",
        "uniq (until 2000) | len",
        "camelcase (repeat 100000 \"a_\") | len",
        "snakecase (repeat 100000 \"aB\") | len",
        "toJson (until 100000) | len",
        "toYaml (until 100000) | len",
        "fromYaml (repeat 100000 \"a: 1\\n\") | len",
        "regexQuoteMeta (repeat 100000 \".\") | len",
    ] {
        let sandbox = Sandbox::capped();
        sandbox.chart("c");
        sandbox.write("c/templates/a.yaml", format!("a: {{{{ {call} }}}}"));
        let outcome = template(&sandbox, &["c"]);
        judge(call, if outcome.exit == 0 { Renders } else { Fails }, &outcome, f);
    }
    one(
        "text that doubles",
        Fails,
        "{{ $s := \"aaaaaaaaaa\" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}a: 1",
        f,
    );
    tell(failures);
}

#[test]
fn big_files() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", "a: {{ len .Values }}");
    let lines: String = (0..100_000).map(|i| format!("key{i}: {{a: [1, 2], b: text {i}}}\n")).collect();
    sandbox.write("v.yaml", &lines);
    judge("many values", Renders, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    sandbox.write("v.yaml", format!("a: {}\n", "word ".repeat(500_000)));
    judge("a long scalar", Renders, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    sandbox.write("v.yaml", "---\na: 1\n".repeat(50_000));
    judge("many documents", Renders, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    let anchors: String = (0..50_000).map(|i| format!("a{i}: &a{i} x\nb{i}: *a{i}\n")).collect();
    sandbox.write("v.yaml", anchors);
    judge("many anchors", Renders, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    let bomb: String = (1..40).map(|i| format!("l{i}: &l{i} [*l{}, *l{}, *l{}]\n", i - 1, i - 1, i - 1)).collect();
    sandbox.write("v.yaml", format!("l0: &l0 [x, x, x]\n{bomb}"));
    judge("an alias bomb", Fails, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    let merges: String =
        (1..40).map(|i| format!("m{i}: &m{i} {{a: {{<<: *m{}}}, b: {{<<: *m{}}}}}\n", i - 1, i - 1)).collect();
    sandbox.write("v.yaml", format!("m0: &m0 {{x: 1}}\n{merges}"));
    judge("an alias bomb of merges", Fails, &template(&sandbox, &["c", "-f", "v.yaml"]), f);
    judge("many --set", Renders, &template(&sandbox, &["c", "--set", &["a[65536]=1"; 3].join(",")]), f);
    sandbox.write("c/big.bin", vec![0u8; 5 * 1024 * 1024 + 1]);
    judge("a file over 5 MiB", Fails, &template(&sandbox, &["c"]), f);
    one("many documents in a template", Renders, "---\nkind: A\n".repeat(20_000), f);
    one("a long line", Renders, format!("a: {}", "x".repeat(4_000_000)), f);
    one("a long blank", Renders, format!("a: 1{}# end", "\n".repeat(100_000)), f);
    one("blanks before separators", Renders, format!("a: 1{}---\nb: 2", " \n".repeat(100_000)), f);
    tell(failures);
}

#[test]
fn archives() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let chart = |name: &str| archive::entry(name, Kind::File, b"apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let file = |name: &str| archive::entry(name, Kind::File, b"a: 1\n");
    let cases = [
        ("an honest one", Renders, vec![chart("c/Chart.yaml"), file("c/templates/a.yaml")]),
        ("a parent name", Fails, vec![chart("c/Chart.yaml"), file("c/../../evil.yaml")]),
        ("a parent name at the start, which is cut off", Renders, vec![chart("c/Chart.yaml"), file("../evil.yaml")]),
        ("an absolute name", Fails, vec![chart("c/Chart.yaml"), file("c//etc/evil.yaml")]),
        ("a drive", Fails, vec![chart("c/Chart.yaml"), file("c/C:/evil.yaml")]),
        ("a backslash", Fails, vec![chart("c/Chart.yaml"), file("c\\..\\..\\evil.yaml")]),
        ("a file without a folder", Fails, vec![chart("Chart.yaml")]),
        (
            "a symbolic link out of it",
            Renders,
            vec![chart("c/Chart.yaml"), archive::entry("c/templates/l.yaml", Kind::Symlink, b"/etc/passwd")],
        ),
        (
            "a hard link out of it",
            Renders,
            vec![chart("c/Chart.yaml"), archive::entry("c/templates/l.yaml", Kind::Hardlink, b"/etc/passwd")],
        ),
        ("no chart", Fails, vec![file("c/templates/a.yaml")]),
        ("nothing", Fails, vec![]),
        ("a size that isn't there", Fails, vec![chart("c/Chart.yaml"), archive::header("c/big", b'0', b"", 1 << 20)]),
        ("a huge size", Fails, vec![chart("c/Chart.yaml"), archive::header("c/big", b'0', b"", 0o7_777_777_777)]),
        (
            "many files",
            Renders,
            std::iter::once(chart("c/Chart.yaml")).chain((0..5_000).map(|i| file(&format!("c/f/{i}")))).collect(),
        ),
    ];
    for (name, want, entries) in cases {
        let sandbox = Sandbox::capped();
        sandbox.write("c.tgz", archive::tgz(&entries));
        let outcome = template(&sandbox, &["c.tgz"]);
        judge(name, want, &outcome, f);
        if String::from_utf8_lossy(&outcome.stdout).contains("root:") {
            f.push(format!("{name}: it read a file outside"));
        }
        if sandbox.files().len() != 1 {
            f.push(format!("{name}: it wrote files"));
        }
    }
    let sandbox = Sandbox::capped();
    let honest = archive::tgz(&[chart("c/Chart.yaml"), file("c/templates/a.yaml")]);
    let bomb = |size: u64| {
        let head = [chart("c/Chart.yaml"), archive::header("c/zero.bin", b'0', b"", size)].concat();
        archive::bomb(&head, size)
    };
    for (name, content) in [
        ("half an archive", honest[..honest.len() / 2].to_vec()),
        ("an empty file", Vec::new()),
        ("text", b"this is not an archive, though it is named like one\n".to_vec()),
        ("a gzip header alone", honest[..10].to_vec()),
        ("a bad deflate block", [&honest[..10], &[0xff; 100]].concat()),
        ("gzip of no tar", archive::gzip(&b"x".repeat(5000))),
        ("2 GiB of zeros", bomb(2 << 30)),
        ("200 MiB of zeros", bomb(200 << 20)),
    ] {
        sandbox.write("c.tgz", &content);
        judge(name, Fails, &template(&sandbox, &["c.tgz"]), f);
        sandbox.chart("p");
        sandbox.write("p/charts/c.tgz", &content);
        judge(&format!("{name}, as a subchart"), Fails, &template(&sandbox, &["p"]), f);
    }
    let mut nested = honest;
    for _ in 0..200 {
        nested = archive::tgz(&[chart("c/Chart.yaml"), archive::entry("c/charts/c.tgz", Kind::File, &nested)]);
    }
    sandbox.write("c.tgz", &nested);
    let outcome = template(&sandbox, &["c.tgz"]);
    judge("archives in archives", if outcome.exit == 0 { Renders } else { Fails }, &outcome, f);
    tell(failures);
}

#[test]
fn bytes_that_are_no_text() {
    let mut failures = Vec::new();
    let f = &mut failures;
    // A small generator of pseudo-random numbers: the same bytes in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..40 {
        let size = (next() % 4000) as usize;
        let noise: Vec<u8> = (0..size).map(|_| (next() >> 24) as u8).collect();
        let syntax = b"{}[]()|.$:-\"'`,&*!#% \nab1";
        let soup: Vec<u8> = (0..size).map(|_| syntax[(next() % syntax.len() as u64) as usize]).collect();
        for (file, content) in [
            ("c/templates/a.yaml", noise.clone()),
            ("c/templates/a.yaml", [b"{{ ".as_slice(), &soup, b" }}"].concat()),
            ("c/templates/a.yaml", soup.clone()),
            ("c/values.yaml", noise.clone()),
            ("c/values.yaml", soup.clone()),
            ("c/values.schema.json", soup.clone()),
            ("c/.helmignore", noise.clone()),
            ("c/charts/n.tgz", noise.clone()),
        ] {
            let sandbox = Sandbox::capped();
            sandbox.chart("c");
            sandbox.write(file, content);
            let outcome = template(&sandbox, &["c"]);
            let want = if outcome.exit == 0 { Renders } else { Fails };
            judge(&format!("round {round}, {file}"), want, &outcome, f);
        }
    }
    tell(failures);
}

#[test]
fn a_closed_stdout() {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", "a: {{ repeat 3000000 \"x\" }}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_rhelm"))
        .args(["template", "r", "c"])
        .current_dir(&sandbox.base)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rhelm starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    let start = Instant::now();
    let _ = child.stderr.take().expect("a pipe").read_to_string(&mut stderr);
    let _ = child.wait().expect("a child");
    assert!(start.elapsed() < LIMIT, "it took too long");
    assert!(!stderr.contains("panicked"), "it panicked: {stderr}");
}

/// What doubles with each call, or in each round.
#[test]
fn what_grows_without_end() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let shared = "{{ $s := dict \"k\" 1 }}{{ range until 40 }}{{ $s = dict \"a\" $s \"b\" $s }}{{ end }}";
    for (name, text) in [
        ("text in a long loop", "{{ range 3000000000 }}aaaaaaaaaaaaaaaaaaaaaaaa{{ end }}".to_owned()),
        ("a list that doubles", "{{ $s := list 1 2 3 4 }}{{ range 40 }}{{ $s = concat $s $s }}{{ end }}".to_owned()),
        ("a copy of shared maps", format!("{shared}{{{{ $x := deepCopy $s }}}}")),
        ("shared maps as text", format!("{shared}{{{{ print $s | len }}}}")),
        ("escapes that double", format!("{{{{ 1 {}| len }}}}", "| quote ".repeat(40))),
    ] {
        let sandbox = Sandbox::new();
        sandbox.chart("c");
        sandbox.write("c/templates/a.yaml", text);
        judge(name, Fails, &template(&sandbox, &["c"]), f);
    }
    for function in ["toYaml", "toYamlPretty", "toJson", "toToml"] {
        let sandbox = Sandbox::new();
        sandbox.chart("c");
        sandbox.write("c/templates/a.yaml", format!("{shared}a: {{{{ {function} $s | len }}}}"));
        let outcome = template(&sandbox, &["c"]);
        let want = if outcome.exit == 0 { Renders } else { Fails };
        judge(&format!("shared maps by {function}"), want, &outcome, f);
    }
    let sandbox = Sandbox::new();
    sandbox.chart("c");
    judge("endless values", Fails, &template(&sandbox, &["c", "-f", "/dev/zero"]), f);
    let chain = format!("{{{{ if 1 }}}}{}{{{{ end }}}}", "{{ else if 1 }}".repeat(100_000));
    sandbox.write("c/templates/a.yaml", chain);
    judge("a long chain of else if", Renders, &template(&sandbox, &["c"]), f);
    tell(failures);
}

/// Renders a chart whose documents become `text` in a post-renderer.
fn post_rendered(name: &str, want: Want, text: impl AsRef<[u8]>, failures: &mut Vec<String>) {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", "kind: A\n");
    sandbox.write("text", text);
    sandbox.program("program", "#!/bin/sh\ncat text\n");
    judge(name, want, &template(&sandbox, &["c", "--post-renderer", "./program"]), failures);
}

#[test]
#[cfg(unix)]
fn post_renderers() {
    let mut failures = Vec::new();
    let f = &mut failures;
    let flow = |n: usize| format!("a: {}{}\n", "[".repeat(n), "]".repeat(n));
    post_rendered("lists", Fails, flow(DEEP), f);
    post_rendered("lists, as many as Helm takes", Renders, flow(9_990), f);
    post_rendered("maps", Fails, format!("a: {}1{}\n", "{a: ".repeat(DEEP), "}".repeat(DEEP)), f);
    post_rendered("block lists", Fails, format!("a:\n  {}1\n", "- ".repeat(DEEP)), f);
    post_rendered("block lists, fewer", Renders, format!("a:\n  {}1\n", "- ".repeat(4_000)), f);
    post_rendered("keys that are lists", Fails, format!("{}a\n", "? ".repeat(DEEP)), f);
    post_rendered("brackets without end", Fails, "a: ".to_owned() + &"[".repeat(DEEP), f);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    }
    post_rendered("a bomb of aliases", Fails, &bomb, f);
    post_rendered("an alias of itself", Fails, "a: &a [*a]\n", f);
    post_rendered("no UTF-8", Fails, b"a: \xff\xfe\n", f);
    post_rendered("no UTF-8 in a comment", Fails, b"a: b # \xff\n", f);
    post_rendered("a NUL", Fails, b"a: \0\n", f);
    post_rendered("UTF-16", Renders, b"\xff\xfea\0:\0", f);
    post_rendered("many documents", Renders, "a: b\n---\n".repeat(DEEP / 5), f);
    post_rendered("many separators", Fails, "---\n".repeat(DEEP) + "- a\n", f);
    post_rendered("many items", Renders, "kind: List\nitems:\n".to_owned() + &"- {kind: A}\n".repeat(DEEP / 5), f);
    post_rendered("many keys", Renders, (0..DEEP).map(|i| format!("k{i}: v # c\n")).collect::<String>(), f);
    post_rendered("many comments", Renders, "# c\n".repeat(DEEP * 3) + "a: b\n" + &"# c\n\n".repeat(DEEP * 3), f);
    let stairs: String = (0..1_000).map(|i| " ".repeat(i) + "a:\n").collect();
    let back: String = (0..DEEP).map(|i| " ".repeat(i % 1_000) + "# c\n\n").collect();
    post_rendered("comments below many levels", Renders, stairs + &" ".repeat(1_000) + "a: b\n" + &back + "z: z\n", f);
    post_rendered("empty lines between words", Renders, "a: b\n".to_owned() + &"\n".repeat(DEEP * 10) + "c: d\n", f);
    post_rendered("comments far apart", Renders, ("\n".repeat(600) + "# c\n").repeat(2_000) + "c: d\n", f);
    post_rendered("blanks before a comment", Renders, format!("a: b{}# c\n", " ".repeat(DEEP * 10)), f);
    post_rendered("a long word", Renders, format!("a: {}\n", "x ".repeat(DEEP * 10)), f);
    let annotations: String = (0..DEEP / 5).map(|i| format!("    k{i}: v\n")).collect();
    post_rendered("many annotations", Renders, format!("kind: A\nmetadata:\n  annotations:\n{annotations}"), f);
    post_rendered("nothing but line breaks", Fails, "\n".repeat(DEEP * 10), f);
    tell(failures);
}

#[test]
#[cfg(unix)]
fn post_renderers_that_read_little_or_write_much() {
    let mut failures = Vec::new();
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", format!("a: {}\n", "x".repeat(DEEP * 5)));
    let mut run = |name: &str, want: Want, program: &str| {
        sandbox.program("program", format!("#!/bin/sh\n{program}\n"));
        judge(name, want, &template(&sandbox, &["c", "--post-renderer", "./program"]), &mut failures);
    };
    run("all at once", Renders, "cat");
    run("nothing read", Renders, "echo 'a: b'");
    run("input closed", Renders, "exec <&-; echo 'a: b'");
    run("much written before anything is read", Renders, "head -c 500000 /dev/zero | tr '\\0' '#'; echo; cat");
    run("much said aside", Renders, "head -c 500000 /dev/zero >&2; cat");
    run("ended by a signal", Fails, "cat >/dev/null; kill -9 $$");
    tell(failures);
}
