//! Filling the cache beside the image. Whatever goes wrong here is a warning: the next build then does
//! without.

use std::io::Write;

use buildpack::layers_dir::LayersDir;
use cache::{Cache, CacheError, CacheLayerSink, CacheWriter};
use layer::{BestEffort, LayerSource};
use spec_model::DiffId;
use spec_model::lifecycle_metadata::{BuildpackLayer, BuildpackLayers, CacheMetadata, LayerRef};

use crate::contents::{Content, Place, described};
use crate::inputs::ExporterInputs;
use crate::parallel;
use crate::write::Outcome;

/// The cache's next state.
pub(crate) struct CacheFill {
    name: String,
    writer: Box<dyn CacheWriter>,
    previous: CacheMetadata,
}

/// What became of a layer in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cached {
    /// The cache does not have it.
    No,
    /// The cache had it before.
    Kept(DiffId),
    /// It was written.
    Written(DiffId),
}

impl Cached {
    /// The layer's diffID, if the cache has it.
    fn diff_id(self) -> Option<DiffId> {
        match self {
            Self::No => None,
            Self::Kept(diff_id) | Self::Written(diff_id) => Some(diff_id),
        }
    }

    /// Tells the user.
    pub(crate) fn log(self, id: &str) {
        match self {
            Self::No => {}
            Self::Kept(_) => log::info!("Reusing cache layer '{id}'"),
            Self::Written(_) => log::info!("Adding cache layer '{id}'"),
        }
    }
}

/// A place in the cache whose failure does not stop the image.
pub(crate) type Sink = BestEffort<Box<dyn CacheLayerSink>>;

impl CacheFill {
    /// Starts the cache's next state; `None`, with a warning, if the cache refuses.
    pub(crate) fn begin(cache: &dyn Cache) -> Option<Self> {
        let writer = cache.begin().map_err(|error| warn(cache.name(), &error)).ok()?;
        Some(Self { name: cache.name().to_owned(), writer, previous: cache.metadata() })
    }

    /// A place for a layer.
    pub(crate) fn sink(&self, id: &str) -> Option<Sink> {
        self.writer.layer().map(BestEffort::new).map_err(|error| self.warn_of(id, &error)).ok()
    }

    /// Ends a layer.
    pub(crate) fn finish(&self, id: &str, sink: Sink, diff_id: &DiffId) -> Cached {
        let finished = match sink.into_result() {
            Ok(sink) => sink.finish(diff_id).map_err(|error| self.warn_of(id, &error)),
            Err(error) => {
                self.warn_of(id, &error);
                Err(())
            }
        };
        finished.map_or(Cached::No, |()| Cached::Written(*diff_id))
    }

    /// Keeps a layer whose diffID is known, or else writes it.
    pub(crate) fn keep_or_write(&self, diff_id: &DiffId, source: &LayerSource) -> Cached {
        match self.writer.reuse(diff_id) {
            Ok(true) => Cached::Kept(*diff_id),
            Ok(false) => self.write(source),
            Err(error) => {
                self.warn_of(source.id(), &error);
                self.write(source)
            }
        }
    }

    /// Writes a layer that only the cache wants.
    fn write(&self, source: &LayerSource) -> Cached {
        let Some(mut sink) = self.sink(source.id()) else { return Cached::No };
        match source.write_uncompressed(&mut sink as &mut (dyn Write + Send)) {
            Ok(summary) => self.finish(source.id(), sink, &summary.diff_id),
            Err(error) => {
                self.warn_of(source.id(), &error);
                Cached::No
            }
        }
    }

