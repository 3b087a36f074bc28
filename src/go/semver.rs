//! Versions and constraints as Masterminds/semver v3.5.0 reads, orders and checks them.

use super::quote::quoted;
use crate::diagnostic::Failure;
use crate::value::{IntKind, Json, Kind, Layout, Method, Object, Param, ParamKind, Value};
use std::any::Any;
use std::cmp::Ordering;

/// The longest version that is read, in bytes (semver: `MaxVersionLen`).
const MAX_VERSION: usize = 256;
/// The longest constraint that is read, in bytes (semver: `MaxConstraintLen`).
const MAX_CONSTRAINT: usize = 512;
/// The most `||` groups of a constraint (semver: `MaxConstraintGroups`).
const MAX_GROUPS: usize = 32;

const INVALID: &str = "invalid semantic version";

/// A version: `*semver.Version`, or `semver.Version` where a method gave it back by value.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number; 0 where the text had none.
    pub minor: u64,
    /// The third number; 0 where the text had none.
    pub patch: u64,
    /// What follows `-`, without it.
    pub prerelease: String,
    /// What follows `+`, without it.
    pub metadata: String,
    original: String,
    /// Whether a template holds it by value: then Go cannot call the methods of the pointer.
    by_value: bool,
}

/// What [`Version`]s are checked against: groups joined by `||`, of which one must hold.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Group>,
}

/// Comparators that must all hold.
#[derive(Clone, Debug)]
struct Group {
    all: Vec<Comparator>,
    /// Whether one of them names a pre-release: only then pre-releases can match.
    prerelease: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Clone, Debug)]
struct Comparator {
    operator: Operator,
    version: Version,
    /// Some part is missing or a wildcard.
    partial: bool,
    /// The minor part is the first such part.
    minor_open: bool,
    /// The patch part is the first such part.
    patch_open: bool,
}

/// The pieces of a version or of a pattern for one (`1.x`); minor and patch without their dots.
struct Pieces<'a> {
    major: &'a [u8],
    minor: &'a [u8],
    patch: &'a [u8],
    prerelease: &'a [u8],
    metadata: &'a [u8],
    len: usize,
}

fn digit(b: u8) -> bool {
    b.is_ascii_digit()
}

/// What may stand in a part of a constraint's version. Go's class also holds the `|` that its author meant as "or".
fn pattern(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'x' | b'X' | b'*' | b'|')
}

fn identifier(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

fn space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// How many bytes at the start satisfy `is`.
fn run(text: &[u8], is: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&b| !is(b)).unwrap_or(text.len())
}

fn tail(text: &[u8], from: usize) -> &[u8] {
    text.get(from..).unwrap_or_default()
}

/// Splits off the longest version at the start: `v?N(.N)?(.N)?(-ids)?(+ids)?`.
fn pieces(text: &[u8], part: fn(u8) -> bool) -> Option<Pieces<'_>> {
    let mut at = usize::from(text.first() == Some(&b'v'));
    let take = |at: &mut usize, len: usize| {
        let piece = text.get(*at..*at + len).unwrap_or_default();
        *at += len;
        piece
    };
    let len = run(tail(text, at), part);
    if len == 0 {
        return None;
    }
    let major = take(&mut at, len);
    let number = |at: &mut usize| {
        if text.get(*at) != Some(&b'.') {
            return &[][..];
        }
        match run(tail(text, *at + 1), part) {
            0 => &[],
            len => {
                *at += 1;
                take(at, len)
            }
        }
    };
    let minor = number(&mut at);
    let patch = if minor.is_empty() { &[][..] } else { number(&mut at) };
    let identifiers = |at: &mut usize, mark: u8| {
        if text.get(*at) != Some(&mark) {
            return &[][..];
        }
        let mut len = run(tail(text, *at + 1), identifier);
        if len == 0 {
            return &[];
        }
        while text.get(*at + 1 + len) == Some(&b'.') {
            match run(tail(text, *at + 2 + len), identifier) {
                0 => break,
                more => len += 1 + more,
            }
        }
        *at += 1;
        take(at, len)
    };
    let prerelease = identifiers(&mut at, b'-');
    let metadata = identifiers(&mut at, b'+');
    Some(Pieces { major, minor, patch, prerelease, metadata, len: at })
}

