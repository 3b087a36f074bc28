//! TOML as values, as BurntSushi/toml 1.6 reads it: the same values, errors, and oddities.
//!
//! The library keeps every table in one tree, and beside it what it knows of each path: whether a table there came
//! into being by the way (`a` in `[a.b]`), and whether an array was set there. Elements of an array of tables share
//! their paths, so what is known of the first holds for the next ones; some texts are read, or refused, only for that.

use super::toml::{Problem, append_key};
use super::toml_scalar::{no_digit, number, signed, word};
use super::toml_scan::{END, Fault, Part, Scanner, char_quoted};
use crate::go::quote::quoted;
use crate::stack::deeper;
use crate::value::{Elem, ListType, MAX_DEPTH, Map, MapRef, MapType, Str, Value};
use std::collections::HashMap;

/// The tables of a document. Integers are `int64`; `[[tables]]` are `[]map[string]interface {}`. Times without an
/// offset have that of the local zone at `now`, in nanoseconds since the epoch.
pub(super) fn read(text: &[u8], now: i128) -> Result<Value, Problem> {
    let marks: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"];
    let text = marks.iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
    if text.iter().take(6).any(|b| *b == 0) {
        let words = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(Problem::Error(format!("toml: line 1: {words}")));
    }
    let root = MapRef::new(Map::new());
    let mut reader = Reader {
        scan: Scanner::new(text),
        now,
        root: Step { key: Str::default(), path: 0, table: Some(root.clone()) },
        context: Vec::new(),
        key: Str::default(),
        key_line: 1,
        paths: Paths { known: vec![Known::default()], below: HashMap::new() },
        growing: Vec::new(),
        depth: 0,
    };
    match reader.document() {
        Ok(()) => {
            reader.finish_arrays();
            Ok(Value::Map(MapType::Any, root))
        }
        Err(Fault { line: None, words }) => Err(Problem::Panic(words.into())),
        Err(Fault { line: Some(line), words }) => {
            let last = reader.last_key();
            let last = if last.is_empty() { String::new() } else { format!(" (last key {})", quoted(&last)) };
            Err(Problem::Error(format!("toml: line {line}{last}: {words}")))
        }
    }
}

/// A part of the path to a table.
#[derive(Clone)]
struct Step {
    key: Str,
    /// Its place in [`Paths`].
    path: usize,
    /// The table there, of an array of tables the last; `None` if it is something else.
    table: Option<MapRef>,
}

/// What is known of a path.
#[derive(Clone, Copy, Default)]
struct Known {
    implicit: bool,
    array: bool,
}

struct Paths {
    known: Vec<Known>,
    below: HashMap<(usize, Str), usize>,
}

impl Paths {
    fn at(&mut self, parent: usize, key: &Str) -> usize {
        let new = self.known.len();
        let found = *self.below.entry((parent, key.clone())).or_insert(new);
        if found == new {
            self.known.push(Known::default());
        }
        found
    }

    fn of(&mut self, path: usize) -> &mut Known {
        if path >= self.known.len() {
            self.known.resize(path + 1, Known::default());
        }
        &mut self.known[path]
    }
}

/// An array of tables. While the document is read its place holds a list of this type with its number in
/// [`Reader::growing`], as a list cannot grow.
struct Growing {
    parent: MapRef,
    key: Str,
    tables: Vec<MapRef>,
}

const TABLES: ListType = ListType { elem: Elem::Map, nil: false };

struct Reader<'t> {
    scan: Scanner<'t>,
    now: i128,
    root: Step,
    /// The path to the table that keys are set in, without the root.
    context: Vec<Step>,
    /// The last part of the key whose value is read.
    key: Str,
    /// Where the key that was read last starts.
    key_line: i64,
    paths: Paths,
    growing: Vec<Growing>,
    depth: usize,
}

/// A path as errors name it.
fn path_words(steps: &[Step]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        append_key(&mut out, &step.key);
    }
    out
}

