//! Values: generated charts three levels deep, values files and flags, and what the templates then see of them.

use crate::chart::ChartCase;
use crate::judge::Tally;
use crate::random::Random;
use crate::texts::number;
use crate::{Options, Part, helm, mixed, yaml};

pub fn run(helm: &helm::Helm, options: &Options, part: &Part) -> Tally {
    mixed::judged(helm, options, part, &|index| case(&mut Random::of(options.seed, part.name, index)))
}

/// Keys that meet on all levels: subcharts' names and aliases among them.
const KEYS: &str = "a b c d image port global tags enabled list sub one two three x alias deep.key 1";
/// Those of them that hold maps, mostly: a subchart's values must.
const MAPS: &str = "global tags sub one two three x alias";
/// Those that hold anything.
const LEAVES: &str = "a b c d image port enabled list deep.key 1";

fn key(random: &mut Random, maps: bool) -> &'static str {
    if random.one_in(30) { random.word(KEYS) } else { random.word(if maps { MAPS } else { LEAVES }) }
}

fn case(random: &mut Random) -> ChartCase {
    let mut case = ChartCase::default();
    chart(random, &mut case, "top", "top", 0);
    if random.one_in(10) {
        case.insert("top/values.schema.json", schema(random));
    }
    case.args = arguments(random, &mut case);
    case
}

/// The words after `template`: the chart, values files and flags of all families.
pub fn arguments(random: &mut Random, case: &mut ChartCase) -> Vec<String> {
    let mut args = vec!["r".to_owned(), "top".to_owned()];
    for i in 0..random.below(3) {
        let name = format!("v{i}.yaml");
        let text = if random.one_in(30) { yaml::document(random) } else { values(random, 0) };
        case.insert(name.clone(), text);
        args.extend(["-f".to_owned(), name]);
    }
    for _ in 0..random.below(3) {
        let flag =
            *random.pick(&["--set", "--set", "--set", "--set-string", "--set-json", "--set-literal", "--set-file"]);
        let text = match flag {
            "--set-json" => set_json(random),
            "--set-literal" => format!("{}={}", path(random), scalar(random)),
            "--set-file" => {
                case.insert("file.txt", format!("{}\nline\n", scalar(random)));
                format!(
                    "{}={}",
                    path(random),
                    random.pick(&[
                        "file.txt", "file.txt", "file.txt", "file.txt", "file.txt", "file.txt", "file.txt", "file.txt",
                        "none.txt"
                    ])
                )
            }
            _ => set(random),
        };
        args.extend([flag.to_owned(), text]);
    }
    args
}

fn path(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(3) {
        text.push_str(&format!("{}.", key(random, true)));
    }
    text.push_str(&key(random, false).replace("deep.key", "deep\\.key"));
    match random.below(12) {
        0 => text.push_str(&format!("[{}]", random.pick(&["0", "1", "2", "3"]))),
        1 => text.push_str(&format!(".{}", key(random, false))),
        2 if random.one_in(4) => {
            text.push_str(&format!("[{}]", random.pick(&["-1", "x", "", "01", "0][1", "99999999"])))
        }
        _ => {}
    }
    text
}

fn set(random: &mut Random) -> String {
    let mut parts = Vec::new();
    for _ in 0..=random.below(2) {
        let value = match random.below(9) {
            0 => "null".to_owned(),
            1 => format!("{{{}}}", (0..random.below(3)).map(|_| scalar(random)).collect::<Vec<_>>().join(",")),
            2 => String::new(),
            3 => "a\\,b".to_owned(),
            4 => random.word("true false 007 1e3 0x10 -1 1.5 {} [] \"q\" a=b a\\=b {{a}}").to_owned(),
            5 if random.one_in(5) => random.word("{a,b , {").to_owned(),
            _ => scalar(random),
        };
        parts.push(format!("{}={value}", path(random)));
    }
    if random.one_in(40) {
        parts.push(random.word("a a= =a a.b a[ a[0 a..b=c .=1 a[0].=1 , a,=b").to_owned());
    }
    parts.join(",")
}

fn set_json(random: &mut Random) -> String {
    if random.one_in(3) {
        return format!("{{\"{}\": {}}}", key(random, false), crate::texts::json(random, 2));
    }
    format!("{}={}", path(random), crate::texts::json(random, 2))
}

fn scalar(random: &mut Random) -> String {
    match random.below(5) {
        0 => number(random).trim().to_owned(),
        1 => random.word("null ~ true false yes no").to_owned(),
        _ => random.word("x y web v1.2 text 80 8080 0").to_owned(),
    }
}

/// A values tree.
pub fn values(random: &mut Random, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let mut text = String::new();
    let mut keys: Vec<&str> = Vec::new();
    for _ in 0..=random.below(6) {
        let maps = depth < 3 && random.one_in(2);
        let key = key(random, maps);
        if keys.contains(&key) {
            continue;
        }
        keys.push(key);
        let value = match random.below(if maps { 40 } else { 10 }) {
            1 if depth < 3 => format!("\n{}", values(random, depth + 1)),
            2 => format!(" [{}, {{k: {}}}]\n", scalar(random), scalar(random)),
            3 => " null\n".to_owned(),
            4 => " {}\n".to_owned(),
            5 => " []\n".to_owned(),
            _ if maps && key == "tags" => format!(
                " {{{}: {}, x: {}}}\n",
                random.word("a b"),
                random.word("true false true false null 1"),
                random.word("true false x")
            ),
            10.. => format!("\n{}", values(random, depth + 1)),
            _ if key == "enabled" => format!(" {}\n", random.word("true false true false null x")),
            _ => format!(" {}\n", scalar(random)),
        };
        let key = if key == "1" { "\"1\"" } else { key };
        text.push_str(&format!("{pad}{key}:{value}"));
    }
    text
}

