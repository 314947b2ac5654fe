//! The label `io.buildpacks.lifecycle.metadata`, in `analyzed.toml` the table `[metadata]`, and the same
//! facts about a cache: which layer belongs to what.
//!
//! The types read both forms. As TOML they print by themselves; the label's JSON is printed by
//! [`LifecycleMetadata::label`] because the two forms name some keys differently.
//! Spec: platform.md § io.buildpacks.lifecycle.metadata, § analyzed.toml.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use toml::Value;

use crate::launch::Store;
use crate::run::{RunImageChoice, StackFile};
use crate::{BuildpackId, DiffId};

/// What an app image is made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LifecycleMetadata {
    /// The app layers, one a slice.
    #[serde(default, deserialize_with = "app_layers", skip_serializing_if = "Vec::is_empty")]
    pub app: Vec<LayerRef>,
    /// The layer of SBOM files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<LayerRef>,
    /// The buildpacks of the group with their launch layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buildpacks: Vec<BuildpackLayers>,
    /// The layer of `<layers>/config`.
    #[serde(default)]
    pub config: LayerRef,
    /// The layer of the launcher.
    #[serde(default)]
    pub launcher: LayerRef,
    /// The layer of links named for the process types.
    #[serde(default, rename = "process-types")]
    pub process_types: LayerRef,
    /// The run image.
    #[serde(default, rename = "run-image", alias = "runImage")]
    pub run_image: RunImageMetadata,
    /// The run image's names as platforms read them before Platform API 0.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackMetadata>,
}

/// A layer by its diffID; empty where there is no such layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRef {
    /// The diffID as written.
    #[serde(default)]
    pub sha: String,
}

impl LayerRef {
    /// The diffID, where there is a layer and the text is one.
    #[must_use]
    pub fn diff_id(&self) -> Option<DiffId> {
        self.sha.parse().ok()
    }
}

impl From<DiffId> for LayerRef {
    fn from(diff_id: DiffId) -> Self {
        Self { sha: diff_id.to_string() }
    }
}

/// The layers of one buildpack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildpackLayers {
    /// The buildpack's id.
    pub key: BuildpackId,
    /// The buildpack's version.
    #[serde(default)]
    pub version: String,
    /// Its layers by name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: BTreeMap<String, BuildpackLayer>,
    /// What it stored for the next build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
}

/// A layer of a buildpack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildpackLayer {
    /// The diffID as written.
    #[serde(default)]
    pub sha: String,
    /// What the buildpack tells of its contents.
    #[serde(default, rename = "metadata", alias = "data", skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Buildpacks behind this one see the layer.
    #[serde(default)]
    pub build: bool,
    /// The layer is part of the app image.
    #[serde(default)]
    pub launch: bool,
    /// The layer's contents are kept for the next build.
    #[serde(default)]
    pub cache: bool,
}

impl BuildpackLayer {
    /// The diffID, where the text is one.
    #[must_use]
    pub fn diff_id(&self) -> Option<DiffId> {
        self.sha.parse().ok()
    }
}

/// The run image an app image is based on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunImageMetadata {
    /// The diffID of its top layer.
    #[serde(default, rename = "top-layer", alias = "topLayer")]
    pub top_layer: String,
    /// What identifies it: a digest reference, an image id or a layout path with digest.
    #[serde(default)]
    pub reference: String,
    /// Its name. Platform API 0.12 and later.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Its mirrors. Platform API 0.12 and later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
}

/// The deprecated table `stack`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackMetadata {
    /// The run image's names.
    #[serde(default, rename = "run-image", alias = "runImage")]
    pub run_image: RunImageChoice,
}

impl From<StackFile> for StackMetadata {
    fn from(stack: StackFile) -> Self {
        Self { run_image: stack.run_image }
    }
}

impl LifecycleMetadata {
    /// The entry of a buildpack, if it took part.
    #[must_use]
    pub fn buildpack(&self, id: &BuildpackId) -> Option<&BuildpackLayers> {
        self.buildpacks.iter().find(|entry| entry.key == *id)
    }
}

/// What a cache holds: the file `io.buildpacks.lifecycle.cache.metadata` of a cache directory and the
/// label of that name of a cache image.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CacheMetadata {
    /// The layer of SBOM files.
    #[serde(default)]
    pub sbom: LayerRef,
    /// The buildpacks with their cached layers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub buildpacks: Vec<BuildpackLayers>,
}

impl CacheMetadata {
    /// The entry of a buildpack, if the cache has one.
    #[must_use]
    pub fn buildpack(&self, id: &BuildpackId) -> Option<&BuildpackLayers> {
        self.buildpacks.iter().find(|entry| entry.key == *id)
    }
}

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Images of the first lifecycles had one app layer, not a list; nothing can be reused of it.
fn app_layers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LayerRef>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum App {
        Layers(Vec<LayerRef>),
        Other(serde::de::IgnoredAny),
    }
    Ok(match App::deserialize(deserializer)? {
        App::Layers(layers) => layers,
        App::Other(_) => Vec::new(),
    })
}
