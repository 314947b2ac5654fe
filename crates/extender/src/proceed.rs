//! From the extended build image to the build: with the image's variables, without root, without secrets.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use builder::BuilderInputs;
use image::ContainerConfig;
use phase_shell::Inputs;
use platform_api::Input;

use crate::ExtendError;

/// Where platforms put credentials for registries. The phase has no use for them.
const CREDENTIALS: &str = "CNB_REGISTRY_AUTH";

/// Starts the program anew without the variable that holds credentials. Commands of Dockerfiles run as root:
/// they could read in `/proc` what this process was started with.
pub(crate) fn forget_credentials() -> Result<(), ExtendError> {
    if std::env::var_os(CREDENTIALS).is_none() {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(ExtendError::files("find the extender itself"))?;
    let error: io::Error =
        Command::new(program).args(std::env::args_os().skip(1)).env_remove(CREDENTIALS).exec();
    Err(ExtendError::files("start again without credentials")(error))
}

/// Runs the build phase as the build image's user. The variables of the extended image take the place of those
/// that the container was started with.
pub(crate) fn build(inputs: &Inputs, config: Option<&ContainerConfig>) -> Result<(), ExtendError> {
    let user = phase_shell::become_build_user(inputs, &[inputs.path(Input::Layers)])?;
    let mut builder = BuilderInputs::read(inputs)?;
    let of_image = config.map(|config| config.env.as_slice()).unwrap_or_default();
    let mut variables: Vec<(OsString, OsString)> = of_image
        .iter()
        .filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    if let Some(user) = user {
        variables.retain(|(name, _)| name != "HOME" && name != "USER");
        variables.extend([("HOME".into(), user.home.into()), ("USER".into(), user.name.into())]);
    }
    builder.environment.retain(|(name, _)| variables.iter().all(|(of_image, _)| of_image != name));
    builder.environment.extend(variables);
    builder::build(&builder)?;
    Ok(())
}
