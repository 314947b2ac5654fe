//! The phase on scratch directories, with buildpacks that are a few lines of shell. One executable, because
//! each would link all of the lifecycle.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails the test")]

mod environment;
mod failures;
mod outputs;
mod program;
mod support;
