//! Failures of several releases as one: what is wrong for many is told once.

use crate::diagnostic::{Diagnostic, Error};
use std::collections::HashMap;

/// More releases are not named below a failure that they share.
const SHOWN: usize = 3;

/// What begins the line that says whose failure it is.
const WHOSE: &str = "in release `";

/// Says whose failures these are.
pub(super) fn of_release(error: &mut Error, release: &str, environment: &str) {
    for diagnostic in error.diagnostics_mut() {
        diagnostic.facts.push(format!("{WHOSE}{release}` of environment `{environment}`"));
    }
}

/// All of them, in their order; what differs in nothing but the release stands where it came first.
pub(super) fn all(failures: &[Error]) -> Error {
    let mut told: Vec<(Diagnostic, Vec<String>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for diagnostic in failures.iter().flat_map(Error::diagnostics) {
        let mut diagnostic = diagnostic.clone();
        let whose: Vec<String> = diagnostic.facts.pop_if(|fact| fact.starts_with(WHOSE)).into_iter().collect();
        if whose.is_empty() {
            told.push((diagnostic, whose));
            continue;
        }
        let place = places.entry(same(&diagnostic)).or_insert(told.len());
        match told.get_mut(*place) {
            Some((_, releases)) => releases.extend(whose),
            None => told.push((diagnostic, whose)),
        }
    }
    let with_releases = |(mut diagnostic, releases): (Diagnostic, Vec<String>)| {
        // To leave out one takes as much room as to name it.
        let shown = if releases.len() > SHOWN + 1 { SHOWN } else { releases.len() };
        let more = releases.len() - shown;
        diagnostic.facts.extend(releases.into_iter().take(shown));
        if more > 0 {
            diagnostic.facts.push(format!("… and {more} more"));
        }
        diagnostic
    };
    Error::all(told.into_iter().map(with_releases).collect())
}

/// All that is told of a failure but whose it is.
fn same(diagnostic: &Diagnostic) -> String {
    let Diagnostic { message, at, facts, hints, helm, .. } = diagnostic;
    let at = at.as_ref().map(|at| (&at.source.path, at.span.start, at.span.end));
    let hints: Vec<&String> = hints.iter().map(|hint| &hint.text).collect();
    format!("{message:?} {at:?} {facts:?} {hints:?} {helm:?}")
}
