//! A stream that somebody printed or stored → manifests: `helm template`, `helm get manifest`, `kubectl get -o yaml`,
//! a snapshot.

use super::overrides::{json, value};
use super::{Document, Event, Manifests};
use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::text::Str;
use crate::yaml;
use bstr::ByteSlice;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What Helm writes above each document.
const SOURCE: &[u8] = b"# Source: ";

/// What only a server writes into an object's metadata.
const NOISE: [&str; 7] =
    ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink", "deletionTimestamp"];

/// Reads manifests. Documents begin behind lines that are `---`; a line `# Source: …` at their beginning names the template.
/// Files of a chart's `crds/` are told by that name, hooks by their annotation. Lists that a server gave are taken apart, and
/// what only a server writes (status, uid, managed fields, …) is left out of objects that have an uid.
///
/// # Errors
/// A document that is no YAML or no mapping, at its place.
pub fn read(text: &Str, path: &str) -> Result<Manifests, Error> {
    // It may hold Secrets: excerpts of it are masked as those of values are.
    let name = Source::VALUES.to_owned();
    let source = Arc::new(Source { name, path: path.to_owned(), text: text.clone(), origin: None });
    let mut manifests = Manifests::default();
    let mut in_crds = false;
    for (start, whole) in parts(text) {
        let (mut template, body) = template(whole);
        if is_empty(body) {
            continue;
        }
        let offset = start + whole.len() - body.len();
        let failed = |error: yaml::Error| {
            let at = (offset + error.offset.unwrap_or_default()).min(text.len());
            let message = format!("this is no manifest: {}", error.message);
            let at = Location { source: source.clone(), span: Span::new(at, at) };
            Error::from(Diagnostic::own(message).at(at))
        };
        // A file of `crds/` is one document for Helm, whatever it holds.
        if let (true, Some((before, _))) = (template.is_empty() && in_crds, manifests.crds.last()) {
            template.clone_from(before);
        }
        in_crds = is_crd_file(&template);
        if in_crds {
            manifests.crds.push((template, Str::from(body)));
            continue;
        }
        let head = yaml::head(body.trim_ascii_end()).map_err(failed)?;
        let kind = head.kind.to_string();
        let made = if kind.ends_with("List") || memchr::memmem::find(body, b"uid:").is_some() {
            server(body).map_err(failed)?
        } else {
            None
        };
        match made {
            Some(texts) => {
                for text in texts {
                    place(&mut manifests, &template, text).map_err(failed)?;
                }
            }
            None => place(&mut manifests, &template, Str::from(body)).map_err(failed)?,
        }
    }
    Ok(manifests)
}

/// The same for a text of which nobody knows what it is: something in it must be an object.
///
/// # Errors
/// Also where no document has a `kind`, at the first of them.
pub fn read_objects(text: &Str, path: &str) -> Result<Manifests, Error> {
    let manifests = read(text, path)?;
    let mut documents = manifests.resources.iter().chain(&manifests.hooks);
    let first = documents.next();
    if first.is_none_or(|first| !first.kind.is_empty()) || documents.any(|document| !document.kind.is_empty()) {
        return Ok(manifests);
    }
    let start = text.find_not_byteset(b" \t\r\n-").unwrap_or_default();
    let end = text.get(start..).and_then(|rest| rest.find_byteset(b"\r\n")).map_or(text.len(), |at| start + at);
    let source = Source { name: Source::VALUES.to_owned(), path: path.to_owned(), text: text.clone(), origin: None };
    let at = Location { source: Arc::new(source), span: Span::new(start, end) };
    let diagnostic = Diagnostic::own("this is no manifest: nothing in it has a `kind`").at(at);
    Err(diagnostic.fact("a manifest is what `helm template` or `kubectl get -o yaml` prints").into())
}

