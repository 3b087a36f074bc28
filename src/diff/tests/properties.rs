//! What holds for any two sides: equal ones give nothing, B against A is the mirror image of A against B in every format, and
//! a unified difference makes one side of the other.

use super::*;

/// A small generator: the same number gives the same manifests.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    fn object(&mut self) -> String {
        let kind = ["Deployment", "ConfigMap", "Secret", "Service"][self.below(4)];
        let name = ["a", "b", "c", "d"][self.below(4)];
        let api = if kind == "Deployment" { "apps/v1" } else { "v1" };
        let mut out = format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n");
        if self.below(4) == 0 {
            out.push_str(&format!("  labels: {{l{}: \"{}\"}}\n", self.below(3), self.below(3)));
        }
        match kind {
            "ConfigMap" => {
                out.push_str("data:\n");
                for i in 0..self.below(4) + 1 {
                    out.push_str(&format!("  k{}: v{}\n", i + self.below(2) * 10, self.below(3)));
                }
                if self.below(2) == 0 {
                    out.push_str("  text: |\n");
                    for _ in 0..self.below(8) {
                        out.push_str(&format!("    line {}\n", self.below(6)));
                    }
                }
            }
            "Secret" => out.push_str(&format!("stringData:\n  k: hunter{}\n", self.below(3))),
            "Service" => {
                out.push_str("spec:\n  ports:\n");
                for i in 0..self.below(3) {
                    out.push_str(&format!("  - port: {}\n    name: n{}\n", 80 + i + self.below(2), self.below(2)));
                }
            }
            _ => {
                out.push_str(&format!("spec:\n  replicas: {}\n  args: [", self.below(3)));
                for _ in 0..self.below(5) {
                    out.push_str(&format!("{}, ", self.below(4)));
                }
                out.push_str("]\n");
            }
        }
        out
    }

    fn manifest(&mut self) -> String {
        let mut out = String::new();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..self.below(7) {
            let object = self.object();
            let key: String = object.lines().skip(1).take(3).collect();
            if seen.insert(key) {
                out.push_str("---\n");
                out.push_str(&object);
            }
        }
        out
    }
}

#[test]
fn equal_is_empty() {
    let mut dice = Dice(1);
    for round in 0..150 {
        let text = dice.manifest();
        let whole = manifests(&text);
        let stored = |how| {
            let mut stored = whole.clone();
            for document in &mut stored.resources {
                let sealed = seal(&document.text, "ns", how);
                document.text = sealed.unwrap_or_else(|| document.text.clone());
            }
            stored
        };
        let (digests, omitted) = (stored(Sealing::Digest), stored(Sealing::Omit));
        let side = |manifests, secrets| Side { manifests, namespace: "ns", secrets };
        let sides = [plain(&whole), side(&digests, Kept::Digest), side(&omitted, Kept::Omitted)];
        for (from, to) in sides.iter().flat_map(|from| sides.iter().map(move |to| (from, to))) {
            let options = Options { normalize: round % 2 == 0, show_secrets: round % 3 == 0, ..Options::default() };
            let report = report(from, to, &options);
            for name in ["diff", "unified", "side-by-side", "paths"] {
                assert_eq!(shown(&report, name.parse().unwrap(), None), "", "{text}");
            }
            assert_eq!(shown(&report, Format::Summary, None), "Plan: 0 to add, 0 to change, 0 to destroy\n");
            assert!(shown(&report, Format::Json, None).contains("\"changes\": [],"));
            assert_eq!(shown(&report, Format::Markdown, None), "**No differences.**\n");
            assert!(shown(&report, Format::Html, None).contains("<h1>No differences</h1>"));
        }
    }
}

