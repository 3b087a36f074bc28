//! Tokens → trees. Follows Go's grammar, its three-token look-ahead included, since error messages show it.
//!
//! `expect` complains in Go's words; the line of every complaint is that of the last token cut.

use super::ast::{Branch, Call, Chain, Command, Expr, Field, How, Named, Node, Pipe, TemplateCall, Term, Tree};
use super::lex::{Kind, Lexer, Token};
use super::quick::Opening;
use super::{names, number};
use crate::diagnostic::{Location, Source, Span};
use crate::functions::Function;
use crate::go::quote::{quoted, unquote};
use crate::stack::deeper;
use crate::text::recent::Recent;
use crate::value::Str;
use foldhash::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// Go's limit for nested parentheses.
const MAX_PARENS: usize = 10_000;

/// Our limit for nested `if`, `range`, `with`, `define` and `block`; Go's is its stack.
const MAX_BLOCKS: usize = 250_000;

/// A text that could not be parsed.
#[derive(Debug, Clone)]
pub struct ParseError {
    /// The culprit.
    pub at: Location,
    /// The line that Go reports, from 1.
    pub line: usize,
    /// Go's words after `template: NAME:LINE: `.
    pub message: String,
    /// What exactly is wrong, where a person can be told more than Go tells.
    pub kind: ParseErrorKind,
}

/// Mistakes that deserve words of their own.
#[derive(Debug, Clone)]
pub enum ParseErrorKind {
    /// Go's words are all there is.
    Other,
    /// This parenthesis is never closed; the action ends at the place of the error.
    OpenParen(Location),
    /// This block (`if`, `range`, …, its action's place) has no `end`.
    OpenBlock(&'static str, Location),
    /// There is no such function.
    UnknownFunction(String),
}

impl ParseError {
    /// Go's whole text of it: `template: NAME:LINE: MESSAGE`.
    pub fn go_text(&self) -> String {
        format!("template: {}:{}: {}", self.at.source.name, self.line, self.message)
    }
}

/// All templates of one text: its own and those it defines.
#[derive(Debug)]
pub struct Parsed {
    /// The text itself, under the source's name.
    pub main: Arc<Tree>,
    /// What it defines, in no order that matters.
    pub defined: Vec<Arc<Tree>>,
}

/// Finds functions by name.
pub type Library = dyn Fn(&str) -> Option<&'static Function>;

type Result<T> = std::result::Result<T, Box<ParseError>>;

/// Parses one text. Functions must exist, as in Go.
///
/// # Errors
/// The first mistake, as Go reports it.
pub fn parse(source: &Arc<Source>, library: &Library) -> Result<Parsed> {
    parsed(source, library, true)
}

/// The same, with pipelines read at once where they can be, or all of them parsed.
pub(super) fn parsed(source: &Arc<Source>, library: &Library, is_quick: bool) -> Result<Parsed> {
    let mut parser = Parser {
        source,
        lexer: Lexer::new(&source.text),
        tokens: [Token { kind: Kind::Eof, start: 0, end: 0 }; 3],
        peeked: 0,
        vars: vec![Str::from("$")],
        library,
        functions: Recent::new(),
        trees: HashMap::default(),
        action: None,
        open: Vec::new(),
        range_depth: 0,
        parens: 0,
        blocks: 0,
        deepest: 0,
        is_quick,
        args: Vec::new(),
        commands: Vec::new(),
        nodes: Vec::new(),
    };
    let root = parser.top()?;
    let depth = parser.deepest;
    let main = Tree {
        name: Str::from(source.name.as_str()),
        source: source.clone(),
        defined_at: Span::default(),
        root,
        depth,
    };
    let mut trees = parser.trees;
    let main = Arc::new(main);
    match trees.get(&main.name) {
        Some(old) if !old.is_empty() => {
            if !main.is_empty() {
                return Err(Box::new(ParseError {
                    at: Location { source: source.clone(), span: old.defined_at },
                    line: source.line_and_byte(source.text.len() as u32).0,
                    message: format!("template: multiple definition of template {}", quoted(&main.name)),
                    kind: ParseErrorKind::Other,
                }));
            }
            // A text that defines itself: its definition is what stands for it.
            let main = trees.remove(&main.name).unwrap_or(main);
            return Ok(Parsed { main, defined: trees.into_values().collect() });
        }
        _ => {
            trees.remove(&main.name);
        }
    }
    Ok(Parsed { main, defined: trees.into_values().collect() })
}

/// Whether a list holds nothing but space: such a template does not replace one of the same name.
pub(super) fn empty(nodes: &[Node], source: &Source) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(span) => bstr::ByteSlice::trim(source.slice(*span)).is_empty(),
        _ => false,
    })
}

