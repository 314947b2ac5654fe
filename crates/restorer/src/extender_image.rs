//! Images for the extender: in OCI layout form below `<kaniko-dir>/cache/base/<digest>`.
//!
//! Spec: platform.md § restorer (Outputs), § extender.

use std::io::{self, Read};
use std::path::Path;

use image::Document;
use image_store::{ImageStore, StoredImage};
use spec_model::Digest;

use crate::error::RestoreError;

/// Saves an image: its documents, and its layers as they are stored.
///
/// # Errors
/// A layer cannot be read, or the disk refuses.
pub(crate) fn save(images: &dyn ImageStore, image: &StoredImage, kaniko: &Path) -> Result<(), RestoreError> {
    let failed = |source| RestoreError::ExtenderImage { image: image.name.clone(), source };
    let directory = kaniko.join("cache/base").join(image.manifest_document.digest.to_string());
    let blobs = directory.join("blobs/sha256");
    fs_err::create_dir_all(&blobs).map_err(failed)?;
    for layer in image.layers() {
        let bytes = images.open_layer(image, &layer.diff_id);
        let bytes = bytes.map_err(RestoreError::image("base", &image.name))?;
        write_layer(&blobs, &layer.descriptor.digest, bytes).map_err(failed)?;
    }
    for document in [&image.config_document, &image.manifest_document] {
        toml_file::replace(&blobs.join(document.digest.hex()), &document.bytes).map_err(failed)?;
    }
    toml_file::replace(&directory.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)
        .map_err(failed)?;
    // What names the rest comes last.
    toml_file::replace(&directory.join("index.json"), &index(image)).map_err(failed)
}

fn write_layer(blobs: &Path, digest: &Digest, mut bytes: impl Read) -> io::Result<()> {
    let (path, unfinished) = (blobs.join(digest.hex()), blobs.join(format!("{}.unfinished", digest.hex())));
    if path.is_file() {
        return Ok(());
    }
    let mut file = fs_err::File::create(&unfinished)?;
    io::copy(&mut bytes, &mut file)?;
    fs_err::rename(unfinished, path)
}

/// An index that names the manifest alone.
fn index(image: &StoredImage) -> Vec<u8> {
    let Document { bytes, digest } = &image.manifest_document;
    let oci = "application/vnd.oci.image.manifest.v1+json".to_owned();
    let media_type = image.manifest.media_type.as_ref().map_or(oci, ToString::to_string);
    let manifest = serde_json::json!({"mediaType": media_type, "size": bytes.len(), "digest": digest});
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    index.to_string().into_bytes()
}
