//! Images for the extender: in OCI layout form below `<kaniko-dir>/cache/base/<digest>`.
//!
//! Spec: platform.md § restorer (Outputs), § extender.

use std::fs::Permissions;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use image::media_type::MediaType;
use image::{Descriptor, Document, ImageIndex};
use image_store::{ImageStore, StoredImage};
use serde::Serialize;
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
    write_document(&directory.join("oci-layout"), LAYOUT).map_err(failed)?;
    // What names the rest comes last.
    let index = index(image).map_err(|error| failed(error.into()))?;
    write_document(&directory.join("index.json"), &index).map_err(failed)
}

/// Written as other tools write it; extenders of other lifecycles read it too.
const LAYOUT: &[u8] = b"{\n    \"imageLayoutVersion\": \"1.0.0\"\n}";

fn write_document(path: &Path, text: &[u8]) -> io::Result<()> {
    toml_file::replace(path, text)?;
    fs_err::set_permissions(path, Permissions::from_mode(0o755))
}

fn write_layer(blobs: &Path, digest: &Digest, mut bytes: impl Read) -> io::Result<()> {
    let (path, unfinished) = (blobs.join(digest.hex()), blobs.join(format!("{}.unfinished", digest.hex())));
    if path.is_file() {
        return Ok(());
    }
    let mut file = fs_err::File::create(&unfinished)?;
    // The extender, which runs as root, is the only reader.
    file.set_permissions(Permissions::from_mode(0o600))?;
    io::copy(&mut bytes, &mut file)?;
    fs_err::rename(unfinished, path)
}

/// An index that names the manifest alone.
fn index(image: &StoredImage) -> Result<Vec<u8>, serde_json::Error> {
    let Document { bytes, digest } = &image.manifest_document;
    let media_type = image.manifest.media_type.clone().unwrap_or(MediaType::ImageManifest);
    let index = ImageIndex::of(Descriptor::new(media_type, bytes.len() as u64, *digest));
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    index.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use image_store::{ImageStore, LayoutStore, Presence, StoreError, validate};
    use test_kit::ImageFixture;

    use super::save;
    use crate::error::RestoreError;

    #[test]
    fn an_image_is_saved_whole_and_twice_over() {
        let directory = tempfile::tempdir().unwrap();
        let fixture = ImageFixture::default().layer(&[("etc/", "")]).layer(&[("etc/file", "text")]);
        let written = fixture.write(&directory.path().join("index.docker.io/library/run/latest"));
        let images = LayoutStore::new(directory.path()).unwrap();
        let image = images.resolve("run").unwrap().unwrap();
        let kaniko = directory.path().join("kaniko");
        for _ in 0..2 {
            save(&images, &image, &kaniko).unwrap();
            let place = kaniko.join("cache/base").join(&written.digest);
            let saved = images.resolve(place.to_str().unwrap()).unwrap().unwrap();
            validate(&images, &saved, Presence::Complete).unwrap();
            assert_eq!(saved.manifest_document, image.manifest_document);
            assert_eq!(fs_err::read_dir(place.join("blobs/sha256")).unwrap().count(), 4);
        }
    }

    #[test]
    fn an_image_without_its_layers_is_not_saved() {
        let directory = tempfile::tempdir().unwrap();
        let fixture = ImageFixture { sparse: true, ..ImageFixture::default() }.layer(&[("etc/", "")]);
        let written = fixture.write(&directory.path().join("index.docker.io/library/run/latest"));
        let images = LayoutStore::new(directory.path()).unwrap();
        let image = images.resolve("run").unwrap().unwrap();
        let kaniko = directory.path().join("kaniko");
        let error = save(&images, &image, &kaniko).unwrap_err();
        let is_missing_layer = |source: &StoreError| matches!(source, StoreError::MissingLayer { .. });
        assert!(matches!(&error, RestoreError::Image { source, .. } if is_missing_layer(source)), "{error}");
        assert!(!kaniko.join("cache/base").join(written.digest).join("index.json").exists());
    }
}
