//! Go's package `regexp`, on the automata of the `regex` crate: Go's syntax and errors, its way of walking
//! over matches, its replacement templates.

mod class;
mod parse;

use super::quote::{can_backquote, quoted};
use super::unicode::{decode, is_digit, is_letter};
use crate::value::Str;
use regex_automata::meta::{self, BuildError};
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, HirKind, Look};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// What a compiled pattern may take, in bytes: patterns come from strangers.
const SIZE_LIMIT: usize = 64 << 20;
/// How many compiled patterns a thread keeps, in each of two generations.
const CACHED: usize = 128;
/// What they may take together, in bytes.
const CACHED_SIZE: usize = 64 << 20;

/// Texts of more bytes are searched for literals first, and with a lazy DFA. For a shorter one these take longer to build than they
/// save.
const LONG: usize = 1 << 10;

/// What stands for a byte that is no UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// A compiled pattern.
#[derive(Debug)]
pub struct Regexp {
    pattern: Str,
    engine: meta::Regex,
    /// The engine for long texts, once there is one.
    for_long: OnceCell<Option<meta::Regex>>,
    /// What is in each text that matches: most texts that charts search hold nothing of what they are searched for.
    needed: Vec<u8>,
    /// The names of the groups; the first is the whole match.
    names: Vec<Option<Box<[u8]>>>,
    /// Whether it asks for `\B`, which the engine also finds inside of characters and then skips; the search that
    /// only asks whether there is a match loses other matches by that.
    inside: bool,
}

/// What could be found: a pattern or Go's error for it.
type Compiled = Result<Rc<Regexp>, Rc<str>>;

#[derive(Default)]
struct Cache {
    young: HashMap<Str, Compiled>,
    old: HashMap<Str, Compiled>,
    size: usize,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

impl Cache {
    fn get(&mut self, pattern: &Str) -> Option<Compiled> {
        if let Some(found) = self.young.get(pattern) {
            return Some(found.clone());
        }
        let found = self.old.remove(pattern)?;
        self.put(pattern.clone(), found.clone());
        Some(found)
    }

    fn put(&mut self, pattern: Str, compiled: Compiled) {
        // The engine for long texts, should it come, has one automaton more than this one's, backwards.
        let size = pattern.len() + compiled.as_ref().map_or(0, |r| 3 * r.engine.memory_usage());
        if self.young.len() >= CACHED || self.size.saturating_add(size) > CACHED_SIZE {
            self.old = std::mem::take(&mut self.young);
            self.size = 0;
        }
        self.size = self.size.saturating_add(size);
        self.young.insert(pattern, compiled);
    }
}

/// `regexp.Compile`, remembered per thread. The error is Go's: ``error parsing regexp: missing closing ]: `[` ``.
pub fn compile(pattern: &Str) -> Result<Rc<Regexp>, Rc<str>> {
    if let Some(found) = CACHE.with(|cache| cache.borrow_mut().get(pattern)) {
        return found;
    }
    let compiled = Regexp::new(pattern.clone()).map(Rc::new).map_err(Rc::from);
    CACHE.with(|cache| cache.borrow_mut().put(pattern.clone(), compiled.clone()));
    compiled
}

/// What `regexp.MustCompile` panics with, given the error of [`compile`].
pub fn must_compile_words(pattern: &[u8], error: &str) -> String {
    let shown =
        if can_backquote(pattern) { format!("`{}`", String::from_utf8_lossy(pattern)) } else { quoted(pattern) };
    format!("regexp: Compile({shown}): {error}")
}

/// `regexp.QuoteMeta`: a pattern that matches the text.
pub fn quote_meta(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &b in text {
        if br"\.+*?()|[]{}^$".contains(&b) {
            out.push(b'\\');
        }
        out.push(b);
    }
    out
}

/// A text as Go sees it: each byte that is not UTF-8 is a U+FFFD one byte wide.
struct Subject<'t> {
    /// The text with U+FFFD written out.
    text: Cow<'t, [u8]>,
    /// Where U+FFFD stands for one byte, in `text`.
    replaced: Vec<usize>,
}

