//! The stores that the contract is for, each with a way to put images into it from outside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use credentials::Keychain;
use image::Platform;
use image_store::{ImageStore, LayoutStore, RegistryStore};
use registry::{Client, Patience};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{ImageFixture, WrittenFixture, sha256};
use test_registry::{FaultProxy, TestRegistry};

/// A store. Names of images are `<repository>:<tag>`.
pub(crate) trait Backend {
    /// The store, which takes the images for the host, or for a platform.
    fn store(&self, platform: Option<Platform>) -> Box<dyn ImageStore>;

    /// What the store calls an image.
    fn reference(&self, name: &str) -> String;

    /// What identifies an image.
    fn identifier(&self, name: &str, digest: &str) -> String;

    /// Puts an image into the store.
    fn push(&self, name: &str, image: &ImageFixture) -> WrittenFixture;

    /// Puts an index into the store, whose entries are in the same repository and under the same tag.
    fn put_index(&self, name: &str, media_type: &str, index: &[u8]);

    /// The file that holds a blob of an image.
    fn blob(&self, name: &str, digest: &str) -> PathBuf;
}

/// All stores that this machine can run.
pub(crate) fn backends() -> Vec<Box<dyn Backend>> {
    let mut backends: Vec<Box<dyn Backend>> = vec![Box::new(Layout::new())];
    backends.extend(Registry::new().map(|registry| Box::new(registry) as Box<dyn Backend>));
    backends
}

/// Puts an index of images for platforms, `<os>/<architecture>[/<variant>]`, into a store; if `nested`, by way
/// of another index.
pub(crate) fn push_index(backend: &dyn Backend, name: &str, images: &[(&str, &ImageFixture)], nested: bool) {
    let docker = images.iter().any(|(_, image)| image.docker);
    let (manifest, list) = if docker {
        let types = "application/vnd.docker.distribution.manifest";
        (format!("{types}.v2+json"), format!("{types}.list.v2+json"))
    } else {
        let types = "application/vnd.oci.image";
        (format!("{types}.manifest.v1+json"), format!("{types}.index.v1+json"))
    };
    let entry = |media_type: &str, digest: &str| {
        let size = fs_err::metadata(backend.blob(name, digest)).unwrap().len();
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    };
    let put = |entries: &[Value]| {
        let index = json!({ "schemaVersion": 2, "mediaType": list, "manifests": entries }).to_string();
        backend.put_index(name, &list, index.as_bytes());
        sha256(index.as_bytes())
    };
    let entries: Vec<_> = images
        .iter()
        .map(|(platform, image)| {
            let mut entry = entry(&manifest, &backend.push(name, image).digest);
            let mut parts = platform.split('/');
            let (os, architecture) = (parts.next(), parts.next());
            let platform = match parts.next() {
                Some(variant) => json!({ "os": os, "architecture": architecture, "variant": variant }),
                None => json!({ "os": os, "architecture": architecture }),
            };
            entry.as_object_mut().unwrap().insert("platform".to_owned(), platform);
            entry
        })
        .collect();
    let index = put(&entries);
    if nested {
        put(&[entry(&list, &index)]);
    }
}

/// A layout directory.
pub(crate) struct Layout {
    dir: TempDir,
}

impl Layout {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("r.example").join(name.replace(':', "/"))
    }
}

impl Backend for Layout {
    fn store(&self, platform: Option<Platform>) -> Box<dyn ImageStore> {
        let store = LayoutStore::new(self.dir.path()).unwrap();
        match platform {
            Some(platform) => store.for_platform(platform),
            None => Box::new(store),
        }
    }

    fn reference(&self, name: &str) -> String {
        format!("r.example/{name}")
    }

    fn identifier(&self, name: &str, digest: &str) -> String {
        format!("{}@{digest}", self.path(name).display())
    }

    fn push(&self, name: &str, image: &ImageFixture) -> WrittenFixture {
        image.write(&self.path(name))
    }

    fn put_index(&self, name: &str, media_type: &str, index: &[u8]) {
        let digest = sha256(index);
        fs_err::write(self.blob(name, &digest), index).unwrap();
        let entry = json!({ "mediaType": media_type, "digest": digest, "size": index.len() });
        let root = json!({ "schemaVersion": 2, "manifests": [entry] }).to_string();
        fs_err::write(self.path(name).join("index.json"), root).unwrap();
    }

    fn blob(&self, name: &str, digest: &str) -> PathBuf {
        self.path(name).join("blobs").join(Path::new(&digest.replace(':', "/")))
    }
}

/// A registry, behind a proxy that counts.
pub(crate) struct Registry {
    pub(crate) proxy: FaultProxy,
    pub(crate) registry: TestRegistry,
}

impl Registry {
    pub(crate) fn new() -> Option<Self> {
        let registry = TestRegistry::plain()?;
        Some(Self { proxy: FaultProxy::before(&registry), registry })
    }

    pub(crate) fn registry_store() -> RegistryStore {
        RegistryStore::new(Client::new(&[], Keychain::default(), &[], PATIENCE))
    }
}

/// Long enough for a machine with more to do, too short to wait for.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    silence: Duration::from_secs(2),
    commit: Duration::from_secs(10),
    attempts: 4,
    first_wait: Duration::from_millis(20),
    longest_wait: Duration::from_secs(5),
};

impl Backend for Registry {
    fn store(&self, platform: Option<Platform>) -> Box<dyn ImageStore> {
        match platform {
            Some(platform) => Self::registry_store().for_platform(platform),
            None => Box::new(Self::registry_store()),
        }
    }

    fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.proxy.address())
    }

    fn identifier(&self, name: &str, digest: &str) -> String {
        let (repository, _) = name.split_once(':').unwrap();
        format!("{}/{repository}@{digest}", self.proxy.address())
    }

    fn push(&self, name: &str, image: &ImageFixture) -> WrittenFixture {
        self.registry.push(name, image)
    }

    fn put_index(&self, name: &str, media_type: &str, index: &[u8]) {
        let (repository, tag) = name.split_once(':').unwrap();
        assert_eq!(self.registry.put_manifest(repository, tag, media_type, index), 201);
    }

    fn blob(&self, _name: &str, digest: &str) -> PathBuf {
        self.registry.blob_file(digest)
    }
}
