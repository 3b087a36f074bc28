//! Both sides → what differs.

use super::fields::{self, Difference};
use super::ignore::{self, Rule, Rules};
use super::lines::{self, Mark, Row};
use super::matching::{Matched, matching};
use super::objects::{Item, Part, objects, shared};
use super::secrets::{self, Text};
use super::{Change, ChangeKind, Field, Options, Side, brackets, normal, renames, risk};
use crate::manifest::chance::CHANCE;
use crate::manifest::clean;
use crate::manifest::edits::{self, Edits};
use crate::manifest::path::{self, Step};
use crate::value::Str;
use crate::yaml::Node;
use memchr::memmem;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a comparison found, with both sides' whole texts.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What differs.
    pub changes: Vec<Change>,
    /// Both sides as streams of documents, each behind `---` and its `# Source:`; equal where nothing differs that counts.
    pub texts: (Str, Str),
}

/// What differs between two sides, in the order of namespaces, names and kinds.
pub fn compare(from: &Side<'_>, to: &Side<'_>, options: &Options) -> Vec<Change> {
    Comparison::new(from, to, options, shared(from, to)).run().0
}

/// The same with the whole texts of both sides, which take as much room again.
pub fn compare_whole(from: &Side<'_>, to: &Side<'_>, options: &Options) -> Outcome {
    let comparison = Comparison::new(from, to, options, HashMap::new());
    let (changes, texts) = comparison.run();
    let texts = if changes.is_empty() {
        let text = stream(&comparison.from_parts, &comparison.from, &texts.from);
        (text.clone(), text)
    } else {
        // What is left out on one side is on both, or on none: nothing of it is shown, and a patch fits.
        let right = comparison.with_left_out(&texts);
        (stream(&comparison.from_parts, &comparison.from, &texts.from), right)
    };
    Outcome { changes, texts }
}

/// What the objects' texts became, where they are others now.
struct Texts {
    from: Vec<Option<Str>>,
    to: Vec<Option<Str>>,
    /// Pairs of places.
    pairs: Vec<(usize, usize)>,
    /// Objects of one side that do not count: on the left, on the right.
    left_out: [Vec<usize>; 2],
}

fn stream(parts: &[Part], items: &[Item], texts: &[Option<Str>]) -> Str {
    let mut out = Vec::new();
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        let mut own = Vec::new();
        while items.get(at).is_some_and(|item| item.document == number) {
            own.extend(items.get(at).map(|item| (item, texts.get(at).cloned().flatten())));
            at += 1;
        }
        let mut put = |text: &[u8]| {
            out.extend_from_slice(b"---\n");
            if !part.source.is_empty() {
                out.extend_from_slice(format!("# Source: {}\n", part.source).as_bytes());
            }
            out.extend_from_slice(text);
            if !text.ends_with(b"\n") {
                out.push(b'\n');
            }
        };
        // A List stays one document unless something in it is another now.
        match own.as_slice() {
            _ if own.iter().all(|(item, text)| text.as_ref().is_none_or(|text| *text == item.text)) => put(&part.text),
            _ => own.iter().for_each(|(item, text)| put(text.as_ref().unwrap_or(&item.text))),
        }
    }
    Str::from(out)
}

struct Comparison<'a> {
    sides: [Side<'a>; 2],
    options: &'a Options,
    from: Vec<Item>,
    to: Vec<Item>,
    from_parts: Vec<Part>,
    to_parts: Vec<Part>,
    /// What does not count where one of two objects names the release's own namespace and the other none.
    home: Option<Rule>,
}

/// What came of two texts.
struct Judged {
    texts: (Str, Str),
    /// The fields that differ, with their paths.
    fields: Vec<(Vec<Step>, Field)>,
    /// Whether anything is left that counts.
    differs: bool,
}

impl<'a> Comparison<'a> {
    /// Documents that both sides share need not be among those that are compared.
    fn new(from: &Side<'a>, to: &Side<'a>, options: &'a Options, shared: HashMap<&Str, usize>) -> Self {
        let (left, from_parts) = objects(from, options, shared.clone());
        let (right, to_parts) = objects(to, options, shared);
        let home = Rule::new(&[("path", "metadata.namespace")]).ok();
        Comparison { sides: [*from, *to], options, from: left, to: right, from_parts, to_parts, home }
    }

