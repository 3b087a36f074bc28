//! A document that is written plainly, read line by line.
//!
//! Values files and what `toYaml` writes are block style: keys, plain or quoted scalars, block scalars, lists. What `outline` knows of
//! their lines is enough to build the value of such a document without tokens, events and nodes. What stands on several lines or in
//! brackets is handed to the scanner by itself; a document of which anything is not certain is handed over whole, which also finds the
//! words for what is wrong.

use super::convert::{composed, scalar};
use super::outline::{
    MAX_LEVELS, More, Value as Looks, block, checked, first_line, indent, is_dash, is_over, key, plain_line, trimmed,
    value as looks_like,
};
use crate::value::{Map, Str, Value};
use std::collections::BTreeMap;

/// A collection that is not closed yet.
struct Level {
    /// Where its entries begin.
    column: usize,
    entries: Entries,
}

/// What a collection holds so far. An entry of which nothing is known yet has null.
enum Entries {
    Map(Vec<(Str, Value)>),
    List(Vec<Value>),
}

impl Level {
    fn is_list(&self) -> bool {
        matches!(self.entries, Entries::List(_))
    }

    fn last(&mut self) -> Option<&mut Value> {
        match &mut self.entries {
            Entries::Map(entries) => entries.last_mut().map(|(_, value)| value),
            Entries::List(items) => items.last_mut(),
        }
    }

    fn value(self) -> Value {
        match self.entries {
            Entries::Map(entries) => Value::map(Map::from_entries(entries)),
            Entries::List(items) => Value::list(items),
        }
    }
}

struct Reader<'t> {
    text: &'t [u8],
    /// Where the next line begins.
    next: usize,
    levels: Vec<Level>,
    /// Whether the last entry has no value yet.
    is_awaited: bool,
    /// Whether a line says that the document begins.
    is_begun: bool,
    /// Scalars with names: of those with the same the last so far.
    anchors: BTreeMap<&'t [u8], Value>,
}

/// Reads a text that is one plain document, as `sigs.k8s.io/yaml` does; none where it is not certain to be one.
pub(super) fn read(text: &[u8]) -> Option<Value> {
    let has_tabs = checked(text)?;
    let mut reader =
        Reader { text, next: 0, levels: Vec::new(), is_awaited: false, is_begun: false, anchors: BTreeMap::new() };
    while let Some(rest) = text.get(reader.next..).filter(|rest| !rest.is_empty()) {
        let line = first_line(rest);
        // A tab is a blank in some places, an error in others.
        if has_tabs && line.contains(&b'\t') {
            return None;
        }
        let start = reader.next;
        reader.next += line.len() + 1;
        reader.line(line, start)?;
    }
    while reader.levels.len() > 1 {
        reader.close()?;
    }
    reader.levels.pop().map(Level::value)
}

/// The key at the beginning of an entry, and what stands behind its colon. A whole number that is written as Go writes it is the
/// same as a text.
fn any_key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if !matches!(text.first(), Some(b'0'..=b'9')) {
        return key(text);
    }
    let (number, rest) = text.split_at_checked(text.iter().position(|b| !b.is_ascii_digit())?)?;
    if number.len() > 15 || number.len() > 1 && number.starts_with(b"0") {
        return None;
    }
    match rest {
        [b':'] => Some((number, &[])),
        [b':', b' ', rest @ ..] => Some((number, rest)),
        _ => None,
    }
}

/// The name of an anchor, and what stands behind it.
fn anchor(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = text.iter().position(|b| !(b.is_ascii_alphanumeric() || b"_-".contains(b))).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(len)?;
    (!name.is_empty() && matches!(rest, [] | [b' ', ..])).then_some((name, rest))
}

impl<'t> Reader<'t> {
    /// A line, which begins at `start`.
    fn line(&mut self, line: &'t [u8], start: usize) -> Option<()> {
        let column = indent(line);
        let text = trimmed(line.get(column..)?);
        match text.first() {
            None | Some(b'#') => return Some(()),
            // Where the document begins.
            Some(b'-') if text == b"---" && column == 0 && self.levels.is_empty() && !self.is_begun => {
                self.is_begun = true;
                return Some(());
            }
            Some(b'-') if column == 0 && text.starts_with(b"---") => return None,
            Some(b'.') if column == 0 && text.starts_with(b"...") => return None,
            Some(_) => {}
        }
        let is_item = is_dash(text);
        let entry = if is_item { None } else { any_key(text) };
        let is_awaited = std::mem::take(&mut self.is_awaited);
        match self.levels.last() {
            None => self.open(column, is_item)?,
            Some(level) if is_awaited && column > level.column => {
                if !is_item && entry.is_none() {
                    return self.set(text, start + column);
                }
                self.open(column, is_item)?;
            }
            Some(level) if is_awaited && column == level.column && is_item && !level.is_list() => {
                self.open(column, true)?;
            }
            // The last entry has a value, or is null.
            Some(_) => {
                while let Some(level) = self.levels.last() {
                    let is_over = level.column > column || level.column == column && level.is_list() && !is_item;
                    if !is_over {
                        break;
                    }
                    self.close()?;
                }
                let level = self.levels.last()?;
                if level.column != column || level.is_list() != is_item {
                    return None;
                }
            }
        }
        match entry {
            _ if is_item => self.item(text, start, column),
            Some((name, rest)) => self.entry(name, rest, start + column + text.len()),
            None => None,
        }
    }

