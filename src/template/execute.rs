//! Walks a tree and writes its text, as Go's executor does.
//!
//! What Go keeps in `reflect.Value` is kept in [`Operand`]: a value, and whether it still sits in an `interface {}`.
//! The difference shows in error messages, and in what nil means (see `field`).

use super::ast::{Branch, Command, Expr, How, Node, Number, Pipe, TemplateCall, Term, Tree};
use super::error::{Cause, ExecError, Frame, Reason};
use super::parse::{Library, Parsed, parse};
use super::set::Set;
use super::touched::Touched;
use crate::diagnostic::{Failure, FailureKind, Location, Source, Span};
use crate::functions::Host;
use crate::go;
use crate::go::quote::quoted;
use crate::stack::deeper;
use crate::text::runs;
use crate::value::{Elem, IntKind, Kind, MapType, Method, Str, Value};
use crate::world::World;
use foldhash::HashMap;
use memchr::memmem;
use smallvec::SmallVec;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// Go's limit for `{{template}}` calls inside each other.
const MAX_TEMPLATE_DEPTH: usize = 100_000;

/// Helm's limit for `include`s of one name inside each other.
const MAX_INCLUDES: usize = 1_000;

/// Our limit for `tpl`s inside each other; Helm has none and dies.
const MAX_TPL_DEPTH: usize = 10_000;

/// Our limit for the text of one template; Helm's is its memory.
const MAX_OUTPUT: usize = go::fmt::MAX_TEXT;

pub(super) type Result<T> = std::result::Result<T, Box<ExecError>>;

/// Go's `reflect.Value`, as far as templates can tell.
#[derive(Clone)]
pub(super) struct Operand {
    pub(super) value: Value,
    /// Whether its static type is `interface {}`. Nil without it is Go's invalid value.
    pub(super) iface: bool,
}

impl Operand {
    pub(super) const INVALID: Operand = Operand { value: Value::Nil, iface: false };

    pub(super) fn concrete(value: Value) -> Self {
        Operand { value, iface: false }
    }
}

/// Methods of values that are no objects: `.Values`, `.Files`, `.Capabilities.APIVersions`, durations, months.
pub trait Methods {
    /// The method of that name.
    fn method(&self, receiver: &Value, name: &str) -> Option<&'static Method>;
}

/// From this offset of the output on, `at` wrote it.
#[derive(Debug, Clone)]
pub struct Mark {
    /// A byte offset of the output.
    pub offset: usize,
    /// The text or action.
    pub at: Location,
}

