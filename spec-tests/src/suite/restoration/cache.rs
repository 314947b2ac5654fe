//! Caches, from which contents come. Spec: platform.md § restorer, Layer Restoration.

use serde_json::json;
use test_registry::Fault;

use super::{REGISTRY, restore};
use crate::scene::{Scene, at};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(contents_come_from_a_directory).with_images(),
        test!(contents_come_from_an_image).on(REGISTRY),
        test!(a_layer_that_only_the_cache_knows_comes_back).with_images(),
        test!(a_layer_that_only_the_cache_knows_does_not_come_back).with_images(),
        test!(a_damaged_layer_costs_no_other).with_images(),
        test!(a_cache_that_cannot_be_written_costs_no_image).on(REGISTRY),
        test!(a_directory_has_layers_by_diff_id_and_metadata).with_images(),
        test!(an_image_has_its_metadata_in_a_label).on(REGISTRY),
        test!(the_image_that_was_there_is_deleted).on(REGISTRY),
        test!(the_image_that_was_there_is_kept).on(REGISTRY),
        test!(a_launch_cache_is_accepted).on(&[Store::Layout, Store::Registry, Store::Daemon]),
    ]
}

const DIRECTORY: [&str; 2] = ["-cache-dir", "/cache"];
const METADATA: &str = "io.buildpacks.lifecycle.cache.metadata";
const CACHED: &str = "/layers/of_tests/cached/file";
const BOTH: &str = "/layers/of_tests/both/file";

/// Writes what a build left that has a layer for the cache and one for launch too.
fn built(scene: &Scene<'_>) {
    scene.built();
    for (name, uses) in [("cached", "cache = true"), ("both", "cache = true\nlaunch = true")] {
        scene.write(&format!("/layers/of_tests/{name}.toml"), format!("[types]\n{uses}\n"));
        scene.write(&format!("/layers/of_tests/{name}/file"), name);
    }
}

/// Exports that build with a cache.
fn export(scene: &Scene<'_>, cache: &[&str]) -> Verdict {
    built(scene);
    scene.phase("exporter").args(cache).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

fn comes_from(scene: &Scene<'_>, cache: &[&str]) -> Verdict {
    export(scene, cache)?;
    restore(scene, cache)?;
    equal("a cached layer", scene.read(CACHED)?.as_str(), "cached")?;
    equal("a layer that the image has too", scene.read(BOTH)?.as_str(), "both")?;
    restore(scene, &[])?;
    scene.lacks(CACHED)
}

fn contents_come_from_a_directory(scene: &Scene<'_>) -> Verdict {
    comes_from(scene, &DIRECTORY)
}

fn contents_come_from_an_image(scene: &Scene<'_>) -> Verdict {
    comes_from(scene, &["-cache-image", &scene.reference("cache")])
}

/// Restores for an app image that has no layer of the cache.
fn restore_for_another(scene: &Scene<'_>) -> Verdict {
    export(scene, &DIRECTORY)?;
    scene.put("app", &scene.run_image());
    restore(scene, &DIRECTORY)?;
    scene.has(CACHED)
}

fn a_layer_that_only_the_cache_knows_comes_back(scene: &Scene<'_>) -> Verdict {
    restore_for_another(scene)?;
    scene.has(BOTH)
}

fn a_layer_that_only_the_cache_knows_does_not_come_back(scene: &Scene<'_>) -> Verdict {
    restore_for_another(scene)?;
    scene.lacks(BOTH)
}

/// The cache's layers: paths and what is in them, which has these words.
fn archive_with(scene: &Scene<'_>, words: &str) -> String {
    let names = scene.names("/cache/committed").into_iter().map(|name| format!("/cache/committed/{name}"));
    let has =
        |path: &String| path.contains("sha256:") && scene.read(path).is_ok_and(|text| text.contains(words));
    names.into_iter().find(has).unwrap_or_default()
}

fn a_damaged_layer_costs_no_other(scene: &Scene<'_>) -> Verdict {
    export(scene, &DIRECTORY)?;
    scene.write(&archive_with(scene, "of_tests/cached"), "no archive");
    restore(scene, &DIRECTORY)?;
    scene.lacks(CACHED)?;
    scene.has(BOTH)?;
    scene.remove(&archive_with(scene, "of_tests/both"));
    restore(scene, &DIRECTORY)?;
    scene.lacks(BOTH)
}

fn a_cache_that_cannot_be_written_costs_no_image(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let proxy = scene.proxy();
    proxy.on("POST", "/cache/blobs/uploads", .., Fault::error(403, "DENIED"));
    let cache = scene.behind(&proxy, &scene.reference("cache"));
    scene.phase("exporter").args(&["-cache-image", &cache]).arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")?;
    ensure("there is no cache", scene.image("cache").is_err(), "there is one")
}

fn a_directory_has_layers_by_diff_id_and_metadata(scene: &Scene<'_>) -> Verdict {
    export(scene, &DIRECTORY)?;
    let metadata = scene.read_json(&format!("/cache/committed/{METADATA}"))?;
    is_described(&metadata)?;
    let sha = at(&metadata, "/buildpacks/0/layers/cached/sha").as_str().unwrap_or_default();
    let archive = fs_err::read(scene.path(&format!("/cache/committed/{sha}.tar"))).unwrap_or_default();
    equal("the diffID of what is below its name", test_kit::sha256(&archive).as_str(), sha)
}

/// Metadata has the cached layer, and what it is for.
fn is_described(metadata: &serde_json::Value) -> Verdict {
    let buildpack = at(metadata, "/buildpacks/0");
    same("the buildpack", at(buildpack, "/key"), json!("of/tests"))?;
    same("the cached layer's use", at(buildpack, "/layers/cached/cache"), json!(true))?;
    same("the other layer's use", at(buildpack, "/layers/both/launch"), json!(true))
}

fn an_image_has_its_metadata_in_a_label(scene: &Scene<'_>) -> Verdict {
    export(scene, &["-cache-image", &scene.reference("cache")])?;
    let image = scene.image("cache")?;
    let metadata = image.label_json(METADATA)?;
    is_described(&metadata)?;
    image
        .layer_named_by(&metadata, "/buildpacks/0/layers/cached/sha")?
        .text("/layers/of_tests/cached/file")?;
    Ok(())
}

/// How often an image is deleted when a cache image is replaced.
fn deletions(scene: &Scene<'_>) -> Verdict<usize> {
    let proxy = scene.proxy();
    let cache = ["-cache-image", &scene.behind(&proxy, &scene.reference("cache"))];
    export(scene, &cache)?;
    let old = scene.image("cache")?.digest;
    built(scene);
    scene.write(CACHED, "of the next build");
    scene.phase("exporter").args(&cache).arg(scene.reference("app")).run()?.succeeds()?;
    let new = scene.image("cache")?.digest;
    ensure("the cache image is replaced", new != old, new)?;
    Ok(proxy.count("DELETE", &format!("/manifests/{old}")))
}

fn the_image_that_was_there_is_deleted(scene: &Scene<'_>) -> Verdict {
    equal("the deletions", &deletions(scene)?, &1)
}

fn the_image_that_was_there_is_kept(scene: &Scene<'_>) -> Verdict {
    equal("the deletions", &deletions(scene)?, &0)
}

fn a_launch_cache_is_accepted(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let id = scene.export()?.id();
    let exporter = scene.phase("exporter").args(&["-launch-cache", "/launch-cache"]);
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    equal("the image", &scene.image("app")?.id(), &id)
}
