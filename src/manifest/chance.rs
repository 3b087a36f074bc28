//! What follows from chance: the same chart rendered with two seeds and at two times tells.
//!
//! A value that varies is replaced where it stands, so that a snapshot of the text is stable and a comparison knows what not to
//! look at. Of a document that one render has and the other lacks nothing is known but what names it: that stays, below a
//! comment that says so.

use super::edits::{self, Edits};
use super::keys;
use super::object::Object;
use super::overrides;
use super::path::{self, Step};
use super::{Document, Manifests};
use crate::diagnostic::Span;
use crate::value::Str;
use crate::yaml::{self, Data, Node};
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, VecDeque};

/// What stands in the place of a value that varies.
pub const CHANCE: &str = "<chance>";

/// The first line of a document that is there by chance.
const BY_CHANCE: &str = "# <chance> decides whether this is there\n";

/// The text of a document that is there by chance, without the line that says so; none for all others.
pub fn there_by_chance(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(BY_CHANCE.as_bytes())
}

/// Marks in `first` what differs in `second`, which is the same chart rendered with another seed and time. Gives the paths that
/// were marked: `Secret/shop data.password`; a document that is no YAML is marked by lines and told by its name alone, and so is
/// one that only one of them has. Those that `first` lacks come to stand where `second` has them.
pub fn mark(first: &mut Manifests, second: &Manifests) -> Vec<String> {
    let mut marked = Vec::new();
    documents(&mut first.resources, &second.resources, &mut marked);
    documents(&mut first.hooks, &second.hooks, &mut marked);
    marked
}

fn documents(first: &mut Vec<Document>, second: &[Document], marked: &mut Vec<String>) {
    let pairs = pairs(first, second);
    for (document, other) in first.iter_mut().zip(&pairs) {
        let called = format!("{}/{}", document.kind, document.name);
        let Some(other) = other.and_then(|i| second.get(i)) else {
            document.text = named_alone(&document.text);
            marked.push(called);
            continue;
        };
        if document.text == other.text {
            continue;
        }
        let text = match fields(&document.text, &other.text) {
            Some((text, paths)) => {
                marked.extend(paths.into_iter().map(|path| format!("{called} {path}")));
                text
            }
            None => {
                marked.push(called);
                lines(&document.text, &other.text)
            }
        };
        if let Some(root) = edits::read(&text) {
            let object = Object::of(&root, "");
            document.name = object.name;
        }
        document.text = Str::from(text);
    }
    // Each behind the one that it follows in the second list.
    let mut places: HashMap<usize, usize> =
        pairs.iter().enumerate().filter_map(|(i, other)| Some(((*other)?, i))).collect();
    let mut behind = 0;
    for (j, document) in second.iter().enumerate() {
        if let Some(place) = places.get(&j) {
            behind = place + 1;
            continue;
        }
        marked.push(format!("{}/{}", document.kind, document.name));
        first.insert(behind, Document { text: named_alone(&document.text), ..document.clone() });
        places.values_mut().filter(|place| **place >= behind).for_each(|place| *place += 1);
        behind += 1;
    }
}

