//! The documents of a new image, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use image::{
    ContainerConfig, Descriptor, History, ImageConfig, ImagePlan, Manifest, NewLayer, Plan, Timestamp,
    media_type,
};
use oci_spec::image::ANNOTATION_REF_NAME;
use spec_model::{DiffId, Digest};

const DOCKER_BASE: &str = include_str!("data/docker-base.json");
const DOCKER_APP: &str = include_str!("data/docker-app.json");
const DOCKER_APP_MANIFEST: &str = include_str!("data/docker-app-manifest.json");

fn digest(digit: char) -> Digest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn diff_id(digit: char) -> DiffId {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn layer(size: u64, digit: char) -> Descriptor {
    Descriptor::new(media_type::new_layer(), size, digest(digit))
}

fn docker_manifest() -> Manifest {
    Manifest {
        schema_version: 2,
        media_type: Some(media_type::DOCKER_MANIFEST.into()),
        config: Descriptor::new("application/vnd.docker.container.image.v1+json".into(), 1, digest('0')),
        layers: vec![layer(1, 'a'), layer(2, 'b')],
        annotations: BTreeMap::from([("b".to_owned(), "<1>".to_owned())]),
        subject: Some(layer(9, '9')),
        artifact_type: None,
    }
}

fn plan() -> ImagePlan {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    ImagePlan {
        layers: vec![NewLayer {
            descriptor: layer(3, 'c'),
            diff_id: diff_id('3'),
            created_by: "Layer: 'x', Created by buildpack: a@1".to_owned(),
        }],
        extended_config: None,
        labels: vec![pair("m", "overwritten"), pair("m", r#"{"x":"\u003c"}"#)],
        env: vec![pair("CNB_APP_DIR", "/workspace"), pair("PATH", "/cnb/process:/usr/bin:/bin")],
        entrypoint: vec!["/cnb/process/web".to_owned()],
        working_dir: "/workspace".to_owned(),
        created: Timestamp::from_unix(1_500_000_000).unwrap(),
        tells_history: true,
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn config_of(plan: &ImagePlan, base: &ImageConfig) -> ImageConfig {
    let documents = plan.apply(&docker_manifest(), base, BTreeMap::new()).unwrap();
    ImageConfig::parse(&documents.config.bytes).unwrap()
}

fn base() -> ImageConfig {
    ImageConfig::parse(DOCKER_BASE.as_bytes()).unwrap()
}

#[test]
fn the_documents_are_those_other_lifecycles_write() {
    let annotations = BTreeMap::from([(ANNOTATION_REF_NAME.to_owned(), "latest".to_owned())]);
    let documents = plan().apply(&docker_manifest(), &base(), annotations).unwrap();
    assert_eq!(text(&documents.config.bytes), DOCKER_APP.trim_end());
    assert_eq!(text(&documents.manifest.bytes), DOCKER_APP_MANIFEST.trim_end());
}

#[test]
fn keys_unknown_here_are_kept() {
    let base = r#"{"os":"linux","architecture":"amd64","x":{"b":1,"a":[null]},"history":null,"author":null,
        "config":{"Unknown":"<","Healthcheck":{"StartInterval":5,"Test":null}},"rootfs":{"diff_ids":null}}"#;
    let base = ImageConfig::parse(base.as_bytes()).unwrap();
    let documents = plan().apply(&docker_manifest(), &base, BTreeMap::new()).unwrap();
    let config = text(&documents.config.bytes);
    assert!(config.contains(r#""Healthcheck":{"StartInterval":5}"#), "{config}");
    assert!(
        config.ends_with(r#""WorkingDir":"/workspace","Unknown":"\u003c"},"x":{"a":[null],"b":1}}"#),
        "{config}"
    );
}

#[test]
fn history_that_does_not_match_the_layers_is_told_of_none() {
    let created = Some("2017-07-14T02:40:00Z".to_owned());
    let blank = History { created, ..History::default() };
    let told = |entry: &History| entry.created_by.clone();

    let mut base = base();
    base.history.remove(0);
    let history = config_of(&plan(), &base).history;
    assert_eq!(history[..2], [blank.clone(), blank.clone()]);
    assert_eq!(told(&history[2]), "Layer: 'x', Created by buildpack: a@1");

    let silent = ImagePlan { tells_history: false, ..plan() };
    assert_eq!(config_of(&silent, &base).history, vec![blank; 3]);
}

#[test]
fn an_extended_config_takes_the_place_of_the_bases() {
    let extended_config = Some(ContainerConfig { user: "2000".to_owned(), ..ContainerConfig::default() });
    let config = config_of(&ImagePlan { extended_config, ..plan() }, &base()).config;
    assert_eq!(config.user, "2000");
    assert_eq!(config.env, ["CNB_APP_DIR=/workspace", "PATH=/cnb/process:/usr/bin:/bin"]);
    assert_eq!(config.labels.len(), 1);
    assert!(config.exposed_ports.is_empty());
}

#[test]
fn a_malformed_config_is_refused_by_key() {
    for (config, key) in [
        (r#"{"rootfs":{"diff_ids":["sha256:1"]}}"#, "rootfs.diff_ids[0]"),
        (r#"{"config":{"Env":"A=b"}}"#, "config.Env"),
        (r#"{"os":7}"#, "os"),
        (r#"{"config":{"Labels":{"a":1}}}"#, "config.Labels.a"),
    ] {
        let error = ImageConfig::parse(config.as_bytes()).expect_err(config);
        assert!(error.to_string().contains(&format!("'{key}'")), "{error}");
    }
    assert!(ImageConfig::parse(b"[]").is_err());
    assert!(ImageConfig::parse(b"{\"os\":").is_err());
}
