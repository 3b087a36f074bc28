//! Documents → schemas that refer to each other: which dialect speaks where, what every reference means
//! (jsonschema v6: compiler.go, roots.go, root.go, loader.go).

use super::check::{Problem, Task};
use super::draft::{Dialect, Draft, standard};
use super::json::{self, Kind, Node};
use super::keyword::{self, Schema};
use super::plain;
use super::pointer::{self, Reference};
use super::words;
use crate::go::quote::quoted;
use crate::go::slog::{Level, line};
use crate::go::url::Url;
use crate::stack::deeper;
use crate::value::Str;
use foldhash::HashMap;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// A schema in [`Library::schemas`].
pub(super) type Id = usize;

/// Bytes of JSON pointers that one chart's schemas may have: a schema nested thousands of levels deep has
/// pointers as long as itself.
const MAX_POINTERS: usize = 64 << 20;

/// How large a file may be that a schema refers to.
const MAX_FILE: u64 = 64 << 20;

/// Why a schema cannot be used.
pub(super) enum Flaw {
    /// In the words of Go's compiler.
    Words(String),
    /// It is no schema: what the metaschema says of it.
    Invalid {
        /// Which part of it, as a URL.
        location: String,
        /// What is wrong.
        problem: Box<Problem>,
        /// The metaschema.
        meta: Id,
    },
}

impl From<String> for Flaw {
    fn from(words: String) -> Self {
        Flaw::Words(words)
    }
}

/// The schemas of charts are told from the metaschemas, in which formats count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    Charts,
    Metas,
}

/// Every schema; an [`Id`] is the place in it.
#[derive(Default)]
pub(super) struct Schemas(Vec<Slot>);

/// A schema is large, and most are known for a while before they are read.
enum Slot {
    /// The document and the place in it.
    Waiting(Rc<str>, Rc<str>),
    Read(Box<Schema>),
}

impl Schemas {
    /// One that was read.
    pub(super) fn get(&self, id: Id) -> Option<&Schema> {
        match self.0.get(id)? {
            Slot::Waiting(..) => None,
            Slot::Read(schema) => Some(schema),
        }
    }

    fn push(&mut self, slot: Slot) -> Id {
        self.0.push(slot);
        self.0.len() - 1
    }

    fn set(&mut self, id: Id, schema: Schema) {
        if let Some(slot) = self.0.get_mut(id) {
            *slot = Slot::Read(Box::new(schema));
        }
    }

    /// The document and place of one that waits.
    fn waiting(&self, id: Id) -> Option<(Rc<str>, Rc<str>)> {
        match self.0.get(id)? {
            Slot::Waiting(url, pointer) => Some((url.clone(), pointer.clone())),
            Slot::Read(_) => None,
        }
    }
}

/// All that was read and compiled.
pub(super) struct Library {
    pub(super) schemas: Schemas,
    /// What Helm logs meanwhile.
    pub(super) log: Vec<String>,
    /// Steps of validation that are left for this chart.
    pub(super) steps: Cell<u64>,
    charts: Space,
    metas: Space,
    /// The metaschemas by their URL or, for a choice of vocabularies, by these.
    compiled: HashMap<String, Id>,
    warned: HashSet<String>,
    /// Whether anything was read that is no part of a chart.
    pub(super) read_outside: bool,
    /// Whether the metaschemas are asked even where nobody needs to.
    is_thorough: bool,
}

/// What one compiler knows.
#[derive(Default)]
struct Space {
    documents: HashMap<Rc<str>, Rc<Node>>,
    roots: HashMap<Rc<str>, Root>,
    /// By document and pointer.
    ids: HashMap<Rc<str>, HashMap<Rc<str>, Id>>,
    /// What is to be compiled, with its node where that is known to be a subschema of its document.
    queue: Vec<(Id, Option<Rc<Node>>)>,
    pointers: usize,
    /// The root of the document that was last asked for.
    top: Option<(Rc<str>, Id)>,
}

/// A document whose subschemas are known.
struct Root {
    url: Rc<str>,
    document: Rc<Node>,
    /// By pointer.
    resources: BTreeMap<String, Resource>,
    /// URL of a resource → its pointer.
    by_id: HashMap<Rc<str>, String>,
    /// The addresses of the subschemas.
    known: foldhash::HashSet<usize>,
}

