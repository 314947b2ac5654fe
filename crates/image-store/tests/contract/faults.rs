//! Connections that break while an image is read or written.

use std::io::{ErrorKind, Read};
use std::time::Instant;

use image_store::{ImageStore, StoredImage};
use test_kit::LayerFixture;
use test_registry::{Fault, FaultProxy};

use crate::backend::{Backend, PATIENCE, Registry};
use crate::writing::{base, finished, large_layer, layer, plan, resolve, valid, write, write_layer};

/// Larger than what connections hold on their way.
const MEGABYTES: usize = 8;
const MIDDLE: u64 = 4_000_000;

/// A registry with a base and an app image, and the store that sees it through the proxy.
struct Workspace {
    backend: Registry,
    store: image_store::RegistryStore,
    base: StoredImage,
    app: String,
    old: String,
}

impl Workspace {
    fn new() -> Option<Self> {
        let backend = Registry::new()?;
        let store = Registry::registry_store();
        backend.push("run:base", &base());
        let base = resolve(&store, &backend.reference("run:base"));
        let app = backend.reference("app:v1");
        let old = write(&store, &app, &base, &[layer("old")], &[]).identifier;
        Some(Self { backend, store, base, app, old })
    }

    fn proxy(&self) -> &FaultProxy {
        &self.backend.proxy
    }

    /// Writes the image anew with a large layer, whatever happens meanwhile; it is there and valid.
    fn survives(&self, content: usize) {
        let layers = [large_layer(content), layer("small")];
        let written = write(&self.store, &self.app, &self.base, &layers, &[]);
        assert_eq!(valid(&self.store, &self.app).identifier, written.identifier);
        assert_ne!(written.identifier, self.old);
    }

    /// Commits an image; what the failure says.
    fn fails(&self) -> String {
        let start = Instant::now();
        let writer = self.store.begin(&self.app, &self.base, None).unwrap();
        let new = write_layer(writer.as_ref(), &layer("new"));
        let error = writer.commit(&plan(vec![new]), &[]).unwrap_err().to_string();
        assert!(start.elapsed() < PATIENCE.silence * 3, "{:?}: {error}", start.elapsed());
        self.proxy().heal();
        assert_eq!(valid(&self.store, &self.app).identifier, self.old);
        error
    }
}

#[test]
fn documents_are_read_again_when_the_connection_breaks() {
    let Some(workspace) = Workspace::new() else { return };
    let config = resolve(&workspace.store, &workspace.app).manifest.config.digest.to_string();
    for target in ["/manifests/", &config] {
        let faults = [
            Fault::Refuse,
            Fault::LoseResponse,
            Fault::CutResponseAfter(20),
            Fault::status(503),
            Fault::status_with(429, "Retry-After", "0"),
        ];
        for fault in faults {
            workspace.proxy().forget();
            workspace.proxy().on("GET", target, 1..=2, fault.clone());
            let image = resolve(&workspace.store, &workspace.app);
            assert_eq!(image.identifier, workspace.old, "{fault:?}");
            assert!(workspace.proxy().count("GET", target) > 2, "{fault:?}");
            workspace.proxy().heal();
        }
    }
}

#[test]
fn documents_that_were_changed_on_their_way_are_refused() {
    let Some(workspace) = Workspace::new() else { return };
    let config = resolve(&workspace.store, &workspace.app).manifest.config.digest.to_string();
    for (target, fault) in [
        ("/manifests/", Fault::FlipByte(30)),
        ("/manifests/", Fault::TruncateBody(100)),
        ("/manifests/", Fault::Header("docker-content-digest".to_owned(), Some(config.clone()))),
        (&config, Fault::FlipByte(30)),
    ] {
        workspace.proxy().on("GET", target, .., fault.clone());
        let error = workspace.store.resolve(&workspace.app).unwrap_err().to_string();
        assert!(error.contains("app") && error.contains("sha256:"), "{fault:?}: {error}");
        workspace.proxy().heal();
    }
}

/// An image with a large layer, and how to read that.
fn large(workspace: &Workspace) -> (LayerFixture, StoredImage) {
    let large = large_layer(MEGABYTES);
    write(&workspace.store, &workspace.app, &workspace.base, std::slice::from_ref(&large), &[]);
    workspace.proxy().forget();
    let image = resolve(&workspace.store, &workspace.app);
    (large, image)
}

fn read(workspace: &Workspace, layer: &LayerFixture, image: &StoredImage) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let layer = workspace.store.open_layer(image, &finished(layer).diff_id);
    layer.unwrap().read_to_end(&mut bytes).map(|_| bytes)
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let Some(workspace) = Workspace::new() else { return };
    let (layer, image) = large(&workspace);
    let digest = finished(&layer).digest.to_string();
    workspace.proxy().on("GET", &digest, 1..=1, Fault::CutResponseAfter(MIDDLE));
    workspace.proxy().on("GET", &digest, 2..=2, Fault::TruncateBody(1_000_000));
    workspace.proxy().on("GET", &digest, 3..=3, Fault::CutResponseAfter(0));
    workspace.proxy().on("GET", &digest, 4..=4, Fault::status(500));
    assert!(read(&workspace, &layer, &image).unwrap() == layer.blob);
    let requests = workspace.proxy().requests();
    let ranges: Vec<_> =
        requests.iter().filter(|request| request.is("GET", &digest)).map(|get| get.header("range")).collect();
    let rest = Some("bytes=5000000-");
    assert_eq!(ranges, [None, Some("bytes=4000000-"), rest, rest, rest]);
    assert_eq!(workspace.proxy().body_bytes("GET", &digest).1, layer.blob.len() as u64);
}

