//! Which run image is taken.

use image_store::ImageStore;
use platform_api::{ExitCode, PhaseError};
use serde_json::{Value, json};
use spec_model::PlatformApi;
use test_kit::{ImageFixture, WrittenFixture};

use crate::support::{APP, MIRROR, RUN, Workspace, app_image, metadata, metadata_of, run_image};

/// The reference of the run image below the rebased image.
fn reference(workspace: &Workspace) -> String {
    metadata_of(&workspace.rebased())["runImage"]["reference"].as_str().unwrap().to_owned()
}

#[test]
fn the_run_image_is_taken_from_the_app_images_registry() {
    let mut workspace = Workspace::new();
    let mirror = workspace.write(MIRROR, &run_image(&["mirror"]));
    let run = workspace.resolve(RUN).identifier;
    assert_eq!(reference(&workspace), run);

    workspace.write("m.example/app", &app_image(&metadata()));
    workspace.inputs.app_image = "m.example/app".to_owned();
    assert_eq!(reference(&workspace), mirror);

    workspace.write("x.example/app", &app_image(&metadata()));
    workspace.inputs.app_image = "x.example/app".to_owned();
    assert_eq!(reference(&workspace), run, "the first of all, where none is near");
}

#[test]
fn a_run_image_that_cannot_be_read_is_passed_over() {
    let workspace = Workspace::new();
    let mirror = workspace.write(MIRROR, &run_image(&["mirror"]));
    workspace.remove(RUN);
    assert_eq!(reference(&workspace), mirror);
    workspace.remove(MIRROR);
    let error = workspace.rebase().unwrap_err();
    for part in [APP, "'r.example/run:base' (not found)", "'m.example/run:base' (not found)"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(error.exit_code(), ExitCode::Rebase);
    assert!(error.hint().unwrap().contains("-run-image"));
}

#[test]
fn a_run_image_that_the_platform_names_goes_first() {
    let mut workspace = Workspace::new();
    let mirror = workspace.write(MIRROR, &run_image(&["mirror"]));
    workspace.inputs.run_image = Some(MIRROR.to_owned());
    assert_eq!(reference(&workspace), mirror);
}

#[test]
fn images_of_older_platforms_name_their_stacks_run_image() {
    let of_stack = |name: &str| json!({ "runImage": { "image": name } });
    let without = |mut metadata: Value, key: &str| {
        metadata["runImage"].as_object_mut().unwrap().remove(key);
        metadata
    };
    let other = "r.example/other";
    for (api, with_name, expected) in [
        (PlatformApi::V0_12, true, RUN),
        (PlatformApi::V0_12, false, other),
        (PlatformApi::V0_11, true, other),
    ] {
        let mut workspace = Workspace::new();
        let mut label = if with_name { metadata() } else { without(metadata(), "image") };
        label["stack"] = of_stack(other);
        workspace.write(APP, &app_image(&label));
        workspace.write(other, &run_image(&["other"]));
        workspace.inputs.platform_api = api;
        let expected = workspace.resolve(expected).identifier;
        assert_eq!(reference(&workspace), expected, "{api} {with_name}");
    }
}

#[test]
fn without_any_name_the_platform_has_to_give_one() {
    let mut workspace = Workspace::new();
    let mut label = metadata();
    label["runImage"].as_object_mut().unwrap().remove("image");
    label["runImage"].as_object_mut().unwrap().remove("mirrors");
    label.as_object_mut().unwrap().remove("stack");
    workspace.write(APP, &app_image(&label));
    let error = workspace.rebase().unwrap_err();
    assert!(error.to_string().contains("does not name its run image"), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Rebase);
    assert!(error.hint().unwrap().contains("-run-image"));

    workspace.inputs.run_image = Some(RUN.to_owned());
    let error = workspace.rebase().unwrap_err();
    assert!(error.to_string().contains("(there are none)"), "{error}");
    workspace.inputs.platform_api = PlatformApi::V0_11;
    workspace.rebased();
}

#[test]
fn the_run_image_is_taken_for_the_app_images_platform() {
    let workspace = Workspace::new();
    let for_other = |mut image: ImageFixture| {
        image.config["architecture"] = "s390x".into();
        image
    };
    workspace.write(APP, &for_other(app_image(&metadata())));
    let directory = workspace.store.name(RUN).unwrap();
    let host = run_image(&["host"]).add(directory.as_ref());
    let other = for_other(run_image(&["other"])).add(directory.as_ref());
    let offered = [("linux/amd64", &host), ("linux/arm64", &host), ("linux/s390x", &other)];
    WrittenFixture::write_index(directory.as_ref(), &offered, false);
    assert_eq!(reference(&workspace), format!("{directory}@{}", other.digest));
}
