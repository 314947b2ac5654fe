//! A new layer on its way into an image.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use image::{Descriptor, media_type};
use spec_model::Digest;

use crate::{FinishedLayer, LayerSink, StoreError};

/// The digests of the layers that lie complete in a staging directory, named by their hexadecimal digits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Staged(Arc<Mutex<BTreeSet<Digest>>>);

impl Staged {
    pub(crate) fn add(&self, digest: Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
    }

    pub(crate) fn contains(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }
}

/// A file in a staging directory that gets its name when its digest is known.
#[derive(Debug)]
pub(crate) struct FileSink {
    image: String,
    file: fs_err::File,
    path: PathBuf,
    received: u64,
    staged: Staged,
}

impl FileSink {
    pub(crate) fn create(
        staging: &Path,
        number: u64,
        image: &str,
        staged: Staged,
    ) -> Result<Self, StoreError> {
        let path = staging.join(format!("layer-{number}"));
        let file = fs_err::File::create(&path).map_err(StoreError::files("write a layer of", image))?;
        Ok(Self { image: image.to_owned(), file, path, received: 0, staged })
    }
}

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.received += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LayerSink for FileSink {
    fn finish(&mut self, layer: FinishedLayer) -> Result<Descriptor, StoreError> {
        if self.received != layer.size {
            return Err(StoreError::WrongSize {
                image: self.image.clone(),
                digest: layer.digest,
                received: self.received,
                expected: layer.size,
            });
        }
        fs_err::rename(&self.path, self.path.with_file_name(layer.digest.hex()))
            .map_err(StoreError::files("write a layer of", &self.image))?;
        self.staged.add(layer.digest);
        Ok(Descriptor::new(media_type::new_layer(), layer.size, layer.digest))
    }
}
