//! What the analyzer finds out about images, and the run image that is chosen. Spec: platform.md § analyzer.

mod access;
mod inputs;
mod layout;
mod previous_image;
mod run_image;
mod run_image_choice;

use crate::scene::{Phase, Put, Scene};
use crate::store::Store;
use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    [
        access::tests(),
        inputs::tests(),
        layout::tests(),
        previous_image::tests(),
        run_image::tests(),
        run_image_choice::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const ANALYZED: &str = "/layers/analyzed.toml";
const REGISTRY: &[Store] = &[Store::Registry];
const ALL: &[Store] = &[Store::Layout, Store::Registry, Store::Daemon];

/// Puts a run image into the store.
fn put_run_image(scene: &Scene<'_>) -> Put {
    scene.put("run", &scene.run_image())
}

/// The analyzer with a run image.
fn analyzer<'s>(scene: &'s Scene<'_>, run_image: &Put) -> Phase<'s> {
    scene.phase("analyzer").args(&["-run-image", &run_image.name])
}
