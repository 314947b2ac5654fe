//! Why an image could not be extended, and with which status the phase then ends.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use builder::BuildError;
use buildpack::dockerfile::DockerfileError;
use dockerfile::ExpansionError;
use image_store::StoreError;
use layer::{ArchiveError, ExtractError};
use phase_shell::PrivilegeError;
use platform_api::{ExitCode, PhaseError};
use snapshot::SnapshotError;
use toml_file::ReadError;

use crate::context::ContextError;
use crate::users::UnknownName;

/// Why an image could not be extended, or the build that follows failed.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// The kind of image is none that can be extended.
    #[error("the image to extend must be 'build' or 'run', not '{given}'")]
    Kind {
        /// What was given.
        given: String,
    },
    /// The time that cached layers are used for is malformed.
    #[error("'{given}' is no duration for cached layers; write it as in 336h or 90m")]
    CacheTtl {
        /// What was given.
        given: String,
    },
    /// `group.toml` cannot be read.
    #[error("failed to read the group of extensions: {0}")]
    Group(#[source] ReadError),
    /// `analyzed.toml` cannot be read.
    #[error("failed to read what is known of the images: {0}")]
    Analyzed(#[source] ReadError),
    /// `extend-config.toml` cannot be read.
    #[error("failed to read the arguments of an extension: {0}")]
    ExtendConfig(#[source] ReadError),
    /// `analyzed.toml` does not tell the digest of the image.
    #[error("analyzed.toml names no {image} image by digest (its reference is '{reference}')")]
    NoDigest {
        /// `build` or `run`.
        image: &'static str,
        /// What it says.
        reference: String,
    },
    /// The restorer has not left the image.
    #[error("the {image} image to extend is not in '{}'", path.display())]
    NoBaseImage {
        /// `build` or `run`.
        image: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
    /// The image's documents cannot be used.
    #[error("the {image} image '{reference}' cannot be extended: {source}")]
    BaseImage {
        /// `build` or `run`.
        image: &'static str,
        /// The image.
        reference: String,
        /// What is wrong.
        source: Box<StoreError>,
    },
    /// A Dockerfile does not meet the requirements.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// A Dockerfile behind the first switches the base image, which the detector should have seen to.
    #[error("{}: only the first Dockerfile may name another base image than ${{base_image}}", path.display())]
    LateSwitch {
        /// The Dockerfile.
        path: PathBuf,
    },
    /// An instruction cannot be applied. Nothing has run.
    #[error("{}: line {line}: {reason}", path.display())]
    Refused {
        /// The Dockerfile.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        reason: Refusal,
    },
    /// The build context lacks something, or cannot be read. Nothing has run.
    #[error("{}{}: {source}", path.display(), line.map(|line| format!(": line {line}")).unwrap_or_default())]
    Context {
        /// The Dockerfile.
        path: PathBuf,
        /// The line, counted from 1, where there is one to blame.
        line: Option<usize>,
        /// What is wrong.
        source: ContextError,
    },
    /// The extended run image would run as root.
    #[error("the extended run image would run as root: its user is '{user}'")]
    Root {
        /// The user.
        user: String,
    },
    /// A step failed.
    #[error("{}: line {line}: {text}: {source}", path.display())]
    Step {
        /// The Dockerfile.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The instruction.
        text: String,
        /// What happened.
        source: StepError,
    },
    /// The state of the file system could not be taken, or a cached layer not be applied.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A layer could not be made.
    #[error("failed to make a layer: {0}")]
    Layer(#[from] ArchiveError),
    /// Files of the phase could not be read or written; the error names them.
    #[error("failed to {attempt}: {source}")]
    Files {
        /// What was tried.
        attempt: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The extended image's documents cannot be printed.
    #[error("failed to print the extended image's documents: {0}")]
    Print(#[source] serde_json::Error),
    /// Root could not be given up for the build.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// The build that follows failed.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Why an instruction is refused before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The instruction has no place here.
    #[error("{0} is not supported in the Dockerfiles of image extensions; leave it out")]
    Instruction(&'static str),
    /// An option is not supported.
    #[error("{instruction} --{flag} is not supported; leave the option out")]
    Flag {
        /// The instruction.
        instruction: &'static str,
        /// The option.
        flag: String,
    },
    /// A word cannot be expanded.
    #[error(transparent)]
    Expansion(#[from] ExpansionError),
    /// `RUN []`.
    #[error("RUN has no command")]
    NoCommand,
    /// A path is empty, as the variables in it are.
    #[error("the path is empty; are its variables set?")]
    EmptyPath,
    /// A user is empty, as the variables in it are.
    #[error("the user is empty; are its variables set?")]
    EmptyUser,
    /// A port is malformed.
    #[error("'{0}' is no port; write it as in 8080, 8000-8010 or 53/udp")]
    Port(String),
    /// `--chmod` takes octal digits.
    #[error("'{0}' is no file mode; write it as in 0755")]
    Mode(String),
    /// `ADD` names something that is not in the context.
    #[error("ADD of '{0}' is not supported: only files of the build context can be added; fetch it in RUN")]
    Remote(String),
    /// `ADD` cannot unpack an archive.
    #[error(
        "'{name}' is compressed with {compression}, which ADD cannot unpack here; COPY it and unpack it in RUN"
    )]
    Compression {
        /// The archive.
        name: String,
        /// How it is compressed.
        compression: &'static str,
    },
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The command ended with an error.
    #[error("the command failed with {0}")]
    Failed(ExitStatus),
    /// The command did not start.
    #[error("'{program}' cannot be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A user or group does not exist.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A file of the image is in the way of one that is copied.
    #[error("'{}' is in the way: a directory cannot take the place of a file, nor a file that of a directory", .0.display())]
    InTheWay(PathBuf),
    /// An archive cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] ExtractError),
    /// A file cannot be read or written; the error names it.
    #[error("{0}")]
    Files(#[from] io::Error),
}

impl ExtendError {
    /// For failures of the phase's own files.
    pub(crate) fn files(attempt: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Files { attempt, source }
    }
}

impl PhaseError for ExtendError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Kind { .. } | Self::CacheTtl { .. } => ExitCode::InvalidArguments,
            Self::Group(_) | Self::Analyzed(_) | Self::Privileges(_) => ExitCode::Failed,
            Self::ExtendConfig(_)
            | Self::NoDigest { .. }
            | Self::NoBaseImage { .. }
            | Self::BaseImage { .. }
            | Self::Dockerfile(_)
            | Self::LateSwitch { .. }
            | Self::Refused { .. }
            | Self::Context { .. }
            | Self::Root { .. }
            | Self::Step { .. }
            | Self::Snapshot(_)
            | Self::Layer(_)
            | Self::Files { .. }
            | Self::Print(_) => ExitCode::Extend,
            Self::Build(error) => error.exit_code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Group(error) | Self::Analyzed(error) if error.is_not_found() => {
                Some("detector and restorer write this file; run them before the extender".into())
            }
            Self::NoDigest { image: "build", .. } => {
                Some("give the restorer the build image with -build-image (CNB_BUILD_IMAGE)".into())
            }
            Self::NoDigest { .. } | Self::NoBaseImage { .. } => {
                Some("run the restorer before the extender, with the same volume at /kaniko".into())
            }
            Self::Root { .. } => Some(
                "end the last run.Dockerfile with 'ARG user_id', 'ARG group_id', 'USER ${user_id}:${group_id}'; \
                 before any other USER they hold the image's own user"
                    .into(),
            ),
            Self::Step { source: StepError::Failed(_), .. } => {
                Some("the command's own output above tells why; the image was not extended".into())
            }
            Self::Build(error) => error.hint(),
            _ => None,
        }
    }
}
