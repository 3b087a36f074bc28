//! Clusters that are slow, half dead, or forbid things: each is told clearly, with exit code 1, in time. The cluster is a
//! small server of HTTP on the loopback; what a real one does is compared in CI.
#![cfg(feature = "cluster")]

use crate::sandbox::{Outcome, Sandbox};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How the server answers a request.
#[derive(Clone)]
enum Answer {
    /// A status and a body.
    Is(u16, String),
    /// The first so many times 429, with `Retry-After: 0`; then the body.
    Busy(usize, String),
    /// Nothing, for so long.
    Late(Duration),
    /// The beginning of a body, and the connection ends.
    Cut(String),
}

/// A server, and the requests that it got.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers by the longest path that a request begins with; what is no GET has its method before the path.
    fn start(answers: &[(&str, Answer)]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<(String, Answer)> = answers.iter().map(|(path, a)| ((*path).to_owned(), a.clone())).collect();
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (answers.clone(), seen.clone());
                std::thread::spawn(move || serve(stream, &answers, &seen));
            }
        });
        Server { url, requests }
    }

    fn run(&self, args: &[&str]) -> (Outcome, Duration) {
        let sandbox = Sandbox::capped();
        self.run_in(&sandbox, args)
    }

    fn run_in(&self, sandbox: &Sandbox, args: &[&str]) -> (Outcome, Duration) {
        let mut words: Vec<String> = args.iter().map(|s| (*s).to_owned()).collect();
        words.extend(["--kube-apiserver".to_owned(), self.url.clone()]);
        let start = Instant::now();
        let outcome = sandbox.run(&words, false, b"", Duration::from_secs(30));
        (outcome, start.elapsed())
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: &[(String, Answer)], seen: &Mutex<Vec<String>>) {
    loop {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut line = String::new();
        let mut length = 0;
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let before = {
            let mut seen = seen.lock().unwrap();
            let asked = format!("{method} {path}");
            seen.push(asked.clone());
            seen.iter().filter(|other| **other == asked).count()
        };
        let asked = if method == "GET" { path.to_owned() } else { format!("{method} {path}") };
        let found = answers.iter().filter(|(start, _)| asked.starts_with(start.as_str())).max_by_key(|(s, _)| s.len());
        let missing = Answer::Is(404, status(404, "not found"));
        let (code, body) = match found.map_or(&missing, |(_, answer)| answer) {
            Answer::Is(code, body) => (*code, body.clone()),
            Answer::Busy(times, _) if before <= *times => (429, status(429, "too many requests")),
            Answer::Busy(_, body) => (200, body.clone()),
            Answer::Late(wait) => {
                std::thread::sleep(*wait);
                return;
            }
            Answer::Cut(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len() + 100);
                let _ = stream.write_all((head + body).as_bytes());
                return;
            }
        };
        let head = format!("HTTP/1.1 {code} X\r\nRetry-After: 0\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn status(code: u16, message: &str) -> String {
    format!(r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","code":{code},"message":"{message}"}}"#)
}

fn base64(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    rhelm::go::base64::encode(&mut out, bytes);
    String::from_utf8(out).unwrap()
}

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A Secret that holds a record.
fn secret(name: &str, revision: i64, held: &[u8]) -> String {
    let held = base64(base64(held).as_bytes());
    format!(
        r#"{{"metadata":{{"name":"sh.helm.release.v1.{name}.v{revision}","labels":{{"name":"{name}"}}}},"data":{{"release":"{held}"}}}}"#
    )
}

fn record(name: &str, revision: i64) -> Vec<u8> {
    record_with(name, revision, "{}")
}

fn record_with(name: &str, revision: i64, config: &str) -> Vec<u8> {
    zipped(
        format!(
            r#"{{"name":"{name}","version":{revision},"namespace":"default","config":{config},"info":{{"status":"deployed"}},"manifest":"---\n# Source: c/templates/a.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: \"{revision}\"\n"}}"#
        )
        .as_bytes(),
    )
}

fn list(items: &[String], next: &str) -> String {
    format!(
        r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{"continue":"{next}"}},"items":[{}]}}"#,
        items.join(",")
    )
}

