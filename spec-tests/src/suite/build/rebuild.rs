//! What of layers comes back in the next build, and what becomes of it. Spec: buildpack.md § Layer Types, § Reusing
//! Layers.

use serde_json::Value;

use crate::scene::{BUILDPACK, Image, Scene, USER, at};
use crate::suite::build::layers::{COMBINATIONS, is_in, kept};
use crate::suite::build::{build, file, layer, metadata};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal, skip};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(layers_come_back_by_their_types).with_images(),
        test!(metadata_of_a_launch_layer_comes_back_without_types).with_images(),
        test!(sboms_of_a_launch_layer_come_back).with_images(),
        test!(contents_of_a_launch_layer_do_not_come_back).with_images(),
        test!(nothing_of_an_uncached_build_layer_comes_back).with_images(),
        test!(a_launch_layer_without_directory_is_reused).with_images(),
        test!(a_launch_layer_with_a_directory_is_replaced).with_images(),
        test!(metadata_of_a_launch_layer_is_replaced).with_images(),
        test!(sboms_of_a_launch_layer_are_replaced).with_images(),
        test!(a_layer_that_was_for_launch_is_left_out).with_images(),
        test!(cached_layers_are_stored).with_images(),
        test!(metadata_of_cached_layers_is_stored).with_images(),
        test!(sboms_of_cached_layers_are_stored).with_images(),
        test!(metadata_and_contents_come_back_or_neither).with_images(),
        test!(the_cache_s_layer_is_compared_with_the_image_s).with_images(),
        test!(restored_metadata_has_no_types).with_images(),
        test!(a_restored_layer_that_is_left_alone_is_ignored).with_images(),
    ]
}

/// Builds with this script and exports the image, with a cache.
fn build_and_export(scene: &Scene<'_>, script: &str) -> Verdict<Image> {
    build(scene, &[(BUILDPACK, script)])?;
    scene.phase("exporter").args(&["-cache-dir", "/cache"]).arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")
}

/// The first build of an image.
fn first(scene: &Scene<'_>, script: &str) -> Verdict<Image> {
    scene.built();
    build_and_export(scene, script)
}

/// Begins the next build: of the one before, image and cache are left.
fn restore(scene: &Scene<'_>) -> Verdict {
    scene.remove("/layers");
    scene.make_directory("/layers");
    scene.give("/layers", USER, USER);
    scene.phase("analyzer").arg(scene.reference("app")).run()?.succeeds()?;
    super::group(scene, &[(BUILDPACK, "")]);
    scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?.succeeds()?;
    Ok(())
}

/// Shell that makes a layer `of-<name>` with an SBOM.
fn named(name: &str, uses: &[&str], content: &str) -> String {
    layer(&format!("of-{name}"), uses, content) + &sbom(name, content)
}

fn sbom(name: &str, content: &str) -> String {
    file(&format!("of-{name}.sbom.cdx.json"), &format!("{{\"of\":\"{content}\"}}"))
}

fn of(name: &str, what: &str) -> String {
    format!("/layers/of_tests/of-{name}{what}")
}

/// Whether metadata and contents of a layer came back.
fn came_back(scene: &Scene<'_>, name: &str) -> [bool; 2] {
    [scene.exists(&of(name, ".toml")), scene.exists(&of(name, "/content"))]
}

/// Leaves a test about SBOM files in versions of the Platform API that have none.
fn with_sboms(scene: &Scene<'_>) {
    if !scene.holds("platform.exporter.sbom.layer") {
        skip("this Platform API has no SBOMs");
    }
}

fn layers_come_back_by_their_types(scene: &Scene<'_>) -> Verdict {
    let script: String = COMBINATIONS.iter().map(|(name, uses)| named(name, uses, name)).collect();
    first(scene, &script)?;
    restore(scene)?;
    for (name, expected) in [
        ("none", [false, false]),
        ("build", [false, false]),
        ("cache", [true, true]),
        ("launch", [true, false]),
        ("build-cache", [true, true]),
        ("build-launch", [false, false]),
        ("cache-launch", [true, true]),
        ("build-cache-launch", [true, true]),
    ] {
        equal(
            &format!("whether metadata and contents of {name} come back"),
            &came_back(scene, name),
            &expected,
        )?;
    }
    Ok(())
}

