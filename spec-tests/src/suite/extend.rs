//! The extender. Spec: platform.md § extender, `image_extension.md` § Phase: Extension.
#![expect(clippy::indexing_slicing, reason = "a set-up that fails ends the test")]

mod arguments;
mod build_image;
mod contexts;
mod order;
mod run_image;

use std::fmt::Write as _;

use serde_json::json;
use test_kit::ImageFixture;

use crate::scene::{EXTENDS, Image, Phase, Put, Run, Scene};
use crate::store::{Store, layout};
use crate::test::Test;
use crate::verdict::{Failure, Verdict};

pub(super) fn tests() -> Vec<Test> {
    let tests =
        [arguments::tests(), build_image::tests(), contexts::tests(), order::tests(), run_image::tests()];
    // The extender reads images from where the restorer put them, which takes them from a registry.
    tests.into_iter().flatten().map(|test| test.on(&[Store::Registry]).by_root()).collect()
}

/// The user of the images.
const IMAGE_USER: &str = "1003:1004";

/// Where extensions leave files, as whatever user.
const MADE: &str = "/made";

/// What [`to_be_extended`] leaves: other contents each time, unless they come from a cache.
pub(crate) const NOTE: &str = "/made/note";

/// Images to be extended, `build` and `run`: what tells them apart is the variable `OF_IMAGE`.
#[derive(Debug)]
struct Images {
    build: Put,
    run: Put,
}

/// An image with a user and variables.
fn image(scene: &Scene<'_>, name: &str) -> ImageFixture {
    let mut image = scene.run_image();
    image.config["config"]["User"] = json!(IMAGE_USER);
    image.config["config"]["Env"] = json!([
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        format!("OF_IMAGE={name}"),
    ]);
    image
}

/// Leaves what the phases before do: a group of a buildpack and these extensions, an analyzed file, and whatever the
/// restorer makes of both images.
fn restored(scene: &Scene<'_>, extensions: &[&str]) -> Verdict<Images> {
    // Without an extender, the test is skipped here.
    let _ = scene.phase("extender");
    let images = Images {
        build: scene.put("build", &image(scene, "build")),
        run: scene.put("run", &image(scene, "run")),
    };
    scene.detected(&[scene.new_buildpack("buildpack")]);
    let mut group = scene.read("/layers/group.toml")?;
    for id in extensions {
        let api = scene.buildpack;
        let _ = write!(group, "[[group-extensions]]\nid = '{id}'\nversion = '1.0.0'\napi = '{api}'\n");
    }
    scene.write("/layers/group.toml", group);
    scene.analyzed(&images.run);
    if scene.holds("platform.extender.applies-to-kind") {
        let analyzed = scene.read("/layers/analyzed.toml")?;
        scene.write(
            "/layers/analyzed.toml",
            analyzed.replace("[run-image]\n", "[run-image]\nextend = true\n"),
        );
    }
    for directory in [MADE, "/layers/generated", "/layers/extended"] {
        if scene.exists(directory) {
            scene.remove(directory);
        }
    }
    scene.make_directory(MADE);
    scene.set_mode(MADE, 0o777);
    scene.make_directory("/kaniko");
    scene.give("/kaniko", crate::scene::USER, crate::scene::USER);
    let restorer = scene.phase("restorer").env("CNB_EXPERIMENTAL_MODE", "quiet");
    restorer.args(&["-build-image", &images.build.name]).run()?.succeeds()?;
    Ok(images)
}

/// Leaves what the phases before do for an extension that notes in [`NOTE`] that it was applied, and a buildpack with
/// a script; its uses for the run image need no build.
pub(crate) fn to_be_extended(scene: &Scene<'_>, build: &str) -> Verdict {
    restored(scene, &["a"])?;
    scene.install(&scene.new_buildpack("buildpack").build(build));
    for kind in kinds(scene) {
        generated(scene, kind, "a", &format!("RUN cat /proc/sys/kernel/random/uuid > {NOTE}"));
    }
    Ok(())
}

/// The Dockerfile of an extension, by what follows on `FROM`.
fn generated(scene: &Scene<'_>, kind: &str, id: &str, instructions: &str) {
    scene.write(&scene.dockerfile(id, kind), format!("{EXTENDS}{instructions}\n"));
}

/// A file beside the Dockerfile of an extension.
fn beside(scene: &Scene<'_>, kind: &str, id: &str, name: &str, contents: &str) {
    let dockerfile = scene.dockerfile(id, kind);
    let directory = dockerfile.rsplit_once('/').map_or("", |(directory, _)| directory);
    scene.write(&format!("{directory}/{name}"), contents);
}

/// The extender for a kind of image.
fn extender<'s>(scene: &'s Scene<'_>, kind: &str) -> Phase<'s> {
    let extender = scene.phase("extender").by_root().env("CNB_EXPERIMENTAL_MODE", "quiet");
    // Before there were kinds, it was the build image.
    if scene.holds("platform.extender.applies-to-kind") { extender.args(&["-kind", kind]) } else { extender }
}

/// Extends an image by extensions: ids with instructions.
fn extend(scene: &Scene<'_>, kind: &str, extensions: &[(&str, &str)]) -> Verdict<Run> {
    restored(scene, &extensions.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    for (id, instructions) in extensions {
        generated(scene, kind, id, instructions);
    }
    extender(scene, kind).run()
}

/// The extended run image, of which there has to be one.
fn extended(scene: &Scene<'_>) -> Verdict<Image> {
    const DIRECTORY: &str = "/layers/extended/run";
    match scene.names(DIRECTORY).as_slice() {
        [name] => layout::read("the extended run image", &scene.path(&format!("{DIRECTORY}/{name}"))),
        names => Err(Failure::new(DIRECTORY, "it has one image", names.join(", "))),
    }
}

/// The text of a file that extensions left: in the container if they extend the build image, else in the image.
fn made(scene: &Scene<'_>, kind: &str, path: &str) -> Verdict<String> {
    match kind {
        "build" => scene.read(path),
        _ => Ok(String::from_utf8_lossy(&extended(scene)?.file(path)?.content).into_owned()),
    }
}

/// The kinds of images that there are in this version.
fn kinds(scene: &Scene<'_>) -> &'static [&'static str] {
    if scene.holds("platform.extender.applies-to-kind") { &["build", "run"] } else { &["build"] }
}
