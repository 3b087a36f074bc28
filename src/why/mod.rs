//! Which value moved a field. Nothing is guessed: a value counts when rendering with another one in its place changes the field.
//!
//! Where both sides are rendered, the values that differ are put back, half of them at a time, until each field has its own. Where
//! only one side's values are known, each value that a layer gives is replaced by what it would be without that layer, and, where
//! that does not bring back the other side, values that could have made the field are changed: the likeliest first, those that
//! are as likely together, and then half of them at a time.
//!
//! Evidence has grades, and only the best is told: the other side's field is back; the value's text is on one side only; the
//! field moves. Values that do it only together are found by taking away from all of them what is not needed.

mod candidates;
mod search;
mod spot;

use crate::diff::{Change, Options, Side};
use crate::subject::{Flags, Rendering};
use crate::value::Str;
use candidates::{Candidate, differing, one_sided};
use search::{Found, Search, alike};
use spot::Spot;
use std::collections::BTreeMap;

/// The most values that are told for one field.
const MAX_TOLD: usize = 4;

/// What is told of a field that no value moves.
const UNEXPLAINED: &str = "no value explains it";

/// What is told of a field that differs even when all its values are put back.
const AND_MORE: &str = "and something that is no value";

/// What is known of both sides.
pub struct Known<'a> {
    /// The left side, if it is rendered.
    pub from: Option<&'a Rendering<'a>>,
    /// The right side, if it is rendered.
    pub to: Option<&'a Rendering<'a>>,
    /// What flags say of renders.
    pub flags: &'a Flags<'a>,
    /// What is compared.
    pub options: &'a Options,
    /// What came from encrypted layers, where it is veiled on both sides, and whether with digests.
    pub veiled: Option<(&'a [Str], bool)>,
}

/// Says of each changed field which values move it. Returns what else is to be said.
pub fn explain(changes: &mut [Change], from: &Side<'_>, to: &Side<'_>, known: &Known<'_>) -> Vec<String> {
    if changes.is_empty() {
        return Vec::new();
    }
    let (rendering, side, other) = match (known.from, known.to) {
        (_, Some(rendering)) => (rendering, to, from),
        (Some(rendering), None) => (rendering, from, to),
        (None, None) => return vec!["--why: neither side is rendered, so no values are known".to_owned()],
    };
    let homes = [from.namespace, to.namespace];
    let turned = known.to.is_some();
    let each = changes.iter().flat_map(|change| change.fields.iter().map(move |field| (change, field)));
    let spots: Vec<Spot> = each.map(|(change, field)| Spot::new(change, field, homes, turned)).collect();
    let (candidates, given) = match (known.from, known.to) {
        (Some(from), Some(to)) => {
            let candidates = differing(from, to, known.flags);
            let given = candidates.len();
            (candidates, given)
        }
        _ => one_sided(rendering, &spots, known.flags),
    };
    let mut search = Search {
        rendering,
        side,
        other,
        known,
        homes,
        spots: &spots,
        candidates: &candidates,
        by_chance: spots.iter().any(Spot::has_chance),
        tried: BTreeMap::new(),
        renders: 0,
        work: 0,
        alike: alike(&spots),
        exhausted: false,
        found: spots.iter().map(|_| Found::default()).collect(),
    };
    if known.from.is_some() && known.to.is_some() {
        search.both();
    } else {
        search.one(given);
    }
    let (found, exhausted) = (search.found, search.exhausted);
    let fields = changes.iter_mut().flat_map(|change| &mut change.fields);
    for (field, found) in fields.zip(&found) {
        field.why = told(found, &candidates);
    }
    if exhausted {
        return vec![format!("--why: {} values may be the reason, and not all could be tried", candidates.len())];
    }
    Vec::new()
}

/// Sentences for what was found.
fn told(found: &Found, candidates: &[Candidate]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for candidate in found.told.iter().filter_map(|i| candidates.get(*i)) {
        // Several changes may have been tried of one value.
        if !lines.contains(&candidate.told) {
            lines.push(candidate.told.clone());
        }
    }
    if lines.is_empty() {
        return vec![UNEXPLAINED.to_owned()];
    }
    if lines.len() > MAX_TOLD {
        let more = lines.len() - MAX_TOLD;
        lines.truncate(MAX_TOLD);
        lines.push(format!("… {more} more values"));
    }
    if found.and_more {
        lines.push(AND_MORE.to_owned());
    }
    lines
}
