//! The packages, made from stand-ins for executables and the workspace's real dependencies.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bills;
mod lifecycle_image;
mod packed;
mod refusals;
mod tarball;
