//! What the analyzer finds out about images in a layout directory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use analyzer::{AnalyzeError, AnalyzerInputs, RunImageSource, analyze};
use image_store::{ImageStore, LayoutStore};
use platform_api::PhaseError;
use serde_json::json;
use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;
use spec_model::lifecycle_metadata::LifecycleMetadata;
use spec_model::run::RunImageChoice;
use tempfile::TempDir;
use test_kit::{ImageFixture, LayerFixture, sha256};

const APP: &str = "r.example/app";
const RUN: &str = "r.example/run:base";
const LABEL: &str = "io.buildpacks.lifecycle.metadata";

struct Workspace {
    dir: TempDir,
    store: LayoutStore,
    inputs: AnalyzerInputs,
}

impl Workspace {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LayoutStore::new(&dir.path().join("layout")).unwrap();
        let layers = dir.path().join("layers");
        fs_err::create_dir(&layers).unwrap();
        let inputs = AnalyzerInputs {
            platform_api: PlatformApi::V0_15,
            images: vec![APP.to_owned()],
            previous_image: APP.to_owned(),
            cache_image: None,
            run_image: RunImageSource::Named(RUN.to_owned()),
            analyzed: layers.join("analyzed.toml"),
            layers,
            restores_sbom: true,
        };
        let workspace = Self { dir, store, inputs };
        workspace.write(RUN, &ImageFixture::default().label("io.buildpacks.base.distro.name", "acme"));
        workspace
    }

    /// Writes an image, and returns its identifier.
    fn write(&self, reference: &str, fixture: &ImageFixture) -> String {
        let path = self.store.name(reference).unwrap();
        let written = fixture.write(path.as_ref());
        format!("{path}@{}", written.digest)
    }

    fn analyze(&self) -> Result<Analyzed, AnalyzeError> {
        analyze(&self.inputs, &self.store)
    }

    fn sbom_file(&self) -> PathBuf {
        self.inputs.layers.join("sbom/launch/acme_web/deps/sbom.cdx.json")
    }

    /// A layer with the SBOM file at its place.
    fn sbom_layer(&self) -> LayerFixture {
        let path = self.sbom_file();
        LayerFixture::of(&[(path.to_str().unwrap().trim_start_matches('/'), "{}")])
    }

    /// An app image whose metadata names `sbom` as its SBOM layer.
    fn app_image(layers: Vec<LayerFixture>, sbom: &str) -> ImageFixture {
        let metadata = json!({
            "sbom": { "sha": sbom },
            "launcher": { "sha": sha256(b"launcher") },
            "buildpacks": [{ "key": "acme/web", "version": "1", "layers": { "deps": {
                "sha": sha256(b"deps"), "data": { "n": 1 }, "build": false, "launch": true, "cache": false,
            } } }],
        });
        ImageFixture { layers, ..ImageFixture::default() }.label(LABEL, &metadata.to_string())
    }
}

#[test]
fn without_a_previous_image_only_the_run_image_is_known() {
    let workspace = Workspace::new();
    let analyzed = workspace.analyze().unwrap();
    assert_eq!(analyzed.previous_image.unwrap().reference, "");
    assert_eq!(analyzed.metadata, LifecycleMetadata::default());
    let run_image = analyzed.run_image.unwrap();
    let name = workspace.store.name(RUN).unwrap();
    assert_eq!(run_image.image, name);
    assert!(run_image.reference.starts_with(&format!("{name}@sha256:")));
    let target = run_image.target.unwrap();
    assert_eq!((target.os.as_str(), target.distro.unwrap().name.as_str()), ("linux", "acme"));
}

#[test]
fn the_previous_images_metadata_and_sbom_are_restored() {
    let workspace = Workspace::new();
    let layer = workspace.sbom_layer();
    let sbom = sha256(&layer.archive);
    let identifier = workspace.write(APP, &Workspace::app_image(vec![layer], &sbom));
    let analyzed = workspace.analyze().unwrap();
    assert_eq!(analyzed.previous_image.unwrap().reference, identifier);
    assert_eq!(analyzed.metadata.launcher.sha, sha256(b"launcher"));
    let buildpack = analyzed.metadata.buildpack(&"acme/web".parse().unwrap()).unwrap();
    assert_eq!(buildpack.layers["deps"].sha, sha256(b"deps"));
    assert_eq!(fs_err::read_to_string(workspace.sbom_file()).unwrap(), "{}");
}

#[test]
fn sbom_files_are_left_alone_when_layers_are_skipped() {
    let mut workspace = Workspace::new();
    let layer = workspace.sbom_layer();
    let sbom = sha256(&layer.archive);
    workspace.write(APP, &Workspace::app_image(vec![layer], &sbom));
    workspace.inputs.restores_sbom = false;
    let analyzed = workspace.analyze().unwrap();
    assert_eq!(analyzed.metadata.sbom.unwrap().sha, sbom);
    assert!(!workspace.inputs.layers.join("sbom").exists());
}

#[test]
fn a_previous_image_with_a_malformed_label_counts_as_none() {
    let workspace = Workspace::new();
    for label in ["{", r#"{"launcher": 3}"#, "7"] {
        workspace.write(APP, &ImageFixture::default().label(LABEL, label));
        let analyzed = workspace.analyze().unwrap();
        assert_eq!(analyzed.previous_image.unwrap().reference, "", "{label}");
    }
}

