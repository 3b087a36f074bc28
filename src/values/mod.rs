//! Layers of values → one tree, and which subcharts live.

mod coalesce;
mod dependencies;
mod derived;
pub mod explain;
mod layers;
mod numeral;
#[cfg(feature = "schema")]
mod schema;
mod secret;
mod set;
mod templated;

pub use coalesce::{GLOBAL, computed, deep_copy, merge_maps};
pub use dependencies::Live;
pub use layers::{Below, Flag, Layer, Layers, ValueOptions};
#[cfg(feature = "schema")]
pub use schema::{is_json, validate};
pub use secret::{Hidden, REDACTED, forms};
pub use set::{Mode, ReadFile, parse as parse_set};
pub use templated::{SUFFIX, Templated, Templating};

use crate::chart::{Chart, Defaults};
use crate::diagnostic::Error;
use crate::value::{MapRef, MapType, Value};

/// What a chart and the user's values make together.
pub struct Resolved<'c> {
    /// The chart and the subcharts that live.
    pub root: Live<'c>,
    /// `.Values` of the top chart. The values of a subchart are the very map under its name.
    pub values: MapRef,
}

impl Resolved<'_> {
    /// `.Values` of the top chart as templates see it: a `common.Values`.
    pub fn object(&self) -> Value {
        Value::Map(MapType::Values, self.values.clone())
    }
}

/// Decides which subcharts live and lays the user's values over the defaults of all. Neither `user` nor
/// `defaults` is changed. What Helm logs goes to `log`, as Helm prints it.
///
/// Helm: chartutil.ProcessDependencies, then util.CoalesceValues in ToRenderValues.
///
/// # Errors
/// `chart dependencies processing failed: …`, `type mismatch on s: …`.
pub fn resolve<'c>(
    chart: &'c Chart,
    defaults: &Defaults,
    user: &MapRef,
    log: &mut Vec<String>,
) -> Result<Resolved<'c>, Error> {
    resolve_telling(chart, defaults, user, log, |_| None)
}

/// The same; `tell` says something once it is known which subcharts live.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_telling<'c>(
    chart: &'c Chart,
    defaults: &Defaults,
    user: &MapRef,
    log: &mut Vec<String>,
    tell: impl FnOnce(&Live<'_>) -> Option<String>,
) -> Result<Resolved<'c>, Error> {
    let mut root = Live::new(chart, defaults);
    dependencies::process(&mut root, user, log)?;
    log.extend(tell(&root));
    let values = coalesce::coalesced(&root, user, false, log)?;
    Ok(Resolved { root, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::load;
    use crate::go::fmt::sprint;
    use crate::tree::Memory;

    struct Case {
        tree: Memory,
        options: ValueOptions,
    }

    fn case(files: &[(&str, &str)], set: &[&str]) -> Case {
        let mut tree = Memory::default();
        for (name, text) in files {
            tree.insert(&format!("c/{name}"), *text);
        }
        let set = set.iter().map(|s| (*s).to_owned()).collect();
        Case { tree, options: ValueOptions { set, ..ValueOptions::default() } }
    }

    /// The values, then the paths of the charts that live.
    fn outcome(case: &Case, log: &mut Vec<String>) -> Result<String, Error> {
        let loaded = load(&case.tree, "c", log)?;
        let (user, _) = case.options.read(&case.tree)?;
        let resolved = resolve(&loaded.chart, &loaded.defaults, &user, log)?;
        let mut paths = Vec::new();
        let mut next = vec![&resolved.root];
        while let Some(live) = next.pop() {
            paths.push(live.path().to_owned());
            next.extend(live.subcharts().iter().rev());
        }
        let values = sprint(&[Value::Map(MapType::Any, resolved.values.clone())]).unwrap();
        Ok(format!("{values} {}", paths.join(" ")))
    }

    fn run(case: &Case) -> String {
        outcome(case, &mut Vec::new()).unwrap_or_else(|error| error.helm_words())
    }

    const TOP: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";
    const SUB: &str = "apiVersion: v2\nname: s\nversion: 1.0.0\n";

    #[test]
    fn outcomes() {
        let declared = format!("{TOP}dependencies: [{{name: s, version: '>=1', condition: s.live, tags: [t]}}]\n");
        let aliased =
            format!("{TOP}dependencies: [{{name: s, version: 1.0.0, alias: b}}, {{name: s, version: 1.x}}]\n");
        let importing = format!(
            "{TOP}dependencies: [{{name: s, version: 1.0.0, import-values: [d, {{child: m, parent: p.q}}]}}]\n"
        );
        let cases: [(&str, &str, &str, &[&str], &str); 9] = [
            (TOP, "a: 1\nn:\n", "k: 1\n", &[], "map[a:1 s:map[global:map[] k:1]] c c/charts/s"),
            (
                TOP,
                "",
                "k: 1\n",
                &["s.k=null", "global.g=1"],
                "map[global:map[g:1] s:map[global:map[g:1]]] c c/charts/s",
            ),
            (TOP, "", "k: 1\n", &["s=5"], "type mismatch on s: %!t(int64=5)"),
            (&declared, "", "", &["s=5"], "chart dependencies processing failed: type mismatch on s: %!t(int64=5)"),
            (&declared, "", "live: false\n", &[], "map[] c"),
            (&declared, "", "", &["tags.t=false"], "map[tags:map[t:false]] c"),
            (
                &declared,
                "",
                "",
                &["tags.t=false", "s.live=true"],
                "map[s:map[global:map[] live:true] tags:map[t:false]] c c/charts/s",
            ),
            (
                &aliased,
                "",
                "k: 1\n",
                &[],
                "map[b:map[global:map[] k:1] s:map[global:map[] k:1]] c c/charts/b c/charts/s",
            ),
            (
                &importing,
                "x: 1\n",
                "exports: {d: {x: 2, w: 3}}\nm: {z: 4}\n",
                &[],
                "map[p:map[q:map[z:4]] s:map[exports:map[d:map[w:3 x:2]] global:map[] m:map[z:4]] w:3 x:1] c c/charts/s",
            ),
        ];
        for (chart, values, below, set, expected) in cases {
            let files = [
                ("Chart.yaml", chart),
                ("values.yaml", values),
                ("charts/s/Chart.yaml", SUB),
                ("charts/s/values.yaml", below),
            ];
            assert_eq!(run(&case(&files, set)), expected, "{chart} {set:?}");
        }
    }

    #[test]
    fn shared() {
        let case = case(&[("Chart.yaml", TOP), ("charts/s/Chart.yaml", SUB)], &["s.a=1"]);
        let loaded = load(&case.tree, "c", &mut Vec::new()).unwrap();
        let (user, _) = case.options.read(&case.tree).unwrap();
        let resolved = resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new()).unwrap();
        let Some(Value::Map(_, below)) = resolved.values.get("s") else { panic!("no s") };
        below.insert("b", 1.0);
        assert!(matches!(resolved.values.get("s"), Some(Value::Map(_, map)) if map.len() == 3));
        assert!(matches!(user.get("s"), Some(Value::Map(_, map)) if map.len() == 1));
    }
}
