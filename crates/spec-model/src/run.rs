//! `run.toml` and `stack.toml`: the run images a platform offers, with their mirrors.
//!
//! Spec: platform.md § run.toml; platform.md 0.11 § stack.toml.

use serde::{Deserialize, Serialize};

/// `run.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// The run images, the preferred one first.
    #[serde(default)]
    pub images: Vec<RunImageChoice>,
}

/// A run image and the places it can also be had from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunImageChoice {
    /// The image's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Names of the same image in other registries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
}

impl RunImageChoice {
    /// The image and its mirrors, in the order of preference.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.image.as_str())
            .filter(|image| !image.is_empty())
            .chain(self.mirrors.iter().map(String::as_str))
    }
}

/// `stack.toml`, before Platform API 0.12.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFile {
    /// The run image.
    #[serde(default, rename = "run-image")]
    pub run_image: RunImageChoice,
}
