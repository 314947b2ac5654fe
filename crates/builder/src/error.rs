//! Why a build fails, and with which status the phase then ends.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

use buildpack::build::BuildFault;
use buildpack::catalogue::CatalogueError;
use buildpack::descriptor::UnsupportedApi;
use environment::EnvironmentError;
use platform_api::{ExitCode, PhaseError};
use spec_model::BuildpackId;
use spec_model::group::UnsupportedGroup;
use spec_model::metadata::NotJson;
use spec_model::text::NotToml;
use toml_file::ReadError;

/// The signal by which the system ends processes when memory runs out.
const SIGKILL: i32 = 9;

/// Why a build fails.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// `group.toml` cannot be read.
    #[error("failed to read the group of buildpacks: {0}")]
    Group(#[source] ReadError),
    /// `plan.toml` cannot be read.
    #[error("failed to read the build plan: {0}")]
    Plan(#[source] ReadError),
    /// `analyzed.toml` cannot be read.
    #[error("failed to read what is known of the run image: {0}")]
    Analyzed(#[source] ReadError),
    /// The group names a buildpack of a Buildpack API that is not supported.
    #[error(transparent)]
    GroupApi(#[from] UnsupportedGroup),
    /// A buildpack declares a Buildpack API that is not supported.
    #[error(transparent)]
    Api(UnsupportedApi),
    /// Two buildpacks of the group would write into each other's layers.
    #[error("buildpacks {one} and {other} would share the directory '{directory}' in the layers directory")]
    SharedDirectory {
        /// An id.
        one: BuildpackId,
        /// Another id, which is the same when escaped.
        other: BuildpackId,
        /// Both ids, escaped.
        directory: String,
    },
    /// A buildpack of the group cannot be had.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The app directory is not there.
    #[error("the app directory {} does not exist or is no directory", path.display())]
    App {
        /// The app directory.
        path: PathBuf,
    },
    /// A buildpack failed: its `bin/build` did not start, or ended with an error.
    #[error("buildpack {buildpack} failed: {source}")]
    BuildpackFailed {
        /// The buildpack, as `<id>@<version>`.
        buildpack: String,
        /// What happened.
        source: Box<BuildFault>,
    },
    /// A buildpack could not be run, or left something behind that cannot be used.
    #[error("the build of buildpack {buildpack} cannot be used: {source}")]
    Buildpack {
        /// The buildpack, as `<id>@<version>`.
        buildpack: String,
        /// What is wrong.
        source: Box<BuildFault>,
    },
    /// The environment files of a build layer cannot be used.
    #[error("the environment that buildpack {buildpack} provides cannot be used: {source}")]
    LayerEnvironment {
        /// The buildpack, as `<id>@<version>`.
        buildpack: String,
        /// What is wrong.
        source: EnvironmentError,
    },
    /// Old SBOM files could not be removed, or new ones not written; the error names the path.
    #[error("failed to gather SBOM files: {0}")]
    Sbom(#[source] std::io::Error),
    /// The unstructured bill of materials cannot be written as JSON.
    #[error("failed to write the bill of materials of the buildpacks: {0}")]
    LegacyBom(#[source] NotJson),
    /// `metadata.toml` cannot be expressed.
    #[error("failed to write {}: {source}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NotToml,
    },
    /// `metadata.toml` cannot be written; the error names it.
    #[error("failed to write the build's metadata: {0}")]
    MetadataFile(#[source] std::io::Error),
}

impl BuildError {
    /// Tells whether the buildpack is to blame or what it made.
    pub(crate) fn of_buildpack(buildpack: String, fault: BuildFault) -> Self {
        match fault {
            BuildFault::Api(error) => Self::Api(error),
            fault @ (BuildFault::Start(_) | BuildFault::Failed(_)) => {
                Self::BuildpackFailed { buildpack, source: Box::new(fault) }
            }
            fault @ (BuildFault::Environment(_)
            | BuildFault::Directory(_)
            | BuildFault::Plan(_)
            | BuildFault::Layers(_)
            | BuildFault::Layer(_)
            | BuildFault::SetAside { .. }
            | BuildFault::Output(_)
            | BuildFault::Sbom(_)) => Self::Buildpack { buildpack, source: Box::new(fault) },
        }
    }
}

impl PhaseError for BuildError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Group(_) | Self::Plan(_) | Self::Analyzed(_) => ExitCode::Failed,
            Self::GroupApi(_) | Self::Api(_) => ExitCode::BuildpackApi,
            Self::BuildpackFailed { .. } => ExitCode::BuildpackFailed,
            Self::Catalogue(_)
            | Self::SharedDirectory { .. }
            | Self::App { .. }
            | Self::Buildpack { .. }
            | Self::LayerEnvironment { .. }
            | Self::Sbom(_)
            | Self::LegacyBom(_)
            | Self::Metadata { .. }
            | Self::MetadataFile(_) => ExitCode::Build,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Group(error) | Self::Plan(error) if error.is_not_found() => {
                Some("the detector writes this file; run it before the builder".into())
            }
            Self::BuildpackFailed { source, .. } => match **source {
                BuildFault::Failed(status) => hint_at(status),
                _ => None,
            },
            _ => None,
        }
    }
}

fn hint_at(status: ExitStatus) -> Option<String> {
    let hint = match status.signal() {
        Some(SIGKILL) => "perhaps there was not enough memory for the build",
        Some(_) => return None,
        None => "the buildpack's own output above tells why",
    };
    Some(hint.to_owned())
}
