//! A value that a template wants and nobody set: how far its path exists, and what is near.

use super::expression::Chain;
use super::{Setting, below_values, chart_keys};
use crate::diagnostic::{Diagnostic, Hint, Location, Span, nearest};
use crate::value::Value;
use crate::values::Layer;
use crate::yaml::{Step, locate};

/// A value that is nil.
pub(super) struct Wanted {
    /// Which key of the chain is the first that is nil.
    pub(super) at: usize,
    /// Whether it is there and null, not missing.
    pub(super) null: bool,
    /// The keys below `.Values`, the nil one last.
    keys: Vec<String>,
    /// The keys beside the nil one.
    beside: Vec<String>,
}

/// Follows a chain through the values; `None` if it leads nowhere or to something that is there.
pub(super) fn wanted(chain: &Chain, setting: &Setting<'_>) -> Option<Wanted> {
    let first = below_values(chain)?;
    let mut value = setting.root.get("Values")?;
    let mut keys: Vec<String> = Vec::new();
    for (i, key) in chain.keys.iter().enumerate().skip(first + 1) {
        let Value::Map(_, map) = &value else { return None };
        keys.push(key.name.clone());
        let next = map.get(&key.name);
        match next {
            None | Some(Value::Nil) => {
                let beside = map.borrow().keys().filter_map(|key| key.utf8().map(str::to_owned)).collect();
                return Some(Wanted { at: i, null: next.is_some(), keys, beside });
            }
            Some(next) => value = next,
        }
    }
    None
}

/// The first key of a chain that is asked of something that is no map, and what that is.
pub(super) fn kind_of(chain: &Chain, setting: &Setting<'_>) -> Option<(usize, &'static str)> {
    let first = below_values(chain)?;
    let mut value = setting.root.get("Values")?;
    for (i, key) in chain.keys.iter().enumerate().skip(first + 1) {
        match &value {
            Value::Map(_, map) => value = map.get(&key.name)?,
            Value::Nil | Value::Object(_) => return None,
            other => return Some((i, other.in_words())),
        }
    }
    None
}

/// Where a layer has a path's key.
fn key_place(layer: &Layer, path: &[&str]) -> Option<Location> {
    let (source, path) = match layer {
        Layer::File { source } | Layer::Encrypted { source, .. } => (source, path),
        Layer::Template(file) => (&file.rendered, path),
        Layer::Chart { source, path: chart } => {
            if !chart.iter().map(String::as_str).eq(path.iter().copied().take(chart.len())) {
                return None;
            }
            (source, path.get(chart.len()..)?)
        }
        Layer::Set { .. } | Layer::Setting { .. } => return None,
    };
    let steps: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
    let span: Span = locate(&source.text, &steps)?.key;
    Some(match layer {
        Layer::Template(file) => file.place(span),
        _ => Location { source: source.clone(), span },
    })
}

impl Wanted {
    /// As a template writes it.
    pub(super) fn shown(&self) -> String {
        format!(".Values.{}", self.keys.join("."))
    }

    /// The names of the layers that could have set it, lowest priority first.
    pub(super) fn layers(&self, setting: &Setting<'_>) -> Vec<String> {
        let chart = chart_keys(setting.live);
        let mut names: Vec<String> = Vec::new();
        for layer in setting.layers.layers() {
            if let Layer::Chart { path, .. } = layer
                && !chart.starts_with(path)
            {
                continue;
            }
            if !names.iter().any(|name| name == layer.name()) {
                names.push(layer.name().to_owned());
            }
        }
        names
    }

    /// The path in the values of the top chart. What is global has one place for all charts.
    fn full_path(&self, setting: &Setting<'_>, keys: &[String]) -> Vec<String> {
        let mut path =
            if keys.first().is_some_and(|key| key == "global") { Vec::new() } else { chart_keys(setting.live) };
        path.extend_from_slice(keys);
        path
    }

    /// A key that looks like the one that is missing, where the highest layer sets it.
    pub(super) fn suggest(&self, diagnostic: &mut Diagnostic, setting: &Setting<'_>) {
        let Some((name, parents)) = self.keys.split_last() else { return };
        let Some(near) = nearest(name, self.beside.iter().map(String::as_str)) else { return };
        let mut keys = parents.to_vec();
        keys.push(near.to_owned());
        let path = self.full_path(setting, &keys);
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = setting.layers.layers().iter().rev().find_map(|layer| Some((layer, key_place(layer, &steps)?)));
        let path = path.join(".");
        diagnostic.hints.push(match found {
            Some((layer, at)) => {
                Hint { text: format!("{} sets `{path}`; is that the one?", layer.name()), at: Some(at) }
            }
            None => Hint { text: format!("`{path}` is set; is that the one?"), at: None },
        });
    }

    /// How to set it.
    pub(super) fn advise(&self, diagnostic: &mut Diagnostic, chain: &Chain, setting: &Setting<'_>) {
        let Some(first) = below_values(chain) else { return };
        let keys: Vec<String> = chain.keys.iter().skip(first + 1).map(|key| key.name.clone()).collect();
        let path = self.full_path(setting, &keys).join(".");
        diagnostic.hints.push(Hint { text: format!("pass `--set {path}=…` or set it in a values file"), at: None });
    }
}
