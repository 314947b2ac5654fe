//! SBOM files in image and layers directory. Spec: platform.md § exporter, Outputs.

use crate::scene::{BUILDPACK, Image, Scene};
use crate::suite::export::{built_by, file};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(sboms_for_launch_are_a_layer).with_images(),
        test!(the_sbom_for_launch_is_in_its_place).with_images(),
        test!(the_sbom_for_launch_is_in_its_old_place).with_images(),
        test!(the_sbom_of_a_launch_layer_is_in_its_place).with_images(),
        test!(the_sbom_of_a_launch_layer_is_in_its_old_place).with_images(),
        test!(the_launcher_s_sbom_is_in_the_image).with_images(),
        test!(sboms_for_the_build_are_in_the_layers_directory).with_images(),
        test!(the_sbom_for_the_build_is_in_its_place).with_images(),
        test!(the_sbom_for_the_build_is_in_its_old_place).with_images(),
        test!(the_sbom_of_another_layer_is_in_its_place).with_images(),
        test!(the_sbom_of_another_layer_is_in_its_old_place).with_images(),
        test!(the_lifecycle_s_sbom_is_in_the_layers_directory).with_images(),
    ]
}

/// Builds with SBOM files for launch, for the build, for a launch layer and another one, and exports.
fn exported(scene: &Scene<'_>) -> Verdict<Image> {
    let sbom = |name: &str| file(&format!("{name}.sbom.cdx.json"), &text(name));
    let layer = |name: &str, uses: &str| {
        format!("mkdir {name}\n")
            + &file(&format!("{name}.toml"), &format!("[types]\n{uses} = true"))
            + &sbom(name)
    };
    let script = sbom("launch") + &sbom("build") + &layer("launched", "launch") + &layer("other", "build");
    built_by(scene, &[(BUILDPACK, &script)])?;
    scene.export()
}

fn text(name: &str) -> String {
    format!("{{\"of\":\"{name}\"}}")
}

/// The image has to have an SBOM at a path.
fn in_image(scene: &Scene<'_>, path: &str, of: &str) -> Verdict {
    let found = exported(scene)?.file(path)?;
    equal("the SBOM", String::from_utf8_lossy(&found.content).trim(), text(of).as_str())
}

/// The layers directory has to have an SBOM at a path.
fn in_directory(scene: &Scene<'_>, path: &str, of: &str) -> Verdict {
    exported(scene)?;
    equal("the SBOM", scene.read(path)?.trim(), text(of).as_str())
}

fn sboms_for_launch_are_a_layer(scene: &Scene<'_>) -> Verdict {
    let image = exported(scene)?;
    let layer = image.layer_named_by(&image.lifecycle_metadata()?, "/sbom/sha")?;
    let contents: Vec<_> =
        layer.entries.iter().map(|entry| String::from_utf8_lossy(&entry.content).trim().to_owned()).collect();
    for (name, expected) in [("launch", true), ("launched", true), ("build", false), ("other", false)] {
        let is_there = contents.contains(&text(name));
        ensure(&format!("whether the SBOM of {name} is there"), is_there == expected, contents.join(" "))?;
    }
    Ok(())
}

fn the_sbom_for_launch_is_in_its_place(scene: &Scene<'_>) -> Verdict {
    in_image(scene, "/layers/sbom/launch/of_tests/sbom.cdx.json", "launch")
}

fn the_sbom_for_launch_is_in_its_old_place(scene: &Scene<'_>) -> Verdict {
    in_image(scene, "/layers/sbom/of_tests/launch.sbom.cdx.json", "launch")
}

fn the_sbom_of_a_launch_layer_is_in_its_place(scene: &Scene<'_>) -> Verdict {
    in_image(scene, "/layers/sbom/launch/of_tests/launched/sbom.cdx.json", "launched")
}

fn the_sbom_of_a_launch_layer_is_in_its_old_place(scene: &Scene<'_>) -> Verdict {
    in_image(scene, "/layers/sbom/of_tests/launched/launch.sbom.cdx.json", "launched")
}

fn sboms_for_the_build_are_in_the_layers_directory(scene: &Scene<'_>) -> Verdict {
    exported(scene)?;
    let mut contents = Vec::new();
    read_all(&scene.path("/layers/sbom"), &mut contents);
    for name in ["build", "other"] {
        ensure(&format!("the SBOM of {name} is there"), contents.contains(&text(name)), contents.join(" "))?;
    }
    Ok(())
}

/// The texts of all files below a directory.
fn read_all(directory: &std::path::Path, contents: &mut Vec<String>) {
    for entry in fs_err::read_dir(directory).into_iter().flatten().flatten() {
        match fs_err::read_to_string(entry.path()) {
            Ok(text) => contents.push(text.trim().to_owned()),
            Err(_) => read_all(&entry.path(), contents),
        }
    }
}

fn the_sbom_for_the_build_is_in_its_place(scene: &Scene<'_>) -> Verdict {
    in_directory(scene, "/layers/sbom/build/of_tests/sbom.cdx.json", "build")
}

fn the_sbom_for_the_build_is_in_its_old_place(scene: &Scene<'_>) -> Verdict {
    in_directory(scene, "/layers/sbom/of_tests/build.sbom.cdx.json", "build")
}

fn the_sbom_of_another_layer_is_in_its_place(scene: &Scene<'_>) -> Verdict {
    in_directory(scene, "/layers/sbom/build/of_tests/other/sbom.cdx.json", "other")
}

fn the_sbom_of_another_layer_is_in_its_old_place(scene: &Scene<'_>) -> Verdict {
    in_directory(scene, "/layers/sbom/of_tests/other/build.sbom.cdx.json", "other")
}

/// Exports with SBOM files of launcher and lifecycle beside them.
fn exported_beside(scene: &Scene<'_>) -> Verdict<Image> {
    scene.built();
    let files = ["launcher", "lifecycle"].map(|name| (format!("{name}.sbom.spdx.json"), text(name)));
    let files = files.each_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let exporter = scene.phase("exporter").with_files_beside(&files);
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")
}

fn the_launcher_s_sbom_is_in_the_image(scene: &Scene<'_>) -> Verdict {
    let found =
        exported_beside(scene)?.file("/layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.spdx.json")?;
    equal("the SBOM", String::from_utf8_lossy(&found.content).as_ref(), text("launcher").as_str())
}

fn the_lifecycle_s_sbom_is_in_the_layers_directory(scene: &Scene<'_>) -> Verdict {
    exported_beside(scene)?;
    let found = scene.read("/layers/sbom/build/buildpacksio_lifecycle/sbom.spdx.json")?;
    equal("the SBOM", found.as_str(), text("lifecycle").as_str())
}
