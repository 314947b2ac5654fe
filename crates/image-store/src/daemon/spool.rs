//! Layers that were fetched from an engine or are to be brought there, as archives in temporary files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use layer::BundleReader;
use sha2::{Digest as _, Sha256};
use spec_model::DiffId;
use tempfile::TempDir;

use crate::{StoreError, StoredImage};

/// Layers in temporary files; they go with it.
#[derive(Debug, Default)]
pub(super) struct Spool {
    dir: Mutex<Option<TempDir>>,
    /// The sizes of the layers that are here.
    layers: Mutex<BTreeMap<DiffId, u64>>,
    /// One image is fetched at a time, so that none is fetched twice.
    fetching: Mutex<()>,
}

impl Spool {
    /// The size of a layer in bytes, if it is here.
    pub(super) fn size(&self, diff_id: &DiffId) -> Option<u64> {
        lock(&self.layers).get(diff_id).copied()
    }

    /// Opens a layer that is here.
    pub(super) fn open(&self, diff_id: &DiffId) -> io::Result<Option<fs_err::File>> {
        if self.size(diff_id).is_none() {
            return Ok(None);
        }
        fs_err::File::open(self.path()?.join(diff_id.hex())).map(Some)
    }

    /// A file that is not a layer yet.
    pub(super) fn file(&self) -> io::Result<tempfile::NamedTempFile> {
        tempfile::NamedTempFile::new_in(self.path()?)
    }

    /// Writes an archive and keeps it, if it is the layer that is expected, or one of those.
    pub(super) fn keep(
        &self,
        archive: &mut dyn Read,
        expected: &BTreeSet<DiffId>,
    ) -> io::Result<Option<DiffId>> {
        let mut file = self.file()?;
        let mut hashing = Hashing { output: file.as_file_mut(), hash: Sha256::new(), size: 0 };
        io::copy(archive, &mut hashing)?;
        let Hashing { hash, size, .. } = hashing;
        let diff_id = DiffId::from_sha256(hash.finalize().into());
        if !expected.contains(&diff_id) {
            return Ok(None);
        }
        file.persist(self.path()?.join(diff_id.hex())).map_err(|error| error.error)?;
        lock(&self.layers).insert(diff_id, size);
        Ok(Some(diff_id))
    }

    /// Fetches an image until all wanted layers of it are here. Others that come before are kept too: who
    /// asks for one layer often asks for another.
    ///
    /// Engines name the files of layers in different ways, but a layer is known by its contents.
    pub(super) fn fetch(
        &self,
        image: &StoredImage,
        wanted: &BTreeSet<DiffId>,
        save: impl FnOnce() -> Result<Box<dyn Read + Send>, StoreError>,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = lock(&self.fetching);
        let mut missing: BTreeSet<DiffId> =
            wanted.iter().filter(|diff_id| self.size(diff_id).is_none()).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        log::debug!("Fetching image '{}' from the engine", image.name);
        let failed = StoreError::files("fetch", &image.name);
        let of_image: BTreeSet<DiffId> = image.layers().map(|layer| layer.diff_id).collect();
        let mut bundle = BundleReader::new(save()?);
        while !missing.is_empty() {
            if bundle.next_file().map_err(io::Error::other).map_err(&failed)?.is_none() {
                break;
            }
            let mut archive = layer::decompress(&mut bundle).map_err(io::Error::other).map_err(&failed)?;
            if let Some(diff_id) = self.keep(&mut archive, &of_image).map_err(&failed)? {
                missing.remove(&diff_id);
            }
        }
        match missing.first() {
            Some(diff_id) => {
                Err(StoreError::MissingLayer { image: image.name.clone(), digest: diff_id.digest() })
            }
            None => Ok(()),
        }
    }

    fn path(&self) -> io::Result<PathBuf> {
        let mut place = lock(&self.dir);
        let dir = match place.take() {
            Some(dir) => dir,
            None => tempfile::Builder::new().prefix("layers-").tempdir()?,
        };
        Ok(place.insert(dir).path().to_owned())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes, hashes and counts.
struct Hashing<W> {
    output: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
