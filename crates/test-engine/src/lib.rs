//! A container engine for the tests of this workspace: Debian's `dockerd`, started as root on a socket and
//! with a data directory of its own, without networks. Nothing here uses the code it helps to test.
//!
//! [`TestEngine`] is a running engine, with Docker's own client as the witness of what it holds.
//! [`Recorder`] stands before its socket and counts what goes through.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a helper that fails fails the test"
)]

mod engine;
mod recorder;

pub use engine::TestEngine;
pub use recorder::Recorder;