/// A part of a document with a URL of its own.
struct Resource {
    id: Rc<str>,
    dialect: Dialect,
    /// Anchor → pointer.
    anchors: BTreeMap<String, String>,
    dynamic: Vec<String>,
}

impl Root {
    /// The resource that a pointer is in, and its own pointer.
    fn resource<'p>(&self, mut pointer: &'p str) -> Option<(&'p str, &Resource)> {
        if self.resources.len() > 1 {
            while !pointer.is_empty() {
                if let Some(resource) = self.resources.get(pointer) {
                    return Some((pointer, resource));
                }
                pointer = pointer.rsplit_once('/').map_or("", |(before, _)| before);
            }
        }
        self.resources.get("").map(|resource| ("", resource))
    }

    fn point(&self, fragment: &str, at: &str) -> Result<String, String> {
        if fragment.is_empty() || fragment.starts_with('/') {
            return Ok(format!("{at}{fragment}"));
        }
        let resource = self.resources.get(at);
        match resource.and_then(|r| r.anchors.get(fragment)) {
            Some(pointer) => Ok(pointer.clone()),
            None => {
                let id = resource.map_or("", |r| &*r.id);
                let reference = pointer::location(id, fragment);
                Err(format!(
                    "anchor in {} not found in schema {}",
                    quoted(reference.as_bytes()),
                    quoted(self.url.as_bytes())
                ))
            }
        }
    }

    /// Notes the names that a subschema gives itself.
    fn collect_anchors(&mut self, node: &Node, pointer: &str, base: &str) -> Result<(), String> {
        let url = self.url.clone();
        let Some(resource) = self.resources.get_mut(base) else { return Ok(()) };
        let version = resource.dialect.draft.version();
        let mut names: Vec<String> = Vec::new();
        if version < 2019 {
            if node.get(b"$ref").is_some() {
                return Ok(());
            }
            if let Some(id) = node.text(resource.dialect.draft.id_keyword()) {
                let reference = Reference::split(&id.lossy()).map_err(|_| {
                    format!("error in parsing anchor at {}", quoted(pointer::location(&url, pointer).as_bytes()))
                })?;
                if !reference.fragment.is_empty() && !reference.fragment.starts_with('/') {
                    names.push(reference.fragment);
                }
            }
        } else if let Some(name) = node.text("$anchor") {
            names.push(name.lossy().into_owned());
        }
        if version >= 2020
            && let Some(name) = node.text("$dynamicAnchor")
        {
            resource.dynamic.push(name.lossy().into_owned());
            names.push(name.lossy().into_owned());
        }
        for name in names {
            let known = resource.anchors.entry(name.clone()).or_insert_with(|| pointer.to_owned());
            if known != pointer {
                return Err(format!(
                    "duplicate anchor {} in {} at {} and {}",
                    quoted(name.as_bytes()),
                    quoted(url.as_bytes()),
                    quoted(known.as_bytes()),
                    quoted(pointer.as_bytes())
                ));
            }
        }
        Ok(())
    }
}

impl Library {
    /// Nothing is known yet but what lies in this program.
    pub(super) fn new() -> Library {
        Library {
            schemas: Schemas::default(),
            log: Vec::new(),
            steps: Cell::new(0),
            charts: Space::default(),
            metas: Space::default(),
            compiled: HashMap::default(),
            warned: HashSet::new(),
            read_outside: false,
            is_thorough: false,
        }
    }

    /// One that asks the metaschemas in any case.
    #[cfg(test)]
    pub(super) fn thorough() -> Self {
        Library { is_thorough: true, ..Library::new() }
    }

    /// Compiles the schema of a chart; what earlier charts had is forgotten.
    pub(super) fn chart(&mut self, url: &str, document: Rc<Node>, steps: u64) -> Result<Id, Flaw> {
        self.charts = Space::default();
        self.charts.documents.insert(url.into(), document);
        self.steps.set(steps);
        self.compile(Shelf::Charts, url)
    }

