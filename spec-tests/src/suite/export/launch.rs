//! What buildpacks say in `launch.toml`, in the image. Spec: buildpack.md § launch.toml, § Export.

use serde_json::{Value, json};

use crate::scene::{Image, Scene, at};
use crate::suite::export::{built_by, file};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_last_process_of_a_type_counts).with_images(),
        test!(labels_of_buildpacks_are_the_image_s).with_images(),
        test!(the_last_label_of_a_key_counts).with_images(),
        test!(the_last_default_process_counts).with_images(),
        test!(a_later_process_of_the_type_leaves_no_default).with_images(),
    ]
}

/// Builds with buildpacks that write this `launch.toml`, in an order that is not the one of their ids, and exports.
fn exported(scene: &Scene<'_>, launch: &[&str]) -> Verdict<Image> {
    let scripts: Vec<_> = launch.iter().map(|text| file("launch.toml", text)).collect();
    let ids = ["of/z", "of/m", "of/a"];
    built_by(scene, &ids.into_iter().zip(scripts.iter().map(String::as_str)).collect::<Vec<_>>())?;
    scene.export()
}

/// A process of `launch.toml`.
pub(crate) fn process(scene: &Scene<'_>, process_type: &str, program: &str, keys: &str) -> String {
    let command = if scene.holds("buildpack.launch.direct") {
        format!("command = '{program}'\ndirect = true")
    } else {
        format!("command = ['{program}']")
    };
    format!("[[processes]]\ntype = '{process_type}'\n{command}\n{keys}\n")
}

fn label(key: &str, value: &str) -> String {
    format!("[[labels]]\nkey = '{key}'\nvalue = '{value}'\n")
}

fn the_last_process_of_a_type_counts(scene: &Scene<'_>) -> Verdict {
    let (first, second) = (process(scene, "web", "/bin/first", ""), process(scene, "web", "/bin/second", ""));
    let other = process(scene, "worker", "/bin/other", "");
    let label = exported(scene, &[&(first + &other), &second])?.build_metadata()?;
    let processes = at(&label, "/processes").as_array().cloned().unwrap_or_default();
    let of_type = |name| processes.iter().filter(move |process| at(process, "/type") == &json!(name));
    let commands: Vec<_> = of_type("web").map(|process| at(process, "/command").to_string()).collect();
    equal("the number of such processes", &commands.len(), &1)?;
    contains("its command", &commands.concat(), "/bin/second")?;
    equal("the number of other processes", &of_type("worker").count(), &1)
}

fn labels_of_buildpacks_are_the_image_s(scene: &Scene<'_>) -> Verdict {
    let image = exported(
        scene,
        &[&(label("one", "of the first") + &label("two", "too")), &label("three", "of the second")],
    )?;
    for (key, value) in [("one", "of the first"), ("two", "too"), ("three", "of the second")] {
        equal(key, image.label(key)?, value)?;
    }
    Ok(())
}

fn the_last_label_of_a_key_counts(scene: &Scene<'_>) -> Verdict {
    let image = exported(scene, &[&label("key", "first"), &label("key", "second")])?;
    equal("the label", image.label("key")?, "second")
}

/// The default as the builder names it, and as the image starts it.
fn default_is(scene: &Scene<'_>, image: &Image, expected: Option<&str>) -> Verdict {
    let metadata = scene.read_toml("/layers/config/metadata.toml")?;
    let named = at(&metadata, "/buildpack-default-process-type");
    same("the default", named, expected.map_or(Value::Null, |process_type| json!(process_type)))?;
    let start = expected.map_or("/cnb/lifecycle/launcher".to_owned(), |name| format!("/cnb/process/{name}"));
    same("the entry point", at(&image.config, "/config/Entrypoint"), json!([start]))
}

const DEFAULT: &str = "default = true";

fn the_last_default_process_counts(scene: &Scene<'_>) -> Verdict {
    let image = exported(
        scene,
        &[
            &process(scene, "z", "/bin/true", DEFAULT),
            &process(scene, "a", "/bin/true", DEFAULT),
            &process(scene, "m", "/bin/true", ""),
        ],
    )?;
    default_is(scene, &image, Some("a"))
}

fn a_later_process_of_the_type_leaves_no_default(scene: &Scene<'_>) -> Verdict {
    let image = exported(
        scene,
        &[&process(scene, "web", "/bin/first", DEFAULT), &process(scene, "web", "/bin/second", "")],
    )?;
    default_is(scene, &image, None)
}