/// The node that Go would name in an error.
#[derive(Clone, Copy)]
pub(super) enum At<'t> {
    None,
    Expr(&'t Expr),
    Command(&'t Command),
    Pipe(&'t Pipe),
    Template(&'t TemplateCall),
}

/// One execution of one template.
pub(super) struct State<'t> {
    pub(super) tree: &'t Tree,
    pub(super) at: At<'t>,
    base: usize,
    depth: usize,
}

/// Executes the templates of a set. Lives for one render, on one thread.
pub struct Executor<'r> {
    set: Rc<Set>,
    library: &'r Library,
    pub(super) methods: &'r dyn Methods,
    world: &'r mut World,
    out: Vec<u8>,
    vars: Vec<(Str, Operand)>,
    including: HashMap<Str, usize>,
    tpl_depth: usize,
    parsed: HashMap<Str, Arc<Parsed>>,
    spare: Vec<Vec<u8>>,
    nested: usize,
    marks: Option<Vec<Mark>>,
    pub(super) touched: Option<Box<Touched>>,
}

enum Flow {
    Next,
    Break,
    Continue,
}

impl<'r> Executor<'r> {
    /// An executor over a set.
    pub fn new(set: Rc<Set>, library: &'r Library, methods: &'r dyn Methods, world: &'r mut World) -> Self {
        Executor {
            set,
            library,
            methods,
            world,
            out: Vec::new(),
            vars: Vec::new(),
            including: HashMap::default(),
            tpl_depth: 0,
            parsed: HashMap::default(),
            spare: Vec::new(),
            nested: 0,
            marks: None,
            touched: None,
        }
    }

    /// From now on remembers which action wrote what; [`Executor::take_marks`] hands it out.
    pub fn trace(&mut self) {
        self.marks = Some(Vec::new());
    }

    /// Which action wrote what in the last [`Executor::execute`].
    pub fn take_marks(&mut self) -> Vec<Mark> {
        self.marks.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// From now on notes what of some maps is touched; [`Executor::touched`] hands it out.
    pub fn watch(&mut self, maps: Touched) {
        self.touched = Some(Box::new(maps));
    }

    /// What was touched so far.
    pub fn touched(&mut self) -> Touched {
        self.touched.take().map(|touched| *touched).unwrap_or_default()
    }

    /// Executes a template and returns its text.
    ///
    /// # Errors
    /// The first failure, with the way to it. An unknown name is one too.
    pub fn execute(&mut self, name: &[u8], data: &Value) -> std::result::Result<Vec<u8>, Box<ExecError>> {
        let Some(tree) = self.set.get(name).cloned() else {
            return Err(Box::new(no_template(name)));
        };
        if self.out.capacity() == 0 {
            self.out = self.spare.pop().unwrap_or_default();
        }
        self.out.clear();
        self.vars.clear();
        self.including.clear();
        self.run(&tree, data)?;
        Ok(std::mem::take(&mut self.out))
    }

    /// Executes a tree into the current output.
    fn run(&mut self, tree: &Arc<Tree>, data: &Value) -> Result<()> {
        let dot = Operand::concrete(data.clone());
        let base = self.vars.len();
        self.vars.push((dollar(), dot.clone()));
        let mut state = State { tree, at: At::None, base, depth: 0 };
        let result = deeper(|| self.walk(&mut state, &dot, &tree.root));
        self.vars.truncate(base);
        result.map(|_| ())
    }

    /// Runs a tree into an own buffer and returns its text.
    fn capture(&mut self, tree: &Arc<Tree>, data: &Value) -> Result<Vec<u8>> {
        let buffer = self.spare.pop().unwrap_or_default();
        let outer = std::mem::replace(&mut self.out, buffer);
        self.nested += 1;
        let result = self.run(tree, data);
        self.nested -= 1;
        let text = std::mem::replace(&mut self.out, outer);
        result.map(|()| text)
    }

    /// Takes a text that is no longer needed, to write the next ones into.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < 16 && buffer.capacity() < 1 << 20 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    // Failures.

    pub(super) fn error(&self, state: &State<'_>, message: impl Into<String>, cause: Cause) -> Box<ExecError> {
        Box::new(ExecError {
            message: message.into(),
            cause,
            frames: vec![frame(state, String::new(), None)],
            hints: Vec::new(),
        })
    }

    pub(super) fn fail<T>(&self, state: &State<'_>, message: impl Into<String>) -> Result<T> {
        Err(self.error(state, message, Cause::Executor(Reason::Other)))
    }

    /// A function failed: `error calling NAME: …`.
    pub(super) fn call_failed(&self, state: &State<'_>, name: &'static str, failure: Failure) -> Box<ExecError> {
        let link = format!("error calling {name}: ");
        let cause = match failure.kind {
            FailureKind::Returned => Cause::Function(name),
            FailureKind::Raised => Cause::Raised(name),
            FailureKind::Nested(error) => match error.downcast::<ExecError>() {
                Ok(mut error) => {
                    let link = link + &failure.message;
                    error.frames.push(frame(state, link, Some(name)));
                    return error;
                }
                Err(_) => Cause::Function(name),
            },
            FailureKind::Unparsable(error) => match error.downcast() {
                Ok(error) => Cause::Unparsable(error),
                Err(_) => Cause::Function(name),
            },
        };
        let frames = vec![frame(state, link, Some(name))];
        Box::new(ExecError { message: failure.message, cause, frames, hints: failure.hints })
    }

    // Walking.

    fn mark(&mut self, state: &State<'_>, span: Span) {
        if let Some(marks) = &mut self.marks
            && self.nested == 0
        {
            marks.push(Mark { offset: self.out.len(), at: Location { source: state.tree.source.clone(), span } });
        }
    }

    fn walk<'t>(&mut self, state: &mut State<'t>, dot: &Operand, nodes: &'t [Node]) -> Result<Flow> {
        for node in nodes {
            match node {
                Node::Text(span) => {
                    if self.marks.is_some() {
                        self.mark(state, *span);
                    }
                    self.out.extend_from_slice(state.tree.source.slice(*span));
                    if self.out.len() > MAX_OUTPUT {
                        return self.fail(state, "the text is larger than 256 MiB");
                    }
                }
                Node::Action(pipe) => {
                    if self.marks.is_some() {
                        self.mark(state, pipe.span);
                    }
                    let mut value = Value::Nil;
                    self.eval_pipeline(state, dot, pipe, &mut value)?;
                    if pipe.declares.is_empty() {
                        if let Some(touched) = &mut self.touched {
                            touched.all(&value);
                        }
                        self.print(state, &value)?;
                        if self.out.len() > MAX_OUTPUT {
                            return self.fail(state, "the text is larger than 256 MiB");
                        }
                    }
                }
                Node::If(branch) => match self.walk_if(state, dot, branch, false)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                },
                Node::With(branch) => match self.walk_if(state, dot, branch, true)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                },
                Node::Range(branch) => match self.walk_range(state, dot, branch)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                },
                Node::Template(call) => self.walk_template(state, dot, call)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn deeper<'t>(&mut self, state: &mut State<'t>, dot: &Operand, nodes: &'t [Node]) -> Result<Flow> {
        deeper(|| self.walk(state, dot, nodes))
    }

    fn print(&mut self, state: &State<'_>, value: &Value) -> Result<()> {
        match value {
            Value::Str(text) => self.out.extend_from_slice(text),
            Value::Nil => self.out.extend_from_slice(b"<no value>"),
            Value::Object(object) => object.print_action(&mut self.out),
            other => {
                if let Err(failure) = go::fmt::print_value(&mut self.out, other) {
                    return self.fail(state, failure.message);
                }
            }
        }
        Ok(())
    }

    fn walk_if<'t>(&mut self, state: &mut State<'t>, dot: &Operand, branch: &'t Branch, with: bool) -> Result<Flow> {
        let mark = self.vars.len();
        let mut operand = Operand::INVALID;
        self.eval_pipeline(state, dot, &branch.pipe, &mut operand.value)?;
        let flow = if operand.value.truth() {
            self.deeper(state, if with { &operand } else { dot }, &branch.list)
        } else if let Some(otherwise) = &branch.otherwise {
            self.deeper(state, dot, otherwise)
        } else {
            Ok(Flow::Next)
        };
        self.vars.truncate(mark);
        flow
    }

    fn walk_range<'t>(&mut self, state: &mut State<'t>, dot: &Operand, branch: &'t Branch) -> Result<Flow> {
        let outer = self.vars.len();
        let mut over = Value::Nil;
        self.eval_pipeline(state, dot, &branch.pipe, &mut over)?;
        let mark = self.vars.len();
        let mut ran = false;
        if let Some(touched) = &mut self.touched {
            touched.names(&over);
        }
        match &over {
            Value::List(of, items) => {
                let iface = of.elem == Elem::Any;
                for (i, item) in items.iter().enumerate() {
                    ran = true;
                    let elem = Operand { value: item.clone(), iface };
                    let index = Operand::concrete(Value::int(i as i64));
                    if !self.iterate(state, branch, index, elem, mark)? {
                        break;
                    }
                }
            }
            Value::Bytes(bytes) => {
                for (i, byte) in bytes.iter().flat_map(|b| b.iter()).enumerate() {
                    ran = true;
                    let elem = Operand::concrete(Value::Int(IntKind::Uint8, i64::from(*byte)));
                    let index = Operand::concrete(Value::int(i as i64));
                    if !self.iterate(state, branch, index, elem, mark)? {
                        break;
                    }
                }
            }
            Value::Map(of, map) => {
                let iface = matches!(of, MapType::Any | MapType::Values);
                for (key, value) in map.entries() {
                    ran = true;
                    let index = Operand::concrete(Value::Str(key));
                    if !self.iterate(state, branch, index, Operand { value, iface }, mark)? {
                        break;
                    }
                }
            }
            Value::Int(kind, n) => {
                if branch.pipe.declares.len() > 1 {
                    let shown = shown(&over);
                    return self.fail(state, format!("can't use {shown} to iterate over more than one variable"));
                }
                for i in 0..*n {
                    ran = true;
                    let elem = Operand::concrete(Value::Int(*kind, i));
                    if !self.iterate(state, branch, Operand::INVALID, elem, mark)? {
                        break;
                    }
                }
            }
            Value::Nil => {}
            other => {
                let shown = shown(other);
                // Go looks through a pointer first.
                let pointer = matches!(other, Value::Object(object) if object.kind() == Kind::Ptr);
                let shown = if pointer { shown.strip_prefix('&').unwrap_or(&shown) } else { &shown };
                return self.fail(state, format!("range can't iterate over {shown}"));
            }
        }
        if !ran && let Some(otherwise) = &branch.otherwise {
            // `break` and `continue` here belong to the loop around this one, but Go ends this one with a `break`.
            if let Flow::Continue = self.deeper(state, dot, otherwise)? {
                self.vars.truncate(outer);
                return Ok(Flow::Continue);
            }
        }
        self.vars.truncate(outer);
        Ok(Flow::Next)
    }

    /// One round of a loop; false when it broke.
    fn iterate<'t>(
        &mut self,
        state: &mut State<'t>,
        branch: &'t Branch,
        index: Operand,
        elem: Operand,
        mark: usize,
    ) -> Result<bool> {
        let key = index.value.clone();
        match (&*branch.pipe.declares, branch.pipe.assign) {
            ([], _) => {}
            ([name], true) => self.set_var(state, name, elem.clone())?,
            ([first, second, ..], true) => {
                self.set_var(state, first, index)?;
                self.set_var(state, second, elem.clone())?;
            }
            ([_], false) => self.set_top(mark, 1, elem.clone()),
            ([_, _, ..], false) => {
                self.set_top(mark, 1, elem.clone());
                self.set_top(mark, 2, index);
            }
        }
        let result = self.deeper(state, &elem, &branch.list);
        self.vars.truncate(mark);
        match result {
            Ok(flow) => Ok(!matches!(flow, Flow::Break)),
            Err(mut error) => {
                let name = match &*branch.pipe.declares {
                    [name, _] => Some(name.to_string()),
                    _ => None,
                };
                let key = name.map(|name| {
                    let shown = match &key {
                        Value::Str(text) => quoted(text),
                        other => shown(other),
                    };
                    (name, shown)
                });
                let at = Location { source: state.tree.source.clone(), span: branch.span };
                error.frames.push(Frame::Loop { at, key });
                Err(error)
            }
        }
    }

    fn set_top(&mut self, mark: usize, n: usize, value: Operand) {
        if let Some((_, slot)) = mark.checked_sub(n).and_then(|i| self.vars.get_mut(i)) {
            *slot = value;
        }
    }

    fn set_var(&mut self, state: &State<'_>, name: &Str, value: Operand) -> Result<()> {
        let vars = self.vars.get_mut(state.base..).unwrap_or_default();
        match vars.iter_mut().rev().find(|(n, _)| n == name) {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => self.fail(state, format!("undefined variable: {name}")),
        }
    }

    fn walk_template<'t>(&mut self, state: &mut State<'t>, dot: &Operand, call: &'t TemplateCall) -> Result<()> {
        state.at = At::Template(call);
        let Some(tree) = self.set.get(&call.name).cloned() else {
            let name = call.name.to_string();
            let message = format!("template {} not defined", quoted(&call.name));
            return Err(self.error(state, message, Cause::Executor(Reason::NoTemplate(name))));
        };
        if state.depth >= MAX_TEMPLATE_DEPTH {
            return self.fail(state, format!("exceeded maximum template depth ({MAX_TEMPLATE_DEPTH})"));
        }
        let mut data = Operand::INVALID;
        if let Some(pipe) = &call.pipe {
            self.eval_pipeline(state, dot, pipe, &mut data.value)?;
        }
        let base = self.vars.len();
        self.vars.push((dollar(), data.clone()));
        let mut inner = State { tree: &tree, at: At::None, base, depth: state.depth + 1 };
        let result = deeper(|| self.walk(&mut inner, &data, &tree.root).map(|_| ()));
        self.vars.truncate(base);
        result
    }

    // Evaluating.
    //
    // What comes of it is written to where it is wanted, since a value that was just written is slow to copy: it is read in other
    // pieces than it was written in. Returned is whether its static type is `interface {}`, where it may be.

    /// Evaluates a pipeline. Its value sits in no interface.
    pub(super) fn eval_pipeline<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        pipe: &'t Pipe,
        out: &mut Value,
    ) -> Result<()> {
        state.at = At::Pipe(pipe);
        match &*pipe.commands {
            [only] => self.eval_command(state, dot, only, None, out)?,
            commands => {
                // The commands write in turn to one place and the other, and the last one to where it is wanted.
                let mut other = Value::Nil;
                for (i, command) in commands.iter().enumerate() {
                    let (into, last) = match (commands.len() - i) % 2 {
                        1 => (&mut *out, &mut other),
                        _ => (&mut other, &mut *out),
                    };
                    self.eval_command(state, dot, command, (i > 0).then_some(last), into)?;
                }
            }
        }
        for name in &pipe.declares {
            let value = Operand::concrete(out.clone());
            if pipe.assign {
                self.set_var(state, name, value)?;
            } else {
                self.vars.push((name.clone(), value));
            }
        }
        Ok(())
    }

    pub(super) fn not_a_function(&self, state: &State<'_>, args: &[Expr], is_piped: bool) -> Result<()> {
        if args.len() > 1 || is_piped {
            let mut shown = Vec::new();
            if let Some(first) = args.first() {
                first.print(&state.tree.source, &mut shown, 0);
            }
            let shown = String::from_utf8_lossy(&shown).into_owned();
            return self.fail(state, format!("can't give argument to non-function {shown}"));
        }
        Ok(())
    }

    /// Evaluates a command. `last` is the value of the one before it, which it may take.
    fn eval_command<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        command: &'t Command,
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<()> {
        let Some(first) = command.args.first() else {
            return self.fail(state, "empty command");
        };
        match &first.term {
            Term::Field(field) => {
                state.at = At::Expr(first);
                self.eval_dotted(state, dot, field, first, &command.args, last, out)?;
            }
            Term::Chain(chain) => {
                state.at = At::Expr(first);
                let receiver = self.eval_chained(state, dot, &chain.inner)?;
                self.eval_chain(state, dot, receiver, first, &chain.fields, &command.args, last, out)?;
            }
            Term::Function(call) => {
                state.at = At::Expr(first);
                match call.how {
                    How::Plain => {
                        self.eval_call(state, dot, call.function, At::Command(command), &command.args, last, out)?;
                    }
                    how => {
                        self.eval_and_or(state, dot, call.function.name, how == How::Or, &command.args, last, out)?;
                    }
                }
            }
            Term::Pipe(pipe) => {
                self.not_a_function(state, &command.args, last.is_some())?;
                deeper(|| self.eval_pipeline(state, dot, pipe, out))?;
            }
            Term::Variable(named) => {
                state.at = At::Expr(first);
                self.eval_variable(state, dot, named, first, &command.args, last, out)?;
            }
            term => {
                state.at = At::Expr(first);
                self.not_a_function(state, &command.args, last.is_some())?;
                *out = match term {
                    Term::Dot => dot.value.clone(),
                    Term::Nil => return self.fail(state, "nil is not a command"),
                    Term::Bool(b) => Value::Bool(*b),
                    Term::Text(text) => Value::Str(text.clone()),
                    Term::Number(number) => self.ideal(state, first, number)?,
                    _ => Value::Nil,
                };
            }
        }
        Ok(())
    }

    pub(super) fn var(&self, state: &State<'_>, name: &Str) -> Result<&Operand> {
        let vars = self.vars.get(state.base..).unwrap_or_default();
        match vars.iter().rev().find(|(n, _)| runs::same(n, name)) {
            Some((_, value)) => Ok(value),
            None => self.fail(state, format!("undefined variable: {name}")),
        }
    }

    /// A number whose type nothing asks for: its text tells.
    pub(super) fn ideal<'t>(&self, state: &mut State<'t>, at: &'t Expr, number: &Number) -> Result<Value> {
        state.at = At::Expr(at);
        Ok(match number {
            Number { complex: Some((real, imaginary)), .. } => Value::object(go::complex::Complex(*real, *imaginary)),
            Number { ideal_float: true, float: Some(float), .. } => Value::Float(*float),
            Number { int: Some(int), .. } => Value::int(*int),
            _ => {
                let mut shown = Vec::new();
                at.print(&state.tree.source, &mut shown, 0);
                return self.fail(state, format!("{} overflows int", String::from_utf8_lossy(&shown)));
            }
        })
    }
}

