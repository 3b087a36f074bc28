//! What was typed: flags and words, as Helm's grammar has them.

use clap::builder::{OsStringValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// Flags of `helm template` with a value that cannot change offline output: accepted, and without effect.
const IGNORED_VALUES: &[&str] = &[
    "burst-limit",
    "ca-file",
    "cert-file",
    "color",
    "colour",
    "content-cache",
    "description",
    "key-file",
    "keyring",
    "labels",
    "password",
    "qps",
    "registry-config",
    "repo",
    "repository-cache",
    "repository-config",
    "timeout",
    "username",
    "version",
];

/// Flags that Helm says something of, and what, in the order in which it declares them.
pub(super) const DEPRECATED: &[(&str, &str)] = &[
    ("atomic", "use --rollback-on-failure instead"),
    ("force", "use --force-replace instead"),
    ("hide-notes", "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    ("render-subchart-notes", "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    ("validate", "use '--dry-run=server' instead"),
];

/// The same without a value.
const IGNORED_SWITCHES: &[&str] = &[
    "atomic",
    "create-namespace",
    "dependency-update",
    "devel",
    "disable-openapi-validation",
    "force",
    "force-conflicts",
    "force-replace",
    "hide-notes",
    "insecure-skip-tls-verify",
    "pass-credentials",
    "plain-http",
    "render-subchart-notes",
    "replace",
    "rollback-on-failure",
    "server-side",
    "skip-crds",
    "take-ownership",
    "verify",
    "wait-for-jobs",
];

fn value(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Set).overrides_with(name).allow_hyphen_values(true)
}

fn list(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Append).allow_hyphen_values(true)
}

/// Go's booleans: alone, or with a value after `=`.
fn switch(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(ValueParser::new(parse_bool))
        .hide_possible_values(true)
        .overrides_with(name)
}

/// Go's strconv.ParseBool.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing \"{text}\": invalid syntax")),
    }
}

fn parse_duration(text: &str) -> Result<i64, String> {
    crate::go::time::parse_duration(text.as_bytes())
}

fn parse_int(text: &str) -> Result<i64, String> {
    crate::go::strconv::parse_int(text.as_bytes(), 0, 64).map_err(|error| error.to_string())
}

fn parse_float(text: &str) -> Result<f64, String> {
    crate::go::strconv::parse_float(text.as_bytes()).map_err(|error| error.to_string())
}

/// Whether a switch is on.
pub(super) fn on(matches: &ArgMatches, name: &str) -> bool {
    matches.get_one::<bool>(name).copied().unwrap_or(false)
}

/// The values of a flag.
pub(super) fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).map(|values| values.cloned().collect()).unwrap_or_default()
}

/// The values of a flag without effect.
pub(super) fn raw_texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    let values = matches.get_many::<std::ffi::OsString>(name);
    values.map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect()).unwrap_or_default()
}

/// The value of a flag.
pub(super) fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

/// One argument of Go's comma lists: a line of CSV.
pub(super) fn comma_list(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    if text.is_empty() {
        return fields;
    }
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut field = String::new();
            let mut chars = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((i, c)) = chars.next() {
                if c == '"' {
                    if let Some((_, '"')) = chars.peek() {
                        chars.next();
                    } else {
                        end = i + 1;
                        break;
                    }
                }
                field.push(c);
            }
            fields.push(field);
            rest = quoted.get(end..).unwrap_or_default();
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            fields.push(field.to_owned());
            rest = after;
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return fields,
        }
    }
}

/// Whether a comma list is well formed, as Go's CSV reader sees it.
fn parse_comma_list(text: &str) -> Result<String, String> {
    let line = text.split('\n').next().unwrap_or_default();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => {
                        return Err(format!(
                            "parse error on line 1, column {}: extraneous or missing \" in quoted-field",
                            at + 1
                        ));
                    }
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), None) => return Ok(text.to_owned()),
                    (Some(b'"'), Some(b',')) => {
                        at += 2;
                        break;
                    }
                    (Some(b'"'), Some(_)) => {
                        return Err(format!(
                            "parse error on line 1, column {}: extraneous or missing \" in quoted-field",
                            at + 1
                        ));
                    }
                    _ => at += 1,
                }
            }
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b',').unwrap_or(rest.len());
        if let Some(quote) = rest.get(..end).and_then(|field| field.iter().position(|b| *b == b'"')) {
            return Err(format!("parse error on line 1, column {}: bare \" in non-quoted-field", at + quote + 1));
        }
        at += end + 1;
    }
    Ok(text.to_owned())
}

