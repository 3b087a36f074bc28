//! rhelm against the real Helm: every function on every kind of value, generated templates, YAML, values and charts.
//!
//!     cargo test --release --test reference -- --helm PATH [--seed N] [--pipelines N] [--only PART] [--at INDEX]
//!         [--no-shrink] [--print] [--allow N]
//!
//! Every case follows from the run's seed, its part and its index: `--seed S --only PART --at INDEX` repeats one.
//! Without a Helm (`--helm`, `HELM`) all is skipped, and said to be.
// What fails here is the run itself, and nothing here is anybody's interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod atoms;
mod chance;
mod chart;
mod helm;
mod judge;
mod language;
mod layers;
mod matrix;
mod mixed;
mod ours;
mod pipelines;
mod random;
mod shrink;
mod snippet;
mod texts;
mod yaml;

use judge::Tally;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What was asked for.
pub struct Options {
    seed: u64,
    pipelines: u64,
    /// Names of parts, with commas.
    only: Option<String>,
    at: Option<u64>,
    shrink: bool,
    /// Prints each snippet and what rhelm makes of it, without asking Helm.
    print: bool,
    /// So many differences are told, and are no failure.
    allow: usize,
}

fn main() -> ExitCode {
    let mut options = Options {
        seed: SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |d| d.as_nanos() as u64 % 1_000_000_000),
        pipelines: 100_000,
        only: None,
        at: None,
        shrink: true,
        print: false,
        allow: 0,
    };
    let mut path = std::env::var("HELM").ok();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
        match word.as_str() {
            "--helm" => path = Some(value()),
            "--seed" => options.seed = value().parse().expect("a number"),
            "--pipelines" => options.pipelines = value().parse().expect("a number"),
            "--only" => options.only = Some(value()),
            "--at" => options.at = Some(value().parse().expect("a number")),
            "--allow" => options.allow = value().parse().expect("a number"),
            "--print" => options.print = true,
            "--no-shrink" => options.shrink = false,
            // What `cargo test` hands to every test binary.
            _ => {}
        }
    }
    let parts = parts(options.pipelines);
    let Some(path) = path.filter(|path| !path.is_empty()) else {
        println!("reference: no Helm (neither --helm nor HELM): {} parts skipped, 0 passed", parts.len());
        return ExitCode::SUCCESS;
    };
    let helm = helm::Helm::new(&path);
    println!("reference: {} · seed {}", helm.version(), options.seed);
    let mut all = Tally::default();
    for part in &parts {
        if options.only.as_ref().is_some_and(|only| !only.split(',').any(|name| name == part.name)) {
            continue;
        }
        let start = Instant::now();
        let tally = (part.run)(&helm, &options, part);
        println!("{:>10}: {tally} · {:.0} s", part.name, start.elapsed().as_secs_f64());
        all.add(tally);
    }
    println!("{:>10}: {all}", "all");
    let differ = all.differences.len();
    if differ == 0 {
        return ExitCode::SUCCESS;
    }
    println!("\n{differ} differences:");
    for difference in all.differences.iter().take(400) {
        println!("{difference}");
    }
    if differ <= options.allow { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A family of cases.
pub struct Part {
    name: &'static str,
    /// How many cases, where a number is asked for.
    count: u64,
    run: fn(&helm::Helm, &Options, &Part) -> Tally,
}

fn parts(pipelines: u64) -> Vec<Part> {
    vec![
        Part {
            name: "singly",
            count: 0,
            run: |helm, options, part| snippet::run(helm, options, part.name, &matrix::singly()),
        },
        Part {
            name: "pairs",
            count: 0,
            run: |helm, options, part| snippet::run(helm, options, part.name, &matrix::pairs()),
        },
        Part { name: "chance", count: 0, run: |helm, _, _| chance::run(helm) },
        Part { name: "pipelines", count: pipelines, run: pipelines::run },
        Part { name: "language", count: pipelines / 5, run: language::run },
        Part { name: "yaml", count: pipelines / 5, run: yaml::run },
        Part { name: "values", count: pipelines / 250, run: layers::run },
        Part { name: "charts", count: pipelines / 250, run: mixed::run },
    ]
}
