//! Events → nodes, with each comment at the node that go-yaml v3 gives it to.

use super::{Around, Kind, Looking, Node, Tree, tag_of};
use crate::yaml::input::Input;
use crate::yaml::parse::{Event, Kind as Step, Parser};
use crate::yaml::scan::{Fault, Mark, Scanner, Style};
use std::borrow::Cow;
use std::collections::HashSet;

/// The prefix of tags that have a short form.
const PREFIX: &[u8] = b"tag:yaml.org,2002:";

impl Tree {
    /// Reads the first document of a text. `None` where there is none.
    ///
    /// # Errors
    /// go-yaml's words, with `yaml: ` and the line that it names.
    pub fn read(raw: &[u8]) -> Result<Option<Tree>, String> {
        if raw.is_empty() {
            return Ok(None);
        }
        let Input { text, chunks, .. } = Input::new(raw);
        if u32::try_from(text.len()).is_err() {
            return Err("yaml: document is too large".to_owned());
        }
        let reader = Reader {
            parser: Parser::new(Scanner::with_comments(&text, chunks)),
            tree: Tree::default(),
            anchors: HashSet::new(),
            open: Vec::new(),
        };
        reader.read().map_err(|fault| words(&fault))
    }
}

/// go-yaml v3 names the line of the context, and only without one that of the problem.
fn words(fault: &Fault) -> String {
    let line = |mark: Option<Mark>| mark.map_or(0, |mark| mark.line);
    let mut number = line(fault.context);
    if number == 0 && (fault.lexical || fault.context.is_some()) {
        number = line(fault.at);
    }
    if number == 0 {
        return format!("yaml: {}", fault.problem);
    }
    // The scanner counts from 1.
    format!("yaml: line {}: {}", number + u32::from(fault.lexical), fault.problem)
}

/// A collection that is being read.
struct Open {
    node: usize,
    is_flow: bool,
}

