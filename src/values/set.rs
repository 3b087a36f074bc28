//! The grammar of `--set` and its sisters (Helm: pkg/strvals).
//!
//! An argument is one stream of runes: `key=value[,key=value…]`, keys split at `.` and `[n]`. What has been
//! set before a failure stays set, as in Helm; an argument that merely ends too soon is no failure.

use crate::go::quote::quoted;
use crate::go::quote::{Show, quote_char};
use crate::go::strconv;
use crate::stack::deeper;
use crate::value::{Map, MapRef, MapType, Str, Value};

/// The highest index that `a[n]=…` takes.
const MAX_INDEX: i64 = 65_536;

/// How many dots a key may have.
const MAX_LEVEL: usize = 30;

/// Reads the file that a `--set-file` value names; the error is Helm's words.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Str, String> + 'a;

/// How the value after `=` is taken.
pub enum Mode<'a> {
    /// `--set`: booleans, null and decimal 64-bit integers are recognised, the rest are strings.
    Typed,
    /// `--set-string`: always a string.
    Text,
    /// `--set-json`: `key=JSON`.
    Json,
    /// `--set-file`: the text of the file that is named.
    File(&'a mut ReadFile<'a>),
    /// `--set-literal`: the rest of the argument, as it stands.
    Literal,
}

/// Why an argument cannot be taken.
#[derive(Debug)]
pub struct Refused {
    /// Helm's words, without `failed parsing --set data: `.
    pub words: String,
    /// What stands in the way, if it is that.
    pub met: Option<Met>,
}

/// A value that stands where something would have to go on.
#[derive(Debug)]
pub struct Met {
    /// The keys that lead to it, items of lists by their numbers.
    pub path: Vec<String>,
    /// That as it is typed: `a[0].b`.
    pub shown: String,
    /// What it is, with its article.
    pub found: &'static str,
    /// What it would have to be, with its article.
    pub wanted: &'static str,
}

impl From<String> for Refused {
    fn from(words: String) -> Self {
        Refused { words, met: None }
    }
}

/// Sets in `into` what the argument says.
///
/// # Errors
/// What is wrong with it, or with what it is to be set in.
pub fn parse(argument: &[u8], mode: Mode<'_>, into: &MapRef) -> Result<(), Refused> {
    let mut parser = Parser { bytes: argument, at: 0, mode };
    loop {
        match parser.key(into, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(words)) => return Err(words.into()),
            Err(Stop::Met(words, met)) => return Err(Refused { words, met: Some(met) }),
        }
    }
}

/// Why a piece of the argument gave no value.
enum Stop {
    /// The argument ended, which Helm takes as success wherever it happens.
    End,
    /// Helm's words.
    Failed(String),
    /// The same, and what stands in the way; its path begins where the piece does.
    Met(String, Met),
}

impl Stop {
    fn failed(words: impl Into<String>) -> Stop {
        Stop::Failed(words.into())
    }

    /// Go's `%w`: the end stays the end under every wrapping.
    fn wrap(self, prefix: &str) -> Stop {
        match self {
            Stop::End => Stop::End,
            Stop::Failed(words) => Stop::Failed(format!("{prefix}{words}")),
            Stop::Met(words, met) => Stop::Met(format!("{prefix}{words}"), met),
        }
    }

    /// The same, seen from the map that has the key.
    fn below(mut self, key: &str) -> Stop {
        if let Stop::Met(_, met) = &mut self {
            let dot = if met.shown.is_empty() || met.shown.starts_with('[') { "" } else { "." };
            met.shown = format!("{key}{dot}{}", met.shown);
            met.path.insert(0, key.to_owned());
        }
        self
    }

    /// The same, seen from the list that has the item.
    fn in_item(self, index: i64) -> Stop {
        let mut stop = self.below(&format!("[{index}]"));
        if let Stop::Met(_, Met { path, .. }) = &mut stop
            && let Some(first) = path.first_mut()
        {
            *first = index.to_string();
        }
        stop
    }
}