const SECRETS: &str = "/api/v1/namespaces/default/secrets";

/// The command fails with exit code 1, nothing on stdout, and these words; and in time.
#[track_caller]
fn fails(args: &[&str], answers: &[(&str, Answer)], words: &[&str]) {
    let server = Server::start(answers);
    let (outcome, took) = server.run(args);
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(outcome.exit, 1, "{args:?}: {stderr}");
    assert!(outcome.stdout.is_empty(), "{args:?} wrote to stdout");
    for word in words {
        assert!(stderr.contains(word), "{args:?}: no `{word}` in: {stderr}");
    }
    assert!(took < Duration::from_secs(20), "{args:?} took {took:?}");
    nothing_written(&server);
}

/// Requests are GET, or dry runs.
#[track_caller]
fn nothing_written(server: &Server) {
    for request in server.requests() {
        let rehearsed = request.starts_with("PATCH ") && request.contains("?dryRun=All&");
        assert!(request.starts_with("GET ") || rehearsed, "rhelm sent {request}");
    }
}

#[test]
fn what_forbids_and_fails() {
    let forbidden = Answer::Is(403, status(403, "secrets is forbidden: User x cannot list"));
    fails(
        &["list"],
        &[(SECRETS, forbidden.clone())],
        &["does not allow to list secrets in namespace `default`", "resources: [\"secrets\"], verbs: [\"list\"]"],
    );
    fails(
        &["get", "manifest", "r", "--revision", "2"],
        &[(SECRETS, forbidden)],
        &["get secrets `sh.helm.release.v1.r.v2`", "verbs: [\"get\"]"],
    );
    let unauthorized = Answer::Is(401, status(401, "Unauthorized"));
    fails(&["list"], &[(SECRETS, unauthorized)], &["does not accept these credentials", "log in"]);
    fails(&["list"], &[(SECRETS, Answer::Is(500, status(500, "etcd is gone")))], &["(500)", "etcd is gone"]);
    fails(&["list"], &[(SECRETS, Answer::Is(200, "<html>login</html>".to_owned()))], &["no JSON"]);
    fails(&["list"], &[(SECRETS, Answer::Is(200, "[1]".to_owned()))], &["no object"]);
    fails(&["list"], &[(SECRETS, Answer::Is(302, String::new()))], &["(302)"]);
}

#[test]
fn what_is_slow_or_breaks_off() {
    let late = Answer::Late(Duration::from_secs(25));
    fails(&["list", "--request-timeout", "1s"], &[(SECRETS, late)], &["cannot be reached", "no answer within 1 s"]);
    let cut = Answer::Cut(list(&[], ""));
    fails(&["list", "--request-timeout", "5s"], &[(SECRETS, cut)], &["the answer broke off"]);
    // A list that breaks off on its second page is no list.
    let first = list(&[secret("a", 1, &record("a", 1))], "two");
    fails(
        &["list", "--request-timeout", "5s"],
        &[
            (SECRETS, Answer::Is(200, first)),
            (&format!("{SECRETS}?limit=250&labelSelector=owner%3Dhelm&continue=two"), Answer::Cut(String::new())),
        ],
        &["the answer broke off"],
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::start(&[(SECRETS, Answer::Busy(2, list(&[secret("a", 3, &record("a", 3))], "")))]);
    let (outcome, _) = server.run(&["list", "-q"]);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "a\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn pages_are_put_together() {
    let page = |name: &str, next: &str| Answer::Is(200, list(&[secret(name, 1, &record(name, 1))], next));
    let second = format!("{SECRETS}?limit=250&labelSelector=owner%3Dhelm&continue=a%2Fb");
    let server = Server::start(&[(SECRETS, page("one", "a/b")), (&second, page("two", ""))]);
    let (outcome, _) = server.run(&["list", "-q"]);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "one\ntwo\n");
}

