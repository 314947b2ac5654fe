//! The cache in an image, against a real registry.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Read;

use cache::{Cache, CacheBlobSink, CacheImage, CacheLayer, CacheWriter};
use image_store::{ImageStore, Presence, RegistryStore, validate};
use layer::{Compressors, LayerSource, LayerSummary, Owner};
use registry::{Client, Patience};
use sha2::{Digest as _, Sha256};
use spec_model::DiffId;
use spec_model::labels::CACHE_METADATA as LABEL;
use spec_model::lifecycle_metadata::{BuildpackLayer, BuildpackLayers, CacheMetadata};
use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, TestRegistry};

fn store() -> RegistryStore {
    RegistryStore::new(Client::new(&[], credentials::Keychain::default(), &[], Patience::default()))
}

fn cache(registry: &str, keeps_old: bool) -> CacheImage {
    CacheImage::open(store(), &format!("{registry}/team/cache"), keeps_old).unwrap()
}

fn blob_sink(writer: &dyn CacheWriter) -> Box<dyn CacheBlobSink> {
    match writer.layer().unwrap() {
        CacheLayer::Blob(sink) => sink,
        CacheLayer::Archive(_) => panic!("images keep compressed archives"),
    }
}

/// Writes a layer that holds one file with the given text.
fn write(writer: &dyn CacheWriter, text: &str) -> LayerSummary {
    let directory = tempfile::tempdir().unwrap();
    fs_err::write(directory.path().join("file"), text).unwrap();
    let source = LayerSource::directory(text, directory.path(), Owner { uid: 1, gid: 1 });
    let mut sink = blob_sink(writer);
    let summary = source.write(&mut sink, None, Compressors::default()).unwrap();
    sink.finish(&summary).unwrap();
    summary
}

fn metadata(layers: &[(&str, &LayerSummary)]) -> CacheMetadata {
    let layer = |summary: &LayerSummary| BuildpackLayer {
        sha: summary.diff_id.to_string(),
        cache: true,
        ..BuildpackLayer::default()
    };
    metadata_of(layers.iter().map(|(name, summary)| ((*name).to_owned(), layer(summary))))
}

fn metadata_of(layers: impl IntoIterator<Item = (String, BuildpackLayer)>) -> CacheMetadata {
    let layers = layers.into_iter().collect();
    let entry =
        BuildpackLayers { key: "acme/web".parse().unwrap(), version: "1".into(), layers, store: None };
    CacheMetadata { buildpacks: vec![entry], ..CacheMetadata::default() }
}

fn diff_id(text: &str) -> DiffId {
    DiffId::from_sha256(Sha256::digest(text).into())
}

fn read(cache: &dyn Cache, layer: &LayerSummary) -> Vec<u8> {
    let mut archive = Vec::new();
    cache.open_layer(&layer.diff_id).unwrap().read_to_end(&mut archive).unwrap();
    archive
}

