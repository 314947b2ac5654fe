//! What can go wrong with an image in a store.

use std::io;
use std::path::PathBuf;

use docker_engine::EngineError;
use image::{ImageIndex, InvalidReference, MalformedDocument, Platform};
use registry::RegistryError;
use spec_model::{DiffId, Digest};

/// Why a store cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text names no image.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// There is no such image.
    #[error("image '{image}' was not found")]
    NotFound {
        /// The image.
        image: String,
    },
    /// The image is for other platforms.
    #[error("image '{image}' has nothing for {os}/{architecture}; it is for {offered}")]
    OtherPlatform {
        /// The image.
        image: String,
        /// The operating system that was looked for.
        os: String,
        /// The architecture that was looked for.
        architecture: String,
        /// The platforms that the image is for.
        offered: String,
    },
    /// A document of the image cannot be understood.
    #[error("image '{image}' is corrupt: {document} {source}")]
    Malformed {
        /// The image.
        image: String,
        /// The document's kind and name.
        document: String,
        /// What is wrong with it.
        source: MalformedDocument,
    },
    /// The parts of an image contradict each other.
    #[error("image '{image}' is corrupt: {reason}")]
    Corrupt {
        /// The image.
        image: String,
        /// What contradicts what.
        reason: String,
    },
    /// The image is not made of the layer.
    #[error("image '{image}' has no layer with the diffID {diff_id}")]
    NoSuchLayer {
        /// The image.
        image: String,
        /// The layer.
        diff_id: DiffId,
    },
    /// The image is made of the layer, but the store lacks it.
    #[error("layer {digest} of image '{image}' is missing from the store")]
    MissingLayer {
        /// The image.
        image: String,
        /// The layer as stored.
        digest: Digest,
    },
    /// A layer's bytes are not those it was said to have.
    #[error(
        "a new layer of image '{image}' has {received} bytes, its digest {digest} was made of {expected}"
    )]
    WrongSize {
        /// The image.
        image: String,
        /// The layer's digest.
        digest: Digest,
        /// The number of bytes received.
        received: u64,
        /// The number of bytes announced.
        expected: u64,
    },
    /// A planned layer was neither written nor taken over.
    #[error("layer {digest} of the new image '{image}' was neither written nor taken over")]
    NeverWritten {
        /// The image.
        image: String,
        /// The layer.
        digest: Digest,
    },
    /// A layer did not reach the store whole.
    #[error("a layer of the new image '{image}' did not reach the registry: {message}")]
    Interrupted {
        /// The image.
        image: String,
        /// The cause.
        message: String,
    },
    /// Layers that were written are gone before the image was complete. Written again, they may stay.
    #[error("the registry has lost {} new layer(s) of image '{image}' before it was complete", layers.len())]
    Lost {
        /// The image.
        image: String,
        /// The layers.
        layers: Vec<Digest>,
    },
    /// A container engine names images by tag.
    #[error("'{image}' cannot be the name of a new image in a container engine: give it a tag")]
    NoTag {
        /// The reference.
        image: String,
    },
    /// A layer is another one than it was when it was hashed, or cannot be read any more.
    #[error("a layer of the new image could not be read again: {message}")]
    Reread {
        /// The layer and the cause.
        message: String,
    },
    /// A container engine refuses or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A registry refuses or fails.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// The store's files cannot be read or written; the cause names the path.
    #[error("cannot {doing}: {source}")]
    Files {
        /// What was being done, with the image's name.
        doing: String,
        /// The cause.
        source: io::Error,
    },
    /// The directory of a layout store cannot be used.
    #[error("cannot use the layout directory '{}': {source}", dir.display())]
    LayoutDir {
        /// The directory.
        dir: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A document cannot be printed.
    #[error("cannot print the documents of image '{image}': {source}")]
    Print {
        /// The image.
        image: String,
        /// The cause.
        source: serde_json::Error,
    },
}

impl From<RegistryError> for StoreError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl StoreError {
    /// Whether the image exists but is damaged, so that doing without it is a way out.
    #[must_use]
    pub fn is_damaged_image(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::Corrupt { .. } | Self::MissingLayer { .. })
    }

    /// An index that has nothing for a platform.
    pub(crate) fn other_platform(image: &str, index: &ImageIndex, platform: &Platform) -> Self {
        let offered = index.manifests.iter().filter_map(|entry| entry.platform.as_ref());
        let offered: Vec<_> = offered.map(|other| format!("{}/{}", other.os, other.architecture)).collect();
        Self::OtherPlatform {
            image: image.to_owned(),
            os: platform.os.clone(),
            architecture: platform.architecture.clone(),
            offered: if offered.is_empty() { "no platform".to_owned() } else { offered.join(", ") },
        }
    }

    /// For `map_err` on the store's files.
    pub(crate) fn files(doing: &str, image: &str) -> impl Fn(io::Error) -> Self + use<> {
        let doing = format!("{doing} image '{image}'");
        move |source| Self::Files { doing: doing.clone(), source }
    }

    /// For `map_err` on the parsing of documents.
    pub(crate) fn malformed(image: &str, document: String) -> impl Fn(MalformedDocument) -> Self + use<> {
        let image = image.to_owned();
        move |source| Self::Malformed { image: image.clone(), document: document.clone(), source }
    }
}
