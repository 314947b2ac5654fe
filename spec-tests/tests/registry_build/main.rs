//! The executables on real registries, as a platform runs them: each phase a process of its own with no
//! more rights than it needs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

mod alone;
mod creator;
mod denied;
mod five_phases;
mod insecure;
mod outages;
mod phase;
mod platform;
mod rebase;
mod secrets;
mod secured;
