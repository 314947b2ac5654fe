//! What all stores of images promise, and what each adds to it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod backend;
mod daemon;
mod faults;
mod loss;
mod read;
mod registry;
mod write;
mod writing;
