//! How a rebased image's documents follow from the app image and from its new base.
//!
//! They are those that other lifecycles write: the manifest is of Docker's form whatever form app image
//! and base have, and the history tells nothing of the layers. Layers keep their media types; strict
//! clients, such as skopeo and podman, refuse a manifest of Docker's form that lists OCI layers.
//! Spec: platform.md § rebaser (Outputs).

use std::collections::BTreeMap;

use crate::config::{History, ImageConfig};
use crate::document::Document;
use crate::manifest::{Descriptor, Manifest, media_type};
use crate::plan::{ImageDocuments, NewLayer, Plan};
use crate::timestamp::Timestamp;

/// What a rebased image keeps of the app image; the rest comes from its new base.
#[derive(Debug, Clone)]
pub struct RebasePlan {
    /// The app image's config.
    pub app: ImageConfig,
    /// The app image's own layers, the lowest first.
    pub layers: Vec<NewLayer>,
    /// What the names of labels begin with that are taken from the new base, all of them and no others.
    pub base_labels: &'static [&'static str],
    /// Labels to set.
    pub labels: Vec<(String, String)>,
}

impl Plan for RebasePlan {
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
        let own = self.layers.iter().map(|layer| &layer.descriptor);
        let manifest = Manifest {
            schema_version: base.schema_version,
            media_type: Some(media_type::DOCKER_MANIFEST.into()),
            config: Descriptor::new(media_type::DOCKER_CONFIG.into(), config.size(), config.digest),
            layers: base.layers.iter().chain(own).cloned().collect(),
            annotations,
            subject: None,
            artifact_type: None,
        };
        ImageDocuments::print(config, &manifest)
    }
}

impl RebasePlan {
    fn config(&self, base: &ImageConfig) -> ImageConfig {
        let created = Some(Timestamp::NORMALIZED.to_string());
        let mut config = self.app.clone();
        config.variant = self.variant(base);
        config.architecture.clone_from(&base.architecture);
        config.os.clone_from(&base.os);
        config.os_version.clone_from(&base.os_version);
        config.rootfs.diff_ids.clone_from(&base.rootfs.diff_ids);
        config.rootfs.diff_ids.extend(self.layers.iter().map(|layer| layer.diff_id));
        let blank = History { created: created.clone(), ..History::default() };
        config.history = vec![blank; config.rootfs.diff_ids.len()];
        config.created = created;
        let is_bases = |label: &str| self.base_labels.iter().any(|start| label.starts_with(start));
        let labels = &mut config.config.labels;
        labels.retain(|label, _| !is_bases(label));
        let of_base = base.config.labels.iter().filter(|(label, _)| is_bases(label));
        labels.extend(of_base.map(|(label, value)| (label.clone(), value.clone())));
        labels.extend(self.labels.iter().cloned());
        config
    }

    /// The app image's variant stays unless the base says another one. With another architecture, existing
    /// lifecycles leave it out, and so it means any.
    fn variant(&self, base: &ImageConfig) -> String {
        if self.app.architecture != base.architecture {
            String::new()
        } else if base.variant.is_empty() {
            self.app.variant.clone()
        } else {
            base.variant.clone()
        }
    }
}
