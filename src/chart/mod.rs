//! A chart as it lies in a tree.

mod decode;
mod ignore;
mod load;
mod metadata;
mod read;

pub use ignore::Rules;
pub use load::{Defaults, Loaded, files, load, locate};
pub use metadata::{Dependency, Import, Maintainer, Metadata};
pub use read::{place, read_values};

use crate::diagnostic::{Diagnostic, Error, Hint, Label, Location, Source};
use crate::go::slog::{Level, line};
use crate::value::Str;
use std::sync::Arc;

/// A chart with its subcharts: what is on disk. Holds no values, so threads can share it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Chart.yaml.
    pub metadata: Metadata,
    /// The text of Chart.yaml.
    pub chart_yaml: Arc<Source>,
    /// The text of values.yaml, if there is one.
    pub values_yaml: Option<Arc<Source>>,
    /// The text of values.schema.json, if there is one. Not looked at yet.
    pub schema: Option<Arc<Source>>,
    /// `templates/**`, in Helm's order.
    pub templates: Vec<File>,
    /// What `.Files` shows, `crds/` included, in Helm's order.
    pub files: Vec<File>,
    /// The subcharts in `charts/`, whether they will take part or not.
    pub dependencies: Vec<Chart>,
    /// The first part of its templates' names while nothing is aliased: `c`, `c/charts/s`.
    pub full_path: String,
    /// Where it lies, as the shell knows it: `charts/web`, `web-1.0.0.tgz`, `web/charts/common-2.31.4.tgz`.
    pub path: String,
}

/// A file of a chart.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name in the chart: `templates/a.yaml`.
    pub name: String,
    /// Its text. The source's name is Helm's while nothing is aliased: `c/charts/s/templates/a.yaml`.
    pub source: Arc<Source>,
}

impl File {
    /// Its bytes.
    pub fn data(&self) -> &Str {
        &self.source.text
    }
}

impl Chart {
    /// Its own name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The manifests in its `crds/` folder, in Helm's order; those of subcharts are theirs.
    pub fn crds(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| {
            let base = file.name.rsplit('/').next().unwrap_or_default();
            let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
            file.name.starts_with("crds/") && ["yaml", "yml", "json"].iter().any(|e| extension.eq_ignore_ascii_case(e))
        })
    }
}

/// Whether the chart can be rendered as a release of its own: no library, and nothing that Chart.yaml
/// lists is missing. Conditions and tags do not count here, versions neither.
///
/// # Errors
/// A library, or missing dependencies.
pub fn check_installable(chart: &Chart, log: &mut Vec<String>) -> Result<(), Error> {
    let metadata = &chart.metadata;
    if !matches!(metadata.kind.as_str(), "" | "application") {
        return Err(Diagnostic::new(
            format!("chart `{}` is a {} and cannot be rendered by itself", metadata.name, metadata.kind),
            format!("{} charts are not installable", metadata.kind),
        )
        .hint("make it a dependency of the chart that uses its templates")
        .into());
    }
    if metadata.deprecated {
        log.push(line(Level::Warn, "this chart is deprecated", &[]));
    }
    let missing: Vec<&Dependency> = metadata
        .dependencies
        .iter()
        .flatten()
        .filter(|wanted| !chart.dependencies.iter().any(|sub| sub.name() == wanted.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
    let found: Vec<String> =
        chart.dependencies.iter().map(|sub| format!("{} {}", sub.name(), sub.metadata.version)).collect();
    let mut diagnostics: Vec<Diagnostic> = missing
        .iter()
        .map(|wanted| {
            let range = if wanted.version.is_empty() { String::new() } else { format!(" {}", wanted.version) };
            let mut diagnostic = Diagnostic {
                message: format!(
                    "`{}`{range}, a dependency of chart `{}`, is not in {}/charts",
                    wanted.name, metadata.name, chart.path
                ),
                ..Diagnostic::default()
            };
            if let Some(source) = &wanted.source {
                let place = |span| Location { source: source.clone(), span };
                diagnostic.at = wanted.name_at.map(place);
                diagnostic.labels.extend(wanted.version_at.map(|span| Label { at: place(span), text: String::new() }));
            }
            diagnostic
        })
        .collect();
    if missing.len() > 1 {
        let message = format!("{} dependencies of chart `{}` are missing", missing.len(), metadata.name);
        diagnostics.push(Diagnostic { message, ..Diagnostic::default() });
    }
    // What holds for all of them stands with the last.
    if let Some(last) = diagnostics.last_mut() {
        last.helm = Some(format!(
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to \
             fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {names}"
        ));
        if !found.is_empty() {
            last.facts.push(format!("found there: {}", found.join(", ")));
        }
        last.hints.push(Hint { text: format!("run `helm dependency build {}`", chart.path), at: None });
    }
    Err(Error::all(diagnostics))
}
