//! Layers of real files, there and back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod archiving;
mod compression;
mod copying;
mod extraction;
mod faults;
mod handmade;
mod hostile;
mod support;
