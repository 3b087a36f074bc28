//! Reads all layers again, with places, and finds what is secret in them.

use super::said::{Said, settings};
use super::{Defaults, Explanation, Origin};
use crate::chart::read_values;
use crate::diagnostic::{Location, Source, Span};
use crate::tree::Tree;
use crate::value::{Map, MapRef, Value};
use crate::values::dependencies::Live;
use crate::values::layers::{Flag, Layer, Layers, tree_of};
use crate::values::secret::forms;
use crate::values::templated::reads_secret;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Shorter texts are no secrets: they stand everywhere.
const SHORTEST_SECRET: usize = 4;

impl<'l, 'c> Explanation<'l, 'c> {
    /// Reads all layers again, with places. `values` are what the chart sees, `layers` what the user said, `merged` what
    /// that makes together.
    pub fn new(root: &'l Live<'c>, values: &'l MapRef, layers: &Layers, merged: &MapRef, tree: &dyn Tree) -> Self {
        let mut charts = HashMap::new();
        let mut next = vec![root];
        // Whether values stand where layers say them: nothing is imported to elsewhere.
        let mut precise = true;
        while let Some(live) = next.pop() {
            precise &=
                live.metadata().dependencies.iter().flatten().all(|d| d.imports.iter().flatten().next().is_none());
            if let Some(source) = &live.chart().values_yaml {
                let merged = read_values(&source.text).unwrap_or_else(|_| MapRef::new(Map::new()));
                charts.insert(live.path().to_owned(), Defaults { documents: Said::file(source), merged, first: 0 });
            }
            next.extend(live.subcharts());
        }
        let mut user = Vec::new();
        // What a template prints of what lies below it is as secret as it was there.
        let secrets = hidden_texts(layers);
        // The paths that are secret in the layers so far: a template that reads them prints what follows from them.
        let mut secret: Vec<Vec<String>> = Vec::new();
        let mut secret_keys = HashSet::new();
        let mut written: Option<(*const Source, HashMap<u32, Said>)> = None;
        for layer in layers.layers() {
            match layer {
                Layer::Chart { .. } => {}
                Layer::File { source } => {
                    user.extend(Said::file(source).into_iter().map(|said| (Origin::File, said)));
                }
                Layer::Template(file) => {
                    let reads = reads_secret(&file.source.text, &secret, precise);
                    let mut said = Said::written(&file.rendered, &|span| reads && file.is_written(span));
                    for said in &mut said {
                        said.moved(&|span| file.place(span));
                        said.taint(&secrets);
                        said.secrets(&mut Vec::new(), &mut secret, &mut secret_keys);
                    }
                    user.extend(said.into_iter().map(|said| (Origin::File, said)));
                }
                Layer::Encrypted { source, values } => {
                    let said = Said::encrypted(source, &values.0);
                    said.iter().for_each(|said| said.leaves(&mut Vec::new(), &mut |path| secret.push(path.to_vec())));
                    user.extend(said.into_iter().map(|said| (Origin::Encrypted, said)));
                }
                Layer::Setting { argument, at } => {
                    let by_item = by_item(argument);
                    let mut said = Said::value(&tree_of(Flag::Json, argument, tree), at, by_item, 0);
                    let path = only_path(argument, tree);
                    said.say_null(&path);
                    // It merges with nothing that the user says.
                    said.mark_whole(&path);
                    if written.as_ref().is_none_or(|(source, _)| *source != Arc::as_ptr(&at.source)) {
                        written = Some((Arc::as_ptr(&at.source), settings(&at.source)));
                    }
                    if let Some(written) = written.as_ref().and_then(|(_, written)| written.get(&at.span.start)) {
                        said.place_below(&path, written);
                    }
                    user.push((Origin::Setting, said));
                }
                Layer::Set { flag, source } => {
                    let span = Span::new(0, source.text.len());
                    let at = Location { source: source.clone(), span };
                    let value = tree_of(*flag, &source.text, tree);
                    let mut said = Said::value(&value, &at, by_item(&source.text), 0);
                    if !source.text.contains(&b',') {
                        said.say_null(&only_path(&source.text, tree));
                    }
                    if *flag == Flag::Json && !source.text.trim_ascii_start().starts_with(b"{") {
                        said.mark_whole(&only_path(&source.text, tree));
                    }
                    user.push((Origin::Flag(*flag), said));
                }
            }
        }
        let mut next = user.len();
        for defaults in charts.values_mut() {
            defaults.first = next;
            next += defaults.documents.len();
        }
        let (merged, truth) = (merged.clone(), OnceCell::new());
        Explanation { root, values, charts, user, merged, truth, secret_keys, shows: false }
    }
}

/// The keys that a `KEY=JSON` sets, numbers of items among them.
fn only_path(argument: &[u8], tree: &dyn Tree) -> Vec<String> {
    let mut key = argument.split(|b| *b == b'=').next().unwrap_or_default().to_vec();
    key.extend_from_slice(b"=0");
    let mut path = Vec::new();
    let mut value = tree_of(Flag::Json, &key, tree);
    loop {
        let below = match &value {
            Value::Map(_, map) => map.entries().into_iter().next().map(|(key, below)| (key.to_string(), below)),
            Value::List(_, items) => items.last().map(|item| ((items.len() - 1).to_string(), item.clone())),
            _ => None,
        };
        let Some((key, below)) = below else { return path };
        path.push(key);
        value = below;
    }
}

/// The texts that encrypted layers hide, in all usual forms, as far as they are long enough to be told from others.
fn hidden_texts(layers: &Layers) -> Vec<Vec<u8>> {
    layers.secrets().iter().flat_map(|secret| forms(secret, SHORTEST_SECRET)).collect()
}

/// Whether an argument sets items of lists.
fn by_item(argument: &[u8]) -> bool {
    argument.split(|b| *b == b'=').next().is_some_and(|key| key.contains(&b'['))
}
