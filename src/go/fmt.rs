//! Go's `fmt`: how values print.
//!
//! Go overflows its stack on a map that holds itself; here that is an error, as is a text that would not
//! fit into memory ([`MAX_TEXT`]).

mod layout;

use super::complex::Complex;
use super::quote::{Show, can_backquote, quote, quote_char};
use super::strconv::{append_float, append_int, append_uint};
use super::time::{format_duration, month_name, weekday_name};
use super::unicode::{decode, is_print, push_char, rune_count, runes};
use crate::diagnostic::Failure;
use crate::stack::deeper;
use crate::value::{IntKind, Kind, MAX_DEPTH, Str, Value};
use std::io::Write as _;

/// The longest text, in bytes, that one call of a function may make.
pub const MAX_TEXT: usize = 256 << 20;

/// The failure of a text longer than [`MAX_TEXT`].
pub fn too_long() -> Failure {
    Failure::new("the result would be longer than 256 MiB")
}

fn too_deep() -> Failure {
    Failure::new(format!("the value is nested more than {MAX_DEPTH} levels deep; does it contain itself?"))
}

/// Runs the walk over a list's or map's elements, on more stack where it needs some.
fn descend(
    out: &mut Vec<u8>,
    depth: usize,
    walk: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    if out.len() > MAX_TEXT {
        return Err(too_long());
    }
    deeper(|| walk(out))
}

/// Appends a value as `%v` prints it: `fmt.Sprint` of one operand. Nil is `<nil>`.
pub fn print_value(out: &mut Vec<u8>, value: &Value) -> Result<(), Failure> {
    plain(out, value, 0)
}

fn plain(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), Failure> {
    match value {
        Value::Nil => out.extend_from_slice(b"<nil>"),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Int(kind, n) => match kind {
            IntKind::Duration | IntKind::Month | IntKind::Weekday => named_int(out, *kind, *n),
            _ if kind.unsigned() => append_uint(out, *n as u64),
            _ => append_int(out, *n),
        },
        Value::Float(f) => append_float(out, *f, b'g', -1, 64),
        Value::Str(s) => out.extend_from_slice(s),
        Value::Bytes(bytes) => {
            out.push(b'[');
            for (i, b) in bytes.as_deref().unwrap_or_default().iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                append_uint(out, u64::from(*b));
            }
            out.push(b']');
        }
        Value::List(_, items) => {
            out.push(b'[');
            descend(out, depth, |out| {
                items.iter().enumerate().try_for_each(|(i, item)| {
                    if i > 0 {
                        out.push(b' ');
                    }
                    plain(out, item, depth + 1)
                })
            })?;
            out.push(b']');
        }
        Value::Map(_, map) => {
            out.extend_from_slice(b"map[");
            descend(out, depth, |out| {
                map.borrow().iter().enumerate().try_for_each(|(i, (key, item))| {
                    if i > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(key);
                    out.push(b':');
                    plain(out, item, depth + 1)
                })
            })?;
            out.push(b']');
        }
        Value::Object(object) if depth > 0 => object.print_nested(out),
        Value::Object(object) => object.print(out),
    }
    Ok(())
}

/// The text of the integers that have a `String` method.
fn named_int(out: &mut Vec<u8>, kind: IntKind, n: i64) {
    match kind {
        IntKind::Duration => out.extend_from_slice(format_duration(n).as_bytes()),
        IntKind::Month => out.extend_from_slice(month_name(n).as_bytes()),
        IntKind::Weekday => out.extend_from_slice(weekday_name(n).as_bytes()),
        _ => append_int(out, n),
    }
}

/// `fmt.Sprint`: a space stands between two operands when neither is a string.
pub fn sprint(args: &[Value]) -> Result<Str, Failure> {
    if let [Value::Str(s)] = args {
        return Ok(s.clone());
    }
    let mut out = Vec::new();
    let mut after_string = true;
    for arg in args {
        let string = matches!(arg, Value::Str(_));
        if !string && !after_string {
            out.push(b' ');
        }
        plain(&mut out, arg, 0)?;
        after_string = string;
    }
    fits(out)
}

/// `fmt.Sprintln`.
pub fn sprintln(args: &[Value]) -> Result<Str, Failure> {
    let mut out = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        plain(&mut out, arg, 0)?;
    }
    out.push(b'\n');
    fits(out)
}

