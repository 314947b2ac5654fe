//! The image that untrusted builders' phases run from.

use std::process::Command;

use image::Platform;
use image_store::{ImageStore, LayoutStore, Presence, StoredImage, validate};
use serde_json::{Value, json};

use crate::packed::{Packed, VERSION, entries, stand_in};

const LAYOUT_FILES: [&str; 2] = ["index.json", "oci-layout"];

/// The image for an architecture, checked.
fn image(packed: &Packed, architecture: &str) -> (LayoutStore, StoredImage) {
    let directory = packed.output(&format!("lifecycle-v{VERSION}-image"));
    let store = LayoutStore::new(&directory).unwrap();
    let platform = Platform { architecture: architecture.into(), os: "linux".into(), ..Platform::default() };
    let image = store.for_platform(platform).resolve(directory.to_str().unwrap()).unwrap().expect("an image");
    validate(&store, &image, Presence::Complete).unwrap();
    (store, image)
}

#[test]
fn each_architecture_has_its_executables_in_the_last_layer() {
    let packed = Packed::make();
    for (architecture, machine) in [("amd64", 62), ("arm64", 183)] {
        let (store, image) = image(&packed, architecture);
        assert_eq!(image.config.architecture, architecture);
        let layers: Vec<_> = image
            .layers()
            .map(|layer| {
                let stored = store.open_layer(&image, &layer.diff_id).unwrap();
                entries(layer::decompress(stored).unwrap())
            })
            .collect();
        let [surroundings, lifecycle] = layers.as_slice() else { panic!("{} layers", layers.len()) };
        let mode = |name: &str| {
            let entry = surroundings.iter().find(|entry| entry.name == name);
            entry.unwrap_or_else(|| panic!("there is no {name}")).header.mode().unwrap()
        };
        assert_eq!((mode("/tmp"), mode("/layers"), mode("/etc/passwd")), (0o1777, 0o755, 0o644));
        assert_eq!(mode("/etc/ssl/certs/ca-certificates.crt"), 0o644);
        let names: Vec<_> = lifecycle.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names[..3], ["/cnb", "/cnb/lifecycle", "/cnb/lifecycle/analyzer"]);
        assert_eq!(names.len(), 16);
        assert_eq!(lifecycle[2].contents, stand_in("analyzer", machine));
        for entry in surroundings.iter().chain(lifecycle) {
            assert_eq!((entry.header.uid().unwrap(), entry.header.gid().unwrap()), (0, 0));
            assert_eq!(entry.header.mode().unwrap() & 0o6000, 0);
        }
    }
}

#[test]
fn labels_tell_clients_what_they_ask_for() {
    let packed = Packed::make();
    let (_, image) = image(&packed, "amd64");
    let label = |name: &str| image.config.label(name).unwrap_or_else(|| panic!("there is no {name}"));
    assert_eq!(label("io.buildpacks.lifecycle.version"), VERSION);
    let apis = r#"{"buildpack":{"deprecated":[],"supported":["0.7","0.8","0.9","0.10","0.11","0.12"]},"platform":{"deprecated":[],"supported":["0.7","0.8","0.9","0.10","0.11","0.12","0.13","0.14","0.15"]}}"#;
    assert_eq!(label("io.buildpacks.lifecycle.apis"), apis);
    let builder: Value = serde_json::from_str(label("io.buildpacks.builder.metadata")).unwrap();
    let expected =
        json!({ "lifecycle": { "version": VERSION }, "api": { "buildpack": "0.7", "platform": "0.7" } });
    assert_eq!(builder, expected);
    let config = &image.config.config;
    assert_eq!((config.working_dir.as_str(), config.user.as_str()), ("/layers", "0"));
    assert!(config.entrypoint.is_empty() && config.cmd.is_empty());
    assert!(config.env("PATH").is_some());
    assert_eq!(image.config.created.as_deref(), Some("1980-01-01T00:00:01Z"));
}

#[test]
fn the_file_holds_what_the_directory_holds() {
    let packed = Packed::make();
    let directory = packed.output(&format!("lifecycle-v{VERSION}-image"));
    let archive = fs_err::File::open(packed.output(&format!("lifecycle-v{VERSION}-image.tar"))).unwrap();
    let mut names = Vec::new();
    for entry in entries(archive).into_iter().filter(|entry| entry.header.entry_type().is_file()) {
        assert_eq!(entry.contents, fs_err::read(directory.join(&entry.name)).unwrap(), "{}", entry.name);
        names.push(entry.name);
    }
    let blobs = fs_err::read_dir(directory.join("blobs/sha256")).unwrap().count();
    assert_eq!(names.len(), blobs + LAYOUT_FILES.len());
    assert!(LAYOUT_FILES.iter().all(|name| names.iter().any(|other| other == name)));
}

#[test]
fn another_tool_can_read_and_copy_it() {
    if !test_kit::has_program("skopeo") {
        return;
    }
    let packed = Packed::make();
    let home = packed.path("home");
    fs_err::create_dir(&home).unwrap();
    let skopeo = |arguments: &[&str]| {
        let mut command = Command::new("skopeo");
        let output = command.arg("--insecure-policy").args(arguments).env("HOME", &home).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let image = format!("{}:{VERSION}", packed.output(&format!("lifecycle-v{VERSION}-image")).display());
    let packed_image = packed.output(&format!("lifecycle-v{VERSION}-image.tar"));
    for source in [format!("oci:{image}"), format!("oci-archive:{}:{VERSION}", packed_image.display())] {
        for architecture in ["amd64", "arm64"] {
            let told = skopeo(&["--override-os=linux", "--override-arch", architecture, "inspect", &source]);
            let told: Value = serde_json::from_slice(&told).unwrap();
            assert_eq!(told["Architecture"], architecture);
            assert_eq!(told["Labels"]["io.buildpacks.lifecycle.version"], VERSION);
            assert_eq!(told["Layers"].as_array().unwrap().len(), 2);
        }
    }
    // With all blobs, and with the manifests as they are.
    let copy = format!("oci:{}", packed.path("copy:latest").display());
    skopeo(&["copy", "--all", "--preserve-digests", &format!("oci:{image}"), &copy]);
    // In Docker's form.
    let converted = format!("dir:{}", packed.path("converted").display());
    skopeo(&["--override-os=linux", "copy", "--format=v2s2", &format!("oci:{image}"), &converted]);
}