struct Parser<'a, 'm> {
    bytes: &'a [u8],
    at: usize,
    mode: Mode<'m>,
}

impl Parser<'_, '_> {
    /// The next rune; a byte that is no UTF-8 is U+FFFD, each by itself.
    fn rune(&mut self) -> Option<char> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let first = *rest.first()?;
        if first < 0x80 {
            self.at += 1;
            return Some(char::from(first));
        }
        let (rune, size) = bstr::decode_utf8(rest);
        match rune {
            Some(rune) => {
                self.at += size;
                Some(rune)
            }
            None => {
                self.at += 1;
                Some(char::REPLACEMENT_CHARACTER)
            }
        }
    }

    /// The next rune, left where it is.
    fn peek(&mut self) -> Option<char> {
        let at = self.at;
        let rune = self.rune();
        self.at = at;
        rune
    }

    fn literal(&self) -> bool {
        matches!(self.mode, Mode::Literal)
    }

    /// The text up to one of `stops`, which is consumed; `None` for the stop where the argument ends.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(rune) = self.rune() {
            if stops.contains(&rune) {
                return (text, Some(rune));
            }
            if rune == '\\' && !self.literal() {
                match self.rune() {
                    Some(next) => text.push(next),
                    None => return (text, None),
                }
            } else {
                text.push(rune);
            }
        }
        (text, None)
    }

    fn key(&mut self, data: &MapRef, level: usize) -> Result<(), Stop> {
        deeper(|| self.key_here(data, level))
    }

    fn key_here(&mut self, data: &MapRef, level: usize) -> Result<(), Stop> {
        let stops: &[char] = if self.literal() { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(no_value("key", &key, "")),
            Some('[') => {
                let index = self.index().map_err(|e| e.wrap("error parsing index: "))?;
                let list = match data.get(&key) {
                    None => Vec::new(),
                    Some(Value::List(_, items)) => items.to_vec(),
                    Some(other) => return Err(no_list(&other).below(&key)),
                };
                let (list, outcome) = self.item(list, index, level);
                let outcome = outcome.map_err(|stop| stop.below(&key));
                put(data, key, Value::list(list));
                outcome
            }
            Some('=') => self.value(data, key),
            Some('.') => {
                let level = level + 1;
                if level > MAX_LEVEL {
                    return Err(Stop::failed(format!(
                        "value name nested level is greater than maximum supported nested level of {MAX_LEVEL}"
                    )));
                }
                let inner = match data.get(&key) {
                    None => MapRef::new(Map::new()),
                    Some(Value::Map(_, map)) => map,
                    Some(other) => return Err(no_map(&other).below(&key)),
                };
                let outcome = self.key(&inner, level).map_err(|stop| stop.below(&key));
                if inner.is_empty() {
                    if outcome.is_ok() {
                        return Err(no_value("key map", &key, ""));
                    }
                } else {
                    put(data, key, Value::Map(MapType::Any, inner));
                }
                outcome
            }
            Some(_) => {
                let failure = no_value("key", &key, " (cannot end with ,)");
                put(data, key, Value::str(""));
                Err(failure)
            }
        }
    }

    /// What stands after `key=`.
    fn value(&mut self, data: &MapRef, key: String) -> Result<(), Stop> {
        match self.mode {
            Mode::Literal => {
                let (text, _) = self.until(&[]);
                put(data, key, Value::str(text));
                Ok(())
            }
            Mode::Json => {
                let value = self.json()?;
                put(data, key, value);
                Ok(())
            }
            Mode::Typed | Mode::Text | Mode::File(_) => match self.list() {
                Braces::List(items) => {
                    put(data, key, Value::list(items));
                    Ok(())
                }
                Braces::Failed(stop) => Err(stop),
                Braces::Nothing => {
                    put(data, key, Value::str(""));
                    Err(Stop::End)
                }
                Braces::Absent => {
                    let (text, _) = self.until(&[',']);
                    match self.scalar(&text) {
                        Ok(value) => {
                            put(data, key, value);
                            Ok(())
                        }
                        Err(stop) => Err(stop),
                    }
                }
            },
        }
    }

    /// The `n` of `[n]`.
    fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            return Err(Stop::End);
        }
        strconv::atoi(text.as_bytes()).map_err(|e| Stop::Failed(e.to_string()))
    }

    /// What stands after `[n]`, put into the list. The list comes back also when the argument ended.
    fn item(&mut self, list: Vec<Value>, index: i64, level: usize) -> (Vec<Value>, Result<(), Stop>) {
        deeper(|| self.item_here(list, index, level))
    }

    fn item_here(&mut self, mut list: Vec<Value>, index: i64, level: usize) -> (Vec<Value>, Result<(), Stop>) {
        if index < 0 {
            return (list, Err(Stop::failed(format!("negative {index} index not allowed"))));
        }
        let (text, stop) = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            let runes: Vec<String> = text.chars().map(quote_rune).collect();
            let words = format!("unexpected data at end of array index: [{}]", runes.join(" "));
            return (list, Err(Stop::Failed(words)));
        }
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        match stop {
            None => (list, Err(Stop::End)),
            Some('=') => match self.element() {
                Ok(value) => assign(list, index, value),
                Err(stop) => (list, Err(stop)),
            },
            Some('[') => {
                let next = match self.index() {
                    Ok(next) => next,
                    Err(stop) => return (list, Err(stop.wrap("error parsing index: "))),
                };
                let inner = match list.get(place) {
                    None | Some(Value::Nil) => Vec::new(),
                    Some(Value::List(_, items)) => items.to_vec(),
                    Some(other) => {
                        let stop = no_list(other).in_item(index);
                        return (list, Err(stop));
                    }
                };
                let (inner, outcome) = self.item(inner, next, level);
                let outcome = outcome.map_err(|stop| stop.in_item(index));
                if outcome.is_ok() {
                    return assign(list, index, Value::list(inner));
                }
                // The inner list was changed in place, as far as it existed.
                if let Some(slot @ Value::List(..)) = list.get_mut(place) {
                    *slot = Value::list(inner);
                }
                (list, outcome)
            }
            Some(_) => {
                let inner = match list.get(place) {
                    Some(Value::Map(_, map)) => map.clone(),
                    _ => MapRef::new(Map::new()),
                };
                if let Some(slot) = list.get_mut(place) {
                    *slot = Value::Map(MapType::Any, inner.clone());
                }
                match self.key(&inner, level) {
                    Ok(()) => assign(list, index, Value::Map(MapType::Any, inner)),
                    Err(stop) => (list, Err(stop.in_item(index))),
                }
            }
        }
    }

    /// What stands after `[n]=`.
    fn element(&mut self) -> Result<Value, Stop> {
        match self.mode {
            Mode::Literal => Ok(Value::str(self.until(&[]).0)),
            Mode::Json => self.json(),
            Mode::Typed | Mode::Text | Mode::File(_) => match self.list() {
                Braces::List(items) => Ok(Value::list(items)),
                Braces::Failed(stop) => Err(stop),
                Braces::Nothing => Ok(Value::str("")),
                Braces::Absent => {
                    let (text, _) = self.until(&[',']);
                    self.scalar(&text)
                }
            },
        }
    }

    /// `{a,b}`.
    fn list(&mut self) -> Braces {
        match self.peek() {
            None => return Braces::Nothing,
            Some('{') => {}
            Some(_) => return Braces::Absent,
        }
        self.rune();
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            if stop.is_none() {
                return Braces::Failed(Stop::failed("list must terminate with '}'"));
            }
            match self.scalar(&text) {
                Ok(value) => items.push(value),
                Err(stop) => return Braces::Failed(stop),
            }
            if stop == Some('}') {
                if self.peek() == Some(',') {
                    self.rune();
                }
                return Braces::List(items);
            }
        }
    }

    fn scalar(&mut self, text: &str) -> Result<Value, Stop> {
        match &mut self.mode {
            Mode::File(read) => read(text).map(Value::Str).map_err(Stop::Failed),
            Mode::Typed => Ok(typed(text)),
            Mode::Text | Mode::Json | Mode::Literal => Ok(Value::str(text)),
        }
    }

    /// A JSON value, and the blanks and the one comma after it; nothing at all is nil.
    fn json(&mut self) -> Result<Value, Stop> {
        if self.skip_blanks() {
            return Ok(Value::Nil);
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (value, length) = super::layers::first_json(rest).map_err(Stop::Failed)?;
        self.at = self.at.saturating_add(length);
        self.skip_blanks();
        Ok(value)
    }

    /// Skips white space; whether a comma (consumed too) or the end came next.
    fn skip_blanks(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return true,
                Some(',') => {
                    self.rune();
                    return true;
                }
                Some(rune) if rune.is_whitespace() => {
                    self.rune();
                }
                Some(_) => return false,
            }
        }
    }
}