/// `--labels`: pairs.
fn parse_labels(text: &str) -> Result<String, String> {
    match comma_list(text).iter().find(|pair| !pair.contains('=')) {
        Some(pair) => Err(format!("{pair} must be formatted as key=value")),
        None => Ok(text.to_owned()),
    }
}

/// The short form that a flag has in the command that was typed, if it has one.
pub(super) fn short_of(long: &str, arguments: &[std::ffi::OsString]) -> Option<char> {
    let root = command();
    let mut typed = &root;
    for word in arguments.iter().skip(1) {
        typed = word.to_str().and_then(|word| typed.find_subcommand(word)).unwrap_or(typed);
    }
    typed.get_arguments().chain(root.get_arguments()).find(|arg| arg.get_long() == Some(long))?.get_short()
}

/// Flags of every command.
fn global(command: Command) -> Command {
    command
        .arg(
            value("error-format")
                .value_name("FORMAT")
                .help("how errors look: pretty, short, json or helm")
                .global(true),
        )
        .arg(
            value("mask")
                .value_name("WHEN")
                .help("hide values in error excerpts: auto (unless stderr is a terminal), always or never")
                .global(true),
        )
        .arg(switch("debug").help("enable verbose output").global(true))
        .arg(value("namespace").short('n').value_name("NAME").help("the release's namespace").global(true))
        .arg(value("kubeconfig").value_name("FILE").help("the kubeconfig file (for the namespace alone)").global(true))
        .arg(value("kube-context").value_name("NAME").help("the kubeconfig context").global(true))
}

/// Flags of every command that knows a project.
fn project(command: Command) -> Command {
    command
        .arg(
            value("environment")
                .short('e')
                .value_name("ENV")
                .help("the environment of rhelm.yaml, or of the chart here"),
        )
        .arg(
            value("project")
                .value_name("PATH")
                .help("rhelm.yaml, or the folder that it is in (default: from here upwards)"),
        )
}

/// Helm's flags for values.
fn values_flags(command: Command) -> Command {
    command
        .arg(
            list("values")
                .value_parser(ValueParser::new(parse_comma_list))
                .short('f')
                .value_name("FILE")
                .help("values from a YAML file, `-` is stdin (repeatable, comma lists)"),
        )
        .arg(list("set").value_name("K=V").help("set values: key1=val1,key2=val2 (repeatable)"))
        .arg(list("set-string").value_name("K=V").help("set strings (repeatable)"))
        .arg(list("set-file").value_name("K=FILE").help("set values to the texts of files (repeatable)"))
        .arg(list("set-json").value_name("K=JSON").help("set JSON values (repeatable)"))
        .arg(list("set-literal").value_name("K=TEXT").help("set a literal string (repeatable)"))
}

/// What a release is rendered for: Helm's flags.
fn target() -> [Arg; 3] {
    [
        switch("is-upgrade").help("set .Release.IsUpgrade instead of .Release.IsInstall"),
        value("kube-version").value_name("VERSION").help("the cluster's version in .Capabilities"),
        list("api-versions")
            .value_parser(ValueParser::new(parse_comma_list))
            .short('a')
            .value_name("LIST")
            .help("more API versions in .Capabilities (repeatable, comma lists)"),
    ]
}

