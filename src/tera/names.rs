//! Which keys of an object a template names, by its text: what stands in tags, not in comments, strings and raw blocks.

use std::ops::Range;

/// Words of a tag that is ready for there being nothing.
const GUARDS: [&str; 20] = [
    "and",
    "coalesce",
    "default",
    "defined",
    "dig",
    "elif",
    "empty",
    "get",
    "hasKey",
    "helm_default",
    "helm_get",
    "if",
    "kindIs",
    "not",
    "or",
    "pluck",
    "ternary",
    "typeIs",
    "typeOf",
    "undefined",
];

/// A chain of keys that a template names.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The keys below the object.
    pub keys: Vec<String>,
    /// Where the chain stands.
    pub span: Range<usize>,
    /// Whether the template is ready for there being nothing: a condition asks for it, or for what it is in, or `default` and
    /// the like follow.
    pub guarded: bool,
}

/// A piece of a tag and where it begins.
enum Token<'s> {
    Word(&'s str, usize),
    Text(&'s str, usize),
    Sign(u8),
}

/// What a template names of an object.
pub fn named(source: &str, object: &str) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    // What the conditions ask for that are open, and how many of it each has.
    let mut asked: Vec<Vec<String>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(start) = source.get(at..).and_then(|rest| Some(at + opening(rest)?)) {
        let tag = source.get(start..).unwrap_or_default();
        let (end, tokens) = match tag.as_bytes().get(1) {
            Some(b'#') => (tag.find("#}").map(|end| start + end + 2), Vec::new()),
            Some(b'{') => tokens(source, start + 2, "}}"),
            _ => match raw_end(tag) {
                Some(length) => (Some(start + length), Vec::new()),
                None => tokens(source, start + 2, "%}"),
            },
        };
        let keyword = tokens.iter().find_map(|token| match token {
            Token::Word(word, _) => Some(*word),
            _ => None,
        });
        let statement = if tag.starts_with("{%") { keyword.unwrap_or_default() } else { "" };
        let guards = tokens.iter().any(|token| matches!(token, Token::Word(word, _) if GUARDS.contains(word)));
        for (keys, span, optional) in chains(&tokens, object) {
            let guarded = guards || optional || asked.iter().any(|above| keys.starts_with(above));
            if matches!(statement, "if" | "elif") {
                asked.push(keys.clone());
            }
            found.push(Named { keys, span, guarded });
        }
        match statement {
            "if" => open.push(asked.len() - chains(&tokens, object).count()),
            "endif" => asked.truncate(open.pop().unwrap_or_default()),
            _ => {}
        }
        let Some(end) = end else { break };
        at = end;
    }
    found
}

/// Where the next tag begins.
pub(super) fn opening(text: &str) -> Option<usize> {
    ["{{", "{%", "{#"].iter().filter_map(|open| text.find(open)).min()
}

/// Reads a tag from behind its opening: its end, if it has one, and its tokens.
fn tokens<'s>(source: &'s str, start: usize, close: &str) -> (Option<usize>, Vec<Token<'s>>) {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(close.as_bytes())) {
            return (Some(at + close.len()), tokens);
        }
        match byte {
            b'"' | b'\'' | b'`' => {
                let mut end = at + 1;
                while let Some(other) = bytes.get(end).filter(|other| **other != byte) {
                    end += if *other == b'\\' { 2 } else { 1 };
                }
                tokens.push(Token::Text(source.get(at + 1..end).unwrap_or_default(), at));
                at = end + 1;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                tokens.push(Token::Word(source.get(at..at + length).unwrap_or_default(), at));
                at += length;
            }
            _ => {
                if !byte.is_ascii_whitespace() {
                    tokens.push(Token::Sign(byte));
                }
                at += 1;
            }
        }
    }
    (None, tokens)
}

/// The chains of keys of an object, each with its place and whether it has a `?`.
fn chains<'t>(
    tokens: &'t [Token<'_>],
    object: &'t str,
) -> impl Iterator<Item = (Vec<String>, Range<usize>, bool)> + 't {
    tokens.iter().enumerate().filter_map(move |(i, token)| {
        let Token::Word(word, start) = token else { return None };
        // `x.Values` is another's, `Values=` the name of a parameter.
        let before = i.checked_sub(1).and_then(|before| tokens.get(before));
        let named =
            matches!(tokens.get(i + 1..i + 3), Some([Token::Sign(b'='), next]) if !matches!(next, Token::Sign(b'=')));
        if *word != object || matches!(before, Some(Token::Sign(b'.'))) || named {
            return None;
        }
        let (mut keys, mut end, mut optional) = (Vec::new(), start + word.len(), false);
        let mut rest = tokens.get(i + 1..).unwrap_or_default();
        loop {
            if let [Token::Sign(b'?'), after @ ..] = rest {
                (optional, rest) = (true, after);
            }
            match rest {
                [Token::Sign(b'.'), Token::Word(key, at), after @ ..] => {
                    keys.push((*key).to_owned());
                    (end, rest) = (at + key.len(), after);
                }
                [Token::Sign(b'['), Token::Text(key, at), Token::Sign(b']'), after @ ..] if !key.contains('\\') => {
                    keys.push((*key).to_owned());
                    (end, rest) = (at + key.len() + 3, after);
                }
                _ => return Some((keys, *start..end, optional)),
            }
        }
    })
}

/// The length of a `{% raw %}` block, if the text begins with one.
pub(super) fn raw_end(text: &str) -> Option<usize> {
    let word = |text: &str, word: &str| -> Option<usize> {
        let inner = text.strip_prefix("{%")?;
        let inner = inner.strip_prefix('-').unwrap_or(inner).trim_start();
        let inner = inner.strip_prefix(word)?.trim_start();
        let inner = inner.strip_prefix('-').unwrap_or(inner).strip_prefix("%}")?;
        Some(text.len() - inner.len())
    };
    let mut at = word(text, "raw")?;
    loop {
        at += text.get(at..)?.find("{%")?;
        if let Some(end) = word(text.get(at..)?, "endraw") {
            return Some(at + end);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn chains() {
        for (source, expected) in [
            ("{{ V.a.b }}", "a.b"),
            ("V.x {# V.x #}{% raw %}{{ V.x }}{% endraw %}{{ 'V.x' ~ o.V.x ~ f(V=1) }}", ""),
            ("{{ V[\"a-b\"].c ~ V.d['e'].f[0].g ~ V[x].y }}", "a-b.c d.e.f "),
            ("{{ V.a | default(value=V.b) }}{{ V.a?.b ~ V.c }}", "a? b? a.b? c"),
            ("{% if V.a %}{{ V.a.b }}{{ V.c }}{% elif V.c %}{{ V.c }}{% endif %}{{ V.a }}", "a? a.b? c c? c? a"),
            ("{% if V.a %}{% if V.b == 1 %}{{ V.b }}{% endif %}{{ V.b }}{% endif %}", "a? b? b? b"),
            ("{% for x in V.l %}{{ x.V.y }}{% endfor %}{{ V.", "l "),
        ] {
            let show = |named: &super::Named| {
                assert!(source[named.span.clone()].starts_with('V'), "{source}");
                format!("{}{}", named.keys.join("."), if named.guarded { "?" } else { "" })
            };
            let found: Vec<String> = named(source, "V").iter().map(show).collect();
            assert_eq!(found.join(" "), expected, "{source}");
        }
    }
}
