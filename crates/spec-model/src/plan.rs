//! The build plan: what buildpacks provide and require during detection, and what became of it.
//!
//! Spec: buildpack.md § Build Plan, § Buildpack Plan; platform.md § plan.toml.

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::BuildpackId;

/// What one buildpack or extension writes during detection: a build plan and its alternatives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildPlan {
    /// What the first alternative offers.
    #[serde(default)]
    pub provides: Vec<Provide>,
    /// What the first alternative needs.
    #[serde(default)]
    pub requires: Vec<Require>,
    /// Further alternatives, tried in order.
    #[serde(default)]
    pub or: Vec<PlanSections>,
}

impl BuildPlan {
    /// All alternatives, in the order in which they are tried.
    #[must_use]
    pub fn alternatives(self) -> Vec<PlanSections> {
        let first = PlanSections { provides: self.provides, requires: self.requires };
        std::iter::once(first).chain(self.or).collect()
    }
}

/// One alternative of a build plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanSections {
    /// What it offers to buildpacks behind it and to itself.
    #[serde(default)]
    pub provides: Vec<Provide>,
    /// What it needs from buildpacks before it or from itself.
    #[serde(default)]
    pub requires: Vec<Require>,
}

/// A dependency that is provided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provide {
    /// The dependency's name.
    pub name: String,
}

/// A dependency that is required; also an entry of the buildpack plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Require {
    /// The dependency's name.
    pub name: String,
    /// A version outside of the metadata, as written before Buildpack API 0.3 deprecated it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// What the providing buildpack should know.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub metadata: Table,
}

/// `plan.toml`: the resolved build plan of the detected group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// One entry for each dependency.
    #[serde(default)]
    pub entries: Vec<PlanEntry>,
}

/// A dependency with all who provide and all who require it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// The buildpacks and extensions that may satisfy the requirements.
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// The requirements, all of the same name.
    #[serde(default)]
    pub requires: Vec<Require>,
}

/// A buildpack or extension that provides an entry of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Whether it is an image extension.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extension: bool,
}

/// The buildpack plan: the requirements that one buildpack is expected to satisfy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildpackPlan {
    /// The requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Require>,
}
