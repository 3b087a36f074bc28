//! The format of the files in `testdata/` (see `testdata/README.md`).

/// A part of a case file: what follows `=== `, and the lines below it.
pub struct Section {
    /// The first word.
    pub kind: String,
    /// What stands after the first word.
    pub rest: String,
    /// The lines below, as they are.
    pub body: String,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Section {
    /// The bytes that a recorded body stands for. A body that is marked `escaped` has one more line break.
    pub fn bytes(&self) -> Vec<u8> {
        if self.rest == "escaped" || self.kind == "escaped" {
            unescape(self.body.strip_suffix('\n').unwrap_or(&self.body))
        } else {
            self.body.clone().into_bytes()
        }
    }
}

/// Cuts a file at its `=== ` lines. What stands before the first is for readers.
pub fn parse(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if let Some(head) = line.strip_prefix("=== ") {
            let head = head.trim_end_matches('\n');
            let (kind, rest) = head.split_once(' ').unwrap_or((head, ""));
            sections.push(Section {
                kind: kind.to_owned(),
                rest: rest.to_owned(),
                body: String::new(),
                line: index + 1,
            });
        } else if let Some(section) = sections.last_mut() {
            section.body.push_str(line);
        }
    }
    sections
}

/// Splits a command line: blanks separate, `'…'` is literal, `"…"` knows `\n`, `\t`, `\"` and `\\`.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('"'), '\\') => {
                let c = match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(c) => c,
                    None => '\\',
                };
                word.get_or_insert_default().push(c);
            }
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The bytes of an escaped text: `\n \r \t \\ \xHH`.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let used = match rest.as_bytes().first() {
            Some(b'n') => {
                out.push(b'\n');
                1
            }
            Some(b'r') => {
                out.push(b'\r');
                1
            }
            Some(b't') => {
                out.push(b'\t');
                1
            }
            Some(b'x') => {
                out.push(u8::from_str_radix(&rest[1..3], 16).expect("two hexadecimal digits after \\x"));
                3
            }
            _ => {
                out.push(b'\\');
                1
            }
        };
        rest = &rest[used..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// A text in which nothing is invisible, for messages.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() => out.extend(c.to_string().bytes().map(|b| format!("\\x{b:02x}"))),
                c => out.push(c),
            }
        }
        out.extend(chunk.invalid().iter().map(|b| format!("\\x{b:02x}")));
    }
    out
}

/// Reads standard Base64.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for c in text.trim_end_matches('=').bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}