/// A document that is there by chance, with nothing but what names it.
fn named_alone(text: &Str) -> Str {
    let name = || {
        let root = edits::read(text)?;
        let json = overrides::json(&root).ok()?;
        let mut metadata = Map::new();
        for key in ["name", "namespace", "annotations"] {
            let Some(value) = json.pointer("/metadata").and_then(|metadata| metadata.get(key)) else { continue };
            // When a hook runs names it, too.
            if key != "annotations" || value.get("helm.sh/hook").is_some() {
                metadata.insert(key.to_owned(), value.clone());
            }
        }
        let mut head = Map::new();
        for key in ["apiVersion", "kind"] {
            head.extend(json.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        head.insert("metadata".to_owned(), Json::Object(metadata));
        yaml::emit(&overrides::value(&Json::Object(head))).ok()
    };
    let own = name().and_then(|head| fields(text, &head)).map_or_else(|| text.to_vec(), |(text, _)| text);
    Str::from([BY_CHANCE.as_bytes(), &own].concat())
}

/// Which document of the second list is which of the first: by place if both lists have the same kinds in the same order, else
/// by kind and name, and what is left by kind.
fn pairs(first: &[Document], second: &[Document]) -> Vec<Option<usize>> {
    let alike = |(a, b): (&Document, &Document)| a.kind == b.kind && a.path == b.path;
    if first.len() == second.len() && first.iter().zip(second).all(alike) {
        return (0..first.len()).map(Some).collect();
    }
    let mut found = vec![None; first.len()];
    let mut taken = vec![false; second.len()];
    for by_name in [true, false] {
        let mut places: HashMap<(String, String), VecDeque<usize>> = HashMap::new();
        let key = |document: &Document| {
            (document.kind.clone(), if by_name { document.name.clone() } else { document.path.clone() })
        };
        for (i, document) in second.iter().enumerate() {
            if taken.get(i) == Some(&false) {
                places.entry(key(document)).or_default().push_back(i);
            }
        }
        for (document, place) in first.iter().zip(&mut found) {
            if place.is_none() {
                *place = places.get_mut(&key(document)).and_then(VecDeque::pop_front);
                if let Some(taken) = place.and_then(|i| taken.get_mut(i)) {
                    *taken = true;
                }
            }
        }
    }
    found
}

/// Marks fields; `None` for what cannot be read. The paths come with the text.
fn fields(first: &[u8], second: &[u8]) -> Option<(Vec<u8>, Vec<String>)> {
    let (one, two) = (edits::read(first)?, edits::read(second)?);
    if !matches!((&one.data, &two.data), (Data::Map(_), Data::Map(_))) {
        return None;
    }
    let object = Object::of(&one, "");
    let kind = if keys::is_known(&object.group) { object.kind } else { String::new() };
    let mut walk = Walk {
        texts: [first, second],
        kind: &kind,
        path: Vec::new(),
        edits: [Edits::default(), Edits::default()],
        paths: Vec::new(),
    };
    walk.maps(&one, &two, false, 0);
    let Walk { edits: [ours, theirs], paths, .. } = walk;
    let (ours, theirs) = (ours.apply(first), theirs.apply(second));
    // What is left are comments.
    let text = if ours == theirs { ours } else { comments(&ours, &theirs) };
    Some((text, paths))
}

struct Walk<'t> {
    texts: [&'t [u8]; 2],
    kind: &'t str,
    path: Vec<Step>,
    edits: [Edits; 2],
    paths: Vec<String>,
}

impl Walk<'_> {
    fn mark(&mut self, one: &Node, two: &Node, keys: [Option<Span>; 2], flow: bool) {
        self.paths.push(path::write(&self.path));
        for (((edits, text), node), key) in self.edits.iter_mut().zip(self.texts).zip([one, two]).zip(keys) {
            replace(edits, text, node, key, flow, CHANCE);
        }
    }

    fn nodes(&mut self, one: &Node, two: &Node, keys: [Option<Span>; 2], flow: bool, depth: usize) {
        let flow = flow || edits::is_flow(self.texts[0], one) || edits::is_flow(self.texts[1], two);
        let inside = depth < edits::DEEPEST;
        match (&one.data, &two.data) {
            (Data::Map(a), Data::Map(b)) if inside && (same_keys(a, b) || self.is_fixed()) => {
                self.maps(one, two, flow, depth);
            }
            (Data::List(a), Data::List(b)) if inside && a.len() == b.len() => {
                let names = path::names(self.kind, &self.path, [a, b]);
                for (i, (one, two)) in a.iter().zip(b).enumerate() {
                    let name = names.as_ref().and_then(|[names, _]| names.get(i));
                    self.path.push(name.map_or(Step::Index(i), |name| Step::Item(name.clone())));
                    self.nodes(one, two, [None, None], flow, depth + 1);
                    self.path.pop();
                }
            }
            _ if equal(one, two, depth) => {}
            _ => self.mark(one, two, keys, flow),
        }
    }

    /// Maps that tell which object this is are never marked as a whole.
    fn is_fixed(&self) -> bool {
        matches!(self.path.as_slice(), [Step::Key(key)] if key == "metadata")
    }

    fn maps(&mut self, one: &Node, two: &Node, flow: bool, depth: usize) {
        let flow = flow || edits::is_flow(self.texts[0], one) || edits::is_flow(self.texts[1], two);
        let others = path::entries(two);
        let others: HashMap<&str, (&Node, &Node)> =
            others.iter().map(|(text, key, value)| (text.as_str(), (*key, *value))).collect();
        for (text, key, value) in path::entries(one) {
            self.path.push(Step::Key(text.clone()));
            match others.get(text.as_str()) {
                Some((other_key, other)) => {
                    self.nodes(value, other, [Some(key.span), Some(other_key.span)], flow, depth + 1);
                }
                None => {
                    self.paths.push(path::write(&self.path));
                    replace(&mut self.edits[0], self.texts[0], value, Some(key.span), flow, CHANCE);
                }
            }
            self.path.pop();
        }
    }
}

/// Puts words in a node's place. A value that is not written at all stands behind its key.
pub(crate) fn replace(edits: &mut Edits, text: &[u8], node: &Node, key: Option<Span>, flow: bool, words: &str) {
    let (start, end) = edits::place(text, node.span);
    let words = edits::scalar(words, flow);
    let Some(key) = key else {
        edits.put(start, end, words);
        return;
    };
    let key = key.end as usize;
    if start < key {
        // An alias: what it means is written elsewhere. The name behind the key goes.
        let rest = text.get(key..).unwrap_or_default();
        let Some(colon) = rest.iter().position(|b| *b == b':') else { return };
        let name = rest.get(colon + 1..).unwrap_or_default();
        let blank = name.iter().take_while(|b| **b == b' ').count();
        let length =
            name.iter().skip(blank).take_while(|b| !b.is_ascii_whitespace() && **b != b',' && **b != b'}').count();
        let start = key + colon + 1 + blank;
        edits.put(start, start + length, words);
    } else if start == end {
        let colon = text.get(key..).unwrap_or_default().iter().position(|b| *b == b':').unwrap_or_default();
        edits.put(key + colon + 1, key + colon + 1, format!(" {words}"));
    } else if matches!(node.data, Data::Map(_) | Data::List(_))
        && text.get(key..start).is_some_and(|gap| gap.contains(&b'\n'))
    {
        // A block becomes a word on its key's line.
        let colon = text.get(key..).unwrap_or_default().iter().position(|b| *b == b':').unwrap_or_default();
        edits.put(key + colon + 1, end, format!(" {words}"));
    } else {
        edits.put(start, end, words);
    }
}

fn same_keys(a: &[(Node, Node)], b: &[(Node, Node)]) -> bool {
    let keys = |entries: &[(Node, Node)]| {
        let mut keys: Vec<Option<Str>> = entries.iter().map(|(key, _)| key.as_key()).collect();
        keys.sort();
        keys
    };
    a.len() == b.len() && keys(a) == keys(b)
}

/// Whether two nodes mean the same.
pub(crate) fn equal(one: &Node, two: &Node, depth: usize) -> bool {
    match (&one.data, &two.data) {
        (Data::Map(_), Data::Map(_)) | (Data::List(_), Data::List(_)) if depth > edits::DEEPEST => false,
        (Data::Map(a), Data::Map(b)) => {
            a.len() == b.len() && {
                let others: HashMap<Option<Str>, &Node> = b.iter().map(|(key, value)| (key.as_key(), value)).collect();
                a.iter().all(|(key, value)| others.get(&key.as_key()).is_some_and(|b| equal(value, b, depth + 1)))
            }
        }
        (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b, depth + 1)),
        (Data::Null, Data::Null) => true,
        (Data::Bool(a), Data::Bool(b)) => a == b,
        (Data::Int(a), Data::Int(b)) => a == b,
        (Data::Uint(a), Data::Uint(b)) => a == b,
        (Data::Int(a), Data::Float(b)) | (Data::Float(b), Data::Int(a)) => (*a as f64).to_bits() == b.to_bits(),
        (Data::Float(a), Data::Float(b)) => a.to_bits() == b.to_bits() || a == b,
        (Data::Str(a), Data::Str(b)) => a == b,
        _ => false,
    }
}

