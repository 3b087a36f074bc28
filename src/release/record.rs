//! A release as Helm stores it: JSON, compressed and in base 64 (Helm: pkg/storage/driver, pkg/release/v1).

use crate::go::json::{Into as JsonInto, read};
use crate::go::time::{RFC3339, Time, Zone};
use crate::text::Str;
use crate::value::{MapRef, Value};
use std::io::Read as _;

/// What a record may unpack to, in bytes. Helm's own are bounded by what a Secret holds, 1 MiB compressed.
const MAX_UNPACKED: u64 = 128 << 20;

/// One revision of a release.
#[derive(Clone)]
pub struct Record {
    /// The release's name.
    pub name: String,
    /// Its namespace; empty if the record has none.
    pub namespace: String,
    /// The revision, from 1.
    pub revision: i64,
    /// `deployed`, `superseded`, `failed`, …; as it is written there.
    pub status: String,
    /// What happened last, in a sentence.
    pub description: String,
    /// When the first revision was made, if it says so.
    pub first_deployed: Option<Time>,
    /// When the release was uninstalled, if it was.
    pub deleted: Option<Time>,
    /// When this revision was made, if it says so.
    pub last_deployed: Option<Time>,
    /// What NOTES.txt gave.
    pub notes: Str,
    /// The chart's metadata, as in its `Chart.yaml`.
    pub metadata: Option<MapRef>,
    /// The chart's default values.
    pub defaults: Option<MapRef>,
    /// What the user set over them.
    pub config: Option<MapRef>,
    /// The rendered resources, one stream.
    pub manifest: Str,
    /// The rendered hooks.
    pub hooks: Vec<Hook>,
    /// `ssa`, `csa` or empty: how it was applied.
    pub apply_method: String,
    /// Labels of the object that holds the record, by name.
    pub labels: Vec<(String, String)>,
}

/// A hook of a release.
#[derive(Clone)]
pub struct Hook {
    /// Its object's name.
    pub name: String,
    /// Its object's kind.
    pub kind: String,
    /// The path of its template.
    pub path: String,
    /// Its document.
    pub manifest: Str,
    /// What it runs at: `pre-install`, `test`, ….
    pub events: Vec<String>,
    /// Hooks of lower weight run first.
    pub weight: i64,
    /// When its object is deleted: `hook-succeeded`, ….
    pub delete_policies: Vec<String>,
    /// When it was run last, if it was.
    pub started: Option<Time>,
    /// When that ended.
    pub completed: Option<Time>,
    /// How that went: `Succeeded`, ….
    pub phase: String,
}

impl Record {
    /// Reads what Helm put into a Secret (without Kubernetes' own base 64), a ConfigMap or a row.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence that begins small: it is cut, foreign, or larger than anything that Helm writes.
    pub fn decode(text: &[u8]) -> Result<Record, String> {
        let packed = crate::go::base64::decode(text)?;
        // Records of before Helm compressed them are plain.
        let json = if packed.starts_with(&[0x1f, 0x8b, 0x08]) && packed.len() > 3 {
            let mut json = Vec::new();
            let mut reader = flate2::read::MultiGzDecoder::new(packed.as_slice()).take(MAX_UNPACKED + 1);
            reader.read_to_end(&mut json).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
                _ => format!("gzip: {error}"),
            })?;
            if json.len() as u64 > MAX_UNPACKED {
                return Err(format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20));
            }
            json
        } else {
            packed
        };
        let value = read(&json, JsonInto::Any).map_err(|(_, words)| words)?;
        drop(json);
        Record::read(&value)
    }

    /// Reads the record's object.
    ///
    /// # Errors
    /// Which part of it is not what Helm writes.
    pub fn read(value: &Value) -> Result<Record, String> {
        let Value::Map(_, record) = value else { return Err("it is no release: no object".to_owned()) };
        let fields = Fields { map: record, path: "" };
        let Some(info) = fields.map("info")? else { return Err("it is no release: it has no `info`".to_owned()) };
        let info = Fields { map: &info, path: "info." };
        let (mut metadata, mut defaults) = (None, None);
        if let Some(chart) = fields.map("chart")? {
            let chart = Fields { map: &chart, path: "chart." };
            metadata = chart.map("metadata")?;
            defaults = chart.map("values")?;
        }
        let mut hooks = Vec::new();
        for hook in fields.list("hooks")? {
            let Value::Map(_, hook) = &hook else { return Err("`hooks` holds what is no object".to_owned()) };
            hooks.push(Hook::read(&Fields { map: hook, path: "hooks." })?);
        }
        Ok(Record {
            name: fields.text("name")?.to_string(),
            namespace: fields.text("namespace")?.to_string(),
            revision: fields.number("version")?,
            status: info.text("status")?.to_string(),
            description: info.text("description")?.to_string(),
            first_deployed: info.time("first_deployed")?,
            deleted: info.time("deleted")?,
            last_deployed: info.time("last_deployed")?,
            notes: info.text("notes")?,
            metadata,
            defaults,
            config: fields.map("config")?,
            manifest: fields.text("manifest")?,
            hooks,
            apply_method: fields.text("apply_method")?.to_string(),
            labels: Vec::new(),
        })
    }

    /// Resources and hooks as one stream of documents.
    pub fn stream(&self) -> Vec<u8> {
        let mut out = self.manifest.as_bytes().to_vec();
        for hook in &self.hooks {
            if !out.is_empty() && !out.ends_with(b"\n") {
                out.push(b'\n');
            }
            out.extend_from_slice(format!("---\n# Source: {}\n", hook.path).as_bytes());
            out.extend_from_slice(hook.manifest.as_bytes());
        }
        out
    }

    /// The chart and its version, as Helm lists it; `MISSING` if the record has no chart.
    pub fn chart(&self) -> String {
        match &self.metadata {
            Some(_) => format!("{}-{}", self.of_chart("name"), self.of_chart("version")),
            None => "MISSING".to_owned(),
        }
    }

    /// The version of what the chart installs; `MISSING` if the record has no chart.
    pub fn app_version(&self) -> String {
        if self.metadata.is_some() { self.of_chart("appVersion") } else { "MISSING".to_owned() }
    }

    /// A text of the chart's metadata; empty if there is none.
    pub fn of_chart(&self, key: &str) -> String {
        match self.metadata.as_ref().and_then(|metadata| metadata.get(key)) {
            Some(Value::Str(text)) => text.to_string(),
            _ => String::new(),
        }
    }
}

