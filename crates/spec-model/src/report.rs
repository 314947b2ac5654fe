//! `report.toml`: what was exported or rebased.
//!
//! Spec: platform.md § report.toml.

use serde::{Deserialize, Serialize};

use crate::build_metadata::BomEntry;

/// `report.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The build's bill of materials; only before Platform API 0.9.
    #[serde(default, skip_serializing_if = "BuildReport::is_empty")]
    pub build: BuildReport,
    /// The image.
    #[serde(default)]
    pub image: ImageReport,
}

/// The bill of materials of the build environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildReport {
    /// Its entries.
    #[serde(default)]
    pub bom: Vec<BomEntry>,
}

impl BuildReport {
    fn is_empty(&self) -> bool {
        self.bom.is_empty()
    }
}

/// The image that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReport {
    /// All references to it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The image's id, if it was written to a daemon.
    #[serde(default, rename = "image-id", skip_serializing_if = "String::is_empty")]
    pub image_id: String,
    /// The manifest's digest, if it was written to a registry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The manifest's size in bytes, if it was written to a registry.
    #[serde(default, rename = "manifest-size", skip_serializing_if = "is_zero")]
    pub manifest_size: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
