//! Why nothing was launched, the exit status for it, and what the user is told.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use environment::EnvironmentError;
use spec_model::UnusableApiVersion;

use crate::{ExecDError, Invocation, ProgramError};

/// Why nothing was launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The image or the user took away the variable that names the Platform API.
    #[error("CNB_PLATFORM_API is not set; set it to the Platform API version that the image was built with")]
    PlatformApiUnset,
    /// The Platform API is not supported.
    #[error("CNB_PLATFORM_API: {0}")]
    PlatformApi(#[source] UnusableApiVersion),
    /// `metadata.toml` cannot be used.
    #[error("failed to learn the image's processes: {0}")]
    Metadata(#[source] toml_file::ReadError),
    /// A buildpack's API is not supported.
    #[error("buildpack '{id}': Buildpack API {source}")]
    BuildpackApi {
        /// The buildpack's id.
        id: String,
        /// Why not.
        source: UnusableApiVersion,
    },
    /// Neither a process nor a command was named.
    #[error("there is no default process, and no command was given")]
    NoCommand {
        /// The process types of the image.
        processes: Vec<String>,
    },
    /// The process exists for other execution environments only.
    #[error(
        "process '{process_type}' is not eligible for execution environment '{exec_env}', only for {}",
        list(eligible)
    )]
    NotEligible {
        /// The process type.
        process_type: String,
        /// The execution environment.
        exec_env: String,
        /// The execution environments it is eligible for.
        eligible: Vec<String>,
    },
    /// The process has a command without entries.
    #[error("process '{process_type}' has an empty command")]
    EmptyCommand {
        /// The process type.
        process_type: String,
    },
    /// The process names a buildpack that the image does not have.
    #[error("process '{process_type}' comes from buildpack '{id}', which metadata.toml does not list")]
    UnknownBuildpack {
        /// The process type.
        process_type: String,
        /// The buildpack's id.
        id: String,
    },
    /// A directory cannot be entered.
    #[error("failed to enter the {role} directory '{}': {source}", path.display())]
    Directory {
        /// What the directory is to the process.
        role: &'static str,
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The layers cannot be listed; the error names the directory.
    #[error("failed to list launch layers: {0}")]
    Layers(#[source] io::Error),
    /// A layer's variables cannot be applied.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// An exec.d executable did not do its part.
    #[error(transparent)]
    ExecD(#[from] ExecDError),
    /// The process needs a shell that the image does not have.
    #[error("{} needs a shell, but the image has no /bin/bash", needing_shell(process_type.as_ref(), command))]
    NoShell {
        /// The process type, if a buildpack defined the process.
        process_type: Option<OsString>,
        /// The command.
        command: OsString,
    },
    /// The command cannot be started.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

fn needing_shell(process_type: Option<&OsString>, command: &OsString) -> String {
    match process_type {
        Some(process_type) => format!("process '{}'", process_type.display()),
        None => format!("command '{}'", command.display()),
    }
}

impl LaunchError {
    /// The exit status of errors in what `metadata.toml` says; the reference lifecycle has it so.
    const FAILED: u8 = 1;
    /// The exit status of an unsupported Platform API.
    const PLATFORM_API: u8 = 11;
    /// The exit status of an unsupported Buildpack API.
    const BUILDPACK_API: u8 = 12;
    /// The exit status of all other errors.
    pub(crate) const LAUNCH: u8 = 82;

    /// The exit status that platforms know the error by. Spec: platform.md § launcher, Outputs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PlatformApiUnset | Self::PlatformApi(_) => Self::PLATFORM_API,
            Self::BuildpackApi { .. } => Self::BUILDPACK_API,
            Self::Metadata(_) => Self::FAILED,
            Self::NoCommand { .. }
            | Self::NotEligible { .. }
            | Self::EmptyCommand { .. }
            | Self::UnknownBuildpack { .. }
            | Self::Directory { .. }
            | Self::Layers(_)
            | Self::Environment(_)
            | Self::ExecD(_)
            | Self::NoShell { .. }
            | Self::Program(_) => Self::LAUNCH,
        }
    }

    /// What to do about it, where the error itself does not say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCommand { processes } if processes.is_empty() => {
                Some("give a command: <cmd> <arg>... for a shell, -- <cmd> <arg>... without".to_owned())
            }
            Self::NoCommand { processes } => Some(format!(
                "give a command, or start one of the processes {} by entrypoint /cnb/process/<type>",
                list(processes)
            )),
            Self::NotEligible { .. } => Some("set CNB_EXEC_ENV to one of these".to_owned()),
            Self::NoShell { process_type: None, .. } => {
                Some("put '--' in front of the command to start it without a shell".to_owned())
            }
            Self::NoShell { process_type: Some(_), .. } => Some(
                "use a run image with bash, or a version of the buildpack that declares the process direct; \
                 '-- <cmd> <arg>...' starts another command without a shell"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Prints the error to standard error.
pub fn report(error: &LaunchError) {
    let hint = error.hint().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    print(&format!("ERROR: launcher: {error}{hint}"));
}

/// Tells users of older images that the variable no longer chooses the process.
pub(crate) fn warn_of_process_type_variable(invocation: &Invocation) {
    if let Some(process_type) = invocation.variable("CNB_PROCESS_TYPE") {
        let process_type = process_type.display();
        print(&format!(
            "Warning: CNB_PROCESS_TYPE has no effect; to start process '{process_type}', set the container's \
             entrypoint to /cnb/process/{process_type}"
        ));
    }
}

fn print(line: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}
