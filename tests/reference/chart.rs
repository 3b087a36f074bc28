//! A case that is a chart and a command line: both programs run on it, and all that they do is compared.

use crate::helm::{Helm, Ran, write};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Files by path, and the words after `helm template`.
#[derive(Clone, Debug, Default)]
pub struct ChartCase {
    pub files: BTreeMap<String, Vec<u8>>,
    pub args: Vec<String>,
}

/// How the two programs compare on a case.
#[derive(Debug)]
pub enum Verdict {
    /// Equal, and the chart rendered.
    Output,
    /// Equal, and it failed.
    Error,
    /// Helm does not say the same twice, and what rhelm says is nothing that Helm could not have said.
    Varies,
    /// Helm dies of it: endless recursion, no memory or time left.
    Dies,
    /// They differ.
    Differ { helm: Ran, ours: Ran },
}

/// How often Helm is asked again before a difference counts: it ranges over maps in random order.
const AGAIN: usize = 12;
/// A case that takes longer is asked again but once.
const SLOW: Duration = Duration::from_secs(3);
/// The same where only the order of lines differs: two files change places once in eight times.
const AGAIN_LINES: usize = 60;

impl ChartCase {
    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }

    /// Runs rhelm alone.
    pub fn ours(&self, helm: &Helm) -> Ran {
        let folder = self.placed(helm);
        let mut words = vec!["template".to_owned()];
        words.extend(self.args.iter().cloned());
        let ran = helm.run_ours(&folder, &words);
        let _ = std::fs::remove_dir_all(&folder);
        ran
    }

    /// Runs both, and leaves it to the caller to compare.
    pub fn both(&self, helm: &Helm) -> (Ran, Ran) {
        let folder = self.placed(helm);
        let mut words = vec!["template".to_owned()];
        words.extend(self.args.iter().cloned());
        let ran = (helm.run(&folder, &words), helm.run_ours(&folder, &words));
        let _ = std::fs::remove_dir_all(&folder);
        ran
    }

    fn placed(&self, helm: &Helm) -> std::path::PathBuf {
        let folder = helm.folder();
        for (path, bytes) in &self.files {
            write(&folder.join(path), bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        folder
    }

    /// Runs both.
    pub fn judge(&self, helm: &Helm) -> Verdict {
        let folder = self.placed(helm);
        let mut words = vec!["template".to_owned()];
        words.extend(self.args.iter().cloned());
        let start = Instant::now();
        let theirs = helm.run(&folder, &words);
        let ours = helm.run_ours(&folder, &words);
        let verdict = if same(&theirs, &ours) {
            if theirs.exit == 0 { Verdict::Output } else { Verdict::Error }
        } else if theirs.exit != 0 && theirs.exit != 1 {
            Verdict::Dies
        } else {
            let lines_only = sorted(&plain(&theirs)) == sorted(&plain(&ours));
            let (mut found, mut varies, mut lines) = (false, false, lines_only);
            let again = if start.elapsed() > SLOW { 1 } else { AGAIN };
            for _ in 0..if lines_only { AGAIN_LINES } else { again } {
                // The clock goes on, for those who look at its seconds.
                std::thread::sleep(Duration::from_millis(600));
                let next = helm.run(&folder, &words);
                found = same(&next, &ours);
                varies = varies || plain(&next) != plain(&theirs);
                lines = lines || sorted(&plain(&next)) == sorted(&plain(&ours));
                if found || lines_only && varies {
                    break;
                }
            }
            // What shows the clock is another in each run of both.
            let both = varies && plain(&helm.run_ours(&folder, &words)) != plain(&ours);
            if found || varies && lines || both { Verdict::Varies } else { Verdict::Differ { helm: theirs, ours } }
        };
        let _ = std::fs::remove_dir_all(&folder);
        verdict
    }
}

/// Equal in all that a caller sees; the violations of a schema in any order, as Helm prints them.
fn same(theirs: &Ran, ours: &Ran) -> bool {
    if theirs == ours {
        return true;
    }
    let (theirs, ours) = (plain(theirs), plain(ours));
    let schema = theirs.stderr.windows(6).any(|part| part == b"schema");
    theirs == ours || schema && sorted(&theirs) == sorted(&ours)
}

/// The lines in one order: what remains of a run when order is left to chance.
fn sorted(ran: &Ran) -> (i32, Vec<&[u8]>, Vec<&[u8]>) {
    let mut out: Vec<&[u8]> = ran.stdout.split(|b| *b == b'\n').collect();
    let mut err: Vec<&[u8]> = ran.stderr.split(|b| *b == b'\n').collect();
    out.sort_unstable();
    err.sort_unstable();
    (ran.exit, out, err)
}

/// A run as it compares: without addresses in memory, which differ from run to run.
fn plain(ran: &Ran) -> Ran {
    Ran { exit: ran.exit, stdout: comparable(&ran.stdout), stderr: comparable(&ran.stderr) }
}

/// A text with the lines of `"NUMBER": BASE64` decoded and addresses in memory masked.
pub fn comparable(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let mut out = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        let coded = line.strip_prefix(b"\"").and_then(|rest| {
            let at = rest.iter().position(|b| !b.is_ascii_digit())?;
            let code = rest.get(at..)?.strip_prefix(b"\": ")?.trim_ascii_end();
            base64::engine::general_purpose::STANDARD.decode(code).ok()
        });
        match coded {
            Some(bytes) => {
                masked(&bytes, &mut out);
                out.push(b'\n');
            }
            None => match named(line) {
                Some(line) => masked(&line, &mut out),
                None => masked(line, &mut out),
            },
        }
    }
    out
}

/// The violation of a schema that names properties, which stand in the order of a Go map: sorted.
fn named(line: &[u8]) -> Option<Vec<u8>> {
    let line = std::str::from_utf8(line).ok()?;
    let (before, rest) = line.split_once(" properties '")?;
    let (names, after) = rest.rsplit_once('\'')?;
    let mut names: Vec<&str> = names.split("', '").collect();
    names.sort_unstable();
    Some(format!("{before} properties '{}'{after}", names.join("', '")).into_bytes())
}

fn masked(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|part| part == b"0x") {
        let digits = rest[at + 2..].iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
        out.extend_from_slice(&rest[..at + 2]);
        // Go's heap begins at 0xc000000000 and is moved about.
        match digits {
            9..=12 => out.extend_from_slice(b"ADDRESS"),
            _ => out.extend_from_slice(&rest[at + 2..at + 2 + digits]),
        }
        rest = &rest[at + 2 + digits..];
    }
    out.extend_from_slice(rest);
}
