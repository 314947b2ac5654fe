//! What image extensions need to know of run image and build image. Spec: platform.md § restorer.

use std::process::{Command, Output};

use test_kit::{ImageFixture, Scratch, WrittenFixture};

const BUILDPACK: &str = "[[group]]\nid = 'acme/web'\nversion = '2'\napi = '0.10'\n";
const EXTENSION: &str = "[[group-extensions]]\nid = 'acme/ext'\nversion = '1'\napi = '0.10'\n";

/// A layout directory with the run image `some/run`, and an analysis that names it without target.
fn layout() -> (Scratch, WrittenFixture) {
    let scratch = Scratch::new();
    let run = ImageFixture::default()
        .layer(&[("etc/", "")])
        .label("io.buildpacks.base.id", "acme.base")
        .label("io.buildpacks.base.distro.name", "acmelinux")
        .label("io.buildpacks.base.distro.version", "7");
    let written = run.write(&scratch.path("layout/index.docker.io/some/run/latest"));
    scratch.write("layers/group.toml", &format!("{BUILDPACK}{EXTENSION}"));
    scratch.write("layers/analyzed.toml", "[run-image]\nreference = ''\nimage = 'some/run'\n");
    (scratch, written)
}

fn run(scratch: &Scratch, api: &str, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_restorer"))
        .env_clear()
        .env("CNB_PLATFORM_API", api)
        .env("CNB_EXPERIMENTAL_MODE", "silent")
        .arg("-layers")
        .arg(scratch.path("layers"))
        .args(args)
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn run_with_layout(scratch: &Scratch, api: &str) -> (Option<i32>, String) {
    let layout = scratch.path("layout");
    run(scratch, api, &["-layout", "-layout-dir", layout.to_str().unwrap()])
}

fn analyzed(scratch: &Scratch) -> toml::Table {
    scratch.read("layers/analyzed.toml").parse().unwrap()
}

#[test]
fn with_extensions_the_run_images_target_is_filled_in() {
    let (scratch, written) = layout();
    assert_eq!(run_with_layout(&scratch, "0.12"), (Some(0), String::new()));
    let run_image = &analyzed(&scratch)["run-image"];
    let place = scratch.path("layout/index.docker.io/some/run/latest");
    let reference = format!("{}@{}", place.display(), written.digest);
    assert_eq!(run_image["reference"].as_str(), Some(reference.as_str()));
    assert_eq!(run_image["image"].as_str(), Some("some/run"));
    let target = &run_image["target"];
    assert_eq!((target["os"].as_str(), target["id"].as_str()), (Some("linux"), Some("acme.base")));
    assert_eq!(target["distro"]["version"].as_str(), Some("7"));
}

#[test]
fn without_extensions_or_with_a_target_the_run_image_is_not_looked_at() {
    let (scratch, _) = layout();
    fs_err::remove_dir_all(scratch.path("layout")).unwrap();
    scratch.write("layers/group.toml", BUILDPACK);
    assert_eq!(run_with_layout(&scratch, "0.15").0, Some(0));
    scratch.write("layers/group.toml", &format!("{BUILDPACK}{EXTENSION}"));
    let known = "[run-image]\nreference = 'x'\nimage = 'some/run'\n[run-image.target]\nos = 'linux'\narch = 'amd64'\n";
    scratch.write("layers/analyzed.toml", known);
    assert_eq!(run_with_layout(&scratch, "0.15").0, Some(0));
    assert_eq!(analyzed(&scratch)["run-image"]["reference"].as_str(), Some("x"));
}

#[test]
fn a_run_image_that_does_not_exist_is_named() {
    let (scratch, _) = layout();
    scratch.write("layers/analyzed.toml", "[run-image]\nreference = ''\nimage = 'some/other'\n");
    let before = scratch.read("layers/analyzed.toml");
    let (status, stderr) = run_with_layout(&scratch, "0.12");
    assert_eq!(status, Some(1));
    assert!(stderr.contains("run image 'some/other' does not exist"), "{stderr}");
    assert_eq!(scratch.read("layers/analyzed.toml"), before);
}

#[test]
fn images_that_only_a_registry_has_are_told_as_such() {
    let (scratch, _) = layout();
    for (api, analysis, args) in [
        ("0.12", "[run-image]\nreference = 'x'\nimage = 'some/run'\nextend = true\n", &[][..]),
        ("0.12", "[run-image]\nreference = 'x'\n", &["-build-image", "some/run"]),
        ("0.12", "[run-image]\nreference = ''\nimage = 'some/run'\n", &[]),
    ] {
        scratch.write("layers/analyzed.toml", analysis);
        let (status, stderr) = run(&scratch, api, args);
        assert_eq!(status, Some(1), "{stderr}");
        assert!(stderr.contains("'some/run'"), "{stderr}");
    }
}

#[test]
fn from_0_14_on_an_offered_run_image_has_to_be_readable() {
    let (scratch, _) = layout();
    scratch.write("layers/group.toml", BUILDPACK);
    scratch.write("run.toml", "[[images]]\nimage = 'some/run'\nmirrors = ['host.example/run']\n");
    let path = scratch.path("run.toml");
    let path = path.to_str().unwrap();
    let offered = |image: &str| {
        scratch.write("layers/analyzed.toml", &format!("[run-image]\nreference = 'x'\nimage = '{image}'\n"));
    };
    for (image, api, status) in [
        ("host.example/run", "0.14", Some(1)),
        ("some/run", "0.15", Some(1)),
        ("switched/by-extension", "0.14", Some(0)),
    ] {
        offered(image);
        let (found, stderr) = run(&scratch, api, &["-run", path]);
        assert_eq!(found, status, "{image}: {stderr}");
        assert!(status == Some(0) || stderr.contains(&format!("'{image}'")), "{stderr}");
    }
    offered("some/run");
    assert_eq!(run(&scratch, "0.13", &[]).0, Some(0), "older versions don't look");
    let (status, stderr) = run(&scratch, "0.14", &["-run", "/nowhere/run.toml"]);
    assert!(status == Some(0) && stderr.contains("/nowhere/run.toml"), "{stderr}");
    scratch.write("run.toml", "images = 1");
    let (status, stderr) = run(&scratch, "0.14", &["-run", path]);
    assert!(status == Some(1) && stderr.contains("run.toml: line 1"), "{stderr}");
}
