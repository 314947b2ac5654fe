//! What a registry's store adds: nothing is moved that is there, and nothing is left behind.

use std::io::Write;

use image_store::ImageStore;
use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, Skopeo, TestRegistry};

use crate::backend::{Backend, Registry};
use crate::writing::{
    base, finished, large_layer, layer, new_layer, plan, resolve, valid, write, write_layer,
};

/// How many bytes of blobs went either way.
fn blob_bytes(proxy: &FaultProxy) -> u64 {
    let (sent, received) = proxy.body_bytes("*", "/blobs/");
    sent + received
}

/// How many uploads to a repository the registry holds bytes for. It keeps directories of those cancelled.
fn open_uploads(registry: &TestRegistry, repository: &str) -> usize {
    let uploads =
        registry.data_dir().join("docker/registry/v2/repositories").join(repository).join("_uploads");
    let Ok(uploads) = fs_err::read_dir(uploads) else { return 0 };
    uploads.filter(|upload| upload.as_ref().unwrap().path().join("data").exists()).count()
}

fn copied_by_skopeo(reference: &str) {
    let directory = tempfile::tempdir().unwrap();
    let _ = Skopeo::default().copy_to_dir(reference, directory.path(), "copy");
}

#[test]
fn what_is_written_can_be_copied_by_another_client() {
    let Some(backend) = Registry::new() else { return };
    let store = Registry::registry_store();
    for docker in [false, true] {
        backend.push("run:base", &ImageFixture { docker, ..base() });
        let base = resolve(&store, &backend.reference("run:base"));
        let reference = backend.reference("team/app:v1");
        let tags = [backend.reference("team/other:v2")];
        let written = write(&store, &reference, &base, &[layer("a"), layer("b")], &tags);
        let digest = written.digest.unwrap().to_string();
        assert_eq!(backend.registry.tagged("team/app", "v1"), Some(digest.clone()));
        assert_eq!(backend.registry.tagged("team/other", "v2"), Some(digest.clone()));
        assert!(written.identifier.ends_with(&format!("/team/app@{digest}")), "{}", written.identifier);
        copied_by_skopeo(&reference);
        copied_by_skopeo(&tags[0]);
    }
    assert_eq!(backend.registry.open_uploads("team/app"), 0);
    assert_eq!(backend.registry.open_uploads("team/other"), 0);
}

#[test]
fn layers_of_a_base_in_the_same_registry_are_mounted() {
    let Some(backend) = Registry::new() else { return };
    let store = Registry::registry_store();
    let mut fixture = base();
    fixture.layers.extend((0..4).map(|_| large_layer(1)));
    fixture.layers.push(layer("x"));
    backend.push("run:base", &fixture);
    let base = resolve(&store, &backend.reference("run:base"));
    backend.proxy.forget();
    let reference = backend.reference("app:v1");
    write(&store, &reference, &base, &[layer("a")], &[backend.reference("other:v2")]);
    assert_eq!(backend.proxy.body_bytes("GET", "/blobs/"), (0, 0));
    assert!(blob_bytes(&backend.proxy) < 100_000, "{}", blob_bytes(&backend.proxy));
    assert_eq!(open_uploads(&backend.registry, "app"), 0);
    valid(&store, &reference);
    valid(&store, &backend.reference("other:v2"));
}

#[test]
fn layers_of_a_base_in_another_registry_are_copied_once() {
    let (Some(here), Some(there)) = (Registry::new(), Registry::new()) else { return };
    let store = Registry::registry_store();
    let mut fixture = base();
    fixture.layers.push(large_layer(1));
    let size: usize = fixture.layers.iter().map(|layer| layer.blob.len()).sum();
    there.push("run:base", &fixture);
    let base = resolve(&store, &there.reference("run:base"));
    there.proxy.forget();
    let reference = here.reference("app:v1");
    write(&store, &reference, &base, &[], &[]);
    assert_eq!(there.proxy.body_bytes("GET", "/blobs/").1, size as u64);
    valid(&store, &reference);
    there.proxy.forget();
    write(&store, &reference, &base, &[layer("a")], &[]);
    assert_eq!(blob_bytes(&there.proxy), 0, "they are there by now");
    valid(&store, &reference);
}

