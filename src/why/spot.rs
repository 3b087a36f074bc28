//! A field that differs, and what a comparison with another render says of it.

use crate::diff::{Change, ChangeKind, Field};
use crate::manifest::Object;
use crate::manifest::chance::CHANCE;
use crate::value::Str;

/// How a field's text shows another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// It does not.
    Not,
    /// In a longer word: `1.2` in `1.25`.
    Inside,
    /// As a word.
    Whole,
}

pub(super) fn shows(side: &Option<String>, text: &str) -> Shows {
    let Some(side) = side.as_ref().filter(|_| !text.is_empty()) else { return Shows::Not };
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let mut found = Shows::Not;
    for (at, _) in side.match_indices(text) {
        let before = side.get(..at).and_then(|before| before.chars().next_back());
        let after = side.get(at + text.len()..).and_then(|after| after.chars().next());
        if !goes_on(before) && !goes_on(after) {
            return Shows::Whole;
        }
        found = Shows::Inside;
    }
    found
}

/// A field that differs.
pub(super) struct Spot {
    /// What names its object, on either side if that differs.
    pub(super) names: Vec<String>,
    pub(super) path: String,
    /// Its text on the side that is rendered anew.
    pub(super) known: Option<String>,
    /// Its text on the other side.
    pub(super) other: Option<String>,
    /// Whether it comes or goes.
    pub(super) comes: bool,
    /// Of an item that comes or goes in a list without keys: the list's path. Its number says little.
    pub(super) list: Option<String>,
    pub(super) secret: bool,
}

impl Spot {
    pub(super) fn new(change: &Change, field: &Field, homes: [&str; 2], turned: bool) -> Spot {
        let objects = [Some(&change.object), change.from_object.as_ref()];
        let mut sides = if field.path.is_empty() {
            // An object that comes or goes is its text.
            let text = |side: &Option<Str>| side.as_ref().map(ToString::to_string);
            (text(&change.before), text(&change.after))
        } else {
            (field.from.as_ref().map(shown), field.to.as_ref().map(shown))
        };
        if turned {
            sides = (sides.1, sides.0);
        }
        let (known, other) = sides;
        let comes = known.is_none() != other.is_none();
        Spot {
            names: objects.into_iter().flatten().map(|object| name(object, homes)).collect(),
            path: field.path.clone(),
            list: list_of(&field.path).filter(|_| comes).map(str::to_owned),
            secret: change.object.kind == "Secret",
            known,
            other,
            comes,
        }
    }

    /// Whether chance has a part in what differs.
    pub(super) fn has_chance(&self) -> bool {
        [&self.known, &self.other].into_iter().flatten().any(|text| text.contains(CHANCE))
    }

    pub(super) fn is_news(&self, text: &str) -> bool {
        shows(&self.known, text) != shows(&self.other, text)
    }

    /// Whether a change may be one of this field.
    pub(super) fn is_touched(&self, change: &Change) -> bool {
        // Where the object comes or goes, all of it moves.
        !matches!(change.kind, ChangeKind::Changed)
            || change.fields.iter().any(|field| self.is_sibling(field) || touches(&field.path, &self.path))
            || (change.fields.is_empty() && self.path.is_empty())
    }

    /// Whether a field is of the same list without keys.
    pub(super) fn is_sibling(&self, field: &Field) -> bool {
        self.list.is_some() && list_of(&field.path) == self.list.as_deref()
    }

