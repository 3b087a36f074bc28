//! Go's string: bytes that are usually UTF-8, shared and immutable.

pub(crate) mod recent;
pub(crate) mod runs;

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A shared, immutable byte string. Ordered bytewise, as Go orders strings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Str(Arc<[u8]>);

impl Str {
    /// Of at most so many bytes, which are written where they stay; told is how many were.
    pub(crate) fn written<E>(most: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<Self, E> {
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, most).collect();
        let len = Arc::get_mut(&mut bytes).map_or(Ok(0), write)?;
        Ok(if len == most { Str(bytes) } else { Str::from(bytes.get(..len).unwrap_or_default()) })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As UTF-8, with U+FFFD for what is not.
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// As UTF-8, if it is.
    pub fn utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

/// Where [`kept`] puts bytes that are no UTF-8: the last 256 code points, which are for private use.
const PRIVATE: u32 = 0x10_ff00;

/// Bytes as text without a loss, for messages that carry what a chart says: a byte that is no UTF-8 becomes a character
/// for private use, which [`restored`] turns back.
pub fn kept(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let stand_in = |out: &mut String, bytes: &[u8]| {
        out.extend(bytes.iter().filter_map(|byte| char::from_u32(PRIVATE + u32::from(*byte))));
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Who writes such a character gets it back, too.
            match c {
                c if c as u32 >= PRIVATE => stand_in(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        stand_in(&mut out, chunk.invalid());
    }
    out
}

/// The bytes of which [`kept`] made a text.
pub fn restored(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from((c as u32).wrapping_sub(PRIVATE)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

impl Deref for Str {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Str(text.as_bytes().into())
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Str(text.into_bytes().into())
    }
}

impl From<&[u8]> for Str {
    fn from(text: &[u8]) -> Self {
        Str(text.into())
    }
}

impl From<Vec<u8>> for Str {
    fn from(text: Vec<u8>) -> Self {
        Str(text.into())
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == other.as_bytes()
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lossy())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.lossy(), f)
    }
}
