//! Pipelines as charts write them, read from the text at once.
//!
//! Nearly all are fields, variables, functions, plain strings, whole numbers and parentheses. These are read here without
//! tokens, into the same trees. Whatever is written otherwise, or wrong, is left to the parser, which also finds Go's words for it.

use super::ast::{Chain, Command, Commands, Expr, Field, Named, Pipe, Term};
use super::lex::{Kind, Token, is_space, word_of_its_own};
use super::parse::Parser;
use super::{names, number};
use crate::diagnostic::Span;
use crate::text::runs;
use crate::value::Str;

/// Deeper parentheses are left to the parser.
const MAX_PARENS: usize = 32;

/// Letters, digits and underscores of ASCII.
const IS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        table[b] = (b as u8).is_ascii_alphanumeric() || b as u8 == b'_';
        b += 1;
    }
    table
};

fn is_name(b: u8) -> bool {
    IS_NAME[b as usize]
}

impl Parser<'_> {
    /// The rest of an action that is one pipeline, its right delimiter included. None, and nothing is changed, where it has to
    /// be parsed.
    pub(super) fn quick(&mut self, is_range: bool) -> Option<Box<Pipe>> {
        let at = self.place()?;
        let vars = self.vars.len();
        let mut quick = Quick { text: &self.source.text, at, depth: 0, deepest: 0, parser: self };
        let found = quick.action(is_range);
        let deepest = quick.deepest;
        match found {
            Some((pipe, delim, trim)) => {
                self.deepest = self.deepest.max(self.blocks + self.parens + deepest);
                self.leave(delim, trim);
                Some(pipe)
            }
            None => {
                self.vars.truncate(vars);
                self.args.clear();
                self.commands.clear();
                None
            }
        }
    }

    /// What the action that begins here is.
    pub(super) fn opening(&self) -> Opening {
        let Some((at, rest)) = self.place().and_then(|at| Some((at, self.source.text.get(at..)?))) else {
            return Opening::Unknown;
        };
        let start = rest.iter().position(|b| !is_space(*b)).unwrap_or(rest.len());
        let rest = rest.get(start..).unwrap_or_default();
        let len = runs::name(rest);
        match (rest.get(..len).unwrap_or_default(), rest.get(len)) {
            ([], Some(b'.' | b'$' | b'(')) => Opening::Pipeline,
            // A word with letters beyond ASCII.
            ([], _) | (_, Some(0x80..)) => Opening::Unknown,
            (word, _) => match word_of_its_own(word) {
                None | Some(Kind::Bool | Kind::Nil) => Opening::Pipeline,
                Some(kind) => {
                    let start = (at + start) as u32;
                    Opening::Keyword(Token { kind, start, end: start + len as u32 })
                }
            },
        }
    }

    /// Passes the right delimiter of an action that is nothing but a keyword. False, and nothing is changed, where more follows.
    pub(super) fn ends_behind(&mut self, keyword: Token) -> bool {
        let rest = self.source.text.get(keyword.end as usize..).unwrap_or_default();
        let spaces = rest.iter().position(|b| !is_space(*b)).unwrap_or(rest.len());
        let at = keyword.end as usize + spaces;
        match rest.get(spaces..).unwrap_or_default() {
            [b'}', b'}', ..] => self.leave(at, false),
            [b'-', b'}', b'}', ..] if spaces > 0 => self.leave(at + 1, true),
            _ => return false,
        }
        true
    }

    /// Passes a keyword that a space follows. False, and nothing is changed, where none does.
    pub(super) fn passes(&mut self, keyword: Token) -> bool {
        let found = self.source.text.get(keyword.end as usize).is_some_and(|b| is_space(*b));
        if found {
            self.pass(keyword);
        }
        found
    }

    /// Cuts the `if` or `with` behind an `else`.
    pub(super) fn passes_else(&mut self, keyword: Token) -> Option<Token> {
        let rest = self.source.text.get(keyword.end as usize..)?;
        let spaces = rest.iter().position(|b| !is_space(*b)).filter(|n| *n > 0)?;
        let rest = rest.get(spaces..)?;
        let (kind, len) = match rest {
            [b'i', b'f', ..] => (Kind::If, 2),
            [b'w', b'i', b't', b'h', ..] => (Kind::With, 4),
            _ => return None,
        };
        let start = keyword.end + spaces as u32;
        let token = Token { kind, start, end: start + len };
        self.passes(token).then_some(token)
    }
}

/// What an action is, as far as its first word tells.
pub(super) enum Opening {
    Pipeline,
    Keyword(Token),
    /// To be parsed.
    Unknown,
}

