//! Images in OCI layout form below a directory, one directory an image.
//!
//! Spec: platform.md § Map an image reference to a path in the layout directory, OCI image-spec
//! image-layout.md.

mod blobs;
mod read;
mod sink;
mod staging;
mod write;

use std::io::Read;
use std::path::{Path, PathBuf};

use image::{Platform, Reference};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use spec_model::{DiffId, Digest};

use crate::layout::blobs::Blobs;
use crate::layout::write::LayoutWriter;
use crate::verified::Verified;
use crate::{ImageStore, ImageWriter, StoreError, StoredImage};

/// Images in OCI layout form below a directory.
#[derive(Debug, Clone)]
pub struct LayoutStore {
    dir: PathBuf,
    platform: Platform,
}

/// Where an image is, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The directory as text, because files and labels name the image by it.
    name: String,
    /// The manifest's digest, where the image was named by it.
    digest: Option<Digest>,
}

impl Place {
    fn dir(&self) -> &Path {
        Path::new(&self.name)
    }
}

impl LayoutStore {
    /// The images below `dir`, which need not exist yet. A relative path is taken from the working
    /// directory.
    ///
    /// # Errors
    /// The working directory is unknown, or the path is not UTF-8: `analyzed.toml` and labels record it.
    pub fn new(dir: &Path) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::LayoutDir { dir: dir.to_owned(), source };
        let dir = std::path::absolute(dir).map_err(unusable)?;
        if dir.to_str().is_none() {
            let message = "its name is not UTF-8, so that no file or label can record it";
            return Err(unusable(std::io::Error::new(std::io::ErrorKind::InvalidFilename, message)));
        }
        Ok(Self { dir, platform: Platform::host() })
    }

    /// A reference, or a path with or without the digest of a manifest: `<path>[@sha256:<digest>]`.
    fn place(&self, text: &str) -> Result<Place, StoreError> {
        if !text.starts_with('/') {
            let path = text.parse::<Reference>()?.layout_path(&self.dir);
            return Ok(Place { name: path.to_string_lossy().into_owned(), digest: None });
        }
        let pinned = text.rsplit_once('@').and_then(|(path, digest)| Some((path, digest.parse().ok()?)));
        let (path, digest) = pinned.map_or((text, None), |(path, digest)| (path, Some(digest)));
        let name = path.trim_end_matches('/').to_owned();
        Ok(Place { name, digest })
    }
}

impl ImageStore for LayoutStore {
    fn for_platform(&self, platform: Platform) -> Box<dyn ImageStore> {
        Box::new(Self { platform, ..self.clone() })
    }

    fn name(&self, reference: &str) -> Result<String, StoreError> {
        Ok(self.place(reference)?.name)
    }

    fn resolve(&self, reference: &str) -> Result<Option<StoredImage>, StoreError> {
        read::resolve(&self.place(reference)?, &self.platform)
    }

    fn check_read(&self, reference: &str) -> Result<(), StoreError> {
        match self.resolve(reference)? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotFound { image: self.name(reference)? }),
        }
    }

    fn check_write(&self, reference: &str) -> Result<(), StoreError> {
        let place = self.place(reference)?;
        let existing = place.dir().ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
        accessat(CWD, existing, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(|errno| {
            let error = std::io::Error::from(errno);
            let message = format!("the directory '{}' cannot be written to: {error}", existing.display());
            StoreError::files("write", &place.name)(std::io::Error::new(error.kind(), message))
        })
    }

    fn open_layer(&self, image: &StoredImage, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, StoreError> {
        let layer = image.layer(diff_id)?;
        let blobs = Blobs::of(Path::new(&image.name));
        if !blobs.has(layer) {
            return Err(StoreError::MissingLayer { image: image.name.clone(), digest: layer.digest });
        }
        let path = blobs.path(&layer.digest);
        let file = fs_err::File::open(&path).map_err(StoreError::files("read a layer of", &image.name))?;
        let name = format!("layer '{}' of image '{}'", path.display(), image.name);
        Ok(Box::new(Verified::new(file.into_parts().0, name, layer.digest)))
    }

    fn has_layers_at_hand(&self) -> bool {
        true
    }

    fn begin(
        &self,
        reference: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
    ) -> Result<Box<dyn ImageWriter>, StoreError> {
        let name: Reference = reference.parse()?;
        let writer = LayoutWriter::begin(self.clone(), &name, base.clone(), previous.cloned())?;
        Ok(Box::new(writer))
    }
}
