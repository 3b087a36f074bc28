//! Whole comparisons: what is shown, and what holds for any two sides.

mod properties;

use super::*;
use crate::manifest::secret::{Sealing, seal};
use crate::manifest::{Document, Event, split};
use crate::yaml;

fn manifests(text: &str) -> Manifests {
    let document = |text: &[u8]| {
        let head = yaml::head(text).unwrap_or_default();
        let events = if head.annotation("helm.sh/hook").is_some_and(|hook| *hook == *"test") {
            vec![Event::Test]
        } else {
            vec![]
        };
        Document {
            path: "c/templates/x.yaml".into(),
            text: Str::from(text),
            kind: head.kind.to_string(),
            name: head.name.to_string(),
            events,
        }
    };
    let (hooks, resources) = split(text.as_bytes()).into_iter().map(document).partition(|d| !d.events.is_empty());
    Manifests { resources, hooks, ..Manifests::default() }
}

fn plain(manifests: &Manifests) -> Side<'_> {
    Side { manifests, namespace: "ns", secrets: Kept::Plain }
}

fn report(from: &Side<'_>, to: &Side<'_>, options: &Options) -> Vec<Compared> {
    let Outcome { changes, texts } = compare_whole(from, to, options);
    let texts = Some(texts);
    vec![Compared { environment: "e".into(), release: "r".into(), changes, texts, ..Compared::default() }]
}

fn shown(report: &[Compared], format: Format, context: Option<usize>) -> String {
    let layout = Layout { context, ..Layout::default() };
    String::from_utf8_lossy(&write(report, format, &layout).unwrap()).into_owned()
}

fn with(from: &str, to: &str, options: &Options) -> Vec<Compared> {
    let (from, to) = (manifests(from), manifests(to));
    report(&plain(&from), &plain(&to), options)
}

fn paths(from: &str, to: &str) -> String {
    shown(&with(from, to, &Options::default()), Format::Paths, None)
}

