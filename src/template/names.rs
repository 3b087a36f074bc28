//! Names that are said again and again: charts say `Values` a thousand times, and `.Values.a.enabled` a hundred times. A thread
//! makes each once and shares it.

use super::ast::{Names, Variable};
use crate::text::runs;
use crate::value::Str;
use foldhash::HashSet;
use std::cell::RefCell;
use std::sync::Arc;

/// Past so many names the shared ones are let go, lest they fill the memory.
const MAX_NAMES: usize = 20_000;

/// How many of a kind are at hand.
const RECENT: usize = 512;

/// What was said not long ago, each at the place that its letters give, which it loses to what is said next and belongs there.
struct Recent<T>(Vec<Option<(Str, T)>>);

impl<T: Clone> Recent<T> {
    const fn new() -> Self {
        Recent(Vec::new())
    }

    fn get(&mut self, text: &[u8], make: impl FnOnce(&[u8]) -> T) -> T {
        let place = place(text);
        if let Some(Some((said, value))) = self.0.get(place)
            && runs::same(said, text)
        {
            return value.clone();
        }
        let value = make(text);
        self.0.resize_with(RECENT, || None);
        if let Some(recent) = self.0.get_mut(place) {
            *recent = Some((Str::from(text), value.clone()));
        }
        value
    }
}

/// One of [`RECENT`] places, by the length and the last eight letters, in which names of one chart differ most.
pub(super) fn place(text: &[u8]) -> usize {
    let last = text
        .last_chunk::<8>()
        .map_or_else(|| text.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)), |last| u64::from_le_bytes(*last));
    let mixed = (last ^ (text.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 55) as usize % RECENT
}

thread_local! {
    static ALL: RefCell<HashSet<Str>> = RefCell::default();
    static RECENT_NAMES: RefCell<Recent<Str>> = const { RefCell::new(Recent::new()) };
    static RECENT_CHAINS: RefCell<Recent<Names>> = const { RefCell::new(Recent::new()) };
    static RECENT_VARIABLES: RefCell<Recent<Arc<Variable>>> = const { RefCell::new(Recent::new()) };
}

/// A name's text, made once for each spelling.
pub(super) fn name(text: &[u8]) -> Str {
    let all = |text: &[u8]| {
        ALL.with_borrow_mut(|all| {
            if let Some(name) = all.get(text) {
                return name.clone();
            }
            if all.len() >= MAX_NAMES {
                all.clear();
            }
            let name = Str::from(text);
            all.insert(name.clone());
            name
        })
    };
    RECENT_NAMES.with_borrow_mut(|recent| recent.get(text, all))
}

/// The names of `.a.b.c`.
pub(super) fn chain(text: &[u8]) -> Names {
    RECENT_CHAINS.with_borrow_mut(|recent| recent.get(text, |text| Arc::new(split(text).collect())))
}

/// `$x.a.b`, with or without fields.
pub(super) fn variable(text: &[u8]) -> Arc<Variable> {
    let make = |text: &[u8]| {
        let end = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
        let (own, fields) = text.split_at_checked(end).unwrap_or((text, b""));
        Arc::new(Variable { name: name(own), fields: Arc::new(split(fields).collect()) })
    };
    RECENT_VARIABLES.with_borrow_mut(|recent| recent.get(text, make))
}

fn split(text: &[u8]) -> impl Iterator<Item = Str> {
    text.split(|b| *b == b'.').skip(1).map(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains() {
        for (text, want) in [(".a", "a"), (".a.bc.d", "a bc d"), (".a.b.c.d.e.f", "a b c d e f")] {
            for _ in 0..2 {
                let names = chain(text.as_bytes());
                assert_eq!(names.iter().map(Str::to_string).collect::<Vec<_>>().join(" "), want);
            }
        }
        let (first, again) = (chain(b".Values.a"), chain(b".Values.a"));
        assert!(Arc::ptr_eq(&first, &again));
    }

    #[test]
    fn variables() {
        for (text, name, fields) in [("$", "$", ""), ("$x", "$x", ""), ("$.a", "$", "a"), ("$x.a.b", "$x", "a b")] {
            let found = variable(text.as_bytes());
            assert_eq!(found.name, name);
            assert_eq!(found.fields.iter().map(Str::to_string).collect::<Vec<_>>().join(" "), fields);
        }
    }

    #[test]
    fn places_are_left_to_the_next() {
        for round in 0..3 {
            for i in 0..2_000 {
                let text = format!("name-{i}");
                assert_eq!(name(text.as_bytes()), *text, "{round}");
            }
        }
    }
}
