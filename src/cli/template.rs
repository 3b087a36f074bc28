//! `rhelm template`: Helm's command.

use super::args::{DEPRECATED, comma_list, on, raw_texts, text, texts};
use super::kubeconfig;
use super::output::{self, Wanted};
use super::postrender;
use super::terminal::{Terminal, variable};
use crate::chart;
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::engine::{KubeVersion, Release, name_from_template};
use crate::go::slog::{Level, line};
use crate::render::{Outcome, Request, render};
use crate::tree::{Disk, Tree};
use crate::values::ValueOptions;
use crate::world::World;
use clap::ArgMatches;
use std::sync::Arc;

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let debug = on(matches, "debug")
        || variable("HELM_DEBUG").is_some_and(|text| super::args::parse_bool(&text).unwrap_or(false));
    let mut world = World::default();
    world.ends = true;
    world.dns = on(matches, "enable-dns");
    world.variables = Some(|name| std::env::var(name).ok());
    let mut outcome = Outcome::default();
    attempt(matches, terminal, &mut world, &mut outcome, debug)
}

fn attempt(
    matches: &ArgMatches,
    terminal: &mut Terminal,
    world: &mut World,
    outcome: &mut Outcome,
    debug: bool,
) -> Result<(), Error> {
    let programs: Vec<String> =
        texts(matches, "post-renderer").into_iter().filter(|program| !program.is_empty()).collect();
    if let [_, second, ..] = programs.as_slice() {
        let second = crate::go::quote::quoted(second.as_bytes());
        return Err(Error::helm(format!(
            "invalid argument {second} for \"--post-renderer\" flag: cannot specify --post-renderer flag more than once"
        )));
    }
    world.post_renderer = programs
        .into_iter()
        .next()
        .map(|program| postrender::program(program, texts(matches, "post-renderer-args"), debug));
    for (_, words) in given(matches, DEPRECATED) {
        terminal.say(&words);
    }
    let tree = Disk;
    world.debug = debug;
    if debug {
        let version = raw_texts(matches, "version").pop().unwrap_or_default();
        terminal.say(&line(Level::Debug, "Original chart version", &[("version", &version)]));
        if version.is_empty() && on(matches, "devel") {
            terminal.say(&line(Level::Debug, "setting version to >0.0.0-0", &[]));
        }
    }
    let words = texts(matches, "args");
    let (name, chart) = name_and_chart(matches, &tree, &words, terminal, world)?;
    if let Some(repository) = raw_texts(matches, "repo").pop().filter(|url| !url.is_empty()) {
        let words =
            format!("{chart} would have to be fetched from {repository}, and charts are rendered from disk only");
        return Err(Diagnostic::helm(words)
            .hint(format!("fetch it with `helm pull --repo {repository} {chart}`"))
            .into());
    }
    let request = Request {
        release: Release {
            name,
            namespace: namespace(matches),
            is_upgrade: on(matches, "is-upgrade"),
            kube_version: match text(matches, "kube-version").filter(|text| !text.is_empty()) {
                Some(version) => KubeVersion::parse(&version)?,
                None => KubeVersion::default(),
            },
            api_versions: texts(matches, "api-versions").iter().flat_map(|list| comma_list(list)).collect(),
        },
        chart: chart::locate(&tree, &chart)?,
        include_crds: on(matches, "include-crds"),
        skip_schema_validation: on(matches, "skip-schema-validation"),
    };
    if debug {
        terminal.say(&line(Level::Debug, "Chart path", &[("path", &tree.absolute(&request.chart))]));
    }
    if on(matches, "verify") {
        return Err(Error::helm("unpacked charts cannot be verified"));
    }
    let options = ValueOptions {
        files: texts(matches, "values").iter().flat_map(|list| comma_list(list)).collect(),
        set: texts(matches, "set"),
        set_string: texts(matches, "set-string"),
        set_file: texts(matches, "set-file"),
        set_json: texts(matches, "set-json"),
        set_literal: texts(matches, "set-literal"),
    };
    let (user, layers) = options.read(&tree)?;
    let result = render(&tree, &request, &user, layers, world, outcome);
    for warning in world.warnings.drain(..) {
        terminal.say(&warning);
    }
    let wanted = Wanted {
        skip_tests: on(matches, "skip-tests"),
        no_hooks: on(matches, "no-hooks"),
        show_only: texts(matches, "show-only"),
    };
    if let Err(error) = result {
        terminal.advise_debug = outcome.release_exists && !debug;
        if debug && outcome.release_exists {
            terminal.print(&debug_stream(outcome, &wanted)?)?;
        }
        return Err(error);
    }
    terminal.advise_debug = !debug;
    if let Some(dir) = text(matches, "output-dir").filter(|dir| !dir.is_empty()) {
        let release = on(matches, "release-name").then_some(request.release.name.as_str());
        let told = output::write_files(&outcome.manifests, &wanted, &dir, release)?;
        terminal.advise_debug = false;
        terminal.print(&told)?;
        // Nothing is left to pick from, and Helm says so.
        if let Some(pattern) = wanted.show_only.first() {
            return Err(output::not_found(pattern, &[]));
        }
        return terminal.print(b"\n");
    }
    terminal.advise_debug = false;
    let stream = output::stream(&output::manifest(&outcome.manifests), &output::hooks(&outcome.manifests, &wanted));
    if wanted.show_only.is_empty() {
        return terminal.print(&stream);
    }
    terminal.print(&output::show_only(&stream, &wanted.show_only)?)
}

