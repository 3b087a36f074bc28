//! Runs the case files of `testdata/` and compares with what the real Helm said.

use crate::casefile::{self, Section};
use crate::differ;
use crate::sandbox::{Outcome, Sandbox};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

/// A case that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(60);
/// What Helm adds to every error of a render.
const TAIL: &str = "\n\nUse --debug flag to render out invalid YAML\n";

/// Every case; all failures are told at the end. `RHELM_CASES=TEXT` runs the files whose path holds TEXT.
#[test]
fn recorded_cases() {
    let only = std::env::var("RHELM_CASES").unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut paths = Vec::new();
    find(&root, &mut paths);
    paths.sort();
    paths.retain(|p| p.to_string_lossy().contains(&only));
    assert!(!paths.is_empty(), "there are no cases in {}", root.display());

    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut report = Report::new(path.strip_prefix(&root).unwrap_or(path));
                    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                    file(&text, &mut report);
                    results.lock().expect("no thread failed").push(report);
                }
            });
        }
    });
    let mut reports = results.into_inner().expect("no thread failed");
    reports.sort_by(|a, b| a.path.cmp(&b.path));
    let count: usize = reports.iter().map(|r| r.count).sum();
    let failed: usize = reports.iter().map(|r| r.failures.len()).sum();
    for failure in reports.iter().flat_map(|r| &r.failures) {
        eprintln!("{failure}");
    }
    for report in &reports {
        eprintln!("{:5} of {:5} {}", report.count - report.failures.len(), report.count, report.path.display());
    }
    assert!(failed == 0, "{failed} of {count} cases differ");
}

/// What a case file came to.
struct Report {
    path: PathBuf,
    count: usize,
    failures: Vec<String>,
}

impl Report {
    fn new(path: &Path) -> Self {
        Report { path: path.to_owned(), count: 0, failures: Vec::new() }
    }

    /// Notes a case; `differences` is empty when it passed.
    fn case(&mut self, line: usize, name: &str, differences: &str) {
        self.count += 1;
        if !differences.is_empty() {
            self.failures.push(format!("DIFFERS testdata/{}:{line}  {name}\n{differences}", self.path.display()));
        }
    }
}

fn find(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|e| e == "txt") {
            out.push(path);
        }
    }
}

/// Runs one case file.
fn file(text: &str, report: &mut Report) {
    let sections = casefile::parse(text);
    let sandbox = Sandbox::new();
    let mut setting: Vec<&Section> = Vec::new();
    let mut args = Vec::new();
    let mut rest = sections.as_slice();
    while let Some((section, after)) = rest.split_first() {
        rest = after;
        match section.kind.as_str() {
            "run" | "template" => {
                let end = rest.iter().position(|s| !is_result(&s.kind)).unwrap_or(rest.len());
                let (results, after) = rest.split_at(end);
                rest = after;
                let others: Vec<&Section> = results.iter().filter(|s| s.kind == "as").collect();
                let results: BTreeMap<&str, &Section> = results.iter().map(|s| (s.kind.as_str(), s)).collect();
                if section.kind == "run" {
                    run(&sandbox, section, &results, report);
                    for other in others {
                        run(&sandbox, other, &results, report);
                    }
                } else {
                    template(&setting, &args, section, &results, report);
                }
            }
            "args" => args = casefile::words(&section.rest),
            "lines" => lines(&setting, &args, section, report),
            _ if sandbox.place(section) => setting.push(section),
            kind => panic!("{}:{}: what is `=== {kind}`?", report.path.display(), section.line),
        }
    }
}

fn is_result(kind: &str) -> bool {
    ["stdin", "exit", "stdout", "stderr", "tree", "pretty", "differs", "as", "text", "error"].contains(&kind)
}

/// A command line: exit code, both outputs, and the files that it wrote.
fn run(sandbox: &Sandbox, section: &Section, results: &BTreeMap<&str, &Section>, report: &mut Report) {
    let words = casefile::words(&section.rest);
    let bytes = |name: &str| results.get(name).map(|s| s.bytes()).unwrap_or_default();
    let stdin = bytes("stdin");
    let before = sandbox.files();
    let outcome = sandbox.run(&words, true, &stdin, LIMIT);
    let mut differences = String::new();
    let want: i32 = results.get("exit").map_or(0, |s| s.rest.parse().expect("an exit code"));
    compare_exit(want, outcome.exit, &mut differences);
    compare("stdout", &bytes("stdout"), &outcome.stdout, &mut differences);
    compare("stderr", &bytes("stderr"), &outcome.stderr, &mut differences);
    compare("written files", &bytes("tree"), &tree(&before, &sandbox.files()), &mut differences);
    if let Some(pretty) = results.get("pretty") {
        let mut words = words;
        words.extend(["--mask".to_owned(), "never".to_owned()]);
        let Outcome { exit, stdout, stderr } = sandbox.run(&words, false, &stdin, LIMIT);
        compare_exit(want, exit, &mut differences);
        compare("stdout with pretty errors", &bytes("stdout"), &stdout, &mut differences);
        compare("stderr with pretty errors", &pretty.bytes(), &stderr, &mut differences);
    }
    report.case(section.line, &format!("rhelm {}", section.rest), &differences);
}

