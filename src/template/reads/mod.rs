//! Which keys of the objects that templates begin with could be read: a walk over the trees, without values.
//!
//! What cannot be followed counts as read: whoever is told that nothing reads a key can rely on it. The walk knows
//! what is built of places (`dict`, `list`, variables, arguments of `include`), and of texts what is literal.

mod functions;
mod known;
mod places;

use super::ast::{Command, Expr, Node, Number, Pipe, Term, Tree};
use super::parse::{Library, parse};
use super::set::Set;
use crate::diagnostic::{Location, Source, Span};
use crate::stack::deeper;
use crate::value::Str;
pub use known::ANY;
use known::{Atom, Known, all};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// So many steps, then the walk gives up.
const MAX_STEPS: usize = 4_000_000;
/// What templates put into dictionaries changes what was walked: so often it is walked again.
const MAX_ROUNDS: usize = 6;

/// What of one key is read.
#[derive(Debug, Default)]
pub struct Read {
    /// Whether all below it is read too.
    pub whole: bool,
    /// Whether keys right below it are read whose names only a render knows.
    pub computed: bool,
    /// Where that is so, as far as it is known.
    pub computing: Vec<Location>,
    /// Where templates surely name it, in the order of the walk.
    pub places: Vec<Location>,
    /// Where they name it and are ready for there being nothing: in a condition, below one that asks for it or for what it is
    /// in, before `default` and the like.
    pub guarded: Vec<Location>,
}

/// The functions that are ready for there being nothing.
const GUARDS: [&str; 12] =
    ["default", "coalesce", "ternary", "empty", "not", "and", "or", "hasKey", "get", "dig", "kindIs", "pluck"];

fn is_guard(command: &Command) -> bool {
    let first = command.args.first().map(|first| &first.term);
    matches!(first, Some(Term::Function(call)) if GUARDS.contains(&call.function.name))
}

/// What is read.
#[derive(Debug)]
pub struct Reads {
    /// By the number of the object that it begins with, and the keys from there.
    pub keys: BTreeMap<Place, Read>,
    /// What templates put there themselves, and all below it.
    pub made: HashSet<Place>,
    /// Whether the walk came to its end; else anything may be read.
    pub complete: bool,
}

/// Finds what templates read. `entries` are the templates that are executed, each with the number of its object; what
/// nobody calls by a name that can be told is taken as called with each of the first `objects`; `texts` are those that `tpl`
/// may be given.
/// `value` is the text that stands at a place.
pub fn reads(
    set: &Set,
    library: &Library,
    entries: &[(Str, usize)],
    objects: usize,
    texts: &[Arc<Source>],
    value: &dyn Fn(usize, &[Str]) -> Option<Str>,
) -> Reads {
    let mut walk = Walk::new(set, library, texts, value);
    for _ in 0..MAX_ROUNDS {
        let before = walk.growth;
        walk.seen.clear();
        walk.called.clear();
        for (name, object) in entries {
            walk.call(name, &Known::of(Atom::Place(*object, Vec::new())), true);
        }
        walk.drain();
        // What nobody calls by a name that can be told may be called all the same.
        let all = Known((0..objects).map(|object| Atom::Place(object, Vec::new())).collect());
        for name in set.names().into_iter().filter(|_| objects > 0) {
            if !walk.called.contains(&name) {
                walk.call(&name, &all, false);
            }
        }
        walk.drain();
        if walk.growth == before || !walk.complete {
            walk.pass_on();
            return Reads { keys: walk.keys, made: walk.made, complete: walk.complete };
        }
    }
    Reads { keys: walk.keys, made: walk.made, complete: false }
}

/// Finds the text at the keys of an object.
type Look<'v> = dyn Fn(usize, &[Str]) -> Option<Str> + 'v;

/// An object by its number, and keys from there.
pub type Place = (usize, Vec<Str>);

/// Whether a template is surely executed with what is known of its data, and whether below a condition.
type Sure = (bool, bool);

/// What is still to walk.
enum Task {
    /// With the place of the `tpl` that executes it, if one does.
    Tree(Arc<Tree>, Known, Sure, Option<Location>),
    /// A text that cannot be parsed.
    Piece(Str, Known),
}

