//! The environment of launched processes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::path_variables::{self, LAUNCH};
use crate::{Action, Environment, EnvironmentError, rules};

/// Variables that are meant for the launcher and not for what it starts.
const REMOVED: &[&str] =
    &["CNB_LAYERS_DIR", "CNB_APP_DIR", "CNB_PROCESS_TYPE", "CNB_PLATFORM_API", "CNB_DEPRECATION_MODE"];

/// Directories that are taken off `PATH`: the names of processes would hide programs.
const REMOVED_FROM_PATH: &[&[u8]] = &[b"/cnb/process", b"/cnb/lifecycle"];

/// The environment of a process as it grows with the layers of the image.
///
/// Spec: buildpack.md § Environment, platform.md § Launch Environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchEnvironment {
    environment: Environment,
}

impl LaunchEnvironment {
    /// Starts from the launcher's own environment, less the variables and `PATH` entries that only the
    /// launcher needs. Callers give [`std::env::vars_os`].
    #[must_use]
    pub fn from_process(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment: Environment = variables.into_iter().collect();
        for name in REMOVED {
            environment.remove(name);
        }
        if let Some(path) = environment.get("PATH") {
            let path = without_removed(path);
            environment.set("PATH", path);
        }
        Self { environment }
    }

    /// Puts a layer's `bin` in front of `PATH` and its `lib` in front of `LD_LIBRARY_PATH`, if there.
    ///
    /// # Errors
    /// The layer cannot be read.
    pub fn apply_layer_root(&mut self, layer: &Path) -> Result<(), EnvironmentError> {
        path_variables::apply(&mut self.environment, LAUNCH, layer)
    }

    /// Applies a layer's variable files: those of `env`, of `env.launch`, and of the process type's own
    /// directory in there, if a process type is launched.
    ///
    /// # Errors
    /// A variable file cannot be read or holds a NUL byte.
    pub fn apply_layer_variables(
        &mut self,
        layer: &Path,
        process_type: Option<&OsStr>,
    ) -> Result<(), EnvironmentError> {
        rules::apply(&mut self.environment, &layer.join("env"), Action::Override)?;
        let launch = layer.join("env.launch");
        rules::apply(&mut self.environment, &launch, Action::Override)?;
        match process_type {
            Some(process_type) => {
                rules::apply(&mut self.environment, &launch.join(process_type), Action::Override)
            }
            None => Ok(()),
        }
    }

    /// The variables so far.
    #[must_use]
    pub fn variables(&self) -> &Environment {
        &self.environment
    }

    /// Sets a variable, as exec.d executables ask for.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.set(name, value);
    }
}

fn without_removed(path: &OsStr) -> OsString {
    let kept: Vec<&[u8]> = path
        .as_bytes()
        .split(|byte| *byte == b':')
        .filter(|entry| !REMOVED_FROM_PATH.contains(entry))
        .collect();
    OsString::from_vec(kept.join(&b':'))
}
