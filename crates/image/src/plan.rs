//! How a new image's documents follow from its base and from what is put on top of it.
//!
//! The config is written byte for byte as other lifecycles write it: the same app has the same image id
//! whoever builds it. Spec: platform.md § exporter, § Build Reproducibility.

use std::collections::BTreeMap;

use spec_model::DiffId;

use crate::config::{History, ImageConfig};
use crate::container_config::ContainerConfig;
use crate::document::Document;
use crate::manifest::{Descriptor, Manifest, media_type::MediaType};
use crate::timestamp::Timestamp;

/// What becomes of a base: the documents of a new image.
pub trait Plan: Send + Sync {
    /// The layers on top of the base's, the lowest first.
    fn layers(&self) -> &[NewLayer];

    /// Prints the documents of the image that the plan makes of a base. `annotations` are added to the
    /// manifest's; which ones is the store's affair.
    ///
    /// # Errors
    /// None are known; the JSON library asks for them.
    fn apply(
        &self,
        base: &Manifest,
        base_config: &ImageConfig,
        annotations: BTreeMap<String, String>,
    ) -> Result<ImageDocuments, serde_json::Error>;
}

/// What a new image adds to its base.
#[derive(Debug, Clone)]
pub struct ImagePlan {
    /// The layers on top of the base's, the lowest first.
    pub layers: Vec<NewLayer>,
    /// Takes the place of the base's container config, where extensions have changed it.
    pub extended_config: Option<ContainerConfig>,
    /// Labels to set; a later one of the same name wins.
    pub labels: Vec<(String, String)>,
    /// Variables to set, by name, where the base has them or else behind the others.
    pub env: Vec<(String, String)>,
    /// The entry point. The base's default command is dropped with its entry point.
    pub entrypoint: Vec<String>,
    /// The working directory.
    pub working_dir: String,
    /// When the image was made, and each layer of it.
    pub created: Timestamp,
    /// Whether the history tells what made each layer.
    pub tells_history: bool,
}

/// A layer on top of the base's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLayer {
    /// The layer as stored.
    pub descriptor: Descriptor,
    /// The layer as a tar archive.
    pub diff_id: DiffId,
    /// What made it, for the history.
    pub created_by: String,
}

/// The documents of a new image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDocuments {
    /// The config.
    pub config: Document,
    /// The manifest.
    pub manifest: Document,
    /// The manifest's media type.
    pub media_type: MediaType,
}

impl ImageDocuments {
    pub(crate) fn print(config: Document, manifest: &Manifest) -> Result<Self, serde_json::Error> {
        // A manifest need not say its own media type; one of Docker's form always does.
        let media_type = manifest.media_type.clone().unwrap_or(MediaType::ImageManifest);
        Ok(Self { config, manifest: Document::print(manifest)?, media_type })
    }
}

/// Keys of the base that describe the container it was committed from, not the image.
const OF_THE_CONTAINER: [&str; 2] = ["container", "container_config"];

impl Plan for ImagePlan {
    fn layers(&self) -> &[NewLayer] {
        &self.layers
    }

    fn apply(
        &self,
        base: &Manifest,
        base_config: &ImageConfig,
        annotations: BTreeMap<String, String>,
    ) -> Result<ImageDocuments, serde_json::Error> {
        let config = Document::print(&self.config(base_config))?;
        let mut manifest = base.clone();
        manifest.config = Descriptor::new(base.config.media_type.clone(), config.size(), config.digest);
        manifest.layers.extend(self.layers.iter().map(|layer| layer.descriptor.clone()));
        manifest.annotations.extend(annotations);
        // What the base is about, the new image is not.
        manifest.subject = None;
        ImageDocuments::print(config, &manifest)
    }
}

impl ImagePlan {
    fn config(&self, base: &ImageConfig) -> ImageConfig {
        let mut config = base.clone();
        config.created = Some(self.created.to_string());
        config.history = self.history(base);
        config.rootfs.diff_ids.extend(self.layers.iter().map(|layer| layer.diff_id));
        config.other.retain(|key, _| !OF_THE_CONTAINER.contains(&key.as_str()));
        if let Some(extended) = &self.extended_config {
            config.config = extended.clone();
        }
        config.config.labels.extend(self.labels.iter().cloned());
        for (name, value) in &self.env {
            config.config.set_env(name, value);
        }
        config.config.entrypoint.clone_from(&self.entrypoint);
        config.config.cmd.clear();
        config.config.working_dir.clone_from(&self.working_dir);
        config
    }

    fn history(&self, base: &ImageConfig) -> Vec<History> {
        let of_plan = self
            .layers
            .iter()
            .map(|layer| History { created_by: layer.created_by.clone(), ..History::default() });
        let created = Some(self.created.to_string());
        layer_history(base)
            .into_iter()
            .chain(of_plan)
            .map(|entry| if self.tells_history { entry } else { History::default() })
            .map(|entry| History { created: created.clone(), ..entry })
            .collect()
    }
}

/// The history of a base, one entry a layer. Entries that belong to no layer are left out; where what remains
/// does not match the layers, it tells nothing of them.
pub(crate) fn layer_history(base: &ImageConfig) -> Vec<History> {
    let layers = base.rootfs.diff_ids.len();
    let told: Vec<_> = base.history.iter().filter(|entry| !entry.empty_layer).cloned().collect();
    if told.len() == layers { told } else { vec![History::default(); layers] }
}
