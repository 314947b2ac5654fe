//! What is refused unless it is forced. Spec: platform.md § rebaser, Outputs, `<force>`.

use serde_json::{Value, json};
use test_kit::ImageFixture;

use super::{Images, METADATA, REGISTRY, app, metadata, put, rebaser, run_image, untouched};
use crate::scene::{Image, Put, Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(another_operating_system_needs_force).on(REGISTRY),
        test!(another_architecture_needs_force).on(REGISTRY),
        test!(another_variant_needs_force).on(REGISTRY),
        test!(the_variant_is_that_of_the_forced_run_image).on(REGISTRY),
        test!(another_distribution_needs_force).on(REGISTRY),
        test!(another_version_of_the_distribution_needs_force).on(REGISTRY),
        test!(a_run_image_that_is_not_listed_needs_force).on(REGISTRY),
        test!(a_listed_mirror_needs_no_force).on(REGISTRY),
        test!(the_forced_run_image_is_the_one_on_record).on(REGISTRY),
        test!(the_forced_run_image_has_no_mirrors).on(REGISTRY),
        test!(a_listed_run_image_keeps_its_mirrors_though_forced).on(REGISTRY),
    ]
}

/// The app image isn't rebased onto such a run image, but it is if forced; it is returned then.
fn needs_force(scene: &Scene<'_>, app: ImageFixture, run_image: ImageFixture) -> Verdict<Image> {
    let images = Images::with(scene, app, run_image);
    rebaser(scene).arg(&images.app.name).run()?.fails()?;
    untouched(scene, &images.app)?;
    rebaser(scene).arg("-force").arg(&images.app.name).run()?.succeeds()?;
    scene.image("app")
}

fn another_operating_system_needs_force(scene: &Scene<'_>) -> Verdict {
    let mut other = run_image(scene);
    other.config["os"] = "freebsd".into();
    let image = needs_force(scene, app(scene), other)?;
    same("the operating system", at(&image.config, "/os"), json!("freebsd"))
}

fn another_architecture_needs_force(scene: &Scene<'_>) -> Verdict {
    let mut other = run_image(scene);
    other.config["architecture"] = "arm".into();
    let image = needs_force(scene, app(scene), other)?;
    same("the architecture", at(&image.config, "/architecture"), json!("arm"))
}

fn another_variant_needs_force(scene: &Scene<'_>) -> Verdict {
    with_variants(scene)?;
    Ok(())
}

fn the_variant_is_that_of_the_forced_run_image(scene: &Scene<'_>) -> Verdict {
    let image = with_variants(scene)?;
    same("the variant", at(&image.config, "/variant"), json!("v8"))
}

fn with_variants(scene: &Scene<'_>) -> Verdict<Image> {
    let (mut app, mut other) = (app(scene), run_image(scene));
    app.config["variant"] = "v7".into();
    other.config["variant"] = "v8".into();
    needs_force(scene, app, other)
}

fn another_distribution_needs_force(scene: &Scene<'_>) -> Verdict {
    let other = run_image(scene).label("io.buildpacks.base.distro.name", "another");
    let image = needs_force(scene, app(scene), other)?;
    equal("the distribution", image.label("io.buildpacks.base.distro.name")?, "another")
}

fn another_version_of_the_distribution_needs_force(scene: &Scene<'_>) -> Verdict {
    let other = run_image(scene).label("io.buildpacks.base.distro.version", "8");
    let image = needs_force(scene, app(scene), other)?;
    equal("the version", image.label("io.buildpacks.base.distro.version")?, "8")
}

/// An app image whose label lists a run image and a mirror, and a run image of a name that may be neither.
fn with_mirror(scene: &Scene<'_>, name: &str) -> (Put, Put) {
    let app = app(scene);
    let mut label = metadata(scene, &app);
    label["runImage"]["mirrors"] = json!([scene.reference("mirror")]);
    label["stack"]["runImage"]["mirrors"] = json!([scene.reference("mirror")]);
    let app = put(scene, "app", app.label(METADATA, &label.to_string()));
    (app, put(scene, name, run_image(scene)))
}

fn a_run_image_that_is_not_listed_needs_force(scene: &Scene<'_>) -> Verdict {
    let (app, unlisted) = with_mirror(scene, "unlisted");
    rebaser(scene).args(&["-run-image", &unlisted.name, &app.name]).run()?.fails()?;
    untouched(scene, &app)?;
    rebaser(scene).args(&["-force", "-run-image", &unlisted.name, &app.name]).run()?.succeeds()?;
    Ok(())
}

fn a_listed_mirror_needs_no_force(scene: &Scene<'_>) -> Verdict {
    let (app, mirror) = with_mirror(scene, "mirror");
    rebaser(scene).args(&["-run-image", &mirror.name, &app.name]).run()?.succeeds()?;
    let image = scene.image("app")?;
    equal(
        "the lowest layer",
        &image.diff_ids().first().copied(),
        &mirror.diff_ids.first().map(String::as_str),
    )
}

/// What the label says of the run image after a forced rebase onto an image of this name.
fn forced(scene: &Scene<'_>, name: &str) -> Verdict<(Put, Value)> {
    let (app, run_image) = with_mirror(scene, name);
    rebaser(scene).args(&["-force", "-run-image", &run_image.name, &app.name]).run()?.succeeds()?;
    Ok((run_image, at(&scene.image("app")?.lifecycle_metadata()?, "/runImage").clone()))
}

fn the_forced_run_image_is_the_one_on_record(scene: &Scene<'_>) -> Verdict {
    let (run_image, label) = forced(scene, "unlisted")?;
    same("runImage.image", at(&label, "/image"), json!(run_image.name))
}

fn the_forced_run_image_has_no_mirrors(scene: &Scene<'_>) -> Verdict {
    let (_, label) = forced(scene, "unlisted")?;
    same("runImage.mirrors", at(&label, "/mirrors"), Value::Null)
}

fn a_listed_run_image_keeps_its_mirrors_though_forced(scene: &Scene<'_>) -> Verdict {
    let (_, label) = forced(scene, "run")?;
    same("runImage.mirrors", at(&label, "/mirrors"), json!([scene.reference("mirror")]))?;
    same("runImage.image", at(&label, "/image"), json!(scene.reference("run")))
}
