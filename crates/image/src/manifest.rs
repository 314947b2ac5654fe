//! Image manifests and indexes, in OCI form and in the older one of Docker (schema 2).
//!
//! The types of `oci-spec` are not used for the documents themselves: they keep annotations in hash maps,
//! so that the bytes – and with them the digest – of a document would differ from run to run.

use std::collections::BTreeMap;

use oci_spec::image::MediaType;
use serde::{Deserialize, Serialize};
use spec_model::Digest;

use crate::config::ImageConfig;
use crate::document::{Document, MalformedDocument, parse, unset};

/// Media types of images: those of OCI are [`MediaType`]'s variants, these are Docker's.
pub mod media_type {
    pub use oci_spec::image::MediaType;

    /// A manifest of Docker's form.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// A config of Docker's form.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// An index of Docker's form.
    pub const DOCKER_MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// A gzip-compressed layer of Docker's form.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// A layer of Docker's form without compression.
    pub const DOCKER_ARCHIVE: &str = "application/vnd.docker.image.rootfs.diff.tar";

    /// The media type of layers that the lifecycle makes. They carry Docker's type whatever the image's
    /// form is: all tools read it, and existing app images have it.
    #[must_use]
    pub fn new_layer() -> MediaType {
        MediaType::from(DOCKER_LAYER)
    }

    /// Whether it is an index's.
    #[must_use]
    pub fn is_index(media_type: &MediaType) -> bool {
        *media_type == MediaType::ImageIndex || media_type.as_ref() == DOCKER_MANIFEST_LIST
    }
}

/// Names a document or layer by its digest.
///
/// Spec: OCI image-spec descriptor.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it names.
    pub media_type: MediaType,
    /// The number of bytes as stored.
    pub size: u64,
    /// The digest of the bytes as stored.
    pub digest: Digest,
    /// The bytes themselves in base64, where they are embedded.
    #[serde(default, skip_serializing_if = "unset")]
    pub data: Option<String>,
    /// Other places to get it from.
    #[serde(default, skip_serializing_if = "unset")]
    pub urls: Option<Vec<String>>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "unset")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// What platform the named image is for.
    #[serde(default, skip_serializing_if = "unset")]
    pub platform: Option<Platform>,
    /// The kind of artifact, if it is no image.
    #[serde(default, skip_serializing_if = "unset")]
    pub artifact_type: Option<String>,
}

/// An operating system and architecture, by Go's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// The processor architecture.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// The operating system's version.
    #[serde(rename = "os.version", skip_serializing_if = "unset")]
    pub os_version: Option<String>,
    /// What the image needs of the operating system.
    #[serde(rename = "os.features", skip_serializing_if = "unset")]
    pub os_features: Option<Vec<String>>,
    /// The variant of the architecture.
    #[serde(skip_serializing_if = "unset")]
    pub variant: Option<String>,
}

/// An image's manifest.
///
/// Spec: OCI image-spec manifest.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The manifest's own media type.
    #[serde(default, skip_serializing_if = "unset")]
    pub media_type: Option<MediaType>,
    /// The config document.
    pub config: Descriptor,
    /// The layers, the bottom one first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "unset")]
    pub annotations: BTreeMap<String, String>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "unset")]
    pub subject: Option<Descriptor>,
    /// The kind of artifact, if it is no image.
    #[serde(default, skip_serializing_if = "unset")]
    pub artifact_type: Option<String>,
}

/// A list of images for different platforms.
///
/// Spec: OCI image-spec image-index.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// Always 2.
    pub schema_version: u32,
    /// The index's own media type.
    #[serde(default, skip_serializing_if = "unset")]
    pub media_type: Option<MediaType>,
    /// The images, or further indexes.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "unset")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Names something by what is always known of it.
    #[must_use]
    pub fn new(media_type: MediaType, size: u64, digest: Digest) -> Self {
        Self {
            media_type,
            size,
            digest,
            data: None,
            urls: None,
            annotations: None,
            platform: None,
            artifact_type: None,
        }
    }
}

impl Platform {
    /// Linux on the architecture this program runs on.
    #[must_use]
    pub fn host() -> Self {
        let architecture = oci_spec::image::Arch::default().to_string();
        Self { architecture, os: "linux".to_owned(), ..Self::default() }
    }

    /// The variant, unless it is the one that its architecture has by default: some tools write it, some
    /// leave it out.
    fn significant_variant(&self) -> Option<&str> {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        match (self.architecture.as_str(), variant) {
            ("arm64", Some("v8")) | ("amd64", Some("v1")) => None,
            (_, variant) => variant,
        }
    }
}

