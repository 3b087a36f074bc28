//! What came of many cases.

use crate::helm::Ran;
use std::fmt;

/// The count of each verdict, and every difference.
#[derive(Default)]
pub struct Tally {
    /// Rendered by both, to the same bytes.
    pub output: u64,
    /// Refused by both, with the same words.
    pub error: u64,
    /// Helm itself does not say the same twice.
    pub varies: u64,
    /// Helm dies, or takes too long.
    pub dies: u64,
    /// They differ as the README's *Differences from Helm* says.
    pub listed: u64,
    /// Not compared.
    pub skipped: u64,
    pub differences: Vec<Difference>,
}

/// A case on which the programs differ.
pub struct Difference {
    /// `PART:INDEX`
    pub case: String,
    /// What shows it, as small as it was made.
    pub text: String,
    pub helm: String,
    pub ours: String,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.output += other.output;
        self.error += other.error;
        self.varies += other.varies;
        self.dies += other.dies;
        self.listed += other.listed;
        self.skipped += other.skipped;
        self.differences.extend(other.differences);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judged = self.output + self.error + self.varies + self.dies + self.listed + self.differences.len() as u64;
        write!(f, "{judged} cases · {} rendered alike, {} refused alike", self.output, self.error)?;
        if self.varies > 0 {
            write!(f, ", {} vary in Helm", self.varies)?;
        }
        if self.dies > 0 {
            write!(f, ", {} of which Helm dies", self.dies)?;
        }
        if self.listed > 0 {
            write!(f, ", {} differ as the README says", self.listed)?;
        }
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        write!(f, ", {} differ", self.differences.len())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "── {}\n{}", self.case, self.text)?;
        writeln!(f, "   Helm:  {}", self.helm.trim_end())?;
        write!(f, "   rhelm: {}", self.ours.trim_end())
    }
}

/// Whether a difference is one that the README lists: `slice` past the end of a list, where Go made room for more; and what
/// a zone looks like inside.
pub fn is_listed(helm: &Ran, ours: &Ran) -> bool {
    const ZONE: &[u8] = b"*time.Location=&{";
    let shows = |ran: &Ran| ran.exit == 0 && ran.stdout.windows(ZONE.len()).any(|words| words == ZONE);
    if shows(helm) && shows(ours) {
        return true;
    }
    const WORDS: &[u8] = b"slice: slice index out of bounds";
    let says = |ran: &Ran| ran.stderr.to_ascii_lowercase().windows(WORDS.len()).any(|words| words == WORDS);
    ours.exit == 1 && says(ours) && !says(helm)
}

/// What a program did, for people.
pub fn told(ran: &Ran) -> String {
    let text = crate::chart::comparable(if ran.exit == 0 { &ran.stdout } else { &ran.stderr });
    let text = String::from_utf8_lossy(&text).replace("---\n# Source: c/templates/a.yaml\nkind: C\n", "");
    let cut: String = text.chars().take(3000).collect();
    format!("exit {} · {cut}", ran.exit)
}
