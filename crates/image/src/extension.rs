//! How an extended image's documents follow from its base and from what the Dockerfiles of image extensions
//! made of it. Spec: platform.md § extender.

use std::collections::BTreeMap;

use crate::config::{History, ImageConfig};
use crate::container_config::ContainerConfig;
use crate::document::Document;
use crate::manifest::{Descriptor, Manifest};
use crate::plan::{ImageDocuments, NewLayer, Plan, layer_history};

/// What extensions make of a base.
#[derive(Debug, Clone)]
pub struct ExtensionPlan {
    /// The layers on top of the base's, the lowest first.
    pub layers: Vec<NewLayer>,
    /// How a container is run from the extended image.
    pub config: ContainerConfig,
    /// Who made the image, if the Dockerfiles say so.
    pub author: Option<String>,
}

impl Plan for ExtensionPlan {
    fn layers(&self) -> &[NewLayer] {
        &self.layers
    }

    fn apply(
        &self,
        base: &Manifest,
        base_config: &ImageConfig,
        annotations: BTreeMap<String, String>,
    ) -> Result<ImageDocuments, serde_json::Error> {
        let mut config = base_config.clone();
        config.history = layer_history(base_config);
        config.history.extend(
            self.layers
                .iter()
                .map(|layer| History { created_by: layer.created_by.clone(), ..History::default() }),
        );
        config.rootfs.diff_ids.extend(self.layers.iter().map(|layer| layer.diff_id));
        config.config.clone_from(&self.config);
        if let Some(author) = &self.author {
            config.author.clone_from(author);
        }
        let config = Document::print(&config)?;
        let mut manifest = base.clone();
        manifest.config = Descriptor::new(base.config.media_type.clone(), config.size(), config.digest);
        manifest.layers.extend(self.layers.iter().map(|layer| layer.descriptor.clone()));
        manifest.annotations.extend(annotations);
        manifest.subject = None;
        ImageDocuments::print(config, &manifest)
    }
}
