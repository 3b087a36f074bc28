//! Completion in the shells themselves, as far as they are on the PATH.

use crate::sandbox::Sandbox;
use std::path::Path;
use std::process::Command;

const PROJECT: &str = "
environments: {base: {abstract: true}, one: {from: base}, two: {from: one}}
releases:
  a: {chart: c, environments: [one]}
  b: {chart: c}
";

/// What is typed, and what is offered: words without the help that some shells show beside them.
const TYPED: [(&str, &[&str]); 12] = [
    ("rhelm values --project sub -e ", &["one", "two"]),
    ("rhelm values --project=sub -e t", &["two"]),
    ("rhelm values --project sub ", &["one", "two", "a", "b"]),
    ("rhelm save --project sub one ", &["a", "b"]),
    ("rhelm save --project sub one a ", &["b"]),
    ("rhelm template --project sub -e two ", &["b"]),
    ("rhelm values --project sub one --diff ", &["two"]),
    ("rhelm diff --project sub one --against env:", &["env:two"]),
    ("rhelm diff -o p", &["paths"]),
    ("rhelm values --output=", &["--output=yaml", "--output=json"]),
    ("rhelm completion ", &["bash", "zsh", "fish", "powershell"]),
    ("rhelm template -f sub/r", &["sub/rhelm.yaml"]),
];

/// What bash offers is what stands behind the last `=` or `:`, which it takes for words of their own.
const BASH: &str = r#"
source <(rhelm completion bash)
COMP_TYPE=63 COMP_LINE=$1 COMP_POINT=${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
last=${COMP_WORDS[COMP_CWORD]}
if [[ $last == [=:] ]]; then last=; fi
compopt() { true; }
_rhelm rhelm "$last" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A terminal of its own, in which a TAB is pressed. `_describe` is what the script hands its findings to.
const ZSH: &str = r#"
autoload -U compinit; compinit -u -D
source <(rhelm completion zsh)
_describe() { local list; for list in "$@"; do case $list in (dirs|other) print -rl -- "${(@P)list%%:*}";; esac; done }
words=("${(@s: :)1}") CURRENT=$#words
_clap_dynamic_completer_rhelm
"#;

const FISH: &str = "rhelm completion fish | source; complete -C $argv[1]";

/// What a shell prints; none if it isn't there.
fn answer(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Option<Vec<String>> {
    let own = Path::new(env!("CARGO_BIN_EXE_rhelm")).parent().expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(own.to_owned()).chain(std::env::split_paths(&path));
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", std::env::join_paths(paths).expect("paths"))
        .env("HOME", &sandbox.base)
        .current_dir(&sandbox.base)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.stderr.is_empty(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect())
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.chart("sub/c");
    sandbox.write("sub/rhelm.yaml", PROJECT);
    sandbox
}

/// Words as bash divides a line: `=` and `:` are words of their own.
fn divided(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in line.chars() {
        match c {
            ' ' => words.push(String::new()),
            '=' | ':' => words.extend([c.to_string(), String::new()]),
            _ => words.last_mut().expect("one").push(c),
        }
    }
    // The cursor stands behind a lone `=` or `:`, in that word.
    if line.ends_with(['=', ':']) {
        words.pop();
    }
    words
}

#[test]
fn bash() {
    let sandbox = sandbox();
    for (line, expected) in TYPED {
        let words = divided(line);
        let mut arguments = vec!["--norc", "--noprofile", "-c", BASH, "bash", line];
        arguments.extend(words.iter().map(String::as_str));
        let Some(found) = answer(&sandbox, "bash", &arguments) else { return };
        let expected: Vec<&str> = expected.iter().map(|word| word.rsplit(['=', ':']).next().expect("one")).collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn zsh() {
    let sandbox = sandbox();
    for (line, expected) in TYPED {
        let Some(found) = answer(&sandbox, "zsh", &["-f", "-c", ZSH, "zsh", line]) else { return };
        let found: Vec<&str> = found.iter().map(|word| word.trim_end_matches('\\')).collect();
        let expected: Vec<&str> = expected.iter().map(|word| word.split(':').next().expect("one")).collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn fish() {
    let sandbox = sandbox();
    for (line, expected) in TYPED {
        let Some(mut found) = answer(&sandbox, "fish", &["--no-config", "-c", FISH, line]) else { return };
        let mut expected = expected.to_vec();
        // Without a terminal fish sorts them.
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{line}");
    }
}
