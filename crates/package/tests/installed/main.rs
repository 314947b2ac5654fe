//! The packages in use: a builder image made of the tarball and the lifecycle's image, in a container engine,
//! driven as pack (0.40) drives them – the same containers, users, mounts, variables, files and flags. pack
//! itself cannot be had everywhere.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

mod builds;
mod client;
mod container;
mod images;
