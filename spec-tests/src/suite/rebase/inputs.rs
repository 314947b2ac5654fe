//! Which image is rebased onto which, and what is refused. Spec: platform.md § rebaser, Inputs.

use serde_json::json;

use super::{Images, METADATA, REGISTRY, app, metadata, put, rebaser, run_image, untouched};
use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_image_is_given).on(REGISTRY),
        test!(an_image_marked_as_not_rebasable_is_refused).on(REGISTRY),
        test!(an_image_is_named_by_a_tag).on(REGISTRY),
        test!(images_in_two_registries_are_refused).on(REGISTRY),
        test!(the_previous_image_is_rebased).on(REGISTRY),
        test!(the_first_image_is_rebased).on(REGISTRY),
        test!(the_label_tells_the_run_image).on(REGISTRY),
        test!(a_mirror_in_the_registry_of_the_image_is_taken).on(REGISTRY),
        test!(the_older_key_of_the_label_tells_the_run_image).on(REGISTRY),
        test!(what_goes_wrong_has_a_status_of_the_rebaser).on(REGISTRY),
    ]
}

fn an_image_is_given(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    rebaser(scene).args(&["-run-image", &images.run_image.name]).run()?.fails()?;
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    Ok(())
}

fn an_image_marked_as_not_rebasable_is_refused(scene: &Scene<'_>) -> Verdict {
    let marked = app(scene).label("io.buildpacks.rebasable", "false");
    let images = Images::with(scene, marked, run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.fails()?;
    untouched(scene, &images.app)?;
    rebaser(scene).arg("-force").arg(&images.app.name).run()?.succeeds()?;
    let diff_ids = scene.image("app")?;
    equal("the lowest layer", &diff_ids.diff_ids().first().copied(), &first(&images.run_image.diff_ids))
}

fn an_image_is_named_by_a_tag(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let by_digest = &images.app.reference;
    for unusable in [by_digest, "no reference at all", "UPPER/case", "/"] {
        rebaser(scene).arg(unusable).run()?.fails()?;
        rebaser(scene).args(&[&images.app.name, unusable]).run()?.fails()?;
    }
    Ok(())
}

fn images_in_two_registries_are_refused(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let port = scene.registry().address().rsplit(':').next().unwrap_or_default().to_owned();
    let elsewhere = images.app.name.replace(scene.registry().address(), &format!("localhost:{port}"));
    rebaser(scene).args(&[&images.app.name, &elsewhere]).run()?.fails()?;
    untouched(scene, &images.app)?;
    rebaser(scene).args(&[&images.app.name, &scene.reference("app:other")]).run()?.succeeds()?;
    Ok(())
}

fn the_previous_image_is_rebased(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let rebased = scene.reference("rebased");
    rebaser(scene).args(&["-previous-image", &images.app.name, &rebased]).run()?.succeeds()?;
    let image = scene.image("rebased")?;
    equal("a variable of the app", &image.env("OF_APP"), &Some("kept"))?;
    equal("the lowest layer", &image.diff_ids().first().copied(), &first(&images.run_image.diff_ids))?;
    untouched(scene, &images.app)?;
    rebaser(scene).args(&["-previous-image", &images.app.name, &images.app.name]).run()?.succeeds()?;
    let digest = scene.image("app")?.digest;
    ensure(
        "an image to write is written, even if it is the previous one",
        digest != images.app.digest,
        digest,
    )
}

fn the_first_image_is_rebased(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let mut other = app(scene);
    other.config["config"]["Env"][2] = "OF_APP=another".into();
    let other = put(scene, "other", other);
    rebaser(scene).args(&[&images.app.name, &other.name]).run()?.succeeds()?;
    for name in ["app", "other"] {
        equal(name, &scene.image(name)?.env("OF_APP"), &Some("kept"))?;
    }
    Ok(())
}

fn the_label_tells_the_run_image(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    put(scene, "run:other", scene.run_image());
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    is_on(scene, &images.run_image.diff_ids)
}

/// Of the run images that the label names, it is one in the same registry, though it be a mirror.
fn a_mirror_in_the_registry_of_the_image_is_taken(scene: &Scene<'_>) -> Verdict {
    let mut app = app(scene);
    let mut label = metadata(scene, &app);
    let run_image = json!({ "image": "elsewhere.invalid/run", "mirrors": [scene.reference("run")] });
    for (key, value) in run_image.as_object().into_iter().flatten() {
        label["runImage"][key] = value.clone();
    }
    label["stack"]["runImage"] = run_image;
    app = app.label(METADATA, &label.to_string());
    let images = Images::with(scene, app, super::run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    is_on(scene, &images.run_image.diff_ids)
}

fn the_older_key_of_the_label_tells_the_run_image(scene: &Scene<'_>) -> Verdict {
    let app = app(scene);
    let mut label = metadata(scene, &app);
    for key in ["image", "mirrors"] {
        label["runImage"].as_object_mut().and_then(|run_image| run_image.remove(key));
    }
    let images = Images::with(scene, app.label(METADATA, &label.to_string()), run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    is_on(scene, &images.run_image.diff_ids)
}

fn what_goes_wrong_has_a_status_of_the_rebaser(scene: &Scene<'_>) -> Verdict {
    let app = app(scene);
    let mut label = metadata(scene, &app);
    label["runImage"]["topLayer"] = test_kit::sha256(b"no layer").into();
    let images = Images::with(scene, app.label(METADATA, &label.to_string()), run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.exits_within(70..=79)?;
    untouched(scene, &images.app)
}

fn is_on(scene: &Scene<'_>, run_image: &[String]) -> Verdict {
    let image = scene.image("app")?;
    let base: Vec<_> = image.diff_ids().into_iter().take(run_image.len()).collect();
    equal("the layers of the run image", &base, &run_image)?;
    equal(
        "the number of layers",
        &at(&image.manifest, "/layers").as_array().map(Vec::len),
        &Some(run_image.len() + 1),
    )
}

fn first(diff_ids: &[String]) -> Option<&str> {
    diff_ids.first().map(String::as_str)
}
