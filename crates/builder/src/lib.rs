//! The phase that runs the buildpacks of the group, one after the other.
//!
//! What enters is the group and the plan of the detector, the directories of app, buildpacks, layers and
//! platform, and the target of the build. What leaves, besides what the buildpacks do to `<app>` and
//! `<layers>/<buildpack>`: `<layers>/config/metadata.toml` and the SBOM files in `<layers>/sbom`.
//! Spec: platform.md § builder, buildpack.md § Phase #5: Build.

mod build;
mod error;
mod inputs;
mod plan;
mod processes;
mod results;

pub use build::build;
pub use error::BuildError;
pub use inputs::BuilderInputs;

/// Runs the phase from its resolved inputs: reads group, plan and what is known of the run image, then
/// builds.
///
/// # Errors
/// A file cannot be read, or the build fails.
pub fn run(inputs: &phase_shell::Inputs) -> Result<(), BuildError> {
    build(&BuilderInputs::read(inputs)?)?;
    Ok(())
}
