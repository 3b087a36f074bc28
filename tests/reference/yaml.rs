//! YAML: generated texts read and written again, generated values written and read again.

use crate::judge::Tally;
use crate::random::Random;
use crate::texts::{any, json, literal, many, number, toml, word};
use crate::{Options, Part, helm, snippet};

pub fn run(helm: &helm::Helm, options: &Options, part: &Part) -> Tally {
    snippet::generated(helm, options, part.name, part.count, &|index| {
        case(&mut Random::of(options.seed, part.name, index))
    })
}

fn case(random: &mut Random) -> String {
    let seen = "{{ toYaml $v }}|{{ toJson $v }}|{{ toYamlPretty $v }}";
    match random.below(10) {
        0..=4 => format!("{{{{ $v := fromYaml {} }}}}{seen}", literal(&document(random))),
        5 => format!("{{{{ $v := fromYamlArray {} }}}}{seen}", literal(&sequence(random, 0))),
        6 => format!(
            "{{{{ $v := fromJson {} }}}}{seen}|{{{{ toYaml $v | fromYaml | toJson }}}}|{{{{ toYamlPretty $v | fromYaml | toJson }}}}",
            literal(&format!("{{\"k\": {}, {:?}: {}}}", json(random, 4), word(random), json(random, 2)))
        ),
        7 => {
            // Strings of every look, as values and as keys.
            let (key, text) = (literal(&any(random)), literal(&string(random)));
            format!(
                "{{{{ $v := dict {key} (list {text} (dict \"k\" {text} {text} 1)) }}}}{seen}|{{{{ toYaml $v | fromYaml | toJson }}}}"
            )
        }
        8 => format!("{{{{ $v := fromToml {} }}}}{seen}|{{{{ toToml $v }}}}", literal(&toml(random))),
        _ => format!(
            "{{{{ range $d := {} | splitList \"\\n---\\n\" }}}}{{{{ $v := fromYaml $d }}}}{seen};{{{{ end }}}}",
            literal(&format!("{}\n---\n{}", document(random), document(random)))
        ),
    }
}

/// A string that may need quotes, or a block.
fn string(random: &mut Random) -> String {
    match random.below(6) {
        0 => plain(random),
        1 => many(random, 5, |r| format!("{}{}\n", " ".repeat(r.below(3)), word(r))),
        2 => format!("{}{}", "long words that go on and on ".repeat(random.below(8)), word(random)),
        3 => format!(
            "{}{}{}",
            random.pick(&["", " ", "\n", "- ", ": ", "#", "\t"]),
            any(random),
            random.pick(&["", " ", "\n", "\n\n", ":", " #"])
        ),
        4 => number(random),
        _ => any(random),
    }
}

