//! Everything that ends detection early, with its exit status.

use std::io;
use std::path::PathBuf;

use buildpack::catalogue::CatalogueError;
use buildpack::descriptor::UnsupportedApi;
use buildpack::generate::GenerateError;
use phase_shell::InputError;
use platform_api::{ExitCode, PhaseError};
use spec_model::BuildpackId;
use toml_file::{ReadError, WriteError};

/// Why the detector ended without a group. Spec: platform.md § detector (Outputs).
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// An input cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no app directory.
    #[error("the app directory {} does not exist or is no directory", path.display())]
    NoApp {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of the platform cannot be used.
    #[error("failed to read {what}: {source}")]
    Read {
        /// What the file holds.
        what: &'static str,
        /// The file, and what is wrong with it.
        source: Box<ReadError>,
    },
    /// A result cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A buildpack or extension that the order names cannot be had.
    #[error("failed to find what the order names: {0}")]
    Order(#[source] Box<CatalogueError>),
    /// A buildpack that a composite buildpack names cannot be had.
    #[error("failed to expand composite buildpack {composite}: {source}")]
    Composite {
        /// The composite, as `<id>@<version>`.
        composite: String,
        /// What is wrong with the member.
        source: Box<CatalogueError>,
    },
    /// A composite buildpack contains itself.
    #[error("composite buildpack {} contains itself: {}", chain.last().map_or("", String::as_str), chain.join(" → "))]
    Cycle {
        /// The composites, as `<id>@<version>`, each inside the one before it.
        chain: Vec<String>,
    },
    /// A buildpack or extension needs a Buildpack API that is not supported.
    #[error(transparent)]
    Api(#[from] UnsupportedApi),
    /// Two buildpacks of the group would share their directory of layers.
    #[error("buildpacks '{one}' and '{other}' would share the directory {one_directory} of layers", one_directory = one.escaped())]
    SharedDirectory {
        /// A buildpack.
        one: BuildpackId,
        /// The other.
        other: BuildpackId,
    },
    /// No group passed, without anybody's fault.
    #[error("No buildpack groups passed detection")]
    NothingDetected {
        /// The app directory.
        app: PathBuf,
        /// Whether there was any group to try.
        any_group: bool,
    },
    /// No group passed, and a buildpack or extension is at fault.
    #[error("No buildpack groups passed detection, and {} ended with an error", culprits.join(", "))]
    NothingDetectedWithErrors {
        /// Those at fault, as `<id>@<version>`.
        culprits: Vec<String>,
    },
    /// An extension did not generate what it should.
    #[error("image extension {extension} cannot be used: {source}")]
    Generate {
        /// The extension, as `<id>@<version>`.
        extension: String,
        /// What is wrong.
        source: Box<GenerateError>,
    },
    /// What an extension generated could not be put where it belongs; the error names the file.
    #[error("failed to keep what image extensions generated: {0}")]
    Generated(#[source] io::Error),
}

impl DetectError {
    pub(crate) fn read(what: &'static str, source: ReadError) -> Self {
        Self::Read { what, source: Box::new(source) }
    }
}

impl PhaseError for DetectError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(error) => error.exit_code(),
            Self::NoApp { .. } | Self::Read { .. } | Self::Write(_) | Self::Order(_) => ExitCode::Failed,
            Self::Composite { .. } | Self::Cycle { .. } | Self::SharedDirectory { .. } => ExitCode::Detect,
            Self::Api(_) => ExitCode::BuildpackApi,
            Self::NothingDetected { .. } => ExitCode::NothingDetected,
            Self::NothingDetectedWithErrors { .. } => ExitCode::NothingDetectedWithErrors,
            Self::Generate { source, .. } if source.is_extension_failure() => ExitCode::ExtensionFailed,
            Self::Generate { .. } | Self::Generated(_) => ExitCode::Generate,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingDetected { any_group: false, .. } => Some(
                "the order has no groups; check that the builder's order.toml has [[order]] tables"
                    .to_owned(),
            ),
            Self::NothingDetected { app, .. } => Some(format!(
                "check that {} is the root of the app and that the builder has buildpacks for it",
                app.display()
            )),
            Self::NothingDetectedWithErrors { .. } => {
                Some("the lines that start with 'err:' above tell what went wrong".to_owned())
            }
            Self::SharedDirectory { .. } => {
                Some("rename one of them, or keep them out of the same group".to_owned())
            }
            Self::Order(_) | Self::Composite { .. } => {
                Some("the builder lacks something; check its buildpacks and its order.toml".to_owned())
            }
            Self::Input(error) => error.hint(),
            Self::NoApp { .. }
            | Self::Read { .. }
            | Self::Write(_)
            | Self::Cycle { .. }
            | Self::Api(_)
            | Self::Generate { .. }
            | Self::Generated(_) => None,
        }
    }
}
