//! Why a restoration failed.

use std::error::Error;
use std::io;

use cache::CacheError;
use image_store::StoreError;
use layer::ExtractError;
use platform_api::{ExitCode, PhaseError};
use spec_model::BuildpackId;
use spec_model::group::UnsupportedGroup;
use toml_file::{ReadError, WriteError};

/// Why a restoration failed. What is wrong with a cache's contents is none of it: that is a warning.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// `group.toml` or `run.toml` is missing or malformed.
    #[error(transparent)]
    State(ReadError),
    /// A buildpack speaks an API that is not supported.
    #[error(transparent)]
    BuildpackApi(#[from] UnsupportedGroup),
    /// The cache cannot be used at all.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The images' store refuses.
    #[error("failed to get {role} image '{image}'")]
    Image {
        /// What the image is to the build: `run` or `build`.
        role: &'static str,
        /// The image.
        image: String,
        /// The cause.
        source: Box<StoreError>,
    },
    /// The image does not exist.
    #[error("{role} image '{image}' does not exist")]
    NoImage {
        /// What the image is to the build: `run` or `build`.
        role: &'static str,
        /// The image.
        image: String,
    },
    /// An image cannot be stored for the extender.
    #[error("failed to save image '{image}' for the extender")]
    ExtenderImage {
        /// The image.
        image: String,
        /// The cause; it names the path.
        source: io::Error,
    },
    /// `analyzed.toml` cannot be written.
    #[error("failed to record the images in analyzed.toml: {0}")]
    Analyzed(#[source] WriteError),
    /// `store.toml` cannot be written.
    #[error("failed to restore what buildpack '{buildpack}' stored: {source}")]
    Store {
        /// The buildpack.
        buildpack: BuildpackId,
        /// The cause.
        source: WriteError,
    },
    /// A `<layer>.toml` cannot be written.
    #[error("failed to restore metadata of layer '{layer}': {source}")]
    Metadata {
        /// `<buildpack>:<layer>`.
        layer: String,
        /// The cause.
        source: WriteError,
    },
    /// A layer's contents cannot be written, or must not be.
    #[error("failed to restore layer '{layer}' from the cache")]
    Contents {
        /// `<buildpack>:<layer>`.
        layer: String,
        /// The cause.
        source: ExtractError,
    },
    /// What lies in a layer's place cannot be removed.
    #[error("failed to remove layer '{layer}': {source}")]
    Removal {
        /// `<buildpack>:<layer>`.
        layer: String,
        /// The cause; it names the path.
        source: io::Error,
    },
    /// SBOM files cannot be written.
    #[error("failed to restore SBOM files: {0}")]
    Sbom(#[source] io::Error),
}

impl RestoreError {
    /// For `map_err` on the images' store.
    pub(crate) fn image(role: &'static str, image: &str) -> impl FnOnce(StoreError) -> Self {
        let image = image.to_owned();
        move |source| Self::Image { role, image, source: Box::new(source) }
    }
}

impl PhaseError for RestoreError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::BuildpackApi(_) => ExitCode::BuildpackApi,
            Self::State(_)
            | Self::Cache(_)
            | Self::Image { .. }
            | Self::NoImage { .. }
            | Self::ExtenderImage { .. }
            | Self::Analyzed(_) => ExitCode::Failed,
            Self::Store { .. }
            | Self::Metadata { .. }
            | Self::Contents { .. }
            | Self::Removal { .. }
            | Self::Sbom(_) => ExitCode::Restore,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Contents { source: ExtractError::Refused { .. }, .. } => Some(
                "its buildpack has to leave that out of cached layers; until then, build without the cache"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// An error and its causes in one line, for warnings.
pub(crate) fn in_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}
