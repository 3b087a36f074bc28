//! What does not count in a comparison.

use super::fields::{Difference, Spot};
use super::lines::{self, Mark, Row};
use crate::diagnostic::{Span, nearest};
use crate::go::regexp;
use crate::manifest::edits::DEEPEST;
use crate::manifest::path::{self, Step};
use crate::manifest::{Object, edits, overrides::Pattern};
use crate::value::Str;
use crate::yaml::{Data, Node};

/// The keys of a rule.
const KEYS: [&str; 9] = ["group", "version", "kind", "name", "namespace", "release", "path", "regex", "preset"];

/// The rules that have names.
pub const PRESETS: [&str; 2] = ["chart-labels", "checksums"];

/// Labels that change with every version of a chart.
const CHART_LABELS: [&str; 3] = ["helm.sh/chart", "chart", "app.kubernetes.io/version"];

/// Something that does not count: a whole object, fields of objects, or lines. All that it asks for must hold.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    release: Option<Pattern>,
    path: Option<Fields>,
    regex: Option<Str>,
}

/// Which fields a rule is about.
#[derive(Debug, Clone)]
enum Fields {
    /// A path and all below it. Of the texts `*` stands for anything, inside a key as well.
    Path(Vec<String>),
    /// Labels of the chart.
    ChartLabels,
    /// Annotations that hold the checksum of something else.
    Checksums,
}

impl Rule {
    /// Reads a rule from its keys and their texts: group, version, kind, name, namespace and release are globs, `path` is
    /// a path as `-o paths` prints it, with `*` for any key or index, `regex` is about lines, `preset` stands alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(keys: &[(&str, &str)]) -> Result<Rule, String> {
        let mut rule = Rule::default();
        for (at, (key, text)) in keys.iter().enumerate() {
            if keys.iter().take(at).any(|(other, _)| other == key) {
                return Err(format!(
                    "`{key}` stands twice in one rule, and all keys of a rule must hold; write two rules"
                ));
            }
            let pattern = || Pattern::parse(text).map(Some).map_err(|words| format!("`{text}` is no pattern: {words}"));
            match *key {
                "group" => rule.group = pattern()?,
                "version" => rule.version = pattern()?,
                "kind" => rule.kind = pattern()?,
                "name" => rule.name = pattern()?,
                "namespace" => rule.namespace = pattern()?,
                "release" => rule.release = pattern()?,
                "path" => rule.path = Some(Fields::Path(parse_path(text)?)),
                "regex" => {
                    let regex = Str::from(*text);
                    regexp::compile(&regex).map_err(|error| format!("this is no regular expression: {error}"))?;
                    rule.regex = Some(regex);
                }
                "preset" => {
                    if keys.len() > 1 {
                        return Err("`preset` stands alone in a rule".into());
                    }
                    rule.path = Some(match *text {
                        "chart-labels" => Fields::ChartLabels,
                        "checksums" => Fields::Checksums,
                        other => return Err(unknown("preset", other, PRESETS)),
                    });
                }
                other => return Err(unknown("key", other, KEYS)),
            }
        }
        if keys.is_empty() { Err("a rule needs at least one key".into()) } else { Ok(rule) }
    }

    /// Reads a rule as it is typed: `kind=Secret,path=metadata.labels`, or the name of a preset. A comma that no key follows
    /// belongs to the text before it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Rule, String> {
        if PRESETS.contains(&text) {
            return Rule::new(&[("preset", text)]);
        }
        let mut keys: Vec<(&str, String)> = Vec::new();
        for part in text.split(',') {
            match part.split_once('=') {
                Some((key, value)) if keys.is_empty() || KEYS.contains(&key.trim()) => {
                    keys.push((key.trim(), value.to_owned()));
                }
                // A regular expression may hold commas; nothing else does that could be meant.
                Some((key, _))
                    if keys.last().is_some_and(|(last, _)| *last != "regex")
                        && key.trim().bytes().all(|b| b.is_ascii_lowercase()) =>
                {
                    keys.push((key.trim(), String::new()));
                }
                _ => match keys.last_mut() {
                    Some((_, value)) => {
                        value.push(',');
                        value.push_str(part);
                    }
                    None => {
                        return Err(format!("`{text}` is no rule: KEY=TEXT,… or a preset ({})", PRESETS.join(", ")));
                    }
                },
            }
        }
        Rule::new(&keys.iter().map(|(key, value)| (*key, value.as_str())).collect::<Vec<_>>())
    }

    /// Whether it may be about an object.
    pub(super) fn fits(&self, object: &Object, release: &str) -> bool {
        let fits = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
        fits(&self.kind, &object.kind)
            && fits(&self.name, &object.name)
            && fits(&self.group, &object.group)
            && fits(&self.version, &object.version)
            && fits(&self.namespace, &object.namespace)
            && fits(&self.release, release)
    }

    /// Whether it leaves out whole objects.
    pub(super) fn is_whole(&self) -> bool {
        self.path.is_none() && self.regex.is_none()
    }

    fn has(&self, path: &[Step]) -> bool {
        let Some(fields) = &self.path else { return true };
        let key = |step: Option<&Step>| match step {
            Some(Step::Key(key)) => Some(key.clone()),
            _ => None,
        };
        let metadata = |list: &str, fits: &dyn Fn(&str) -> bool| {
            path.windows(3).any(|steps| {
                let [a, b, c] = steps else { return false };
                let (a, b, c) = (key(Some(a)), key(Some(b)), key(Some(c)));
                a.as_deref() == Some("metadata") && b.as_deref() == Some(list) && c.is_some_and(|c| fits(&c))
            })
        };
        match fields {
            Fields::ChartLabels => metadata("labels", &|key| CHART_LABELS.contains(&key)),
            Fields::Checksums => metadata("annotations", &|key| key.contains("checksum")),
            Fields::Path(parts) => {
                parts.len() <= path.len()
                    && parts.iter().zip(path).all(|(part, step)| match step {
                        Step::Key(text) | Step::Item(text) => star(part, text),
                        Step::Index(i) => star(part, &i.to_string()),
                    })
            }
        }
    }
}

