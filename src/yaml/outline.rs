//! The head of a document that is written plainly, read line by line.
//!
//! Most of what charts render is block style in ASCII: keys, plain or quoted scalars on one line, block scalars, lists. Of
//! such a document its lines show that it is valid and what its head is, in a fraction of the time that the scanner takes.
//! Whatever is not certain is left to the scanner, which also finds the words for what is wrong.

use super::head::Head;
use crate::value::Str;

/// Deeper documents are left to the scanner.
const MAX_LEVELS: usize = 100;

/// So many keys of one mapping are compared with each other one by one.
const MAX_KEYS: usize = 64;

/// Longer keys are left to the scanner.
const MAX_KEY: usize = 128;

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

/// A scalar on one line, or what stands in its place.
enum Value<'t> {
    /// For sure a string.
    Text(&'t [u8]),
    /// A scalar of some type.
    Scalar,
    /// `{}`
    EmptyMap,
    /// `[]`
    EmptyList,
    /// The lines that follow are its text.
    Block,
}

struct Outline<'t> {
    levels: Vec<Level>,
    /// The keys of all levels, the innermost last.
    keys: Vec<&'t [u8]>,
    /// What the last entry has no value for yet: the place of a mapping that may follow.
    awaited: Option<Place>,
    /// Whether a block scalar follows.
    is_block: bool,
    head: Head,
}

/// Reads the head of a text that is one plain document; none where that is not certain.
pub(super) fn head(text: &[u8]) -> Option<Head> {
    if !is_plain(text) {
        return None;
    }
    let mut outline = Outline {
        levels: Vec::with_capacity(8),
        keys: Vec::with_capacity(32),
        awaited: None,
        is_block: false,
        head: Head::default(),
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if outline.is_block {
            outline.is_block = false;
            at += outline.block(rest)?;
            continue;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        outline.line(rest.get(..end)?)?;
        at += end + 1;
    }
    outline.head.annotations.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(outline.head)
}

/// Whether all bytes are printable ASCII or line feeds.
fn is_plain(text: &[u8]) -> bool {
    let fine = |b: &u8| (b' '..=b'~').contains(b) || *b == b'\n';
    // Block by block: the compiler turns the inner loop into vector code.
    text.chunks(64).all(|block| block.iter().fold(true, |all, b| all & fine(b)))
}

fn indent(line: &[u8]) -> usize {
    line.iter().position(|b| *b != b' ').unwrap_or(line.len())
}

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| *b != b' ').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Whether the text begins an item of a list.
fn is_dash(text: &[u8]) -> bool {
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
            Some(b'.') => return None,
            Some(_) => {}
        }
        let is_item = is_dash(text);
        match (self.levels.last(), self.awaited.take()) {
            (None, _) if is_item => return None,
            (None, _) => self.open(column, false, Place::Root)?,
            (Some(level), Some(place)) if column > level.column => self.open(column, is_item, place)?,
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
        if !is_item {
            return self.entry(text);
        }
        let item = text.get(1..)?;
        let inner = indent(item);
        let item = item.get(inner..)?;
        if item.is_empty() {
            self.awaited = Some(Place::Other);
            return Some(());
        }
        if is_dash(item) || item.first() == Some(&b'#') {
            return None;
        }
        if key(item).is_some() {
            self.open(column + 1 + inner, false, Place::Other)?;
            return self.entry(item);
        }
        self.is_block = matches!(value(item)?, Value::Block);
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
    fn entry(&mut self, text: &'t [u8]) -> Option<()> {
        let (name, rest) = key(text)?;
        let level = self.levels.last()?;
        let (place, known) = (level.place, self.keys.get(level.first..)?);
        if known.len() >= MAX_KEYS || known.contains(&name) {
            return None;
        }
        self.keys.push(name);
        let rest = rest.get(indent(rest)..)?;
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
        if rest.is_empty() {
            self.awaited = Some(inner);
            return (!is_text).then_some(());
        }
        match value(rest)? {
            Value::Text(text) if is_text => {
                let text = Str::from(text);
                match field {
                    Some(&"apiVersion") => self.head.api_version = text,
                    Some(&"kind") => self.head.kind = text,
                    Some(&"name") => self.head.name = text,
                    Some(&"namespace") => self.head.namespace = text,
                    _ => self.head.annotations.push((Str::from(name), text)),
                }
            }
            Value::EmptyMap if inner != Place::Other => {}
            Value::Block if !is_text && inner == Place::Other => self.is_block = true,
            _ if is_text || inner != Place::Other => return None,
            _ => {}
        }
        Some(())
    }

    /// Passes over the lines of a block scalar; how many bytes they are.
    fn block(&mut self, text: &[u8]) -> Option<usize> {
        let parent = self.levels.last()?.column;
        let mut at = 0;
        let mut column = None;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end)?;
            let spaces = indent(line);
            match column {
                // Spaces before the first line could be more than it has.
                None if spaces == line.len() && spaces > 0 => return None,
                _ if spaces == line.len() => {}
                None if spaces > parent => column = Some(spaces),
                Some(column) if spaces >= column => {}
                _ => break,
            }
            at += end + 1;
        }
        Some(at.min(text.len()))
    }
}

