//! The export phase: from the layers that buildpacks left to an app image, a cache and a report.
//!
//! What enters: `<layers>`, `<app>`, `group.toml`, `analyzed.toml`, `metadata.toml`, the run image. What
//! leaves: the image under all its references, whole or not at all; `report.toml`; the cache's next
//! state. Every layer is read once for image and cache together; layers of the previous image are only
//! hashed. Spec: platform.md § exporter.

mod archives;
mod cache_fill;
mod contents;
mod error;
mod extended;
mod inputs;
mod lifecycle_sbom;
mod parallel;
mod plan;
mod report;
mod write;

use std::thread;

use buildpack::layers_dir::LayersDir;
use cache::Cache;
use image_store::{ImageAccess, ImageStore, LayerForm, StoreError, StoredImage};
use phase_shell::Inputs;
use spec_model::analyzed::RunImage;

pub use error::{AnalyzedError, ExportError};
pub use extended::ExtendedError;
pub use inputs::ExporterInputs;

use archives::OnDisk;
use cache_fill::CacheFill;
use contents::Content;
use extended::Extended;
use write::Outcome;

/// Runs the phase.
///
/// # Errors
/// See [`ExportError`].
pub fn run(inputs: &Inputs, access: &ImageAccess) -> Result<(), ExportError> {
    let exporter = ExporterInputs::read(inputs)?;
    if exporter.extends_run_image() && !exporter.platform_api.extensions_are_stable() {
        inputs.allow_experimental("an extended run image")?;
    }
    let store = access.open(inputs).map_err(ExportError::Store)?;
    let store = cache::with_launch_cache(store, inputs)?;
    let cache = cache::open(inputs, access)?;
    export(&exporter, store.as_ref(), cache.as_deref())
}

/// Exports the app image, then its report, then the cache.
///
/// # Errors
/// See [`ExportError`]. A cache that cannot be written is a warning.
pub fn export(
    inputs: &ExporterInputs,
    store: &dyn ImageStore,
    cache: Option<&dyn Cache>,
) -> Result<(), ExportError> {
    if inputs.platform_api.has_lifecycle_sboms() {
        lifecycle_sbom::copy(inputs).map_err(ExportError::Sbom)?;
    }
    let run_image = run_image(inputs, store)?;
    let previous = previous_image(inputs, store)?;
    let extended = Extended::read(inputs, &run_image)?;
    let layers_dirs = layers_dirs(inputs)?;
    let (above, metadata) = contents::gather(inputs, &layers_dirs)?;
    let contents = with_extensions(extended.as_ref(), previous.as_ref(), above);
    let base = plan::Base { run_image: &run_image, extended: extended.as_ref().map(|image| &image.config) };
    let (name, tags) = inputs.images.split_first().map_or(("", &[][..]), |(name, tags)| (name, tags));
    let form = store.layer_form();
    // Only what is compressed can be taken over into a cache.
    let beside = (form == LayerForm::Compressed).then_some(name);
    let fill = cache.and_then(|cache| CacheFill::begin(cache, beside));
    thread::scope(|scope| {
        let write_rest =
            || fill.as_ref().map(|fill| fill.write_rest(inputs, &layers_dirs)).unwrap_or_default();
        let beside = inputs.parallel.then(|| scope.spawn(write_rest));

        let writer = store.begin(name, &run_image, previous.as_ref())?;
        let mut outcomes = write::layers(&contents, form, writer.as_ref(), fill.as_ref())?;
        log::info!("Saving {name}...");
        let save = |outcomes: &[Outcome]| {
            let layers: Vec<_> = contents.iter().zip(outcomes).collect();
            let plan = plan::make(inputs, base, metadata.clone(), &layers)?;
            Ok::<_, ExportError>(writer.commit_archives(&plan, tags, &OnDisk::of(&contents, outcomes)))
        };
        let written = match save(&outcomes)? {
            Err(StoreError::Lost { image, layers }) => {
                log::warn!("{}; writing them again", StoreError::Lost { image, layers: layers.clone() });
                write::again(&contents, &mut outcomes, writer.as_ref(), &layers)?;
                save(&outcomes)??
            }
            saved => saved?,
        };
        written.log();
        let report = report::make(inputs, &written)?;
        toml_file::write(&inputs.report, &report).map_err(ExportError::Report)?;

        let rest = match beside {
            Some(thread) => thread.join().unwrap_or_default(),
            None => write_rest(),
        };
        Ok((outcomes, rest))
    })
    .map(|(outcomes, rest)| {
        if let Some(fill) = fill {
            let layers: Vec<_> = contents.iter().zip(&outcomes).collect();
            fill.commit(inputs, &layers_dirs, &layers, &rest);
        }
    })
}

/// What each buildpack of the group left, in group order.
fn layers_dirs(inputs: &ExporterInputs) -> Result<Vec<LayersDir>, ExportError> {
    let group = inputs.group.group.iter();
    Ok(group.map(|element| LayersDir::read(&inputs.layers, &element.id)).collect::<Result<_, _>>()?)
}

/// The layers of extensions, which may be those of the previous image, and above them the others.
fn with_extensions(
    extended: Option<&Extended>,
    previous: Option<&StoredImage>,
    above: Vec<Content>,
) -> Vec<Content> {
    // The label does not tell the previous image's layers of extensions from its others.
    let previous = previous.map(|image| image.config.rootfs.diff_ids.as_slice()).unwrap_or_default();
    extended.into_iter().flat_map(|image| image.contents(previous)).chain(above).collect()
}

/// The run image that the app image is based on.
fn run_image(inputs: &ExporterInputs, store: &dyn ImageStore) -> Result<StoredImage, ExportError> {
    let Some(RunImage { reference, .. }) = &inputs.analyzed.run_image else {
        return Err(ExportError::NoRunImage(String::new()));
    };
    let found = store.resolve(reference).map_err(ExportError::Store)?;
    let found = found.ok_or_else(|| ExportError::NoRunImage(reference.clone()))?;
    // The topmost layer is what tells a rebase where the run image ends.
    if found.top_layer().is_none() {
        return Err(ExportError::EmptyRunImage(reference.clone()));
    }
    Ok(found)
}

/// The image whose layers may be reused. A damaged one is of no use, but no reason to fail either.
fn previous_image(
    inputs: &ExporterInputs,
    store: &dyn ImageStore,
) -> Result<Option<StoredImage>, ExportError> {
    let Some(reference) = inputs.analyzed.previous_image_reference() else { return Ok(None) };
    match store.resolve(reference) {
        Ok(found) => {
            if found.is_some() {
                log::info!("Reusing layers from image '{reference}'");
            }
            Ok(found)
        }
        Err(error) if error.is_damaged_image() => {
            log::warn!("No layers are reused from the previous image: {error}");
            Ok(None)
        }
        Err(error) => Err(ExportError::Store(error)),
    }
}
