//! What an earlier build has left, in files typed by hand, and its restoration.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Once;

use cache::{Cache, CacheDirectory};
use restorer::{RestoreError, RestorerInputs, restore};
use serde_json::{Value, json};
use spec_model::PlatformApi;
use spec_model::group::Group;
use spec_model::lifecycle_metadata::LifecycleMetadata;
use test_kit::{Scratch, sha256};

use crate::archive::{Entry, archive, directory, file};

/// The name that the cache's metadata has on disk.
const METADATA: &str = "io.buildpacks.lifecycle.cache.metadata";

/// The buildpack of all these tests is `acme/web`.
pub(crate) struct Build {
    pub(crate) scratch: Scratch,
    pub(crate) api: PlatformApi,
    pub(crate) skip_layers: bool,
    pub(crate) image: Value,
    pub(crate) cache: Value,
}

/// The label's form of a layer whose types are the letters in `types`.
fn layer(types: &str, sha: &str, name: &str) -> Value {
    let has = |letter| types.contains(letter);
    json!({"sha": sha, "data": {"name": name}, "build": has('b'), "launch": has('l'), "cache": has('c')})
}

impl Build {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        fs_err::create_dir_all(scratch.path("cache/committed")).unwrap();
        let buildpacks = json!([{"key": "acme/web", "version": "1", "layers": {}}]);
        let cache = json!({"sbom": {"sha": ""}, "buildpacks": buildpacks});
        let image = json!({"buildpacks": buildpacks});
        Self { scratch, api: PlatformApi::V0_15, skip_layers: false, image, cache }
    }

    /// The path of something below `<layers>`, as it stands in archives.
    pub(crate) fn layers(&self, name: &str) -> String {
        self.scratch.path("layers").join(name).to_str().unwrap().to_owned()
    }

    /// The file of a cached layer.
    pub(crate) fn blob(&self, sha: &str) -> PathBuf {
        self.scratch.path(&format!("cache/committed/{sha}.tar"))
    }

    /// The previous image has the layer.
    pub(crate) fn in_image(&mut self, name: &str, types: &str, sha: &str) {
        self.image["buildpacks"][0]["layers"][name] = layer(types, sha, name);
    }

    /// The cache has the layer, according to its metadata.
    pub(crate) fn in_cache(&mut self, name: &str, types: &str, sha: &str) {
        self.cache["buildpacks"][0]["layers"][name] = layer(types, sha, name);
    }

    /// The cache has an archive; its diffID.
    pub(crate) fn blob_of(&self, entries: &[Entry]) -> String {
        let bytes = archive(entries);
        let sha = sha256(&bytes);
        fs_err::write(self.blob(&sha), bytes).unwrap();
        sha
    }

    /// The cache has a layer of the one file `data`; its diffID.
    pub(crate) fn cached(&mut self, name: &str, types: &str) -> String {
        let path = self.layers(&format!("acme_web/{name}"));
        let parents = ["", "acme_web"].map(|parent| directory(self.layers(parent)));
        let entries = [directory(path.clone()), file(format!("{path}/data"), name)];
        let entries: Vec<_> = parents.into_iter().chain(entries).collect();
        let sha = self.blob_of(&entries);
        self.in_cache(name, types, &sha);
        sha
    }

    /// The cache directory, with its metadata written.
    pub(crate) fn cache(&self) -> CacheDirectory {
        let path = self.scratch.path("cache");
        fs_err::write(path.join("committed").join(METADATA), self.cache.to_string()).unwrap();
        CacheDirectory::open(&path).unwrap()
    }

    pub(crate) fn inputs(&self) -> RestorerInputs {
        let group = "[[group]]\nid = 'acme/web'\nversion = '2'\napi = '0.10'\n[[group]]\nid = 'acme/tools'\nversion = '1'\napi = '0.10'";
        let group: Group = spec_model::text::parse(group).unwrap();
        RestorerInputs {
            platform_api: self.api,
            layers: self.scratch.path("layers"),
            group,
            previous: LifecycleMetadata::from_label(&self.image.to_string()).unwrap(),
            skip_layers: self.skip_layers,
        }
    }

    /// Restores and returns what was warned of.
    pub(crate) fn restore(&self) -> Vec<String> {
        let (result, warnings) = self.try_restore();
        result.unwrap();
        warnings
    }

    pub(crate) fn try_restore(&self) -> (Result<(), RestoreError>, Vec<String>) {
        let cache = self.cache();
        warnings(|| restore(&self.inputs(), Some(&cache as &dyn Cache)))
    }

    /// All files below `<layers>`, links too, and empty directories with a slash.
    pub(crate) fn tree(&self) -> Vec<String> {
        let mut names = Vec::new();
        let root = self.scratch.path("layers");
        list(&root, &root, &mut names);
        names.sort();
        names
    }
}

fn list(root: &Path, directory: &Path, names: &mut Vec<String>) {
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let before = names.len();
    for entry in fs_err::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            list(root, &entry.path(), names);
        } else {
            names.push(name(&entry.path()));
        }
    }
    if names.len() == before && directory != root {
        names.push(name(directory) + "/");
    }
}

struct Recorder;

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() == log::Level::Warn {
            WARNINGS.with_borrow_mut(|warnings| warnings.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// The result of `action`, and what it warned of.
fn warnings<T>(action: impl FnOnce() -> T) -> (T, Vec<String>) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    WARNINGS.take();
    (action(), WARNINGS.take())
}