/// What stood where a list could.
enum Braces {
    List(Vec<Value>),
    Failed(Stop),
    /// No `{`.
    Absent,
    /// The end of the argument.
    Nothing,
}

/// The value of a `--set` text.
fn typed(text: &str) -> Value {
    // Go folds runes: the long s is an s.
    let is = |word: &str| {
        text.len() >= word.len()
            && text.chars().count() == word.len()
            && text.chars().zip(word.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == 'ſ' && b == 's'))
    };
    if is("true") {
        return Value::Bool(true);
    }
    if is("false") {
        return Value::Bool(false);
    }
    if is("null") {
        return Value::Nil;
    }
    if text == "0" {
        return Value::int64(0);
    }
    if !text.starts_with('0')
        && let Ok(n) = text.parse::<i64>()
    {
        return Value::int64(n);
    }
    Value::str(text)
}

/// Sets a key; an empty key sets nothing.
fn put(data: &MapRef, key: String, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

fn assign(mut list: Vec<Value>, index: i64, value: Value) -> (Vec<Value>, Result<(), Stop>) {
    if index > MAX_INDEX {
        let words = format!("index of {index} is greater than maximum supported index of {MAX_INDEX}");
        return (list, Err(Stop::Failed(words)));
    }
    let place = usize::try_from(index).unwrap_or_default();
    if list.len() <= place {
        list.resize(place + 1, Value::Nil);
    }
    if let Some(slot) = list.get_mut(place) {
        *slot = value;
    }
    (list, Ok(()))
}

fn no_value(what: &str, key: &str, more: &str) -> Stop {
    Stop::Failed(format!("{what} {} has no value{more}", quoted(key)))
}

/// Something stands where a map is needed.
fn no_map(found: &Value) -> Stop {
    not_a("map[string]interface {}", "a map", found)
}

/// Something stands where a list is needed.
fn no_list(found: &Value) -> Stop {
    not_a("[]interface {}", "a list", found)
}

/// Go's failed type assertion, which Helm recovers from.
fn not_a(go_type: &str, wanted: &'static str, found: &Value) -> Stop {
    let go_found = if found.is_nil() { "nil".into() } else { found.go_type() };
    let words = format!("unable to parse key: interface conversion: interface {{}} is {go_found}, not {go_type}");
    let found = if found.is_nil() { "null" } else { found.in_words() };
    Stop::Met(words, Met { path: Vec::new(), shown: String::new(), found, wanted })
}

/// Go's `%q` of a rune.
fn quote_rune(rune: char) -> String {
    let mut out = Vec::new();
    quote_char(&mut out, rune, Show::Printable);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: &Value) -> String {
        match value {
            Value::Nil => "nil".into(),
            Value::Bool(b) => b.to_string(),
            Value::Int(_, n) => n.to_string(),
            Value::Float(f) => format!("{f}f"),
            Value::Str(s) => format!("{s:?}"),
            Value::List(_, items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
            Value::Map(_, map) => {
                let entries: Vec<_> = map.entries().iter().map(|(k, v)| format!("{k}:{}", show(v))).collect();
                format!("{{{}}}", entries.join(" "))
            }
            other => other.go_type().into_owned(),
        }
    }

    fn run(argument: &str, mode: Mode<'_>) -> String {
        let map = MapRef::new(Map::new());
        match parse(argument.as_bytes(), mode, &map) {
            Ok(()) => show(&Value::Map(MapType::Any, map)),
            Err(refused) => refused.words,
        }
    }

    #[test]
    fn what_stands_in_the_way() {
        for (argument, expected) in [
            ("a.b=1,a.b.c=2", ("a b", "a.b", "a number", "a map")),
            ("a=x,a[0]=1", ("a", "a", "a string", "a list")),
            ("l[1].x[0]=1,l[1].x[0][2]=1", ("l 1 x 0", "l[1].x[0]", "a number", "a list")),
            ("l[0][1].x=null,l[0][1].x.y=1", ("l 0 1 x", "l[0][1].x", "null", "a map")),
        ] {
            let refused = parse(argument.as_bytes(), Mode::Typed, &MapRef::new(Map::new())).unwrap_err();
            let met = refused.met.unwrap();
            assert_eq!(
                (met.path.join(" ").as_str(), met.shown.as_str(), met.found, met.wanted),
                expected,
                "{argument}"
            );
        }
    }

    #[test]
    fn set() {
        for (argument, expected) in [
            ("a=1,b=-5,c=+5,d=010,e=1.5,f=0", r#"{a:1 b:-5 c:5 d:"010" e:"1.5" f:0}"#),
            ("a=TRUE,b=False,c=NULL,d=~", r#"{a:true b:false c:nil d:"~"}"#),
            ("l[0]=a,l[2]=c", r#"{l:["a" nil "c"]}"#),
            ("l[0].x=1,l[0].y=2", "{l:[{x:1 y:2}]}"),
            ("l[0][1]=x", r#"{l:[[nil "x"]]}"#),
            ("l={a,b}", r#"{l:["a" "b"]}"#),
            ("l={}", r#"{l:[""]}"#),
            ("l={{a,b},c}", r#"key "c}" has no value"#),
            ("l={a", "list must terminate with '}'"),
            (r"k=a\,b,a\.b=1", r#"{a.b:1 k:"a,b"}"#),
            ("x=,y=2", r#"{x:"" y:2}"#),
            ("x=1,", "{x:1}"),
            ("x=a=b", r#"{x:"a=b"}"#),
            ("e", r#"key "e" has no value"#),
            ("e,", r#"key "e" has no value (cannot end with ,)"#),
            ("", "{}"),
            ("=1", "{}"),
            ("a..b=1", r#"key map "a" has no value"#),
            ("l[0", "{}"),
            ("l[0]", "{l:[]}"),
            ("l[-1]=1", "negative -1 index not allowed"),
            ("l[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
            ("l[x]=1", r#"error parsing index: strconv.Atoi: parsing "x": invalid syntax"#),
            ("l[0]a=1", "unexpected data at end of array index: ['a']"),
            (
                "a=x,a.b=1",
                "unable to parse key: interface conversion: interface {} is string, not map[string]interface {}",
            ),
        ] {
            assert_eq!(run(argument, Mode::Typed), expected, "{argument}");
        }
    }

    #[test]
    fn other_modes() {
        assert_eq!(run("a=1,b={1,null}", Mode::Text), r#"{a:"1" b:["1" "null"]}"#);
        assert_eq!(run(r"a.b=1,c=\x", Mode::Literal), r#"{a:{b:"1,c=\\x"}}"#);
        assert_eq!(run("a[1]=x]", Mode::Literal), r#"{a:[nil "x]"]}"#);
        let mut read = |path: &str| if path == "f" { Ok(Str::from("text\n")) } else { Err(format!("open {path}: x")) };
        assert_eq!(run("a=f", Mode::File(&mut read)), r#"{a:"text\n"}"#);
        assert_eq!(run("a=g", Mode::File(&mut read)), "open g: x");
    }

    #[test]
    fn deep() {
        let argument = format!("a{}=1", "[0]".repeat(30_000));
        let map = MapRef::new(Map::new());
        assert!(parse(argument.as_bytes(), Mode::Typed, &map).is_ok());
    }
}
