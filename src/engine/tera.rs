//! Tera templates: a chart's `tera/`, beside `templates/`. Helm knows nothing of them.
//!
//! They run after all Go templates, so they see what those `set`, and the charts' Go partials through `include`.

use super::Rendered;
use super::methods::HelmMethods;
use super::scope::{Scope, template_object};
use crate::chart::File as ChartFile;
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::template::Set;
use crate::tera::{AVAILABLE, Context, File, Partials, Templates};
use crate::value::{MapType, Value};
use crate::values::Live;
use crate::world::World;
use std::rc::Rc;
use std::sync::Arc;

/// The folder.
const FOLDER: &str = "tera/";

/// The objects that templates see, beside `Template`.
const OBJECTS: [&str; 6] = ["Capabilities", "Chart", "Files", "Release", "Subcharts", "Values"];

/// The Tera templates of one chart.
pub(super) struct TeraChart {
    scope: usize,
    files: Vec<File>,
    templates: Templates,
}

fn is_partial(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
}

fn files<'c>(live: &Live<'c>) -> impl Iterator<Item = (&'c str, &'c ChartFile)> {
    live.chart().files.iter().filter_map(|file| Some((file.name.strip_prefix(FOLDER)?, file)))
}

/// The templates of a chart and the partials of the libraries that it depends on, each under the library's name.
fn collect(live: &Live<'_>) -> Vec<File> {
    let mut found: Vec<File> = Vec::new();
    for (name, file) in files(live) {
        let source = Source {
            name: format!("{}/{}", live.path(), file.name),
            path: file.source.path.clone(),
            text: file.source.text.clone(),
            origin: None,
        };
        found.push(File { name: name.to_owned(), source: Arc::new(source) });
    }
    if found.iter().any(|file| !is_partial(&file.name)) {
        for library in live.subcharts().iter().filter(|sub| sub.is_library()) {
            for (name, file) in files(library).filter(|(name, _)| is_partial(name)) {
                found.push(File { name: format!("{}/{name}", library.name()), source: file.source.clone() });
            }
        }
    }
    found
}

/// Reads the Tera templates of all charts that have some.
///
/// # Errors
/// Every chart's that cannot be parsed.
pub(super) fn compile(scopes: &[Scope<'_, '_>], marked: bool) -> Result<Vec<TeraChart>, Error> {
    let mut charts = Vec::new();
    if !AVAILABLE {
        return Ok(charts);
    }
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for (scope, Scope { live, .. }) in scopes.iter().enumerate() {
        if live.is_library() || files(live).next().is_none() {
            continue;
        }
        let files = collect(live);
        match Templates::parse(&files, None, marked) {
            Ok(templates) => charts.push(TeraChart { scope, files, templates }),
            Err(error) => wrong.extend(error.diagnostics().iter().cloned()),
        }
    }
    if wrong.is_empty() { Ok(charts) } else { Err(Error::all(wrong)) }
}

impl TeraChart {
    /// Renders every file that is no partial.
    pub(super) fn render(
        &self,
        scopes: &[Scope<'_, '_>],
        set: &Rc<Set>,
        world: &mut World,
        out: &mut Vec<Rendered>,
    ) -> Result<(), Error> {
        let Some(Scope { live, root }) = scopes.get(self.scope) else { return Ok(()) };
        let wrong = |name: &str, words: String| Diagnostic::own(format!("`{name}` cannot be shown to Tera: {words}"));
        let mut context = Context::default();
        for name in OBJECTS {
            context.insert(name, &root.get(name).unwrap_or_default()).map_err(|words| wrong(name, words))?;
        }
        for file in self.files.iter().filter(|file| !is_partial(&file.name)) {
            let object = template_object(&file.source.name, live.path());
            context.insert("Template", &object).map_err(|words| wrong("Template", words))?;
            root.insert("Template", object);
            let partials =
                Partials { set: set.clone(), methods: &HelmMethods, root: Value::Map(MapType::Values, root.clone()) };
            let text = self.templates.render(&file.name, &context, Some(partials), world)?;
            out.push(Rendered { name: file.source.name.clone(), text: text.text, marks: text.marks, tera: true });
        }
        Ok(())
    }
}
