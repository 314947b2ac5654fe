//! What the exporter caches, by what the restorer brings back of it. Spec: platform.md § exporter, Outputs.

use serde_json::json;

use crate::scene::{Scene, USER, at};
use crate::suite::export::{built_by, file, layer};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(contents_of_cached_layers_are_written).with_images(),
        test!(sboms_of_cached_layers_are_written).with_images(),
        test!(metadata_of_cached_layers_are_written).with_images(),
        test!(diff_ids_of_cached_layers_are_written).with_images(),
    ]
}

const CACHE: [&str; 2] = ["-cache-dir", "/cache"];

/// Exports with a cache.
fn export(scene: &Scene<'_>) -> Verdict {
    scene.phase("exporter").args(&CACHE).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

/// Restores what the cache has into an empty directory of layers, after the analysis of the image.
fn restore(scene: &Scene<'_>) -> Verdict {
    let group = scene.read("/layers/group.toml")?;
    scene.remove("/layers");
    scene.make_directory("/layers");
    scene.give("/layers", USER, USER);
    scene.write("/layers/group.toml", group);
    scene.phase("analyzer").arg(scene.reference("app")).run()?.succeeds()?;
    scene.phase("restorer").args(&CACHE).run()?.succeeds()?;
    Ok(())
}

/// Exports layers of which one is cached, and restores.
fn cached(scene: &Scene<'_>) -> Verdict {
    scene.built();
    layer(scene, "cached", &["cache"]);
    layer(scene, "other", &["build"]);
    export(scene)?;
    restore(scene)
}

fn contents_of_cached_layers_are_written(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    equal("its content", scene.read("/layers/of_tests/cached/file")?.as_str(), "cached")?;
    scene.lacks("/layers/of_tests/other")
}

fn metadata_of_cached_layers_are_written(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    let restored = scene.read_toml("/layers/of_tests/cached.toml")?;
    same("its metadata", at(&restored, "/metadata"), json!({ "of": "cached" }))?;
    scene.lacks("/layers/of_tests/other.toml")
}

fn sboms_of_cached_layers_are_written(scene: &Scene<'_>) -> Verdict {
    let script = ["cache", "build"].map(|uses| {
        format!("mkdir of-{uses}\n")
            + &file(&format!("of-{uses}.toml"), &format!("[types]\n{uses} = true"))
            + &file(&format!("of-{uses}.sbom.cdx.json"), "{}")
    });
    built_by(scene, &[("of/tests", &script.concat())])?;
    export(scene)?;
    restore(scene)?;
    equal("the SBOM", scene.read("/layers/of_tests/of-cache.sbom.cdx.json")?.trim(), "{}")?;
    scene.lacks("/layers/of_tests/of-build.sbom.cdx.json")
}

/// A layer that the image has too comes back only if it is the same one: so the diffID is on record.
fn diff_ids_of_cached_layers_are_written(scene: &Scene<'_>) -> Verdict {
    scene.built();
    layer(scene, "both", &["cache", "launch"]);
    export(scene)?;
    restore(scene)?;
    equal("its content", scene.read("/layers/of_tests/both/file")?.as_str(), "both")?;
    scene.built();
    layer(scene, "both", &["cache", "launch"]);
    scene.write("/layers/of_tests/both/file", "changed");
    scene.export()?;
    restore(scene)?;
    scene.lacks("/layers/of_tests/both/file")?;
    scene.lacks("/layers/of_tests/both.toml")
}
