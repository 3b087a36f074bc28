//! Names that are said again and again: charts say `Values` a thousand times, and `.Values.a.enabled` a hundred times. A thread
//! makes each once and shares it.

use super::ast::{Names, Variable};
use crate::text::recent::Recent;
use crate::value::Str;
use foldhash::HashSet;
use std::cell::RefCell;
use std::sync::Arc;

/// Past so many names the shared ones are let go, lest they fill the memory.
const MAX_NAMES: usize = 20_000;

/// How many of a kind are at hand.
const RECENT: usize = 512;

thread_local! {
    static ALL: RefCell<HashSet<Str>> = RefCell::default();
    static RECENT_NAMES: RefCell<Recent<Str, RECENT>> = const { RefCell::new(Recent::new()) };
    static RECENT_CHAINS: RefCell<Recent<(Str, Names), RECENT>> = const { RefCell::new(Recent::new()) };
    static RECENT_VARIABLES: RefCell<Recent<(Str, Arc<Variable>), RECENT>> = const { RefCell::new(Recent::new()) };
}

/// A name's text, made once for each spelling.
pub(super) fn name(text: &[u8]) -> Str {
    let all = || {
        ALL.with_borrow_mut(|all| {
            if let Some(name) = all.get(text) {
                return Some(name.clone());
            }
            if all.len() >= MAX_NAMES {
                all.clear();
            }
            let name = Str::from(text);
            all.insert(name.clone());
            Some(name)
        })
    };
    RECENT_NAMES.with_borrow_mut(|recent| recent.find(text, all).cloned()).unwrap_or_default()
}

/// The names of `.a.b.c`.
pub(super) fn chain(text: &[u8]) -> Names {
    let make = || Some((Str::from(text), Arc::new(split(text).collect())));
    RECENT_CHAINS.with_borrow_mut(|recent| recent.find(text, make).map(|known| known.1.clone())).unwrap_or_default()
}

/// `$x.a.b`, with or without fields.
pub(super) fn variable(text: &[u8]) -> Arc<Variable> {
    let make = || {
        let end = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
        let (own, fields) = text.split_at_checked(end).unwrap_or((text, b""));
        let variable = Variable { name: name(own), fields: Arc::new(split(fields).collect()) };
        Some((Str::from(text), Arc::new(variable)))
    };
    RECENT_VARIABLES.with_borrow_mut(|recent| recent.find(text, make).map(|known| known.1.clone())).unwrap_or_default()
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
