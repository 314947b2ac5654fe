//! What is told of an image. As JSON it has the names of the fields.

use std::collections::BTreeMap;

use anyhow::Result;
use image_store::StoredImage;
use serde::Serialize;
use spec_model::build_metadata::{self, BuildMetadata};
use spec_model::group::GroupElement;
use spec_model::labels::{BUILD_METADATA, DISTRO_NAME, DISTRO_VERSION, LIFECYCLE_METADATA};
use spec_model::lifecycle_metadata::LifecycleMetadata;
use spec_model::target::Distro;
use spec_model::{DiffId, Digest};

/// Where an image built by buildpacks has its entry point.
const PROCESS_DIR: &str = "/cnb/process/";

/// What an image says about itself.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) reference: String,
    /// Of the manifest.
    pub(super) digest: Digest,
    /// In RFC 3339 form.
    pub(super) created: Option<String>,
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: String,
    pub(super) distribution: Option<Distro>,
    pub(super) user: String,
    pub(super) working_dir: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    /// Variables in the form `NAME=VALUE`.
    pub(super) environment: Vec<String>,
    pub(super) run_image: Option<RunImage>,
    pub(super) buildpacks: Vec<Buildpack>,
    pub(super) extensions: Vec<Buildpack>,
    pub(super) processes: Vec<Process>,
    pub(super) labels: BTreeMap<String, String>,
    /// The bottom one first.
    pub(super) layers: Vec<Layer>,
}

/// The image under the buildpacks' layers.
#[derive(Debug, Serialize)]
pub(super) struct RunImage {
    pub(super) image: String,
    pub(super) mirrors: Vec<String>,
    /// What identified it at the time of the build.
    pub(super) reference: String,
    /// The diffID of its top layer.
    pub(super) top_layer: String,
}

/// A buildpack or image extension.
#[derive(Debug, Serialize)]
pub(super) struct Buildpack {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) homepage: String,
}

/// A process that the launcher can start.
#[derive(Debug, Serialize)]
pub(super) struct Process {
    #[serde(rename = "type")]
    pub(super) name: String,
    /// Whether the image starts it when no process is named.
    pub(super) default: bool,
    pub(super) command: Vec<String>,
    pub(super) args: Vec<String>,
    /// Whether it starts without a shell.
    pub(super) direct: bool,
    /// Empty means the image's own.
    pub(super) working_dir: String,
    pub(super) buildpack: String,
    /// The execution environments it is eligible for; none means all.
    pub(super) exec_env: Vec<String>,
}

/// A layer.
#[derive(Debug, Serialize)]
pub(super) struct Layer {
    pub(super) diff_id: DiffId,
    pub(super) digest: Digest,
    /// Bytes as stored.
    pub(super) size: u64,
    /// As the history tells; may be empty.
    pub(super) created_by: String,
}

impl Summary {
    /// Gathers what is known of an image.
    ///
    /// # Errors
    /// A label does not hold what its name promises.
    pub(super) fn of(reference: &str, image: &StoredImage) -> Result<Self> {
        let config = &image.config;
        let container = &config.config;
        let label = |name| config.label(name);
        let build = label(BUILD_METADATA).map(BuildMetadata::from_label).transpose()?.unwrap_or_default();
        let lifecycle = label(LIFECYCLE_METADATA).map(LifecycleMetadata::from_label).transpose()?;
        let default = default_process(&container.entrypoint, &build).to_owned();
        let distribution = label(DISTRO_NAME).map(|name| Distro {
            name: name.to_owned(),
            version: label(DISTRO_VERSION).unwrap_or_default().to_owned(),
        });
        Ok(Self {
            reference: reference.to_owned(),
            digest: image.manifest_document.digest,
            created: config.created.clone(),
            os: config.os.clone(),
            architecture: config.architecture.clone(),
            variant: config.variant.clone(),
            distribution,
            user: container.user.clone(),
            working_dir: container.working_dir.clone(),
            entrypoint: container.entrypoint.clone(),
            command: container.cmd.clone(),
            environment: container.env.clone(),
            run_image: lifecycle.map(run_image),
            buildpacks: build.buildpacks.iter().map(buildpack).collect(),
            extensions: build.extensions.iter().map(buildpack).collect(),
            processes: build.processes.into_iter().map(|entry| process(entry, &default)).collect(),
            labels: container.labels.clone(),
            layers: layers(image),
        })
    }
}

/// The entry point decides; what the buildpacks wanted may differ from what the platform chose.
fn default_process<'a>(entrypoint: &'a [String], build: &'a BuildMetadata) -> &'a str {
    let link = entrypoint.first().and_then(|executable| executable.strip_prefix(PROCESS_DIR));
    link.unwrap_or(&build.default_process_type)
}

fn run_image(metadata: LifecycleMetadata) -> RunImage {
    let LifecycleMetadata { run_image, stack, .. } = metadata;
    // Where images of older platforms name it.
    let old = stack.unwrap_or_default().run_image;
    let (image, mirrors) = if run_image.image.is_empty() {
        (old.image, old.mirrors)
    } else {
        (run_image.image, run_image.mirrors)
    };
    RunImage { image, mirrors, reference: run_image.reference, top_layer: run_image.top_layer }
}

fn buildpack(element: &GroupElement) -> Buildpack {
    Buildpack {
        id: element.id.to_string(),
        version: element.version.clone(),
        homepage: element.homepage.clone(),
    }
}

fn process(process: build_metadata::Process, default: &str) -> Process {
    Process {
        default: process.process_type == default,
        command: process.command.entries().to_vec(),
        name: process.process_type,
        args: process.args.unwrap_or_default(),
        direct: process.direct,
        working_dir: process.working_dir,
        buildpack: process.buildpack_id,
        exec_env: process.exec_env,
    }
}

/// The layers with what the history says of them, if it has one entry for each.
fn layers(image: &StoredImage) -> Vec<Layer> {
    let told: Vec<_> = image.config.history.iter().filter(|entry| !entry.empty_layer).collect();
    let matches = told.len() == image.layers().len();
    let created_by = |index: usize| match told.get(index) {
        Some(entry) if matches => entry.created_by.clone(),
        _ => String::new(),
    };
    let layer = |(index, layer): (usize, image_store::StoredLayer<'_>)| Layer {
        diff_id: layer.diff_id,
        digest: layer.descriptor.digest,
        size: layer.descriptor.size,
        created_by: created_by(index),
    };
    image.layers().enumerate().map(layer).collect()
}
