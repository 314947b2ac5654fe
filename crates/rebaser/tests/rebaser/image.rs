//! The rebased image: its layers, config, labels and names.

use image_store::{ImageStore, Presence, validate};
use platform_api::{ExitCode, PhaseError};
use rebaser::RebaseError;
use serde_json::json;
use spec_model::PlatformApi;

use crate::support::{
    APP, MIRROR, RUN, Workspace, app_image, bare, diff_ids, metadata, metadata_of, run_image,
};

#[test]
fn the_run_images_layers_are_replaced() {
    let workspace = Workspace::new();
    let image = workspace.rebased();
    let layers: Vec<_> = image.config.rootfs.diff_ids.iter().map(ToString::to_string).collect();
    assert_eq!(layers, diff_ids(&["one", "new", "newer", "deps", "app"]));
    assert_eq!(image.config.config.user, "1000");
    assert_eq!(image.config.config.env, ["CNB_PLATFORM_API=0.12"]);
}

#[test]
fn the_metadata_names_the_new_run_image() {
    let workspace = Workspace::new();
    let reference = workspace.resolve(RUN).identifier;
    let label = metadata_of(&workspace.rebased());
    let mut expected = metadata();
    expected["runImage"]["topLayer"] = diff_ids(&["newer"])[0].clone().into();
    expected["runImage"]["reference"] = reference.into();
    for key in ["app", "runImage", "stack"] {
        assert_eq!(label[key], expected[key], "{key}");
    }
}

#[test]
fn a_rebased_image_can_be_rebased_again() {
    let workspace = Workspace::new();
    workspace.rebased();
    let again = workspace.rebased().identifier;
    assert_eq!(workspace.rebased().identifier, again, "the same inputs give the same image");
    workspace.write(RUN, &run_image(&["third"]));
    let layers = workspace.rebased().config.rootfs.diff_ids;
    let layers: Vec<_> = layers.iter().map(ToString::to_string).collect();
    assert_eq!(layers, diff_ids(&["third", "deps", "app"]));
}

#[test]
fn labels_of_the_base_follow_it() {
    for (api, expected) in [
        (PlatformApi::V0_12, json!({ "base.id": "new", "base.description": null, "stack.x": "y" })),
        (PlatformApi::V0_11, json!({ "base.id": "old", "base.description": "old", "stack.x": "y" })),
    ] {
        let mut workspace = Workspace::new();
        workspace.inputs.platform_api = api;
        let old = app_image(&metadata())
            .label("io.buildpacks.base.id", "old")
            .label("io.buildpacks.base.description", "old")
            .label("io.buildpacks.stack.gone", "z")
            .label("other", "app");
        workspace.write(APP, &old);
        let new = run_image(&["new"])
            .label("io.buildpacks.base.id", "new")
            .label("io.buildpacks.stack.x", "y")
            .label("other", "base");
        workspace.write(RUN, &new);
        let image = workspace.rebased();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(image.config.label(&format!("io.buildpacks.{name}")), value.as_str(), "{api} {name}");
        }
        assert_eq!(image.config.label("io.buildpacks.stack.gone"), None);
        assert_eq!(image.config.label("other"), Some("app"));
    }
}

#[test]
fn the_image_is_written_under_all_its_names() {
    let mut workspace = Workspace::new();
    workspace.inputs.images = ["r.example/new:1", "r.example/new:2"].map(str::to_owned).to_vec();
    let before = workspace.resolve(APP).identifier;
    let report = workspace.rebase().unwrap();
    let images = [0, 1].map(|n| workspace.resolve(&workspace.inputs.images[n]));
    for image in &images {
        validate(&workspace.store, image, Presence::Complete).unwrap();
    }
    assert_eq!(images[0].config_document.digest, images[1].config_document.digest);
    let names = [0, 1].map(|n| workspace.store.name(&workspace.inputs.images[n]).unwrap());
    assert_eq!(report.image.tags, names);
    assert_eq!(report.image.manifest_size, images[0].manifest_document.size());
    assert_eq!(workspace.resolve(APP).identifier, before, "the previous image is not to be modified");
}

#[test]
fn no_layer_is_read() {
    let workspace = Workspace::new();
    for (image, layers) in [(APP, 4), (RUN, 3)] {
        let image = workspace.resolve(image);
        let blobs = std::path::Path::new(&image.name).join("blobs/sha256");
        for layer in &image.manifest.layers {
            // Of the right size, so that only reading would show that the contents are others.
            let size = usize::try_from(layer.size).unwrap();
            fs_err::write(blobs.join(layer.digest.hex()), vec![0; size]).unwrap();
        }
        assert_eq!(image.manifest.layers.len(), layers);
    }
    workspace.rebase().unwrap();
    assert_eq!(workspace.resolve(APP).layers().len(), 5);
}

#[test]
fn a_damaged_app_image_is_told_and_stays_as_it_is() {
    let no_label = bare(&["one", "two"]);
    let malformed = run_image(&["two", "app"]).label("io.buildpacks.lifecycle.metadata", "{");
    let mut other_layer = metadata();
    other_layer["runImage"]["topLayer"] = diff_ids(&["elsewhere"])[0].clone().into();
    let mut no_layer = metadata();
    no_layer["runImage"] = json!({ "image": RUN });
    for (fixture, message) in [
        (no_label, "is no app image"),
        (malformed, "label 'io.buildpacks.lifecycle.metadata' is malformed"),
        (app_image(&other_layer), "has no layer 'sha256:"),
        (app_image(&no_layer), "has no layer ''"),
    ] {
        let workspace = Workspace::new();
        let before = workspace.write(APP, &fixture);
        let error = workspace.rebase().unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.exit_code(), ExitCode::Rebase);
        assert_eq!(workspace.resolve(APP).identifier, before);
    }
}

#[test]
fn layers_that_the_store_lacks_are_named() {
    let workspace = Workspace::new();
    let app = workspace.resolve(APP);
    let layer = app.manifest.layers[3].digest;
    fs_err::remove_file(std::path::Path::new(&app.name).join("blobs/sha256").join(layer.hex())).unwrap();
    let error = workspace.rebase().unwrap_err();
    assert!(matches!(error, RebaseError::AppImage(_)), "{error}");
    assert!(error.to_string().contains(&layer.to_string()), "{error}");
    assert_eq!(workspace.resolve(APP).identifier, app.identifier);
}

#[test]
fn an_image_that_does_not_exist_is_told() {
    let mut workspace = Workspace::new();
    workspace.inputs.app_image = "r.example/nothing".to_owned();
    let error = workspace.rebase().unwrap_err();
    assert!(error.to_string().contains("'r.example/nothing' was not found"), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Rebase);

    let mut workspace = Workspace::new();
    workspace.inputs.run_image = Some(MIRROR.to_owned());
    let error = workspace.rebase().unwrap_err();
    assert!(error.to_string().contains("run image 'm.example/run:base' was not found"), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Failed);
}

#[test]
fn a_run_image_without_layers_is_refused() {
    let workspace = Workspace::new();
    workspace.write(RUN, &run_image(&[]));
    let error = workspace.rebase().unwrap_err();
    assert!(matches!(error, RebaseError::NoLayers { .. }), "{error}");
}
