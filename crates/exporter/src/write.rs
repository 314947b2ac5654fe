//! Writing layers: each is read once for image and cache together, or, if the previous image may have it,
//! first only hashed. Where the image's store takes archives, all are, and read again for those it lacks.

use std::io::{self, Write};

use image::Descriptor;
use image_store::{FinishedLayer, ImageWriter, LayerForm, LayerSink};
use layer::{Compressors, LayerSource, LayerSummary};
use spec_model::{DiffId, Digest};

use crate::archives;
use crate::cache_fill::{CacheFill, Cached, Sink};
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
    form: LayerForm,
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Vec<Outcome>, ExportError> {
    let write = |content: &Content| write(content, form, image, cache);
    let outcomes = parallel::in_order(contents, write, log_layer)?;
    log_app_layers(contents, &outcomes);
    Ok(outcomes)
}

fn write(
    content: &Content,
    form: LayerForm,
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let cache = cache.filter(|_| content.cached);
    match &content.origin {
        Origin::Previous(diff_id) => {
            let descriptor = image.reuse(diff_id)?.ok_or_else(|| missing(content))?;
            Ok(Outcome { diff_id: *diff_id, descriptor, reused: true, cached: Cached::No })
        }
        Origin::Disk { source, previous } => match form {
            LayerForm::Archive => archives::hash(source, previous, image, cache),
            LayerForm::Compressed => {
                if !previous.is_empty()
                    && let Some(outcome) = reuse(source, previous, image, cache)?
                {
                    return Ok(outcome);
                }
                compress(source, image, cache)
            }
        },
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

/// Writes the layer to the image and, from the same pass, to the cache. A store that lost the connection
/// is given the same bytes again.
fn compress(
    source: &LayerSource,
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let mut sink = image.layer()?;
    loop {
        match attempt(source, sink.as_mut(), cache) {
            Ok(outcome) => return Ok(outcome),
            Err(error) if sink.restart()? => {
                log::warn!("Layer '{}' has to be sent again: {error}", source.id());
            }
            Err(error) => return Err(error),
        }
    }
}

fn attempt(
    source: &LayerSource,
    sink: &mut dyn LayerSink,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let mut copy = cache.and_then(|cache| cache.sink_beside_image(source.id()));
    let summary = match &mut copy {
        Some(Sink::Archive(copy)) => source.write(&mut &mut *sink, Some(copy), Compressors::default()),
        Some(Sink::Blob(copy)) => source.write(&mut Tee(&mut *sink, copy), None, Compressors::default()),
        None => source.write(&mut &mut *sink, None, Compressors::default()),
    }?;
    let LayerSummary { diff_id, digest, compressed_size: size, .. } = summary;
    let descriptor = sink.finish(FinishedLayer { diff_id, digest, size })?;
    let cached = match (cache, copy) {
        (Some(cache), Some(copy)) => cache.finish(source.id(), copy, &summary),
        (Some(cache), None) => cache.adopt(source.id(), &diff_id, &descriptor),
        (None, _) => Cached::No,
    };
    Ok(Outcome { diff_id, descriptor, reused: false, cached })
}

/// Writes to both.
struct Tee<A, B>(A, B);

impl<A: Write, B: Write> Write for Tee<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}

/// Writes those layers again that the image's store has lost since.
pub(crate) fn again(
    contents: &[Content],
    outcomes: &mut [Outcome],
    image: &dyn ImageWriter,
    lost: &[Digest],
) -> Result<(), ExportError> {
    for (content, outcome) in contents.iter().zip(outcomes) {
        if !lost.contains(&outcome.descriptor.digest) {
            continue;
        }
        let Origin::Disk { source, .. } = &content.origin else { return Err(missing(content)) };
        let cached = outcome.cached;
        *outcome = Outcome { cached, ..compress(source, image, None)? };
    }
    Ok(())
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
