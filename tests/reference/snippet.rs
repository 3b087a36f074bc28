//! A case that is one template: hundreds share a run of Helm, since it takes 50 ms to start.
//!
//! Those that rhelm renders become files of one chart; those that it refuses become a chart each for one `helm lint`,
//! which prints the same words. What does not agree there is run alone before it counts.

use crate::chart::{ChartCase, Verdict, comparable};
use crate::helm::{Helm, write};
use crate::judge::{Difference, Tally, is_listed, told};
use crate::{Options, ours, shrink};
use rhelm::tree::Memory;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A template's text, and its number in its part.
#[derive(Clone, Debug)]
pub struct Snippet {
    pub index: u64,
    pub text: String,
}

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\nappVersion: \"4.5\"\nkeywords: [a, b]\n";

/// What all snippets find in `.Values`.
pub const VALUES: &str = "\
n: 3
f: 2.5
z: 0
neg: -7
big: 9007199254740993
b: true
no: false
s: hello
e: \"\"
u: \"ünï😀\"
num: \"12\"
nul: null
lines: |
  one
  two: 2

  three
l: [1, two, 3.5, null, {k: v}]
le: []
names: [beta, alpha, gamma, alpha]
m: {one: 1, two: \"2\", nested: {x: {y: deep}}, nn: null}
me: {}
objects: [{name: web, port: 80, on: true}, {name: db, port: 5432}]
tpl: '{{ .Values.s | upper }}-{{ .Values.n }}'
date: 2024-02-29
";

/// A file that is no UTF-8, for bytes.
const BYTES: &[u8] = b"b\xc3\xa9\xff\x00z";

/// How many rendered snippets share a chart, and how many refused ones share a `helm lint`.
const TOGETHER: usize = 250;
/// How many snippets a thread takes at a time.
const CHUNK: usize = 2000;
/// How many cases of a part may cost a process of their own: so many, and one of so many more.
const ALONE: (usize, usize) = (1500, 25);

/// So many differences of one chunk are told; what else needs a run of its own is skipped.
const ENOUGH: usize = 12;

/// The runner: each snippet with objects of its own, so that none sees what another did to the values.
fn runner(indices: impl Iterator<Item = u64>) -> String {
    let mut text = "kind: C\n".to_owned();
    for index in indices {
        text.push_str(&format!(
            "\"{index}\": {{{{ include \"c/templates/_{index}.tpl\" (dict \"Values\" (deepCopy .Values) \"Chart\" .Chart \
             \"Release\" .Release \"Files\" .Files \"Capabilities\" .Capabilities \"Template\" .Template) | b64enc }}}}\n"
        ));
    }
    text
}

fn files<'a>(snippets: impl Iterator<Item = &'a Snippet> + Clone) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("Chart.yaml".into(), CHART.into()),
        ("values.yaml".into(), VALUES.into()),
        ("x.bin".into(), BYTES.into()),
        ("templates/a.yaml".into(), runner(snippets.clone().map(|s| s.index)).into_bytes()),
    ];
    files.extend(snippets.map(|s| (format!("templates/_{}.tpl", s.index), s.text.clone().into_bytes())));
    files
}

impl Snippet {
    /// As a chart of its own.
    pub fn alone(&self) -> ChartCase {
        let mut case = ChartCase { args: vec!["test-release".into(), "c".into()], ..ChartCase::default() };
        for (name, bytes) in files(std::iter::once(self)) {
            case.insert(format!("c/{name}"), bytes);
        }
        case
    }

    /// What rhelm makes of it: the line of the runner's file, or Helm's words.
    pub fn ours(&self) -> Result<Vec<u8>, String> {
        let mut tree = Memory::default();
        for (name, bytes) in files(std::iter::once(self)) {
            tree.insert(&format!("c/{name}"), bytes);
        }
        let texts = ours::rendered(&tree)?;
        let text = texts.first().cloned().unwrap_or_default();
        text.splitn(2, |b| *b == b'\n').nth(1).map(<[u8]>::to_vec).ok_or_else(|| "no line".to_owned())
    }
}

