//! Finding and reading images.

use std::io::{ErrorKind, Read};

use image::Platform;
use image_store::{ImageStore, Presence, StoreError, StoredImage, validate};
use spec_model::DiffId;
use test_kit::{ImageFixture, LayerFixture, sha256};

use crate::backend::{backends, push_index};
use crate::writing::{base, resolve, valid};

fn platform(text: &str) -> Platform {
    let mut parts = text.split('/').map(ToOwned::to_owned);
    let (os, architecture) = (parts.next().unwrap(), parts.next().unwrap());
    Platform { os, architecture, variant: parts.next(), ..Platform::default() }
}

#[test]
fn an_image_is_found_by_tag_and_digest() {
    for backend in backends() {
        let store = backend.store(None);
        let written = backend.push("some/run:base", &base());
        let identifier = backend.identifier("some/run:base", &written.digest);
        for reference in [&backend.reference("some/run:base"), &identifier] {
            let image = valid(store.as_ref(), reference);
            assert_eq!(image.identifier, identifier);
            assert_eq!(image.manifest_document.digest.to_string(), written.digest);
            assert_eq!(image.config.label("base"), Some("yes"));
            assert_eq!(image.top_layer().unwrap().to_string(), written.diff_ids[1]);
        }
    }
}

#[test]
fn a_digest_still_names_an_image_whose_tag_went_over_to_another() {
    for backend in backends() {
        let store = backend.store(None);
        let old = backend.push("run:base", &base());
        backend.push("run:base", &base().label("base", "new"));
        let image = valid(store.as_ref(), &backend.identifier("run:base", &old.digest));
        assert_eq!(image.config.label("base"), Some("yes"));
        let image = valid(store.as_ref(), &backend.reference("run:base"));
        assert_eq!(image.config.label("base"), Some("new"));
    }
}

#[test]
fn an_image_that_is_not_there_is_none() {
    for backend in backends() {
        let store = backend.store(None);
        let absent = |reference: &str| assert!(store.resolve(reference).unwrap().is_none(), "{reference}");
        absent(&backend.reference("run:base"));
        backend.push("run:base", &base());
        absent(&backend.reference("run:other"));
        absent(&backend.reference("other:base"));
        absent(&backend.identifier("run:base", &sha256(b"other")));
    }
}

#[test]
fn what_names_no_image_is_refused() {
    for backend in backends() {
        let store = backend.store(None);
        for reference in ["", "Not A Reference", "r.example/app@sha256:12"] {
            let error = store.resolve(reference).unwrap_err();
            assert!(matches!(error, StoreError::Reference(_)), "{error}");
            assert!(store.check_read(reference).is_err() && store.check_write(reference).is_err());
        }
    }
}

#[test]
fn images_of_every_form_are_valid() {
    for backend in backends() {
        for docker in [false, true] {
            let mut fixture = ImageFixture { docker, ..base() };
            fixture.layers.push(LayerFixture::of(&[("plain", "layer")]).uncompressed());
            backend.push("run:base", &fixture);
            valid(backend.store(None).as_ref(), &backend.reference("run:base"));
        }
        backend.push("run:empty", &ImageFixture::default());
        valid(backend.store(None).as_ref(), &backend.reference("run:empty"));
    }
}

#[test]
fn of_an_index_the_image_for_the_platform_is_taken() {
    let platforms = ["linux/amd64", "linux/arm64/v8", "linux/arm/v6", "linux/arm/v7", "windows/amd64"];
    for backend in backends() {
        for (docker, nested) in [(false, false), (false, true), (true, false), (true, true)] {
            let images = platforms.map(|name| {
                let mut image = ImageFixture { docker, ..base() }.label("for", name);
                image.config["os"] = platform(name).os.into();
                image.config["architecture"] = platform(name).architecture.into();
                (name, image)
            });
            let entries: Vec<_> = images.iter().map(|(platform, image)| (*platform, image)).collect();
            push_index(backend.as_ref(), "run:many", &entries, nested);
            let reference = backend.reference("run:many");
            for name in platforms {
                let image = valid(backend.store(Some(platform(name))).as_ref(), &reference);
                assert_eq!(image.config.label("for"), Some(name));
                assert!(!image.identifier.ends_with(":many"), "{}", image.identifier);
            }
            let other = backend.store(Some(platform("linux/s390x")));
            let error = other.resolve(&reference).unwrap_err().to_string();
            assert!(error.contains("linux/s390x") && error.contains("linux/amd64"), "{error}");
        }
    }
}

