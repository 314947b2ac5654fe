//! What an engine tells of an image, as the documents that the image would have.
//!
//! The config holds what other lifecycles take from the engine, so that images made on top of it are the
//! same. The manifest is made up: engines keep none that could be asked for. Its layers are the archives.

use docker_engine::{HistoryItem, ImageInspect};
use image::media_type::{DOCKER_ARCHIVE, DOCKER_CONFIG, DOCKER_MANIFEST};
use image::{Descriptor, Document, History, ImageConfig, Manifest, Timestamp};
use serde_json::{Map, Value, json};
use spec_model::DiffId;

use crate::{StoreError, StoredImage};

/// What of the engine's description of containers belongs to the image.
const OF_THE_IMAGE: [&str; 12] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

/// What of a check of health counts.
const OF_HEALTH: [&str; 5] = ["Test", "Interval", "Timeout", "StartPeriod", "Retries"];

/// The image of a name, whose id is known.
pub(super) fn describe(
    name: &str,
    id: &str,
    inspect: ImageInspect,
    history: Vec<HistoryItem>,
) -> Result<StoredImage, StoreError> {
    let failed = |source| StoreError::Print { image: name.to_owned(), source };
    let config = config(name, inspect, history)?;
    let config_document = print(&config).map_err(failed)?;
    let layer = |diff_id: &DiffId| Descriptor::new(DOCKER_ARCHIVE.into(), 0, diff_id.digest());
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(DOCKER_MANIFEST.into()),
        config: Descriptor::new(DOCKER_CONFIG.into(), config_document.size(), config_document.digest),
        layers: config.rootfs.diff_ids.iter().map(layer).collect(),
        annotations: std::collections::BTreeMap::new(),
        subject: None,
        artifact_type: None,
    };
    let manifest_document = print(&manifest).map_err(failed)?;
    let identifier = identifier(id).to_owned();
    Ok(StoredImage {
        name: name.to_owned(),
        identifier,
        manifest,
        manifest_document,
        config,
        config_document,
    })
}

/// An image's id as `analyzed.toml` and `report.toml` have it.
pub(super) fn identifier(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

fn print(value: &impl serde::Serialize) -> Result<Document, serde_json::Error> {
    Ok(Document::new(spec_model::json::to_string(value)?.into_bytes()))
}

fn config(name: &str, inspect: ImageInspect, history: Vec<HistoryItem>) -> Result<ImageConfig, StoreError> {
    let layers = inspect.root_fs.layers.unwrap_or_default();
    let history = steps(history, layers.len());
    let mut container = chosen(inspect.config, &OF_THE_IMAGE);
    if let Some(health) = container.remove("Healthcheck") {
        container.insert("Healthcheck".to_owned(), chosen(Some(health), &OF_HEALTH).into());
    }
    let document = json!({
        "architecture": inspect.architecture,
        "author": inspect.author,
        "created": inspect.created,
        "os": inspect.os,
        "os.version": inspect.os_version,
        "variant": inspect.variant,
        "rootfs": { "type": inspect.root_fs.r#type, "diff_ids": layers },
        "config": container,
    });
    let mut config = ImageConfig::parse(document.to_string().as_bytes())
        .map_err(StoreError::malformed(name, "the engine's description".to_owned()))?;
    config.history = history;
    Ok(config)
}

fn chosen(table: Option<Value>, keys: &[&str]) -> Map<String, Value> {
    let Some(Value::Object(table)) = table else { return Map::new() };
    table.into_iter().filter(|(key, value)| keys.contains(&key.as_str()) && !value.is_null()).collect()
}

/// The steps, the first one first. If they are not those of the layers, they tell nothing.
fn steps(history: Vec<HistoryItem>, layers: usize) -> Vec<History> {
    if history.len() != layers {
        let created = Some(Timestamp::NORMALIZED.to_string());
        return vec![History { created, ..History::default() }; layers];
    }
    let step = |item: HistoryItem| History {
        created: Timestamp::from_unix(item.created).ok().map(|created| created.to_string()),
        created_by: item.created_by,
        comment: item.comment,
        ..History::default()
    };
    history.into_iter().rev().map(step).collect()
}

#[cfg(test)]
mod tests {
    use docker_engine::{HistoryItem, ImageInspect};
    use serde_json::json;

    use super::describe;

    fn inspect() -> ImageInspect {
        let layers = [1, 2].map(|n| format!("sha256:{}", n.to_string().repeat(64)));
        serde_json::from_value(json!({
            "Id": "sha256:id", "Created": "2020-01-02T03:04:05.6Z", "Author": "", "Architecture": "arm64",
            "Os": "linux", "Variant": "v8", "Container": "x", "DockerVersion": "20.10",
            "RootFS": { "Type": "layers", "Layers": layers },
            "Config": {
                "Hostname": "h", "Image": "i", "AttachStdin": false, "Env": ["A=b"], "Cmd": null,
                "Healthcheck": { "Test": ["CMD", "true"], "StartInterval": 5 },
                "Labels": { "key": "value" }, "User": "1000", "Unknown": 1,
            },
        }))
        .unwrap()
    }

    fn item(created_by: &str) -> HistoryItem {
        HistoryItem { created: 0, created_by: created_by.to_owned(), comment: String::new() }
    }

    #[test]
    fn the_config_holds_what_belongs_to_an_image() {
        let image = describe("app", "sha256:id", inspect(), vec![item("two"), item("one")]).unwrap();
        assert_eq!(image.identifier, "id");
        let text = String::from_utf8(image.config_document.bytes.clone()).unwrap();
        for part in
            [r#""architecture":"arm64""#, r#""variant":"v8""#, r#""created":"2020-01-02T03:04:05.6Z""#, "A=b"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for part in ["Hostname", "Image", "Unknown", "StartInterval", "Container", "docker_version"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
        let steps: Vec<_> = image.config.history.iter().map(|step| step.created_by.as_str()).collect();
        assert_eq!(steps, ["one", "two"]);
        let diff_ids: Vec<_> = image.layers().map(|layer| layer.diff_id.to_string()).collect();
        let digests: Vec<_> = image.layers().map(|layer| layer.descriptor.digest.to_string()).collect();
        assert_eq!(diff_ids, digests);
    }

    #[test]
    fn steps_without_layers_make_the_history_worthless() {
        let history = vec![item("three"), item("two"), item("one")];
        let image = describe("app", "id", inspect(), history).unwrap();
        assert_eq!(image.config.history.len(), 2);
        assert!(image.config.history.iter().all(|step| step.created_by.is_empty()));
    }

    #[test]
    fn a_layer_without_a_digest_is_told() {
        let mut inspect = inspect();
        inspect.root_fs.layers = Some(vec!["nonsense".to_owned()]);
        let error = describe("app", "id", inspect, Vec::new()).unwrap_err().to_string();
        assert!(error.contains("'app'") && error.contains("diff_ids"), "{error}");
    }
}