fn template() -> Command {
    let command = Command::new("template")
        .about("Render a chart as `helm template` does, or releases of an environment")
        .override_usage("rhelm template [NAME] [CHART] [flags]\n       rhelm template -e ENV [RELEASE…] [flags]")
        .arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true));
    let mut command = values_flags(project(connecting(command)))
        .arg(lookup_from())
        .arg(jobs())
        .args(cache())
        .arg(switch("all").help("all environments of rhelm.yaml"))
        .arg(watch())
        .arg(switch("no-overrides").help("leave out the overrides of rhelm.yaml"))
        .arg(switch("no-tera").help("leave out charts' tera/, as Helm does"))
        .arg(switch("show-secrets").help("show values of encrypted layers in errors"))
        .arg(list("show-only").short('s').value_name("PATH").help("print only what these templates made (repeatable)"))
        .arg(value("output-dir").value_name("DIR").help("write files into a folder instead of stdout"))
        .arg(switch("release-name").help("use the release's name in the paths of --output-dir"))
        .arg(switch("include-crds").help("print the chart's crds/ as well"))
        .arg(switch("skip-tests").help("leave out test hooks"))
        .arg(switch("no-hooks").help("leave out hooks"))
        .args(target())
        .arg(switch("generate-name").short('g').help("generate the release's name"))
        .arg(value("name-template").value_name("TEMPLATE").help("a template for the release's name"))
        .arg(switch("skip-schema-validation").help("do not check values against values.schema.json"))
        .arg(switch("enable-dns").help("let getHostByName ask the network"))
        .arg(list("post-renderer").value_name("PROGRAM").help("a program that the manifests are piped through"))
        .arg(list("post-renderer-args").value_name("ARG").help("an argument of the post-renderer (repeatable)"))
        .arg(switch("validate").help("the same as --dry-run=server").hide(true))
        .arg(
            value("dry-run")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("unset")
                .value_name("WHERE")
                .help("client (default), or server: ask the cluster for versions and lookups, and whether it would take it"),
        )
        .arg(value("wait").num_args(0..=1).require_equals(true).default_missing_value("watcher").hide(true));
    for name in IGNORED_VALUES {
        let arg = list(name).hide(true);
        let arg = match *name {
            "timeout" => arg.value_parser(ValueParser::new(parse_duration)),
            "burst-limit" => arg.value_parser(ValueParser::new(parse_int)),
            "labels" => arg.value_parser(ValueParser::new(parse_labels)),
            "qps" => arg.value_parser(ValueParser::new(parse_float)),
            _ => arg.value_parser(OsStringValueParser::new()),
        };
        command = command.arg(if *name == "labels" { arg.short('l') } else { arg });
    }
    for name in IGNORED_SWITCHES {
        command = command.arg(switch(name).hide(true));
    }
    command
}

/// Flags of every command that renders releases of a project to compare or to keep them.
fn rendering(command: Command) -> Command {
    values_flags(project(connecting(command)))
        .arg(lookup_from())
        .arg(jobs())
        .args(cache())
        .arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true))
        .arg(switch("no-overrides").help("leave out the overrides of rhelm.yaml"))
        .arg(switch("no-tera").help("leave out charts' tera/, as Helm does"))
        .arg(switch("include-crds").help("with the chart's crds/"))
        .arg(switch("include-tests").help("with test hooks"))
        .args(target())
        .arg(switch("skip-schema-validation").help("do not check values against values.schema.json"))
        .arg(
            value("seed")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("fix chance and time, so that what follows from them can be compared and kept"),
        )
}

fn save() -> Command {
    rendering(Command::new("save"))
        .about("Write what would be applied to snapshots that are meant to be committed")
        .override_usage("rhelm save [ENV] [RELEASE…] [flags]\n       rhelm save --all [flags]")
        .arg(switch("all").help("all environments of rhelm.yaml"))
        .arg(
            switch("check")
                .help("write nothing; exit code 1 if a snapshot is missing, out of date, damaged or an orphan"),
        )
        .arg(switch("prune").help("remove the snapshots of releases that no longer exist"))
        .arg(switch("with-secrets").help("store the values of Secrets, not their digests"))
}

