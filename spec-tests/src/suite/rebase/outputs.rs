//! The rebased image and the report. Spec: platform.md § rebaser, Outputs.

use serde_json::{Value, json};

use super::{Images, METADATA, REGISTRY, app, metadata, put, rebaser, run_image, untouched};
use crate::scene::{Image, Scene, at};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_tag_names_the_same_image).on(REGISTRY),
        test!(the_config_stays).on(REGISTRY),
        test!(the_author_stays).on(REGISTRY),
        test!(layers_of_the_run_image_are_replaced).on(REGISTRY),
        test!(layers_above_the_top_layer_are_the_apps).on(REGISTRY),
        test!(the_creation_time_is_a_constant).on(REGISTRY),
        test!(the_report_is_of_the_rebased_image).on(REGISTRY),
        test!(an_image_of_an_engine_is_rebased).on(&[Store::Daemon]),
        test!(the_platform_is_that_of_the_new_run_image).on(REGISTRY),
        test!(the_history_has_an_entry_for_each_layer).on(REGISTRY),
        test!(an_old_image_stays_within_its_stack).on(REGISTRY),
        test!(an_old_image_needs_its_mixins).on(REGISTRY),
        test!(layers_of_the_app_are_not_transferred).on(REGISTRY),
    ]
}

fn rebased(scene: &Scene<'_>) -> Verdict<(Images, Image)> {
    let images = Images::put(scene);
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    Ok((images, scene.image("app")?))
}

fn each_tag_names_the_same_image(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let others = [scene.reference("app:other"), scene.reference("elsewhere:tag")];
    rebaser(scene).args(&[&images.app.name, &others[0], &others[1]]).run()?.succeeds()?;
    let digest = scene.image("app")?.digest;
    ensure("the image is a new one", digest != images.app.digest, &digest)?;
    for other in others {
        equal(&other, &scene.image(&other)?.digest, &digest)?;
    }
    Ok(())
}

fn the_config_stays(scene: &Scene<'_>) -> Verdict {
    let before = app(scene).config;
    let (_, image) = rebased(scene)?;
    for key in ["Env", "Entrypoint", "User", "WorkingDir"] {
        let pointer = format!("/config/{key}");
        same(&pointer, at(&image.config, &pointer), at(&before, &pointer).clone())?;
    }
    let labels = |config: &Value| {
        let mut labels = at(config, "/config/Labels").clone();
        labels.as_object_mut().and_then(|labels| labels.remove(METADATA));
        labels
    };
    same("the labels", &labels(&image.config), labels(&before))
}

fn the_author_stays(scene: &Scene<'_>) -> Verdict {
    let (_, image) = rebased(scene)?;
    same("the author", at(&image.config, "/author"), json!("lifecycle"))
}

fn layers_of_the_run_image_are_replaced(scene: &Scene<'_>) -> Verdict {
    let (images, image) = rebased(scene)?;
    let own = images.app.diff_ids.get(2..).unwrap_or_default();
    let expected = [&images.run_image.diff_ids, own].concat();
    equal("the layers", &image.diff_ids(), &expected)
}

