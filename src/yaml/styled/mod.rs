//! Documents with all that their text shows: styles, tags, anchors, comments; read and written as go-yaml v3 does
//! with its `Node`.

mod read;
mod write;

pub use write::Stream;

use super::resolve::{Looks, looks, looks_v3_octal};
use std::borrow::Cow;

/// A document's nodes.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    root: usize,
    /// Before and below the whole; `None` for what was cut out of a document.
    around: Option<Around>,
}

/// The comments of a document.
#[derive(Debug, Clone, Default)]
struct Around {
    head: Vec<u8>,
    foot: Vec<u8>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A text.
    #[default]
    Scalar,
    /// A list.
    Sequence,
    /// Keys and values.
    Mapping,
    /// Another node's name.
    Alias,
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Looking {
    /// A scalar without quotes; a collection without brackets.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[…]`, `{…}`
    Flow,
}

/// A part of a document.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub looking: Looking,
    /// Whether the tag stands in the text.
    pub tagged: bool,
    /// Its tag in the short form: `!!str`; empty if it has none.
    pub tag: Cow<'static, str>,
    /// A scalar's text; an alias' name.
    pub value: Vec<u8>,
    /// Its own name.
    pub anchor: Vec<u8>,
    /// What is in it: the items of a list; keys and values in turn.
    pub content: Vec<usize>,
    /// The comment before it.
    pub head: Vec<u8>,
    /// The comment behind it.
    pub line: Vec<u8>,
    /// The comment below it.
    pub foot: Vec<u8>,
}

/// The tag of what is nothing.
pub const NULL: &str = "!!null";

impl Node {
    /// Whether it is null by its tag.
    pub fn is_null(&self) -> bool {
        self.tag == NULL
    }

    /// Whether it is null or an empty collection.
    pub fn is_empty(&self) -> bool {
        self.is_null() || matches!(self.kind, Kind::Mapping | Kind::Sequence) && self.content.is_empty()
    }
}

impl Tree {
    /// The number of the root.
    pub fn root(&self) -> usize {
        self.root
    }

    /// A node; an empty one for a number that there is not.
    pub fn node(&self, at: usize) -> &Node {
        const NONE: &Node = &Node {
            kind: Kind::Scalar,
            looking: Looking::Plain,
            tagged: false,
            tag: Cow::Borrowed(NULL),
            value: Vec::new(),
            anchor: Vec::new(),
            content: Vec::new(),
            head: Vec::new(),
            line: Vec::new(),
            foot: Vec::new(),
        };
        self.nodes.get(at).unwrap_or(NONE)
    }

    /// A node to be changed.
    pub fn node_mut(&mut self, at: usize) -> Option<&mut Node> {
        self.nodes.get_mut(at)
    }

    /// Adds a node that nothing holds yet; its number.
    pub fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The pairs of a mapping.
    pub fn pairs(&self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        self.node(at).content.chunks_exact(2).filter_map(|pair| match pair {
            [key, value] => Some((*key, *value)),
            _ => None,
        })
    }

    /// The value of the first key with this text, if the node is a mapping.
    pub fn get(&self, at: usize, key: &str) -> Option<usize> {
        if self.node(at).kind != Kind::Mapping {
            return None;
        }
        self.pairs(at).find(|(k, _)| self.node(*k).value == key.as_bytes()).map(|(_, value)| value)
    }

    /// A node and all inside it as a tree of its own, without what is around the document.
    pub fn cut(&self, at: usize) -> Tree {
        let mut tree = Tree { nodes: vec![self.node(at).clone()], root: 0, around: None };
        let mut next = 0;
        while let Some(content) = tree.nodes.get(next).map(|node| node.content.clone()) {
            let first = tree.nodes.len();
            tree.nodes.extend(content.iter().map(|&child| self.node(child).clone()));
            if let Some(node) = tree.nodes.get_mut(next) {
                node.content = (first..first + content.len()).collect();
            }
            next += 1;
        }
        tree
    }

    /// The same document with another root.
    pub fn with_root(&self, root: usize) -> Tree {
        Tree { root, around: None, ..self.clone() }
    }
}

/// The tag of a plain text by its looks.
fn tag_of(text: &[u8]) -> &'static str {
    match looks(text, true) {
        Looks::Null => NULL,
        // Version 1.1's other words are strings here.
        Looks::Bool(_) if !matches!(text, b"true" | b"True" | b"TRUE" | b"false" | b"False" | b"FALSE") => "!!str",
        Looks::Bool(_) => "!!bool",
        Looks::Int(_) | Looks::Uint(_) => "!!int",
        Looks::Float(_) => "!!float",
        Looks::Time => "!!timestamp",
        Looks::Str
            if text.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-')) && looks_v3_octal(text) =>
        {
            "!!int"
        }
        Looks::Str => "!!str",
    }
}

/// Bytes that are no UTF-8 as go-yaml writes them: base64, in lines of 70 where there is more than one.
pub fn base64_lines(data: &[u8]) -> Vec<u8> {
    super::pretty::lines(data)
}
