//! What can go wrong between this process and an engine.

use std::path::{Path, PathBuf};

/// Why an engine does not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The variables that tell where the engine is make no sense.
    #[error("{variable} is '{value}', which {problem}")]
    Address {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A certificate or key for TLS cannot be used.
    #[error("cannot use '{}', which DOCKER_CERT_PATH is to hold for talking to the engine: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is no socket.
    #[error(
        "there is no socket '{}': the engine does not run, or its socket is not mounted here; mount it, or \
         name another with DOCKER_HOST",
        path.display()
    )]
    NoSocket {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The socket is there, but not for this user.
    #[error(
        "user {uid}:{gid} may not use the socket '{}' ({facts}); start the phase as root, or as a user of the \
         socket's group",
        path.display()
    )]
    NoPermission {
        /// The socket.
        path: PathBuf,
        /// Its owner and mode, as far as they can be seen.
        facts: String,
        /// The user of this process.
        uid: u32,
        /// The group of this process.
        gid: u32,
    },
    /// Nobody listens there.
    #[error("no engine answers at '{engine}': {cause}")]
    Unreachable {
        /// The engine's address.
        engine: String,
        /// What the system said.
        cause: String,
    },
    /// One side does not trust the other.
    #[error(
        "no trusted connection to the engine at '{engine}': {cause}; check ca.pem, cert.pem and key.pem in \
         DOCKER_CERT_PATH"
    )]
    Untrusted {
        /// The engine's address.
        engine: String,
        /// Who refuses what.
        cause: String,
    },
    /// The connection was cut, or silent for too long.
    #[error("the engine at '{engine}' stopped answering, when asked to {action}: {cause}")]
    Cut {
        /// The engine's address.
        engine: String,
        /// What it was asked for.
        action: String,
        /// What happened.
        cause: String,
    },
    /// The engine answers what makes no sense.
    #[error("'{engine}' does not answer like an engine, when asked to {action}: {problem}")]
    Nonsense {
        /// The engine's address.
        engine: String,
        /// What it was asked for.
        action: String,
        /// What is odd.
        problem: String,
    },
    /// The engine is too old.
    #[error(
        "the engine at '{engine}' speaks version {version} of its API at most; {least} is needed at least"
    )]
    TooOld {
        /// The engine's address.
        engine: String,
        /// Its newest version.
        version: String,
        /// The oldest version that will do.
        least: String,
    },
    /// There is no such image.
    #[error("the engine has no image '{image}'")]
    NoImage {
        /// The image.
        image: String,
    },
    /// The engine refuses, with its own words.
    #[error("the engine refuses to {action}: {message} (status {status})")]
    Refused {
        /// What it was asked for.
        action: String,
        /// What it says.
        message: String,
        /// The status of its answer.
        status: u16,
    },
    /// The engine began and failed, with its own words.
    #[error("the engine failed to {action}: {message}")]
    Failed {
        /// What it was asked for.
        action: String,
        /// What it says.
        message: String,
    },
}

impl EngineError {
    /// Why a socket could not be connected to.
    pub(crate) fn of_socket(path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NoSocket { path: path.to_owned() },
            std::io::ErrorKind::PermissionDenied => Self::NoPermission {
                path: path.to_owned(),
                facts: facts(path),
                uid: rustix::process::geteuid().as_raw(),
                gid: rustix::process::getegid().as_raw(),
            },
            _ => Self::Unreachable { engine: path.display().to_string(), cause: error.to_string() },
        }
    }
}

fn facts(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    match fs_err::metadata(path) {
        Ok(file) => format!("owner {}:{}, mode {:04o}", file.uid(), file.gid(), file.mode() & 0o7777),
        Err(_) => "in a directory that the user may not enter".to_owned(),
    }
}