/// The restored metadata of a layer, which has to have no types.
fn restored_metadata(scene: &Scene<'_>, name: &str) -> Verdict {
    let restored = scene.read_toml(&of(name, ".toml"))?;
    let types = restored.get("types").and_then(Value::as_object).into_iter().flatten();
    let stated: Vec<_> = types.map(|(name, _)| name).collect();
    equal("its types", &stated.len(), &0)?;
    for name in ["launch", "build", "cache"] {
        equal("a type", at(&restored, &format!("/{name}")), &Value::Null)?;
    }
    equal("its metadata", &at(&restored, "/metadata/of").as_str(), &Some(format!("of-{name}").as_str()))
}

fn metadata_of_a_launch_layer_comes_back_without_types(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("a", &["launch"], "first"))?;
    restore(scene)?;
    restored_metadata(scene, "a")
}

fn sboms_of_a_launch_layer_come_back(scene: &Scene<'_>) -> Verdict {
    with_sboms(scene);
    first(scene, &(named("a", &["launch"], "first") + &named("b", &["build"], "first")))?;
    restore(scene)?;
    equal("the SBOM", scene.read(&of("a", ".sbom.cdx.json"))?.trim(), "{\"of\":\"first\"}")?;
    scene.lacks(&of("b", ".sbom.cdx.json"))
}

fn contents_of_a_launch_layer_do_not_come_back(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("a", &["launch"], "first"))?;
    restore(scene)?;
    scene.has(&of("a", ".toml"))?;
    scene.lacks(&of("a", ""))
}

fn nothing_of_an_uncached_build_layer_comes_back(scene: &Scene<'_>) -> Verdict {
    let script =
        named("b", &["build"], "") + &named("bl", &["build", "launch"], "") + &named("c", &["cache"], "");
    first(scene, &script)?;
    restore(scene)?;
    scene.has(&of("c", ".toml"))?;
    for name in ["b", "bl"] {
        for what in ["", ".toml", ".sbom.cdx.json"] {
            scene.lacks(&of(name, what))?;
        }
    }
    Ok(())
}

/// The next build, which leaves this.
fn next(scene: &Scene<'_>, script: &str) -> Verdict<Image> {
    restore(scene)?;
    build_and_export(scene, script)
}

/// The diffID that an image has of layer `of-a`.
fn diff_id(image: &Image) -> Verdict<String> {
    let label = image.lifecycle_metadata()?;
    let diff_id = at(&label, "/buildpacks/0/layers/of-a/sha").as_str();
    Ok(diff_id.ok_or_else(|| Failure::new("the image's metadata", "layer of-a", &label))?.to_owned())
}

fn a_launch_layer_without_directory_is_reused(scene: &Scene<'_>) -> Verdict {
    let before = first(scene, &named("a", &["launch"], "first"))?;
    let after = next(scene, &metadata("of-a", &["launch"], "of-a"))?;
    equal("the layer", diff_id(&after)?.as_str(), diff_id(&before)?.as_str())?;
    equal("its content", after.layer(&diff_id(&after)?)?.text(&of("a", "/content"))?.as_str(), "first")
}

fn a_launch_layer_with_a_directory_is_replaced(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("a", &["launch"], "first"))?;
    let after = next(scene, &named("a", &["launch"], "second"))?;
    equal("its content", after.layer(&diff_id(&after)?)?.text(&of("a", "/content"))?.as_str(), "second")
}

fn metadata_of_a_launch_layer_is_replaced(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("a", &["launch"], "first"))?;
    let changed = metadata("of-a", &["launch"], "changed");
    for script in [changed.clone(), named("a", &["launch"], "second") + &changed] {
        let image = next(scene, &script)?;
        let label = image.lifecycle_metadata()?;
        equal("its metadata", &at(kept(&image, &label, "of-a")?, "/of").as_str(), &Some("changed"))?;
    }
    Ok(())
}

fn sboms_of_a_launch_layer_are_replaced(scene: &Scene<'_>) -> Verdict {
    with_sboms(scene);
    first(scene, &named("a", &["launch"], "first"))?;
    let reused = metadata("of-a", &["launch"], "of-a") + &sbom("a", "second");
    for (script, expected) in [(reused, "second"), (named("a", &["launch"], "third"), "third")] {
        let image = next(scene, &script)?;
        let layers = image.layers()?;
        let entries = layers.iter().flat_map(|layer| &layer.entries);
        let sboms =
            entries.filter(|entry| entry.path.contains("layers/sbom/") && entry.path.ends_with("cdx.json"));
        let texts: Vec<_> =
            sboms.map(|entry| String::from_utf8_lossy(&entry.content).trim().to_owned()).collect();
        equal("the SBOMs in the image", texts.as_slice(), &[format!("{{\"of\":\"{expected}\"}}")])?;
    }
    Ok(())
}