    fn run(&self) -> (Vec<Change>, Texts) {
        let mut texts = Texts {
            from: vec![None; self.from.len()],
            to: vec![None; self.to.len()],
            pairs: Vec::new(),
            left_out: [Vec::new(), Vec::new()],
        };
        let mut changes = Vec::new();
        let Matched { mut pairs, mut removed, mut added } = matching(&self.from, &self.to);
        let same = pairs.len();
        if !self.options.no_renames {
            let renamed = renames::renames(&self.from, &removed, &self.to, &added, &self.sides);
            removed.retain(|i| !renamed.iter().any(|(from, _)| from == i));
            added.retain(|i| !renamed.iter().any(|(_, to)| to == i));
            pairs.extend(renamed);
        }
        texts.pairs.clone_from(&pairs);
        for (number, (i, j)) in pairs.into_iter().enumerate() {
            let (Some(from), Some(to)) = (self.from.get(i), self.to.get(j)) else { continue };
            let renamed = number >= same;
            let (text, change) = self.pair(from, to, renamed);
            if let Some((before, after)) = text {
                put(&mut texts.from, i, before);
                put(&mut texts.to, j, after);
            }
            changes.extend(change);
        }
        for (alone, side) in [(removed, 0), (added, 1)] {
            for i in alone {
                let (items, own) = if side == 0 { (&self.from, &mut texts.from) } else { (&self.to, &mut texts.to) };
                let Some(item) = items.get(i) else { continue };
                let (text, change) = self.alone(item, side);
                put(own, i, text);
                if change.is_none()
                    && let Some(left_out) = texts.left_out.get_mut(side)
                {
                    left_out.push(i);
                }
                changes.extend(change);
            }
        }
        changes.sort_by(|a, b| a.sort.cmp(&b.sort));
        (changes, texts)
    }

