//! The environment that buildpacks and launched processes get.
//!
//! What enters is the environment of the lifecycle itself, the directories of layers, and the variable
//! files of buildpacks, platform and operator. What leaves is an [`Environment`]: names and values of any
//! bytes, in a fixed order, ready for [`std::process::Command::envs`] or `execve`.
//!
//! | stage | type | starts from | then, per layer |
//! |---|---|---|---|
//! | detect, generate, build | [`BuildEnvironment`] | few variables, by name | [`BuildEnvironment::apply_layer`] |
//! | launch | [`LaunchEnvironment`] | all but the launcher's own | layer roots, then variable files |
//!
//! For `bin/build` of one buildpack after another:
//!
//! ```no_run
//! # fn main() -> Result<(), environment::EnvironmentError> {
//! # let (platform, build_config, layer) = (std::path::Path::new("/p"), std::path::Path::new("/c"), std::path::Path::new("/l"));
//! let mut build = environment::BuildEnvironment::from_process(std::env::vars_os());
//! // Once per buildpack; with `clear-env = true` the platform's variables are left out.
//! let mut variables = build.with_platform_and_operator(Some(platform), Some(build_config))?;
//! variables.set("CNB_BUILDPACK_DIR", "/cnb/buildpacks/example/1.0");
//! std::process::Command::new("bin/build").env_clear().envs(&variables);
//! // Afterwards, for each of its build layers, by name in ascending order:
//! build.apply_layer(layer)?;
//! # Ok(())
//! # }
//! ```
//!
//! Spec: buildpack.md § Environment, platform.md § Environment.

mod build;
mod launch;
mod path_variables;
mod rules;
mod variable_files;
mod variables;

pub use build::BuildEnvironment;
pub use launch::LaunchEnvironment;
pub use rules::Action;
pub use variable_files::EnvironmentError;
pub use variables::Environment;
