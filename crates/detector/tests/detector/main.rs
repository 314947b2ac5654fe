//! Tests of the detector with scripted buildpacks in temporary directories.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod bad_input;
mod detect;
mod executable;
mod generate;
mod order;
mod report;
mod support;
