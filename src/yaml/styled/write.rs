//! Nodes → text, as go-yaml v3's emitter writes them: indentation of 2, no width at which lines are folded.
//!
//! The emitter works on events and keeps the comments that it has not written yet until a place comes that writes them.
//! Where an event brings none, an older one stays. So the steps here follow the emitter's: look at a node's comments
//! (`look`), write what stands before it, its beginning (`begin`), the comments behind and below, then what is in it
//! (`inside`).

use super::{Kind, Looking, Node, Tree, tag_of};
use crate::stack::deeper;
use crate::yaml::order::Version;
use crate::yaml::scalar_out::{Analysis, Writer, analyze, is_break};
use crate::yaml::scan::Style;
use std::borrow::Cow;

/// Documents that become one text.
pub struct Stream {
    writer: Writer,
    /// Whether the `-` of a list in a mapping counts as its indentation.
    compact: bool,
    first: bool,
    head: Vec<u8>,
    line: Vec<u8>,
    foot: Vec<u8>,
    tail: Vec<u8>,
    key_line: Vec<u8>,
    /// How deep in brackets.
    flow: usize,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    /// A key that stands on one line with its `:`.
    SimpleKey,
    /// Another key, or a value.
    Mapping,
}

/// What the emitter found out about a node.
struct Prepared {
    handle: &'static [u8],
    suffix: Vec<u8>,
    analysis: Analysis,
    style: Style,
}

impl Default for Stream {
    fn default() -> Self {
        Stream {
            writer: Writer::new(Version::V3),
            compact: true,
            first: true,
            head: Vec::new(),
            line: Vec::new(),
            foot: Vec::new(),
            tail: Vec::new(),
            key_line: Vec::new(),
            flow: 0,
        }
    }
}

/// An event's comment takes the place of the one before; without one that stays.
fn replace(pending: &mut Vec<u8>, new: &[u8]) {
    if !new.is_empty() {
        pending.clear();
        pending.extend_from_slice(new);
    }
}

/// Go's `resolve` decides which tags must be written.
fn prepare(node: &Node) -> Prepared {
    let quoted = !matches!(node.looking, Looking::Plain | Looking::Flow);
    let mut forced = false;
    let is_needed = !node.tag.is_empty()
        && (node.tagged
            || match node.kind {
                Kind::Scalar if node.tag == "!!str" => {
                    forced = !quoted && tag_of(&node.value) != "!!str";
                    false
                }
                Kind::Scalar => tag_of(&node.value) != node.tag,
                Kind::Mapping => node.tag != "!!map",
                Kind::Sequence => node.tag != "!!seq",
                Kind::Alias => false,
            });
    let tag = if is_needed { node.tag.as_bytes() } else { b"" };
    let (handle, suffix): (&[u8], &[u8]) = match tag {
        [b'!', b'!', name @ ..] => (b"!!", name),
        [b'!', name @ ..] => (b"!", name),
        other => (b"", other),
    };
    let style = match node.looking {
        Looking::DoubleQuoted => Style::DoubleQuoted,
        Looking::SingleQuoted => Style::SingleQuoted,
        Looking::Literal => Style::Literal,
        Looking::Folded => Style::Folded,
        _ if node.kind == Kind::Scalar && node.value.contains(&b'\n') => Style::Literal,
        _ if forced => Style::DoubleQuoted,
        _ => Style::Plain,
    };
    let value = if node.kind == Kind::Scalar { node.value.as_slice() } else { b"" };
    Prepared { handle, suffix: suffix.to_vec(), analysis: analyze(value, Version::V3), style }
}

/// Whether a text that may stand plain outside of brackets may not inside.
fn needs_quotes_in_flow(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'?' | b':'))
        || text.iter().skip(1).any(|b| matches!(b, b',' | b'?' | b'[' | b']' | b'{' | b'}' | b':'))
}

/// The comment below a key is written before the next key, when all of the value is there.
fn without_foot(key: &Node) -> Cow<'_, Node> {
    if key.foot.is_empty() { Cow::Borrowed(key) } else { Cow::Owned(Node { foot: Vec::new(), ..key.clone() }) }
}

impl Stream {
    /// A text without documents.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the next documents' lists stand below their keys without indentation.
    pub fn set_compact(&mut self, compact: bool) {
        self.compact = compact;
    }

    /// The text of all documents.
    pub fn finish(self) -> Vec<u8> {
        self.writer.out
    }

