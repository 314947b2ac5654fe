//! `analyzed.toml`: what is known of the previous image, the run image and the build image.
//!
//! Spec: platform.md § analyzed.toml.

use serde::{Deserialize, Serialize};

use crate::lifecycle_metadata::LifecycleMetadata;
use crate::target::TargetData;

/// `analyzed.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Analyzed {
    /// The previous image, if there is one.
    #[serde(default, rename = "image", skip_serializing_if = "Option::is_none")]
    pub previous_image: Option<ImageIdentifier>,
    /// The previous image's layers.
    #[serde(default)]
    pub metadata: LifecycleMetadata,
    /// The run image.
    #[serde(default, rename = "run-image", skip_serializing_if = "Option::is_none")]
    pub run_image: Option<RunImage>,
    /// The build image, if it may be extended.
    #[serde(default, rename = "build-image", skip_serializing_if = "Option::is_none")]
    pub build_image: Option<ImageIdentifier>,
}

impl Analyzed {
    /// What identifies the previous image, if there is one. Some platforms and the reference lifecycle
    /// write an empty reference where there is none.
    #[must_use]
    pub fn previous_image_reference(&self) -> Option<&str> {
        let image = self.previous_image.as_ref()?;
        Some(image.reference.as_str()).filter(|reference| !reference.is_empty())
    }
}

/// An image by what identifies it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageIdentifier {
    /// A digest reference, the id of an image in a daemon, or the path of an image in layout form.
    #[serde(default)]
    pub reference: String,
}

/// The run image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunImage {
    /// What identifies it; see [`ImageIdentifier::reference`].
    #[serde(default)]
    pub reference: String,
    /// Its name, as the platform or an extension gave it. Platform API 0.12 and later.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Whether extensions extend it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extend: bool,
    /// Its target data. Platform API 0.12 and later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetData>,
}
