//! A cache that somebody else can write must not reach anything but the layers it is for.

use tar::EntryType;

use crate::archive::{Entry, directory, file, hard_link, special, symlink};
use crate::build::Build;

/// A build with a cached layer `c` of its directory and the given entries, and something to protect.
fn hostile(entries: impl FnOnce(&Build) -> Vec<Entry>) -> Build {
    let mut build = Build::new();
    build.scratch.write("precious/file", "precious");
    build.scratch.write("layers/acme_tools/tool/file", "precious");
    let mut all = vec![directory(build.layers("acme_web/c"))];
    all.extend(entries(&build));
    let sha = build.blob_of(&all);
    build.in_cache("c", "c", &sha);
    build
}

fn assert_harmless(build: &Build, what: &str) {
    let (result, warnings) = build.try_restore();
    assert_eq!(result.is_err(), warnings.is_empty(), "{what}: {result:?} {warnings:?}");
    assert_eq!(build.scratch.read("precious/file"), "precious", "{what}");
    let others = |name: &String| name != "acme_web/";
    assert_eq!(
        build.tree().into_iter().filter(others).collect::<Vec<_>>(),
        ["acme_tools/tool/file"],
        "{what}"
    );
    assert_eq!(build.scratch.read("layers/acme_tools/tool/file"), "precious", "{what}");
    let left: Vec<_> = fs_err::read_dir(build.scratch.path("precious")).unwrap().collect();
    assert_eq!(left.len(), 1, "{what}");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let precious = |build: &Build| build.scratch.path("precious").to_str().unwrap().to_owned();
    for (what, name) in [
        ("an absolute name", precious as fn(&Build) -> String),
        ("a name with ..", |build| build.layers("acme_web/c/../../../precious")),
        ("a relative name", |_| "../../../../../../../../tmp/precious".into()),
        ("another buildpack", |build| build.layers("acme_tools/tool")),
        ("the lifecycle's files", |build| build.layers("sbom")),
    ] {
        assert_harmless(&hostile(|build| vec![file(format!("{}/file", name(build)), "evil")]), what);
        assert_harmless(&hostile(|build| vec![directory(name(build) + "/new")]), what);
    }
}

#[test]
fn links_that_lead_elsewhere_are_not_followed() {
    assert_harmless(
        &hostile(|build| {
            let link = build.layers("acme_web/c/link");
            let precious = build.scratch.path("precious");
            vec![symlink(link.clone(), precious.to_str().unwrap()), file(link + "/file", "evil")]
        }),
        "a file behind a link",
    );
    assert_harmless(
        &hostile(|build| {
            let link = build.layers("acme_web/c/link");
            vec![symlink(link.clone(), "../../acme_tools"), file(link + "/tool/file", "evil")]
        }),
        "a file behind a relative link",
    );
    assert_harmless(
        &hostile(|build| {
            let target = build.scratch.path("precious/file");
            let link = build.layers("acme_web/c/link");
            vec![hard_link(link.clone(), target.to_str().unwrap()), file(link, "evil")]
        }),
        "a hard link",
    );
}

#[test]
fn a_link_in_a_layers_place_is_not_followed() {
    let build = hostile(|build| vec![file(build.layers("acme_web/c/file"), "evil")]);
    fs_err::create_dir(build.scratch.path("layers/acme_web")).unwrap();
    std::os::unix::fs::symlink(build.scratch.path("precious"), build.scratch.path("layers/acme_web/c"))
        .unwrap();
    assert_harmless(&build, "a link that was there before");
}

#[test]
fn devices_are_refused() {
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo] {
        assert_harmless(&hostile(|build| vec![special(build.layers("acme_web/c/x"), kind)]), "a device");
    }
}

#[test]
fn names_of_layers_that_lead_elsewhere_are_refused() {
    let restored_and_removed: [fn(&mut Build, &str); 2] = [
        |build, name| build.in_image(name, "l", ""),
        |build, name| {
            build.in_image(name, "cl", "");
            build.in_cache(name, "cl", "other");
        },
    ];
    for known in restored_and_removed {
        for name in ["../../precious/file", "../acme_tools/tool", "a/b", "", ".", "..", "store", "launch"] {
            let mut build = hostile(|_| vec![]);
            build.cache["buildpacks"][0]["layers"].as_object_mut().unwrap().clear();
            known(&mut build, name);
            let warnings = build.restore();
            assert!(matches!(&warnings[..], [one] if one.contains("acme/web")), "{name}: {warnings:?}");
            assert_harmless(&build, name);
        }
    }
}