/// What Helm says of flags, in the order in which they were typed.
fn given(matches: &ArgMatches, flags: &[(&str, &str)]) -> Vec<(usize, String)> {
    let typed = |name: &str| {
        let explicit = matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        if explicit { matches.index_of(name) } else { None }
    };
    let mut said: Vec<(usize, String)> = flags
        .iter()
        .filter_map(|(name, words)| Some((typed(name)?, format!("Flag --{name} has been deprecated, {words}"))))
        .collect();
    if let Some(word @ ("true" | "false")) = text(matches, "wait").as_deref() {
        let instead = if word == "true" { "watcher" } else { "hookOnly" };
        let words = format!("--wait={word} is deprecated (boolean value) and can be replaced with --wait={instead}");
        said.push((typed("wait").unwrap_or_default(), line(Level::Warn, &words, &[])));
    }
    said.sort();
    said
}

/// What Helm prints under `--debug` when the templates' texts are no manifests: all of them.
fn debug_stream(outcome: &Outcome, wanted: &Wanted) -> Result<Vec<u8>, Error> {
    let mut all = crate::manifest::Manifests::default();
    for file in &outcome.rendered {
        if !crate::manifest::is_notes(&file.name) && !crate::manifest::is_blank(&file.text) {
            all.crds.push((file.name.clone(), file.text.clone()));
        }
    }
    let hooks = output::hooks(&outcome.manifests, wanted);
    let stream = output::stream(&output::manifest(&all), &hooks);
    if wanted.show_only.is_empty() { Ok(stream) } else { output::show_only(&stream, &wanted.show_only) }
}

/// Which release, which chart (Helm: Install.NameAndChart). Without a chart: the one in this folder, or the only one in `./charts`.
fn name_and_chart(
    matches: &ArgMatches,
    tree: &dyn Tree,
    words: &[String],
    terminal: &mut Terminal,
    world: &mut World,
) -> Result<(String, String), Error> {
    check_dry_run(matches, terminal)?;
    let template = text(matches, "name-template").filter(|text| !text.is_empty());
    match words {
        [_, _, rest @ ..] if !rest.is_empty() => {
            Err(Error::helm(format!("expected at most two arguments, unexpected arguments: {}", rest.join(", "))))
        }
        [name, chart] => {
            if on(matches, "generate-name") {
                return Err(Error::helm("cannot set --generate-name and also specify a name"));
            }
            if template.is_some() {
                return Err(Error::helm("cannot set --name-template and also specify a name"));
            }
            Ok((name.clone(), chart.clone()))
        }
        _ => {
            let chart = match words {
                [chart] => chart.clone(),
                _ => nearby_chart(tree)?,
            };
            let Some(template) = template else {
                return Ok(("release-name".to_owned(), chart));
            };
            let source = Source {
                name: "name-template".into(),
                path: "--name-template".into(),
                text: template.into(),
                origin: None,
            };
            Ok((name_from_template(&Arc::new(source), world)?, chart))
        }
    }
}

