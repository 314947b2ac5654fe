//! An image as a test sees it: the documents as JSON, labels, layers and files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use test_kit::{ArchiveEntry, archive_entries, sha256, uncompressed};

use crate::store::RegistryAt;
use crate::verdict::{Failure, Verdict};

/// An image of whatever store.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    name: String,
    /// The manifest's digest; in an engine, the image's id.
    pub(crate) digest: String,
    /// The manifest; of an engine's image it has the digests of config and layers only.
    pub(crate) manifest: Value,
    /// The config, for its text.
    pub(crate) config_text: String,
    /// The config document.
    pub(crate) config: Value,
    blobs: Blobs,
}

/// Where an image's blobs are.
#[derive(Debug, Clone)]
pub(crate) enum Blobs {
    /// A directory `blobs` of a layout.
    Directory(PathBuf),
    /// A repository of a registry.
    Registry(RegistryAt, String),
    /// By digest.
    Memory(BTreeMap<String, Vec<u8>>),
}

/// A layer, uncompressed.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// The tar archive.
    pub(crate) archive: Vec<u8>,
    /// What is in it, in order.
    pub(crate) entries: Vec<ArchiveEntry>,
}

/// A value in a document by its JSON pointer; null if there is none.
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

impl Image {
    /// Reads manifest and config.
    pub(crate) fn read(name: &str, digest: &str, blobs: Blobs) -> Verdict<Self> {
        let manifest = blobs.get(digest).map_err(|seen| Failure::new(name, "it has a manifest", seen))?;
        let manifest = json(name, &manifest)?;
        Self::of(name, digest, manifest, blobs)
    }

    /// Reads the config for a manifest.
    pub(crate) fn of(name: &str, digest: &str, manifest: Value, blobs: Blobs) -> Verdict<Self> {
        let config = blobs.get(at(&manifest, "/config/digest").as_str().unwrap_or_default());
        let config = config.map_err(|seen| Failure::new(name, "it has a config", seen))?;
        let config_text = String::from_utf8_lossy(&config).into_owned();
        let (name, digest) = (name.to_owned(), digest.to_owned());
        Ok(Self { config: json(&name, &config)?, name, digest, manifest, config_text, blobs })
    }

    /// The image's id: the digest of its config.
    pub(crate) fn id(&self) -> String {
        sha256(self.config_text.as_bytes())
    }

    /// The bytes of the manifest.
    pub(crate) fn manifest_bytes(&self) -> Verdict<Vec<u8>> {
        self.blobs.get(&self.digest).map_err(|seen| Failure::new(&self.name, "it has a manifest", seen))
    }

    /// A label that has to be there.
    pub(crate) fn label(&self, name: &str) -> Verdict<&str> {
        let labels = at(&self.config, "/config/Labels");
        let label = labels.get(name).and_then(Value::as_str);
        label.ok_or_else(|| Failure::new(format!("label {name} of {}", self.name), "it is there", labels))
    }

    /// A label that has to be there and to be JSON.
    pub(crate) fn label_json(&self, name: &str) -> Verdict<Value> {
        json(&format!("label {name} of {}", self.name), self.label(name)?.as_bytes())
    }

    /// The label with what lifecycles know of the image.
    pub(crate) fn lifecycle_metadata(&self) -> Verdict<Value> {
        self.label_json("io.buildpacks.lifecycle.metadata")
    }

    /// The label with what buildpacks say of the image.
    pub(crate) fn build_metadata(&self) -> Verdict<Value> {
        self.label_json("io.buildpacks.build.metadata")
    }

