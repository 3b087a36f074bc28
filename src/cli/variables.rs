//! `rhelm env`: Helm's environment variables, as `helm env` prints them.

use super::args::{on, parse_bool, text, texts};
use super::terminal::{Terminal, variable};
use crate::diagnostic::{Diagnostic, Error};
use clap::ArgMatches;

/// Runs the command.
pub(super) fn run(matches: &ArgMatches, bin: &str, terminal: &mut Terminal) -> Result<(), Error> {
    terminal.check()?;
    let words = texts(matches, "args");
    let all = variables(matches, bin);
    match words.as_slice() {
        [] => {
            let lines: String = all.iter().map(|(name, value)| format!("{name}=\"{value}\"\n")).collect();
            terminal.print(lines.as_bytes())
        }
        [name] => {
            let value = all.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
            terminal.print(format!("{value}\n").as_bytes())
        }
        _ => {
            let helm = "\"helm env\" accepts at most 1 argument\n\nUsage:  helm env [flags]";
            Err(Diagnostic::new("`env` takes the name of one variable", helm).into())
        }
    }
}

/// The names of all variables.
pub(super) fn names() -> Vec<&'static str> {
    let matches = super::args::command().try_get_matches_from(["rhelm", "env"]).unwrap_or_default();
    variables(&matches, "").into_iter().map(|(name, _)| name).collect()
}

/// A folder of Helm's: its own variable, else below XDG's, else below the system's place in the home folder
/// (Helm: pkg/helmpath).
fn folder(own: &str, xdg: &str, linux: &str, mac: &str) -> String {
    variable(own).unwrap_or_else(|| {
        let base = variable(xdg).unwrap_or_else(|| {
            let home = variable("HOME").unwrap_or_default();
            format!("{home}/{}", if cfg!(target_os = "macos") { mac } else { linux })
        });
        format!("{base}/helm")
    })
}

/// All variables in the order of their names (Helm: cli.EnvSettings).
fn variables(matches: &ArgMatches, bin: &str) -> Vec<(&'static str, String)> {
    let plain = |name: &str| variable(name).unwrap_or_default();
    let number = |name: &str, default: i64| plain(name).parse().unwrap_or(default).to_string();
    let switch = |name: &str| variable(name).is_some_and(|text| parse_bool(&text).unwrap_or(false));
    let cache = folder("HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache", "Library/Caches");
    let config = folder("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config", "Library/Preferences");
    let data = folder("HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share", "Library");
    let or = |name: &str, default: String| variable(name).unwrap_or(default);
    let mut all = vec![
        ("HELM_BIN", bin.to_owned()),
        ("HELM_BURST_LIMIT", number("HELM_BURST_LIMIT", 100)),
        ("HELM_CACHE_HOME", cache.clone()),
        ("HELM_CONFIG_HOME", config.clone()),
        ("HELM_CONTENT_CACHE", or("HELM_CONTENT_CACHE", format!("{cache}/content"))),
        ("HELM_DATA_HOME", data.clone()),
        ("HELM_DEBUG", (on(matches, "debug") || switch("HELM_DEBUG")).to_string()),
        ("HELM_KUBEAPISERVER", plain("HELM_KUBEAPISERVER")),
        ("HELM_KUBEASGROUPS", plain("HELM_KUBEASGROUPS")),
        ("HELM_KUBEASUSER", plain("HELM_KUBEASUSER")),
        ("HELM_KUBECAFILE", plain("HELM_KUBECAFILE")),
        ("HELM_KUBECONTEXT", text(matches, "kube-context").unwrap_or_else(|| plain("HELM_KUBECONTEXT"))),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", switch("HELM_KUBEINSECURE_SKIP_TLS_VERIFY").to_string()),
        ("HELM_KUBETLS_SERVER_NAME", plain("HELM_KUBETLS_SERVER_NAME")),
        ("HELM_KUBETOKEN", plain("HELM_KUBETOKEN")),
        ("HELM_MAX_HISTORY", number("HELM_MAX_HISTORY", 10)),
        ("HELM_NAMESPACE", super::template::namespace(matches, None, None)),
        ("HELM_PLUGINS", or("HELM_PLUGINS", format!("{data}/plugins"))),
        ("HELM_QPS", format!("{:.2}", plain("HELM_QPS").parse::<f32>().unwrap_or_default())),
        ("HELM_REGISTRY_CONFIG", or("HELM_REGISTRY_CONFIG", format!("{config}/registry/config.json"))),
        ("HELM_REPOSITORY_CACHE", or("HELM_REPOSITORY_CACHE", format!("{cache}/repository"))),
        ("HELM_REPOSITORY_CONFIG", or("HELM_REPOSITORY_CONFIG", format!("{config}/repositories.yaml"))),
    ];
    all.extend(text(matches, "kubeconfig").filter(|path| !path.is_empty()).map(|path| ("KUBECONFIG", path)));
    all
}
