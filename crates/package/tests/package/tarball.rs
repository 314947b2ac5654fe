//! The tarball that builders are made with.

use serde_json::{Value, json};

use crate::packed::{NAMES, Packed, TARGETS, VERSION, files, stand_in};

/// 1980-01-01T00:00:01Z.
const MODIFIED: u64 = 315_532_801;

#[test]
fn the_descriptor_comes_first_and_then_one_directory() {
    let packed = Packed::make();
    for (processor, (_, machine)) in ["x86-64", "arm64"].into_iter().zip(TARGETS) {
        let entries = packed.entries(processor);
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let expected = [
            "lifecycle.toml",
            "lifecycle",
            "lifecycle/analyzer",
            "lifecycle/builder",
            "lifecycle/creator",
            "lifecycle/detector",
            "lifecycle/exporter",
            "lifecycle/launcher",
            "lifecycle/launcher.sbom.cdx.json",
            "lifecycle/launcher.sbom.spdx.json",
            "lifecycle/launcher.sbom.syft.json",
            "lifecycle/lifecycle.sbom.cdx.json",
            "lifecycle/lifecycle.sbom.spdx.json",
            "lifecycle/lifecycle.sbom.syft.json",
            "lifecycle/rebaser",
            "lifecycle/restorer",
        ];
        assert_eq!(names, expected);
        for entry in &entries {
            let header = &entry.header;
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            assert_eq!(header.mtime().unwrap(), MODIFIED);
            let name = entry.name.trim_start_matches("lifecycle/");
            let mode = if name == "lifecycle" || NAMES.contains(&name) { 0o755 } else { 0o644 };
            assert_eq!(header.mode().unwrap(), mode, "{name}");
            if NAMES.contains(&name) {
                assert_eq!(entry.contents, stand_in(name, machine));
            }
        }
    }
}

#[test]
fn the_descriptor_tells_version_and_apis() {
    let packed = Packed::make();
    let text = String::from_utf8(packed.in_tarball("x86-64", "lifecycle.toml")).unwrap();
    let descriptor: Value = toml::from_str(&text).unwrap();
    let buildpack = json!(["0.7", "0.8", "0.9", "0.10", "0.11", "0.12"]);
    let platform = json!(["0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14", "0.15"]);
    assert_eq!(
        descriptor,
        json!({
            "api": { "buildpack": "0.7", "platform": "0.7" },
            "apis": {
                "buildpack": { "deprecated": [], "supported": buildpack },
                "platform": { "deprecated": [], "supported": platform },
            },
            "lifecycle": {
                "version": VERSION,
                "sbom-formats": [
                    "application/vnd.cyclonedx+json",
                    "application/spdx+json",
                    "application/vnd.syft+json",
                ],
            },
        })
    );
}

#[test]
fn the_same_executables_make_the_same_bytes() {
    let (one, other) = (Packed::make(), Packed::prepare());
    // What packing must not depend on: times, the working directory, what was there before.
    fs_err::create_dir_all(other.output(&format!("lifecycle-v{VERSION}-image/blobs"))).unwrap();
    fs_err::write(other.output(&format!("lifecycle-v{VERSION}-image/blobs/old")), "old").unwrap();
    let mut command = other.command();
    command.env("SOURCE_DATE_EPOCH", "1700000000").env("TZ", "Asia/Tokyo").env("LC_ALL", "C");
    assert!(command.current_dir(other.path("")).output().unwrap().status.success());
    let relative = |packed: &Packed| {
        let root = packed.output("");
        let relative = |(path, contents): (std::path::PathBuf, _)| {
            (path.strip_prefix(&root).unwrap().to_owned(), contents)
        };
        files(&root).into_iter().map(relative).collect::<Vec<_>>()
    };
    let (one, other) = (relative(&one), relative(&other));
    let names = |files: &[(std::path::PathBuf, Vec<u8>)]| {
        files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&one), names(&other));
    assert!(one == other);
}

#[test]
fn checksums_are_those_of_the_files() {
    let packed = Packed::make();
    let mut sums = 0;
    for (path, text) in files(&packed.output("")) {
        if path.extension().is_none_or(|extension| extension != "sha256") {
            continue;
        }
        let text = String::from_utf8(text).unwrap();
        let (sum, name) = text.trim_end_matches('\n').split_once("  ").unwrap();
        let contents = fs_err::read(packed.output(name)).unwrap();
        assert_eq!(format!("sha256:{sum}"), test_kit::sha256(&contents));
        sums += 1;
    }
    assert_eq!(sums, 3);
}
