//! `rhelm affected --since REVISION`: the releases that a change touches.

use super::args::text;
use super::check;
use super::json::Json;
use super::selection::{self, Selection};
use super::template::nearby_chart;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Error};
use crate::project::Changed;
use crate::text::Str;
use crate::tree::{BufferedFile, Disk, Ignore, Kind, Tree, clean, git};
use clap::ArgMatches;

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let as_json = match text(matches, "output").as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => {
            let message = format!("there is no output format `{other}`; there are text and json");
            return Err(Diagnostic::own(message).into());
        }
    };
    let Some(since) = text(matches, "since").filter(|since| !since.is_empty()) else {
        return Err(Diagnostic::own("`--since` is missing: the git revision from which on changes count").into());
    };
    let selections: Vec<Selection> = match selection::everything(matches, &Disk)? {
        Some(selection) => vec![selection],
        None => check::conventional(&Disk, &nearby_chart(&Disk)?)?,
    };
    let mut touched: Vec<(String, String)> = Vec::new();
    for selection in &selections {
        let project = &selection.project;
        let changed = changed(&project.folder, &since)?;
        let wanted = selection.with(|environment, release| project.is_touched(&Real, environment, release, &changed));
        for (environment, releases, _) in wanted.iter() {
            let names = releases.iter().map(|release| (environment.name.text.clone(), release.key.text.clone()));
            touched.extend(names);
        }
    }
    if !as_json {
        let lines: String = touched.iter().map(|(environment, release)| format!("{environment} {release}\n")).collect();
        return terminal.print(lines.as_bytes());
    }
    let releases = touched.into_iter().map(|(environment, release)| {
        Json::Object(vec![("environment", Json::text(environment)), ("release", Json::text(release))])
    });
    let all = Json::Object(vec![
        ("version", Json::Number(1)),
        ("since", Json::text(since)),
        ("releases", Json::List(releases.collect())),
    ]);
    terminal.print(&all.print())
}

/// The files that are not as they were in a revision of the repository that a folder is in; new ones too, unless git ignores
/// them.
fn changed(folder: &str, since: &str) -> Result<Changed, Error> {
    let folder = if folder.is_empty() { "." } else { folder };
    let own = |error: crate::tree::Error| Error::from(Diagnostic::own(error.words));
    let ask = |words: &[&str]| git(&[&["-C", folder], words].concat());
    let up = ask(&["rev-parse", "--show-cdup"]).map_err(own)?;
    let up = String::from_utf8_lossy(&up).trim_end_matches('\n').to_owned();
    let wanted = format!("{since}^{{commit}}");
    let commit = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
        .map_err(|_| Diagnostic::own(format!("git knows no revision `{since}`")))?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let top = format!("{folder}/{up}.");
    let mut listed =
        git(&["-C", &top, "diff", "--name-only", "--no-renames", "--ignore-submodules=none", "-z", &commit, "--"])
            .map_err(own)?;
    listed.extend(git(&["-C", &top, "ls-files", "--others", "--exclude-standard", "-z"]).map_err(own)?);
    let names = listed.split(|b| *b == 0).filter(|name| !name.is_empty());
    let paths: Vec<String> = names.map(|name| format!("{top}/{}", String::from_utf8_lossy(name))).collect();
    Ok(Changed::new(&Real, paths.iter().map(String::as_str)))
}

/// The disk, with links followed in paths: git tells where a file lies, not who leads there.
struct Real;

impl Tree for Real {
    fn absolute(&self, path: &str) -> String {
        let path = Disk.absolute(path);
        let mut known = std::path::Path::new(&path);
        // What is gone lies in the nearest folder that is not.
        loop {
            if let Ok(real) = std::fs::canonicalize(known) {
                let rest = path.get(known.as_os_str().len()..).unwrap_or_default().trim_start_matches('/');
                let real = real.to_string_lossy();
                return if rest.is_empty() { real.into_owned() } else { clean(&format!("{real}/{rest}")) };
            }
            match known.parent() {
                Some(parent) => known = parent,
                None => return path,
            }
        }
    }

    fn kind(&self, path: &str) -> Result<Kind, crate::tree::Error> {
        Disk.kind(path)
    }

    fn is_link(&self, path: &str) -> bool {
        Disk.is_link(path)
    }

    fn read(&self, path: &str) -> Result<Str, crate::tree::Error> {
        Disk.read(path)
    }

    fn walk(
        &self,
        root: &str,
        ignore: &Ignore<'_>,
        log: &mut Vec<String>,
    ) -> Result<Vec<BufferedFile>, crate::tree::Error> {
        Disk.walk(root, ignore, log)
    }
}