fn fits(out: Vec<u8>) -> Result<Str, Failure> {
    if out.len() > MAX_TEXT { Err(too_long()) } else { Ok(out.into()) }
}

/// `fmt.Sprintf`. What does not fit shows in the text, as in Go: `%!d(string=a)`.
pub fn sprintf(format: &[u8], args: &[Value]) -> Result<Str, Failure> {
    let mut printer = Printer { out: Vec::with_capacity(format.len() + 16), flags: Flags::default(), bare: false };
    printer.printf(format, args)?;
    fits(printer.out)
}

/// What stands between `%` and the verb.
#[derive(Default, Clone, Copy)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%+v`
    plus_v: bool,
    /// `%#v`
    sharp_v: bool,
}

struct Printer {
    out: Vec<u8>,
    flags: Flags,
    /// Inside `%!d(…)` no `String` method is called.
    bare: bool,
}

/// The most that a width, precision or argument number may be.
const MAX_NUMBER: i64 = 1_000_000;

/// Where a format is read, and which argument is next.
struct Cursor<'a> {
    format: &'a [u8],
    at: usize,
    arg: usize,
    args: &'a [Value],
    /// An argument number was given, so that left-over arguments are no mistake.
    reordered: bool,
    /// No argument number was wrong.
    good: bool,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// Decimal digits, if there are any. Of a number too big the rest of the format is swallowed, as in Go.
    fn number(&mut self) -> Option<usize> {
        let (n, end) = number(self.format, self.at);
        self.at = end;
        n
    }

    /// `[n]`: whether one was there.
    fn arg_number(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = self.format.get(self.at..).unwrap_or_default();
        let close = rest.iter().position(|b| *b == b']').filter(|_| rest.len() >= 3);
        let Some(close) = close else {
            self.good = false;
            self.at += 1;
            return false;
        };
        let (n, end) = number(rest.get(..close).unwrap_or_default(), 1);
        self.at += close + 1;
        match n {
            Some(n) if end == close => {
                if (1..=self.args.len()).contains(&n) {
                    self.arg = n - 1;
                } else {
                    self.good = false;
                }
                true
            }
            _ => {
                self.good = false;
                false
            }
        }
    }

    /// The integer argument of a `*`.
    fn star(&mut self) -> Option<i64> {
        self.at += 1;
        let arg = self.args.get(self.arg)?;
        self.arg += 1;
        match arg {
            Value::Int(kind, n) if !(kind.unsigned() && *n < 0) => {
                Some(*n).filter(|n| (-MAX_NUMBER..=MAX_NUMBER).contains(n))
            }
            _ => None,
        }
    }
}

fn number(text: &[u8], start: usize) -> (Option<usize>, usize) {
    let mut at = start;
    let mut n = None;
    while let Some(digit) = text.get(at).filter(|b| b.is_ascii_digit()) {
        let before = n.unwrap_or(0);
        if before > MAX_NUMBER as usize {
            return (None, text.len());
        }
        n = Some(before * 10 + usize::from(digit - b'0'));
        at += 1;
    }
    (n, at)
}

impl Printer {
    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn printf(&mut self, format: &[u8], args: &[Value]) -> Result<(), Failure> {
        let mut cursor = Cursor { format, at: 0, arg: 0, args, reordered: false, good: true };
        loop {
            let rest = format.get(cursor.at..).unwrap_or_default();
            let text = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
            self.out.extend_from_slice(rest.get(..text).unwrap_or_default());
            if self.out.len() > MAX_TEXT {
                return Err(too_long());
            }
            cursor.at += text + 1;
            if text == rest.len() {
                break;
            }
            cursor.good = true;
            if !self.directive(&mut cursor)? {
                break;
            }
        }
        self.flags = Flags::default();
        if !cursor.reordered && cursor.arg < args.len() {
            self.write("%!(EXTRA ");
            for (i, arg) in args.iter().skip(cursor.arg).enumerate() {
                if i > 0 {
                    self.write(", ");
                }
                if !arg.is_nil() {
                    self.write(&arg.go_type());
                    self.out.push(b'=');
                }
                self.arg(arg, 'v', 0)?;
            }
            self.out.push(b')');
        }
        Ok(())
    }