#[test]
fn a_download_that_never_gets_further_is_given_up() {
    let Some(workspace) = Workspace::new() else { return };
    let (layer, image) = large(&workspace);
    let digest = finished(&layer).digest.to_string();
    workspace.proxy().on("GET", &digest, 1..=1, Fault::CutResponseAfter(MIDDLE));
    workspace.proxy().on("GET", &digest, 2.., Fault::CutResponseAfter(0));
    let error = read(&workspace, &layer, &image).unwrap_err().to_string();
    for word in [&digest, "/app", "was cut"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(workspace.proxy().count("GET", &digest), PATIENCE.attempts as usize);
}

#[test]
fn a_download_that_stalls_is_given_up_and_goes_on() {
    let Some(workspace) = Workspace::new() else { return };
    let (layer, image) = large(&workspace);
    let digest = finished(&layer).digest.to_string();
    workspace.proxy().on("GET", &digest, 1..=1, Fault::StallResponseAfter(MIDDLE));
    let start = Instant::now();
    assert!(read(&workspace, &layer, &image).unwrap() == layer.blob);
    assert!(start.elapsed() < PATIENCE.silence * 3, "{:?}", start.elapsed());
}

#[test]
fn a_layer_that_was_changed_on_its_way_is_refused() {
    let Some(workspace) = Workspace::new() else { return };
    let (layer, image) = large(&workspace);
    let digest = finished(&layer).digest.to_string();
    workspace.proxy().on("GET", &digest, 1..=1, Fault::FlipByte(MIDDLE));
    let error = read(&workspace, &layer, &image).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(error.to_string().contains(&digest), "{error}");
    workspace.backend.registry.truncate_blob(&digest);
    let error = read(&workspace, &layer, &image).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
}

#[test]
fn an_upload_survives_what_passes() {
    let Some(workspace) = Workspace::new() else { return };
    let cases = [
        ("PATCH", Fault::CutRequestAfter(MIDDLE)),
        ("PATCH", Fault::CutRequestAfter(0)),
        ("PATCH", Fault::StallRequestAfter(MIDDLE)),
        ("PATCH", Fault::FlipRequestByte(MIDDLE)),
        ("PATCH", Fault::LoseResponse),
        ("PATCH", Fault::Refuse),
        ("PATCH", Fault::status(500)),
        ("PATCH", Fault::status(404)),
        ("PATCH", Fault::status(429)),
        ("POST", Fault::status(502)),
        ("POST", Fault::LoseResponse),
        ("PUT", Fault::LoseResponse),
        ("PUT", Fault::Refuse),
        ("PUT", Fault::status(504)),
        ("PUT", Fault::StallResponseAfter(0)),
    ];
    for (index, (method, fault)) in cases.into_iter().enumerate() {
        workspace.proxy().on(method, "/blobs/uploads/", 1..=1, fault);
        workspace.survives(if index < 4 { MEGABYTES } else { 1 });
        workspace.proxy().heal();
    }
}

#[test]
fn what_is_put_survives_damage_on_its_way() {
    let Some(workspace) = Workspace::new() else { return };
    let faults = [Fault::LoseResponse, Fault::Refuse, Fault::status(503), Fault::FlipRequestByte(40)];
    // A manifest is not sent again when the registry says that it is none.
    for (index, (target, faults)) in
        [("/blobs/uploads/", &faults[..]), ("/manifests/", &faults[..3])].into_iter().enumerate()
    {
        for fault in faults.iter().cloned() {
            let is_document = move |request: &test_registry::Seen| {
                request.is("PUT", target) && request.header("content-length") != Some("0")
            };
            workspace.proxy().on_requests(is_document, 1..=1, fault);
            workspace.survives(1 + index);
            workspace.proxy().heal();
        }
    }
}

#[test]
fn what_lasts_is_told_and_the_old_image_stays() {
    let Some(workspace) = Workspace::new() else { return };
    let registry = workspace.proxy().address();
    for (target, fault, words) in [
        ("/manifests/", Fault::error(500, "UNKNOWN"), ["500", "UNKNOWN"]),
        ("/manifests/", Fault::error(429, "TOOMANYREQUESTS"), ["429", "TOOMANYREQUESTS"]),
        ("/manifests/", Fault::status_with(429, "Retry-After", "3600"), ["429", "v1"]),
        ("/manifests/", Fault::error(403, "DENIED"), ["403", "without credentials"]),
        ("/manifests/", Fault::Refuse, ["was cut", "v1"]),
        ("/manifests/", Fault::FlipRequestByte(40), ["400", "MANIFEST_INVALID"]),
        ("/blobs/uploads/", Fault::error(507, "FULL"), ["507", "FULL"]),
        ("/blobs/uploads/", Fault::FlipRequestByte(3), ["400", "DIGEST_INVALID"]),
    ] {
        let is_document = move |request: &test_registry::Seen| {
            request.is("PUT", target) && request.header("content-type") != Some("application/octet-stream")
                || request.is("PUT", target) && request.header("content-length") != Some("0")
        };
        workspace.proxy().on_requests(is_document, .., fault);
        let error = workspace.fails();
        for word in [&registry, "/app"].into_iter().map(AsRef::as_ref).chain(words) {
            assert!(error.contains::<&str>(word), "no '{word}' in: {error}");
        }
    }
}
