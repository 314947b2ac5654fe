//! A compressed layer on its way to an engine. It waits as an archive until the image is committed.

use std::collections::BTreeSet;
use std::io::{self, Seek, Write};
use std::sync::Arc;

use image::Descriptor;
use image::media_type::DOCKER_ARCHIVE;

use crate::daemon::spool::Spool;
use crate::{FinishedLayer, LayerSink, StoreError};

/// Takes a layer into a temporary file.
#[derive(Debug)]
pub(super) struct SpoolSink {
    image: String,
    spool: Arc<Spool>,
    compressed: tempfile::NamedTempFile,
    received: u64,
}

impl SpoolSink {
    pub(super) fn create(image: &str, spool: Arc<Spool>) -> Result<Self, StoreError> {
        let compressed = spool.file().map_err(StoreError::files("write a layer of", image))?;
        Ok(Self { image: image.to_owned(), spool, compressed, received: 0 })
    }
}

impl Write for SpoolSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.compressed.write(bytes)?;
        self.received += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.compressed.flush()
    }
}

impl LayerSink for SpoolSink {
    fn finish(&mut self, layer: FinishedLayer) -> Result<Descriptor, StoreError> {
        let FinishedLayer { diff_id, digest, size } = layer;
        if self.received != size {
            let (image, received) = (self.image.clone(), self.received);
            return Err(StoreError::WrongSize { image, digest, received, expected: size });
        }
        let failed = StoreError::files("write a layer of", &self.image);
        self.compressed.rewind().map_err(&failed)?;
        let mut archive =
            layer::decompress(self.compressed.as_file()).map_err(io::Error::other).map_err(&failed)?;
        let kept = self.spool.keep(&mut archive, &BTreeSet::from([diff_id])).map_err(&failed)?;
        let Some(diff_id) = kept else {
            let reason = format!("a new layer was said to have the diffID {diff_id}, which it has not");
            return Err(StoreError::Corrupt { image: self.image.clone(), reason });
        };
        let size = self.spool.size(&diff_id).unwrap_or_default();
        Ok(Descriptor::new(DOCKER_ARCHIVE.into(), size, diff_id.digest()))
    }
}