/// What the label names as top is the lower of two layers, so that the other one is the app's.
fn layers_above_the_top_layer_are_the_apps(scene: &Scene<'_>) -> Verdict {
    let app = app(scene);
    let mut label = metadata(scene, &app);
    label["runImage"]["topLayer"] = app.layers.first().map(|layer| test_kit::sha256(&layer.archive)).into();
    let images = Images::with(scene, app.label(METADATA, &label.to_string()), run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    let own = images.app.diff_ids.get(1..).unwrap_or_default();
    let expected = [&images.run_image.diff_ids, own].concat();
    equal("the layers", &scene.image("app")?.diff_ids(), &expected)
}

fn the_creation_time_is_a_constant(scene: &Scene<'_>) -> Verdict {
    let mut times = Vec::new();
    for (name, created) in [("app", "2001-01-01T00:00:00Z"), ("other", "2011-11-11T11:11:11Z")] {
        let (mut app, mut run_image) = (app(scene), run_image(scene));
        app.config["created"] = created.into();
        run_image.config["created"] = created.into();
        put(scene, "run", run_image);
        let app = put(scene, name, app);
        rebaser(scene).arg(&app.name).run()?.succeeds()?;
        times.push(at(&scene.image(name)?.config, "/created").clone());
    }
    ensure("there is a time", times.iter().all(Value::is_string), json!(times))?;
    ensure("the times are the same", times.first() == times.last(), json!(times))
}

fn the_report_is_of_the_rebased_image(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let other = scene.reference("app:other");
    rebaser(scene).args(&[&images.app.name, &other]).run()?.succeeds()?;
    let (report, image) = (scene.read_toml("/layers/report.toml")?, scene.image("app")?);
    same("the tags", at(&report, "/image/tags"), json!([images.app.name, other]))?;
    same("the digest", at(&report, "/image/digest"), json!(image.digest))
}

/// All that a rebase does, in an engine.
fn an_image_of_an_engine_is_rebased(scene: &Scene<'_>) -> Verdict {
    let images = Images::put(scene);
    let other = scene.reference("app:other");
    rebaser(scene).args(&[&images.app.name, &other]).run()?.succeeds()?;
    let image = scene.image("app")?;
    equal("the image of the other tag", &scene.image(&other)?.digest, &image.digest)?;
    let own = images.app.diff_ids.get(2..).unwrap_or_default();
    equal("the layers", &image.diff_ids(), &[&images.run_image.diff_ids, own].concat())?;
    let metadata = image.lifecycle_metadata()?;
    same("runImage.reference", at(&metadata, "/runImage/reference"), json!(images.run_image.reference))?;
    same("runImage.topLayer", at(&metadata, "/runImage/topLayer"), json!(images.run_image.diff_ids.last()))?;
    let report = scene.read_toml("/layers/report.toml")?;
    same("the tags", at(&report, "/image/tags"), json!([images.app.name, other]))?;
    let id = at(&report, "/image/image-id").as_str().unwrap_or_default();
    equal("the id", id.trim_start_matches("sha256:"), image.digest.trim_start_matches("sha256:"))
}

fn the_platform_is_that_of_the_new_run_image(scene: &Scene<'_>) -> Verdict {
    let mut run_image = run_image(scene);
    run_image.config["architecture"] = "arm".into();
    let images = Images::with(scene, app(scene), run_image);
    let phase = rebaser(scene);
    let phase = if scene.holds("platform.rebaser.force.target") { phase.arg("-force") } else { phase };
    phase.arg(&images.app.name).run()?.succeeds()?;
    let image = scene.image("app")?;
    same("the architecture", at(&image.config, "/architecture"), json!("arm"))?;
    same("the operating system", at(&image.config, "/os"), json!("linux"))
}

fn the_history_has_an_entry_for_each_layer(scene: &Scene<'_>) -> Verdict {
    let mut app = app(scene);
    app.config["history"] = json!([
        { "created_by": "a" }, { "created_by": "b" }, { "created_by": "c" }, { "created_by": "d", "empty_layer": true }
    ]);
    let images = Images::with(scene, app, run_image(scene));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    let image = scene.image("app")?;
    let entries = at(&image.config, "/history").as_array().map_or(0, Vec::len);
    equal("the number of entries", &entries, &image.diff_ids().len())
}

/// An app image that was made by a platform of before targets.
fn old_app(scene: &Scene<'_>) -> test_kit::ImageFixture {
    let mut app = app(scene);
    app.config["config"]["Env"] = json!(["CNB_PLATFORM_API=0.11"]);
    app
}

fn an_old_image_stays_within_its_stack(scene: &Scene<'_>) -> Verdict {
    let run_image = |stack| run_image(scene).label("io.buildpacks.stack.id", stack);
    let images = Images::with(scene, old_app(scene), run_image("another.stack"));
    rebaser(scene).arg(&images.app.name).run()?.exits_within(70..=79)?;
    untouched(scene, &images.app)?;
    let images = Images::with(scene, old_app(scene), run_image("stack.of.tests"));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    Ok(())
}

fn an_old_image_needs_its_mixins(scene: &Scene<'_>) -> Verdict {
    const MIXINS: &str = "io.buildpacks.stack.mixins";
    let app = old_app(scene).label(MIXINS, r#"["curl", "run:git"]"#);
    let images = Images::with(scene, app.clone(), run_image(scene).label(MIXINS, r#"["curl"]"#));
    rebaser(scene).arg(&images.app.name).run()?.exits_within(70..=79)?;
    untouched(scene, &images.app)?;
    let images = Images::with(scene, app, run_image(scene).label(MIXINS, r#"["git", "run:curl", "more"]"#));
    rebaser(scene).arg(&images.app.name).run()?.succeeds()?;
    Ok(())
}

fn layers_of_the_app_are_not_transferred(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    let app = app(scene);
    let own = app.layers.last().map(|layer| test_kit::sha256(&layer.blob)).unwrap_or_default();
    let images = Images::with(scene, app, run_image(scene));
    let rebaser = rebaser(scene).args(&["-run-image", &scene.behind(&proxy, &images.run_image.name)]);
    let rebaser =
        if scene.holds("platform.rebaser.unlisted-run-image") { rebaser.arg("-force") } else { rebaser };
    rebaser.arg(scene.behind(&proxy, &images.app.name)).run()?.succeeds()?;
    equal("the manifests written", &proxy.count("PUT", "/manifests/"), &1)?;
    equal("the requests for the app's layer", &proxy.count("GET", &own), &0)?;
    let uploads: Vec<_> = proxy
        .requests()
        .into_iter()
        .filter(|request| request.is("PUT", "/blobs/") || request.is("PATCH", "/blobs/"))
        .collect();
    let sent: u64 = uploads.iter().map(|request| request.request_bytes).sum();
    let config = scene.image("app")?.config_text.len() as u64;
    equal("the bytes sent as blobs, which are the config's", &sent, &config)
}
