//! The documents of a rebased image, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use image::{Descriptor, ImageConfig, Manifest, NewLayer, Plan, RebasePlan, media_type};
use spec_model::{DiffId, Digest};

const BASE_LABELS: &[&str] = &["io.buildpacks.stack.", "io.buildpacks.base."];

fn digest(digit: char) -> Digest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn diff_id(digit: char) -> DiffId {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

/// An OCI manifest with annotations and a subject of its own.
fn base_manifest() -> Manifest {
    let layer = Descriptor::new(media_type::MediaType::ImageLayerGzip, 1, digest('a'));
    Manifest {
        schema_version: 2,
        media_type: None,
        config: Descriptor::new(media_type::MediaType::ImageConfig, 1, digest('0')),
        layers: vec![layer.clone()],
        annotations: BTreeMap::from([("of".to_owned(), "the base".to_owned())]),
        subject: Some(layer),
        artifact_type: None,
    }
}

fn config(text: &str) -> ImageConfig {
    ImageConfig::parse(text.as_bytes()).unwrap()
}

fn base() -> ImageConfig {
    config(
        r#"{"architecture":"arm64","os":"linux","os.version":"2","created":"2024-01-01T00:00:00Z","author":"base",
        "history":[{"created_by":"x"},{"created_by":"ENV","empty_layer":true}],"config":{"User":"3000",
        "Env":["PATH=/new"],"Labels":{"io.buildpacks.base.id":"new","io.buildpacks.stack.x":"y","other":"base"}},
        "rootfs":{"type":"layers","diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]}}"#,
    )
}

fn app() -> ImageConfig {
    config(
        r#"{"architecture":"arm64","variant":"v8","os":"linux","os.version":"1","author":"app","unknown":1,
        "history":[{"created_by":"old base"},{"created_by":"app"}],"config":{"User":"1000","Env":["A=b"],
        "Entrypoint":["/cnb/process/web"],"WorkingDir":"/workspace","Labels":{"io.buildpacks.base.id":"old",
        "io.buildpacks.base.distro.name":"old","io.buildpacks.basement":"kept","m":"old"}},
        "rootfs":{"type":"layers","diff_ids":[]}}"#,
    )
}

fn plan(app: ImageConfig) -> RebasePlan {
    let descriptor = Descriptor::new(media_type::new_layer(), 3, digest('c'));
    RebasePlan {
        app,
        layers: vec![NewLayer { descriptor, diff_id: diff_id('3'), created_by: "told nowhere".to_owned() }],
        base_labels: BASE_LABELS,
        labels: vec![("m".to_owned(), "new".to_owned())],
    }
}

fn rebased(app: ImageConfig, base: &ImageConfig) -> ImageConfig {
    let documents = plan(app).apply(&base_manifest(), base, BTreeMap::new()).unwrap();
    ImageConfig::parse(&documents.config.bytes).unwrap()
}

#[test]
fn the_config_is_the_apps_own_on_another_base() {
    let documents = plan(app()).apply(&base_manifest(), &base(), BTreeMap::new()).unwrap();
    let expected = [
        r#"{"architecture":"arm64","author":"app","created":"1980-01-01T00:00:01Z","history":["#,
        r#"{"created":"1980-01-01T00:00:01Z"},{"created":"1980-01-01T00:00:01Z"}],"os":"linux","#,
        r#""rootfs":{"type":"layers","diff_ids":["#,
        r#""sha256:1111111111111111111111111111111111111111111111111111111111111111","#,
        r#""sha256:3333333333333333333333333333333333333333333333333333333333333333"]},"#,
        r#""config":{"Entrypoint":["/cnb/process/web"],"Env":["A=b"],"Labels":{"io.buildpacks.base.id":"new","#,
        r#""io.buildpacks.basement":"kept","io.buildpacks.stack.x":"y","m":"new"},"User":"1000","#,
        r#""WorkingDir":"/workspace"},"os.version":"2","variant":"v8","unknown":1}"#,
    ]
    .concat();
    assert_eq!(String::from_utf8(documents.config.bytes).unwrap(), expected);
}

#[test]
fn the_manifest_is_of_dockers_form_and_lists_the_bases_layers_first() {
    let annotations = BTreeMap::from([("of".to_owned(), "the store".to_owned())]);
    let documents = plan(app()).apply(&base_manifest(), &base(), annotations).unwrap();
    assert_eq!(documents.media_type.as_ref(), media_type::DOCKER_MANIFEST);
    let manifest = Manifest::parse(&documents.manifest.bytes).unwrap();
    assert_eq!(manifest.media_type.unwrap().as_ref(), media_type::DOCKER_MANIFEST);
    assert_eq!(manifest.config.media_type.as_ref(), media_type::DOCKER_CONFIG);
    assert_eq!(manifest.config.digest, documents.config.digest);
    let layers: Vec<_> = manifest.layers.iter().map(|layer| (layer.digest, &layer.media_type)).collect();
    assert_eq!(
        layers,
        [(digest('a'), &media_type::MediaType::ImageLayerGzip), (digest('c'), &media_type::new_layer())]
    );
    assert_eq!(manifest.annotations["of"], "the store");
    assert_eq!(manifest.subject, None);
}

#[test]
fn the_variant_is_one_of_the_bases_architecture() {
    let with = |config: ImageConfig, architecture: &str, variant: &str| ImageConfig {
        architecture: architecture.to_owned(),
        variant: variant.to_owned(),
        ..config
    };
    for (of_app, of_base, expected) in [
        (("arm64", "v8"), ("arm64", ""), "v8"),
        (("arm64", ""), ("arm64", "v8"), "v8"),
        (("arm64", "v8"), ("arm64", "v9"), "v9"),
        (("arm", "v7"), ("arm64", "v8"), ""),
        (("arm", "v7"), ("amd64", ""), ""),
    ] {
        let app = with(app(), of_app.0, of_app.1);
        let rebased = rebased(app, &with(base(), of_base.0, of_base.1));
        assert_eq!(rebased.architecture, of_base.0);
        assert_eq!(rebased.variant, expected, "{of_app:?} on {of_base:?}");
    }
}
