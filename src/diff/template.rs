//! Reports that are Tera templates, and what they see.
//!
//! | name | what it is |
//! |---|---|
//! | `version` | 1 |
//! | `changes` | as in JSON, each with `environment`, `label` (the release, with its environment where there are several), `from`, `to` (what the sides are called), `title`, `source`, `risks`, `lines` (its text as `-o diff` shows it), `html` (the same as HTML, escaped), and for `markdown` `fence`, `title_code`, `risks_code` |
//! | `changes[].fields` | as in JSON, each with `from_text` and `to_text`: the values on one line |
//! | `releases` | `environment`, `release`, `from`, `to`, `notes` |
//! | `plan` | `add`, `change`, `destroy` |
//! | `left_out` | how many changes did not fit; if not even the first does, its `lines` are cut, and their last one says so |
//!
//! Nothing is escaped by itself: a page says `| escape_html`.

use super::lines::{self, Mark};
use super::{Change, Compared, Layout, helm, plan, style};
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::manifest::overrides;
use crate::tera::{Context, File, Templates};
use crate::value::{Map, Str, Value};
use crate::world::World;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// A template of rhelm's own.
pub(super) fn own(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), path: name.to_owned(), text: Str::from(text), origin: None })
}

/// How much of the changes a report shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The first changes, so many.
    pub(super) changes: usize,
    /// The first lines of each, and of its fields and risks as many; none: all of them.
    pub(super) lines: Option<usize>,
}

impl Extent {
    /// Whole changes.
    pub(super) fn of(changes: usize) -> Extent {
        Extent { changes, lines: None }
    }
}

/// A report that can be rendered several times, as far as there is room: what is long is made once.
pub(super) struct Report<'r> {
    report: &'r [Compared],
    layout: &'r Layout,
    changes: Vec<(&'r Compared, &'r Change)>,
    bodies: Vec<OnceCell<String>>,
}

impl<'r> Report<'r> {
    pub(super) fn new(report: &'r [Compared], layout: &'r Layout) -> Self {
        let changes = report.iter().flat_map(|compared| compared.changes.iter().map(move |change| (compared, change)));
        let changes: Vec<(&Compared, &Change)> = changes.collect();
        let bodies = changes.iter().map(|_| OnceCell::new()).collect();
        Report { report, layout, changes, bodies }
    }

    /// How many changes there are.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// The lines of a change as `diff` shows them.
    pub(super) fn body(&self, number: usize) -> &str {
        let Some((cell, (_, change))) = self.bodies.get(number).zip(self.changes.get(number)) else { return "" };
        cell.get_or_init(|| body(change, self.layout))
    }

    /// Renders as far as it goes.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub(super) fn render(&self, template: &Arc<Source>, extent: Extent, is_page: bool) -> Result<Vec<u8>, Error> {
        render(self, template, extent, is_page)
    }
}

