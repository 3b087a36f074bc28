//! Strings: trimming, cutting, quoting, joining.

use super::Call;
use super::words;
use crate::diagnostic::Failure;
use crate::go::fmt::{self, MAX_TEXT, print_value, too_long};
use crate::go::quote::{self, Show};
use crate::go::reflect::elements;
use crate::go::unicode::{self, decode, decode_last, push_char, runes};
use crate::value::{Elem, ListType, Map, Str, Value};
use bstr::ByteSlice as _;

functions! {
    "abbrev" (width: Int, text: Str) |c| Ok(abbreviate(c.str(1), 0, c.int(0)));
    "abbrevboth" (left: Int, right: Int, text: Str) |c| Ok(abbreviate(c.str(2), c.int(0), c.int(1)));
    "trunc" (length: Int, text: Str) truncate;
    "trim" (text: Str) |c| Ok(part(c, 0, trim_space));
    "trimAll" (cutset: Str, text: Str) |c| Ok(trim_all(c));
    "trimall" (cutset: Str, text: Str) |c| Ok(trim_all(c));
    "trimPrefix" (prefix: Str, text: Str) |c| {
        let prefix = c.str(0);
        Ok(part(c, 1, |s| s.strip_prefix(prefix.as_bytes()).unwrap_or(s)))
    };
    "trimSuffix" (suffix: Str, text: Str) |c| {
        let suffix = c.str(0);
        Ok(part(c, 1, |s| s.strip_suffix(suffix.as_bytes()).unwrap_or(s)))
    };
    "upper" (text: Str) |c| Ok(words::map_case(c.str(0), |b| b.is_ascii_lowercase(), unicode::to_upper));
    "lower" (text: Str) |c| Ok(words::map_case(c.str(0), |b| b.is_ascii_uppercase(), unicode::to_lower));
    "title" (text: Str) |c| Ok(words::title(&c.str(0)));
    "untitle" (text: Str) |c| Ok(words::untitle(&c.str(0)));
    "swapcase" (text: Str) |c| Ok(words::swap_case(&c.str(0)));
    "camelcase" (text: Str) |c| Ok(words::pascal_case(&c.str(0)));
    "snakecase" (text: Str) |c| Ok(words::lower_case_words(&c.str(0), '_'));
    "kebabcase" (text: Str) |c| Ok(words::lower_case_words(&c.str(0), '-'));
    "initials" (text: Str) |c| Ok(words::initials(&c.str(0)));
    "nospace" (text: Str) |c| Ok(nospace(c.str(0)));
    "substr" (start: Int, end: Int, text: Str) substring;
    "repeat" (count: Int, text: Str) repeat;
    "wrap" (width: Int, text: Str) |c| wrap(&c.str(1), c.int(0), b"\n", false);
    "wrapWith" (width: Int, separator: Str, text: Str) |c| {
        let separator = c.str(1);
        wrap(&c.str(2), c.int(0), if separator.is_empty() { b"\n" } else { &separator }, true)
    };
    "contains" (part: Str, text: Str) |c| Ok(Value::Bool(c.str(1).contains_str(c.str(0))));
    "hasPrefix" (prefix: Str, text: Str) |c| Ok(Value::Bool(c.str(1).starts_with(&c.str(0))));
    "hasSuffix" (suffix: Str, text: Str) |c| Ok(Value::Bool(c.str(1).ends_with(&c.str(0))));
    "quote" (; values: Any) quoted;
    "squote" (; values: Any) single_quoted;
    "cat" (; values: Any) cat;
    "indent" (spaces: Int, text: Str) |c| indent(c, false);
    "nindent" (spaces: Int, text: Str) |c| indent(c, true);
    "replace" (old: Str, new: Str, text: Str) replace;
    "plural" (one: Str, many: Str, count: Int) |c| Ok(c.arg(if c.int(2) == 1 { 0 } else { 1 }).clone());
    "split" (separator: Str, text: Str) |c| Ok(numbered(split(&c.str(1), &c.str(0), -1)));
    "splitList" (separator: Str, text: Str) |c| Ok(Value::strings(split(&c.str(1), &c.str(0), -1)));
    "splitn" (separator: Str, count: Int, text: Str) |c| Ok(numbered(split(&c.str(2), &c.str(0), c.int(1))));
    "join" (separator: Str, list: Any) join;
    "toString" (value: Any) |c| text_of(c.arg(0)).map(Value::Str);
    "toStrings" (list: Any) |c| match c.arg(0) {
        // It is what it shall become, be it nil.
        list @ Value::List(ListType { elem: Elem::Str, .. }, _) => Ok(list.clone()),
        list => Ok(Value::strings(texts_of(list)?)),
    };
    "sortAlpha" (list: Any) sort_alpha;
    "hello" () |_| Ok(Value::str("Hello!"));
}

