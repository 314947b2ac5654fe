//! SBOM files of layers. Spec: buildpack.md § Layer Types (metadata and SBOM restored).

use serde_json::json;
use spec_model::PlatformApi;

use crate::archive::{directory, file, symlink};
use crate::build::Build;

/// A build with the restored layers `l` and `c`, the lost ones `bl` and `x`, and SBOM files of all.
fn with_files() -> Build {
    let mut build = Build::new();
    build.in_image("l", "l", "");
    build.in_image("bl", "bl", "");
    build.cached("c", "c");
    build.in_cache("x", "c", "sha256:gone");
    for (path, text) in [
        ("launch/acme_web/l/sbom.cdx.json", "l"),
        ("launch/acme_web/bl/sbom.cdx.json", "bl"),
        ("launch/acme_web/sbom.cdx.json", "the buildpack's own"),
        ("launch/acme_gone/l/sbom.cdx.json", "not in the group"),
        ("launch/acme_web/l/notes.txt", "no SBOM"),
    ] {
        build.scratch.write(&format!("layers/sbom/{path}"), text);
    }
    build
}

/// The cache has the SBOM files of `c` and `x`.
fn in_cache(build: &mut Build) -> String {
    let at = |name: &str| build.layers(&format!("sbom/cache/acme_web{name}"));
    let sha = build.blob_of(&[
        directory(build.layers("")),
        directory(build.layers("sbom")),
        directory(build.layers("sbom/cache")),
        directory(at("")),
        file(at("/c/sbom.syft.json"), "c"),
        file(at("/x/sbom.cdx.json"), "x"),
    ]);
    build.cache["sbom"] = json!({"sha": sha});
    sha
}

#[test]
fn files_go_beside_the_layers_that_are_restored() {
    let mut build = with_files();
    in_cache(&mut build);
    assert_eq!(build.restore().len(), 1, "of the lost layer");
    let expected = [
        "acme_web/c.sbom.syft.json",
        "acme_web/c.toml",
        "acme_web/c/data",
        "acme_web/l.sbom.cdx.json",
        "acme_web/l.toml",
        "acme_web/x.toml",
    ];
    assert_eq!(build.tree(), expected);
    assert_eq!(build.scratch.read("layers/acme_web/l.sbom.cdx.json"), "l");
    assert_eq!(build.scratch.read("layers/acme_web/c.sbom.syft.json"), "c");
}

#[test]
fn before_0_8_there_are_none() {
    let mut build = with_files();
    in_cache(&mut build);
    build.api = PlatformApi::V0_7;
    build.restore();
    let restored = build.tree();
    assert!(
        restored.iter().all(|name| !name.ends_with("json") || name.starts_with("sbom/launch/")),
        "{restored:?}"
    );
}

#[test]
fn damaged_files_of_the_cache_are_a_warning() {
    for damage in [
        |build: &mut Build, sha: &str| fs_err::remove_file(build.blob(sha)).unwrap(),
        |build: &mut Build, sha: &str| {
            let mut bytes = fs_err::read(build.blob(sha)).unwrap();
            bytes.push(0);
            fs_err::write(build.blob(sha), bytes).unwrap();
        },
        |build: &mut Build, _: &str| build.cache["sbom"] = json!({"sha": "sha256:odd"}),
        |build: &mut Build, _: &str| {
            let sha = build.blob_of(&[file(build.layers("acme_web/evil.toml"), "")]);
            build.cache["sbom"] = json!({"sha": sha});
        },
    ] {
        let mut build = with_files();
        let sha = in_cache(&mut build);
        damage(&mut build, &sha);
        let warnings = build.restore();
        assert!(
            matches!(&warnings[..], [_, sbom] if sbom.contains("SBOM files from the cache")),
            "{warnings:?}"
        );
        let expected = [
            "acme_web/c.toml",
            "acme_web/c/data",
            "acme_web/l.sbom.cdx.json",
            "acme_web/l.toml",
            "acme_web/x.toml",
        ];
        assert_eq!(build.tree(), expected);
    }
}

#[test]
fn links_are_not_followed_to_files_elsewhere() {
    let mut build = with_files();
    build.scratch.write("precious/sbom.syft.json", "precious");
    build.scratch.write("precious/c/sbom.syft.json", "precious");
    let precious = build.scratch.path("precious");
    let precious = precious.to_str().unwrap();
    for (name, target) in [
        ("sbom/cache/acme_web/c/sbom.syft.json", format!("{precious}/sbom.syft.json")),
        ("sbom/cache/acme_web/c", precious.to_owned()),
        ("sbom/cache/acme_web", precious.to_owned()),
    ] {
        let sha = build.blob_of(&[symlink(build.layers(name), &target)]);
        build.cache["sbom"] = json!({"sha": sha});
        build.restore();
        assert!(!build.scratch.has("layers/acme_web/c.sbom.syft.json"), "{name}");
        assert_eq!(build.scratch.read("precious/sbom.syft.json"), "precious");
        assert_eq!(build.scratch.read("precious/c/sbom.syft.json"), "precious");
        build.scratch.write("layers/sbom/launch/acme_web/l/sbom.cdx.json", "l");
    }
}