    /// Whether a change is what could have made this one: a field that came is explained by what makes it go.
    pub(super) fn is_moved(&self, change: &Change) -> bool {
        if !self.comes {
            // That the field vanishes does not say what made it another one.
            let stays =
                |field: &Field| field.from.is_some() || inside(&self.path, &field.path) && field.path != self.path;
            let moves = |field: &Field| touches(&field.path, &self.path) && stays(field);
            return change.kind == ChangeKind::Renamed
                || change.kind == ChangeKind::Changed && change.fields.iter().any(moves);
        }
        match change.kind {
            ChangeKind::Changed if self.list.is_some() => change.fields.iter().any(|field| {
                // Its number follows from the items before it; what it is does not.
                let (from, to) = (field.from.as_ref().map(shown), field.to.as_ref().map(shown));
                let same = self.is_sibling(field) && to == self.known && from == self.other;
                same || touches(&field.path, &self.path)
            }),
            ChangeKind::Added => self.known.is_none() && self.path.is_empty() || self.known.is_some(),
            ChangeKind::Removed => self.known.is_none() && self.path.is_empty(),
            ChangeKind::Renamed => true,
            ChangeKind::Changed => change.fields.iter().any(|field| {
                let switched = field.from.is_none() != field.to.is_none();
                inside(&field.path, &self.path) && (switched || field.path.len() < self.path.len())
            }),
        }
    }

    /// Whether the field is as on the other side, by what still differs from it in its object. `alike` counts the items that
    /// came or went in the same list.
    pub(super) fn is_back<'c>(&self, left: impl Iterator<Item = &'c Change>, alike: usize) -> bool {
        let mut siblings = 0;
        for change in left {
            if matches!(change.kind, ChangeKind::Added | ChangeKind::Removed) {
                return false;
            }
            // An object that is there again is back, whatever differs in it.
            if self.path.is_empty() {
                continue;
            }
            for field in &change.fields {
                let is_sibling = self.is_sibling(field)
                    && field.from.is_some() == self.known.is_some()
                    && field.to.is_some() == self.other.is_some();
                if is_sibling {
                    siblings += 1;
                    if field.from.as_ref().map(shown) == self.known && field.to.as_ref().map(shown) == self.other {
                        return false;
                    }
                } else if touches(&field.path, &self.path) {
                    return false;
                }
            }
        }
        siblings == 0 || siblings < alike
    }
}

/// A field's value, to look for texts in it.
pub(super) fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The list that an item without a key is in: `args` of `args[1]`.
pub(super) fn list_of(path: &str) -> Option<&str> {
    let (list, number) = path.strip_suffix(']')?.rsplit_once('[')?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(list)
}

/// What names an object. The release's own namespaces are one.
pub(super) fn name(object: &Object, homes: [&str; 2]) -> String {
    let namespace = if homes.contains(&object.namespace.as_str()) { "" } else { &object.namespace };
    [&object.group, &object.kind, namespace, &object.name].join("\0")
}

/// Whether a path is another one or lies in it.
pub(super) fn inside(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether a change of one path is one of another: the same, or one lies in the other.
pub(super) fn touches(moved: &str, path: &str) -> bool {
    inside(moved, path) || inside(path, moved)
}
#[cfg(test)]
mod tests {
    use super::{Shows, list_of, shows, touches};

    #[test]
    fn paths() {
        for (moved, path, expected) in [
            ("spec.replicas", "spec.replicas", true),
            ("spec", "spec.replicas", true),
            ("spec.a[0].b", "spec.a", true),
            ("spec.rep", "spec.replicas", false),
            ("", "spec", true),
            ("a.b", "a.c", false),
        ] {
            assert_eq!(touches(moved, path), expected, "{moved} {path}");
        }
    }

    #[test]
    fn words() {
        for (side, text, expected) in [
            ("nginx:1.25", "1.2", Shows::Inside),
            ("nginx:1.2", "1.2", Shows::Whole),
            ("nginx:1", "2", Shows::Not),
            ("é1 1", "1", Shows::Whole),
            ("a", "", Shows::Not),
        ] {
            assert_eq!(shows(&Some(side.to_owned()), text), expected, "{side} {text}");
        }
    }

    #[test]
    fn lists() {
        for (path, expected) in [("a.args[1]", Some("a.args")), ("a[web]", None), ("a", None), ("a[0].b", None)] {
            assert_eq!(list_of(path), expected, "{path}");
        }
    }
}