impl Tree {
    /// Whether it holds nothing but space.
    pub fn is_empty(&self) -> bool {
        empty(&self.root, &self.source)
    }
}

/// How many functions are at hand.
const FUNCTIONS: usize = 32;

pub(super) struct Parser<'a> {
    pub(super) source: &'a Arc<Source>,
    lexer: Lexer<'a>,
    tokens: [Token; 3],
    peeked: usize,
    pub(super) vars: Vec<Str>,
    library: &'a Library,
    functions: Recent<Call, FUNCTIONS>,
    trees: HashMap<Str, Arc<Tree>>,
    /// Where the current action starts.
    action: Option<u32>,
    /// The blocks that are open: for words about a missing `end`.
    open: Vec<(&'static str, Span)>,
    range_depth: usize,
    pub(super) parens: usize,
    pub(super) blocks: usize,
    pub(super) deepest: usize,
    /// Whether pipelines are read at once where they can be.
    is_quick: bool,
    /// Operands and commands of pipelines that are read at once, until they are complete.
    pub(super) args: Vec<Expr>,
    pub(super) commands: Vec<Command>,
    /// Nodes of lists that go on, the inner ones behind the outer.
    nodes: Vec<Node>,
}

enum End {
    End,
    Else(Span),
}

impl End {
    fn words(&self) -> &'static str {
        match self {
            End::End => "{{end}}",
            End::Else(_) => "{{else}}",
        }
    }
}

