//! Releases that somebody stored.

mod memory;
mod record;
pub mod saved;
mod selector;
mod storage;

pub use memory::Memory;
pub use record::{Hook, Record};
pub use selector::Selector;
pub use storage::{Found, Storage, key, latest, not_found};