/// The key at the beginning of an entry, and what stands behind its colon.
fn key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = match text.first()? {
        quote @ (b'"' | b'\'') => {
            let inner = text.get(1..)?;
            let end = memchr::memchr(*quote, inner)?;
            let name = inner.get(..end)?;
            if name.contains(&b'\\') {
                return None;
            }
            (name, inner.get(end + 1..)?)
        }
        first if first.is_ascii_alphabetic() || *first == b'_' => {
            let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"_./-".contains(b);
            let end = text.iter().position(|b| !is_part(b))?;
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
fn value(text: &[u8]) -> Option<Value<'_>> {
    Some(match *text.first()? {
        quote @ (b'"' | b'\'') => {
            let inner = text.get(1..)?;
            let end = memchr::memchr(quote, inner)?;
            let content = inner.get(..end)?;
            if end + 1 != inner.len() || quote == b'"' && content.contains(&b'\\') {
                return None;
            }
            Value::Text(content)
        }
        b'{' if text == b"{}" => Value::EmptyMap,
        b'[' if text == b"[]" => Value::EmptyList,
        b'|' | b'>' if matches!(text.get(1..)?, b"" | b"-" | b"+") => Value::Block,
        first => {
            let is_number = first.is_ascii_digit();
            let is_flag = text.starts_with(b"--") && text.get(2).is_some_and(u8::is_ascii_alphabetic);
            // `.5`, `.inf` and `.nan` are numbers.
            let is_path = matches!(text, [b'.', next, ..] if next.is_ascii_alphabetic() && !b"iInN".contains(next));
            if !(first.is_ascii_alphabetic() || is_number || is_flag || is_path || b"/_$(^".contains(&first)) {
                return None;
            }
            if !is_one_plain(text) || is_number && !is_tame(text) {
                return None;
            }
            if is_number || is_word(text) { Value::Scalar } else { Value::Text(text) }
        }
    })
}

/// Whether a plain scalar ends where the line does, and holds neither a comment nor another key.
fn is_one_plain(text: &[u8]) -> bool {
    let is_key = memchr::memchr_iter(b':', text).any(|at| matches!(text.get(at + 1), None | Some(b' ')));
    !is_key && !memchr::memchr_iter(b'#', text).any(|at| at > 0 && text.get(at - 1) == Some(&b' '))
}

/// Whether what begins with a digit is a number that JSON can hold, or for sure none.
fn is_tame(text: &[u8]) -> bool {
    const UNITS: [&[u8]; 14] =
        [b"", b"m", b"s", b"ms", b"h", b"d", b"k", b"M", b"G", b"Ki", b"Mi", b"Gi", b"Ti", b"Pi"];
    let digits = text.iter().position(|b| !b.is_ascii_digit() && *b != b'.').unwrap_or(text.len());
    digits <= 15 && text.get(digits..).is_some_and(|unit| UNITS.contains(&unit)) || text.contains(&b'/')
}

#[cfg(test)]
mod tests {
    use super::super::head::scanned;
    use super::*;

    const DOCUMENTS: [&str; 8] = [
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: b\n  annotations:\n    z: \"1\"\n    helm.sh/hook: 'pre-install'\n  labels: {}\nspec:\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n  - port: 8080m\n  type: ClusterIP\n",
        "# Source: x\nkind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: \"a-b\"\n  annotations: {}\nspec:\n  template:\n    spec:\n      containers:\n        - args:\n            - --flag=true\n            - $(VAR)\n            - /bin/sh\n          name: x\n\n          env: []\n          image: \"r/i:1.2.3\"\n        -\n          name: y\n",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {}\ndata:\n  a: |\n    one\n      two\n\n    # three\n  b: |-\n\n   x\n  c: >+\n    folded\n    text\n\n# end\n  d: plain text, with [some] {signs}\n  e: http://example.com/x#y\n",
        "metadata:\n  annotations:\n  name: x\nkind: X\nlist:\n- a\n- b: 1\n  c:\n  - d\n- |\n  text\n- e:\n    f: 1.5\n",
        "  kind: A\n  metadata:\n    name: b\n  spec:\n  - a: 10.0.0.0/8\n    b: true\n    c:\n",
        "a: 1\nb: text\nc: yes\nd:\n  e:\n    f:\n      g: h\n  i: j\nk: l\n",
        "kind: CustomResourceDefinition\nspec:\n  - jsonPath: .status.phase\n    pattern: ^[a-z]*$\n    x: .spec\n",
        "kind: Secret\ntype: Opaque\n\"quoted\": 'x'\ndata:\n  tls.crt: LS0t==\n  \"a b\": \"\"\n",
    ];

    /// What is read here the scanner reads the same way.
    #[test]
    fn as_the_scanner_says() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        const PARTS: [&str; 51] = [
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
            "!!str",
            "---\n",
            "...",
            "?",
            "%",
            "<<: *a",
            "\t",
            "é",
            "namespace: on",
        ];
        let (mut plain, mut wrong) = (0, 0);
        // More of them, after a change here.
        let rounds = std::env::var("RHELM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60_000);
        for round in 0..rounds {
            let mut text = DOCUMENTS[round % DOCUMENTS.len()].to_owned();
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
                plain += 1;
                assert_eq!(Ok(head), scanned(text.as_bytes()).map_err(|error| error.message), "{text}");
            } else {
                wrong += usize::from(scanned(text.as_bytes()).is_err());
            }
        }
        assert!(plain > 20_000 && wrong > 5_000, "{plain} {wrong}");
        let long = "a".repeat(1_100);
        for text in [format!("kind: A\n{long}:\n  x: 1\n"), format!("kind: A\n- \"{long}\":\n"), format!("{long}: 1\n")]
        {
            assert!(head(text.as_bytes()).is_none());
        }
        for document in DOCUMENTS {
            assert!(head(document.as_bytes()).is_some(), "{document}");
        }
    }
}