/// How a format's text is turned round.
struct Mirror {
    /// Words that are exchanged, longest first.
    words: &'static [(&'static str, &'static str)],
    /// How lines of a side begin: of the left, of the right. Of a run of both, those of the left come first.
    signs: [&'static str; 2],
}

const VALUES: (&str, &str) = ("-------- # (", "++++++++ # (");

impl Mirror {
    /// What each format exchanges.
    fn of(format: Format) -> Mirror {
        let words: &[(&str, &str)] = match format {
            Format::Unified => &[VALUES],
            Format::SideBySide | Format::Diff => &[VALUES, ("has been added:", "has been removed:")],
            Format::Paths => &[VALUES, ("(added)", "(removed)")],
            Format::Summary => &[("to be added.", "to be removed.")],
            Format::Json => &[VALUES, ("\"added\"", "\"removed\"")],
            Format::Markdown => &[VALUES, ("has been added<", "has been removed<")],
            Format::Html => &[
                VALUES,
                ("has been added<", "has been removed<"),
                ("class=\"kind\">added<", "class=\"kind\">removed<"),
                ("<b>--------</b> # (", "<b>++++++++</b> # ("),
                ("class=\"removed\">- ", "class=\"added\">+ "),
            ],
        };
        let signs =
            if format == Format::Html { ["<span class=\"removed\">", "<span class=\"added\">"] } else { ["-", "+"] };
        Mirror { words, signs }
    }

    fn line(&self, line: &str) -> String {
        let mut out = line.to_owned();
        for (one, two) in self.words {
            out = out.replace(one, "\u{1}").replace(two, one).replace('\u{1}', two);
        }
        out
    }

