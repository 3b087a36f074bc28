//! Many renders in one process: what they share, what is kept between processes, and what is done again when files change.

use crate::sandbox::{Outcome, Sandbox};
use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn run(sandbox: &Sandbox, line: &str) -> Outcome {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    sandbox.run(&words, true, b"", LIMIT)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A project of so many releases of one chart, and one of another that draws on chance.
fn project(sandbox: &Sandbox, releases: usize) {
    sandbox.chart("web");
    sandbox.write("web/values.yaml", "size: s\n");
    sandbox.write(
        "web/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\ndata: {size: {{ .Values.size }}}\n",
    );
    sandbox.chart("dice");
    sandbox.write(
        "dice/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: d}\ndata: {a: {{ randAlpha 20 }}}\n",
    );
    let mut project = "environments: {one: {}, two: {}}\nreleases:\n  dice: {chart: dice}\n".to_owned();
    for i in 0..releases {
        project.push_str(&format!("  r{i}: {{chart: web, set: {{size: s{i}}}}}\n"));
    }
    sandbox.write("rhelm.yaml", project);
}

#[test]
fn the_order_is_the_projects_however_many_run_at_once() {
    let sandbox = Sandbox::new();
    project(&sandbox, 60);
    let reference = run(&sandbox, "template -e one -j 1 r0");
    assert_eq!(reference.exit, 0, "{}", text(&reference.stderr));
    let mut outputs = Vec::new();
    for jobs in ["1", "2", "7", "100"] {
        let outcome = run(&sandbox, &format!("template --all -j {jobs}"));
        assert_eq!((outcome.exit, text(&outcome.stderr)), (0, String::new()));
        let stdout = text(&outcome.stdout);
        let names: Vec<&str> = stdout.lines().filter(|line| line.starts_with("metadata: {name: r")).collect();
        assert_eq!(names.len(), 120);
        outputs.push(names.join("\n"));
    }
    outputs.dedup();
    assert_eq!(outputs.len(), 1);
}

#[test]
fn one_that_fails_stops_no_other() {
    let sandbox = Sandbox::new();
    project(&sandbox, 8);
    sandbox.write("web/templates/b.yaml", "{{ if eq .Values.size \"s3\" }}{{ fail \"three\" }}{{ end }}");
    let outcome = run(&sandbox, "template -e one");
    assert_eq!(outcome.exit, 1);
    let stdout = text(&outcome.stdout);
    assert!(
        stdout.contains("{size: s2}") && stdout.contains("{size: s7}") && !stdout.contains("{size: s3}"),
        "{stdout}"
    );
    let stderr = text(&outcome.stderr);
    assert!(stderr.contains("three") && stderr.contains("1 of 9 releases were not rendered: r3"), "{stderr}");
}

/// The entries of a cache.
fn entries(sandbox: &Sandbox) -> Vec<fs::DirEntry> {
    fs::read_dir(sandbox.base.join("cache")).expect("a cache").flatten().collect()
}

#[test]
fn a_cache_changes_nothing_but_time() {
    let sandbox = Sandbox::new();
    project(&sandbox, 5);
    sandbox.write("v.yaml", "size: file\n");
    let plain = text(&run(&sandbox, "template -e one r1 r2 -f v.yaml").stdout);
    for _ in 0..3 {
        let outcome = run(&sandbox, "template -e one r1 r2 -f v.yaml --cache cache");
        assert_eq!((outcome.exit, text(&outcome.stdout), text(&outcome.stderr)), (0, plain.clone(), String::new()));
    }
    assert_eq!(entries(&sandbox).len(), 2);
    // What follows from chance is not kept.
    let dice = |_| text(&run(&sandbox, "template -e one dice --cache cache").stdout);
    let [first, second] = [0, 1].map(dice);
    assert_ne!(first, second);
    assert_eq!(entries(&sandbox).len(), 2);
    // Each of these is another result.
    for (line, size) in [
        ("template -e one r1 --cache cache", "s1"),
        ("template -e one r1 --set size=set --cache cache", "set"),
        ("template -e two r1 --cache cache -n other", "s1"),
    ] {
        let outcome = run(&sandbox, line);
        assert!(text(&outcome.stdout).contains(&format!("{{size: {size}}}")), "{line}: {}", text(&outcome.stdout));
    }
    assert_eq!(entries(&sandbox).len(), 5);
    sandbox.write("v.yaml", "size: other\n");
    assert!(text(&run(&sandbox, "template -e one r1 r2 -f v.yaml --cache cache").stdout).contains("{size: other}"));
    sandbox.write("web/templates/a.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: changed}\n");
    assert!(text(&run(&sandbox, "template -e one r1 --cache cache").stdout).contains("{name: changed}"));
    // What a schema reads elsewhere is no part of the key, and the time zone is one.
    sandbox.write("x.json", "{\"type\": \"string\"}");
    let schema =
        format!("{{\"properties\": {{\"size\": {{\"$ref\": \"file://{}/x.json\"}}}}}}", sandbox.base.display());
    sandbox.write("web/values.schema.json", schema);
    assert_eq!(run(&sandbox, "template -e one r1 --cache cache").exit, 0);
    sandbox.write("x.json", "{\"type\": \"number\"}");
    assert_eq!(run(&sandbox, "template -e one r1 --cache cache").exit, 1);
    fs::remove_file(sandbox.base.join("web/values.schema.json")).expect("removed");
    sandbox.write("web/templates/a.yaml", "kind: A\nmetadata: {name: changed}\nat: {{ date \"15:04\" 0 }}\n");
    for (zone, at) in [("UTC", "00:00"), ("Asia/Tokyo", "09:00"), ("UTC", "00:00")] {
        let outcome = run(&sandbox, &format!("TZ={zone} template -e one r1 --cache cache"));
        assert!(text(&outcome.stdout).contains(&format!("at: {at}")), "{zone}: {}", text(&outcome.stdout));
    }
    // Damage is no error.
    for entry in entries(&sandbox) {
        fs::write(entry.path(), b"rhelm-c1nonsense").expect("written");
    }
    let outcome = run(&sandbox, "template -e one r1 --cache cache");
    assert!(outcome.exit == 0 && text(&outcome.stdout).contains("{name: changed}"));
}

#[test]
fn a_cache_serves_comparisons_and_snapshots() {
    let sandbox = Sandbox::new();
    project(&sandbox, 3);
    sandbox.write(
        "web/templates/s.yaml",
        "kind: Secret\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\nstringData: {a: {{ .Values.size }}}\n",
    );
    for _ in 0..2 {
        let saved = run(&sandbox, "save --all --cache cache");
        assert_eq!(saved.exit, 0, "{}", text(&saved.stderr));
        let diff = run(&sandbox, "diff --all --detailed-exitcode --cache cache");
        assert_eq!((diff.exit, text(&diff.stdout)), (0, String::new()));
    }
    let plain = run(&sandbox, "save --all --check");
    assert_eq!((plain.exit, text(&plain.stdout)), (0, String::new()));
    let changed =
        ["diff one --set size=z --cache cache", "diff one --set size=z"].map(|line| text(&run(&sandbox, line).stdout));
    assert!(changed[0].contains("size: z") && changed[0] == changed[1]);
}

#[test]
fn processes_share_a_cache() {
    let sandbox = Sandbox::new();
    project(&sandbox, 30);
    let plain = text(&run(&sandbox, "template -e one r0 r1 r2 r3 r4 r5 r6 r7 r8 r9").stdout);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let outcome =
                        run(&sandbox, "template -e one r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 --cache cache --cache-size 1");
                    assert_eq!((outcome.exit, text(&outcome.stdout)), (0, plain.clone()));
                }
            });
        }
    });
    assert_eq!(entries(&sandbox).len(), 10);
}

