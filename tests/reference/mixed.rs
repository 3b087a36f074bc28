//! Whole charts, generated of all that the other parts generate: metadata, subcharts, values, helpers, hooks, files, flags.

use crate::chart::{ChartCase, Verdict};
use crate::judge::{Difference, Tally, told};
use crate::random::Random;
use crate::{Options, Part, helm, layers, pipelines, shrink, yaml};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn run(helm: &helm::Helm, options: &Options, part: &Part) -> Tally {
    judged(helm, options, part, &|index| case(&mut Random::of(options.seed, part.name, index)))
}

/// Judges generated charts, on all cores.
pub fn judged(helm: &helm::Helm, options: &Options, part: &Part, make: &(dyn Fn(u64) -> ChartCase + Sync)) -> Tally {
    let (first, count) = options.at.map_or((0, part.count), |index| (index, 1));
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= first + count {
                        return;
                    }
                    let case = make(index);
                    if options.print {
                        println!("{index} {}", String::from_utf8_lossy(&case.ours(helm).stderr).replace('\n', " "));
                        continue;
                    }
                    let mut one = Tally::default();
                    match case.judge(helm) {
                        Verdict::Output => one.output = 1,
                        Verdict::Error => one.error = 1,
                        Verdict::Varies => one.varies = 1,
                        Verdict::Dies => one.dies = 1,
                        Verdict::Differ { helm: theirs, ours } => {
                            let shrink = options.shrink && tally.lock().unwrap().differences.len() < 5;
                            let (case, theirs, ours) =
                                if shrink { smaller(helm, case, theirs, ours) } else { (case, theirs, ours) };
                            let mut text = format!("helm template {}\n", case.args.join(" "));
                            for (name, bytes) in &case.files {
                                text.push_str(&format!("=== {name}\n{}", String::from_utf8_lossy(bytes)));
                            }
                            one.differences.push(Difference {
                                case: format!("--seed {} --only {} --at {index}", options.seed, part.name),
                                text,
                                helm: told(&theirs),
                                ours: told(&ours),
                            });
                        }
                    }
                    tally.lock().unwrap().add(one);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

type Told = (helm::Ran, helm::Ran);

/// Leaves out files, then lines of files, as long as the difference stays.
fn smaller(
    helm: &helm::Helm,
    mut case: ChartCase,
    mut theirs: helm::Ran,
    mut ours: helm::Ran,
) -> (ChartCase, helm::Ran, helm::Ran) {
    let differs = |case: &ChartCase| -> Option<Told> {
        match case.judge(helm) {
            Verdict::Differ { helm, ours } => Some((helm, ours)),
            _ => None,
        }
    };
    for name in case.files.keys().cloned().collect::<Vec<_>>() {
        let mut without = case.clone();
        without.files.remove(&name);
        if let Some(told) = differs(&without) {
            case = without;
            (theirs, ours) = told;
        }
    }
    for name in case.files.keys().cloned().collect::<Vec<_>>() {
        let text = String::from_utf8_lossy(&case.files[&name]).into_owned();
        let small = shrink::lines(&text, |text| {
            let mut changed = case.clone();
            changed.insert(name.clone(), text);
            differs(&changed)
        });
        if let Some((text, told)) = small {
            case.insert(name, text);
            (theirs, ours) = told;
        }
    }
    (case, theirs, ours)
}

fn case(random: &mut Random) -> ChartCase {
    let mut case = ChartCase::default();
    layers::chart(random, &mut case, "top", "top", 0);
    let folders: Vec<String> =
        case.files.keys().filter_map(|name| name.strip_suffix("/Chart.yaml")).map(str::to_owned).collect();
    case.insert("top/templates/_helpers.tpl", helpers(random));
    for folder in &folders {
        for i in 0..random.below(3) {
            case.insert(
                format!("{folder}/templates/{}{i}.yaml", random.pick(&["a", "z", "sub/m", "B"])),
                manifest(random),
            );
        }
    }
    if random.one_in(2) {
        case.insert(
            "top/values.yaml",
            format!(
                "{}{}",
                layers::values(random, 0),
                "name: web\nports: [80, 443]\nlabels: {app: x, tier: \"1\"}\ntext: |\n  a\n  b\n"
            ),
        );
    }
    if random.one_in(3) {
        case.insert("top/templates/NOTES.txt", "Notes for {{ .Release.Name }}\n");
    }
    if random.one_in(4) {
        case.insert("top/crds/c.yaml", "kind: CustomResourceDefinition\nmetadata: {name: c}\n---\nkind: Other\n");
    }
    if random.one_in(4) {
        case.insert("top/files/a.txt", "one\ntwo {{ .Values.name }}\n");
        case.insert("top/files/b.bin", b"\x00\xff\xfe".to_vec());
    }
    if random.one_in(8) {
        case.insert(
            "top/.helmignore",
            random
                .pick(&[
                    "*.bin\n",
                    "files/\n",
                    "templates/z*\n",
                    "# c\n!x\n",
                    "a.txt\n",
                    "/charts/*.md\n",
                    "*.txt\n",
                    "files/*.txt\n!files/a.txt\n",
                    " a \n\n",
                    "**\n",
                    "a[\n",
                ])
                .as_bytes(),
        );
    }
    if random.one_in(10) {
        let text = String::from_utf8_lossy(&case.files["top/Chart.yaml"]).into_owned();
        let more = *random.pick(&[
            "kubeVersion: \">=1.20.0-0\"\n",
            "kubeVersion: \"<1.20\"\n",
            "appVersion: 1.10\n",
            "deprecated: true\n",
            "icon: x\nhome: y\n",
            "keywords: [a, 1]\n",
            "annotations: {a: b}\n",
            "maintainers: [{name: m, email: e}]\n",
            "type: other\n",
            "version: 2.0.0\n",
            "unknown: 1\n",
            "appVersion: \"\"\n",
            "sources: [x]\n",
            "name: other\n",
            "description: |\n  a\n  b\n",
        ]);
        case.insert("top/Chart.yaml", text + more);
    }
    if random.one_in(25) {
        let name = random.pick(&case.files.keys().cloned().collect::<Vec<_>>()).clone();
        let mut text = String::from_utf8_lossy(&case.files[&name]).into_owned();
        let at = (0..=random.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, random.one_of(&["{{", "}}", ":", "\t", "\"", "- ", "\n", "[", "---\n", "é"]));
        case.insert(name, text);
    }
    case.args = layers::arguments(random, &mut case);
    for _ in 0..random.below(3) {
        let more = random.one_of(&[
            "--include-crds",
            "--no-hooks",
            "--skip-tests",
            "--is-upgrade",
            "-n other",
            "--kube-version 1.25",
            "--api-versions a/v1,b/v2",
            "--debug",
            "--release-name",
            "--show-only templates/v.yaml",
            "-s charts/*/templates/*.yaml",
            "--skip-schema-validation",
            "--dry-run=client",
            "--enable-dns",
        ]);
        case.args.extend(more.split(' ').map(str::to_owned));
    }
    case
}

fn helpers(random: &mut Random) -> String {
    let mut text = "{{- define \"top.name\" -}}\n{{ .Release.Name }}-{{ .Values.name | default .Chart.Name | trunc 63 | trimSuffix \"-\" }}\n{{- end }}\n".to_owned();
    text.push_str("{{ define \"top.labels\" }}\napp: {{ .Chart.Name }}\n{{- with .Values.labels }}\n{{ toYaml . }}\n{{- end }}\n{{- end }}\n");
    text.push_str(&format!("{{{{ define \"top.any\" }}}}{{{{ {} }}}}{{{{ end }}}}\n", pipelines::sound(random, 1)));
    text
}

/// A template of a manifest, or of several.
fn manifest(random: &mut Random) -> String {
    let mut text = String::new();
    for i in 0..=random.below(2) {
        if i > 0 {
            text.push_str(random.one_of(&[
                "---\n",
                "\n---\n",
                "--- # c\n",
                "---\n---\n",
                "{{ if .Values.a }}\n---\n{{ end }}\n",
                "---",
            ]));
        }
        text.push_str(&one(random));
    }
    text
}

fn one(random: &mut Random) -> String {
    let kind = random.word("ConfigMap Secret Service Deployment Namespace Job Pod ServiceAccount ClusterRole Ingress Custom CronJob StatefulSet RoleBinding PersistentVolumeClaim NetworkPolicy");
    let mut text = String::new();
    if random.one_in(10) {
        text.push_str("# comment\n\n");
    }
    text.push_str(&format!(
        "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {{{{ include \"top.name\" . }}}}-{}\n",
        random.below(4)
    ));
    if random.one_in(3) {
        text.push_str("  labels:\n    {{- include \"top.labels\" . | nindent 4 }}\n");
    }
    if random.one_in(4) {
        text.push_str(&format!(
            "  annotations:\n    helm.sh/hook: {}\n    helm.sh/hook-weight: \"{}\"\n",
            random.pick(&[
                "pre-install",
                "post-install,post-upgrade",
                "test",
                "test-success",
                "none",
                "pre-delete",
                "PRE-install",
                "crd-install",
                "pre-rollback , test"
            ]),
            random.pick(&["1", "-5", "0", "x", "10"])
        ));
    }
    match random.below(9) {
        0 => text.push_str("data:\n{{ (.Files.Glob \"files/*\").AsConfig | indent 2 }}\n"),
        1 => text.push_str("data:\n{{ (.Files.Glob \"files/*\").AsSecrets | indent 2 }}\n"),
        2 => text.push_str("ports:\n{{- range $i, $p := .Values.ports }}\n- {port: {{ $p }}, n: {{ $i }}}\n{{- else }}\n  none\n{{- end }}\n"),
        3 => text.push_str(&format!("spec: {{{{ {} | toJson }}}}\n", pipelines::sound(random, 2))),
        4 => text.push_str(&format!("spec:\n  {{{{- {} | toYaml | nindent 2 }}}}\n", pipelines::sound(random, 1))),
        5 => text.push_str(&format!("spec: {{{{ tpl {} . | quote }}}}\n", crate::texts::literal(&format!("{{{{ {} }}}}", pipelines::sound(random, 1))))),
        6 => text.push_str(&format!("spec:\n{}", yaml::document(random).lines().map(|line| format!("  {line}\n")).collect::<String>().replace("{{", "{ {"))),
        7 => text.push_str("spec: {{ .Values.a | default \"none\" | quote }}\n{{- if and .Values.b (not .Values.c) }}\nmore: {{ .Values.b }}\n{{- end }}\n"),
        _ => text.push_str("caps: {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"a/v1\" }} {{ .Release | toJson }}\nany: {{ include \"top.any\" . | toJson }}\n"),
    }
    text
}