/// An argument or a part of it; the whole costs no copy.
fn part(call: &Call<'_>, i: usize, cut: impl FnOnce(&[u8]) -> &[u8]) -> Value {
    let text = call.str(i);
    let kept = cut(&text);
    if kept.len() == text.len() { Value::Str(text) } else { Value::str(kept) }
}

/// sprig's `strval`: the text of a value as `quote`, `join` and `toString` see it. Bytes are text here.
pub(super) fn text_of(value: &Value) -> Result<Str, Failure> {
    match value {
        Value::Str(s) => Ok(s.clone()),
        Value::Bytes(bytes) => Ok(bytes.clone().unwrap_or_default()),
        _ => {
            let mut out = Vec::new();
            print_value(&mut out, value)?;
            Ok(out.into())
        }
    }
}

/// sprig's `strslice`: the elements' texts without nil; one text for what is no list.
fn texts_of(value: &Value) -> Result<Vec<Str>, Failure> {
    match elements(value) {
        Some(items) => items.iter().filter(|item| !item.is_nil()).map(text_of).collect(),
        None if value.is_nil() => Ok(Vec::new()),
        None => Ok(vec![text_of(value)?]),
    }
}

fn trim_space(text: &[u8]) -> &[u8] {
    trim(text, unicode::is_space)
}

fn trim(mut text: &[u8], drop: impl Fn(char) -> bool) -> &[u8] {
    while let Some((c, width)) = decode(text).filter(|(c, _)| drop(*c)) {
        let _ = c;
        text = text.get(width..).unwrap_or_default();
    }
    while let Some((_, width)) = decode_last(text).filter(|(c, _)| drop(*c)) {
        text = text.get(..text.len() - width).unwrap_or_default();
    }
    text
}

fn trim_all(call: &mut Call<'_>) -> Value {
    let cutset: Vec<char> = runes(&call.str(0)).map(|(_, c, _)| c).collect();
    part(call, 1, |text| trim(text, |c| cutset.contains(&c)))
}

fn truncate(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (n, len) = (call.int(0), call.str(1).len());
    Ok(part(call, 1, |text| match usize::try_from(n) {
        Ok(n) => text.get(..n).unwrap_or(text),
        Err(_) => {
            let n = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
            if n < len { text.get(len - n..).unwrap_or(text) } else { text }
        }
    }))
}

/// Masterminds/goutils, AbbreviateFull, behind sprig's checks of the widths.
fn abbreviate(text: Str, left: i64, width: i64) -> Value {
    if width < 4 || left > 0 && width < 7 {
        return Value::Str(text);
    }
    let mut out = Vec::new();
    // So far to the left that Go's difference wraps around is the end.
    let wraps = (text.len() as i64).checked_sub(left).is_none();
    let left = if wraps { usize::MAX } else { usize::try_from(left).unwrap_or(0) };
    let (mut rest, mut offset) = (text.as_bytes(), left);
    let mut width = usize::try_from(width).unwrap_or(usize::MAX);
    loop {
        let len = rest.len();
        if len <= width {
            if out.is_empty() {
                return Value::Str(text);
            }
            out.extend_from_slice(rest);
            break;
        }
        offset = offset.min(len);
        if len - offset < width - 3 {
            offset = len - (width - 3);
        }
        if offset <= 4 {
            out.extend_from_slice(rest.get(..width - 3).unwrap_or_default());
            out.extend_from_slice(b"...");
            break;
        }
        // Here Go's function fails, and sprig takes the text that comes with the failure.
        if width < 7 {
            return Value::str("");
        }
        out.extend_from_slice(b"...");
        if offset + width - 3 < len {
            rest = rest.get(offset..).unwrap_or_default();
            (offset, width) = (0, width - 3);
        } else {
            out.extend_from_slice(rest.get(len - (width - 3)..).unwrap_or_default());
            break;
        }
    }
    Value::str(out)
}

/// Masterminds/goutils, DeleteWhiteSpace: takes bytes for characters, and so breaks those of several bytes
/// as soon as there is anything to delete.
fn nospace(text: Str) -> Value {
    let space = |b: u8| unicode::is_space(b as char);
    if !text.iter().any(|b| space(*b)) {
        return Value::Str(text);
    }
    let mut out = Vec::with_capacity(text.len());
    text.iter().filter(|b| !space(**b)).for_each(|b| push_char(&mut out, *b as char));
    Value::str(out)
}