impl Hook {
    fn read(fields: &Fields<'_>) -> Result<Hook, String> {
        let (mut started, mut completed, mut phase) = (None, None, String::new());
        if let Some(run) = fields.map("last_run")? {
            let run = Fields { map: &run, path: "hooks.last_run." };
            started = run.time("started_at")?;
            completed = run.time("completed_at")?;
            phase = run.text("phase")?.to_string();
        }
        let texts = |key: &str| -> Result<Vec<String>, String> {
            let text = |value: Value| match value {
                Value::Str(text) => Ok(text.to_string()),
                _ => Err(format!("`hooks.{key}` holds what is no string")),
            };
            fields.list(key)?.into_iter().map(text).collect()
        };
        Ok(Hook {
            name: fields.text("name")?.to_string(),
            kind: fields.text("kind")?.to_string(),
            path: fields.text("path")?.to_string(),
            manifest: fields.text("manifest")?,
            events: texts("events")?,
            weight: fields.number("weight")?,
            delete_policies: texts("delete_policies")?,
            started,
            completed,
            phase,
        })
    }
}

/// Typed access to an object; null is as good as absent, as in Go.
struct Fields<'a> {
    map: &'a MapRef,
    /// What comes before its keys in messages.
    path: &'static str,
}

impl Fields<'_> {
    fn wrong<T>(&self, key: &str, wanted: &str) -> Result<T, String> {
        Err(format!("`{}{key}` is no {wanted}", self.path))
    }

    fn text(&self, key: &str) -> Result<Str, String> {
        match self.map.get(key) {
            None | Some(Value::Nil) => Ok(Str::default()),
            Some(Value::Str(text)) => Ok(text),
            Some(_) => self.wrong(key, "string"),
        }
    }

    fn number(&self, key: &str) -> Result<i64, String> {
        match self.map.get(key) {
            None | Some(Value::Nil) => Ok(0),
            Some(Value::Int(_, n)) => Ok(n),
            // JSON's numbers are floats here.
            Some(Value::Float(f)) if f.fract() == 0.0 && f.abs() < 9e15 => Ok(f as i64),
            Some(_) => self.wrong(key, "integer"),
        }
    }

    fn map(&self, key: &str) -> Result<Option<MapRef>, String> {
        match self.map.get(key) {
            None | Some(Value::Nil) => Ok(None),
            Some(Value::Map(_, map)) => Ok(Some(map)),
            Some(_) => self.wrong(key, "object"),
        }
    }

    fn list(&self, key: &str) -> Result<Vec<Value>, String> {
        match self.map.get(key) {
            None | Some(Value::Nil) => Ok(Vec::new()),
            Some(Value::List(_, items)) => Ok(items.iter().cloned().collect()),
            Some(_) => self.wrong(key, "list"),
        }
    }

    fn time(&self, key: &str) -> Result<Option<Time>, String> {
        let text = self.text(key)?;
        if text.as_bytes().is_empty() {
            return Ok(None);
        }
        match Time::parse(RFC3339, text.as_bytes(), &Zone::Utc) {
            Ok(time) => Ok(Some(time).filter(|time| !time.is_zero())),
            Err(_) => self.wrong(key, "time"),
        }
    }
}
