//! The run image in the analyzed file. Spec: platform.md § `analyzed.toml`.

use serde_json::{Value, json};
use test_kit::ImageFixture;

use super::{ALL, ANALYZED, analyzer, put_run_image};
use crate::scene::{Scene, architecture, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_run_image_is_described).on(ALL),
        test!(the_file_is_written_where_it_is_wanted).with_images(),
        test!(its_name_is_there).on(ALL),
        test!(its_target_is_there).with_images(),
        test!(its_distribution_is_read_from_its_files).on(ALL),
        test!(a_bionic_stack_has_a_target).with_images(),
    ]
}

fn the_run_image_is_described(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    analyzer(scene, &run_image).arg(scene.reference("app")).run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    let reference = at(&analyzed, "/run-image/reference").as_str().unwrap_or_default();
    equal(
        "the run image",
        reference.trim_start_matches("sha256:"),
        run_image.reference.trim_start_matches("sha256:"),
    )
}

fn the_file_is_written_where_it_is_wanted(scene: &Scene<'_>) -> Verdict {
    let analyzer = analyzer(scene, &put_run_image(scene)).args(&["-analyzed", "/workspace/other.toml"]);
    analyzer.arg(scene.reference("app")).run()?.succeeds()?;
    scene.has("/workspace/other.toml")?;
    scene.lacks(ANALYZED)
}

fn its_name_is_there(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    analyzer(scene, &run_image).arg(scene.reference("app")).run()?.succeeds()?;
    same("its name", at(&scene.read_toml(ANALYZED)?, "/run-image/image"), json!(run_image.name))
}

/// The target in the analyzed file for such a run image.
fn target_of(scene: &Scene<'_>, run_image: &ImageFixture) -> Verdict<Value> {
    let run_image = scene.put("run", run_image);
    analyzer(scene, &run_image).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(at(&scene.read_toml(ANALYZED)?, "/run-image/target").clone())
}

fn its_target_is_there(scene: &Scene<'_>) -> Verdict {
    let target = target_of(scene, &scene.run_image())?;
    same("its operating system", at(&target, "/os"), json!("linux"))?;
    same("its architecture", at(&target, "/arch"), json!(architecture()))?;
    same("its distribution", at(&target, "/distro/name"), json!("linux-of-tests"))?;
    same("the version of that", at(&target, "/distro/version"), json!("7"))
}

/// A run image whose labels don't tell the distribution.
fn without_distribution() -> ImageFixture {
    let files = [("etc/", ""), ("etc/os-release", "ID=of-its-files\nVERSION_ID=\"9\"\n")];
    ImageFixture::default().layer(&files).label("io.buildpacks.stack.id", "stack.of.tests")
}

fn its_distribution_is_read_from_its_files(scene: &Scene<'_>) -> Verdict {
    let target = target_of(scene, &without_distribution())?;
    same("its distribution", at(&target, "/distro/name"), json!("of-its-files"))?;
    same("the version of that", at(&target, "/distro/version"), json!("9"))
}

fn a_bionic_stack_has_a_target(scene: &Scene<'_>) -> Verdict {
    let bionic = without_distribution().label("io.buildpacks.stack.id", "io.buildpacks.stacks.bionic");
    let target = target_of(scene, &bionic)?;
    same("its operating system", at(&target, "/os"), json!("linux"))?;
    same("its architecture", at(&target, "/arch"), json!("arm64"))?;
    same("its distribution", at(&target, "/distro/name"), json!("ubuntu"))?;
    same("the version of that", at(&target, "/distro/version"), json!("18.04"))
}
