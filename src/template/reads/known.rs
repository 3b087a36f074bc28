//! What a value could be, as far as a walk without values can tell.

use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a value could be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Atom {
    /// Nothing that matters.
    Other,
    /// A literal.
    Text(Str),
    /// A text that ends so.
    Ends(Str),
    /// A text that has this in it.
    Piece(Str),
    /// What stands at these keys of an object. Where all below a place is read already, it is no place any more.
    Place(usize, Vec<Str>),
    Dict(Rc<BTreeMap<Str, Known>>),
    /// A list whose items are known one by one.
    List(Rc<Vec<Known>>),
    /// A list, and what its items could be.
    Items(Rc<Known>),
    /// A whole number that is no less than zero.
    Number(usize),
}

/// All that a value could be.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Known(pub(super) BTreeSet<Atom>);

/// The key of what stands under keys that cannot be told, and of each item.
pub const ANY: &str = "*";

impl Known {
    pub(super) fn of(atom: Atom) -> Known {
        Known(BTreeSet::from([atom]))
    }

    pub(super) fn other() -> Known {
        Known::of(Atom::Other)
    }

    pub(super) fn text(text: &Str) -> Known {
        Known::of(Atom::Text(text.clone()))
    }

    pub(super) fn with(mut self, other: Known) -> Known {
        self.0.extend(other.0);
        self
    }

    pub(super) fn nested(&self) -> usize {
        let inner = |atom: &Atom| match atom {
            Atom::Dict(map) => 1 + map.values().map(Known::nested).max().unwrap_or_default(),
            Atom::List(items) => 1 + items.iter().map(Known::nested).max().unwrap_or_default(),
            Atom::Items(items) => 1 + items.nested(),
            _ => 0,
        };
        self.0.iter().map(inner).max().unwrap_or_default()
    }

    /// What its items could be, of a list that is made here.
    pub(super) fn items(items: Known) -> Known {
        Known::of(Atom::Items(Rc::new(items)))
    }

    /// The number that it surely is.
    pub(super) fn number(&self) -> Option<usize> {
        let mut atoms = self.0.iter();
        match (atoms.next(), atoms.next()) {
            (Some(Atom::Number(n)), None) => Some(*n),
            _ => None,
        }
    }

    /// The literals that it is one of; none if it could be anything else.
    pub(super) fn texts(&self) -> Option<Vec<Str>> {
        let text = |atom: &Atom| match atom {
            Atom::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.0.iter().map(text).collect()
    }
}

pub(super) fn all(args: &[Known]) -> Known {
    args.iter().cloned().fold(Known::default(), Known::with)
}

/// Whether keys lead to `.Values`, of the object or of a subchart's.
pub(super) fn is_values(path: &[Str]) -> bool {
    let mut path = path;
    while let [subcharts, _, rest @ ..] = path
        && subcharts == "Subcharts"
    {
        path = rest;
    }
    matches!(path, [values] if values == "Values")
}

/// Whether a whole object is in it, or what stands directly below one: to read that is to read all.
pub(super) fn holds_object(atom: &Atom) -> bool {
    let inside = |known: &Known| known.0.iter().any(holds_object);
    match atom {
        Atom::Place(_, path) => path.len() < 2,
        Atom::Dict(map) => map.values().any(inside),
        Atom::List(items) => items.iter().any(inside),
        Atom::Items(items) => inside(items),
        Atom::Other | Atom::Text(_) | Atom::Ends(_) | Atom::Piece(_) | Atom::Number(_) => false,
    }
}

/// Texts that a text made of them may hold, where they could name keys.
pub(super) fn pieces(args: &[Known]) -> Known {
    let pieces = args.iter().flat_map(|arg| &arg.0).filter_map(|atom| match atom {
        Atom::Text(text) | Atom::Piece(text) if memchr::memmem::find(text, b"Values").is_some() => {
            Some(Atom::Piece(text.clone()))
        }
        _ => None,
    });
    Known(pieces.collect())
}
