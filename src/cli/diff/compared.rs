//! Both sides of each release → what is shown, and what failed.

use super::super::onto::Clusters;
use super::super::terminal::Terminal;
use super::super::{failures, fleet, pager};
use super::Comparison;
use super::sides::{Ask, Pair, Whose, kept, whole};
use crate::diagnostic::{Diagnostic, Error};
use crate::diff::{self, Compared, Format, Kept, Options, Side};
use crate::manifest::chance::CHANCE;
use crate::manifest::{self, Claims, Manifests, Object};
use crate::release::{Record, Start, is_not_found, saved};
use crate::spread::{Each, in_order};
use crate::subject::{Flags, Rendered, Rendering};
use crate::text::Str;
use crate::tree::{Disk, Tree};
use crate::why::{self, Known};

/// The exit code for differences, where it is asked for.
const DIFFERENT: u8 = 2;

/// What a side gave.
#[derive(Default)]
struct Given {
    manifests: Manifests,
    namespace: Option<String>,
    kept: Option<Kept>,
    /// Whether it is a snapshot without the files of `crds/`, without test hooks.
    lacks: [bool; 2],
    /// Whether what follows from chance is marked.
    marked: bool,
    /// Whether Helm stored it.
    is_live: bool,
    /// What a cluster is asked for.
    cluster: Option<Held>,
    /// Whether there is such a release on this side.
    is_there: bool,
    warnings: Vec<String>,
    secrets: Vec<Str>,
}

/// A release in a cluster, of which nothing was asked yet.
struct Held {
    /// Name, namespace, and the context that guards it.
    home: (String, String, Option<String>),
    /// What the revision holds that an upgrade would start from.
    recorded: Manifests,
    /// What a later revision holds that failed.
    attempted: Manifests,
    /// Whether the server would apply it.
    server_side: bool,
}

/// What is known of a cluster's side beyond its objects.
struct Met {
    /// What the other side makes.
    chart: Manifests,
    /// What the last upgrade made.
    recorded: Manifests,
    /// What one wanted to make that failed after it.
    attempted: Manifests,
    risks: Vec<(Object, String)>,
}

/// What comparing a release gave.
struct Done {
    /// What the right side makes, and where, if it is rendered.
    made: Option<(String, Manifests)>,
    warnings: Vec<String>,
    secrets: Vec<Str>,
    /// None: there is nothing to compare with, which was told.
    result: Result<Option<Compared>, Error>,
}

/// Gets one side.
fn give(ask: &Ask<'_>, flags: &Flags<'_>, comparison: &Comparison, given: &mut Given) -> Result<(), Error> {
    let mut rendered = Rendered::default();
    let result = match ask {
        Ask::Rendered(rendering) => rendering.render(flags, None, &mut rendered),
        Ask::Saved { path, environment, release } => {
            let text = match Disk.read(path) {
                Ok(text) => text,
                Err(error) if error.missing && comparison.missing_ok => return Ok(()),
                Err(error) if error.missing => {
                    let message = format!("there is no snapshot of `{release}` in environment `{environment}`");
                    return Err(Diagnostic::own(message)
                        .fact(format!("looked for: {path}"))
                        .hint(format!(
                            "`rhelm save {environment} {release}` makes one; `--missing-ok` compares with nothing"
                        ))
                        .into());
                }
                Err(error) => return Err(Diagnostic::own(error.words).into()),
            };
            let snapshot = whole(saved::read(&text, path)?, path, comparison.force)?;
            *given = Given {
                manifests: snapshot.manifests,
                namespace: Some(snapshot.header.namespace),
                kept: Some(kept(snapshot.header.secrets)),
                lacks: [!snapshot.header.crds, !snapshot.header.tests],
                // One that was saved with a seed holds what that made.
                is_there: true,
                marked: memchr::memmem::find(&text, CHANCE.as_bytes()).is_some(),
                ..Given::default()
            };
            return Ok(());
        }
        Ask::Live { clusters, whose, revision } => return live(clusters, whose, *revision, flags, comparison, given),
        Ask::Cluster { clusters, whose } => {
            let home = whose.home(flags)?;
            let start = clusters.start(&home, &mut given.warnings);
            given.namespace = Some(home.1.clone());
            let start = stored(start, &home.1, comparison)?;
            // A release that is not there yet is made by Helm 4, which lets the server do it.
            let server_side = start.as_ref().is_none_or(|start| start.server_side);
            let (mut recorded, mut attempted) = (Manifests::default(), Manifests::default());
            if let Some(Start { from, attempted: later, refused, .. }) = start {
                given.is_there = from.is_some();
                for (record, manifests) in [(from, &mut recorded), (later, &mut attempted)] {
                    if let Some(Record { manifest, revision, .. }) = record {
                        *manifests = manifest::read(&manifest, &format!("live:{revision}"))?;
                    }
                }
                if let Some((words, why)) = refused {
                    given.warnings.push(format!("warning: {}: Helm would refuse the upgrade: {words}; {why}", home.0));
                }
            }
            given.cluster = Some(Held { home, recorded, attempted, server_side });
            return Ok(());
        }
        Ask::Read(held) => {
            given.manifests = held.manifests.clone();
            given.namespace.clone_from(&held.namespace);
            given.kept = Some(held.kept);
            given.is_there = held.is_there;
            return Ok(());
        }
        Ask::Nothing => return Ok(()),
    };
    given.is_there = true;
    given.marked = flags.seed.is_none();
    given.warnings = rendered.warnings;
    given.secrets = rendered.secrets;
    given.manifests = rendered.manifests;
    given.namespace = Some(rendered.namespace);
    result
}

