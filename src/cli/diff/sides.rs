//! Where sides come from: what is opened once, and asked for each release.

use super::super::onto::Clusters;
use super::super::snapshots;
use super::{Comparison, Named};
use crate::diagnostic::{Diagnostic, Error};
use crate::diff::Kept;
use crate::manifest::{self, Manifests, decoded};
use crate::project::{Environment, Project, Release};
use crate::release::saved::{self, Sealed};
use crate::subject::{Flags, Rendering, Subject};
use crate::text::Str;
use crate::tree::{Disk, Git, Kind, Revision, Tree};
use std::collections::BTreeMap;
use std::io::Read as _;

/// What archives begin with.
const GZIP: &[u8] = b"\x1f\x8b";

/// The longest text that is read from the standard input, in bytes.
const MAX_STDIN: u64 = 256 * 1024 * 1024;
/// One side of one release, and how to come by it.
pub(super) enum Ask<'a> {
    /// Rendered.
    Rendered(Rendering<'a>),
    /// A snapshot.
    Saved { path: String, environment: &'a str, release: &'a str },
    /// What Helm stored of a release.
    Live { clusters: &'a Clusters<'a>, whose: Whose<'a>, revision: Option<i64> },
    /// What a cluster holds of a release.
    Cluster { clusters: &'a Clusters<'a>, whose: Whose<'a> },
    /// Manifests that were read already.
    Read(&'a Held),
    /// It does not exist on this side.
    Nothing,
}

/// Of which release.
pub(super) enum Whose<'a> {
    /// One of a project.
    Installed { disk: &'a Disk, project: &'a Project, environment: &'a Environment, release: &'a Release },
    /// One without a project.
    Named(String),
}

impl Whose<'_> {
    /// Its name, its namespace, and the context that guards it.
    pub(super) fn home(&self, flags: &Flags<'_>) -> Result<(String, String, Option<String>), Error> {
        match self {
            Whose::Named(name) => Ok((name.clone(), (flags.namespace)(None, None), None)),
            Whose::Installed { disk, project, environment, release } => {
                let installation = project.installation(*disk, environment, release)?;
                let context = installation.kube_context.clone();
                let namespace = (flags.namespace)(installation.namespace.as_deref(), context.as_deref());
                Ok((installation.release.name().to_owned(), namespace, context))
            }
        }
    }
}

/// Manifests that somebody printed.
pub(super) struct Held {
    pub(super) manifests: Manifests,
    /// The release's namespace, where it is told.
    pub(super) namespace: Option<String>,
    pub(super) kept: Kept,
    /// Whether there is such a text.
    pub(super) is_there: bool,
}

/// A release on both sides.
pub(super) struct Pair<'a> {
    pub(super) environment: String,
    pub(super) release: String,
    /// How the right side is called.
    pub(super) to_label: String,
    pub(super) from: Ask<'a>,
    pub(super) to: Ask<'a>,
}

/// Trees of revisions, each opened once, and the project there.
pub(super) struct Past {
    pub(super) tree: Git,
    pub(super) project: Option<Project>,
}

impl Past {
    /// A revision. Without a project there nothing is there.
    pub(super) fn open(revision: &Revision, now: &Project, comparison: &Comparison) -> Result<Past, Error> {
        let tree = Git::open(revision, &now.folder).map_err(|error| Error::from(Diagnostic::own(error.words)))?;
        let project = if now.is_convention() {
            let chart = now.releases.first().map(|r| now.path(&r.chart.text)).unwrap_or_default();
            let name = now.concrete().next().map(|e| e.name.text.clone()).unwrap_or_default();
            Project::by_convention(&tree, &chart, &name)
        } else {
            Project::read(&tree, &now.source.path)
        };
        let exists = now.is_convention() || tree.kind(&now.source.path).is_ok();
        match project {
            Ok(project) => Ok(Past { tree, project: Some(project) }),
            Err(_) if comparison.settled || (comparison.missing_ok && (!exists || now.is_convention())) => {
                Ok(Past { tree, project: None })
            }
            Err(error) => Err(at_revision(error, revision, !exists)),
        }
    }
}

/// An error of a revision says so.
pub(super) fn at_revision(mut error: Error, revision: &Revision, missing: bool) -> Error {
    for diagnostic in error.diagnostics_mut() {
        diagnostic.facts.push(format!("as of git:{}", revision.name()));
    }
    if missing && let Some(last) = error.diagnostics_mut().last_mut() {
        *last = last.clone().hint("`--missing-ok` compares with nothing");
    }
    error
}

/// Where sides come from: opened once, asked for each release.
pub(super) struct Places<'a> {
    pub(super) disk: &'a Disk,
    pub(super) project: &'a Project,
    /// Revisions by their names.
    pub(super) pasts: BTreeMap<String, Past>,
    /// Texts by their names.
    pub(super) held: BTreeMap<String, Held>,
    /// Without a project's file each environment is a project of its own.
    pub(super) others: BTreeMap<String, Project>,
    pub(super) missing_ok: bool,
    pub(super) clusters: &'a Clusters<'a>,
}

