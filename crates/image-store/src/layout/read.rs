//! Finding an image in a layout directory.

use std::io::Read;

use image::media_type::is_index;
use image::{Descriptor, Document, ImageIndex, Platform};
use spec_model::Digest;

use crate::layout::Place;
use crate::layout::blobs::Blobs;
use crate::{StoreError, StoredImage};

/// The largest document that is read into memory, in bytes. Registries allow manifests of 4 MiB.
const LARGEST_DOCUMENT: u64 = 32 * 1024 * 1024;

/// Reads the documents of an image in a directory.
pub(super) fn resolve(place: &Place, platform: &Platform) -> Result<Option<StoredImage>, StoreError> {
    let reader = Reader { place, blobs: Blobs::of(place.dir()) };
    let Some(manifest) = reader.manifest(platform)? else { return Ok(None) };
    let config = image::Manifest::parse(&manifest.bytes)
        .map_err(StoreError::malformed(&place.name, format!("its manifest {}", manifest.digest)))?
        .config;
    let config = reader.document(&config, "config")?;
    let identifier = format!("{}@{}", place.name, manifest.digest);
    StoredImage::new(&place.name, identifier, manifest, config).map(Some)
}

struct Reader<'a> {
    place: &'a Place,
    blobs: Blobs,
}

impl Reader<'_> {
    /// The image's manifest. An image that is named by digest is found as long as its manifest is there,
    /// also when the directory's name has gone over to a newer image.
    fn manifest(&self, platform: &Platform) -> Result<Option<Document>, StoreError> {
        if let Some(digest) = self.place.digest {
            return if self.blobs.lists(&digest) {
                self.blob(&digest, "manifest").map(Some)
            } else {
                Ok(None)
            };
        }
        let path = self.place.dir().join("index.json");
        let bytes = match fs_err::File::open(&path) {
            Ok(file) => self.read(file, "index.json")?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.files(error)),
        };
        let mut index = self.index(&bytes, "index.json".to_owned())?;
        loop {
            let entry = index
                .select(platform)
                .ok_or_else(|| StoreError::other_platform(&self.place.name, &index, platform))?;
            let document = self.document(entry, "manifest")?;
            if !is_index(&entry.media_type) {
                return Ok(Some(document));
            }
            // An index cannot be part of itself: its digest was verified.
            index = self.index(&document.bytes, format!("its index {}", document.digest))?;
        }
    }

    fn index(&self, bytes: &[u8], document: String) -> Result<ImageIndex, StoreError> {
        ImageIndex::parse(bytes).map_err(StoreError::malformed(&self.place.name, document))
    }

    fn document(&self, descriptor: &Descriptor, kind: &str) -> Result<Document, StoreError> {
        if !self.blobs.lists(&descriptor.digest) {
            return Err(self.corrupt(format!("its {kind} {} is missing", descriptor.digest)));
        }
        let document = self.blob(&descriptor.digest, kind)?;
        if document.size() != descriptor.size {
            let (size, expected) = (document.size(), descriptor.size);
            let digest = descriptor.digest;
            return Err(self.corrupt(format!("its {kind} {digest} has {size} bytes instead of {expected}")));
        }
        Ok(document)
    }

    fn blob(&self, digest: &Digest, kind: &str) -> Result<Document, StoreError> {
        let path = self.blobs.path(digest);
        let file = fs_err::File::open(&path).map_err(|error| self.files(error))?;
        let document = Document::new(self.read(file, &format!("its {kind} {digest}"))?);
        if document.digest != *digest {
            let (path, found) = (path.display(), document.digest);
            return Err(self.corrupt(format!("the bytes of its {kind} '{path}' have the digest {found}")));
        }
        Ok(document)
    }

    fn read(&self, file: fs_err::File, name: &str) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        file.take(LARGEST_DOCUMENT + 1).read_to_end(&mut bytes).map_err(|error| self.files(error))?;
        if bytes.len() as u64 > LARGEST_DOCUMENT {
            return Err(self.corrupt(format!("{name} is larger than {LARGEST_DOCUMENT} bytes")));
        }
        Ok(bytes)
    }

    fn files(&self, error: std::io::Error) -> StoreError {
        StoreError::files("read", &self.place.name)(error)
    }

    fn corrupt(&self, reason: String) -> StoreError {
        StoreError::Corrupt { image: self.place.name.clone(), reason }
    }
}
