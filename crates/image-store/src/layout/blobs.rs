//! The directory of an image's blobs.

use std::io;
use std::path::{Path, PathBuf};

use image::Descriptor;
use spec_model::Digest;

/// The blobs of one image, named by their digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blobs {
    dir: PathBuf,
}

impl Blobs {
    /// The blobs of the image in a directory.
    pub(crate) fn of(image: &Path) -> Self {
        Self { dir: image.join("blobs").join("sha256") }
    }

    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    /// Whether the blob is there in full length. An image may be sparse: without some of its layers.
    pub(crate) fn has(&self, blob: &Descriptor) -> bool {
        fs_err::metadata(self.path(&blob.digest))
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == blob.size)
    }

    /// Whether the blob is there, in whatever length.
    pub(crate) fn lists(&self, digest: &Digest) -> bool {
        // What may not be looked at is taken to be there; reading it then tells why it cannot be read.
        self.path(digest).try_exists().unwrap_or(true)
    }

    pub(crate) fn create_dir(&self) -> io::Result<()> {
        fs_err::create_dir_all(&self.dir)
    }

    /// Moves a file here, on the same file system.
    pub(crate) fn take(&self, file: &Path, digest: &Digest) -> io::Result<()> {
        fs_err::rename(file, self.path(digest))
    }

    /// Gives a blob of `other` to this image as well, through a file in `staging`. The images share it
    /// where the file system and the file's owner allow, as blobs never change; else it is copied.
    pub(crate) fn share(&self, other: &Self, digest: &Digest, staging: &Path) -> io::Result<()> {
        if self == other {
            return Ok(());
        }
        let staged = staging.join(digest.hex());
        if fs_err::hard_link(other.path(digest), &staged).is_err() {
            fs_err::copy(other.path(digest), &staged)?;
        }
        self.take(&staged, digest)
    }
}
