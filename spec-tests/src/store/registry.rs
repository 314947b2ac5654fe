//! Images in a registry, by the plain requests of the distribution specification.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use test_kit::{ImageFixture, WrittenFixture};
use test_registry::Request;

use crate::scene::{Blobs, Image};
use crate::verdict::{Failure, Verdict};

/// A registry over HTTP that asks for no credentials.
#[derive(Debug, Clone)]
pub(crate) struct RegistryAt {
    address: String,
    /// Blobs that were put, by repository and digest, so that none is sent twice.
    blobs: Arc<Mutex<BTreeSet<(String, String)>>>,
}

const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

impl RegistryAt {
    pub(crate) fn new(address: String) -> Self {
        Self { address, blobs: Arc::default() }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn url(&self, repository: &str, rest: &str) -> String {
        format!("http://{}/v2/{repository}/{rest}", self.address)
    }

    /// Puts an image at `<repository>:<tag>`.
    pub(crate) fn put(&self, repository: &str, tag: &str, image: &ImageFixture) -> WrittenFixture {
        let layout = tempfile::tempdir().expect("a directory for an image");
        let written = image.add(layout.path());
        let read = |digest: &str| fs_err::read(blob(layout.path(), digest)).expect("a blob");
        let bytes = read(&written.digest);
        let manifest: Value = serde_json::from_slice(&bytes).expect("a manifest");
        let config = manifest.pointer("/config/digest").and_then(Value::as_str).expect("a config");
        let layers = if image.sparse { &[][..] } else { &written.layers };
        for digest in layers.iter().map(String::as_str).chain([config]) {
            self.put_blob(repository, digest, &read(digest));
        }
        let media_type = manifest.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        self.put_manifest(repository, tag, media_type, &bytes);
        written
    }

    fn put_blob(&self, repository: &str, digest: &str, bytes: &[u8]) {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if !blobs.insert((repository.to_owned(), digest.to_owned())) {
            return;
        }
        drop(blobs);
        let begun = Request::new("POST", &self.url(repository, "blobs/uploads/")).send().expect("an upload");
        let location = begun.header("Location").expect("a place for the upload").to_owned();
        let separator = if location.contains('?') { '&' } else { '?' };
        let location =
            if location.starts_with('/') { format!("http://{}{location}", self.address) } else { location };
        let request = Request::new("PUT", &format!("{location}{separator}digest={digest}"))
            .header("Content-Type", "application/octet-stream");
        let ended = request.body(bytes, bytes.len() as u64).send().expect("the end of an upload");
        assert_eq!(ended.status, 201, "{digest} is refused: {ended:?}");
    }

    /// Puts a manifest of any bytes at a tag.
    pub(crate) fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) {
        let request = Request::new("PUT", &self.url(repository, &format!("manifests/{tag}")));
        let request = request.header("Content-Type", media_type);
        let answer = request.body(bytes, bytes.len() as u64).send().expect("an answer");
        assert_eq!(answer.status, 201, "the manifest of {repository}:{tag} is refused: {answer:?}");
    }

    /// The digest of what a tag names.
    pub(crate) fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        let request = Request::new("HEAD", &self.url(repository, &format!("manifests/{tag}")));
        let answer = request.header("Accept", MANIFESTS).send().expect("an answer");
        if answer.status == 200 { answer.header("Docker-Content-Digest").map(str::to_owned) } else { None }
    }

    /// Reads an image by tag or digest.
    pub(crate) fn read(&self, repository: &str, tag: &str) -> Verdict<Image> {
        let name = format!("{}/{repository}:{tag}", self.address);
        let missing =
            || Failure::new(format!("the image {name}"), "it is there", "the registry has no such manifest");
        let digest = self.digest(repository, tag).ok_or_else(missing)?;
        Image::read(&name, &digest, Blobs::Registry(self.clone(), repository.to_owned()))
    }

    /// The bytes of a manifest or blob, if it is there.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        ["manifests", "blobs"].iter().find_map(|kind| {
            let request = Request::new("GET", &self.url(repository, &format!("{kind}/{digest}")));
            let answer = request.header("Accept", MANIFESTS).send().expect("an answer");
            (answer.status == 200).then_some(answer.body)
        })
    }
}

fn blob(layout: &Path, digest: &str) -> std::path::PathBuf {
    layout.join("blobs").join(digest.replace(':', "/"))
}
