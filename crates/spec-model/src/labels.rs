//! The labels of images: their names, and the JSON of those that the lifecycle writes, byte for byte as
//! the reference lifecycle writes it, since labels are part of the image id.
//!
//! Spec: platform.md § Labels.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use toml::Value;

use crate::build_metadata::BuildMetadata;
use crate::launch::Store;
use crate::lifecycle_metadata::{
    BuildpackLayer, BuildpackLayers, CacheMetadata, LayerRef, LifecycleMetadata, RunImageMetadata,
};
use crate::metadata::{NotJson, from_json, print_label, to_json};
use crate::run::RunImageChoice;

/// Metadata of the build.
pub const BUILD_METADATA: &str = "io.buildpacks.build.metadata";
/// Metadata of a cache: a label of cache images, a file name in cache directories.
pub const CACHE_METADATA: &str = "io.buildpacks.lifecycle.cache.metadata";
/// The target's distribution.
pub const DISTRO_NAME: &str = "io.buildpacks.base.distro.name";
/// The target's distribution's version.
pub const DISTRO_VERSION: &str = "io.buildpacks.base.distro.version";
/// The execution environment an app image was built for.
pub const EXEC_ENV: &str = "io.buildpacks.exec-env";
/// Which layer belongs to what.
pub const LIFECYCLE_METADATA: &str = "io.buildpacks.lifecycle.metadata";
/// The mixins of a stack; deprecated with Platform API 0.12.
pub const MIXINS: &str = "io.buildpacks.stack.mixins";
/// Where the app's source comes from.
pub const PROJECT_METADATA: &str = "io.buildpacks.project.metadata";
/// Whether the image's base may be replaced.
pub const REBASABLE: &str = "io.buildpacks.rebasable";
/// The id of a stack; deprecated with Platform API 0.12.
pub const STACK_ID: &str = "io.buildpacks.stack.id";
/// The target ID.
pub const TARGET_ID: &str = "io.buildpacks.base.id";

/// A label that does not hold what its name promises.
#[derive(Debug, thiserror::Error)]
#[error("label '{label}' is malformed: {source}")]
pub struct MalformedLabel {
    label: &'static str,
    source: serde_json::Error,
}

impl LifecycleMetadata {
    /// Reads the label `io.buildpacks.lifecycle.metadata`.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn from_label(text: &str) -> Result<Self, MalformedLabel> {
        read(LIFECYCLE_METADATA, text)
    }

    /// Prints the label `io.buildpacks.lifecycle.metadata`.
    ///
    /// # Errors
    /// A layer's metadata holds a number that JSON cannot hold.
    pub fn label(&self) -> Result<String, NotJson> {
        print_label(&LifecycleLabel {
            app: (!self.app.is_empty()).then_some(&self.app),
            sbom: self.sbom.as_ref(),
            buildpacks: buildpack_labels(&self.buildpacks)?,
            config: &self.config,
            launcher: &self.launcher,
            process_types: &self.process_types,
            run_image: RunImageLabel::of(&self.run_image),
            stack: self.stack.as_ref().map(|stack| StackLabel { run_image: &stack.run_image }),
        })
    }
}

impl CacheMetadata {
    /// Reads the metadata of a cache.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn from_label(text: &str) -> Result<Self, MalformedLabel> {
        read(CACHE_METADATA, text)
    }

    /// Prints the metadata of a cache.
    ///
    /// # Errors
    /// A layer's metadata holds a number that JSON cannot hold.
    pub fn label(&self) -> Result<String, NotJson> {
        print_label(&CacheLabel { sbom: &self.sbom, buildpacks: buildpack_labels(&self.buildpacks)? })
    }
}

impl BuildMetadata {
    /// Reads the label `io.buildpacks.build.metadata`. It does not tell of labels and slices.
    ///
    /// # Errors
    /// It is no JSON or has another shape.
    pub fn from_label(text: &str) -> Result<Self, MalformedLabel> {
        read(BUILD_METADATA, text)
    }
}

/// Reads the label `io.buildpacks.stack.mixins`.
///
/// # Errors
/// It is no JSON list of texts.
pub fn read_mixins(text: &str) -> Result<Vec<String>, MalformedLabel> {
    let mixins: Result<Option<_>, _> = serde_json::from_str(text);
    mixins.map(Option::unwrap_or_default).map_err(|source| MalformedLabel { label: MIXINS, source })
}

