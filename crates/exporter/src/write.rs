//! Writing layers: each is read once for image and cache together, or, if the previous image may have it,
//! first only hashed.

use image::Descriptor;
use image_store::{FinishedLayer, ImageWriter};
use layer::{Compressors, LayerSource};
use spec_model::DiffId;

use crate::cache_fill::{CacheFill, Cached};
use crate::contents::{Content, Origin, Place};
use crate::error::ExportError;
use crate::parallel;

/// A layer that is part of the new image.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) diff_id: DiffId,
    pub(crate) descriptor: Descriptor,
    /// Whether the previous image had it.
    pub(crate) reused: bool,
    /// What became of it in the cache.
    pub(crate) cached: Cached,
}

/// Writes the layers of the image, and to the cache those it wants.
///
/// # Errors
/// A layer cannot be archived or the image's store refuses. The cache's refusals are warnings.
pub(crate) fn layers(
    contents: &[Content],
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Vec<Outcome>, ExportError> {
    let outcomes = parallel::in_order(contents, |content| write(content, image, cache), log_layer)?;
    log_app_layers(contents, &outcomes);
    Ok(outcomes)
}

fn write(
    content: &Content,
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let cache = cache.filter(|_| content.cached);
    match &content.origin {
        Origin::Previous(diff_id) => {
            let descriptor = image.reuse(diff_id)?.ok_or_else(|| missing(content))?;
            Ok(Outcome { diff_id: *diff_id, descriptor, reused: true, cached: Cached::No })
        }
        Origin::Disk { source, previous } => {
            if !previous.is_empty()
                && let Some(outcome) = reuse(source, previous, image, cache)?
            {
                return Ok(outcome);
            }
            compress(source, image, cache)
        }
    }
}

fn missing(content: &Content) -> ExportError {
    ExportError::NotReusable {
        layer: content.id.clone(),
        reason: "the previous image, which has to provide it, is gone or lacks it",
    }
}

/// Takes the layer over from the previous image if that has it unchanged.
fn reuse(
    source: &LayerSource,
    previous: &[DiffId],
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Option<Outcome>, ExportError> {
    let diff_id = source.diff_id()?;
    if !previous.contains(&diff_id) {
        return Ok(None);
    }
    let Some(descriptor) = image.reuse(&diff_id)? else { return Ok(None) };
    let cached = cache.map_or(Cached::No, |cache| cache.keep_or_write(&diff_id, source));
    Ok(Some(Outcome { diff_id, descriptor, reused: true, cached }))
}

fn compress(
    source: &LayerSource,
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let mut sink = image.layer()?;
    let mut copy = cache.and_then(|cache| cache.sink(source.id()));
    let summary = source.write(
        &mut sink,
        copy.as_mut().map(|copy| copy as &mut (dyn std::io::Write + Send)),
        Compressors::default(),
    )?;
    let finished =
        FinishedLayer { diff_id: summary.diff_id, digest: summary.digest, size: summary.compressed_size };
    let descriptor = sink.finish(finished)?;
    let cached = match (cache, copy) {
        (Some(cache), Some(copy)) => cache.finish(source.id(), copy, &summary.diff_id),
        _ => Cached::No,
    };
    Ok(Outcome { diff_id: summary.diff_id, descriptor, reused: false, cached })
}

fn log_layer(content: &Content, outcome: &Outcome) {
    // Slices have no name that users know; they are counted instead.
    if content.place != Place::App {
        let verb = if outcome.reused { "Reusing" } else { "Adding" };
        log::info!("{verb} layer '{}'", content.id);
    }
    log::debug!("Layer '{}' has diffID {}", content.id, outcome.diff_id);
    outcome.cached.log(&content.id);
}

fn log_app_layers(contents: &[Content], outcomes: &[Outcome]) {
    let app: Vec<&Outcome> = contents
        .iter()
        .zip(outcomes)
        .filter(|(content, _)| content.place == Place::App)
        .map(|(_, o)| o)
        .collect();
    let reused = app.iter().filter(|outcome| outcome.reused).count();
    if reused > 0 {
        log::info!("Reused {reused}/{} app layer(s)", app.len());
    }
    if reused < app.len() {
        log::info!("Added {}/{} app layer(s)", app.len() - reused, app.len());
    }
}
