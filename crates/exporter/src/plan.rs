//! The image plan: which layers, labels, variables and entry point the app image gets.
//!
//! Spec: platform.md § exporter (The app image).

use image::{ContainerConfig, ImagePlan, NewLayer};
use image_store::StoredImage;
use spec_model::build_metadata::{GitSource, LauncherMetadata, LauncherSource};
use spec_model::labels::{BUILD_METADATA, EXEC_ENV, LIFECYCLE_METADATA, PROJECT_METADATA};
use spec_model::lifecycle_metadata::{LayerRef, LifecycleMetadata, RunImageMetadata, StackMetadata};

use crate::contents::{Content, Place};
use crate::error::ExportError;
use crate::inputs::ExporterInputs;
use crate::write::Outcome;

/// The directory of the links named for process types.
const PROCESSES: &str = "/cnb/process";
/// The directory of the launcher.
const LIFECYCLE: &str = "/cnb/lifecycle";

/// What the app image is based on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) run_image: &'a StoredImage,
    /// What extensions made of the run image's config.
    pub(crate) extended: Option<&'a ContainerConfig>,
}

/// Makes the plan of an image whose layers are written.
pub(crate) fn make(
    inputs: &ExporterInputs,
    base: Base<'_>,
    metadata: LifecycleMetadata,
    layers: &[(&Content, &Outcome)],
) -> Result<ImagePlan, ExportError> {
    let Base { run_image, extended } = base;
    let metadata = complete(inputs, run_image, metadata, layers);
    let new_layer = |(content, outcome): &(&Content, &Outcome)| NewLayer {
        descriptor: outcome.descriptor.clone(),
        diff_id: outcome.diff_id,
        created_by: content.created_by.clone(),
    };
    Ok(ImagePlan {
        layers: layers.iter().map(new_layer).collect(),
        extended_config: extended.cloned(),
        labels: labels(inputs, &metadata)?,
        env: environment(inputs, extended.unwrap_or(&run_image.config.config)),
        entrypoint: vec![entrypoint(inputs)?],
        working_dir: inputs.app.display().to_string(),
        created: inputs.created,
        tells_history: inputs.platform_api.writes_history(),
    })
}

/// Fills in what is known only now.
fn complete(
    inputs: &ExporterInputs,
    run_image: &StoredImage,
    mut metadata: LifecycleMetadata,
    layers: &[(&Content, &Outcome)],
) -> LifecycleMetadata {
    for (content, outcome) in layers {
        let layer = LayerRef::from(outcome.diff_id);
        match &content.place {
            Place::Buildpack(position, name) => {
                let entry = metadata.buildpacks.get_mut(*position);
                if let Some(entry) = entry.and_then(|entry| entry.layers.get_mut(name)) {
                    entry.sha = layer.sha;
                }
            }
            Place::Extension => {}
            Place::Sbom => metadata.sbom = Some(layer),
            Place::App => metadata.app.push(layer),
            Place::Launcher => metadata.launcher = layer,
            Place::Config => metadata.config = layer,
            Place::ProcessTypes => metadata.process_types = layer,
        }
    }
    let named = inputs.platform_api.records_run_image_name();
    metadata.run_image = RunImageMetadata {
        top_layer: run_image.top_layer().map(|layer| layer.to_string()).unwrap_or_default(),
        reference: run_image.identifier.clone(),
        image: if named { inputs.run_image.image.clone() } else { String::new() },
        mirrors: if named { inputs.run_image.mirrors.clone() } else { Vec::new() },
    };
    // Platforms older than Platform API 0.12 look here, whatever version the image was built with.
    metadata.stack = Some(StackMetadata { run_image: inputs.run_image.clone() });
    metadata
}

fn labels(
    inputs: &ExporterInputs,
    metadata: &LifecycleMetadata,
) -> Result<Vec<(String, String)>, ExportError> {
    let failed = |label| move |source| ExportError::Label { label, source };
    let mut labels = vec![
        (LIFECYCLE_METADATA.to_owned(), metadata.label().map_err(failed(LIFECYCLE_METADATA))?),
        (
            BUILD_METADATA.to_owned(),
            inputs.build.label(inputs.platform_api, &launcher()).map_err(failed(BUILD_METADATA))?,
        ),
        (PROJECT_METADATA.to_owned(), inputs.project.label().map_err(failed(PROJECT_METADATA))?),
    ];
    labels.extend(inputs.build.labels.iter().map(|label| (label.key.clone(), label.value.clone())));
    if inputs.platform_api.has_exec_env() && !inputs.exec_env.is_empty() {
        labels.push((EXEC_ENV.to_owned(), inputs.exec_env.clone()));
    }
    for (label, text) in &labels {
        log::info!("Adding label '{label}'");
        warn_if_long(label, text);
    }
    Ok(labels)
}

/// Kubernetes and some registries refuse or cut config documents with labels beyond this size, in bytes.
const LONG_LABEL: usize = 256 * 1024;

fn warn_if_long(label: &str, text: &str) {
    if text.len() > LONG_LABEL {
        log::warn!(
            "Label '{label}' has {} bytes; some platforms cannot start images with such labels",
            text.len()
        );
    }
}

fn launcher() -> LauncherMetadata {
    let git = GitSource {
        repository: phase_shell::repository().to_owned(),
        commit: phase_shell::commit().to_owned(),
    };
    LauncherMetadata { version: phase_shell::version().to_owned(), source: LauncherSource { git } }
}

fn environment(inputs: &ExporterInputs, base: &ContainerConfig) -> Vec<(String, String)> {
    // Other lifecycles take a PATH with a '=' in it for unset; so images of the same app keep their ids.
    let path = base.env("PATH").filter(|path| !path.contains('=')).unwrap_or_default();
    [
        ("CNB_LAYERS_DIR", inputs.layers.display().to_string()),
        ("CNB_APP_DIR", inputs.app.display().to_string()),
        ("CNB_PLATFORM_API", inputs.platform_api.to_string()),
        // The image must start without complaint long after its API is deprecated.
        ("CNB_DEPRECATION_MODE", "quiet".to_owned()),
        ("PATH", format!("{PROCESSES}:{LIFECYCLE}:{path}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Spec: platform.md § exporter (`ENTRYPOINT`).
fn entrypoint(inputs: &ExporterInputs) -> Result<String, ExportError> {
    let by_buildpack = &inputs.build.default_process_type;
    let wanted = match &inputs.process_type {
        Some(wanted) => {
            let known: Vec<&str> =
                inputs.build.processes.iter().map(|process| process.process_type.as_str()).collect();
            if !known.contains(&wanted.as_str()) {
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(ExportError::UnknownProcessType { wanted: wanted.clone(), known });
            }
            wanted
        }
        None if by_buildpack.is_empty() => {
            log::info!("No default process type: the image starts what it is told to");
            return Ok(format!("{LIFECYCLE}/launcher"));
        }
        None => by_buildpack,
    };
    log::info!("Setting default process type '{wanted}'");
    Ok(format!("{PROCESSES}/{wanted}"))
}
