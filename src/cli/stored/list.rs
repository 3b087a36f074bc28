//! `rhelm list`: the releases of a namespace, or of all.

use super::print::{Cell, Data, Fields, Form, Paint, colours, table};
use super::storage;
use crate::cli::args::{on, text, texts};
use crate::cli::template::namespace;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::go::regexp;
use crate::go::time::Time;
use crate::release::{Record, Selector};
use crate::text::Str;
use clap::ArgMatches;
use std::cmp::Ordering;
use std::collections::HashMap;

/// The statuses that Helm lists, and the flags that ask for them.
const STATUSES: &[(&str, &str)] = &[
    ("deployed", "deployed"),
    ("uninstalled", "uninstalled"),
    ("uninstalling", "uninstalling"),
    ("pending", "pending-install"),
    ("pending", "pending-upgrade"),
    ("pending", "pending-rollback"),
    ("superseded", "superseded"),
    ("failed", "failed"),
];

/// Runs the command.
pub(in crate::cli) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let form = Form::of(matches)?;
    if !texts(matches, "args").is_empty() {
        let helm = "\"helm list\" accepts no arguments\n\nUsage:  helm list [flags]";
        return Err(Diagnostic::new("`list` takes flags alone", helm).into());
    }
    let namespace = (!on(matches, "all-namespaces")).then(|| namespace(matches, None, None));
    let storage = storage(matches, namespace.as_deref())?;
    let filter = match text(matches, "filter").filter(|filter| !filter.is_empty()) {
        None => None,
        Some(filter) => Some(regexp::compile(&Str::from(filter)).map_err(|words| Error::helm(words.to_string()))?),
    };
    let found = storage.list()?;
    found.unreadable.iter().for_each(|diagnostic| terminal.warn(diagnostic));
    let mut records = found.records;
    records.retain(|record| filter.as_ref().is_none_or(|filter| filter.is_match(record.name.as_bytes())));

    let asked: Vec<&str> = STATUSES.iter().filter(|(flag, _)| on(matches, flag)).map(|(_, status)| *status).collect();
    // Superseded are never the last: they are listed where they alone are asked for.
    if asked != ["superseded"] {
        records = latest(records);
    }
    records.retain(|record| {
        let status = record.status.as_str();
        if asked.is_empty() { STATUSES.iter().any(|(_, known)| *known == status) } else { asked.contains(&status) }
    });
    let selector = Selector::parse(&text(matches, "selector").unwrap_or_default())
        .map_err(|why| Error::helm(format!("unable to parse requirement: {why}")))?;
    records.retain(|record| selector.matches(&record.labels));
    sort(&mut records, on(matches, "date"), on(matches, "reverse"));

    let number = |name: &str, default: i64| matches.get_one::<i64>(name).copied().unwrap_or(default);
    let offset = usize::try_from(number("offset", 0)).unwrap_or_default();
    let max = usize::try_from(number("max", 256)).ok().filter(|max| *max > 0).unwrap_or(usize::MAX);
    let records: Vec<Record> = records.into_iter().skip(offset).take(max).collect();

    let out = if on(matches, "short") {
        match form {
            Form::Table => records.iter().map(|record| format!("{}\n", record.name)).collect::<String>().into_bytes(),
            _ => Data::List(records.iter().map(|record| Data::text(&record.name)).collect()).print(form)?,
        }
    } else {
        let layout = text(matches, "time-format").unwrap_or_default();
        match form {
            Form::Table => {
                let mut rows = Vec::new();
                if !on(matches, "no-headers") {
                    let head = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
                    rows.push(head.map(|text| Cell::painted(text, Some(Paint::Bold))).to_vec());
                }
                rows.extend(records.iter().map(|record| row(record, &layout)));
                table(&rows, colours(matches)).into_bytes()
            }
            _ => Data::List(records.iter().map(|record| fields(record, &layout)).collect()).print(form)?,
        }
    };
    terminal.print(&out)
}

/// Of each release its last revision.
fn latest(records: Vec<Record>) -> Vec<Record> {
    let mut kept: HashMap<(String, String), Record> = HashMap::new();
    for record in records {
        let key = (record.namespace.clone(), record.name.clone());
        if kept.get(&key).is_none_or(|other| other.revision <= record.revision) {
            kept.insert(key, record);
        }
    }
    kept.into_values().collect()
}

/// By name, or by the second in which they were deployed; where Helm leaves it to chance, by namespace and revision.
fn sort(records: &mut [Record], date: bool, reverse: bool) {
    let second = |record: &Record| record.last_deployed.as_ref().map_or(Time::zero().unix(), Time::unix);
    records.sort_by(|a, b| {
        let order = if date { second(a).cmp(&second(b)) } else { Ordering::Equal };
        order.then_with(|| (&a.name, &a.namespace, a.revision).cmp(&(&b.name, &b.namespace, b.revision)))
    });
    if reverse {
        records.reverse();
    }
}

/// When it was deployed, in a layout of Go's or as Go prints times.
fn updated(record: &Record, layout: &str) -> String {
    let Some(time) = &record.last_deployed else { return "-".to_owned() };
    let mut text = Vec::new();
    if layout.is_empty() {
        time.append_string(&mut text)
    } else {
        text = time.format(layout.as_bytes())
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn row(record: &Record, layout: &str) -> Vec<Cell> {
    vec![
        Cell::plain(&record.name),
        Cell::painted(&record.namespace, Some(Paint::Cyan)),
        Cell::plain(record.revision.to_string()),
        Cell::plain(updated(record, layout)),
        Cell::status(&record.status),
        Cell::plain(record.chart()),
        Cell::plain(record.app_version()),
    ]
}

fn fields(record: &Record, layout: &str) -> Data {
    Data::Fields(Fields(vec![
        ("name", Data::text(&record.name)),
        ("namespace", Data::text(&record.namespace)),
        // Helm's is a text here.
        ("revision", Data::text(record.revision.to_string())),
        ("updated", Data::text(updated(record, layout))),
        ("status", Data::text(&record.status)),
        ("chart", Data::text(record.chart())),
        ("app_version", Data::text(record.app_version())),
    ]))
}
