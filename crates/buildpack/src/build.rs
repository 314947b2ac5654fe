//! Running `bin/build` of one buildpack and reading what it leaves behind.
//!
//! What enters is a buildpack, its part of the plan and the surroundings of the build; what leaves are
//! [`BuildOutputs`]. The output of `bin/build` goes straight to the streams of this process.
//! Spec: buildpack.md § Build, § Phase #5: Build, § Ignored Layers.

mod launch_processes;
mod outputs;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use environment::EnvironmentError;
use spec_model::BuildpackApi;
use spec_model::plan::BuildpackPlan;
use toml_file::WriteError;

use crate::command::{StartError, Surroundings};
use crate::descriptor::{Descriptor, UnsupportedApi};
use crate::layers_dir::{Layer, LayerMetadataError, LayersDir, LayersDirError, RESERVED_NAMES};
use crate::sbom::SbomFault;

pub use self::launch_processes::ProcessFault;
pub use self::outputs::{BuildOutputs, OutputFault};

/// Why the build of one buildpack failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildFault {
    /// The buildpack declares a Buildpack API that is not supported.
    #[error(transparent)]
    Api(#[from] UnsupportedApi),
    /// The buildpack's environment could not be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A directory for the buildpack could not be made.
    #[error("failed to make a directory for the buildpack: {0}")]
    Directory(#[source] io::Error),
    /// The buildpack plan could not be written.
    #[error("failed to write the buildpack plan: {0}")]
    Plan(#[source] WriteError),
    /// `bin/build` did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `bin/build` ran and failed.
    #[error("bin/build failed ({0})")]
    Failed(ExitStatus),
    /// The buildpack's directory below `<layers>` cannot be read.
    #[error(transparent)]
    Layers(#[from] LayersDirError),
    /// A `<layer>.toml` cannot be used.
    #[error(transparent)]
    Layer(#[from] LayerMetadataError),
    /// An ignored layer could not be set aside.
    #[error("failed to set aside layer '{layer}', which has no types: {source}")]
    SetAside {
        /// The layer.
        layer: String,
        /// What the system said.
        source: io::Error,
    },
    /// `build.toml` or `launch.toml` cannot be used.
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// An SBOM file cannot be used.
    #[error(transparent)]
    Sbom(#[from] SbomFault),
}

/// Runs `bin/build` of a buildpack with `plan` as its buildpack plan, then reads what it left in
/// `<layers>/<escaped id>`. Declared layers without types are set aside.
///
/// # Errors
/// The buildpack does not start, fails, or leaves something that cannot be used.
pub fn build(
    descriptor: &Descriptor,
    plan: &BuildpackPlan,
    layers: &Path,
    surroundings: &Surroundings<'_>,
) -> Result<BuildOutputs, BuildFault> {
    let api = descriptor.api()?;
    run(descriptor, api, plan, layers, surroundings)?;
    let layers_dir = LayersDir::read(layers, &descriptor.id)?.require_well_formed()?;
    set_aside_ignored(&layers_dir)?;
    warn_of_reserved_names(&layers_dir);
    outputs::read(descriptor, api, plan, &layers_dir)
}

fn run(
    descriptor: &Descriptor,
    api: BuildpackApi,
    plan: &BuildpackPlan,
    layers: &Path,
    surroundings: &Surroundings<'_>,
) -> Result<(), BuildFault> {
    let layers_dir = LayersDir::path_below(layers, &descriptor.id);
    fs_err::create_dir_all(&layers_dir).map_err(BuildFault::Directory)?;
    let (_plan_dir, plan_path) = write_plan(plan)?;
    let mut command = surroundings.command(descriptor, api, "build")?;
    command.arg(&layers_dir).arg(surroundings.platform).arg(&plan_path);
    if api.has_path_variables() {
        command.env("CNB_LAYERS_DIR", &layers_dir).env("CNB_BP_PLAN_PATH", &plan_path);
    }
    let status = command.status().map_err(|error| StartError::explain(&command, error))?;
    if status.success() { Ok(()) } else { Err(BuildFault::Failed(status)) }
}

/// Writes the buildpack plan where no other buildpack looks. It is gone with the directory.
fn write_plan(plan: &BuildpackPlan) -> Result<(tempfile::TempDir, PathBuf), BuildFault> {
    let directory = tempfile::Builder::new().prefix("plan-").tempdir().map_err(BuildFault::Directory)?;
    let path = directory.path().join("plan.toml");
    toml_file::write(&path, plan).map_err(BuildFault::Plan)?;
    Ok((directory, path))
}

fn warn_of_reserved_names(layers: &LayersDir) {
    for name in RESERVED_NAMES.iter().filter(|name| layers.path().join(name).is_dir()) {
        log::warn!(
            "Buildpack {} has a directory '{name}', which no layer can be called; it is not used",
            layers.buildpack()
        );
    }
}

fn set_aside_ignored(layers: &LayersDir) -> Result<(), BuildFault> {
    let is_ignored = |layer: &&Layer| {
        let types = layer.types();
        layer.is_declared() && !types.launch && !types.build && !types.cache
    };
    for layer in layers.layers().iter().filter(is_ignored) {
        layer
            .set_aside()
            .map_err(|source| BuildFault::SetAside { layer: layer.identifier().to_owned(), source })?;
    }
    Ok(())
}