fn substring(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (start, end, text) = (call.int(0), call.int(1), call.str(2));
    let len = text.len() as i64;
    let bad = |what: String| Err(Failure::new(format!("runtime error: slice bounds out of range {what}")));
    let (start, end) = if start < 0 {
        if end < 0 {
            return bad(format!("[:{end}]"));
        }
        if end > len {
            return bad(format!("[:{end}] with length {len}"));
        }
        (0, end)
    } else {
        let open = end < 0 || end > len;
        let end = if open { len } else { end };
        if start > end {
            return bad(format!("[{start}:{end}]"));
        }
        (start, end)
    };
    Ok(Value::str(text.get(start as usize..end as usize).unwrap_or_default()))
}

fn repeat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (count, text) = (call.int(0), call.str(1));
    let Ok(count) = usize::try_from(count) else {
        return Err("strings: negative Repeat count".into());
    };
    if text.len().checked_mul(count).is_none_or(|n| n > MAX_TEXT) {
        return Err(too_long());
    }
    Ok(Value::str(text.repeat(count)))
}

/// Masterminds/goutils, WrapCustom: counts bytes; words longer than a line are cut only when asked.
fn wrap(text: &[u8], width: i64, newline: &[u8], cut: bool) -> Result<Value, Failure> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if rest.first() == Some(&b' ') {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let line = rest.get(..=width).unwrap_or(rest);
        let (end, skip) = match line.rfind_byte(b' ') {
            Some(at) => (at, 1),
            None if cut => (width, 0),
            None => match rest.get(width..).and_then(|tail| tail.find_byte(b' ')) {
                Some(at) => (width + at, 1),
                None => {
                    out.extend_from_slice(rest);
                    rest = &[];
                    break;
                }
            },
        };
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        out.extend_from_slice(newline);
        if out.len() > MAX_TEXT {
            return Err(too_long());
        }
        rest = rest.get(end + skip..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(Value::str(out))
}

fn quoted(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut out = Vec::new();
    let mut text = Vec::new();
    for value in call.args.iter().filter(|v| !v.is_nil()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        match value {
            Value::Str(s) | Value::Bytes(Some(s)) => quote::quote(&mut out, s, Show::Printable),
            Value::Bytes(None) => out.extend_from_slice(b"\"\""),
            _ => {
                text.clear();
                print_value(&mut text, value)?;
                quote::quote(&mut out, &text, Show::Printable);
            }
        }
    }
    Ok(Value::str(out))
}

fn single_quoted(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut out = Vec::new();
    for value in call.args.iter().filter(|v| !v.is_nil()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.push(b'\'');
        print_value(&mut out, value)?;
        out.push(b'\'');
    }
    Ok(Value::str(out))
}

fn cat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut out = Vec::new();
    for (i, value) in call.args.iter().filter(|v| !v.is_nil()).enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        print_value(&mut out, value)?;
    }
    Ok(Value::str(out))
}

/// Every line gets the spaces, also the empty one after a last newline.
fn indent(call: &mut Call<'_>, newline: bool) -> Result<Value, Failure> {
    let Ok(spaces) = usize::try_from(call.int(0)) else {
        return Err("strings: negative Repeat count".into());
    };
    let Value::Str(text) = call.arg(1) else {
        return Ok(Value::str(""));
    };
    let lines = text.find_iter(b"\n").count() + 1;
    let size = spaces.checked_mul(lines).and_then(|n| n.checked_add(text.len() + 1));
    let Some(size) = size.filter(|n| *n <= MAX_TEXT) else {
        return Err(too_long());
    };
    let mut out = Vec::with_capacity(size);
    if newline {
        out.push(b'\n');
    }
    let mut rest = text.as_bytes();
    loop {
        out.resize(out.len() + spaces, b' ');
        match rest.find_byte(b'\n') {
            Some(end) => {
                let (line, tail) = rest.split_at(end + 1);
                out.extend_from_slice(line);
                rest = tail;
            }
            None => break,
        }
    }
    out.extend_from_slice(rest);
    Ok(Value::str(out))
}