fn ignoring(rules: &[&str]) -> Options {
    Options { ignore: rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect(), ..Options::default() }
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    spec:
      containers:
      - name: web
        image: a.io/web:1
        ports:
        - containerPort: 80
      - name: log
        image: a.io/log:1
";

#[test]
fn formats() {
    let to = WEB.replace("replicas: 2", "replicas: 5").replace("web:1", "web:2");
    let report = with(WEB, &to, &Options::default());
    assert_eq!(
        shown(&report, Format::Diff, Some(1)),
        "ns, web, Deployment (apps) has changed:\n...\n  spec:\n- replicas: 2\n+ replicas: 5\n"
            .replace("- rep", "-   rep")
            .replace("+ rep", "+   rep")
            + "    selector: {matchLabels: {app: web}}\n...\n        - name: web\n-         image: a.io/web:1\n+         image: a.io/web:2\n          ports:\n...\n"
    );
    assert_eq!(
        shown(&report, Format::Paths, None),
        "~ ns/Deployment/web spec.replicas: 2 → 5\n\
         ~ ns/Deployment/web spec.template.spec.containers[web].image: \"a.io/web:1\" → \"a.io/web:2\"\n"
    );
    assert_eq!(
        shown(&report, Format::Summary, None),
        "ns, web, Deployment (apps) to be changed.\nPlan: 0 to add, 1 to change, 0 to destroy\n"
    );
    let json: Json = serde_json::from_str(&shown(&report, Format::Json, None)).unwrap();
    assert_eq!(
        json.pointer("/changes/0/fields/0"),
        Some(&serde_json::json!({"path": "spec.replicas", "from": 2, "to": 5, "why": [], "risk": null}))
    );
    let unified = shown(&report, Format::Unified, Some(0));
    assert_eq!(
        unified,
        "--- a/e/r.yaml\n+++ b/e/r.yaml\n@@ -8 +8 @@\n-  replicas: 2\n+  replicas: 5\n@@ -14 +14 @@\n-        image: a.io/web:1\n+        image: a.io/web:2\n"
    );
    let side =
        write(&report, Format::SideBySide, &Layout { context: Some(0), width: 43, ..Layout::default() }).unwrap();
    let side = String::from_utf8(side).unwrap();
    assert!(side.contains("  replicas: 2        |   replicas: 5\n"), "{side}");
    let markdown = shown(&report, Format::Markdown, Some(3));
    assert!(markdown.contains("```diff\n") && markdown.contains("-   replicas: 2\n"), "{markdown}");
    let html = shown(&report, Format::Html, Some(3));
    assert!(html.contains("<span class=\"removed\">-   replicas: <b>2</b></span>"), "{html}");
    let colour = write(&report, Format::Diff, &Layout { context: Some(0), colour: true, ..Layout::default() }).unwrap();
    assert!(String::from_utf8(colour).unwrap().contains("\x1b[32m+   replicas: \x1b[7m5\x1b[27m\x1b[0m\n"));
}

#[test]
fn fields_told() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n";
    for (from, to, want) in [
        ("data: {a: x}", "data: {a: x, b: z}", "+ data.b: \"z\"\n"),
        ("data: {a: x}", "data:\n  a: \"x\"", "~ (text only)\n"),
        ("a: [1, 2, 3]", "a: [0, 1, 2, 3]", "+ a[0]: 0\n"),
        ("a: [1, 2, 3]", "a: [1, 3]", "- a[1]: 2\n"),
        ("a: [{x: 1}, {x: 2}]", "a: [{x: 1}, {x: 3}]", "~ a[1].x: 2 → 3\n"),
        ("metadata2: {\"a.b/c\": 1}", "metadata2: {\"a.b/c\": 2}", "~ metadata2[\"a.b/c\"]: 1 → 2\n"),
        ("a: 1", "a: 1.0", "~ (text only)\n"),
        ("a: 1", "a: \"1\"", "~ a: 1 → \"1\"\n"),
        ("a:", "b: 1", "- a: null\n+ b: 1\n"),
    ] {
        let got = paths(&format!("{head}{from}\n"), &format!("{head}{to}\n"));
        assert_eq!(got.replace("ns/ConfigMap/c ", ""), want, "{from} {to}");
    }
    let ports =
        |ports: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{ports}]}}\n");
    let got = paths(
        &ports("{port: 53, protocol: UDP}, {port: 53}"),
        &ports("{port: 53}, {port: 53, protocol: UDP, nodePort: 1}"),
    );
    assert_eq!(got, "+ ns/Service/s spec.ports[53/UDP].nodePort: 1\n");
}

#[test]
fn matching() {
    let object = |kind: &str, name: &str, more: &str| {
        format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}{more}}}\ndata: {{k: {name}-{kind}}}\n")
    };
    let (one, two) = (manifests(&object("A", "x", "")), manifests(&object("A", "x", ", namespace: other")));
    let other = Side { manifests: &two, namespace: "other", secrets: Kept::Plain };
    // Both live in their release's namespace, whether they say so or not.
    assert!(compare(&plain(&one), &other, &Options::default()).is_empty());
    let third = manifests(&object("A", "x", ", namespace: third"));
    let apart = Options { no_renames: true, ..Options::default() };
    let kinds: Vec<_> = compare(&plain(&one), &plain(&third), &apart).iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [ChangeKind::Removed, ChangeKind::Added]);
    // Another version is still the same object, and order and `# Source:` mean nothing.
    let from = object("A", "x", "") + &object("B", "y", "");
    let to = object("B", "y", "").replace("---\n", "---\n# Source: c/templates/z.yaml\n")
        + &object("A", "x", "").replace("v1", "v2");
    assert_eq!(paths(&from, &to), "~ ns/A/x apiVersion: \"v1\" → \"v2\"\n");
    // Lists are their items.
    let list = "kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: x}\n  data: {k: x-A}\n- apiVersion: v1\n  kind: B\n  metadata: {name: y}\n  data: {k: y-B}\n";
    assert_eq!(paths(&from, list), "");
    // Tests are left out unless somebody asks.
    let test = object("A", "t", ", annotations: {helm.sh/hook: test}");
    assert_eq!(paths(&from, &(from.clone() + &test)), "");
    let options = Options { include_tests: true, ..Options::default() };
    assert_eq!(with(&from, &(from.clone() + &test), &options)[0].changes.len(), 1);
}

