//! A client of registries, by the OCI distribution specification.
//!
//! A [`Client`] lasts as long as the process: it knows which registries speak what, and keeps connections
//! and tokens. [`Client::repository`] gives a [`Repository`], whose methods are one step of the
//! distribution API each, with everything that takes: authentication, back-off, redirects. [`Upload`] and
//! [`Download`] move blobs of any size in bounded memory and go on where a connection was cut.
//!
//! Nothing else in the workspace knows HTTP. Spec: OCI distribution-spec 1.1.

mod agents;
mod authorization;
mod blobs;
mod challenge;
mod client;
mod download;
mod error;
mod exchange;
mod failure;
mod manifests;
mod patience;
mod pipe;
mod proxy;
mod refusal;
mod repository;
mod roots;
mod token;
mod upload;
mod url;

pub use blobs::Mount;
pub use client::{Access, Client};
pub use download::Download;
pub use error::{Reason, RegistryError, Tried};
pub use manifests::{ManifestAnswer, StoredManifest};
pub use patience::Patience;
pub use repository::Repository;
pub use upload::Upload;
