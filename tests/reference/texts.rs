//! Generated strings of the kinds that functions read: formats, patterns, versions, dates, URLs, JSON, TOML, noise.

use crate::random::Random;

/// A string as a template writes it.
pub fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Several of a generator's parts, joined.
pub fn many(random: &mut Random, most: usize, mut part: impl FnMut(&mut Random) -> String) -> String {
    (0..random.below(most + 1)).map(|_| part(random)).collect()
}

/// A text of no particular kind.
pub fn any(random: &mut Random) -> String {
    match random.below(9) {
        0 => word(random),
        1 => many(random, 4, |r| format!("{} ", word(r))),
        2 => many(random, 6, |r| {
            r.pick(&["a", "B", "é", "ß", "İ", "ǆ", "ﬁ", "😀", "e\u{301}", "\u{2028}", "漢", "٣"]).to_string()
        }),
        3 => number(random),
        4 => many(random, 8, |r| {
            r.pick(&[" ", "\t", "\n", "x", "\r\n", "\u{a0}", "\u{3000}", "-", "_", ".", "/"]).to_string()
        }),
        5 => many(random, 8, |r| char::from(0x20 + r.below(0x5f) as u8).to_string()),
        6 => many(random, 4, |r| format!("{}\n", word(r))),
        7 => many(random, 5, |r| format!("{}{}", word(r), r.pick(&[",", ";", ", ", "::", ""]))),
        _ => many(random, 4, |r| char::from(r.below(0x80) as u8).to_string()),
    }
}

/// A word as charts have them.
pub fn word(random: &mut Random) -> String {
    random
        .word(
            "a b abc web-server my_app CamelCase HTTPServer x1 10 007 true no null ~ Yes 1.0 v2 foo.bar a/b UPPER lower \
             mixedCase42Words ÄÖ straße kube-system latest 8080 1e3 0x10 .5 -1 +2 1_000 NaN inf 2024-01-02",
        )
        .to_owned()
}

/// A number in one of many notations, some wrong.
pub fn number(random: &mut Random) -> String {
    let digits = |r: &mut Random, most: usize| -> String {
        (0..=r.below(most)).map(|_| char::from(b'0' + r.below(10) as u8)).collect()
    };
    let sign = *random.pick(&["", "", "", "-", "+", " "]);
    let body = match random.below(9) {
        0 => digits(random, 3),
        1 => digits(random, 19),
        2 => format!("{}.{}", digits(random, 4), digits(random, 8)),
        3 => format!("{}e{}{}", digits(random, 2), random.pick(&["", "-", "+"]), digits(random, 1)),
        4 => format!("0x{:x}", random.next() >> random.below(60)),
        5 => format!("0{}", digits(random, 4)),
        6 => format!("0b{}", digits(random, 3)),
        7 => format!("{}_{}", digits(random, 2), digits(random, 2)),
        _ => random.word("0 00 0.0 -0 1. .5 1e400 9223372036854775807 9223372036854775808 18446744073709551616 Inf nan 0o17 1e-400 4.9e-324").to_owned(),
    };
    format!("{sign}{body}")
}

/// A format of `printf`.
pub fn format(random: &mut Random) -> String {
    many(random, 4, |r| match r.below(5) {
        0 => word(r),
        1 => "%%".into(),
        _ => {
            let flags: String = many(r, 2, |r| r.pick(&["+", "-", "#", " ", "0"]).to_string());
            let width = if r.one_in(2) { r.below(12).to_string() } else { String::new() };
            let precision = if r.one_in(3) { format!(".{}", r.below(8)) } else { String::new() };
            let index = if r.one_in(10) { format!("[{}]", r.below(4)) } else { String::new() };
            let verb = *r.pick(&[
                "v", "v", "s", "d", "q", "t", "f", "g", "e", "x", "X", "o", "b", "c", "U", "T", "z", "!", "", "O", "E",
                "G", "F",
            ]);
            format!("%{flags}{width}{precision}{index}{verb}")
        }
    })
}

