//! The kit itself, tried against a real registry.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credentials;
mod faults;
mod forward;
mod plain;
mod tls;
mod tokens;
