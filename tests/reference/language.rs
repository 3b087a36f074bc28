//! The template language: generated templates over the whole grammar, now and then with an error of syntax.

use crate::judge::Tally;
use crate::random::Random;
use crate::{Options, Part, helm, pipelines, snippet};

pub fn run(helm: &helm::Helm, options: &Options, part: &Part) -> Tally {
    snippet::generated(helm, options, part.name, part.count, &|index| {
        let mut random = Random::of(options.seed, part.name, index);
        Writer { random: &mut random, index, variables: Vec::new(), loops: 0, depth: 0, blocks: 0 }.template()
    })
}

/// Writes one template. The names that it defines carry its number: hundreds share a chart.
struct Writer<'a> {
    random: &'a mut Random,
    index: u64,
    variables: Vec<String>,
    loops: usize,
    /// Whether it writes a definition.
    depth: usize,
    blocks: usize,
}

impl Writer<'_> {
    fn template(&mut self) -> String {
        let mut text = String::new();
        for name in ["x", "y"] {
            if !self.random.one_in(5) {
                self.depth = 1;
                let body = self.body(2);
                self.depth = 0;
                text.push_str(&format!("{{{{ define \"{name}{}\" }}}}{body}{{{{ end }}}}", self.index));
            }
        }
        text.push_str(&self.body(0));
        if self.random.one_in(6) {
            // The later definition of a name wins, unless it is empty.
            let body = *self.random.pick(&["late", " ", "", "{{/* */}}", "{{ . }}", "\n"]);
            text.push_str(&format!("{{{{ define \"x{}\" }}}}{body}{{{{ end }}}}", self.index));
        }
        if self.random.one_in(12) {
            self.slip(&mut text);
        }
        text
    }

    /// An error of the hand.
    fn slip(&mut self, text: &mut String) {
        let at = self.random.below(text.len() + 1);
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        if self.random.one_in(2) {
            let what = [
                "{{",
                "}}",
                "{{ end }}",
                "{{ else }}",
                "|",
                "(",
                ")",
                "\"",
                "`",
                "'",
                "{{/*",
                "*/}}",
                "$",
                ".",
                ",",
                ":=",
                "=",
                "@",
                "{{ if }}",
                "{{ range }}",
                "{{ break }}",
                "{{ continue }}",
                "{{ define }}",
                "{{ template }}",
                "{{ 1 }}",
                "-",
                "{{- ",
                " -}}",
                "{{ nofunc }}",
                "{{ .a..b }}",
                "{{ $undefined }}",
                "{{ 0x }}",
                "{{ 1e }}",
                "{{ 'ab' }}",
                "{{ \"\\z\" }}",
                "{{ nil }}",
                "{{ true.x }}",
                "{{ 1 | 2 }}",
            ];
            text.insert_str(at, self.random.one_of(&what));
        } else {
            let end = (at + 1 + self.random.below(4)).min(text.len());
            let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text.replace_range(at..end, "");
        }
    }

    fn body(&mut self, depth: usize) -> String {
        let known = self.variables.len();
        let text = (0..self.random.below(4) + 1).map(|_| self.node(depth)).collect();
        self.variables.truncate(known);
        text
    }

    /// An action, with its trim marks.
    fn action(&mut self, inside: &str) -> String {
        let open = *self.random.pick(&["{{ ", "{{ ", "{{", "{{- ", "{{-\n", "{{\t"]);
        let close = *self.random.pick(&[" }}", " }}", "}}", " -}}", "\n-}}", "\t}}"]);
        // `{{-3` is a number, `{{- 3` is not.
        format!("{open}{inside}{close}")
    }

    fn node(&mut self, depth: usize) -> String {
        let deep = depth >= 4;
        match self.random.below(if deep { 8 } else { 17 }) {
            0 => (*self
                .random
                .pick(&["text", "\n", "  \n\t", " a: b\n", "é😀", "{ ", "}", "{ { ", "} }", "\r\n", "-", "# c\n"]))
            .to_owned(),
            1 => {
                (*self.random.pick(&["{{/* c */}}", "{{- /* c */ -}}", "{{/* a\n b */}}", "{{- /* */}}", "{{/**/ -}}"]))
                    .to_owned()
            }
            2 | 3 => {
                let pipeline = self.pipeline();
                self.action(&pipeline)
            }
            4 => {
                let name = format!("$v{}", self.variables.len());
                let pipeline = self.pipeline();
                self.variables.push(name.clone());
                self.action(&format!("{name} := {pipeline}"))
            }
            5 => {
                let Some(name) = self.variable() else { return String::new() };
                let pipeline = self.pipeline();
                self.action(&format!("{name} = {pipeline}"))
            }
            6 => {
                let call = self.call();
                self.action(&call)
            }
            7 if self.loops > 0 => {
                let word = *self.random.pick(&["break", "continue"]);
                let pipeline = self.pipeline();
                let (open, leave, close) =
                    (self.action(&format!("if {pipeline}")), self.action(word), self.action("end"));
                format!("{open}{leave}{close}")
            }
            7 => String::from("x"),
            8..=10 => self.branch("if", depth),
            11 | 12 => self.branch("with", depth),
            13..=15 => self.range(depth),
            _ => {
                let pipeline = self.pipeline();
                self.blocks += 1;
                let head = self.action(&format!("block \"b{}_{}\" {pipeline}", self.index, self.blocks));
                // A block has variables of its own, and no loop around it.
                let (variables, loops) = (std::mem::take(&mut self.variables), std::mem::take(&mut self.loops));
                let body = self.body(depth + 1);
                (self.variables, self.loops) = (variables, loops);
                format!("{head}{body}{}", self.action("end"))
            }
        }
    }

    fn branch(&mut self, word: &str, depth: usize) -> String {
        let known = self.variables.len();
        let mut text = self.head(word);
        text.push_str(&self.body(depth + 1));
        while self.random.one_in(4) {
            let other = if self.random.one_in(90) { "range" } else { word };
            let head = self.head(&format!("else {other}"));
            text.push_str(&head);
            text.push_str(&self.body(depth + 1));
        }
        if self.random.one_in(3) {
            text.push_str(&self.action("else"));
            text.push_str(&self.body(depth + 1));
        }
        self.variables.truncate(known);
        text + &self.action("end")
    }

    fn head(&mut self, word: &str) -> String {
        let pipeline = self.pipeline();
        if self.random.one_in(5) {
            let name = format!("$v{}", self.variables.len());
            self.variables.push(name.clone());
            return self.action(&format!("{word} {name} := {pipeline}"));
        }
        self.action(&format!("{word} {pipeline}"))
    }

    fn range(&mut self, depth: usize) -> String {
        let known = self.variables.len();
        let over = match self.random.below(40) {
            14.. => (*self.random.pick(&[
                "3",
                "(until 3)",
                "$.Values.l",
                "$.Values.m",
                "$.Values.objects",
                "$.Values.nul",
                "$.Values.names | sortAlpha | uniq",
                "(list)",
                "(dict)",
                "2",
                "0",
                "(list 1 nil \"a\")",
                "(dict \"a\" 1 \"b\" (list 2))",
                "$.Values.me",
                "$.Chart.Keywords",
                "(.Values).x | default (list 7)",
                "$.Values.missing",
                "(splitList \",\" \"a,b\")",
            ]))
            .to_owned(),
            0 => "3".to_owned(),
            1 => "(until 3)".to_owned(),
            2 => ".Values.l".to_owned(),
            3 => ".Values.m".to_owned(),
            4 => "$.Values.objects".to_owned(),
            5 => ".Values.nul".to_owned(),
            6 => "(.Files.GetBytes \"x.bin\")".to_owned(),
            7 => ".Values.n".to_owned(),
            8 => (*self.random.pick(&[
                "\"abc\"",
                "nil",
                "true",
                "2.5",
                "0",
                "-1",
                "(list)",
                "(dict)",
                "$",
                ".Chart",
                "(index \"a\" 0)",
            ]))
            .to_owned(),
            9 => "$.Values.names | sortAlpha | uniq".to_owned(),
            _ => self.pipeline(),
        };
        let head = match self.random.below(6) {
            0 => {
                let names = [format!("$v{}", self.variables.len()), format!("$v{}", self.variables.len() + 1)];
                self.variables.extend(names.clone());
                format!("range {}, {} := {over}", names[0], names[1])
            }
            1 => {
                let name = format!("$v{}", self.variables.len());
                self.variables.push(name.clone());
                format!("range {name} := {over}")
            }
            2 => match (self.variable(), self.variable()) {
                (Some(a), Some(b)) => format!("range {a}, {b} = {over}"),
                _ => format!("range {over}"),
            },
            _ => format!("range {over}"),
        };
        let mut text = self.action(&head);
        self.loops += 1;
        text.push_str(&self.body(depth + 1));
        self.loops -= 1;
        if self.random.one_in(3) {
            text.push_str(&self.action("else"));
            text.push_str(&self.body(depth + 1));
        }
        self.variables.truncate(known);
        text + &self.action("end")
    }

    fn call(&mut self) -> String {
        let name = *self.random.pick(&["x", "y", "x", "y", "x", "y", "x", "y", "none", "b"]);
        if matches!(name, "x" | "y") && self.depth > 0 {
            // Not from within: it would be without end.
            return "print \"inner\"".to_owned();
        }
        let name = format!("{name}{}", self.index);
        match self.random.below(5) {
            0 => format!("template \"{name}\""),
            1 | 2 => {
                let data = self.sound_term(1);
                format!("template \"{name}\" {data}")
            }
            _ => {
                let data = self.sound_term(1);
                format!("include \"{name}\" {data} | nindent 2")
            }
        }
    }

    fn variable(&mut self) -> Option<String> {
        if self.variables.is_empty() {
            return None;
        }
        let variables = self.variables.clone();
        Some(self.random.pick(&variables).clone())
    }

    /// A pipeline that fails rarely, or any.
    fn pipeline(&mut self) -> String {
        if !self.random.one_in(20) {
            let mut text = self.sound(0);
            while self.random.one_in(3) {
                let next = *self.random.pick(&[
                    "quote",
                    "toJson",
                    "not",
                    "printf \"%v\"",
                    "printf \"%T:%v\" 1",
                    "default \"d\"",
                    "and 1",
                    "or 0",
                    "print",
                    "kindOf",
                    "typeOf",
                    "toYaml",
                    "toString",
                    "list",
                    "html",
                    "js",
                    "println",
                    "empty",
                    "deepEqual 1",
                    "squote",
                    "coalesce nil",
                    "and (list)",
                    "dict \"k\"",
                    "ne nil",
                    "eq nil",
                ]);
                text = format!("{text} | {next}");
            }
            return text;
        }
        let mut text = self.command(0);
        while self.random.one_in(3) {
            let next = (*self.random.pick(&[
                "quote",
                "toJson",
                "len",
                "not",
                "printf \"%v\"",
                "printf \"%T:%v\" 1",
                "default \"d\"",
                "eq 1",
                "and 1",
                "or 0",
                "index $.Values.m",
                "print",
                "kindOf",
                "typeOf",
                "toYaml",
                "upper",
                "toString",
                "first",
                "keys",
                "ternary 1 2",
                "list",
                "html",
                "js",
                "urlquery",
                "println",
                "empty",
                "has 1",
                "call",
                "slice",
                "int",
                "lt 1.0",
                "ne nil",
            ]))
            .to_owned();
            text = format!("{text} | {next}");
        }
        text
    }

    /// A command that seldom fails, whatever the dot is.
    fn sound(&mut self, depth: usize) -> String {
        match self.random.below(if depth > 2 { 6 } else { 11 }) {
            0 => self.variable().unwrap_or_else(|| ".".to_owned()),
            1 => (*self.random.pick(&[
                ".",
                "$",
                "$.Values.m",
                "$.Values.l",
                "$.Values.me",
                "$.Values.le",
                "$.Values.nul",
                "$.Values.missing",
                "$.Values.e",
                "$.Values.s",
                "$.Values.n",
                "$.Values.m.nested.x",
            ]))
            .to_owned(),
            2 => (*self.random.pick(&[
                "0", "1", "-1", "0x10", "1_0", "0b11", "'x'", "'\\n'", "1e3", "2.5", "1i", "0o7", "010", "+3",
            ]))
            .to_owned(),
            3 => (*self.random.pick(&[
                "\"\"",
                "\"a\"",
                "`raw\n`",
                "\"q\\\"\"",
                "\"\\u00e9\"",
                "\"{{\"",
                "\"}}\"",
                "`\\n`",
            ]))
            .to_owned(),
            4 => (*self.random.pick(&[
                "true",
                "false",
                "(list)",
                "(dict)",
                "(list 1 \"a\" nil)",
                "(dict \"k\" 1 \"name\" nil)",
                "(until 2)",
            ]))
            .to_owned(),
            5 => (*self.random.pick(&[
                "$.Chart.Version",
                "$.Release.Name",
                "$.Capabilities.KubeVersion.Minor",
                "$.Template.Name",
                "(index $.Values.objects 0).name",
                "$.Values.m.one",
                "$.Values.objects",
                "$.Values.names",
            ]))
            .to_owned(),
            6 => format!("({})", self.sound(depth + 1)),
            7 => {
                let (a, b) = (self.sound_term(depth + 1), self.sound_term(depth + 1));
                format!(
                    "{} {a} {b}",
                    self.random.pick(&[
                        "and",
                        "or",
                        "print",
                        "printf \"%v-%v\"",
                        "list",
                        "default",
                        "coalesce",
                        "deepEqual",
                        "ternary 1 2 | print",
                        "cat",
                        "println"
                    ])
                )
            }
            8 => {
                let a = self.sound_term(depth + 1);
                format!(
                    "{} {a}",
                    self.random.pick(&[
                        "not",
                        "print",
                        "list",
                        "kindOf",
                        "typeOf",
                        "toJson",
                        "empty",
                        "quote",
                        "toString",
                        "toYaml",
                        "dict \"k\"",
                        "and",
                        "or"
                    ])
                )
            }
            9 => {
                // What is not evaluated cannot fail.
                let word = *self.random.pick(&["and 0", "and nil", "or 1", "or \"a\" 2", "and 1 \"\""]);
                format!("{word} (fail \"evaluated\")")
            }
            _ => {
                let (a, b, c) = (self.sound_term(depth + 1), self.sound_term(depth + 1), self.sound_term(depth + 1));
                format!(
                    "{} {a} {b} {c}",
                    self.random.pick(&["and", "or", "print", "list", "coalesce", "cat", "printf \"%v %T %s\""])
                )
            }
        }
    }

    fn sound_term(&mut self, depth: usize) -> String {
        let text = self.sound(depth);
        if text.contains(' ') && !text.starts_with(['(', '`', '"']) { format!("({text})") } else { text }
    }

    fn command(&mut self, depth: usize) -> String {
        match self.random.below(12) {
            0..=4 => self.term(depth),
            5 | 6 => {
                let (a, b) = (self.term(depth + 1), self.term(depth + 1));
                format!(
                    "{} {a} {b}",
                    self.random.pick(&[
                        "eq",
                        "ne",
                        "lt",
                        "le",
                        "gt",
                        "ge",
                        "and",
                        "or",
                        "print",
                        "printf \"%v-%v\"",
                        "index",
                        "add",
                        "list",
                        "dict",
                        "default",
                        "hasKey",
                        "coalesce"
                    ])
                )
            }
            7 => {
                let items: Vec<String> = (0..self.random.below(5)).map(|_| self.term(depth + 1)).collect();
                format!(
                    "{} {}",
                    self.random
                        .pick(&["and", "or", "eq", "list", "print", "not", "coalesce", "dict", "cat", "len", "printf"]),
                    items.join(" ")
                )
            }
            8 => {
                // Whether the second is evaluated.
                let first = self.term(depth + 1);
                format!("{} {first} (fail \"evaluated\" | empty)", self.random.pick(&["and", "or"]))
            }
            9 => {
                let (a, b, c) = (self.term(depth + 1), self.term(depth + 1), self.term(depth + 1));
                format!(
                    "{} {a} {b} {c}",
                    self.random
                        .pick(&["index", "slice", "and", "or", "printf", "ternary", "eq", "set", "substr", "replace"])
                )
            }
            10 => (*self.random.pick(&[
                ".Capabilities.APIVersions.Has \"v1\"",
                ".Files.Get \"x.bin\" | len",
                ".Files.Glob \"*\"",
                ".Release.Name",
                "$.Chart.Version",
                ".Chart.Keywords",
                "(.Files.Glob \"**\").AsConfig",
                ".Capabilities.KubeVersion.Minor",
                ".Values.s.x",
                "(index .Values.objects 0).name",
                ".Values.m.nested.x.y",
                "$.Template.Name",
                ".Files.Lines \"x.bin\"",
                ".Capabilities.KubeVersion.Version",
                ".Chart.name",
                "$.Values.missing.deep",
                ".Values.nul.x",
                "(toDate \"2006\" \"2024\").Year",
                "((toDate \"2006\" \"2024\").AddDate 1 2 3).Format \"2006-01-02\"",
                "(semver \"1.2.3\").Major",
                "((semver \"1.2.3\").IncMinor).String",
                "(list 1 2).x",
                "(dict \"a\" (dict \"b\" 1)).a.b",
                "$x",
                ".Chart.IsRoot",
                ".Subcharts",
                ".Release.Service.x",
            ]))
            .to_owned(),
            _ => pipelines::pipeline(self.random, 1),
        }
    }

    fn term(&mut self, depth: usize) -> String {
        match self.random.below(14) {
            0..=2 => self.variable().unwrap_or_else(|| ".".to_owned()),
            3 => {
                let field = *self.random.pick(&[".k", ".name", ".x", ".x.y", ".one"]);
                self.variable().map_or_else(|| field.to_owned(), |name| format!("{name}{field}"))
            }
            4 if depth < 3 => format!("({})", self.command(depth + 1)),
            5 if depth < 3 => {
                let field = *self.random.pick(&[".k", ".one", ".nested", ".Year", ".Major", ".String"]);
                format!("({}){field}", self.command(depth + 1))
            }
            6 => (*self.random.pick(&[
                ".",
                "$",
                "$.Values",
                ".Values.m",
                ".Values.l",
                ".Values.me",
                ".Values.le",
                ".Values.nul",
                ".Values.missing",
                ".Values.e",
                ".k",
                ".nested.x",
            ]))
            .to_owned(),
            7 => (*self.random.pick(&[
                "0",
                "1",
                "-1",
                "2",
                "0x10",
                "1_0",
                "0b11",
                "'x'",
                "'\\n'",
                "1e3",
                "2.5",
                "1i",
                "0o7",
                "010",
                "+3",
                "9223372036854775808",
                "1e400",
            ]))
            .to_owned(),
            8 => (*self.random.pick(&[
                "\"\"",
                "\"a\"",
                "`raw\n`",
                "\"q\\\"\"",
                "\"\\u00e9\"",
                "\"{{\"",
                "\"}}\"",
                "\"a b\"",
                "`\\n`",
            ]))
            .to_owned(),
            9 => (*self.random.pick(&["true", "false", "nil"])).to_owned(),
            10 => ".Values.s".to_owned(),
            11 => ".Values.n".to_owned(),
            _ => pipelines::term(self.random, 1, None),
        }
    }
}
