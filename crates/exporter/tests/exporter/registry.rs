//! Exports to a registry, and what its faults mean for them.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, Skopeo, TestRegistry};

use crate::support::{Build, Outcome, outcome};

/// A build, and a registry behind a proxy with its run image.
struct Workspace {
    build: Build,
    registry: Arc<TestRegistry>,
    proxy: FaultProxy,
}

impl Workspace {
    /// None where there is no registry.
    fn new() -> Option<Self> {
        let registry = Arc::new(TestRegistry::plain()?);
        let proxy = FaultProxy::before(&registry);
        registry.push("run:base", &ImageFixture::default().layer(&[("etc/", ""), ("etc/os", "base")]));
        let build = Build::new();
        let run_image = format!("[run-image]\nreference = \"{}/run:base\"\n", proxy.address());
        build.scratch.write("layers/analyzed.toml", &run_image);
        Some(Self { build, registry, proxy })
    }

    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.proxy.address())
    }

    fn export(&self) -> Outcome {
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_exporter"));
        let mut command = self.build.scratch.phase(&executable, "0.12");
        let launcher = self.build.path("launcher");
        command.arg("-launcher").arg(launcher).args([self.name("team/app:v1"), self.name("other/app:v2")]);
        outcome(&mut command)
    }

    /// Both names mean the same image, which another client can pull.
    #[track_caller]
    fn is_published(&self) -> String {
        let digest = self.registry.tagged("team/app", "v1").unwrap();
        assert_eq!(self.registry.tagged("other/app", "v2").as_ref(), Some(&digest));
        let directory = tempfile::tempdir().unwrap();
        let _ = Skopeo::default().copy_to_dir(&self.name("team/app:v1"), directory.path(), "copy");
        digest
    }
}

#[test]
fn the_image_is_in_the_registry_under_all_its_names() {
    let Some(workspace) = Workspace::new() else { return };
    let exported = workspace.export().succeeded();
    let digest = workspace.is_published();
    exported.says(&[&workspace.name("team/app:v1"), &workspace.name("other/app:v2"), &digest]);
    let report: Value = toml_file::read(&workspace.build.path("layers/report.toml")).unwrap();
    assert_eq!(report["image"]["digest"], digest.as_str());
    assert_eq!(report["image"]["tags"][1], workspace.name("other/app:v2").as_str());
    if let Some(manifest) = Skopeo::default().manifest(&workspace.name("team/app:v1")) {
        assert_eq!(report["image"]["manifest-size"], manifest.len());
    }
}

#[test]
fn connections_that_break_do_not_change_the_image() {
    let Some(workspace) = Workspace::new() else { return };
    let proxy = &workspace.proxy;
    proxy.on("PATCH", "", 1..=1, Fault::CutRequestAfter(10));
    proxy.on("PATCH", "", 2..=2, Fault::FlipRequestByte(10));
    proxy.on("PATCH", "", 3..=3, Fault::LoseResponse);
    proxy.on("PUT", "/blobs/", 1..=1, Fault::LoseResponse);
    proxy.on("PUT", "/manifests/", 1..=1, Fault::LoseResponse);
    proxy.on("POST", "", 2..=3, Fault::status_with(429, "Retry-After", "0"));
    proxy.on("GET", "", 1..=1, Fault::status(503));
    let exported = workspace.export().succeeded();
    assert!(exported.stderr.contains("has to be sent again"), "{exported:?}");
    let digest = workspace.is_published();
    proxy.heal();
    workspace.export().succeeded();
    assert_eq!(workspace.is_published(), digest);
}

#[test]
fn what_the_registry_forgets_is_brought_again() {
    let Some(workspace) = Workspace::new() else { return };
    let registry = Arc::clone(&workspace.registry);
    let forget = move || {
        let links = registry.data_dir().join("docker/registry/v2/repositories/team/app/_layers/sha256");
        for link in fs_err::read_dir(links).unwrap() {
            fs_err::remove_file(link.unwrap().path().join("link")).unwrap();
        }
    };
    workspace.proxy.on("PUT", "/team/app/manifests/", 1..=1, Fault::run(forget));
    let exported = workspace.export().succeeded();
    assert!(exported.stderr.contains("has lost"), "{exported:?}");
    workspace.is_published();
}

#[test]
fn a_registry_that_fails_for_good_keeps_the_old_image() {
    let Some(workspace) = Workspace::new() else { return };
    workspace.export().succeeded();
    let old = workspace.is_published();
    workspace.build.scratch.write("app/server.js", "serve_anew()\n");
    for (method, target) in [("PUT", "/team/app/manifests/"), ("PATCH", "/team/app/"), ("POST", "/team/app/")]
    {
        workspace.proxy.on(method, target, .., Fault::error(403, "DENIED"));
        let address = workspace.proxy.address();
        workspace.export().failed(62, &[&address, "team/app", "403", "DENIED", "without credentials"]);
        workspace.proxy.heal();
        assert_eq!(workspace.is_published(), old);
    }
}
