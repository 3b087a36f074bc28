//! Go templates: all files of all charts are parsed into one set, then each is executed.

use super::Rendered;
use super::explain::{self, Setting};
use super::methods::HelmMethods;
use super::scope::{Release, Scope, scopes, template_object};
use super::tera::{self, TeraChart};
use crate::chart::File;
use crate::diagnostic::{Error, Source};
use crate::functions::lookup_function;
use crate::template::{Executor, Mark, ParseError, Parsed, Set, Touched, parse, without_no_value};
use crate::value::{MapRef, MapType, Str, Value};
use crate::values::{Layers, Live};
use crate::world::World;
use foldhash::HashMap;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};

/// Texts that were parsed, for who renders one chart many times, on several threads.
#[derive(Default)]
pub struct ParsedTexts {
    /// By their names, with the texts.
    texts: RwLock<HashMap<String, (Str, Arc<Parsed>)>>,
}

impl ParsedTexts {
    fn parse(&self, source: &Arc<Source>) -> Result<Arc<Parsed>, Box<ParseError>> {
        if let Some((text, parsed)) = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(&source.name)
            && *text == source.text
        {
            return Ok(parsed.clone());
        }
        let parsed = Arc::new(parse(source, &lookup_function)?);
        let known = (source.text.clone(), parsed.clone());
        self.texts.write().unwrap_or_else(PoisonError::into_inner).insert(source.name.clone(), known);
        Ok(parsed)
    }
}

/// The templates of a chart, parsed, in the order of their execution.
pub struct CompiledChart<'l, 'c> {
    set: Rc<Set>,
    scopes: Vec<Scope<'l, 'c>>,
    files: Vec<Template>,
    /// Whether charts' `tera/` counts.
    tera: bool,
}

struct Template {
    name: String,
    scope: usize,
    source: Arc<Source>,
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Helm parses and executes files with many slashes first, and among those with as many the bytewise greatest.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    let slashes = |name: &str| name.bytes().filter(|&b| b == b'/').count();
    slashes(b).cmp(&slashes(a)).then_with(|| b.cmp(a))
}

impl<'l, 'c> CompiledChart<'l, 'c> {
    /// Parses all templates of a chart and its live subcharts; values and release are needed for their root objects.
    /// With `tera` those in `tera/` count, too; they are parsed when they are rendered.
    ///
    /// # Errors
    /// Every file that does not parse; Helm's words are those of the first.
    pub fn compile(top: &'l Live<'c>, values: &MapRef, release: &Release, tera: bool) -> Result<Self, Error> {
        Self::compile_again(top, values, release, tera, None)
    }

    /// The same with what was parsed before.
    ///
    /// # Errors
    /// The same.
    pub fn compile_again(
        top: &'l Live<'c>,
        values: &MapRef,
        release: &Release,
        tera: bool,
        known: Option<&ParsedTexts>,
    ) -> Result<Self, Error> {
        let scopes = scopes(top, values, release);
        let mut files: HashMap<String, Template> = HashMap::default();
        for (i, scope) in scopes.iter().enumerate() {
            let library = scope.live.is_library();
            for file in &scope.live.chart().templates {
                if library && !base(&file.name).starts_with('_') {
                    continue;
                }
                let source = source(scope.live, file);
                files.insert(source.name.clone(), Template { name: source.name.clone(), scope: i, source });
            }
        }
        let mut files: Vec<Template> = files.into_values().collect();
        files.sort_unstable_by(|a, b| order(&a.name, &b.name));
        let mut set = Set::new();
        let mut broken: Vec<Box<ParseError>> = Vec::new();
        for file in &files {
            let added = match known {
                Some(known) => known.parse(&file.source).map(|parsed| set.add(&parsed)),
                None => parse(&file.source, &lookup_function).map(|parsed| set.add(&parsed)),
            };
            broken.extend(added.err());
        }
        if !broken.is_empty() {
            return Err(explain::parse_errors(top.name(), &broken));
        }
        Ok(CompiledChart { set: Rc::new(set), scopes, files, tera })
    }

