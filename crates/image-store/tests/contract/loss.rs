//! Registries that forget blobs before the manifest names them.

use std::sync::Arc;

use image_store::{ImageStore, StoreError};
use test_registry::{Fault, FaultProxy, TestRegistry};

use crate::backend::Registry;
use crate::writing::{base, finished, layer, plan, resolve, valid, write, write_layer};

/// A registry that loses things when a manifest is put.
fn forgetful() -> Option<(Arc<TestRegistry>, FaultProxy)> {
    let registry = Arc::new(TestRegistry::plain()?);
    let proxy = FaultProxy::before(&registry);
    Some((registry, proxy))
}

/// Lets the registry lose blobs of a repository just before it gets the next manifest.
fn lose(registry: &Arc<TestRegistry>, proxy: &FaultProxy, repository: &'static str, blobs: Vec<String>) {
    let registry = Arc::clone(registry);
    let run = Fault::run(move || blobs.iter().for_each(|blob| registry.remove_blob_from(repository, blob)));
    proxy.on("PUT", "/manifests/", 1..=1, run);
}

#[test]
fn the_config_and_layers_of_the_base_are_brought_again() {
    let Some((registry, proxy)) = forgetful() else { return };
    let store = Registry::registry_store();
    let base_layers = registry.push("run:base", &base()).layers;
    let base = resolve(&store, &format!("{}/run:base", proxy.address()));
    let app = format!("{}/app:v1", proxy.address());
    write(&store, &app, &base, &[layer("a")], &[]);
    let config = resolve(&store, &app).manifest.config.digest.to_string();
    for lost in [vec![config.clone()], vec![base_layers[1].clone()], [base_layers, vec![config]].concat()] {
        lose(&registry, &proxy, "app", lost);
        write(&store, &app, &base, &[layer("a")], &[]);
        valid(&store, &app);
        proxy.heal();
    }
}

#[test]
fn new_layers_are_asked_for_again() {
    let Some((registry, proxy)) = forgetful() else { return };
    let store = Registry::registry_store();
    registry.push("run:base", &base());
    let base = resolve(&store, &format!("{}/run:base", proxy.address()));
    let app = format!("{}/app:v1", proxy.address());
    let old = write(&store, &app, &base, &[layer("old")], &[]);

    let fixtures = [layer("a"), layer("b")];
    let writer = store.begin(&app, &base, None).unwrap();
    let layers: Vec<_> = fixtures.iter().map(|layer| write_layer(writer.as_ref(), layer)).collect();
    let lost = finished(&fixtures[1]).digest;
    lose(&registry, &proxy, "app", vec![lost.to_string()]);
    let plan = plan(layers);
    match writer.commit(&plan, &[]).unwrap_err() {
        StoreError::Lost { image, layers } => assert_eq!((image, layers), (app.clone(), vec![lost])),
        error => assert_eq!(error.to_string(), "lost"),
    }
    assert_eq!(valid(&store, &app).identifier, old.identifier);
    let early = writer.commit(&plan, &[]).unwrap_err();
    assert!(matches!(early, StoreError::NeverWritten { .. }), "{early}");
    write_layer(writer.as_ref(), &fixtures[1]);
    writer.commit(&plan, &[]).unwrap();
    assert_eq!(valid(&store, &app).layers().len(), 4);
}

#[test]
fn blobs_that_are_missed_without_being_named_are_found_out() {
    let Some((registry, proxy)) = forgetful() else { return };
    let store = Registry::registry_store();
    registry.push("run:base", &base());
    let base = resolve(&store, &format!("{}/run:base", proxy.address()));
    let app = format!("{}/app:v1", proxy.address());
    let writer = store.begin(&app, &base, None).unwrap();
    let fixture = layer("a");
    let plan = plan(vec![write_layer(writer.as_ref(), &fixture)]);
    registry.remove_blob_from("app", &finished(&fixture).digest.to_string());
    proxy.on("PUT", "/manifests/", 1..=1, Fault::error(400, "MANIFEST_BLOB_UNKNOWN"));
    let lost = writer.commit(&plan, &[]).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { .. }), "{lost}");
    write_layer(writer.as_ref(), &fixture);
    writer.commit(&plan, &[]).unwrap();
    valid(&store, &app);
}

#[test]
fn a_registry_that_goes_on_forgetting_is_given_up() {
    let Some((registry, proxy)) = forgetful() else { return };
    let store = Registry::registry_store();
    registry.push("run:base", &base());
    let base = resolve(&store, &format!("{}/run:base", proxy.address()));
    let app = format!("{}/app:v1", proxy.address());
    proxy.on("PUT", "/manifests/", .., Fault::error(400, "MANIFEST_BLOB_UNKNOWN"));
    let writer = store.begin(&app, &base, None).unwrap();
    let plan = plan(vec![write_layer(writer.as_ref(), &layer("a"))]);
    let error = writer.commit(&plan, &[]).unwrap_err().to_string();
    assert!(error.contains("MANIFEST_BLOB_UNKNOWN") && error.contains("app"), "{error}");
    assert_eq!(proxy.count("PUT", "/manifests/"), 2);
    assert!(store.resolve(&app).unwrap().is_none());
}