struct Quick<'p, 'a> {
    text: &'a [u8],
    at: usize,
    /// How many parentheses are open, and were at most.
    depth: usize,
    deepest: usize,
    parser: &'p mut Parser<'a>,
}

impl Quick<'_, '_> {
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes what is of a kind.
    fn pass(&mut self, is_it: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|b| !is_it(*b)).unwrap_or(rest.len());
    }

    fn spaces(&mut self) {
        self.pass(is_space);
    }

    /// Whether an operand ends here. Go ends names before more than that, of which charts write nothing.
    fn is_boundary(&self) -> bool {
        match self.rest() {
            [b, ..] if is_space(*b) => true,
            [b'|' | b')', ..] | [b'}', b'}', ..] => true,
            _ => false,
        }
    }

    fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    /// The pipeline, where its right delimiter stands, and whether that trims.
    fn action(&mut self, is_range: bool) -> Option<(Box<Pipe>, usize, bool)> {
        self.spaces();
        let start = self.at;
        let declared = match self.byte() {
            Some(b'$') => self.declarations(is_range)?,
            _ => None,
        };
        let mut pipe = self.pipe(start)?;
        if let Some((assign, declares)) = declared {
            (pipe.assign, pipe.declares) = (assign, declares);
        }
        match self.rest() {
            [b'}', b'}', ..] => Some((pipe, self.at, false)),
            // `pipe` stops at it behind a space only.
            [b'-', b'}', b'}', ..] => Some((pipe, self.at + 1, true)),
            _ => None,
        }
    }

    /// `$x :=`, `$x =`, and in a `range` `$i, $x :=`. Another use of a variable is an operand, and is not passed.
    /// Tells whether it is an assignment, and the names.
    fn declarations(&mut self, is_range: bool) -> Option<Option<(bool, Box<[Str]>)>> {
        let start = self.at;
        let first = self.variable();
        self.spaces();
        let second = if is_range && self.byte() == Some(b',') {
            self.at += 1;
            self.spaces();
            (self.byte() == Some(b'$')).then_some(())?;
            let second = self.variable();
            self.spaces();
            Some(second)
        } else {
            None
        };
        let assign = match self.rest() {
            [b':', b'=', ..] => false,
            [b'=', ..] if self.text.get(self.at - 1).is_some_and(|b| is_space(*b)) => true,
            _ if second.is_none() => {
                self.at = start;
                return Some(None);
            }
            _ => return None,
        };
        self.at += if assign { 1 } else { 2 };
        let mut declared = |span: Span| {
            let name = names::name(self.text.get(span.start as usize..span.end as usize)?);
            self.parser.vars.push(name.clone());
            Some(name)
        };
        let first = declared(first)?;
        let names: Box<[Str]> = match second {
            None => Box::new([first]),
            Some(second) => Box::new([first, declared(second)?]),
        };
        Some(Some((assign, names)))
    }

    /// Passes a variable.
    fn variable(&mut self) -> Span {
        let start = self.at;
        self.at += 1;
        self.name();
        self.span(start)
    }

    /// Passes the letters of a name.
    fn name(&mut self) {
        self.at += runs::name(self.rest());
    }

    /// Commands up to what is none of theirs; `start` is where the pipeline begins.
    fn pipe(&mut self, start: usize) -> Option<Box<Pipe>> {
        let mut whole = Span { start: start as u32, end: start as u32 };
        let complete = self.parser.commands.len();
        loop {
            self.spaces();
            let known = self.parser.args.len();
            let mut span = self.span(self.at);
            loop {
                match self.rest() {
                    [b'|' | b')' | b'}', ..] | [b'-', b'}', b'}', ..] => break,
                    _ => {}
                }
                self.operand()?;
                let end = self.at;
                span.end = end as u32;
                self.spaces();
                if self.at == end {
                    matches!(self.byte()?, b'|' | b')' | b'}').then_some(())?;
                    break;
                }
            }
            let is_first = self.parser.commands.len() == complete;
            let literal = matches!(
                self.parser.args.get(known)?.term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_)
            );
            if literal && !is_first {
                return None;
            }
            let command = Command { args: self.parser.args.drain(known..).collect(), span };
            whole.end = span.end;
            let is_last = self.byte() != Some(b'|');
            if is_first && is_last {
                let commands = Commands::One(command);
                return Some(Box::new(Pipe { assign: false, declares: Box::default(), commands, span: whole }));
            }
            self.parser.commands.push(command);
            if is_last {
                let commands = Commands::More(self.parser.commands.drain(complete..).collect());
                return Some(Box::new(Pipe { assign: false, declares: Box::default(), commands, span: whole }));
            }
            self.at += 1;
        }
    }

    /// Adds an operand that ends here.
    ///
    /// Each kind of operand is added where it is read: one that is handed on is copied in other pieces than it was written in, which a
    /// processor cannot do before all are written.
    #[inline(always)]
    fn add(&mut self, pos: usize, start: usize, term: Term) -> Option<()> {
        self.is_boundary().then_some(())?;
        let expr = Expr { pos: pos as u32, span: self.span(start), term };
        self.parser.args.push(expr);
        Some(())
    }

    /// Reads an operand, and adds it.
    fn operand(&mut self) -> Option<()> {
        let start = self.at;
        match self.byte()? {
            b'.' => {
                if self.text.get(start + 1).is_some_and(|b| is_name(*b)) {
                    let pos = self.fields()?.unwrap_or(start);
                    return self.add(pos, start, Term::Field(Field::default()));
                }
                self.at += 1;
                self.add(start, start, Term::Dot)
            }
            b'$' => {
                let span = self.variable();
                let name = self.text.get(span.start as usize..span.end as usize)?;
                self.parser.vars.iter().find(|known| runs::same(known, name))?;
                let mut pos = start;
                if self.byte() == Some(b'.') {
                    pos = self.at;
                    self.fields()?;
                }
                self.add(pos, start, Term::Variable(Named::default()))
            }
            quote @ (b'"' | b'`') => {
                let rest = self.text.get(start + 1..)?;
                let len = match quote {
                    b'"' => runs::quoted(rest)?,
                    _ => memchr::memchr(b'`', rest)?,
                };
                (rest.get(len) == Some(&quote)).then_some(())?;
                self.at = start + 1 + len + 1;
                // In backquotes Go passes over carriage returns, and in the others it reads escapes and characters.
                let text = rest.get(..len)?;
                let is_plain = if quote == b'"' { text.is_ascii() } else { !text.contains(&b'\r') };
                let text = if is_plain {
                    Str::from(text)
                } else {
                    let token = Token { kind: Kind::String, start: start as u32, end: self.at as u32 };
                    self.parser.unquote(token).ok()?
                };
                self.add(start, start, Term::Text(text))
            }
            b'(' => self.parenthesized(),
            b'-' | b'0'..=b'9' => {
                self.at += 1;
                while self.byte().is_some_and(|b| b.is_ascii_digit()) {
                    self.at += 1;
                }
                let text = self.text.get(start..self.at)?;
                self.is_boundary().then_some(())?;
                let number = Box::new(number::parse(text, false, false).ok()?);
                self.add(start, start, Term::Number(number))
            }
            b if is_name(b) => {
                self.name();
                let word = self.text.get(start..self.at)?;
                match word_of_its_own(word) {
                    None => {
                        let call = self.parser.function(word)?;
                        self.add(start, start, Term::Function(call))
                    }
                    Some(Kind::Bool) => self.add(start, start, Term::Bool(word == b"true")),
                    Some(Kind::Nil) => self.add(start, start, Term::Nil),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }

    /// Passes `.a.b.c`, up to what ends an operand. Tells where the second of them begins.
    fn fields(&mut self) -> Option<Option<usize>> {
        let mut second = None;
        loop {
            let [b'.', first, ..] = self.rest() else { return None };
            (is_name(*first) && !first.is_ascii_digit()).then_some(())?;
            self.at += 2;
            self.name();
            if self.byte() != Some(b'.') {
                return self.is_boundary().then_some(second);
            }
            second.get_or_insert(self.at);
        }
    }

    fn parenthesized(&mut self) -> Option<()> {
        (self.depth < MAX_PARENS).then_some(())?;
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.spaces();
        let pipe = self.pipe(self.at)?;
        (self.byte() == Some(b')')).then_some(())?;
        self.at += 1;
        self.depth -= 1;
        // Go places it at its first token; the text of it has the parentheses.
        let pos = pipe.span.start as usize;
        if self.byte() != Some(b'.') {
            return self.add(pos, start, Term::Pipe(pipe));
        }
        let inner = Expr { pos: pos as u32, span: self.span(start), term: Term::Pipe(pipe) };
        let first = self.at;
        self.fields()?;
        let fields = names::chain(self.text.get(first..self.at)?);
        self.add(first, start, Term::Chain(Box::new(Chain { inner, fields })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Parsed, parsed};
    use crate::diagnostic::Source;
    use crate::value::Str;
    use std::sync::Arc;

    const TEMPLATES: [&str; 10] = [
        "{{- if .Values.a.b -}} x {{- else if and .Values.c (not .d) }}y{{ else }}z{{ end }}",
        "{{ include \"a.b\" . | nindent 4 }}\n{{- toYaml .Values.x | trim | indent  12 -}}",
        "{{ range $i, $x := .Values.list }}{{ $i }}{{ $x.name.first }}{{ end }}{{ range $k := $ }}{{ break }}{{ end }}",
        "{{- $x := default (dict \"a\" 1 \"b\" -2) .Values.x }}{{ $x = (merge $x $.Values.y).z }}{{ $y := $x }}{{$y}}",
        "{{ define \"t\" }}{{ with .a }}{{ . }}{{ end }}{{ end }}{{ template \"t\" . }}{{ template `t` }}",
        "{{ printf `%s-%d` (index .Values \"a-b\").c 017 | quote | b64enc }}{{ true }}{{ nil | not }}{{/* c */}}",
        "{{ block \"b\" (list 1 2.5 'c' 0x1F 1e3) }}{{ . }}{{ end }}{{ (((.))) }}{{ ($.a.b).c.d }}",
        "{{ with $v := .Values }}{{ $v.a | eq \"\\n\" }}{{ else with .b }}{{ end }}{{ range .x }}{{continue}}{{end}}",
        "{{- if .a -}}1{{-  else if  .b -}}2{{ else\tif .c }}3{{- else -}}4{{-  end  -}}\n{{ range .x }}{{- else }}{{ end}}{{ with .y }}{{ else  with .z -}} w {{end }}",
        "{{\n  ternary\t\"é\" (or .Values.a\r\n .b) (gt (len .c) 3)\n}}{{ if $ }}{{ end }}{{ .Values.x }}",
    ];

    /// What is wrong in one way or another, or rare.
    const PARTS: [&str; 60] = [
        " ",
        "\n",
        "\t",
        "-",
        "- ",
        " -",
        "{{",
        "}}",
        "{{-",
        "-}}",
        " -}}",
        "{",
        "}",
        "(",
        ")",
        "((",
        "))",
        "|",
        "||",
        " | ",
        ".",
        "..",
        ".a",
        ". ",
        ".5",
        ".a.5",
        "$",
        "$x",
        "$y",
        "$.a",
        "$x.",
        ":=",
        "=",
        "==",
        " := ",
        " = ",
        ",",
        "$i, $x := ",
        "\"",
        "\"a\"",
        "\"\\\"",
        "`",
        "`a`",
        "'",
        "'a'",
        "1",
        "-1",
        "1i",
        "1_0",
        "0x",
        "true",
        "nil",
        "if",
        "end",
        "and ",
        "nope ",
        "é",
        "/*",
        "*/",
        "\u{2028}",
    ];

    fn shown(text: &str, is_quick: bool) -> String {
        let source =
            Arc::new(Source { name: "a".to_owned(), path: "a".to_owned(), text: Str::from(text), origin: None });
        match parsed(&source, &crate::functions::lookup_function, is_quick) {
            Err(error) => format!("{error:?}"),
            Ok(Parsed { main, defined }) => {
                let mut trees: Vec<_> = defined.iter().chain([&main]).collect();
                trees.sort_by_key(|tree| (tree.name.clone(), tree.defined_at.start));
                let shown =
                    trees.iter().map(|tree| format!("{tree:?} {:?} {} {:#?}", tree.defined_at, tree.depth, tree.root));
                shown.collect::<Vec<_>>().join("\n")
            }
        }
    }

    #[test]
    fn pipelines_read_at_once_are_as_parsed() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let (mut fine, mut wrong) = (0, 0);
        // More of them, after a change here.
        let rounds = std::env::var("RHELM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_000);
        for round in 0..rounds {
            let mut text = TEMPLATES[round % TEMPLATES.len()].to_owned();
            for _ in 0..(round / TEMPLATES.len()).min(1 + next(4)) {
                let ends: Vec<usize> = (0..=text.len()).filter(|i| text.is_char_boundary(*i)).collect();
                let at = ends[next(ends.len())];
                match next(4) {
                    0 => {
                        let end = ends[next(ends.len())].clamp(at, (at + 8).min(text.len()));
                        let end = (end..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(at);
                        text.replace_range(at..end, "");
                    }
                    1 => {
                        let other = TEMPLATES[next(TEMPLATES.len())];
                        let piece: String = other.chars().skip(next(other.len())).take(next(20)).collect();
                        text.insert_str(at, &piece);
                    }
                    _ => text.insert_str(at, PARTS[next(PARTS.len())]),
                }
            }
            let (quick, slow) = (shown(&text, true), shown(&text, false));
            assert_eq!(quick, slow, "{text}");
            match slow.starts_with("ParseError") {
                true => wrong += 1,
                false => fine += 1,
            }
        }
        assert!(fine > rounds / 20 && wrong > rounds / 5, "{fine} {wrong}");
    }
}
