use super::*;
use crate::tree::{self, BufferedFile, Kind, Memory, Tree};
use crate::values::Below;
use crate::world::World;
use std::cell::Cell;
use std::time::{Duration, Instant};

fn project(text: &str, files: &[&str]) -> (Memory, Result<Project, Error>) {
    let mut tree = Memory::default();
    tree.insert("p/rhelm.yaml", text);
    tree.insert("p/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    for file in files {
        tree.insert(&format!("p/{file}"), "a: 1\n");
    }
    let project = Project::read(&tree, "p");
    (tree, project)
}

/// The layers of the release `c`, paths without their folder, `set` by its argument.
fn layers(tree: &Memory, project: &Project, environment: &str) -> Vec<String> {
    let environment = project.environment(environment).unwrap();
    let release = project.release("c").unwrap();
    let installation = project.installation(tree, environment, release).unwrap();
    let shown = |layer: &Layer| match &layer.input {
        Below::File(path) | Below::Template { path, .. } => path.strip_prefix("p/").unwrap_or(path).to_owned(),
        Below::Setting { argument, .. } => argument.to_string(),
    };
    installation.layers.iter().map(shown).collect()
}

#[test]
fn ladder() {
    let text = "environments:
  local: {from: staging, set: {x: 3}}
  staging: {from: base, set: {x: 2}}
  base: {abstract: true, set: {x: [1]}}
  alone:
releases:
  c:
    chart: c
    values: [first, 'v/{env}', 'v/{release}-{env}', last]
    set: {k: {z: '1'}}
";
    let files = ["first", "last", "v/base", "v/c-base", "v/local", "v/c-staging"];
    let (tree, project) = project(text, &files);
    let project = project.unwrap();
    let all =
        ["first", "v/base", "v/c-base", "v/c-staging", "v/local", "last", "x=[1]", "x=2", "x=3", "k={\"z\":\"1\"}"];
    assert_eq!(layers(&tree, &project, "local"), all);
    assert_eq!(
        layers(&tree, &project, "staging"),
        ["first", "v/base", "v/c-base", "v/c-staging", "last", "x=[1]", "x=2", "k={\"z\":\"1\"}"]
    );
    assert_eq!(layers(&tree, &project, "alone"), ["first", "last", "k={\"z\":\"1\"}"]);
    let names: Vec<&str> = project.concrete().map(|e| e.name.text.as_str()).collect();
    assert_eq!(names, ["local", "staging", "alone"]);
}

#[test]
fn found_upwards() {
    let mut tree = Memory::default();
    assert_eq!(Project::find(&tree), None);
    tree.insert("rhelm.yaml", "");
    assert_eq!(Project::find(&tree).as_deref(), Some("rhelm.yaml"));
}

