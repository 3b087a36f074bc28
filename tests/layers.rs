//! A module imports only what stands above it: DESIGN's order, held here.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, each of which may import those before it. The picture is in `.github/CONTRIBUTING.md`.
const ORDER: [&str; 27] = [
    "spread",
    "stack",
    "text",
    "diagnostic",
    "value",
    "go",
    "yaml",
    "cluster",
    "tree",
    "database",
    "world",
    "functions",
    "template",
    "tera",
    "chart",
    "values",
    "engine",
    "manifest",
    "release",
    "diff",
    "project",
    "shelf",
    "cache",
    "render",
    "subject",
    "why",
    "cli",
];

#[test]
fn modules_import_only_what_stands_above_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    find(&src, &mut files);
    assert!(!files.is_empty(), "there is no source in {}", src.display());
    let mut failures = Vec::new();
    for path in files {
        let relative = path.strip_prefix(&src).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let first = relative.split('/').next().unwrap_or_default();
        let module = first.strip_suffix(".rs").unwrap_or(first);
        if module == "lib" || module == "main" {
            continue;
        }
        let Some(place) = ORDER.iter().position(|m| *m == module) else {
            failures.push(format!("src/{relative}: `{module}` has no place in the order"));
            continue;
        };
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for (number, name) in imports(&text) {
            match ORDER.iter().position(|m| *m == name) {
                Some(other) if other > place => {
                    failures
                        .push(format!("src/{relative}:{number}: `{module}` imports `{name}`, which stands below it"));
                }
                _ => {}
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The names after `crate::` in code, with their lines; `use crate::{a::…, b}` has several.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                // The group may go on over the next lines, up to the closing brace.
                let tail: String =
                    std::iter::once(group).chain(text.lines().skip(index + 1)).collect::<Vec<_>>().join("\n");
                found.extend(group_heads(&tail).into_iter().map(|name| (index + 1, name)));
            } else {
                found.push((index + 1, word(rest)));
            }
        }
    }
    found
}

/// The first names of the items of a `{…}` group whose opening brace is already read.
fn group_heads(text: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(std::mem::take(&mut item).trim_start())),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    heads.push(word(item.trim_start()));
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn find(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}