impl<'a> Places<'a> {
    pub(super) fn open(
        disk: &'a Disk,
        project: &'a Project,
        named: &Named,
        comparison: &Comparison,
        clusters: &'a Clusters<'a>,
    ) -> Result<Self, Error> {
        let (missing_ok, chart) =
            (comparison.missing_ok, project.releases.first().map(|r| project.path(&r.chart.text)));
        let chart = chart.unwrap_or_default();
        let mut places = Places {
            disk,
            project,
            pasts: BTreeMap::new(),
            held: BTreeMap::new(),
            others: BTreeMap::new(),
            missing_ok,
            clusters,
        };
        for subject in [&named.from, &named.to] {
            match subject {
                Subject::Git(revision) if !places.pasts.contains_key(revision.name()) => {
                    let past = Past::open(revision, project, comparison)?;
                    places.pasts.insert(revision.name().to_owned(), past);
                }
                Subject::File(_) | Subject::Stdin => {
                    places.held.insert(subject.name(), hold(disk, subject, comparison)?);
                }
                Subject::Environment(name) if project.is_convention() => {
                    places.others.insert(name.clone(), Project::by_convention(disk, &chart, name)?);
                }
                // A name that is none is told before anything is rendered.
                Subject::Environment(name) => project.environment(name).map(|_| ())?,
                _ => {}
            }
        }
        Ok(places)
    }

    /// One side of the chosen releases of an environment, or of all that are there.
    pub(super) fn side<'s>(
        &'s self,
        subject: &'s Subject,
        environment: &'s Environment,
        chosen: &[&'s Release],
        whole: bool,
    ) -> Result<Vec<(String, Ask<'s>)>, Error> {
        let key = |release: &Release| release.key.text.clone();
        let only = || match chosen {
            [release] => Ok(*release),
            several => {
                let keys: Vec<&str> = several.iter().map(|release| release.key.text.as_str()).collect();
                let message = format!("`{}` is about one release, and several are chosen", subject.name());
                let diagnostic = Diagnostic::own(message).fact(format!("they are: {}", keys.join(", ")));
                let first = keys.first().copied().unwrap_or("RELEASE");
                let hint = format!("name one: `rhelm diff {} {first} …`", environment.name.text);
                Err(Error::from(diagnostic.hint(hint)))
            }
        };
        let installed = |tree: &'s (dyn Tree + Sync), project: &'s Project, environment: &'s Environment| {
            let is_chosen = |release: &&Release| whole || chosen.iter().any(|other| other.key.text == release.key.text);
            let there = project.releases.iter().filter(move |release| release.is_in(environment)).filter(is_chosen);
            let ask =
                |release| Ask::Rendered(Rendering::Installed { tree, project, environment, release, chart: None });
            there.map(|release| (key(release), ask(release))).collect()
        };
        Ok(match subject {
            Subject::Environment(name) => {
                let project = self.others.get(name).unwrap_or(self.project);
                installed(self.disk, project, project.environment(name)?)
            }
            Subject::Git(revision) => match self.pasts.get(revision.name()) {
                Some(Past { tree, project: Some(project) }) => match project.environment(&environment.name.text) {
                    Ok(environment) => installed(tree, project, environment),
                    Err(_) if self.missing_ok => Vec::new(),
                    Err(error) => return Err(at_revision(error, revision, true)),
                },
                _ => Vec::new(),
            },
            Subject::Saved => {
                let saved = |release: &&'s Release| {
                    let path = snapshots::path(self.project, environment, release);
                    let environment = &environment.name.text;
                    (key(release), Ask::Saved { path, environment, release: &release.key.text })
                };
                let mut found: Vec<(String, Ask<'s>)> = chosen.iter().map(saved).collect();
                // Snapshots of releases that exist no more: what would be left behind.
                if whole {
                    for path in snapshots::orphans(self.disk, self.project, &[environment]) {
                        let (folder, file) = path.rsplit_once('/').unwrap_or_default();
                        let name = file.strip_suffix(".yaml").unwrap_or(file).to_owned();
                        if folder.rsplit('/').next() == Some(environment.name.text.as_str()) {
                            let ask =
                                Ask::Saved { path: path.clone(), environment: &environment.name.text, release: "" };
                            found.push((name, ask));
                        }
                    }
                }
                found
            }
            Subject::Live(_) | Subject::Cluster => {
                let project = self.others.get(&environment.name.text).unwrap_or(self.project);
                let live = |release: &&'s Release| {
                    let whose = Whose::Installed { disk: self.disk, project, environment, release };
                    let clusters = self.clusters;
                    let ask = match subject {
                        Subject::Live(revision) => Ask::Live { clusters, whose, revision: *revision },
                        _ => Ask::Cluster { clusters, whose },
                    };
                    (key(release), ask)
                };
                chosen.iter().map(live).collect()
            }
            Subject::File(_) | Subject::Stdin => {
                let held = self.held.get(&subject.name());
                vec![(key(only()?), held.map_or(Ask::Nothing, Ask::Read))]
            }
            Subject::Chart(path) => {
                let release = only()?;
                let project = self.others.get(&environment.name.text).unwrap_or(self.project);
                let (tree, chart) = (self.disk, Some(path.clone()));
                vec![(key(release), Ask::Rendered(Rendering::Installed { tree, project, environment, release, chart }))]
            }
        })
    }
}

