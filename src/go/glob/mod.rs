//! Globs as gobwas/glob v0.2.3 matches them, with the separator `/`.
//!
//! That library turns a pattern into a tree of matchers by rewritings that do not always keep the meaning:
//! `f/**/c` becomes "begins with `f/`, ends with `/c`" and so matches `f/c`. Helm's users see those results,
//! so the same rewritings are made here.

mod build;
mod matcher;
mod parse;

use matcher::Matcher;
use std::cell::Cell;

/// The longest pattern, in bytes: its tree may be as deep.
const MAX_PATTERN: usize = 8 << 10;
/// Steps that one match may take. Trees of hostile patterns take time exponential in their depth.
const MAX_STEPS: u32 = 500_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Glob(Matcher);

/// `glob.Compile(pattern, '/')`. Helm takes a pattern that fails as `**`.
pub fn compile(pattern: &[u8]) -> Result<Glob, String> {
    if pattern.len() > MAX_PATTERN {
        return Err("pattern is too long".into());
    }
    let tree = parse::parse(pattern)?;
    Ok(Glob(build::build(&tree)))
}

impl Glob {
    /// Whether the whole text matches. Where the search takes too long, it doesn't.
    pub fn matches(&self, text: &[u8]) -> bool {
        let steps = Cell::new(MAX_STEPS);
        self.0.matches(text, &steps) && steps.get() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "f/a.txt", false),
            ("**.txt", "f/a.txt", true),
            ("**/*.txt", "a.txt", false),
            ("f/**/c", "f/x/y/c", true),
            // Prefix and suffix may overlap.
            ("f/**/c", "f/c", true),
            ("{a,b}/?", "b/x", true),
            ("[^a]", "^", true),
            ("[!a]*", "bc", true),
            (r"\*", "*", true),
            ("{a,b", "a", true),
        ] {
            assert_eq!(compile(pattern.as_bytes()).unwrap().matches(text.as_bytes()), want, "{pattern} {text}");
        }
        assert!(compile(b"[").is_err());
        let hostile = compile("*a*b".repeat(50).as_bytes()).unwrap();
        assert!(!hostile.matches("ab".repeat(200).as_bytes()) || hostile.matches("ab".repeat(50).as_bytes()));
    }
}
