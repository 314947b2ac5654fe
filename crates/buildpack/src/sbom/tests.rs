use std::path::Path;

use super::{SbomFault, SbomFile, SbomUse, find};
use crate::layers_dir::LayersDir;

const ALL: [&str; 3] =
    ["application/vnd.cyclonedx+json", "Application/SPDX+json; version=2", "application/vnd.syft+json"];

fn layers(files: &[(&str, &str)]) -> tempfile::TempDir {
    let layers = tempfile::tempdir().unwrap();
    fs_err::create_dir(layers.path().join("a_b")).unwrap();
    for (name, contents) in files {
        fs_err::write(layers.path().join("a_b").join(name), contents).unwrap();
    }
    layers
}

fn find_in(layers: &Path, declared: &[&str]) -> Result<Vec<SbomFile>, SbomFault> {
    let dir = LayersDir::read(layers, &"a/b".parse().unwrap()).unwrap();
    find(&dir, &declared.iter().map(|&media_type| media_type.to_owned()).collect::<Vec<_>>())
}

#[test]
fn files_belong_to_what_their_layer_is_used_for() {
    let layers = layers(&[
        ("l.toml", "[types]\nlaunch = true\nbuild = true"),
        ("l.sbom.cdx.json", ""),
        ("l.sbom.syft.json", ""),
        ("lc.toml", "[types]\nlaunch = true\ncache = true"),
        ("lc.sbom.cdx.json", ""),
        ("v1.2.toml", "[types]\ncache = true"),
        ("v1.2.sbom.spdx.json", ""),
        ("none.toml", ""),
        ("none.sbom.cdx.json", ""),
        ("ghost.sbom.cdx.json", ""),
        ("ghost.sbom.odd.json", ""),
        ("launch.sbom.cdx.json", ""),
        ("build.sbom.spdx.json", ""),
        ("other.json", ""),
    ]);
    let files = find_in(layers.path(), &ALL).unwrap();
    let destinations: Vec<_> = files
        .iter()
        .map(|file| {
            let path = file.destination(layers.path());
            path.strip_prefix(layers.path().join("sbom")).unwrap().display().to_string()
        })
        .collect();
    assert_eq!(
        destinations,
        [
            "build/a_b/sbom.spdx.json",
            "launch/a_b/l/sbom.cdx.json",
            "launch/a_b/l/sbom.syft.json",
            "launch/a_b/sbom.cdx.json",
            "launch/a_b/lc/sbom.cdx.json",
            "cache/a_b/lc/sbom.cdx.json",
            "build/a_b/none/sbom.cdx.json",
            "build/a_b/v1.2/sbom.spdx.json",
            "cache/a_b/v1.2/sbom.spdx.json",
        ]
    );
    assert_eq!(files[0].used_for, SbomUse::Build);
}

#[test]
fn copies_have_the_contents_only() {
    use std::os::unix::fs::PermissionsExt;
    let layers = layers(&[("launch.sbom.cdx.json", "{\"a\": 1}")]);
    let file = find_in(layers.path(), &ALL).unwrap().remove(0);
    fs_err::set_permissions(&file.path, PermissionsExt::from_mode(0o400)).unwrap();
    file.copy_to(layers.path()).unwrap();
    let copy = file.destination(layers.path());
    assert_eq!(fs_err::read_to_string(&copy).unwrap(), "{\"a\": 1}");
    assert_ne!(fs_err::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o400);
}

#[test]
fn formats_have_to_be_known_and_declared() {
    let error = find_in(layers(&[("build.sbom.xyz.json", "")]).path(), &ALL).unwrap_err().to_string();
    assert!(error.contains("build.sbom.xyz.json") && error.contains(".sbom.cdx.json"), "{error}");

    let undeclared = layers(&[("launch.sbom.cdx.json", "")]);
    let error = find_in(undeclared.path(), &["application/spdx+json"]).unwrap_err().to_string();
    assert!(error.contains("launch.sbom.cdx.json") && error.contains("[application/spdx+json]"), "{error}");
    assert!(error.contains("application/vnd.cyclonedx+json"), "{error}");
}

#[test]
fn only_regular_files_count() {
    let layers = layers(&[]);
    fs_err::create_dir(layers.path().join("a_b/launch.sbom.cdx.json")).unwrap();
    assert!(matches!(find_in(layers.path(), &ALL), Err(SbomFault::NotAFile { .. })));
}
