//! `cnb`, the reference platform: what a platform does for a developer, on images in OCI layout form. It needs
//! no daemon and no registry, and no root where the kernel allows user namespaces.
//!
//! One module a subcommand:
//!
//! | subcommand | what it does |
//! |---|---|
//! | `cnb image create` | makes a base image of a root file system |
//! | `cnb inspect` | shows what an image says about itself |
//! | `cnb sbom download` | extracts the SBOM files of an image |
//! | `cnb run` | starts an image from its layers |
//!
//! Behind `cnb run` are `rootfs`, which unpacks layers, and `runtime`, which starts containers.

mod arguments;
mod image_create;
mod in_root;
mod inspect;
mod output;
mod rootfs;
mod run;
mod runtime;
mod sbom;
mod scratch;
mod signals;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, ImageCommand, SbomCommand};

/// The status of a failure of `cnb` itself.
const FAILED: u8 = 1;

/// The status of such a failure where the status of a container is passed on; as Docker and Podman have it.
const NOT_STARTED: u8 = 125;

/// Runs the program from its arguments, of which the first is its own name, to its exit status.
///
/// Failures end with 1, unusable arguments with 2. `cnb run` passes the container's status on; its own
/// failures are 125, or 126 and 127 where the image's command cannot be executed or does not exist.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.command,
        Err(error) => {
            // Nothing is left to be done where even this cannot be printed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(FAILED));
        }
    };
    let failure = match &command {
        Command::Run(_) | Command::ContainerInit(_) => NOT_STARTED,
        Command::Image { .. } | Command::Inspect(_) | Command::Sbom { .. } => FAILED,
    };
    dispatch(&command).unwrap_or_else(|error| {
        output::print_error(&error);
        ExitCode::from(failure)
    })
}

fn dispatch(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Image { command: ImageCommand::Create(arguments) } => image_create::create(arguments)?,
        Command::Inspect(arguments) => inspect::inspect(arguments)?,
        Command::Sbom { command: SbomCommand::Download(arguments) } => sbom::download(arguments)?,
        Command::Run(arguments) => return run::run(arguments),
        Command::ContainerInit(arguments) => return runtime::init(arguments),
    }
    Ok(ExitCode::SUCCESS)
}
