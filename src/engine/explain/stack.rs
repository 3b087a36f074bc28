//! Through what a failure went, as facts.

use super::expression::{arguments, without_delimiters};
use super::origin::Origins;
use super::{lossy, text};
use crate::diagnostic::{Location, Span, secret, secret_line};
use crate::template::Frame;

/// More steps than these are left out in the middle: that many are shown at both ends.
const SHOWN: usize = 12;

/// What a node is cut to.
const MAX_NODE: usize = 40;

/// A group of frames that repeats at most is looked for up to this length.
const MAX_PERIOD: usize = 8;

/// A frame before it is drawn.
struct Step {
    what: String,
    at: Location,
    /// What a loop was at.
    note: String,
    /// Whether its source line is shown.
    line: bool,
}

enum Row {
    Step(usize),
    More(usize),
}

/// The facts for the frames around the culprit, innermost first; what repeats is folded.
pub(super) fn facts(frames: &[Frame], origins: &mut Origins<'_>) -> Vec<String> {
    let rows = fold(frames);
    let steps: Vec<(Option<Step>, usize)> = rows
        .iter()
        .map(|row| match row {
            Row::Step(i) => (frames.get(*i).map(|frame| step(frame, origins)), 0),
            Row::More(n) => (None, *n),
        })
        .collect();
    let width = steps.iter().filter_map(|(step, _)| step.as_ref()).map(|s| s.what.chars().count()).max().unwrap_or(0);
    steps
        .iter()
        .map(|(step, more)| match step {
            None => format!("… {more} more"),
            Some(step) => {
                let (line, column) = step.at.source.line_and_column(step.at.span.start);
                let pad = width - step.what.chars().count();
                let note = if step.note.is_empty() { String::new() } else { format!("   {}", step.note) };
                let mut fact = format!("in {}{:pad$}  {}:{line}:{column}{note}", step.what, "", step.at.source.path);
                if step.line {
                    let shown = source_line(&step.at);
                    if !shown.is_empty() {
                        fact += &format!("\n     {shown}");
                    }
                }
                fact
            }
        })
        .collect()
}

fn step(frame: &Frame, origins: &mut Origins<'_>) -> Step {
    match frame {
        Frame::Call { source, span, node, function, .. } => {
            let at = Location { source: source.clone(), span: *span };
            let words = arguments(&source.text, *span);
            let mut what = match (function, words.get(1)) {
                // What it was given is in the line below.
                (Some("include"), Some(name)) => {
                    let name = Location { source: source.clone(), span: *name };
                    format!("include {}", lossy(text(&name)))
                }
                _ => node.split_whitespace().collect::<Vec<_>>().join(" "),
            };
            if let Some((cut, _)) = what.char_indices().nth(MAX_NODE) {
                what.truncate(cut);
                what.push('…');
            }
            Step { what, at: origins.place(&at), note: String::new(), line: true }
        }
        Frame::Loop { at, key } => {
            let span = without_delimiters(&at.source.text, at.span);
            let at = Location { source: at.source.clone(), span };
            let note = key.as_ref().map(|(name, value)| format!("{name} is {value}")).unwrap_or_default();
            Step { what: "range".into(), at: origins.place(&at), note, line: false }
        }
    }
}

/// The line of a place without its indentation; scalars of values are marked.
fn source_line(at: &Location) -> String {
    let (_, byte) = at.source.line_and_byte(at.span.start);
    let start = (at.span.start as usize).min(at.source.text.len()) - byte;
    let rest = at.source.text.get(start..).unwrap_or_default();
    let line = rest.split(|&b| b == b'\n').next().unwrap_or_default();
    if at.source.holds_values() {
        return secret_line(&at.source.text, start).trim().to_owned();
    }
    let line = lossy(line);
    let line = line.trim();
    if at.source.is_tpl() { secret(line) } else { line.to_owned() }
}

/// Whether two frames are drawn alike.
fn alike(a: &Frame, b: &Frame) -> bool {
    let place = |frame: &Frame| -> (usize, Span) {
        match frame {
            Frame::Call { source, span, .. } => (std::sync::Arc::as_ptr(source) as usize, *span),
            Frame::Loop { at, .. } => (std::sync::Arc::as_ptr(&at.source) as usize, at.span),
        }
    };
    place(a) == place(b)
}

/// Frames that repeat, alone or in a group, are shown twice, and how often they do; of what is left the middle
/// is left out.
fn fold(frames: &[Frame]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = 0;
    while at < frames.len() {
        let repeats = |period: usize| {
            let same = (at..frames.len() - period.min(frames.len() - at))
                .take_while(|&i| matches!((frames.get(i), frames.get(i + period)), (Some(a), Some(b)) if alike(a, b)))
                .count();
            same / period + 1
        };
        let found = (1..=MAX_PERIOD).map(|period| (period, repeats(period))).find(|(_, times)| *times > 3);
        match found {
            Some((period, times)) => {
                rows.extend((at..at + 2 * period).map(Row::Step));
                rows.push(Row::More((times - 2) * period));
                at += times * period;
            }
            None => {
                rows.push(Row::Step(at));
                at += 1;
            }
        }
    }
    if rows.len() > 2 * SHOWN + 1 {
        let end = rows.len() - SHOWN;
        let left_out = rows.get(SHOWN..end).unwrap_or_default().iter();
        let count: usize = left_out.map(|row| if let Row::More(n) = row { *n } else { 1 }).sum();
        drop(rows.splice(SHOWN..end, [Row::More(count)]));
    }
    rows
}
