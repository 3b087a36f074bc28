//! What flags and a project say of a comparison.

use super::super::args::{on, text, texts};
use super::super::pager;
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::diff::{Format, Layout, Options, Rule};
use crate::project::Project;
use crate::tree::Tree;
use clap::ArgMatches;
use std::sync::Arc;

/// How many lines stand around a change, if nobody says.
const CONTEXT: usize = 3;
/// What of two sides is compared, and how it is shown.
pub(in crate::cli) struct Comparison {
    pub(super) options: Options,
    pub(super) format: Format,
    pub(super) layout: Layout,
    pub(super) detailed: bool,
    /// Whether all environments are compared.
    pub(super) all: bool,
    pub(super) missing_ok: bool,
    /// Whether what is wrong with the left side is told and no failure: it is history.
    pub(super) settled: bool,
    pub(super) force: bool,
    pub(super) report: Option<String>,
    pub(super) why: bool,
    pub(super) pager: pager::Wish,
}

impl Comparison {
    pub(super) fn new(matches: &ArgMatches) -> Result<Self, Error> {
        let format = text(matches, "output").unwrap_or_else(|| "diff".to_owned());
        let format: Format = format.parse().map_err(Diagnostic::own)?;
        let mut ignore = Vec::new();
        for rule in texts(matches, "ignore") {
            let words = |words: String| Diagnostic::own(format!("--ignore {rule}: {words}"));
            ignore.push(Rule::parse(&rule).map_err(words)?);
        }
        let context = match matches.get_one::<i64>("context").copied() {
            None => Some(CONTEXT),
            Some(-1) => None,
            Some(lines) => Some(usize::try_from(lines).map_err(|_| {
                Diagnostic::own(format!("-C {lines}: there are no {lines} lines; -1 means whole objects"))
            })?),
        };
        let options = Options {
            normalize: on(matches, "normalize"),
            ignore,
            include_tests: on(matches, "include-tests"),
            include_crds: on(matches, "include-crds"),
            show_secrets: on(matches, "show-secrets"),
            ..Options::default()
        };
        let layout = Layout {
            context,
            colour: pager::colour(text(matches, "color").as_deref())?,
            width: pager::width(),
            ..Layout::default()
        };
        Ok(Comparison {
            options,
            format,
            layout,
            detailed: on(matches, "detailed-exitcode"),
            all: on(matches, "all"),
            missing_ok: on(matches, "missing-ok"),
            settled: false,
            force: on(matches, "force"),
            report: text(matches, "report-template"),
            why: on(matches, "why"),
            pager: pager::Wish { never: on(matches, "no-pager") },
        })
    }

    /// What a hook shows: the commit's changes, with nothing on the left side where there was nothing.
    pub(in crate::cli) fn for_hook(matches: &ArgMatches) -> Result<Self, Error> {
        let options = Options { include_crds: on(matches, "include-crds"), ..Options::default() };
        let layout = Layout {
            context: Some(CONTEXT),
            headings: true,
            colour: pager::colour(None)?,
            width: pager::width(),
            ..Layout::default()
        };
        Ok(Comparison {
            options,
            format: Format::Diff,
            layout,
            detailed: false,
            all: true,
            missing_ok: true,
            settled: true,
            force: false,
            report: None,
            why: false,
            pager: pager::Wish { never: true },
        })
    }

    /// Adds what the project says of comparisons.
    pub(super) fn with_project(mut self, project: &Project, tree: &dyn Tree) -> Result<Self, Error> {
        for ignore in &project.ignore {
            let keys: Vec<(&str, &str)> = ignore.keys.iter().map(|(key, text)| (*key, text.text.as_str())).collect();
            let at = crate::diagnostic::Location { source: project.source.clone(), span: ignore.span };
            self.options.ignore.push(Rule::new(&keys).map_err(|words| Diagnostic::own(words).at(at))?);
        }
        let format = match self.format {
            Format::Html => "html",
            Format::Markdown => "markdown",
            _ => {
                self.check_report()?;
                return Ok(self);
            }
        };
        let declared = project.reports.iter().find(|(name, _)| name == format);
        let path = self.report.clone().or_else(|| declared.map(|(_, path)| project.path(&path.text)));
        self.load(path.as_deref(), tree)?;
        Ok(self)
    }

    /// A template is for reports alone.
    pub(super) fn check_report(&self) -> Result<(), Error> {
        match &self.report {
            Some(_) => Err(Diagnostic::own("--report-template is for `-o markdown` and `-o html`").into()),
            None => Ok(()),
        }
    }

    /// Reads the template of a report.
    pub(super) fn load(&mut self, path: Option<&str>, tree: &dyn Tree) -> Result<(), Error> {
        let Some(path) = path else { return Ok(()) };
        let text = tree.read(path).map_err(|error| Diagnostic::own(format!("the report's template: {error}")))?;
        let source = Source { name: path.to_owned(), path: path.to_owned(), text, origin: None };
        self.layout.template = Some(Arc::new(source));
        Ok(())
    }
}
