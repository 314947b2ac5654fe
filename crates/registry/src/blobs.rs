//! The blobs of a repository. Spec: distribution-spec § Pulling blobs, § Pushing blobs, § Mounting a blob.

use std::sync::Arc;

use spec_model::Digest;
use ureq::http::Method;

use crate::authorization::Scope;
use crate::error::RegistryError;
use crate::exchange::Body;
use crate::{Download, Repository, Upload};

/// What became of the wish to take a blob over from another repository.
#[derive(Debug)]
pub enum Mount {
    /// The blob is there.
    Done,
    /// The blob has to be uploaded.
    Upload(Box<Upload>),
}

impl Repository {
    /// Whether the registry has a blob in this repository.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let action = format!("look for blob {digest} in '{}'", self.full_name());
        let (response, url) = self.send(&action, Method::HEAD, &format!("blobs/{digest}"), &[])?;
        let response = self.expect(&action, response, &url, &[200, 404])?;
        Ok(response.status() == 200)
    }

    /// Opens a blob of `size` bytes; `None` when the registry lacks it. The bytes are not verified.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Download>, RegistryError> {
        Download::open(self, digest, size)
    }

    /// Takes a blob over from another repository of the registry. Where that cannot be done, an upload is
    /// begun in its place.
    ///
    /// # Errors
    /// The registry refuses both.
    pub fn mount(&self, digest: &Digest, from: &str) -> Result<Mount, RegistryError> {
        let action = format!("take over blob {digest} from '{from}' into '{}'", self.full_name());
        let asking = Self {
            scope: Scope { from: Some(from.to_owned()), ..self.scope.clone() },
            shared: Arc::clone(&self.shared),
        };
        let url = |scheme| {
            asking.url(scheme, "blobs/uploads/").with("mount", &digest.to_string()).with("from", from)
        };
        let uploading = |upload| Mount::Upload(Box::new(upload));
        match asking.exchange(&action, Method::POST, &url, &[], Body::Nothing) {
            Ok((response, _)) if response.status() == 201 => Ok(Mount::Done),
            Ok((response, url)) if response.status() == 202 => {
                Upload::begun(self.clone(), &response, &url).map(uploading)
            }
            // Who may not read there, or whose registry knows no mounting, may still write here.
            Ok(_) => self.upload().map(uploading),
            Err(error) if error.is_denied() => self.upload().map(uploading),
            Err(error) => Err(error),
        }
    }

    /// Begins the upload of a blob.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn upload(&self) -> Result<Upload, RegistryError> {
        Upload::begin(self.clone())
    }
}
