//! What makes a rebase unsafe, and what may be forced.

use platform_api::{ExitCode, PhaseError};
use rebaser::{Concern, Incompatible, RebaseError};
use serde_json::json;
use spec_model::PlatformApi;
use test_kit::ImageFixture;

use crate::support::{APP, LABEL, RUN, Workspace, app_image, bare, metadata, metadata_of, run_image};

const OTHER: &str = "r.example/else:1";

/// The only concern about a rebase.
fn concern(workspace: &Workspace) -> Concern {
    match workspace.rebase().unwrap_err() {
        RebaseError::Unsafe { concerns, .. } => {
            assert_eq!(concerns.len(), 1, "{concerns:?}");
            concerns.into_iter().next().unwrap()
        }
        other => panic!("{other}"),
    }
}

fn with(mut image: ImageFixture, key: &str, value: &str) -> ImageFixture {
    image.config[key] = value.into();
    image
}

#[test]
fn an_image_that_is_not_rebasable_is_rebased_by_force_only() {
    for (label, is_refused) in [("false", true), ("true", false), ("", false)] {
        let mut workspace = Workspace::new();
        let app = app_image(&metadata()).label("io.buildpacks.rebasable", label);
        let before = workspace.write(APP, &app);
        assert_eq!(workspace.rebase().is_err(), is_refused, "{label}");
        if is_refused {
            assert_eq!(concern(&workspace), Concern::NotRebasable);
            assert_eq!(workspace.resolve(APP).identifier, before);
        }
        workspace.inputs.force = true;
        workspace.rebased();
    }
}

#[test]
fn a_run_image_for_another_target_is_taken_by_force_only() {
    let distro = |name: &str, version: &str| {
        bare(&["new"])
            .label("io.buildpacks.base.distro.name", name)
            .label("io.buildpacks.base.distro.version", version)
    };
    for (base, is_refused) in [
        (run_image(&["new"]), false),
        (bare(&["new"]), false),
        (with(run_image(&["new"]), "variant", "v2"), false),
        (with(run_image(&["new"]), "os", "windows"), true),
        (with(run_image(&["new"]), "architecture", "s390x"), true),
        (distro("acme", ""), false),
        (distro("acme", "8"), true),
        (distro("other", "7"), true),
    ] {
        let mut workspace = Workspace::new();
        workspace.write(RUN, &base);
        assert_eq!(workspace.rebase().is_err(), is_refused, "{}", base.config);
        if is_refused {
            assert!(matches!(concern(&workspace), Concern::OtherTarget { .. }));
        }
        workspace.inputs.force = true;
        let image = workspace.rebased();
        assert_eq!(image.config.os, base.config["os"]);
        assert_eq!(image.config.architecture, base.config["architecture"]);
        let labels = &base.config["config"]["Labels"];
        for name in ["io.buildpacks.base.distro.name", "io.buildpacks.base.distro.version"] {
            assert_eq!(image.config.label(name), labels[name].as_str());
        }
    }
}

#[test]
fn variants_differ_where_both_have_one() {
    for (of_app, of_base, is_refused) in
        [("v1", "v2", true), ("v1", "v1", false), ("v1", "", false), ("", "v2", false)]
    {
        let workspace = Workspace::new();
        workspace.write(APP, &with(app_image(&metadata()), "variant", of_app));
        workspace.write(RUN, &with(run_image(&["new"]), "variant", of_base));
        assert_eq!(workspace.rebase().is_err(), is_refused, "{of_app} {of_base}");
    }
}

#[test]
fn a_distribution_that_only_the_run_image_tells_is_another_one() {
    let workspace = Workspace::new();
    let mut app = app_image(&metadata());
    app.config["config"]["Labels"] = json!({ LABEL: metadata().to_string() });
    workspace.write(APP, &app);
    let text = concern(&workspace).to_string();
    assert!(text.contains("no distribution") && text.contains("distribution acme 7"), "{text}");
}

