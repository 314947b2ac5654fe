//! Restoring the layers of all buildpacks of the group: first what is to be done is decided layer by
//! layer, then contents are extracted in parallel, each verified against its diffID while it streams.
//!
//! A layer whose contents turn out to be missing or damaged keeps its metadata alone, with a warning:
//! buildpacks make it anew when its directory is not there. One that tries to reach beyond its place is
//! removed altogether.

use std::collections::BTreeSet;
use std::path::Path;

use buildpack::layers_dir::{Layer, LayersDir};
use cache::Cache;
use layer::{Destination, ExtractError, Refusal, extract_verified};
use spec_model::BuildpackId;
use spec_model::DiffId;
use spec_model::lifecycle_metadata::{BuildpackLayer, BuildpackLayers, CacheMetadata};

use crate::RestorerInputs;
use crate::error::{RestoreError, in_one_line};
use crate::parallel;
use crate::removal::remove;
use crate::restoration::Restoration;

/// A layer that gets its metadata back.
#[derive(Debug)]
pub(crate) struct RestoredLayer<'a> {
    pub(crate) buildpack: &'a BuildpackId,
    pub(crate) layer: Layer,
    /// What the previous image or the cache tells of it.
    known: &'a BuildpackLayer,
    /// Whether its contents are restored too.
    whole: bool,
}

/// Why contents could not be restored.
enum Failure {
    /// The cache lost the contents; the build does without them.
    Damaged(String),
    /// The contents are not a layer's; the build does without the layer.
    Hostile(String),
    /// Anything else.
    Fatal(ExtractError),
}

/// Restores layers and returns those that have their metadata back.
pub(crate) fn restore<'a>(
    inputs: &'a RestorerInputs,
    cache: Option<&dyn Cache>,
    cached: &'a CacheMetadata,
) -> Result<Vec<RestoredLayer<'a>>, RestoreError> {
    let mut planned = Vec::new();
    for element in &inputs.group.group {
        let known = KnownLayers {
            previous: inputs.previous.buildpack(&element.id),
            cached: cached.buildpack(&element.id),
        };
        planned.extend(plan(inputs, &element.id, known)?);
    }
    let outcomes = parallel::map(&planned, |layer| match cache {
        Some(cache) if layer.whole => fill(layer, cache),
        Some(_) | None => Ok(()),
    });
    let mut restored = Vec::new();
    let mut fatal = None;
    for (layer, outcome) in planned.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => {
                write_metadata(&layer)?;
                restored.push(layer);
            }
            Err(failure) => {
                remove(&layer.layer).map_err(|source| removal_error(&layer.layer, source))?;
                let id = layer.layer.identifier().to_owned();
                match failure {
                    Failure::Damaged(reason) => {
                        log::warn!("Not restoring the contents of layer '{id}': {reason}");
                        write_metadata(&layer)?;
                    }
                    Failure::Hostile(reason) => log::warn!("Not restoring layer '{id}': {reason}"),
                    Failure::Fatal(source) if fatal.is_none() => {
                        fatal = Some(RestoreError::Contents { layer: id, source });
                    }
                    Failure::Fatal(_) => {}
                }
            }
        }
    }
    fatal.map_or(Ok(restored), Err)
}

/// What is known of a buildpack's layers.
#[derive(Clone, Copy)]
struct KnownLayers<'a> {
    previous: Option<&'a BuildpackLayers>,
    cached: Option<&'a BuildpackLayers>,
}

/// Decides about a buildpack's layers, removes those that must not stay, and returns those to restore.
fn plan<'a>(
    inputs: &'a RestorerInputs,
    buildpack: &'a BuildpackId,
    known: KnownLayers<'a>,
) -> Result<Vec<RestoredLayer<'a>>, RestoreError> {
    let layer_of = |entry: Option<&'a BuildpackLayers>, name| entry.and_then(|entry| entry.layers.get(name));
    let entries = [known.previous, known.cached];
    let names: BTreeSet<&String> =
        entries.into_iter().flatten().flat_map(|entry| entry.layers.keys()).collect();
    let directory = LayersDir::path_below(&inputs.layers, buildpack);
    let mut planned = Vec::new();
    for name in names {
        if !is_layer_name(name) {
            log::warn!(
                "Not restoring layer {name:?} of buildpack '{buildpack}': no layer can have that name"
            );
            continue;
        }
        let layer = Layer::read(&directory, buildpack, name.clone());
        let cached = layer_of(known.cached, name);
        let restoration = if inputs.skip_layers {
            Restoration::skipped(cached)
        } else {
            Restoration::of(inputs.platform_api, layer_of(known.previous, name), cached)
        };
        planned.extend(begin(buildpack, layer, restoration)?);
    }
    Ok(planned)
}

