//! What the parser makes: one tree a template, with Go's positions.

use super::names;
use crate::diagnostic::{Source, Span};
use crate::functions::Function;
use crate::go::quote::quoted;
use crate::text::recent::Said;
use crate::value::Str;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// One template: a file's own text, or one of its `define`s and `block`s.
pub struct Tree {
    /// Its name.
    pub name: Str,
    /// The text it was parsed from.
    pub source: Arc<Source>,
    /// The name's place, for templates that were defined; else an empty span.
    pub defined_at: Span,
    pub(super) root: Box<[Node]>,
    /// How deep its nodes nest.
    pub(super) depth: usize,
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Nodes drop recursively, and a chart can nest them a hundred thousand levels deep.
        if self.depth > 200 {
            let root = std::mem::take(&mut self.root);
            stacker::maybe_grow(self.depth.saturating_mul(2048), self.depth.saturating_mul(4096), || drop(root));
        }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {:?}", self.name)
    }
}

#[cfg_attr(test, derive(Debug))]
pub(super) enum Node {
    /// A stretch of the source.
    Text(Span),
    Action(Box<Pipe>),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<TemplateCall>),
    Break,
    Continue,
}

#[cfg_attr(test, derive(Debug))]
pub(super) struct Branch {
    pub(super) pipe: Box<Pipe>,
    pub(super) list: Box<[Node]>,
    pub(super) otherwise: Option<Box<[Node]>>,
    /// The `{{ … }}` that opens it.
    pub(super) span: Span,
}

#[cfg_attr(test, derive(Debug))]
pub(super) struct TemplateCall {
    pub(super) name: Str,
    pub(super) pipe: Option<Box<Pipe>>,
    /// The quoted name.
    pub(super) span: Span,
}

#[cfg_attr(test, derive(Debug))]
pub(super) struct Pipe {
    pub(super) assign: bool,
    pub(super) declares: Box<[Str]>,
    pub(super) commands: Commands,
    /// From its first token to the end of its last.
    pub(super) span: Span,
}

/// Nearly all pipelines have one command, and lie where that lies: what is executed is read from memory for the first time in
/// a while.
#[cfg_attr(test, derive(Debug))]
pub(super) enum Commands {
    One(Command),
    More(Box<[Command]>),
}

impl From<Vec<Command>> for Commands {
    fn from(mut commands: Vec<Command>) -> Self {
        match (commands.pop(), commands.is_empty()) {
            (Some(only), true) => Commands::One(only),
            (last, _) => {
                commands.extend(last);
                Commands::More(commands.into())
            }
        }
    }
}

impl Deref for Commands {
    type Target = [Command];
    fn deref(&self) -> &[Command] {
        match self {
            Commands::One(command) => std::slice::from_ref(command),
            Commands::More(commands) => commands,
        }
    }
}

#[cfg_attr(test, derive(Debug))]
pub(super) struct Command {
    pub(super) args: Box<[Expr]>,
    pub(super) span: Span,
}

/// An operand. `pos` is where Go says it is: for `.a.b` the second dot.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Expr {
    pub(super) pos: u32,
    pub(super) span: Span,
    pub(super) term: Term,
}

#[cfg_attr(test, derive(Debug))]
pub(super) enum Term {
    Field(Field),
    Chain(Box<Chain>),
    Variable(Named),
    Function(Call),
    Pipe(Box<Pipe>),
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    Text(Str),
}

/// Names of fields, one after the other: shared by all that say the same.
pub(super) type Names = Arc<SmallVec<[Str; 4]>>;

/// `.a.b.c`. Most of a chart's actions are never executed: names are made of the text when they are asked for.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Field(OnceLock<Names>);

impl Field {
    /// The names; `span` is that of the expression.
    pub(super) fn names(&self, source: &Source, span: Span) -> &[Str] {
        self.0.get_or_init(|| names::chain(slice(source, span)))
    }
}

/// `$x` or `$x.a.b`, in the same way.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Named(OnceLock<Arc<Variable>>);

impl Named {
    /// The variable with its fields; `span` is that of the expression.
    pub(super) fn variable(&self, source: &Source, span: Span) -> &Variable {
        self.0.get_or_init(|| names::variable(slice(source, span)))
    }
}

/// Fields of what an operand gives: `(f .x).a.b`.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Chain {
    pub(super) inner: Expr,
    pub(super) fields: Names,
}

/// A variable, with its `$`, and the fields after it: `$x.a.b`.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Variable {
    pub(super) name: Str,
    pub(super) fields: Names,
}

#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) how: How,
}

impl Said for Call {
    fn text(&self) -> &[u8] {
        self.function.name.as_bytes()
    }
}

#[cfg(test)]
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.function.name, self.how)
    }
}

/// Go's executor treats some functions apart.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum How {
    Plain,
    And,
    Or,
}

/// A constant under all the types that can hold it.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    pub(super) complex: Option<(f64, f64)>,
    /// Whether its text makes it a float where its type is open: `1e3`, `1.0`.
    pub(super) ideal_float: bool,
}

fn slice(source: &Source, span: Span) -> &[u8] {
    source.text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// Printing stops here: nodes can nest ten thousand levels deep, and be named in each of a thousand frames.
const PRINT_DEPTH: usize = 2_000;

fn dotted(out: &mut Vec<u8>, fields: &[Str]) {
    for field in fields {
        out.push(b'.');
        out.extend_from_slice(field);
    }
}

impl Expr {
    pub(super) fn print(&self, source: &Source, out: &mut Vec<u8>, depth: usize) {
        match &self.term {
            Term::Chain(chain) => {
                let pipe = matches!(chain.inner.term, Term::Pipe(_));
                if pipe {
                    out.push(b'(');
                }
                chain.inner.print(source, out, depth + 1);
                if pipe {
                    out.push(b')');
                }
                dotted(out, &chain.fields);
            }
            Term::Function(call) => out.extend_from_slice(call.function.name.as_bytes()),
            Term::Pipe(pipe) => pipe.print(source, out, depth + 1),
            Term::Dot => out.push(b'.'),
            Term::Nil => out.extend_from_slice(b"nil"),
            Term::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Term::Field(_) | Term::Variable(_) | Term::Number(_) | Term::Text(_) => {
                out.extend_from_slice(slice(source, self.span))
            }
        }
    }
}

impl Command {
    pub(super) fn print(&self, source: &Source, out: &mut Vec<u8>, depth: usize) {
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            if let Term::Pipe(pipe) = &arg.term {
                out.push(b'(');
                pipe.print(source, out, depth + 1);
                out.push(b')');
            } else {
                arg.print(source, out, depth + 1);
            }
        }
    }
}

impl Pipe {
    pub(super) fn print(&self, source: &Source, out: &mut Vec<u8>, depth: usize) {
        if depth > PRINT_DEPTH {
            return;
        }
        for (i, name) in self.declares.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(name);
        }
        if !self.declares.is_empty() {
            out.extend_from_slice(if self.assign { b" = " } else { b" := " });
        }
        for (i, command) in self.commands.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b" | ");
            }
            command.print(source, out, depth + 1);
        }
    }
}

impl TemplateCall {
    pub(super) fn print(&self, source: &Source, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{{template ");
        out.extend_from_slice(quoted(&self.name).as_bytes());
        if let Some(pipe) = &self.pipe {
            out.push(b' ');
            pipe.print(source, out, 0);
        }
        out.extend_from_slice(b"}}");
    }
}