fn diff() -> Command {
    rendering(Command::new("diff"))
        .about("Show what would change against a snapshot, another environment, a git revision or a file")
        .override_usage(
            "rhelm diff [ENV] [RELEASE…] [--against SUBJECT] [flags]\n       \
             rhelm diff --from SUBJECT --to SUBJECT [flags]\n       \
             rhelm diff [NAME] --chart CHART -f FILE --against SUBJECT [flags]",
        )
        .arg(switch("all").help("all environments of rhelm.yaml"))
        .arg(watch())
        .arg(
            value("against").value_name("SUBJECT").help(
                "the left side: saved (default), live, live:REVISION, cluster, ENV, env:ENV, git:REVISION, git:index, file:PATH, chart:PATH, -",
            ),
        )
        .arg(value("from").value_name("SUBJECT").help("the left side, beside --to"))
        .arg(value("to").value_name("SUBJECT").help("the right side, beside --from"))
        .arg(value("chart").value_name("CHART").help("compare a chart by itself, without a project"))
        .arg(
            value("output")
                .short('o')
                .value_name("FORMAT")
                .help("diff (default), unified, side-by-side, paths, summary, json, markdown or html"),
        )
        .arg(
            value("context")
                .short('C')
                .value_name("N")
                .value_parser(value_parser!(i64))
                .help("lines around each change (default 3, -1: the whole object)"),
        )
        .arg(switch("detailed-exitcode").help("exit code 2 if there are differences"))
        .arg(switch("why").help("say which values move a field, and where they are set"))
        .arg(switch("normalize").help("compare what is meant, not how it is written"))
        .arg(list("ignore").value_name("RULE").help("leave out kind=…,name=…,path=…,regex=… or preset=… (repeatable)"))
        .arg(switch("show-secrets").help("show the values of Secrets"))
        .arg(switch("missing-ok").help("what does not exist on the left side counts as empty"))
        .arg(switch("force").help("read damaged snapshots"))
        .arg(value("report-template").value_name("FILE").help("a Tera template for -o markdown and -o html"))
        .arg(value("color").value_name("WHEN").help("auto (default), always or never"))
        .arg(switch("no-pager").help("print to the terminal without a pager"))
}

/// How many renders run at once.
fn jobs() -> Arg {
    value("jobs")
        .short('j')
        .value_name("N")
        .value_parser(ValueParser::new(parse_jobs))
        .help("how many releases are rendered at once (default: as many as there are cores)")
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(jobs) => Ok(jobs),
        Err(_) => Err("it is no number".to_owned()),
    }
}

/// Does it again whenever a file changes.
fn watch() -> Arg {
    switch("watch").help("do it again whenever a file changes that it is made of")
}

/// Where results are kept.
fn cache() -> [Arg; 2] {
    [
        value("cache").value_name("DIR").help("keep results in a folder, and take from there what did not change"),
        value("cache-size")
            .value_name("MIB")
            .value_parser(value_parser!(u64).range(1..=1 << 30))
            .help("what they may take there (default 1024)"),
    ]
}

/// Objects that answer `lookup` in the place of a cluster.
fn lookup_from() -> Arg {
    list("lookup-from")
        .value_name("PATH")
        .help("a file or a folder of saved objects (kubectl get -o yaml) that answer lookup (repeatable)")
}

/// Flags that say how a cluster is reached.
fn connecting(mut command: Command) -> Command {
    let help = [
        ("kube-apiserver", "URL", "the API server instead of the kubeconfig's"),
        ("kube-as-group", "GROUP", "act as this group (repeatable)"),
        ("kube-as-user", "USER", "act as this user"),
        ("kube-ca-file", "FILE", "the authority of the API server's certificate"),
        ("kube-tls-server-name", "NAME", "the name in the API server's certificate"),
        ("kube-token", "TOKEN", "a bearer token instead of the kubeconfig's user"),
    ];
    for (name, value, text) in help {
        let arg = list(name).value_name(value).value_parser(OsStringValueParser::new()).help(text);
        command = command.arg(arg);
    }
    command.arg(switch("kube-insecure-skip-tls-verify").help("do not check the API server's certificate")).arg(
        value("request-timeout")
            .value_name("DURATION")
            .value_parser(ValueParser::new(parse_duration))
            .help("how long a request to the cluster may take (default 30s)"),
    )
}

/// Flags of commands that ask where Helm keeps releases.
fn stored(command: Command, output: bool) -> Command {
    let mut command = connecting(command)
        .arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true))
        .arg(list("color").value_parser(OsStringValueParser::new()).hide(true))
        .arg(list("colour").value_parser(OsStringValueParser::new()).hide(true));
    if output {
        command = command.arg(value("output").short('o').value_name("FORMAT").help("table (default), json or yaml"));
    }
    command
}

/// A number as Go reads it.
fn number(name: &'static str) -> Arg {
    value(name).value_name("N").value_parser(ValueParser::new(parse_int))
}