    /// The metaschema of a dialect.
    fn meta(&mut self, dialect: &Dialect) -> Result<Id, Flaw> {
        let Some(vocabularies) = &dialect.vocabularies else {
            return self.meta_at(dialect.draft.url());
        };
        let key = format!("{} {}", dialect.draft.version(), vocabularies.join(" "));
        if let Some(id) = self.compiled.get(&key) {
            return Ok(*id);
        }
        let base = dialect.draft.url().trim_end_matches("schema").to_owned();
        let all_of = vocabularies
            .iter()
            .map(|name| self.meta_at(&format!("{base}meta/{name}")))
            .collect::<Result<Vec<_>, _>>()?;
        let id = self.schemas.0.len();
        let mut schema = Schema::new("urn:mem:metaschema".into(), "".into(), dialect.draft.version());
        schema.resource = id;
        schema.all_of = all_of;
        if schema.draft >= 2020 {
            schema.dynamic_anchor = "meta".into();
            schema.dynamic_anchors = vec![("meta".into(), id)];
        }
        self.schemas.push(Slot::Read(Box::new(schema)));
        self.compiled.insert(key, id);
        Ok(id)
    }

    fn meta_at(&mut self, url: &str) -> Result<Id, Flaw> {
        if let Some(id) = self.compiled.get(url) {
            return Ok(*id);
        }
        let id = self.compile(Shelf::Metas, url)?;
        self.compiled.insert(url.to_owned(), id);
        Ok(id)
    }

    fn space(&mut self, shelf: Shelf) -> &mut Space {
        match shelf {
            Shelf::Charts => &mut self.charts,
            Shelf::Metas => &mut self.metas,
        }
    }

    fn compile(&mut self, shelf: Shelf, url: &str) -> Result<Id, Flaw> {
        let id = self.enqueue_remote(shelf, url, "")?;
        let mut done = 0;
        while let Some((next, node)) = self.space(shelf).queue.get_mut(done).map(|(id, node)| (*id, node.take())) {
            done += 1;
            self.compile_one(shelf, next, node)?;
        }
        self.space(shelf).queue.clear();
        Ok(id)
    }

    fn compile_one(&mut self, shelf: Shelf, id: Id, node: Option<Rc<Node>>) -> Result<(), Flaw> {
        let Some((url, pointer)) = self.schemas.waiting(id) else { return Ok(()) };
        let node = match node {
            Some(node) => node,
            None => self.ensure(shelf, &url, &pointer)?,
        };
        let mut schema = Schema::new(url.clone(), pointer.clone(), 2020);
        let mut anchors = Vec::new();
        let mut dialect = Dialect::default();
        let mut base = String::new();
        if let Some((at, resource)) = self.space(shelf).roots.get(&url).and_then(|root| root.resource(&pointer)) {
            dialect = resource.dialect.clone();
            base = at.to_owned();
            if *at == *pointer && dialect.draft.version() >= 2020 {
                let dynamic = |(name, _): &(&String, &String)| resource.dynamic.contains(*name);
                anchors = resource.anchors.iter().filter(dynamic).map(|(n, p)| (n.clone(), p.clone())).collect();
            }
        }
        schema.draft = dialect.draft.version();
        schema.resource = match &self.space(shelf).top {
            Some((known, id)) if base.is_empty() && Rc::ptr_eq(known, &url) => *id,
            _ => self.enqueue(shelf, &url, &base, None)?,
        };
        if base.is_empty() {
            self.space(shelf).top = Some((url.clone(), schema.resource));
        }
        for (name, at) in anchors {
            let target = self.enqueue(shelf, &url, &at, None)?;
            schema.dynamic_anchors.push((name, target));
        }
        match &node.kind {
            Kind::Bool(b) => schema.boolean = Some(*b),
            Kind::Object(entries) if entries.is_empty() => schema.boolean = Some(true),
            Kind::Object(entries) => {
                let keys = keyword::bits(entries);
                keyword::Reader { keys, library: self, shelf, node: &node, dialect: &dialect, base: &base }
                    .read(&mut schema)?;
            }
            _ => {}
        }
        schema.finish();
        self.schemas.set(id, schema);
        Ok(())
    }

