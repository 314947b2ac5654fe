//! `group.toml`: the group that passed detection, as `detector` writes it and later phases read it.
//!
//! Spec: platform.md § group.toml.

use serde::{Deserialize, Serialize};

use crate::BuildpackId;

/// The detected group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The buildpacks, in the order of their execution.
    #[serde(default)]
    pub group: Vec<GroupElement>,
    /// The image extensions, in the order of their execution.
    #[serde(default, rename = "group-extensions", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<GroupElement>,
}

/// A buildpack or image extension of the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupElement {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The Buildpack API it implements, as written in its descriptor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Where users read more about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub homepage: String,
    /// Whether the order marked it optional.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl GroupElement {
    /// `<id>@<version>`, as users know it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }
}