/// Tells the user what becomes of a layer, and removes it if it must not stay.
fn begin<'a>(
    buildpack: &'a BuildpackId,
    layer: Layer,
    restoration: Restoration<'a>,
) -> Result<Option<RestoredLayer<'a>>, RestoreError> {
    let id = layer.identifier();
    let (known, whole) = match restoration {
        Restoration::Nothing(reason) => {
            log::debug!("Not restoring \"{id}\": {reason}");
            return Ok(None);
        }
        Restoration::Removal(reason) => {
            let verb =
                if layer.has_contents() || layer.toml_path().exists() { "Removing" } else { "Not restoring" };
            log::info!("{verb} \"{id}\": {reason}");
            remove(&layer).map_err(|source| removal_error(&layer, source))?;
            return Ok(None);
        }
        Restoration::Metadata(known, origin) => {
            log::info!("Restoring metadata for \"{id}\" from {}", origin.words());
            (known, false)
        }
        Restoration::Whole(known, origin) => {
            log::info!("Restoring metadata for \"{id}\" from {}", origin.words());
            log::info!("Restoring data for \"{id}\" from cache");
            (known, true)
        }
    };
    Ok(Some(RestoredLayer { buildpack, layer, known, whole }))
}

/// Whether a layer can have that name, as far as the name comes from a label or a cache, not from disk.
fn is_layer_name(name: &str) -> bool {
    !matches!(name, "" | "." | ".." | "build" | "launch" | "store") && !name.contains(['/', '\0'])
}

/// Extracts a layer's contents.
fn fill(layer: &RestoredLayer<'_>, cache: &dyn Cache) -> Result<(), Failure> {
    let damaged = |error: &dyn std::error::Error| Failure::Damaged(in_one_line(error));
    let diff_id: DiffId = layer.known.sha.parse().map_err(|error| damaged(&error))?;
    let archive = cache.open_layer(&diff_id).map_err(|error| damaged(&error))?;
    let directory = layer.layer.path().parent().unwrap_or(Path::new("/"));
    extract_verified(archive, &diff_id, &Destination::below(directory).without_set_ids()).map_err(|error| {
        match error {
            ExtractError::Refused { reason: Refusal::Kind(_), .. } => Failure::Fatal(error),
            ExtractError::Refused { .. } => Failure::Hostile(in_one_line(&error)),
            error if is_fault_of_cache(&error) => damaged(&error),
            error => Failure::Fatal(error),
        }
    })
}

/// Whether the build can go on without what was to be extracted, and the next cache will be sound.
///
/// A file of a kind that cannot be restored comes from the buildpack, so it would be back the next time.
pub(crate) fn is_fault_of_cache(error: &ExtractError) -> bool {
    match error {
        ExtractError::Refused { reason: Refusal::Kind(_), .. } | ExtractError::Unwritable { .. } => false,
        ExtractError::Archive(_)
        | ExtractError::Compression(_)
        | ExtractError::Mismatch { .. }
        | ExtractError::Refused { .. } => true,
        _ => false,
    }
}

fn write_metadata(layer: &RestoredLayer<'_>) -> Result<(), RestoreError> {
    let written = layer.layer.write_restored_metadata(layer.known.data.clone());
    written.map_err(|source| RestoreError::Metadata { layer: layer.layer.identifier().to_owned(), source })
}

fn removal_error(layer: &Layer, source: std::io::Error) -> RestoreError {
    RestoreError::Removal { layer: layer.identifier().to_owned(), source }
}