#[test]
fn renamed() {
    let object = |name: &str, last: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: one\n  b: two\n  c: three\n  d: {last}\n  own: {name}\n"
        )
    };
    let report = with(&object("old", "four"), &object("new", "five"), &Options::default());
    let change = &report[0].changes[0];
    assert_eq!((change.kind, change.from_object.as_ref().map(|o| o.name.as_str())), (ChangeKind::Renamed, Some("old")));
    assert!(shown(&report, Format::Diff, Some(0)).starts_with("ns, old, ConfigMap (v1) has been renamed to new:\n"));
    assert_eq!(plan(&report), Plan { add: 1, change: 0, destroy: 1 });
    let others = with(
        &object("old", "four"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new\ndata:\n  z: y\n",
        &Options::default(),
    );
    assert_eq!(others[0].changes.len(), 2);
}

#[test]
fn ignored() {
    let to = WEB.replace("replicas: 2", "replicas: 5").replace("web:1", "web:2");
    for (rules, left) in [
        (&["path=spec.replicas"][..], "image"),
        (&["path=spec.template.spec.containers[*].image"], "replicas"),
        (&["regex=image"], "replicas"),
        (&["regex=image,path=spec.replicas"], "both"),
        (&["kind=Deployment"], ""),
        (&["kind=Service"], "both"),
        (&["path=spec"], ""),
        (&["regex=image", "path=spec.replicas"], ""),
        (&["release=r,kind=Dep*"], ""),
    ] {
        let options = Options { release: "r".into(), ..ignoring(rules) };
        let report = with(WEB, &to, &options);
        let paths = shown(&report, Format::Paths, None);
        let (images, replicas) = (paths.contains("image"), paths.contains("replicas"));
        let want = (matches!(left, "image" | "both"), matches!(left, "replicas" | "both"));
        assert_eq!((images, replicas), want, "{rules:?} {paths}");
        for format in [Format::Diff, Format::Unified, Format::SideBySide] {
            let text = shown(&report, format, Some(0));
            assert_eq!((text.contains("image"), text.contains("replicas")), want, "{rules:?} {text}");
        }
    }
    // A part of what comes as a whole, and blocks.
    let head = "apiVersion: v1\nkind: A\nmetadata:\n  name: x\n";
    for (rule, from, to) in [
        ("path=metadata.labels.a", "", "  labels:\n    a: 1\n"),
        (
            "chart-labels",
            "  labels:\n    helm.sh/chart: a-1\n    x: y\n",
            "  labels:\n    helm.sh/chart: a-2\n    x: y\n",
        ),
        ("checksums", "  annotations: {checksum/a: 1, b: 2}\n", "  annotations: {checksum/a: 2, b: 2}\n"),
        ("path=data.f", "data:\n  f: |\n    a\n    b\n  g: 1\n", "data:\n  f: |\n    c\n    b\n    d\n  g: 1\n"),
        ("path=data.*", "data: {a: 1}\n", "data:\n  a: 2\n"),
    ] {
        let report = with(
            &format!("{head}{from}"),
            &format!("{head}{to}"),
            &Options { normalize: rule == "path=data.*", ..ignoring(&[rule]) },
        );
        assert_eq!(report[0].changes.len(), 0, "{rule} {}", shown(&report, Format::Diff, None));
    }
}