    /// The schema at a place of a document that is known; compiled later. `node` is what lies there, where whoever asks has it.
    pub(super) fn enqueue(
        &mut self,
        shelf: Shelf,
        url: &Rc<str>,
        pointer: &str,
        node: Option<&Rc<Node>>,
    ) -> Result<Id, Flaw> {
        let next = self.schemas.0.len();
        let space = self.space(shelf);
        if !space.ids.contains_key(url) {
            space.ids.insert(url.clone(), HashMap::default());
        }
        let Some(ids) = space.ids.get_mut(url) else { return Ok(next) };
        if let Some(id) = ids.get(pointer) {
            return Ok(*id);
        }
        space.pointers += pointer.len();
        if space.pointers > MAX_POINTERS {
            return Err(Flaw::Words("the schema is nested too deeply".into()));
        }
        let pointer: Rc<str> = pointer.into();
        ids.insert(pointer.clone(), next);
        let is_known = |node: &&Rc<Node>| space.roots.get(url).is_some_and(|root| root.known.contains(&address(node)));
        space.queue.push((next, node.filter(is_known).cloned()));
        Ok(self.schemas.push(Slot::Waiting(url.clone(), pointer)))
    }

    fn enqueue_remote(&mut self, shelf: Shelf, url: &str, fragment: &str) -> Result<Id, Flaw> {
        let url: Rc<str> = url.into();
        self.or_load(shelf, &url)?;
        let pointer = match self.space(shelf).roots.get(&url) {
            Some(root) => root.point(fragment, "")?,
            None => String::new(),
        };
        self.enqueue(shelf, &url, &pointer, None)
    }

    /// The schema that a reference in a document means.
    pub(super) fn refer(&mut self, shelf: Shelf, url: &Rc<str>, base: &str, reference: &str) -> Result<Id, Flaw> {
        let Some(root) = self.space(shelf).roots.get(url) else {
            return Err(Flaw::Words("the schema is not known".into()));
        };
        let base_url = root.resources.get(base).map_or_else(|| url.clone(), |r| r.id.clone());
        let target = pointer::join(&base_url, reference)?;
        let at = if *target.url == **url { Some("") } else { root.by_id.get(&*target.url).map(String::as_str) };
        match at {
            Some(at) => {
                let pointer = root.point(&target.fragment, at)?;
                self.enqueue(shelf, url, &pointer, None)
            }
            None => self.enqueue_remote(shelf, &target.url, &target.fragment),
        }
    }

    fn or_load(&mut self, shelf: Shelf, url: &Rc<str>) -> Result<(), Flaw> {
        if self.space(shelf).roots.contains_key(url) {
            return Ok(());
        }
        let document = self.load(shelf, url)?;
        let mut root = Root {
            url: url.clone(),
            document: document.clone(),
            resources: BTreeMap::new(),
            by_id: HashMap::default(),
            known: foldhash::HashSet::default(),
        };
        self.collect(shelf, &mut root, &document, url, &mut String::new(), &Dialect::default())?;
        if !["http://json-schema.org/", "https://json-schema.org/"].iter().any(|p| url.starts_with(p)) {
            self.validate(&root, &document, "")?;
        }
        self.space(shelf).roots.insert(url.clone(), root);
        Ok(())
    }

    /// The node of a place; makes a subschema of it if it was none.
    fn ensure(&mut self, shelf: Shelf, url: &Rc<str>, pointer: &str) -> Result<Rc<Node>, Flaw> {
        self.or_load(shelf, url)?;
        let Some(root) = self.space(shelf).roots.get(url) else {
            return Err(Flaw::Words("the schema is not known".into()));
        };
        let node = pointer::lookup(&root.document, url, pointer)?;
        if root.known.contains(&address(&node)) {
            return Ok(node);
        }
        let Some(mut root) = self.space(shelf).roots.remove(url) else { return Ok(node) };
        let found = root.resource(pointer).map(|(at, r)| (at.to_owned(), r.id.clone(), r.dialect.clone()));
        if let Some((at, id, dialect)) = found {
            self.collect(shelf, &mut root, &node, &id, &mut pointer.to_owned(), &dialect)?;
            if !root.resources.contains_key(pointer) {
                root.collect_anchors(&node, pointer, &at)?;
            }
        }
        self.validate(&root, &node, pointer)?;
        self.space(shelf).roots.insert(url.clone(), root);
        Ok(node)
    }

