//! What differs in a cluster though the chart did not change it: somebody else did.

use super::{Change, ChangeKind, Field, Options, Side, compare, same_quantity};
use crate::manifest::Object;
use std::collections::HashMap;

/// What is told of a field that drifted.
const DRIFT: &str = "drift: changed in the cluster, not by the chart";

/// Tells drift from what the chart changes. `changes` are between a cluster and what an upgrade would make of it; `recorded` is
/// what the last upgrade made, and what one wanted that failed after it (or nothing), `chart` what the next one makes. Returns what
/// is to be said of all of it.
pub fn drift(
    changes: &mut [Change],
    [recorded, attempted]: [&Side<'_>; 2],
    chart: &Side<'_>,
    release: &str,
) -> Option<String> {
    let options = Options {
        normalize: true,
        // Nothing of this is shown.
        show_secrets: true,
        no_renames: true,
        release: release.to_owned(),
        ..Options::default()
    };
    let own = compare(recorded, chart, &options);
    let was_tried = !(attempted.manifests.resources.is_empty() && attempted.manifests.hooks.is_empty());
    let tried = if was_tried { compare(attempted, chart, &options) } else { Vec::new() };
    let own: HashMap<Key<'_>, &Change> = own.iter().map(|change| (key(&change.object), change)).collect();
    let tried: HashMap<Key<'_>, &Change> = tried.iter().map(|change| (key(&change.object), change)).collect();
    let (mut objects, mut count) = (0, 0);
    for change in changes.iter_mut() {
        let renamed = change.kind == ChangeKind::Renamed;
        let (chart, tried) = (own.get(&key(&change.object)).copied(), tried.get(&key(&change.object)).copied());
        let mut any = false;
        for field in &mut change.fields {
            let drifted = !renamed
                && match chart {
                    None => true,
                    // An object that somebody deleted, whatever the chart makes of it now, is told by the empty path.
                    Some(chart) if chart.kind == ChangeKind::Changed => {
                        field.path.is_empty() || !chart.fields.iter().any(|other| overlap(&field.path, &other.path))
                    }
                    Some(_) => false,
                };
            // What was tried, and is there, is nobody else's work.
            let drifted = drifted
                && tried.is_none_or(|tried| {
                    tried.kind == ChangeKind::Changed && !tried.fields.iter().any(|other| left_by(field, other))
                });
            field.drift = Some(drifted);
            if drifted {
                field.why.insert(0, DRIFT.to_owned());
                count += 1;
                any = true;
            }
        }
        objects += usize::from(any);
    }
    let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    (count > 0).then(|| {
        let (differences, objects) = (plural(count, "difference"), plural(objects, "object"));
        format!("drift: {differences} in {objects} came of changes in the cluster, not of the chart's")
    })
}

/// Adds what hurts about objects, as others know it.
pub fn blame(changes: &mut [Change], risks: &[(Object, String)]) {
    for change in changes {
        for (_, risk) in risks.iter().filter(|(object, _)| key(object) == key(&change.object)) {
            change.risks.push(risk.clone());
            // Formats that have nothing but fields tell it at one of them.
            if let Some(told) = change.fields.iter_mut().find_map(|field| field.risk.as_mut()) {
                told.push_str("; ");
                told.push_str(risk);
            }
        }
    }
}

/// Whether the cluster has of a field what an upgrade that failed wanted there.
fn left_by(field: &Field, tried: &Field) -> bool {
    let same = || match (&field.from, &tried.from) {
        (Some(one), Some(two)) => one == two || same_quantity(one, two),
        (one, two) => one.is_none() && two.is_none(),
    };
    overlap(&field.path, &tried.path) && (field.path != tried.path || same())
}

type Key<'o> = (&'o str, &'o str, &'o str, &'o str);

fn key(object: &Object) -> Key<'_> {
    (&object.group, &object.kind, &object.namespace, &object.name)
}

/// Whether one path leads to the other, or both are the same.
fn overlap(one: &str, two: &str) -> bool {
    let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
    long.strip_prefix(short).is_some_and(|rest| short.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Kept;
    use crate::manifest;
    use crate::value::Str;

    #[test]
    fn told_apart() {
        let read = |text: &str| manifest::read(&Str::from(text), "x").unwrap();
        let map = |name: &str, data: &str| {
            format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {data}\n")
        };
        let sides = [
            map("a", "{x: '1', z: '1'}") + &map("gone", "{}"),
            map("a", "{x: '2', z: '1'}") + &map("gone", "{}") + &map("new", "{}"),
            map("a", "{x: '1', z: '9'}"),
            String::new(),
            map("a", "{x: '1', z: '9'}"),
        ]
        .map(|text| read(&text));
        let [recorded, chart, live, nothing, tried] =
            sides.each_ref().map(|manifests| Side { manifests, namespace: "n", secrets: Kept::Plain });
        let mut changes = compare(&live, &chart, &Options { no_renames: true, ..Options::default() });
        let mut again = changes.clone();
        let note = drift(&mut changes, [&recorded, &nothing], &chart, "r");
        let found: Vec<_> = changes
            .iter()
            .flat_map(|c| c.fields.iter().map(|f| (c.object.name.as_str(), f.path.as_str(), f.drift)))
            .collect();
        let want = [
            ("a", "data.x", Some(false)),
            ("a", "data.z", Some(true)),
            ("gone", "", Some(true)),
            ("new", "", Some(false)),
        ];
        assert_eq!(found, want);
        assert!(note.unwrap().starts_with("drift: 2 differences in 2 objects"));
        // What an upgrade did that failed is nobody else's work.
        assert_eq!(drift(&mut again, [&recorded, &tried], &chart, "r"), None);
    }

    #[test]
    fn paths_that_overlap() {
        assert!(overlap("data", "data.x") && overlap("a[b].c", "a[b]") && overlap("a", "a") && overlap("", "a"));
        assert!(!overlap("data.x", "data.xy") && !overlap("a", "b"));
    }
}