#[test]
fn normalized() {
    let options = Options { normalize: true, ..Options::default() };
    let to = "# c\nkind: Deployment\napiVersion: \"apps/v1\"\nmetadata: {name: web}\nspec:\n  selector:\n    matchLabels:\n      app: web\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - image: a.io/log:1\n        name: log\n      - image: 'a.io/web:1'\n        name: web\n        ports: [{containerPort: 80}]\n";
    for format in ["diff", "unified", "paths"] {
        assert_eq!(shown(&with(WEB, to, &options), format.parse().unwrap(), Some(3)), "");
    }
    let report = with(WEB, &to.replace("replicas: 2", "replicas: 0"), &options);
    let text = shown(&report, Format::Diff, Some(0));
    assert_eq!(text.matches("\n- ").count(), 1, "{text}");
    assert!(text.contains("! spec.replicas: replicas to 0"), "{text}");
}

fn secret(values: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n{values}\n")
}

#[test]
fn secrets_redacted() {
    let lines = |from: &str, to: &str, kept: [Kept; 2]| {
        let sealed = |text: &str, kept| {
            let how = match kept {
                Kept::Plain => return text.to_owned(),
                Kept::Digest => Sealing::Digest,
                Kept::Omitted => Sealing::Omit,
            };
            seal(text.as_bytes(), "ns", how).unwrap().lossy().into_owned()
        };
        let (from, to) = (manifests(&sealed(from, kept[0])), manifests(&sealed(to, kept[1])));
        let side = |manifests, secrets| Side { manifests, namespace: "ns", secrets };
        let report = report(&side(&from, kept[0]), &side(&to, kept[1]), &Options::default());
        let text = shown(&report, Format::Diff, None);
        text.lines().filter(|line| line.contains(" # (")).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let (a, b) = (secret("stringData:\n  k: hunter22\n  same: x"), secret("stringData:\n  k: hunter2\n  same: x"));
    use Kept::{Digest, Omitted, Plain};
    assert_eq!(
        lines(&a, &b, [Plain, Plain]),
        ["-   k: -------- # (8 bytes)", "+   k: ++++++++ # (7 bytes)", "    same: REDACTED # (1 bytes)"]
    );
    assert_eq!(
        lines(&a, &b, [Digest, Plain]),
        ["-   k: REDACTED # (saved)", "+   k: ++++++++ # (7 bytes)", "    same: REDACTED # (1 bytes)"]
    );
    assert_eq!(
        lines(&a, &b, [Digest, Digest]),
        ["-   k: -------- # (saved)", "+   k: ++++++++ # (saved)", "    same: REDACTED # (saved)"]
    );
    assert!(lines(&a, &b, [Omitted, Plain]).is_empty());
    assert!(lines(&a, &a, [Digest, Plain]).is_empty());
    assert!(lines(&a, &a, [Plain, Omitted]).is_empty());
    assert!(
        lines(&a, &secret("data:\n  k: aHVudGVyMjI=\n  same: eA=="), [Digest, Plain])
            .iter()
            .all(|line| line.contains("REDACTED"))
    );
}

#[test]
fn secrets_leak_nowhere() {
    let copy = "  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"kind\":\"Secret\",\"stringData\":{\"k\":\"hunter2x\"}}\n";
    let texts = [
        secret("stringData:\n  # hunter2x\n  k: hunter2x # hunter2x\n  l: |\n    hunter2x\n    more"),
        secret("stringData:\n  k: hunter2xy"),
        secret("data:\n  k: aHVudGVyMng=\n"),
        secret("stringData: {k: hunter2x}").replace("  name: s\n", &format!("  name: s\n{copy}")),
        format!("kind: List\nitems:\n- {}", secret("stringData:\n  k: hunter2x").trim_end().replace('\n', "\n  ")),
        secret("stringData:\n  k: &x hunter2x\n  l: *x"),
        secret("stringData:\n  k: hunter2x\n  k: other"),
        secret("stringData:\n  k: [hunter2x"),
        secret("stringData:\n  k: hunter2x").replace("name: s", "name: t"),
        String::new(),
    ];
    for from in &texts {
        for to in &texts {
            for normalize in [false, true] {
                let report = with(from, to, &Options { normalize, ..Options::default() });
                for name in Format::NAMES {
                    for colour in [false, true] {
                        let out =
                            write(&report, name.parse().unwrap(), &Layout { colour, ..Layout::default() }).unwrap();
                        let out = String::from_utf8_lossy(&out);
                        assert!(!out.contains("hunter") && !out.contains("aHVudGVyM"), "{name}\n{from}\n{to}\n{out}");
                    }
                }
            }
        }
    }
    let options = Options { show_secrets: true, ..Options::default() };
    let text = shown(&with(&texts[1], &texts[2], &options), Format::Diff, None);
    assert!(text.contains("hunter2xy") && text.contains("aHVudGVyMng="), "{text}");
}

#[test]
fn chance_is_not_compared() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n";
    let report = with(
        &format!("{head}data:\n  a: <chance>\n  b: 1\n"),
        &format!("{head}data:\n  a: |\n    x\n    y\n  b: 2\n"),
        &Options::default(),
    );
    let text = shown(&report, Format::Diff, None);
    assert!(text.contains("\n    a: <chance>\n-   b: 1\n+   b: 2\n"), "{text}");
    let (from, to) = (secret("data:\n  k: <chance>"), secret("data:\n  k: eHh4"));
    assert_eq!(paths(&from, &to), "");
    assert_eq!(paths(&from.replace("name: s", "name: <chance>"), &to), "");
}

