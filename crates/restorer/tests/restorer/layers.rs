//! The rules of restoration, on disk. Spec: buildpack.md § Layer Types, platform.md § restorer.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use spec_model::PlatformApi;

use crate::archive::{directory, file, symlink};
use crate::build::Build;

/// A build whose layers are named by their types: all that are launch in the image, all cached ones cached.
fn all_combinations() -> Build {
    let mut build = Build::new();
    for types in ["b", "c", "l", "bc", "bl", "cl", "bcl"] {
        let sha = if types.contains('c') { build.cached(types, types) } else { format!("of {types}") };
        if types.contains('l') {
            build.in_image(types, types, &sha);
        }
    }
    build
}

#[test]
fn each_combination_of_types_is_restored_as_the_table_says() {
    for api in [PlatformApi::V0_7, PlatformApi::V0_15] {
        let build = Build { api, ..all_combinations() };
        assert!(build.restore().is_empty());
        let expected = [
            "acme_web/bc.toml",
            "acme_web/bc/data",
            "acme_web/bcl.toml",
            "acme_web/bcl/data",
            "acme_web/c.toml",
            "acme_web/c/data",
            "acme_web/cl.toml",
            "acme_web/cl/data",
            "acme_web/l.toml",
        ];
        assert_eq!(build.tree(), expected, "Platform API {api}");
    }
}

#[test]
fn metadata_comes_back_without_types() {
    let build = all_combinations();
    build.restore();
    for name in ["l", "c", "bcl"] {
        let text = build.scratch.read(&format!("layers/acme_web/{name}.toml"));
        assert_eq!(text.replace(' ', ""), format!("[metadata]\nname=\"{name}\"\n"));
    }
    assert_eq!(build.scratch.read("layers/acme_web/cl/data"), "cl");
}

#[test]
fn without_a_cache_only_launch_metadata_is_restored() {
    let build = all_combinations();
    restorer::restore(&build.inputs(), None).unwrap();
    assert_eq!(build.tree(), ["acme_web/l.toml"]);
}

#[test]
fn a_launch_layer_that_only_the_cache_knows_is_restored_from_0_14_on() {
    for (api, expected) in
        [(PlatformApi::V0_13, vec![]), (PlatformApi::V0_14, vec!["acme_web/cl.toml", "acme_web/cl/data"])]
    {
        let mut build = Build { api, ..Build::new() };
        build.cached("cl", "cl");
        build.restore();
        assert_eq!(build.tree(), expected, "Platform API {api}");
    }
}

#[test]
fn layers_that_differ_in_image_and_cache_are_removed() {
    let mut build = Build::new();
    build.cached("cl", "cl");
    build.in_image("cl", "cl", "sha256:other");
    build.scratch.write("layers/acme_web/cl.toml", "stale");
    build.scratch.write("layers/acme_web/cl/data", "stale");
    build.scratch.write("layers/acme_web/cl.sbom.cdx.json", "stale");
    build.scratch.write("layers/acme_web/other.toml", "[types]\nlaunch = true\n");
    build.scratch.write("layers/acme_web/other/data", "stays, as nothing is known of it");
    assert!(build.restore().is_empty());
    assert_eq!(build.tree(), ["acme_web/other.toml", "acme_web/other/data"]);
}

#[test]
fn what_a_killed_restoration_left_is_completed() {
    let mut build = Build::new();
    build.cached("c", "c");
    build.scratch.write("layers/acme_web/c/data", "half of");
    build.scratch.write(&format!("layers/acme_web/c.toml.{}.tmp", 1), "half of");
    assert!(build.restore().is_empty());
    assert_eq!(build.scratch.read("layers/acme_web/c/data"), "c");
    assert!(build.scratch.has("layers/acme_web/c.toml"));
}

#[test]
fn stores_are_restored_even_if_layers_are_not() {
    let mut build = all_combinations();
    build.image["buildpacks"][0]["store"] =
        json!({"metadata": {"at": "2020-01-02T03:04:05Z", "t": {"l": ["a"]}}});
    build.skip_layers = true;
    build.scratch.write("layers/acme_web/c/data", "stale");
    build.scratch.write("layers/sbom/launch/acme_web/l/sbom.cdx.json", "{}");
    assert!(build.restore().is_empty());
    let stays = ["acme_web/store.toml", "sbom/launch/acme_web/l/sbom.cdx.json"];
    assert_eq!(build.tree(), stays);
    let store: toml::Table = build.scratch.read("layers/acme_web/store.toml").parse().unwrap();
    assert_eq!(store["metadata"]["t"]["l"][0].as_str(), Some("a"));
}

#[test]
fn buildpacks_outside_of_the_group_are_left_alone() {
    let mut build = Build::new();
    let gone = json!({"key": "acme/gone", "version": "1", "store": {"metadata": {"a": 1}}, "layers": {
        "l": {"sha": "", "data": null, "build": false, "launch": true, "cache": false},
        "c": {"sha": "", "data": null, "build": false, "launch": false, "cache": true},
    }});
    build.image["buildpacks"].as_array_mut().unwrap().push(gone.clone());
    build.cache["buildpacks"].as_array_mut().unwrap().push(gone);
    build.scratch.write("layers/acme_gone/c/data", "stays");
    assert!(build.restore().is_empty());
    assert_eq!(build.tree(), ["acme_gone/c/data"]);
}

#[test]
fn modes_and_links_come_back_as_recorded() {
    let mut build = Build::new();
    let at = |name: &str| build.layers(&format!("acme_web/c{name}"));
    let sha = build.blob_of(&[
        directory(at("")).mode(0o2770),
        directory(at("/closed")).mode(0o555),
        file(at("/closed/file"), "x").mode(0o400),
        file(at("/run"), "x").mode(0o755),
        symlink(at("/link"), "run"),
        symlink(at("/away"), "/nowhere"),
    ]);
    build.in_cache("c", "c", &sha);
    assert!(build.restore().is_empty());
    let mode = |name: &str| {
        let path = build.scratch.path(&format!("layers/acme_web/c{name}"));
        fs_err::metadata(path).unwrap().permissions().mode() & 0o7777
    };
    let modes = ["", "/closed", "/closed/file", "/run"].map(mode);
    assert_eq!(modes, [0o2770, 0o555, 0o400, 0o755], "{modes:?}");
    let away = fs_err::read_link(build.scratch.path("layers/acme_web/c/away")).unwrap();
    assert_eq!(away.to_str(), Some("/nowhere"));
    fs_err::set_permissions(build.scratch.path("layers/acme_web/c/closed"), PermissionsExt::from_mode(0o755))
        .unwrap();
}

#[test]
fn many_layers_are_restored_at_a_time() {
    let mut build = Build::new();
    let names: Vec<String> = (0..40).map(|number| format!("layer-{number}")).collect();
    for name in &names {
        build.cached(name, "bc");
    }
    assert!(build.restore().is_empty());
    for name in &names {
        assert_eq!(build.scratch.read(&format!("layers/acme_web/{name}/data")), *name);
    }
    assert_eq!(build.tree().len(), 80);
}
