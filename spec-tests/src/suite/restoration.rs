//! What the restorer brings back, and what is kept for it. Spec: platform.md § restorer.

mod cache;
mod images;
mod layers;

use serde_json::{Value, json};

use crate::scene::{BUILDPACK, Scene, USER};
use crate::store::Store;
use crate::test::Test;
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    [cache::tests(), images::tests(), layers::tests()].into_iter().flatten().collect()
}

const REGISTRY: &[Store] = &[Store::Registry];

/// An empty directory of layers for the next build by the same group.
fn next_build(scene: &Scene<'_>) {
    scene.remove("/layers");
    scene.make_directory("/layers");
    scene.give("/layers", USER, USER);
    scene.write(
        "/layers/group.toml",
        format!("[[group]]\nid = '{BUILDPACK}'\nversion = '1.0.0'\napi = '{}'\n", scene.buildpack),
    );
}

/// Analyzes the image `app` for the next build, and restores with these arguments.
fn restore(scene: &Scene<'_>, arguments: &[&str]) -> Verdict {
    next_build(scene);
    scene.phase("analyzer").arg(scene.reference("app")).run()?.succeeds()?;
    scene.phase("restorer").args(arguments).run()?.succeeds()?;
    Ok(())
}

/// Puts an image `app` of a build by the group's buildpack and another one, each with a layer `deps` for launch and
/// a store.
fn put_app(scene: &Scene<'_>) {
    let buildpack = |id: &str| -> Value {
        let deps = json!({
            "sha": test_kit::sha256(id.as_bytes()), "launch": true, "build": false, "cache": false,
            "data": { "of": id }
        });
        let store = json!({ "metadata": { "of": format!("store of {id}") } });
        json!({ "key": id, "version": "1.0.0", "layers": { "deps": deps }, "store": store })
    };
    let label = json!({ "buildpacks": [buildpack(BUILDPACK), buildpack("of/others")] });
    scene.put("app", &scene.run_image().label("io.buildpacks.lifecycle.metadata", &label.to_string()));
}
