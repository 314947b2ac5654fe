//! Reading images from a layout directory, beyond the contract of all stores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use image::Platform;
use image_store::{ImageStore, LayoutStore, Presence, StoreError, validate};
use spec_model::DiffId;
use tempfile::TempDir;
use test_kit::{ImageFixture, WrittenFixture, sha256};

struct Layouts {
    dir: TempDir,
    store: LayoutStore,
}

impl Layouts {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LayoutStore::new(dir.path()).unwrap();
        Self { dir, store }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }
}

fn blob(image: &Path, digest: &str) -> PathBuf {
    image.join("blobs").join(digest.replace(':', "/"))
}

const REFERENCE: &str = "r.example/some/run:base";
const PATH: &str = "r.example/some/run/base";

fn fixture() -> ImageFixture {
    ImageFixture::default()
        .layer(&[("etc/", ""), ("etc/x", "one")])
        .layer(&[("opt/y", "two")])
        .label("l", "v")
}

fn platform(architecture: &str) -> Platform {
    Platform { architecture: architecture.into(), os: "linux".into(), ..Platform::default() }
}

#[test]
fn an_image_is_found_by_reference_path_and_digest() {
    let layouts = Layouts::new();
    let path = layouts.path(PATH);
    let name = path.to_str().unwrap().to_owned();
    let written = fixture().write(&path);
    let identifier = format!("{name}@{}", written.digest);
    for reference in [REFERENCE, &name, &format!("{name}/"), &identifier] {
        let image = layouts.store.resolve(reference).unwrap().unwrap();
        assert_eq!((image.name.as_str(), image.identifier.as_str()), (name.as_str(), identifier.as_str()));
        assert_eq!(image.config.label("l"), Some("v"));
        assert_eq!(image.top_layer().unwrap().to_string(), written.diff_ids[1]);
        validate(&layouts.store, &image, Presence::Complete).unwrap();
    }
    assert_eq!(layouts.store.name(REFERENCE).unwrap(), name);
}

#[test]
fn an_image_that_is_not_there_is_none() {
    let layouts = Layouts::new();
    assert!(layouts.store.resolve(REFERENCE).unwrap().is_none());
    fs_err::create_dir_all(layouts.path(PATH)).unwrap();
    assert!(layouts.store.resolve(REFERENCE).unwrap().is_none());
    let path = layouts.path(PATH);
    let other = format!("{}@{}", path.display(), sha256(b"other"));
    assert!(layouts.store.resolve(&other).unwrap().is_none());
    assert!(matches!(layouts.store.check_read(REFERENCE), Err(StoreError::NotFound { .. })));
    fixture().write(&path);
    layouts.store.check_read(REFERENCE).unwrap();
    assert!(layouts.store.resolve(&other).unwrap().is_none());
}

#[test]
fn an_index_is_resolved_for_the_platform() {
    for nested in [false, true] {
        let layouts = Layouts::new();
        let path = layouts.path(PATH);
        let arm = fixture().label("l", "arm").add(&path);
        let amd = fixture().label("l", "amd").add(&path);
        WrittenFixture::write_index(&path, &[("linux/arm64", &arm), ("linux/amd64", &amd)], nested);
        for (architecture, label) in [("arm64", "arm"), ("amd64", "amd")] {
            let store = layouts.store.for_platform(platform(architecture));
            let image = store.resolve(REFERENCE).unwrap().unwrap();
            assert_eq!(image.config.label("l"), Some(label));
        }
        let store = layouts.store.for_platform(platform("s390x"));
        let error = store.resolve(REFERENCE).unwrap_err().to_string();
        assert!(error.contains("linux/s390x") && error.contains("linux/arm64, linux/amd64"), "{error}");
    }
}

type Damage = fn(&Path, &WrittenFixture);

const DAMAGE: [(&str, Damage); 6] = [
    ("index.json is not JSON", |image, _| fs_err::write(image.join("index.json"), "{").unwrap()),
    ("is missing", |image, written| fs_err::remove_file(blob(image, &written.digest)).unwrap()),
    ("have the digest", |image, written| fs_err::write(blob(image, &written.digest), "{}").unwrap()),
    ("nothing for", |image, _| {
        fs_err::write(image.join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
    }),
    ("bytes instead of", |image, _| {
        let index = fs_err::read_to_string(image.join("index.json")).unwrap();
        fs_err::write(image.join("index.json"), index.replace("\"size\":", "\"size\":1")).unwrap();
    }),
    ("is larger than", |image, _| {
        fs_err::File::create(image.join("index.json")).unwrap().set_len(1 << 40).unwrap();
    }),
];

#[test]
fn damaged_documents_are_told_by_name_and_digest() {
    for (reason, damage) in DAMAGE {
        let layouts = Layouts::new();
        let path = layouts.path(PATH);
        let written = fixture().write(&path);
        damage(&path, &written);
        let error = layouts.store.resolve(REFERENCE).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_layer_is_read_and_verified() {
    let layouts = Layouts::new();
    let written = fixture().write(&layouts.path(PATH));
    let image = layouts.store.resolve(REFERENCE).unwrap().unwrap();
    let diff_id: DiffId = written.diff_ids[0].parse().unwrap();
    let read = || {
        let mut bytes = Vec::new();
        layouts.store.open_layer(&image, &diff_id).unwrap().read_to_end(&mut bytes).map(|_| bytes)
    };
    assert_eq!(read().unwrap(), fixture().layers[0].blob);

    let blob = blob(&layouts.path(PATH), &written.layers[0]);
    let mut bytes = fs_err::read(&blob).unwrap();
    bytes[20] ^= 1;
    fs_err::write(&blob, bytes).unwrap();
    let error = read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains(blob.to_str().unwrap()), "{error}");
    assert!(validate(&layouts.store, &image, Presence::Complete).is_err());
}

#[test]
fn layers_that_are_missing_are_told() {
    let layouts = Layouts::new();
    let sparse = ImageFixture { sparse: true, ..fixture() };
    let written = sparse.write(&layouts.path(PATH));
    let image = layouts.store.resolve(REFERENCE).unwrap().unwrap();
    let error = layouts.store.open_layer(&image, &written.diff_ids[0].parse().unwrap()).err().unwrap();
    assert!(matches!(error, StoreError::MissingLayer { .. }), "{error}");
    let error = layouts.store.open_layer(&image, &sha256(b"").parse().unwrap()).err().unwrap();
    assert!(matches!(error, StoreError::NoSuchLayer { .. }), "{error}");
    validate(&layouts.store, &image, Presence::Sparse).unwrap();
    assert!(validate(&layouts.store, &image, Presence::Complete).is_err());
}

#[test]
fn names_that_lead_out_of_the_directory_are_refused() {
    let layouts = Layouts::new();
    for reference in ["r.example/../../x", "r.example/ab:..", "Not A Reference", ""] {
        assert!(matches!(layouts.store.resolve(reference), Err(StoreError::Reference(_))), "{reference}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_told() {
    let layouts = Layouts::new();
    layouts.store.check_write(REFERENCE).unwrap();
    layouts.store.check_write("/proc/self/x").unwrap_err();
    let file = layouts.path("r.example");
    fs_err::write(&file, "").unwrap();
    let error = layouts.store.check_write(REFERENCE).unwrap_err().to_string();
    assert!(error.contains(file.to_str().unwrap()), "{error}");
}
