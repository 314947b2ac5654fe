//! The client before real registries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credentials;
mod patience;
mod proxies;
mod redirects;
mod resume;
mod support;
mod tls;
mod tokens;
