//! `rhelm template`: Helm's command.

use super::args::{DEPRECATED, comma_list, on, raw_texts, text, texts};
use super::connection::connection;
use super::kubeconfig;
use super::onto::Cluster;
use super::output::{self, Wanted};
use super::postrender;
use super::selection::Selection;
use super::terminal::{Terminal, variable};
use super::watch::Places;
use crate::cache::{Cache, LIMIT};
use crate::chart;
use crate::cluster::Lookup;
use crate::diagnostic::{Diagnostic, Error, Source};
use crate::engine::{KubeVersion, Release, name_from_template};
use crate::go::slog::{Level, line};
use crate::manifest::Manifests;
use crate::project::{Changed, Project};
use crate::render::{Outcome, Request, render, render_shelved};
use crate::shelf::Shelf;
use crate::subject::Flags;
use crate::tree::{Disk, Tree};
use crate::values::ValueOptions;
use crate::world::World;
use clap::ArgMatches;
use std::sync::Arc;

/// What was asked for, however it was called.
pub(super) struct Asked<'m> {
    pub(super) matches: &'m ArgMatches,
    pub(super) debug: bool,
    /// Whether a project's overrides apply.
    pub(super) overrides: bool,
    /// Who answers `lookup`, if somebody does.
    lookup: Option<Arc<dyn Lookup>>,
    /// A program that what was rendered goes through, and its arguments.
    program: Option<(String, Vec<String>)>,
    /// Where results are kept, if anywhere.
    cache: Option<Arc<Cache>>,
    wanted: Wanted,
}

/// Where a release of a project belongs.
pub(super) struct Home<'a> {
    pub(super) environment: &'a str,
    pub(super) release: &'a str,
    /// The templates of what overrides dropped.
    pub(super) dropped: &'a [String],
}

impl<'m> Asked<'m> {
    pub(super) fn new(matches: &'m ArgMatches) -> Result<Self, Error> {
        let debug = on(matches, "debug")
            || variable("HELM_DEBUG").is_some_and(|text| super::args::parse_bool(&text).unwrap_or(false));
        // Other commands have not all of the flags.
        let has = |name: &str| matches.try_contains_id(name).unwrap_or(false) && on(matches, name);
        let all = |name: &str| -> Vec<String> {
            let given = matches.try_get_many::<String>(name).ok().flatten();
            given.map(|texts| texts.cloned().collect()).unwrap_or_default()
        };
        let programs: Vec<String> = all("post-renderer").into_iter().filter(|program| !program.is_empty()).collect();
        if let [_, second, ..] = programs.as_slice() {
            let second = crate::go::quote::quoted(second.as_bytes());
            return Err(Error::helm(format!(
                "invalid argument {second} for \"--post-renderer\" flag: cannot specify --post-renderer flag more than once"
            )));
        }
        let program = programs.into_iter().next().map(|program| (program, all("post-renderer-args")));
        let wanted = Wanted { skip_tests: has("skip-tests"), no_hooks: has("no-hooks"), show_only: all("show-only") };
        let lookup = super::onto::saved(&all("lookup-from"))?;
        let cache = cache(matches)?;
        Ok(Asked { matches, debug, overrides: !has("no-overrides"), lookup, program, cache, wanted })
    }

    /// The outside of one render.
    pub(super) fn world(&self) -> World {
        let mut world = World::default();
        world.ends = true;
        world.dns = self.matches.try_contains_id("enable-dns").unwrap_or(false) && on(self.matches, "enable-dns");
        world.debug = self.debug;
        world.variables = Some(|name| std::env::var(name).ok());
        world.lookup.clone_from(&self.lookup);
        let program = self.program.clone();
        world.post_renderer = program.map(|(program, words)| postrender::program(program, words, self.debug));
        world
    }

