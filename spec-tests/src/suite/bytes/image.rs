//! Manifest and config of an exported image.

use serde_json::json;
use test_kit::sha256;

use super::{DEPS, built, exported};
use crate::scene::{Image, Put, Scene, architecture, at};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, contains, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(new_layers_have_dockers_media_type).with_images(),
        test!(keys_of_the_config_are_in_order).with_images(),
        test!(labels_escape_what_html_does).with_images(),
        test!(the_history_tells_what_layers_are).with_images(),
        test!(variables_are_appended).with_images(),
        test!(diff_ids_are_those_on_record).with_images(),
        test!(the_id_is_that_on_record).on(&[Store::Registry]),
    ]
}

/// The run image is of the OCI's form.
fn new_layers_have_dockers_media_type(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let (_, image) = exported(scene)?;
    let layers = at(&image.manifest, "/layers").as_array().cloned().unwrap_or_default();
    same(
        "the manifest's media type",
        at(&image.manifest, "/mediaType"),
        json!("application/vnd.oci.image.manifest.v1+json"),
    )?;
    let types: Vec<_> =
        layers.iter().map(|layer| at(layer, "/mediaType").as_str().unwrap_or_default()).collect();
    let (of_base, new) = types.split_at(2.min(types.len()));
    equal(
        "media types of the run image's layers",
        of_base,
        ["application/vnd.oci.image.layer.v1.tar+gzip"; 2].as_slice(),
    )?;
    ensure("there are new layers", new.len() >= 4, new.len())?;
    let docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    ensure(
        "new layers have Docker's media type",
        new.iter().all(|media_type| *media_type == docker),
        new.join(", "),
    )
}

fn keys_of_the_config_are_in_order(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let (_, image) = exported(scene)?;
    let keys = ["architecture", "created", "history", "os", "rootfs", "config"];
    let places: Vec<_> =
        keys.iter().filter_map(|key| image.config_text.find(&format!("\"{key}\":"))).collect();
    ensure("all keys are there", places.len() == keys.len(), &image.config_text)?;
    ensure("the keys are in the order of existing images", places.is_sorted(), &image.config_text)?;
    let first = image.config_text.starts_with("{\"architecture\":");
    ensure("there is nothing before them, nor a space", first, &image.config_text)
}

fn labels_escape_what_html_does(scene: &Scene<'_>) -> Verdict {
    built(scene);
    scene.metadata(&scene.process("web", &["<&>"]));
    let (_, image) = exported(scene)?;
    contains("the label of the build", image.label("io.buildpacks.build.metadata")?, r"\u003c\u0026\u003e")
}

fn the_history_tells_what_layers_are(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let (_, image) = exported(scene)?;
    let history = at(&image.config, "/history").as_array().cloned().unwrap_or_default();
    let texts: Vec<_> =
        history.iter().map(|entry| at(entry, "/created_by").as_str().unwrap_or_default()).collect();
    let expected = [
        "",
        "",
        "Layer: 'deps', Created by buildpack: of/tests@1.0.0",
        "Application Layer",
        "Buildpacks Application Launcher",
        "Buildpacks Launcher Config",
        "Buildpacks Process Types",
    ];
    equal("the history", &texts, &expected)
}

fn variables_are_appended(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let mut run_image = scene.run_image();
    run_image.config["config"]["Env"] = json!(["A=1", "PATH=/usr/bin", "B=2"]);
    scene.analyzed(&scene.put("run", &run_image));
    let image = scene.export()?;
    let expected = json!([
        "A=1",
        "PATH=/cnb/process:/cnb/lifecycle:/usr/bin",
        "B=2",
        "CNB_LAYERS_DIR=/layers",
        "CNB_APP_DIR=/workspace",
        format!("CNB_PLATFORM_API={}", scene.platform),
        "CNB_DEPRECATION_MODE=quiet",
    ]);
    same("the variables", at(&image.config, "/config/Env"), expected)
}

/// What the pieces of the image hash to that the next two tests build; the launcher is a file of its own.
const LAYER: &str = "sha256:ef7a934de4ce4cdbcf3221c29a22c5424a904e47a844612b023b50ce48be81fc";
const APP: &str = "sha256:363e052e908c8f31fdd3cda777994fc5c46daf35198aa71ca06974bd77136e83";
const LAUNCHER: &str = "sha256:111c50a8a2ad4a97cf4bd6e1809db634fd21d1746756ada6ae342ee16c7a2c26";
const PROCESS_TYPES: &str = "sha256:83d85471d9f8a3834b4e27cf701e3f0aef220cc816d9c173c7d32cd73909a590";

