//! The report. Spec: platform.md § report.toml.

use serde_json::{Value, json};

use crate::scene::{Image, Scene, at, layout_path};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_report_is_of_the_image).with_images(),
        test!(the_report_has_all_names).with_images(),
        test!(the_report_has_the_digest).on(&[Store::Registry]),
        test!(the_report_has_the_manifest_s_size).on(&[Store::Registry]),
        test!(the_report_has_the_image_s_id).on(&[Store::Daemon]),
        test!(the_id_is_what_the_daemon_calls_the_image).on(&[Store::Daemon]),
        test!(the_report_has_the_build_s_bill_of_materials).with_images(),
    ]
}

/// Exports, and returns the report with the image.
fn exported(scene: &Scene<'_>) -> Verdict<(Value, Image)> {
    scene.built();
    let image = scene.export()?;
    Ok((scene.read_toml("/layers/report.toml")?, image))
}

/// How a report names an image: in layout form, where a reference stands for a directory, by that.
fn named(scene: &Scene<'_>, reference: &str) -> String {
    match scene.store {
        Store::Layout => layout_path(reference),
        Store::Registry | Store::Daemon => reference.to_owned(),
    }
}

/// It is where the platform wants it.
fn the_report_is_of_the_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let app = scene.reference("app");
    scene.phase("exporter").args(&["-report", "/home/user/report.toml", &app]).run()?.succeeds()?;
    let report = scene.read_toml("/home/user/report.toml")?;
    same("the names", at(&report, "/image/tags"), json!([named(scene, &app)]))?;
    scene.lacks("/layers/report.toml")
}

fn the_report_has_all_names(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let names = [scene.reference("app"), scene.reference("app:other"), scene.reference("elsewhere:tag")];
    scene.phase("exporter").args(&names.each_ref().map(String::as_str)).run()?.succeeds()?;
    let expected = names.each_ref().map(|name| named(scene, name));
    same("the names", at(&scene.read_toml("/layers/report.toml")?, "/image/tags"), json!(expected))
}

fn the_report_has_the_digest(scene: &Scene<'_>) -> Verdict {
    let (report, image) = exported(scene)?;
    same("the digest", at(&report, "/image/digest"), json!(image.digest))
}

/// The text shows it in quotes; lifecycles have written a number.
fn the_report_has_the_manifest_s_size(scene: &Scene<'_>) -> Verdict {
    let (report, image) = exported(scene)?;
    let size = at(&report, "/image/manifest-size");
    let size = size.as_str().map_or_else(|| size.to_string(), str::to_owned);
    equal("the size", &size, &image.manifest_bytes()?.len().to_string())
}

fn the_report_has_the_image_s_id(scene: &Scene<'_>) -> Verdict {
    let (report, image) = exported(scene)?;
    let id = at(&report, "/image/image-id").as_str().unwrap_or_default();
    equal("the id", id.trim_start_matches("sha256:"), image.id().trim_start_matches("sha256:"))
}

fn the_id_is_what_the_daemon_calls_the_image(scene: &Scene<'_>) -> Verdict {
    let (report, _) = exported(scene)?;
    let id = scene.id_in_engine("app");
    same("the id", at(&report, "/image/image-id"), json!(id.trim_start_matches("sha256:")))
}

fn the_report_has_the_build_s_bill_of_materials(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write(
        "/layers/of_tests/build.toml",
        "[[bom]]\nname = 'one'\n[bom.metadata]\nversion = '7'\n[[bom]]\nname = 'two'\n",
    );
    scene.export()?;
    let report = scene.read_toml("/layers/report.toml")?;
    same("the first entry", at(&report, "/build/bom/0/name"), json!("one"))?;
    same("its metadata", at(&report, "/build/bom/0/metadata/version"), json!("7"))?;
    same("its buildpack", at(&report, "/build/bom/0/buildpack/id"), json!("of/tests"))?;
    same("the second entry", at(&report, "/build/bom/1/name"), json!("two"))?;
    same("another entry", at(&report, "/build/bom/2"), json!(null))
}
