//! Who speaks of a path below the user: the defaults of charts and subcharts, and what is imported.

use super::judge::Group;
use super::{Defaults, Explanation, Origin};
use crate::chart::Import;
use crate::stack::deeper;
use crate::values::coalesce::GLOBAL;
use crate::values::dependencies::{Live, lookup};

impl Explanation<'_, '_> {
    /// Where a path's value is looked for, lowest priority first, with the number of keys that a place must go beyond.
    /// For `sub.global.x` that is first the path itself, then `global.x` of the charts above.
    pub(super) fn levels(&self, path: &[String]) -> Vec<(Vec<String>, usize)> {
        let mut chain = vec![0];
        let mut live = self.root;
        for (i, key) in path.iter().enumerate() {
            if key == GLOBAL {
                let rest = path.get(i..).unwrap_or_default();
                let upper = chain.iter().rev().map(|depth| {
                    let mut whole = path.get(..*depth).unwrap_or_default().to_vec();
                    whole.extend_from_slice(rest);
                    let above = if *depth < i { depth + 1 } else { 0 };
                    (whole, above)
                });
                return upper.collect();
            }
            match live.subcharts().iter().find(|sub| sub.name() == key) {
                Some(sub) => live = sub,
                None => break,
            }
            chain.push(i + 1);
        }
        vec![(path.to_vec(), 0)]
    }

    /// What the defaults of a chart and its subcharts say of a path, lowest priority first. `depth` is the number of
    /// keys from the top to the chart.
    pub(super) fn chart_groups(&self, live: &Live<'_>, depth: usize, path: &[String], out: &mut Vec<Group>) {
        deeper(|| {
            self.imports(live, depth, path, out);
            if let Some(sub) = live.subcharts().iter().find(|sub| path.get(depth).is_some_and(|key| key == sub.name()))
            {
                self.chart_groups(sub, depth + 1, path, out);
            }
            out.extend(self.own_group(live, depth, path));
        });
    }

    fn own_group(&self, live: &Live<'_>, depth: usize, path: &[String]) -> Option<Group> {
        let (prefix, rest) = path.split_at(depth.min(path.len()));
        let Defaults { documents, merged, first } = self.charts.get(live.path())?;
        let layers = documents.iter().enumerate().map(|(i, said)| (first + i, origin_of(live), said));
        Group::new(layers, rest, prefix, merged)
    }

    /// What a chart imports from its subcharts: their defaults, under another path.
    fn imports(&self, live: &Live<'_>, depth: usize, path: &[String], out: &mut Vec<Group>) {
        let (prefix, inner) = path.split_at(depth.min(path.len()));
        for dependency in live.metadata().dependencies.iter().flatten() {
            let Some(sub) = live.subcharts().iter().find(|sub| sub.name() == dependency.name) else { continue };
            for import in dependency.imports.iter().flatten() {
                let Import::Table { child, parent } = import else { continue };
                // What is no map is not imported.
                if lookup(live.defaults(), &format!("{}.{child}", sub.name())).is_err() {
                    continue;
                }
                let to: Vec<&str> = if parent == "." { Vec::new() } else { parent.split('.').collect() };
                if !to.iter().zip(inner).all(|(a, b)| a == b) || inner.len() < to.len() {
                    continue;
                }
                let mut from = prefix.to_vec();
                from.push(sub.name().to_owned());
                from.extend(child.split('.').map(str::to_owned));
                let least = from.len();
                from.extend_from_slice(inner.get(to.len()..).unwrap_or_default());
                let mut found = Vec::new();
                self.chart_groups(sub, depth + 1, &from, &mut found);
                found.extend(self.own_group(live, depth, &from));
                for mut group in found {
                    // What lies above the imported table is not imported.
                    group.above(least);
                    for heard in &mut group.voices {
                        heard.voice.origin = Origin::Import(sub.name().to_owned());
                    }
                    out.push(group);
                }
            }
        }
    }
}

pub(super) fn origin_of(live: &Live<'_>) -> Origin {
    if live.is_root() { Origin::Chart } else { Origin::Subchart(live.path().to_owned()) }
}