struct Walk<'s> {
    set: &'s Set,
    library: &'s Library,
    texts: Vec<Result<Arc<Tree>, Str>>,
    /// Templates that texts define.
    defined: HashMap<Str, Arc<Tree>>,
    literals: HashMap<Str, Result<Arc<Tree>, Str>>,
    keys: BTreeMap<(usize, Vec<Str>), Read>,
    /// What `set` puts under a key, into whatever.
    stored: BTreeMap<Str, Known>,
    /// Where `set` and the like put something.
    made: HashSet<(usize, Vec<Str>)>,
    /// Places into which others were merged: what is read there may be theirs.
    merged: BTreeSet<(Place, Place)>,
    /// How often `stored` and the texts' templates grew.
    growth: usize,
    seen: HashSet<(usize, Known, Sure)>,
    called: HashSet<Str>,
    tasks: Vec<Task>,
    steps: usize,
    /// Whether the template that is walked is surely executed with this.
    sure: bool,
    complete: bool,
    /// How many of what is being walked are ready for there being nothing.
    guards: usize,
    /// What the conditions above ask for.
    asked: Vec<(usize, Vec<Str>)>,
    value: &'s Look<'s>,
}

/// One template's variables and where it stands.
struct Frame {
    source: Arc<Source>,
    variables: Vec<(Str, Known)>,
    /// How often a variable came to be more than it was.
    growth: usize,
    sure: bool,
    /// Where what is walked is said to stand, if that is elsewhere: texts for `tpl` lie in no file.
    place: Option<Location>,
}

impl Frame {
    fn at(&self, span: Span) -> Location {
        self.place.clone().unwrap_or_else(|| Location { source: self.source.clone(), span })
    }
}

impl<'s> Walk<'s> {
    fn new(set: &'s Set, library: &'s Library, texts: &[Arc<Source>], value: &'s Look<'s>) -> Self {
        let mut walk = Walk {
            set,
            library,
            texts: Vec::new(),
            defined: HashMap::new(),
            literals: HashMap::new(),
            keys: BTreeMap::new(),
            stored: BTreeMap::new(),
            made: HashSet::new(),
            merged: BTreeSet::new(),
            growth: 0,
            seen: HashSet::new(),
            called: HashSet::new(),
            tasks: Vec::new(),
            steps: 0,
            sure: true,
            complete: true,
            guards: 0,
            asked: Vec::new(),
            value,
        };
        walk.texts = texts.iter().map(|text| walk.parsed(text)).collect();
        walk
    }

    fn parsed(&mut self, text: &Arc<Source>) -> Result<Arc<Tree>, Str> {
        let Ok(parsed) = parse(text, self.library) else { return Err(text.text.clone()) };
        for tree in &parsed.defined {
            if self.defined.insert(tree.name.clone(), tree.clone()).is_none() {
                self.growth += 1;
            }
        }
        Ok(parsed.main)
    }

    fn drain(&mut self) {
        while let Some(task) = self.tasks.pop() {
            if !self.complete {
                return;
            }
            match task {
                Task::Piece(text, data) => {
                    self.sure = true;
                    self.piece(&text, &data);
                }
                Task::Tree(tree, data, (sure, below), place) => {
                    self.sure = sure;
                    self.guards = usize::from(below);
                    let variables = vec![(Str::from("$"), data.clone())];
                    let mut frame = Frame { source: tree.source.clone(), variables, growth: 0, sure, place };
                    self.asked.clear();
                    self.nodes(&tree.root, &data, &mut frame);
                    self.asked.clear();
                    self.guards = 0;
                }
            }
        }
    }

    fn enter(&mut self, tree: &Arc<Tree>, data: &Known, sure: bool, place: Option<&Location>) {
        let sure = (sure, self.guards > 0 || !self.asked.is_empty());
        if self.seen.insert((Arc::as_ptr(tree) as usize, data.clone(), sure)) {
            self.tasks.push(Task::Tree(tree.clone(), data.clone(), sure, place.cloned()));
        }
    }

    /// Executes a template by its name.
    fn call(&mut self, name: &Str, data: &Known, sure: bool) {
        self.called.insert(name.clone());
        let found = [self.set.get(name), self.defined.get(name)].map(|tree| tree.cloned());
        for tree in found.into_iter().flatten() {
            self.enter(&tree, data, sure, None);
        }
    }

