//! Registries for the tests of this workspace: Debian's `docker-registry`, started on loopback, and a proxy
//! before it that injects faults. Nothing here uses the code it helps to test.
//!
//! [`TestRegistry`] is a running registry whose storage tests may look into and damage. [`FaultProxy`]
//! stands before one, records every request and breaks those a test names. [`Authority`] certifies
//! registries for TLS, [`TokenServer`] hands out the tokens that a registry asks for, and [`ForwardProxy`]
//! is a proxy that clients know of. [`Skopeo`] is a witness: another client than the one under test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a helper that fails fails the test"
)]

mod authority;
mod client;
mod http;
mod process;
mod proxy;
mod push;
mod registry;
mod server;
mod skopeo;
mod storage;
mod token_server;

pub use authority::Authority;
pub use client::{Request, Response};
pub use proxy::{Fault, FaultProxy, ForwardProxy, Seen};
pub use registry::{Configuration, TestRegistry};
pub use skopeo::Skopeo;
pub use token_server::{Credential, TokenRequest, TokenServer};