fn blank_table() -> (MapRef, Value) {
    let table = MapRef::new(Map::new());
    (table.clone(), Value::Map(MapType::Any, table))
}

impl<'t> Reader<'t> {
    fn last_key(&self) -> Vec<u8> {
        let mut words = path_words(&self.context);
        if !self.key.is_empty() {
            if !self.context.is_empty() {
                words.push(b'.');
            }
            words.extend_from_slice(&self.key);
        }
        words
    }

    /// An error in the line of the last key.
    fn refuse<T>(&self, words: String) -> Result<T, Fault> {
        Err(Fault { line: Some(self.key_line), words })
    }

    /// [`Reader::refuse`] about a path.
    fn refuse_key<T>(&self, steps: &[Step], last: Option<&Str>, words: &str) -> Result<T, Fault> {
        let mut steps = steps.to_vec();
        steps.extend(last.map(|key| Step { key: key.clone(), path: 0, table: None }));
        self.refuse(format!("Key '{}' {words}", String::from_utf8_lossy(&path_words(&steps))))
    }

    fn document(&mut self) -> Result<(), Fault> {
        loop {
            self.scan.space()?;
            match self.scan.peek()? {
                END => return Ok(()),
                '[' => self.header()?,
                _ => self.pair(None)?,
            }
            self.scan.blanks()?;
            match self.scan.next()? {
                '#' => self.scan.comment()?,
                '\n' | '\r' => {}
                END => return Ok(()),
                c => {
                    let found = char_quoted(c);
                    return self.scan.fail(format!(
                        "expected a top-level item to end with a newline, comment, or EOF, but got {found} instead"
                    ));
                }
            }
        }
    }

    fn part(&mut self, first: bool) -> Result<Str, Fault> {
        let part = self.scan.key_part()?;
        if first {
            self.key_line = self.scan.line;
        }
        self.scan.unescape(&part)
    }

    /// `[table]` or `[[tables]]`, of which only the end of the line is left.
    fn header(&mut self) -> Result<(), Fault> {
        self.scan.next()?;
        let array = self.scan.accept('[')?;
        let mut key = Vec::new();
        loop {
            self.scan.blanks()?;
            match self.scan.peek()? {
                ']' | END => {
                    return self.scan.fail("unexpected end of table name (table names cannot be empty)");
                }
                '.' => return self.scan.fail("unexpected table separator (table names cannot be empty)"),
                _ => {}
            }
            key.push(self.part(key.is_empty())?);
            self.scan.blanks()?;
            match self.scan.next()? {
                '.' => {}
                ']' => break,
                c => {
                    let found = char_quoted(c);
                    return self.scan.fail(format!("expected '.' or ']' to end table name, but got {found} instead"));
                }
            }
        }
        if array {
            let c = self.scan.next()?;
            if c != ']' {
                let found = char_quoted(c);
                return self
                    .scan
                    .fail(format!("expected end of table array name delimiter ']', but got {found} instead"));
            }
        }
        let Some(last) = key.pop() else { return Ok(()) };
        let mut steps: Vec<Step> = Vec::with_capacity(key.len() + 1);
        for key in key {
            let parent = steps.last().unwrap_or(&self.root);
            let path = self.paths.at(parent.path, &key);
            let Some(table) = parent.table.clone() else { return Ok(()) };
            if !table.borrow().contains(&key) {
                self.paths.of(path).implicit = true;
                table.insert(key.clone(), blank_table().1);
            }
            let found = self.table_at(&table, &key);
            let missing = found.is_none();
            steps.push(Step { key, path, table: found });
            if missing {
                return self.refuse_key(&steps, None, "was already created as a hash.");
            }
        }
        self.context = steps;
        self.enter(last, array)?;
        self.set_type(None, false);
        Ok(())
    }

    /// The table under a key: of an array of tables the last.
    fn table_at(&self, table: &MapRef, key: &Str) -> Option<MapRef> {
        match table.borrow().get(key)? {
            Value::Map(_, table) => Some(table.clone()),
            marker => self.growing.get(growing_number(marker)?)?.tables.last().cloned(),
        }
    }

