//! The head of a document that is written plainly, read line by line.
//!
//! Most of what charts render is block style: keys, plain or quoted scalars, block scalars, lists. Of such a document its
//! lines show that it is valid and what its head is, in a fraction of the time that the scanner takes. Whatever is not
//! certain is left to the scanner, which also finds the words for what is wrong.

use super::head::Head;
use super::input::is_odd;
use super::resolve::{Looks, looks};
use crate::text::runs;
use crate::value::Str;

/// Deeper documents are left to the scanner.
pub(super) const MAX_LEVELS: usize = 100;

/// So many keys of one mapping of the head are compared with each other one by one.
const MAX_KEYS: usize = 64;

/// Longer keys are left to the scanner.
const MAX_KEY: usize = 128;

/// The bytes that plain keys are read of: letters, digits and a few signs.
const IS_PART: [bool; 256] = {
    let mut is_part = [false; 256];
    let mut i = 0;
    while i < 128 {
        let byte = i as u8;
        is_part[i] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-');
        i += 1;
    }
    is_part
};

/// Where a mapping stands, as far as its entries belong to the head.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Metadata,
    Annotations,
    Other,
}

/// A collection that is not closed yet.
struct Level {
    /// Where its entries begin.
    column: usize,
    is_list: bool,
    place: Place,
    /// Its first key among all.
    first: usize,
}

/// What may follow on the lines after a scalar's first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Nothing,
    /// More of a plain scalar, if they are indented.
    Plain,
    /// More of a quoted scalar, up to this quote.
    Quoted(u8),
    /// The text of a block scalar.
    Block,
}

/// A scalar on one line, or what stands in its place.
pub(super) enum Value<'t> {
    /// For sure a string, if nothing follows that belongs to it.
    Text(&'t [u8], More),
    /// What looks like a number.
    Number(&'t [u8], More),
    /// A scalar of some type.
    Scalar(More),
    /// `{}`
    EmptyMap,
    /// Another collection on one line.
    Flow,
}

struct Outline<'t> {
    levels: Vec<Level>,
    /// The keys of the levels that belong to the head, the innermost last.
    keys: Vec<&'t [u8]>,
    /// What the last entry has no value for yet: the place of a mapping that may follow.
    awaited: Option<Place>,
    more: More,
    head: Head,
}

/// Reads the head of a text that is one plain document; none where that is not certain.
pub(super) fn head(text: &[u8]) -> Option<Head> {
    let has_tabs = checked(text)?;
    let mut outline = Outline {
        levels: Vec::with_capacity(8),
        keys: Vec::with_capacity(32),
        awaited: None,
        more: More::Nothing,
        head: Head::default(),
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += match std::mem::replace(&mut outline.more, More::Nothing) {
            More::Nothing => {
                let line = first_line(rest);
                // A tab is a blank in some places, an error in others.
                if has_tabs && line.contains(&b'\t') {
                    return None;
                }
                outline.line(line)?;
                line.len() + 1
            }
            More::Plain => outline.plain(rest)?,
            More::Quoted(quote) => quoted(rest, quote)?,
            More::Block => block(rest, outline.levels.last()?.column)?,
        };
    }
    // A quoted scalar that nothing follows is not closed.
    if matches!(outline.more, More::Quoted(_)) {
        return None;
    }
    outline.head.annotations.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(outline.head)
}

/// Whether a text has tabs; none if it has other bytes than printable characters, tabs and line feeds.
pub(super) fn checked(text: &[u8]) -> Option<bool> {
    let (mut has_tabs, mut is_wide) = (false, false);
    let mut look = |bytes: &[u8]| {
        bytes.iter().filter(|b| is_odd(**b)).all(|b| {
            has_tabs |= *b == b'\t';
            is_wide |= *b >= 0x80;
            *b == b'\t' || *b >= 0x80
        })
    };
    let (blocks, rest) = text.as_chunks::<64>();
    for block in blocks {
        if block.iter().fold(false, |any, b| any | is_odd(*b)) && !look(block) {
            return None;
        }
    }
    if !look(rest) {
        return None;
    }
    if is_wide {
        std::str::from_utf8(text).ok()?;
        for at in memchr::memchr3_iter(0xc2, 0xe2, 0xef, text) {
            match text.get(at..)? {
                // Control characters, of which one is a line break.
                [0xc2, 0x80..=0x9f, ..] => return None,
                // Line breaks.
                [0xe2, 0x80, 0xa8 | 0xa9, ..] => return None,
                // The byte order mark, and what is no character.
                [0xef, 0xbb, 0xbf, ..] | [0xef, 0xbf, 0xbe | 0xbf, ..] => return None,
                _ => {}
            }
        }
    }
    Some(has_tabs)
}

