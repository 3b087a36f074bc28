//! What `patch` takes: a file a release.

use super::lines::{self, Mark, Row};
use super::{Compared, Layout, style};

pub(super) fn write(report: &[Compared], layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    for compared in report.iter().filter(|compared| !compared.changes.is_empty()) {
        release(&mut out, compared, layout);
    }
    out
}

fn release(out: &mut Vec<u8>, compared: &Compared, layout: &Layout) {
    let (from, to) = match &compared.texts {
        Some((from, to)) => (from.to_vec(), to.to_vec()),
        None => texts_of_changes(compared),
    };
    let ink = |colour: &'static str| layout.colour.then_some(colour);
    // `patch` takes everything before the first `---` for words.
    for change in &compared.changes {
        for risk in change.warnings() {
            let line = format!("# {}: {risk}", style::title(change));
            style::line(out, ink(style::RED), line.as_bytes());
        }
        for field in &change.fields {
            for why in &field.why {
                let of = if field.path.is_empty() { String::new() } else { format!("{} ", field.path) };
                let line = format!("# {}: {of}{why}", style::title(change));
                style::line(out, ink(style::CYAN), line.as_bytes());
            }
        }
    }
    for note in &compared.notes {
        style::line(out, ink(style::CYAN), format!("# {note}").as_bytes());
    }
    let file = match compared.environment.as_str() {
        "" => format!("{}.yaml", compared.release),
        environment => format!("{environment}/{}.yaml", compared.release),
    };
    // Behind a name with blanks `patch` wants a tab.
    let tab = if file.contains(' ') { "\t" } else { "" };
    style::line(out, ink(style::BOLD), format!("--- a/{file}{tab}").as_bytes());
    style::line(out, ink(style::BOLD), format!("+++ b/{file}{tab}").as_bytes());
    hunks(out, &from, &to, layout);
}

/// Both sides of a comparison of which nobody kept the whole texts.
fn texts_of_changes(compared: &Compared) -> (Vec<u8>, Vec<u8>) {
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for change in &compared.changes {
        for (out, text, source) in
            [(&mut from, &change.before, &change.from_source), (&mut to, &change.after, &change.source)]
        {
            if let Some(text) = text {
                out.extend_from_slice(b"---\n");
                if !source.is_empty() {
                    out.extend_from_slice(format!("# Source: {source}\n").as_bytes());
                }
                out.extend_from_slice(text);
                out.push(b'\n');
            }
        }
    }
    (from, to)
}

/// The hunks between two texts.
pub(super) fn hunks(out: &mut Vec<u8>, from: &[u8], to: &[u8], layout: &Layout) {
    // Lines with their ends: one without is another line.
    let split = |text| -> Vec<&[u8]> { <[u8]>::split_inclusive(text, |b| *b == b'\n').collect() };
    let (before, after) = (split(from), split(to));
    let rows = lines::rows_of(&before, &after);
    let near = lines::near(&rows, layout.context);
    let mut at = 0;
    while at < rows.len() {
        let skipped = near.iter().skip(at).take_while(|near| !**near).count();
        at += skipped;
        let length = near.iter().skip(at).take_while(|near| **near).count();
        let Some(hunk) = rows.get(at..at + length).filter(|hunk| !hunk.is_empty()) else { break };
        at += length;
        write_hunk(out, hunk, layout);
    }
}

fn write_hunk(out: &mut Vec<u8>, hunk: &[Row<'_>], layout: &Layout) {
    let Some(first) = hunk.first() else { return };
    let from = hunk.iter().filter(|row| row.mark != Mark::Added).count();
    let to = hunk.iter().filter(|row| row.mark != Mark::Removed).count();
    // A side without lines is told by the line before it.
    let side = |start: usize, count: usize| match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    };
    let head = format!("@@ -{} +{} @@", side(first.from, from), side(first.to, to));
    style::line(out, layout.colour.then_some(style::CYAN), head.as_bytes());
    let stretches = if layout.colour { style::stretches(hunk) } else { vec![None; hunk.len()] };
    for (row, stretches) in hunk.iter().zip(stretches) {
        let (sign, ink) = match row.mark {
            Mark::Same => (b' ', None),
            Mark::Removed => (b'-', Some(style::RED)),
            Mark::Added => (b'+', Some(style::GREEN)),
        };
        let body = row.text.strip_suffix(b"\n").unwrap_or(row.text);
        match (stretches, ink) {
            (Some(mut stretches), Some(ink)) => {
                if let Some((_, last)) = stretches.last_mut() {
                    *last = last.strip_suffix(b"\n").unwrap_or(last);
                }
                style::marked(out, ink, &[sign], &stretches);
            }
            _ => style::line(out, ink.filter(|_| layout.colour), &[&[sign], body].concat()),
        }
        if body.len() == row.text.len() {
            out.extend_from_slice(b"\\ No newline at end of file\n");
        }
    }
}
