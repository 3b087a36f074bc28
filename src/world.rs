//! All that a render may ask of the outside: clock, chance, DNS, warnings, a post-renderer, the key to its values.

use crate::cluster::Lookup;
use crate::diagnostic::{Diagnostic, Error};
use std::fmt;
use std::sync::Arc;

/// A program that all rendered documents go through.
///
/// It gets one stream and a log, a line each as Helm prints it, and gives the stream that takes its place.
pub struct PostRenderer(pub Box<RunPostRenderer>);

/// What a [`PostRenderer`] does.
pub type RunPostRenderer = dyn Fn(Vec<u8>, &mut Vec<String>) -> Result<Vec<u8>, Error>;

impl fmt::Debug for PostRenderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostRenderer")
    }
}

/// Decrypts a values file that sops encrypted: its path and `yaml` or `json` → its text.
///
/// # Errors
/// Why it could not be done, without any of its values.
pub type Decrypt = fn(path: &str, format: &str) -> Result<Vec<u8>, Box<Diagnostic>>;

/// The outside of one render.
///
/// Whoever draws on chance or time goes through here, so that a render can be repeated.
#[derive(Debug, Default)]
pub struct World {
    /// Nanoseconds since the epoch, when fixed; else the clock decides.
    pub now: Option<i128>,
    /// The seed of chance, when fixed; else the system's randomness decides.
    pub seed: Option<u64>,
    /// Whether chance comes out the other way: each bit of a seed's chance is turned over, so that even a choice of two falls
    /// on the other side.
    pub inverted: bool,
    /// Whether `getHostByName` may ask the network.
    pub dns: bool,
    /// Whether chance or time was drawn upon.
    pub drawn: bool,
    /// Whether files outside of the chart and its layers had a part.
    pub read_outside: bool,
    /// What Helm would log, a line each as Helm prints it.
    pub warnings: Vec<String>,
    /// Whether Helm would log what it does.
    pub debug: bool,
    /// The process ends after this render: to free what the render holds would be time lost.
    pub ends: bool,
    /// The process's variables, for those who may read them: templates may not.
    pub variables: Option<fn(&str) -> Option<String>>,
    /// Who answers `lookup`; without one there is nothing in the cluster.
    pub lookup: Option<Arc<dyn Lookup>>,
    /// What the rendered documents go through, if anything.
    pub post_renderer: Option<PostRenderer>,
    state: u64,
    /// The times that were told and the chance that was drawn, for a replay.
    told: Vec<i128>,
    chance: Vec<u8>,
    /// How much of both a replay has given out.
    replayed: Option<(usize, usize)>,
}

/// Beyond this nothing is kept for a replay.
const MAX_KEPT: usize = 1 << 24;

impl World {
    /// A variable of the process.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.and_then(|get| get(name))
    }

    /// The time that was told first, in nanoseconds since the epoch.
    pub fn first_told(&self) -> Option<i128> {
        self.told.first().copied().or(self.now)
    }

    /// From now on tells the same times and draws the same chance once more, in the same order.
    pub fn replay(&mut self) {
        self.replayed = Some((0, 0));
    }

    /// Nanoseconds since the epoch.
    pub fn now(&mut self) -> i128 {
        self.drawn = true;
        if let Some(now) = self.now {
            return now;
        }
        if let Some((times, _)) = &mut self.replayed
            && let Some(now) = self.told.get(*times)
        {
            *times += 1;
            return *now;
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |d| d.as_nanos() as i128);
        if self.told.len() < MAX_KEPT / 16 && self.replayed.is_none() {
            self.told.push(now);
        }
        now
    }

    /// Fills a buffer with chance: the system's, or the seed's.
    pub fn random(&mut self, out: &mut [u8]) {
        self.drawn = true;
        if let Some((_, drawn)) = &mut self.replayed
            && let Some(chance) = self.chance.get(*drawn..drawn.saturating_add(out.len()))
        {
            *drawn += out.len();
            out.copy_from_slice(chance);
            return;
        }
        self.draw(out);
        if self.replayed.is_none() && self.chance.len() + out.len() <= MAX_KEPT {
            self.chance.extend_from_slice(out);
        }
    }

    fn draw(&mut self, out: &mut [u8]) {
        let Some(seed) = self.seed else {
            // The system's randomness does not fail on any system that rhelm runs on; if it did, nothing
            // secret may come of it.
            if getrandom::fill(out).is_err() {
                std::process::abort();
            }
            return;
        };
        for chunk in out.chunks_mut(8) {
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = seed ^ self.state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            let z = if self.inverted { !z } else { z };
            chunk.iter_mut().zip(z.to_le_bytes()).for_each(|(o, b)| *o = b);
        }
    }

    /// A number below `n`, each as likely; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let zone = u64::MAX - u64::MAX % n;
        loop {
            let mut bytes = [0; 8];
            self.random(&mut bytes);
            let draw = u64::from_le_bytes(bytes);
            if draw < zone {
                return draw % n;
            }
        }
    }
}
