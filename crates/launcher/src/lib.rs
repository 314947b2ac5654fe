//! The launcher: the entry point of every app image.
//!
//! What enters is the name it was started by, its arguments and environment, `metadata.toml` and the
//! launch layers. It chooses a process, makes the environment from the layers, runs their exec.d
//! executables, and becomes the process, by way of bash where the process asks for a shell. It never comes
//! back unless it fails before that.
//!
//! Spec: platform.md § launcher, buildpack.md § Exec.d, § Environment.

mod error;
mod exec_d;
mod invocation;
mod layers;
mod process;
mod program;
mod settings;
mod shell;
mod signals;

use std::convert::Infallible;
use std::path::Path;

use environment::LaunchEnvironment;
use spec_model::launch_metadata::LaunchMetadata;

pub use error::{LaunchError, report};
pub use exec_d::ExecDError;
pub use invocation::Invocation;
pub use program::ProgramError;

use crate::layers::Layers;
use crate::process::{Buildpacks, StartCommand};
use crate::settings::Settings;

/// Becomes the process that the invocation asks for.
///
/// # Errors
/// Anything that keeps the process from starting; see [`LaunchError::exit_code`].
///
/// Spec: platform.md § launcher.
pub fn launch(invocation: &Invocation) -> Result<Infallible, LaunchError> {
    signals::restore_broken_pipe();
    let settings = Settings::of(invocation)?;
    let metadata: LaunchMetadata =
        toml_file::read(&settings.layers.join("config/metadata.toml")).map_err(LaunchError::Metadata)?;
    let buildpacks = Buildpacks::of(&metadata)?;
    error::warn_of_process_type_variable(invocation);
    let start = process::choose(&metadata, &buildpacks, invocation, &settings)?;
    enter(&settings.app, "app")?;

    let layers = Layers::find(&settings.layers, &metadata.buildpacks).map_err(LaunchError::Layers)?;
    let mut environment = LaunchEnvironment::from_process(invocation.variables.iter().cloned());
    layers.apply(&mut environment, start.process_type())?;
    for executable in layers.files("exec.d", start.process_type()).map_err(LaunchError::Layers)? {
        exec_d::run(&executable, &mut environment)?;
    }

    if start.direct {
        launch_direct(&start, &settings, &environment)
    } else {
        let profiles = layers.files("profile.d", start.process_type()).map_err(LaunchError::Layers)?;
        shell::launch(&start, &settings.app, profiles, invocation, environment.variables())
    }
}

fn launch_direct(
    start: &StartCommand,
    settings: &Settings,
    environment: &LaunchEnvironment,
) -> Result<Infallible, LaunchError> {
    // Before the look-up, so that a relative command means the same to both.
    enter(&start.working_dir(&settings.app), "working")?;
    let variables = environment.variables();
    let program = program::find(&start.command, variables.get("PATH"))?;
    let arguments = std::iter::once(&start.command).chain(&start.arguments);
    Ok(program::execute(&program, arguments, variables)?)
}

/// Changes to the app or working directory.
fn enter(directory: &Path, role: &'static str) -> Result<(), LaunchError> {
    std::env::set_current_dir(directory).map_err(|source| LaunchError::Directory {
        role,
        path: directory.to_owned(),
        source,
    })
}