/// Go's `strconv.ParseUint(s, 10, 64)` for digits.
fn number(digits: &[u8]) -> Result<u64, String> {
    let mut n: u64 = 0;
    for &b in digits {
        n = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(b.wrapping_sub(b'0'))))
            .ok_or_else(|| format!("strconv.ParseUint: parsing {}: value out of range", quoted(digits)))?;
    }
    Ok(n)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn check_prerelease(ids: &[u8]) -> Result<(), String> {
    for id in ids.split(|&b| b == b'.') {
        if id.is_empty() || !id.iter().all(|&b| identifier(b)) {
            return Err("invalid prerelease string".into());
        }
        if id.len() > 1 && id.first() == Some(&b'0') && id.iter().all(|&b| digit(b)) {
            return Err("version segment starts with 0".into());
        }
    }
    Ok(())
}

fn check_metadata(ids: &[u8]) -> Result<(), String> {
    if ids.split(|&b| b == b'.').any(|id| id.is_empty() || !id.iter().all(|&b| identifier(b))) {
        return Err("invalid metadata string".into());
    }
    Ok(())
}

impl Version {
    /// Reads a version loosely, as `NewVersion` does: `v1`, `1.2`, `01.2.3`. The error has Go's words.
    pub fn parse(version: impl AsRef<[u8]>) -> Result<Version, String> {
        let all = version.as_ref();
        if all.len() > MAX_VERSION {
            return Err(format!("version string is too long (max {MAX_VERSION} bytes)"));
        }
        let pieces = pieces(all, digit).filter(|p| p.len == all.len()).ok_or(INVALID)?;
        Version::from_pieces(&pieces, text(all))
    }

    fn from_pieces(pieces: &Pieces<'_>, original: String) -> Result<Version, String> {
        let segment = |digits| number(digits).map_err(|e| format!("error parsing version segment: {e}"));
        let (major, minor, patch) = (segment(pieces.major)?, segment(pieces.minor)?, segment(pieces.patch)?);
        if !pieces.prerelease.is_empty() {
            check_prerelease(pieces.prerelease)?;
        }
        Ok(Version {
            major,
            minor,
            patch,
            prerelease: text(pieces.prerelease),
            metadata: text(pieces.metadata),
            original,
            by_value: false,
        })
    }

    /// Reads a version that keeps to SemVer 2.0, as `StrictNewVersion` does. The error has Go's words.
    pub fn parse_strict(version: impl AsRef<[u8]>) -> Result<Version, String> {
        let all = version.as_ref();
        if all.is_empty() {
            return Err("version string empty".into());
        }
        if all.len() > MAX_VERSION {
            return Err(format!("version string is too long (max {MAX_VERSION} bytes)"));
        }
        let mut parts = all.splitn(3, |&b| b == b'.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(INVALID.into());
        };
        let cut = |text: &'_ [u8], mark: u8| text.iter().position(|&b| b == mark);
        let (mut patch, mut prerelease, mut metadata) = (rest, &[][..], &[][..]);
        if let Some(i) = cut(patch, b'+') {
            (patch, metadata) = (rest.get(..i).unwrap_or_default(), tail(rest, i + 1));
            check_metadata(metadata)?;
        }
        if let Some(i) = cut(patch, b'-') {
            (patch, prerelease) = (patch.get(..i).unwrap_or_default(), tail(patch, i + 1));
            check_prerelease(prerelease)?;
        }
        for part in [major, minor, patch] {
            if !part.iter().all(|&b| digit(b)) {
                return Err("invalid characters in version".into());
            }
            if part.len() > 1 && part.first() == Some(&b'0') {
                return Err("version segment starts with 0".into());
            }
        }
        let strict = |digits: &[u8]| match digits {
            [] => Err("strconv.ParseUint: parsing \"\": invalid syntax".to_owned()),
            _ => number(digits),
        };
        Ok(Version {
            major: strict(major)?,
            minor: strict(minor)?,
            patch: strict(patch)?,
            prerelease: text(prerelease),
            metadata: text(metadata),
            original: text(all),
            by_value: false,
        })
    }

