//! The keys by which Kubernetes tells the items of a list apart: its API's `patchMergeKey`.

/// Whether the kinds of a group are Kubernetes' own: lists of custom resources have no keys that could be known.
pub fn is_known(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// Whether a group is built into Kubernetes' API server: its objects are stored in fixed forms, which know no difference between
/// what is empty and what is not there. Others of `.k8s.io` are custom resources, too.
pub fn is_built_in(group: &str) -> bool {
    const GROUPS: [&str; 17] = [
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    ];
    !group.contains('.') || group.strip_suffix(".k8s.io").is_some_and(|name| GROUPS.contains(&name))
}

/// The key of a list's items. `above` are the keys that lead to the list's map, `list` is its own; the items of lists are
/// no steps. An empty kind is a custom resource's.
pub fn merge_key<S: AsRef<str>>(kind: &str, above: &[S], list: &str) -> Option<&'static str> {
    if kind.is_empty() {
        return None;
    }
    let parent = above.last().map_or("", AsRef::as_ref);
    let container = matches!(parent, "containers" | "initContainers" | "ephemeralContainers");
    Some(match (list, parent) {
        ("containers" | "initContainers" | "ephemeralContainers" | "volumes" | "resourceClaims", "spec") => "name",
        ("schedulingGates", "spec") => "name",
        ("imagePullSecrets", _) => "name",
        ("secrets", "") if kind == "ServiceAccount" => "name",
        ("webhooks", "") => "name",
        ("env", _) if container => "name",
        ("claims", "resources") => "name",
        ("volumeMounts", _) if container => "mountPath",
        ("volumeDevices", _) if container => "devicePath",
        ("ports", _) if container => "containerPort",
        ("ports", "spec") if kind == "Service" => "port",
        ("hostAliases", "spec") => "ip",
        ("topologySpreadConstraints", "spec") => "topologyKey",
        ("ownerReferences", "metadata") => "uid",
        ("conditions", "status") => "type",
        ("podIPs" | "hostIPs", "status") => "ip",
        ("resourceClaimStatuses", "status") => "name",
        ("addresses", "status") if kind == "Node" => "type",
        ("drivers", "spec") if kind == "CSINode" => "name",
        ("matchConditions", "webhooks") => "name",
        ("matchConditions" | "variables", "spec") if kind.ends_with("AdmissionPolicy") => "name",
        _ => return None,
    })
}

/// A second key, which tells items apart that share the first: a port may be open for TCP and for UDP. With what it is where
/// an item does not say.
pub fn second_key(first: &str) -> Option<(&'static str, &'static str)> {
    matches!(first, "containerPort" | "port").then_some(("protocol", "TCP"))
}

/// Lists without a key whose order means nothing.
pub fn is_set<S: AsRef<str>>(kind: &str, above: &[S], list: &str) -> bool {
    let above: Vec<&str> = above.iter().map(AsRef::as_ref).collect();
    match (kind, above.as_slice(), list) {
        (_, ["metadata"], "finalizers") => true,
        ("Role" | "ClusterRole", ["rules"], list) => {
            matches!(list, "verbs" | "apiGroups" | "resources" | "resourceNames" | "nonResourceURLs")
        }
        ("RoleBinding" | "ClusterRoleBinding", [], "subjects") => true,
        ("PersistentVolumeClaim" | "PersistentVolume", ["spec"], "accessModes") => true,
        ("StatefulSet", ["spec", "volumeClaimTemplates", "spec"], "accessModes") => true,
        ("NetworkPolicy", ["spec"], "policyTypes") => true,
        _ => false,
    }
}
