//! Target data: what operating system, architecture and distribution an image is for.
//!
//! Spec: platform.md § Target Data, buildpack.md § Targets.

use serde::{Deserialize, Serialize};

/// The target data of an image, as `analyzed.toml` records it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetData {
    /// The target ID, from the label `io.buildpacks.base.id`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The operating system.
    #[serde(default)]
    pub os: String,
    /// The architecture.
    #[serde(default)]
    pub arch: String,
    /// The architecture's variant; the specification calls the key `variant`, platforms in the field read
    /// `arch-variant`, as the reference lifecycle writes it.
    #[serde(default, rename = "arch-variant", alias = "variant", skip_serializing_if = "String::is_empty")]
    pub arch_variant: String,
    /// The distribution, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distro: Option<Distro>,
}

/// A distribution of an operating system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distro {
    /// Its name, for example `debian`.
    #[serde(default)]
    pub name: String,
    /// Its version, for example `12`.
    #[serde(default)]
    pub version: String,
}

/// A target that a buildpack or extension declares. An empty field matches anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildpackTarget {
    /// The operating system.
    #[serde(default)]
    pub os: String,
    /// The architecture.
    #[serde(default)]
    pub arch: String,
    /// The architecture's variant. The specification calls the key `variant`; buildpacks in the field are
    /// tested with the reference lifecycle, which ignores that one and reads this.
    #[serde(default, rename = "arch-variant")]
    pub arch_variant: String,
    /// The distributions, one of which has to match.
    #[serde(default)]
    pub distros: Vec<Distro>,
}
