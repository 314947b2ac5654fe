//! The next state of a cache directory.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use spec_model::DiffId;
use spec_model::labels::CACHE_METADATA;
use spec_model::lifecycle_metadata::CacheMetadata;

use crate::directory::{Places, layer_file, open_layer};
use crate::sink::DirectorySink;
use crate::{CacheError, CacheLayer, CacheLayerSink, CacheWriter};

/// Fills `staging`; see the crate's documentation.
#[derive(Debug)]
pub(crate) struct DirectoryWriter {
    places: Places,
    sinks: AtomicU64,
    /// Layers found damaged; each is read and warned of once.
    damaged: Mutex<HashSet<DiffId>>,
    /// Held until the writer is dropped.
    _lock: fs_err::File,
}

impl DirectoryWriter {
    /// Puts in order what a killed writer left, and makes an empty `staging`.
    pub(crate) fn begin(places: Places, lock: fs_err::File) -> Result<Self, CacheError> {
        if places.present() == places.backup {
            rename(&places.backup, &places.committed)?;
        }
        remove(&places.backup)?;
        remove(&places.staging)?;
        fs_err::create_dir(&places.staging)
            .map_err(|error| CacheError::io("write to the cache directory", &places.staging, error))?;
        Ok(Self { places, sinks: AtomicU64::new(0), damaged: Mutex::default(), _lock: lock })
    }

    /// Whether the committed layer is there and is what its name says.
    fn is_sound(&self, diff_id: &DiffId) -> bool {
        let found = open_layer(&self.places.committed, diff_id).and_then(hash);
        match found {
            Ok(found) if found == *diff_id => return true,
            Ok(found) => {
                log::warn!("cached layer {diff_id} is damaged (its contents are {found}); not reusing it");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => log::warn!("cached layer {diff_id} cannot be read, not reusing it: {error}"),
        }
        false
    }

    fn damaged(&self) -> MutexGuard<'_, HashSet<DiffId>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self) -> Result<DirectorySink, CacheError> {
        let number = self.sinks.fetch_add(1, Ordering::Relaxed);
        DirectorySink::create(&self.places.staging, number)
    }

    /// Copies a committed layer: not every file system has hard links, and the kernel may refuse them on
    /// files of other users.
    fn copy(&self, diff_id: &DiffId) -> Result<(), CacheError> {
        let mut sink = Box::new(self.sink()?);
        open_layer(&self.places.committed, diff_id)
            .and_then(|mut file| io::copy(&mut file, &mut sink))
            .map_err(|error| CacheError::io("keep a layer in the cache", &self.places.staging, error))?;
        sink.finish(diff_id)
    }
}

impl CacheWriter for DirectoryWriter {
    fn layer(&self) -> Result<CacheLayer, CacheError> {
        Ok(CacheLayer::Archive(Box::new(self.sink()?)))
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<bool, CacheError> {
        let target = self.places.staging.join(layer_file(diff_id));
        if target.exists() {
            return Ok(true);
        }
        if self.damaged().contains(diff_id) {
            return Ok(false);
        }
        if !self.is_sound(diff_id) {
            self.damaged().insert(*diff_id);
            return Ok(false);
        }
        let linked = fs_err::hard_link(self.places.committed.join(layer_file(diff_id)), &target);
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.copy(diff_id)?,
            Ok(()) | Err(_) => {}
        }
        Ok(true)
    }

    fn commit(self: Box<Self>, metadata: &CacheMetadata) -> Result<(), CacheError> {
        let Places { committed, backup, staging } = &self.places;
        let text = metadata.label().map_err(CacheError::Metadata)? + "\n";
        let path = staging.join(CACHE_METADATA);
        fs_err::write(&path, text)
            .map_err(|error| CacheError::io("write the cache's metadata", &path, error))?;
        let replaces = fs_err::symlink_metadata(committed).is_ok();
        if replaces {
            rename(committed, backup)?;
        }
        if let Err(error) = rename(staging, committed) {
            if replaces {
                rename(backup, committed)?;
            }
            return Err(error);
        }
        remove(backup).unwrap_or_else(|error| log::warn!("the old cache takes up space: {error}"));
        Ok(())
    }
}

impl Drop for DirectoryWriter {
    /// Uncommitted layers take up space for nothing. What stays behind, the next writer removes.
    fn drop(&mut self) {
        let _ = remove(&self.places.staging);
    }
}

fn hash(file: impl Read) -> io::Result<DiffId> {
    let mut file = BufReader::with_capacity(128 * 1024, file);
    let mut hasher = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            return Ok(DiffId::from_sha256(hasher.finalize().into()));
        }
        hasher.update(bytes);
        file.consume(count);
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), CacheError> {
    fs_err::rename(from, to).map_err(|error| CacheError::io("replace the cache", from, error))
}

/// Removes whatever has that name, if anything.
fn remove(path: &Path) -> Result<(), CacheError> {
    let removed = match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| CacheError::io("clear the cache directory", path, error))
}
