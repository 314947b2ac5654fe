//! Which run image the app image is put on.

use std::cell::RefCell;

use image::run_image::choose;
use image::{ImageConfig, Platform};
use image_store::{ImageStore, StoredImage};
use spec_model::PlatformApi;
use spec_model::lifecycle_metadata::{LifecycleMetadata, RunImageMetadata};
use spec_model::run::RunImageChoice;

use crate::error::RebaseError;
use crate::inputs::RebaserInputs;

/// The run image that the app image is put on.
#[derive(Debug)]
pub(crate) struct NewBase {
    /// Its name as the platform or the app image gives it.
    pub(crate) name: String,
    pub(crate) image: StoredImage,
}

/// Finds the run image that the platform names, or else chooses one that the app image names.
///
/// Of a run image for several platforms, the one for the app image's is taken, whatever the host is.
/// Spec: platform.md § rebaser, `<run-image>`; § Run Image Resolution.
pub(crate) fn find(
    inputs: &RebaserInputs,
    app: &ImageConfig,
    metadata: &LifecycleMetadata,
    store: &dyn ImageStore,
) -> Result<NewBase, RebaseError> {
    let store = store.for_platform(platform_of(app));
    if let Some(name) = &inputs.run_image {
        log::info!("Using run image '{name}': the platform names it");
        let image = store.resolve(name).map_err(RebaseError::RunImage)?;
        let image = image.ok_or_else(|| RebaseError::NoRunImage { image: name.clone() })?;
        return Ok(NewBase { name: name.clone(), image });
    }
    let app_image = &inputs.app_image;
    let choice = names(inputs.platform_api, metadata);
    if choice.image.is_empty() {
        return Err(RebaseError::NoRunImageNamed { image: app_image.clone() });
    }
    // What was read to find out whether an image can be read is kept, so that no registry is asked twice.
    let found = RefCell::new(None);
    let check_read = |name: &str| match store.resolve(name) {
        Ok(Some(image)) => {
            found.replace(Some(image));
            Ok(())
        }
        Ok(None) => Err("not found".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let chosen = choose(app_image, &choice, &check_read)
        .map_err(|source| RebaseError::NoRunImageChosen { image: app_image.clone(), source })?;
    log::info!(
        "Using run image '{}' of those that app image '{app_image}' names: {}",
        chosen.image,
        chosen.reason
    );
    let image = found.into_inner().ok_or_else(|| RebaseError::NoRunImage { image: chosen.image.clone() })?;
    Ok(NewBase { name: chosen.image, image })
}

fn platform_of(app: &ImageConfig) -> Platform {
    Platform {
        architecture: app.architecture.clone(),
        os: app.os.clone(),
        variant: Some(app.variant.clone()).filter(|variant| !variant.is_empty()),
        ..Platform::default()
    }
}

/// The names of the run image to choose from. Images of older platforms have them as those of a stack.
fn names(api: PlatformApi, metadata: &LifecycleMetadata) -> RunImageChoice {
    let RunImageMetadata { image, mirrors, .. } = &metadata.run_image;
    if api.records_run_image_name() && !image.is_empty() {
        return RunImageChoice { image: image.clone(), mirrors: mirrors.clone() };
    }
    metadata.stack.as_ref().map(|stack| stack.run_image.clone()).unwrap_or_default()
}
