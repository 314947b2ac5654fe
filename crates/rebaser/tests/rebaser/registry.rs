//! The executable on images in registries.

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{ImageFixture, WrittenFixture};
use test_registry::{Fault, FaultProxy, Skopeo, TestRegistry};

use crate::support::{app_image, metadata, run_image};

/// A registry with an app image and the next run image, behind a proxy that sees all requests.
struct Workspace {
    dir: TempDir,
    registry: Arc<TestRegistry>,
    proxy: FaultProxy,
    app: WrittenFixture,
    base: WrittenFixture,
}

/// In Docker's form: as a rebased image's manifest is of that form, skopeo refuses OCI layers in it.
fn docker(image: ImageFixture) -> ImageFixture {
    ImageFixture { docker: true, ..image }
}

impl Workspace {
    /// None where there is no registry.
    fn new() -> Option<Self> {
        let registry = Arc::new(TestRegistry::plain()?);
        let proxy = FaultProxy::before(&registry);
        let run_image_name = format!("{}/run:base", proxy.address());
        let app = registry.push("app:v1", &docker(app_image(&Self::metadata(&run_image_name))));
        let base = registry.push("run:base", &docker(run_image(&["one", "new", "newer"])));
        Some(Self { dir: tempfile::tempdir().unwrap(), registry, proxy, app, base })
    }

    fn metadata(run_image: &str) -> Value {
        let mut metadata = metadata();
        metadata["runImage"]["image"] = run_image.into();
        metadata["runImage"]["mirrors"] = json!([]);
        metadata["stack"]["runImage"] = json!({ "image": run_image });
        metadata
    }

    fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.proxy.address())
    }

    /// Runs the rebaser; what it says, or its complaint.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_rebaser"))
            .env_clear()
            .env("CNB_PLATFORM_API", "0.13")
            .env("CNB_REPORT_PATH", self.dir.path().join("report.toml"))
            .env("HOME", self.dir.path())
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// The image is whole, whoever looks, and what the report says.
    fn check(&self, image: &str) {
        let skopeo = Skopeo::default();
        let report = fs_err::read_to_string(self.dir.path().join("report.toml")).unwrap();
        let Some(found) = skopeo.inspect(image) else { return };
        assert!(report.contains(found["Digest"].as_str().unwrap()), "{report}");
        let size = skopeo.manifest(image).unwrap().len();
        assert!(report.contains(&format!("manifest-size = {size}\n")), "{report}");
        let own = &self.app.layers[2..];
        let layers: Vec<_> = self.base.layers.iter().chain(own).map(|layer| json!(layer)).collect();
        assert_eq!(found["Layers"], Value::from(layers));
        skopeo.copy_to_dir(image, &self.dir.path().join("pulled"), "v1").unwrap();
    }

    /// No byte of the app image's own layers came or went.
    fn leaves_own_layers_where_they_are(&self) {
        for layer in &self.app.layers {
            assert_eq!(self.proxy.count("GET", layer), 0, "{layer}");
        }
    }
}

#[test]
fn within_a_registry_no_layer_is_moved() {
    let Some(workspace) = Workspace::new() else { return };
    let image = workspace.name("app:v1");
    let told = workspace.run(&[&image]).unwrap();
    let run_image = workspace.name("run:base");
    let choice = format!("Using run image '{run_image}' of those that app image '{image}' names: it is in");
    assert_eq!(told.lines().filter(|line| line.contains(&choice)).count(), 1, "{told}");
    let requests = workspace.proxy.requests();
    assert!(requests.len() <= 12, "{requests:#?}");
    workspace.leaves_own_layers_where_they_are();
    for layer in &workspace.base.layers {
        assert_eq!(workspace.proxy.body_bytes("*", layer), (0, 0));
    }
    workspace.check(&image);
}

#[test]
fn layers_of_another_registrys_run_image_are_copied() {
    let (Some(mut workspace), Some(elsewhere)) = (Workspace::new(), TestRegistry::plain()) else { return };
    let run_image_name = format!("{}/run:base", elsewhere.address());
    workspace.base = elsewhere.push("run:base", &docker(run_image(&["of", "another", "registry"])));
    let fixture = docker(app_image(&Workspace::metadata(&run_image_name)));
    workspace.app = workspace.registry.push("app:v1", &fixture);
    let image = workspace.name("app:v1");
    let told = workspace.run(&[&image]).unwrap();
    assert!(told.contains("none is in the app image's registry"), "{told}");
    workspace.leaves_own_layers_where_they_are();
    for layer in &workspace.base.layers {
        assert!(workspace.registry.repository_has_blob("app", layer));
    }
    workspace.check(&image);
}

#[test]
fn a_rebased_image_may_have_other_names_than_the_app_image() {
    let Some(workspace) = Workspace::new() else { return };
    let (app, first, second) = (workspace.name("app:v1"), workspace.name("new:1"), workspace.name("newer:2"));
    workspace.run(&["-previous-image", &app, &first, &second]).unwrap();
    workspace.leaves_own_layers_where_they_are();
    let skopeo = Skopeo::default();
    for image in [&first, &second] {
        workspace.check(image);
    }
    assert_eq!(skopeo.manifest(&first), skopeo.manifest(&second));
    if let Some(found) = skopeo.inspect(&app) {
        assert_eq!(found["Digest"], workspace.app.digest.as_str(), "the app image is what it was");
    }
}

#[test]
fn layers_that_the_registry_forgets_are_taken_over_again() {
    let Some(workspace) = Workspace::new() else { return };
    let (registry, layer) = (Arc::clone(&workspace.registry), workspace.app.layers[3].clone());
    let forget = Fault::run(move || registry.remove_blob_from("new", &layer));
    workspace.proxy.on("PUT", "/manifests/", 1..=1, forget);
    let (app, image) = (workspace.name("app:v1"), workspace.name("new:1"));
    workspace.run(&["-previous-image", &app, &image]).unwrap();
    assert_eq!(workspace.proxy.count("PUT", "/manifests/"), 2);
    workspace.check(&image);
}

#[test]
fn an_image_that_cannot_be_read_is_told_and_nothing_is_written() {
    let Some(workspace) = Workspace::new() else { return };
    workspace.proxy.on("GET", "/manifests/base", .., Fault::error(403, "DENIED"));
    let text = workspace.run(&[&workspace.name("app:v1")]).unwrap_err();
    assert!(text.contains(&workspace.name("run:base")) && text.contains("403"), "{text}");
    assert_eq!(workspace.proxy.count("PUT", "/"), 0);
    assert_eq!(workspace.proxy.count("POST", "/"), 0);
}
