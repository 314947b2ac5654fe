//! Starting containers.
//!
//! [`run`] is all that the rest of the program knows of it. An OCI runtime that is installed does it where
//! that is possible, see [`engine`]; else it is done with what the kernel offers, see [`sandbox`].

mod engine;
mod init;
mod mounts;
mod refusal;
mod sandbox;

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::run::user::User;
use crate::scratch::Scratch;
use crate::signals::Signals;

pub(crate) use init::{InitArguments, init};

/// A process in a root file system of its own. It has the host's network and name resolution.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Container {
    /// Unpacked for this container, which may change it.
    pub(crate) rootfs: PathBuf,
    /// The executable and its arguments; without a slash it is looked for in `PATH`.
    pub(crate) arguments: Vec<String>,
    /// All variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Made if it does not exist.
    pub(crate) working_dir: String,
    /// Whom the process runs as.
    pub(crate) user: User,
}

/// Runs a container to its end and returns its process's status. Signals are forwarded to the process.
pub(crate) fn run(container: &Container, scratch: &Scratch, signals: &Signals) -> Result<u8> {
    match engine::find() {
        Some(engine) => engine.run(container, scratch, signals),
        None => sandbox::run(container, scratch, signals),
    }
}