fn replace(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (old, new, text) = (call.str(0), call.str(1), call.str(2));
    if old == new {
        return Ok(Value::Str(text));
    }
    let mut out = Vec::new();
    if old.is_empty() {
        let count = unicode::rune_count(&text) + 1;
        if new.len().checked_mul(count).is_none_or(|n| n > MAX_TEXT) {
            return Err(too_long());
        }
        for (at, _, width) in runes(&text) {
            out.extend_from_slice(&new);
            out.extend_from_slice(text.get(at..at + width).unwrap_or_default());
        }
        out.extend_from_slice(&new);
        return Ok(Value::str(out));
    }
    let mut copied = 0;
    for at in text.find_iter(old.as_bytes()) {
        out.extend_from_slice(text.get(copied..at).unwrap_or_default());
        out.extend_from_slice(&new);
        copied = at + old.len();
        if out.len() > MAX_TEXT {
            return Err(too_long());
        }
    }
    if copied == 0 {
        return Ok(Value::Str(text));
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Ok(Value::str(out))
}

/// `strings.SplitN`: at most `count` parts, all when it is negative. An empty separator splits characters.
fn split(text: &[u8], separator: &[u8], count: i64) -> Vec<Str> {
    let limit = match usize::try_from(count) {
        Ok(0) => return Vec::new(),
        Ok(n) => n,
        Err(_) => usize::MAX,
    };
    let mut parts: Vec<Str> = Vec::new();
    let mut rest = text;
    loop {
        if separator.is_empty() {
            let Some((_, width)) = decode(rest) else { return parts };
            if parts.len() + 1 < limit {
                let (head, tail) = rest.split_at(width);
                parts.push(head.into());
                rest = tail;
                continue;
            }
        } else if parts.len() + 1 < limit
            && let Some(at) = rest.find(separator)
        {
            parts.push(rest.get(..at).unwrap_or_default().into());
            rest = rest.get(at + separator.len()..).unwrap_or_default();
            continue;
        }
        parts.push(rest.into());
        return parts;
    }
}

/// `_0`, `_1`, … → the parts.
fn numbered(parts: Vec<Str>) -> Value {
    let keyed = parts.into_iter().enumerate().map(|(i, part)| (Str::from(format!("_{i}")), Value::Str(part)));
    Value::string_map(keyed.collect::<Map>())
}

fn join(call: &mut Call<'_>) -> Result<Value, Failure> {
    let separator = call.str(0);
    let mut out = Vec::new();
    let mut first = true;
    let items = match elements(call.arg(1)) {
        Some(items) => items,
        None => return text_of_scalar(call.arg(1)),
    };
    for item in items.iter().filter(|item| !item.is_nil()) {
        if !first {
            out.extend_from_slice(&separator);
        }
        first = false;
        match item {
            Value::Str(s) | Value::Bytes(Some(s)) => out.extend_from_slice(s),
            Value::Bytes(None) => {}
            _ => print_value(&mut out, item)?,
        }
        if out.len() > MAX_TEXT {
            return Err(too_long());
        }
    }
    Ok(Value::str(out))
}

fn text_of_scalar(value: &Value) -> Result<Value, Failure> {
    if value.is_nil() { Ok(Value::str("")) } else { text_of(value).map(Value::Str) }
}

fn sort_alpha(call: &mut Call<'_>) -> Result<Value, Failure> {
    if elements(call.arg(0)).is_none() {
        // Nil is no list, and its text is `<nil>`.
        return Ok(Value::list_of(Elem::Str, vec![Value::Str(fmt::sprint(call.args)?)]));
    }
    if let Value::List(ListType { elem: Elem::Str, nil: true }, _) = call.arg(0) {
        return Ok(call.arg(0).clone());
    }
    let mut texts = texts_of(call.arg(0))?;
    texts.sort_unstable();
    Ok(Value::strings(texts))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{fails, i, run};

    #[test]
    fn cuts() {
        for (name, args, want) in [
            ("abbrev", &[i(5), "hello world".into()][..], "he..."),
            ("abbrevboth", &[i(5), i(10), "1234 5678 9123".into()], "...5678..."),
            ("trunc", &[i(-3), "hello".into()], "llo"),
            ("trunc", &[i(3), "hello".into()], "hel"),
            ("nospace", &["a\u{a0}b c".into()], "aÂbc"),
            ("substr", &[i(-1), i(2), "hello".into()], "he"),
            ("wrapWith", &[i(3), "-".into(), "abcdef gh".into()], "abc-def-gh"),
            ("indent", &[i(2), "a\n\nb\n".into()], "  a\n  \n  b\n  "),
            ("nindent", &[i(1), "a".into()], "\n a"),
            ("replace", &["".into(), "-".into(), "abc".into()], "-a-b-c-"),
            ("trimAll", &["$ ".into(), "$ 5 $".into()], "5"),
            ("cat", &["a".into(), "  b ".into()], "a   b "),
            ("title", &["it's o'neil foo_bar".into()], "It'S O'Neil Foo_bar"),
        ] {
            assert_eq!(run(name, args), want, "{name}");
        }
        assert_eq!(fails("substr", &[i(4), i(2), "hello".into()]), "runtime error: slice bounds out of range [4:2]");
        assert_eq!(fails("repeat", &[i(1_000_000_000), "hello".into()]), "the result would be longer than 256 MiB");
    }
}