pub(super) fn first_line(text: &[u8]) -> &[u8] {
    let end = runs::byte(text, b'\n').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// How many spaces stand in front.
pub(super) fn indent(line: &[u8]) -> usize {
    // CRDs are nested deeply: by eights first.
    let eights = line.as_chunks::<8>().0.iter().take_while(|eight| *eight == b"        ").count() * 8;
    let rest = line.get(eights..).unwrap_or_default();
    eights + rest.iter().position(|b| *b != b' ').unwrap_or(rest.len())
}

pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| *b != b' ').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Whether the text begins an item of a list.
pub(super) fn is_dash(text: &[u8]) -> bool {
    matches!(text, [b'-'] | [b'-', b' ', ..])
}

/// Whether a plain scalar could be a truth value or null.
fn is_word(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [b"y", b"n", b"yes", b"no", b"on", b"off", b"true", b"false", b"null"];
    text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

impl<'t> Outline<'t> {
    fn line(&mut self, line: &'t [u8]) -> Option<()> {
        let column = indent(line);
        let text = trimmed(line.get(column..)?);
        match text.first() {
            None | Some(b'#') => return Some(()),
            Some(b'-') if column == 0 && text.starts_with(b"---") => return None,
            Some(b'.') if column == 0 && text.starts_with(b"...") => return None,
            Some(_) => {}
        }
        let is_item = is_dash(text);
        let entry = if is_item { None } else { key(text) };
        match (self.levels.last(), self.awaited.take()) {
            (None, _) if is_item => return None,
            (None, _) => self.open(column, false, Place::Root)?,
            (Some(level), Some(place)) if column > level.column => {
                if !is_item && entry.is_none() {
                    return self.alone(text, place);
                }
                self.open(column, is_item, place)?;
            }
            (Some(level), Some(place)) if column == level.column && is_item && !level.is_list => {
                self.open(column, true, place)?;
            }
            // The last entry has a value, or is null.
            _ => {
                while let Some(level) = self.levels.last() {
                    let is_over = level.column > column || level.column == column && level.is_list && !is_item;
                    if !is_over {
                        break;
                    }
                    self.keys.truncate(level.first);
                    self.levels.pop();
                }
                let level = self.levels.last()?;
                if level.column != column || level.is_list != is_item {
                    return None;
                }
            }
        }
        match entry {
            _ if is_item => self.item(text, column),
            Some((name, rest)) => self.entry(name, rest),
            None => None,
        }
    }

    /// `- value` or `- key: value`
    fn item(&mut self, text: &'t [u8], mut column: usize) -> Option<()> {
        let mut text = text;
        loop {
            let item = text.get(1..)?;
            let inner = indent(item);
            text = item.get(inner..)?;
            column += 1 + inner;
            if matches!(text, [] | [b'#', ..]) {
                self.awaited = Some(Place::Other);
                return Some(());
            }
            if !is_dash(text) {
                break;
            }
            self.open(column, true, Place::Other)?;
        }
        if let Some((name, rest)) = key(text) {
            self.open(column, false, Place::Other)?;
            return self.entry(name, rest);
        }
        self.alone(text, Place::Other)
    }

    /// A value of which nothing is kept.
    fn alone(&mut self, text: &'t [u8], place: Place) -> Option<()> {
        match value(text)? {
            Value::EmptyMap => {}
            // What must be a mapping is none.
            _ if place != Place::Other => return None,
            Value::Text(_, more) | Value::Number(_, more) | Value::Scalar(more) => self.more = more,
            Value::Flow => {}
        }
        Some(())
    }

    fn open(&mut self, column: usize, is_list: bool, place: Place) -> Option<()> {
        // What must be a mapping is a list.
        if self.levels.len() >= MAX_LEVELS || is_list && place != Place::Other {
            return None;
        }
        self.levels.push(Level { column, is_list, place, first: self.keys.len() });
        Some(())
    }

    /// `key: value`
    fn entry(&mut self, name: &'t [u8], rest: &'t [u8]) -> Option<()> {
        let level = self.levels.last()?;
        let rest = rest.get(indent(rest)..)?;
        let is_empty = matches!(rest, [] | [b'#', ..]);
        // Of keys that stand twice the last counts, without an error: that matters in the head alone.
        if level.place == Place::Other {
            if !is_empty {
                return self.alone(rest, Place::Other);
            }
            self.awaited = Some(Place::Other);
            return Some(());
        }
        let (place, known) = (level.place, self.keys.get(level.first..)?);
        if known.len() >= MAX_KEYS || known.contains(&name) {
            return None;
        }
        self.keys.push(name);
        let is_field = |field: &str| name.eq_ignore_ascii_case(field.as_bytes());
        let fields: &[&str] = match place {
            Place::Root => &["apiVersion", "kind", "metadata"],
            Place::Metadata => &["name", "namespace", "annotations"],
            _ => &[],
        };
        let field = fields.iter().find(|field| is_field(field));
        // Another spelling of a field's name is the field to Go.
        if field.is_some_and(|field| name != field.as_bytes()) {
            return None;
        }
        let inner = match field {
            Some(&"metadata") => Place::Metadata,
            Some(&"annotations") => Place::Annotations,
            _ => Place::Other,
        };
        let is_text = field.is_some() && inner == Place::Other || place == Place::Annotations;
        if is_empty {
            self.awaited = Some(inner);
            return (!is_text).then_some(());
        }
        if !is_text {
            return self.alone(rest, inner);
        }
        // What goes on in the next line is then found to be in the wrong place.
        match value(rest)? {
            Value::Number(text, _) if !matches!(looks(text, true), Looks::Str | Looks::Time) => return None,
            Value::Text(text, _) | Value::Number(text, _) => {
                let text = Str::from(text);
                match field {
                    Some(&"apiVersion") => self.head.api_version = text,
                    Some(&"kind") => self.head.kind = text,
                    Some(&"name") => self.head.name = text,
                    Some(&"namespace") => self.head.namespace = text,
                    _ => self.head.annotations.push((Str::from(name), text)),
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Passes over the lines that continue a plain scalar; how many bytes they are.
    fn plain(&mut self, text: &[u8]) -> Option<usize> {
        let parent = self.levels.last()?.column;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let line = first_line(rest);
            let spaces = indent(line);
            let words = line.get(spaces..)?;
            match words.first() {
                None => {}
                Some(b'#') => break,
                Some(_) if spaces <= parent => break,
                // A tab ends a word as a space does, and a comment ends it all.
                Some(_) if words.contains(&b'\t') || plain_line(trimmed(words))?.1 => return None,
                Some(_) => {}
            }
            at += line.len() + 1;
        }
        Some(at.min(text.len()))
    }
}

/// Passes over the lines of a block scalar in a collection that begins at column `parent`; how many bytes they are.
pub(super) fn block(text: &[u8], parent: usize) -> Option<usize> {
    let (mut at, mut deepest) = (0, 0);
    let mut column = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = first_line(rest);
        let spaces = indent(line);
        // Most are this: a line of the text.
        if column.is_some_and(|column| spaces >= column) {
            at += line.len() + 1;
            continue;
        }
        // A tab in the indentation is an error.
        if line.get(spaces) == Some(&b'\t') {
            return None;
        }
        match column {
            _ if spaces == line.len() => deepest = deepest.max(spaces),
            // Spaces before the first line must not be more than it has.
            None if spaces > parent && spaces < deepest => return None,
            None if spaces > parent => column = Some(spaces),
            _ => break,
        }
        at += line.len() + 1;
    }
    Some(at.min(text.len()))
}

/// Passes over the lines that continue a quoted scalar; how many bytes they are.
fn quoted(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = first_line(text.get(at..).filter(|rest| !rest.is_empty())?);
        if line.starts_with(b"---") || line.starts_with(b"...") {
            return None;
        }
        at += line.len() + 1;
        if let Some((_, rest)) = closed(line, quote)? {
            return is_over(rest).then_some(at.min(text.len()));
        }
    }
}

/// The key at the beginning of an entry, and what stands behind its colon.
pub(super) fn key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = match text.first()? {
        quote @ (b'"' | b'\'') => {
            let inner = text.get(1..)?;
            let end = memchr::memchr(*quote, inner)?;
            let name = inner.get(..end)?;
            // Some letters beyond ASCII are others to Go where it looks for a field.
            if name.contains(&b'\\') || !name.is_ascii() {
                return None;
            }
            (name, inner.get(end + 1..)?)
        }
        first if first.is_ascii_alphabetic() || *first == b'_' => {
            let end = text.iter().position(|b| !IS_PART[usize::from(*b)])?;
            let name = text.get(..end)?;
            if is_word(name) {
                return None;
            }
            (name, text.get(end..)?)
        }
        _ => return None,
    };
    // YAML itself ends at 1024.
    if name.len() > MAX_KEY {
        return None;
    }
    match rest {
        [b':'] => Some((name, &[])),
        [b':', b' ', rest @ ..] => Some((name, rest)),
        _ => None,
    }
}

/// What a text without spaces at its ends is.
pub(super) fn value(text: &[u8]) -> Option<Value<'_>> {
    Some(match *text.first()? {
        quote @ (b'"' | b'\'') => {
            let inner = text.get(1..)?;
            match closed(inner, quote)? {
                None => Value::Scalar(More::Quoted(quote)),
                Some((_, rest)) if !is_over(rest) => return None,
                // Of single quotes there are only pairs in it.
                Some((content, _)) if content.contains(if quote == b'"' { &b'\\' } else { &quote }) => {
                    Value::Scalar(More::Nothing)
                }
                Some((content, _)) => Value::Text(content, More::Nothing),
            }
        }
        b'{' | b'[' => {
            let rest = flow(text, 0)?;
            match text {
                _ if !is_over(rest) => return None,
                [b'{', b'}', ..] => Value::EmptyMap,
                _ => Value::Flow,
            }
        }
        b'|' | b'>' if matches!(text.get(1..)?, b"" | b"-" | b"+") => Value::Scalar(More::Block),
        first => {
            let next = text.get(1).copied().unwrap_or(b' ');
            let is_start = match first {
                b'-' | b'?' | b':' => next != b' ',
                // `.5`, `.inf` and `.nan` are numbers.
                b'.' => next.is_ascii_alphabetic() && !b"iInN".contains(&next) || b"*+([\\/".contains(&next),
                // `<<` is no text as other texts are.
                b'<' => next != b'<',
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | 0x80.. => true,
                _ => b"/_$(^)+;=\\~".contains(&first),
            };
            if !is_start {
                return None;
            }
            let (text, has_comment) = plain_line(text)?;
            let more = if has_comment { More::Nothing } else { More::Plain };
            // No number that begins with a digit or a sign is more than JSON can hold, unless a point follows the sign.
            let is_number = match first {
                b'-' | b'+' if next == b'.' => return None,
                b'-' => !next.is_ascii_alphabetic() && next != b'-',
                b'+' | b'0'..=b'9' => true,
                _ => false,
            };
            match first {
                _ if is_number => Value::Number(text, more),
                b'~' => Value::Scalar(more),
                _ if is_word(text) => Value::Scalar(more),
                _ => Value::Text(text, more),
            }
        }
    })
}

