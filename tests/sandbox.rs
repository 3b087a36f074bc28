//! A folder in which rhelm is run, and the run itself.

use crate::{archive, casefile::Section};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// A folder of its own, removed in the end.
pub struct Sandbox {
    top: PathBuf,
    /// Where commands run and files lie.
    pub base: PathBuf,
    /// Whether commands get no more than [`MEMORY`].
    capped: bool,
}

/// What a hostile chart may cost, in KiB of address space.
const MEMORY: u32 = 4 << 20;

/// Who commits in a case, and when; nobody's own configuration counts.
pub const GIT: [(&str, &str); 8] = [
    ("GIT_AUTHOR_NAME", "x"),
    ("GIT_AUTHOR_EMAIL", "x@example.com"),
    ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
    ("GIT_COMMITTER_NAME", "x"),
    ("GIT_COMMITTER_EMAIL", "x@example.com"),
    ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
];

/// What a run left behind.
pub struct Outcome {
    /// The exit code; -1 after a signal, -2 when the time was over.
    pub exit: i32,
    /// Standard output; the sandbox's folder is written `{DIR}`.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
}

impl Sandbox {
    /// An empty one.
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("rhelm-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let top = fs::canonicalize(std::env::temp_dir()).expect("the folder for temporary files").join(name);
        let base = top.join("w");
        fs::create_dir_all(&base).expect("a folder");
        fs::create_dir_all(top.join("h")).expect("a folder");
        Sandbox { top, base, capped: false }
    }

    /// An empty one whose commands cannot take the machine's memory: who asks for more is ended by a signal.
    pub fn capped() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.capped = cfg!(unix);
        sandbox
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.base.join(path);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder above");
        fs::write(&path, content).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// Writes a file that can be run.
    pub fn program(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write(path, content);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(self.base.join(path), fs::Permissions::from_mode(0o755)).expect("a file of ours");
        }
    }

    /// The smallest chart.
    pub fn chart(&self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.write(&format!("{path}/Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n"));
    }

    /// Makes what a section describes; false if it describes nothing.
    pub fn place(&self, section: &Section) -> bool {
        let rest = section.rest.as_str();
        match section.kind.as_str() {
            "file" | "escaped" => self.write(rest, section.bytes()),
            "program" => self.program(rest, section.bytes()),
            "chart" => self.chart(rest),
            "repo" => copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(rest), &self.base.join(rest)),
            "dir" => fs::create_dir_all(self.base.join(rest)).expect("a folder"),
            "link" => {
                let (path, target) = rest.split_once(' ').expect("PATH TARGET");
                link(target, &self.base.join(path));
            }
            "archive" => {
                let (path, folder) = rest.split_once(' ').expect("PATH FOLDER");
                let entries: Vec<_> = files(&self.base.join(folder))
                    .into_iter()
                    .map(|(name, content)| archive::entry(&format!("{folder}/{name}"), archive::Kind::File, &content))
                    .collect();
                self.write(path, archive::tgz(&entries));
            }
            "shell" => {
                let mut shell = Command::new("sh");
                shell.args(["-c", rest]).current_dir(&self.base).envs(GIT).stdout(Stdio::null());
                assert!(shell.status().expect("a shell").success(), "{rest}");
            }
            _ => return false,
        }
        true
    }

    /// Every file below the sandbox, with its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.base)
    }

    /// Runs rhelm with these words, the first of which may be `NAME=VALUE` (`CWD` is the folder to run in).
    pub fn run(&self, words: &[String], helm_words: bool, stdin: &[u8], limit: Duration) -> Outcome {
        let mut command = if self.capped {
            let mut shell = Command::new("sh");
            let limit = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
            shell.args(["-c", &limit, env!("CARGO_BIN_EXE_rhelm")]);
            shell
        } else {
            Command::new(env!("CARGO_BIN_EXE_rhelm"))
        };
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["HELM", "KUBE", "XDG_", "RHELM"].iter().any(|p| text.starts_with(p)) {
                command.env_remove(&name);
            }
        }
        command.envs(GIT).env("HOME", self.top.join("h")).env("TZ", "UTC").env("LC_ALL", "C").env("NO_COLOR", "1");
        if helm_words {
            command.env("RHELM_ERROR_FORMAT", "helm");
        }
        command.current_dir(&self.base);
        let mut words = words;
        while let Some((name, value)) = words.first().and_then(|w| w.split_once('=')) {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit()) {
                break;
            }
            if name == "CWD" {
                command.current_dir(self.base.join(value));
            } else {
                command.env(name, value);
            }
            words = &words[1..];
        }
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut outcome = wait(command, stdin, limit);
        let dir = self.base.to_string_lossy().into_owned();
        outcome.stdout = replace(&outcome.stdout, dir.as_bytes(), b"{DIR}");
        outcome.stderr = replace(&outcome.stderr, dir.as_bytes(), b"{DIR}");
        outcome
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.top);
    }
}

/// Runs a command to its end or to the limit.
fn wait(mut command: Command, stdin: &[u8], limit: Duration) -> Outcome {
    let mut child = command.spawn().expect("rhelm starts");
    let mut input = child.stdin.take().expect("a pipe");
    let stdin = stdin.to_vec();
    // A program that doesn't read its input closes the pipe; that is no error here.
    let writer = thread::spawn(move || drop(input.write_all(&stdin)));
    let mut pipes = [
        Box::new(child.stdout.take().expect("a pipe")) as Box<dyn Read + Send>,
        Box::new(child.stderr.take().expect("a pipe")),
    ]
    .into_iter()
    .map(|mut pipe| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.read_to_end(&mut text);
            text
        })
    });
    let (out, err) = (pipes.next().expect("two"), pipes.next().expect("two"));
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    let exit = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status.code().unwrap_or(-1);
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            break -2;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let _ = writer.join();
    Outcome { exit, stdout: out.join().expect("a reader"), stderr: err.join().expect("a reader") }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|w| w == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Every regular file below a folder by its path there; links to folders are not followed.
fn files(base: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(base: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                if entry.file_name() != ".git" {
                    walk(base, &path, out);
                }
            } else if path.is_file() {
                let name = path.strip_prefix(base).expect("below").to_string_lossy().into_owned();
                out.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(base, base, &mut out);
    out
}

fn copy(from: &Path, to: &Path) {
    for (name, content) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder above");
        fs::write(path, content).expect("a copy");
    }
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder above");
    std::os::unix::fs::symlink(target, path).expect("a link");
}

#[cfg(not(unix))]
fn link(_: &str, path: &Path) {
    panic!("no links on this system: {}", path.display());
}