/// A regular expression, usually a valid one.
pub fn pattern(random: &mut Random) -> String {
    many(random, 4, |r| {
        let atom = match r.below(8) {
            0 => (*r.pick(&["a", "b", "é", "-", "x", "1"])).to_owned(),
            1 => (*r.pick(&[
                ".",
                "\\d",
                "\\w",
                "\\s",
                "\\W",
                "\\pL",
                "[a-c]",
                "[^a]",
                "[[:alpha:]]",
                "\\bx",
                "(?i:A)",
                "\\x61",
            ]))
            .to_owned(),
            2 => format!("({})", r.pick(&["a", "b|c", "a*", "x?y", ""])),
            3 => format!("(?:{})", r.pick(&["ab", "a|", "[0-9]+"])),
            4 => (*r.pick(&["^", "$", "\\b", "\\B", "\\A", "\\z", "(?m)", "(?s)", "|"])).to_owned(),
            5 => format!("(?P<n>{})", r.pick(&["a", ".", "b+"])),
            6 => (*r
                .pick(&["(", ")", "[", "\\", "*", "(?=a)", "\\1", "{", "\\8", "[b-a]", "a**", "x{1001}", "(?<n>a)"]))
            .to_owned(),
            _ => (*r.pick(&["abc", "foo", "web", "o+"])).to_owned(),
        };
        let times = *r.pick(&["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,3}", "*?", "+?"]);
        format!("{atom}{times}")
    })
}

/// What replaces a match.
pub fn replacement(random: &mut Random) -> String {
    many(random, 3, |r| (*r.pick(&["$1", "${1}", "$0", "${n}", "$n", "$$", "x", "$1x", "${", "$", "-"])).to_owned())
}

/// A version, usually a valid one.
pub fn version(random: &mut Random) -> String {
    let n = |r: &mut Random| r.pick(&["0", "1", "2", "10", "3", "01", "x", ""]).to_string();
    let mut out = (*random.pick(&["", "", "v", "V", "="])).to_owned();
    out.push_str(random.one_of(&["1", "2", "0", "12"]));
    if !random.one_in(6) {
        out.push_str(&format!(".{}", n(random)));
        if !random.one_in(6) {
            out.push_str(&format!(".{}", n(random)));
        }
    }
    if random.one_in(3) {
        out.push_str(random.word("-alpha -alpha.1 -rc.1 -0 -01 - -a..b -x-y"));
    }
    if random.one_in(5) {
        out.push_str(random.word("+b +001 + +a.b -gke.1"));
    }
    out
}

/// A constraint on versions, usually a valid one.
pub fn constraint(random: &mut Random) -> String {
    let one = |r: &mut Random| {
        let version = if r.one_in(4) { r.word("1.x * 1.2.* 2 1.2 x 0.0 ^").to_owned() } else { version(r) };
        format!(
            "{}{}{version}",
            r.pick(&["", "=", "!=", ">", "<", ">=", "<=", "~", "^", "=>", "~>", "=<", "><"]),
            r.pick(&["", "", " "])
        )
    };
    match random.below(6) {
        0 => format!("{} - {}", version(random), version(random)),
        1 => format!("{}, {}", one(random), one(random)),
        2 => format!("{} || {}", one(random), one(random)),
        3 => format!("{} {}", one(random), one(random)),
        _ => one(random),
    }
}

/// A layout of Go's time package. No clock: what is no time prints as now.
pub fn layout(random: &mut Random) -> String {
    many(random, 5, |r| {
        let piece = r.pick(&[
            "2006", "06", "01", "1", "Jan", "January", "02", "2", "_2", "002", "Mon", "Monday", "MST", "-0700",
            "Z07:00",
        ]);
        format!("{piece}{}", r.pick(&["-", "/", " ", "", "T", "x"]))
    })
}

/// A day, or nearly one.
pub fn date(random: &mut Random) -> String {
    format!("{}-{:02}-{:02}", 1960 + random.below(120), random.below(14), random.below(33))
}

/// A duration of Go's time package, usually a valid one.
pub fn duration(random: &mut Random) -> String {
    let sign = *random.pick(&["", "", "-", "+"]);
    let body = many(random, 3, |r| {
        format!(
            "{}{}{}",
            r.below(400),
            r.pick(&["", "", ".5", "."]),
            r.pick(&["h", "m", "s", "ms", "us", "µs", "ns", "d", ""])
        )
    });
    format!("{sign}{body}")
}

