//! An object a line, and the plan.

use super::{ChangeKind, Compared, Layout, style};

/// How many objects a cluster would add, change and destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// New objects.
    pub add: usize,
    /// Objects that stay and change.
    pub change: usize,
    /// Objects that go.
    pub destroy: usize,
}

/// The plan of a comparison. What was renamed goes and comes: a cluster knows no other way.
pub fn plan(report: &[Compared]) -> Plan {
    let mut plan = Plan::default();
    for change in report.iter().flat_map(|compared| &compared.changes) {
        match change.kind {
            ChangeKind::Added => plan.add += 1,
            ChangeKind::Removed => plan.destroy += 1,
            ChangeKind::Changed => plan.change += 1,
            ChangeKind::Renamed => {
                plan.add += 1;
                plan.destroy += 1;
            }
        }
    }
    plan
}

impl std::fmt::Display for Plan {
    /// `Plan: 1 to add, 3 to change, 0 to destroy`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan: {} to add, {} to change, {} to destroy", self.add, self.change, self.destroy)
    }
}

pub(super) fn write(report: &[Compared], layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    for compared in report {
        let prefix = if report.len() > 1 { format!("{}: ", style::label(report, compared)) } else { String::new() };
        for change in &compared.changes {
            let words = match change.kind {
                ChangeKind::Added => "to be added.".to_owned(),
                ChangeKind::Removed => "to be removed.".to_owned(),
                ChangeKind::Changed => "to be changed.".to_owned(),
                ChangeKind::Renamed => format!("to be renamed to {}.", change.object.name),
            };
            let mut line = format!("{prefix}{} {words}", style::title(change));
            let drifted = change.fields.iter().filter(|field| field.drift == Some(true)).count();
            if drifted > 0 {
                line.push_str(if drifted == change.fields.len() { "   (drift)" } else { "   (drift in part)" });
            }
            let risks = change.warnings();
            if !risks.is_empty() {
                line.push_str(&format!("   ! {}", risks.join("; ")));
            }
            style::line(&mut out, layout.colour.then_some(style::colour(change.kind)), line.as_bytes());
        }
        if !compared.changes.is_empty() {
            for note in &compared.notes {
                style::line(&mut out, layout.colour.then_some(style::CYAN), format!("# {note}").as_bytes());
            }
        }
    }
    style::line(&mut out, layout.colour.then_some(style::BOLD), plan(report).to_string().as_bytes());
    out
}