    /// One `%…`; whether the format goes on.
    fn directive(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Failure> {
        self.flags = Flags::default();
        while let Some(c) = cursor.peek() {
            match c {
                b'#' => self.flags.sharp = true,
                b'0' => self.flags.zero = true,
                b'+' => self.flags.plus = true,
                b'-' => self.flags.minus = true,
                b' ' => self.flags.space = true,
                _ => break,
            }
            cursor.at += 1;
        }
        let mut numbered = cursor.arg_number();
        if cursor.peek() == Some(b'*') {
            match cursor.star() {
                Some(width) => {
                    self.flags.width = Some(width.unsigned_abs() as usize);
                    if width < 0 {
                        self.flags.minus = true;
                        self.flags.zero = false;
                    }
                }
                None => self.write("%!(BADWIDTH)"),
            }
            numbered = false;
        } else {
            self.flags.width = cursor.number();
            if numbered && self.flags.width.is_some() {
                cursor.good = false;
            }
        }
        if cursor.peek() == Some(b'.') && cursor.at + 1 < cursor.format.len() {
            cursor.at += 1;
            if numbered {
                cursor.good = false;
            }
            numbered = cursor.arg_number();
            if cursor.peek() == Some(b'*') {
                self.flags.precision = cursor.star().and_then(|n| usize::try_from(n).ok());
                if self.flags.precision.is_none() {
                    self.write("%!(BADPREC)");
                }
                numbered = false;
            } else {
                self.flags.precision = Some(cursor.number().unwrap_or(0));
            }
        }
        if !numbered {
            cursor.arg_number();
        }
        let Some((verb, width)) = decode(cursor.format.get(cursor.at..).unwrap_or_default()) else {
            self.write("%!(NOVERB)");
            return Ok(false);
        };
        cursor.at += width;
        if verb == '%' {
            self.out.push(b'%');
        } else if !cursor.good {
            let _ = write!(self.out, "%!{verb}(BADINDEX)");
        } else if let Some(arg) = cursor.args.get(cursor.arg) {
            if matches!(verb, 'v' | 'w') {
                self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
                self.flags.plus_v = std::mem::take(&mut self.flags.plus);
            }
            cursor.arg += 1;
            self.arg(arg, verb, 0)?;
        } else {
            let _ = write!(self.out, "%!{verb}(MISSING)");
        }
        Ok(true)
    }

    /// A value; nested when `depth` is not 0.
    fn arg(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Failure> {
        if depth == 0 {
            match verb {
                'T' => {
                    if value.is_nil() {
                        self.pad(b"<nil>");
                    } else {
                        self.string(value.go_type().as_bytes(), 's');
                    }
                    return Ok(());
                }
                'p' if !value.is_nil() => return self.pointer(value),
                _ => {}
            }
        }
        let known = match value {
            Value::Nil => {
                match (verb, depth) {
                    ('v', 0) => self.pad(b"<nil>"),
                    (_, 0) => {
                        let _ = write!(self.out, "%!{verb}(<nil>)");
                    }
                    _ if self.flags.sharp_v => self.write("interface {}(nil)"),
                    _ => self.write("<nil>"),
                }
                true
            }
            Value::Bool(b) => {
                let known = matches!(verb, 't' | 'v');
                if known {
                    self.pad(if *b { b"true" } else { b"false" });
                }
                known
            }
            Value::Int(kind, n) => self.integer(*kind, *n, verb),
            Value::Float(f) => self.float(*f, verb),
            Value::Str(s) => self.string(s, verb),
            Value::Bytes(bytes) => return self.bytes(bytes.as_deref(), verb, depth),
            Value::List(..) | Value::Map(..) if verb == 'w' && !self.bare => false,
            Value::List(t, items) => {
                if self.flags.sharp_v {
                    self.write(&value.go_type());
                    if t.nil {
                        self.write("(nil)");
                        return Ok(());
                    }
                }
                return self.elements(depth, |printer| {
                    for (i, item) in items.iter().enumerate() {
                        printer.separate(i);
                        printer.arg(item, verb, depth + 1)?;
                    }
                    Ok(())
                });
            }
            Value::Map(_, map) => {
                if self.flags.sharp_v {
                    self.write(&value.go_type());
                } else {
                    self.write("map");
                }
                if self.flags.sharp_v && map.is_nil() {
                    self.write("(nil)");
                    return Ok(());
                }
                return self.elements(depth, |printer| {
                    for (i, (key, item)) in map.borrow().iter().enumerate() {
                        printer.separate(i);
                        if !printer.string(key, verb) {
                            printer.bad_verb(&Value::Str(key.clone()), verb)?;
                        }
                        printer.out.push(b':');
                        printer.arg(item, verb, depth + 1)?;
                    }
                    Ok(())
                });
            }
            Value::Object(object) => {
                if verb == 'w' && !self.bare {
                    false
                } else if let Some(Complex(real, imaginary)) = value.downcast() {
                    if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
                        return self.bad_verb(value, verb);
                    }
                    let plus = self.flags.plus;
                    self.write("(");
                    let known = self.float(*real, verb);
                    // The imaginary part always shows its sign.
                    self.flags.plus = true;
                    let known = known && self.float(*imaginary, verb);
                    self.flags.plus = plus;
                    self.write("i)");
                    known
                } else if self.flags.sharp_v
                    && !self.bare
                    && let Some(text) = object.go_string()
                {
                    let text = self.truncate(text.as_bytes());
                    self.pad(text);
                    true
                } else if let Some(layout) = object.layout()
                    && (self.bare || self.flags.sharp_v || !object.stringer() || !is_text_verb(verb))
                {
                    let address = std::rc::Rc::as_ptr(object).cast::<u8>() as usize;
                    return self.layout(&layout, verb, depth, address);
                } else {
                    let mut text = Vec::new();
                    if depth > 0 {
                        object.print_nested(&mut text)
                    } else {
                        object.print(&mut text)
                    }
                    self.string(&text, verb)
                }
            }
        };
        if known { Ok(()) } else { self.bad_verb(value, verb) }
    }

    fn separate(&mut self, i: usize) {
        if i > 0 {
            self.write(if self.flags.sharp_v { ", " } else { " " });
        }
    }

    fn elements(&mut self, depth: usize, walk: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let (open, close) = if self.flags.sharp_v { (b'{', b'}') } else { (b'[', b']') };
        self.out.push(open);
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        if self.out.len() > MAX_TEXT {
            return Err(too_long());
        }
        deeper(|| walk(self))?;
        self.out.push(close);
        Ok(())
    }

    fn bad_verb(&mut self, value: &Value, verb: char) -> Result<(), Failure> {
        let _ = write!(self.out, "%!{verb}({}=", value.go_type());
        let before = std::mem::replace(&mut self.bare, true);
        self.arg(value, 'v', 0)?;
        self.bare = before;
        self.out.push(b')');
        Ok(())
    }

    /// An address is as good as any: Go's differ from run to run.
    fn pointer(&mut self, value: &Value) -> Result<(), Failure> {
        let address = match value {
            Value::Map(_, map) => map.address(),
            Value::List(_, items) => items.as_ptr() as usize,
            Value::Bytes(Some(bytes)) => bytes.as_ptr() as usize,
            Value::Bytes(None) => 0,
            Value::Object(object) if object.kind() == Kind::Ptr => std::rc::Rc::as_ptr(object).cast::<u8>() as usize,
            _ => return self.bad_verb(value, 'p'),
        };
        self.flags.sharp = !self.flags.sharp;
        self.number(address as u64, false, 16, 'v', false);
        Ok(())
    }

    fn padding(&mut self, n: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.resize(self.out.len() + n, byte);
    }

    /// The text in a field as wide as asked.
    fn pad(&mut self, text: &[u8]) {
        let fill = match self.flags.width {
            None | Some(0) => 0,
            Some(width) => width.saturating_sub(rune_count(text)),
        };
        if !self.flags.minus {
            self.padding(fill);
        }
        self.out.extend_from_slice(text);
        if self.flags.minus {
            self.padding(fill);
        }
    }

    fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(text);
        self.flags.zero = zero;
    }