/// Gets what Helm stored of a release.
fn live(
    clusters: &Clusters<'_>,
    whose: &Whose<'_>,
    revision: Option<i64>,
    flags: &Flags<'_>,
    comparison: &Comparison,
    given: &mut Given,
) -> Result<(), Error> {
    let (name, namespace, context) = whose.home(flags)?;
    given.namespace = Some(namespace.clone());
    let record = clusters.record(&name, &namespace, context.as_deref(), revision, &mut given.warnings);
    let Some(record) = stored(record, &namespace, comparison)? else { return Ok(()) };
    if revision.is_none() && record.status != "deployed" {
        let words = format!("its last revision {} is {}, not deployed", record.revision, record.status);
        given.warnings.push(format!("warning: {name}: {words}; `live:REVISION` compares with another"));
    }
    given.manifests = manifest::read(&Str::from(record.stream()), &format!("live:{}", record.revision))?;
    // Helm stores no `crds/`.
    (given.is_there, given.is_live) = (true, true);
    Ok(())
}

/// A release that may be missing, if that was said to be fine.
fn stored<T>(found: Result<T, Error>, namespace: &str, comparison: &Comparison) -> Result<Option<T>, Error> {
    match found {
        Err(error) if is_not_found(&error) && comparison.missing_ok => Ok(None),
        Err(mut error) if is_not_found(&error) => {
            for diagnostic in error.diagnostics_mut() {
                diagnostic.facts.push(format!("looked in: namespace `{namespace}`"));
                *diagnostic = diagnostic.clone().hint("`--missing-ok` compares with nothing");
            }
            Err(error)
        }
        found => found.map(Some),
    }
}

/// Where one side is a cluster: asks it for its objects, and what the other side would make of them.
fn meet(pair: &Pair<'_>, from: &mut Given, to: &mut Given, options: &Options) -> Result<Option<Met>, Error> {
    let (ask, cluster, other) = match (&pair.from, &pair.to) {
        (Ask::Cluster { clusters, .. }, _) => (clusters, from, to),
        (_, Ask::Cluster { clusters, .. }) => (clusters, to, from),
        _ => return Ok(None),
    };
    let Some(Held { home, recorded, attempted, server_side }) = cluster.cluster.take() else { return Ok(None) };
    if other.kept.is_some_and(|kept| kept != Kept::Plain) {
        let message = "a snapshot has digests in the place of secrets, and a cluster cannot be asked about these";
        return Err(Diagnostic::own(message).hint("compare the cluster with the environment itself").into());
    }
    let release = &pair.release;
    let mut say = |words: String| cluster.warnings.push(format!("warning: {release}: {words}"));
    if options.include_crds {
        say("an upgrade leaves crds/ alone, so they are not compared".to_owned());
    }
    if options.include_tests {
        say("hooks come and go with each upgrade, so they are not compared with a cluster".to_owned());
    }
    let seen = ask.see(&home, (&recorded, server_side), &other.manifests)?;
    seen.warnings.into_iter().for_each(say);
    cluster.manifests = seen.live;
    let chart = std::mem::replace(&mut other.manifests, seen.after);
    Ok(Some(Met { chart, recorded, attempted, risks: seen.risks }))
}

