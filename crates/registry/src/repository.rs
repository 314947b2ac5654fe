//! A repository in a registry: the steps of the distribution API.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use spec_model::Digest;
use ureq::http::Method;
use ureq::http::header::{CONTENT_TYPE, LOCATION};

use crate::Download;
use crate::authorization::Scope;
use crate::challenge;
use crate::client::{Access, Shared};
use crate::error::{Reason, RegistryError, Tried};
use crate::exchange::{self, Body, Request, Response};
use crate::token;
use crate::upload::Upload;
use crate::url::{Scheme, Url};

/// Manifests are small. Spec: distribution-spec § Pushing Manifests (registries take 4 MiB at least).
const LONGEST_MANIFEST: u64 = 8 * 1024 * 1024;

const DOCKER_CONTENT_DIGEST: &str = "docker-content-digest";

/// A repository in a registry.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Scope,
}

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

/// What became of the wish to take a blob over from another repository.
#[derive(Debug)]
pub enum Mount {
    /// The blob is there.
    Done,
    /// The blob has to be uploaded.
    Upload(Upload),
}

impl Repository {
    pub(crate) fn new(shared: Arc<Shared>, registry: &str, repository: &str, access: Access) -> Self {
        let (registry, repository) = (registry.to_owned(), repository.to_owned());
        Self { shared, scope: Scope { registry, repository, access, from: None } }
    }

    /// The registry's host and port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.scope.registry
    }

    /// The repository's name in the registry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.scope.repository
    }

    /// The repository's full name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.registry(), self.name())
    }

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
        let (response, url) =
            self.send(&action, Method::GET, &format!("manifests/{identifier}"), &[("accept", &accept)])?;
        if response.status() == 404 {
            return Ok(None);
        }
        let mut response = self.expect(&action, response, &url, &[200])?;
        let media_type = header(&response, CONTENT_TYPE.as_str()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let told: Option<Digest> =
            header(&response, DOCKER_CONTENT_DIGEST).and_then(|text| text.parse().ok());
        let bytes = exchange::read_body(&mut response, &url, LONGEST_MANIFEST)
            .map_err(|reason| self.error(&action, reason))?;
        let digest = Digest::from_sha256(Sha256::digest(&bytes).into());
        let expected: Option<Digest> = identifier.parse().ok().or(told);
        if expected.is_some_and(|expected| expected != digest) {
            let what = format!("a manifest with the digest {digest} in place of another");
            return Err(self.error(&action, exchange::nonsense(&url, &what)));
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
        match asking.exchange(&action, Method::POST, &url, &[], Body::Nothing) {
            Ok((response, _)) if response.status() == 201 => Ok(Mount::Done),
            Ok((response, url)) if response.status() == 202 => {
                Ok(Mount::Upload(Upload::begun(self.clone(), &response, &url)?))
            }
            // Who may not read there, or whose registry knows no mounting, may still write here.
            Ok(_) => self.upload().map(Mount::Upload),
            Err(error) if error.is_denied() => self.upload().map(Mount::Upload),
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

    /// Sends a request without a body to a path below the repository's.
    pub(crate) fn send(
        &self,
        action: &str,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Response, Url), RegistryError> {
        self.exchange(action, method, &|scheme| self.url(scheme, path), headers, Body::Nothing)
    }

    /// Sends a request, with what the registry wants to see, and tells from where the answer came.
    pub(crate) fn exchange(
        &self,
        action: &str,
        method: Method,
        url: &dyn Fn(Scheme) -> Url,
        headers: &[(&'static str, &str)],
        body: Body<'_>,
    ) -> Result<(Response, Url), RegistryError> {
        let silence =
            if method == Method::PUT { self.shared.patience.commit } else { self.shared.patience.silence };
        let scheme = self.shared.scheme(self.registry());
        let url = url(scheme);
        let request = Request { method, url: &url, headers, body, silence };
        let response = self.authorized(action, scheme, &request)?;
        Ok((response, url))
    }

    /// Sends a request; if the registry then asks for a credential, once more with it.
    fn authorized(
        &self,
        action: &str,
        scheme: Scheme,
        request: &Request<'_>,
    ) -> Result<Response, RegistryError> {
        let reason = |reason| self.error(action, reason);
        if !self.serves(request.url) {
            return exchange::patiently(&self.shared, request, None).map_err(reason);
        }
        let header = self.authorization(scheme)?;
        let response = exchange::patiently(&self.shared, request, header.as_deref()).map_err(reason)?;
        if response.status() != 401 {
            return Ok(response);
        }
        let values = response.headers().get_all("www-authenticate").iter();
        let Some(challenge) = challenge::choose(values.filter_map(|value| value.to_str().ok())) else {
            return Ok(response);
        };
        self.shared.authorizations.challenged(&self.scope, challenge);
        let header = self.authorization(scheme)?;
        if header.is_none() {
            return Ok(response);
        }
        exchange::patiently(&self.shared, request, header.as_deref()).map_err(reason)
    }

    /// Whether an address is the registry's own; what is meant for it is told to no other.
    pub(crate) fn serves(&self, url: &Url) -> bool {
        url.has_same_origin(&Url::new(url.scheme, self.registry(), "/"))
    }

    /// The `Authorization` header for this repository.
    pub(crate) fn authorization(&self, scheme: Scheme) -> Result<Option<String>, RegistryError> {
        self.shared.authorizations.header(&self.scope, |challenge, found| {
            token::fetch(&self.shared, &self.scope, scheme, challenge, found)
        })
    }

    pub(crate) fn expect(
        &self,
        action: &str,
        response: Response,
        url: &Url,
        expected: &[u16],
    ) -> Result<Response, RegistryError> {
        exchange::expect(response, url, expected).map_err(|reason| self.error(action, reason))
    }

    /// An error of this repository.
    pub(crate) fn error(&self, action: &str, reason: Reason) -> RegistryError {
        let tried = match &reason {
            Reason::Refused { status: 401 | 403, .. } => self.shared.authorizations.tried(&self.scope),
            _ => Tried::Irrelevant,
        };
        RegistryError { action: action.to_owned(), reason, tried }
    }

    fn url(&self, scheme: Scheme, path: &str) -> Url {
        Url::new(scheme, self.registry(), &format!("/v2/{}/{path}", self.name()))
    }

    fn image(&self, identifier: &str) -> String {
        let delimiter = if identifier.contains(':') { '@' } else { ':' };
        format!("{}{delimiter}{identifier}", self.full_name())
    }
}

/// The address in the `Location` header of an answer from `url`.
pub(crate) fn location(response: &Response, url: &Url) -> Option<Url> {
    header(response, LOCATION.as_str()).and_then(|location| url.join(location))
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}