    /// Executes every file that is no partial, and tells what of some maps that touches; those that fail, and why, by
    /// [`CompiledChart::entries`].
    pub(super) fn touched(&self, world: &mut World, maps: Touched) -> (Touched, Vec<(Str, usize, Error)>) {
        let mut failed = Vec::new();
        let mut executor = Executor::new(self.set.clone(), &lookup_function, &HelmMethods, world);
        executor.watch(maps);
        for file in self.files.iter().filter(|file| !base(&file.name).starts_with('_')) {
            let Some(scope) = self.scopes.get(file.scope) else { continue };
            scope.root.insert("Template", template_object(&file.name, scope.live.path()));
            let root = Value::Map(MapType::Values, scope.root.clone());
            if let Err(error) = executor.execute(file.name.as_bytes(), &root) {
                let layers = &Layers::default();
                let setting = Setting { set: &self.set, root: &scope.root, live: scope.live, layers };
                failed.push((file.name.as_str().into(), file.scope, explain::exec_error(&error, &setting)));
            }
        }
        (executor.touched(), failed)
    }

    /// All templates.
    pub(super) fn set(&self) -> &Set {
        &self.set
    }

    /// The names of the files that are executed, each with the place of its chart among those that are returned.
    pub(super) fn entries(&self) -> (Vec<(Str, usize)>, Vec<&'l Live<'c>>) {
        let files = self.files.iter().filter(|file| !base(&file.name).starts_with('_'));
        let entries = files.map(|file| (Str::from(file.name.as_str()), file.scope)).collect();
        (entries, self.scopes.iter().map(|scope| scope.live).collect())
    }

    /// Executes every file that is no partial, in Helm's order, and returns the texts in the order of their names.
    /// `layers` tell where values come from, should one be missing; `trace` keeps which action wrote what.
    ///
    /// # Errors
    /// The first failure.
    pub fn render(&self, world: &mut World, layers: &Layers, trace: bool) -> Result<Vec<Rendered>, Error> {
        let mut executor = Executor::new(self.set.clone(), &lookup_function, &HelmMethods, world);
        if trace {
            executor.trace();
        }
        let mut rendered = Vec::with_capacity(self.files.len());
        for file in &self.files {
            if base(&file.name).starts_with('_') {
                continue;
            }
            let Some(scope) = self.scopes.get(file.scope) else { continue };
            scope.root.insert("Template", template_object(&file.name, scope.live.path()));
            let root = Value::Map(MapType::Values, scope.root.clone());
            let text = match executor.execute(file.name.as_bytes(), &root) {
                Ok(text) => text,
                Err(error) => {
                    let setting = Setting { set: &self.set, root: &scope.root, live: scope.live, layers };
                    return Err(explain::exec_error(&error, &setting));
                }
            };
            let mut marks = executor.take_marks();
            if trace {
                shift(&mut marks, &text);
            }
            let written = text;
            let text = without_no_value(&written).map_or_else(|| Str::from(&*written), Str::from);
            executor.recycle(written);
            rendered.push(Rendered { name: file.name.clone(), text, marks, tera: false });
        }
        let charts: Vec<TeraChart> = if self.tera { tera::compile(&self.scopes, trace)? } else { Vec::new() };
        for chart in &charts {
            chart.render(&self.scopes, &self.set, world, &mut rendered)?;
        }
        rendered.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(rendered)
    }
}

/// Moves marks to where they are once `<no value>` is deleted from the text.
fn shift(marks: &mut [Mark], text: &[u8]) {
    const WORDS: &[u8] = b"<no value>";
    let mut deleted = memchr::memmem::find_iter(text, WORDS).peekable();
    let mut by = 0;
    for mark in marks {
        while deleted.next_if(|at| at + WORDS.len() <= mark.offset).is_some() {
            by += WORDS.len();
        }
        mark.offset -= by;
    }
}

/// A template's text under the name that it has in this render: aliases change it.
fn source(live: &Live<'_>, file: &File) -> Arc<Source> {
    let name = format!("{}/{}", live.path(), file.name);
    if file.source.name == name {
        return file.source.clone();
    }
    Arc::new(Source { name, path: file.source.path.clone(), text: file.source.text.clone(), origin: None })
}
