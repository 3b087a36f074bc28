//! Named texts and places in them.

use crate::text::Str;
use std::sync::Arc;

/// A text that something was read from: a template, a values file, a `tpl` string.
#[derive(Debug)]
pub struct Source {
    /// Helm's name: `web/templates/deployment.yaml`, `gotpl` for a `tpl` text.
    pub name: String,
    /// The path as the shell knows it: `charts/web/templates/deployment.yaml`,
    /// `charts/web/charts/common-2.31.4.tgz!templates/_names.tpl`.
    pub path: String,
    /// The text.
    pub text: Str,
    /// Where a text that lies in no file comes from: the `tpl` call.
    pub origin: Option<Location>,
}

/// Byte offsets in a text, `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A stretch of a source.
#[derive(Debug, Clone)]
pub struct Location {
    /// The text.
    pub source: Arc<Source>,
    /// The stretch.
    pub span: Span,
}

impl Span {
    /// From byte offsets.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }
}

impl Source {
    /// A stretch of the text.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The name of all sources that hold values: nothing else is called so, and no template can be.
    pub const VALUES: &'static str = "values.yaml";

    /// Whether it is a values file, a chart's own or one that the user names.
    pub fn holds_values(&self) -> bool {
        self.name == Source::VALUES
    }

    /// Whether it is a text that was given to `tpl`.
    pub fn is_tpl(&self) -> bool {
        self.name == "gotpl"
    }

    /// Line (from 1) and 0-based byte column of an offset.
    pub fn line_and_byte(&self, offset: u32) -> (usize, usize) {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
        (line, before.len() - start)
    }

    /// Line and column of an offset, both from 1, the column in characters.
    pub fn line_and_column(&self, offset: u32) -> (usize, usize) {
        let (line, byte) = self.line_and_byte(offset);
        let end = (offset as usize).min(self.text.len());
        let text = self.text.get(end - byte..end).unwrap_or_default();
        (line, bstr::ByteSlice::chars(text).count() + 1)
    }
}
