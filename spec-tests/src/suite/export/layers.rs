//! Layers of buildpacks in the image, new and old. Spec: buildpack.md § Export; platform.md § exporter, Outputs.

use serde_json::json;

use crate::scene::{BUILDPACK, Image, Scene, at};
use crate::store::Store;
use crate::suite::export::{analyze, built_by, built_with_layers, file, layer, layer_file, new_layers};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, contains, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(launch_layers_are_part_of_the_image).with_images(),
        test!(launch_layers_of_each_buildpack_are_part_of_the_image).with_images(),
        test!(a_directory_becomes_a_layer_with_its_path).with_images(),
        test!(a_layer_without_directory_is_the_old_one).with_images(),
        test!(a_layer_that_is_nowhere_fails_the_export).with_images(),
        test!(all_layers_are_where_the_image_is).on(&[Store::Registry]),
        test!(the_layer_s_file_is_kept_with_the_image).with_images(),
        test!(the_store_is_kept_with_the_image).with_images(),
    ]
}

const SHA: &str = "/buildpacks/0/layers/launched/sha";

fn launch_layers_are_part_of_the_image(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    let image = scene.export()?;
    equal(
        "its content",
        image.file("/layers/of_tests/launched/file")?.content.as_slice(),
        b"launched".as_slice(),
    )?;
    let other = image.file("/layers/of_tests/other/file");
    ensure("a layer that is not for launch is not there", other.is_err(), "it is there")
}

fn launch_layers_of_each_buildpack_are_part_of_the_image(scene: &Scene<'_>) -> Verdict {
    let script = ["first", "second"].map(|name| {
        format!("mkdir -p {name}\n")
            + &file(&format!("{name}/file"), name)
            + &file(&format!("{name}.toml"), "[types]\nlaunch = true")
    });
    built_by(scene, &[("of/first", &script.concat()), ("of/second", &script.concat())])?;
    let image = scene.export()?;
    for path in ["of_first/first", "of_first/second", "of_second/first", "of_second/second"] {
        image.file(&format!("/layers/{path}/file"))?;
    }
    Ok(())
}

/// The directory of all layers is where the platform has it.
fn a_directory_becomes_a_layer_with_its_path(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    scene.rename("/layers", "/home/user/deep/layers");
    let directory = "/home/user/deep/layers";
    let app = scene.reference("app");
    scene.phase("exporter").args(&["-layers", directory, &app]).run()?.succeeds()?;
    let image = scene.image("app")?;
    let layer = image.layer_named_by(&image.lifecycle_metadata()?, SHA)?;
    equal("its file", layer.text(&format!("{directory}/of_tests/launched/file"))?.as_str(), "launched")?;
    let files: Vec<_> = layer.entries.iter().filter(|entry| entry.kind == '0').collect();
    equal("the number of its files", &files.len(), &1)
}

/// Exports a launch layer, then, for a later build, takes its directory away.
fn exported_before(scene: &Scene<'_>) -> Verdict<Image> {
    built_with_layers(scene);
    let image = scene.export()?;
    analyze(scene)?;
    scene.remove("/layers/of_tests/launched");
    Ok(image)
}

fn a_layer_without_directory_is_the_old_one(scene: &Scene<'_>) -> Verdict {
    let before = exported_before(scene)?.lifecycle_metadata()?;
    scene.write("/workspace/page", "of another build");
    let image = scene.export()?;
    let label = image.lifecycle_metadata()?;
    same("its diffID", at(&label, SHA), at(&before, SHA).clone())?;
    let layer = image.layer_named_by(&label, SHA)?;
    equal("its file", layer.text("/layers/of_tests/launched/file")?.as_str(), "launched")?;
    equal("the app", image.file("/workspace/page")?.content.as_slice(), b"of another build".as_slice())
}

/// Without an old image, and with one that has another layer.
fn a_layer_that_is_nowhere_fails_the_export(scene: &Scene<'_>) -> Verdict {
    scene.built();
    layer_file(scene, "lost", &["launch"]);
    scene.run_exporter()?.fails()?;
    ensure("nothing was written", scene.image("app").is_err(), "there is an image")?;
    scene.remove("/layers/of_tests/lost.toml");
    let before = exported_before(scene)?.digest;
    layer_file(scene, "lost", &["launch"]);
    scene.run_exporter()?.fails()?;
    equal("the image that is there", &scene.image("app")?.digest, &before)
}

/// The new image is in another repository than the old one, which a registry keeps apart.
fn all_layers_are_where_the_image_is(scene: &Scene<'_>) -> Verdict {
    exported_before(scene)?;
    layer(scene, "new", &["launch"]);
    scene.phase("exporter").arg(scene.reference("other")).run()?.succeeds()?;
    let image = scene.image("other")?;
    equal("the layers that can be read", &image.layers()?.len(), &image.diff_ids().len())?;
    let label = image.lifecycle_metadata()?;
    for name in ["launched", "new"] {
        let layer = image.layer_named_by(&label, &format!("/buildpacks/0/layers/{name}/sha"))?;
        equal(name, layer.text(&format!("/layers/of_tests/{name}/file"))?.as_str(), name)?;
    }
    Ok(())
}

fn the_layer_s_file_is_kept_with_the_image(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    let image = scene.export()?;
    let label = image.lifecycle_metadata()?;
    same("the buildpack", at(&label, "/buildpacks/0/key"), json!(BUILDPACK))?;
    let kept = at(&label, "/buildpacks/0/layers/launched");
    same("its metadata", at(kept, "/data"), json!({ "of": "launched" }))?;
    for (uses, expected) in [("launch", true), ("build", true), ("cache", false)] {
        same(uses, at(kept, &format!("/{uses}")), json!(expected))?;
    }
    image.layer_named_by(&label, SHA)?.text("/layers/of_tests/launched/file")?;
    Ok(())
}

/// In a label or in a layer.
fn the_store_is_kept_with_the_image(scene: &Scene<'_>) -> Verdict {
    const TEXT: &str = "what the buildpack keeps";
    scene.built();
    scene.write("/layers/of_tests/store.toml", format!("[metadata]\nkey = '{TEXT}'\n"));
    let image = scene.export()?;
    if contains("the config", &image.config_text, TEXT).is_ok() {
        return Ok(());
    }
    let layers = new_layers(&image)?;
    let mut contents = layers.iter().flat_map(|layer| &layer.entries).map(|entry| &entry.content);
    let is_there = contents.any(|content| String::from_utf8_lossy(content).contains(TEXT));
    if is_there {
        Ok(())
    } else {
        Err(Failure::new("store.toml", "it is in a label or a layer", &image.config_text))
    }
}
