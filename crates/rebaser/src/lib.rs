//! The rebase phase: an app image on another run image, without a build.
//!
//! What enters: the app image and the new run image, of both their documents only. What leaves: the app
//! image's own layers on the new run image's, under all its references, whole or not at all;
//! `report.toml`. No layer is read. Spec: platform.md § rebaser.

mod checks;
mod error;
mod inputs;
mod metadata;
mod run_image;

use image::{NewLayer, RebasePlan};
use image_store::{ImageAccess, ImageStore, ImageWriter, StoreError, StoredImage};
use phase_shell::Inputs;
use spec_model::DiffId;
use spec_model::labels::LIFECYCLE_METADATA;
use spec_model::lifecycle_metadata::LifecycleMetadata;
use spec_model::report::Report;

pub use checks::{Concern, Incompatible};
pub use error::RebaseError;
pub use inputs::RebaserInputs;

/// Runs the phase.
///
/// # Errors
/// See [`RebaseError`].
pub fn run(resolved: &Inputs, access: &ImageAccess) -> Result<(), RebaseError> {
    let inputs = RebaserInputs::read(resolved)?;
    let store = access.open(resolved).map_err(RebaseError::Store)?;
    let report = rebase(&inputs, store.as_ref())?;
    toml_file::write(&inputs.report, &report).map_err(RebaseError::Report)
}

/// Puts the app image on the new run image, and tells what was written.
///
/// # Errors
/// See [`RebaseError`]; no image has then changed.
pub fn rebase(inputs: &RebaserInputs, store: &dyn ImageStore) -> Result<Report, RebaseError> {
    let app = app_image(inputs, store)?;
    let metadata = metadata::of(&app)?;
    let base = run_image::find(inputs, &app.config, &metadata, store)?;
    checks::check(inputs, &app, &metadata, &base)?;
    let own_layers = own_layers(&app, &metadata)?;
    let label = metadata::rebased(inputs, metadata, &base)?
        .label()
        .map_err(|source| RebaseError::Label { image: app.name.clone(), source })?;

    let (name, tags) = inputs.images.split_first().map_or(("", &[][..]), |(name, tags)| (name, tags));
    let writer = store.begin(name, &base.image, Some(&app)).map_err(RebaseError::Write)?;
    let plan = RebasePlan {
        layers: take_over(&own_layers, &app, writer.as_ref())?,
        base_labels: metadata::base_labels(inputs.platform_api),
        labels: vec![(LIFECYCLE_METADATA.to_owned(), label)],
        app: app.config.clone(),
    };
    log::info!("Saving {name}...");
    let written = match writer.commit(&plan, tags) {
        Err(error @ StoreError::Lost { .. }) => {
            log::warn!("Taking over the app image's layers again: {error}");
            take_over(&own_layers, &app, writer.as_ref())?;
            writer.commit(&plan, tags)
        }
        result => result,
    };
    let written = written.map_err(RebaseError::Write)?;
    written.log();
    Ok(Report { image: written.report(), ..Report::default() })
}

fn app_image(inputs: &RebaserInputs, store: &dyn ImageStore) -> Result<StoredImage, RebaseError> {
    let name = &inputs.app_image;
    let app = store.resolve(name).map_err(RebaseError::AppImage)?;
    let app = app.ok_or_else(|| RebaseError::NoAppImage { image: name.clone() })?;
    log::info!("Rebasing app image '{name}' ({})", app.identifier);
    Ok(app)
}

/// The app image's layers above those of its run image, the lowest first.
fn own_layers(app: &StoredImage, metadata: &LifecycleMetadata) -> Result<Vec<DiffId>, RebaseError> {
    let top_layer = metadata.run_image.top_layer.as_str();
    let mut layers =
        app.layers().map(|layer| layer.diff_id).skip_while(|layer| layer.to_string() != top_layer);
    match layers.next() {
        Some(_) => Ok(layers.collect()),
        None => Err(RebaseError::NoTopLayer { image: app.name.clone(), layer: top_layer.to_owned() }),
    }
}

fn take_over(
    layers: &[DiffId],
    app: &StoredImage,
    writer: &dyn ImageWriter,
) -> Result<Vec<NewLayer>, RebaseError> {
    let take_over = |diff_id: &DiffId| {
        let descriptor = writer.reuse(diff_id).map_err(RebaseError::Write)?;
        let descriptor = descriptor.ok_or_else(|| missing(app, diff_id))?;
        Ok(NewLayer { descriptor, diff_id: *diff_id, created_by: String::new() })
    };
    layers.iter().map(take_over).collect()
}

fn missing(app: &StoredImage, diff_id: &DiffId) -> RebaseError {
    RebaseError::AppImage(match app.layer(diff_id) {
        Ok(layer) => StoreError::MissingLayer { image: app.name.clone(), digest: layer.digest },
        Err(error) => error,
    })
}
