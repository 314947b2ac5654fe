//! The next state of a cache directory.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spec_model::DiffId;
use spec_model::labels::CACHE_METADATA;
use spec_model::lifecycle_metadata::CacheMetadata;

use crate::directory::{Lock, Places, is_sound, layer_file, open_layer};
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
    _lock: Lock,
}

impl DirectoryWriter {
    /// Puts in order what a killed writer left, and makes an empty `staging`.
    pub(crate) fn begin(places: Places, lock: Lock) -> Result<Self, CacheError> {
        if places.present() == places.backup {
            rename(&places.backup, &places.committed)?;
        }
        remove(&places.backup)?;
        remove(&places.staging)?;
        fs_err::create_dir(&places.staging)
            .map_err(|error| CacheError::io("write to the cache directory", &places.staging, error))?;
        Ok(Self { places, sinks: AtomicU64::new(0), damaged: Mutex::default(), _lock: lock })
    }

    fn damaged(&self) -> MutexGuard<'_, HashSet<DiffId>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a layer.
    pub(crate) fn sink(&self) -> Result<DirectorySink, CacheError> {
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

    /// Takes a layer over as it is and tells whether that was possible; not if it has another size than the
    /// one that is known. Who reads it sees whether it is sound.
    pub(crate) fn keep(&self, diff_id: &DiffId, size: Option<u64>) -> bool {
        if self.staged(diff_id).exists() {
            return true;
        }
        let committed = self.places.committed.join(layer_file(diff_id));
        let may_be_sound = fs_err::symlink_metadata(committed)
            .is_ok_and(|file| file.is_file() && size.is_none_or(|size| size == file.len()));
        may_be_sound
            && !self.damaged().contains(diff_id)
            && self.take_over(diff_id).map_err(|error| log::warn!("{error}")).is_ok()
    }

    /// Takes a layer over, if it is sound; its size in bytes.
    pub(crate) fn sound_size(&self, diff_id: &DiffId) -> Option<u64> {
        match self.reuse(diff_id) {
            Ok(true) => fs_err::metadata(self.staged(diff_id)).ok().map(|file| file.len()),
            Ok(false) => None,
            Err(error) => {
                log::warn!("{error}");
                None
            }
        }
    }

    /// Opens a layer of the next state.
    pub(crate) fn open(&self, diff_id: &DiffId) -> io::Result<fs_err::File> {
        open_layer(&self.places.staging, diff_id)
    }

    /// Makes what was taken over and written the cache's state, whole or not at all.
    pub(crate) fn publish(&self) -> Result<(), CacheError> {
        let Places { committed, backup, staging } = &self.places;
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

    fn staged(&self, diff_id: &DiffId) -> PathBuf {
        self.places.staging.join(layer_file(diff_id))
    }

    fn take_over(&self, diff_id: &DiffId) -> Result<(), CacheError> {
        let linked = fs_err::hard_link(self.places.committed.join(layer_file(diff_id)), self.staged(diff_id));
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.copy(diff_id),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl CacheWriter for DirectoryWriter {
    fn layer(&self) -> Result<CacheLayer, CacheError> {
        Ok(CacheLayer::Archive(Box::new(self.sink()?)))
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<bool, CacheError> {
        if self.staged(diff_id).exists() {
            return Ok(true);
        }
        if self.damaged().contains(diff_id) {
            return Ok(false);
        }
        if !is_sound(&self.places.committed, diff_id) {
            self.damaged().insert(*diff_id);
            return Ok(false);
        }
        self.take_over(diff_id)?;
        Ok(true)
    }

    fn commit(self: Box<Self>, metadata: &CacheMetadata) -> Result<(), CacheError> {
        let text = metadata.label().map_err(CacheError::Metadata)? + "\n";
        let path = self.places.staging.join(CACHE_METADATA);
        fs_err::write(&path, text)
            .map_err(|error| CacheError::io("write the cache's metadata", &path, error))?;
        self.publish()
    }
}

impl Drop for DirectoryWriter {
    /// Uncommitted layers take up space for nothing. What stays behind, the next writer removes.
    fn drop(&mut self) {
        let _ = remove(&self.places.staging);
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
