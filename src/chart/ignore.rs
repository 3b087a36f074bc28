//! `.helmignore` (Helm: pkg/ignore).

use crate::go::filepath;

/// Which files of a chart directory are left out.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    /// Not "keep this", but "leave out everything else".
    negated: bool,
    folders_only: bool,
    /// Matched against the last part of the path alone.
    base: bool,
    pattern: Pattern,
}

/// Most patterns are a name or an ending, and every file is held against all of them.
#[derive(Debug, Clone)]
enum Pattern {
    Name(Vec<u8>),
    Ending(Vec<u8>),
    Other(Vec<u8>),
}

impl Pattern {
    fn new(pattern: &[u8]) -> Self {
        let plain = |text: &[u8]| !text.iter().any(|b| b"*?[\\".contains(b));
        match pattern {
            [b'*', ending @ ..] if plain(ending) => Pattern::Ending(ending.to_vec()),
            name if plain(name) => Pattern::Name(name.to_vec()),
            other => Pattern::Other(other.to_vec()),
        }
    }

    fn matches(&self, name: &[u8]) -> bool {
        match self {
            Pattern::Name(own) => name == own,
            Pattern::Ending(ending) => name.strip_suffix(&**ending).is_some_and(|start| !start.contains(&b'/')),
            // What cannot be matched does not match.
            Pattern::Other(pattern) => filepath::matches(pattern, name).unwrap_or(false),
        }
    }
}

impl Rules {
    /// Reads a `.helmignore`; without one, give it the empty text. Helm's own rule comes last.
    ///
    /// # Errors
    /// Helm's words for a pattern that cannot be.
    pub fn parse(text: &[u8]) -> Result<Rules, String> {
        let mut rules = Rules::default();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for line in text.split(|b| *b == b'\n') {
            // Go's line scanner gives up here.
            if line.len() >= 64 * 1024 {
                return Err("bufio.Scanner: token too long".into());
            }
            rules.add(line)?;
        }
        rules.add(b"templates/.?*")?;
        Ok(rules)
    }

    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let rule = bstr::ByteSlice::trim(line);
        if rule.is_empty() || rule.starts_with(b"#") {
            return Ok(());
        }
        if rule.windows(2).any(|pair| pair == b"**") {
            return Err("double-star (**) syntax is not supported".into());
        }
        if filepath::matches(rule, b"abc").is_none() {
            return Err("syntax error in pattern".into());
        }
        let (negated, rule) = rule.strip_prefix(b"!").map_or((false, rule), |rest| (true, rest));
        let (folders_only, rule) = rule.strip_suffix(b"/").map_or((false, rule), |rest| (true, rest));
        let (anchored, rule) = rule.strip_prefix(b"/").map_or((false, rule), |rest| (true, rest));
        let base = !anchored && !rule.contains(&b'/');
        self.rules.push(Rule { negated, folders_only, base, pattern: Pattern::new(rule) });
        Ok(())
    }

    /// Whether a path below the chart, with `/`, is left out. The first rule that says so decides.
    pub fn ignores(&self, path: &str, folder: bool) -> bool {
        if path.is_empty() {
            return false;
        }
        let path = path.as_bytes();
        let last = memchr::memrchr(b'/', path).and_then(|at| path.get(at + 1..)).unwrap_or(path);
        for rule in &self.rules {
            let hit = rule.pattern.matches(if rule.base { last } else { path });
            if rule.negated {
                if (rule.folders_only && !folder) || !hit {
                    return true;
                }
            } else if hit && (folder || !rule.folders_only) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let rules = Rules::parse(b"# x\n*.bak\r\ndir/\n/root.txt\nsub/x.txt\n").unwrap();
        for (path, folder, expected) in [
            ("a.bak", false, true),
            ("x/y.bak", false, true),
            ("x/dir", true, true),
            ("x/dir", false, false),
            ("root.txt", false, true),
            ("x/root.txt", false, false),
            ("sub/x.txt", false, true),
            ("y/sub/x.txt", false, false),
            ("templates/.a", false, true),
            ("templates/s/.a", false, false),
        ] {
            assert_eq!(rules.ignores(path, folder), expected, "{path}");
        }
        assert!(Rules::parse(b"!keep").unwrap().ignores("Chart.yaml", false));
        assert!(Rules::parse(b"a**b").is_err());
        assert!(Rules::parse(b"[").is_err());
    }
}
