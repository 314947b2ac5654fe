//! What goes wrong while a layer is made.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::extract::ExtractError;

/// A layer could not be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to archive layer '{layer}'")]
pub struct LayerError {
    /// The layer's id.
    pub layer: String,
    /// The reason.
    #[source]
    pub reason: ArchiveError,
}

/// Why a layer's files could not be archived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A layer holds absolute names, so its directory must be one.
    #[error("'{}' is not an absolute path", .0.display())]
    NotAbsolute(PathBuf),
    /// Something else than a file is to be one in the layer.
    #[error("'{}' is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A file or directory can't be read.
    #[error("cannot read '{}'", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file that was listed is no longer there.
    #[error("'{}' was removed or replaced while it was archived; nothing may write to a layer during export", .0.display())]
    Vanished(PathBuf),
    /// A file holds more bytes than when it was looked at.
    #[error("'{}' grew beyond its {size} bytes while it was archived; nothing may write to a layer during export", path.display())]
    Grew {
        /// The file.
        path: PathBuf,
        /// Its size in bytes at the start.
        size: u64,
    },
    /// A file ends earlier than when it was looked at.
    #[error("'{}' shrank from {size} to {found} bytes while it was archived; nothing may write to a layer during export", path.display())]
    Shrank {
        /// The file.
        path: PathBuf,
        /// Its size in bytes at the start.
        size: u64,
        /// The bytes that could be read.
        found: u64,
    },
    /// A layer that another tool has archived can't be copied.
    #[error("cannot copy the layer in '{}'", path.display())]
    Copied {
        /// The layer's file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<ExtractError>,
    },
    /// An archive that is made elsewhere failed to come.
    #[error("cannot take the archive")]
    Source(#[source] io::Error),
    /// The compressed layer can't be written.
    #[error("cannot write the compressed layer")]
    Compressed(#[source] io::Error),
    /// The uncompressed layer can't be written.
    #[error("cannot write the uncompressed layer")]
    Uncompressed(#[source] io::Error),
    /// The compressor failed, which it never should.
    #[error("cannot compress the layer")]
    Compressor(#[source] io::Error),
}

impl ArchiveError {
    /// The error for a path that was there before: not found, or found to be something else, means replaced.
    pub(crate) fn lost(path: &Path, error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO => Self::Vanished(path.to_owned()),
            _ => Self::unreadable(path, error),
        }
    }

    /// The error for a path that was not looked at before.
    pub(crate) fn unreadable(path: &Path, error: impl Into<io::Error>) -> Self {
        Self::Unreadable { path: path.to_owned(), source: error.into() }
    }
}
