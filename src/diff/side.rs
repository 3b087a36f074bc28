//! Two columns: the left side and the right side, with a mark between them.

use super::lines::{self, Mark};
use super::{Compared, Layout, helm, style};
use unicode_width::UnicodeWidthChar;

/// The width where nobody knows it.
const WIDTH: usize = 130;

/// Narrower columns could hold nothing.
const NARROWEST: usize = 10;

/// How far a tab goes.
const TAB: usize = 4;

pub(super) fn write(report: &[Compared], layout: &Layout) -> Vec<u8> {
    let width = if layout.width == 0 { WIDTH } else { layout.width };
    let column = (width.saturating_sub(3) / 2).max(NARROWEST);
    let mut out = Vec::new();
    for compared in report.iter().filter(|compared| !compared.changes.is_empty()) {
        if report.len() > 1 {
            style::line(&mut out, layout.colour.then_some(style::BOLD), style::heading(compared).as_bytes());
        }
        for change in &compared.changes {
            helm::head(&mut out, change, layout);
            let (before, after) = helm::texts(change);
            object(&mut out, &before, &after, column, layout);
        }
        for note in &compared.notes {
            style::line(&mut out, layout.colour.then_some(style::CYAN), format!("# {note}").as_bytes());
        }
    }
    out
}

fn object(out: &mut Vec<u8>, before: &[u8], after: &[u8], column: usize, layout: &Layout) {
    let rows = lines::rows(before, after);
    let near = lines::near(&rows, layout.context);
    let mut blocks = style::blocks(&rows).into_iter().peekable();
    let (mut at, mut omitting) = (0, false);
    while let Some(row) = rows.get(at) {
        if row.mark == Mark::Same {
            at += 1;
            if near.get(at - 1) == Some(&true) {
                omitting = false;
                both(out, Some(row.text), Some(row.text), ' ', column, layout);
            } else if !omitting {
                omitting = true;
                out.extend_from_slice(b"...\n");
            }
            continue;
        }
        let Some((removed, added)) = blocks.next() else { break };
        omitting = false;
        for i in 0..removed.len().max(added.len()) {
            let text =
                |range: &std::ops::Range<usize>| range.clone().nth(i).and_then(|at| rows.get(at)).map(|row| row.text);
            let (left, right) = (text(&removed), text(&added));
            let mark = match (left, right) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            both(out, left, right, mark, column, layout);
        }
        at = added.end;
    }
}

/// Writes a line of both sides: several where it is longer than its column.
fn both(out: &mut Vec<u8>, left: Option<&[u8]>, right: Option<&[u8]>, mark: char, column: usize, layout: &Layout) {
    let fold = |text: Option<&[u8]>| text.map(|text| folded(text, column)).unwrap_or_default();
    let (left, right) = (fold(left), fold(right));
    for i in 0..left.len().max(right.len()).max(1) {
        let (one, width) = left.get(i).cloned().unwrap_or_default();
        let (two, _) = right.get(i).cloned().unwrap_or_default();
        let mut line = String::new();
        let cell = |line: &mut String, text: &str, colour: &str| {
            let ink = layout.colour && mark != ' ' && !text.is_empty();
            if ink {
                line.push_str(colour);
            }
            line.push_str(text);
            if ink {
                line.push_str("\x1b[0m");
            }
        };
        cell(&mut line, &one, style::RED);
        line.extend(std::iter::repeat_n(' ', column.saturating_sub(width)));
        line.push(' ');
        line.push(mark);
        line.push(' ');
        cell(&mut line, &two, style::GREEN);
        out.extend_from_slice(line.trim_end_matches(' ').as_bytes());
        out.push(b'\n');
    }
}

/// A line in pieces that fit into a column, with their widths.
fn folded(text: &[u8], column: usize) -> Vec<(String, usize)> {
    let text = String::from_utf8_lossy(text);
    let mut out = Vec::new();
    let (mut piece, mut width) = (String::new(), 0);
    let mut add = |c: char, out: &mut Vec<(String, usize)>| {
        let wide = c.width().unwrap_or(0);
        if width + wide > column {
            out.push((std::mem::take(&mut piece), width));
            width = 0;
        }
        piece.push(c);
        width += wide;
    };
    for c in text.chars() {
        match c {
            '\t' => (0..TAB).for_each(|_| add(' ', &mut out)),
            '\r' => {}
            c if c.is_control() => add('\u{fffd}', &mut out),
            c => add(c, &mut out),
        }
    }
    out.push((piece, width));
    out
}