    /// Executes the templates that a name could mean.
    fn include(&mut self, name: &Known, data: &Known, sure: bool) {
        for atom in &name.0 {
            match atom {
                Atom::Text(name) => self.call(name, data, sure),
                Atom::Piece(_) => {}
                _ => {
                    let mut names = self.set.names();
                    if let Atom::Ends(end) = atom {
                        names.retain(|name| name.ends_with(end));
                    }
                    // Of several nobody knows which one it is: those of subcharts end in the same way.
                    let sure = sure && names.len() == 1;
                    names.iter().for_each(|name| self.call(name, data, sure));
                }
            }
        }
    }

    /// Executes the texts that could be meant, for a `tpl` at a place.
    fn tpl(&mut self, text: &Known, data: &Known, at: &Location, sure: bool) {
        for atom in &text.0 {
            match atom {
                Atom::Text(text) => self.literal(text, data, at, sure),
                Atom::Piece(text) => self.tasks.push(Task::Piece(text.clone(), data.clone())),
                _ => {
                    if let Atom::Place(object, path) = atom
                        && let Some(text) = (self.value)(*object, path)
                    {
                        self.literal(&text, data, at, sure);
                    }
                    for text in self.texts.clone() {
                        self.text(text, data, None);
                    }
                }
            }
        }
    }

    fn literal(&mut self, text: &Str, data: &Known, at: &Location, sure: bool) {
        let known = self.literals.get(text).cloned();
        let parsed = known.unwrap_or_else(|| {
            let source = Source { name: "gotpl".to_owned(), path: "tpl".to_owned(), text: text.clone(), origin: None };
            let parsed = self.parsed(&Arc::new(source));
            self.literals.insert(text.clone(), parsed.clone());
            parsed
        });
        self.text(parsed, data, Some(at).filter(|_| sure));
    }

    fn text(&mut self, text: Result<Arc<Tree>, Str>, data: &Known, surely: Option<&Location>) {
        match text {
            Ok(tree) => self.enter(&tree, data, surely.is_some(), surely),
            Err(text) => self.tasks.push(Task::Piece(text, data.clone())),
        }
    }

    /// A text of which only a part is known, or which is no template: every chain of names in it may be one of keys.
    fn piece(&mut self, text: &[u8], data: &Known) {
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        let mut rest = text;
        while let Some(at) = memchr::memmem::find(rest, b"Values") {
            rest = rest.get(at..).unwrap_or_default();
            let mut names: Vec<Str> = Vec::new();
            loop {
                let end = rest.iter().position(|b| !is_name(b)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                // A name that the text's other parts may go on with is not known.
                if !name.is_empty() && (after.first() != Some(&b'%') || names.is_empty()) {
                    names.push(Str::from(name));
                }
                rest = after;
                match after.split_first() {
                    Some((b'.', after)) if after.first().is_some_and(is_name) => rest = after,
                    _ => break,
                }
            }
            self.steps += 1;
            let found = self.fields(data.clone(), &names, None, false);
            // `.Values.%s`, or `.Values` where the text goes on elsewhere.
            let open = rest.first().is_none_or(|b| matches!(b, b'.' | b'%'));
            if names.len() == 1 && open { self.compute(&found, None) } else { self.consume(&found) }
        }
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        self.complete &= self.steps <= MAX_STEPS;
        self.complete
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Known, frame: &mut Frame) {
        let depth = frame.variables.len();
        deeper(|| {
            for node in nodes {
                if !self.step() {
                    return;
                }
                self.node(node, dot, frame);
            }
        });
        frame.variables.truncate(depth);
    }

    fn node(&mut self, node: &Node, dot: &Known, frame: &mut Frame) {
        let depth = frame.variables.len();
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Action(pipe) => {
                // A variable can be asked for before it is used.
                let asked = self.asked.len();
                let value = self.guarded(!pipe.declares.is_empty(), |walk| walk.pipe(pipe, dot, frame));
                self.asked.truncate(asked);
                if pipe.declares.is_empty() {
                    self.consume(&value);
                }
                return;
            }
            Node::Template(call) => {
                let data = call.pipe.as_ref().map(|pipe| self.pipe(pipe, dot, frame)).unwrap_or_default();
                self.call(&call.name, &data, frame.sure);
            }
            Node::If(branch) => {
                let asked = self.asked.len();
                self.guarded(true, |walk| walk.pipe(&branch.pipe, dot, frame));
                self.nodes(&branch.list, dot, frame);
                // `if not .a` has its care in the other branch.
                self.nodes(branch.otherwise.as_deref().unwrap_or_default(), dot, frame);
                self.asked.truncate(asked);
            }
            Node::With(branch) => {
                let asked = self.asked.len();
                let value = self.guarded(true, |walk| walk.pipe(&branch.pipe, dot, frame));
                self.nodes(&branch.list, &value, frame);
                self.asked.truncate(asked);
                self.nodes(branch.otherwise.as_deref().unwrap_or_default(), dot, frame);
            }
            Node::Range(branch) => {
                // Of nothing there are no rounds.
                let asked = self.asked.len();
                let value = self.guarded(true, |walk| walk.commands(&branch.pipe, dot, frame));
                self.asked.truncate(asked);
                let items = self.elements(&value);
                for (i, name) in branch.pipe.declares.iter().enumerate() {
                    let item = i + 1 == branch.pipe.declares.len();
                    let value = if item { items.clone() } else { Known::other() };
                    self.bind(name, value, branch.pipe.assign, frame);
                }
                // A later round may see what an earlier one assigned.
                loop {
                    let before = frame.growth;
                    self.nodes(&branch.list, &items, frame);
                    if frame.growth == before || !self.complete {
                        break;
                    }
                }
                self.nodes(branch.otherwise.as_deref().unwrap_or_default(), dot, frame);
            }
        }
        frame.variables.truncate(depth);
    }