/// A path.
pub fn path(random: &mut Random) -> String {
    many(random, 5, |r| {
        (*r.pick(&["/", "a", "..", ".", "//", "b.txt", "c.tar.gz", ".hidden", " ", "/.", "é"])).to_owned()
    })
}

/// A URL, or nearly one.
pub fn url(random: &mut Random) -> String {
    let mut out = String::new();
    for parts in [
        &["http://", "https://", "//", "mailto:", "", "1http://", "HTTP://", ":"][..],
        &["", "", "u@", "u:p@", "u:%70@", "a b@"],
        &["h.example", "h", "[::1]", "1.2.3.4", "é.de", "", "h%41", "[::1"],
        &["", "", ":80", ":", ":x"],
        &["", "/", "/p/q", "/a%20b", "/a b", "/%zz", "p", "/*"],
        &["", "", "?x=1&y=2", "?", "?a=%41 b", "?%"],
        &["", "", "#f", "#", "#a b", "#%41"],
    ] {
        out.push_str(random.one_of(parts));
    }
    out
}

/// A JSON text, now and then a broken one.
pub fn json(random: &mut Random, depth: usize) -> String {
    let scalar = |r: &mut Random| match r.below(7) {
        0 => "null".to_owned(),
        1 => r.word("true false").to_owned(),
        2 => r.word("0 -1 42 1.5 1e3 -0.0 1E+2 1e21 123456789012345678 0.1 1e-7 100000000000000000000 2.50").to_owned(),
        3 => number(r),
        4 => r
            .word("\"\\u00e9\" \"\\ud83d\\ude00\" \"\\ud800\" \"\\n\" \"<&>\" \"\\u2028\" \"a\\\\b\" \"\\/\" \"\\x\"")
            .to_owned(),
        _ => format!("{:?}", any(r).replace(|c: char| c.is_control(), "")),
    };
    if depth == 0 || random.one_in(3) {
        return scalar(random);
    }
    let space = *random.pick(&["", "", " ", "\n"]);
    let count = random.below(4);
    let list = random.one_in(2);
    let items: Vec<String> = (0..count)
        .map(|_| {
            let item = json(random, depth - 1);
            if list { item } else { format!("{:?}:{space}{item}", word(random)) }
        })
        .collect();
    let end = if random.one_in(40) { "," } else { "" };
    let (open, close) = if list { ("[", "]") } else { ("{", "}") };
    let close = if random.one_in(60) { "" } else { close };
    format!("{open}{}{end}{space}{close}", items.join(&format!(",{space}")))
}

/// A JSON object.
pub fn json_object(random: &mut Random) -> String {
    format!("{{\"k\": {}, {:?}: {}}}", json(random, 3), word(random), json(random, 2))
}

/// A TOML text, now and then a broken one.
pub fn toml(random: &mut Random) -> String {
    many(random, 5, |r| {
        let value = |r: &mut Random| {
            match r.below(8) {
            0 => number(r).trim().to_owned(),
            1 => r.word("true false 1979-05-27 07:32:00 1979-05-27T07:32:00Z 1979-05-27T00:32:00.999-07:00 0xff 0b11 1_000 inf -nan 1e3 3.14").to_owned(),
            2 => format!("{:?}", word(r)),
            3 => format!("'{}'", word(r)),
            4 => "\"\"\"\na\\\n  b\n\"\"\"".to_owned(),
            5 => format!("[{}, {}]", r.below(9), r.below(9)),
            6 => "{x = 1, y.z = \"a\"}".to_owned(),
            _ => format!("[\"{}\", [1, 2]]", word(r)),
        }
        };
        match r.below(6) {
            0 => format!("[{}]\n", r.word("t t.u t.v x a.b.c")),
            1 => format!("[[{}]]\n", r.word("arr t.arr")),
            2 => "# c\n".to_owned(),
            _ => format!("{} = {}\n", r.word("a b c d-e \"q k\" 'l' f.g 1"), value(r)),
        }
    })
}