/// A command that goes on, and what it printed so far.
struct Watching {
    child: Child,
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Watching {
    fn begin(sandbox: &Sandbox, line: &str) -> Watching {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rhelm"))
            .args(line.split(' '))
            .current_dir(&sandbox.base)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("rhelm starts");
        let printed: Arc<Mutex<Vec<u8>>> = Arc::default();
        for mut stream in [
            Box::new(child.stdout.take().expect("stdout")) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().expect("stderr")),
        ] {
            let printed = printed.clone();
            std::thread::spawn(move || {
                // As it was written: byte by byte both would lie in each other.
                let mut part = vec![0; 1 << 16];
                while let Ok(n @ 1..) = stream.read(&mut part) {
                    printed.lock().expect("no panic").extend_from_slice(&part[..n]);
                }
            });
        }
        Watching { child, printed }
    }

    /// Waits for a text, and forgets what was printed.
    fn await_text(&self, wanted: &str) -> String {
        let start = Instant::now();
        loop {
            let seen = text(&self.printed.lock().expect("no panic"));
            if seen.contains(wanted) {
                // What belongs to it comes at once.
                std::thread::sleep(Duration::from_millis(100));
                return text(&std::mem::take(&mut *self.printed.lock().expect("no panic")));
            }
            assert!(start.elapsed() < LIMIT, "waited for {wanted}, and there was {seen}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watching_renders_what_a_saved_file_touches() {
    let sandbox = Sandbox::new();
    project(&sandbox, 2);
    sandbox.write(
        "rhelm.yaml",
        "environments: {one: {}}\nreleases:\n  a: {chart: web, values: a.yaml}\n  b: {chart: web, values: b.yaml}\n",
    );
    sandbox.write("a.yaml", "size: a1\n");
    sandbox.write("b.yaml", "size: b1\n");
    let watching = Watching::begin(&sandbox, "template -e one --watch");
    let first = watching.await_text("watching");
    assert!(first.contains("{size: a1}") && first.contains("{size: b1}"), "{first}");
    sandbox.write("b.yaml", "size: b2\n");
    let second = watching.await_text("{size: b2}");
    assert!(!second.contains("{name: a}"), "{second}");
    // A mistake is told, and mended.
    sandbox.write("web/templates/a.yaml", "{{ nope }}");
    watching.await_text("nope");
    sandbox.write(
        "web/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\ndata: {new: {{ .Values.size }}}\n",
    );
    let third = watching.await_text("{new: b2}");
    assert!(third.contains("{new: a1}"), "{third}");
    // A layer that comes to be, a file that is replaced as editors do it, and the project itself.
    sandbox.write("web/values.yaml", "size: s\nmore: 1\n");
    watching.await_text("{new: b2}");
    fs::write(sandbox.base.join("a.tmp"), "size: a2\n").expect("written");
    fs::rename(sandbox.base.join("a.tmp"), sandbox.base.join("a.yaml")).expect("moved");
    watching.await_text("{new: a2}");
    // What goes and comes back, and where a link leads.
    fs::remove_dir_all(sandbox.base.join("web/templates")).expect("removed");
    std::thread::sleep(Duration::from_millis(300));
    sandbox.write(
        "web/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\ndata: {again: {{ .Values.size }}}\n",
    );
    watching.await_text("{again: a2}");
    sandbox.write("far/b.yaml", "size: far\n");
    fs::remove_file(sandbox.base.join("b.yaml")).expect("removed");
    std::os::unix::fs::symlink("far/b.yaml", sandbox.base.join("b.yaml")).expect("linked");
    watching.await_text("{again: far}");
    sandbox.write("far/b.yaml", "size: farther\n");
    watching.await_text("{again: farther}");
    sandbox.write("rhelm.yaml", "environments: {one: {set: {size: all}}}\nreleases:\n  a: {chart: web}\n");
    watching.await_text("{again: all}");
}

#[test]
fn watching_as_helm_and_comparing() {
    let sandbox = Sandbox::new();
    project(&sandbox, 2);
    sandbox.write("v.yaml", "size: v1\n");
    let plain = Watching::begin(&sandbox, "template name web -f v.yaml --watch");
    plain.await_text("watching");
    sandbox.write("v.yaml", "size: v2\n");
    plain.await_text("{size: v2}");
    assert_eq!(run(&sandbox, "save one").exit, 0);
    let diff = Watching::begin(&sandbox, "diff one r0 r1 --watch");
    diff.await_text("watching");
    sandbox.write(
        "web/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\ndata: {size: new}\n",
    );
    let shown = diff.await_text("+ data: {size: new}");
    assert!(shown.contains("- data: {size: s0}"), "{shown}");
}
