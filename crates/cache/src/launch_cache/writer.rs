//! An image in the making whose layers are kept in the launch cache.

use std::io::{self, Write};
use std::sync::Arc;

use ::image::{Descriptor, NewLayer, Plan};
use image_store::{Archives, ImageStore, ImageWriter, LayerSink, NoArchives, StoreError, WrittenImage};
use layer::BestEffort;
use spec_model::DiffId;

use crate::sink::DirectorySink;
use crate::writer::DirectoryWriter;
use crate::{CacheError, CacheLayerSink};

/// Writes an image, and the launch cache's next state beside it.
pub(super) struct LaunchCacheWriter {
    store: Arc<dyn ImageStore>,
    image: Box<dyn ImageWriter>,
    next: DirectoryWriter,
}

impl LaunchCacheWriter {
    pub(super) fn new(
        store: Arc<dyn ImageStore>,
        image: Box<dyn ImageWriter>,
        next: DirectoryWriter,
    ) -> Self {
        Self { store, image, next }
    }

    /// Makes the image's layers the cache's state. Those that only the engine has stay there: fetching them
    /// takes long, and the next build may not need them.
    fn publish(&self, layers: &[NewLayer], archives: &dyn Archives) {
        for NewLayer { diff_id, .. } in layers {
            if !self.next.keep(diff_id, archives.size(diff_id))
                && let Err(error) = self.fill(diff_id, archives)
            {
                warn(diff_id, &error);
            }
        }
        if let Err(error) = self.next.publish() {
            log::warn!("The launch cache stays as it is: {error}");
        }
    }

    /// Writes a layer that is at hand to the cache.
    fn fill(&self, diff_id: &DiffId, archives: &dyn Archives) -> Result<(), CacheError> {
        if archives.size(diff_id).is_some() {
            let mut sink = self.next.sink()?;
            archives.write(diff_id, &mut sink).map_err(|error| failed(io::Error::other(error)))?;
            return Box::new(sink).finish(diff_id);
        }
        let Some(mut layer) = self.store.brought_layer(diff_id) else { return Ok(()) };
        let mut sink = self.next.sink()?;
        io::copy(&mut layer, &mut sink).map_err(failed)?;
        Box::new(sink).finish(diff_id)
    }
}

impl ImageWriter for LaunchCacheWriter {
    fn layer(&self) -> Result<Box<dyn LayerSink>, StoreError> {
        self.image.layer()
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<Option<Descriptor>, StoreError> {
        self.image.reuse(diff_id)
    }

    fn adopts_from(&self, image: &str) -> bool {
        self.image.adopts_from(image)
    }

    fn adopt(&self, image: &str, layer: &Descriptor) -> Result<bool, StoreError> {
        self.image.adopt(image, layer)
    }

    fn commit(&self, plan: &dyn Plan, tags: &[String]) -> Result<WrittenImage, StoreError> {
        self.commit_archives(plan, tags, &NoArchives)
    }

    fn commit_archives(
        &self,
        plan: &dyn Plan,
        tags: &[String],
        archives: &dyn Archives,
    ) -> Result<WrittenImage, StoreError> {
        let beside = BesideEngine { archives, next: &self.next };
        let written = self.image.commit_archives(plan, tags, &beside)?;
        self.publish(plan.layers(), archives);
        Ok(written)
    }
}

/// The layers that can be made here and, where they cannot, those of the cache; what is made goes to the
/// cache as well.
struct BesideEngine<'a> {
    archives: &'a dyn Archives,
    next: &'a DirectoryWriter,
}

impl BesideEngine<'_> {
    /// A place for a layer in the cache, if the cache lacks it and can take it.
    fn sink(&self, diff_id: &DiffId) -> Option<DirectorySink> {
        if self.next.keep(diff_id, self.archives.size(diff_id)) {
            return None;
        }
        self.next.sink().map_err(|error| warn(diff_id, &error)).ok()
    }
}

impl Archives for BesideEngine<'_> {
    fn size(&self, diff_id: &DiffId) -> Option<u64> {
        self.archives.size(diff_id).or_else(|| self.next.sound_size(diff_id))
    }

    fn write(&self, diff_id: &DiffId, output: &mut (dyn Write + Send)) -> Result<(), StoreError> {
        if self.archives.size(diff_id).is_none() {
            let copied = self.next.open(diff_id).and_then(|mut layer| io::copy(&mut layer, output));
            let reread = |error| StoreError::Reread { message: format!("the launch cache: {error}") };
            return copied.map(drop).map_err(reread);
        }
        let Some(sink) = self.sink(diff_id) else { return self.archives.write(diff_id, output) };
        let mut copy = Copying { output, copy: BestEffort::new(sink) };
        self.archives.write(diff_id, &mut copy)?;
        if let Err(error) = finish(copy.copy, diff_id) {
            warn(diff_id, &error);
        }
        Ok(())
    }
}

fn finish(copy: BestEffort<DirectorySink>, diff_id: &DiffId) -> Result<(), CacheError> {
    Box::new(copy.into_result().map_err(failed)?).finish(diff_id)
}

fn failed(error: io::Error) -> CacheError {
    CacheError::Io { action: "write a layer to the launch cache", error }
}

fn warn(diff_id: &DiffId, error: &dyn std::fmt::Display) {
    log::warn!("Layer {diff_id} is not kept in the launch cache: {error}");
}

/// Writes what the engine gets to the cache as well.
struct Copying<'a> {
    output: &'a mut (dyn Write + Send),
    copy: BestEffort<DirectorySink>,
}

impl Write for Copying<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.copy.write_all(bytes.get(..count).unwrap_or_default())?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