/// A chart with subcharts, of which some have aliases, conditions, tags and values to import.
pub fn chart(random: &mut Random, case: &mut ChartCase, folder: &str, name: &str, depth: usize) {
    let subcharts: &[&str] = match depth {
        0 => &["one", "two"],
        1 => &["three"],
        _ => &[],
    };
    let mut meta = format!("apiVersion: v2\nname: {name}\nversion: 1.0.{depth}\n");
    if random.one_in(8) && depth > 0 {
        meta.push_str("type: library\n");
    }
    let mut listed = String::new();
    for sub in subcharts {
        if random.one_in(4) {
            continue;
        }
        chart(random, case, &format!("{folder}/charts/{sub}"), sub, depth + 1);
        if random.one_in(5) {
            continue;
        }
        let twice = random.one_in(6);
        for first in [true, false] {
            if !first && !twice {
                continue;
            }
            listed.push_str(&format!(
                "- name: {sub}\n  version: \"{}\"\n",
                random.pick(&["*", "1.0.x", "^1.0.0", ">=1", "*", "*", "*", "*", "2.x"])
            ));
            listed.push_str("  repository: \"\"\n");
            if !first && !random.one_in(10) || random.one_in(4) {
                let alias = if first { *random.pick(&["sub", "x"]) } else { "alias" };
                listed.push_str(&format!("  alias: {alias}\n"));
            }
            if random.one_in(2) {
                listed.push_str(&format!(
                    "  condition: {}\n",
                    random.pick(&[
                        "enabled",
                        "one.enabled",
                        "sub.enabled,a.b",
                        "global.x",
                        "tags.a",
                        "missing.x",
                        "a",
                        "two.enabled",
                        "alias.enabled",
                        " b , c"
                    ])
                ));
            }
            if random.one_in(3) {
                listed.push_str(&format!("  tags: [{}]\n", random.pick(&["a", "b, a", "x"])));
            }
            if random.one_in(2) {
                listed.push_str(&format!(
                    "  import-values: [{}]\n",
                    random.pick(&[
                        "data",
                        "{child: exports.data, parent: imported}",
                        "{child: a, parent: .}",
                        "{child: list, parent: b}",
                        "{child: a.b, parent: c.d}",
                        "{child: missing, parent: x}",
                        "none, data",
                        "{child: image}"
                    ])
                ));
            }
        }
    }
    if !listed.is_empty() {
        meta.push_str(&format!("dependencies:\n{listed}"));
    }
    case.insert(format!("{folder}/Chart.yaml"), meta);
    let mut text = values(random, 0);
    if random.one_in(3) {
        text.push_str(&format!("exports:\n  data:\n{}", values(random, 2)));
    }
    if !random.one_in(10) {
        case.insert(format!("{folder}/values.yaml"), text);
    }
    case.insert(
        format!("{folder}/templates/v.yaml"),
        "kind: V\nname: {{ .Chart.Name }}\nchart: {{ .Chart.Name }}\nvalues: {{ .Values | toJson }}\n{{- range $k, $v := .Values }}\n{{ $k | quote }}: {{ typeOf $v | quote }}\n{{- end }}\nsub: {{ keys .Subcharts | sortAlpha | toJson }}\n",
    );
    if random.one_in(14) && depth > 0 {
        case.insert(format!("{folder}/values.schema.json"), schema(random));
    }
}

fn schema(random: &mut Random) -> String {
    let of = |r: &mut Random| {
        (*r.pick(&[
            "{\"type\": \"string\"}",
            "{\"type\": [\"integer\", \"null\"]}",
            "{\"type\": \"object\"}",
            "{\"enum\": [\"x\", 80]}",
            "{\"minimum\": 5}",
            "{\"pattern\": \"^w\"}",
            "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
            "{\"not\": {\"type\": \"null\"}}",
            "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"boolean\"}]}",
            "{\"$ref\": \"#/$defs/d\"}",
            "true",
            "{\"const\": null}",
            "{\"maxLength\": 1}",
        ]))
        .to_owned()
    };
    let draft = *random.pick(&[
        "",
        "\"$schema\": \"http://json-schema.org/draft-07/schema#\", ",
        "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", ",
    ]);
    format!(
        "{{{draft}\"$defs\": {{\"d\": {{\"type\": \"number\"}}}}, \"properties\": {{\"{}\": {}, \"{}\": {}}}{}}}",
        random.word("a b c image"),
        of(random),
        random.word("port list x d"),
        of(random),
        random.pick(&[
            "",
            "",
            ", \"required\": [\"a\", \"port\"]",
            ", \"additionalProperties\": false",
            ", \"minProperties\": 3"
        ])
    )
}
