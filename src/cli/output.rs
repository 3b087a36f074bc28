//! Manifests as `helm template` prints and writes them.

use crate::diagnostic::{Diagnostic, Error};
use crate::go::filepath;
use crate::manifest::{Document, Event, Manifests, split};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// What of the manifests is wanted.
pub(super) struct Wanted {
    pub(super) skip_tests: bool,
    pub(super) no_hooks: bool,
    pub(super) show_only: Vec<String>,
}

fn document(out: &mut Vec<u8>, path: &str, text: &[u8]) {
    out.extend_from_slice(b"---\n# Source: ");
    out.extend_from_slice(path.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// CRDs and resources, without hooks: what Helm stores as the release's manifest.
pub(super) fn manifest(manifests: &Manifests) -> Vec<u8> {
    // Hooks may follow.
    let documents = manifests.resources.iter().chain(&manifests.hooks).map(|d| d.text.len() + d.path.len());
    let crds = manifests.crds.iter().map(|(path, text)| path.len() + text.len());
    let mut out = Vec::with_capacity(documents.chain(crds).map(|len| len + 20).sum());
    for (path, text) in &manifests.crds {
        document(&mut out, path, text);
    }
    for resource in &manifests.resources {
        document(&mut out, &resource.path, &resource.text);
    }
    out
}

/// The hooks that are wanted.
pub(super) fn hooks<'m>(manifests: &'m Manifests, wanted: &Wanted) -> Vec<&'m Document> {
    if wanted.no_hooks {
        return Vec::new();
    }
    manifests.hooks.iter().filter(|hook| !(wanted.skip_tests && hook.events.contains(&Event::Test))).collect()
}

/// The whole text: the manifest trimmed and ended with a newline, then the hooks as they are.
pub(super) fn stream(manifest: Vec<u8>, hooks: &[&Document]) -> Vec<u8> {
    use bstr::ByteSlice as _;
    let mut out = manifest;
    out.truncate(out.trim_end().len());
    out.drain(..out.len() - out.trim_start().len());
    out.push(b'\n');
    for hook in hooks {
        document(&mut out, &hook.path, &hook.text);
    }
    out
}

/// `--show-only`: splits the whole text again and picks what the named templates made. Of `dropped` nothing may be left.
///
/// # Errors
/// A pattern that matches nothing.
pub(super) fn show_only(stream: &[u8], patterns: &[String], dropped: &[String]) -> Result<Vec<u8>, Error> {
    let parts: Vec<(&[u8], String)> =
        split(stream).into_iter().filter_map(|part| Some((part, source(part)?))).collect();
    let mut out = Vec::new();
    for pattern in patterns {
        let mut missing = true;
        for (part, name) in &parts {
            if filepath::matches(pattern.as_bytes(), name.as_bytes()) == Some(true) {
                out.extend_from_slice(b"---\n");
                out.extend_from_slice(part);
                out.push(b'\n');
                missing = false;
            }
        }
        let mut dropped = dropped.iter().filter_map(|path| path.split_once('/'));
        if missing && !dropped.any(|(_, name)| filepath::matches(pattern.as_bytes(), name.as_bytes()) == Some(true)) {
            let names: Vec<&str> = parts.iter().map(|(_, name)| name.as_str()).collect();
            return Err(not_found(pattern, &names));
        }
    }
    Ok(out)
}

/// Nothing was made by a template of that name.
pub(super) fn not_found(pattern: &str, names: &[&str]) -> Error {
    let diagnostic = Diagnostic::helm(format!("could not find template {pattern} in chart"));
    match names.iter().find(|name| name.ends_with(pattern) || pattern.ends_with(**name)) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")).into(),
        None => diagnostic.into(),
    }
}

/// What stands behind the first `# Source: CHART/`.
fn source(part: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(part);
    text.match_indices("# Source: ").find_map(|(at, marker)| {
        let line = text.get(at + marker.len()..)?.split('\n').next()?;
        let (chart, name) = line.split_once('/')?;
        (!chart.is_empty() && !name.is_empty()).then(|| name.to_owned())
    })
}

/// `--output-dir`: one file a template. Returns what to print.
///
/// # Errors
/// What the system says.
pub(super) fn write_files(
    manifests: &Manifests,
    wanted: &Wanted,
    dir: &str,
    release: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let below = match release {
        Some(release) => filepath::clean(&format!("{dir}/{release}")),
        None => dir.to_owned(),
    };
    let mut told = Vec::new();
    let mut written: Vec<String> = Vec::new();
    for (path, text) in &manifests.crds {
        write_file(dir, path, text, written.contains(path), &mut told)?;
        written.push(path.clone());
    }
    let mut last = "";
    let mut seen = std::collections::HashSet::new();
    for resource in &manifests.resources {
        let again = last == resource.path || !seen.insert(resource.path.as_str());
        write_file(&below, &resource.path, &resource.text, again, &mut told)?;
        last = &resource.path;
    }
    for hook in hooks(manifests, wanted) {
        // Helm appends to whatever is there.
        let there = Path::new(&format!("{below}/{}", hook.path)).exists();
        write_file(&below, &hook.path, &hook.text, there, &mut told)?;
    }
    Ok(told)
}

fn write_file(dir: &str, name: &str, text: &[u8], append: bool, told: &mut Vec<u8>) -> Result<(), Error> {
    let path = format!("{dir}/{name}");
    let fail = |call: &str, path: &str, error: &std::io::Error| {
        Error::helm(crate::tree::Error::system(call, path, error).words)
    };
    if let Some(parent) = Path::new(&path).parent() {
        // Helm looks before it makes folders.
        if let Err(error) = std::fs::metadata(parent)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(fail("stat", &parent.to_string_lossy(), &error));
        }
        std::fs::create_dir_all(parent).map_err(|error| fail("mkdir", &parent.to_string_lossy(), &error))?;
    }
    let mut options = OpenOptions::new();
    if append {
        options.append(true);
    } else {
        options.write(true).create(true).truncate(true);
    }
    let mut out = Vec::with_capacity(text.len() + name.len() + 20);
    document(&mut out, name, text);
    options.open(&path).and_then(|mut file| file.write_all(&out)).map_err(|error| fail("open", &path, &error))?;
    told.extend_from_slice(format!("wrote {path}\n").as_bytes());
    Ok(())
}
