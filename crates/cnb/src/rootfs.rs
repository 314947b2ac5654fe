//! From the layers of an image to the root file system that they make together.

mod overlay;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use image_store::{ImageStore, StoredImage};
use layer::Destination;

use crate::scratch;
use crate::signals::Signals;

/// Unpacks an image's layers to a directory that does not exist yet, the lowest first. Run by root, files have
/// the owners that the layers record, else all belong to the user. Devices are left out.
///
/// What was unpacked until an error, or until this program is asked to stop, stays there; the caller cleans up.
/// Beside the directory another one is made for the layer that is being unpacked.
pub(crate) fn unpack(
    store: &dyn ImageStore,
    image: &StoredImage,
    rootfs: &Path,
    signals: &Signals,
) -> Result<()> {
    fs_err::create_dir(rootfs)?;
    fs_err::set_permissions(rootfs, PermissionsExt::from_mode(0o755))?;
    let staging = rootfs.with_extension("layer");
    let destination = Destination::in_root(&staging, "/").without_special_files();
    for layer in image.layers() {
        let failed = || format!("failed to unpack layer {}", layer.descriptor.digest);
        let stored = signals.interruptible(store.open_layer(image, &layer.diff_id)?)?;
        layer::extract_verified(stored, &layer.diff_id, &destination).with_context(failed)?;
        overlay::lay(&staging, rootfs).with_context(failed)?;
        scratch::remove(&staging)?;
    }
    Ok(())
}
