//! The extended build image.

use buildpack::dockerfile::DockerfileKind;

use crate::support::{Fixture, is_root};

fn fixture(extensions: &[(&str, &str)]) -> Fixture {
    let mut fixture = Fixture::new(DockerfileKind::Build);
    for (id, instructions) in extensions {
        fixture.extension(id, instructions);
    }
    fixture
}

#[test]
fn the_file_system_is_changed_and_the_config_told() {
    if !is_root() {
        return;
    }
    let steps = [("x", "RUN echo 1 > /opt/new\nENV A=1\nRUN rm /opt/old\nUSER root")];
    let first = fixture(&steps);
    let config = first.try_extend().unwrap().unwrap();
    assert_eq!(config.env("A"), Some("1"));
    assert!(first.text("opt/new") == "1\n" && !first.in_root("opt/old").exists());
    assert!(!first.inputs.extended.exists(), "only run images are written");
    // From the cache, all of it is unpacked.
    let mut second = fixture(&steps);
    second.inputs.kaniko = first.path("kaniko");
    second.extend();
    assert!(second.text("opt/new") == "1\n" && !second.in_root("opt/old").exists());
}

#[test]
fn without_dockerfiles_there_is_nothing_to_do() {
    let mut fixture = fixture(&[]);
    fixture.inputs.base_image = String::new();
    assert_eq!(fixture.try_extend().unwrap(), None);
}

#[test]
fn a_build_image_must_not_be_switched() {
    let fixture = fixture(&[("x", "RUN true")]);
    fixture.generated("x/build.Dockerfile", "ARG base_image\nFROM reg.example/other\nRUN true");
    assert!(fixture.failure().contains("line 2: it must begin"));
}
