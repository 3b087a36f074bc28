//! Snapshots: what would be applied, in a file that is meant to be committed.
//!
//! A header of comments, then the manifest. The same inputs give the same bytes on any machine: no time, no version of
//! rhelm, no path outside of the project.

use crate::diagnostic::{Diagnostic, Error, Location, Source, Span};
use crate::manifest::{self, Manifests};
use crate::text::Str;
use bstr::ByteSlice;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The first line of every snapshot.
const FIRST: &str = "# rhelm snapshot v1";

/// What every snapshot of any kind begins with.
pub const MARK: &[u8] = b"# rhelm snapshot ";

/// What a snapshot holds of the values of Secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Their digests.
    Digest,
    /// Nothing.
    Omit,
    /// The values themselves.
    Plain,
}

impl Sealed {
    fn word(self) -> &'static str {
        match self {
            Sealed::Digest => "digest",
            Sealed::Omit => "omit",
            Sealed::Plain => "plain",
        }
    }
}

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name and version of the chart: `shop 0.1.0`.
    pub chart: String,
    /// The environment; empty for a chart without a project.
    pub environment: String,
    /// The release's name for Helm.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The values layers over the chart's defaults, lowest first: paths from the project's folder, or `KEY=JSON`.
    pub layers: Vec<String>,
    /// What is held of Secrets.
    pub secrets: Sealed,
    /// Whether the files of `crds/` are in it.
    pub crds: bool,
    /// Whether test hooks are in it.
    pub tests: bool,
    /// `sha256:…` over what the layers say.
    pub inputs: String,
}

/// A snapshot that was read.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What it says of itself.
    pub header: Header,
    /// What it holds.
    pub manifests: Manifests,
    /// Why it is not what was once written, if it is not.
    pub damage: Option<String>,
    /// Where it is no manifest any more, if it is damaged.
    pub unreadable: Option<Error>,
}

/// The digest of texts in their order, whatever their line ends: `sha256:…`.
pub fn digest<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        let text = if memchr::memchr(b'\r', text).is_some() { text.replace("\r\n", "\n") } else { text.to_vec() };
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(&text);
    }
    let mut out = String::from("sha256:");
    for byte in hash.finalize() {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

/// A text that stays on its line.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text of a snapshot. Secrets in the manifests are already what the header says.
pub fn write(header: &Header, manifests: &Manifests) -> Vec<u8> {
    let body = manifest::stream(manifests);
    let mut out = String::from(FIRST);
    let mut add = |key: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("\n# {key}: {}", line(value)));
        }
    };
    add("chart", &header.chart);
    add("environment", &header.environment);
    add("release", &header.release);
    add("namespace", &header.namespace);
    header.layers.iter().for_each(|layer| add("layer", layer));
    add("secrets", header.secrets.word());
    for (key, included) in [("crds", header.crds), ("tests", header.tests)] {
        add(key, if included { "included" } else { "" });
    }
    add("inputs", &header.inputs);
    add("manifest", &digest([body.as_slice()]));
    out.push('\n');
    let mut out = out.into_bytes();
    out.extend_from_slice(&body);
    out
}