fn render(whole: &Report<'_>, template: &Arc<Source>, extent: Extent, is_page: bool) -> Result<Vec<u8>, Error> {
    let Report { report, layout, .. } = whole;
    let (report, layout, all) = (*report, *layout, whole.len());
    let own = layout.template.is_none();
    let file = File { name: template.name.clone(), source: template.clone() };
    let templates = Templates::parse(&[file], None, false)?;
    let mut context = Context::default();
    let changes = whole.changes.get(..extent.changes.min(all)).unwrap_or_default();
    let objects = changes.iter().enumerate().map(|(number, (compared, change))| {
        // Our own page has its lines put in afterwards: they may be more than Tera takes. It escapes all else, so that nothing
        // in a chart looks like such a place. Our own templates ask for one of both.
        let html = match is_page {
            true if own => format!("{MARK}{number}{MARK_END}"),
            false if own => String::new(),
            _ => page(change, layout),
        };
        let lines = if own && is_page { "" } else { whole.body(number) };
        object(&style::label(report, compared), compared, change, (lines, &html), extent.lines, own)
    });
    let objects: Vec<Value> = objects.collect();
    let plan = plan(report);
    let number = |n: usize| Value::int64(i64::try_from(n).unwrap_or(i64::MAX));
    let plan = map([("add", number(plan.add)), ("change", number(plan.change)), ("destroy", number(plan.destroy))]);
    let releases = report.iter().map(|compared| {
        map([
            ("environment", text(&compared.environment)),
            ("release", text(&compared.release)),
            ("from", text(&compared.from)),
            ("to", text(&compared.to)),
            ("notes", texts(&compared.notes)),
        ])
    });
    for (name, value) in [
        ("version", number(1)),
        ("changes", Value::list(objects)),
        ("plan", plan),
        ("releases", Value::list(releases.collect())),
        ("left_out", number(all.saturating_sub(extent.changes))),
    ] {
        context.insert(name, &value).map_err(|words| Error::from(Diagnostic::own(words)))?;
    }
    let text = templates.render(&template.name, &context, None, &mut World::default())?.text;
    if !is_page || !own {
        return Ok(text.to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest: &[u8] = &text;
    while let Some(at) = memchr::memmem::find(rest, MARK.as_bytes()) {
        let (before, mark) = rest.split_at(at);
        out.extend_from_slice(before);
        let inside = mark.get(MARK.len()..).unwrap_or_default();
        let end = memchr::memmem::find(inside, MARK_END.as_bytes()).unwrap_or_default();
        let number = inside.get(..end).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        match number.and_then(|number| changes.get(number)) {
            Some((_, change)) => {
                out.extend_from_slice(page(change, layout).as_bytes());
                rest = inside.get(end + MARK_END.len()..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(MARK.as_bytes());
                rest = inside;
            }
        }
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// Stands for the lines of an object in a page.
const MARK: &str = "<!--rhelm:";
const MARK_END: &str = "-->";

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect::<Map>())
}

fn text(text: &str) -> Value {
    Value::str(readable(text))
}

fn texts(list: &[String]) -> Value {
    Value::list(list.iter().map(|item| text(item)).collect())
}

fn object(
    label: &str,
    compared: &Compared,
    change: &Change,
    (lines, html): (&str, &str),
    most: Option<usize>,
    own: bool,
) -> Value {
    let lines = most.map_or(Cow::Borrowed(lines), |most| Cow::Owned(cut(lines, most)));
    let mut risks = change.warnings();
    let most = most.unwrap_or(usize::MAX);
    if risks.len() > most.max(1) {
        let more = risks.len() - most.max(1);
        risks.truncate(most.max(1));
        risks.push(format!("{more} more"));
    }
    // Our own templates tell reasons only, and values can be long.
    let told = change.fields.iter().take(most).filter(|field| !own || !field.why.is_empty());
    let fields = told.map(|field| {
        if own {
            return map([("path", text(&field.path)), ("why", texts(&field.why))]);
        }
        map([
            ("path", text(&field.path)),
            ("from", field.from.as_ref().map_or(Value::Nil, overrides::value)),
            ("to", field.to.as_ref().map_or(Value::Nil, overrides::value)),
            ("from_text", text(&style::value(field.from.as_ref()))),
            ("to_text", text(&style::value(field.to.as_ref()))),
            ("why", texts(&field.why)),
            ("drift", field.drift.map_or(Value::Nil, Value::Bool)),
            ("risk", field.risk.as_ref().map_or(Value::Nil, |risk| text(risk))),
        ])
    });
    let title = format!("{} {}", style::title(change), style::words_of(change).trim_end_matches(':'));
    let codes: Vec<String> = risks.iter().map(|risk| code(risk)).collect();
    map([
        ("environment", text(&compared.environment)),
        ("release", text(&compared.release)),
        ("label", text(label)),
        ("from", text(&compared.from)),
        ("to", text(&compared.to)),
        ("group", text(&change.object.group)),
        ("kind", text(&change.object.kind)),
        ("namespace", text(&change.object.namespace)),
        ("name", text(&change.object.name)),
        ("change", text(change.kind.word())),
        ("source", text(if change.source.is_empty() { &change.from_source } else { &change.source })),
        ("title", text(&title)),
        ("title_code", text(&code(&title))),
        ("risks", texts(&risks)),
        ("risks_code", texts(&codes)),
        ("fields", Value::list(fields.collect())),
        ("fence", text(&fence(&lines))),
        ("html", text(html)),
        ("lines", text(&lines)),
    ])
}

/// The lines of an object as `diff` shows them.
fn body(change: &Change, layout: &Layout) -> String {
    let mut out = Vec::new();
    let layout = Layout { context: layout.context, ..Layout::default() };
    helm::body(&mut out, change, &layout);
    readable(&String::from_utf8_lossy(&out)).trim_end_matches('\n').to_owned()
}

/// The first lines of a text, and how many more there are.
fn cut(text: &str, most: usize) -> String {
    let all = text.lines().count();
    if all <= most {
        return text.to_owned();
    }
    let mut out: String = text.split_inclusive('\n').take(most).collect();
    let (more, are) = (all - most, if all - most == 1 { "line is" } else { "lines are" });
    out.push_str(&format!("... {more} more {are} left out: the report would be too long"));
    out
}

/// A text without characters that no page may have.
fn readable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Backquotes that a text cannot close.
fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

/// A text as code within a line of Markdown.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let fence = "`".repeat(longest_run(&text) + 1);
    format!("{fence} {text} {fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// The lines of an object as HTML: a `span` a line, words that differ in `b`.
fn page(change: &Change, layout: &Layout) -> String {
    let (before, after) = helm::texts(change);
    let rows = lines::rows(&before, &after);
    let near = lines::near(&rows, layout.context);
    let stretches = style::stretches(&rows);
    let mut out = String::new();
    let mut omitting = false;
    for ((row, near), stretches) in rows.iter().zip(near).zip(stretches) {
        if !near {
            if !omitting {
                out.push_str("<span class=\"gap\">…</span>\n");
            }
            omitting = true;
            continue;
        }
        omitting = false;
        let (class, sign) = match row.mark {
            Mark::Same => ("same", ' '),
            Mark::Removed => ("removed", '-'),
            Mark::Added => ("added", '+'),
        };
        out.push_str(&format!("<span class=\"{class}\">{sign} "));
        for (differs, text) in stretches.unwrap_or_else(|| vec![(false, row.text)]) {
            let text = escaped(&String::from_utf8_lossy(text));
            if differs {
                out.push_str(&format!("<b>{text}</b>"));
            } else {
                out.push_str(&text);
            }
        }
        out.push_str("</span>\n");
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
