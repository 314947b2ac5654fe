//! Images in a container engine, by Docker's own client.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_engine::TestEngine;
use test_kit::{archive_entries, sha256};

use crate::scene::{Blobs, Image};
use crate::verdict::{Failure, Verdict};

/// Reads an image of an engine. Its manifest is made up of what the engine saves; its digest is the image's id.
pub(crate) fn read(engine: &TestEngine, name: &str) -> Verdict<Image> {
    let missing = |seen: &str| Failure::new(format!("the image {name}"), "it is there", seen);
    let directory = tempfile::tempdir().expect("a directory for an image");
    let archive = directory.path().join("image");
    let (saved, said) = engine.try_docker(&["save", "--output", &archive.display().to_string(), name]);
    if !saved {
        return Err(missing(&said));
    }
    let archive = fs_err::read(archive).expect("what the engine saved");
    let files: BTreeMap<_, _> =
        archive_entries(&archive).into_iter().map(|entry| (entry.path, entry.content)).collect();
    let file = |name: &str| files.get(name).ok_or_else(|| missing(&format!("what is saved has no {name}")));
    let list: Value =
        serde_json::from_slice(file("manifest.json")?).map_err(|error| missing(&error.to_string()))?;
    let text = |pointer: &str| list.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let config = file(text("/0/Config"))?.clone();
    let mut blobs = BTreeMap::from([(sha256(&config), config.clone())]);
    let mut layers = Vec::new();
    for layer in list.pointer("/0/Layers").and_then(Value::as_array).into_iter().flatten() {
        let bytes = file(layer.as_str().unwrap_or_default())?.clone();
        layers.push(json!({ "digest": sha256(&bytes), "size": bytes.len() }));
        blobs.insert(sha256(&bytes), bytes);
    }
    let manifest = json!({ "config": { "digest": sha256(&config) }, "layers": layers });
    Image::of(name, &sha256(&config), manifest, Blobs::Memory(blobs))
}
