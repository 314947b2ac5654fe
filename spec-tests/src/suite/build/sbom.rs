//! What buildpacks say of what they provide. Spec: buildpack.md § Software-Bill-of-Materials, § Deprecations.

use std::path::Path;

use serde_json::Value;

use crate::scene::{BUILDPACK, Scene, at};
use crate::suite::build::{build, each, file, layer};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, skip};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_image_has_sboms_of_launch_layers).with_images(),
        test!(the_layers_directory_has_sboms_of_other_layers).with_images(),
        test!(three_formats_are_known),
        test!(a_bill_of_materials_for_launch_has_all_entries),
        test!(a_bill_of_materials_for_the_build_has_all_entries),
    ]
}

/// Shell that writes an SBOM file.
fn sbom(name: &str) -> String {
    file(&format!("{name}.sbom.cdx.json"), &contents(name))
}

fn contents(name: &str) -> String {
    format!("{{\"of\":\"{name}\"}}")
}

/// Builds layers for each use, each with an SBOM, and an SBOM for launch and build.
fn build_all(scene: &Scene<'_>) -> Verdict {
    if !scene.holds("platform.exporter.sbom.layer") {
        skip("this Platform API has no SBOMs");
    }
    let layers = [
        ("launched", vec!["launch"]),
        ("launched-cached", vec!["launch", "cache"]),
        ("built", vec!["build"]),
        ("built-cached", vec!["build", "cache"]),
        ("all", vec!["build", "launch", "cache"]),
        ("cached", vec!["cache"]),
    ];
    let layers: String = layers.iter().map(|(name, uses)| layer(name, uses, "") + &sbom(name)).collect();
    scene.built();
    build(scene, &[(BUILDPACK, &(layers + &sbom("launch") + &sbom("build")))])
}

/// For whom there is an SBOM among texts.
fn found(texts: &[String]) -> Vec<&'static str> {
    let names = ["all", "build", "built", "built-cached", "cached", "launch", "launched", "launched-cached"];
    let has = |name: &&str| texts.iter().any(|text| text.trim() == contents(name));
    names.into_iter().filter(has).collect()
}

fn the_image_has_sboms_of_launch_layers(scene: &Scene<'_>) -> Verdict {
    build_all(scene)?;
    let image = scene.export()?;
    let layers = image.layers()?;
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    let sboms = entries.filter(|entry| entry.path.contains("layers/sbom/"));
    let texts: Vec<_> = sboms.map(|entry| String::from_utf8_lossy(&entry.content).into_owned()).collect();
    equal(
        "the SBOMs in the image",
        found(&texts).as_slice(),
        &["all", "launch", "launched", "launched-cached"],
    )
}

fn the_layers_directory_has_sboms_of_other_layers(scene: &Scene<'_>) -> Verdict {
    build_all(scene)?;
    scene.export()?;
    let mut texts = Vec::new();
    read_all(&scene.path("/layers/sbom/build"), &mut texts);
    equal("the SBOMs for the build", found(&texts).as_slice(), &["build", "built", "built-cached", "cached"])
}

/// The texts of all files below a directory.
fn read_all(directory: &Path, texts: &mut Vec<String>) {
    for entry in fs_err::read_dir(directory).into_iter().flatten().flatten() {
        match fs_err::read_to_string(entry.path()) {
            Ok(text) => texts.push(text),
            Err(_) => read_all(&entry.path(), texts),
        }
    }
}

fn three_formats_are_known(scene: &Scene<'_>) -> Verdict {
    if !scene.holds("platform.exporter.sbom.layer") {
        skip("this Platform API has no SBOMs");
    }
    let formats = ["cdx.json", "spdx.json", "syft.json"];
    let files: String =
        formats.map(|format| file(&format!("launch.sbom.{format}"), &contents("launch"))).concat();
    build(scene, &[("of/first", &(files + &file("launch.sbom.other", &contents("launch"))))])?;
    let mut texts = Vec::new();
    read_all(&scene.path("/layers/sbom/launch"), &mut texts);
    let count = texts.iter().filter(|text| text.trim() == contents("launch")).count();
    equal("the number of SBOM files that count", &count, &formats.len())
}

/// The entries of bills of materials, which two buildpacks wrote, where they are kept for the present version.
fn entries(scene: &Scene<'_>, file_name: &str, kept: &str) -> Verdict<Vec<String>> {
    let entry = |names: &[&str]| file(file_name, &each(names, |name| format!("[[bom]]\nname = '{name}'\n")));
    build(scene, &[("of/first", &entry(&["a", "b"])), ("of/second", ""), ("of/third", &entry(&["c"]))])?;
    if !scene.exists(kept) {
        skip("this lifecycle makes no bill of materials");
    }
    let text = scene.read(kept)?;
    let bom = serde_json::from_str::<Value>(&text).unwrap_or_default();
    let entries = bom.as_array().into_iter().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| at(entry, "/name").as_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

fn a_bill_of_materials_for_launch_has_all_entries(scene: &Scene<'_>) -> Verdict {
    let names = entries(scene, "launch.toml", "/layers/sbom/launch/sbom.legacy.json")?;
    equal("the entries", names.as_slice(), &["a", "b", "c"])
}

fn a_bill_of_materials_for_the_build_has_all_entries(scene: &Scene<'_>) -> Verdict {
    let names = entries(scene, "build.toml", "/layers/sbom/build/sbom.legacy.json")?;
    equal("the entries", names.as_slice(), &["a", "b", "c"])
}