    /// The text it was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Orders versions; metadata does not count.
    pub fn compare(&self, other: &Version) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }

    /// A version derived from this one by a method.
    fn derived(&self, (major, minor, patch): (u64, u64, u64), prerelease: String, metadata: String) -> Version {
        let mut next = Version { major, minor, patch, prerelease, metadata, original: String::new(), by_value: true };
        let v = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{v}{next}");
        next
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// A release stands above its pre-releases.
fn compare_prereleases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_identifiers(a, b),
    }
}

fn compare_identifiers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (x.unwrap_or_default(), y.unwrap_or_default()),
        };
        if x == y {
            continue;
        }
        if x.is_empty() {
            return Ordering::Less;
        }
        if y.is_empty() {
            return Ordering::Greater;
        }
        let value = |id: &str| id.bytes().all(digit).then(|| number(id.as_bytes()).ok()).flatten();
        return match (value(x), value(y)) {
            (None, None) => x.cmp(y),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            // Numbers that are equal but written differently: Go says "less".
            (Some(x), Some(y)) => x.cmp(&y).then(Ordering::Less),
        };
    }
}

impl Constraint {
    /// Reads a constraint such as `>=1.19-0, <2 || ^3`. The error has Go's words.
    pub fn parse(constraint: impl AsRef<[u8]>) -> Result<Constraint, String> {
        let all = constraint.as_ref();
        if all.len() > MAX_CONSTRAINT {
            return Err(format!("constraint string is too long (max {MAX_CONSTRAINT} bytes)"));
        }
        let rewritten = rewrite_ranges(all);
        let all = rewritten.as_deref().unwrap_or(all);
        let parts = split_groups(all);
        if parts.len() > MAX_GROUPS {
            return Err(format!("too many constraint groups (max {MAX_GROUPS})"));
        }
        let groups = parts.into_iter().map(Group::parse).collect::<Result<_, _>>()?;
        Ok(Constraint { groups })
    }

    /// Whether a version satisfies it.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (version.prerelease.is_empty() || group.prerelease) && group.all.iter().all(|c| c.check(version))
        })
    }
}

fn split_groups(all: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while at < all.len() {
        if tail(all, at).starts_with(b"||") {
            parts.push(all.get(from..at).unwrap_or_default());
            at += 2;
            from = at;
        } else {
            at += 1;
        }
    }
    parts.push(tail(all, from));
    parts
}

/// Writes `1.2 - 1.4` as `>= 1.2, <= 1.4 `; `None` when there is no range.
///
/// Go replaces by a search for the matched text, so that an equal text further left is hit instead.
fn rewrite_ranges(all: &[u8]) -> Option<Vec<u8>> {
    let dash = |w: &[u8]| matches!(w, &[a, b'-', b] if space(a) && space(b));
    if !all.windows(3).any(dash) {
        return None;
    }
    let mut out = all.to_vec();
    let mut at = 0;
    while at < all.len() {
        let Some((low, high, len)) = range_at(tail(all, at)) else {
            at += 1;
            continue;
        };
        let found = all.get(at..at + len).unwrap_or_default();
        let place = out.windows(found.len()).position(|w| w == found);
        if let Some(place) = place {
            let new = [b">= ", low, b", <= ", high, b" "].concat();
            out.splice(place..place + found.len(), new);
        }
        at += len;
    }
    Some(out)
}

