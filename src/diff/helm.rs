//! The layout of helm-diff: a heading an object, its lines behind `  `, `- ` and `+ `, and `...` where equal lines are left out.

use super::lines::{self, Mark, Row};
use super::{Change, Compared, Layout, style};

pub(super) fn write(report: &[Compared], layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    for compared in report.iter().filter(|compared| !compared.changes.is_empty()) {
        if report.len() > 1 || layout.headings {
            style::line(&mut out, layout.colour.then_some(style::BOLD), style::heading(compared).as_bytes());
        }
        for change in &compared.changes {
            head(&mut out, change, layout);
            body(&mut out, change, layout);
        }
        for note in &compared.notes {
            style::line(&mut out, layout.colour.then_some(style::CYAN), format!("# {note}").as_bytes());
        }
    }
    out
}

/// The heading, and what is to be known before the lines: what hurts, and why fields differ.
pub(super) fn head(out: &mut Vec<u8>, change: &Change, layout: &Layout) {
    let title = format!("{} {}", style::title(change), style::words_of(change));
    style::line(out, layout.colour.then_some(style::colour(change.kind)), title.as_bytes());
    for risk in change.warnings() {
        style::line(out, layout.colour.then_some(style::RED), format!("! {risk}").as_bytes());
    }
    for field in &change.fields {
        for why in &field.why {
            let colon = if field.path.is_empty() { "" } else { ": " };
            let line = format!("# {}{colon}{why}", field.path);
            style::line(out, layout.colour.then_some(style::CYAN), line.as_bytes());
        }
    }
}

/// An object's lines. `# Source:` is the first of them where both sides have the same.
pub(super) fn texts(change: &Change) -> (Vec<u8>, Vec<u8>) {
    let source = change.common_source().map(|source| format!("# Source: {source}\n")).unwrap_or_default();
    let text = |text: &Option<crate::value::Str>| {
        text.as_ref().map(|text| [source.as_bytes(), text].concat()).unwrap_or_default()
    };
    (text(&change.before), text(&change.after))
}

/// Writes the lines of an object.
pub(super) fn body(out: &mut Vec<u8>, change: &Change, layout: &Layout) {
    let (before, after) = texts(change);
    let rows = lines::rows(&before, &after);
    let near = lines::near(&rows, layout.context);
    let stretches = if layout.colour { style::stretches(&rows) } else { vec![None; rows.len()] };
    let mut omitting = false;
    for ((row, near), stretches) in rows.iter().zip(near).zip(stretches) {
        if !near {
            if !omitting {
                out.extend_from_slice(b"...\n");
            }
            omitting = true;
            continue;
        }
        omitting = false;
        line(out, row, stretches.as_deref(), layout.colour);
    }
}

fn line(out: &mut Vec<u8>, row: &Row<'_>, stretches: Option<&[super::words::Stretch<'_>]>, colour: bool) {
    let (sign, ink) = match row.mark {
        Mark::Same if row.text.is_empty() => (&b""[..], None),
        Mark::Same => (&b"  "[..], None),
        Mark::Removed => (&b"- "[..], Some(style::RED)),
        Mark::Added => (&b"+ "[..], Some(style::GREEN)),
    };
    match (stretches, ink) {
        (Some(stretches), Some(ink)) if colour => style::marked(out, ink, sign, stretches),
        _ => {
            let text = [sign, row.text].concat();
            // Colours or not: what goes to a terminal must not command it.
            if colour && ink.is_none() {
                style::safe(out, &text);
                out.push(b'\n');
            } else {
                style::line(out, ink.filter(|_| colour), &text);
            }
        }
    }
}
