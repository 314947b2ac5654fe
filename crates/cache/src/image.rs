//! The cache image: an image in a registry whose layers are the cached ones and whose label tells what they
//! are. It is never run.
//!
//! Layers that the app image has in the same registry are taken over from there; others are uploaded in the
//! compressed form they have in the app image.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use image::media_type::MediaType;
use image::{Descriptor, ImagePlan, NewLayer, Reference, Timestamp};
use image_store::{
    FinishedLayer, ImageStore, ImageWriter, LayerSink, RegistryStore, StoreError, StoredImage,
};
use layer::{LayerSummary, decompress};
use sha2::{Digest as _, Sha256};
use spec_model::labels::CACHE_METADATA;
use spec_model::lifecycle_metadata::{BuildpackLayer, CacheMetadata};
use spec_model::{DiffId, Digest};

use crate::{Cache, CacheBlobSink, CacheError, CacheLayer, CacheWriter};

/// The cache in an image.
#[derive(Debug)]
pub struct CacheImage {
    store: RegistryStore,
    name: String,
    /// Whether the manifest stays in the registry when another takes its name.
    keeps_old: bool,
    /// Read once; `None` without an image that can be used.
    image: OnceLock<Option<StoredImage>>,
}

impl CacheImage {
    /// The cache in the image of that name, which need not exist. `keeps_old` tells whether a replaced image
    /// stays in the registry.
    ///
    /// # Errors
    /// The name is no reference.
    pub fn open(store: RegistryStore, name: &str, keeps_old: bool) -> Result<Self, CacheError> {
        let parsed = name.parse::<Reference>();
        parsed.map_err(|source| CacheError::image(name, source.into()))?;
        Ok(Self { store, name: name.to_owned(), keeps_old, image: OnceLock::new() })
    }

    fn image(&self) -> Option<&StoredImage> {
        let read = || match self.store.resolve(&self.name) {
            Ok(None) => {
                log::info!("There is no cache image '{}' yet", self.name);
                None
            }
            Ok(found) => found,
            Err(error) => {
                log::warn!("cache image '{}': {error}; going on without the cache", self.name);
                None
            }
        };
        self.image.get_or_init(read).as_ref()
    }

    fn failed(&self, source: StoreError) -> CacheError {
        CacheError::image(&self.name, source)
    }
}

impl Cache for CacheImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn metadata(&self) -> CacheMetadata {
        let label = self.image().and_then(|image| image.config.label(CACHE_METADATA));
        let Some(label) = label else { return CacheMetadata::default() };
        CacheMetadata::from_label(label).unwrap_or_else(|error| {
            log::warn!("cache image '{}': {error}; going on without the cache", self.name);
            CacheMetadata::default()
        })
    }

    fn open_layer(&self, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, CacheError> {
        let missing = || CacheError::MissingLayer { cache: self.name.clone(), diff_id: *diff_id };
        let image = self.image().ok_or_else(missing)?;
        let blob = match self.store.open_layer(image, diff_id) {
            Ok(blob) => blob,
            Err(StoreError::NoSuchLayer { .. } | StoreError::MissingLayer { .. }) => return Err(missing()),
            Err(error) => return Err(self.failed(error)),
        };
        let archive = decompress(blob).map_err(|source| CacheError::Compression {
            image: self.name.clone(),
            diff_id: *diff_id,
            source,
        })?;
        Ok(Box::new(archive))
    }

    fn begin(&self) -> Result<Box<dyn CacheWriter>, CacheError> {
        let scratch = StoredImage::scratch()
            .map_err(|source| self.failed(StoreError::Print { image: self.name.clone(), source }))?;
        let old = self.image().cloned();
        let writer =
            self.store.begin(&self.name, &scratch, old.as_ref()).map_err(|error| self.failed(error))?;
        Ok(Box::new(ImageCacheWriter {
            store: self.store.clone(),
            name: self.name.clone(),
            old,
            keeps_old: self.keeps_old,
            writer,
            layers: Layers::default(),
        }))
    }
}

/// The layers of the next state, as stored.
type Layers = Arc<Mutex<BTreeMap<DiffId, Descriptor>>>;

struct ImageCacheWriter {
    store: RegistryStore,
    name: String,
    old: Option<StoredImage>,
    keeps_old: bool,
    writer: Box<dyn ImageWriter>,
    layers: Layers,
}

impl ImageCacheWriter {
    fn failed(&self, source: StoreError) -> CacheError {
        CacheError::image(&self.name, source)
    }

    fn hold(&self, diff_id: &DiffId, descriptor: &Descriptor) {
        lock(&self.layers).insert(*diff_id, descriptor.clone());
    }