/// A whole document, now and then with something wrong in it.
pub fn document(random: &mut Random) -> String {
    let mut text = String::new();
    if random.one_in(12) {
        text.push_str(random.one_of(&[
            "---\n",
            "# comment\n",
            "%YAML 1.1\n---\n",
            "\u{feff}",
            "\n\n",
            "--- # c\n",
            "%YAML 1.2\n---\n",
            "%TAG ! !x\n---\n",
        ]));
    }
    text.push_str(&mapping(random, 0));
    if random.one_in(15) {
        text.push_str(random.one_of(&["...\n", "---\nb: 2\n", "# end", "\n\n", "...\nx", "---\n"]));
    }
    if random.one_in(12) {
        // A slip of the hand somewhere.
        let at = (0..=random.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(
            at,
            random.one_of(&[
                "\t", " ", "\n", ":", "-", "\"", "'", "{", "[", "]", "}", "&a ", "*a", "!", "|", ">", "%", "@", "`",
                ",", "#", "\u{7f}", "\u{85}", "? ",
            ]),
        );
    }
    if random.one_in(25) {
        text = text.replace('\n', "\r\n");
    }
    text
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

fn key(random: &mut Random) -> String {
    match random.below(12) {
        0 => random.word("a10 a2 a1 B b _x 10 9 1.5 true null ~ y n on 0x1 'q' \"d\" <<").to_owned(),
        1 => format!("{:?}", word(random)),
        2 => plain(random).replace(['\n', ':', '#'], ""),
        3 => format!("? {}\n", word(random)),
        _ => random.word("a b c d e f g h i j k name image port key").to_owned(),
    }
}

fn mapping(random: &mut Random, depth: usize) -> String {
    let mut text = String::new();
    let anchor = random.one_in(10);
    if anchor {
        text.push_str(&format!("{}base: &b {{x: 1, y: [2]}}\n", indent(depth)));
    }
    for _ in 0..=random.below(4) {
        let key = key(random);
        text.push_str(&indent(depth));
        match key.strip_suffix('\n') {
            Some(explicit) => text.push_str(&format!("{explicit}\n{}:", indent(depth))),
            None => text.push_str(&format!("{key}:")),
        }
        text.push_str(&value(random, depth));
    }
    if anchor && random.one_in(2) {
        text.push_str(&format!(
            "{}use:{}\n",
            indent(depth),
            random.pick(&[" *b", " {<<: *b, z: 3}", " [*b, *b]", " *c", " {<<: [*b, {q: 1}]}"])
        ));
    }
    if anchor && random.one_in(2) {
        text.push_str(&format!("{}<<: {}\n", indent(depth), random.pick(&["*b", "[*b]", "{w: 1}", "x", "[1]"])));
    }
    text
}

/// What stands behind a colon or a dash, with the line's end.
fn value(random: &mut Random, depth: usize) -> String {
    let comment = if random.one_in(12) { " # comment" } else { "" };
    let tag = if random.one_in(15) {
        random.pick(&[
            " !!str",
            " !!int",
            " !!float",
            " !!bool",
            " !!null",
            " !!binary",
            " !x",
            " !!map",
            " !!seq",
            " !<tag:yaml.org,2002:str>",
            " &z",
            " !!timestamp",
            " !!set",
        ])
    } else {
        ""
    };
    match random.below(12) {
        0 if depth < 4 => format!("{tag}{comment}\n{}", mapping(random, depth + 1)),
        1 if depth < 4 => {
            let deeper = depth + random.below(2);
            format!("{tag}{comment}\n{}", sequence(random, deeper))
        }
        2 => format!("{tag} {}{comment}\n", flow(random, 0)),
        3 | 4 => format!("{tag} {}", block(random, depth + 1)),
        5 => format!("{tag} {:?}{comment}\n", string(random)),
        6 => format!(
            "{tag} '{}'{comment}\n",
            string(random).replace('\'', "''").replace('\n', &format!("\n{}", indent(depth + 1)))
        ),
        7 => format!("{tag} {}{comment}\n", escapes(random)),
        8 => format!("{tag}{comment}\n"),
        // A plain scalar over several lines.
        9 => format!("{tag} {}\n{}{}{comment}\n", word(random), indent(depth + 1), word(random)),
        _ => format!("{tag} {}{comment}\n", plain(random)),
    }
}

pub fn sequence(random: &mut Random, depth: usize) -> String {
    (0..=random.below(3)).map(|_| format!("{}-{}", indent(depth), value(random, depth))).collect()
}

fn flow(random: &mut Random, depth: usize) -> String {
    let item = |r: &mut Random| {
        if depth < 3 && r.one_in(4) {
            flow(r, depth + 1)
        } else {
            plain(r).replace([',', '[', ']', '{', '}', '\n'], "")
        }
    };
    let gap = *random.pick(&[" ", " ", "", "\n    ", " # c\n    "]);
    let count = random.below(4);
    let end = if random.one_in(8) { "," } else { "" };
    if random.one_in(2) {
        let items: Vec<String> = (0..count).map(|_| item(random)).collect();
        format!("[{}{end}]", items.join(&format!(",{gap}")))
    } else {
        let items: Vec<String> = (0..count)
            .map(|_| {
                let key = key(random).replace(['\n', '?'], "");
                format!("{key}{}{}", random.pick(&[": ", ": ", ": ", ":", " : ", ""]), item(random))
            })
            .collect();
        format!("{{{}{end}}}", items.join(&format!(",{gap}")))
    }
}

/// A literal or folded scalar with its header.
fn block(random: &mut Random, depth: usize) -> String {
    let style = *random.pick(&["|", ">"]);
    let header = *random.pick(&["", "", "-", "+", "2", "1-", "+3", "-2", "9", "0"]);
    let mut text = format!("{style}{header}{}\n", if random.one_in(8) { " # c" } else { "" });
    for _ in 0..random.below(5) {
        if random.one_in(4) {
            text.push_str(random.one_of(&["\n", " \n", "      \n", "\t\n"]));
        } else {
            let more = *random.pick(&["", "", "", " ", "  ", "\t"]);
            text.push_str(&format!(
                "{}{more}{}{}\n",
                indent(depth),
                string(random).replace(['\n', '\r'], " "),
                random.pick(&["", "", " "])
            ));
        }
    }
    text
}

/// A double-quoted scalar with escapes, some wrong.
fn escapes(random: &mut Random) -> String {
    let body = many(random, 5, |r| {
        (*r.pick(&[
            "\\n",
            "\\t",
            "\\x41",
            "\\u00e9",
            "\\U0001F600",
            "\\0",
            "\\e",
            "\\_",
            "\\N",
            "\\L",
            "\\/",
            "\\\"",
            "\\ ",
            "\\q",
            "\\x4",
            "\\ud800",
            "a",
            " ",
            "\\\n   b",
            "\n\n  c",
            "\\b\\a\\v\\f\\r",
        ]))
        .to_owned()
    });
    format!("\"{body}\"")
}

/// A plain scalar of a kind that YAML 1.1, YAML 1.2 and Go read differently.
fn plain(random: &mut Random) -> String {
    match random.below(6) {
        0 => random
            .word(
                "y Y yes YES n N no off On true True TRUE false null Null NULL ~ .inf -.INF +.inf .nan .NaN 0o17 017 08 0x1F 0b101 1_000 \
                 1e3 1E-3 1.e5 .5 5. -.5 +1 - -- -1 1:30 190:20:30 1:30.5 0. 2001-01-01 2001-12-14t21:59:43.10-05:00 2001-12-14 \
                 20010101 1,000 0x_1 0b 0x 1__0 _1 1_ !x = << <= 12e03 685.230_15e+03 9223372036854775808 -9223372036854775809 \
                 18446744073709551616 1e1000 0.1e 0777 0o8 -0 -0.0 +0 00 0.0 1.0 10.50 123456789.0 1e6 1000000.0 1e21 1e20",
            )
            .to_owned(),
        1 => number(random).trim().to_owned(),
        2 => random.pick(&["a: b", "a :b", "a #b", "a# b", "-a", "- a", "?a", "? a", ":a", "a:", "@a", "`a", "%a", "*a", "&a b", "!a", "|", ">", "'a", "\"a", "{a", "[a", "a]", "a, b", "#a", "a\tb", "http://x:80/"]).to_string(),
        3 => any(random).trim().replace('\n', " "),
        _ => word(random),
    }
}