/// `\s*V\s+-\s+V\s*` at the start: both versions and the length of the match.
fn range_at(text: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let mut at = run(text, space);
    let low_len = pieces(tail(text, at), pattern)?.len;
    let low = text.get(at..at + low_len)?;
    at += low_len;
    let before = run(tail(text, at), space);
    at += before;
    if before == 0 || text.get(at) != Some(&b'-') {
        return None;
    }
    at += 1;
    let after = run(tail(text, at), space);
    at += after;
    if after == 0 {
        return None;
    }
    let high_len = pieces(tail(text, at), pattern)?.len;
    let high = text.get(at..at + high_len)?;
    at += high_len;
    Some((low, high, at + run(tail(text, at), space)))
}

impl Group {
    fn parse(all: &[u8]) -> Result<Group, String> {
        let improper = || format!("improper constraint: {}", quoted(all));
        // The whole group is checked before any of its versions is read.
        let mut found = Vec::new();
        let mut at = run(all, space);
        loop {
            let (operator, len) = operator_at(tail(all, at));
            at += len;
            at += run(tail(all, at), space);
            let pieces = pieces(tail(all, at), pattern).ok_or_else(improper)?;
            let from = at;
            at += pieces.len;
            found.push((operator, pieces, all.get(from..at).unwrap_or_default()));
            let gap = run(tail(all, at), space);
            at += gap;
            if at >= all.len() {
                break;
            }
            if all.get(at) == Some(&b',') {
                at += 1;
                at += run(tail(all, at), space);
            } else if gap == 0 {
                return Err(improper());
            }
        }
        let all = found
            .into_iter()
            .map(|(operator, pieces, text)| Comparator::new(operator, &pieces, text))
            .collect::<Option<Vec<_>>>()
            .ok_or("constraint parser error")?;
        let prerelease = all.iter().any(|c| !c.version.prerelease.is_empty());
        Ok(Group { all, prerelease })
    }
}

fn operator_at(text: &[u8]) -> (Operator, usize) {
    match text {
        [b'!', b'=', ..] => (Operator::NotEqual, 2),
        [b'>', b'=', ..] | [b'=', b'>', ..] => (Operator::GreaterEqual, 2),
        [b'<', b'=', ..] | [b'=', b'<', ..] => (Operator::LessEqual, 2),
        [b'~', b'>', ..] => (Operator::Tilde, 2),
        [b'=', ..] => (Operator::Equal, 1),
        [b'>', ..] => (Operator::Greater, 1),
        [b'<', ..] => (Operator::Less, 1),
        [b'~', ..] => (Operator::Tilde, 1),
        [b'^', ..] => (Operator::Caret, 1),
        _ => (Operator::Equal, 0),
    }
}

impl Comparator {
    fn new(operator: Operator, pieces: &Pieces<'_>, text: &[u8]) -> Option<Comparator> {
        let open = |part: &[u8]| matches!(part, [] | [b'x' | b'X' | b'*']);
        let (mut minor_open, mut patch_open) = (false, false);
        let none = &[][..];
        // Of a partial version the metadata is dropped; a pre-release counts: `1-0`.
        let (major, minor, patch, metadata) = if open(pieces.major) {
            (none, none, none, none)
        } else if open(pieces.minor) {
            minor_open = true;
            (pieces.major, none, none, none)
        } else if open(pieces.patch) {
            patch_open = true;
            (pieces.major, pieces.minor, none, none)
        } else {
            (pieces.major, pieces.minor, pieces.patch, pieces.metadata)
        };
        let partial = open(pieces.major) || minor_open || patch_open;
        let plain = [major, minor, patch].iter().all(|part| part.iter().all(|&b| digit(b)));
        if !plain || text.len() > MAX_VERSION && !partial {
            return None;
        }
        let pieces = Pieces { major, minor, patch, prerelease: pieces.prerelease, metadata, len: 0 };
        let version = Version::from_pieces(&pieces, String::new()).ok()?;
        // A partial version is rewritten before it is read, and its length counts as rewritten.
        if partial && version.to_string().len() > MAX_VERSION {
            return None;
        }
        Some(Comparator { operator, version, partial, minor_open, patch_open })
    }

