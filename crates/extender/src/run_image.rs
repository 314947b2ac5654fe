//! The extended run image: what the exporter takes from `<extended>/run`.
//!
//! It lies there in OCI layout form under the name of its digest, without the base image's layers.
//! Spec: platform.md § extender ("SHALL copy the manifest and config … along with any new layers").

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use image::{Descriptor, ExtensionPlan, ImageIndex, Plan as _};
use image_store::StoredImage;

use crate::error::ExtendError;
use crate::layer_cache::LayerCache;

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Removes what an earlier run left: of a failed one, nothing must be exported.
pub(crate) fn clear(extended: &Path) -> Result<(), ExtendError> {
    match fs_err::remove_dir_all(extended.join("run")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ExtendError::files("remove an earlier extended image")(error))
        }
        _ => Ok(()),
    }
}

/// Writes the image, whole or not at all; where it is then.
pub(crate) fn write(
    extended: &Path,
    base: &StoredImage,
    plan: &ExtensionPlan,
    cache: &LayerCache,
) -> Result<PathBuf, ExtendError> {
    let failed = ExtendError::files("write the extended run image");
    let documents = plan.apply(&base.manifest, &base.config, BTreeMap::new()).map_err(ExtendError::Print)?;
    fs_err::create_dir_all(extended).map_err(&failed)?;
    let directory = tempfile::tempdir_in(extended).map_err(&failed)?;
    let blobs = directory.path().join("blobs/sha256");
    fs_err::create_dir_all(&blobs).map_err(&failed)?;
    for layer in &plan.layers {
        let digest = &layer.descriptor.digest;
        fs_err::copy(cache.path(digest), blobs.join(digest.hex())).map_err(&failed)?;
    }
    for document in [&documents.config, &documents.manifest] {
        fs_err::write(blobs.join(document.digest.hex()), &document.bytes).map_err(&failed)?;
    }
    let manifest =
        Descriptor::new(documents.media_type, documents.manifest.size(), documents.manifest.digest);
    let index = ImageIndex::of(manifest).print().map_err(ExtendError::Print)?;
    fs_err::write(directory.path().join("oci-layout"), LAYOUT).map_err(&failed)?;
    fs_err::write(directory.path().join("index.json"), &index.bytes).map_err(&failed)?;
    open_to_all(directory.path()).map_err(&failed)?;
    let place = extended.join("run").join(documents.manifest.digest.to_string());
    fs_err::create_dir_all(extended.join("run")).map_err(&failed)?;
    fs_err::rename(directory.keep(), &place).map_err(&failed)?;
    Ok(place)
}

/// The exporter reads the image as the build image's user.
fn open_to_all(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let (readable, searchable) = (PermissionsExt::from_mode(0o644), PermissionsExt::from_mode(0o755));
    for place in [directory.to_owned(), directory.join("blobs"), directory.join("blobs/sha256")] {
        fs_err::set_permissions(&place, Clone::clone(&searchable))?;
        for entry in fs_err::read_dir(&place)? {
            let path = entry?.path();
            if path.is_file() {
                fs_err::set_permissions(path, Clone::clone(&readable))?;
            }
        }
    }
    Ok(())
}
