//! Archives of caches and images do not reach out of the layers directory.

use serde_json::json;
use test_kit::{ImageFixture, LayerFixture, RawEntry, raw_archive, sha256};

use super::{in_order, refuses, within};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

/// What must not be changed. The user could.
const VICTIM: &str = "/home/user/victim";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(parents_in_names_lead_nowhere).with_images(),
        test!(absolute_names_lead_nowhere).with_images(),
        test!(links_to_directories_lead_nowhere).with_images(),
        test!(links_to_files_are_not_written_through).with_images(),
        test!(hard_links_out_are_not_written_through).with_images(),
        test!(directories_outside_keep_their_modes).with_images(),
        test!(device_nodes_are_not_made).with_images().by_root(),
        test!(a_size_that_lies_ends).with_images(),
        test!(what_is_no_archive_is_a_miss).with_images(),
        test!(a_bill_of_materials_does_not_reach_out).with_images(),
    ]
}

/// Restores a cached layer that is such an archive; whether that succeeds does not matter.
fn restore(scene: &Scene<'_>, archive: &[u8]) -> Verdict {
    scene.built();
    let digest = sha256(archive);
    let layer = json!({ "sha": digest, "cache": true, "build": true, "launch": false, "data": {} });
    let metadata =
        json!({ "buildpacks": [{ "key": "of/tests", "version": "1.0.0", "layers": { "deps": layer } }] });
    scene.write("/cache/committed/io.buildpacks.lifecycle.cache.metadata", metadata.to_string());
    scene.write(&format!("/cache/committed/{digest}.tar"), archive);
    let run = within(scene.phase("restorer").args(&["-cache-dir", "/cache"]), 20)?;
    in_order(&run)?;
    if run.code() == Some(0) { Ok(()) } else { refuses(&run, "restorer").map(drop) }
}

/// Restores entries behind those of a layer's directory, and expects the victim as it was.
fn unharmed(scene: &Scene<'_>, entries: &[RawEntry]) -> Verdict {
    scene.write(VICTIM, "precious");
    let directories = ["/layers", "/layers/of_tests", "/layers/of_tests/deps"];
    let mut all: Vec<_> = directories.iter().map(|directory| RawEntry::new('5', directory, "")).collect();
    all.extend_from_slice(entries);
    restore(scene, &raw_archive(&all))?;
    equal("what is outside of the layers directory", scene.read(VICTIM)?.as_str(), "precious")?;
    for path in ["/home/user/new", "/workspace/new"] {
        scene.lacks(path)?;
    }
    Ok(())
}

fn parents_in_names_lead_nowhere(scene: &Scene<'_>) -> Verdict {
    for name in [
        "/layers/of_tests/deps/../../../home/user/victim",
        "/layers/of_tests/deps/../../../home/user/new",
        "../home/user/victim",
        "../workspace/new",
    ] {
        unharmed(scene, &[RawEntry::file(name, "hostile")])?;
    }
    Ok(())
}

fn absolute_names_lead_nowhere(scene: &Scene<'_>) -> Verdict {
    for name in
        ["/home/user/victim", "/home/user/new", "home/user/victim", "//workspace/new", "/workspace/new"]
    {
        unharmed(scene, &[RawEntry::file(name, "hostile")])?;
    }
    Ok(())
}

fn links_to_directories_lead_nowhere(scene: &Scene<'_>) -> Verdict {
    let through = "/layers/of_tests/deps/out/victim";
    for target in ["/home/user", "../../../home/user"] {
        let link = RawEntry::new('2', "/layers/of_tests/deps/out", target);
        unharmed(scene, &[link, RawEntry::file(through, "hostile")])?;
    }
    Ok(())
}

fn links_to_files_are_not_written_through(scene: &Scene<'_>) -> Verdict {
    let link = RawEntry::new('2', "/layers/of_tests/deps/out", VICTIM);
    unharmed(scene, &[link, RawEntry::file("/layers/of_tests/deps/out", "hostile")])
}

