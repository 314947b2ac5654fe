//! Writing images into a layout directory, beyond the contract of all stores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use image::{Descriptor, ImagePlan, NewLayer, Timestamp};
use image_store::{FinishedLayer, ImageStore, ImageWriter, LayoutStore, Presence, StoredImage, validate};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{ImageFixture, LayerFixture, sha256};

struct Layouts {
    dir: TempDir,
    store: LayoutStore,
    base: StoredImage,
}

const BASE: &str = "r.example/run:base";
const APP: &str = "r.example/app:v1";

impl Layouts {
    fn with(base: &ImageFixture) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LayoutStore::new(dir.path()).unwrap();
        base.write(&dir.path().join("r.example/run/base"));
        let base = store.resolve(BASE).unwrap().unwrap();
        Self { dir, store, base }
    }

    fn new() -> Self {
        Self::with(&base())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn resolve(&self, reference: &str) -> StoredImage {
        self.store.resolve(reference).unwrap().unwrap()
    }

    /// Writes an image of the layers of `fixtures`.
    fn write(&self, reference: &str, fixtures: &[LayerFixture], tags: &[&str]) -> Vec<String> {
        let writer = self.store.begin(reference, &self.base, None).unwrap();
        let plan = plan(fixtures.iter().map(|layer| write_layer(writer.as_ref(), layer)).collect());
        let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
        let written = writer.commit(&plan, &tags).unwrap();
        assert_eq!(written.identifier, self.resolve(reference).identifier);
        written.names
    }
}

fn base() -> ImageFixture {
    ImageFixture::default().layer(&[("etc/x", "one")]).layer(&[("opt/y", "two")]).label("base", "yes")
}

fn layer(content: &str) -> LayerFixture {
    LayerFixture::of(&[("layers/", ""), ("layers/file", content)])
}

fn finished(layer: &LayerFixture) -> FinishedLayer {
    FinishedLayer {
        diff_id: sha256(&layer.archive).parse().unwrap(),
        digest: sha256(&layer.blob).parse().unwrap(),
        size: layer.blob.len() as u64,
    }
}

fn write_layer(writer: &dyn ImageWriter, layer: &LayerFixture) -> NewLayer {
    let mut sink = writer.layer().unwrap();
    sink.write_all(&layer.blob).unwrap();
    let descriptor = sink.finish(finished(layer)).unwrap();
    new_layer(descriptor, layer)
}

fn new_layer(descriptor: Descriptor, layer: &LayerFixture) -> NewLayer {
    NewLayer { descriptor, diff_id: finished(layer).diff_id, created_by: "test".to_owned() }
}

fn plan(layers: Vec<NewLayer>) -> ImagePlan {
    ImagePlan {
        layers,
        extended_config: None,
        labels: Vec::new(),
        env: Vec::new(),
        entrypoint: vec!["/cnb/process/web".to_owned()],
        working_dir: "/workspace".to_owned(),
        created: Timestamp::NORMALIZED,
        tells_history: true,
    }
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

fn files_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs_err::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_image_is_written_whole_and_valid() {
    for docker in [false, true] {
        let layouts = Layouts::with(&ImageFixture { docker, ..base() });
        let names = layouts.write(APP, &[layer("a"), layer("b")], &[]);
        let dir = layouts.path("r.example/app/v1");
        assert_eq!(names, [dir.to_str().unwrap()]);
        let image = layouts.resolve(APP);
        validate(&layouts.store, &image, Presence::Complete).unwrap();
        assert_eq!(image.layers().len(), 4);

        let form = if docker { "docker" } else { "oci" };
        let manifest =
            json_of(&dir.join("blobs").join(image.manifest_document.digest.to_string().replace(':', "/")));
        assert!(manifest["mediaType"].as_str().unwrap().contains(form));
        assert!(manifest["config"]["mediaType"].as_str().unwrap().contains(form));
        let docker_layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        assert_eq!(manifest["layers"][2]["mediaType"], docker_layer);
        assert_eq!(manifest["annotations"], json!({ "org.opencontainers.image.ref.name": "v1" }));

        let index = json_of(&dir.join("index.json"));
        assert_eq!(index["manifests"][0]["mediaType"], manifest["mediaType"]);
        assert_eq!(index["manifests"][0]["annotations"], manifest["annotations"]);
        assert_eq!(json_of(&dir.join("oci-layout")), json!({ "imageLayoutVersion": "1.0.0" }));
        assert_eq!(files_in(&dir), ["blobs", "index.json", "oci-layout"]);
    }
}

#[test]
fn the_base_shares_its_blobs() {
    let layouts = Layouts::new();
    layouts.write(APP, &[], &[]);
    let layer = &layouts.base.manifest.layers[0].digest;
    let inode = |image: &str| {
        fs_err::metadata(layouts.path(image).join("blobs/sha256").join(layer.hex())).unwrap().ino()
    };
    assert_eq!(inode("r.example/app/v1"), inode("r.example/run/base"));
}

#[test]
fn an_image_is_as_sparse_as_its_base() {
    let layouts = Layouts::with(&ImageFixture { sparse: true, ..base() });
    layouts.write(APP, &[layer("a")], &[]);
    let image = layouts.resolve(APP);
    validate(&layouts.store, &image, Presence::Sparse).unwrap();
    let dir = layouts.path("r.example/app/v1/blobs/sha256");
    assert_eq!(files_in(&dir).len(), 3, "one layer, config, manifest");
}

#[test]
fn each_tag_is_an_image_of_its_own() {
    let layouts = Layouts::new();
    let tags = ["r.example/app:v2", "localhost:5000/other/app", APP];
    let names = layouts.write(APP, &[layer("a")], &tags);
    let paths =
        ["r.example/app/v1", "r.example/app/v2", "localhost:5000/other/app/latest", "r.example/app/v1"];
    assert_eq!(names, paths.map(|path| layouts.path(path).to_str().unwrap().to_owned()));
    let digest = layouts.resolve(APP).manifest_document.digest;
    for (tag, name) in [("r.example/app:v2", "v2"), ("localhost:5000/other/app", "latest")] {
        let image = layouts.resolve(tag);
        assert_eq!(image.manifest_document.digest, digest);
        validate(&layouts.store, &image, Presence::Complete).unwrap();
        let index = json_of(&Path::new(&image.name).join("index.json"));
        assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], name);
    }
}

