//! The target data of images.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use image_store::{ImageStore, LayoutStore, target_data};
use spec_model::target::{Distro, TargetData};
use test_kit::{ImageFixture, LayerFixture};

const OS_RELEASE: &str = "NAME=x\nID=acme\nVERSION_ID=\"7\"\n";

fn target_of(fixture: &ImageFixture) -> TargetData {
    let dir = tempfile::tempdir().unwrap();
    fixture.write(&dir.path().join("r.example/run/latest"));
    let store = LayoutStore::new(dir.path()).unwrap();
    let image = store.resolve("r.example/run").unwrap().unwrap();
    target_data(&store, &image)
}

fn fixture() -> ImageFixture {
    ImageFixture::default()
}

fn acme(version: &str) -> Distro {
    Distro { name: "acme".to_owned(), version: version.to_owned() }
}

#[test]
fn target_data_comes_from_config_and_labels() {
    let mut fixture = fixture()
        .layer(&[("etc/os-release", OS_RELEASE)])
        .label("io.buildpacks.base.id", "com.acme.base")
        .label("io.buildpacks.base.distro.name", "acme")
        .label("io.buildpacks.base.distro.version", "8");
    fixture.config["architecture"] = "arm64".into();
    fixture.config["variant"] = "v8".into();
    let expected = TargetData {
        id: "com.acme.base".to_owned(),
        os: "linux".to_owned(),
        arch: "arm64".to_owned(),
        arch_variant: "v8".to_owned(),
        distro: Some(acme("8")),
    };
    assert_eq!(target_of(&fixture), expected);
}

#[test]
fn one_label_is_enough() {
    let fixture = fixture().label("io.buildpacks.base.distro.name", "acme");
    assert_eq!(target_of(&fixture).distro, Some(acme("")));
}

#[test]
fn the_distribution_is_inferred_from_the_layers() {
    let linked = [("usr/lib/os-release", OS_RELEASE), ("etc/os-release", "link:../usr/lib/os-release")];
    let newer = OS_RELEASE.replace('7', "8");
    for (layers, distro) in [
        (vec![fixture().layer(&[("./etc/os-release", OS_RELEASE)])], Some(acme("7"))),
        (
            vec![
                fixture().layer(&[("etc/os-release", "ID=x")]),
                fixture().layer(&[("etc/os-release", &newer)]),
            ],
            Some(acme("8")),
        ),
        (vec![fixture().layer(&linked), fixture().layer(&[("etc/other", "")])], Some(acme("7"))),
        (vec![fixture().layer(&linked), fixture().layer(&[("usr/lib/os-release", &newer)])], Some(acme("8"))),
        (vec![fixture().layer(&[("etc/os-release", "link:/usr/lib/os-release")])], None),
        (vec![fixture().layer(&[("etc/os-release", "link:/opt/os-release")])], None),
        (vec![fixture().layer(&linked), fixture().layer(&[("etc/.wh.os-release", "")])], None),
        (vec![fixture().layer(&linked), fixture().layer(&[("etc/.wh..wh..opq", "")])], None),
        (vec![fixture().layer(&[("etc/os-release", OS_RELEASE), ("etc/.wh..wh..opq", "")])], Some(acme("7"))),
        (vec![fixture().layer(&[("etc/os-release/", "")])], None),
        (vec![fixture().layer(&[("etc/other", OS_RELEASE)])], None),
        (vec![], None),
    ] {
        let layers: Vec<_> = layers.into_iter().flat_map(|image| image.layers).collect();
        assert_eq!(
            target_of(&ImageFixture { layers: layers.clone(), ..fixture() }).distro,
            distro,
            "{layers:?}"
        );
    }
}

#[test]
fn a_bionic_image_is_known_by_its_stack() {
    let fixture = fixture().label("io.buildpacks.stack.id", "io.buildpacks.stacks.bionic");
    let expected = Some(Distro { name: "ubuntu".to_owned(), version: "18.04".to_owned() });
    assert_eq!(target_of(&fixture).distro, expected);
}

#[test]
fn layers_that_cannot_be_read_leave_the_distribution_unknown() {
    let image = fixture().layer(&[("etc/os-release", OS_RELEASE)]);
    assert_eq!(target_of(&ImageFixture { sparse: true, ..image.clone() }).distro, None);
    let mut broken = image;
    broken.layers = vec![LayerFixture::compressed(b"no archive".repeat(100))];
    assert_eq!(target_of(&broken).distro, None);
}

#[test]
fn images_for_other_systems_have_no_os_release() {
    let mut fixture = fixture().layer(&[("etc/os-release", OS_RELEASE)]);
    fixture.config["os"] = "windows".into();
    assert_eq!(target_of(&fixture).distro, None);
}
