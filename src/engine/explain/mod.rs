//! Template errors → diagnostics: the place, what stands around it, and what to do.
//!
//! All of it happens after the failure: sources are read again as text, values files again with places.

mod expression;
mod origin;
mod parsing;
mod stack;
mod wanted;

pub(super) use parsing::{parse_error, parse_errors};

use crate::diagnostic::{Diagnostic, Error, Hint, Label, Location, Span, nearest};
use crate::go::quote::{quoted, unquote};
use crate::template::{Cause, ExecError, Frame, Reason, Set};
use crate::value::MapRef;
use crate::values::{Layers, Live};
use expression::{Chain, arguments, chain, piped};
use origin::Origins;
use std::borrow::Cow;
use wanted::{Wanted, kind_of, wanted};

/// What the failing file was executed with.
pub(super) struct Setting<'s> {
    /// All templates.
    pub(super) set: &'s Set,
    /// The root object.
    pub(super) root: &'s MapRef,
    /// The file's chart.
    pub(super) live: &'s Live<'s>,
    /// Where values come from.
    pub(super) layers: &'s Layers,
}

/// A failed execution.
pub(super) fn exec_error(error: &ExecError, setting: &Setting<'_>) -> Error {
    let mut origins = Origins::new(setting.layers);
    let mut diagnostic = Diagnostic::new(error.message.clone(), error.helm_text());
    let innermost = error.frames.iter().position(|frame| matches!(frame, Frame::Call { .. }));
    let culprit = innermost.and_then(|i| error.frames.get(i));
    // The frames around the culprit; an unparsable text has a culprit of its own.
    let outer = match (&error.cause, innermost) {
        (Cause::Unparsable(_), _) | (_, None) => error.frames.as_slice(),
        (_, Some(i)) => error.frames.get(i + 1..).unwrap_or_default(),
    };
    diagnostic.at = error.innermost();
    match &error.cause {
        Cause::Unparsable(inner) => {
            let helm = diagnostic.helm.take();
            diagnostic = parsing::parse_error(inner);
            diagnostic.helm = helm;
        }
        Cause::Executor(Reason::NilField(field)) => nil_field(&mut diagnostic, field, setting),
        Cause::Executor(Reason::NoTemplate(name)) => no_template(&mut diagnostic, name, setting.set),
        Cause::Executor(Reason::Other) => no_field(&mut diagnostic, setting),
        Cause::Function(name) => match unknown_name(error) {
            Some(template) => no_template(&mut diagnostic, &template, setting.set),
            None => function(&mut diagnostic, name, setting, false),
        },
        Cause::Raised(name) => function(&mut diagnostic, name, setting, *name == "required"),
    }
    if let (Cause::Function("include"), Some(Frame::Call { template, .. })) = (&error.cause, culprit)
        && error.message.starts_with("rendering template has a nested reference name")
    {
        diagnostic.message = format!("template {} includes itself without end", quoted(template));
    }
    diagnostic.facts.extend(stack::facts(outer, &mut origins));
    diagnostic.hints.extend(error.hints.iter().map(|text| Hint { text: text.clone(), at: None }));
    origins.settle(&mut diagnostic);
    diagnostic.into()
}

/// The bytes of a place.
fn text(at: &Location) -> &[u8] {
    at.source.text.get(at.span.start as usize..at.span.end as usize).unwrap_or_default()
}

fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A part of a place.
fn within(at: &Location, start: usize, end: usize) -> Location {
    let from = at.span.start as usize;
    Location { source: at.source.clone(), span: Span::new(from + start, from + end) }
}

/// The name in Helm's words for an `include` of nothing.
fn unknown_name(error: &ExecError) -> Option<String> {
    let rest = error.message.strip_prefix("template: no template ")?;
    let (literal, _) = rest.rsplit_once(" associated with ")?;
    unquote(literal.as_bytes()).map(|name| lossy(&name).into_owned())
}

fn no_template(diagnostic: &mut Diagnostic, name: &str, set: &Set) {
    diagnostic.message = format!("no template is named {}", quoted(name.as_bytes()));
    if let Some(at) = &diagnostic.at {
        // `include NAME …`; a `template` clause is the name already.
        if let Some(argument) = arguments(&at.source.text, at.span).get(1) {
            diagnostic.at = Some(Location { source: at.source.clone(), span: *argument });
        }
    }
    let names = set.names();
    let names: Vec<&str> = names.iter().filter_map(|name| name.utf8()).collect();
    let Some(near) = nearest(name, names) else { return };
    let shown = quoted(near.as_bytes());
    diagnostic.note = format!("did you mean {shown}?");
    if let Some(tree) = set.get(near.as_bytes())
        && tree.defined_at != Span::default()
    {
        let (line, column) = tree.source.line_and_column(tree.defined_at.start);
        diagnostic.facts.push(format!("{shown} is defined at {}:{line}:{column}", tree.source.path));
    }
}

