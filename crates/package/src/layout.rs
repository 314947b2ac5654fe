//! One OCI layout of the images for all architectures: as a directory, and as a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use image::media_type::MediaType;
use image::{Descriptor, ImageIndex, Platform};
use image_store::StoredImage;
use layer::{Assembled, LayerSource};
use spec_model::Digest;

/// The key of an image's name in a layout. Spec: OCI image-spec annotations.md.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Makes a layout directory of images, as one index under a name.
pub(crate) fn write(images: &[StoredImage], name: &str, directory: &Path) -> Result<()> {
    let blobs = directory.join("blobs/sha256");
    fs_err::create_dir_all(&blobs)?;
    let mut manifests = Vec::new();
    for image in images {
        let manifest = &image.manifest;
        let documents = [image.manifest_document.digest, manifest.config.digest];
        for digest in documents.into_iter().chain(manifest.layers.iter().map(|layer| layer.digest)) {
            copy_blob(Path::new(&image.name), &digest, &blobs)?;
        }
        manifests.push(described(image));
    }
    let index = ImageIndex {
        schema_version: 2,
        media_type: Some(MediaType::ImageIndex),
        manifests,
        annotations: BTreeMap::new(),
    };
    let index = index.print()?;
    fs_err::write(blobs.join(index.digest.hex()), &index.bytes)?;
    let annotations = BTreeMap::from([(NAME.to_owned(), name.to_owned())]);
    let entry = Descriptor::new(MediaType::ImageIndex, index.size(), index.digest);
    let entry = Descriptor { annotations: Some(annotations), ..entry };
    fs_err::write(directory.join("index.json"), ImageIndex::of(entry).print()?.bytes)?;
    fs_err::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(())
}

/// Packs a layout directory into one file.
pub(crate) fn pack(directory: &Path, file: &Path) -> Result<()> {
    let mut entries = vec![Assembled::directory("blobs"), Assembled::directory("blobs/sha256")];
    let mut names = Vec::new();
    for blob in fs_err::read_dir(directory.join("blobs/sha256"))? {
        names.push(PathBuf::from("blobs/sha256").join(blob?.file_name()));
    }
    names.sort();
    names.extend(["index.json", "oci-layout"].map(PathBuf::from));
    entries.extend(names.into_iter().map(|name| {
        let contents = directory.join(&name);
        Assembled::file(name, contents)
    }));
    let mut output = fs_err::File::create(file)?;
    LayerSource::assembled("image", entries).write_uncompressed(&mut output)?;
    Ok(())
}

fn described(image: &StoredImage) -> Descriptor {
    let document = &image.manifest_document;
    let (architecture, os) = (image.config.architecture.clone(), image.config.os.clone());
    let platform = Platform { architecture, os, ..Platform::default() };
    let descriptor = Descriptor::new(MediaType::ImageManifest, document.size(), document.digest);
    Descriptor { platform: Some(platform), ..descriptor }
}

fn copy_blob(image: &Path, digest: &Digest, blobs: &Path) -> Result<()> {
    fs_err::copy(image.join("blobs/sha256").join(digest.hex()), blobs.join(digest.hex()))?;
    Ok(())
}