fn read<T: serde::de::DeserializeOwned>(label: &'static str, text: &str) -> Result<T, MalformedLabel> {
    let malformed = |source| MalformedLabel { label, source };
    let value: Json = serde_json::from_str(text).map_err(malformed)?;
    // TOML values, which hold arbitrary metadata, know no null.
    let value = from_json(&value).unwrap_or_else(|| Value::Table(toml::Table::new()));
    let value = serde_json::to_value(value).map_err(malformed)?;
    serde_json::from_value(value).map_err(malformed)
}

fn buildpack_labels(entries: &[BuildpackLayers]) -> Result<Option<Vec<BuildpackLabel<'_>>>, NotJson> {
    let labels = entries.iter().map(BuildpackLabel::of).collect::<Result<Vec<_>, _>>()?;
    Ok((!labels.is_empty()).then_some(labels))
}

#[derive(Serialize)]
struct LifecycleLabel<'a> {
    app: Option<&'a Vec<LayerRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sbom: Option<&'a LayerRef>,
    buildpacks: Option<Vec<BuildpackLabel<'a>>>,
    config: &'a LayerRef,
    launcher: &'a LayerRef,
    #[serde(rename = "process-types")]
    process_types: &'a LayerRef,
    #[serde(rename = "runImage")]
    run_image: RunImageLabel<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<StackLabel<'a>>,
}

#[derive(Serialize)]
struct CacheLabel<'a> {
    sbom: &'a LayerRef,
    buildpacks: Option<Vec<BuildpackLabel<'a>>>,
}

#[derive(Serialize)]
struct RunImageLabel<'a> {
    #[serde(rename = "topLayer")]
    top_layer: &'a str,
    reference: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    mirrors: &'a [String],
}

impl<'a> RunImageLabel<'a> {
    fn of(run_image: &'a RunImageMetadata) -> Self {
        Self {
            top_layer: &run_image.top_layer,
            reference: &run_image.reference,
            image: &run_image.image,
            mirrors: &run_image.mirrors,
        }
    }
}

#[derive(Serialize)]
struct StackLabel<'a> {
    #[serde(rename = "runImage")]
    run_image: &'a RunImageChoice,
}

#[derive(Serialize)]
struct BuildpackLabel<'a> {
    key: &'a str,
    version: &'a str,
    layers: BTreeMap<&'a str, LayerLabel<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<StoreLabel>,
}

impl<'a> BuildpackLabel<'a> {
    fn of(entry: &'a BuildpackLayers) -> Result<Self, NotJson> {
        let layers = entry.layers.iter().map(|(name, layer)| Ok((name.as_str(), LayerLabel::of(layer)?)));
        Ok(Self {
            key: entry.key.as_str(),
            version: &entry.version,
            layers: layers.collect::<Result<_, NotJson>>()?,
            store: entry.store.as_ref().map(StoreLabel::of).transpose()?,
        })
    }
}

#[derive(Serialize)]
struct LayerLabel<'a> {
    sha: &'a str,
    data: Option<Json>,
    build: bool,
    launch: bool,
    cache: bool,
}

impl<'a> LayerLabel<'a> {
    fn of(layer: &'a BuildpackLayer) -> Result<Self, NotJson> {
        Ok(Self {
            sha: &layer.sha,
            data: layer.data.as_ref().map(to_json).transpose()?,
            build: layer.build,
            launch: layer.launch,
            cache: layer.cache,
        })
    }
}

#[derive(Serialize)]
struct StoreLabel {
    metadata: Json,
}

impl StoreLabel {
    fn of(store: &Store) -> Result<Self, NotJson> {
        Ok(Self { metadata: to_json(&Value::Table(store.metadata.clone()))? })
    }
}

#[cfg(test)]
mod tests {
    use super::{BuildMetadata, CacheMetadata, LifecycleMetadata, read_mixins};
    use crate::text;

