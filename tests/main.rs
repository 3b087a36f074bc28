//! One test binary: the recorded cases, the bad input, snapshots and hooks, and the order of the modules.
//!
//! What is expected was written by the real Helm (`tests/record`); nothing here rewrites it.
// The helpers of tests fail by panicking, and nothing here is anybody's interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod archive;
mod casefile;
mod cases;
mod clusters;
mod completion;
mod differ;
mod fleet;
mod functions;
mod hostile;
mod layers;
mod sandbox;
mod snapshots;