fn unknown<const N: usize>(what: &str, word: &str, known: [&str; N]) -> String {
    match nearest(word, known) {
        Some(near) => format!("there is no {what} `{word}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{word}`; there are {}", known.join(", ")),
    }
}

/// Whether a text matches a pattern in which `*` is any text.
fn star(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The steps of a path as [`path::write`] writes it, and with `*`.
fn parse_path(text: &str) -> Result<Vec<String>, String> {
    let wrong = |why: &str| Err(format!("`{text}` is no path: {why}"));
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            if inside.starts_with('"') {
                let mut stream = serde_json::Deserializer::from_str(inside).into_iter::<String>();
                let Some(Ok(key)) = stream.next() else { return wrong("a quote is never closed") };
                let after = inside.get(stream.byte_offset()..).unwrap_or_default();
                let Some(after) = after.strip_prefix(']') else { return wrong("`[` is never closed") };
                steps.push(key);
                rest = after;
            } else {
                let Some((item, after)) = inside.split_once(']') else { return wrong("`[` is never closed") };
                steps.push(item.to_owned());
                rest = after;
            }
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if key.is_empty() {
                return wrong("a key is missing");
            }
            steps.push(key.to_owned());
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() {
                return wrong("it ends with a dot");
            }
            rest = after;
        }
    }
    if steps.is_empty() { wrong("it is empty") } else { Ok(steps) }
}

/// The rules that may be about an object.
pub(super) struct Rules<'r>(Vec<&'r Rule>);

impl<'r> Rules<'r> {
    pub(super) fn about(rules: &'r [Rule], objects: &[&Object], release: &str) -> Self {
        Rules(rules.iter().filter(|rule| objects.iter().any(|object| rule.fits(object, release))).collect())
    }

    /// Adds a rule of the comparison's own.
    pub(super) fn add(&mut self, rule: &'r Rule) {
        self.0.push(rule);
    }

    /// Whether the whole object is left out.
    pub(super) fn whole(&self) -> bool {
        self.0.iter().any(|rule| rule.is_whole())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether lines count or not.
    pub(super) fn about_lines(&self) -> bool {
        self.0.iter().any(|rule| rule.regex.is_some())
    }

    /// Whether a field does not count, whatever its lines say.
    fn has(&self, path: &[Step]) -> bool {
        self.0.iter().any(|rule| rule.regex.is_none() && rule.path.is_some() && rule.has(path))
    }

    /// Of a field that differs: whether it does not count, and the stretches of both texts that do not.
    pub(super) fn judge(&self, texts: [&[u8]; 2], difference: &Difference<'_>) -> Judged {
        if self.has(&difference.path) {
            let span = |text, spot: &Option<Spot<'_>>| spot.iter().map(|spot| extent(text, spot)).collect();
            return Judged {
                ignored: true,
                stretches: [span(texts[0], &difference.from), span(texts[1], &difference.to)],
            };
        }
        // A part of something that only one side has.
        let mut judged = Judged { ignored: false, stretches: [Vec::new(), Vec::new()] };
        let spot = match (&difference.from, &difference.to) {
            (Some(spot), None) => Some((0, spot)),
            (None, Some(spot)) => Some((1, spot)),
            _ => None,
        };
        if let Some((side, spot)) = spot {
            let mut path = difference.path.clone();
            let [left, right] = &mut judged.stretches;
            let (text, stretches) = if side == 0 { (texts[0], left) } else { (texts[1], right) };
            judged.ignored = self.leaves(text, spot, &mut path, stretches, 0);
            if judged.ignored {
                stretches.push(extent(text, spot));
            }
        }
        judged
    }

    /// Collects what of a node does not count; whether all of it does not.
    fn leaves(
        &self,
        text: &[u8],
        spot: &Spot<'_>,
        path: &mut Vec<Step>,
        out: &mut Vec<(usize, usize)>,
        depth: usize,
    ) -> bool {
        if self.has(path) {
            out.push(extent(text, spot));
            return true;
        }
        let mut all = true;
        let mut below = |step: Step, spot: Spot<'_>, path: &mut Vec<Step>| {
            path.push(step);
            let gone = self.leaves(text, &spot, path, out, depth + 1);
            path.pop();
            gone
        };
        match &spot.node.data {
            Data::Map(entries) if !entries.is_empty() && depth < DEEPEST => {
                for (key, span, node) in path::entries(spot.node) {
                    all &= below(Step::Key(key), Spot { key: Some(span.span), node, flow: spot.flow }, path);
                }
            }
            Data::List(items) if !items.is_empty() && depth < DEEPEST => {
                for (i, node) in items.iter().enumerate() {
                    let step = node.get("name").and_then(Node::as_string);
                    let step = step.map_or(Step::Index(i), |name| Step::Item(name.lossy().into_owned()));
                    all &= below(step, Spot { key: None, node, flow: spot.flow }, path);
                }
            }
            _ => return false,
        }
        all
    }

