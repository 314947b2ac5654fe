//! The launch cache: layers of app images beside a container engine.
//!
//! An engine gives single layers only with the whole image, which takes long. So a directory keeps the
//! layers that were exported last, in the form of a cache directory. It stands before the engine's store:
//! layers that are here are not fetched, and what the exporter brings to the engine is kept for the next
//! build. A launch cache is a convenience like any cache.
//!
//! Spec: platform.md § analyzer, § exporter (`<launch-cache>`).

mod writer;

use std::io::Read;
use std::sync::Arc;

use ::image::Platform;
use image_store::{ImageStore, ImageWriter, LayerForm, StoreError, StoredImage};
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::DiffId;

use crate::launch_cache::writer::LaunchCacheWriter;
use crate::{CacheDirectory, CacheError};

/// Puts the launch cache before the store, if the platform names one and the images are in an engine.
///
/// # Errors
/// The directory is missing or may not be read.
pub fn with_launch_cache(
    store: Box<dyn ImageStore>,
    inputs: &Inputs,
) -> Result<Box<dyn ImageStore>, CacheError> {
    match inputs.optional_path(Input::LaunchCache) {
        Some(directory) if inputs.images_are_in_engine() => {
            Ok(Box::new(LaunchCachedStore::new(store, CacheDirectory::open(directory)?)))
        }
        _ => Ok(store),
    }
}

/// A store with a directory before it that has some of its layers.
#[expect(missing_debug_implementations, reason = "stores are trait objects, and say nothing of themselves")]
pub struct LaunchCachedStore {
    store: Arc<dyn ImageStore>,
    cache: CacheDirectory,
}

impl LaunchCachedStore {
    /// Puts a cache before a store.
    #[must_use]
    pub fn new(store: Box<dyn ImageStore>, cache: CacheDirectory) -> Self {
        Self { store: store.into(), cache }
    }
}

impl ImageStore for LaunchCachedStore {
    fn for_platform(&self, platform: Platform) -> Box<dyn ImageStore> {
        Box::new(Self::new(self.store.for_platform(platform), self.cache.clone()))
    }

    fn name(&self, reference: &str) -> Result<String, StoreError> {
        self.store.name(reference)
    }

    fn resolve(&self, reference: &str) -> Result<Option<StoredImage>, StoreError> {
        self.store.resolve(reference)
    }

    fn check_read(&self, reference: &str) -> Result<(), StoreError> {
        self.store.check_read(reference)
    }

    fn check_write(&self, reference: &str) -> Result<(), StoreError> {
        self.store.check_write(reference)
    }

    fn open_layer(&self, image: &StoredImage, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, StoreError> {
        // What is asked for has to be a layer of the image, wherever its bytes are.
        image.layer(diff_id)?;
        match self.cache.open_sound(diff_id) {
            Some(layer) => Ok(Box::new(layer)),
            None => self.store.open_layer(image, diff_id),
        }
    }

    fn brought_layer(&self, diff_id: &DiffId) -> Option<Box<dyn Read + Send>> {
        self.store.brought_layer(diff_id)
    }

    fn has_layers_at_hand(&self) -> bool {
        self.store.has_layers_at_hand()
    }

    fn layer_form(&self) -> LayerForm {
        self.store.layer_form()
    }

    fn begin(
        &self,
        reference: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
    ) -> Result<Box<dyn ImageWriter>, StoreError> {
        let image = self.store.begin(reference, base, previous)?;
        Ok(match self.cache.writer() {
            Ok(next) => Box::new(LaunchCacheWriter::new(Arc::clone(&self.store), image, next)),
            Err(error) => {
                log::warn!("The launch cache stays as it is: {error}");
                image
            }
        })
    }
}