    /// `- value` or `- key: value` in the line that begins at `start`.
    fn item(&mut self, text: &'t [u8], start: usize, mut column: usize) -> Option<()> {
        let mut text = text;
        loop {
            match &mut self.levels.last_mut()?.entries {
                Entries::List(items) => items.push(Value::Nil),
                Entries::Map(_) => return None,
            }
            let item = text.get(1..)?;
            let inner = indent(item);
            text = item.get(inner..)?;
            column += 1 + inner;
            if matches!(text, [] | [b'#', ..]) {
                self.is_awaited = true;
                return Some(());
            }
            if !is_dash(text) {
                break;
            }
            self.open(column, true)?;
        }
        if let Some((name, rest)) = any_key(text) {
            self.open(column, false)?;
            return self.entry(name, rest, start + column + text.len());
        }
        self.set(text, start + column)
    }

    /// `key: value`; the value ends at `end`.
    fn entry(&mut self, name: &[u8], rest: &'t [u8], end: usize) -> Option<()> {
        match &mut self.levels.last_mut()?.entries {
            Entries::Map(entries) => entries.push((Str::from(name), Value::Nil)),
            Entries::List(_) => return None,
        }
        let rest = rest.get(indent(rest)..)?;
        if matches!(rest, [] | [b'#', ..]) {
            self.is_awaited = true;
            return Some(());
        }
        self.set(rest, end - rest.len())
    }

    fn open(&mut self, column: usize, is_list: bool) -> Option<()> {
        if self.levels.len() >= MAX_LEVELS {
            return None;
        }
        let entries = if is_list { Entries::List(Vec::new()) } else { Entries::Map(Vec::new()) };
        self.levels.push(Level { column, entries });
        Some(())
    }

    /// The innermost collection is complete.
    fn close(&mut self) -> Option<()> {
        let value = self.levels.pop()?.value();
        *self.levels.last_mut()?.last()? = value;
        Some(())
    }

    /// The value of the last entry; it begins at `at`.
    fn set(&mut self, text: &'t [u8], at: usize) -> Option<()> {
        let value = self.value(text, at)?;
        *self.levels.last_mut()?.last()? = value;
        Some(())
    }

    /// What stands in one place. Text that goes on in the next line is then found to stand in the wrong place.
    fn value(&mut self, text: &'t [u8], at: usize) -> Option<Value> {
        match text {
            [b'&', rest @ ..] => {
                let (name, rest) = anchor(rest)?;
                let spaces = indent(rest);
                let scalar =
                    rest.get(spaces..).filter(|rest| !matches!(rest, [] | [b'#' | b'&' | b'*' | b'|' | b'>', ..]))?;
                let value = self.value(scalar, at + text.len() - scalar.len())?;
                // Each place has a collection of its own.
                if matches!(value, Value::Map(..) | Value::List(..)) {
                    return None;
                }
                self.anchors.insert(name, value.clone());
                return Some(value);
            }
            [b'*', rest @ ..] => {
                let (name, rest) = anchor(rest)?;
                is_over(rest).then_some(())?;
                return self.anchors.get(name).cloned();
            }
            _ => {}
        }
        Some(match (looks_like(text)?, *text.first()?) {
            (Looks::Text(text, _), _) => Value::Str(Str::from(text)),
            (Looks::Number(text, _), _) => scalar(text),
            (Looks::EmptyMap, _) => Value::map(Map::new()),
            (Looks::Flow, _) if text.starts_with(b"[]") => Value::list(Vec::new()),
            (Looks::Scalar(More::Quoted(_)), _) => return None,
            (Looks::Scalar(More::Block), _) => {
                let parent = self.levels.last()?.column;
                self.next += block(self.text.get(self.next..).unwrap_or_default(), parent)?;
                composed(self.text.get(at..self.next)?).ok()?
            }
            // By itself it is what it is in the document.
            (Looks::Flow, _) | (Looks::Scalar(_), b'"' | b'\'') => composed(text).ok()?,
            (Looks::Scalar(_), _) => scalar(plain_line(text)?.0),
        })
    }
}