struct Reader<'a> {
    parser: Parser<'a>,
    tree: Tree,
    anchors: HashSet<&'a [u8]>,
    open: Vec<Open>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<Option<Tree>, Box<Fault>> {
        if self.parser.next()?.kind == Step::StreamEnd {
            return Ok(None);
        }
        let mut around = Around { head: self.notes().head, foot: Vec::new() };
        loop {
            let event = self.parser.next()?;
            match event.kind {
                Step::SequenceEnd | Step::MappingEnd => self.end(),
                Step::DocumentStart | Step::DocumentEnd | Step::StreamEnd => break,
                Step::Alias => {
                    let name = event.anchor.unwrap_or_default();
                    if !self.anchors.contains(name) {
                        let problem = format!("unknown anchor '{}' referenced", String::from_utf8_lossy(name));
                        return Err(Box::new(Fault {
                            problem: Cow::Owned(problem),
                            line: 0,
                            at: None,
                            context: None,
                            opened: None,
                            lexical: false,
                        }));
                    }
                    let node = Node { kind: Kind::Alias, value: name.to_vec(), ..Node::default() };
                    let at = self.begin(node);
                    self.done(at);
                }
                Step::Scalar => {
                    let node = scalar(&event);
                    let at = self.begin_named(node, event.anchor);
                    self.done(at);
                }
                Step::SequenceStart | Step::MappingStart => {
                    let is_flow = self.parser.is_flow();
                    let (kind, own) = match event.kind {
                        Step::SequenceStart => (Kind::Sequence, "!!seq"),
                        _ => (Kind::Mapping, "!!map"),
                    };
                    let given = short(&event.tag);
                    let node = Node {
                        kind,
                        looking: if is_flow { Looking::Flow } else { Looking::Plain },
                        tagged: given.is_some(),
                        tag: given.unwrap_or(Cow::Borrowed(own)),
                        ..Node::default()
                    };
                    let node = self.begin_named(node, event.anchor);
                    self.open.push(Open { node, is_flow });
                    continue;
                }
            }
            if self.open.is_empty() {
                break;
            }
        }
        // Its end, for the comments below it.
        self.parser.next()?;
        around.foot = self.notes().foot;
        self.tree.around = Some(around);
        Ok(Some(self.tree))
    }

    fn notes(&mut self) -> crate::yaml::comments::Notes {
        self.parser.comments().map(|comments| comments.notes()).unwrap_or_default()
    }

    /// Puts a node into the collection that is open.
    fn begin(&mut self, mut node: Node) -> usize {
        let notes = self.notes();
        (node.head, node.line, node.foot) = (notes.head, notes.line, notes.foot);
        let at = self.tree.add(node);
        if let Some(parent) = self.open.last().and_then(|open| self.tree.nodes.get_mut(open.node)) {
            parent.content.push(at);
        }
        at
    }

    fn begin_named(&mut self, mut node: Node, anchor: Option<&'a [u8]>) -> usize {
        if let Some(name) = anchor {
            node.anchor = name.to_vec();
            self.anchors.insert(name);
        }
        self.begin(node)
    }

    /// Ends the collection that is open.
    fn end(&mut self) {
        let notes = self.notes();
        let Some(Open { node: at, is_flow }) = self.open.pop() else { return };
        let Some(node) = self.tree.nodes.get_mut(at) else { return };
        node.line = notes.line;
        node.foot = notes.foot;
        if node.kind == Kind::Mapping && !is_flow && !node.foot.is_empty() {
            // What stands below a mapping belongs to its last key.
            let last = node.content.iter().rev().nth(1).copied();
            if let Some(last) = last {
                let foot = std::mem::take(&mut node.foot);
                self.set_foot(last, foot);
            }
        }
        self.done(at);
    }

    fn set_foot(&mut self, at: usize, foot: Vec<u8>) {
        if let Some(node) = self.tree.nodes.get_mut(at) {
            node.foot = foot;
        }
    }

    /// A key or value is complete: in a mapping the comment below it moves to the key that it is about.
    fn done(&mut self, at: usize) {
        let Some(open) = self.open.last() else { return };
        let parent = self.tree.node(open.node);
        if parent.kind != Kind::Mapping || self.tree.node(at).foot.is_empty() {
            return;
        }
        let before = |n: usize| parent.content.iter().rev().nth(n).copied();
        let to = if parent.content.len() % 2 == 1 {
            // Below the value before, as the key is dedented.
            before(2).filter(|_| !open.is_flow)
        } else {
            before(1).filter(|&key| self.tree.node(key).foot.is_empty())
        };
        if let Some(to) = to {
            let foot = self.tree.nodes.get_mut(at).map(|node| std::mem::take(&mut node.foot)).unwrap_or_default();
            self.set_foot(to, foot);
        }
    }
}

fn scalar(event: &Event<'_>) -> Node {
    let looking = match event.style {
        Style::Plain => Looking::Plain,
        Style::SingleQuoted => Looking::SingleQuoted,
        Style::DoubleQuoted => Looking::DoubleQuoted,
        Style::Literal => Looking::Literal,
        Style::Folded => Looking::Folded,
    };
    let given = short(&event.tag);
    let tagged = given.is_some();
    let tag = given.unwrap_or(Cow::Borrowed(match looking {
        Looking::Plain if *event.text == *b"<<" => "!!merge",
        Looking::Plain => tag_of(&event.text),
        _ => "!!str",
    }));
    Node { kind: Kind::Scalar, looking, tagged, tag, value: event.text.to_vec(), ..Node::default() }
}

/// The short form of a tag that stands in the text; `!` counts as none.
fn short(tag: &[u8]) -> Option<Cow<'static, str>> {
    match tag {
        b"" | b"!" => None,
        _ => Some(Cow::Owned(match tag.strip_prefix(PREFIX) {
            Some(name) => format!("!!{}", String::from_utf8_lossy(name)),
            None => String::from_utf8_lossy(tag).into_owned(),
        })),
    }
}
