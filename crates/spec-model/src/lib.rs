//! Every file and label of the Cloud Native Buildpacks specification as types.
//!
//! This crate parses and prints; it opens no files. A key of a TOML file or a JSON label is named here
//! and nowhere else. The types keep what buildpacks and platforms wrote: arbitrary metadata passes
//! through with dates, nesting and order intact.

mod api_version;
mod buildpack_api;
mod digest;
mod platform_api;

pub use api_version::UnusableApiVersion;
pub use buildpack_api::BuildpackApi;
pub use digest::{DiffId, Digest, MalformedDigest};
pub use platform_api::PlatformApi;