    fn truncate<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        match self.flags.precision {
            Some(n) if n < text.len() => {
                let end = runes(text).nth(n).map_or(text.len(), |(at, _, _)| at);
                text.get(..end).unwrap_or(text)
            }
            _ => text,
        }
    }

    /// A string; whether the verb is one of strings'.
    fn string(&mut self, text: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => {
                let text = self.truncate(text);
                self.pad(text);
            }
            'x' | 'X' => self.hex(text, verb),
            'q' => self.quoted(text),
            _ => return false,
        }
        true
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.truncate(text);
        let mut quoted = Vec::new();
        if self.flags.sharp && can_backquote(text) {
            quoted.push(b'`');
            quoted.extend_from_slice(text);
            quoted.push(b'`');
        } else {
            quote(&mut quoted, text, if self.flags.plus { Show::Ascii } else { Show::Printable });
        }
        self.pad(&quoted);
    }

    fn hex(&mut self, text: &[u8], verb: char) {
        let text = match self.flags.precision {
            Some(n) => text.get(..n).unwrap_or(text),
            None => text,
        };
        if text.is_empty() {
            self.padding(self.flags.width.unwrap_or(0));
            return;
        }
        let digits: &[u8; 16] = if verb == 'x' { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
        let mut hex = Vec::with_capacity(text.len() * 2);
        for (i, b) in text.iter().enumerate() {
            if self.flags.space && i > 0 {
                hex.push(b' ');
            }
            if self.flags.sharp && (i == 0 || self.flags.space) {
                hex.extend_from_slice(&[b'0', verb as u8]);
            }
            hex.extend([b >> 4, b & 15].iter().filter_map(|d| digits.get(usize::from(*d))));
        }
        self.pad(&hex);
    }

    fn bytes(&mut self, bytes: Option<&[u8]>, verb: char, depth: usize) -> Result<(), Failure> {
        let content = bytes.unwrap_or_default();
        if matches!(verb, 's' | 'x' | 'X' | 'q') {
            self.string(content, verb);
            return Ok(());
        }
        if self.flags.sharp_v {
            self.write(if depth == 0 { "[]byte" } else { "[]uint8" });
            if bytes.is_none() {
                self.write("(nil)");
                return Ok(());
            }
        }
        self.elements(depth, |printer| {
            for (i, b) in content.iter().enumerate() {
                printer.separate(i);
                printer.arg(&Value::Int(IntKind::Uint8, i64::from(*b)), verb, depth + 1)?;
            }
            Ok(())
        })
    }

    /// An integer; whether the verb is one of integers'.
    fn integer(&mut self, kind: IntKind, n: i64, verb: char) -> bool {
        if matches!(kind, IntKind::Duration | IntKind::Month | IntKind::Weekday)
            && !self.bare
            && !self.flags.sharp_v
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
        {
            let mut text = Vec::new();
            named_int(&mut text, kind, n);
            return self.string(&text, verb);
        }
        let signed = !kind.unsigned();
        let bits = n as u64;
        match verb {
            'v' if self.flags.sharp_v && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                self.number(bits, false, 16, 'v', false);
                self.flags.sharp = sharp;
            }
            'v' | 'd' => self.number(bits, signed, 10, verb, false),
            'b' => self.number(bits, signed, 2, verb, false),
            'o' | 'O' => self.number(bits, signed, 8, verb, false),
            'x' => self.number(bits, signed, 16, verb, false),
            'X' => self.number(bits, signed, 16, verb, true),
            'c' => {
                let mut text = Vec::new();
                push_char(&mut text, rune(bits));
                self.pad(&text);
            }
            'q' => {
                let mut text = Vec::new();
                quote_char(&mut text, rune(bits), if self.flags.plus { Show::Ascii } else { Show::Printable });
                self.pad(&text);
            }
            'U' => {
                let digits = self.flags.precision.unwrap_or(0).max(4);
                let mut text = format!("U+{bits:0digits$X}").into_bytes();
                if self.flags.sharp
                    && let Some(c) = u32::try_from(bits).ok().and_then(char::from_u32)
                    && is_print(c)
                {
                    let _ = write!(text, " '{c}'");
                }
                self.pad_with_spaces(&text);
            }
            _ => return false,
        }
        true
    }

    fn number(&mut self, bits: u64, signed: bool, base: u64, verb: char, upper: bool) {
        let flags = self.flags;
        if base == 10 && flags.width.is_none() && flags.precision.is_none() && !flags.plus && !flags.space {
            if signed {
                append_int(&mut self.out, bits as i64)
            } else {
                append_uint(&mut self.out, bits)
            }
            return;
        }
        let negative = signed && (bits as i64) < 0;
        let mut n = if negative { bits.wrapping_neg() } else { bits };
        let mut digits = 0;
        match (flags.precision, flags.width) {
            (Some(0), width) if n == 0 => {
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(width.unwrap_or(0));
                self.flags.zero = zero;
                return;
            }
            (Some(precision), _) => digits = precision,
            (None, Some(width)) if flags.zero && !flags.minus => {
                digits = width.saturating_sub(usize::from(negative || flags.plus || flags.space));
            }
            _ => {}
        }
        // Written from the back.
        let mut text = Vec::with_capacity(24);
        loop {
            let digit = (n % base) as u8;
            text.push(match digit {
                0..=9 => b'0' + digit,
                _ if upper => b'A' + digit - 10,
                _ => b'a' + digit - 10,
            });
            n /= base;
            if n == 0 {
                break;
            }
        }
        if text.len() < digits {
            text.resize(digits, b'0');
        }
        if flags.sharp {
            match base {
                2 => text.extend_from_slice(b"b0"),
                8 if text.last() != Some(&b'0') => text.push(b'0'),
                16 => text.extend_from_slice(if upper { b"X0" } else { b"x0" }),
                _ => {}
            }
        }
        if verb == 'O' {
            text.extend_from_slice(b"o0");
        }
        if negative {
            text.push(b'-');
        } else if flags.plus {
            text.push(b'+');
        } else if flags.space {
            text.push(b' ');
        }
        text.reverse();
        self.pad_with_spaces(&text);
    }

    /// A float; whether the verb is one of floats'.
    fn float(&mut self, v: f64, verb: char) -> bool {
        let (form, precision) = match verb {
            'v' => (b'g', -1),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb as u8, -1),
            'f' | 'e' | 'E' => (verb as u8, 6),
            'F' => (b'f', 6),
            _ => return false,
        };
        let precision = self.flags.precision.map_or(precision, |p| p as i64);
        let mut text = Vec::with_capacity(24);
        append_float(&mut text, v, form, precision, 64);
        let sign = match text.first() {
            Some(&sign @ (b'-' | b'+')) => {
                text.remove(0);
                sign
            }
            _ => b'+',
        };
        let flags = self.flags;
        let sign = match sign {
            b'+' if flags.plus => Some(b'+'),
            b'+' if flags.space => Some(b' '),
            b'+' if v.is_infinite() => Some(b'+'),
            b'+' => None,
            sign => Some(sign),
        };
        if !v.is_finite() {
            // Go shows the plus of +Inf only when asked to.
            let sign = if sign == Some(b'+') && !flags.plus && v.is_nan() { None } else { sign };
            let mut whole: Vec<u8> = sign.into_iter().collect();
            whole.extend_from_slice(&text);
            self.pad_with_spaces(&whole);
            return true;
        }
        if flags.sharp && form != b'b' {
            keep_point(&mut text, form, precision);
        }
        if sign.is_some()
            && flags.zero
            && !flags.minus
            && let Some(width) = flags.width.filter(|w| *w > text.len() + 1)
        {
            self.out.extend(sign);
            self.padding(width - text.len() - 1);
            self.out.extend_from_slice(&text);
            return true;
        }
        if let Some(sign) = sign {
            text.insert(0, sign);
        }
        self.pad(&text);
        true
    }
}

