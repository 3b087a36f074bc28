//! Generated pipelines: functions on arguments that fit, mostly, and on results of each other.

use crate::atoms::{ATOMS, Kind};
use crate::judge::Tally;
use crate::matrix::{called, fitting, is_chance, is_count, is_unordered, parameter, piped, suits};
use crate::random::Random;
use crate::snippet::Snippet;
use crate::texts;
use crate::{Options, Part, helm, snippet, yaml};
use rhelm::functions::{Function, lookup_function, names};
use rhelm::value::ParamKind;
use std::sync::OnceLock;

pub fn run(helm: &helm::Helm, options: &Options, part: &Part) -> Tally {
    snippet::generated(helm, options, part.name, part.count, &|index| {
        case(&mut Random::of(options.seed, part.name, index))
    })
}

/// A function and the kind of what it makes of fitting arguments.
struct Known {
    function: &'static Function,
    gives: Kind,
}

/// Functions that may stand anywhere: neither chance nor unordered, and none that is too slow to be called often.
fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let usable = |name: &&str| {
            !is_chance(name)
                && !is_unordered(name)
                && !matches!(*name, "derivePassword" | "fail" | "buildCustomCert" | "ago" | "repeat")
        };
        let mut known = Vec::new();
        for function in names().filter(usable).filter_map(lookup_function) {
            let count = function.params.len() + if function.rest.is_some() { 2 } else { 0 };
            let arguments: Vec<&str> = (0..count).map(|i| fitting(function, i)).collect();
            let text = format!("{{{{ {} | kindOf }}}}", called(function.name, &arguments));
            let line = Snippet { index: 0, text }.ours().unwrap_or_default();
            let line = crate::chart::comparable(&line);
            let gives = match String::from_utf8_lossy(&line).trim() {
                "string" => Kind::Str,
                "bool" => Kind::Bool,
                "int" | "int64" | "uint32" => Kind::Int,
                "float64" => Kind::Float,
                "slice" => Kind::List,
                "map" => Kind::Map,
                "struct" => Kind::Time,
                _ => Kind::Object,
            };
            known.push(Known { function, gives });
        }
        known
    })
}

fn case(random: &mut Random) -> String {
    let text = written(random);
    // For these verbs times print the address of their zone, and versions their own, which differs from run to run.
    let addressed = ["Date", "date_modify", "fromToml", "htmlDate", "semver", "Capabilities"];
    let addressed = addressed.iter().any(|word| text.contains(word));
    if addressed && text.contains("printf") && has_number_verb(&text) { written_plainly(random) } else { text }
}

/// Whether a format has a verb of integers.
fn has_number_verb(text: &str) -> bool {
    text.split('%').skip(1).any(|rest| {
        let verb = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "+-# .[]*".contains(c));
        verb.starts_with(['b', 'o', 'O', 'd', 'x', 'X'])
    })
}

fn written_plainly(random: &mut Random) -> String {
    let (mut text, _) = command(random, 0, Some(Kind::Str));
    while text.contains("printf") {
        text = command(random, 0, Some(Kind::Str)).0;
    }
    format!("{{{{ {text} }}}}")
}

fn written(random: &mut Random) -> String {
    let pipeline = pipeline(random, 3);
    match random.below(12) {
        0 => format!(
            "{{{{ $x := {pipeline} }}}}{{{{ $x }}}}|{{{{ $x | {} }}}}",
            random.word("toJson quote typeOf len kindOf not")
        ),
        1 => format!("{{{{ if {pipeline} }}}}yes{{{{ else }}}}no{{{{ end }}}}"),
        2 => format!("{{{{ with {pipeline} }}}}{{{{ . }}}}{{{{ else }}}}none{{{{ end }}}}"),
        3 => format!("{{{{ range $i, $e := {pipeline} }}}}{{{{ $i }}}}={{{{ $e }}}};{{{{ else }}}}none{{{{ end }}}}"),
        4 => format!("{{{{ printf {} ({pipeline}) }}}}", texts::literal(&texts::format(random))),
        5 => format!("{{{{ printf \"%v %T\" ({pipeline}) ({}) }}}}", term(random, 2, None)),
        6 => format!("{{{{ toYaml ({pipeline}) | nindent 2 }}}}"),
        7 => format!(
            "{{{{ {pipeline} | {} }}}}",
            random.word("toJson quote toYaml toString toPrettyJson squote toToml typeOf len toYamlPretty")
        ),
        _ => format!("{{{{ {pipeline} }}}}"),
    }
}

/// Commands, each fed by the one before.
pub fn pipeline(random: &mut Random, depth: usize) -> String {
    let (mut text, mut kind) = command(random, depth, None);
    while random.below(5) < 2 {
        let Some(next) = fed_by(random, kind) else { break };
        let count = argument_count(random, next.function);
        let mut arguments: Vec<String> = (0..count).map(|i| argument(random, next.function, i, depth)).collect();
        arguments.pop();
        text =
            format!("{text} | {}{}", next.function.name, arguments.iter().map(|a| format!(" {a}")).collect::<String>());
        kind = next.gives;
    }
    text
}

/// A pipeline that renders, as far as rhelm can tell; now and then any.
pub fn sound(random: &mut Random, depth: usize) -> String {
    for _ in 0..6 {
        let text = pipeline(random, depth);
        if random.one_in(40) || (Snippet { index: 0, text: format!("{{{{ {text} }}}}") }).ours().is_ok() {
            return text;
        }
    }
    ".Values.s".to_owned()
}

