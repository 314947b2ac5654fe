//! App images on a run image that image extensions have extended.

use std::path::PathBuf;

use serde_json::json;
use spec_model::analyzed::Analyzed;
use test_kit::{ImageFixture, LayerFixture, WrittenFixture};

use crate::support::{Build, IMAGE, outcome};

/// The run image of [`Build`] with two layers on top and another config, as an extender leaves it.
fn extended() -> ImageFixture {
    let mut image = ImageFixture::default()
        .layer(&[("etc/", ""), ("etc/os", "base")])
        .layer(&[("opt/", ""), ("opt/tool", "tool 1")])
        .layer(&[("opt/link", "link:tool")])
        .label("io.buildpacks.rebasable", "false");
    image.config["config"]["Env"] = json!(["A=1", "PATH=/opt", "B=2"]);
    image.config["config"]["User"] = json!("2000:2000");
    image.config["history"] = json!([
        { "created_by": "base" },
        { "created_by": "Layer: 'RUN make', Created by extension: acme/ext@1" },
        { "created_by": "ENV A=1", "empty_layer": true },
        { "created_by": "COPY link" },
    ]);
    image
}

/// Leaves the extended image for the exporter, without the run image's layer, and asks for it.
pub(crate) fn extend(build: &Build, image: &ImageFixture) -> WrittenFixture {
    let written = image.write(&build.path("layers/extended/run/image"));
    fs_err::remove_file(blob(build, &written.layers[0])).unwrap();
    ask(build);
    written
}

fn ask(build: &Build) {
    let mut analyzed: Analyzed =
        spec_model::text::parse(&build.scratch.read("layers/analyzed.toml")).unwrap();
    analyzed.run_image.as_mut().unwrap().extend = true;
    build.scratch.write("layers/analyzed.toml", &spec_model::text::print(&analyzed).unwrap());
}

fn blob(build: &Build, digest: &str) -> PathBuf {
    build.path("layers/extended/run/image/blobs").join(digest.replace(':', "/"))
}

#[test]
fn the_layers_of_extensions_lie_between_those_of_run_image_and_buildpacks() {
    let build = Build::new();
    let written = extend(&build, &extended());
    build.export(&[]).succeeded().says(&[
        "Adding layer 'acme/ext@1:extended-1'",
        "Adding layer 'extension:extended-2'",
        "Adding layer 'acme/web:deps'",
    ]);
    let image = build.image();
    let history: Vec<_> = image.config.history.iter().map(|entry| entry.created_by.as_str()).collect();
    assert_eq!(
        history[1..4],
        [
            "Layer: 'RUN make', Created by extension: acme/ext@1",
            "COPY link",
            "Layer: 'deps', Created by buildpack: acme/web@1.0.0",
        ]
    );
    let diff_ids: Vec<_> = image.layers().map(|layer| layer.diff_id.to_string()).collect();
    assert_eq!(diff_ids[0], written.diff_ids[0]);
    // Their times are others, so the layers are too.
    assert!(!written.diff_ids.contains(&diff_ids[1]) && !written.diff_ids.contains(&diff_ids[2]));
    let metadata = build.metadata();
    assert_eq!(metadata.run_image.top_layer, written.diff_ids[0]);
    assert_eq!(metadata.buildpacks[0].layers["deps"].sha, diff_ids[3]);
}

#[test]
fn the_config_is_that_of_the_extended_image() {
    let build = Build::new();
    extend(&build, &extended());
    build.export(&[]).succeeded();
    let config = build.image().config.config;
    assert_eq!(config.env[..3], ["A=1", "PATH=/cnb/process:/cnb/lifecycle:/opt", "B=2"]);
    assert_eq!(config.user, "2000:2000");
    assert_eq!(config.labels["io.buildpacks.rebasable"], "false");
    assert_eq!(config.entrypoint, ["/cnb/process/web"]);
}

#[test]
fn unchanged_layers_of_extensions_are_reused() {
    let build = Build::new();
    extend(&build, &extended());
    build.export(&[]).succeeded();
    let first = build.image();
    build.analyze();
    ask(&build);
    build
        .export(&[])
        .succeeded()
        .says(&["Reusing layer 'acme/ext@1:extended-1'", "Reusing layer 'extension:extended-2'"]);
    assert_eq!(build.image().config_document.digest, first.config_document.digest);
    let mut changed = extended();
    changed.layers[1] = LayerFixture::of(&[("opt/", ""), ("opt/tool", "tool 2")]);
    fs_err::remove_dir_all(build.path("layers/extended")).unwrap();
    extend(&build, &changed);
    build
        .export(&[])
        .succeeded()
        .says(&["Adding layer 'acme/ext@1:extended-1'", "Reusing layer 'extension:extended-2'"]);
}