#[test]
fn a_previous_image_without_label_is_recorded() {
    let workspace = Workspace::new();
    let identifier = workspace.write(APP, &ImageFixture::default());
    let analyzed = workspace.analyze().unwrap();
    assert_eq!(analyzed.previous_image.unwrap().reference, identifier);
    assert_eq!(analyzed.metadata, LifecycleMetadata::default());
}

#[test]
fn a_previous_image_that_lacks_what_it_promises_is_an_error_with_a_way_out() {
    let missing = Workspace::app_image(Vec::new(), &sha256(b"missing"));
    let nameless = Workspace::app_image(Vec::new(), "sha256:1");
    let mut sparse = Workspace::app_image(vec![LayerFixture::of(&[("x", "y")])], "");
    sparse = ImageFixture { sparse: true, ..sparse };
    let sbom = sha256(&sparse.layers[0].archive);
    let sparse = ImageFixture { sparse: true, ..Workspace::app_image(sparse.layers, &sbom) };
    for (fixture, reason) in [(missing, "has no layer"), (nameless, "no digest"), (sparse, "is missing")] {
        let workspace = Workspace::new();
        workspace.write(APP, &fixture);
        let error = workspace.analyze().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(error.exit_code().code(), 32);
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_damaged_previous_image_is_an_error_with_a_way_out() {
    let workspace = Workspace::new();
    workspace.write(APP, &ImageFixture::default());
    let index = PathBuf::from(workspace.store.name(APP).unwrap()).join("index.json");
    fs_err::write(index, "{").unwrap();
    let error = workspace.analyze().unwrap_err();
    assert!(matches!(error, AnalyzeError::PreviousImage(_)), "{error}");
    assert_eq!(error.exit_code().code(), 32);
    assert!(error.hint().unwrap().contains("-previous-image"));
}

#[test]
fn an_sbom_layer_writes_nothing_but_sbom_files() {
    let workspace = Workspace::new();
    let group = workspace.inputs.layers.join("group.toml");
    let name = group.to_str().unwrap().trim_start_matches('/');
    for files in [[(name, "hostile")], [("etc/hostile", "hostile")]] {
        let layer = LayerFixture::of(&files);
        let sbom = sha256(&layer.archive);
        workspace.write(APP, &Workspace::app_image(vec![layer], &sbom));
        workspace.analyze().unwrap();
        assert!(!group.exists());
    }
}

#[test]
fn the_run_image_is_chosen_from_those_that_exist() {
    let mut workspace = Workspace::new();
    let choice = RunImageChoice {
        image: "x.example/absent".to_owned(),
        mirrors: vec!["y.example/run".to_owned(), "r.example/absent".to_owned(), RUN.to_owned()],
    };
    workspace.inputs.run_image = RunImageSource::OneOf { choice, file: "/cnb/run.toml".into() };
    workspace.write("y.example/run", &ImageFixture::default());
    let image = |analyzed: Analyzed| analyzed.run_image.unwrap().image;
    assert_eq!(image(workspace.analyze().unwrap()), workspace.store.name(RUN).unwrap());

    workspace.inputs.images = vec!["z.example/app".to_owned()];
    assert_eq!(image(workspace.analyze().unwrap()), workspace.store.name("y.example/run").unwrap());

    fs_err::remove_dir_all(workspace.dir.path().join("layout")).unwrap();
    let error = workspace.analyze().unwrap_err();
    assert!(error.to_string().contains("'x.example/absent'"), "{error}");
    assert!(error.to_string().contains("/cnb/run.toml"), "{error}");
    assert_eq!(error.exit_code().code(), 3);
}

#[test]
fn a_named_run_image_that_is_absent_is_taken_to_be_for_the_host() {
    let mut workspace = Workspace::new();
    workspace.inputs.run_image = RunImageSource::Named("r.example/absent".to_owned());
    let run_image = workspace.analyze().unwrap().run_image.unwrap();
    assert_eq!(run_image.reference, "");
    assert_eq!(run_image.image, workspace.store.name("r.example/absent").unwrap());
    assert_eq!(run_image.target.unwrap().os, "linux");
}

#[test]
fn a_run_image_without_operating_system_is_refused() {
    let workspace = Workspace::new();
    let mut fixture = ImageFixture::default();
    fixture.config["os"] = "".into();
    workspace.write(RUN, &fixture);
    let error = workspace.analyze().unwrap_err();
    assert!(matches!(error, AnalyzeError::NoOs { .. }), "{error}");
    assert_eq!(error.exit_code().code(), 32);
}

#[test]
fn older_platforms_get_neither_name_nor_target() {
    let mut workspace = Workspace::new();
    workspace.inputs.platform_api = PlatformApi::V0_11;
    let run_image = workspace.analyze().unwrap().run_image.unwrap();
    assert!(run_image.reference.contains("@sha256:"));
    assert_eq!((run_image.image.as_str(), run_image.target), ("", None));
}

#[test]
fn images_that_cannot_be_written_are_told_before_the_build() {
    let mut workspace = Workspace::new();
    workspace.inputs.images.push("r.example/blocked/app:v2".to_owned());
    fs_err::write(workspace.dir.path().join("layout/r.example/blocked"), "a file").unwrap();
    let error = workspace.analyze().unwrap_err();
    assert!(error.to_string().contains("r.example/blocked"), "{error}");
    assert_eq!(error.exit_code().code(), 32);
}
