//! How far a render is from the floor: reading the same files and the same YAML, and doing nothing else.
//!
//!     cargo bench --bench floor [-- CHART…]
//!
//! The floor reads every file of the chart's folder, and with saphyr-parser, which then builds nothing, its values.yaml and
//! Chart.yaml files and the documents that the render makes. Both run in this process, in turn; of each the fastest time
//! counts. Without CHARTs: charts/shop, and of the public charts in ../shared/corpus those that render without values, where
//! they are there. Charts that make keys (cilium) are far off.
// What fails here is the bench itself.
#![allow(clippy::unwrap_used)]

use rhelm::engine::{KubeVersion, Release};
use rhelm::manifest::Manifests;
use rhelm::render::{Outcome, Request, render};
use rhelm::tree::Disk;
use rhelm::values::ValueOptions;
use rhelm::world::World;
use saphyr_parser::Parser;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many times the floor a render may take.
const WANTED: f64 = 3.0;

/// How long a chart is measured, and how often at least.
const ENOUGH: (Duration, usize) = (Duration::from_millis(500), 11);

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // cargo adds `--bench`.
    let mut charts: Vec<PathBuf> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).map(Into::into).collect();
    if charts.is_empty() {
        charts.push(here.join("charts/shop"));
        let mut public: Vec<PathBuf> = fs::read_dir(here.join("../shared/corpus/charts"))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        public.sort();
        charts.extend(public);
    }
    println!("{:36}{:>10}{:>10}{:>10}{:>8}", "", "input kB", "floor ms", "render ms", "times");
    let mut all = [Duration::ZERO; 2];
    let (mut number, mut met) = (0, 0);
    for chart in &charts {
        let Some((size, floor, render)) = measure(chart) else { continue };
        let times = render.as_secs_f64() / floor.as_secs_f64();
        let name = chart.file_name().unwrap_or(chart.as_os_str()).to_string_lossy();
        line(&name, size, floor, render, times);
        all = [all[0] + floor, all[1] + render];
        number += 1;
        met += usize::from(times <= WANTED);
    }
    line("in total", 0, all[0], all[1], all[1].as_secs_f64() / all[0].as_secs_f64());
    println!("within {WANTED} times the floor: {met} of {number} charts");
}

fn line(name: &str, size: usize, floor: Duration, render: Duration, times: f64) {
    let [floor, render] = [floor, render].map(|time| time.as_secs_f64() * 1e3);
    println!("{name:36}{:10.0}{floor:10.2}{render:10.2}{times:8.2}", size as f64 / 1e3);
}

/// The bytes that the floor reads, its time and that of a render; nothing if the chart does not render by itself.
fn measure(chart: &Path) -> Option<(usize, Duration, Duration)> {
    let (manifests, _) = rendered(chart)?;
    let texts: Vec<&[u8]> = manifests.resources.iter().chain(&manifests.hooks).map(|d| d.text.as_bytes()).collect();
    let mut fastest = [Duration::MAX; 2];
    let mut size = 0;
    let mut rounds = 0;
    let start = Instant::now();
    while rounds < ENOUGH.1 || start.elapsed() < ENOUGH.0 {
        let start = Instant::now();
        size = read(chart) + texts.iter().map(|text| events(text)).sum::<usize>();
        let floor = start.elapsed();
        fastest = [fastest[0].min(floor), fastest[1].min(rendered(chart)?.1)];
        rounds += 1;
    }
    Some((size, fastest[0], fastest[1]))
}

/// Reads all files below a folder, and those that hold values or metadata as YAML. Returns how many bytes.
fn read(folder: &Path) -> usize {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            bytes += read(&path);
            continue;
        }
        let Ok(text) = fs::read(&path) else { continue };
        bytes += match entry.file_name().to_str() {
            Some("values.yaml" | "Chart.yaml") => events(&text),
            _ => black_box(&text).len(),
        };
    }
    bytes
}

/// Goes through the events of a text, as far as it is YAML to that parser. Returns how many bytes it has.
fn events(text: &[u8]) -> usize {
    if let Ok(text) = std::str::from_utf8(text) {
        Parser::new_from_str(text).map_while(Result::ok).for_each(|event| drop(black_box(event)));
    }
    text.len()
}

/// A whole render, and how long it takes; nothing if it fails.
fn rendered(chart: &Path) -> Option<(Manifests, Duration)> {
    let request = Request {
        chart: chart.to_str()?.to_owned(),
        release: Release {
            name: "release".into(),
            namespace: "default".into(),
            is_upgrade: false,
            kube_version: KubeVersion::default(),
            api_versions: Vec::new(),
            served: None,
            revision: 1,
        },
        include_crds: false,
        skip_schema_validation: false,
        tera: false,
        warn_of_crds: false,
    };
    let start = Instant::now();
    let (user, layers) = ValueOptions::default().read(&Disk).ok()?;
    let mut outcome = Outcome::default();
    render(&Disk, &request, &user, layers, &mut World::default(), &mut outcome).ok()?;
    Some((outcome.manifests, start.elapsed()))
}
