//! Values of Secrets are compared, and not shown.
//!
//! Each is replaced in the object's text before anything else looks at it. Until the end it is quoted (`"REDACTED # (8 bytes)"`),
//! so that fields tell the size too; [`shown`] takes the quotes away.

use super::{Kept, Options};
use crate::manifest::Object;
use crate::manifest::chance::CHANCE;
use crate::manifest::secret::{self, Block, Found, OMITTED, Value, Values, digest, is_digest};
use crate::value::Str;
use std::collections::HashMap;

/// A side's text with what is needed to read it.
pub(super) struct Text<'t> {
    pub(super) text: &'t Str,
    pub(super) namespace: &'t str,
    /// Its kind, which an item of a List may leave unsaid.
    pub(super) kind: &'t str,
    pub(super) kept: Kept,
}

/// What is known of a value.
#[derive(Clone, Copy)]
enum Known<'v> {
    Plain(&'v [u8]),
    Digest(&'v [u8]),
    Nothing,
}

fn known(value: &Value, kept: Kept) -> Known<'_> {
    match kept {
        Kept::Digest if is_digest(&value.written) => Known::Digest(&value.written),
        Kept::Omitted if value.written == *OMITTED => Known::Nothing,
        Kept::Plain | Kept::Digest | Kept::Omitted => Known::Plain(&value.plain),
    }
}

/// Whether an object may hold values of Secrets.
pub(super) fn may_be(kind: &str, text: &[u8]) -> bool {
    kind == "Secret" || kind.ends_with("List") || kind.is_empty() && memchr::memmem::find(text, b"Secret").is_some()
}

/// Both texts with their values hidden; a side that is not there stays so.
pub(super) fn hidden(from: Option<&Text<'_>>, to: Option<&Text<'_>>, options: &Options) -> (Option<Str>, Option<Str>) {
    let (show, marked) = (options.show_secrets, options.marked);
    let found = |side: Option<&Text<'_>>| side.and_then(|side| secret::find(side.text, side.namespace, side.kind));
    let (left, right) = (found(from), found(to));
    let one =
        |side: Option<&Text<'_>>, own: &Option<Found>, other: Option<&Text<'_>>, others: &Option<Found>, sign: &str| {
            let side = side?;
            Some(match own {
                None => side.text.clone(),
                Some(Found::Unreadable) if show => side.text.clone(),
                Some(Found::Unreadable) => {
                    let equal = other.is_some_and(|other| other.text == side.text);
                    let mark = if equal { "REDACTED" } else { sign };
                    Str::from(format!("{mark} # ({} bytes) that cannot be read as a Secret", side.text.len()))
                }
                Some(Found::Values(values)) => {
                    let others = match others {
                        Some(Found::Values(values)) => Others::new(values, options.normalize),
                        Some(Found::Unreadable) | None => Others::default(),
                    };
                    let other_kept = other.map_or(Kept::Plain, |other| other.kept);
                    let words = |value: &Value| {
                        let other = others.partner(value);
                        if show {
                            told(value, side.kept, other, other_kept, marked)
                        } else {
                            redacted(value, side.kept, other, other_kept, sign, marked)
                        }
                    };
                    // Nothing to hide, nothing to rewrite.
                    if show && values.list.iter().all(|value| words(value).is_none()) {
                        return Some(side.text.clone());
                    }
                    Str::from(values.replace(side.text, !show, words))
                }
            })
        };
    (one(from, &left, to, &right, MINUS), one(to, &right, from, &left, PLUS))
}

const MINUS: &str = "--------";
const PLUS: &str = "++++++++";

/// Stands for two digests of two objects: nobody can tell whether the values are the same.
const FOREIGN: &str = "REDACTED # (saved for another object, cannot be compared)";

/// The other side's values, by what they belong to.
#[derive(Default)]
struct Others<'v> {
    /// By their places.
    placed: HashMap<(Block, &'v str), &'v Value>,
    /// What the cluster would have: of `data` and `stringData` the latter counts.
    counting: HashMap<&'v str, &'v Value>,
}

impl<'v> Others<'v> {
    /// Where meaning is compared, only what counts is looked at.
    fn new(values: &'v Values, normalize: bool) -> Self {
        let mut others = Others::default();
        for value in &values.list {
            if !normalize {
                others.placed.insert((value.block, &value.key), value);
            }
            let counting = others.counting.entry(&value.key).or_insert(value);
            if value.block == Block::Texts {
                *counting = value;
            }
        }
        others
    }

    /// What a value is compared with: what stands at its place, or else what has its key.
    fn partner(&self, value: &Value) -> Option<&'v Value> {
        self.placed.get(&(value.block, value.key.as_str())).or_else(|| self.counting.get(value.key.as_str())).copied()
    }
}

/// What is known of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    Other,
    /// One of them was not stored, or both are digests, which cover the object, of two objects.
    Unknown,
}