#[test]
fn a_run_image_of_another_name_explains_the_check_and_the_way_out() {
    let mut workspace = Workspace::new();
    let identifier = workspace.write(OTHER, &run_image(&["else"]));
    workspace.inputs.run_image = Some(OTHER.to_owned());
    let error = workspace.rebase().unwrap_err();
    let text = error.to_string();
    for part in [APP, OTHER, "'r.example/run:base', 'm.example/run:base'", "records for its run image"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(error.exit_code(), ExitCode::Rebase);
    let hint = error.hint().unwrap();
    assert!(hint.contains("-force") && hint.contains("-run-image"), "{hint}");

    workspace.inputs.force = true;
    let label = metadata_of(&workspace.rebased());
    let run_image = &label["runImage"];
    assert_eq!(run_image["reference"], identifier.as_str());
    assert_eq!(run_image["image"], OTHER);
    assert_eq!(run_image.get("mirrors"), None);
    assert_eq!(label["stack"], json!({ "runImage": { "image": OTHER } }));
}

#[test]
fn names_count_since_platform_api_0_12() {
    let mut workspace = Workspace::new();
    workspace.write(OTHER, &run_image(&["else"]));
    workspace.inputs.run_image = Some(OTHER.to_owned());
    workspace.inputs.platform_api = PlatformApi::V0_11;
    let label = metadata_of(&workspace.rebased());
    assert_eq!(label["runImage"]["image"], RUN);
}

#[test]
fn all_concerns_are_told_at_once() {
    let mut workspace = Workspace::new();
    workspace.write(APP, &app_image(&metadata()).label("io.buildpacks.rebasable", "false"));
    workspace.write(OTHER, &with(run_image(&["else"]), "architecture", "s390x"));
    workspace.inputs.run_image = Some(OTHER.to_owned());
    match workspace.rebase().unwrap_err() {
        RebaseError::Unsafe { concerns, .. } => assert_eq!(concerns.len(), 3, "{concerns:?}"),
        other => panic!("{other}"),
    }
}

/// An app image of Platform API 0.11, and a run image, each with stack and mixins.
fn with_stacks(app: (&str, &str), base: (&str, &str), api: &str) -> Workspace {
    let stack = |image: ImageFixture, (id, mixins): (&str, &str)| {
        image.label("io.buildpacks.stack.id", id).label("io.buildpacks.stack.mixins", mixins)
    };
    let mut workspace = Workspace::new();
    let mut image = stack(app_image(&metadata()), app);
    image.config["config"]["Env"] =
        if api.is_empty() { json!([]) } else { json!([format!("CNB_PLATFORM_API={api}")]) };
    workspace.write(APP, &image);
    workspace.write(RUN, &stack(run_image(&["new"]), base));
    workspace.inputs.force = true;
    workspace
}

#[test]
fn images_of_older_platforms_stay_on_their_stack() {
    for (app, base) in [
        (("s", ""), ("s", "")),
        (("s", r#"["a","run:b"]"#), ("s", r#"["run:a","b","c"]"#)),
        (("s", "null"), ("s", r#"["a"]"#)),
    ] {
        with_stacks(app, base, "0.11").rebased();
        with_stacks(app, base, "").rebased();
    }
    for (app, base, message) in [
        (("s", ""), ("t", ""), "stack 's', run image 'r.example/run:base' of stack 't'"),
        (("", ""), ("s", ""), "/app/v1' has no label io.buildpacks.stack.id"),
        (("s", ""), ("", ""), "'r.example/run:base' has no label io.buildpacks.stack.id"),
        (("s", r#"["a","build:b","c"]"#), ("s", r#"["a"]"#), "lacks mixins that the app image has: b, c"),
        (("s", "{}"), ("s", ""), "label 'io.buildpacks.stack.mixins' is malformed"),
    ] {
        let error = with_stacks(app, base, "0.11").rebase().unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.exit_code(), ExitCode::Rebase);
        with_stacks(app, base, "0.12").rebased();
    }
}

#[test]
fn the_app_images_own_version_tells_which_rules_hold() {
    with_stacks(("s", ""), ("t", ""), "0.99").rebased();
    let error = with_stacks(("s", ""), ("s", ""), "0.x").rebase().unwrap_err();
    assert!(matches!(error, RebaseError::Incompatible(Incompatible::PlatformApi { .. })), "{error}");
    assert!(error.to_string().contains("'0.x' is not an API version"), "{error}");
}
