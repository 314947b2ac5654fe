//! What goes wrong while an archive is extracted.

use std::io;
use std::path::PathBuf;

use spec_model::DiffId;

use super::reader::ArchiveFault;
use crate::decompress::CompressionError;

/// An archive could not be extracted; part of it may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The archive is damaged or can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// The archive is compressed in a way that isn't known here.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The archive has an entry that it must not have.
    #[error("refused the archive's entry '{}': {reason}", entry.display())]
    Refused {
        /// The entry's name, as in the archive.
        entry: PathBuf,
        /// What is wrong with it.
        reason: Refusal,
    },
    /// A file can't be made or written.
    #[error("cannot write '{}'", path.display())]
    Unwritable {
        /// The file's path on disk.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The archive is not the one that was asked for.
    #[error("the archive has the digest {found} instead of {expected}")]
    Mismatch {
        /// The digest it should have.
        expected: Box<DiffId>,
        /// The digest it has.
        found: Box<DiffId>,
    },
}

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its name, or the one it links to, has `..` in it.
    #[error("'..' is not allowed in names")]
    ParentDirectory,
    /// It is, or links to, something outside of the permitted directory.
    #[error("it is outside of '{}'", .0.display())]
    Outside(PathBuf),
    /// A name on its way is no directory, but a link or a file.
    #[error("'{}' is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// It is a whiteout of nothing that could be removed.
    #[error("a whiteout needs the name of what it hides")]
    Whiteout,
    /// It is none of file, directory, symbolic link and hard link.
    #[error("layers hold only files, directories and links, not {0}")]
    Kind(&'static str),
}
