//! The environment of `bin/detect`, `bin/generate` and `bin/build`.

use std::ffi::OsString;
use std::path::Path;

use crate::path_variables::{self, BUILD, SEPARATOR};
use crate::variable_files::{self, is_variable_name};
use crate::{Action, Environment, EnvironmentError, rules};

/// Variables that buildpacks inherit from the lifecycle, besides the path variables. Everything else in
/// the lifecycle's environment is its own business, registry credentials above all.
const INHERITED: &[&str] = &[
    "CNB_STACK_ID",
    "HOSTNAME",
    "HOME",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// The environment of buildpacks as it grows with the layers of those that have run.
///
/// Spec: buildpack.md § Environment, platform.md § Buildpack Environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildEnvironment {
    environment: Environment,
}

impl BuildEnvironment {
    /// Starts from the lifecycle's own environment, of which only home, host name, stack, proxies and
    /// path variables pass. Callers give [`std::env::vars_os`].
    #[must_use]
    pub fn from_process(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let passes = |name: &OsString| {
            INHERITED.iter().any(|inherited| *inherited == name) || path_variables::contains(BUILD, name)
        };
        Self { environment: variables.into_iter().filter(|(name, _)| passes(name)).collect() }
    }

    /// Applies a build layer, to be seen by the buildpacks behind: its directories (`bin`, `lib`,
    /// `include`, `pkgconfig`), then the variable files of `env` and `env.build`.
    ///
    /// Of one buildpack's layers, callers apply those with `build = true`, by name in ascending order.
    ///
    /// # Errors
    /// A variable file cannot be read or holds a NUL byte.
    pub fn apply_layer(&mut self, layer: &Path) -> Result<(), EnvironmentError> {
        path_variables::apply(&mut self.environment, BUILD, layer)?;
        rules::apply(&mut self.environment, &layer.join("env"), Action::Override)?;
        rules::apply(&mut self.environment, &layer.join("env.build"), Action::Override)
    }

    /// The environment for one run of one buildpack: with the user's variables of `<platform>/env` (put in
    /// front of path variables, replacing others; the whole file name is the variable's), and then the
    /// operator's of `<build-config>/env` (by the modification rules, where no suffix means `default`).
    ///
    /// `platform` is none for buildpacks with `clear-env = true`; `build_config` is none for a Platform API
    /// that has no such input. Directories need not exist. Callers add the `CNB_…` variables.
    ///
    /// # Errors
    /// A variable file cannot be read or holds a NUL byte.
    ///
    /// Spec: platform.md § User-Provided Variables, § Operator-Defined Variables.
    pub fn with_platform_and_operator(
        &self,
        platform: Option<&Path>,
        build_config: Option<&Path>,
    ) -> Result<Environment, EnvironmentError> {
        let mut environment = self.environment.clone();
        if let Some(platform) = platform {
            apply_user_variables(&mut environment, &platform.join("env"))?;
        }
        if let Some(build_config) = build_config {
            rules::apply(&mut environment, &build_config.join("env"), Action::Default)?;
        }
        Ok(environment)
    }
}

fn apply_user_variables(environment: &mut Environment, directory: &Path) -> Result<(), EnvironmentError> {
    for file in variable_files::read(directory)?.iter().filter(|file| is_variable_name(&file.name)) {
        if path_variables::contains(BUILD, &file.name) {
            environment.prepend(&file.name, &file.contents, SEPARATOR.as_ref());
        } else {
            environment.set(&file.name, &file.contents);
        }
    }
    Ok(())
}