    /// Whether a line of a field (or of the object, for no path) does not count.
    pub(super) fn line(&self, line: &[u8], path: Option<&[Step]>) -> bool {
        self.0.iter().any(|rule| {
            let Some(regex) = rule.regex.as_ref().and_then(|regex| regexp::compile(regex).ok()) else { return false };
            let about = match path {
                Some(path) => rule.has(path),
                None => rule.path.is_none(),
            };
            about && regex.is_match(line)
        })
    }
}

/// What rules say about a field.
pub(super) struct Judged {
    pub(super) ignored: bool,
    /// Bytes of both texts that do not count.
    pub(super) stretches: [Vec<(usize, usize)>; 2],
}

/// All that a field takes of a text, its key included.
pub(super) fn extent(text: &[u8], spot: &Spot<'_>) -> (usize, usize) {
    extent_of(text, spot.key, spot.node)
}

/// The same for a node behind a key.
pub(super) fn extent_of(text: &[u8], key: Option<Span>, node: &Node) -> (usize, usize) {
    let (mut start, mut end) = edits::place(text, node.span);
    if let Some(key) = key {
        if start < key.start as usize {
            // An alias.
            end = key.end as usize;
        }
        start = key.start as usize;
    }
    (start, end.max(start))
}

/// Where the lines of a text begin.
pub(super) fn line_starts(text: &[u8]) -> Vec<usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1)).collect()
}

/// Which lines of a text stretches touch.
pub(super) fn touched(text: &[u8], stretches: &[(usize, usize)]) -> Vec<bool> {
    let starts = line_starts(text);
    let mut lines = vec![false; starts.len()];
    for (start, end) in stretches {
        let first = starts.partition_point(|at| at <= start).saturating_sub(1);
        let last = starts.partition_point(|at| at < end).max(first + 1);
        if let Some(lines) = lines.get_mut(first..last) {
            lines.fill(true);
        }
    }
    lines
}

/// The right text with all that does not count as the left one has it.
pub(super) fn taken_back(rows: &[Row<'_>], ignored: &[bool]) -> Vec<u8> {
    let mut out: Vec<&[u8]> = Vec::with_capacity(rows.len());
    for (row, ignored) in rows.iter().zip(ignored) {
        match (row.mark, ignored) {
            (Mark::Same, _) | (Mark::Removed, true) | (Mark::Added, false) => out.push(row.text),
            (Mark::Removed, false) | (Mark::Added, true) => {}
        }
    }
    lines::joined(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let key = |key: &str| Step::Key(key.to_owned());
        let image = [key("spec"), key("containers"), Step::Item("web".into()), key("image")];
        for (rule, path, want) in [
            ("path=spec", &image[..], true),
            ("path=spec.containers[*].image", &image, true),
            ("path=spec.containers[web]", &image, true),
            ("path=spec.*.web.*", &image, true),
            ("path=spec.containers[api]", &image, false),
            ("path=spec.containers[web].image.x", &image, false),
            ("path=metadata.annotations[\"a.b/*\"]", &[key("metadata"), key("annotations"), key("a.b/c")], true),
            ("path=metadata.annotations.a.b", &[key("metadata"), key("annotations"), key("a.b")], false),
            ("path=args[1]", &[key("args"), Step::Index(1)], true),
            ("preset=checksums", &[key("x"), key("metadata"), key("annotations"), key("checksum/config")], true),
            ("chart-labels", &[key("metadata"), key("labels"), key("helm.sh/chart")], true),
            ("chart-labels", &[key("metadata"), key("labels"), key("app")], false),
        ] {
            assert_eq!(Rule::parse(rule).unwrap().has(path), want, "{rule}");
        }
        let rule = Rule::parse("kind=Secret,regex=a{1,2},path=data").unwrap();
        assert_eq!(rule.regex, Some(Str::from("a{1,2}")));
        for wrong in [
            "",
            "kinds=x",
            "path=",
            "path=a.",
            "path=a[",
            "preset=x",
            "regex=(",
            "preset=checksums,kind=x",
            "x",
            "path=a,path=b",
        ] {
            assert!(Rule::parse(wrong).is_err(), "{wrong}");
        }
    }
}