impl<'t> Subject<'t> {
    fn new(text: &'t [u8]) -> Self {
        if std::str::from_utf8(text).is_ok() {
            return Subject { text: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let (mut out, mut replaced) = (Vec::with_capacity(text.len() + 16), Vec::new());
        for (at, c, width) in super::unicode::runes(text) {
            if c == char::REPLACEMENT_CHARACTER && width == 1 {
                replaced.push(out.len());
                out.extend_from_slice(REPLACEMENT);
            } else {
                out.extend_from_slice(text.get(at..at + width).unwrap_or_default());
            }
        }
        Subject { text: Cow::Owned(out), replaced }
    }

    /// An offset in `text` as one of the original.
    fn original(&self, offset: usize) -> usize {
        offset - 2 * self.replaced.partition_point(|&at| at < offset)
    }

    fn span(&self, span: Range<usize>) -> Range<usize> {
        if self.replaced.is_empty() { span } else { self.original(span.start)..self.original(span.end) }
    }
}

/// The longest text that is known to be in every match, as it stands in a text before what is no UTF-8 is replaced in it.
fn needed(hir: &Hir) -> &[u8] {
    match hir.kind() {
        HirKind::Literal(literal) if memchr::memmem::find(&literal.0, REPLACEMENT).is_none() => &literal.0,
        HirKind::Capture(group) => needed(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().map(needed).max_by_key(|text| text.len()).unwrap_or_default(),
        _ => &[],
    }
}

/// The pattern, an engine for it, and what it needs.
fn build(pattern: &[u8], is_for_long: bool) -> Result<(meta::Regex, parse::Parsed, Vec<u8>), String> {
    // A pattern has at most a thousand levels; the walk over them takes more stack than a thread may have left.
    stacker::maybe_grow(4 << 20, 16 << 20, || {
        let parsed = parse::parse(pattern).map_err(|e| e.to_string())?;
        // Charts search short texts with many patterns: what takes longest to build is left out.
        let config = meta::Config::new().utf8_empty(true).nfa_size_limit(Some(SIZE_LIMIT)).dfa(false).onepass(false);
        let config = config.hybrid(is_for_long).auto_prefilter(is_for_long);
        let engine = meta::Regex::builder().configure(config).build_from_hir(&parsed.hir);
        let engine = engine.map_err(|e: BuildError| match e.size_limit() {
            Some(_) => {
                let shown = String::from_utf8_lossy(pattern);
                format!("error parsing regexp: {}: `{shown}`", parse::TOO_LARGE)
            }
            None => format!("error parsing regexp: {e}"),
        })?;
        let needed = needed(&parsed.hir).to_vec();
        Ok((engine, parsed, needed))
    })
}

impl Regexp {
    fn new(pattern: Str) -> Result<Regexp, String> {
        let (engine, parsed, needed) = build(&pattern, false)?;
        let inside = parsed.hir.properties().look_set().contains(Look::WordAsciiNegate);
        Ok(Regexp { pattern, engine, for_long: OnceCell::new(), needed, names: parsed.names, inside })
    }

    /// The engine to search so many bytes with.
    fn engine(&self, len: usize) -> &meta::Regex {
        if len <= LONG {
            return &self.engine;
        }
        let for_long = self.for_long.get_or_init(|| build(&self.pattern, true).ok().map(|(engine, ..)| engine));
        for_long.as_ref().unwrap_or(&self.engine)
    }

    /// Whether something is missing that each match has.
    fn lacks(&self, text: &[u8]) -> bool {
        !self.needed.is_empty() && memchr::memmem::find(text, &self.needed).is_none()
    }

    /// `MatchString`
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.inside {
            return self.find(text).is_some();
        }
        !self.lacks(text) && self.engine(text.len()).is_match(Input::new(&*Subject::new(text).text))
    }

    /// `FindStringIndex`: the first match, as offsets.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        if self.lacks(text) {
            return None;
        }
        let subject = Subject::new(text);
        self.engine(text.len()).find(Input::new(&*subject.text)).map(|m| subject.span(m.range()))
    }

