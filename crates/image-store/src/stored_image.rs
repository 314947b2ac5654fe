//! An image that a store holds.

use image::{Descriptor, Document, ImageConfig, Manifest};
use spec_model::DiffId;

use crate::StoreError;

/// An image that a store holds. Its layers may be missing from the store.
#[derive(Debug, Clone)]
pub struct StoredImage {
    /// The image's name, see [`crate::ImageStore::name`].
    pub name: String,
    /// What identifies the image, whatever its name will mean later; in the form that `analyzed.toml` has.
    pub identifier: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest as stored.
    pub manifest_document: Document,
    /// The config.
    pub config: ImageConfig,
    /// The config as stored.
    pub config_document: Document,
}

/// A layer of an image in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLayer<'a> {
    /// The layer as a tar archive.
    pub diff_id: DiffId,
    /// The layer as stored.
    pub descriptor: &'a Descriptor,
}

impl StoredImage {
    /// Puts an image together.
    ///
    /// # Errors
    /// A document has another shape than it should, or they contradict each other.
    pub fn new(
        name: &str,
        identifier: String,
        manifest_document: Document,
        config_document: Document,
    ) -> Result<Self, StoreError> {
        let document = |kind, document: &Document| format!("its {kind} {}", document.digest);
        let manifest = Manifest::parse(&manifest_document.bytes)
            .map_err(StoreError::malformed(name, document("manifest", &manifest_document)))?;
        let config = ImageConfig::parse(&config_document.bytes)
            .map_err(StoreError::malformed(name, document("config", &config_document)))?;
        let (in_manifest, in_config) = (manifest.layers.len(), config.rootfs.diff_ids.len());
        if in_manifest != in_config {
            let reason = format!(
                "its manifest {} has {in_manifest} layers, its config {} has {in_config}",
                manifest_document.digest, config_document.digest
            );
            return Err(StoreError::Corrupt { image: name.to_owned(), reason });
        }
        Ok(Self { name: name.to_owned(), identifier, manifest, manifest_document, config, config_document })
    }

    /// An image without layers, in OCI form and for Linux: the base of images that have none.
    ///
    /// # Errors
    /// None are known; the JSON library asks for them.
    pub fn scratch() -> Result<Self, serde_json::Error> {
        let config = ImageConfig { os: "linux".to_owned(), ..ImageConfig::default() };
        let (manifest, manifest_document, config_document) = Manifest::scratch(&config)?;
        let (name, identifier) = (String::new(), String::new());
        Ok(Self { name, identifier, manifest, manifest_document, config, config_document })
    }

    /// The layers, the bottom one first.
    #[must_use]
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = StoredLayer<'_>> + ExactSizeIterator {
        let diff_ids = self.config.rootfs.diff_ids.iter();
        diff_ids
            .zip(&self.manifest.layers)
            .map(|(diff_id, descriptor)| StoredLayer { diff_id: *diff_id, descriptor })
    }

    /// The layer with a diffID.
    ///
    /// # Errors
    /// The image is not made of such a layer.
    pub fn layer(&self, diff_id: &DiffId) -> Result<&Descriptor, StoreError> {
        self.layers()
            .find(|layer| layer.diff_id == *diff_id)
            .map(|layer| layer.descriptor)
            .ok_or_else(|| StoreError::NoSuchLayer { image: self.name.clone(), diff_id: *diff_id })
    }

    /// The diffID of the topmost layer; an image may have none.
    #[must_use]
    pub fn top_layer(&self) -> Option<DiffId> {
        self.config.rootfs.diff_ids.last().copied()
    }
}