    /// The right side's stream, with what does not count of objects as the left side has it.
    fn with_left_out(&self, texts: &Texts) -> Str {
        let [left, right] = &texts.left_out;
        if left.is_empty() && right.is_empty() {
            return stream(&self.to_parts, &self.to, &texts.to);
        }
        let gone: HashSet<usize> = right.iter().copied().collect();
        let partners: HashMap<usize, usize> = texts.pairs.iter().copied().collect();
        // Behind the partner of what stands before them on the left.
        let mut behind: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for i in left {
            let before = (0..*i).rev().find_map(|i| partners.get(&i).copied());
            behind.entry(before).or_default().push(*i);
        }
        let (mut items, mut own, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut push = |item: &Item, text: &Option<Str>, source: &str| {
            own.push(Some(text.clone().unwrap_or_else(|| item.text.clone())));
            items.push(Item { document: parts.len(), ..item.clone() });
            parts.push(Part { source: source.to_owned(), text: item.text.clone() });
        };
        let mut left_behind = |place: Option<usize>, push: &mut dyn FnMut(&Item, &Option<Str>, &str)| {
            for i in behind.remove(&place).unwrap_or_default() {
                if let (Some(item), Some(text)) = (self.from.get(i), texts.from.get(i)) {
                    push(item, text, &item.source);
                }
            }
        };
        left_behind(None, &mut push);
        for (j, (item, text)) in self.to.iter().zip(&texts.to).enumerate() {
            if !gone.contains(&j) {
                push(item, text, &item.source);
            }
            left_behind(Some(j), &mut push);
        }
        stream(&parts, &items, &own)
    }

    fn text<'t>(&'t self, item: &'t Item, side: usize) -> Text<'t> {
        let own = self.sides.get(side).unwrap_or(&self.sides[0]);
        Text { text: &item.text, namespace: own.namespace, kind: &item.object.kind, kept: own.secrets }
    }

    /// Compares two objects; the texts where they are others now.
    fn pair(&self, from: &Item, to: &Item, renamed: bool) -> (Option<(Str, Str)>, Option<Change>) {
        let mut rules = Rules::about(&self.options.ignore, &[&from.object, &to.object], &self.options.release);
        if let Some(home) = self.home.as_ref().filter(|_| from.own && to.own && from.named != to.named) {
            rules.add(home);
        }
        let secret = [from, to].iter().any(|item| secrets::may_be(&item.object.kind, &item.text));
        let (mut before, mut after) = (from.text.clone(), to.text.clone());
        if secret {
            let (one, two) = (self.text(from, 0), self.text(to, 1));
            let (one, two) = secrets::hidden(Some(&one), Some(&two), self.options);
            (before, after) = (settled(one, before), settled(two, after));
        }
        if before == after && !renamed || rules.whole() {
            // What is left out has the left side's text on both.
            let text = if secret { Str::from(secrets::shown(&before)) } else { before };
            let other = text != from.text || text != to.text;
            return (other.then(|| (text.clone(), text)), None);
        }
        let kind = fields::known_kind(&to.object);
        if self.options.normalize
            && let (Some(one), Some(two)) = (normal::normal(&before, kind), normal::normal(&after, kind))
        {
            if one == two && !renamed {
                let text = if secret { Str::from(secrets::shown(&before)) } else { before };
                return (Some((text.clone(), text)), None);
            }
            (before, after) = (Str::from(one), Str::from(two));
        }
        let mut judged = judge(before, after, kind, &rules, self.options.marked);
        if secret {
            let (one, two) = judged.texts;
            judged.texts = (Str::from(secrets::shown(&one)), Str::from(secrets::shown(&two)));
            judged.differs &= judged.texts.0 != judged.texts.1;
        }
        if self.options.normalize {
            judged.differs &= judged.texts.0 != judged.texts.1;
        }
        if !judged.differs && !renamed {
            return (Some((judged.texts.0.clone(), judged.texts.0)), None);
        }
        let (paths, fields): (Vec<Vec<Step>>, Vec<Field>) = judged.fields.into_iter().unzip();
        let kind = if renamed { ChangeKind::Renamed } else { ChangeKind::Changed };
        let mut change = Change {
            object: to.object.clone(),
            from_object: renamed.then(|| from.object.clone()),
            kind,
            before: Some(judged.texts.0.clone()),
            after: Some(judged.texts.1.clone()),
            fields,
            risks: Vec::new(),
            from_source: from.source.clone(),
            source: to.source.clone(),
            sort: sort_key(from).min(sort_key(to)),
        };
        risk::assess(&mut change, &paths);
        (Some(judged.texts), Some(change))
    }

    /// An object that only one side has.
    fn alone(&self, item: &Item, side: usize) -> (Str, Option<Change>) {
        let rules = Rules::about(&self.options.ignore, &[&item.object], &self.options.release);
        let mut text = item.text.clone();
        if secrets::may_be(&item.object.kind, &text) {
            let own = self.text(item, side);
            let (from, to) = if side == 0 { (Some(&own), None) } else { (None, Some(&own)) };
            let (from, to) = secrets::hidden(from, to, self.options);
            text = Str::from(secrets::shown(&settled(from.or(to), text)));
        }
        if self.options.normalize
            && let Some(normal) = normal::normal(&text, fields::known_kind(&item.object))
            && !secrets::may_be(&item.object.kind, &text)
        {
            text = Str::from(normal);
        }
        let gone = rules.whole()
            || item.by_chance
            || rules.about_lines() && lines::lines(&text).iter().all(|line| line.is_empty() || rules.line(line, None));
        if gone {
            return (text, None);
        }
        let (kind, before, after, from_source, source) = if side == 0 {
            (ChangeKind::Removed, Some(text.clone()), None, item.source.clone(), String::new())
        } else {
            (ChangeKind::Added, None, Some(text.clone()), String::new(), item.source.clone())
        };
        let field = Field { path: String::new(), from: None, to: None, why: Vec::new(), risk: None, drift: None };
        let mut change = Change {
            object: item.object.clone(),
            from_object: None,
            kind,
            before,
            after,
            fields: vec![field],
            risks: Vec::new(),
            from_source,
            source,
            sort: sort_key(item),
        };
        risk::assess(&mut change, &[]);
        (text, Some(change))
    }
}

/// A text whose values were hidden, and with them comments: what is left behind the last of them is no difference.
fn settled(text: Option<Str>, own: Str) -> Str {
    text.map_or(own, |text| clean(&text).1)
}

fn put(texts: &mut [Option<Str>], i: usize, text: Str) {
    if let Some(place) = texts.get_mut(i) {
        *place = Some(text);
    }
}

/// Namespaces in their order, then names and kinds. The release's own namespace has no name here: it differs by side.
fn sort_key(item: &Item) -> (String, String) {
    let home = if item.own { String::new() } else { item.object.namespace.clone() };
    (home, format!("{}\0{}\0{}", item.object.name, item.object.kind, item.object.group))
}

/// Compares two texts that hold no secrets any more.
fn judge(mut before: Str, mut after: Str, kind: &str, rules: &Rules<'_>, marked: bool) -> Judged {
    let mut nodes = (edits::read(&before), edits::read(&after));
    let has_chance = |text: &Str| memmem::find(text, CHANCE.as_bytes()).is_some();
    if !marked && (has_chance(&before) || has_chance(&after)) {
        if let (Some(one), Some(two)) = &nodes {
            let [left, right] = fields::by_chance([&before, &after], one, two, kind);
            (before, after) = (Str::from(left.apply(&before)), Str::from(right.apply(&after)));
            nodes = (edits::read(&before), edits::read(&after));
        }
        after = comments_by_chance(&before, after);
        before = comments_by_chance(&after, before);
        nodes =
            if nodes.0.is_some() && nodes.1.is_some() { (edits::read(&before), edits::read(&after)) } else { nodes };
    }
    weigh(before, after, &nodes, kind, rules, false)
}

/// What of two texts differs and counts. `settled`: whether entries between brackets that do not count are the same already.
fn weigh(
    before: Str,
    after: Str,
    nodes: &(Option<Node>, Option<Node>),
    kind: &str,
    rules: &Rules<'_>,
    settled: bool,
) -> Judged {
    let (Some(one), Some(two)) = nodes else {
        let whole = Vec::new();
        return finish(before, after, whole, rules, &[Vec::new(), Vec::new()]);
    };
    let found = fields::differences([&before, &after], one, two, kind);
    if let Some(taken) = brackets::settle([&before, &after], &found, rules).filter(|_| !settled) {
        let after = Str::from(taken.apply(&after));
        let nodes = (edits::read(&before), edits::read(&after));
        return weigh(before, after, &nodes, kind, rules, true);
    }
    let mut stretches = [Vec::new(), Vec::new()];
    let mut kept = Vec::new();
    let mut takes = Edits::default();
    for difference in found {
        let judged = rules.judge([&before, &after], &difference);
        if judged.ignored && one_line(&before, &after, &difference) {
            if let (Some(from), Some(to)) = (&difference.from, &difference.to) {
                let ((a, b), (c, d)) = (edits::place(&before, from.node.span), edits::place(&after, to.node.span));
                takes.put(c, d, before.get(a..b).unwrap_or_default());
            }
            continue;
        }
        let [left, right] = judged.stretches;
        stretches[0].extend(left);
        stretches[1].extend(right);
        if !judged.ignored {
            kept.push(difference);
        }
    }
    let marks = [ignore::touched(&before, &stretches[0]), ignore::touched(&after, &stretches[1])];
    let fields = kept.iter().map(|difference| field(&before, &after, difference)).collect();
    // Only rules about lines ask for them.
    let places: Vec<Places> = if rules.about_lines() {
        let starts = [ignore::line_starts(&before), ignore::line_starts(&after)];
        kept.iter().map(|difference| extents(&before, &after, &starts, difference)).collect()
    } else {
        vec![[None, None]; kept.len()]
    };
    // Values on one line take the place of values on one line: lines stay where they are.
    let after = Str::from(takes.apply(&after));
    let fields: Vec<(Vec<Step>, Field)> = fields;
    let fields = fields.into_iter().zip(places).map(|((path, field), places)| (path, field, places)).collect();
    finish(before, after, fields, rules, &marks)
}

/// The lines that a field takes on both sides.
type Places = [Option<(usize, usize)>; 2];

fn extents(before: &[u8], after: &[u8], starts: &[Vec<usize>; 2], difference: &Difference<'_>) -> Places {
    let of = |text: &[u8], starts: &[usize], spot: &Option<fields::Spot<'_>>| {
        let (start, end) = ignore::extent(text, spot.as_ref()?);
        let line = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
        Some((line(start), line(end)))
    };
    [of(before, &starts[0], &difference.from), of(after, &starts[1], &difference.to)]
}

