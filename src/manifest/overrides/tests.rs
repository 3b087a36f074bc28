use super::*;
use crate::diagnostic::{Source, Span};
use crate::manifest::Event;
use std::sync::Arc;

fn document(text: &str) -> Document {
    let head = yaml::head(text.as_bytes()).unwrap();
    Document {
        path: "c/templates/x.yaml".into(),
        text: Str::from(text),
        kind: head.kind.to_string(),
        name: head.name.to_string(),
        events: Vec::new(),
    }
}

fn parsed(text: &str) -> Json {
    json(&yaml::read(text.as_bytes()).unwrap().unwrap()).unwrap()
}

fn swap_one(kind: &str, name: &str, action: Action) -> Override {
    let source = Arc::new(Source { name: "p".into(), path: "p".into(), text: Str::default(), origin: None });
    let at = Location { source, span: Span::default() };
    let target = Target {
        kind: Some(Pattern::parse(kind).unwrap()),
        name: Some(Pattern::parse(name).unwrap()),
        ..Target::default()
    };
    Override { target, action, optional: false, at: at.clone(), action_at: at }
}

fn run(text: &str, o: &Override) -> String {
    let mut manifests = Manifests { resources: vec![document(text)], ..Manifests::default() };
    let scope = Scope { release: "r", namespace: "n" };
    match apply(&mut manifests, &[o], scope, &mut Matches::default()) {
        Ok(()) => manifests.resources.first().map_or("gone".into(), |d| d.text.to_string()),
        Err(error) => error.to_string(),
    }
}

const POD: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1000000
  template:
    spec:
      containers:
      - name: web
        image: a
        env: [{name: A, value: '1'}, {name: B, value: '2'}]
        args: [x]
";

