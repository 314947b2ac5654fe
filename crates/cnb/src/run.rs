//! `cnb run`: starts an image from its layers.

mod process;
pub(crate) mod user;

use std::process::ExitCode;

use anyhow::{Context, Result};
use nix::sys::stat::{Mode, umask};
use spec_model::build_metadata::BuildMetadata;
use spec_model::labels::BUILD_METADATA;

use crate::arguments::{ImageName, Pair};
use crate::rootfs;
use crate::runtime::{self, Container};
use crate::scratch::Scratch;
use crate::signals::Signals;

use process::{Process, Request};
use user::User;

/// What `PATH` is where an image does not say.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    image: ImageName,

    /// A variable to set
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<Pair>,

    /// The process type to start instead of the image's default
    #[arg(long, value_name = "TYPE")]
    process: Option<String>,

    /// Arguments for the process, in place of the image's default ones
    #[arg(last = true, value_name = "ARGS")]
    words: Vec<String>,
}

/// Unpacks the image, runs its process to the end and removes what was unpacked. Returns the process's status,
/// or 128 and the signal's number where a signal ended it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let reference = &arguments.image.reference;
    let (store, image) = arguments.image.find()?;
    let metadata = image.config.label(BUILD_METADATA).map(BuildMetadata::from_label).transpose()?;
    let request =
        Request { process: arguments.process.as_deref(), arguments: &arguments.words, env: &arguments.env };
    let process = Process::new(&image.config.config, metadata.as_ref(), &request)
        .with_context(|| format!("cannot run image '{reference}'"))?;

    // Whoever starts a container, what is made for it and in it has the same modes.
    umask(Mode::from_bits_truncate(0o022));
    let signals = Signals::hold()?;
    let scratch = Scratch::new()?;
    let rootfs = scratch.path().join("rootfs");
    let unpacked = rootfs::unpack(&store, &image, &rootfs, &signals);
    if let Some(status) = signals.interruption() {
        return Ok(ExitCode::from(status));
    }
    unpacked.with_context(|| format!("failed to unpack image '{reference}'"))?;
    let user = User::find(&image.config.config.user, &rootfs)?;
    let container = Container {
        rootfs,
        environment: process.environment(&user),
        arguments: process.arguments,
        working_dir: process.working_dir,
        user,
    };
    Ok(ExitCode::from(runtime::run(&container, &scratch, &signals)?))
}