#[test]
fn extensions_may_change_the_config_alone() {
    let build = Build::new();
    let mut image = extended();
    image.layers.truncate(1);
    extend(&build, &image);
    build.export(&[]).succeeded();
    let image = build.image();
    assert_eq!(image.config.config.user, "2000:2000");
    assert!(image.config.history[1].created_by.contains("'deps'"));
}

#[test]
fn an_extended_image_that_is_not_asked_for_is_left_alone() {
    let build = Build::new();
    extended().write(&build.path("layers/extended/run/image"));
    build.export(&[]).succeeded();
    assert_eq!(build.image().config.config.user, "");
}

#[test]
fn extended_images_were_experimental_once() {
    for (api, is_experimental) in [("0.12", true), ("0.13", false)] {
        let build = Build::new();
        extend(&build, &extended());
        let mut command = build.command(&[]);
        command.env("CNB_PLATFORM_API", api).env("CNB_EXPERIMENTAL_MODE", "warn").arg(IMAGE);
        let outcome = outcome(&mut command).succeeded();
        assert_eq!(
            outcome.stderr.contains("an extended run image is experimental"),
            is_experimental,
            "{api}"
        );
    }
}

#[test]
fn the_directory_of_the_extended_image_can_be_elsewhere() {
    let build = Build::new();
    extend(&build, &extended());
    fs_err::rename(build.path("layers/extended"), build.path("elsewhere")).unwrap();
    build.export(&["-extended", build.path("elsewhere").to_str().unwrap()]).succeeded();
    assert_eq!(build.image().config.config.user, "2000:2000");
}

#[test]
fn an_extended_image_that_cannot_be_used_is_an_error() {
    type Damage = fn(&Build, &WrittenFixture);
    let cases: [(Damage, &[&str]); 8] = [
        (|build, _| remove(build, ""), &["analyzed.toml", "none in", "extended/run", "run the extender"]),
        (|build, _| remove(build, "run/image"), &["none in", "extended/run"]),
        (|build, _| build.scratch.write("layers/extended/run/other", ""), &["2 entries", "extended/run"]),
        (|build, _| remove(build, "run/image/index.json"), &["run/image", "no index.json"]),
        (
            |build, _| build.scratch.write("layers/extended/run/image/index.json", "{"),
            &["index.json", "JSON"],
        ),
        (
            |build, written| fs_err::remove_file(blob(build, &written.digest)).unwrap(),
            &["manifest", "missing"],
        ),
        (
            |build, written| fs_err::remove_file(blob(build, &written.layers[2])).unwrap(),
            &["layer", "missing"],
        ),
        (|build, written| fs_err::write(blob(build, &written.digest), "{}").unwrap(), &["manifest"]),
    ];
    for (damage, words) in cases {
        let build = Build::new();
        let written = extend(&build, &extended());
        damage(&build, &written);
        build.export(&[]).failed(1, words);
        assert!(!build.scratch.has("layout/localhost/team"));
    }
}

fn remove(build: &Build, name: &str) {
    let path = build.path("layers/extended").join(name);
    if path.is_dir() { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) }.unwrap();
}

#[test]
fn an_extended_image_of_another_run_image_is_refused() {
    let build = Build::new();
    let mut image = extended();
    image.layers[0] = LayerFixture::of(&[("etc/", ""), ("etc/os", "another base")]);
    extend(&build, &image);
    build.export(&[]).failed(1, &["run/image", "not based on", "localhost/run/base"]);
}

#[test]
fn layers_of_extensions_that_cannot_be_copied_are_refused() {
    let hostile = || {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..8].copy_from_slice(b"a/../../");
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        header.set_cksum();
        LayerFixture::compressed([header.as_bytes().as_slice(), &[0; 1024]].concat())
    };
    for (layer, words) in [
        (LayerFixture::compressed(b"no archive".repeat(1000)), "no tar archive"),
        (LayerFixture::compressed(Vec::new()), "too early"),
        (hostile(), "'..' is not allowed"),
    ] {
        let build = Build::new();
        let mut image = extended();
        image.layers[2] = layer;
        extend(&build, &image);
        build.export(&[]).failed(62, &["extension:extended-2", "run/image/blobs", words]);
        assert!(!build.scratch.has("layout/localhost/team/app/latest/index.json"));
    }
}

#[test]
fn a_layer_of_another_digest_is_refused() {
    let build = Build::new();
    let mut image = extended();
    image.layers[2] = LayerFixture::of(&[("opt/file", "good")]).uncompressed();
    let written = extend(&build, &image);
    let evil = LayerFixture::of(&[("opt/file", "evil")]).uncompressed();
    fs_err::write(blob(&build, &written.layers[2]), evil.blob).unwrap();
    build.export(&[]).failed(62, &["extension:extended-2", "has the digest", &written.diff_ids[2]]);
}