fn get() -> Command {
    let part = |name: &'static str, about: &'static str, output: bool| {
        stored(Command::new(name), output)
            .about(about)
            .override_usage(format!("rhelm get {name} RELEASE [flags]"))
            .arg(number("revision").help("this revision instead of the last"))
    };
    Command::new("get")
        .about("Print what a release holds that Helm stored")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            part("all", "All of it, for people", false).arg(
                value("template").value_name("TEMPLATE").help("what a Go template makes of it: {{.Release.Name}}"),
            ),
        )
        .subcommand(part("hooks", "Its hooks", false))
        .subcommand(part("manifest", "Its manifest", false))
        .subcommand(part("metadata", "What it says of itself", true))
        .subcommand(part("notes", "Its notes", false))
        .subcommand(
            part("values", "The values that it was given", true)
                .arg(switch("all").short('a').help("with those of the chart below them")),
        )
}

fn history() -> Command {
    stored(Command::new("history"), true)
        .about("List the revisions of a release that Helm stored")
        .visible_alias("hist")
        .override_usage("rhelm history RELEASE [flags]")
        .arg(number("max").help("how many revisions to list (default 256)"))
}

fn releases() -> Command {
    stored(Command::new("list"), true)
        .about("List the releases that Helm stored")
        .visible_alias("ls")
        .override_usage("rhelm list [flags]")
        .arg(switch("all-namespaces").short('A').help("of all namespaces"))
        .arg(switch("date").short('d').help("sort by date"))
        .arg(switch("deployed").help("those that are deployed"))
        .arg(switch("failed").help("those that failed"))
        .arg(value("filter").short('f').value_name("REGEX").help("those whose names match"))
        .arg(number("max").short('m').help("how many to list (default 256)"))
        .arg(switch("no-headers").help("without a head line"))
        .arg(number("offset").help("how many to pass over first"))
        .arg(switch("pending").help("those that are pending"))
        .arg(switch("reverse").short('r').help("sort the other way round"))
        .arg(value("selector").short('l').value_name("LABELS").help("those whose record has these labels"))
        .arg(switch("short").short('q').help("their names alone"))
        .arg(switch("superseded").help("those that are superseded"))
        .arg(value("time-format").value_name("LAYOUT").help("how times look, as Go's layouts have it"))
        .arg(switch("uninstalled").help("those that are uninstalled, with their history kept"))
        .arg(switch("uninstalling").help("those that are being uninstalled"))
}

/// The names of the commands, in the order in which help tells them.
const COMMANDS: [&str; 17] = [
    "template",
    "environments",
    "values",
    "save",
    "diff",
    "check",
    "affected",
    "batch",
    "get",
    "history",
    "list",
    "hook",
    "init",
    "completion",
    "env",
    "schema",
    "version",
];