    fn bind(&mut self, name: &Str, value: Known, assign: bool, frame: &mut Frame) {
        let value = self.bounded(value);
        if !assign {
            frame.variables.push((name.clone(), value));
            return;
        }
        if let Some((_, known)) = frame.variables.iter_mut().rev().find(|(known, _)| known == name) {
            let before = known.clone();
            *known = self.bounded(std::mem::take(known).with(value));
            frame.growth += usize::from(*known != before);
        }
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Known, frame: &mut Frame) -> Known {
        let value = self.commands(pipe, dot, frame);
        for name in &pipe.declares {
            self.bind(name, value.clone(), pipe.assign, frame);
        }
        value
    }

    fn commands(&mut self, pipe: &Pipe, dot: &Known, frame: &mut Frame) -> Known {
        deeper(|| {
            let mut value = None;
            let last = pipe.commands.iter().rposition(is_guard);
            for (i, command) in pipe.commands.iter().enumerate() {
                if !self.step() {
                    break;
                }
                let asked = self.asked.len();
                let guarded = last.is_some_and(|last| i <= last);
                let before = value.take();
                value = Some(self.guarded(guarded, |walk| walk.command(command, before, dot, frame)));
                // What is asked for by a condition holds for what stands below it.
                if self.guards == 0 {
                    self.asked.truncate(asked);
                }
            }
            value.unwrap_or_default()
        })
    }

    /// Walks what may find nothing.
    fn guarded<T>(&mut self, guarded: bool, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.guards += usize::from(guarded);
        let value = walk(self);
        self.guards -= usize::from(guarded);
        value
    }

    fn command(&mut self, command: &Command, last: Option<Known>, dot: &Known, frame: &mut Frame) -> Known {
        let Some((first, rest)) = command.args.split_first() else { return Known::other() };
        let mut args: Vec<Known> = rest.iter().map(|arg| self.expression(arg, dot, frame)).collect();
        args.extend(last);
        if let Term::Function(call) = &first.term {
            let at = frame.at(command.span);
            let fresh = rest.first().is_some_and(makes_new);
            let name = call.function.name;
            let merges = matches!(name, "merge" | "mustMerge" | "mergeOverwrite" | "mustMergeOverwrite");
            let value = match args.split_first().filter(|_| merges) {
                Some((into, from)) => self.merge(into, from, fresh),
                None => self.function(name, args, &at, frame.sure),
            };
            return self.bounded(value);
        }
        if let Some(found) = self.method(first, &args, dot, frame) {
            return found;
        }
        let value = self.expression(first, dot, frame);
        if args.is_empty() {
            return value;
        }
        // A method of an object.
        self.consume_all(&args);
        Known::other()
    }

