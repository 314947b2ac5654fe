//! The restore phase: what earlier builds left is given back to the buildpacks of the group.
//!
//! What enters: `group.toml`, `analyzed.toml`, the cache, `<layers>/sbom` as the analyzer has filled it. What
//! leaves, below `<layers>/<buildpack>`: `store.toml`, each layer's metadata, SBOM files and, from the cache,
//! contents. With image extensions, `analyzed.toml` also tells more of run image and build image, and the
//! extender finds both below `/kaniko`. Spec: platform.md § restorer.

mod analyzed;
mod error;
mod extender_image;
mod layers;
mod parallel;
mod removal;
mod restoration;
mod sbom;

use std::path::PathBuf;

use buildpack::layers_dir::LayersDir;
use cache::Cache;
use image_store::ImageAccess;
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::group::Group;
use spec_model::lifecycle_metadata::LifecycleMetadata;

pub use error::RestoreError;

/// What the phase works on.
#[derive(Debug)]
pub struct RestorerInputs {
    /// The Platform API.
    pub platform_api: PlatformApi,
    /// The layers directory.
    pub layers: PathBuf,
    /// The detected group.
    pub group: Group,
    /// What is known of the previous image.
    pub previous: LifecycleMetadata,
    /// Whether `store.toml` is all that is restored.
    pub skip_layers: bool,
}

/// Runs the phase.
///
/// # Errors
/// See [`RestoreError`].
pub fn run(inputs: &Inputs, access: &ImageAccess) -> Result<(), RestoreError> {
    let group: Group = toml_file::read(inputs.path(Input::Group)).map_err(RestoreError::State)?;
    group.check_apis()?;
    let previous = analyzed::complete(inputs, access, &group)?.metadata;
    let cache = cache::open(inputs, access)?;
    let restorer = RestorerInputs {
        platform_api: inputs.platform_api(),
        layers: inputs.path(Input::Layers).to_owned(),
        group,
        previous,
        skip_layers: inputs.switch(Input::SkipLayers) || inputs.switch(Input::SkipRestore),
    };
    restore(&restorer, cache.as_deref())
}

/// Restores what buildpacks stored, their layers and SBOM files.
///
/// # Errors
/// See [`RestoreError`]. What is wrong with the cache's contents is a warning.
pub fn restore(inputs: &RestorerInputs, cache: Option<&dyn Cache>) -> Result<(), RestoreError> {
    restore_stores(inputs)?;
    if inputs.skip_layers {
        log::info!("Skipping the restoration of layers");
    }
    let cached = cache.map(Cache::metadata).unwrap_or_default();
    let restored = layers::restore(inputs, cache, &cached)?;
    if inputs.platform_api.has_sbom_files() && !inputs.skip_layers {
        sbom::restore(&inputs.layers, cache, &cached, &restored)?;
    }
    Ok(())
}

/// Writes `store.toml` for each buildpack that stored something.
fn restore_stores(inputs: &RestorerInputs) -> Result<(), RestoreError> {
    for element in &inputs.group.group {
        let stored = inputs.previous.buildpack(&element.id).and_then(|entry| entry.store.as_ref());
        if let Some(store) = stored {
            let path = LayersDir::path_below(&inputs.layers, &element.id).join("store.toml");
            toml_file::write(&path, store)
                .map_err(|source| RestoreError::Store { buildpack: element.id.clone(), source })?;
        }
    }
    Ok(())
}
