//! What extensions do to the run image and the build image. Spec: platform.md § detector (Outputs).

use serde_json::{Value, json};

use crate::scene::{EXTENDS, Scene, ScriptedExtension, architecture, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_base_of_the_last_dockerfile_becomes_the_run_image),
        test!(without_another_base_the_run_image_is_extended),
        test!(the_last_other_base_becomes_the_run_image),
        test!(a_selected_run_image_is_recorded_by_name),
        test!(what_was_known_of_the_run_image_before_is_removed),
        test!(dockerfiles_before_the_selecting_one_are_ignored),
        test!(a_run_image_selected_last_is_not_extended),
        test!(a_run_image_that_a_dockerfile_follows_is_extended),
        test!(a_selected_run_image_that_is_not_listed_is_warned_about),
        test!(the_build_image_is_recorded),
        test!(without_a_build_dockerfile_the_build_image_is_not_extended),
        test!(with_a_build_dockerfile_the_build_image_is_extended),
    ]
}

const REFERENCE: &str = "of/run@sha256:7f0f9cf4a3b3bb49d9a7f0b8a3f6c9d2b1e4c5d6e7f8091a2b3c4d5e6f708192";

/// The run image as the analyzer left it.
fn run_image() -> Value {
    let target = json!({ "os": "linux", "arch": architecture() });
    json!({ "reference": REFERENCE, "image": "of/run", "target": target })
}

/// Detects with extensions of which each generates a run.Dockerfile: ids with what it is.
fn detect_with(scene: &Scene<'_>, dockerfiles: &[(&str, &str)]) -> Verdict<Value> {
    let extension =
        |(id, dockerfile): &(&str, &str)| scene.new_extension(id).generates("run.Dockerfile", dockerfile);
    detect(scene, &dockerfiles.iter().map(extension).collect::<Vec<_>>())
}

/// The run image that is recorded after detection with extensions.
fn detect(scene: &Scene<'_>, extensions: &[ScriptedExtension]) -> Verdict<Value> {
    let analyzed = json!({ "run-image": run_image() });
    scene.write("/layers/analyzed.toml", toml::to_string(&analyzed).unwrap_or_default());
    scene.extensions(extensions);
    scene.detect()?;
    scene.analyzed_run_image()
}

/// A Dockerfile that extends whatever image.
fn extends() -> String {
    format!("{EXTENDS}RUN true")
}

fn is_extended(run_image: &Value) -> bool {
    at(run_image, "/extend").as_bool().unwrap_or_default()
}

fn the_base_of_the_last_dockerfile_becomes_the_run_image(scene: &Scene<'_>) -> Verdict {
    let run_image = detect_with(scene, &[("a", "FROM of/one"), ("b", "FROM of/two")])?;
    same("the reference", at(&run_image, "/reference"), json!("of/two"))
}

fn without_another_base_the_run_image_is_extended(scene: &Scene<'_>) -> Verdict {
    let seen = detect_with(scene, &[("a", &extends()), ("b", &extends())])?;
    let mut expected = run_image();
    if let Some(expected) = expected.as_object_mut() {
        expected.insert("extend".to_owned(), json!(true));
    }
    same("the run image", &seen, expected)?;
    same("the run image without extensions", &detect_with(scene, &[])?, run_image())
}

fn the_last_other_base_becomes_the_run_image(scene: &Scene<'_>) -> Verdict {
    let dockerfiles = [("a", "FROM of/one"), ("b", "FROM of/two"), ("c", &extends())];
    same("the image", at(&detect_with(scene, &dockerfiles)?, "/image"), json!("of/two"))
}

fn a_selected_run_image_is_recorded_by_name(scene: &Scene<'_>) -> Verdict {
    let run_image = detect_with(scene, &[("a", "FROM registry.example/of/other:tag")])?;
    same("the image", at(&run_image, "/image"), json!("registry.example/of/other:tag"))
}

fn what_was_known_of_the_run_image_before_is_removed(scene: &Scene<'_>) -> Verdict {
    let run_image = detect_with(scene, &[("a", "FROM of/other")])?;
    ensure("the reference is gone", at(&run_image, "/reference") != REFERENCE, &run_image)?;
    same("the target", at(&run_image, "/target"), Value::Null)
}

fn dockerfiles_before_the_selecting_one_are_ignored(scene: &Scene<'_>) -> Verdict {
    detect_with(scene, &[("a", &extends()), ("b", "FROM of/other"), ("c", &extends())])?;
    for (id, is_ignored) in [("a", true), ("b", false), ("c", false)] {
        let dockerfile = scene.dockerfile(id, "run");
        let ignored = format!("{dockerfile}.ignore");
        let (there, gone) = if is_ignored { (&ignored, &dockerfile) } else { (&dockerfile, &ignored) };
        scene.has(there)?;
        scene.lacks(gone)?;
    }
    Ok(())
}

fn a_run_image_selected_last_is_not_extended(scene: &Scene<'_>) -> Verdict {
    let run_image = detect_with(scene, &[("a", &extends()), ("b", "FROM of/other")])?;
    same("the image", at(&run_image, "/image"), json!("of/other"))?;
    ensure("it is not to be extended", !is_extended(&run_image), &run_image)
}

fn a_run_image_that_a_dockerfile_follows_is_extended(scene: &Scene<'_>) -> Verdict {
    let run_image = detect_with(scene, &[("a", "FROM of/other"), ("b", &extends())])?;
    same("the image", at(&run_image, "/image"), json!("of/other"))?;
    ensure("it is to be extended", is_extended(&run_image), &run_image)
}

fn a_selected_run_image_that_is_not_listed_is_warned_about(scene: &Scene<'_>) -> Verdict {
    scene.write("/cnb/run.toml", "[[images]]\nimage = 'of/run'\n[[images]]\nimage = 'of/listed'\n");
    for image in ["of/listed", "of/unlisted"] {
        scene.extensions(&[scene.new_extension("a").generates("run.Dockerfile", &format!("FROM {image}"))]);
        let run = scene.detector().args(&["-log-level", "warn"]).run()?;
        if image == "of/listed" {
            run.succeeds()?.does_not_say(image)?;
        } else {
            run.succeeds()?.says(image)?;
        }
    }
    Ok(())
}

/// The build image that is recorded after detection with an extension that generates a file.
fn build_image(scene: &Scene<'_>, file: &str) -> Verdict<Value> {
    detect(scene, &[scene.new_extension("a").generates(file, &extends())])?;
    Ok(at(&scene.read_toml("/layers/analyzed.toml")?, "/build-image").clone())
}

fn the_build_image_is_recorded(scene: &Scene<'_>) -> Verdict {
    let build_image = build_image(scene, "build.Dockerfile")?;
    ensure("there is a record of the build image", build_image.is_object(), build_image)
}

fn without_a_build_dockerfile_the_build_image_is_not_extended(scene: &Scene<'_>) -> Verdict {
    let build_image = build_image(scene, "run.Dockerfile")?;
    ensure("it is not to be extended", !is_extended(&build_image), build_image)
}

fn with_a_build_dockerfile_the_build_image_is_extended(scene: &Scene<'_>) -> Verdict {
    let build_image = build_image(scene, "build.Dockerfile")?;
    equal("extend of the build image", at(&build_image, "/extend"), &json!(true))
}
