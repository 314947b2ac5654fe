//! Which run image is used, and what `analyzed.toml` says of it.

use image::run_image::choose as choose_one;
use image_store::{ImageStore, host_target_data, target_data};
use spec_model::analyzed::RunImage;

use crate::error::AnalyzeError;
use crate::inputs::{AnalyzerInputs, RunImageSource};

/// The name of the run image that is used.
pub(crate) fn choose(inputs: &AnalyzerInputs, store: &dyn ImageStore) -> Result<String, AnalyzeError> {
    match &inputs.run_image {
        RunImageSource::Named(name) => {
            log::info!("Using run image '{name}': the platform names it");
            Ok(name.clone())
        }
        RunImageSource::OneOf { choice, file } => {
            let app_image = inputs.images.first().map(String::as_str).unwrap_or_default();
            let check_read = |name: &str| store.check_read(name).map_err(|error| error.to_string());
            let chosen = choose_one(app_image, choice, &check_read)
                .map_err(|source| AnalyzeError::NoRunImage { file: file.clone(), source })?;
            log::info!("Using run image '{}' of '{}': {}", chosen.image, file.display(), chosen.reason);
            Ok(chosen.image)
        }
    }
}

/// What `analyzed.toml` says of the run image. One that does not exist is taken to be for the host; the
/// phases that need it tell.
pub(crate) fn describe(
    inputs: &AnalyzerInputs,
    store: &dyn ImageStore,
    name: &str,
) -> Result<RunImage, AnalyzeError> {
    let api = inputs.platform_api;
    let found = store.resolve(name)?;
    let image = if api.records_run_image_name() { store.name(name)? } else { String::new() };
    let Some(found) = found else {
        log::warn!("Run image '{name}' was not found");
        let target = api.has_targets().then(host_target_data);
        return Ok(RunImage { reference: String::new(), image, extend: false, target });
    };
    log::debug!("The run image is '{}'", found.identifier);
    let target = api.has_targets().then(|| target_data(store, &found));
    if target.as_ref().is_some_and(|target| target.os.is_empty()) {
        return Err(AnalyzeError::NoOs { image: found.name });
    }
    Ok(RunImage { reference: found.identifier, image, extend: false, target })
}
