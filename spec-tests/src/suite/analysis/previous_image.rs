//! The previous image in the analyzed file. Spec: platform.md § analyzer, and `analyzed.toml`.

use serde_json::{Value, json};
use test_kit::ImageFixture;

use super::{ALL, ANALYZED, analyzer, put_run_image};
use crate::scene::{Put, Scene, at};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_previous_image_is_described).on(ALL),
        test!(the_image_itself_is_the_previous_image_by_default).with_images(),
        test!(its_label_is_there_as_toml).with_images(),
        test!(an_image_of_no_build_has_no_metadata).with_images(),
        test!(an_engine_finds_it_by_its_id).on(&[Store::Daemon]),
    ]
}

/// An image of a build, which has a layer `deps` and a store.
fn built(scene: &Scene<'_>) -> ImageFixture {
    let deps = json!({
        "sha": test_kit::sha256(b"deps"), "launch": true, "build": true, "cache": false,
        "data": { "of": "deps", "list": ["a", "b"], "nested": { "key": true } }
    });
    let label = json!({
        "app": [{ "sha": test_kit::sha256(b"app") }],
        "buildpacks": [{
            "key": "of/tests", "version": "1.0.0", "layers": { "deps": deps },
            "store": { "metadata": { "of": "store" } }
        }],
    });
    scene.run_image().label("io.buildpacks.lifecycle.metadata", &label.to_string())
}

/// It is in the analyzed file, by what identifies it.
fn is_described(scene: &Scene<'_>, previous_image: &Put) -> Verdict {
    let analyzed = scene.read_toml(ANALYZED)?;
    let reference = at(&analyzed, "/image/reference").as_str().unwrap_or_default();
    equal(
        "the previous image",
        reference.trim_start_matches("sha256:"),
        previous_image.reference.trim_start_matches("sha256:"),
    )
}

fn the_previous_image_is_described(scene: &Scene<'_>) -> Verdict {
    let (run_image, previous_image) = (put_run_image(scene), scene.put("previous", &built(scene)));
    let analyzer = analyzer(scene, &run_image).args(&["-previous-image", &previous_image.name]);
    analyzer.arg(scene.reference("app")).run()?.succeeds()?;
    is_described(scene, &previous_image)
}

fn the_image_itself_is_the_previous_image_by_default(scene: &Scene<'_>) -> Verdict {
    let (run_image, app) = (put_run_image(scene), scene.put("app", &built(scene)));
    analyzer(scene, &run_image).arg(&app.name).run()?.succeeds()?;
    is_described(scene, &app)?;
    let other = scene.put("previous", &built(scene).label("of", "another"));
    analyzer(scene, &run_image).args(&["-previous-image", &other.name, &app.name]).run()?.succeeds()?;
    is_described(scene, &other)
}

fn its_label_is_there_as_toml(scene: &Scene<'_>) -> Verdict {
    let (run_image, app) = (put_run_image(scene), scene.put("app", &built(scene)));
    analyzer(scene, &run_image).arg(&app.name).run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    let buildpack = at(&analyzed, "/metadata/buildpacks/0");
    same("its id", at(buildpack, "/key"), json!("of/tests"))?;
    same("its version", at(buildpack, "/version"), json!("1.0.0"))?;
    same("its store", at(buildpack, "/store/metadata"), json!({ "of": "store" }))?;
    let layer = at(buildpack, "/layers/deps");
    same("its layer's diffID", at(layer, "/sha"), json!(test_kit::sha256(b"deps")))?;
    same("its layer is for launch", at(layer, "/launch"), json!(true))?;
    same("its layer is for builds", at(layer, "/build"), json!(true))?;
    let data = json!({ "of": "deps", "list": ["a", "b"], "nested": { "key": true } });
    // Whether the key is that of the label or that of files of layers, no text tells.
    let key = if layer.get("data").is_some() { "/data" } else { "/metadata" };
    same("its layer's metadata", at(layer, key), data)?;
    same("the app's layer", at(&analyzed, "/metadata/app/0/sha"), json!(test_kit::sha256(b"app")))
}

fn an_image_of_no_build_has_no_metadata(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    analyzer(scene, &run_image).arg(scene.reference("app")).run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    let reference = at(&analyzed, "/image/reference").as_str().unwrap_or_default();
    equal("the previous image", reference, "")?;
    same("its buildpacks", at(&analyzed, "/metadata/buildpacks/0"), Value::Null)
}

fn an_engine_finds_it_by_its_id(scene: &Scene<'_>) -> Verdict {
    let (run_image, app) = (put_run_image(scene), scene.put("previous", &built(scene)));
    let id = scene.id_in_engine("previous");
    let analyzer = analyzer(scene, &run_image).args(&["-previous-image", &id]);
    analyzer.arg(scene.reference("app")).run()?.succeeds()?;
    is_described(scene, &app)
}
