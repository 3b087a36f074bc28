//! A Kubernetes object with its annotations, as kyaml's `RNode` changes them.

use crate::yaml::styled::{Kind, Looking, NULL, Node, Stream, Tree};
use std::borrow::Cow;

/// kyaml's words for an object with nothing that tells what it is.
pub(super) const MISSING: &str = "missing Resource metadata";

const METADATA: &str = "metadata";
const ANNOTATIONS: &str = "annotations";

/// Where the reader notes an object's number in its text, and what older tools look at.
pub(super) const INDEX: [&str; 2] = ["config.kubernetes.io/index", "internal.config.kubernetes.io/index"];
/// The same for the file and the object: `(old, new)`.
const COPIED: [(&str, &str); 3] = [
    ("config.kubernetes.io/path", "internal.config.kubernetes.io/path"),
    ("config.kubernetes.io/index", "internal.config.kubernetes.io/index"),
    ("config.k8s.io/id", "internal.config.kubernetes.io/id"),
];
/// How lists stand below their keys.
pub(super) const LISTS: &str = "internal.config.kubernetes.io/seqindent";

/// An object.
pub(super) struct Resource {
    pub(super) tree: Tree,
}

/// What kyaml reads of an object.
pub(super) struct Meta<'r> {
    pub(super) kind: &'r [u8],
    tree: &'r Tree,
    annotations: Option<usize>,
}

impl Meta<'_> {
    /// The text of an annotation; empty where it is null.
    pub(super) fn annotation(&self, name: &str) -> Option<&[u8]> {
        let value = self.tree.node(self.tree.get(self.annotations?, name)?);
        Some(if value.is_null() { b"" } else { &value.value })
    }
}

impl Resource {
    pub(super) fn root(&self) -> &Node {
        self.tree.node(self.tree.root())
    }

    /// A field that is not empty.
    fn field(&self, at: usize, name: &str) -> Option<usize> {
        self.tree.get(at, name).filter(|&value| !self.tree.node(value).is_empty())
    }

