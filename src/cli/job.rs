//! Releases that are to be rendered, and what became of them.

use super::selection::Selection;
use crate::diagnostic::Error;
use crate::project::{Environment, Project, Release};
use crate::spread::{Each, in_order};
use crate::subject::{Flags, Rendered, installed};
use crate::tree::Tree;

/// A release of an environment, to be rendered.
pub(super) struct Job<'p> {
    pub(super) project: &'p Project,
    pub(super) environment: &'p Environment,
    pub(super) release: &'p Release,
}

/// What became of one.
pub(super) struct Done {
    pub(super) rendered: Rendered,
    pub(super) error: Option<Error>,
}

impl Done {
    /// What it takes, roughly, in bytes.
    fn size(&self) -> usize {
        self.rendered.size() + self.error.as_ref().map_or(0, Error::size)
    }
}

impl<'p> Job<'p> {
    /// All that is selected.
    pub(super) fn all(selection: &'p Selection) -> Vec<Self> {
        let project = &selection.project;
        let of = |(environment, releases, _): (&'p Environment, Vec<&'p Release>, bool)| {
            releases.into_iter().map(move |release| Job { project, environment, release })
        };
        selection.iter().flat_map(of).collect()
    }

    /// Renders several, those of a chart together; `take` gets what became of them in their order.
    pub(super) fn render_all(jobs: &[Self], from: &(dyn Tree + Sync), flags: &Flags<'_>, take: impl FnMut(Done)) {
        let each = Each(jobs.iter(), |job: &Self| &*job.release.chart.text);
        let render = |job: &Self| {
            let mut rendered = Rendered::default();
            let result = installed(from, job.project, job.environment, job.release, flags, &mut rendered);
            Done { rendered, error: result.err() }
        };
        in_order(flags.at_once, each, render, Done::size, take);
    }

    /// `staging/shop`, or the release alone where there is only one environment.
    pub(super) fn shown(&self, several: bool) -> String {
        let key = &self.release.key.text;
        if several { format!("{}/{key}", self.environment.name.text) } else { key.clone() }
    }
}
