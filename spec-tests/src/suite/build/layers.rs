//! What layers are for, in one build. Spec: buildpack.md § Layer Types.

use crate::scene::{BUILDPACK, Image, Scene, at};
use crate::suite::build::{Variables, build, layer, metadata, record};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_layer_is_for_what_its_types_say).with_images(),
        test!(a_layer_without_types_is_for_nothing).with_images(),
        test!(each_launch_layer_is_in_the_image).with_images(),
        test!(metadata_is_kept_with_the_diff_id).with_images(),
        test!(a_layer_that_is_not_for_launch_is_not_in_the_image).with_images(),
        test!(a_layer_for_nothing_is_renamed),
    ]
}

/// All combinations of what a layer is for, by names that say it.
pub(super) const COMBINATIONS: [(&str, &[&str]); 8] = [
    ("none", &[]),
    ("build", &["build"]),
    ("cache", &["cache"]),
    ("launch", &["launch"]),
    ("build-cache", &["build", "cache"]),
    ("build-launch", &["build", "launch"]),
    ("cache-launch", &["cache", "launch"]),
    ("build-cache-launch", &["build", "cache", "launch"]),
];

/// Builds with the buildpack of exported builds and this script, and exports the image.
fn export(scene: &Scene<'_>, script: &str) -> Verdict<Image> {
    scene.built();
    build(scene, &[(BUILDPACK, script), ("of/last", &record("last"))])?;
    scene.export()
}

/// Whether a layer's content is in the image.
pub(super) fn is_in(image: &Image, name: &str) -> Verdict<bool> {
    let path = format!("/layers/of_tests/of-{name}/content");
    Ok(image.layers()?.iter().any(|layer| layer.entry(&path).is_some()))
}

/// Shell that makes a layer `of-<name>`, as `build` and `launch` are no names of layers.
fn named(name: &str, uses: &[&str]) -> String {
    layer(&format!("of-{name}"), uses, name) + &format!("mkdir -p of-{name}/bin\n")
}

fn a_layer_is_for_what_its_types_say(scene: &Scene<'_>) -> Verdict {
    let script: String = COMBINATIONS.iter().map(|(name, uses)| named(name, uses)).collect();
    let image = export(scene, &script)?;
    let last = Variables::recorded(scene, "last")?;
    let path = last.paths("PATH")?;
    for (name, uses) in COMBINATIONS {
        let is_built = path.contains(&format!("/layers/of_tests/of-{name}/bin").as_str());
        equal(
            &format!("whether {name} is there for the next buildpack"),
            &is_built,
            &uses.contains(&"build"),
        )?;
        equal(&format!("whether {name} is in the image"), &is_in(&image, name)?, &uses.contains(&"launch"))?;
    }
    Ok(())
}

fn a_layer_without_types_is_for_nothing(scene: &Scene<'_>) -> Verdict {
    let untyped = "mkdir -p of-untyped/bin\ntouch of-untyped/content\nprintf \"[metadata]\\nkey = 'value'\\n\" > of-untyped.toml\n";
    let image = export(scene, &(untyped.to_owned() + &named("typed", &["build", "launch"])))?;
    let last = Variables::recorded(scene, "last")?;
    let path = last.paths("PATH")?;
    for (name, expected) in [("untyped", false), ("typed", true)] {
        let is_built = path.contains(&format!("/layers/of_tests/of-{name}/bin").as_str());
        equal(&format!("whether {name} is there for the next buildpack"), &is_built, &expected)?;
        equal(&format!("whether {name} is in the image"), &is_in(&image, name)?, &expected)?;
    }
    scene.has("/layers/of_tests/of-untyped.ignore")
}

fn each_launch_layer_is_in_the_image(scene: &Scene<'_>) -> Verdict {
    let image = export(scene, &(named("a", &["launch"]) + &named("b", &["launch"])))?;
    for name in ["a", "b"] {
        let file = image.file(&format!("/layers/of_tests/of-{name}/content"))?;
        equal("the content of a layer", String::from_utf8_lossy(&file.content).as_ref(), name)?;
    }
    Ok(())
}

/// The metadata that an image has of a layer: of its element, the data.
pub(super) fn kept<'v>(
    image: &Image,
    label: &'v serde_json::Value,
    name: &str,
) -> Verdict<&'v serde_json::Value> {
    let kept = at(label, &format!("/buildpacks/0/layers/{name}"));
    if kept.is_null() {
        return Err(Failure::new("the layers in the image's metadata", format!("{name} is there"), label));
    }
    image.layer(at(kept, "/sha").as_str().unwrap_or_default())?;
    Ok(at(kept, "/data"))
}

fn metadata_is_kept_with_the_diff_id(scene: &Scene<'_>) -> Verdict {
    let script =
        named("a", &["launch"]) + &metadata("of-a", &["launch"], "layer a") + &named("b", &["launch"]);
    let image = export(scene, &script)?;
    let label = image.lifecycle_metadata()?;
    for (name, of) in [("of-a", "layer a"), ("of-b", "of-b")] {
        equal("its metadata", &at(kept(&image, &label, name)?, "/of").as_str(), &Some(of))?;
        let pointer = format!("/buildpacks/0/layers/{name}/sha");
        image.layer_named_by(&label, &pointer)?.text(&format!("/layers/of_tests/{name}/content"))?;
    }
    Ok(())
}

fn a_layer_that_is_not_for_launch_is_not_in_the_image(scene: &Scene<'_>) -> Verdict {
    let lost = named("lost", &["launch"]) + "rm of-lost.toml\n";
    let image = export(scene, &(lost + &named("built", &["build"]) + &named("launched", &["launch"])))?;
    for (name, expected) in [("lost", false), ("built", false), ("launched", true)] {
        equal(&format!("whether {name} is in the image"), &is_in(&image, name)?, &expected)?;
    }
    Ok(())
}

fn a_layer_for_nothing_is_renamed(scene: &Scene<'_>) -> Verdict {
    let script: String = COMBINATIONS.iter().map(|(name, uses)| named(name, uses)).collect();
    build(scene, &[("of/first", &script), ("of/second", "ls ../of_first > /tmp/seen")])?;
    let seen = scene.read("/tmp/seen")?;
    for (name, uses) in COMBINATIONS {
        let has = |suffix: &str| seen.lines().any(|line| line == format!("of-{name}{suffix}"));
        equal(&format!("whether {name} is ignored"), &has(".ignore"), &uses.is_empty())?;
        equal(&format!("whether {name} is there"), &has(""), &!uses.is_empty())?;
    }
    Ok(())
}
