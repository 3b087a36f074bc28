//! Helm's output formats (Helm: pkg/cli/output).

use crate::cli::args::{raw_texts, text};
use crate::cli::terminal::variable;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::json;
use crate::go::time::Time;
use crate::value::{Map, Value};
use crate::yaml;
use clap::ArgMatches;
use std::io::IsTerminal;
use unicode_width::UnicodeWidthChar;

/// What `-o` names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Json,
    Yaml,
}

impl Form {
    pub(super) fn of(matches: &ArgMatches) -> Result<Form, Error> {
        match text(matches, "output").as_deref() {
            None | Some("table") => Ok(Form::Table),
            Some("json") => Ok(Form::Json),
            Some("yaml") => Ok(Form::Yaml),
            Some(other) => {
                let quoted = crate::go::quote::quoted(other.as_bytes());
                let helm = format!("invalid argument {quoted} for \"-o, --output\" flag: invalid format type");
                let message = format!("there is no output format `{other}` here; there are table, json and yaml");
                Err(Diagnostic::new(message, helm).into())
            }
        }
    }
}

/// A Go struct: its fields in the order in which Go declares them.
pub(super) struct Fields(pub(super) Vec<(&'static str, Data)>);

/// What is printed.
pub(super) enum Data {
    Value(Value),
    Fields(Fields),
    List(Vec<Data>),
}

impl Data {
    pub(super) fn text(text: impl AsRef<str>) -> Data {
        Data::Value(Value::from(text.as_ref()))
    }

    fn json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Data::Value(value) => json::write(out, value, json::COMPACT).map_err(|error| Error::helm(error.message))?,
            Data::Fields(Fields(fields)) => {
                out.push(b'{');
                for (i, (name, data)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    json::write_string(out, name.as_bytes(), true);
                    out.push(b':');
                    data.json(out)?;
                }
                out.push(b'}');
            }
            Data::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.json(out)?;
                }
                out.push(b']');
            }
        }
        Ok(())
    }

    fn value(self) -> Value {
        match self {
            Data::Value(value) => value,
            Data::Fields(Fields(fields)) => {
                let mut map = Map::new();
                for (name, data) in fields {
                    map.insert(name, data.value());
                }
                Value::map(map)
            }
            Data::List(items) => Value::list(items.into_iter().map(Data::value).collect()),
        }
    }

    /// On one line, or as YAML.
    pub(super) fn print(self, form: Form) -> Result<Vec<u8>, Error> {
        match form {
            Form::Json => {
                let mut out = Vec::new();
                self.json(&mut out)?;
                out.push(b'\n');
                Ok(out)
            }
            Form::Table | Form::Yaml => yaml::emit(&self.value()).map_err(|error| Error::helm(error.message)),
        }
    }
}

/// A cell of a table.
#[derive(Clone)]
pub(super) struct Cell {
    text: String,
    paint: Option<Paint>,
}

/// What Helm paints.
#[derive(Clone, Copy)]
pub(super) enum Paint {
    Bold,
    Cyan,
    Green,
    Red,
    Yellow,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), paint: None }
    }

    pub(super) fn painted(text: impl Into<String>, paint: Option<Paint>) -> Cell {
        Cell { text: text.into(), paint }
    }

    /// A status in its colour.
    pub(super) fn status(status: &str) -> Cell {
        let paint = match status {
            "deployed" => Some(Paint::Green),
            "failed" | "unknown" => Some(Paint::Red),
            "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling" => Some(Paint::Yellow),
            _ => None,
        };
        Cell::painted(status, paint)
    }

    /// The text with its colour, if there are colours.
    pub(super) fn shown(&self, colours: bool) -> String {
        let (start, end) = match self.paint.filter(|_| colours) {
            None => return self.text.clone(),
            Some(Paint::Bold) => (1, 22),
            Some(Paint::Cyan) => (36, 0),
            Some(Paint::Green) => (32, 0),
            Some(Paint::Red) => (31, 0),
            Some(Paint::Yellow) => (33, 0),
        };
        format!("\x1b[{start}m{}\x1b[{end}m", self.text)
    }
}

/// Columns as wide as their widest line, a tab between them (Helm: gosuri/uitable).
pub(super) fn table(rows: &[Vec<Cell>], colours: bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let lines = rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| cell.text.split('\n'));
        lines.map(width).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (i, row) in rows.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let fitted = row.iter().zip(&widths).map(|(cell, width)| {
            let text = fit(&cell.text, *width);
            // Blanks after a text are not painted.
            let shown = text.replacen(&cell.text, &cell.shown(colours), 1);
            shown.split('\n').map(str::to_owned).collect::<Vec<_>>()
        });
        let cells: Vec<Vec<String>> = fitted.collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            if line > 0 {
                out.push('\n');
            }
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if column > 0 {
                    out.push('\t');
                }
                match cell.get(line) {
                    Some(text) if height > 1 => out.push_str(&fit(text, *width)),
                    Some(text) => out.push_str(text),
                    None => out.push_str(&fit(" ", *width)),
                }
            }
        }
    }
    out.push('\n');
    out
}

/// The columns that a text takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// A text with blanks behind it, or cut: a text of several lines too, whose width is that of all its lines.
fn fit(text: &str, to: usize) -> String {
    let wide = width(text);
    if to == 0 || wide == to {
        return text.to_owned();
    }
    if wide < to {
        return format!("{text}{}", " ".repeat(to - wide));
    }
    let mut out = String::new();
    let mut taken = 0;
    for c in text.chars() {
        out.push(c);
        let wide = c.width().unwrap_or_default();
        if taken + wide + 3 >= to {
            break;
        }
        taken += wide;
    }
    out + "..."
}

/// Whether Helm would paint: `--color`, `HELM_COLOR`; never unless asked, nor where `NO_COLOR` is set.
pub(super) fn colours(matches: &ArgMatches) -> bool {
    if variable("NO_COLOR").is_some_and(|text| !text.is_empty()) {
        return false;
    }
    let given = ["colour", "color"].iter().find_map(|name| raw_texts(matches, name).pop());
    match given.or_else(|| variable("HELM_COLOR")).as_deref() {
        Some("always") => true,
        Some("auto") => std::io::stdout().is_terminal() && variable("TERM").as_deref() != Some("dumb"),
        _ => false,
    }
}

/// `Mon Jan _2 15:04:05 2006`; Go's first moment if there is none.
pub(super) fn ansi_c(time: Option<&Time>) -> String {
    let zero = Time::zero();
    String::from_utf8_lossy(&time.unwrap_or(&zero).format(b"Mon Jan _2 15:04:05 2006")).into_owned()
}
