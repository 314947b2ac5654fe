//! What the image says for later builds and rebases. Spec: platform.md § io.buildpacks.lifecycle.metadata.

use serde_json::{Value, json};

use crate::scene::{Scene, at};
use crate::suite::export::{built_with_layers, layer};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, contains, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_label_names_the_layers).with_images(),
        test!(the_label_has_an_entry_for_each_layer_of_the_app).with_images(),
        test!(the_label_names_the_layer_of_sboms).with_images(),
        test!(the_label_names_the_layer_of_metadata).with_images(),
        test!(the_label_names_the_layer_of_the_launcher).with_images(),
        test!(the_label_names_the_layer_of_process_types).with_images(),
        test!(the_label_has_the_run_image_s_names).with_images(),
        test!(the_label_has_the_run_image_s_top_layer).with_images(),
        test!(the_label_has_the_run_image_s_reference).with_images(),
        test!(the_label_has_the_execution_environment).with_images(),
        test!(the_image_has_a_label_of_the_execution_environment).with_images(),
        test!(the_label_has_the_stack).with_images(),
        test!(the_label_has_the_run_image_as_stack_too).with_images(),
        test!(a_layer_without_metadata_has_null).with_images(),
    ]
}

fn the_label_names_the_layers(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    let image = scene.export()?;
    let metadata = image.lifecycle_metadata()?;
    same("the buildpack", at(&metadata, "/buildpacks/0/key"), json!("of/tests"))?;
    same("its version", at(&metadata, "/buildpacks/0/version"), json!("1.0.0"))?;
    same("another buildpack", at(&metadata, "/buildpacks/1"), json!(null))?;
    let launched = at(&metadata, "/buildpacks/0/layers/launched");
    same("the layer's metadata", at(launched, "/data"), json!({ "of": "launched" }))?;
    for (uses, expected) in [("launch", true), ("build", true), ("cache", false)] {
        same(uses, at(launched, &format!("/{uses}")), json!(expected))?;
    }
    same("a layer that is not for launch", at(&metadata, "/buildpacks/0/layers/other"), json!(null))?;
    let layer = image.layer_named_by(&metadata, "/buildpacks/0/layers/launched/sha")?;
    equal("its file", layer.text("/layers/of_tests/launched/file")?.as_str(), "launched")
}

fn the_label_has_an_entry_for_each_layer_of_the_app(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/workspace/sliced", "of a slice");
    scene.metadata(&format!("{}[[slices]]\npaths = ['sliced']\n", scene.process("web", &["/bin/true"])));
    let image = scene.export()?;
    let label = image.lifecycle_metadata()?;
    for (pointer, path) in [("/app/0/sha", "/workspace/sliced"), ("/app/1/sha", "/workspace/page")] {
        image.layer_named_by(&label, pointer)?.text(path)?;
    }
    same("another layer", at(&label, "/app/2"), json!(null))
}

/// The layer that the label has at a place has to have a file.
fn names(scene: &Scene<'_>, pointer: &str, path: &str) -> Verdict {
    scene.built();
    scene.write("/layers/sbom/launch/of_tests/sbom.cdx.json", "{}");
    let image = scene.export()?;
    let layer = image.layer_named_by(&image.lifecycle_metadata()?, pointer)?;
    let entry = layer.entry(path);
    entry.ok_or_else(|| {
        Failure::new(path, format!("it is in the layer of {pointer}"), layer.paths().join(", "))
    })?;
    Ok(())
}

fn the_label_names_the_layer_of_sboms(scene: &Scene<'_>) -> Verdict {
    names(scene, "/sbom/sha", "/layers/sbom/launch/of_tests/sbom.cdx.json")
}

fn the_label_names_the_layer_of_metadata(scene: &Scene<'_>) -> Verdict {
    names(scene, "/config/sha", "/layers/config/metadata.toml")
}

fn the_label_names_the_layer_of_the_launcher(scene: &Scene<'_>) -> Verdict {
    names(scene, "/launcher/sha", "/cnb/lifecycle/launcher")
}

fn the_label_names_the_layer_of_process_types(scene: &Scene<'_>) -> Verdict {
    names(scene, "/process-types/sha", "/cnb/process/web")
}

/// Of the images of `run.toml`, it is the one with this name, not the first.
fn the_label_has_the_run_image_s_names(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let mirrors = ["mirror.example/run:latest", "other.example/run:latest"];
    scene.write(
        "/cnb/run.toml",
        format!(
            "[[images]]\nimage = 'first.example/run:latest'\nmirrors = ['first.example/mirror']\n\
             [[images]]\nimage = '{}'\nmirrors = {mirrors:?}\n",
            run_image.name
        ),
    );
    let label = scene.export()?.lifecycle_metadata()?;
    same("the name", at(&label, "/runImage/image"), json!(run_image.name))?;
    same("the mirrors", at(&label, "/runImage/mirrors"), json!(mirrors))
}

fn the_label_has_the_run_image_s_top_layer(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let label = scene.export()?.lifecycle_metadata()?;
    same("runImage.topLayer", at(&label, "/runImage/topLayer"), json!(run_image.diff_ids.last()))
}

fn the_label_has_the_run_image_s_reference(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let label = scene.export()?.lifecycle_metadata()?;
    let digest = run_image.digest.trim_start_matches("sha256:");
    contains("runImage.reference", at(&label, "/runImage/reference").as_str().unwrap_or_default(), digest)
}

fn in_environment(scene: &Scene<'_>) -> Verdict<crate::scene::Image> {
    scene.built();
    let exporter = scene.phase("exporter").env("CNB_EXEC_ENV", "test");
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")
}

fn the_label_has_the_execution_environment(scene: &Scene<'_>) -> Verdict {
    same("exec-env", at(&in_environment(scene)?.lifecycle_metadata()?, "/exec-env"), json!("test"))
}

fn the_image_has_a_label_of_the_execution_environment(scene: &Scene<'_>) -> Verdict {
    equal("the label", in_environment(scene)?.label("io.buildpacks.exec-env")?, "test")
}

fn the_label_has_the_stack(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let mirrors = ["mirror.example/run:latest", "other.example/run:latest"];
    scene.write(
        "/cnb/stack.toml",
        format!("[run-image]\nimage = '{}'\nmirrors = {mirrors:?}\n", run_image.name),
    );
    let label = scene.export()?.lifecycle_metadata()?;
    let expected = json!({ "runImage": { "image": run_image.name, "mirrors": mirrors } });
    same("stack", at(&label, "/stack"), expected)
}

fn the_label_has_the_run_image_as_stack_too(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let mirrors = ["mirror.example/run:latest"];
    scene
        .write("/cnb/run.toml", format!("[[images]]\nimage = '{}'\nmirrors = {mirrors:?}\n", run_image.name));
    let label = scene.export()?.lifecycle_metadata()?;
    let expected = json!({ "image": run_image.name, "mirrors": mirrors });
    same("stack.runImage", at(&label, "/stack/runImage"), expected)
}

fn a_layer_without_metadata_has_null(scene: &Scene<'_>) -> Verdict {
    scene.built();
    layer(scene, "launched", &["launch"]);
    scene.write("/layers/of_tests/launched.toml", "[types]\nlaunch = true\n");
    let label = scene.export()?.lifecycle_metadata()?;
    let entry = at(&label, "/buildpacks/0/layers/launched");
    equal("its data", &entry.get("data"), &Some(&Value::Null))
}