#[test]
fn patches() {
    for (patch, path, want) in [
        ("spec: {replicas: 2}", "/spec/replicas", "2"),
        (
            "spec: {replicas: null}",
            "/spec",
            r#"{"template":{"spec":{"containers":[{"args":["x"],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"image":"a","name":"web"}]}}}"#,
        ),
        (
            "spec: {template: {spec: {containers: [{name: web, env: [{name: B, value: '3'}, {name: C}, {name: A, $patch: delete}]}]}}}",
            "/spec/template/spec/containers/0/env",
            r#"[{"name":"B","value":"3"},{"name":"C"}]"#,
        ),
        (
            "spec: {template: {spec: {containers: [{name: side}]}}}",
            "/spec/template/spec/containers/1",
            r#"{"name":"side"}"#,
        ),
        (
            "spec: {template: {spec: {containers: [{name: web, args: [v, z]}]}}}",
            "/spec/template/spec/containers/0/args",
            r#"["v","z"]"#,
        ),
        (
            "spec: {template: {spec: {volumes: [{name: d, emptyDir: {}}]}}}",
            "/spec/template/spec/volumes",
            r#"[{"emptyDir":{},"name":"d"}]"#,
        ),
        ("spec: {$patch: replace, paused: true}", "/spec", r#"{"paused":true}"#),
        ("spec: {$retainKeys: [paused], paused: true}", "/spec", r#"{"paused":true}"#),
        ("spec: {$retainKeys: [replicas, paused], paused: true}", "/spec", r#"{"paused":true,"replicas":1000000}"#),
        (
            "spec: {template: {spec: {containers: [{name: side}], $setElementOrder/containers: [{name: side}, {name: web}]}}}",
            "/spec/template/spec/containers/0",
            r#"{"name":"side"}"#,
        ),
        (
            "spec: {template: {spec: {containers: [{name: web, $setElementOrder/env: [{name: C}, {name: B}], env: [{name: C}]}]}}}",
            "/spec/template/spec/containers/0/env",
            r#"[{"name":"C"},{"name":"A","value":"1"},{"name":"B","value":"2"}]"#,
        ),
        (
            "metadata: {finalizers: [b, a], $setElementOrder/finalizers: [a, b], $deleteFromPrimitiveList/finalizers: [x]}",
            "/metadata/finalizers",
            r#"["a","b"]"#,
        ),
        (
            "{$patch: replace, apiVersion: v1, kind: Deployment, metadata: {name: other}}",
            "",
            r#"{"apiVersion":"v1","kind":"Deployment","metadata":{"name":"other"}}"#,
        ),
        ("metadata: {labels: {a: b, c: null}}", "/metadata", r#"{"labels":{"a":"b"},"name":"web"}"#),
    ] {
        let after = parsed(&run(POD, &swap_one("Deployment", "*", Action::Patch(parsed(patch)))));
        assert_eq!(after.pointer(path).map(ToString::to_string).as_deref(), Some(want), "{patch}");
    }
    for (patch, want) in [
        (
            "spec: {template: {spec: {containers: [{image: b}]}}}",
            "an item of `spec.template.spec.containers` lacks `name`, by which that list is merged",
        ),
        ("spec: {$patch: remove}", "`$patch` must be replace, delete or merge"),
        ("$patch: delete", "`$patch: delete` would delete all of it; `drop: true` drops an object"),
        ("{$patch: replace, spec: {}}", "what is left has no `apiVersion`; `drop: true` drops an object"),
        ("kind: null", "what is left has no `kind`; `drop: true` drops an object"),
        ("spec: {$retainKeys: x}", "`$retainKeys` must be a list of keys"),
        ("spec: {$retainKeys: [a], paused: true}", "`$retainKeys` must name `paused` too, which the patch has"),
        (
            "spec: {$setElementOrder/args: [x]}",
            "`$setElementOrder/args` is for lists that merge, and `args` is replaced",
        ),
        (
            "spec: {template: {spec: {$setElementOrder/containers: [{image: x}]}}}",
            "an item of `$setElementOrder/containers` lacks `name`, by which that list is merged",
        ),
        (
            "spec: {template: {spec: {containers: [{name: b}], $setElementOrder/containers: [{name: a}]}}}",
            "`$setElementOrder/containers` must name all items that the patch has in `containers`",
        ),
        (
            "spec: {$deleteFromPrimitiveList/args: [{a: b}]}",
            "the items of `$deleteFromPrimitiveList/args` must be neither maps nor lists",
        ),
    ] {
        let bad = swap_one("Deployment", "web", Action::Patch(parsed(patch)));
        assert_eq!(run(POD, &bad), format!("this does not fit Deployment `web`: {want}"), "{patch}");
    }
}

/// What stands in a list is a target by itself.
#[test]
fn lists() {
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Service, metadata: {{name: a}}}}\n- {}",
        POD.trim_end().replace('\n', "\n  ")
    );
    let replicas = swap_one("Deployment", "web", Action::Patch(parsed("spec: {replicas: 2}")));
    let after = parsed(&run(&list, &replicas));
    assert_eq!(after.pointer("/items/1/spec/replicas"), Some(&Json::from(2)));
    assert_eq!(after.pointer("/items/0/metadata/name"), Some(&Json::from("a")));
    let after = parsed(&run(&list, &swap_one("Deployment", "web", Action::Drop)));
    assert_eq!(after.pointer("/items").and_then(Json::as_array).map(Vec::len), Some(1));
    assert_eq!(run(&list, &swap_one("*", "*", Action::Drop)), "gone");
    assert_eq!(run(&list, &swap_one("Deployment", "wep", Action::Drop)), list);
}

#[test]
fn bytes() {
    // A patch that changes nothing, and a target that is not this one, leave the text as it is.
    assert_eq!(run(POD, &swap_one("Deployment", "web", Action::Patch(parsed("spec: {replicas: 1000000}")))), POD);
    assert_eq!(run(POD, &swap_one("Deployment", "x*", Action::Drop)), POD);
    assert_eq!(run(POD, &swap_one("Depl*", "w?b", Action::Drop)), "gone");
    let text = run(POD, &swap_one("Deployment", "web", Action::Patch(parsed("spec: {template: null}"))));
    assert_eq!(text, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1000000");
}

#[test]
fn services() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {a: b}, ports: [{port: 1, nodePort: 30000}]}\n";
    assert_eq!(
        run(service, &swap_one("Service", "db", Action::ExternalName("h".into()))),
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: db\nspec:\n  externalName: h\n  ports:\n  - port: 1\n  type: ExternalName"
    );
}

#[test]
fn strangers() {
    let mut manifests = Manifests { hooks: vec![document(POD)], ..Manifests::default() };
    manifests.hooks[0].events = vec![Event::Test];
    let overrides = [
        swap_one("Deployment", "wep", Action::Drop),
        swap_one("Deployment", "web", Action::Drop),
        // What was dropped is there to be matched.
        swap_one("Deployment", "web", Action::Patch(parsed("spec: {replicas: 2}"))),
    ];
    let overrides: Vec<&Override> = overrides.iter().collect();
    let mut matches = Matches::default();
    apply(&mut manifests, &overrides, Scope { release: "r", namespace: "n" }, &mut matches).unwrap();
    assert!(manifests.hooks.is_empty());
    let idle = unmatched(&overrides, &matches);
    assert_eq!(idle.len(), 1);
    assert_eq!(idle[0].message, "no rendered object is kind `Deployment`, name `wep`");
    assert_eq!(idle[0].facts, ["near it: Deployment `web`"]);
}