    /// Whether pre-releases are wanted has been decided for the group.
    fn check(&self, v: &Version) -> bool {
        let c = &self.version;
        match self.operator {
            Operator::Equal if self.partial => self.tilde(v),
            Operator::Equal => v.compare(c).is_eq(),
            Operator::NotEqual => self.not_equal(v),
            Operator::Greater => {
                if self.partial {
                    match v.major.cmp(&c.major) {
                        Ordering::Greater => return true,
                        Ordering::Less => return false,
                        Ordering::Equal if self.minor_open => return false,
                        Ordering::Equal if self.patch_open => return v.minor > c.minor,
                        Ordering::Equal => {}
                    }
                }
                v.compare(c).is_gt()
            }
            Operator::Less => v.compare(c).is_lt(),
            Operator::GreaterEqual => v.compare(c).is_ge(),
            Operator::LessEqual if self.partial => {
                v.major < c.major || v.major == c.major && (v.minor <= c.minor || self.minor_open)
            }
            Operator::LessEqual => v.compare(c).is_le(),
            Operator::Tilde => self.tilde(v),
            Operator::Caret => self.caret(v),
        }
    }

    fn not_equal(&self, v: &Version) -> bool {
        let c = &self.version;
        if self.partial {
            if c.major != v.major {
                return true;
            }
            if self.minor_open {
                return false;
            }
            if c.minor != v.minor {
                return true;
            }
            if self.patch_open {
                return v.prerelease != c.prerelease;
            }
            if c.patch != v.patch {
                return true;
            }
        }
        !v.compare(c).is_eq()
    }

    fn tilde(&self, v: &Version) -> bool {
        let c = &self.version;
        if v.compare(c).is_lt() {
            return false;
        }
        // `~0.0.0`, `*`: everything.
        if (c.major, c.minor, c.patch) == (0, 0, 0) && !self.minor_open && !self.patch_open {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.minor_open)
    }

