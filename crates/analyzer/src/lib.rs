//! The phase that reads what is known of the previous image and the run image.
//!
//! What enters: the names of the app image, of the previous image and of the run image, or the run images
//! to choose from. What leaves: `analyzed.toml`, which tells the later phases which images these are, what
//! the previous image's layers hold and what the run image is for; and the previous image's SBOM files in
//! `<layers>/sbom`. Spec: platform.md § analyzer.

mod error;
mod inputs;
mod previous_image;
mod run_image;

use image_store::{ImageAccess, ImageStore};
use phase_shell::Inputs;
use spec_model::analyzed::{Analyzed, ImageIdentifier};

pub use error::AnalyzeError;
pub use inputs::{AnalyzerInputs, RunImageSource};

/// Runs the phase from its resolved inputs.
///
/// # Errors
/// See [`AnalyzeError`]; `analyzed.toml` is then not written.
pub fn run(resolved: &Inputs, access: &ImageAccess) -> Result<(), AnalyzeError> {
    let inputs = AnalyzerInputs::read(resolved)?;
    let store = cache::with_launch_cache(access.open(resolved)?, resolved)?;
    if let Some(image) = &inputs.cache_image {
        // Cache images are in registries, wherever the app image is.
        check_cache_image(&access.registries(resolved), image)?;
    }
    let analyzed = analyze(&inputs, store.as_ref())?;
    toml_file::write(&inputs.analyzed, &analyzed).map_err(AnalyzeError::Analyzed)
}

/// Spec: platform.md § analyzer, access to `<cache-image>`.
fn check_cache_image(store: &dyn ImageStore, image: &str) -> Result<(), AnalyzeError> {
    store.check_read(image)?;
    Ok(store.check_write(image)?)
}

/// Reads what is known of the images, and restores the SBOM files of the previous one.
///
/// # Errors
/// An image cannot be read or written, is damaged, or its SBOM layer cannot be restored.
pub fn analyze(inputs: &AnalyzerInputs, store: &dyn ImageStore) -> Result<Analyzed, AnalyzeError> {
    // All access is checked before anything is written. Spec: platform.md § analyzer.
    let run_image = run_image::choose(inputs, store)?;
    for image in &inputs.images {
        store.check_write(image)?;
    }
    let run_image = run_image::describe(inputs, store, &run_image)?;
    let previous = previous_image::read(inputs, store)?;
    Ok(Analyzed {
        // The table is there without a previous image too: platforms have always found it.
        previous_image: Some(ImageIdentifier { reference: previous.identifier }),
        metadata: previous.metadata,
        run_image: Some(run_image),
        build_image: None,
    })
}
