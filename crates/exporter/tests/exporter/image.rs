//! What is in the app image.

use std::process::Command;

use serde_json::json;
use spec_model::report::Report;
use test_kit::ImageFixture;

use crate::support::{Build, IMAGE, outcome};

#[test]
fn the_image_has_all_layers_in_their_order() {
    let build = Build::new();
    build.export(&[]).succeeded().says(&[
        "Adding layer 'acme/web:deps'",
        "Adding layer 'acme/web:runtime'",
        "Added 1/1 app layer(s)",
        "Adding layer 'buildpacksio/lifecycle:launcher'",
        "Adding layer 'buildpacksio/lifecycle:config'",
        "Adding layer 'buildpacksio/lifecycle:process-types'",
        "Setting default process type 'web'",
    ]);
    let image = build.image();
    let history: Vec<_> =
        image.config.history.iter().skip(1).map(|entry| entry.created_by.as_str()).collect();
    assert_eq!(
        history,
        [
            "Layer: 'deps', Created by buildpack: acme/web@1.0.0",
            "Layer: 'runtime', Created by buildpack: acme/web@1.0.0",
            "Application Layer",
            "Buildpacks Application Launcher",
            "Buildpacks Launcher Config",
            "Buildpacks Process Types",
        ]
    );
    let metadata = build.metadata();
    let layers = &metadata.buildpacks[0].layers;
    assert_eq!(layers.keys().collect::<Vec<_>>(), ["deps", "runtime"]);
    let diff_ids: Vec<_> = image.layers().skip(1).map(|layer| layer.diff_id.to_string()).collect();
    let recorded = [
        &layers["deps"].sha,
        &layers["runtime"].sha,
        &metadata.app[0].sha,
        &metadata.launcher.sha,
        &metadata.config.sha,
        &metadata.process_types.sha,
    ];
    assert_eq!(diff_ids.iter().collect::<Vec<_>>(), recorded);
    assert_eq!(metadata.run_image.top_layer, image.layers().next().unwrap().diff_id.to_string());
    assert!(
        metadata.run_image.reference.contains("/localhost/run/base/latest@sha256:")
            || metadata.run_image.reference.contains("run/base@sha256:")
    );
}

#[test]
fn the_image_starts_the_default_process_in_the_app_directory() {
    let build = Build::new();
    build.export(&[]).succeeded();
    let config = build.image().config.config;
    let (app, layers) = (build.path("app"), build.path("layers"));
    assert_eq!(config.entrypoint, ["/cnb/process/web"]);
    assert_eq!(config.working_dir, app.to_str().unwrap());
    assert_eq!(config.env("CNB_APP_DIR"), app.to_str());
    assert_eq!(config.env("CNB_LAYERS_DIR"), layers.to_str());
    assert_eq!(config.env("CNB_PLATFORM_API"), Some("0.12"));
    assert!(config.env("PATH").unwrap().starts_with("/cnb/process:/cnb/lifecycle:"));
}

#[test]
fn a_path_with_an_equals_sign_counts_as_unset() {
    for (path, expected) in
        [("/bin", "/cnb/process:/cnb/lifecycle:/bin"), ("/a=b:/bin", "/cnb/process:/cnb/lifecycle:")]
    {
        let build = Build::new();
        let mut base = ImageFixture::default().layer(&[("etc/", "")]);
        base.config["config"]["Env"] = json!([format!("PATH={path}"), "X="]);
        base.write(&build.path("layout/localhost/run/base"));
        build.export(&[]).succeeded();
        let config = build.image().config.config;
        assert_eq!(config.env[..2], [format!("PATH={expected}"), "X=".into()]);
    }
}

#[test]
fn without_default_process_the_launcher_is_started() {
    let build = Build::new();
    build.scratch.write("layers/config/metadata.toml", "");
    build.export(&[]).succeeded();
    assert_eq!(build.image().config.config.entrypoint, ["/cnb/lifecycle/launcher"]);
}

#[test]
fn a_process_type_that_no_buildpack_provided_is_refused() {
    let build = Build::new();
    build.export(&["-process-type", "worker"]).failed(62, &["'worker'", "web", "-process-type"]);
}

#[test]
fn every_reference_names_the_same_image() {
    let build = Build::new();
    outcome(build.command(&[]).args([IMAGE, "localhost/team/app:v2", "localhost/other"])).succeeded();
    let first = build.image();
    for tag in ["localhost/team/app:v2", "localhost/other"] {
        assert_eq!(build.image_named(tag).config_document.digest, first.config_document.digest, "{tag}");
    }
    let report: Report = spec_model::text::parse(&build.scratch.read("layers/report.toml")).unwrap();
    assert_eq!(report.image.tags.len(), 3);
}

#[test]
fn references_have_to_be_references_in_one_registry() {
    let build = Build::new();
    outcome(build.command(&[]).args([IMAGE, "other.example/app"])).failed(3, &["other.example", "localhost"]);
    outcome(build.command(&[]).arg("localhost/UPPER")).failed(3, &["localhost/UPPER"]);
}

#[test]
fn the_same_build_makes_the_same_image_whatever_the_umask() {
    let build = Build::new();
    build.export(&[]).succeeded();
    let first = build.image();
    let mut strict = Command::new("sh");
    let command = build.command(&[]);
    strict
        .arg("-c")
        .arg("umask 077; exec \"$@\"")
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    strict.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outcome(strict.args(["-uid", "65534", "-gid", "65534", "localhost/again"])).succeeded();
    build.export(&["-uid", "65534", "-gid", "65534"]).succeeded();
    let (again, image) = (build.image_named("localhost/again"), build.image());
    assert_eq!(again.config_document.digest, image.config_document.digest);
    let blobs = |image: &image_store::StoredImage| {
        image.manifest.layers.iter().map(|layer| layer.digest).collect::<Vec<_>>()
    };
    assert_eq!(blobs(&again), blobs(&image));
    assert_eq!(first.layers().len(), again.layers().len());
}

#[test]
fn the_creation_time_is_the_platforms_or_constant() {
    let build = Build::new();
    build.export(&[]).succeeded();
    assert_eq!(build.image().config.created.as_deref(), Some("1980-01-01T00:00:01Z"));
    outcome(build.command(&[]).env("SOURCE_DATE_EPOCH", "1700000000").arg(IMAGE)).succeeded();
    assert_eq!(build.image().config.created.as_deref(), Some("2023-11-14T22:13:20Z"));
    let odd = outcome(build.command(&[]).env("SOURCE_DATE_EPOCH", "yesterday").arg(IMAGE)).succeeded();
    assert!(odd.stderr.contains("SOURCE_DATE_EPOCH='yesterday'"), "{odd:?}");
    assert_eq!(build.image().config.created.as_deref(), Some("1980-01-01T00:00:01Z"));
}

#[test]
fn slices_become_layers_of_their_own() {
    let build = Build::new();
    build.scratch.write("layers/config/metadata.toml", "[[slices]]\npaths = [\"lib/*.js\"]\n");
    build.export(&[]).succeeded().says(&["Added 2/2 app layer(s)"]);
    let history = build.image().config.history;
    assert!(history.iter().any(|entry| entry.created_by == "Application Slice: 1"), "{history:?}");
    build.scratch.write("layers/config/metadata.toml", "[[slices]]\npaths = [\"[\"]\n");
    build.export(&[]).failed(62, &["pattern '['"]);
}