/// Twenty rungs and three hundred releases.
#[test]
fn large() {
    let mut text = "environments:\n  e0: {}\n".to_owned();
    let mut files = Vec::new();
    for i in 1..20 {
        text.push_str(&format!("  e{i}: {{from: e{}, set: {{a.b: {i}}}}}\n", i - 1));
    }
    text.push_str("releases:\n");
    for i in 0..300 {
        text.push_str(&format!("  c{i}: {{chart: c, values: [common, 'v/{{env}}', '{{release}}/{{env}}']}}\n"));
        files.push(format!("c{i}/e7"));
    }
    files.extend((0..20).map(|i| format!("v/e{i}")));
    files.push("common".to_owned());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let start = Instant::now();
    let (tree, project) = project(&text, &files);
    let project = project.unwrap();
    let top = project.environment("e19").unwrap();
    for release in &project.releases {
        let installation = project.installation(&tree, top, release).unwrap();
        assert_eq!(installation.layers.len(), 1 + 20 + 1 + 19);
    }
    // Milliseconds where the code is optimised; here it is not, and others work beside it.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// A tree that counts what it is asked.
struct Counted(Memory, Cell<usize>);

impl Tree for Counted {
    fn absolute(&self, path: &str) -> String {
        self.0.absolute(path)
    }

    fn kind(&self, path: &str) -> Result<Kind, crate::tree::Error> {
        self.1.set(self.1.get() + 1);
        self.0.kind(path)
    }

    fn read(&self, path: &str) -> Result<Str, crate::tree::Error> {
        self.1.set(self.1.get() + 1);
        self.0.read(path)
    }

    fn walk(
        &self,
        root: &str,
        ignore: &tree::Ignore<'_>,
        log: &mut Vec<String>,
    ) -> Result<Vec<BufferedFile>, crate::tree::Error> {
        self.0.walk(root, ignore, log)
    }
}

/// What is asked of the disk for a release does not grow with the other releases, and only by a few questions a rung.
#[test]
fn questions() {
    let mut asked = Vec::new();
    for (rungs, releases) in [(20, 10), (20, 300), (200, 10)] {
        let mut text = "environments:\n  e0: {}\n".to_owned();
        (1..rungs).for_each(|i| text.push_str(&format!("  e{i}: {{from: e{}}}\n", i - 1)));
        text.push_str("releases:\n");
        (0..releases).for_each(|i| text.push_str(&format!("  c{i}: {{chart: c, values: 'v/{{env}}'}}\n")));
        let files: Vec<String> = (0..rungs).map(|i| format!("v/e{i}")).collect();
        let (tree, project) = project(&text, &files.iter().map(String::as_str).collect::<Vec<_>>());
        let (tree, project) = (Counted(tree, Cell::new(0)), project.unwrap());
        let top = project.environment(&format!("e{}", rungs - 1)).unwrap();
        for release in &project.releases {
            assert_eq!(project.installation(&tree, top, release).unwrap().layers.len(), rungs);
        }
        asked.push(tree.1.get() / releases);
    }
    assert_eq!(asked[0], asked[1]);
    assert!(asked[2] <= 5 * 200, "{asked:?}");
}

/// A ladder of thousands of rungs, and a circle of as many.
#[test]
fn long() {
    let mut text = "environments:\n".to_owned();
    for i in 0..3000 {
        text.push_str(&format!("  e{i}: {{from: e{}}}\n", i + 1));
    }
    let start = Instant::now();
    let end = "releases: {c: {chart: c}}\n";
    let (_, ladder) = project(&format!("{text}  e3000: {{}}\n{end}"), &[]);
    assert_eq!(ladder.unwrap().environment("e0").unwrap().ladder.len(), 3001);
    let (_, circle) = project(&format!("{text}  e3000: {{from: e0}}\n{end}"), &[]);
    assert!(circle.is_err());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// What is nested too deeply for any use is an error, on a thread with a small stack too.
#[test]
fn deep() {
    let nested = format!("{}{}", "{b: ".repeat(9_000), "}".repeat(9_000));
    for text in [
        format!("environments: {{a: {{}}}}\nvars: {nested}\nreleases: {{c: {{chart: c}}}}\n"),
        format!("environments: {{a: {{set: {nested}}}}}\nreleases: {{c: {{chart: c}}}}\n"),
        format!(
            "environments: {{a: {{overrides: [{{target: {{kind: a}}, patch: {nested}}}]}}}}\nreleases: {{c: {{chart: c}}}}\n"
        ),
        format!("environments: {nested}\nreleases: {{c: {{chart: c}}}}\n"),
    ] {
        assert!(project(&text, &[]).1.is_err());
    }
}

/// Noise ends in an error, not in a panic.
#[test]
fn noise() {
    let text = "environments: {a: {from: b, set: {x: 1}, overrides: [{target: {kind: S}, patch: {a: [1]}}]}, b: {}}\n\
                releases: {c: {chart: c, values: ['{env}']}}\ndiff: {ignore: [{path: a}]}\n";
    for cut in 0..text.len() {
        for with in ["", "{", "[", ":", "- ", "null", "1", "\"", "*a", "&a ", "!!x ", "\n"] {
            let noisy = format!("{}{with}{}", &text[..cut], &text[(cut + 1).min(text.len())..]);
            let _ = project(&noisy, &[]).1;
        }
    }
}

/// The keys that the reader takes are those of the schema.
#[test]
fn schema_keys() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let keys = |pointer: &str| {
        let mut keys: Vec<String> = schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |known: &[&str]| {
        let mut known: Vec<String> = known.iter().map(|key| (*key).to_owned()).collect();
        known.sort();
        known
    };
    for (pointer, known) in [
        ("/properties", &declaration::PROJECT[..]),
        ("/definitions/environment/properties", &declaration::ENVIRONMENT[..]),
        ("/definitions/release/properties", &declaration::RELEASE[..]),
        ("/properties/diff/properties", &declaration::DIFF[..]),
        ("/properties/diff/properties/report/properties", &declaration::REPORT[..]),
        ("/properties/diff/properties/ignore/items/properties", &Ignore::KEYS[..]),
        ("/definitions/override/properties", &swaps::OVERRIDE[..]),
        ("/definitions/override/properties/target/properties", &swaps::TARGET[..]),
        ("/definitions/override/properties/jsonPatch/items/properties", &swaps::OPERATION[..]),
    ] {
        assert_eq!(keys(pointer), sorted(known), "{pointer}");
    }
    let names =
        |pointer: &str| -> Vec<String> { serde_json::from_value(schema.pointer(pointer).unwrap().clone()).unwrap() };
    assert_eq!(names("/properties/environments/propertyNames/not/enum"), RESERVED);
    let operations = "/definitions/override/properties/jsonPatch/items/properties/op/enum";
    assert_eq!(names(operations), swaps::OPERATIONS);
}

/// Whether the schema takes a text: it stands in for a chart's.
#[cfg(feature = "schema")]
fn fits_schema(text: &str) -> bool {
    let mut tree = Memory::default();
    tree.insert("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    tree.insert("c/values.schema.json", SCHEMA);
    tree.insert("c/values.yaml", text);
    let loaded = crate::chart::load(&tree, "c", &mut Vec::new()).unwrap();
    let (user, layers) = crate::values::ValueOptions::default().read(&tree).unwrap();
    let resolved = crate::values::resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new()).unwrap();
    crate::values::validate(&resolved.root, &resolved.values, &layers, &mut World::default()).is_ok()
}

/// What the reader takes the schema takes, and what is wrong by itself neither takes.
#[cfg(feature = "schema")]
#[test]
fn schema_and_reader_agree() {
    let whole = include_str!("../../testdata/project/example.yaml");
    let shop = include_str!("../../charts/shop/rhelm.yaml");
    let minimal = "environments: {a: {}}\nreleases: {c: {chart: c, values: x}}\n";
    for text in [whole, shop, minimal] {
        project(text, &[]).1.unwrap();
        assert!(fits_schema(text), "{text}");
    }
    for bad in [
        "environments: {a: {form: b}}\nreleases: {c: {chart: c}}\n",
        "environments: {live: {}}\nreleases: {c: {chart: c}}\n",
        "environments: {a: {kubeVersion: 1.30}}\nreleases: {c: {chart: c}}\n",
        "environments: {a: {}}\nreleases: {c: {}}\n",
        "environments: {a: {}}\n",
        "environments: {a: {overrides: [{target: {kind: S}}]}}\nreleases: {c: {chart: c}}\n",
        "environments: {a: {overrides: [{target: {kind: S}, drop: true, patch: {}}]}}\nreleases: {c: {chart: c}}\n",
        "environments: {a: {overrides: [{target: {kind: S}, jsonPatch: [{op: add, path: a, value: 1}]}]}}\nreleases: {c: {chart: c}}\n",
        "environments: {a: {}}\nreleases: {c: {chart: c}}\nsecrets: digset\n",
        "environments: {a: {}}\nreleases: {c: {chart: c}}\ndiff: {ignore: [{preset: nope}]}\n",
    ] {
        assert!(project(bad, &[]).1.is_err(), "{bad}");
        assert!(!fits_schema(bad), "{bad}");
    }
}

/// Twenty environments on one ladder and three hundred releases are read and resolved in milliseconds: the best of several
/// runs, since other programs run as well.
#[test]
fn milliseconds() {
    let mut text = "environments:\n  e0: {}\n".to_owned();
    (1..20).for_each(|i| text.push_str(&format!("  e{i}: {{from: e{}, set: {{x: {i}}}}}\n", i - 1)));
    text.push_str("releases:\n");
    (0..300).for_each(|i| text.push_str(&format!("  c{i}: {{chart: c, namespace: n{i}, values: 'v/{{env}}'}}\n")));
    let files: Vec<String> = (0..20).map(|i| format!("v/e{i}")).collect();
    let (tree, _) = project(&text, &files.iter().map(String::as_str).collect::<Vec<_>>());
    let once = || {
        let start = Instant::now();
        let project = Project::read(&tree, "p").unwrap();
        let top = project.environment("e19").unwrap();
        for release in &project.releases {
            assert_eq!(project.installation(&tree, top, release).unwrap().layers.len(), 39);
        }
        start.elapsed()
    };
    let best = (0..8).map(|_| once()).min().unwrap();
    // What is not optimised takes its time.
    let limit = if cfg!(debug_assertions) { 1000 } else { 40 };
    assert!(best < Duration::from_millis(limit), "{best:?}");
}

/// Mistakes that are told at a place, by their words without names.
#[test]
fn kinds_of_mistakes() {
    let cases = [
        include_str!("../../testdata/project/mistakes.txt"),
        include_str!("../../testdata/project/mistakes-more.txt"),
        include_str!("../../testdata/project/overrides-each.txt"),
    ];
    let mut kinds = std::collections::BTreeSet::new();
    for text in cases {
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let [first, second] = pair else { continue };
            if let (Some(words), true) =
                (first.strip_prefix("error: "), second.trim_start().starts_with("--> rhelm.yaml:"))
            {
                kinds.insert(words.split('`').step_by(2).collect::<Vec<_>>().join("_"));
            }
        }
    }
    assert!(kinds.len() >= 60, "{}: {kinds:#?}", kinds.len());
}