    /// `.Values.Table "a.b"` and `.Values.PathValue "a.b"` read what they name.
    fn method(&mut self, first: &Expr, args: &[Known], dot: &Known, frame: &mut Frame) -> Option<Known> {
        let [path] = args else { return None };
        let (value, names) = match &first.term {
            Term::Field(field) => (dot.clone(), field.names(&frame.source, first.span)),
            Term::Variable(named) => {
                let variable = named.variable(&frame.source, first.span);
                let known = frame.variables.iter().rev().find(|(known, _)| *known == variable.name);
                (known.map(|(_, value)| value.clone()).unwrap_or_default(), variable.fields.as_slice())
            }
            Term::Chain(chain) => (self.expression(&chain.inner, dot, frame), chain.fields.as_slice()),
            _ => return None,
        };
        let (method, names) = names.split_last().filter(|(name, _)| *name == "Table" || *name == "PathValue")?;
        let value = self.fields(value, names, Some(frame.at(first.span)), frame.sure);
        let Some(paths) = path.texts() else {
            self.consume(path);
            self.compute(&value, Some(&frame.at(first.span)));
            return Some(Known::other());
        };
        let at = frame.at(first.span);
        let one = |path: Str| {
            let keys: Vec<Str> = path.split(|b| *b == b'.').map(|key| Str::from(key.to_vec())).collect();
            self.fields(value.clone(), &keys, Some(at.clone()), frame.sure)
        };
        let found = all(&paths.into_iter().map(one).collect::<Vec<_>>());
        if method == "PathValue" {
            self.consume(&found);
        }
        Some(found)
    }

    fn expression(&mut self, expr: &Expr, dot: &Known, frame: &mut Frame) -> Known {
        if !self.step() {
            return Known::other();
        }
        let at = Some(frame.at(expr.span));
        match &expr.term {
            Term::Field(field) => {
                let names = field.names(&frame.source, expr.span);
                self.fields(dot.clone(), names, at, frame.sure)
            }
            Term::Variable(named) => {
                let variable = named.variable(&frame.source, expr.span);
                let known = frame.variables.iter().rev().find(|(known, _)| *known == variable.name);
                let value = known.map(|(_, value)| value.clone()).unwrap_or_default();
                self.fields(value, &variable.fields, at, frame.sure)
            }
            Term::Chain(chain) => {
                // `((.a).b).c` is nothing where `.a` is nothing.
                self.guarded(true, |walk| {
                    let value = deeper(|| walk.expression(&chain.inner, dot, frame));
                    walk.fields(value, &chain.fields, at, frame.sure)
                })
            }
            Term::Function(call) => {
                let at = frame.at(expr.span);
                self.function(call.function.name, Vec::new(), &at, frame.sure)
            }
            Term::Pipe(pipe) => self.pipe(pipe, dot, frame),
            Term::Dot => dot.clone(),
            Term::Text(text) => Known::text(text),
            Term::Number(number) => number_of(number),
            Term::Nil | Term::Bool(_) => Known::other(),
        }
    }
}

/// Whether an expression gives a map that nobody else has. The maps in an [`Atom::Dict`] may be others' all the same.
fn makes_new(expr: &Expr) -> bool {
    let Term::Pipe(pipe) = &expr.term else { return false };
    let last = pipe.commands.last().and_then(|command| command.args.first());
    let Some(Term::Function(call)) = last.map(|first| &first.term) else { return false };
    matches!(call.function.name, "dict" | "deepCopy" | "mustDeepCopy" | "fromYaml" | "fromJson" | "pick")
}

fn number_of(number: &Number) -> Known {
    let whole = number.int.filter(|_| !number.ideal_float).and_then(|n| usize::try_from(n).ok());
    whole.map_or_else(Known::other, |n| Known::of(Atom::Number(n)))
}

#[cfg(test)]
mod tests;
