//! Templates that belong together: parsed once, rendered one by one.

use super::guard::{Guarded, guarded};
use super::{Context, File, Partials, Text, Variables, desk, error, functions, marks};
use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::world::World;
use ::tera::Tera;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Whether templates can be rendered at all.
pub const AVAILABLE: bool = true;

/// How many bytes a template may make.
pub(super) const MAX_TEXT: usize = 64 << 20;

/// The stack that a template gets: values may be nested.
const STACK: usize = 16 << 20;

/// A file as Tera has it.
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) source: Arc<Source>,
    pub(super) guarded: Guarded,
}

/// Templates that can include, import and extend each other.
pub struct Templates {
    tera: Tera,
    files: Vec<Prepared>,
    marked: bool,
}

fn engine(variables: Option<Variables>) -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    functions::register(&mut tera, variables);
    tera
}

impl Templates {
    /// Reads templates. For layers `variables` are the process's that they may read; templates of charts have none.
    /// `marked` ones tell what wrote which part of a text, at a price.
    ///
    /// # Errors
    /// All files that do not parse; if all do, all names in them that mean nothing.
    pub fn parse(files: &[File], variables: Option<Variables>, marked: bool) -> Result<Templates, Error> {
        let mut wrong = Vec::new();
        let mut prepared = Vec::with_capacity(files.len());
        for (number, file) in files.iter().enumerate() {
            match file.source.text.utf8() {
                Some(text) => prepared.push(Prepared {
                    name: file.name.clone(),
                    source: file.source.clone(),
                    guarded: guarded(text, marked.then_some(number)),
                }),
                None => {
                    let at = Location { source: file.source.clone(), span: Span::new(0, 0) };
                    wrong.push(Diagnostic::own(error::no_text(&file.name)).at(at));
                }
            }
        }
        let mut tera = engine(variables);
        let texts = prepared.iter().map(|file| (file.name.as_str(), file.guarded.text.as_str()));
        let added = caught(|| tera.add_raw_templates(texts));
        if let Err(error) = added {
            let single = |file: &Prepared| {
                // A file by itself: what it needs of others is missing, so only its syntax counts.
                let result = Tera::default().add_raw_template(&file.name, &file.guarded.text);
                result.err().filter(|error| matches!(error.kind(), ::tera::ErrorKind::SyntaxError(_)))
            };
            let syntax: Vec<::tera::Error> =
                caught(|| Ok(prepared.iter().filter_map(single).collect())).unwrap_or_default();
            if syntax.is_empty() {
                wrong.extend(error::parsing(&error, &prepared));
            }
            wrong.extend(syntax.iter().flat_map(|error| error::parsing(error, &prepared)));
        }
        if wrong.is_empty() { Ok(Templates { tera, files: prepared, marked }) } else { Err(Error::all(wrong)) }
    }

    /// Renders one by its name. `partials` are what a chart's templates reach; a layer has none.
    ///
    /// # Errors
    /// The first failure, at its place.
    pub fn render(
        &self,
        name: &str,
        context: &Context,
        partials: Option<Partials>,
        world: &mut World,
    ) -> Result<Text, Error> {
        let mut out = Limited(Vec::new());
        let run = || caught(|| self.tera.render_to(name, &context.variables, &mut out));
        let (result, nested) = desk::with(context, partials, world, run);
        if let Err(error) = result {
            return Err(error::rendering(&error, nested, name, &self.files));
        }
        if !self.marked {
            return Ok(Text { text: out.0.into(), marks: Vec::new() });
        }
        let sources: Vec<Arc<Source>> = self.files.iter().map(|file| file.source.clone()).collect();
        let (text, marks) = marks::taken(&String::from_utf8_lossy(&out.0), &sources);
        Ok(Text { text: text.into(), marks })
    }
}

/// Lets Tera work on a large stack; a panic in it is an error.
fn caught<T>(work: impl FnOnce() -> ::tera::TeraResult<T>) -> ::tera::TeraResult<T> {
    stacker::grow(STACK, || {
        std::panic::catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(::tera::Error::message("Tera cannot make anything of this template")))
    })
}

/// A text that ends somewhere.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
