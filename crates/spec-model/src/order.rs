//! `order.toml` and the `[[order]]` of composite buildpacks; `system.toml`.
//!
//! Spec: platform.md § order.toml, § system.toml; buildpack.md § Order.

use serde::{Deserialize, Serialize};

use crate::BuildpackId;

/// The groups that detection tries, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Groups of buildpacks.
    #[serde(default)]
    pub order: Vec<OrderGroup>,
    /// Groups of image extensions, each of which is tried with every group of buildpacks.
    #[serde(default, rename = "order-extensions", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<OrderGroup>,
}

/// One alternative of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderGroup {
    /// Its members, in the order of their execution.
    #[serde(default)]
    pub group: Vec<OrderElement>,
}

/// A reference to a buildpack or image extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderElement {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Whether the group may pass without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The execution environments it takes part in; empty means all. Buildpack API 0.12 and later.
    #[serde(default, rename = "exec-env", skip_serializing_if = "Vec::is_empty")]
    pub exec_env: Vec<String>,
}

/// `system.toml`: buildpacks that the platform adds to every group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemFile {
    /// The file's only table.
    #[serde(default)]
    pub system: System,
}

/// The buildpacks added before and behind each group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Added before the group's own members.
    #[serde(default)]
    pub pre: SystemBuildpacks,
    /// Added behind the group's own members.
    #[serde(default)]
    pub post: SystemBuildpacks,
}

/// A list of buildpacks in `system.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemBuildpacks {
    /// The buildpacks, in the order of their execution.
    #[serde(default)]
    pub buildpacks: Vec<OrderElement>,
}
