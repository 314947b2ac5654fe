//! An image's config document.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spec_model::DiffId;

use crate::container_config::ContainerConfig;
use crate::document::{MalformedDocument, parse, unset};

/// An image's config document. Fields print in the order that tools written in Go print them, keys
/// unknown here behind them.
///
/// Spec: OCI image-spec config.md.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// The processor architecture, by Go's names.
    pub architecture: String,
    /// Who made the image.
    #[serde(skip_serializing_if = "unset")]
    pub author: String,
    /// When the image was made, in RFC 3339 form.
    #[serde(skip_serializing_if = "unset")]
    pub created: Option<String>,
    /// The version of Docker that made the image.
    #[serde(skip_serializing_if = "unset")]
    pub docker_version: String,
    /// How each layer came about.
    #[serde(skip_serializing_if = "unset")]
    pub history: Vec<History>,
    /// The operating system, by Go's names.
    pub os: String,
    /// The layers.
    pub rootfs: RootFs,
    /// How a container is run from the image.
    pub config: ContainerConfig,
    /// The operating system's version.
    #[serde(rename = "os.version", skip_serializing_if = "unset")]
    pub os_version: String,
    /// The variant of the architecture.
    #[serde(skip_serializing_if = "unset")]
    pub variant: String,
    /// What the image needs of the operating system.
    #[serde(rename = "os.features", skip_serializing_if = "unset")]
    pub os_features: Vec<String>,
    /// Keys unknown here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a layer came about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Who made the layer.
    #[serde(skip_serializing_if = "unset")]
    pub author: String,
    /// When, in RFC 3339 form.
    #[serde(skip_serializing_if = "unset")]
    pub created: Option<String>,
    /// What made the layer.
    #[serde(skip_serializing_if = "unset")]
    pub created_by: String,
    /// A remark.
    #[serde(skip_serializing_if = "unset")]
    pub comment: String,
    /// The step changed the config only; there is no layer.
    #[serde(skip_serializing_if = "unset")]
    pub empty_layer: bool,
}

/// The layers of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The diffIDs, the bottom layer first.
    pub diff_ids: Vec<DiffId>,
}

impl Default for RootFs {
    fn default() -> Self {
        Self { kind: "layers".to_owned(), diff_ids: Vec::new() }
    }
}

impl ImageConfig {
    /// Reads a config document.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedDocument> {
        parse(bytes)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.get(name).map(String::as_str)
    }
}
