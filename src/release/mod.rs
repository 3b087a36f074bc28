//! Releases that somebody stored.

mod live;
mod memory;
mod object;
mod record;
pub mod saved;
mod selector;
mod sql;
mod storage;

pub use live::{Holder, Live};
pub use memory::Memory;
pub use object::templated;
pub use record::{Hook, Record};
pub use selector::Selector;
pub use sql::Sql;
pub use storage::{Found, Start, Storage, is_not_found, key, latest, not_found, start, start_from};
