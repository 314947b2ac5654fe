//! Writing images.

use std::io::Write;

use image::Descriptor;
use image_store::StoreError;
use test_kit::ImageFixture;

use crate::backend::backends;
use crate::writing::{base, finished, layer, new_layer, plan, resolve, valid, write, write_layer};

#[test]
fn an_image_is_written_whole_and_valid() {
    for backend in backends() {
        for docker in [false, true] {
            let store = backend.store(None);
            backend.push("run:base", &ImageFixture { docker, ..base() });
            let base = resolve(store.as_ref(), &backend.reference("run:base"));
            let reference = backend.reference("team/app:v1");
            let written = write(store.as_ref(), &reference, &base, &[layer("a"), layer("b")], &[]);
            let image = valid(store.as_ref(), &reference);
            assert_eq!(image.layers().len(), 4);
            assert_eq!(written.identifier, image.identifier);
            assert_eq!(written.names, [store.name(&reference).unwrap()]);
            assert_eq!(written.manifest_size, Some(image.manifest_document.size()));
            assert!(written.digest.is_none_or(|digest| digest == image.manifest_document.digest));
            assert_eq!(image.config.label("base"), Some("yes"));
            let form = if docker { "docker" } else { "oci" };
            let media_type = image.manifest.media_type.as_ref().unwrap().to_string();
            assert!(media_type.contains(form), "{media_type}");
            assert!(image.manifest.config.media_type.to_string().contains(form));
        }
    }
}

#[test]
fn an_image_may_have_the_base_in_its_own_repository_and_no_layers() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("app:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("app:base"));
        let reference = backend.reference("app:v1");
        write(store.as_ref(), &reference, &base, &[], &[]);
        assert_eq!(valid(store.as_ref(), &reference).manifest.layers, base.manifest.layers);
        write(store.as_ref(), &reference, &base, &[layer("a"), layer("a")], &[]);
        assert_eq!(valid(store.as_ref(), &reference).layers().len(), 4);
    }
}

#[test]
fn a_base_may_be_empty() {
    for backend in backends() {
        let store = backend.store(None);
        let base = image_store::StoredImage::scratch().unwrap();
        let reference = backend.reference("app:v1");
        write(store.as_ref(), &reference, &base, &[layer("a")], &[]);
        assert_eq!(valid(store.as_ref(), &reference).layers().len(), 1);
    }
}

#[test]
fn layers_may_come_from_several_threads() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let reference = backend.reference("app:v1");
        let writer = store.begin(&reference, &base, None).unwrap();
        let fixtures: Vec<_> = (0..8).map(|n| layer(&n.to_string())).collect();
        let layers = std::thread::scope(|scope| {
            let writer = writer.as_ref();
            let threads: Vec<_> =
                fixtures.iter().map(|layer| scope.spawn(move || write_layer(writer, layer))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        writer.commit(&plan(layers), &[]).unwrap();
        assert_eq!(valid(store.as_ref(), &reference).layers().len(), 10);
    }
}

#[test]
fn every_tag_names_the_same_manifest() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let reference = backend.reference("app:v1");
        let tags = ["app:v2", "other/app:v3", "app:v1"].map(|tag| backend.reference(tag));
        let written = write(store.as_ref(), &reference, &base, &[layer("a")], &tags);
        let names: Vec<_> =
            [&reference].into_iter().chain(&tags).map(|name| store.name(name).unwrap()).collect();
        assert_eq!(written.names, names);
        let digest = resolve(store.as_ref(), &reference).manifest_document.digest;
        for tag in &tags {
            assert_eq!(valid(store.as_ref(), tag).manifest_document.digest, digest);
        }
    }
}

#[test]
fn layers_are_taken_over_from_the_previous_image() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let (kept, gone) = (layer("kept"), layer("gone"));
        let old = backend.reference("old:v1");
        write(store.as_ref(), &old, &base, &[kept.clone(), gone.clone()], &[]);
        let previous = resolve(store.as_ref(), &old);
        fs_err::remove_file(backend.blob("old:v1", &finished(&gone).digest.to_string())).unwrap();
        for reference in [backend.reference("app:v1"), old] {
            let writer = store.begin(&reference, &base, Some(&previous)).unwrap();
            assert_eq!(writer.reuse(&finished(&layer("other")).diff_id).unwrap(), None);
            let descriptor = writer.reuse(&finished(&kept).diff_id).unwrap().unwrap();
            assert_eq!(descriptor, previous.manifest.layers[2]);
            let layers = vec![new_layer(descriptor, &kept), write_layer(writer.as_ref(), &gone)];
            writer.commit(&plan(layers), &[]).unwrap();
            valid(store.as_ref(), &reference);
        }
        let writer = store.begin(&backend.reference("app:v1"), &base, None).unwrap();
        assert_eq!(writer.reuse(&finished(&kept).diff_id).unwrap(), None);
    }
}

#[test]
fn a_layer_that_was_never_written_is_refused_and_the_old_image_stays() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let reference = backend.reference("app:v1");
        let old = write(store.as_ref(), &reference, &base, &[layer("old")], &[]);
        let writer = store.begin(&reference, &base, None).unwrap();
        let missing = layer("missing");
        let descriptor = Descriptor::new("x".into(), 3, finished(&missing).digest);
        let error = writer.commit(&plan(vec![new_layer(descriptor, &missing)]), &[]).unwrap_err();
        assert!(matches!(error, StoreError::NeverWritten { .. }), "{error}");
        assert_eq!(valid(store.as_ref(), &reference).identifier, old.identifier);
    }
}

#[test]
fn a_writer_that_is_dropped_leaves_the_old_image() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let reference = backend.reference("app:v1");
        let abandon = || {
            let writer = store.begin(&reference, &base, None).unwrap();
            write_layer(writer.as_ref(), &layer("new"));
            let mut half = writer.layer().unwrap();
            half.write_all(b"half").unwrap();
        };
        abandon();
        assert!(store.resolve(&reference).unwrap().is_none());
        let old = write(store.as_ref(), &reference, &base, &[layer("old")], &[]);
        abandon();
        assert_eq!(valid(store.as_ref(), &reference).identifier, old.identifier);
    }
}

#[test]
fn a_sink_that_got_other_bytes_than_announced_refuses() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let writer = store.begin(&backend.reference("app:v1"), &base, None).unwrap();
        let mut sink = writer.layer().unwrap();
        sink.write_all(b"short").unwrap();
        let error = sink.finish(finished(&layer("a"))).unwrap_err();
        assert!(matches!(error, StoreError::WrongSize { received: 5, .. }), "{error}");
        assert!(!sink.restart().unwrap());
    }
}

#[test]
fn the_same_content_gives_the_same_digest() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        let base = resolve(store.as_ref(), &backend.reference("run:base"));
        let digest = |reference: &str| {
            write(store.as_ref(), reference, &base, &[layer("a")], &[]);
            resolve(store.as_ref(), reference).manifest_document.digest
        };
        assert_eq!(digest(&backend.reference("one:v1")), digest(&backend.reference("two:v1")));
    }
}