    /// `FindAllStringIndex`: at most `n` matches, all when `n` is negative.
    pub fn find_all(&self, text: &[u8], n: i64) -> Vec<Range<usize>> {
        if self.lacks(text) {
            return Vec::new();
        }
        let subject = Subject::new(text);
        let text = &*subject.text;
        let limit = usize::try_from(n).unwrap_or(usize::MAX);
        let engine = self.engine(text.len());
        let mut found = Vec::new();
        let (mut at, mut previous) = (0, None);
        while found.len() < limit && at <= text.len() {
            let Some(m) = engine.find(Input::new(text).span(at..text.len())) else { break };
            let mut accept = true;
            if m.end() == at {
                // An empty match right after a match does not count.
                accept = previous != Some(m.start());
                at += width(text, at).unwrap_or(1);
            } else {
                at = m.end();
            }
            previous = Some(m.end());
            if accept {
                found.push(subject.span(m.range()));
            }
        }
        found
    }

    /// `Split`: at most `n` parts, all when `n` is negative; `None` is Go's nil slice. `empty_pattern` tells
    /// whether the pattern was the empty text.
    pub fn split<'t>(&self, text: &'t [u8], n: i64, empty_pattern: bool) -> Option<Vec<&'t [u8]>> {
        if n == 0 {
            return None;
        }
        if !empty_pattern && text.is_empty() {
            return Some(vec![b""]);
        }
        let (mut parts, mut from, mut end) = (Vec::new(), 0, 0);
        for m in self.find_all(text, n) {
            if n > 0 && parts.len() as i64 >= n - 1 {
                break;
            }
            end = m.start;
            if m.end != 0 {
                parts.push(text.get(from..end).unwrap_or_default());
            }
            from = m.end;
        }
        if end != text.len() {
            parts.push(text.get(from..).unwrap_or_default());
        }
        Some(parts)
    }

    /// `ReplaceAllLiteralString`
    pub fn replace_all_literal(&self, text: &[u8], replacement: &[u8]) -> Vec<u8> {
        if self.lacks(text) {
            return text.to_vec();
        }
        let engine = self.engine(text.len());
        let mut captures = Captures::matches(engine.group_info().clone());
        self.replace(engine, text, &mut captures, |out, _, _| out.extend_from_slice(replacement))
    }

    /// `ReplaceAllString`: `$1`, `${name}` in the template are what the groups matched.
    pub fn replace_all(&self, text: &[u8], template: &[u8]) -> Vec<u8> {
        if !template.contains(&b'$') {
            return self.replace_all_literal(text, template);
        }
        if self.lacks(text) {
            return text.to_vec();
        }
        let pieces = self.template(template);
        let engine = self.engine(text.len());
        let mut captures = engine.create_captures();
        self.replace(engine, text, &mut captures, |out, captures, text| {
            for piece in &pieces {
                match piece {
                    Piece::Text(text) => out.extend_from_slice(text),
                    Piece::Groups(groups) => {
                        let found = groups.iter().find_map(|&group| captures(group));
                        out.extend_from_slice(found.and_then(|span| text.get(span)).unwrap_or_default());
                    }
                }
            }
        })
    }

    fn replace(
        &self,
        engine: &meta::Regex,
        original: &[u8],
        captures: &mut Captures,
        write: impl Fn(&mut Vec<u8>, &dyn Fn(usize) -> Option<Range<usize>>, &[u8]),
    ) -> Vec<u8> {
        let subject = Subject::new(original);
        let text = &*subject.text;
        let mut out = Vec::with_capacity(original.len());
        let (mut copied, mut at) = (0, 0);
        while at <= text.len() {
            engine.search_captures(&Input::new(text).span(at..text.len()).anchored(Anchored::No), captures);
            let Some(m) = captures.get_match() else { break };
            let span = subject.span(m.range());
            out.extend_from_slice(original.get(copied..span.start).unwrap_or_default());
            // An empty match right after a match is not replaced.
            if span.end > copied || span.start == 0 {
                let group = |i: usize| captures.get_group(i).map(|s| subject.span(s.range()));
                write(&mut out, &group, original);
            }
            copied = span.end;
            let step = width(text, at).unwrap_or(0);
            at = if at + step > m.end() {
                at + step
            } else if at + 1 > m.end() {
                at + 1
            } else {
                m.end()
            };
        }
        out.extend_from_slice(original.get(copied..).unwrap_or_default());
        out
    }

    /// A replacement template, taken apart.
    fn template<'t>(&self, template: &'t [u8]) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some(at) = rest.iter().position(|&b| b == b'$') {
            pieces.push(Piece::Text(rest.get(..at).unwrap_or_default()));
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix(b"$") {
                pieces.push(Piece::Text(b"$"));
                rest = after;
                continue;
            }
            let Some((name, after)) = group_name(rest) else {
                pieces.push(Piece::Text(b"$"));
                continue;
            };
            rest = after;
            pieces.push(Piece::Groups(match group_number(name) {
                Some(n) => vec![n],
                // Of groups with the same name the first that matched.
                None => {
                    let named = self.names.iter().enumerate().filter(|(_, known)| known.as_deref() == Some(name));
                    named.map(|(i, _)| i).collect()
                }
            }));
        }
        pieces.push(Piece::Text(rest));
        pieces
    }
}