/// A field was asked of nil.
fn nil_field(diagnostic: &mut Diagnostic, field: &str, setting: &Setting<'_>) {
    diagnostic.message = format!("cannot read `.{field}` of nothing");
    let Some(at) = diagnostic.at.clone() else { return };
    let text = text(&at);
    let found = chain(text).and_then(|chain| {
        let missing = wanted(&chain, setting);
        let index = match &missing {
            Some(wanted) if chain.keys.get(wanted.at + 1).is_some_and(|key| key.name == field) => wanted.at + 1,
            _ => chain.keys.iter().position(|key| key.name == field)?,
        };
        let missing = missing.filter(|wanted| wanted.at + 1 == index);
        Some((chain, index, missing))
    });
    let Some((chain, index, missing)) = found else {
        // An expression that is no plain chain: the last mention of the field will do.
        let name = format!(".{field}");
        if let Some(start) = memchr::memmem::rfind(text, name.as_bytes()) {
            diagnostic.at = Some(within(&at, start + 1, start + name.len()));
        }
        return;
    };
    let Some(key) = chain.keys.get(index) else { return };
    diagnostic.at = Some(within(&at, key.start + 1, key.end));
    let receiver = lossy(text.get(..key.start).unwrap_or_default()).into_owned();
    if receiver.is_empty() {
        diagnostic.message = format!("cannot read `.{field}`: the dot is nil here");
        return;
    }
    diagnostic.labels.push(Label { at: within(&at, 0, key.start), text: "nil".into() });
    diagnostic.message = match &missing {
        Some(wanted) if !wanted.null => format!("cannot read `.{field}`: `{receiver}` is not set"),
        Some(_) => format!("cannot read `.{field}`: `{receiver}` is null"),
        None => format!("cannot read `.{field}`: `{receiver}` is nil"),
    };
    if let Some(wanted) = missing {
        wanted.explain(diagnostic, setting);
    }
}

/// Go's name of a type as a person would say it.
fn kind_name(go: &str) -> String {
    match go {
        "string" => "a string".into(),
        "bool" => "a boolean".into(),
        "float64" | "int" | "int64" | "uint64" | "float32" => "a number".into(),
        _ if go.starts_with("[]") => "a list".into(),
        _ if go.starts_with("map[") => "a map".into(),
        _ if go == "interface {}" => "of a type that has no fields".into(),
        _ => format!("of type {go}"),
    }
}

/// A field was asked of something that has none.
fn no_field(diagnostic: &mut Diagnostic, setting: &Setting<'_>) {
    let Some(rest) = diagnostic.message.strip_prefix("can't evaluate field ") else { return };
    let Some((field, kind)) = rest.split_once(" in type ") else { return };
    let (field, kind) = (field.to_owned(), kind.to_owned());
    let Some(at) = diagnostic.at.clone() else { return };
    let code = text(&at);
    let Some(chain) = chain(code) else { return };
    let known = kind_of(&chain, setting).filter(|(i, _)| chain.keys.get(*i).is_some_and(|key| key.name == field));
    let index = known.map(|(i, _)| i).or_else(|| chain.keys.iter().position(|key| key.name == field));
    let Some(key) = index.and_then(|i| chain.keys.get(i)) else { return };
    let kind = known.map_or_else(|| kind_name(&kind), |(_, kind)| kind.to_owned());
    diagnostic.at = Some(within(&at, key.start + 1, key.end));
    let receiver = lossy(code.get(..key.start).unwrap_or_default()).into_owned();
    if receiver.is_empty() {
        diagnostic.message = format!("cannot read `.{field}`: the dot is {kind} here");
        return;
    }
    diagnostic.labels.push(Label { at: within(&at, 0, key.start), text: kind.clone() });
    diagnostic.message = format!("cannot read `.{field}`: `{receiver}` is {kind}");
}

/// A function failed; of its arguments those are shown that are values nobody set.
fn function(diagnostic: &mut Diagnostic, name: &str, setting: &Setting<'_>, required: bool) {
    if !required && name != "fail" {
        diagnostic.message = format!("`{name}` fails: {}", diagnostic.message);
    }
    let Some(at) = diagnostic.at.clone() else { return };
    let arguments = arguments(&at.source.text, at.span);
    let Some((word, arguments)) = arguments.split_first() else { return };
    let place = |span: Span| Location { source: at.source.clone(), span };
    if text(&place(*word)) != name.as_bytes() {
        return;
    }
    diagnostic.at = Some(place(*word));
    let mut shown = false;
    for span in arguments.iter().copied().chain(piped(&at.source.text, at.span.start)) {
        let argument = place(span);
        let Some(chain) = chain(text(&argument)) else { continue };
        let Some(wanted) = wanted(&chain, setting) else { continue };
        let state = if wanted.null { "is null" } else { "is not set" };
        let what = format!("nil: `{}` {state}", wanted.shown());
        diagnostic.labels.push(Label { at: argument, text: what });
        if !shown {
            shown = true;
            wanted.suggest(diagnostic, setting);
            if required {
                wanted.advise(diagnostic, &chain, setting);
            }
        }
    }
}

/// The keys that a chain asks of `.Values`.
fn below_values(chain: &Chain) -> Option<usize> {
    chain.keys.iter().position(|key| key.name == "Values")
}

/// The names by which a chart's values stand in those of the top chart.
fn chart_keys(live: &Live<'_>) -> Vec<String> {
    live.path().split("/charts/").skip(1).map(str::to_owned).collect()
}

impl Wanted {
    /// What a person needs to set a value that is missing.
    fn explain(&self, diagnostic: &mut Diagnostic, setting: &Setting<'_>) {
        let names = self.layers(setting);
        if !names.is_empty() {
            diagnostic.facts.push(format!("looked in: {}", names.join(", ")));
        }
        self.suggest(diagnostic, setting);
    }
}
