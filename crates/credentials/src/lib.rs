//! Which secret goes to which registry.
//!
//! What enters is the environment, and by way of it the docker configuration file and credential helpers.
//! What leaves is, per registry, at most one [`Credential`]. Nothing here speaks to a registry.
//!
//! The first source that has something for a registry decides:
//! 1. the variable `CNB_REGISTRY_AUTH`,
//! 2. the docker configuration file, first the credential helper that it names, then what it holds itself,
//! 3. the credential helper of the cloud that the registry belongs to, if it is on `PATH`.
//!
//! Without any the registry is used anonymously.
//!
//! No secret is ever part of a message, an error, or what `Debug` prints.
//!
//! Spec: platform.md § Registry Authentication.

mod cloud;
mod credential;
mod docker_config;
mod environment;
mod header;
mod helper;
mod keychain;
mod process;
mod registry_auth;
mod registry_key;

pub use credential::{Credential, Found, Secret, Source};
pub use docker_config::DockerConfigError;
pub use header::InvalidHeader;
pub use keychain::{Keychain, KeychainError};
pub use registry_auth::RegistryAuthError;
