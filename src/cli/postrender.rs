//! `--post-renderer`: a program that all rendered documents go through. Helm 4 takes a plugin's name there, rhelm the
//! path of what such a plugin runs.

use crate::diagnostic::{Diagnostic, Error};
use crate::go::quote::quoted;
use crate::go::slog::{Level, line};
use crate::world::PostRenderer;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};

/// The post-renderer that runs a program with these arguments.
pub(super) fn program(path: String, args: Vec<String>, debug: bool) -> PostRenderer {
    PostRenderer(Box::new(move |stream, log| run(&path, &args, stream, debug, log)))
}

/// Helm's words have a plugin where rhelm has a path.
fn run(path: &str, args: &[String], stream: Vec<u8>, debug: bool, log: &mut Vec<String>) -> Result<Vec<u8>, Error> {
    let name = quoted(path.as_bytes());
    let fail = |what: String, words: String| {
        let helm = format!("error while running post render on files: {words}");
        Error::from(Diagnostic::new(format!("the post-renderer `{path}` {what}"), helm))
    };
    let no_start = |error: &io::Error| {
        let words = unstarted(path, error);
        fail(format!("cannot be run: {words}"), format!("failed to invoke post-renderer plugin {name}: {words}"))
    };
    if debug {
        let command = [&[path.to_owned()], args].concat().join(" ");
        log.push(line(Level::Debug, "executing plugin command", &[("pluginName", path), ("command", &command)]));
    }
    let mut child = Command::new(path)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| no_start(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // The program may write before it has read everything, or end without reading anything.
        std::thread::spawn(move || stdin.write_all(&stream));
    }
    // What it says to stderr is not told, as in Helm.
    let output = child.wait_with_output().map_err(|error| no_start(&error))?;
    if !output.status.success() {
        let end = end(output.status);
        if debug {
            let code = output.status.code().unwrap_or(-1).to_string();
            let what = [("pluginName", path), ("error", end.as_str()), ("exitCode", &code), ("stderr", "")];
            log.push(line(Level::Debug, "plugin execution failed", &what));
        }
        let words = format!("failed to invoke post-renderer plugin {name}: plugin {name} exited with error");
        return Err(fail(format!("failed: {end}"), words));
    }
    if crate::manifest::is_blank(&output.stdout) {
        return Err(fail("wrote nothing".to_owned(), format!("post-renderer {name} produced empty output")));
    }
    Ok(output.stdout)
}

/// Go's words for a program that does not start.
fn unstarted(path: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound && !path.contains('/') {
        return format!("exec: {}: executable file not found in $PATH", quoted(path.as_bytes()));
    }
    crate::tree::Error::system("fork/exec", path, error).words
}

/// Go's words for how a program ended.
fn end(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}
