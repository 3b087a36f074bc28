//! The stages of a render and of a comparison, each by itself.
//!
//!     cargo bench --bench parts [-- NAME…]
//!
//! On charts/shop, and on a made chart of 200 templates and 2,000 values.
// What fails here is the bench itself.
#![allow(clippy::unwrap_used)]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rhelm::chart::{Chart, Loaded, load};
use rhelm::diff::{Compared, Format, Kept, Layout, Options, Side, compare, write};
use rhelm::engine::{CompiledChart, KubeVersion, Release, Rendered};
use rhelm::functions::lookup_function;
use rhelm::manifest::{Manifests, arrange};
use rhelm::render::{Outcome, Request, render};
use rhelm::template::parse;
use rhelm::tree::{Disk, Memory, Tree};
use rhelm::value::{MapRef, Value};
use rhelm::values::{Layers, ValueOptions, resolve};
use rhelm::world::World;
use rhelm::yaml;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// What is worked on.
#[derive(Debug, Clone, Copy)]
enum Input {
    /// charts/shop
    Shop,
    /// As many templates and values as large charts have.
    Large,
}

const INPUTS: [Input; 2] = [Input::Shop, Input::Large];

impl Input {
    fn tree(self) -> Box<dyn Tree> {
        match self {
            Input::Shop => Box::new(Disk),
            Input::Large => Box::new(large()),
        }
    }

    fn chart(self) -> &'static str {
        match self {
            Input::Shop => concat!(env!("CARGO_MANIFEST_DIR"), "/charts/shop"),
            Input::Large => "large",
        }
    }

    fn load(self) -> Loaded {
        load(&*self.tree(), self.chart(), &mut Vec::new()).unwrap()
    }

    /// What the user says: as many replicas.
    fn user(self, replicas: usize) -> (MapRef, Layers) {
        let key = match self {
            Input::Shop => "web.replicas",
            Input::Large => "replicas",
        };
        let options = ValueOptions { set: vec![format!("{key}={replicas}")], ..ValueOptions::default() };
        options.read(&Disk).unwrap()
    }

    fn request(self) -> Request {
        Request {
            chart: self.chart().to_owned(),
            release: release(),
            include_crds: false,
            skip_schema_validation: false,
            tera: false,
            warn_of_crds: false,
        }
    }

    fn manifests(self, replicas: usize) -> Manifests {
        let (user, layers) = self.user(replicas);
        let mut outcome = Outcome::default();
        render(&*self.tree(), &self.request(), &user, layers, &mut World::default(), &mut outcome).unwrap();
        outcome.manifests
    }

    fn rendered(self) -> Vec<Rendered> {
        let loaded = self.load();
        let (user, layers) = self.user(2);
        let resolved = resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new()).unwrap();
        let compiled = CompiledChart::compile(&resolved.root, &resolved.values, &release(), false).unwrap();
        compiled.render(&mut World::default(), &layers, false).unwrap()
    }

    /// The text of values.yaml.
    fn values(self) -> Vec<u8> {
        let path = format!("{}/values.yaml", self.chart());
        self.tree().read(&path).unwrap().to_vec()
    }
}

fn large() -> Memory {
    let mut tree = Memory::default();
    let mut values = String::from("replicas: 1\nlabels: {team: web, tier: front}\n");
    for i in 0..400 {
        let group = format!(
            "component{i}:\n  enabled: true\n  image:\n    repository: example.com/component{i}\n    tag: \"1.{i}\"\n  env: [{{name: NUMBER, value: \"{i}\"}}]\n"
        );
        values.push_str(&group);
    }
    tree.insert("large/Chart.yaml", "apiVersion: v2\nname: large\nversion: 1.0.0\n");
    tree.insert("large/values.yaml", values);
    tree.insert("large/templates/_helpers.tpl", HELPERS);
    for i in 0..200 {
        let template = TEMPLATE.replace("NUMBER", &i.to_string());
        tree.insert(&format!("large/templates/component{i}.yaml"), template);
    }
    tree
}

const HELPERS: &str = r#"{{- define "large.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "large.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
"#;

const TEMPLATE: &str = r#"{{- $own := .Values.componentNUMBER }}
{{- if $own.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "large.name" . }}-NUMBER
  labels:
    {{- include "large.labels" . | nindent 4 }}
