//! The cache directory: `committed` holds the cache, `staging` its next state while that is written, and
//! `committed-backup` the old one for the moment between two renames.
//!
//! Layers are uncompressed tar archives named `sha256:<diffID>.tar`. Reading changes nothing, so that a
//! cache on a read-only file system works; a state that a killed process left behind is read from where
//! it is, and put in order by the next writer.

use std::fs::TryLockError;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use sha2::{Digest as _, Sha256};
use spec_model::DiffId;
use spec_model::labels::CACHE_METADATA;
use spec_model::lifecycle_metadata::CacheMetadata;

use crate::writer::DirectoryWriter;
use crate::{Cache, CacheError, CacheWriter};

/// A cache in a directory.
#[derive(Debug, Clone)]
pub struct CacheDirectory {
    path: PathBuf,
    name: String,
}

/// The names inside a cache directory.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) committed: PathBuf,
    pub(crate) backup: PathBuf,
    pub(crate) staging: PathBuf,
}

impl Places {
    fn of(directory: &Path) -> Self {
        Self {
            committed: directory.join("committed"),
            backup: directory.join("committed-backup"),
            staging: directory.join("staging"),
        }
    }

    /// Where the cache's present state is. A process killed between the two renames of a commit leaves it
    /// in the backup.
    pub(crate) fn present(&self) -> &Path {
        if !self.committed.is_dir() && self.backup.is_dir() { &self.backup } else { &self.committed }
    }
}

/// A layer's file name.
pub(crate) fn layer_file(diff_id: &DiffId) -> String {
    format!("{diff_id}.tar")
}

/// Opens a layer in a directory of layers.
pub(crate) fn open_layer(directory: &Path, diff_id: &DiffId) -> io::Result<fs_err::File> {
    let path = directory.join(layer_file(diff_id));
    // Opening a fifo would wait for a writer.
    if !fs_err::metadata(&path)?.is_file() {
        return Err(io::Error::other(format!("'{}' is not a regular file", path.display())));
    }
    fs_err::File::open(path)
}

/// Whether a layer is in a directory of layers and is what its name says; if it is something else, users are
/// told.
pub(crate) fn is_sound(directory: &Path, diff_id: &DiffId) -> bool {
    let found = open_layer(directory, diff_id).and_then(hash);
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

impl CacheDirectory {
    /// Opens the cache in `path`, which has to be there and readable; an empty directory is an empty cache.
    ///
    /// # Errors
    /// There is no such directory, or this process may not read it.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let action = "read the cache directory";
        match fs_err::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(CacheError::NotADirectory { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let uid = rustix::process::geteuid().as_raw();
                return Err(CacheError::Absent { path: path.to_owned(), uid });
            }
            Err(error) => return Err(CacheError::io(action, path, error)),
        }
        accessat(CWD, path, Access::READ_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(|error| CacheError::io(action, path, error.into()))?;
        Ok(Self { path: path.to_owned(), name: path.display().to_string() })
    }

    /// Opens a layer, if it is there and is what its name says.
    pub(crate) fn open_sound(&self, diff_id: &DiffId) -> Option<fs_err::File> {
        let places = Places::of(&self.path);
        let directory = places.present();
        if is_sound(directory, diff_id) { open_layer(directory, diff_id).ok() } else { None }
    }

    /// Starts the cache's next state, at first empty.
    ///
    /// # Errors
    /// The directory cannot be written or another process is writing it.
    pub(crate) fn writer(&self) -> Result<DirectoryWriter, CacheError> {
        let lock = self.lock()?;
        DirectoryWriter::begin(Places::of(&self.path), lock)
    }

    /// Keeps other writers away for as long as the lock is there.
    fn lock(&self) -> Result<Lock, CacheError> {
        let directory = fs_err::File::open(&self.path)
            .map_err(|error| CacheError::io("open the cache directory", &self.path, error))?;
        match directory.file().try_lock() {
            Err(TryLockError::WouldBlock) => Err(CacheError::Busy { path: self.path.clone() }),
            // Some network file systems have no locks; single writers are fine there too.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Lock(directory)),
        }
    }
}

/// The right to write a cache, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(fs_err::File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that another thread is just starting has it open, too.
        let _ = self.0.file().unlock();
    }
}

impl Cache for CacheDirectory {
    fn name(&self) -> &str {
        &self.name
    }

    fn metadata(&self) -> CacheMetadata {
        let places = Places::of(&self.path);
        let path = places.present().join(CACHE_METADATA);
        let text = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return CacheMetadata::default(),
            Err(error) => {
                let error = CacheError::io("read the cache's metadata", &path, error);
                log::warn!("{error}; going on without the cache");
                return CacheMetadata::default();
            }
        };
        CacheMetadata::from_label(&text).unwrap_or_else(|error| {
            log::warn!("'{}': {error}; going on without the cache", path.display());
            CacheMetadata::default()
        })
    }

    fn open_layer(&self, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, CacheError> {
        let places = Places::of(&self.path);
        match open_layer(places.present(), diff_id) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(CacheError::MissingLayer { cache: self.name.clone(), diff_id: *diff_id })
            }
            Err(error) => {
                let path = places.present().join(layer_file(diff_id));
                Err(CacheError::io("read a layer from the cache", &path, error))
            }
        }
    }

    fn begin(&self) -> Result<Box<dyn CacheWriter>, CacheError> {
        Ok(Box::new(self.writer()?))
    }
}