/// A text without its byte order mark; in UTF-8, if the mark says that it is in UTF-16.
pub fn decoded(text: &Str) -> Str {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units =
            bytes.chunks(2).map(|pair| unit([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match text.as_bytes() {
        [0xff, 0xfe, rest @ ..] => Str::from(units(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Str::from(units(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => Str::from(rest),
        _ => text.clone(),
    }
}

/// Puts a document where it belongs.
fn place(manifests: &mut Manifests, path: &str, text: Str) -> Result<(), yaml::Error> {
    let head = yaml::head(&text)?;
    let hook = head.annotation("helm.sh/hook").map(ToString::to_string);
    let (kind, name) = (head.kind.to_string(), head.name.to_string());
    let words = hook.iter().flat_map(|hook| hook.split(',')).map(|word| word.trim().to_lowercase());
    let events: Vec<Event> = words.filter_map(|word| Event::parse(&word)).collect();
    let document = Document { path: path.to_owned(), text: clean(&text).1, kind, name, events };
    if hook.is_some() {
        manifests.hooks.push(document)
    } else {
        manifests.resources.push(document)
    }
    Ok(())
}

/// The texts between lines `---`, and where each begins.
fn parts(text: &[u8]) -> Vec<(usize, &[u8])> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0_usize, 0_usize);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let rest = line.strip_prefix(b"---").map(<[u8]>::trim);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"#")) {
            parts.push((start, text.get(start..at).unwrap_or_default()));
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push((start, text.get(start..).unwrap_or_default()));
    parts
}

/// The template that a document names at its beginning, and the rest.
fn template(document: &[u8]) -> (String, &[u8]) {
    let trimmed = document.trim_start();
    match trimmed.strip_prefix(SOURCE) {
        Some(rest) => {
            let (line, rest) = rest.split_once_str("\n").unwrap_or((rest, b""));
            (String::from_utf8_lossy(line.trim()).into_owned(), rest)
        }
        None => (String::new(), document),
    }
}

fn is_crd_file(template: &str) -> bool {
    template.split('/').any(|part| part == "crds") && !template.split('/').any(|part| part == "templates")
}

/// Whether there is nothing but white space and comments.
pub(crate) fn is_empty(document: &[u8]) -> bool {
    document.lines().map(<[u8]>::trim).all(|line| line.is_empty() || line.starts_with(b"#") || line == b"...")
}

/// The objects of a list that has no name, or the object itself, without what only a server writes; none where
/// nothing is to be changed.
fn server(text: &[u8]) -> Result<Option<Vec<Str>>, yaml::Error> {
    let Some(root) = yaml::read(text)? else { return Ok(None) };
    let Ok(mut object) = json(&root) else { return Ok(None) };
    let named = object.pointer("/metadata/name").is_some();
    if let Some(Json::Array(mut items)) = object.get_mut("items").map(Json::take)
        && !named
    {
        // A list that a chart wrote stays as it is.
        let of_server = items.iter_mut().map(without_noise).fold(false, |any, one| any | one);
        return Ok(of_server.then(|| items.iter().filter_map(written).collect()));
    }
    // The list was taken for a moment.
    let Ok(mut object) = json(&root) else { return Ok(None) };
    Ok(if without_noise(&mut object) { written(&object).map(|text| vec![text]) } else { None })
}

/// An object as text.
pub(crate) fn written(object: &Json) -> Option<Str> {
    let text = yaml::emit(&value(object)).ok()?;
    Some(Str::from(text.strip_suffix(b"\n").unwrap_or(&text)))
}

/// Removes what only a server writes; tells whether it is an object of a server.
pub(crate) fn without_noise(object: &mut Json) -> bool {
    let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) else { return false };
    if !metadata.contains_key("uid") {
        return false;
    }
    for key in NOISE {
        metadata.remove(key);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations.remove("deployment.kubernetes.io/revision");
        annotations.remove("meta.helm.sh/release-name");
        annotations.remove("meta.helm.sh/release-namespace");
    }
    if metadata.get("annotations").and_then(Json::as_object).is_some_and(Map::is_empty) {
        metadata.remove("annotations");
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    true
}

/// A document's text as it is compared and stored, and the template that a line `# Source:` at its head names: without
/// separators, with line ends of one byte and exactly one at its end. Only where a block scalar keeps its last line ends
/// (`|+`) do those stay.
pub(crate) fn clean(text: &Str) -> (Option<String>, Str) {
    let mut source = None;
    let unified = memchr::memchr(b'\r', text).map(|_| text.replace("\r\n", "\n"));
    let text: &[u8] = unified.as_deref().unwrap_or(text);
    let mut rest = text;
    let mut kept: Vec<&[u8]> = Vec::new();
    loop {
        let end = rest.find_byte(b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        if line.is_empty() {
            break;
        }
        let words = line.trim_ascii_end();
        if let Some(path) = words.strip_prefix(SOURCE) {
            source.get_or_insert_with(|| path.to_str_lossy().into_owned());
        } else if words.starts_with(b"#") {
            kept.push(line);
        } else if !(words.is_empty() || words == b"---") {
            break;
        }
        rest = after;
    }
    let mut out = kept.concat();
    out.extend_from_slice(rest);
    if !keeps_line_ends(rest) {
        out.truncate(out.trim_ascii_end().len());
    }
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    (source, Str::from(out))
}

/// Whether there may be a block scalar that keeps its last line ends.
fn keeps_line_ends(text: &[u8]) -> bool {
    memchr::memchr_iter(b'+', text).any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let before = before
            .strip_suffix(&[before.last().copied().unwrap_or_default()])
            .filter(|_| before.last().is_some_and(u8::is_ascii_digit))
            .unwrap_or(before);
        matches!(before.last(), Some(b'|' | b'>'))
    })
}

/// Manifests as one text, the way they are stored: `crds/`, resources, hooks, each with its template.
pub fn stream(manifests: &Manifests) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |path: &str, text: &Str| {
        let (_, text) = clean(text);
        out.extend_from_slice(b"---\n");
        if !path.is_empty() {
            out.extend_from_slice(SOURCE);
            out.extend_from_slice(path.as_bytes());
            out.push(b'\n');
        }
        out.extend_from_slice(&text);
    };
    manifests.crds.iter().for_each(|(path, text)| add(path, text));
    manifests.resources.iter().chain(&manifests.hooks).for_each(|document| add(&document.path, &document.text));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str, text: &str) -> Document {
        let head = yaml::head(text.as_bytes()).unwrap();
        let (kind, name) = (head.kind.to_string(), head.name.to_string());
        let events = if text.contains("helm.sh/hook") { vec![Event::PreInstall] } else { Vec::new() };
        Document { path: path.into(), text: Str::from(text), kind, name, events }
    }

    #[test]
    fn what_is_written_comes_back() {
        let manifests = Manifests {
            crds: vec![("c/crds/x.yaml".into(), Str::from("a: 1\n---\nb: 2\n"))],
            resources: vec![
                document("c/templates/a.yaml", "# why\nkind: A\nmetadata: {name: a}\n"),
                document("c/templates/a.yaml", "kind: B\ndata: |\n  x\n  ---\n"),
                document("c/templates/a.yaml", "kind: B\ndata: |+\n  x\n\n\n"),
            ],
            hooks: vec![document(
                "c/templates/h.yaml",
                "kind: H\nmetadata: {annotations: {helm.sh/hook: pre-install}}\n",
            )],
        };
        let text = Str::from(stream(&manifests));
        let back = read(&text, "x").unwrap();
        let shown = |m: &Manifests| {
            let all = m.resources.iter().chain(&m.hooks).map(|d| (d.path.clone(), d.text.clone(), d.events.clone()));
            all.collect::<Vec<_>>()
        };
        assert_eq!(shown(&back), shown(&manifests));
    }

    #[test]
    fn lists_of_a_server_are_taken_apart() {
        let text = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: a, uid: x}\n  status: {}\n- kind: B\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";
        let read = read(&Str::from(text), "x").unwrap();
        let texts: Vec<_> = read.resources.iter().map(|d| d.text.to_string()).collect();
        assert_eq!(texts, ["apiVersion: v1\nkind: A\nmetadata:\n  name: a\n", "kind: B\n"]);
    }

    #[test]
    fn mistakes_have_places() {
        let error = read(&Str::from("---\na: 1\n---\n# Source: x\na: [\n"), "old.yaml").unwrap_err();
        let at = error.diagnostics()[0].at.clone().unwrap();
        assert!(at.span.start >= 25, "{:?}", at.span);
    }
}
