//! What holds between the parts of a project: names that must exist, ladders without cycles.

use super::reader::{Reader, Text};
use super::{Project, RESERVED};
use crate::engine::{KubeVersion, Release as HelmRelease};
use std::collections::{HashMap, HashSet};

/// Completes the ladders and notes what does not fit together.
pub(super) fn project(reader: &mut Reader, project: &mut Project) {
    names(reader, project);
    ladders(reader, project);
    twins(reader, project);
    for environment in &project.environments {
        if let Some(version) = &environment.kube_version
            && KubeVersion::parse(&version.text).is_err()
        {
            let mistake = reader.mistake(version.span, format!("`{}` is no Kubernetes version", version.text));
            mistake.note = "one looks like \"1.34\" or \"v1.34.2\"".to_owned();
        }
    }
    // Without any release something else is wrong.
    let releases = std::mem::take(&mut reader.releases);
    for (release, span) in std::mem::take(&mut reader.about) {
        if !releases.is_empty() && !releases.iter().any(|key| release.matches(key)) {
            let message = format!("no release of this project is `{}`", release.text());
            reader.unknown(span, message, release.text(), releases.iter().map(String::as_str));
        }
    }
    if let Some(default) = &project.default_environment {
        exists(reader, project, default, "the default environment");
    }
    for release in &project.releases {
        for name in release.environments.iter().flatten() {
            exists(reader, project, name, "an environment of a release");
        }
        if release.environments.as_ref().is_some_and(Vec::is_empty) {
            reader.mistake(release.key.span, format!("release `{}` exists in no environment", release.key.text));
        }
        placeholders(reader, &release.chart, &["env"]);
        for path in &release.values {
            placeholders(reader, path, &["env", "release"]);
            remote(reader, path, "a values file");
        }
        remote(reader, &release.chart, "a chart");
    }
}

/// Kubernetes takes a label of DNS.
fn namespace(reader: &mut Reader, namespace: Option<&Text>) {
    let good = |text: &str| {
        let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        text.len() <= 63
            && text.bytes().all(|b| edge(b) || b == b'-')
            && text.bytes().next().is_some_and(edge)
            && text.bytes().last().is_some_and(edge)
    };
    if let Some(namespace) = namespace.filter(|namespace| !good(&namespace.text)) {
        let mistake = reader.mistake(namespace.span, format!("no namespace can be called `{}`", namespace.text));
        mistake.facts.push("Kubernetes wants lower-case letters, digits and `-`, at most 63 characters".to_owned());
    }
}

fn names(reader: &mut Reader, project: &Project) {
    project.environments.iter().for_each(|environment| namespace(reader, environment.namespace.as_ref()));
    project.releases.iter().for_each(|release| namespace(reader, release.namespace.as_ref()));
    for environment in &project.environments {
        let name = &environment.name;
        if RESERVED.contains(&name.text.as_str()) {
            let mistake = reader.mistake(name.span, format!("no environment can be called `{}`", name.text));
            mistake.facts.push(format!("these words say with what to compare: {}", RESERVED.join(", ")));
        } else if !is_file_name(&name.text) {
            let message = format!("no environment can be called `{}`", name.text);
            let mistake = reader.mistake(name.span, message);
            mistake.note = "letters, digits, `-`, `_` and `.`".to_owned();
        }
    }
    for release in &project.releases {
        if !is_file_name(&release.key.text) {
            let mistake = reader.mistake(release.key.span, format!("no release can be called `{}`", release.key.text));
            mistake.note = "letters, digits, `-`, `_` and `.`".to_owned();
            continue;
        }
        let name = release.name.as_ref().unwrap_or(&release.key);
        if !HelmRelease::is_name(&name.text) {
            let mistake = reader.mistake(name.span, format!("Helm takes no release called `{}`", name.text));
            mistake.facts.push("it wants lower-case letters, digits, `-` and `.`, at most 53 characters".to_owned());
            if release.name.is_none() {
                mistake.facts.push("`name:` can give it another name than its key".to_owned());
            }
        }
    }
}

