//! Filling the cache beside the image. Whatever goes wrong here is a warning: the next build then does
//! without.

use buildpack::layers_dir::LayersDir;
use cache::{Cache, CacheBlobSink, CacheError, CacheLayer, CacheLayerSink, CacheWriter};
use image::Descriptor;
use layer::{BestEffort, Compressors, LayerSource, LayerSummary};
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
    /// The app image's name, if the cache takes over layers from it.
    image: Option<String>,
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
pub(crate) enum Sink {
    /// Wants the archive.
    Archive(BestEffort<Box<dyn CacheLayerSink>>),
    /// Wants the compressed archive.
    Blob(BestEffort<Box<dyn CacheBlobSink>>),
}

impl CacheFill {
    /// Starts the cache's next state; `None`, with a warning, if the cache refuses. `image` is the name of the
    /// app image, if layers could be taken over from it.
    pub(crate) fn begin(cache: &dyn Cache, image: Option<&str>) -> Option<Self> {
        let writer = cache.begin().map_err(|error| warn(cache.name(), &error)).ok()?;
        let image = image.filter(|image| writer.adopts_from(image)).map(ToOwned::to_owned);
        Some(Self { name: cache.name().to_owned(), writer, previous: cache.metadata(), image })
    }

    /// A place for a layer that the app image gets as well; `None` if it is taken over from there.
    pub(crate) fn sink_beside_image(&self, id: &str) -> Option<Sink> {
        if self.image.is_some() { None } else { self.sink(id) }
    }

    /// A place for a layer.
    fn sink(&self, id: &str) -> Option<Sink> {
        match self.writer.layer() {
            Ok(CacheLayer::Archive(sink)) => Some(Sink::Archive(BestEffort::new(sink))),
            Ok(CacheLayer::Blob(sink)) => Some(Sink::Blob(BestEffort::new(sink))),
            Err(error) => {
                self.warn_of(id, &error);
                None
            }
        }
    }

    /// Ends a layer.
    pub(crate) fn finish(&self, id: &str, sink: Sink, layer: &LayerSummary) -> Cached {
        let finished = match sink {
            Sink::Archive(sink) => finish_archive(sink, &layer.diff_id),
            Sink::Blob(sink) => finish_blob(sink, layer),
        };
        self.ended(id, layer.diff_id, finished)
    }

    fn ended(&self, id: &str, diff_id: DiffId, finished: Result<(), String>) -> Cached {
        match finished {
            Ok(()) => Cached::Written(diff_id),
            Err(error) => {
                self.warn_of(id, &error);
                Cached::No
            }
        }
    }

    /// Takes a layer over that was just written to the app image.
    pub(crate) fn adopt(&self, id: &str, diff_id: &DiffId, layer: &Descriptor) -> Cached {
        let Some(image) = &self.image else { return Cached::No };
        match self.writer.adopt(image, diff_id, layer) {
            Ok(true) => Cached::Written(*diff_id),
            Ok(false) => {
                self.warn_of(id, &"the app image lacks it");
                Cached::No
            }
            Err(error) => {
                self.warn_of(id, &error);
                Cached::No
            }
        }
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
        let Some(sink) = self.sink(source.id()) else { return Cached::No };
        let written = match sink {
            Sink::Archive(mut sink) => source
                .write_uncompressed(&mut sink)
                .map(|archive| (archive.diff_id, finish_archive(sink, &archive.diff_id))),
            Sink::Blob(mut sink) => source
                .write(&mut sink, None, Compressors::default())
                .map(|layer| (layer.diff_id, finish_blob(sink, &layer))),
        };
        match written {
            Ok((diff_id, finished)) => self.ended(source.id(), diff_id, finished),
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

fn finish_archive(sink: BestEffort<Box<dyn CacheLayerSink>>, diff_id: &DiffId) -> Result<(), String> {
    let sink = sink.into_result().map_err(|error| error.to_string())?;
    sink.finish(diff_id).map_err(|error| error.to_string())
}

fn finish_blob(sink: BestEffort<Box<dyn CacheBlobSink>>, layer: &LayerSummary) -> Result<(), String> {
    let sink = sink.into_result().map_err(|error| error.to_string())?;
    sink.finish(layer).map_err(|error| error.to_string())
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
