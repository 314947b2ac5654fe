//! Snapshots of real file systems. Some need root, to set capabilities and make devices; elsewhere they say so
//! and check less.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod differences;
mod hard_links;
mod hostile;
mod random;
mod round_trip;
mod support;
mod watching;
