//! Secrets inside documents: where their values stand, and how they are taken out of a text.
//!
//! A value is every entry of `data` and `stringData` of a Secret, also of one inside a List, and the copy of the whole object
//! that `kubectl apply` leaves in an annotation. All other bytes of a text stay, except comments that stand among the
//! values or repeat one. A text whose values are written in ways that cannot be replaced in place (anchors, keys that come
//! twice) is written anew.

use super::chance::CHANCE;
use super::edits::{self, Edits};
use super::object::Object;
use super::overrides;
use crate::diagnostic::Span;
use crate::go::base64;
use crate::value::Str;
use crate::yaml::{self, Data, Node};
use bstr::ByteSlice;
use memchr::memmem;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// The annotation in which `kubectl apply` keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a value that is not stored leaves behind.
pub const OMITTED: &str = "omitted";

const PREFIX: &str = "sha256:";

/// Shorter values are no secrets that could be told from other texts.
const SHORTEST: usize = 4;

/// What a snapshot holds in the place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// Its digest.
    Digest,
    /// Nothing but that there is one.
    Omit,
}

/// The digest of a value: `sha256:` and the hexadecimal SHA-256 of six byte strings, each behind its length as eight bytes,
/// the most significant first: the object's group, kind, namespace and name; the key; the value as the cluster would hand it
/// to a container, that is with `data` decoded. So a value that moves from `stringData` to `data` keeps its digest, and one
/// that two objects share has two.
pub fn digest(object: &Object, key: &str, value: &[u8]) -> String {
    let mut hash = Sha256::new();
    let texts = [&object.group, &object.kind, &object.namespace, &object.name];
    for part in texts.map(|text| text.as_bytes()).into_iter().chain([key.as_bytes(), value]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("{PREFIX}{}", hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is what [`digest`] gives.
pub fn is_digest(text: &[u8]) -> bool {
    let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix(PREFIX.as_bytes()).is_some_and(|rest| rest.len() == 64 && rest.iter().all(hex))
}

/// The text with the values of its Secrets replaced; `None` if nothing changes. `namespace` is the release's.
///
/// A value that looks like a digest is a value like any other: it is sealed too.
pub fn seal(text: &[u8], namespace: &str, how: Sealing) -> Option<Str> {
    let sealed = match find(text, namespace, "")? {
        Found::Values(values) => values.replace(text, false, |value| match how {
            _ if value.written == *CHANCE => None,
            Sealing::Omit => Some(OMITTED.to_owned()),
            Sealing::Digest => Some(digest(&value.object, &value.key, &value.plain)),
        }),
        Found::Unreadable => match how {
            Sealing::Omit => OMITTED.as_bytes().to_vec(),
            Sealing::Digest => format!("{PREFIX}{}", hex(&Sha256::digest(text))).into_bytes(),
        },
    };
    (sealed != text).then(|| Str::from(sealed))
}

/// What a document has of Secrets.
pub(crate) enum Found {
    /// Their values, in order.
    Values(Values),
    /// It may have some, and nobody can tell where.
    Unreadable,
}

/// The values of a document's Secrets.
pub(crate) struct Values {
    pub(crate) list: Vec<Value>,
    root: Node,
    /// Stretches without values in which comments may tell some.
    gaps: Vec<(usize, usize)>,
    /// Whether the values cannot be replaced where they stand.
    tangled: bool,
}

/// Where a Secret has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Block {
    Data,
    /// `stringData`, which counts where `data` has the same key.
    Texts,
    /// The copy of the object that `kubectl apply` leaves.
    Annotation,
}

/// A value of a Secret.
pub(crate) struct Value {
    /// The Secret.
    pub(crate) object: Object,
    pub(crate) block: Block,
    /// Its key; for a copy of the object the annotation's.
    pub(crate) key: String,
    /// As it is written, without quotes.
    pub(crate) written: Str,
    /// Decoded.
    pub(crate) plain: Vec<u8>,
    path: Vec<Step>,
    start: usize,
    end: usize,
    flow: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// The values of a document's Secrets; `None` if there are none. `namespace` is the release's, `implied` is the kind of a
/// document that does not say its own.
pub(crate) fn find(text: &[u8], namespace: &str, implied: &str) -> Option<Found> {
    let head = yaml::head(text);
    // Keys are told without regard to case there: what may be a Secret is one.
    let kind = head.as_ref().map(|head| head.kind.lossy().into_owned()).unwrap_or_default();
    let implied = if kind.is_empty() { implied } else { &kind };
    let may = match head {
        Ok(_) => implied == "Secret" || implied.ends_with("List"),
        // The words may be written with escapes.
        Err(_) => memmem::find(text, b"Secret").is_some() || text.contains(&b'\\'),
    };
    if !may {
        return None;
    }
    let Some(root) = edits::read(text) else {
        let may = implied == "Secret" || memmem::find(text, b"Secret").is_some();
        return may.then_some(Found::Unreadable);
    };
    let mut search = Search { text, namespace, list: Vec::new(), gaps: Vec::new(), tangled: false };
    search.object(&root, &mut Vec::new(), implied, 0);
    let Search { list, gaps, tangled, .. } = search;
    if list.is_empty() {
        return None;
    }
    let tangled = tangled || !yaml::duplicates(text).is_empty();
    if tangled && overrides::json(&root).is_err() {
        return Some(Found::Unreadable);
    }
    Some(Found::Values(Values { list, root, gaps, tangled }))
}

struct Search<'t> {
    text: &'t [u8],
    namespace: &'t str,
    list: Vec<Value>,
    gaps: Vec<(usize, usize)>,
    tangled: bool,
}

impl Search<'_> {
    /// `implied` is the kind of an item that does not say its own.
    fn object(&mut self, node: &Node, path: &mut Vec<Step>, implied: &str, depth: usize) {
        if depth > edits::DEEPEST || !matches!(node.data, Data::Map(_)) {
            return;
        }
        let mut object = Object::of(node, self.namespace);
        if object.kind.is_empty() {
            implied.clone_into(&mut object.kind);
        }
        if object.kind == "Secret" && object.group.is_empty() {
            self.secret(node, &object, path);
        } else if object.kind.ends_with("List")
            && let Some(Data::List(items)) = node.get("items").map(|items| &items.data)
        {
            let implied = object.kind.trim_end_matches("List").to_owned();
            path.push(Step::Key("items".into()));
            for (i, item) in items.iter().enumerate() {
                path.push(Step::Index(i));
                self.object(item, path, &implied, depth + 1);
                path.pop();
            }
            path.pop();
        }
    }

    fn secret(&mut self, node: &Node, object: &Object, path: &[Step]) {
        let Data::Map(entries) = &node.data else { return };
        let below = |steps: &[&str]| {
            path.iter().cloned().chain(steps.iter().map(|step| Step::Key((*step).to_owned()))).collect::<Vec<_>>()
        };
        for (key, block) in entries {
            let Some(name) = key.as_key() else { continue };
            let kind = match name.as_bytes() {
                b"data" => Block::Data,
                b"stringData" => Block::Texts,
                _ => continue,
            };
            let name = name.lossy().into_owned();
            let Data::Map(values) = &block.data else {
                let flow = edits::is_flow(self.text, node);
                self.value(key.span, block, object, &name, below(&[&name]), flow, Block::Texts);
                continue;
            };
            let flow = edits::is_flow(self.text, node) || edits::is_flow(self.text, block);
            let mut from = key.span.end as usize;
            for (key, value) in values {
                let text = key.as_key().map(|key| key.lossy().into_owned()).unwrap_or_default();
                if (key.span.start as usize) < from || key.span.end > block.span.end {
                    self.tangled = true;
                }
                self.gaps.push((from, key.span.start as usize));
                from = self.value(key.span, value, object, &text, below(&[&name, &text]), flow, kind);
            }
            self.gaps.push((from, (block.span.end as usize).min(self.text.len())));
        }
        let Some(metadata) = node.get("metadata") else { return };
        let Some(annotations) = metadata.get("annotations") else { return };
        if let Data::Map(entries) = &annotations.data {
            for (key, value) in entries {
                if key.as_key().is_some_and(|key| key == *LAST_APPLIED) {
                    let flow = [node, metadata, annotations].iter().any(|node| edits::is_flow(self.text, node));
                    let path = below(&["metadata", "annotations", LAST_APPLIED]);
                    self.value(key.span, value, object, LAST_APPLIED, path, flow, Block::Annotation);
                }
            }
        }
    }

    /// Notes a value; where it ends.
    #[allow(clippy::too_many_arguments)]
    fn value(
        &mut self,
        key: Span,
        node: &Node,
        object: &Object,
        name: &str,
        path: Vec<Step>,
        flow: bool,
        block: Block,
    ) -> usize {
        let (start, end) = edits::place(self.text, node.span);
        let key_end = key.end as usize;
        if matches!(node.data, Data::Null) {
            return key_end.max(if start >= key_end { end } else { 0 });
        }
        if start < key_end || self.text.get(start) == Some(&b'&') {
            self.tangled = true;
        }
        let written = match node.as_string() {
            Some(text) => text,
            None => Str::from(self.text.get(start..end).unwrap_or_default()),
        };
        let plain = if block == Block::Data { base64::decode(&written).ok() } else { None };
        let plain = plain.unwrap_or_else(|| written.to_vec());
        self.gaps.push((key_end, start));
        let (object, key) = (object.clone(), name.to_owned());
        self.list.push(Value { object, block, key, written, plain, path, start, end, flow });
        end.max(key_end)
    }
}

/// Where a comment begins behind something on a line: not within quotes, be they of a value or of what stands for one. A quote
/// that is not closed on the line is none.
fn comment(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        let before = at.checked_sub(1).and_then(|i| line.get(i));
        let opens = before.is_none_or(|b| matches!(b, b' ' | b'\t' | b'{' | b'[' | b',' | b':'));
        match byte {
            b'#' if before.is_some_and(|b| matches!(b, b' ' | b'\t')) => return Some(at - 1),
            b'"' | b'\'' if opens => at = closed(line, at, *byte).unwrap_or(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a quote closes that opens at a place.
fn closed(line: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut i = at + 1;
    loop {
        match *line.get(i)? {
            b'\\' if quote == b'"' => i += 2,
            b if b == quote && quote == b'\'' && line.get(i + 1) == Some(&quote) => i += 2,
            b if b == quote => return Some(i),
            _ => i += 1,
        }
    }
}

impl Values {
    /// The text with other words in the place of the values, on one line each; `quoted` ones always get quotes. A value for
    /// which there are none stays as it is.
    pub(crate) fn replace(&self, text: &[u8], quoted: bool, words: impl Fn(&Value) -> Option<String>) -> Vec<u8> {
        if self.tangled {
            return self.anew(words).unwrap_or_else(|| OMITTED.as_bytes().to_vec());
        }
        let mut changes = Edits::default();
        for value in &self.list {
            if let Some(words) = words(value) {
                changes.put(value.start, value.end, edits::scalar(&words, quoted || value.flow));
            }
        }
        for (start, end) in &self.gaps {
            let gap = text.get(*start..*end).unwrap_or_default();
            if gap.contains(&b'#') {
                changes.put(*start, *end, without_comments(gap));
            }
        }
        self.without_telling_comments(&changes.apply(text))
    }

    /// Where the values stand, in order; nothing where they stand in several places.
    pub(crate) fn places(&self) -> Vec<(usize, usize)> {
        if self.tangled {
            return Vec::new();
        }
        let mut places: Vec<(usize, usize)> = self.list.iter().map(|value| (value.start, value.end)).collect();
        places.sort_unstable();
        places
    }

    /// Written anew from what the document means.
    fn anew(&self, words: impl Fn(&Value) -> Option<String>) -> Option<Vec<u8>> {
        let mut json = overrides::json(&self.root).ok()?;
        for value in &self.list {
            let mut place = &mut json;
            for step in &value.path {
                place = match step {
                    Step::Key(key) => place.get_mut(key.as_str())?,
                    Step::Index(i) => place.get_mut(*i)?,
                };
            }
            if let Some(words) = words(value) {
                *place = Json::String(words);
            }
        }
        let text = yaml::emit(&overrides::value(&json)).ok()?;
        Some(text.trim_end().to_vec())
    }

    /// Comments elsewhere in the document that repeat a value.
    fn without_telling_comments(&self, text: &[u8]) -> Vec<u8> {
        if !text.contains(&b'#') {
            return text.to_vec();
        }
        let mut words: Vec<&[u8]> = Vec::new();
        for value in &self.list {
            words.extend(value.written.split(|b| *b == b'\n').map(<[u8]>::trim_ascii));
            words.extend(value.plain.split(|b| *b == b'\n').map(<[u8]>::trim_ascii));
        }
        words.retain(|word| word.len() >= SHORTEST);
        let tells = |comment: &[u8]| words.iter().any(|word| memmem::find(comment, word).is_some());
        let mut out = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|b| *b == b'\n') {
            let body = line.trim_ascii_start();
            if body.starts_with(b"#") && tells(body) {
                continue;
            }
            match comment(line) {
                Some(at) if tells(line.get(at..).unwrap_or_default()) => {
                    out.extend_from_slice(line.get(..at).unwrap_or_default());
                    out.extend_from_slice(if line.ends_with(b"\n") { b"\n" } else { b"" });
                }
                _ => out.extend_from_slice(line),
            }
        }
        out
    }
}

/// What stands between values, without its comments: nothing else in it can have a `#`.
fn without_comments(gap: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(gap.len());
    for (i, line) in gap.split_inclusive(|b| *b == b'\n').enumerate() {
        let Some(at) = line.find_byte(b'#') else {
            out.extend_from_slice(line);
            continue;
        };
        let kept = line.get(..at).unwrap_or_default();
        // A line that is nothing but a comment goes as a whole.
        if i > 0 && kept.trim_ascii().is_empty() {
            continue;
        }
        out.extend_from_slice(kept.trim_ascii_end());
        if line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &str) -> String {
        let out = seal(text.as_bytes(), "ns", Sealing::Omit).map(|text| text.lossy().into_owned());
        out.unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn values_only() {
        let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s # mine\n";
        for (text, want) in [
            (
                "data:\n  a: eA==\n  b: |\n    eA==\n\ntype: Opaque\n",
                "data:\n  a: omitted\n  b: omitted\n\ntype: Opaque\n",
            ),
            (
                "data: # hunter\n  # a: old\n  a: eA== # x\n  b: \"eA==\"\n# b: old\ntype: x",
                "data:\n  a: omitted\n  b: omitted\ntype: x",
            ),
            ("stringData: {a: x, b: 'y', c: }\n", "stringData: {a: \"omitted\", b: \"omitted\", c: }\n"),
            ("stringData:\n  a: !!str x\n  b: >-\n    y\n    z\n", "stringData:\n  a: omitted\n  b: omitted\n"),
            ("data:\n", "data:\n"),
            ("# the word is hunter22\nstringData:\n  a: hunter22\n", "stringData:\n  a: omitted\n"),
        ] {
            assert_eq!(sealed(&format!("{head}{text}")), format!("{head}{want}"), "{text}");
        }
    }

    #[test]
    fn tangled() {
        for text in [
            "kind: Secret\nmetadata: {name: s}\nstringData:\n  a: hunter22\n  a: x\n",
            "kind: Secret\nmetadata: {name: s}\nstringData:\n  a: &a hunter22\n  b: *a\n",
            "kind: Secret\nmetadata: {name: s}\nx: &d {a: hunter22}\nstringData: *d\n",
            "kind: Secret\nstringData: {a: hunter22}\nstringData: {b: c}\n",
            "kind: Secret\nstringData: hunter22\n",
            "kind: Secret\nstringData:\n  a: [hunter22]\n",
            "kind: \"S\\u0065cret\"\nstringData:\n  a: hunter22\n",
            "kind: Secret\nstringData:\n  a: hunter22\n b: [\n",
        ] {
            let out = sealed(text);
            assert!(!out.replace("x:\n  a: hunter22", "").contains("hunter22"), "{out}");
        }
    }

    #[test]
    fn lists_and_copies() {
        let text = "kind: List\nitems:\n- kind: ConfigMap\n  data: {a: x}\n- kind: Secret\n  metadata:\n    annotations:\n      \
                    kubectl.kubernetes.io/last-applied-configuration: |\n        {\"data\":{\"a\":\"eA==\"}}\n  data:\n    a: eA==\n";
        let want = "kind: List\nitems:\n- kind: ConfigMap\n  data: {a: x}\n- kind: Secret\n  metadata:\n    annotations:\n      \
                    kubectl.kubernetes.io/last-applied-configuration: omitted\n  data:\n    a: omitted\n";
        assert_eq!(sealed(text), want);
        assert_eq!(
            sealed("{\"kind\":\"SecretList\",\"items\":[{\"data\":{\"a\":\"eA==\"}}]}"),
            "{\"kind\":\"SecretList\",\"items\":[{\"data\":{\"a\":\"omitted\"}}]}"
        );
    }

    #[test]
    fn comments() {
        for (line, expected) in [
            ("a: b # c", Some(4)),
            ("a: \"b # c\"", None),
            ("{\"a\":\"REDACTED # (7 bytes)\",\"b\":\"x\"} # y", Some(36)),
            ("a: 'it''s # no' # yes", Some(15)),
            ("a: it's # yes", Some(7)),
            ("a: \"open # yes", Some(8)),
            ("a: \"\\\" # no\"", None),
            ("a#b", None),
        ] {
            assert_eq!(comment(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn digests() {
        let text = |block: &str| format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n{block}\n");
        let once = seal(text("data:\n  a: aHVudGVyMjI=").as_bytes(), "ns", Sealing::Digest).unwrap();
        // A value may look like a digest, and is none for that.
        assert!(seal(&once, "ns", Sealing::Digest).is_some_and(|again| again != once));
        let moved = seal(text("stringData:\n  a: hunter22").as_bytes(), "ns", Sealing::Digest).unwrap();
        let digest_of = |text: &Str| text.lossy().lines().last().map(|line| line.trim().to_owned());
        assert_eq!(digest_of(&once), digest_of(&moved));
        let object = Object {
            group: String::new(),
            version: "v1".into(),
            kind: "Secret".into(),
            namespace: "ns".into(),
            name: "s".into(),
        };
        assert_eq!(digest_of(&once), Some(format!("a: {}", digest(&object, "a", b"hunter22"))));
        assert!(seal(b"kind: ConfigMap\ndata: {a: b}\n", "ns", Sealing::Digest).is_none());
    }
}
