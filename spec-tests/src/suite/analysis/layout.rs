//! Where images in layout form are found. Spec: platform.md § Map an image reference to a path in the layout directory.

use serde_json::json;

use super::{ANALYZED, analyzer, put_run_image};
use crate::scene::{Scene, at};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, same};

const LAYOUT: &[Store] = &[Store::Layout];

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(layout_needs_a_directory).on(LAYOUT),
        test!(an_image_by_tag_is_at_its_path).on(LAYOUT),
        test!(an_image_by_digest_is_at_its_path).on(LAYOUT),
    ]
}

fn layout_needs_a_directory(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    let analyzer = || analyzer(scene, &run_image).without("CNB_LAYOUT_DIR");
    analyzer().arg(scene.reference("app")).run()?.fails()?;
    scene.lacks(ANALYZED)?;
    analyzer().args(&["-layout-dir", "/layout-repo"]).arg(scene.reference("app")).run()?.succeeds()?;
    scene.has(ANALYZED)
}

/// The path of an image of this scene, for what follows its repository.
fn path(scene: &Scene<'_>, rest: &str) -> String {
    let reference = scene.reference(rest.split('/').next().unwrap_or_default());
    let (above, _) = reference.rsplit_once('/').unwrap_or_default();
    format!("/layout-repo/{above}/{rest}")
}

/// Analyzes, with these references and images at these paths below the directory of the scene's images.
fn is_found(scene: &Scene<'_>, run_image: (&str, &str), previous_image: (&str, &str)) -> Verdict {
    let mut digests = Vec::new();
    for (_, place) in [run_image, previous_image] {
        let directory = path(scene, place);
        scene.make_directory(&directory);
        let written = scene.run_image().label("of", place).write(&scene.path(&directory));
        digests.push(format!("{directory}@{}", written.digest));
    }
    let (run_image, previous_image) = (scene.reference(run_image.0), scene.reference(previous_image.0));
    let analyzer = scene.phase("analyzer").args(&["-run-image", &run_image]);
    analyzer.args(&["-previous-image", &previous_image]).arg(scene.reference("app")).run()?.succeeds()?;
    let file = scene.read_toml(ANALYZED)?;
    let [of_run, of_previous] = [digests.first(), digests.last()].map(|digest| json!(digest));
    same("the run image", at(&file, "/run-image/reference"), of_run)?;
    same("the previous image", at(&file, "/image/reference"), of_previous)
}

fn an_image_by_tag_is_at_its_path(scene: &Scene<'_>) -> Verdict {
    is_found(scene, ("run:tagged", "run/tagged"), ("previous", "previous/latest"))
}

fn an_image_by_digest_is_at_its_path(scene: &Scene<'_>) -> Verdict {
    // What is there is found by its path alone.
    let [run, previous] = [b"a", b"b"].map(|seed| test_kit::sha256(seed));
    let place = |name: &str, digest: &str| format!("{name}/{}", digest.replace(':', "/"));
    is_found(
        scene,
        (&format!("run@{run}"), &place("run", &run)),
        (&format!("previous@{previous}"), &place("previous", &previous)),
    )
}