    /// What the object says of itself; `None` where it says nothing at all, nothing found where it is null.
    pub(super) fn meta(&self) -> Option<Meta<'_>> {
        let root = self.tree.root();
        let mut meta = Meta { kind: b"", tree: &self.tree, annotations: None };
        if self.root().is_null() {
            return Some(meta);
        }
        let mut missing = self.field(root, "apiVersion").is_none();
        if let Some(kind) = self.field(root, "kind") {
            meta.kind = &self.tree.node(kind).value;
            missing = false;
        }
        if let Some(metadata) = self.field(root, METADATA) {
            missing &= ["name", "namespace", "labels"].iter().all(|name| self.field(metadata, name).is_none());
            meta.annotations = self.field(metadata, ANNOTATIONS);
            missing &= meta.annotations.is_none();
        }
        (!missing).then_some(meta)
    }

    /// Notes the object's number in its text, as the reader does.
    pub(super) fn number(&mut self, number: usize) -> Result<(), String> {
        for (old, new) in COPIED {
            let Some(meta) = self.meta() else { break };
            let of = |name| meta.annotation(name).filter(|text| !text.is_empty()).map(<[u8]>::to_vec);
            match (of(old), of(new)) {
                (None, Some(text)) => self.annotate(old, &text)?,
                (Some(text), None) => self.annotate(new, &text)?,
                _ => {}
            }
        }
        INDEX.iter().try_for_each(|name| self.annotate(name, number.to_string().as_bytes()))
    }

    /// Sets an annotation.
    ///
    /// # Errors
    /// kyaml's words, where there is something else instead of a mapping.
    pub(super) fn annotate(&mut self, name: &str, text: &[u8]) -> Result<(), String> {
        self.clear_empty()?;
        let Some(metadata) = self.enter(self.tree.root(), METADATA)? else { return Ok(()) };
        let Some(annotations) = self.enter(metadata, ANNOTATIONS)? else { return Ok(()) };
        let utf8 = std::str::from_utf8(text).is_ok();
        let value = Node {
            looking: Looking::SingleQuoted,
            tag: Cow::Borrowed(if utf8 { "!!str" } else { "!!binary" }),
            value: if utf8 { text.to_vec() } else { crate::yaml::styled::base64_lines(text) },
            ..Node::default()
        };
        match self.find(annotations, name)? {
            Some(old) => {
                // All is replaced but its looks: comments and anchors go.
                if let Some(node) = self.tree.node_mut(old) {
                    *node = Node { looking: node.looking, tagged: node.tagged, ..value };
                }
            }
            None => {
                let value = self.tree.add(value);
                self.append(annotations, name, value);
            }
        }
        Ok(())
    }

    /// Removes an annotation.
    ///
    /// # Errors
    /// As for `annotate`.
    pub(super) fn clear_annotation(&mut self, name: &str) -> Result<(), String> {
        let Some(metadata) = self.find(self.tree.root(), METADATA)? else { return Ok(()) };
        let Some(annotations) = self.find(metadata, ANNOTATIONS)? else { return Ok(()) };
        self.clear(annotations, name, false)
    }

    /// Removes annotations and metadata that hold nothing.
    ///
    /// # Errors
    /// As for `annotate`.
    pub(super) fn clear_empty(&mut self) -> Result<(), String> {
        let root = self.tree.root();
        if let Some(metadata) = self.find(root, METADATA)? {
            self.clear(metadata, ANNOTATIONS, true)?;
        }
        self.clear(root, METADATA, true)
    }

    /// The field of a mapping; nothing in what is null.
    fn find(&self, at: usize, name: &str) -> Result<Option<usize>, String> {
        if self.tree.node(at).is_null() {
            return Ok(None);
        }
        self.expect_mapping(at)?;
        Ok(self.tree.get(at, name))
    }

    /// The same, made where there is none; `None` in what is null.
    fn enter(&mut self, at: usize, name: &str) -> Result<Option<usize>, String> {
        if self.tree.node(at).is_null() {
            return Ok(None);
        }
        if let Some(found) = self.find(at, name)? {
            return Ok(Some(found));
        }
        let value = self.tree.add(Node { kind: Kind::Mapping, ..Node::default() });
        self.append(at, name, value);
        Ok(Some(value))
    }

    fn append(&mut self, at: usize, name: &str, value: usize) {
        let key = self.tree.add(Node { value: name.as_bytes().to_vec(), ..Node::default() });
        if let Some(node) = self.tree.node_mut(at) {
            node.content.extend([key, value]);
        }
    }

    /// Removes the first field of that name; the first empty one, if it must be empty.
    fn clear(&mut self, at: usize, name: &str, if_empty: bool) -> Result<(), String> {
        if !self.tree.node(at).is_null() {
            self.expect_mapping(at)?;
        }
        let found = self.tree.pairs(at).position(|(key, value)| {
            self.tree.node(key).value == name.as_bytes() && (!if_empty || self.tree.node(value).content.is_empty())
        });
        if let (Some(found), Some(node)) = (found, self.tree.node_mut(at)) {
            node.content.drain(found * 2..found * 2 + 2);
        }
        Ok(())
    }

    fn expect_mapping(&self, at: usize) -> Result<(), String> {
        let kind = match self.tree.node(at).kind {
            Kind::Mapping => return Ok(()),
            Kind::Scalar => "ScalarNode",
            Kind::Sequence => "SequenceNode",
            Kind::Alias => "AliasNode",
        };
        let mut stream = Stream::new();
        stream.write(&self.tree.cut(at));
        let text = stream.finish();
        let text = String::from_utf8_lossy(&text);
        Err(format!("wrong node kind: expected MappingNode but got {kind}: node contents:\n{text}"))
    }
}

/// Whether the tag says that there is nothing.
pub(super) fn is_null(tree: &Tree) -> bool {
    tree.node(tree.root()).tag == NULL
}
