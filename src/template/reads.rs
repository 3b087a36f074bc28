//! Which keys of the objects that templates begin with could be read: a walk over the trees, without values.
//!
//! What cannot be followed counts as read: whoever is told that nothing reads a key can rely on it. The walk knows
//! what is built of places (`dict`, `list`, variables, arguments of `include`), and of texts what is literal.

use super::ast::{Command, Expr, Node, Pipe, Term, Tree};
use super::parse::{Library, parse};
use super::set::Set;
use crate::diagnostic::{Location, Source, Span};
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// So many steps, then the walk gives up.
const MAX_STEPS: usize = 4_000_000;
/// More that conditions ask for is not kept.
const MAX_ASKED: usize = 1_000;
/// More places of one key are not kept.
const MAX_PLACES: usize = 100;
/// Of values that could be more than this, most is taken as read.
const MAX_ATOMS: usize = 64;
/// Places with more keys are taken as read.
const MAX_KEYS: usize = 16;
/// Dictionaries in dictionaries: deeper ones are taken as read.
const MAX_NESTED: usize = 8;
/// What templates put into dictionaries changes what was walked: so often it is walked again.
const MAX_ROUNDS: usize = 6;

/// What of one key is read.
#[derive(Debug, Default)]
pub struct Read {
    /// Whether all below it is read too.
    pub whole: bool,
    /// Whether keys right below it are read whose names only a render knows.
    pub computed: bool,
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
    pub keys: BTreeMap<(usize, Vec<Str>), Read>,
    /// Whether the walk came to its end; else anything may be read.
    pub complete: bool,
}

/// Finds what templates read. `entries` are the templates that are executed, each with the number of its object;
/// `objects` is how many there are; `texts` are those that `tpl` may be given.
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
        for name in set.names() {
            if !walk.called.contains(&name) {
                walk.call(&name, &all, false);
            }
        }
        walk.drain();
        if walk.growth == before || !walk.complete {
            return Reads { keys: walk.keys, complete: walk.complete };
        }
    }
    Reads { keys: walk.keys, complete: false }
}

/// Finds the text at the keys of an object.
type Look<'v> = dyn Fn(usize, &[Str]) -> Option<Str> + 'v;

/// What a value could be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Atom {
    /// Nothing that matters.
    Other,
    /// A literal.
    Text(Str),
    /// A text that ends so.
    Ends(Str),
    /// A text that has this in it.
    Piece(Str),
    /// What stands at these keys of an object. Where all below a place is read already, it is no place any more.
    Place(usize, Vec<Str>),
    Dict(Rc<BTreeMap<Str, Known>>),
    List(Rc<Known>),
}

/// All that a value could be.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Known(BTreeSet<Atom>);

/// The key of what stands under keys that cannot be told.
const ANY: &str = "*";

impl Known {
    fn of(atom: Atom) -> Known {
        Known(BTreeSet::from([atom]))
    }

    fn other() -> Known {
        Known::of(Atom::Other)
    }

    fn text(text: &Str) -> Known {
        Known::of(Atom::Text(text.clone()))
    }

    fn with(mut self, other: Known) -> Known {
        self.0.extend(other.0);
        self
    }

    fn nested(&self) -> usize {
        let inner = |atom: &Atom| match atom {
            Atom::Dict(map) => 1 + map.values().map(Known::nested).max().unwrap_or_default(),
            Atom::List(items) => 1 + items.nested(),
            _ => 0,
        };
        self.0.iter().map(inner).max().unwrap_or_default()
    }

