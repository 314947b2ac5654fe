//! Finding an image in a registry.

use std::io::Read;

use image::media_type::{DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, MediaType, is_index};
use image::{Descriptor, Document, ImageIndex, Manifest, Platform, Reference};
use registry::{Repository, StoredManifest};

use crate::{StoreError, StoredImage};

/// The media types of manifests and indexes that are understood.
pub(super) const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    DOCKER_MANIFEST,
    "application/vnd.oci.image.index.v1+json",
    DOCKER_MANIFEST_LIST,
];

/// The largest config that is read into memory, in bytes.
const LARGEST_CONFIG: u64 = 32 * 1024 * 1024;

/// Indexes within indexes are followed so far: a registry, unlike a directory, could make them up endlessly.
const DEPTH: usize = 4;

/// Reads the documents of an image.
pub(super) fn resolve(
    repository: &Repository,
    reference: &Reference,
    platform: &Platform,
) -> Result<Option<StoredImage>, StoreError> {
    let reader = Reader { repository, name: reference.to_string() };
    let identifier = reference.identifier().to_string();
    let Some(manifest) = repository.manifest(&identifier, &MANIFESTS)? else { return Ok(None) };
    let document = reader.manifest(manifest, platform)?;
    let manifest = Manifest::parse(&document.bytes)
        .map_err(StoreError::malformed(&reader.name, format!("its manifest {}", document.digest)))?;
    let config = reader.config(&manifest.config)?;
    let identifier = format!("{}@{}", repository.full_name(), document.digest);
    StoredImage::new(&reader.name, identifier, document, config).map(Some)
}

struct Reader<'a> {
    repository: &'a Repository,
    name: String,
}

impl Reader<'_> {
    /// The manifest for a platform, of an index the one that it lists.
    fn manifest(&self, mut found: StoredManifest, platform: &Platform) -> Result<Document, StoreError> {
        for _ in 0..DEPTH {
            if !is_index(&MediaType::from(found.media_type.as_str())) {
                return Ok(Document::new(found.bytes));
            }
            let index = ImageIndex::parse(&found.bytes)
                .map_err(StoreError::malformed(&self.name, format!("its index {}", found.digest)))?;
            let entry = index
                .select(platform)
                .ok_or_else(|| StoreError::other_platform(&self.name, &index, platform))?;
            found = self.repository.manifest(&entry.digest.to_string(), &MANIFESTS)?.ok_or_else(|| {
                let (index, entry) = (found.digest, entry.digest);
                self.corrupt(format!("its index {index} lists {entry}, which the registry does not have"))
            })?;
        }
        Err(self.corrupt(format!("its indexes are nested more than {DEPTH} deep")))
    }

    fn config(&self, descriptor: &Descriptor) -> Result<Document, StoreError> {
        let Descriptor { digest, size, .. } = descriptor;
        let blob = self.repository.blob(digest, *size)?;
        let blob = blob.ok_or_else(|| self.corrupt(format!("its config {digest} is missing")))?;
        let mut bytes = Vec::new();
        let doing = StoreError::files("read the config of", &self.name);
        blob.take((*size).min(LARGEST_CONFIG) + 1).read_to_end(&mut bytes).map_err(doing)?;
        let document = Document::new(bytes);
        if document.digest != *digest || document.size() != *size {
            let found = document.digest;
            let reason = format!("the bytes of its config {digest} are others: they have the digest {found}");
            return Err(self.corrupt(reason));
        }
        Ok(document)
    }

    fn corrupt(&self, reason: String) -> StoreError {
        StoreError::Corrupt { image: self.name.clone(), reason }
    }
}
