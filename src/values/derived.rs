//! What templated layers make of what encrypted layers hide: texts that no encrypted layer holds, and that tell it all the same.

use super::secret::{SHORTEST, SOPS};
use super::templated::{Templated, reads_secret};
use crate::chart::Chart;
use crate::diagnostic::{Source, Span};
use crate::go::fmt::sprint;
use crate::text::Str;
use crate::value::Value;
use crate::yaml::{self, Data, Node, Offsets};
use std::sync::Arc;

/// Deeper than this nothing is looked at.
const DEEPEST: usize = 200;

/// The paths that are secret in the layers so far.
#[derive(Default)]
pub(super) struct Hiding {
    paths: Vec<Vec<String>>,
}

impl Hiding {
    /// Takes in an encrypted layer.
    pub(super) fn encrypted(&mut self, source: &Source) {
        for (node, _) in yaml::nodes(&source.text) {
            walk(&node, &mut Vec::new(), &mut |node, path| {
                let is_sops = path.first().is_some_and(|key| key == SOPS);
                if !is_sops && matches!(&node.data, Data::Str(text) if text.starts_with(b"ENC[")) {
                    self.paths.push(path.to_vec());
                }
            });
        }
    }

    /// Takes in a templated layer; the texts in it that follow from what is secret below it. `chart` tells whether values
    /// stand where layers say them.
    pub(super) fn templated(&mut self, file: &Templated, chart: &Chart) -> Vec<Str> {
        let precise = !imports(chart);
        let mut found = Vec::new();
        if !reads_secret(&file.source.text, &self.paths, precise) {
            return found;
        }
        let parts = file.secret_parts(&self.paths, precise);
        let mut paths = Vec::new();
        for (node, offsets) in yaml::nodes(&file.rendered.text) {
            walk(&node, &mut Vec::new(), &mut |node, path| {
                if leaf(node, &offsets, &file.rendered, &parts, &mut found) {
                    paths.push(path.to_vec());
                }
            });
        }
        self.paths.append(&mut paths);
        found
    }
}

/// Whether a leaf holds a part that is secret; adds the texts by which that would be told: the parts, or where it does not hold
/// them as they were written (it is quoted), the whole leaf.
fn leaf(node: &Node, offsets: &Offsets, rendered: &Arc<Source>, parts: &[Span], found: &mut Vec<Str>) -> bool {
    let span = offsets.real(node.span);
    let here: Vec<&Span> = parts.iter().filter(|part| part.start < span.end && part.end > span.start).collect();
    if here.is_empty() {
        return false;
    }
    // A number is seen by charts as Go's float, and printed as that.
    #[allow(clippy::cast_precision_loss)]
    let (text, number) = match &node.data {
        Data::Str(text) => (text.clone(), None),
        Data::Int(n) => (Str::from(n.to_string()), Some(*n as f64)),
        Data::Uint(n) => (Str::from(n.to_string()), Some(*n as f64)),
        Data::Float(n) => (Str::default(), Some(*n)),
        // True or false says too little to be looked for.
        _ => return true,
    };
    let printed = number.and_then(|n| sprint(&[Value::Float(n)]).ok());
    found.extend(printed.filter(|printed| printed.len() >= SHORTEST && *printed != text));
    let before = found.len();
    for part in here {
        let part = rendered.slice(*part).trim_ascii();
        if part.len() >= SHORTEST && memchr::memmem::find(&text, part).is_some() {
            found.push(Str::from(part));
        }
    }
    if found.len() == before && text.len() >= SHORTEST {
        found.push(text);
    }
    true
}

/// Visits the leaves.
fn walk(node: &Node, path: &mut Vec<String>, visit: &mut dyn FnMut(&Node, &[String])) {
    if path.len() > DEEPEST {
        return;
    }
    let mut below = |key: String, node: &Node, path: &mut Vec<String>| {
        path.push(key);
        walk(node, path, visit);
        path.pop();
    };
    match &node.data {
        Data::Map(entries) => {
            for (key, value) in entries {
                let name = key.as_key().map(|key| key.to_string()).unwrap_or_default();
                below(name.clone(), value, path);
                // A key can be made of a secret, too.
                below(name, key, path);
            }
        }
        Data::List(items) => items.iter().enumerate().for_each(|(i, item)| below(i.to_string(), item, path)),
        _ => visit(node, path),
    }
}

/// Whether a chart, or one below it, takes values from elsewhere.
fn imports(chart: &Chart) -> bool {
    let own = chart.metadata.dependencies.iter().flatten().any(|d| d.imports.iter().flatten().next().is_some());
    own || chart.dependencies.iter().any(imports)
}