/// Helm knows a release by its name and namespace: two of a project that are one there would overwrite each other.
fn twins(reader: &mut Reader, project: &Project) {
    for environment in project.environments.iter().filter(|environment| !environment.is_abstract) {
        let shared = project.ladder(environment).rev().find_map(|rung| rung.namespace.as_ref());
        let mut seen: HashMap<(&str, Option<&str>), (&Text, &Text)> = HashMap::new();
        for release in project.releases.iter().filter(|release| release.is_in(environment)) {
            let namespace = release.namespace.as_ref().or(shared).map(|text| text.text.as_str());
            let name = release.name.as_ref().unwrap_or(&release.key);
            match seen.get(&(name.text.as_str(), namespace)) {
                None => drop(seen.insert((&name.text, namespace), (name, &release.key))),
                // Equal keys are told as such.
                Some((_, key)) if key.text == release.key.text => {}
                Some((first, _)) => {
                    let label = reader.label(first.span, "the first");
                    let message =
                        format!("two releases of environment `{}` are called `{}`", environment.name.text, name.text);
                    let again = reader.mistakes.iter().any(|m| m.at.as_ref().is_some_and(|at| at.span == name.span));
                    if !again {
                        let mistake = reader.mistake(name.span, message);
                        mistake.labels.push(label);
                        mistake.note = "in one namespace Helm has one release of a name".to_owned();
                    }
                }
            }
        }
    }
}

/// Whether an environment or a release can be called so: names become parts of paths.
pub(super) fn is_file_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn exists(reader: &mut Reader, project: &Project, name: &Text, what: &str) {
    match project.environments.iter().find(|e| e.name.text == name.text) {
        None => {
            let known = project.environments.iter().map(|e| e.name.text.as_str());
            reader.unknown(name.span, format!("there is no environment `{}`", name.text), &name.text, known);
        }
        Some(found) if found.is_abstract => {
            let label = reader.label(found.name.span, "it is abstract");
            let message = format!("`{}` cannot be {what}: it is never rendered by itself", name.text);
            reader.mistake(name.span, message).labels.push(label);
        }
        Some(_) => {}
    }
}

fn placeholders(reader: &mut Reader, path: &Text, known: &[&str]) {
    let mut rest = path.text.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            reader.mistake(path.span, "`{` is never closed");
            return;
        };
        if !known.contains(&name) {
            let message = format!("there is no placeholder `{{{name}}}` here");
            reader.unknown(path.span, message, name, known.iter().copied());
        }
        rest = after;
    }
}

fn remote(reader: &mut Reader, path: &Text, what: &str) {
    if path.text.contains("://") {
        let message = format!("{what} would have to be fetched, and rhelm reads from disk only");
        reader.mistake(path.span, message);
    }
}

/// Follows `from` down to the foot.
fn ladders(reader: &mut Reader, project: &mut Project) {
    // Of equal names, which are told elsewhere, the first counts.
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (i, environment) in project.environments.iter().enumerate() {
        places.entry(&environment.name.text).or_insert(i);
    }
    let below: Vec<Option<usize>> = project
        .environments
        .iter()
        .map(|environment| {
            let from = environment.from.as_ref()?;
            let found = places.get(from.text.as_str()).copied();
            if found.is_none() {
                let known = project.environments.iter().filter(|e| e.name.text != environment.name.text);
                let message = format!("there is no environment `{}`", from.text);
                reader.unknown(from.span, message, &from.text, known.map(|e| e.name.text.as_str()));
            }
            found
        })
        .collect();
    let mut told: HashSet<usize> = HashSet::new();
    // The last ladder that an environment was seen on: long ones are many.
    let mut seen: Vec<Option<usize>> = vec![None; below.len()];
    for start in 0..below.len() {
        let mut ladder = vec![start];
        let mut at = start;
        while let Some(next) = below.get(at).copied().flatten() {
            if let Some(seen) = seen.get_mut(at) {
                *seen = Some(start);
            }
            if seen.get(next).copied().flatten() == Some(start) {
                let first = ladder.iter().position(|one| *one == next).unwrap_or_default();
                let cycle = ladder.split_off(first);
                if !cycle.iter().any(|one| told.contains(one)) {
                    told_cycle(reader, project, &cycle);
                    told.extend(cycle);
                }
                ladder = vec![start];
                break;
            }
            ladder.push(next);
            at = next;
        }
        ladder.reverse();
        if let Some(environment) = project.environments.get_mut(start) {
            environment.ladder = ladder;
        }
    }
}

fn told_cycle(reader: &mut Reader, project: &Project, cycle: &[usize]) {
    let environments: Vec<_> = cycle.iter().filter_map(|i| project.environments.get(*i)).collect();
    let mut names: Vec<&str> = environments.iter().map(|e| e.name.text.as_str()).collect();
    names.extend(names.first().copied());
    let mut places = environments.iter().filter_map(|e| e.from.as_ref()).map(|from| from.span);
    let Some(first) = places.next() else { return };
    let labels: Vec<_> = places.map(|span| reader.label(span, "")).collect();
    let message = if cycle.len() == 1 {
        format!("environment `{}` cannot build on itself", names.first().unwrap_or(&""))
    } else {
        format!("these environments build on each other: {}", names.join(" → "))
    };
    reader.mistake(first, message).labels = labels;
}