/// Judges given snippets.
pub fn run(helm: &Helm, options: &Options, part: &str, all: &[String]) -> Tally {
    generated(helm, options, part, all.len() as u64, &|index| all[index as usize].clone())
}

/// Judges generated snippets, on all cores.
pub fn generated(
    helm: &Helm,
    options: &Options,
    part: &str,
    count: u64,
    make: &(dyn Fn(u64) -> String + Sync),
) -> Tally {
    let indices: Vec<u64> = match options.at {
        Some(index) => vec![index],
        None => (0..count).collect(),
    };
    let chunks: Vec<&[u64]> = indices.chunks(CHUNK).collect();
    let (next, alone) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tally = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let work = || {
                while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let snippets: Vec<Snippet> =
                        chunk.iter().map(|index| Snippet { index: *index, text: make(*index) }).collect();
                    let mut judge = Judge {
                        helm,
                        options,
                        part,
                        alone: &alone,
                        most_alone: ALONE.0 + count as usize / ALONE.1,
                        tally: Tally::default(),
                    };
                    judge.judge(&snippets);
                    tally.lock().unwrap().add(judge.tally);
                }
            };
            // Deep templates are refused by their depth, not by the stack.
            std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).expect("a thread");
        }
    });
    tally.into_inner().unwrap()
}

struct Judge<'a> {
    helm: &'a Helm,
    options: &'a Options,
    part: &'a str,
    alone: &'a AtomicUsize,
    most_alone: usize,
    tally: Tally,
}