    /// The value of a variable of the image.
    pub(crate) fn env(&self, name: &str) -> Option<&str> {
        let variables = at(&self.config, "/config/Env").as_array()?;
        let pairs = variables.iter().filter_map(|variable| variable.as_str()?.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next_back()
    }

    /// The diffIDs of all layers, the bottom one first.
    pub(crate) fn diff_ids(&self) -> Vec<&str> {
        let diff_ids = at(&self.config, "/rootfs/diff_ids").as_array();
        diff_ids.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// How many layers the manifest has.
    pub(crate) fn layer_count(&self) -> usize {
        at(&self.manifest, "/layers").as_array().map_or(0, Vec::len)
    }

    /// The layer with a diffID, which has to be part of the image.
    pub(crate) fn layer(&self, diff_id: &str) -> Verdict<Layer> {
        let what = || format!("layer {diff_id} of {}", self.name);
        let number = self.diff_ids().iter().position(|known| *known == diff_id);
        let number = number
            .ok_or_else(|| Failure::new(what(), "it is a layer of the image", self.diff_ids().join(", ")))?;
        let digest = at(&self.manifest, &format!("/layers/{number}/digest")).as_str().unwrap_or_default();
        let blob = self.blobs.get(digest).map_err(|seen| Failure::new(what(), "it can be read", seen))?;
        let archive = uncompressed(&blob);
        if sha256(&archive) != diff_id {
            return Err(Failure::new(what(), "it has the recorded diffID", sha256(&archive)));
        }
        Ok(Layer { entries: archive_entries(&archive), archive })
    }

    /// The layer whose diffID a value of a label is.
    pub(crate) fn layer_named_by(&self, label: &Value, pointer: &str) -> Verdict<Layer> {
        let diff_id = at(label, pointer).as_str();
        let diff_id =
            diff_id.ok_or_else(|| Failure::new(format!("{pointer} of a label"), "a diffID", label))?;
        self.layer(diff_id)
    }

    /// All layers that can be read, the bottom one first; those of a base may be left out of a layout.
    pub(crate) fn layers(&self) -> Verdict<Vec<Layer>> {
        let mut layers = Vec::new();
        for diff_id in self.diff_ids() {
            match self.layer(diff_id) {
                Err(failure) if failure.expected != "it can be read" => return Err(failure),
                read => layers.extend(read.ok()),
            }
        }
        Ok(layers)
    }

    /// The entry of the topmost layer that has a path, which begins with `/`.
    pub(crate) fn file(&self, path: &str) -> Verdict<ArchiveEntry> {
        let found = self.layers()?.into_iter().rev().find_map(|layer| layer.entry(path).cloned());
        found
            .ok_or_else(|| Failure::new(format!("{path} in {}", self.name), "it is there", "no layer has it"))
    }
}

impl Layer {
    /// The entry for a path, which begins with `/`.
    pub(crate) fn entry(&self, path: &str) -> Option<&ArchiveEntry> {
        let plain = |path: &str| path.trim_matches('/').to_owned();
        self.entries.iter().find(|entry| plain(&entry.path) == plain(path))
    }

    /// The names of all entries, in order.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    /// The text of a file that has to be there.
    pub(crate) fn text(&self, path: &str) -> Verdict<String> {
        let entry = self.entry(path);
        let entry = entry.ok_or_else(|| {
            Failure::new(format!("{path} in a layer"), "it is there", self.paths().join(", "))
        })?;
        Ok(String::from_utf8_lossy(&entry.content).into_owned())
    }
}

impl Blobs {
    /// The bytes of a blob, or why there are none.
    fn get(&self, digest: &str) -> Result<Vec<u8>, String> {
        let missing = || format!("there is no {digest}");
        match self {
            Self::Directory(blobs) => {
                fs_err::read(blobs.join(digest.replace(':', "/"))).map_err(|error| error.to_string())
            }
            Self::Registry(registry, repository) => registry.blob(repository, digest).ok_or_else(missing),
            Self::Memory(blobs) => blobs.get(digest).cloned().ok_or_else(missing),
        }
    }
}

fn json(what: &str, bytes: &[u8]) -> Verdict<Value> {
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&text).map_err(|error| Failure::new(what, "it is JSON", format!("{error}: {text}")))
}
