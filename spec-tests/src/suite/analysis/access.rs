//! What the analyzer makes sure of at registries. Spec: platform.md § analyzer, Inputs.

use test_registry::Fault;

use super::{ANALYZED, REGISTRY};
use crate::scene::{Put, Scene};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_image_can_be_written).on(REGISTRY),
        test!(each_tag_can_be_written).on(REGISTRY),
        test!(the_cache_image_can_be_written).on(REGISTRY),
        test!(the_previous_image_can_be_read).on(REGISTRY),
        test!(the_cache_image_can_be_read).on(REGISTRY),
        test!(the_run_image_can_be_read).on(REGISTRY),
    ]
}

const WRITING: (&str, &str) = ("POST", "/blobs/uploads/");
const READING: (&str, &str) = ("*", "/manifests/");

/// The analyzer succeeds for images behind a proxy, and fails if something may not be done to one of them.
fn is_needed(scene: &Scene<'_>, (method, path): (&str, &str), repository: &str) -> Verdict {
    let proxy = scene.proxy();
    let [run, app, tagged, previous, cache] = ["run", "app", "tagged", "previous", "cache"].map(|name| {
        let Put { name, .. } = scene.put(name, &scene.run_image());
        scene.behind(&proxy, &name)
    });
    let analyzer = || {
        let analyzer = scene.phase("analyzer").args(&["-run-image", &run, "-tag", &tagged]);
        analyzer.args(&["-cache-image", &cache, "-previous-image", &previous, &app])
    };
    analyzer().run()?.succeeds()?;
    scene.remove(ANALYZED);
    proxy.on(method, &format!("/{repository}{path}"), .., Fault::error(403, "DENIED"));
    analyzer().run()?.fails()?;
    scene.lacks(ANALYZED)
}

fn the_image_can_be_written(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, WRITING, "app")
}

fn each_tag_can_be_written(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, WRITING, "tagged")
}

fn the_cache_image_can_be_written(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, WRITING, "cache")
}

fn the_previous_image_can_be_read(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, READING, "previous")
}

fn the_cache_image_can_be_read(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, READING, "cache")
}

fn the_run_image_can_be_read(scene: &Scene<'_>) -> Verdict {
    is_needed(scene, READING, "run")
}
