//! What the app image has of the run image. Spec: platform.md § exporter, Outputs.
#![expect(clippy::indexing_slicing, reason = "documents that a test made are changed by key")]

use serde_json::{Value, json};

use crate::scene::{Image, Scene, at};
use crate::store::Store;
use crate::suite::export::built_with_layers;
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_app_image_builds_on_the_run_image).with_images(),
        test!(config_values_of_the_run_image_are_kept).with_images(),
        test!(the_stack_s_id_is_kept).with_images(),
        test!(the_command_of_the_run_image_is_dropped).with_images(),
        test!(the_manifest_has_the_run_image_s_form).on(&[Store::Registry]),
        test!(the_history_tells_of_each_layer).with_images(),
    ]
}

/// Exports on a run image with a config that was changed.
fn on(scene: &Scene<'_>, change: impl FnOnce(&mut Value)) -> Verdict<Image> {
    built_with_layers(scene);
    let mut run_image = scene.run_image();
    change(&mut run_image.config);
    scene.analyzed(&scene.put("run", &run_image));
    scene.export()
}

fn the_app_image_builds_on_the_run_image(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let image = scene.export()?;
    let (base, own): (Vec<_>, Vec<_>) = image
        .diff_ids()
        .into_iter()
        .partition(|diff_id| run_image.diff_ids.iter().any(|known| known == diff_id));
    let first: Vec<_> = image.diff_ids().into_iter().take(base.len()).collect();
    equal("the first layers", &first, &run_image.diff_ids)?;
    ensure("there are other layers", !own.is_empty(), "there are none")?;
    equal("the layers that the manifest has", &image.layer_count(), &image.diff_ids().len())
}

fn config_values_of_the_run_image_are_kept(scene: &Scene<'_>) -> Verdict {
    let values = json!({
        "User": "1000:1000",
        "ExposedPorts": { "8080/tcp": {} },
        "Volumes": { "/volume": {} },
        "StopSignal": "SIGTERM",
    });
    let image = on(scene, |config| {
        config["config"]["Env"] = json!(["OF_BASE=kept", "PATH=/bin"]);
        for (key, value) in values.as_object().into_iter().flatten() {
            config["config"][key] = value.clone();
        }
        config["config"]["Labels"]["of.base"] = json!("kept");
    })?;
    for (key, value) in values.as_object().into_iter().flatten() {
        same(key, at(&image.config, &format!("/config/{key}")), value.clone())?;
    }
    equal("a variable of the base", &image.env("OF_BASE"), &Some("kept"))?;
    equal("a label of the base", image.label("of.base")?, "kept")?;
    same("the operating system", at(&image.config, "/os"), json!("linux"))?;
    same("the architecture", at(&image.config, "/architecture"), json!(crate::scene::architecture()))
}

fn the_stack_s_id_is_kept(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("the label", scene.export()?.label("io.buildpacks.stack.id")?, "stack.of.tests")
}

fn the_command_of_the_run_image_is_dropped(scene: &Scene<'_>) -> Verdict {
    let image = on(scene, |config| config["config"]["Cmd"] = json!(["/bin/of-base"]))?;
    let command = at(&image.config, "/config/Cmd");
    ensure("there is no command", command.as_array().is_none_or(Vec::is_empty), command)
}

fn the_manifest_has_the_run_image_s_form(scene: &Scene<'_>) -> Verdict {
    for (docker, manifest, config) in [
        (
            true,
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
        ),
        (false, "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json"),
    ] {
        scene.built();
        let mut run_image = scene.run_image();
        run_image.docker = docker;
        scene.analyzed(&scene.put("run", &run_image));
        let image = scene.export()?;
        same("the manifest's media type", at(&image.manifest, "/mediaType"), json!(manifest))?;
        same("the config's media type", at(&image.manifest, "/config/mediaType"), json!(config))?;
    }
    Ok(())
}

fn the_history_tells_of_each_layer(scene: &Scene<'_>) -> Verdict {
    let image = on(scene, |config| {
        config["history"] = json!([{ "created_by": "the first" }, { "created_by": "the second" }]);
    })?;
    let history = at(&image.config, "/history").as_array().cloned().unwrap_or_default();
    let told: Vec<_> =
        history.iter().map(|entry| at(entry, "/created_by").as_str().unwrap_or_default()).collect();
    equal("the number of entries", &told.len(), &image.diff_ids().len())?;
    equal(
        "what the run image tells",
        told.get(..2).unwrap_or_default(),
        ["the first", "the second"].as_slice(),
    )?;
    let label = image.lifecycle_metadata()?;
    for (pointer, parts) in [
        ("/buildpacks/0/layers/launched/sha", ["launched", "of/tests@1.0.0"].as_slice()),
        ("/app/0/sha", &["Application"]),
        ("/launcher/sha", &["Launcher"]),
        ("/config/sha", &["Config"]),
        ("/process-types/sha", &["Process"]),
    ] {
        let diff_id = at(&label, pointer).as_str();
        let number = image.diff_ids().iter().position(|known| Some(*known) == diff_id).unwrap_or_default();
        for part in parts {
            contains(pointer, told.get(number).copied().unwrap_or_default(), part)?;
        }
    }
    Ok(())
}
