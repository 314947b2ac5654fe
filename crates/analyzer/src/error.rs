//! Why an analysis failed.

use std::path::PathBuf;

use cache::CacheError;
use image::run_image::NoRunImage;
use image::{InvalidReference, SeveralRegistries};
use image_store::StoreError;
use layer::ExtractError;
use platform_api::{ExitCode, PhaseError};
use toml_file::{ReadError, WriteError};

/// Why an analysis failed. No image was touched.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// An image reference cannot be used.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// The references lie in several registries.
    #[error(transparent)]
    SeveralRegistries(#[from] SeveralRegistries),
    /// The run image was named twice.
    #[error("-run-image and the deprecated -image were both given; leave -image out")]
    TwoRunImages,
    /// `run.toml` or `stack.toml` is malformed.
    #[error("failed to learn which run images there are: {0}")]
    RunFile(#[source] ReadError),
    /// No run image can be chosen.
    #[error("failed to choose a run image from '{}': {source}", file.display())]
    NoRunImage {
        /// `run.toml` or `stack.toml`.
        file: PathBuf,
        /// Why not.
        source: NoRunImage,
    },
    /// An image cannot be read or written, or is damaged.
    #[error(transparent)]
    Image(#[from] StoreError),
    /// The launch cache cannot be opened.
    #[error(transparent)]
    LaunchCache(#[from] CacheError),
    /// The previous image is damaged.
    #[error("the previous image cannot be used: {0}")]
    PreviousImage(#[source] StoreError),
    /// The run image's config does not name an operating system.
    #[error("the config of run image '{image}' does not name an operating system (key 'os')")]
    NoOs {
        /// The run image.
        image: String,
    },
    /// The label names the SBOM layer by what is no diffID.
    #[error("the metadata of previous image '{image}' names its SBOM layer '{layer}', which is no digest")]
    SbomName {
        /// The previous image.
        image: String,
        /// What the label says.
        layer: String,
    },
    /// The SBOM layer cannot be restored.
    #[error("failed to restore the SBOM layer {layer} of previous image '{image}': {source}")]
    Sbom {
        /// The previous image.
        image: String,
        /// The layer's diffID.
        layer: String,
        /// Why not.
        source: ExtractError,
    },
    /// `analyzed.toml` cannot be written.
    #[error("failed to write analyzed.toml: {0}")]
    Analyzed(#[source] WriteError),
}

impl PhaseError for AnalyzeError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Reference(_)
            | Self::SeveralRegistries(_)
            | Self::TwoRunImages
            | Self::RunFile(_)
            | Self::NoRunImage { .. } => ExitCode::InvalidArguments,
            Self::Image(_)
            | Self::PreviousImage(_)
            | Self::NoOs { .. }
            | Self::SbomName { .. }
            | Self::Sbom { .. } => ExitCode::Analyze,
            Self::LaunchCache(_) | Self::Analyzed(_) => ExitCode::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PreviousImage(_) => {
                Some("delete that image, or name another one with -previous-image".to_owned())
            }
            Self::SbomName { .. } | Self::Sbom { .. } => Some(
                "build once without it: -skip-layers (analyzer, restorer), -skip-restore (creator)"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
