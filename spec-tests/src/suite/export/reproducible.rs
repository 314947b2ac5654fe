//! The same inputs make the same image. Spec: platform.md § exporter, Outputs; § Build Reproducibility.
#![expect(clippy::indexing_slicing, reason = "documents that a test made are changed by key")]

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde_json::json;

use crate::scene::{Image, Scene, at};
use crate::store::Store;
use crate::suite::export::{built_with_layers, new_layers};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_same_inputs_make_the_same_image).with_images(),
        test!(the_same_inputs_make_the_same_manifest).on(&[Store::Registry]),
        test!(the_same_inputs_make_the_same_labels).with_images(),
        test!(files_of_new_layers_have_a_constant_time).with_images(),
        test!(the_creation_time_is_a_constant).with_images(),
        test!(the_creation_time_is_that_of_other_lifecycles).with_images(),
        test!(a_variable_sets_the_creation_time).with_images(),
        test!(the_variable_leaves_layers_as_they_are).with_images(),
    ]
}

/// Exports twice; files are written anew in between, in another order.
fn twice(scene: &Scene<'_>) -> Verdict<[Image; 2]> {
    const FILES: [&str; 3] = ["/workspace/page", "/workspace/another", "/layers/of_tests/launched/more"];
    built_with_layers(scene);
    for file in FILES {
        scene.write(file, "the same");
    }
    let first = scene.export()?;
    for file in FILES {
        scene.remove(file);
    }
    FILES.iter().rev().for_each(|file| {
        scene.write(file, "the same");
        scene.set_time(file, 1_000_000_000);
    });
    scene.phase("exporter").arg(scene.reference("again")).run()?.succeeds()?;
    Ok([first, scene.image("again")?])
}

fn the_same_inputs_make_the_same_image(scene: &Scene<'_>) -> Verdict {
    let [first, second] = twice(scene)?;
    equal("the image's id", &second.id(), &first.id())
}

fn the_same_inputs_make_the_same_manifest(scene: &Scene<'_>) -> Verdict {
    let [first, second] = twice(scene)?;
    equal("the manifest's digest", &second.digest, &first.digest)
}

fn the_same_inputs_make_the_same_labels(scene: &Scene<'_>) -> Verdict {
    let [first, second] = twice(scene)?;
    same("the labels", at(&second.config, "/config/Labels"), at(&first.config, "/config/Labels").clone())
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

fn files_of_new_layers_have_a_constant_time(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    for (file, time) in
        [("/workspace/page", 1_000_000_000), ("/layers/of_tests/launched/file", 1_200_000_000)]
    {
        scene.set_time(file, time);
    }
    let layers = new_layers(&scene.export()?)?;
    let times: BTreeSet<_> =
        layers.iter().flat_map(|layer| &layer.entries).map(|entry| entry.mtime).collect();
    equal("the number of times", &times.len(), &1)?;
    let is_now = times.iter().any(|time| now().abs_diff(*time) < 24 * 60 * 60);
    ensure("the time is not that of the export", !is_now, format!("{times:?}"))
}

/// When an export without a wish for it was created, on a run image that was at some time.
fn created(scene: &Scene<'_>, of_base: &str) -> Verdict<String> {
    let mut run_image = scene.run_image();
    run_image.config["created"] = json!(of_base);
    scene.analyzed(&scene.put("run", &run_image));
    Ok(at(&scene.export()?.config, "/created").as_str().unwrap_or_default().to_owned())
}

fn the_creation_time_is_a_constant(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let first = created(scene, "2001-01-01T00:00:00Z")?;
    let second = created(scene, "2002-02-02T00:00:00Z")?;
    equal("the second time", &second, &first)?;
    // The time of the export would be one of this year.
    let year = 1970 + now() / (365 * 24 * 60 * 60 + 6 * 60 * 60);
    ensure("there is a time", !first.is_empty(), "there is none")?;
    ensure("the time is not that of the export", !first.starts_with(&year.to_string()), first)
}

fn the_creation_time_is_that_of_other_lifecycles(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("the time", created(scene, "2001-01-01T00:00:00Z")?.as_str(), "1980-01-01T00:00:01Z")
}

/// Exports with `SOURCE_DATE_EPOCH`.
fn at_epoch(scene: &Scene<'_>) -> Verdict<Image> {
    let exporter = scene.phase("exporter").env("SOURCE_DATE_EPOCH", "1600000000");
    exporter.arg(scene.reference("dated")).run()?.succeeds()?;
    scene.image("dated")
}

fn a_variable_sets_the_creation_time(scene: &Scene<'_>) -> Verdict {
    scene.built();
    same("the time", at(&at_epoch(scene)?.config, "/created"), json!("2020-09-13T12:26:40Z"))
}

fn the_variable_leaves_layers_as_they_are(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    let image = scene.export()?;
    equal("the layers", &at_epoch(scene)?.diff_ids(), &image.diff_ids())
}