    /// Walks over a schema and all below it for URLs and anchors.
    fn collect(
        &mut self,
        shelf: Shelf,
        root: &mut Root,
        node: &Rc<Node>,
        base: &Rc<str>,
        pointer: &mut String,
        fallback: &Dialect,
    ) -> Result<(), Flaw> {
        if !root.known.insert(address(node)) {
            return Ok(());
        }
        let Kind::Object(entries) = &node.kind else {
            if pointer.is_empty() {
                root.add("", base.clone(), fallback.clone());
            }
            return Ok(());
        };
        // Nearly all give themselves no name.
        let has_names = |(key, _): &(Str, Rc<Node>)| key.starts_with(b"$") || key == fallback.draft.id_keyword();
        if !pointer.is_empty() && !entries.iter().any(has_names) {
            return deeper(|| {
                fallback.draft.subschemas(node, pointer, &mut |below, pointer| {
                    self.collect(shelf, root, below, base, pointer, fallback)
                })
            });
        }
        let mut draft = self.draft(shelf, &root.url, pointer, node, fallback.draft, &mut HashSet::new())?;
        let mut has_schema = node.text("$schema").is_some();
        let mut id = draft.id(node);
        if id.is_none() && !pointer.is_empty() {
            draft = fallback.draft;
            has_schema = false;
            id = draft.id(node);
        }
        let mut base = base.clone();
        let is_resource = id.is_some() || pointer.is_empty();
        if let Some(id) = id {
            let joined = pointer::join(&base, &id).map_err(|_| {
                let place = pointer::location(&root.url, pointer);
                format!("error in parsing id at {}", quoted(place.as_bytes()))
            })?;
            base = joined.url;
        }
        if is_resource {
            match root.by_id.get(&base) {
                Some(other) if other != pointer => {
                    return Err(Flaw::Words(format!(
                        "duplicate id {} in {} at {} and {}",
                        quoted(base.as_bytes()),
                        quoted(root.url.as_bytes()),
                        quoted(pointer.as_bytes()),
                        quoted(other.as_bytes())
                    )));
                }
                Some(_) => {}
                None => {
                    let dialect = if has_schema {
                        Dialect { draft, vocabularies: self.vocabularies(shelf, node, draft)? }
                    } else {
                        fallback.clone()
                    };
                    root.add(pointer, base.clone(), dialect);
                }
            }
        }
        let at = root.by_id.get(&base).cloned().unwrap_or_default();
        root.collect_anchors(node, pointer, &at)?;
        let dialect = root.resources.get(&at).map_or_else(|| fallback.clone(), |r| r.dialect.clone());
        deeper(|| {
            draft.subschemas(node, pointer, &mut |below, pointer| {
                self.collect(shelf, root, below, &base, pointer, &dialect)
            })
        })
    }

    /// Which draft a schema follows: what its `$schema` says, or what that one's says.
    fn draft(
        &mut self,
        shelf: Shelf,
        url: &str,
        pointer: &str,
        node: &Rc<Node>,
        fallback: Draft,
        seen: &mut HashSet<String>,
    ) -> Result<Draft, Flaw> {
        let (mut url, mut pointer, mut node) = (url.to_owned(), pointer, node.clone());
        loop {
            let Some(schema) = node.text("$schema").map(|s| s.lossy().into_owned()) else { return Ok(fallback) };
            if let Some(draft) = Draft::from_url(&schema) {
                return Ok(draft);
            }
            let schema = schema.split('#').next().unwrap_or_default().to_owned();
            if let Err(e) = Url::parse(schema.as_bytes()) {
                let place = pointer::location(&url, pointer);
                return Err(Flaw::Words(format!("invalid $schema in {}: {e}", quoted(place.as_bytes()))));
            }
            if pointer.is_empty() && schema == url {
                return Err(Flaw::Words(format!("draft {} is not supported", quoted(schema.as_bytes()))));
            }
            if !seen.insert(schema.clone()) {
                return Err(Flaw::Words(format!("cycle in resolving $schema in {}", quoted(schema.as_bytes()))));
            }
            node = self.load(shelf, &schema)?;
            (url, pointer) = (schema, "");
        }
    }

