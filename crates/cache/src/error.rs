//! What can go wrong with a cache, told so that an operator can cure it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use image_store::StoreError;
use layer::CompressionError;
use rustix::process::{getegid, geteuid};
use spec_model::DiffId;
use spec_model::metadata::NotJson;

/// A cache, or a layer of it, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The directory is missing.
    #[error("cache directory '{}' does not exist; create or mount it, writable for user {uid}", path.display())]
    Absent {
        /// The directory.
        path: PathBuf,
        /// The user the process runs as.
        uid: u32,
    },
    /// Something else has the directory's name.
    #[error("'{}' is not a directory; a cache directory is needed", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Permissions forbid it.
    #[error(
        "failed to {action}: permission denied at '{}', which belongs to user {}, group {} with mode {:04o}; \
         this process runs as user {uid}, group {gid}: give that user the path, or run as its owner",
        path.display(), owner.0, owner.1, mode
    )]
    Denied {
        /// What was tried.
        action: &'static str,
        /// The nearest path that can be looked at.
        path: PathBuf,
        /// Its user and group.
        owner: (u32, u32),
        /// Its permission bits.
        mode: u32,
        /// The user the process runs as.
        uid: u32,
        /// The group the process runs as.
        gid: u32,
    },
    /// Another process is writing the cache.
    #[error("cache directory '{}' is being written by another process; it keeps what that one writes", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The layer is not there.
    #[error("cache '{cache}' has no layer {diff_id}")]
    MissingLayer {
        /// The cache's name.
        cache: String,
        /// The layer.
        diff_id: DiffId,
    },
    /// The system refused; the error names the path.
    #[error("failed to {action}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// The metadata cannot be expressed.
    #[error("failed to write the cache's metadata: {0}")]
    Metadata(NotJson),
    /// The cache image cannot be read or written.
    #[error("cache image '{image}' cannot be used: {source}")]
    Image {
        /// The image's reference.
        image: String,
        /// The cause.
        source: Box<StoreError>,
    },
    /// A layer of the cache image is compressed in a way that is not known.
    #[error("layer {diff_id} of cache image '{image}' cannot be read: {source}")]
    Compression {
        /// The image's reference.
        image: String,
        /// The layer.
        diff_id: DiffId,
        /// The cause.
        source: CompressionError,
    },
}

impl CacheError {
    /// The error of a cache image.
    pub(crate) fn image(image: &str, source: StoreError) -> Self {
        Self::Image { image: image.to_owned(), source: Box::new(source) }
    }

    /// The error of a failed `action` on `path`: missing permissions are traced to their owner.
    pub(crate) fn io(action: &'static str, path: &Path, error: io::Error) -> Self {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        let nearest = path.ancestors().find_map(|path| Some((path, fs_err::symlink_metadata(path).ok()?)));
        match nearest {
            Some((path, metadata)) if denied => Self::Denied {
                action,
                path: path.to_owned(),
                owner: (metadata.uid(), metadata.gid()),
                mode: metadata.mode() & 0o7777,
                uid: geteuid().as_raw(),
                gid: getegid().as_raw(),
            },
            _ => Self::Io { action, error },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::CacheError;

    #[test]
    fn missing_permissions_are_traced_to_the_nearest_path_and_its_owner() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = CacheError::io("read the cache", "/proc/1/absent/committed".as_ref(), denied);
        let text = error.to_string();
        let uid = rustix::process::geteuid().as_raw();
        assert!(text.contains("at '/proc/1', which belongs to user 0, group 0 with mode 0555"), "{text}");
        assert!(text.contains(&format!("runs as user {uid}")), "{text}");
    }
}
