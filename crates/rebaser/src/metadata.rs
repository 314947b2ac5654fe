//! What the app image's label `io.buildpacks.lifecycle.metadata` says of its run image.
//!
//! Spec: platform.md § rebaser (Outputs).

use image::name_without_digest;
use image_store::StoredImage;
use spec_model::PlatformApi;
use spec_model::labels::LIFECYCLE_METADATA;
use spec_model::lifecycle_metadata::{LifecycleMetadata, StackMetadata};
use spec_model::run::RunImageChoice;

use crate::error::RebaseError;
use crate::inputs::RebaserInputs;
use crate::run_image::NewBase;

/// Reads the label. An image without it was not made by a lifecycle.
pub(crate) fn of(app: &StoredImage) -> Result<LifecycleMetadata, RebaseError> {
    let label = app.config.label(LIFECYCLE_METADATA).filter(|label| !label.is_empty());
    let label = label.ok_or_else(|| RebaseError::NotAnAppImage { image: app.name.clone() })?;
    let malformed = |source| RebaseError::Metadata { image: app.name.clone(), source };
    LifecycleMetadata::from_label(label).map_err(malformed)
}

/// What the names of labels begin with that belong to the run image.
pub(crate) fn base_labels(api: PlatformApi) -> &'static [&'static str] {
    if api.has_targets() {
        &["io.buildpacks.stack.", "io.buildpacks.base."]
    } else {
        &["io.buildpacks.stack."]
    }
}

/// All names that the app image knows for its run image.
pub(crate) fn recorded_names(metadata: &LifecycleMetadata) -> Vec<&str> {
    let current = std::iter::once(metadata.run_image.image.as_str()).filter(|image| !image.is_empty());
    let mirrors = metadata.run_image.mirrors.iter().map(String::as_str);
    let of_stack = metadata.stack.iter().flat_map(|stack| stack.run_image.names());
    let mut names: Vec<&str> = Vec::new();
    for name in current.chain(mirrors).chain(of_stack) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the app image knows a name for its run image; digests do not count.
pub(crate) fn records(metadata: &LifecycleMetadata, name: &str) -> bool {
    let wanted = name_without_digest(name);
    recorded_names(metadata).into_iter().any(|recorded| name_without_digest(recorded) == wanted)
}

/// The label's contents on the new run image. A name that was unknown takes the place of the known ones.
pub(crate) fn rebased(
    inputs: &RebaserInputs,
    mut metadata: LifecycleMetadata,
    base: &NewBase,
) -> Result<LifecycleMetadata, RebaseError> {
    let top_layer = base.image.top_layer();
    let top_layer = top_layer.ok_or_else(|| RebaseError::NoLayers { image: base.name.clone() })?;
    let is_new_name = inputs.platform_api.records_run_image_name() && !records(&metadata, &base.name);
    let run_image = &mut metadata.run_image;
    run_image.top_layer = top_layer.to_string();
    run_image.reference.clone_from(&base.image.identifier);
    if is_new_name {
        run_image.image.clone_from(&base.name);
        run_image.mirrors.clear();
        let run_image = RunImageChoice { image: base.name.clone(), mirrors: Vec::new() };
        metadata.stack = Some(StackMetadata { run_image });
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use spec_model::lifecycle_metadata::LifecycleMetadata;

    use super::{recorded_names, records};

    #[test]
    fn names_are_compared_in_full_and_without_digests() {
        let digest = format!("@sha256:{}", "0".repeat(64));
        for (recorded, name, expected) in [
            ("r.example/run", "r.example/run:latest", true),
            ("docker.io/library/run", "run", true),
            ("r.example/run:base", &*format!("r.example/run:base{digest}"), true),
            (&*format!("r.example/run:base{digest}"), "r.example/run:base", true),
            ("r.example/run:base", "r.example/run", false),
            ("r.example/run:base", "s.example/run:base", false),
        ] {
            let mut metadata = LifecycleMetadata::default();
            metadata.run_image.mirrors.push(recorded.to_owned());
            assert_eq!(records(&metadata, name), expected, "{recorded} {name}");
        }
        assert!(!records(&LifecycleMetadata::default(), "run"));
    }

    #[test]
    fn each_name_is_told_once() {
        let label = r#"{"runImage":{"image":"a","mirrors":["b"]},"stack":{"runImage":{"image":"a","mirrors":["c"]}}}"#;
        assert_eq!(recorded_names(&LifecycleMetadata::from_label(label).unwrap()), ["a", "b", "c"]);
    }
}