#[test]
fn layers_are_taken_over_from_the_previous_image() {
    let layouts = Layouts::new();
    let (kept, gone) = (layer("kept"), layer("gone"));
    layouts.write("r.example/old", &[kept.clone(), gone.clone()], &[]);
    let previous = layouts.resolve("r.example/old");
    let gone_blob = layouts.path("r.example/old/latest/blobs/sha256").join(finished(&gone).digest.hex());
    for reference in ["r.example/old", APP] {
        fs_err::write(&gone_blob, "short").unwrap();
        let writer = layouts.store.begin(reference, &layouts.base, Some(&previous)).unwrap();
        assert_eq!(writer.reuse(&finished(&gone).diff_id).unwrap(), None, "its bytes are not all there");
        assert_eq!(writer.reuse(&sha256(b"other").parse().unwrap()).unwrap(), None);
        let descriptor = writer.reuse(&finished(&kept).diff_id).unwrap().unwrap();
        let layers = vec![new_layer(descriptor, &kept), write_layer(writer.as_ref(), &gone)];
        writer.commit(&plan(layers), &[]).unwrap();
        validate(&layouts.store, &layouts.resolve(reference), Presence::Complete).unwrap();
    }
}

#[test]
fn an_export_that_stops_leaves_the_old_image_and_no_files() {
    let layouts = Layouts::new();
    layouts.write(APP, &[layer("old")], &[]);
    let old = layouts.resolve(APP);
    let blobs = files_in(&layouts.path("r.example/app/v1/blobs/sha256"));
    let writer = layouts.store.begin(APP, &layouts.base, None).unwrap();
    write_layer(writer.as_ref(), &layer("new"));
    let mut half = writer.layer().unwrap();
    half.write_all(b"half").unwrap();
    drop((half, writer));
    assert_eq!(layouts.resolve(APP).identifier, old.identifier);
    validate(&layouts.store, &old, Presence::Complete).unwrap();
    assert_eq!(files_in(&layouts.path("r.example/app/v1/blobs/sha256")), blobs);
    assert_eq!(files_in(&layouts.path("r.example/app/v1")), ["blobs", "index.json", "oci-layout"]);
}

#[test]
fn what_a_killed_export_left_is_removed_by_the_next() {
    let layouts = Layouts::new();
    let left_over = layouts.path("r.example/app/v1/.writing-killed");
    fs_err::create_dir_all(&left_over).unwrap();
    fs_err::write(left_over.join("layer-0"), "half").unwrap();
    layouts.write(APP, &[layer("a")], &[]);
    assert_eq!(files_in(&layouts.path("r.example/app/v1")), ["blobs", "index.json", "oci-layout"]);
}

#[test]
fn an_image_that_is_replaced_can_still_be_read_by_digest() {
    let layouts = Layouts::new();
    layouts.write(APP, &[layer("old")], &[]);
    let old = layouts.resolve(APP);
    layouts.write(APP, &[layer("new")], &[]);
    let image = layouts.resolve(&old.identifier);
    assert_ne!(layouts.resolve(APP).identifier, image.identifier);
    validate(&layouts.store, &image, Presence::Complete).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_to_is_told_by_path() {
    let layouts = Layouts::new();
    fs_err::create_dir_all(layouts.path("r.example/app")).unwrap();
    fs_err::write(layouts.path("r.example/app/v1"), "a file").unwrap();
    let error = layouts.store.begin(APP, &layouts.base, None).err().unwrap().to_string();
    assert!(error.contains("r.example/app/v1"), "{error}");
}