/// Reads a snapshot.
///
/// # Errors
/// It is no snapshot, of a later kind, or what it holds is no manifest. That its digest does not fit is no error here,
/// but `damage`.
pub fn read(text: &Str, path: &str) -> Result<Snapshot, Error> {
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != FIRST.as_bytes() {
        let source = Source { name: path.to_owned(), path: path.to_owned(), text: text.clone(), origin: None };
        let at = Location { source: Arc::new(source), span: Span::new(0, first.trim_end().len()) };
        let message =
            if first.starts_with(MARK) { "this snapshot was written by a later rhelm" } else { "this is no snapshot" };
        let diagnostic = Diagnostic::own(message).at(at).fact(format!("the first line of a snapshot is `{FIRST}`"));
        return Err(diagnostic.hint("`rhelm save` writes it anew").into());
    }
    // Who checks files out with other line ends gets all of them changed.
    let text = if text.lines_with_terminator().next().is_some_and(|line| line.ends_with(b"\r\n")) {
        Str::from(text.replace("\r\n", "\n"))
    } else {
        text.clone()
    };
    let mut header = Header {
        chart: String::new(),
        environment: String::new(),
        release: String::new(),
        namespace: String::new(),
        layers: Vec::new(),
        secrets: Sealed::Digest,
        crds: false,
        tests: false,
        inputs: String::new(),
    };
    let mut stored = String::new();
    let mut start = 0;
    for raw in text.lines_with_terminator() {
        let Some(entry) = raw.strip_prefix(b"# ") else { break };
        start += raw.len();
        let entry = String::from_utf8_lossy(entry.trim_end());
        let Some((key, value)) = entry.split_once(": ") else { continue };
        let value = value.to_owned();
        match key {
            "chart" => header.chart = value,
            "environment" => header.environment = value,
            "release" => header.release = value,
            "namespace" => header.namespace = value,
            "layer" => header.layers.push(value),
            "secrets" => {
                header.secrets = match value.as_str() {
                    "omit" => Sealed::Omit,
                    "plain" => Sealed::Plain,
                    _ => Sealed::Digest,
                }
            }
            "crds" => header.crds = true,
            "tests" => header.tests = true,
            "inputs" => header.inputs = value,
            "manifest" => stored = value,
            _ => {}
        }
    }
    let body = text.get(start..).unwrap_or_default();
    let damage = if stored.is_empty() {
        Some("its header is cut off".to_owned())
    } else if digest([body]) != stored {
        Some("its manifest is not the one that was saved".to_owned())
    } else {
        None
    };
    // Blank lines for the header, so that places are those of the file.
    let mut padded: Vec<u8> =
        text.get(..start).unwrap_or_default().iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
    padded.extend_from_slice(body);
    let (manifests, unreadable) = match manifest::read(&Str::from(padded), path) {
        Ok(manifests) => (manifests, None),
        // What cannot be read is told as damaged.
        Err(error) if damage.is_some() => (Manifests::default(), Some(error)),
        Err(error) => return Err(error),
    };
    Ok(Snapshot { header, manifests, damage, unreadable })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Document;

    fn header() -> Header {
        Header {
            chart: "shop 0.1.0".into(),
            environment: "staging".into(),
            release: "shop".into(),
            namespace: "ns".into(),
            layers: vec!["base.yaml".into(), "a.b=1".into()],
            secrets: Sealed::Digest,
            crds: false,
            tests: false,
            inputs: "sha256:00".into(),
        }
    }

    fn manifests() -> Manifests {
        let text = "kind: A\nmetadata: {name: a}\ndata: |\n  x\n";
        let document = Document {
            path: "shop/templates/a.yaml".into(),
            text: Str::from(text),
            kind: "A".into(),
            name: "a".into(),
            events: Vec::new(),
        };
        Manifests { resources: vec![document], ..Manifests::default() }
    }

    #[test]
    fn round_trip() {
        let text = write(&header(), &manifests());
        let back = read(&Str::from(text.clone()), "s.yaml").unwrap();
        assert_eq!((back.header, back.damage), (header(), None));
        assert_eq!(back.manifests.resources[0].text, manifests().resources[0].text);
        let windows = text.replace("\n", "\r\n");
        let back = read(&Str::from(windows), "s.yaml").unwrap();
        assert_eq!(back.damage, None);
        assert_eq!(back.manifests.resources[0].text, manifests().resources[0].text);
    }

    #[test]
    fn damage() {
        let text = write(&header(), &manifests());
        for (from, to) in [("name: a", "name: b"), ("# manifest", "# other"), ("  x\n", "")] {
            let broken = text.replace(from, to);
            assert_ne!(broken, text);
            assert!(read(&Str::from(broken), "s.yaml").unwrap().damage.is_some(), "{from}");
        }
        for broken in ["", "kind: A", "# rhelm snapshot v2\n"] {
            assert!(read(&Str::from(broken), "s.yaml").is_err());
        }
    }
}
