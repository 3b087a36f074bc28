//! Clusters that are slow, half dead, or forbid things: each is told clearly, with exit code 1, in time. The cluster is a
//! small server of HTTP on the loopback; what a real one does is compared in CI.
#![cfg(feature = "cluster")]

use crate::sandbox::{Outcome, Sandbox};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead, BufReader, Write};
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
    /// Answers by the longest path that a request begins with.
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
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            line.clear();
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.push(format!("{method} {path}"));
            seen.iter().filter(|other| other.ends_with(path)).count()
        };
        let found = answers.iter().filter(|(start, _)| path.starts_with(start.as_str())).max_by_key(|(s, _)| s.len());
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
    zipped(
        format!(
            r#"{{"name":"{name}","version":{revision},"namespace":"default","info":{{"status":"deployed"}},"manifest":"---\n# Source: c/templates/a.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  v: \"{revision}\"\n"}}"#
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
    for request in server.requests() {
        assert!(request.starts_with("GET "), "rhelm sent {request}");
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
    let answers = [
        ("/version", Answer::Is(200, r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#.to_owned())),
        ("/api", Answer::Is(200, r#"{"versions":["v1"]}"#.to_owned())),
        ("/apis", Answer::Is(200, r#"{"groups":[]}"#.to_owned())),
        ("/api/v1", Answer::Is(200, resources.to_owned())),
        (SECRETS, Answer::Is(200, list(&[secret("r", 1, &record("r", 1)), secret("r", 2, &record("r", 2))], ""))),
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
    assert_eq!(diff(&["--against", "live", "--set", "v=2"]).0, 0);
    assert_eq!(diff(&["--against", "live:1", "--set", "v=1"]).0, 0);
    let (exit, said) = diff(&["--against", "live:7"]);
    assert_eq!(exit, 1);
    assert!(said.contains("no revision 7"), "{said}");
    for request in server.requests() {
        assert!(request.starts_with("GET "), "rhelm sent {request}");
    }
}