impl Judge<'_> {
    fn judge(&mut self, snippets: &[Snippet]) {
        if self.options.print {
            for snippet in snippets {
                let ours = snippet.ours().map(|line| String::from_utf8_lossy(&comparable(&line)).into_owned());
                println!("{} {}\n   {ours:?}", snippet.index, snippet.text);
            }
            return;
        }
        let (mut render, mut refuse) = (Vec::new(), Vec::new());
        for snippet in snippets {
            match snippet.ours() {
                Ok(line) => render.push((snippet, line)),
                Err(words) => refuse.push((snippet, words)),
            }
        }
        for together in render.chunks(TOGETHER) {
            self.rendering(together.to_vec());
        }
        for together in refuse.chunks(TOGETHER) {
            self.refused(together);
        }
    }

    /// Snippets that rhelm renders: one chart.
    fn rendering(&mut self, mut cases: Vec<(&Snippet, Vec<u8>)>) {
        while !cases.is_empty() {
            let folder = self.helm.folder();
            for (name, bytes) in files(cases.iter().map(|(snippet, _)| *snippet)) {
                write(&folder.join("c").join(&name), &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            let ran = self.helm.run(&folder, &["template", "test-release", "c"]);
            let _ = std::fs::remove_dir_all(&folder);
            if ran.exit == 0 {
                let lines: HashMap<u64, &[u8]> = ran.stdout.split(|b| *b == b'\n').filter_map(numbered).collect();
                let (same, other): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(snippet, ours)| {
                    let ours = ours.trim_ascii_end();
                    lines.get(&snippet.index).is_some_and(|line| *line == ours || comparable(line) == comparable(ours))
                });
                self.tally.output += same.len() as u64;
                other.iter().for_each(|(snippet, _)| self.by_itself(snippet));
                return;
            }
            // Helm refuses one that rhelm renders: its words name the file.
            let culprit = culprit(&ran.stderr);
            match cases.iter().position(|(snippet, _)| Some(snippet.index) == culprit) {
                Some(at) => {
                    let (snippet, _) = cases.remove(at);
                    self.by_itself(snippet);
                }
                None if cases.len() == 1 => return self.by_itself(cases[0].0),
                None => {
                    let rest = cases.split_off(cases.len() / 2);
                    self.rendering(rest);
                }
            }
        }
    }

    /// Snippets that rhelm refuses: a chart each.
    fn refused(&mut self, cases: &[(&Snippet, String)]) {
        if cases.is_empty() {
            return;
        }
        let folder = self.helm.folder();
        let mut words = vec!["lint".to_owned()];
        for (i, (snippet, _)) in cases.iter().enumerate() {
            for (name, bytes) in files(std::iter::once(*snippet)) {
                write(&folder.join(i.to_string()).join(&name), &bytes)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            words.push(i.to_string());
        }
        let ran = self.helm.run(&folder, &words);
        let _ = std::fs::remove_dir_all(&folder);
        let said = lint_words(&String::from_utf8_lossy(&ran.stdout), cases.len());
        for ((snippet, ours), theirs) in cases.iter().zip(said) {
            let same = |theirs: &str| {
                theirs == ours.trim_end() || comparable(theirs.as_bytes()) == comparable(ours.trim_end().as_bytes())
            };
            if theirs.as_deref().is_some_and(same) {
                self.tally.error += 1;
            } else {
                self.by_itself(snippet);
            }
        }
    }

    /// One that needs runs of its own: the two disagree so far, or `fail` and `required` are at play, which do
    /// nothing under lint.
    fn by_itself(&mut self, snippet: &Snippet) {
        let enough = self.tally.differences.len() >= ENOUGH;
        if enough || self.alone.fetch_add(1, Ordering::Relaxed) >= self.most_alone {
            self.tally.skipped += 1;
            return;
        }
        match snippet.alone().judge(self.helm) {
            Verdict::Output => self.tally.output += 1,
            Verdict::Error => self.tally.error += 1,
            Verdict::Varies => self.tally.varies += 1,
            Verdict::Dies => self.tally.dies += 1,
            Verdict::Differ { helm, ours } if is_listed(&helm, &ours) => self.tally.listed += 1,
            Verdict::Differ { helm, ours } => {
                let (mut text, mut theirs, mut mine) = (snippet.text.clone(), helm, ours);
                if self.options.shrink && self.tally.differences.len() < 5 {
                    let differs =
                        |text: &str| match (Snippet { text: text.to_owned(), ..*snippet }).alone().judge(self.helm) {
                            Verdict::Differ { helm, ours } => Some((helm, ours)),
                            _ => None,
                        };
                    if let Some((small, (helm, ours))) = shrink::text(&text, differs) {
                        (text, theirs, mine) = (small, helm, ours);
                    }
                }
                self.tally.differences.push(Difference {
                    case: format!("--seed {} --only {} --at {}", self.options.seed, self.part, snippet.index),
                    text,
                    helm: told(&theirs),
                    ours: told(&mine),
                });
            }
        }
    }
}

/// The number of a runner's line, and the line.
fn numbered(line: &[u8]) -> Option<(u64, &[u8])> {
    let digits = line.strip_prefix(b"\"")?.split(|b| *b == b'"').next()?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, line))
}

/// The snippet that Helm's words name first.
fn culprit(stderr: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(stderr);
    let (_, rest) = text.split_once("c/templates/_")?;
    rest.split('.').next()?.parse().ok()
}

/// What `helm lint` says of each chart's templates.
fn lint_words(text: &str, count: usize) -> Vec<Option<String>> {
    let mut said = vec![None; count];
    let mut at = None;
    let mut open = false;
    for line in text.lines() {
        if let Some(folder) = line.strip_prefix("==> Linting ") {
            at = folder.parse::<usize>().ok().filter(|i| *i < count);
            open = false;
        } else if let Some(i) = at {
            if let Some(words) = line.strip_prefix("[ERROR] templates/: ") {
                said[i].get_or_insert_with(String::new).push_str(words);
                open = true;
            } else if ["[INFO] ", "[WARNING] ", "[ERROR] "].iter().any(|mark| line.starts_with(mark)) {
                open = false;
            } else if open && let Some(words) = &mut said[i] {
                words.push('\n');
                words.push_str(line);
            }
        }
    }
    for words in said.iter_mut().flatten() {
        words.truncate(words.trim_end().len());
    }
    said
}