/// Whether two values are the same, as far as that can be told.
pub(super) fn relation(one: &Value, kept: Kept, two: &Value, other_kept: Kept) -> Relation {
    let of = |same: bool| if same { Relation::Same } else { Relation::Other };
    let names = |value: &Value| {
        let Object { group, kind, namespace, name, .. } = value.object.clone();
        (group, kind, namespace, name, value.key.clone())
    };
    match (known(one, kept), known(two, other_kept)) {
        (Known::Nothing, _) | (_, Known::Nothing) => Relation::Unknown,
        (Known::Digest(a), Known::Digest(b)) if a != b && names(one) != names(two) => Relation::Unknown,
        (Known::Plain(a), Known::Plain(b)) | (Known::Digest(a), Known::Digest(b)) => of(a == b),
        (Known::Digest(d), Known::Plain(p)) => of(digest(&one.object, &one.key, p).as_bytes() == d),
        (Known::Plain(p), Known::Digest(d)) => of(digest(&two.object, &two.key, p).as_bytes() == d),
    }
}

fn length(value: &Value, kept: Kept) -> Option<usize> {
    match known(value, kept) {
        Known::Plain(bytes) => Some(bytes.len()),
        Known::Digest(_) | Known::Nothing => None,
    }
}

/// What stands for a value. A length that nobody saved cannot be told, so `REDACTED # (saved)` stands against a value that is
/// known; two digests that differ are told by their marks.
fn redacted(
    value: &Value,
    kept: Kept,
    other: Option<&Value>,
    other_kept: Kept,
    sign: &str,
    marked: bool,
) -> Option<String> {
    if value.written == *CHANCE || !marked && other.is_some_and(|other| other.written == *CHANCE) {
        return Some(CHANCE.to_owned());
    }
    let size = |n: Option<usize>| n.map_or("saved".to_owned(), |n| format!("{n} bytes"));
    let own = length(value, kept);
    Some(match other {
        Some(other) if relation(value, kept, other, other_kept) != Relation::Other => {
            match (known(value, kept), known(other, other_kept)) {
                (Known::Digest(one), Known::Digest(two)) if one != two => FOREIGN.to_owned(),
                _ => format!("REDACTED # ({})", size(own.or_else(|| length(other, other_kept)))),
            }
        }
        Some(other) if own.is_none() && length(other, other_kept).is_some() => "REDACTED # (saved)".to_owned(),
        _ => format!("{sign} # ({})", size(own)),
    })
}

/// What is shown of a value where Secrets are shown; none for the value itself.
fn told(value: &Value, kept: Kept, other: Option<&Value>, other_kept: Kept, marked: bool) -> Option<String> {
    if value.written == *CHANCE || !marked && other.is_some_and(|other| other.written == *CHANCE) {
        return Some(CHANCE.to_owned());
    }
    let alike = |other: &Value| relation(value, kept, other, other_kept) != Relation::Other;
    let others = other.map(|other| known(other, other_kept));
    match (known(value, kept), others, other) {
        // Where one side's digest shows that both have the same value, both are written the same way.
        (Known::Plain(_), Some(Known::Digest(_) | Known::Nothing), Some(other)) if alike(other) => {
            Some(value.written.lossy().into_owned())
        }
        (Known::Plain(_), ..) => None,
        (_, Some(Known::Plain(_)), Some(other)) if alike(other) => Some(other.written.lossy().into_owned()),
        (Known::Nothing, ..) | (_, Some(Known::Nothing), _) => {
            Some("REDACTED # (not saved, cannot be shown)".to_owned())
        }
        (Known::Digest(one), Some(Known::Digest(two)), Some(other)) if one != two && alike(other) => {
            Some(FOREIGN.to_owned())
        }
        (Known::Digest(_), ..) => Some("REDACTED # (saved as a digest, cannot be shown)".to_owned()),
    }
}

/// Whether a text stands for a value of a Secret.
pub(super) fn is_hidden(words: &[u8]) -> bool {
    [MINUS, PLUS, "REDACTED"].iter().any(|mark| {
        words.strip_prefix(mark.as_bytes()).is_some_and(|rest| rest.starts_with(b" # (") && rest.ends_with(b")"))
    })
}

/// The same with the quotes again, to be read.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        let body = line.trim_ascii_end();
        let words = memchr::memmem::rfind(body, b": ").map(|at| at + 2);
        match words.filter(|at| body.get(*at..).is_some_and(is_hidden)) {
            Some(at) => {
                out.extend_from_slice(body.get(..at).unwrap_or_default());
                out.push(b'"');
                out.extend_from_slice(body.get(at..).unwrap_or_default());
                out.extend_from_slice(b"\"\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// A text whose values were hidden, as it is shown: without the quotes that kept their sizes.
pub(super) fn shown(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        let body = line.trim_ascii_end();
        let end = line.get(body.len()..).unwrap_or_default();
        let quote = body.last().copied().filter(|b| matches!(b, b'"' | b'\''));
        let start = quote.and_then(|quote| {
            let inner = body.get(..body.len() - 1)?;
            let at = memchr::memrchr(quote, inner)?;
            let words = inner.get(at + 1..)?;
            (is_hidden(words) || words == CHANCE.as_bytes()).then_some(at)
        });
        match start {
            Some(at) => {
                out.extend_from_slice(body.get(..at).unwrap_or_default());
                out.extend_from_slice(body.get(at + 1..body.len() - 1).unwrap_or_default());
            }
            None => out.extend_from_slice(body),
        }
        out.extend_from_slice(end);
    }
    out
}