    /// Writes the layers that only the cache wants, and those of `outcomes` it lacks.
    pub(crate) fn write_rest(
        &self,
        inputs: &ExporterInputs,
        layers_dirs: &[LayersDir],
    ) -> Vec<(Place, Cached)> {
        let layers = cache_only_layers(inputs, layers_dirs, &self.previous);
        let work = |(_, source, previous): &(Place, LayerSource, Option<DiffId>)| {
            let unchanged =
                previous.filter(|previous| source.diff_id().is_ok_and(|diff_id| diff_id == *previous));
            Ok::<_, std::convert::Infallible>(match unchanged {
                Some(diff_id) => self.keep_or_write(&diff_id, source),
                None => self.write(source),
            })
        };
        let Ok(cached) = parallel::in_order(&layers, work, |(_, source, _), cached| cached.log(source.id()));
        layers.into_iter().map(|(place, ..)| place).zip(cached).collect()
    }

    /// Makes this the cache's state.
    pub(crate) fn commit(
        self,
        inputs: &ExporterInputs,
        layers_dirs: &[LayersDir],
        layers: &[(&Content, &Outcome)],
        rest: &[(Place, Cached)],
    ) {
        let in_image = layers.iter().map(|(content, outcome)| (&content.place, outcome.cached));
        let rest = rest.iter().map(|(place, cached)| (place, *cached));
        let stored: Vec<_> =
            in_image.chain(rest).filter_map(|(place, cached)| Some((place, cached.diff_id()?))).collect();
        let metadata = metadata(inputs, layers_dirs, &stored);
        if let Err(error) = self.writer.commit(&metadata) {
            warn(&self.name, &error);
        }
    }

    fn warn_of(&self, id: &str, error: &dyn std::fmt::Display) {
        log::warn!("Failed to cache layer '{id}' in '{}': {error}", self.name);
    }
}

fn warn(cache: &str, error: &CacheError) {
    log::warn!(
        "Failed to write the cache '{cache}', the next build starts without what this one cached: {error}"
    );
}

/// The layers that are cached but not part of the image, with the diffIDs they had in the cache.
fn cache_only_layers(
    inputs: &ExporterInputs,
    layers_dirs: &[LayersDir],
    previous: &CacheMetadata,
) -> Vec<(Place, LayerSource, Option<DiffId>)> {
    let mut layers = Vec::new();
    for (position, dir) in layers_dirs.iter().enumerate() {
        for layer in dir.cached_layers().filter(|layer| !layer.types().launch) {
            if !layer.has_contents() {
                log::warn!("Failed to cache layer '{}': it has no contents", layer.identifier());
                continue;
            }
            let previous =
                previous.buildpack(dir.buildpack()).and_then(|entry| entry.layers.get(layer.name()));
            layers.push((
                Place::Buildpack(position, layer.name().to_owned()),
                LayerSource::directory(layer.identifier(), layer.path(), inputs.owner),
                previous.and_then(BuildpackLayer::diff_id),
            ));
        }
    }
    let sbom = inputs.layers.join("sbom/cache");
    if inputs.platform_api.has_sbom_files() && sbom.is_dir() {
        let source = LayerSource::directory("buildpacksio/lifecycle:cache.sbom", &sbom, inputs.owner);
        layers.push((Place::Sbom, source, previous.sbom.diff_id()));
    }
    layers
}

fn metadata(
    inputs: &ExporterInputs,
    layers_dirs: &[LayersDir],
    stored: &[(&Place, DiffId)],
) -> CacheMetadata {
    let find =
        |wanted: &Place| stored.iter().find(|(place, _)| *place == wanted).map(|(_, diff_id)| *diff_id);
    let group = inputs.group.group.iter().zip(layers_dirs).enumerate();
    let buildpacks = group.map(|(position, (element, dir))| {
        let stored = dir.cached_layers().filter_map(|layer| {
            let diff_id = find(&Place::Buildpack(position, layer.name().to_owned()))?;
            let mut entry = described(layer);
            entry.sha = diff_id.to_string();
            Some((layer.name().to_owned(), entry))
        });
        let layers = stored.collect();
        BuildpackLayers { key: element.id.clone(), version: element.version.clone(), layers, store: None }
    });
    CacheMetadata {
        buildpacks: buildpacks.collect(),
        sbom: find(&Place::Sbom).map(LayerRef::from).unwrap_or_default(),
    }
}