    /// What the flags say of renders of a project.
    pub(super) fn flags(&self) -> Result<Flags<'_>, Error> {
        self.flags_on(self.shelf())
    }

    /// A place for charts that renders share.
    pub(super) fn shelf(&self) -> Arc<Shelf> {
        Arc::new(Shelf::new(self.cache.is_some()))
    }

    /// The same, with charts that other renders share.
    pub(super) fn flags_on(&self, shelf: Arc<Shelf>) -> Result<Flags<'_>, Error> {
        let matches = self.matches;
        let has = |name: &str| matches.try_contains_id(name).unwrap_or(false) && on(matches, name);
        let version = matches.try_get_one::<String>("kube-version").ok().flatten().filter(|text| !text.is_empty());
        let api_versions: Vec<String> = match matches.try_get_many::<String>("api-versions") {
            Ok(Some(lists)) => lists.flat_map(|list| comma_list(list)).collect(),
            _ => Vec::new(),
        };
        Ok(Flags {
            values: self.values(),
            kube_version: version.map(|version| KubeVersion::parse(version)).transpose()?,
            api_versions,
            is_upgrade: has("is-upgrade"),
            include_crds: has("include-crds"),
            warn_of_crds: false,
            include_tests: has("include-tests"),
            is_compared: true,
            skip_schema_validation: has("skip-schema-validation"),
            tera: !has("no-tera"),
            overrides: self.overrides,
            seed: matches.try_get_one::<u64>("seed").ok().flatten().copied(),
            namespace: Box::new(|project, context| namespace(matches, project, context)),
            world: Box::new(|| {
                let mut world = self.world();
                world.ends = false;
                world
            }),
            decrypt: Some(super::sops::decrypt),
            shelf,
            cache: self.cache.clone(),
            at_once: matches.try_get_one::<usize>("jobs").ok().flatten().copied(),
            onto: None,
        })
    }

    /// Whether a file changed that a flag names.
    pub(super) fn is_touched(&self, changed: &Changed) -> bool {
        self.named_files().iter().any(|path| changed.has(&Disk.absolute(path)))
    }

    /// The files that flags for values name.
    fn named_files(&self) -> Vec<String> {
        let ValueOptions { mut files, set_file, .. } = self.values();
        files.extend(set_file.iter().filter_map(|argument| Some(argument.split_once('=')?.1.to_owned())));
        files.retain(|path| path.trim() != "-");
        files
    }

    /// What is to be watched for the flags' sake, and where they say that is written.
    pub(super) fn places(&self) -> Places {
        let mut places = Places::default();
        self.named_files().iter().for_each(|path| places.file(path));
        for flag in ["cache", "output-dir"] {
            let folder = self.matches.try_get_one::<String>(flag).ok().flatten().filter(|folder| !folder.is_empty());
            folder.into_iter().for_each(|folder| places.output(folder));
        }
        places
    }

    /// Forgets what may have changed since it was read.
    pub(super) fn forget_charts(&self) {
        if let Some(cache) = &self.cache {
            cache.forget_charts();
        }
    }

    /// What the flags say of values.
    pub(super) fn values(&self) -> ValueOptions {
        let matches = self.matches;
        ValueOptions {
            below: Vec::new(),
            templating: None,
            folder: None,
            files: texts(matches, "values").iter().flat_map(|list| comma_list(list)).collect(),
            set: texts(matches, "set"),
            set_string: texts(matches, "set-string"),
            set_file: texts(matches, "set-file"),
            set_json: texts(matches, "set-json"),
            set_literal: texts(matches, "set-literal"),
            decrypt: None,
        }
    }
}

/// Where results are kept, if that is asked for.
fn cache(matches: &ArgMatches) -> Result<Option<Arc<Cache>>, Error> {
    let Some(folder) = matches.try_get_one::<String>("cache").ok().flatten() else { return Ok(None) };
    if folder.is_empty() {
        return Err(Diagnostic::own("--cache wants a folder").into());
    }
    let limit = matches.get_one::<u64>("cache-size").map_or(LIMIT, |mebibytes| mebibytes << 20);
    Ok(Some(Arc::new(Cache::open(folder, limit)?)))
}

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let asked = Asked::new(matches)?;
    for (_, words) in given(matches, DEPRECATED) {
        terminal.say(&words);
    }
    if on(matches, "watch") {
        return watch(&asked, terminal);
    }
    if let Some(selection) = super::selection::template(matches, &Disk)? {
        let server = check_dry_run(matches, terminal)?;
        return super::fleet::run(&asked, &selection, server, None, terminal);
    }
    let mut world = asked.world();
    let mut outcome = Outcome::default();
    attempt(&asked, None, terminal, &mut world, &mut outcome)
}