#[test]
fn risks() {
    let object = |head: &str, body: &str| {
        let (api, kind) = head.split_once(' ').unwrap();
        format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: x\n{body}\n")
    };
    let rbac = "rbac.authorization.k8s.io/v1";
    let rules = |verbs: &str| format!("rules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [{verbs}]");
    for (head, from, to, want) in [
        (
            "apps/v1 Deployment",
            "spec: {selector: {matchLabels: {a: b}}}",
            "spec: {selector: {matchLabels: {a: c}}}",
            "immutable",
        ),
        ("apps/v1 StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}", "immutable"),
        ("apps/v1 StatefulSet", "spec: {replicas: 1}", "spec: {replicas: 2}", ""),
        ("v1 Service", "spec: {clusterIP: 1.1.1.1}", "spec: {clusterIP: None}", "immutable"),
        ("v1 PersistentVolumeClaim", "spec: {storageClassName: a}", "spec: {storageClassName: b}", "immutable"),
        (
            "v1 PersistentVolumeClaim",
            "spec: {resources: {requests: {storage: 2Gi}}}",
            "spec: {resources: {requests: {storage: 1Gi}}}",
            "shrink",
        ),
        (
            "v1 PersistentVolumeClaim",
            "spec: {resources: {requests: {storage: 1Gi}}}",
            "spec: {resources: {requests: {storage: 2Gi}}}",
            "",
        ),
        ("v1 ConfigMap", "immutable: true\ndata: {a: b}", "immutable: true\ndata: {a: c}", "immutable"),
        ("apps/v1 Deployment", "spec: {replicas: 2}", "spec: {replicas: 0}", "replicas to 0"),
        (
            "v1 Pod",
            "spec: {containers: [{name: a, image: \"a.io/x:1\"}]}",
            "spec: {containers: [{name: a, image: \"b.io/x:1\"}]}",
            "another registry",
        ),
        (
            "v1 Pod",
            "spec: {containers: [{name: a, image: \"x:1\"}]}",
            "spec: {containers: [{name: a, image: \"x:latest\"}]}",
            "latest",
        ),
        (
            "v1 Pod",
            "spec: {containers: [{name: a, image: \"x:1\"}]}",
            "spec: {containers: [{name: a, image: x}]}",
            "latest",
        ),
        (
            "v1 Pod",
            "spec: {containers: [{name: a, image: \"x:1\"}]}",
            "spec: {containers: [{name: a, image: \"x:2\"}]}",
            "",
        ),
        (&format!("{rbac} Role"), &rules("get"), &rules("get, delete"), "more rights: delete pods"),
        (&format!("{rbac} Role"), &rules("get, delete"), &rules("get"), ""),
        (&format!("{rbac} Role"), &rules("\"*\""), &rules("get"), ""),
        (
            &format!("{rbac} RoleBinding"),
            "subjects: [{kind: User, name: a}]",
            "subjects: [{kind: User, name: a}, {kind: User, name: b}]",
            "User b",
        ),
    ] {
        let report = with(&object(head, from), &object(head, to), &Options::default());
        let text = shown(&report, Format::Paths, None);
        assert!(if want.is_empty() { !text.contains('!') } else { text.contains(want) }, "{head} {to}: {text}");
        for name in Format::NAMES {
            let text = shown(&report, name.parse().unwrap(), None);
            assert!(want.is_empty() || text.contains(want), "{name}: {text}");
        }
    }
    for (head, gone) in [
        ("v1 PersistentVolumeClaim", true),
        ("apps/v1 StatefulSet", true),
        ("v1 Namespace", true),
        ("v1 Service", false),
    ] {
        let report = with(&object(head, "spec: {a: b}"), "", &Options::default());
        for name in Format::NAMES {
            assert_eq!(shown(&report, name.parse().unwrap(), None).contains("vanishes"), gone, "{head} {name}");
        }
    }
    let binding = "roleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: b}]";
    let report = with("", &object(&format!("{rbac} ClusterRoleBinding"), binding), &Options::default());
    assert!(shown(&report, Format::Summary, None).contains("User b may do what ClusterRole cluster-admin allows"));
}

