//! `extend-config.toml`: build arguments for the Dockerfiles of an image extension.
//!
//! Spec: `image_extension.md` § extend-config.toml.

use serde::Deserialize;

/// `extend-config.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExtendConfig {
    /// For the build image.
    #[serde(default)]
    pub build: ExtendTarget,
    /// For the run image.
    #[serde(default)]
    pub run: ExtendTarget,
}

/// What applies to one of the two images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExtendTarget {
    /// Build arguments.
    #[serde(default)]
    pub args: Vec<BuildArg>,
}

/// A build argument.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BuildArg {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}