impl Host for Executor<'_> {
    fn include(&mut self, name: &Str, data: &Value) -> std::result::Result<Str, Failure> {
        match self.including.get_mut(name) {
            Some(n) if *n > MAX_INCLUDES => {
                return Err(Failure::new(format!(
                    "rendering template has a nested reference name: {name}: unable to execute template"
                )));
            }
            Some(n) => *n += 1,
            None => {
                self.including.insert(name.clone(), 1);
            }
        }
        let result = match self.set.get(name).cloned() {
            None => Err(Failure::new(no_template(name).message)),
            Some(tree) => self.capture(&tree, data).map_err(nested),
        };
        if let Some(n) = self.including.get_mut(name) {
            *n = n.saturating_sub(1);
        }
        let text = result?;
        let shared = Str::from(text.as_slice());
        self.recycle(text);
        Ok(shared)
    }

    fn tpl(&mut self, text: &Str, data: &Value) -> std::result::Result<Str, Failure> {
        if memmem::find(text, b"{{").is_none() {
            return Ok(without_no_value(text).map_or_else(|| text.clone(), Str::from));
        }
        if self.tpl_depth >= MAX_TPL_DEPTH {
            return Err(Failure::new(format!("tpl calls itself more than {MAX_TPL_DEPTH} times")));
        }
        let parsed = match self.parsed.get(text) {
            Some(parsed) => parsed.clone(),
            None => {
                let source = Arc::new(Source {
                    name: "gotpl".to_owned(),
                    path: "tpl".to_owned(),
                    text: text.clone(),
                    origin: None,
                });
                match parse(&source, self.library) {
                    Ok(parsed) => {
                        let parsed = Arc::new(parsed);
                        self.parsed.insert(text.clone(), parsed.clone());
                        parsed
                    }
                    Err(error) => {
                        let words = format!("cannot parse template {}: {}", quoted(text), error.go_text());
                        return Err(Failure {
                            message: words,
                            hints: Vec::new(),
                            kind: FailureKind::Unparsable(error),
                        });
                    }
                }
            }
        };
        let mut set = Set::over(self.set.clone());
        set.add(&parsed);
        let outer = std::mem::replace(&mut self.set, Rc::new(set));
        self.tpl_depth += 1;
        let result = self.capture(&parsed.main, data);
        self.tpl_depth -= 1;
        self.set = outer;
        match result {
            Ok(out) => {
                let shared = without_no_value(&out).map_or_else(|| Str::from(out.as_slice()), Str::from);
                self.recycle(out);
                Ok(shared)
            }
            Err(error) => {
                let mut failure = nested(error);
                failure.message = format!("error during tpl function execution for {}: ", quoted(text));
                Err(failure)
            }
        }
    }

    fn world(&mut self) -> &mut World {
        self.world
    }
}

