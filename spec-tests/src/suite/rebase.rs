//! The rebaser: an app image on another run image. Spec: platform.md § rebaser.
#![expect(clippy::indexing_slicing, reason = "documents that a test made are changed by key")]

mod force;
mod inputs;
mod label;
mod outputs;

use serde_json::{Value, json};
use test_kit::{ImageFixture, sha256};

use crate::scene::{Phase, Put, Scene};
use crate::store::Store;
use crate::test::Test;
use crate::verdict::{Failure, Verdict};

/// The rebaser knows no layout.
const REGISTRY: &[Store] = &[Store::Registry];

/// The label that tells what a rebase needs.
const METADATA: &str = "io.buildpacks.lifecycle.metadata";

pub(super) fn tests() -> Vec<Test> {
    [force::tests(), inputs::tests(), label::tests(), outputs::tests()].into_iter().flatten().collect()
}

/// An app image on an old run image, and the new run image, both in the store; a rebase of the one onto the other
/// has to succeed.
struct Images {
    /// The app image.
    app: Put,
    /// The new run image, under the name that the app image knows.
    run_image: Put,
}

impl Images {
    fn put(scene: &Scene<'_>) -> Self {
        Self::with(scene, app(scene), run_image(scene))
    }

    fn with(scene: &Scene<'_>, app: ImageFixture, run_image: ImageFixture) -> Self {
        Self { app: put(scene, "app", app), run_image: put(scene, "run", run_image) }
    }
}

/// Puts an image with a history, as images that were built have one.
fn put(scene: &Scene<'_>, name: &str, mut image: ImageFixture) -> Put {
    if image.config.get("history").is_none() {
        let entry = |number| json!({ "created_by": format!("layer {number}") });
        image.config["history"] = (0..image.layers.len()).map(entry).collect();
    }
    scene.put(name, &image)
}

/// An app image of this scene's Platform API with one layer of its own on the run image of [`Scene::run_image`].
fn app(scene: &Scene<'_>) -> ImageFixture {
    let mut app = scene.run_image().layer(&[("workspace/", ""), ("workspace/page", "of the app")]);
    app.config["author"] = "lifecycle".into();
    app.config["created"] = "1980-01-01T00:00:01Z".into();
    app.config["config"]["Env"] = json!([
        "PATH=/cnb/process:/cnb/lifecycle:/bin",
        format!("CNB_PLATFORM_API={}", scene.platform),
        "OF_APP=kept"
    ]);
    app.config["config"]["Entrypoint"] = json!(["/cnb/process/web"]);
    app.config["config"]["User"] = "1000:1000".into();
    app.config["config"]["WorkingDir"] = "/workspace".into();
    let metadata = metadata(scene, &app);
    app.label(METADATA, &metadata.to_string()).label("of-app", "kept")
}

/// What the label of an app image says, whose run image has two layers.
fn metadata(scene: &Scene<'_>, app: &ImageFixture) -> Value {
    let diff_ids: Vec<_> = app.layers.iter().map(|layer| sha256(&layer.archive)).collect();
    let name = scene.reference("run");
    let old = format!("{}@{}", name.trim_end_matches(":latest"), sha256(b"the old run image"));
    json!({
        "app": [{ "sha": diff_ids.get(2) }],
        "buildpacks": [{ "key": "of/tests", "version": "1.0.0", "layers": {} }],
        "runImage": { "topLayer": diff_ids.get(1), "reference": old, "image": name },
        "stack": { "runImage": { "image": name } },
    })
}

/// A newer run image of the same stack and target.
fn run_image(scene: &Scene<'_>) -> ImageFixture {
    let mut run_image = scene.run_image();
    run_image.layers.clear();
    run_image
        .layer(&[("etc/", ""), ("etc/os-release", "ID=linux-of-tests\nVERSION_ID=7\n")])
        .layer(&[("base/", ""), ("base/file", "of the new base")])
        .layer(&[("base/another", "of the new base")])
}

/// The rebaser, with a report to be written.
fn rebaser<'s>(scene: &'s Scene<'_>) -> Phase<'s> {
    scene.phase("rebaser").args(&["-report", "/layers/report.toml"])
}

/// The digest of what a name stands for must be that of an image.
fn untouched(scene: &Scene<'_>, image: &Put) -> Verdict {
    let seen = scene.image(&image.name)?.digest;
    if seen == image.digest { Ok(()) } else { Err(Failure::new(&image.name, &image.digest, seen)) }
}
