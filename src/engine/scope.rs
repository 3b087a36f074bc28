//! The objects that a template sees: `.Values`, `.Release`, `.Chart`, `.Capabilities`, `.Files`, `.Subcharts`, `.Template`.

use super::capabilities::{Capabilities, KubeVersion};
use crate::value::{Map, MapRef, MapType, Str, Value};
use crate::values::Live;
use std::sync::Arc;

/// The release that a chart is rendered as.
#[derive(Debug, Clone)]
pub struct Release {
    /// `.Release.Name`
    pub name: String,
    /// `.Release.Namespace`
    pub namespace: String,
    /// `.Release.IsUpgrade`; `.Release.IsInstall` is the opposite.
    pub is_upgrade: bool,
    /// The cluster's version.
    pub kube_version: KubeVersion,
    /// API versions beyond those that Helm knows.
    pub api_versions: Vec<String>,
    /// The API versions of a cluster, which take the place of all others.
    pub served: Option<Arc<Vec<String>>>,
    /// `.Release.Revision`
    pub revision: i64,
}

impl Release {
    /// Whether a name can be a release's (Helm: chartutil.ValidateReleaseName).
    pub fn is_name(name: &str) -> bool {
        let label = |label: &str| {
            let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            let bytes = label.as_bytes();
            bytes.first().is_some_and(|b| good(*b))
                && bytes.last().is_some_and(|b| good(*b))
                && bytes.iter().all(|b| good(*b) || *b == b'-')
        };
        name.len() <= 53 && name.split('.').all(label)
    }

    fn object(&self) -> Value {
        let mut map = Map::new();
        map.insert("IsInstall", !self.is_upgrade);
        map.insert("IsUpgrade", self.is_upgrade);
        map.insert("Name", self.name.as_str());
        map.insert("Namespace", self.namespace.as_str());
        map.insert("Revision", Value::int(self.revision));
        map.insert("Service", "Helm");
        Value::map(map)
    }
}

/// One live chart and the root object of its templates.
pub(super) struct Scope<'l, 'c> {
    pub(super) live: &'l Live<'c>,
    pub(super) root: MapRef,
}

/// The scopes of a chart and its subcharts, the chart's own last. Parent and subchart share `.Values.sub`
/// and `.Release`, so what one changes the other sees (Helm: engine.recAllTpls).
pub(super) fn scopes<'l, 'c>(top: &'l Live<'c>, values: &MapRef, release: &Release) -> Vec<Scope<'l, 'c>> {
    let shared = Shared { release: release.object(), capabilities: Value::object(Capabilities::new(release)) };
    let mut scopes = Vec::new();
    shared.add(top, values.clone(), &mut scopes);
    scopes
}

struct Shared {
    release: Value,
    capabilities: Value,
}

impl Shared {
    fn add<'l, 'c>(&self, live: &'l Live<'c>, values: MapRef, scopes: &mut Vec<Scope<'l, 'c>>) -> MapRef {
        let files: Map = (live.chart().files.iter())
            .map(|file| (Str::from(file.name.as_str()), Value::Bytes(Some(file.data().clone()))))
            .collect();
        let mut subcharts = Map::new();
        for sub in live.subcharts() {
            let own = match values.get(sub.name()) {
                Some(Value::Map(MapType::Any | MapType::Values, map)) => map,
                _ => MapRef::new(Map::new()),
            };
            let root = self.add(sub, own, scopes);
            subcharts.insert(sub.name(), Value::Map(MapType::Any, root));
        }
        let mut root = Map::new();
        root.insert("Capabilities", self.capabilities.clone());
        root.insert("Chart", live.chart_object());
        root.insert("Files", Value::Map(MapType::Files, MapRef::new(files)));
        root.insert("Release", self.release.clone());
        root.insert("Subcharts", Value::map(subcharts));
        root.insert("Values", Value::Map(MapType::Values, values));
        let root = MapRef::new(root);
        scopes.push(Scope { live, root: root.clone() });
        root
    }
}

/// `.Template`: replaced before each execution.
pub(super) fn template_object(name: &str, chart_path: &str) -> Value {
    let mut map = Map::new();
    map.insert("BasePath", format!("{chart_path}/templates"));
    map.insert("Name", name);
    Value::Map(MapType::Values, MapRef::new(map))
}
