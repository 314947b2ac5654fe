//! The exporter: the app image and what is written beside it. Spec: platform.md § exporter; buildpack.md § Export.

mod app;
mod base;
mod cache;
mod config;
mod extended;
mod inputs;
mod labels;
mod launch;
mod launcher;
mod layers;
mod metadata;
mod report;
mod reproducible;
mod sbom;
mod slices;

pub(super) use extended::extended_run_image;
pub(super) use launch::process;

use crate::scene::{Image, Layer, Scene};
use crate::test::Test;
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    [
        app::tests(),
        base::tests(),
        cache::tests(),
        config::tests(),
        extended::tests(),
        inputs::tests(),
        labels::tests(),
        launch::tests(),
        launcher::tests(),
        layers::tests(),
        metadata::tests(),
        report::tests(),
        reproducible::tests(),
        sbom::tests(),
        slices::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Writes a layer of the buildpack with a file, for these uses.
fn layer(scene: &Scene<'_>, name: &str, uses: &[&str]) {
    scene.write(&format!("/layers/of_tests/{name}/file"), name);
    layer_file(scene, name, uses);
}

/// Writes what a layer is for, and metadata.
fn layer_file(scene: &Scene<'_>, name: &str, uses: &[&str]) {
    let uses: String = uses.iter().map(|uses| format!("{uses} = true\n")).collect();
    scene.write(
        &format!("/layers/of_tests/{name}.toml"),
        format!("[types]\n{uses}[metadata]\nof = '{name}'\n"),
    );
}

/// Writes all for an export that has a layer for launch and one that is none.
fn built_with_layers(scene: &Scene<'_>) {
    scene.built();
    layer(scene, "launched", &["launch", "build"]);
    layer(scene, "other", &["build"]);
}

/// Builds with buildpacks: ids with lines of shell that start in their layers directories.
fn built_by(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) -> Verdict {
    scene.built();
    let buildpack = |(id, script): &(&str, &str)| {
        let formats = "sbom-formats = ['application/vnd.cyclonedx+json']";
        scene
            .new_buildpack(id)
            .key(formats)
            .build(&format!("cd \"${{CNB_LAYERS_DIR:-$1}}\" || exit 9\n{script}"))
    };
    scene.detected(&buildpacks.iter().map(buildpack).collect::<Vec<_>>());
    scene.phase("builder").run()?.succeeds()?;
    Ok(())
}

/// Shell that writes a file.
fn file(path: &str, contents: &str) -> String {
    format!("cat > '{path}' <<'END'\n{contents}\nEND\n")
}

/// Analyzes the image that was exported as `app`, so that the next export is one of a later build.
fn analyze(scene: &Scene<'_>) -> Verdict {
    scene.phase("analyzer").arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

/// The layers above those of the run image, which has two.
fn new_layers(image: &Image) -> Verdict<Vec<Layer>> {
    image.diff_ids().into_iter().skip(2).map(|diff_id| image.layer(diff_id)).collect()
}