/// A line of a plain scalar, and whether a comment ends it; none if it has a key.
pub(super) fn plain_line(text: &[u8]) -> Option<(&[u8], bool)> {
    for at in memchr::memchr2_iter(b':', b'#', text) {
        if text.get(at) == Some(&b':') {
            if matches!(text.get(at + 1), None | Some(b' ')) {
                return None;
            }
        } else if text.get(at.wrapping_sub(1)) == Some(&b' ') {
            return Some((trimmed(text.get(..at)?), true));
        }
    }
    Some((text, false))
}

/// Whether nothing but a comment follows a value.
pub(super) fn is_over(rest: &[u8]) -> bool {
    match rest.get(indent(rest)..) {
        None | Some([]) => true,
        Some([b'#', ..]) => rest.first() == Some(&b' '),
        Some(_) => false,
    }
}

/// What stands before a closing quote and behind it; `Some(None)` if there is none on the line.
#[allow(clippy::option_option)]
fn closed(text: &[u8], quote: u8) -> Option<Option<(&[u8], &[u8])>> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let found = if quote == b'"' { memchr::memchr2(b'"', b'\\', rest) } else { memchr::memchr(quote, rest) };
        let Some(found) = found else { return Some(None) };
        let end = at + found;
        at = match (text.get(end)?, text.get(end + 1)) {
            // At the end of a line it takes the line break away.
            (b'\\', None) => return Some(None),
            (
                b'\\',
                Some(b'0' | b'a' | b'b' | b't' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"' | b'\'' | b'\\'),
            ) => end + 2,
            // Of all others only those are read here that are no half of a pair.
            (b'\\', Some(b'u')) => {
                let digits = text.get(end + 2..end + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) || matches!(digits, [b'd' | b'D', ..]) {
                    return None;
                }
                end + 6
            }
            (b'\\', Some(_)) => return None,
            (b'\'', Some(b'\'')) => end + 2,
            _ => return Some(Some((text.get(..end)?, text.get(end + 1..)?))),
        };
    }
}