#[test]
fn records_that_nobody_should_trust() {
    let mut cut = record("cut", 1);
    cut.truncate(cut.len() / 2);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..400 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let deep = zipped("[".repeat(1_000_000).as_bytes());
    let foreign = zipped(b"{\"kind\":\"Deployment\"}");
    let odd = zipped(b"{\"name\":\"odd\",\"version\":\"x\",\"info\":{}}");
    let held: [(&str, &[u8], &str); 6] = [
        ("cut", &cut, "unexpected EOF"),
        ("bomb", &bomb, "unpacks to more than 128 MiB"),
        ("deep", &deep, "exceeded max depth"),
        ("foreign", &foreign, "it is no release"),
        ("odd", &odd, "`version` is no integer"),
        ("text", b"just text", "invalid character"),
    ];
    let mut items: Vec<String> = held.iter().map(|(name, bytes, _)| secret(name, 1, bytes)).collect();
    items.push(r#"{"metadata":{"name":"empty"},"data":{}}"#.to_owned());
    items.push(r#"{"metadata":{"name":"plain"},"data":{"release":"%%%"}}"#.to_owned());
    items.push(secret("good", 1, &record("good", 1)));
    let server = Server::start(&[(SECRETS, Answer::Is(200, list(&items, "")))]);
    let (outcome, _) = server.run(&["list", "-q"]);
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!((outcome.exit, String::from_utf8_lossy(&outcome.stdout).as_ref()), (0, "good\n"), "{stderr}");
    for (name, _, why) in held {
        let line = stderr.lines().find(|line| line.contains(&format!(".{name}.v1`"))).unwrap_or_default();
        assert!(line.contains(why), "{name}: no `{why}` in: {stderr}");
    }
    assert!(stderr.contains("`empty` cannot be read: it has no key `release`"), "{stderr}");
    assert!(stderr.contains("`plain` cannot be read: illegal base64 data at input byte 0"), "{stderr}");
    // Asked for by itself it is an error.
    let server = Server::start(&[(SECRETS, Answer::Is(200, secret("cut", 1, &cut)))]);
    let (outcome, _) = server.run(&["get", "manifest", "cut", "--revision", "1"]);
    assert_eq!(outcome.exit, 1);
    assert!(outcome.stdout.is_empty());
}

#[test]
fn a_stored_release_against_what_an_upgrade_would_render() {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write(
        "c/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: \"{{ .Values.v | default .Release.Revision }}\"\n  \
         {{ if .Release.IsInstall }}new: y{{ end }}",
    );
    let resources = r#"{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true}]}"#;
    let second = record_with("r", 2, r#"{"v":2,"token":"hidden"}"#);
    let answers = [
        ("/version", Answer::Is(200, r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#.to_owned())),
        ("/api", Answer::Is(200, r#"{"versions":["v1"]}"#.to_owned())),
        ("/apis", Answer::Is(200, r#"{"groups":[]}"#.to_owned())),
        ("/api/v1", Answer::Is(200, resources.to_owned())),
        (SECRETS, Answer::Is(200, list(&[secret("r", 1, &record("r", 1)), secret("r", 2, &second)], ""))),
        ("/api/v1/namespaces/default/secrets/sh.", Answer::Is(404, status(404, "not found"))),
        (
            "/api/v1/namespaces/default/secrets/sh.helm.release.v1.r.v1",
            Answer::Is(200, secret("r", 1, &record("r", 1))),
        ),
    ];
    let server = Server::start(&answers);
    let diff = |more: &[&str]| {
        let args = ["diff", "r", "--chart", "c", "-o", "paths", "--detailed-exitcode"];
        let (outcome, _) = server.run_in(&sandbox, &[&args, more].concat());
        (
            outcome.exit,
            String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr),
        )
    };
    // Revision 3 would be an upgrade of 2.
    let (exit, said) = diff(&["--against", "live"]);
    assert_eq!(exit, 2, "{said}");
    assert!(said.contains("data.v"), "{said}");
    assert!(said.contains('3'), "{said}");
    assert!(!said.contains("new"), "{said}");
    // What somebody set by hand is seen, and that Helm would keep it is told, without the values.
    assert!(
        said.contains("Helm would keep those of revision 2 (token, v), unless upgraded with --reset-values"),
        "{said}"
    );
    assert!(!said.contains("hidden"), "{said}");
    let (exit, said) = diff(&["--against", "live", "--set", "v=2"]);
    assert_eq!(exit, 0, "{said}");
    assert!(!said.contains("keep"), "{said}");
    assert_eq!(diff(&["--against", "live:1", "--set", "v=1"]).0, 0);
    let (exit, said) = diff(&["--against", "live:7"]);
    assert_eq!(exit, 1);
    assert!(said.contains("no revision 7"), "{said}");
    nothing_written(&server);
    // What is uninstalled would be installed anew, as revision 1, and keeps no values.
    let mut text = String::new();
    flate2::read::GzDecoder::new(second.as_slice()).read_to_string(&mut text).unwrap();
    let gone = zipped(text.replace("deployed", "uninstalled").as_bytes());
    let answers = answers.map(|(path, answer)| match path {
        SECRETS => (path, Answer::Is(200, list(&[secret("r", 2, &gone)], ""))),
        _ => (path, answer),
    });
    let server = Server::start(&answers);
    let (outcome, _) = server.run_in(&sandbox, &["diff", "r", "--chart", "c", "-o", "paths", "--against", "live"]);
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr);
    assert!(said.contains(r#""2" → "1""#) && said.contains("data.new") && !said.contains("would keep"), "{said}");
}

#[test]
fn what_a_cluster_says_for_itself_cannot_be_said_beside_it() {
    let server = Server::start(&[]);
    for (flag, value) in [("--kube-version", "1.30"), ("--api-versions", "x/v1")] {
        let (outcome, _) = server.run(&["diff", "r", "--chart", "c", "--against", "live", flag, value]);
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.exit, 1, "{said}");
        assert!(said.contains(flag), "{said}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn definitions_that_a_cluster_may_not_have_yet() {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/templates/a.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n");
    let definition = "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {name: d}\n";
    sandbox.write("c/crds/d.yaml", definition);
    let core = r#"{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true}]}"#;
    let group =
        r#"{"groups":[{"name":"apiextensions.k8s.io","versions":[{"groupVersion":"apiextensions.k8s.io/v1"}]}]}"#;
    let definitions = r#"{"resources":[{"name":"crds","kind":"CustomResourceDefinition","namespaced":false}]}"#;
    let answers = [
        ("/version", Answer::Is(200, r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#.to_owned())),
        ("/api", Answer::Is(200, r#"{"versions":["v1"]}"#.to_owned())),
        ("/apis", Answer::Is(200, group.to_owned())),
        ("/api/v1", Answer::Is(200, core.to_owned())),
        ("/api/v1/namespaces/", Answer::Is(404, status(404, "not found"))),
        ("/apis/apiextensions.k8s.io/v1", Answer::Is(200, definitions.to_owned())),
        ("/apis/apiextensions.k8s.io/v1/crds/d", Answer::Is(404, status(404, "not found"))),
    ];
    let warning = "level=WARN msg=\"This chart or one of its subcharts contains CRDs. Rendering may fail or contain \
                   inaccuracies.\"\n";
    for (more, told, asked) in [
        (["--debug=false"].as_slice(), true, false),
        (&["--skip-crds"], false, false),
        (&["--include-crds"], true, true),
        (&["--include-crds", "--skip-crds"], false, true),
    ] {
        let server = Server::start(&answers);
        let (outcome, _) = server.run_in(&sandbox, &[&["template", "r", "c", "--dry-run=server"], more].concat());
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.exit, 0, "{said}");
        assert_eq!(said == warning, told, "{more:?}: {said}");
        assert_eq!(said.is_empty(), !told, "{more:?}: {said}");
        let was_asked = server.requests().iter().any(|request| request.contains("/crds/d"));
        assert_eq!(was_asked, asked, "{more:?}: {:?}", server.requests());
    }
}

/// A cluster with the ConfigMap `a` of the release `r`, whose data it gives, and an answer to its dry run.
fn cluster(data: &str, dry_run: Answer, apply_method: &str) -> Vec<(String, Answer)> {
    let held = zipped(
        format!(
            r#"{{"name":"r","version":1,"namespace":"default","apply_method":"{apply_method}","info":{{"status":"deployed"}},"manifest":"---\n# Source: c/templates/a.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: \"1\"\n  old: x\n"}}"#
        )
        .as_bytes(),
    );
    let resources = r#"{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true}]}"#;
    [
        ("/version", Answer::Is(200, r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#.to_owned())),
        ("/api", Answer::Is(200, r#"{"versions":["v1"]}"#.to_owned())),
        ("/apis", Answer::Is(200, r#"{"groups":[]}"#.to_owned())),
        ("/api/v1", Answer::Is(200, resources.to_owned())),
        (SECRETS, Answer::Is(200, list(&[secret("r", 1, &held)], ""))),
        (A, Answer::Is(200, live(data))),
        (&format!("PATCH {A}"), dry_run),
    ]
    .map(|(path, answer)| (path.to_owned(), answer))
    .to_vec()
}

const A: &str = "/api/v1/namespaces/default/configmaps/a";

/// The ConfigMap as a server gives it.
fn live(data: &str) -> String {
    format!(
        r#"{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"a","namespace":"default","uid":"u","resourceVersion":"7","managedFields":[],"labels":{{"app.kubernetes.io/managed-by":"Helm"}},"annotations":{{"meta.helm.sh/release-name":"r","meta.helm.sh/release-namespace":"default"}}}},"data":{data}}}"#
    )
}

/// What `diff r --against cluster` says of a chart that wants `v: "2"`, on stdout and on stderr; and the requests.
fn against_cluster(answers: &[(String, Answer)], more: &[&str]) -> (i32, String, String, Vec<String>) {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    sandbox.write("c/values.yaml", "v: 2\n");
    sandbox.write(
        "c/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: {{ .Values.v | quote }}\n",
    );
    let answers: Vec<(&str, Answer)> = answers.iter().map(|(path, answer)| (path.as_str(), answer.clone())).collect();
    let server = Server::start(&answers);
    let args = ["diff", "r", "--chart", "c", "--against", "cluster", "-o", "paths", "--detailed-exitcode"];
    let (outcome, took) = server.run_in(&sandbox, &[&args, more].concat());
    assert!(took < Duration::from_secs(20), "it took {took:?}");
    nothing_written(&server);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (outcome.exit, text(&outcome.stdout), text(&outcome.stderr), server.requests())
}

fn patches(requests: &[String]) -> Vec<&str> {
    requests.iter().filter(|request| request.starts_with("PATCH")).map(String::as_str).collect()
}

const FORBIDDEN: &str = "User x cannot patch resource configmaps";

#[test]
fn a_cluster_says_what_an_upgrade_would_make() {
    let answer = |data: &str| Answer::Is(200, live(data));
    // The server has the last word: what others put there stays, and what only the revision wanted goes.
    let answers = cluster(r#"{"v":"1","old":"x","hand":"y"}"#, answer(r#"{"v":"2","hand":"y"}"#), "ssa");
    let (exit, said, stderr, requests) = against_cluster(&answers, &[]);
    assert_eq!((exit, stderr.as_str()), (2, ""));
    assert_eq!(said, "- default/ConfigMap/a data.old: \"x\"\n~ default/ConfigMap/a data.v: \"1\" → \"2\"\n");
    assert_eq!(patches(&requests), [format!("PATCH {A}?dryRun=All&fieldManager=helm")]);
    // What is as it should be is no difference.
    let answers = cluster(r#"{"v":"2"}"#, answer(r#"{"v":"2"}"#), "ssa");
    assert_eq!(against_cluster(&answers, &[]).0, 0);
    // What the chart says as before was changed by somebody else.
    let answers = cluster(r#"{"v":"9","old":"x"}"#, answer(r#"{"v":"1"}"#), "ssa");
    let (_, said, _, _) = against_cluster(&answers, &["--set", "v=1"]);
    let drift = "~ default/ConfigMap/a data.v: \"9\" → \"1\"   drift: changed in the cluster, not by the chart\n";
    assert!(said.ends_with(drift) && said.matches("drift").count() == 1, "{said}");
    // Nothing differs from what the chart wants, so Helm 3 would send nothing.
    let answers = cluster(r#"{"v":"2"}"#, Answer::Is(500, String::new()), "");
    let (exit, _, _, requests) = against_cluster(&answers, &[]);
    assert_eq!((exit, patches(&requests).len()), (0, 0));
}

#[test]
fn what_is_to_be_added_and_destroyed() {
    let mut answers = cluster("{}", Answer::Is(201, live(r#"{"v":"2"}"#)), "ssa");
    answers.iter_mut().filter(|(path, _)| path == A).for_each(|(_, a)| *a = Answer::Is(404, status(404, "not found")));
    let (exit, said, stderr, _) = against_cluster(&answers, &["-o", "summary"]);
    assert_eq!((exit, stderr.as_str()), (2, ""));
    assert!(
        said.contains("to be added.   (drift)") && said.contains("Plan: 1 to add, 0 to change, 0 to destroy"),
        "{said}"
    );
    // A name that the release had, and the chart has not.
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    let answers = cluster(r#"{"v":"1"}"#, Answer::Is(500, String::new()), "ssa");
    let server = Server::start(&answers.iter().map(|(p, a)| (p.as_str(), a.clone())).collect::<Vec<_>>());
    let (outcome, _) = server.run_in(&sandbox, &["diff", "r", "--chart", "c", "--against", "cluster", "-o", "summary"]);
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(said.contains("Plan: 0 to add, 0 to change, 1 to destroy"), "{said}");
    nothing_written(&server);
}

#[test]
fn where_no_dry_run_is_to_be_had() {
    let data = r#"{"v":"1","old":"x","hand":"y"}"#;
    let changes = "- default/ConfigMap/a data.old: \"x\"\n~ default/ConfigMap/a data.v: \"1\" → \"2\"\n";
    for method in ["ssa", "csa", ""] {
        // Whoever may not is told which rule is missing, and the fields that are spoken of are compared.
        let answers = cluster(data, Answer::Is(403, status(403, FORBIDDEN)), method);
        let (exit, said, stderr, _) = against_cluster(&answers, &[]);
        assert_eq!((exit, said.as_str()), (2, changes), "{stderr}");
        assert!(stderr.contains("does not allow a dry run of configmaps"), "{stderr}");
        assert!(stderr.contains("apiGroups: [\"\"], resources: [\"configmaps\"], verbs: [\"patch\"]"), "{stderr}");
        // A server that refuses the object says why.
        for (code, why) in
            [(422, "data.v: Invalid value"), (500, "field not declared in schema"), (415, "no such type")]
        {
            let answers = cluster(data, Answer::Is(code, status(code, why)), method);
            let (exit, said, stderr, requests) = against_cluster(&answers, &[]);
            assert_eq!(exit, 2, "{stderr}");
            assert!(stderr.contains(&format!("the cluster would refuse it: {why}")), "{stderr}");
            assert!(said.contains("! the cluster would refuse it"), "{said}");
            assert!((1..=2).contains(&patches(&requests).len()), "{requests:?}");
        }
    }
}

#[test]
fn fields_of_other_managers() {
    let conflict = "Apply failed with 1 conflict: conflict with kubectl-edit: .data.v";
    let mut answers = cluster(r#"{"v":"9"}"#, Answer::Is(409, status(409, conflict)), "ssa");
    let forced = format!("PATCH {A}?dryRun=All&fieldManager=helm&force=true");
    answers.push((forced.clone(), Answer::Is(200, live(r#"{"v":"2"}"#))));
    let (exit, said, stderr, requests) = against_cluster(&answers, &[]);
    assert_eq!(exit, 2, "{stderr}");
    assert!(said.contains("\"9\" → \"2\""), "{said}");
    assert!(stderr.contains(conflict) && stderr.contains("--force-conflicts"), "{stderr}");
    assert_eq!(patches(&requests).last(), Some(&forced.as_str()));
}

#[test]
fn clusters_that_do_not_say_what_they_hold() {
    let fine = || Answer::Is(200, live(r#"{"v":"2"}"#));
    let with = |path: &str, answer: Answer| {
        let mut answers = cluster(r#"{"v":"1"}"#, fine(), "ssa");
        answers.retain(|(other, _)| other != path);
        answers.push((path.to_owned(), answer));
        answers
    };
    let patch = format!("PATCH {A}");
    let short = ["--request-timeout", "1s"];
    let forbidden = Answer::Is(403, status(403, "configmaps is forbidden: User x cannot get"));
    for (path, answer, words) in [
        (A, forbidden, vec!["does not allow to get configmaps `a` in namespace `default`", "verbs: [\"get\"]"]),
        (A, Answer::Late(Duration::from_secs(25)), vec!["cannot be reached", "no answer within 1 s"]),
        (A, Answer::Cut("{".to_owned()), vec!["the answer broke off"]),
        (A, Answer::Is(200, "<html>".to_owned()), vec!["no JSON"]),
        (A, Answer::Is(401, status(401, "Unauthorized")), vec!["does not accept these credentials"]),
        (&patch, Answer::Late(Duration::from_secs(25)), vec!["cannot be reached", "no answer within 1 s"]),
        (&patch, Answer::Cut("{".to_owned()), vec!["the answer broke off"]),
        (&patch, Answer::Is(200, "[]".to_owned()), vec!["could not patch configmaps `a`", "no object"]),
        (&patch, Answer::Is(503, status(503, "going down")), vec!["could not patch configmaps `a`", "(503)"]),
    ] {
        let (exit, said, stderr, _) = against_cluster(&with(path, answer), &short);
        assert_eq!((exit, said.as_str()), (1, ""), "{path}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "{path}: no `{word}` in: {stderr}");
        }
    }
    // One that is busy is asked again.
    let (exit, _, stderr, requests) = against_cluster(&with(&patch, Answer::Busy(2, live(r#"{"v":"2"}"#))), &[]);
    assert_eq!((exit, patches(&requests).len()), (2, 3), "{stderr}");
}

/// A record of the release `r` with a status and a manifest.
fn revision(number: i64, status: &str, manifest: &str) -> String {
    let manifest = manifest.replace('"', "\\\"").replace('\n', "\\n");
    let text = format!(
        r#"{{"name":"r","version":{number},"namespace":"default","apply_method":"ssa","info":{{"status":"{status}"}},"manifest":"{manifest}"}}"#
    );
    secret("r", number, &zipped(text.as_bytes()))
}

fn map(value: &str) -> String {
    format!("---\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: \"{value}\"\n")
}

/// The same cluster with other records.
fn with_records(data: &str, dry_run: Answer, records: &[String]) -> Vec<(String, Answer)> {
    let mut answers = cluster(data, dry_run, "ssa");
    answers.retain(|(path, _)| path != SECRETS);
    answers.push((SECRETS.to_owned(), Answer::Is(200, list(records, ""))));
    answers
}

#[test]
fn what_helm_would_refuse_is_told() {
    let fine = || Answer::Is(200, live(r#"{"v":"2"}"#));
    for (status, words) in [
        ("pending-upgrade", "another operation (install/upgrade/rollback) is in progress; its last revision 2 is"),
        ("failed", ""),
    ] {
        let records = [revision(1, "deployed", &map("1")), revision(2, status, &map("2"))];
        let (exit, _, stderr, _) = against_cluster(&with_records(r#"{"v":"1"}"#, fine(), &records), &[]);
        assert_eq!(exit, 2, "{stderr}");
        assert!(stderr.contains(words) && stderr.is_empty() == words.is_empty(), "{stderr}");
    }
    // Of what is uninstalled nothing is to be destroyed: it would be installed anew.
    let gone = map("1").replace("name: a", "name: b");
    let records = [revision(1, "uninstalled", &(map("1") + &gone))];
    let (_, said, stderr, _) = against_cluster(&with_records(r#"{"v":"1"}"#, fine(), &records), &["-o", "summary"]);
    assert!(stderr.contains("refuse the upgrade: \"r\" has no deployed releases; its last revision 1 is"), "{stderr}");
    assert!(said.ends_with("Plan: 0 to add, 1 to change, 0 to destroy\n"), "{said}");
}

#[test]
fn what_a_failed_upgrade_did_is_no_drift() {
    let records = [revision(1, "deployed", &map("1")), revision(2, "failed", &map("5"))];
    let after = || Answer::Is(200, live(r#"{"v":"1"}"#));
    let (_, said, _, _) = against_cluster(&with_records(r#"{"v":"5"}"#, after(), &records), &["--set", "v=1"]);
    assert_eq!(said, "~ default/ConfigMap/a data.v: \"5\" → \"1\"\n");
    let (_, said, _, _) = against_cluster(&with_records(r#"{"v":"9"}"#, after(), &records), &["--set", "v=1"]);
    assert!(said.contains("drift"), "{said}");
}

#[test]
fn objects_that_others_have_or_that_go() {
    let other =
        live(r#"{"v":"1"}"#).replace(r#""meta.helm.sh/release-name":"r""#, r#""meta.helm.sh/release-name":"x""#);
    let leaving =
        live(r#"{"v":"1"}"#).replace(r#""uid":"u""#, r#""uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z""#);
    for (body, words) in [
        (other, "it belongs to the release `x` in namespace `default`, and an upgrade takes it from there"),
        (leaving, "it is being deleted since 2026-01-01T00:00:00Z"),
    ] {
        let mut answers = cluster("{}", Answer::Is(200, live(r#"{"v":"2"}"#)), "ssa");
        answers.retain(|(path, _)| path != A);
        answers.push((A.to_owned(), Answer::Is(200, body)));
        let (exit, said, stderr, _) = against_cluster(&answers, &[]);
        assert_eq!(exit, 2, "{stderr}");
        assert!(stderr.contains(words) && said.contains(words), "{said}{stderr}");
    }
}

#[test]
fn places_that_are_not_there() {
    let sandbox = Sandbox::capped();
    sandbox.chart("c");
    let map = "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: b\n  namespace: nowhere\n";
    let role = "kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: c\n";
    sandbox.write("c/templates/a.yaml", format!("{map}---\n{role}"));
    // The role has a namespace in the last revision, which the cluster knows nothing of.
    let records = [revision(1, "deployed", &format!("---\n{role}  namespace: x\n"))];
    let mut answers = with_records("{}", Answer::Is(500, String::new()), &records);
    let group = r#"{"name":"rbac.authorization.k8s.io","versions":[{"groupVersion":"rbac.authorization.k8s.io/v1","version":"v1"}],"preferredVersion":{"groupVersion":"rbac.authorization.k8s.io/v1","version":"v1"}}"#;
    let roles = r#"{"resources":[{"name":"clusterroles","kind":"ClusterRole","namespaced":false}]}"#;
    let live_role = r#"{"kind":"ClusterRole","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"c","uid":"u","annotations":{"meta.helm.sh/release-name":"r","meta.helm.sh/release-namespace":"default"}}}"#;
    const ROLE: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/c";
    const LOST: &str = "PATCH /api/v1/namespaces/nowhere/configmaps/b";
    let lost = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":404,"reason":"NotFound","message":"namespaces \"nowhere\" not found"}"#;
    answers.retain(|(path, _)| path != "/apis");
    for (path, code, body) in [
        ("/apis", 200, format!(r#"{{"groups":[{group}]}}"#)),
        ("/apis/rbac.authorization.k8s.io/v1", 200, roles.to_owned()),
        (ROLE, 200, live_role.to_owned()),
        (&format!("PATCH {ROLE}"), 200, live_role.to_owned()),
        (LOST, 404, lost.to_owned()),
        ("/api/v1/namespaces/nowhere", 404, status(404, "not found")),
    ] {
        answers.push((path.to_owned(), Answer::Is(code, body)));
    }
    let server = Server::start(&answers.iter().map(|(p, a)| (p.as_str(), a.clone())).collect::<Vec<_>>());
    let (outcome, _) = server.run_in(&sandbox, &["diff", "r", "--chart", "c", "--against", "cluster", "-o", "summary"]);
    let (said, stderr) = (String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    assert!(stderr.contains("there is no namespace `nowhere` yet, so Helm could not make ConfigMap `b`"), "{stderr}");
    assert!(said.ends_with("Plan: 1 to add, 0 to change, 0 to destroy\n"), "{said}{stderr}");
    nothing_written(&server);
}
