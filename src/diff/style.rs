//! What all text formats share: names, marks, colours, values on one line.

use super::lines::{Mark, Row};
use super::words::{Stretch, words};
use super::{Change, ChangeKind, Compared};
use crate::manifest::Object;
use serde_json::Value as Json;

pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const RED: &str = "\x1b[31m";
pub(super) const YELLOW: &str = "\x1b[33m";
pub(super) const MAGENTA: &str = "\x1b[35m";
pub(super) const CYAN: &str = "\x1b[36m";
pub(super) const BOLD: &str = "\x1b[1m";
/// Marks words; the colour stays.
const MARKED: &str = "\x1b[7m";
const UNMARKED: &str = "\x1b[27m";
const PLAIN: &str = "\x1b[0m";

/// Writes a line in a colour, if there are colours.
pub(super) fn line(out: &mut Vec<u8>, colour: Option<&str>, text: &[u8]) {
    match colour {
        Some(colour) if !text.is_empty() => {
            out.extend_from_slice(colour.as_bytes());
            safe(out, text);
            out.extend_from_slice(PLAIN.as_bytes());
        }
        Some(_) => {}
        None => out.extend_from_slice(text),
    }
    out.push(b'\n');
}

/// On a terminal: bytes that would command it are shown instead.
pub(super) fn safe(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            b'\t' | b'\n' | 0x20..=0x7e | 0x80.. => out.push(*byte),
            byte => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
}

/// The colour of a kind of change.
pub(super) fn colour(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => GREEN,
        ChangeKind::Removed => RED,
        ChangeKind::Changed => YELLOW,
        ChangeKind::Renamed => MAGENTA,
    }
}

/// `default, web, Deployment (apps)`: helm-diff's name of an object.
pub(super) fn called(object: &Object) -> String {
    let api = if object.group.is_empty() { &object.version } else { &object.group };
    plain(&format!("{}, {}, {} ({api})", object.namespace, object.name, object.kind))
}

/// A name on its line: what would command a terminal or break the line is shown instead.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The release among several: with its environment, where there are several of these, too.
pub(super) fn label(report: &[Compared], compared: &Compared) -> String {
    let several = report.iter().any(|other| other.environment != compared.environment);
    if several { format!("{}/{}", compared.environment, compared.release) } else { compared.release.clone() }
}

/// A change's object, by its old name where it has two.
pub(super) fn title(change: &Change) -> String {
    let name = called(change.from_object.as_ref().unwrap_or(&change.object));
    // What is no object at all is told by its template.
    match change.common_source() {
        Some(source) if change.object.kind.is_empty() => format!("{name} in {source}"),
        _ => name,
    }
}

/// What happens, behind an object's name.
pub(super) fn words_of(change: &Change) -> String {
    match change.kind {
        ChangeKind::Added => "has been added:".into(),
        ChangeKind::Removed => "has been removed:".into(),
        ChangeKind::Changed => "has changed:".into(),
        ChangeKind::Renamed => format!("has been renamed to {}:", change.object.name),
    }
}

/// A heading for a release, where there are several.
pub(super) fn heading(compared: &Compared) -> String {
    let mut out = String::from("# ");
    if !compared.environment.is_empty() {
        out.push_str(&compared.environment);
        out.push('/');
    }
    out.push_str(&compared.release);
    if !(compared.from.is_empty() && compared.to.is_empty()) {
        out.push_str(&format!(": {} → {}", compared.from, compared.to));
    }
    out
}

/// A value on one line.
pub(super) fn value(json: Option<&Json>) -> String {
    json.map_or_else(|| "(none)".into(), ToString::to_string)
}

/// Both sides of every line that differs, and what of it does: rows that stand at the same place in what is removed and in what
/// is added in its place belong together.
pub(super) fn stretches<'t>(rows: &[Row<'t>]) -> Vec<Option<Vec<Stretch<'t>>>> {
    let mut out: Vec<Option<Vec<Stretch<'t>>>> = vec![None; rows.len()];
    for (removed, added) in blocks(rows) {
        for (i, j) in removed.zip(added) {
            let (Some(one), Some(two)) = (rows.get(i), rows.get(j)) else { continue };
            let (one, two) = words(one.text, two.text);
            if let Some(place) = out.get_mut(i) {
                *place = Some(one);
            }
            if let Some(place) = out.get_mut(j) {
                *place = Some(two);
            }
        }
    }
    out
}

/// Where rows are removed, and what is added in their place.
pub(super) fn blocks(rows: &[Row<'_>]) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let run = |from: usize, mark| rows.iter().skip(from).take_while(|row| row.mark == mark).count();
        let removed = run(at, Mark::Removed);
        let added = run(at + removed, Mark::Added);
        if removed + added == 0 {
            at += run(at, Mark::Same);
            continue;
        }
        found.push((at..at + removed, at + removed..at + removed + added));
        at += removed + added;
    }
    found
}

/// A line with its marked words, in a colour.
pub(super) fn marked(out: &mut Vec<u8>, colour: &str, head: &[u8], stretches: &[Stretch<'_>]) {
    out.extend_from_slice(colour.as_bytes());
    out.extend_from_slice(head);
    for (differs, text) in stretches {
        if *differs {
            out.extend_from_slice(MARKED.as_bytes());
        }
        safe(out, text);
        if *differs {
            out.extend_from_slice(UNMARKED.as_bytes());
        }
    }
    out.extend_from_slice(PLAIN.as_bytes());
    out.push(b'\n');
}
