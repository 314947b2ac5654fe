//! What is known of the previous image, and its SBOM files.

use image_store::{ImageStore, StoreError, StoredImage};
use layer::{Destination, ExtractError, extract_verified};
use spec_model::labels::LIFECYCLE_METADATA;
use spec_model::lifecycle_metadata::LifecycleMetadata;

use crate::error::AnalyzeError;
use crate::inputs::AnalyzerInputs;

/// What is known of the previous image; empty without one.
#[derive(Debug, Default)]
pub(crate) struct PreviousImage {
    pub(crate) identifier: String,
    pub(crate) metadata: LifecycleMetadata,
}

/// Reads the previous image's metadata and restores its SBOM files.
pub(crate) fn read(inputs: &AnalyzerInputs, store: &dyn ImageStore) -> Result<PreviousImage, AnalyzeError> {
    let damaged = |error: StoreError| {
        if error.is_damaged_image() { AnalyzeError::PreviousImage(error) } else { error.into() }
    };
    let Some(image) = store.resolve(&inputs.previous_image).map_err(damaged)? else {
        log::info!("Image '{}' was not found; nothing is known of a previous build", inputs.previous_image);
        return Ok(PreviousImage::default());
    };
    log::debug!("The previous image is '{}'", image.identifier);
    let Some(metadata) = metadata(&image) else { return Ok(PreviousImage::default()) };
    if inputs.restores_sbom {
        restore_sbom(inputs, store, &image, &metadata)?;
    }
    Ok(PreviousImage { identifier: image.identifier, metadata })
}

/// An image without the label was not made by a lifecycle, but may have layers in common with the new one.
/// One with a malformed label is of no use.
fn metadata(image: &StoredImage) -> Option<LifecycleMetadata> {
    let label = image.config.label(LIFECYCLE_METADATA).unwrap_or_default();
    if label.is_empty() {
        return Some(LifecycleMetadata::default());
    }
    LifecycleMetadata::from_label(label)
        .inspect_err(|error| log::warn!("Ignoring the previous image '{}': {error}", image.name))
        .ok()
}

/// Spec: platform.md § analyzer, `<skip-layers>`.
fn restore_sbom(
    inputs: &AnalyzerInputs,
    store: &dyn ImageStore,
    image: &StoredImage,
    metadata: &LifecycleMetadata,
) -> Result<(), AnalyzeError> {
    let Some(sbom) = metadata.sbom.as_ref().filter(|sbom| !sbom.sha.is_empty()) else { return Ok(()) };
    let name = image.name.clone();
    let Some(diff_id) = sbom.diff_id() else {
        return Err(AnalyzeError::SbomName { image: name, layer: sbom.sha.clone() });
    };
    log::info!("Restoring data for SBOM from previous image");
    let stored = store.open_layer(image, &diff_id).map_err(AnalyzeError::PreviousImage)?;
    // The layer was made by whoever made the image: it may write SBOM files and nothing else.
    let destination = Destination::below(inputs.layers.join("sbom"));
    match extract_verified(stored, &diff_id, &destination) {
        Ok(()) => Ok(()),
        Err(error @ ExtractError::Refused { .. }) => {
            log::warn!("The SBOM files of the previous image '{name}' are not restored: {error}");
            Ok(())
        }
        Err(source) => Err(AnalyzeError::Sbom { image: name, layer: sbom.sha.clone(), source }),
    }
}
