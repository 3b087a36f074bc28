//! Where a `tpl` text comes from: the values file that holds it.

use crate::diagnostic::{Diagnostic, Location, Source, Span};
use crate::values::{Layer, Layers};
use crate::yaml::{Data, Node, read};
use std::sync::Arc;

/// Lines shorter than this could stand anywhere.
const MIN_LINE: usize = 6;

/// Finds places of `tpl` texts in values files; looks for each text once.
pub(super) struct Origins<'l> {
    layers: &'l Layers,
    /// The values files with their trees, highest priority first; read when first needed.
    files: Option<Vec<(Arc<Source>, Option<Node>)>>,
    known: Vec<(Arc<Source>, Option<Home>)>,
}

/// The scalar that holds a text, or nothing more than the file that holds a line of it.
#[derive(Clone)]
struct Home {
    source: Arc<Source>,
    scalar: Span,
}

impl<'l> Origins<'l> {
    pub(super) fn new(layers: &'l Layers) -> Self {
        Origins { layers, files: None, known: Vec::new() }
    }

    /// A place as a person can open it: in the values file, if the place is in a `tpl` text and the text is found.
    pub(super) fn place(&mut self, at: &Location) -> Location {
        if !at.source.is_tpl() {
            return at.clone();
        }
        let known = self.known.iter().find(|(source, _)| Arc::ptr_eq(source, &at.source));
        let home = match known {
            Some((_, home)) => home.clone(),
            None => {
                let home = self.find(&at.source);
                self.known.push((at.source.clone(), home.clone()));
                home
            }
        };
        match home {
            Some(home) => moved(at, &home),
            None => self.find_line(at).unwrap_or_else(|| at.clone()),
        }
    }

    /// Moves all places of a diagnostic.
    pub(super) fn settle(&mut self, diagnostic: &mut Diagnostic) {
        let places = diagnostic.at.iter_mut().chain(diagnostic.labels.iter_mut().map(|label| &mut label.at));
        for at in places.chain(diagnostic.hints.iter_mut().filter_map(|hint| hint.at.as_mut())) {
            *at = self.place(at);
        }
    }

    fn files(&mut self) -> &[(Arc<Source>, Option<Node>)] {
        let layers = self.layers.layers();
        self.files.get_or_insert_with(|| {
            let sources = layers.iter().rev().filter_map(|layer| match layer {
                Layer::Chart { source, .. } | Layer::File { source } => Some(source.clone()),
                Layer::Template(file) => Some(file.source.clone()),
                Layer::Encrypted { .. } | Layer::Set { .. } | Layer::Setting { .. } => None,
            });
            sources.map(|source| (source.clone(), read(&source.text).ok().flatten())).collect()
        })
    }

    /// The scalar that is the text.
    fn find(&mut self, tpl: &Arc<Source>) -> Option<Home> {
        if let Some(Location { source, span }) = self.layers.locate_secret(&tpl.text) {
            return Some(Home { source, scalar: span });
        }
        for (source, root) in self.files() {
            let mut open: Vec<&Node> = root.iter().collect();
            while let Some(node) = open.pop() {
                match &node.data {
                    Data::Str(text) if *text == tpl.text => {
                        return Some(Home { source: source.clone(), scalar: node.span });
                    }
                    Data::List(items) => open.extend(items),
                    Data::Map(entries) => open.extend(entries.iter().map(|(_, value)| value)),
                    _ => {}
                }
            }
        }
        None
    }

    /// A text that was put together: the one place in all values files that holds the line.
    fn find_line(&mut self, at: &Location) -> Option<Location> {
        let line = line_around(at);
        let text = at.source.text.get(line.start..line.end)?;
        if text.len() < MIN_LINE || memchr::memmem::find(text, b"{{").is_none() {
            return None;
        }
        let finder = memchr::memmem::Finder::new(text);
        let mut found: Option<Location> = None;
        for (source, _) in self.files() {
            for start in finder.find_iter(&source.text) {
                if found.is_some() {
                    return None;
                }
                let from = start + (at.span.start as usize).saturating_sub(line.start);
                let end = from + at.span.end.saturating_sub(at.span.start) as usize;
                found = Some(Location { source: source.clone(), span: Span::new(from, end) });
            }
        }
        found
    }
}

/// The line of a place, white space around it left out.
fn line_around(at: &Location) -> std::ops::Range<usize> {
    let text = &at.source.text;
    let place = (at.span.start as usize).min(text.len());
    let start = text.get(..place).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |i| i + 1);
    let rest = text.get(place..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).map_or(text.len(), |i| place + i);
    let line = text.get(start..end).unwrap_or_default();
    let blank = line.len() - line.trim_ascii_start().len();
    let start = (start + blank).min(place);
    start..(start + text.get(start..end).unwrap_or_default().trim_ascii_end().len())
}

/// A place of a text as a place of the scalar that holds it.
fn moved(at: &Location, home: &Home) -> Location {
    let source = home.source.clone();
    let from = home.scalar.start as usize;
    let raw = source.text.get(from..home.scalar.end as usize).unwrap_or_default();
    let length = at.span.end.saturating_sub(at.span.start) as usize;
    let to = |start: usize| Location { source: source.clone(), span: Span::new(start, start + length) };
    if let Some(start) = memchr::memmem::find(raw, &at.source.text) {
        return to(from + start + at.span.start as usize);
    }
    // Indented, as in a block: the line is there, if it has no escapes.
    let line = line_around(at);
    let text = at.source.text.get(line.clone()).unwrap_or_default();
    match memchr::memmem::find(raw, text) {
        Some(start) if !text.is_empty() => to(from + start + (at.span.start as usize).saturating_sub(line.start)),
        _ => Location { source: source.clone(), span: home.scalar },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Memory;
    use crate::values::ValueOptions;

    #[test]
    fn places() {
        let mut tree = Memory::default();
        tree.insert("v.yaml", "a: x\nurl: 'go {{ f }} on'\nblock: |\n  one\n  two {{ g }}\n  three\n");
        let options = ValueOptions { files: vec!["v.yaml".into()], ..ValueOptions::default() };
        let (_, layers) = options.read(&tree).unwrap();
        for (text, part, line, column) in [
            ("go {{ f }} on", "f }}", 2, 13),
            ("one\ntwo {{ g }}\nthree\n", "g }}", 5, 10),
            ("before\n  two {{ g }}\nafter", "g }}", 5, 10),
            ("elsewhere {{ h }}", "h }}", 1, 14),
        ] {
            let source = Source { name: "gotpl".into(), path: "tpl".into(), text: text.into(), origin: None };
            let start = text.find(part).unwrap();
            let at = Location { source: Arc::new(source), span: Span::new(start, start + 1) };
            let place = Origins::new(&layers).place(&at);
            assert_eq!(place.source.line_and_column(place.span.start), (line, column), "{text}");
        }
    }
}