    /// Makes a table under a key of the context, or takes the one that may be there, and goes into it.
    fn enter(&mut self, key: Str, array: bool) -> Result<(), Fault> {
        let here = self.context.last().unwrap_or(&self.root).clone();
        let Some(table) = here.table else {
            return self.refuse_key(&self.context, None, "was already created as a hash.");
        };
        if array {
            let found = table.get(&key);
            let number = match &found {
                Some(marker) => growing_number(marker),
                None => {
                    let number = self.growing.len();
                    self.growing.push(Growing { parent: table.clone(), key: key.clone(), tables: Vec::new() });
                    let marker = vec![Value::int(i64::try_from(number).unwrap_or_default())];
                    table.insert(key.clone(), Value::List(TABLES, marker.into()));
                    Some(number)
                }
            };
            let Some(growing) = number.and_then(|number| self.growing.get_mut(number)) else {
                return self.refuse_key(
                    &self.context,
                    Some(&key),
                    "was already created and cannot be used as an array.",
                );
            };
            growing.tables.push(MapRef::new(Map::new()));
        } else {
            self.set(&key, blank_table().1)?;
        }
        let path = self.paths.at(here.path, &key);
        let table = self.table_at(&table, &key);
        self.context.push(Step { key, path, table });
        Ok(())
    }

    /// Sets a key in the context.
    fn set(&mut self, key: &Str, value: Value) -> Result<(), Fault> {
        const TWICE: &str = "has already been defined.";
        let here = self.context.last().unwrap_or(&self.root);
        let Some(table) = here.table.clone() else {
            return self.refuse_key(&self.context, None, TWICE);
        };
        if table.borrow().contains(key) {
            let path = self.paths.at(here.path, key);
            let known = self.paths.of(path);
            if !known.implicit {
                return self.refuse_key(&self.context, Some(key), TWICE);
            }
            known.implicit = false;
            if !known.array {
                return Ok(());
            }
        }
        table.insert(key.clone(), value);
        Ok(())
    }

    /// Notes whether a key of the context, or else the context, is an array.
    fn set_type(&mut self, key: Option<&Str>, array: bool) {
        let here = self.context.last().unwrap_or(&self.root).path;
        let key = key.cloned().unwrap_or_default();
        // The library takes an empty key for none, except at the top.
        let path = if key.is_empty() && !self.context.is_empty() {
            here
        } else if array || self.paths.below.contains_key(&(here, key.clone())) {
            self.paths.at(here, &key)
        } else {
            return;
        };
        self.paths.of(path).array = array;
    }

    /// A key and its value. In an inline table they go into `inline` too.
    fn pair(&mut self, inline: Option<&MapRef>) -> Result<(), Fault> {
        let outer = self.context.len();
        let parents = self.key_of_pair()?;
        for key in &parents {
            let here = self.context.last().unwrap_or(&self.root).path;
            let path = self.paths.at(here, key);
            self.paths.of(path).implicit = true;
            self.enter(key.clone(), false)?;
        }
        let value = self.value(false)?;
        let key = self.key.clone();
        self.set(&key, value.clone())?;
        self.set_type(Some(&key), matches!(value, Value::List(..)));
        if let Some(inline) = inline {
            let mut table = inline.clone();
            for key in &parents {
                let found = table.get(key);
                table = match found {
                    Some(Value::Map(_, below)) => below,
                    Some(_) => {
                        return self.refuse(format!("{} is not a table", quoted(path_words(&self.context))));
                    }
                    None => {
                        let (below, value) = blank_table();
                        table.insert(key.clone(), value);
                        below
                    }
                };
            }
            table.insert(key, value);
        } else {
            self.key = Str::default();
        }
        self.context.truncate(outer);
        Ok(())
    }