impl Manifest {
    /// The manifest of an image without layers, with its own and its config's bytes.
    ///
    /// # Errors
    /// None are known; the JSON library asks for them.
    pub fn scratch(config: &ImageConfig) -> Result<(Self, Document, Document), serde_json::Error> {
        let config = Document::print(config)?;
        let manifest = Self {
            schema_version: 2,
            media_type: Some(MediaType::ImageManifest),
            config: Descriptor::new(MediaType::ImageConfig, config.size(), config.digest),
            layers: Vec::new(),
            annotations: BTreeMap::new(),
            subject: None,
            artifact_type: None,
        };
        let document = Document::print(&manifest)?;
        Ok((manifest, document, config))
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedDocument> {
        parse(bytes)
    }
}

impl ImageIndex {
    /// An index with one image, in OCI form.
    #[must_use]
    pub fn of(manifest: Descriptor) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MediaType::ImageIndex),
            manifests: vec![manifest],
            annotations: BTreeMap::new(),
        }
    }

    /// Reads an index.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedDocument> {
        parse(bytes)
    }

    /// Prints the index.
    ///
    /// # Errors
    /// None are known; the JSON library asks for them.
    pub fn print(&self) -> Result<Document, serde_json::Error> {
        Document::print(self)
    }

    /// The image for `platform`, or the next index to look into. An only image is taken for whatever
    /// platform it says; else operating system and architecture have to match, and of those images the one
    /// of the same variant is preferred to one without.
    #[must_use]
    pub fn select(&self, platform: &Platform) -> Option<&Descriptor> {
        if let [only] = self.manifests.as_slice() {
            return Some(only);
        }
        let fitting: Vec<_> = self
            .manifests
            .iter()
            .filter_map(|entry| Some((entry, entry.platform.as_ref()?)))
            .filter(|(_, other)| other.os == platform.os && other.architecture == platform.architecture)
            .collect();
        let with_variant = |variant| fitting.iter().find(|(_, other)| other.significant_variant() == variant);
        with_variant(platform.significant_variant()).or_else(|| with_variant(None)).map(|(entry, _)| *entry)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ImageIndex, Manifest, Platform};

    fn digest(n: u8) -> String {
        format!("sha256:{}", format!("{n:02x}").repeat(32))
    }

    fn index(platforms: &[Option<&str>]) -> ImageIndex {
        let manifests: Vec<_> = platforms
            .iter()
            .zip(0..)
            .map(|(platform, n)| {
                let mut parts = platform.unwrap_or_default().split('/');
                let platform = platform.map(
                    |_| json!({ "os": parts.next(), "architecture": parts.next(), "variant": parts.next() }),
                );
                json!({ "mediaType": "x", "size": 1, "digest": digest(n), "platform": platform })
            })
            .collect();
        ImageIndex::parse(json!({ "schemaVersion": 2, "manifests": manifests }).to_string().as_bytes())
            .unwrap()
    }

    fn platform(architecture: &str, variant: Option<&str>) -> Platform {
        let variant = variant.map(str::to_owned);
        Platform { architecture: architecture.into(), os: "linux".into(), variant, ..Platform::default() }
    }

    #[test]
    fn an_image_is_selected_by_platform() {
        let many = index(&[
            None,
            Some("unknown/unknown"),
            Some("windows/amd64"),
            Some("linux/arm/v7"),
            Some("linux/arm/v6"),
            Some("linux/arm64/v8"),
            Some("linux/amd64"),
            Some("linux/amd64/v3"),
        ]);
        for (architecture, variant, expected) in [
            ("amd64", None, Some(6)),
            ("amd64", Some("v3"), Some(7)),
            ("amd64", Some("v2"), Some(6)),
            ("arm64", None, Some(5)),
            ("arm64", Some("v8"), Some(5)),
            ("arm", Some("v6"), Some(4)),
            ("arm", None, None),
            ("s390x", None, None),
        ] {
            let selected =
                many.select(&platform(architecture, variant)).map(|entry| entry.digest.to_string());
            assert_eq!(selected, expected.map(digest), "{architecture} {variant:?}");
        }
        assert!(index(&[Some("windows/amd64")]).select(&platform("s390x", None)).is_some());
        assert!(index(&[]).select(&platform("amd64", None)).is_none());
    }

    #[test]
    fn a_manifest_of_another_shape_is_refused_by_key() {
        let manifest =
            json!({ "schemaVersion": 2, "config": { "mediaType": "x", "size": -1, "digest": digest(1) } });
        let error = Manifest::parse(manifest.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains("config.size"), "{error}");
        let error = Manifest::parse(b"<html>").unwrap_err();
        assert!(error.to_string().contains("is not JSON"), "{error}");
    }
}
