//! What a render gave, as a cache keeps it. Nothing of it may follow from chance, time, a cluster or a secret.

use crate::manifest::{Document, Event, Manifests};
use crate::text::Str;

/// What is kept of a render.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// The manifests as they were rendered, before overrides.
    pub(super) manifests: Manifests,
    /// Name and version of the chart.
    pub(super) chart: String,
    /// What Helm would log.
    pub(super) warnings: Vec<String>,
}

/// All events, each at the place that is its number.
const EVENTS: [Event; 9] = [
    Event::PreInstall,
    Event::PostInstall,
    Event::PreDelete,
    Event::PostDelete,
    Event::PreUpgrade,
    Event::PostUpgrade,
    Event::PreRollback,
    Event::PostRollback,
    Event::Test,
];

impl Kept {
    /// As bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.bytes(self.chart.as_bytes());
        out.count(self.warnings.len());
        self.warnings.iter().for_each(|line| out.bytes(line.as_bytes()));
        out.count(self.manifests.crds.len());
        for (path, text) in &self.manifests.crds {
            out.bytes(path.as_bytes());
            out.bytes(text);
        }
        for documents in [&self.manifests.resources, &self.manifests.hooks] {
            out.count(documents.len());
            for Document { path, text, kind, name, events } in documents {
                [path.as_bytes(), text, kind.as_bytes(), name.as_bytes()].iter().for_each(|part| out.bytes(part));
                let numbers = events.iter().filter_map(|event| EVENTS.iter().position(|other| other == event));
                out.bytes(&numbers.filter_map(|number| u8::try_from(number).ok()).collect::<Vec<u8>>());
            }
        }
        out.0
    }

    /// From bytes; none if they are no such thing.
    pub(super) fn decode(data: &[u8]) -> Option<Kept> {
        let mut reader = Reader(data);
        let chart = reader.string()?;
        let warnings = reader.list(Reader::string)?;
        let crds = reader.list(|reader| Some((reader.string()?, Str::from(reader.bytes()?))))?;
        let mut document = |reader: &mut Reader<'_>| {
            let (path, text) = (reader.string()?, Str::from(reader.bytes()?));
            let (kind, name) = (reader.string()?, reader.string()?);
            let numbers = reader.bytes()?.iter();
            let events = numbers.map(|number| EVENTS.get(usize::from(*number)).copied()).collect::<Option<_>>()?;
            Some(Document { path, text, kind, name, events })
        };
        let resources = reader.list(&mut document)?;
        let hooks = reader.list(&mut document)?;
        reader.0.is_empty().then_some(Kept { manifests: Manifests { crds, resources, hooks }, chart, warnings })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}

struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    fn count(&mut self) -> Option<usize> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        usize::try_from(u64::from_le_bytes(*number)).ok()
    }

    fn bytes(&mut self) -> Option<&'d [u8]> {
        let count = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn string(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    /// Room is made for what is there, not for what the count says.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.count()?).map(|_| one(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let document = |events: &[Event]| Document {
            path: "c/templates/a.yaml".into(),
            text: Str::from(&b"kind: A\n\xff"[..]),
            kind: "A".into(),
            name: "é".into(),
            events: events.to_vec(),
        };
        Kept {
            manifests: Manifests {
                crds: vec![("c/crds/a.yaml".into(), "a".into())],
                resources: vec![document(&[]), document(&[])],
                hooks: vec![document(&EVENTS)],
            },
            chart: "c 1.0.0".into(),
            warnings: vec!["level=WARN".into()],
        }
    }

    #[test]
    fn there_and_back() {
        let kept = kept();
        let data = kept.encode();
        assert_eq!(format!("{:?}", Kept::decode(&data).unwrap()), format!("{kept:?}"));
        for cut in 0..data.len() {
            assert!(Kept::decode(&data[..cut]).is_none(), "{cut}");
        }
        assert!(Kept::decode(&[&data[..], &[0]].concat()).is_none());
        assert!(Kept::decode(&[0xff; 64]).is_none());
    }
}
