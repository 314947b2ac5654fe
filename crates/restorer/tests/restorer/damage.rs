//! What is wrong with a cache costs the layer in question, never the build.

use restorer::RestoreError;
use tar::EntryType;

use crate::archive::{archive, directory, file, special};
use crate::build::Build;

/// A build with a sound layer `cl` and a layer `c` that `damage` is done to, given its file.
fn damaged(damage: impl FnOnce(&std::path::Path)) -> Build {
    let mut build = Build::new();
    let sha = build.cached("cl", "cl");
    build.in_image("cl", "cl", &sha);
    let sha = build.cached("c", "c");
    damage(&build.blob(&sha));
    build
}

/// Only the sound layer is there and the metadata of the other one, which the one warning names.
fn assert_lost(build: &Build, what: &str) {
    build.scratch.write("layers/acme_web/c/data", "stale");
    build.scratch.write("layers/acme_web/c.toml", "stale");
    build.scratch.write("layers/acme_web/c.sbom.cdx.json", "stale");
    let warnings = build.restore();
    assert!(matches!(&warnings[..], [one] if one.contains("'acme/web:c'")), "{what}: {warnings:?}");
    assert_eq!(build.tree(), ["acme_web/c.toml", "acme_web/cl.toml", "acme_web/cl/data"], "{what}");
    assert_ne!(build.scratch.read("layers/acme_web/c.toml"), "stale", "{what}");
}

#[test]
fn a_missing_layer_is_made_anew() {
    assert_lost(&damaged(|blob| fs_err::remove_file(blob).unwrap()), "missing");
    assert_lost(
        &damaged(|blob| {
            fs_err::remove_file(blob).unwrap();
            fs_err::create_dir(blob).unwrap();
        }),
        "a directory",
    );
}

#[test]
fn a_damaged_layer_is_made_anew() {
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        damaged(|blob| {
            let mut bytes = fs_err::read(blob).unwrap();
            change(&mut bytes);
            fs_err::write(blob, bytes).unwrap();
        })
    };
    let data = 4 * 512;
    assert_lost(&change(&|bytes| bytes.push(b'x')), "a byte appended");
    assert_lost(&change(&|bytes| bytes[data] ^= 1), "contents changed");
    assert_lost(&change(&|bytes| bytes[data - 512] ^= 1), "a header changed");
    assert_lost(&change(&|bytes| bytes.truncate(data)), "contents missing");
    assert_lost(&change(&|bytes| bytes.truncate(data + 512)), "the end missing");
    assert_lost(&change(&Vec::clear), "empty");
    assert_lost(&change(&|bytes| bytes.fill(b'z')), "no archive");
    assert_lost(&change(&|bytes| bytes.splice(.., *b"\x28\xb5\x2f\xfd rest").for_each(drop)), "zstd");
}

#[test]
fn a_layer_without_digest_is_made_anew() {
    for sha in ["", "sha256:", "../../../etc/passwd", "sha256:../x"] {
        let mut build = damaged(|_| {});
        build.in_cache("c", "c", sha);
        assert_lost(&build, sha);
    }
}

#[test]
fn metadata_of_another_shape_is_an_empty_cache() {
    let mut build = damaged(|_| {});
    build.cache = serde_json::json!({"buildpacks": 1});
    let warnings = build.restore();
    assert!(matches!(&warnings[..], [one] if one.contains("cache.metadata")), "{warnings:?}");
    assert!(build.tree().is_empty());
}

#[test]
fn a_layer_that_can_never_be_restored_ends_the_build() {
    let mut build = Build::new();
    let path = build.layers("acme_web/c");
    let sha = build.blob_of(&[directory(path.clone()), special(format!("{path}/pipe"), EntryType::Fifo)]);
    build.in_cache("c", "c", &sha);
    let (result, _) = build.try_restore();
    let error = result.unwrap_err();
    assert!(matches!(&error, RestoreError::Contents { layer, .. } if layer == "acme/web:c"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("/acme_web/c/pipe") && source.contains("fifo"), "{source}");
    assert!(build.tree().iter().all(|name| !name.contains("/c")), "{:?}", build.tree());
}

#[test]
fn a_full_disk_ends_the_build() {
    // A limit on the size of files stands in for the full disk: it needs no root.
    let mut build = Build::new();
    let path = build.layers("acme_web/c");
    let entries = [directory(path.clone()), file(format!("{path}/large"), &"x".repeat(300_000))];
    let sha = test_kit::sha256(&archive(&entries));
    build.blob_of(&entries);
    build.in_cache("c", "c", &sha);
    let _ = build.cache();
    build.scratch.write("layers/group.toml", "[[group]]\nid = 'acme/web'\nversion = '2'\napi = '0.10'");
    build.scratch.write("layers/analyzed.toml", "");
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_restorer")])
        .arg("-layers")
        .arg(build.scratch.path("layers"))
        .arg("-cache-dir")
        .arg(build.scratch.path("cache"))
        .env_clear()
        .env("CNB_PLATFORM_API", "0.12")
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(42), "{text}");
    assert!(text.contains("acme/web:c") && text.contains("/acme_web/c/large"), "{text}");
    assert!(!build.scratch.has("layers/acme_web/c"), "no half layer is left");
}