/// Renders again and again.
fn watch(asked: &Asked<'_>, terminal: &mut Terminal) -> Result<(), Error> {
    let matches = asked.matches;
    let shelf = asked.shelf();
    let places = || {
        let mut places = asked.places();
        match super::selection::template(matches, &Disk)? {
            Some(selection) => selection.places(&mut places),
            None => {
                let (_, chart) = name_and_chart(matches, &Disk, &texts(matches, "args"), &mut asked.world())?;
                places.chart(&chart);
            }
        }
        Ok(places)
    };
    super::watch::run(terminal, &shelf, places, |terminal, changed| {
        asked.forget_charts();
        match super::selection::template(matches, &Disk)? {
            Some(selection) => {
                let selection = match changed {
                    Some(changed) => touched(&selection, asked, changed),
                    None => selection,
                };
                if selection.is_empty() {
                    return Ok(());
                }
                terminal.new_page()?;
                let server = check_dry_run(matches, terminal)?;
                super::fleet::run(asked, &selection, server, Some(&shelf), terminal)
            }
            None => {
                terminal.new_page()?;
                let mut world = asked.world();
                world.ends = false;
                attempt(asked, Some(&shelf), terminal, &mut world, &mut Outcome::default())
            }
        }
    })
}

/// The releases that a change touches: their own files, or those that flags name.
fn touched(selection: &Selection, asked: &Asked<'_>, changed: &Changed) -> Selection {
    if asked.is_touched(changed) {
        return selection.clone();
    }
    selection.with(|environment, release| selection.project.is_touched(&Disk, environment, release, changed))
}

fn attempt(
    asked: &Asked<'_>,
    shelf: Option<&Shelf>,
    terminal: &mut Terminal,
    world: &mut World,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let Asked { matches, debug, .. } = *asked;
    let tree = Disk;
    if asked.cache.is_some() {
        let message = "--cache keeps what releases of a project are, and a chart by itself is none";
        return Err(Diagnostic::own(message)
            .hint("name an environment: `-e ENV`; `rhelm batch` keeps charts, too")
            .into());
    }
    if debug {
        let version = raw_texts(matches, "version").pop().unwrap_or_default();
        terminal.say(&line(Level::Debug, "Original chart version", &[("version", &version)]));
        if version.is_empty() && on(matches, "devel") {
            terminal.say(&line(Level::Debug, "setting version to >0.0.0-0", &[]));
        }
    }
    let words = texts(matches, "args");
    let server = check_dry_run(matches, terminal)?;
    let (name, chart) = name_and_chart(matches, &tree, &words, world)?;
    if let Some(repository) = raw_texts(matches, "repo").pop().filter(|url| !url.is_empty()) {
        let words =
            format!("{chart} would have to be fetched from {repository}, and charts are rendered from disk only");
        return Err(Diagnostic::helm(words)
            .hint(format!("fetch it with `helm pull --repo {repository} {chart}`"))
            .into());
    }
    let namespace = namespace(matches, None, None);
    let cluster = if server { Some(Cluster::reached(&connection(matches, None), terminal)?) } else { None };
    let mut request = Request {
        release: Release {
            name,
            namespace,
            is_upgrade: on(matches, "is-upgrade"),
            kube_version: match text(matches, "kube-version").filter(|text| !text.is_empty()) {
                Some(version) => KubeVersion::parse(&version)?,
                None => KubeVersion::default(),
            },
            api_versions: texts(matches, "api-versions").iter().flat_map(|list| comma_list(list)).collect(),
            served: None,
            revision: 1,
        },
        chart: chart::locate(&tree, &chart).map_err(|error| release_meant(error, &words, &tree))?,
        include_crds: on(matches, "include-crds"),
        warn_of_crds: server && !on(matches, "skip-crds"),
        skip_schema_validation: on(matches, "skip-schema-validation"),
        tera: !on(matches, "no-tera"),
    };
    if debug {
        terminal.say(&line(Level::Debug, "Chart path", &[("path", &tree.absolute(&request.chart))]));
    }
    if on(matches, "verify") {
        return Err(Error::helm("unpacked charts cannot be verified"));
    }
    if let Some(cluster) = &cluster {
        request.release.kube_version = cluster.kube_version()?;
        request.release.served = Some(cluster.api_versions()?);
        world.lookup = Some(cluster.lookup());
    }
    let (user, layers) = asked.values().read(&tree)?;
    let result = match shelf {
        Some(shelf) => render_shelved(shelf, &tree, &request, &user, layers, world, outcome),
        None => render(&tree, &request, &user, layers, world, outcome),
    };
    for warning in world.warnings.drain(..) {
        terminal.say(&warning);
    }
    if let Err(error) = result {
        terminal.advise_debug = outcome.release_exists && !debug;
        if debug && outcome.release_exists {
            terminal.print(&debug_stream(outcome, &asked.wanted)?)?;
        }
        return Err(error);
    }
    if let Some(cluster) = &cluster {
        cluster.accepts(&outcome.manifests, &request.release, on(matches, "take-ownership"))?;
    }
    terminal.advise_debug = !debug;
    print_manifests(asked, &outcome.manifests, None, &request.release.name, terminal)
}

