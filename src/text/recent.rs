//! What was said not long ago. Charts say `Values` a thousand times, and schemas `string`: it is made once and shared, not looked
//! up among all that was ever said.

use super::{Str, runs};

/// What has a name or is one.
pub(crate) trait Said {
    /// The text that says it.
    fn text(&self) -> &[u8];
}

impl Said for Str {
    fn text(&self) -> &[u8] {
        self
    }
}

impl<T> Said for (Str, T) {
    fn text(&self) -> &[u8] {
        &self.0
    }
}

/// Each thing at the place that its letters give, which it loses to what is said next and belongs there.
pub(crate) struct Recent<T, const PLACES: usize>(Vec<Option<T>>);

impl<T: Said, const PLACES: usize> Recent<T, PLACES> {
    /// Nothing was said so far.
    pub(crate) const fn new() -> Self {
        Recent(Vec::new())
    }

    /// What a text says; made where it was not said lately. None where that fails.
    pub(crate) fn find(&mut self, text: &[u8], make: impl FnOnce() -> Option<T>) -> Option<&T> {
        let place = place(text) % PLACES;
        if !self.0.get(place).and_then(Option::as_ref).is_some_and(|known| runs::same(known.text(), text)) {
            let made = make()?;
            self.0.resize_with(PLACES, || None);
            *self.0.get_mut(place)? = Some(made);
        }
        self.0.get(place)?.as_ref()
    }
}

/// A number of the length and the last eight letters, in which names of one chart differ most.
fn place(text: &[u8]) -> usize {
    let last = text
        .last_chunk::<8>()
        .map_or_else(|| text.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)), |last| u64::from_le_bytes(*last));
    let mixed = (last ^ (text.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 55) as usize
}
