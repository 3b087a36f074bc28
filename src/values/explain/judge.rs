//! Who is heard, as far as rules tell: what becomes of each voice when others speak after it.

use super::said::{Below, Said};
use super::truth::Speaker;
use super::{Effect, Origin, Voice};
use crate::go::json;
use crate::value::{MapRef, MapType, Value};

/// Layers that are merged with each other before they meet what lies below them: the documents of one values.yaml, or
/// all that the user says.
pub(super) struct Group {
    pub(super) voices: Vec<Heard>,
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
pub(super) struct Heard {
    pub(super) voice: Voice,
    /// The number of keys.
    depth: usize,
    /// Whether it is about the path itself.
    pub(super) exact: bool,
    whole: bool,
}

impl Heard {
    /// Takes it as one about what is above the path.
    fn be_above(&mut self) {
        (self.exact, self.voice.exact) = (false, false);
    }
}

/// The layer whose single items made a list so long that an item is null of which nobody says anything.
fn filler<'s>(layers: impl Iterator<Item = (usize, Origin, &'s Said)>, list: &[String], item: usize) -> Option<usize> {
    let (mut filler, mut length) = (None, 0);
    for (layer, _, said) in layers {
        let Some(answer) = said.ask(list) else { continue };
        match &answer.said.below {
            Below::Keys(keys) if answer.said.by_item && answer.depth == list.len() => {
                let end = keys.keys().filter_map(|key| key.parse::<usize>().ok()).max().map_or(0, |last| last + 1);
                if keys.contains_key(&item.to_string()) {
                    filler = None;
                } else if (length..end).contains(&item) {
                    filler = Some(layer);
                }
                length = length.max(end);
            }
            Below::Items(items) if answer.depth == list.len() => (filler, length) = (None, items.len()),
            _ => (filler, length) = (None, 0),
        }
    }
    filler
}

impl Group {
    /// What layers say of a path. `prefix` leads from the top to where the layers begin.
    pub(super) fn new<'s>(
        layers: impl Iterator<Item = (usize, Origin, &'s Said)> + Clone,
        path: &[String],
        prefix: &[String],
        merged: &MapRef,
    ) -> Option<Group> {
        let ask = |path: &[String]| -> Vec<Heard> {
            let layers = layers.clone();
            layers.filter_map(|(layer, origin, said)| voice(layer, origin, said, path, prefix)).collect()
        };
        let mut voices = ask(path);
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
                    let number = key.parse::<usize>().ok();
                    let list = path.get(..i).unwrap_or_default();
                    match number.and_then(|number| Some((number, items.get(number)?))) {
                        Some((number, Value::Nil)) if let Some(layer) = filler(layers.clone(), list, number) => {
                            let mut heard = ask(list);
                            heard.retain(|heard| heard.voice.layer == layer);
                            heard.iter_mut().for_each(Heard::be_above);
                            voices.retain(|heard| heard.voice.layer != layer);
                            voices.append(&mut heard);
                            voices.sort_by_key(|heard| heard.voice.layer);
                            Net::Above(prefix.len() + i, Effect::Replaced)
                        }
                        Some((_, item)) => Net::Value(item.clone(), true),
                        None => Net::Above(prefix.len() + i, Effect::Replaced),
                    }
                }
                Value::Nil => Net::Above(prefix.len() + i, Effect::Deleted),
                _ => Net::Above(prefix.len() + i, Effect::Replaced),
            };
            net = below;
        }
        // Nobody speaks of the path, but a list that is made item by item replaces the one that had it.
        if let (true, Net::Above(depth, _)) = (voices.is_empty(), &net) {
            voices =
                ask(path.get(..depth.saturating_sub(prefix.len())).unwrap_or_default()).pop().into_iter().collect();
            voices.iter_mut().for_each(Heard::be_above);
        }
        if voices.is_empty() {
            return None;
        }
        Some(Group { voices, net })
    }

    /// Forgets what is about less than so many keys.
    pub(super) fn above(&mut self, least: usize) {
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

pub(super) fn is_whole(value: &Value) -> bool {
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

pub(super) fn same(a: &Value, b: &Value) -> bool {
    let text = |value: &Value| {
        let mut out = Vec::new();
        json::write(&mut out, value, json::COMPACT).ok().map(|()| out)
    };
    text(a).is_some_and(|a| text(b).is_some_and(|b| a == b))
}

/// Decides what became of each voice.
pub(super) fn judge(groups: Vec<Group>, value: Option<&Value>) -> Vec<Voice> {
    let over_list = matches!(value, Some(Value::List(..)));
    let mut voices: Vec<Voice> = Vec::new();
    for Group { voices: heard, net } in groups {
        // What the group means for all below it.
        match &net {
            Net::Nothing => {}
            Net::Above(_, effect) => replace(&mut voices, *effect),
            Net::Value(Value::Nil, _) => replace(&mut voices, Effect::Deleted),
            Net::Value(Value::Map(..), false) => lay_over(&mut voices, false),
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

/// Makes one voice the winner.
pub(super) fn wins(voices: &mut [Voice], at: usize) {
    replace(voices, Effect::Overridden);
    if let Some(winner) = voices.get_mut(at) {
        winner.effect = Effect::Wins;
    }
}

/// Whether a voice is a speaker's.
pub(super) fn is_of(voice: &Voice, speaker: &Speaker) -> bool {
    voice.layer == speaker.layer && voice.path == speaker.path
}
