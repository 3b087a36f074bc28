//! Where values come from: for each path every layer that spoke, in order.
//!
//! The rule of all of Helm's merges is one: who speaks last wins, maps merge, everything else is replaced, null deletes.
//! What differs is the order: imported values lie below everything of a chart, a subchart's defaults below what its
//! parents say of it, and of `global` the parents' values win over all that is said below a subchart's name.

mod said;
mod truth;

use super::coalesce::GLOBAL;
use super::dependencies::Live;
use super::layers::{Flag, Layer, Layers, tree_of};
use super::secret::{REDACTED, forms};
use super::templated::reads_secret;
use crate::chart::{Import, read_values};
use crate::diagnostic::{Location, Source, Span, nearest};
use crate::go::json;
use crate::tree::Tree;
use crate::value::{Map, MapRef, MapType, Str, Value};
use said::{Below, Said, leaves, settings};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use truth::{Speaker, Truth, Words};

/// Shorter texts are no secrets: they stand everywhere.
const SHORTEST_SECRET: usize = 4;
/// More layers of one path are not put into order by taking them away.
const MAX_TURNS: usize = 64;
/// Where there are more values, only the one that is asked for is put into order so.
const MAX_ORDERED: usize = 2_000;

/// What a chart's values are made of, ready to be asked.
pub struct Explanation<'l, 'c> {
    root: &'l Live<'c>,
    values: &'l MapRef,
    /// The documents of each chart's values.yaml and what they make together, by the chart's path.
    charts: HashMap<String, Defaults>,
    /// What the user says, lowest priority first.
    user: Vec<(Origin, Said)>,
    /// What that makes together.
    merged: MapRef,
    /// Whose word stands where; none if that could not be learned.
    truth: OnceCell<Option<Truth>>,
    /// The paths whose last key is secret, and whether that is shown all the same.
    secret_keys: HashSet<Vec<String>>,
    shows: bool,
}

/// A chart's values.yaml.
struct Defaults {
    documents: Vec<Said>,
    /// What they make together.
    merged: MapRef,
    /// The number of the first document among all layers; the user's have the first numbers.
    first: usize,
}

/// A path and all that was said of it.
#[derive(Debug)]
pub struct Explained {
    /// The keys; items of lists by their numbers.
    pub path: Vec<String>,
    /// As it is typed: `a.b[0].c`.
    pub shown: String,
    /// What came of it; none: it was deleted.
    pub value: Option<Value>,
    /// Who spoke, lowest priority first.
    pub voices: Vec<Voice>,
}

/// What one layer says of a path.
#[derive(Debug, Clone)]
pub struct Voice {
    /// What kind of layer it is.
    pub origin: Origin,
    /// Where.
    pub at: Location,
    /// The path there, from the top of all values: another one for globals and imported values.
    pub path: Vec<String>,
    /// That as it is typed.
    pub shown: String,
    /// What it says.
    pub value: Value,
    /// What became of it.
    pub effect: Effect,
    /// The layer's number.
    layer: usize,
    /// Whether it is about the path itself, not about what is above it.
    exact: bool,
    /// Whether it holds what an encrypted layer hides.
    pub secret: bool,
}

/// What kind of layer spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// values.yaml of the chart.
    Chart,
    /// values.yaml of a subchart: its path, `shop/charts/db`.
    Subchart(String),
    /// Imported from a subchart: its name.
    Import(String),
    /// A values file.
    File,
    /// A values file that is encrypted.
    Encrypted,
    /// A single value of the project.
    Setting,
    /// A flag.
    Flag(Flag),
}

/// What became of what a layer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is what the chart sees.
    Wins,
    /// It is a part of what the chart sees: maps merge.
    Merges,
    /// A later layer says something else.
    Overridden,
    /// A later layer has another list or map in its place, or no map where one was: nothing is left of it.
    Replaced,
    /// A later layer deleted it.
    Deleted,
    /// It deletes.
    Deletes,
}

