//! A text that is being drawn, with or without colours.

/// What a stretch of the drawing means; its colour follows from that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// Source text and facts.
    Plain,
    /// `error:`, and what marks the culprit.
    Error,
    /// The sentence.
    Title,
    /// What marks places that explain.
    Note,
    /// Arrows, line numbers, bars.
    Frame,
    /// `help:`
    Help,
    /// Helm's own words.
    Quiet,
}

impl Style {
    /// The ANSI sequence that begins it.
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Error => "\x1b[1;31m",
            Style::Title => "\x1b[1m",
            Style::Note | Style::Frame => "\x1b[34m",
            Style::Help => "\x1b[1;32m",
            Style::Quiet => "\x1b[2m",
        }
    }
}

/// Lines of styled text.
pub(super) struct Page {
    text: String,
    colour: bool,
}

impl Page {
    pub(super) fn new(colour: bool) -> Self {
        Page { text: String::new(), colour }
    }

    pub(super) fn put(&mut self, style: Style, text: &str) {
        let code = if self.colour && !text.trim().is_empty() { style.code() } else { "" };
        self.text.push_str(code);
        self.text.push_str(text);
        if !code.is_empty() {
            self.text.push_str("\x1b[0m");
        }
    }

    pub(super) fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// The gutter of a line without number, and a bar.
    pub(super) fn bar(&mut self, width: usize) {
        self.put(Style::Frame, &format!("{:width$} |", ""));
    }

    /// Without the final newline.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches('\n').len());
        self.text
    }
}

/// A text that a terminal cannot take for commands: control characters and changes of direction are replaced.
pub(super) fn tame(text: &str) -> String {
    text.chars().map(tame_char).collect()
}

/// See [`tame`].
pub(super) fn tame_char(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    }
}

/// How many columns a character takes.
pub(super) fn columns(c: char) -> usize {
    match u32::from(c) {
        0..=0x2ff => 1,
        // Marks that stand over or under the letter before them, joiners, variation selectors.
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x200b..=0x200d => 0,
        0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xfeff => 0,
        0xe0100..=0xe01ef => 0,
        // East Asian letters and emoji.
        0x1100..=0x115f | 0x231a..=0x231b | 0x2329..=0x232a | 0x23e9..=0x23ec | 0x2e80..=0x303e => 2,
        0x3041..=0xa4cf | 0xa960..=0xa97c | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff01..=0xff60 => 2,
        0xffe0..=0xffe6 | 0x1f004 | 0x1f0cf | 0x1f18e..=0x1f19a | 0x1f200..=0x1f320 | 0x1f32d..=0x1f64f => 2,
        0x1f680..=0x1f6ff | 0x1f7e0..=0x1f7eb | 0x1f900..=0x1f9ff | 0x1fa70..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
