//! A first `rhelm.yaml` for a chart and the values files that lie beside it.

use super::FILE;
use super::convention::{chart_name, environments, unlikely};
use crate::diagnostic::{Diagnostic, Error};
use crate::tree::{Tree, clean, list};

/// How the file begins.
const HEAD: &str = "\
# Checks this file in editors: rhelm schema > rhelm.schema.json
# yaml-language-server: $schema=rhelm.schema.json
environments:
";

/// A scalar of YAML that is a string whatever it looks like.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !matches!(text, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null");
    if plain { text.to_owned() } else { format!("\"{text}\"") }
}

/// The text of a project's file in the working directory for a chart: each values file that the convention knows
/// becomes an environment; one called `base` becomes the rung below all others.
///
/// Values files that can be no environment's are added to `left`, each with the reason.
///
/// # Errors
/// There is no chart.
pub fn init(tree: &dyn Tree, chart: &str, left: &mut Vec<(String, &'static str)>) -> Result<String, Error> {
    let chart = clean(chart);
    let Some(name) = chart_name(tree, &chart) else {
        let message = format!("`{chart}` is no chart: it has no Chart.yaml with a name");
        return Err(Diagnostic::own(message).into());
    };
    let mut names: Vec<String> = Vec::new();
    let mut patterns: Vec<String> = Vec::new();
    // What lies in the project's own folder speaks last.
    let mut folders = vec![chart.as_str()];
    if chart != "." {
        folders.push(".");
    }
    for folder in folders {
        let short = list(tree, folder).into_iter().filter(|(name, is_folder)| {
            !is_folder && name.ends_with(".yml") && ["values-", "values."].iter().any(|start| name.starts_with(start))
        });
        let short = short.filter(|(name, _)| name != "values.yml");
        left.extend(short.map(|(name, _)| (clean(&format!("{folder}/{name}")), "files of environments end in .yaml")));
        for (name, path) in environments(tree, folder) {
            if let Some(why) = unlikely(&name) {
                left.push((clean(&format!("{folder}/{path}")), why));
                continue;
            }
            // A pattern finds templates of values, too.
            let plain = path.strip_suffix(".tera").unwrap_or(&path);
            let stem = plain.strip_suffix(&format!("{name}.yaml")).unwrap_or_default();
            let pattern = clean(&format!("{folder}/{stem}{{env}}.yaml"));
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort_by_key(|name| (name != "base", name.clone()));
    let has_base = names.first().is_some_and(|name| name == "base");
    if names.is_empty() || (has_base && names.len() == 1) {
        names.push("local".to_owned());
    }
    let mut out = HEAD.to_owned();
    for name in &names {
        let body = match (name.as_str(), has_base) {
            ("base", _) => "{abstract: true}",
            (_, true) => "{from: base}",
            (_, false) => "{}",
        };
        out.push_str(&format!("  {}: {body}\n", scalar(name)));
    }
    if let Some(default) = ["local", "dev"].iter().find(|default| names.iter().any(|name| name == *default)) {
        out.push_str(&format!("defaultEnvironment: {default}\n"));
    }
    let release = if crate::engine::Release::is_name(&name) { name } else { "release".to_owned() };
    out.push_str(&format!("releases:\n  {}:\n    chart: {}\n", scalar(&release), scalar(&chart)));
    match patterns.as_slice() {
        [] => {}
        [one] => out.push_str(&format!("    values: \"{one}\"\n")),
        several => {
            let list: Vec<String> = several.iter().map(|pattern| format!("\"{pattern}\"")).collect();
            out.push_str(&format!("    values: [{}]\n", list.join(", ")));
        }
    }
    debug_assert!(!out.contains('\t'), "{FILE} is indented with spaces");
    Ok(out)
}
