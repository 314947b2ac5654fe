//! What labels say after a rebase. Spec: platform.md § rebaser, Outputs; § Rebase.

use serde_json::json;

use super::{Images, METADATA, REGISTRY, app, metadata, rebaser, run_image};
use crate::scene::{Image, Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, lacks, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_reference_is_of_the_new_run_image).on(REGISTRY),
        test!(the_top_layer_is_of_the_new_run_image).on(REGISTRY),
        test!(nothing_names_the_old_run_image).on(REGISTRY),
        test!(labels_of_the_stack_are_of_the_new_run_image).on(REGISTRY),
        test!(labels_of_the_base_are_of_the_new_run_image).on(REGISTRY),
        test!(all_other_metadata_stay).on(REGISTRY),
    ]
}

fn rebased(scene: &Scene<'_>) -> Verdict<(Images, Image)> {
    let images = Images::put(scene);
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    Ok((images, scene.image("app")?))
}

fn the_reference_is_of_the_new_run_image(scene: &Scene<'_>) -> Verdict {
    let (images, image) = rebased(scene)?;
    let metadata = image.lifecycle_metadata()?;
    same("runImage.reference", at(&metadata, "/runImage/reference"), json!(images.run_image.reference))
}

fn the_top_layer_is_of_the_new_run_image(scene: &Scene<'_>) -> Verdict {
    let (images, image) = rebased(scene)?;
    let metadata = image.lifecycle_metadata()?;
    same("runImage.topLayer", at(&metadata, "/runImage/topLayer"), json!(images.run_image.diff_ids.last()))
}

fn nothing_names_the_old_run_image(scene: &Scene<'_>) -> Verdict {
    let app = app(scene);
    let old = metadata(scene, &app);
    let images = Images::with(scene, app, run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    let image = scene.image("app")?;
    for pointer in ["/runImage/topLayer", "/runImage/reference"] {
        lacks("the config", &image.config_text, at(&old, pointer).as_str().unwrap_or(pointer))?;
    }
    Ok(())
}

/// Labels of the new run image are set, and those that it doesn't have are gone.
fn labels_of_the_stack_are_of_the_new_run_image(scene: &Scene<'_>) -> Verdict {
    let app = app(scene).label("io.buildpacks.stack.homepage", "of the old run image");
    let run_image = run_image(scene).label("io.buildpacks.stack.maintainer", "of the new run image");
    let image = labelled(scene, app, run_image)?;
    let label = |name: &str| {
        at(&image.config, "/config/Labels").get(name).and_then(|label| label.as_str()).map(str::to_owned)
    };
    equal(
        "the new label",
        &label("io.buildpacks.stack.maintainer").as_deref(),
        &Some("of the new run image"),
    )?;
    equal("the old label", &label("io.buildpacks.stack.homepage"), &None)?;
    equal("the label of both", &label("io.buildpacks.stack.id").as_deref(), &Some("stack.of.tests"))
}

fn labels_of_the_base_are_of_the_new_run_image(scene: &Scene<'_>) -> Verdict {
    let app = app(scene).label("io.buildpacks.base.homepage", "of the old run image");
    let run_image = run_image(scene)
        .label("io.buildpacks.base.maintainer", "of the new run image")
        .label("maintainer", "of the new run image");
    let image = labelled(scene, app, run_image)?;
    equal("the new label", image.label("io.buildpacks.base.maintainer")?, "of the new run image")?;
    let labels = at(&image.config, "/config/Labels");
    same("the old label", at(labels, "/io.buildpacks.base.homepage"), json!(null))?;
    same("a label of the run image that is of no base", at(labels, "/maintainer"), json!(null))
}

fn labelled(
    scene: &Scene<'_>,
    app: test_kit::ImageFixture,
    run_image: test_kit::ImageFixture,
) -> Verdict<Image> {
    let images = Images::with(scene, app, run_image);
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    scene.image("app")
}

fn all_other_metadata_stay(scene: &Scene<'_>) -> Verdict {
    let app = app(scene);
    let before = metadata(scene, &app);
    let image = labelled(scene, app, run_image(scene))?;
    let after = image.label_json(METADATA)?;
    for pointer in ["/app", "/buildpacks", "/runImage/image"] {
        same(pointer, at(&after, pointer), at(&before, pointer).clone())?;
    }
    equal("the app's label", image.label("of-app")?, "kept")
}