    fn caret(&self, v: &Version) -> bool {
        let c = &self.version;
        if v.compare(c).is_lt() {
            return false;
        }
        if c.major > 0 || self.minor_open {
            return v.major == c.major;
        }
        if v.major > 0 {
            return false;
        }
        if c.minor > 0 || self.patch_open {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}

const OTHER: &[Param] = &[Param { name: "other", kind: ParamKind::Type("*semver.Version") }];
const TEXT: &[Param] = &[Param { name: "text", kind: ParamKind::Str }];

type Call = fn(&Value, &[Value]) -> Result<Value, Failure>;

const fn method(name: &'static str, params: &'static [Param], call: Call) -> Method {
    Method { name, params, rest: None, call }
}

/// The methods of `semver.Version`.
static VALUE_METHODS: &[Method] = &[
    method("Major", &[], |v, _| Ok(unsigned(this(v)?.major))),
    method("Minor", &[], |v, _| Ok(unsigned(this(v)?.minor))),
    method("Patch", &[], |v, _| Ok(unsigned(this(v)?.patch))),
    method("Prerelease", &[], |v, _| Ok(Value::str(this(v)?.prerelease.as_str()))),
    method("Metadata", &[], |v, _| Ok(Value::str(this(v)?.metadata.as_str()))),
    method("String", &[], |v, _| Ok(Value::str(this(v)?.to_string()))),
    method("Value", &[], |v, _| Ok(Value::str(this(v)?.to_string()))),
    method("MarshalText", &[], |v, _| Ok(Value::Bytes(Some(this(v)?.to_string().into())))),
    method("MarshalJSON", &[], |v, _| Ok(Value::Bytes(Some(format!("\"{}\"", this(v)?).into())))),
    method("IncMajor", &[], |v, _| {
        let v = this(v)?;
        let major = next(v.major, "major")?;
        Ok(Value::object(v.derived((major, 0, 0), String::new(), String::new())))
    }),
    method("IncMinor", &[], |v, _| {
        let v = this(v)?;
        let minor = next(v.minor, "minor")?;
        Ok(Value::object(v.derived((v.major, minor, 0), String::new(), String::new())))
    }),
    method("IncPatch", &[], |v, _| {
        let v = this(v)?;
        // The release after a pre-release is the one that it leads to.
        let patch = if v.prerelease.is_empty() { next(v.patch, "patch")? } else { v.patch };
        Ok(Value::object(v.derived((v.major, v.minor, patch), String::new(), String::new())))
    }),
    method("SetPrerelease", TEXT, |v, args| {
        let v = this(v)?;
        let ids = argument(args);
        if !ids.is_empty() {
            check_prerelease(&ids)?;
        }
        Ok(Value::object(v.derived((v.major, v.minor, v.patch), text(&ids), v.metadata.clone())))
    }),
    method("SetMetadata", TEXT, |v, args| {
        let v = this(v)?;
        let ids = argument(args);
        if !ids.is_empty() {
            check_metadata(&ids)?;
        }
        Ok(Value::object(v.derived((v.major, v.minor, v.patch), v.prerelease.clone(), text(&ids))))
    }),
];

/// The methods that only `*semver.Version` has.
static POINTER_METHODS: &[Method] = &[
    method("Original", &[], |v, _| Ok(Value::str(this(v)?.original.as_str()))),
    method("Compare", OTHER, |v, args| Ok(Value::int(this(v)?.compare(other(args)?) as i64))),
    method("Equal", OTHER, |v, args| match args.first() {
        None | Some(Value::Nil) => Ok(Value::Bool(false)),
        _ => Ok(Value::Bool(this(v)?.compare(other(args)?).is_eq())),
    }),
    method("LessThan", OTHER, |v, args| Ok(Value::Bool(this(v)?.compare(other(args)?).is_lt()))),
    method("LessThanEqual", OTHER, |v, args| Ok(Value::Bool(this(v)?.compare(other(args)?).is_le()))),
    method("GreaterThan", OTHER, |v, args| Ok(Value::Bool(this(v)?.compare(other(args)?).is_gt()))),
    method("GreaterThanEqual", OTHER, |v, args| Ok(Value::Bool(this(v)?.compare(other(args)?).is_ge()))),
];

fn unsigned(n: u64) -> Value {
    Value::Int(IntKind::Uint64, n as i64)
}

fn next(n: u64, part: &str) -> Result<u64, Failure> {
    n.checked_add(1).ok_or_else(|| Failure::new(format!("{part} version increment would overflow uint64")))
}

fn argument(args: &[Value]) -> crate::value::Str {
    match args.first() {
        Some(Value::Str(s)) => s.clone(),
        _ => Default::default(),
    }
}

fn this(v: &Value) -> Result<&Version, Failure> {
    v.downcast().ok_or_else(|| Failure::new(NIL_POINTER))
}

fn other(args: &[Value]) -> Result<&Version, Failure> {
    args.first().and_then(Value::downcast).ok_or_else(|| Failure::new(NIL_POINTER))
}

const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

impl Object for Version {
    fn go_type(&self) -> &'static str {
        if self.by_value { "semver.Version" } else { "*semver.Version" }
    }

    fn kind(&self) -> Kind {
        if self.by_value { Kind::Struct } else { Kind::Ptr }
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }

    fn stringer(&self) -> bool {
        true
    }

    fn layout(&self) -> Option<Layout> {
        let number = |n: u64| Layout::Value(unsigned(n));
        let fields = vec![
            ("major", number(self.major)),
            ("minor", number(self.minor)),
            ("patch", number(self.patch)),
            ("pre", Layout::text(&self.prerelease)),
            ("metadata", Layout::text(&self.metadata)),
            ("original", Layout::text(&self.original)),
        ];
        let version = Layout::Struct("semver.Version", fields);
        Some(if self.by_value { version } else { Layout::Pointer("*semver.Version", Some(Box::new(version))) })
    }

    fn deep_copied(&self) -> Option<Value> {
        Some(Value::object(Version { by_value: self.by_value, ..Version::default() }))
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        let pointer = if self.by_value { &[] } else { POINTER_METHODS };
        VALUE_METHODS.iter().chain(pointer).find(|m| m.name == name)
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Value(Value::str(self.to_string())))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Version>().is_some_and(|o| {
            (self.major, self.minor, self.patch, self.by_value) == (o.major, o.minor, o.patch, o.by_value)
                && self.prerelease == o.prerelease
                && self.metadata == o.metadata
                && self.original == o.original
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, want) in [
            ("v1.2", "1.2.0"),
            ("1", "1.0.0"),
            ("01.2.3", "1.2.3"),
            ("1.2.3-a.b+c", "1.2.3-a.b+c"),
            ("1.2.3.4", "invalid semantic version"),
            ("x", "invalid semantic version"),
            ("1.2.3-01", "version segment starts with 0"),
            (
                "18446744073709551616",
                "error parsing version segment: strconv.ParseUint: parsing \"18446744073709551616\": value out of range",
            ),
        ] {
            let got = Version::parse(text).map_or_else(|e| e, |v| v.to_string());
            assert_eq!(got, want, "{text}");
        }
        for (text, want) in [
            ("", "version string empty"),
            ("1.2", "invalid semantic version"),
            ("v1.2.3", "invalid characters in version"),
            ("1.02.3", "version segment starts with 0"),
            ("1.2.", "strconv.ParseUint: parsing \"\": invalid syntax"),
            ("1.2.3+", "invalid metadata string"),
        ] {
            assert_eq!(Version::parse_strict(text).map_or_else(|e| e, |v| v.to_string()), want, "{text}");
        }
    }

    #[test]
    fn order() {
        let ascending = ["1.0.0-1", "1.0.0-9", "1.0.0-10", "1.0.0-a", "1.0.0-a.9", "1.0.0-a.10", "1.0.0", "1.0.1"];
        for pair in ascending.windows(2) {
            let [a, b] = pair else { panic!() };
            assert!(Version::parse(a).unwrap().compare(&Version::parse(b).unwrap()).is_lt(), "{a} {b}");
        }
    }

    #[test]
    fn constraints() {
        for (constraint, version, want) in [
            (">=1.19-0", "1.36.0-gke.1", "true"),
            (">=1.19", "1.36.0-gke.1", "false"),
            (">=1.2.3-0 <2", "1.5.0-a", "true"),
            ("^0.0.3", "0.0.4", "false"),
            ("^0.2", "0.2.9", "true"),
            (">1", "1.9.0", "false"),
            ("!=1.2", "1.2.4", "false"),
            ("1.2 - 1.4", "1.4.9", "true"),
            ("1.x || 3", "3.1.0", "true"),
            ("~>2.1.1", "2.1.0", "false"),
            ("<=1.2", "1.2.9", "true"),
            ("1 || bad", "1.0.0", "improper constraint: \" bad\""),
            ("", "1.0.0", "improper constraint: \"\""),
            ("1.2.3,", "1.0.0", "improper constraint: \"1.2.3,\""),
            (">1 - 2", "1.0.0", "improper constraint: \">>= 1, <= 2 \""),
            ("1.2.3-01", "1.0.0", "constraint parser error"),
        ] {
            let version = Version::parse(version).unwrap();
            let got = Constraint::parse(constraint).map_or_else(|e| e, |c| c.check(&version).to_string());
            assert_eq!(got, want, "{constraint}");
        }
    }
}