    /// The vocabularies that a metaschema which is none of the standard's asks for.
    fn vocabularies(&mut self, shelf: Shelf, node: &Rc<Node>, draft: Draft) -> Result<Option<Rc<Vec<String>>>, Flaw> {
        let Some(schema) = node.text("$schema").map(|s| s.lossy().into_owned()) else { return Ok(None) };
        if Draft::from_url(&schema).is_some() {
            return Ok(None);
        }
        let url = schema.split('#').next().unwrap_or_default();
        let document = self.load(shelf, url)?;
        Ok(draft.vocabularies(url, &document)?.map(Rc::new))
    }

    fn load(&mut self, shelf: Shelf, url: &str) -> Result<Rc<Node>, Flaw> {
        if let Some(document) = self.space(shelf).documents.get(url) {
            return Ok(document.clone());
        }
        let document = match standard(url) {
            Some(text) => json::parse(text.as_bytes())?,
            None => self.fetch(url).map_err(|words| format!("failing loading {}: {words}", quoted(url.as_bytes())))?,
        };
        self.space(shelf).documents.insert(url.into(), document.clone());
        Ok(document)
    }

    /// What lies outside. Unlike Helm it reads nothing from the network.
    fn fetch(&mut self, url: &str) -> Result<Rc<Node>, String> {
        let parsed = Url::parse(url.as_bytes())?;
        match parsed.scheme.as_str() {
            "file" => {
                self.read_outside = true;
                json::parse(&read_file(&parsed.path)?)
            }
            "http" | "https" => {
                Err("schemas are not fetched from the network; put it beside values.schema.json".into())
            }
            "urn" => {
                if self.warned.insert(url.to_owned()) {
                    let message = "unresolved URN reference ignored; using permissive schema";
                    self.log.push(line(Level::Warn, message, &[("urn", url)]));
                }
                Ok(Node::new(Kind::Bool(true)))
            }
            _ => {
                let shown = parsed.to_bytes();
                Err(format!("no URLLoader registered for {}", quoted(&shown)))
            }
        }
    }

    /// Holds a schema against its metaschema.
    fn validate(&mut self, root: &Root, node: &Rc<Node>, pointer: &str) -> Result<(), Flaw> {
        let Some((_, resource)) = root.resource(pointer) else { return Ok(()) };
        let is_usual = root.resources.len() == 1 && resource.dialect.vocabularies.is_none();
        if is_usual && !self.is_thorough && plain::is_valid(node, resource.dialect.draft) {
            return Ok(());
        }
        let meta = self.meta(&resource.dialect)?;
        let mut dialects = std::collections::HashMap::new();
        if root.resources.len() > 1 {
            for (at, resource) in &root.resources {
                dialects.insert(at.clone(), self.meta(&resource.dialect)?);
            }
        }
        let task = Task { schemas: &self.schemas, steps: &self.steps, dialects: &dialects };
        task.run(meta, node, Some(meta)).map_err(|failure| match failure {
            words::Failure::Problem(problem) => {
                Flaw::Invalid { location: pointer::location(&root.url, pointer), problem, meta }
            }
            words::Failure::Words(words) => Flaw::Words(words),
        })
    }
}

impl Root {
    fn add(&mut self, pointer: &str, id: Rc<str>, dialect: Dialect) {
        self.by_id.insert(id.clone(), pointer.to_owned());
        let resource = Resource { id, dialect, anchors: BTreeMap::new(), dynamic: Vec::new() };
        self.resources.insert(pointer.to_owned(), resource);
    }
}

fn address(node: &Rc<Node>) -> usize {
    Rc::as_ptr(node) as usize
}

/// A local file, as Helm reads it. The errors have Go's words.
fn read_file(path: &[u8]) -> Result<Vec<u8>, String> {
    let shown = Str::from(path).lossy().into_owned();
    let open = |e: std::io::Error| {
        let why = match e.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => e.to_string(),
        };
        format!("open {shown}: {why}")
    };
    let about = std::fs::metadata(&shown).map_err(open)?;
    if about.is_dir() {
        return Err(format!("read {shown}: is a directory"));
    }
    // A device or a pipe might never end.
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(format!("read {shown}: not a file of at most 64 MB"));
    }
    std::fs::read(&shown).map_err(open)
}