fn a_layer_that_was_for_launch_is_left_out(scene: &Scene<'_>) -> Verdict {
    let all: String = ["a", "b", "c"].map(|name| named(name, &["launch"], "first")).concat();
    first(scene, &all)?;
    let script = metadata("of-a", &["launch"], "of-a") + &named("b", &["build"], "second") + "rm of-c.toml\n";
    let image = next(scene, &script)?;
    for (name, expected) in [("a", true), ("b", false), ("c", false)] {
        equal(&format!("whether {name} is in the image"), &is_in(&image, name)?, &expected)?;
    }
    Ok(())
}

fn cached_layers_are_stored(scene: &Scene<'_>) -> Verdict {
    first(scene, &(named("c", &["cache"], "cached") + &named("b", &["build"], "not cached")))?;
    restore(scene)?;
    equal("its content", scene.read(&of("c", "/content"))?.as_str(), "cached")?;
    scene.lacks(&of("b", "/content"))
}

fn metadata_of_cached_layers_is_stored(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("c", &["cache"], "cached"))?;
    restore(scene)?;
    restored_metadata(scene, "c")
}

fn sboms_of_cached_layers_are_stored(scene: &Scene<'_>) -> Verdict {
    with_sboms(scene);
    first(scene, &(named("c", &["cache"], "one") + &named("bc", &["build", "cache"], "two")))?;
    restore(scene)?;
    equal("the SBOM", scene.read(&of("c", ".sbom.cdx.json"))?.trim(), "{\"of\":\"one\"}")?;
    equal("the other SBOM", scene.read(&of("bc", ".sbom.cdx.json"))?.trim(), "{\"of\":\"two\"}")
}

fn metadata_and_contents_come_back_or_neither(scene: &Scene<'_>) -> Verdict {
    let layers =
        [("c", vec!["cache"]), ("cl", vec!["cache", "launch"]), ("bcl", vec!["build", "cache", "launch"])];
    let script: String = layers.iter().map(|(name, uses)| named(name, uses, "")).collect();
    first(scene, &script)?;
    restore(scene)?;
    for (name, _) in &layers {
        equal(&format!("what comes back of {name}"), &came_back(scene, name), &[true, true])?;
    }
    // The image knows of those for launch even so.
    scene.remove("/cache");
    scene.make_directory("/cache");
    scene.give("/cache", USER, USER);
    restore(scene)?;
    for (name, _) in &layers {
        let [metadata, contents] = came_back(scene, name);
        equal(&format!("whether metadata of {name} comes back as contents do"), &metadata, &contents)?;
    }
    Ok(())
}

/// An image of another build than the cache's has other layers.
fn the_cache_s_layer_is_compared_with_the_image_s(scene: &Scene<'_>) -> Verdict {
    first(scene, &named("a", &["cache", "launch"], "first"))?;
    restore(scene)?;
    equal("what comes back of the layer", &came_back(scene, "a"), &[true, true])?;
    build(scene, &[(BUILDPACK, &named("a", &["cache", "launch"], "second"))])?;
    scene.export()?;
    restore(scene)?;
    scene.lacks(&of("a", "/content"))
}

fn restored_metadata_has_no_types(scene: &Scene<'_>) -> Verdict {
    let names: [(&str, &[&str]); 3] =
        [("l", &["launch"]), ("c", &["cache"]), ("bcl", &["build", "cache", "launch"])];
    let script: String = names.iter().map(|(name, uses)| named(name, uses, "")).collect();
    first(scene, &script)?;
    restore(scene)?;
    names.iter().try_for_each(|(name, _)| restored_metadata(scene, name))
}

fn a_restored_layer_that_is_left_alone_is_ignored(scene: &Scene<'_>) -> Verdict {
    first(scene, &(named("l", &["launch"], "") + &named("cl", &["cache", "launch"], "")))?;
    let image = next(scene, "test -d of-cl || exit 9")?;
    equal(
        "whether the layers are in the image",
        &[is_in(&image, "l")?, is_in(&image, "cl")?],
        &[false, false],
    )?;
    scene.has(&of("cl", ".ignore"))
}