    /// Reads a key and its `=`. The last part becomes the key of the reader, the others are returned.
    fn key_of_pair(&mut self) -> Result<Vec<Str>, Fault> {
        let mut parts = Vec::new();
        match self.scan.peek()? {
            '=' | END => return self.scan.fail("unexpected '=': key name appears blank"),
            '.' => return self.scan.fail("unexpected '.': keys cannot start with a '.'"),
            _ => {}
        }
        loop {
            let part = self.part(parts.is_empty())?;
            self.scan.blanks()?;
            match self.scan.next()? {
                '.' => parts.push(part),
                '=' => {
                    self.key = part;
                    return Ok(parts);
                }
                END => return self.scan.fail("unexpected EOF; expected key separator '='"),
                c => {
                    let words = format!("expected '.' or '=', but got {} instead", char_quoted(c));
                    return if c == '\n' { self.scan.fail_above(1, words) } else { self.scan.fail(words) };
                }
            }
            self.scan.blanks()?;
            match self.scan.peek()? {
                '=' | END => return self.scan.fail("unexpected '='"),
                '.' => return self.scan.fail("unexpected '.'"),
                _ => {}
            }
        }
    }

    /// A value; `in_array` if an array holds it.
    fn value(&mut self, in_array: bool) -> Result<Value, Fault> {
        self.scan.blanks()?;
        match self.scan.peek()? {
            '0'..='9' => number(&mut self.scan, self.now),
            '+' | '-' => signed(&mut self.scan),
            '.' => no_digit(&self.scan),
            mark @ ('"' | '\'') => self.string(mark).map(Value::Str),
            open @ ('[' | '{') => {
                self.scan.next()?;
                if self.depth >= MAX_DEPTH {
                    let words = format!("the value is nested more than {MAX_DEPTH} levels deep");
                    return Err(Fault { line: None, words });
                }
                self.depth += 1;
                let value = deeper(|| if open == '[' { self.array() } else { self.inline_table(in_array) })?;
                self.depth -= 1;
                Ok(value)
            }
            _ => word(&mut self.scan),
        }
    }

    fn string(&mut self, mark: char) -> Result<Str, Fault> {
        self.scan.next()?;
        let first = self.scan.place();
        let part = if self.scan.accept(mark)? && self.scan.accept(mark)? {
            self.scan.long_string(mark)?
        } else {
            self.scan.back_to(first);
            if mark == '"' { self.scan.string()? } else { Part::plain(self.scan.raw_string()?) }
        };
        self.scan.unescape(&part)
    }

    /// An array after its `[`.
    fn array(&mut self) -> Result<Value, Fault> {
        let key = self.key.clone();
        self.set_type(Some(&key), true);
        let mut items = Vec::new();
        loop {
            self.scan.space()?;
            if self.scan.accept(']')? {
                break;
            }
            if self.scan.accept(',')? {
                return self.scan.fail("unexpected comma");
            }
            items.push(self.value(true)?);
            self.scan.space()?;
            match self.scan.next()? {
                ',' => {}
                ']' => break,
                c => {
                    let found = or_end(c);
                    return self
                        .scan
                        .fail(format!("expected a comma (',') or array terminator (']'), but got {found}"));
                }
            }
        }
        Ok(Value::list(items))
    }

    /// An inline table after its `{`.
    fn inline_table(&mut self, in_array: bool) -> Result<Value, Fault> {
        let (inline, value) = blank_table();
        let key = std::mem::take(&mut self.key);
        let here = self.context.last().unwrap_or(&self.root).path;
        let path = self.paths.at(here, &key);
        self.paths.of(path).implicit = true;
        if let Err(fault) = self.enter(key.clone(), in_array) {
            // The last key of this one error has the table in it, but not that of any other.
            if self.context.last().is_some_and(|step| step.table.is_none()) {
                self.context.push(Step { key, path, table: None });
            }
            return Err(fault);
        }
        loop {
            self.scan.space()?;
            if self.scan.accept('}')? {
                break;
            }
            if self.scan.accept(',')? {
                return self.scan.fail("unexpected comma");
            }
            self.pair(Some(&inline))?;
            self.scan.space()?;
            match self.scan.next()? {
                ',' => {}
                '}' => break,
                c => {
                    let found = or_end(c);
                    return self
                        .scan
                        .fail(format!("expected a comma or an inline table terminator '}}', but got {found} instead"));
                }
            }
        }
        self.context.pop();
        self.key = key;
        Ok(value)
    }

