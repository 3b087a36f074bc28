//! A few lines of a source with marks under them.

use super::mask::{MASK, hidden, line_at};
use super::page::{Page, Style, columns, tame, tame_char};
use super::{Source, Span};
use bstr::ByteSlice;
use std::collections::BTreeMap;

/// Lines beyond this many bytes are cut around their marks.
const MAX_LINE: usize = 240;

/// Where a cut line begins: this many bytes before its first mark.
const BEFORE: usize = 60;

/// More lines of one source are not shown.
const MAX_LINES: usize = 24;

const TAB: usize = 4;

/// What a mark stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The culprit: `^`.
    Culprit,
    /// What explains it: `-`.
    Note,
    /// Its line is shown and nothing is marked.
    Context,
}

/// A stretch of the source and what is said of it.
pub(super) struct Mark {
    pub(super) span: Span,
    pub(super) role: Role,
    pub(super) text: String,
}

/// A line that will be shown.
struct Line {
    /// The offset of its first byte.
    start: usize,
    /// Byte offsets in the line.
    marks: Vec<(usize, usize, Role, String)>,
}

/// A mark in columns.
#[derive(Clone)]
struct Placed {
    start: usize,
    end: usize,
    role: Role,
    text: String,
}

impl Placed {
    fn style(&self) -> Style {
        if self.role == Role::Culprit { Style::Error } else { Style::Note }
    }
}

/// The lines of a source that carry marks.
pub(super) struct Excerpt<'s> {
    source: &'s Source,
    lines: BTreeMap<usize, Line>,
}

impl<'s> Excerpt<'s> {
    pub(super) fn new(source: &'s Source, marks: Vec<Mark>) -> Self {
        let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
        for mark in marks {
            let (number, byte) = source.line_and_byte(mark.span.start);
            if lines.len() >= MAX_LINES && !lines.contains_key(&number) {
                continue;
            }
            let at = (mark.span.start as usize).min(source.text.len());
            let line = lines.entry(number).or_insert_with(|| Line { start: at - byte, marks: Vec::new() });
            if mark.role == Role::Context {
                continue;
            }
            // A mark over several lines stands under the first.
            let full = line_at(&source.text, line.start);
            let length = full.trim_ascii_end().len().max(byte);
            let end = (mark.span.end as usize).saturating_sub(line.start).min(length).max(byte);
            line.marks.push((byte, end, mark.role, mark.text));
        }
        Excerpt { source, lines }
    }

    /// The greatest line number that is shown.
    pub(super) fn last_line(&self) -> usize {
        self.lines.keys().next_back().copied().unwrap_or(1)
    }

    pub(super) fn draw(&self, page: &mut Page, width: usize, mask: bool) {
        page.bar(width);
        page.end_line();
        let mut previous: Option<(usize, &Line)> = None;
        for (&number, line) in &self.lines {
            if let Some((before, shown)) = previous {
                match number - before {
                    1 => {}
                    2 => {
                        // One line takes no more room than the sign for a gap.
                        let start = shown.start + self.raw_length(shown.start);
                        self.line(page, width, number - 1, &Line { start, marks: Vec::new() }, mask);
                    }
                    _ => {
                        page.put(Style::Frame, &format!("{:width$} ⋮", ""));
                        page.end_line();
                    }
                }
            }
            self.line(page, width, number, line, mask);
            previous = Some((number, line));
        }
    }

    /// The length of a line with its end.
    fn raw_length(&self, start: usize) -> usize {
        let rest = self.source.text.get(start..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)
    }

    fn line(&self, page: &mut Page, width: usize, number: usize, line: &Line, mask: bool) {
        let text = line_at(&self.source.text, line.start);
        let hidden = if mask { hidden(self.source, line.start) } else { Vec::new() };
        let shown = Shown::new(text, &line.marks, &hidden);
        page.put(Style::Frame, &format!("{number:>width$} |"));
        if !shown.text.is_empty() {
            page.put(Style::Plain, " ");
            page.put(Style::Plain, &shown.text);
        }
        page.end_line();
        let mut marks: Vec<Placed> = Vec::new();
        let mut sorted: Vec<_> = line.marks.iter().collect();
        sorted.sort_by_key(|(start, end, ..)| (*start, *end));
        for (start, end, role, text) in sorted {
            let (start, end) = shown.place(*start, *end);
            match marks.last_mut() {
                // Two at one place speak one after the other.
                Some(last) if last.start == start => {
                    last.end = last.end.max(end);
                    if *role == Role::Culprit {
                        last.role = Role::Culprit;
                    }
                    if !last.text.is_empty() && !text.is_empty() {
                        last.text.push_str("; ");
                    }
                    last.text.push_str(text);
                }
                _ => marks.push(Placed { start, end, role: *role, text: text.clone() }),
            }
        }
        draw_marks(page, width, &marks);
    }
}

