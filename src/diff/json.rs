//! For programs: the shape is pinned, its version is in it.

use super::{Change, Compared, Field, plan, secrets, style};
use crate::go::json::write_string;
use crate::manifest::{edits, overrides};
use crate::value::Str;
use serde_json::Value as Json;

pub(super) fn write(report: &[Compared]) -> Vec<u8> {
    let mut out = b"{\n  \"version\": 1,\n  \"changes\": [".to_vec();
    let mut first = true;
    for compared in report {
        for change in &compared.changes {
            out.extend_from_slice(if first { b"\n" } else { b",\n" });
            first = false;
            object(&mut out, change, &style::label(report, compared));
        }
    }
    let plan = plan(report);
    let end = if first { "" } else { "\n  " };
    out.extend_from_slice(
        format!(
            "{end}],\n  \"plan\": {{\"add\": {}, \"change\": {}, \"destroy\": {}}}\n}}\n",
            plan.add, plan.change, plan.destroy
        )
        .as_bytes(),
    );
    out
}

fn object(out: &mut Vec<u8>, change: &Change, release: &str) {
    let object = &change.object;
    out.extend_from_slice(b"    {");
    for (key, text) in [
        ("release", release),
        ("group", &object.group),
        ("kind", &object.kind),
        ("namespace", &object.namespace),
        ("name", &object.name),
        ("change", change.kind.word()),
    ] {
        out.extend_from_slice(format!("\"{key}\": ").as_bytes());
        write_string(out, text.as_bytes(), false);
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(b"\"fields\": [");
    // Text that means the same: there is no field, and what hurts about the object has no other place.
    let bare = change.fields.is_empty() && !change.risks.is_empty();
    let risk = (!change.risks.is_empty()).then(|| change.risks.join("; "));
    let own = Field { path: String::new(), from: None, to: None, why: Vec::new(), risk, drift: None };
    let told = change.fields.iter().any(|field| field.risk.is_some());
    let extra = bare || !change.risks.is_empty() && !told;
    let fields = change.fields.iter().chain(extra.then_some(&own));
    let mut first = true;
    for field in fields {
        out.extend_from_slice(if first { b"\n" } else { b",\n" });
        first = false;
        out.extend_from_slice(b"      {\"path\": ");
        write_string(out, field.path.as_bytes(), false);
        let whole = field.path.is_empty();
        for (key, value, text) in [("from", &field.from, &change.before), ("to", &field.to, &change.after)] {
            out.extend_from_slice(format!(", \"{key}\": ").as_bytes());
            let value = match (value, text) {
                (None, Some(text)) if whole && !extra => Some(read(text)),
                (value, _) => value.clone(),
            };
            out.extend_from_slice(value.unwrap_or(Json::Null).to_string().as_bytes());
        }
        out.extend_from_slice(b", \"why\": ");
        out.extend_from_slice(Json::from(field.why.clone()).to_string().as_bytes());
        out.extend_from_slice(b", \"risk\": ");
        out.extend_from_slice(Json::from(field.risk.clone()).to_string().as_bytes());
        if let Some(drift) = field.drift {
            out.extend_from_slice(format!(", \"drift\": {drift}").as_bytes());
        }
        out.push(b'}');
    }
    out.extend_from_slice(if first { b"]}" } else { b"\n    ]}" });
}

/// An object as a whole, read only now: there may be thousands.
fn read(text: &Str) -> Json {
    // What stands for a value has a `#`, and lost its quotes when it was shown.
    let quoted = secrets::quoted(text);
    let json = edits::read(&quoted).and_then(|root| overrides::json(&root).ok());
    json.unwrap_or_else(|| Json::String(text.lossy().into_owned()))
}
