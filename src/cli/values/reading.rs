//! `--unused` and `--undefined`: what is given and what is read.

use super::super::environments::place;
use super::super::json::Json;
use super::{Loaded, head, json_of_file, json_of_place, layer_place};
use crate::diagnostic::Error;
use crate::engine::{CompiledChart, KubeVersion, Release, Undecided, Undefined, Unused, ValueReads, value_reads};
use crate::value::MapRef;
use crate::values::explain::Explanation;
use crate::values::{Layer, Live, deep_copy};

/// What the chart reads of its values. The release changes nothing in that.
fn reads(loaded: &Loaded, top: &Live<'_>, values: &MapRef) -> Result<ValueReads, Error> {
    let subject = &loaded.subject;
    let release = Release {
        name: subject.release.clone().unwrap_or_else(|| "release-name".to_owned()),
        namespace: "default".to_owned(),
        is_upgrade: false,
        kube_version: KubeVersion::default(),
        api_versions: Vec::new(),
        served: None,
        revision: 1,
    };
    // Templates can change values, and what is told is of those that they began with.
    let values = &deep_copy(values);
    let compiled = CompiledChart::compile(top, values, &release, false)?;
    let mut reads = value_reads(&compiled, top, values);
    // What a templated layer makes use of is of use.
    for layer in loaded.layers.layers() {
        if let Layer::Template(file) = layer {
            reads.add_mentions(top, &[], &file.source.text, "values");
        }
    }
    Ok(reads)
}

/// The text, and whether there is anything in it.
type Found = (Vec<u8>, bool);

fn near_text(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// What to say where it cannot be told what is read.
fn doubts(reads: &ValueReads, explanation: &Explanation<'_, '_>) -> Vec<String> {
    // Why a render could not tell which names these are.
    let fails = reads.failure().and_then(|error| error.diagnostics().first()).map(|diagnostic| match &diagnostic.at {
        Some(at) => format!(", which fails at {}: {}", place(at), diagnostic.message),
        None => format!(", which fails: {}", diagnostic.message),
    });
    let fails = fails.unwrap_or_default();
    let whole = reads.is_undecided();
    if whole && reads.undecided().is_empty() {
        return vec!["warning: it is undecided what is unused: the templates are too many to follow".to_owned()];
    }
    // Where nothing can be told of all, that says it of each.
    let told = reads.undecided().iter().filter(|one| !whole || one.path.is_empty());
    let line = |one: &Undecided| {
        let below =
            if one.path.is_empty() { String::new() } else { format!(" below `{}`", explanation.text(&one.path)) };
        let who = match one.places.as_slice() {
            [] => "templates reach".to_owned(),
            [at] => format!("{} reaches", place(at)),
            [at, rest @ ..] => format!("{} (and {} more) reaches", place(at), rest.len()),
        };
        format!(
            "warning: it is undecided what is unused{below}: {who} into .Values by a name that only a render knows{fails}"
        )
    };
    told.map(line).collect()
}

/// What is given above the defaults and never read.
pub(super) fn unused(
    loaded: &Loaded,
    explanation: &Explanation<'_, '_>,
    top: &Live<'_>,
    values: &MapRef,
    format: &str,
    log: &mut Vec<String>,
) -> Result<Found, Error> {
    let reads = reads(loaded, top, values)?;
    log.extend(doubts(&reads, explanation));
    let unused = reads.unused(top, explanation);
    // What cannot be told is nothing to rely on.
    let any = !unused.is_empty() || reads.is_undecided() || !reads.undecided().is_empty();
    if format == "json" {
        let items = unused.iter().map(|Unused { path, given, near, disabled }| {
            let layers = given.iter().map(|(origin, at)| Json::Object(json_of_place(origin, at)));
            Json::Object(vec![
                ("path", Json::text(explanation.text(path))),
                ("near", Json::optional(near.as_deref())),
                ("disabled", Json::optional(disabled.as_deref())),
                ("layers", Json::List(layers.collect())),
            ])
        });
        let mut fields = head(&loaded.subject);
        fields.push(("unused", Json::List(items.collect())));
        let all = (reads.is_undecided() && reads.undecided().is_empty()).then(|| (String::new(), [].as_slice()));
        let known = reads.undecided().iter().map(|one| (explanation.text(&one.path), one.places.as_slice()));
        let undecided = all.into_iter().chain(known).map(|(path, at)| {
            let places = at.iter().map(|at| Json::Object(json_of_file(Some(at)).into()));
            Json::Object(vec![("path", Json::text(path)), ("places", Json::List(places.collect()))])
        });
        fields.push(("undecided", Json::List(undecided.collect())));
        return Ok((Json::Object(fields).print(), any));
    }
    let mut out = String::new();
    for Unused { path, given, near, disabled } in &unused {
        let why = match disabled {
            Some(name) => format!("subchart `{name}` is disabled"),
            None => format!("nothing reads it{}", near_text(near.as_deref())),
        };
        out.push_str(&format!("{}: {why}\n", explanation.text(path)));
        given.iter().for_each(|(origin, at)| out.push_str(&format!("  {}\n", layer_place(origin, at))));
    }
    Ok((out.into_bytes(), any))
}

/// What templates read and nobody set.
pub(super) fn undefined(
    loaded: &Loaded,
    explanation: &Explanation<'_, '_>,
    top: &Live<'_>,
    values: &MapRef,
    format: &str,
) -> Result<Found, Error> {
    let undefined = reads(loaded, top, values)?.undefined(explanation, values);
    // What templates can do without is told, and is nothing to fail for.
    let any = undefined.iter().any(|undefined| !undefined.optional);
    if format == "json" {
        let items = undefined.iter().map(|Undefined { path, places, optional, near }| {
            let places = places.iter().map(|at| Json::Object(json_of_file(Some(at)).into()));
            Json::Object(vec![
                ("path", Json::text(explanation.text(path))),
                ("near", Json::optional(near.as_deref())),
                ("optional", Json::Bool(*optional)),
                ("places", Json::List(places.collect())),
            ])
        });
        let mut fields = head(&loaded.subject);
        fields.push(("undefined", Json::List(items.collect())));
        return Ok((Json::Object(fields).print(), any));
    }
    let mut out = String::new();
    for Undefined { path, places, optional, near } in &undefined {
        let unneeded = if *optional { " (optional)" } else { "" };
        let near = near_text(near.as_deref());
        out.push_str(&format!("{}: no layer sets it{unneeded}{near}\n", explanation.text(path)));
        places.iter().for_each(|at| out.push_str(&format!("  {}\n", place(at))));
    }
    Ok((out.into_bytes(), any))
}