    /// Writes a document.
    pub fn write(&mut self, tree: &Tree) {
        if let Some(around) = &tree.around {
            replace(&mut self.head, &around.head);
        }
        if !self.first {
            self.writer.write_indent();
            self.writer.indicator(b"---", true, false);
            self.writer.write_indent();
        }
        self.first = false;
        if !self.head.is_empty() {
            self.write_head();
            self.writer.put_break();
        }
        let root = tree.node(tree.root);
        self.look(root, &[]);
        self.write_head();
        self.node(tree, tree.root, Place::Root);
        if let Some(around) = &tree.around {
            replace(&mut self.foot, &around.foot);
        }
        // The foot of a document stands apart.
        self.writer.foot = 0;
        self.write_foot();
        self.writer.foot = -1;
        self.writer.write_indent();
    }

    /// A node, what stands behind and below its beginning, and what is in it.
    fn node(&mut self, tree: &Tree, at: usize, place: Place) {
        let node = tree.node(at);
        self.begin(node, place);
        self.write_line();
        self.write_foot();
        self.inside(tree, node, place);
    }

    /// Takes up the comments with which a node begins.
    fn look(&mut self, node: &Node, tail: &[u8]) {
        replace(&mut self.head, &node.head);
        match node.kind {
            Kind::Scalar | Kind::Alias => {
                replace(&mut self.line, &node.line);
                replace(&mut self.foot, &node.foot);
            }
            Kind::Sequence | Kind::Mapping => {}
        }
        if matches!(node.kind, Kind::Scalar | Kind::Mapping) {
            replace(&mut self.tail, tail);
        }
    }

    /// Takes up the comments with which a collection ends.
    fn look_at_end(&mut self, node: &Node, tail: &[u8]) {
        replace(&mut self.line, &node.line);
        replace(&mut self.foot, &node.foot);
        replace(&mut self.tail, tail);
    }

    fn is_flow(&self, node: &Node) -> bool {
        self.flow > 0 || node.looking == Looking::Flow || node.content.is_empty()
    }

    /// Whether a key can stand on one line with its `:`.
    fn is_simple(node: &Node) -> bool {
        let prepared = prepare(node);
        let around = node.anchor.len() + prepared.handle.len() + prepared.suffix.len();
        let length = match node.kind {
            Kind::Alias => node.value.len(),
            Kind::Scalar if prepared.analysis.multiline => return false,
            Kind::Scalar => around + node.value.len(),
            Kind::Sequence | Kind::Mapping if !node.content.is_empty() => return false,
            Kind::Sequence | Kind::Mapping => around,
        };
        length <= 128
    }

    /// Writes an anchor, a tag, and all of a scalar or alias.
    fn begin(&mut self, node: &Node, place: Place) {
        if node.kind == Kind::Alias {
            self.writer.indicator(b"*", true, false);
            self.word(&node.value);
            return;
        }
        let prepared = prepare(node);
        if !node.anchor.is_empty() {
            self.writer.indicator(b"&", true, false);
            self.word(&node.anchor);
        }
        self.tag(&prepared);
        if node.kind == Kind::Scalar {
            let style = self.style(node, &prepared, place);
            let outer = self.indent();
            self.scalar(&node.value, style);
            self.writer.indent = outer;
        }
    }

    /// Goes one step in; the indentation so far.
    fn indent(&mut self) -> isize {
        let outer = self.writer.indent;
        self.writer.indent = if outer < 0 { 2 } else { outer + 2 };
        outer
    }

    fn word(&mut self, text: &[u8]) {
        self.writer.out.extend_from_slice(text);
        self.writer.column += text.len();
        self.writer.whitespace = false;
        self.writer.indention = false;
    }

    fn tag(&mut self, prepared: &Prepared) {
        if prepared.handle.is_empty() && prepared.suffix.is_empty() {
            return;
        }
        if !self.writer.whitespace {
            self.writer.put(b' ');
        }
        self.word(if prepared.handle.is_empty() { b"!<" } else { prepared.handle });
        let mut text = Vec::new();
        for &b in &prepared.suffix {
            match b {
                b'0'..=b'9'
                | b'A'..=b'Z'
                | b'a'..=b'z'
                | b'_'
                | b'-'
                | b';'
                | b'/'
                | b'?'
                | b':'
                | b'@'
                | b'&'
                | b'='
                | b'+'
                | b'$'
                | b','
                | b'.'
                | b'~'
                | b'*'
                | b'\''
                | b'('
                | b')'
                | b'['
                | b']' => text.push(b),
                _ => text.extend_from_slice(format!("%{b:02X}").as_bytes()),
            }
        }
        self.word(&text);
        if prepared.handle.is_empty() {
            self.word(b">");
        }
    }

