//! `cnb sbom download`.

use std::process::Output;

use test_kit::{ImageFixture, LayerFixture, sha256};

use crate::support::{Workspace, stderr};

const LABEL: &str = "io.buildpacks.lifecycle.metadata";

/// An image whose SBOM layer is the given one.
fn image(layer: LayerFixture) -> ImageFixture {
    let label = format!(r#"{{"sbom":{{"sha":"{}"}},"buildpacks":[]}}"#, sha256(&layer.archive));
    let mut image = ImageFixture::default().layer(&[("bin/sh", "x")]).label(LABEL, &label);
    image.layers.push(layer);
    image
}

fn download(workspace: &Workspace, image: &ImageFixture) -> Output {
    image.write(&workspace.image_dir("localhost/app"));
    let output_dir = workspace.path("output");
    workspace
        .cnb(&["sbom", "download"])
        .arg("--output-dir")
        .arg(output_dir)
        .arg("localhost/app")
        .output()
        .unwrap()
}

#[test]
fn the_files_are_below_the_output_directory_as_in_the_image() {
    let workspace = Workspace::new();
    let path = "layers/sbom/launch/acme_node/modules/sbom.cdx.json";
    let files = [("layers/", ""), ("layers/sbom/", ""), (path, "{\"bom\":1}")];
    let output = download(&workspace, &image(LayerFixture::of(&files)));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(fs_err::read_to_string(workspace.path("output").join(path)).unwrap(), "{\"bom\":1}");
    assert!(!workspace.path("output/bin").exists());
}

#[test]
fn an_image_without_sbom_says_so() {
    for (image, reason) in [
        (ImageFixture::default(), "buildpacks did not build it"),
        (ImageFixture::default().label(LABEL, "{}"), "none of its buildpacks wrote one"),
        (ImageFixture::default().label(LABEL, r#"{"sbom":{"sha":""}}"#), "none of its buildpacks wrote one"),
        (ImageFixture::default().label(LABEL, r#"{"sbom":{"sha":"x"}}"#), "'x', which is no digest"),
        (ImageFixture::default().label(LABEL, "{"), LABEL),
    ] {
        let workspace = Workspace::new();
        let output = download(&workspace, &image);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(!workspace.path("output").exists());
    }
}

#[test]
fn hostile_layers_stay_in_the_output_directory() {
    let workspace = Workspace::new();
    let upwards = |name: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_mode(0o644);
        header.set_size(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, std::io::empty()).unwrap();
        LayerFixture::compressed(archive.into_inner().unwrap())
    };
    let target = workspace.path("");
    let through_link =
        LayerFixture::of(&[("link", &format!("link:{}", target.display())), ("link/evil", "evil")]);
    for layer in [upwards(b"../evil"), upwards(b"layers/../../evil"), through_link] {
        let output = download(&workspace, &image(layer));
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("evil"), "{}", stderr(&output));
        assert!(!workspace.path("evil").exists());
    }
}

#[test]
fn a_layer_that_is_not_the_named_one_is_an_error() {
    let workspace = Workspace::new();
    let image = image(LayerFixture::of(&[("layers/sbom/sbom.cdx.json", "1")]));
    let written = image.write(&workspace.image_dir("localhost/app"));
    let digest = written.layers[1].strip_prefix("sha256:").unwrap();
    let blob = workspace.image_dir("localhost/app").join("blobs/sha256").join(digest);
    fs_err::write(blob, LayerFixture::of(&[("layers/sbom/sbom.cdx.json", "2")]).blob).unwrap();
    let output = workspace
        .cnb(&["sbom", "download"])
        .arg("--output-dir")
        .arg(workspace.path("output"))
        .arg("localhost/app")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(digest), "{}", stderr(&output));
}
