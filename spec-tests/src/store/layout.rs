//! Images in OCI layout form: the spec's path for a reference, and what is in the directory there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scene::{Blobs, Image};
use crate::verdict::{Failure, Verdict};

/// Where the image of a reference by tag or digest is below the layout directory. Spec: platform.md § Map an image
/// reference to a path in the layout directory.
pub(crate) fn path_of(layout: &Path, reference: &str) -> PathBuf {
    if let Some((repository, digest)) = reference.split_once('@') {
        return layout.join(repository).join(digest.replace(':', "/"));
    }
    let (repository, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
    layout.join(repository).join(tag)
}

/// Reads the image that a directory has.
pub(crate) fn read(name: &str, directory: &Path) -> Verdict<Image> {
    let missing =
        |seen: &dyn std::fmt::Display| Failure::new(format!("the image {name}"), "it is there", seen);
    let index = fs_err::read(directory.join("index.json")).map_err(|error| missing(&error))?;
    let index: Value = serde_json::from_slice(&index).map_err(|error| missing(&error))?;
    let digest = index.pointer("/manifests/0/digest").and_then(Value::as_str);
    let digest = digest.ok_or_else(|| missing(&index))?;
    Image::read(name, digest, Blobs::Directory(directory.join("blobs")))
}