/// Of metadata.toml, whose processes have a command as text or as an array.
fn config_layer(scene: &Scene<'_>) -> &'static str {
    if scene.holds("platform.build-files.metadata.command") {
        "sha256:a381f5644bcacada016fd71bb9bcc4e775431934acd592fa80478064986784c7"
    } else {
        "sha256:88c2327f6a7584b12064b5e019317e71f039a2600044057a2f07bcbf2add1131"
    }
}

fn pinned(scene: &Scene<'_>) -> Verdict<(Put, Image)> {
    built(scene);
    let run_image = scene.put("run", &scene.run_image());
    scene.write(&format!("{DEPS}/file"), "of the layer");
    scene.write("/home/user/launcher", "#!/bin/sh\na launcher\n");
    let phase = scene.phase("exporter").args(&["-launcher", "/home/user/launcher"]);
    phase.arg(scene.reference("app")).run()?.succeeds()?;
    Ok((run_image, scene.image("app")?))
}

fn diff_ids_are_those_on_record(scene: &Scene<'_>) -> Verdict {
    let (_, image) = pinned(scene)?;
    let new: Vec<_> = image.diff_ids().into_iter().skip(2).collect();
    equal("the new layers", &new, &[LAYER, APP, LAUNCHER, config_layer(scene), PROCESS_TYPES])
}

/// The config's text is the one on record but for names of images and the launcher's version.
fn the_id_is_that_on_record(scene: &Scene<'_>) -> Verdict {
    let (run_image, image) = pinned(scene)?;
    let launcher = launcher_of(&image)?;
    let expected = config(scene, &run_image, &launcher);
    equal("the config", image.config_text.as_str(), expected.as_str())?;
    equal("the image's id", &image.id(), &sha256(expected.as_bytes()))
}

/// What a label says of the launcher, which is another one for each lifecycle.
fn launcher_of(image: &Image) -> Verdict<String> {
    let label = image.label("io.buildpacks.build.metadata")?;
    let found = label.split_once("\"launcher\":").and_then(|(_, rest)| rest.split_once(",\"processes\":"));
    let found = found.map(|(launcher, _)| launcher.replace('"', "\\\""));
    found.ok_or_else(|| Failure::new("the label of the build", "it has launcher and processes", label))
}

fn config(scene: &Scene<'_>, run_image: &Put, launcher: &str) -> String {
    let part = |clause: &str, text: &str| if scene.holds(clause) { text.to_owned() } else { String::new() };
    let made = |by: &str| part("de-facto.bytes.config.history", &format!(r#","created_by":"{by}""#));
    let histories = [
        String::new(),
        String::new(),
        made("Layer: 'deps', Created by buildpack: of/tests@1.0.0"),
        made("Application Layer"),
        made("Buildpacks Application Launcher"),
        made("Buildpacks Launcher Config"),
        made("Buildpacks Process Types"),
    ];
    let histories = histories.map(|made| format!(r#"{{"created":"1980-01-01T00:00:01Z"{made}}}"#)).join(",");
    let diff_ids =
        [&run_image.diff_ids.join("\",\""), LAYER, APP, LAUNCHER, config_layer(scene), PROCESS_TYPES];
    let [architecture, platform, diff_ids] =
        [architecture(), scene.platform.as_str(), &diff_ids.join("\",\"")];
    let (build, lifecycle) = (build_label(scene, launcher), lifecycle_label(scene, run_image));
    let execution = part("de-facto.image.label.exec-env", r#""io.buildpacks.exec-env":"production","#);
    [
        format!(
            r#"{{"architecture":"{architecture}","created":"1980-01-01T00:00:01Z","history":[{histories}],"#
        ),
        format!(r#""os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff_ids}"]}},"#),
        r#""config":{"Entrypoint":["/cnb/lifecycle/launcher"],"#.to_owned(),
        format!(r#""Env":["CNB_LAYERS_DIR=/layers","CNB_APP_DIR=/workspace","CNB_PLATFORM_API={platform}","#),
        r#""CNB_DEPRECATION_MODE=quiet","PATH=/cnb/process:/cnb/lifecycle:"],"#.to_owned(),
        r#""Labels":{"io.buildpacks.base.distro.name":"linux-of-tests","#.to_owned(),
        r#""io.buildpacks.base.distro.version":"7","#.to_owned(),
        format!(r#""io.buildpacks.build.metadata":"{build}",{execution}"#),
        format!(r#""io.buildpacks.lifecycle.metadata":"{lifecycle}","#),
        r#""io.buildpacks.project.metadata":"{}","io.buildpacks.stack.id":"stack.of.tests"},"#.to_owned(),
        r#""WorkingDir":"/workspace"}}"#.to_owned(),
    ]
    .concat()
}

fn build_label(scene: &Scene<'_>, launcher: &str) -> String {
    let bom = if scene.holds("platform.labels.build.bom") { r#"\"bom\":null,"# } else { "" };
    let command = if scene.holds("platform.build-files.metadata.command") {
        r#"[\"/bin/true\"],\"args\":null"#
    } else {
        r#"\"/bin/true\",\"args\":[]"#
    };
    format!(
        r#"{{{bom}\"buildpacks\":[{{\"id\":\"of/tests\",\"version\":\"1.0.0\"}}],\"launcher\":{launcher},\"processes\":[{{\"type\":\"web\",\"command\":{command},\"direct\":true,\"buildpackID\":\"of/tests\"}}]}}"#
    )
}

fn lifecycle_label(scene: &Scene<'_>, run_image: &Put) -> String {
    let Put { name, reference, diff_ids, .. } = run_image;
    let image = format!(r#"\"image\":\"{name}\""#);
    let named = if scene.holds("platform.analyzed-toml.run-image.image") {
        format!(",{image}")
    } else {
        String::new()
    };
    let top = diff_ids.last().map(String::as_str).unwrap_or_default();
    let config = config_layer(scene);
    [
        format!(r#"{{\"app\":[{{\"sha\":\"{APP}\"}}],\"buildpacks\":[{{\"key\":\"of/tests\",\"version\":\"1.0.0\","#),
        format!(r#"\"layers\":{{\"deps\":{{\"sha\":\"{LAYER}\",\"data\":null,"#),
        r#"\"build\":false,\"launch\":true,\"cache\":false}}}],"#.to_owned(),
        format!(r#"\"config\":{{\"sha\":\"{config}\"}},\"launcher\":{{\"sha\":\"{LAUNCHER}\"}},"#),
        format!(r#"\"process-types\":{{\"sha\":\"{PROCESS_TYPES}\"}},"#),
        format!(r#"\"runImage\":{{\"topLayer\":\"{top}\",\"reference\":\"{reference}\"{named}}},"#),
        format!(r#"\"stack\":{{\"runImage\":{{{image}}}}}}}"#),
    ]
    .concat()
}