    /// The layers in the order of the metadata. One that the cache had before is listed twice: other lifecycles do so,
    /// and an unchanged cache is to stay the same image whoever writes it.
    fn listed(&self, metadata: &CacheMetadata) -> Vec<NewLayer> {
        let of_buildpacks = metadata.buildpacks.iter().flat_map(|buildpack| buildpack.layers.values());
        let diff_ids = of_buildpacks.map(BuildpackLayer::diff_id).chain([metadata.sbom.diff_id()]).flatten();
        let held = lock(&self.layers);
        let layers = diff_ids.filter_map(|diff_id| Some((diff_id, held.get(&diff_id)?)));
        let was_there = |diff_id: &DiffId| self.old.as_ref().is_some_and(|old| old.layer(diff_id).is_ok());
        let listed = layers.flat_map(|(diff_id, descriptor)| {
            let media_type = MediaType::ImageLayerGzip;
            let descriptor = Descriptor { media_type, ..descriptor.clone() };
            let layer = NewLayer { descriptor, diff_id, created_by: String::new() };
            std::iter::repeat_n(layer, if was_there(&diff_id) { 2 } else { 1 })
        });
        listed.collect()
    }

    /// Registries and other tools don't expect images without any layer.
    fn empty_layer(&self) -> Result<NewLayer, StoreError> {
        let archive = [0; 1024];
        let hash: [u8; 32] = Sha256::digest(archive).into();
        let (diff_id, digest) = (DiffId::from_sha256(hash), Digest::from_sha256(hash));
        let mut sink = self.writer.layer()?;
        let size = archive.len() as u64;
        sink.write_all(&archive).map_err(|source| StoreError::Files {
            doing: format!("write cache image '{}'", self.name),
            source,
        })?;
        let descriptor = sink.finish(FinishedLayer { diff_id, digest, size })?;
        let descriptor = Descriptor { media_type: MediaType::ImageLayerGzip, ..descriptor };
        Ok(NewLayer { descriptor, diff_id, created_by: String::new() })
    }

    fn remove_old(&self, new: &str) {
        let Some(old) = self.old.as_ref().filter(|old| !self.keeps_old && old.identifier != new) else {
            return;
        };
        if let Err(error) = self.store.delete(old) {
            log::debug!("The replaced cache image stays in the registry: {error}");
        }
    }
}

impl CacheWriter for ImageCacheWriter {
    fn layer(&self) -> Result<CacheLayer, CacheError> {
        let sink = self.writer.layer().map_err(|error| self.failed(error))?;
        Ok(CacheLayer::Blob(Box::new(BlobSink {
            name: self.name.clone(),
            sink,
            layers: Arc::clone(&self.layers),
        })))
    }

    fn adopts_from(&self, image: &str) -> bool {
        self.writer.adopts_from(image)
    }

    fn adopt(&self, image: &str, diff_id: &DiffId, layer: &Descriptor) -> Result<bool, CacheError> {
        let adopted = self.writer.adopt(image, layer).map_err(|error| self.failed(error))?;
        if adopted {
            self.hold(diff_id, layer);
        }
        Ok(adopted)
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<bool, CacheError> {
        let descriptor = self.writer.reuse(diff_id).map_err(|error| self.failed(error))?;
        if let Some(descriptor) = &descriptor {
            self.hold(diff_id, descriptor);
        }
        Ok(descriptor.is_some())
    }

    fn commit(self: Box<Self>, metadata: &CacheMetadata) -> Result<(), CacheError> {
        let mut layers = self.listed(metadata);
        if layers.is_empty() {
            layers.push(self.empty_layer().map_err(|error| self.failed(error))?);
        }
        let label = metadata.label().map_err(CacheError::Metadata)?;
        let plan = ImagePlan {
            layers,
            extended_config: None,
            labels: vec![(CACHE_METADATA.to_owned(), label)],
            env: Vec::new(),
            entrypoint: Vec::new(),
            working_dir: String::new(),
            created: Timestamp::NORMALIZED,
            tells_history: false,
        };
        let written = self.writer.commit(&plan, &[]).map_err(|error| self.failed(error))?;
        self.remove_old(&written.identifier);
        Ok(())
    }
}

/// A layer on its way into a cache image.
struct BlobSink {
    name: String,
    sink: Box<dyn LayerSink>,
    layers: Layers,
}

impl Write for BlobSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl CacheBlobSink for BlobSink {
    fn finish(mut self: Box<Self>, layer: &LayerSummary) -> Result<(), CacheError> {
        let LayerSummary { diff_id, digest, compressed_size, .. } = *layer;
        let finished = self.sink.finish(FinishedLayer { diff_id, digest, size: compressed_size });
        let descriptor = finished.map_err(|source| CacheError::image(&self.name, source))?;
        lock(&self.layers).insert(diff_id, descriptor);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