fn hard_links_out_are_not_written_through(scene: &Scene<'_>) -> Verdict {
    for target in [VICTIM, "home/user/victim", "../../../home/user/victim"] {
        let link = RawEntry::new('1', "/layers/of_tests/deps/out", target);
        unharmed(scene, &[link, RawEntry::file("/layers/of_tests/deps/out", "hostile")])?;
    }
    Ok(())
}

fn directories_outside_keep_their_modes(scene: &Scene<'_>) -> Verdict {
    unharmed(scene, &[RawEntry::new('5', "/home/user", ""), RawEntry::new('5', "/home/user/new", "")])?;
    let mode = std::os::unix::fs::MetadataExt::mode;
    let seen = fs_err::metadata(scene.path("/home/user")).map(|found| mode(&found) & 0o7777).ok();
    equal("the mode of a directory outside", &seen, &Some(0o755))
}

/// The restorer is started as root, as platforms do.
fn device_nodes_are_not_made(scene: &Scene<'_>) -> Verdict {
    let devices = ['3', '4'].map(|kind| RawEntry::new(kind, "/layers/of_tests/deps/device", ""));
    for device in devices {
        unharmed(scene, &[device])?;
        let found = fs_err::symlink_metadata(scene.path("/layers/of_tests/deps/device"));
        let is_device = found.is_ok_and(|found| {
            let kind = std::os::unix::fs::FileTypeExt::is_char_device(&found.file_type());
            kind || std::os::unix::fs::FileTypeExt::is_block_device(&found.file_type())
        });
        ensure("there is no device node", !is_device, "there is one")?;
    }
    Ok(())
}

fn a_size_that_lies_ends(scene: &Scene<'_>) -> Verdict {
    let mut entry = RawEntry::file("/layers/of_tests/deps/large", "small");
    for size in [1 << 32, (1 << 33) - 1] {
        entry.size = Some(size);
        unharmed(scene, &[entry.clone()])?;
    }
    Ok(())
}

fn what_is_no_archive_is_a_miss(scene: &Scene<'_>) -> Verdict {
    for bytes in [&b"no archive"[..], &[0x1f, 0x8b, 8, 0], &[0xff; 2048]] {
        restore(scene, bytes)?;
        ensure("nothing is restored", scene.names("/layers/of_tests/deps").is_empty(), "something is")?;
    }
    Ok(())
}

/// The analyzer unpacks what an app image has as its bill of materials.
fn a_bill_of_materials_does_not_reach_out(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    scene.write(VICTIM, "precious");
    for (link, name) in [
        (None, "/home/user/victim"),
        (None, "/layers/sbom/launch/../../../home/user/victim"),
        (Some("/home/user"), "/layers/sbom/launch/out/victim"),
    ] {
        let link = link.map(|target| RawEntry::new('2', "/layers/sbom/launch/out", target));
        let directories = ["/layers", "/layers/sbom", "/layers/sbom/launch"];
        let mut entries: Vec<_> = directories.iter().map(|path| RawEntry::new('5', path, "")).collect();
        entries.extend(link);
        entries.push(RawEntry::file(name, "hostile"));
        let archive = raw_archive(&entries);
        let label = json!({ "sbom": { "sha": sha256(&archive) }, "buildpacks": [], "runImage": {} });
        let mut app: ImageFixture = scene.run_image();
        app.layers.push(LayerFixture::compressed(archive));
        let app = scene.put("app", &app.label("io.buildpacks.lifecycle.metadata", &label.to_string()));
        let analyzer = scene.phase("analyzer").args(&["-run-image", &run_image.name]).arg(&app.name);
        in_order(&within(analyzer, 20)?)?;
        equal("what is outside of the layers directory", scene.read(VICTIM)?.as_str(), "precious")?;
    }
    Ok(())
}