    fn style(&self, node: &Node, prepared: &Prepared, place: Place) -> Style {
        let (analysis, mut style) = (&prepared.analysis, prepared.style);
        let is_key = place == Place::SimpleKey;
        if is_key && analysis.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain {
            let in_flow = self.flow > 0 && (node.value.is_empty() || needs_quotes_in_flow(&node.value));
            if !analysis.plain || in_flow || node.value.is_empty() && is_key {
                style = Style::SingleQuoted;
            }
        }
        if style == Style::SingleQuoted && !analysis.single {
            style = Style::DoubleQuoted;
        }
        if matches!(style, Style::Literal | Style::Folded) && (!analysis.block || self.flow > 0 || is_key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    fn scalar(&mut self, text: &[u8], style: Style) {
        match style {
            Style::Plain if text.is_empty() => self.writer.indention = false,
            Style::Plain => self.writer.plain(text, false),
            Style::SingleQuoted => self.writer.single_quoted(text, false),
            Style::DoubleQuoted => self.writer.double_quoted(text, false),
            Style::Literal => {
                self.writer.block_header(b"|", text);
                self.end_line();
                self.writer.literal_body(text);
            }
            Style::Folded => {
                self.writer.block_header(b">", text);
                self.end_line();
                self.folded(text);
            }
        }
    }

    /// The lines of a folded text: none is cut, as there is no width.
    fn folded(&mut self, text: &[u8]) {
        let writer = &mut self.writer;
        writer.whitespace = true;
        // go-yaml looks behind the breaks at the text's start, wherever it is.
        let first = (0..text.len()).find(|&i| !is_break(text, i) && text.get(i).is_none_or(|b| b & 0xc0 != 0x80));
        let starts_blank = first.and_then(|i| text.get(i)).is_none_or(|b| matches!(b, b' ' | b'\t' | 0));
        let (mut breaks, mut blank) = (true, true);
        let mut i = 0;
        while let Some(&b) = text.get(i) {
            if is_break(text, i) {
                if !breaks && !blank && b == b'\n' && !starts_blank {
                    writer.put_break();
                }
                i = writer.write_break(text, i);
                breaks = true;
            } else {
                if breaks {
                    writer.write_indent();
                    blank = matches!(b, b' ' | b'\t');
                }
                i = writer.put_char(text, i);
                writer.indention = false;
                breaks = false;
            }
        }
    }

    /// Writes what is in a collection, and its end.
    fn inside(&mut self, tree: &Tree, node: &Node, place: Place) {
        deeper(|| match (node.kind, self.is_flow(node)) {
            (Kind::Sequence, true) => self.flow_sequence(tree, node),
            (Kind::Sequence, false) => self.block_sequence(tree, node, place),
            (Kind::Mapping, true) => self.flow_mapping(tree, node),
            (Kind::Mapping, false) => self.block_mapping(tree, node),
            (Kind::Scalar | Kind::Alias, _) => {}
        });
    }

    fn block_sequence(&mut self, tree: &Tree, node: &Node, place: Place) {
        let outer = self.writer.indent;
        let in_mapping = matches!(place, Place::Mapping | Place::SimpleKey);
        let same = in_mapping && (self.writer.column == 0 || !self.writer.indention) && self.compact;
        self.writer.indent = match outer {
            ..0 => 0,
            _ if same => outer,
            _ => outer + 2,
        };
        for &item in &node.content {
            self.look(tree.node(item), &[]);
            self.write_head();
            self.writer.write_indent();
            self.writer.indicator(b"-", true, true);
            self.node(tree, item, Place::Item);
        }
        self.look_at_end(node, &[]);
        self.writer.indent = outer;
    }

    fn block_mapping(&mut self, tree: &Tree, node: &Node) {
        let outer = self.writer.indent;
        self.writer.indent = if outer < 0 { 0 } else { outer + 2 };
        let mut tail: &[u8] = &[];
        for pair in node.content.chunks_exact(2) {
            let &[key_at, value_at] = pair else { continue };
            let (key, value) = (&*without_foot(tree.node(key_at)), tree.node(value_at));
            self.look(key, tail);
            tail = &tree.node(key_at).foot;
            self.write_head();
            self.writer.write_indent();
            if !self.line.is_empty() {
                // It is written behind the colon or the value.
                self.key_line = std::mem::take(&mut self.line);
            }
            let is_simple = Self::is_simple(key);
            let place = if is_simple { Place::SimpleKey } else { Place::Mapping };
            if !is_simple {
                self.writer.indicator(b"?", true, true);
            }
            self.begin(key, place);
            self.inside(tree, key, place);
            self.look(value, &[]);
            if is_simple {
                self.writer.indicator(b":", false, false);
            } else {
                self.writer.write_indent();
                self.writer.indicator(b":", true, true);
            }
            self.write_key_line(value);
            self.node(tree, value_at, Place::Mapping);
        }
        self.look_at_end(node, tail);
        self.write_head();
        self.writer.indent = outer;
    }

    /// The comment behind a key: behind its scalar value, or before the block that follows.
    fn write_key_line(&mut self, value: &Node) {
        if self.key_line.is_empty() {
            return;
        }
        match value.kind {
            Kind::Scalar if self.line.is_empty() => self.line = std::mem::take(&mut self.key_line),
            Kind::Sequence | Kind::Mapping if value.looking != Looking::Flow => {
                std::mem::swap(&mut self.line, &mut self.key_line);
                self.write_line();
                std::mem::swap(&mut self.line, &mut self.key_line);
            }
            _ => {}
        }
    }

    fn has_comments_behind(&self) -> bool {
        !(self.line.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }

    fn open(&mut self, bracket: &[u8]) -> isize {
        self.writer.indicator(bracket, true, false);
        self.writer.whitespace = true;
        self.flow += 1;
        self.indent()
    }

    /// What stands before an item in brackets; `separated` tells whether its comma is there already.
    fn separate(&mut self, separated: bool) {
        if !separated {
            self.writer.indicator(b",", false, false);
        }
        self.write_head();
        if self.writer.column == 0 {
            self.writer.write_indent();
        }
    }

    /// An item or a value in brackets. Whether its comma was written, as comments follow it.
    fn flow_node(&mut self, tree: &Tree, at: usize, place: Place) -> bool {
        let comma = self.has_comments_behind();
        let node = tree.node(at);
        self.begin(node, place);
        if self.has_comments_behind() {
            self.writer.indicator(b",", false, false);
        }
        self.write_line();
        self.write_foot();
        self.inside(tree, node, place);
        comma
    }

    fn flow_sequence(&mut self, tree: &Tree, node: &Node) {
        let outer = self.open(b"[");
        let mut separated = true;
        for &item in &node.content {
            self.look(tree.node(item), &[]);
            self.separate(separated);
            separated = self.flow_node(tree, item, Place::Item);
        }
        self.look_at_end(node, &[]);
        self.flow -= 1;
        self.writer.indent = outer;
        if self.writer.column == 0 {
            self.writer.write_indent();
        }
        self.writer.indicator(b"]", false, false);
        self.write_line();
        self.write_foot();
    }

    fn flow_mapping(&mut self, tree: &Tree, node: &Node) {
        let outer = self.open(b"{");
        let mut separated = true;
        let mut tail: &[u8] = &[];
        for pair in node.content.chunks_exact(2) {
            let &[key_at, value_at] = pair else { continue };
            let key = &*without_foot(tree.node(key_at));
            self.look(key, tail);
            tail = &tree.node(key_at).foot;
            self.separate(separated);
            let is_simple = Self::is_simple(key);
            let place = if is_simple { Place::SimpleKey } else { Place::Mapping };
            if !is_simple {
                self.writer.indicator(b"?", true, false);
            }
            self.begin(key, place);
            self.inside(tree, key, place);
            self.look(tree.node(value_at), &[]);
            self.writer.indicator(b":", !is_simple, false);
            separated = self.flow_node(tree, value_at, Place::Mapping);
        }
        self.look_at_end(node, tail);
        let has_comments = !(self.head.is_empty() && self.foot.is_empty() && self.tail.is_empty());
        if has_comments && !separated {
            self.writer.indicator(b",", false, false);
        }
        self.write_head();
        self.flow -= 1;
        self.writer.indent = outer;
        self.writer.indicator(b"}", false, false);
        self.write_line();
        self.write_foot();
    }

    // Comments

    /// What stands below the key before, and what stands before what comes.
    fn write_head(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.writer.write_indent();
            self.comment(&tail);
            self.writer.foot = self.writer.indent.max(0);
        }
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            self.writer.write_indent();
            self.comment(&head);
        }
    }

    fn write_line(&mut self) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            if !self.writer.whitespace {
                self.writer.put(b' ');
            }
            self.comment(&line);
        }
    }

    /// Ends the line of a block scalar's header.
    fn end_line(&mut self) {
        if self.line.is_empty() {
            self.writer.put_break();
        } else {
            self.write_line();
        }
    }

    fn write_foot(&mut self) {
        if !self.foot.is_empty() {
            let foot = std::mem::take(&mut self.foot);
            self.writer.write_indent();
            self.comment(&foot);
            self.writer.foot = self.writer.indent.max(0);
        }
    }

    /// The lines of a comment, each with its `#`.
    fn comment(&mut self, text: &[u8]) {
        let writer = &mut self.writer;
        let (mut breaks, mut marked) = (false, false);
        let mut i = 0;
        while let Some(&b) = text.get(i) {
            if is_break(text, i) {
                i = writer.write_break(text, i);
                (breaks, marked) = (true, false);
                continue;
            }
            if breaks {
                writer.write_indent();
            }
            if !marked {
                if b != b'#' {
                    writer.put(b'#');
                    writer.put(b' ');
                }
                marked = true;
            }
            i = writer.put_char(text, i);
            writer.indention = false;
            breaks = false;
        }
        if !breaks {
            writer.put_break();
        }
        writer.whitespace = true;
    }
}