/// `%#g`: the decimal point and the zeros after it stay.
fn keep_point(text: &mut Vec<u8>, form: u8, precision: i64) {
    let mut missing = match form {
        b'g' | b'G' | b'x' => {
            if precision < 0 {
                6
            } else {
                precision
            }
        }
        _ => 0,
    };
    let hex = matches!(form, b'x' | b'X');
    let is_tail = |b: &u8| matches!(b, b'p' | b'P') || !hex && matches!(b, b'e' | b'E');
    let end = text.iter().position(is_tail).unwrap_or(text.len());
    let tail = text.split_off(end);
    let mut significant = false;
    for b in text.iter().filter(|b| **b != b'.') {
        significant |= *b != b'0';
        missing -= i64::from(significant);
    }
    if !text.contains(&b'.') {
        // The 0 of zero itself counts as a digit.
        missing -= i64::from(text.as_slice() == b"0");
        text.push(b'.');
    }
    text.resize(text.len() + usize::try_from(missing).unwrap_or(0), b'0');
    text.extend_from_slice(&tail);
}

fn rune(bits: u64) -> char {
    u32::try_from(bits).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Whether a `String` method answers to a verb.
fn is_text_verb(verb: char) -> bool {
    matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
}

#[cfg(test)]
mod tests;