impl Parser<'_> {
    // Tokens. `tokens[0]` is always the last one cut.

    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
            return self.tokens.get(self.peeked).copied().unwrap_or(self.tokens[0]);
        }
        let token = self.lexer.next();
        self.tokens[0] = token;
        token
    }

    fn backup(&mut self) {
        self.peeked += 1;
    }

    fn backup2(&mut self, first: Token) {
        self.tokens[1] = first;
        self.peeked = 2;
    }

    fn backup3(&mut self, first: Token, second: Token) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.peeked = 3;
    }

    fn peek(&mut self) -> Token {
        let token = self.next();
        self.backup();
        token
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn text(&self, token: Token) -> &[u8] {
        self.source.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// A name: shared with all others of its spelling.
    fn name(&self, token: Token, skip: usize) -> Str {
        names::name(self.text(token).get(skip..).unwrap_or_default())
    }

    /// A function.
    pub(super) fn function(&mut self, name: &[u8]) -> Option<Call> {
        let library = self.library;
        let make = || {
            let function = std::str::from_utf8(name).ok().and_then(library)?;
            let how = match function.name {
                "and" => How::And,
                "or" => How::Or,
                _ => How::Plain,
            };
            Some(Call { function, how })
        };
        self.functions.find(name, make).copied()
    }

    // What reads pipelines at once.

    /// Where the rest of an action begins; none where the lexer is past more than a token of it.
    pub(super) fn place(&self) -> Option<usize> {
        match self.peeked {
            0 => self.lexer.place(),
            1 if !matches!(self.tokens[0].kind, Kind::Error | Kind::Eof) => Some(self.tokens[0].start as usize),
            _ => None,
        }
    }

    /// Goes on behind a right delimiter.
    pub(super) fn leave(&mut self, delim: usize, trim: bool) {
        self.tokens[0] = self.lexer.leave(delim, trim);
        self.peeked = 0;
    }

    /// Goes on behind a keyword, which is the last token then.
    pub(super) fn pass(&mut self, keyword: Token) {
        self.lexer.pass(keyword.end);
        self.tokens[0] = keyword;
        self.peeked = 0;
    }

    // Failures.

    fn error<T>(&self, token: Token, message: impl Into<String>, kind: ParseErrorKind) -> Result<T> {
        Err(Box::new(ParseError {
            at: self.location(token.start, token.end),
            line: self.source.line_and_byte(self.tokens[0].start).0,
            message: message.into(),
            kind,
        }))
    }

    fn location(&self, start: u32, end: u32) -> Location {
        Location { source: self.source.clone(), span: Span { start, end } }
    }

    fn fail<T>(&self, token: Token, message: impl Into<String>) -> Result<T> {
        self.error(token, message, ParseErrorKind::Other)
    }

    fn unexpected<T>(&self, token: Token, context: &str) -> Result<T> {
        if token.kind == Kind::Error {
            let mut message = self.lexer.error.clone();
            if let Some(action) = self.action {
                let started = self.source.line_and_byte(action).0;
                if started != self.source.line_and_byte(token.start).0 {
                    let extra = format!(" in action started at {}:{started}", self.source.name);
                    message += if message.ends_with(" action") { extra.get(10..).unwrap_or_default() } else { &extra };
                }
            }
            let kind = match self.lexer.open_paren {
                Some(open) => ParseErrorKind::OpenParen(self.location(open, open + 1)),
                None => ParseErrorKind::Other,
            };
            return self.error(token, message, kind);
        }
        let message = format!("unexpected {} in {context}", self.lexer.describe(token));
        let kind = match (token.kind, self.open.last()) {
            (Kind::Eof | Kind::Define, Some((word, span))) => {
                ParseErrorKind::OpenBlock(word, Location { source: self.source.clone(), span: *span })
            }
            _ => ParseErrorKind::Other,
        };
        self.error(token, message, kind)
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(token, context) }
    }

    // Grammar.

    fn top(&mut self) -> Result<Box<[Node]>> {
        loop {
            let mut token = self.next();
            match token.kind {
                Kind::Eof => return Ok(std::mem::take(&mut self.nodes).into()),
                Kind::LeftDelim if self.may_define() => {
                    if self.next_non_space().kind == Kind::Define {
                        self.definition(token)?;
                        continue;
                    }
                    self.backup2(token);
                    token = self.next_non_space();
                }
                _ => {}
            }
            if let Some(end) = self.item(token)? {
                let at = self.tokens[0];
                return self.fail(at, format!("unexpected {}", end.words()));
            }
        }
    }

    /// Whether the action that begins here may be a definition.
    fn may_define(&self) -> bool {
        !self.is_quick
            || match self.opening() {
                Opening::Pipeline => false,
                Opening::Keyword(keyword) => keyword.kind == Kind::Define,
                Opening::Unknown => true,
            }
    }

    /// `{{define "name"}} … {{end}}`; the keyword is past.
    fn definition(&mut self, delim: Token) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(token, CONTEXT);
        }
        let name = self.unquote(token)?;
        let close = self.expect(Kind::RightDelim, CONTEXT)?;
        self.nested("define", Span { start: delim.start, end: close.end }, name, token, CONTEXT)
    }

    /// The body of a `define` or `block`: own variables, own `range` depth.
    fn nested(&mut self, word: &'static str, span: Span, name: Str, token: Token, context: &str) -> Result<()> {
        let vars = std::mem::replace(&mut self.vars, vec![Str::from("$")]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let action = std::mem::take(&mut self.action);
        let opened = self.tokens[0];
        let (root, end) = self.block(word, span, Self::item_list)?;
        if let End::Else(_) = end {
            let at = self.tokens[0];
            if word == "block" {
                // Go tells this one at the block's own action.
                self.tokens[0] = opened;
            }
            return self.fail(at, format!("unexpected {} in {context}", end.words()));
        }
        self.vars = vars;
        self.range_depth = range_depth;
        self.action = action;
        let tree = Tree {
            name: name.clone(),
            source: self.source.clone(),
            defined_at: Span { start: token.start, end: token.end },
            root,
            depth: self.deepest,
        };
        match self.trees.get(&name) {
            Some(old) if !old.is_empty() => {
                if !tree.is_empty() {
                    let message = format!("template: multiple definition of template {}", quoted(&name));
                    return self.fail(token, message);
                }
            }
            _ => {
                self.trees.insert(name, Arc::new(tree));
            }
        }
        Ok(())
    }

    /// Runs a part of the grammar one block deeper.
    fn block<T>(&mut self, word: &'static str, span: Span, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.blocks >= MAX_BLOCKS {
            let at = self.tokens[0];
            return self.fail(at, "max nesting depth exceeded");
        }
        self.blocks += 1;
        self.deepest = self.deepest.max(self.blocks + self.parens);
        self.open.push((word, span));
        let result = deeper(|| part(self))?;
        self.open.pop();
        self.blocks -= 1;
        Ok(result)
    }

    fn item_list(&mut self) -> Result<(Box<[Node]>, End)> {
        let outer = self.nodes.len();
        loop {
            let token = self.next_non_space();
            if token.kind == Kind::Eof {
                break;
            }
            if let Some(end) = self.item(token)? {
                return Ok((self.nodes.drain(outer..).collect(), end));
            }
        }
        let at = self.tokens[0];
        let kind = match self.open.last() {
            Some((word, span)) => {
                ParseErrorKind::OpenBlock(word, Location { source: self.source.clone(), span: *span })
            }
            None => ParseErrorKind::Other,
        };
        self.error(at, "unexpected EOF", kind)
    }

    /// Adds a text, or what the action is that begins with this delimiter. Some ends a list.
    fn item(&mut self, token: Token) -> Result<Option<End>> {
        match token.kind {
            Kind::Text => {
                self.nodes.push(Node::Text(Span { start: token.start, end: token.end }));
                Ok(None)
            }
            Kind::LeftDelim => {
                self.action = Some(token.start);
                let item = self.act(token);
                self.action = None;
                item
            }
            _ => self.unexpected(token, "input"),
        }
    }

    fn act(&mut self, delim: Token) -> Result<Option<End>> {
        if self.is_quick {
            match self.opening() {
                Opening::Pipeline => {
                    let pipe = self.pipeline("command", Kind::RightDelim)?;
                    self.nodes.push(Node::Action(pipe));
                    return Ok(None);
                }
                Opening::Keyword(keyword) => {
                    if let Some(end) = self.quick_keyword(delim, keyword)? {
                        return Ok(end);
                    }
                }
                Opening::Unknown => {}
            }
        }
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Block => self.block_control(delim)?,
            Kind::Break | Kind::Continue => {
                let word = if token.kind == Kind::Break { "break" } else { "continue" };
                let close = self.next_non_space();
                if close.kind != Kind::RightDelim {
                    return self.unexpected(close, &format!("{{{{{word}}}}}"));
                }
                if self.range_depth == 0 {
                    return self.fail(token, format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                if token.kind == Kind::Break { Node::Break } else { Node::Continue }
            }
            Kind::Else => {
                let next = self.peek_non_space();
                let span = Span { start: delim.start, end: next.end };
                if !matches!(next.kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Some(End::Else(span)));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Some(End::End));
            }
            Kind::If => Node::If(Box::new(self.control("if", delim.start)?)),
            Kind::Range => Node::Range(Box::new(self.control("range", delim.start)?)),
            Kind::With => Node::With(Box::new(self.control("with", delim.start)?)),
            Kind::Template => self.template_control()?,
            _ => {
                self.backup();
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        self.nodes.push(node);
        Ok(None)
    }

    /// What begins with a keyword, without tokens. None, and nothing is changed, where it has to be parsed.
    fn quick_keyword(&mut self, delim: Token, keyword: Token) -> Result<Option<Option<End>>> {
        let context = match keyword.kind {
            Kind::End => return Ok(self.ends_behind(keyword).then_some(Some(End::End))),
            Kind::Else => {
                let next = if self.ends_behind(keyword) {
                    self.tokens[0]
                } else if let Some(next) = self.passes_else(keyword) {
                    self.backup();
                    next
                } else {
                    return Ok(None);
                };
                return Ok(Some(Some(End::Else(Span { start: delim.start, end: next.end }))));
            }
            Kind::If => "if",
            Kind::Range => "range",
            Kind::With => "with",
            _ => return Ok(None),
        };
        if !self.passes(keyword) {
            return Ok(None);
        }
        let branch = Box::new(self.control(context, delim.start)?);
        self.nodes.push(match keyword.kind {
            Kind::If => Node::If(branch),
            Kind::Range => Node::Range(branch),
            _ => Node::With(branch),
        });
        Ok(Some(None))
    }

    fn control(&mut self, context: &'static str, start: u32) -> Result<Branch> {
        let vars = self.vars.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let span = Span { start, end: pipe.span.end };
        let looping = usize::from(context == "range");
        self.range_depth += looping;
        let (list, end) = self.block(context, span, Self::item_list)?;
        self.range_depth -= looping;
        let mut otherwise = None;
        if let End::Else(place) = end {
            let next = self.peek().kind;
            if context == "if" && next == Kind::If || context == "with" && next == Kind::With {
                self.next();
                let inner = self.block(context, place, |p| p.control(context, place.start))?;
                let node = if context == "if" { Node::If(Box::new(inner)) } else { Node::With(Box::new(inner)) };
                otherwise = Some(Box::new([node]) as Box<[Node]>);
            } else {
                let (list, end) = self.block(context, span, Self::item_list)?;
                if let End::Else(_) = end {
                    let at = self.tokens[0];
                    return self.fail(at, format!("expected end; found {}", end.words()));
                }
                otherwise = Some(list);
            }
        }
        self.vars.truncate(vars);
        Ok(Branch { pipe, list, otherwise, span })
    }

    fn block_control(&mut self, delim: Token) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let span = Span { start: delim.start, end: pipe.span.end };
        self.nested("block", span, name.clone(), token, CONTEXT)?;
        let span = Span { start: token.start, end: token.end };
        Ok(Node::Template(Box::new(TemplateCall { name, pipe: Some(pipe), span })))
    }

    fn template_control(&mut self) -> Result<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = if self.next_non_space().kind == Kind::RightDelim {
            None
        } else {
            self.backup();
            Some(self.pipeline(CONTEXT, Kind::RightDelim)?)
        };
        let span = Span { start: token.start, end: token.end };
        Ok(Node::Template(Box::new(TemplateCall { name, pipe, span })))
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquote(token),
            _ => self.unexpected(token, context),
        }
    }

    pub(super) fn unquote(&self, token: Token) -> Result<Str> {
        let text = self.text(token);
        // Most strings hold no escape; Go also drops carriage returns from raw strings.
        if let [quote, inner @ .., _] = text {
            let plain = match quote {
                b'"' => !inner.contains(&b'\\') && inner.is_ascii(),
                _ => !inner.contains(&b'\r'),
            };
            if plain {
                return Ok(Str::from(inner));
            }
        }
        match unquote(text) {
            Some(text) => Ok(Str::from(text)),
            None => self.fail(token, "invalid syntax"),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Box<Pipe>> {
        if end == Kind::RightDelim
            && self.is_quick
            && let Some(pipe) = self.quick(context == "range")
        {
            return Ok(pipe);
        }
        let first = self.peek_non_space();
        let mut span = Span { start: first.start, end: first.end };
        let (mut assign, mut declares, mut commands) = (false, Vec::new(), Vec::new());
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                break;
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    assign = next.kind == Kind::Assign;
                    self.next_non_space();
                    let name = self.name(variable, 0);
                    self.vars.push(name.clone());
                    declares.push(name);
                }
                Kind::Char if self.text(next) == b"," => {
                    self.next_non_space();
                    let name = self.name(variable, 0);
                    self.vars.push(name.clone());
                    declares.push(name);
                    if context == "range" && declares.len() < 2 {
                        match self.peek_non_space().kind {
                            Kind::Variable | Kind::RightDelim | Kind::RightParen => continue,
                            _ => return self.fail(variable, "range can only initialize variables"),
                        }
                    }
                    return self.fail(variable, format!("too many declarations in {context}"));
                }
                _ if after.kind == Kind::Space => self.backup3(variable, after),
                _ => self.backup2(variable),
            }
            break;
        }
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&commands, context, token)?;
                    let (declares, commands) = (declares.into(), commands.into());
                    return Ok(Box::new(Pipe { assign, declares, commands, span }));
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    span.end = command.span.end;
                    commands.push(command);
                }
                _ => return self.unexpected(token, context),
            }
        }
    }

    fn check_pipeline(&self, commands: &[Command], context: &str, end: Token) -> Result<()> {
        if commands.is_empty() {
            return self.fail(end, format!("missing value for {context}"));
        }
        for (i, command) in commands.iter().enumerate().skip(1) {
            let literal = command.args.first().is_some_and(|arg| {
                matches!(arg.term, Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_))
            });
            if literal {
                let at = Token { kind: Kind::Error, start: command.span.start, end: command.span.end };
                return self.fail(at, format!("non executable command in pipeline stage {}", i + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        let first = self.peek_non_space();
        let mut args = Vec::new();
        let mut span = Span { start: first.start, end: first.end };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                span.end = operand.span.end;
                args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return self.unexpected(token, "operand"),
            }
            break;
        }
        if args.is_empty() {
            return self.fail(first, "empty command");
        }
        Ok(Command { args: args.into(), span })
    }

    fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(mut expr) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(expr));
        }
        let mut fields = SmallVec::new();
        let mut end = first.end;
        while self.peek().kind == Kind::Field {
            let token = self.next();
            end = token.end;
            fields.push(self.name(token, 1));
        }
        expr.term = match expr.term {
            // The text goes on with them.
            term @ (Term::Field(_) | Term::Variable(_)) => term,
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                let mut shown = Vec::new();
                expr.print(self.source, &mut shown, 0);
                let at = Token { kind: Kind::Error, start: expr.span.start, end };
                return self.fail(at, format!("unexpected . after term {}", quoted(&shown)));
            }
            term => {
                let inner = Expr { pos: expr.pos, span: expr.span, term };
                Term::Chain(Box::new(Chain { inner, fields: Arc::new(fields) }))
            }
        };
        expr.pos = first.start;
        expr.span.end = end;
        Ok(Some(expr))
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let token = self.next_non_space();
        let term = match token.kind {
            Kind::Identifier => {
                let source = self.source;
                let name = source.text.get(token.start as usize..token.end as usize).unwrap_or_default();
                let Some(call) = self.function(name) else {
                    let message = format!("function {} not defined", quoted(name));
                    let name = String::from_utf8_lossy(name).into_owned();
                    return self.error(token, message, ParseErrorKind::UnknownFunction(name));
                };
                Term::Function(call)
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                let text = self.text(token);
                if !self.vars.iter().any(|name| name.as_bytes() == text) {
                    let message = format!("undefined variable {}", quoted(text));
                    return self.fail(token, message);
                }
                Term::Variable(Named::default())
            }
            Kind::Field => Term::Field(Field::default()),
            Kind::Bool => Term::Bool(self.text(token) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                match number::parse(self.text(token), token.kind == Kind::CharConstant, token.kind == Kind::Complex) {
                    Ok(number) => Term::Number(Box::new(number)),
                    Err(message) => return self.fail(token, message),
                }
            }
            Kind::LeftParen => {
                if self.parens >= MAX_PARENS {
                    return self.fail(token, "max expression depth exceeded");
                }
                self.parens += 1;
                self.deepest = self.deepest.max(self.blocks + self.parens);
                let pipe = deeper(|| self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.parens -= 1;
                // Go places a parenthesised pipeline at its first token; the text of it has the parentheses.
                let span = Span { start: token.start, end: self.last_paren_end(pipe.span.end) };
                return Ok(Some(Expr { pos: pipe.span.start, span, term: Term::Pipe(pipe) }));
            }
            Kind::String | Kind::RawString => Term::Text(self.unquote(token)?),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: token.start, span: Span { start: token.start, end: token.end }, term }))
    }

    /// The end of the `)` that closes a pipeline ending at `end`: only space stands between.
    fn last_paren_end(&self, end: u32) -> u32 {
        let rest = self.source.text.get(end as usize..).unwrap_or_default();
        rest.iter().position(|&b| b == b')').map_or(end, |n| end + n as u32 + 1)
    }
}
