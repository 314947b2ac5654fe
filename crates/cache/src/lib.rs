//! What one build keeps for the next: layers by diffID, and metadata that tells what they are.
//!
//! [`Cache`] is what the restorer reads, [`CacheWriter`] what the exporter fills; [`CacheDirectory`] is
//! the cache in a directory, [`CacheImage`] the one in a registry. A cache is a convenience: whatever is
//! wrong with its contents is a warning and a miss, never a failed build. What was there before a write
//! stays usable until the write is committed, whole, by a rename or a new manifest. [`LaunchCachedStore`] puts
//! a directory of the same form before a container engine, for the layers of app images.
//!
//! Spec: platform.md § restorer, § exporter; the form on disk is that of the reference lifecycle.

mod directory;
mod error;
mod image;
mod launch_cache;
mod sink;
mod writer;

use std::io::{Read, Write};

use ::image::Descriptor;
use image_store::ImageAccess;
use layer::LayerSummary;
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::DiffId;
use spec_model::lifecycle_metadata::CacheMetadata;

pub use directory::CacheDirectory;
pub use error::CacheError;
pub use image::CacheImage;
pub use launch_cache::{LaunchCachedStore, with_launch_cache};

/// Opens the cache that the platform names, if it names one; a cache image goes before a directory.
///
/// # Errors
/// It cannot be used at all: the directory is missing or may not be read, the image's name is no reference.
pub fn open(inputs: &Inputs, access: &ImageAccess) -> Result<Option<Box<dyn Cache>>, CacheError> {
    if let Some(reference) = inputs.text(Input::CacheImage) {
        let keeps_old = inputs.platform_api().keeps_old_cache_image();
        let cache = CacheImage::open(access.registries(inputs), reference, keeps_old)?;
        return Ok(Some(Box::new(cache)));
    }
    let directory = inputs.optional_path(Input::CacheDir).map(CacheDirectory::open).transpose()?;
    Ok(directory.map(|cache| Box::new(cache) as Box<dyn Cache>))
}

/// Layers of earlier builds.
pub trait Cache: Send + Sync {
    /// The cache as users know it: the directory's path or the image's reference.
    fn name(&self) -> &str;

    /// What the cache holds. What cannot be read or understood is a warning and an empty cache.
    fn metadata(&self) -> CacheMetadata;

    /// Opens a layer's uncompressed tar archive. Its contents are not verified yet.
    ///
    /// # Errors
    /// The cache lacks the layer or it cannot be read; the caller does without it.
    fn open_layer(&self, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, CacheError>;

    /// Starts the cache's next state, at first empty.
    ///
    /// # Errors
    /// The cache cannot be written or another process is writing it.
    fn begin(&self) -> Result<Box<dyn CacheWriter>, CacheError>;
}

/// The next state of a cache. Dropped without [`CacheWriter::commit`], it leaves the cache as it was.
pub trait CacheWriter: Send + Sync {
    /// A place for a layer. Several may be open at a time.
    ///
    /// # Errors
    /// The cache refuses.
    fn layer(&self) -> Result<CacheLayer, CacheError>;

    /// Whether [`CacheWriter::adopt`] can take over layers of an image of that name.
    fn adopts_from(&self, _image: &str) -> bool {
        false
    }

    /// Takes over a layer that was written to the image, without its bytes passing through here. `Ok(false)`
    /// when that is not possible.
    ///
    /// # Errors
    /// The cache refuses.
    fn adopt(&self, _image: &str, _diff_id: &DiffId, _layer: &Descriptor) -> Result<bool, CacheError> {
        Ok(false)
    }

    /// Takes a layer over from the cache's present state and tells whether that was possible. A layer
    /// whose contents don't match its name is left behind with a warning.
    ///
    /// # Errors
    /// The cache refuses.
    fn reuse(&self, diff_id: &DiffId) -> Result<bool, CacheError>;

    /// Makes this the cache's state, whole or not at all.
    ///
    /// # Errors
    /// The cache refuses; it then has its old state.
    fn commit(self: Box<Self>, metadata: &CacheMetadata) -> Result<(), CacheError>;
}

/// A place for a layer, in the form that the cache keeps layers in.
#[expect(missing_debug_implementations, reason = "sinks are trait objects, and say nothing of themselves")]
pub enum CacheLayer {
    /// For the uncompressed tar archive.
    Archive(Box<dyn CacheLayerSink>),
    /// For the compressed archive.
    Blob(Box<dyn CacheBlobSink>),
}

/// Receives a layer's uncompressed tar archive. Dropped unfinished, it leaves nothing.
pub trait CacheLayerSink: Write + Send {
    /// Ends the layer, whose bytes have the given diffID.
    ///
    /// # Errors
    /// The cache refuses.
    fn finish(self: Box<Self>, diff_id: &DiffId) -> Result<(), CacheError>;
}

/// Receives a layer's compressed tar archive. Dropped unfinished, it leaves nothing.
pub trait CacheBlobSink: Write + Send {
    /// Ends the layer.
    ///
    /// # Errors
    /// The cache refuses.
    fn finish(self: Box<Self>, layer: &LayerSummary) -> Result<(), CacheError>;
}
