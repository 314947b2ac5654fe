//! Registries without credentials, what is pushed to them, and what is damaged behind their back.

use std::net::TcpStream;

use test_kit::{ImageFixture, LayerFixture};
use test_registry::{Request, TestRegistry};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

fn get(registry: &TestRegistry, path: &str) -> (u16, Vec<u8>) {
    let url = format!("http://{}/v2/{path}", registry.address());
    let accept = format!("{MANIFEST}, {DOCKER_LIST}");
    let response = Request::new("GET", &url).header("Accept", &accept).send().unwrap();
    (response.status, response.body)
}

#[test]
fn what_is_pushed_can_be_read() {
    let Some(registry) = TestRegistry::plain() else { return };
    let image = ImageFixture::default().layer(&[("a", "1")]).layer(&[("b", "2")]).label("x", "y");
    let written = registry.push("library/run:base", &image);

    let (status, manifest) = get(&registry, "library/run/manifests/base");
    assert_eq!(status, 200);
    assert_eq!(test_kit::sha256(&manifest), written.digest);
    assert_eq!(registry.tagged("library/run", "base"), Some(written.digest));
    assert_eq!(registry.tags("library/run"), ["base"]);
    assert_eq!(registry.open_uploads("library/run"), 0);
    let blob = get(&registry, &format!("library/run/blobs/{}", written.layers[0])).1;
    assert_eq!(blob, image.layers[0].blob);
}

#[test]
fn an_index_of_dockers_form_offers_each_platform() {
    let Some(registry) = TestRegistry::plain() else { return };
    let image = ImageFixture { docker: true, ..ImageFixture::default() };
    let (first, second) = (image.clone().layer(&[("a", "1")]), image.layer(&[("b", "2")]));
    let digest = registry.push_index("run:many", &[("linux/amd64", &first), ("linux/arm/v7", &second)]);

    let (status, index) = get(&registry, "run/manifests/many");
    assert_eq!((status, test_kit::sha256(&index)), (200, digest));
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    assert_eq!(index["mediaType"], DOCKER_LIST);
    assert_eq!(index["manifests"][1]["platform"]["variant"], "v7");
    assert_eq!(registry.tags("run"), ["many"]);
}

#[test]
fn a_layout_directory_is_pushed() {
    let Some(registry) = TestRegistry::plain() else { return };
    let layout = tempfile::tempdir().unwrap();
    let written = ImageFixture::default().layer(&[("a", "1")]).write(layout.path());
    assert_eq!(registry.push_layout("a/b/c:1", layout.path()), written.digest);
    assert_eq!(get(&registry, "a/b/c/manifests/1").0, 200);
}

#[test]
fn a_read_only_registry_has_images_but_takes_none() {
    let Some(registry) = TestRegistry::read_only() else { return };
    registry.push("run:base", &ImageFixture::default());
    assert_eq!(get(&registry, "run/manifests/base").0, 200);
    let url = format!("http://{}/v2/run/blobs/uploads/", registry.address());
    assert_eq!(Request::new("POST", &url).send().unwrap().status, 405);
}

#[test]
fn damage_to_the_storage_shows() {
    let Some(registry) = TestRegistry::plain() else { return };
    let layers = [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()].map(LayerFixture::compressed);
    let image = ImageFixture { layers: layers.into(), ..ImageFixture::default() };
    let written = registry.push("app:1", &image);
    let path = |index: usize| format!("app/blobs/{}", written.layers[index]);

    assert!(registry.has_blob(&written.layers[0]));
    registry.remove_blob(&written.layers[0]);
    assert!(!registry.has_blob(&written.layers[0]));
    assert_eq!(get(&registry, &path(0)).0, 404);

    registry.corrupt_blob(&written.layers[1]);
    let (status, corrupt) = get(&registry, &path(1));
    assert_eq!((status, corrupt.len()), (200, image.layers[1].blob.len()));
    assert_ne!(corrupt, image.layers[1].blob);

    assert!(registry.repository_has_blob("app", &written.layers[2]));
    registry.truncate_blob(&written.layers[2]);
    assert_eq!(get(&registry, &path(2)).1, image.layers[2].blob[..image.layers[2].blob.len() / 2]);
    registry.remove_blob_from("app", &written.layers[2]);
    assert!(!registry.repository_has_blob("app", &written.layers[2]));
    assert_eq!(get(&registry, &path(2)).0, 404);
}

#[test]
fn nothing_is_left_when_a_registry_is_dropped() {
    let Some(registry) = TestRegistry::read_only() else { return };
    registry.push("run:base", &ImageFixture::default());
    let (address, storage) = (registry.address(), registry.data_dir().to_owned());
    assert!(storage.exists());
    drop(registry);
    assert!(!storage.parent().unwrap().exists());
    assert!(TcpStream::connect(address).is_err());
}