/// Marks comments that differ; the texts are alike but for them.
fn comments(first: &[u8], second: &[u8]) -> Vec<u8> {
    let others: Vec<&[u8]> = second.split_inclusive(|b| *b == b'\n').collect();
    let ours: Vec<&[u8]> = first.split_inclusive(|b| *b == b'\n').collect();
    let mut out = Vec::with_capacity(first.len());
    for (i, line) in ours.iter().enumerate() {
        let comment = line.iter().position(|b| *b == b'#');
        match comment {
            Some(at) if ours.len() != others.len() || others.get(i) != Some(line) => {
                let own = line.get(..at).unwrap_or_default();
                let alike = others.get(i).is_some_and(|other| other.starts_with(own));
                if alike || own.trim_ascii().is_empty() && ours.len() == others.len() {
                    out.extend_from_slice(own);
                    out.extend_from_slice(format!("# {CHANCE}").as_bytes());
                    out.extend_from_slice(if line.ends_with(b"\n") { b"\n" } else { b"" });
                } else {
                    out.extend_from_slice(line);
                }
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// Marks lines: those of the first text that do not stand at the same place from either end of the second.
fn lines(first: &[u8], second: &[u8]) -> Vec<u8> {
    let ours: Vec<&[u8]> = first.split_inclusive(|b| *b == b'\n').collect();
    let others: Vec<&[u8]> = second.split_inclusive(|b| *b == b'\n').collect();
    let mark = |line: &[u8]| {
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let mut out = line.get(..indent).unwrap_or_default().to_vec();
        out.extend_from_slice(CHANCE.as_bytes());
        out.extend_from_slice(if line.ends_with(b"\n") { b"\n" } else { b"" });
        out
    };
    if ours.len() == others.len() {
        let both = ours.iter().zip(&others);
        return both.flat_map(|(a, b)| if a == b { a.to_vec() } else { mark(a) }).collect();
    }
    let head = ours.iter().zip(&others).take_while(|(a, b)| a == b).count();
    let rest = ours.len().min(others.len()) - head;
    let tail = ours.iter().rev().zip(others.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let middle = ours.get(head..ours.len() - tail).unwrap_or_default();
    let mut out: Vec<u8> = ours.iter().take(head).flat_map(|line| line.to_vec()).collect();
    out.extend(middle.first().map_or_else(|| format!("{CHANCE}\n").into_bytes(), |line| mark(line)));
    out.extend(ours.iter().skip(ours.len() - tail).flat_map(|line| line.to_vec()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        let (kind, name) = ("K".to_owned(), "n".to_owned());
        Document { path: "c/templates/x.yaml".into(), text: Str::from(text), kind, name, events: Vec::new() }
    }

    fn marked(first: &str, second: &str) -> (String, Vec<String>) {
        let mut one = Manifests { resources: vec![document(first)], ..Manifests::default() };
        let two = Manifests { resources: vec![document(second)], ..Manifests::default() };
        let paths = mark(&mut one, &two);
        (one.resources.first().map(|d| d.text.lossy().into_owned()).unwrap_or_default(), paths)
    }

    #[test]
    fn values() {
        for (first, second, want, paths) in [
            ("a: 1\nb: x", "a: 1\nb: y", "a: 1\nb: <chance>", "b"),
            ("a:\n  - \"x\"\n  - z", "a:\n  - \"y\"\n  - z", "a:\n  - <chance>\n  - z", "a[0]"),
            ("a: |\n  x\n  y\nb: 1", "a: |\n  x\n  z\nb: 1", "a: <chance>\nb: 1", "a"),
            ("{\"a\": \"x\"}", "{\"a\": \"y\"}", "{\"a\": \"<chance>\"}", "a"),
            ("a:\n  x1: 1\n  y: 2\nb: 1", "a:\n  x2: 1\n  y: 2\nb: 1", "a: <chance>\nb: 1", "a"),
            (
                "metadata: # at 5\n  name: a-1\n  x: 1",
                "metadata: # at 6\n  name: a-2\n  x: 1",
                "metadata: # <chance>\n  name: <chance>\n  x: 1",
                "metadata.name",
            ),
            ("a: [1, 2]\nb:", "a: [1]\nb: 5", "a: \"<chance>\"\nb: <chance>", "a b"),
            ("x: &a 1\nz: *a", "x: &a 2\nz: *a", "x: <chance>\nz: <chance>", "x z"),
        ] {
            let (text, found) = marked(first, second);
            assert_eq!(text, want);
            let found: Vec<&str> = found.iter().filter_map(|path| path.split_once(' ').map(|(_, path)| path)).collect();
            assert_eq!(found.join(" "), paths);
        }
    }

    #[test]
    fn documents_that_come_and_go() {
        let list = |texts: &[&str]| {
            let resources = texts.iter().map(|text| {
                let head = yaml::head(text.as_bytes()).unwrap();
                let (kind, name) = (head.kind.to_string(), head.name.to_string());
                // Of one template they would be one that chance names.
                Document { path: format!("{name}.yaml"), kind, name, ..document(text) }
            });
            Manifests { resources: resources.collect(), ..Manifests::default() }
        };
        let texts = ["a", "b", "c", "d"]
            .map(|name| format!("kind: A\nmetadata:\n  name: {name}\n  labels: {{a: b}}\ndata: {{a: 1}}\n"));
        let [a, b, c, d] = texts.each_ref().map(String::as_str);
        let alone =
            |text: &str| format!("{BY_CHANCE}{}", text.replace("{a: b}", "<chance>").replace("{a: 1}", "<chance>"));
        for (first, second) in [([a, b, c].to_vec(), [a, c, d].to_vec()), ([a, c, d].to_vec(), [a, b, c].to_vec())] {
            let mut one = list(&first);
            // Other lengths: else the documents are told by their places.
            let extra = "kind: B\nmetadata: {name: e}\n";
            let two = list(&[second, vec![extra]].concat());
            let paths = mark(&mut one, &two);
            let texts: Vec<String> = one.resources.iter().map(|document| document.text.to_string()).collect();
            let mut wanted = vec![a.to_owned(), c.to_owned(), alone(b), alone(d), format!("{BY_CHANCE}{extra}")];
            let mut found = texts.clone();
            wanted.sort();
            found.sort();
            assert_eq!(found, wanted);
            // Where the second list has it: behind what it follows there.
            let place = |text: &str| texts.iter().position(|other| other == text);
            assert!(place(a) < place(&alone(b)) && place(c) < place(&alone(d)));
            assert_eq!(paths.len(), 3);
        }
        assert_eq!(there_by_chance(alone(a).as_bytes()), Some(alone(a).replace(BY_CHANCE, "").as_bytes()));
    }

    #[test]
    fn no_yaml() {
        assert_eq!(marked("a: [\n  x\nb", "a: [\n  y\nb").0, "a: [\n  <chance>\nb");
        assert_eq!(marked("a\nb\nc", "a\nc").0, "a\n<chance>\nc");
    }
}