/// Passes over a collection in brackets on one line, of plainly written scalars; what follows it.
fn flow(text: &[u8], depth: usize) -> Option<&[u8]> {
    let (is_map, mut rest) = match text {
        [b'[', rest @ ..] => (false, rest),
        [b'{', rest @ ..] => (true, rest),
        _ => return None,
    };
    if depth > 8 {
        return None;
    }
    let end = if is_map { b'}' } else { b']' };
    loop {
        rest = rest.get(indent(rest)..)?;
        if rest.first() == Some(&end) {
            return rest.get(1..);
        }
        if is_map {
            // Behind quotes a colon needs no space.
            let value = match *rest.first()? {
                quote @ (b'"' | b'\'') => closed(rest.get(1..)?, quote)??.1.strip_prefix(b":")?,
                _ => key(rest)?.1,
            };
            rest = value.get(indent(value)..)?;
        }
        rest = match *rest.first()? {
            b'[' | b'{' => flow(rest, depth + 1)?,
            quote @ (b'"' | b'\'') => closed(rest.get(1..)?, quote)??.1,
            first if first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_') => {
                rest.get(rest.iter().position(|b| !IS_PART[usize::from(*b)])?..)?
            }
            _ => return None,
        };
        rest = rest.get(indent(rest)..)?;
        match rest {
            [b',', more @ ..] => rest = more,
            [b, ..] if *b == end => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::convert::composed;
    use super::super::head::scanned;
    use super::super::{Error, emit, parse, plain};
    use super::*;
    use crate::value::Value;

    const DOCUMENTS: [&str; 19] = [
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: b\n  annotations:\n    z: \"1\"\n    helm.sh/hook: 'pre-install'\n  labels: {}\nspec:\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n  - port: 8080m\n  type: ClusterIP\n",
        "# Source: x\nkind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: \"a-b\"\n  annotations: {}\nspec:\n  template:\n    spec:\n      containers:\n        - args:\n            - --flag=true\n            - $(VAR)\n            - /bin/sh\n          name: x\n\n          env: []\n          image: \"r/i:1.2.3\"\n        -\n          name: y\n",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {}\ndata:\n  a: |\n    one\n      two\n\n    # three\n  b: |-\n\n   x\n  c: >+\n    folded\n    text\n\n# end\n  d: plain text, with [some] {signs}\n  e: http://example.com/x#y\n",
        "metadata:\n  annotations:\n  name: x\nkind: X\nlist:\n- a\n- b: 1\n  c:\n  - d\n- |\n  text\n- e:\n    f: 1.5\n",
        "  kind: A\n  metadata:\n    name: b\n  spec:\n  - a: 10.0.0.0/8\n    b: true\n    c:\n",
        "a: 1\nb: text\nc: yes\nd:\n  e:\n    f:\n      g: h\n  i: j\nk: l\n",
        "kind: CustomResourceDefinition\nspec:\n  - jsonPath: .status.phase\n    pattern: ^[a-z]*$\n    x: .spec\n",
        "kind: Secret\ntype: Opaque\n\"quoted\": 'x'\ndata:\n  tls.crt: LS0t==\n  \"a b\": \"\"\n",
        "kind: A\nspec:\n  description: one line\n    and more of it:x, a#b\n\n    - as well\n  next: 5 lines\n   more\n\n  # end\n  list:\n  - some text\n    goes on\n  - a: b\n     c\n    d: e\n",
        "kind: A\nspec:\n  a: \"one\n    two \\\"x\\\" \\\n  three: x # no\n\n    four\\n\"\n  b: 'it''s\n\n   so'\n  c:\n  - \"x\ny\" # z\n  - 'y\n     z'\n  - \"\\u00e9\"\n",
        "kind: A\nmetadata:\n  name: é\n  annotations:\n    a: \"ü – x\"\n    b: 'say \"it\"'\n    c: \"it's\"\n    d: '\\'\nspec:\n  a: é – ☃ 𝄞\n  # ñ\n  b: |\n    ñ\n    \ttab\n  c: “quoted”\n    »more«\n",
        "kind: A\nmetadata: # none\n  name: x # the name\nspec: # of it\n  - # first\n    a: b # c\n  - \"c\" # d\n  - d#e # f\n  - 'a' # b\n",
        "kind: A\nspec:\n  verbs: [\"get\", list, 'watch']\n  a: {b: c, d: [1, {e: f}], \"g\": \"\\\"\"} # h\n  c: [ a ,b, ]\n  d: { }\n  f:\n  - [a]\n  e: []\n",
        "kind: A\nspec:\n- - a\n  - b: c\n    d: e\n- - - f\n    -\n  - g\n-   - h\n    - i\n",
        "kind: A\nspec:\n  a: -1\n  b: +5 x\n  c: ~\n  d: 1e400\n  e: -1e400\n  f: <none>\n  g: 0x1F\n  h: 12:30:45\n  i: -x\n  j: 2001-01-01\n  k: ?x\n  l: :y\n  m: =\n  nn: ;\n  o: \\d+\n  p: <\n  q: 99999999999999999999999\n",
        "kind: A\nmetadata:\n  annotations:\n    {}\n  labels:\n    {} # none\nspec:\n  a:\n    []\n  b:\n    text\n   and more\n\n  c:\n      \"x\n  y\"\n  d:\n    |\n   block\n  e:\n    null\n  f:\n  -\n    scalar\n   more\n  -\n    {a: b}\n  -\n   5\n",
        "kind: A\nspec:\n  a: |\n    \n   \n    text\n      \n    more\n  b: >-\n     \n  c: |\n\n      x\n     \n  d: {\"a\":\"b\", 'c':5, \"d\": x}\n",
        "kind: A\nmetadata:\n  name: 5a\n  annotations:\n    a: 44136fa355b3678a\n    b: 1.2.3\n    c: 2001-01-01\n    d: -x\n    e: 1_a\n  namespace: 9-b\nspec:\n  a: .*\n  b: .+\n",
        "a: b\nkind: X\nmetadata:\n  name: x\nd:\n  e: f\n  e: g\n  \"e\": h\n",
    ];

    /// Values that are read by their lines, of which no head is.
    const NAMED: [&str; 2] = [
        "a: &a 5\nb: *a # c\nc:\n- &b text\n- *b\n- &c \"q\" # d\n- *c\n- x: &a-1 null\n  w: *a-1\nd:\n  e: *a\n  f: &a  'new'\n  g:\n    *a\n  h:\n    &h true\n  i: *h\n",
        "port: &port 9121\nlist:\n  - *port\n  - a: *port\n    b: &b_ 1e3\nz: *b_\n",
    ];

    /// What the scanner makes of a text that a comment ends.
    fn told(text: &str, comment: &str) -> Result<String, Error> {
        let value = parse(format!("{text}\n# {comment}\n").as_bytes())?;
        Ok(String::from_utf8_lossy(&emit(&value).unwrap()).into_owned())
    }

    /// What is read here the scanner reads the same way, and the scanner the same way by lines and by characters.
    #[test]
    fn as_the_scanner_says() {
        for document in DOCUMENTS {
            assert!(head(document.as_bytes()).is_some(), "{document}");
        }
        for document in NAMED {
            assert!(plain::read(document.as_bytes()).is_some(), "{document}");
        }
        let documents = [&DOCUMENTS[..], &NAMED[..]].concat();
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        const PARTS: [&str; 90] = [
            " ",
            "  ",
            "\n",
            "- ",
            "-",
            ":",
            ": ",
            "#",
            " #",
            "\"",
            "'",
            "|",
            "|-",
            ">",
            ">2",
            "{",
            "}",
            "[]",
            "{}",
            "a",
            "b: c",
            "kind: X",
            "Kind: y",
            "name:",
            "name: 1",
            "metadata:",
            "annotations: x",
            "true",
            "null",
            "~",
            "1e400",
            ".inf",
            ".5",
            ".Nan",
            ".x",
            "^",
            "^a: b",
            "0x1F",
            "1_0",
            "2001-01-01",
            "&a",
            "*a",
            "&a x",
            "&b ",
            "\n  k: *a",
            "*b",
            "!!str",
            "---\n",
            "...",
            "?",
            "%",
            "<<: *a",
            "\t",
            "é",
            "namespace: on",
            "\n   ",
            "\n    x",
            "\n\n",
            "x y",
            " # z",
            "# ",
            "\"x",
            "x'",
            "''",
            "\\",
            "\\\\",
            "\\\"",
            "\\u00e9",
            "\\ud800",
            "\\x",
            "\\\n",
            ",",
            "[",
            "]",
            "[a, b]",
            "[_a, 5]",
            "5: ",
            "07: x",
            "{a: b}",
            "{a: b, c}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{a0}",
            "\u{7f}",
            "\r\n",
            "-1",
            "-.inf",
            "+.inf",
            "<<",
        ];
        let (mut heads, mut wrong, mut values) = (0, 0, 0);
        // More of them, after a change here.
        let rounds = std::env::var("RHELM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60_000);
        for round in 0..rounds {
            let mut text = documents[round % documents.len()].to_owned();
            for _ in 0..next(4) {
                let lines: Vec<&str> = text.split_inclusive('\n').collect();
                let at = next(lines.len().max(1));
                let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
                match next(6) {
                    0 if !lines.is_empty() => drop(lines.remove(at)),
                    1 if !lines.is_empty() => lines.insert(next(lines.len()), lines[at].clone()),
                    2 if !lines.is_empty() => lines[at].insert_str(0, ["", " ", "  ", "    "][next(4)]),
                    3 if !lines.is_empty() => lines[at] = lines[at].trim_start_matches(' ').to_owned(),
                    _ => {
                        let all = lines.concat();
                        let at =
                            (0..=all.len()).filter(|i| all.is_char_boundary(*i)).nth(next(all.len() + 1)).unwrap_or(0);
                        lines = vec![format!("{}{}{}", &all[..at], PARTS[next(PARTS.len())], &all[at..])];
                    }
                }
                text = lines.concat();
            }
            if let Some(head) = head(text.as_bytes()) {
                heads += 1;
                assert_eq!(Ok(head), scanned(text.as_bytes()).map_err(|error| error.message), "{text}");
            } else {
                wrong += usize::from(scanned(text.as_bytes()).is_err());
            }
            if let Some(value) = plain::read(text.as_bytes()) {
                values += 1;
                let shown = |value: &Value| String::from_utf8_lossy(&emit(value).unwrap()).into_owned();
                let told = composed(text.as_bytes()).map_err(|error| error.message);
                assert_eq!(Ok(shown(&value)), told.as_ref().map(shown).map_err(Clone::clone), "{text}");
            }
            // A byte order mark inside of a text keeps the scanner from all that is quick.
            let quick = told(&text, "xyz");
            if !quick.as_ref().is_ok_and(|value| value.contains("xyz")) {
                assert_eq!(quick, told(&text, "\u{feff}"), "{text}");
            }
        }
        assert!(heads > 20_000 && values > 15_000 && wrong > 5_000, "{heads} {values} {wrong}");
        let long = "a".repeat(1_100);
        for text in [format!("kind: A\n{long}:\n  x: 1\n"), format!("kind: A\n- \"{long}\":\n"), format!("{long}: 1\n")]
        {
            assert!(head(text.as_bytes()).is_none());
        }
    }
}