/// Compares one release.
fn one(pair: &Pair<'_>, from_label: &str, flags: &Flags<'_>, comparison: &Comparison) -> Done {
    let (mut from, mut to) = (Given::default(), Given::default());
    let mut rendered = None;
    // Two renders of one chart fail alike; the revision tells them apart.
    let on = |mut error: Error, label: &str| {
        if label.starts_with("git:") {
            error.diagnostics_mut().iter_mut().for_each(|d| d.facts.push(format!("as of {label}")));
        }
        error
    };
    let before = give(&pair.from, flags, comparison, &mut from).map_err(|error| on(error, from_label));
    let result = match before {
        Err(error) if comparison.settled => {
            let why = error.diagnostics().first().map(|diagnostic| diagnostic.message.clone()).unwrap_or_default();
            let release = &pair.release;
            from.warnings
                .push(format!("warning: {release}: {from_label} does not render, so nothing is compared: {why}"));
            Ok(None)
        }
        Err(error) => Err(error),
        Ok(()) => give(&pair.to, flags, comparison, &mut to)
            .map_err(|error| on(error, &pair.to_label))
            .and_then(|()| meet(pair, &mut from, &mut to, &comparison.options))
            .map(|met| {
                let compared = compare(pair, from_label, flags, comparison, [&mut from, &mut to], met.as_ref());
                rendered = met.map(|met| met.chart);
                Some(compared)
            }),
    };
    let mut warnings = from.warnings;
    // The same chart says the same on both sides.
    warnings.extend(to.warnings.into_iter().filter(|line| !warnings.contains(line)).collect::<Vec<_>>());
    let mut secrets = from.secrets;
    secrets.extend(to.secrets);
    let made =
        matches!(pair.to, Ask::Rendered(Rendering::Installed { .. })).then_some(rendered.unwrap_or(to.manifests));
    Done { made: made.map(|made| (to.namespace.unwrap_or_default(), made)), warnings, secrets, result }
}

