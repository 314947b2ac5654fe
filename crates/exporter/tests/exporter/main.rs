//! The export phase, run as an executable on real directories and images in layout form.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cache;
mod daemon;
mod extended;
mod faults;
mod image;
mod launch_cache;
mod registry;
mod reuse;
mod support;
