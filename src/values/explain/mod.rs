//! Where values come from: for each path every layer that spoke, in order.
//!
//! The rule of all of Helm's merges is one: who speaks last wins, maps merge, everything else is replaced, null deletes.
//! What differs is the order: imported values lie below everything of a chart, a subchart's defaults below what its
//! parents say of it, and of `global` the parents' values win over all that is said below a subchart's name.

mod judge;
mod path;
mod reading;
mod said;
mod speakers;
mod truth;

pub use path::{look_up, path_of, path_text};

use super::coalesce::GLOBAL;
use super::dependencies::Live;
use super::layers::Flag;
use super::secret::REDACTED;
use crate::diagnostic::{Location, nearest};
use crate::value::{Map, MapRef, Str, Value};
use judge::{Group, is_of, is_whole, judge, same, wins};
use path::escaped;
use said::{Below, Said, leaves};
use speakers::origin_of;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use truth::{Speaker, Truth, Words};

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

impl<'l, 'c> Explanation<'l, 'c> {
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
            if let Some(plain) = self.plain(voice) {
                voice.value = plain;
            }
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
        while turns.len() < MAX_TURNS && heard.len() == 1 && !self.is_by_items(&explained) {
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
                self.insert(&mut explained, voice);
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

    /// Adds a voice where its layer is: charts below the user, the user's layers in their order, and what charts above say
    /// of `global` over all that.
    fn insert(&self, explained: &mut Explained, voice: Voice) {
        let asked = &explained.path;
        let rank = |voice: &Voice| {
            let global = voice.path.iter().position(|key| key == GLOBAL).filter(|at| {
                let above = voice.path.get(..*at).unwrap_or_default();
                asked.starts_with(above) && asked.get(*at).is_some_and(|key| key != GLOBAL)
            });
            // The nearest chart's comes first.
            let level = global.map_or(0, |at| usize::MAX - at);
            (level, if voice.layer < self.user.len() { voice.layer + 1 } else { 0 })
        };
        let voices = &explained.voices;
        let at = voices.iter().position(|other| rank(other) > rank(&voice)).unwrap_or(voices.len());
        explained.voices.insert(at, voice);
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
        let is_map = matches!(explained.value, Some(Value::Map(..)));
        let alone = heard.len() == 1 && !is_map && !self.is_by_items(explained);
        // One layer can be heard by several of its words.
        let first = heard.first().map(|speaker| (speaker.layer, &speaker.path));
        let several = heard.iter().any(|speaker| Some((speaker.layer, &speaker.path)) != first);
        for speaker in heard {
            let find = |voices: &[Voice]| voices.iter().rposition(|voice| is_of(voice, speaker));
            if find(&explained.voices).is_none()
                && let Some(voice) = self.voice_of(speaker)
            {
                self.insert(explained, voice);
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

    /// Whether several layers make a list, some item by item: nulls are words there, too.
    fn is_by_items(&self, explained: &Explained) -> bool {
        let by_item = |voice: &&Voice| {
            let answer = self.said(voice.layer).and_then(|(_, said, keys)| said.ask(voice.path.get(keys.len()..)?));
            answer.is_some_and(|answer| answer.said.by_item)
        };
        let merges = || explained.voices.iter().filter(|voice| voice.effect == Effect::Merges);
        matches!(explained.value, Some(Value::List(..)))
            && merges().count() > 1
            && merges().any(|voice| by_item(&voice))
    }

    /// What a voice says, if that is a list of which single items are set.
    fn plain(&self, voice: &Voice) -> Option<Value> {
        if !matches!(voice.value, Value::Map(..)) {
            return None;
        }
        let (_, said, keys) = self.said(voice.layer)?;
        Some(said.ask(voice.path.get(keys.len()..)?)?.said.plain())
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
            value: answer.said.plain(),
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
        // What the user says of this very place is to be seen, be it that it does not count.
        let says = |said: &Said| said.ask(path).is_some_and(|answer| answer.depth == path.len());
        if self.user.iter().any(|(_, said)| says(said)) {
            return false;
        }
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
}

#[cfg(test)]
mod tests;