/// A function whose last argument may be of a kind; now and then any function.
fn fed_by(random: &mut Random, kind: Kind) -> Option<&'static Known> {
    let known = known();
    for _ in 0..60 {
        let next = random.pick(known);
        let last = next.function.params.len().saturating_sub(usize::from(next.function.rest.is_none()));
        let Some(param) = parameter(next.function, last) else { continue };
        if is_count(next.function, last) {
            continue;
        }
        if suits(param, kind) || random.one_in(25) {
            return Some(next);
        }
    }
    None
}

fn argument_count(random: &mut Random, function: &Function) -> usize {
    if random.one_in(80) {
        return random.below(5);
    }
    let fixed = function.params.len();
    match function.rest {
        Some(_) if matches!(function.name, "dict") => 2 * random.below(4),
        Some(_) => (fixed + random.below(4)).max(1),
        None => fixed,
    }
}

/// A command, and the kind of what it gives.
fn command(random: &mut Random, depth: usize, wanted: Option<Kind>) -> (String, Kind) {
    let known = known();
    let mut chosen = random.pick(known);
    for _ in 0..40 {
        if wanted.is_none_or(|kind| kind == chosen.gives) {
            break;
        }
        chosen = random.pick(known);
    }
    let count = argument_count(random, chosen.function);
    let arguments: Vec<String> = (0..count).map(|i| argument(random, chosen.function, i, depth)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // What is piped stands in parentheses: a chain of pipes would feed only the last.
    let text = if random.one_in(4) {
        piped(chosen.function.name, &arguments)
    } else {
        called(chosen.function.name, &arguments)
    };
    (text, chosen.gives)
}

/// An argument for a place: one that fits, mostly.
fn argument(random: &mut Random, function: &Function, i: usize, depth: usize) -> String {
    if is_count(function, i) {
        return random.below(7).to_string();
    }
    let Some(param) = parameter(function, i) else { return term(random, depth, None) };
    if matches!(function.name, "slice" | "mustSlice") && i > 0 {
        // Beyond its end a list may go on, as far as Go made room for it.
        return random.below(2).to_string();
    }
    match random.below(10) {
        0 => return term(random, depth, None),
        1 | 2 => return fitting(function, i).to_owned(),
        _ => {}
    }
    let text = |random: &mut Random| match (function.name, param.name) {
        ("printf", "format") => Some(texts::format(random)),
        (_, "pattern") => Some(texts::pattern(random)),
        (_, "replacement") => Some(texts::replacement(random)),
        (_, "constraint") => Some(texts::constraint(random)),
        (_, "version") => Some(texts::version(random)),
        (_, "layout") => Some(texts::layout(random)),
        ("toDate" | "mustToDate", _) => Some(texts::date(random)),
        (_, "duration" | "seconds") => Some(texts::duration(random)),
        (_, "path") if function.name != "dig" => Some(texts::path(random)),
        (_, "url") => Some(texts::url(random)),
        ("atoi" | "int" | "int64" | "float64" | "toDecimal", _) => Some(texts::number(random)),
        ("fromYaml", _) => Some(yaml::document(random)),
        ("fromYamlArray", _) => Some(yaml::sequence(random, 0)),
        ("fromJson" | "mustFromJson", _) => Some(texts::json_object(random)),
        ("fromJsonArray", _) => Some(texts::json(random, 3)),
        ("fromToml", _) => Some(texts::toml(random)),
        ("tpl", "text") => Some(format!("a{{{{ {} }}}}b", pipeline(random, depth.saturating_sub(1)))),
        (_, "zone") => {
            Some(random.word("UTC Europe/Berlin America/New_York Asia/Kolkata Nowhere/X Local EST").to_owned())
        }
        _ => None,
    };
    if random.below(10) < 8
        && let Some(text) = text(random)
    {
        return texts::literal(&text);
    }
    let kind = match param.kind {
        ParamKind::Str => Some(Kind::Str),
        ParamKind::Bool => Some(Kind::Bool),
        ParamKind::Int | ParamKind::Int64 | ParamKind::Uint32 => Some(Kind::Int),
        ParamKind::Float => Some(Kind::Float),
        ParamKind::Map => Some(Kind::Map),
        ParamKind::List => Some(Kind::List),
        ParamKind::Type(_) => Some(Kind::Time),
        ParamKind::Any | ParamKind::Reflect => match param.name {
            "list" | "lists" => Some(Kind::List),
            "number" | "numbers" => Some(*random.pick(&[Kind::Int, Kind::Float, Kind::Str])),
            "date" => Some(Kind::Time),
            _ => None,
        },
    };
    term(random, depth, kind)
}

/// A term of a kind, or of any.
pub fn term(random: &mut Random, depth: usize, kind: Option<Kind>) -> String {
    if depth > 0 && random.below(3) == 0 {
        return match kind {
            Some(_) => format!("({})", command(random, depth - 1, kind).0),
            None => format!("({})", pipeline(random, depth - 1)),
        };
    }
    match kind {
        Some(Kind::Str) if random.one_in(2) => texts::literal(&texts::any(random)),
        Some(Kind::Int) if random.one_in(2) => (random.below(40) as i64 - 10).to_string(),
        Some(Kind::Float) if random.one_in(3) => format!("{}.{}", random.below(2000) as i64 - 500, random.below(1000)),
        _ => {
            let mut atom = random.pick(ATOMS);
            for _ in 0..60 {
                if kind.is_none_or(|kind| kind == atom.kind) && !matches!(atom.text, "$" | "2i") {
                    break;
                }
                atom = random.pick(ATOMS);
            }
            atom.text.to_owned()
        }
    }
}
