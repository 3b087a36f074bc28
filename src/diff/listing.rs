//! A field a line: what programs like `grep` take, and what rules for `--ignore` are written from.

use super::{Change, ChangeKind, Compared, Layout, style};

pub(super) fn write(report: &[Compared], layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    for compared in report {
        for change in &compared.changes {
            let prefix = if report.len() > 1 { format!("{}: ", style::label(report, compared)) } else { String::new() };
            object(&mut out, change, &prefix, layout);
        }
    }
    out
}

fn object(out: &mut Vec<u8>, change: &Change, prefix: &str, layout: &Layout) {
    let mut line = |sign: char, words: &str, colour: &str, risk: Option<&str>, why: &[String]| {
        let object = change.from_object.as_ref().unwrap_or(&change.object);
        let name = match object.namespace.as_str() {
            "" => format!("{}/{}", object.kind, object.name),
            namespace => format!("{namespace}/{}/{}", object.kind, object.name),
        };
        let mut text = style::plain(format!("{sign} {prefix}{name} {words}").trim_end());
        if !why.is_empty() {
            text.push_str(&format!("   {}", why.join("; ")));
        }
        if let Some(risk) = risk {
            text.push_str(&format!("   ! {risk}"));
        }
        style::line(out, layout.colour.then_some(colour), text.as_bytes());
    };
    let risks = (!change.risks.is_empty()).then(|| change.risks.join("; "));
    let why: Vec<String> =
        change.fields.iter().filter(|field| field.path.is_empty()).flat_map(|field| field.why.clone()).collect();
    match change.kind {
        ChangeKind::Added => line('+', "(added)", style::GREEN, risks.as_deref(), &why),
        ChangeKind::Removed => line('-', "(removed)", style::RED, risks.as_deref(), &why),
        ChangeKind::Renamed => {
            let words = format!("(renamed to {})", change.object.name);
            line('~', &words, style::MAGENTA, risks.as_deref(), &why);
        }
        ChangeKind::Changed if change.fields.is_empty() => {
            line('~', "(text only)", style::YELLOW, risks.as_deref(), &why);
        }
        ChangeKind::Changed if risks.is_some() => line('~', "(changed)", style::YELLOW, risks.as_deref(), &why),
        ChangeKind::Changed => {}
    }
    for field in change.fields.iter().filter(|field| !field.path.is_empty()) {
        let (path, risk) = (&field.path, field.risk.as_deref());
        match (&field.from, &field.to) {
            (None, to) => {
                let words = format!("{path}: {}", style::value(to.as_ref()));
                line('+', &words, style::GREEN, risk, &field.why);
            }
            (from, None) => {
                let words = format!("{path}: {}", style::value(from.as_ref()));
                line('-', &words, style::RED, risk, &field.why);
            }
            (from, to) => {
                let words = format!("{path}: {} → {}", style::value(from.as_ref()), style::value(to.as_ref()));
                line('~', &words, style::YELLOW, risk, &field.why);
            }
        }
    }
}