enum Piece<'t> {
    Text(&'t [u8]),
    Groups(Vec<usize>),
}

fn width(text: &[u8], at: usize) -> Option<usize> {
    decode(text.get(at..)?).map(|(_, width)| width)
}

/// `name` or `{name}` at the start, and what follows.
fn group_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let braced = text.strip_prefix(b"{");
    let from = braced.unwrap_or(text);
    let mut len = 0;
    while let Some((c, width)) = decode(from.get(len..)?) {
        if !is_letter(c) && !is_digit(c) && c != '_' {
            break;
        }
        len += width;
    }
    let (name, rest) = from.split_at_checked(len)?;
    if name.is_empty() {
        return None;
    }
    Some((name, if braced.is_some() { rest.strip_prefix(b"}")? } else { rest }))
}

fn group_number(name: &[u8]) -> Option<usize> {
    if name.len() > 1 && name.first() == Some(&b'0') || name.len() > 9 || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regexp(pattern: &str) -> Rc<Regexp> {
        compile(&pattern.into()).unwrap()
    }

    #[test]
    fn errors() {
        for (pattern, want) in [
            ("[", "missing closing ]: `[`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("(?:a{100}){11}", "invalid repeat count: `{11}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            ("a\\", "trailing backslash at end of expression: ``"),
            ("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`"),
        ] {
            let error = compile(&pattern.into()).unwrap_err();
            assert_eq!(&*error, format!("error parsing regexp: {want}"));
        }
        let deep = "(".repeat(1001) + &")".repeat(1001);
        assert!(compile(&deep.as_str().into()).unwrap_err().contains("expression nests too deeply"));
        assert_eq!(must_compile_words(b"[", "e"), "regexp: Compile(`[`): e");
    }

    #[test]
    fn walks_over_matches() {
        for (pattern, text, template, want) in [
            ("a*", "baac", "x", "xbxcx"),
            ("", "é", "-", "-é-"),
            (r"\B", "éa", "-", "-éa"),
            ("(a)(b)?", "ab a", "[$2_$1]", "[a] [a]"),
            ("(?P<n>a)", "ab", "${n}$$$0$", "a$a$b"),
            (r"(?i)straße", "STRASSE Straße", "x", "STRASSE x"),
            (r"\d+", "1 ٣", "n", "n ٣"),
        ] {
            let got = regexp(pattern).replace_all(text.as_bytes(), template.as_bytes());
            assert_eq!(String::from_utf8_lossy(&got), want, "{pattern}");
        }
        assert_eq!(regexp(".").find_all(b"a\xffb", -1), [0..1, 1..2, 2..3]);
        assert_eq!(regexp("").split(b"abc", -1, true).unwrap(), [b"a", b"b", b"c"]);
        assert_eq!(regexp(",").split(b"a,b,c", 2, false).unwrap(), [&b"a"[..], b"b,c"]);
        assert!(regexp(r"(?:\B|\PN{2}){1,2}?").is_match(b"a\xffb"));
        assert!(regexp("a$").find(b"a\n").is_none());
    }
}
