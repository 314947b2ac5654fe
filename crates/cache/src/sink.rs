//! A layer on its way into a cache directory's next state.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use spec_model::DiffId;

use crate::directory::layer_file;
use crate::{CacheError, CacheLayerSink};

/// Tar writers hand over single headers; the disk gets them in larger pieces.
const BUFFER_SIZE: usize = 128 * 1024;

/// A file in `staging` that gets its name when its diffID is known.
#[derive(Debug)]
pub(crate) struct DirectorySink {
    file: Option<BufWriter<fs_err::File>>,
    path: PathBuf,
}

impl DirectorySink {
    pub(crate) fn create(staging: &Path, number: u64) -> Result<Self, CacheError> {
        let path = staging.join(format!("layer-{number}.partial"));
        let file = fs_err::File::create(&path)
            .map_err(|error| CacheError::io("write to the cache", &path, error))?;
        Ok(Self { file: Some(BufWriter::with_capacity(BUFFER_SIZE, file)), path })
    }

    fn file(&mut self) -> io::Result<&mut BufWriter<fs_err::File>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the layer is finished"))
    }
}

impl Write for DirectorySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl CacheLayerSink for DirectorySink {
    fn finish(mut self: Box<Self>, diff_id: &DiffId) -> Result<(), CacheError> {
        let name = self.path.with_file_name(layer_file(diff_id));
        self.flush()
            .and_then(|()| fs_err::rename(&self.path, name))
            .map_err(|error| CacheError::io("write a layer to the cache", &self.path, error))
    }
}

impl Drop for DirectorySink {
    /// Unfinished, the file would take up space in the cache for nothing; finished, it is gone.
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Not flushed: what is buffered is no longer wanted, and a full disk would refuse it.
            let _ = file.into_parts();
        }
        let _ = fs_err::remove_file(&self.path);
    }
}
