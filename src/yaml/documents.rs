//! Values files: several documents merged into one map (Helm: pkg/chart/v2/loader, `LoadValues`, which splits
//! with Kubernetes' `YAMLReader`).

use super::Error;
use super::convert::{parse, parse_map};
use crate::stack::deeper;
use crate::text::runs;
use crate::value::{Map, Value};
use std::borrow::Cow;

/// The buffer of Go's `bufio.Reader`.
const BUFFER: usize = 4096;

/// Reads a values file: all its documents in order, maps merged deeply, the rest replaced. The value is a map.
///
/// Errors: Go's words, `error reading yaml document: …` or `cannot unmarshal yaml document: …`; line and offset
/// count from the start of the file.
pub fn documents(text: &[u8]) -> Result<Value, Error> {
    let mut values: Option<Value> = None;
    for document in Documents::new(text) {
        let part = document?;
        let map = parse_map(&part.text).map_err(|error| Error {
            message: format!("cannot unmarshal yaml document: {}", error.message),
            line: error.line.map(|l| l + part.line),
            offset: error.offset.map(|o| part.real(text, o)),
            opened: error.opened.map(|o| part.real(text, o)),
        })?;
        values = Some(match values {
            None => map,
            Some(values) => merge(values, map),
        });
    }
    Ok(values.unwrap_or_else(|| Value::map(Map::new())))
}

/// Reads a stream: each of its documents, whatever it is.
///
/// Errors: as [`documents`], without a prefix.
pub fn stream(text: &[u8]) -> Result<Vec<Value>, Error> {
    let mut values = Vec::new();
    for document in Documents::new(text) {
        let part = document?;
        values.push(parse(&part.text).map_err(|error| Error {
            line: error.line.map(|l| l + part.line),
            offset: error.offset.map(|o| part.real(text, o)),
            opened: error.opened.map(|o| part.real(text, o)),
            message: error.message,
        })?);
    }
    Ok(values)
}

/// Helm's `MergeMaps`. Both belong to nobody else here, so the first is changed in place.
fn merge(values: Value, over: Value) -> Value {
    match (values, over) {
        (Value::Map(kind, into), Value::Map(_, from)) => {
            deeper(|| {
                for (key, value) in from.entries() {
                    let merged = match into.get(&*key) {
                        Some(old @ Value::Map(..)) if matches!(value, Value::Map(..)) => merge(old, value),
                        _ => value,
                    };
                    into.insert(key, merged);
                }
            });
            Value::Map(kind, into)
        }
        (_, over) => over,
    }
}

/// A document and where it starts: lines before it, bytes before it.
pub(super) struct Part<'a> {
    pub(super) text: Cow<'a, [u8]>,
    pub(super) line: usize,
    pub(super) offset: usize,
}

impl Part<'_> {
    /// An offset in the document as one in the text: there a `\r\n` has two bytes.
    pub(super) fn real(&self, text: &[u8], offset: usize) -> usize {
        if let Cow::Borrowed(_) = self.text {
            return self.offset + offset;
        }
        let mut at = self.offset;
        for _ in 0..offset {
            at += if text.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 };
        }
        at.min(text.len())
    }
}

/// The documents of a text. Lines end in `\n` afterwards, the last one too.
pub(super) struct Documents<'a> {
    text: &'a [u8],
    pos: usize,
    line: usize,
    done: bool,
}

impl<'a> Documents<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Documents { text, pos: 0, line: 0, done: false }
    }

    fn finish(&mut self) -> Option<Result<Part<'a>, Error>> {
        self.done = true;
        None
    }
}

/// A document while its lines are collected: a stretch of the text as long as that will do.
struct Collected<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
    own: Option<Vec<u8>>,
}

impl<'a> Collected<'a> {
    fn is_empty(&self) -> bool {
        self.own.as_ref().map_or(self.end == self.start, Vec::is_empty)
    }

    fn add(&mut self, start: usize, end: usize, next: usize) {
        let content = self.text.get(start..end).unwrap_or_default();
        if self.own.is_none() && self.end == start && next == end + 1 {
            self.end = next;
            return;
        }
        let seen = self.text.get(self.start..self.end).unwrap_or_default();
        let own = self.own.get_or_insert_with(|| seen.to_vec());
        own.extend_from_slice(content);
        own.push(b'\n');
    }

    fn finish(self) -> Cow<'a, [u8]> {
        match self.own {
            Some(own) => Cow::Owned(own),
            None => Cow::Borrowed(self.text.get(self.start..self.end).unwrap_or_default()),
        }
    }
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Part<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let mut buffer = Collected { text: self.text, start: self.pos, end: self.pos, own: None };
        let (line, offset) = (self.line, self.pos);
        loop {
            let (start, rest) = (self.pos, self.text.get(self.pos..).unwrap_or_default());
            let newline = runs::byte(rest, b'\n');
            let length = newline.unwrap_or(rest.len());
            let mut content = rest.get(..length).unwrap_or_default();
            self.pos += length + usize::from(newline.is_some());
            self.line += 1;
            if newline.is_some() {
                content = content.strip_suffix(b"\r").unwrap_or(content);
            }
            // At the end of the text Go's reader forgets a line without an end that fills its buffer.
            let at_end = newline.is_none() && (rest.is_empty() || fills_buffer(rest));
            if let Some(after) = content.strip_prefix(b"---") {
                let after = bstr::ByteSlice::trim(after);
                if !after.is_empty() && after.first() != Some(&b'#') {
                    self.done = true;
                    let words = String::from_utf8_lossy(after);
                    return Some(Err(Error {
                        message: format!("error reading yaml document: invalid Yaml document separator: {words}"),
                        line: Some(self.line),
                        offset: Some(start),
                        opened: None,
                    }));
                }
                if !buffer.is_empty() {
                    self.done = at_end;
                    return Some(Ok(Part { text: buffer.finish(), line, offset }));
                }
            }
            if at_end {
                if buffer.is_empty() {
                    return self.finish();
                }
                self.done = true;
                return Some(Ok(Part { text: buffer.finish(), line, offset }));
            }
            buffer.add(start, start + content.len(), self.pos);
        }
    }
}

/// Whether a last line without an end is read in full buffers only. A `\r` at the end of one moves to the next.
fn fills_buffer(line: &[u8]) -> bool {
    let mut at = 0;
    while line.len() - at >= BUFFER {
        at += BUFFER;
        if line.get(at - 1) == Some(&b'\r') {
            at -= 1;
        }
    }
    at == line.len() && at > 0
}