fn compare(
    pair: &Pair<'_>,
    from_label: &str,
    flags: &Flags<'_>,
    comparison: &Comparison,
    [from, to]: [&mut Given; 2],
    met: Option<&Met>,
) -> Compared {
    let mut options = comparison.options.clone();
    options.include_crds &= met.is_none();
    options.release.clone_from(&pair.release);
    options.marked = from.marked && to.marked;
    if options.include_crds && (from.is_live || to.is_live) {
        options.include_crds = false;
        to.warnings.push(format!("warning: {}: Helm stores no crds/, so they are not compared", pair.release));
    }
    let Options { include_crds, include_tests, .. } = &mut options;
    let parts = [(include_crds, "crds/", "--include-crds"), (include_tests, "test hooks", "--include-tests")];
    for ((wanted, what, flag), lacks) in parts.into_iter().zip(from.lacks.iter().zip(to.lacks).map(|(a, b)| *a || b)) {
        if *wanted && lacks {
            *wanted = false;
            let words =
                format!("the snapshot holds no {what}, so they are not compared; `rhelm save {flag}` stores them");
            to.warnings.push(format!("warning: {}: {words}", pair.release));
        }
    }
    let sides = [from.kept, to.kept];
    let omitted = sides.contains(&Some(Kept::Omitted));
    let secrets: Vec<Str> = from.secrets.iter().chain(&to.secrets).cloned().collect();
    let veils = !options.show_secrets || omitted || sides.contains(&Some(Kept::Digest));
    if veils {
        from.manifests.veil(&secrets, !omitted);
        to.manifests.veil(&secrets, !omitted);
    }
    let digests = sides.iter().all(|kept| *kept == Some(Kept::Digest));
    let has_secrets = |given: &Given| given.manifests.resources.iter().any(|document| document.kind == "Secret");
    if digests && from.namespace != to.namespace && has_secrets(from) && has_secrets(to) {
        let words = "the values of Secrets are digests made for two namespaces, so they are not compared";
        to.warnings.push(format!("warning: {}: {words}", pair.release));
    }
    // Where neither side tells it, it is what a release without a project would go into.
    let home = from.namespace.clone().or_else(|| to.namespace.clone());
    let home = home.unwrap_or_else(|| (flags.namespace)(None, None));
    let other = to.namespace.clone().unwrap_or_else(|| home.clone());
    let left = Side { manifests: &from.manifests, namespace: &home, secrets: from.kept.unwrap_or(Kept::Plain) };
    let right = Side { manifests: &to.manifests, namespace: &other, secrets: to.kept.unwrap_or(Kept::Plain) };
    let (mut changes, texts) = match comparison.format {
        Format::Unified => {
            let outcome = diff::compare_whole(&left, &right, &options);
            (outcome.changes, Some(outcome.texts))
        }
        _ => (diff::compare(&left, &right, &options), None),
    };
    let mut notes = Vec::new();
    // Of a release that one side lacks no value is the reason.
    let is_there = |ask: &Ask<'_>, given: &Given| !matches!(ask, Ask::Nothing) && given.is_there;
    if let Some(met) = met {
        let side = |manifests| Side { manifests, namespace: &other, secrets: Kept::Plain };
        notes.extend(diff::drift(
            &mut changes,
            [&side(&met.recorded), &side(&met.attempted)],
            &side(&met.chart),
            &pair.release,
        ));
        diff::blame(&mut changes, &met.risks);
        if comparison.why {
            notes.push("--why: what a cluster would hold does not come of values alone".to_owned());
        }
    } else if comparison.why && is_there(&pair.from, from) && is_there(&pair.to, to) {
        fn known<'a>(ask: &'a Ask<'a>) -> Option<&'a Rendering<'a>> {
            match ask {
                Ask::Rendered(rendering) => Some(rendering),
                _ => None,
            }
        }
        let known = Known {
            from: known(&pair.from),
            to: known(&pair.to),
            flags,
            options: &options,
            veiled: veils.then_some((secrets.as_slice(), !omitted)),
        };
        notes = why::explain(&mut changes, &left, &right, &known);
    }
    Compared {
        environment: pair.environment.clone(),
        release: pair.release.clone(),
        from: from_label.to_owned(),
        to: pair.to_label.clone(),
        changes,
        notes,
        texts,
    }
}
/// Compares all, prints it, and says what failed.
pub(super) fn finish(
    pairs: &[Pair<'_>],
    from_label: &str,
    flags: &Flags<'_>,
    comparison: &Comparison,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let mut reports = Vec::new();
    let mut failures: Vec<Error> = Vec::new();
    let mut failed = Vec::new();
    let several = pairs.iter().any(|pair| pairs.first().is_some_and(|first| first.environment != pair.environment));
    let (mut claims, mut here) = (Claims::default(), "");
    let mut next = pairs.iter();
    let compare = |pair: &Pair<'_>| one(pair, from_label, flags, comparison);
    terminal.begin(pairs.len());
    // All that was compared is kept to the end in any case: only what is made besides waits here.
    let size = |done: &Done| done.made.as_ref().map_or(0, |(_, made)| made.size());
    in_order(flags.at_once, Each(pairs.iter(), |pair| &pair.release), compare, size, |done| {
        terminal.advance();
        let Some(pair) = next.next() else { return };
        terminal.hide(&done.secrets);
        done.warnings.iter().for_each(|warning| terminal.say(warning));
        if here != pair.environment {
            (claims, here) = (Claims::default(), &pair.environment);
        }
        let clash = done.made.and_then(|(namespace, made)| claims.claim(&pair.release, &namespace, &made));
        let result = match clash {
            Some(clash) => done.result.and(Err(fleet::clashing(None, &pair.release, &clash))),
            None => done.result,
        };
        match result {
            Ok(compared) => reports.extend(compared),
            Err(mut error) => {
                if pairs.len() > 1 {
                    failures::of_release(&mut error, &pair.release, &pair.environment);
                }
                failures.push(error);
                failed.push(if several {
                    format!("{}/{}", pair.environment, pair.release)
                } else {
                    pair.release.clone()
                });
            }
        }
    });
    terminal.end(flags);
    // With nothing but failures there is nothing to show.
    if !reports.is_empty() || failures.is_empty() {
        let out = diff::write(&reports, comparison.format, &comparison.layout)?;
        pager::print(&out, &comparison.pager, terminal)?;
    }
    if comparison.detailed && reports.iter().any(|report| !report.changes.is_empty()) {
        terminal.code = DIFFERENT;
    }
    if pairs.len() > 1 && !failed.is_empty() {
        let message = format!("{} of {} releases were not compared: {}", failed.len(), pairs.len(), failed.join(", "));
        failures.push(Diagnostic::own(message).into());
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures::all(&failures))
}