#[test]
fn hostile() {
    let deep = format!("kind: A\nmetadata: {{name: x}}\na: {}1{}\n", "[".repeat(3_000), "]".repeat(3_000));
    let texts = [
        deep.clone(),
        deep.replace("[1]", "[2]"),
        "\u{feff}kind: A\nmetadata: {name: x}\na: 1".into(),
        "no: [yaml".into(),
        "kind: Secret\n  x: [".into(),
        "kind: A\nmetadata: {name: x}\na: \x1b[31m</script><b>```".into(),
        format!("kind: A\nmetadata: {{name: x}}\na: {}", "x".repeat(200_000)),
        "kind: [1]\nmetadata: 5\n".into(),
        "- 1\n- 2\n".into(),
        "kind: A\nmetadata: {name: x}\n? {a: b}\n: c\n? [d]\n: e\n".into(),
        "kind: A\nmetadata: {name: x}\na: &a [*b]\n".into(),
        "kind: A\r\nmetadata: {name: x}\r\na: 1\r\n".into(),
    ];
    for from in &texts {
        for to in &texts {
            for options in [Options::default(), Options { normalize: true, ..ignoring(&["path=a", "regex=zzz"]) }] {
                let report = with(from, to, &options);
                for name in Format::NAMES {
                    let out = write(
                        &report,
                        name.parse().unwrap(),
                        &Layout { colour: true, context: Some(3), ..Layout::default() },
                    );
                    let out = String::from_utf8_lossy(&out.unwrap()).into_owned();
                    assert!(!out.contains("\x1b[31m</script>"), "{name}");
                    assert!(name != "html" || out.matches("</script>").count() == 1, "{out}");
                }
            }
        }
    }
    let bytes = Manifests {
        resources: vec![Document {
            path: "x".into(),
            text: Str::from(&b"kind: A\nmetadata: {name: x}\na: \xff\xfe\n"[..]),
            kind: "A".into(),
            name: "x".into(),
            events: vec![],
        }],
        ..Manifests::default()
    };
    let other = manifests(&texts[2]);
    let report = report(&plain(&bytes), &plain(&other), &Options::default());
    assert!(!shown(&report, Format::Diff, None).is_empty());
}

#[test]
fn markdown_is_cut() {
    let many: String = (0..200)
        .map(|i| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: n{i}}}\ndata: {{a: \"{}\"}}\n",
                "`".repeat(i % 7)
            )
        })
        .collect();
    let report = with("", &many, &Options::default());
    let layout = Layout { max_size: 5_000, ..Layout::default() };
    let text = String::from_utf8(write(&report, Format::Markdown, &layout).unwrap()).unwrap();
    assert!(text.len() <= 5_000 && text.contains("more changed objects are left out"), "{text}");
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    let shown: usize = text.matches("<details").count();
    assert!(text.contains(&format!("**{} more changed objects", 200 - shown)), "{text}");
}