/// The chart that is meant when none is named.
fn nearby_chart(tree: &dyn Tree) -> Result<String, Error> {
    if tree.kind("Chart.yaml").is_ok() {
        return Ok(".".to_owned());
    }
    let mut found: Vec<String> = std::fs::read_dir("charts")
        .map(|entries| {
            let paths =
                entries.filter_map(Result::ok).map(|entry| format!("charts/{}", entry.file_name().to_string_lossy()));
            paths.filter(|path| tree.kind(&format!("{path}/Chart.yaml")).is_ok()).collect()
        })
        .unwrap_or_default();
    found.sort();
    const HELM: &str = "\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]";
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Diagnostic::new(
            "no chart was named, and there is none here: looked for ./Chart.yaml and ./charts/*/Chart.yaml",
            HELM,
        )
        .hint("name one: `rhelm template NAME CHART`")
        .into()),
        several => Err(Diagnostic::new("no chart was named, and ./charts holds several", HELM)
            .fact(format!("found: {}", several.join(", ")))
            .hint(format!("name one: `rhelm template NAME {}`", several.first().map_or("CHART", String::as_str)))
            .into()),
    }
}

fn check_dry_run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    let validate = matches.get_one::<bool>("validate").copied();
    let dry_run = text(matches, "dry-run");
    if validate.is_some() && dry_run.is_some() {
        return Err(Error::helm(
            "if any flags in the group [validate dry-run] are set none of the others can be; [dry-run validate] were all set",
        ));
    }
    let server = || {
        Error::from(
            Diagnostic::new(
                "a cluster would have to be asked, and rhelm renders offline only",
                "cluster reachability check failed: kubernetes cluster unreachable",
            )
            .hint("leave out `--validate` and `--dry-run=server`"),
        )
    };
    match dry_run.as_deref() {
        None | Some("client") => {}
        Some("unset") => terminal.say(&line(
            Level::Warn,
            "--dry-run is deprecated and should be replaced with '--dry-run=client'",
            &[],
        )),
        Some("server") => return Err(server()),
        Some(other) => match super::args::parse_bool(other) {
            Ok(true) => terminal.say(&line(
                Level::Warn,
                &format!("boolean '--dry-run={other}' flag is deprecated and must be replaced with '--dry-run=client'"),
                &[],
            )),
            Ok(false) => return Err(bad_dry_run(other, "\"server\" or \"client\"")),
            Err(_) if other == "none" => return Err(bad_dry_run(other, "\"server\" or \"client\"")),
            Err(_) => return Err(bad_dry_run(other, "\"none\", \"server\", or \"client\"")),
        },
    }
    if validate == Some(true) {
        return Err(server());
    }
    match text(matches, "wait").as_deref() {
        None | Some("watcher" | "hookOnly" | "legacy" | "true" | "false") => Ok(()),
        Some(other) => {
            let other = crate::go::quote::quoted(other.as_bytes());
            Err(Error::helm(format!(
                "invalid argument {other} for \"--wait\" flag: invalid wait input {other}. Valid inputs are watcher, hookOnly, and legacy"
            )))
        }
    }
}

fn bad_dry_run(given: &str, valid: &str) -> Error {
    let given = crate::go::quote::quoted(given.as_bytes());
    Error::helm(format!("invalid dry-run value ({given}). Must be {valid}"))
}

/// `-n`, `HELM_NAMESPACE`, the kubeconfig context's, `default`.
fn namespace(matches: &ArgMatches) -> String {
    let context = text(matches, "kube-context").or_else(|| variable("HELM_KUBECONTEXT"));
    text(matches, "namespace")
        .filter(|name| !name.is_empty())
        .or_else(|| variable("HELM_NAMESPACE"))
        .or_else(|| kubeconfig::namespace(text(matches, "kubeconfig").as_deref(), context.as_deref()))
        .unwrap_or_else(|| "default".to_owned())
}
