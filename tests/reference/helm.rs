//! The real Helm, and the folder that both programs work in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

/// The binary and a folder for what it is given; the folder is removed in the end.
pub struct Helm {
    binary: PathBuf,
    folder: PathBuf,
    next: AtomicU64,
}

/// What a program did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    pub exit: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Helm {
    pub fn new(binary: &str) -> Self {
        let binary = fs::canonicalize(binary).unwrap_or_else(|error| panic!("{binary}: {error}"));
        // Hundreds of thousands of small files: memory rather than a disk, where there is such a folder.
        let shm = Path::new("/dev/shm");
        let base = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("rhelm-reference-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Helm { binary, folder, next: AtomicU64::new(0) }
    }

    pub fn version(&self) -> String {
        let ran = self.run(&self.folder, &["version", "--short"]);
        assert_eq!(ran.exit, 0, "the reference does not run: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// A new empty folder.
    pub fn folder(&self) -> PathBuf {
        let folder = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// Runs Helm in a folder.
    pub fn run(&self, folder: &Path, words: &[impl AsRef<std::ffi::OsStr>]) -> Ran {
        run(&self.binary, folder, words)
    }

    /// Runs rhelm in a folder, with Helm's words for errors.
    pub fn run_ours(&self, folder: &Path, words: &[impl AsRef<std::ffi::OsStr>]) -> Ran {
        run(Path::new(env!("CARGO_BIN_EXE_rhelm")), folder, words)
    }
}

impl Drop for Helm {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Address space for a run, in KiB, and processor seconds: a generated case may ask for more than there is.
const LIMITS: &str = "ulimit -v 8388608; ulimit -t 20; exec \"$0\" \"$@\"";

fn run(program: &Path, folder: &Path, words: &[impl AsRef<std::ffi::OsStr>]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", LIMITS]).arg(program).args(words).current_dir(folder).stdin(Stdio::null());
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    command.env("RHELM_ERROR_FORMAT", "helm");
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    Ran { exit: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: output.stderr }
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}
