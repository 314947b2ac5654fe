//! An app image, its run image and the next run image, in a layout directory.

use image_store::{ImageStore, LayoutStore, Presence, StoredImage, validate};
use rebaser::{RebaseError, RebaserInputs, rebase};
use serde_json::{Value, json};
use spec_model::PlatformApi;
use spec_model::report::Report;
use tempfile::TempDir;
use test_kit::{ImageFixture, LayerFixture, sha256};

pub(crate) const APP: &str = "r.example/app:v1";
pub(crate) const RUN: &str = "r.example/run:base";
pub(crate) const MIRROR: &str = "m.example/run:base";
pub(crate) const LABEL: &str = "io.buildpacks.lifecycle.metadata";

pub(crate) struct Workspace {
    _dir: TempDir,
    pub(crate) store: LayoutStore,
    pub(crate) inputs: RebaserInputs,
}

/// A layer that differs from all others.
pub(crate) fn layer(content: &str) -> LayerFixture {
    LayerFixture::of(&[("file", content)])
}

/// A run image for the distribution `acme 7`.
pub(crate) fn run_image(layers: &[&str]) -> ImageFixture {
    bare(layers)
        .label("io.buildpacks.base.distro.name", "acme")
        .label("io.buildpacks.base.distro.version", "7")
}

/// An image without labels.
pub(crate) fn bare(layers: &[&str]) -> ImageFixture {
    ImageFixture { layers: layers.iter().map(|content| layer(content)).collect(), ..ImageFixture::default() }
}

/// What the app image says of its layers and its run image, whose top layer is `two`.
pub(crate) fn metadata() -> Value {
    json!({
        "app": [{ "sha": sha256(&layer("app").archive) }],
        "runImage": {
            "topLayer": sha256(&layer("two").archive), "reference": "old", "image": RUN, "mirrors": [MIRROR],
        },
        "stack": { "runImage": { "image": RUN, "mirrors": [MIRROR] } },
    })
}

/// An app image of Platform API 0.12 on a run image of the layers `one` and `two`.
pub(crate) fn app_image(metadata: &Value) -> ImageFixture {
    let mut image = run_image(&["one", "two", "deps", "app"]).label(LABEL, &metadata.to_string());
    image.config["config"]["Env"] = json!(["CNB_PLATFORM_API=0.12"]);
    image.config["config"]["User"] = "1000".into();
    image
}

impl Workspace {
    /// An app image, and another run image under the name of its own.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LayoutStore::new(&dir.path().join("layout")).unwrap();
        let inputs = RebaserInputs {
            platform_api: PlatformApi::V0_12,
            images: vec![APP.to_owned()],
            app_image: APP.to_owned(),
            run_image: None,
            force: false,
            report: dir.path().join("report.toml"),
        };
        let workspace = Self { _dir: dir, store, inputs };
        workspace.write(APP, &app_image(&metadata()));
        workspace.write(RUN, &run_image(&["one", "new", "newer"]));
        workspace
    }

    /// Writes an image, and returns its identifier.
    pub(crate) fn write(&self, reference: &str, fixture: &ImageFixture) -> String {
        let path = self.store.name(reference).unwrap();
        let written = fixture.write(path.as_ref());
        format!("{path}@{}", written.digest)
    }

    /// Removes an image.
    pub(crate) fn remove(&self, reference: &str) {
        fs_err::remove_dir_all(self.store.name(reference).unwrap()).unwrap();
    }

    pub(crate) fn rebase(&self) -> Result<Report, RebaseError> {
        rebase(&self.inputs, &self.store)
    }

    /// Rebases, and returns the image, which is whole.
    pub(crate) fn rebased(&self) -> StoredImage {
        self.rebase().unwrap();
        let image = self.resolve(&self.inputs.images[0]);
        validate(&self.store, &image, Presence::Complete).unwrap();
        image
    }

    pub(crate) fn resolve(&self, reference: &str) -> StoredImage {
        self.store.resolve(reference).unwrap().unwrap()
    }
}

/// The label with the metadata.
pub(crate) fn metadata_of(image: &StoredImage) -> Value {
    serde_json::from_str(image.config.label(LABEL).unwrap()).unwrap()
}

/// The diffIDs of layers.
pub(crate) fn diff_ids(contents: &[&str]) -> Vec<String> {
    contents.iter().map(|content| sha256(&layer(content).archive)).collect()
}
