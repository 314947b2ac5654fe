//! What goes into the app image: its layers in order, each with what becomes of it.
//!
//! The order is part of the image: extension layers, buildpack layers in group order and by name, SBOM, app,
//! launcher, config, process types. Spec: platform.md § exporter.

use std::path::Path;

use buildpack::layers_dir::{Layer, LayersDir};
use layer::slices;
use layer::{LayerSource, ProcessType};
use spec_model::DiffId;
use spec_model::group::GroupElement;
use spec_model::lifecycle_metadata::{BuildpackLayer, BuildpackLayers, LayerRef, LifecycleMetadata};

use crate::error::ExportError;
use crate::inputs::ExporterInputs;

/// A layer of the new image.
#[derive(Debug)]
pub(crate) struct Content {
    /// Where its diffID is recorded.
    pub(crate) place: Place,
    /// What the log calls it.
    pub(crate) id: String,
    /// What the history says made it.
    pub(crate) created_by: String,
    /// What it is made of.
    pub(crate) origin: Origin,
    /// Whether the cache wants it too.
    pub(crate) cached: bool,
}

/// Where a layer comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// From disk, unless the previous image has it under one of these diffIDs.
    Disk { source: LayerSource, previous: Vec<DiffId> },
    /// From the previous image: the buildpack left only its metadata.
    Previous(DiffId),
}

/// The key of the lifecycle metadata that a layer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// None: the layers of extensions belong to the base of the image, which the metadata only names.
    Extension,
    /// A buildpack's layer: the buildpack's position in the group and the layer's name.
    Buildpack(usize, String),
    Sbom,
    App,
    Launcher,
    Config,
    ProcessTypes,
}

/// The layers of the image above those of extensions, and what the metadata label tells of them so far: all but the diffIDs.
pub(crate) fn gather(
    inputs: &ExporterInputs,
    layers_dirs: &[LayersDir],
) -> Result<(Vec<Content>, LifecycleMetadata), ExportError> {
    let mut contents = Vec::new();
    let mut metadata = LifecycleMetadata::default();
    for (position, (element, layers)) in inputs.group.group.iter().zip(layers_dirs).enumerate() {
        let entry = buildpack_layers(inputs, position, element, layers, &mut contents)?;
        metadata.buildpacks.push(entry);
    }
    contents.extend(sbom_layer(inputs));
    contents.extend(app_layers(inputs)?);
    contents.extend(launcher_layers(inputs)?);
    Ok((contents, metadata))
}

fn buildpack_layers(
    inputs: &ExporterInputs,
    position: usize,
    element: &GroupElement,
    layers: &LayersDir,
    contents: &mut Vec<Content>,
) -> Result<BuildpackLayers, ExportError> {
    let malformed: Vec<_> = layers.malformed_layers().collect();
    if let Some((layer, reason)) = malformed.first() {
        let layer = layer.identifier().to_owned();
        return Err(ExportError::MalformedLayer { layer, reason: reason.to_string() });
    }
    let mut entry = BuildpackLayers {
        key: element.id.clone(),
        version: element.version.clone(),
        layers: std::collections::BTreeMap::new(),
        store: layers.store().cloned(),
    };
    for layer in layers.launch_layers() {
        entry.layers.insert(layer.name().to_owned(), described(layer));
        contents.push(Content {
            place: Place::Buildpack(position, layer.name().to_owned()),
            id: layer.identifier().to_owned(),
            created_by: created_by_buildpack(layer, element),
            origin: buildpack_layer_origin(inputs, element, layer)?,
            cached: layer.types().cache,
        });
    }
    Ok(entry)
}

/// The history text of a buildpack's layer.
fn created_by_buildpack(layer: &Layer, element: &GroupElement) -> String {
    format!("Layer: '{}', Created by buildpack: {}", layer.name(), element.full_name())
}

/// What a label says of a layer, but for its diffID.
pub(crate) fn described(layer: &Layer) -> BuildpackLayer {
    let types = layer.types();
    BuildpackLayer {
        sha: String::new(),
        data: layer.metadata().ok().and_then(|file| file.metadata.clone()),
        build: types.build,
        launch: types.launch,
        cache: types.cache,
    }
}