/// Adds to what is said of a chart that is not there what was perhaps meant: a release of a project.
fn release_meant(mut error: Error, words: &[String], tree: &dyn Tree) -> Error {
    let project = Project::find(tree).and_then(|file| Project::read(tree, &file).ok());
    let release = words.iter().find(|word| project.iter().any(|p| p.releases.iter().any(|r| r.key.text == **word)));
    if let (Some(release), Some(diagnostic)) = (release, error.diagnostics_mut().last_mut()) {
        let hint = format!("`{release}` is a release of {}: `rhelm template -e ENV {release}`", crate::project::FILE);
        *diagnostic = std::mem::take(diagnostic).hint(hint);
    }
    error
}

/// Prints what was rendered, or writes it where it was asked for.
pub(super) fn print_manifests(
    asked: &Asked<'_>,
    manifests: &Manifests,
    home: Option<Home<'_>>,
    name: &str,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let Asked { matches, wanted, .. } = asked;
    if let Some(dir) = text(matches, "output-dir").filter(|dir| !dir.is_empty()) {
        let told = match home {
            Some(Home { environment, release, .. }) => {
                output::write_files(manifests, wanted, &format!("{dir}/{environment}/{release}"), None)?
            }
            None => output::write_files(manifests, wanted, &dir, on(matches, "release-name").then_some(name))?,
        };
        terminal.advise_debug = false;
        terminal.print(&told)?;
        // Nothing is left to pick from, and Helm says so.
        if let Some(pattern) = wanted.show_only.first() {
            return Err(output::not_found(pattern, &[]));
        }
        return terminal.print(b"\n");
    }
    terminal.advise_debug = false;
    let stream = output::stream(output::manifest(manifests), &output::hooks(manifests, wanted));
    if wanted.show_only.is_empty() {
        return terminal.print(&stream);
    }
    let dropped = home.map(|home| home.dropped).unwrap_or_default();
    terminal.print(&output::show_only(&stream, &wanted.show_only, dropped)?)
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
    let stream = output::stream(output::manifest(&all), &hooks);
    if wanted.show_only.is_empty() { Ok(stream) } else { output::show_only(&stream, &wanted.show_only, &[]) }
}

/// Which release, which chart (Helm: Install.NameAndChart). Without a chart: the one in this folder, or the only one in `./charts`.
fn name_and_chart(
    matches: &ArgMatches,
    tree: &dyn Tree,
    words: &[String],
    world: &mut World,
) -> Result<(String, String), Error> {
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
pub(super) fn nearby_chart(tree: &dyn Tree) -> Result<String, Error> {
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

/// Whether a cluster is to be asked.
fn check_dry_run(matches: &ArgMatches, terminal: &mut Terminal) -> Result<bool, Error> {
    let validate = matches.get_one::<bool>("validate").copied();
    let dry_run = text(matches, "dry-run");
    if validate.is_some() && dry_run.is_some() {
        return Err(Error::helm(
            "if any flags in the group [validate dry-run] are set none of the others can be; [dry-run validate] were all set",
        ));
    }
    match dry_run.as_deref() {
        None | Some("client") => {}
        Some("unset") => terminal.say(&line(
            Level::Warn,
            "--dry-run is deprecated and should be replaced with '--dry-run=client'",
            &[],
        )),
        Some("server") => {}
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
    let server = validate == Some(true) || dry_run.as_deref() == Some("server");
    match text(matches, "wait").as_deref() {
        None | Some("watcher" | "hookOnly" | "legacy" | "true" | "false") => Ok(server),
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

/// `-n`, the project's, `HELM_NAMESPACE`, the kubeconfig context's, `default`.
pub(super) fn namespace(matches: &ArgMatches, project: Option<&str>, context: Option<&str>) -> String {
    let context = text(matches, "kube-context").or(context.map(str::to_owned)).or_else(|| variable("HELM_KUBECONTEXT"));
    text(matches, "namespace")
        .filter(|name| !name.is_empty())
        .or(project.map(str::to_owned))
        .or_else(|| variable("HELM_NAMESPACE"))
        .or_else(|| kubeconfig::namespace(text(matches, "kubeconfig").as_deref(), context.as_deref()))
        .or_else(kubeconfig::pod_namespace)
        .unwrap_or_else(|| "default".to_owned())
}
