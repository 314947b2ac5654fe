//! Checking that an image in a store is what its documents promise.

use std::io::{self, Read};

use image::{Document, ImageConfig, Manifest};
use sha2::{Digest as _, Sha256};
use spec_model::{DiffId, Digest};

use crate::{ImageStore, LayerForm, StoreError, StoredImage, StoredLayer};

/// Which layers have to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// All of them.
    Complete,
    /// Those that are there have to be right.
    Sparse,
}

/// What an image's documents promise and its parts don't keep.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImage {
    /// A part cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part is not what a document says.
    #[error("image '{image}': {what} is {found}, not {expected}")]
    Differs {
        /// The image.
        image: String,
        /// The part and its property.
        what: String,
        /// The property as computed.
        found: String,
        /// The property as promised.
        expected: String,
    },
    /// A layer's bytes cannot be read or uncompressed.
    #[error("image '{image}': layer {digest} cannot be read: {source}")]
    Layer {
        /// The image.
        image: String,
        /// The layer as stored.
        digest: Digest,
        /// The cause.
        source: io::Error,
    },
}

/// Recomputes every digest, size and diffID of an image.
///
/// # Errors
/// The first thing found that is not as the image's documents say.
pub fn validate(store: &dyn ImageStore, image: &StoredImage, layers: Presence) -> Result<(), InvalidImage> {
    // Engines that keep archives don't tell their sizes.
    let check = Check { image, tells_sizes: store.layer_form() == LayerForm::Compressed };
    let (manifest, config) = (&image.manifest_document, &image.config_document);
    check.same("the manifest's digest", &Document::new(manifest.bytes.clone()).digest, &manifest.digest)?;
    check.same(
        "the config's digest",
        &Document::new(config.bytes.clone()).digest,
        &image.manifest.config.digest,
    )?;
    check.same("the config's size", &config.size(), &image.manifest.config.size)?;
    let is_parsed_as_stored = Manifest::parse(&manifest.bytes).is_ok_and(|parsed| parsed == image.manifest)
        && ImageConfig::parse(&config.bytes).is_ok_and(|parsed| parsed == image.config);
    check.same("whether the documents are parsed as stored", &is_parsed_as_stored, &true)?;
    check.same("the root file system's type", &image.config.rootfs.kind.as_str(), &"layers")?;
    check.same("the number of layers", &image.manifest.layers.len(), &image.config.rootfs.diff_ids.len())?;
    let in_history = image.config.history.iter().filter(|entry| !entry.empty_layer).count();
    if in_history != 0 {
        check.same("the number of layers in the history", &in_history, &image.manifest.layers.len())?;
    }
    for layer in image.layers() {
        match store.open_layer(image, &layer.diff_id) {
            Ok(bytes) => check.layer(layer, bytes)?,
            Err(StoreError::MissingLayer { .. }) if layers == Presence::Sparse => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

struct Check<'a> {
    image: &'a StoredImage,
    tells_sizes: bool,
}

impl Check<'_> {
    fn same<T: PartialEq + ToString>(&self, what: &str, found: &T, expected: &T) -> Result<(), InvalidImage> {
        if found == expected {
            return Ok(());
        }
        Err(InvalidImage::Differs {
            image: self.image.name.clone(),
            what: what.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
        })
    }

    fn layer(&self, layer: StoredLayer<'_>, bytes: Box<dyn Read + Send>) -> Result<(), InvalidImage> {
        let digest = layer.descriptor.digest;
        let mut stored = Hashing::new(bytes);
        let diff_id = diff_id_of(&mut stored).map_err(|source| InvalidImage::Layer {
            image: self.image.name.clone(),
            digest,
            source,
        })?;
        if self.tells_sizes {
            self.same(&format!("the size of layer {digest}"), &stored.count, &layer.descriptor.size)?;
        }
        let found = Digest::from_sha256(stored.hasher.finalize().into());
        self.same(&format!("the digest of layer {digest}"), &found, &digest)?;
        self.same(&format!("the diffID of layer {digest}"), &diff_id, &layer.diff_id)
    }
}

fn diff_id_of(stored: &mut dyn Read) -> io::Result<DiffId> {
    let mut archive = Hashing::new(layer::decompress(stored).map_err(io::Error::other)?);
    io::copy(&mut archive, &mut io::sink())?;
    Ok(DiffId::from_sha256(archive.hasher.finalize().into()))
}

/// Passes bytes on and hashes and counts them.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
    count: u64,
}

impl<R> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new(), count: 0 }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.count += count as u64;
        Ok(count)
    }
}