    const LABEL: &str = concat!(
        r#"{"app":[{"sha":"sha256:1"}],"sbom":{"sha":"sha256:2"},"buildpacks":[{"key":"a/b","version":"1","#,
        r#""layers":{"x":{"sha":"sha256:3","data":{"a":"\u003c","b":[1,2.5]},"build":false,"launch":true,"#,
        r#""cache":false},"y":{"sha":"","data":null,"build":false,"launch":true,"cache":true}},"#,
        r#""store":{"metadata":{"k":"v"}}}],"config":{"sha":""},"launcher":{"sha":""},"#,
        r#""process-types":{"sha":""},"runImage":{"topLayer":"sha256:4","reference":"r","image":"i","#,
        r#""mirrors":["m"]},"stack":{"runImage":{"image":"i"}}}"#
    );

    #[test]
    fn a_label_prints_as_it_was_read() {
        assert_eq!(LifecycleMetadata::from_label(LABEL).unwrap().label().unwrap(), LABEL);
    }

    #[test]
    fn the_label_survives_a_passage_through_toml() {
        let metadata = LifecycleMetadata::from_label(LABEL).unwrap();
        let toml = text::print(&metadata).unwrap();
        assert!(
            toml.contains("top-layer = \"sha256:4\"") && toml.contains("[buildpacks.layers.x.metadata]"),
            "{toml}"
        );
        assert_eq!(text::parse::<LifecycleMetadata>(&toml).unwrap(), metadata);
    }

    #[test]
    fn what_is_not_there_is_null_or_empty() {
        assert_eq!(
            LifecycleMetadata::default().label().unwrap(),
            r#"{"app":null,"buildpacks":null,"config":{"sha":""},"launcher":{"sha":""},"process-types":{"sha":""},"runImage":{"topLayer":"","reference":""}}"#
        );
        assert_eq!(CacheMetadata::default().label().unwrap(), r#"{"sbom":{"sha":""},"buildpacks":null}"#);
        for text in ["null", "{}", r#"{"app":null,"buildpacks":null}"#, r#"{"app":{"sha":"x"}}"#] {
            assert_eq!(LifecycleMetadata::from_label(text).unwrap(), LifecycleMetadata::default(), "{text}");
        }
    }

    #[test]
    fn the_build_label_is_read_in_all_its_forms() {
        let label = r#"{"bom":null,"buildpacks":[{"id":"a/b","version":"1","homepage":"h"}],"launcher":{},"processes":[
            {"type":"web","command":["x","y"],"args":null,"direct":true,"buildpackID":"a/b"},
            {"type":"old","command":"z","args":["1"],"direct":false,"buildpackID":"a/b"}],
            "buildpack-default-process-type":"web"}"#;
        let metadata = BuildMetadata::from_label(label).unwrap();
        assert_eq!(metadata.buildpacks[0].homepage, "h");
        let [web, old] = &metadata.processes[..] else { panic!("{metadata:?}") };
        assert_eq!((web.command.entries().len(), &web.args, web.buildpack_id.as_str()), (2, &None, "a/b"));
        assert_eq!((old.command.entries(), old.direct), (&["z".to_owned()][..], false));
        assert_eq!(metadata.default_process_type, "web");
        assert_eq!(
            BuildMetadata::from_label(r#"{"buildpacks":null,"processes":null}"#).unwrap(),
            BuildMetadata::default()
        );
        let error = BuildMetadata::from_label(r#"{"processes":1}"#).unwrap_err();
        assert!(error.to_string().contains("'io.buildpacks.build.metadata'"), "{error}");
    }

    #[test]
    fn mixins_are_a_list() {
        assert_eq!(read_mixins(r#"["a","run:b"]"#).unwrap(), ["a", "run:b"]);
        assert!(read_mixins("null").unwrap().is_empty());
        assert!(read_mixins("[1]").unwrap_err().to_string().contains("'io.buildpacks.stack.mixins'"));
    }

    #[test]
    fn malformed_labels_are_named() {
        for text in ["", "{", r#"{"buildpacks":1}"#, r#"{"buildpacks":[{"key":".."}]}"#] {
            let error = LifecycleMetadata::from_label(text).unwrap_err();
            assert!(error.to_string().contains("'io.buildpacks.lifecycle.metadata'"), "{error}");
        }
    }
}
