//! Identity with the layers and images that lifecycles have made so far.
#![expect(clippy::indexing_slicing, reason = "documents that a test made are changed by key")]

mod image;
mod order;
mod tar;

use crate::scene::{Image, Layer, Scene};
use crate::test::Test;
use crate::verdict::Verdict;

/// The layer that these tests fill.
const DEPS: &str = "/layers/of_tests/deps";

pub(super) fn tests() -> Vec<Test> {
    [image::tests(), order::tests(), tar::tests()].into_iter().flatten().collect()
}

/// What a build left that made a launch layer, to be filled.
fn built(scene: &Scene<'_>) {
    scene.built();
    scene.make_directory(DEPS);
    scene.write(&format!("{DEPS}.toml"), "[types]\nlaunch = true\n");
}

/// Exports, and returns the launch layer with the image.
fn exported(scene: &Scene<'_>) -> Verdict<(Layer, Image)> {
    let image = scene.export()?;
    Ok((named(&image, "/buildpacks/0/layers/deps/sha")?, image))
}

/// The layer that the lifecycle's label has at a place.
fn named(image: &Image, pointer: &str) -> Verdict<Layer> {
    image.layer_named_by(&image.lifecycle_metadata()?, pointer)
}