/// The marks of a line and their words: the rightmost speaks beside its mark, the others hang below theirs.
fn draw_marks(page: &mut Page, width: usize, marks: &[Placed]) {
    let Some((last, others)) = marks.split_last() else { return };
    let end = marks.iter().map(|mark| mark.end).max().unwrap_or(0);
    let mut row: Vec<Option<Style>> = vec![None; end];
    for role in [Role::Note, Role::Culprit] {
        for mark in marks.iter().filter(|mark| mark.role == role) {
            row.iter_mut().take(mark.end).skip(mark.start).for_each(|cell| *cell = Some(mark.style()));
        }
    }
    page.bar(width);
    page.put(Style::Plain, " ");
    for run in row.chunk_by(|a, b| a == b) {
        match run.first() {
            Some(Some(Style::Error)) => page.put(Style::Error, &"^".repeat(run.len())),
            Some(Some(style)) => page.put(*style, &"-".repeat(run.len())),
            _ => page.put(Style::Plain, &" ".repeat(run.len())),
        }
    }
    if !last.text.is_empty() {
        page.put(Style::Plain, " ");
        page.put(last.style(), &last.text);
    }
    page.end_line();
    let hanging: Vec<&Placed> = others.iter().filter(|mark| !mark.text.is_empty()).collect();
    // `nil` under the left mark, though nothing stands beside the right one.
    for i in (0..hanging.len()).rev() {
        if i + 1 == hanging.len() {
            page.bar(width);
            bars(page, &hanging);
            page.end_line();
        }
        let (Some(mark), Some(left)) = (hanging.get(i), hanging.get(..i)) else { continue };
        page.bar(width);
        let column = bars(page, left);
        page.put(Style::Plain, &" ".repeat((mark.start + 1).saturating_sub(column)));
        page.put(mark.style(), &mark.text);
        page.end_line();
    }
}

/// Draws a bar under each mark; returns the column behind the last, counted from the gutter's bar.
fn bars(page: &mut Page, marks: &[&Placed]) -> usize {
    let mut column = 0;
    for mark in marks {
        page.put(Style::Plain, &" ".repeat((mark.start + 1).saturating_sub(column)));
        page.put(mark.style(), "|");
        column = mark.start + 2;
    }
    column
}

/// A line as it is shown, and where its bytes went.
struct Shown {
    text: String,
    /// The first byte that is shown.
    from: usize,
    /// For each byte of the window the column where it begins and ends.
    starts: Vec<usize>,
    ends: Vec<usize>,
    width: usize,
}

impl Shown {
    fn new(line: &[u8], marks: &[(usize, usize, Role, String)], hidden: &[std::ops::Range<usize>]) -> Self {
        let line = line.trim_ascii_end();
        let (mut from, mut to) = (0, line.len());
        if line.len() > MAX_LINE {
            let first = marks.iter().map(|(start, ..)| *start).min().unwrap_or(0);
            from = first.saturating_sub(BEFORE);
            if from > 0 {
                from = boundary(line, from);
            }
            to = boundary(line, (from + MAX_LINE).min(line.len())).max(from);
        }
        let mut shown = Shown { text: String::new(), from, starts: Vec::new(), ends: Vec::new(), width: 0 };
        if from > 0 {
            shown.text.push('…');
            shown.width += 1;
        }
        let window = line.get(from..to).unwrap_or_default();
        let mut at = 0;
        while at < window.len() {
            if let Some(range) = hidden.iter().find(|range| range.contains(&(from + at))) {
                let end = (range.end - from).min(window.len());
                shown.push(MASK, MASK.len(), end - at);
                at = end;
                continue;
            }
            let (c, length) = bstr::decode_utf8(window.get(at..).unwrap_or_default());
            let length = length.max(1);
            match c {
                Some('\t') => shown.push(&" ".repeat(TAB), TAB, length),
                c => {
                    let c = tame_char(c.unwrap_or('\u{fffd}'));
                    shown.push(c.encode_utf8(&mut [0; 4]), columns(c), length);
                }
            }
            at += length;
        }
        if to < line.len() {
            shown.text.push('…');
        }
        shown
    }

    fn push(&mut self, text: &str, width: usize, bytes: usize) {
        self.text.push_str(text);
        self.starts.extend(std::iter::repeat_n(self.width, bytes));
        self.width += width;
        self.ends.extend(std::iter::repeat_n(self.width, bytes));
    }

    /// The columns of a stretch, at least one wide.
    fn place(&self, start: usize, end: usize) -> (usize, usize) {
        let from = start.saturating_sub(self.from);
        let first = self.starts.get(from).copied().unwrap_or(self.width);
        let last = end.saturating_sub(self.from).checked_sub(1);
        let last = last.map_or(first, |last| self.ends.get(last).copied().unwrap_or(self.width));
        (first, last.max(first + 1))
    }
}

/// The first place at or before an offset where no character is cut.
fn boundary(line: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|&i| line.get(i).is_none_or(|b| b & 0xc0 != 0x80)).unwrap_or(at)
}

/// A line of a source for a fact: tamed and cut.
pub(super) fn cut(text: &str) -> String {
    let mut out = tame(&text.replace('\t', "    "));
    if out.len() > MAX_LINE {
        let end = out.as_bytes().char_indices().map(|(start, ..)| start).take_while(|&i| i <= MAX_LINE).last();
        out.truncate(end.unwrap_or(0));
        out.push('…');
    }
    out
}