    /// The literals that it is one of; none if it could be anything else.
    fn texts(&self) -> Option<Vec<Str>> {
        let text = |atom: &Atom| match atom {
            Atom::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.0.iter().map(text).collect()
    }
}

fn all(args: &[Known]) -> Known {
    args.iter().cloned().fold(Known::default(), Known::with)
}

/// What is still to walk.
enum Task {
    /// With the place of the `tpl` that executes it, if one does.
    Tree(Arc<Tree>, Known, bool, Option<Location>),
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
    /// How often `stored` and the texts' templates grew.
    growth: usize,
    seen: HashSet<(usize, Known, bool)>,
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
                Task::Tree(tree, data, sure, place) => {
                    self.sure = sure;
                    let variables = vec![(Str::from("$"), data.clone())];
                    let mut frame = Frame { source: tree.source.clone(), variables, growth: 0, sure, place };
                    self.nodes(&tree.root, &data, &mut frame);
                }
            }
        }
    }

    fn enter(&mut self, tree: &Arc<Tree>, data: &Known, sure: bool, place: Option<&Location>) {
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
                    let ends = if let Atom::Ends(end) = atom { Some(end) } else { None };
                    for name in self.set.names() {
                        if ends.is_none_or(|end| name.ends_with(end)) {
                            self.call(&name, data, sure && ends.is_some());
                        }
                    }
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
            if names.len() == 1 && open { self.compute(&found) } else { self.consume(&found) }
        }
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        self.complete &= self.steps <= MAX_STEPS;
        self.complete
    }

    fn read(&mut self, object: usize, path: &[Str], whole: bool, at: Option<Location>) {
        // A template that nobody surely calls was made for something else than a whole object.
        if path.is_empty() && !self.sure {
            return;
        }
        let read = self.keys.entry((object, path.to_vec())).or_default();
        read.whole |= whole;
        let asked = |(other, above): &(usize, Vec<Str>)| *other == object && path.starts_with(above);
        let guarded = self.guards > 0 || self.asked.iter().any(asked);
        let places = if guarded { &mut read.guarded } else { &mut read.places };
        if let Some(at) = at
            && places.len() < MAX_PLACES
            && !places.iter().any(|p| Arc::ptr_eq(&p.source, &at.source) && p.span == at.span)
        {
            places.push(at);
        }
        if self.guards > 0 && self.asked.len() < MAX_ASKED && !whole && path.len() > 1 {
            self.asked.push((object, path.to_vec()));
        }
    }

    /// All of a value is read.
    fn consume(&mut self, value: &Known) {
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) => self.read(*object, path, true, None),
                Atom::Dict(map) => map.values().for_each(|value| self.consume(value)),
                Atom::List(items) => self.consume(items),
                Atom::Other | Atom::Text(_) | Atom::Ends(_) | Atom::Piece(_) => {}
            }
        }
    }

    /// Keys of a value are read that only a render knows. Of what stands right below an object that is told; deeper all
    /// counts as read.
    fn compute(&mut self, value: &Known) {
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) if path.len() < 2 => {
                    if self.sure || !path.is_empty() {
                        self.keys.entry((*object, path.clone())).or_default().computed = true;
                    }
                }
                atom => self.consume(&Known::of(atom.clone())),
            }
        }
    }

    fn consume_all(&mut self, values: &[Known]) {
        values.iter().for_each(|value| self.consume(value));
    }

    /// A value that does not grow without end: what is too much to follow is taken as read.
    fn bounded(&mut self, value: Known) -> Known {
        if value.nested() > MAX_NESTED {
            self.consume(&value);
            return Known::other();
        }
        let long = |atom: &Atom| matches!(atom, Atom::Place(_, path) if path.len() > MAX_KEYS);
        let many = value.0.len() > MAX_ATOMS;
        if !many && !value.0.iter().any(long) {
            return value;
        }
        let (kept, gone): (BTreeSet<Atom>, BTreeSet<Atom>) =
            value.0.into_iter().partition(|atom| holds_object(atom) || !(many || long(atom)));
        self.consume(&Known(gone));
        if kept.len() > 2 * MAX_ATOMS {
            self.complete = false;
        }
        Known(kept).with(Known::other())
    }

    /// One key of a value, and whether that is a key of an object.
    fn field(&mut self, value: &Known, name: &Str) -> (Known, bool) {
        let mut found = Known::default();
        let mut named = false;
        for atom in &value.0 {
            match atom {
                // Methods of values: the same as a map.
                Atom::Place(_, path) if is_values(path) && name == "AsMap" => {
                    found.0.insert(atom.clone());
                }
                Atom::Place(object, path) if is_values(path) && name == "YAML" => {
                    self.read(*object, path, true, None);
                    found.0.insert(Atom::Other);
                }
                Atom::Place(object, path) => {
                    let mut path = path.clone();
                    path.push(name.clone());
                    found.0.insert(Atom::Place(*object, path));
                    named = true;
                }
                Atom::Dict(map) => {
                    for key in [name.as_ref(), ANY.as_bytes()] {
                        found.0.extend(map.get(key).into_iter().flat_map(|value| value.0.iter().cloned()));
                    }
                }
                Atom::List(_) | Atom::Other | Atom::Text(_) | Atom::Ends(_) | Atom::Piece(_) => {
                    found.0.insert(Atom::Other);
                }
            }
        }
        for key in [name.as_ref(), ANY.as_bytes()] {
            found.0.extend(self.stored.get(key).into_iter().flat_map(|value| value.0.iter().cloned()));
        }
        (found, named)
    }

    /// Keys of keys; the last are named at a place.
    fn fields(&mut self, value: Known, names: &[Str], at: Option<Location>, sure: bool) -> Known {
        let mut value = value;
        let mut named = false;
        for name in names {
            (value, named) = self.field(&value, name);
        }
        if named {
            for atom in &value.0 {
                if let Atom::Place(object, path) = atom
                    && path.last() == names.last()
                {
                    self.read(*object, path, false, at.clone().filter(|_| sure));
                }
            }
        }
        self.bounded(value)
    }

    /// A key that an argument names.
    fn key(&mut self, value: Known, key: &Known, at: &Location, sure: bool) -> Known {
        let Some(names) = key.texts() else {
            let (objects, others): (BTreeSet<Atom>, BTreeSet<Atom>) =
                value.0.into_iter().partition(|atom| matches!(atom, Atom::Place(_, path) if path.len() < 2));
            self.compute(&Known(objects));
            return self.elements(&Known(others)).with(Known::other());
        };
        let one = |name| self.fields(value.clone(), &[name], Some(at.clone()), sure);
        all(&names.into_iter().map(one).collect::<Vec<_>>())
    }

    /// What a `range` finds: all below a place is read.
    fn elements(&mut self, value: &Known) -> Known {
        let mut found = Known::default();
        for atom in &value.0 {
            match atom {
                Atom::Place(object, path) => {
                    self.read(*object, path, true, None);
                    found.0.insert(Atom::Other);
                }
                Atom::Dict(map) => found.0.extend(map.values().flat_map(|value| value.0.iter().cloned())),
                Atom::List(items) => found.0.extend(items.0.iter().cloned()),
                _ => {
                    found.0.insert(Atom::Other);
                }
            }
        }
        for value in self.stored.values() {
            found.0.extend(value.0.iter().cloned());
        }
        found
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Known, frame: &mut Frame) {
        let depth = frame.variables.len();
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
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
                let value = self.pipe(pipe, dot, frame);
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
                self.asked.truncate(asked);
                self.nodes(branch.otherwise.as_deref().unwrap_or_default(), dot, frame);
            }
            Node::With(branch) => {
                let asked = self.asked.len();
                let value = self.guarded(true, |walk| walk.pipe(&branch.pipe, dot, frame));
                self.nodes(&branch.list, &value, frame);
                self.asked.truncate(asked);
                self.nodes(branch.otherwise.as_deref().unwrap_or_default(), dot, frame);
            }
            Node::Range(branch) => {
                let value = self.commands(&branch.pipe, dot, frame);
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
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
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
            let value = self.function(call.function.name, args, &at, frame.sure);
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
            Term::Field(names) => (dot.clone(), names),
            Term::Variable(name, names) => {
                let known = frame.variables.iter().rev().find(|(known, _)| known == name);
                (known.map(|(_, value)| value.clone()).unwrap_or_default(), names)
            }
            Term::Chain(inner, names) => (self.expression(inner, dot, frame), names),
            _ => return None,
        };
        let (method, names) = names.split_last().filter(|(name, _)| *name == "Table" || *name == "PathValue")?;
        let value = self.fields(value, names, Some(frame.at(first.span)), frame.sure);
        let Some(paths) = path.texts() else {
            self.consume(path);
            self.compute(&value);
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
            Term::Field(names) => self.fields(dot.clone(), names, at, frame.sure),
            Term::Variable(name, names) => {
                let known = frame.variables.iter().rev().find(|(known, _)| known == name);
                let value = known.map(|(_, value)| value.clone()).unwrap_or_default();
                self.fields(value, names, at, frame.sure)
            }
            Term::Chain(inner, names) => {
                let value = stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.expression(inner, dot, frame));
                self.fields(value, names, at, frame.sure)
            }
            Term::Function(call) => {
                let at = frame.at(expr.span);
                self.function(call.function.name, Vec::new(), &at, frame.sure)
            }
            Term::Pipe(pipe) => self.pipe(pipe, dot, frame),
            Term::Dot => dot.clone(),
            Term::Text(text) => Known::text(text),
            Term::Nil | Term::Bool(_) | Term::Number(_) => Known::other(),
        }
    }

    /// What a call comes to.
    fn function(&mut self, name: &str, args: Vec<Known>, at: &Location, sure: bool) -> Known {
        let nothing = Known::default();
        let arg = |i: usize| args.get(i).unwrap_or(&nothing);
        match name {
            "include" => {
                self.include(arg(0), arg(1), sure);
                self.consume(arg(0));
                Known::other()
            }
            "tpl" => {
                self.consume(arg(0));
                self.tpl(arg(0), arg(1), at, sure);
                Known::other()
            }
            "dict" => {
                let mut map: BTreeMap<Str, Known> = BTreeMap::new();
                for pair in args.chunks(2) {
                    let (Some(key), value) = (pair.first(), pair.get(1).unwrap_or(&nothing)) else { continue };
                    let keys = key.texts().unwrap_or_else(|| vec![Str::from(ANY)]);
                    for key in keys {
                        map.entry(key).or_default().0.extend(value.0.iter().cloned());
                    }
                }
                Known::of(Atom::Dict(Rc::new(map)))
            }
            "list" | "tuple" => Known::of(Atom::List(Rc::new(all(&args)))),
            "get" => self.key(arg(0).clone(), arg(1), at, sure),
            "hasKey" => {
                self.key(arg(0).clone(), arg(1), at, sure);
                Known::other()
            }
            "index" => self.index(&args, at, sure),
            "dig" => {
                let keys = args.len().saturating_sub(2);
                let map = args.last().cloned().unwrap_or_default();
                let steps = args.iter().take(keys);
                let mut value = map;
                for key in steps {
                    value = self.key(value, key, at, sure);
                }
                value.with(arg(keys).clone())
            }
            "pluck" => {
                let maps = args.get(1..).unwrap_or_default();
                let found: Vec<Known> = maps.iter().map(|map| self.key(map.clone(), arg(0), at, sure)).collect();
                Known::of(Atom::List(Rc::new(all(&found))))
            }
            "set" => {
                // What is stored is looked for everywhere, so only what must be is.
                let (kept, gone): (BTreeSet<Atom>, BTreeSet<Atom>) = arg(2).0.iter().cloned().partition(holds_object);
                self.consume(&Known(gone));
                self.consume(arg(1));
                if !kept.is_empty() {
                    for key in arg(1).texts().unwrap_or_else(|| vec![Str::from(ANY)]) {
                        let known = self.stored.get(&key).cloned().unwrap_or_default();
                        let grown = self.bounded(known.clone().with(Known(kept.clone())));
                        self.growth += usize::from(grown != known);
                        self.stored.insert(key, grown);
                    }
                }
                arg(0).clone()
            }
            "pick" => {
                let names: Option<Vec<Vec<Str>>> = args.iter().skip(1).map(Known::texts).collect();
                let object = |atom: &Atom| matches!(atom, Atom::Place(_, path) if path.len() < 2);
                match names {
                    Some(names) if arg(0).0.iter().any(object) => {
                        let mut map: BTreeMap<Str, Known> = BTreeMap::new();
                        for name in names.into_iter().flatten() {
                            // Whoever picks a key need not have it.
                            let (value, _) = self.field(arg(0), &name);
                            map.insert(name, value);
                        }
                        Known::of(Atom::Dict(Rc::new(map)))
                    }
                    None if arg(0).0.iter().any(object) => {
                        self.consume_all(args.get(1..).unwrap_or_default());
                        self.compute(arg(0));
                        Known::other()
                    }
                    _ => {
                        self.consume_all(args.get(1..).unwrap_or_default());
                        arg(0).clone()
                    }
                }
            }
            "keys" => {
                args.iter().for_each(|map| self.compute(map));
                Known::other()
            }
            "merge" | "mustMerge" | "mergeOverwrite" | "mustMergeOverwrite" => {
                // What flows into a map is read through it.
                for from in args.get(1..).unwrap_or_default() {
                    let gone = from.0.iter().filter(|atom| !holds_object(atom)).cloned().collect();
                    self.consume(&Known(gone));
                }
                all(&args)
            }
            "unset" | "omit" => {
                self.consume_all(args.get(1..).unwrap_or_default());
                arg(0).clone()
            }
            "required" => arg(1).clone(),
            "default" | "coalesce" | "ternary" | "deepCopy" | "mustDeepCopy" | "and" | "or" => all(&args),
            "not" | "empty" | "kindIs" | "kindOf" | "typeIs" | "typeOf" | "typeIsLike" => Known::other(),
            "first" | "mustFirst" | "last" | "mustLast" => self.elements(arg(0)),
            "append" | "mustAppend" | "push" | "mustPush" | "prepend" | "mustPrepend" => {
                let items = self.elements(arg(0)).with(arg(1).clone());
                Known::of(Atom::List(Rc::new(items)))
            }
            "concat" | "rest" | "mustRest" | "initial" | "mustInitial" | "uniq" | "mustUniq" | "reverse"
            | "mustReverse" | "compact" | "mustCompact" | "values" => {
                let items = args.iter().map(|list| self.elements(list)).fold(Known::default(), Known::with);
                Known::of(Atom::List(Rc::new(items)))
            }
            "without" | "mustWithout" | "slice" | "mustSlice" => {
                self.consume_all(args.get(1..).unwrap_or_default());
                let items = self.elements(arg(0));
                Known::of(Atom::List(Rc::new(items)))
            }
            "print" | "printf" => self.printed(name, &args),
            "toString" => {
                self.consume_all(&args);
                match arg(0).texts() {
                    Some(_) => arg(0).clone(),
                    None => pieces(&args).with(Known::other()),
                }
            }
            _ => {
                self.consume_all(&args);
                pieces(&args).with(Known::other())
            }
        }
    }

    fn index(&mut self, args: &[Known], at: &Location, sure: bool) -> Known {
        let Some((value, keys)) = args.split_first() else { return Known::other() };
        // Only the last key is named, as for `.a.b`.
        let names: Option<Vec<Str>> =
            keys.iter().map(|key| key.texts().filter(|texts| texts.len() == 1)?.into_iter().next()).collect();
        if let Some(names) = names {
            return self.fields(value.clone(), &names, Some(at.clone()), sure);
        }
        let mut value = value.clone();
        for key in keys {
            self.consume(key);
            value = self.key(value, key, at, sure);
        }
        value
    }

    fn printed(&mut self, name: &str, args: &[Known]) -> Known {
        self.consume_all(args);
        let whole: Option<Vec<Str>> =
            args.iter().map(|arg| arg.texts().filter(|texts| texts.len() == 1)?.into_iter().next()).collect();
        let end = match (name, whole.as_deref()) {
            ("print", Some(texts)) => return Known::text(&Str::from(texts.concat())),
            ("printf", Some([text])) if !text.contains(&b'%') => return Known::text(text),
            ("print", _) => args.last().and_then(Known::texts).and_then(|texts| texts.into_iter().next()),
            _ => {
                let format = args.first().and_then(Known::texts).and_then(|texts| texts.into_iter().next());
                format.and_then(|format| {
                    // `%s/name.yaml`: what stands behind the last verb.
                    let at = memchr::memrchr(b'%', &format)?;
                    let rest = format.get(at + 1..)?;
                    let verb = rest.iter().position(u8::is_ascii_alphabetic)?;
                    Some(Str::from(rest.get(verb + 1..)?))
                })
            }
        };
        let end = end.map_or(Known::other(), |end| Known::of(Atom::Ends(end)));
        pieces(args).with(end)
    }
}

