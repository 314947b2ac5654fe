//! Images made in code, in OCI layout form.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a helper that fails fails the test"
)]

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An image to be written. The default is an image for Linux on the host's architecture without layers,
/// in OCI form.
#[derive(Debug, Clone)]
pub struct ImageFixture {
    /// The layers, the bottom one first.
    pub layers: Vec<LayerFixture>,
    /// The config document; the layers are filled in.
    pub config: Value,
    /// Media types of Docker's form.
    pub docker: bool,
    /// The layers are left out of the blobs.
    pub sparse: bool,
}

/// A layer: its tar archive and its bytes as stored.
#[derive(Debug, Clone)]
pub struct LayerFixture {
    /// The tar archive.
    pub archive: Vec<u8>,
    /// The archive as stored.
    pub blob: Vec<u8>,
}

/// What an image's parts are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFixture {
    /// The manifest's digest.
    pub digest: String,
    /// The layers' digests as stored.
    pub layers: Vec<String>,
    /// The layers' diffIDs.
    pub diff_ids: Vec<String>,
}

/// The digest of bytes in the form `sha256:<hexadecimal digits>`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl LayerFixture {
    /// A compressed layer of files: paths with contents. A path that ends in `/` is a directory, a content
    /// that begins with `link:` makes a symbolic link.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_mode(if path.ends_with('/') { 0o755 } else { 0o644 });
            header.set_mtime(1_600_000_000);
            header.set_uid(0);
            header.set_gid(0);
            let kind = match (path.ends_with('/'), content.strip_prefix("link:")) {
                (true, _) => tar::EntryType::Directory,
                (false, Some(target)) => {
                    header.set_link_name(target).unwrap();
                    tar::EntryType::Symlink
                }
                (false, None) => tar::EntryType::Regular,
            };
            let content = if kind.is_symlink() { "" } else { content };
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        Self::compressed(archive.into_inner().unwrap())
    }

    /// A compressed layer of any bytes.
    #[must_use]
    pub fn compressed(archive: Vec<u8>) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&archive).unwrap();
        Self { archive, blob: encoder.finish().unwrap() }
    }

    /// The same layer, stored without compression.
    #[must_use]
    pub fn uncompressed(self) -> Self {
        Self { blob: self.archive.clone(), archive: self.archive }
    }
}

impl Default for ImageFixture {
    fn default() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let config = json!({ "architecture": architecture, "os": "linux", "config": {} });
        Self { layers: Vec::new(), config, docker: false, sparse: false }
    }
}

impl ImageFixture {
    /// With one more layer.
    #[must_use]
    pub fn layer(mut self, files: &[(&str, &str)]) -> Self {
        self.layers.push(LayerFixture::of(files));
        self
    }

    /// With a label.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.config["config"]["Labels"][name] = value.into();
        self
    }

    /// The image as an archive in the form that Docker loads.
    #[must_use]
    pub fn docker_archive(&self, name: &str) -> Vec<u8> {
        let diff_ids: Vec<_> = self.layers.iter().map(|layer| sha256(&layer.archive)).collect();
        let mut config = self.config.clone();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        let layers: Vec<_> = (0..self.layers.len()).map(|number| format!("{number}.tar")).collect();
        let list = json!([{ "Config": "config.json", "RepoTags": [name], "Layers": layers }]);
        let mut archive = tar::Builder::new(Vec::new());
        let mut add = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, name, bytes).unwrap();
        };
        add("config.json", config.to_string().as_bytes());
        add("manifest.json", list.to_string().as_bytes());
        layers.iter().zip(&self.layers).for_each(|(name, layer)| add(name, &layer.archive));
        archive.into_inner().unwrap()
    }

    /// Writes the image into a directory of its own.
    pub fn write(&self, dir: &Path) -> WrittenFixture {
        let written = self.add(dir);
        let media_type = self.media_type("manifest");
        let entry = json!({ "mediaType": media_type, "digest": written.digest, "size": blob_size(dir, &written.digest) });
        write_index(dir, &[entry]);
        written
    }

    /// Writes the image's blobs, but no index that lists it.
    pub fn add(&self, dir: &Path) -> WrittenFixture {
        let diff_ids: Vec<_> = self.layers.iter().map(|layer| sha256(&layer.archive)).collect();
        let mut config = self.config.clone();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        let config = write_blob(dir, config.to_string().as_bytes());
        let mut layers = Vec::new();
        for layer in &self.layers {
            let digest = sha256(&layer.blob);
            if !self.sparse {
                write_blob(dir, &layer.blob);
            }
            layers.push(json!({
                "mediaType": self.media_type(if layer.blob == layer.archive { "layer" } else { "gzip" }),
                "digest": digest,
                "size": layer.blob.len(),
            }));
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.media_type("manifest"),
            "config": { "mediaType": self.media_type("config"), "digest": config, "size": blob_size(dir, &config) },
            "layers": layers,
        });
        let digest = write_blob(dir, manifest.to_string().as_bytes());
        let layers = self.layers.iter().map(|layer| sha256(&layer.blob)).collect();
        WrittenFixture { digest, layers, diff_ids }
    }

    fn media_type(&self, kind: &str) -> &'static str {
        match (kind, self.docker) {
            ("manifest", false) => "application/vnd.oci.image.manifest.v1+json",
            ("manifest", true) => "application/vnd.docker.distribution.manifest.v2+json",
            ("config", false) => "application/vnd.oci.image.config.v1+json",
            ("config", true) => "application/vnd.docker.container.image.v1+json",
            ("gzip", false) => "application/vnd.oci.image.layer.v1.tar+gzip",
            ("gzip", true) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            (_, false) => "application/vnd.oci.image.layer.v1.tar",
            (_, true) => "application/vnd.docker.image.rootfs.diff.tar",
        }
    }
}

/// Stores bytes under their digest, which is returned.
fn write_blob(dir: &Path, bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    let path = dir.join("blobs").join(digest.replace(':', "/"));
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, bytes).unwrap();
    digest
}

fn blob_size(dir: &Path, digest: &str) -> u64 {
    fs_err::metadata(dir.join("blobs").join(digest.replace(':', "/"))).unwrap().len()
}

/// Writes the index of a layout directory: descriptors as JSON.
fn write_index(dir: &Path, entries: &[Value]) {
    let index = json!({ "schemaVersion": 2, "manifests": entries });
    fs_err::write(dir.join("index.json"), index.to_string()).unwrap();
    fs_err::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

impl WrittenFixture {
    /// Writes the index of a layout directory that offers each image for a platform `<os>/<architecture>`.
    /// If `nested`, the index is itself listed in another one, as tools that copy images from registries
    /// write them.
    pub fn write_index(dir: &Path, images: &[(&str, &Self)], nested: bool) {
        let entries: Vec<_> = images
            .iter()
            .map(|(platform, image)| {
                let (os, architecture) = platform.split_once('/').unwrap();
                json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": image.digest,
                    "size": blob_size(dir, &image.digest),
                    "platform": { "os": os, "architecture": architecture },
                })
            })
            .collect();
        if !nested {
            return write_index(dir, &entries);
        }
        let index = json!({ "schemaVersion": 2, "manifests": entries }).to_string();
        let digest = write_blob(dir, index.as_bytes());
        let media_type = "application/vnd.oci.image.index.v1+json";
        write_index(dir, &[json!({ "mediaType": media_type, "digest": digest, "size": index.len() })]);
    }
}
