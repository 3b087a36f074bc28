//! Where snapshots lie, and writing them so that there is always the old or the new one.

use crate::chart::Rules;
use crate::diagnostic::{Diagnostic, Error};
use crate::project::{Environment, Project, Release};
use crate::release::saved::MARK;
use crate::tree::{Tree, clean, list};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// A snapshot's path as the shell knows it.
pub(super) fn path(project: &Project, environment: &Environment, release: &Release) -> String {
    project.path(&format!("{}/{}/{}.yaml", project.snapshots, environment.name.text, release.key.text))
}

/// Snapshots of environments and releases that do not exist any more, in the order of their names. `chosen` are the
/// environments that are looked at, and all that are none (any more). What is no snapshot is none of ours.
pub(super) fn orphans(tree: &dyn Tree, project: &Project, chosen: &[&Environment]) -> Vec<String> {
    unowned(tree, &project.path(&project.snapshots), |environment, release, _| {
        match project.concrete().find(|e| e.name.text == environment) {
            Some(known) if chosen.iter().any(|e| e.name.text == environment) => {
                project.releases.iter().any(|r| r.key.text == release && r.is_in(known))
            }
            Some(_) => true,
            // Without a project's file each environment is a project of its own.
            None => project.is_convention(),
        }
    })
}

/// Snapshots in a folder that none of some projects has for its own, in the order of their names.
pub(super) fn strays(tree: &dyn Tree, folder: &str, projects: &[&Project]) -> Vec<String> {
    let mut owned = BTreeSet::new();
    for project in projects {
        for (environment, release) in project.concrete().flat_map(|e| project.releases.iter().map(move |r| (e, r))) {
            if release.is_in(environment) {
                owned.insert(tree.absolute(&path(project, environment, release)));
            }
        }
    }
    unowned(tree, folder, |_, _, path| owned.contains(&tree.absolute(path)))
}

/// Snapshots in a folder but those whose environment, release and path somebody knows.
fn unowned(tree: &dyn Tree, folder: &str, is_owned: impl Fn(&str, &str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (environment, is_folder) in list(tree, folder) {
        if !is_folder {
            continue;
        }
        for (name, is_folder) in list(tree, &format!("{folder}/{environment}")) {
            let Some(release) = name.strip_suffix(".yaml").filter(|_| !is_folder && !name.starts_with('.')) else {
                continue;
            };
            let path = clean(&format!("{folder}/{environment}/{name}"));
            let is_owned = is_owned(&environment, release, &path);
            if !is_owned && tree.read(&path).is_ok_and(|text| text.starts_with(MARK)) {
                found.push(path);
            }
        }
    }
    found
}

/// Whether the folder of snapshots lies in a chart that would take them for its files.
///
/// # Errors
/// It does: the line that its `.helmignore` lacks.
pub(super) fn check_outside(tree: &dyn Tree, project: &Project, chart: &str, snapshot: &str) -> Result<(), Error> {
    let (home, file) = (tree.absolute(chart), tree.absolute(snapshot));
    let Some(below) = file.strip_prefix(&format!("{home}/")) else { return Ok(()) };
    let ignore = clean(&format!("{chart}/.helmignore"));
    let text = tree.read(&ignore).unwrap_or_default();
    // What is wrong with it is told by whoever loads the chart.
    let Ok(rules) = Rules::parse(&text) else { return Ok(()) };
    let folders = below.match_indices('/').filter_map(|(at, _)| below.get(..at));
    if folders.into_iter().any(|folder| rules.ignores(folder, true)) || rules.ignores(below, false) {
        return Ok(());
    }
    let folder = clean(&project.snapshots);
    let name = folder.rsplit('/').next().unwrap_or(&folder).to_owned();
    let message = format!("snapshots in `{}` would become files of the chart `{chart}`", project.path(&folder));
    let hint = if name.starts_with('.') {
        format!("add the line `{name}/` to {ignore}")
    } else {
        "name a folder of their own with `snapshots:`".to_owned()
    };
    Err(Diagnostic::own(message).hint(hint).into())
}

/// Writes a file whole: whoever looks sees the old text or the new one, whenever the process ends.
///
/// # Errors
/// What the system says.
pub(super) fn write(path: &str, text: &[u8]) -> Result<(), Error> {
    let failed = |error: &std::io::Error| Error::from(Diagnostic::own(format!("`{path}` cannot be written: {error}")));
    let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    // Hidden, and no `.yaml`: what a killed process leaves is no snapshot.
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()
    });
    let done = written.and_then(|()| std::fs::rename(&temporary, path));
    if done.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    done.map_err(|error| failed(&error))?;
    leftovers(folder, &name);
    Ok(())
}

/// Removes a snapshot, and its environment's folder with the last of them.
///
/// # Errors
/// What the system says.
pub(super) fn remove(path: &str) -> Result<(), Error> {
    std::fs::remove_file(path).map_err(|error| Diagnostic::own(format!("`{path}` cannot be removed: {error}")))?;
    // A folder that is not empty stays.
    let _ = Path::new(path).parent().map(std::fs::remove_dir);
    Ok(())
}

/// Removes what killed processes left of a snapshot.
fn leftovers(folder: &Path, name: &str) {
    let start = format!(".{name}.");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let other = entry.file_name().to_string_lossy().into_owned();
        let number = other.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".tmp"));
        // Where it cannot be told whether a process lives, all of them may.
        let dead = |id: &str| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{id}")).exists();
        if number.is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit()) && dead(id)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
