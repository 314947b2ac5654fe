//! The manifests of a repository. Spec: distribution-spec § Pulling manifests, § Pushing Manifests.

use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use spec_model::Digest;
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use crate::Repository;
use crate::error::{Reason, RegistryError};
use crate::exchange::{self, Body};
use crate::failure::nonsense;
use crate::repository::header;

/// Manifests are small. Spec: distribution-spec § Pushing Manifests (registries take 4 MiB at least).
const LONGEST_MANIFEST: u64 = 8 * 1024 * 1024;

const DOCKER_CONTENT_DIGEST: &str = "docker-content-digest";

/// A manifest or index as the registry holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// The JSON text.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    /// Its media type, as the registry names it.
    pub media_type: String,
}

/// What a registry answers to a new manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestAnswer {
    /// The digest that the registry knows it by.
    pub digest: Digest,
}

impl Repository {
    /// Reads a manifest or index by tag or digest; `accept` lists media types. `None` when the registry has
    /// no such thing.
    ///
    /// # Errors
    /// The registry refuses, or what it sends is not what was asked for.
    pub fn manifest(
        &self,
        identifier: &str,
        accept: &[&str],
    ) -> Result<Option<StoredManifest>, RegistryError> {
        let action = format!("read the manifest of '{}'", self.image(identifier));
        let accept = accept.join(",");
        let path = format!("manifests/{identifier}");
        let mut failed = 0;
        let (response, url, bytes) = loop {
            let (response, url) = self.send(&action, Method::GET, &path, &[("accept", &accept)])?;
            if response.status() == 404 {
                return Ok(None);
            }
            let mut response = self.expect(&action, response, &url, &[200])?;
            let reason = match exchange::read_body(&mut response, &url, LONGEST_MANIFEST) {
                Ok(bytes) => break (response, url, bytes),
                Err(reason) => reason,
            };
            failed += 1;
            let wait = self.shared.patience.wait(failed, Duration::ZERO, None);
            let Some(wait) = wait.filter(|_| matches!(reason, Reason::Cut { .. })) else {
                return Err(self.error(&action, reason));
            };
            thread::sleep(wait);
        };
        let media_type = header(&response, CONTENT_TYPE.as_str()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let told: Option<Digest> =
            header(&response, DOCKER_CONTENT_DIGEST).and_then(|text| text.parse().ok());
        let digest = Digest::from_sha256(Sha256::digest(&bytes).into());
        let expected: Option<Digest> = identifier.parse().ok().or(told);
        if expected.is_some_and(|expected| expected != digest) {
            let what = format!("a manifest with the digest {digest} in place of another");
            return Err(self.error(&action, nonsense(&url, &what)));
        }
        Ok(Some(StoredManifest { bytes, digest, media_type }))
    }

    /// Whether there is a manifest or index of that tag or digest.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn has_manifest(&self, identifier: &str, accept: &[&str]) -> Result<bool, RegistryError> {
        let action = format!("look for '{}'", self.image(identifier));
        let accept = accept.join(",");
        let path = format!("manifests/{identifier}");
        let (response, url) = self.send(&action, Method::HEAD, &path, &[("accept", &accept)])?;
        let response = self.expect(&action, response, &url, &[200, 404])?;
        Ok(response.status() == 200)
    }

    /// Puts a manifest under a tag or its digest. Its blobs have to be there.
    ///
    /// # Errors
    /// The registry refuses; the tag then means what it meant before.
    pub fn put_manifest(
        &self,
        identifier: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<ManifestAnswer, RegistryError> {
        let action = format!("write the manifest of '{}'", self.image(identifier));
        let path = format!("manifests/{identifier}");
        let headers = [("content-type", media_type)];
        let url = |scheme| self.url(scheme, &path);
        let (response, url) = self.exchange(&action, Method::PUT, &url, &headers, Body::Bytes(bytes))?;
        let response = self.expect(&action, response, &url, &[201, 200, 202])?;
        let own = Digest::from_sha256(Sha256::digest(bytes).into());
        let told = header(&response, DOCKER_CONTENT_DIGEST).and_then(|text| text.parse().ok());
        Ok(ManifestAnswer { digest: told.unwrap_or(own) })
    }

    /// Removes a manifest, named by digest.
    ///
    /// # Errors
    /// The registry refuses; many don't allow it.
    pub fn delete_manifest(&self, digest: &str) -> Result<(), RegistryError> {
        let action = format!("remove '{}'", self.image(digest));
        let (response, url) = self.send(&action, Method::DELETE, &format!("manifests/{digest}"), &[])?;
        self.expect(&action, response, &url, &[200, 202, 404])?;
        Ok(())
    }
}