impl Explained {
    /// Whether the value, or a part of it, came from an encrypted layer.
    pub fn is_secret(&self) -> bool {
        let counts = |voice: &&Voice| matches!(voice.effect, Effect::Wins | Effect::Merges);
        self.voices.iter().filter(counts).any(|voice| voice.secret)
    }
}

impl Voice {
    /// The layer's number: among the user's layers the later ones have the greater numbers.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// Whether it is about the path itself, not about what is above it.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether the user says it, no chart.
    pub fn is_users(&self) -> bool {
        matches!(self.origin, Origin::File | Origin::Encrypted | Origin::Setting | Origin::Flag(_))
    }
}

impl Effect {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Wins => "wins",
            Effect::Merges => "merges",
            Effect::Overridden => "overridden",
            Effect::Replaced => "replaced",
            Effect::Deleted => "deleted",
            Effect::Deletes => "deletes",
        }
    }
}

/// Reads `a.b[0].c`; `\.` is a dot in a key.
pub fn path_of(text: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if let (Some(last), Some(c)) = (path.last_mut(), chars.next()) {
                    last.push(c);
                }
            }
            '.' | '[' => {
                // `a[0].b` and `a[0][1]` have nothing between their marks.
                if path.last().is_some_and(|last| !last.is_empty()) {
                    path.push(String::new());
                }
            }
            ']' => {}
            c => {
                if let Some(last) = path.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    path.retain(|key| !key.is_empty());
    path
}

/// A path of keys as it is typed.
pub fn path_text(path: &[String]) -> String {
    path.iter().map(|key| escaped(key)).collect::<Vec<_>>().join(".")
}

fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for c in key.chars() {
        if matches!(c, '\\' | '.' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

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
                    mark(&mut said, argument, tree);
                    if written.as_ref().is_none_or(|(source, _)| *source != Arc::as_ptr(&at.source)) {
                        written = Some((Arc::as_ptr(&at.source), settings(&at.source)));
                    }
                    if let Some(written) = written.as_ref().and_then(|(_, written)| written.get(&at.span.start)) {
                        said.place_below(&only_path(argument, tree), written);
                    }
                    user.push((Origin::Setting, said));
                }
                Layer::Set { flag, source } => {
                    let span = Span::new(0, source.text.len());
                    let at = Location { source: source.clone(), span };
                    let value = tree_of(*flag, &source.text, tree);
                    let mut said = Said::value(&value, &at, by_item(&source.text), 0);
                    if *flag == Flag::Json && !source.text.trim_ascii_start().starts_with(b"{") {
                        mark(&mut said, &source.text, tree);
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

    /// Shows keys that are secret.
    #[must_use]
    pub fn showing(mut self, shows: bool) -> Self {
        self.shows = shows;
        self
    }

    /// A path without what is secret in it: a layer's template can make a key of a secret.
    pub fn masked(&self, path: &[String]) -> Vec<String> {
        let masked = path.iter().enumerate().map(|(i, key)| {
            let known = self.is_secret_key(path.get(..=i).unwrap_or_default());
            if known { REDACTED.to_owned() } else { key.clone() }
        });
        masked.collect()
    }

    fn is_secret_key(&self, path: &[String]) -> bool {
        if self.shows || self.secret_keys.is_empty() {
            return false;
        }
        // What is global is seen at more places than one.
        let global = path.iter().position(|key| key == GLOBAL).and_then(|at| path.get(at..));
        self.secret_keys.contains(path)
            || global.is_some_and(|global| self.secret_keys.iter().any(|secret| secret.ends_with(global)))
    }

    /// Who spoke of a path; none if nobody did. The winner is sure; for the order below it see [`Explanation::explain`].
    pub fn path(&self, path: &[String]) -> Option<Explained> {
        let mut explained = self.told(path)?;
        if let Some(truth) = self.truth() {
            self.correct(&mut explained, &truth.heard(path));
        }
        explained.shown = self.text(path);
        for voice in &mut explained.voices {
            voice.shown = if voice.path == path { explained.shown.clone() } else { self.text(&voice.path) };
        }
        Some(explained)
    }

    /// Who spoke of a path, in the order in which they would win if those above them were silent; none if nobody did.
    pub fn explain(&self, path: &[String]) -> Option<Explained> {
        let mut explained = self.path(path)?;
        let mut silent = Words::new();
        let mut turns: Vec<Speaker> = Vec::new();
        let mut heard = self.truth().map(|truth| truth.heard(path)).unwrap_or_default();
        while turns.len() < MAX_TURNS && heard.len() == 1 {
            let Some(speaker) = heard.pop_first() else { break };
            silent.insert((speaker.layer, speaker.word.clone()));
            turns.push(speaker);
            // Who is left alone needs no further turn.
            if explained.voices.len() == turns.len() {
                break;
            }
            let truth = self.build(&silent);
            heard = truth.as_ref().map(|truth| truth.heard(path)).unwrap_or_default();
            // A null that is seen is a word, too.
            let null = truth.is_some_and(|truth| truth.is_null(path));
            if let (true, Some(voice)) = (null, explained.voices.iter().rfind(|v| v.exact && v.value.is_nil())) {
                let path = voice.path.clone();
                turns.push(Speaker { layer: voice.layer, word: path.clone(), path });
                break;
            }
        }
        for speaker in &turns {
            if !explained.voices.iter().any(|voice| is_of(voice, speaker))
                && let Some(mut voice) = self.voice_of(speaker)
            {
                voice.effect = if is_whole(&voice.value) { Effect::Replaced } else { Effect::Overridden };
                voice.shown = self.text(&voice.path);
                self.insert(&mut explained.voices, voice);
            }
        }
        // The later somebody's turn comes, the lower is his place; who never has one is below them all. A null without one
        // stays where its layer is.
        let turn = |voice: &Voice| turns.iter().position(|speaker| is_of(voice, speaker));
        let (mut places, mut spoken) = (Vec::new(), Vec::new());
        for (i, voice) in explained.voices.iter().enumerate() {
            let turn = turn(voice);
            if turn.is_some() || !voice.value.is_nil() {
                places.push(i);
                spoken.push((turn.map_or(0, |turn| turns.len() - turn), voice.clone()));
            }
        }
        spoken.sort_by_key(|(rank, _)| *rank);
        for (i, (_, voice)) in places.into_iter().zip(spoken) {
            if let Some(place) = explained.voices.get_mut(i) {
                *place = voice;
            }
        }
        Some(explained)
    }

    /// Adds a voice where its layer is: charts below the user, the user's layers in their order.
    fn insert(&self, voices: &mut Vec<Voice>, voice: Voice) {
        let rank = |voice: &Voice| if voice.layer < self.user.len() { voice.layer + 1 } else { 0 };
        let at = voices.iter().position(|other| rank(other) > rank(&voice)).unwrap_or(voices.len());
        voices.insert(at, voice);
    }

    fn truth(&self) -> Option<&Truth> {
        self.truth.get_or_init(|| self.build(&Words::new())).as_ref()
    }

    fn build(&self, silent: &Words) -> Option<Truth> {
        let user = self.user.iter().enumerate().map(|(i, (_, said))| (i, said));
        let charts = |live: &Live<'_>| {
            let defaults = self.charts.get(live.path());
            defaults.into_iter().flat_map(|d| d.documents.iter().enumerate().map(|(i, s)| (d.first + i, s))).collect()
        };
        Truth::new(self.root, user, &charts, silent)
    }

    /// Puts right who won.
    fn correct(&self, explained: &mut Explained, heard: &BTreeSet<Speaker>) {
        // Nulls and what is empty bear no mark, and are known by what they are.
        if let (true, Some(value)) = (heard.is_empty(), &explained.value)
            && !explained
                .voices
                .iter()
                .any(|voice| voice.exact && voice.effect == Effect::Wins && same(&voice.value, value))
            && let Some(at) = explained.voices.iter().rposition(|voice| voice.exact && same(&voice.value, value))
        {
            wins(&mut explained.voices, at);
        }
        let alone = heard.len() == 1 && !matches!(explained.value, Some(Value::Map(..)));
        // One layer can be heard by several of its words.
        let first = heard.first().map(|speaker| (speaker.layer, &speaker.path));
        let several = heard.iter().any(|speaker| Some((speaker.layer, &speaker.path)) != first);
        for speaker in heard {
            let find = |voices: &[Voice]| voices.iter().rposition(|voice| is_of(voice, speaker));
            if find(&explained.voices).is_none()
                && let Some(voice) = self.voice_of(speaker)
            {
                self.insert(&mut explained.voices, voice);
            }
            let Some(at) = find(&explained.voices) else { continue };
            if alone {
                wins(&mut explained.voices, at);
            } else if let Some(voice) = explained.voices.get_mut(at)
                && (several || !matches!(voice.effect, Effect::Wins))
            {
                voice.effect = Effect::Merges;
            }
        }
    }

    /// What a layer says, by the layer's number.
    fn said(&self, layer: usize) -> Option<(Origin, &Said, Vec<String>)> {
        if let Some((origin, said)) = self.user.get(layer) {
            return Some((origin.clone(), said, Vec::new()));
        }
        let mut next = vec![(self.root, Vec::new())];
        while let Some((live, keys)) = next.pop() {
            let documents = self.charts.get(live.path());
            if let Some(said) = documents.and_then(|d| d.documents.get(layer.checked_sub(d.first)?)) {
                return Some((origin_of(live), said, keys));
            }
            for sub in live.subcharts() {
                let mut keys = keys.clone();
                keys.push(sub.name().to_owned());
                next.push((sub, keys));
            }
        }
        None
    }

    fn voice_of(&self, speaker: &Speaker) -> Option<Voice> {
        let (origin, said, keys) = self.said(speaker.layer)?;
        let answer = said.ask(speaker.path.get(keys.len()..)?)?;
        Some(Voice {
            secret: origin == Origin::Encrypted || answer.said.secret,
            origin,
            at: answer.said.at.clone(),
            path: speaker.path.clone(),
            shown: String::new(),
            value: answer.said.value.clone(),
            effect: Effect::Wins,
            layer: speaker.layer,
            exact: true,
        })
    }

    /// A path as it is typed: `a.b[0].c`.
    pub fn text(&self, path: &[String]) -> String {
        let mut out = String::new();
        for (i, key) in path.iter().enumerate() {
            let number = key.bytes().all(|b| b.is_ascii_digit());
            if number && self.is_list(path.get(..i).unwrap_or_default()) {
                out.push_str(&format!("[{key}]"));
                continue;
            }
            if i > 0 {
                out.push('.');
            }
            let secret = self.is_secret_key(path.get(..=i).unwrap_or_default());
            out.push_str(&if secret { REDACTED.to_owned() } else { escaped(key) });
        }
        out
    }

    fn is_list(&self, path: &[String]) -> bool {
        match look_up(self.values, path) {
            Some(Value::List(..)) => return true,
            Some(Value::Map(..)) => return false,
            _ => {}
        }
        let mut below = vec![(self.root, 0)];
        let mut all: Vec<(&Said, usize)> = self.user.iter().map(|(_, said)| (said, 0)).collect();
        while let Some((live, depth)) = below.pop() {
            let documents = self.charts.get(live.path()).into_iter().flat_map(|d| &d.documents);
            all.extend(documents.map(|said| (said, depth)));
            let named = |sub: &&Live<'_>| path.get(depth).is_some_and(|key| key == sub.name());
            below.extend(live.subcharts().iter().filter(named).map(|sub| (sub, depth + 1)));
        }
        all.iter().any(|(said, depth)| {
            let Some(rest) = path.get(*depth..) else { return false };
            let answer = said.ask(rest).filter(|answer| answer.depth == rest.len());
            answer.is_some_and(|answer| answer.said.by_item || matches!(answer.said.below, Below::Items(_)))
        })
    }

    /// Who spoke, by Helm's rules without their exceptions.
    fn told(&self, path: &[String]) -> Option<Explained> {
        let mut groups = Vec::new();
        for (said_at, above) in self.levels(path) {
            let mut here = Vec::new();
            self.chart_groups(self.root, 0, &said_at, &mut here);
            let user = self.user.iter().enumerate().map(|(i, (origin, said))| (i, origin.clone(), said));
            here.extend(Group::new(user, &said_at, &[], &self.merged));
            // What is said of a subchart's own `global` counts only at its place.
            here.iter_mut().for_each(|group| group.above(above));
            groups.append(&mut here);
        }
        let value = look_up(self.values, path);
        if value.is_none() && !groups.iter().flat_map(|group| &group.voices).any(|heard| heard.exact) {
            return None;
        }
        let voices = judge(groups, value.as_ref());
        Some(Explained { path: path.to_vec(), shown: String::new(), value, voices })
    }

    /// Every path that the chart sees, down to what is no map, and every path that was deleted; in the order of their
    /// keys. What subcharts see of their parents' `global` is left out: it is told there.
    pub fn all(&self) -> Vec<Explained> {
        let mut paths: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut add = |path: &[String]| {
            paths.insert(path.to_vec());
        };
        leaves(self.values, &mut Vec::new(), &mut add);
        for (_, said) in &self.user {
            said.leaves(&mut Vec::new(), &mut add);
        }
        let mut next = vec![(self.root, Vec::new())];
        while let Some((live, prefix)) = next.pop() {
            for said in self.charts.get(live.path()).into_iter().flat_map(|defaults| &defaults.documents) {
                said.leaves(&mut prefix.clone(), &mut add);
            }
            for sub in live.subcharts() {
                let mut prefix = prefix.clone();
                prefix.push(sub.name().to_owned());
                next.push((sub, prefix));
            }
        }
        let few = paths.len() <= MAX_ORDERED;
        let explained = paths.iter().filter(|path| !path.is_empty() && !self.is_echo(path)).filter_map(|path| {
            let explained = self.path(path)?;
            // Only where Helm's exceptions may have played.
            let last = explained.voices.last().is_none_or(|voice| voice.effect == Effect::Wins);
            let plain = last && !path.iter().any(|key| key == GLOBAL);
            if plain || !few || explained.voices.len() < 2 { Some(explained) } else { self.explain(path) }
        });
        // A map that others fill is told with what fills it.
        explained
            .filter(|e| !matches!(&e.value, Some(Value::Map(_, map)) if !map.is_empty()))
            .filter(|e| !e.voices.is_empty())
            .collect()
    }

    /// What the chart sees, with [`REDACTED`] in place of what came from encrypted layers.
    pub fn redacted(&self) -> MapRef {
        if !self.user.iter().any(|(origin, _)| *origin == Origin::Encrypted) {
            return self.values.clone();
        }
        self.redacted_below(self.values, &mut Vec::new())
    }

    fn redacted_below(&self, map: &MapRef, path: &mut Vec<String>) -> MapRef {
        let redacted = MapRef::new(Map::new());
        for (key, value) in map.entries() {
            path.push(key.to_string());
            let shown = match &value {
                Value::Map(kind, below) if !below.is_empty() && path.len() < said::DEEPEST => {
                    Value::Map(*kind, self.redacted_below(below, path))
                }
                _ if self.path(path).is_some_and(|explained| explained.is_secret()) => Value::str(REDACTED),
                _ => value,
            };
            let secret = self.is_secret_key(path);
            path.pop();
            redacted.insert(if secret { Str::from(REDACTED) } else { key }, shown);
        }
        redacted
    }

    /// Whether a path is told elsewhere: what subcharts see of their parents' `global`.
    pub fn is_echo(&self, path: &[String]) -> bool {
        let levels = self.levels(path);
        let Some((above, _)) = levels.get(1) else { return false };
        let (here, there) = (look_up(self.values, path), look_up(self.values, above));
        let Some(here) = here else {
            // It was deleted: here, if somebody speaks of this very place.
            let told = self.told(path);
            return !told.is_some_and(|told| told.voices.iter().any(|voice| voice.path == path));
        };
        match (self.truth(), there) {
            (Some(truth), Some(there)) => {
                let (ours, theirs) = (truth.heard(path), truth.heard(above));
                if ours.is_empty() { same(&here, &there) } else { ours == theirs }
            }
            (None, Some(there)) => same(&here, &there),
            (_, None) => false,
        }
    }

    /// The paths that the user's layers name, down to what is no map.
    pub fn given(&self) -> BTreeSet<Vec<String>> {
        let mut paths = BTreeSet::new();
        for (_, said) in &self.user {
            said.leaves(&mut Vec::new(), &mut |path| {
                paths.insert(path.to_vec());
            });
        }
        paths
    }

    /// The user's layers that name a path, lowest priority first, and where.
    pub fn givers(&self, path: &[String]) -> Vec<(Origin, Location)> {
        let answers = self.user.iter().filter_map(|(origin, said)| Some((origin, said.ask(path)?)));
        let exact = answers.filter(|(_, answer)| answer.depth == path.len());
        exact.map(|(origin, answer)| (origin.clone(), answer.said.at.clone())).collect()
    }

    /// The path of which something is known that looks most like an unknown one.
    pub fn nearest(&self, path: &[String]) -> Option<String> {
        let mut known = self.values.clone();
        for (i, key) in path.iter().enumerate() {
            match known.get(key) {
                Some(Value::Map(_, below)) => known = below,
                Some(_) => return None,
                None => {
                    let keys: Vec<String> = known.entries().iter().map(|(key, _)| key.to_string()).collect();
                    let near = nearest(key, keys.iter().map(String::as_str))?;
                    let mut whole = path.to_vec();
                    *whole.get_mut(i)? = near.to_owned();
                    if look_up(self.values, &whole).is_none() {
                        whole.truncate(i + 1);
                    }
                    return Some(path_text(&self.masked(&whole)));
                }
            }
        }
        None
    }

    /// Where a path's value is looked for, lowest priority first, with the number of keys that a place must go beyond.
    /// For `sub.global.x` that is first the path itself, then `global.x` of the charts above.
    fn levels(&self, path: &[String]) -> Vec<(Vec<String>, usize)> {
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
    fn chart_groups(&self, live: &Live<'_>, depth: usize, path: &[String], out: &mut Vec<Group>) {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
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

fn origin_of(live: &Live<'_>) -> Origin {
    if live.is_root() { Origin::Chart } else { Origin::Subchart(live.path().to_owned()) }
}

/// Makes one voice the winner.
fn wins(voices: &mut [Voice], at: usize) {
    replace(voices, Effect::Overridden);
    if let Some(winner) = voices.get_mut(at) {
        winner.effect = Effect::Wins;
    }
}

/// Whether a voice is a speaker's.
fn is_of(voice: &Voice, speaker: &Speaker) -> bool {
    voice.layer == speaker.layer && voice.path == speaker.path
}

/// The keys that a `KEY=JSON` sets.
fn only_path(argument: &[u8], tree: &dyn Tree) -> Vec<String> {
    let mut path = Vec::new();
    let mut value = key_tree(argument, tree);
    while let Value::Map(_, map) = value {
        let Some((key, below)) = map.entries().into_iter().next() else { break };
        path.push(key.to_string());
        value = below;
    }
    path
}

/// The tree that a `KEY=JSON` makes around its value.
fn key_tree(argument: &[u8], tree: &dyn Tree) -> Value {
    let mut key = argument.split(|b| *b == b'=').next().unwrap_or_default().to_vec();
    key.extend_from_slice(b"=0");
    tree_of(Flag::Json, &key, tree)
}

/// The texts that encrypted layers hide, in all usual forms, as far as they are long enough to be told from others.
fn hidden_texts(layers: &Layers) -> Vec<Vec<u8>> {
    layers.secrets().iter().flat_map(|secret| forms(secret, SHORTEST_SECRET)).collect()
}

/// Whether an argument sets items of lists.
fn by_item(argument: &[u8]) -> bool {
    argument.split(|b| *b == b'=').next().is_some_and(|key| key.contains(&b'['))
}

/// Marks the value of a `KEY=JSON`, which merges with nothing that the user says.
fn mark(said: &mut Said, argument: &[u8], tree: &dyn Tree) {
    said.mark_whole(key_tree(argument, tree));
}

/// Layers that are merged with each other before they meet what lies below them: the documents of one values.yaml, or
/// all that the user says.
struct Group {
    voices: Vec<Heard>,
    net: Net,
}

/// What a group says of a path in the end.
enum Net {
    /// Nothing: what lies below it stays.
    Nothing,
    /// Something above the path is no map; the number of keys that lead to it, and what that means for what lies below.
    Above(usize, Effect),
    /// This; and whether the way to it went through a list, so that nothing below merges with it.
    Value(Value, bool),
}

/// A voice, and how much of the path it is about.
struct Heard {
    voice: Voice,
    /// The number of keys.
    depth: usize,
    /// Whether it is about the path itself.
    exact: bool,
    whole: bool,
}

impl Group {
    /// What layers say of a path. `prefix` leads from the top to where the layers begin.
    fn new<'s>(
        layers: impl Iterator<Item = (usize, Origin, &'s Said)>,
        path: &[String],
        prefix: &[String],
        merged: &MapRef,
    ) -> Option<Group> {
        let voices: Vec<Heard> =
            layers.filter_map(|(layer, origin, said)| voice(layer, origin, said, path, prefix)).collect();
        if voices.is_empty() {
            return None;
        }
        let mut net = Net::Value(Value::Map(MapType::Any, merged.clone()), false);
        for (i, key) in path.iter().enumerate() {
            let Net::Value(value, whole) = &net else { break };
            let whole = *whole;
            let below = match value {
                Value::Map(_, map) => match map.get(key) {
                    Some(below) => Net::Value(below, whole),
                    None if whole => Net::Above(prefix.len() + i, Effect::Replaced),
                    None => Net::Nothing,
                },
                Value::List(_, items) => {
                    let item = key.parse::<usize>().ok().and_then(|i| items.get(i).cloned());
                    item.map_or(Net::Above(prefix.len() + i, Effect::Replaced), |item| Net::Value(item, true))
                }
                Value::Nil => Net::Above(prefix.len() + i, Effect::Deleted),
                _ => Net::Above(prefix.len() + i, Effect::Replaced),
            };
            net = below;
        }
        Some(Group { voices, net })
    }

    /// Forgets what is about less than so many keys.
    fn above(&mut self, least: usize) {
        if least == 0 {
            return;
        }
        self.voices.retain(|heard| heard.depth >= least);
        if let Net::Above(depth, _) = self.net
            && depth < least
        {
            self.net = Net::Nothing;
        }
    }
}

fn voice(layer: usize, origin: Origin, said: &Said, path: &[String], prefix: &[String]) -> Option<Heard> {
    let answer = said.ask(path)?;
    let is_map = matches!(answer.said.value, Value::Map(..));
    // A layer that is no map as a whole says nothing.
    if answer.depth == 0 && !path.is_empty() {
        return None;
    }
    let mut whole = prefix.to_vec();
    whole.extend_from_slice(path.get(..answer.depth).unwrap_or_default());
    let exact = answer.depth == path.len();
    if !exact && is_map && !answer.whole {
        return None;
    }
    let depth = whole.len();
    let at = answer.said.at.clone();
    let value = answer.said.value.clone();
    let secret = origin == Origin::Encrypted || answer.said.secret;
    let shown = String::new();
    let voice = Voice { origin, at, path: whole, shown, value, effect: Effect::Wins, layer, exact, secret };
    Some(Heard { voice, depth, exact, whole: answer.whole })
}

fn is_whole(value: &Value) -> bool {
    matches!(value, Value::Map(..) | Value::List(..))
}

/// What becomes of earlier voices when something comes in their place.
fn replace(earlier: &mut [Voice], by: Effect) {
    for voice in earlier.iter_mut().filter(|voice| matches!(voice.effect, Effect::Wins | Effect::Merges)) {
        voice.effect = if by == Effect::Overridden && is_whole(&voice.value) { Effect::Replaced } else { by };
    }
}

/// What becomes of earlier voices when a map comes over them: maps merge with it, and lists with maps of their items.
fn lay_over(earlier: &mut [Voice], over_list: bool) {
    for voice in earlier.iter_mut().filter(|voice| matches!(voice.effect, Effect::Wins | Effect::Merges)) {
        let merges = match voice.value {
            Value::Map(..) => true,
            Value::List(..) => over_list,
            _ => false,
        };
        voice.effect = if merges { Effect::Merges } else { Effect::Replaced };
    }
}

/// Where nulls meet defaults of defaults Helm's rule has exceptions: a chart's null does not delete what its subchart has
/// unless the user names the subchart. The value that the chart sees tells who won.
fn settle(voices: &mut [Voice], value: Option<&Value>) {
    if voices.iter().any(|voice| voice.effect == Effect::Merges) {
        return;
    }
    let Some(value) = value else {
        voices.iter_mut().filter(|voice| voice.effect == Effect::Wins).for_each(|v| v.effect = Effect::Deleted);
        return;
    };
    let is_it = |voice: &Voice| same(&voice.value, value);
    if voices.iter().any(|voice| voice.effect == Effect::Wins && is_it(voice)) {
        return;
    }
    if let Some(winner) = voices.iter().rposition(is_it) {
        for (i, voice) in voices.iter_mut().enumerate() {
            match voice.effect {
                _ if i == winner => voice.effect = Effect::Wins,
                Effect::Wins => voice.effect = Effect::Overridden,
                _ => {}
            }
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    let text = |value: &Value| {
        let mut out = Vec::new();
        json::write(&mut out, value, json::COMPACT).ok().map(|()| out)
    };
    text(a).is_some_and(|a| text(b).is_some_and(|b| a == b))
}

/// Decides what became of each voice.
fn judge(groups: Vec<Group>, value: Option<&Value>) -> Vec<Voice> {
    let over_list = matches!(value, Some(Value::List(..)));
    let mut voices: Vec<Voice> = Vec::new();
    for Group { voices: heard, net } in groups {
        // What the group means for all below it.
        match &net {
            Net::Nothing => {}
            Net::Above(_, effect) => replace(&mut voices, *effect),
            Net::Value(Value::Nil, _) => replace(&mut voices, Effect::Deleted),
            Net::Value(Value::Map(..), false) => lay_over(&mut voices, false),
            Net::Value(Value::List(..), false) if heard.iter().all(|h| matches!(h.voice.value, Value::Map(..))) => {
                lay_over(&mut voices, over_list);
            }
            Net::Value(..) => replace(&mut voices, Effect::Overridden),
        }
        // What its layers mean for each other.
        let mut own: Vec<Voice> = Vec::new();
        for Heard { mut voice, exact, whole, .. } in heard {
            if !exact || voice.value.is_nil() {
                replace(&mut own, if voice.value.is_nil() { Effect::Deleted } else { Effect::Replaced });
                voice.effect = Effect::Deletes;
            } else if matches!(voice.value, Value::Map(..)) {
                if whole {
                    replace(&mut own, Effect::Replaced);
                } else {
                    lay_over(&mut own, over_list);
                }
                voice.effect = Effect::Merges;
            } else {
                replace(&mut own, Effect::Overridden);
            }
            own.push(voice);
        }
        voices.append(&mut own);
    }
    // A null that the chart sees is a value.
    if matches!(value, Some(Value::Nil))
        && let Some(last) = voices.last_mut()
        && last.effect == Effect::Deletes
    {
        last.effect = Effect::Wins;
    }
    settle(&mut voices, value);
    // One layer's map alone is the whole value.
    if voices.iter().filter(|voice| voice.effect == Effect::Merges).count() == 1 {
        voices.iter_mut().filter(|v| v.effect == Effect::Merges).for_each(|v| v.effect = Effect::Wins);
    }
    voices
}

/// The value at a path.
pub fn look_up(values: &MapRef, path: &[String]) -> Option<Value> {
    let mut value = Value::Map(MapType::Any, values.clone());
    for key in path {
        value = match &value {
            Value::Map(_, map) => map.get(key)?,
            Value::List(_, items) => items.get(key.parse::<usize>().ok()?)?.clone(),
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests;
