//! Secrets stay with the processes that need them.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::json;

use crate::five_phases::{build, image_names};
use crate::platform::{Platform, files};
use crate::secured::{Secured, basic};

/// A user's password, and identity token.
pub(crate) fn password(user: &str) -> String {
    format!("hush-{user}/50%+1")
}

/// The first secret in some bytes: a password, bare or in a header's form, or a token of the token server.
pub(crate) fn in_bytes(bytes: &[u8]) -> Option<String> {
    let users = ["analyzer", "restorer", "exporter", "rebaser", "creator", "other", "nobody"];
    // Header and claims of a token are JSON objects in Base64 with a point between.
    let secrets = users.iter().map(|user| basic(user)).chain(["hush-", ".eyJ"].map(str::to_owned));
    secrets.into_iter().find(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
}

/// The first secret in the files of a directory, compressed ones included, with its file.
fn in_files(directory: &Path) -> Option<String> {
    files(directory).into_iter().find_map(|file| {
        let stored = fs_err::read(&file).unwrap();
        let mut bytes = Vec::new();
        if MultiGzDecoder::new(stored.as_slice()).read_to_end(&mut bytes).is_err() {
            bytes = stored;
        }
        in_bytes(&bytes).map(|secret| format!("{secret} in {}", file.display()))
    })
}

/// No secret is in what a build leaves: its directories, and all images of the registry.
#[track_caller]
fn are_kept(platform: &Platform, secured: &Secured) {
    // What buildpacks saw is there to be looked at.
    assert!(platform.read("app/detected").contains("CNB_BUILDPACK_DIR="));
    assert!(platform.read("layers/of_tests/seen/build").contains("CNB_LAYERS_DIR="));
    for directory in ["app", "layers", "reports", "platform", "build-config", "tmp"] {
        assert_eq!(in_files(&platform.path(directory)), None);
    }
    assert_eq!(in_files(secured.registry.data_dir()), None);
}

#[test]
fn secrets_are_found_where_they_are() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(in_files(directory.path()), None);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, format!("a {} b", password("creator")).as_bytes()).unwrap();
    fs_err::write(directory.path().join("file"), encoder.finish().unwrap()).unwrap();
    assert!(in_files(directory.path()).is_some());
    assert!(in_bytes(format!("Basic {}", basic("analyzer")).as_bytes()).is_some());
}

#[test]
fn separate_phases_keep_them() {
    let (Some(platform), Some(secured)) = (Platform::that_is_looked_at(), Secured::new()) else { return };
    build(&platform, &secured);
    are_kept(&platform, &secured);
}

#[test]
fn the_creator_keeps_them() {
    let (Some(platform), Some(secured)) = (Platform::that_is_looked_at(), Secured::new()) else { return };
    let [name, run_image, cache, ..] = image_names(&secured);
    let creator = secured.phase(&platform, "creator").args(&["-run-image", &run_image]);
    creator.args(&["-cache-image", &cache, &name]).run().succeeds();
    are_kept(&platform, &secured);
}

#[test]
fn a_creator_that_was_never_root_keeps_them() {
    let (Some(platform), Some(secured)) = (Platform::that_is_looked_at(), Secured::new()) else { return };
    platform.hand_over("layers");
    let [name, run_image, ..] = image_names(&secured);
    let creator = secured.phase(&platform, "creator").args(&["-run-image", &run_image, &name]);
    creator.by_user().run().succeeds();
    are_kept(&platform, &secured);
}

#[test]
fn the_creator_keeps_those_of_a_file_that_only_root_may_read() {
    let (Some(platform), Some(secured)) = (Platform::that_is_looked_at(), Secured::new()) else { return };
    let [name, run_image, ..] = image_names(&secured);
    let entry = json!({ "auth": basic("creator") });
    let creator = secured.phase_with_file(&platform, "creator", &entry);
    creator.args(&["-run-image", &run_image, &name]).run().succeeds();
    are_kept(&platform, &secured);
}
