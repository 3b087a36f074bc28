//! How a cluster is reached: Helm's flags and variables.

use super::args::{comma_list, on, raw_texts, text};
use super::terminal::variable;
use crate::cluster::Connection;
use clap::ArgMatches;
use std::time::Duration;

/// How long a request may take unless `--request-timeout` says so.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What flags and variables say. `context` is the project's, for when no flag names one.
pub(super) fn connection(matches: &ArgMatches, context: Option<&str>) -> Connection {
    let given = |flag: &str| raw_texts(matches, flag).pop();
    let or = |flag: &str, name: &str| given(flag).or_else(|| variable(name)).unwrap_or_default();
    let named = text(matches, "kubeconfig").filter(|path| !path.is_empty());
    let kubeconfigs = match (&named, variable("KUBECONFIG")) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(list)) => list.split(':').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        (None, None) => variable("HOME").map(|home| format!("{home}/.kube/config")).into_iter().collect(),
    };
    let switch = |name: &str| variable(name).is_some_and(|text| super::args::parse_bool(&text).unwrap_or(false));
    let groups = raw_texts(matches, "kube-as-group");
    Connection {
        kubeconfigs,
        named: named.is_some(),
        context: text(matches, "kube-context")
            .or_else(|| context.map(str::to_owned))
            .or_else(|| variable("HELM_KUBECONTEXT"))
            .unwrap_or_default(),
        server: or("kube-apiserver", "HELM_KUBEAPISERVER"),
        token: or("kube-token", "HELM_KUBETOKEN"),
        as_user: or("kube-as-user", "HELM_KUBEASUSER"),
        as_groups: match groups.is_empty() {
            true => comma_list(&variable("HELM_KUBEASGROUPS").unwrap_or_default()),
            false => groups,
        },
        ca_file: or("kube-ca-file", "HELM_KUBECAFILE"),
        tls_server_name: or("kube-tls-server-name", "HELM_KUBETLS_SERVER_NAME"),
        insecure: match matches.value_source("kube-insecure-skip-tls-verify") {
            Some(clap::parser::ValueSource::CommandLine) => on(matches, "kube-insecure-skip-tls-verify"),
            _ => switch("HELM_KUBEINSECURE_SKIP_TLS_VERIFY"),
        },
        timeout: match matches.try_get_one::<i64>("request-timeout") {
            Ok(Some(nanoseconds)) if *nanoseconds > 0 => Duration::from_nanos(nanoseconds.unsigned_abs()),
            _ => TIMEOUT,
        },
    }
}
