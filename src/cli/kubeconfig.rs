//! The namespace of the current kubeconfig context: all that an offline render takes from there.

use super::terminal::variable;
use crate::value::{MapRef, Value};
use crate::yaml;

/// The context's namespace, if there is a kubeconfig that names one. Files that cannot be read do not count, as in Helm.
pub(super) fn namespace(file: Option<&str>, context: Option<&str>) -> Option<String> {
    let files: Vec<String> = match (file, variable("KUBECONFIG")) {
        (Some(file), _) if !file.is_empty() => vec![file.to_owned()],
        (_, Some(list)) => list.split(':').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        _ => vec![format!("{}/.kube/config", variable("HOME")?)],
    };
    let configs: Vec<MapRef> = files
        .iter()
        .filter_map(|path| {
            let text = std::fs::read(path).ok()?;
            match yaml::parse(&text).ok()? {
                Value::Map(_, map) => Some(map),
                _ => None,
            }
        })
        .collect();
    let context = match context {
        Some(context) if !context.is_empty() => context.to_owned(),
        // Of several files the first that names one wins.
        _ => configs.iter().find_map(|config| text(config, "current-context"))?,
    };
    configs.iter().find_map(|config| {
        let Some(Value::List(_, contexts)) = config.get("contexts") else { return None };
        contexts.iter().find_map(|entry| {
            let Value::Map(_, entry) = entry else { return None };
            if text(entry, "name")? != context {
                return None;
            }
            match entry.get("context") {
                Some(Value::Map(_, context)) => text(&context, "namespace"),
                _ => None,
            }
        })
    })
}

fn text(map: &MapRef, key: &str) -> Option<String> {
    match map.get(key) {
        Some(Value::Str(text)) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    }
}

/// The namespace of the pod that this runs in, if it is one (k8s.io/client-go: clientcmd, inClusterClientConfig).
pub(super) fn pod_namespace() -> Option<String> {
    const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    variable("KUBERNETES_SERVICE_HOST")?;
    variable("KUBERNETES_SERVICE_PORT")?;
    if !std::path::Path::new(ACCOUNT).join("token").is_file() {
        return None;
    }
    variable("POD_NAMESPACE").or_else(|| {
        let text = std::fs::read_to_string(format!("{ACCOUNT}/namespace")).ok()?;
        Some(text.trim().to_owned()).filter(|name| !name.is_empty())
    })
}