fn dollar() -> Str {
    thread_local! {
        static DOLLAR: Str = Str::from("$");
    }
    DOLLAR.with(Clone::clone)
}

fn nested(error: Box<ExecError>) -> Failure {
    Failure { message: String::new(), hints: Vec::new(), kind: FailureKind::Nested(error) }
}

fn no_template(name: &[u8]) -> ExecError {
    ExecError {
        message: format!("template: no template {} associated with template \"gotpl\"", quoted(name)),
        cause: Cause::Executor(Reason::NoTemplate(String::from_utf8_lossy(name).into_owned())),
        frames: Vec::new(),
        hints: Vec::new(),
    }
}

/// A text without `<no value>`, if it holds any: Helm deletes it wherever it stands.
pub fn without_no_value(text: &[u8]) -> Option<Vec<u8>> {
    const WORDS: &[u8] = b"<no value>";
    static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(WORDS));
    let mut at = FINDER.find(text)?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = after.get(WORDS.len()..).unwrap_or_default();
        match FINDER.find(rest) {
            Some(next) => at = next,
            None => {
                out.extend_from_slice(rest);
                return Some(out);
            }
        }
    }
}

/// The frame of a state, with the node that it is at.
fn frame(state: &State<'_>, link: String, function: Option<&'static str>) -> Frame {
    let source = &state.tree.source;
    let mut node = Vec::new();
    let (pos, span) = match state.at {
        At::None => (0, Span::default()),
        At::Expr(expr) => {
            expr.print(source, &mut node, 0);
            (expr.pos, expr.span)
        }
        At::Command(command) => {
            command.print(source, &mut node, 0);
            (command.span.start, command.span)
        }
        At::Pipe(pipe) => {
            pipe.print(source, &mut node, 0);
            (pipe.span.start, pipe.span)
        }
        At::Template(call) => {
            call.print(source, &mut node);
            (call.span.start, call.span)
        }
    };
    Frame::Call {
        source: source.clone(),
        pos,
        span,
        template: state.tree.name.clone(),
        node: String::from_utf8_lossy(&node).into_owned(),
        link,
        function,
    }
}

/// A value as `%v` shows it in a message.
fn shown(value: &Value) -> String {
    let mut out = Vec::new();
    // What is too deep to print is shown as far as it went.
    let _ = go::fmt::print_value(&mut out, value);
    crate::text::kept(&out)
}

/// Arguments of one call.
pub(super) type Args = SmallVec<[Value; 4]>;
