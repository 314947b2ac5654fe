//! The exporter: the app image and what is written beside it. Spec: platform.md § exporter.

use serde_json::json;

use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_image_is_given),
        test!(the_app_image_builds_on_the_run_image).with_images(),
        test!(the_same_inputs_make_the_same_image).with_images(),
        test!(the_label_has_processes).with_images(),
        test!(the_label_has_the_group).with_images(),
        test!(launch_layers_are_part_of_the_image).with_images(),
        test!(the_lifecycle_label_names_the_layers).with_images(),
    ]
}

fn an_image_is_given(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.phase("exporter").run()?.fails()?;
    Ok(())
}

fn the_app_image_builds_on_the_run_image(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let image = scene.export()?;
    let base: Vec<_> = image.diff_ids().into_iter().take(run_image.diff_ids.len()).collect();
    equal("the first layers", &base, &run_image.diff_ids)?;
    same("a label of the base", &json!(image.label("io.buildpacks.stack.id")?), json!("stack.of.tests"))
}

fn the_same_inputs_make_the_same_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let first = scene.export()?;
    scene.phase("exporter").arg(scene.reference("again")).run()?.succeeds()?;
    equal("the image's id", &scene.image("again")?.id(), &first.id())
}

fn the_label_has_processes(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.metadata(&(scene.process("web", &["/bin/true"]) + &scene.process("worker", &["/bin/false"])));
    let label = scene.export()?.build_metadata()?;
    same("the first process", at(&label, "/processes/0/type"), json!("web"))?;
    same("the second process", at(&label, "/processes/1/type"), json!("worker"))?;
    same("another process", at(&label, "/processes/2"), json!(null))
}

fn the_label_has_the_group(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let label = scene.export()?.build_metadata()?;
    same("the id", at(&label, "/buildpacks/0/id"), json!("of/tests"))?;
    same("the version", at(&label, "/buildpacks/0/version"), json!("1.0.0"))?;
    same("another buildpack", at(&label, "/buildpacks/1"), json!(null))
}

/// Writes a launch layer and one that is none.
fn layers(scene: &Scene<'_>) {
    scene.built();
    for (name, launch) in [("launched", true), ("other", false)] {
        scene.write(&format!("/layers/of_tests/{name}/file"), name);
        scene.write(
            &format!("/layers/of_tests/{name}.toml"),
            format!("[types]\nlaunch = {launch}\nbuild = true\n[metadata]\nof = '{name}'\n"),
        );
    }
}

fn launch_layers_are_part_of_the_image(scene: &Scene<'_>) -> Verdict {
    layers(scene);
    let image = scene.export()?;
    let file = image.file("/layers/of_tests/launched/file")?;
    equal("its content", &file.content.as_slice(), &b"launched".as_slice())?;
    let other = image.layers()?.iter().any(|layer| layer.entry("/layers/of_tests/other").is_some());
    equal("whether a layer that is not for launch is there", &other, &false)
}

fn the_lifecycle_label_names_the_layers(scene: &Scene<'_>) -> Verdict {
    layers(scene);
    let image = scene.export()?;
    let metadata = image.lifecycle_metadata()?;
    same("the buildpack", at(&metadata, "/buildpacks/0/key"), json!("of/tests"))?;
    same("its version", at(&metadata, "/buildpacks/0/version"), json!("1.0.0"))?;
    same(
        "the layer's metadata",
        at(&metadata, "/buildpacks/0/layers/launched/data"),
        json!({ "of": "launched" }),
    )?;
    same("a layer that is not for launch", at(&metadata, "/buildpacks/0/layers/other"), json!(null))?;
    let layer = image.layer_named_by(&metadata, "/buildpacks/0/layers/launched/sha")?;
    equal("its file", &layer.text("/layers/of_tests/launched/file")?.as_str(), &"launched")
}