fn layers_of(registry: &str) -> Vec<String> {
    let image = store().resolve(&format!("{registry}/team/cache")).unwrap().unwrap();
    validate(&store(), &image, Presence::Complete).unwrap();
    image.config.rootfs.diff_ids.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_written_comes_back() {
    let Some(registry) = TestRegistry::plain() else { return };
    let address = registry.address();
    let empty = cache(&address, true);
    assert_eq!(empty.metadata(), CacheMetadata::default());
    let writer = empty.begin().unwrap();
    let (b, a) = (write(writer.as_ref(), "b"), write(writer.as_ref(), "a"));
    let written = metadata(&[("a", &a), ("b", &b)]);
    writer.commit(&written).unwrap();

    let filled = cache(&address, true);
    assert_eq!(filled.metadata(), written);
    assert_eq!(DiffId::from_sha256(Sha256::digest(read(&filled, &a)).into()), a.diff_id);
    assert_eq!(layers_of(&address), [a.diff_id.to_string(), b.diff_id.to_string()]);
}

#[test]
fn a_kept_layer_is_not_sent_again_and_listed_twice() {
    let Some(registry) = TestRegistry::plain() else { return };
    let proxy = FaultProxy::before(&registry);
    let writer = cache(&proxy.address(), true).begin().unwrap();
    let kept = write(writer.as_ref(), "kept");
    writer.commit(&metadata(&[("kept", &kept)])).unwrap();
    proxy.forget();

    let writer = cache(&proxy.address(), true).begin().unwrap();
    assert!(!writer.reuse(&diff_id("unknown")).unwrap());
    assert!(writer.reuse(&kept.diff_id).unwrap());
    writer.commit(&metadata(&[("kept", &kept)])).unwrap();
    assert_eq!(proxy.count("PATCH", ""), 0);
    assert_eq!(layers_of(&registry.address()), [kept.diff_id.to_string(), kept.diff_id.to_string()]);
}

#[test]
fn a_layer_of_the_app_image_is_taken_over_without_its_bytes() {
    let Some(registry) = TestRegistry::plain() else { return };
    let proxy = FaultProxy::before(&registry);
    let app = ImageFixture::default().layer(&[("file", "text")]);
    let pushed = registry.push("team/app:latest", &app);
    let image = format!("{}/team/app", proxy.address());
    let descriptor = store().resolve(&image).unwrap().unwrap().manifest.layers[0].clone();
    let layer: DiffId = pushed.diff_ids[0].parse().unwrap();

    let cache = cache(&proxy.address(), true);
    let writer = cache.begin().unwrap();
    assert!(writer.adopts_from(&image) && !writer.adopts_from("other.example/team/app"));
    proxy.forget();
    assert!(writer.adopt(&image, &layer, &descriptor).unwrap());
    assert_eq!(proxy.body_bytes("*", "blobs"), (0, 0));
    let entry = BuildpackLayer { sha: layer.to_string(), cache: true, ..BuildpackLayer::default() };
    writer.commit(&metadata_of([("l".to_owned(), entry)])).unwrap();
    assert_eq!(layers_of(&registry.address()), [layer.to_string()]);
}

#[test]
fn a_cache_without_layers_is_an_image_nevertheless() {
    let Some(registry) = TestRegistry::plain() else { return };
    let address = registry.address();
    cache(&address, true).begin().unwrap().commit(&metadata(&[])).unwrap();
    assert_eq!(layers_of(&address).len(), 1);
    assert_eq!(cache(&address, true).metadata(), metadata(&[]));
}

#[test]
fn an_uncommitted_cache_leaves_the_old_one() {
    let Some(registry) = TestRegistry::plain() else { return };
    let address = registry.address();
    let writer = cache(&address, true).begin().unwrap();
    let old = write(writer.as_ref(), "old");
    writer.commit(&metadata(&[("old", &old)])).unwrap();
    let writer = cache(&address, true).begin().unwrap();
    write(writer.as_ref(), "new");
    drop(writer);
    assert_eq!(layers_of(&address), [old.diff_id.to_string()]);

    let proxy = FaultProxy::before(&registry);
    proxy.on("PUT", "/manifests/", .., Fault::status(507));
    let writer = cache(&proxy.address(), true).begin().unwrap();
    let new = write(writer.as_ref(), "new");
    let error = writer.commit(&metadata(&[("new", &new)])).unwrap_err().to_string();
    assert!(error.contains("team/cache") && error.contains("507"), "{error}");
    assert_eq!(layers_of(&address), [old.diff_id.to_string()]);
}

#[test]
fn a_replaced_image_stays_only_where_it_is_to_be_kept() {
    let Some(registry) = TestRegistry::plain() else { return };
    let address = registry.address();
    for keeps_old in [true, false] {
        let writer = cache(&address, keeps_old).begin().unwrap();
        let old = write(writer.as_ref(), "old");
        writer.commit(&metadata(&[("old", &old)])).unwrap();
        let identifier = store().resolve(&format!("{address}/team/cache")).unwrap().unwrap().identifier;
        let writer = cache(&address, keeps_old).begin().unwrap();
        let new = write(writer.as_ref(), "new");
        writer.commit(&metadata(&[("new", &new)])).unwrap();
        assert_eq!(store().resolve(&identifier).unwrap().is_some(), keeps_old);
        assert_eq!(layers_of(&address), [new.diff_id.to_string()]);
    }
}

#[test]
fn what_is_missing_or_damaged_is_a_miss() {
    let Some(registry) = TestRegistry::plain() else { return };
    let address = registry.address();
    let writer = cache(&address, true).begin().unwrap();
    let (lost, damaged) = (write(writer.as_ref(), "lost"), write(writer.as_ref(), "damaged"));
    writer.commit(&metadata(&[("damaged", &damaged), ("lost", &lost)])).unwrap();
    registry.remove_blob(&lost.digest.to_string());
    registry.corrupt_blob(&damaged.digest.to_string());
    let cache_image = cache(&address, true);
    assert!(cache_image.open_layer(&lost.diff_id).is_err());
    assert!(cache_image.open_layer(&diff_id("unknown")).is_err());
    let opened = cache_image.open_layer(&damaged.diff_id);
    assert!(opened.is_err() || opened.unwrap().read_to_end(&mut Vec::new()).is_err());

    registry.push("team/cache:latest", &ImageFixture::default().label(LABEL, "{"));
    assert_eq!(cache(&address, true).metadata(), CacheMetadata::default());
    registry.put_manifest("team/cache", "latest", "application/vnd.oci.image.manifest.v1+json", b"{}");
    assert_eq!(cache(&address, true).metadata(), CacheMetadata::default());
    assert_eq!(cache("127.0.0.1:1", true).metadata(), CacheMetadata::default());
}