fn compare_exit(want: i32, got: i32, differences: &mut String) {
    if want != got {
        let why = match got {
            -1 => " (a signal)",
            -2 => " (it took too long)",
            _ => "",
        };
        differences.push_str(&format!("   exit code: want {want}, got {got}{why}\n"));
    }
}

fn compare(what: &str, want: &[u8], got: &[u8], differences: &mut String) {
    if want != got {
        differences.push_str(&format!("   {what}:\n{}", differ::lines(want, got)));
    }
}

/// The files that are new or changed: the path, then the lines behind a bar.
fn tree(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut out = String::new();
    for (name, content) in after {
        if before.get(name) != Some(content) {
            out.push_str(&format!("{name}\n"));
            for line in content.split(|b| *b == b'\n') {
                let mut line = casefile::escape(line);
                if line.ends_with(' ') {
                    line.truncate(line.len() - 1);
                    line.push_str("\\x20");
                }
                out.push_str(&format!("| {line}\n"));
            }
        }
    }
    out.into_bytes()
}

/// A template on its own: its text or Helm's error.
fn template(
    setting: &[&Section],
    args: &[String],
    section: &Section,
    results: &BTreeMap<&str, &Section>,
    report: &mut Report,
) {
    let text = section.body.strip_suffix('\n').unwrap_or(&section.body);
    let got = render(setting, args, text.as_bytes(), results.contains_key("text"));
    let want = match (results.get("text"), results.get("error")) {
        (Some(text), _) => Ok(body(text)),
        (None, Some(error)) => Err(body(error)),
        (None, None) => panic!("{}:{}: it wasn't recorded", report.path.display(), section.line),
    };
    report.case(section.line, &section.rest, &judge(&want, &got));
}

/// A recorded text without the line break that the format adds.
fn body(section: &Section) -> Vec<u8> {
    let mut bytes = section.bytes();
    if section.rest != "escaped" {
        bytes.pop();
    }
    bytes
}

fn judge(want: &Result<Vec<u8>, Vec<u8>>, got: &Result<Vec<u8>, Vec<u8>>) -> String {
    let mut differences = String::new();
    match (want, got) {
        (Ok(a), Ok(b)) | (Err(a), Err(b)) => compare("it says", a, b, &mut differences),
        (Ok(_), Err(b)) => {
            differences = format!("   it should render, but fails:\n      {}\n", casefile::escape(b));
        }
        (Err(a), Ok(b)) => {
            differences = format!(
                "   it should fail:\n      -{}\n   but renders:\n      +{}\n",
                casefile::escape(a),
                casefile::escape(b)
            );
        }
    }
    differences
}

/// Renders a text as a file of the chart `c`. What should render goes through `include` and Base64, so that it need
/// not be YAML; what should fail is a file of its own, so that its place is what a person would see.
fn render(setting: &[&Section], args: &[String], text: &[u8], wrapped: bool) -> Result<Vec<u8>, Vec<u8>> {
    let sandbox = Sandbox::new();
    sandbox.chart("c");
    for section in setting {
        sandbox.place(section);
    }
    if wrapped {
        sandbox.write("c/templates/_t.tpl", text);
        sandbox.write("c/templates/out.yaml", r#"v: "{{ include "c/templates/_t.tpl" . | b64enc }}""#);
    } else {
        sandbox.write("c/templates/t.yaml", text);
    }
    let mut words: Vec<String> = ["template", "r", "c"].map(str::to_owned).to_vec();
    words.extend_from_slice(args);
    let outcome = sandbox.run(&words, true, b"", LIMIT);
    if outcome.exit != 0 {
        return Err(outcome.stderr);
    }
    if !wrapped {
        return Ok(outcome.stdout);
    }
    let stdout = String::from_utf8_lossy(&outcome.stdout).into_owned();
    let coded = stdout.split_once("\nv: \"").and_then(|(_, rest)| rest.split_once('"')).map(|(coded, _)| coded);
    coded.and_then(casefile::base64).ok_or(outcome.stdout)
}

/// A table of templates: a line that doesn't begin with two blanks and a mark is one, the line below its result.
fn lines(setting: &[&Section], args: &[String], section: &Section, report: &mut Report) {
    let mut source: Option<(usize, &str)> = None;
    for (index, line) in section.body.lines().enumerate() {
        let Some((mark, want)) = result(line) else {
            source = Some((section.line + 1 + index, line));
            continue;
        };
        let Some((number, line)) = source.take() else { continue };
        let text = match line.strip_prefix('\\') {
            Some(escaped) => casefile::unescape(escaped),
            None if line.contains("{{") => line.as_bytes().to_vec(),
            None => format!("{{{{ {line} }}}}").into_bytes(),
        };
        let want = casefile::unescape(want);
        let got = render(setting, args, &text, mark == "=");
        let want = match mark {
            "=" => Ok(want),
            "!!" => Err(want),
            _ => Err([b"Error: ", want.as_slice(), TAIL.as_bytes()].concat()),
        };
        report.case(number, line, &judge(&want, &got));
    }
}

/// The mark and the text of a result line.
fn result(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("  ")?;
    for mark in ["!!", "!", "="] {
        if let Some(text) = rest.strip_prefix(mark) {
            if text.is_empty() {
                return Some((mark, ""));
            }
            if let Some(text) = text.strip_prefix(' ') {
                return Some((mark, text));
            }
        }
    }
    None
}