/// A command by its name.
fn named(name: &str) -> Command {
    match name {
        "template" => template(),
        "environments" => project(Command::new("environments"))
            .about("List the environments of rhelm.yaml, their releases and layers")
            .mut_arg("environment", |arg| arg.hide(true))
            .arg(value("output").short('o').value_name("FORMAT").help("table (default) or json")),
        "values" => values_flags(project(
            Command::new("values").arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true)),
        ))
        .about("Print the values that a chart sees, or where each comes from")
        .override_usage("rhelm values [ENV] [RELEASE] [flags]")
        .arg(value("output").short('o').value_name("FORMAT").help("yaml (default) or json"))
        .arg(
            value("explain")
                .num_args(0..=1)
                .allow_hyphen_values(false)
                .default_missing_value("")
                .value_name("PATH")
                .help("every layer that spoke of a path, or of all"),
        )
        .arg(
            value("diff")
                .allow_hyphen_values(false)
                .value_name("ENV")
                .help("compare with the values of another environment: what is different here"),
        )
        .arg(switch("unused").help("list values given above the chart's defaults that nothing reads"))
        .arg(switch("undefined").help("list values that templates read and no layer sets"))
        .arg(switch("fail").help("with --unused or --undefined: exit code 1 if there are any"))
        .arg(switch("show-secrets").help("show values that come from encrypted layers")),
        "save" => save(),
        "diff" => diff(),
        "check" => rendering(Command::new("check"))
            .about("Check that all environments render and that the snapshots are up to date")
            .override_usage("rhelm check [ENV] [RELEASE…] [flags]"),
        "affected" => project(Command::new("affected"))
            .about("List the releases that a change touches")
            .override_usage("rhelm affected [ENV] [RELEASE…] --since REVISION [flags]")
            .arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true))
            .arg(value("since").value_name("REVISION").help("what changed from this git revision to the files here"))
            .arg(value("output").short('o').value_name("FORMAT").help("text (default) or json")),
        "batch" => rendering(Command::new("batch"))
            .about("Render what comes in as JSON, a line each, and print JSON, a line each")
            .override_usage("rhelm batch [FILE] [flags]")
            .mut_arg("environment", |arg| arg.hide(true))
            .mut_arg("args", |arg| arg.num_args(0..=1)),
        "get" => get(),
        "history" => history(),
        "list" => releases(),
        "hook" => Command::new("hook")
            .about("Judge a commit before it is made")
            .subcommand_required(true)
            .subcommand(
                Command::new("install")
                    .about("Write a plain git hook that judges what is staged")
                    .arg(switch("diff").help("show what each commit changes, too")),
            )
            .subcommand(
                rendering(Command::new("run"))
                    .about("Judge what is staged: `template`, `save`, `diff`, with commas between them")
                    .override_usage("rhelm hook run KIND[,KIND…] [FILE…] [flags]")
                    .arg(switch("existing").help("save: bring up to date what is there, and begin nothing")),
            ),
        "init" => Command::new("init")
            .about("Write a rhelm.yaml for a chart and the values files beside it")
            .arg(Arg::new("chart").value_name("CHART").value_parser(value_parser!(String))),
        "completion" => Command::new("completion")
            .about("Print a completion script for bash, zsh, fish or powershell")
            .arg(Arg::new("shell").value_name("SHELL").value_parser(value_parser!(String)).hide_possible_values(true)),
        "env" => Command::new("env")
            .about("Print Helm's environment variables")
            .override_usage("rhelm env [NAME]")
            .arg(Arg::new("args").num_args(0..).value_parser(value_parser!(String)).hide(true)),
        "schema" => Command::new("schema").about("Print the JSON schema of rhelm.yaml, for editors"),
        _ => Command::new("version").about("Print rhelm's version and the Helm that it follows"),
    }
}

/// The command line without its commands.
fn root() -> Command {
    global(
        Command::new("rhelm")
            .about("Renders Helm charts as Helm 4.2 does, and says why it cannot")
            .version(env!("CARGO_PKG_VERSION"))
            .disable_version_flag(true)
            .disable_help_subcommand(false)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .infer_long_args(false),
    )
}

/// The whole command line.
pub(super) fn command() -> Command {
    COMMANDS.iter().fold(root(), |root, name| root.subcommand(named(name)))
}

/// The command line with those commands alone whose names were typed: to make all of them takes longer than many a render. What
/// it refuses, and help, is for the whole one.
fn typed_command(arguments: &[std::ffi::OsString]) -> Option<Command> {
    let mut typed = COMMANDS.iter().filter(|name| arguments.iter().skip(1).any(|word| word == **name)).peekable();
    typed.peek()?;
    Some(typed.fold(root(), |root, name| root.subcommand(named(name))))
}

/// Reads a command line.
///
/// # Errors
/// It is none, or asks for help.
pub(super) fn read(arguments: &[std::ffi::OsString]) -> Result<ArgMatches, clap::Error> {
    let read = typed_command(arguments).map(|command| command.try_get_matches_from(arguments));
    match read {
        Some(Ok(matches)) => Ok(matches),
        _ => command().try_get_matches_from(arguments),
    }
}

/// The value of a flag for colours, quoted, if it is none that Helm knows.
pub(super) fn wrong_colour(matches: &ArgMatches, name: &str) -> Option<String> {
    let given = matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
    let mode = matches.get_one::<std::ffi::OsString>(name).filter(|_| given)?.to_string_lossy();
    let wrong = !matches!(mode.as_ref(), "never" | "auto" | "always");
    wrong.then(|| crate::go::quote::quoted(mode.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::comma_list;

    #[test]
    fn comma_lists() {
        for (text, want) in [
            ("", vec![]),
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            ("a,", vec!["a", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
        ] {
            assert_eq!(comma_list(text), want, "{text}");
        }
    }
}
