//! A damaged cache is a miss, and never fails a build.

use serde_json::json;

use super::{built_with_cache, in_order};
use crate::scene::Scene;
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

const METADATA: &str = "/cache/committed/io.buildpacks.lifecycle.cache.metadata";
const FILE: &str = "/layers/of_tests/deps/file";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_cut_layer_is_a_miss).with_images(),
        test!(a_changed_layer_is_a_miss).with_images(),
        test!(a_missing_layer_is_a_miss).with_images(),
        test!(metadata_that_are_no_json_are_a_miss).with_images(),
        test!(metadata_of_other_types_are_a_miss).with_images(),
        test!(a_damaged_cache_is_replaced).with_images(),
        test!(an_image_that_is_no_cache_is_a_miss).on(&[Store::Registry]),
        test!(a_cache_image_without_its_layers_is_a_miss).on(&[Store::Registry]),
    ]
}

/// An export into the cache directory, and where the layer is in there.
fn cached(scene: &Scene<'_>) -> Verdict<String> {
    built_with_cache(scene, &"content".repeat(1000));
    export(scene)?;
    let layers = scene.names("/cache/committed");
    let layer = layers.into_iter().find(|name| name.starts_with("sha256:"));
    Ok(format!("/cache/committed/{}", layer.unwrap_or_default()))
}

fn export(scene: &Scene<'_>) -> Verdict {
    scene.phase("exporter").args(&["-cache-dir", "/cache"]).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

/// Tells the next phases what the image has by now.
fn analyze(scene: &Scene<'_>) -> Verdict {
    let images = ["run", "app"].map(|name| scene.reference(name));
    let [run_image, app] = &images;
    scene.phase("analyzer").args(&["-run-image", run_image, app]).run()?.succeeds()?;
    Ok(())
}

/// The restorer has to succeed without the layer, which is there neither whole nor in part.
fn is_a_miss(scene: &Scene<'_>) -> Verdict {
    if scene.exists("/layers/of_tests") {
        scene.remove("/layers/of_tests");
    }
    in_order(&scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?)?.succeeds()?;
    scene.lacks(FILE)
}

fn a_cut_layer_is_a_miss(scene: &Scene<'_>) -> Verdict {
    let layer = cached(scene)?;
    let bytes = fs_err::read(scene.path(&layer)).unwrap_or_default();
    for length in [0, 100, 512, 3000, bytes.len() - 1] {
        scene.write(&layer, bytes.get(..length).unwrap_or_default());
        is_a_miss(scene)?;
    }
    scene.write(&layer, &bytes);
    scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?.succeeds()?;
    scene.has(FILE)
}

fn a_changed_layer_is_a_miss(scene: &Scene<'_>) -> Verdict {
    let layer = cached(scene)?;
    let text = scene.read(&layer)?;
    scene.write(&layer, text.replacen("content", "CONTENT", 1));
    is_a_miss(scene)
}

fn a_missing_layer_is_a_miss(scene: &Scene<'_>) -> Verdict {
    scene.remove(&cached(scene)?);
    is_a_miss(scene)
}

fn metadata_that_are_no_json_are_a_miss(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    let nested = "[".repeat(100_000);
    for text in ["", "no JSON", "{", "\0\0\0", "nul", &nested] {
        scene.write(METADATA, text);
        is_a_miss(scene)?;
    }
    Ok(())
}

fn metadata_of_other_types_are_a_miss(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    for text in
        ["[]", "7", "null", r#"{"buildpacks": 7}"#, r#"{"buildpacks": [{"key": 7, "layers": "none"}]}"#]
    {
        scene.write(METADATA, text);
        is_a_miss(scene)?;
    }
    Ok(())
}

/// The export of the build that had to do without has the layer in the cache again, be it the same one.
fn a_damaged_cache_is_replaced(scene: &Scene<'_>) -> Verdict {
    for next in ["of the next build".to_owned(), "content".repeat(1000)] {
        let layer = cached(scene)?;
        let size = scene.read(&layer)?.len();
        scene.write(&layer, "?".repeat(size));
        is_a_miss(scene)?;
        built_with_cache(scene, &next);
        analyze(scene)?;
        export(scene)?;
        analyze(scene)?;
        scene.remove("/layers/of_tests");
        scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?.succeeds()?;
        equal("what is restored", scene.read(FILE)?.as_str(), next.as_str())?;
    }
    Ok(())
}

fn an_image_that_is_no_cache_is_a_miss(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    for name in [run_image.name, scene.put("cache:odd", &labelled(scene, "no JSON")).name] {
        let restorer = scene.phase("restorer").args(&["-cache-image", &name]);
        in_order(&restorer.run()?)?.succeeds()?;
        scene.lacks(FILE)?;
    }
    Ok(())
}

fn labelled(scene: &Scene<'_>, label: &str) -> test_kit::ImageFixture {
    scene.run_image().label("io.buildpacks.lifecycle.cache.metadata", label)
}

/// The label names layers that the image hasn't.
fn a_cache_image_without_its_layers_is_a_miss(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let layer = json!({ "sha": test_kit::sha256(b"nowhere"), "cache": true, "build": true, "launch": false, "data": {} });
    let label =
        json!({ "buildpacks": [{ "key": "of/tests", "version": "1.0.0", "layers": { "deps": layer } }] });
    let cache = scene.put("cache", &labelled(scene, &label.to_string()));
    in_order(&scene.phase("restorer").args(&["-cache-image", &cache.name]).run()?)?.succeeds()?;
    ensure("no layer is restored", !scene.exists("/layers/of_tests/deps"), "one is")
}
