//! What goes wrong with snapshots.

use std::io;
use std::path::{Path, PathBuf};

use layer::ExtractError;

/// A snapshot could not be taken, or a layer could not be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A file or directory can't be read.
    #[error("cannot read '{}'", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The system doesn't tell what is mounted.
    #[error("cannot read from '{}' which directories are mounts; is /proc mounted?", path.display())]
    Mounts {
        /// The file that tells it.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file changed or vanished after it was looked at.
    #[error(
        "'{}' changed while the snapshot was taken; a step must leave no process behind that writes files",
        .0.display()
    )]
    Changed(PathBuf),
    /// A file has a name that layers have for what was removed.
    #[error("'{}' cannot be part of a layer: names there must not begin with '.wh.'; rename it", .0.display())]
    WhiteoutName(PathBuf),
    /// The layer can't be written.
    #[error("cannot write the layer")]
    Archive(#[source] io::Error),
    /// A layer can't be applied.
    #[error("cannot apply a layer to '{}'", root.display())]
    Apply {
        /// The directory that stands for the root.
        root: PathBuf,
        /// What is wrong.
        #[source]
        source: ExtractError,
    },
}

impl SnapshotError {
    pub(crate) fn unreadable(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Unreadable { path: path.to_owned(), source: source.into() }
    }
}