/// The releases of an environment that is no more.
pub(super) fn vanished<'a>(tree: &'a Git, project: &'a Project, environment: &'a Environment) -> Vec<Pair<'a>> {
    let there = project.releases.iter().filter(|release| release.is_in(environment));
    let pair = |release: &'a Release| Pair {
        environment: environment.name.text.clone(),
        release: release.key.text.clone(),
        to_label: "nothing".to_owned(),
        from: Ask::Rendered(Rendering::Installed { tree, project, environment, release, chart: None }),
        to: Ask::Nothing,
    };
    there.map(pair).collect()
}

/// Reads a text that somebody printed.
pub(super) fn hold(tree: &dyn Tree, subject: &Subject, comparison: &Comparison) -> Result<Held, Error> {
    let (path, text) = match subject {
        Subject::File(path) => match tree.read(path) {
            Ok(text) => (path.as_str(), text),
            Err(error) if error.missing && comparison.missing_ok => {
                return Ok(Held {
                    manifests: Manifests::default(),
                    namespace: None,
                    kept: Kept::Plain,
                    is_there: false,
                });
            }
            Err(error) => {
                let diagnostic = Diagnostic::own(error.words);
                let hint = match tree.kind(path) {
                    Ok(Kind::Folder) => Some(format!("`chart:{path}` renders the chart in a folder")),
                    _ if error.missing => Some("`--missing-ok` compares with nothing".to_owned()),
                    _ => None,
                };
                return Err(hint.into_iter().fold(diagnostic, |diagnostic, hint| diagnostic.hint(hint)).into());
            }
        },
        _ => {
            let mut data = Vec::new();
            let read = std::io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut data);
            read.map_err(|error| Diagnostic::own(format!("the standard input cannot be read: {error}")))?;
            if data.len() as u64 > MAX_STDIN {
                return Err(Diagnostic::own(format!("the standard input is larger than {MAX_STDIN} bytes")).into());
            }
            ("<stdin>", Str::from(data))
        }
    };
    if text.starts_with(GZIP) {
        let message = format!("{path} is an archive, and no manifest");
        return Err(Diagnostic::own(message).hint("`chart:PATH` renders a packed chart").into());
    }
    // As kubectl does.
    let text = decoded(&text);
    if text.starts_with(saved::MARK) {
        let snapshot = whole(saved::read(&text, path)?, path, comparison.force)?;
        let kept = kept(snapshot.header.secrets);
        let namespace = Some(snapshot.header.namespace);
        return Ok(Held { manifests: snapshot.manifests, namespace, kept, is_there: true });
    }
    let manifests = manifest::read_objects(&text, path)?;
    Ok(Held { manifests, namespace: None, kept: Kept::Plain, is_there: true })
}

/// A snapshot that is what was once written, or is forced to pass.
pub(super) fn whole(snapshot: saved::Snapshot, path: &str, force: bool) -> Result<saved::Snapshot, Error> {
    match (&snapshot.damage, &snapshot.unreadable) {
        (Some(damage), _) if !force => Err(Diagnostic::own(format!("the snapshot `{path}` is damaged: {damage}"))
            .hint("`rhelm save` writes it anew; `--force` reads it as it is")
            .into()),
        (_, Some(error)) => Err(error.clone()),
        _ => Ok(snapshot),
    }
}

pub(super) fn kept(sealed: Sealed) -> Kept {
    match sealed {
        Sealed::Digest => Kept::Digest,
        Sealed::Omit => Kept::Omitted,
        Sealed::Plain => Kept::Plain,
    }
}

/// Puts the releases of both sides together: those of the right side in their order, then those that are gone.
pub(super) fn paired<'a>(
    environment: &str,
    to_label: String,
    mut from: Vec<(String, Ask<'a>)>,
    to: Vec<(String, Ask<'a>)>,
) -> Vec<Pair<'a>> {
    let pair =
        |release, from, to| Pair { environment: environment.to_owned(), release, to_label: to_label.clone(), from, to };
    let mut pairs = Vec::new();
    for (release, to) in to {
        let before = from.iter().position(|(other, _)| *other == release).map(|at| from.remove(at).1);
        pairs.push(pair(release, before.unwrap_or(Ask::Nothing), to));
    }
    pairs.extend(from.into_iter().map(|(release, from)| pair(release, from, Ask::Nothing)));
    pairs
}