/// Whether both sides write the value on one line each.
fn one_line(before: &[u8], after: &[u8], difference: &Difference<'_>) -> bool {
    let short = |text: &[u8], spot: &Option<fields::Spot<'_>>| {
        spot.as_ref().is_some_and(|spot| {
            let (start, end) = edits::place(text, spot.node.span);
            let behind_key = spot.key.is_none_or(|key| start >= key.end as usize);
            behind_key && start < end && !text.get(start..end).unwrap_or_default().contains(&b'\n')
        })
    };
    short(before, &difference.from) && short(after, &difference.to)
}

fn field(before: &[u8], after: &[u8], difference: &Difference<'_>) -> (Vec<Step>, Field) {
    let (from, to) = match &difference.order {
        Some([from, to]) => (Some(Json::from(from.clone())), Some(Json::from(to.clone()))),
        None => (
            difference.from.as_ref().map(|spot| fields::json(before, spot.node)),
            difference.to.as_ref().map(|spot| fields::json(after, spot.node)),
        ),
    };
    let field = Field { path: path::write(&difference.path), from, to, why: Vec::new(), risk: None, drift: None };
    (difference.path.clone(), field)
}

/// Takes out the lines that do not count.
fn finish(
    before: Str,
    after: Str,
    fields: Vec<(Vec<Step>, Field, Places)>,
    rules: &Rules<'_>,
    marks: &[Vec<bool>; 2],
) -> Judged {
    let plain = |fields: Vec<(Vec<Step>, Field, Places)>| fields.into_iter().map(|(p, f, _)| (p, f)).collect();
    if rules.is_empty() {
        let differs = before != after;
        return Judged { texts: (before, after), fields: plain(fields), differs };
    }
    let rows = lines::rows(&before, &after);
    let place = |row: &Row<'_>| match row.mark {
        Mark::Removed => Some((0, row.from)),
        Mark::Added => Some((1, row.to)),
        Mark::Same => None,
    };
    // The fields on each line of both sides: there may be as many as lines.
    let by_lines = rules.about_lines();
    let mut on_line: [HashMap<usize, Vec<usize>>; 2] = [HashMap::new(), HashMap::new()];
    for (number, (_, _, places)) in fields.iter().enumerate() {
        for (lines, place) in on_line.iter_mut().zip(places) {
            for line in place.map(|(first, last)| first..=last).into_iter().flatten() {
                lines.entry(line).or_default().push(number);
            }
        }
    }
    let by_field = |side: usize, line: usize, text: &[u8]| {
        let numbers = on_line.get(side).and_then(|lines| lines.get(&line)).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| fields.get(*number)).any(|(path, ..)| rules.line(text, Some(path)))
    };
    // What became of the lines that differ, by side and line.
    let mut fate: [HashMap<usize, bool>; 2] = [HashMap::new(), HashMap::new()];
    let mut ignored = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some((side, line)) = place(row) else {
            ignored.push(false);
            continue;
        };
        let marked = marks.get(side).and_then(|marks| marks.get(line)).copied().unwrap_or_default();
        let gone = marked || by_lines && (rules.line(row.text, None) || by_field(side, line, row.text));
        if let Some(fate) = fate.get_mut(side) {
            fate.insert(line, gone);
        }
        ignored.push(gone);
    }
    let left = Str::from(ignore::taken_back(&rows, &ignored));
    let stays = |places: &Places| {
        let lines = fate.iter().zip(places).flat_map(|(fate, place)| {
            let lines = place.map(|(first, last)| first..=last).into_iter().flatten();
            lines.filter_map(|line| fate.get(&line).copied())
        });
        let mut any = false;
        let all = lines.into_iter().all(|gone| {
            any = true;
            gone
        });
        !(by_lines && any && all)
    };
    let kept = fields.into_iter().filter(|(_, _, places)| stays(places)).collect();
    drop(rows);
    let differs = before != left;
    Judged { texts: (before, left), fields: plain(kept), differs }
}

/// Comments that chance made on one side are told as such on both.
fn comments_by_chance(model: &[u8], text: Str) -> Str {
    let comment = [b"# ", CHANCE.as_bytes()].concat();
    if memmem::find(model, &comment).is_none() {
        return text;
    }
    let (ours, others) = (lines::lines(&text), lines::lines(model));
    if ours.len() != others.len() {
        return text;
    }
    let lines = ours.iter().zip(&others).map(|(line, model)| match model.strip_suffix(comment.as_slice()) {
        Some(head) if line.strip_prefix(head).is_some_and(|rest| rest.starts_with(b"#")) => *model,
        _ => *line,
    });
    Str::from(lines::joined(&lines.collect::<Vec<_>>()))
}
