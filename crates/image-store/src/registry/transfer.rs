//! Blobs that a registry gets from elsewhere: mounted from a repository of its own, or copied from another
//! registry, from stream to stream.

use std::io;

use image::Descriptor;
use registry::{Mount, RegistryError, Repository, Upload};

use crate::StoreError;

/// Brings a blob of `from` to `to`; `Ok(false)` when `from` lacks it.
pub(super) fn take_over(from: &Repository, to: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
    if from.full_name() == to.full_name() {
        return Ok(true);
    }
    let upload = if from.registry() == to.registry() {
        match to.mount(&blob.digest, from.name())? {
            Mount::Done => return Ok(true),
            Mount::Upload(upload) => *upload,
        }
    } else {
        if to.has_blob(&blob.digest)? {
            return Ok(true);
        }
        to.upload()?
    };
    copy(from, upload, blob)
}

fn copy(from: &Repository, mut upload: Upload, blob: &Descriptor) -> Result<bool, StoreError> {
    log::debug!("Copying blob {} from '{}'", blob.digest, from.full_name());
    loop {
        let Some(mut download) = from.blob(&blob.digest, blob.size)? else {
            return Ok(false);
        };
        let failure: RegistryError = match io::copy(&mut download, &mut upload) {
            Ok(_) => match upload.finish(&blob.digest) {
                Ok(()) => return Ok(true),
                Err(failure) => failure,
            },
            // The upload knows whether it was the one that failed.
            Err(error) => match upload.failure() {
                Some(failure) => failure,
                None => return Err(StoreError::files("copy a layer from", &from.full_name())(error)),
            },
        };
        if !upload.restart(&failure)? {
            return Err(failure.into());
        }
    }
}

/// Puts a small blob.
pub(super) fn put(to: &Repository, blob: &image::Document) -> Result<(), StoreError> {
    let mut upload = to.upload()?;
    while let Err(failure) = upload.put(&blob.digest, &blob.bytes) {
        if !upload.restart(&failure)? {
            return Err(failure.into());
        }
    }
    Ok(())
}
