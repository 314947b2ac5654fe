//! The extended run image.

use crate::support::{Fixture, is_root};

#[test]
fn each_step_that_changes_files_is_a_layer() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension(
        "one/x",
        "RUN echo new > /opt/new\nENV A=1\nRUN rm /opt/old\nRUN true\nCOPY file /opt/copied",
    );
    fixture.extension("two", "LABEL of=extension\nWORKDIR /made\nRUN echo $A > here");
    fixture.extend();
    assert_eq!(
        fixture.layers(),
        [vec!["opt/new"], vec!["opt/.wh.old"], vec!["opt/copied"], vec![], vec!["made/here"]]
    );
    assert_eq!(fixture.text("made/here"), "1\n");
    let (_, image) = fixture.image();
    let history: Vec<_> = image.config.history.iter().map(|entry| entry.created_by.as_str()).collect();
    assert_eq!(
        history,
        [
            "base",
            "Layer: 'RUN echo new > /opt/new', Created by extension: one/x",
            "Layer: 'RUN rm /opt/old', Created by extension: one/x",
            "Layer: 'COPY file /opt/copied', Created by extension: one/x",
            "Layer: 'WORKDIR /made', Created by extension: two",
            "Layer: 'RUN echo $A > here', Created by extension: two",
        ]
    );
    let config = &image.config.config;
    assert_eq!((config.labels["of"].as_str(), config.user.as_str()), ("extension", "1000:1001"));
    assert_eq!(config.labels["io.buildpacks.rebasable"], "false");
    assert_eq!(config.env, ["PATH=/usr/bin:/bin", "OF_IMAGE=yes", "A=1"]);
    let diff_ids: Vec<_> = image.layers().map(|layer| layer.diff_id.to_string()).collect();
    assert_eq!(diff_ids[..1], fixture.base.diff_ids);
}

#[test]
fn the_base_layers_stay_where_they_are() {
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "LABEL io.buildpacks.rebasable=true");
    fixture.extend();
    let (_, image) = fixture.image();
    assert_eq!(image.layers().count(), 1);
    assert_eq!(image.config.config.labels["io.buildpacks.rebasable"], "true");
    let blobs = fixture.inputs.extended.join("run").join(image.manifest_document.digest.to_string());
    assert_eq!(fs_err::read_dir(blobs.join("blobs/sha256")).unwrap().count(), 2, "manifest and config");
}

#[test]
fn without_dockerfiles_the_image_is_the_base() {
    let fixture = Fixture::run_image();
    fixture.extend();
    let (_, image) = fixture.image();
    assert_eq!(image.config.config.labels.len(), 1);
    assert_eq!(image.layers().count(), 1);
}

#[test]
fn a_step_sees_the_image_and_nothing_else() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "USER root\nRUN env > /opt/root; id >> /opt/root\nUSER cnb\nWORKDIR /home/cnb\nRUN env > /tmp/cnb; id >> /tmp/cnb");
    fixture.extend();
    let sorted = |name: &str| {
        let text = fixture.text(name);
        let mut lines: Vec<_> =
            text.lines().filter(|line| !line.starts_with("_=")).map(str::to_owned).collect();
        lines.sort();
        lines.join(" ")
    };
    assert_eq!(
        sorted("opt/root"),
        "HOME=/root OF_IMAGE=yes PATH=/usr/bin:/bin PWD=/ uid=0(root) gid=0(root) groups=0(root)"
    );
    assert_eq!(
        sorted("tmp/cnb"),
        "HOME=/home/cnb OF_IMAGE=yes PATH=/usr/bin:/bin PWD=/home/cnb uid=1000(cnb) gid=1001(cnb) groups=1001(cnb)"
    );
}

#[test]
fn what_phases_and_platforms_share_is_no_part_of_the_image() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "USER root\nRUN echo > /layers/x; echo > /platform/x; mkdir -p /var/run /kaniko; echo > /kaniko/x\nRUN echo > /workspace2\nUSER cnb");
    fixture.inputs.layers = fixture.in_root("layers");
    fixture.extend();
    assert_eq!(fixture.layers().concat(), ["workspace2"]);
}

#[test]
fn scripts_come_in_here_documents() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension(
        "x",
        "USER root\nRUN <<E\necho one > /opt/one\nE\nRUN <<E\n#!/bin/sh -e\necho $0 > /opt/two\nE\nRUN cat <<'E' > /opt/three\n$A\nE\nRUN [\"/bin/cp\", \"/opt/old\", \"/opt/$A\"]\nUSER cnb",
    );
    fixture.extend();
    for (name, text) in
        [("opt/one", "one\n"), ("opt/two", "/.extender-script\n"), ("opt/three", "$A\n"), ("opt/$A", "old\n")]
    {
        assert_eq!(fixture.text(name), text, "{name}");
    }
    assert!(!fixture.in_root(".extender-script").exists());
    assert_eq!(fixture.layers(), [["opt/one"], ["opt/two"], ["opt/three"], ["opt/$A"]]);
}

#[test]
fn build_arguments_come_from_extend_config() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "ARG wanted\nARG user_id\nRUN echo $wanted $user_id $unwanted > /tmp/args\n");
    fixture.generated(
        "x/extend-config.toml",
        "[[run.args]]\nname = 'wanted'\nvalue = 'this'\n[[run.args]]\nname = 'unwanted'\nvalue = 'x'\n[[build.args]]\nname = 'wanted'\nvalue = 'that'",
    );
    fixture.extend();
    assert_eq!(fixture.text("tmp/args"), "this 1000\n");
}

#[test]
fn dockerfiles_lie_where_the_platform_api_says() {
    let mut fixture = Fixture::run_image();
    fixture.extension("a/b", "LABEL is=new");
    fixture.inputs.platform_api = spec_model::PlatformApi::V0_12;
    fixture.generated("run/a_b/Dockerfile", "FROM ${base_image}\nLABEL is=$x\n");
    fixture.extend();
    assert_eq!(fixture.image().1.config.config.labels["is"], "");
    fixture.inputs.platform_api = spec_model::PlatformApi::V0_13;
    fixture.extend();
    assert_eq!(fixture.image().1.config.config.labels["is"], "new");
}
