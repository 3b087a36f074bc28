//! What a snapshot is whatever happens: the old text or the new one; and hooks in a plain git repository.

use crate::sandbox::Sandbox;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn saved(sandbox: &Sandbox, size: &str) -> String {
    let outcome = sandbox.run(&words(&format!("save one --set size={size}")), true, b"", LIMIT);
    assert_eq!(outcome.exit, 0, "{}", String::from_utf8_lossy(&outcome.stderr));
    std::fs::read_to_string(sandbox.base.join(".rhelm/one/web.yaml")).expect("a snapshot")
}

fn project(sandbox: &Sandbox) {
    sandbox.chart("web");
    sandbox.write("web/values.yaml", "size: s\n");
    let body = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  {{- range until 4000 }}\n  k{{ . }}: {{ $.Values.size }}\n  {{- end }}\n";
    sandbox.write("web/templates/a.yaml", body);
    sandbox.write("rhelm.yaml", "environments: {one: {}}\nreleases: {web: {chart: web}}\n");
}

#[test]
fn a_killed_save_leaves_the_old_or_the_new_snapshot() {
    let sandbox = Sandbox::new();
    project(&sandbox);
    let old = saved(&sandbox, "old");
    let start = Instant::now();
    let new = saved(&sandbox, "new");
    let whole = start.elapsed();
    assert_ne!(old, new);
    let mut seen = [0, 0];
    for i in 0..90 {
        let size = if i % 2 == 0 { "old" } else { "new" };
        let mut child = Command::new(env!("CARGO_BIN_EXE_rhelm"))
            .args(["save", "one", "--set", &format!("size={size}")])
            .current_dir(&sandbox.base)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rhelm starts");
        // Later each time, from the beginning to well past the end.
        let delay = whole * i / 40;
        std::thread::sleep(delay);
        let _ = child.kill();
        let _ = child.wait();
        let text = std::fs::read_to_string(sandbox.base.join(".rhelm/one/web.yaml")).expect("a snapshot");
        assert!(text == old || text == new, "killed after {delay:?}: neither the old nor the new");
        seen[usize::from(text == new)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    // What was killed leaves nothing behind once somebody saves again.
    saved(&sandbox, "third");
    let names: Vec<_> = std::fs::read_dir(sandbox.base.join(".rhelm/one")).expect("a folder").flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_snapshot_says_the_same_everywhere() {
    let texts: Vec<String> = (0..2)
        .map(|_| {
            let sandbox = Sandbox::new();
            project(&sandbox);
            sandbox.write("elsewhere/x", "");
            // From another folder, and with other line ends.
            let outcome = sandbox.run(&words("CWD=elsewhere save one"), true, b"", LIMIT);
            assert_eq!(outcome.exit, 0, "{}", String::from_utf8_lossy(&outcome.stderr));
            let here = std::fs::read_to_string(sandbox.base.join(".rhelm/one/web.yaml")).expect("a snapshot");
            sandbox.write(".rhelm/one/web.yaml", here.replace('\n', "\r\n"));
            let check = sandbox.run(&words("save one --check"), true, b"", LIMIT);
            assert_eq!((check.exit, check.stdout.as_slice()), (0, &b""[..]));
            let diff = sandbox.run(&words("diff one --detailed-exitcode"), true, b"", LIMIT);
            assert_eq!((diff.exit, diff.stdout.as_slice()), (0, &b""[..]));
            here
        })
        .collect();
    assert_eq!(texts[0], texts[1]);
}

/// Runs git in a sandbox; whether it went through, and what it said.
fn git(sandbox: &Sandbox, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(&sandbox.base)
        .envs(crate::sandbox::GIT)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env("RHELM_ERROR_FORMAT", "pretty")
        .output()
        .expect("git");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn commit(sandbox: &Sandbox) -> (bool, String) {
    git(sandbox, &["commit", "--quiet", "--message", "change"])
}

#[test]
fn a_plain_hook_judges_the_index() {
    let sandbox = Sandbox::new();
    sandbox.chart("web");
    sandbox.write("web/values.yaml", "size: s\n");
    let good = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {size: {{ include \"size\" . }}}\n";
    sandbox.write("web/templates/a.yaml", good);
    sandbox.write("web/templates/_size.tpl", "{{ define \"size\" }}{{ .Values.size }}{{ end }}");
    sandbox.write("rhelm.yaml", "environments: {one: {}}\nreleases: {web: {chart: web}}\n");
    // A chart of somebody else's that renders with no values of its own is not looked at.
    sandbox.chart("other");
    sandbox.write("other/templates/a.yaml", "{{ required \"never\" .Values.never }}");
    assert!(git(&sandbox, &["init", "--quiet"]).0);
    assert!(git(&sandbox, &["add", "--all"]).0);
    assert!(commit(&sandbox).0);
    let installed = sandbox.run(&words("hook install"), true, b"", LIMIT);
    assert_eq!((installed.exit, installed.stdout.as_slice()), (0, &b".git/hooks/pre-commit: written\n"[..]));

    // The work tree is broken, the index is not.
    sandbox.write("web/values.yaml", "size: m\n");
    assert!(git(&sandbox, &["add", "--all"]).0);
    sandbox.write("web/templates/a.yaml", "{{ if }}");
    let (passed, said) = commit(&sandbox);
    assert!(passed, "{said}");
    // Now the index is broken, too.
    assert!(git(&sandbox, &["add", "--all"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains("--> web/templates/a.yaml:1:7"), "{said}");
    // And the work tree is mended, but not staged.
    sandbox.write("web/templates/a.yaml", good);
    assert!(!commit(&sandbox).0);
    assert!(git(&sandbox, &["add", "--all"]).0);

    // A commit that only deletes a partial.
    assert!(git(&sandbox, &["rm", "--quiet", "--cached", "web/templates/_size.tpl"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains("no template is named \"size\""), "{said}");
    assert!(git(&sandbox, &["add", "--all"]).0);

    // Snapshots that are there are brought up to date, and the commit fails once.
    assert_eq!(sandbox.run(&words("save one"), true, b"", LIMIT).exit, 0);
    assert!(git(&sandbox, &["add", "--all"]).0);
    assert!(commit(&sandbox).0);
    sandbox.write("web/values.yaml", "size: l\n");
    assert!(git(&sandbox, &["add", "--all"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains(".rhelm/one/web.yaml: written"), "{said}");
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains(".rhelm/one/web.yaml: not staged"), "{said}");
    assert!(git(&sandbox, &["add", "--all"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(passed && said.is_empty(), "{said}");

    // A project that is no more leaves no snapshots.
    assert!(git(&sandbox, &["rm", "--quiet", "rhelm.yaml"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains(".rhelm/one/web.yaml: removed"), "{said}");
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains(".rhelm/one/web.yaml: not staged"), "{said}");
    assert!(git(&sandbox, &["add", "--all"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(passed && said.is_empty(), "{said}");

    // What no chart is made of costs nothing; a chart without a project is rendered by itself.
    sandbox.write("README.md", "more\n");
    assert!(git(&sandbox, &["add", "--all"]).0);
    assert!(commit(&sandbox).0);
    sandbox.write("other/values.yaml", "a: 1\n");
    assert!(git(&sandbox, &["add", "--all"]).0);
    let (passed, said) = commit(&sandbox);
    assert!(!passed && said.contains("never"), "{said}");

    // Another's hook is not overwritten.
    sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    assert_eq!(sandbox.run(&words("hook install"), true, b"", LIMIT).exit, 1);
}