spec:
  replicas: {{ default 1 .Values.replicas }}
  selector:
    matchLabels: {app: component-NUMBER}
  template:
    metadata:
      labels: {app: component-NUMBER}
    spec:
      containers:
      - name: main
        image: {{ printf "%s:%s" $own.image.repository $own.image.tag | quote }}
        env:
        {{- range $own.env }}
        - name: {{ .name }}
          value: {{ .value | quote }}
        {{- end }}
{{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "large.name" . }}-NUMBER
  labels: {{- include "large.labels" . | nindent 4 }}
spec:
  selector: {app: component-NUMBER}
  ports:
  - {name: http, port: 80}
"#;

fn release() -> Release {
    Release {
        name: "shop".into(),
        namespace: "default".into(),
        is_upgrade: false,
        kube_version: KubeVersion::default(),
        api_versions: Vec::new(),
        served: None,
        revision: 1,
    }
}

/// Reading a chart's files, and the values of its values.yaml.
#[divan::bench(args = INPUTS)]
fn loading(bencher: Bencher<'_, '_>, input: Input) {
    let tree = input.tree();
    bencher.bench_local(|| load(&*tree, input.chart(), &mut Vec::new()).is_ok());
}

fn sources(chart: &Chart) -> Vec<&std::sync::Arc<rhelm::diagnostic::Source>> {
    let own = chart.templates.iter().map(|file| &file.source);
    own.chain(chart.dependencies.iter().flat_map(sources)).collect()
}

/// All templates: tokens, then trees.
#[divan::bench(args = INPUTS)]
fn parsing(bencher: Bencher<'_, '_>, input: Input) {
    let loaded = input.load();
    let sources = sources(&loaded.chart);
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for source in &sources {
            divan::black_box(parse(source, &lookup_function).unwrap());
        }
    });
}

/// Templates that are parsed already → texts.
#[divan::bench(args = INPUTS)]
fn executing(bencher: Bencher<'_, '_>, input: Input) {
    let loaded = input.load();
    let (user, layers) = input.user(2);
    let resolved = resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new()).unwrap();
    let compiled = CompiledChart::compile(&resolved.root, &resolved.values, &release(), false).unwrap();
    let bytes: usize = input.rendered().iter().map(|file| file.text.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| compiled.render(&mut World::default(), &layers, false).unwrap());
}

/// values.yaml → values.
#[divan::bench(args = INPUTS)]
fn reading_yaml(bencher: Bencher<'_, '_>, input: Input) {
    let text = input.values();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| yaml::parse(&text).unwrap());
}

/// Values → YAML: `toYaml`.
#[divan::bench(args = INPUTS)]
fn writing_yaml(bencher: Bencher<'_, '_>, input: Input) {
    let values: Value = yaml::parse(&input.values()).unwrap();
    let bytes = yaml::emit(&values).unwrap().len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| yaml::emit(&values).unwrap());
}

/// Which subcharts live, and the user's values over their defaults.
#[divan::bench(args = INPUTS)]
fn resolving_values(bencher: Bencher<'_, '_>, input: Input) {
    let loaded = input.load();
    let (user, _) = input.user(2);
    bencher.bench_local(|| {
        divan::black_box(resolve(&loaded.chart, &loaded.defaults, &user, &mut Vec::new()).unwrap().values);
    });
}

/// Texts → documents, checked as YAML, in order.
#[divan::bench(args = INPUTS)]
fn arranging(bencher: Bencher<'_, '_>, input: Input) {
    let rendered = input.rendered();
    let bytes: usize = rendered.iter().map(|file| file.text.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| arrange(&rendered, &mut Vec::new()).unwrap());
}

/// Two renders whose replicas differ → changes → text.
#[divan::bench(args = INPUTS)]
fn comparing(bencher: Bencher<'_, '_>, input: Input) {
    let [mut old, mut new] = [input.manifests(2), input.manifests(3)];
    old.settle();
    new.settle();
    let side = |manifests| Side { manifests, namespace: "default", secrets: Kept::Plain };
    let (from, to) = (side(&old), side(&new));
    let layout = Layout { context: Some(3), ..Layout::default() };
    bencher.counter(ItemsCount::new(old.resources.len())).bench_local(|| {
        let changes = compare(&from, &to, &Options::default());
        assert!(!changes.is_empty());
        let report = [Compared { changes, ..Compared::default() }];
        write(&report, Format::Diff, &layout).unwrap()
    });
}

/// All of it but the comparison: `rhelm template` without the process.
#[divan::bench(args = INPUTS)]
fn rendering(bencher: Bencher<'_, '_>, input: Input) {
    bencher.bench_local(|| input.manifests(2));
}
