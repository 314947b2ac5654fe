//! What a registry stores, seen and damaged from behind.

use std::path::PathBuf;

use crate::TestRegistry;

impl TestRegistry {
    /// The file of a blob, whether it exists or not.
    #[must_use]
    pub fn blob_file(&self, digest: &str) -> PathBuf {
        let (algorithm, hex) = digest.split_once(':').unwrap();
        self.root().join("blobs").join(algorithm).join(hex.get(..2).unwrap()).join(hex).join("data")
    }

    /// Whether a blob is stored, for whatever repository.
    #[must_use]
    pub fn has_blob(&self, digest: &str) -> bool {
        self.blob_file(digest).exists()
    }

    /// Whether a repository has a blob, as by an upload or a mount.
    #[must_use]
    pub fn repository_has_blob(&self, repository: &str, digest: &str) -> bool {
        self.layer_link(repository, digest).exists()
    }

    /// Forgets a blob in all repositories.
    pub fn remove_blob(&self, digest: &str) {
        fs_err::remove_file(self.blob_file(digest)).unwrap();
    }

    /// Forgets that a repository has a blob.
    pub fn remove_blob_from(&self, repository: &str, digest: &str) {
        fs_err::remove_file(self.layer_link(repository, digest)).unwrap();
    }

    /// Changes a byte in the middle of a blob, so that its length stays.
    pub fn corrupt_blob(&self, digest: &str) {
        let mut bytes = fs_err::read(self.blob_file(digest)).unwrap();
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle).unwrap() ^= 0xff;
        fs_err::write(self.blob_file(digest), bytes).unwrap();
    }

    /// Cuts a blob down to its first half.
    pub fn truncate_blob(&self, digest: &str) {
        let mut bytes = fs_err::read(self.blob_file(digest)).unwrap();
        bytes.truncate(bytes.len() / 2);
        fs_err::write(self.blob_file(digest), bytes).unwrap();
    }

    /// The digest of the manifest that a tag names.
    #[must_use]
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        let link = self.repository(repository).join("_manifests/tags").join(tag).join("current/link");
        fs_err::read_to_string(link).ok()
    }

    /// The names of a repository's tags, in order.
    #[must_use]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.names(repository, "_manifests/tags")
    }

    /// The uploads to a repository that were begun, and neither ended nor given up.
    #[must_use]
    pub fn open_uploads(&self, repository: &str) -> usize {
        // The registry leaves something of those that were given up, but not when they were begun.
        let uploads = self.repository(repository).join("_uploads");
        let names = self.names(repository, "_uploads").into_iter();
        names.filter(|name| uploads.join(name).join("startedat").exists()).count()
    }

    fn names(&self, repository: &str, below: &str) -> Vec<String> {
        let Ok(entries) = fs_err::read_dir(self.repository(repository).join(below)) else {
            return Vec::new();
        };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn layer_link(&self, repository: &str, digest: &str) -> PathBuf {
        self.repository(repository).join("_layers").join(digest.replace(':', "/")).join("link")
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.root().join("repositories").join(name)
    }

    fn root(&self) -> PathBuf {
        self.data_dir().join("docker/registry/v2")
    }
}