#[test]
fn layers_of_the_previous_image_are_not_moved() {
    let Some(backend) = Registry::new() else { return };
    let store = Registry::registry_store();
    backend.push("run:base", &base());
    let base = resolve(&store, &backend.reference("run:base"));
    let (reference, kept) = (backend.reference("app:v1"), large_layer(1));
    write(&store, &reference, &base, std::slice::from_ref(&kept), &[]);
    let previous = resolve(&store, &reference);
    for name in ["app:v1", "app:v2", "elsewhere:v1"] {
        backend.proxy.forget();
        let writer = store.begin(&backend.reference(name), &base, Some(&previous)).unwrap();
        let descriptor = writer.reuse(&finished(&kept).diff_id).unwrap().unwrap();
        writer.commit(&plan(vec![new_layer(descriptor, &kept)]), &[]).unwrap();
        assert!(blob_bytes(&backend.proxy) < 10_000, "{name}: {}", blob_bytes(&backend.proxy));
        valid(&store, &backend.reference(name));
    }
}

#[test]
fn a_layer_in_another_image_of_the_registry_is_adopted() {
    let (Some(backend), Some(other)) = (Registry::new(), Registry::new()) else { return };
    let store = Registry::registry_store();
    backend.push("run:base", &base());
    let base = resolve(&store, &backend.reference("run:base"));
    let shared = large_layer(1);
    let writer = store.begin(&backend.reference("app:v1"), &base, None).unwrap();
    let written = write_layer(writer.as_ref(), &shared);
    backend.proxy.forget();
    let cache = backend.reference("cache:v1");
    let cache_writer = store.begin(&cache, &base, None).unwrap();
    assert!(cache_writer.adopts_from(&backend.reference("app:v1")));
    assert!(!cache_writer.adopts_from(&other.reference("app:v1")));
    assert!(cache_writer.adopt(&backend.reference("app:v1"), &written.descriptor).unwrap());
    assert_eq!(blob_bytes(&backend.proxy), 0);
    let descriptor = written.descriptor.clone();
    cache_writer.commit(&plan(vec![new_layer(descriptor, &shared)]), &[]).unwrap();
    valid(&store, &cache);
    backend.registry.remove_blob(&written.descriptor.digest.to_string());
    let third = store.begin(&backend.reference("third:v1"), &base, None).unwrap();
    assert!(!third.adopt(&backend.reference("app:v1"), &written.descriptor).unwrap());
}

#[test]
fn nothing_is_left_of_uploads_that_nobody_ends() {
    let Some(backend) = Registry::new() else { return };
    let store = Registry::registry_store();
    backend.push("run:base", &base());
    let base = resolve(&store, &backend.reference("run:base"));
    let reference = backend.reference("app:v1");
    store.check_write(&reference).unwrap();
    assert_eq!(open_uploads(&backend.registry, "app"), 0);
    let writer = store.begin(&reference, &base, None).unwrap();
    let mut sinks: Vec<_> = (0..3).map(|_| writer.layer().unwrap()).collect();
    for sink in sinks.iter_mut().skip(1) {
        sink.write_all(&vec![7; 3_000_000]).unwrap();
    }
    assert_eq!(open_uploads(&backend.registry, "app"), 3);
    drop((sinks, writer));
    assert_eq!(open_uploads(&backend.registry, "app"), 0);
    assert_eq!(backend.registry.tags("app"), [""; 0]);
}

#[test]
fn an_image_that_is_absent_can_be_read_as_far_as_rights_go() {
    let Some(backend) = Registry::new() else { return };
    Registry::registry_store().check_read(&backend.reference("nothing:here")).unwrap();
}

#[test]
fn a_registry_that_takes_no_uploads_is_told_with_its_status() {
    let Some(registry) = TestRegistry::read_only() else { return };
    let reference = format!("{}/team/app:v1", registry.address());
    let error = Registry::registry_store().check_write(&reference).unwrap_err().to_string();
    for part in [&registry.address(), "team/app", "405"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_image_is_removed_by_digest() {
    let Some(backend) = Registry::new() else { return };
    let store = Registry::registry_store();
    backend.push("app:v1", &base());
    let reference = backend.reference("app:v1");
    let image = resolve(&store, &reference);
    store.delete(&image).unwrap();
    assert!(store.resolve(&reference).unwrap().is_none());
    store.delete(&image).unwrap();
    backend.proxy.on("DELETE", "", .., Fault::error(405, "UNSUPPORTED"));
    let error = store.delete(&image).unwrap_err().to_string();
    assert!(error.contains("405") && error.contains("UNSUPPORTED"), "{error}");
}
