//! Files of layers and stores that come back. Spec: platform.md § restorer, Outputs; buildpack.md § Analysis.

use serde_json::json;

use super::{next_build, put_app, restore};
use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_store_comes_back).with_images(),
        test!(the_store_comes_back_without_layers).with_images(),
        test!(metadata_of_layers_comes_back).with_images(),
        test!(nothing_of_other_buildpacks_comes_back).with_images(),
        test!(layers_may_be_skipped).with_images(),
        test!(errors_of_restoration_have_a_status_of_their_own).with_images(),
        test!(sboms_of_layers_come_back).with_images(),
        test!(an_analysis_may_skip_sboms).with_images(),
        test!(without_a_previous_image_nothing_comes_back).with_images(),
        test!(numbers_and_dates_come_back_as_json_has_them).with_images(),
    ]
}

const STORE: &str = "/layers/of_tests/store.toml";
const DEPS: &str = "/layers/of_tests/deps.toml";
const SBOM: &str = "/layers/of_tests/deps.sbom.cdx.json";

/// Writes what the exporter and the analyzer read, which is a build's first part.
fn prepare(scene: &Scene<'_>) {
    scene.built();
    put_app(scene);
}

fn has_store(scene: &Scene<'_>) -> Verdict {
    same("the store", at(&scene.read_toml(STORE)?, "/metadata"), json!({ "of": "store of of/tests" }))
}

fn the_store_comes_back(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &[])?;
    has_store(scene)
}

fn the_store_comes_back_without_layers(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &["-skip-layers"])?;
    has_store(scene)?;
    scene.lacks(DEPS)
}

fn metadata_of_layers_comes_back(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &[])?;
    same("its metadata", at(&scene.read_toml(DEPS)?, "/metadata"), json!({ "of": "of/tests" }))
}

fn nothing_of_other_buildpacks_comes_back(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &[])?;
    scene.has(DEPS)?;
    scene.lacks("/layers/of_others")
}

fn layers_may_be_skipped(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &[])?;
    scene.has(DEPS)?;
    restore(scene, &["-skip-layers"])?;
    scene.lacks(DEPS)
}

/// One error is a directory of a buildpack that nothing can be written to.
fn errors_of_restoration_have_a_status_of_their_own(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    restore(scene, &[])?;
    next_build(scene);
    scene.phase("analyzer").arg(scene.reference("app")).run()?.succeeds()?;
    scene.make_directory("/layers/of_tests");
    scene.set_mode("/layers/of_tests", 0o555);
    scene.phase("restorer").run()?.exits_within(40..=49)?;
    Ok(())
}

/// Exports an image with a layer for launch and its SBOM.
fn export_with_sbom(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write(DEPS, "[types]\nlaunch = true\n");
    scene.write("/layers/of_tests/deps/file", "of deps");
    scene.write("/layers/sbom/launch/of_tests/deps/sbom.cdx.json", "{}");
    scene.export()?;
    Ok(())
}

fn sboms_of_layers_come_back(scene: &Scene<'_>) -> Verdict {
    export_with_sbom(scene)?;
    restore(scene, &[])?;
    equal("the SBOM", scene.read(SBOM)?.as_str(), "{}")?;
    restore(scene, &["-skip-layers"])?;
    scene.lacks(SBOM)
}

fn an_analysis_may_skip_sboms(scene: &Scene<'_>) -> Verdict {
    export_with_sbom(scene)?;
    restore(scene, &[])?;
    scene.has(SBOM)?;
    next_build(scene);
    scene.phase("analyzer").args(&["-skip-layers"]).arg(scene.reference("app")).run()?.succeeds()?;
    scene.lacks("/layers/sbom/launch/of_tests")?;
    scene.phase("restorer").run()?.succeeds()?;
    scene.has(DEPS)?;
    scene.lacks(SBOM)
}

fn without_a_previous_image_nothing_comes_back(scene: &Scene<'_>) -> Verdict {
    scene.built();
    restore(scene, &[])?;
    scene.lacks(STORE)?;
    scene.lacks(DEPS)
}

fn numbers_and_dates_come_back_as_json_has_them(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let metadata = "whole = 1\nfraction = 1.5\nday = 1979-05-27T07:32:00Z\n";
    scene.write(DEPS, format!("[types]\nlaunch = true\n[metadata]\n{metadata}"));
    scene.write("/layers/of_tests/deps/file", "of deps");
    scene.export()?;
    restore(scene, &[])?;
    let restored = scene.read_toml(DEPS)?;
    let expected = json!({ "whole": 1.0, "fraction": 1.5, "day": "1979-05-27T07:32:00Z" });
    same("the metadata", at(&restored, "/metadata"), expected)
}
