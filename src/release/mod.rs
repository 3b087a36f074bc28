//! Releases that somebody stored.

pub mod saved;