#[test]
fn markdown_of_one_large_object_is_cut() {
    let object = |salt: &str| {
        let lines: String = (0..3_000).map(|i| format!("  key{i}: {salt}{i}\n")).collect();
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: n}}\ndata:\n{lines}")
    };
    let report = with(&object("a"), &object("b"), &Options::default());
    for max_size in [400, 2_000, 65_000] {
        let text = write(&report, Format::Markdown, &Layout { max_size, ..Layout::default() }).unwrap();
        let text = String::from_utf8(text).unwrap();
        // As much as fits: another line would not.
        assert!(text.len() <= max_size && text.len() + 40 > max_size, "{} of {max_size}: {text}", text.len());
        assert!(text.contains("-   key0: a0\n"), "{text}");
        let shown = text.lines().filter(|line| line.starts_with(['-', '+', ' '])).count();
        let all = shown_lines(&report);
        assert!(text.contains(&format!("\n... {} more lines are left out: ", all - shown)), "{shown} of {all}: {text}");
        assert!(!text.contains("more changed"), "{text}");
    }
    // Not even a line has room.
    let text = write(&report, Format::Markdown, &Layout { max_size: 200, ..Layout::default() }).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("**1 more changed object is left out"));
}

fn shown_lines(report: &[Compared]) -> usize {
    shown(report, Format::Diff, None).lines().count() - 1
}

#[test]
fn left_out_on_one_side() {
    let object = |name: &str, value: &str| {
        format!(
            "---\n# Source: c/templates/{name}.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: {value}}}\n"
        )
    };
    let from = object("a", "1") + &object("b", "2") + &object("c", "3");
    let to = object("c", "4") + &object("d", "5") + &object("a", "1");
    let report = with(&from, &to, &ignoring(&["name=b", "name=d"]));
    assert_eq!(shown(&report, Format::Paths, None), "~ ns/ConfigMap/c data.k: 3 → 4\n");
    let patch = shown(&report, Format::Unified, Some(0));
    assert!(patch.contains("+data: {k: 4}") && !patch.contains("k: 5"), "{patch}");
    let from = object("a", "1") + &object("b", "2") + &object("c", "3");
    let to = object("a", "1") + &object("d", "5") + &object("c", "4");
    let patch = shown(&with(&from, &to, &ignoring(&["name=b", "name=d"])), Format::Unified, Some(0));
    assert_eq!(patch.lines().count(), 5, "{patch}");
}

#[test]
fn implied_kinds() {
    let list = |value: &str| {
        format!("apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {{name: s}}\n  stringData:\n    k: {value}\n")
    };
    let report = with(&list("hunter22"), &list("hunter2"), &Options::default());
    assert_eq!(report[0].changes.len(), 1);
    for name in Format::NAMES {
        assert!(!shown(&report, name.parse().unwrap(), None).contains("hunter"), "{name}");
    }
}

#[test]
fn moved_values_mean_the_same() {
    let (a, b) = (secret("stringData:\n  k: hunter22"), secret("data:\n  k: aHVudGVyMjI="));
    for show_secrets in [false, true] {
        let options = Options { normalize: true, show_secrets, ..Options::default() };
        assert_eq!(shown(&with(&a, &b, &options), Format::Paths, None), "");
    }
}

#[test]
fn many_fields_and_rules_about_lines() {
    let text = |salt: usize| {
        let mut out = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: n\ndata:\n");
        (0..20_000).for_each(|i| out.push_str(&format!("  key{i}: has {}\n", i * 2 + salt)));
        out
    };
    let start = std::time::Instant::now();
    let report = with(&text(0), &text(1), &ignoring(&["regex=zzz", "path=data.key7", "path=data,regex=key9: "]));
    assert_eq!(report[0].changes[0].fields.len(), 19_998);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
