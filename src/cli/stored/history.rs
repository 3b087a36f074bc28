//! `rhelm history`: the revisions of a release.

use super::print::{Cell, Data, Fields, Form, ansi_c, table};
use super::{check_name, release_name, storage};
use crate::cli::template::namespace;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Error;
use crate::release::Record;
use crate::value::Value;
use clap::ArgMatches;

/// Runs the command.
pub(in crate::cli) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let form = Form::of(matches)?;
    let name = release_name(matches, "history")?;
    let storage = storage(matches, Some(&namespace(matches, None, None)))?;
    check_name(&name, "release name is invalid")?;
    let found = storage.history(&name)?;
    found.unreadable.iter().for_each(|diagnostic| terminal.warn(diagnostic));
    let mut records = found.records;
    records.sort_by_key(|record| record.revision);
    let max = matches.get_one::<i64>("max").copied().unwrap_or(256);
    let first = records.len().saturating_sub(usize::try_from(max).unwrap_or_default());
    let records = records.get(first..).unwrap_or_default();
    if form == Form::Table {
        let head = ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"];
        let mut rows = vec![head.map(Cell::plain).to_vec()];
        rows.extend(records.iter().map(row));
        return terminal.print(table(&rows, false).as_bytes());
    }
    terminal.print(&Data::List(records.iter().map(fields).collect()).print(form)?)
}

fn row(record: &Record) -> Vec<Cell> {
    let cells = [
        record.revision.to_string(),
        ansi_c(record.last_deployed.as_ref()),
        record.status.clone(),
        record.chart(),
        record.app_version(),
        record.description.clone(),
    ];
    cells.map(Cell::plain).to_vec()
}

fn fields(record: &Record) -> Data {
    let mut fields = vec![("revision", Data::Value(Value::int(record.revision)))];
    if let Some(time) = &record.last_deployed {
        let text = time.format(b"2006-01-02T15:04:05.999999999Z07:00");
        fields.push(("updated", Data::text(String::from_utf8_lossy(&text))));
    }
    fields.extend([
        ("status", Data::text(&record.status)),
        ("chart", Data::text(record.chart())),
        ("app_version", Data::text(record.app_version())),
        ("description", Data::text(&record.description)),
    ]);
    Data::Fields(Fields(fields))
}