    /// Brings runs of both sides into order.
    fn settle(&self, lines: &mut [String]) {
        let [left, right] = self.signs;
        let is_either = |line: &str| line.starts_with(left) || line.starts_with(right);
        for run in lines.chunk_by_mut(|a, b| is_either(a) && is_either(b)) {
            run.sort_by_key(|line| line.starts_with(right));
        }
    }
}

/// `- x` is `+ x` on the other side.
fn other_sign(line: &str) -> String {
    match line.split_at_checked(1) {
        Some(("-", rest)) => format!("+{rest}"),
        Some(("+", rest)) => format!("-{rest}"),
        _ => line.to_owned(),
    }
}

/// `Plan: 1 to add, 2 to change, 3 to destroy` from the other end.
fn other_plan(line: &str) -> String {
    let Some((head, plan)) = line.split_once("Plan: ") else { return line.to_owned() };
    let (add, rest) = plan.split_once(" to add, ").unwrap();
    let (change, rest) = rest.split_once(" to change, ").unwrap();
    let (destroy, tail) = rest.split_once(" to destroy").unwrap();
    format!("{head}Plan: {destroy} to add, {change} to change, {add} to destroy{tail}")
}

/// `ns, old, Kind (v1) has been renamed to new` from the other end.
fn other_name(line: &str) -> String {
    for words in [" has been renamed to ", " to be renamed to "] {
        let Some((head, tail)) = line.split_once(words) else { continue };
        let mut parts = head.rsplitn(3, ", ");
        let (Some(kind), Some(old), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let end = tail.find([':', '.', '<']).unwrap_or(tail.len());
        return format!("{rest}, {}, {kind}{words}{old}{}", &tail[..end], &tail[end..]);
    }
    line.to_owned()
}

/// JSON from the other end: `from` and `to` exchanged.
fn other_json(text: &str) -> Json {
    let mut json: Json = serde_json::from_str(text).unwrap();
    for change in json["changes"].as_array_mut().unwrap() {
        for field in change["fields"].as_array_mut().unwrap() {
            let (from, to) = (field["from"].take(), field["to"].take());
            (field["from"], field["to"]) = (to, from);
        }
        if change["change"] == "renamed" {
            // What was renamed goes by its new name.
            let fields = change["fields"].as_array().unwrap();
            let name = fields.iter().find(|field| field["path"] == "metadata.name").unwrap()["to"].clone();
            change["name"] = name;
        }
    }
    let (add, destroy) = (json["plan"]["add"].take(), json["plan"]["destroy"].take());
    (json["plan"]["add"], json["plan"]["destroy"]) = (destroy, add);
    json
}

/// The text of a comparison from the other end: `-` and `+`, left and right, `added` and `removed`, the plan's first and last
/// number, the old and the new name of what was renamed.
fn turned(format: Format, text: &str) -> Vec<String> {
    let mirror = Mirror::of(format);
    let exchanged = text.lines().map(|line| mirror.line(line));
    let mut lines: Vec<String> = match format {
        Format::Json => vec![other_json(&exchanged.collect::<Vec<_>>().join("\n")).to_string()],
        Format::Diff | Format::Markdown => exchanged.map(|line| other_name(&other_plan(&other_sign(&line)))).collect(),
        Format::Unified => {
            let mut at_head = true;
            let turn = |line: String| {
                let head = at_head;
                at_head = at_head && !line.starts_with("@@");
                match line.strip_prefix("@@ -").and_then(|rest| rest.strip_suffix(" @@")) {
                    Some(places) => {
                        let (from, to) = places.split_once(" +").unwrap();
                        format!("@@ -{to} +{from} @@")
                    }
                    None if head => line,
                    None => other_sign(&line),
                }
            };
            exchanged.map(turn).collect()
        }
        Format::SideBySide => exchanged.map(|line| other_name(&other_column(&line))).collect(),
        Format::Paths => {
            // What was renamed goes by its old name.
            let mut renamed = None;
            let turn = |line: String| {
                let mut line = other_sign(&line);
                if let Some((old, new)) = line.strip_suffix(')').and_then(|head| head.split_once(" (renamed to ")) {
                    let (sign, old) = old.split_at(2);
                    let place = old.rsplit_once('/').map_or("", |(place, _)| place);
                    let name = old.rsplit('/').next().unwrap_or_default().to_owned();
                    renamed = Some((format!("{old} "), format!("{place}/{new} ")));
                    return format!("{sign}{place}/{new} (renamed to {name})");
                }
                if let Some((old, new)) = renamed.as_ref().filter(|(old, _)| line[2..].starts_with(old)) {
                    line = format!("{}{new}{}", &line[..2], &line[2 + old.len()..]);
                }
                let (head, rest) = line.split_once(": ").unwrap_or((&line, ""));
                match rest.split_once(" → ") {
                    Some((from, to)) if line.starts_with('~') => format!("{head}: {to} → {from}"),
                    _ => line,
                }
            };
            exchanged.map(turn).collect()
        }
        Format::Summary | Format::Html => exchanged.map(|line| other_name(&other_plan(&line))).collect(),
    };
    // A field a line has no runs.
    if format != Format::Paths {
        mirror.settle(&mut lines);
    }
    lines
}

/// A line of two columns with the columns exchanged.
fn other_column(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let Some(mark) = chars.get(COLUMN + 1).filter(|mark| "|<> ".contains(**mark)) else { return line.to_owned() };
    if line.contains(" has ") {
        return line.to_owned();
    }
    let text = |range: &[char]| range.iter().collect::<String>();
    let (left, right) = (text(&chars[..COLUMN]), text(chars.get(COLUMN + 3..).unwrap_or_default()));
    let mark = match mark {
        '<' => '>',
        '>' => '<',
        other => *other,
    };
    format!("{right:COLUMN$} {mark} {left}").trim_end().to_owned()
}

/// The width of a column where nobody knows the terminal's.
const COLUMN: usize = 63;

/// A page without its style.
fn without_style(text: &str) -> &str {
    text.split_once("</style>").map_or(text, |(_, rest)| rest)
}

/// What may hurt in one direction need not in the other.
fn without_risks(mut report: Vec<Compared>) -> Vec<Compared> {
    for change in report.iter_mut().flat_map(|compared| &mut compared.changes) {
        change.risks.clear();
        change.fields.iter_mut().for_each(|field| field.risk = None);
    }
    report
}

#[test]
fn mirrored() {
    let mut dice = Dice(2);
    let mut renames = 0;
    for round in 0..300 {
        let (a, b) = (dice.manifest(), dice.manifest());
        for normalize in [false, true] {
            let options = Options { normalize, ..Options::default() };
            let there = without_risks(with(&a, &b, &options));
            let back = without_risks(with(&b, &a, &options));
            renames += there[0].changes.iter().filter(|change| change.kind == ChangeKind::Renamed).count();
            for name in Format::NAMES {
                for context in [Some(0), Some(2), None] {
                    let (one, two) = both_ways(&there, &back, name.parse().unwrap(), context);
                    let first = one.iter().zip(&two).find(|(one, two)| one != two);
                    assert_eq!(first, None, "{name} {round}\n{a}\n=====\n{b}");
                    assert_eq!(one.len(), two.len(), "{name} {round}\n{a}\n=====\n{b}");
                }
            }
        }
    }
    assert!(renames > 5, "{renames}");
}

/// What does not count is shown as the left side has it, so it is other lines that stand around a change; the changes are the
/// same.
#[test]
fn mirrored_with_rules() {
    let mut dice = Dice(4);
    for round in 0..300 {
        let (a, b) = (dice.manifest(), dice.manifest());
        let options = ignoring(&["path=data.k1", "regex=line 3", "kind=Service,name=a"]);
        let there = without_risks(with(&a, &b, &options));
        let back = without_risks(with(&b, &a, &options));
        for name in ["paths", "summary", "json"] {
            let (one, two) = both_ways(&there, &back, name.parse().unwrap(), None);
            assert_eq!(one, two, "{name} {round}\n{a}\n=====\n{b}");
        }
        for name in ["diff", "markdown", "html"] {
            let format = name.parse().unwrap();
            let (mut one, mut two) = both_ways(&there, &back, format, Some(0));
            let signs = Mirror::of(format).signs;
            for lines in [&mut one, &mut two] {
                lines.retain(|line| signs.iter().any(|sign| line.starts_with(sign)));
                // Words are marked against what stands at the same place.
                lines.iter_mut().for_each(|line| *line = line.replace("<b>", "").replace("</b>", ""));
                lines.sort();
            }
            assert_eq!(one, two, "{name} {round}\n{a}\n=====\n{b}");
        }
    }
}

/// A comparison turned round, and the one in the other direction.
fn both_ways(
    there: &[Compared],
    back: &[Compared],
    format: Format,
    context: Option<usize>,
) -> (Vec<String>, Vec<String>) {
    let (one, two) = (shown(there, format, context), shown(back, format, context));
    // What stands in every page says nothing.
    let (one, two) = (without_style(&one), without_style(&two));
    let two = match format {
        Format::Json => vec![serde_json::from_str::<Json>(two).unwrap().to_string()],
        _ => two.lines().map(str::to_owned).collect(),
    };
    (turned(format, one), two)
}

/// Applies a unified difference of one file.
fn patched(from: &str, patch: &str) -> String {
    let lines: Vec<&str> = from.split_inclusive('\n').collect();
    let (mut out, mut at) = (String::new(), 0);
    let mut rest = patch.lines().skip_while(|line| !line.starts_with("@@")).peekable();
    while let Some(line) = rest.next() {
        let ends = if rest.peek().is_some_and(|next| next.starts_with('\\')) { "" } else { "\n" };
        if let Some(head) = line.strip_prefix("@@ -") {
            let (place, _) = head.split_once(' ').unwrap();
            let (start, count) = place.split_once(',').unwrap_or((place, "1"));
            let start: usize = start.parse().unwrap();
            let start = if count == "0" { start } else { start - 1 };
            while at < start {
                out.push_str(lines[at]);
                at += 1;
            }
        } else if let Some(text) = line.strip_prefix(' ') {
            assert_eq!(lines[at], format!("{text}{ends}"));
            out.push_str(lines[at]);
            at += 1;
        } else if let Some(text) = line.strip_prefix('-') {
            assert_eq!(lines[at], format!("{text}{ends}"));
            at += 1;
        } else if let Some(text) = line.strip_prefix('+') {
            out.push_str(text);
            out.push_str(ends);
        }
    }
    out + &lines[at..].concat()
}

#[test]
fn unified_applies() {
    let mut dice = Dice(3);
    for _ in 0..300 {
        let (a, b) = (dice.manifest(), dice.manifest());
        let options = Options { show_secrets: true, ..Options::default() };
        let report = with(&a, &b, &options);
        let (from, to) = report[0].texts.clone().unwrap();
        for context in [Some(0), Some(3), None] {
            let patch = shown(&report, Format::Unified, context);
            if report[0].changes.is_empty() {
                assert_eq!(patch, "");
            } else {
                assert_eq!(patched(&from.lossy(), &patch), to.lossy(), "{patch}");
            }
        }
    }
    for (a, b) in [("a\nb", "a\nb\n"), ("a\nb\n", "a\nb"), ("", "x"), ("x\n", ""), ("a\nb", "a\nc")] {
        let mut out = Vec::new();
        unified::hunks(&mut out, a.as_bytes(), b.as_bytes(), &Layout { context: Some(3), ..Layout::default() });
        assert_eq!(patched(a, std::str::from_utf8(&out).unwrap()), b, "{a:?} {b:?}");
    }
}
