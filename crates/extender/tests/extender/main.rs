//! The extender as a library, on small root file systems in temporary directories.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

mod build_image;
mod cache;
mod executable;
mod failures;
mod files;
mod run_image;
mod support;