fn buildpack_layer_origin(
    inputs: &ExporterInputs,
    element: &GroupElement,
    layer: &Layer,
) -> Result<Origin, ExportError> {
    let previous = inputs.analyzed.metadata.buildpack(&element.id);
    let previous = previous.and_then(|entry| entry.layers.get(layer.name()));
    if layer.has_contents() {
        let source = LayerSource::directory(layer.identifier(), layer.path(), inputs.owner);
        return Ok(Origin::Disk {
            source,
            previous: previous.and_then(BuildpackLayer::diff_id).into_iter().collect(),
        });
    }
    let not_reusable = |reason| ExportError::NotReusable { layer: layer.identifier().to_owned(), reason };
    if layer.types().cache {
        return Err(not_reusable("it is cache = true, and only contents can be cached"));
    }
    let previous = previous.ok_or_else(|| not_reusable("the previous image has no such layer"))?;
    let diff_id = previous.diff_id();
    Ok(Origin::Previous(
        diff_id.ok_or_else(|| not_reusable("the previous image's label has no diffID for it"))?,
    ))
}

fn sbom_layer(inputs: &ExporterInputs) -> Option<Content> {
    if !inputs.platform_api.has_sbom_files() {
        return None;
    }
    let directory = inputs.layers.join("sbom/launch");
    let previous = inputs.analyzed.metadata.sbom.as_ref();
    directory.is_dir().then(|| Content {
        place: Place::Sbom,
        ..directory_content(inputs, "launch.sbom", "Software Bill-of-Materials", &directory, previous)
    })
}

fn app_layers(inputs: &ExporterInputs) -> Result<Vec<Content>, ExportError> {
    let patterns: Vec<_> = inputs.build.slices.iter().map(|slice| slice.paths.clone()).collect();
    let sources = slices::split(&inputs.app, &patterns, inputs.owner)?;
    let only_one = sources.len() == 1;
    let previous: Vec<_> = inputs.analyzed.metadata.app.iter().filter_map(LayerRef::diff_id).collect();
    let contents = (1..).zip(sources).map(|(number, source)| Content {
        place: Place::App,
        id: source.id().to_owned(),
        created_by: if only_one {
            "Application Layer".into()
        } else {
            format!("Application Slice: {number}")
        },
        origin: Origin::Disk { source, previous: previous.clone() },
        cached: false,
    });
    Ok(contents.collect())
}

fn launcher_layers(inputs: &ExporterInputs) -> Result<Vec<Content>, ExportError> {
    let previous = &inputs.analyzed.metadata;
    let launcher_id = "buildpacksio/lifecycle:launcher";
    let launcher = Content {
        place: Place::Launcher,
        id: launcher_id.into(),
        created_by: "Buildpacks Application Launcher".into(),
        origin: Origin::Disk {
            source: LayerSource::launcher(launcher_id, &inputs.launcher),
            previous: previous.launcher.diff_id().into_iter().collect(),
        },
        cached: false,
    };
    let directory = inputs.layers.join("config");
    let name = "Buildpacks Launcher Config";
    let config = directory_content(inputs, "config", name, &directory, Some(&previous.config));
    let mut contents = vec![launcher, Content { place: Place::Config, ..config }];
    contents.extend(process_types_layer(inputs)?);
    Ok(contents)
}

fn process_types_layer(inputs: &ExporterInputs) -> Result<Option<Content>, ExportError> {
    if inputs.build.processes.is_empty() {
        return Ok(None);
    }
    let types = inputs.build.processes.iter().map(|process| ProcessType::new(&process.process_type));
    let types = types.collect::<Result<Vec<_>, _>>()?;
    let id = "buildpacksio/lifecycle:process-types";
    let previous = inputs.analyzed.metadata.process_types.diff_id();
    Ok(Some(Content {
        place: Place::ProcessTypes,
        id: id.into(),
        created_by: "Buildpacks Process Types".into(),
        origin: Origin::Disk {
            source: LayerSource::process_types(id, types),
            previous: previous.into_iter().collect(),
        },
        cached: false,
    }))
}

fn directory_content(
    inputs: &ExporterInputs,
    name: &str,
    created_by: &str,
    directory: &Path,
    previous: Option<&LayerRef>,
) -> Content {
    let id = format!("buildpacksio/lifecycle:{name}");
    let source = LayerSource::directory(id.clone(), directory, inputs.owner);
    let previous = previous.and_then(LayerRef::diff_id).into_iter().collect();
    Content {
        place: Place::Config,
        id,
        created_by: created_by.to_owned(),
        origin: Origin::Disk { source, previous },
        cached: false,
    }
}
