//! Layers for stores that take them as archives.

use std::io::Write;

use spec_model::DiffId;

use crate::StoreError;

/// The form in which a store takes new layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerForm {
    /// Compressed, while they are made, into a [`crate::LayerSink`].
    Compressed,
    /// As archives, when the image is committed and the store knows which ones it lacks.
    Archive,
}

/// The archives of an image's layers, as far as they can be made again.
pub trait Archives: Sync {
    /// The size of a layer's archive in bytes; `None` when it cannot be made here.
    fn size(&self, diff_id: &DiffId) -> Option<u64>;

    /// Writes a layer's archive.
    ///
    /// # Errors
    /// The layer is not what it was, or the output fails.
    fn write(&self, diff_id: &DiffId, output: &mut (dyn Write + Send)) -> Result<(), StoreError>;
}

/// No archives: all layers were written into sinks or are taken over.
#[derive(Debug, Clone, Copy)]
pub struct NoArchives;

impl Archives for NoArchives {
    fn size(&self, _diff_id: &DiffId) -> Option<u64> {
        None
    }

    fn write(&self, _diff_id: &DiffId, _output: &mut (dyn Write + Send)) -> Result<(), StoreError> {
        Ok(())
    }
}