/// Whether keys lead to `.Values`, of the object or of a subchart's.
fn is_values(path: &[Str]) -> bool {
    let mut path = path;
    while let [subcharts, _, rest @ ..] = path
        && subcharts == "Subcharts"
    {
        path = rest;
    }
    matches!(path, [values] if values == "Values")
}

/// Whether a whole object is in it, or what stands directly below one: to read that is to read all.
fn holds_object(atom: &Atom) -> bool {
    let inside = |known: &Known| known.0.iter().any(holds_object);
    match atom {
        Atom::Place(_, path) => path.len() < 2,
        Atom::Dict(map) => map.values().any(inside),
        Atom::List(items) => inside(items),
        Atom::Other | Atom::Text(_) | Atom::Ends(_) | Atom::Piece(_) => false,
    }
}

/// Texts that a text made of them may hold, where they could name keys.
fn pieces(args: &[Known]) -> Known {
    let pieces = args.iter().flat_map(|arg| &arg.0).filter_map(|atom| match atom {
        Atom::Text(text) | Atom::Piece(text) if memchr::memmem::find(text, b"Values").is_some() => {
            Some(Atom::Piece(text.clone()))
        }
        _ => None,
    });
    Known(pieces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::lookup_function;

    fn source(name: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { name: name.into(), path: name.into(), text: text.into(), origin: None })
    }

    fn run(text: &str) -> String {
        let mut set = Set::new();
        let source = source("t", text);
        set.add(&parse(&source, &lookup_function).unwrap());
        let texts = [self::source("gotpl", "{{ .V.text }}"), self::source("gotpl", "{{ .Values.torn")];
        let reads = reads(&set, &lookup_function, &[(Str::from("t"), 0)], 1, &texts, &|_, _| None);
        assert!(reads.complete, "{text}");
        let shown = reads.keys.iter().map(|((_, path), read)| {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            let places: Vec<String> =
                read.places.iter().chain(&read.guarded).map(|at| at.span.start.to_string()).collect();
            format!("{}{}@{}", path.join("."), if read.whole { ".*" } else { "" }, places.join(","))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("{{ if .V.a }}{{ end }}", "V.a@6"),
            ("{{ .V.a.b }}", "V.a.b.*@3"),
            ("{{ with .V.a }}{{ .b }}{{ $.V.c }}{{ end }}", "V.a@8 V.a.b.*@18 V.c.*@26"),
            ("{{ $v := .V.a }}{{ if $v.b.c }}{{ end }}", "V.a@9 V.a.b.c@22"),
            ("{{ range $k, $e := .V.l }}{{ $e.x }}{{ end }}", "V.l.*@19"),
            ("{{ if index .V \"a-b\" \"c\" }}{{ end }}", "V@12 V.a-b.c@6"),
            ("{{ if get .V \"k\" }}{{ end }}", "V@10 V.k@6"),
            ("{{ if dig \"a\" \"b\" 1 .V }}{{ end }}", "V@20 V.a@6 V.a.b@6"),
            ("{{ index .V .V.which }}", "V@9 V.which.*@12"),
            ("{{ define \"p\" }}{{ .V.x }}{{ end }}{{ include \"p\" . }}", "V.x.*@19"),
            (
                "{{ define \"p\" }}{{ .c.V.x }}{{ .v }}{{ end }}{{ include \"p\" (dict \"c\" $ \"v\" .V.y) }}",
                "V.x.*@19 V.y.*@76",
            ),
            ("{{ define \"n\" }}{{ if .V.n }}{{ end }}{{ end }}", "V.n@"),
            ("{{ define \"x/n\" }}{{ if .V.n }}{{ end }}{{ end }}{{ include (print .B \"/n\") . }}", "B.*@67 V.n@24"),
            ("{{ tpl .V.t . }}", "V.t.*@7 V.text.*@ Values.torn.*@"),
            ("{{ tpl \"{{ .V.lit }}\" . }}", "V.lit.*@3"),
            ("{{ tpl (printf \"{{ .Values.%s }}\" .V.n) $ }}", "V.n.*@34 V.text.*@ Values@ Values.torn.*@"),
            ("{{ toYaml .V }}", "V.*@10"),
            ("{{ $d := dict }}{{ $_ := set $d \"r\" $ }}{{ if $d.r.V.q }}{{ end }}", "V.q@46"),
            (
                "{{ $x := 1 }}{{ range .V.l }}{{ if $x }}{{ $x.y }}{{ end }}{{ $x = $.V.m }}{{ end }}",
                "V.l.*@22 V.m@67 V.m.y.*@43",
            ),
            ("{{ range list \"a\" \"b\" }}{{ if index $.V . }}{{ end }}{{ end }}", "V@36 V.a@30 V.b@30"),
            ("{{ define \"r\" }}{{ include \"r\" (dict \"in\" .) }}{{ end }}{{ include \"r\" .V }}", "V.*@"),
        ] {
            let got = run(text);
            let got = if expected == "V.*@" { got.get(..4).unwrap_or_default() } else { got.as_str() };
            if got != expected {
                wrong.push(format!("{text}\n   {got}\n   not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
