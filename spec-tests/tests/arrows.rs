//! The architecture as a test: which crate may use which. ARCHITECTURE.md shows the same map.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate may use of the others. Phases use libraries, never each other, creator aside.
const ARROWS: [(&str, &[&str]); 31] = [
    ("spec-model", &[]),
    ("environment", &[]),
    ("credentials", &[]),
    ("docker-engine", &[]),
    ("toml-file", &["spec-model"]),
    ("platform-api", &["spec-model"]),
    ("phase-shell", &["platform-api", "spec-model"]),
    ("layer", &["spec-model"]),
    ("snapshot", &["layer"]),
    ("image", &["spec-model"]),
    ("registry", &["credentials", "image", "spec-model"]),
    (
        "image-store",
        &[
            "credentials",
            "docker-engine",
            "image",
            "layer",
            "phase-shell",
            "platform-api",
            "registry",
            "spec-model",
        ],
    ),
    ("cache", &["image", "image-store", "layer", "phase-shell", "platform-api", "spec-model"]),
    ("dockerfile", &[]),
    ("buildpack", &["dockerfile", "environment", "spec-model", "toml-file"]),
    ("launcher", &["environment", "spec-model", "toml-file"]),
    ("analyzer", LIBRARIES),
    ("detector", LIBRARIES),
    ("restorer", LIBRARIES),
    ("builder", LIBRARIES),
    ("exporter", LIBRARIES),
    ("rebaser", LIBRARIES),
    ("extender", WITH_BUILDER),
    ("creator", WITH_PHASES),
    ("cnb", LIBRARIES),
    ("bench", &["platform-api", "spec-model", "test-engine", "test-kit", "test-registry"]),
    ("package", &["image", "image-store", "layer", "spec-model"]),
    ("test-engine", &["test-kit"]),
    ("test-kit", &[]),
    ("test-registry", &["test-kit"]),
    ("spec-tests", &["platform-api", "spec-model", "test-engine", "test-kit", "test-registry"]),
];

const LIBRARIES: &[&str] = &[
    "buildpack",
    "cache",
    "environment",
    "image",
    "image-store",
    "layer",
    "phase-shell",
    "platform-api",
    "spec-model",
    "toml-file",
];

/// The extender proceeds to the build.
const WITH_BUILDER: &[&str] = &[
    "builder",
    "buildpack",
    "dockerfile",
    "image",
    "image-store",
    "layer",
    "phase-shell",
    "platform-api",
    "snapshot",
    "spec-model",
    "toml-file",
];

const WITH_PHASES: &[&str] = &[
    "analyzer",
    "builder",
    "detector",
    "exporter",
    "restorer",
    "buildpack",
    "cache",
    "environment",
    "image",
    "image-store",
    "layer",
    "phase-shell",
    "platform-api",
    "spec-model",
    "toml-file",
];

/// Libraries that one crate alone may use, so that what they stand for has one home.
const HOMES: [(&str, &[&str]); 4] = [
    ("tar", &["layer", "test-kit"]),
    ("ureq", &["docker-engine", "registry"]),
    ("flate2", &["layer", "test-kit"]),
    ("clap", &["phase-shell", "cnb", "bench", "package", "spec-tests"]),
];

/// The direct dependencies of each crate of the workspace, without those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let direct = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        dependencies.iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    packages.iter().map(|package| (name(package), direct(package))).collect()
}

#[test]
fn crates_use_only_what_the_map_allows() {
    let dependencies = dependencies();
    let map = BTreeMap::from(ARROWS);
    for (package, uses) in &dependencies {
        let allowed = map.get(package.as_str()).unwrap_or_else(|| panic!("{package} is not on the map"));
        for used in uses.iter().filter(|used| dependencies.contains_key(*used)) {
            assert!(allowed.contains(&used.as_str()), "{package} must not use {used}");
        }
    }
    for package in map.keys() {
        assert!(dependencies.contains_key(*package), "{package} is on the map, but not in the workspace");
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    let dependencies = dependencies();
    for (library, homes) in HOMES {
        for (package, uses) in &dependencies {
            assert!(
                !uses.contains(library) || homes.contains(&package.as_str()),
                "{package} must not use {library}"
            );
        }
    }
}
