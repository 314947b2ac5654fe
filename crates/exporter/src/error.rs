//! Why an export failed.

use std::io;
use std::path::PathBuf;

use buildpack::layers_dir::LayersDirError;
use image::{InvalidReference, NamedByDigest, SeveralRegistries};
use image_store::StoreError;
use layer::slices::SliceError;
use layer::{BadProcessType, LayerError};
use phase_shell::InputError;
use platform_api::{ExitCode, PhaseError};
use spec_model::group::UnsupportedGroup;
use spec_model::metadata::NotJson;
use toml_file::{ReadError, WriteError};

use crate::extended::ExtendedError;

/// Why an export failed. The previous image is then untouched.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// An input cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// An image reference cannot be used.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// The image is to be written under a digest.
    #[error(transparent)]
    NamedByDigest(#[from] NamedByDigest),
    /// The references lie in several registries.
    #[error(transparent)]
    SeveralRegistries(#[from] SeveralRegistries),
    /// `analyzed.toml` is missing, malformed or without run image.
    #[error("failed to learn the run image from analyzed.toml: {0}")]
    Analyzed(#[source] AnalyzedError),
    /// A file that the platform or an earlier phase provides is missing or malformed.
    #[error(transparent)]
    State(ReadError),
    /// `metadata.toml` is missing or malformed.
    #[error("failed to read what the builder left: {0}")]
    BuildMetadata(#[source] ReadError),
    /// A buildpack speaks an API that is not supported.
    #[error(transparent)]
    BuildpackApi(#[from] UnsupportedGroup),
    /// The cache cannot be opened.
    #[error(transparent)]
    Cache(#[from] cache::CacheError),
    /// The store of images cannot be opened.
    #[error(transparent)]
    Store(StoreError),
    /// The run image is gone or the images' store refuses.
    #[error(transparent)]
    Image(#[from] StoreError),
    /// The run image does not exist.
    #[error("run image '{0}' does not exist")]
    NoRunImage(String),
    /// The run image has no layers.
    #[error("run image '{0}' has no layers, so no app image can be based on it")]
    EmptyRunImage(String),
    /// The extended run image is missing or cannot be used.
    #[error(transparent)]
    Extended(#[from] ExtendedError),
    /// The layers of a buildpack cannot be read.
    #[error(transparent)]
    LayersDir(#[from] LayersDirError),
    /// A `<layer>.toml` is malformed.
    #[error("layer '{layer}' cannot be used: {reason}")]
    MalformedLayer {
        /// `<buildpack>:<layer>`.
        layer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A layer that is to be reused from the previous image is not there.
    #[error("layer '{layer}' has no contents and cannot be reused: {reason}")]
    NotReusable {
        /// `<buildpack>:<layer>`.
        layer: String,
        /// What is missing.
        reason: &'static str,
    },
    /// A layer cannot be archived.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The slices cannot be made.
    #[error(transparent)]
    Slices(#[from] SliceError),
    /// A process type cannot be the name of a link.
    #[error(transparent)]
    ProcessType(#[from] BadProcessType),
    /// The process type to start is none of those that buildpacks provided.
    #[error("there is no process type '{wanted}' to start by default; buildpacks provided: {known}")]
    UnknownProcessType {
        /// What was asked for.
        wanted: String,
        /// Those that exist.
        known: String,
    },
    /// A label cannot hold what it should.
    #[error("failed to make label '{label}': {source}")]
    Label {
        /// The label.
        label: &'static str,
        /// Why not.
        source: NotJson,
    },
    /// An SBOM file of the lifecycle or the launcher cannot be copied.
    #[error("failed to copy the SBOM of the lifecycle: {0}")]
    Sbom(#[source] io::Error),
    /// The report cannot be written; the image has been.
    #[error("the image was written, but not its report: {0}")]
    Report(#[source] WriteError),
}

/// Why `analyzed.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzedError {
    /// It is missing or malformed.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// It names no run image.
    #[error("{}: key 'run-image.reference' is missing or empty; run the analyzer first", path.display())]
    NoRunImage {
        /// The file.
        path: PathBuf,
    },
}

impl PhaseError for ExportError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(error) => error.exit_code(),
            Self::Reference(_) | Self::NamedByDigest(_) | Self::SeveralRegistries(_) | Self::Analyzed(_) => {
                ExitCode::InvalidArguments
            }
            Self::State(_)
            | Self::Store(_)
            | Self::Cache(_)
            | Self::NoRunImage(_)
            | Self::EmptyRunImage(_)
            | Self::Extended(_) => ExitCode::Failed,
            Self::BuildpackApi(_) => ExitCode::BuildpackApi,
            Self::BuildMetadata(_)
            | Self::Image(_)
            | Self::LayersDir(_)
            | Self::MalformedLayer { .. }
            | Self::NotReusable { .. }
            | Self::Layer(_)
            | Self::Slices(_)
            | Self::ProcessType(_)
            | Self::UnknownProcessType { .. }
            | Self::Label { .. }
            | Self::Sbom(_)
            | Self::Report(_) => ExitCode::Export,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownProcessType { .. } => {
                Some("leave -process-type (CNB_PROCESS_TYPE) out, or name one of those".into())
            }
            Self::EmptyRunImage(_) => Some("use a run image with an operating system's files".into()),
            Self::Extended(ExtendedError::Missing { .. }) => Some(
                "run the extender for the run image first, and give its -extended (CNB_EXTENDED_DIR)".into(),
            ),
            Self::Extended(_) => {
                Some("empty the directory and run the extender for the run image again".into())
            }
            Self::NotReusable { .. } => Some("build without the previous image (-skip-layers) once".into()),
            _ => None,
        }
    }
}
