//! Images put into a registry by other means than those under test.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{ImageFixture, WrittenFixture, sha256};

use crate::{Request, TestRegistry};

impl TestRegistry {
    /// Puts an image into the registry, whatever credentials that asks of others. The reference is
    /// `<repository>:<tag>`, without the registry. Media types are as the fixture says.
    pub fn push(&self, reference: &str, image: &ImageFixture) -> WrittenFixture {
        let layout = tempfile::tempdir().unwrap();
        let written = image.add(layout.path());
        let (repository, tag) = reference.rsplit_once(':').expect("a repository and a tag");
        self.push_manifest(repository, tag, layout.path(), &written.digest);
        written
    }

    /// Puts an index into the registry that offers an image for each platform, `<os>/<architecture>` or
    /// `<os>/<architecture>/<variant>`; its digest is returned. If the first image has Docker's media
    /// types, so has the index.
    pub fn push_index(&self, reference: &str, images: &[(&str, &ImageFixture)]) -> String {
        let (repository, tag) = reference.rsplit_once(':').expect("a repository and a tag");
        let layout = tempfile::tempdir().unwrap();
        let mut entries = Vec::new();
        for (platform, image) in images {
            let digest = image.add(layout.path()).digest;
            let (manifest, media_type) = self.push_manifest(repository, &digest, layout.path(), &digest);
            let mut parts = platform.split('/');
            let mut platform = json!({ "os": parts.next(), "architecture": parts.next() });
            if let (Some(variant), Some(fields)) = (parts.next(), platform.as_object_mut()) {
                fields.insert("variant".to_owned(), variant.into());
            }
            let size = manifest.len();
            entries.push(json!({
                "mediaType": media_type, "digest": digest, "size": size, "platform": platform,
            }));
        }
        let media_type = if images.first().is_some_and(|(_, image)| image.docker) {
            "application/vnd.docker.distribution.manifest.list.v2+json"
        } else {
            "application/vnd.oci.image.index.v1+json"
        };
        let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": entries }).to_string();
        self.put_manifest(repository, tag, media_type, index.as_bytes());
        sha256(index.as_bytes())
    }

    /// Puts the one image of an OCI layout directory into the registry; its digest is returned.
    pub fn push_layout(&self, reference: &str, layout: &Path) -> String {
        let (repository, tag) = reference.rsplit_once(':').expect("a repository and a tag");
        let index: Value = serde_json::from_slice(&fs_err::read(layout.join("index.json")).unwrap()).unwrap();
        let digest = index.pointer("/manifests/0/digest").and_then(Value::as_str).expect("an image");
        self.push_manifest(repository, tag, layout, digest);
        digest.to_owned()
    }

    /// Puts a manifest of any bytes into the registry, which may refuse it; the status is returned.
    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, manifest: &[u8]) -> u16 {
        let url = format!("http://{}/v2/{repository}/manifests/{tag}", self.open_address());
        let request = Request::new("PUT", &url).header("Content-Type", media_type);
        request.body(manifest, manifest.len() as u64).send().unwrap().status
    }

    /// Puts a blob into a repository; its digest is returned.
    pub fn push_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("blob");
        fs_err::write(&file, bytes).unwrap();
        let digest = sha256(bytes);
        self.push_file(repository, &digest, &file);
        digest
    }

    /// Puts an image or index with all it refers to into the registry; its bytes and media type are
    /// returned.
    fn push_manifest(&self, repository: &str, tag: &str, layout: &Path, digest: &str) -> (Vec<u8>, String) {
        let blob = |digest: &str| layout.join("blobs").join(digest.replace(':', "/"));
        let bytes = fs_err::read(blob(digest)).unwrap();
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let entries = |key: &str| manifest.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let digest_of =
            |entry: &Value| entry.get("digest").and_then(Value::as_str).expect("a digest").to_owned();
        for image in entries("manifests").iter().map(digest_of) {
            self.push_manifest(repository, &image, layout, &image);
        }
        for part in entries("layers").iter().chain(manifest.get("config")).map(digest_of) {
            self.push_file(repository, &part, &blob(&part));
        }
        let kind = if manifest.get("config").is_some() { "manifest" } else { "index" };
        let default = format!("application/vnd.oci.image.{kind}.v1+json");
        let media_type = manifest.get("mediaType").and_then(Value::as_str).unwrap_or(&default).to_owned();
        let status = self.put_manifest(repository, tag, &media_type, &bytes);
        assert_eq!(status, 201, "the manifest of {repository}:{tag} is refused");
        (bytes, media_type)
    }

    /// Uploads a blob, with bounded memory.
    fn push_file(&self, repository: &str, digest: &str, file: &Path) {
        let url = format!("http://{}/v2/{repository}/blobs/uploads/", self.open_address());
        let begun = Request::new("POST", &url).send().unwrap();
        let location = begun.header("Location").unwrap_or_else(|| panic!("{begun:?}"));
        let url = format!("{location}&digest={digest}");
        let length = fs_err::metadata(file).unwrap().len();
        let request = Request::new("PUT", &url).header("Content-Type", "application/octet-stream");
        let ended = request.body(fs_err::File::open(file).unwrap(), length).send().unwrap();
        assert_eq!(ended.status, 201, "{digest} is refused: {ended:?}");
    }
}