#[test]
fn access_is_checked_without_writing() {
    for backend in backends() {
        let store = backend.store(None);
        backend.push("run:base", &base());
        store.check_read(&backend.reference("run:base")).unwrap();
        for name in ["run:base", "run:new", "new/app:new"] {
            store.check_write(&backend.reference(name)).unwrap();
        }
        assert!(store.resolve(&backend.reference("run:new")).unwrap().is_none());
        assert!(store.resolve(&backend.reference("new/app:new")).unwrap().is_none());
    }
}

fn read(store: &dyn ImageStore, image: &StoredImage, diff_id: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let diff_id: DiffId = diff_id.parse().unwrap();
    store.open_layer(image, &diff_id).unwrap().read_to_end(&mut bytes).map(|_| bytes)
}

#[test]
fn a_layer_is_read_and_verified() {
    for backend in backends() {
        let store = backend.store(None);
        let written = backend.push("run:base", &base());
        let image = resolve(store.as_ref(), &backend.reference("run:base"));
        let (diff_id, digest) = (&written.diff_ids[1], &written.layers[1]);
        assert_eq!(read(store.as_ref(), &image, diff_id).unwrap(), base().layers[1].blob);

        let file = backend.blob("run:base", digest);
        let mut bytes = fs_err::read(&file).unwrap();
        bytes[20] ^= 1;
        fs_err::write(&file, bytes).unwrap();
        let error = read(store.as_ref(), &image, diff_id).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.to_string().contains("is corrupt"), "{error}");
        assert!(validate(store.as_ref(), &image, Presence::Complete).is_err());
    }
}

#[test]
fn a_layer_that_is_missing_is_told() {
    for backend in backends() {
        let store = backend.store(None);
        let written = backend.push("run:base", &base());
        let image = resolve(store.as_ref(), &backend.reference("run:base"));
        fs_err::remove_file(backend.blob("run:base", &written.layers[1])).unwrap();
        let missing = store.open_layer(&image, &written.diff_ids[1].parse().unwrap()).err().unwrap();
        assert!(matches!(missing, StoreError::MissingLayer { .. }), "{missing}");
        assert!(missing.is_damaged_image());
        let unknown = store.open_layer(&image, &sha256(b"").parse().unwrap()).err().unwrap();
        assert!(matches!(unknown, StoreError::NoSuchLayer { .. }), "{unknown}");
        validate(store.as_ref(), &image, Presence::Sparse).unwrap();
        assert!(validate(store.as_ref(), &image, Presence::Complete).is_err());
    }
}

#[test]
fn documents_that_are_damaged_are_told() {
    for backend in backends() {
        let store = backend.store(None);
        let written = backend.push("run:base", &base());
        let reference = backend.reference("run:base");
        let config = resolve(store.as_ref(), &reference).manifest.config.digest;
        let file = backend.blob("run:base", &config.to_string());
        let config = config.hex();
        let bytes = fs_err::read_to_string(&file).unwrap();
        fs_err::write(&file, bytes.replace("linux", "Linux")).unwrap();
        let error = store.resolve(&reference).unwrap_err();
        assert!(error.is_damaged_image() && error.to_string().contains(config), "{error}");
        fs_err::remove_file(&file).unwrap();
        let error = store.resolve(&reference).unwrap_err();
        assert!(error.is_damaged_image() && error.to_string().contains(config), "{error}");

        let file = backend.blob("run:base", &written.digest);
        let bytes = fs_err::read_to_string(&file).unwrap();
        fs_err::write(&file, bytes.replace("gzip", "GZIP")).unwrap();
        assert!(store.resolve(&reference).is_err());
    }
}

#[test]
fn a_config_of_another_shape_is_told_by_digest_and_key() {
    for backend in backends() {
        let mut fixture = base();
        fixture.config["config"]["Env"] = "A=b".into();
        backend.push("run:base", &fixture);
        let error = backend.store(None).resolve(&backend.reference("run:base")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("its config sha256:") && text.contains("'config.Env'"), "{text}");
        assert!(error.is_damaged_image());
    }
}