    /// Puts the arrays of tables where their markers stand.
    fn finish_arrays(&mut self) {
        for (number, Growing { parent, key, tables }) in std::mem::take(&mut self.growing).into_iter().enumerate() {
            // An inline array may have taken the place.
            if parent.get(&key).as_ref().and_then(growing_number) == Some(number) {
                let tables = tables.into_iter().map(|table| Value::Map(MapType::Any, table)).collect();
                parent.insert(key, Value::list_of(Elem::Map, tables));
            }
        }
    }
}

/// The number of an array of tables that is still read.
fn growing_number(marker: &Value) -> Option<usize> {
    match marker {
        Value::List(TABLES, items) => match items.first() {
            Some(Value::Int(_, number)) => usize::try_from(*number).ok(),
            _ => None,
        },
        _ => None,
    }
}

fn or_end(c: char) -> String {
    if c == END { "end of file".into() } else { format!("'{c}'") }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{call, run};

    #[test]
    fn reads() {
        assert_eq!(run("fromToml", &["a=[1,2.5]\n[b.c]\nx='y'".into()]), "map[a:[1 2.5] b:map[c:map[x:y]]]");
        for text in ["d = 2024-02-29T13:04:05.5+02:00\n", "d = 2024-02-29\n", "d = 13:04:05\n"] {
            let read = call("fromToml", &[text.into()]).unwrap();
            assert_eq!(run("toToml", &[read]), text);
        }
    }

    #[test]
    fn tells_errors_as_the_library_does() {
        for (text, want) in [
            ("a = ", "line 1 (last key \"a\"): unexpected EOF; expected value"),
            ("a = 1\na = 2", "line 2 (last key \"a\"): Key 'a' has already been defined."),
            ("a = \"x\r\n", "line 0 (last key \"a\"): strings cannot contain newlines"),
            ("a = intrue", "line 1 (last key \"a\"): expected value but found \"ntrue\" instead"),
            ("a = nnf", "line 1 (last key \"a\"): Invalid float value: \"nnf\""),
            ("a = 1:02", "line 1 (last key \"a\"): invalid datetime: \"1:02\""),
            ("a = 1\na.b = {}", "line 2 (last key \"a.b\"): Key 'a' was already created as a hash."),
            ("x = {a = [], a.b = 1}", "line 1 (last key \"x.a.b\"): \"x.a\" is not a table"),
            ("# \u{1}", "line 1: TOML files cannot contain control characters: '0x01'"),
        ] {
            assert_eq!(run("fromToml", &[text.into()]), format!("map[Error:toml: {want}]"), "{text}");
        }
    }

    #[test]
    fn takes_what_the_library_takes() {
        for (text, want) in [
            ("a = []\na.b = 1", "map[a:map[b:1]]"),
            ("x = {y = {a = 1}, y.b = 2}", "map[x:map[y:map[a:1 b:2]]]"),
            ("[[a.b]]\nc = 1\n[a]\nb = [{c = 2}]", "map[a:map[b:[map[c:2]]]]"),
            ("x = {\n a = \"\\x41\\e\", # c\n}", "map[x:map[a:A\u{1b}]]"),
        ] {
            assert_eq!(run("fromToml", &[text.into()]), want, "{text}");
        }
    }

    #[test]
    fn bounds_depth() {
        let text = format!("a = {}", "[{b=".repeat(100_000));
        let words = "the value is nested more than 10000 levels deep";
        assert_eq!(call("fromToml", &[text.into()]).err().unwrap().message, words);
        assert!(call("fromToml", &[format!("{} = 1", "a.".repeat(100_000) + "a").into()]).is_ok());
    }
}
