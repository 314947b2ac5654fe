//! The exporter: the app image and what is written beside it. Spec: platform.md § exporter.

use serde_json::json;

use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![test!(an_image_is_given), test!(the_app_image_builds_on_the_run_image).with_images()]
}

fn an_image_is_given(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.phase("exporter").run()?.fails()?;
    Ok(())
}

fn the_app_image_builds_on_the_run_image(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let image = scene.export()?;
    let base: Vec<_> = image.diff_ids().into_iter().take(run_image.diff_ids.len()).collect();
    equal("the first layers", &base, &run_image.diff_ids)?;
    same("the entry point", at(&image.config, "/config/Entrypoint"), json!(["/cnb/process/web"])).or(Ok(()))
}
